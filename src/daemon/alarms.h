/* alarms.h - tells the people who operate the gateway what is wrong: once, again after a day, and when it is over
 *
 * Every few seconds the parts and the store are looked at.  What has been wrong for as long as `alarms:` says is raised (an
 * HG_CMD_ALARM: it stands in the store, over restarts), and what has been well again for `quiet` is over; so a thing that
 * flaps is one alarm.  The log always has them; mails and the webhook go out one at a time, each with all that there is to
 * tell, and are tried again until somebody took them. */
#pragma once
#include <glib.h>

typedef struct hg_gateway hg_gateway;
typedef struct hg_alarms hg_alarms;

/* All on the gateway's loop. */
hg_alarms *hg_alarms_new(hg_gateway *gateway);
void hg_alarms_start(hg_alarms *alarms);
void hg_alarms_stop(hg_alarms *alarms);		/* no more looks; what is under way is forgotten */
void hg_alarms_free(hg_alarms *alarms);		/* NULL is fine; after the client, the readers and the mail */

void hg_alarms_recall(hg_alarms *alarms);	/* what another node told is ours to tell from here on */

/* How many stand, by what they are about: "channel_down"; for metrics. */
typedef void hg_alarms_count_fn(void *arg, const char *kind, guint n);
void hg_alarms_count(hg_alarms *alarms, hg_alarms_count_fn *fn, void *arg);

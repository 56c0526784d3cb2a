/* telnyx.h - the channel's settings and state, and limits of Telnyx's messaging API
 *
 * Sources: Telnyx's developer documentation, pages "Receiving webhooks", "Messages" (API v2), "Group MMS", "Message detail
 * records", "Messaging error codes", "Advanced opt-in/out" (2026), and the types of its library for Node (7.24). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "health.h"
#include "lent_files.h"

#define TELNYX_SEGMENTS_MAX 10		/* of one message */
#define TELNYX_GROUP_MAX    8		/* receivers of a group message */
#define TELNYX_MMS_MAX	    (1 << 20)	/* bytes of the files of one message */
#define TELNYX_FILES_MAX    10
#define TELNYX_HOOK_MAX	    (512 * 1024)	/* bytes of a webhook */
#define TELNYX_AGE_S	    300		/* a signature holds so long before and after its time */
#define TELNYX_POLL_MS	    INT64_C(3600000)

struct telnyx_conf {
	char *api_key;
	char **public_key;
	char *webhook_url;
	char **from;
	char *profile;			/* messaging_profile_id, or NULL */
	char *base_url;
	char *text, *long_text;		/* as hg_sms_policy has them */
	char *group_replies;		/* "all", "one" */
	char *country;
	int64_t timeout, rate;
};

struct telnyx {
	const struct hg_host *host;	/* lent by the gateway, as is ch */
	struct hg_channel *ch;
	const struct telnyx_conf *conf;
	struct hg_health health;
	hg_lent *lent;			/* ours: files on their way out */

	/* telnyx_poll.c: what was asked back so far; a round is a page of records, then each message of it */
	GPtrArray *wanted;		/* ours: ids that are still to be fetched */
	guint page;			/* 0: no round is under way */
	gboolean last;			/* the page was the last of the round */
	gint64 since_ms;		/* as poll() was told, of this round */
	gint64 until_ms, newest_ms;
};

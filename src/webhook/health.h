/* health.h - how well a channel is that is called and calls: from what its calls and webhooks showed
 *
 * What was refused for the account's sake shows as down until a look at the provider, or the next success, says
 * otherwise; a provider that cannot be reached, and webhooks that were refused, as degraded. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

struct hg_health {			/* lives in the adapter's state; the fields are health.c's */
	const struct hg_host *host;	/* lent, as is ch */
	struct hg_channel *ch;
	void (*look)(void *state);
	struct hg_err trouble;		/* kind 0: none */
	gboolean unreachable, forged;
	struct hg_err unreachable_err, forged_err;
	gint64 forged_ms;		/* when that was last logged; 0: never */
	gint64 wait_ms;			/* before the next look */
	guint64 timer;			/* 0: none */
	int told;			/* enum hg_condition the host knows; 0: none yet */
	struct hg_err told_err;
};

/* look: called with the adapter's state after a while in trouble, again and again: it asks the provider something
 * harmless and says hg_health_works() or what is wrong; or just the former, where there is nothing to ask.  From
 * hg_health_start() on also when an operator probes the channel. */
void hg_health_init(struct hg_health *health, const struct hg_host *host, struct hg_channel *ch, void (*look)(void *state));
void hg_health_start(struct hg_health *health);
void hg_health_stop(struct hg_health *health);
/* To be said first by look(). */
void hg_health_looking(struct hg_health *health);

void hg_health_works(struct hg_health *health);
/* An admin must act: kind is HG_ERR_DENIED or HG_ERR_CONFIG. */
void hg_health_down(struct hg_health *health, int kind, int code, const char *text);
void hg_health_unreachable(struct hg_health *health, const char *text);
/* A webhook was refused: counted under what ("signature_refused"), logged once a minute; advice: what to compare. */
void hg_health_forged(struct hg_health *health, const char *what, const char *advice);
void hg_health_genuine(struct hg_health *health);
void hg_health_read(const struct hg_health *health, struct hg_err *err);	/* for adapter->health() */

/* What a call showed of the channel, by its result: FAILED for channel or account is down, RETRY without an answer is
 * unreachable, and what the provider took or refused by itself is well. */
void hg_health_result(struct hg_health *health, const struct hg_http_answer *answer, const struct hg_result *result);

/* health.c - how well a channel is that is called and calls: from what its calls and webhooks showed */
#include "health.h"

#include <string.h>

#include "inside.h"

#define WAIT_MIN 60000		/* in trouble: a look after a minute, then after twice that ... */
#define WAIT_MAX 1800000
#define ALARM_MS 60000		/* refused webhooks are logged no more often than this */

static void tell(struct hg_health *h, int condition, const struct hg_err *err)
{
	gboolean same = h->told == condition && h->told_err.kind == err->kind && h->told_err.code == err->code &&
			!strcmp(h->told_err.text, err->text);

	if (same)
		return;
	h->told = condition;
	h->told_err = *err;
	h->host->condition(h->ch, condition, err->kind ? err : NULL);
}

static void report(struct hg_health *h)
{
	static const struct hg_err none;

	if (h->trouble.kind)
		tell(h, HG_DOWN, &h->trouble);
	else if (h->unreachable)
		tell(h, HG_DEGRADED, &h->unreachable_err);
	else if (h->forged)
		tell(h, HG_DEGRADED, &h->forged_err);
	else
		tell(h, HG_UP, &none);
}

static void set_timer(struct hg_health *h)
{
	gboolean ill = h->trouble.kind || h->unreachable;

	if (h->timer)
		h->host->untimer(h->ch, h->timer);
	h->timer = ill ? h->host->timer(h->ch, h->wait_ms, h->look) : 0;
}

static void put(struct hg_err *err, int kind, int code, const char *text)
{
	*err = (struct hg_err){ .kind = kind, .code = code };
	g_strlcpy(err->text, text, sizeof(err->text));
}

void hg_health_init(struct hg_health *health, const struct hg_host *host, struct hg_channel *ch, void (*look)(void *state))
{
	*health = (struct hg_health){ .host = host, .ch = ch, .look = look, .wait_ms = WAIT_MIN };
}

void hg_health_start(struct hg_health *health)
{
	const struct hg_inside_look *inside = health->host->inside ? health->host->inside(health->ch, HG_INSIDE_LOOK) : NULL;

	if (inside)
		inside->serve(health->ch, health->look);
	report(health);
}

void hg_health_stop(struct hg_health *health)
{
	if (health->timer)
		health->host->untimer(health->ch, health->timer);
	health->timer = 0;
}

void hg_health_looking(struct hg_health *health)
{
	if (health->timer)		/* it waits still, where somebody asks in between */
		health->host->untimer(health->ch, health->timer);
	health->timer = 0;
	health->wait_ms = MIN(health->wait_ms * 2, WAIT_MAX);
	set_timer(health);		/* should nobody answer */
}

void hg_health_works(struct hg_health *health)
{
	health->trouble.kind = 0;
	health->unreachable = FALSE;
	health->wait_ms = WAIT_MIN;
	if (health->timer)
		set_timer(health);
	report(health);
}

void hg_health_down(struct hg_health *health, int kind, int code, const char *text)
{
	put(&health->trouble, kind, code, text);
	if (!health->timer)
		set_timer(health);
	report(health);
}

void hg_health_unreachable(struct hg_health *health, const char *text)
{
	health->unreachable = TRUE;
	put(&health->unreachable_err, HG_ERR_BUSY, 0, text);
	if (!health->timer)
		set_timer(health);
	report(health);
}

void hg_health_forged(struct hg_health *health, const char *what, const char *advice)
{
	gint64 now = health->host->now_ms(health->ch);

	health->host->count(health->ch, what);
	health->forged = TRUE;
	if (health->forged_ms && now - health->forged_ms < ALARM_MS)
		return;
	health->forged_ms = now;
	put(&health->forged_err, HG_ERR_DENIED, 0, advice);
	health->host->log(health->ch, 2, "webhook.refused", "%s: %s", what, advice);
	report(health);
}

void hg_health_genuine(struct hg_health *health)
{
	if (!health->forged)
		return;
	health->forged = FALSE;
	report(health);
}

void hg_health_read(const struct hg_health *health, struct hg_err *err)
{
	*err = health->told_err;
}

void hg_health_result(struct hg_health *health, const struct hg_http_answer *answer, const struct hg_result *result)
{
	g_autofree char *text = NULL;

	if (result->fate == HG_FAILED && result->reach >= HG_REACH_CHANNEL) {
		text = g_strdup_printf("%s (%d: %.80s)", result->advice ? result->advice : "the provider refuses this channel",
				       result->code ? result->code : answer->status, result->text ? result->text : "no reason given");
		hg_health_down(health, HG_ERR_DENIED, result->code ? result->code : answer->status, text);
	} else if (!answer->status && !answer->sent) {
		text = g_strdup_printf("the provider cannot be reached: %.150s", answer->error ? answer->error : "no answer");
		hg_health_unreachable(health, text);
	} else if (answer->status && answer->status < 500 && answer->status != 429)
		hg_health_works(health);
}

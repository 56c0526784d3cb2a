/* condition.c - how well the channel is: from sends, webhooks and a look at the API now and then
 *
 * A revoked token shows only when something is sent, and what is parked for it is never sent: so the
 * API is asked from time to time.  While there is trouble, an answer in order (or, where nothing can
 * be asked, the time that has passed) counts as recovery; if it was none, the next send says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "condition.h"
#include "inside.h"
#include "pick.h"

#define LOOK_MS   INT64_C(600000)	/* between looks while all is well */
#define WAIT_MIN  INT64_C(60000)	/* in trouble: after a minute, then after twice that ... */
#define WAIT_MAX  INT64_C(1800000)
#define ALARM_MS  INT64_C(60000)	/* forged webhooks are reported no more often than this */

static void look(void *state);

static void tell(struct whatsapp *wa, int condition, const struct hg_err *err)
{
	bool same = wa->told == condition && wa->told_err.kind == err->kind &&
		    wa->told_err.code == err->code && !strcmp(wa->told_err.text, err->text);

	if (same)
		return;
	wa->told = condition;
	wa->told_err = *err;
	wa->host->condition(wa->ch, condition, err->kind ? err : NULL);
}

static void report(struct whatsapp *wa)
{
	struct hg_err err = { 0 };

	if (wa->trouble.kind && wa->trouble_is == HG_DOWN) {
		tell(wa, HG_DOWN, &wa->trouble);
	} else if (wa->unreachable) {
		err.kind = HG_ERR_BUSY;
		snprintf(err.text, sizeof(err.text), "%.100s does not answer: look at the network, or at "
			 "base_url", wa->conf->base_url);
		tell(wa, HG_DEGRADED, &err);
	} else if (wa->trouble.kind) {
		tell(wa, HG_DEGRADED, &wa->trouble);
	} else if (wa->forged) {
		err.kind = HG_ERR_DENIED;
		snprintf(err.text, sizeof(err.text), "webhooks are refused for a wrong signature or token: "
			 "compare app_secret (and url_token) with the app's settings; nothing is lost, the "
			 "provider repeats them for 7 days");
		tell(wa, HG_DEGRADED, &err);
	} else
		tell(wa, HG_UP, &err);
}

static void set_timer(struct whatsapp *wa)
{
	bool well = !wa->trouble.kind && !wa->unreachable;

	if (wa->timer)
		wa->host->untimer(wa->ch, wa->timer);
	wa->timer = 0;
	if (well && wa_api_is_flat(wa->conf))
		return;
	wa->timer = wa->host->timer(wa->ch, well ? LOOK_MS : wa->wait_ms, look);
}

static void note(struct whatsapp *wa, int condition, int kind, int code, const char *text)
{
	bool fresh = !wa->trouble.kind;

	wa->troubles++;
	wa->trouble.kind = kind;
	wa->trouble.code = code;
	snprintf(wa->trouble.text, sizeof(wa->trouble.text), "%s", text);
	wa->trouble_is = condition;
	if (fresh) {
		wa->wait_ms = WAIT_MIN;
		set_timer(wa);
	}
	report(wa);
}

void wa_condition_down(struct whatsapp *wa, int code, const char *text)
{
	note(wa, HG_DOWN, HG_ERR_DENIED, code, text);
}

void wa_condition_failed(struct whatsapp *wa, const struct wa_error *error, const struct wa_failure *failure)
{
	char text[sizeof(wa->trouble.text)];

	if (!error->condition)
		return;
	snprintf(text, sizeof(text), "%.170s (%d, %.40s)", error->advice, failure->code, failure->text);
	note(wa, error->condition, HG_ERR_DENIED, failure->code, text);
}

void wa_condition_unreachable(struct whatsapp *wa)
{
	bool fresh = !wa->unreachable;

	wa->unreachable = true;
	if (fresh) {
		wa->wait_ms = WAIT_MIN;
		set_timer(wa);
	}
	report(wa);
}

void wa_condition_works(struct whatsapp *wa)
{
	wa->trouble = (struct hg_err){ 0 };
	wa->unreachable = false;
	wa->wait_ms = WAIT_MIN;
	report(wa);
}

void wa_condition_forged(struct whatsapp *wa, const char *what)
{
	int64_t now = wa->host->now_ms(wa->ch);

	wa->host->count(wa->ch, what);
	wa->forged = true;
	if (wa->forged_ms && now - wa->forged_ms < ALARM_MS)
		return;
	wa->forged_ms = now;
	wa->host->log(wa->ch, 2, "whatsapp.webhook_refused", "%s: the provider will repeat it", what);
	report(wa);
}

void wa_condition_genuine(struct whatsapp *wa)
{
	if (!wa->forged)
		return;
	wa->forged = false;
	report(wa);
}

/* ---- looking at the API ---- */

/* Did the API refuse us as such?  Then the trouble is noted. */
static bool refused(struct whatsapp *wa, const struct hg_http_answer *answer)
{
	struct wa_pool *pool = wa_pool_new();
	struct hg_err err = { 0 };
	struct json_object *root = wa->host->json(answer->body, answer->len, &err);
	struct wa_failure failure;
	const struct wa_error *error;
	bool bad;

	wa_error_read(pool, wa_obj(root, "error"), &failure);
	error = wa_error_of(failure.code, failure.subcode);
	bad = failure.code >= 0 && error->condition == HG_DOWN;
	if (bad)
		wa_condition_failed(wa, error, &failure);
	else if (answer->status == 401 || answer->status == 403) {
		bad = true;
		wa_condition_down(wa, answer->status,
				  "the provider does not accept the access token: make a new one and put it "
				  "into the config");
	}
	json_object_put(root);
	wa_pool_free(pool);
	return bad;
}

static void wait_longer(struct whatsapp *wa)
{
	wa->wait_ms = wa->wait_ms * 2 > WAIT_MAX ? WAIT_MAX : wa->wait_ms * 2;
}

static void ask(struct whatsapp *wa);

static void looked(void *arg, const struct hg_http_answer *answer)
{
	struct whatsapp *wa = arg;

	if (!answer->status) {
		wa->unreachable = true;
		wait_longer(wa);
		report(wa);
	} else if (refused(wa, answer)) {
		wa->unreachable = false;
		wait_longer(wa);
		report(wa);
	} else if (wa->conf->phone_number_id[wa->looking_at] && wa->conf->phone_number_id[wa->looking_at + 1]) {
		wa->looking_at++;
		ask(wa);
		return;
	} else if (wa->troubles == wa->troubles_then)
		wa_condition_works(wa);
	wa->looking_at = 0;
	set_timer(wa);
}

static void ask_about(struct whatsapp *wa, const char *number, hg_http_done_fn *done, void *arg)
{
	struct wa_pool *pool = wa_pool_new();
	const char *headers[] = { wa_api_auth(pool, wa->conf), NULL };
	struct hg_http_call call = {
		.size = sizeof(call), .method = "GET", .headers = headers,
		.url = wa_api_number_url(pool, wa->conf, number),
		.timeout_ms = wa->conf->timeout,
	};

	wa->host->http(wa->ch, &call, done, arg);
	wa_pool_free(pool);
}

static void ask(struct whatsapp *wa)
{
	ask_about(wa, wa->conf->phone_number_id[wa->looking_at], looked, wa);
}

static void look(void *state)
{
	struct whatsapp *wa = state;

	wa->timer = 0;
	if (!wa_api_is_flat(wa->conf)) {
		wa->looking_at = 0;
		wa->troubles_then = wa->troubles;
		ask(wa);
		return;
	}
	wait_longer(wa);
	wa->trouble = (struct hg_err){ 0 };
	wa->unreachable = false;
	report(wa);
}

/* ---- an operator asks: beside what looks from time to time, of all numbers at once ---- */

static void probed(void *state, const struct hg_http_answer *answer)
{
	struct whatsapp *wa = state;

	wa->probe.bad = !answer->status || refused(wa, answer) || wa->probe.bad;
	if (--wa->probe.left)
		return;
	if (wa->probe.bad)
		report(wa);
	else
		wa_condition_works(wa);
}

/* Who asks while others do hears what those hear. */
static void look_now(void *state)
{
	struct whatsapp *wa = state;
	char **numbers = wa->conf->phone_number_id;
	size_t n = 0;

	if (wa->probe.left || wa_api_is_flat(wa->conf))
		return;
	while (numbers[n])
		n++;
	wa->probe.left = n;
	wa->probe.bad = false;
	for (size_t i = 0; i < n; i++)		/* answers come later, from the loop */
		ask_about(wa, numbers[i], probed, wa);
}

void wa_condition_start(struct whatsapp *wa)
{
	const struct hg_inside_look *inside = wa->host->inside ? wa->host->inside(wa->ch, HG_INSIDE_LOOK) : NULL;

	if (inside)
		inside->serve(wa->ch, look_now);
	wa->wait_ms = WAIT_MIN;
	look(wa);
}

void wa_condition_stop(struct whatsapp *wa)
{
	if (wa->timer)
		wa->host->untimer(wa->ch, wa->timer);
	wa->timer = 0;
}

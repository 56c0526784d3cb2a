/* result.c - what an answer of the API means for the message that was sent
 *
 * The code in the error object decides; the HTTP status only where there is no code we know.  WhatsApp
 * has no idempotency key, so an answer that leaves open whether the message went out is ambiguous. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "condition.h"
#include "pick.h"
#include "send.h"

#define SECOND_MS  INT64_C(1000)
#define RETRY_MAX  INT64_C(86400000)

static const char unknown_advice[] = "It may have arrived.  If a delivery status comes, headgate settles it; else ask "
	"the customer, or send it again by hand.";

/* "Wed, 21 Oct 2026 07:28:00 GMT" as UTC ms; 0 when it is none. */
static int64_t read_date(const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "", zone[4] = "";
	const char *found;
	struct tm tm = { 0 };

	/* NOLINTNEXTLINE(cert-err34-c): with their widths no number is too long */
	if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d %3[A-Z]", &tm.tm_mday, month,
		   &tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, zone) != 7 || strcmp(zone, "GMT"))
		return 0;
	found = strstr(months, month);
	if (!found || (found - months) % 3)
		return 0;
	tm.tm_mon = (int)(found - months) / 3;
	tm.tm_year -= 1900;
	return (int64_t)timegm(&tm) * 1000;
}

int64_t wa_retry_after(const struct hg_http_answer *answer, int64_t now_ms)
{
	const char *text = answer->header ? answer->header(answer, "Retry-After") : NULL;
	int64_t ms;
	char *end;

	if (!text)
		return 0;
	ms = strtoll(text, &end, 10);
	if (end == text || *end) {
		ms = read_date(text);
		if (!ms)
			return 0;
		ms -= now_ms;
	} else
		ms = ms > RETRY_MAX / SECOND_MS ? RETRY_MAX : ms * SECOND_MS;
	return ms < SECOND_MS ? SECOND_MS : ms > RETRY_MAX ? RETRY_MAX : ms;
}

static void set(struct hg_result *ret, int fate, int reach, const char *text, const char *advice)
{
	ret->fate = fate;
	ret->reach = reach;
	ret->text = text;
	ret->advice = advice;
}

/* By the status alone: there was no error object, or one with a code nobody knows. */
static void by_status(struct whatsapp *wa, int status, const char *text, struct hg_result *ret)
{
	if (status >= 500 || status == 408)
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE, text, unknown_advice);
	else if (status == 429)
		set(ret, HG_RETRY, HG_REACH_CHANNEL, text,
		    "The provider limits how fast this channel may send; headgate tries again.");
	else if (status == 401 || status == 403) {
		set(ret, HG_FAILED, HG_REACH_ACCOUNT, text,
		    "The provider does not accept the access token: make a new one and put it into the config.");
		wa_condition_down(wa, status, ret->advice);
	} else if (status == 404 || status == 405 || (status >= 300 && status < 400)) {
		set(ret, HG_FAILED, HG_REACH_CHANNEL, text,
		    "There is no WhatsApp API at this address: compare base_url, version and urls with what "
		    "the provider says.");
		wa_condition_down(wa, status, ret->advice);
	} else
		set(ret, HG_FAILED, HG_REACH_MESSAGE, text, "The provider refused this message for the reason it gives.");
}

/* Carriers have error shapes of their own beside Meta's. */
static struct json_object *find_error(struct json_object *root)
{
	struct json_object *error = wa_obj(root, "error");

	return error ? error : wa_first(root, "errors");
}

static void read_refusal(struct wa_pool *pool, struct whatsapp *wa, const struct hg_http_answer *answer,
			 struct json_object *root, struct hg_result *ret)
{
	const char *carrier = wa_text(wa_obj(root, "meta"), "developer_message");
	const struct wa_error *error;
	struct wa_failure failure;

	wa_error_read(pool, find_error(root), &failure);
	ret->code = failure.code > 0 ? failure.code : 0;
	if (failure.code < 0 && carrier)
		failure.text = wa_fmt(pool, "%.300s", carrier);
	if (failure.code < 0 || !wa_error_known(failure.code, failure.subcode)) {
		by_status(wa, answer->status, wa_fmt(pool, "HTTP %d: %s", answer->status, failure.text), ret);
	} else {
		error = wa_error_of(failure.code, failure.subcode);
		set(ret, error->fate, error->reach, failure.text, error->advice);
		ret->retry_ms = error->retry_ms;
		wa_condition_failed(wa, error, &failure);
	}
	if (ret->fate == HG_RETRY) {
		int64_t wait = wa_retry_after(answer, wa->host->now_ms(wa->ch));

		ret->retry_ms = wait > ret->retry_ms ? wait : ret->retry_ms;
	}
}

static void read_taken(struct wa_pool *pool, struct whatsapp *wa, struct json_object *root, struct hg_result *ret)
{
	struct json_object *message = wa_first(root, "messages");
	const char *status = wa_text(message, "message_status");
	bool read = wa_flag(root, "success");		/* the answer to READ and TYPING */

	ret->id = wa_dup(pool, wa_id(message, "id"));
	if (!ret->id && !read) {
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE, "the provider took the message, but its answer names no id",
		    unknown_advice);
		return;
	}
	set(ret, HG_SENT, HG_REACH_MESSAGE, NULL, NULL);
	if (status && strcmp(status, "accepted"))
		ret->text = wa_fmt(pool, "message_status %.60s", status);
	wa_condition_works(wa);
}

void wa_result_read(struct wa_pool *pool, struct whatsapp *wa, const struct hg_http_answer *answer,
		    bool harmless, struct hg_result *ret)
{
	struct hg_err err = { 0 };
	struct json_object *root = NULL;

	*ret = (struct hg_result){ .size = sizeof(*ret) };
	if (answer->status) {
		root = wa->host->json(answer->body ? answer->body : "", answer->len, &err);
		if (answer->status >= 200 && answer->status < 300)
			read_taken(pool, wa, root, ret);
		else
			read_refusal(pool, wa, answer, root, ret);
		json_object_put(root);
	} else if (answer->sent) {
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE, wa_dup(pool, answer->error), unknown_advice);
	} else {
		set(ret, HG_RETRY, HG_REACH_CHANNEL, wa_dup(pool, answer->error),
		    "WhatsApp cannot be reached; headgate tries again.");
		wa_condition_unreachable(wa);
	}
	if (harmless && ret->fate == HG_AMBIGUOUS) {
		ret->fate = HG_RETRY;
		ret->advice = "The file could not be handed to WhatsApp; headgate tries again.";
	}
}

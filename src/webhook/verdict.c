/* verdict.c - a provider's error codes, as rows: what is done about each */
#include "verdict.h"

#include <glib.h>
#include <string.h>
#include <time.h>

#define DAY_S INT64_C(86400)

const struct hg_verdict *hg_verdict_find(const struct hg_verdict *rows, int code)
{
	for (; rows->code; rows++)
		if (rows->code == code)
			return rows;
	return NULL;
}

void hg_verdict_put(const struct hg_verdict *row, struct hg_result *ret)
{
	ret->code = row->code;
	ret->fate = row->fate;
	ret->reach = row->reach;
	ret->retry_ms = row->retry_ms;
	ret->advice = row->advice;
}

/* "Wed, 21 Oct 2026 07:28:00 GMT" (RFC 9110, section 5.6.7), in seconds; -1 when it is none. */
static int64_t read_date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;

	return end && !*end ? (int64_t)timegm(&tm) : -1;
}

int64_t hg_verdict_after(const struct hg_http_answer *answer)
{
	const char *text = answer->header ? answer->header(answer, "Retry-After") : NULL;
	gsize digits = text ? strspn(text, "0123456789") : 0;
	int64_t until, now;

	if (!text)
		return 0;
	if (digits && !text[digits])
		return (digits > 6 ? DAY_S : MIN(g_ascii_strtoll(text, NULL, 10), DAY_S)) * 1000;
	until = read_date(text);
	now = read_date(answer->header(answer, "Date"));
	return until < 0 || now < 0 ? 0 : CLAMP(until - now, 0, DAY_S) * 1000;
}

static void set(struct hg_result *ret, int fate, int reach, const char *advice)
{
	ret->fate = fate;
	ret->reach = reach;
	ret->advice = advice;
}

static void by_status(int status, struct hg_result *ret)
{
	if (status == 429)
		set(ret, HG_RETRY, HG_REACH_CHANNEL,
		    "The provider limits how fast this channel may send; headgate slows down and sends it later.");
	else if (status == 401 || status == 403)
		set(ret, HG_FAILED, HG_REACH_ACCOUNT,
		    "The provider does not accept the channel's credentials: an admin must put good ones into the config.");
	else if (status == 404 || status == 405 || status / 100 == 3)
		set(ret, HG_FAILED, HG_REACH_CHANNEL,
		    "There is no such API at this address: an admin must compare the channel's settings with what the "
		    "provider says.");
	else if (status == 408 || status >= 500)
		set(ret, HG_AMBIGUOUS, HG_REACH_MESSAGE,
		    "It may have arrived: the provider had a trouble of its own and did not say.");
	else
		set(ret, HG_FAILED, HG_REACH_MESSAGE, "The provider refused this message for the reason it gives.");
}

void hg_verdict_http(const struct hg_http_answer *answer, struct hg_result *ret)
{
	if (answer->status / 100 == 2) {
		set(ret, HG_SENT, HG_REACH_MESSAGE, NULL);
	} else if (answer->status) {
		by_status(answer->status, ret);
		ret->retry_ms = ret->fate == HG_RETRY ? hg_verdict_after(answer) : 0;
	} else {
		set(ret, answer->sent ? HG_AMBIGUOUS : HG_RETRY, answer->sent ? HG_REACH_MESSAGE : HG_REACH_CHANNEL,
		    answer->sent ? "It may have arrived: the connection ended before the provider answered."
				 : "The provider cannot be reached; headgate tries again.");
		ret->text = answer->error;
	}
}

/* verdict.h - a provider's error codes, as rows: what is done about each */
#pragma once
#include <headgate/adapter.h>

struct hg_verdict {
	int         code;
	int         fate;	/* enum hg_fate */
	int         reach;	/* enum hg_reach */
	int64_t     retry_ms;
	bool        consent;	/* the receiver has opted out */
	const char *advice;	/* for the agent; or NULL */
};

/* The row of a code (rows end with code 0); NULL: it is not in there. */
const struct hg_verdict *hg_verdict_find(const struct hg_verdict *rows, int code);
/* fate, reach, retry_ms, code and advice of a row; text is the caller's. */
void hg_verdict_put(const struct hg_verdict *row, struct hg_result *ret);
/* What an HTTP status says where no row does, into fate, reach, retry_ms, text (lent by answer) and advice: 429 RETRY for
 * the channel, 401 and 403 FAILED for the account, 404, 405 and redirects FAILED for the channel (there is no such API),
 * other 4xx FAILED.  408 and 5xx are AMBIGUOUS: the request was read, and what became of it is not said.  No answer: RETRY
 * when nothing was sent, else AMBIGUOUS.  2xx: SENT. */
void hg_verdict_http(const struct hg_http_answer *answer, struct hg_result *ret);
/* Retry-After (RFC 9110, section 10.2.3) in ms, a date by the answer's own Date; at most a day; 0: not said. */
int64_t hg_verdict_after(const struct hg_http_answer *answer);

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
/* What an HTTP status says where no row does: 429 and 5xx RETRY (CHANNEL for 429, after Retry-After), 401 and 403
 * FAILED with reach CHANNEL, other 4xx FAILED, 0 with sent AMBIGUOUS and without RETRY.  A 5xx after the request was
 * sent is AMBIGUOUS unless said otherwise. */
void hg_verdict_http(const struct hg_http_answer *answer, struct hg_result *ret);

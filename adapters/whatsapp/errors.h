/* errors.h - what the provider's error codes mean for us and for the agent */
#pragma once
#include <json-c/json.h>

#include "pool.h"
#include "wire.h"

#define WA_WINDOW_CLOSED 131047		/* WA_OPTED_OUT: wire.h */

struct wa_error {
	int from, to;		/* codes; subcode 0: any */
	int subcode;
	int fate;		/* enum hg_fate */
	int reach;		/* enum hg_reach */
	int64_t retry_ms;	/* with HG_RETRY; 0: the gateway's own backoff */
	int condition;		/* HG_DOWN, HG_DEGRADED: the channel is like that now; 0: as before */
	const char *advice;	/* for the agent, or with a condition for the admin */
};

/* Never NULL: what is not in the table fails this message only. */
const struct wa_error *wa_error_of(int code, int subcode);
bool wa_error_known(int code, int subcode);

struct wa_failure {		/* an error object, as the API and statuses have it */
	int code;		/* -1: not said; 0 is a code */
	int subcode;		/* 0: not said */
	const char *text;	/* the provider's words; never NULL */
};
void wa_error_read(struct wa_pool *pool, struct json_object *error, struct wa_failure *ret);

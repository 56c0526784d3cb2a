/* http_call.h - one outgoing request as curl carries it; shared by the multi and the blocking way */
#pragma once
#include <curl/curl.h>

#include "http_client.h"

struct hg_env;
typedef struct hg_call hg_call;

struct hg_call_defaults {
	const char *agent, *ca_file;	/* lent; ca_file may be NULL */
};

/* Never NULL.  When the call itself is wrong, hg_call_easy() is NULL and hg_call_done() says why. */
hg_call *hg_call_new(const struct hg_client_call *call, const struct hg_call_defaults *defaults,
		     struct hg_env *env, hg_client_done_fn *done, void *arg);
void hg_call_free(hg_call *call);
/* A call that is over may carry another of its kind: a body to the same URL, with nothing special.  Its
 * easy handle stays as it is set up, which costs less than making one. */
gboolean hg_call_is_reusable(const hg_call *call);
gboolean hg_call_fits(const hg_call *call, const struct hg_client_call *next);
/* As hg_call_new(), for a call that is reusable and fits. */
void hg_call_renew(hg_call *call, const struct hg_client_call *from, hg_client_done_fn *done, void *arg);
void hg_call_rest(hg_call *call);	/* forgets what was sent and what came */
CURL *hg_call_easy(hg_call *call);	/* lent; CURLOPT_PRIVATE is the hg_call */
/* After a transfer.  TRUE: a redirect is to be followed, perform easy again. */
gboolean hg_call_again(hg_call *call, CURLcode result);
void hg_call_set_owner(hg_call *call, void *owner);
void *hg_call_owner(const hg_call *call);
void hg_call_cancelled(hg_call *call);	/* the answer will say so */
void hg_call_done(hg_call *call);	/* calls done: once, before hg_call_free() */

/* infobip_hook.c - Infobip's requests: messages and delivery reports, in batches
 *
 * What does not show what it should is answered 401: with OAuth that is what makes Infobip get a new token; and what
 * it gives up on waits in its inbox, to be pulled. */
#include <string.h>

#include "infobip.h"

static void refuse(struct infobip *ib, const char *why, struct hg_http_rep *rep)
{
	static const char *const basic[] = { "WWW-Authenticate: Basic realm=\"headgate\"", NULL };
	static const char *const bearer[] = { "WWW-Authenticate: Bearer error=\"invalid_token\"", NULL };

	hg_health_forged(&ib->well, "signature_refused", "webhooks are refused: compare the settings under hook: (and "
			 "url_token) with the security settings of Infobip's notification profile");
	rep->status = 401;
	rep->type = "text/plain; charset=utf-8";
	rep->body = why;
	rep->len = strlen(why);
	rep->headers = strcmp(ib->conf->auth, "basic") == 0 ? basic : strcmp(ib->conf->auth, "oauth") == 0 ? bearer : NULL;
}

static void take(struct infobip *ib, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct hg_gather gather;
	struct hg_err err = { 0 };
	struct json_object *root = ib->host->json(req->len ? req->body : "", req->len, &err);

	hg_gather_init(&gather, ib->host, ib->ch);
	if (!root)
		hg_gather_unread(&gather, req->body, req->len, hg_gather_fmt(&gather, "a webhook that is no JSON: %s", err.text));
	else if (!infobip_read(ib, &gather, root))
		hg_gather_unread(&gather, req->body, req->len, "a webhook without results");
	hg_gather_emit(&gather, req->body, req->len, rep);
	hg_gather_done(&gather);
	json_object_put(root);
}

void infobip_hook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	struct infobip *ib = state;
	const char *why = infobip_request_wrong(ib, req);

	if (why) {
		refuse(ib, why, rep);
		return;
	}
	hg_health_genuine(&ib->well);
	take(ib, req, rep);
}

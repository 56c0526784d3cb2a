/* infobip.h - Infobip's APIs for SMS and MMS: limits, the channel's settings and state
 *
 * Source of protocol facts: Infobip API reference, "SMS" (3), "MMS" (2), "Subscriptions management" (1), and "Response
 * status and error codes" (2025-11 to 2026-07). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "gather.h"
#include "health.h"

#define INFOBIP_BODY_MAX (16 * 1024 * 1024)	/* bytes of a webhook: batches of up to 2000 */
#define INFOBIP_ITEMS_MAX 10000			/* of one webhook that are taken apart */
#define INFOBIP_SEGMENTS 19	/* of one message: 4000 bytes at most, three for a character in the worst case */
#define INFOBIP_FILE_MAX G_GINT64_CONSTANT(104857600)
#define INFOBIP_POLL_MS	 G_GINT64_CONSTANT(3600000)

struct infobip_conf {
	char *base_url, *api_key;
	char **from;
	char *country;
	char *text, *long_text;
	char *status_url;
	char *url_token;
	char *auth;			/* "basic", "oauth", "hmac", "header", "url" */
	char *user, *password;
	char **secret;
	char *header, *digest;
	char *token_key, *token_algorithm, *issuer, *audience;
	char **pull;			/* "sms", "mms" */
	int64_t rate;
	int64_t timeout;		/* ms */
};

/* Pulling (infobip_pull.c): what was handed out once is held until it is stored. */
struct infobip_pull {
	gsize which;			/* of conf->pull */
	struct json_object *held;	/* ours: an answer that is not on disk yet; or NULL */
	uint64_t timer;			/* until it is tried again; 0: none */
	bool denied;			/* that it is not allowed has been told */
};

struct infobip {
	const struct hg_host *host;	/* lent by the gateway, as are ch and conf */
	struct hg_channel *ch;
	const struct infobip_conf *conf;
	struct hg_health well;
	struct infobip_pull pull;
};

int  infobip_check(const void *conf, struct hg_err *err);
int  infobip_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);
void infobip_send(void *state, const struct hg_out *out);
void infobip_ask(void *state, const struct hg_out *out);
void infobip_fetch(void *state, uint64_t ticket, const char *ref);
void infobip_look(void *state);			/* in trouble: is it over? */
void infobip_poll(void *state, int64_t since_ms);
void infobip_poll_end(struct infobip *ib);		/* in close() */
void infobip_hook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
char *infobip_auth(const struct infobip_conf *conf);	/* "Authorization: App ..."; yours */

/* Does the request show what the channel's hook.auth asks for?  Else why, static. */
const char *infobip_request_wrong(const struct infobip *ib, const struct hg_http_req *req);

/* results[] of a webhook, or of what was pulled: each element on its own.  FALSE: there is no such list. */
gboolean infobip_read(struct infobip *ib, struct hg_gather *gather, struct json_object *root);

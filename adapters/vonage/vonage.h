/* vonage.h - the Vonage APIs for messages: names, limits, the channel's settings and state
 *
 * Source of protocol facts: Vonage API Developer, "SMS API" 1.x (guides Inbound SMS, Concatenation, Delivery receipts,
 * Troubleshooting), "Messages API" v1 1.17, "Signing messages", "Signed webhooks", "Reports API" v2 3.1 (2021-07 to
 * 2026-08), and Vonage's server libraries of 2026. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "health.h"

#define VONAGE_BODY_MAX     (1024 * 1024)	/* bytes of a webhook; both APIs send one message each */
#define VONAGE_SMS_CHARS    3200	/* UTF-16 units of one text of the SMS API */
#define VONAGE_SMS_MESSAGES 1000	/* and of one of the Messages API, channel sms */
#define VONAGE_REPEATS_S    (24 * 60 * 60)	/* webhooks are repeated so long */
#define VONAGE_WINDOW_MS    G_GINT64_CONSTANT(86400000)	/* of WhatsApp: free-form replies */
#define VONAGE_FILE_MAX     G_GINT64_CONSTANT(104857600)
#define VONAGE_POLL_MS      G_GINT64_CONSTANT(3600000)

struct vonage_conf {
	char *api;			/* "sms", "messages" */
	char *api_key, *api_secret;
	char *signature;		/* "off", "md5hash", "md5", "sha1", "sha256", "sha512" */
	char **signature_secret;
	char *url_token;
	bool sign_requests;
	char *application_id, *private_key;
	char **from;
	char *send_as;			/* channel of the Messages API where nobody wrote first */
	char *country;
	char *text, *long_text;
	char *status_url;
	int64_t ttl;			/* ms; 0: as Vonage sees fit */
	char *sms_url, *api_url;
	char *ask_back;			/* "on", "off" */
	int64_t rate;
	int64_t timeout;		/* ms */
};

/* A look at the records (vonage_poll.c), over as many pages and days as it takes. */
struct vonage_look {
	bool under_way;
	gint64 from_ms, to_ms, end_ms;	/* this window; and where the look ends */
	char *page;			/* ours: query of the next page of the window; or NULL */
	guint pages;
	bool moves;			/* it goes on from the cursor, and moves it */
	bool denied;			/* that it is not allowed has been told */
};

struct vonage {
	const struct hg_host *host;	/* lent by the gateway, as are ch and conf */
	struct hg_channel *ch;
	const struct vonage_conf *conf;
	struct hg_health well;
	struct vonage_look look;
};

gboolean vonage_is_messages(const struct vonage_conf *conf);
int  vonage_check(const void *conf, struct hg_err *err);			/* vonage_check.c */
int  vonage_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);
void vonage_send(void *state, const struct hg_out *out);
void vonage_fetch(void *state, uint64_t ticket, const char *ref);
void vonage_look(void *state);			/* in trouble: is it over? */
void vonage_poll(void *state, int64_t since_ms);
void vonage_poll_end(struct vonage *v);		/* in close() */
void vonage_hook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep);
/* "Authorization: ..." of the Messages API and of media; yours.  What varies makes each token another one; NULL: there
 * is nothing to show. */
char *vonage_auth(const struct vonage *v, const char *what_varies);
/* "Authorization: Basic ...", or NULL without api_secret; yours. */
char *vonage_basic(const struct vonage_conf *conf);

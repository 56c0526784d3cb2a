/* email_oauth.c - access tokens for IMAP and SMTP: fetched, kept, renewed in time
 *
 * A refresh token that dies is the classic silent outage, so a refusal is an alarm at once, and the
 * renewal runs by itself whether somebody needs the token or not. */
#include "email_oauth.h"

#include <json-c/json.h>
#include <openssl/crypto.h>
#include <string.h>

#include "alarm.h"
#include "email.h"
#include "env.h"
#include "flow.h"
#include "json.h"
#include "seal.h"
#include "text.h"

#define EARLY_MS     (5 * 60 * 1000)	/* before it ends a token is renewed */
#define SHORTEST_MS  60000		/* a token is used at least so long */
#define REFUSED_MS   (10 * 60 * 1000)	/* until a refused grant is tried again */
#define BACKOFF_MAX  (5 * 60 * 1000)
#define TOKEN_MAX    16384		/* bytes of a token */
#define PURPOSE	     "headgate e-mail refresh token"

struct waiter {
	email_token_fn *fn;
	void *arg;
};

gboolean email_oauth_used(const struct email *e)
{
	return e->conf->token_url != NULL;
}

static void wipe(char **secret)
{
	if (*secret)
		OPENSSL_cleanse(*secret, strlen(*secret));
	g_free(*secret);
	*secret = NULL;
}

static void answer_waiting(struct email *e)
{
	struct waiter *waiter;

	while ((waiter = g_queue_pop_head(&e->oauth.waiting))) {
		waiter->fn(waiter->arg, e->oauth.access);
		g_free(waiter);
	}
}

/* ---- what the provider says ---- */

static void ask(struct email *e);

static void renew(void *arg)
{
	ask(arg);
}

static gboolean is_token(const char *text)
{
	return text && *text && strlen(text) <= TOKEN_MAX && !strpbrk(text, "\r\n\x01 ");
}

static void take_refresh(struct email *e, const char *token)
{
	const char *now = e->oauth.refresh ? e->oauth.refresh : e->conf->refresh_token;

	if (!is_token(token) || !now || hg_equal_secret(token, strlen(token), now, strlen(now)))
		return;
	wipe(&e->oauth.refresh);
	e->oauth.refresh = g_strdup(token);
	flow_keep_cursor(e);
}

static void take_token(struct email *e, struct json_object *reply)
{
	gint64 life = hg_json_int(reply, "expires_in", 3600);

	wipe(&e->oauth.access);
	e->oauth.access = g_strdup(hg_json_str(reply, "access_token"));
	life = CLAMP(life, 0, 7 * 86400) * 1000 - EARLY_MS;
	life = MAX(life, SHORTEST_MS);
	e->oauth.good_until = email_now() + life;
	e->oauth.attempt = 0;
	e->oauth.dead = (struct hg_err){ 0 };
	email_timer_set(e, &e->oauth.timer, life, renew, e);
	take_refresh(e, hg_json_str(reply, "refresh_token"));
	e->host->log(e->ch, 0, "email.token", "a new access token, good for %lld s", (long long)life / 1000);
}

/* RFC 6749 section 5.2: 400 or 401 with a word. */
static void refused(struct email *e, int status, struct json_object *reply)
{
	const char *word = hg_json_str(reply, "error");
	struct hg_err *err = &e->oauth.dead;

	err->kind = HG_ERR_DENIED;
	err->code = status;
	g_snprintf(err->text, sizeof(err->text), "the token endpoint refuses us (%d, %.60s): no mail comes in or goes out "
		   "until somebody signs in anew and puts the new %s into the config", status,
		   word && hg_text_printable(word) ? word : "no reason given",
		   e->conf->refresh_token ? "refresh_token" : "client_secret");
	e->host->count(e->ch, "token_refused");
	e->oauth.again_ms = email_now() + REFUSED_MS;
	email_timer_set(e, &e->oauth.timer, REFUSED_MS, renew, e);
}

static void no_answer(struct email *e, const struct hg_http_answer *answer)
{
	gint64 wait = hg_backoff(hg_env_system(), e->oauth.attempt++, BACKOFF_MAX);

	e->host->log(e->ch, 2, "email.token_failed", "the token endpoint does not answer as it should (%d%s%s); again in %lld s",
		     answer->status, answer->error ? ": " : "", answer->error ? answer->error : "", (long long)wait / 1000);
	e->oauth.again_ms = email_now() + wait;
	email_timer_set(e, &e->oauth.timer, wait, renew, e);
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct email *e = arg;
	g_autoptr(json_object) reply = answer->len ? e->host->json(answer->body, answer->len, NULL) : NULL;

	e->oauth.asking = FALSE;
	if (answer->status == 200 && is_token(hg_json_str(reply, "access_token")))
		take_token(e, reply);
	else if (answer->status == 400 || answer->status == 401 || answer->status == 403)
		refused(e, answer->status, reply);
	else
		no_answer(e, answer);
	email_report(e);
	answer_waiting(e);
}

/* ---- asking ---- */

static void add(GString *body, const char *name, const char *value)
{
	g_autofree char *escaped = value ? g_uri_escape_string(value, NULL, FALSE) : NULL;

	if (escaped)
		g_string_append_printf(body, "%s%s=%s", body->len ? "&" : "", name, escaped);
}

static void ask(struct email *e)
{
	static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };
	const struct email_conf *conf = e->conf;
	g_autoptr(GString) body = g_string_new(NULL);
	struct hg_http_call call = { .size = sizeof(call), .method = "POST", .url = conf->token_url, .headers = headers };

	if (e->oauth.asking || e->stopping)
		return;
	add(body, "grant_type", conf->grant);
	add(body, "client_id", conf->client_id);
	add(body, "client_secret", conf->client_secret);
	if (strcmp(conf->grant, "refresh_token") == 0)
		add(body, "refresh_token", e->oauth.refresh ? e->oauth.refresh : conf->refresh_token);
	add(body, "scope", conf->scope);
	call.body = body->str;
	call.len = body->len;
	e->oauth.asking = TRUE;
	e->host->http(e->ch, &call, answered, e);
	OPENSSL_cleanse(body->str, body->len);
}

void email_oauth_token(struct email *e, email_token_fn *fn, void *arg)
{
	struct waiter *waiter;
	gint64 now = email_now();

	if ((e->oauth.access && now < e->oauth.good_until) || (!e->oauth.asking && now < e->oauth.again_ms)) {
		fn(arg, e->oauth.access && now < e->oauth.good_until ? e->oauth.access : NULL);
		return;
	}
	waiter = g_new0(struct waiter, 1);
	waiter->fn = fn;
	waiter->arg = arg;
	g_queue_push_tail(&e->oauth.waiting, waiter);
	ask(e);
}

void email_oauth_forget(struct email *e)
{
	wipe(&e->oauth.access);
}

void email_oauth_done(struct email *e)
{
	wipe(&e->oauth.access);
	wipe(&e->oauth.refresh);
	g_queue_clear_full(&e->oauth.waiting, g_free);
}

/* ---- a refresh token that the provider exchanged (Microsoft does) ---- */

/* Of the configured secrets: who puts a new token into the config is not held to the old one. */
static GString *sealing_key(const struct email *e)
{
	const struct email_conf *conf = e->conf;
	GString *key = g_string_new(conf->refresh_token);

	g_string_append_printf(key, "\n%s\n%s", conf->client_id, conf->client_secret ? conf->client_secret : "");
	return key;
}

char *email_oauth_seal(const struct email *e)
{
	g_autoptr(GString) key = NULL;

	if (!e->oauth.refresh)
		return NULL;
	key = sealing_key(e);
	return hg_seal(e->oauth.refresh, PURPOSE, key->str, key->len);
}

void email_oauth_unseal(struct email *e, const char *sealed)
{
	g_autoptr(GString) key = NULL;

	if (!sealed || !e->conf->refresh_token)
		return;
	key = sealing_key(e);
	wipe(&e->oauth.refresh);
	e->oauth.refresh = hg_unseal(sealed, PURPOSE, key->str, key->len);
}

/* token.c - access tokens (RFC 6749): fetched, kept, renewed in time, one request at a time
 *
 * A credential that dies is the classic silent outage, so a refusal is told at once, and where the owner
 * has timers the renewal runs by itself whether somebody needs the token or not. */
#include "token.h"

#include <json-c/json.h>
#include <openssl/crypto.h>
#include <string.h>

#include "env.h"
#include "json.h"
#include "params.h"
#include "text.h"

#define EARLY_MS     (5 * 60 * 1000)	/* before it ends a token is renewed */
#define SHORTEST_MS  60000		/* a token is used at least so long */
#define REFUSED_MS   (10 * 60 * 1000)	/* until a refused grant is tried again */
#define BACKOFF_MAX  (5 * 60 * 1000)
#define TOKEN_MAX    16384		/* bytes of a token */

struct waiter {
	hg_token_fn *fn;
	void *arg;
};

static gint64 now_ms(void)
{
	return hg_mono(hg_env_system());
}

static void wipe(char **secret)
{
	if (*secret)
		OPENSSL_cleanse(*secret, strlen(*secret));
	g_free(*secret);
	*secret = NULL;
}

static void answer_waiting(struct hg_token *t)
{
	struct waiter *waiter;

	while ((waiter = g_queue_pop_head(&t->waiting))) {
		waiter->fn(waiter->arg, t->access);
		g_free(waiter);
	}
}

static void again(struct hg_token *t, gint64 ms)
{
	if (t->ops->again)
		t->ops->again(t->owner, ms);
}

/* ---- what the provider says ---- */

static gboolean is_token(const char *text)
{
	return text && *text && strlen(text) <= TOKEN_MAX && !strpbrk(text, "\r\n\x01 ");
}

static void take_refresh(struct hg_token *t, const char *given)
{
	struct hg_token_conf conf = t->ops->conf(t->owner);
	const char *now = t->refresh ? t->refresh : conf.refresh_token;

	if (!is_token(given) || !now || hg_equal_secret(given, strlen(given), now, strlen(now)))
		return;
	hg_token_set_refresh(t, g_strdup(given));
	if (t->ops->rotated)
		t->ops->rotated(t->owner);
}

static void take_token(struct hg_token *t, struct json_object *reply)
{
	gint64 life = hg_json_int(reply, "expires_in", 3600);

	wipe(&t->access);
	t->access = g_strdup(hg_json_str(reply, "access_token"));
	life = CLAMP(life, 0, 7 * 86400) * 1000 - EARLY_MS;
	life = MAX(life, SHORTEST_MS);
	t->good_until = now_ms() + life;
	t->attempt = 0;
	t->dead = (struct hg_err){ 0 };
	again(t, life);
	take_refresh(t, hg_json_str(reply, "refresh_token"));
	t->host->log(t->ch, 0, "channel.token", "a new access token, good for %lld s", (long long)life / 1000);
}

/* RFC 6749 section 5.2: 400 or 401 with a word. */
static void refused(struct hg_token *t, int status, struct json_object *reply)
{
	struct hg_token_conf conf = t->ops->conf(t->owner);
	const char *word = hg_json_str(reply, "error");
	struct hg_err *err = &t->dead;

	err->kind = HG_ERR_DENIED;
	err->code = status;
	g_snprintf(err->text, sizeof(err->text), "the token endpoint refuses us (%d, %.60s): %s until somebody %s", status,
		   word && hg_text_printable(word) ? word : "no reason given", conf.stands,
		   conf.refresh_token ? "signs in anew and puts the new refresh_token into the config" :
		   "puts the new client_secret into the config");
	t->host->count(t->ch, "token_refused");
	t->again_ms = now_ms() + REFUSED_MS;
	again(t, REFUSED_MS);
}

static void no_answer(struct hg_token *t, const struct hg_http_answer *answer)
{
	gint64 wait = hg_backoff(hg_env_system(), t->attempt++, BACKOFF_MAX);

	t->host->log(t->ch, 2, "channel.token_failed", "the token endpoint does not answer as it should (%d%s%s); again in "
		     "%lld s", answer->status, answer->error ? ": " : "", answer->error ? answer->error : "",
		     (long long)wait / 1000);
	t->again_ms = now_ms() + wait;
	again(t, wait);
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct hg_token *t = arg;
	g_autoptr(json_object) reply = answer->len ? t->host->json(answer->body, answer->len, NULL) : NULL;

	t->asking = FALSE;
	if (answer->status == 200 && is_token(hg_json_str(reply, "access_token")))
		take_token(t, reply);
	else if (answer->status == 400 || answer->status == 401 || answer->status == 403)
		refused(t, answer->status, reply);
	else
		no_answer(t, answer);
	if (t->ops->changed)
		t->ops->changed(t->owner);
	answer_waiting(t);
}

/* ---- asking ---- */

static void add(GString *body, const char *name, const char *value)
{
	if (value)
		hg_params_add(body, name, value);
}

/* Section 2.3.1: both are encoded as in a form before they are put together. */
static char *basic(const struct hg_token_conf *conf)
{
	g_autofree char *id = g_uri_escape_string(conf->client_id, NULL, FALSE);
	g_autofree char *secret = g_uri_escape_string(conf->client_secret ? conf->client_secret : "", NULL, FALSE);
	g_autofree char *pair = g_strdup_printf("%s:%s", id, secret);
	g_autofree char *coded = hg_base64(pair, strlen(pair), FALSE);

	OPENSSL_cleanse(pair, strlen(pair));
	return g_strdup_printf("Authorization: Basic %s", coded);
}

void hg_token_renew(struct hg_token *t)
{
	struct hg_token_conf conf = t->ops->conf(t->owner);
	g_autofree char *named = conf.basic ? basic(&conf) : NULL;
	const char *headers[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", named, NULL };
	g_autoptr(GString) body = g_string_new(NULL);
	struct hg_http_call call = { .size = sizeof(call), .method = "POST", .url = conf.url, .headers = headers };

	if (t->asking || t->stopping)
		return;
	add(body, "grant_type", conf.grant);
	add(body, "client_id", conf.basic ? NULL : conf.client_id);
	add(body, "client_secret", conf.basic ? NULL : conf.client_secret);
	if (strcmp(conf.grant, "refresh_token") == 0)
		add(body, "refresh_token", t->refresh ? t->refresh : conf.refresh_token);
	add(body, "scope", conf.scope);
	call.body = body->str;
	call.len = body->len;
	t->asking = TRUE;
	t->host->http(t->ch, &call, answered, t);
	OPENSSL_cleanse(body->str, body->len);
}

void hg_token_get(struct hg_token *t, hg_token_fn *fn, void *arg)
{
	gint64 now = now_ms();
	const char *good = t->access && now < t->good_until ? t->access : NULL;
	struct waiter *waiter;

	if (good || t->stopping || (!t->asking && now < t->again_ms)) {
		fn(arg, good);
		return;
	}
	waiter = g_new0(struct waiter, 1);
	waiter->fn = fn;
	waiter->arg = arg;
	g_queue_push_tail(&t->waiting, waiter);
	hg_token_renew(t);
}

void hg_token_forget(struct hg_token *t)
{
	wipe(&t->access);
}

void hg_token_set_refresh(struct hg_token *t, char *refresh)
{
	wipe(&t->refresh);
	t->refresh = refresh;
}

void hg_token_stop(struct hg_token *t)
{
	t->stopping = TRUE;
}

void hg_token_init(struct hg_token *t, const struct hg_host *host, struct hg_channel *ch, const struct hg_token_ops *ops,
		   void *owner)
{
	t->host = host;
	t->ch = ch;
	t->ops = ops;
	t->owner = owner;
	g_queue_init(&t->waiting);
}

void hg_token_done(struct hg_token *t)
{
	wipe(&t->access);
	wipe(&t->refresh);
	g_queue_clear_full(&t->waiting, g_free);
}

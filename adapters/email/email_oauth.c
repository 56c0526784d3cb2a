/* email_oauth.c - access tokens for IMAP and SMTP, and what becomes of refresh tokens */
#include "email_oauth.h"

#include "alarm.h"
#include "email.h"
#include "flow.h"
#include "seal.h"

#define PURPOSE "headgate e-mail refresh token"

gboolean email_oauth_used(const struct email *e)
{
	return e->conf->token_url != NULL;
}

static struct hg_token_conf token_conf(void *owner)
{
	const struct email_conf *conf = ((struct email *)owner)->conf;

	return (struct hg_token_conf){ .url = conf->token_url, .grant = conf->grant, .client_id = conf->client_id,
				       .client_secret = conf->client_secret, .scope = conf->scope,
				       .refresh_token = conf->refresh_token, .stands = "no mail comes in or goes out" };
}

static void renew(void *arg)
{
	hg_token_renew(&((struct email *)arg)->oauth.token);
}

static void again(void *owner, gint64 ms)
{
	struct email *e = owner;

	email_timer_set(e, &e->oauth.timer, ms, renew, e);
}

static void changed(void *owner)
{
	email_report(owner);
}

static void rotated(void *owner)
{
	flow_keep_cursor(owner);
}

static const struct hg_token_ops ops = { .conf = token_conf, .again = again, .changed = changed, .rotated = rotated };

void email_oauth_init(struct email *e)
{
	hg_token_init(&e->oauth.token, e->host, e->ch, &ops, e);
}

void email_oauth_stop(struct email *e)
{
	hg_token_stop(&e->oauth.token);
}

void email_oauth_token(struct email *e, hg_token_fn *fn, void *arg)
{
	hg_token_get(&e->oauth.token, fn, arg);
}

void email_oauth_forget(struct email *e)
{
	hg_token_forget(&e->oauth.token);
}

void email_oauth_done(struct email *e)
{
	hg_token_done(&e->oauth.token);
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

	if (!e->oauth.token.refresh)
		return NULL;
	key = sealing_key(e);
	return hg_seal(e->oauth.token.refresh, PURPOSE, key->str, key->len);
}

void email_oauth_unseal(struct email *e, const char *sealed)
{
	g_autoptr(GString) key = NULL;

	if (!sealed || !e->conf->refresh_token)
		return;
	key = sealing_key(e);
	hg_token_set_refresh(&e->oauth.token, hg_unseal(sealed, PURPOSE, key->str, key->len));
}

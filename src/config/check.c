/* check.c - what the option tables cannot say: values that depend on each other or have a grammar */
#include "check.h"

#include <arpa/inet.h>
#include <string.h>

#include "tables.h"
#include "text.h"

#define WHSEC "whsec_"
#define WHSEC_LEAST 24		/* bytes behind it: Standard Webhooks, "Signature scheme" */
#define LINK_SECRET_LEAST 32		/* characters: what openssl rand -base64 32 prints has more */
#define WHSEC_MOST 64

/* Where key stands in map, or the map itself. */
static const struct hg_place *place_of(const hg_node *map, const char *key)
{
	const hg_node *node = hg_node_get(map, key);

	return node ? hg_node_place(node) : map ? hg_node_place(map) : NULL;
}

gboolean hg_check_name(const char *name, const char *what, const struct hg_place *place, hg_diag *diag)
{
	g_autofree char *quoted = hg_node_quote(name);
	gsize length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (length == strlen(name) && length >= 1 && length <= HG_NAME_MAX)
		return TRUE;
	hg_diag_add(diag, HG_SEV_ERROR, place, NULL,
		    "%s: %s is no name: use 1 to %d of the letters a-z, digits and -", what, quoted,
		    HG_NAME_MAX);
	return FALSE;
}

/* ---- store ---- */

static gboolean has_password(const char *url)
{
	const char *name = strstr(url, "://"), *at = name ? strpbrk(name + 3, "@/?") : NULL;

	return strstr(url, "password=") || (at && *at == '@' && memchr(name + 3, ':', (gsize)(at - name) - 3));
}

void hg_check_store(const struct hg_store_conf *store, const hg_node *map, hg_diag *diag)
{
	if (g_strcmp0(store->driver, "postgresql") != 0) {
		if (store->url)
			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "url"), "driver: postgresql", "store: 'url' is for another driver");
		if (g_strcmp0(store->attachments_in, "database") == 0)
			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "attachments_in"), "attachments_in: directory",
				    "store: SQLite keeps attachments in a directory: 'database' is for driver: postgresql");
		return;
	}
	if (!store->url)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "driver"), "url: postgresql://headgate@db.example/headgate",
			    "store: 'url' is missing");
	else if (has_password(store->url))
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "url"), "password: credential:db", "store: the url has a password in it, "
			    "where everybody sees it who sees the configuration");
}

/* ---- gateway ---- */

static gboolean is_address(const char *text)
{
	guint8 room[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, room) == 1 || inet_pton(AF_INET6, text, room) == 1;
}

/* "127.0.0.1:8420", "[::1]:0" */
static gboolean is_listen(const char *text)
{
	const char *colon = strrchr(text, ':');
	gsize length = colon ? (gsize)(colon - text) : 0;
	g_autofree char *host = NULL;
	guint64 port;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL))
		return FALSE;
	if (text[0] == '[' && length > 2 && text[length - 1] == ']')
		host = g_strndup(text + 1, length - 2);
	else
		host = g_strndup(text, length);
	return is_address(host) && (text[0] == '[') == (strchr(host, ':') != NULL);
}

/* "10.0.0.0/8", "::1" */
static gboolean is_network(const char *text)
{
	g_auto(GStrv) part = g_strsplit(text, "/", 2);
	guint64 bits;

	if (!part[0] || !is_address(part[0]))
		return FALSE;
	return !part[1] || g_ascii_string_to_unsigned(part[1], 10, 0, strchr(part[0], ':') ? 128 : 32,
						      &bits, NULL);
}

void hg_check_gateway(struct hg_gateway_conf *gateway, const hg_node *map, hg_diag *diag)
{
	gsize length = gateway->public_url ? strlen(gateway->public_url) : 0;

	if (gateway->listen && !is_listen(gateway->listen)) {
		g_autofree char *quoted = hg_node_quote(gateway->listen);

		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "listen"), NULL,
			    "gateway: 'listen' must be an address and a port such as 127.0.0.1:8420 or "
			    "[::1]:8420, not %s", quoted);
	}
	if (!hg_node_get(map, "tls_cert") != !hg_node_get(map, "tls_key"))
		hg_diag_add(diag, HG_SEV_ERROR,
			    place_of(map, hg_node_get(map, "tls_cert") ? "tls_cert" : "tls_key"), NULL,
			    "gateway: 'tls_cert' and 'tls_key' belong together: set both or none");
	for (char **p = gateway->trusted_proxies; p && *p; p++)
		if (!is_network(*p)) {
			g_autofree char *quoted = hg_node_quote(*p);

			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "trusted_proxies"), NULL,
				    "gateway: 'trusted_proxies' takes addresses and networks such as "
				    "10.0.0.0/8, not %s", quoted);
		}
	while (length && gateway->public_url[length - 1] == '/')
		gateway->public_url[--length] = 0;
}

void hg_check_files(const struct hg_files_conf *files, const hg_node *map, hg_diag *diag)
{
	for (char **secret = files->link_secrets; secret && *secret; secret++)
		if (strlen(*secret) < LINK_SECRET_LEAST)
			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "link_secrets"), "make one: openssl rand -base64 32",
				    "files: each of 'link_secrets' has %d characters or more", LINK_SECRET_LEAST);
}

/* ---- channels ---- */

void hg_check_scope(const char *scope, const char *what, const hg_node *map, hg_diag *diag)
{
	if (scope && strchr(scope, ':'))
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "scope"), NULL, "%s: a scope has no colon in it", what);
}

/* Where answers of another scope arrive, one to such a mail would find no conversation. */
void hg_check_unseen(const struct hg_channel_conf *channel, const hg_conf *conf, const hg_node *map, hg_diag *diag)
{
	const hg_node *unseen = hg_node_get(map, "unseen");
	g_autofree char *what = g_strdup_printf("channel %s: unseen: 'mail'", channel->name);
	const struct hg_channel_conf *mail;

	if (!channel->unseen.mail || !hg_check_channel(conf, channel->unseen.mail, what, place_of(unseen, "mail"), diag))
		return;
	mail = hg_conf_channel(conf, channel->unseen.mail);
	if (mail == channel)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(unseen, "mail"), NULL, "%s: it names the channel itself", what);
	else if (g_strcmp0(mail->scope, channel->scope) != 0 || mail->shadow != channel->shadow)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(unseen, "mail"), NULL,
			    "%s: %s has another scope, or is on trial: answers to such mail would not come back to the "
			    "conversation", what, mail->name);
}

/* ---- window, ticket ---- */

void hg_check_window(const struct hg_window_conf *window, const hg_node *map, hg_diag *diag)
{
	const gint64 week = G_GINT64_CONSTANT(7) * 24 * 3600 * 1000;

	if (window->dedupe_ms && window->dedupe_ms < week)
		hg_diag_add(diag, HG_SEV_WARNING, place_of(map, "dedupe"), NULL,
			    "window: providers repeat messages for up to 7d; with less in 'dedupe' a late "
			    "repetition counts as new");
}

/* %d or %05d once; %Y, %y and %m of the date; %% is a percent sign. */
static gboolean is_number_pattern(const char *text)
{
	guint found = 0;

	for (const char *p = strchr(text, '%'); p; p = strchr(p + 1, '%')) {
		if (p[1] && strchr("%Yym", p[1])) {
			p++;
			continue;
		}
		if (p[1] == '0' && g_ascii_isdigit(p[2]) && p[2] != '0')
			p += 2;
		if (p[1] != 'd')
			return FALSE;
		found++;
	}
	return found == 1;
}

void hg_check_ticket(const struct hg_ticket_conf *ticket, const hg_node *map, hg_diag *diag)
{
	if (ticket->number && !is_number_pattern(ticket->number)) {
		g_autofree char *quoted = hg_node_quote(ticket->number);

		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "number"), NULL,
			    "ticket: 'number' must contain %%d (or %%06d) once, and no %% but %%Y, %%y, %%m and %%%%, "
			    "not %s",
			    quoted);
	}
}

/* ---- backends, hooks, tokens ---- */

/* Strict: g_base64_decode() skips what it does not know. */
static gboolean is_whsec(const char *secret)
{
	const char *code = secret + strlen(WHSEC);
	gsize length, letters, bytes = 0;
	g_autofree guchar *key = NULL;

	if (!g_str_has_prefix(secret, WHSEC))
		return FALSE;
	length = strlen(code);
	letters = strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	if (length % 4 != 0 || length - letters > 2 || strspn(code + letters, "=") != length - letters)
		return FALSE;
	key = g_base64_decode(code, &bytes);
	explicit_bzero(key, bytes);
	return bytes >= WHSEC_LEAST && bytes <= WHSEC_MOST;
}

static gboolean is_event_pattern(const char *text)
{
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyz_.*") == strlen(text);
}

static void check_secrets(const char *what, const char *name, char **secrets, const struct hg_place *place,
			  hg_diag *diag)
{
	for (char **s = secrets; s && *s; s++)
		if (!is_whsec(*s))
			hg_diag_add(diag, HG_SEV_ERROR, place,
				    "make one: echo \"whsec_$(openssl rand -base64 32)\"",
				    "%s %s: what 'secrets' refers to must be " WHSEC
				    " and base64 of %d to %d bytes", what, name, WHSEC_LEAST, WHSEC_MOST);
	if (secrets && g_strv_length(secrets) > 2)
		hg_diag_add(diag, HG_SEV_ERROR, place, NULL,
			    "%s %s: at most two 'secrets' are active at a time", what, name);
}

static void missing(const struct hg_backend_conf *backend, const char *option, const char *hint, const hg_node *map, hg_diag *diag)
{
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(map), hint, "backend %s: '%s' is missing",
		    backend->name, option);
}

/* Of webhook; what others want, their presets say. */
static void check_webhook(const struct hg_backend_conf *backend, const hg_node *map, hg_diag *diag)
{
	static const char *const others[] = { "token", "webhook_secret", "credentials", "values", "rate", "poll", "max_file",
					      "on_ambiguous" };

	if (!hg_node_null(map) && hg_node_type(map) != HG_NODE_MAP)
		return;
	if (!hg_node_get(map, "url"))
		missing(backend, "url", "where events are sent", map, diag);
	if (!hg_node_get(map, "secrets"))
		missing(backend, "secrets", "the key that signs events", map, diag);
	for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
		if (hg_node_get(map, others[i]))
			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, others[i]), "preset: NAME says which helpdesk it is",
				    "backend %s: '%s' is for presets other than webhook", backend->name, others[i]);
}

void hg_check_backend(const struct hg_backend_conf *backend, const hg_node *map, hg_diag *diag)
{
	if (g_strcmp0(backend->preset, "webhook") == 0)
		check_webhook(backend, map, diag);
	else if (hg_node_get(map, "secrets"))
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "secrets"), "write token, webhook_secret or credentials",
			    "backend %s: 'secrets' is for preset: webhook", backend->name);
	check_secrets("backend", backend->name, backend->secrets, place_of(map, "secrets"), diag);
	for (char **e = backend->events; e && *e; e++)
		if (!is_event_pattern(*e)) {
			g_autofree char *quoted = hg_node_quote(*e);

			hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "events"), NULL,
				    "backend %s: 'events' takes patterns such as ticket.*, not %s",
				    backend->name, quoted);
		}
}

/* Where the i-th of a list (or the one word that stands for it) was written. */
static const struct hg_place *item_place(const hg_node *map, const char *key, guint i)
{
	const hg_node *node = hg_node_get(map, key);

	return node && hg_node_type(node) == HG_NODE_LIST && i < hg_node_size(node) ?
	       hg_node_place(hg_node_at(node, i)) : place_of(map, key);
}

gboolean hg_check_channel(const hg_conf *conf, const char *name, const char *what, const struct hg_place *place, hg_diag *diag)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *quoted = hg_node_quote(name), *hint = NULL;
	const char *near;

	if (hg_conf_channel(conf, name))
		return TRUE;
	for (guint i = 0; i < conf->channels->len; i++)
		g_ptr_array_add(names, ((struct hg_channel_conf *)g_ptr_array_index(conf->channels, i))->name);
	g_ptr_array_add(names, NULL);
	near = hg_nearest(name, (const char *const *)names->pdata);
	hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
	hg_diag_add(diag, HG_SEV_ERROR, place, hint, "%s: there is no channel %s", what, quoted);
	return FALSE;
}

void hg_check_hook(const struct hg_hook_conf *hook, const hg_conf *conf, const hg_node *map, hg_diag *diag)
{
	g_autofree char *what = g_strdup_printf("hook %s", hook->name);

	check_secrets("hook", hook->name, hook->secrets, place_of(map, "secrets"), diag);
	for (guint i = 0; hook->channels && hook->channels[i]; i++)
		hg_check_channel(conf, hook->channels[i], what, item_place(map, "channels", i), diag);
	if (conf->hooks->len == HG_HOOKS_MAX + 1)
		hg_diag_add(diag, HG_SEV_ERROR, &hook->place, NULL, "there are more than %d hooks: every message "
			    "would wait for all of them", HG_HOOKS_MAX);
}

static void alarms_lack(const hg_node *map, const char *key, const char *lacks, const char *hint, hg_diag *diag)
{
	hg_diag_add(diag, HG_SEV_ERROR, place_of(map, key), hint, "alarms: '%s' is missing", lacks);
}

static void check_alarm_mail(const hg_conf *conf, const hg_node *map, hg_diag *diag)
{
	const struct hg_alarms_conf *alarms = &conf->alarms;
	const struct hg_channel_conf *channel = alarms->mail ? hg_conf_channel(conf, alarms->mail) : NULL;

	for (guint i = 0; alarms->to && alarms->to[i]; i++)
		if (!strchr(alarms->to[i], '@') || strpbrk(alarms->to[i], " \t\r\n<>,"))
			hg_diag_add(diag, HG_SEV_ERROR, item_place(map, "to", i), "ops@acme.example", "alarms: this is no mail address");
	if (!alarms->mail || !hg_check_channel(conf, alarms->mail, "alarms", place_of(map, "mail"), diag) || !channel)
		return;
	if (g_strcmp0(channel->adapter, "email") != 0)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "mail"), NULL, "alarms: channel %s is no e-mail channel: its "
			    "adapter is %s", channel->name, channel->adapter);
}

/* Who is called out must be one who can be. */
void hg_check_alarms(const hg_conf *conf, const hg_node *map, hg_diag *diag)
{
	const struct hg_alarms_conf *alarms = &conf->alarms;

	if (alarms->to && !alarms->mail)
		alarms_lack(map, "to", "mail", "the name of an e-mail channel", diag);
	if (alarms->mail && !alarms->to)
		alarms_lack(map, "mail", "to", "who is written to", diag);
	if (alarms->url && !alarms->secrets)
		alarms_lack(map, "url", "secrets", "the key that signs what is posted", diag);
	check_alarm_mail(conf, map, diag);
	if (alarms->url && alarms->secrets)
		check_secrets("alarms", "url", alarms->secrets, place_of(map, "secrets"), diag);
}

static void check_token_channels(const struct hg_token_conf *token, const hg_conf *conf, const hg_node *map, hg_diag *diag)
{
	g_autofree char *what = g_strdup_printf("token %s", token->name);

	for (guint i = 0; token->channels && token->channels[i]; i++)
		hg_check_channel(conf, token->channels[i], what, item_place(map, "channels", i), diag);
}

void hg_check_token(const struct hg_token_conf *token, const hg_conf *conf, const struct hg_place *place,
		    const hg_node *map, hg_diag *diag)
{
	for (guint i = 0; token->token && i < conf->tokens->len; i++) {
		const struct hg_token_conf *other = g_ptr_array_index(conf->tokens, i);

		if (other->token && hg_equal_secret(other->token, strlen(other->token), token->token,
						    strlen(token->token)))
			hg_diag_add(diag, HG_SEV_ERROR, place, NULL,
				    "token %s: it is the same as that of %s; each user has his own",
				    token->name, other->name);
	}
	check_token_channels(token, conf, map, diag);
}

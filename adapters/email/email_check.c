/* email_check.c - do the options make sense together? */
#include "email_check.h"

#include <string.h>

#include "email_send.h"
#include "imap_answer.h"

#define TOKEN_SECRET_MIN 32	/* characters */

int email_wrong(struct hg_err *err, const char *fmt, ...)
{
	va_list args;

	err->kind = HG_ERR_CONFIG;
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}

static gboolean is_address(const char *text)
{
	const char *at = strrchr(text, '@');

	return at && at != text && at[1] && strlen(text) <= 254 && !strpbrk(text, " \t\r\n<>,;\"") && strchr(text, '@') == at;
}

static int check_addresses(const struct email_conf *conf, struct hg_err *err)
{
	if (!is_address(conf->address))
		return email_wrong(err, "address \"%.80s\" is no plain e-mail address", conf->address);
	for (char **alias = conf->aliases; alias && *alias; alias++)
		if (!is_address(*alias))
			return email_wrong(err, "aliases: \"%.80s\" is no plain e-mail address", *alias);
	return 0;
}

static gboolean is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || g_str_has_prefix(host, "127.") || strcmp(host, "::1") == 0;
}

static gboolean is_host(const char *host)
{
	return *host && strlen(host) <= 253 &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:") == strlen(host);
}

static int check_folders(const struct email_conf *conf, struct hg_err *err)
{
	guint n = 0;

	for (char **folder = conf->folders; *folder; folder++, n++) {
		g_autofree char *quoted = hg_imap_folder(*folder, NULL);

		if (!quoted || !**folder || strlen(*folder) > 200)
			return email_wrong(err, "imap.folders: \"%.60s\" cannot be the name of a folder", *folder);
		for (char **other = conf->folders; other != folder; other++)
			if (strcmp(*other, *folder) == 0)
				return email_wrong(err, "imap.folders lists %.60s twice", *folder);
		if (conf->move_to && strcmp(conf->move_to, *folder) == 0)
			return email_wrong(err, "imap.move_to is %.60s, which is read: mail would come again and again", *folder);
	}
	if (n > EMAIL_FOLDERS_MAX)
		return email_wrong(err, "imap.folders lists %u folders, at most %d fit: each takes a connection", n, EMAIL_FOLDERS_MAX);
	return n ? 0 : email_wrong(err, "imap.folders is empty: INBOX is the folder mail comes into");
}

static int check_imap(const struct email_conf *conf, struct hg_err *err)
{
	g_autofree char *move_to = conf->move_to ? hg_imap_folder(conf->move_to, NULL) : NULL;

	if (!is_host(conf->imap_host))
		return email_wrong(err, "imap.host \"%.80s\" is no name of a host", conf->imap_host);
	if (strcmp(conf->imap_tls, "none") == 0 && !is_loopback(conf->imap_host))
		return email_wrong(err, "imap.tls: none would send the password and all mail in the clear: use implicit or starttls");
	if ((strcmp(conf->after, "move") == 0) != (conf->move_to != NULL))
		return email_wrong(err, "imap.move_to and imap.after: move are given together or not at all");
	if (conf->move_to && !move_to)
		return email_wrong(err, "imap.move_to cannot be the name of a folder");
	return check_folders(conf, err);
}

static int check_login(const struct email_conf *conf, struct hg_err *err)
{
	gboolean refresh = strcmp(conf->grant, "refresh_token") == 0;

	if (!conf->token_url && !conf->password)
		return email_wrong(err, "password is missing, or the options of oauth: for a provider that wants a token");
	if (!conf->token_url)
		return 0;
	if (conf->password)
		return email_wrong(err, "password and oauth.token_url are both given: one of them is used to log in, say which");
	if (!g_str_has_prefix(conf->token_url, "https:") && !g_str_has_prefix(conf->token_url, "http://127.0.0.1"))
		return email_wrong(err, "oauth.token_url would send the secrets in the clear: use https");
	if (!conf->client_id)
		return email_wrong(err, "oauth.client_id is missing");
	if (refresh != (conf->refresh_token != NULL))
		return email_wrong(err, refresh ? "oauth.refresh_token is missing" : "oauth.refresh_token is not used with "
			     "grant: client_credentials");
	if (!refresh && !conf->client_secret)
		return email_wrong(err, "oauth.client_secret is missing: client_credentials has nothing else to show");
	return 0;
}

static int check_secrets(const struct email_conf *conf, struct hg_err *err)
{
	for (char **secret = conf->token_secret; secret && *secret; secret++)
		if (strlen(*secret) < TOKEN_SECRET_MIN)
			return email_wrong(err, "token_secret has %zu characters, at least %d are needed: it is what keeps strangers "
				     "out of others' conversations", strlen(*secret), TOKEN_SECRET_MIN);
	return 0;
}

int email_check(const void *options, struct hg_err *err)
{
	const struct email_conf *conf = options;

	if (check_addresses(conf, err) || check_imap(conf, err) || check_login(conf, err) || check_secrets(conf, err))
		return -1;
	return email_check_sending(conf, err);
}

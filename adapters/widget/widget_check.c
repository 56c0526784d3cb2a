/* widget_check.c - do the options make sense together, and can what they paint be read?
 *
 * All that is wrong is told, not only the first of it.  Warnings are errors of kind 0. */
#include "widget.h"

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "colour.h"

#define LIST_MAX      64	/* origins, types */
#define KEYS_MAX      2
#define TEXT_LEAST    4.5	/* WCAG 2.2, 1.4.3: contrast of text */
#define CONTROL_LEAST 3.0	/* 1.4.11: of what tells a control from its surroundings */
#define LIGHT_PAGE    0xffffff
#define DARK_PAGE     0x1c1c1e

typedef struct hg_visitor_conf C;

struct checking {
	const C *conf;
	void (*tell)(void *arg, const struct hg_err *);
	void *arg;
};

G_GNUC_PRINTF(4, 5)
static void tell(const struct checking *c, int kind, const char *at, const char *fmt, ...)
{
	struct hg_err err = { .kind = kind };
	va_list args;

	g_strlcpy(err.at, at, sizeof(err.at));
	va_start(args, fmt);
	g_vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	c->tell(c->arg, &err);
}

#define wrong(c, at, ...) tell(c, HG_ERR_CONFIG, at, __VA_ARGS__)
#define warn(c, at, ...)  tell(c, 0, at, __VA_ARGS__)

static gboolean is_set(const char *text)
{
	return text && *text;
}

static guint count(char *const *list)
{
	return list ? g_strv_length((char **)list) : 0;
}

/* ---- who may ask ---- */

static gboolean is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || g_str_has_suffix(host, ".localhost") || g_str_has_prefix(host, "127.") ||
	       strcmp(host, "::1") == 0;
}

/* As a browser writes an origin (RFC 6454, section 6.2): scheme, host in small letters, port when it is not the usual one. */
static char *spelled(GUri *uri)
{
	const char *scheme = g_uri_get_scheme(uri);
	g_autofree char *host = g_ascii_strdown(g_uri_get_host(uri), -1);
	gboolean six = strchr(host, ':') != NULL;
	int port = g_uri_get_port(uri), usual = strcmp(scheme, "https") == 0 ? 443 : 80;
	g_autofree char *tail = port > 0 && port != usual ? g_strdup_printf(":%d", port) : g_strdup("");

	return g_strdup_printf("%s://%s%s%s%s", scheme, six ? "[" : "", host, six ? "]" : "", tail);
}

/* An origin without the star and dot at the head of its name, so that it can be read as any other; NULL: the star is
 * somewhere else, or stands for all there is of a name. */
static char *without_star(const char *origin)
{
	const char *star = strchr(origin, '*');
	g_autofree char *plain = NULL;

	if (!star)
		return g_strdup(origin);
	if (star - origin < 3 || strncmp(star - 3, "://*.", 5) != 0 || strchr(star + 1, '*') || !strchr(star + 2, '.'))
		return NULL;
	plain = g_strndup(origin, (gsize)(star - origin));
	return g_strconcat(plain, star + 2, NULL);
}

static void check_origin(const struct checking *c, const char *origin)
{
	g_autofree char *plain = without_star(origin);
	g_autoptr(GUri) uri = plain ? g_uri_parse(plain, G_URI_FLAGS_NONE, NULL) : NULL;
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	g_autofree char *right = NULL;

	if (!plain) {
		wrong(c, "origins", "origins: \"%.80s\": the star stands for all below a domain, as in https://*.acme.example", origin);
	} else if (!uri || !is_set(g_uri_get_host(uri)) || (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)) {
		wrong(c, "origins", "origins: \"%.80s\" is none: write https://www.acme.example", origin);
	} else {
		right = spelled(uri);
		if (strcmp(right, plain) != 0)
			wrong(c, "origins", "origins: \"%.80s\" is no origin: browsers write %.80s", origin, right);
		else if (strcmp(scheme, "http") == 0 && !is_loopback(g_uri_get_host(uri)))
			warn(c, "origins", "origins: who is between %.80s and its reader can write in his name: use https", origin);
	}
}

static void check_origins(const struct checking *c)
{
	if (count(c->conf->origins) > LIST_MAX)
		wrong(c, "origins", "origins lists %u, at most %d fit", count(c->conf->origins), LIST_MAX);
	for (char **origin = c->conf->origins; origin && *origin; origin++)
		check_origin(c, *origin);
}

/* ---- whom the site's server vouches for ---- */

static EVP_PKEY *read_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);

	BIO_free(bio);
	return key;
}

/* RFC 7518, sections 3.3 (2048 bits at least) and 3.4 (P-256). */
static gboolean key_fits(const char *pem, gboolean rsa)
{
	EVP_PKEY *key = read_key(pem);
	char curve[32] = "";
	gboolean fits = key && EVP_PKEY_get_base_id(key) == (rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);

	if (fits && rsa)
		fits = EVP_PKEY_get_bits(key) >= 2048;
	else if (fits)
		fits = EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 && strcmp(curve, "prime256v1") == 0;
	EVP_PKEY_free(key);
	return fits;
}

static void check_pair(const struct checking *c)
{
	gboolean rsa = strcmp(c->conf->identity.algorithm, "RS256") == 0;

	if (!count(c->conf->identity.public_keys))
		wrong(c, "identity.algorithm", "identity.algorithm: %s needs identity.public_key", c->conf->identity.algorithm);
	for (char **pem = c->conf->identity.public_keys; pem && *pem; pem++)
		if (!key_fits(*pem, rsa))
			wrong(c, "identity.public_key", "identity.public_key is no %s in PEM (-----BEGIN PUBLIC KEY-----)",
			      rsa ? "RSA key of at least 2048 bits" : "key on the curve P-256");
}

static void check_identity(const struct checking *c)
{
	gboolean secret = count(c->conf->identity.secrets), pair = count(c->conf->identity.public_keys);

	if (count(c->conf->identity.secrets) > KEYS_MAX || count(c->conf->identity.public_keys) > KEYS_MAX)
		wrong(c, "identity", "identity: two keys at most: the new one, and the old one while it is being replaced");
	if (strcmp(c->conf->identity.algorithm, "HS256") != 0)
		check_pair(c);
	else if (pair)
		wrong(c, "identity.public_key", "identity.public_key is for RS256 or ES256: say which in identity.algorithm");
	if (c->conf->identity.hmac && !secret)
		wrong(c, "identity.hmac", "identity.hmac needs identity.secret");
	if (c->conf->identity.required && !secret && !pair)
		wrong(c, "identity.required", "identity.required: nobody could be vouched for, and so nobody could write: set "
		      "identity.secret or identity.public_key");
}

/* ---- can it be read ---- */

static gboolean check_colour(const struct checking *c, const char *at, const char *text, guint32 *ret)
{
	if (hg_colour_parse(text, ret))
		return TRUE;
	wrong(c, at, "%s: \"%.20s\" is no colour: write \"#1b5e9b\" (in quotes, # begins a comment)", at, text);
	return FALSE;
}

static void check_control(const struct checking *c, guint32 accent)
{
	gboolean dark = strcmp(c->conf->theme.mode, "dark") == 0;
	double ratio = hg_colour_contrast(accent, dark ? DARK_PAGE : LIGHT_PAGE);

	if (ratio < CONTROL_LEAST)
		warn(c, "theme.accent", "theme.accent: %s can hardly be told from a %s page (contrast %.1f, %.0f is what WCAG 2.2 asks "
		     "of a control)", c->conf->theme.accent, dark ? "dark" : "white", ratio, CONTROL_LEAST);
}

static void check_theme(const struct checking *c)
{
	const char *on = c->conf->theme.on_accent;
	guint32 accent, text;
	double ratio;

	if (!check_colour(c, "theme.accent", c->conf->theme.accent, &accent))
		return;
	check_control(c, accent);
	if (!on || !check_colour(c, "theme.on_accent", on, &text))
		return;
	ratio = hg_colour_contrast(accent, text);
	if (ratio < TEXT_LEAST)
		wrong(c, "theme.on_accent", "theme.on_accent: %s cannot be read on %s: its contrast is %.1f, and WCAG 2.2 asks for %.1f; "
		      "%s has %.1f", on, c->conf->theme.accent, ratio, TEXT_LEAST, hg_colour_on(accent),
		      MAX(hg_colour_contrast(accent, 0), hg_colour_contrast(accent, 0xffffff)));
}

/* ---- the rest ---- */

/* BCP 47: "de", "pt-BR", "zh-Hant-TW"; the shape only, for which there are is the widget's to say. */
static gboolean is_language(const char *tag)
{
	gsize n = strspn(tag, "abcdefghijklmnopqrstuvwxyz");

	if (n < 2 || n > 3)
		return FALSE;
	for (tag += n; *tag == '-'; tag += 1 + n) {
		n = strspn(tag + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
		if (n < 2 || n > 8)
			return FALSE;
	}
	return !*tag;
}

static void check_languages(const struct checking *c)
{
	for (char **tag = c->conf->languages; tag && *tag; tag++)
		if (!is_language(*tag))
			wrong(c, "languages", "languages: \"%.20s\" is none: write de, pt-BR", *tag);
	for (char **pair = c->conf->greeting; pair && *pair; pair += 2)
		if (**pair && !is_language(*pair))
			wrong(c, "greeting", "greeting: \"%.20s\" is no language: write de, pt-BR", *pair);
}

static gboolean is_type(const char *type)
{
	const char *slash = strchr(type, '/');
	gsize len = strspn(type, "abcdefghijklmnopqrstuvwxyz0123456789.+-_/");

	if (!slash || slash == type || !slash[1] || strchr(slash + 1, '/'))
		return FALSE;
	return !type[len] || (type[len] == '*' && !type[len + 1] && type + len == slash + 1);
}

static void check_uploads(const struct checking *c)
{
	if (count(c->conf->uploads.types) > LIST_MAX)
		wrong(c, "uploads.types", "uploads.types lists %u, at most %d fit", count(c->conf->uploads.types), LIST_MAX);
	for (char **type = c->conf->uploads.types; type && *type; type++)
		if (!is_type(*type))
			wrong(c, "uploads.types", "uploads.types: \"%.40s\" is none: write application/pdf, image/*", *type);
}

static void check_prechat(const struct checking *c)
{
	if (c->conf->prechat.require && !count(c->conf->prechat.ask))
		wrong(c, "prechat.require", "prechat.require: say in prechat.ask what: name, email, phone");
}

void widget_check_all(const void *conf, void (*tell_fn)(void *arg, const struct hg_err *), void *arg)
{
	const struct checking c = { conf, tell_fn, arg };

	check_origins(&c);
	check_identity(&c);
	check_theme(&c);
	check_languages(&c);
	check_uploads(&c);
	check_prechat(&c);
}

/* value.c - one value of one option: text to the type of its table row, and what is wrong with it */
#include "value.h"

#include <string.h>

#include "secret.h"
#include "text.h"

#define STRING_MAX 65536	/* bytes of one text option */

void hg_spot_error(const struct hg_spot *spot, const char *hint, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_diag_add(spot->diag, HG_SEV_ERROR, spot->place, hint, "%s%s'%s' %s%s", spot->what,
		    *spot->what ? ": " : "", spot->opt->name, text,
		    spot->node ? "" : " (this is its default: the table of options is wrong)");
}

gboolean hg_value_is_secret(const struct hg_option *opt)
{
	return opt->type == HG_OPT_SECRET || opt->type == HG_OPT_SECRETS || opt->type == HG_OPT_SECRET_MAP;
}

/* ---- ranges: "1..65535", "1s..", "plain|tls" ---- */

static gint64 number_of(int type, const char *text)
{
	gint64 value;

	if (type == HG_OPT_MSECS)
		return hg_span_parse(text);
	if (type == HG_OPT_BYTES)
		return hg_bytes_parse(text);
	return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &value, NULL) ? value : 0;
}

/* The bounds of a range in the option's unit, and their words; an open side gives NULL. */
static void bounds(const char *range, int type, gint64 *ret_least, gint64 *ret_most, char **ret_words)
{
	g_auto(GStrv) side = g_strsplit(range ? range : "..", "..", 2);
	const char *low = side[0] ? side[0] : "", *high = side[0] && side[1] ? side[1] : "";

	*ret_least = *low ? number_of(type, low) : G_MININT64;
	*ret_most = *high ? number_of(type, high) : G_MAXINT64;
	if (*low && strcmp(low, high) == 0)
		*ret_words = g_strdup(low);
	else if (*low && *high)
		*ret_words = g_strdup_printf("from %s to %s", low, high);
	else if (*low)
		*ret_words = g_strdup_printf("at least %s", low);
	else
		*ret_words = g_strdup_printf("at most %s", high);
}

static gboolean check_choice(const struct hg_spot *spot, const char *text)
{
	g_auto(GStrv) choices = g_strsplit(spot->opt->range, "|", -1);
	g_autofree char *list = g_strjoinv(", ", choices), *quoted = hg_node_quote(text);
	const char *near;
	g_autofree char *hint = NULL;

	if (g_strv_contains((const char *const *)choices, text))
		return TRUE;
	near = hg_nearest(text, (const char *const *)choices);
	hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
	hg_spot_error(spot, hint, "must be %s%s, not %s", strchr(spot->opt->range, '|') ? "one of " : "",
		      list, quoted);
	return FALSE;
}

/* Of texts the range is a length in characters, or a list of words. */
static gboolean check_text_range(const struct hg_spot *spot, const char *text)
{
	const char *range = spot->opt->range;
	g_autofree char *words = NULL;
	gint64 least, most, length = g_utf8_strlen(text, -1);

	if (!range)
		return TRUE;
	if (!strstr(range, ".."))
		return check_choice(spot, text);
	bounds(range, HG_OPT_INT, &least, &most, &words);
	if (length >= least && length <= most)
		return TRUE;
	hg_spot_error(spot, NULL, "must have %s characters, not %" G_GINT64_FORMAT,
		      words, length);
	return FALSE;
}

/* ---- numbers ---- */

gboolean hg_value_bool(const struct hg_spot *spot, const char *text, bool *ret)
{
	static const char *const yes[] = { "yes", "on", "y", "1", "True", "TRUE", NULL };
	g_autofree char *quoted = hg_node_quote(text);
	gboolean plain = !spot->node || hg_node_plain(spot->node);

	if (plain && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)) {
		*ret = strcmp(text, "true") == 0;
		return TRUE;
	}
	hg_spot_error(spot, strcmp(text, "true") == 0 || strcmp(text, "false") == 0
				    ? "take the quotes away"
			    : g_strv_contains(yes, text) ? "write true"
							 : NULL,
		      "must be true or false, not %s", quoted);
	return FALSE;
}

static gboolean number_error(const struct hg_spot *spot, const char *text)
{
	g_autofree char *quoted = hg_node_quote(text), *hint = NULL;
	gboolean digits = *text && strspn(text, "0123456789") == strlen(text), quotes;

	if (spot->opt->type == HG_OPT_MSECS) {
		hint = digits ? g_strdup_printf("a time needs its unit: %ss for seconds, %sm for minutes",
						text, text) : NULL;
		hg_spot_error(spot, strlen(text) < 10 ? hint : NULL,
			      "must be a time such as 250ms, 20s, 5m or 7d, not %s", quoted);
	} else if (spot->opt->type == HG_OPT_BYTES) {
		hg_spot_error(spot, NULL, "must be a size such as 64KiB or 100MiB, not %s", quoted);
	} else {
		quotes = digits && spot->node && !hg_node_plain(spot->node);
		hg_spot_error(spot, quotes ? "take the quotes away" : NULL,
			      "must be a whole number, not %s", quoted);
	}
	return FALSE;
}

gboolean hg_value_number(const struct hg_spot *spot, const char *text, int64_t *ret)
{
	gint64 least, most, value = 0;
	gboolean plain = !spot->node || hg_node_plain(spot->node);
	gboolean fine = spot->opt->type != HG_OPT_INT ||
			(plain && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &value, NULL));
	g_autofree char *words = NULL, *quoted = hg_node_quote(text);

	if (fine && spot->opt->type != HG_OPT_INT)
		fine = (value = number_of(spot->opt->type, text)) >= 0;
	if (!fine)
		return number_error(spot, text);
	bounds(spot->opt->range, spot->opt->type, &least, &most, &words);
	if (value < least || value > most) {
		hg_spot_error(spot, NULL, "must be %s, not %s", words, quoted);
		return FALSE;
	}
	*ret = value;
	return TRUE;
}

/* ---- texts ---- */

static gboolean check_url(const struct hg_spot *spot, const char *text)
{
	g_autoptr(GUri) uri = g_uri_parse(text, G_URI_FLAGS_HAS_PASSWORD, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";

	if (uri && g_uri_get_userinfo(uri)) {
		hg_node_hide(spot->node, spot->diag);
		hg_spot_error(spot, NULL, "must not contain a user or a password");
		return FALSE;
	}
	if ((strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
	    g_uri_get_host(uri) && *g_uri_get_host(uri) && !g_uri_get_fragment(uri))
		return TRUE;
	hg_spot_error(spot, NULL, "must be a URL such as https://desk.example/hook%s",
		      uri && g_uri_get_fragment(uri) ? ", without a # part" : "");
	return FALSE;
}

static char *read_secret(const struct hg_spot *spot, const char *text)
{
	g_autoptr(GError) error = NULL;
	char *secret;

	if (!hg_secret_is_ref(text)) {
		if (spot->node)
			hg_node_hide(spot->node, spot->diag);
		hg_spot_error(spot, "write " HG_SECRET_FORMS,
			      "is a secret: do not write it here, say where it is");
		return NULL;
	}
	secret = hg_secret_read(text, spot->place, &error);
	if (!secret)
		hg_spot_error(spot, NULL, "cannot be read: %s", error->message);
	else if (!check_text_range(spot, secret))
		g_clear_pointer(&secret, hg_secret_free);
	return secret;
}

static gboolean check_printable(const struct hg_spot *spot, const char *text)
{
	if (strlen(text) > STRING_MAX)
		hg_spot_error(spot, NULL, "must not have more than %d bytes", STRING_MAX);
	else if (!hg_text_printable(text))
		hg_spot_error(spot, NULL, "must not contain control characters");
	else
		return TRUE;
	return FALSE;
}

char *hg_value_text(const struct hg_spot *spot, const char *text)
{
	g_autofree char *path = NULL;

	if (hg_value_is_secret(spot->opt))
		return read_secret(spot, text);
	if (!check_printable(spot, text))
		return NULL;
	if (spot->opt->type == HG_OPT_URL && !check_url(spot, text))
		return NULL;
	if (spot->opt->type == HG_OPT_PATH && !*text) {
		hg_spot_error(spot, NULL, "must be a path, not ''");
		return NULL;
	}
	if (!check_text_range(spot, text))
		return NULL;
	if (spot->opt->type != HG_OPT_PATH || !spot->node)
		return g_strdup(text);
	/* Absolute from here on: it means the same wherever the process goes. */
	path = hg_node_path(spot->place, text);
	return g_canonicalize_filename(path, NULL);
}

/* imap_words.c - strings, folder names and dates as IMAP writes them */
#include <string.h>

#include "fail.h"
#include "imap_answer.h"

char *hg_imap_quote(const char *text, GError **error)
{
	GString *out = g_string_new("\"");

	for (const char *p = text; *p; p++) {
		if (g_ascii_iscntrl(*p) || (guchar)*p >= 0x80) {
			hg_fail(error, HG_ERROR_INPUT, "a text for the mail server has a character that cannot be sent");
			g_string_free(out, TRUE);
			return NULL;
		}
		if (*p == '"' || *p == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

/* "&" base64 of UTF-16, with a comma for the slash and no padding, "-" */
static gboolean add_shifted(GString *out, const char *from, gsize len, GError **error)
{
	gsize n = 0;
	g_autofree char *wide = g_convert(from, (gssize)len, "UTF-16BE", "UTF-8", NULL, &n, error);
	g_autofree char *base64 = wide ? g_base64_encode((const guchar *)wide, n) : NULL;

	if (!base64)
		return FALSE;
	base64[strcspn(base64, "=")] = '\0';
	for (char *p = base64; *p; p++)
		*p = *p == '/' ? ',' : *p;
	g_string_append_printf(out, "&%s-", base64);
	return TRUE;
}

char *hg_imap_folder(const char *name, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!g_utf8_validate(name, -1, NULL)) {
		hg_fail(error, HG_ERROR_CONFIG, "the name of a mail folder is no UTF-8");
		return NULL;
	}
	for (const char *p = name; *p;) {
		gsize len = 0;

		while ((guchar)p[len] >= 0x80)
			len++;
		if (len && !add_shifted(out, p, len, error))
			return NULL;
		if (!len)
			g_string_append(out, *p == '&' ? "&-" : (char[]){ *p, '\0' });
		p += len ? len : 1;
	}
	return hg_imap_quote(out->str, error);
}

static int month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (g_ascii_strncasecmp(months + i * 3, name, 3) == 0)
			return i + 1;
	return 0;
}

static int digits(const char *p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!g_ascii_isdigit(p[i]))
			return -1;
		value = value * 10 + (p[i] - '0');
	}
	return value;
}

/* "dd-Mon-yyyy hh:mm:ss +zzzz": 26 characters, the first may be a space */
gint64 hg_imap_date(const char *text)
{
	int day, hour, minute, second, zone_h, zone_m;
	g_autoptr(GDateTime) date = NULL;
	gint64 zone;

	if (strlen(text) != 26 || text[2] != '-' || text[6] != '-' || text[11] != ' ' || text[14] != ':' ||
	    text[17] != ':' || text[20] != ' ' || (text[21] != '+' && text[21] != '-'))
		return 0;
	day = text[0] == ' ' ? digits(text + 1, 1) : digits(text, 2);
	hour = digits(text + 12, 2);
	minute = digits(text + 15, 2);
	second = digits(text + 18, 2);
	zone_h = digits(text + 22, 2);
	zone_m = digits(text + 24, 2);
	if (second < 0 || zone_h < 0 || zone_m < 0)
		return 0;
	date = g_date_time_new_utc(digits(text + 7, 4), month_of(text + 3), day, hour, minute, MIN(second, 59));
	zone = (zone_h * 60 + zone_m) * 60;
	return date ? (g_date_time_to_unix(date) - (text[21] == '-' ? -zone : zone)) * 1000 : 0;
}

/* text.c - UTF-8, spans of time, sizes, dates, and the word that was probably meant */
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

/* The longest start of text that has at most max bytes and ends between characters. */
static gsize utf8_cut(const char *text, gsize len, gsize max)
{
	if (len <= max)
		return len;
	while (max && ((guint8)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

char *hg_text_valid(const char *bytes, gssize len, gsize max_bytes)
{
	const char *end, *bad;
	GString *out;

	if (!bytes)
		return NULL;
	if (len < 0)
		len = (gssize)strlen(bytes);
	if (!max_bytes)
		max_bytes = G_MAXSSIZE;
	end = bytes + len;
	out = g_string_sized_new(MIN((gsize)len, max_bytes) + 1);
	while (bytes < end && out->len <= max_bytes) {
		g_utf8_validate_len(bytes, (gsize)(end - bytes), &bad);
		g_string_append_len(out, bytes, bad - bytes);
		if (bad < end) {
			g_string_append(out, REPLACEMENT);
			bad++;
		}
		bytes = bad;
	}
	g_string_truncate(out, utf8_cut(out->str, out->len, max_bytes));
	return g_string_free(out, FALSE);
}

gboolean hg_text_printable(const char *text)
{
	for (const char *p = text; *p; p++)
		if (((guint8)*p < 0x20 && *p != '\t' && *p != '\n') || *p == 0x7f)
			return FALSE;
	return g_utf8_validate(text, -1, NULL);
}

gboolean hg_text_unseen(gunichar c)
{
	GUnicodeType type;

	if (c < 0x7f)
		return c < 0x20;
	type = g_unichar_type(c);
	return type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
	       type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR;
}

/* ---- spans and sizes ---- */
static const struct unit {
	const char *name;
	gint64 worth;
} spans[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
}, sizes[] = {
	{ "", 1 }, { "B", 1 },
	{ "KB", 1000 }, { "kB", 1000 }, { "KiB", 1 << 10 },
	{ "MB", 1000000 }, { "MiB", 1 << 20 },
	{ "GB", 1000000000 }, { "GiB", 1 << 30 },
};

/* Reads digits and the letters behind them; -1 unless they are a number and one of units[]
 * from *at on.  *at becomes the place of that unit, *text the rest. */
static gint64 take_part(const char **text, const struct unit *units, gsize n, gsize *at)
{
	const char *p = *text;
	gsize letters;
	gint64 value;
	char *end;

	if (!g_ascii_isdigit(*p))
		return -1;
	value = g_ascii_strtoll(p, &end, 10);
	for (letters = 0; g_ascii_isalpha(end[letters]);)
		letters++;
	for (; *at < n; ++*at)
		if (strlen(units[*at].name) == letters && !strncmp(end, units[*at].name, letters))
			break;
	if (*at == n || value > G_MAXINT64 / units[*at].worth)
		return -1;
	*text = end + letters;
	return value * units[*at].worth;
}

gint64 hg_span_parse(const char *text)
{
	gint64 sum = 0;

	if (!text || !*text)
		return -1;
	/* Units get smaller from left to right: "30m1h" is more likely an error than 90 minutes. */
	for (gsize at = 0; *text; at++) {
		gint64 part = take_part(&text, spans, G_N_ELEMENTS(spans), &at);

		if (part < 0 || part > G_MAXINT64 - sum)
			return -1;
		sum += part;
	}
	return sum;
}

int hg_share_parse(const char *text)
{
	int value;

	if (!text || (*text != '0' && *text != '1'))
		return -1;
	value = (*text++ - '0') * 100;
	if (*text == '.' && g_ascii_isdigit(text[1])) {
		value += (text[1] - '0') * 10;
		text += 2;
		if (g_ascii_isdigit(*text))
			value += *text++ - '0';
	}
	return *text || value > 100 ? -1 : value;
}

const char *hg_share(guint hundredths, char ret_text[HG_SHARE_SIZE])
{
	g_snprintf(ret_text, HG_SHARE_SIZE, "%u.%02u", hundredths / 100, hundredths % 100);
	return ret_text;
}

gint64 hg_bytes_parse(const char *text)
{
	gsize at = 0;
	gint64 value;

	if (!text)
		return -1;
	value = take_part(&text, sizes, G_N_ELEMENTS(sizes), &at);
	return *text ? -1 : value;
}

const char *hg_span(gint64 ms, char ret_text[HG_SPAN_SIZE])
{
	const char *sign = ms < 0 ? "-" : "";
	guint64 left = ms < 0 ? -(guint64)ms : (guint64)ms;
	gsize i = 0;
	guint64 first, second = 0;

	while (i < G_N_ELEMENTS(spans) - 1 && left < (guint64)spans[i].worth)
		i++;
	first = left / (guint64)spans[i].worth;
	if (i + 1 < G_N_ELEMENTS(spans))
		second = left % (guint64)spans[i].worth / (guint64)spans[i + 1].worth;
	if (!left)
		g_strlcpy(ret_text, "0s", HG_SPAN_SIZE);
	else if (second)
		g_snprintf(ret_text, HG_SPAN_SIZE, "%s%" G_GUINT64_FORMAT "%s%" G_GUINT64_FORMAT "%s",
			   sign, first, spans[i].name, second, spans[i + 1].name);
	else
		g_snprintf(ret_text, HG_SPAN_SIZE, "%s%" G_GUINT64_FORMAT "%s",
			   sign, first, spans[i].name);
	return ret_text;
}

/* ---- what was probably meant ---- */
#define WORD_MAX 48

/* Edit distance with neighbours swapped counting one, upper and lower case alike.  Rows of the
 * table for i, i - 1 and i - 2 letters of a. */
static gsize edit_distance(const char *a, gsize a_len, const char *b, gsize b_len)
{
	guint8 rows[3][WORD_MAX + 1];

	for (gsize j = 0; j <= b_len; j++)
		rows[0][j] = (guint8)j;
	for (gsize i = 1; i <= a_len; i++) {
		guint8 *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (guint8)i;
		for (gsize j = 1; j <= b_len; j++) {
			char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
			int best = MIN(MIN(row[j - 1], up[j]) + 1, up[j - 1] + (x != y));

			if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
			    y == g_ascii_tolower(a[i - 2]))
				best = MIN(best, up2[j - 2] + 1);
			row[j] = (guint8)best;
		}
	}
	return rows[a_len % 3][b_len];
}

const char *hg_nearest(const char *word, const char *const *names)
{
	gsize len = strlen(word), best = 1 + MAX(1, len / 3);	/* a third may be wrong */
	const char *nearest = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (; *names; names++) {
		gsize name_len = strlen(*names), distance;

		if (name_len > WORD_MAX)
			continue;
		distance = edit_distance(word, len, *names, name_len);
		if (distance < best && distance < MIN(len, name_len)) {
			best = distance;
			nearest = *names;
		}
	}
	return nearest;
}

/* ---- times ---- */
#define DAY_MS 86400000
#define ERA_DAYS 146097		/* days of 400 Gregorian years */

/* Counts years from 1 March, so that the odd day of February is a year's last. */
static gint64 days_of_date(gint64 year, int month, int day)
{
	gint64 y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 -
	       719468;		/* 1 March of year 0 to 1 January 1970 */
}

static void date_of_days(gint64 days, int *ret_year, int *ret_month, int *ret_day)
{
	gint64 n = days + 719468, era = n / ERA_DAYS, day = n % ERA_DAYS;
	/* Take the leap days out of the day's number within its 400 years. */
	gint64 year = (day - day / 1460 + day / 36524 - day / (ERA_DAYS - 1)) / 365;
	gint64 m;

	day -= year * 365 + year / 4 - year / 100;
	m = (5 * day + 2) / 153;
	*ret_day = (int)(day - (153 * m + 2) / 5 + 1);
	*ret_month = (int)(m < 10 ? m + 3 : m - 9);
	*ret_year = (int)(era * 400 + year + (m >= 10));
}

static char *put_digits(char *p, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value /= 10)
		p[i] = (char)('0' + value % 10);
	return p + digits;
}

const char *hg_time(gint64 utc_ms, char ret_text[HG_TIME_SIZE])
{
	/* RFC 3339 has years of four digits: what is outside shows as the nearest of 1..9999. */
	gint64 ms = CLAMP(utc_ms, G_GINT64_CONSTANT(-62135596800000),
			  G_GINT64_CONSTANT(253402300799999));
	gint64 days = ms / DAY_MS - (ms % DAY_MS < 0);
	int year, month, day, rest = (int)(ms - days * DAY_MS);
	char *p = ret_text;

	date_of_days(days, &year, &month, &day);
	p = put_digits(p, year, 4);
	*p++ = '-';
	p = put_digits(p, month, 2);
	*p++ = '-';
	p = put_digits(p, day, 2);
	*p++ = 'T';
	p = put_digits(p, rest / 3600000, 2);
	*p++ = ':';
	p = put_digits(p, rest / 60000 % 60, 2);
	*p++ = ':';
	p = put_digits(p, rest / 1000 % 60, 2);
	*p++ = '.';
	p = put_digits(p, rest % 1000, 3);
	*p++ = 'Z';
	*p = '\0';
	return ret_text;
}

/* Exactly n digits from *p on, and the letter behind them (0: any); -1 when they are not there. */
static int take_digits(const char **p, int n, char behind)
{
	int value = 0;

	for (; n; n--, ++*p) {
		if (!g_ascii_isdigit(**p))
			return -1;
		value = value * 10 + (**p - '0');
	}
	if (!behind)
		return value;
	return g_ascii_toupper(*(*p)++) == behind ? value : -1;
}

/* ".004" and any number of digits more; 0 when there is no point, -1 when no digit follows it. */
static int take_fraction(const char **p)
{
	int ms = 0, worth = 100;

	if (**p != '.')
		return 0;
	if (!g_ascii_isdigit(*++*p))
		return -1;
	for (; g_ascii_isdigit(**p); ++*p, worth /= 10)
		ms += (**p - '0') * worth;
	return ms;
}

/* "Z" or "+02:00" at the end of the text. */
static gboolean take_zone(const char *p, int *ret_minutes)
{
	int sign = *p == '-' ? -1 : 1, hours, minutes;

	*ret_minutes = 0;
	if (*p == 'Z' || *p == 'z')
		return p[1] == '\0';
	if (*p != '+' && *p != '-')
		return FALSE;
	p++;
	hours = take_digits(&p, 2, ':');
	minutes = hours < 0 ? -1 : take_digits(&p, 2, 0);
	*ret_minutes = sign * (hours * 60 + minutes);
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60 && *p == '\0';
}

static int month_days(int year, int month)
{
	static const guint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

gint64 hg_time_parse(const char *rfc3339)
{
	static const struct { int digits, least, most; char behind; } parts[] = {
		{ 4, 1970, 9999, '-' }, { 2, 1, 12, '-' }, { 2, 1, 31, 'T' },
		{ 2, 0, 23, ':' }, { 2, 0, 59, ':' }, { 2, 0, 60, 0 },	/* 60: a leap second */
	};
	int got[G_N_ELEMENTS(parts)], ms, zone;
	const char *p = rfc3339;
	gint64 utc;

	for (gsize i = 0; p && i < G_N_ELEMENTS(parts); i++) {
		got[i] = take_digits(&p, parts[i].digits, parts[i].behind);
		if (got[i] < parts[i].least || got[i] > parts[i].most)
			return -1;
	}
	if (!p || got[2] > month_days(got[0], got[1]))
		return -1;
	ms = take_fraction(&p);
	if (ms < 0 || !take_zone(p, &zone))
		return -1;
	utc = days_of_date(got[0], got[1], got[2]) * DAY_MS +
	      ((got[3] * 60 + got[4] - zone) * G_GINT64_CONSTANT(60) + got[5]) * 1000 + ms;
	return utc < 0 ? -1 : utc;
}

/* ---- one form of Unicode ---- */

#define PIECE_MIN 64	/* characters */
#define PIECE_MAX 256

/* Composes with nothing before it: no mark, and no vowel or final consonant of a Hangul syllable. */
static gboolean stands_alone(gunichar c)
{
	return !g_unichar_ismark(c) && !(c >= 0x1160 && c <= 0x11ff) && !(c >= 0xd7b0 && c <= 0xd7ff);
}

static const char *piece_end(const char *text)
{
	guint n = 0;

	for (; *text && n < PIECE_MAX; text = g_utf8_next_char(text), n++)
		if (n >= PIECE_MIN && stands_alone(g_utf8_get_char(text)))
			break;
	return text;
}

char *hg_text_normal(const char *text, GNormalizeMode mode)
{
	GString *out = g_string_sized_new(strlen(text));

	while (*text) {
		const char *end = piece_end(text);
		g_autofree char *piece = g_utf8_normalize(text, end - text, mode);

		g_string_append(out, piece ? piece : "");
		text = end;
	}
	return g_string_free(out, FALSE);
}

static gboolean is_plain(const char *text)
{
	while (*text && (guchar)*text < 0x80)
		text++;
	return !*text;
}

char *hg_text_folded(const char *text)
{
	g_autofree char *apart = NULL, *small = NULL;
	GString *out;

	if (is_plain(text))
		return g_ascii_strdown(text, -1);
	apart = hg_text_normal(text, G_NORMALIZE_ALL);
	small = g_utf8_casefold(apart, -1);
	out = g_string_sized_new(strlen(small));
	for (const char *at = small; *at; at = g_utf8_next_char(at))
		if (!g_unichar_ismark(g_utf8_get_char(at)))
			g_string_append_unichar(out, g_utf8_get_char(at));
	return g_string_free(out, FALSE);
}

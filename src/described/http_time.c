/* http_time.c - times as providers write them: formats, ISO 8601, seconds since 1970 */
#include "http_time.h"

#include <string.h>

struct parts {
	int year, month, day, hour, minute, second;
	int ms;
	gboolean pm, half;	/* %p was read; %I: hours of half a day */
	gboolean zoned;
	int offset_s;		/* of %z */
};

static gboolean take_digits(const char **at, guint least, guint most, int *ret)
{
	guint n = 0;

	*ret = 0;
	while (n < most && g_ascii_isdigit((*at)[n]))
		*ret = *ret * 10 + ((*at)[n++] - '0');
	*at += n;
	return n >= least;
}

/* ".123", ",123456": what is beyond milliseconds is cut off. */
static gboolean take_fraction(const char **at, struct parts *p)
{
	int scale = 100;

	if (**at != '.' && **at != ',')
		return TRUE;
	(*at)++;
	for (; g_ascii_isdigit(**at); (*at)++, scale /= 10)
		p->ms += (**at - '0') * scale;
	return TRUE;
}

/* "Z", "UTC", "GMT", "+02:00", "+0200", "+02" */
static gboolean take_zone(const char **at, struct parts *p)
{
	int sign, hours, minutes = 0;

	p->zoned = TRUE;
	if (g_ascii_strncasecmp(*at, "utc", 3) == 0 || g_ascii_strncasecmp(*at, "gmt", 3) == 0) {
		*at += 3;
		return TRUE;
	}
	if (**at == 'Z' || **at == 'z') {
		(*at)++;
		return TRUE;
	}
	if (**at != '+' && **at != '-')
		return FALSE;
	sign = *(*at)++ == '-' ? -1 : 1;
	if (!take_digits(at, 2, 2, &hours))
		return FALSE;
	if (**at == ':')
		(*at)++;
	if (g_ascii_isdigit(**at) && !take_digits(at, 2, 2, &minutes))
		return FALSE;
	p->offset_s = sign * (hours * 3600 + minutes * 60);
	return hours <= 14 && minutes <= 59;
}

static gboolean take_month(const char **at, struct parts *p)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12; i++)
		if (g_ascii_strncasecmp(*at, names + (gsize)3 * (gsize)i, 3) == 0) {
			p->month = i + 1;
			*at += 3;
			return TRUE;
		}
	return FALSE;
}

static gboolean take_half(const char **at, struct parts *p)
{
	if (g_ascii_strncasecmp(*at, "am", 2) != 0 && g_ascii_strncasecmp(*at, "pm", 2) != 0)
		return FALSE;
	p->pm = g_ascii_tolower(**at) == 'p';
	*at += 2;
	return TRUE;
}

static gboolean take(char what, const char **at, struct parts *p)
{
	switch (what) {
	case 'Y':
		return take_digits(at, 4, 4, &p->year);
	case 'y':
		return take_digits(at, 2, 2, &p->year) && (p->year += 2000);
	case 'm':
		return take_digits(at, 1, 2, &p->month);
	case 'd':
		return take_digits(at, 1, 2, &p->day);
	case 'H':
		return take_digits(at, 1, 2, &p->hour);
	case 'I':
		p->half = TRUE;
		return take_digits(at, 1, 2, &p->hour);
	case 'M':
		return take_digits(at, 2, 2, &p->minute);
	case 'S':
		return take_digits(at, 2, 2, &p->second);
	case 'f':
		return take_fraction(at, p);
	case 'b':
		return take_month(at, p);
	case 'p':
		return take_half(at, p);
	case 'z':
		return take_zone(at, p);
	default:
		return *(*at)++ == '%';
	}
}

static gint64 to_ms(const struct parts *p, GTimeZone *zone)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	int hour = p->half ? p->hour % 12 + (p->pm ? 12 : 0) : p->hour;
	g_autoptr(GDateTime) time = g_date_time_new(p->zoned || !zone ? utc : zone, p->year, p->month, p->day, hour,
						    p->minute, MIN(p->second, 59));

	if (!time || p->second > 60)
		return 0;
	return MAX((g_date_time_to_unix(time) - p->offset_s) * 1000 + p->ms, 0);
}

static gint64 by_format(const char *text, const char *format, GTimeZone *zone)
{
	struct parts p = { .month = 1, .day = 1 };

	for (; *format; format++) {
		if (*format != '%') {
			if (*text++ != *format)
				return 0;
		} else if (!take(*++format, &text, &p)) {
			return 0;
		}
	}
	return *text ? 0 : to_ms(&p, zone);
}

/* ISO 8601 as it is met: a blank for the T, seconds, a fraction and a zone or not. */
static gint64 by_iso(const char *text, GTimeZone *zone)
{
	struct parts p = { .month = 1, .day = 1 };

	if (!take('Y', &text, &p) || *text++ != '-' || !take('m', &text, &p) || *text++ != '-' || !take('d', &text, &p))
		return 0;
	if (*text == 'T' || *text == 't' || *text == ' ') {
		text++;
		if (!take('H', &text, &p) || *text++ != ':' || !take('M', &text, &p))
			return 0;
		if (*text == ':' && (text++, !take('S', &text, &p)))
			return 0;
		take_fraction(&text, &p);
	}
	text += *text == ' ';
	if (*text && !take_zone(&text, &p))
		return 0;
	return *text ? 0 : to_ms(&p, zone);
}

/* "1700000000", "1700000000.123" */
static gint64 by_epoch(const char *text, gint64 unit_ms)
{
	struct parts p = { 0 };
	gint64 n = 0;
	guint digits = 0;

	for (; g_ascii_isdigit(*text) && digits < 16; text++, digits++)
		n = n * 10 + (*text - '0');
	take_fraction(&text, &p);
	if (!digits || *text || n > G_MAXINT64 / 1000000)
		return 0;
	return n * unit_ms + (unit_ms == 1000 ? p.ms : 0);
}

/* Seconds have ten digits from 2001 to 2286, milliseconds thirteen. */
static gint64 by_look(const char *text, GTimeZone *zone)
{
	gsize digits = strspn(text, "0123456789");

	if (digits && (!text[digits] || text[digits] == '.'))
		return by_epoch(text, digits > 11 ? 1 : 1000);
	return by_iso(text, zone);
}

gint64 ht_time_read(const char *text, char *const *formats, GTimeZone *zone)
{
	gint64 ms = 0;

	if (!formats)
		return by_look(text, zone);
	for (; *formats && !ms; formats++) {
		if (strcmp(*formats, "epoch") == 0)
			ms = by_epoch(text, 1000);
		else if (strcmp(*formats, "epoch_ms") == 0)
			ms = by_epoch(text, 1);
		else if (strcmp(*formats, "iso") == 0)
			ms = by_iso(text, zone);
		else
			ms = by_format(text, *formats, zone);
	}
	return ms;
}

char *ht_time_wrong(const char *format)
{
	static const char known[] = "YymdHIMSfbpz%";

	if (strcmp(format, "epoch") == 0 || strcmp(format, "epoch_ms") == 0 || strcmp(format, "iso") == 0)
		return NULL;
	if (!strchr(format, '%'))
		return g_strdup("is no format of a time: epoch, epoch_ms, iso, or one with %Y, %m, %d, %H, %M, %S");
	for (const char *p = strchr(format, '%'); p; p = strchr(p + 2, '%')) {
		if (!p[1] || !strchr(known, p[1]))
			return g_strdup_printf("has %%%c, which means nothing here; known are %%Y %%y %%m %%d %%H %%I %%M %%S "
					       "%%f %%b %%p %%z %%%%", p[1] ? p[1] : ' ');
	}
	return NULL;
}

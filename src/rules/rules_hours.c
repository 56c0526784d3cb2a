/* rules_hours.c - reads business hours and compares the clock with them */
#include "rules_hours.h"

#include <string.h>

#include "text.h"

static const char *const day_names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL };
static const char *const hours_keys[] = { "zone", "open", "holidays", NULL };

struct span {
	guint day;			/* 0: Monday */
	guint from, to;			/* minutes since midnight; to is not in it, 1440 at most */
};

struct holiday {
	gint year;			/* 0: every year */
	gint month, day;
};

struct place_hours {
	const char *zone_name;		/* lent by names */
	GTimeZone *zone;		/* ours */
	GArray *spans;			/* of struct span; ours */
	GArray *holidays;		/* of struct holiday; ours */
};

struct hg_hours {
	GPtrArray *names;		/* NULL-ended */
	GPtrArray *zones;		/* of char *; ours */
	GPtrArray *places;		/* of struct place_hours */
};

static void place_free(gpointer p)
{
	struct place_hours *place = p;

	g_clear_pointer(&place->zone, g_time_zone_unref);
	g_array_unref(place->spans);
	g_array_unref(place->holidays);
	g_free(place);
}

void hg_hours_free(hg_hours *hours)
{
	if (!hours)
		return;
	g_ptr_array_unref(hours->names);
	g_ptr_array_unref(hours->zones);
	g_ptr_array_unref(hours->places);
	g_free(hours);
}

const char *const *hg_hours_names(const hg_hours *hours)
{
	return (const char *const *)hours->names->pdata;
}

static gboolean wrong(const hg_node *node, hg_diag *diag, const char *hint, const char *text)
{
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s", text);
	return FALSE;
}

/* ---- reading ---- */

/* Two digits, at most `most`; -1: no such number. */
static int two_digits(const char *text, int most)
{
	int number;

	if (!g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1]))
		return -1;
	number = (text[0] - '0') * 10 + text[1] - '0';
	return number <= most ? number : -1;
}

/* "09:30" in minutes; -1: it is none. */
static int minutes(const char *text)
{
	int hour = two_digits(text, 24), minute = hour < 0 || text[2] != ':' ? -1 : two_digits(text + 3, 59);

	return minute < 0 || hour * 60 + minute > 1440 ? -1 : hour * 60 + minute;
}

static gboolean read_span(struct place_hours *place, const hg_node *node, guint first, guint last, hg_diag *diag)
{
	const char *text = hg_node_text(node);
	gboolean shaped = text && strlen(text) == strlen("09:00-17:00") && text[5] == '-';
	int from = shaped ? minutes(text) : -1, to = shaped ? minutes(text + 6) : -1;

	if (from < 0 || to < 0)
		return wrong(node, diag, "mon-fri: 09:00-17:00", "from when till when is written 09:00-17:00");
	if (from >= to)
		return wrong(node, diag, "fri: 22:00-24:00 and sat: 00:00-06:00",
			     "this ends before it begins; what goes past midnight belongs to two days");
	if (place->spans->len + last - first >= HG_HOURS_SPANS_MAX)
		return wrong(node, diag, NULL, "there are more than " G_STRINGIFY(HG_HOURS_SPANS_MAX) " times here");
	for (guint day = first; day <= last; day++) {
		struct span span = { .day = day, .from = (guint)from, .to = (guint)to };

		g_array_append_val(place->spans, span);
	}
	return TRUE;
}

static int day_of(const char *text)
{
	for (int i = 0; day_names[i]; i++)
		if (strncmp(text, day_names[i], 3) == 0)
			return i;
	return -1;
}

/* "mon" or "mon-fri". */
static gboolean read_days(const char *key, guint *ret_first, guint *ret_last)
{
	gsize len = strlen(key);
	int first = day_of(key), last = len == 7 && key[3] == '-' ? day_of(key + 4) : first;

	if ((len != 3 && len != 7) || first < 0 || last < first)
		return FALSE;
	*ret_first = (guint)first;
	*ret_last = (guint)last;
	return TRUE;
}

static gboolean read_open(struct place_hours *place, const hg_node *map, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (hg_node_type(map) != HG_NODE_MAP || !hg_node_size(map))
		return wrong(map, diag, "open: { mon-fri: 09:00-17:00, sat: [10:00-12:00, 13:00-15:00] }",
			     "days and times are wanted here");
	for (guint i = 0; i < hg_node_size(map); i++) {
		const hg_node *times = hg_node_value(map, i);
		gboolean list = hg_node_type(times) == HG_NODE_LIST;
		guint first, last;

		if (!read_days(hg_node_key(map, i), &first, &last)) {
			hg_diag_add(diag, HG_SEV_ERROR, hg_node_key_place(map, i), NULL,
				    "days are mon, tue, wed, thu, fri, sat, sun, or from one to a later one: mon-fri");
			fine = FALSE;
			continue;
		}
		for (guint at = 0; at < (list ? hg_node_size(times) : 1); at++)
			fine &= read_span(place, list ? hg_node_at(times, at) : times, first, last, diag);
	}
	return fine;
}

/* "2026-12-25", or "12-25" in every year. */
static gboolean read_holiday(struct place_hours *place, const hg_node *node, hg_diag *diag)
{
	const char *text = hg_node_text(node), *rest = text;
	gsize len = text ? strlen(text) : 0;
	struct holiday holiday = { .year = 0 };

	if (len == strlen("2026-12-25")) {
		int high = two_digits(text, 99), low = two_digits(text + 2, 99);

		holiday.year = high < 0 || low < 0 || text[4] != '-' ? -1 : high * 100 + low;
		rest = text + 5;
	} else if (len != strlen("12-25")) {
		holiday.year = -1;
	}
	if (holiday.year >= 0 && rest[2] == '-') {
		holiday.month = two_digits(rest, 12);
		holiday.day = two_digits(rest + 3, 31);
	}
	if (holiday.month < 1 || holiday.day < 1 ||
	    !g_date_valid_dmy((GDateDay)holiday.day, holiday.month, holiday.year ? (GDateYear)holiday.year : 2024))
		return wrong(node, diag, NULL, "a holiday is written 2026-12-25, or 12-25 when it comes every year");
	g_array_append_val(place->holidays, holiday);
	return TRUE;
}

static gboolean read_holidays(struct place_hours *place, const hg_node *list, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (hg_node_null(list))
		return TRUE;
	if (hg_node_type(list) != HG_NODE_LIST || hg_node_size(list) > HG_HOURS_HOLIDAYS_MAX)
		return wrong(list, diag, "holidays: [01-01, 2026-12-24]",
			     "holidays are a list of at most " G_STRINGIFY(HG_HOURS_HOLIDAYS_MAX) " days");
	for (guint i = 0; i < hg_node_size(list); i++)
		fine &= read_holiday(place, hg_node_at(list, i), diag);
	return fine;
}

static gboolean read_zone(hg_hours *hours, struct place_hours *place, const hg_node *map, hg_diag *diag)
{
	const hg_node *node = hg_node_get(map, "zone");
	const char *name = node ? hg_node_text(node) : NULL;

	place->zone = name && *name && !hg_node_null(node) ? g_time_zone_new_identifier(name) : NULL;
	if (!place->zone)
		return wrong(node ? node : map, diag, "zone: Europe/Berlin, or UTC",
			     node ? "there is no time zone of this name here" : "hours need to know whose clock they go by");
	g_ptr_array_add(hours->zones, g_strdup(name));
	place->zone_name = g_ptr_array_index(hours->zones, hours->zones->len - 1);
	return TRUE;
}

static gboolean read_place(hg_hours *hours, const char *name, const hg_node *map, hg_diag *diag)
{
	struct place_hours *place = g_new0(struct place_hours, 1);
	const hg_node *open;
	gboolean fine;

	place->spans = g_array_new(FALSE, FALSE, sizeof(struct span));
	place->holidays = g_array_new(FALSE, FALSE, sizeof(struct holiday));
	g_ptr_array_add(hours->places, place);
	g_ptr_array_add(hours->names, g_strdup(name));
	if (!hg_node_check_keys(map, "an entry of hours", hours_keys, diag))
		return FALSE;
	fine = read_zone(hours, place, map, diag);
	open = hg_node_get(map, "open");
	fine &= open ? read_open(place, open, diag)
		     : wrong(map, diag, "open: { mon-fri: 09:00-17:00 }", "it does not say when it is open");
	return read_holidays(place, hg_node_get(map, "holidays"), diag) && fine;
}

hg_hours *hg_hours_read(const hg_node *map, hg_diag *diag)
{
	g_autoptr(hg_hours) hours = g_new0(hg_hours, 1);
	gboolean shaped, fine = TRUE;

	hours->names = g_ptr_array_new_with_free_func(g_free);
	hours->zones = g_ptr_array_new_with_free_func(g_free);
	hours->places = g_ptr_array_new_with_free_func(place_free);
	shaped = hg_node_null(map) || (hg_node_type(map) == HG_NODE_MAP && hg_node_size(map) <= HG_HOURS_MAX);
	if (!shaped)
		fine = wrong(map, diag, "hours: { office: { zone: Europe/Berlin, open: { mon-fri: 09:00-17:00 } } }",
			     "hours have names, " G_STRINGIFY(HG_HOURS_MAX) " at most");
	for (guint i = 0; shaped && !hg_node_null(map) && i < hg_node_size(map); i++)
		fine &= read_place(hours, hg_node_key(map, i), hg_node_value(map, i), diag);
	g_ptr_array_add(hours->names, NULL);
	return fine ? g_steal_pointer(&hours) : NULL;
}

/* ---- asking ---- */

static gboolean is_holiday(const struct place_hours *place, GDateTime *there)
{
	gint year, month, day;

	g_date_time_get_ymd(there, &year, &month, &day);
	for (guint i = 0; i < place->holidays->len; i++) {
		const struct holiday *holiday = &g_array_index(place->holidays, struct holiday, i);

		if (holiday->month == month && holiday->day == day && (!holiday->year || holiday->year == year))
			return TRUE;
	}
	return FALSE;
}

static gboolean in_span(const struct place_hours *place, guint day, guint minute)
{
	for (guint i = 0; i < place->spans->len; i++) {
		const struct span *span = &g_array_index(place->spans, struct span, i);

		if (span->day == day && minute >= span->from && minute < span->to)
			return TRUE;
	}
	return FALSE;
}

static GDateTime *clock_there(const struct place_hours *place, gint64 ms)
{
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(ms / 1000);

	return utc ? g_date_time_to_timezone(utc, place->zone) : NULL;
}

gboolean hg_hours_open(const hg_hours *hours, guint at, gint64 now_ms, GString *got)
{
	const struct place_hours *place = g_ptr_array_index(hours->places, at);
	g_autoptr(GDateTime) there = clock_there(place, now_ms);
	gboolean holiday, open;
	guint day, hour, minute;

	if (!there)
		return FALSE;	/* a clock beyond the year 9999 */
	day = (guint)g_date_time_get_day_of_week(there) - 1;
	hour = (guint)g_date_time_get_hour(there);
	minute = (guint)g_date_time_get_minute(there);
	holiday = is_holiday(place, there);
	open = !holiday && in_span(place, day, hour * 60 + minute);
	if (got)
		g_string_append_printf(got, "%s%s %02u:%02u %s, %s", got->len ? "; " : "", day_names[day], hour, minute,
				       place->zone_name, open ? "open" : holiday ? "a holiday" : "closed");
	return open;
}

/* ---- the next opening ---- */

#define DAYS_AHEAD 370

/* The first opening of that day behind now_ms; -1: there is none. */
static gint64 opening_of(const struct place_hours *place, GDateTime *day, gint64 now_ms)
{
	gint64 first = -1;

	for (guint i = 0; i < place->spans->len; i++) {
		const struct span *span = &g_array_index(place->spans, struct span, i);
		g_autoptr(GDateTime) from = NULL;
		gint64 ms;

		if (span->day != (guint)g_date_time_get_day_of_week(day) - 1)
			continue;
		from = g_date_time_new(place->zone, g_date_time_get_year(day), g_date_time_get_month(day),
				       g_date_time_get_day_of_month(day), (gint)span->from / 60, (gint)span->from % 60, 0);
		ms = from ? g_date_time_to_unix(from) * 1000 : -1;
		if (ms > now_ms && (first < 0 || ms < first))
			first = ms;
	}
	return first;
}

gint64 hg_hours_next(const hg_hours *hours, guint at, gint64 now_ms)
{
	const struct place_hours *place = g_ptr_array_index(hours->places, at);
	g_autoptr(GDateTime) today = clock_there(place, now_ms);

	if (hg_hours_open(hours, at, now_ms, NULL))
		return now_ms;
	for (gint ahead = 0; today && ahead < DAYS_AHEAD; ahead++) {
		g_autoptr(GDateTime) day = g_date_time_add_days(today, ahead);
		gint64 ms = day && !is_holiday(place, day) ? opening_of(place, day, now_ms) : -1;

		if (ms >= 0)
			return ms;
	}
	return -1;
}

/* The end of the times that ms lies in; -1: it lies in none. */
static gint64 end_of(const struct place_hours *place, gint64 ms)
{
	g_autoptr(GDateTime) there = clock_there(place, ms), day = NULL, end = NULL;
	guint minute = there ? (guint)(g_date_time_get_hour(there) * 60 + g_date_time_get_minute(there)) : 0, to = 0;

	for (guint i = 0; there && i < place->spans->len; i++) {
		const struct span *span = &g_array_index(place->spans, struct span, i);

		if (span->day == (guint)g_date_time_get_day_of_week(there) - 1 && minute >= span->from && minute < span->to)
			to = MAX(to, span->to);
	}
	if (!to)
		return -1;
	/* 24:00 is the next day's first minute. */
	day = g_date_time_add_days(there, to == 1440);
	end = day ? g_date_time_new(place->zone, g_date_time_get_year(day), g_date_time_get_month(day),
				    g_date_time_get_day_of_month(day), (gint)(to % 1440) / 60, (gint)to % 60, 0) : NULL;
	return end ? g_date_time_to_unix(end) * 1000 : -1;
}

gint64 hg_hours_change(const hg_hours *hours, guint at, gint64 now_ms)
{
	const struct place_hours *place = g_ptr_array_index(hours->places, at);
	gint64 ms = now_ms;

	if (!hg_hours_open(hours, at, now_ms, NULL))
		return hg_hours_next(hours, at, now_ms);
	/* Times may touch: at midnight above all. */
	for (guint i = 0; i < DAYS_AHEAD; i++) {
		gint64 end = end_of(place, ms);

		if (end <= ms)
			return -1;
		if (!hg_hours_open(hours, at, end, NULL))
			return end;
		ms = end;
	}
	return -1;
}

void hg_hours_clock(const hg_hours *hours, guint at, gint64 ms, gint64 now_ms, GString *out)
{
	const struct place_hours *place = g_ptr_array_index(hours->places, at);
	g_autoptr(GDateTime) then = clock_there(place, ms), now = clock_there(place, now_ms);
	gboolean today = then && now && g_date_time_get_year(then) == g_date_time_get_year(now) &&
			 g_date_time_get_day_of_year(then) == g_date_time_get_day_of_year(now);
	g_autofree char *text = then ? g_date_time_format(then, today ? "%H:%M" : "%Y-%m-%d %H:%M") : NULL;

	g_string_append(out, text ? text : "");
}

/* ---- open time ---- */

#define STEP_MS	  (5 * 60 * 1000)
#define LATER_MAX (G_GINT64_CONSTANT(60) * 86400000)

gint64 hg_hours_later(const hg_hours *hours, guint at, gint64 now_ms, gint64 span_ms)
{
	gint64 ms = now_ms;

	while (span_ms > 0 && ms < now_ms + LATER_MAX) {
		gint64 open_ms = hg_hours_next(hours, at, ms);

		if (open_ms < 0)
			break;
		ms = open_ms + MIN(STEP_MS, span_ms);
		span_ms -= STEP_MS;
	}
	return ms;
}

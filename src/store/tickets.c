/* tickets.c - the formal records and their links into helpdesks */
#include "late.h"

#include <string.h>

static const struct hg_column ticket_columns[] = {
	HG_COLUMN(hg_ticket, n, INT64, HG_C_N),
	HG_COLUMN(hg_ticket, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_ticket, thread_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_ticket, number, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_ticket, state, INT, 0),
	HG_COLUMN(hg_ticket, subject, TEXT0, 0),
	HG_COLUMN(hg_ticket, priority, TEXT, 0),
	HG_COLUMN(hg_ticket, category, TEXT, 0),
	HG_COLUMN(hg_ticket, type, TEXT, 0),
	HG_COLUMN(hg_ticket, reason, TEXT, 0),
	HG_COLUMN(hg_ticket, agent, TEXT, 0),
	HG_COLUMN(hg_ticket, external_status, TEXT, 0),
	HG_COLUMN(hg_ticket, created_ms, INT64, 0),
	HG_COLUMN(hg_ticket, changed_ms, INT64, 0),
	HG_COLUMN(hg_ticket, acked_ms, INT64, 0),
	HG_COLUMN(hg_ticket, confirmed, INT, 0),
	HG_COLUMN(hg_ticket, queue, TEXT, 0),
	HG_COLUMN(hg_ticket, skill, TEXT, 0),
	HG_COLUMN(hg_ticket, assignee, TEXT, 0),
	HG_COLUMN(hg_ticket, routed, TEXT, 0),
	HG_COLUMN(hg_ticket, status, TEXT, 0),
	HG_COLUMN(hg_ticket, requester, TEXT, 0),
	HG_COLUMN(hg_ticket, shadow, INT, 0),
	{ 0 }
};
static const struct hg_table ticket_table = { "ticket", ticket_columns, sizeof(hg_ticket), HG_NUMBERS_TICKET };

static const struct hg_column link_columns[] = {
	HG_COLUMN(hg_link, ticket_n, INT64, HG_C_KEY),
	HG_COLUMN(hg_link, backend, TEXT, HG_C_KEY),
	HG_COLUMN(hg_link, external_id, TEXT, HG_C_KEY),
	HG_COLUMN(hg_link, number, TEXT, 0),
	HG_COLUMN(hg_link, url, TEXT, 0),
	HG_COLUMN(hg_link, at_ms, INT64, 0),
	HG_COLUMN(hg_link, status_order, INT64, 0),
	HG_COLUMN(hg_link, moved_ms, INT64, 0),
	{ 0 }
};
static const struct hg_table link_table = { "link", link_columns, sizeof(hg_link), HG_NUMBERS_NONE };

/* ---- numbers ---- */
gboolean hg_store_counter_get(hg_store *store, const char *name, gint64 fallback, gint64 *ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_COUNTER_GET, "SELECT next FROM counter WHERE name = $1", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &get, HG_BIND(HG_T(name)), fallback, ret, error);
}

gboolean hg_store_counter_set(hg_store *store, const char *name, gint64 next, GError **error)
{
	static const struct hg_sql set = { HG_SQL_COUNTER_SET, "INSERT INTO counter (name, next) VALUES ($1, $2) "
					   "ON CONFLICT (name) DO UPDATE SET next = excluded.next", HG_SQL_ALONE, NULL };

	return hg_sql_run(store, &set, HG_BIND(HG_T(name), HG_I(next)), NULL, error);
}

gboolean hg_store_outage_get(hg_store *store, const char *backend, gint64 *ret_since_ms, GError **error)
{
	g_autofree char *name = g_strconcat("down:", backend, NULL);

	return hg_store_counter_get(store, name, 0, ret_since_ms, error);
}

gboolean hg_store_outage_set(hg_store *store, const char *backend, gint64 since_ms, GError **error)
{
	g_autofree char *name = g_strconcat("down:", backend, NULL);

	return hg_store_counter_set(store, name, since_ms, error);
}

/* Tickets on trial have a counter of their own: the numbers of real ones go on as if there were none. */
static const char *counter_of(const hg_ticket *ticket)
{
	return ticket->shadow ? "shadow" : "ticket";
}

/* One part of the pattern behind its %; returns where the next begins, NULL: it means nothing. */
static const char *number_part(const char *at, gint64 number, GDateTime *day, GString *out, gboolean *ret_counted)
{
	gint width = at[0] == '0' && g_ascii_isdigit(at[1]) ? g_ascii_digit_value(at[1]) : 0;

	at += width ? 2 : 0;
	switch (*at) {
	case 'd':
		g_string_append_printf(out, "%0*" G_GINT64_FORMAT, width, number);
		*ret_counted = TRUE;
		break;
	case 'Y':
		g_string_append_printf(out, "%04d", g_date_time_get_year(day));
		break;
	case 'y':
		g_string_append_printf(out, "%02d", g_date_time_get_year(day) % 100);
		break;
	case 'm':
		g_string_append_printf(out, "%02d", g_date_time_get_month(day));
		break;
	case '%':
		g_string_append_c(out, '%');
		break;
	default:
		return NULL;
	}
	return at + 1;
}

/* The pattern comes from the configuration: never a printf format.  NULL: it cannot be read. */
static const char *number_text(hg_arena *arena, const char *pattern, gint64 number, gint64 at_ms)
{
	g_autoptr(GDateTime) day = g_date_time_new_from_unix_utc(at_ms / 1000);
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean counted = FALSE;

	for (const char *at = pattern ?: ""; *at;) {
		gsize plain = strcspn(at, "%");

		g_string_append_len(out, at, (gssize)plain);
		at += plain;
		if (*at && !(at = number_part(at + 1, number, day, out, &counted)))
			return NULL;
	}
	return counted ? hg_arena_str(arena, out->str) : NULL;
}

#define NUMBERS_TRIED 1000	/* taken ones in a row: only after the pattern was changed and back */

gboolean hg_store_ticket_add(hg_store *store, hg_arena *arena, hg_ticket *ticket, const char *pattern, gint64 first,
			     GError **error)
{
	static const struct hg_sql add = { HG_SQL_TICKET_ADD, NULL, HG_SQL_INSERT, &ticket_table };
	hg_ticket *taken;
	gint64 number, end;

	if (!hg_store_counter_get(store, counter_of(ticket), first, &number, error))
		return FALSE;
	number = MAX(number, first);
	for (end = number + NUMBERS_TRIED; number < end; number++) {
		const char *text = number_text(arena, pattern, number, ticket->created_ms);

		if (!text)
			return hg_fail(error, HG_ERROR_CONFIG, "ticket number pattern \"%s\" has no %%d, or a %% that "
				       "means nothing", pattern);
		if (!hg_store_ticket_by_number(store, arena, text, &taken, error))
			return FALSE;
		if (taken)
			continue;
		ticket->number = text;
		return hg_row_add(store, &add, ticket, error) && hg_store_counter_set(store, counter_of(ticket), number + 1, error);
	}
	return hg_fail(error, HG_ERROR_CONFLICT, "no free ticket number from %" G_GINT64_FORMAT " on: set the "
		       "configured first number higher", number - NUMBERS_TRIED);
}

/* ---- tickets ---- */
gboolean hg_store_ticket_get(hg_store *store, hg_arena *arena, gint64 n, hg_ticket **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_TICKET_GET, NULL, HG_SQL_BY_N, &ticket_table };

	return hg_row_by_n(store, &get, n, arena, ret, error);
}

gboolean hg_store_ticket_by_id(hg_store *store, hg_arena *arena, const char *id, hg_ticket **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_TICKET_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &ticket_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_ticket_by_number(hg_store *store, hg_arena *arena, const char *number, hg_ticket **ret,
				   GError **error)
{
	static const struct hg_sql get = { HG_SQL_TICKET_BY_NUMBER, "WHERE number = $1", HG_SQL_SELECT, &ticket_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(number)), arena, ret, error);
}

gboolean hg_store_ticket_update(hg_store *store, const hg_ticket *ticket, GError **error)
{
	static const struct hg_sql update = { HG_SQL_TICKET_UPDATE, NULL, HG_SQL_UPDATE, &ticket_table };

	return hg_row_change(store, &update, ticket, "ticket", error);
}

/* ---- lists ---- */
gboolean hg_store_ticket_list(hg_store *store, hg_arena *arena, const struct hg_ticket_query *query, GPtrArray *ret, GError **error)
{
#define ON_ITS_WAY "SELECT th.ticket_n FROM outbox o JOIN thread th ON th.n = o.thread_n WHERE o.target = 2"
#define FILTER "n < $1 AND shadow = $2 AND ($3 = 0 OR state = $3) AND created_ms >= $4 AND created_ms < $5 " \
	"AND (CAST($6 AS TEXT) IS NULL OR (SELECT th.channel FROM thread th WHERE th.n = ticket.thread_n) = $6)"
	static const struct hg_sql all = { HG_SQL_TICKET_LIST, "WHERE " FILTER " AND (CAST($7 AS TEXT) IS NULL "
					   "OR EXISTS (SELECT 1 FROM link l WHERE l.ticket_n = ticket.n AND l.backend = $7) "
					   "OR n IN (" ON_ITS_WAY " AND o.name = $7)) ORDER BY n DESC LIMIT $8", HG_SQL_SELECT, &ticket_table };
	static const struct hg_sql work = { HG_SQL_TICKET_LIST_WORK, "WHERE " FILTER " AND n IN (" ON_ITS_WAY " AND (CAST($7 AS TEXT) IS NULL "
					    "OR o.name = $7) AND CASE WHEN o.state = 6 THEN 1 ELSE 0 END = $8) ORDER BY n DESC LIMIT $9", HG_SQL_SELECT, &ticket_table };
#undef FILTER
#undef ON_ITS_WAY
	const struct hg_value before = HG_I(query->before_n ?: G_MAXINT64), until = HG_I(query->until_ms ?: G_MAXINT64);
	const struct hg_value shadow = HG_I(query->shadow), state = HG_I(query->state), since = HG_I(query->since_ms);
	const struct hg_value channel = HG_T(query->channel), backend = HG_T(query->backend), limit = HG_I(query->limit);

	G_STATIC_ASSERT(HG_JOB_DEAD == 6 && HG_TO_BACKEND == 2);
	if (!query->work)
		return hg_row_all(store, &all, HG_BIND(before, shadow, state, since, until, channel, backend, limit), arena, ret, error);
	return hg_row_all(store, &work, HG_BIND(before, shadow, state, since, until, channel, backend,
						HG_I(query->work == HG_WORK_FAILED), limit), arena, ret, error);
}

/* ---- how busy people are ---- */
gboolean hg_store_ticket_load(hg_store *store, const char *assignee, gint64 *ret, GError **error)
{
	static const struct hg_sql count = { HG_SQL_TICKET_LOAD, "SELECT COUNT(*) FROM ticket WHERE assignee = $1 "
					     "AND state < 4 AND assignee IS NOT NULL AND shadow = 0", HG_SQL_TEXT, &ticket_table };

	return hg_sql_int(store, &count, HG_BIND(HG_T(assignee)), 0, ret, error);
}

gboolean hg_store_ticket_waiting(hg_store *store, const char *queue, gint64 *ret, GError **error)
{
	static const struct hg_sql count = { HG_SQL_TICKET_WAITING, "SELECT COUNT(*) FROM ticket WHERE queue = $1 "
					     "AND queue IS NOT NULL AND state < 4 AND assignee IS NULL AND shadow = 0", HG_SQL_TEXT, &ticket_table };

	return hg_sql_int(store, &count, HG_BIND(HG_T(queue)), 0, ret, error);
}

gboolean hg_store_ticket_answered(hg_store *store, const char *queue, gint64 since_ms, guint limit, GArray *ret,
				  GError **error)
{
	static const struct hg_sql list = { HG_SQL_TICKET_ANSWERED, "SELECT th.first_response_ms - t.created_ms "
					    "FROM ticket t JOIN thread th ON th.n = t.thread_n WHERE t.queue = $1 "
					    "AND t.queue IS NOT NULL AND t.created_ms > $2 AND t.shadow = 0 "
					    "AND th.first_response_ms > t.created_ms ORDER BY t.created_ms DESC LIMIT $3",
					    0, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &list, HG_BIND(HG_T(queue), HG_I(since_ms), HG_I(limit)), error);
	int row = -1;

	while (stmt && (row = hg_stmt_next(stmt, error)) == 1) {
		gint64 ms = hg_stmt_int(stmt, 0);

		g_array_append_val(ret, ms);
	}
	return row == 0;
}

/* ---- links ---- */
gboolean hg_store_link_get(hg_store *store, hg_arena *arena, gint64 ticket_n, const char *backend, hg_link **ret,
			   GError **error)
{
	static const struct hg_sql get = { HG_SQL_LINK_GET, "WHERE ticket_n = $1 AND backend = $2", HG_SQL_SELECT,
					   &link_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(ticket_n), HG_T(backend)), arena, ret, error);
}

gboolean hg_store_link_update(hg_store *store, const hg_link *link, GError **error)
{
	static const struct hg_sql update = { HG_SQL_LINK_UPDATE, NULL, HG_SQL_UPDATE, &link_table };

	return hg_row_change(store, &update, link, "link", error);
}

gboolean hg_store_link_set(hg_store *store, const hg_link *link, GError **error)
{
	static const struct hg_sql add = { HG_SQL_LINK_ADD, NULL, HG_SQL_INSERT, &link_table };
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_link *old;

	if (!hg_store_link_get(store, arena, link->ticket_n, link->backend, &old, error))
		return FALSE;
	if (!old)
		return hg_row_update(store, &add, link, NULL, error);
	if (strcmp(old->external_id, link->external_id) != 0)
		return hg_fail(error, HG_ERROR_CONFLICT, "the ticket is %s in %s already, not %s", old->external_id,
			       link->backend, link->external_id);
	/* The same again may know more than the first time. */
	old->number = link->number ?: old->number;
	old->url = link->url ?: old->url;
	return hg_store_link_update(store, old, error);
}

gboolean hg_store_link_move(hg_store *store, const hg_link *link, GError **error)
{
	static const struct hg_sql move = { HG_SQL_LINK_MOVE, "UPDATE link SET external_id = $1, number = $2, url = $3, "
					    "status_order = 0, moved_ms = $4 WHERE ticket_n = $5 AND backend = $6", HG_SQL_ALONE, NULL };
	gint64 changed;

	if (!hg_sql_run(store, &move, HG_BIND(HG_T(link->external_id), HG_T(link->number), HG_T(link->url),
					      HG_I(link->moved_ms), HG_I(link->ticket_n), HG_T(link->backend)), &changed, error))
		return FALSE;
	return changed || hg_fail(error, HG_ERROR_MISSING, "the ticket has no link to %s", link->backend);
}

gboolean hg_store_link_list(hg_store *store, hg_arena *arena, gint64 ticket_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_LINK_LIST, "WHERE ticket_n = $1 ORDER BY backend", HG_SQL_SELECT,
					    &link_table };

	/* Whoever names a row writes it first. */
	if (hg_late_find(store, &ticket_table, ticket_n))
		return TRUE;
	return hg_row_all(store, &list, HG_BIND(HG_I(ticket_n)), arena, ret, error);
}

/* A helpdesk that merges two of our tickets gives both its one id: that one is meant which had it before, else the newer. */
gboolean hg_store_ticket_by_link(hg_store *store, hg_arena *arena, const char *backend, const char *external_id,
				 hg_ticket **ret, GError **error)
{
	static const struct hg_sql one = { HG_SQL_TICKET_BY_LINK, "WHERE n = (SELECT ticket_n FROM link WHERE "
					   "external_id = $1 AND backend = $2 ORDER BY moved_ms > 0, ticket_n DESC LIMIT 1)", HG_SQL_SELECT, &ticket_table };
	static const struct hg_sql any = { HG_SQL_TICKET_BY_LINK_ANY, "WHERE n = (SELECT ticket_n FROM link WHERE "
					   "external_id = $1 ORDER BY moved_ms > 0, ticket_n DESC LIMIT 1)", HG_SQL_SELECT, &ticket_table };

	if (!backend)
		return hg_row_one(store, &any, HG_BIND(HG_T(external_id)), arena, ret, error);
	return hg_row_one(store, &one, HG_BIND(HG_T(external_id), HG_T(backend)), arena, ret, error);
}

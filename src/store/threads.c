/* threads.c - conversations */
#include "late.h"

static const struct hg_column thread_columns[] = {
	HG_COLUMN(hg_thread, n, INT64, HG_C_N),
	HG_COLUMN(hg_thread, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_thread, contact_n, INT64, HG_C_INDEXED),
	HG_COLUMN(hg_thread, scope, TEXT0, HG_C_INDEXED),
	HG_COLUMN(hg_thread, key, TEXT0, HG_C_INDEXED),
	HG_COLUMN(hg_thread, subject, TEXT, 0),
	HG_COLUMN(hg_thread, state, INT, HG_C_INDEXED),
	HG_COLUMN(hg_thread, resolution, INT, 0),
	HG_COLUMN(hg_thread, version, INT64, HG_C_VERSION),
	HG_COLUMN(hg_thread, opened_ms, INT64, HG_C_INDEXED),
	HG_COLUMN(hg_thread, last_ms, INT64, 0),
	HG_COLUMN(hg_thread, first_message_ms, INT64, 0),
	HG_COLUMN(hg_thread, last_customer_ms, INT64, 0),
	HG_COLUMN(hg_thread, first_response_ms, INT64, 0),
	HG_COLUMN(hg_thread, first_bot_ms, INT64, 0),
	HG_COLUMN(hg_thread, closed_ms, INT64, 0),
	HG_COLUMN(hg_thread, converted_ms, INT64, 0),
	HG_COLUMN(hg_thread, messages, INT64, 0),
	HG_COLUMN(hg_thread, inbound, INT64, 0),
	HG_COLUMN(hg_thread, outbound, INT64, 0),
	HG_COLUMN(hg_thread, last_seq, INT64, 0),
	HG_COLUMN(hg_thread, last_event_n, REF, 0),
	HG_COLUMN(hg_thread, last_message_n, REF, 0),
	HG_COLUMN(hg_thread, channel, TEXT, HG_C_INDEXED),
	HG_COLUMN(hg_thread, reply_to, TEXT, 0),
	HG_COLUMN(hg_thread, reply_from, TEXT, 0),
	HG_COLUMN(hg_thread, last_decision_n, REF, 0),
	HG_COLUMN(hg_thread, last_in_n, REF, 0),
	HG_COLUMN(hg_thread, tags, TEXT, 0),
	HG_COLUMN(hg_thread, fields, TEXT, 0),
	HG_COLUMN(hg_thread, ticket_n, REF, 0),
	HG_COLUMN(hg_thread, held, INT, 0),
	HG_COLUMN(hg_thread, reopened, INT, 0),
	HG_COLUMN(hg_thread, episode, INT64, 0),
	HG_COLUMN(hg_thread, episode_n, REF, 0),
	HG_COLUMN(hg_thread, ep_opened_ms, INT64, 0),
	HG_COLUMN(hg_thread, ep_customer_ms, INT64, 0),
	HG_COLUMN(hg_thread, ep_bot_ms, INT64, 0),
	HG_COLUMN(hg_thread, ep_human_ms, INT64, 0),
	HG_COLUMN(hg_thread, ep_confirmed_ms, INT64, 0),
	HG_COLUMN_MOVES(hg_thread, waiting_ms, was_waiting_ms),
	HG_COLUMN_MOVES(hg_thread, alone_ms, was_alone_ms),
	HG_COLUMN(hg_thread, ep_inbound, INT64, 0),
	HG_COLUMN(hg_thread, ep_bot, INT64, 0),
	HG_COLUMN(hg_thread, ep_human, INT64, 0),
	HG_COLUMN(hg_thread, ep_real, INT64, 0),
	HG_COLUMN(hg_thread, queue, TEXT, HG_C_INDEXED),
	HG_COLUMN(hg_thread, skill, TEXT, 0),
	HG_COLUMN(hg_thread, assignee, TEXT, HG_C_INDEXED),
	HG_COLUMN(hg_thread, backend, TEXT, 0),
	HG_COLUMN(hg_thread, shadow, INT, HG_C_INDEXED),
	HG_COLUMN(hg_thread, asked, TEXT, 0),
	HG_COLUMN(hg_thread, asked_ms, INT64, 0),
	HG_COLUMN(hg_thread, asked_episode, INT64, 0),
	HG_COLUMN(hg_thread, participants, TEXT, 0),
	HG_COLUMN(hg_thread, related, TEXT, 0),
	HG_COLUMN(hg_thread, forgotten, INT, 0),
	HG_COLUMN(hg_thread, noise, INT, 0),
	{ 0 }
};
static const struct hg_table thread_table = { "thread", thread_columns, sizeof(hg_thread), HG_NUMBERS_THREAD };

gboolean hg_store_thread_add(hg_store *store, hg_thread *thread, GError **error)
{
	static const struct hg_sql add = { HG_SQL_THREAD_ADD, NULL, HG_SQL_INSERT, &thread_table };

	return hg_row_add(store, &add, thread, error);
}

gboolean hg_thread_is_late(hg_store *store, gint64 n)
{
	return hg_late_find(store, &thread_table, n) != NULL;
}

gboolean hg_store_thread_get(hg_store *store, hg_arena *arena, gint64 n, hg_thread **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_THREAD_GET, NULL, HG_SQL_BY_N, &thread_table };

	return hg_row_by_n(store, &get, n, arena, ret, error);
}

gboolean hg_thread_ahead(hg_store *store, const struct hg_range *range, struct hg_range *ret_contacts, GError **error)
{
	const hg_thread *thread;

	if (!hg_row_ahead(store, &thread_table, range, error))
		return FALSE;
	for (gint64 n = range->from; range->n && n <= range->to; n++)
		if ((thread = hg_known_find(hg_store_known(store), &thread_table, n)))
			hg_range_add(ret_contacts, thread->contact_n);
	return TRUE;
}

gboolean hg_store_thread_by_id(hg_store *store, hg_arena *arena, const char *id, hg_thread **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_THREAD_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &thread_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_thread_update(hg_store *store, hg_thread *thread, GError **error)
{
	/* Most updates move neither state nor owner, nor since when somebody waits: those leave all indexes alone.  That he waits,
	 * or does no longer, is told from what was read, so that it is not tried in vain. */
	static const struct hg_sql same = { HG_SQL_THREAD_UPDATE_SAME, NULL, HG_SQL_UPDATE_SAME, &thread_table };
	static const struct hg_sql moved = { HG_SQL_THREAD_UPDATE_MOVED, NULL, HG_SQL_UPDATE_MOVED, &thread_table };
	static const struct hg_sql update = { HG_SQL_THREAD_UPDATE, NULL, HG_SQL_UPDATE, &thread_table };
	gboolean moves = thread->waiting_ms != thread->was_waiting_ms || thread->alone_ms != thread->was_alone_ms;
	g_autoptr(GError) failed = NULL;
	gint64 changed = 0;

	if (!hg_sql_sorts_updates(store) && !hg_row_update(store, moves ? &moved : &same, thread, &changed, error))
		return FALSE;
	if (!changed && !hg_row_change(store, &update, thread, "thread", &failed)) {
		if (g_error_matches(failed, HG_ERROR, HG_ERROR_MISSING))
			return hg_fail(error, HG_ERROR_STATE, "thread %s was changed by somebody else since it was read", thread->id);
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	thread->version++;
	thread->was_waiting_ms = thread->waiting_ms;
	thread->was_alone_ms = thread->alone_ms;
	return TRUE;
}

static gboolean is_of(const hg_thread *thread, const hg_thread *like)
{
	return thread->contact_n == like->contact_n && g_strcmp0(thread->scope, like->scope) == 0 &&
	       (!like->key || g_strcmp0(thread->key, like->key) == 0);
}

/* Those that wait are newer than those that are written.  *limit: how many more may be added. */
static void add_late(hg_store *store, hg_arena *arena, const hg_thread *like, guint *limit, GPtrArray *ret)
{
	const hg_thread *late;
	guint first = ret->len, at = 0;

	while ((late = hg_late_next(store, &thread_table, &at)))
		if (is_of(late, like))
			g_ptr_array_insert(ret, (gint)first, hg_row_copy(&thread_table, late, arena));
	if (ret->len > first + *limit)
		g_ptr_array_set_size(ret, (gint)(first + *limit));
	*limit -= ret->len - first;
}

gboolean hg_store_thread_of(hg_store *store, hg_arena *arena, gint64 contact_n, const char *scope, const char *key,
			    guint limit, GPtrArray *ret, GError **error)
{
	static const struct hg_sql any = { HG_SQL_THREAD_OF, "WHERE contact_n = $1 AND scope = $2 "
					   "ORDER BY n DESC LIMIT $3", HG_SQL_WRITTEN, &thread_table };
	static const struct hg_sql keyed = { HG_SQL_THREAD_OF_KEY, "WHERE contact_n = $1 AND scope = $2 AND key = $3 "
					     "ORDER BY n DESC LIMIT $4", HG_SQL_WRITTEN, &thread_table };

	add_late(store, arena, &(hg_thread){ .contact_n = contact_n, .scope = scope ?: "", .key = key }, &limit, ret);
	if (!limit || hg_contact_is_late(store, contact_n))
		return TRUE;
	if (!key)
		return hg_row_all(store, &any, HG_BIND(HG_I(contact_n), HG_T(scope ?: ""), HG_I(limit)), arena, ret,
				  error);
	return hg_row_all(store, &keyed, HG_BIND(HG_I(contact_n), HG_T(scope ?: ""), HG_T(key), HG_I(limit)), arena,
			  ret, error);
}

gboolean hg_store_thread_answered_at(hg_store *store, hg_arena *arena, gint64 contact_n, const char *uri, gint64 before_n,
				     guint limit, GPtrArray *ret, GError **error)
{
	static const struct hg_sql at = { HG_SQL_THREAD_ANSWERED_AT, "WHERE contact_n = $1 AND reply_to = $2 AND n < $3 "
					  "ORDER BY n DESC LIMIT $4", HG_SQL_SELECT, &thread_table };

	return hg_row_all(store, &at, HG_BIND(HG_I(contact_n), HG_T(uri), HG_I(before_n), HG_I(limit)), arena, ret, error);
}

/* ---- tags ---- */

/* Only what differs is written: a tag that stays costs nothing. */
static gboolean write_tags(hg_store *store, const struct hg_sql *sql, gint64 thread_n, const char *const *tags,
			   const char *const *but, GError **error)
{
	for (; tags && *tags; tags++)
		if (!(but && g_strv_contains(but, *tags)) &&
		    !hg_sql_run(store, sql, HG_BIND(HG_T(*tags), HG_I(thread_n)), NULL, error))
			return FALSE;
	return TRUE;
}

gboolean hg_store_thread_tags(hg_store *store, gint64 thread_n, const char *const *was, const char *const *is, GError **error)
{
	static const struct hg_sql add = { HG_SQL_THREAD_TAG_ADD, "INSERT INTO thread_tag (tag, thread_n) VALUES ($1, $2) "
					   "ON CONFLICT (tag, thread_n) DO NOTHING", HG_SQL_ALONE, NULL };
	static const struct hg_sql drop = { HG_SQL_THREAD_TAG_DELETE, "DELETE FROM thread_tag WHERE tag = $1 AND thread_n = $2",
					    HG_SQL_ALONE, NULL };

	return write_tags(store, &drop, thread_n, was, is, error) && write_tags(store, &add, thread_n, is, was, error);
}

gboolean hg_store_viewed_list(hg_store *store, hg_arena *arena, const struct hg_view *view, guint limit, GPtrArray *ret,
			      GError **error)
{
	static const struct hg_sql own = { HG_SQL_THREAD_VIEWED, "WHERE contact_n = $1 AND scope = $2 "
					   "ORDER BY last_ms DESC, n DESC LIMIT $3", HG_SQL_SELECT, &thread_table };
	static const struct hg_sql visited = { HG_SQL_THREAD_VISITED, "WHERE n IN (SELECT thread_n FROM visit WHERE uri = $1) "
					       "AND scope = $2 ORDER BY last_ms DESC, n DESC LIMIT $3", HG_SQL_SELECT,
					       &thread_table };
	const struct hg_value who = view->contact_n ? (struct hg_value)HG_I(view->contact_n) : (struct hg_value)HG_T(view->uri);

	return hg_row_all(store, view->contact_n ? &own : &visited,
			  HG_BIND(who, HG_T(view->scope ?: ""), HG_I(MIN(limit, HG_VIEW_MAX))), arena, ret, error);
}

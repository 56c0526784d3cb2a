/* thread_list.c - lists of conversations: by whatever narrows them most, newest first
 *
 * Each filter that has an index is a way to the conversations it lets through.  How many they are is counted first, up to
 * a number, and the shortest way is taken; the others are looked at row by row.  So a list is found among millions of conversations
 * whichever filters are put together. */
#include "sql.h"

#include <string.h>

#define COUNT_MAX 20000		/* more than that is many: newest first through all of them finds some soon */
#define CHUNK	  200		/* numbers of one statement */
#define LOOK_MAX  20000		/* conversations looked at for one page */
#define MERGES_MAX 8

struct search {			/* one list being made */
	hg_store *store;
	hg_arena *arena;
	const struct hg_thread_query *query;
	gint64 contact_n;
};

/* A way: numbers of conversations before $1, newest first, as many as the last parameter says; many: how many there are,
 * up to COUNT_MAX.  Between them, and of many, what the query says: none, one or two values. */
struct way {
	const char *numbers, *many;
};

static const struct way by_contact = {
	"SELECT n FROM thread WHERE n < $1 AND contact_n = $2 ORDER BY n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE contact_n = $1 LIMIT 20000) AS few" };
static const struct way by_tag = {
	"SELECT thread_n FROM thread_tag WHERE thread_n < $1 AND tag = $2 ORDER BY thread_n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread_tag WHERE tag = $1 LIMIT 20000) AS few" };
static const struct way by_assignee = {
	"SELECT n FROM thread WHERE n < $1 AND assignee = $2 ORDER BY n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE assignee = $1 LIMIT 20000) AS few" };
static const struct way by_queue = {
	"SELECT n FROM thread WHERE n < $1 AND queue = $2 ORDER BY n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE queue = $1 LIMIT 20000) AS few" };
static const struct way by_channel = {
	"SELECT n FROM thread WHERE n < $1 AND channel = $2 ORDER BY n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE channel = $1 LIMIT 20000) AS few" };
/* Every conversation's newest ticket is one of its tickets: those that have another as well come once all the same. */
static const struct way by_category = {
	"SELECT DISTINCT thread_n FROM ticket WHERE thread_n < $1 AND category = $2 ORDER BY thread_n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM ticket WHERE category = $1 LIMIT 20000) AS few" };
static const struct way by_priority = {
	"SELECT DISTINCT thread_n FROM ticket WHERE thread_n < $1 AND priority = $2 ORDER BY thread_n DESC LIMIT $3",
	"SELECT COUNT(*) FROM (SELECT 1 FROM ticket WHERE priority = $1 LIMIT 20000) AS few" };
static const struct way by_time = {
	"SELECT n FROM thread WHERE +n < $1 AND opened_ms >= $2 AND opened_ms < $3 ORDER BY +n DESC LIMIT $4",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE opened_ms >= $1 AND opened_ms < $2 LIMIT 20000) AS few" };
/* The pluses keep SQLite from walking down all conversations in order of n: it takes the index and sorts. */
static const struct way by_waiting = {
	"SELECT n FROM thread WHERE +n < $1 AND waiting_ms > 0 AND state <> 2 ORDER BY +n DESC LIMIT $2",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE waiting_ms > 0 AND state <> 2 LIMIT 20000) AS few" };
static const struct way by_open = {
	"SELECT n FROM thread WHERE +n < $1 AND state = 1 ORDER BY +n DESC LIMIT $2",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE state = 1 LIMIT 20000) AS few" };
static const struct way by_ticket = {
	"SELECT DISTINCT thread_n FROM ticket WHERE thread_n < $1 ORDER BY thread_n DESC LIMIT $2",
	"SELECT COUNT(*) FROM (SELECT 1 FROM ticket LIMIT 20000) AS few" };
static const struct way by_shadow = {
	"SELECT n FROM thread WHERE n < $1 AND shadow = 1 ORDER BY n DESC LIMIT $2",
	"SELECT COUNT(*) FROM (SELECT 1 FROM thread WHERE shadow = 1 LIMIT 20000) AS few" };
static const struct way by_none = { "SELECT n FROM thread WHERE n < $1 ORDER BY n DESC LIMIT $2", NULL };

struct chosen {
	const struct way *way;
	struct hg_value first, second;	/* type 0: it needs none */
	gint64 many;
};

static gboolean consider(struct search *search, struct chosen *best, const struct way *way, struct hg_value first,
			 struct hg_value second, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(search->store, way->many, (const struct hg_value[]){ first, second, { .type = 0 } }, error);
	gint64 many;

	if (!stmt || hg_stmt_next(stmt, error) != 1)
		return FALSE;
	many = hg_stmt_int(stmt, 0);
	hg_stmt_end(stmt);
	if (many < best->many)
		*best = (struct chosen){ way, first, second, many };
	return TRUE;
}

/* The shortest way; in doubt the first, so those that are short as a rule come first. */
static gboolean choose(struct search *search, struct chosen *ret, GError **error)
{
	const struct hg_thread_query *query = search->query;
	const struct hg_value none = { .type = 0 };
	const struct { gboolean given; const struct way *way; struct hg_value first, second; } ways[] = {
		{ query->contact_id != NULL, &by_contact, HG_I(search->contact_n), none },
		{ query->waiting, &by_waiting, none, none },
		{ query->assignee && *query->assignee, &by_assignee, HG_T(query->assignee), none },
		{ query->tag != NULL, &by_tag, HG_T(query->tag), none },
		{ query->state == HG_THREAD_OPEN, &by_open, none, none },
		{ query->category != NULL, &by_category, HG_T(query->category), none },
		{ query->priority != NULL, &by_priority, HG_T(query->priority), none },
		{ query->queue && *query->queue, &by_queue, HG_T(query->queue), none },
		{ query->shadow, &by_shadow, none, none },
		{ query->channel != NULL, &by_channel, HG_T(query->channel), none },
		{ query->channels && query->channels[0] && !query->channels[1], &by_channel,
		  HG_T(query->channels ? query->channels[0] : NULL), none },
		{ query->has_ticket > 0 || query->state == HG_THREAD_CONVERTED, &by_ticket, none, none },
		{ query->since_ms || query->until_ms, &by_time, HG_I(query->since_ms), HG_I(query->until_ms ?: G_MAXINT64) },
	};

	*ret = (struct chosen){ .way = &by_none, .many = COUNT_MAX };
	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
		if (ways[i].given && !consider(search, ret, ways[i].way, ways[i].first, ways[i].second, error))
			return FALSE;
	return TRUE;
}

/* ---- what the others say ---- */

static gboolean is_text(const char *wanted, const char *is)
{
	return !wanted || g_strcmp0(*wanted ? wanted : NULL, is && *is ? is : NULL) == 0;
}

static gboolean has_tag(struct search *search, const hg_thread *thread, gboolean *ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_THREAD_TAG_GET, "SELECT COUNT(*) FROM thread_tag WHERE tag = $1 AND thread_n = $2",
					   HG_SQL_ALONE, NULL };
	gint64 n = 1;

	if (search->query->tag && !hg_sql_int(search->store, &get, HG_BIND(HG_T(search->query->tag), HG_I(thread->n)), 0, &n, error))
		return FALSE;
	*ret = n > 0;
	return TRUE;
}

static gboolean fits_ticket(struct search *search, const hg_thread *thread, gboolean *ret, GError **error)
{
	const struct hg_thread_query *query = search->query;
	hg_ticket *ticket = NULL;

	*ret = (!query->category && !query->priority);
	if (*ret || !thread->ticket_n)
		return TRUE;
	if (!hg_store_ticket_get(search->store, search->arena, thread->ticket_n, &ticket, error))
		return FALSE;
	*ret = ticket && is_text(query->category, ticket->category) && is_text(query->priority, ticket->priority);
	return TRUE;
}

static gboolean fits_row(const struct search *search, const hg_thread *thread)
{
	const struct hg_thread_query *query = search->query;

	return thread->shadow == query->shadow && (!query->state || thread->state == query->state) &&
	       (!query->contact_id || thread->contact_n == search->contact_n) &&
	       (!query->channel || g_strcmp0(thread->channel, query->channel) == 0) &&
	       (!query->channels || (thread->channel && g_strv_contains(query->channels, thread->channel))) &&
	       is_text(query->queue, thread->queue) && is_text(query->assignee, thread->assignee) &&
	       thread->opened_ms >= query->since_ms && (!query->until_ms || thread->opened_ms < query->until_ms) &&
	       (!query->has_ticket || (query->has_ticket > 0) == (thread->ticket_n > 0)) &&
	       (!query->waiting || (thread->waiting_ms > 0 && thread->state != HG_THREAD_CLOSED));
}

gboolean hg_store_thread_fits(hg_store *store, hg_arena *arena, const hg_thread *thread, const struct hg_thread_query *query,
			      gint64 contact_n, gboolean *ret, GError **error)
{
	struct search search = { store, arena, query, contact_n };

	*ret = FALSE;
	if (!fits_row(&search, thread))
		return TRUE;
	return has_tag(&search, thread, ret, error) && (!*ret || fits_ticket(&search, thread, ret, error));
}

/* ---- the list ---- */

static gboolean read_chunk(struct search *search, const struct chosen *chosen, gint64 before_n, GArray *ret, GError **error)
{
	struct hg_value values[5] = { HG_I(before_n) };
	hg_stmt *stmt;
	int more = -1;
	guint n = 1;

	if (chosen->first.type)
		values[n++] = chosen->first;
	if (chosen->second.type)
		values[n++] = chosen->second;
	values[n] = (struct hg_value)HG_I(CHUNK);
	stmt = hg_stmt_once(search->store, chosen->way->numbers, values, error);
	g_array_set_size(ret, 0);
	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 number = hg_stmt_int(stmt, 0);

		g_array_append_val(ret, number);
	}
	return more == 0;
}

static gboolean add_one(struct search *search, gint64 n, GPtrArray *ret, GError **error)
{
	hg_thread *thread = NULL;
	gboolean fits = FALSE;

	if (!hg_store_thread_get(search->store, search->arena, n, &thread, error) ||
	    (thread && !hg_store_thread_fits(search->store, search->arena, thread, search->query, search->contact_n, &fits, error)))
		return FALSE;
	if (fits)
		g_ptr_array_add(ret, thread);
	return TRUE;
}

gboolean hg_store_contact_resolved(hg_store *store, hg_arena *arena, const char *id, gint64 *ret_n, GError **error)
{
	hg_contact *contact = NULL;

	*ret_n = 0;
	if (!hg_store_contact_by_id(store, arena, id, &contact, error))
		return FALSE;
	for (int i = 0; contact && contact->merged_into && i < MERGES_MAX; i++)
		if (!hg_store_contact_get(store, arena, contact->merged_into, &contact, error))
			return FALSE;
	*ret_n = contact ? contact->n : 0;
	return TRUE;
}

gboolean hg_store_thread_find(hg_store *store, hg_arena *arena, const struct hg_thread_query *query, GPtrArray *ret,
			      gint64 *ret_looked_n, GError **error)
{
	struct search search = { store, arena, query, 0 };
	g_autoptr(GArray) chunk = g_array_new(FALSE, FALSE, sizeof(gint64));
	gint64 before_n = query->before_n ?: G_MAXINT64;
	guint wanted = ret->len + query->limit, looked = 0;
	struct chosen chosen;

	*ret_looked_n = 0;
	if ((query->contact_id && !hg_store_contact_resolved(store, arena, query->contact_id, &search.contact_n, error)) ||
	    !choose(&search, &chosen, error))
		return FALSE;
	do {
		if (!read_chunk(&search, &chosen, before_n, chunk, error))
			return FALSE;
		for (guint i = 0; i < chunk->len && ret->len < wanted; i++, looked++) {
			before_n = g_array_index(chunk, gint64, i);
			if (!add_one(&search, before_n, ret, error))
				return FALSE;
		}
	} while (chunk->len == CHUNK && ret->len < wanted && looked < LOOK_MAX);
	if (chunk->len == CHUNK && ret->len < wanted)
		*ret_looked_n = before_n;
	return TRUE;
}

gboolean hg_store_thread_list(hg_store *store, hg_arena *arena, const struct hg_thread_query *query, GPtrArray *ret,
			      GError **error)
{
	struct hg_thread_query rest = *query;
	guint wanted = ret->len + query->limit;

	do {
		rest.limit = wanted - ret->len;
		if (!hg_store_thread_find(store, arena, &rest, ret, &rest.before_n, error))
			return FALSE;
	} while (rest.before_n && ret->len < wanted);
	return TRUE;
}

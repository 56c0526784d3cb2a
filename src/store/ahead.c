/* ahead.c - whoever follows the log reads what a page of events names in a few statements, not row by row
 *
 * New rows have new numbers, so what a page names lies close together.  All of it is read in one transaction that sees one
 * state, and is forgotten with it. */
#include "db.h"

#define PAGE_LEAST 8		/* events: fewer are read as they come */
#define SPAN_MOST 4		/* rows that are read for one that is wanted */

void hg_range_add(struct hg_range *range, gint64 n)
{
	if (!n)
		return;
	range->from = range->n ? MIN(range->from, n) : n;
	range->to = MAX(range->to, n);
	range->n++;
}

gboolean hg_row_ahead(hg_store *store, const struct hg_table *of, const struct hg_range *range, GError **error)
{
	const struct hg_sql all = { HG_SQL_ONCE, "WHERE n >= $1 AND n <= $2", HG_SQL_SELECT, of };
	g_autofree char *text = NULL;
	hg_stmt *stmt;
	int more;

	if (!range->n || range->to - range->from >= (gint64)range->n * SPAN_MOST)
		return TRUE;
	text = hg_table_sql(&all);
	stmt = hg_stmt_once(store, text, HG_BIND(HG_I(range->from), HG_I(range->to)), error);
	if (!stmt)
		return FALSE;
	while ((more = hg_stmt_next(stmt, error)) > 0)
		hg_known_put(store->known, of, hg_row_read(of, stmt, hg_known_arena(store->known)));
	return more == 0;
}

static gboolean read_ahead(hg_store *store, const GPtrArray *events, GError **error)
{
	struct hg_range threads = { 0 }, messages = { 0 }, decisions = { 0 }, contacts = { 0 };

	for (guint i = 0; i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		hg_range_add(&threads, event->thread_n);
		hg_range_add(&messages, event->message_n);
		hg_range_add(&decisions, event->decision_n);
	}
	return hg_thread_ahead(store, &threads, &contacts, error) && hg_contact_ahead(store, &contacts, error) &&
	       hg_message_ahead(store, &messages, error) && hg_decision_ahead(store, &decisions, error);
}

gboolean hg_store_follow_begin(hg_store *store, const GPtrArray *events, GError **error)
{
	g_assert(store->reader);
	if (events->len < PAGE_LEAST)
		return TRUE;
	if (hg_store_begin(store, error) && read_ahead(store, events, error))
		return TRUE;
	hg_store_follow_end(store);
	return FALSE;
}

void hg_store_follow_end(hg_store *store)
{
	if (store->in_txn)
		hg_store_rollback(store);
}

/* sim_look.c - past the store: what must hold at any time, and when everything has come to its end */
#include "sim.h"

#include <string.h>

/* ---- looking past the store ---- */

static sqlite3_stmt *stmt_of(hg_sim *sim, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = g_hash_table_lookup(sim->stmts, sql);

	if (!stmt) {
		if (sqlite3_prepare_v2(sim->db, sql, -1, &stmt, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(sim->db));
		g_hash_table_insert(sim->stmts, (gpointer)sql, stmt);
	}
	sqlite3_bind_int64(stmt, 1, x);
	sqlite3_bind_int64(stmt, 2, y);	/* where it has one */
	return stmt;
}

gint64 sim_number(hg_sim *sim, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = stmt_of(sim, sql, x, y);
	gint64 number = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;

	sqlite3_reset(stmt);
	return number;
}

char *sim_text(hg_sim *sim, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = stmt_of(sim, sql, x, y);
	char *text = sqlite3_step(stmt) == SQLITE_ROW ? g_strdup((const char *)sqlite3_column_text(stmt, 0)) : NULL;

	sqlite3_reset(stmt);
	return text;
}

static void stmt_end(void *stmt)
{
	sqlite3_finalize(stmt);
}

void sim_look_begin(hg_sim *sim)
{
	sim->stmts = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, stmt_end);
	assert_int_equal(sqlite3_open_v2(sim->lab->w->options.path, &sim->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
}

void sim_look_end(hg_sim *sim)
{
	g_hash_table_destroy(sim->stmts);
	sqlite3_close(sim->db);
}

gboolean sim_wrong(hg_sim *sim, const char *fmt, ...)
{
	va_list args;

	if (sim->why)
		return FALSE;
	va_start(args, fmt);
	sim->why = g_strdup_vprintf(fmt, args);
	va_end(args);
	return FALSE;
}

/* ---- what must hold ---- */

static gboolean wrong(hg_sim *sim, const char *what, char *where)
{
	if (where)
		sim_wrong(sim, "%s: %s", what, where);
	g_free(where);
	return sim->why != NULL;
}

gboolean sim_holds(hg_sim *sim)
{
	/* Which window was in force when a thread was opened is not known here: the shorter one holds in both. */
	gint64 join_ms = MIN(sim->with.confs[0]->window.join_ms, sim->with.confs[1]->window.join_ms);

	/* A matter has one ticket: while one is open, and something was said about it within the window, the
	 * next message is about it.  Groups and references have threads of their own (key), and a reference may
	 * wake an old one beside a new one: then it was not said before the new one was opened.  Who turns out to be one
	 * person has what both had. */
	if (wrong(sim, "two open tickets within the join window", sim_text(sim,
		  "SELECT k.id FROM ticket AS k JOIN thread AS t ON t.n = k.thread_n "
		  "JOIN thread AS u ON u.contact_n = t.contact_n AND u.scope = t.scope AND u.n <> t.n AND u.key = '' "
		  "JOIN ticket AS j ON j.n = u.ticket_n AND j.state < 4 AND j.n < k.n "
		  "WHERE k.n > ?1 AND k.state < 4 AND t.key = '' AND t.opened_ms > j.created_ms "
		  "AND t.opened_ms < u.last_ms + ?2 AND u.last_ms < t.opened_ms AND NOT EXISTS (SELECT 1 FROM merging AS g "
		  "WHERE instr(g.moved, t.id) OR instr(g.moved, u.id))", sim->ticket_n, join_ms)) ||
	    wrong(sim, "an agent's note in an event", sim_text(sim,
		  "SELECT id FROM event WHERE n > ?1 AND instr(data, '" NOTE_CANARY "')", sim->event_n, 0)) ||
	    wrong(sim, "an agent's note in the outbox", sim_text(sim,
		  "SELECT n FROM outbox WHERE n > ?1 AND target <> 7 AND instr(body, '" NOTE_CANARY "')", sim->job_n, 0)) ||
	    wrong(sim, "a ticket that was requested twice or never", sim_text(sim,
		  "SELECT k.id FROM ticket AS k WHERE k.thread_n > ?1 AND k.shadow = 0 AND (SELECT count(*) FROM event AS e "
		  "WHERE e.n > ?2 AND e.thread_n = k.thread_n AND e.type = 'ticket.requested' AND instr(e.data, k.id)) <> 1 AND NOT EXISTS (SELECT 1 FROM event AS f WHERE "
		  "f.thread_n = k.thread_n AND f.data LIKE '%\"erased\":true}')",
		  sim->thread_n, sim->first_event_n)) ||
	    wrong(sim, "a thread with two open tickets", sim_text(sim,
		  "SELECT max(id) FROM ticket WHERE thread_n > ?1 AND state < 4 GROUP BY thread_n HAVING count(*) > 1",
		  sim->thread_n, 0)) ||
	    wrong(sim, "a timer that is late", sim_text(sim,
		  "SELECT thread_n || ' ' || kind FROM timer WHERE due_ms <= ?1", test_now_ms, 0)) ||
	    wrong(sim, "a timer that acted twice", sim_text(sim,
		  "SELECT max(thread_n || ' ' || on_event) FROM decision WHERE n > ?1 AND on_event IN "
		  "('settle', 'first_response', 'thread.idle') GROUP BY thread_n, on_event, at_ms HAVING count(*) > 1",
		  sim->decision_n, 0)))
		return FALSE;
	sim->event_n = sim_number(sim, "SELECT max(n) FROM event", 0, 0);
	sim->ticket_n = sim_number(sim, "SELECT max(n) FROM ticket", 0, 0);
	sim->job_n = sim_number(sim, "SELECT max(n) FROM outbox", 0, 0);
	return TRUE;
}


/* ---- at the end ---- */

static gboolean is_erased(hg_sim *sim, const char *sql, gint64 n)
{
	return sim->erased && sim_number(sim, sql, n, 0);
}

gboolean sim_is_forgotten(hg_sim *sim)
{
	return is_erased(sim, "SELECT count(*) FROM erasure WHERE at_ms >= ?1", sim->began_ms);
}


/* Or gave up on by itself, or was kept from by a person. */
static gboolean taken_by_desk(hg_sim *sim)
{
	for (gint64 n = sim->began_ticket_n; (n = sim_number(sim, "SELECT min(n) FROM ticket WHERE n > ?1 AND state = 1 AND shadow = 0",
							     n, 0));) {
		gint64 thread_n = sim_number(sim, "SELECT thread_n FROM ticket WHERE n = ?1", n, 0);
		g_autofree char *name = g_strdup_printf("untaken %" G_GINT64_FORMAT, thread_n);

		if (g_hash_table_contains(sim->allowed, name) ||
		    sim_number(sim, "SELECT count(*) FROM outbox AS o JOIN event AS e ON e.n = o.event_n WHERE o.state = 6 AND "
			       "e.thread_n = ?1 AND e.type = 'ticket.requested'", thread_n, 0) ||
		    is_erased(sim, "SELECT count(*) FROM erasure AS g JOIN thread AS t ON t.contact_n = g.contact_n WHERE t.n = ?1",
			      thread_n))
			continue;
		return sim_wrong(sim, "liveness: ticket %" G_GINT64_FORMAT " that no helpdesk took", n);
	}
	return TRUE;
}

static gboolean nothing_waits(hg_sim *sim)
{
	return taken_by_desk(sim) && !wrong(sim, "liveness: a job that nobody does", sim_text(sim,
		      "SELECT n || ' to ' || name || ' in state ' || state FROM outbox WHERE state NOT IN (4, 6)", 0, 0)) &&
	       !wrong(sim, "liveness: a message that is not judged", sim_text(sim, "SELECT n FROM waiting", 0, 0)) &&
	       !wrong(sim, "liveness: pieces that nobody puts together", sim_text(sim, "SELECT n FROM joining", 0, 0)) &&
	       !wrong(sim, "liveness: a conversation that nobody ends", sim_text(sim,
		      "SELECT id FROM thread WHERE n > ?1 AND state = 1", sim->thread_n, 0));
}

/* What was unknown is listed as that: in the conversation, and told to the helpdesk. */
static gboolean unknown_is_listed(hg_sim *sim)
{
	return !wrong(sim, "an unknown send that no message shows", sim_text(sim,
		      "SELECT o.n FROM outbox AS o JOIN message AS m ON m.n = o.message_n WHERE o.state = 4 AND m.n > ?1 "
		      "AND m.delivery <= 2", sim->message_n, 0));
}

static gboolean each_once(hg_sim *sim)
{
	gint64 window_ms = MIN(sim->with.confs[0]->window.dedupe_ms, sim->with.confs[1]->window.dedupe_ms);

	return !wrong(sim, "a provider's message that became two", sim_text(sim,
		      "SELECT external_id FROM message WHERE n > ?1 AND direction = 1 GROUP BY external_id, channel "
		      "HAVING count(*) > 1 AND max(at_ms) - min(at_ms) < ?2", sim->message_n, window_ms));
}

static gboolean said_once(hg_sim *sim)
{
	for (guint i = 0; i < sim->accepted->len && !sim->why; i++) {
		const char *text = sim->accepted->pdata[i];
		sqlite3_stmt *stmt = stmt_of(sim, "SELECT count(*) FROM message WHERE n > ?1 AND direction = 2 AND text = ?3",
					     sim->message_n, 0);
		int n;

		sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
		n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int(stmt, 0) : -1;
		sqlite3_reset(stmt);
		if (n != 1 && (n || !(sim->mended || sim_is_forgotten(sim))))
			sim_wrong(sim, "an agent was told that \"%s\" is accepted, and it is there %d times", text, n);
	}
	return !sim->why;
}

/* A piece is somewhere in what a message says, and in one only as long as it is remembered. */
static gboolean piece_is_there(hg_sim *sim, const char *id)
{
	gint64 window_ms = MIN(sim->with.confs[0]->window.dedupe_ms, sim->with.confs[1]->window.dedupe_ms);
	g_autofree char *text = g_strdup_printf("[%s]", id);
	sqlite3_stmt *stmt = stmt_of(sim, "SELECT count(*), max(at_ms) - min(at_ms) < ?2 FROM message WHERE n > ?1 AND direction = 1 "
				     "AND instr(text, ?3)", sim->message_n, window_ms);
	int n;
	gboolean soon;

	sqlite3_bind_text(stmt, 3, text, -1, SQLITE_STATIC);
	sqlite3_step(stmt);
	n = sqlite3_column_int(stmt, 0);
	soon = sqlite3_column_int(stmt, 1);
	sqlite3_reset(stmt);
	return n == 1 || (n && !soon) || (!n && sim_is_forgotten(sim)) || sim_wrong(sim, "%s was acknowledged, and %d messages hold it", id, n);
}

static gboolean acknowledged_is_there(hg_sim *sim)
{
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, sim->acked);
	while (!sim->why && g_hash_table_iter_next(&iter, &id, NULL))
		if (g_str_has_prefix(id, "pc."))
			piece_is_there(sim, id);
		else if (!g_hash_table_contains(sim->found, id) && !sim_is_forgotten(sim))
			sim_wrong(sim, "%s was acknowledged and is nowhere", (char *)id);
	return !sim->why;
}

static void find_all(hg_sim *sim)
{
	sqlite3_stmt *stmt = stmt_of(sim, "SELECT external_id FROM message WHERE n > ?1 AND direction = 1 AND external_id IS NOT NULL",
				     sim->message_n, 0);

	g_hash_table_remove_all(sim->found);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		g_hash_table_add(sim->found, g_strdup((const char *)sqlite3_column_text(stmt, 0)));
	sqlite3_reset(stmt);
}

gboolean sim_ended_well(hg_sim *sim)
{
	find_all(sim);
	return nothing_waits(sim) && unknown_is_listed(sim) && each_once(sim) && said_once(sim) &&
	       acknowledged_is_there(sim) && sim_books_agree(sim) && sim_desk_agrees(sim) && sim_operator_agrees(sim);
}

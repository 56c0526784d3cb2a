/* sim_trace.c - what happened and what came of it, as JSON lines for the reference model
 *
 * What happened: commands in the order in which they were committed, and rounds, in which timers fire.  What came of
 * it: rows of the store.  Threads are numbered as they were opened. */
#include "sim.h"

#include "json.h"

static void line_begin(hg_sim *sim, const char *what)
{
	hg_json_open(sim->trace, '{');
	hg_json_add_str(sim->trace, "what", what);
	hg_json_add_int(sim->trace, "at", test_now_ms);
}

static void line_end(hg_sim *sim)
{
	hg_json_close(sim->trace, '}');
	g_string_append_c(sim->trace, '\n');
}

static void trace_item(hg_sim *sim, const hg_command *command, const struct hg_in *in)
{
	line_begin(sim, "message");
	hg_json_add_str(sim->trace, "channel", command->channel);
	hg_json_add_str(sim->trace, "adapter", command->space);
	hg_json_add_str(sim->trace, "id", in->id);
	hg_json_add_str(sim->trace, "from", in->from[0].uri);
	hg_json_add_str(sim->trace, "text", in->text);
	hg_json_add_str(sim->trace, "ref", in->refs && in->refs[0] ? in->refs[0] : NULL);
	hg_json_add_int(sim->trace, "sent", in->sent_ms);
	hg_json_add_bool(sim->trace, "wide", in->wide);
	hg_json_add_bool(sim->trace, "automatic", in->automatic);
	line_end(sim);
}

static void trace_desk(hg_sim *sim, const hg_command *command, const char *what)
{
	line_begin(sim, what);
	hg_json_add_str(sim->trace, "thread", command->thread_id);
	hg_json_add_str(sim->trace, "ticket", command->ticket_ref);
	hg_json_add_str(sim->trace, "key", command->idem_key);
	hg_json_add_str(sim->trace, "word", command->text);
	hg_json_add_int(sim->trace, "resolution", command->resolution);
	hg_json_add_bool(sim->trace, "bot", command->reply.bot);
	line_end(sim);
}

/* Contacts by their numbers, in the order in which they first wrote. */
static void trace_people(hg_sim *sim, const hg_command *command, const char *what)
{
	line_begin(sim, what);
	hg_json_add_int(sim->trace, "contact", lab_count(sim->lab, "SELECT n FROM contact WHERE id = '%s'", command->text));
	if (command->into)
		hg_json_add_int(sim->trace, "into", lab_count(sim->lab, "SELECT n FROM contact WHERE id = '%s'", command->into));
	line_end(sim);
}

void sim_trace_command(hg_sim *sim, const hg_command *command)
{
	static const char *const words[] = { [HG_CMD_REPLY] = "reply", [HG_CMD_NOTE] = "note", [HG_CMD_CONVERT] = "convert",
					     [HG_CMD_CLOSE] = "close", [HG_CMD_REOPEN] = "reopen", [HG_CMD_STATUS] = "status" };

	if (!sim->trace)
		return;
	for (gsize i = 0; command->kind == HG_CMD_INBOUND && i < command->batch.n_in; i++)
		trace_item(sim, command, &command->batch.in[i]);
	if (command->kind == HG_CMD_MERGE || command->kind == HG_CMD_UNMERGE)
		trace_people(sim, command, command->kind == HG_CMD_MERGE ? "merge" : "unmerge");
	if ((gsize)command->kind < G_N_ELEMENTS(words) && words[command->kind])
		trace_desk(sim, command, words[command->kind]);
}

static void rows(hg_sim *sim, const char *sql, gint64 x)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(sim->db, sql, -1, &stmt, NULL), SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, x);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		g_string_append_printf(sim->trace, "%s\n", (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
}

/* That an answer reached the customer is the outbox's business, which the model takes as it is. */
void sim_trace_round(hg_sim *sim)
{
	if (!sim->trace)
		return;
	rows(sim, "SELECT json_object('what', 'arrived', 'at', e.at_ms, 'thread', t.id, 'said', m.at_ms, 'author', m.author) "
	     "FROM event AS e JOIN thread AS t ON t.n = e.thread_n JOIN message AS m ON m.n = e.message_n "
	     "WHERE e.type = 'message.sent' AND e.n > ?1 ORDER BY e.n", sim->traced_event_n);
	sim->traced_event_n = sim_number(sim, "SELECT max(n) FROM event", 0, 0);
	line_begin(sim, "round");
	line_end(sim);
}

void sim_trace_history(hg_sim *sim, guint32 seed)
{
	if (!sim->trace)
		return;
	line_begin(sim, "history");
	hg_json_add_int(sim->trace, "seed", seed);
	line_end(sim);
}

void sim_trace_begin(hg_sim *sim, const char *settings)
{
	line_begin(sim, "world");
	hg_json_add_str(sim->trace, "settings", settings);
	line_end(sim);
}

void sim_trace_end(hg_sim *sim)
{
	line_begin(sim, "outcome");
	line_end(sim);
	rows(sim, "SELECT json_object('what', 'thread', 'n', n, 'id', id, 'scope', scope, 'contact', contact_n, 'state', state, "
	     "'resolution', resolution, 'opened', opened_ms, 'closed', closed_ms, 'converted', converted_ms, "
	     "'inbound', inbound, 'episode', episode, 'reopened', reopened) FROM thread WHERE n > ?1 ORDER BY n", 0);
	rows(sim, "SELECT json_object('what', 'said', 'thread', thread_n, 'channel', channel, 'id', external_id, 'at', at_ms) "
	     "FROM message WHERE direction = 1 AND n > ?1 ORDER BY n", 0);
	rows(sim, "SELECT json_object('what', 'ticket', 'id', id, 'thread', thread_n, 'reason', reason, 'at', created_ms, "
	     "'open', state < 4) FROM ticket WHERE n > ?1 ORDER BY n", 0);
	rows(sim, "SELECT json_object('what', 'decision', 'thread', thread_n, 'on', on_event, 'action', action, "
	     "'rule', rule, 'at', at_ms, 'proposal', json_extract(facts, '$.proposal')) FROM decision WHERE n > ?1 ORDER BY n", 0);
}

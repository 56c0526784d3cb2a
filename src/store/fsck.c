/* fsck.c - the audit: what must hold and tables cannot hold by themselves; reads only */
#include "fsck.h"

#include <string.h>

#include "audit_inside.h"
#include "change.h"
#include "json.h"
#include "state.h"

void hg_fsck_breach(struct hg_fsck *fsck, const char *invariant, const char *id, const char *remedy)
{
	fsck->breaches++;
	fsck->report(fsck->arg, invariant, id, remedy);
}

/* ---- invariants that are one question: each row of the answer is a breach, its text the id ---- */
struct check { const char *invariant, *remedy, *sql; };

#define ASK_FOR_HELP "report it with this line: headgate never writes this"
#define RESTORE "restore the last backup, or report it with this line"

static const struct check checks[] = {
	{ "I1", RESTORE,	/* a message's raw event is there */
	  "SELECT m.id FROM message AS m LEFT JOIN raw AS r ON r.n = m.raw_n "
	  "WHERE m.raw_n IS NOT NULL AND r.n IS NULL" },
	{ "I2", RESTORE,	/* what is remembered as a message is one */
	  "SELECT 'seen day ' || s.bucket || ', message ' || s.message_n FROM seen AS s "
	  "LEFT JOIN message AS m ON m.n = s.message_n WHERE s.message_n > 0 AND m.n IS NULL" },

	/* Messages of a thread: every one but the first names an earlier one of the same thread, no
	 * two the same, and the thread names the last.  So they are one chain. */
	{ "I3", ASK_FOR_HELP,
	  "SELECT m.id FROM message AS m LEFT JOIN message AS p ON p.n = m.prev_n "
	  "WHERE m.prev_n IS NOT NULL AND (p.n IS NULL OR p.thread_n <> m.thread_n OR p.n >= m.n)" },
	{ "I3", ASK_FOR_HELP,
	  "SELECT MAX(id) FROM message GROUP BY thread_n, prev_n HAVING COUNT(*) > 1" },
	{ "I3", ASK_FOR_HELP,
	  "SELECT t.id FROM thread AS t LEFT JOIN (SELECT thread_n, MAX(n) AS n FROM message GROUP BY thread_n) AS m "
	  "ON m.thread_n = t.n WHERE COALESCE(t.last_message_n, 0) <> COALESCE(m.n, 0)" },
	/* Events of a thread: numbered 1, 2, ... along their chain up to what the thread says. */
	{ "I3", ASK_FOR_HELP,
	  "SELECT e.id FROM event AS e LEFT JOIN event AS p ON p.n = e.prev_n WHERE e.thread_n IS NOT NULL AND "
	  "((e.seq = 1 AND e.prev_n IS NOT NULL) OR e.seq < 1 OR "
	  "(e.seq > 1 AND (p.n IS NULL OR p.thread_n <> e.thread_n OR p.seq <> e.seq - 1)))" },
	{ "I3", ASK_FOR_HELP,
	  "SELECT t.id FROM thread AS t LEFT JOIN (SELECT thread_n, COUNT(*) AS many, MAX(n) AS n FROM event "
	  "WHERE thread_n IS NOT NULL GROUP BY thread_n) AS e ON e.thread_n = t.n "
	  "WHERE t.last_seq <> COALESCE(e.many, 0) OR COALESCE(t.last_event_n, 0) <> COALESCE(e.n, 0)" },

	{ "I4", "close all but one of the contact's open threads",
	  "SELECT MAX(id) FROM thread WHERE state = 1 GROUP BY contact_n, scope, key HAVING COUNT(*) > 1" },
	{ "I5", "close all but one of the thread's open tickets",
	  "SELECT MAX(id) FROM ticket WHERE state < 4 GROUP BY thread_n HAVING COUNT(*) > 1" },
	{ "I5", RESTORE,
	  "SELECT t.id FROM thread AS t LEFT JOIN ticket AS k ON k.n = t.ticket_n "
	  "WHERE t.ticket_n IS NOT NULL AND k.n IS NULL" },

	{ "I5", ASK_FOR_HELP,	/* a thread's ticket is its own */
	  "SELECT t.id FROM thread AS t JOIN ticket AS k ON k.n = t.ticket_n JOIN thread AS o ON o.n = k.thread_n "
	  "WHERE o.n <> t.n" },

	/* What is to leave has the job that carries it.  A helpdesk's names an event, of the conversation in whose lane it is; an answer
	 * that is queued or in doubt has one as long as it is (delivery 1 to 3), unless its customer is being erased. */
	{ "I6", ASK_FOR_HELP,
	  "SELECT 'job ' || o.n || ' to ' || o.name FROM outbox AS o LEFT JOIN event AS e ON e.n = o.event_n "
	  "WHERE o.target = 2 AND (e.n IS NULL OR COALESCE(e.thread_n, 0) <> COALESCE(o.thread_n, 0))" },
	{ "I6", "write the answer again: headgate has it, and would never send it",
	  "SELECT m.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n JOIN contact AS c ON c.n = t.contact_n "
	  "LEFT JOIN outbox AS o ON o.message_n = m.n AND o.target = 1 WHERE m.direction = 2 AND m.delivery BETWEEN 1 AND 3 "
	  "AND m.erased_ms = 0 AND c.erased_ms = 0 AND o.n IS NULL" },

	/* What was delivered is a prefix when each lane has one job at work, before all that wait. */
	{ "I7", "restart headgated; if it stays, report it with this line",
	  "SELECT 'lane ' || name || ' ' || lane FROM outbox WHERE state <> 6 GROUP BY target, name, lane "
	  "HAVING SUM(CASE WHEN state <> 1 THEN 1 ELSE 0 END) <> 1" },

	/* Of what waits for hooks, the first of each contact is due, and no other. */
	{ "I22", "restart headgated; if it stays, report it with this line",
	  "SELECT 'what waits of contact ' || contact_n FROM waiting GROUP BY contact_n "
	  "HAVING SUM(CASE WHEN due_ms IS NOT NULL THEN 1 ELSE 0 END) <> 1 OR MIN(CASE WHEN due_ms IS NOT NULL THEN n END) <> MIN(n)" },
	{ "I22", ASK_FOR_HELP,	/* state 1 is open */
	  "SELECT q.id FROM question AS q LEFT JOIN waiting AS w ON w.n = q.waiting_n WHERE q.state = 1 AND w.n IS NULL" },

	/* Each message in pieces has some of them, but not all unless it is told of, and a timer; timers have theirs. */
	{ "I23", "restart headgated; if it stays, report it with this line",
	  "SELECT 'message in pieces ' || j.n FROM joining AS j LEFT JOIN timer AS t ON t.thread_n = 0 AND "
	  "t.kind = 'pieces:' || j.n LEFT JOIN (SELECT joining_n, COUNT(*) AS many, MAX(part) AS last FROM piece "
	  "GROUP BY joining_n) AS p ON p.joining_n = j.n "
	  "WHERE t.kind IS NULL OR p.many IS NULL OR p.many >= j.parts OR p.last > j.parts" },
	{ "I23", ASK_FOR_HELP,
	  "SELECT 'timer ' || t.kind FROM timer AS t LEFT JOIN joining AS j ON t.kind = 'pieces:' || j.n "
	  "WHERE t.thread_n = 0 AND t.kind LIKE 'pieces:%' AND j.n IS NULL" },

	{ "I11", "delete the outbox job: a note must never reach a customer",
	  "SELECT m.id FROM outbox AS o JOIN message AS m ON m.n = o.message_n WHERE o.target = 1 AND m.direction = 3" },
	/* Episodes begun are those that ended and the one under way, which every open thread has. */
	{ "I21", ASK_FOR_HELP,
	  "SELECT t.id FROM thread AS t LEFT JOIN (SELECT thread_n, COUNT(*) AS many, MAX(n) AS n FROM episode "
	  "GROUP BY thread_n) AS e ON e.thread_n = t.n WHERE (t.ep_opened_ms > 0) <> (t.state = 1) OR "
	  "t.episode <> COALESCE(e.many, 0) + CASE WHEN t.ep_opened_ms > 0 THEN 1 ELSE 0 END OR COALESCE(t.episode_n, 0) <> COALESCE(e.n, 0)" },
	{ "I21", RESTORE,	/* and is numbered within its thread */
	  "SELECT MAX(t.id) FROM episode AS e JOIN thread AS t ON t.n = e.thread_n GROUP BY e.thread_n, e.number "
	  "HAVING COUNT(*) > 1" },
	/* A contact that was merged has its newest merge, which holds and names whom into; and no other has one that holds. */
	{ "I24", ASK_FOR_HELP,
	  "SELECT c.id FROM contact AS c LEFT JOIN (SELECT from_n, MAX(n) AS n FROM merging GROUP BY from_n) AS l "
	  "ON l.from_n = c.n LEFT JOIN merging AS g ON g.n = l.n WHERE g.n IS NOT NULL AND "
	  "(CASE WHEN g.undone_ms = 0 THEN g.into_n ELSE 0 END) <> COALESCE(c.merged_into, 0)" },
	/* A visitor's place in a conversation: it is there, and what he has read is in it. */
	{ "I25", ASK_FOR_HELP,
	  "SELECT 'visit of thread ' || v.thread_n FROM visit AS v LEFT JOIN thread AS t ON t.n = v.thread_n WHERE t.n IS NULL" },
	{ "I25", ASK_FOR_HELP,
	  "SELECT t.id FROM visit AS v JOIN thread AS t ON t.n = v.thread_n LEFT JOIN message AS m ON m.n = v.read_n "
	  "WHERE v.read_n <> 0 AND COALESCE(m.thread_n, 0) <> v.thread_n" },
	/* What lists by tag find is what conversations have. */
	{ "I27", ASK_FOR_HELP,
	  "SELECT COALESCE(t.id, 'tag of thread ' || g.thread_n) FROM thread_tag AS g LEFT JOIN thread AS t ON t.n = g.thread_n WHERE "
	  "t.n IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(t.tags) AS j WHERE j.value = g.tag)" },
	{ "I27", ASK_FOR_HELP,
	  "SELECT t.id FROM thread AS t, json_each(t.tags) AS j WHERE t.tags IS NOT NULL AND NOT EXISTS (SELECT 1 FROM thread_tag AS g "
	  "WHERE g.tag = j.value AND g.thread_n = t.n)" },
	/* A token is known by a hash, of a kind there is, and two programs of one name would share their keys. */
	{ "I26", "revoke it: headgatectl token revoke ID",
	  "SELECT id FROM token WHERE LENGTH(hash) <> 32 OR kind NOT IN (1, 2, 3) OR name = '' OR scopes = ''" },
	{ "I26", "revoke it: headgatectl token revoke ID",
	  "SELECT MAX(id) FROM token WHERE kind = 1 AND revoked_ms = 0 AND expires_ms = 0 GROUP BY name HAVING COUNT(*) > 1" },
	/* Drops that are counted are conversations that meet the definition, and the other way round: closed unresolved, no
	 * ticket, and nothing is left that would still look. */
	{ "I14", ASK_FOR_HELP,
	  "SELECT 'episode ' || e.n || ' of ' || t.id FROM episode AS e JOIN thread AS t ON t.n = e.thread_n "
	  "WHERE e.restored_ms > 0 AND e.dropped_ms = 0" },
	{ "I14", "restart headgated; if it stays, report it with this line",
	  "SELECT t.id FROM thread AS t JOIN episode AS e ON e.n = t.episode_n LEFT JOIN timer AS r ON r.thread_n = t.n AND "
	  "r.kind = 'drop' WHERE t.state = 2 AND t.shadow = 0 AND t.ticket_n IS NULL AND e.resolution = 2 AND "
	  "e.dropped_ms = 0 AND r.kind IS NULL" },
	{ "I18", RESTORE,	/* timers have no foreign key, because some belong to no thread */
	  "SELECT 'timer ' || r.kind || ' of thread ' || r.thread_n FROM timer AS r LEFT JOIN thread AS t "
	  "ON t.n = r.thread_n WHERE r.thread_n <> 0 AND t.n IS NULL" },
};

static gboolean check_run(struct hg_fsck *fsck, const struct check *check, const struct hg_value *values,
			  GError **error)
{
	hg_stmt *stmt = hg_stmt_walk(fsck->store, check->sql, values, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		hg_fsck_breach(fsck, check->invariant, hg_stmt_text(stmt, 0, &len) ?: "?", check->remedy);
	return more == 0;
}

static gboolean check_all(struct hg_fsck *fsck, GError **error)
{
	for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
		if (!check_run(fsck, &checks[i], HG_BIND_NONE, error))
			return FALSE;
	return TRUE;
}

/* ---- invariants that know the time ---- */
#define SENDING_MAX_MS (15 * 60 * G_GINT64_CONSTANT(1000))	/* longer than any call may take */

static gboolean check_ages(struct hg_fsck *fsck, GError **error)
{
	static const struct check sending = { "I8", "restart headgated: it asks what became of the job",
		"SELECT 'job ' || n || ' to ' || name FROM outbox WHERE state = 3 AND changed_ms < $1" };
	/* A day more, for expiry has its own pace. */
	static const struct check parked = { "I9", "restart headgated: it drops receipts nobody claims",
		"SELECT 'receipt ' || n || ' on ' || channel FROM receipt WHERE message_n IS NULL AND got_ms < $1" };
	gint64 now = hg_now(hg_store_env(fsck->store));

	return check_run(fsck, &sending, HG_BIND(HG_I(now - SENDING_MAX_MS)), error) &&
	       check_run(fsck, &parked, HG_BIND(HG_I(now - HG_PARKED_KEEP_MS - G_GINT64_CONSTANT(86400000))), error);
}

/* ---- I16: no place to go on from lies behind what anybody can have said yet ---- */
#define AHEAD_MAX_MS (24 * 60 * 60 * G_GINT64_CONSTANT(1000))	/* that a clock over there may be ahead */

/* "since" of mailboxes' folders and of providers that are asked by time; of other cursors nothing is known. */
static gint64 latest_since(struct json_object *value)
{
	gint64 latest = hg_json_int(value, "since", 0);

	if (!value || !json_object_is_type(value, json_type_object))
		return 0;
	json_object_object_foreach(value, key, member) {
		(void)key;
		if (json_object_is_type(member, json_type_object))
			latest = MAX(latest, latest_since(member));
	}
	return latest;
}

/* A helpdesk's begins with the time up to which it was asked. */
static gint64 place_of(const char *name, const char *value)
{
	g_autoptr(json_object) json = NULL;

	if (g_str_has_prefix(name, HG_CHANGE_SPACE))
		return g_ascii_strtoll(value, NULL, 10);
	json = *value == '{' ? hg_json_parse(value, strlen(value), NULL, NULL) : NULL;
	return latest_since(json);
}

static gboolean check_cursors(struct hg_fsck *fsck, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(fsck->store, "SELECT channel, value FROM cursor", HG_BIND_NONE, error);
	gint64 latest = hg_now(hg_store_env(fsck->store)) + AHEAD_MAX_MS;
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		g_autofree char *name = g_strdup(hg_stmt_text(stmt, 0, &len));

		if (place_of(name, hg_stmt_text(stmt, 1, &len)) > latest)
			hg_fsck_breach(fsck, "I16", name, "set the clocks right here and there; what it leaves out until then is asked "
				       "for with headgatectl channel ask --since");
	}
	return more == 0;
}

/* ---- I10: no receipt would move its message on, and contradictions are marked ---- */
struct folding { gint64 message_n; int from_receipts; gboolean conflict, told; };

static void fold_one(struct hg_fsck *fsck, struct folding *folding, hg_stmt *stmt)
{
	gint64 message_n = hg_stmt_int(stmt, 0);
	int delivery = (int)hg_stmt_int(stmt, 2), state = (int)hg_stmt_int(stmt, 4);
	gboolean unused = FALSE;
	gsize len;

	if (message_n != folding->message_n)
		*folding = (struct folding){ .message_n = message_n };
	folding->from_receipts = hg_delivery_fold(folding->from_receipts, state, &folding->conflict);
	if (folding->told || (hg_delivery_fold(delivery, state, &unused) == delivery &&
			      (!folding->conflict || hg_stmt_int(stmt, 3))))
		return;
	folding->told = TRUE;
	hg_fsck_breach(fsck, "I10", hg_stmt_text(stmt, 1, &len), "look at the message's receipts: they say more than "
		       "is shown; report it with this line");
}

static gboolean check_receipts(struct hg_fsck *fsck, GError **error)
{
	/* Of several parts, the display also waits for the slowest: no receipt alone decides.  A failure whose
	 * reason is gone was made good: somebody had the message sent again. */
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT m.n, m.id, m.delivery, m.conflict, r.state FROM receipt AS r "
				     "JOIN message AS m ON m.n = r.message_n WHERE m.direction = 2 AND m.parts <= 1 "
				     "AND NOT (r.state = 5 AND m.error IS NULL AND (m.delivery <= 4 OR EXISTS (SELECT 1 FROM "
				     "receipt AS l WHERE l.message_n = r.message_n AND l.n > r.n))) "
				     "ORDER BY r.message_n, r.n", HG_BIND_NONE, error);
	struct folding folding = { 0 };
	int more = -1;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		fold_one(fsck, &folding, stmt);
	return more == 0;
}

/* ---- I12, I17: merges ---- */
static gint64 *boxed(gint64 n)
{
	gint64 *box = g_new(gint64, 1);

	*box = n;
	return box;
}

static gboolean merges_load(struct hg_fsck *fsck, GHashTable *merges, GError **error)
{
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT n, merged_into FROM contact WHERE merged_into IS NOT NULL",
				     HG_BIND_NONE, error);
	int more = -1;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_hash_table_insert(merges, boxed(hg_stmt_int(stmt, 0)), boxed(hg_stmt_int(stmt, 1)));
	return more == 0;
}

/* Whom the contact was merged into in the end; 0: it goes round in a circle. */
static gint64 merge_top(GHashTable *merges, gint64 n)
{
	guint steps = g_hash_table_size(merges) + 1;
	const gint64 *into;

	while ((into = g_hash_table_lookup(merges, &n))) {
		if (!steps--)
			return 0;
		n = *into;
	}
	return n;
}

static void check_circles(struct hg_fsck *fsck, GHashTable *merges)
{
	GHashTableIter iter;
	gpointer n;

	g_hash_table_iter_init(&iter, merges);
	while (g_hash_table_iter_next(&iter, &n, NULL)) {
		g_autofree char *id = g_strdup_printf("contact %" G_GINT64_FORMAT, *(const gint64 *)n);

		if (!merge_top(merges, *(const gint64 *)n))
			hg_fsck_breach(fsck, "I17", id, "undo one of the merges of the circle");
	}
}

static gboolean check_reply_to(struct hg_fsck *fsck, GHashTable *merges, GError **error)
{
	/* A closed thread may name an address that is somebody else's by now; proof 3 is "former".  Who only
	 * claims one answers for it himself, and is answered there; so is who answered from where a visitor had his mail sent. */
	hg_stmt *stmt = hg_stmt_walk(fsck->store, "SELECT t.id, t.contact_n, a.contact_n FROM thread AS t JOIN address AS a "
				     "ON a.uri = t.reply_to AND a.channel = '' WHERE t.state = 1 AND a.proof <> 3 "
				     "AND a.contact_n <> t.contact_n AND NOT EXISTS (SELECT 1 FROM address AS c "
				     "WHERE c.uri IN ('claimed:' || t.reply_to, 'claimed:failed:' || t.reply_to) AND c.channel = '' AND "
				     "c.contact_n = t.contact_n) AND NOT EXISTS (SELECT 1 FROM visit AS v JOIN visitor AS w "
				     "ON w.uri = v.uri WHERE v.thread_n = t.n AND w.email = t.reply_to)", HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		if (merge_top(merges, hg_stmt_int(stmt, 1)) != merge_top(merges, hg_stmt_int(stmt, 2)))
			hg_fsck_breach(fsck, "I12", hg_stmt_text(stmt, 0, &len), "close the thread: its reply address is "
				       "another contact's");
	return more == 0;
}

static gboolean check_contacts(struct hg_fsck *fsck, GError **error)
{
	g_autoptr(GHashTable) merges = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);

	if (!merges_load(fsck, merges, error))
		return FALSE;
	check_circles(fsck, merges);
	return check_reply_to(fsck, merges, error);
}

/* ---- I28: who did what is told as it was written ---- */
static gboolean check_audits(struct hg_fsck *fsck, GError **error)
{
	struct hg_audit_check check;
	g_autofree char *text = NULL, *id = NULL;

	if (!hg_audit_walk(fsck->store, &check, error))
		return FALSE;
	text = hg_audit_break_text(&check);
	id = text && *check.broken_id ? g_strdup_printf("audit %s: %s", check.broken_id, text) : g_strconcat("audits: ", text, NULL);
	if (text)
		hg_fsck_breach(fsck, "I28", id, "find out who changed the file; the last backup tells what was written");
	return TRUE;
}

/* ---- all of it ---- */
static void audit_breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	hg_fsck_breach(arg, invariant, id, remedy);
}

static gboolean audit_all(struct hg_fsck *fsck, GError **error)
{
	return hg_sql_audit(fsck->store, audit_breach, fsck, error) && check_all(fsck, error) &&
	       check_ages(fsck, error) && check_cursors(fsck, error) && check_receipts(fsck, error) && check_contacts(fsck, error) && check_audits(fsck, error) &&
	       (!fsck->attachments || hg_fsck_files(fsck, error));
}

/* One transaction: all questions are asked of one state of the database. */
static gboolean audit_once(struct hg_fsck *fsck, GError **error)
{
	g_autoptr(GError) failed = NULL;
	gboolean done = hg_store_begin(fsck->store, error);

	if (!done)
		return FALSE;
	done = audit_all(fsck, &failed);
	hg_store_rollback(fsck->store);
	if (!done && hg_sql_broken(fsck->store)) {
		/* Too damaged for its questions: that is what an audit is to find. */
		hg_fsck_breach(fsck, "I18", failed->message, "the file is damaged: restore the last backup");
		return TRUE;
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&failed));
	return done;
}

gboolean hg_store_fsck(hg_store *store, const char *attachments, hg_fsck_report *report, void *arg,
		       guint *ret_breaches, GError **error)
{
	struct hg_fsck fsck = { store, attachments, report, arg, 0 };
	gint64 limit = hg_sql_time_limit(store, 0);	/* an audit takes as long as it takes */
	g_autoptr(GError) failed = NULL;
	gboolean done = audit_once(&fsck, &failed);

	hg_sql_time_limit(store, limit);
	/* The file can be read, and what a table of ours must have is not there: its description is damaged. */
	if (!done && g_error_matches(failed, HG_ERROR, HG_ERROR_STORE) && !hg_store_broken(store)) {
		hg_fsck_breach(&fsck, "I0", failed->message, RESTORE);
		done = TRUE;
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&failed));
	if (done)
		*ret_breaches = fsck.breaches;
	return done;
}

/* forget.c - what customers said and who they were is taken out of rows that stay
 *
 * Numbers, times and hashes stay, so that reports, audits and chains hold.  secure_delete (sqlite.c) overwrites what an
 * update or a delete frees. */
#include "people.h"
#include "sql.h"
#include "text.h"

#include <string.h>

#define HASH_MARK "erased:"		/* before the hash of an address */
#define HASH_BYTES 16

const char *hg_gone_word(int what)
{
	static const char *const words[HG_GONE_N] = {
		"messages", "files", "raw_deliveries", "events", "decisions", "threads", "tickets", "addresses", "consents",
		"sessions", "facts", "jobs", "answers", "journal_rows",
	};

	return words[what];
}

static gboolean run(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, gint64 *count, GError **error)
{
	gint64 changed = 0;

	if (!hg_sql_run(store, sql, values, &changed, error))
		return FALSE;
	if (count)
		*count += changed;
	return TRUE;
}

/* Of statements that run seldom. */
static gboolean run_once(hg_store *store, const char *text, const struct hg_value *values, gint64 *count, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, text, values, error);

	if (!stmt || hg_stmt_next(stmt, error) < 0)
		return FALSE;
	if (count)
		*count += hg_stmt_changes(store);
	return TRUE;
}

/* ---- files ---- */

gboolean hg_store_unlink_later(hg_store *store, const char *sha256, gint64 now_ms, GError **error)
{
	static const struct hg_sql add = { HG_SQL_UNLINK_ADD, "INSERT INTO unlinking (sha256, at_ms) VALUES ($1, $2) "
					   "ON CONFLICT (sha256) DO UPDATE SET at_ms = excluded.at_ms", HG_SQL_ALONE, NULL };

	hg_store_unlinks(store);
	return hg_sql_run(store, &add, HG_BIND(HG_T(sha256), HG_I(now_ms)), NULL, error);
}

gboolean hg_store_unlink_waits(hg_store *store, gint64 *ret, GError **error)
{
	static const struct hg_sql count = { HG_SQL_UNLINK_COUNT, "SELECT COUNT(*) FROM unlinking WHERE sha256 >= ''", HG_SQL_ALONE, NULL };

	return hg_sql_int(store, &count, HG_BIND_NONE, 0, ret, error);
}

gboolean hg_store_forget_files(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	/* Those of which no other message, and no raw delivery, has the bytes too. */
	static const struct hg_sql doom = { HG_SQL_FORGET_DOOM,
		"INSERT INTO unlinking (sha256, at_ms) SELECT DISTINCT a.sha256, $1 FROM attachment AS a "
		"WHERE a.message_n = $2 AND a.sha256 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attachment AS o "
		"WHERE o.sha256 = a.sha256 AND o.message_n <> $2) AND NOT EXISTS (SELECT 1 FROM raw AS r WHERE r.file = a.sha256) "
		"ON CONFLICT (sha256) DO UPDATE SET at_ms = excluded.at_ms", 0, NULL };
	/* State 3: it cannot be had (any more). */
	static const struct hg_sql forget = { HG_SQL_FORGET_FILES,
		"UPDATE attachment SET name = NULL, type = NULL, sha256 = NULL, ref = NULL, content_id = NULL, state = 3, "
		"error = 'erased', expires_ms = 0 WHERE message_n = $1 AND (sha256 IS NOT NULL OR name IS NOT NULL OR "
		"ref IS NOT NULL OR error IS DISTINCT FROM 'erased')", 0, NULL };

	hg_store_unlinks(store);
	return run(store, &doom, HG_BIND(HG_I(now_ms), HG_I(message_n)), NULL, error) &&
	       run(store, &forget, HG_BIND(HG_I(message_n)), &counts[HG_GONE_FILES], error);
}

/* ---- messages ---- */

/* What of raw bytes lies in a file goes with it, unless an attachment is that file too. */
#define DOOM_RAW "INSERT INTO unlinking (sha256, at_ms) SELECT r.file, $1 FROM raw AS r WHERE r.n = $2 AND r.file IS NOT NULL " \
	"AND NOT EXISTS (SELECT 1 FROM raw AS o WHERE o.file = r.file AND o.n <> $2) AND NOT EXISTS (SELECT 1 FROM " \
	"attachment AS a WHERE a.sha256 = r.file) ON CONFLICT (sha256) DO UPDATE SET at_ms = excluded.at_ms"

static gboolean empty_raw(hg_store *store, gint64 n, gint64 now_ms, gint64 *count, GError **error)
{
	static const struct hg_sql doom = { HG_SQL_FORGET_DOOM_RAW, DOOM_RAW, HG_SQL_ALONE, NULL };
	static const struct hg_sql empty = { HG_SQL_FORGET_RAW, "UPDATE raw SET bytes = $1, file = NULL WHERE n = $2 AND "
					     "(LENGTH(bytes) > 0 OR file IS NOT NULL)", HG_SQL_ALONE, NULL };

	return run(store, &doom, HG_BIND(HG_I(now_ms), HG_I(n)), NULL, error) &&
	       run(store, &empty, HG_BIND(HG_B("", 0), HG_I(n)), count, error);
}

gboolean hg_store_forget_raw_row(hg_store *store, gint64 raw_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	hg_store_unlinks(store);
	return empty_raw(store, raw_n, now_ms, &counts[HG_GONE_RAW], error);
}

gboolean hg_store_forget_raw_of(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	static const struct hg_sql find = { HG_SQL_FORGET_RAW_OF, "SELECT raw_n FROM message WHERE n = $1", 0, NULL };
	gint64 n;

	return hg_sql_int(store, &find, HG_BIND(HG_I(message_n)), 0, &n, error) &&
	       (!n || empty_raw(store, n, now_ms, &counts[HG_GONE_RAW], error));
}

gboolean hg_store_forget_text(hg_store *store, gint64 message_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	/* That it failed stays, for audits fold what was told of it; the name of who of ours said it is no customer's. */
	static const struct hg_sql text = { HG_SQL_FORGET_TEXT,
		"UPDATE message SET author_name = CASE WHEN direction = 1 THEN NULL ELSE author_name END, external_id = NULL, "
		"address = NULL, subject = NULL, text = '', html = NULL, payload = NULL, reply_text = NULL, answers = NULL, "
		"error = CASE WHEN error IS NULL THEN NULL ELSE 'erased' END, advice = NULL, note = NULL, reactions = NULL, "
		"erased_ms = $1 WHERE n = $2 AND erased_ms = 0", 0, NULL };
	/* Providers' ids may be made of numbers. */
	static const struct hg_sql receipts = { HG_SQL_FORGET_RECEIPTS,
		"UPDATE receipt SET external_id = CASE WHEN key IS NULL THEN 'erased' END, text = NULL, advice = NULL, "
		"detail = NULL WHERE message_n = $1", 0, NULL };

	return run(store, &text, HG_BIND(HG_I(now_ms), HG_I(message_n)), &counts[HG_GONE_MESSAGES], error) &&
	       run(store, &receipts, HG_BIND(HG_I(message_n)), NULL, error);
}

gboolean hg_store_forget_event(hg_store *store, gint64 event_n, gint64 counts[HG_GONE_N], GError **error)
{
	static const struct hg_sql forget = { HG_SQL_FORGET_EVENT,
		"UPDATE event SET data = COALESCE('{\"thread\":{\"id\":\"' || (SELECT id FROM thread WHERE thread.n = event.thread_n) || "
		"'\"},\"erased\":true}', '{\"erased\":true}') WHERE n = $1 AND data NOT LIKE '%\"erased\":true}' AND "
		"type <> 'contact.erased'", 0, NULL };

	return run(store, &forget, HG_BIND(HG_I(event_n)), &counts[HG_GONE_EVENTS], error);
}

gboolean hg_store_forget_decision(hg_store *store, gint64 decision_n, gint64 counts[HG_GONE_N], GError **error)
{
	static const struct hg_sql forget = { HG_SQL_FORGET_DECISION, "UPDATE decision SET facts = NULL WHERE n = $1 AND "
					      "facts IS NOT NULL", 0, NULL };

	return run(store, &forget, HG_BIND(HG_I(decision_n)), &counts[HG_GONE_DECISIONS], error);
}

/* ---- conversations ---- */

gboolean hg_store_forget_thread(hg_store *store, gint64 thread_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	static const char thread[] = "UPDATE thread SET subject = NULL, reply_to = NULL, fields = NULL, participants = NULL, "
		"asked = NULL, key = CASE WHEN key = '' THEN '' ELSE 'erased:' || n END, version = version + 1 WHERE n = $1";
	static const char tickets[] = "UPDATE ticket SET subject = '', requester = NULL WHERE thread_n = $1";
	static const char opinions[] = "UPDATE csat SET comment = NULL WHERE thread_n = $1";
	static const char timers[] = "DELETE FROM timer WHERE thread_n = $1";
	static const char visits[] = "DELETE FROM visit WHERE thread_n = $1";
	const struct hg_value *n = HG_BIND(HG_I(thread_n));

	(void)now_ms;
	return run_once(store, thread, n, &counts[HG_GONE_THREADS], error) &&
	       run_once(store, tickets, n, &counts[HG_GONE_TICKETS], error) && run_once(store, opinions, n, NULL, error) &&
	       run_once(store, timers, n, NULL, error) && run_once(store, visits, n, NULL, error);
}

gboolean hg_store_thread_behind(hg_store *store, gint64 contact_n, gint64 after_n, gint64 *ret, GError **error)
{
	return hg_sql_int(store, &(struct hg_sql){ HG_SQL_THREAD_BEHIND, "SELECT MIN(n) FROM thread WHERE contact_n = $1 AND n > $2",
						   0, NULL }, HG_BIND(HG_I(contact_n), HG_I(after_n)), 0, ret, error);
}

/* ---- the person ---- */

static gboolean numbers(hg_store *store, const char *text, const struct hg_value *values, GArray *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(store, text, values, error);
	int more = -1;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 n = hg_stmt_int(stmt, 0);

		g_array_append_val(ret, n);
	}
	return more == 0;
}

gboolean hg_store_family(hg_store *store, gint64 contact_n, GArray *ret, GError **error)
{
	return numbers(store, "WITH RECURSIVE family (n) AS (SELECT $1 UNION SELECT g.from_n FROM family AS f JOIN merging AS g "
		       "ON g.into_n = f.n AND g.undone_ms = 0 JOIN contact AS c ON c.n = g.from_n AND c.merged_into = g.into_n) "
		       "SELECT n FROM family ORDER BY n", HG_BIND(HG_I(contact_n)), ret, error);
}

gboolean hg_store_jobs_of(hg_store *store, gint64 contact_n, GArray *ret, GError **error)
{
	/* Target 7: what a helpdesk told of a ticket, in that ticket's lane. */
	return numbers(store, "SELECT o.n FROM outbox AS o LEFT JOIN thread AS t ON t.n = o.thread_n LEFT JOIN event AS e "
		       "ON e.n = o.event_n WHERE t.contact_n = $1 OR o.n IN (SELECT job_n FROM question WHERE contact_n = $1) OR "
		       "(o.target = 7 AND EXISTS (SELECT 1 FROM thread AS h JOIN ticket AS k ON k.thread_n = h.n JOIN link AS l "
		       "ON l.ticket_n = k.n AND l.backend = o.name WHERE h.contact_n = $1 AND (l.external_id = o.lane OR k.id = o.lane))) "
		       "OR (e.thread_n IS NULL AND e.type <> 'contact.erased' AND instr(e.data, (SELECT id FROM contact WHERE n = $1)) > 0) "
		       "ORDER BY o.n", HG_BIND(HG_I(contact_n)), ret, error);
}

char *hg_store_address_hash(hg_store *store, const char *uri)
{
	guint8 mac[32];
	g_autofree char *hex = NULL;

	hg_hmac_sha256(hg_store_instance_key(store), 32, uri, strlen(uri), mac);
	hex = hg_hex(mac, HASH_BYTES);
	return g_strconcat(HASH_MARK, hex, NULL);
}

/* Who wants no messages gets none: the wish stays, its words and whose it is go. */
static gboolean hash_consents(hg_store *store, const char *uri, gint64 *count, GError **error)
{
	g_autofree char *hash = hg_store_address_hash(store, uri);

	return run_once(store, "INSERT INTO consent (uri, channel, ours, state, source, code, blocked, said_ms, heard_ms, again_ms, "
			"told_ms, told_n) SELECT $1, channel, ours, state, source, code, blocked, said_ms, heard_ms, 0, 0, 0 "
			"FROM consent WHERE uri = $2 AND state = 2 ON CONFLICT (uri, channel, ours) DO NOTHING",
			HG_BIND(HG_T(hash), HG_T(uri)), NULL, error) &&
	       run_once(store, "DELETE FROM consent WHERE uri = $1", HG_BIND(HG_T(uri)), count, error);
}

gboolean hg_store_forget_address(hg_store *store, const char *uri, gint64 counts[HG_GONE_N], GError **error)
{
	g_autofree char *copies = g_strconcat("transcript:", uri, NULL), *echo = g_strconcat("echo:", uri, NULL);
	const struct hg_value *one = HG_BIND(HG_T(uri));
	const struct hg_value *senders = HG_BIND(HG_T(uri), HG_T(echo));

	return hash_consents(store, uri, &counts[HG_GONE_CONSENTS], error) &&
	       run_once(store, "DELETE FROM address WHERE uri = $1 OR uri = $2", HG_BIND(HG_T(uri), HG_T(copies)),
			&counts[HG_GONE_ADDRESSES], error) &&
	       run_once(store, "DELETE FROM visitor WHERE uri = $1 OR into_uri = $1", one, &counts[HG_GONE_SESSIONS], error) &&
	       run_once(store, "DELETE FROM visit WHERE uri = $1", one, NULL, error) &&
	       run_once(store, "DELETE FROM timer WHERE thread_n = 0 AND kind IN (SELECT 'pieces:' || n FROM joining "
			"WHERE sender = $1 OR sender = $2)", senders, NULL, error) &&
	       run_once(store, "DELETE FROM piece WHERE joining_n IN (SELECT n FROM joining WHERE sender = $1 OR sender = $2)",
			senders, NULL, error) &&
	       run_once(store, "DELETE FROM joining WHERE sender = $1 OR sender = $2", senders, NULL, error);
}

/* What calls were answered, kept in case they come again: a thread, or a message, which begins with its id of 30 letters. */
static gboolean forget_answers(hg_store *store, gint64 contact_n, gint64 *count, GError **error)
{
	return run_once(store, "UPDATE idempotency SET answer = '{\"erased\":true}' WHERE (answer LIKE '{\"message\":{\"id\":\"msg_%' "
			"AND $1 = (SELECT t.contact_n FROM message AS m JOIN thread AS t ON t.n = m.thread_n "
			"WHERE m.id = substr(answer, 19, 30))) OR (answer LIKE '{\"thread\":{\"id\":\"thr_%' AND $1 = "
			"(SELECT contact_n FROM thread WHERE id = substr(answer, 18, 30)))", HG_BIND(HG_I(contact_n)), count, error);
}

gboolean hg_store_forget_person(hg_store *store, gint64 contact_n, gint64 now_ms, gint64 counts[HG_GONE_N], GError **error)
{
	const struct hg_value *n = HG_BIND(HG_I(contact_n));

	return forget_answers(store, contact_n, &counts[HG_GONE_ANSWERS], error) &&
	       run_once(store, "DELETE FROM question WHERE contact_n = $1", n, &counts[HG_GONE_FACTS], error) &&
	       run_once(store, "DELETE FROM waiting WHERE contact_n = $1", n, NULL, error) &&
	       run_once(store, "DELETE FROM facts WHERE contact_n = $1", n, &counts[HG_GONE_FACTS], error) &&
	       run_once(store, "UPDATE merging SET moved = '{\"addresses\":[],\"threads\":[]}', why = 'erased' "
			"WHERE from_n = $1 OR into_n = $1", n, NULL, error) &&
	       run_once(store, "UPDATE event SET data = '{\"erased\":true}' WHERE thread_n IS NULL AND type <> 'contact.erased' AND "
			"instr(data, (SELECT id FROM contact WHERE n = $1)) > 0", n, &counts[HG_GONE_EVENTS], error) &&
	       run_once(store, "UPDATE contact SET name = NULL, username = NULL, tier = NULL, locale = NULL, fields = NULL, "
			"tags = NULL, opted_out = 0, conflicted = 0, blocked_ms = 0, blocked_until_ms = 0, blocked_why = NULL, "
			"erased_ms = $1 WHERE n = $2", HG_BIND(HG_I(now_ms), HG_I(contact_n)), NULL, error);
}

/* ---- what is gone through ---- */

static gboolean has_needle(const void *bytes, gsize len, const char *const *needles)
{
	g_autofree char *small = g_memdup2(bytes, len);	/* NULs and all */

	for (gsize i = 0; i < len; i++)
		small[i] = g_ascii_tolower(small[i]);
	for (; *needles; needles++)
		if (memmem(small, len, *needles, strlen(*needles)))
			return TRUE;
	return FALSE;
}

gboolean hg_store_forget_raw(hg_store *store, gint64 after_n, gint64 until_ms, guint limit, const char *const *needles,
			     gint64 *ret_next_n, gint64 counts[HG_GONE_N], GError **error)
{
	static const struct hg_sql page = { HG_SQL_FORGET_RAW_PAGE, "SELECT n FROM raw WHERE n > $1 AND at_ms <= $2 ORDER BY n LIMIT $3",
					    HG_SQL_ALONE, NULL };
	g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(gint64));
	hg_stmt *stmt = hg_stmt_open(store, &page, HG_BIND(HG_I(after_n), HG_I(until_ms), HG_I(limit)), error);
	int more = -1;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 n = hg_stmt_int(stmt, 0);

		g_array_append_val(rows, n);
	}
	*ret_next_n = rows->len == limit ? g_array_index(rows, gint64, limit - 1) : 0;
	for (guint i = 0; more == 0 && i < rows->len; i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		gint64 n = g_array_index(rows, gint64, i);
		const void *bytes;
		gsize len;

		if (!hg_store_raw_get(store, arena, n, &bytes, &len, error) ||
		    (len && has_needle(bytes, len, needles) && !empty_raw(store, n, until_ms, &counts[HG_GONE_RAW], error)))
			return FALSE;
	}
	return more == 0;
}

gboolean hg_store_forget_journal(hg_store *store, gint64 upto_n, guint limit, gboolean *ret_left, gint64 counts[HG_GONE_N],
				 GError **error)
{
	static const struct hg_sql forget = { HG_SQL_FORGET_JOURNAL, "DELETE FROM journal WHERE n IN (SELECT n FROM journal "
					      "WHERE n <= $1 ORDER BY n LIMIT $2)", HG_SQL_ALONE, NULL };
	gint64 gone = 0;

	if (!run(store, &forget, HG_BIND(HG_I(upto_n), HG_I(limit)), &gone, error))
		return FALSE;
	counts[HG_GONE_JOURNAL] += gone;
	*ret_left = gone == limit;
	return TRUE;
}

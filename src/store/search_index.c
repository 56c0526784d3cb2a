/* search_index.c - the index itself: SQLite's FTS5 in a file of its own, or in memory
 *
 * SQLite, "FTS5 Extension": unicode61 takes accents off, a table keeps a copy of its texts (for snippets, and so that
 * a row can be deleted), "optimize" writes all of the index anew, without what was deleted. */
#include "search_made.h"

#include <string.h>

#include "sqlite_db.h"
#include "text.h"

#define BUSY_MS 5000
#define FIND_STEPS 20000	/* thousands of SQLite's steps: some seconds */
#define SNIPPET_WORDS "24"
#define MARK_ON  '\1'
#define MARK_OFF '\2'

struct hg_index {
	sqlite3 *db;
	gboolean damaged;
	gboolean in_file;
	guint steps;
	guint8 print[32];		/* of the instance it is of */
};

static const char schema[] =
	"CREATE VIRTUAL TABLE IF NOT EXISTS doc USING fts5(text, subject, name, number, tags, "
	"tokenize = 'unicode61 remove_diacritics 2');"
	"CREATE TABLE IF NOT EXISTS place (n INTEGER PRIMARY KEY, thread_n INTEGER NOT NULL) STRICT;"
	"CREATE INDEX IF NOT EXISTS place_thread ON place (thread_n, n);"
	"CREATE TABLE IF NOT EXISTS state (one INTEGER PRIMARY KEY CHECK (one = 1), instance BLOB NOT NULL, event_n INTEGER NOT NULL, "
	"event_id TEXT, low_n INTEGER NOT NULL, forgetting INTEGER NOT NULL) STRICT;";

static gboolean fail(hg_index *index, int rc, GError **error)
{
	int code = rc & 0xff;

	index->damaged |= code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
	return hg_fail(error, code == SQLITE_INTERRUPT ? HG_ERROR_LIMIT : HG_ERROR_STORE, "search index: %s",
		       index->db ? sqlite3_errmsg(index->db) : sqlite3_errstr(rc));
}

static gboolean run(hg_index *index, const char *sql, GError **error)
{
	int rc = sqlite3_exec(index->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || fail(index, rc, error);
}

/* With its values bound; the caller's to finalize. */
static sqlite3_stmt *prepare(hg_index *index, const char *sql, const struct hg_value *values, GError **error)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(index->db, sql, -1, &stmt, NULL);

	for (int at = 1; rc == SQLITE_OK && values->type; at++, values++) {
		if (values->type == 'i')
			rc = sqlite3_bind_int64(stmt, at, values->i);
		else if (values->type == 't')
			rc = sqlite3_bind_text(stmt, at, values->p, -1, SQLITE_STATIC);
		else if (values->type == 'b')
			rc = sqlite3_bind_blob(stmt, at, values->p, (int)values->len, SQLITE_STATIC);
	}
	if (rc == SQLITE_OK)
		return stmt;
	fail(index, rc, error);
	sqlite3_finalize(stmt);
	return NULL;
}

/* 1: a row, 0: none, -1: it failed. */
static int step(hg_index *index, sqlite3_stmt *stmt, GError **error)
{
	int rc = sqlite3_step(stmt);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	fail(index, rc, error);
	return -1;
}

static gboolean change(hg_index *index, const char *sql, const struct hg_value *values, GError **error)
{
	sqlite3_stmt *stmt = prepare(index, sql, values, error);
	gboolean done = stmt && step(index, stmt, error) == 0;

	sqlite3_finalize(stmt);
	return done;
}

static gboolean number(hg_index *index, const char *sql, const struct hg_value *values, gint64 *ret, GError **error)
{
	sqlite3_stmt *stmt = prepare(index, sql, values, error);
	int more = stmt ? step(index, stmt, error) : -1;

	*ret = more > 0 ? sqlite3_column_int64(stmt, 0) : 0;
	sqlite3_finalize(stmt);
	return more >= 0;
}

/* ---- opening ---- */

static int progress(void *arg)
{
	hg_index *index = arg;

	return ++index->steps > FIND_STEPS;
}

/* A file that is whole for SQLite may still be of another database: one that was restored, or copied beside it. */
static gboolean check_instance(hg_index *index, gboolean write, GError **error)
{
	gint64 mine, any;

	if (!number(index, "SELECT COUNT(*) FROM state", HG_BIND_NONE, &any, error) ||
	    !number(index, "SELECT COUNT(*) FROM state WHERE instance = $1", HG_BIND(HG_B(index->print, sizeof index->print)), &mine, error))
		return FALSE;
	if (any && !mine) {
		index->damaged = TRUE;
		return hg_fail(error, HG_ERROR_STORE, "the search index is of another database");
	}
	return any || !write || change(index, "INSERT INTO state (one, instance, event_n, low_n, forgetting) VALUES (1, $1, 0, 0, 0)",
				       HG_BIND(HG_B(index->print, sizeof index->print)), error);
}

static gboolean prepare_file(hg_index *index, gboolean write, GError **error)
{
	sqlite3_busy_timeout(index->db, BUSY_MS);
	sqlite3_db_config(index->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	if (!write && index->in_file) {
		sqlite3_progress_handler(index->db, 1000, progress, index);
		return run(index, "PRAGMA query_only = ON; PRAGMA cache_size = -2048", error);
	}
	return run(index, "PRAGMA secure_delete = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096",
		   error) && run(index, schema, error);
}

hg_index *hg_index_open(const char *path, gboolean write, const guint8 instance[32], GError **error)
{
	g_autoptr(hg_index) index = g_new0(hg_index, 1);
	int rc;

	index->in_file = path != NULL;
	if (write && path && !hg_sqlite_make_file(path, g_file_test(path, G_FILE_TEST_EXISTS), error))
		return NULL;
	if (instance)
		hg_sha256(instance, 32, index->print);
	rc = sqlite3_open_v2(path ?: ":memory:", &index->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
			     (write || !path ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY), NULL);
	if (rc != SQLITE_OK)
		fail(index, rc, error);
	else if (prepare_file(index, write, error) && (!path || check_instance(index, write, error)))
		return g_steal_pointer(&index);
	return NULL;
}

void hg_index_close(hg_index *index)
{
	if (!index)
		return;
	sqlite3_close(index->db);
	g_free(index);
}

gboolean hg_index_damaged(const hg_index *index)
{
	return index->damaged;
}

/* ---- writing ---- */

gboolean hg_index_begin(hg_index *index, GError **error)
{
	return run(index, "BEGIN IMMEDIATE", error);
}

gboolean hg_index_commit(hg_index *index, GError **error)
{
	return run(index, "COMMIT", error);
}

void hg_index_rollback(hg_index *index)
{
	sqlite3_exec(index->db, "ROLLBACK", NULL, NULL, NULL);
}

gboolean hg_index_get_state(hg_index *index, hg_arena *arena, struct hg_index_state *ret, GError **error)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT event_n, event_id, low_n, forgetting FROM state", HG_BIND_NONE, error);
	int more = stmt ? step(index, stmt, error) : -1;

	*ret = (struct hg_index_state){ 0 };
	if (more > 0)
		*ret = (struct hg_index_state){ .event_n = sqlite3_column_int64(stmt, 0), .low_n = sqlite3_column_int64(stmt, 2),
			.event_id = hg_arena_str(arena, (const char *)sqlite3_column_text(stmt, 1)),
			.forgetting = sqlite3_column_int(stmt, 3) != 0 };
	sqlite3_finalize(stmt);
	return more >= 0;
}

gboolean hg_index_set_state(hg_index *index, const struct hg_index_state *state, GError **error)
{
	return change(index, "UPDATE state SET event_n = $1, event_id = $2, low_n = $3, forgetting = $4",
		      HG_BIND(HG_I(state->event_n), HG_T(state->event_id), HG_I(state->low_n), HG_I(state->forgetting ? 1 : 0)), error);
}

gboolean hg_index_drop(hg_index *index, gint64 n, gint64 *ret_dropped, GError **error)
{
	if (!change(index, "DELETE FROM place WHERE n = $1", HG_BIND(HG_I(n)), error))
		return FALSE;
	if (!sqlite3_changes(index->db))
		return TRUE;
	if (ret_dropped)
		(*ret_dropped)++;
	return change(index, "DELETE FROM doc WHERE rowid = $1", HG_BIND(HG_I(n)), error);
}

gboolean hg_index_put(hg_index *index, const struct hg_doc *doc, GError **error)
{
	return hg_index_drop(index, doc->n, NULL, error) &&
	       change(index, "INSERT INTO place (n, thread_n) VALUES ($1, $2)", HG_BIND(HG_I(doc->n), HG_I(doc->thread_n)), error) &&
	       change(index, "INSERT INTO doc (rowid, text, subject, name, number, tags) VALUES ($1, $2, $3, $4, $5, $6)",
		      HG_BIND(HG_I(doc->n), HG_T(doc->text ?: ""), HG_T(doc->subject ?: ""), HG_T(doc->name ?: ""),
			      HG_T(doc->number ?: ""), HG_T(doc->tags ?: "")), error);
}

gboolean hg_index_has(hg_index *index, gint64 n, gboolean *ret, GError **error)
{
	gint64 found;

	if (!number(index, "SELECT COUNT(*) FROM place WHERE n = $1", HG_BIND(HG_I(n)), &found, error))
		return FALSE;
	*ret = found > 0;
	return TRUE;
}

gboolean hg_index_count(hg_index *index, gint64 *ret, GError **error)
{
	return number(index, "SELECT COUNT(*) FROM place", HG_BIND_NONE, ret, error);
}

static gboolean numbers(hg_index *index, const char *sql, const struct hg_value *values, GArray *ret, GError **error)
{
	sqlite3_stmt *stmt = prepare(index, sql, values, error);
	int more = -1;

	while (stmt && (more = step(index, stmt, error)) > 0) {
		gint64 n = sqlite3_column_int64(stmt, 0);

		g_array_append_val(ret, n);
	}
	sqlite3_finalize(stmt);
	return more == 0;
}

gboolean hg_index_places(hg_index *index, gint64 thread_n, gboolean own, GArray *ret, GError **error)
{
	return numbers(index, own ? "SELECT n FROM place WHERE thread_n = $1 AND n % 2 = 1" : "SELECT n FROM place WHERE thread_n = $1",
		       HG_BIND(HG_I(thread_n)), ret, error);
}

gboolean hg_index_behind(hg_index *index, gint64 after, guint limit, GArray *ret, GError **error)
{
	return numbers(index, "SELECT n FROM place WHERE n > $1 ORDER BY n LIMIT $2", HG_BIND(HG_I(after), HG_I(limit)), ret, error);
}

/* Deleted rows of the text lie in pages that were overwritten; of the words, what is left in old parts of the index goes with them
 * when all of it is written anew.  The log held both. */
gboolean hg_index_scrub(hg_index *index, GError **error)
{
	gint64 busy;

	if (!run(index, "INSERT INTO doc (doc) VALUES ('optimize')", error) ||
	    !number(index, "PRAGMA wal_checkpoint(TRUNCATE)", HG_BIND_NONE, &busy, error))
		return FALSE;
	return !busy || hg_fail(error, HG_ERROR_BUSY, "search index: somebody still reads what is to be forgotten");
}

/* ---- finding ---- */

/* The snippet without its marks, and where they were. */
static void read_snippet(hg_arena *arena, const char *text, struct hg_search_hit *hit)
{
	g_autoptr(GString) out = g_string_new(NULL);
	guint at = 0, from = 0;

	hit->marks = hg_arena_alloc(arena, HG_SEARCH_MARKS_MAX * sizeof(*hit->marks));
	for (const char *c = text; *c; c = g_utf8_next_char(c)) {
		if (*c == MARK_ON) {
			from = at;
		} else if (*c == MARK_OFF) {
			if (hit->n_marks < HG_SEARCH_MARKS_MAX)
				hit->marks[hit->n_marks++] = (struct hg_search_mark){ from, at - from };
		} else {
			g_string_append_len(out, c, g_utf8_next_char(c) - c);
			at++;
		}
	}
	hit->snippet = hg_arena_str(arena, out->str);
}

static struct hg_search_hit *hit_of(hg_arena *arena, sqlite3_stmt *stmt)
{
	struct hg_search_hit *hit = hg_arena_alloc(arena, sizeof *hit);
	const char *text = (const char *)sqlite3_column_text(stmt, 2);

	*hit = (struct hg_search_hit){ .place = sqlite3_column_int64(stmt, 0), .thread_n = sqlite3_column_int64(stmt, 1) };
	hit->message_n = hit->place % 2 ? 0 : hit->place / 2;
	read_snippet(arena, text ?: "", hit);
	return hit;
}

gboolean hg_index_find(hg_index *index, hg_arena *arena, const char *match, gint64 before, guint limit, GPtrArray *ret,
		       GError **error)
{
	sqlite3_stmt *stmt = prepare(index, "SELECT d.rowid, p.thread_n, snippet(doc, -1, char(1), char(2), '\xe2\x80\xa6', " SNIPPET_WORDS ") "
				     "FROM doc AS d JOIN place AS p ON p.n = d.rowid WHERE d.doc MATCH $1 AND d.rowid < $2 "
				     "ORDER BY d.rowid DESC LIMIT $3", HG_BIND(HG_T(match), HG_I(before), HG_I(limit)), error);
	int more = -1;

	index->steps = 0;
	while (stmt && (more = step(index, stmt, error)) > 0)
		g_ptr_array_add(ret, hit_of(arena, stmt));
	sqlite3_finalize(stmt);
	return more == 0;
}

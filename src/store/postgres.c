/* postgres.c - the PostgreSQL driver: a connection with every guard looked at, and one writer's turn
 *
 * All who write take the turn first: an advisory lock that the transaction holds until it ends.  So groups of commands
 * of all nodes come one after the other, numbers rise in the order of commits, and no two can lock each other out.
 * What became of a commit whose answer was lost is asked for by the next turn: each commit writes its number beside its
 * node's name. */
#include "postgres_db.h"

#include <string.h>

#include "copies.h"
#include "failpoint.h"

/* A node that stops in the middle of its turn is thrown out by the server, and the others go on. */
#define TURN_IDLE_MS 5000
#define TURN_WAIT_MS 30000
#define VERSION_LEAST 140000

/* The numbers that rows are given before they are written: the turn's columns. */
static const struct { enum hg_numbers numbers; const char *table; } numbered[] = {
	{ HG_NUMBERS_CONTACT, "contact" }, { HG_NUMBERS_THREAD, "thread" }, { HG_NUMBERS_MESSAGE, "message" },
	{ HG_NUMBERS_TICKET, "ticket" }, { HG_NUMBERS_DECISION, "decision" }, { HG_NUMBERS_EVENT, "event" },
	{ HG_NUMBERS_EPISODE, "episode" }, { HG_NUMBERS_OUTBOX, "outbox" },
};
#define TURN_COLUMNS "contact, thread, message, ticket, decision, event, episode, outbox"	/* in that order */

enum hg_numbers hg_pg_numbered(const char *table)
{
	for (gsize i = 0; i < G_N_ELEMENTS(numbered); i++)
		if (strcmp(numbered[i].table, table) == 0)
			return numbered[i].numbers;
	return HG_NUMBERS_NONE;
}

/* ---- connecting ---- */

static void be_silent(void *arg G_GNUC_UNUSED, const char *message G_GNUC_UNUSED)
{
}

void hg_pg_disconnect(struct hg_pg *pg)
{
	g_mutex_lock(&pg->lock);
	PQfreeCancel(pg->cancel);
	pg->cancel = NULL;
	g_mutex_unlock(&pg->lock);
	PQfinish(pg->conn);
	pg->conn = NULL;
}

PGconn *hg_pg_connect(const char *url, const char *password, const char *who)
{
	const char *const keywords[] = { "dbname", "password", "client_encoding", "connect_timeout", "tcp_user_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "fallback_application_name", NULL };
	const char *const values[] = { url, password, "UTF8", "5", "10000", "5", "2", "3", who, NULL };
	PGconn *conn = PQconnectdbParams(keywords, values, 1);

	PQsetNoticeProcessor(conn, be_silent, NULL);
	return conn;
}

static gboolean dial(hg_store *store, GError **error)
{
	struct hg_pg *pg = store->pg;

	hg_pg_disconnect(pg);
	pg->conn = hg_pg_connect(pg->url, pg->password, "headgate");
	if (hg_pg_is_lost(store)) {
		g_autofree char *said = hg_pg_said(pg->conn);

		return hg_fail(error, HG_ERROR_BUSY, "%s: %s", store->path, said);
	}
	g_mutex_lock(&pg->lock);
	pg->cancel = PQgetCancel(pg->conn);
	g_mutex_unlock(&pg->lock);
	pg->session++;
	pg->limit_ms = 0;
	return TRUE;
}

/* What would break a promise: each value that is asked for, and what it has to be. */
static gboolean check_server(hg_store *store, GError **error)
{
	static const struct { const char *what, *not, *why; } guards[] = {
		{ "fsync", "off", "what was committed would be lost with the power: set fsync = on" },
		{ "full_page_writes", "off", "a cut of the power could tear pages: set full_page_writes = on" },
		{ "synchronous_commit", "off", "a commit would be answered before it is on disk: set synchronous_commit = on" },
	};
	PGresult *result;
	gboolean recovering;

	if (PQserverVersion(store->pg->conn) < VERSION_LEAST)
		return hg_fail(error, HG_ERROR_CONFIG, "%s is PostgreSQL %d: headgate needs 14 or newer", store->path,
			       PQserverVersion(store->pg->conn) / 10000);
	if (g_strcmp0(PQparameterStatus(store->pg->conn, "server_encoding"), "UTF8") != 0)
		return hg_fail(error, HG_ERROR_CONFIG, "%s keeps text as %s: make it with CREATE DATABASE ... ENCODING 'UTF8'",
			       store->path, PQparameterStatus(store->pg->conn, "server_encoding"));
	for (gsize i = 0; i < G_N_ELEMENTS(guards); i++) {
		g_autofree char *sql = g_strdup_printf("SHOW %s", guards[i].what);

		result = hg_pg_exec(store, sql, sql, error);
		if (!result)
			return FALSE;
		if (strcmp(PQgetvalue(result, 0, 0), guards[i].not) == 0) {
			PQclear(result);
			return hg_fail(error, HG_ERROR_CONFIG, "%s runs with %s = %s: %s", store->path, guards[i].what, guards[i].not,
				       guards[i].why);
		}
		PQclear(result);
	}
	result = hg_pg_exec(store, "SELECT pg_is_in_recovery()", "SELECT pg_is_in_recovery", error);
	recovering = result && *PQgetvalue(result, 0, 0) == 't';
	PQclear(result);
	return result && (!recovering || hg_fail(error, HG_ERROR_CONFIG, "%s is a replica: store.url has to name the primary",
						 store->path));
}

static gboolean set_session(hg_store *store, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"SET TimeZone = 'UTC'; SET default_transaction_isolation = 'read committed'; SET statement_timeout = 0; "
		"SET default_transaction_read_only = %s; SET lock_timeout = %d; SET idle_in_transaction_session_timeout = %d; "
		/* So that a machine that is gone is not this node for hours. */
		"SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 6000",
		store->reader ? "on" : "off", TURN_WAIT_MS, store->reader ? 0 : TURN_IDLE_MS);

	return hg_pg_do(store, sql, "SET", error);
}

gboolean hg_pg_ensure(hg_store *store, GError **error)
{
	if (!hg_pg_is_lost(store))
		return TRUE;
	if (dial(store, error) && check_server(store, error) && set_session(store, error) &&
	    (store->reader || hg_pg_be_the_node(store, error)))
		return TRUE;
	hg_pg_disconnect(store->pg);
	return FALSE;
}

/* Without the password, for texts and logs. */
static char *name_of(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL), *option;
	const char *host = "", *db = "", *port = "";
	char *name;

	for (option = options; option && option->keyword; option++) {
		if (strcmp(option->keyword, "host") == 0)
			host = option->val ?: "";
		else if (strcmp(option->keyword, "dbname") == 0)
			db = option->val ?: "";
		else if (strcmp(option->keyword, "port") == 0)
			port = option->val ?: "";
	}
	name = g_strdup_printf("postgresql://%s%s%s/%s", *host == '/' ? "" : host, *port ? ":" : "", port, db);
	PQconninfoFree(options);
	return name;
}

static gboolean check_options(const struct hg_store_options *options, GError **error)
{
	char *why = NULL;
	PQconninfoOption *parsed = options->url ? PQconninfoParse(options->url, &why) : NULL;
	gboolean good = parsed != NULL;

	if (!good)
		hg_fail(error, HG_ERROR_CONFIG, "store.url is no connection string of PostgreSQL (postgresql://user@host/database): %s",
			why ? g_strstrip(why) : "there is none");
	PQconninfoFree(parsed);
	PQfreemem(why);
	return good;
}

static gboolean pg_open(hg_store *store, const struct hg_store_options *options, GError **error)
{
	if (!check_options(options, error))
		return FALSE;
	store->pg = g_new0(struct hg_pg, 1);
	g_mutex_init(&store->pg->lock);
	store->pg->url = g_strdup(options->url);
	store->pg->password = g_strdup(options->password);
	store->pg->node = g_strdup(options->node ?: g_get_host_name());
	g_free(store->path);
	store->path = name_of(options->url);
	store->turn = -1;
	if (!dial(store, error) || !check_server(store, error) || !set_session(store, error))
		return FALSE;
	if (store->reader)
		return hg_pg_schema_check(store, error) && hg_store_key_load(store, NULL, error);
	/* A directory with copies is nobody else's. */
	if (!hg_pg_migrate(store, error) || !hg_pg_be_the_node(store, error) || !hg_store_key_load(store, options->key, error) ||
	    (store->attachments && !hg_attachments_prepare(store->attachments, store->copies ? G_MAXINT64 :
							   hg_now(store->env) - HG_LEFT_MS, error)))
		return FALSE;
	if (store->copies)
		hg_copies_tend(store->copies);
	return TRUE;
}

static void pg_close(hg_store *store, gboolean clean G_GNUC_UNUSED)
{
	struct hg_pg *pg = store->pg;

	if (!pg)
		return;
	hg_pg_disconnect(pg);
	g_mutex_clear(&pg->lock);
	if (pg->password)
		memset(pg->password, 0, strlen(pg->password));
	g_free(pg->password);
	g_free(pg->url);
	g_free(pg->node);
	g_free(pg->hints);
	hg_pg_pipe_free(pg);
	g_free(pg);
	store->pg = NULL;
}

static void pg_interrupt(hg_store *store)
{
	char why[256];

	g_mutex_lock(&store->pg->lock);
	if (store->pg->cancel)
		PQcancel(store->pg->cancel, why, sizeof(why));
	g_mutex_unlock(&store->pg->lock);
}

/* ---- transactions ---- */

/* Others have written: their numbers go on from here, and nothing that was remembered of rows is sure. */
static void take_over(hg_store *store, const PGresult *result)
{
	gint64 *next = hg_late_numbers(store->late);

	store->turn = hg_pg_number(result, 0, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(numbered); i++)
		next[numbered[i].numbers] = hg_pg_number(result, 0, (int)i + 1) + 1;
	hg_known_forget(store->known);
	if (store->seen_days)
		g_array_set_size(store->seen_days, 0);
}

/* A connection that had been idle when the server went is found out only now: then once more, on a new one. */
static PGresult *begin_by(hg_store *store, const char *sql, GError **error)
{
	PGresult *result = NULL;

	for (int tries = 0; !result && tries < 2; tries++) {
		g_clear_error(error);
		if (!hg_pg_ensure(store, error))
			return NULL;
		store->cost.waits++;
		result = hg_pg_exec(store, sql, "BEGIN", error);
		if (result || !hg_pg_is_lost(store))
			break;
	}
	if (!result && !hg_pg_is_lost(store))
		hg_pg_do(store, "ROLLBACK", "ROLLBACK", NULL);
	return result;
}

static gboolean pg_begin(hg_store *store, GError **error)
{
	struct hg_pg *pg = store->pg;
	g_autoptr(GError) failed = NULL;
	PGresult *result = begin_by(store, store->reader ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" :
				    "BEGIN; SELECT pg_advisory_xact_lock(" HG_PG_TURN_LOCK "); SELECT turn, " TURN_COLUMNS " FROM turn", &failed);

	if (!result) {
		g_propagate_error(error, g_steal_pointer(&failed));
		return FALSE;
	}
	pg->transactions++;
	if (store->reader) {
		PQclear(result);
		return TRUE;
	}
	if (hg_pg_number(result, 0, 0) != store->turn)
		take_over(store, result);
	PQclear(result);
	pg->begun = pg->all_changed;
	if (store->bold)
		hg_pg_pipe_begin(store);
	return TRUE;
}

static char *commit_text(hg_store *store)
{
	const gint64 *next = hg_late_numbers(store->late);
	struct hg_pg *pg = store->pg;
	char *name = PQescapeLiteral(pg->conn, pg->node, strlen(pg->node));
	GString *text = g_string_new(NULL);

	g_string_printf(text, "UPDATE turn SET turn = %" G_GINT64_FORMAT, store->turn + 1);
	for (gsize i = 0; i < G_N_ELEMENTS(numbered); i++)
		g_string_append_printf(text, ", %s = %" G_GINT64_FORMAT, numbered[i].table, next[numbered[i].numbers] - 1);
	g_string_append_printf(text, "; UPDATE writer SET turn = %" G_GINT64_FORMAT " WHERE node = %s; ", store->turn + 1, name);
	g_string_append(text, pg->hints ?: "");
	g_string_append(text, "COMMIT");
	PQfreemem(name);
	return g_string_free(text, FALSE);
}

static gboolean was_committed(hg_store *store, PGresult *result, GError **error)
{
	if (hg_pg_is_lost(store))
		return hg_pg_settle_fate(store, error);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return hg_pg_fail(store, result, "COMMIT", error);
	/* One that had failed before ends in a ROLLBACK. */
	return strcmp(PQcmdStatus(result), "COMMIT") == 0 || hg_fail_gone(error);
}

static gboolean pg_commit(hg_store *store, gboolean later G_GNUC_UNUSED, GError **error)
{
	struct hg_pg *pg = store->pg;
	g_autofree char *text = NULL;
	PGresult *result;
	gboolean wrote, done;

	if (!hg_pg_pipe_end(store, error))	/* what failed is known before anything is committed */
		return FALSE;
	wrote = !store->reader && (pg->all_changed != pg->begun || pg->hints);
	text = wrote ? commit_text(store) : g_strdup("COMMIT");
	store->cost.waits++;
	result = PQexec(pg->conn, text);
	done = wrote ? was_committed(store, result, error) : PQresultStatus(result) == PGRES_COMMAND_OK ||
	       hg_pg_fail(store, result, "COMMIT", error);
	PQclear(result);
	g_clear_pointer(&pg->hints, g_free);
	if (done && wrote)
		store->turn++;
	return done;
}

static void pg_rollback(hg_store *store)
{
	if (!store->pg)
		return;
	g_clear_pointer(&store->pg->hints, g_free);
	hg_pg_pipe_end(store, NULL);
	if (!hg_pg_is_lost(store) && PQtransactionStatus(store->pg->conn) != PQTRANS_IDLE)
		hg_pg_do(store, "ROLLBACK", "ROLLBACK", NULL);
}

static gboolean pg_is_gone(hg_store *store)
{
	return hg_pg_is_lost(store) || PQtransactionStatus(store->pg->conn) == PQTRANS_IDLE;
}

static gboolean pg_is_spoiled(hg_store *store)
{
	return store->pg->failed || PQtransactionStatus(store->pg->conn) == PQTRANS_INERROR;
}

static gboolean pg_savepoint(hg_store *store, GError **error)
{
	return hg_pg_do(store, "SAVEPOINT command", "SAVEPOINT", error);
}

static gboolean pg_release(hg_store *store, GError **error)
{
	return hg_pg_do(store, "RELEASE SAVEPOINT command", "RELEASE", error);
}

static gboolean pg_rollback_to(hg_store *store, GError **error)
{
	return hg_pg_do(store, "ROLLBACK TO SAVEPOINT command; RELEASE SAVEPOINT command", "ROLLBACK TO", error);
}

/* The server has waited for its disk when it answers. */
static void pg_flush_begin(hg_store *store G_GNUC_UNUSED)
{
}

static gboolean pg_flush_is_done(hg_store *store G_GNUC_UNUSED)
{
	return TRUE;
}

static gboolean pg_flush_end(hg_store *store G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
	return TRUE;
}

/* ---- what it says of itself ---- */

/* What failed among what was sent fails the next statement, and the commit. */
static gint64 pg_changes(hg_store *store)
{
	if (store->pg->piped)
		hg_pg_pipe_read(store, NULL);
	return store->pg->changed;
}

static gint64 pg_all_changes(hg_store *store)
{
	if (store->pg->piped)
		hg_pg_pipe_read(store, NULL);
	return store->pg->all_changed;
}

/* One that was posted counts before anybody knows whether it changed anything, and then again. */
static gint64 pg_mark(hg_store *store)
{
	return store->pg->all_changed + store->pg->posted;
}

static gint64 pg_last_n(hg_store *store)
{
	return store->pg->last_n;
}

/* The turn has brought them. */
static gboolean pg_next_n(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error)
{
	g_autofree char *text = g_strdup_printf("SELECT %s + 1 FROM turn", of->name);

	return hg_sql_once_int(store, text, ret, error);
}

static gint64 pg_clock_ms(hg_store *store, GError **error)
{
	gint64 ms;

	if (store->shared_for_test)
		return hg_mono(store->env);
	return hg_sql_once_int(store, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", &ms, error) ? ms : -1;
}

static void pg_tend(hg_store *store G_GNUC_UNUSED, enum hg_store_load load G_GNUC_UNUSED)
{
}

static void pg_tend_disk(hg_store *store G_GNUC_UNUSED)
{
}

static gboolean pg_tend_is_due(hg_store *store G_GNUC_UNUSED, enum hg_store_load load G_GNUC_UNUSED)
{
	return FALSE;
}

/* What was overwritten goes with the server's own VACUUM and its log's recycling. */
static gboolean pg_empty_log(hg_store *store G_GNUC_UNUSED)
{
	return TRUE;
}

static gint64 pg_free_bytes(hg_store *store G_GNUC_UNUSED)
{
	return -1;
}

/* I19. */
static gboolean pg_audit(hg_store *store, hg_fsck_report *report, void *arg, GError **error)
{
	g_autofree char *version = NULL;
	gint64 now;

	if (!hg_sql_once_int(store, "SELECT version FROM headgate_schema", &now, error))
		return FALSE;
	version = g_strdup_printf("%" G_GINT64_FORMAT, now);
	if (now < hg_schema_newest())
		report(arg, "I19", version, "the schema is older than this program: start headgated, which brings it up");
	return TRUE;
}

static gboolean pg_sizes(hg_store *store, gint64 *ret_bytes, gint64 *ret_log, GError **error)
{
	*ret_log = 0;
	return hg_sql_once_int(store, "SELECT pg_database_size(current_database())", ret_bytes, error);
}

const hg_driver hg_postgres_driver = {
	.name = "postgresql", .sorts_updates = TRUE, .open = pg_open, .close = pg_close, .interrupt = pg_interrupt,
	.begin = pg_begin, .commit = pg_commit, .rollback = pg_rollback, .is_gone = pg_is_gone, .is_spoiled = pg_is_spoiled,
	.savepoint = pg_savepoint, .release = pg_release, .rollback_to = pg_rollback_to,
	.flush_begin = pg_flush_begin, .flush_is_done = pg_flush_is_done, .flush_end = pg_flush_end,
	.prepare = hg_pg_prepare, .unprepare = hg_pg_unprepare, .start = hg_pg_start, .post = hg_pg_post, .next = hg_pg_next, .end = hg_pg_end,
	.number = hg_pg_int, .bytes = hg_pg_bytes, .changes = pg_changes, .all_changes = pg_all_changes, .mark = pg_mark, .last_n = pg_last_n,
	.next_n = pg_next_n, .clock_ms = pg_clock_ms, .tend_disk = pg_tend_disk, .tend = pg_tend, .tend_is_due = pg_tend_is_due,
	.empty_log = pg_empty_log, .free_bytes = pg_free_bytes, .audit = pg_audit, .sizes = pg_sizes, .info = hg_pg_info,
	.tables = hg_pg_tables,
};

/* postgres_files.c - attachment files in a PostgreSQL database, in pieces, on connections of their own */
#include "postgres_files.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "failpoint.h"
#include "postgres_db.h"

#define CONNECTIONS 4
#define IDLE	    1		/* so many stay open */
#define SWEEP	    50		/* files of one go */
#define NOW "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"

struct hg_pg_files {
	char *url, *password;		/* ours; password may be NULL */
	GMutex lock;
	GCond came_back;
	GQueue idle;			/* under lock: of PGconn */
	guint used;			/* under lock */
};

struct hg_pg_files *hg_pg_files_new(const struct hg_store_options *options)
{
	struct hg_pg_files *files = g_new0(struct hg_pg_files, 1);

	files->url = g_strdup(options->url);
	files->password = g_strdup(options->password);
	g_mutex_init(&files->lock);
	g_cond_init(&files->came_back);
	g_queue_init(&files->idle);
	return files;
}

static void finish(gpointer conn)
{
	PQfinish(conn);
}

void hg_pg_files_free(struct hg_pg_files *files)
{
	if (!files)
		return;
	g_queue_clear_full(&files->idle, finish);
	g_mutex_clear(&files->lock);
	g_cond_clear(&files->came_back);
	if (files->password)
		memset(files->password, 0, strlen(files->password));
	g_free(files->password);
	g_free(files->url);
	g_free(files);
}

/* ---- connections ---- */

/* One that is no longer there is found out by the first statement. */
static PGconn *borrow(struct hg_pg_files *files)
{
	PGconn *conn;

	g_mutex_lock(&files->lock);
	while (files->used == CONNECTIONS)
		g_cond_wait(&files->came_back, &files->lock);
	files->used++;
	conn = g_queue_pop_head(&files->idle);
	g_mutex_unlock(&files->lock);
	if (conn)
		return conn;
	conn = hg_pg_connect(files->url, files->password, "headgate files");
	if (PQstatus(conn) == CONNECTION_OK)
		/* A node that stops in the middle of a file is thrown out, as in the middle of its turn. */
		PQclear(PQexec(conn, "SET TimeZone = 'UTC'; SET idle_in_transaction_session_timeout = 5000; SET lock_timeout = 30000; "
			       "SET tcp_keepalives_idle = 3; SET tcp_keepalives_interval = 1; SET tcp_keepalives_count = 3; "
			       "SET tcp_user_timeout = 6000"));
	return conn;
}

static void give_back(struct hg_pg_files *files, PGconn *conn)
{
	gboolean good = PQstatus(conn) == CONNECTION_OK;

	if (good && PQtransactionStatus(conn) != PQTRANS_IDLE) {
		PQclear(PQexec(conn, "ROLLBACK"));
		good = PQtransactionStatus(conn) == PQTRANS_IDLE;
	}
	g_mutex_lock(&files->lock);
	if (good && files->idle.length < IDLE)
		g_queue_push_head(&files->idle, g_steal_pointer(&conn));
	files->used--;
	g_cond_signal(&files->came_back);
	g_mutex_unlock(&files->lock);
	if (conn)
		PQfinish(conn);
}

/* ---- statements ---- */

struct value { const char *bytes; int len; gboolean binary; };

static PGresult *ask(PGconn *conn, const char *sql, const struct value *values, int n, GError **error)
{
	const char *bytes[4] = { NULL };
	int lens[4] = { 0 }, formats[4] = { 0 };
	PGresult *result;
	ExecStatusType status;

	for (int i = 0; i < n; i++) {
		bytes[i] = values[i].bytes;
		lens[i] = values[i].len;
		formats[i] = values[i].binary;
	}
	result = PQexecParams(conn, sql, n, NULL, bytes, lens, formats, 1);
	status = PQresultStatus(result);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return result;
	PQclear(result);
	{
		g_autofree char *said = hg_pg_said(conn);

		hg_fail(error, HG_ERROR_STORE, "files in the database: %s", *said ? said : "the connection was lost");
	}
	return NULL;
}

static gboolean run(PGconn *conn, const char *sql, GError **error)
{
	PGresult *result = ask(conn, sql, NULL, 0, error);

	PQclear(result);
	return result != NULL;
}

static struct value text(const char *text)
{
	return (struct value){ text, 0, FALSE };
}

/* Of one column and one row at most; -1: there is none. */
static gboolean number(PGconn *conn, const char *sql, const struct value *values, int n, gint64 *ret, GError **error)
{
	PGresult *result = ask(conn, sql, values, n, error);
	gint64 big;

	if (!result)
		return FALSE;
	*ret = -1;
	if (PQntuples(result)) {
		memcpy(&big, PQgetvalue(result, 0, 0), sizeof(big));
		*ret = GINT64_FROM_BE(big);
	}
	PQclear(result);
	return TRUE;
}

/* A connection that broke while it was idle is found out only now: then once more, on a new one.  What is done may be done twice. */
typedef gboolean work_fn(PGconn *conn, void *arg, GError **error);
static gboolean with_connection(struct hg_pg_files *files, work_fn *work, void *arg, GError **error)
{
	g_autoptr(GError) failed = NULL;
	gboolean done = FALSE, lost = TRUE;

	for (int tries = 0; !done && lost && tries < 2; tries++) {
		PGconn *conn = borrow(files);

		g_clear_error(&failed);
		done = work(conn, arg, &failed);
		lost = PQstatus(conn) != CONNECTION_OK;
		give_back(files, conn);
	}
	if (!done)
		g_propagate_error(error, g_steal_pointer(&failed));
	return done;
}

/* ---- one file ---- */

struct one { const char *sha256; int fd; gint64 bytes, young_ms; hg_file_bytes *heard; void *arg; gboolean heard_any; };

static gboolean need(PGconn *conn, const char *sha256, gint64 *ret_bytes, GError **error)
{
	return number(conn, "UPDATE file SET at_ms = " NOW " WHERE sha256 = $1 RETURNING bytes", (struct value[]){ text(sha256) }, 1,
		      ret_bytes, error);
}

static gboolean need_it(PGconn *conn, void *arg, GError **error)
{
	struct one *one = arg;

	return need(conn, one->sha256, &one->bytes, error);
}

gboolean hg_pg_file_need(struct hg_pg_files *files, const char *sha256, gint64 *ret_bytes, GError **error)
{
	struct one one = { .sha256 = sha256 };
	gboolean done = with_connection(files, need_it, &one, error);

	*ret_bytes = done ? one.bytes : -1;
	return done;
}

struct names { const char *names; GHashTable *known; };

static gboolean know(PGconn *conn, void *arg, GError **error)
{
	struct names *names = arg;
	PGresult *result = ask(conn, "SELECT sha256 FROM file WHERE sha256 = ANY (string_to_array($1, ','))",
			       (struct value[]){ text(names->names) }, 1, error);

	for (int row = 0; result && row < PQntuples(result); row++)
		g_hash_table_add(names->known, g_strndup(PQgetvalue(result, row, 0), (gsize)PQgetlength(result, row, 0)));
	PQclear(result);
	return result != NULL;
}

gboolean hg_pg_files_known(struct hg_pg_files *files, const char *names, GHashTable *ret, GError **error)
{
	struct names some = { names, ret };

	return with_connection(files, know, &some, error);
}

static gboolean add_piece(PGconn *conn, const char *sha256, int part, const void *bytes, gsize len, GError **error)
{
	g_autofree char *which = g_strdup_printf("%d", part);
	PGresult *result = ask(conn, "INSERT INTO file_piece (sha256, part, bytes) VALUES ($1, CAST($2 AS TEXT)::BIGINT, CAST($3 AS BYTEA))",
			       (struct value[]){ text(sha256), text(which), { bytes, (int)len, TRUE } }, 3, error);

	PQclear(result);
	return result != NULL;
}

/* As much as there is, but for the end of the file; -1: errno. */
static gssize read_piece(int fd, guint8 *buffer, gint64 at)
{
	gsize len = 0;

	while (len < HG_PIECE_BYTES) {
		ssize_t got = pread(fd, buffer + len, HG_PIECE_BYTES - len, at + (gint64)len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		len += (gsize)got;
	}
	return (gssize)len;
}

static gboolean add_pieces(PGconn *conn, const struct one *one, GError **error)
{
	g_autofree guint8 *buffer = g_malloc(HG_PIECE_BYTES);
	gint64 at = 0;
	gssize len;

	for (int part = 0; at < one->bytes; part++) {
		len = read_piece(one->fd, buffer, at);
		if (len <= 0)
			return hg_fail(error, HG_ERROR_STORE, "attachments: %s: %s", one->sha256, len ? g_strerror(errno) : "it got shorter");
		if (!add_piece(conn, one->sha256, part, buffer, (gsize)len, error))
			return FALSE;
		(void)HG_FAILPOINT(FILE_PIECE);
		at += len;
	}
	return TRUE;
}

/* Somebody else who puts the same is waited for, and then there is nothing to do. */
static gboolean add(PGconn *conn, const struct one *one, gboolean *ret_added, GError **error)
{
	g_autofree char *bytes = g_strdup_printf("%" G_GINT64_FORMAT, one->bytes);
	PGresult *result;

	*ret_added = FALSE;
	if (!run(conn, "BEGIN", error))
		return FALSE;
	result = ask(conn, "INSERT INTO file (sha256, bytes, at_ms) VALUES ($1, CAST($2 AS TEXT)::BIGINT, " NOW ") ON CONFLICT DO NOTHING",
		     (struct value[]){ text(one->sha256), text(bytes) }, 2, error);
	if (!result)
		return FALSE;
	*ret_added = strcmp(PQcmdTuples(result), "1") == 0;
	PQclear(result);
	return !*ret_added ? run(conn, "ROLLBACK", error) : add_pieces(conn, one, error) && run(conn, "COMMIT", error);
}

static gboolean put_it(PGconn *conn, void *arg, GError **error)
{
	const struct one *one = arg;
	gboolean added = FALSE;
	gint64 there;

	/* It may be deleted just between the two. */
	for (int tries = 0; tries < 10 && !added; tries++) {
		if (!need(conn, one->sha256, &there, error))
			return FALSE;
		if (there >= 0)
			return TRUE;
		if (!add(conn, one, &added, error))
			return FALSE;
	}
	return added || hg_fail(error, HG_ERROR_STORE, "files in the database: %s comes and goes", one->sha256);
}

gboolean hg_pg_file_put(struct hg_pg_files *files, const char *sha256, int fd, gint64 bytes, GError **error)
{
	struct one one = { .sha256 = sha256, .fd = fd, .bytes = bytes };

	return with_connection(files, put_it, &one, error);
}

/* *ret: -1: there is no such piece. */
static gboolean hear_piece(PGconn *conn, struct one *one, int part, gboolean *ret_there, GError **error)
{
	g_autofree char *which = g_strdup_printf("%d", part);
	PGresult *result = ask(conn, "SELECT bytes FROM file_piece WHERE sha256 = $1 AND part = CAST($2 AS TEXT)::BIGINT",
			       (struct value[]){ text(one->sha256), text(which) }, 2, error);
	gboolean good = result != NULL;

	*ret_there = good && PQntuples(result);
	if (*ret_there) {
		one->heard_any = TRUE;
		good = one->heard(one->arg, PQgetvalue(result, 0, 0), (gsize)PQgetlength(result, 0, 0)) ||
		       hg_fail(error, HG_ERROR_BUSY, "attachments: %s was not read to its end", one->sha256);
	}
	PQclear(result);
	return good;
}

static gboolean get_it(PGconn *conn, void *arg, GError **error)
{
	struct one *one = arg;
	gboolean there = TRUE;

	if (one->heard_any)	/* half of it was heard: the caller may begin again */
		return hg_fail(error, HG_ERROR_STORE, "files in the database: the connection was lost");
	if (!run(conn, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", error) ||
	    !number(conn, "SELECT bytes FROM file WHERE sha256 = $1", (struct value[]){ text(one->sha256) }, 1, &one->bytes, error))
		return FALSE;
	for (int part = 0; one->bytes >= 0 && there; part++)
		if (!hear_piece(conn, one, part, &there, error))
			return FALSE;
	return run(conn, "COMMIT", error);
}

gboolean hg_pg_file_get(struct hg_pg_files *files, const char *sha256, hg_file_bytes *heard, void *arg, gint64 *ret_bytes, GError **error)
{
	struct one one = { .sha256 = sha256, .heard = heard, .arg = arg, .bytes = -1 };
	gboolean done = with_connection(files, get_it, &one, error);

	*ret_bytes = one.bytes;
	return done;
}

/* ---- and an end ---- */

static gboolean delete_it(PGconn *conn, void *arg, GError **error)
{
	struct one *one = arg;
	g_autofree char *young = g_strdup_printf("%" G_GINT64_FORMAT, one->young_ms);

	return number(conn, "WITH gone AS (DELETE FROM file WHERE sha256 = $1 AND at_ms <= " NOW " - CAST($2 AS TEXT)::BIGINT RETURNING sha256) "
		      "SELECT COUNT(*) FROM file WHERE sha256 = $1 AND sha256 NOT IN (SELECT sha256 FROM gone)",
		      (struct value[]){ text(one->sha256), text(young) }, 2, &one->bytes, error);
}

gboolean hg_pg_file_delete(struct hg_pg_files *files, const char *sha256, gint64 young_ms, gboolean *ret_young, GError **error)
{
	struct one one = { .sha256 = sha256, .young_ms = young_ms };
	gboolean done = with_connection(files, delete_it, &one, error);

	*ret_young = done && one.bytes > 0;
	return done;
}

/* Who names a file says before that it is needed, so one that is old is being named by nobody. */
static gboolean sweep(PGconn *conn, void *arg, GError **error)
{
	struct one *one = arg;
	g_autofree char *old = g_strdup_printf("%" G_GINT64_FORMAT, one->young_ms);
	PGresult *result = ask(conn, "DELETE FROM file WHERE at_ms <= " NOW " - CAST($1 AS TEXT)::BIGINT AND sha256 IN (SELECT f.sha256 FROM file AS f "
			       "WHERE f.at_ms <= " NOW " - CAST($1 AS TEXT)::BIGINT AND NOT EXISTS (SELECT 1 FROM attachment AS a WHERE "
			       "a.sha256 = f.sha256) AND NOT EXISTS (SELECT 1 FROM raw AS r WHERE r.file = f.sha256) LIMIT "
			       G_STRINGIFY(SWEEP) ")", (struct value[]){ text(old) }, 1, error);

	if (result)
		one->bytes = g_ascii_strtoll(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return result != NULL;
}

gboolean hg_pg_file_sweep(struct hg_pg_files *files, gint64 old_ms, gint64 *ret_n, GError **error)
{
	struct one one = { .young_ms = old_ms };
	gboolean done = with_connection(files, sweep, &one, error);

	*ret_n = done ? one.bytes : 0;
	return done;
}

/* postgres_db.h - inside the PostgreSQL driver */
#pragma once
#include <libpq-fe.h>
#include "db.h"

/* What a prepared statement is; its name on the server is made of its slot. */
struct hg_pg_stmt {
	char *text;			/* ours */
	Oid types[HG_COLUMNS_MAX];
	int n;
	guint session;			/* of the connection it was prepared on, or is to be by what was sent; 0: on none yet */
	char name[16];			/* on the server */
	gboolean adds;			/* a row that must be new: none added is a CONFLICT */
	gboolean numbers;		/* RETURNING the number of what it adds */
	gboolean writes;
	gboolean walks;			/* by a cursor, which is of this transaction ... */
	guint64 walked;			/* ... and there; 0: closed */
};

/* Values as libpq wants them; they are copied when they are sent. */
struct hg_pg_bound {
	const char *values[HG_COLUMNS_MAX];
	int lengths[HG_COLUMNS_MAX], formats[HG_COLUMNS_MAX];
	gint64 numbers[HG_COLUMNS_MAX];
	gsize size;			/* bytes, about */
};

struct hg_pg {
	PGconn *conn;			/* ours */
	char *url, *password, *node;	/* ours; password may be NULL */
	guint session;			/* counts connections */
	GMutex lock;			/* of cancel */
	PGcancel *cancel;		/* ours; of this connection */
	int backend;			/* the server's process of this connection */
	gint64 turn;			/* of the transaction under way, should it commit; others' before it are store->turn */
	gint64 begun;			/* rows changed when it began */
	guint64 transactions;		/* so many were begun */
	gint64 changed, all_changed, last_n;
	gint64 limit_ms;		/* statement_timeout as it was set last */
	gboolean wrote;			/* something that a commit has to say */
	char *hints;			/* NOTIFYs of this transaction, as SQL; or NULL */
	gboolean piped;			/* statements are sent without waiting ... */
	GArray *sent;			/* ... and these were, and are not answered (postgres_pipe.c's own); ours, NULL: never any */
	gsize unsynced;			/* bytes of them behind the last Sync */
	gint64 posted;			/* writes that nobody waited for, ever */
	GError *failed;			/* ours: why nothing more can be done in this transaction */
};

/* ---- postgres_sql.c ---- */
char *hg_pg_said(PGconn *conn);	/* its last error on one line; yours */
/* Says what the server's answer, or its silence, means: FALSE with error set. */
gboolean hg_pg_fail(hg_store *store, const PGresult *result, const char *doing, GError **error);
/* Statements that have no parameters, together in one message; the last one's result is returned (yours), NULL: failed. */
PGresult *hg_pg_exec(hg_store *store, const char *sql, const char *doing, GError **error);
gboolean hg_pg_do(hg_store *store, const char *sql, const char *doing, GError **error);
gint64 hg_pg_number(const PGresult *result, int row, int column);	/* of a text result */
gboolean hg_pg_prepare(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_stmt *stmt, GError **error);
void hg_pg_unprepare(hg_store *store, hg_stmt *stmt);
gboolean hg_pg_start(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error);
gboolean hg_pg_post(hg_store *store, hg_stmt *stmt, const struct hg_value *values, const char *must, GError **error);
/* Counts the rows that it wrote.  CONFLICT: one to be added was there; MISSING: must is not NULL, and nothing was changed. */
gboolean hg_pg_count(hg_store *store, const struct hg_pg_stmt *made, const PGresult *result, const char *must, GError **error);
int hg_pg_next(hg_stmt *stmt, GError **error);
void hg_pg_end(hg_stmt *stmt);
gint64 hg_pg_int(hg_stmt *stmt, int column);
const void *hg_pg_bytes(hg_stmt *stmt, int column, gboolean text, gsize *ret_len);

/* ---- postgres_pipe.c ---- */
void hg_pg_pipe_begin(hg_store *store);
gboolean hg_pg_pipe_end(hg_store *store, GError **error);	/* FALSE: something that was sent failed */
gboolean hg_pg_pipe_read(hg_store *store, GError **error);	/* the same, and more can be sent */
gboolean hg_pg_pipe_fail(hg_store *store, GError **error);	/* FALSE, with error: something is known to have failed */
void hg_pg_pipe_free(struct hg_pg *pg);
/* What it says, yours; NULL: it failed, or one before it. */
PGresult *hg_pg_pipe_ask(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, GError **error);
/* It is sent, some time; must as of hg_pg_count(), and has to live until the transaction ends. */
gboolean hg_pg_pipe_post(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, const char *must, GError **error);

/* ---- postgres.c ---- */
void hg_pg_disconnect(struct hg_pg *pg);
enum hg_numbers hg_pg_numbered(const char *table);	/* whose numbers the turn has; NONE: the database gives them */
/* A connection that works, the one there is or a new one; not inside a transaction. */
gboolean hg_pg_ensure(hg_store *store, GError **error);
gboolean hg_pg_is_lost(const hg_store *store);
/* A new connection, whatever became of it (PQstatus()); yours.  Who is gone is noticed within seconds, and what the server only
 * mentions is not printed.  password may be NULL; who: what the server lists it as. */
PGconn *hg_pg_connect(const char *url, const char *password, const char *who);

/* ---- postgres_node.c ---- */
#define HG_PG_TURN_LOCK "1751606644, 1"	/* "hgat", as the SQLite file is marked; 0 is the schema's, 2 and a node's name that node's */
/* CONFIG: another process is this node. */
gboolean hg_pg_be_the_node(hg_store *store, GError **error);
/* Of the transaction that was being committed when its connection was lost: TRUE when it was.  Waits for a server that is away
 * until it is back, hg_store_is_away() meanwhile. */
gboolean hg_pg_settle_fate(hg_store *store, GError **error);

/* ---- postgres_upkeep.c ---- */
gboolean hg_pg_info(hg_store *store, struct hg_store_info *ret, GError **error);
gboolean hg_pg_tables(hg_store *store, GPtrArray *names, GHashTable *sizes, GError **error);

/* ---- postgres_watch.c ---- */
struct hg_pg_watch *hg_pg_watch_new(const struct hg_store_options *options, hg_store_hint_fn *hint, void *arg, GError **error);
void hg_pg_watch_free(struct hg_pg_watch *watch);
gboolean hg_pg_hint(hg_store *store, const char *payload, GError **error);

/* ---- postgres_schema.c ---- */
gboolean hg_pg_migrate(hg_store *store, GError **error);
gboolean hg_pg_schema_check(hg_store *store, GError **error);

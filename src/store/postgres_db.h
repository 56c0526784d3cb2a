/* postgres_db.h - inside the PostgreSQL driver */
#pragma once
#include <libpq-fe.h>
#include "db.h"

/* What a prepared statement is; its name on the server is made of its slot. */
struct hg_pg_stmt {
	char *text;			/* ours */
	Oid types[HG_COLUMNS_MAX];
	int n;
	guint session;			/* of the connection it was prepared on; 0: on none yet */
	gboolean adds;			/* a row that must be new: none added is a CONFLICT */
	gboolean numbers;		/* RETURNING the number of what it adds */
	gboolean once;
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
	gint64 changed, all_changed, last_n;
	gint64 limit_ms;		/* statement_timeout as it was set last */
	gboolean wrote;			/* something that a commit has to say */
	char *hints;			/* NOTIFYs of this transaction, as SQL; or NULL */
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
int hg_pg_next(hg_stmt *stmt, GError **error);
void hg_pg_end(hg_stmt *stmt);
gint64 hg_pg_int(hg_stmt *stmt, int column);
const void *hg_pg_bytes(hg_stmt *stmt, int column, gboolean text, gsize *ret_len);

/* ---- postgres.c ---- */
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

/* postgres_sql.c - statements on PostgreSQL: prepared once for a connection, bound in binary; what its errors mean */
#include "postgres_db.h"

#include <string.h>

/* Types by their numbers in pg_type.dat, which never change. */
enum { OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_NUMERIC = 1700 };

/* ---- errors: by SQLSTATE (PostgreSQL documentation, appendix A) ---- */

gboolean hg_pg_is_lost(const hg_store *store)
{
	return !store->pg->conn || PQstatus(store->pg->conn) != CONNECTION_OK;
}

char *hg_pg_said(PGconn *conn)
{
	char *said = g_strdup(conn ? PQerrorMessage(conn) : "");

	return g_strdelimit(g_strstrip(said), "\n\t", ' ');
}

static gboolean fail_lost(hg_store *store, const char *doing, GError **error)
{
	g_autofree char *said = hg_pg_said(store->pg->conn);

	return hg_fail(error, HG_ERROR_STORE, "%s: the connection to %s was lost%s%s: it is tried again", doing, store->path,
		       *said ? ": " : "", said);
}

static gboolean is_class(const char *state, const char *class)
{
	return g_str_has_prefix(state, class);
}

gboolean hg_pg_fail(hg_store *store, const PGresult *result, const char *statement, GError **error)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *said = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	g_autofree char *doing = g_strndup(statement, MIN(strcspn(statement, "(=,;"), 40));

	g_strchomp(doing);
	if (hg_pg_is_lost(store) || !state)
		return fail_lost(store, doing, error);
	if (strcmp(state, "23505") == 0)
		return hg_fail(error, HG_ERROR_CONFLICT, "%s: somebody was first (%s)", doing, said);
	if (is_class(state, "23"))
		return hg_fail(error, HG_ERROR_BROKEN, "%s: the row breaks a rule of the store (%s)", doing, said);
	if (strcmp(state, "57014") == 0)
		return hg_fail(error, HG_ERROR_LIMIT, "%s: took longer than %" G_GINT64_FORMAT " ms: ask for less", doing,
			       store->time_limit_ms);
	if (strcmp(state, "40001") == 0 || strcmp(state, "40P01") == 0 || strcmp(state, "55P03") == 0)
		return hg_fail(error, HG_ERROR_BUSY, "%s: another node was in the way (%s)", doing, said);
	if (is_class(state, "53"))
		return hg_fail(error, HG_ERROR_STORE, "%s: %s has no room left (%s): free some on the server", doing, store->path,
			       said);
	if (strcmp(state, "22P05") == 0 || strcmp(state, "22021") == 0)
		return hg_fail(error, HG_ERROR_BROKEN, "%s: text that cannot be stored (%s)", doing, said);
	return hg_fail(error, HG_ERROR_STORE, "%s: %s (%s)", doing, said, state);
}

/* ---- statements without parameters ---- */

static gboolean is_good(const PGresult *result)
{
	ExecStatusType status = PQresultStatus(result);

	return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PGresult *hg_pg_exec(hg_store *store, const char *sql, const char *doing, GError **error)
{
	PGresult *result = PQexec(store->pg->conn, sql);

	if (is_good(result))
		return result;
	hg_pg_fail(store, result, doing, error);
	PQclear(result);
	return NULL;
}

gboolean hg_pg_do(hg_store *store, const char *sql, const char *doing, GError **error)
{
	PGresult *result = hg_pg_exec(store, sql, doing, error);

	PQclear(result);
	return result != NULL;
}

gint64 hg_pg_number(const PGresult *result, int row, int column)
{
	return g_ascii_strtoll(PQgetvalue(result, row, column), NULL, 10);
}

/* ---- prepared statements ---- */

static Oid type_of(const struct hg_value *value)
{
	switch (value->type) {
	case 't':
		return OID_TEXT;
	case 'b':
		return OID_BYTEA;
	default:
		return OID_INT8;
	}
}

/* What SQLite tells of a row that is there already without an error for the whole transaction, PostgreSQL does so only when
 * asked to; and what number a row was given. */
static char *text_of(const struct hg_sql *sql, struct hg_pg_stmt *made)
{
	g_autofree char *text = hg_table_sql(sql);
	const struct hg_column *first = sql->of ? sql->of->columns : NULL;

	made->numbers = sql->slot == HG_SQL_RAW_ADD ||
			(sql->verb == HG_SQL_INSERT && first->flags & HG_C_N && !hg_has_numbers(sql->of));
	made->adds = sql->verb == HG_SQL_INSERT && !strstr(text, " ON CONFLICT ");
	return g_strconcat(text, made->adds ? " ON CONFLICT DO NOTHING" : "",
			   made->numbers ? " RETURNING n" : "", NULL);
}

static gboolean only_reads(const char *text)
{
	return g_ascii_strncasecmp(text, "SELECT", 6) == 0 || g_ascii_strncasecmp(text, "WITH", 4) == 0;
}

#define WALK_ROWS 100
#define WALK_DECLARE "DECLARE walk NO SCROLL CURSOR FOR "
#define WALK_FETCH "FETCH " G_STRINGIFY(WALK_ROWS) " FROM walk"

gboolean hg_pg_prepare(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_stmt *stmt,
		       GError **error G_GNUC_UNUSED)
{
	struct hg_pg_stmt *made = g_new0(struct hg_pg_stmt, 1);

	if (sql->slot != HG_SQL_ONCE && sql->slot != HG_SQL_WALK)
		g_snprintf(made->name, sizeof(made->name), "s%d", (int)(stmt - store->stmts));
	made->walks = sql->slot == HG_SQL_WALK && store->in_txn && !store->pg->piped;
	made->text = text_of(sql, made);
	for (; values->type; values++) {
		g_assert(made->n < HG_COLUMNS_MAX);
		made->types[made->n++] = type_of(values);
	}
	stmt->handle = made;
	stmt->writes = made->writes = !only_reads(made->text);
	if (made->walks) {
		g_autofree char *text = made->text;

		made->text = g_strconcat(WALK_DECLARE, text, NULL);
	}
	return TRUE;
}

void hg_pg_unprepare(hg_store *store, hg_stmt *stmt)
{
	struct hg_pg_stmt *made = stmt->handle;
	g_autofree char *sql = g_strdup_printf("DEALLOCATE s%d", HG_SQL_TRANSFER);

	if (store->pg->piped)
		hg_pg_pipe_read(store, NULL);	/* answers that refer to it */
	hg_pg_end(stmt);
	/* Of all the others the name keeps its meaning as long as there is the connection. */
	if (stmt == &store->stmts[HG_SQL_TRANSFER] && made->session == store->pg->session && !hg_pg_is_lost(store))
		hg_pg_do(store, sql, "DEALLOCATE", NULL);
	g_free(made->text);
	g_free(made);
	stmt->handle = NULL;
}

static void bind(struct hg_pg_bound *ret, int at, const struct hg_value *value)
{
	ret->values[at] = NULL;
	ret->lengths[at] = 0;
	ret->formats[at] = value->type != 't';
	if (value->type == 'i') {
		ret->numbers[at] = GINT64_TO_BE(value->i);
		ret->values[at] = (const char *)&ret->numbers[at];
		ret->lengths[at] = sizeof(ret->numbers[at]);
	} else if (value->type == 't') {
		ret->values[at] = value->p;
	} else if (value->type == 'b') {
		ret->values[at] = value->p;
		ret->lengths[at] = (int)value->len;
	}
	ret->size += sizeof(ret->lengths[at]) + (value->type == 't' && value->p ? strlen(value->p) : (gsize)ret->lengths[at]);
}

static void bind_all(struct hg_pg_bound *ret, const struct hg_pg_stmt *made, const struct hg_value *values)
{
	ret->size = 0;
	for (int at = 0; at < made->n; at++)
		bind(ret, at, &values[at]);
}

/* A reader's limit is the server's to keep. */
static gboolean set_limit(hg_store *store, GError **error)
{
	g_autofree char *sql = NULL;

	if (store->pg->limit_ms == store->time_limit_ms)
		return TRUE;
	sql = g_strdup_printf("SET statement_timeout = %" G_GINT64_FORMAT, store->time_limit_ms);
	if (!hg_pg_do(store, sql, "SET statement_timeout", error))
		return FALSE;
	store->pg->limit_ms = store->time_limit_ms;
	return TRUE;
}

static gboolean be_prepared(hg_store *store, struct hg_pg_stmt *made, GError **error)
{
	PGresult *result;
	gboolean good;

	if (made->session == store->pg->session)
		return TRUE;
	result = PQprepare(store->pg->conn, made->name, made->text, made->n, made->types);
	good = is_good(result);
	if (good)
		made->session = store->pg->session;
	else
		hg_pg_fail(store, result, made->text, error);
	PQclear(result);
	return good;
}

static void take_rows(hg_store *store, hg_stmt *stmt, PGresult *result)
{
	PQclear(stmt->result);
	stmt->result = result;
	stmt->row = -1;
	stmt->rows = PQntuples(result);
	store->cost.most_rows = MAX(store->cost.most_rows, stmt->rows);
}

/* The next rows of the cursor, or none. */
static gboolean walk_on(hg_store *store, hg_stmt *stmt, GError **error)
{
	PGresult *result = PQexecParams(store->pg->conn, WALK_FETCH, 0, NULL, NULL, NULL, NULL, 1);

	store->cost.waits++;
	if (is_good(result)) {
		take_rows(store, stmt, result);
		return TRUE;
	}
	hg_pg_fail(store, result, WALK_FETCH, error);
	PQclear(result);
	return FALSE;
}

static gboolean walk_begin(hg_store *store, hg_stmt *stmt, GError **error)
{
	struct hg_pg_stmt *made = stmt->handle;

	made->walked = store->pg->transactions;
	return walk_on(store, stmt, error);
}

/* With its transaction it is gone by itself. */
static void walk_end(hg_store *store, struct hg_pg_stmt *made)
{
	if (made->walked == store->pg->transactions && !hg_pg_is_lost(store) &&
	    PQtransactionStatus(store->pg->conn) == PQTRANS_INTRANS)
		hg_pg_do(store, "CLOSE walk", "CLOSE", NULL);
	made->walked = 0;
}

static PGresult *ask(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, GError **error)
{
	PGresult *result;

	if (!be_prepared(store, made, error))
		return NULL;
	store->cost.waits++;
	result = PQexecPrepared(store->pg->conn, made->name, made->n, bound->values, bound->lengths, bound->formats, 1);
	if (is_good(result))
		return result;
	hg_pg_fail(store, result, made->text, error);
	PQclear(result);
	return NULL;
}

static gboolean run(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error)
{
	const struct hg_pg_stmt *made = stmt->handle;
	struct hg_pg_bound bound;
	PGresult *result;

	bind_all(&bound, stmt->handle, values);
	result = store->pg->piped ? hg_pg_pipe_ask(store, stmt->handle, &bound, error) : ask(store, stmt->handle, &bound, error);
	if (!result)
		return FALSE;
	take_rows(store, stmt, result);
	return !made->walks || walk_begin(store, stmt, error);
}

static gint64 be_number(const char *bytes, int length)
{
	gint64 number = length && (guint8)*bytes & 0x80 ? -1 : 0;

	for (int i = 0; i < length; i++)
		number = (gint64)((guint64)number << 8 | (guint8)bytes[i]);
	return number;
}

/* Rows written are counted whether anybody asks or not: a savepoint that is only a mark wants to know. */
gboolean hg_pg_count(hg_store *store, const struct hg_pg_stmt *made, const PGresult *result, const char *must, GError **error)
{
	struct hg_pg *pg = store->pg;

	pg->changed = g_ascii_strtoll(PQcmdTuples((PGresult *)result), NULL, 10);
	pg->all_changed += pg->changed;
	if (made->numbers && PQntuples(result))
		pg->last_n = be_number(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
	if (made->adds && !pg->changed)
		return hg_fail(error, HG_ERROR_CONFLICT, "%.*s: somebody was first", (int)strcspn(made->text, "("), made->text);
	return !must || pg->changed || hg_sql_missed(must, error);
}

static gboolean count(hg_store *store, hg_stmt *stmt, GError **error)
{
	if (!stmt->writes)
		return TRUE;
	stmt->rows = 0;
	return hg_pg_count(store, stmt->handle, stmt->result, NULL, error);
}

static gboolean try(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error)
{
	if (!store->in_txn && !hg_pg_ensure(store, error))
		return FALSE;
	if (hg_pg_is_lost(store))
		return fail_lost(store, ((struct hg_pg_stmt *)stmt->handle)->text, error);
	return set_limit(store, error) && run(store, stmt, values, error);
}

gboolean hg_pg_start(hg_store *store, hg_stmt *stmt, const struct hg_value *values, GError **error)
{
	g_autoptr(GError) failed = NULL;

	hg_pg_end(stmt);
	if (!try(store, stmt, values, &failed)) {
		/* One that had been idle when the server went is found out only now: a read that stands alone is read again. */
		if (store->in_txn || !hg_pg_is_lost(store)) {
			g_propagate_error(error, g_steal_pointer(&failed));
			return FALSE;
		}
		if (!try(store, stmt, values, error))
			return FALSE;
	}
	if (count(store, stmt, error))
		return TRUE;
	hg_pg_end(stmt);
	return FALSE;
}

/* Where nothing waits it is as any other. */
gboolean hg_pg_post(hg_store *store, hg_stmt *stmt, const struct hg_value *values, const char *must, GError **error)
{
	struct hg_pg_stmt *made = stmt->handle;
	struct hg_pg_bound bound;

	if (store->pg->piped && made->writes && !made->numbers && *made->name) {
		bind_all(&bound, made, values);
		return hg_pg_pipe_post(store, made, &bound, must, error);
	}
	if (!hg_pg_start(store, stmt, values, error))
		return FALSE;
	hg_pg_end(stmt);
	return !must || store->pg->changed || hg_sql_missed(must, error);
}

int hg_pg_next(hg_stmt *stmt, GError **error)
{
	const struct hg_pg_stmt *made = stmt->handle;
	gboolean failed;

	if (++stmt->row < stmt->rows)
		return 1;
	failed = made->walked && stmt->rows == WALK_ROWS && !walk_on(stmt->store, stmt, error);
	if (!failed && ++stmt->row < stmt->rows)
		return 1;
	hg_pg_end(stmt);
	return failed ? -1 : 0;
}

void hg_pg_end(hg_stmt *stmt)
{
	struct hg_pg_stmt *made = stmt->handle;

	if (made && made->walked)
		walk_end(stmt->store, made);
	PQclear(stmt->result);
	stmt->result = NULL;
	stmt->row = stmt->rows = 0;
}

/* ---- values ---- */

/* A sum: base 10000, most significant digit first (PostgreSQL source, src/backend/utils/adt/numeric.c, numeric_send). */
static gint64 whole_numeric(const char *bytes, int length)
{
	gint64 digits = be_number(bytes, 2), weight = be_number(bytes + 2, 2), sign = be_number(bytes + 4, 2), number = 0;

	g_assert(length >= 8 + 2 * digits);
	for (gint64 i = 0; i <= weight; i++)
		number = number * 10000 + (i < digits ? be_number(bytes + 8 + 2 * i, 2) : 0);
	return sign ? -number : number;
}

gint64 hg_pg_int(hg_stmt *stmt, int column)
{
	const char *bytes = PQgetvalue(stmt->result, stmt->row, column);
	int length = PQgetlength(stmt->result, stmt->row, column);

	switch (PQftype(stmt->result, column)) {
	case OID_INT8:
	case OID_INT4:
	case OID_INT2:
		return be_number(bytes, length);
	case OID_BOOL:
		return length && *bytes;
	case OID_NUMERIC:
		return length ? whole_numeric(bytes, length) : 0;
	default:
		return g_ascii_strtoll(bytes, NULL, 10);
	}
}

const void *hg_pg_bytes(hg_stmt *stmt, int column, gboolean text, gsize *ret_len)
{
	gboolean null = PQgetisnull(stmt->result, stmt->row, column);

	*ret_len = null ? 0 : (gsize)PQgetlength(stmt->result, stmt->row, column);
	/* As SQLite tells it: an empty blob is a length of nothing. */
	if (null || (!text && !*ret_len))
		return NULL;
	return PQgetvalue(stmt->result, stmt->row, column);
}

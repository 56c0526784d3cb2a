/* table.c - rows as C structs: the column tables make the SQL, bind and read */
#include "late.h"

#include <string.h>

/* ---- SQL from column tables ---- */
/* An index that has a column among those an UPDATE sets is written anew, whether its value changes or not. */
static gboolean is_to_stay(const struct hg_column *c, enum hg_sql_verb verb)
{
	return (c->flags & HG_C_INDEXED && (verb == HG_SQL_UPDATE_SAME || verb == HG_SQL_UPDATE_MOVED)) ||
	       (c->flags & HG_C_MOVES && verb == HG_SQL_UPDATE_SAME);
}

static gboolean column_is_set(const struct hg_table *of, const struct hg_column *c, enum hg_sql_verb verb)
{
	if (verb == HG_SQL_INSERT)
		return hg_has_numbers(of) || !(c->flags & HG_C_N);
	if (is_to_stay(c, verb))
		return FALSE;
	return !(c->flags & (HG_C_N | HG_C_KEY | HG_C_FIXED | HG_C_VERSION));
}

static gboolean column_is_sought(const struct hg_column *c, enum hg_sql_verb verb)
{
	if (is_to_stay(c, verb))
		return TRUE;
	return verb != HG_SQL_INSERT && c->flags & (HG_C_N | HG_C_KEY | HG_C_VERSION);
}

static void text_names(GString *sql, const struct hg_table *of, gboolean with_n)
{
	const char *comma = "";

	for (const struct hg_column *c = of->columns; c->name; c++) {
		if (!with_n && c->flags & HG_C_N)
			continue;
		g_string_append_printf(sql, "%s%s", comma, c->name);
		comma = ", ";
	}
}

static void text_insert(GString *sql, const struct hg_table *of)
{
	int at = 0;

	g_string_append_printf(sql, "INSERT INTO %s (", of->name);
	text_names(sql, of, hg_has_numbers(of));
	g_string_append(sql, ") VALUES (");
	for (const struct hg_column *c = of->columns; c->name; c++)
		if (column_is_set(of, c, HG_SQL_INSERT)) {
			g_string_append_printf(sql, "%s$%d", at ? ", " : "", at + 1);
			at++;
		}
	g_string_append_c(sql, ')');
}

/* What an index holds may be NULL (most threads have neither queue nor owner), and nothing is "=" to that.  Keys are
 * never NULL, and are found by "=" only in PostgreSQL's indexes. */
static const char *same_as(const struct hg_column *c)
{
	return c->flags & HG_C_INDEXED ? "IS NOT DISTINCT FROM" : "=";
}

static void text_update(GString *sql, const struct hg_table *of, enum hg_sql_verb verb)
{
	const char *between = " SET ";
	int at = 0;

	g_string_append_printf(sql, "UPDATE %s", of->name);
	for (const struct hg_column *c = of->columns; c->name; c++) {
		if (column_is_set(of, c, verb))
			g_string_append_printf(sql, "%s%s = $%d", between, c->name, ++at);
		else if (c->flags & HG_C_VERSION)
			g_string_append_printf(sql, "%s%s = %s + 1", between, c->name, c->name);
		else
			continue;
		between = ", ";
	}
	between = " WHERE ";
	for (const struct hg_column *c = of->columns; c->name; c++)
		if (column_is_sought(c, verb)) {
			g_string_append_printf(sql, "%s%s %s $%d", between, c->name, same_as(c), ++at);
			between = " AND ";
		}
}

char *hg_table_sql(const struct hg_sql *sql)
{
	GString *text = g_string_new(NULL);

	switch (sql->verb) {
	case HG_SQL_TEXT:
	case HG_SQL_ALONE:
		break;
	case HG_SQL_SELECT:
	case HG_SQL_WRITTEN:
	case HG_SQL_BY_N:
		g_string_append(text, "SELECT ");
		text_names(text, sql->of, TRUE);
		g_string_append_printf(text, " FROM %s %s", sql->of->name, sql->verb == HG_SQL_BY_N ? "WHERE n = $1" : "");
		break;
	case HG_SQL_INSERT:
		text_insert(text, sql->of);
		break;
	case HG_SQL_UPDATE:
	case HG_SQL_UPDATE_SAME:
	case HG_SQL_UPDATE_MOVED:
		text_update(text, sql->of, sql->verb);
		break;
	}
	if (sql->text)
		g_string_append(text, sql->text);
	return g_string_free(text, FALSE);
}

/* ---- struct to values ---- */
#define AT(type, row, offset) (*(type *)((const guint8 *)(row) + (offset)))

static struct hg_value column_value(const struct hg_column *c, const void *row)
{
	switch (c->type) {
	case HG_C_INT64:
		return (struct hg_value)HG_I(AT(const gint64, row, c->offset));
	case HG_C_REF:
		return (struct hg_value)HG_R(AT(const gint64, row, c->offset));
	case HG_C_INT:
		return (struct hg_value)HG_I(AT(const int, row, c->offset));
	case HG_C_TEXT:
		return (struct hg_value)HG_T(AT(const char *const, row, c->offset));
	case HG_C_TEXT0:
		return (struct hg_value)HG_T(AT(const char *const, row, c->offset) ?: "");
	case HG_C_ID:
		return (struct hg_value)HG_T((const char *)row + c->offset);
	case HG_C_BLOB:
		return (struct hg_value)HG_B(AT(const void *const, row, c->offset),
					     AT(const gsize, row, c->len_offset));
	default:
		g_assert_not_reached();
	}
}

static void column_was(const struct hg_column *c, void *row)
{
	if (c->flags & HG_C_MOVES)
		AT(gint64, row, c->was_offset) = AT(const gint64, row, c->offset);
}

static void column_copy(const struct hg_column *c, const void *from, void *to, hg_arena *arena)
{
	const void *bytes;
	gsize len;

	switch (c->type) {
	case HG_C_INT64:
	case HG_C_REF:
		AT(gint64, to, c->offset) = AT(const gint64, from, c->offset);
		column_was(c, to);
		break;
	case HG_C_INT:
		AT(int, to, c->offset) = AT(const int, from, c->offset);
		break;
	case HG_C_TEXT:
		AT(const char *, to, c->offset) = hg_arena_str(arena, AT(const char *const, from, c->offset));
		break;
	case HG_C_TEXT0:
		AT(const char *, to, c->offset) = hg_arena_str(arena, AT(const char *const, from, c->offset) ?: "");
		break;
	case HG_C_ID:
		memcpy((char *)to + c->offset, (const char *)from + c->offset, HG_ID_SIZE);
		break;
	case HG_C_BLOB:
		bytes = AT(const void *const, from, c->offset);
		len = bytes ? AT(const gsize, from, c->len_offset) : 0;
		AT(const void *, to, c->offset) = len ? hg_arena_mem(arena, bytes, len) : NULL;
		AT(gsize, to, c->len_offset) = len;
		break;
	default:
		g_assert_not_reached();
	}
}

/* What is in no column is as in a row that was read: nothing. */
void *hg_row_copy(const struct hg_table *of, const void *row, hg_arena *arena)
{
	void *copy = hg_arena_alloc(arena, of->size);

	for (const struct hg_column *c = of->columns; c->name; c++)
		column_copy(c, row, copy, arena);
	return copy;
}

/* What an UPDATE would write. */
static void row_change(const struct hg_table *of, void *to, const void *from, hg_arena *arena)
{
	for (const struct hg_column *c = of->columns; c->name; c++)
		if (column_is_set(of, c, HG_SQL_UPDATE))
			column_copy(c, from, to, arena);
}

/* In the order the statement's text uses them. */
static void row_values(const struct hg_sql *sql, const void *row, struct hg_value ret[HG_COLUMNS_MAX])
{
	int at = 0;

	for (const struct hg_column *c = sql->of->columns; c->name; c++)
		if (column_is_set(sql->of, c, sql->verb))
			ret[at++] = column_value(c, row);
	if (sql->verb != HG_SQL_INSERT)
		for (const struct hg_column *c = sql->of->columns; c->name; c++)
			if (column_is_sought(c, sql->verb))
				ret[at++] = column_value(c, row);
	g_assert(at < HG_COLUMNS_MAX);
	ret[at].type = 0;
}

static gboolean row_write(hg_store *store, const struct hg_sql *sql, const void *row, gint64 *ret_changed,
			  GError **error)
{
	struct hg_value values[HG_COLUMNS_MAX];

	row_values(sql, row, values);
	return hg_sql_run(store, sql, values, ret_changed, error);
}

static gboolean row_must(hg_store *store, const struct hg_sql *sql, const void *row, const char *must, GError **error)
{
	struct hg_value values[HG_COLUMNS_MAX];

	row_values(sql, row, values);
	return hg_sql_must(store, sql, values, must, error);
}

gboolean hg_row_add(hg_store *store, const struct hg_sql *sql, void *row, GError **error)
{
	const struct hg_column *first = sql->of->columns;

	if (hg_has_numbers(sql->of))
		return hg_late_number(store, sql->of, &AT(gint64, row, first->offset), error) &&
		       (hg_late_add(store, sql, row) || row_write(store, sql, row, NULL, error));
	if (!row_write(store, sql, row, NULL, error))
		return FALSE;
	if (first->flags & HG_C_N)
		AT(gint64, row, first->offset) = hg_sql_last_n(store);
	return TRUE;
}

static const struct hg_column *version_of(const struct hg_table *of)
{
	const struct hg_column *c = of->columns;

	while (c->name && !(c->flags & HG_C_VERSION))
		c++;
	return c->name ? c : NULL;
}

/* A row that waits is changed where it waits. */
static gint64 late_change(hg_store *store, const struct hg_table *of, void *late, const void *row)
{
	const struct hg_column *version = version_of(of);

	if (version && AT(gint64, late, version->offset) != AT(const gint64, row, version->offset))
		return 0;
	row_change(of, late, row, hg_known_arena(hg_store_known(store)));
	if (version)
		AT(gint64, late, version->offset)++;
	return 1;
}

/* It was written: so it would be read. */
static void known_change(hg_store *store, const struct hg_table *of, const void *row)
{
	struct hg_known *known = hg_store_known(store);
	const struct hg_column *version = version_of(of);
	const void *old = hg_known_find(known, of, hg_row_n(of, row));
	void *copy;

	if (!old)
		return;
	copy = hg_row_copy(of, old, hg_known_arena(known));
	row_change(of, copy, row, hg_known_arena(known));
	if (version)
		AT(gint64, copy, version->offset)++;
	hg_known_put(known, of, copy);
}

/* *ret_late: the row where it waits, or NULL.  FALSE: what waits, and this one names, could not be written. */
static gboolean row_late(hg_store *store, const struct hg_sql *sql, const void *row, void **ret_late, GError **error)
{
	gboolean numbered = sql->verb != HG_SQL_INSERT && hg_has_numbers(sql->of);

	*ret_late = numbered ? hg_late_find(store, sql->of, hg_row_n(sql->of, row)) : NULL;
	return !numbered || *ret_late || !hg_late_names(store, sql->of, row) || hg_late_write(store, error);
}

static void row_is_known(hg_store *store, const struct hg_sql *sql, const void *row)
{
	if (sql->verb != HG_SQL_INSERT && hg_has_numbers(sql->of))
		known_change(store, sql->of, row);
}

gboolean hg_row_update(hg_store *store, const struct hg_sql *sql, const void *row, gint64 *ret_changed,
		       GError **error)
{
	gint64 changed = 0;
	void *late;

	if (!row_late(store, sql, row, &late, error))
		return FALSE;
	if (late)
		changed = late_change(store, sql->of, late, row);
	else if (!row_write(store, sql, row, ret_changed || sql->verb != HG_SQL_INSERT ? &changed : NULL, error))
		return FALSE;
	else if (changed)
		row_is_known(store, sql, row);
	if (ret_changed)
		*ret_changed = changed;
	return TRUE;
}

gboolean hg_row_change(hg_store *store, const struct hg_sql *sql, const void *row, const char *what,
		       GError **error)
{
	void *late;

	if (!row_late(store, sql, row, &late, error))
		return FALSE;
	if (late)
		return late_change(store, sql->of, late, row) || hg_sql_missed(what, error);
	if (!row_must(store, sql, row, what, error))
		return FALSE;
	row_is_known(store, sql, row);
	return TRUE;
}

/* ---- rows to structs ---- */
static const char *arena_text(hg_arena *arena, hg_stmt *stmt, int at)
{
	gsize len;
	const char *text = hg_stmt_text(stmt, at, &len);

	return text ? hg_arena_mem(arena, text, len) : NULL;
}

static void column_read(const struct hg_column *c, hg_stmt *stmt, int at, hg_arena *arena, void *row)
{
	const void *bytes;
	gsize len;

	switch (c->type) {
	case HG_C_INT64:
	case HG_C_REF:
		AT(gint64, row, c->offset) = hg_stmt_int(stmt, at);
		column_was(c, row);
		break;
	case HG_C_INT:
		AT(int, row, c->offset) = (int)hg_stmt_int(stmt, at);
		break;
	case HG_C_TEXT:
	case HG_C_TEXT0:
		AT(const char *, row, c->offset) = arena_text(arena, stmt, at);
		break;
	case HG_C_ID:
		bytes = hg_stmt_text(stmt, at, &len);
		if (bytes)	/* the row came zeroed, so that it ends with a NUL */
			memcpy((char *)row + c->offset, bytes, MIN(len, HG_ID_SIZE - 1));
		break;
	case HG_C_BLOB:
		bytes = hg_stmt_blob(stmt, at, &len);
		AT(const void *, row, c->offset) = bytes ? hg_arena_mem(arena, bytes, len) : NULL;
		AT(gsize, row, c->len_offset) = len;
		break;
	default:
		g_assert_not_reached();
	}
}

void *hg_row_read(const struct hg_table *of, hg_stmt *stmt, hg_arena *arena)
{
	void *row = hg_arena_alloc(arena, of->size);
	int at = 0;

	for (const struct hg_column *c = of->columns; c->name; c++)
		column_read(c, stmt, at++, arena, row);
	return row;
}

gboolean hg_row_by_n(hg_store *store, const struct hg_sql *sql, gint64 n, hg_arena *arena, gpointer ret, GError **error)
{
	const void *row = hg_late_find(store, sql->of, n) ?: hg_known_find(hg_store_known(store), sql->of, n);

	if (!row)
		return hg_row_one(store, sql, HG_BIND(HG_I(n)), arena, ret, error);
	*(void **)ret = hg_row_copy(sql->of, row, arena);
	return TRUE;
}

gboolean hg_row_chain(hg_store *store, const struct hg_sql *by_n, gsize prev, gint64 newest_n, guint limit,
		      hg_arena *arena, GPtrArray *ret, GError **error)
{
	void *row;

	for (gint64 n = newest_n; n && limit; limit--) {
		if (!hg_row_by_n(store, by_n, n, arena, &row, error))
			return FALSE;
		if (!row)
			break;
		g_ptr_array_add(ret, row);
		n = G_STRUCT_MEMBER(gint64, row, prev);
	}
	return TRUE;
}

gboolean hg_row_one(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		    gpointer ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_open(store, sql, values, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more < 0)
		return FALSE;
	*(void **)ret = more ? hg_row_read(sql->of, stmt, arena) : NULL;
	if (more)
		hg_stmt_end(stmt);
	return TRUE;
}

gboolean hg_row_all(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		    GPtrArray *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_open(store, sql, values, error);
	int more;

	if (!stmt)
		return FALSE;
	while ((more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(ret, hg_row_read(sql->of, stmt, arena));
	return more == 0;
}

gboolean hg_sql_text(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, hg_arena *arena,
		     const char **ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_open(store, sql, values, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more < 0)
		return FALSE;
	*ret = more ? arena_text(arena, stmt, 0) : NULL;
	if (more)
		hg_stmt_end(stmt);
	return TRUE;
}

gboolean hg_sql_int(hg_store *store, const struct hg_sql *sql, const struct hg_value *values, gint64 fallback,
		    gint64 *ret, GError **error)
{
	hg_stmt *stmt = hg_stmt_open(store, sql, values, error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more < 0)
		return FALSE;
	*ret = more ? hg_stmt_int(stmt, 0) : fallback;
	if (more)
		hg_stmt_end(stmt);
	return TRUE;
}

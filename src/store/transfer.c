/* transfer.c - everything of one store into another one, of whichever kind of database
 *
 * Table by table, those that others name first, in the order of their keys and in small transactions.  A row that is
 * there already becomes as it is, so a run that was stopped is gone on with.  What a row names of its own table may come
 * behind it: that is written when all of them are there. */
#include "transfer.h"

#include <openssl/evp.h>
#include <string.h>

#include "postgres_db.h"
#include "text.h"

#define BATCH 500		/* rows of one transaction */

struct column { char *name; char type; gboolean key, own; };	/* own: names a row of this very table */

struct table {
	char *name;
	GArray *columns;		/* of struct column */
	GPtrArray *names;		/* tables that it names */
	gboolean done;
};

struct transfer {
	hg_store *from, *to, *lite;	/* lite: the one of the two that is SQLite, which says what there is */
	GPtrArray *tables;		/* of struct table, in order */
	hg_transfer_tell *tell;
	void *arg;
	struct hg_transfer_sum *sum;
};

/* ---- what there is ---- */

static void table_free(void *data)
{
	struct table *table = data;

	for (guint i = 0; i < table->columns->len; i++)
		g_free(g_array_index(table->columns, struct column, i).name);
	g_array_unref(table->columns);
	g_ptr_array_unref(table->names);
	g_free(table->name);
	g_free(table);
}

static gboolean is_left_behind(const char *name)
{
	static const char *const behind[] = { "instance", "node", "lease", "file", "file_piece", NULL };

	return g_strv_contains(behind, name);
}

static char type_of(const char *declared)
{
	if (strcmp(declared, "INTEGER") == 0)
		return 'i';
	return strcmp(declared, "BLOB") == 0 ? 'b' : 't';
}

static gboolean read_columns(hg_store *lite, struct table *table, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(lite, "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid", HG_BIND(HG_T(table->name)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		struct column column = { .name = g_strdup(hg_stmt_text(stmt, 0, &len)), .key = hg_stmt_int(stmt, 2) > 0 };

		column.type = type_of(hg_stmt_text(stmt, 1, &len));
		g_array_append_val(table->columns, column);
	}
	return more == 0;
}

static gboolean read_names(hg_store *lite, struct table *table, GError **error)
{
	hg_stmt *stmt = hg_stmt_once(lite, "SELECT \"table\", \"from\" FROM pragma_foreign_key_list($1)", HG_BIND(HG_T(table->name)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		const char *other = hg_stmt_text(stmt, 0, &len), *by = hg_stmt_text(stmt, 1, &len);

		if (strcmp(other, table->name) != 0)
			g_ptr_array_add(table->names, g_strdup(other));
		for (guint i = 0; i < table->columns->len; i++) {
			struct column *column = &g_array_index(table->columns, struct column, i);

			column->own |= strcmp(other, table->name) == 0 && strcmp(column->name, by) == 0;
		}
	}
	return more == 0;
}

static struct table *table_of(const GPtrArray *tables, const char *name)
{
	for (guint i = 0; i < tables->len; i++)
		if (strcmp(((struct table *)tables->pdata[i])->name, name) == 0)
			return tables->pdata[i];
	return NULL;
}

/* Those it names come first; there are no circles but of a table with itself. */
static void put_in_order(const GPtrArray *tables, struct table *table, GPtrArray *order)
{
	if (table->done)
		return;
	table->done = TRUE;
	for (guint i = 0; i < table->names->len; i++) {
		struct table *named = table_of(tables, table->names->pdata[i]);

		if (named)
			put_in_order(tables, named, order);
	}
	g_ptr_array_add(order, table);
}

static gboolean read_tables(struct transfer *t, GError **error)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();
	hg_stmt *stmt = hg_stmt_once(t->lite, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
				     HG_BIND_NONE, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		const char *name = hg_stmt_text(stmt, 0, &len);
		struct table *table;

		if (is_left_behind(name))
			continue;
		table = g_new(struct table, 1);
		*table = (struct table){ g_strdup(name), g_array_new(FALSE, FALSE, sizeof(struct column)),
					 g_ptr_array_new_with_free_func(g_free), FALSE };
		g_ptr_array_add(found, table);
	}
	for (guint i = 0; more == 0 && i < found->len; i++)
		if (!read_columns(t->lite, found->pdata[i], error) || !read_names(t->lite, found->pdata[i], error))
			more = -1;
	for (guint i = 0; i < found->len; i++)
		put_in_order(found, found->pdata[i], t->tables);
	return more == 0;
}

/* ---- rows ---- */

static struct column *column_at(const struct table *table, guint at)
{
	return &g_array_index(table->columns, struct column, at);
}

static void names(GString *out, const struct table *table, gboolean keys_only)
{
	const char *comma = "";

	for (guint i = 0; i < table->columns->len; i++) {
		if (keys_only && !column_at(table, i)->key)
			continue;
		g_string_append_printf(out, "%s\"%s\"", comma, column_at(table, i)->name);
		comma = ", ";
	}
}

/* As a statement binds it; of one that was read, until the next row is.  A number that is not there has no kind of its own. */
static struct hg_value value_of(hg_stmt *stmt, const struct column *column, guint at)
{
	gsize len;
	const void *bytes = hg_stmt_text(stmt, (int)at, &len);

	if (!bytes)
		return (struct hg_value){ .type = column->type == 'i' ? '0' : column->type };
	if (column->type == 'i')
		return (struct hg_value)HG_I(hg_stmt_int(stmt, (int)at));
	if (column->type == 't')
		return (struct hg_value)HG_T(bytes);
	return (struct hg_value)HG_B(len ? bytes : "", len);
}

static gboolean is_null(const struct hg_value *value)
{
	return value->type == '0' || (value->type != 'i' && !value->p);
}

/* In a transaction: there are more of them than memory has room for. */
static hg_stmt *open_rows(hg_store *store, const struct table *table, GError **error)
{
	g_autoptr(GString) sql = g_string_new("SELECT ");

	names(sql, table, FALSE);
	g_string_append_printf(sql, " FROM \"%s\" ORDER BY ", table->name);
	names(sql, table, TRUE);
	return hg_stmt_walk(store, sql->str, HG_BIND_NONE, error);
}

/* Each column that may change, by a text with its name in it twice. */
static gboolean each_change(GString *out, const struct table *table, const char *before, const char *between, const char *middle)
{
	gboolean any = FALSE;

	for (guint i = 0; i < table->columns->len; i++) {
		const struct column *column = column_at(table, i);

		if (column->key || column->own)
			continue;
		g_string_append_printf(out, "%s\"%s\"%s\"%s\"", any ? between : before, column->name, middle, column->name);
		any = TRUE;
	}
	return any;
}

/* What is there already, from a run before or since the database was made, becomes as it is. */
static void text_change(GString *out, const struct table *table)
{
	g_autofree char *of = g_strdup_printf(" OR \"%s\".", table->name), *first = g_strdup_printf(" WHERE \"%s\".", table->name);

	if (each_change(out, table, "UPDATE SET ", ", ", " = excluded."))
		each_change(out, table, first, of, " IS DISTINCT FROM excluded.");
	else
		g_string_append(out, "NOTHING");
}

static char *text_insert(const struct table *table)
{
	g_autoptr(GString) sql = g_string_new(NULL);

	g_string_printf(sql, "INSERT INTO \"%s\" (", table->name);
	names(sql, table, FALSE);
	g_string_append(sql, ") VALUES (");
	for (guint i = 0; i < table->columns->len; i++)
		g_string_append_printf(sql, "%s$%u", i ? ", " : "", i + 1);
	g_string_append(sql, ") ON CONFLICT (");
	names(sql, table, TRUE);
	g_string_append(sql, ") DO ");
	text_change(sql, table);
	return g_string_free(g_steal_pointer(&sql), FALSE);
}

struct later { gint64 n, names; guint column; };

static gboolean put_row(struct transfer *t, const struct table *table, const struct hg_sql *add, hg_stmt *row, GArray *later,
			GError **error)
{
	struct hg_value values[HG_COLUMNS_MAX];
	gint64 changed;

	g_assert(table->columns->len < HG_COLUMNS_MAX);
	for (guint i = 0; i < table->columns->len; i++) {
		const struct column *column = column_at(table, i);

		values[i] = value_of(row, column, i);
		if (column->own && values[i].type == 'i') {
			const struct later one = { hg_stmt_int(row, 0), values[i].i, i };

			g_array_append_val(later, one);
			values[i].type = '0';
		}
	}
	values[table->columns->len].type = 0;
	if (!hg_sql_run(t->to, add, values, &changed, error))
		return FALSE;
	t->sum->new_rows += changed;
	return TRUE;
}

static gboolean told(struct transfer *t, const struct table *table, gint64 rows, gint64 of, gboolean verifying, GError **error)
{
	const struct hg_transfer_at at = { table->name, rows, of, verifying };

	return !t->tell || t->tell(t->arg, &at) || hg_fail(error, HG_ERROR_BUSY, "stopped");
}

static gboolean count_rows(hg_store *store, const struct table *table, gint64 *ret, GError **error)
{
	g_autofree char *sql = g_strdup_printf("SELECT COUNT(*) FROM \"%s\"", table->name);

	return hg_sql_once_int(store, sql, ret, error);
}

static gboolean put_later(struct transfer *t, const struct table *table, const GArray *later, GError **error)
{
	for (guint i = 0; i < later->len; i++) {
		const struct later *one = &g_array_index(later, struct later, i);
		g_autofree char *sql = g_strdup_printf("UPDATE \"%s\" SET \"%s\" = $1 WHERE n = $2", table->name,
						       column_at(table, one->column)->name);
		hg_stmt *stmt = hg_stmt_once(t->to, sql, HG_BIND(HG_I(one->names), HG_I(one->n)), error);

		if (!stmt || hg_stmt_next(stmt, error) < 0)
			return FALSE;
	}
	return TRUE;
}

static gboolean put_rows(struct transfer *t, const struct table *table, hg_stmt *rows, gint64 of, GError **error)
{
	g_autofree char *text = text_insert(table);
	const struct hg_sql add = { HG_SQL_TRANSFER, text, HG_SQL_ALONE, NULL };
	g_autoptr(GArray) later = g_array_new(FALSE, FALSE, sizeof(struct later));
	gint64 done = 0;
	int more;

	while ((more = hg_stmt_next(rows, error)) > 0) {
		if (!put_row(t, table, &add, rows, later, error) ||
		    (++done % BATCH == 0 && (!hg_store_commit(t->to, error) || !told(t, table, done, of, FALSE, error) ||
					     !hg_store_begin(t->to, error)))) {
			hg_stmt_end(rows);
			return FALSE;
		}
	}
	t->sum->rows += done;
	return more == 0 && put_later(t, table, later, error);
}

static void forget_insert(hg_store *store)
{
	hg_stmt *stmt = &store->stmts[HG_SQL_TRANSFER];

	if (stmt->handle)
		store->driver->unprepare(store, stmt);
}

static gboolean put_table(struct transfer *t, const struct table *table, GError **error)
{
	gint64 of;
	hg_stmt *rows = NULL;
	gboolean done;

	if (!count_rows(t->from, table, &of, error) || !told(t, table, 0, of, FALSE, error) || !hg_store_begin(t->from, error))
		return FALSE;
	done = hg_store_begin(t->to, error);
	rows = done ? open_rows(t->from, table, error) : NULL;
	done = rows && put_rows(t, table, rows, of, error) && hg_store_commit(t->to, error);
	if (!done)
		hg_store_rollback(t->to);
	hg_store_rollback(t->from);
	forget_insert(t->to);
	t->sum->tables++;
	return done;
}

/* ---- numbers that are never given twice ---- */

static gboolean highest(hg_store *store, const char *table, gint64 *ret, GError **error)
{
	const struct hg_table of = { .name = table };

	if (!store->pg) {
		if (!store->driver->next_n(store, &of, ret, error))
			return FALSE;
		(*ret)--;
		return TRUE;
	}
	if (strcmp(table, "outbox") == 0)
		return hg_sql_once_int(store, "SELECT outbox FROM turn", ret, error);
	{
		g_autofree char *sql = g_strdup_printf("SELECT last_value FROM \"%s_n_seq\"", table);

		return hg_sql_once_int(store, sql, ret, error);
	}
}

static gboolean set_highest(hg_store *store, const char *table, gint64 n, GError **error)
{
	g_autofree char *sql = store->pg ?
		g_strdup_printf("SELECT setval('\"%s_n_seq\"', %" G_GINT64_FORMAT ")", table, MAX(n, 1)) :
		g_strdup_printf("UPDATE sqlite_sequence SET seq = %" G_GINT64_FORMAT " WHERE name = '%s'", n, table);
	gint64 ignored;

	return hg_sql_once_int(store, sql, &ignored, error);
}

/* What counts for a table is what the other side would have given next: rows of it may be gone. */
static gboolean carry_numbers(struct transfer *t, GError **error)
{
	gint64 *next = hg_late_numbers(t->to->late);

	if (!hg_store_begin(t->to, error))
		return FALSE;
	for (guint i = 0; i < t->tables->len; i++) {
		const struct table *table = t->tables->pdata[i];
		enum hg_numbers numbers = t->to->pg ? hg_pg_numbered(table->name) : HG_NUMBERS_NONE;
		gint64 n;

		if (strcmp(column_at(table, 0)->name, "n") != 0 || !column_at(table, 0)->key)
			continue;
		if (!highest(t->from, table->name, &n, error) || !set_highest(t->to, table->name, n, error))
			return FALSE;
		if (numbers)
			next[numbers] = n + 1;
	}
	if (t->to->pg)
		t->to->pg->all_changed++;	/* the turn's row has to say it */
	return hg_store_commit(t->to, error);
}

/* ---- the same on both sides? ---- */

static void add_value(EVP_MD_CTX *hash, const struct hg_value *value)
{
	const guint64 number = GINT64_TO_BE(value->i);
	const guint64 len = GUINT64_TO_BE(value->type == 't' && value->p ? strlen(value->p) : value->len);
	const guint8 kind = is_null(value) ? 0 : (guint8)value->type;

	EVP_DigestUpdate(hash, &kind, 1);
	if (!kind)
		return;
	if (value->type == 'i') {
		EVP_DigestUpdate(hash, &number, sizeof(number));
		return;
	}
	EVP_DigestUpdate(hash, &len, sizeof(len));
	EVP_DigestUpdate(hash, value->p, GUINT64_FROM_BE(len));
}

static gboolean sum_rows(struct transfer *t, hg_store *store, const struct table *table, gint64 *ret_rows, guint8 ret[32], GError **error)
{
	hg_stmt *rows = hg_store_begin(store, error) ? open_rows(store, table, error) : NULL;
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	int more = -1;

	*ret_rows = 0;
	EVP_DigestInit_ex(hash, EVP_sha256(), NULL);
	while (rows && (more = hg_stmt_next(rows, error)) > 0) {
		for (guint i = 0; i < table->columns->len; i++) {
			const struct hg_value value = value_of(rows, column_at(table, i), i);

			add_value(hash, &value);
		}
		if (++*ret_rows % (20 * BATCH) == 0 && !told(t, table, *ret_rows, 0, TRUE, error)) {
			hg_stmt_end(rows);
			more = -1;
			break;
		}
	}
	EVP_DigestFinal_ex(hash, ret, NULL);
	EVP_MD_CTX_free(hash);
	hg_store_rollback(store);
	return more == 0;
}

static gboolean verify_table(struct transfer *t, const struct table *table, GError **error)
{
	guint8 was[32], is[32];
	gint64 before, now;

	if (!sum_rows(t, t->from, table, &before, was, error) || !sum_rows(t, t->to, table, &now, is, error))
		return FALSE;
	if (before == now && memcmp(was, is, sizeof(was)) == 0)
		return TRUE;
	return hg_fail(error, HG_ERROR_STATE, "table %s: %" G_GINT64_FORMAT " rows in %s, %" G_GINT64_FORMAT " in %s%s: empty the second "
		       "one and copy again", table->name, before, t->from->path, now, t->to->path,
		       before == now ? ", and they are not the same" : "");
}

/* ---- all of it ---- */

static gboolean transfer(struct transfer *t, GError **error)
{
	if (!read_tables(t, error))
		return FALSE;
	for (guint i = 0; i < t->tables->len; i++)
		if (!put_table(t, t->tables->pdata[i], error))
			return FALSE;
	if (!carry_numbers(t, error)) {
		hg_store_rollback(t->to);
		return FALSE;
	}
	for (guint i = 0; i < t->tables->len; i++)
		if (!verify_table(t, t->tables->pdata[i], error))
			return FALSE;
	return TRUE;
}

gboolean hg_store_transfer(hg_store *from, hg_store *to, hg_transfer_tell *tell, void *arg, struct hg_transfer_sum *ret,
			   GError **error)
{
	struct transfer t = { .from = from, .to = to, .lite = from->db ? from : to, .tell = tell, .arg = arg, .sum = ret };
	gboolean done;

	*ret = (struct hg_transfer_sum){ 0 };
	if (!t.lite->db)
		return hg_fail(error, HG_ERROR_INPUT, "from one PostgreSQL database to another its own pg_dump and pg_restore copy");
	if (memcmp(from->key, to->key, sizeof(from->key)) != 0)
		return hg_fail(error, HG_ERROR_STATE, "%s has been in use with another instance key: make an empty one", to->path);
	t.tables = g_ptr_array_new_with_free_func(table_free);
	done = transfer(&t, error);
	g_ptr_array_unref(t.tables);
	return done;
}

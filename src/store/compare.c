/* compare.c - do two stores say the same?  Row by row, all that was decided and what came of it */
#include "sql.h"

#include <string.h>

#define COLUMNS_MAX 64

/* What may differ between a store and one that was made from its journal: what expires at a time of its
 * own, what is kept by content, and what paces calls. */
static const char *const other_tables[] = { "seen", "idempotency", "facts", "instance", "config", "unlinking", "audit", "node", "lease",
	"stale_result", NULL };
static const struct { const char *table, *column; } other_columns[] = {
	{ "outbox", "due_ms" },		/* moved on to keep a channel's pace */
	/* Old audits expire; the last hash stands for all that ever were. */
	{ "audit_chain", "start_n" }, { "audit_chain", "start_hash" },
	{ "receipt", "n" },		/* free again when nobody claimed the last ones */
};

static gboolean may_differ(const char *table, const char *column)
{
	for (gsize i = 0; i < G_N_ELEMENTS(other_columns); i++)
		if (strcmp(table, other_columns[i].table) == 0 && strcmp(column, other_columns[i].column) == 0)
			return TRUE;
	return FALSE;
}

/* First column of all rows, each once; the caller's to free. */
static GPtrArray *words_of(hg_store *store, const char *sql, const struct hg_value *values, GError **error)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
	hg_stmt *stmt = hg_stmt_once(store, sql, values, error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(words, g_strdup(hg_stmt_text(stmt, 0, &len)));
	return more == 0 ? g_steal_pointer(&words) : NULL;
}

/* Decisions first: where one is another, all that follows may be. */
static GPtrArray *tables_of(hg_store *store, GError **error)
{
	return words_of(store, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
			"ORDER BY name <> 'decision', name <> 'event', name", HG_BIND_NONE, error);
}

struct compare {
	hg_store *a, *b;
	const char *table;
	GPtrArray *columns;
	hg_store_differs *tell;
	void *arg;
	guint n;
};

static char *value_of(hg_stmt *stmt, guint column, gsize *ret_len)
{
	const char *text = hg_stmt_text(stmt, (int)column, ret_len);

	return text ? g_memdup2(text, *ret_len + 1) : NULL;
}

static void tell(struct compare *c, hg_stmt *a, hg_stmt *b, guint column)
{
	gsize a_len = 0, b_len = 0, len;
	g_autofree char *was = a ? value_of(a, column, &a_len) : NULL, *is = b ? value_of(b, column, &b_len) : NULL;
	g_autofree char *row = g_strdup(hg_stmt_text(a ? a : b, 0, &len));
	const struct hg_store_difference difference = {
		.table = c->table, .row = row ? row : "", .column = a && b ? c->columns->pdata[column] : NULL,
		.was = was, .is = is, .missing = !b, .added = !a,
	};

	c->n++;
	c->tell(c->arg, &difference);
}

static gboolean same(hg_stmt *a, hg_stmt *b, guint column)
{
	gsize a_len, b_len;
	const char *x = hg_stmt_text(a, (int)column, &a_len), *y = hg_stmt_text(b, (int)column, &b_len);

	return (x == NULL) == (y == NULL) && a_len == b_len && (!x || memcmp(x, y, a_len) == 0);
}

static void compare_row(struct compare *c, hg_stmt *a, hg_stmt *b)
{
	for (guint i = 0; i < c->columns->len; i++)
		if (!same(a, b, i) && !may_differ(c->table, c->columns->pdata[i])) {
			tell(c, a, b, i);
			return;
		}
}

/* Up to the first that only one of them has: what is behind it has other numbers. */
static gboolean compare_rows(struct compare *c, hg_stmt *a, hg_stmt *b, GError **error)
{
	for (;;) {
		int in_a = hg_stmt_next(a, error);
		int in_b = in_a < 0 ? -1 : hg_stmt_next(b, error);

		if (in_a < 0 || in_b < 0 || (!in_a && !in_b)) {
			if (in_a > 0)
				hg_stmt_end(a);
			return in_a == 0 && in_b == 0;
		}
		if (in_a && in_b) {
			compare_row(c, a, b);
			continue;
		}
		tell(c, in_a ? a : NULL, in_b ? b : NULL, 0);
		hg_stmt_end(in_a ? a : b);
		return TRUE;
	}
}

static const char *but_what_expires(const char *table)
{
	if (strcmp(table, "receipt") == 0)
		return "WHERE message_n IS NOT NULL";
	if (strcmp(table, "token") == 0)
		return "WHERE revoked_ms = 0 AND expires_ms = 0";
	return strcmp(table, "visitor") == 0 ? "WHERE browser = ''" : "";
}

static gboolean compare_table(struct compare *c, GError **error)
{
	g_autoptr(GPtrArray) columns = words_of(c->a, "SELECT name FROM pragma_table_info($1) ORDER BY cid",
						HG_BIND(HG_T(c->table)), error);
	g_autofree char *sql = g_strdup_printf("SELECT * FROM \"%s\" %s ORDER BY 1%s", c->table, but_what_expires(c->table),
					       columns && columns->len > 1 ? ", 2" : "");
	hg_stmt *a, *b;

	if (!columns)
		return FALSE;
	c->columns = columns;
	a = hg_stmt_once(c->a, sql, HG_BIND_NONE, error);
	b = a ? hg_stmt_once(c->b, sql, HG_BIND_NONE, error) : NULL;
	if (!b) {
		if (a)
			hg_stmt_end(a);
		return FALSE;
	}
	return compare_rows(c, a, b, error);
}

gboolean hg_store_compare(hg_store *a, hg_store *b, hg_store_differs *tell_of, void *arg, guint *ret_n, GError **error)
{
	struct compare compare = { .a = a, .b = b, .tell = tell_of, .arg = arg };
	g_autoptr(GPtrArray) tables = tables_of(a, error);

	for (guint i = 0; tables && i < tables->len; i++) {
		compare.table = tables->pdata[i];
		if (!g_strv_contains(other_tables, compare.table) && !compare_table(&compare, error))
			return FALSE;
	}
	*ret_n = compare.n;
	return tables != NULL;
}

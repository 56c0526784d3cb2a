/* late.c - rows that wait until their turn ends, so that what a turn adds and then changes is written once
 *
 * Between hg_store_gather() and hg_store_settle() new rows of the tables with numbers (and addresses) are kept
 * here, as copies, in the order in which they were added.  Reads by number find them here; any statement that
 * could see them, or a row that refers to them, has them written first.  So a turn behaves as if every
 * row were written at once, but for one thing: what the database refuses may be said a statement later. */
#include "late.h"

#include <string.h>

struct late {
	const struct hg_sql *add;
	void *row;			/* in the arena of what is known, with all it points to */
};

struct hg_late {
	GArray *rows;			/* of struct late */
	struct hg_late_seen seen;
	gboolean gathering, writing;
	/* the next number of each table, 0: not known; what they were when transaction and savepoint began */
	gint64 next[HG_NUMBERS], at_begin[HG_NUMBERS], at_savepoint[HG_NUMBERS];
};

struct hg_late *hg_late_new(void)
{
	struct hg_late *late = g_new0(struct hg_late, 1);

	late->rows = g_array_new(FALSE, FALSE, sizeof(struct late));
	return late;
}

void hg_late_free(struct hg_late *late)
{
	g_array_unref(late->rows);
	g_free(late);
}

/* ---- numbers: given here, so that rows can name each other before they are written ---- */

gint64 *hg_late_numbers(struct hg_late *late)
{
	return late->next;
}

gboolean hg_late_number(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error)
{
	gint64 *next = &hg_store_late(store)->next[of->numbers];

	if (!*next && !hg_sql_next_n(store, of, next, error))
		return FALSE;
	*ret = (*next)++;
	return TRUE;
}

void hg_late_begin(struct hg_late *late, gboolean savepoint)
{
	memcpy(savepoint ? late->at_savepoint : late->at_begin, late->next, sizeof(late->next));
}

void hg_late_undo(struct hg_late *late, gboolean savepoint)
{
	memcpy(late->next, savepoint ? late->at_savepoint : late->at_begin, sizeof(late->next));
	g_array_set_size(late->rows, 0);
	late->gathering = late->seen.waits = FALSE;
}

/* ---- waiting ---- */

void hg_store_gather(hg_store *store)
{
	hg_store_late(store)->gathering = TRUE;
}

gboolean hg_late_add(hg_store *store, const struct hg_sql *add, const void *row)
{
	struct hg_late *late = hg_store_late(store);
	struct late one = { .add = add };

	if (!late->gathering)
		return FALSE;
	one.row = hg_row_copy(add->of, row, hg_known_arena(hg_store_known(store)));
	g_array_append_val(late->rows, one);
	return TRUE;
}

struct hg_late_seen *hg_late_seen(hg_store *store)
{
	struct hg_late *late = hg_store_late(store);

	return late->gathering && !late->writing ? &late->seen : NULL;
}

gboolean hg_store_settle(hg_store *store, GError **error)
{
	struct hg_late *late = hg_store_late(store);

	late->gathering = FALSE;
	if (!hg_late_write(store, error))
		return FALSE;
	hg_known_turn_ends(hg_store_known(store));
	return TRUE;
}

gboolean hg_late_write(hg_store *store, GError **error)
{
	struct hg_late *late = hg_store_late(store);
	gboolean ok = TRUE;

	if (late->writing || !(late->rows->len || late->seen.waits))
		return TRUE;
	late->writing = TRUE;
	if (late->seen.waits)
		ok = hg_seen_write(store, &late->seen, error);
	late->seen.waits = FALSE;
	for (guint i = 0; ok && i < late->rows->len; i++) {
		const struct late *one = &g_array_index(late->rows, struct late, i);

		ok = hg_row_update(store, one->add, one->row, NULL, error);
		if (ok)
			hg_known_put(hg_store_known(store), one->add->of, one->row);
	}
	late->writing = FALSE;
	g_array_set_size(late->rows, 0);
	return ok;
}

/* ---- finding ---- */

void *hg_late_next(hg_store *store, const struct hg_table *of, guint *at)
{
	const GArray *rows = hg_store_late(store)->rows;

	while (*at < rows->len) {
		const struct late *one = &g_array_index(rows, struct late, (*at)++);

		if (one->add->of == of)
			return one->row;
	}
	return NULL;
}

void *hg_late_find(hg_store *store, const struct hg_table *of, gint64 n)
{
	guint at = 0;
	void *row;

	while ((row = hg_late_next(store, of, &at)))
		if (hg_row_n(of, row) == n)
			return row;
	return NULL;
}

static gboolean has(hg_store *store, const struct hg_table *of)
{
	guint at = 0;

	return hg_late_next(store, of, &at) != NULL;
}

static gboolean has_n(hg_store *store, gint64 n)
{
	const GArray *rows = hg_store_late(store)->rows;

	for (guint i = 0; i < rows->len; i++) {
		const struct late *one = &g_array_index(rows, struct late, i);

		if (hg_has_numbers(one->add->of) && hg_row_n(one->add->of, one->row) == n)
			return TRUE;
	}
	return FALSE;
}

/* Which table a number is of is not asked: too much written early does no harm. */
gboolean hg_late_names(hg_store *store, const struct hg_table *of, const void *row)
{
	for (const struct hg_column *c = of->columns; c->name; c++) {
		gboolean may = c->type == HG_C_REF || (c->type == HG_C_INT64 && c->flags & HG_C_INDEXED);

		if (may && !(c->flags & HG_C_FIXED) &&
		    has_n(store, *(const gint64 *)(const void *)((const guint8 *)row + c->offset)))
			return TRUE;
	}
	return FALSE;
}

gboolean hg_late_matters(hg_store *store, const struct hg_sql *sql)
{
	const GArray *rows = hg_store_late(store)->rows;

	if (!rows->len || hg_store_late(store)->writing)
		return FALSE;
	switch (sql->verb) {
	case HG_SQL_ALONE:
	case HG_SQL_WRITTEN:
	case HG_SQL_BY_N:
		return FALSE;
	case HG_SQL_SELECT:
		return has(store, sql->of);
	case HG_SQL_INSERT:
		return sql->of->numbers != HG_NUMBERS_ALONE;
	case HG_SQL_UPDATE:
	case HG_SQL_UPDATE_SAME:
	case HG_SQL_UPDATE_MOVED:
		return sql->of->numbers == HG_NUMBERS_NONE;
	case HG_SQL_TEXT:
		break;
	}
	return !sql->of || has(store, sql->of);
}

/* known.h - inside src/store: rows this connection wrote lately */
#pragma once
#include "sql.h"

static inline gboolean hg_has_numbers(const struct hg_table *of)
{
	return of->numbers > HG_NUMBERS_ALONE;
}

static inline gint64 hg_row_n(const struct hg_table *of, const void *row)	/* of one that has numbers */
{
	return *(const gint64 *)((const guint8 *)row + of->columns->offset);
}

struct hg_known *hg_known_new(void);
void hg_known_free(struct hg_known *known);
void hg_known_forget(struct hg_known *known);		/* everything */
hg_arena *hg_known_arena(struct hg_known *known);	/* of the turn under way: where rows lie that are put */
void hg_known_put(struct hg_known *known, const struct hg_table *of, const void *row);
void hg_known_turn_ends(struct hg_known *known);
/* As it is in the database; NULL: ask there. */
const void *hg_known_find(struct hg_known *known, const struct hg_table *of, gint64 n);

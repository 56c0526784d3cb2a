/* known.h - inside src/store: rows this connection wrote lately, or read ahead */
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

/* ---- ahead.c: what a reader will want, a range of numbers at a time; known until its transaction ends ---- */
struct hg_range { gint64 from, to; guint n; };		/* n: how many of them are wanted; 0: none */
void hg_range_add(struct hg_range *range, gint64 n);	/* 0 is nothing */
gboolean hg_row_ahead(hg_store *store, const struct hg_table *of, const struct hg_range *range, GError **error);
gboolean hg_thread_ahead(hg_store *store, const struct hg_range *range, struct hg_range *ret_contacts, GError **error);
gboolean hg_contact_ahead(hg_store *store, const struct hg_range *range, GError **error);
gboolean hg_message_ahead(hg_store *store, const struct hg_range *range, GError **error);
gboolean hg_decision_ahead(hg_store *store, const struct hg_range *range, GError **error);

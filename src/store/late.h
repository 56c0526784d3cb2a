/* late.h - inside src/store: rows that wait until their turn ends, and the numbers they are given */
#pragma once
#include "known.h"

struct hg_late *hg_late_new(void);
void hg_late_free(struct hg_late *late);
/* A transaction, or a savepoint, begins; it is undone, and what waits with it. */
void hg_late_begin(struct hg_late *late, gboolean savepoint);
void hg_late_undo(struct hg_late *late, gboolean savepoint);

/* A provider's id seen for the first time: what it became is known when its item was taken. */
#define HG_SEEN_HASH 16
void hg_store_seen_hash(hg_store *store, const char *space, const char *key, guint8 ret_hash[HG_SEEN_HASH]);
struct hg_late_seen { gboolean waits; guint8 hash[HG_SEEN_HASH]; gint64 now_ms, message_n; };
struct hg_late_seen *hg_late_seen(hg_store *store);	/* NULL: it has to be written now */
gboolean hg_seen_write(hg_store *store, const struct hg_late_seen *seen, GError **error);

gint64 *hg_late_numbers(struct hg_late *late);	/* the next ones, by enum hg_numbers; 0: not known */
gboolean hg_late_number(hg_store *store, const struct hg_table *of, gint64 *ret, GError **error);
/* FALSE: it has to be written now. */
gboolean hg_late_add(hg_store *store, const struct hg_sql *add, const void *row);
gboolean hg_late_write(hg_store *store, GError **error);
/* Could the statement see what waits, or a row it writes refer to it? */
gboolean hg_late_matters(hg_store *store, const struct hg_sql *sql);
/* Could the row, as an UPDATE would write it, name one that waits? */
gboolean hg_late_names(hg_store *store, const struct hg_table *of, const void *row);
/* The waiting row itself, NULL: it does not wait.  Or each of a table's in turn, *at being 0 at first. */
void *hg_late_find(hg_store *store, const struct hg_table *of, gint64 n);
void *hg_late_next(hg_store *store, const struct hg_table *of, guint *at);
gboolean hg_contact_is_late(hg_store *store, gint64 n);	/* then no row that is written names it ... */
gboolean hg_thread_is_late(hg_store *store, gint64 n);	/* ... nor this */

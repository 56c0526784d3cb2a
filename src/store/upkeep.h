/* upkeep.h - a store looked at and tidied up by hand, beside the daemon or while none runs */
#pragma once
#include "store.h"

struct hg_store_info {
	int schema;
	gint64 bytes, wal_bytes;	/* of the files */
	gint64 page_size, pages, free_pages;	/* SQLite; else 0.  Free ones are kept for what comes next; compacting gives them back */
	gint64 journal_since_ms;	/* how far back decisions can be made again; 0: not at all */
	gint64 newest_ms;		/* when something was done last; 0: never */
};
/* Each table with its rows; bytes with its indexes, -1 where this SQLite cannot tell. */
typedef void hg_store_table_fn(void *arg, const char *table, gint64 rows, gint64 bytes);
/* Walks through all of it: a large store takes seconds. */
gboolean hg_store_info(hg_store *store, struct hg_store_info *ret, hg_store_table_fn *fn, void *arg, GError **error);
/* Writes the database anew, without what is free and in the order of its rows.  It is a file (STATE); no daemon may run (CONFIG); as much again
 * has to be free on its disk (STATE).  Killed at any moment it leaves what was there.  *ret_before, *ret_after: bytes. */
gboolean hg_store_compact(const struct hg_store_options *options, gint64 *ret_before, gint64 *ret_after, GError **error);

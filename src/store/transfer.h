/* transfer.h - everything of one store into another one, of whichever kind of database */
#pragma once
#include "store.h"

struct hg_transfer_at { const char *table; gint64 rows, of; gboolean verifying; };
typedef gboolean hg_transfer_tell(void *arg, const struct hg_transfer_at *at);	/* FALSE: stop; what is there is gone on from */
struct hg_transfer_sum { gint64 tables, rows, new_rows; };	/* new_rows: of this run */

/* Both connections write (of from, so that nobody else does); to was opened with from's key, and is empty or what a run
 * before left.  Then all rows are read again on both sides and compared by count and SHA-256.  One of the two is SQLite.
 * FALSE: STATE (to has rows that from has not), BUSY (told to stop) or STORE.  Files are not looked at: they lie where
 * both find them, or hg_store_transfer_files() carries them.  Nodes and their leases stay behind: they are of the one database. */
gboolean hg_store_transfer(hg_store *from, hg_store *to, hg_transfer_tell *tell, void *arg, struct hg_transfer_sum *ret,
			   GError **error);

struct hg_transfer_files { gint64 files, new_files, missing; };	/* missing: not there, or others than their hash says: left out */
/* The files that rows of from name: from the directory into the database (in), or out of it into the directory; each whole or not
 * at all, and what is there already is left alone.  FALSE: BUSY (told to stop) or STORE. */
gboolean hg_store_transfer_files(hg_store *from, const struct hg_store_options *database, gboolean in, const char *dir,
				 hg_transfer_tell *tell, void *arg, struct hg_transfer_files *ret, GError **error);

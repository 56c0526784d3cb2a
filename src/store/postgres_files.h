/* postgres_files.h - inside src/store: attachment files in a PostgreSQL database, on connections of their own
 *
 * Any thread.  Each call takes a connection of those that are idle, or makes one; CONNECTIONS at most are in use, and the next
 * one waits.  None of them takes the writers' turn: whoever holds it may wait for one. */
#pragma once
#include <glib.h>
#include "file_sum.h"

struct hg_store_options;
struct hg_pg_files;

#define HG_PIECE_BYTES (256 * 1024)

/* Nothing is asked of the server yet. */
struct hg_pg_files *hg_pg_files_new(const struct hg_store_options *options);
void hg_pg_files_free(struct hg_pg_files *files);	/* nobody uses it any more; NULL is fine */

/* All of fd from its beginning, whose SHA-256 that is, committed when it returns: all of it or nothing.  One that is there already
 * is said to be needed.  FALSE: STORE. */
gboolean hg_pg_file_put(struct hg_pg_files *files, const char *sha256, int fd, gint64 bytes, GError **error);
/* It is needed from now on.  *ret_bytes: its size, -1: there is none. */
gboolean hg_pg_file_need(struct hg_pg_files *files, const char *sha256, gint64 *ret_bytes, GError **error);
/* Those of the names, with commas between them, that are there are added to the set. */
gboolean hg_pg_files_known(struct hg_pg_files *files, const char *names, GHashTable *ret, GError **error);
/* Its pieces in order, of one state of the database.  *ret_bytes: what its row says it has, -1: there is none.
 * FALSE: STORE, or BUSY when heard said stop. */
gboolean hg_pg_file_get(struct hg_pg_files *files, const char *sha256, hg_file_bytes *heard, void *arg, gint64 *ret_bytes, GError **error);
/* Unless it was needed less than young_ms ago: then *ret_young. */
gboolean hg_pg_file_delete(struct hg_pg_files *files, const char *sha256, gint64 young_ms, gboolean *ret_young, GError **error);
/* Some of those that no row names and nobody has needed for old_ms.  *ret_n: how many went. */
gboolean hg_pg_file_sweep(struct hg_pg_files *files, gint64 old_ms, gint64 *ret_n, GError **error);

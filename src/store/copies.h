/* copies.h - inside src/store: a directory that holds copies of files which the database keeps
 *
 * Where store.attachments_in says database, a node's directory of attachments is its own: what is put there goes to the database
 * first, and what is not there is fetched from it.  Known by the directory's name, so that whoever has that can read and write
 * files and needs no connection.  One directory is of one database. */
#pragma once
#include "file_sum.h"
#include "store.h"

struct hg_copies;

/* Of the directory that options.attachments names, as long as somebody has it open. */
struct hg_copies *hg_copies_open(const struct hg_store_options *options);
void hg_copies_tend(struct hg_copies *copies);		/* a thread clears up from now on */
void hg_copies_close(struct hg_copies *copies);		/* NULL is fine */

/* Borrowed from whoever has it open; NULL: the directory itself keeps the files. */
struct hg_copies *hg_copies_of(const char *attachments);

/* The file at path has this hash: in the database when it returns TRUE.  One that is not there has to be in the database. */
gboolean hg_copies_put(struct hg_copies *copies, const char *path, const char *sha256, GError **error);
/* What its bytes in the database come to; *ret_bytes -1: there is none. */
gboolean hg_copies_sum(struct hg_copies *copies, const char *sha256, hg_file_bytes *heard, void *arg, char ret_hex[65], gint64 *ret_bytes,
		       GError **error);
/* From the database and from here; FALSE: it is young, or the database cannot be asked: again later. */
gboolean hg_copies_delete(struct hg_copies *copies, const char *sha256, gint64 young_ms);
/* What the thread does: copies go that are not in the database any more, not used for long, or too many; and files in the
 * database that nobody names. */
void hg_copies_tidy(struct hg_copies *copies);

/* What no message names goes after so long. */
#define HG_UNNAMED_MS (24 * 60 * 60 * G_GINT64_CONSTANT(1000))

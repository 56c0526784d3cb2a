/* backup_inside.h - what making, checking and restoring a backup share; private to src/store */
#pragma once
#include "backup.h"
#include "sqlite_db.h"

enum hg_copied { HG_COPIED_NEW, HG_COPIED_THERE, HG_COPIED_MISSING, HG_COPIED_DAMAGED };

/* Says where it is; FALSE with BUSY: somebody wants it stopped. */
gboolean hg_backup_told(hg_backup_tell *tell, void *arg, const struct hg_backup_at *at, GError **error);
/* The file with that SHA-256 from one directory of attachments to the other, synced, unless it is there.  FALSE: it
 * could not be written, or was stopped; what is wrong with the source *ret says. */
gboolean hg_backup_copy_file(const char *from, const char *to, const char *sha256, hg_backup_tell *tell, void *arg,
			     struct hg_backup_at *at, enum hg_copied *ret, GError **error);
/* Each file that a store names, once.  fn FALSE with error: stop. */
typedef gboolean hg_backup_file_fn(void *arg, const char *sha256, GError **error);
gboolean hg_backup_files(hg_store *store, hg_backup_file_fn *fn, void *arg, GError **error);
gboolean hg_backup_file_bytes(hg_store *store, gint64 *ret, GError **error);	/* about so many; large raw events not counted */
/* A reader of a copy that nobody writes. */
hg_store *hg_backup_open(const char *path, const char *attachments, struct hg_env *env, GError **error);
/* A small file, private, whole or not at all. */
gboolean hg_backup_write(const char *dir, const char *name, const char *bytes, gsize len, GError **error);

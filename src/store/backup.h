/* backup.h - a copy of everything that is remembered, made while it goes on; whether it is whole; and the way back
 *
 * A backup is a directory:
 *
 *	manifest.json			what is in it, with sizes and SHA-256; written last, so a backup without it is none
 *	headgate-TIME.db		the database of one moment
 *	attachments/ab/abcd...		files, by the SHA-256 they are named by
 *	config/N-NAME			the files of the configuration; secrets are not in it, only the names they have there
 *
 * Made again into the same directory it costs the database and what is new of the files; the one before stays whole until
 * its manifest is replaced.  What was interrupted goes on where it was, but for the database, which is begun anew: it is of
 * one moment or worth nothing.  It is as private as the store: files have mode 0600, the directory 0700. */
#pragma once
#include <glib.h>
#include "store.h"

#define HG_BACKUP_MANIFEST "manifest.json"

enum hg_backup_stage { HG_BACKUP_DATABASE = 1, HG_BACKUP_FILES, HG_BACKUP_CHECK };
struct hg_backup_at { enum hg_backup_stage stage; gint64 done, of; };	/* bytes of the stage */
const char *hg_backup_stage_word(enum hg_backup_stage stage);
/* FALSE: stop; the call that told fails with BUSY. */
typedef gboolean hg_backup_tell(void *arg, const struct hg_backup_at *at);

/* ---- what a backup says of itself ---- */
typedef struct hg_manifest {
	char *headgate;			/* version that made it */
	char instance[17];		/* which store it is of: 16 hex digits */
	int schema;
	gint64 begun_ms, done_ms;	/* everything acknowledged before begun_ms is in it */
	gint64 newest_ms;		/* of what is in it; 0: nothing */
	char *database;			/* name of its file, a plain one */
	gint64 database_bytes;
	char *database_sha256;
	gint64 files, file_bytes;	/* attachments and large raw events */
	gint64 missing;			/* files the store names and did not have, or had damaged */
	char **configs;			/* names below config/, "1-headgate.yaml" */
	char **config_paths;		/* where each came from */
	char **secrets;			/* references: "credential:wa-token" */
} hg_manifest;
void hg_manifest_clear(struct hg_manifest *manifest);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_manifest, hg_manifest_clear)
void hg_manifest_write(GString *out, const struct hg_manifest *manifest);
/* INPUT: it is none, and why. */
gboolean hg_manifest_parse(const char *text, gsize len, struct hg_manifest *ret, GError **error);
gboolean hg_manifest_read(const char *dir, struct hg_manifest *ret, GError **error);	/* MISSING: there is none */
void hg_store_instance_name(hg_store *store, char ret_name[17]);	/* of the instance key; tells nothing of it */

/* ---- making one ---- */
struct hg_backup_options {
	const char *dir;		/* made when it is not there */
	const char *headgate;		/* version */
	const char *const *configs;	/* paths, NULL-ended; or NULL */
	const char *const *secrets;	/* references, NULL-ended; or NULL */
	hg_backup_tell *tell;		/* or NULL */
	void *arg;
};
/* store: a reader that nobody else uses meanwhile, opened when the backup was asked for.  Any thread; blocks.  ret (yours
 * to clear) is the manifest, *ret_copied how many files were not there yet. */
gboolean hg_backup_make(hg_store *store, const struct hg_backup_options *options, struct hg_manifest *ret,
			gint64 *ret_copied, GError **error);
/* The database of this moment into a new file of mode 0600, synced.  In sqlite_copy.c. */
gboolean hg_store_copy(hg_store *store, const char *path, hg_backup_tell *tell, void *arg, GError **error);

/* ---- is one whole? ---- */
/* All sums, and the audit of the database in it with all files; each breach is reported ("B1": the backup itself).  FALSE:
 * it could not be looked at. */
gboolean hg_backup_check(const char *dir, struct hg_env *env, hg_backup_tell *tell, void *tell_arg, hg_fsck_report *report,
			 void *report_arg, struct hg_manifest *ret, guint *ret_breaches, GError **error);

/* ---- the way back ---- */
struct hg_restore_options {
	const char *dir;		/* the backup */
	const struct hg_store_options *store;	/* where it goes; no daemon may run there */
	gboolean replace;		/* put what is there aside */
	/* Nothing was sent since the backup was made (a move to another machine).  Else all that waited to be sent then may
	 * have been sent since, and is settled as what a crash interrupted is. */
	gboolean nothing_sent;
	hg_backup_tell *tell;
	void *arg;
};
struct hg_restored {
	char *aside;			/* where the database that was there is now; or NULL.  Yours */
	gint64 in_doubt;		/* jobs that may have been sent since */
	gint64 copied;			/* files that were not there */
	gint64 missing;			/* files the backup does not have, or has damaged: fsck names their attachments */
	char *erased;			/* ids of contacts that were erased since the backup, a space between, as far as the store
					 * that was there knew; NULL: none.  Yours */
};
#define HG_STORE_RESTORING "-restoring"	/* behind the store's path: its files are changing their names */
/* Puts the backup's database in the place of the store's, and files beside what is there.  STATE: it goes to no file, or there is a store and
 * replace is not said; CONFIG: a daemon runs, or the backup is of a newer headgate; INPUT: the backup is not whole.
 * Killed at any moment it leaves the old store or the new one, or one that refuses to start until restore is called
 * again. */
gboolean hg_restore(const struct hg_restore_options *options, struct hg_restored *ret, GError **error);

/* power_disk.h - a disk under the store that writes down what is done to it, or fails
 *
 * A VFS over SQLite's own.  While it records, each operation on a store's files (headgate.db and what
 * SQLite makes beside it; shared memory excepted, it does not survive) becomes an entry of a trace, from
 * which power_image.h builds what a power loss leaves.  While it is told to fail, one operation fails, or
 * that and all behind it.  At other times the usual VFS is all there is. */
#pragma once
#include <glib.h>

enum power_kind { POWER_CREATE = 1, POWER_WRITE, POWER_TRUNCATE, POWER_SYNC, POWER_DELETE };

struct power_op {
	guint8 kind;		/* enum power_kind */
	gboolean dir;		/* SYNC, DELETE: the directory is synced with it */
	guint file;		/* index of the trace's files */
	gint64 at;		/* WRITE: where; TRUNCATE: the new size */
	guint len;
	guint8 *bytes;		/* WRITE */
};

struct power_trace {
	GPtrArray *files;	/* names without directory */
	GArray *ops;		/* of struct power_op */
};

/* Before the store asks for the usual VFS, so that the store's own layer lies on this one. */
void power_disk_plant(void);

void power_disk_record(void);
guint power_disk_at(void);			/* operations written down so far */
struct power_trace *power_disk_rest(void);	/* ends recording; yours */
void power_trace_free(struct power_trace *trace);

/* ---- failing ---- */
enum power_error { POWER_IO_ERROR, POWER_NO_ROOM, POWER_NO_MEMORY, POWER_ERRORS };

/* The at-th operation (from 1, of those that can fail in this way; reading and opening are some) fails;
 * for_ever: so do all that follow.  at 0: they are counted only. */
void power_disk_fail(guint at, gboolean for_ever, enum power_error error);
guint power_disk_passed(void);			/* operations since then */
const char *power_disk_failed(void);		/* what failed first: "sync headgate.db-wal"; NULL: nothing yet */
guint power_disk_syncs_after(void);		/* syncs tried after the one that failed */
void power_disk_heal(void);

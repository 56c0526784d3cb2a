/* sqlite_wal.c - a VFS that writes the write-ahead log in large pieces
 *
 * SQLite appends each page to the log with two system calls, 24 bytes and then the page: for a
 * group of messages hundreds of them, a fifth of the store's CPU.  This layer over the usual VFS
 * collects what is written to the log without a gap and hands it on when SQLite syncs (which, with
 * synchronous=FULL, it does before a commit is visible to anybody), reads or asks for the size.
 * The same is done to what a savepoint keeps to be put back, once it is too much for memory.  Nothing
 * else is touched: locks, shared memory, the database file and all others are the usual VFS's own.
 *
 * A commit may also leave its sync to be done later, on another thread, while the next group is worked on
 * (hg_sqlite_wal_later()): whoever commits so tells nobody before that sync is done. */
#include "sqlite_db.h"

#include <string.h>

/* SQLite's unix VFS writes at most 128 KiB less one byte in one call, and of 128 KiB nothing: that it
 * reports as a full disk.  So larger pieces, which a savepoint that outgrew its memory makes, are
 * written in parts. */
#define ROOM (120 * 1024)
#define HEADER 32	/* bytes of the log's header (SQLite's file format, 4.1) */

struct wal_file {
	sqlite3_file base;
	guint8 *room;		/* ours: bytes collected, to be written ... */
	int used;
	sqlite3_int64 at;	/* ... here */
	gboolean later, due;	/* commits need not wait for the disk; one did not */
	int flags;		/* of the sync that is due */
	/* behind it: the usual VFS's file */
};

static sqlite3_vfs *usual;

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)((struct wal_file *)file + 1);
}

/* What cannot be written is forgotten, like a write that failed: SQLite rolls back and will write
 * the same place again. */
static int wal_flush(sqlite3_file *file)
{
	struct wal_file *wal = (struct wal_file *)file;
	int used = wal->used;

	wal->used = 0;
	return used ? real(file)->pMethods->xWrite(real(file), wal->room, used, wal->at) : SQLITE_OK;
}

static int wal_collect(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	struct wal_file *wal = (struct wal_file *)file;
	int rc = SQLITE_OK;

	if (at != wal->at + wal->used || wal->used + len > ROOM)
		rc = wal_flush(file);
	if (rc != SQLITE_OK)
		return rc;
	if (!wal->used)
		wal->at = at;
	memcpy(wal->room + wal->used, bytes, (gsize)len);
	wal->used += len;
	return SQLITE_OK;
}

static int wal_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	int rc = SQLITE_OK;

	for (int done = 0, part; rc == SQLITE_OK && done < len; done += part) {
		part = MIN(len - done, ROOM);
		rc = wal_collect(file, (const guint8 *)bytes + done, part, at + done);
	}
	return rc;
}

static int wal_read(sqlite3_file *file, void *ret, int len, sqlite3_int64 at)
{
	int rc = wal_flush(file);

	return rc == SQLITE_OK ? real(file)->pMethods->xRead(real(file), ret, len, at) : rc;
}

/* A new header is on disk before any page behind it, or a page of the log before could be taken for one of this. */
static int wal_sync(sqlite3_file *file, int flags)
{
	struct wal_file *wal = (struct wal_file *)file;
	gboolean header = wal->at == 0 && wal->used == HEADER;
	int rc = wal_flush(file);

	if (rc != SQLITE_OK)
		return rc;
	if (!wal->later || header)
		return real(file)->pMethods->xSync(real(file), flags);
	wal->due = TRUE;
	wal->flags = flags;
	return SQLITE_OK;
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = wal_flush(file);

	return rc == SQLITE_OK ? real(file)->pMethods->xTruncate(real(file), size) : rc;
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	int rc = wal_flush(file);

	return rc == SQLITE_OK ? real(file)->pMethods->xFileSize(real(file), ret) : rc;
}

/* What is collected here was never synced, so no commit needs it. */
static int wal_close(sqlite3_file *file)
{
	g_free(((struct wal_file *)file)->room);
	return real(file)->pMethods->xClose(real(file));
}

static int wal_lock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xLock(real(file), lock);
}

static int wal_unlock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xUnlock(real(file), lock);
}

static int wal_reserved(sqlite3_file *file, int *ret)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), ret);
}

static int wal_control(sqlite3_file *file, int what, void *arg)
{
	return real(file)->pMethods->xFileControl(real(file), what, arg);
}

static int wal_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int wal_device(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static const sqlite3_io_methods wal_methods = {
	.iVersion = 1,	/* no shared memory: that belongs to the database's file */
	.xClose = wal_close, .xRead = wal_read, .xWrite = wal_write, .xTruncate = wal_truncate,
	.xSync = wal_sync, .xFileSize = wal_size, .xLock = wal_lock, .xUnlock = wal_unlock,
	.xCheckReservedLock = wal_reserved, .xFileControl = wal_control, .xSectorSize = wal_sector,
	.xDeviceCharacteristics = wal_device,
};

static int vfs_open(sqlite3_vfs *vfs G_GNUC_UNUSED, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	struct wal_file *wal = (struct wal_file *)file;
	int rc;

	if (!(flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_SUBJOURNAL)))
		return usual->xOpen(usual, name, file, flags, ret_flags);
	memset(wal, 0, sizeof(*wal));	/* no methods: SQLite does not close what failed to open */
	rc = usual->xOpen(usual, name, real(file), flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	wal->room = g_malloc(ROOM);
	wal->base.pMethods = &wal_methods;
	return SQLITE_OK;
}

const char *hg_sqlite_vfs(void)
{
	static sqlite3_vfs vfs;
	static gsize ready;

	if (g_once_init_enter(&ready)) {
		usual = sqlite3_vfs_find(NULL);
		vfs = *usual;
		vfs.zName = "headgate";
		vfs.pNext = NULL;
		vfs.szOsFile = usual->szOsFile + (int)sizeof(struct wal_file);
		vfs.xOpen = vfs_open;
		sqlite3_vfs_register(&vfs, 0);
		g_once_init_leave(&ready, 1);
	}
	return vfs.zName;
}

static struct wal_file *wal_of(sqlite3 *db)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) != SQLITE_OK || !file ||
	    file->pMethods != &wal_methods)
		return NULL;
	return (struct wal_file *)file;
}

void hg_sqlite_wal_later(sqlite3 *db, gboolean later)
{
	struct wal_file *wal = wal_of(db);

	if (wal)
		wal->later = later;
}

sqlite3_file *hg_sqlite_wal_due(sqlite3 *db)
{
	struct wal_file *wal = wal_of(db);

	if (!wal || !wal->due)
		return NULL;
	wal->due = FALSE;
	return &wal->base;
}

int hg_sqlite_wal_sync(sqlite3_file *file)
{
	return real(file)->pMethods->xSync(real(file), ((struct wal_file *)file)->flags);
}

/* sqlite_file.c - the database's surroundings: directory, lock, modes, file system, ballast */
#include "backup.h"
#include "sqlite_db.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* ---- where it lies ---- */
/* File systems of the net, on which locks and shared memory between processes cannot be relied
 * on (sqlite.org/howtocorrupt.html 2.1).  FUSE and 9P are not named: what they are is unknown, and
 * those that cannot do it refuse WAL. */
static const struct { long magic; const char *name; } net_systems[] = {
	{ 0x6969, "NFS" }, { 0x517b, "SMB" }, { 0xff534d42, "CIFS" }, { 0xfe534d42, "SMB2" },
	{ 0x00c36400, "Ceph" }, { 0x5346414f, "AFS" }, { 0x73757245, "Coda" },
	{ 0x01161970, "GFS2" }, { 0x7461636f, "OCFS2" }, { 0x0bd00bd0, "Lustre" },
};

static gboolean check_system(const char *dir, GError **error)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return hg_fail(error, HG_ERROR_STORE, "%s: %s", dir, g_strerror(errno));
	for (gsize i = 0; i < G_N_ELEMENTS(net_systems); i++)
		if ((guint32)fs.f_type == (guint32)net_systems[i].magic)
			return hg_fail(error, HG_ERROR_CONFIG, "%s lies on %s: SQLite's locks do not hold over a "
				       "network; put store.path on a local disk", dir, net_systems[i].name);
	return TRUE;
}

static gboolean check_dir(const char *dir, GError **error)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return hg_fail(error, HG_ERROR_CONFIG, "store directory %s: %s", dir, g_strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "%s is no directory: choose another store.path", dir);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return hg_fail(error, HG_ERROR_CONFIG, "others may write to the store's directory %s (mode %04o): run "
			       "\"chmod 0700 %s\", or give the store a directory of its own", dir,
			       st.st_mode & 07777, dir);
	return check_system(dir, error);
}

/* *ret_there FALSE: no such file yet. */
static gboolean check_file(const char *path, gboolean *ret_there, GError **error)
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		*ret_there = FALSE;
		return errno == ENOENT ||
		       hg_fail(error, HG_ERROR_CONFIG, "store %s: %s", path, g_strerror(errno));
	}
	/* Under another name it would get another -wal file, and lose what is in this one. */
	if (S_ISLNK(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "store %s is a symbolic link: name the file itself in store.path",
			       path);
	if (!S_ISREG(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "store %s is not a file: choose another store.path", path);
	if (st.st_nlink != 1)
		return hg_fail(error, HG_ERROR_CONFIG, "store %s has %lu names (hard links): remove the others", path,
			       (unsigned long)st.st_nlink);
	*ret_there = TRUE;
	return TRUE;
}

/* Only a file that was not there is opened here: closing one that SQLite has open would drop its
 * locks (howtocorrupt.html 2.2).  SQLite makes -wal and -shm with the mode it finds. */
gboolean hg_sqlite_make_file(const char *path, gboolean there, GError **error)
{
	int fd;

	if (there)
		return chmod(path, 0600) == 0 ||
		       hg_fail(error, HG_ERROR_CONFIG, "store %s: cannot make it private: %s", path,
			       g_strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return hg_fail(error, HG_ERROR_CONFIG, "store %s: cannot create it: %s", path, g_strerror(errno));
	close(fd);
	return TRUE;
}

/* ---- one writer ---- */
/* The lock file says "running" while a writer has the store open: found so, it did not close. */
static gboolean lock_take(const char *path, int *ret_fd, gboolean *ret_unclean, GError **error)
{
	g_autofree char *name = g_strconcat(path, "-lock", NULL);
	char text[32] = "";
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	gboolean held;

	if (fd < 0)
		return hg_fail(error, HG_ERROR_CONFIG, "%s: %s", name, g_strerror(errno));
	held = flock(fd, LOCK_EX | LOCK_NB) < 0;
	if (pread(fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	if (held) {
		close(fd);
		return hg_fail(error, HG_ERROR_CONFIG, "another headgated (pid %s) has %s open: stop it, or give this one "
			       "another store.path", *text ? g_strstrip(text) : "unknown", path);
	}
	*ret_unclean = text[0] != '\0';
	g_snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) < 0 || fsync(fd) < 0) {
		hg_fail(error, HG_ERROR_STORE, "%s: %s", name, g_strerror(errno));
		close(fd);
		return FALSE;
	}
	*ret_fd = fd;
	return TRUE;
}

void hg_sqlite_file_release(int lock_fd, gboolean clean)
{
	/* Failing to say "clean" costs the next start a check and nothing else. */
	if (clean && ftruncate(lock_fd, 0) < 0)
		clean = FALSE;
	close(lock_fd);
}

static gboolean wal_left(const char *path)
{
	g_autofree char *wal = g_strconcat(path, "-wal", NULL);
	struct stat st;

	return stat(wal, &st) == 0 && st.st_size > 0;
}

gboolean hg_dir_sync(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	gboolean done = fd >= 0 && fsync(fd) == 0;
	int why = errno;

	if (fd >= 0)
		close(fd);
	errno = why;
	return done;
}

gboolean hg_dir_make(const char *dir)
{
	g_autofree char *parent = g_path_get_dirname(dir);

	if (mkdir(dir, 0700) == 0)
		return hg_dir_sync(parent);
	if (errno == ENOENT && strcmp(parent, dir) != 0)
		return hg_dir_make(parent) && hg_dir_make(dir);
	return errno == EEXIST;
}

/* Directory and lock; *ret_there: there is a file of that name. */
static gboolean take_place(const char *path, int *ret_lock_fd, gboolean *ret_unclean, gboolean *ret_there, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);

	if (!hg_dir_make(dir))
		return hg_fail(error, HG_ERROR_CONFIG, "store directory %s: cannot create it: %s", dir,
			       g_strerror(errno));
	return check_dir(dir, error) && check_file(path, ret_there, error) &&
	       lock_take(path, ret_lock_fd, ret_unclean, error);
}

static gboolean check_restored(const char *path, GError **error)
{
	g_autofree char *mark = g_strconcat(path, HG_STORE_RESTORING, NULL);

	return access(mark, F_OK) < 0 ||
	       hg_fail(error, HG_ERROR_CONFIG, "restoring %s was interrupted: run \"headgatectl restore\" again, which ends it", path);
}

gboolean hg_sqlite_file_claim(const char *path, int *ret_lock_fd, GError **error)
{
	gboolean there, unclean;

	return take_place(path, ret_lock_fd, &unclean, &there, error);
}

gboolean hg_sqlite_file_take(const char *path, int *ret_lock_fd, gboolean *ret_unclean, GError **error)
{
	gboolean there = FALSE, unclean = FALSE;
	int fd = -1;

	if (!take_place(path, &fd, &unclean, &there, error))
		return FALSE;
	if (!check_restored(path, error) || !hg_sqlite_make_file(path, there, error)) {
		hg_sqlite_file_release(fd, !unclean);
		return FALSE;
	}
	*ret_unclean = unclean || wal_left(path);
	*ret_lock_fd = fd;
	return TRUE;
}

gboolean hg_sqlite_file_look(const char *path, GError **error)
{
	g_autofree char *dir = g_path_get_dirname(path);
	gboolean there;

	if (!check_file(path, &there, error))
		return FALSE;
	if (!there)
		return hg_fail(error, HG_ERROR_CONFIG, "store %s does not exist: start headgated once, or look at "
			       "store.path", path);
	return check_system(dir, error);
}

/* ---- disk space ---- */
gint64 hg_free_bytes(const char *path)
{
	struct statvfs fs;

	return statvfs(path, &fs) == 0 ? (gint64)fs.f_bavail * (gint64)fs.f_frsize : -1;
}

char *hg_ballast_path(const char *path)
{
	return g_strconcat(path, "-ballast", NULL);
}

gboolean hg_ballast_there(const hg_store *store)
{
	g_autofree char *name = hg_ballast_path(store->path);
	struct stat st;

	return stat(name, &st) == 0 && st.st_size == store->ballast;
}

static void ballast_make(const char *name, gint64 bytes)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return;
	if (posix_fallocate(fd, 0, bytes) != 0)
		unlink(name);
	close(fd);
}

/* On a full disk SQLite cannot even delete: this file gives way first, so that deletes and the
 * shutdown get through.  One of another size, from before the configuration changed, goes too. */
void hg_ballast_give(const hg_store *store)
{
	g_autofree char *name = hg_ballast_path(store->path);
	gint64 room = hg_free_bytes(store->path);

	if (!hg_ballast_there(store) || (room >= 0 && room < store->ballast / 2))
		unlink(name);
}

/* Making it must not push the disk below where intake stops. */
void hg_ballast_tend(const hg_store *store)
{
	g_autofree char *name = hg_ballast_path(store->path);

	hg_ballast_give(store);
	if (store->ballast && !hg_ballast_there(store) &&
	    hg_free_bytes(store->path) >= store->min_free + 2 * store->ballast)
		ballast_make(name, store->ballast);
}

/* power_disk.c - a disk under the store that writes down what is done to it, or fails */
#include "power_disk.h"

#include <sqlite3.h>
#include <string.h>

#define CACHE_PAGE  4400	/* bytes of a page and what SQLite keeps beside it */
#define CACHE_PAGES 4096
#define STORE_NAME "headgate.db"
#define JOURNALS (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL)

struct power_file {
	sqlite3_file base;
	int file;		/* of the trace; -1: none of the store's */
	gboolean dir_sync;	/* SQLite's unix VFS syncs the directory with a new journal's first sync */
	char *name;		/* ours; for telling */
	/* behind it: the real file */
};

enum class { READ, WRITE, TRUNCATE, SYNC, OPEN, DELETE, SIZE, MAP };

static struct {
	sqlite3_vfs *usual;
	struct power_trace *trace;	/* NULL: not recording */
	gboolean failing, for_ever;
	enum power_error error;
	guint fail_at, passed, syncs_after;
	gboolean sync_failed;
	char *failed;			/* ours */
} power;

static sqlite3_file *real(sqlite3_file *file)
{
	return (sqlite3_file *)((struct power_file *)file + 1);
}

/* ---- recording ---- */
static int file_number(const char *path)
{
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!power.trace || !name || !g_str_has_prefix(name + 1, STORE_NAME))
		return -1;
	name++;
	for (guint i = 0; i < power.trace->files->len; i++)
		if (strcmp(power.trace->files->pdata[i], name) == 0)
			return (int)i;
	g_ptr_array_add(power.trace->files, g_strdup(name));
	return (int)power.trace->files->len - 1;
}

static void note(int file, struct power_op op, const void *bytes)
{
	if (!power.trace || file < 0)
		return;
	op.file = (guint)file;
	op.bytes = bytes ? g_memdup2(bytes, op.len) : NULL;
	g_array_append_val(power.trace->ops, op);
}

void power_disk_record(void)
{
	g_assert(!power.trace);
	power.trace = g_new0(struct power_trace, 1);
	power.trace->files = g_ptr_array_new_with_free_func(g_free);
	power.trace->ops = g_array_new(FALSE, FALSE, sizeof(struct power_op));
}

guint power_disk_at(void)
{
	return power.trace ? power.trace->ops->len : 0;
}

struct power_trace *power_disk_rest(void)
{
	return g_steal_pointer(&power.trace);
}

void power_trace_free(struct power_trace *trace)
{
	for (guint i = 0; i < trace->ops->len; i++)
		g_free(g_array_index(trace->ops, struct power_op, i).bytes);
	g_array_unref(trace->ops);
	g_ptr_array_unref(trace->files);
	g_free(trace);
}

/* ---- failing ---- */
static const struct { const char *name; int io, memory; gboolean room; } classes[] = {
	[READ] = { "read", SQLITE_IOERR_READ, SQLITE_IOERR_NOMEM, FALSE },
	[WRITE] = { "write", SQLITE_IOERR_WRITE, SQLITE_IOERR_NOMEM, TRUE },
	[TRUNCATE] = { "truncate", SQLITE_IOERR_TRUNCATE, 0, FALSE },
	[SYNC] = { "sync", SQLITE_IOERR_FSYNC, 0, FALSE },
	[OPEN] = { "open", SQLITE_CANTOPEN, SQLITE_NOMEM, FALSE },
	[DELETE] = { "delete", SQLITE_IOERR_DELETE, 0, FALSE },
	[SIZE] = { "size", SQLITE_IOERR_FSTAT, 0, FALSE },
	[MAP] = { "map", SQLITE_IOERR_SHMMAP, SQLITE_IOERR_NOMEM, FALSE },
};

static int code_of(enum class class)
{
	switch (power.error) {
	case POWER_NO_ROOM:
		return classes[class].room ? SQLITE_FULL : 0;
	case POWER_NO_MEMORY:
		return classes[class].memory;
	default:
		return classes[class].io;
	}
}

/* SQLITE_OK, or how this operation fails. */
static int operation(enum class class, const char *name)
{
	int code = power.failing ? code_of(class) : 0;

	if (power.failing && power.sync_failed && class == SYNC)
		power.syncs_after++;
	if (!code)
		return SQLITE_OK;
	power.passed++;
	if (!power.fail_at || (power.for_ever ? power.passed < power.fail_at : power.passed != power.fail_at))
		return SQLITE_OK;
	if (class == SYNC && !power.failed)
		power.sync_failed = TRUE;
	if (!power.failed)
		power.failed = g_strdup_printf("%s %s", classes[class].name, name ?: "a temporary file");
	return code;
}

void power_disk_fail(guint at, gboolean for_ever, enum power_error error)
{
	power_disk_heal();
	power.failing = TRUE;
	power.fail_at = at;
	power.for_ever = for_ever;
	power.error = error;
}

void power_disk_heal(void)
{
	power.failing = power.sync_failed = FALSE;
	power.passed = power.syncs_after = 0;
	g_clear_pointer(&power.failed, g_free);
}

guint power_disk_passed(void)
{
	return power.passed;
}

const char *power_disk_failed(void)
{
	return power.failed;
}

guint power_disk_syncs_after(void)
{
	return power.syncs_after;
}

/* ---- the VFS: an operation that fails leaves no trace, one that is recorded is done ---- */
#define MINE(file) ((struct power_file *)(file))
#define FAIL_AS(class, file) do {				\
	int rc_ = operation(class, MINE(file)->name);		\
	if (rc_ != SQLITE_OK)					\
		return rc_;					\
} while (0)

static int p_close(sqlite3_file *file)
{
	g_free(MINE(file)->name);
	return real(file)->pMethods->xClose(real(file));
}

static int p_read(sqlite3_file *file, void *ret, int len, sqlite3_int64 at)
{
	FAIL_AS(READ, file);
	return real(file)->pMethods->xRead(real(file), ret, len, at);
}

static int p_write(sqlite3_file *file, const void *bytes, int len, sqlite3_int64 at)
{
	FAIL_AS(WRITE, file);
	note(MINE(file)->file, (struct power_op){ .kind = POWER_WRITE, .at = at, .len = (guint)len }, bytes);
	return real(file)->pMethods->xWrite(real(file), bytes, len, at);
}

static int p_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	FAIL_AS(TRUNCATE, file);
	note(MINE(file)->file, (struct power_op){ .kind = POWER_TRUNCATE, .at = size }, NULL);
	return real(file)->pMethods->xTruncate(real(file), size);
}

/* Nobody waits for the real disk: what counts is what is written down. */
static int p_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	FAIL_AS(SYNC, file);
	note(MINE(file)->file, (struct power_op){ .kind = POWER_SYNC, .dir = MINE(file)->dir_sync }, NULL);
	MINE(file)->dir_sync = FALSE;
	return SQLITE_OK;
}

static int p_size(sqlite3_file *file, sqlite3_int64 *ret)
{
	FAIL_AS(SIZE, file);
	return real(file)->pMethods->xFileSize(real(file), ret);
}

static int p_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret)
{
	FAIL_AS(MAP, file);
	return real(file)->pMethods->xShmMap(real(file), page, size, extend, ret);
}

#define UNDER(name, ...) (real(file)->pMethods->name(real(file), ##__VA_ARGS__))
static int p_lock(sqlite3_file *file, int l) { return UNDER(xLock, l); }
static int p_unlock(sqlite3_file *file, int l) { return UNDER(xUnlock, l); }
static int p_reserved(sqlite3_file *file, int *ret) { return UNDER(xCheckReservedLock, ret); }
static int p_control(sqlite3_file *file, int what, void *arg) { return UNDER(xFileControl, what, arg); }
static int p_sector(sqlite3_file *file) { return UNDER(xSectorSize); }
static int p_device(sqlite3_file *file) { return UNDER(xDeviceCharacteristics); }
static int p_shm_lock(sqlite3_file *file, int a, int b, int c) { return UNDER(xShmLock, a, b, c); }
static void p_shm_barrier(sqlite3_file *file) { UNDER(xShmBarrier); }
static int p_shm_unmap(sqlite3_file *file, int a) { return UNDER(xShmUnmap, a); }

static const sqlite3_io_methods power_methods = {
	2, p_close, p_read, p_write, p_truncate, p_sync, p_size, p_lock, p_unlock, p_reserved, p_control, p_sector,
	p_device, p_shm_map, p_shm_lock, p_shm_barrier, p_shm_unmap, NULL, NULL,
};

static int p_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	gboolean there = name && g_file_test(name, G_FILE_TEST_EXISTS);
	int number = file_number(name), rc;
	(void)vfs;

	if (number < 0 && !power.failing)
		return power.usual->xOpen(power.usual, name, file, flags, ret_flags);
	memset(MINE(file), 0, sizeof(struct power_file));	/* no methods: SQLite does not close what failed to open */
	rc = operation(OPEN, name);
	if (rc == SQLITE_OK)
		rc = power.usual->xOpen(power.usual, name, real(file), flags, ret_flags);
	if (rc != SQLITE_OK)
		return rc;
	MINE(file)->file = number;
	MINE(file)->dir_sync = (flags & SQLITE_OPEN_CREATE) && (flags & JOURNALS);
	MINE(file)->name = g_strdup(name ? strrchr(name, '/') + 1 : NULL);
	MINE(file)->base.pMethods = &power_methods;
	if (!there)
		note(number, (struct power_op){ .kind = POWER_CREATE }, NULL);
	return SQLITE_OK;
}

static int p_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
	int rc = operation(DELETE, name);
	(void)vfs;

	if (rc != SQLITE_OK)
		return rc;
	if (g_file_test(name, G_FILE_TEST_EXISTS))
		note(file_number(name), (struct power_op){ .kind = POWER_DELETE, .dir = sync & 1 }, NULL);
	return power.usual->xDelete(power.usual, name, sync);
}

/* ---- memory ---- */
/* SQLite as Debian builds it is not what the sanitizer looks at, and asks for memory so often that it is most
 * of what opening a store takes.  So it gets its memory past the sanitizer. */
#define SIZE_AT 16
void *__libc_malloc(size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static void *memory_of(void *piece, int size)
{
	if (!piece)
		return NULL;
	*(int *)piece = size;
	return (char *)piece + SIZE_AT;
}

static void *memory_get(int size) { return memory_of(__libc_malloc((size_t)size + SIZE_AT), size); }
static void memory_free(void *memory) { __libc_free((char *)memory - SIZE_AT); }
static void *memory_more(void *memory, int size)
{
	return memory_of(__libc_realloc((char *)memory - SIZE_AT, (size_t)size + SIZE_AT), size);
}
static int memory_size(void *memory) { return *(int *)(void *)((char *)memory - SIZE_AT); }
static int memory_round(int size) { return (size + 7) & ~7; }
static int memory_begin(void *arg) { (void)arg; return SQLITE_OK; }
static void memory_end(void *arg) { (void)arg; }

void power_disk_plant(void)
{
	static const sqlite3_mem_methods memory = { memory_get, memory_free, memory_more, memory_size, memory_round,
						    memory_begin, memory_end, NULL };
	static sqlite3_vfs vfs;

	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_PAGECACHE, g_malloc(CACHE_PAGE * CACHE_PAGES), CACHE_PAGE, CACHE_PAGES) != SQLITE_OK)
		g_error("SQLite was used before");

	power.usual = sqlite3_vfs_find(NULL);
	vfs = *power.usual;
	vfs.zName = "power";
	vfs.pNext = NULL;
	vfs.szOsFile += (int)sizeof(struct power_file);
	vfs.xOpen = p_open;
	vfs.xDelete = p_delete;
	sqlite3_vfs_register(&vfs, 1);
}

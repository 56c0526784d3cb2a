/* power_day.c - a day of a gateway, with all that its disk was told and all that others heard
 *
 * SQLite itself says what runs and when a commit is done: then all rows are hashed, on the connection that
 * wrote them.  So each state the store ever had is known, and what is found after a power loss must be one
 * of them, and none before the last that somebody heard of. */
#include "power_day.h"

#include <string.h>

#include "command_pack.h"
#include "sqlite_db.h"

static struct {
	struct power_day *day;		/* that is played; NULL: none */
	hg_lab *lab;			/* its; NULL: not yet */
	enum power_how how;
	guint begun;			/* where the transaction under way began */
	GPtrArray *writes;		/* statements of it that write */
	gboolean hashing;
	gboolean uncommitted;		/* EARLY: the engine thinks it is committed */
} rec;

/* ---- what SQLite says it does ---- */
static void state_add(struct power_day *day, sqlite3 *db)
{
	struct power_state state = { .at = power_disk_at(), .now_ms = test_now_ms };

	rec.hashing = TRUE;
	state.hash = power_hash(db);
	rec.hashing = FALSE;
	g_array_append_val(day->states, state);
}

static void transaction_ends(struct power_day *day)
{
	guint cuts = power_disk_at() - rec.begun;

	for (guint i = 0; i < rec.writes->len; i++) {
		gpointer before = g_hash_table_lookup(day->ran, rec.writes->pdata[i]);

		g_hash_table_insert(day->ran, g_strdup(rec.writes->pdata[i]), GUINT_TO_POINTER(GPOINTER_TO_UINT(before) + cuts));
	}
	g_ptr_array_set_size(rec.writes, 0);
}

static void note_slot(struct power_day *day, sqlite3_stmt *stmt)
{
	const hg_store *store = rec.lab ? rec.lab->w->store : NULL;

	for (int i = 0; store && i < HG_SQL_N; i++)
		if (store->stmts[i].handle == stmt)
			day->slots[i] = TRUE;
}

static int statement_ran(unsigned what, void *db, void *stmt, void *time)
{
	const char *sql = sqlite3_sql(stmt);
	(void)what;
	(void)time;

	if (!rec.day || rec.hashing || !sql)
		return 0;
	note_slot(rec.day, stmt);
	if (g_str_has_prefix(sql, "BEGIN"))
		rec.begun = power_disk_at();
	else if (!sqlite3_stmt_readonly(stmt))
		g_ptr_array_add(rec.writes, g_strdup(sql));
	if (strcmp(sql, "COMMIT") != 0)
		return 0;
	transaction_ends(rec.day);
	state_add(rec.day, db);
	return 0;
}

/* Each connection comes by here: the store's own is the one that writes through its layer. */
static int connection_opened(sqlite3 *db, char **error, const void *api)
{
	sqlite3_vfs *vfs = NULL;
	(void)error;
	(void)api;

	if (!rec.day || sqlite3_file_control(db, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK ||
	    strcmp(vfs->zName, "headgate") != 0 || sqlite3_db_readonly(db, "main"))
		return SQLITE_OK;
	sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, statement_ran, db);
	return SQLITE_OK;
}

void power_day_prepare(void)
{
	power_disk_plant();
	world_makes_store = TRUE;
	sqlite3_auto_extension((void (*)(void))connection_opened);
}

/* ---- what others hear ---- */
static void command_add(struct power_day *day, const hg_command *command, const char *answer)
{
	struct power_command *kept = g_new0(struct power_command, 1);

	kept->at = power_disk_at();
	kept->now_ms = test_now_ms;
	kept->kind = command->kind;
	kept->packed = g_string_new(NULL);
	kept->answer = g_strdup(answer);
	hg_command_pack(command, HG_PACK_ALL, kept->packed);
	g_ptr_array_add(day->commands, kept);
}

static void command_free(gpointer arg)
{
	struct power_command *command = arg;

	g_string_free(command->packed, TRUE);
	g_free(command->answer);
	g_free(command);
}

static void told(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct power_day *day = arg;
	struct power_told told = { power_disk_at(), day->states->len - 1 + rec.uncommitted };

	g_array_append_val(day->told, told);
	if (command && !error)
		command_add(day, command, answer);
}

/* ---- what is wrong on purpose, by the linker's leave ---- */
/* EARLY: the engine's commits are done when it asks for more.  NORMAL: SQLite is told so before each
 * transaction, behind the store's back. */
gboolean __real_hg_store_commit(hg_store *store, GError **error);
gboolean __wrap_hg_store_commit(hg_store *store, GError **error);
gboolean __real_hg_store_commit_later(hg_store *store, GError **error);
gboolean __wrap_hg_store_commit_later(hg_store *store, GError **error);
gboolean __real_hg_store_begin(hg_store *store, GError **error);
gboolean __wrap_hg_store_begin(hg_store *store, GError **error);
gint64 __real_hg_store_tend(hg_store *store, enum hg_store_load load);
gint64 __wrap_hg_store_tend(hg_store *store, enum hg_store_load load);
void __real_hg_store_close(hg_store *store);
void __wrap_hg_store_close(hg_store *store);

static void commit_late(hg_store *store)
{
	if (!rec.uncommitted)
		return;
	must(__real_hg_store_commit(store, e));
	rec.uncommitted = FALSE;
}

/* The store's layer counts on a sync at each commit, and lets others see the log only then. */
static void hand_on(hg_store *store)
{
	sqlite3_file *wal = NULL;
	sqlite3_int64 size;

	sqlite3_file_control(store->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
	wal->pMethods->xFileSize(wal, &size);
}

static gboolean commit_by(gboolean (*commit)(hg_store *, GError **), hg_store *store, GError **error)
{
	gboolean ok = TRUE;

	if (rec.day && rec.how & POWER_EARLY && rec.lab)
		rec.uncommitted = TRUE;
	else
		ok = commit(store, error);
	if (rec.day && rec.how & POWER_NORMAL)
		hand_on(store);
	return ok;
}

gboolean __wrap_hg_store_commit(hg_store *store, GError **error)
{
	return commit_by(__real_hg_store_commit, store, error);
}

gboolean __wrap_hg_store_commit_later(hg_store *store, GError **error)
{
	return commit_by(__real_hg_store_commit_later, store, error);
}

gboolean __wrap_hg_store_begin(hg_store *store, GError **error)
{
	commit_late(store);
	if (rec.day && rec.how & POWER_NORMAL)
		sqlite3_exec(store->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
	return __real_hg_store_begin(store, error);
}

gint64 __wrap_hg_store_tend(hg_store *store, enum hg_store_load load)
{
	commit_late(store);
	return __real_hg_store_tend(store, load);
}

void __wrap_hg_store_close(hg_store *store)
{
	commit_late(store);
	__real_hg_store_close(store);
}

/* ---- a day ---- */
static void day_begins(void *arg, hg_lab *lab)
{
	rec.lab = lab;
	lab->told = told;
	lab->told_arg = arg;
}

struct power_day *power_day_new(hg_conf *const confs[2], guint32 seed, enum power_how how)
{
	struct power_day *day = g_new0(struct power_day, 1);

	day->seed = seed;
	day->states = g_array_new(FALSE, FALSE, sizeof(struct power_state));
	day->told = g_array_new(FALSE, FALSE, sizeof(struct power_told));
	day->commands = g_ptr_array_new_with_free_func(command_free);
	day->ran = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	memcpy(day->confs, confs, sizeof(day->confs));
	rec.writes = g_ptr_array_new_with_free_func(g_free);
	rec.day = day;
	rec.how = how;
	power_disk_record();
	power_script(confs, seed, day_begins, day);
	day->trace = power_disk_rest();
	rec.day = NULL;
	rec.lab = NULL;
	g_ptr_array_unref(rec.writes);
	return day;
}

void power_day_free(struct power_day *day)
{
	power_trace_free(day->trace);
	g_array_unref(day->states);
	g_array_unref(day->told);
	g_ptr_array_unref(day->commands);
	g_hash_table_unref(day->ran);
	g_free(day);
}

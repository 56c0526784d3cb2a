/* store_fixture.c - a store on disk in a directory of its own, with a clock that tests set */
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "sqlite_db.h"
#include "store_postgres.h"

/* ---- environment ---- */
gint64 test_now_ms = T0, test_apart_ms;

static gint64 now(struct hg_env *env)
{
	(void)env;
	return test_now_ms;
}

static gint64 wall(struct hg_env *env)
{
	return now(env) + test_apart_ms;
}

static void numbers(struct hg_env *env, void *ret, gsize size)
{
	static guint64 state = 88172645463325252u;	/* xorshift64 */
	guint8 *out = ret;
	(void)env;

	for (gsize i = 0; i < size; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		out[i] = (guint8)(state >> 24);
	}
}

struct hg_env test_env = { .wall_ms = wall, .mono_ms = now, .random = numbers };

/* ---- the directory ---- */
static void remove_tree(const char *path)
{
	GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_tree(below);
	}
	if (dir)
		g_dir_close(dir);
	g_remove(path);
}

gboolean world_makes_store;

struct world *world_at(char *dir)
{
	struct world *w = g_new0(struct world, 1);

	w->dir = dir;
	w->options.driver = postgres_server() ? "postgresql" : "sqlite";
	w->options.node = "one";
	w->options.url = postgres_server() ? postgres_make(world_makes_store) : NULL;
#ifdef HG_TEST_HOOKS
	w->options.shared_for_test = w->options.url != NULL;	/* its clock is ours to set */
#endif
	w->options.path = g_build_filename(w->dir, "headgate.db", NULL);
	w->options.attachments = g_build_filename(w->dir, "attachments", NULL);
	w->options.env = &test_env;
	w->arena = hg_arena_new();
	return w;
}

/* The first makes its store as a first start does, with every migration; the others begin with a copy, which saves most of
 * the time of many tests. */
static void lay_store(struct world *w)
{
	static GBytes *empty;
	gsize len = 0;
	char *bytes = NULL;

	if (world_makes_store || w->options.url)
		return;
	if (empty) {
		must(g_file_set_contents_full(w->options.path, g_bytes_get_data(empty, NULL), (gssize)g_bytes_get_size(empty),
					      G_FILE_SET_CONTENTS_NONE, 0600, e));
		return;
	}
	must((w->store = hg_store_open(&w->options, e)));
	hg_store_close(g_steal_pointer(&w->store));
	must(g_file_get_contents(w->options.path, &bytes, &len, e));
	empty = g_bytes_new_take(bytes, len);
}

int world_new(void **state)
{
	struct world *w = world_at(g_dir_make_tmp("headgate-store-XXXXXX", NULL));

	test_now_ms = T0;
	lay_store(w);
	must((w->store = hg_store_open(&w->options, e)));
	*state = w;
	return 0;
}

/* ---- how SQLite goes about each statement ---- */
static sqlite3 *side_door(struct world *w);

static gboolean walks_all(const char *how)
{
	/* One row; once at start; a row for each state of each name; what waits for a hook, once at a reload. */
	static const char *const small[] = { "SCAN waiting", "SCAN instance", "SCAN sqlite_master", "SCAN g", "SCAN CONSTANT ROW" };

	for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
		if (strcmp(how, small[i]) == 0)
			return FALSE;
	return g_str_has_prefix(how, "SCAN ") && !strstr(how, " USING ");
}

static void check_plan(sqlite3 *db, const char *sql)
{
	g_autofree char *explain = g_strconcat("EXPLAIN QUERY PLAN ", sql, NULL);
	gboolean ranges = FALSE, sorts = FALSE;
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *how = (const char *)sqlite3_column_text(stmt, 3);

		if (walks_all(how))
			fail_msg("%s: %s: walks the whole table", sql, how);
		ranges |= strstr(how, "USING INTEGER PRIMARY KEY (rowid<?)") != NULL;
		sorts |= strstr(how, "TEMP B-TREE FOR ORDER BY") != NULL;
	}
	sqlite3_finalize(stmt);
	if (ranges && sorts)
		fail_msg("%s: sorts all rows of the table", sql);
}

/* Of all statements a test came by, none may take longer the more there is. */
static void check_plans(struct world *w)
{
	sqlite3 *db = side_door(w);

	for (int i = 0; i < HG_SQL_N; i++)
		if (i != HG_SQL_ONCE && w->store->stmts[i].handle)
			check_plan(db, sqlite3_sql(w->store->stmts[i].handle));
	sqlite3_close(db);
}

int world_free(void **state)
{
	struct world *w = *state;

	if (w->store && !w->options.url && !w->unplanned && !hg_sql_broken(w->store))
		check_plans(w);
	hg_arena_free(w->arena);
	if (w->store)
		hg_store_close(w->store);
	remove_tree(w->dir);
	if (w->options.url)
		postgres_drop(w->options.url);
	g_free((char *)w->options.url);
	g_free(w->dir);
	g_free((char *)w->options.path);
	g_free((char *)w->options.attachments);
	g_free(w);
	return 0;
}

void world_reopen(struct world *w)
{
	hg_store_close(g_steal_pointer(&w->store));
	must((w->store = hg_store_open(&w->options, e)));
}

const char *world_path(struct world *w, const char *suffix)
{
	static char *path;

	g_free(path);
	path = g_strconcat(w->options.path, suffix, NULL);
	return path;
}

/* ---- past the store ---- */
static sqlite3 *side_door(struct world *w)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open_v2(w->options.path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return db;
}

void world_plant(struct world *w, const char *sql)
{
	sqlite3 *db;

	if (w->options.url) {
		postgres_plant(w->options.url, sql);
		return;
	}
	db = side_door(w);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

gint64 world_count(struct world *w, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db;
	gint64 count;

	if (w->options.url)
		return postgres_count(w->options.url, sql);
	db = side_door(w);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

/* ---- rows ---- */
hg_contact *a_contact(struct world *w, const char *name)
{
	hg_contact *contact = hg_arena_alloc(w->arena, sizeof(*contact));

	contact->name = name;
	contact->created_ms = test_now_ms;
	hg_id_new(&test_env, "con", contact->id);
	must(hg_store_contact_add(w->store, contact, e));
	return contact;
}

hg_thread *a_thread(struct world *w, const hg_contact *contact, const char *key)
{
	hg_thread *thread = hg_arena_alloc(w->arena, sizeof(*thread));

	*thread = (hg_thread){ .contact_n = contact->n, .scope = "default", .key = key, .state = HG_THREAD_OPEN,
			       .opened_ms = test_now_ms, .channel = "wa", .episode = 1,
			       .ep_opened_ms = test_now_ms };
	hg_id_new(&test_env, "thr", thread->id);
	must(hg_store_thread_add(w->store, thread, e));
	return thread;
}

hg_message *a_message(struct world *w, hg_thread *thread, int direction, const char *text)
{
	hg_message *message = hg_arena_alloc(w->arena, sizeof(*message));

	*message = (hg_message){ .thread_n = thread->n, .prev_n = thread->last_message_n, .direction = direction,
				 .author = HG_BY_CUSTOMER, .kind = HG_TEXT, .text = text, .at_ms = test_now_ms };
	hg_id_new(&test_env, "msg", message->id);
	must(hg_store_message_add(w->store, message, e));
	thread->last_message_n = message->n;
	thread->messages++;
	must(hg_store_thread_update(w->store, thread, e));
	return message;
}

hg_event *an_event(struct world *w, hg_thread *thread, const char *type)
{
	hg_event *event = hg_arena_alloc(w->arena, sizeof(*event));

	*event = (hg_event){ .thread_n = thread->n, .seq = thread->last_seq + 1, .prev_n = thread->last_event_n,
			     .type = type, .at_ms = test_now_ms, .data = "{}" };
	hg_id_new(&test_env, "evt", event->id);
	must(hg_store_event_add(w->store, event, e));
	thread->last_seq = event->seq;
	thread->last_event_n = event->n;
	must(hg_store_thread_update(w->store, thread, e));
	return event;
}

hg_job *a_job(struct world *w, int target, const char *name, const char *lane, gint64 due_ms)
{
	hg_job *job = hg_arena_alloc(w->arena, sizeof(*job));

	*job = (hg_job){ .target = target, .name = name, .lane = lane, .due_ms = due_ms, .created_ms = test_now_ms,
			 .changed_ms = test_now_ms, .file = -1, .key = "k" };
	must(hg_store_job_add(w->store, job, e));
	return job;
}

/* test_store_txn.c - opening, what is refused, and transactions: one for a group, all or what is said */
#include <config.h>

#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sqlite_db.h"

/* ---- groups ---- */
static void a_failed_command_is_undone_alone(void **state)
{
	struct world *w = *state;

	must(hg_store_begin(w->store, e));
	for (int i = 0; i < 5; i++) {
		must(hg_store_savepoint(w->store, e));
		a_contact(w, i == 2 ? "undone" : "kept");
		if (i == 2)
			must(hg_store_rollback_to(w->store, e));
		else
			must(hg_store_release(w->store, e));
	}
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 4);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact WHERE name = 'undone'"), 0);
}

/* What a savepoint may have to put back fits into memory for a message, not for everything: a command
 * that touches thousands of rows changes more pages than that, and all of them come back. */
static void rename_all(struct world *w, hg_contact **contacts, guint n, const char *name)
{
	for (guint i = 0; i < n; i++) {
		contacts[i]->name = name;
		must(hg_store_contact_update(w->store, contacts[i], e));
	}
}

static void a_command_may_change_any_number_of_pages(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	hg_contact *contacts[20000];

	must(hg_store_begin(w->store, e));
	for (guint i = 0; i < G_N_ELEMENTS(contacts); i++)
		contacts[i] = a_contact(w, "before");
	must(hg_store_commit(w->store, e));
	assert_true(world_count(w, "PRAGMA page_count") > 300);

	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	rename_all(w, contacts, G_N_ELEMENTS(contacts), "undone");
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_savepoint(w->store, e));
	rename_all(w, contacts, 1, "after");
	must(hg_store_release(w->store, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact WHERE name = 'before'"), G_N_ELEMENTS(contacts) - 1);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact WHERE name = 'after'"), 1);
}

static void a_group_rolled_back_leaves_nothing(void **state)
{
	struct world *w = *state;

	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	a_contact(w, "Ana");
	must(hg_store_release(w->store, e));
	hg_store_rollback(w->store);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 0);
	in_txn(w, a_contact(w, "Bo"));		/* and the next one begins well */
}

static void nobody_sees_a_group_before_it_is_committed(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_store) reader = NULL;
	hg_contact *c, *got;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	must(hg_store_contact_by_id(reader, w->arena, c->id, &got, e));
	assert_null(got);
	must(hg_store_commit(w->store, e));
	must(hg_store_contact_by_id(reader, w->arena, c->id, &got, e));
	assert_non_null(got);
}

static void a_reader_in_a_transaction_sees_one_state(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_store) reader = NULL;
	struct hg_store_stats stats;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_begin(reader, e));
	must(hg_store_stats(reader, &stats, e));
	in_txn(w, a_contact(w, "Ana"));
	must(hg_store_stats(reader, &stats, e));
	assert_int_equal(stats.contacts, 0);
	must(hg_store_commit(reader, e));
	must(hg_store_stats(reader, &stats, e));
	assert_int_equal(stats.contacts, 1);
}

static void a_write_needs_a_transaction(void **state)
{
	struct world *w = *state;

	must_fail(HG_ERROR_STORE, hg_store_cursor_set(w->store, "mail", "1", e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM cursor"), 0);
}

/* ---- disk full in the middle of a group ---- */
static void limit_pages(struct world *w, gint64 more)
{
	g_autofree char *now = NULL;
	g_autofree char *pragma = NULL;

	must(hg_sqlite_pragma(w->store, "page_count", &now, e));
	pragma = g_strdup_printf("max_page_count = %" G_GINT64_FORMAT, g_ascii_strtoll(now, NULL, 10) + more);
	must(hg_sqlite_pragma(w->store, pragma, NULL, e));
}

static void after_disk_full_nothing_of_the_group_holds(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *big = g_malloc0(1 << 20);
	gint64 n;

	in_txn(w, must(hg_store_cursor_set(w->store, "before", "1", e)));
	limit_pages(w, 20);
	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	a_contact(w, "c1");
	must(hg_store_release(w->store, e));

	must(hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_STORE, hg_store_raw_add(w->store, "wa", "webhook", T0, big, 1 << 20, &n, e));
	/* SQLite has rolled back c1 too, by itself. */
	must_fail(HG_ERROR_STORE, hg_store_rollback_to(w->store, e));

	/* The next command may not be committed alone. */
	must_fail(HG_ERROR_STORE, hg_store_cursor_set(w->store, "c3", "1", e));
	must_fail(HG_ERROR_STORE, hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_STORE, hg_store_commit(w->store, e));

	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 0);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM cursor"), 1);

	/* Room again: the store goes on. */
	limit_pages(w, 100000);
	in_txn(w, must(hg_store_raw_add(w->store, "wa", "webhook", T0, big, 1 << 20, &n, e)));
}

/* One that changes several indexes undoes itself alone; what is behind it is not trusted all the same. */
static void a_statement_without_room_takes_the_group_with_it(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *big = g_strnfill(1 << 20, 'x');
	hg_thread *thread = NULL;

	in_txn(w, thread = a_thread(w, a_contact(w, "Ana"), ""));
	limit_pages(w, 20);
	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	a_contact(w, "Bo");
	must(hg_store_release(w->store, e));
	must(hg_store_savepoint(w->store, e));
	thread->subject = big;
	thread->state = HG_THREAD_CLOSED;
	must_fail(HG_ERROR_STORE, hg_store_thread_update(w->store, thread, e));
	must_fail(HG_ERROR_STORE, hg_store_rollback_to(w->store, e));
	must_fail(HG_ERROR_STORE, hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 1);
}

static void disk_full_is_seen_also_by_release(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *big = g_malloc0(1 << 20);
	gint64 n;

	limit_pages(w, 20);
	must(hg_store_begin(w->store, e));
	must(hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_STORE, hg_store_raw_add(w->store, "wa", "webhook", T0, big, 1 << 20, &n, e));
	must_fail(HG_ERROR_STORE, hg_store_release(w->store, e));
	hg_store_rollback(w->store);
	in_txn(w, a_contact(w, "Ana"));
}

/* ---- a real full disk ---- */
static void fill(const char *path, gint64 leave)
{
	g_autofree char *block = g_malloc0(1 << 20);
	g_autofree char *dir = g_path_get_dirname(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);

	while (hg_free_bytes(dir) > leave && write(fd, block, MIN(1 << 20, (gsize)(hg_free_bytes(dir) - leave))) > 0)
		;
	close(fd);
}

/* A world on a small disk of its own; NULL where we may not mount. */
static int small_world_new(void **state)
{
	struct world *w = g_new0(struct world, 1);

	test_now_ms = T0;
	w->dir = g_dir_make_tmp("headgate-full-XXXXXX", NULL);
	if (mount("none", w->dir, "tmpfs", 0, "size=240m,mode=0700") < 0) {
		g_rmdir(w->dir);
		g_free(w->dir);
		g_free(w);
		*state = NULL;
		return 0;
	}
	w->options = (struct hg_store_options){
		.driver = "sqlite", .path = g_build_filename(w->dir, "headgate.db", NULL),
		.attachments = g_build_filename(w->dir, "attachments", NULL), .env = &test_env,
		.ballast = 32 << 20, .min_free = 128 << 20 };
	w->arena = hg_arena_new();
	must((w->store = hg_store_open(&w->options, e)));
	*state = w;
	return 0;
}

static int small_world_free(void **state)
{
	struct world *w = *state;
	g_autofree char *dir = w ? g_strdup(w->dir) : NULL;

	if (!w)
		return 0;
	world_free(state);
	umount2(dir, MNT_DETACH);
	return g_rmdir(dir);
}

static void a_full_disk_gives_its_reserve_and_goes_on(void **state)
{
	struct world *w = *state;
	g_autofree char *big = g_malloc0(1 << 20), *filler = NULL;
	gint64 n;

	if (!w)
		skip();
	filler = g_build_filename(w->dir, "filler", NULL);
	assert_true(hg_ballast_there(w->store));
	assert_in_range(hg_store_free_bytes(w->store), 1, 240 * 1048576);
	in_txn(w, a_contact(w, "before"));
	fill(filler, 0);
	must(hg_store_begin(w->store, e));
	must(hg_store_raw_add(w->store, "wa", "webhook", T0, big, 1 << 20, &n, e));
	must_fail(HG_ERROR_STORE, hg_store_commit(w->store, e));	/* it was in memory until now */
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM raw"), 0);

	/* The reserve gives way, and there is room to go on and to delete. */
	hg_store_tend(w->store, HG_LOAD_NONE);
	test_now_ms += 60000;
	hg_store_tend(w->store, HG_LOAD_NONE);
	assert_false(hg_ballast_there(w->store));
	in_txn(w, must(hg_store_raw_add(w->store, "wa", "webhook", T0, big, 1 << 20, &n, e)));
	g_remove(filler);
	test_now_ms += 60000;
	hg_store_tend(w->store, HG_LOAD_NONE);
	assert_true(hg_ballast_there(w->store));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM contact"), 1);
}

/* ---- damage ---- */
static void overwrite(struct world *w, gint64 page)
{
	guint8 junk[4096];
	int fd = open(w->options.path, O_WRONLY);

	memset(junk, 0xa5, sizeof(junk));
	assert_int_equal(pwrite(fd, junk, sizeof(junk), (page - 1) * 4096), sizeof(junk));
	close(fd);
}

static void damage_stops_the_store_for_good(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	gint64 page = world_count(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'contact'");
	hg_contact *c;
	gint64 n;

	hg_store_close(g_steal_pointer(&w->store));
	overwrite(w, page);
	must((w->store = hg_store_open(&w->options, e)));	/* it was closed well: nothing is suspected */
	must_fail(HG_ERROR_STORE, hg_store_contact_get(w->store, w->arena, 1, &c, e));
	must_fail(HG_ERROR_STORE, hg_store_timer_next(w->store, &n, e));
	must_fail(HG_ERROR_STORE, hg_store_begin(w->store, e));
	hg_store_tend(w->store, HG_LOAD_NONE);
}

/* ---- killed ---- */
/* Commits contacts one by one, tells each through the pipe, until it is killed. */
static void commit_until_killed(struct world *w, int out)
{
	for (int i = 0;; i++) {
		in_txn(w, a_contact(w, "Ana"));
		if (write(out, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static int run_and_kill(struct world *w, int commits)
{
	int pipes[2], told = 0, last = -1;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		must((w->store = hg_store_open(&w->options, e)));
		commit_until_killed(w, pipes[1]);
	}
	close(pipes[1]);
	while (told < commits && read(pipes[0], &last, sizeof(last)) == sizeof(last))
		told++;
	kill(child, SIGKILL);
	/* What it said before it died counts as well. */
	while (read(pipes[0], &last, sizeof(last)) == sizeof(last))
		told++;
	waitpid(child, NULL, 0);
	close(pipes[0]);
	return told;
}

static void what_was_committed_survives_a_kill(void **state)
{
	struct world *w = *state;
	struct hg_store_stats stats;
	hg_store *reader;
	int told;

	hg_store_close(g_steal_pointer(&w->store));	/* before the fork: SQLite must not cross one */
	told = run_and_kill(w, 50);
	assert_true(told >= 50);
	/* A tool may look before the daemon is back. */
	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_stats(reader, &stats, e));
	assert_in_range(stats.contacts, told, told + 1);
	hg_store_close(reader);
	must((w->store = hg_store_open(&w->options, e)));
	assert_in_range(world_count(w, "SELECT COUNT(*) FROM contact"), told, told + 1);
}

static void after_a_kill_the_file_is_checked(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	gint64 page;
	hg_store *store;

	/* A page of an index nobody asks at start: only the check can see it. */
	page = world_count(w, "SELECT rootpage FROM sqlite_schema WHERE name = 'outbox_lane'");
	hg_store_close(g_steal_pointer(&w->store));
	run_and_kill(w, 3);
	overwrite(w, page);
	must_fail(HG_ERROR_STORE, (store = hg_store_open(&w->options, e)));
	/* And again: a refused start has not made it clean. */
	must_fail(HG_ERROR_STORE, (store = hg_store_open(&w->options, e)));
	(void)store;
}

/* ---- opening ---- */
static void every_guard_is_set(void **state)
{
	only_on_sqlite();
	static const struct { const char *pragma, *want; } cases[] = {
		{ "journal_mode", "wal" }, { "synchronous", "2" }, { "foreign_keys", "1" }, { "trusted_schema", "0" },
		{ "secure_delete", "1" }, { "cell_size_check", "1" }, { "mmap_size", "0" }, { "wal_autocheckpoint", "0" },
		{ "application_id", "1751605620" },
	};
	struct world *w = *state;
	int defensive = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = NULL;

		must(hg_sqlite_pragma(w->store, cases[i].pragma, &got, e));
		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s is %s", cases[i].pragma, got);
	}
	sqlite3_db_config(w->store->db, SQLITE_DBCONFIG_DEFENSIVE, -1, &defensive);
	assert_int_equal(defensive, 1);
	assert_int_equal(hg_store_schema(w->store), hg_schema_newest());
	assert_int_equal(world_count(w, "PRAGMA user_version"), hg_schema_newest());
}

static int mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int)(st.st_mode & 07777) : -errno;
}

static void what_it_makes_is_private(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *below = g_build_filename(w->dir, "a", "b", "headgate.db", NULL);
	g_autofree char *dir = g_path_get_dirname(below);
	struct hg_store_options options = w->options;
	g_autoptr(hg_store) store = NULL;
	mode_t old = umask(0);

	in_txn(w, a_contact(w, "Ana"));
	options.path = below;
	must((store = hg_store_open(&options, e)));
	umask(old);
	assert_int_equal(mode_of(dir), 0700);
	assert_int_equal(mode_of(below), 0600);
	assert_int_equal(mode_of(w->options.path), 0600);
	assert_int_equal(mode_of(world_path(w, "-wal")), 0600);
	assert_int_equal(mode_of(world_path(w, "-shm")), 0600);
	assert_int_equal(mode_of(world_path(w, "-lock")), 0600);
	assert_int_equal(mode_of(w->options.attachments), 0700);
}

static void a_file_others_may_read_is_made_private(void **state)
{
	only_on_sqlite();
	struct world *w = *state;

	hg_store_close(g_steal_pointer(&w->store));
	g_chmod(w->options.path, 0644);
	must((w->store = hg_store_open(&w->options, e)));
	assert_int_equal(mode_of(w->options.path), 0600);
}

static void a_second_writer_is_refused_and_told_who_is_first(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *pid = g_strdup_printf("(pid %ld)", (long)getpid());
	g_autoptr(GError) error = NULL;

	assert_null(hg_store_open(&w->options, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_CONFIG));
	assert_non_null(strstr(error->message, pid));
	in_txn(w, a_contact(w, "Ana"));		/* the first one goes on */
	world_reopen(w);
}

static void expect_refused(struct world *w, const char *words)
{
	g_autoptr(GError) error = NULL;

	assert_null(hg_store_open(&w->options, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_CONFIG));
	if (!strstr(error->message, words))
		fail_msg("says: %s", error->message);
}

static void links_open_directories_and_odd_paths_are_refused(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autofree char *real = g_strdup(w->options.path), *other = g_strconcat(real, "2", NULL);
	const char *kept = w->options.path;

	hg_store_close(g_steal_pointer(&w->store));
	assert_int_equal(symlink(real, other), 0);
	w->options.path = other;
	expect_refused(w, "symbolic link");
	g_remove(other);
	assert_int_equal(link(real, other), 0);
	expect_refused(w, "hard links");
	g_remove(other);
	w->options.path = w->options.attachments;
	expect_refused(w, "is not a file");
	w->options.path = "headgate.db";
	expect_refused(w, "absolute path");
	w->options.path = NULL;
	expect_refused(w, "absolute path");
	w->options.path = kept;
	g_chmod(w->dir, 0770);
	expect_refused(w, "chmod 0700");
	g_chmod(w->dir, 0700);
	w->options.driver = "oracle";
	expect_refused(w, "oracle");
	w->options.driver = "sqlite";
	must((w->store = hg_store_open(&w->options, e)));
}

static void a_database_of_another_program_is_left_alone(void **state)
{
	only_on_sqlite();
	struct world *w = *state;

	hg_store_close(g_steal_pointer(&w->store));
	world_plant(w, "PRAGMA application_id = 42");
	expect_refused(w, "another program");
	world_plant(w, "PRAGMA application_id = 1751605620");
	must((w->store = hg_store_open(&w->options, e)));
}

static void a_newer_schema_is_refused(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autoptr(GError) error = NULL;

	hg_store_close(g_steal_pointer(&w->store));
	world_plant(w, "PRAGMA user_version = 999");
	expect_refused(w, "schema 999");
	assert_null(hg_store_open_reader(&w->options, 0, &error));
	assert_non_null(strstr(error->message, "schema 999"));
	assert_int_equal(world_count(w, "PRAGMA user_version"), 999);
}

static void a_migration_that_fails_leaves_the_old_schema(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autoptr(GError) error = NULL;
	int fd;

	hg_store_close(g_steal_pointer(&w->store));
	g_remove(w->options.path);
	fd = open(w->options.path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	world_plant(w, "PRAGMA application_id = 1751605620; CREATE TABLE outbox (in_the_way)");
	assert_null(hg_store_open(&w->options, &error));
	assert_non_null(strstr(error->message, "to schema 1"));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM sqlite_schema"), 1);
	world_plant(w, "DROP TABLE outbox");
	must((w->store = hg_store_open(&w->options, e)));
}

/* A database as it was before consent had a table of its own. */
static void who_had_opted_out_before_still_has(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	g_autofree char *mark = g_strdup_printf("PRAGMA application_id = %d; PRAGMA user_version = 16", HG_SQLITE_APPLICATION_ID);
	const hg_consent *row;

	hg_store_close(g_steal_pointer(&w->store));
	g_remove(w->options.path);
	assert_true(g_file_set_contents(w->options.path, "", 0, NULL));
	for (const struct hg_migration *m = hg_migrations; m->number && m->number < 17; m++)
		world_plant(w, m->sql);
	world_plant(w, mark);
	world_plant(w, "INSERT INTO address (uri, channel, opted_out) VALUES ('tel:+1', 'wa', 1), ('tel:+2', 'wa', 0)");
	must((w->store = hg_store_open(&w->options, e)));
	must(hg_store_consent_list(w->store, w->arena, &(struct hg_consent_query){ .limit = 9 }, rows, e));
	assert_int_equal(rows->len, 1);
	row = rows->pdata[0];
	assert_true(strcmp(row->uri, "tel:+1") == 0 && strcmp(row->channel, "wa") == 0 && !*row->ours &&
		    row->state == HG_WISH_STOP && row->blocked);
}

static void the_instance_key_stays_and_is_its_own(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autoptr(hg_store) reader = NULL, other = NULL;
	g_autofree char *path = g_build_filename(w->dir, "other.db", NULL);
	struct hg_store_options options = w->options;
	guint8 key[32];

	memcpy(key, hg_store_instance_key(w->store), 32);
	world_reopen(w);
	assert_memory_equal(key, hg_store_instance_key(w->store), 32);
	must((reader = hg_store_open_reader(&w->options, 0, e)));
	assert_memory_equal(key, hg_store_instance_key(reader), 32);
	options.path = path;
	must((other = hg_store_open(&options, e)));
	assert_memory_not_equal(key, hg_store_instance_key(other), 32);
	assert_string_equal(hg_store_attachments(w->store), w->options.attachments);
}

/* ---- readers ---- */
static void a_reader_never_writes(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_store) reader = NULL;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_store_begin(reader, e));
	must_fail(HG_ERROR_BROKEN, hg_store_cursor_set(reader, "mail", "1", e));
	must(hg_store_commit(reader, e));
}

static void a_reader_works_with_and_without_the_daemon(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	hg_store *reader;
	hg_contact *c;

	in_txn(w, a_contact(w, "Ana"));
	hg_store_close(g_steal_pointer(&w->store));
	for (int i = 0; i < 2; i++) {
		must((reader = hg_store_open_reader(&w->options, 0, e)));
		must(hg_store_contact_get(reader, w->arena, 1, &c, e));
		assert_string_equal(c->name, "Ana");
		hg_store_close(reader);
	}
	g_remove(w->options.path);
	must_fail(HG_ERROR_CONFIG, (reader = hg_store_open_reader(&w->options, 0, e)));
	assert_int_equal(g_access(w->options.path, F_OK), -1);	/* a reader makes none */
}

static void a_readers_statement_is_stopped_after_its_time(void **state)
{
	struct world *w = *state;
	struct hg_store_options options = w->options;
	g_autoptr(hg_store) reader = NULL;
	g_autoptr(GError) error = NULL;
	hg_contact *c;
	hg_stmt *endless;

	options.env = hg_env_system();
	must((reader = hg_store_open_reader(&options, 50, e)));
	endless = hg_stmt_once(reader, "WITH RECURSIVE x (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) "
			       "SELECT n FROM x WHERE n < 0", HG_BIND_NONE, &error);
	assert_true(!endless || hg_stmt_next(endless, &error) == -1);
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_LIMIT));
	must(hg_store_contact_get(reader, w->arena, 1, &c, e));		/* the next has its own time */
}

static void hear(void *arg, const char *payload)
{
	g_string_append_printf(arg, "%s;", payload);
}

static void a_hint_is_short_and_told_to_no_other_node(void **state)
{
	only_on_sqlite();
	struct world *w = *state;
	g_autoptr(GString) heard = g_string_new(NULL);
	g_autofree char *longer = g_strnfill(HG_HINT_MAX + 1, 'x');
	hg_store_watch *watch = hg_store_watch_new(&w->options, hear, heard, NULL);
	g_autoptr(GError) error = NULL;

	assert_false(hg_store_is_shared(w->store));
	assert_true(hg_store_hint(w->store, "a c", &error));
	assert_false(hg_store_hint(w->store, longer, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_LIMIT));
	hg_store_watch_free(watch);
	assert_true(hg_store_hint(w->store, "b c", NULL));
	hg_store_watch_free(NULL);
#ifdef HG_TEST_HOOKS
	assert_string_equal(heard->str, "a c;");	/* a process may hear itself there */
#else
	assert_string_equal(heard->str, "");
#endif
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_failed_command_is_undone_alone),
		store_test(a_command_may_change_any_number_of_pages),
		store_test(a_group_rolled_back_leaves_nothing),
		store_test(nobody_sees_a_group_before_it_is_committed),
		store_test(a_reader_in_a_transaction_sees_one_state),
		store_test(a_write_needs_a_transaction),
		store_test(after_disk_full_nothing_of_the_group_holds),
		store_test(a_statement_without_room_takes_the_group_with_it),
		store_test(disk_full_is_seen_also_by_release),
		cmocka_unit_test_setup_teardown(a_full_disk_gives_its_reserve_and_goes_on, small_world_new,
						small_world_free),
		store_test(damage_stops_the_store_for_good),
		store_test(what_was_committed_survives_a_kill),
		store_test(after_a_kill_the_file_is_checked),
		store_test(every_guard_is_set),
		store_test(what_it_makes_is_private),
		store_test(a_file_others_may_read_is_made_private),
		store_test(a_second_writer_is_refused_and_told_who_is_first),
		store_test(links_open_directories_and_odd_paths_are_refused),
		store_test(a_database_of_another_program_is_left_alone),
		store_test(a_newer_schema_is_refused),
		store_test(a_migration_that_fails_leaves_the_old_schema),
		store_test(who_had_opted_out_before_still_has),
		store_test(the_instance_key_stays_and_is_its_own),
		store_test(a_reader_never_writes),
		store_test(a_reader_works_with_and_without_the_daemon),
		store_test(a_readers_statement_is_stopped_after_its_time),
		store_test(a_hint_is_short_and_told_to_no_other_node),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

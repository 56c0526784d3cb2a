/* test_env.c - clock, random numbers, ids and fail points */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "env.h"
#include "failpoint.h"

/* ---- an environment as tests have it: fixed clock, known numbers ---- */
static gint64 fixed_ms = 1763632931004;

static gint64 fixed_clock(struct hg_env *env)
{
	(void)env;
	return fixed_ms;
}

static guint8 fill_byte;

static void fill(struct hg_env *env, void *ret, gsize size)
{
	(void)env;
	memset(ret, fill_byte, size);
}

#define FIXED_ENV { .wall_ms = fixed_clock, .mono_ms = fixed_clock, .random = fill }

static void an_id_is_a_typeid_with_a_uuidv7(void **state)
{
	struct hg_env env = FIXED_ENV;
	char id[HG_ID_SIZE];
	(void)state;

	/* 019aa0b6-e0bc-7aaa-aaaa-aaaaaaaaaaaa: version 7 and variant 10 are in their places. */
	fill_byte = 0xaa;
	hg_id_new(&env, "msg", id);
	assert_string_equal(id, "msg_01kagbdr5wfananananananana");
	assert_true(hg_id_is(id, "msg"));
}

static void ids_grow_within_a_millisecond_and_when_the_clock_goes_back(void **state)
{
	struct hg_env env = FIXED_ENV;
	char last[HG_ID_SIZE], id[HG_ID_SIZE];
	gint64 real = fixed_ms;
	(void)state;

	/* All bits set: every step carries as far as it can, in the end into the time. */
	fill_byte = 0xff;
	hg_id_new(&env, "thr", last);
	for (int i = 0; i < 100000; i++) {
		if (i == 50000)
			fixed_ms -= 3600000;
		hg_id_new(&env, "thr", id);
		assert_true(hg_id_is(id, "thr"));
		assert_true(strcmp(id, last) > 0);
		memcpy(last, id, sizeof(id));
	}
	fixed_ms = real;
}

#define THREADS 4
#define IDS_EACH 20000

static gpointer make_ids(gpointer ids_)
{
	char (*ids)[HG_ID_SIZE] = ids_;

	for (int i = 0; i < IDS_EACH; i++)
		hg_id_new(hg_env_system(), "evt", ids[i]);
	return NULL;
}

static void threads_never_get_one_id_twice(void **state)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	g_autofree char (*ids)[HG_ID_SIZE] = g_malloc0_n(THREADS * IDS_EACH, HG_ID_SIZE);
	GThread *threads[THREADS];
	(void)state;

	for (int i = 0; i < THREADS; i++)
		threads[i] = g_thread_new("ids", make_ids, ids + i * IDS_EACH);
	for (int i = 0; i < THREADS; i++)
		g_thread_join(threads[i]);
	for (int i = 0; i < THREADS * IDS_EACH; i++) {
		assert_true(g_hash_table_add(seen, ids[i]));
		if (i % IDS_EACH)
			assert_true(strcmp(ids[i - 1], ids[i]) < 0);
	}
}

static void what_is_no_id_is_told(void **state)
{
	static const struct { const char *id; gboolean want; } cases[] = {
		{ "msg_01kagb9n3we9naxandxkb5wbn0", TRUE },
		{ "msg_7zzzzzzzzzzzzzzzzzzzzzzzzz", TRUE },
		{ "msg_8zzzzzzzzzzzzzzzzzzzzzzzzz", FALSE },	/* beyond 128 bits */
		{ "msg_01kagb9n3we9naxandxkb5wbn", FALSE },
		{ "msg_01kagb9n3we9naxandxkb5wbn00", FALSE },
		{ "msg_01KAGB9N3WE9NAXANDXKB5WBN0", FALSE },
		{ "msg_01kagb9n3we9naxandxkb5wbnu", FALSE },	/* no u in this alphabet */
		{ "msg_01kagb9n3we9naxandxkb5wb'0", FALSE },
		{ "thr_01kagb9n3we9naxandxkb5wbn0", FALSE },
		{ "msg01kagb9n3we9naxandxkb5wbn0", FALSE },
		{ "msg_", FALSE }, { "msg", FALSE }, { "", FALSE }, { NULL, FALSE },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_id_is(cases[i].id, "msg") != cases[i].want)
			fail_msg("%s: want %d", cases[i].id, cases[i].want);
}

/* ---- the system's ---- */
static void random_bytes_differ_in_every_size(void **state)
{
	struct hg_env *env = hg_env_system();
	(void)state;

	for (gsize size = 16; size < 700; size++) {
		guint8 a[700], b[700];

		memset(a, 0, sizeof(a));
		env->random(env, a, size);
		env->random(env, b, size);
		assert_memory_not_equal(a, b, size);
		assert_memory_not_equal(a + size - 16, b + size - 16, 16);
		for (gsize i = size; i < sizeof(a); i++)
			assert_int_equal(a[i], 0);
	}
}

static void a_forked_child_has_other_random_bytes(void **state)
{
	struct hg_env *env = hg_env_system();
	guint8 ours[16], theirs[16];
	int ends[2], status;
	pid_t pid;
	(void)state;

	env->random(env, ours, sizeof(ours));	/* so that some are fetched ahead */
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		env->random(env, theirs, sizeof(theirs));
		_exit(write(ends[1], theirs, sizeof(theirs)) != sizeof(theirs));
	}
	env->random(env, ours, sizeof(ours));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
	close(ends[0]);
	close(ends[1]);
	assert_memory_not_equal(ours, theirs, sizeof(ours));
}

static void the_clock_is_the_systems(void **state)
{
	gint64 before = (gint64)time(NULL) * 1000, now = hg_now(hg_env_system());
	gint64 mono = hg_mono(hg_env_system());
	(void)state;

	assert_true(now >= before && now < before + 60000);
	assert_true(hg_mono(hg_env_system()) >= mono);
}

#ifdef HG_TEST_HOOKS
static char clock_path[] = "/tmp/headgate-test-clock-XXXXXX";
static char trace_path[] = "/tmp/headgate-test-trace-XXXXXX";

enum { BOTH, WALL, UNVOUCHED };

static void clock_set(int what, gint64 value)
{
	int fd = open(clock_path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &value, sizeof(value), what * (off_t)sizeof(value)), sizeof(value));
	close(fd);
}

/* A hook that is written wrong would let its test pass for nothing.  These are children, begun
 * before this process has read the hooks' variables itself. */
static void a_hook_that_is_not_understood_stops_the_process(void **state)
{
	static const struct { const char *name, *value; } cases[] = {
		{ "HEADGATE_FAIL", "api.read" }, { "HEADGATE_FAIL", "=crash" },
		{ "HEADGATE_FAIL", "no.such.point=crash" },
		{ "HEADGATE_FAIL", "api.read=explode" }, { "HEADGATE_FAIL", "api.read=crash@0" },
		{ "HEADGATE_FAIL", "api.read=error,api.queued=crash@many" },
		{ "HEADGATE_FAIL", "api.queued=error" },	/* where nothing can fail */
		{ "HEADGATE_FAIL", "api.read=delay" }, { "HEADGATE_FAIL", "api.read=delay:0" },
		{ "HEADGATE_FAIL", "api.read=error@p0" }, { "HEADGATE_FAIL", "api.read=error@p1.5" },
		{ "HEADGATE_FAIL", "api.read=error@p0.5:x" }, { "HEADGATE_FAIL", "api.read=error@+" },
		{ "HEADGATE_FAIL_TRACE", "/nowhere/trace" },
		{ "HEADGATE_TEST_CLOCK", "/nowhere/clock" }, { "HEADGATE_TEST_CLOCK", "/dev/null" },
	};
	int status;
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			close(STDERR_FILENO);
			g_setenv(cases[i].name, cases[i].value, TRUE);
			HG_FAILPOINT(STOP_BEGIN);
			hg_now(hg_env_system());
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status))
			fail_msg("%s=%s: went on", cases[i].name, cases[i].value);
	}
}

static void a_file_moves_both_clocks(void **state)
{
	static const gint64 week = 604800000;
	struct hg_env *env = hg_env_system();
	gint64 wall = hg_now(env), mono = hg_mono(env);
	(void)state;

	clock_set(BOTH, week);
	assert_in_range(hg_now(env) - wall, week, week + 60000);
	assert_in_range(hg_mono(env) - mono, week, week + 60000);
	clock_set(BOTH, 0);
	assert_in_range(hg_now(env) - wall, 0, 60000);
}

static void a_file_lets_the_wall_clock_jump(void **state)
{
	static const gint64 week = 604800000;
	struct hg_env *env = hg_env_system();
	gint64 wall = hg_now(env), mono = hg_mono(env);
	(void)state;

	assert_true(env->vouched(env));
	clock_set(WALL, week);
	clock_set(UNVOUCHED, 1);
	assert_in_range(hg_now(env) - wall, week, week + 60000);
	assert_in_range(hg_mono(env) - mono, 0, 60000);
	assert_false(env->vouched(env));
	clock_set(WALL, 0);
	clock_set(UNVOUCHED, 0);
}

#define HELD "headgate-test-held"	/* in the directory tests run in; nobody makes it but the test that takes it away */
#define FAIL "api.read=error,inbound.parsed=error@3,journal.row=error@3+,outbox.claimed=error@p0.25:7," \
	     "file.synced=delay:30,api.queued=crash@2,stop.quiet=hold:" HELD "@1+"

static void an_error_happens_at_its_passings(void **state)
{
	(void)state;

	assert_true(HG_FAILPOINT(API_READ));
	assert_false(HG_FAILPOINT(API_READ));
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(HG_FAILPOINT(INBOUND_PARSED), i == 3);
		assert_int_equal(HG_FAILPOINT(JOURNAL_ROW), i >= 3);
	}
	assert_false(HG_FAILPOINT(ENGINE_BEFORE_COMMIT));
}

/* The same passings for the same seed, in whatever process. */
static void a_chance_is_kept_by_its_seed(void **state)
{
	char had[201] = "", again[201] = "";
	int ends[2], n = 0, status;
	pid_t pid;
	(void)state;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	for (int i = 0; i < 200; i++) {
		had[i] = HG_FAILPOINT(OUTBOX_CLAIMED) ? 'x' : '.';
		n += had[i] == 'x';
	}
	if (pid == 0)
		_exit(write(ends[1], had, 200) != 200);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(ends[0], again, 200), 200);
	assert_string_equal(had, again);
	assert_in_range(n, 30, 70);
	close(ends[0]);
	close(ends[1]);
}

static void a_delay_holds_up(void **state)
{
	gint64 before = hg_mono(hg_env_system());
	(void)state;

	assert_false(HG_FAILPOINT(FILE_SYNCED));
	assert_true(hg_mono(hg_env_system()) - before >= 29);
}

static gpointer let_go(gpointer unused G_GNUC_UNUSED)
{
	g_usleep(20000);
	g_assert(g_unlink(HELD) == 0);
	return NULL;
}

static void a_hold_lasts_as_long_as_its_file(void **state)
{
	GThread *other;
	(void)state;

	assert_false(HG_FAILPOINT(STOP_QUIET));
	assert_true(g_file_set_contents(HELD, "", 0, NULL));
	other = g_thread_new("let-go", let_go, NULL);
	assert_false(HG_FAILPOINT(STOP_QUIET));
	assert_false(g_file_test(HELD, G_FILE_TEST_EXISTS));
	g_thread_join(other);
}

static void look_at_trace(struct hg_failpoint_trace *ret)
{
	int fd = open(trace_path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, ret, sizeof(*ret)), sizeof(*ret));
	close(fd);
}

static void a_crash_kills_without_a_word_and_the_trace_says_where(void **state)
{
	struct hg_failpoint_trace trace;
	int status;
	pid_t pid = fork();
	(void)state;

	assert_true(pid >= 0);
	if (pid == 0) {
		HG_FAILPOINT(API_QUEUED);	/* it is the second passing that kills */
		for (int fd = 3; fd < 10; fd++)
			close(fd);
		HG_FAILPOINT(API_QUEUED);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	look_at_trace(&trace);
	assert_int_equal(trace.points, HG_FAILPOINT_COUNT);
	assert_int_equal(trace.passed[HG_FP_API_QUEUED], 2);
	assert_int_equal(trace.passed[HG_FP_API_READ], 2);
	assert_int_equal(trace.passed[HG_FP_API_ANSWERED], 0);
	assert_int_equal(trace.lanes[0].last, 1 + HG_FP_API_QUEUED);
	assert_string_equal(trace.lanes[0].thread, "test_env");
}

static void hooks_init(void)
{
	int fd = g_mkstemp(clock_path);
	gint64 zero[3] = { 0 };

	g_assert(fd >= 0);
	g_assert(write(fd, zero, sizeof(zero)) == sizeof(zero));
	close(fd);
	g_setenv("HEADGATE_TEST_CLOCK", clock_path, TRUE);
	fd = g_mkstemp(trace_path);
	g_assert(fd >= 0);
	close(fd);
	g_setenv("HEADGATE_FAIL_TRACE", trace_path, TRUE);
	g_setenv("HEADGATE_FAIL", FAIL, TRUE);
}

static void hooks_done(void)
{
	g_unlink(clock_path);
	g_unlink(trace_path);
}
#else
static void without_hooks_nothing_fails(void **state)
{
	(void)state;
	assert_false(HG_FAILPOINT(API_READ));
}

static void hooks_init(void) { g_setenv("HEADGATE_FAIL", "api.read=error", TRUE); }
static void hooks_done(void) { }
#endif

int main(void)
{
	static const struct CMUnitTest tests[] = {
#ifdef HG_TEST_HOOKS
		cmocka_unit_test(a_hook_that_is_not_understood_stops_the_process),
#endif
		cmocka_unit_test(an_id_is_a_typeid_with_a_uuidv7),
		cmocka_unit_test(ids_grow_within_a_millisecond_and_when_the_clock_goes_back),
		cmocka_unit_test(threads_never_get_one_id_twice),
		cmocka_unit_test(what_is_no_id_is_told),
		cmocka_unit_test(random_bytes_differ_in_every_size),
		cmocka_unit_test(a_forked_child_has_other_random_bytes),
		cmocka_unit_test(the_clock_is_the_systems),
#ifdef HG_TEST_HOOKS
		cmocka_unit_test(a_file_moves_both_clocks),
		cmocka_unit_test(a_file_lets_the_wall_clock_jump),
		cmocka_unit_test(an_error_happens_at_its_passings),
		cmocka_unit_test(a_chance_is_kept_by_its_seed),
		cmocka_unit_test(a_delay_holds_up),
		cmocka_unit_test(a_hold_lasts_as_long_as_its_file),
		cmocka_unit_test(a_crash_kills_without_a_word_and_the_trace_says_where),
#else
		cmocka_unit_test(without_hooks_nothing_fails),
#endif
	};
	int failed;

	hooks_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	hooks_done();
	return failed;
}

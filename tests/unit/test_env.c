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

static void clock_set(gint64 offset_ms)
{
	int fd = open(clock_path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &offset_ms, sizeof(offset_ms), 0), sizeof(offset_ms));
	close(fd);
}

/* A hook that is written wrong would let its test pass for nothing.  These are children, begun
 * before this process has read the hooks' variables itself. */
static void a_hook_that_is_not_understood_stops_the_process(void **state)
{
	static const struct { const char *name, *value; } cases[] = {
		{ "HEADGATE_FAIL", "x" }, { "HEADGATE_FAIL", "=crash" },
		{ "HEADGATE_FAIL", "x=explode" }, { "HEADGATE_FAIL", "x=crash@0" },
		{ "HEADGATE_FAIL", "y=error,x=crash@many" },
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
			HG_FAILPOINT("test-other");
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

	clock_set(week);
	assert_in_range(hg_now(env) - wall, week, week + 60000);
	assert_in_range(hg_mono(env) - mono, week, week + 60000);
	clock_set(0);
	assert_in_range(hg_now(env) - wall, 0, 60000);
}

static void an_error_happens_once_at_its_passing(void **state)
{
	(void)state;

	assert_true(HG_FAILPOINT("test-error"));
	assert_false(HG_FAILPOINT("test-error"));
	for (int i = 1; i <= 5; i++)
		assert_int_equal(HG_FAILPOINT("test-third"), i == 3);
	assert_false(HG_FAILPOINT("test-not-named"));
}

static void a_crash_kills_without_a_word(void **state)
{
	int status;
	pid_t pid = fork();
	(void)state;

	assert_true(pid >= 0);
	if (pid == 0) {
		HG_FAILPOINT("test-crash");	/* it is the second passing that kills */
		for (int fd = 3; fd < 10; fd++)
			close(fd);
		HG_FAILPOINT("test-crash");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void hooks_init(void)
{
	int fd = g_mkstemp(clock_path);
	gint64 zero = 0;

	g_assert(fd >= 0);
	g_assert(write(fd, &zero, sizeof(zero)) == sizeof(zero));
	close(fd);
	g_setenv("HEADGATE_TEST_CLOCK", clock_path, TRUE);
	g_setenv("HEADGATE_FAIL", "test-error=error,test-third=error@3,test-crash=crash@2", TRUE);
}

static void hooks_done(void)
{
	g_unlink(clock_path);
}
#else
static void without_hooks_nothing_fails(void **state)
{
	(void)state;
	assert_false(HG_FAILPOINT("test-error"));
}

static void hooks_init(void) { g_setenv("HEADGATE_FAIL", "test-error=error", TRUE); }
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
		cmocka_unit_test(an_error_happens_once_at_its_passing),
		cmocka_unit_test(a_crash_kills_without_a_word),
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

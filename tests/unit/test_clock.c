/* test_clock.c - the time that is gone by when the system's clock jumps */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "clock.h"

#define SECOND	G_GINT64_CONSTANT(1000)
#define MINUTE	(60 * SECOND)
#define HOUR	(60 * MINUTE)
#define DAY	(24 * HOUR)
#define NOW	G_GINT64_CONSTANT(1795168931004)	/* November 2026 */

/* ---- a world whose clocks do what they are told ---- */
struct world {
	struct hg_env env;	/* first */
	gint64 wall_ms, mono_ms;
	gint64 stopped_ms;	/* the process sleeps for so long between the next two readings ... */
	int stops;		/* ... and so often */
	gboolean vouched;
};

static gint64 world_wall(struct hg_env *env)
{
	struct world *world = (struct world *)env;

	if (world->stops > 0) {
		world->stops--;
		world->wall_ms += world->stopped_ms;
		world->mono_ms += world->stopped_ms;
		return world->wall_ms - world->stopped_ms;
	}
	return world->wall_ms;
}

static gint64 world_mono(struct hg_env *env)
{
	return ((struct world *)env)->mono_ms;
}

static void world_random(struct hg_env *env, void *ret, gsize size)
{
	(void)env;
	for (gsize i = 0; i < size; i++)
		((guint8 *)ret)[i] = 0xaa;
}

static gboolean world_vouched(struct hg_env *env)
{
	return ((struct world *)env)->vouched;
}

static void world_init(struct world *world)
{
	*world = (struct world){ .env = { .wall_ms = world_wall, .mono_ms = world_mono, .random = world_random,
					  .vouched = world_vouched }, .wall_ms = NOW, .mono_ms = 77 * HOUR };
}

static void pass(struct world *world, gint64 ms)
{
	world->wall_ms += ms;
	world->mono_ms += ms;
}

static struct hg_clock_state look(hg_clock *clock)
{
	struct hg_clock_state state;

	hg_clock_look(clock, &state);
	return state;
}

/* By how much the clock jumps; to 1970, and beyond where 32 bits of seconds end. */
static const gint64 jumps[] = {
	6 * MINUTE, -6 * MINUTE, HOUR, -HOUR, DAY, -DAY, 8 * DAY, -8 * DAY, 3653 * DAY, -3653 * DAY,
	-NOW, (gint64)G_MAXUINT32 * SECOND - NOW + DAY,
};

static void a_jump_nobody_vouches_for_is_not_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
		struct world world;
		g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
		struct hg_env *env = hg_clock_env(clock);

		hg_clock_begin(clock, NOW - HOUR);
		pass(&world, 3 * DAY);
		assert_int_equal(hg_now(env), NOW + 3 * DAY);
		world.wall_ms += jumps[i];
		assert_int_equal(hg_now(env), NOW + 3 * DAY);
		pass(&world, 7 * SECOND);
		assert_int_equal(hg_now(env), NOW + 3 * DAY + 7 * SECOND);
		assert_true(look(clock).held);
		assert_int_equal(look(clock).off_ms, jumps[i]);
		world.wall_ms -= jumps[i];
		pass(&world, DAY);
		assert_int_equal(hg_now(env), NOW + 4 * DAY + 7 * SECOND);
		assert_false(look(clock).held);
		assert_int_equal(look(clock).off_ms, 0);
	}
}

/* Forward at once, for what waited too long shall go on.  Never back: half the speed until both meet. */
static void check_followed(struct world *world, hg_clock *clock, gint64 jump)
{
	struct hg_env *env = hg_clock_env(clock);
	gint64 before = hg_now(env);

	assert_false(look(clock).held);
	if (jump > 0) {
		assert_int_equal(look(clock).off_ms, 0);
		assert_int_equal(before, world->wall_ms);
		return;
	}
	assert_int_equal(look(clock).off_ms, jump);
	pass(world, -jump);
	assert_int_equal(hg_now(env), before - jump / 2);
	pass(world, -jump - 2);
	assert_int_equal(look(clock).off_ms, -1);
	pass(world, MINUTE);
	assert_int_equal(look(clock).off_ms, 0);
	assert_int_equal(hg_now(env), world->wall_ms);
}

static void a_jump_that_a_time_source_vouches_for_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
		struct world world;
		g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));

		hg_clock_begin(clock, NOW - HOUR);
		assert_int_equal(hg_now(hg_clock_env(clock)), NOW);
		world.wall_ms += jumps[i];
		world.vouched = TRUE;
		check_followed(&world, clock, jumps[i]);
	}
}

static void a_jump_that_a_person_vouches_for_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(jumps); i++) {
		struct world world;
		g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));

		hg_clock_begin(clock, NOW - HOUR);
		world.wall_ms += jumps[i];
		assert_true(look(clock).held);
		hg_clock_believe(clock);
		check_followed(&world, clock, jumps[i]);
		/* It was said of the clock of then, not of every one after it. */
		world.wall_ms += DAY;
		assert_true(look(clock).held);
		assert_int_equal(look(clock).off_ms, DAY);
	}
}

static void a_clock_that_is_set_a_little_is_followed_and_never_goes_back(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	struct hg_env *env = hg_clock_env(clock);
	gint64 last;
	(void)state;

	hg_clock_begin(clock, 0);
	world.wall_ms += HG_CLOCK_SLACK_MS;
	last = hg_now(env);
	assert_int_equal(last, NOW + HG_CLOCK_SLACK_MS);
	world.wall_ms -= HG_CLOCK_SLACK_MS;
	assert_int_equal(hg_now(env), last);
	for (int i = 0; i < 1000; i++) {	/* a millisecond at a time, of which each second one counts */
		pass(&world, 1);
		assert_in_range(hg_now(env) - last, 0, 1);
		last = hg_now(env);
	}
	assert_int_equal(last, NOW + HG_CLOCK_SLACK_MS + 500);
	assert_false(look(clock).held);
}

/* Nobody looked for a year, or the machine slept: as long as both clocks went on that is no jump. */
static void what_passes_on_both_clocks_is_no_jump(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	gint64 now;
	(void)state;

	hg_clock_begin(clock, NOW);
	pass(&world, 365 * DAY);
	assert_int_equal(hg_now(hg_clock_env(clock)), NOW + 365 * DAY);
	world.stopped_ms = HOUR;	/* between the readings of one look */
	world.stops = 1;
	assert_int_equal(hg_now(hg_clock_env(clock)), NOW + 365 * DAY + HOUR);
	assert_false(look(clock).held);
	assert_int_equal(look(clock).off_ms, 0);
	world.stopped_ms = 100;		/* so little does not matter: it is what the two may differ by */
	world.stops = 1;
	assert_int_equal(hg_now(hg_clock_env(clock)), NOW + 365 * DAY + HOUR + 50);
	assert_int_equal(world.stops, 0);
	world.stopped_ms = 101;
	world.stops = 19;
	now = hg_now(hg_clock_env(clock));
	assert_int_equal(now, world.wall_ms);
	assert_int_equal(world.stops, 0);
}

/* Nobody waits for ever for a machine that is stopped again and again; what is read last counts. */
static void a_machine_that_is_always_stopped_is_read_all_the_same(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	(void)state;

	hg_clock_begin(clock, NOW);
	world.stopped_ms = SECOND;
	world.stops = 1000;
	assert_int_equal(hg_now(hg_clock_env(clock)), NOW + 19 * SECOND);
	assert_int_equal(world.stops, 980);
}

/* A world in which nobody can vouch for anything. */
static void where_nobody_vouches_no_jump_is_followed(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	(void)state;

	world.env.vouched = NULL;
	hg_clock_begin(clock, NOW);
	world.wall_ms += DAY;
	assert_true(look(clock).held);
}

/* ---- at a start, when the monotonic clock began anew ---- */

static void a_start_goes_on_from_what_was_acted_on(void **state)
{
	static const struct {
		gint64 wall_ms, newest_ms;
		gboolean vouched;
		gint64 now_ms;		/* that is gone by */
		gboolean held;
		gint64 off_ms;
	} cases[] = {
		{ NOW, 0, FALSE, NOW, FALSE, 0 },				/* a new store */
		{ NOW, NOW - HOUR, FALSE, NOW, FALSE, 0 },
		{ NOW, NOW - 30 * DAY, FALSE, NOW, FALSE, 0 },
		{ NOW, NOW - 30 * DAY - 1, FALSE, NOW - 30 * DAY - 1, TRUE, 30 * DAY + 1 },
		{ NOW, NOW - 400 * DAY, TRUE, NOW, FALSE, 0 },			/* NTP says that it was off so long */
		{ NOW, NOW + 5 * MINUTE, FALSE, NOW + 5 * MINUTE, FALSE, -5 * MINUTE },
		{ NOW, NOW + 5 * MINUTE + 1, FALSE, NOW + 5 * MINUTE + 1, TRUE, -5 * MINUTE - 1 },
		{ 30 * SECOND, NOW, FALSE, NOW, TRUE, 30 * SECOND - NOW },	/* 1970: no battery, no network yet */
		{ NOW, NOW + DAY, TRUE, NOW + DAY, FALSE, -DAY },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct world world;
		g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
		struct hg_env *env = hg_clock_env(clock);

		world.wall_ms = cases[i].wall_ms;
		world.vouched = cases[i].vouched;
		assert_int_equal(hg_now(env), cases[i].wall_ms);	/* before it begins: the system's */
		hg_clock_begin(clock, cases[i].newest_ms);
		if (hg_now(env) != cases[i].now_ms || look(clock).held != cases[i].held ||
		    look(clock).off_ms != cases[i].off_ms)
			fail_msg("case %zu: %" G_GINT64_FORMAT ", off %" G_GINT64_FORMAT ", held %d", i, hg_now(env),
				 look(clock).off_ms, look(clock).held);
		pass(&world, 2 * MINUTE);
		assert_int_equal(hg_now(env) - cases[i].now_ms,
				 cases[i].held || !cases[i].off_ms ? 2 * MINUTE : MINUTE);
	}
}

/* A small computer without a clock of its own: on from yesterday, then the network tells it today. */
static void a_boot_in_1970_waits_for_ntp(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	struct hg_env *env = hg_clock_env(clock);
	(void)state;

	world.wall_ms = 20 * SECOND;
	hg_clock_begin(clock, NOW - DAY);
	pass(&world, MINUTE);
	assert_int_equal(hg_now(env), NOW - DAY + MINUTE);
	world.wall_ms = NOW + MINUTE;
	world.vouched = TRUE;
	assert_int_equal(hg_now(env), NOW + MINUTE);
	assert_int_equal(look(clock).off_ms, 0);
}

static void the_rest_of_the_world_is_as_it_was(void **state)
{
	struct world world;
	g_autoptr(hg_clock) clock = (world_init(&world), hg_clock_new(&world.env));
	struct hg_env *env = hg_clock_env(clock);
	guint8 bytes[3] = { 0 };
	(void)state;

	assert_int_equal(hg_mono(env), world.mono_ms);
	env->random(env, bytes, 2);
	assert_int_equal(bytes[1], 0xaa);
	assert_int_equal(bytes[2], 0);
	hg_clock_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_jump_nobody_vouches_for_is_not_followed),
		cmocka_unit_test(a_jump_that_a_time_source_vouches_for_is_followed),
		cmocka_unit_test(a_jump_that_a_person_vouches_for_is_followed),
		cmocka_unit_test(a_clock_that_is_set_a_little_is_followed_and_never_goes_back),
		cmocka_unit_test(what_passes_on_both_clocks_is_no_jump),
		cmocka_unit_test(a_machine_that_is_always_stopped_is_read_all_the_same),
		cmocka_unit_test(where_nobody_vouches_no_jump_is_followed),
		cmocka_unit_test(a_start_goes_on_from_what_was_acted_on),
		cmocka_unit_test(a_boot_in_1970_waits_for_ntp),
		cmocka_unit_test(the_rest_of_the_world_is_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_sessions.c - who is signed in to the console: links are used once, sessions end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fail.h"
#include "sessions.h"

#define MINUTE (60 * 1000)
#define HOUR (60 * MINUTE)

struct world {
	struct hg_env env;		/* first: its functions find the rest by it */
	gint64 ms;
	guint64 state;
	hg_sessions *sessions;
};

static gint64 time_of(struct hg_env *env)
{
	return ((struct world *)env)->ms;
}

static void random_of(struct hg_env *env, void *bytes, gsize len)
{
	struct world *world = (struct world *)env;

	for (gsize i = 0; i < len; i++) {
		world->state = world->state * 6364136223846793005u + 1442695040888963407u;
		((guint8 *)bytes)[i] = (guint8)(world->state >> 56);
	}
}

static int set_up(void **state)
{
	struct world *world = g_new0(struct world, 1);

	world->env.wall_ms = world->env.mono_ms = time_of;
	world->env.random = random_of;
	world->ms = G_GINT64_CONSTANT(1700000000000);
	world->sessions = hg_sessions_new(&world->env);
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	hg_sessions_free(world->sessions);
	g_free(world);
	return 0;
}

static char *invite(struct world *world, const char *name)
{
	char *secret = hg_sessions_invite(world->sessions, name, hg_role_scopes("operator"), NULL);

	assert_non_null(secret);
	return secret;
}

static char *sign_in(struct world *world, const char *name)
{
	g_autofree char *link = invite(world, name);
	const struct hg_principal *who = NULL;
	char *secret = hg_sessions_open(world->sessions, link, &who, NULL);

	assert_non_null(secret);
	return secret;
}

static void a_link_opens_one_session(void **state)
{
	struct world *world = *state;
	g_autofree char *link = invite(world, "ann"), *secret = NULL;
	const struct hg_principal *who = NULL;
	g_autoptr(GError) error = NULL;

	assert_null(hg_sessions_find(world->sessions, link));	/* it is no session itself */
	secret = hg_sessions_open(world->sessions, link, &who, NULL);
	assert_string_equal(who->name, "console:ann");
	assert_string_equal(hg_role_of(who->scopes), "operator");
	assert_string_not_equal(secret, link);
	assert_ptr_equal(hg_sessions_find(world->sessions, secret), who);
	assert_null(hg_sessions_open(world->sessions, link, &who, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_DENIED));
	assert_null(hg_sessions_find(world->sessions, ""));
	assert_null(hg_sessions_find(world->sessions, "x"));
}

static void a_link_ends_after_ten_minutes(void **state)
{
	struct world *world = *state;
	g_autofree char *in_time = invite(world, "ann"), *late = invite(world, "ben"), *secret = NULL;
	const struct hg_principal *who = NULL;

	world->ms += HG_SESSION_LINK_MS - 1;
	secret = hg_sessions_open(world->sessions, in_time, &who, NULL);
	assert_non_null(secret);
	world->ms += 1;
	assert_null(hg_sessions_open(world->sessions, late, &who, NULL));
}

static void a_session_ends_when_it_is_idle(void **state)
{
	struct world *world = *state;
	g_autofree char *secret = sign_in(world, "ann");
	gint64 ends_ms = 0;

	for (guint i = 0; i < 10; i++) {	/* used again and again it goes on */
		world->ms += 11 * HOUR;
		assert_non_null(hg_sessions_find(world->sessions, secret));
	}
	assert_true(hg_sessions_ends(world->sessions, secret, &ends_ms));
	assert_int_equal(ends_ms, world->ms + HG_SESSION_IDLE_MS);
	world->ms = ends_ms - 1;
	assert_true(hg_sessions_ends(world->sessions, secret, &ends_ms));	/* a look is no use of it */
	world->ms += 1;
	assert_null(hg_sessions_find(world->sessions, secret));
	assert_false(hg_sessions_ends(world->sessions, secret, &ends_ms));
}

static void a_session_ends_after_a_week_however_busy(void **state)
{
	struct world *world = *state;
	g_autofree char *secret = sign_in(world, "ann");
	gint64 began_ms = world->ms, ends_ms = 0;

	while (world->ms + HOUR < began_ms + HG_SESSION_LIFE_MS) {
		world->ms += HOUR;
		assert_non_null(hg_sessions_find(world->sessions, secret));
	}
	assert_true(hg_sessions_ends(world->sessions, secret, &ends_ms));
	assert_int_equal(ends_ms, began_ms + HG_SESSION_LIFE_MS);
	world->ms = ends_ms;
	assert_null(hg_sessions_find(world->sessions, secret));
}

/* What goes on for a session (a live stream) ends with it. */
static void signing_out_ends_what_goes_on(void **state)
{
	struct world *world = *state;
	g_autofree char *one = sign_in(world, "ann"), *two = sign_in(world, "ann"), *three = sign_in(world, "ann"),
			*other = sign_in(world, "ben");
	const struct hg_principal *who = hg_principal_ref(hg_sessions_find(world->sessions, one));

	assert_true(hg_principal_holds(who, world->ms));
	assert_int_equal(hg_sessions_end(world->sessions, one, FALSE), 1);
	assert_false(hg_principal_holds(who, world->ms));
	hg_principal_unref(who);
	assert_null(hg_sessions_find(world->sessions, one));
	assert_int_equal(hg_sessions_end(world->sessions, one, FALSE), 0);
	assert_int_equal(hg_sessions_end(world->sessions, two, TRUE), 2);
	assert_null(hg_sessions_find(world->sessions, three));
	assert_non_null(hg_sessions_find(world->sessions, other));
}

static void there_is_a_most_of_links(void **state)
{
	struct world *world = *state;
	g_autoptr(GError) error = NULL;
	g_autofree char *again = NULL;

	for (guint i = 0; i < HG_SESSION_LINKS_MAX; i++)
		g_free(invite(world, "ann"));
	assert_null(hg_sessions_invite(world->sessions, "ann", HG_SCOPE_READ, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_LIMIT));
	world->ms += HG_SESSION_LINK_MS;
	again = invite(world, "ann");
}

static void one_session_too_many_ends_the_one_that_slept_longest(void **state)
{
	struct world *world = *state;
	g_autofree char *first = sign_in(world, "first"), *second = NULL;
	gint64 ends_ms;

	world->ms += MINUTE;
	second = sign_in(world, "second");
	world->ms += MINUTE;
	assert_non_null(hg_sessions_find(world->sessions, first));	/* it is awake */
	for (guint i = 2; i < HG_SESSIONS_MAX; i++)
		g_free(sign_in(world, "crowd"));
	assert_true(hg_sessions_ends(world->sessions, second, &ends_ms));
	g_free(sign_in(world, "crowd"));
	assert_false(hg_sessions_ends(world->sessions, second, &ends_ms));
	assert_true(hg_sessions_ends(world->sessions, first, &ends_ms));
}

static void roles_are_sets(void **state)
{
	(void)state;
	assert_int_equal(hg_role_scopes("viewer"), HG_SCOPE_READ | HG_SCOPE_REPORT);
	assert_int_equal(hg_role_scopes("admin"), HG_SCOPE_ALL);
	assert_false(hg_role_scopes("operator") & (HG_SCOPE_ERASE | HG_SCOPE_BACKUP | HG_SCOPE_ADMIN));
	assert_int_equal(hg_role_scopes("owner"), 0);
	assert_string_equal(hg_role_of(HG_SCOPE_READ | HG_SCOPE_REPORT), "viewer");
	assert_string_equal(hg_role_of(HG_SCOPE_READ), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_link_opens_one_session), TEST(a_link_ends_after_ten_minutes), TEST(a_session_ends_when_it_is_idle),
		TEST(a_session_ends_after_a_week_however_busy), TEST(signing_out_ends_what_goes_on),
		TEST(there_is_a_most_of_links), TEST(one_session_too_many_ends_the_one_that_slept_longest),
		TEST(roles_are_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_adapter_ports.c - what the engine's thread asks of adapters, and what a reload changes */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"

#define ONE "  one: { adapter: naughty }\n"

struct planned { hg_arena *arena; GArray *parts; struct hg_err err; gboolean fine; };

static struct planned plan(struct hub *hub, const char *channel, const char *text)
{
	struct planned p = { .arena = hg_arena_new(), .parts = g_array_new(FALSE, FALSE, sizeof(struct hg_part)) };
	struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .to = "tel:+1", .text = text };

	p.fine = hg_channels_plan(hub->channels, channel, p.arena, &out, p.parts, &p.err);
	return p;
}

static void planned_clear(struct planned *p)
{
	g_array_unref(p->parts);
	hg_arena_free(p->arena);
}

static void a_plan_is_split_and_copied(void **state)
{
	struct hub hub;
	struct planned p;

	(void)state;
	hub_new(&hub, ONE);
	p = plan(&hub, "one", "3");
	assert_true(p.fine);
	assert_int_equal(p.parts->len, 3);
	for (guint i = 0; i < 3; i++) {
		const struct hg_part *part = &g_array_index(p.parts, struct hg_part, i);
		g_autofree char *body = g_strdup_printf("first %u", i), *text = g_strdup_printf("part %u", i);

		assert_int_equal(part->len, strlen(body));
		assert_memory_equal(part->body, body, part->len);
		assert_string_equal(part->text, text);
		assert_int_equal(part->file, -1);
	}
	planned_clear(&p);
	hub_free(&hub);
}

static void a_plan_that_does_not_hold_is_refused_whole(void **state)
{
	static const struct { const char *channel, *text; int kind; const char *words; } cases[] = {
		{ "one", "refuse", HG_ERR_WINDOW, "the window is closed" },
		{ "one", "refuse quietly", HG_ERR_BROKEN, "without a reason" },
		{ "one", "none", HG_ERR_UNSUPPORTED, "nothing in it" },
		{ "one", "file", HG_ERR_UNSUPPORTED, "a file that the message does not have" },
		{ "one", "size", HG_ERR_UNSUPPORTED, "size is wrong" },
		{ "one", "65", HG_ERR_UNSUPPORTED, "more than 64 calls" },
		{ "gone", "3", HG_ERR_CONFIG, "no channel gone" },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct planned p = plan(&hub, cases[i].channel, cases[i].text);

		if (p.fine || p.err.kind != cases[i].kind || !strstr(p.err.text, cases[i].words) || p.parts->len)
			fail_msg("%s: %d \"%s\"", cases[i].text, p.err.kind, p.err.text);
		planned_clear(&p);
	}
	hub_free(&hub);
}

static void limits_are_the_newest_generation_s(void **state)
{
	struct hub hub;
	struct hg_limits limits;
	unsigned caps;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, number: 7 }\n");
	assert_true(hg_channels_limits(hub.channels, "one", &limits, &caps));
	assert_int_equal(limits.rate, 7);
	assert_int_equal(limits.size, sizeof(limits));
	assert_int_equal(caps, HG_CAP_MEDIA | HG_CAP_ASK);	/* it has ask() */
	hub_reload(&hub, "  one: { adapter: naughty, number: 8 }\n");
	assert_true(hg_channels_limits(hub.channels, "one", &limits, &caps));
	assert_int_equal(limits.rate, 8);
	assert_false(hg_channels_limits(hub.channels, "gone", &limits, &caps));
	hub_free(&hub);
}

/* ---- the engine's thread beside reloads ---- */

struct asker { struct hub *hub; gint stop, asked, wrong; };

static void *ask_on_and_on(void *arg)
{
	struct asker *a = arg;

	while (!g_atomic_int_get(&a->stop)) {
		struct planned p = plan(a->hub, "one", "2");
		struct hg_limits limits;
		unsigned caps;
		const struct hg_part *part = p.fine ? &g_array_index(p.parts, struct hg_part, 1) : NULL;

		/* The notes are "note N", all of a kind: a torn or freed one is not. */
		if (!part || strncmp(part->body, "note ", 5) != 0 ||
		    !hg_channels_limits(a->hub->channels, "one", &limits, &caps))
			g_atomic_int_inc(&a->wrong);
		planned_clear(&p);
		g_atomic_int_inc(&a->asked);
	}
	return NULL;
}

static void plans_hold_their_generation_while_others_come_and_go(void **state)
{
	struct hub hub;
	struct asker a = { .hub = &hub };
	GThread *thread;

	(void)state;
	hub_new(&hub, "  one: { adapter: naughty, note: note 0 }\n");
	thread = g_thread_new("asker", ask_on_and_on, &a);
	for (int i = 1; i <= 200; i++) {
		g_autofree char *yaml = g_strdup_printf("  one: { adapter: naughty, note: note %d }\n", i);

		hub_reload(&hub, yaml);
	}
	HUB_WAIT(&hub, g_atomic_int_get(&a.asked) > 200);
	g_atomic_int_set(&a.stop, 1);
	g_thread_join(thread);
	assert_int_equal(a.wrong, 0);
	assert_int_equal(hub.seen->reconfs, 200);
	assert_int_equal(hub.seen->opens, 1);
	hub_free(&hub);
}

/* ---- reload ---- */

static void a_channel_whose_options_are_the_same_goes_on(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_dispatch(&hub, "one", 50, "never", FALSE);
	hub_settle(&hub);
	hub_reload(&hub, "  one: { adapter: naughty, media_max: 1MiB, on_ambiguous: resend }\n");
	hub_settle(&hub);
	assert_int_equal(hub.seen->opens, 1);
	assert_int_equal(hub.seen->stops + hub.seen->reconfs, 0);
	assert_int_equal(hub_status(&hub, "one").pending_out, 1);
	assert_int_equal(hub_count(&hub, HG_CMD_SENT), 0);
	hub_free(&hub);
}

static void options_once_told_stay_as_long_as_the_adapter_holds_them(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_reload(&hub, "  one: { adapter: naughty, note: second }\n");
	assert_int_equal(hub.seen->reconfs, 1);
	hub_reload(&hub, "  one: { adapter: naughty, note: second, media_max: 1MiB }\n");
	assert_int_equal(hub.seen->reconfs, 1);
	/* poll() reads its options: those of the generation in between. */
	HUB_WAIT(&hub, hub.seen->polls == 1);
	hub_send(&hub, "one", "polled");
	HUB_WAIT(&hub, hub.seen->polls == 2);
	hub_free(&hub);
}

static void changes_that_can_be_told_are_and_others_restart_it(void **state)
{
	static const struct { const char *yaml; guint opens, reconfs; const char *note; } cases[] = {
		{ "  one: { adapter: naughty, note: second }\n", 1, 1, "second" },
		{ "  one: { adapter: naughty, note: refuse }\n", 2, 1, "refuse" },
		{ "  one: { adapter: naughty, note: third, mode: other }\n", 3, 1, "third" },
		{ "  one: { adapter: naughty, note: third, mode: other }\n", 3, 1, "third" },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE "  two: { adapter: naughty }\n");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *yaml = g_strconcat(cases[i].yaml, "  two: { adapter: naughty }\n", NULL);

		hub_reload(&hub, yaml);
		HUB_WAIT(&hub, hub.seen->opens == 1 + cases[i].opens);
		hub_settle(&hub);
		assert_int_equal(hub.seen->opens, 1 + cases[i].opens);
		assert_int_equal(hub.seen->reconfs, cases[i].reconfs);
		assert_string_equal(hub.seen->note, cases[i].note);
	}
	assert_int_equal(hub_status(&hub, "one").counts.restarts, 2);
	assert_int_equal(hub_status(&hub, "two").counts.restarts, 0);
	assert_string_equal(hub_status(&hub, "one").state, "running");
	hub_free(&hub);
}

struct names { GString *all; };

static void add_name(void *arg, const struct hg_channel_status *status)
{
	g_string_append_printf(((struct names *)arg)->all, "%s ", status->name);
}

static void assert_names(struct hub *hub, const char *want)
{
	struct names names = { g_string_new(NULL) };

	hg_channels_list(hub->channels, add_name, &names);
	assert_string_equal(names.all->str, want);
	g_string_free(names.all, TRUE);
}

static void channels_come_and_go_with_the_config(void **state)
{
	struct hub hub;
	struct reply reply;

	(void)state;
	hub_new(&hub, ONE "  two: { adapter: naughty }\n");
	assert_names(&hub, "one two ");
	hub_reload(&hub, "  three: { adapter: naughty }\n" ONE);
	HUB_WAIT(&hub, hub.seen->closes == 1);
	hub_settle(&hub);
	assert_names(&hub, "three one ");
	hub_request(&hub, "POST", "/channel/two/webhook", "x", NULL, &reply);
	assert_int_equal(reply.status, 404);
	reply_clear(&reply);
	hub_request(&hub, "POST", "/channel/three/webhook", "x", NULL, &reply);
	assert_int_equal(reply.status, 200);
	reply_clear(&reply);
	assert_int_equal(hub.seen->opens, 3);
	hub_free(&hub);
}

static void what_a_slow_restart_overtakes_is_what_comes_up(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_send(&hub, "one", "emit fine");
	hub_reload(&hub, "  one: { adapter: naughty, mode: a, note: a }\n");
	hub_settle(&hub);
	assert_string_equal(hub_status(&hub, "one").state, "stopping");
	/* While it drains: away, and back with other options. */
	hub_reload(&hub, "  two: { adapter: naughty }\n");
	hub_reload(&hub, "  one: { adapter: naughty, mode: b, note: b }\n");
	hub_release(&hub);
	HUB_WAIT(&hub, strcmp(hub.seen->note, "b") == 0);
	hub_settle(&hub);
	assert_names(&hub, "one ");
	assert_string_equal(hub_status(&hub, "one").state, "running");
	hub_free(&hub);
}

static void stopping_during_a_restart_stops(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_set_sink(&hub, SINK_HOLD);
	hub_send(&hub, "one", "emit fine");
	hub_reload(&hub, "  one: { adapter: naughty, mode: a }\n");
	hub_stop(&hub);
	assert_int_equal(hub.seen->opens, 1);
	hub_free(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plan_is_split_and_copied),
		cmocka_unit_test(a_plan_that_does_not_hold_is_refused_whole),
		cmocka_unit_test(limits_are_the_newest_generation_s),
		cmocka_unit_test(plans_hold_their_generation_while_others_come_and_go),
		cmocka_unit_test(a_channel_whose_options_are_the_same_goes_on),
		cmocka_unit_test(options_once_told_stay_as_long_as_the_adapter_holds_them),
		cmocka_unit_test(changes_that_can_be_told_are_and_others_restart_it),
		cmocka_unit_test(channels_come_and_go_with_the_config),
		cmocka_unit_test(what_a_slow_restart_overtakes_is_what_comes_up),
		cmocka_unit_test(stopping_during_a_restart_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_replay.c - what other rules make of decisions that were made, and of their threads */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "replay.h"
#include "trial.h"

#define IGNORE_HELLO "- { name: hello, when: { text: { contains: hello } }, do: { ignore: noise } }\n"
#define CONVERT_HELP "- { name: help, when: { text: { contains: help } }, do: { convert: } }\n"
#define HOLD_BOT "- { name: bot, when: { text: { contains: bot } }, do: { hold: true } }\n"
#define NEW_ONLY "- { name: new, when: { thread: { has_ticket: false } }, do: { convert: } }\n"
#define AT_END "- { name: end, on: thread.closed, do: { convert: } }\n"

struct made {			/* a decision as it is stored; thread NULL: the end */
	const char *thread, *on, *text, *action, *rule;
	gint64 at_ms;
	gboolean has_ticket;
};

static hg_rules *compile(const char *yaml, const char *fallback)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
	const struct hg_rules_source source = { .rules = doc ? hg_doc_root(doc) : NULL, .fallback = fallback };
	hg_rules *rules = doc ? hg_rules_make(&source, diag) : NULL;
	g_autofree char *said = hg_diag_render(diag, FALSE);

	if (!rules)
		fail_msg("%s\ndoes not compile:\n%s", yaml, said);
	return rules;
}

static void take(hg_replay *replay, const struct made *made)
{
	struct hg_facts facts = { .on = made->on, .now_ms = made->at_ms, .channel = "wa", .text = made->text,
		.kind = made->text ? "text" : NULL, .proposal = made->text ? HG_PROPOSE_NEW : 0, .thread_state = "open",
		.has_ticket = made->has_ticket, .held = strcmp(made->on, "first_response") == 0, .messages = 1,
		.age_ms = -1, .idle_ms = -1, .since_ticket_ms = -1 };
	static const char *const tags[] = { "x", NULL };

	facts.after_ms = strcmp(made->on, "unanswered") == 0 ? 600000 : 0;
	facts.changed_tags = strcmp(made->on, "thread.changed") == 0 ? tags : NULL;

	hg_replay_take(replay, &(struct hg_replay_entry){ .thread_id = made->thread, .action = made->action,
		       .rule = made->rule, .at_ms = made->at_ms, .facts = &facts });
}

/* "message wait>ignore, settle convert>not asked; 1>0 of 1" */
static char *replayed(const char *yaml, const char *fallback, const struct made *made)
{
	hg_conf conf = { .engine = { .fallback = (char *)fallback, .settle_ms = 20000, .first_response_ms = 300000 } };
	g_autoptr(hg_rules) rules = compile(yaml, fallback);
	g_autoptr(hg_replay) replay = hg_replay_new(&conf, rules);
	GString *out = g_string_new(NULL);
	struct hg_replay_result result;
	const struct hg_replay_channel *channel;

	for (; made->thread; made++)
		take(replay, made);
	hg_replay_end(replay, 1000000);
	hg_replay_get(replay, &result);
	for (guint i = 0; i < result.changes->len; i++) {
		const struct hg_replay_change *change = &g_array_index(result.changes, struct hg_replay_change, i);

		g_string_append_printf(out, "%s%s %s>%s", i ? ", " : "", change->on, change->from, change->to);
	}
	channel = &g_array_index(result.channels, struct hg_replay_channel, 0);
	g_string_append_printf(out, "; %d>%d of %d", (int)channel->before, (int)channel->after,
			       (int)channel->conversations);
	return g_string_free(out, FALSE);
}

static const struct {
	const char *name, *rules, *fallback, *want;
	struct made made[5];
} cases[] = {
	{ "the same rules change nothing", IGNORE_HELLO, "convert", "; 1>1 of 2",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE }, { "b", "message", "hi", "wait", NULL, 2000, FALSE },
	    { "b", "settle", NULL, "convert", NULL, 22000, FALSE } } },
	{ "what is ignored now is not asked about later", CONVERT_HELP IGNORE_HELLO, "convert",
	  "message wait>ignore, settle convert>not asked; 1>0 of 1",
	  { { "a", "message", "hello", "wait", NULL, 1000, FALSE }, { "a", "settle", NULL, "convert", NULL, 21000, FALSE } } },
	{ "what is not ignored any more is asked about when it has settled", CONVERT_HELP, "convert",
	  "message ignore>wait, settle not asked>convert; 0>1 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE } } },
	{ "and the default of the other configuration answers", CONVERT_HELP, "ignore",
	  "message ignore>wait, settle not asked>ignore; 0>0 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE } } },
	{ "who waits is asked of in time, whoever waits anew meanwhile", CONVERT_HELP IGNORE_HELLO, "convert",
	  "message convert>wait, message convert>wait, message join>convert, settle not asked>convert; 2>2 of 2",
	  { { "a", "message", "hi", "convert", "x", 1000, FALSE }, { "b", "message", "hi", "convert", "x", 2000, FALSE },
	    { "a", "message", "help", "join", NULL, 3000, TRUE }, { "a", "message", "hi", "join", NULL, 90000, TRUE } } },
	{ "a ticket of now keeps rules for new matters away from the next message", NEW_ONLY, "convert",
	  "message ignore>convert, message wait>join, settle convert>not asked; 1>1 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE }, { "a", "message", "help", "wait", NULL, 2000, FALSE },
	    { "a", "settle", NULL, "convert", NULL, 22000, FALSE } } },
	{ "a message that joined a ticket finds none", IGNORE_HELLO, "convert",
	  "message convert>ignore, message join>wait, settle not asked>convert; 1>1 of 1",
	  { { "a", "message", "hello", "convert", "x", 1000, FALSE }, { "a", "message", "and?", "join", NULL, 2000, TRUE } } },
	{ "who is not held any more is not converted for lack of an answer", CONVERT_HELP, "ignore",
	  "message hold>wait, settle not asked>ignore, first_response convert>not asked; 1>0 of 1",
	  { { "a", "message", "bot", "hold", "bot", 1000, FALSE },
	    { "a", "first_response", NULL, "convert", NULL, 301000, FALSE } } },
	{ "a hold that nobody answered is a ticket whatever rules say", HOLD_BOT, "ignore", "; 1>1 of 1",
	  { { "a", "message", "bot", "hold", "bot", 1000, FALSE },
	    { "a", "first_response", NULL, "convert", NULL, 301000, FALSE } } },
	{ "an end is judged as long as there is no ticket", IGNORE_HELLO AT_END, "convert", "thread.closed none>convert; 0>1 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE },
	    { "a", "thread.closed", NULL, "none", NULL, 90000, FALSE } } },
	{ "what happens makes a ticket by other rules, once", IGNORE_HELLO
	  "- { name: tagged, on: thread.changed, when: { changed: { tag: x } }, do: { convert: } }\n", "convert",
	  "thread.changed none>convert; 0>1 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE },
	    { "a", "thread.changed", NULL, "none", NULL, 2000, FALSE }, { "a", "thread.changed", NULL, "none", NULL, 3000, FALSE },
	    { "a", "ticket.status", NULL, "none", NULL, 4000, FALSE } } },
	{ "nobody asked about a time makes no ticket by another one", IGNORE_HELLO
	  "- { name: other, on: { unanswered: 20m }, do: { convert: } }\n", "convert", "unanswered convert>none; 1>0 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE },
	    { "a", "unanswered", NULL, "convert", "w", 601000, FALSE } } },
	{ "and the same time the same one", "- { name: w, on: { unanswered: 10m }, do: { convert: } }\n" IGNORE_HELLO, "convert",
	  "; 1>1 of 1",
	  { { "a", "message", "hello", "ignore", "hello", 1000, FALSE },
	    { "a", "unanswered", NULL, "convert", "w", 601000, FALSE } } },
	{ "a ticket from before the time asked for stays one", IGNORE_HELLO, "convert", "; 1>1 of 1",
	  { { "a", "message", "again", "join", NULL, 1000, TRUE } } },
};

static void other_rules_are_followed_through_the_thread(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = replayed(cases[i].rules, cases[i].fallback, cases[i].made);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n  got  %s\n  want %s", cases[i].name, got, cases[i].want);
	}
}

static void decisions_without_facts_are_counted_and_left_alone(void **state)
{
	hg_conf conf = { .engine = { .settle_ms = 1 } };
	g_autoptr(hg_rules) rules = compile("[]", "convert");
	g_autoptr(hg_replay) replay = hg_replay_new(&conf, rules);
	struct hg_replay_result result;

	(void)state;
	hg_replay_take(replay, &(struct hg_replay_entry){ .thread_id = "a", .action = "convert" });
	hg_replay_end(replay, 10);
	hg_replay_get(replay, &result);
	assert_int_equal(result.unreadable, 1);
	assert_int_equal(result.decisions, 0);
	assert_int_equal(result.threads, 0);
}

static void rates_have_the_names_of_their_bands(void **state)
{
	static const struct { gint64 tickets, all; const char *want; } bands[] = {
		{ 0, 0, "-" }, { 19, 100, "great" }, { 20, 100, "healthy" }, { 35, 100, "healthy" }, { 36, 100, "high" },
		{ 40, 100, "high" }, { 41, 100, "bad" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bands); i++)
		assert_string_equal(hg_replay_band(bands[i].tickets, bands[i].all), bands[i].want);
}

static void addresses_get_their_scheme(void **state)
{
	static const struct { const char *text, *want; } addresses[] = {
		{ "+447700900123", "tel:+447700900123" }, { "ana@example.com", "mailto:ana@example.com" },
		{ "widget:abc", "widget:abc" }, { "whatsapp:a@b", "whatsapp:a@b" }, { "Ana", NULL }, { ":x", NULL }, { "", NULL },
	};
	g_autoptr(hg_arena) arena = hg_arena_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		const char *got = hg_trial_address(arena, addresses[i].text);

		if (g_strcmp0(got, addresses[i].want) != 0)
			fail_msg("%s: %s", addresses[i].text, got ? got : "no address");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_rules_are_followed_through_the_thread),
		cmocka_unit_test(decisions_without_facts_are_counted_and_left_alone),
		cmocka_unit_test(rates_have_the_names_of_their_bands),
		cmocka_unit_test(addresses_get_their_scheme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

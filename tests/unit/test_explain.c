/* test_explain.c - decisions made again from what was kept */
#include "store_fixture.h"

#include <string.h>

#include "explain.h"
#include "json.h"
#include "rules.h"

static const char yaml[] =
	"- { name: noise, when: { text: { matches: '^hi$' }, thread: { has_ticket: false } }, do: { ignore: noise } }\n"
	"- { name: human, when: { any: [ { text: { contains: human } }, { tag: vip } ] }, do: { convert: } }\n"
	"- { name: rest, on: [message, settle], when: { not: { echo: false } }, do: { hold: true } }\n";

struct scene {
	struct world *w;
	hg_thread *thread;
	hg_message *hello, *human, *answer;
};

static void decide(struct scene *s, hg_message *message, hg_decision like, const char *facts)
{
	hg_decision *decision = hg_arena_alloc(s->w->arena, sizeof(*decision));
	hg_event *event = hg_arena_alloc(s->w->arena, sizeof(*event));

	*decision = like;
	decision->thread_n = s->thread->n;
	decision->message_n = message ? message->n : 0;
	decision->at_ms = test_now_ms;
	decision->facts = facts;
	decision->prev_n = s->thread->last_decision_n;
	must(hg_store_decision_add(s->w->store, decision, e));
	s->thread->last_decision_n = decision->n;
	if (!message)
		return;		/* no event: settle that holds */
	*event = (hg_event){ .thread_n = s->thread->n, .seq = s->thread->last_seq + 1,
		.prev_n = s->thread->last_event_n, .type = "message.received", .at_ms = test_now_ms, .data = "{}",
		.message_n = message->n, .decision_n = decision->n };
	hg_id_new(&test_env, "evt", event->id);
	must(hg_store_event_add(s->w->store, event, e));
	s->thread->last_event_n = event->n;
	s->thread->last_seq = event->seq;
}

/* Those of other threads lie between: the chain leads past them. */
static void decisions_of_others_are_not_gone_through(void **state)
{
	struct scene *s = *state;
	g_autoptr(GPtrArray) newest = g_ptr_array_new();
	hg_decision other = { .thread_n = s->thread->n, .at_ms = T0, .config_hash = "c0ffee", .on = "message", .action = "wait" };

	/* In the thread's name, but not in its chain. */
	must(hg_store_begin(s->w->store, e));
	must(hg_store_decision_add(s->w->store, &other, e));
	must(hg_store_commit(s->w->store, e));
	must(hg_store_decision_list(s->w->store, s->w->arena, s->thread->last_decision_n, 100, newest, e));
	assert_int_equal(newest->len, world_count(s->w, "SELECT count(*) - 1 FROM decision"));
	assert_int_equal(((hg_decision *)g_ptr_array_index(newest, 0))->n, s->thread->last_decision_n);
}

static int scene_new(void **state)
{
	struct scene *s = g_new0(struct scene, 1);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("/etc/headgate/headgate.yaml", yaml, diag);
	g_autofree char *kept = hg_rules_keep_all(&(struct hg_rules_source){ .rules = hg_doc_root(doc), .fallback = "convert" });

	world_new((void **)&s->w);
	must(hg_store_begin(s->w->store, e));
	must(hg_store_config_keep(s->w->store, "c0ffee", kept, T0, e));
	s->thread = a_thread(s->w, a_contact(s->w, "Ana"), "");
	s->hello = a_message(s->w, s->thread, HG_INBOUND, "hi");
	decide(s, s->hello, (hg_decision){ .config_hash = "c0ffee", .on = "message", .action = "ignore", .rule = "noise",
		.file = "/etc/headgate/headgate.yaml", .line = 1 },
	       "{\"on\":\"message\",\"proposal\":\"new\",\"proposal_reason\":\"no open ticket in 7d\"}");
	test_now_ms += 20000;
	decide(s, NULL, (hg_decision){ .config_hash = "c0ffee", .on = "settle", .action = "hold" },
	       "{\"on\":\"settle\",\"messages\":1}");
	s->human = a_message(s->w, s->thread, HG_INBOUND, "a human, please");
	decide(s, s->human, (hg_decision){ .config_hash = "c0ffee", .on = "message", .action = "convert",
		.rule = "human", .file = "/etc/headgate/headgate.yaml", .line = 2 }, "{\"on\":\"message\"}");
	s->answer = a_message(s->w, s->thread, HG_OUTBOUND, "here I am");
	must(hg_store_thread_update(s->w->store, s->thread, e));
	must(hg_store_commit(s->w->store, e));
	*state = s;
	return 0;
}

static int scene_free(void **state)
{
	struct scene *s = *state;

	world_free((void **)&s->w);
	g_free(s);
	return 0;
}

static json_object *explained(struct scene *s, const hg_message *message)
{
	g_autoptr(GString) out = g_string_new(NULL);
	json_object *parsed;

	if (message)
		must(hg_explain_message(s->w->store, s->w->arena, message, out, e));
	else
		must(hg_explain_thread(s->w->store, s->w->arena, s->thread, out, e));
	parsed = hg_json_parse(out->str, out->len, NULL, NULL);
	if (!parsed)
		fail_msg("no JSON: %s", out->str);
	return parsed;
}

static json_object *decision_at(json_object *answer, size_t i)
{
	return json_object_array_get_idx(hg_json_arr(answer, "decisions"), i);
}

static void a_message_shows_its_decision_and_what_followed_for_people(void **state)
{
	struct scene *s = *state;
	g_autoptr(json_object) answer = explained(s, s->hello);
	g_autofree char *want = g_strdup_printf(
		"message  %s  -  2025-11-20 10:02:11  \"hi\"\n"
		"  2025-11-20 10:02:11  on message\n"
		"    thread          new: no open ticket in 7d\n"
		"    rule 1          MATCH  noise  headgate.yaml:1\n"
		"    rule 2          -      human  headgate.yaml:2  not looked at\n"
		"    rule 3          -      rest  headgate.yaml:3  not looked at\n"
		"    decision        ignore, by rule 'noise' (headgate.yaml:1)\n"
		"    to change this  edit /etc/headgate/headgate.yaml:1\n"
		"    config          c0ffee\n"
		"  2025-11-20 10:02:31  on settle\n"
		"    rule 1          -      noise  headgate.yaml:1  on: wants message, has settle\n"
		"    rule 2          -      human  headgate.yaml:2  on: wants message, has settle\n"
		"    rule 3          -      rest  headgate.yaml:3  echo: wants anything but false, has false\n"
		"    decision        hold: no rule decided, so the default or a deadline did\n"
		"    config          c0ffee\n", s->hello->id);

	assert_string_equal(hg_json_str(answer, "text"), want);
	assert_int_equal(json_object_array_length(hg_json_arr(answer, "decisions")), 2);
	assert_string_equal(hg_json_str(hg_json_obj(answer, "subject"), "id"), s->hello->id);
	assert_string_equal(hg_json_str(decision_at(answer, 0), "proposal"), "new");
	assert_string_equal(hg_json_str(decision_at(answer, 0), "message_id"), s->hello->id);
	assert_int_equal(json_object_array_length(hg_json_arr(decision_at(answer, 1), "trace")), 3);
	assert_null(hg_json_str(decision_at(answer, 0), "note"));
}

static void a_thread_shows_all_its_decisions(void **state)
{
	struct scene *s = *state;
	g_autoptr(json_object) answer = explained(s, NULL);
	const char *text = hg_json_str(answer, "text");

	assert_int_equal(json_object_array_length(hg_json_arr(answer, "decisions")), 3);
	assert_non_null(strstr(text, "rule 1          -      noise  headgate.yaml:1  "
				     "text.matches: wants ^hi$, has \"a human, please\"\n"));
	assert_non_null(strstr(text, "rule 2          MATCH  human  headgate.yaml:2\n"));
}

static void what_no_rule_was_asked_about_says_so(void **state)
{
	struct scene *s = *state;
	g_autoptr(json_object) answer = explained(s, s->answer);

	assert_int_equal(json_object_array_length(hg_json_arr(answer, "decisions")), 0);
	assert_non_null(strstr(hg_json_str(answer, "text"), "  no decision: "));
}

static void what_cannot_be_made_again_says_why(void **state)
{
	static const struct { const char *sql, *note; } cases[] = {
		{ "UPDATE config SET text = '[broken'", "the rules of its configuration were not kept" },
		{ "DELETE FROM config", "the rules of its configuration were not kept" },
		{ "UPDATE decision SET facts = NULL", "its facts were not kept" },
		{ "UPDATE decision SET facts = '{\"on\":7}'", "its facts were not kept" },
		{ "UPDATE message SET edited_ms = 5", "the message was changed after this decision" },
		{ "UPDATE message SET text = 'human'", "judged again, rule 'human' decides" },
	};
	struct scene *s = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(json_object) answer = NULL;
		const char *note;

		world_plant(s->w, cases[i].sql);
		answer = explained(s, s->hello);
		note = hg_json_str(decision_at(answer, 0), "note");
		if (!note || !g_str_has_prefix(note, cases[i].note))
			fail_msg("%s: %s", cases[i].sql, note);
		assert_string_equal(hg_json_str(decision_at(answer, 0), "action"), "ignore");
		scene_free(state);
		scene_new(state);
		s = *state;
	}
}

int main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, scene_new, scene_free)
	const struct CMUnitTest tests[] = {
		SCENE(a_message_shows_its_decision_and_what_followed_for_people),
		SCENE(a_thread_shows_all_its_decisions),
		SCENE(what_no_rule_was_asked_about_says_so),
		SCENE(what_cannot_be_made_again_says_why),
		SCENE(decisions_of_others_are_not_gone_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_rules_intent.c - rules that ask what a message is about: only when they have to, and the same for ever */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "rules.h"

#define HG_N(array) G_N_ELEMENTS(array)

/* small.intent knows refund, delivery and hours. */
static char *model_path(void)
{
	g_autofree char *path = g_build_filename(g_getenv("srcdir") ?: ".", "tests/data/intent/small.intent", NULL);

	/* What is relative belongs to the configuration's folder. */
	return g_canonicalize_filename(path, NULL);
}

typedef struct asking {
	hg_rules *rules;
	char *kept;
} asking;

static void asking_clear(struct asking *made)
{
	hg_rules_free(made->rules);
	g_free(made->kept);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(asking, asking_clear)

static struct asking make(const char *bar, const char *rules)
{
	g_autofree char *path = model_path();
	g_autofree char *yaml = g_strdup_printf("intent: { model: %s%s }\nrules:\n%s", path, bar, rules);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("/test.yaml", yaml, diag);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	g_autoptr(hg_intent_conf) intent = hg_intent_conf_read(hg_node_get(root, "intent"), diag);
	const struct hg_rules_source source = { .rules = hg_node_get(root, "rules"), .intent = intent };
	struct asking made = { .rules = hg_rules_make(&source, diag), .kept = hg_rules_keep_all(&source) };
	g_autofree char *said = hg_diag_render(diag, FALSE);

	if (!made.rules || *said)
		fail_msg("%s\n%s", yaml, said);
	return made;
}

static gboolean matches(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena)
{
	struct hg_verdict verdict;

	hg_rules_judge(rules, facts, arena, &verdict, NULL);
	return verdict.matched != NULL;
}

/* R2.2, R0.10 (topic): by the bar of the configuration, by its own, and what reaches none. */
static void a_message_is_about_what_the_model_says(void **state)
{
	static const struct { const char *bar, *when, *text; gboolean want; } cases[] = {
		{ "", "{ intent: refund }", "I want my money back", TRUE },
		{ "", "{ intent: delivery }", "I want my money back", FALSE },
		{ "", "{ intent: [hours, refund] }", "I want my money back", TRUE },
		{ "", "{ intent: { is: delivery, min_confidence: 0.8 } }", "where is my parcel please", TRUE },
		{ "", "{ intent: { is: delivery, min_confidence: 0.99 } }", "where is my parcel please", FALSE },
		{ ", min_confidence: 0.99", "{ intent: delivery }", "where is my parcel please", FALSE },
		{ ", min_confidence: 0.99", "{ intent: { is: delivery, min_confidence: 0.8 } }", "where is my parcel please", TRUE },
		{ "", "{ intent: delivery }", "the zorgblat parcel xyzzy", FALSE },	/* sure, but of strange words */
		{ "", "{ intent: { is: delivery, min_known: 0.3 } }", "the zorgblat parcel xyzzy", TRUE },
		{ ", min_known: 0", "{ intent: delivery }", "the zorgblat parcel xyzzy", TRUE },
		{ "", "{ intent: { unknown: true } }", "the zorgblat parcel xyzzy", TRUE },
		{ "", "{ intent: { unknown: true } }", "hello there", TRUE },
		{ "", "{ intent: { unknown: true } }", "I want my money back", FALSE },
		{ "", "{ intent: { unknown: false } }", "I want my money back", TRUE },
		{ "", "{ not: { intent: refund } }", "hello there", TRUE },
		/* Without a word, and without a message, it is about nothing and not unknown either. */
		{ "", "{ intent: { unknown: true } }", "?!", FALSE },
		{ "", "{ intent: { unknown: false } }", "?!", FALSE },
		{ "", "{ intent: { unknown: true } }", NULL, FALSE },
		{ ", min_confidence: 0, min_known: 0", "{ intent: [refund, delivery, hours] }", NULL, FALSE },
	};

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		g_autofree char *rule = g_strdup_printf("- { name: r, when: %s, do: { tag: x } }\n", cases[i].when);
		g_auto(asking) made = make(cases[i].bar, rule);
		g_autoptr(hg_arena) arena = hg_arena_new();
		const struct hg_facts facts = { .on = "message", .text = cases[i].text };

		if (matches(made.rules, &facts, arena) != cases[i].want)
			fail_msg("case %zu: %s on \"%s\"", i, cases[i].when, cases[i].text);
	}
}

static void the_model_is_asked_only_when_a_rule_wants_to_know(void **state)
{
	g_auto(asking) made = make("", "- { name: a, when: { intent: refund, thread: { has_ticket: true } }, do: { tag: x } }\n"
				     "- { name: b, when: { channel: x }, do: { ignore: y } }\n"
				     "- { name: c, when: { intent: refund }, do: { tag: z } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = { .on = "message", .text = "I want my money back", .channel = "x" };
	struct hg_verdict verdict;

	(void)state;
	hg_rules_judge(made.rules, &facts, arena, &verdict, NULL);
	assert_null(verdict.intent);
	facts.channel = "y";
	hg_rules_judge(made.rules, &facts, arena, &verdict, NULL);
	assert_non_null(strstr(verdict.intent, "\"label\":\"refund\""));
	assert_string_equal(g_ptr_array_index(verdict.tags, 0), "z");
}

static char *trace_of(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena, struct hg_verdict *ret)
{
	GString *trace = g_string_new(NULL);

	hg_rules_judge(rules, facts, arena, ret, trace);
	return g_string_free(trace, FALSE);
}

/* R2.7, promise 7: kept rules and kept facts, without the model, give the same trace to the byte. */
static void what_was_heard_is_kept_and_explains_itself_without_the_model(void **state)
{
	static const char *const texts[] = { "I want my money back", "hello there", "?!", "the zorgblat parcel xyzzy",
					     ("gib mir \"mein\" Geld zur\xc3\xbc" "ck \\ 4711") };
	g_auto(asking) made = make("", "- { name: a, when: { intent: { is: [refund, hours], min_confidence: 0.8 } }, do: { tag: x } }\n"
				     "- { name: b, when: { intent: { unknown: true } }, do: { tag: y } }\n");
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_rules) again = hg_rules_again(made.kept, diag);

	(void)state;
	assert_non_null(again);
	assert_null(hg_rules_intent(again)->model);
	for (gsize i = 0; i < HG_N(texts); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autoptr(GString) kept = g_string_new(NULL), twice = g_string_new(NULL);
		struct hg_facts facts = { .on = "message", .text = texts[i] }, later;
		struct hg_verdict first, second;
		g_autofree char *trace = trace_of(made.rules, &facts, arena, &first), *trace_later = NULL;

		facts.intent = first.intent;
		hg_facts_write(&facts, FALSE, kept);
		assert_true(hg_facts_read(kept->str, arena, &later, NULL));
		hg_facts_write(&later, FALSE, twice);
		assert_string_equal(kept->str, twice->str);
		later.text = texts[i];
		trace_later = trace_of(again, &later, arena, &second);
		assert_string_equal(trace_later, trace);
		assert_null(second.intent);
	}
}

static void a_trace_names_label_confidence_known_and_words(void **state)
{
	g_auto(asking) made = make("", "- { name: a, when: { intent: hours }, do: { tag: x } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_verdict verdict;
	const struct hg_facts facts = { .on = "message", .text = "I want my money back" };
	g_autofree char *trace = trace_of(made.rules, &facts, arena, &verdict);

	(void)state;
	if (!strstr(trace, "\"want\":\"hours, from 0.70 known 0.50 on\",\"got\":\"refund 0.98 known 1.00: \\\"money\\\" +1.9, "
			   "\\\"back\\\" +0.9"))
		fail_msg("%s", trace);
}

/* Rules with another model hear anew: what was kept is the old one's. */
static void rules_with_a_model_ask_it_whatever_was_kept(void **state)
{
	g_auto(asking) made = make("", "- { name: a, when: { intent: refund }, do: { tag: x } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = { .on = "message", .text = "I want my money back",
		.intent = "{\"label\":\"hours\",\"confidence\":\"0.99\",\"known\":\"1.00\",\"why\":\"\"}" };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_rules) again = hg_rules_again(made.kept, diag);

	(void)state;
	assert_true(matches(made.rules, &facts, arena));
	assert_false(matches(again, &facts, arena));
	facts.intent = "{\"label\":\"refund\",\"confidence\":\"0.70\",\"known\":\"0.50\",\"why\":\"\"}";
	assert_true(matches(again, &facts, arena));
	facts.intent = "{\"label\":\"refund\",\"confidence\":\"high\",\"known\":\"0.50\"}";
	assert_false(matches(again, &facts, arena));
	facts.intent = NULL;
	assert_false(matches(again, &facts, arena));
}

/* What identifies rules has to tell one model from another. */
static void kept_rules_name_the_model_and_its_bar(void **state)
{
	g_auto(asking) made = make(", min_known: 0.4", "- { name: a, when: { intent: refund }, do: { tag: x } }\n");
	g_autofree char *path = model_path();
	g_autoptr(hg_intent) model = hg_intent_load(path, NULL);
	g_autofree char *want = g_strdup_printf("\"intent\":{\"sha256\":\"%s\",\"min_confidence\":\"0.70\","
						"\"min_known\":\"0.40\"}", hg_intent_hash(model));

	(void)state;
	if (!strstr(made.kept, want))
		fail_msg("%s", made.kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_about_what_the_model_says),
		cmocka_unit_test(the_model_is_asked_only_when_a_rule_wants_to_know),
		cmocka_unit_test(what_was_heard_is_kept_and_explains_itself_without_the_model),
		cmocka_unit_test(a_trace_names_label_confidence_known_and_words),
		cmocka_unit_test(rules_with_a_model_ask_it_whatever_was_kept),
		cmocka_unit_test(kept_rules_name_the_model_and_its_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

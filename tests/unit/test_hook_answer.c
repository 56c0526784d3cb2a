/* test_hook_answer.c - what hooks say: read, put together, seen by rules, kept
 *
 * R0.13, R1.12, R2.3: account data, order data and an external classifier's word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "hook_answer.h"
#include "json.h"
#include "outside.h"
#include "rules.h"

/* ---- one answer ---- */

static void an_answer_is_read_as_far_as_it_is_known(void **state)
{
	static const struct { const char *said, *want; } cases[] = {
		{ "{}", "{}" },
		{ " { \"x\": [1] } ", "{}" },
		{ "{\"contact\":null,\"message\":{},\"thread\":{\"x\":1}}", "{}" },
		{ "{\"contact\":{\"tier\":\"gold\",\"name\":null,\"age\":7}}", "{\"contact\":{\"tier\":\"gold\"}}" },
		{ "{\"thread\":{\"fields\":{\"n\":-1.50,\"b\":true,\"u\":\"a/b\",\"g\":null,\"e\":\"\"},\"tags\":[]}}",
		  "{\"thread\":{\"tags\":[],\"fields\":{\"n\":-1.50,\"b\":true,\"u\":\"a/b\",\"g\":null,\"e\":\"\"}}}" },
		{ "{\"message\":{\"language\":\"de\",\"intent\":\"refund\"}}",
		  "{\"message\":{\"intent\":\"refund\",\"language\":\"de\"}}" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(json_object) answer = hg_hook_answer_read(cases[i].said, strlen(cases[i].said), &error);

		if (!answer)
			fail_msg("%s: %s", cases[i].said, error->message);
		assert_string_equal(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_NOSLASHESCAPE), cases[i].want);
	}
}

static void what_is_no_answer_is_refused_with_its_place(void **state)
{
	static const struct { const char *said, *why; } cases[] = {
		{ "", "" }, { "hello", "" }, { "[]", "the answer is no JSON object" },
		{ "{\"contact\":[]}", "contact: an object is wanted" },
		{ "{\"contact\":{\"tier\":1}}", "contact.tier: a text is wanted" },
		{ "{\"contact\":{\"tier\":\"\"}}", "contact.tier: it is empty" },
		{ "{\"contact\":{\"tags\":\"a\"}}", "contact.tags: a list of texts" },
		{ "{\"thread\":{\"tags\":[\"a\",1]}}", "thread.tags: a text is wanted" },
		{ "{\"message\":{\"sentiment\":\"a\\u0007\"}}", "message.sentiment: it is empty, or has control" },
		{ "{\"message\":{\"fields\":[]}}", "message.fields: an object is wanted" },
		{ "{\"message\":{\"fields\":{\"a b\":1}}}", "message.fields.a b: names have 1 to 64" },
		{ "{\"message\":{\"fields\":{\"a\":[]}}}", "message.fields.a: a text, a number" },
		{ "{\"message\":{\"fields\":{\"a\":1,\"a\":2}}}", "" },
		{ "{\"message\":{\"fields\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}", "" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		if (hg_hook_answer_read(cases[i].said, strlen(cases[i].said), &error))
			fail_msg("%s is read", cases[i].said);
		if (!g_str_has_prefix(error->message, cases[i].why))
			fail_msg("%s: %s", cases[i].said, error->message);
	}
}

/* head, then n times one with its number in it, then tail. */
static char *many(const char *head, const char *before, const char *behind, guint n, const char *tail)
{
	GString *all = g_string_new(head);

	for (guint i = 0; i < n; i++)
		g_string_append_printf(all, "%s%s%u%s", i ? "," : "", before, i, behind);
	g_string_append(all, tail);
	return g_string_free(all, FALSE);
}

static void each_limit_of_an_answer_is_kept(void **state)
{
	static const struct { const char *head, *before, *behind; guint most; const char *tail; } cases[] = {
		{ "{\"contact\":{\"tags\":[", "\"t", "\"", 50, "]}}" },
		{ "{\"contact\":{\"fields\":{", "\"f", "\":1", 100, "}}}" },
	};
	g_autofree char *long_text = g_strnfill(1024, 'x'), *long_word = g_strnfill(120, 'x');
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		for (guint more = 0; more < 2; more++) {
			g_autofree char *said = many(cases[i].head, cases[i].before, cases[i].behind, cases[i].most + more,
						      cases[i].tail);
			g_autoptr(GError) error = NULL;
			g_autoptr(json_object) answer = hg_hook_answer_read(said, strlen(said), &error);

			assert_int_equal(answer == NULL, more);
			assert_true(!more || error->code == HG_ERROR_LIMIT);
		}
	for (guint more = 0; more < 2; more++) {
		g_autofree char *text = g_strdup_printf("{\"thread\":{\"fields\":{\"a\":\"%s%s\"}}}", long_text, more ? "y" : "");
		g_autofree char *word = g_strdup_printf("{\"contact\":{\"tier\":\"%s%s\"}}", long_word, more ? "y" : "");
		g_autoptr(json_object) a = hg_hook_answer_read(text, strlen(text), NULL), b = hg_hook_answer_read(word, strlen(word), NULL);

		assert_int_equal(a == NULL, more);
		assert_int_equal(b == NULL, more);
	}
}

/* ---- a default in a configuration ---- */

static void a_wrong_default_is_told_with_its_place(void **state)
{
	static const char yaml[] =
		"a: { contact: { teir: gold } }\n"
		"b: { contakt: { tier: gold } }\n"
		"c: { thread: { fields: { plan: { x: 1 } } } }\n"
		"d: { message: { intent: [a] } }\n"
		"e: gold\n";
	static const char want[] =
		"test.yaml:1:17: error: contact has no 'teir'\n"
		"     1 | a: { contact: { teir: gold } }\n       |                 ^\n       = did you mean 'tier'?\n"
		"test.yaml:2:6: error: b has no 'contakt'\n"
		"     2 | b: { contakt: { tier: gold } }\n       |      ^\n       = did you mean 'contact'?\n"
		"test.yaml:3:32: error: c: thread.fields.plan: a text, a number, true, false or null is wanted\n"
		"     3 | c: { thread: { fields: { plan: { x: 1 } } } }\n       |                                ^\n"
		"test.yaml:4:25: error: d: message.intent: a text is wanted\n"
		"     4 | d: { message: { intent: [a] } }\n       |                         ^\n"
		"test.yaml:5:4: error: e is a map: that is wanted here, not 'gold'";
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
	g_autofree char *said = NULL;
	(void)state;

	for (guint i = 0; i < hg_node_size(hg_doc_root(doc)); i++)
		assert_null(hg_hook_answer_of_node(hg_node_value(hg_doc_root(doc), i), hg_node_key(hg_doc_root(doc), i), diag));
	said = hg_diag_render(diag, FALSE);
	if (!g_str_has_prefix(said, want))
		fail_msg("got\n%s\nwanted\n%s", said, want);
}

/* ---- several answers ---- */

struct lab {
	hg_arena *arena;
	hg_diag *diag;
	hg_doc *doc;
	hg_conf conf;
	struct hg_hook_conf hooks[2];
};

static int lab_new(void **state)
{
	struct lab *lab = g_new0(struct lab, 1);

	lab->arena = hg_arena_new();
	lab->diag = hg_diag_new();
	lab->doc = hg_doc_parse("test.yaml", "contact: { tier: standard, fields: { plan: free, zip: \"01234\" } }\n"
				"message: { sentiment: calm }\nthread: { tags: [unknown] }\n", lab->diag);
	lab->hooks[0] = (struct hg_hook_conf){ .name = (char *)"crm", .fallback = hg_doc_root(lab->doc) };
	lab->hooks[1] = (struct hg_hook_conf){ .name = (char *)"mood" };
	lab->conf.hooks = g_ptr_array_new();
	g_ptr_array_add(lab->conf.hooks, &lab->hooks[0]);
	g_ptr_array_add(lab->conf.hooks, &lab->hooks[1]);
	*state = lab;
	return 0;
}

static int lab_free(void **state)
{
	struct lab *lab = *state;

	g_ptr_array_unref(lab->conf.hooks);
	hg_doc_free(lab->doc);
	hg_diag_free(lab->diag);
	hg_arena_free(lab->arena);
	g_free(lab);
	return 0;
}

/* crm and mood: states with answers; state 0: not asked. */
static hg_outside fold(struct lab *lab, int crm, const char *crm_said, int mood, const char *mood_said)
{
	g_autoptr(GPtrArray) asks = g_ptr_array_new();
	hg_question a = { .hook = "crm", .state = crm, .answer = crm_said, .ms = crm == HG_QUESTION_ANSWERED ? 84 : -1,
		     .note = crm == HG_QUESTION_LATE ? "no answer" : NULL };
	hg_question b = { .hook = "mood", .state = mood, .answer = mood_said, .ms = -1 };
	hg_outside outside;

	if (mood)
		g_ptr_array_add(asks, &b);	/* the order of the questions is not that of the words */
	if (crm)
		g_ptr_array_add(asks, &a);
	hg_outside_fold(&lab->conf, asks, lab->arena, &outside);
	return outside;
}

#define CRM  "{\"contact\":{\"tier\":\"gold\",\"fields\":{\"plan\":\"pro\"}},\"message\":{\"sentiment\":\"angry\",\"fields\":{" \
	     "\"plan\":\"now\"}},\"thread\":{\"tags\":[\"a\"],\"fields\":{\"order\":\"A-1\",\"late\":5}}}"
#define MOOD "{\"contact\":{\"tier\":\"iron\"},\"message\":{\"sentiment\":\"sad\"},\"thread\":{\"tags\":[\"b\",\"a\"]}}"

static void a_later_hooks_word_goes_before_an_earlier_ones(void **state)
{
	hg_outside outside = fold(*state, HG_QUESTION_ANSWERED, CRM, HG_QUESTION_ANSWERED, MOOD);

	assert_string_equal(outside.facts, "{\"plan\":\"now\",\"order\":\"A-1\",\"late\":5,\"sentiment\":\"sad\"}");
	assert_string_equal(outside.known, "{\"tier\":\"iron\",\"fields\":{\"plan\":\"pro\"}}");
	assert_string_equal(outside.thread, "{\"tags\":[\"a\",\"b\"],\"fields\":{\"order\":\"A-1\",\"late\":5}}");
	assert_string_equal(outside.hooks, "{\"crm\":{\"outcome\":\"answered\",\"ms\":84},\"mood\":{\"outcome\":\"answered\"}}");
	assert_null(outside.assumed);
}

static void a_kept_answer_says_nothing_of_this_message(void **state)
{
	hg_outside outside = fold(*state, HG_QUESTION_CACHED, CRM, 0, NULL);

	assert_string_equal(outside.facts, "{\"plan\":\"pro\",\"order\":\"A-1\",\"late\":5}");
	assert_null(outside.known);	/* is kept already */
	assert_null(outside.assumed);
}

static void a_default_fills_what_is_not_known_and_is_not_kept(void **state)
{
	static const int states[] = { HG_QUESTION_LATE, HG_QUESTION_FAILED, HG_QUESTION_SKIPPED };
	struct lab *lab = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
		hg_outside outside = fold(lab, states[i], NULL, 0, NULL);
		struct hg_facts nobody = { 0 }, known = { .contact_tier = "gold", .contact_fields = "{\"plan\":\"pro\"}" };

		assert_null(outside.known);
		assert_string_equal(outside.facts, "{\"plan\":\"free\",\"zip\":\"01234\",\"sentiment\":\"calm\"}");
		hg_outside_see(&outside, lab->arena, &nobody);
		assert_string_equal(nobody.contact_tier, "standard");
		assert_string_equal(nobody.contact_fields, "{\"plan\":\"free\",\"zip\":\"01234\"}");
		assert_string_equal(nobody.tags[0], "unknown");
		hg_outside_see(&outside, lab->arena, &known);
		assert_string_equal(known.contact_tier, "gold");
		assert_string_equal(known.contact_fields, "{\"plan\":\"pro\",\"zip\":\"01234\"}");
	}
}

static void what_was_said_changes_a_contact_once(void **state)
{
	struct lab *lab = *state;
	hg_contact contact = { .name = "Ana", .tier = "silver", .fields = "{\"old\":1,\"plan\":\"free\"}", .tags = "[\"x\"]" };
	static const char said[] = "{\"tier\":\"gold\",\"name\":\"Dr. Lima\",\"external_id\":\"C-42\",\"tags\":[\"b2b\"],"
				   "\"fields\":{\"plan\":\"pro\",\"old\":null}}";

	assert_true(hg_outside_contact(said, lab->arena, &contact));
	assert_string_equal(contact.tier, "gold");
	assert_string_equal(contact.name, "Ana");
	assert_string_equal(contact.tags, "[\"b2b\"]");
	assert_string_equal(contact.fields, "{\"plan\":\"pro\",\"external_id\":\"C-42\"}");
	assert_false(hg_outside_contact(said, lab->arena, &contact));
	assert_false(hg_outside_contact(NULL, lab->arena, &contact));
}

static void a_contact_has_a_hundred_fields_and_no_more(void **state)
{
	struct lab *lab = *state;
	g_autofree char *full = many("{", "\"f", "\":1", 100, "}");
	g_autofree char *said = many("{\"fields\":{\"f7\":2,", "\"g", "\":1", 3, "}}");
	hg_contact contact = { .fields = full };
	g_autoptr(json_object) fields = NULL;

	assert_true(hg_outside_contact(said, lab->arena, &contact));
	fields = hg_json_parse(contact.fields, strlen(contact.fields), NULL, NULL);
	assert_int_equal(json_object_object_length(fields), 100);
	assert_int_equal(hg_json_int(fields, "f7", 0), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_read_as_far_as_it_is_known),
		cmocka_unit_test(what_is_no_answer_is_refused_with_its_place),
		cmocka_unit_test(each_limit_of_an_answer_is_kept),
		cmocka_unit_test(a_wrong_default_is_told_with_its_place),
		cmocka_unit_test_setup_teardown(a_later_hooks_word_goes_before_an_earlier_ones, lab_new, lab_free),
		cmocka_unit_test_setup_teardown(a_kept_answer_says_nothing_of_this_message, lab_new, lab_free),
		cmocka_unit_test_setup_teardown(a_default_fills_what_is_not_known_and_is_not_kept, lab_new, lab_free),
		cmocka_unit_test_setup_teardown(what_was_said_changes_a_contact_once, lab_new, lab_free),
		cmocka_unit_test_setup_teardown(a_contact_has_a_hundred_fields_and_no_more, lab_new, lab_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

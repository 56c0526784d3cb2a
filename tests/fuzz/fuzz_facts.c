/* fuzz_facts.c - any bytes as kept facts: read without a crash, written and read again the same, and
 * judged to the same trace */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static hg_rules *rules_make(void)
{
	static const char yaml[] =
		"- { name: a, on: [message, settle, thread.closed], when: { any: [ { text: { matches: 'a+b' } },\n"
		"    { contact: { field: { x: [y, 1] }, locale: de } }, { not: { tag: [t, u] } } ] }, do: { tag: z } }\n"
		"- { name: b, when: { thread: { age: { over: 5m }, messages: { at_least: 2 }, state: open } },\n"
		"    do: { set: { f: g }, reply: hi } }\n"
		"- { name: c, when: { thread: { field: { topic: billing } }, proposal: [new, join] }, do: { convert: } }\n"
		"- { name: d, when: { text: { equals: x }, contact: { name: { contains: ann } } }, do: { hold: true } }\n";
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("fuzz.yaml", yaml, diag);
	const struct hg_rules_source source = { .rules = doc ? hg_doc_root(doc) : NULL, .fallback = "convert" };
	hg_rules *rules = doc ? hg_rules_make(&source, diag) : NULL;

	g_assert_nonnull(rules);
	return rules;
}

static GString *judge(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena)
{
	GString *trace = g_string_new(NULL);
	struct hg_verdict quick, traced;

	hg_rules_judge(rules, facts, arena, &quick, NULL);
	hg_rules_judge(rules, facts, arena, &traced, trace);
	g_assert_cmpint(quick.action, ==, traced.action);
	g_assert_cmpstr(quick.rule, ==, traced.rule);
	g_assert_true((quick.tags == NULL) == (traced.tags == NULL));
	return trace;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static hg_rules *rules;
	g_autofree char *json = g_strndup((const char *)data, size);
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) once = g_string_new(NULL), twice = g_string_new(NULL);
	g_autoptr(GString) first = NULL, second = NULL;
	g_autoptr(GError) error = NULL;
	struct hg_facts facts, again;

	if (!rules)
		rules = rules_make();
	if (!hg_facts_read(json, arena, &facts, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	hg_facts_write(&facts, TRUE, once);
	g_assert_true(hg_facts_read(once->str, arena, &again, NULL));
	hg_facts_write(&again, TRUE, twice);
	g_assert_cmpstr(once->str, ==, twice->str);
	first = judge(rules, &facts, arena);
	second = judge(rules, &again, arena);
	g_assert_cmpstr(first->str, ==, second->str);
	return 0;
}

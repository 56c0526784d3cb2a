/* test_rules_reach.c - what check says can never match never does, whatever comes
 *
 * Rules are thrown together from conditions that have much in common, and judged on facts that hit them often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "rules.h"

#define FILES 250
#define RULES 12
#define FACTS 300

static const char *const leaves[] = {
	"channel: a", "channel: [a, b]", "channel: b", "kind: image", "kind: [image, text]", "tag: x", "tag: [x, y]",
	"automatic: true", "automatic: false", "proposal: new", "proposal: [new, join]", "attachments: 2",
	"text: { contains: help }", "text: { contains: [help, me] }", "text: { matches: 'h.l' }", "text: { empty: true }",
	"text: { empty: false }", "thread: { messages: 3 }", "thread: { messages: { at_least: 2 } }",
	"thread: { messages: { at_least: 4 } }", "thread: { messages: { at_most: 3 } }", "thread: { age: { over: 5m } }",
	"thread: { age: { over: 1m, under: 10m } }", "thread: { field: { f: [u, v] } }", "thread: { field: { f: u } }",
	"thread: { field: { g: u } }", "contact: { known: true }", "contact: { known: false, tier: gold }",
	"contact: { tier: [gold, silver] }", "contact: { locale: [de, fr] }", "contact: { locale: de-AT }",
};

static const char *pick(GRand *random, const char *const *words, guint n)
{
	return words[g_rand_int_range(random, 0, (gint32)n)];
}

/* A key stands in a map once: each condition has a map of its own. */
static void put_conditions(GRand *random, GString *out, int depth)
{
	static const char *const nests[] = { "all", "any", "not" };
	const char *nest = pick(random, nests, 3);
	int n = g_rand_int_range(random, 1, 4);

	if (depth == 0 || g_rand_int_range(random, 0, 3) == 0) {
		g_string_append_printf(out, "{ %s }", pick(random, leaves, G_N_ELEMENTS(leaves)));
		return;
	}
	g_string_append_printf(out, "{ %s: ", nest);
	if (strcmp(nest, "not") == 0) {
		put_conditions(random, out, depth - 1);
	} else {
		g_string_append(out, "[ ");
		for (int i = 0; i < n; i++) {
			g_string_append(out, i ? ", " : "");
			put_conditions(random, out, depth - 1);
		}
		g_string_append(out, " ]");
	}
	g_string_append(out, " }");
}

/* A rule a line, so that a warning's line is its number. */
static char *make_file(GRand *random)
{
	static const char *const on[] = { "message", "thread.closed", "[message, thread.closed]" };
	GString *out = g_string_new(NULL);

	for (int i = 0; i < RULES; i++) {
		g_string_append_printf(out, "- { name: r%d, on: %s, when: ", i, pick(random, on, 3));
		put_conditions(random, out, 3);
		g_string_append(out, g_rand_int_range(random, 0, 5) ? ", do: { hold: true } }\n" : ", do: { tag: z } }\n");
	}
	return g_string_free(out, FALSE);
}

static void put_facts(GRand *random, GString *out)
{
	static const char *const channels[] = { "a", "b", "c" }, *const texts[] = { "", " ", "help", "HELP me", "me", "hol" };
	static const char *const tags[] = { "[]", "[\"x\"]", "[\"y\"]", "[\"x\",\"z\"]" };
	static const char *const tiers[] = { "gold", "silver", "lead" }, *const locales[] = { "de", "de-AT", "fr", "en" };
	static const char *const fields[] = { "{}", "{\"f\":\"u\"}", "{\"f\":\"v\",\"g\":\"u\"}", "{\"g\":\"w\"}" };
	static const char *const bools[] = { "true", "false" }, *const proposals[] = { "new", "join", "reopen" };
	static const char *const kinds[] = { "image", "text", "file" };
	gboolean message = g_rand_boolean(random);

	g_string_printf(out, "{\"on\":\"%s\",\"channel\":\"%s\",\"tags\":%s,\"messages\":%d,\"age_ms\":%d,\"thread_fields\":%s,"
			"\"contact_new\":%s,\"contact_tier\":\"%s\",\"contact_locale\":\"%s\"",
			message ? "message" : "thread.closed", pick(random, channels, 3), pick(random, tags, 4),
			g_rand_int_range(random, 0, 6), g_rand_int_range(random, -1, 12) * 60000, pick(random, fields, 4),
			pick(random, bools, 2), pick(random, tiers, 3), pick(random, locales, 4));
	if (message)
		g_string_append_printf(out, ",\"text\":\"%s\",\"kind\":\"%s\",\"automatic\":%s,\"proposal\":\"%s\",\"files\":%d",
				       pick(random, texts, 6), pick(random, kinds, 3), pick(random, bools, 2),
				       pick(random, proposals, 3), g_rand_int_range(random, 0, 3));
	g_string_append_c(out, '}');
}

/* Bits of the rules that were warned of, on all events and on one. */
struct warned { guint all, message, closed; };

static struct warned read_warnings(hg_diag *diag)
{
	g_autofree char *said = hg_diag_render(diag, FALSE);
	g_auto(GStrv) lines = g_strsplit(said, "\n", -1);
	struct warned warned = { 0 };

	for (char **line = lines; *line; line++) {
		int number = 0;
		guint *into = strstr(*line, "on message") ? &warned.message : strstr(*line, "on thread.closed") ? &warned.closed
											      : &warned.all;

		if (sscanf(*line, "f.yaml:%d:", &number) == 1 && strstr(*line, "warning: ") && strstr(*line, "this rule"))
			*into |= 1U << (number - 1);
	}
	return warned;
}

/* What was warned of is told apart from chance: it may match, but not be reached. */
static guint judge_many(GRand *random, const hg_rules *rules, const struct warned *warned, const char *yaml)
{
	g_autoptr(GString) json = g_string_new(NULL);
	guint reached = 0;

	for (int i = 0; i < FACTS; i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_verdict verdict;
		struct hg_facts facts;
		guint never;

		put_facts(random, json);
		assert_true(hg_facts_read(json->str, arena, &facts, NULL));
		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		never = warned->all | (strcmp(facts.on, "message") == 0 ? warned->message : warned->closed);
		for (guint m = 0; verdict.matched && m < verdict.matched->len; m++) {
			int number = (int)g_ascii_strtoll((const char *)g_ptr_array_index(verdict.matched, m) + 1, NULL, 10);

			reached |= 1U << number;
			if (never & (1U << number))
				fail_msg("r%d is reached by %s\n%s", number, json->str, yaml);
		}
	}
	return reached;
}

static void what_is_said_to_be_out_of_reach_is(void **state)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(4711);
	guint said = 0, missed = 0;
	(void)state;

	for (int i = 0; i < FILES; i++) {
		g_autofree char *yaml = make_file(random);
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_doc) doc = hg_doc_parse("f.yaml", yaml, diag);
		g_autoptr(hg_rules) rules = hg_rules_make(&(struct hg_rules_source){ .rules = hg_doc_root(doc) }, diag);
		struct warned warned;
		guint reached;

		assert_non_null(rules);
		warned = read_warnings(diag);
		reached = judge_many(random, rules, &warned, yaml);
		said += (guint)__builtin_popcount(warned.all);
		missed += RULES - (guint)__builtin_popcount(reached | warned.all);
	}
	/* Enough was said for this to mean something. */
	print_message("%u of %d rules are told to be out of reach, %u more were not reached\n", said, FILES * RULES, missed);
	assert_true(said > 150);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(what_is_said_to_be_out_of_reach_is) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

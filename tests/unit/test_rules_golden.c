/* test_rules_golden.c - one file of rules for each kind of mistake, and the full text it gives
 *
 * With --write it writes the .out files again (make golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "golden_fixture.h"
#include "rules.h"

/* Patterns are tried for as long as it takes: what is found does not depend on how busy the machine is. */
static gint64 no_time(struct hg_env *env)
{
	(void)env;
	return 1;
}
static struct hg_env frozen = { .mono_ms = no_time };

#define LEAST_CASES 35

/* A list of rules, or a part of a configuration: rules with what they lean on. */
static hg_rules *make(const hg_node *root, const char *const *channels, hg_diag *diag)
{
	static const char *const backends[] = { "desk", "crm", NULL };
	gboolean whole = hg_node_type(root) == HG_NODE_MAP && hg_node_get(root, "rules");
	g_autoptr(hg_intent_conf) intent = hg_intent_conf_read(hg_node_get(root, "intent"), diag);
	const struct hg_rules_source source = { .rules = whole ? hg_node_get(root, "rules") : root,
		.words = hg_node_get(root, "word_lists"), .hours = hg_node_get(root, "hours"),
		.queues = hg_node_get(root, "queues"), .fallback = "convert", .channels = channels,
		.backends = channels ? backends : NULL, .intent = intent };
	guint before = hg_diag_count(diag, HG_SEV_ERROR);
	hg_rules *rules = hg_rules_make(&source, diag);

	/* Rules may be right where their model is not. */
	if (before)
		g_clear_pointer(&rules, hg_rules_free);
	return rules;
}

static char *run(const char *file)
{
	static const char *const channels[] = { "wa-main", "support", NULL };
	g_autofree char *text = NULL, *said = NULL;
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = NULL;
	g_autoptr(hg_rules) rules = NULL;

	assert_true(g_file_get_contents(file, &text, NULL, NULL));
	doc = hg_doc_parse(file, text, diag);
	rules = doc ? make(hg_doc_root(doc), channels, diag) : NULL;
	if (rules)
		assert_int_equal(hg_rules_probe(rules, &frozen, diag), 0);
	assert_int_equal(rules == NULL, hg_diag_count(diag, HG_SEV_ERROR) > 0);
	said = hg_diag_render(diag, FALSE);
	return rules ? g_strdup_printf("%srules: %u\n", said, hg_rules_count(rules))
		     : g_strconcat(said, "no rules\n", NULL);
}

static void every_mistake_in_a_rule_is_explained_as_recorded(void **state)
{
	(void)state;
	golden_check(run, LEAST_CASES);
}

/* Examples are read more than anything else: they compile, and without a warning. */
static void every_example_of_the_manual_compiles(void **state)
{
	g_autofree char *page = NULL;
	g_auto(GStrv) parts = NULL;
	guint n = 0;

	(void)state;
	assert_true(g_file_get_contents("../../../../doc/rules.md", &page, NULL, NULL));
	parts = g_strsplit(page, "```", -1);
	for (guint i = 1; parts[i]; i += 2) {
		const char *body = parts[i] + strlen("yaml\n");
		g_autofree char *yaml = g_strconcat(strstr(body, "rules:") ? "" : "rules:\n", body, NULL);
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_doc) doc = hg_doc_parse("rules.md", yaml, diag);
		g_autoptr(hg_rules) rules = doc ? make(hg_doc_root(doc), NULL, diag) : NULL;
		g_autofree char *said = NULL;

		if (rules)
			hg_rules_probe(rules, &frozen, diag);
		said = hg_diag_render(diag, FALSE);
		/* Blocks of tests are played by test_trial.py. */
		if (g_str_has_prefix(body, "tests:"))
			continue;
		if (!rules || !hg_rules_count(rules) || *said)
			fail_msg("%s\n%s", yaml, said);
		n++;
	}
	assert_true(n >= 5);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_in_a_rule_is_explained_as_recorded),
		cmocka_unit_test(every_example_of_the_manual_compiles),
	};

	if (!golden_enter(argc, argv, "tests/data/golden/rules"))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

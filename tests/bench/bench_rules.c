/* bench_rules.c - what judging a message costs: 200 rules with 30 patterns, beside the same patterns
 * through PCRE2 alone
 *
 * usage: bench_rules [MESSAGES].  Prints microseconds for each message; build it with -O2. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <string.h>

#include "env.h"
#include "rules.h"

#define RULES 200
#define EVERY 7			/* so many rules have a pattern: 29 */

static const char *const texts[] = {
	"hello there", "hi, my invoice 4711 of last month is wrong, can you send me a new one please?",
	"thanks, that worked!", "I ordered the blue one in March and it still has not arrived. What now?",
	"ok", "Could you tell me your opening hours on Saturday?",
};

static char *pattern(guint i)
{
	return g_strdup_printf("\\b(refund%u|cancel(led|ling)? word%u|complain\\w* about %u)\\b", i, i, i);
}

static hg_rules *compile(void)
{
	g_autoptr(GString) yaml = g_string_new(NULL);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = NULL;
	hg_rules *rules;

	for (guint i = 0; i < RULES; i++) {
		g_autofree char *text = pattern(i);

		g_string_append_printf(yaml, "- name: rule %u\n", i);
		if (i % EVERY == 0)
			g_string_append_printf(yaml, "  when: { thread: { has_ticket: false }, text: "
						     "{ matches: '%s' } }\n", text);
		else
			g_string_append_printf(yaml, "  when: { channel: [ch%u, other%u], contact: { tier: t%u } }\n",
					       i, i, i);
		g_string_append(yaml, "  do: { convert: { priority: high } }\n");
	}
	doc = hg_doc_parse("bench.yaml", yaml->str, diag);
	rules = doc ? hg_rules_make(&(struct hg_rules_source){ .rules = hg_doc_root(doc), .fallback = "convert" }, diag) : NULL;
	g_assert_nonnull(rules);
	return rules;
}

static double judge_all(const hg_rules *rules, guint messages)
{
	struct hg_facts facts = { .on = "message", .channel = "wa-main", .adapter = "whatsapp", .kind = "text",
				  .contact_tier = "gold", .age_ms = 1, .idle_ms = 1, .since_ticket_ms = -1 };
	gint64 begin = hg_mono(hg_env_system());

	for (guint i = 0; i < messages; i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_verdict verdict;

		facts.text = texts[i % G_N_ELEMENTS(texts)];
		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		g_assert_cmpint(verdict.action, ==, HG_ACT_NONE);
	}
	return (double)(hg_mono(hg_env_system()) - begin) * 1000 / messages;
}

static double search_all(guint messages)
{
	pcre2_code *codes[RULES / EVERY + 1];
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	guint n = 0, found = 0;
	gint64 begin;
	double each;

	for (guint i = 0; i < RULES; i += EVERY) {
		g_autofree char *text = pattern(i);
		size_t offset;
		int code;

		codes[n] = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
					 PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS, &code, &offset, NULL);
		g_assert_nonnull(codes[n]);
		pcre2_jit_compile(codes[n++], PCRE2_JIT_COMPLETE);
	}
	begin = hg_mono(hg_env_system());
	for (guint i = 0; i < messages; i++)
		for (guint j = 0; j < n; j++) {
			const char *text = texts[i % G_N_ELEMENTS(texts)];

			found += pcre2_match(codes[j], (PCRE2_SPTR)text, strlen(text), 0, PCRE2_NO_UTF_CHECK, data,
					     NULL) >= 0;
		}
	each = (double)(hg_mono(hg_env_system()) - begin) * 1000 / messages;
	g_assert_cmpuint(found, ==, 0);
	for (guint j = 0; j < n; j++)
		pcre2_code_free(codes[j]);
	pcre2_match_data_free(data);
	return each;
}

int main(int argc, char **argv)
{
	guint64 messages = 100000;
	g_autoptr(hg_rules) rules = compile();
	double ours, bare;

	if (argc > 1 && !g_ascii_string_to_unsigned(argv[1], 10, 1, G_MAXUINT32, &messages, NULL)) {
		fprintf(stderr, "usage: bench_rules [MESSAGES]\n");
		return 2;
	}
	judge_all(rules, (guint)messages / 10);
	ours = judge_all(rules, (guint)messages);
	bare = search_all((guint)messages);
	printf("rules: %.2f us a message for %d rules with %d patterns\n", ours, RULES, RULES / EVERY + 1);
	printf("bare PCRE2: %.2f us a message for the same patterns\n", bare);
	return 0;
}

/* noise_measure.c - judges labelled messages and counts */
#include "noise_measure.h"

#include <string.h>

static const char *const noise_labels[] = { "greeting", "thanks", "confirmation", "goodbye", "filler", NULL };

hg_rules *noise_rules(const char *path, char **said)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_read(path, diag);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	const struct hg_rules_source source = { .rules = hg_node_get(root, "rules"),
						.words = hg_node_get(root, "word_lists") };
	hg_rules *rules = doc ? hg_rules_make(&source, diag) : NULL;

	*said = hg_diag_render(diag, FALSE);
	return rules;
}

/* The one rule that has something to do with it: what it says of the message. */
static void say_why(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena, GString *out)
{
	g_autoptr(GString) trace = g_string_new(NULL);
	struct hg_verdict verdict;
	const char *at;

	hg_rules_judge(rules, facts, arena, &verdict, trace);
	if (verdict.rule)
		g_string_append_printf(out, "\t[%s]", verdict.rule);
	for (at = trace->str; (at = strstr(at, "unknown: '")); at += strcspn(at, "\"")) {
		g_autofree char *word = g_strndup(at, strcspn(at, "\""));

		if (!strstr(out->str, word))
			g_string_append_printf(out, "\t%s", word);
	}
	g_string_append_c(out, '\n');
}

static void count_one(const hg_rules *rules, const char *label, const char *text, struct noise_count *count,
		      GString *misses)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	const struct hg_facts facts = { .on = "message", .kind = "text", .text = text, .messages = 1, .inbound = 1,
		.age_ms = -1, .idle_ms = -1, .since_ticket_ms = -1, .proposal = HG_PROPOSE_NEW, .contact_new = TRUE };
	gboolean noise = g_strv_contains(noise_labels, label), taken;
	gboolean escalates = strcmp(label, "escalation") == 0;
	struct hg_verdict verdict;

	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	taken = verdict.action == HG_ACT_IGNORE;
	count->noise += noise;
	count->noise_caught += noise && taken;
	count->requests += !noise;
	count->requests_kept += !noise && !taken;
	count->escalations += escalates;
	count->escalations_found += escalates && verdict.action == HG_ACT_CONVERT;
	count->escalated_else += !escalates && verdict.action == HG_ACT_CONVERT;
	if (!misses || (noise == taken && escalates == (verdict.action == HG_ACT_CONVERT)))
		return;
	g_string_append_printf(misses, "%s\t%s", label, text);
	say_why(rules, &facts, arena, misses);
}

gboolean noise_measure(const hg_rules *rules, const char *path, struct noise_count *count, GString *misses)
{
	g_autofree char *all = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &all, NULL, NULL))
		return FALSE;
	lines = g_strsplit(all, "\n", -1);
	for (guint i = 0; lines[i]; i++) {
		char *tab = strchr(lines[i], '\t');
		g_auto(GStrv) parts = NULL;
		g_autofree char *text = NULL;

		if (!tab || *lines[i] == '#')
			continue;
		*tab = '\0';
		parts = g_strsplit(tab + 1, "\\n", -1);
		text = g_strjoinv("\n", parts);
		count_one(rules, lines[i], text, count, strstr(path, ".held.") ? NULL : misses);
	}
	return TRUE;
}

double noise_share(guint part, guint of)
{
	return of ? (double)part / of : 1.0;
}

double noise_precision(const struct noise_count *count)
{
	return noise_share(count->noise_caught, count->noise_caught + count->requests - count->requests_kept);
}

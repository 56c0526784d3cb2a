/* fuzz_rules.c - any text as rules, with word lists and hours: compiled or explained; what compiles can be kept, made
 * again and judged, and both give the same trace */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "rules.h"
#include "rules_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses 2 KiB when a long quoted key is followed by a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

static const char *const tags[] = { "a", "vip", NULL };

static const struct hg_facts facts = {
	.on = "message", .now_ms = 1732096931004, .channel = "wa-main", .adapter = "whatsapp",
	.scope = "default", .text = "hello, I want a human \xe2\x82\xac", .kind = "text", .address = "tel:+447700900123",
	.proposal = HG_PROPOSE_NEW, .thread_state = "open", .messages = 2, .inbound = 1, .outbound = 1,
	.age_ms = 300000, .idle_ms = 20000, .since_ticket_ms = -1, .last_speaker = "agent", .tags = tags,
	.contact_name = "Ana", .contact_tier = "gold", .contact_locale = "de-AT",
	.headers = "{\"list-id\":\"<a.example>\"}", .contact_tags = tags, .contact_since_ticket_ms = -1,
	.helpdesk_down_ms = -1, .waiting_ms = -1, .contact_fields = "{\"plan\":\"pro\"}", .thread_fields = "{\"topic\":\"billing\"}",
};

static char *trace_of(const hg_rules *rules)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	GString *trace = g_string_new(NULL);
	struct hg_verdict quick, traced;

	hg_rules_judge(rules, &facts, arena, &quick, NULL);
	hg_rules_judge(rules, &facts, arena, &traced, trace);
	g_assert_cmpstr(quick.rule, ==, traced.rule);
	g_assert_true(quick.action == HG_ACT_NONE || quick.index >= 0);
	return g_string_free(trace, FALSE);
}

/* A list of rules, or a part of a configuration: rules with what they lean on. */
static struct hg_rules_source source_of(const hg_doc *doc)
{
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;

	if (root && hg_node_type(root) == HG_NODE_MAP && hg_node_get(root, "rules"))
		return (struct hg_rules_source){ .rules = hg_node_get(root, "rules"), .fallback = "hold",
			.words = hg_node_get(root, "word_lists"), .hours = hg_node_get(root, "hours"),
			.queues = hg_node_get(root, "queues") };
	return (struct hg_rules_source){ .rules = root, .fallback = "hold" };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(hg_diag) diag = hg_diag_new(), later = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("fuzz.yaml", text, diag);
	const struct hg_rules_source source = source_of(doc);
	g_autoptr(hg_rules) rules = doc ? hg_rules_make(&source, diag) : NULL;
	g_autoptr(hg_rules) again = NULL;
	g_autofree char *kept = NULL, *first = NULL, *second = NULL;

	g_assert_true(rules || hg_diag_count(diag, HG_SEV_ERROR) > 0);
	/* Patterns are valid UTF-8: PCRE2 refuses the others before. */
	if (g_utf8_validate(text, -1, NULL))
		g_ptr_array_unref(hg_hostile_texts(text));
	if (!rules)
		return 0;
	kept = hg_rules_keep_all(&source);
	again = hg_rules_again(kept, later);
	/* Nested to the last level, the lists around what is kept are one too many. */
	if (!again)
		return 0;
	first = trace_of(rules);
	second = trace_of(again);
	g_assert_cmpstr(first, ==, second);
	return 0;
}

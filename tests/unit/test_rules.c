/* test_rules.c - what rules match, which decides, what they add up to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "rules.h"
#include "rules_regex.h"
#include "text.h"

/* ---- helpers ---- */

/* The document is the list of rules alone. */
#define SOURCE(doc, word, known) \
	((struct hg_rules_source){ .rules = hg_doc_root(doc), .fallback = (word), .channels = (known) })

static hg_rules *compile(const char *yaml)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
	static const char *const channels[] = { "wa-main", "support", NULL };
	hg_rules *rules = doc ? hg_rules_make(&SOURCE(doc, "convert", channels), diag) : NULL;
	g_autofree char *said = hg_diag_render(diag, FALSE);

	if (!rules)
		fail_msg("%s\ndoes not compile:\n%s", yaml, said);
	return rules;
}

static struct hg_facts facts_of(const char *json, hg_arena *arena)
{
	struct hg_facts facts;
	g_autoptr(GError) error = NULL;

	if (!hg_facts_read(json, arena, &facts, &error))
		fail_msg("%s: %s", json, error->message);
	return facts;
}

static char *trace_of(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena)
{
	GString *trace = g_string_new(NULL);
	struct hg_verdict verdict;

	hg_rules_judge(rules, facts, arena, &verdict, trace);
	return g_string_free(trace, FALSE);
}

/* Facts written, read and judged again give the same trace to the byte. */
static void check_again(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(GString) twice = g_string_new(NULL);
	g_autofree char *first = trace_of(rules, facts, arena), *second = NULL;
	struct hg_facts again;

	hg_facts_write(facts, TRUE, json);
	again = facts_of(json->str, arena);
	second = trace_of(rules, &again, arena);
	assert_string_equal(first, second);
	hg_facts_write(&again, TRUE, twice);
	assert_string_equal(json->str, twice->str);
}

static gboolean same_text(const char *a, const char *b)
{
	return g_strcmp0(a, b) == 0;
}

/* ---- conditions ---- */

struct judged {
	const char *when, *facts;
	gboolean want;
};

static void check_condition(const struct judged *one)
{
	g_autofree char *yaml = g_strdup_printf("- name: r\n  when: %s\n  do: { tag: x }\n", one->when);
	g_autoptr(hg_rules) rules = compile(yaml);
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autofree char *json = g_strdup_printf("{\"on\":\"message\"%s%s}", *one->facts ? "," : "", one->facts);
	struct hg_facts facts = facts_of(json, arena);
	struct hg_verdict plain, traced;
	g_autoptr(GString) trace = g_string_new(NULL);

	hg_rules_judge(rules, &facts, arena, &plain, NULL);
	hg_rules_judge(rules, &facts, arena, &traced, trace);
	if ((plain.matched != NULL) != one->want)
		fail_msg("%s on %s: %s\n%s", one->when, json, plain.matched ? "matches" : "does not match",
			 trace->str);
	assert_int_equal(plain.matched != NULL, traced.matched != NULL);
	check_again(rules, &facts, arena);
}

#define S "\"text\":"

static void conditions_on_the_message_hold_or_not(void **state)
{
	static const struct judged cases[] = {
		{ "{ channel: wa-main }", "\"channel\":\"wa-main\"", TRUE },
		{ "{ channel: wa-main }", "\"channel\":\"support\"", FALSE },
		{ "{ channel: [wa-main, support] }", "\"channel\":\"support\"", TRUE },
		{ "{ channel: wa-main }", "", FALSE },
		{ "{ adapter: whatsapp }", "\"adapter\":\"whatsapp\"", TRUE },
		{ "{ adapter: whatsapp }", "\"adapter\":\"fake\"", FALSE },
		{ "{ scope: sales }", "\"scope\":\"sales\"", TRUE },
		{ "{ scope: sales }", "\"scope\":\"default\"", FALSE },
		{ "{ text: { matches: '\\bhuman\\b' } }", S "\"a HUMAN please\"", TRUE },
		{ "{ text: { matches: '\\bhuman\\b' } }", S "\"inhumane\"", FALSE },
		{ "{ text: { matches: '\\bhuman\\b' } }", "", FALSE },
		{ "{ text: { matches: '(?-i)Human' } }", S "\"a human please\"", FALSE },
		{ "{ text: { matches: [rabatt, 'prix\\b'] } }", S "\"Quel est le PRIX ?\"", TRUE },
		{ "{ text: { matches: '\\b\xc3\xa4rger\\b' } }", S "\"so ein \xc3\x84rger!\"", TRUE },
		{ "{ text: { matches: '^stra\xc3\x9f" "e\\w$' } }", S "\"STRA\xe1\xba\x9e" "EN\"", TRUE },
		{ "{ text: { equals: 'stop' } }", S "\"  STOP \\n\"", TRUE },
		{ "{ text: { equals: 'stop' } }", S "\"stop it\"", FALSE },
		{ "{ text: { equals: 'a.c' } }", S "\"abc\"", FALSE },
		{ "{ text: { contains: '(1+1)' } }", S "\"what is (1+1)?\"", TRUE },
		{ "{ text: { contains: '\xc3\x84rger' } }", S "\"so ein \xc3\xa4rger!\"", TRUE },
		{ "{ text: { contains: '(1+1)' } }", S "\"what is 11?\"", FALSE },
		/* An accent behind its letter, in the message and in the rule. */
		{ "{ text: { contains: \xc3\xa4rger } }", S "\"so ein A\xcc\x88rger!\"", TRUE },
		{ "{ text: { equals: a\xcc\x88rger } }", S "\"\xc3\x84RGER\"", TRUE },
		{ "{ text: { matches: '^[a\xcc\x88o\xcc\x88]l$' } }", S "\"O\xcc\x88l\"", TRUE },
		{ "{ text: { matches: '^.l$' } }", S "\"o\xcc\x88l\"", TRUE },
		{ "{ text: { contains: arger } }", S "\"a\xcc\x88rger\"", FALSE },
		{ "{ text: { empty: true } }", S "\" \\n\"", TRUE },
		{ "{ text: { empty: true } }", "", TRUE },
		{ "{ text: { empty: true } }", S "\"x\"", FALSE },
		{ "{ text: { empty: false } }", S "\"x\"", TRUE },
		{ "{ text: { contains: a, empty: false } }", S "\"cab\"", TRUE },
		{ "{ kind: image }", "\"kind\":\"image\"", TRUE },
		{ "{ kind: [audio, video] }", "\"kind\":\"image\"", FALSE },
		{ "{ attachment: true }", "\"has_attachment\":true", TRUE },
		{ "{ attachment: true }", "", FALSE },
		{ "{ attachment: false }", "", TRUE },
		{ "{ attachments: { at_least: 2 } }", "\"files\":2", TRUE },
		{ "{ attachments: { at_least: 2 } }", "\"files\":1", FALSE },
		{ "{ attachments: 0 }", "", TRUE },
		{ "{ attachment_kind: image }", "\"file_kinds\":[\"audio\",\"image\"]", TRUE },
		{ "{ attachment_kind: [video, file] }", "\"file_kinds\":[\"audio\",\"image\"]", FALSE },
		{ "{ attachment_kind: image }", "", FALSE },
		{ "{ automatic: true }", "\"automatic\":true", TRUE },
		{ "{ automatic: false }", "\"automatic\":true", FALSE },
		{ "{ forwarded: true }", "\"forwarded\":true", TRUE },
		{ "{ forwarded: true }", "", FALSE },
		{ "{ echo: true }", "\"echo\":true", TRUE },
		{ "{ echo: true }", "", FALSE },
		{ "{ address: { matches: '^tel:\\+49' } }", "\"address\":\"tel:+4930123\"", TRUE },
		{ "{ address: { matches: '^tel:\\+49' } }", "\"address\":\"tel:+4430123\"", FALSE },
		{ "{ proposal: new }", "\"proposal\":\"new\"", TRUE },
		{ "{ proposal: [join, reopen] }", "\"proposal\":\"reopen\"", TRUE },
		{ "{ proposal: join }", "\"proposal\":\"new\"", FALSE },
		{ "{ proposal: new }", "", FALSE },
		{ "{ tag: vip }", "\"tags\":[\"a\",\"VIP\"]", TRUE },
		{ "{ tag: [x, vip] }", "\"tags\":[\"a\"]", FALSE },
		{ "{ tag: vip }", "", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

#define H "\"headers\":{\"list-id\":\"<a.example>\",\"auto-submitted\":\"auto-replied\",\"x-spam-flag\":\"YES\"}"

static void conditions_on_headers_hold_or_not(void **state)
{
	static const struct judged cases[] = {
		{ "{ header: { List-ID: true } }", H, TRUE },
		{ "{ header: { list-id: false } }", H, FALSE },
		{ "{ header: { list-post: false } }", H, TRUE },
		{ "{ header: { list-post: false } }", "", TRUE },
		{ "{ header: { list-post: true } }", H, FALSE },
		{ "{ header: { x-spam-flag: yes } }", H, TRUE },
		{ "{ header: { x-spam-flag: \"true\" } }", H, FALSE },
		{ "{ header: { x-spam-flag: [no, yes], list-id: { contains: a.example } } }", H, TRUE },
		{ "{ header: { auto-submitted: { matches: '^auto-' } } }", H, TRUE },
		{ "{ header: { auto-submitted: { matches: '^auto-' } } }", "", FALSE },
		{ "{ not: { header: { auto-submitted: no } } }", H, TRUE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

static void headers_are_found_in_a_payload(void **state)
{
	static const struct { const char *payload, *want; } cases[] = {
		{ NULL, "none" }, { "nonsense", "none" }, { "[]", "none" }, { "{\"headers\":[]}", "none" },
		{ "{\"headers\":{}}", "{}" },
		{ "{\"x\":1,\"headers\":{\"List-Id\":\"a\",\"Received\":[\"b\",\"c\",7],\"list-id\":\"d\",\"X\":{}}}",
		  "{\"list-id\":\"a\\nd\",\"received\":\"b\\nc\",\"x\":\"\"}" },
	};
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) many = g_string_new("{\"headers\":{");
	g_autofree char *big = g_strnfill(10000, 'v');
	const char *got;
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		got = hg_facts_headers(cases[i].payload, arena);
		assert_string_equal(got ? got : "none", cases[i].want);
	}
	for (int i = 0; i < 300; i++)
		g_string_append_printf(many, "\"h%d\":\"%s\",", i, i ? "v" : big);
	g_string_append(many, "\"last\":\"v\"}}");
	got = hg_facts_headers(many->str, arena);
	assert_true(strlen(got) < 8000);
	assert_non_null(strstr(got, "\"h199\""));
	assert_null(strstr(got, "\"h200\""));
}

static void conditions_on_the_thread_hold_or_not(void **state)
{
	static const struct judged cases[] = {
		{ "{ thread: { has_ticket: true } }", "\"has_ticket\":true", TRUE },
		{ "{ thread: { has_ticket: false } }", "\"has_ticket\":true", FALSE },
		{ "{ thread: { state: closed } }", "\"thread_state\":\"closed\"", TRUE },
		{ "{ thread: { state: [open, closed] } }", "\"thread_state\":\"converted\"", FALSE },
		{ "{ thread: { resolution: unresolved } }", "\"thread_resolution\":\"unresolved\"", TRUE },
		{ "{ thread: { resolution: unresolved } }", "\"thread_resolution\":\"resolved\"", FALSE },
		{ "{ thread: { reopened: true } }", "\"reopened\":true", TRUE },
		{ "{ thread: { reopened: true } }", "", FALSE },
		{ "{ thread: { held: true } }", "\"held\":true", TRUE },
		{ "{ thread: { held: true } }", "", FALSE },
		{ "{ thread: { messages: 3 } }", "\"messages\":3", TRUE },
		{ "{ thread: { messages: 3 } }", "\"messages\":4", FALSE },
		{ "{ thread: { messages: { at_least: 3 } } }", "\"messages\":3", TRUE },
		{ "{ thread: { messages: { at_least: 3 } } }", "\"messages\":2", FALSE },
		{ "{ thread: { messages: { at_most: 3 } } }", "\"messages\":3", TRUE },
		{ "{ thread: { messages: { at_least: 1, at_most: 3 } } }", "\"messages\":4", FALSE },
		{ "{ thread: { inbound: { at_least: 2 } } }", "\"inbound\":2", TRUE },
		{ "{ thread: { inbound: { at_least: 2 } } }", "\"outbound\":2", FALSE },
		{ "{ thread: { outbound: { at_most: 0 } } }", "", TRUE },
		{ "{ thread: { age: { over: 5m } } }", "\"age_ms\":300001", TRUE },
		{ "{ thread: { age: { over: 5m } } }", "\"age_ms\":300000", FALSE },
		{ "{ thread: { age: { over: 5m } } }", "", FALSE },
		{ "{ thread: { age: { under: 5m } } }", "\"age_ms\":299999", TRUE },
		{ "{ thread: { age: { under: 5m } } }", "\"age_ms\":300000", FALSE },
		{ "{ thread: { age: { under: 5m } } }", "", FALSE },
		{ "{ thread: { age: { under: 5m } } }", "\"age_ms\":0", TRUE },
		{ "{ thread: { idle: { over: 1d } } }", "\"idle_ms\":86400001", TRUE },
		{ "{ thread: { since_ticket: { under: 2h } } }", "\"since_ticket_ms\":1", TRUE },
		{ "{ helpdesk: { down: true } }", "\"helpdesk_down\":true", TRUE },
		{ "{ helpdesk: { down: true } }", "\"echo\":true", FALSE },
		{ "{ helpdesk: { down: false } }", "\"echo\":true", TRUE },
		{ "{ helpdesk: { for: 5m } }", "\"helpdesk_down_ms\":300000", TRUE },
		{ "{ helpdesk: { for: 5m } }", "\"helpdesk_down_ms\":299999", FALSE },
		{ "{ helpdesk: { for: { under: 5m } } }", "\"helpdesk_down_ms\":299999", TRUE },
		{ "{ helpdesk: { for: { under: 5m } } }", "\"echo\":true", FALSE },
		{ "{ thread: { since_ticket: { under: 2h } } }", "", FALSE },
		{ "{ thread: { last_speaker: agent } }", "\"last_speaker\":\"agent\"", TRUE },
		{ "{ thread: { last_speaker: [agent, bot] } }", "\"last_speaker\":\"customer\"", FALSE },
		{ "{ thread: { field: { topic: billing } } }", "\"thread_fields\":{\"topic\":\"Billing\"}", TRUE },
		{ "{ thread: { field: { topic: billing } } }", "\"thread_fields\":{\"topic\":\"x\"}", FALSE },
		{ "{ thread: { field: { topic: billing } } }", "", FALSE },
		{ "{ thread: { field: { n: 3 } } }", "\"thread_fields\":{\"n\":3}", TRUE },
		{ "{ thread: { field: { ok: true } } }", "\"thread_fields\":{\"ok\":true}", TRUE },
		{ "{ thread: { field: { o: '{}' } } }", "\"thread_fields\":{\"o\":{}}", FALSE },
		{ "{ thread: { field: { a: [1, 2], b: x } } }", "\"thread_fields\":{\"a\":\"2\",\"b\":\"x\"}", TRUE },
		{ "{ thread: { field: { a: [1, 2], b: x } } }", "\"thread_fields\":{\"a\":\"2\"}", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

/* R2.3: what an external classifier said decides like anything else that is known. */
static void conditions_on_what_hooks_said_hold_or_not(void **state)
{
	static const struct judged cases[] = {
		{ "{ fact: { sentiment: angry } }", "\"outside\":{\"sentiment\":\"Angry\"}", TRUE },
		{ "{ fact: { sentiment: angry } }", "\"outside\":{\"sentiment\":\"calm\"}", FALSE },
		{ "{ fact: { sentiment: angry } }", "", FALSE },
		{ "{ fact: { sentiment: angry } }", "\"contact_fields\":{\"sentiment\":\"angry\"}", FALSE },
		{ "{ fact: { orders: { at_least: 3 } } }", "\"outside\":{\"orders\":3}", TRUE },
		{ "{ fact: { orders: { at_least: 3 } } }", "\"outside\":{\"orders\":2.99}", FALSE },
		{ "{ fact: { orders: { at_least: 3 } } }", "\"outside\":{\"orders\":\"12\"}", TRUE },
		{ "{ fact: { orders: { at_least: 3 } } }", "\"outside\":{\"orders\":\"12x\"}", FALSE },
		{ "{ fact: { orders: { at_least: 3 } } }", "\"outside\":{\"orders\":true}", FALSE },
		{ "{ fact: { orders: { at_most: 3 } } }", "", FALSE },
		{ "{ fact: { owed: { at_least: 1, at_most: 9 } } }", "\"outside\":{\"owed\":-1}", FALSE },
		{ "{ fact: { owed: { at_least: 1, at_most: 9 } } }", "\"outside\":{\"owed\":8.5}", TRUE },
		{ "{ fact: { topic: { matches: '^bill' } } }", "\"outside\":{\"topic\":\"Billing\"}", TRUE },
		{ "{ fact: { topic: { contains: [refund, bill] } } }", "\"outside\":{\"topic\":\"shipping\"}", FALSE },
		{ "{ fact: { topic: { equals: bill } } }", "\"outside\":{\"topic\":\"billing\"}", FALSE },
		{ "{ fact: { topic: { empty: true } } }", "", TRUE },
		{ "{ fact: { topic: { empty: false } } }", "\"outside\":{\"topic\":\"x\"}", TRUE },
		{ "{ fact: { vip: true, topic: [a, b] } }", "\"outside\":{\"vip\":true,\"topic\":\"b\"}", TRUE },
		{ "{ contact: { field: { orders: { at_least: 2 } } } }", "\"contact_fields\":{\"orders\":2}", TRUE },
		{ "{ thread: { field: { order: { matches: '^A-' } } } }", "\"thread_fields\":{\"order\":\"A-1\"}", TRUE },
		{ "{ text: { contains: x }, fact: { topic: { contains: y } } }",
		  S "\"x\",\"outside\":{\"topic\":\"xx\"}", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

static void conditions_on_the_contact_hold_or_not(void **state)
{
	static const struct judged cases[] = {
		{ "{ contact: { known: true } }", "", TRUE },
		{ "{ contact: { known: true } }", "\"contact_new\":true", FALSE },
		{ "{ contact: { known: false } }", "\"contact_new\":true", TRUE },
		{ "{ contact: { tier: [gold, silver] } }", "\"contact_tier\":\"Gold\"", TRUE },
		{ "{ contact: { tier: gold } }", "\"contact_tier\":\"silver\"", FALSE },
		{ "{ contact: { tier: gold } }", "", FALSE },
		{ "{ contact: { locale: de } }", "\"contact_locale\":\"de-AT\"", TRUE },
		{ "{ contact: { locale: de } }", "\"contact_locale\":\"DE\"", TRUE },
		{ "{ contact: { locale: de } }", "\"contact_locale\":\"den\"", FALSE },
		{ "{ contact: { locale: de-AT } }", "\"contact_locale\":\"de\"", FALSE },
		{ "{ contact: { tag: [vip, press] } }", "\"contact_tags\":[\"a\",\"press\"]", TRUE },
		{ "{ contact: { tag: vip } }", "\"tags\":[\"vip\"]", FALSE },
		{ "{ contact: { since_ticket: { under: 7d } } }", "\"contact_since_ticket_ms\":86400000", TRUE },
		{ "{ contact: { since_ticket: { under: 7d } } }", "\"contact_since_ticket_ms\":691200000", FALSE },
		{ "{ contact: { since_ticket: { over: 0s } } }", "", FALSE },
		{ "{ contact: { opted_out: true } }", "\"opted_out\":true", TRUE },
		{ "{ contact: { opted_out: true } }", "", FALSE },
		{ "{ contact: { name: { matches: '^dr\\b' } } }", "\"contact_name\":\"Dr. No\"", TRUE },
		{ "{ contact: { name: { matches: '^dr\\b' } } }", "\"contact_name\":\"Drew\"", FALSE },
		{ "{ contact: { name: { empty: true } } }", "", TRUE },
		{ "{ contact: { field: { plan: pro } } }", "\"contact_fields\":{\"plan\":\"pro\"}", TRUE },
		{ "{ contact: { field: { plan: pro } } }", "\"thread_fields\":{\"plan\":\"pro\"}", FALSE },
		{ "{ contact: { field: { a: x } }, thread: { field: { a: y } } }",
		  "\"contact_fields\":{\"a\":\"x\"},\"thread_fields\":{\"a\":\"y\"}", TRUE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

static void all_any_and_not_nest(void **state)
{
	static const struct judged cases[] = {
		{ "{ any: [ { tag: a }, { tag: b } ] }", "\"tags\":[\"b\"]", TRUE },
		{ "{ any: [ { tag: a }, { tag: b } ] }", "\"tags\":[\"c\"]", FALSE },
		{ "{ all: [ { tag: a }, { tag: b } ] }", "\"tags\":[\"a\",\"b\"]", TRUE },
		{ "{ all: [ { tag: a }, { tag: b } ] }", "\"tags\":[\"a\"]", FALSE },
		{ "{ not: { tag: a } }", "\"tags\":[\"b\"]", TRUE },
		{ "{ not: { tag: a } }", "\"tags\":[\"a\"]", FALSE },
		/* not is of all that stands in it together */
		{ "{ not: { tag: a, echo: true } }", "\"tags\":[\"a\"]", TRUE },
		{ "{ not: { any: [ { tag: a }, { echo: true } ] } }", "\"tags\":[\"a\"]", FALSE },
		{ "{ any: [ { tag: a, echo: true }, { not: { echo: false } } ] }", "\"echo\":true", TRUE },
		{ "{ tag: a, any: [ { echo: true }, { tag: b } ] }", "\"tags\":[\"a\"]", FALSE },
		{ "{ tag: a, any: [ { echo: true }, { tag: b } ] }", "\"echo\":true,\"tags\":[\"a\"]", TRUE },
		{ "{ not: { not: { not: { not: { tag: a } } } } }", "\"tags\":[\"a\"]", TRUE },
		{ "{ any: [ { text: { contains: x } }, { echo: true } ], thread: { held: false } }",
		  "\"echo\":true", TRUE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_condition(&cases[i]);
}

/* ---- which rule decides ---- */

static const char sample[] =
	"- name: thanks and greetings\n"
	"  when: { text: { matches: '^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$' }, thread: { has_ticket: false } }\n"
	"  do: { ignore: noise }\n"
	"- name: asks for a human or a ticket\n"
	"  when: { any: [ { text: { matches: '\\b(human|agent|ticket number)\\b' } }, { tag: escalate } ] }\n"
	"  do: { convert: { priority: high, category: escalation } }\n"
	"- name: closed without an answer\n"
	"  on: thread.closed\n"
	"  when: { thread: { resolution: unresolved } }\n"
	"  do: { convert: { } }\n";

static void the_sample_rules_decide_as_they_read(void **state)
{
	static const struct {
		const char *facts;
		int action;
		const char *rule;
	} cases[] = {
		{ "{\"on\":\"message\",\"text\":\"hello!\"}", HG_ACT_IGNORE, "thanks and greetings" },
		{ "{\"on\":\"message\",\"text\":\"Thank you :-)\"}", HG_ACT_IGNORE, "thanks and greetings" },
		{ "{\"on\":\"message\",\"text\":\"hi, my invoice is wrong\"}", HG_ACT_NONE, NULL },
		{ "{\"on\":\"message\",\"text\":\"hi\",\"has_ticket\":true}", HG_ACT_NONE, NULL },
		{ "{\"on\":\"message\",\"text\":\"give me a HUMAN\"}", HG_ACT_CONVERT, "asks for a human or a ticket" },
		{ "{\"on\":\"message\",\"text\":\"x\",\"tags\":[\"escalate\"]}", HG_ACT_CONVERT,
		  "asks for a human or a ticket" },
		{ "{\"on\":\"thread.closed\",\"thread_resolution\":\"unresolved\"}", HG_ACT_CONVERT,
		  "closed without an answer" },
		{ "{\"on\":\"thread.closed\",\"thread_resolution\":\"resolved\"}", HG_ACT_NONE, NULL },
		{ "{\"on\":\"settle\",\"text\":\"human\"}", HG_ACT_NONE, NULL },
		{ "{\"on\":\"no.such.event\",\"text\":\"human\"}", HG_ACT_NONE, NULL },
	};
	g_autoptr(hg_rules) rules = compile(sample);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_facts facts = facts_of(cases[i].facts, arena);
		struct hg_verdict verdict;

		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		if (verdict.action != cases[i].action || !same_text(verdict.rule, cases[i].rule))
			fail_msg("%s: %s by %s", cases[i].facts, hg_action_word(verdict.action), verdict.rule);
		check_again(rules, &facts, arena);
	}
}

static const char order[] =
	"- { name: mark, when: { text: { contains: a } }, do: { tag: [seen, first], set: { lang: xx, n: 1 } } }\n"
	"- { name: again, do: { tag: seen, set: { lang: de }, reply: 'one moment' } }\n"
	"- { name: first, on: [message, settle], when: { text: { contains: b } },\n"
	"    do: { tag: done, convert: { priority: low, category: c, type: t, subject: s }, reply: 'on its way' } }\n"
	"- { name: second, do: { hold: true, tag: never } }\n";

static void the_first_deciding_rule_ends_it_and_the_rest_adds_up(void **state)
{
	g_autoptr(hg_rules) rules = compile(order);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = facts_of("{\"on\":\"message\",\"text\":\"ab\"}", arena);
	struct hg_verdict verdict;
	const struct hg_set *sets;
	(void)state;

	assert_int_equal(hg_rules_count(rules), 4);
	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	assert_int_equal(verdict.action, HG_ACT_CONVERT);
	assert_string_equal(verdict.rule, "first");
	assert_string_equal(verdict.file, "test.yaml");
	assert_int_equal(verdict.line, 3);
	assert_int_equal(verdict.index, 2);
	assert_string_equal(verdict.priority, "low");
	assert_string_equal(verdict.category, "c");
	assert_string_equal(verdict.type, "t");
	assert_string_equal(verdict.subject, "s");
	assert_int_equal(verdict.matched->len, 3);
	assert_int_equal(verdict.tags->len, 3);
	assert_string_equal(verdict.tags->pdata[0], "seen");
	assert_string_equal(verdict.tags->pdata[2], "done");
	assert_int_equal(verdict.replies->len, 2);
	assert_string_equal(verdict.replies->pdata[1], "on its way");
	assert_int_equal(verdict.sets->len, 2);
	sets = &g_array_index(verdict.sets, struct hg_set, 0);
	assert_string_equal(sets[0].name, "lang");
	assert_string_equal(sets[0].value, "de");
	assert_string_equal(sets[1].value, "1");
	assert_null(verdict.gave_up);
}

static void what_decides_is_said_whatever_it_is(void **state)
{
	static const struct { const char *actions; int action; const char *word; } cases[] = {
		{ "{ ignore: noise }", HG_ACT_IGNORE, "noise" },
		{ "{ hold: true }", HG_ACT_HOLD, NULL },
		{ "{ hold: }", HG_ACT_HOLD, NULL },
		{ "{ join: true }", HG_ACT_JOIN, NULL },
		{ "{ convert: }", HG_ACT_CONVERT, NULL },
		{ "{ set: { a: b } }", HG_ACT_NONE, NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *yaml = g_strdup_printf("- { name: r, do: %s }\n", cases[i].actions);
		g_autoptr(hg_rules) rules = compile(yaml);
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_facts facts = facts_of("{\"on\":\"message\"}", arena);
		struct hg_verdict verdict;

		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		if (verdict.action != cases[i].action || !same_text(verdict.word, cases[i].word))
			fail_msg("%s: %s %s", cases[i].actions, hg_action_word(verdict.action), verdict.word);
	}
}

static void no_rules_decide_nothing(void **state)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_rules) rules = hg_rules_make(&(struct hg_rules_source){ .fallback = "hold" }, diag);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = facts_of("{\"on\":\"message\",\"text\":\"x\"}", arena);
	g_autofree char *trace = trace_of(rules, &facts, arena);
	struct hg_verdict verdict;
	(void)state;

	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	assert_int_equal(verdict.action, HG_ACT_NONE);
	assert_int_equal(verdict.index, -1);
	assert_null(verdict.matched);
	assert_string_equal(trace, "[]");
	assert_int_equal(hg_rules_fallback(rules), HG_ACT_HOLD);
}

/* ---- limits ---- */

static void a_pattern_that_would_run_for_ever_gives_up_and_is_named(void **state)
{
	g_autoptr(hg_rules) rules = compile(
		"- { name: bad, when: { text: { matches: '^(a+)+$' } }, do: { ignore: x } }\n"
		"- { name: good, when: { text: { matches: 'a!$' } }, do: { hold: true } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autofree char *text = g_strnfill(4000, 'a');
	g_autofree char *json = g_strdup_printf("{\"on\":\"message\",\"text\":\"%s!\"}", text);
	struct hg_facts facts = facts_of(json, arena);
	g_autofree char *trace = trace_of(rules, &facts, arena);
	struct hg_verdict verdict;
	(void)state;

	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	assert_int_equal(verdict.action, HG_ACT_HOLD);
	assert_string_equal(verdict.rule, "good");
	assert_non_null(verdict.gave_up);
	assert_int_equal(verdict.gave_up->len, 1);
	assert_string_equal(verdict.gave_up->pdata[0], "bad");
	assert_non_null(strstr(trace, "gave up at a limit"));
	/* Text in a trace is cut. */
	assert_true(strlen(trace) < 2000);
	check_again(rules, &facts, arena);
}

/* Far below PCRE2's own limit of ten million steps, and above ours. */
static void a_pattern_gives_up_after_a_hundred_thousand_steps(void **state)
{
	static const struct { const char *text; gboolean gives_up; } cases[] = {
		{ "aaaaaaaaaa!", FALSE }, { "aaaaaaaaaaaaaaaaaaaaa!", TRUE },
	};
	g_autoptr(hg_rules) rules = compile(
		"- { name: bad, when: { text: { matches: '^(a+)+$' } }, do: { ignore: x } }\n");
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_facts facts = facts_of("{\"on\":\"message\"}", arena);
		struct hg_verdict verdict;

		facts.text = cases[i].text;
		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		assert_int_equal(verdict.gave_up != NULL, cases[i].gives_up);
	}
}

/* `\s+$` tries each blank, and from each all behind it: 40 s for 64 KiB without a limit to all of them. */
static void a_pattern_that_may_begin_anywhere_gives_up_on_long_texts_in_time(void **state)
{
	static const struct { const char *pattern; gsize blanks; enum hg_found found; } cases[] = {
		{ "\\s+$", 2000, HG_FOUND_NOT }, { "\\s+$", 65000, HG_FOUND_GAVE_UP },
		/* From one place only it has all the steps there are. */
		{ "^\\s+$", 65000, HG_FOUND_NOT }, { "^.*?!$", 20000, HG_FOUND },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_regex) regex = hg_regex_new(cases[i].pattern, HG_REGEX_MATCHES, NULL);
		g_autoptr(GString) text = g_string_new(NULL);

		while (text->len < cases[i].blanks)
			g_string_append_c(text, ' ');
		g_string_append_c(text, '!');
		assert_int_equal(hg_regex_find_slowly(regex, text->str, text->len), cases[i].found);
	}
}

static void a_text_is_searched_up_to_its_limit_only(void **state)
{
	g_autoptr(hg_rules) rules = compile(
		"- { name: late, when: { text: { contains: needle } }, do: { tag: found } }\n");
	(void)state;

	for (gsize before = 65520; before < 65550; before++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		GString *text = g_string_new(NULL);
		struct hg_facts facts = facts_of("{\"on\":\"message\"}", arena);
		struct hg_verdict verdict;

		/* two bytes each, so that the end may fall into one */
		while (text->len < before)
			g_string_append(text, "\xc3\xa9");
		g_string_append(text, "needle");
		facts.text = hg_arena_str(arena, text->str);
		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		assert_int_equal(verdict.tags != NULL, text->len <= 65536);
		g_string_free(text, TRUE);
	}
}

static void a_long_text_is_cut_between_characters(void **state)
{
	g_autoptr(hg_rules) rules = compile(
		"- { name: r, when: { text: { matches: '^x\\x{e9}+$' } }, do: { tag: found } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) text = g_string_new("x");	/* so that the limit falls into a character */
	struct hg_facts facts = facts_of("{\"on\":\"message\"}", arena);
	struct hg_verdict verdict;
	(void)state;

	while (text->len < 70000)
		g_string_append(text, "\xc3\xa9");
	facts.text = text->str;
	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	assert_non_null(verdict.tags);
	assert_null(verdict.gave_up);
}

static void text_that_is_no_utf8_is_no_danger(void **state)
{
	g_autoptr(hg_rules) rules = compile(
		"- { name: r, when: { text: { matches: 'b.d$' } }, do: { tag: found } }\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = facts_of("{\"on\":\"message\"}", arena);
	struct hg_verdict verdict;
	(void)state;

	facts.text = "\xff\xc3 b\xf0" "d";
	hg_rules_judge(rules, &facts, arena, &verdict, NULL);
	assert_non_null(verdict.tags);
}

/* ---- traces ---- */

static void a_trace_names_each_rule_what_was_wanted_and_what_was_there(void **state)
{
	static const char rules_text[] =
		"- name: old\n"
		"  when: { thread: { age: { over: 5m } }, text: { contains: hi } }\n"
		"  do: { ignore: noise }\n"
		"- { name: closing, on: [thread.closed, thread.idle], do: { convert: } }\n"
		"- name: vip\n"
		"  when: { not: { any: [ { tag: x }, { contact: { known: false } } ] } }\n"
		"  do: { convert: }\n"
		"- { name: last, do: { hold: true } }\n";
	static const char want[] =
		"[{\"rule\":\"old\",\"file\":\"test.yaml\",\"line\":1,\"why\":["
		"{\"cond\":\"thread.age.over\",\"want\":\"5m\",\"got\":\"3m2s\",\"ok\":false},"
		"{\"cond\":\"text.contains\",\"want\":\"hi\",\"got\":\"oh hi\",\"ok\":true}],\"matched\":false},"
		"{\"rule\":\"closing\",\"file\":\"test.yaml\",\"line\":4,\"why\":["
		"{\"cond\":\"on\",\"want\":\"thread.closed or thread.idle\",\"got\":\"message\",\"ok\":false}],"
		"\"matched\":false},"
		"{\"rule\":\"vip\",\"file\":\"test.yaml\",\"line\":5,\"why\":["
		"{\"cond\":\"not\",\"of\":[{\"cond\":\"any\",\"of\":["
		"{\"cond\":\"all\",\"of\":[{\"cond\":\"tag\",\"want\":\"x\",\"got\":\"a, b\",\"ok\":false}],\"ok\":false},"
		"{\"cond\":\"all\",\"of\":[{\"cond\":\"contact.known\",\"want\":\"false\",\"got\":true,\"ok\":false}],"
		"\"ok\":false}],\"ok\":false}],\"ok\":true}],\"matched\":true},"
		"{\"rule\":\"last\",\"file\":\"test.yaml\",\"line\":8,\"why\":["
		"{\"note\":\"not looked at: 'vip' decided before it\"}],\"matched\":false}]";
	g_autoptr(hg_rules) rules = compile(rules_text);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = facts_of(
		"{\"on\":\"message\",\"text\":\"oh hi\",\"age_ms\":182000,\"tags\":[\"a\",\"b\"]}", arena);
	g_autofree char *trace = trace_of(rules, &facts, arena);
	g_autoptr(json_object) parsed = hg_json_parse(trace, strlen(trace), NULL, NULL);
	(void)state;

	assert_non_null(parsed);
	assert_string_equal(trace, want);
}

/* ---- kept rules ---- */

static void kept_rules_decide_and_trace_as_the_file_did(void **state)
{
	static const char *const facts_json[] = {
		"{\"on\":\"message\",\"text\":\"ab\"}",
		"{\"on\":\"message\",\"text\":\"hello\"}",
		"{\"on\":\"thread.closed\",\"thread_resolution\":\"unresolved\"}",
		"{\"on\":\"settle\",\"text\":\"b\",\"thread_fields\":{\"yes\":\"true\"}}",
	};
	g_autofree char *yaml = g_strconcat(sample, order,
		"- { name: 'quoted \"x\"', on: settle, when: { text: { equals: 'true' },"
		" thread: { messages: { at_least: 2 }, field: { \"yes\": 'true', no: true } } }, do: { tag: '1' } }\n",
		NULL);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
	g_autofree char *kept = hg_rules_keep_all(&SOURCE(doc, "ignore", NULL));
	g_autoptr(hg_rules) rules = compile(yaml);
	g_autoptr(hg_rules) again = hg_rules_again(kept, diag);
	(void)state;

	assert_non_null(again);
	assert_int_equal(hg_rules_fallback(again), HG_ACT_IGNORE);
	assert_int_equal(hg_rules_count(again), 8);
	for (gsize i = 0; i < G_N_ELEMENTS(facts_json); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_facts facts = facts_of(facts_json[i], arena);
		g_autofree char *first = trace_of(rules, &facts, arena), *second = trace_of(again, &facts, arena);

		assert_string_equal(first, second);
	}
}

static void what_was_kept_wrongly_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "{", "[]", "{\"rules\":{}}", "{\"rules\":[{\"name\":\"x\"}]}",
		"{\"rules\":[{\"name\":\"x\",\"line\":-1,\"do\":{\"hold\":true}}]}",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_rules) rules = hg_rules_again(cases[i], diag);

		if (rules && hg_rules_count(rules))
			fail_msg("%s makes rules", cases[i]);
	}
}

/* ---- facts ---- */

static const char all_facts[] =
	"{\"on\":\"message\",\"after_ms\":600000,\"now_ms\":1732096931004,\"channel\":\"wa-main\",\"adapter\":\"whatsapp\","
	"\"scope\":\"default\",\"text\":\"hi \\\"you\\\"\\n\xe2\x82\xac\","
	"\"headers\":{\"list-id\":\"l\"},\"kind\":\"text\",\"address\":\"tel:+1\","
	"\"automatic\":true,\"forwarded\":true,\"echo\":true,\"has_attachment\":true,\"files\":2,\"file_kinds\":[\"image\"],"
	"\"changed_tags\":[\"c\"],\"changed_fields\":[\"f\"],\"failure_code\":\"7\",\"failure_author\":\"bot\","
	"\"proposal\":\"reopen\","
	"\"proposal_reason\":\"reply to msg_1\",\"thread_state\":\"open\",\"thread_resolution\":\"unknown\","
	"\"has_ticket\":true,\"reopened\":true,\"held\":true,\"messages\":7,\"inbound\":4,\"outbound\":3,"
	"\"age_ms\":0,\"idle_ms\":5,\"since_ticket_ms\":6,\"waiting_ms\":8,"
	"\"confirmed\":true,\"ticket_status\":\"new\",\"ticket_state\":\"open\",\"queue\":\"q\",\"assignee\":\"m\",\"last_speaker\":\"agent\",\"tags\":[\"a\",\"b\"],"
	"\"contact_new\":true,\"opted_out\":true,\"contact_name\":\"Ana\",\"contact_tier\":\"gold\","
	"\"contact_locale\":\"de\",\"contact_tags\":[\"v\"],\"contact_since_ticket_ms\":9,\"contact_fields\":{\"a\":1.50,\"u\":\"http://x\"},\"thread_fields\":{},"
	"\"helpdesk_down\":true,\"helpdesk_down_ms\":300000,"
	"\"outside\":{\"sentiment\":\"angry\",\"orders\":3},\"hooks\":{\"crm\":{\"outcome\":\"answered\",\"ms\":84}}}";

static void facts_are_written_read_and_written_the_same(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) once = g_string_new(NULL);
	g_autoptr(GString) twice = g_string_new(NULL);
	struct hg_facts facts = facts_of(all_facts, arena), again;
	(void)state;

	hg_facts_write(&facts, TRUE, once);
	again = facts_of(once->str, arena);
	hg_facts_write(&again, TRUE, twice);
	assert_string_equal(once->str, all_facts);	/* no member was forgotten */
	assert_string_equal(twice->str, all_facts);
	assert_string_equal(again.text, "hi \"you\"\n\xe2\x82\xac");
	assert_int_equal(again.proposal, HG_PROPOSE_REOPEN);
	assert_int_equal(again.age_ms, 0);
	assert_string_equal(again.tags[1], "b");
	assert_null(again.tags[2]);
	assert_true(again.echo && again.held && again.contact_new && again.opted_out);
}

static void facts_without_text_leave_it_out_and_nothing_else(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) with = g_string_new(NULL);
	g_autoptr(GString) without = g_string_new(NULL);
	struct hg_facts facts = facts_of(all_facts, arena);
	(void)state;

	hg_facts_write(&facts, TRUE, with);
	hg_facts_write(&facts, FALSE, without);
	assert_null(strstr(without->str, "\"text\":"));
	assert_null(strstr(without->str, "\"headers\":"));
	assert_int_equal(with->len - without->len, strlen("\"text\":\"hi \\\"you\\\"\\n\xe2\x82\xac\",\"headers\":{\"list-id\":\"l\"},"));
	facts = facts_of("{}", arena);
	g_string_truncate(with, 0);
	hg_facts_write(&facts, TRUE, with);
	assert_string_equal(with->str, "{}");
	assert_int_equal(facts.age_ms, -1);
	assert_int_equal(facts.since_ticket_ms, -1);
}

static void facts_of_the_wrong_type_are_refused(void **state)
{
	static const char *const cases[] = {
		"", "[]", "nonsense", "{\"on\":1}", "{\"text\":null}", "{\"automatic\":1}", "{\"messages\":\"1\"}",
		"{\"messages\":1.5}", "{\"age_ms\":99999999999999999999}", "{\"tags\":\"a\"}", "{\"tags\":[1]}",
		"{\"proposal\":\"maybe\"}", "{\"proposal\":1}", "{\"contact_fields\":[]}", "{\"thread_fields\":\"{}\"}",
		"{\"on\":\"a\",\"on\":\"b\"}",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autoptr(GError) error = NULL;
		struct hg_facts facts;

		if (hg_facts_read(cases[i], arena, &facts, &error))
			fail_msg("%s is read", cases[i]);
		assert_non_null(error);
	}
}

/* ---- word lists ---- */

static const char lists[] =
	"word_lists:\n"
	"  mul: { ok: [ok, \"\xf0\x9f\x91\x8d\"] }\n"
	"  en:\n"
	"    greeting: [hi, hello, good morning]\n"
	"    thanks: [thanks, thank you, thank you very much, that's it]\n"
	"    filler: [so, very]\n"
	"    human: [real person, human]\n"
	"    upset: [\"\xf0\x9f\x98\xa1\", \"\xf0\x9f\x99\x81\"]\n"
	"  de: { greeting: [hallo, guten tag], thanks: [danke sch\xc3\xb6n, danke, gr\xc3\xbc\xc3\x9f dich], filler: [so, die] }\n"
	"  es: { thanks: [gracias, s\xc3\xad], filler: [die, hi] }\n";

static hg_rules *compile_with_lists(const char *when)
{
	g_autofree char *yaml = g_strdup_printf("%srules:\n- name: r\n  when: %s\n  do: { tag: x }\n", lists, when);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	const struct hg_rules_source source = { .rules = hg_node_get(root, "rules"),
						.words = hg_node_get(root, "word_lists") };
	hg_rules *rules = doc ? hg_rules_make(&source, diag) : NULL;
	g_autofree char *said = hg_diag_render(diag, FALSE);
	g_autofree char *kept = NULL;

	if (!rules)
		fail_msg("%s\ndoes not compile:\n%s", yaml, said);
	/* What is kept has the lists too, and so can be judged again. */
	kept = hg_rules_keep_all(&source);
	hg_rules_free(rules);
	return hg_rules_again(kept, diag);
}

struct listed {
	const char *when, *text;
	gboolean want;
	const char *got;	/* in the trace */
};

static void check_lists(const struct listed *one)
{
	g_autoptr(hg_rules) rules = compile_with_lists(one->when);
	g_autoptr(hg_arena) arena = hg_arena_new();
	const struct hg_facts facts = { .on = "message", .text = one->text, .contact_locale = "es-AR" };
	struct hg_verdict plain;
	g_autofree char *trace = trace_of(rules, &facts, arena);

	hg_rules_judge(rules, &facts, arena, &plain, NULL);
	if ((plain.matched != NULL) != one->want || (one->got && !strstr(trace, one->got)))
		fail_msg("%s on \"%s\": %s, %s wanted\n%s", one->when, one->text,
			 plain.matched ? "matches" : "does not match", one->got ? one->got : "", trace);
	check_again(rules, &facts, arena);
}

#define ONLY "{ words: { only: [greeting, thanks, ok], fillers: filler } }"

static void word_lists_find_entries_and_what_is_none(void **state)
{
	static const struct listed cases[] = {
		{ ONLY, "hi, thanks!", TRUE, "hi (en), thanks (en)" },
		{ ONLY, "hi, my invoice", FALSE, "unknown: 'my'" },
		{ ONLY, "Thank  YOU, so very much...", FALSE, "unknown: 'much'" },
		{ ONLY, "thank you very much", TRUE, "thank you very much (en)" },
		{ ONLY, "thank", FALSE, "unknown: 'thank'" },
		{ ONLY, "so very", FALSE, "no entry" },
		{ ONLY, "?!", FALSE, "no entry" },
		{ ONLY, "", FALSE, "no entry" },
		{ ONLY, "hiiiii", TRUE, NULL },
		{ ONLY, "helllloooo", FALSE, NULL },
		{ ONLY, "hellllo", TRUE, NULL },
		{ ONLY, "that\xe2\x80\x99s it", TRUE, "that's it (en)" },
		{ ONLY, "thats it", TRUE, NULL },
		{ ONLY, "that\xc2\xb4s it", TRUE, NULL },
		{ ONLY, "\xef\xbd\x8f\xef\xbd\x8b", TRUE, NULL },	/* ok, full width */
		{ ONLY, "DANKE SCHO\xcc\x88N", TRUE, NULL },	/* not composed */
		{ ONLY, "danke schon", TRUE, NULL },
		{ ONLY, "GR\xc3\x9cSS DICH", TRUE, NULL },
		{ ONLY, "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd", TRUE, NULL },	/* a skin colour */
		{ ONLY, "ok :-) <3 \xf0\x9f\x8e\x89", TRUE, NULL },
		{ ONLY, "\xf0\x9f\x8e\x89", FALSE, "no entry" },
		{ ONLY, "ok danke", TRUE, NULL },
		{ ONLY, "hallo, thanks", FALSE, NULL },		/* two languages */
		{ ONLY, "danke hi", FALSE, NULL },		/* an entry of one, a filler of another */
		{ ONLY, "danke die", TRUE, NULL },
		{ ONLY, "ok 5", FALSE, "unknown: '5'" },
		{ ONLY, "th\xe2\x80\x8b" "anks", TRUE, NULL },	/* a blank without width */
		{ "{ words: { only: thanks, accents: true } }", "danke schon", FALSE, NULL },
		{ "{ words: { only: thanks, accents: true } }", "danke sch\xc3\xb6n", TRUE, NULL },
		{ "{ words: { only: thanks, lang: [de, es] } }", "thanks", FALSE, NULL },
		{ "{ words: { only: thanks, lang: [de, en] } }", "thanks", TRUE, NULL },
		{ "{ words: { any: [human, thanks] } }", "get me a Real Person, thanks", TRUE,
		  "real person (en), thanks (en)" },
		{ "{ words: { any: human } }", "a really personal matter", FALSE, "no entry" },
		{ "{ words: { any: human } }", "inhuman", FALSE, NULL },
		{ "{ words: { any: upset } }", "hello :(", TRUE, NULL },
		{ "{ words: { any: human, lang: de } }", "a human", FALSE, NULL },
		{ "{ words: { begins: greeting } }", "Good morning! I need help", TRUE, "good morning (en)" },
		{ "{ words: { begins: greeting } }", "I said hello", FALSE, "unknown: 'i'" },
		{ "{ words: { begins: greeting, fillers: filler } }", "\xf0\x9f\x98\x80 so, hello there", TRUE, NULL },
		{ "{ language: de }", "Guten Tag, danke", TRUE, "\"got\":\"de\"" },
		{ "{ language: en }", "Guten Tag, danke", FALSE, NULL },
		{ "{ language: es }", "12345", TRUE, "\"got\":\"es-AR\"" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		check_lists(&cases[i]);
}

static void word_lists_read_no_more_than_their_limit(void **state)
{
	g_autoptr(GString) text = g_string_new("hi");
	g_autoptr(hg_rules) only = compile_with_lists(ONLY);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_facts facts = { .on = "message" };
	struct hg_verdict verdict;
	g_autofree char *trace = NULL;
	(void)state;

	while (text->len < 200000)
		g_string_append(text, " hi");
	facts.text = text->str;
	hg_rules_judge(only, &facts, arena, &verdict, NULL);
	assert_null(verdict.matched);
	trace = trace_of(only, &facts, arena);
	assert_non_null(strstr(trace, "too long"));
	/* A character that stands across the limit. */
	g_string_truncate(text, 16383);
	g_string_append(text, "\xf0\x9f\x91\x8d and more");
	facts.text = text->str;
	hg_rules_judge(only, &facts, arena, &verdict, NULL);
	assert_null(verdict.matched);
}

/* ---- hours ---- */

static const char hours_yaml[] =
	"hours:\n"
	"  office:\n"
	"    zone: Europe/Berlin\n"
	"    open: { mon-fri: [09:00-12:30, 13:30-18:00], sat: 10:00-14:00 }\n"
	"    holidays: [12-25, 2026-05-14]\n"
	"  night: { zone: America/New_York, open: { fri: 22:00-24:00, sat: 00:00-06:00 } }\n";

static void hours_go_by_the_clock_of_their_place(void **state)
{
	static const struct { const char *when, *utc; gboolean want; const char *got; } cases[] = {
		{ "{ hours: { open: office } }", "2026-11-20T08:00:00Z", TRUE, "fri 09:00 Europe/Berlin, open" },
		{ "{ hours: { open: office } }", "2026-11-20T07:59:59Z", FALSE, "fri 08:59 Europe/Berlin, closed" },
		{ "{ hours: { open: office } }", "2026-11-20T11:29:59Z", TRUE, NULL },
		{ "{ hours: { open: office } }", "2026-11-20T11:30:00Z", FALSE, NULL },
		{ "{ hours: { closed: office } }", "2026-11-20T11:30:00Z", TRUE, NULL },
		{ "{ hours: { open: office } }", "2026-11-22T10:00:00Z", FALSE, "sun 11:00" },
		/* Summer time: seven o'clock UTC is nine there. */
		{ "{ hours: { open: office } }", "2026-07-17T07:00:00Z", TRUE, "fri 09:00" },
		{ "{ hours: { open: office } }", "2026-07-17T06:59:00Z", FALSE, NULL },
		/* The Sunday the clock goes back, and the Monday behind it. */
		{ "{ hours: { open: office } }", "2026-10-26T08:00:00Z", TRUE, "mon 09:00" },
		{ "{ hours: { open: office } }", "2026-10-26T07:30:00Z", FALSE, NULL },
		{ "{ hours: { open: office } }", "2026-12-25T10:00:00Z", FALSE, "a holiday" },
		{ "{ hours: { open: office } }", "2028-12-25T10:00:00Z", FALSE, "a holiday" },
		{ "{ hours: { open: office } }", "2026-05-14T10:00:00Z", FALSE, "a holiday" },
		{ "{ hours: { open: office } }", "2027-05-14T10:00:00Z", TRUE, NULL },
		{ "{ hours: { open: night } }", "2026-11-21T04:59:00Z", TRUE, "fri 23:59 America/New_York" },
		{ "{ hours: { open: night } }", "2026-11-21T05:00:00Z", TRUE, "sat 00:00" },
		{ "{ hours: { open: night } }", "2026-11-21T11:00:00Z", FALSE, NULL },
		{ "{ hours: { open: [office, night] } }", "2026-11-21T05:00:00Z", TRUE, "; " },
		{ "{ not: { hours: { open: [office, night] } } }", "2026-11-22T05:00:00Z", TRUE, NULL },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *yaml = g_strdup_printf("%srules:\n- name: r\n  when: %s\n  do: { tag: x }\n", hours_yaml,
							cases[i].when);
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_doc) doc = hg_doc_parse("test.yaml", yaml, diag);
		const struct hg_rules_source source = { .rules = hg_node_get(hg_doc_root(doc), "rules"),
							.hours = hg_node_get(hg_doc_root(doc), "hours") };
		g_autofree char *kept = hg_rules_keep_all(&source), *trace = NULL;
		g_autoptr(hg_rules) rules = hg_rules_again(kept, diag);
		g_autoptr(hg_arena) arena = hg_arena_new();
		const struct hg_facts facts = { .on = "message", .now_ms = hg_time_parse(cases[i].utc) };
		struct hg_verdict verdict;

		assert_non_null(rules);
		hg_rules_judge(rules, &facts, arena, &verdict, NULL);
		trace = trace_of(rules, &facts, arena);
		if ((verdict.matched != NULL) != cases[i].want || (cases[i].got && !strstr(trace, cases[i].got)))
			fail_msg("%s at %s: %s", cases[i].when, cases[i].utc, trace);
		check_again(rules, &facts, arena);
	}
}

static void the_schema_knows_every_condition_and_action(void **state)
{
	static const char *const words[] = {
		"has_ticket", "since_ticket", "last_speaker", "opted_out", "proposal", "at_least", "over",
		"matches", "convert", "ignore", "hold", "join", "tag", "set", "reply", "thread.reopened", "any",
		"words", "begins", "fillers", "language", "hours",
	};
	g_autofree char *schema = hg_rules_schema();
	g_autoptr(json_object) parsed = hg_json_parse(schema, strlen(schema), NULL, NULL);
	(void)state;

	assert_non_null(parsed);
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autofree char *quoted = g_strdup_printf("\"%s\"", words[i]);

		if (!strstr(schema, quoted))
			fail_msg("%s is not in the schema", words[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_on_the_message_hold_or_not),
		cmocka_unit_test(conditions_on_headers_hold_or_not),
		cmocka_unit_test(headers_are_found_in_a_payload),
		cmocka_unit_test(conditions_on_the_thread_hold_or_not),
		cmocka_unit_test(conditions_on_what_hooks_said_hold_or_not),
		cmocka_unit_test(conditions_on_the_contact_hold_or_not),
		cmocka_unit_test(all_any_and_not_nest),
		cmocka_unit_test(the_sample_rules_decide_as_they_read),
		cmocka_unit_test(the_first_deciding_rule_ends_it_and_the_rest_adds_up),
		cmocka_unit_test(what_decides_is_said_whatever_it_is),
		cmocka_unit_test(no_rules_decide_nothing),
		cmocka_unit_test(a_pattern_that_would_run_for_ever_gives_up_and_is_named),
		cmocka_unit_test(a_pattern_gives_up_after_a_hundred_thousand_steps),
		cmocka_unit_test(a_pattern_that_may_begin_anywhere_gives_up_on_long_texts_in_time),
		cmocka_unit_test(a_text_is_searched_up_to_its_limit_only),
		cmocka_unit_test(a_long_text_is_cut_between_characters),
		cmocka_unit_test(text_that_is_no_utf8_is_no_danger),
		cmocka_unit_test(a_trace_names_each_rule_what_was_wanted_and_what_was_there),
		cmocka_unit_test(kept_rules_decide_and_trace_as_the_file_did),
		cmocka_unit_test(what_was_kept_wrongly_is_refused),
		cmocka_unit_test(facts_are_written_read_and_written_the_same),
		cmocka_unit_test(facts_without_text_leave_it_out_and_nothing_else),
		cmocka_unit_test(facts_of_the_wrong_type_are_refused),
		cmocka_unit_test(word_lists_find_entries_and_what_is_none),
		cmocka_unit_test(word_lists_read_no_more_than_their_limit),
		cmocka_unit_test(hours_go_by_the_clock_of_their_place),
		cmocka_unit_test(the_schema_knows_every_condition_and_action),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

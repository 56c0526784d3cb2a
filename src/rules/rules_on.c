/* rules_on.c - the events a rule is on: reads them, and answers which of them anybody listens to */
#include <string.h>

#include "rules_made.h"
#include "text.h"

#define AFTER_MIN_MS 1000
#define AFTER_MAX_MS (G_GINT64_CONSTANT(30) * 24 * 60 * 60 * 1000)

const char *hg_rule_event_word(int event)
{
	return hg_rule_events[event];
}

gboolean hg_rules_ask_headers(const hg_rules *rules)
{
	return rules && rules->headers;
}

gboolean hg_rules_ask_helpdesk(const hg_rules *rules)
{
	return rules && rules->helpdesk;
}

gboolean hg_rules_listen(const hg_rules *rules, int event)
{
	return rules && rules->on & (1U << event);
}

gint64 hg_rules_next_span(const hg_rules *rules, int event, gint64 after_ms)
{
	gint64 next_ms = -1;

	if (!hg_rules_listen(rules, event))
		return -1;
	for (guint i = 0; i < rules->n; i++) {
		const struct hg_rule *rule = &rules->rules[i];

		if (rule->on == 1U << event && rule->after_ms > after_ms && (next_ms < 0 || rule->after_ms < next_ms))
			next_ms = rule->after_ms;
	}
	return next_ms;
}

static gboolean is_timed(const char *word)
{
	guint bit = hg_rule_event_bit(word);

	return bit == 1U << HG_ON_UNANSWERED || bit == 1U << HG_ON_BOT;
}

static gboolean unknown_event(struct hg_rules_making *making, const struct hg_place *place, const char *word)
{
	const char *near = word ? hg_nearest(word, hg_rule_events) : NULL;
	g_autofree char *known = g_strjoinv(", ", (char **)hg_rule_events);
	g_autofree char *quoted = hg_node_quote(word ? word : "");
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near)
				     : g_strdup_printf("known here: %s", known);

	hg_diag_add(making->diag, HG_SEV_ERROR, place, hint, "there is no event %s that rules are asked about",
		    quoted);
	return FALSE;
}

static gboolean read_word(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char *word = hg_node_text(node);
	g_autofree char *hint = NULL;

	if (!hg_rule_event_bit(word))
		return unknown_event(making, hg_node_place(node), word);
	rule->on |= hg_rule_event_bit(word);
	if (!is_timed(word))
		return TRUE;
	hint = g_strdup_printf("write on: { %s: 10m }", word);
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), hint,
		    "'%s' is asked after a time, which stands behind it, and alone", word);
	return FALSE;
}

/* { unanswered: 10m }: one event, and how long it has lasted. */
static gboolean read_timed(struct hg_rules_making *making, const hg_node *map, struct hg_rule *rule)
{
	const char *word = hg_node_size(map) ? hg_node_key(map, 0) : NULL;

	if (word && !hg_rule_event_bit(word))
		return unknown_event(making, hg_node_key_place(map, 0), word);
	if (hg_node_size(map) != 1 || !is_timed(word)) {
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(map),
			    "other events are words: on: [thread.opened, thread.closed]",
			    "a time goes with one of unanswered and bot: on: { unanswered: 10m }");
		return FALSE;
	}
	if (!hg_node_span(hg_node_value(map, 0), &rule->after_ms, making->diag))
		return FALSE;
	rule->on = hg_rule_event_bit(word);
	if (rule->after_ms >= AFTER_MIN_MS && rule->after_ms <= AFTER_MAX_MS)
		return TRUE;
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(hg_node_value(map, 0)), NULL,
		    "a time from 1s to 30d is wanted here");
	return FALSE;
}

gboolean hg_rules_read_on(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	gboolean fine = TRUE;

	if (!node) {
		rule->on = 1U << HG_ON_MESSAGE;
		return TRUE;
	}
	if (hg_node_type(node) == HG_NODE_MAP)
		return read_timed(making, node, rule);
	if (hg_node_type(node) != HG_NODE_LIST || !hg_node_size(node))
		return read_word(making, node, rule);
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_word(making, hg_node_at(node, i), rule);
	return fine;
}

/* rules_reach.c - rules that can never match: another decides before them, or they contradict themselves
 *
 * What is said here is certain: a condition is taken to imply another only where every fact that fulfils the
 * one fulfils the other.  What is not known to be so is not told. */
#include <string.h>

#include "rules_made.h"

#define COMPARED_MAX 5000000	/* conditions of all rules with each other: then no more is said */
#define PAIRS_MAX    64		/* conditions of one rule that are compared with each other */

struct reach {
	struct hg_rules_making *making;
	guint compared;
};

/* ---- two conditions on one fact ---- */

static gboolean has_word(const struct hg_cond *cond, const char *word)
{
	for (guint i = 0; i < cond->n; i++)
		if (g_ascii_strcasecmp(cond->words[i], word) == 0)
			return TRUE;
	return FALSE;
}

/* Each value that is asked for here is asked for there. */
static gboolean words_within(const struct hg_cond *later, const struct hg_cond *earlier)
{
	for (guint i = 0; i < later->n; i++)
		if (!has_word(earlier, later->words[i]))
			return FALSE;
	return later->n > 0;
}

/* Patterns are told apart by every letter. */
static gboolean patterns_within(const struct hg_cond *later, const struct hg_cond *earlier)
{
	if (strcmp(later->path, earlier->path) != 0)
		return FALSE;
	for (guint i = 0; i < later->n; i++)
		if (!g_strv_contains(earlier->words, later->words[i]))
			return FALSE;
	return later->n > 0;
}

static gboolean number_within(const struct hg_cond *later, const struct hg_cond *earlier)
{
	gboolean exact = later->test == HG_TEST_EXACTLY;

	if (later->test != earlier->test && !exact)
		return FALSE;
	switch (earlier->test) {
	case HG_TEST_EXACTLY:
		return exact && later->number == earlier->number;
	case HG_TEST_AT_LEAST:
		return later->number >= earlier->number;
	case HG_TEST_AT_MOST:
		return later->number <= earlier->number;
	case HG_TEST_OVER:
		return !exact && later->number >= earlier->number;
	case HG_TEST_UNDER:
		return !exact && later->number <= earlier->number;
	default:
		return FALSE;
	}
}

static gboolean same_ask(const struct hg_words_ask *one, const struct hg_words_ask *two)
{
	return one->how == two->how && one->lists == two->lists && one->fillers == two->fillers &&
	       one->langs == two->langs && one->form == two->form;
}

static gboolean bar_within(const struct hg_cond *later, const struct hg_cond *earlier)
{
	return later->min_confidence >= earlier->min_confidence && later->min_known >= earlier->min_known;
}

static gboolean leaf_implies(const struct hg_cond *later, const struct hg_cond *earlier)
{
	if (later->fact != earlier->fact || g_strcmp0(later->field, earlier->field) != 0)
		return FALSE;
	if (later->test != earlier->test)
		return number_within(later, earlier);
	switch (later->test) {
	case HG_TEST_WORD:
	case HG_TEST_TAG:
	case HG_TEST_FIELD:
	case HG_TEST_LANGUAGE:
		return words_within(later, earlier);
	case HG_TEST_TRUTH:
	case HG_TEST_EMPTY:
		return later->truth == earlier->truth;
	case HG_TEST_FIND:
		return patterns_within(later, earlier);
	case HG_TEST_INTENT:
		return words_within(later, earlier) && bar_within(later, earlier);
	case HG_TEST_UNKNOWN:
		return later->truth == earlier->truth && bar_within(later, earlier) && bar_within(earlier, later);
	case HG_TEST_LISTS:
		return same_ask(later->ask, earlier->ask);
	case HG_TEST_HOURS:
		return later->truth == earlier->truth && !(later->places & ~earlier->places);
	default:
		return number_within(later, earlier);
	}
}

/* ---- conditions within each other ---- */

static gboolean implies(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier);

static gboolean each_implies(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier)
{
	for (guint i = 0; i < later->n; i++)
		if (!implies(reach, later->items[i], earlier))
			return FALSE;
	return later->n > 0;
}

static gboolean implies_each(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier)
{
	for (guint i = 0; i < earlier->n; i++)
		if (!implies(reach, later, earlier->items[i]))
			return FALSE;
	return TRUE;
}

static gboolean some_implies(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier)
{
	for (guint i = 0; later->test == HG_TEST_ALL && i < later->n; i++)
		if (implies(reach, later->items[i], earlier))
			return TRUE;
	for (guint i = 0; earlier->test == HG_TEST_ANY && i < earlier->n; i++)
		if (implies(reach, later, earlier->items[i]))
			return TRUE;
	return FALSE;
}

/* "Not all of X" follows from "not all of Y" where X makes Y certain. */
static gboolean not_implies_not(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier)
{
	struct hg_cond from = *earlier, to = *later;

	from.test = to.test = HG_TEST_ALL;
	return implies(reach, &from, &to);
}

static gboolean implies(struct reach *reach, const struct hg_cond *later, const struct hg_cond *earlier)
{
	if (++reach->compared > COMPARED_MAX)
		return FALSE;
	if (earlier->test == HG_TEST_ALL)
		return implies_each(reach, later, earlier);
	if (later->test == HG_TEST_ANY && each_implies(reach, later, earlier))
		return TRUE;
	if (some_implies(reach, later, earlier))
		return TRUE;
	if (later->test == HG_TEST_NOT && earlier->test == HG_TEST_NOT)
		return not_implies_not(reach, later, earlier);
	return later->test > HG_TEST_NOT && earlier->test > HG_TEST_NOT && leaf_implies(later, earlier);
}

/* ---- conditions that exclude each other ---- */

static gboolean is_single(const struct hg_cond *cond)
{
	return cond->test == HG_TEST_WORD && cond->fact->type == HG_FACT_WORD;
}

/* No facts fulfil both: what is said of the same thing leaves nothing in common. */
static gboolean excludes(const struct hg_cond *one, const struct hg_cond *two)
{
	if (one->fact != two->fact || one->field || two->field)
		return FALSE;
	if (one->test == HG_TEST_TRUTH && two->test == HG_TEST_TRUTH)
		return one->truth != two->truth;
	if ((one->test == HG_TEST_AT_LEAST && two->test == HG_TEST_AT_MOST) ||
	    (one->test == HG_TEST_EXACTLY && two->test == HG_TEST_AT_MOST))
		return one->number > two->number;
	if (one->test == HG_TEST_EXACTLY && two->test == HG_TEST_AT_LEAST)
		return one->number < two->number;
	if (one->test == HG_TEST_OVER && two->test == HG_TEST_UNDER)
		return one->number >= two->number;
	if (!is_single(one) || !is_single(two))
		return FALSE;
	for (guint i = 0; i < one->n; i++)
		if (has_word(two, one->words[i]))
			return FALSE;
	return TRUE;
}

/* All that has to hold, `all` within `all` taken apart. */
static void flatten(const struct hg_cond *cond, GPtrArray *leaves)
{
	if (cond->test > HG_TEST_NOT && leaves->len < PAIRS_MAX)
		g_ptr_array_add(leaves, (gpointer)cond);
	for (guint i = 0; cond->test == HG_TEST_ALL && i < cond->n; i++)
		flatten(cond->items[i], leaves);
}

static gboolean look_within(struct reach *reach, const hg_node *node, const struct hg_rule *rule)
{
	g_autoptr(GPtrArray) leaves = g_ptr_array_new();

	if (rule->when)
		flatten(rule->when, leaves);
	for (guint i = 0; i < leaves->len; i++)
		for (guint j = 0; j < leaves->len; j++) {
			const struct hg_cond *one = g_ptr_array_index(leaves, i), *two = g_ptr_array_index(leaves, j);

			if (i == j || !excludes(one, two))
				continue;
			hg_diag_add(reach->making->diag, HG_SEV_WARNING, hg_node_place(node), NULL,
				    "this rule never matches: %s %s and %s %s exclude each other", one->path, one->want,
				    two->path, two->want);
			return TRUE;
		}
	return FALSE;
}

/* ---- events that come without a message ---- */

static gboolean is_of_message(const struct hg_fact *fact)
{
	static const char *const names[] = { "text", "words", "intent", "kind", "attachment", "attachment_kind", "automatic",
					     "forwarded", "echo", "address", "proposal", NULL };

	return !fact->group && g_strv_contains(names, fact->name);
}

/* The first condition that cannot hold where nobody says anything; NULL: it may. */
static const struct hg_cond *wants_message(const struct hg_cond *cond)
{
	const struct hg_cond *found = NULL;

	if (cond->test > HG_TEST_NOT)
		return is_of_message(cond->fact) && (cond->test != HG_TEST_TRUTH || cond->truth) &&
		       (cond->test != HG_TEST_EMPTY || !cond->truth) ? cond : NULL;
	for (guint i = 0; i < cond->n && cond->test != HG_TEST_NOT; i++) {
		found = wants_message(cond->items[i]);
		if ((cond->test == HG_TEST_ALL) == (found != NULL))
			return found;
	}
	return cond->test == HG_TEST_ANY ? found : NULL;
}

static void look_for_message(struct reach *reach, const hg_node *node, const struct hg_rule *rule)
{
	static const guint with = 1U << HG_ON_MESSAGE | 1U << HG_ON_OPENED | 1U << HG_ON_REOPENED | 1U << HG_ON_SENT |
				 1U << HG_ON_RECEIPT_FAILED;
	const struct hg_cond *wants = rule->when ? wants_message(rule->when) : NULL;

	for (guint e = 0; wants && hg_rule_events[e]; e++)
		if (rule->on & ~with & (1U << e))
			hg_diag_add(reach->making->diag, HG_SEV_WARNING, hg_node_place(node), NULL,
				    "on %s this rule never matches: there is no message then that '%s' could be about",
				    hg_rule_events[e], wants->path);
}

/* ---- rules behind others ---- */

static gboolean decides_before(struct reach *reach, const struct hg_rule *earlier, const struct hg_rule *later)
{
	if (earlier->action == HG_ACT_NONE || earlier->after_ms != later->after_ms)
		return FALSE;
	return !earlier->when || (later->when && implies(reach, later->when, earlier->when));
}

static void tell_unreached(struct reach *reach, const hg_node *node, const struct hg_rule *by, const char *on)
{
	hg_diag_add(reach->making->diag, HG_SEV_WARNING, hg_node_place(node),
		    by->when ? "put it before that one, or narrow that one" : NULL,
		    "%s%s%sthis rule is never reached: '%s' (%s:%d) %s and decides before it", on ? "on " : "",
		    on ? on : "", on ? ": " : "", by->name, by->file ? by->file : "-", by->line,
		    by->when ? "matches whenever this one would" : "has no conditions");
}

/* Told for all its events at once, or for those where it is so. */
static void look_before(struct reach *reach, const hg_node *list, guint i)
{
	const struct hg_rule *rules = reach->making->rules->rules, *first = NULL;
	const struct hg_rule *by[sizeof(guint) * 8] = { NULL };	/* for each event */
	guint left = rules[i].on;

	for (guint j = 0; j < i && left; j++) {
		guint both = left & rules[j].on;

		if (!both || !decides_before(reach, &rules[j], &rules[i]))
			continue;
		for (guint e = 0; hg_rule_events[e]; e++)
			if (both & (1U << e))
				by[e] = &rules[j];
		first = first ? first : &rules[j];
		left &= ~both;
	}
	if (first && !left)
		tell_unreached(reach, hg_node_at(list, i), first, NULL);
	for (guint e = 0; left && hg_rule_events[e]; e++)
		if (by[e])
			tell_unreached(reach, hg_node_at(list, i), by[e], hg_rule_events[e]);
}

void hg_rules_doubt_reach(struct hg_rules_making *making, const hg_node *list)
{
	struct reach reach = { .making = making };

	for (guint i = 0; i < making->rules->n; i++) {
		const hg_node *node = hg_node_at(list, i);

		if (look_within(&reach, node, &making->rules->rules[i]))
			continue;
		look_for_message(&reach, node, &making->rules->rules[i]);
		look_before(&reach, list, i);
	}
}

/* ---- what rules say, and where ---- */

gboolean hg_rules_reply_of(const hg_rules *rules, guint n, struct hg_rules_reply *ret)
{
	const struct hg_rule *rule = &rules->rules[n];

	if (!rule->n_replies)
		return FALSE;
	*ret = (struct hg_rules_reply){ .rule = rule->name, .text = rule->replies[0], .place = rule->said_at,
					.on = rule->on, .after_ms = rule->after_ms };
	return TRUE;
}

gboolean hg_rules_may_be_on(const hg_rules *rules, guint n, const char *channel, const char *adapter, const char *scope)
{
	const struct { const char *name, *is; } facts[] = { { "channel", channel }, { "adapter", adapter }, { "scope", scope } };
	g_autoptr(GPtrArray) leaves = g_ptr_array_new();

	if (rules->rules[n].when)
		flatten(rules->rules[n].when, leaves);
	for (guint i = 0; i < leaves->len; i++) {
		const struct hg_cond *cond = g_ptr_array_index(leaves, i);

		for (gsize f = 0; is_single(cond) && !cond->fact->group && f < G_N_ELEMENTS(facts); f++)
			if (strcmp(cond->fact->name, facts[f].name) == 0 && !has_word(cond, facts[f].is))
				return FALSE;
	}
	return TRUE;
}

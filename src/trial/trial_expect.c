/* trial_expect.c - what a test expects: one table that checking, judging and the schema read */
#include "trial_made.h"

#include <string.h>

#include "json.h"
#include "payload.h"
#include "rules.h"
#include "text.h"

#define SHOWN_MAX 60		/* bytes of one text in a miss */

enum form {
	COUNT = 1,	/* a number, or { at_least, at_most } */
	WORD,		/* one of words */
	TEXT,		/* a text */
	FLAG,		/* true or false; kept as a word */
	RULE,		/* name of a rule, or null: none decided */
	RULES,		/* names of rules, these and in this order */
	TEXTS,		/* a number, or texts: each stands in what came, in this order */
	EVENTS,		/* these among others in this order, or { TYPE: count } */
	TAGS,		/* these are there */
	FIELDS,		/* { NAME: value }: these are there */
};

static const char *const states[] = { "open", "closed", "converted", NULL };
static const char *const resolutions[] = { "unknown", "resolved", "unresolved", NULL };
static const char *const actions[] = { "convert", "ignore", "hold", "join", "wait", "none", NULL };
static const char *const statuses[] = { "requested", "open", "pending", "solved", "closed", NULL };

static const struct expectation {
	const char *group, *name;	/* group NULL: at the top */
	enum form form;
	gsize offset;
	const char *const *words;
	const char *help;
} expectations[] = {
#define ROW(group_, name_, form_, words_, help_) \
	{ group_, #name_, form_, G_STRUCT_OFFSET(struct hg_trial_seen, name_), words_, help_ }
	ROW(NULL, tickets, COUNT, NULL, "Tickets that were made."),
	ROW(NULL, threads, COUNT, NULL, "Conversations there are."),
	ROW(NULL, joins, COUNT, NULL, "Messages that were added to a conversation that was there already."),
	ROW(NULL, duplicates, COUNT, NULL, "Messages that came again and made nothing new."),
	ROW(NULL, rule, RULE, NULL, "The rule of the last decision; null: none decided."),
	ROW(NULL, rules, RULES, NULL, "The deciding rules, in order."),
	ROW(NULL, action, WORD, actions, "What the last decision was."),
	ROW(NULL, intent, TEXT, NULL, "What the last message is about, when a rule wanted to know; null: nothing reached the bar."),
	ROW(NULL, replies, TEXTS, NULL, "What rules and headgate said to customers: how many, or a part of each."),
	ROW(NULL, events, EVENTS, NULL, "Events that came in this order, or how many of each."),
	ROW("thread", state, WORD, states, "State of the conversation."),
	ROW("thread", resolution, WORD, resolutions, "How it was closed."),
	ROW("thread", messages, COUNT, NULL, "Messages in it."),
	ROW("thread", held, FLAG, NULL, "It waits for a bot or an agent."),
	ROW("thread", reopened, FLAG, NULL, "It was closed once and goes on."),
	ROW("thread", confirmed, FLAG, NULL, "The customer said that it is solved."),
	ROW("thread", asked, TEXT, NULL, "What the customer was asked and has not answered; null: nothing."),
	ROW("thread", csat, TEXT, NULL, "What the customer thinks, as a number; null: he did not say."),
	ROW("thread", tags, TAGS, NULL, "Tags it has."),
	ROW("thread", fields, FIELDS, NULL, "Fields that set has set."),
	ROW("ticket", priority, TEXT, NULL, "Its priority."),
	ROW("ticket", requester, TEXT, NULL, "The address its requester is known by; null: none."),
	ROW("ticket", category, TEXT, NULL, "Its category."),
	ROW("ticket", type, TEXT, NULL, "Its type."),
	ROW("ticket", queue, TEXT, NULL, "The queue it is in."),
	ROW("ticket", skill, TEXT, NULL, "What who answers has to know."),
	ROW("ticket", assignee, TEXT, NULL, "Who has it; null: nobody."),
	ROW("ticket", subject, TEXT, NULL, "Its subject."),
	ROW("ticket", status, WORD, statuses, "Its state."),
	ROW("ticket", reason, TEXT, NULL, "Why it was made."),
#undef ROW
};

/* ---- reading ---- */

static void wrong(const hg_node *node, hg_diag *diag, const char *what)
{
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), NULL, "%s is wanted here", what);
}

static void check_word(const hg_node *node, const char *what, const char *const *words, hg_diag *diag)
{
	const char *text = hg_node_text(node);
	const char *near = text ? hg_nearest(text, words) : NULL;
	g_autofree char *all = g_strjoinv(", ", (char **)words);
	g_autofree char *quoted = hg_node_quote(text ? text : "");
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) :
		*all ? g_strdup_printf("known here: %s", all) : NULL;

	if (!text || !g_strv_contains(words, text))
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), hint, "there is no %s %s", what, quoted);
}

static void check_count(const hg_node *node, hg_diag *diag)
{
	static const char *const keys[] = { "at_least", "at_most", NULL };
	gint64 n;

	if (hg_node_type(node) != HG_NODE_MAP)
		hg_node_int(node, 0, G_MAXINT, &n, diag);
	else if (hg_node_check_keys(node, "a count", keys, diag))
		for (guint i = 0; i < hg_node_size(node); i++)
			hg_node_int(hg_node_value(node, i), 0, G_MAXINT, &n, diag);
}

/* A scalar or a list of scalars; words NULL: anything. */
static void check_list(const hg_node *node, const char *what, const char *const *words, hg_diag *diag)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST;

	for (guint i = 0; i < (list ? hg_node_size(node) : 1); i++) {
		const hg_node *item = list ? hg_node_at(node, i) : node;

		if (!hg_node_text(item))
			wrong(item, diag, what);
		else if (words)
			check_word(item, what, words, diag);
	}
}

static void check_map(const hg_node *node, gboolean counts, hg_diag *diag)
{
	for (guint i = 0; i < hg_node_size(node); i++) {
		const hg_node *value = hg_node_value(node, i);

		if (counts)
			check_count(value, diag);
		else if (!hg_node_text(value))
			wrong(value, diag, "a text");
	}
}

static void check_value(const hg_trials *trials, const struct expectation *e, const hg_node *node, hg_diag *diag)
{
	gboolean map = hg_node_type(node) == HG_NODE_MAP, flag;

	switch (e->form) {
	case COUNT:
		check_count(node, diag);
		break;
	case WORD:
		check_word(node, e->name, e->words, diag);
		break;
	case FLAG:
		hg_node_bool(node, &flag, diag);
		break;
	case RULE:
		if (!hg_node_null(node))
			check_word(node, "rule", trials->rule_names, diag);
		break;
	case RULES:
		check_list(node, "rule", trials->rule_names, diag);
		break;
	case FIELDS:
		if (map)
			check_map(node, FALSE, diag);
		else
			wrong(node, diag, "a map of fields and their values");
		break;
	case EVENTS:
		if (map && hg_node_check_keys(node, "events", hg_payload_types(), diag))
			check_map(node, TRUE, diag);
		else if (!map)
			check_list(node, "event", hg_payload_types(), diag);
		break;
	case TEXTS:
		if (map) {
			check_count(node, diag);
			break;
		}
		/* fall through */
	case TEXT:
	case TAGS:
	default:
		check_list(node, e->form == TEXT ? "a text" : "a text or a list of texts", NULL, diag);
	}
}

static const struct expectation *find(const char *group, const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++)
		if (g_strcmp0(expectations[i].group, group) == 0 && strcmp(expectations[i].name, name) == 0)
			return &expectations[i];
	return NULL;
}

static gboolean is_group(const char *name)
{
	return strcmp(name, "thread") == 0 || strcmp(name, "ticket") == 0;
}

static void read_group(const hg_trials *trials, const char *group, const hg_node *map, hg_diag *diag)
{
	const char *names[G_N_ELEMENTS(expectations) + 3];
	g_autofree char *what = g_strconcat("expect", group ? "." : "", group, NULL);
	guint n = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++)
		if (g_strcmp0(expectations[i].group, group) == 0)
			names[n++] = expectations[i].name;
	if (!group) {
		names[n++] = "thread";
		names[n++] = "ticket";
	}
	names[n] = NULL;
	if (!hg_node_check_keys(map, what, names, diag))
		return;
	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *key = hg_node_key(map, i);

		if (!group && is_group(key))
			read_group(trials, key, hg_node_value(map, i), diag);
		else
			check_value(trials, find(group, key), hg_node_value(map, i), diag);
	}
}

void hg_trial_expect_read(const hg_trials *trials, const hg_node *expect, hg_diag *diag)
{
	if (hg_node_type(expect) == HG_NODE_MAP && !hg_node_size(expect))
		wrong(expect, diag, "something that can be looked at, such as tickets: 1,");
	else
		read_group(trials, NULL, expect, diag);
}

/* ---- judging ---- */

void hg_trial_missed(struct hg_trial_result *result, const struct hg_place *place, const char *what,
		     const char *want, const char *got)
{
	struct hg_trial_miss miss = { place, hg_arena_str(result->arena, what), hg_arena_str(result->arena, want),
				      hg_arena_str(result->arena, got) };

	g_array_append_val(result->misses, miss);
}

/* What stands in the file, short: a scalar, [a, b], { k: v }. */
static void show_node(GString *out, const hg_node *node)
{
	gboolean map = hg_node_type(node) == HG_NODE_MAP;

	if (hg_node_type(node) == HG_NODE_SCALAR) {
		g_string_append(out, hg_node_null(node) ? "none" : hg_node_text(node));
		return;
	}
	g_string_append(out, map ? "{" : "[");
	for (guint i = 0; i < hg_node_size(node); i++) {
		g_string_append(out, i ? ", " : "");
		if (map)
			g_string_append_printf(out, "%s: ", hg_node_key(node, i));
		show_node(out, map ? hg_node_value(node, i) : hg_node_at(node, i));
	}
	g_string_append(out, map ? "}" : "]");
}

static void show_list(GString *out, const GPtrArray *words)
{
	g_string_append_c(out, '[');
	for (guint i = 0; i < words->len; i++) {
		g_autofree char *cut = hg_text_valid(g_ptr_array_index(words, i), -1, SHOWN_MAX);

		g_string_append_printf(out, "%s%s%s", i ? ", " : "", cut,
				       strlen(g_ptr_array_index(words, i)) > SHOWN_MAX ? "..." : "");
	}
	g_string_append_c(out, ']');
}

static gint64 number(const hg_node *node, gint64 fallback)
{
	gint64 n;

	return node && g_ascii_string_to_signed(hg_node_text(node), 10, 0, G_MAXINT, &n, NULL) ? n : fallback;
}

static gboolean count_fits(const hg_node *node, gint64 n)
{
	if (hg_node_type(node) != HG_NODE_MAP)
		return n == number(node, -1);
	return n >= number(hg_node_get(node, "at_least"), 0) && n <= number(hg_node_get(node, "at_most"), G_MAXINT64);
}

/* The i-th of a list, or the scalar itself; NULL behind the end. */
static const char *item(const hg_node *node, guint i)
{
	if (hg_node_type(node) == HG_NODE_LIST)
		return i < hg_node_size(node) ? hg_node_text(hg_node_at(node, i)) : NULL;
	return i ? NULL : hg_node_text(node);
}

static gboolean same_list(const hg_node *node, const GPtrArray *got, gboolean parts)
{
	const char *want;
	guint i = 0;

	for (; (want = item(node, i)); i++) {
		const char *text = i < got->len ? g_ptr_array_index(got, i) : NULL;

		if (!text || (parts ? !strstr(text, want) : strcmp(text, want) != 0))
			return FALSE;
	}
	return i == got->len;
}

static gboolean among(const hg_node *node, const GPtrArray *got)
{
	const char *want;

	for (guint i = 0; (want = item(node, i)); i++)
		if (!g_ptr_array_find_with_equal_func((GPtrArray *)got, want, g_str_equal, NULL))
			return FALSE;
	return TRUE;
}

static gboolean in_order(const hg_node *node, const GPtrArray *got)
{
	guint at = 0;

	for (guint i = 0; i < got->len && item(node, at); i++)
		at += strcmp(item(node, at), g_ptr_array_index(got, i)) == 0;	/* analyser: i < len: there are items */
	return !item(node, at);
}

static gboolean events_fit(const hg_node *node, const GPtrArray *got)
{
	if (hg_node_type(node) != HG_NODE_MAP)
		return in_order(node, got);
	for (guint i = 0; i < hg_node_size(node); i++) {
		gint64 n = 0;

		for (guint k = 0; k < got->len; k++)
			n += strcmp(hg_node_key(node, i), g_ptr_array_index(got, k)) == 0;
		if (!count_fits(hg_node_value(node, i), n))
			return FALSE;
	}
	return TRUE;
}

static gboolean fields_fit(const hg_node *node, const char *json)
{
	g_autoptr(json_object) fields = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	for (guint i = 0; i < hg_node_size(node); i++)
		if (g_strcmp0(hg_json_str(fields, hg_node_key(node, i)), hg_node_text(hg_node_value(node, i))) != 0)
			return FALSE;
	return TRUE;
}

/* A count is written as a whole number, which needs no quotes. */
static gboolean is_count(const hg_node *node)
{
	return hg_node_type(node) == HG_NODE_MAP || (hg_node_plain(node) && number(node, -1) >= 0);
}

static gboolean list_fits(const struct expectation *e, const hg_node *node, const GPtrArray *got, GString *shown)
{
	show_list(shown, got);
	switch (e->form) {
	case TEXTS:
		return hg_node_type(node) != HG_NODE_LIST && is_count(node) ? count_fits(node, got->len) :
			same_list(node, got, TRUE);
	case EVENTS:
		return events_fit(node, got);
	case TAGS:
		return among(node, got);
	default:
		return same_list(node, got, FALSE);
	}
}

static gboolean fits(const struct expectation *e, const hg_node *node, const struct hg_trial_seen *seen,
		     GString *shown)
{
	const char *text;

	if (e->form == COUNT) {	/* analyser: found before it is asked */
		g_string_append_printf(shown, "%" G_GINT64_FORMAT, G_STRUCT_MEMBER(gint64, seen, e->offset));
		return count_fits(node, G_STRUCT_MEMBER(gint64, seen, e->offset));
	}
	if (e->form == TEXTS || e->form == EVENTS || e->form == TAGS || e->form == RULES)
		return list_fits(e, node, G_STRUCT_MEMBER(const GPtrArray *, seen, e->offset), shown);
	text = G_STRUCT_MEMBER(const char *, seen, e->offset);
	g_string_append(shown, text ? text : "none");
	if (e->form == FIELDS)
		return fields_fit(node, text);
	return g_strcmp0(hg_node_null(node) ? NULL : hg_node_text(node), text) == 0;
}

static void judge_group(const char *group, const hg_node *map, const struct hg_trial_seen *seen,
			struct hg_trial_result *result)
{
	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *key = hg_node_key(map, i);
		const hg_node *node = hg_node_value(map, i);
		g_autofree char *what = g_strconcat(group ? group : "", group ? "." : "", key, NULL);
		g_autoptr(GString) got = g_string_new(NULL), want = g_string_new(NULL);

		if (!group && is_group(key)) {
			judge_group(key, node, seen, result);
		} else if (!fits(find(group, key), node, seen, got)) {
			show_node(want, node);
			hg_trial_missed(result, hg_node_place(node), what, want->str, got->str);
		}
	}
}

void hg_trial_expect_judge(const hg_node *expect, const struct hg_trial_seen *seen, struct hg_trial_result *result)
{
	judge_group(NULL, expect, seen, result);
}

/* ---- schema ---- */

static const char *const shapes[] = {
	[COUNT] = "\"$ref\":\"#/$defs/count\"",
	[TEXT] = "\"$ref\":\"#/$defs/value\"",
	[FLAG] = "\"type\":\"boolean\"",
	[RULE] = "\"type\":[\"string\",\"null\"]",
	[RULES] = "\"$ref\":\"#/$defs/values\"",
	[TEXTS] = "\"anyOf\":[{\"$ref\":\"#/$defs/count\"},{\"$ref\":\"#/$defs/values\"}]",
	/* NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one text on two lines */
	[EVENTS] = "\"anyOf\":[{\"$ref\":\"#/$defs/values\"},{\"type\":\"object\",\"additionalProperties\":"
		   "{\"$ref\":\"#/$defs/count\"}}]",
	[TAGS] = "\"$ref\":\"#/$defs/values\"",
	[FIELDS] = "\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/$defs/value\"}",
};

static void schema_words(GString *out, const char *const *words)
{
	hg_json_key(out, "enum");
	hg_json_open(out, '[');
	for (; *words; words++)
		hg_json_put_str(out, *words);
	hg_json_close(out, ']');
}

static void schema_group(GString *out, const char *group)
{
	for (gsize i = 0; i < G_N_ELEMENTS(expectations); i++) {
		const struct expectation *e = &expectations[i];

		if (g_strcmp0(e->group, group) != 0)
			continue;
		hg_json_key(out, e->name);
		hg_json_open(out, '{');
		hg_json_add_str(out, "description", e->help);
		if (e->words)
			schema_words(out, e->words);
		else
			g_string_append_printf(out, ",%s", shapes[e->form]);
		hg_json_close(out, '}');
	}
}

void hg_trial_expect_schema(GString *out)
{
	static const char *const groups[] = { "thread", "ticket", NULL };

	schema_group(out, NULL);
	for (guint i = 0; groups[i]; i++) {
		hg_json_key(out, groups[i]);
		g_string_append(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":");
		hg_json_open(out, '{');
		schema_group(out, groups[i]);
		hg_json_close(out, '}');
		g_string_append_c(out, '}');
	}
}

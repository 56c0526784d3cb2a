/* rules_do.c - reads the actions of a rule: what it decides, and what it adds */
#include "rules_made.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

#define HOLD_MIN_MS 1000
#define HOLD_MAX_MS (G_GINT64_CONSTANT(30) * 24 * 60 * 60 * 1000)
#define WORD_MAX    64		/* bytes of a name, tag or word */

static const char *const convert_keys[] = { "priority", "category", "type", "subject", "queue", "skill",
	"assignee", "status", "custom", NULL };
static const char *const notify_keys[] = { "text", "to", NULL };
static const char *const priorities[] = { "low", "normal", "high", "urgent", NULL };

struct action {
	const char *name;
	int ends;			/* enum hg_action it decides, or NONE: adds to the verdict */
	gboolean (*read)(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule);
};

static gboolean G_GNUC_PRINTF(4, 5) wrong(struct hg_rules_making *making, const hg_node *node,
					  const char *hint, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s", text);
	return FALSE;
}

static gboolean read_text(struct hg_rules_making *making, const hg_node *node, const char *what, gsize max,
			  const char **ret)
{
	const char *text = hg_node_text(node);

	if (!text || hg_node_null(node) || !*text)
		return wrong(making, node, NULL, "%s is wanted here", what);
	if (strlen(text) > max)
		return wrong(making, node, NULL, "%s has at most %zu bytes, this has %zu", what, max,
			     strlen(text));
	*ret = hg_arena_str(making->rules->arena, text);
	return TRUE;
}

/* The same, and what it names between ${ and } is known. */
static gboolean read_template(struct hg_rules_making *making, const hg_node *node, const char *what, gsize max,
			      const char **ret)
{
	gboolean fine = read_text(making, node, what, max, ret) &&
			(making->quiet || hg_node_check_template(hg_node_place(node), what, *ret, hg_rule_values, making->diag));
	gboolean asks = fine && (strstr(*ret, "${intent}") || strstr(*ret, "${intent|"));

	making->asks |= asks;
	if (asks && !making->rules->intent)
		return wrong(making, node, HG_INTENT_EXAMPLE, HG_INTENT_NONE);
	return fine;
}

/* Helpdesks know other words too: those are handed on, but a typing error is worth a line. */
static void doubt_priority(struct hg_rules_making *making, const hg_node *node)
{
	const char *near = hg_nearest(hg_node_text(node), priorities);
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
	g_autofree char *quoted = hg_node_quote(hg_node_text(node));

	if (!making->quiet && !g_strv_contains(priorities, hg_node_text(node)))
		hg_diag_add(making->diag, HG_SEV_WARNING, hg_node_place(node), hint,
			    "priority %s is none of low, normal, high, urgent; helpdesks get it as it is",
			    quoted);
}

static gboolean is_word(const char *text)
{
	gsize len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	return len && len <= WORD_MAX && !text[len];
}

/* Added to what the rule sets already: `set` and `custom` of a ticket are the same fields. */
static gboolean read_set(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	guint n = hg_node_type(node) == HG_NODE_MAP ? hg_node_size(node) : 0, had = rule->n_sets;
	struct hg_set *sets;
	gboolean fine = TRUE;

	if (!n || n > HG_RULES_LIST_MAX)
		return wrong(making, node, NULL, "fields are wanted here, 1 to %d of them: { NAME: value }",
			     HG_RULES_LIST_MAX);
	sets = hg_arena_alloc(making->rules->arena, (had + n) * sizeof(*sets));
	if (had)
		memcpy(sets, rule->sets, had * sizeof(*sets));
	for (guint i = 0; i < n; i++) {
		const char *name = hg_node_key(node, i);

		if (!is_word(name))
			fine = wrong(making, hg_node_value(node, i), NULL,
				     "a field's name is of small letters, digits, '_', '-' and '.'");
		sets[had + i].name = hg_arena_str(making->rules->arena, name);
		fine &= read_template(making, hg_node_value(node, i), "a field's value", HG_FIELD_VALUE_MAX,
				      &sets[had + i].value);
	}
	rule->sets = sets;
	rule->n_sets = had + n;
	return fine;
}

/* ---- where it is routed to ---- */

static gboolean read_queue(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char *const *names = hg_queues_names(making->rules->queues);

	if (rule->queue)
		return wrong(making, node, NULL, "this rule names a queue twice");
	/* Without queues of our own the word is the helpdesk's. */
	if (*names && !hg_node_one_of(node, "queue", names, making->diag))
		return FALSE;
	return read_text(making, node, "a queue", WORD_MAX, &rule->queue);
}

static gboolean read_skill(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char *const *skills = hg_queues_skills(making->rules->queues);
	const char *text = hg_node_text(node), *near = text ? hg_nearest(text, skills) : NULL;
	g_autofree char *hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
	g_autofree char *quoted = hg_node_quote(text ? text : "");

	if (rule->skill)
		return wrong(making, node, NULL, "this rule names a skill twice");
	if (text && *skills && !making->quiet && !g_strv_contains(skills, text))
		hg_diag_add(making->diag, HG_SEV_WARNING, hg_node_place(node), hint,
			    "no agent under queues: has the skill %s, so nobody gets these tickets", quoted);
	return read_text(making, node, "a skill", WORD_MAX, &rule->skill);
}

static gboolean read_backend(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	if (making->backends && !hg_node_one_of(node, "backend", making->backends, making->diag))
		return FALSE;
	return read_text(making, node, "a backend's name", WORD_MAX, &rule->backend);
}

/* ---- a ticket ---- */

static gboolean read_routes(struct hg_rules_making *making, const hg_node *map, struct hg_rule *rule)
{
	const hg_node *queue = hg_node_get(map, "queue"), *skill = hg_node_get(map, "skill");
	const hg_node *custom = hg_node_get(map, "custom");
	gboolean fine = !queue || read_queue(making, queue, rule);

	fine &= !skill || read_skill(making, skill, rule);
	return (!custom || read_set(making, custom, rule)) && fine;
}

static gboolean read_convert(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const struct { const char *key; const char **into; gsize max; } texts[] = {
		{ "priority", &rule->priority, WORD_MAX },
		{ "category", &rule->category, WORD_MAX },
		{ "type",     &rule->type,     WORD_MAX },
		{ "assignee", &rule->assignee, WORD_MAX },
		{ "status",   &rule->status,   WORD_MAX },
	};
	const hg_node *subject = hg_node_get(node, "subject");
	gboolean fine = TRUE;

	if (hg_node_null(node))
		return TRUE;
	if (!hg_node_check_keys(node, "convert", convert_keys, making->diag))
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		const hg_node *value = hg_node_get(node, texts[i].key);

		if (value)
			fine &= read_text(making, value, texts[i].key, texts[i].max, texts[i].into);
	}
	if (rule->priority)
		doubt_priority(making, hg_node_get(node, "priority"));
	if (subject)
		fine &= read_template(making, subject, "subject", HG_FIELD_VALUE_MAX, &rule->subject);
	return read_routes(making, node, rule) && fine;
}

static gboolean read_ignore(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char *hint = "reports count by this word: ignore: noise";

	if (!hg_node_text(node) || !is_word(hg_node_text(node)))
		return wrong(making, node, hint,
			     "ignore takes one word of small letters, digits, '_', '-' and '.'");
	rule->word = hg_arena_str(making->rules->arena, hg_node_text(node));
	return TRUE;
}

/* Nothing to say but yes. */
static gboolean read_yes(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	gboolean yes;

	(void)rule;
	if (hg_node_null(node))
		return TRUE;
	if (!hg_node_bool(node, &yes, making->diag))
		return FALSE;
	return yes || wrong(making, node, NULL, "leave the action out instead of saying false");
}

/* hold: true, or for how long, and what comes then. */
static gboolean read_hold(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	static const char *const keys[] = { "for", "then", NULL }, *const ends[] = { "convert", "ignore", NULL };
	const hg_node *span = hg_node_get(node, "for"), *then = hg_node_get(node, "then");

	if (hg_node_type(node) != HG_NODE_MAP)
		return read_yes(making, node, rule);
	if (!hg_node_check_keys(node, "hold", keys, making->diag))
		return FALSE;
	if (!span)
		return wrong(making, node, "hold: { for: 10m, then: convert }", "it does not say for how long");
	if (!hg_node_span(span, &rule->hold_ms, making->diag))
		return FALSE;
	if (rule->hold_ms < HOLD_MIN_MS || rule->hold_ms > HOLD_MAX_MS)
		return wrong(making, span, NULL, "a time from 1s to 30d is wanted here");
	rule->word = "convert";
	if (!then)
		return TRUE;
	if (!hg_rules_known(making, then, "end of a hold", ends))
		return FALSE;
	rule->word = hg_arena_str(making->rules->arena, hg_node_text(then));
	return rule->word || wrong(making, then, NULL, "convert or ignore is wanted here");
}

static gboolean read_tag(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	rule->tags = hg_rules_read_words(making, node, "a tag", &rule->n_tags);
	for (guint i = 0; rule->tags && i < rule->n_tags; i++)
		if (strlen(rule->tags[i]) > WORD_MAX || !hg_text_printable(rule->tags[i]))
			return wrong(making, node, NULL, "a tag has at most %d bytes and no control characters",
				     WORD_MAX);
	return rule->tags != NULL;
}

static gboolean read_reply(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char **text = hg_arena_alloc(making->rules->arena, sizeof(*text));

	rule->replies = text;
	rule->n_replies = 1;
	rule->said_at = *hg_node_place(node);
	rule->said_at.file = hg_arena_str(making->rules->arena, rule->said_at.file);
	return read_template(making, node, "the text of the reply", HG_SAID_MAX, text);
}

static gboolean read_notify(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	gboolean map = hg_node_type(node) == HG_NODE_MAP, fine = TRUE;
	const hg_node *text = map ? hg_node_get(node, "text") : node, *to = map ? hg_node_get(node, "to") : NULL;
	struct hg_notice *notice = hg_arena_alloc(making->rules->arena, sizeof(*notice));
	guint n;

	if (map && !hg_node_check_keys(node, "notify", notify_keys, making->diag))
		return FALSE;
	if (!text)
		return wrong(making, node, "notify: { text: ..., to: BACKEND }", "it does not say what people are to know");
	if (to)
		fine = (notice->to = hg_rules_read_words(making, to, "a backend's name", &n)) &&
		       (!making->backends || hg_rules_known(making, to, "backend", making->backends));
	rule->notice = notice;
	return read_template(making, text, "the text of the notice", HG_SAID_MAX, &notice->text) && fine;
}

static const struct action actions[] = {
	{ "convert", HG_ACT_CONVERT, read_convert },
	{ "ignore",  HG_ACT_IGNORE,  read_ignore },
	{ "hold",    HG_ACT_HOLD,    read_hold },
	{ "join",    HG_ACT_JOIN,    read_yes },
	{ "tag",     HG_ACT_NONE,    read_tag },
	{ "set",     HG_ACT_NONE,    read_set },
	{ "reply",   HG_ACT_NONE,    read_reply },
	{ "notify",  HG_ACT_NONE,    read_notify },
	{ "queue",   HG_ACT_NONE,    read_queue },
	{ "skill",   HG_ACT_NONE,    read_skill },
	{ "backend", HG_ACT_NONE,    read_backend },
};

static gboolean end_once(struct hg_rules_making *making, const struct hg_place *place, int *action, int ends)
{
	if (ends == HG_ACT_NONE)
		return TRUE;
	if (*action == HG_ACT_NONE) {
		*action = ends;
		return TRUE;
	}
	hg_diag_add(making->diag, HG_SEV_ERROR, place, NULL,
		    "a rule decides one thing only: convert, ignore, hold or join");
	return FALSE;
}

/* What is said and set comes before the ticket is made. */
static void doubt_number(struct hg_rules_making *making, const hg_node *map, const struct hg_rule *rule)
{
	static const char number[] = "${number}";
	gboolean early = rule->subject && strstr(rule->subject, number);

	for (guint i = 0; i < rule->n_sets; i++)
		early |= strstr(rule->sets[i].value, number) != NULL;
	for (guint i = 0; i < rule->n_replies; i++)
		early |= strstr(rule->replies[i], number) != NULL;
	early |= rule->notice && strstr(rule->notice->text, number);
	if (early && rule->action == HG_ACT_CONVERT && !making->quiet)
		hg_diag_add(making->diag, HG_SEV_WARNING, hg_node_place(map),
			    "ticket: { confirm: ... } tells the customer his number; ${number|...} says something else",
			    "${number} is not known yet: the ticket is made after this");
}

gboolean hg_rules_read_do(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char *names[G_N_ELEMENTS(actions) + 1] = { NULL };
	gboolean fine;

	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
		names[i] = actions[i].name;
	if (hg_node_text(node))
		return wrong(making, node, NULL, "actions are written do: { hold: true }");
	fine = hg_node_check_keys(node, "do", names, making->diag);
	if (hg_node_type(node) == HG_NODE_MAP && !hg_node_size(node))
		return wrong(making, node, NULL, "say what to do: convert, ignore, hold, join, tag, set, reply, notify, "
			     "queue, skill or backend");
	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
		const hg_node *value = hg_node_get(node, actions[i].name);

		if (value)
			fine &= end_once(making, hg_node_place(value), &rule->action, actions[i].ends) &
				actions[i].read(making, value, rule);
	}
	if (fine)
		doubt_number(making, node, rule);
	return fine;
}

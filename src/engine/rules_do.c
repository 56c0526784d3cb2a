/* rules_do.c - reads the actions of a rule */
#include "rules_made.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

#define WORD_MAX    64		/* bytes of a name, tag or word */
#define VALUE_MAX   1024	/* bytes of what `set` sets, and of a subject */
#define REPLY_MAX   4096	/* bytes; channels split it when they must */

static const char *const convert_keys[] = { "priority", "category", "type", "subject", NULL };
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

static gboolean read_convert(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const struct { const char *key; const char **into; gsize max; } texts[] = {
		{ "priority", &rule->priority, WORD_MAX },
		{ "category", &rule->category, WORD_MAX },
		{ "type",     &rule->type,     WORD_MAX },
		{ "subject",  &rule->subject,  VALUE_MAX },
	};
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
	return fine;
}

static gboolean is_word(const char *text)
{
	gsize len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	return len && len <= WORD_MAX && !text[len];
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

/* hold and join: nothing to say but yes. */
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

static gboolean read_tag(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	rule->tags = hg_rules_read_words(making, node, "a tag", &rule->n_tags);
	for (guint i = 0; rule->tags && i < rule->n_tags; i++)
		if (strlen(rule->tags[i]) > WORD_MAX || !hg_text_printable(rule->tags[i]))
			return wrong(making, node, NULL, "a tag has at most %d bytes and no control characters",
				     WORD_MAX);
	return rule->tags != NULL;
}

static gboolean read_set(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	guint n = hg_node_type(node) == HG_NODE_MAP ? hg_node_size(node) : 0;
	struct hg_set *sets;
	gboolean fine = TRUE;

	if (!n || n > HG_RULES_LIST_MAX)
		return wrong(making, node, NULL, "set takes 1 to %d fields: set: { NAME: value }",
			     HG_RULES_LIST_MAX);
	sets = hg_arena_alloc(making->rules->arena, n * sizeof(*sets));
	for (guint i = 0; i < n; i++) {
		const char *name = hg_node_key(node, i);

		if (!is_word(name))
			fine = wrong(making, hg_node_value(node, i), NULL,
				     "a field's name is of small letters, digits, '_', '-' and '.'");
		sets[i].name = hg_arena_str(making->rules->arena, name);
		fine &= read_text(making, hg_node_value(node, i), "a field's value", VALUE_MAX,
				  &sets[i].value);
	}
	rule->sets = sets;
	rule->n_sets = n;
	return fine;
}

static gboolean read_reply(struct hg_rules_making *making, const hg_node *node, struct hg_rule *rule)
{
	const char **text = hg_arena_alloc(making->rules->arena, sizeof(*text));

	rule->replies = text;
	rule->n_replies = 1;
	return read_text(making, node, "the text of the reply", REPLY_MAX, text);
}

static const struct action actions[] = {
	{ "convert", HG_ACT_CONVERT, read_convert },
	{ "ignore",  HG_ACT_IGNORE,  read_ignore },
	{ "hold",    HG_ACT_HOLD,    read_yes },
	{ "join",    HG_ACT_JOIN,    read_yes },
	{ "tag",     HG_ACT_NONE,    read_tag },
	{ "set",     HG_ACT_NONE,    read_set },
	{ "reply",   HG_ACT_NONE,    read_reply },
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
		return wrong(making, node, NULL, "say what to do: convert, ignore, hold, join, tag, set or reply");
	for (gsize i = 0; i < G_N_ELEMENTS(actions); i++) {
		const hg_node *value = hg_node_get(node, actions[i].name);

		if (value)
			fine &= end_once(making, hg_node_place(value), &rule->action, actions[i].ends) &
				actions[i].read(making, value, rule);
	}
	return fine;
}

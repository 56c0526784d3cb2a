/* rules_compile.c - from the config's list to rules that can be judged, or to all that is wrong with it */
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "rules_made.h"
#include "text.h"

#define NAME_MAX_BYTES 120

static const char *const rule_keys[] = { "name", "on", "when", "do", NULL };
static const char *const kept_keys[] = { "name", "on", "when", "do", "file", "line", NULL };
static const char *const action_words[] = {
	[HG_ACT_NONE] = "none", [HG_ACT_CONVERT] = "convert", [HG_ACT_IGNORE] = "ignore",
	[HG_ACT_JOIN] = "join", [HG_ACT_HOLD] = "hold",
};

const char *hg_action_word(int action)
{
	g_assert(action >= 0 && action < (int)G_N_ELEMENTS(action_words));
	return action_words[action];
}

int hg_action_of(const char *word)
{
	for (gsize i = HG_ACT_CONVERT; i < G_N_ELEMENTS(action_words); i++)
		if (g_strcmp0(word, action_words[i]) == 0)
			return (int)i;
	return HG_ACT_NONE;
}

static void regex_free(gpointer regex)
{
	hg_regex_free(regex);
}

static hg_rules *rules_new(const char *fallback)
{
	hg_rules *rules = g_new0(hg_rules, 1);

	rules->arena = hg_arena_new();
	rules->patterns = g_array_new(FALSE, FALSE, sizeof(struct hg_rules_pattern));
	rules->regexes = g_ptr_array_new_with_free_func(regex_free);
	rules->fallback = hg_action_of(fallback);
	return rules;
}

void hg_rules_free(hg_rules *rules)
{
	if (!rules)
		return;
	g_array_unref(rules->patterns);
	g_ptr_array_unref(rules->regexes);
	hg_words_free(rules->words);
	hg_queues_free(rules->queues);
	hg_hours_free(rules->hours);
	hg_intent_conf_unref(rules->intent);
	hg_arena_free(rules->arena);
	g_free(rules);
}

const hg_words *hg_rules_words(const hg_rules *rules)
{
	return rules->words;
}

guint hg_rules_count(const hg_rules *rules)
{
	return rules->n;
}

const struct hg_hours *hg_rules_hours(const hg_rules *rules)
{
	return rules->hours;
}

const struct hg_queues *hg_rules_queues(const hg_rules *rules)
{
	return rules->queues;
}

void hg_rules_ask(hg_rules *rules, hg_intent_conf *intent)
{
	hg_intent_conf_ref(intent);
	hg_intent_conf_unref(rules->intent);
	rules->intent = intent;
}

hg_intent_conf *hg_rules_intent(const hg_rules *rules)
{
	return rules->intent;
}

int hg_rules_fallback(const hg_rules *rules)
{
	return rules->fallback;
}

static gboolean read_name(struct hg_rules_making *making, const hg_node *node, const hg_node *map,
			  struct hg_rule *rule)
{
	const char *name = node ? hg_node_text(node) : NULL;

	if (!name || hg_node_null(node) || !*name || strlen(name) > NAME_MAX_BYTES || !hg_text_printable(name)) {
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node ? node : map),
			    "decisions, traces and reports call a rule by its name",
			    node ? "a rule's name has 1 to %d bytes and no control characters"
				 : "this rule has no name (1 to %d bytes)", NAME_MAX_BYTES);
		return FALSE;
	}
	rule->name = hg_arena_str(making->rules->arena, name);
	return TRUE;
}

/* Where the admin wrote it; of kept rules, where it stood when they were kept. */
static gboolean read_place(struct hg_rules_making *making, const hg_node *map, struct hg_rule *rule)
{
	const hg_node *file = making->quiet ? hg_node_get(map, "file") : NULL;
	const hg_node *line = making->quiet ? hg_node_get(map, "line") : NULL;
	gint64 number = hg_node_place(map)->line;

	if (line && !hg_node_int(line, 0, G_MAXINT32, &number, making->diag))
		return FALSE;
	rule->line = (int)number;
	rule->file = hg_arena_str(making->rules->arena,
				  file ? hg_node_text(file) : hg_node_place(map)->file);
	return TRUE;
}

static gboolean read_rule(struct hg_rules_making *making, const hg_node *map, struct hg_rule *rule)
{
	const hg_node *actions = hg_node_get(map, "do");
	gboolean fine = hg_node_check_keys(map, "a rule", making->quiet ? kept_keys : rule_keys, making->diag);

	if (hg_node_type(map) != HG_NODE_MAP)
		return FALSE;
	fine &= read_name(making, hg_node_get(map, "name"), map, rule);
	fine &= read_place(making, map, rule);
	fine &= hg_rules_read_on(making, hg_node_get(map, "on"), rule);
	fine &= hg_rules_read_when(making, hg_node_get(map, "when"), &rule->when);
	if (!actions)
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(map), NULL,
			    "this rule does nothing: it has no 'do'");
	making->asks = FALSE;
	fine &= actions && hg_rules_read_do(making, actions, rule);
	rule->asks = making->asks;
	return fine;
}

static gboolean check_unique(struct hg_rules_making *making, const hg_node *map, GHashTable *names,
			     struct hg_rule *rule)
{
	const struct hg_rule *first = rule->name ? g_hash_table_lookup(names, rule->name) : NULL;
	const hg_node *node = hg_node_get(map, "name");

	if (rule->name && !first)
		g_hash_table_insert(names, (char *)rule->name, rule);
	if (first)
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), NULL,
			    "there is a rule of this name already, in line %d of %s", first->line,
			    first->file ? first->file : "this file");
	return !first;
}

static gboolean read_rules(struct hg_rules_making *making, const hg_node *list)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	guint n = hg_node_type(list) == HG_NODE_LIST ? hg_node_size(list) : 0;
	struct hg_rule *rules;
	gboolean fine = TRUE;

	if (hg_node_null(list))
		return TRUE;
	if (hg_node_type(list) != HG_NODE_LIST || n > HG_RULES_MAX) {
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(list), NULL,
			    "rules are a list of at most %d: - name: ...", HG_RULES_MAX);
		return FALSE;
	}
	rules = hg_arena_alloc(making->rules->arena, (n + 1) * sizeof(*rules));
	for (guint i = 0; i < n; i++) {
		const hg_node *map = hg_node_at(list, i);

		fine &= read_rule(making, map, &rules[i]);
		fine &= check_unique(making, map, names, &rules[i]);
		making->rules->on |= rules[i].on;
	}
	making->rules->rules = rules;
	making->rules->n = n;
	if (fine && !making->quiet)
		hg_rules_doubt_reach(making, list);
	return fine;
}

/* What rules lean on is read first: conditions name it. */
static gboolean make(struct hg_rules_making *making, const struct hg_rules_source *source)
{
	making->rules->words = hg_words_read(source->words, making->diag);
	making->rules->hours = hg_hours_read(source->hours, making->diag);
	making->rules->intent = hg_intent_conf_ref(source->intent);
	if (making->rules->hours)
		making->rules->queues = hg_queues_read(source->queues, making->rules->hours, making->diag);
	return making->rules->words && making->rules->queues && (!source->rules || read_rules(making, source->rules));
}

hg_rules *hg_rules_make(const struct hg_rules_source *source, hg_diag *diag)
{
	g_autoptr(hg_rules) made = rules_new(source->fallback);
	struct hg_rules_making making = { .rules = made, .channels = source->channels,
		.backends = source->backends, .no_hooks = source->no_hooks, .diag = diag };

	return make(&making, source) ? g_steal_pointer(&made) : NULL;
}

/* ---- kept and made again ---- */

static void keep_rule(const hg_node *map, GString *out)
{
	const struct hg_place *place = hg_node_place(map);

	hg_json_open(out, '{');
	hg_json_opt_str(out, "file", place->file);
	hg_json_add_int(out, "line", place->line);
	for (guint i = 0; i < hg_node_size(map); i++) {
		hg_json_put_str(out, hg_node_key(map, i));
		g_string_append_c(out, ':');
		hg_node_json(hg_node_value(map, i), out);
	}
	hg_json_close(out, '}');
}

/* A list of words a line: libfyaml reads long lines slowly. */
static void keep_words(const hg_node *langs, GString *out)
{
	hg_json_key(out, "word_lists");
	hg_json_open(out, '{');
	for (guint i = 0; i < hg_node_size(langs); i++) {
		const hg_node *lists = hg_node_value(langs, i);

		hg_json_key(out, hg_node_key(langs, i));
		hg_json_open(out, '{');
		for (guint at = 0; at < hg_node_size(lists); at++) {
			g_string_append(out, at ? ",\n" : "\n");
			hg_json_put_str(out, hg_node_key(lists, at));
			g_string_append_c(out, ':');
			hg_node_json(hg_node_value(lists, at), out);
		}
		hg_json_close(out, '}');
	}
	hg_json_close(out, '}');
}

char *hg_rules_keep_all(const struct hg_rules_source *source)
{
	const hg_node *rules = source->rules;
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_opt_str(out, "default", source->fallback);
	if (!hg_node_null(source->words))
		keep_words(source->words, out);
	if (!hg_node_null(source->hours)) {
		hg_json_key(out, "hours");
		hg_node_json(source->hours, out);
	}
	if (!hg_node_null(source->queues)) {
		hg_json_key(out, "queues");
		hg_node_json(source->queues, out);
	}
	if (source->intent) {
		hg_json_key(out, "intent");
		hg_intent_conf_keep(source->intent, out);
	}
	hg_json_key(out, "rules");
	hg_json_open(out, '[');
	for (guint i = 0; rules && hg_node_type(rules) == HG_NODE_LIST && i < hg_node_size(rules); i++) {
		g_string_append(out, i ? ",\n" : "\n");
		keep_rule(hg_node_at(rules, i), out);
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}

/* JSON is YAML, so the config's own reader does. */
hg_rules *hg_rules_again(const char *kept, hg_diag *diag)
{
	g_autoptr(hg_doc) doc = hg_doc_parse("kept rules", kept, diag);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	const hg_node *fallback = hg_node_get(root, "default");
	g_autoptr(hg_intent_conf) intent = hg_intent_conf_again(hg_node_get(root, "intent"));
	const struct hg_rules_source source = { .rules = hg_node_get(root, "rules"),
						.words = hg_node_get(root, "word_lists"),
						.hours = hg_node_get(root, "hours"),
						.queues = hg_node_get(root, "queues"), .intent = intent };
	g_autoptr(hg_rules) made = NULL;
	struct hg_rules_making making = { .diag = diag, .quiet = TRUE };

	if (!root)
		return NULL;
	made = rules_new(fallback ? hg_node_text(fallback) : NULL);
	making.rules = made;
	return make(&making, &source) ? g_steal_pointer(&made) : NULL;
}

/* rules_tests_text.c - reads what is asked of a text: patterns, word lists, intents */
#include "rules_conds.h"

#include <string.h>

#include "text.h"

static const char *const text_keys[] = { "matches", "equals", "contains", "empty", NULL };
static const char *const words_keys[] = { "only", "any", "begins", "fillers", "lang", "accents", NULL };
static const char *const intent_keys[] = { "is", "unknown", "min_confidence", "min_known", NULL };

/* ---- what stands in it ---- */

static void keep_pattern(hg_rules *rules, const hg_regex *regex, const char *text, const struct hg_place *place)
{
	struct hg_rules_pattern pattern = { regex, hg_arena_str(rules->arena, text), *place };

	pattern.place.file = hg_arena_str(rules->arena, place->file);
	g_array_append_val(rules->patterns, pattern);
}

static const hg_regex *make_regex(struct hg_rules_making *making, const hg_node *node, const char *text,
				  enum hg_regex_how how)
{
	g_autoptr(GError) error = NULL;
	/* As texts are compared: letters in one piece. */
	g_autofree char *whole = hg_text_normal(text, G_NORMALIZE_NFC);
	hg_regex *regex = hg_regex_new(whole, how, &error);
	const char *doubt;

	if (!regex) {
		hg_conds_wrong(making, node, "this pattern does not compile: %s", error->message);
		return NULL;
	}
	g_ptr_array_add(making->rules->regexes, regex);
	if (making->quiet || how != HG_REGEX_MATCHES)
		return regex;
	keep_pattern(making->rules, regex, text, hg_node_place(node));
	doubt = hg_regex_doubt(regex);
	if (doubt)
		hg_diag_add(making->diag, HG_SEV_WARNING, hg_node_place(node), NULL, "%s", doubt);
	return regex;
}

static gboolean read_find(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
			  enum hg_regex_how how, const char *key)
{
	struct hg_rules_making *making = list->making;
	hg_arena *arena = making->rules->arena;
	gboolean is_list = hg_node_type(node) == HG_NODE_LIST, fine = TRUE;
	const hg_regex **regexes;
	struct hg_cond *cond;
	guint n;
	const char *const *words = hg_rules_read_words(
		making, node, how == HG_REGEX_MATCHES ? "a pattern" : "a text", &n);

	if (!words)
		return FALSE;
	regexes = hg_arena_alloc(arena, n * sizeof(*regexes));
	for (guint i = 0; i < n; i++) {
		regexes[i] = make_regex(making, is_list ? hg_node_at(node, i) : node, words[i], how);
		fine &= regexes[i] != NULL;
	}
	cond = fine ? hg_conds_add(list, node, HG_TEST_FIND, fact->name, key) : NULL;
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->regexes = regexes;
	cond->words = words;
	cond->n = n;
	cond->want = hg_conds_joined(arena, words);
	return TRUE;
}

gboolean hg_conds_text_key(struct hg_conds *list, const struct hg_fact *fact, const char *key, const hg_node *value)
{
	if (strcmp(key, "empty") == 0)
		return hg_conds_truth(list, fact, value, HG_TEST_EMPTY, "empty");
	if (strcmp(key, "matches") == 0)
		return read_find(list, fact, value, HG_REGEX_MATCHES, "matches");
	if (strcmp(key, "equals") == 0)
		return read_find(list, fact, value, HG_REGEX_EQUALS, "equals");
	return read_find(list, fact, value, HG_REGEX_CONTAINS, "contains");
}

gboolean hg_conds_text(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP)
		return hg_conds_wrong(list->making, node, "say how the %s is compared: %s: { contains: ... }, equals or "
				      "matches", fact->name, fact->name);
	if (!hg_node_check_keys(node, fact->name, text_keys, list->making->diag))
		return FALSE;
	if (!hg_node_size(node))
		return hg_conds_wrong(list->making, node, "say matches, equals, contains or empty");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= hg_conds_text_key(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

/* ---- word lists ---- */

/* Which of only, any and begins it is, by its place in words_keys; 0: reported. */
static guint read_how(struct hg_rules_making *making, const hg_node *node)
{
	guint how = 0, n = 0;

	for (guint i = 0; i < HG_WORDS_BEGINS; i++) {
		if (!hg_node_get(node, words_keys[i]))
			continue;
		how = i + 1;
		n++;
	}
	if (n != 1)
		hg_conds_wrong(making, node, "say one of only, any and begins: words: { only: [greeting, thanks] }");
	return n == 1 ? how : 0;
}

static gboolean read_ask(struct hg_rules_making *making, const hg_node *node, struct hg_words_ask *ask)
{
	const char *const *lists = hg_words_lists(making->rules->words);
	const hg_node *fillers = hg_node_get(node, "fillers"), *lang = hg_node_get(node, "lang");
	const hg_node *accents = hg_node_get(node, "accents");
	gboolean strict = FALSE, fine = TRUE;
	guint64 langs = lang ? 0 : G_MAXUINT64;

	ask->how = read_how(making, node);
	if (!ask->how)
		return FALSE;
	fine &= hg_conds_bits(making, hg_node_get(node, words_keys[ask->how - 1]), "word list", lists, &ask->lists);
	fine &= !fillers || hg_conds_bits(making, fillers, "word list", lists, &ask->fillers);
	fine &= !lang || hg_conds_bits(making, lang, "language of word lists", hg_words_langs(making->rules->words),
				       &langs);
	fine &= !accents || hg_node_bool(accents, &strict, making->diag);
	ask->langs = (guint32)langs;
	ask->form = strict ? HG_SPOKEN_ACCENTS : HG_SPOKEN_BARE;
	return fine;
}

gboolean hg_conds_lists(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	struct hg_rules_making *making = list->making;
	hg_arena *arena = making->rules->arena;
	struct hg_words_ask *ask = hg_arena_alloc(arena, sizeof(*ask));
	const char *key;
	struct hg_cond *cond;
	guint n;

	if (hg_node_type(node) != HG_NODE_MAP)
		return hg_conds_wrong(making, node, "say which lists: words: { only: [greeting, thanks] }, any or begins");
	if (!hg_node_check_keys(node, fact->name, words_keys, making->diag) || !read_ask(making, node, ask))
		return FALSE;
	key = words_keys[ask->how - 1];
	cond = hg_conds_add(list, node, HG_TEST_LISTS, fact->name, key);
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->ask = ask;
	cond->want = hg_conds_joined(arena, hg_rules_read_words(making, hg_node_get(node, key), "a word list", &n));
	return TRUE;
}

/* ---- intents ---- */

/* Its own bar, else that of `intent:`.  FALSE: reported. */
static gboolean read_bar(struct hg_rules_making *making, const hg_node *map, struct hg_cond *cond)
{
	const hg_intent_conf *conf = making->rules->intent;
	char confidence[HG_SHARE_SIZE], known[HG_SHARE_SIZE];
	g_autofree char *want = NULL;

	cond->min_confidence = conf->min_confidence;
	cond->min_known = conf->min_known;
	if (map && (!hg_intent_share_read(hg_node_get(map, "min_confidence"), "min_confidence", &cond->min_confidence,
					  making->diag) ||
		    !hg_intent_share_read(hg_node_get(map, "min_known"), "min_known", &cond->min_known, making->diag)))
		return FALSE;
	want = g_strdup_printf("%s, from %s known %s on", cond->want, hg_share(cond->min_confidence, confidence),
			       hg_share(cond->min_known, known));
	cond->want = hg_arena_str(making->rules->arena, want);
	return TRUE;
}

static gboolean read_is(struct hg_conds *list, const struct hg_fact *fact, const hg_node *names, const hg_node *map)
{
	struct hg_rules_making *making = list->making;
	const hg_intent *model = making->rules->intent->model;
	struct hg_cond *cond;
	guint n;
	const char *const *words = hg_rules_read_words(making, names, "an intent", &n);

	if (!words || (model && !hg_rules_known(making, names, "intent of this name in the model:", hg_intent_labels(model))))
		return FALSE;
	cond = hg_conds_add(list, names, HG_TEST_INTENT, fact->name, map ? "is" : NULL);
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->words = words;
	cond->n = n;
	cond->want = hg_conds_joined(making->rules->arena, words);
	return read_bar(making, map, cond);
}

static gboolean read_unknown(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
			     const hg_node *map)
{
	struct hg_cond *cond;

	if (!hg_conds_truth(list, fact, node, HG_TEST_UNKNOWN, "unknown"))
		return FALSE;
	cond = g_ptr_array_index(list->conds, list->conds->len - 1);
	cond->costly = TRUE;
	return read_bar(list->making, map, cond);
}

gboolean hg_conds_intent(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	struct hg_rules_making *making = list->making;
	const hg_node *is = hg_node_get(node, "is"), *unknown = hg_node_get(node, "unknown");

	if (!making->rules->intent) {
		hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), HG_INTENT_EXAMPLE, HG_INTENT_NONE);
		return FALSE;
	}
	if (hg_node_type(node) != HG_NODE_MAP)
		return read_is(list, fact, node, NULL);
	if (!hg_node_check_keys(node, fact->name, intent_keys, making->diag))
		return FALSE;
	if (!is == !unknown)
		return hg_conds_wrong(making, node, "say one of is and unknown: "
				      "intent: { is: refund, min_confidence: 0.8 }");
	return is ? read_is(list, fact, is, node) : read_unknown(list, fact, unknown, node);
}

/* rules_when.c - reads the conditions of a rule */
#include "rules_made.h"

#include <stdarg.h>
#include <string.h>

#include "fail.h"
#include "text.h"

static const char *const nests[] = { "all", "any", "not", NULL };
static const char *const text_keys[] = { "matches", "equals", "contains", "empty", NULL };
static const char *const count_keys[] = { "at_least", "at_most", NULL };
static const char *const span_keys[] = { "over", "under", NULL };
static const char *const words_keys[] = { "only", "any", "begins", "fillers", "lang", "accents", NULL };
static const char *const intent_keys[] = { "is", "unknown", "min_confidence", "min_known", NULL };
static const char *const open_keys[] = { "open", "closed", NULL };
static const char *const field_keys[] = { "matches", "equals", "contains", "empty", "at_least", "at_most", NULL };

/* Conditions while their number is not known yet. */
struct list {
	struct hg_rules_making *making;
	const char *path;		/* of the group they stand in: "thread.", or "" */
	GPtrArray *conds;
	guint depth;
};

static gboolean read_map(struct list *list, const char *group, const hg_node *map);

static gboolean G_GNUC_PRINTF(3, 4)
	wrong(struct hg_rules_making *making, const hg_node *node, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_diag_add(making->diag, HG_SEV_ERROR, hg_node_place(node), NULL, "%s", text);
	return FALSE;
}

static struct hg_cond *cond_add(struct list *list, const hg_node *node, enum hg_test test,
				const char *name, const char *key)
{
	hg_arena *arena = list->making->rules->arena;
	struct hg_cond *cond;
	g_autofree char *path = g_strconcat(list->path, name, key ? "." : "", key, NULL);

	if (++list->making->conds > HG_RULES_CONDS_MAX) {
		if (list->making->conds == HG_RULES_CONDS_MAX + 1)
			wrong(list->making, node, "more than %d conditions in all rules",
			      HG_RULES_CONDS_MAX);
		return NULL;
	}
	cond = hg_arena_alloc(arena, sizeof(*cond));
	cond->test = test;
	cond->path = hg_arena_str(arena, path);
	g_ptr_array_add(list->conds, cond);
	return cond;
}

static const char *joined(hg_arena *arena, const char *const *words)
{
	g_autofree char *text = g_strjoinv(" or ", (char **)words);

	return hg_arena_str(arena, text);
}

static gboolean read_word(struct hg_rules_making *making, const hg_node *node, const char *what,
			  const char **ret)
{
	const char *text = hg_node_text(node);

	if (!text || hg_node_null(node) || !*text)
		return wrong(making, node, "%s is wanted here, or a list of such", what);
	*ret = hg_arena_str(making->rules->arena, text);
	return TRUE;
}

const char *const *hg_rules_read_words(struct hg_rules_making *making, const hg_node *node,
				       const char *what, guint *ret_n)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST, fine = TRUE;
	guint n = list ? hg_node_size(node) : 1;
	const char **words;

	if (n == 0 || n > HG_RULES_LIST_MAX) {
		wrong(making, node, "a list here has 1 to %d values, this one has %u", HG_RULES_LIST_MAX, n);
		return NULL;
	}
	words = hg_arena_alloc(making->rules->arena, (n + 1) * sizeof(*words));
	for (guint i = 0; i < n; i++)
		fine &= read_word(making, list ? hg_node_at(node, i) : node, what, &words[i]);
	if (!fine)
		return NULL;
	*ret_n = n;
	return words;
}

gboolean hg_rules_known(struct hg_rules_making *making, const hg_node *node, const char *what,
			const char *const *known)
{
	gboolean list = hg_node_type(node) == HG_NODE_LIST, fine = TRUE;

	for (guint i = 0; i < (list ? hg_node_size(node) : 1); i++)
		fine &= hg_node_one_of(list ? hg_node_at(node, i) : node, what, known, making->diag);
	return fine;
}

static gboolean read_words(struct list *list, const struct hg_fact *fact, const hg_node *node,
			   enum hg_test test)
{
	struct hg_rules_making *making = list->making;
	const char *const *known = fact->words ? fact->words() : NULL;
	g_autofree char *what = g_strconcat(fact->group ? fact->group : "", fact->group ? " " : "",
					    fact->name, NULL);
	g_autofree char *article = g_strconcat("a ", what, NULL);
	struct hg_cond *cond;
	guint n;
	const char *const *words = hg_rules_read_words(making, node, article, &n);

	if (!words)
		return FALSE;
	if (strcmp(what, "channel") == 0)
		known = making->channels;
	if (known && !hg_rules_known(making, node, what, known))
		return FALSE;
	cond = cond_add(list, node, test, fact->name, NULL);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->words = words;
	cond->n = n;
	cond->want = joined(making->rules->arena, words);
	return TRUE;
}

static gboolean read_truth(struct list *list, const struct hg_fact *fact, const hg_node *node,
			   enum hg_test test, const char *key)
{
	struct hg_cond *cond;
	gboolean truth;

	if (!hg_node_bool(node, &truth, list->making->diag))
		return FALSE;
	cond = cond_add(list, node, test, fact->name, key);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->truth = truth;
	cond->want = truth ? "true" : "false";
	return TRUE;
}

static gboolean read_number(struct list *list, const struct hg_fact *fact, const hg_node *node,
			    enum hg_test test, const char *key)
{
	hg_diag *diag = list->making->diag;
	char span[HG_SPAN_SIZE];
	struct hg_cond *cond;
	gint64 number;
	gboolean is_span = fact->type == HG_FACT_SPAN;
	g_autofree char *want = NULL;

	if (is_span ? !hg_node_span(node, &number, diag) : !hg_node_int(node, 0, G_MAXINT32, &number, diag))
		return FALSE;
	cond = cond_add(list, node, test, fact->name, key);
	if (!cond)
		return FALSE;
	want = is_span ? g_strdup(hg_span(number, span)) : g_strdup_printf("%" G_GINT64_FORMAT, number);
	cond->fact = fact;
	cond->number = number;
	cond->want = hg_arena_str(list->making->rules->arena, want);
	return TRUE;
}

static gboolean read_count(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	const hg_node *least, *most;

	if (hg_node_type(node) == HG_NODE_SCALAR)
		return read_number(list, fact, node, HG_TEST_EXACTLY, NULL);
	if (!hg_node_check_keys(node, fact->name, count_keys, list->making->diag))
		return FALSE;
	least = hg_node_get(node, "at_least");
	most = hg_node_get(node, "at_most");
	if (!least && !most)
		return wrong(list->making, node, "say at_least, at_most or both");
	return (!least || read_number(list, fact, least, HG_TEST_AT_LEAST, "at_least")) &
	       (!most || read_number(list, fact, most, HG_TEST_AT_MOST, "at_most"));
}

static gboolean read_span(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	const hg_node *over, *under;

	if (hg_node_type(node) != HG_NODE_MAP)
		return wrong(list->making, node, "say over or under what: %s: { over: 5m }", fact->name);
	if (!hg_node_check_keys(node, fact->name, span_keys, list->making->diag))
		return FALSE;
	over = hg_node_get(node, "over");
	under = hg_node_get(node, "under");
	if (!over && !under)
		return wrong(list->making, node, "say over, under or both: { over: 5m }");
	return (!over || read_number(list, fact, over, HG_TEST_OVER, "over")) &
	       (!under || read_number(list, fact, under, HG_TEST_UNDER, "under"));
}

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
		wrong(making, node, "this pattern does not compile: %s", error->message);
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

static gboolean read_find(struct list *list, const struct hg_fact *fact, const hg_node *node,
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
	cond = fine ? cond_add(list, node, HG_TEST_FIND, fact->name, key) : NULL;
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->regexes = regexes;
	cond->words = words;
	cond->n = n;
	cond->want = joined(arena, words);
	return TRUE;
}

static gboolean read_text_key(struct list *list, const struct hg_fact *fact, const char *key, const hg_node *value)
{
	if (strcmp(key, "empty") == 0)
		return read_truth(list, fact, value, HG_TEST_EMPTY, "empty");
	if (strcmp(key, "matches") == 0)
		return read_find(list, fact, value, HG_REGEX_MATCHES, "matches");
	if (strcmp(key, "equals") == 0)
		return read_find(list, fact, value, HG_REGEX_EQUALS, "equals");
	return read_find(list, fact, value, HG_REGEX_CONTAINS, "contains");
}

static gboolean read_text(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP)
		return wrong(list->making, node, "say how the %s is compared: %s: { contains: ... }, equals or "
			     "matches", fact->name, fact->name);
	if (!hg_node_check_keys(node, fact->name, text_keys, list->making->diag))
		return FALSE;
	if (!hg_node_size(node))
		return wrong(list->making, node, "say matches, equals, contains or empty");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_text_key(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

/* ---- word lists ---- */

/* The bits of names among known.  FALSE: reported. */
static gboolean read_bits(struct hg_rules_making *making, const hg_node *node, const char *what,
			  const char *const *known, guint64 *ret)
{
	g_autofree char *article = g_strconcat("a ", what, NULL);
	guint n;
	const char *const *names = hg_rules_read_words(making, node, article, &n);

	if (!names || !hg_rules_known(making, node, what, known))
		return FALSE;
	for (guint i = 0; i < n; i++)
		for (guint at = 0; known[at]; at++)
			if (strcmp(known[at], names[i]) == 0)
				*ret |= G_GUINT64_CONSTANT(1) << at;
	return TRUE;
}

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
		wrong(making, node, "say one of only, any and begins: words: { only: [greeting, thanks] }");
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
	fine &= read_bits(making, hg_node_get(node, words_keys[ask->how - 1]), "word list", lists, &ask->lists);
	fine &= !fillers || read_bits(making, fillers, "word list", lists, &ask->fillers);
	fine &= !lang || read_bits(making, lang, "language of word lists", hg_words_langs(making->rules->words), &langs);
	fine &= !accents || hg_node_bool(accents, &strict, making->diag);
	ask->langs = (guint32)langs;
	ask->form = strict ? HG_SPOKEN_ACCENTS : HG_SPOKEN_BARE;
	return fine;
}

static gboolean read_lists(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	struct hg_rules_making *making = list->making;
	hg_arena *arena = making->rules->arena;
	struct hg_words_ask *ask = hg_arena_alloc(arena, sizeof(*ask));
	const char *key;
	struct hg_cond *cond;
	guint n;

	if (hg_node_type(node) != HG_NODE_MAP)
		return wrong(making, node, "say which lists: words: { only: [greeting, thanks] }, any or begins");
	if (!hg_node_check_keys(node, fact->name, words_keys, making->diag) || !read_ask(making, node, ask))
		return FALSE;
	key = words_keys[ask->how - 1];
	cond = cond_add(list, node, HG_TEST_LISTS, fact->name, key);
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->ask = ask;
	cond->want = joined(arena, hg_rules_read_words(making, hg_node_get(node, key), "a word list", &n));
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

static gboolean read_is(struct list *list, const struct hg_fact *fact, const hg_node *names, const hg_node *map)
{
	struct hg_rules_making *making = list->making;
	const hg_intent *model = making->rules->intent->model;
	struct hg_cond *cond;
	guint n;
	const char *const *words = hg_rules_read_words(making, names, "an intent", &n);

	if (!words || (model && !hg_rules_known(making, names, "intent of this name in the model:", hg_intent_labels(model))))
		return FALSE;
	cond = cond_add(list, names, HG_TEST_INTENT, fact->name, map ? "is" : NULL);
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->words = words;
	cond->n = n;
	cond->want = joined(making->rules->arena, words);
	return read_bar(making, map, cond);
}

static gboolean read_unknown(struct list *list, const struct hg_fact *fact, const hg_node *node, const hg_node *map)
{
	struct hg_cond *cond;

	if (!read_truth(list, fact, node, HG_TEST_UNKNOWN, "unknown"))
		return FALSE;
	cond = g_ptr_array_index(list->conds, list->conds->len - 1);
	cond->costly = TRUE;
	return read_bar(list->making, map, cond);
}

static gboolean read_intent(struct list *list, const struct hg_fact *fact, const hg_node *node)
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
		return wrong(making, node, "say one of is and unknown: intent: { is: refund, min_confidence: 0.8 }");
	return is ? read_is(list, fact, is, node) : read_unknown(list, fact, unknown, node);
}

static gboolean read_hours(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	struct hg_rules_making *making = list->making;
	const hg_node *names;
	struct hg_cond *cond;
	guint64 places = 0;
	const char *key;
	guint n;

	if (hg_node_type(node) != HG_NODE_MAP)
		return wrong(making, node, "say open or closed: hours: { closed: office }");
	if (!hg_node_check_keys(node, fact->name, open_keys, making->diag))
		return FALSE;
	if (hg_node_size(node) != 1)
		return wrong(making, node, "say one of open and closed: hours: { closed: office }");
	names = hg_node_value(node, 0);
	key = strcmp(hg_node_key(node, 0), "open") == 0 ? open_keys[0] : open_keys[1];
	if (!read_bits(making, names, "name under hours:", hg_hours_names(making->rules->hours), &places))
		return FALSE;
	cond = cond_add(list, node, HG_TEST_HOURS, fact->name, key);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->places = places;
	cond->truth = key == open_keys[0];
	cond->want = joined(making->rules->arena, hg_rules_read_words(making, names, "a name", &n));
	return TRUE;
}

/* { NAME: { at_least: 3 } }: what can be asked of a text and of a number, of one field. */
static gboolean read_field_tests(struct list *list, const struct hg_fact *fact, const char *name, const hg_node *node)
{
	g_autofree char *path = g_strconcat(list->path, fact->name, ".", NULL);
	struct hg_fact field = { .name = name, .type = HG_FACT_COUNT };
	struct list tests = *list;
	guint first = list->conds->len;
	gboolean fine = TRUE;

	if (!hg_node_check_keys(node, name, field_keys, list->making->diag))
		return FALSE;
	if (!hg_node_size(node))
		return wrong(list->making, node, "say matches, equals, contains, empty, at_least or at_most");
	tests.path = path;
	for (guint i = 0; i < hg_node_size(node); i++) {
		const char *key = hg_node_key(node, i);
		const hg_node *value = hg_node_value(node, i);

		if (strcmp(key, "at_least") == 0)
			fine &= read_number(&tests, &field, value, HG_TEST_AT_LEAST, "at_least");
		else if (strcmp(key, "at_most") == 0)
			fine &= read_number(&tests, &field, value, HG_TEST_AT_MOST, "at_most");
		else
			fine &= read_text_key(&tests, &field, key, value);
	}
	for (guint i = first; i < list->conds->len; i++) {
		struct hg_cond *cond = g_ptr_array_index(list->conds, i);

		cond->costly = TRUE;
		cond->fact = fact;
		cond->field = hg_arena_str(list->making->rules->arena, name);
	}
	return fine;
}

static gboolean read_field(struct list *list, const struct hg_fact *fact, const char *name, const hg_node *node)
{
	hg_arena *arena = list->making->rules->arena;
	const char *const *words;
	struct hg_cond *cond;
	guint n;

	if (fact->offset == G_STRUCT_OFFSET(struct hg_facts, outside) && list->making->no_hooks && !list->making->quiet)
		hg_diag_add(list->making->diag, HG_SEV_WARNING, hg_node_place(node), "hooks: says who is asked for facts",
			    "nothing is ever known of '%.64s': there are no hooks", name);
	if (hg_node_type(node) == HG_NODE_MAP)
		return read_field_tests(list, fact, name, node);
	words = hg_rules_read_words(list->making, node, "a field's value", &n);
	cond = words ? cond_add(list, node, HG_TEST_FIELD, fact->name, name) : NULL;
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->field = hg_arena_str(arena, name);
	cond->words = words;
	cond->n = n;
	cond->want = joined(arena, words);
	return TRUE;
}

static gboolean read_fields(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP || !hg_node_size(node))
		return wrong(list->making, node, "fields are written { NAME: value }");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_field(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

/* "list-id" of "List-Id".  FALSE: reported. */
static gboolean read_header(struct list *list, const struct hg_fact *fact, const char *name, const hg_node *node)
{
	g_autofree char *low = g_ascii_strdown(name, -1);
	const char *text = hg_node_text(node);
	struct hg_cond *cond;

	if (!*low || low[strspn(low, "abcdefghijklmnopqrstuvwxyz0123456789-_")])
		return wrong(list->making, node, "'%s' is no name of a header", name);
	list->making->rules->headers = TRUE;
	if (!text || !hg_node_plain(node) || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return read_field(list, fact, low, node);
	if (!read_truth(list, fact, node, HG_TEST_PRESENT, low))
		return FALSE;
	cond = g_ptr_array_index(list->conds, list->conds->len - 1);
	cond->field = hg_arena_str(list->making->rules->arena, low);
	cond->costly = TRUE;
	return TRUE;
}

static gboolean read_headers(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP || !hg_node_size(node))
		return wrong(list->making, node, "headers are written { list-id: true } or { x-spam-flag: yes }");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_header(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

static gboolean read_fact(struct list *list, const struct hg_fact *fact, const hg_node *node)
{
	switch (fact->type) {
	case HG_FACT_TEXT:
		return read_text(list, fact, node);
	case HG_FACT_BOOL:
	case HG_FACT_NOT:
		return read_truth(list, fact, node, HG_TEST_TRUTH, NULL);
	case HG_FACT_COUNT:
		return read_count(list, fact, node);
	case HG_FACT_SPAN:
		return read_span(list, fact, node);
	case HG_FACT_FIELDS:
		return read_fields(list, fact, node);
	case HG_FACT_HEADERS:
		return read_headers(list, fact, node);
	case HG_FACT_WORDS:
		return read_lists(list, fact, node);
	case HG_FACT_HOURS:
		return read_hours(list, fact, node);
	case HG_FACT_INTENT:
		return read_intent(list, fact, node);
	case HG_FACT_LANGUAGE:
		return read_words(list, fact, node, HG_TEST_LANGUAGE);
	case HG_FACT_TAGS:
		return read_words(list, fact, node, HG_TEST_TAG);
	case HG_FACT_WORD:
	case HG_FACT_LOCALE:
	case HG_FACT_PROPOSAL:
	default:
		return read_words(list, fact, node, HG_TEST_WORD);
	}
}

static const struct hg_fact *fact_find(const char *group, const char *name)
{
	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++)
		if (g_strcmp0(fact->group, group) == 0 && strcmp(fact->name, name) == 0)
			return fact;
	return NULL;
}

/* Every key that may stand in a group; those of `when` itself with nests and groups. */
static GPtrArray *keys_of(const char *group)
{
	GPtrArray *keys = g_ptr_array_new();
	const char *last = NULL;

	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++) {
		if (g_strcmp0(fact->group, group) == 0)
			g_ptr_array_add(keys, (char *)fact->name);
		else if (!group && fact->group && g_strcmp0(fact->group, last) != 0)
			g_ptr_array_add(keys, (char *)(last = fact->group));
	}
	for (guint i = 0; !group && nests[i]; i++)
		g_ptr_array_add(keys, (char *)nests[i]);
	g_ptr_array_add(keys, NULL);
	return keys;
}

/* What was gathered becomes the items of cond. */
static void take_items(struct hg_cond *cond, const struct list *list)
{
	hg_arena *arena = list->making->rules->arena;

	cond->n = list->conds->len;
	cond->items = hg_arena_mem(arena, list->conds->pdata, cond->n * sizeof(*cond->items));
	for (guint i = 0; i < cond->n; i++)
		cond->costly |= cond->items[i]->costly;
}

/* One map of conditions as one condition: what `all` and `any` have in their lists, and `not`. */
static gboolean read_nested(struct list *into, const hg_node *map, const char *name, enum hg_test test)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct list list = { .making = into->making, .path = "", .conds = conds, .depth = into->depth + 1 };
	struct hg_cond *cond;

	if (list.depth > HG_RULES_DEPTH_MAX)
		return wrong(into->making, map, "all, any and not stand more than %d deep in each other",
			     HG_RULES_DEPTH_MAX);
	if (!read_map(&list, NULL, map))
		return FALSE;
	if (!conds->len)
		return wrong(into->making, map, "there is no condition in here");
	cond = cond_add(into, map, test, name, NULL);
	if (!cond)
		return FALSE;
	take_items(cond, &list);
	return TRUE;
}

static gboolean read_list(struct list *into, const hg_node *node, const char *name, enum hg_test test)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct list list = { .making = into->making, .path = "", .conds = conds, .depth = into->depth };
	struct hg_cond *cond;
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_LIST || !hg_node_size(node))
		return wrong(into->making, node, "'%s' takes a list of conditions: %s: [ { ... }, { ... } ]",
			     name, name);
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_nested(&list, hg_node_at(node, i), "all", HG_TEST_ALL);
	cond = fine ? cond_add(into, node, test, name, NULL) : NULL;
	if (!cond)
		return FALSE;
	take_items(cond, &list);
	return TRUE;
}

static gboolean read_group(struct list *into, const hg_node *node, const char *group)
{
	g_autofree char *path = g_strconcat(group, ".", NULL);
	struct list list = { .making = into->making, .path = path, .conds = into->conds,
			     .depth = into->depth };

	if (hg_node_type(node) == HG_NODE_MAP && !hg_node_size(node))
		return wrong(into->making, node, "there is no condition in here");
	return read_map(&list, group, node);
}

static gboolean read_key(struct list *list, const char *group, const char *key, const hg_node *value)
{
	const struct hg_fact *fact = fact_find(group, key);

	if (fact)
		return read_fact(list, fact, value);
	if (strcmp(key, "all") == 0)
		return read_list(list, value, key, HG_TEST_ALL);
	if (strcmp(key, "any") == 0)
		return read_list(list, value, key, HG_TEST_ANY);
	if (strcmp(key, "not") == 0)
		return read_nested(list, value, key, HG_TEST_NOT);
	return read_group(list, value, key);
}

/* All keys are looked at, so that all that is wrong is told at once. */
static gboolean read_map(struct list *list, const char *group, const hg_node *map)
{
	g_autoptr(GPtrArray) keys = keys_of(group);
	const char *const *known = (const char *const *)keys->pdata;
	gboolean fine;

	if (hg_node_type(map) != HG_NODE_MAP)
		return wrong(list->making, map, "conditions are written { NAME: ... }; those of a list stand "
			     "in all: [ ... ] or any: [ ... ]");
	fine = hg_node_check_keys(map, group ? group : "a condition", known, list->making->diag);
	for (guint i = 0; i < hg_node_size(map); i++)
		if (g_strv_contains(known, hg_node_key(map, i)))
			fine &= read_key(list, group, hg_node_key(map, i), hg_node_value(map, i));
	return fine;
}

gboolean hg_rules_read_when(struct hg_rules_making *making, const hg_node *node,
			    const struct hg_cond **ret)
{
	g_autoptr(GPtrArray) conds = g_ptr_array_new();
	struct list list = { .making = making, .path = "", .conds = conds };
	struct hg_cond *all;

	*ret = NULL;
	if (!node || hg_node_null(node))
		return TRUE;
	if (!read_map(&list, NULL, node))
		return FALSE;
	if (!conds->len)
		return TRUE;
	all = hg_arena_alloc(making->rules->arena, sizeof(*all));
	all->test = HG_TEST_ALL;
	all->path = "all";
	take_items(all, &list);
	*ret = all;
	return TRUE;
}

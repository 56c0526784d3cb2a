/* rules_tests.c - reads what is asked of one fact: words, numbers, times, fields and headers */
#include "rules_conds.h"

#include <string.h>

#include "text.h"

static const char *const count_keys[] = { "at_least", "at_most", NULL };
static const char *const span_keys[] = { "over", "under", NULL };
static const char *const open_keys[] = { "open", "closed", NULL };
static const char *const field_keys[] = { "matches", "equals", "contains", "empty", "at_least", "at_most", NULL };

static gboolean read_words(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
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
	cond = hg_conds_add(list, node, test, fact->name, NULL);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->words = words;
	cond->n = n;
	cond->want = hg_conds_joined(making->rules->arena, words);
	return TRUE;
}

gboolean hg_conds_truth(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
			enum hg_test test, const char *key)
{
	struct hg_cond *cond;
	gboolean truth;

	if (!hg_node_bool(node, &truth, list->making->diag))
		return FALSE;
	cond = hg_conds_add(list, node, test, fact->name, key);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->truth = truth;
	cond->want = truth ? "true" : "false";
	return TRUE;
}

static gboolean read_number(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
			    enum hg_test test, const char *key)
{
	hg_diag *diag = list->making->diag;
	char span[HG_SPAN_SIZE];
	struct hg_cond *cond;
	gint64 number;
	gboolean is_span = fact->type == HG_FACT_SPAN || fact->type == HG_FACT_LASTS;
	g_autofree char *want = NULL;

	if (is_span ? !hg_node_span(node, &number, diag) : !hg_node_int(node, 0, G_MAXINT32, &number, diag))
		return FALSE;
	cond = hg_conds_add(list, node, test, fact->name, key);
	if (!cond)
		return FALSE;
	want = is_span ? g_strdup(hg_span(number, span)) : g_strdup_printf("%" G_GINT64_FORMAT, number);
	cond->fact = fact;
	cond->number = number;
	cond->want = hg_arena_str(list->making->rules->arena, want);
	return TRUE;
}

static gboolean read_count(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	const hg_node *least, *most;
	gboolean fits;

	if (hg_node_type(node) == HG_NODE_SCALAR)
		return read_number(list, fact, node, HG_TEST_EXACTLY, NULL);
	if (!hg_node_check_keys(node, fact->name, count_keys, list->making->diag))
		return FALSE;
	least = hg_node_get(node, "at_least");
	most = hg_node_get(node, "at_most");
	if (!least && !most)
		return hg_conds_wrong(list->making, node, "say at_least, at_most or both");
	/* Both are read, whatever the first one says: all mistakes are told at once, in this order. */
	fits = !least || read_number(list, fact, least, HG_TEST_AT_LEAST, "at_least");
	return (!most || read_number(list, fact, most, HG_TEST_AT_MOST, "at_most")) && fits;
}

static gboolean read_span(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	const hg_node *over, *under;
	gboolean fits;

	if (hg_node_type(node) != HG_NODE_MAP)
		return hg_conds_wrong(list->making, node, "say over or under what: %s: { over: 5m }", fact->name);
	if (!hg_node_check_keys(node, fact->name, span_keys, list->making->diag))
		return FALSE;
	over = hg_node_get(node, "over");
	under = hg_node_get(node, "under");
	if (!over && !under)
		return hg_conds_wrong(list->making, node, "say over, under or both: { over: 5m }");
	fits = !over || read_number(list, fact, over, HG_TEST_OVER, "over");
	return (!under || read_number(list, fact, under, HG_TEST_UNDER, "under")) && fits;
}

static gboolean read_lasting(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	list->making->rules->helpdesk = TRUE;
	return hg_node_type(node) == HG_NODE_SCALAR ? read_number(list, fact, node, HG_TEST_AT_LEAST, NULL) :
						      read_span(list, fact, node);
}

static gboolean read_helpdesk(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	list->making->rules->helpdesk = TRUE;
	return hg_conds_truth(list, fact, node, HG_TEST_TRUTH, NULL);
}

static gboolean read_hours(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	struct hg_rules_making *making = list->making;
	const hg_node *names;
	struct hg_cond *cond;
	guint64 places = 0;
	const char *key;
	guint n;

	if (hg_node_type(node) != HG_NODE_MAP)
		return hg_conds_wrong(making, node, "say open or closed: hours: { closed: office }");
	if (!hg_node_check_keys(node, fact->name, open_keys, making->diag))
		return FALSE;
	if (hg_node_size(node) != 1)
		return hg_conds_wrong(making, node, "say one of open and closed: hours: { closed: office }");
	names = hg_node_value(node, 0);
	key = strcmp(hg_node_key(node, 0), "open") == 0 ? open_keys[0] : open_keys[1];
	if (!hg_conds_bits(making, names, "name under hours:", hg_hours_names(making->rules->hours), &places))
		return FALSE;
	cond = hg_conds_add(list, node, HG_TEST_HOURS, fact->name, key);
	if (!cond)
		return FALSE;
	cond->fact = fact;
	cond->places = places;
	cond->truth = key == open_keys[0];
	cond->want = hg_conds_joined(making->rules->arena, hg_rules_read_words(making, names, "a name", &n));
	return TRUE;
}

/* ---- fields and headers ---- */

/* { NAME: { at_least: 3 } }: what can be asked of a text and of a number, of one field. */
static gboolean read_field_tests(struct hg_conds *list, const struct hg_fact *fact, const char *name,
				 const hg_node *node)
{
	g_autofree char *path = g_strconcat(list->path, fact->name, ".", NULL);
	struct hg_fact field = { .name = name, .type = HG_FACT_COUNT };
	struct hg_conds tests = *list;
	guint first = list->conds->len;
	gboolean fine = TRUE;

	if (!hg_node_check_keys(node, name, field_keys, list->making->diag))
		return FALSE;
	if (!hg_node_size(node))
		return hg_conds_wrong(list->making, node, "say matches, equals, contains, empty, at_least or at_most");
	tests.path = path;
	for (guint i = 0; i < hg_node_size(node); i++) {
		const char *key = hg_node_key(node, i);
		const hg_node *value = hg_node_value(node, i);

		if (strcmp(key, "at_least") == 0)
			fine &= read_number(&tests, &field, value, HG_TEST_AT_LEAST, "at_least");
		else if (strcmp(key, "at_most") == 0)
			fine &= read_number(&tests, &field, value, HG_TEST_AT_MOST, "at_most");
		else
			fine &= hg_conds_text_key(&tests, &field, key, value);
	}
	for (guint i = first; i < list->conds->len; i++) {
		struct hg_cond *cond = g_ptr_array_index(list->conds, i);

		cond->costly = TRUE;
		cond->fact = fact;
		cond->field = hg_arena_str(list->making->rules->arena, name);
	}
	return fine;
}

static gboolean read_field(struct hg_conds *list, const struct hg_fact *fact, const char *name, const hg_node *node)
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
	cond = words ? hg_conds_add(list, node, HG_TEST_FIELD, fact->name, name) : NULL;
	if (!cond)
		return FALSE;
	cond->costly = TRUE;
	cond->fact = fact;
	cond->field = hg_arena_str(arena, name);
	cond->words = words;
	cond->n = n;
	cond->want = hg_conds_joined(arena, words);
	return TRUE;
}

static gboolean read_fields(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP || !hg_node_size(node))
		return hg_conds_wrong(list->making, node, "fields are written { NAME: value }");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_field(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

/* "list-id" of "List-Id".  FALSE: reported. */
static gboolean read_header(struct hg_conds *list, const struct hg_fact *fact, const char *name, const hg_node *node)
{
	g_autofree char *low = g_ascii_strdown(name, -1);
	const char *text = hg_node_text(node);
	struct hg_cond *cond;

	if (!*low || low[strspn(low, "abcdefghijklmnopqrstuvwxyz0123456789-_")])
		return hg_conds_wrong(list->making, node, "'%s' is no name of a header", name);
	list->making->rules->headers = TRUE;
	if (!text || !hg_node_plain(node) || (strcmp(text, "true") != 0 && strcmp(text, "false") != 0))
		return read_field(list, fact, low, node);
	if (!hg_conds_truth(list, fact, node, HG_TEST_PRESENT, low))
		return FALSE;
	cond = g_ptr_array_index(list->conds, list->conds->len - 1);
	cond->field = hg_arena_str(list->making->rules->arena, low);
	cond->costly = TRUE;
	return TRUE;
}

static gboolean read_headers(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	gboolean fine = TRUE;

	if (hg_node_type(node) != HG_NODE_MAP || !hg_node_size(node))
		return hg_conds_wrong(list->making, node, "headers are written { list-id: true } or { x-spam-flag: yes }");
	for (guint i = 0; i < hg_node_size(node); i++)
		fine &= read_header(list, fact, hg_node_key(node, i), hg_node_value(node, i));
	return fine;
}

/* ---- by the kind of fact ---- */

gboolean hg_conds_fact(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node)
{
	switch (fact->type) {
	case HG_FACT_TEXT:
		return hg_conds_text(list, fact, node);
	case HG_FACT_LASTS:
		return read_lasting(list, fact, node);
	case HG_FACT_BOOL:
		if (g_strcmp0(fact->group, "helpdesk") == 0)
			return read_helpdesk(list, fact, node);
		return hg_conds_truth(list, fact, node, HG_TEST_TRUTH, NULL);
	case HG_FACT_NOT:
		return hg_conds_truth(list, fact, node, HG_TEST_TRUTH, NULL);
	case HG_FACT_COUNT:
		return read_count(list, fact, node);
	case HG_FACT_SPAN:
		return read_span(list, fact, node);
	case HG_FACT_FIELDS:
		return read_fields(list, fact, node);
	case HG_FACT_HEADERS:
		return read_headers(list, fact, node);
	case HG_FACT_WORDS:
		return hg_conds_lists(list, fact, node);
	case HG_FACT_HOURS:
		return read_hours(list, fact, node);
	case HG_FACT_INTENT:
		return hg_conds_intent(list, fact, node);
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

/* rules_words.c - reads word lists into trees of words */
#include "rules_words_made.h"

#include <string.h>

#define NAME_MAX_BYTES 32

static guint edge_hash(gconstpointer p)
{
	const struct hg_words_edge *edge = p;

	return edge->from * 2654435761U ^ edge->id * 40503U;
}

static gboolean edge_equal(gconstpointer a, gconstpointer b)
{
	const struct hg_words_edge *one = a, *other = b;

	return one->from == other->from && one->id == other->id;
}

static hg_words *words_new(void)
{
	hg_words *words = g_new0(hg_words, 1);

	words->arena = hg_arena_new();
	words->lists = g_ptr_array_new();
	words->langs = g_ptr_array_new();
	for (guint form = 0; form < HG_SPOKEN_FORMS; form++) {
		words->trees[form].ids = g_hash_table_new(g_str_hash, g_str_equal);
		words->trees[form].edges = g_hash_table_new(edge_hash, edge_equal);
		words->trees[form].marks = g_ptr_array_new();
		g_ptr_array_add(words->trees[form].marks, NULL);
	}
	return words;
}

void hg_words_free(hg_words *words)
{
	if (!words)
		return;
	for (guint form = 0; form < HG_SPOKEN_FORMS; form++) {
		g_hash_table_unref(words->trees[form].ids);
		g_hash_table_unref(words->trees[form].edges);
		g_ptr_array_unref(words->trees[form].marks);
	}
	g_ptr_array_unref(words->lists);
	g_ptr_array_unref(words->langs);
	hg_arena_free(words->arena);
	g_free(words);
}

const char *const *hg_words_lists(const hg_words *words)
{
	return (const char *const *)words->lists->pdata;
}

const char *const *hg_words_langs(const hg_words *words)
{
	return (const char *const *)words->langs->pdata;
}

guint hg_words_id(const hg_words *words, enum hg_spoken_form form, const char *word)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(words->trees[form].ids, word));
}

guint hg_words_step(const struct hg_words_tree *tree, guint from, guint id)
{
	const struct hg_words_edge want = { .from = from, .id = id };
	const struct hg_words_edge *edge = id ? g_hash_table_lookup(tree->edges, &want) : NULL;

	return edge ? edge->to : 0;
}

/* ---- growing the trees ---- */

static guint learn_id(hg_words *words, enum hg_spoken_form form, const char *word)
{
	guint id = hg_words_id(words, form, word);

	if (id)
		return id;
	id = g_hash_table_size(words->trees[form].ids) + 1;
	g_hash_table_insert(words->trees[form].ids, hg_arena_str(words->arena, word), GUINT_TO_POINTER(id));
	return id;
}

static guint learn_step(hg_words *words, struct hg_words_tree *tree, guint from, guint id)
{
	guint to = hg_words_step(tree, from, id);
	struct hg_words_edge *edge;

	if (to)
		return to;
	edge = hg_arena_alloc(words->arena, sizeof(*edge));
	*edge = (struct hg_words_edge){ .from = from, .id = id, .to = tree->marks->len };
	g_hash_table_add(tree->edges, edge);
	g_ptr_array_add(tree->marks, NULL);
	return edge->to;
}

static void learn_mark(hg_words *words, struct hg_words_tree *tree, guint node, const struct hg_words_mark *what)
{
	struct hg_words_mark *mark = g_ptr_array_index(tree->marks, node);

	while (mark && mark->lang != what->lang)
		mark = (struct hg_words_mark *)mark->next;
	if (!mark) {
		mark = hg_arena_alloc(words->arena, sizeof(*mark));
		*mark = *what;
		mark->lists = 0;
		mark->next = g_ptr_array_index(tree->marks, node);
		g_ptr_array_index(tree->marks, node) = mark;
	}
	mark->lists |= what->lists;
}

static void learn(hg_words *words, const struct hg_spoken *said, const struct hg_words_mark *what)
{
	for (guint form = 0; form < HG_SPOKEN_FORMS; form++) {
		struct hg_words_tree *tree = &words->trees[form];
		guint node = 0;

		for (guint i = 0; i < said->n; i++)
			node = learn_step(words, tree, node, learn_id(words, form, said->words[i].form[form]));
		learn_mark(words, tree, node, what);
	}
}

/* ---- reading ---- */

static gboolean read_entry(hg_words *words, const hg_node *node, struct hg_words_mark what, hg_diag *diag)
{
	const char *text = hg_node_text(node);
	g_autofree char *quoted = hg_node_quote(text ? text : "");
	struct hg_spoken said = { .n = 0 };

	if (!text || hg_node_null(node) || strlen(text) > HG_WORDS_ENTRY_MAX) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), NULL,
			    "an entry of a word list is a text of at most %d bytes", HG_WORDS_ENTRY_MAX);
		return FALSE;
	}
	hg_spoken_read(text, words->arena, &said);
	if (said.n == 0 || said.n > HG_WORDS_LONG_MAX) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node),
			    "letters, digits and emoji make words; signs between them do not count",
			    "an entry has 1 to %d words, %s has %u", HG_WORDS_LONG_MAX, quoted, said.n);
		return FALSE;
	}
	if (++words->entries > HG_WORDS_ENTRIES_MAX) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), NULL, "all word lists have more than %d entries",
			    HG_WORDS_ENTRIES_MAX);
		return FALSE;
	}
	what.entry = hg_arena_str(words->arena, text);
	learn(words, &said, &what);
	return TRUE;
}

/* Which of names this is, added when it is new; -1: reported. */
static int name_at(hg_words *words, GPtrArray *names, const char *name, const struct hg_place *place,
		   const char *what, guint most, hg_diag *diag)
{
	gsize len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
	g_autofree char *quoted = hg_node_quote(name);
	guint at;

	for (at = 0; at < names->len; at++)
		if (strcmp(g_ptr_array_index(names, at), name) == 0)
			return (int)at;
	if (!len || name[len] || len > NAME_MAX_BYTES)
		hg_diag_add(diag, HG_SEV_ERROR, place, NULL,
			    "%s is written in small letters, digits, '_' and '-', not %s", what, quoted);
	else if (at >= most)
		hg_diag_add(diag, HG_SEV_ERROR, place, NULL, "this would be the %uth: %u at most are possible", at + 1, most);
	else {
		g_ptr_array_add(names, hg_arena_str(words->arena, name));
		return (int)at;
	}
	return -1;
}

static gboolean read_list(hg_words *words, const hg_node *list, struct hg_words_mark what, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (hg_node_type(list) != HG_NODE_LIST) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(list), "greeting: [hello, good morning]",
			    "a word list is a list of entries");
		return FALSE;
	}
	for (guint i = 0; i < hg_node_size(list) && words->entries <= HG_WORDS_ENTRIES_MAX; i++)
		fine &= read_entry(words, hg_node_at(list, i), what, diag);
	return fine;
}

static gboolean read_lang(hg_words *words, const hg_node *map, guint32 lang, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (hg_node_type(map) != HG_NODE_MAP) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(map), "en: { greeting: [hello, good morning] }",
			    "a language has lists with names");
		return FALSE;
	}
	for (guint i = 0; i < hg_node_size(map); i++) {
		int at = name_at(words, words->lists, hg_node_key(map, i), hg_node_key_place(map, i), "a list's name",
				 HG_WORDS_LISTS_MAX, diag);
		struct hg_words_mark what = { .lang = lang, .lists = at < 0 ? 0 : G_GUINT64_CONSTANT(1) << at };

		fine &= at >= 0 && read_list(words, hg_node_value(map, i), what, diag);
	}
	return fine;
}

static gboolean read_all(hg_words *words, const hg_node *map, hg_diag *diag)
{
	gboolean fine = TRUE;

	if (hg_node_type(map) != HG_NODE_MAP) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(map), "word_lists: { en: { greeting: [hello] } }",
			    "word lists stand under their languages");
		return FALSE;
	}
	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *name = hg_node_key(map, i);
		int at = name_at(words, words->langs, name, hg_node_key_place(map, i), "a language",
				 HG_WORDS_LANGS_MAX, diag);

		fine &= at >= 0 && read_lang(words, hg_node_value(map, i), 1U << at, diag);
		if (at >= 0 && strcmp(name, HG_WORDS_EVERY) == 0)
			words->every = 1U << at;
	}
	return fine;
}

hg_words *hg_words_read(const hg_node *lists, hg_diag *diag)
{
	g_autoptr(hg_words) words = words_new();
	gboolean fine = hg_node_null(lists) || read_all(words, lists, diag);

	g_ptr_array_add(words->lists, NULL);
	g_ptr_array_add(words->langs, NULL);
	return fine ? g_steal_pointer(&words) : NULL;
}

/* intent_words.c - which features a set of examples has, and which of them are worth a weight */
#include <math.h>
#include <string.h>

#include "intent_learn.h"

#define KEY_BYTES 100		/* a longer one is learned by nobody */
#define LEAST_SEEN 2		/* examples that a pair or a part has to be in */

struct learned {
	const char *key;	/* in the arena */
	guint64 hash;
	enum hg_feature_kind kind;
	guint seen;		/* examples it is in */
	guint last;		/* of them, from 1 */
};

struct gathering {
	const struct hg_intent_making *making;
	struct hg_feature_index index;
	GArray *list;		/* of struct learned, by number from 1 */
	hg_arena *keys;
	GString *key;
	guint example;
};

gboolean hg_lesson_wants(const struct hg_intent_making *making, enum hg_feature_kind kind)
{
	return !(kind == HG_FEATURE_PAIR && making->no_pairs) && !(kind == HG_FEATURE_PART && making->no_parts);
}

static void gather(void *ctx, const struct hg_feature *feature)
{
	struct gathering *g = ctx;
	struct learned *one;
	guint32 id;

	if (!hg_lesson_wants(g->making, feature->kind))
		return;
	id = hg_feature_index_add(&g->index, feature->hash);
	if (id > g->list->len) {
		struct learned fresh = { .hash = feature->hash, .kind = feature->kind };

		hg_feature_key(feature, g->key);
		fresh.key = g->key->len <= KEY_BYTES ? hg_arena_str(g->keys, g->key->str) : NULL;
		g_array_append_val(g->list, fresh);
	}
	one = &g_array_index(g->list, struct learned, id - 1);
	one->seen += one->last != g->example;
	one->last = g->example;
}

/* Those that stand in most examples first. */
static int by_use(const void *a, const void *b)
{
	const struct learned *one = a, *other = b;

	if (one->seen != other->seen)
		return one->seen < other->seen ? 1 : -1;
	return strcmp(one->key, other->key);
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct learned *)a)->key, ((const struct learned *)b)->key);
}

/* So many that the model's file stays within its limit, whatever the weights. */
static guint room_for(guint labels)
{
	return HG_INTENT_BYTES_MAX / 2 / (KEY_BYTES / 2 + 7 * labels);
}

static void select_worthy(GArray *list, guint labels)
{
	guint n = 0;

	for (guint i = 0; i < list->len; i++) {
		struct learned *one = &g_array_index(list, struct learned, i);

		if (one->key && one->seen >= (one->kind == HG_FEATURE_WORD ? 1 : LEAST_SEEN))
			g_array_index(list, struct learned, n++) = *one;
	}
	g_array_set_size(list, n);
	if (n > room_for(labels)) {
		g_array_sort(list, by_use);
		g_array_set_size(list, room_for(labels));
	}
	g_array_sort(list, by_key);
}

static guint16 idf_of(guint seen, guint examples)
{
	double idf = 1 + hg_intent_ln((1.0 + examples) / (1.0 + seen));

	return (guint16)CLAMP(lround(idf * HG_INTENT_IDF_ONE), 1, HG_INTENT_IDF_MAX);
}

static hg_intent *model_of(const GArray *list, guint labels, guint examples)
{
	hg_intent *model = hg_intent_new(labels, list->len);

	model->examples = examples;
	model->strange = idf_of(0, examples);
	for (guint i = 0; i < list->len; i++) {
		const struct learned *one = &g_array_index(list, struct learned, i);

		model->keys[i] = hg_arena_str(model->arena, one->key);
		model->idf[i] = idf_of(one->seen, examples);
		hg_feature_index_add(&model->index, one->hash);
	}
	return model;
}

hg_intent *hg_lesson_words(const hg_lesson *lesson)
{
	struct gathering g = { .making = lesson->making, .key = g_string_new(NULL), .keys = hg_arena_new() };
	hg_intent *model;

	g.list = g_array_new(FALSE, TRUE, sizeof(struct learned));
	hg_feature_index_init(&g.index, lesson->n * 64);
	for (guint i = 0; i < lesson->n; i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_spoken said;

		hg_spoken_read(lesson->examples[i]->text, arena, &said);
		g.example = i + 1;
		hg_features_walk(&said, gather, &g);
	}
	select_worthy(g.list, lesson->n_labels);
	model = model_of(g.list, lesson->n_labels, lesson->n);
	hg_feature_index_done(&g.index);
	g_array_unref(g.list);
	g_string_free(g.key, TRUE);
	hg_arena_free(g.keys);
	return model;
}

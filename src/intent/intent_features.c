/* intent_features.c - a message as the words, pairs and parts of words that have weights */
#include <string.h>

#include "intent_made.h"

#define PART_LEAST 3			/* letters of the shortest part */
#define PARTS_BYTES 128			/* of one word that are taken apart */

/* ---- keys and their hashes: FNV-1a, and a last mix because tables use its low bits ---- */

#define START G_GUINT64_CONSTANT(14695981039346656037)

static inline guint64 add_byte(guint64 hash, guint8 byte)
{
	return (hash ^ byte) * G_GUINT64_CONSTANT(1099511628211);
}

static inline guint64 add_bytes(guint64 hash, const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		hash = add_byte(hash, (guint8)text[i]);
	return hash;
}

static inline guint64 mixed(guint64 hash)
{
	hash ^= hash >> 32;
	hash *= G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
	return hash ^ hash >> 29;
}

guint64 hg_feature_hash(const char *key, gsize len)
{
	return mixed(add_bytes(START, key, len));
}

void hg_feature_key(const struct hg_feature *feature, GString *out)
{
	g_string_truncate(out, 0);
	if (feature->kind == HG_FEATURE_PART)
		g_string_append_c(out, '~');
	g_string_append_len(out, feature->text, (gssize)feature->len);
	if (feature->kind == HG_FEATURE_PAIR)
		g_string_append_printf(out, " %s", feature->second);
}

/* ---- walking over a message ---- */

gboolean hg_feature_is_number(const char *word)
{
	return strpbrk(word, "0123456789") != NULL;
}

static const char *word_of(const struct hg_spoken *said, guint i)
{
	const char *word = said->words[i].form[HG_SPOKEN_BARE];

	/* Order numbers and sums are each seen once: that there is one may tell something. */
	return hg_feature_is_number(word) ? HG_FEATURE_NUMBER : word;
}

/* Every run of 3 to 5 letters: what typing errors and compounds leave of a word. */
static void walk_parts(struct hg_feature part, const char *word, hg_feature_fn fn, void *ctx)
{
	char framed[PARTS_BYTES + 3];
	gsize len = strlen(word), begin;

	if (len > PARTS_BYTES)
		len = (gsize)(g_utf8_find_prev_char(word, word + PARTS_BYTES) - word);
	framed[0] = framed[len + 1] = '_';
	memcpy(framed + 1, word, len);
	framed[len + 2] = '\0';
	part.kind = HG_FEATURE_PART;
	for (begin = 0; framed[begin]; begin += g_utf8_skip[(guint8)framed[begin]]) {
		guint64 hash = add_byte(START, '~');
		gsize at = begin;

		for (part.letters = 1; part.letters <= HG_FEATURE_WIDEST && framed[at]; part.letters++) {
			gsize wide = (guint8)g_utf8_skip[(guint8)framed[at]];

			hash = add_bytes(hash, framed + at, wide);
			at += wide;
			if (part.letters < PART_LEAST)
				continue;
			part.text = framed + begin;
			part.len = at - begin;
			part.hash = mixed(hash);
			fn(ctx, &part);
		}
	}
}

static void walk_pair(struct hg_feature pair, const char *second, hg_feature_fn fn, void *ctx)
{
	guint64 hash = add_byte(add_bytes(START, pair.text, pair.len), ' ');

	pair.kind = HG_FEATURE_PAIR;
	pair.second = second;
	pair.hash = mixed(add_bytes(hash, second, strlen(second)));
	fn(ctx, &pair);
}

void hg_features_walk(const struct hg_spoken *said, hg_feature_fn fn, void *ctx)
{
	for (guint i = 0; i < said->n; i++) {
		const char *word = word_of(said, i);
		struct hg_feature feature = { .kind = HG_FEATURE_WORD, .word = i, .text = word, .len = strlen(word) };

		feature.hash = hg_feature_hash(word, feature.len);
		fn(ctx, &feature);
		if (i + 1 < said->n)
			walk_pair(feature, word_of(said, i + 1), fn, ctx);
		if (!said->words[i].emoji && feature.len >= PART_LEAST)
			walk_parts(feature, word, fn, ctx);
	}
}

/* ---- numbers by hash ---- */

void hg_feature_index_init(struct hg_feature_index *index, guint wanted)
{
	guint size = 64;

	while (size < wanted * 2)
		size *= 2;
	*index = (struct hg_feature_index){ .slots = g_new0(struct hg_feature_slot, size), .mask = size - 1 };
}

void hg_feature_index_done(struct hg_feature_index *index)
{
	g_clear_pointer(&index->slots, g_free);
}

/* The slot that has it, or the free one where it belongs. */
static struct hg_feature_slot *slot_of(const struct hg_feature_index *index, guint64 hash)
{
	guint at = (guint)hash & index->mask;

	while (index->slots[at].id && index->slots[at].hash != hash)
		at = (at + 1) & index->mask;
	return &index->slots[at];
}

guint32 hg_feature_index_find(const struct hg_feature_index *index, guint64 hash)
{
	return slot_of(index, hash)->id;
}

static void grow(struct hg_feature_index *index)
{
	struct hg_feature_index wider;

	hg_feature_index_init(&wider, index->mask + 1);
	for (guint i = 0; i <= index->mask; i++)
		if (index->slots[i].id)
			*slot_of(&wider, index->slots[i].hash) = index->slots[i];
	wider.n = index->n;
	hg_feature_index_done(index);
	*index = wider;
}

guint32 hg_feature_index_add(struct hg_feature_index *index, guint64 hash)
{
	struct hg_feature_slot *slot = slot_of(index, hash);

	if (slot->id)
		return slot->id;
	if (index->n >= (index->mask + 1) / 2) {
		grow(index);
		slot = slot_of(index, hash);
	}
	*slot = (struct hg_feature_slot){ .hash = hash, .id = ++index->n };
	return slot->id;
}

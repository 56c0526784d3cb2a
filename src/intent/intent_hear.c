/* intent_hear.c - asks a model what a message is about, and on which words that rests
 *
 * Weights are whole numbers and their sums exact; what comes behind is a root, a division and our own
 * exp(), so a guess is the same on every machine. */
#include <math.h>
#include <string.h>

#include "intent_made.h"
#include "text.h"

#define REASON_BYTES 60			/* of a word that a reason names */

struct taken {			/* a feature of the message that the model has */
	guint32 id;		/* from 0 */
	guint word;
	gboolean pair;
};

struct hearing {
	const hg_intent *model;
	const struct hg_spoken *said;
	hg_arena *arena;
	struct taken *taken;
	guint n;
	guint32 *seen;		/* set of ids from 1: each feature counts once */
	guint mask;
	gint64 square;		/* of the message's length, in idf units */
	/* how much of it is known: of the word that is looked at, and of all before it */
	gboolean counts, whole;
	guint idf, widest, widest_known;
	guint64 weight, weight_known;	/* known in hundredths of weight */
};

/* ---- which features it has ---- */

static guint features_at_most(const struct hg_spoken *said)
{
	gsize letters = 0;

	for (guint i = 0; i < said->n; i++)
		letters += strlen(said->words[i].form[HG_SPOKEN_BARE]) + 4;
	return (guint)letters * 3;
}

static void hearing_init(struct hearing *h, const hg_intent *model, const struct hg_spoken *said, hg_arena *arena)
{
	guint most = features_at_most(said), size = 64;

	while (size < most * 2)
		size *= 2;
	*h = (struct hearing){ .model = model, .said = said, .arena = arena, .mask = size - 1 };
	h->taken = hg_arena_alloc(arena, (most + 1) * sizeof(*h->taken));
	h->seen = hg_arena_alloc(arena, size * sizeof(*h->seen));
}

static gboolean first_time(struct hearing *h, guint32 id)
{
	guint at = id * 2654435761U & h->mask;

	while (h->seen[at] && h->seen[at] != id)
		at = (at + 1) & h->mask;
	if (h->seen[at])
		return FALSE;
	h->seen[at] = id;
	return TRUE;
}

/* A word that no example had counts by those of its parts that some had. */
static void end_word(struct hearing *h)
{
	guint share = h->whole ? 100 : h->widest ? h->widest_known * 100 / h->widest : 0;

	if (!h->counts)
		return;
	h->weight += h->idf;
	h->weight_known += (guint64)share * h->idf;
	/* It is a part of what was said, though it speaks for nothing. */
	if (!h->whole)
		h->square += (gint64)h->idf * h->idf;
	h->counts = FALSE;
}

static void begin_word(struct hearing *h, const struct hg_feature *word, guint32 id)
{
	end_word(h);
	h->counts = !h->said->words[word->word].emoji && strcmp(word->text, HG_FEATURE_NUMBER) != 0;
	h->whole = id != 0;
	h->idf = id ? h->model->idf[id - 1] : h->model->strange;
	h->widest = h->widest_known = 0;
}

static void take(void *ctx, const struct hg_feature *feature)
{
	struct hearing *h = ctx;
	guint32 id = hg_feature_index_find(&h->model->index, feature->hash);

	if (feature->kind == HG_FEATURE_WORD) {
		begin_word(h, feature, id);
	} else if (feature->kind == HG_FEATURE_PART && feature->letters == HG_FEATURE_WIDEST) {
		h->widest++;
		h->widest_known += id != 0;
	}
	if (!id || !first_time(h, id))
		return;
	h->taken[h->n++] = (struct taken){ id - 1, feature->word, feature->kind == HG_FEATURE_PAIR };
	h->square += (gint64)h->model->idf[id - 1] * h->model->idf[id - 1];
}

static void hear(struct hearing *h, const hg_intent *model, const struct hg_spoken *said, hg_arena *arena)
{
	hearing_init(h, model, said, arena);
	hg_features_walk(said, take, h);
	end_word(h);
}

/* ---- scores ---- */

static const gint16 *row(const hg_intent *model, guint32 id)
{
	return model->weights + (gsize)id * model->stride;
}

/* In eights, which the compiler makes one step of. */
static void add_row(gint32 *sums, const gint16 *weights, guint stride)
{
	for (guint at = 0; at < stride; at += 8)
		for (guint i = 0; i < 8; i++)
			sums[at + i] += weights[at + i];
}

static double scale_of(const struct hearing *h)
{
	return h->square ? 1.0 / ((double)h->model->unit * sqrt((double)h->square)) : 0;
}

static double *scores_of(const struct hearing *h)
{
	const hg_intent *model = h->model;
	gint32 *sums = hg_arena_alloc(h->arena, model->stride * sizeof(*sums));
	double *scores = hg_arena_alloc(h->arena, model->stride * sizeof(*scores)), scale = scale_of(h);

	for (guint i = 0; i < h->n; i++)
		add_row(sums, row(model, h->taken[i].id), model->stride);
	for (guint k = 0; k < model->n_labels; k++)
		scores[k] = sums[k] * scale;
	return scores;
}

static guint known_of(const struct hearing *h)
{
	return h->weight ? (guint)(h->weight_known / h->weight) : 0;
}

void hg_intent_hear(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena,
		    struct hg_intent_heard *ret)
{
	struct hearing h;

	hear(&h, model, said, arena);
	*ret = (struct hg_intent_heard){ .scores = scores_of(&h), .known = known_of(&h) };
}

void hg_intent_shares(double *scores, guint n)
{
	double most = scores[0], sum = 0;

	for (guint k = 1; k < n; k++)
		most = MAX(most, scores[k]);
	for (guint k = 0; k < n; k++)
		sum += scores[k] = hg_intent_exp(scores[k] - most);
	for (guint k = 0; k < n; k++)
		scores[k] /= sum;
}

/* Nothing is certain, and what is shown is what is compared. */
guint hg_intent_hundredths(double share)
{
	return MIN(99, (guint)(share * 100));
}

/* ---- reasons ---- */

struct reason {
	gint32 weight;
	guint word;
	gboolean pair;
};

/* The words' weights for the label, each with its parts, and behind them those of the pairs. */
static struct reason *weigh(const struct hearing *h, guint label, guint *ret_n)
{
	guint n = h->said->n;
	struct reason *reasons = hg_arena_alloc(h->arena, (gsize)n * 2 * sizeof(*reasons));

	for (guint i = 0; i < n * 2; i++)
		reasons[i] = (struct reason){ .word = i % n, .pair = i >= n };	/* analyser: no i where n is 0 */
	for (guint i = 0; i < h->n; i++)
		reasons[h->taken[i].word + (h->taken[i].pair ? n : 0)].weight += row(h->model, h->taken[i].id)[label];
	*ret_n = n * 2;
	return reasons;
}

static const char *words_of(const struct hearing *h, const struct reason *reason)
{
	const struct hg_spoken_word *word = &h->said->words[reason->word];
	g_autofree char *both = reason->pair ? g_strconcat(word[0].form[HG_SPOKEN_ACCENTS], " ",
							   word[1].form[HG_SPOKEN_ACCENTS], NULL) : NULL;
	g_autofree char *cut = hg_text_valid(both ? both : word->form[HG_SPOKEN_ACCENTS], -1, REASON_BYTES);

	return hg_arena_str(h->arena, cut);
}

static void explain(const struct hearing *h, guint label, struct hg_intent_guess *guess)
{
	guint n;
	struct reason *reasons = weigh(h, label, &n);

	while (guess->n_reasons < HG_INTENT_REASONS_MAX) {
		struct reason *best = reasons;
		gint tenths;

		for (guint i = 1; i < n; i++)
			if (ABS(reasons[i].weight) > ABS(best->weight))
				best = &reasons[i];
		tenths = (gint)lround(best->weight * scale_of(h) * 10);
		if (!tenths)
			return;
		guess->reasons[guess->n_reasons++] = (struct hg_intent_reason){ words_of(h, best), tenths };
		best->weight = 0;
	}
}

void hg_intent_reasons_show(const struct hg_intent_guess *guess, GString *out)
{
	for (guint i = 0; i < guess->n_reasons; i++) {
		gint tenths = guess->reasons[i].tenths;

		g_string_append_printf(out, "%s\"%s\" %c%d.%d", i ? ", " : "", guess->reasons[i].words, tenths < 0 ? '-' : '+',
				       ABS(tenths) / 10, ABS(tenths) % 10);
	}
}

/* ---- the guess ---- */

void hg_intent_guess(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena,
		     struct hg_intent_guess *ret)
{
	struct hg_intent_guess guess = { .label = NULL };
	struct hearing h;
	double *shares;
	guint best = 0;

	*ret = guess;
	if (!said->n)
		return;
	hear(&h, model, said, arena);
	shares = scores_of(&h);
	hg_intent_shares(shares, model->n_labels);
	for (guint k = 1; k < model->n_labels; k++)
		if (shares[k] > shares[best])
			best = k;
	guess.label = model->labels[best];
	guess.confidence = hg_intent_hundredths(shares[best]);
	guess.known = known_of(&h);
	explain(&h, best, &guess);
	*ret = guess;
}

/* intent_score.c - guesses beside what is true: who is taken for whom, and how often */
#include <string.h>

#include "intent.h"

#define STRANGE_MAX   50		/* labels that the model does not have; the others are one */
#define STRANGE_OTHER "(other)"

struct hg_score {
	GPtrArray *names;		/* ours: the model's labels, then what was not among them */
	guint n_labels;
	guint min_confidence, min_known;
	GArray *rows;			/* of struct hg_score_row */
	GPtrArray *cells;		/* by row: guint *, n_labels + 1 of them, ours; the last is refused */
	struct hg_score_sum sum;
};

static guint row_add(hg_score *score, const char *name)
{
	struct hg_score_row row = { .label = g_strdup(name) };

	g_ptr_array_add(score->names, (char *)row.label);
	g_array_append_val(score->rows, row);
	g_ptr_array_add(score->cells, g_new0(guint, score->n_labels + 1));
	return score->rows->len - 1;
}

hg_score *hg_score_new(const char *const *labels, guint min_confidence, guint min_known)
{
	hg_score *score = g_new0(hg_score, 1);

	score->names = g_ptr_array_new_with_free_func(g_free);
	score->rows = g_array_new(FALSE, FALSE, sizeof(struct hg_score_row));
	score->cells = g_ptr_array_new_with_free_func(g_free);
	score->n_labels = g_strv_length((char **)labels);
	score->min_confidence = min_confidence;
	score->min_known = min_known;
	for (guint i = 0; i < score->n_labels; i++)
		row_add(score, labels[i]);
	return score;
}

void hg_score_free(hg_score *score)
{
	if (!score)
		return;
	g_ptr_array_unref(score->names);
	g_array_unref(score->rows);
	g_ptr_array_unref(score->cells);
	g_free(score);
}

static guint find(const hg_score *score, const char *name)
{
	guint i = 0;

	while (i < score->names->len && strcmp(g_ptr_array_index(score->names, i), name) != 0)
		i++;
	return i;
}

static guint row_of(hg_score *score, const char *name)
{
	guint at = find(score, name), last = score->n_labels + STRANGE_MAX;

	if (at < score->rows->len)
		return at;
	return at < last ? row_add(score, at + 1 < last ? name : STRANGE_OTHER) : last - 1;
}

static void add_band(hg_score *score, const struct hg_intent_guess *guess, gboolean right)
{
	guint band = MIN(guess->confidence * HG_INTENT_BANDS / 100, HG_INTENT_BANDS - 1);

	if (guess->known < score->min_known)
		return;
	score->sum.band_n[band]++;
	score->sum.band_right[band] += right;
}

static void add_known(hg_score *score, const struct hg_intent_guess *guess, gboolean taken, gboolean right)
{
	score->sum.n++;
	score->sum.best += right;
	score->sum.taken += taken;
	score->sum.right += taken && right;
	if (guess->label)
		add_band(score, guess, right);
}

void hg_score_add(hg_score *score, const char *truth, const struct hg_intent_guess *guess)
{
	guint at = row_of(score, truth), as = guess->label ? find(score, guess->label) : score->n_labels;
	gboolean taken = guess->label && guess->confidence >= score->min_confidence && guess->known >= score->min_known;
	gboolean right = guess->label && strcmp(truth, guess->label) == 0;
	struct hg_score_row *row;

	row = &g_array_index(score->rows, struct hg_score_row, at);
	row->n++;
	row->right += at < score->n_labels ? taken && right : !taken;
	((guint *)g_ptr_array_index(score->cells, at))[taken ? as : score->n_labels]++;
	if (taken)
		g_array_index(score->rows, struct hg_score_row, as).guessed++;
	if (at < score->n_labels) {
		add_known(score, guess, taken, right);
	} else {
		score->sum.strange++;
		score->sum.let_in += taken;
	}
}

guint hg_score_rows(const hg_score *score)
{
	return score->rows->len;
}

const struct hg_score_row *hg_score_row(const hg_score *score, guint i)
{
	return &g_array_index(score->rows, struct hg_score_row, i);
}

guint hg_score_cell(const hg_score *score, guint truth, guint label)
{
	return ((const guint *)g_ptr_array_index(score->cells, truth))[label];
}

guint hg_score_labels(const hg_score *score)
{
	return score->n_labels;
}

const struct hg_score_sum *hg_score_sum(const hg_score *score)
{
	return &score->sum;
}

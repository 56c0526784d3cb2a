/* intent_train.c - makes a model of examples, and finds out how far it can be believed
 *
 * Models made of four fifths of the examples are asked about the last fifth, five times.  What they say
 * is counted, and by it scores are made confidences: the scale under which the truth was likeliest. */
#include <math.h>
#include <string.h>

#include "fail.h"
#include "intent_learn.h"

#define HELD_MAX   20000		/* examples that are asked about, at most */
#define LEAST_SHARE 1e-9
#define SCALE_LEAST 0.05
#define SCALE_STEP 1.03
#define SCALES	   160			/* up to 5.5 */

struct held {			/* what a model says of an example it was not made of */
	guint truth, known;
	double *scores;
};

struct training {
	const struct hg_intent_making *making;
	hg_arena *arena;
	GPtrArray *names;		/* lent by the examples */
	const struct hg_example **examples;
	guint *labels, *folds;
	guint n;
	GArray *held;			/* of struct held */
	guint done, all;		/* labels parted */
};

/* ---- what is learned from ---- */

static int by_hash(const void *a, const void *b, gpointer arg)
{
	const struct training *t = arg;
	const guint *one = a, *other = b;
	guint64 left = hg_feature_hash(t->examples[*one]->text, strlen(t->examples[*one]->text));
	guint64 right = hg_feature_hash(t->examples[*other]->text, strlen(t->examples[*other]->text));

	if (left != right)
		return left < right ? -1 : 1;
	return *one < *other ? -1 : *one > *other;
}

/* Every label's examples are dealt out to the folds, in an order that is as good as chance. */
static void deal(struct training *t)
{
	g_autofree guint *order = g_new(guint, t->n), *next = g_new0(guint, t->names->len);

	for (guint i = 0; i < t->n; i++)
		order[i] = i;
	g_qsort_with_data(order, (gint)t->n, sizeof(*order), by_hash, t);
	for (guint i = 0; i < t->n; i++)
		t->folds[order[i]] = next[t->labels[order[i]]]++ % t->making->folds;
}

static void training_init(struct training *t, const hg_examples *examples, const struct hg_intent_making *making)
{
	guint n = hg_examples_count(examples);

	*t = (struct training){ .making = making, .n = n, .arena = hg_arena_new(), .names = g_ptr_array_new() };
	t->examples = g_new(const struct hg_example *, n);
	t->labels = g_new(guint, n);
	t->folds = g_new0(guint, n);
	t->held = g_array_new(FALSE, FALSE, sizeof(struct held));
	for (guint i = 0; i < n; i++) {
		const char *label = hg_examples_at(examples, i)->label;

		if (!t->names->len || strcmp(t->names->pdata[t->names->len - 1], label) != 0)
			g_ptr_array_add(t->names, (char *)label);
		t->examples[i] = hg_examples_at(examples, i);
		t->labels[i] = t->names->len - 1;
	}
	g_ptr_array_add(t->names, NULL);
	deal(t);
}

static void training_done(struct training *t)
{
	g_array_unref(t->held);
	g_free(t->examples);
	g_free(t->labels);
	g_free(t->folds);
	g_ptr_array_unref(t->names);
	hg_arena_free(t->arena);
}

static guint n_labels(const struct training *t)
{
	return t->names->len - 1;
}

/* All examples but those of a fold; -1: all. */
static void lesson_of(const struct training *t, int but, hg_lesson *ret)
{
	*ret = (hg_lesson){ .making = t->making, .n_labels = n_labels(t) };
	ret->examples = g_new(const struct hg_example *, t->n);
	ret->labels = g_new(guint, t->n);
	for (guint i = 0; i < t->n; i++) {
		if ((int)t->folds[i] == but)
			continue;
		ret->examples[ret->n] = t->examples[i];
		ret->labels[ret->n++] = t->labels[i];
	}
}

static void lesson_done(hg_lesson *lesson)
{
	g_free(lesson->examples);
	g_free(lesson->labels);
}

/* ---- weights into whole numbers ---- */

static double largest(const double *weights, gsize n)
{
	double most = 0;

	for (gsize i = 0; i < n; i++)
		most = MAX(most, fabs(weights[i]));
	return most;
}

/* What all labels share says nothing: weights become what parts a label from the middle of all. */
static void centre(double *weights, guint labels, gsize width)
{
	for (gsize i = 0; i < width; i++) {
		double sum = 0;

		for (guint k = 0; k < labels; k++)
			sum += weights[k * width + i];
		for (guint k = 0; k < labels; k++)
			weights[k * width + i] -= sum / labels;
	}
}

static void put_weights(hg_intent *model, double *weights, double times)
{
	gsize width = model->n;
	double most;

	centre(weights, model->n_labels, width);
	for (guint k = 0; k < model->n_labels; k++)
		for (guint i = 0; i < model->n; i++)
			weights[k * width + i] *= times * model->idf[i];
	most = largest(weights, model->n_labels * width);
	model->unit = HG_INTENT_UNIT_MAX;
	while (model->unit > 1 && most * model->unit > G_MAXINT16)
		model->unit /= 2;
	for (guint k = 0; k < model->n_labels; k++)
		for (guint i = 0; i < model->n; i++)
			model->weights[(gsize)i * model->stride + k] = (gint16)CLAMP(
				lround(weights[k * width + i] * model->unit), -G_MAXINT16, G_MAXINT16);
}

static hg_intent *learn(struct training *t, int but, double times)
{
	hg_lesson lesson;
	struct hg_lesson_rows rows;
	hg_intent *model;
	g_autofree double *weights = NULL;

	lesson_of(t, but, &lesson);
	model = hg_lesson_words(&lesson);
	hg_lesson_rows(&lesson, model, &rows);
	weights = g_new(double, (gsize)model->n * n_labels(t) + 1);
	for (guint k = 0; k < n_labels(t); k++) {
		model->labels[k] = hg_arena_str(model->arena, t->names->pdata[k]);
		hg_lesson_part(&lesson, &rows, k, model->n, weights + k * (gsize)model->n);
		t->done++;
		if (t->making->progress)
			t->making->progress(t->making->progress_arg, t->done, t->all);
	}
	for (guint i = 0; i < lesson.n; i++)
		model->of_label[lesson.labels[i]]++;
	put_weights(model, weights, times);
	hg_lesson_rows_done(&rows);
	lesson_done(&lesson);
	return model;
}

/* ---- cross-validation ---- */

static void ask(struct training *t, const hg_intent *model, guint i)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_intent_heard heard;
	struct hg_spoken said;
	struct held held = { .truth = t->labels[i] };

	hg_spoken_read(t->examples[i]->text, arena, &said);
	hg_intent_hear(model, &said, arena, &heard);
	held.known = heard.known;
	held.scores = hg_arena_mem(t->arena, heard.scores, n_labels(t) * sizeof(*heard.scores));
	g_array_append_val(t->held, held);
}

static void validate(struct training *t)
{
	for (guint fold = 0; fold < t->making->folds && t->held->len < HELD_MAX; fold++) {
		g_autoptr(hg_intent) model = learn(t, (int)fold, 1);

		for (guint i = 0; i < t->n && t->held->len < HELD_MAX; i++)
			if (t->folds[i] == fold)
				ask(t, model, i);
	}
}

static void shares_of(const struct training *t, const struct held *held, double times, double *ret)
{
	for (guint k = 0; k < n_labels(t); k++)
		ret[k] = held->scores[k] * times;
	hg_intent_shares(ret, n_labels(t));
}

/* As if one more example of each label had been a toss-up: few examples that were all guessed right do
 * not make a model that is never wrong. */
static double surprise(const struct training *t, double times)
{
	g_autofree double *shares = g_new(double, n_labels(t));
	double toss = (double)n_labels(t) / (t->held->len + n_labels(t)), sum = 0;

	for (guint i = 0; i < t->held->len; i++) {
		const struct held *held = &g_array_index(t->held, struct held, i);
		double all = 0;

		shares_of(t, held, times, shares);
		for (guint k = 0; k < n_labels(t); k++)
			all += hg_intent_ln(MAX(shares[k], LEAST_SHARE));
		sum -= (1 - toss) * hg_intent_ln(MAX(shares[held->truth], LEAST_SHARE)) + toss * all / n_labels(t);
	}
	return sum;
}

/* Scores times this, made shares, surprise least. */
static double scale_of(const struct training *t)
{
	double best = 1, least = -1, width = SCALE_LEAST;

	for (guint i = 0; i < SCALES; i++, width *= SCALE_STEP) {	/* NOLINT(cert-flp30-c): i counts */
		double is = surprise(t, 1 / width);

		if (least < 0 || is < least) {
			least = is;
			best = 1 / width;
		}
	}
	return best;
}

static hg_score *score_of(const struct training *t, double times)
{
	hg_score *score = hg_score_new((const char *const *)t->names->pdata, 0, 0);
	g_autofree double *shares = g_new(double, n_labels(t));

	for (guint i = 0; i < t->held->len; i++) {
		const struct held *held = &g_array_index(t->held, struct held, i);
		struct hg_intent_guess guess = { .known = held->known };
		guint best = 0;

		shares_of(t, held, times, shares);
		for (guint k = 1; k < n_labels(t); k++)
			if (shares[k] > shares[best])
				best = k;
		guess.label = t->names->pdata[best];
		guess.confidence = hg_intent_hundredths(shares[best]);
		hg_score_add(score, t->names->pdata[held->truth], &guess);
	}
	return score;
}

hg_intent *hg_intent_train(const hg_examples *examples, const struct hg_intent_making *making, hg_score **ret_score,
			   GError **error)
{
	struct training t;
	g_autoptr(hg_intent) model = NULL;
	double times;

	g_assert(making->folds >= 2);
	training_init(&t, examples, making);
	t.all = (making->folds + 1) * n_labels(&t);
	validate(&t);
	times = scale_of(&t);
	t.done = making->folds * n_labels(&t);
	model = learn(&t, -1, times);
	hg_intent_sum_up(model);
	if (ret_score)
		*ret_score = score_of(&t, times);
	training_done(&t);
	if (model->n)
		return g_steal_pointer(&model);
	hg_fail(error, HG_ERROR_INPUT, "the examples have no words");
	return NULL;
}

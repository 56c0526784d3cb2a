/* intent_part.c - a linear support vector machine for each label against all others
 *
 * Dual coordinate descent for the squared hinge loss (Hsieh et al., 2008): only sums, products and
 * quotients of doubles in an order of our own, so that the weights are the same on every machine.  The
 * makefile forbids the compiler to fuse them.  There is no constant term: it would give every message
 * of strange words to the label whose examples are least alike. */
#include <math.h>
#include <string.h>

#include "intent_learn.h"

#define COST	   1.0		/* of an example on the wrong side */
#define SMOOTH	   0.1		/* of a feature in a label that has none */
#define ROUNDS_MAX 60
#define ENOUGH	   0.02		/* what is left to gain */

/* ---- rows ---- */

struct filling {
	const hg_lesson *lesson;
	const hg_intent *model;
	GArray *cells;
	guint *last;		/* by feature: the row it was seen in, from 1 */
	guint row;
};

static void fill(void *ctx, const struct hg_feature *feature)
{
	struct filling *f = ctx;
	guint32 id = hg_lesson_wants(f->lesson->making, feature->kind)
		     ? hg_feature_index_find(&f->model->index, feature->hash) : 0;
	struct hg_lesson_cell cell;

	if (!id || f->last[id - 1] == f->row)
		return;
	f->last[id - 1] = f->row;
	cell = (struct hg_lesson_cell){ id - 1, f->model->idf[id - 1] };
	g_array_append_val(f->cells, cell);
}

static void scale(GArray *cells, guint from)
{
	double square = 0;

	for (guint i = from; i < cells->len; i++) {
		double value = g_array_index(cells, struct hg_lesson_cell, i).value;

		square += value * value;
	}
	for (guint i = from; i < cells->len; i++) {
		struct hg_lesson_cell *cell = &g_array_index(cells, struct hg_lesson_cell, i);

		cell->value = (float)(cell->value / sqrt(square));
	}
}

void hg_lesson_rows(const hg_lesson *lesson, const hg_intent *model, struct hg_lesson_rows *ret)
{
	struct filling f = { .lesson = lesson, .model = model };

	f.last = g_new0(guint, model->n + 1);
	f.cells = g_array_new(FALSE, FALSE, sizeof(struct hg_lesson_cell));
	ret->cells = f.cells;
	ret->ends = g_array_new(FALSE, FALSE, sizeof(guint));
	for (f.row = 1; f.row <= lesson->n; f.row++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_spoken said;
		guint from = f.cells->len;

		hg_spoken_read(lesson->examples[f.row - 1]->text, arena, &said);
		hg_features_walk(&said, fill, &f);
		scale(f.cells, from);
		g_array_append_val(ret->ends, f.cells->len);
	}
	g_free(f.last);
}

void hg_lesson_rows_done(struct hg_lesson_rows *rows)
{
	g_array_unref(rows->cells);
	g_array_unref(rows->ends);
}

/* ---- the descent ---- */

struct row {
	const struct hg_lesson_cell *cells;
	guint n;
};

struct descent {
	const hg_lesson *lesson;
	const struct hg_lesson_rows *rows;
	guint label, features;
	double *weights;		/* by feature */
	double *alpha, *curve;		/* by example */
	double slack[2];		/* of the others, of the label's own */
	guint *order;
	guint64 random;
};

static struct row row_of(const struct descent *d, guint i)
{
	const guint *ends = (const guint *)(const void *)d->rows->ends->data;
	guint from = i ? ends[i - 1] : 0;

	return (struct row){ &g_array_index(d->rows->cells, struct hg_lesson_cell, from), ends[i] - from };
}

/* Small labels are heard beside big ones: what all examples of one cost grows with the root of their number. */
static void set_slack(struct descent *d)
{
	guint own = 0;
	double even;

	for (guint i = 0; i < d->lesson->n; i++)
		own += d->lesson->labels[i] == d->label;
	even = (double)d->lesson->n / ((double)d->lesson->n_labels * MAX(own, 1));
	d->slack[TRUE] = 0.5 / (COST * sqrt(even));
	d->slack[FALSE] = 0.5 / COST;
}

static void descent_init(struct descent *d)
{
	set_slack(d);
	d->random = G_GUINT64_CONSTANT(88172645463325252);
	d->alpha = g_new0(double, d->lesson->n);
	d->curve = g_new0(double, d->lesson->n);
	d->order = g_new0(guint, d->lesson->n);
	memset(d->weights, 0, d->features * sizeof(*d->weights));
	for (guint i = 0; i < d->lesson->n; i++) {
		struct row row = row_of(d, i);

		d->order[i] = i;
		d->curve[i] = d->slack[d->lesson->labels[i] == d->label];
		for (guint c = 0; c < row.n; c++)
			d->curve[i] += (double)row.cells[c].value * row.cells[c].value;
	}
}

static void descent_done(struct descent *d)
{
	g_free(d->alpha);
	g_free(d->curve);
	g_free(d->order);
}

/* The same order on every machine and in every run. */
static void shuffle(struct descent *d)
{
	for (guint i = d->lesson->n - 1; i > 0; i--) {
		guint at, was = d->order[i];

		d->random ^= d->random << 13;
		d->random ^= d->random >> 7;
		d->random ^= d->random << 17;
		at = (guint)(d->random % (i + 1));
		d->order[i] = d->order[at];
		d->order[at] = was;
	}
}

/* Moves one example's share to its best; how far it was from it. */
static double step(struct descent *d, guint i)
{
	struct row row = row_of(d, i);
	gboolean own = d->lesson->labels[i] == d->label;
	double sign = own ? 1 : -1, sum = 0, slope, old = d->alpha[i], change;

	for (guint c = 0; c < row.n; c++)
		sum += d->weights[row.cells[c].id] * row.cells[c].value;
	slope = sign * sum - 1 + d->slack[own] * old;
	if ((old == 0 && slope >= 0) || !row.n)
		return 0;
	d->alpha[i] = MAX(0, old - slope / d->curve[i]);
	change = sign * (d->alpha[i] - old);
	for (guint c = 0; c < row.n; c++)
		d->weights[row.cells[c].id] += change * row.cells[c].value;
	return fabs(slope);
}

/* ---- naive Bayes, to compare with ---- */

/* How much likelier a feature is in the label's examples than in the others. */
static void count(const struct descent *d, double *ret_weights)
{
	g_autofree double *others = g_new(double, d->features);
	double sum[2] = { SMOOTH * d->features, SMOOTH * d->features };

	for (guint f = 0; f < d->features; f++)
		ret_weights[f] = others[f] = SMOOTH;
	for (guint i = 0; i < d->lesson->n; i++) {
		gboolean own = d->lesson->labels[i] == d->label;
		struct row row = row_of(d, i);

		for (guint c = 0; c < row.n; c++) {
			(own ? ret_weights : others)[row.cells[c].id] += row.cells[c].value;
			sum[own] += row.cells[c].value;
		}
	}
	for (guint f = 0; f < d->features; f++)
		ret_weights[f] = hg_intent_ln(ret_weights[f] / sum[TRUE]) - hg_intent_ln(others[f] / sum[FALSE]);
}

void hg_lesson_part(const hg_lesson *lesson, const struct hg_lesson_rows *rows, guint label, guint features,
		    double *ret_weights)
{
	struct descent d = { .lesson = lesson, .rows = rows, .label = label, .features = features, .weights = ret_weights };

	if (lesson->making->naive) {
		count(&d, ret_weights);
		return;
	}
	descent_init(&d);
	for (guint round = 0; round < ROUNDS_MAX; round++) {
		double worst = 0;

		shuffle(&d);
		for (guint i = 0; i < lesson->n; i++)
			worst = MAX(worst, step(&d, d.order[i]));
		if (worst < ENOUGH)
			break;
	}
	descent_done(&d);
}

/* intent_learn.h - inside of training: examples as rows of numbers, and the weights that part them */
#pragma once
#include "intent_made.h"

/* Examples that one model is made of. */
typedef struct hg_lesson {
	const struct hg_intent_making *making;
	const struct hg_example **examples;	/* ours; the examples are lent */
	guint *labels;				/* ours; of each example */
	guint n, n_labels;
} hg_lesson;

gboolean hg_lesson_wants(const struct hg_intent_making *making, enum hg_feature_kind kind);
/* A model with its features and no weights; the labels' names are left to the caller. */
hg_intent *hg_lesson_words(const hg_lesson *lesson);

/* Each example as the features it has, scaled to the length 1. */
struct hg_lesson_cell {
	guint32 id;		/* from 0 */
	float value;
};
struct hg_lesson_rows {
	GArray *cells;		/* of struct hg_lesson_cell */
	GArray *ends;		/* of guint: where each row ends */
};
void hg_lesson_rows(const hg_lesson *lesson, const hg_intent *model, struct hg_lesson_rows *ret);
void hg_lesson_rows_done(struct hg_lesson_rows *rows);

/* What parts a label's examples from all others: weights by feature. */
void hg_lesson_part(const hg_lesson *lesson, const struct hg_lesson_rows *rows, guint label, guint features,
		    double *ret_weights);

/* intent.h - what a message is about: a small classifier, trained from labelled examples
 *
 * A message is read as words, pairs of neighbours and parts of words; each has a weight for each
 * intent, and the weights add up.  The same examples make the same model, byte for byte, and the same
 * model and text the same guess: nothing depends on locale, threads, hash seeds or libm. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "diag.h"
#include "spoken.h"

#define HG_INTENT_LABELS_MAX   200
#define HG_INTENT_LABEL_MAX    64		/* bytes of a name */
#define HG_INTENT_EXAMPLES_MAX 200000
#define HG_INTENT_BYTES_MAX    (64 << 20)	/* of a model's file, and of all examples */
#define HG_INTENT_REASONS_MAX  6

/* ---- a model ---- */

typedef struct hg_intent hg_intent;	/* never changed once made; any thread may ask it */

hg_intent *hg_intent_load(const char *path, GError **error);
hg_intent *hg_intent_parse(const char *text, gsize len, GError **error);
GString *hg_intent_write(const hg_intent *model);	/* what hg_intent_parse() reads; yours */
hg_intent *hg_intent_ref(hg_intent *model);
void hg_intent_unref(hg_intent *model);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_intent, hg_intent_unref)

const char *const *hg_intent_labels(const hg_intent *model);	/* sorted, NULL-ended */
guint hg_intent_examples(const hg_intent *model);		/* it was made of */
guint hg_intent_features(const hg_intent *model);
const char *hg_intent_hash(const hg_intent *model);		/* SHA-256 of what it says, hex */
/* "a-z0-9_.-", 1 to HG_INTENT_LABEL_MAX bytes. */
gboolean hg_intent_label_valid(const char *name);

/* ---- asking it ---- */

struct hg_intent_reason {
	const char *words;	/* "money", "money back" */
	gint tenths;		/* for the label when above 0, against it when below */
};

struct hg_intent_guess {
	const char *label;	/* lent by the model; NULL: the message has no words */
	guint confidence;	/* hundredths: of a hundred such guesses, so many are right */
	guint known;		/* hundredths: the share of its words that the examples had */
	struct hg_intent_reason reasons[HG_INTENT_REASONS_MAX];	/* the weightiest, those first */
	guint n_reasons;
};

/* Texts live in the arena. */
void hg_intent_guess(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena,
		     struct hg_intent_guess *ret);
/* '"money" +2.1, "back" +1.4, "hello" -0.3' */
void hg_intent_reasons_show(const struct hg_intent_guess *guess, GString *out);

/* ---- examples ---- */

typedef struct hg_examples hg_examples;

struct hg_example {
	const char *label, *text, *file;
	guint line;
};

hg_examples *hg_examples_new(void);
void hg_examples_free(hg_examples *examples);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_examples, hg_examples_free)
/* Adds the lines of a file: LABEL<TAB>TEXT, or {"label":...,"text":...}; empty ones and # comments aside.
 * FALSE: diag says what is wrong, each with its line. */
gboolean hg_examples_read(hg_examples *examples, const char *path, hg_diag *diag);
gboolean hg_examples_take(hg_examples *examples, const char *name, const char *bytes, gsize len, hg_diag *diag);
guint hg_examples_count(const hg_examples *examples);
const struct hg_example *hg_examples_at(const hg_examples *examples, guint i);
/* For training: puts them in an order that does not depend on the files', drops what is there twice,
 * and warns of the same words under two labels.  FALSE: they cannot be learned from. */
gboolean hg_examples_settle(hg_examples *examples, hg_diag *diag);
guint hg_examples_dropped(const hg_examples *examples);

/* ---- counting what is right ---- */

#define HG_INTENT_BANDS 10	/* of confidence: below 0.1, below 0.2, ... */

typedef struct hg_score hg_score;

struct hg_score_row {
	const char *label;
	guint n, guessed, right;	/* of this label; taken for it; both */
};

/* labels: the model's.  Truths that are not among them are right when they are refused. */
hg_score *hg_score_new(const char *const *labels, guint min_confidence, guint min_known);
void hg_score_free(hg_score *score);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_score, hg_score_free)
void hg_score_add(hg_score *score, const char *truth, const struct hg_intent_guess *guess);
guint hg_score_rows(const hg_score *score);		/* the labels, then what was not among them */
const struct hg_score_row *hg_score_row(const hg_score *score, guint i);
guint hg_score_cell(const hg_score *score, guint truth, guint label);	/* label: hg_score_labels() is refused */
guint hg_score_labels(const hg_score *score);
struct hg_score_sum {
	guint n;		/* examples of the model's labels */
	guint best;		/* the best guess is right, whatever its confidence */
	guint taken, right;	/* reached the bar; and are right */
	guint strange, let_in;	/* of no label of the model; and reached the bar all the same */
	guint band_n[HG_INTENT_BANDS], band_right[HG_INTENT_BANDS];	/* by confidence, known words enough */
};
const struct hg_score_sum *hg_score_sum(const hg_score *score);

/* ---- training ---- */

struct hg_intent_making {
	gboolean no_pairs, no_parts, naive;	/* for measurements: words only, naive Bayes */
	guint folds;			/* of cross-validation, from 2 on */
	void (*progress)(void *arg, guint done, guint all);	/* or NULL */
	void *progress_arg;
};

/* examples: settled.  *ret_score, if wanted: what models made of parts of them say of the others, at
 * no bar; yours. */
hg_intent *hg_intent_train(const hg_examples *examples, const struct hg_intent_making *making, hg_score **ret_score,
			   GError **error);

/* intent_made.h - inside of a model, for the files that make, keep and ask it */
#pragma once
#include "intent.h"

/* ---- features: what of a message has a weight ---- */

enum hg_feature_kind { HG_FEATURE_WORD = 1, HG_FEATURE_PAIR, HG_FEATURE_PART };

/* The key of a word is the word, of a pair both with a blank between them, of a part "~" and its
 * letters, "_" being where the word begins or ends.  Words have none of these signs. */
struct hg_feature {
	enum hg_feature_kind kind;
	guint64 hash;			/* of its key */
	guint word;			/* which of the message's, of a pair the first */
	const char *text, *second;	/* not ended by NUL where it is a part */
	gsize len;			/* of text */
	guint letters;			/* of a part */
};

#define HG_FEATURE_WIDEST 5		/* letters of the longest part */
#define HG_FEATURE_NUMBER "#"		/* what every word with a digit is read as */

typedef void (*hg_feature_fn)(void *ctx, const struct hg_feature *feature);

void hg_features_walk(const struct hg_spoken *said, hg_feature_fn fn, void *ctx);
void hg_feature_key(const struct hg_feature *feature, GString *out);
guint64 hg_feature_hash(const char *key, gsize len);
gboolean hg_feature_is_number(const char *word);

/* Numbers of features by their hash.  What has the same 64 bits is the same. */
struct hg_feature_index {
	struct hg_feature_slot { guint64 hash; guint32 id; } *slots;	/* ours; id 0: free */
	guint mask, n;
};
void hg_feature_index_init(struct hg_feature_index *index, guint wanted);
void hg_feature_index_done(struct hg_feature_index *index);
guint32 hg_feature_index_find(const struct hg_feature_index *index, guint64 hash);	/* from 1; 0: none */
guint32 hg_feature_index_add(struct hg_feature_index *index, guint64 hash);	/* the old one or a new one */

/* ---- the model ---- */

#define HG_INTENT_IDF_ONE 16		/* of a feature that every example has */
#define HG_INTENT_IDF_MAX 1000
#define HG_INTENT_UNIT_MAX 4096

struct hg_intent {
	gint refs;
	hg_arena *arena;
	guint n_labels, stride;		/* stride: labels rounded up, so that sums go in eights */
	const char **labels;
	guint *of_label;		/* examples */
	guint examples, unit;
	guint strange;			/* idf of a word that no example had */
	guint n;			/* features */
	const char **keys;
	guint16 *idf;
	gint16 *weights;		/* ours; n * stride, in 1/unit: weight times idf */
	struct hg_feature_index index;
	char hash[65];
};

hg_intent *hg_intent_new(guint n_labels, guint n_features);
void hg_intent_sum_up(hg_intent *model);	/* its hash, when all is in */

/* What the model says before it is made a guess of. */
struct hg_intent_heard {
	double *scores;			/* by label */
	guint known;			/* hundredths */
};
void hg_intent_hear(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena,
		    struct hg_intent_heard *ret);
/* scores become shares of one. */
void hg_intent_shares(double *scores, guint n);
guint hg_intent_hundredths(double share);

/* ---- files ---- */

/* All of a regular file of HG_INTENT_BYTES_MAX at most; yours. */
GString *hg_intent_slurp(const char *path, GError **error);

/* ---- arithmetic that is the same everywhere ---- */
double hg_intent_exp(double x);
double hg_intent_ln(double x);		/* x > 0 */

/* intent_model.c - a model as text: written, read and checked
 *
 * Lines, so that two models can be compared with diff:
 *
 *	headgate-intent 1
 *	sha256 HEX			of all lines that follow
 *	examples N
 *	unit N				weights are whole numbers of 1/N
 *	strange N			idf of a word that is in no example
 *	labels N
 *	NAME <TAB> EXAMPLES
 *	features N
 *	KEY <TAB> IDF <TAB> WEIGHT ...	a weight for each label
 */
#include <string.h>

#include "fail.h"
#include "intent_made.h"
#include "text.h"

#define MAGIC	     "headgate-intent 1\n"
#define KEY_MAX	     (2 * HG_SPOKEN_BYTES_MAX + 1)
#define FEATURES_MAX (4 << 20)

hg_intent *hg_intent_new(guint n_labels, guint n_features)
{
	hg_intent *model = g_new0(hg_intent, 1);

	model->refs = 1;
	model->arena = hg_arena_new();
	model->n_labels = n_labels;
	model->stride = (n_labels + 7) / 8 * 8;
	model->labels = hg_arena_alloc(model->arena, (n_labels + 1) * sizeof(*model->labels));
	model->of_label = hg_arena_alloc(model->arena, n_labels * sizeof(*model->of_label));
	model->n = n_features;
	model->keys = hg_arena_alloc(model->arena, (n_features + 1) * sizeof(*model->keys));
	model->idf = hg_arena_alloc(model->arena, (n_features + 1) * sizeof(*model->idf));
	model->weights = g_malloc0_n((gsize)n_features * model->stride + 1, sizeof(*model->weights));
	hg_feature_index_init(&model->index, n_features);
	return model;
}

hg_intent *hg_intent_ref(hg_intent *model)
{
	g_atomic_int_inc(&model->refs);
	return model;
}

void hg_intent_unref(hg_intent *model)
{
	if (!model || !g_atomic_int_dec_and_test(&model->refs))
		return;
	hg_feature_index_done(&model->index);
	g_free(model->weights);
	hg_arena_free(model->arena);
	g_free(model);
}

const char *const *hg_intent_labels(const hg_intent *model)
{
	return model->labels;
}

guint hg_intent_examples(const hg_intent *model)
{
	return model->examples;
}

guint hg_intent_features(const hg_intent *model)
{
	return model->n;
}

const char *hg_intent_hash(const hg_intent *model)
{
	return model->hash;
}

gboolean hg_intent_label_valid(const char *name)
{
	gsize len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-");

	return len && !name[len] && len <= HG_INTENT_LABEL_MAX;
}

/* ---- writing ---- */

static GString *body_of(const hg_intent *model)
{
	GString *out = g_string_sized_new(4096 + (gsize)model->n * (16 + model->n_labels * 4));

	g_string_append_printf(out, "examples %u\nunit %u\nstrange %u\nlabels %u\n", model->examples, model->unit,
			       model->strange, model->n_labels);
	for (guint k = 0; k < model->n_labels; k++)
		g_string_append_printf(out, "%s\t%u\n", model->labels[k], model->of_label[k]);
	g_string_append_printf(out, "features %u\n", model->n);
	for (guint i = 0; i < model->n; i++) {
		g_string_append_printf(out, "%s\t%u", model->keys[i], model->idf[i]);
		for (guint k = 0; k < model->n_labels; k++)
			g_string_append_printf(out, "\t%d", model->weights[(gsize)i * model->stride + k]);
		g_string_append_c(out, '\n');
	}
	return out;
}

static void hash_of(const char *text, gsize len, char ret[65])
{
	guint8 sum[32];
	g_autofree char *hex = NULL;

	hg_sha256(text, len, sum);
	hex = hg_hex(sum, sizeof(sum));
	g_strlcpy(ret, hex, 65);
}

void hg_intent_sum_up(hg_intent *model)
{
	g_autoptr(GString) body = body_of(model);

	hash_of(body->str, body->len, model->hash);
}

GString *hg_intent_write(const hg_intent *model)
{
	GString *out = body_of(model);
	g_autofree char *head = g_strdup_printf(MAGIC "sha256 %s\n", model->hash);

	return g_string_prepend(out, head);
}

/* ---- reading ---- */

struct reader {
	const char *at, *end;
	guint line;
	GError **error;
};

static gboolean damaged(const struct reader *r, const char *what)
{
	return hg_fail(r->error, HG_ERROR_INPUT, "line %u: %s; make the model again with headgatectl intent train",
		       r->line, what);
}

/* A whole number behind a word or a tab, up to the sign given. */
static gboolean read_number(struct reader *r, gint64 least, gint64 most, char until, gint64 *ret)
{
	gboolean minus = r->at < r->end && *r->at == '-';
	const char *digits = r->at += minus;
	gint64 value = 0;

	for (; r->at < r->end && g_ascii_isdigit(*r->at) && r->at - digits < 9; r->at++)
		value = value * 10 + (*r->at - '0');
	/* Each number in one way only: what is read is written again the same. */
	if (r->at == digits || r->at == r->end || *r->at != until || (*digits == '0' && (minus || r->at - digits > 1)))
		return damaged(r, "a whole number is wanted");
	r->at++;
	*ret = minus ? -value : value;
	return (*ret >= least && *ret <= most) || damaged(r, "a number is out of its range");
}

/* "examples 540\n" */
static gboolean read_head(struct reader *r, const char *word, gint64 least, gint64 most, guint *ret)
{
	gsize len = strlen(word);
	gint64 value;

	r->line++;
	if ((gsize)(r->end - r->at) <= len || memcmp(r->at, word, len) != 0 || r->at[len] != ' ')	/* analyser: a model has bytes */
		return damaged(r, "this is not how a model goes on");
	r->at += len + 1;
	if (!read_number(r, least, most, '\n', &value))
		return FALSE;
	*ret = (guint)value;
	return TRUE;
}

/* Up to the tab, in the arena. */
static gboolean read_text(struct reader *r, hg_arena *arena, gsize most, const char **ret)
{
	const char *tab = memchr(r->at, '\t', MIN((gsize)(r->end - r->at), most + 1));

	r->line++;
	if (!tab || tab == r->at || !g_utf8_validate_len(r->at, (gsize)(tab - r->at), NULL) ||
	    memchr(r->at, '\n', (gsize)(tab - r->at)))
		return damaged(r, "a name and a tab are wanted");
	*ret = hg_arena_mem(arena, r->at, (gsize)(tab - r->at));
	r->at = tab + 1;
	return TRUE;
}

static gboolean read_label(struct reader *r, hg_intent *model, guint k)
{
	gint64 examples;

	if (!read_text(r, model->arena, HG_INTENT_LABEL_MAX, &model->labels[k]))
		return FALSE;
	if (!hg_intent_label_valid(model->labels[k]) || (k && strcmp(model->labels[k - 1], model->labels[k]) >= 0))
		return damaged(r, "intents have to stand in order, each once");
	if (!read_number(r, 0, HG_INTENT_EXAMPLES_MAX, '\n', &examples))
		return FALSE;
	model->of_label[k] = (guint)examples;
	return TRUE;
}

static gboolean read_feature(struct reader *r, hg_intent *model, guint i)
{
	gint16 *weights = model->weights + (gsize)i * model->stride;
	gint64 number;

	if (!read_text(r, model->arena, KEY_MAX, &model->keys[i]) ||
	    !read_number(r, 1, HG_INTENT_IDF_MAX, '\t', &number))
		return FALSE;
	model->idf[i] = (guint16)number;
	for (guint k = 0; k < model->n_labels; k++) {
		if (!read_number(r, -G_MAXINT16, G_MAXINT16, k + 1 < model->n_labels ? '\t' : '\n', &number))
			return FALSE;
		weights[k] = (gint16)number;
	}
	return hg_feature_index_add(&model->index, hg_feature_hash(model->keys[i], strlen(model->keys[i]))) == i + 1 ||
	       damaged(r, "a feature stands there twice");
}

static hg_intent *read_body(struct reader *r)
{
	const char *begin = r->at;
	guint examples, unit, strange, labels, features;
	g_autoptr(hg_intent) model = NULL, whole = NULL;

	if (!read_head(r, "examples", 1, HG_INTENT_EXAMPLES_MAX, &examples) ||
	    !read_head(r, "unit", 1, HG_INTENT_UNIT_MAX, &unit) ||
	    !read_head(r, "strange", 1, HG_INTENT_IDF_MAX, &strange) ||
	    !read_head(r, "labels", 2, HG_INTENT_LABELS_MAX, &labels))
		return NULL;
	model = hg_intent_new(labels, 0);
	for (guint k = 0; k < labels; k++)
		if (!read_label(r, model, k))
			return NULL;
	/* Each of them takes a line with a weight for each label: no file promises more than it has. */
	if (!read_head(r, "features", 0, MIN(FEATURES_MAX, (r->end - r->at) / (3 + 2 * (gint64)labels)), &features))
		return NULL;
	whole = hg_intent_new(labels, features);
	whole->examples = examples;
	whole->unit = unit;
	whole->strange = strange;
	for (guint k = 0; k < labels; k++) {
		whole->labels[k] = hg_arena_str(whole->arena, model->labels[k]);
		whole->of_label[k] = model->of_label[k];
	}
	for (guint i = 0; i < features; i++)
		if (!read_feature(r, whole, i))
			return NULL;
	if (r->at != r->end) {
		damaged(r, "there is more than was said");
		return NULL;
	}
	hash_of(begin, (gsize)(r->end - begin), whole->hash);
	return g_steal_pointer(&whole);
}

static gboolean check_head(const char *text, gsize len, const char **ret_body, GError **error)
{
	gsize magic = strlen(MAGIC), head = magic + strlen("sha256 ") + 64 + 1;
	char sum[65];

	if (len < magic || strncmp(text, "headgate-intent ", strlen("headgate-intent ")) != 0)
		return hg_fail(error, HG_ERROR_INPUT, "it is no model: headgatectl intent train makes one");
	if (memcmp(text, MAGIC, magic) != 0)
		return hg_fail(error, HG_ERROR_INPUT, "it is a model of another version of headgate; make it again with "
			       "headgatectl intent train");
	if (len < head || memcmp(text + magic, "sha256 ", strlen("sha256 ")) != 0)
		return hg_fail(error, HG_ERROR_INPUT, "it ends too early; make it again with headgatectl intent train");
	hash_of(text + head, len - head, sum);
	if (memcmp(text + head - 65, sum, 64) != 0 || text[head - 1] != '\n')
		return hg_fail(error, HG_ERROR_INPUT, "it is damaged: its checksum is another; make it again with headgatectl "
			       "intent train");
	*ret_body = text + head;
	return TRUE;
}

hg_intent *hg_intent_parse(const char *text, gsize len, GError **error)
{
	struct reader r = { .end = text + len, .line = 2, .error = error };

	if (len > HG_INTENT_BYTES_MAX) {
		hg_fail(error, HG_ERROR_LIMIT, "it has more than %d MiB", HG_INTENT_BYTES_MAX >> 20);
		return NULL;
	}
	if (memchr(text, '\0', len)) {
		hg_fail(error, HG_ERROR_INPUT, "it is no model: headgatectl intent train makes one");
		return NULL;
	}
	return check_head(text, len, &r.at, error) ? read_body(&r) : NULL;
}

hg_intent *hg_intent_load(const char *path, GError **error)
{
	g_autoptr(GString) text = hg_intent_slurp(path, error);

	return text ? hg_intent_parse(text->str, text->len, error) : NULL;
}

/* intent_eval.c - intent eval: a model's guesses beside what people say a message is about */
#include <stdio.h>
#include <string.h>
#include "intent_verbs.h"
#include "text.h"

static double share(guint part, guint of)
{
	return of ? 100.0 * part / of : 0;
}

static void ask_all(const hg_intent *model, const hg_examples *examples, hg_score *score)
{
	for (guint i = 0; i < hg_examples_count(examples); i++) {
		const struct hg_example *one = hg_examples_at(examples, i);
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_intent_guess guess;
		struct hg_spoken said;

		hg_spoken_read(one->text, arena, &said);
		hg_intent_guess(model, &said, arena, &guess);
		hg_score_add(score, one->label, &guess);
	}
}

static double f1(const struct hg_score_row *row)
{
	return row->n + row->guessed ? 200.0 * row->right / (row->n + row->guessed) : 0;
}

/* ---- for people ---- */

/* Columns have numbers: names of two hundred intents would fit on no screen. */
static void print_matrix(const struct ctl *ctl, const hg_score *score)
{
	guint labels = hg_score_labels(score);

	printf("what they are, and what they were taken for:\n\n%-28s", "");
	for (guint k = 0; k < labels; k++)
		printf(" %4u", k + 1);
	printf(" refused\n");
	for (guint i = 0; i < hg_score_rows(score); i++) {
		if (i < labels)
			printf("%3u %-24s", i + 1, hg_score_row(score, i)->label);
		else
			printf("  - %-24s", hg_score_row(score, i)->label);
		for (guint k = 0; k <= labels; k++) {
			guint n = hg_score_cell(score, i, k);
			gboolean right = k == i || (k == labels && i >= labels);

			printf(" %s%*.0u%s%s", n ? ctl_look(ctl, right ? CTL_GREEN : k == labels ? CTL_DIM : CTL_RED) : "",
			       k == labels ? 7 : 4, n, n ? "" : ".", n ? ctl_look(ctl, CTL_PLAIN) : "");
		}
		printf("\n");
	}
}

static void print_rows(const hg_score *score)
{
	printf("\n%-28s %8s %10s %8s %6s\n", "INTENT", "MESSAGES", "PRECISION", "RECALL", "F1");
	for (guint i = 0; i < hg_score_labels(score); i++) {
		const struct hg_score_row *row = hg_score_row(score, i);

		printf("%3u %-24s %8u %8.0f %% %6.0f %% %6.0f\n", i + 1, row->label, row->n, share(row->right, row->guessed),
		       share(row->right, row->n), f1(row));
	}
}

static void print_bands(const struct hg_score_sum *sum)
{
	printf("\n%-12s %8s %8s\n", "CONFIDENCE", "MESSAGES", "RIGHT");
	for (guint band = HG_INTENT_BANDS; band-- > 0;)
		if (sum->band_n[band])
			printf("%.1f to %.1f   %8u %6.0f %%\n", (double)band / HG_INTENT_BANDS,
			       (double)(band + 1) / HG_INTENT_BANDS, sum->band_n[band],
			       share(sum->band_right[band], sum->band_n[band]));
}

static void print_sum(const struct ctl *ctl, const struct hg_score_sum *sum, const hg_intent_conf *bar)
{
	char confidence[HG_SHARE_SIZE], known[HG_SHARE_SIZE];

	printf("\n%s%.1f %%%s of %u messages: the best guess is right\n", ctl_look(ctl, CTL_BOLD), share(sum->best, sum->n),
	       ctl_look(ctl, CTL_PLAIN), sum->n);
	printf("%.1f %% reach the bar (confidence %s, known %s), %.1f %% are refused\n", share(sum->taken, sum->n),
	       hg_share(bar->min_confidence, confidence), hg_share(bar->min_known, known),
	       share(sum->n - sum->taken, sum->n));
	printf("%.1f %% of those that reach it are right\n", share(sum->right, sum->taken));
	if (sum->strange)
		printf("%u of %u messages about something else are let in\n", sum->let_in, sum->strange);
}

static void print_text(const struct ctl *ctl, const hg_score *score, const hg_intent_conf *bar)
{
	const struct hg_score_sum *sum = hg_score_sum(score);

	if (!ctl->quiet) {
		print_matrix(ctl, score);
		print_rows(score);
		print_bands(sum);
	}
	print_sum(ctl, sum, bar);
}

/* ---- as JSON ---- */

static void add_percent(GString *out, const char *key, double percent)
{
	char text[HG_SHARE_SIZE];

	hg_json_add_raw(out, key, hg_share((guint)(percent + 0.5), text));
}

static void rows_json(GString *out, const hg_score *score)
{
	hg_json_key(out, "intents");
	hg_json_open(out, '[');
	for (guint i = 0; i < hg_score_rows(score); i++) {
		const struct hg_score_row *row = hg_score_row(score, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "intent", row->label);
		hg_json_add_bool(out, "in_model", i < hg_score_labels(score));
		hg_json_add_int(out, "messages", row->n);
		add_percent(out, "precision", share(row->right, row->guessed));
		add_percent(out, "recall", share(row->right, row->n));
		add_percent(out, "f1", f1(row));
		hg_json_key(out, "taken_for");
		hg_json_open(out, '{');
		for (guint k = 0; k < hg_score_labels(score); k++)
			if (hg_score_cell(score, i, k))
				hg_json_add_int(out, hg_score_row(score, k)->label, hg_score_cell(score, i, k));
		hg_json_close(out, '}');
		hg_json_add_int(out, "refused", hg_score_cell(score, i, hg_score_labels(score)));
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void print_json(const hg_intent_conf *bar, const hg_score *score, gboolean enough)
{
	const struct hg_score_sum *sum = hg_score_sum(score);
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "sha256", hg_intent_hash(bar->model));
	hg_json_add_int(out, "messages", sum->n);
	add_percent(out, "min_confidence", bar->min_confidence);
	add_percent(out, "min_known", bar->min_known);
	add_percent(out, "accuracy", share(sum->best, sum->n));
	hg_json_add_bool(out, "enough", enough);
	hg_json_add_int(out, "taken", sum->taken);
	hg_json_add_int(out, "taken_right", sum->right);
	hg_json_add_int(out, "refused", sum->n - sum->taken);
	hg_json_add_int(out, "strange", sum->strange);
	hg_json_add_int(out, "strange_let_in", sum->let_in);
	rows_json(out, score);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* ---- the verb ---- */

int intent_eval(struct ctl *ctl, const struct intent_args *args, const char *const *files)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	int code = CTL_DONE;
	g_autoptr(hg_intent_conf) conf = intent_open(ctl, args, &code);
	g_autoptr(hg_score) score = NULL;
	gboolean fine = conf != NULL, enough;

	for (; conf && *files; files++)
		fine &= hg_examples_read(examples, *files, diag);
	if (!intent_fine(ctl, diag) || !fine)
		return conf ? CTL_NO : code;
	score = hg_score_new(hg_intent_labels(conf->model), conf->min_confidence, conf->min_known);
	ask_all(conf->model, examples, score);
	enough = hg_score_sum(score)->best * 100 >= hg_score_sum(score)->n * (guint)MAX(0, args->min_accuracy);
	if (ctl->json)
		print_json(conf, score, enough);
	else
		print_text(ctl, score, conf);
	return enough ? CTL_DONE : CTL_NO;
}

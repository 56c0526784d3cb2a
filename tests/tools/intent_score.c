/* intent_score.c - prints what examples teach, and what other ways of learning would have made of them
 *
 *	intent_score EXAMPLES.tsv HELD.tsv */
#include "intent.h"

#define BAR_CONFIDENCE 70
#define BAR_KNOWN      50

static const struct {
	const char *name;
	struct hg_intent_making making;
} ways[] = {
	{ "words, pairs and parts (what is used)", { .folds = 5 } },
	{ "words and parts", { .folds = 5, .no_pairs = TRUE } },
	{ "words and pairs", { .folds = 5, .no_parts = TRUE } },
	{ "words", { .folds = 5, .no_pairs = TRUE, .no_parts = TRUE } },
	{ "naive Bayes: words, pairs and parts", { .folds = 5, .naive = TRUE } },
	{ "naive Bayes: words", { .folds = 5, .no_pairs = TRUE, .no_parts = TRUE, .naive = TRUE } },
};

static double share(guint part, guint of)
{
	return of ? 100.0 * part / of : 0;
}

static hg_score *ask(const hg_intent *model, const hg_examples *held)
{
	hg_score *score = hg_score_new(hg_intent_labels(model), BAR_CONFIDENCE, BAR_KNOWN);

	for (guint i = 0; i < hg_examples_count(held); i++) {
		const struct hg_example *one = hg_examples_at(held, i);
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_intent_guess guess;
		struct hg_spoken said;

		hg_spoken_read(one->text, arena, &said);
		hg_intent_guess(model, &said, arena, &guess);
		hg_score_add(score, one->label, &guess);
	}
	return score;
}

static void print_bands(const char *name, const hg_score *score)
{
	const struct hg_score_sum *sum = hg_score_sum(score);

	g_print("\n%-38s", name);
	for (guint band = 0; band < HG_INTENT_BANDS; band++)
		g_print(" 0.%u-", band);
	g_print("\n%-38s", "  of these messages");
	for (guint band = 0; band < HG_INTENT_BANDS; band++)
		g_print(" %5u", sum->band_n[band]);
	g_print("\n%-38s", "  right, %");
	for (guint band = 0; band < HG_INTENT_BANDS; band++)
		if (sum->band_n[band])
			g_print(" %5.0f", share(sum->band_right[band], sum->band_n[band]));
		else
			g_print("     -");
	g_print("\n");
}

static gboolean score_way(guint way, const hg_examples *examples, const hg_examples *held)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_score) crossed = NULL, asked = NULL;
	g_autoptr(hg_intent) model = hg_intent_train(examples, &ways[way].making, &crossed, &error);
	const struct hg_score_sum *sum;

	if (!model) {
		g_printerr("%s\n", error->message);
		return FALSE;
	}
	asked = ask(model, held);
	sum = hg_score_sum(asked);
	g_print("%-38s %9u %9.1f%% %7.1f%% %7.1f%% %7.1f%% %5u/%u\n", ways[way].name, hg_intent_features(model),
		share(hg_score_sum(crossed)->best, hg_score_sum(crossed)->n), share(sum->best, sum->n),
		share(sum->taken, sum->n), share(sum->right, sum->taken), sum->let_in, sum->strange);
	if (way == 0) {
		print_bands("confidence, cross-validated", crossed);
		print_bands("confidence, held messages", asked);
		g_print("\n");
	}
	return TRUE;
}

int main(int argc, char **argv)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new(), held = hg_examples_new();
	g_autofree char *wrong = NULL;
	gboolean fine = argc == 3 && hg_examples_read(examples, argv[1], diag) && hg_examples_settle(examples, diag) &&
			hg_examples_read(held, argv[2], diag);

	if (!fine) {
		wrong = hg_diag_render(diag, FALSE);
		g_printerr("%s", argc == 3 ? wrong : "usage: intent_score EXAMPLES.tsv HELD.tsv\n");
		return 2;
	}
	g_print("%u examples; taken: confidence 0.%d and known 0.%d at least\n\n%-38s %9s %10s %8s %8s %8s %8s\n",
		hg_examples_count(examples), BAR_CONFIDENCE, BAR_KNOWN, "", "features", "crossed", "held", "taken", "right",
		"let in");
	for (guint way = 0; way < G_N_ELEMENTS(ways); way++)
		if (!score_way(way, examples, held))
			return 2;
	return 0;
}

/* bench_intent.c - what one guess costs, and the training of a model
 *
 * usage: bench_intent EXAMPLES.tsv [MESSAGES].  Build it with -O2. */
#include <stdio.h>

#include "env.h"
#include "intent.h"

/* 20 words. */
static const char message[] = "Hello, I ordered the blue one in March and it still has not arrived. "
			      "What should I do now please?";

static double since(gint64 begin, guint n)
{
	return (double)(hg_mono(hg_env_system()) - begin) * 1000 / n;
}

static double guess_all(const hg_intent *model, guint messages)
{
	gint64 begin = hg_mono(hg_env_system());

	for (guint i = 0; i < messages; i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_intent_guess guess = { .label = NULL };
		struct hg_spoken said;

		hg_spoken_read(message, arena, &said);
		if (model)
			hg_intent_guess(model, &said, arena, &guess);
		g_assert_true(!model || guess.label);
	}
	return since(begin, messages);
}

int main(int argc, char **argv)
{
	const struct hg_intent_making making = { .folds = 5 };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	g_autoptr(hg_intent) model = NULL;
	guint64 messages = 100000;
	gint64 begin;

	if (argc < 2 || (argc > 2 && !g_ascii_string_to_unsigned(argv[2], 10, 1, G_MAXUINT32, &messages, NULL)) ||
	    !hg_examples_read(examples, argv[1], diag) || !hg_examples_settle(examples, diag)) {
		fprintf(stderr, "usage: bench_intent EXAMPLES.tsv [MESSAGES]\n");
		return 2;
	}
	begin = hg_mono(hg_env_system());
	model = hg_intent_train(examples, &making, NULL, NULL);
	g_assert_nonnull(model);
	printf("training: %.0f ms for %u examples, cross-validated; %u features\n", since(begin, 1000),
	       hg_examples_count(examples), hg_intent_features(model));
	guess_all(model, (guint)messages / 10);
	printf("reading: %.2f us a message of 20 words\n", guess_all(NULL, (guint)messages));
	printf("reading and guessing: %.2f us\n", guess_all(model, (guint)messages));
	return 0;
}

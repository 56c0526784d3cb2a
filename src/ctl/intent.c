/* intent.c - intent train and try: makes a model of examples, and asks it about one text */
#include <stdio.h>
#include <string.h>
#include "intent_verbs.h"
#include "long_run.h"
#include "text.h"

#define FOLDS	       5

gboolean intent_fine(const struct ctl *ctl, const hg_diag *diag)
{
	g_autofree char *text = hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));

	fputs(text, stderr);
	return !hg_diag_count(diag, HG_SEV_ERROR);
}

static hg_intent_conf *open_named(const struct ctl *ctl, const char *path, int *ret_code)
{
	g_autoptr(GError) error = NULL;
	hg_intent *model = hg_intent_load(path, &error);

	if (model)
		return hg_intent_conf_new(model);
	ctl_say_error(ctl, "%s: %s", path, error->message);
	*ret_code = g_file_test(path, G_FILE_TEST_EXISTS) ? CTL_NO : CTL_MISSING;
	return NULL;
}

static hg_intent_conf *open_configured(const struct ctl *ctl, int *ret_code)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));

	if (setup && setup->conf->model)
		return hg_intent_conf_ref(setup->conf->model);
	*ret_code = CTL_CONFIG;
	if (setup)
		ctl_say_error(ctl, "%s has no intent: section; name a model with --model", ctl_config(ctl));
	return NULL;
}

hg_intent_conf *intent_open(const struct ctl *ctl, const struct intent_args *args, int *ret_code)
{
	g_autoptr(hg_intent_conf) found = args->model ? open_named(ctl, args->model, ret_code) : open_configured(ctl, ret_code);
	hg_intent_conf *conf = found ? hg_intent_conf_new(hg_intent_ref(found->model)) : NULL;

	if (!conf)
		return NULL;
	conf->min_confidence = args->min_confidence < 0 ? found->min_confidence : (guint)args->min_confidence;
	conf->min_known = args->min_known < 0 ? found->min_known : (guint)args->min_known;
	return conf;
}

/* ---- train ---- */

static void tell(void *arg, guint done, guint all)
{
	struct ctl_long *progress = arg;

	ctl_long_tell(progress, "learning", done, all);
}

static double share(guint part, guint of)
{
	return of ? 100.0 * part / of : 0;
}

static void count_from(const struct hg_score_sum *sum, guint from, guint *ret_n, guint *ret_right)
{
	*ret_n = *ret_right = 0;
	for (guint band = from / (100 / HG_INTENT_BANDS); band < HG_INTENT_BANDS; band++) {
		*ret_n += sum->band_n[band];
		*ret_right += sum->band_right[band];
	}
}

static void print_made(const struct ctl *ctl, const hg_examples *examples, const hg_score *score)
{
	const struct hg_score_sum *sum = hg_score_sum(score);
	guint n, right;

	printf("%-24s %8s %8s %8s\n", "INTENT", "EXAMPLES", "FOUND", "RIGHT");
	for (guint i = 0; i < hg_score_rows(score); i++) {
		const struct hg_score_row *row = hg_score_row(score, i);

		printf("%-24s %8u %6.0f %% %6.0f %%%s\n", row->label, row->n, share(row->right, row->n),
		       share(row->right, row->guessed), row->n < 20 ? "  few examples" : "");
	}
	count_from(sum, HG_INTENT_CONFIDENCE, &n, &right);
	printf("\ncross-validated: %s%.1f %%%s right; %.0f %% have a confidence of 0.%d or more, of those %.1f %%\n",
	       ctl_look(ctl, CTL_BOLD), share(sum->best, sum->n), ctl_look(ctl, CTL_PLAIN), share(n, sum->n),
	       HG_INTENT_CONFIDENCE, share(right, n));
	if (hg_examples_dropped(examples))
		printf("%u examples stood there twice\n", hg_examples_dropped(examples));
}

static void made_json(const char *out, const hg_intent *model, const hg_examples *examples, const hg_score *score)
{
	const struct hg_score_sum *sum = hg_score_sum(score);
	g_autoptr(GString) json = g_string_new(NULL);
	char text[HG_SHARE_SIZE];

	hg_json_open(json, '{');
	hg_json_add_str(json, "model", out);
	hg_json_add_str(json, "sha256", hg_intent_hash(model));
	hg_json_add_int(json, "examples", hg_intent_examples(model));
	hg_json_add_int(json, "dropped", hg_examples_dropped(examples));
	hg_json_add_int(json, "features", hg_intent_features(model));
	hg_json_add_raw(json, "accuracy", hg_share((guint)(share(sum->best, sum->n) + 0.5), text));
	hg_json_key(json, "intents");
	hg_json_open(json, '[');
	for (guint i = 0; i < hg_score_rows(score); i++) {
		const struct hg_score_row *row = hg_score_row(score, i);

		hg_json_open(json, '{');
		hg_json_add_str(json, "intent", row->label);
		hg_json_add_int(json, "examples", row->n);
		hg_json_add_int(json, "guessed", row->guessed);
		hg_json_add_int(json, "right", row->right);
		hg_json_close(json, '}');
	}
	hg_json_close(json, ']');
	hg_json_close(json, '}');
	ctl_put_json(json->str);
}

static int write_model(const struct ctl *ctl, const hg_intent *model, const char *out)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = hg_intent_write(model);

	/* Beside it and renamed: a daemon that reloads meanwhile reads the old one or the new one. */
	if (!g_file_set_contents(out, text->str, (gssize)text->len, &error)) {
		ctl_say_error(ctl, "%s", error->message);
		return CTL_REFUSED;
	}
	if (!ctl->quiet && !ctl->json)
		printf("%s: %zu KiB, %u features, sha256 %.12s\n", out, text->len / 1024, hg_intent_features(model),
		       hg_intent_hash(model));
	return CTL_DONE;
}

static int train(struct ctl *ctl, const char *out, const char *const *files)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	g_autoptr(hg_score) score = NULL;
	g_autoptr(hg_intent) model = NULL;
	g_autoptr(GError) error = NULL;
	struct ctl_long progress;
	const struct hg_intent_making making = { .folds = FOLDS, .progress = tell, .progress_arg = &progress };
	gboolean fine = TRUE;

	ctl_long_show(&progress, ctl);
	progress.unit = "steps";
	for (; *files; files++)
		fine &= hg_examples_read(examples, *files, diag);
	fine = fine && hg_examples_settle(examples, diag);
	if (!intent_fine(ctl, diag) || !fine)
		return CTL_NO;
	model = hg_intent_train(examples, &making, &score, &error);
	ctl_long_end(&progress, "");
	if (!model) {
		ctl_say_error(ctl, "%s", error->message);
		return CTL_NO;
	}
	if (ctl->json)
		made_json(out, model, examples, score);
	else if (!ctl->quiet)
		print_made(ctl, examples, score);
	return write_model(ctl, model, out);
}

/* ---- try ---- */

static void guess_json(const struct hg_intent_guess *guess)
{
	g_autoptr(GString) json = g_string_new(NULL);
	char text[HG_SHARE_SIZE];

	hg_json_open(json, '{');
	hg_json_add_str(json, "intent", guess->label);
	hg_json_add_raw(json, "confidence", hg_share(guess->confidence, text));
	hg_json_add_raw(json, "known", hg_share(guess->known, text));
	hg_json_key(json, "words");
	hg_json_open(json, '[');
	for (guint i = 0; i < guess->n_reasons; i++) {
		gint tenths = guess->reasons[i].tenths;
		g_autofree char *weight = g_strdup_printf("%s%d.%d", tenths < 0 ? "-" : "", ABS(tenths) / 10,
							  ABS(tenths) % 10);

		hg_json_open(json, '{');
		hg_json_add_str(json, "words", guess->reasons[i].words);
		hg_json_add_raw(json, "weight", weight);
		hg_json_close(json, '}');
	}
	hg_json_close(json, ']');
	hg_json_close(json, '}');
	ctl_put_json(json->str);
}

static void guess_text(const struct ctl *ctl, const struct hg_intent_guess *guess)
{
	char confidence[HG_SHARE_SIZE], known[HG_SHARE_SIZE];

	if (!guess->label) {
		puts("there is no word in it");
		return;
	}
	printf("%s%s%s  confidence %s  known %s\n", ctl_look(ctl, CTL_BOLD), guess->label, ctl_look(ctl, CTL_PLAIN),
	       hg_share(guess->confidence, confidence), hg_share(guess->known, known));
	for (guint i = 0; i < guess->n_reasons; i++) {
		gint tenths = guess->reasons[i].tenths;
		g_autofree char *words = ctl_safe(guess->reasons[i].words, FALSE);

		printf("  %s%c%d.%d%s  %s\n", ctl_look(ctl, tenths < 0 ? CTL_RED : CTL_GREEN), tenths < 0 ? '-' : '+',
		       ABS(tenths) / 10, ABS(tenths) % 10, ctl_look(ctl, CTL_PLAIN), words);
	}
}

static int try_text(struct ctl *ctl, const struct intent_args *args, const char *text)
{
	int code = CTL_DONE;
	g_autoptr(hg_intent_conf) conf = intent_open(ctl, args, &code);
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autofree char *valid = hg_text_valid(text, -1, 0);
	struct hg_intent_guess guess;
	struct hg_spoken said;

	if (!conf)
		return code;
	hg_spoken_read(valid, arena, &said);
	hg_intent_guess(conf->model, &said, arena, &guess);
	if (ctl->json)
		guess_json(&guess);
	else
		guess_text(ctl, &guess);
	return CTL_DONE;
}

/* ---- the verb ---- */

static int share_of(const struct ctl *ctl, const char *name)
{
	const char *text = ctl_value(ctl, name);

	return text ? hg_share_parse(text) : -1;
}

static int run_train(struct ctl *ctl)
{
	return train(ctl, ctl_value(ctl, "out"), ctl_values(ctl, "FILE"));
}

static int run_eval(struct ctl *ctl)
{
	const struct intent_args args = { .model = ctl_value(ctl, "model"), .min_confidence = share_of(ctl, "min-confidence"),
		.min_known = share_of(ctl, "min-known"), .min_accuracy = share_of(ctl, "min-accuracy") };

	return intent_eval(ctl, &args, ctl_values(ctl, "FILE"));
}

static int run_try(struct ctl *ctl)
{
	const struct intent_args args = { .model = ctl_value(ctl, "model"), .min_confidence = -1, .min_known = -1, .min_accuracy = -1 };

	return try_text(ctl, &args, ctl_value(ctl, "TEXT"));
}

#define FILES(what) CTL_PARAMS({ "FILE", CTL_FILE, .help = (what), .flags = CTL_MANY })
#define OPT_MODEL { "model", CTL_FILE, "MODEL", "which one [that of the configuration]" }

static const struct ctl_verb train_verb = {
	.name = "train", .help = "make a model of examples", .run = run_train,
	.args = FILES("lines of INTENT<tab>TEXT or {\"label\":...,\"text\":...}"),
	.options = CTL_PARAMS({ "out", CTL_FILE, "MODEL", "where the model goes", .flags = CTL_NEEDED }),
	.more = "Says for each intent how many there are, and how often models made of four fifths of the examples found it in the "
		"last fifth (FOUND), and were right when they did (RIGHT).  The same examples make the same model, byte for byte.",
	.exits = "0 made, 1 an example is wrong",
};

static const struct ctl_verb eval_verb = {
	.name = "eval", .help = "ask a model about messages that it was not made of", .run = run_eval,
	.args = FILES("labelled messages"),
	.options = CTL_PARAMS(OPT_MODEL, { "min-confidence", CTL_SHARE, NULL, "how sure it has to be" },
			      { "min-known", CTL_SHARE, NULL, "how many of the words it has to know" },
			      { "min-accuracy", CTL_SHARE, NULL, "how many best guesses have to be right" }),
	.more = "Says which intents are taken for which, how many reach the bar, and how many of those are right.  Labels that the "
		"model does not have stand for messages about something else, which it is right to refuse.\n\n"
		"A share is written 0.7.  Model and bar are those of the configuration when none are given; a model that is named "
		"comes with a bar of 0.7 and, of the words known, 0.5.",
	.exits = "0 done, 1 fewer best guesses are right than --min-accuracy wants",
};

static const struct ctl_verb try_verb = {
	.name = "try", .help = "what it takes one text for, and because of which words", .run = run_try,
	.args = CTL_PARAMS({ "TEXT", .help = "what somebody might say" }), .options = CTL_PARAMS(OPT_MODEL),
};

const struct ctl_verb ctl_verb_intent = {
	.name = "intent", .help = "teach what messages are about, and see how well",
	.subs = CTL_SUBS(&train_verb, &eval_verb, &try_verb, &ctl_intent_label),
};

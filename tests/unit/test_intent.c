/* test_intent.c - that intents are learned and guessed: the same everywhere, honestly, and from hostile files too */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <locale.h>
#include <string.h>

#include "intent.h"
#include "text.h"

#define HG_N(array) G_N_ELEMENTS(array)

static const struct hg_intent_making making = { .folds = 5 };

static char *path_of(const char *name)
{
	return g_build_filename(g_getenv("srcdir") ?: ".", name, NULL);
}

static hg_examples *examples_of(const char *const *texts)
{
	hg_examples *examples = hg_examples_new();
	g_autoptr(hg_diag) diag = hg_diag_new();

	for (; *texts; texts++)
		if (!hg_examples_take(examples, "test.tsv", *texts, strlen(*texts), diag)) {
			g_autofree char *said = hg_diag_render(diag, FALSE);

			fail_msg("%s", said);
		}
	if (!hg_examples_settle(examples, diag)) {
		g_autofree char *said = hg_diag_render(diag, FALSE);

		fail_msg("%s", said);
	}
	return examples;
}

static hg_examples *examples_from(const char *name, gboolean settle)
{
	g_autofree char *path = path_of(name);
	hg_examples *examples = hg_examples_new();
	g_autoptr(hg_diag) diag = hg_diag_new();

	assert_true(hg_examples_read(examples, path, diag));
	assert_true(!settle || hg_examples_settle(examples, diag));
	return examples;
}

static hg_intent *model_of(const hg_examples *examples)
{
	g_autoptr(GError) error = NULL;
	hg_intent *model = hg_intent_train(examples, &making, NULL, &error);

	if (!model)
		fail_msg("%s", error->message);
	return model;
}

static struct hg_intent_guess guess_of(const hg_intent *model, const char *text, hg_arena *arena)
{
	struct hg_intent_guess guess;
	struct hg_spoken said;

	hg_spoken_read(text, arena, &said);
	hg_intent_guess(model, &said, arena, &guess);
	return guess;
}

static const char small[] =
	"# what a small shop gets\n"
	"refund\tI want my money back\n"
	"refund\tplease refund the money for the shoes\n"
	"refund\tmoney back please\n"
	"refund\tI would like my money returned\n"
	"delivery\twhere is my parcel\n"
	"delivery\tthe parcel did not come\n"
	"delivery\twhen will the parcel be delivered\n"
	"delivery\tmy delivery is late\n"
	"hours\twhen do you open\n"
	"hours\tare you open on sunday\n"
	"hours\twhat are your opening hours\n"
	"hours\thow long are you open today\n";

/* Of the shipped examples: made once, it takes a moment with sanitizers. */
static hg_intent *shipped;
static hg_score *crossed;

static int make_shipped(void **state)
{
	g_autoptr(hg_examples) examples = examples_from("etc/intent/examples.tsv", TRUE);

	(void)state;
	shipped = hg_intent_train(examples, &making, &crossed, NULL);
	return shipped ? 0 : -1;
}

static int free_shipped(void **state)
{
	(void)state;
	hg_intent_unref(shipped);
	hg_score_free(crossed);
	return 0;
}

/* ---- the same everywhere ---- */

/* R2.7: deterministic.  The order of files, repeated lines and the locale make no difference to a byte. */
static void the_same_examples_make_the_same_model(void **state)
{
	static const char *const locales[] = { "de_DE.UTF-8", "tr_TR.UTF-8", "C.UTF-8", "C" };
	static const char other[] = "refund\tGeld zurück bitte\n{\"label\": \"hours\", \"text\": \"wann öffnen Sie\"}\n"
				    "delivery\two bleibt das Paket\r\n";
	const char *one_way[] = { small, other, NULL }, *other_way[] = { other, small, other, NULL };
	g_autoptr(hg_examples) first = examples_of(one_way), second = examples_of(other_way);
	g_autoptr(hg_intent) model = model_of(first);
	g_autoptr(GString) written = hg_intent_write(model);
	g_autofree char *locale = g_strdup(setlocale(LC_ALL, NULL));

	(void)state;
	assert_int_equal(hg_examples_dropped(first), 0);
	assert_int_equal(hg_examples_dropped(second), 3);
	for (gsize i = 0; i < HG_N(locales); i++) {
		g_autoptr(hg_intent) again = NULL;
		g_autoptr(GString) same = NULL;

		setlocale(LC_ALL, locales[i]);
		again = model_of(second);
		same = hg_intent_write(again);
		assert_string_equal(same->str, written->str);
		assert_string_equal(hg_intent_hash(again), hg_intent_hash(model));
	}
	setlocale(LC_ALL, locale);
}

/* R2.7: on whatever machine and by whatever compiler, these examples make that file. */
static void recorded_examples_make_the_recorded_model(void **state)
{
	g_autoptr(hg_examples) examples = examples_from("tests/data/intent/small.tsv", TRUE);
	g_autoptr(hg_intent) model = model_of(examples);
	g_autoptr(GString) written = hg_intent_write(model);
	g_autofree char *path = path_of("tests/data/intent/small.intent"), *recorded = NULL;

	(void)state;
	assert_true(g_file_get_contents(path, &recorded, NULL, NULL));
	assert_string_equal(written->str, recorded);
}

static void a_model_read_again_guesses_the_same(void **state)
{
	static const char *const texts[] = { "where is my money", "Wo ist mein Paket?", "wheres my refnud", "12345", "xyzzy",
					     "refund refund refund refund refund refund" };
	g_autoptr(GString) written = hg_intent_write(shipped);
	g_autoptr(hg_intent) again = hg_intent_parse(written->str, written->len, NULL);
	g_autoptr(hg_arena) arena = hg_arena_new();

	(void)state;
	assert_non_null(again);
	assert_string_equal(hg_intent_hash(again), hg_intent_hash(shipped));
	for (gsize i = 0; i < HG_N(texts); i++) {
		struct hg_intent_guess one = guess_of(shipped, texts[i], arena), other = guess_of(again, texts[i], arena);
		g_autoptr(GString) why = g_string_new(NULL), why_too = g_string_new(NULL);

		hg_intent_reasons_show(&one, why);
		hg_intent_reasons_show(&other, why_too);
		assert_string_equal(one.label, other.label);
		assert_int_equal(one.confidence, other.confidence);
		assert_int_equal(one.known, other.known);
		assert_string_equal(why->str, why_too->str);
	}
}

/* ---- honest ---- */

static void check_bands(const struct hg_score_sum *sum, guint from)
{
	guint n = 0, right = 0;

	for (guint band = from; band < HG_INTENT_BANDS; band++) {
		n += sum->band_n[band];
		right += sum->band_right[band];
	}
	if (n < 30 || right * 10 < n * from)
		fail_msg("of %u guesses with a confidence of 0.%u and more %u are right", n, from, right);
}

/* R2.2, R2.3: messages that no model was made of.  The floors are below what make intent-score prints; a
 * confidence of 0.8 is right in at least 80 of 100, and what is about nothing is let in seldom. */
static void check_taught(const char *name)
{
	g_autoptr(hg_examples) held = examples_from(name, FALSE);
	g_autoptr(hg_score) score = hg_score_new(hg_intent_labels(shipped), 70, 50);
	const struct hg_score_sum *sum = hg_score_sum(score);

	for (guint i = 0; i < hg_examples_count(held); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		struct hg_intent_guess guess = guess_of(shipped, hg_examples_at(held, i)->text, arena);

		hg_score_add(score, hg_examples_at(held, i)->label, &guess);
	}
	if (sum->best * 100 < sum->n * 83 || sum->taken * 100 < sum->n * 60 || sum->right * 100 < sum->taken * 92 ||
	    sum->let_in * 100 > sum->strange * 12)
		fail_msg("%s: %u of %u right; %u taken, of them %u right; %u of %u strange ones let in", name, sum->best, sum->n,
			 sum->taken, sum->right, sum->let_in, sum->strange);
	for (guint from = 5; from <= 9; from++)
		check_bands(sum, from);
}

static void shipped_examples_teach_enough(void **state)
{
	(void)state;
	check_taught("tests/data/intent/held.tsv");
	check_taught("tests/data/intent/fresh.tsv");
	for (guint from = 5; from <= 9; from++)
		check_bands(hg_score_sum(crossed), from);
}

static void strange_words_are_told_by_known(void **state)
{
	static const struct { const char *text; guint least, most; } cases[] = {
		{ "I want my money back", 100, 100 },
		{ "Ich möchte mein Geld zurück!!", 100, 100 },
		{ "refund the quuxle frobnicator zzyzx", 10, 49 },
		{ "qwortz plimf vrunk", 0, 10 },
		{ "крокодил играет на гармошке", 0, 0 },
		{ "4711", 0, 0 },
		{ "\xf0\x9f\x98\x80", 0, 0 },
	};
	g_autoptr(hg_arena) arena = hg_arena_new();

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		struct hg_intent_guess guess = guess_of(shipped, cases[i].text, arena);

		if (guess.known < cases[i].least || guess.known > cases[i].most)
			fail_msg("\"%s\": known %u", cases[i].text, guess.known);
	}
	assert_null(guess_of(shipped, "", arena).label);
	assert_null(guess_of(shipped, " ?!? ", arena).label);
}

/* R2.7: explainable.  Case, accents and typing errors do not hide a word. */
static void a_guess_says_why(void **state)
{
	static const struct { const char *text, *label, *because; } cases[] = {
		{ "I WANT MY MONEY BACK", "refund", "\"money\" +" },
		{ "kann ich mit einem echten Menschen reden", "human", "\"menschen\" +" },
		{ "mein Passwort geht nicht", "account", "\"passwort\" +" },
		{ "Paketverfolgungsnummer", "delivery", "\"paketverfolgungsnummer\" +" },
		{ "pasword reset", "account", "\"reset\" +" },
	};
	g_autoptr(hg_arena) arena = hg_arena_new();

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		struct hg_intent_guess guess = guess_of(shipped, cases[i].text, arena);
		g_autoptr(GString) why = g_string_new(NULL);

		hg_intent_reasons_show(&guess, why);
		if (strcmp(guess.label, cases[i].label) != 0 || !strstr(why->str, cases[i].because))
			fail_msg("\"%s\": %s because of %s", cases[i].text, guess.label, why->str);
	}
}

/* ---- limits ---- */

static void wrong_examples_are_told_with_their_line(void **state)
{
	g_autofree char *longest = g_strnfill(HG_SPOKEN_BYTES_MAX + 1, 'x');
	g_autofree char *too_long = g_strdup_printf("a\t%s\n", longest), *long_name = g_strdup_printf("%.65s\tx\n", longest);
	const struct { const char *text, *said; } cases[] = {
		{ "refund I want\n", "test.tsv:1: error: there is no tab" },
		{ "# hi\n\nrefund\t \n", "test.tsv:3: error: there is nothing behind the tab" },
		{ "Refund!\tx\n", "test.tsv:1:1: error: an intent's name has" },
		{ long_name, "an intent's name has" },
		{ "a\t\xff\n", "not UTF-8" },
		{ too_long, "more than 16 KiB" },
		{ "{\"label\": \"a\"}\n", "a label and a text are wanted" },
		{ "{\"label\": a}\n", "test.tsv:1: error: " },
	};

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_examples) examples = hg_examples_new();
		gboolean fine = hg_examples_take(examples, "test.tsv", cases[i].text, strlen(cases[i].text), diag);
		g_autofree char *said = hg_diag_render(diag, FALSE);

		if (fine || !strstr(said, cases[i].said))
			fail_msg("case %zu: %s", i, said);
	}
}

static void too_little_and_too_much_is_not_learned_from(void **state)
{
	g_autoptr(GString) many = g_string_new(NULL);

	for (guint i = 0; i <= HG_INTENT_LABELS_MAX; i++)
		g_string_append_printf(many, "l%u\tone %u\nl%u\ttwo %u\n", i, i, i, i);
	const struct { const char *text, *said; } cases[] = {
		{ "# nothing\n", "of 2 to 200 intents are wanted, here are those of 0" },
		{ "a\tx\na\ty\n", "here are those of 1" },
		{ "a\tx\na\tx\nb\ty\nb\tz\n", "'a' has one example only" },
		{ many->str, "here are those of 201" },
	};

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_examples) examples = hg_examples_new();
		gboolean fine = hg_examples_take(examples, "test.tsv", cases[i].text, strlen(cases[i].text), diag) &&
				hg_examples_settle(examples, diag);
		g_autofree char *said = hg_diag_render(diag, FALSE);

		if (fine || !strstr(said, cases[i].said))
			fail_msg("case %zu: %s", i, said);
	}
}

static void one_text_under_two_labels_is_warned_of(void **state)
{
	static const char text[] = "a\tsame\na\tx\nb\ty\nb\tsame\n";
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();
	g_autofree char *said = NULL;

	(void)state;
	assert_true(hg_examples_take(examples, "t.tsv", text, strlen(text), diag));
	assert_true(hg_examples_settle(examples, diag));
	said = hg_diag_render(diag, FALSE);
	assert_non_null(strstr(said, "t.tsv:4: warning: the same text is b here and a in t.tsv:1"));
}

/* ---- models from elsewhere ---- */

static void a_damaged_model_is_refused(void **state)
{
	const char *texts[] = { small, NULL };
	g_autoptr(hg_examples) examples = examples_of(texts);
	g_autoptr(hg_intent) model = model_of(examples);
	g_autoptr(GString) written = hg_intent_write(model);

	(void)state;
	for (gsize i = 0; i < written->len; i += 1 + i / 64) {
		g_autofree char *bad = g_memdup2(written->str, written->len);
		g_autoptr(GError) error = NULL;

		bad[i] ^= 1;
		assert_null(hg_intent_parse(bad, written->len, &error));
		assert_non_null(error);
		assert_null(hg_intent_parse(written->str, i, NULL));
	}
}

/* Whoever can write a checksum can lie about the rest. */
static void a_lying_model_is_refused(void **state)
{
	static const char *const bodies[] = {
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 4000000000\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 100000\nx\t16\t1\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t16\t1\t2\nmore\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 2\nx\t16\t1\t2\nx\t16\t1\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t16\t99999\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t0\t1\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t16\t01\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t16\t-0\t2\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\nb\t2\na\t2\nfeatures 0\n",
		"examples 4\nunit 1\nstrange 32\nlabels 300\n",
		"examples 4\nunit 0\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 0\n",
		"examples 4\nunit 1\nstrange 32\nlabels 2\nA!\t2\nb\t2\nfeatures 0\n",
		"",
	};
	static const char good[] = "examples 4\nunit 1\nstrange 32\nlabels 2\na\t2\nb\t2\nfeatures 1\nx\t16\t1\t-2\n";

	(void)state;
	for (gsize i = 0; i <= HG_N(bodies); i++) {
		const char *body = i < HG_N(bodies) ? bodies[i] : good;
		guint8 sum[32];
		g_autofree char *hex = NULL, *text = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(hg_intent) model = NULL;

		hg_sha256(body, strlen(body), sum);
		hex = hg_hex(sum, sizeof(sum));
		text = g_strdup_printf("headgate-intent 1\nsha256 %s\n%s", hex, body);
		model = hg_intent_parse(text, strlen(text), &error);
		if ((model != NULL) != (body == good))
			fail_msg("case %zu: %s", i, error ? error->message : "it is read");
	}
}

static void a_file_that_is_no_model_says_what_to_do(void **state)
{
	static const struct { const char *text, *said; } cases[] = {
		{ "config_version: 1\n", "it is no model: headgatectl intent train makes one" },
		{ "headgate-intent 2\nsha256 x\n", "another version" },
		{ "headgate-intent 1\n", "ends too early" },
	};
	g_autoptr(GError) missing = NULL, folder = NULL;

	(void)state;
	for (gsize i = 0; i < HG_N(cases); i++) {
		g_autoptr(GError) error = NULL;

		assert_null(hg_intent_parse(cases[i].text, strlen(cases[i].text), &error));
		if (!strstr(error->message, cases[i].said))
			fail_msg("%s", error->message);
	}
	assert_null(hg_intent_load("/nowhere/at.all", &missing));
	assert_null(hg_intent_load("/", &folder));
	assert_non_null(strstr(folder->message, "not a regular file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_examples_make_the_same_model),
		cmocka_unit_test(recorded_examples_make_the_recorded_model),
		cmocka_unit_test(a_model_read_again_guesses_the_same),
		cmocka_unit_test(shipped_examples_teach_enough),
		cmocka_unit_test(strange_words_are_told_by_known),
		cmocka_unit_test(a_guess_says_why),
		cmocka_unit_test(wrong_examples_are_told_with_their_line),
		cmocka_unit_test(too_little_and_too_much_is_not_learned_from),
		cmocka_unit_test(one_text_under_two_labels_is_warned_of),
		cmocka_unit_test(a_damaged_model_is_refused),
		cmocka_unit_test(a_lying_model_is_refused),
		cmocka_unit_test(a_file_that_is_no_model_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, make_shipped, free_shipped);
}

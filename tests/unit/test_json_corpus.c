/* test_json_corpus.c - every case of tests/data/hostile/json.txt, and what the dearest of them cost */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "../support/corpus_file.h"
#include "../support/record.h"
#include "fail.h"
#include "json.h"

static GPtrArray *cases;

/* "take", "refuse" or "limit".  In memory of exactly that size, so that a look behind it is found. */
static const char *judged(const char *bytes, gsize len)
{
	g_autofree char *copy = g_memdup2(bytes, len);
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) tree = hg_json_parse(copy, len, NULL, &error);

	assert_true((tree != NULL) == (error == NULL));
	if (tree)
		return "take";
	assert_true(g_utf8_validate(error->message, -1, NULL));
	for (const char *c = error->message; *c; c++)
		if ((guint8)*c < 0x20 || *c == 0x7f)
			fail_msg("a control byte in: %s", error->message);
	assert_true(strlen(error->message) < 300);
	return g_error_matches(error, HG_ERROR, HG_ERROR_LIMIT) ? "limit" : "refuse";
}

static void each_is_judged_by_its_rule(void **state)
{
	guint wrong = 0;

	(void)state;
	assert_true(cases->len >= 300);
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);
		const char *got = judged(c->bytes->str, c->bytes->len);

		if (strcmp(got, c->want)) {
			fprintf(stderr, "%s (%s): got %s, want %s\n", c->name, c->rule, got, c->want);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
	record("json.corpus", cases->len, 0, NULL);
}

/* What is taken is taken whole only: an object or a list that is cut anywhere is none. */
static void an_early_end_is_refused(void **state)
{
	guint cuts = 0;

	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);

		if (strcmp(c->want, "take") || !strchr("[{", c->bytes->str[0]) || c->bytes->len > 2000)
			continue;
		for (gsize at = 0; at < c->bytes->len && strspn(c->bytes->str + at, " \t\r\n") < c->bytes->len - at; at++, cuts++)
			if (!strcmp(judged(c->bytes->str, at), "take"))
				fail_msg("%s, cut at %zu: taken", c->name, at);
	}
	assert_true(cuts > 2000);
}

/* ---- T-cost: no text of a size may cost ten times what a usual one of that size costs ---- */

#define COST_BYTES (512 << 10)
#define TIMES_DEARER 10
#define TRIES 3			/* the least of so many: others share caches with us */

static const char benign[] =
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"330011223344\",\"changes\":[{\"value\":{"
	"\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"15550001111\",\"phone_number_id\":"
	"\"109876543210\"},\"contacts\":[{\"profile\":{\"name\":\"Ana Lima\"},\"wa_id\":\"447700900123\"}],\"messages\":"
	"[{\"from\":\"447700900123\",\"id\":\"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU\",\"timestamp\":\"1795291756\",\"type\":"
	"\"text\",\"text\":{\"body\":\"my order is late, where is it?\"}}]},\"field\":\"messages\"}]}]}";

static GString *repeated(const char *first, const char *piece, const char *last)
{
	GString *out = g_string_new(first);

	while (out->len + strlen(piece) + strlen(last) < COST_BYTES)
		g_string_append(out, piece);
	return g_string_append(out, last);
}

/* %u is a number of its own for each piece. */
static GString *counted(const char *first, const char *before, const char *after, const char *last)
{
	GString *out = g_string_new(first);

	for (guint i = 0; out->len + strlen(before) + strlen(after) + strlen(last) + 12 < COST_BYTES; i++)
		g_string_append_printf(out, "%s%u%s", before, i, after);
	return g_string_append(out, last);
}

/* Microseconds of this thread's processor time. */
static gint64 cost_of(const GString *text, gboolean duplicates)
{
	const struct hg_json_limits limits = { .duplicates = duplicates };
	gint64 least = G_MAXINT64;

	for (int i = 0; i < TRIES; i++) {
		struct timespec from, to;
		struct json_object *tree;

		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		tree = hg_json_parse(text->str, text->len, &limits, NULL);
		json_object_put(tree);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		least = MIN(least, (to.tv_sec - from.tv_sec) * 1000000 + (to.tv_nsec - from.tv_nsec) / 1000);
	}
	return least;
}

static void no_text_costs_ten_times_a_usual_one(void **state)
{
	static const struct { const char *name, *first, *piece, *last; } same[] = {
		{ "objects", "[", "{},", "0]" }, { "lists", "[", "[],", "0]" }, { "zeros", "[", "0,", "0]" },
		{ "nulls", "[", "null,", "0]" }, { "empty strings", "[", "\"\",", "0]" },
		{ "empty keys", "[", "{\"\":0},", "0]" }, { "one key again and again", "{", "\"a\":0,", "\"b\":0}" },
		{ "one escaped key again and again", "{", "\"\\u0061\":0,", "\"b\":0}" },
		{ "one key, plain and escaped", "{", "\"a\":0,\"\\u0061\":0,", "\"b\":0}" },
		{ "escapes", "[\"", "\\u00e9", "\"]" }, { "pairs of surrogates", "[\"", "\\ud83d\\ude00", "\"]" },
		{ "short escapes", "[\"", "\\n", "\"]" }, { "escaped quotes", "[\"", "\\\"", "\"]" },
		{ "UTF-8 of two", "[\"", "\xc3\xa9", "\"]" }, { "UTF-8 of four", "[\"", "\xf0\x9f\x98\x80", "\"]" },
		{ "spaces", "[", " ", "0]" }, { "line ends", "[0", "\r\n", "]" }, { "spaces between zeros", "[", "0 , ", "0]" },
		{ "doubles with an exponent", "[", "1e-300,", "0]" }, { "doubles at the limit", "[", "1e308,", "0]" },
		{ "doubles that are nothing", "[", "1e-999,", "0]" }, { "PHP's killer", "[", "2.2250738585072011e-308,", "0]" },
		{ "long doubles", "[", "0.3000000000000000166533453693773481063544750213623046875,", "0]" },
		{ "exponents of zeros", "[", "1e00000000000000000000000000000000000000000001,", "0]" },
		{ "big integers", "[", "18446744073709551615,", "0]" }, { "small doubles", "[", "0.1,", "0]" },
		{ "deep lists", "[", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],", "0]" },
		{ "deep objects", "[", "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}},", "0]" },
		{ "an open string", "[\"", "x", "" }, { "an open string of escapes", "[\"", "\\u00e9", "" },
		{ "open objects", "[", "{\"a\":", "" }, { "quotes", "", "\"", "" }, { "backslashes", "\"", "\\", "" },
		{ "digits", "[", "9", "]" }, { "digits behind a point", "[0.", "1", "]" },
		{ "digits of an exponent", "[1e", "0", "1]" }, { "a comma too many at the end", "[", "0,", ",]" },
		{ "bad UTF-8 at the end", "[\"", "x", "\xff\"]" },
	};
	static const struct { const char *name, *first, *before, *after, *last; } own[] = {
		{ "keys of their own", "{", "\"", "\":0,", "\"b\":0}" },
		{ "keys with an escape", "{", "\"\\u0061", "\":0,", "\"b\":0}" },
		{ "keys with an escape, one of them twice", "{", "\"\\u0061", "\":0,", "\"\\u00610\":0}" },
		{ "keys that begin alike", "{", "\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", "\":0,", "\"b\":0}" },
		{ "keys that end alike", "{", "\"", "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\":0,", "\"b\":0}" },
		{ "keys that begin alike, one of them twice", "{", "\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", "\":0,",
		  "\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk0\":0}" },
	};
	g_autofree char *piece = g_strconcat(benign, ",", NULL);
	GString *usual = repeated("[", piece, "0]");
	gint64 most = 0, base = cost_of(usual, FALSE);
	g_autofree char *figures = NULL;
	guint n = 0;

	(void)state;
	g_string_free(usual, TRUE);
	for (gsize i = 0; i < G_N_ELEMENTS(same) + G_N_ELEMENTS(own); i++) {
		gboolean is_same = i < G_N_ELEMENTS(same);
		gsize j = i - G_N_ELEMENTS(same);
		GString *text = is_same ? repeated(same[i].first, same[i].piece, same[i].last)
					: counted(own[j].first, own[j].before, own[j].after, own[j].last);

		for (gboolean duplicates = FALSE; duplicates <= TRUE; duplicates++, n++) {
			gint64 cost = cost_of(text, duplicates);

			if (cost > TIMES_DEARER * base)
				fail_msg("%s: %" G_GINT64_FORMAT " us, a usual text of that size %" G_GINT64_FORMAT,
					 is_same ? same[i].name : own[j].name, cost, base);
			most = MAX(most, cost);
		}
		g_string_free(text, TRUE);
	}
	figures = g_strdup_printf("{\"dearest\":%.1f}", (double)most / (double)base);
	record("json.cost", n, 0, figures);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_judged_by_its_rule),
		cmocka_unit_test(an_early_end_is_refused),
		cmocka_unit_test(no_text_costs_ten_times_a_usual_one),
	};
	g_autoptr(GPtrArray) read = cases = corpus_read("tests/data/hostile/json.txt", NULL);

	return cmocka_run_group_tests(tests, NULL, NULL);
}

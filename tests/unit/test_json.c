/* test_json.c - what strangers may send as JSON, and what we write */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "json.h"
#include "json_scan.h"

/* A literal with its length, so that NUL may be in it. */
#define TEXT(literal) literal, sizeof(literal) - 1

struct text {
	const char *bytes;
	size_t len;
};

static void assert_taken(const char *bytes, size_t len, const struct hg_json_limits *limits)
{
	g_autoptr(GError) error = NULL;
	/* A copy of exactly this size: reading past the end is seen by the sanitizer. */
	g_autofree char *copy = g_memdup2(bytes, len);
	g_autoptr(json_object) tree = hg_json_parse(copy, len, limits, &error);

	if (!tree)
		fail_msg("%.*s: refused: %s", (int)len, bytes, error->message);
	assert_null(error);
}

static void assert_refused(const char *bytes, size_t len, const struct hg_json_limits *limits,
			   enum hg_error_code code, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *copy = g_memdup2(bytes, len);
	g_autoptr(json_object) tree = hg_json_parse(copy, len, limits, &error);

	if (tree)
		fail_msg("%.*s: taken as %s", (int)len, bytes, json_object_to_json_string(tree));
	assert_non_null(error);
	if (!g_error_matches(error, HG_ERROR, (gint)code) || !strstr(error->message, why))
		fail_msg("%.*s: refused with code %d and \"%s\", want %d and \"%s\"", (int)len,
			 bytes, error->code, error->message, code, why);
}

/* Every row of what json-c 0.16 was measured to let through, and what it refuses only when told. */
static void what_json_c_lets_through_is_refused(void **state)
{
	static const struct { struct text text; const char *why; } cases[] = {
		{ { TEXT("{'a':1}") },			"byte 1: a key in double quotes" },
		{ { TEXT("['a']") },			"byte 1: strings stand in double quotes" },
		{ { TEXT("{\"a\":NaN}") },		"byte 5: no JSON value" },
		{ { TEXT("{\"a\":nan}") },		"byte 5: no JSON value" },
		{ { TEXT("{\"a\":Infinity}") },		"byte 5: no JSON value" },
		{ { TEXT("{\"a\":-Infinity}") },	"byte 5: a minus without digits" },
		{ { TEXT("{\"a\":1e999}") },		"byte 5: a number beyond what a double" },
		{ { TEXT("{\"a\":-1e999}") },		"byte 5: a number beyond what a double" },
		{ { TEXT("{\"a\":99999999999999999999}") }, "byte 5: an integer beyond 64 bits" },
		{ { TEXT("{\"a\":1,\"a\":2}") },	"byte 7: key \"a\" appears twice" },
		{ { TEXT("{\"a\":\"\\ud800\"}") },	"byte 6: a high surrogate" },
		{ { TEXT("{\"a\":1,}") },		"byte 7: a key in double quotes" },
		{ { TEXT("[1,]") },			"byte 3: no JSON value" },
		{ { TEXT("/* hi */ {}") },		"byte 0: no JSON value" },
		{ { TEXT("{} // hi") },			"byte 3: something follows" },
		{ { TEXT("{} {}") },			"byte 3: something follows" },
		{ { TEXT("{\"a\":\"\xff\"}") },		"byte 6: invalid UTF-8" },
		{ { TEXT("{\"a\":01}") },		"byte 5: a number with a leading zero" },
		{ { TEXT("True") },			"byte 0: no JSON value" },
		{ { TEXT("NULL") },			"byte 0: no JSON value" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_refused(cases[i].text.bytes, cases[i].text.len, NULL, HG_ERROR_INPUT,
			       cases[i].why);
}

static void what_is_no_json_is_refused(void **state)
{
	static const struct { struct text text; const char *why; } cases[] = {
		{ { TEXT("") },			"byte 0: the text ends too early" },
		{ { TEXT("  \n") },		"ends too early" },
		{ { TEXT("{") },		"ends too early" },
		{ { TEXT("[1") },		"ends too early" },
		{ { TEXT("{\"a\"") },		"a colon is missing" },
		{ { TEXT("{\"a\":") },		"ends too early" },
		{ { TEXT("{\"a\" 1}") },	"a colon is missing" },
		{ { TEXT("{\"a\":1") },		"ends too early" },
		{ { TEXT("{\"a\":1 \"b\":2}") },	"a comma or a closing bracket" },
		{ { TEXT("{1:2}") },		"a key in double quotes" },
		{ { TEXT("{,}") },		"a key in double quotes" },
		{ { TEXT("[,1]") },		"no JSON value" },
		{ { TEXT("[1}") },		"a comma or a closing bracket" },
		{ { TEXT("{\"a\":1]") },	"a comma or a closing bracket" },
		{ { TEXT("]") },		"no JSON value" },
		{ { TEXT("\"abc") },		"within a string" },
		{ { TEXT("\"abc\\") },		"an escape" },
		{ { TEXT("\"\\x41\"") },	"an escape" },
		{ { TEXT("\"\\\0\"") },		"an escape" },
		{ { TEXT("\"\\u12\"") },	"four hex digits" },
		{ { TEXT("\"\\u12g4\"") },	"four hex digits" },
		{ { TEXT("\"\\u0000\"") },	"\\u0000" },
		{ { TEXT("{\"\\u0000\":1}") },	"\\u0000" },
		{ { TEXT("\"a\0b\"") },		"a control character" },
		{ { TEXT("\"a\nb\"") },		"a control character" },
		{ { TEXT("\"12345678\x1f\"") },	"a control character" },
		{ { TEXT("\"\\udc00\"") },	"a low surrogate" },
		{ { TEXT("\"\\ud83d\\ud83d\"") }, "a high surrogate" },
		{ { TEXT("\"\\ud83dx\"") },	"a high surrogate" },
		{ { TEXT("\"\\ud83d\\u00e9\"") }, "a high surrogate" },
		{ { TEXT("\"\\ud83d\\nde00\"") }, "a high surrogate" },
		{ { TEXT("\"\\ud83dxude00\"") }, "a high surrogate" },
		{ { TEXT("\"\xc0\xaf\"") },	"invalid UTF-8" },	/* overlong */
		{ { TEXT("\"\xe0\x80\xaf\"") },	"invalid UTF-8" },
		{ { TEXT("\"\xf0\x80\x80\xaf\"") }, "invalid UTF-8" },
		{ { TEXT("\"\xed\xa0\x80\"") },	"invalid UTF-8" },	/* a surrogate */
		{ { TEXT("\"\xf4\x90\x80\x80\"") }, "invalid UTF-8" },	/* above U+10FFFF */
		{ { TEXT("\"\xe2\x82\"") },	"invalid UTF-8" },	/* cut short */
		{ { TEXT("\"\xe2\x82") },	"invalid UTF-8" },
		{ { TEXT("\"\xf0\x9f\x98") },	"invalid UTF-8" },
		{ { TEXT("1\0") },		"something follows" },
		{ { TEXT("[1\0]") },		"a comma or a closing bracket" },
		{ { TEXT("\"\x80\"") },		"invalid UTF-8" },
		{ { TEXT("\xef\xbb\xbf{}") },	"no JSON value" },	/* a byte order mark */
		{ { TEXT("-") },		"a minus" },
		{ { TEXT("+1") },		"no JSON value" },
		{ { TEXT(".5") },		"no JSON value" },
		{ { TEXT("1.") },		"behind its point" },
		{ { TEXT("1.e5") },		"behind its point" },
		{ { TEXT("1e") },		"in its exponent" },
		{ { TEXT("1e+") },		"in its exponent" },
		{ { TEXT("-01") },		"a leading zero" },
		{ { TEXT("0x10") },		"something follows" },
		{ { TEXT("1 2") },		"something follows" },
		{ { TEXT("-9223372036854775809") }, "an integer beyond" },
		{ { TEXT("18446744073709551616") }, "an integer beyond" },
		{ { TEXT("nul") },		"no JSON value" },
		{ { TEXT("truefalse") },	"something follows" },
		{ { TEXT("{}\0") },		"something follows" },
		{ { TEXT("\v{}") },		"no JSON value" },
		{ { TEXT("null") },		"null alone" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_refused(cases[i].text.bytes, cases[i].text.len, NULL, HG_ERROR_INPUT,
			       cases[i].why);
}

static void what_rfc_8259_allows_is_taken(void **state)
{
	static const struct text cases[] = {
		{ TEXT("{}") }, { TEXT("[]") }, { TEXT(" [ ] \r\n\t") }, { TEXT("0") }, { TEXT("-0") },
		{ TEXT("12") }, { TEXT("\"\"") }, { TEXT("true") }, { TEXT("false") },
		{ TEXT("[null]") }, { TEXT("[[],{},[{}]]") },
		{ TEXT("{\"\":1}") }, { TEXT("{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":2}}") },
		{ TEXT("[{\"a\":1},{\"a\":1}]") },
		{ TEXT("[0.5,-0.25,1e5,1E+5,1e-5,0e0,1.5e308,1e-999]") },
		{ TEXT("[-9223372036854775808,9223372036854775807,18446744073709551615]") },
		{ TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\"") },
		{ TEXT("\"\x7f\xc3\xa9\xe2\x82\xac\xef\xbf\xbf\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"") },
		{ TEXT("\"/* no comment */ // 'none'\"") },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_taken(cases[i].bytes, cases[i].len, NULL);
}

static gboolean scans(const char *text, size_t len)
{
	struct hg_json_scan scan = { .start = (const guint8 *)text, .max_depth = 1,
				     .end = (const guint8 *)text + len };

	return hg_json_scan(&scan);
}

/* Four bytes each from the edges of UTF-8's ranges; GLib is the judge. */
static void utf8_is_judged_as_glib_judges_it(void **state)
{
	static const guint8 edges[] = {
		'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
		0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
	};
	const size_t n = G_N_ELEMENTS(edges);
	(void)state;

	for (size_t i = 0; i < n * n * n * n; i++) {
		char text[] = { '"', (char)edges[i % n], (char)edges[i / n % n],
				(char)edges[i / n / n % n], (char)edges[i / n / n / n], '"' };

		if (scans(text, 6) != g_utf8_validate_len(text, 6, NULL))
			fail_msg("%02x %02x %02x %02x: not as GLib has it", (guint8)text[1],
				 (guint8)text[2], (guint8)text[3], (guint8)text[4]);
	}
}

static void surrogates_stand_in_pairs_only(void **state)
{
	static const guint edges[] = { 1, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff };
	char text[32];
	(void)state;

	for (guint unit = 0; unit < 0x10000; unit++) {
		g_snprintf(text, sizeof(text), "\"\\u%04x\"", unit);
		assert_int_equal(scans(text, 8), unit != 0 && (unit < 0xd800 || unit > 0xdfff));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(edges) * G_N_ELEMENTS(edges); i++) {
		guint a = edges[i / G_N_ELEMENTS(edges)], b = edges[i % G_N_ELEMENTS(edges)];
		gboolean pair = a >= 0xd800 && a <= 0xdbff && b >= 0xdc00 && b <= 0xdfff;
		gboolean none = (a < 0xd800 || a > 0xdfff) && (b < 0xd800 || b > 0xdfff);

		g_snprintf(text, sizeof(text), "\"\\u%04X\\u%04x\"", a, b);
		assert_int_equal(scans(text, 14), pair || none);
	}
}

/* Eight bytes are looked at together: what is odd must be found at each place of the eight. */
static void an_odd_byte_is_found_wherever_it_stands(void **state)
{
	static const char odd[] = { '"', '\\', 0x1f, 0, (char)0x80, (char)0xff };
	(void)state;

	for (size_t len = 1; len < 40; len++) {
		for (size_t at = 0; at < len; at++) {
			for (size_t i = 0; i < sizeof(odd); i++) {
				char text[64];

				memset(text, 'a', sizeof(text));
				text[0] = '"';
				text[1 + at] = odd[i];
				text[1 + len] = '"';
				assert_refused(text, len + 2, NULL, HG_ERROR_INPUT, "JSON: byte");
				text[1 + at] = '~';
				assert_taken(text, len + 2, NULL);
			}
		}
	}
}

static void every_beginning_of_a_text_is_refused(void **state)
{
	static const char text[] = "{\"a\":[1.5e1,\"x\\u00e9\\n\xc3\xa9\",true,null,{\"b\":{}}]}";
	(void)state;

	assert_taken(text, sizeof(text) - 1, NULL);
	for (size_t len = 0; len < sizeof(text) - 1; len++)
		assert_refused(text, len, NULL, HG_ERROR_INPUT, "");
}

static char *nested(const char *open, const char *close, guint depth)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < depth; i++)
		g_string_append(text, open);
	g_string_append(text, "1");
	for (guint i = 0; i < depth; i++)
		g_string_append(text, close);
	return g_string_free(text, FALSE);
}

static void depth_is_limited(void **state)
{
	static const struct { guint limit, taken; } cases[] = {
		{ 0, 32 }, { 1, 1 }, { 5, 5 }, { 64, 64 }, { 1024, 1024 }, { 5000, 1024 },
	};
	static const char *const brackets[][2] = { { "[", "]" }, { "{\"a\":", "}" } };
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases) * 2; i++) {
		struct hg_json_limits limits = { .max_depth = cases[i / 2].limit };
		const char *const *bracket = brackets[i % 2];
		g_autofree char *good = nested(bracket[0], bracket[1], cases[i / 2].taken);
		g_autofree char *deep = nested(bracket[0], bracket[1], cases[i / 2].taken + 1);

		assert_taken(good, strlen(good), &limits);
		assert_refused(deep, strlen(deep), &limits, HG_ERROR_LIMIT, "nested deeper");
	}
}

static void size_is_limited(void **state)
{
	struct hg_json_limits limits = { .max_bytes = 10 }, endless = { .max_bytes = G_MAXSIZE };
	gsize big = 4 * 1024 * 1024;
	g_autofree char *text = g_malloc(big + 1);
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_taken(TEXT("\"12345678\""), &limits);
	assert_refused(TEXT("\"123456789\""), &limits, HG_ERROR_LIMIT, "11 bytes, at most 10");
	memset(text, ' ', big + 1);
	text[0] = '1';
	assert_taken(text, big, NULL);
	assert_refused(text, big + 1, NULL, HG_ERROR_LIMIT, "at most 4194304");
	/* json-c counts in int: more than that is too much under any limit, and is not even looked at. */
	assert_taken(text, big + 1, &endless);
	assert_null(hg_json_parse(text, (gsize)G_MAXINT32 + 1, &endless, &error));
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_LIMIT));
}

/* What a tree takes is counted by what it is made of, to the byte. */
static void the_memory_of_a_tree_is_limited(void **state)
{
	static const struct { const char *text; gsize takes; } cases[] = {
		{ "{}", 800 }, { "[]", 360 }, { "1", 72 }, { "\"abc\"", 72 }, { "true", 72 }, { "[1,2]", 360 + 144 },
		{ "{\"ab\":1}", 800 + 100 + 4 + 72 }, { "[{},{}]", 360 + 1600 },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_json_limits most = { .max_memory = cases[i].takes }, less = { .max_memory = cases[i].takes - 1 };

		assert_taken(cases[i].text, strlen(cases[i].text), &most);
		assert_refused(cases[i].text, strlen(cases[i].text), &less, HG_ERROR_LIMIT, "more values than are taken");
	}
}

static void a_number_may_not_be_endless(void **state)
{
	g_autofree char *text = g_strnfill(1100, '1');
	(void)state;

	text[1] = '.';
	assert_taken(text, 1024, NULL);
	assert_refused(text, 1025, NULL, HG_ERROR_LIMIT, "more than 1024");
	text[1] = '1';
	assert_refused(text, 1100, NULL, HG_ERROR_INPUT, "an integer beyond 64 bits");
}

static void a_duplicate_key_is_found_in_every_disguise(void **state)
{
	static const struct { struct text text; const char *why; } cases[] = {
		{ { TEXT("{\"a\":1,\"\\u0061\":2}") },		"byte 7: key \"a\"" },
		{ { TEXT("{\"\":1,\"\":2}") },			"byte 6: key \"\"" },
		{ { TEXT("[0,{\"b\":{\"x\":1,\"x\":1}}]") },	"byte 15: key \"x\"" },
		{ { TEXT("{\"a\":{\"k\":1},\"b\":1,\"a\":1}") }, "byte 19: key \"a\"" },
		{ { TEXT("{\"a\":1,\"b\":{\"a\":1},\"a\":2}") }, "byte 19: key \"a\"" },
		{ { TEXT("{\"a\":1,\"b\":1,\"b\":2,\"a\":2}") }, "byte 13: key \"b\"" },
		{ { TEXT("{\"a\":1,\"a\":1,\"b\":2,\"b\":2}") }, "byte 7: key \"a\"" },
		{ { TEXT("{\"\xc3\xa9\":1,\"\\u00e9\":2}") },	"appears twice" },
		{ { TEXT("{\"a\\n\":1,\"a\\n\":1}") },		"appears twice" },
	};
	static const struct hg_json_limits lax = { .duplicates = TRUE };
	g_autoptr(json_object) tree = NULL;
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_refused(cases[i].text.bytes, cases[i].text.len, NULL, HG_ERROR_INPUT,
			       cases[i].why);
		assert_taken(cases[i].text.bytes, cases[i].text.len, &lax);
	}
	tree = hg_json_parse(TEXT("{\"a\":1,\"a\":2}"), &lax, NULL);
	assert_int_equal(hg_json_int(tree, "a", 0), 2);
}

static void one_duplicate_among_many_keys_is_found(void **state)
{
	g_autoptr(GString) text = g_string_new("{");
	(void)state;

	for (int i = 0; i < 40000; i++)
		g_string_append_printf(text, "\"k%d\":%d,", i, i);
	g_string_append(text, "\"last\":1}");
	assert_taken(text->str, text->len, NULL);
	g_string_truncate(text, text->len - 1);
	g_string_append(text, ",\"k20000\":1}");
	assert_refused(text->str, text->len, NULL, HG_ERROR_INPUT, "key \"k20000\" appears twice");
}

/* Objects in one another, in all of which the same few keys stand: only in one stands one twice. */
static void put_objects(GString *text, GRand *rand, int depth, int *objects, int culprit, gsize *ret_at)
{
	int self = (*objects)++, keys = g_rand_int_range(rand, 1, 4);

	g_string_append_c(text, '{');
	for (int i = 0; i < keys; i++) {
		g_string_append_printf(text, "%s\"%c\":", i ? "," : "", 'a' + i);
		if (depth && g_rand_boolean(rand))
			put_objects(text, rand, depth - 1, objects, culprit, ret_at);
		else
			g_string_append_c(text, '1');
	}
	if (self == culprit) {
		*ret_at = text->len + 1;
		g_string_append(text, ",\"a\":1");
	}
	g_string_append_c(text, '}');
}

static void one_duplicate_among_many_objects_is_found(void **state)
{
	GRand *rand = g_rand_new_with_seed(4711);
	(void)state;

	for (int i = 0; i < 500; i++) {
		g_autoptr(GString) text = g_string_new(NULL), why = g_string_new(NULL);
		int objects = 0, culprit = g_rand_int_range(rand, 0, 20);
		gsize at = 0;

		put_objects(text, rand, 5, &objects, culprit, &at);
		g_string_printf(why, "byte %zu: key \"a\" appears twice", at);
		if (culprit < objects)
			assert_refused(text->str, text->len, NULL, HG_ERROR_INPUT, why->str);
		else
			assert_taken(text->str, text->len, NULL);
	}
	g_rand_free(rand);
}

static void members_are_found_by_name_and_type(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"i\":-5,\"u\":18446744073709551615,\"m\":9223372036854775807,\"d\":1.5,"
		"\"t\":true,\"n\":null,\"o\":{\"k\":\"v\"},\"a\":[1,2],\"q\":\"7\"}";
	g_autoptr(json_object) tree = hg_json_parse(text, sizeof(text) - 1, NULL, NULL);
	(void)state;

	assert_string_equal(hg_json_str(tree, "s"), "x");
	assert_string_equal(hg_json_str(hg_json_obj(tree, "o"), "k"), "v");
	assert_int_equal(json_object_array_length(hg_json_arr(tree, "a")), 2);
	assert_int_equal(hg_json_int(tree, "i", 1), -5);
	assert_true(hg_json_int(tree, "m", 1) == G_MAXINT64);
	assert_true(hg_json_bool(tree, "t", FALSE));

	assert_null(hg_json_str(tree, "i"));
	assert_null(hg_json_str(tree, "n"));
	assert_null(hg_json_str(tree, "none"));
	assert_null(hg_json_obj(tree, "a"));
	assert_null(hg_json_arr(tree, "o"));
	assert_int_equal(hg_json_int(tree, "q", 9), 9);
	assert_int_equal(hg_json_int(tree, "d", 9), 9);
	assert_int_equal(hg_json_int(tree, "u", 9), 9);		/* not clamped */
	assert_int_equal(hg_json_int(tree, "none", 9), 9);
	assert_true(hg_json_bool(tree, "none", TRUE));
	assert_false(hg_json_bool(tree, "i", FALSE));
}

static void looking_into_nothing_finds_nothing(void **state)
{
	g_autoptr(json_object) array = hg_json_parse(TEXT("[1]"), NULL, NULL);
	(void)state;

	assert_null(hg_json_str(NULL, "a"));
	assert_null(hg_json_obj(NULL, "a"));
	assert_int_equal(hg_json_int(NULL, "a", 3), 3);
	assert_null(hg_json_arr(array, "a"));
	assert_true(hg_json_bool(array, "a", TRUE));
}

/* ---- writing ---- */
static void commas_are_put_where_they_belong(void **state)
{
	g_autoptr(GString) out = g_string_new("data: ");
	(void)state;

	hg_json_open(out, '{');
	hg_json_add_str(out, "a", "x,");
	hg_json_add_str(out, "b", NULL);
	hg_json_opt_str(out, "c", NULL);
	hg_json_opt_str(out, "d", "{");
	hg_json_key(out, "e");
	hg_json_open(out, '[');
	hg_json_put_int(out, G_MININT64);
	hg_json_put_bool(out, TRUE);
	hg_json_open(out, '{');
	hg_json_close(out, '}');
	hg_json_open(out, '[');
	hg_json_close(out, ']');
	hg_json_put_raw(out, "{\"r\":1} \n");
	hg_json_put_str(out, NULL);
	hg_json_put_str(out, "[");
	hg_json_close(out, ']');
	hg_json_add_time(out, "f", 1);
	hg_json_add_time(out, "g", 0);
	hg_json_opt_time(out, "h", 0);
	hg_json_opt_time(out, "i", 1763632931004);
	hg_json_add_raw(out, "j", NULL);
	hg_json_add_bool(out, "k", FALSE);
	hg_json_add_int(out, "l", 0);
	hg_json_close(out, '}');
	assert_string_equal(out->str,
		"data: {\"a\":\"x,\",\"b\":null,\"d\":\"{\",\"e\":[-9223372036854775808,true,{},[],"
		"{\"r\":1},null,\"[\"],\"f\":\"1970-01-01T00:00:00.001Z\",\"g\":null,"
		"\"i\":\"2025-11-20T10:02:11.004Z\",\"j\":null,\"k\":false,\"l\":0}");
	assert_taken(out->str + 6, out->len - 6, NULL);
}

static void strings_are_escaped(void **state)
{
	static const struct { struct text text; const char *want; } cases[] = {
		{ { TEXT("") },				"\"\"" },
		{ { TEXT("a\"b\\c /d") },		"\"a\\\"b\\\\c /d\"" },
		{ { TEXT("\b\f\n\r\t\x01\x1f\x7f") },	"\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\"" },
		{ { TEXT("\xc3\xa9\xf0\x9f\x98\x80") },	"\"\xc3\xa9\xf0\x9f\x98\x80\"" },
		{ { TEXT("a\xff""b\xe2\x82") },		"\"a\xef\xbf\xbd""b\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ { TEXT("a\0b") },			"\"a\xef\xbf\xbd""b\"" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) out = g_string_new(NULL);
		g_autofree char *copy = g_memdup2(cases[i].text.bytes, cases[i].text.len);

		hg_json_put_strn(out, copy ?: "", cases[i].text.len);
		assert_string_equal(out->str, cases[i].want);
		assert_taken(out->str, out->len, NULL);
	}
}

static void what_is_unseen_is_spelt_out_and_means_the_same(void **state)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(json_object) before = NULL, after = NULL;

	(void)state;
	hg_json_open(json, '{');
	hg_json_add_str(json, "a", "x\xc2\x9b" "31m\xe2\x80\xae\xf3\xa0\x81\x81\x7f\u2028\u00e9");
	hg_json_close(json, '}');
	before = hg_json_parse(json->str, json->len, NULL, NULL);
	hg_json_spell_out(json);
	assert_string_equal(json->str, "{\"a\":\"x\\u009b31m\\u202e\\udb40\\udc41\\u007f\\u2028\u00e9\"}");
	after = hg_json_parse(json->str, json->len, NULL, NULL);
	assert_true(json_object_equal(before, after));
}

/* The tree is made by us, and means what json-c's own parser makes of the text. */
static void a_text_means_what_it_means_to_json_c(void **state)
{
	static const char *const texts[] = {
		"{}", "[]", "[[],{}]", "{\"\":\"\"}", " { \"a\" : [ 1 , 2 ] , \"b\" : null } ", "\t[\n\r1]\n", "\"alone\"", "true",
		"[true,false,null]", "[0,-0,1,-1,9223372036854775807,-9223372036854775808,9223372036854775808,18446744073709551615]",
		"[0.0,-0.0,1.50,1e5,1E+5,-2.5e-3,1e308,0.1e1,5e-324,1e-400]",
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\\uD7FF\\ue000\",\"a\\nb\\\\\",\"\\\\\\\\\"]",
		"{\"k\\u0065y\":{\"n\\t\":[{\"deep\":{\"er\":[[[\"\u00fc\U0001f600\"]]]}}]},\"key2\":1.0}", "{\"a\":1,\"b\":{\"a\":2},\"c\":[{\"a\":3}]}",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *copy = g_memdup2(texts[i], strlen(texts[i]));
		g_autoptr(json_object) ours = hg_json_parse(copy, strlen(texts[i]), NULL, NULL);
		g_autoptr(json_object) theirs = json_tokener_parse(texts[i]);

		if (!ours || !json_object_equal(ours, theirs))
			fail_msg("%s: %s, json-c reads %s", texts[i], ours ? json_object_to_json_string(ours) : "refused",
				 json_object_to_json_string(theirs));
		assert_string_equal(json_object_to_json_string_ext(ours, JSON_C_TO_STRING_PLAIN),
				    json_object_to_json_string_ext(theirs, JSON_C_TO_STRING_PLAIN));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_means_what_it_means_to_json_c),
		cmocka_unit_test(what_json_c_lets_through_is_refused),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(what_rfc_8259_allows_is_taken),
		cmocka_unit_test(utf8_is_judged_as_glib_judges_it),
		cmocka_unit_test(surrogates_stand_in_pairs_only),
		cmocka_unit_test(an_odd_byte_is_found_wherever_it_stands),
		cmocka_unit_test(every_beginning_of_a_text_is_refused),
		cmocka_unit_test(depth_is_limited),
		cmocka_unit_test(size_is_limited),
		cmocka_unit_test(the_memory_of_a_tree_is_limited),
		cmocka_unit_test(a_number_may_not_be_endless),
		cmocka_unit_test(a_duplicate_key_is_found_in_every_disguise),
		cmocka_unit_test(one_duplicate_among_many_keys_is_found),
		cmocka_unit_test(one_duplicate_among_many_objects_is_found),
		cmocka_unit_test(members_are_found_by_name_and_type),
		cmocka_unit_test(looking_into_nothing_finds_nothing),
		cmocka_unit_test(commas_are_put_where_they_belong),
		cmocka_unit_test(what_is_unseen_is_spelt_out_and_means_the_same),
		cmocka_unit_test(strings_are_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

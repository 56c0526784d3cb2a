/* test_described_hostile.c - hostile text in every field of every kind of body: it stays the text of that field */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "record.h"
#include "said_shape.h"

/* What breaks out of something: of strings, members, fields, addresses, paths, headers, documents, templates. */
static const char *const hostile[] = {
	"\"", "\\", "\",\"admin\":true,\"x\":\"", "\"}],\"a\":[{\"b\":\"", "'", "{\"a\":1}", "[1]", "null", "123", "true",
	"a&admin=1", "a=b", "a;b", "a%26b", "%2e%2e", "..", ".", "../../admin", "/", "//evil.example/", "https://evil.example",
	"?x=1", "#", "@evil.example", "a b", "a\r\nX-Evil: 1", "a\nb\r\n\r\nGET / HTTP/1.1", "\t", "\x01\x02\x1f\x7f",
	"<script>alert(1)</script>", "</p></b><p>", "\" onload=\"x", "' onload='x", "<!--", "-->", "]]>", "<![CDATA[", "<?xml?>",
	"&lt;", "&#60;", "&amp;", "&evil;", "<br>", "a > b < c", "${text}", "$${text}", "${secret:token}", "{{text}}", "{id}", "$body", "*",
	"status:open OR 1", "x\" OR \"1\"=\"1", "a^ORb", "a*", "admin", "ticket", "files", "--boundary", "--\r\n",
	"name\"; filename=\"evil", "=?utf-8?q?a?=", "\xc3\xa9\xf0\x9f\x98\x80", "\u202eabc", "\xe2\x80\xa8\xe2\x80\xa9",
	"\xef\xbf\xbe", "\xff\xfe", "\xc0\xaf", "a\\u0022", "\xef\xbb\xbf", " ", "\xc2\xa0", "High",
};

static ht_request *compile(const char *json)
{
	g_autoptr(GString) at = g_string_new(NULL);
	struct ht_look look = { .at = at, .knows = TRUE, .secrets = shape_secrets, .values = shape_values, .names = shape_names,
				.people = shape_people };
	struct json_object *map = shape_json(json);
	ht_request *request = map ? ht_request_new(&look, map, TRUE) : NULL;

	if (!request)
		fail_msg("%s: %s: %s", json, look.first.at, look.first.text);
	json_object_put(map);
	return request;
}

/* The n-th text alone; n SHAPE_TEXTS: all of them. */
static struct json_object *situation(const char *text, gsize n)
{
	char *texts[SHAPE_TEXTS + 1] = { NULL };

	for (gsize i = 0; i < SHAPE_TEXTS; i++)
		texts[i] = (char *)(n == SHAPE_TEXTS || i == n ? text : "");
	return shape_situation(texts);
}

static void check(const ht_request *request, const struct shape_request *from, const char *text, gsize n)
{
	struct json_object *harmless = shape_situation(NULL), *other = situation(text, n);
	g_autofree char *why = shape_differs(request, harmless, other, from->html);

	if (why)
		fail_msg("%s: %s", from->json, why);
	json_object_put(harmless);
	json_object_put(other);
}

static void hostile_texts_stay_texts(void **state)
{
	gsize requests = 0;

	(void)state;
	for (const struct shape_request *from = shape_requests; from->json; from++, requests++) {
		g_autoptr(ht_request) request = compile(from->json);

		for (gsize i = 0; i < G_N_ELEMENTS(hostile); i++)
			for (gsize n = 0; n <= SHAPE_TEXTS; n++)
				check(request, from, hostile[i], n);
	}
	record("described.hostile", (gint64)(requests * G_N_ELEMENTS(hostile) * (SHAPE_TEXTS + 1)), 0, NULL);
}

/* Long ones, in linear time: a megabyte of what is escaped most is said or refused, and quickly. */
static void long_texts_are_said_or_refused(void **state)
{
	g_autofree char *quotes = g_strnfill(1 << 20, '"');

	(void)state;
	for (const struct shape_request *from = shape_requests; from->json; from++) {
		g_autoptr(ht_request) request = compile(from->json);

		check(request, from, quotes, SHAPE_TEXTS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_texts_stay_texts),
		cmocka_unit_test(long_texts_are_said_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

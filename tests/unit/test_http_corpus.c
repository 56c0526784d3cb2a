/* test_http_corpus.c - every case of tests/data/hostile/http.txt through the reader, however it is cut */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#include "../support/corpus_file.h"
#include "../support/record.h"
#include "http_parse.h"

#define BODY_MAX (4 << 20)
#define WHOLE_CUTS 400		/* bytes up to which a case is cut at every place */

static const struct corpus_macro macros[] = {
	{ "get", "GET /livez HTTP/1.1\\r\\nHost: gateway.example\\r\\n" },
	{ "post", "POST /channel/wa-main/webhook HTTP/1.1\\r\\nHost: gateway.example\\r\\n" },
	{ "chunked", "{post}Transfer-Encoding: chunked\\r\\n\\r\\n" },
	{ "end", "0\\r\\n\\r\\n" },
	{ NULL, NULL }
};

/* What a server would know: requests that were complete, the rule that ended it, and whether the
 * connection goes on. */
struct outcome {
	guint requests;
	enum hg_http_rule rule;
	gboolean over, pending;		/* no more is read; some of a request is there */
};

struct reader {
	struct hg_http_parser parser;
	struct outcome outcome;
};

static void see(struct reader *r, enum hg_http_event event)
{
	switch (event) {
	case HG_HTTP_HEAD:
		hg_http_take_body(&r->parser, BODY_MAX);
		break;
	case HG_HTTP_END:
		r->outcome.requests++;
		r->outcome.over = !r->parser.keep_alive;
		r->outcome.pending = FALSE;
		hg_http_parser_reset(&r->parser);
		break;
	case HG_HTTP_BAD:
		r->outcome.rule = r->parser.rule;
		r->outcome.over = TRUE;
		break;
	case HG_HTTP_BODY:
	case HG_HTTP_MORE:
		break;
	}
}

/* In memory of exactly that size, so that a look behind it is found. */
static void feed(struct reader *r, const char *bytes, gsize len)
{
	g_autofree char *copy = g_memdup2(bytes, len);
	struct hg_http_span span;
	enum hg_http_event event;
	gsize at = 0, used;

	do {
		if (r->outcome.over)
			return;
		r->outcome.pending |= at < len;
		event = hg_http_parse(&r->parser, copy + at, len - at, &used, &span);
		at += used;
		see(r, event);
	} while (at < len || event == HG_HTTP_HEAD || event == HG_HTTP_BODY);
}

/* The defaults of the server. */
static void begin(struct reader *r)
{
	static const struct hg_http_limits limits = { .head = 16 << 10, .target = 2 << 10, .headers = 100 };

	memset(r, 0, sizeof(*r));
	hg_http_parser_init(&r->parser, &limits);
}

static struct outcome outcome_of(const GString *bytes, gsize first, gsize step)
{
	struct reader r;

	begin(&r);
	feed(&r, bytes->str, MIN(first, bytes->len));
	for (gsize at = first; at < bytes->len; at += step)
		feed(&r, bytes->str + at, MIN(step, bytes->len - at));
	hg_http_parser_done(&r.parser);
	return r.outcome;
}

/* As the file writes it: "400 length.twice 1", "take 2 open", "wait". */
static char *describe(const struct outcome *o)
{
	const struct hg_http_rule_text *rule = hg_http_rule_text(o->rule);

	if (o->rule && o->requests)
		return g_strdup_printf("%d %s %u", rule->status, rule->word, o->requests);
	if (o->rule)
		return g_strdup_printf("%d %s", rule->status, rule->word);
	if (o->pending)
		return g_strdup(o->requests ? "requests, and a part" : "wait");
	return g_strdup_printf("take %u %s", o->requests, o->over ? "close" : "open");
}

static GPtrArray *cases;

static guint check_case(const struct corpus_case *c, gsize first, gsize step)
{
	struct outcome o = outcome_of(c->bytes, first, step);
	g_autofree char *got = describe(&o);

	if (strcmp(got, c->want)) {
		fprintf(stderr, "%s (%s), cut at %zu: got \"%s\", want \"%s\"\n", c->name, c->rule, first, got, c->want);
		return 1;
	}
	return 0;
}

static void each_is_judged_by_its_rule(void **state)
{
	guint wrong = 0;

	(void)state;
	assert_true(cases->len >= 300);
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);

		wrong += check_case(c, c->bytes->len, 1);
	}
	assert_int_equal(wrong, 0);
}

static void the_cut_makes_no_difference(void **state)
{
	guint wrong = 0, cuts = 0;

	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);

		wrong += check_case(c, 1, 1);
		for (gsize at = 2; !wrong && at < c->bytes->len && c->bytes->len <= WHOLE_CUTS; at++, cuts++)
			wrong += check_case(c, at, c->bytes->len);
	}
	assert_int_equal(wrong, 0);
	record("http.cuts", cuts, 0, NULL);
}

/* The peer leaves behind any byte: what was not whole is no request, and what was refused stays so. */
static void an_early_end_makes_no_request(void **state)
{
	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);
		struct outcome whole = outcome_of(c->bytes, c->bytes->len, 1), before = { 0 };
		struct reader r;

		begin(&r);
		for (gsize at = 0; at < c->bytes->len; at++) {
			feed(&r, c->bytes->str + at, 1);
			if (r.outcome.requests < before.requests || (before.over && !r.outcome.over) ||
			    (!r.outcome.over && !r.outcome.pending && r.outcome.requests == before.requests))
				fail_msg("%s, up to byte %zu: %u requests", c->name, at, r.outcome.requests);
			before = r.outcome;
		}
		hg_http_parser_done(&r.parser);
		if (before.requests != whole.requests || before.rule != whole.rule)
			fail_msg("%s: other at its end", c->name);
	}
}

/* No rule of the reader's is without a case, and none has only itself to be told from. */
static void every_rule_has_cases(void **state)
{
	(void)state;
	for (int rule = 1; rule < HG_RULE_ROUTE; rule++) {
		const struct hg_http_rule_text *text = hg_http_rule_text(rule);
		g_autofree char *want = g_strdup_printf("%d %s", text->status, text->word);
		guint n = 0;

		for (guint i = 0; i < cases->len; i++)
			n += g_str_has_prefix(((struct corpus_case *)g_ptr_array_index(cases, i))->want, want);
		if (n < 2)
			fail_msg("%u cases for %s", n, text->word);
	}
}

static void names_are_not_used_twice(void **state)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct corpus_case *c = g_ptr_array_index(cases, i);

		if (!g_hash_table_add(names, c->name))
			fail_msg("two cases are called %s", c->name);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_judged_by_its_rule),
		cmocka_unit_test(the_cut_makes_no_difference),
		cmocka_unit_test(an_early_end_makes_no_request),
		cmocka_unit_test(every_rule_has_cases),
		cmocka_unit_test(names_are_not_used_twice),
	};
	g_autoptr(GPtrArray) read = cases = corpus_read("tests/data/hostile/http.txt", macros);

	return cmocka_run_group_tests(tests, NULL, NULL);
}

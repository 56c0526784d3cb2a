/* What adapters of numbers share: items, addresses, times, URLs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "api_url.h"
#include "gather.h"
#include "json.h"

static guint emits, in_all, receipts_all, raws;
static GString *counted;

static void emit(struct hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg)
{
	(void)ch;
	assert_true(batch->n_in <= 1000 && batch->n_receipts <= 1000);
	emits++;
	in_all += batch->n_in;
	receipts_all += batch->n_receipts;
	raws += batch->raw_len > 0;
	if (ack)
		ack(arg, HG_STORED);
}

static void count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	g_string_append_printf(counted, "%s ", what);
}

static const struct hg_host host = { .size = sizeof(host), .emit = emit, .count = count };

static int begin(void **state)
{
	(void)state;
	emits = in_all = receipts_all = raws = 0;
	counted = g_string_new(NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	g_string_free(counted, TRUE);
	return 0;
}

static void a_delivery_goes_out_whole_in_batches_the_host_takes(void **state)
{
	struct hg_http_rep rep = { .size = sizeof(rep) };
	struct hg_gather gather;

	(void)state;
	hg_gather_init(&gather, &host, NULL);
	for (guint i = 0; i < 1201; i++)
		hg_gather_in(&gather, HG_TEXT)->id = hg_gather_fmt(&gather, "%u", i);
	for (guint i = 0; i < 3; i++)
		hg_gather_receipt(&gather, HG_R_SENT);
	hg_gather_emit(&gather, "raw", 3, &rep);
	assert_int_equal(in_all, 1201);
	assert_int_equal(receipts_all, 3);
	assert_int_equal(raws, 1);	/* kept once */
	assert_int_equal(rep.status, 0);
	hg_gather_tell(&gather);
	assert_int_equal(in_all, 2402);
	assert_int_equal(raws, 1);
	hg_gather_done(&gather);
}

static void nothing_is_answered_at_once(void **state)
{
	struct hg_http_rep rep = { .size = sizeof(rep) };
	struct hg_gather gather;

	(void)state;
	hg_gather_init(&gather, &host, NULL);
	hg_gather_emit(&gather, "raw", 3, &rep);
	hg_gather_stopped(&gather, NULL, NULL, NULL, 0, NULL);
	hg_gather_tell(&gather);
	assert_int_equal(rep.status, 200);
	assert_int_equal(emits, 0);
	hg_gather_done(&gather);
}

static void what_cannot_be_read_is_kept_under_a_key_of_its_own(void **state)
{
	struct hg_gather gather;
	const struct hg_in *in;

	(void)state;
	hg_gather_init(&gather, &host, NULL);
	hg_gather_unread(&gather, "a\0b", 3, "no idea");
	hg_gather_unread(&gather, "a\0c", 3, NULL);
	hg_gather_ignored(&gather, "", 0, "nothing");
	hg_gather_stopped(&gather, "tel:+447700900123", "short:12345", "m1", 9, "STOP");
	in = &g_array_index(gather.in, struct hg_in, 0);
	assert_int_equal(in[0].kind, HG_UNSUPPORTED);
	assert_memory_equal(in[0].raw, "a\0b", 3);
	assert_string_not_equal(in[0].dedupe, in[1].dedupe);
	assert_null(in[1].note);
	assert_int_equal(in[2].kind, HG_IGNORED);
	assert_int_equal(in[3].kind, HG_CONSENT);
	assert_string_equal(in[3].text, "stop");
	assert_string_equal(in[3].from[0].uri, "tel:+447700900123");
	assert_string_equal(in[3].dedupe, "stopped:m1:tel:+447700900123");
	assert_string_equal(counted->str, "unsupported unsupported ignored ");
	hg_gather_done(&gather);
}

static void senders_are_addresses_and_their_spelling_is_kept(void **state)
{
	static const struct { const char *said, *country, *uri, *other; } cases[] = {
		{ "447700900123", NULL, "tel:+447700900123", NULL },
		{ "+447700900123", NULL, "tel:+447700900123", NULL },
		{ "00447700900123", NULL, "tel:+447700900123", "x:00447700900123" },
		{ "07700900123", "GB", "tel:+447700900123", "x:07700900123" },
		{ "12345", NULL, "short:12345", NULL },
		{ "INFO", "", "name:INFO", NULL },
		{ "", NULL, NULL, NULL },
		{ NULL, NULL, NULL, NULL },
		{ "a\nb", NULL, NULL, NULL },
	};
	struct hg_gather gather;

	(void)state;
	hg_gather_init(&gather, &host, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_in *in = hg_gather_in(&gather, HG_TEXT);
		gboolean ok = hg_gather_from(&gather, in, cases[i].said, "x", cases[i].country);

		if (ok != (cases[i].uri != NULL) || (ok && strcmp(in->from[0].uri, cases[i].uri) != 0) ||
		    (ok && g_strcmp0(in->n_from > 1 ? in->from[1].uri : NULL, cases[i].other) != 0))
			fail_msg("case %zu: %s, %s", i, ok ? in->from[0].uri : "none", in->n_from > 1 ? in->from[1].uri : "alone");
		if (!ok)
			continue;
		hg_gather_also_from(&gather, in, "y:first", TRUE);
		assert_string_equal(in->from[0].uri, "y:first");
		assert_string_equal(in->from[1].uri, cases[i].uri);
	}
	hg_gather_done(&gather);
}

static void words_and_numbers_come_in_any_type(void **state)
{
	g_autoptr(json_object) obj = json_tokener_parse("{\"s\":\"x\",\"e\":\"\",\"n\":5,\"d\":0.5,\"t\":true,\"o\":{},\"a\":[],"
							"\"z\":null,\"digits\":\"007\",\"minus\":-1}");

	(void)state;
	assert_string_equal(hg_json_word(obj, "s"), "x");
	assert_string_equal(hg_json_word(obj, "n"), "5");
	assert_string_equal(hg_json_word(obj, "d"), "0.5");
	assert_string_equal(hg_json_word(obj, "t"), "true");
	for (const char *const *key = (const char *const[]){ "e", "o", "a", "z", "missing", NULL }; *key; key++)
		assert_null(hg_json_word(obj, *key));
	assert_null(hg_json_word(NULL, "s"));
	assert_int_equal(hg_json_number(obj, "digits", -1), 7);
	assert_int_equal(hg_json_number(obj, "minus", -2), -2);
	assert_int_equal(hg_number_of("999999999999999999", -1), INT64_C(999999999999999999));
	assert_int_equal(hg_number_of("1000000000000000000", -1), -1);
	assert_int_equal(hg_number_of("1 ", -1), -1);
	assert_int_equal(hg_number_of("", -1), -1);
}

static void times_of_providers(void **state)
{
	static const struct { const char *text; gint64 ms; } cases[] = {
		{ "2026-11-20 10:02:11", INT64_C(1795168931000) }, { "2026-11-20T10:02:11Z", INT64_C(1795168931000) },
		{ "2026-11-20T10:02:11.220+0000", INT64_C(1795168931220) }, { "2026-11-20T11:02:11.5+01:00", INT64_C(1795168931500) },
		{ "2026-11-20", 0 }, { "2026-13-20 10:02:11", 0 }, { "", 0 }, { NULL, 0 }, { "1969-12-31 23:59:59", 0 },
		{ "0000-00-00 00:00:00", 0 }, { "2026-11-20 10:02:11 and then a lot more of it", 0 },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_time_of(cases[i].text) != cases[i].ms)
			fail_msg("%s: %" G_GINT64_FORMAT, cases[i].text, hg_time_of(cases[i].text));
}

static void urls_that_secrets_may_go_to(void **state)
{
	static const char *const good[] = { "https://api.example", "https://api.example:8443/x", "http://localhost:1", "http://127.0.0.1:9",
					    "HTTPS://API.EXAMPLE/", "http://[::1]:5" };
	static const char *const bad[] = { "http://api.example", "https://u:p@api.example", "https://api.example?x", "https://api.example#x",
					   "ftp://api.example", "api.example", "", "https://", "http://127.0.0.1.evil@x", "https://a b" };
	static const char *const hosts[] = { ".example", "one.test", NULL };
	g_autofree char *url = hg_api_url("https://a.example//", "v1/x"), *host_name = hg_api_host("https://A.Example:80/x");

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		assert_null(hg_api_url_wrong(good[i]));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		if (!hg_api_url_wrong(bad[i]))
			fail_msg("%s is let pass", bad[i]);
	assert_string_equal(url, "https://a.example/v1/x");
	assert_string_equal(host_name, "a.example");
	assert_null(hg_api_host("https://u@a.example"));
	assert_null(hg_api_host(NULL));
	assert_true(hg_api_same_origin("https://a.example/x", "https://A.EXAMPLE:443/y"));
	assert_false(hg_api_same_origin("https://a.example", "http://a.example"));
	assert_false(hg_api_same_origin("https://a.example", "https://a.example:8443"));
	assert_false(hg_api_same_origin("https://a.example", "https://b.example"));
	assert_false(hg_api_same_origin("nonsense", "nonsense"));
	assert_true(hg_api_host_in("a.example", hosts) && hg_api_host_in("one.test", hosts));
	assert_false(hg_api_host_in("aexample", hosts) || hg_api_host_in("x.one.test", hosts) || hg_api_host_in("example", hosts));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_delivery_goes_out_whole_in_batches_the_host_takes, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_answered_at_once, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_read_is_kept_under_a_key_of_its_own, begin, end),
		cmocka_unit_test_setup_teardown(senders_are_addresses_and_their_spelling_is_kept, begin, end),
		cmocka_unit_test(words_and_numbers_come_in_any_type),
		cmocka_unit_test(times_of_providers),
		cmocka_unit_test(urls_that_secrets_may_go_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

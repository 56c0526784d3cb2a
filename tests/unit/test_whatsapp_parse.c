/* test_whatsapp_parse.c - WhatsApp webhooks: trust, recorded shapes, and everything bent out of shape
 *
 * With --write the recorded results are written again; the diff is to be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <json-c/json.h>
#include <string.h>

#include "identity.h"
#include "media.h"
#include "webhook.h"
#include "whatsapp_fixture.h"

static gboolean writing;

/* ---- recorded shapes ---- */

static GPtrArray *payload_names(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	g_autoptr(GDir) dir = g_dir_open(PAYLOADS, 0, &error);
	const char *file;

	g_assert_no_error(error);
	while ((file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, ".json"))
			g_ptr_array_add(names, g_strndup(file, strlen(file) - 5));
	g_assert_cmpuint(names->len, >, 60);
	return names;
}

static char *read_payload(const char *name, const char *ending, gsize *ret_len)
{
	g_autofree char *path = g_strconcat(PAYLOADS "/", name, ending, NULL);
	char *text = NULL;

	return g_file_get_contents(path, &text, ret_len, NULL) ? text : NULL;
}

static void check_golden(const char *name)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *path = g_strconcat(PAYLOADS "/", name, ".out", NULL), *want = NULL;
	gsize len = 0;
	g_autofree char *body = read_payload(name, ".json", &len);
	const char *got;

	assert_int_equal(wa_host_deliver(host, body, len, NULL), 0);
	got = wa_host_take(host);
	assert_true(*got);
	if (writing) {
		assert_true(g_file_set_contents(path, got, -1, NULL));
		return;
	}
	want = read_payload(name, ".out", NULL);
	if (!want || strcmp(want, got))
		fail_msg("%s: got\n%s\nwanted\n%s", name, got, want ? want : "(no .out file: make golden)");
}

static void recorded_webhooks_become_what_was_recorded(void **state)
{
	g_autoptr(GPtrArray) names = payload_names();

	(void)state;
	for (guint i = 0; i < names->len; i++)
		check_golden(names->pdata[i]);
}

static void the_same_webhook_gives_the_same_keys(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	gsize len = 0;
	g_autofree char *body = read_payload("everything_at_once", ".json", &len), *first = NULL;

	(void)state;
	wa_host_deliver(host, body, len, NULL);
	first = g_strdup(wa_host_take(host));
	wa_host_deliver(host, body, len, NULL);
	assert_string_equal(first, wa_host_take(host));
}

/* ---- bent out of shape ---- */

#define BEFORE "{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"phone_number_id\":\"" WA_NUMBER "\"}," \
	"\"messages\":[{\"from\":\"447700900001\",\"id\":\"wamid.FIRST\",\"timestamp\":\"1795168800\"," \
	"\"type\":\"text\",\"text\":{\"body\":\"first\"}}]},\"field\":\"messages\"}"
#define AFTER "{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"phone_number_id\":\"" WA_OTHER "\"}," \
	"\"statuses\":[{\"id\":\"wamid.LAST\",\"status\":\"read\",\"timestamp\":\"1795168801\"}]},\"field\":\"messages\"}"
#define FIRST_GOT "text\n  id: wamid.FIRST\n  wide\n  to: whatsapp:" WA_NUMBER "\n  from: tel:+447700900001 (proven)\n" \
	"  text: first\n  sent: 2026-11-20T10:00:00.000Z\n"
#define LAST_GOT "receipt read\n  id: wamid.LAST\n  at: 2026-11-20T10:00:01.000Z\n"

static const char *const bent[] = {
	"null", "4711", "-1.5", "\"\"", "\"x\"", "[]", "[[{}]]", "{}", "true", NULL /* left out */,
};

struct bending {
	struct wa_host *host;
	struct json_object *changes;	/* what is bent */
	const char *name;
	guint n;
};

/* The payload as it is now, between two good neighbours: those must come out untouched. */
static void deliver_bent(struct bending *b, const char *what)
{
	g_autofree char *body = g_strdup_printf("{\"object\":\"whatsapp_business_account\",\"entry\":["
		"{\"id\":\"1\",\"changes\":[" BEFORE "]},{\"id\":\"2\",\"changes\":%s},{\"id\":\"3\",\"changes\":["
		AFTER "]}]}", json_object_to_json_string_ext(b->changes, JSON_C_TO_STRING_PLAIN));
	const char *got;

	assert_int_equal(wa_host_deliver(b->host, body, strlen(body), NULL), 0);
	got = wa_host_take(b->host);
	if (!g_str_has_prefix(got, FIRST_GOT) || !g_str_has_suffix(got, LAST_GOT))
		fail_msg("%s, %s: a neighbour was hurt:\n%s", b->name, what, got);
	g_hash_table_remove_all(b->host->counts);
	b->n++;
}

static void bend(struct bending *b, struct json_object *node);

static void bend_member(struct bending *b, struct json_object *obj, const char *key)
{
	struct json_object *was = json_object_get(json_object_object_get(obj, key));

	for (gsize i = 0; i < G_N_ELEMENTS(bent); i++) {
		if (bent[i])
			json_object_object_add(obj, key, json_tokener_parse(bent[i]));
		else
			json_object_object_del(obj, key);
		deliver_bent(b, key);
	}
	json_object_object_add(obj, key, was);
	bend(b, was);
}

static void bend_element(struct bending *b, struct json_object *arr, gsize at)
{
	struct json_object *was = json_object_get(json_object_array_get_idx(arr, at));

	for (gsize i = 0; i < G_N_ELEMENTS(bent) - 1; i++) {
		json_object_array_put_idx(arr, at, json_tokener_parse(bent[i]));
		deliver_bent(b, "an element");
	}
	json_object_array_put_idx(arr, at, was);
	bend(b, was);
}

static void bend(struct bending *b, struct json_object *node)
{
	if (json_object_is_type(node, json_type_array)) {
		for (gsize i = 0; i < json_object_array_length(node); i++)
			bend_element(b, node, i);
	} else if (json_object_is_type(node, json_type_object)) {
		g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);

		json_object_object_foreach(node, key, value) {
			(void)value;
			g_ptr_array_add(keys, g_strdup(key));
		}
		for (guint i = 0; i < keys->len; i++)
			bend_member(b, node, keys->pdata[i]);
	}
}

static void any_member_of_any_type_hurts_nobody_else(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autoptr(GPtrArray) names = payload_names();
	struct bending b = { .host = host };

	(void)state;
	for (guint i = 0; i < names->len; i++) {
		gsize len = 0;
		g_autofree char *body = read_payload(names->pdata[i], ".json", &len);
		struct json_object *root = json_tokener_parse(body), *entries, *entry;

		b.name = names->pdata[i];
		entries = root ? json_object_object_get(root, "entry") : NULL;
		entry = entries && json_object_is_type(entries, json_type_array) ?
			json_object_array_get_idx(entries, 0) : NULL;
		if (entry) {
			b.changes = json_object_object_get(entry, "changes");
			bend(&b, b.changes);
		}
		json_object_put(root);
	}
	assert_true(b.n > 10000);
}

static void cut_off_anywhere_it_is_kept_whole(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	gsize len = 0;
	g_autofree char *body = read_payload("text", ".json", &len);

	(void)state;
	for (gsize cut = 0; cut + 2 < len; cut++) {
		assert_int_equal(wa_host_deliver(host, body, cut, NULL), 0);
		assert_true(g_str_has_prefix(wa_host_take(host), "unsupported\n"));
	}
	assert_int_equal(wa_host_counted(host, "unreadable_body"), len - 2);
}

static void bytes_that_are_no_text_are_kept_whole(void **state)
{
	static const char *const bodies[] = {
		"", "null", "5", "[]", "\xff\xfe", "{'entry':", "{\"entry\":[{\"changes\":[{\"field\":\"\xff\"}]}]}",
		"{\"entry\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	};
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		assert_int_equal(wa_host_deliver(host, bodies[i], strlen(bodies[i]), NULL), 0);
		assert_true(g_str_has_prefix(wa_host_take(host), "unsupported\n"));
	}
}

static void what_is_no_character_costs_nothing_but_itself(void **state)
{
	static const char *const odd[] = { "\\ud83d", "\\u0000", "\xff", "\xc0", "\\ude00" };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autofree char *body = g_strdup_printf("{\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{"
			"\"metadata\":{\"phone_number_id\":\"" WA_NUMBER "\"},"
			"\"contacts\":[{\"profile\":{\"name\":\"Ana %s Lima\"},\"wa_id\":\"447700900001\"}],"
			"\"messages\":[{\"from\":\"447700900001\",\"id\":\"wamid.1\",\"type\":\"text\","
			"\"text\":{\"body\":\"C:\\\\u0000 %s.\"}}]}}]}]}", odd[i], odd[i]);
		g_autoptr(wa_host) host = wa_host_new();
		const char *got;

		assert_int_equal(wa_host_deliver(host, body, strlen(body), NULL), 0);
		got = wa_host_take(host);
		assert_true(g_str_has_prefix(got, "text\n  id: wamid.1\n"));
		if (!strstr(got, "name: Ana \xef\xbf\xbd Lima\n") || !strstr(got, "text: C:\\u0000 \xef\xbf\xbd.\n"))
			fail_msg("%s", got);
		assert_int_equal(wa_host_counted(host, "odd_json"), 1);
	}
}

static guint count_of(const char *text, const char *word)
{
	guint n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

static void a_thousand_messages_come_in_portions_and_all_of_them(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autoptr(GString) body = g_string_new("{\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{"
					       "\"metadata\":{\"phone_number_id\":\"" WA_NUMBER "\"},\"messages\":[");
	const char *got;

	(void)state;
	for (guint i = 0; i < 1200; i++)
		g_string_append_printf(body, "%s{\"from\":\"447700900001\",\"id\":\"wamid.%u\",\"type\":\"text\","
				       "\"text\":{\"body\":\"x\"}}", i ? "," : "", i);
	g_string_append(body, "]}}]}]}");
	assert_int_equal(wa_host_deliver(host, body->str, body->len, NULL), 0);
	got = wa_host_take(host);
	assert_int_equal(count_of(got, "id: wamid."), 1200);
	assert_int_equal(host->emits, 3);
	assert_int_equal(host->raw_bytes, body->len);	/* the delivery is kept once */
}

static void a_flood_of_items_ends_with_one_that_says_so(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autoptr(GString) body = g_string_new("{\"entry\":[");
	const char *got;

	(void)state;
	for (guint i = 0; i < WA_ITEMS_MAX + 5; i++)
		g_string_append_printf(body, "%s%u", i ? "," : "", i);
	g_string_append(body, "]}");
	assert_int_equal(wa_host_deliver(host, body->str, body->len, NULL), 0);
	got = wa_host_take(host);
	assert_int_equal(count_of(got, "unsupported\n"), WA_ITEMS_MAX);
	assert_non_null(strstr(got, "a webhook with 6 items more than the 20000 that are taken apart"));
}

/* ---- trust ---- */

static const char hello[] = "{\"entry\":[{\"changes\":[" BEFORE "]}]}";

static void a_webhook_signed_with_either_secret_is_taken(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (char **secret = host->conf.app_secret; *secret; secret++) {
		g_autofree char *signature = wa_host_sign(*secret, hello, strlen(hello));

		assert_int_equal(wa_host_deliver(host, hello, strlen(hello), signature), 0);
		assert_string_equal(wa_host_take(host), FIRST_GOT);
	}
	assert_int_equal(wa_host_counted(host, "signature_refused"), 0);
}

static void one_bit_of_signature_or_body_and_it_is_refused(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *signature = wa_host_sign(host->conf.app_secret[0], hello, strlen(hello));
	guint n = 0;

	(void)state;
	for (gsize i = 0; i < strlen(signature); i++)
		for (guint bit = 0; bit < 7; bit++) {
			g_autofree char *changed = g_strdup(signature);

			changed[i] = (char)(changed[i] ^ 1 << bit);
			if (!changed[i])
				continue;
			assert_int_equal(wa_host_deliver(host, hello, strlen(hello), changed), 401);
			n++;
		}
	for (gsize i = 0; i < strlen(hello); i++) {
		g_autofree char *changed = g_strdup(hello);

		changed[i] ^= 1;
		assert_int_equal(wa_host_deliver(host, changed, strlen(hello), signature), 401);
		n++;
	}
	assert_int_equal(host->emits, 0);
	assert_int_equal(wa_host_counted(host, "signature_refused"), n);
}

static void other_signatures_are_refused(void **state)
{
	static const char zeros[] = "sha256=0000000000000000000000000000000000000000000000000000000000000000";
	char *no_secret[] = { (char *)"", NULL };
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *good = wa_host_sign(host->conf.app_secret[0], hello, strlen(hello));
	g_autofree char *empty = wa_host_sign("", hello, strlen(hello));
	g_autofree char *longer = g_strconcat(good, "0", NULL), *shorter = g_strndup(good, strlen(good) - 1);
	g_autofree char *sha1 = g_strconcat("sha1=", good + 7, NULL);
	const char *const headers[] = { zeros, empty, longer, shorter, sha1, good + 7, "", "sha256=" };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
		assert_int_equal(wa_host_deliver(host, hello, strlen(hello), headers[i]), 401);
	assert_false(wa_signature_ok(host->conf.app_secret, hello, strlen(hello), NULL));
	assert_false(wa_signature_ok(NULL, hello, strlen(hello), good));
	assert_false(wa_signature_ok(no_secret, hello, strlen(hello), empty));
	assert_int_equal(host->emits, 0);
}

static void refused_webhooks_raise_one_alarm_until_a_good_one_comes(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (int i = 0; i < 100; i++)
		wa_host_deliver(host, hello, strlen(hello), "sha256=00");
	assert_int_equal(host->conditions, 1);
	assert_int_equal(host->condition, HG_DEGRADED);
	assert_non_null(strstr(host->condition_text, "app_secret"));
	wa_host_deliver(host, hello, strlen(hello), NULL);
	assert_int_equal(host->condition, HG_UP);
	/* Who sends both must not make us ring all day. */
	for (int i = 0; i < 100; i++) {
		wa_host_deliver(host, hello, strlen(hello), "sha256=00");
		wa_host_deliver(host, hello, strlen(hello), NULL);
	}
	assert_int_equal(host->conditions, 2);
	host->now_ms += 61000;
	wa_host_deliver(host, hello, strlen(hello), "sha256=00");
	assert_int_equal(host->conditions, 3);
}

static void without_signature_the_token_of_the_url_is_needed(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	host->conf.signature = (char *)"off";
	host->conf.url_token = (char *)"0123456789abcdef";
	assert_int_equal(wa_host_deliver(host, hello, strlen(hello), "token 0123456789abcdef"), 0);
	assert_int_equal(wa_host_deliver(host, hello, strlen(hello), "token 0123456789abcdeF"), 401);
	assert_int_equal(wa_host_deliver(host, hello, strlen(hello), "token "), 401);
	assert_int_equal(wa_host_deliver(host, hello, strlen(hello), NULL), 401);
	assert_int_equal(wa_host_counted(host, "token_refused"), 3);
	/* With both, both must fit. */
	host->conf.signature = (char *)"on";
	assert_int_equal(wa_host_deliver(host, hello, strlen(hello), "token 0123456789abcdef"), 401);
	assert_int_equal(wa_host_counted(host, "signature_refused"), 1);
}

static void the_handshake_echoes_the_challenge_to_who_knows_the_token(void **state)
{
	static const struct { const char *mode, *token, *challenge; int status; } cases[] = {
		{ "subscribe", "verify-me", "1158201444", 200 },
		{ "subscribe", "verify-m", "1158201444", 403 },
		{ "subscribe", "verify-me ", "1158201444", 403 },
		{ "subscribe", NULL, "1158201444", 403 },
		{ "subscribe", "verify-me", NULL, 403 },
		{ "unsubscribe", "verify-me", "1158201444", 403 },
		{ NULL, "verify-me", "1158201444", 403 },
	};
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *body = NULL;

		assert_int_equal(wa_host_handshake(host, cases[i].mode, cases[i].token, cases[i].challenge, &body),
				 cases[i].status);
		assert_true((cases[i].status == 200) == !g_strcmp0(body, cases[i].challenge));
	}
	/* No token and an empty one are none: nobody knows them. */
	for (int i = 0; i < 4; i++) {
		g_autofree char *body = NULL;

		host->conf.verify_token = i / 2 ? (char *)"" : NULL;
		assert_int_equal(wa_host_handshake(host, "subscribe", i % 2 ? "" : "verify-me", "1", &body), 403);
	}
	assert_int_equal(wa_host_counted(host, "handshake"), 1);
	assert_int_equal(wa_host_counted(host, "handshake_refused"), 10);
}

/* A token in the URL is asked for by the handshake too; an empty one in the configuration is none. */
static void the_handshake_needs_the_token_of_the_url(void **state)
{
	static const struct { const char *wanted, *said; int status; } cases[] = {
		{ "0123456789abcdef", "0123456789abcdef", 200 }, { "0123456789abcdef", "0123456789abcdeF", 403 },
		{ "0123456789abcdef", "", 403 }, { "0123456789abcdef", NULL, 403 }, { "", NULL, 200 }, { "", "x", 200 },
		{ NULL, NULL, 200 }, { NULL, "x", 200 },
	};
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *body = NULL;

		host->conf.url_token = (char *)cases[i].wanted;
		host->handshake_token = cases[i].said;
		if (wa_host_handshake(host, "subscribe", "verify-me", "7", &body) != cases[i].status)
			fail_msg("case %zu: %s", i, body);
	}
}

/* More than one batch holds goes over in parts: all of it, in order, and the raw bytes once. */
static void a_big_webhook_is_handed_over_in_parts(void **state)
{
	static const struct { guint messages, statuses, parts; } cases[] = {
		{ 499, 0, 1 }, { 500, 0, 1 }, { 501, 0, 2 }, { 0, 500, 1 }, { 0, 501, 2 }, { 3, 1001, 3 }, { 1001, 2, 3 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wa_host) host = wa_host_new();
		g_autoptr(GString) body = g_string_new("{\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{"
			"\"metadata\":{\"phone_number_id\":\"" WA_NUMBER "\"},\"messages\":[");
		g_auto(GStrv) lines = NULL;
		guint messages = 0, statuses = 0;

		for (guint n = 0; n < cases[i].messages; n++)
			g_string_append_printf(body, "%s{\"from\":\"447700900001\",\"id\":\"wamid.m%u\",\"timestamp\":\"1763632931\","
					       "\"type\":\"text\",\"text\":{\"body\":\"x\"}}", n ? "," : "", n);
		g_string_append(body, "],\"statuses\":[");
		for (guint n = 0; n < cases[i].statuses; n++)
			g_string_append_printf(body, "%s{\"id\":\"wamid.s%u\",\"status\":\"sent\",\"timestamp\":\"1763632931\","
					       "\"recipient_id\":\"447700900001\"}", n ? "," : "", n);
		g_string_append(body, "]}}]}]}");
		assert_int_equal(wa_host_deliver(host, body->str, body->len, NULL), 0);
		assert_int_equal(host->emits, cases[i].parts);
		assert_int_equal(host->raw_bytes, body->len);
		lines = g_strsplit(host->log->str, "wamid.", -1);
		/* Each of a kind in the order it came in. */
		for (char **line = lines + 1; *line; line++)
			assert_int_equal(g_ascii_strtoull(*line + 1, NULL, 10), **line == 'm' ? messages++ : statuses++);
		assert_int_equal(messages, cases[i].messages);
		assert_int_equal(statuses, cases[i].statuses);
	}
}

/* ---- what a status tells of the account ---- */

static void an_old_status_is_no_news_of_the_account(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	gsize len = 0;
	g_autofree char *body = read_payload("status_account_locked", ".json", &len);

	(void)state;
	host->now_ms += 6 * INT64_C(86400000);
	wa_host_deliver(host, body, len, NULL);
	assert_int_equal(host->conditions, 0);
	host->now_ms -= 6 * INT64_C(86400000);
	wa_host_deliver(host, body, len, NULL);
	assert_int_equal(host->condition, HG_DOWN);
	assert_non_null(strstr(host->condition_text, "payment method"));
}

/* Found by the fuzzer: a long reason was cut between the bytes of one character. */
static void news_that_are_cut_short_end_with_a_whole_character(void **state)
{
	g_autoptr(GString) body = g_string_new("{\"entry\":[{\"changes\":[{\"field\":\"message_template_status_update\","
		"\"value\":{\"event\":\"REJECTED\",\"reason\":\"x");
	g_autoptr(wa_host) host = wa_host_new();
	const char *taken;

	(void)state;
	for (int i = 0; i < 200; i++)
		g_string_append(body, "\xe2\x82\xac");
	g_string_append(body, "\"}}]}]}");
	wa_host_deliver(host, body->str, body->len, NULL);
	taken = wa_host_take(host);
	assert_non_null(strstr(taken, "REJECTED"));
	assert_true(g_utf8_validate(taken, -1, NULL));
}

/* ---- one number is all there is ---- */

static void with_one_number_a_missing_name_is_no_doubt(void **state)
{
	static const char body[] = "{\"entry\":[{\"changes\":[{\"field\":\"messages\",\"value\":{\"messages\":[{"
		"\"from\":\"447700900001\",\"id\":\"wamid.1\",\"type\":\"image\",\"image\":{\"id\":\"5\"}}]}}]}]}";
	char *one[] = { (char *)WA_NUMBER, NULL };
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	wa_host_deliver(host, body, strlen(body), NULL);
	assert_non_null(strstr(wa_host_take(host), "a file of a number that is not named"));
	host->conf.phone_number_id = one;
	wa_host_deliver(host, body, strlen(body), NULL);
	assert_non_null(strstr(wa_host_take(host), "ref: " WA_NUMBER "/5\n"));
}

/* ---- small parts ---- */

static void addresses_are_told_from_what_is_none(void **state)
{
	static const struct { const char *id, *address; } cases[] = {
		{ "447700900123", "tel:+447700900123" }, { "+44 7700 900-123", "tel:+447700900123" },
		{ "US.13491208655302741918", "whatsapp:US.13491208655302741918" },
		{ "US.ENT.11815799212886844830", NULL }, { "us.1349", NULL }, { "US.", NULL }, { "US.12/3", NULL },
		{ "", NULL }, { "123456", NULL }, { "1234567890123456", NULL }, { "0044770090012", NULL },
		{ "44+7700900123", NULL }, { "MTN", NULL }, { "4477009001a3", NULL },
	};
	struct wa_pool *pool = wa_pool_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *got = wa_address(pool, cases[i].id);

		if (g_strcmp0(got, cases[i].address))
			fail_msg("\"%s\" became %s", cases[i].id, got ? got : "nothing");
	}
	wa_pool_free(pool);
}

static void hashes_come_in_hex_whatever_they_were_in(void **state)
{
	static const char hex[] = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
	static const char *const none[] = { NULL, "", "n4bQ", "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCg==",
		"n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCggA", "n4bQgYhMfWWaL!qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=",
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0g" };
	struct wa_pool *pool = wa_pool_new();

	(void)state;
	assert_string_equal(wa_media_sha256(pool, "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="), hex);
	assert_string_equal(wa_media_sha256(pool, hex), hex);
	for (gsize i = 0; i < G_N_ELEMENTS(none); i++)
		assert_null(wa_media_sha256(pool, none[i]));
	wa_pool_free(pool);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_webhooks_become_what_was_recorded),
		cmocka_unit_test(the_same_webhook_gives_the_same_keys),
		cmocka_unit_test(any_member_of_any_type_hurts_nobody_else),
		cmocka_unit_test(cut_off_anywhere_it_is_kept_whole),
		cmocka_unit_test(bytes_that_are_no_text_are_kept_whole),
		cmocka_unit_test(what_is_no_character_costs_nothing_but_itself),
		cmocka_unit_test(a_thousand_messages_come_in_portions_and_all_of_them),
		cmocka_unit_test(a_flood_of_items_ends_with_one_that_says_so),
		cmocka_unit_test(a_webhook_signed_with_either_secret_is_taken),
		cmocka_unit_test(one_bit_of_signature_or_body_and_it_is_refused),
		cmocka_unit_test(other_signatures_are_refused),
		cmocka_unit_test(refused_webhooks_raise_one_alarm_until_a_good_one_comes),
		cmocka_unit_test(without_signature_the_token_of_the_url_is_needed),
		cmocka_unit_test(the_handshake_echoes_the_challenge_to_who_knows_the_token),
		cmocka_unit_test(the_handshake_needs_the_token_of_the_url),
		cmocka_unit_test(a_big_webhook_is_handed_over_in_parts),
		cmocka_unit_test(an_old_status_is_no_news_of_the_account),
		cmocka_unit_test(news_that_are_cut_short_end_with_a_whole_character),
		cmocka_unit_test(with_one_number_a_missing_name_is_no_doubt),
		cmocka_unit_test(addresses_are_told_from_what_is_none),
		cmocka_unit_test(hashes_come_in_hex_whatever_they_were_in),
	};

	writing = argc > 1 && !strcmp(argv[1], "--write");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

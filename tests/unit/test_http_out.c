/* test_http_out.c - sending as a description says: values stay values wherever they stand, answers get their verdicts */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "http_out.h"
#include "json.h"
#include "sms_text.h"

/* Options are read into memory of their own. */
#define T(text) ((char *)(text))

static char *secrets[] = { T("token"), T("s:1/2"), T("id"), T("us er"), T("pass"), T("p%:w"), NULL };
static char *values[] = { T("base"), T("https://api.example.com/v1/"), T("region"), T("eu"), T("from"), T("short:12345"), NULL };
static struct ht_conf conf = { .secrets = secrets, .values = values, .text = T("exact"), .long_text = T("concat"),
			       .status_url = T("https://hg.example.com/channel/x/status") };

/* What breaks out of one form or another, in one text. */
#define HOSTILE "\"},\"to\":\"x\\\r\nX-Evil: 1&to=evil#?/../%2e<b a='1'>]]></text>&amp;\xc3\xa9\xf0\x9f\x98\x80"

static void keep_first(void *arg, const struct hg_err *err)
{
	struct hg_err *first = arg;

	if (!first->kind)
		*first = *err;
}

/* A description that is in order, or NULL with what was told first. */
static ht_desc *describe(const char *send, const char *codes, struct hg_err *ret)
{
	g_autofree char *json = g_strdup_printf("{\"name\":\"Test\",\"codes\":%s,\"send\":%s}", codes ? codes : "{}", send);
	struct ht_look look = { .tell = keep_first, .arg = ret, .knows = TRUE,
				.secrets = conf.secrets, .values = conf.values };

	*ret = (struct hg_err){ 0 };
	return ht_desc_new(json, &look);
}

static ht_desc *must_describe(const char *send, const char *codes)
{
	struct hg_err err;
	ht_desc *desc = describe(send, codes, &err);

	if (!desc)
		fail_msg("%s: %s", err.at, err.text);
	return desc;
}

/* ---- planning ---- */

struct collected {
	struct hg_plan plan;		/* first: add() gets a pointer to it */
	char *bodies[60], *texts[60];
	int units[60], n;
	const char *coding;
};

static void take(struct hg_plan *plan, const struct hg_part *part)
{
	struct collected *all = (struct collected *)plan;

	assert_in_range(all->n, 0, 59);
	all->coding = part->coding;
	all->units[all->n] = part->units;
	all->texts[all->n] = g_strdup(part->text);
	all->bodies[all->n++] = g_strndup(part->body, part->len);
}

static void clear(struct collected *all)
{
	for (int i = 0; i < all->n; i++) {
		g_free(all->bodies[i]);
		g_free(all->texts[i]);
	}
	all->n = 0;
}

static const struct hg_out plain = { .size = sizeof(plain), .kind = HG_TEXT, .to = "tel:+447700900123", .from = "tel:+15550100",
				     .key = "KEY_0123456789", .text = "Hello", .name = "Ann", .now_ms = 1700000000000 };

static int plan(const ht_desc *desc, const struct hg_out *out, struct collected *all, struct hg_err *err)
{
	*all = (struct collected){ .plan = { sizeof(all->plan), take } };
	*err = (struct hg_err){ 0 };
	return ht_out_plan(desc->out, &conf, out, &all->plan, err);
}

/* The one request a message becomes. */
static const char *make(const ht_desc *desc, const struct hg_out *out, struct ht_made *ret)
{
	struct ht_say say = { .conf = &conf, .token = "tok", .now_ms = out->now_ms };
	g_autoptr(json_object) part = NULL;
	struct collected all;
	struct hg_err err;
	struct hg_out sent = *out;
	const char *why;

	if (plan(desc, out, &all, &err))
		fail_msg("%s", err.text);
	assert_int_equal(all.n, 1);
	sent.body = all.bodies[0];
	sent.len = strlen(all.bodies[0]);
	say.part = part = ht_part_read(&conf, &sent);
	why = ht_say_make(ht_out_request(desc->out, &say), &say, ret);
	clear(&all);
	return why;
}

static void expect_made(const char *send, const char *text, const char *url, const char *header, const char *body)
{
	g_autoptr(ht_desc) desc = must_describe(send, NULL);
	g_auto(ht_made) made = { 0 };
	struct hg_out out = plain;

	out.text = text;
	assert_null(make(desc, &out, &made));
	if (url)
		assert_string_equal(made.url->str, url);
	if (header && !g_strv_contains((const char *const *)made.headers->pdata, header))
		fail_msg("no %s, but %s", header, (char *)made.headers->pdata[0]);
	if (body)
		assert_string_equal(made.body->str, body);
}

#define URL "\"url\":\"https://a.example/x\""

static void what_people_write_stays_a_value_in_json(void **state)
{
	g_autoptr(ht_desc) desc = must_describe("{" URL ",\"json\":{\"to\":\"${to}\",\"text\":\"<${text}>\",\"n\":1,\"t\":true,\"z\":null}}",
						NULL);
	g_auto(ht_made) made = { 0 };
	struct hg_out out = plain;
	g_autoptr(json_object) body = NULL;
	(void)state;

	out.text = HOSTILE;
	assert_null(make(desc, &out, &made));
	body = hg_json_parse(made.body->str, made.body->len, NULL, NULL);
	assert_non_null(body);
	assert_int_equal(json_object_object_length(body), 5);
	assert_string_equal(hg_json_str(body, "to"), "+447700900123");
	assert_string_equal(hg_json_str(body, "text"), "<" HOSTILE ">");
	assert_int_equal(hg_json_int(body, "n", 0), 1);
	assert_true(hg_json_bool(body, "t", FALSE));
}

static void what_people_write_stays_a_value_in_forms_and_addresses(void **state)
{
	(void)state;
	expect_made("{" URL ",\"form\":{\"to\":\"${to}\",\"text\":\"${text}\",\"a\":[\"1\",\"2&\"],\"b\":7}}", "a&to=evil\r\n=\xc3\xa9+ %41",
		    NULL, "Content-Type: application/x-www-form-urlencoded",
		    "to=%2B447700900123&text=a%26to%3Devil%0D%0A%3D%C3%A9%2B%20%2541&a=1&a=2%26&b=7");
	expect_made("{" URL ",\"charset\":\"iso-8859-1\",\"form\":{\"t\":\"${text}\"}}", "\xc3\xa9\xe2\x82\xac&", NULL,
		    "Content-Type: application/x-www-form-urlencoded; charset=iso-8859-1", "t=%E9%3F%26");
	expect_made("{\"method\":\"GET\",\"url\":\"https://a.example/${text}/s?t=${text}\",\"query\":{\"u\":\"${text}\"}}",
		    "../a?b#c&d/%2e", "https://a.example/..%2Fa%3Fb%23c%26d%2F%252e/s?t=..%2Fa%3Fb%23c%26d%2F%252e"
		    "&u=..%2Fa%3Fb%23c%26d%2F%252e", NULL, "");
	/* A token with a colon, as Telegram's, stays as it is in a path. */
	expect_made("{\"url\":\"https://a.example/bot${secret:token}/x\"}", "x", "https://a.example/bots:1%2F2/x", NULL, "");
	expect_made("{\"url\":\"${value:base}/m\"}", "x", "https://api.example.com/v1/m", NULL, "");
	expect_made("{\"url\":\"https://${value:region}.a.example/m\"}", "x", "https://eu.a.example/m", NULL, "");
}

static void what_people_write_stays_a_value_in_xml(void **state)
{
	(void)state;
	expect_made("{" URL ",\"xml\":\"<m to='${to}' t=\\\"${text}\\\"><t>${text}</t></m>\"}",
		    "</t>&<x a='\"'>\r\n\x01]]>", NULL, "Content-Type: text/xml",
		    "<m to='+447700900123' t=\"&lt;/t&gt;&amp;&lt;x a=&#39;&quot;&#39;&gt;&#13;&#10;\xef\xbf\xbd]]&gt;\"><t>&lt;/t&gt;&amp;"
		    "&lt;x a=&#39;&quot;&#39;&gt;&#13;\n\xef\xbf\xbd]]&gt;</t></m>");
	/* One form inside another: each of them escapes. */
	expect_made("{" URL ",\"form\":{\"j\":{\"$json\":{\"t\":\"${text}\"}},\"x\":{\"$xml\":\"<t>${text}</t>\"}}}", "\"<&", NULL, NULL,
		    "j=%7B%22t%22%3A%22%5C%22%3C%26%22%7D&x=%3Ct%3E%26quot%3B%26lt%3B%26amp%3B%3C%2Ft%3E");
}

static void what_people_write_ends_no_line_of_a_header(void **state)
{
	(void)state;
	expect_made("{" URL ",\"headers\":{\"X-T\":\"a ${text}\"},\"raw\":\"to ${to.digits}\\n${text}\"}", "x\r\nX-Evil: 1\x7f", NULL,
		    "X-T: a x  X-Evil: 1 ", "to 447700900123\nx\r\nX-Evil: 1\x7f");
	expect_made("{" URL ",\"basic\":{\"user\":\"${secret:id}\",\"password\":\"${secret:pass}\"}}", "x", NULL,
		    "Authorization: Basic dXMgZXI6cCU6dw==", "");
	expect_made("{" URL ",\"oauth2\":{\"url\":\"https://t.example\",\"client_id\":\"a\",\"client_secret\":\"b\"},\"bearer\":\"${token}\"}",
		    "x", NULL, "Authorization: Bearer tok", "");
}

static void values_have_many_spellings(void **state)
{
	(void)state;
	expect_made("{" URL ",\"form\":{\"a\":\"${from}\",\"b\":\"${from.digits}\",\"c\":\"${text.hex}\",\"d\":\"${text.base64}\","
		    "\"e\":\"${now}\",\"f\":\"${now.iso}\",\"g\":\"${ref|none}\",\"h\":\"${agent}\",\"i\":\"${key}\","
		    "\"j\":\"${receipt_url}\",\"k\":\"${now.ms}\",\"l\":\"$${text}\"}}", "h\xc3\xa9\xf0\x9f\x98\x80", NULL, NULL,
		    "a=%2B15550100&b=15550100&c=006800E9D83DDE00&d=aMOp8J%2BYgA%3D%3D&e=1700000000&f=2023-11-14T22%3A13%3A20.000Z"
		    "&g=none&h=Ann&i=KEY_0123456789&j=https%3A%2F%2Fhg.example.com%2Fchannel%2Fx%2Fstatus%3Fkey%3DKEY_0123456789"
		    "&k=1700000000000&l=%24%7Btext%7D");
}

static void conditions_choose_and_leave_out(void **state)
{
	static const char send[] = "{" URL ",\"sms\":{},\"json\":{\"type\":{\"$when\":{\"coding\":\"ucs2\"},\"$then\":\"unicode\",\"$else\":"
		"\"text\"},\"ref\":{\"$when\":{\"ref\":{\"exists\":true}},\"$then\":\"${ref}\"},\"u\":{\"$true\":{\"coding\":\"ucs2\"}},"
		"\"n\":{\"$number\":\"${to.digits}\"},\"l\":[{\"$when\":{\"coding\":\"ucs2\"},\"$then\":1},\"${units}\"]}}";
	(void)state;

	expect_made(send, "plain", NULL, NULL, "{\"type\":\"text\",\"u\":false,\"n\":447700900123,\"l\":[\"1\"]}");
	expect_made(send, "\xd0\x94\xd0\xb0", NULL, NULL, "{\"type\":\"unicode\",\"u\":true,\"n\":447700900123,\"l\":[1,\"1\"]}");
}

/* ---- descriptions that are refused, with where and why ---- */

static void mistakes_are_told_with_their_place(void **state)
{
	static const struct { const char *send, *at, *text; } cases[] = {
		{ "{}", "description/send", "'url' is missing" },
		{ "{\"url\":\"https://${text}.example/\"}", "description/send/url", "before the path" },
		{ "{\"url\":\"${text}\"}", "description/send/url", "before the path" },
		{ "{\"url\":\"https://a.example/${txt}\"}", "description/send/url", "did you mean ${text}?" },
		{ "{" URL ",\"form\":{\"a\":\"${secret:none}\"}}", "secrets", "none" },
		{ "{" URL ",\"json\":{\"a\":{\"b\":\"${\"}}}", "description/send/json/a/b", "$${" },
		{ "{" URL ",\"xml\":\"<${text}/>\"}", "description/send/xml", "cannot stand there" },
		{ "{" URL ",\"xml\":\"<a b=${text}/>\"}", "description/send/xml", "cannot stand there" },
		{ "{" URL ",\"xml\":\"<![CDATA[${text}]]>\"}", "description/send/xml", "cannot stand there" },
		{ "{" URL ",\"xml\":\"<a>${text}</b>\"}", "description/send/xml", "" },
		{ "{" URL ",\"raw\":\"${text} to ${to}\"}", "description/send/raw", "the last thing" },
		{ "{" URL ",\"raw\":\"x\",\"json\":{}}", "description/send/raw", "one body" },
		{ "{" URL ",\"headers\":{\"X Y\":\"1\"}}", "description/send/headers/X Y", "no name of a header" },
		{ "{" URL ",\"headers\":{\"X\":\"1\\n2\"}}", "description/send/headers/X", "line break" },
		{ "{" URL ",\"form\":{\"a\":{\"b\":\"c\"}}}", "description/send/form/a", "$json" },
		{ "{" URL ",\"bearer\":\"${token}\"}", "description/send", "oauth2" },
		{ "{" URL ",\"oauth2\":{\"url\":\"http://a.example\",\"client_id\":\"a\",\"client_secret\":\"b\"}}",
		  "description/send/oauth2/url", "in the clear" },
		{ "{" URL ",\"methd\":\"GET\"}", "description/send/methd", "method" },
		{ "{" URL ",\"answer\":{\"ok\":\"20x\"}}", "description/send/answer/ok", "status or a range" },
		{ "{" URL ",\"answer\":{\"like\":\"{id}{code}\"}}", "description/send/answer/like", "nothing between" },
		{ "{" URL ",\"answer\":{\"like\":\"{ids}\"}}", "description/send/answer/like", "knows" },
		{ "{" URL ",\"rate\":{\"burst\":3}}", "description/send/rate/burst", "per_second" },
		{ "{" URL ",\"requests\":[]}", "description/send/url", "its own" },
		{ "{" URL ",\"to\":\"a:b\"}", "description/send/to", "before the colon" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_err err;

		if (describe(cases[i].send, NULL, &err))
			fail_msg("%s passed", cases[i].send);
		if (strcmp(err.at, cases[i].at) || !strstr(err.text, cases[i].text))
			fail_msg("%s: got %s: %s", cases[i].send, err.at, err.text);
	}
}

static void a_value_that_would_be_another_path_is_refused_before_it_is_sent(void **state)
{
	static const char *const texts[] = { ".", "..", "..." };
	g_autoptr(ht_desc) desc = must_describe("{\"url\":\"https://a.example/${text}/x\"}", NULL);
	g_autoptr(ht_desc) number = must_describe("{" URL ",\"json\":{\"$number\":\"${text}\"}}", NULL);
	struct hg_out out = plain;
	struct collected all;
	struct hg_err err;
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
		out.text = texts[i];
		assert_int_equal(plan(desc, &out, &all, &err), -1);
		assert_int_equal(err.kind, HG_ERR_INPUT);
	}
	out.text = "1,\"x\":2";
	assert_int_equal(plan(number, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_INPUT);
}

/* ---- planning ---- */

static void long_texts_go_out_as_the_channel_says(void **state)
{
	g_autoptr(ht_desc) desc = must_describe("{" URL ",\"sms\":{\"max_chars\":1600},\"form\":{\"t\":\"${text}\"}}", NULL);
	g_autoptr(ht_desc) chat = must_describe("{" URL ",\"to\":\"tg\",\"max_chars\":100,\"form\":{\"t\":\"${text}\"}}", NULL);
	g_autofree char *text = g_strnfill(400, 'x');
	struct hg_out out = plain;
	struct collected all;
	struct hg_err err;
	(void)state;

	out.text = text;
	assert_int_equal(plan(desc, &out, &all, &err), 0);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.units[0], 3);
	assert_string_equal(all.coding, "gsm7");
	clear(&all);
	conf.long_text = T("split");
	assert_int_equal(plan(desc, &out, &all, &err), 0);
	assert_int_equal(all.n, 3);
	clear(&all);
	conf.long_text = T("refuse");
	assert_int_equal(plan(desc, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_LIMIT);
	/* Where no segments are paid for, the option about them has no say. */
	out.to = "tg:1";
	assert_int_equal(plan(chat, &out, &all, &err), 0);
	assert_int_equal(all.n, 4);
	assert_int_equal(all.units[0], 0);
	clear(&all);
	conf.long_text = T("concat");
}

static void what_no_request_is_for_is_refused(void **state)
{
	g_autoptr(ht_desc) desc = must_describe("{\"requests\":[{\"when\":{\"file.kind\":\"image\"}," URL ",\"parts\":{\"p\":{\"$file\":true},"
		"\"c\":\"${text}\"}},{" URL ",\"form\":{\"t\":\"${text}\"}}],\"max_caption\":5,\"max_file\":\"1KiB\"}", NULL);
	struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .bytes = 10, .path = "/x", .name = "a.png" };
	struct hg_out out = plain;
	struct hg_limits limits = { .size = sizeof(limits) };
	struct collected all;
	struct hg_err err;
	(void)state;

	out.files = &file;
	out.n_files = 1;
	out.file_size = sizeof(file);
	assert_int_equal(plan(desc, &out, &all, &err), 0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.texts[0], "Hello");
	clear(&all);
	out.text = "longer than that";		/* goes before the file */
	assert_int_equal(plan(desc, &out, &all, &err), 0);
	assert_int_equal(all.n, 2);
	assert_null(all.texts[1]);
	clear(&all);
	file.bytes = 2000;
	assert_int_equal(plan(desc, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_LIMIT);
	clear(&all);
	file = (struct hg_file){ .size = sizeof(file), .kind = HG_AUDIO, .path = "/x" };
	assert_int_equal(plan(desc, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_UNSUPPORTED);
	clear(&all);
	out = plain;
	out.kind = HG_REACTION;
	assert_int_equal(plan(desc, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_UNSUPPORTED);
	out = plain;
	out.to = "whatsapp:GB.1";
	assert_int_equal(plan(desc, &out, &all, &err), -1);
	assert_int_equal(err.kind, HG_ERR_INPUT);
	ht_out_limits(desc->out, &limits);
	assert_int_equal(limits.lacks & (HG_CAP_MEDIA | HG_CAP_TYPING | HG_CAP_REACTION), HG_CAP_TYPING | HG_CAP_REACTION);
}

static void our_number_is_the_one_written_to_or_the_channels(void **state)
{
	(void)state;
	expect_made("{" URL ",\"form\":{\"f\":\"${from}\"}}", "x", NULL, NULL, "f=%2B15550100");
	{
		g_autoptr(ht_desc) desc = must_describe("{" URL ",\"form\":{\"f\":\"${from}\"}}", NULL);
		g_auto(ht_made) made = { 0 };
		struct hg_out out = plain;

		out.from = NULL;
		assert_null(make(desc, &out, &made));
		assert_string_equal(made.body->str, "f=12345");
	}
}

/* ---- answers ---- */

static const char *retry_after;

static const char *header(const struct hg_http_answer *answer, const char *name)
{
	(void)answer;
	return g_ascii_strcasecmp(name, "Retry-After") == 0 ? retry_after : NULL;
}

#define CODES "{\"1\":{\"class\":\"throttle\",\"retry\":\"2s\"},\"4\":{\"class\":\"account\"},\"103\":{\"class\":\"opted_out\"}," \
	      "\"114\":{\"class\":\"contact\",\"advice\":\"Another number.\"},\"http:503\":{\"class\":\"retry\"}}"

static void answers_get_their_verdicts(void **state)
{
	static const char json[] = "{\"when\":{\"m[0].status\":\"0\"},\"id\":\"m[0].id\",\"code\":\"m[0].status\",\"text\":\"m[0].error\","
				   "\"retry_after\":\"wait\"}";
	static const char text[] = "{\"type\":\"text\",\"like\":\"ID: {id}\",\"unlike\":\"ERR: {code}, {text}\"}";
	static const struct {
		const char *answer;
		int status;
		const char *body;
		int fate, reach;
		const char *id;
		int code;
		gint64 retry_ms;
	} cases[] = {
		{ "null", 204, "", HG_SENT, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ "null", 400, "", HG_FAILED, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ "null", 401, "", HG_FAILED, HG_REACH_ACCOUNT, NULL, 0, 0 },
		{ "null", 500, "", HG_AMBIGUOUS, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ "null", 503, "", HG_RETRY, HG_REACH_MESSAGE, NULL, 0, 7000 },	/* by its row, after Retry-After */
		{ "null", 429, "", HG_RETRY, HG_REACH_CHANNEL, NULL, 0, 7000 },
		{ "{\"ok\":[\"200\",\"409\"]}", 409, "", HG_SENT, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ "{\"ok\":\"202\"}", 200, "", HG_FAILED, HG_REACH_MESSAGE, NULL, 0, 0 },
		/* 200 to everything: the body says what became of it. */
		{ json, 200, "{\"m\":[{\"status\":\"0\",\"id\":\"A1\"}]}", HG_SENT, HG_REACH_MESSAGE, "A1", 0, 0 },
		{ json, 200, "{\"m\":[{\"status\":0,\"id\":12345678901234567890}]}", HG_SENT, HG_REACH_MESSAGE, "12345678901234567890", 0, 0 },
		{ json, 200, "{\"m\":[{\"status\":\"1\"}]}", HG_RETRY, HG_REACH_CHANNEL, NULL, 1, 7000 },
		{ json, 200, "{\"m\":[{\"status\":\"1\"}],\"wait\":9}", HG_RETRY, HG_REACH_CHANNEL, NULL, 1, 9000 },
		{ json, 200, "{\"m\":[{\"status\":\"4\"}]}", HG_FAILED, HG_REACH_ACCOUNT, NULL, 4, 0 },
		{ json, 200, "{\"m\":[{\"status\":\"103\"}]}", HG_FAILED, HG_REACH_CONTACT, NULL, 103, 0 },
		{ json, 200, "{\"m\":[{\"status\":\"77\"}]}", HG_FAILED, HG_REACH_MESSAGE, NULL, 77, 0 },
		{ json, 402, "{\"m\":[{\"status\":\"4\"}]}", HG_FAILED, HG_REACH_ACCOUNT, NULL, 4, 0 },
		/* Taken, it seems, but nobody can say so for sure. */
		{ json, 200, "{\"m\":[{\"status\":\"0\"}]}", HG_AMBIGUOUS, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ json, 200, "\xff\xfe{]<half", HG_AMBIGUOUS, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ json, 200, "{\"m\":[{\"sta", HG_AMBIGUOUS, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ json, 200, "", HG_AMBIGUOUS, HG_REACH_MESSAGE, NULL, 0, 0 },
		{ text, 200, "ID: 2f\r\n", HG_SENT, HG_REACH_MESSAGE, "2f", 0, 0 },
		{ text, 200, "ERR: 114, Cannot route\n", HG_FAILED, HG_REACH_CONTACT, NULL, 114, 0 },
		{ text, 200, "ERR: 9, who knows", HG_FAILED, HG_REACH_MESSAGE, NULL, 9, 0 },
	};
	(void)state;

	retry_after = "7";
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *send = g_strdup_printf("{" URL "%s%s}", strcmp(cases[i].answer, "null") ? ",\"answer\":" : "",
							strcmp(cases[i].answer, "null") ? cases[i].answer : "");
		g_autoptr(ht_desc) desc = must_describe(send, CODES);
		struct hg_http_answer http = { .size = sizeof(http), .status = cases[i].status, .sent = true, .header = header,
					       .body = cases[i].body, .len = strlen(cases[i].body) };
		g_auto(ht_judged) v = { 0 };

		ht_answer_read(desc->out->answer, desc, &http, &v);
		if (v.result.fate != cases[i].fate || v.result.reach != cases[i].reach || g_strcmp0(v.id, cases[i].id) ||
		    v.result.code != cases[i].code || (v.result.fate == HG_RETRY && v.result.retry_ms != cases[i].retry_ms))
			fail_msg("%d %s: fate %d, reach %d, id %s, code %d, retry %d (%s)", cases[i].status, cases[i].body,
				 v.result.fate, v.result.reach, v.id, v.result.code, (int)v.result.retry_ms, v.text);
		assert_int_equal(v.opted_out, cases[i].code == 103);
		assert_true(v.result.fate == HG_SENT || v.result.advice);
	}
}

static void plain_answers_are_read_by_patterns(void **state)
{
	static const struct { const char *pattern, *text, *id, *code; gboolean fits; } cases[] = {
		{ "ID: {id}", "ID: abc", "abc", NULL, TRUE },
		{ "ID: {id}", " ID: abc \n", "abc", NULL, TRUE },
		{ "ID: {id}", "id: abc", NULL, NULL, FALSE },
		{ "OK", "OK", NULL, NULL, TRUE },
		{ "OK", "OKAY", NULL, NULL, FALSE },
		{ "OK {}", "OK whatever", NULL, NULL, TRUE },
		{ "{code}: {text}", "0: Accepted for delivery", NULL, "0", TRUE },
		{ "{code},{id},end", "1,2,3,end", "2,3", "1", TRUE },
		{ "{code},{id},end", "1,2,3,ending", NULL, NULL, FALSE },
		{ "<id>{id}</id>", "<id>5</id>", "5", NULL, TRUE },
		{ "<id>{id}</id>", "<id>5</id>x", NULL, NULL, FALSE },
		{ "{}", "", NULL, NULL, TRUE },
	};
	g_autoptr(GHashTable) found = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_hash_table_remove_all(found);
		if (ht_like(cases[i].pattern, cases[i].text, found) != cases[i].fits)
			fail_msg("%s, %s", cases[i].pattern, cases[i].text);
		if (cases[i].fits) {
			assert_int_equal(g_strcmp0(g_hash_table_lookup(found, "id"), cases[i].id), 0);
			assert_int_equal(g_strcmp0(g_hash_table_lookup(found, "code"), cases[i].code), 0);
		}
	}
}

/* ---- samples ---- */

static void keep_text(void *arg, const struct hg_sample *sample)
{
	g_string_append_printf(arg, "%s%s%s: %s\n", sample->passed ? "ok " : "not ok ", sample->made_up ? "(made up) " : "",
			       sample->name, sample->text);
}

static char *run_samples(const char *samples, guint *ret_failed)
{
	g_autoptr(ht_desc) desc = must_describe("{" URL ",\"sms\":{},\"form\":{\"t\":\"${text}\"},\"answer\":{\"id\":\"id\"}}", CODES);
	g_autoptr(json_object) tree = hg_json_parse(samples, strlen(samples), NULL, NULL);
	GString *told = g_string_new(NULL);

	assert_non_null(tree);
	*ret_failed = ht_out_samples(desc, tree, &conf, 1700000000000, keep_text, told);
	return g_string_free(told, FALSE);
}

static void samples_say_what_was_expected_and_what_came(void **state)
{
	guint failed;
	g_autofree char *good = run_samples("[{\"name\":\"a\",\"made_up\":true,\"given\":{\"to\":\"tel:+1555\",\"text\":\"a&b\"},\"requests\":["
		"{\"method\":\"POST\",\"url\":\"https://a.example/x\",\"form\":{\"t\":\"a&b\"},\"body\":\"t=a%26b\",\"units\":1,"
		"\"headers\":{\"content-type\":\"application/x-www-form-urlencoded\"}}]},"
		"{\"name\":\"b\",\"seen\":\"there\",\"answer\":{\"status\":200,\"json\":{\"id\":\"7\"}},\"expect\":{\"fate\":\"sent\",\"id\":\"7\"}},"
		"{\"name\":\"c\",\"made_up\":true,\"given\":{\"to\":\"mailto:a@b\",\"text\":\"x\"},\"refused\":\"no address\"}]", &failed);
	g_autofree char *bad = run_samples("[{\"name\":\"a\",\"made_up\":true,\"given\":{\"to\":\"tel:+1555\",\"text\":\"x\"},\"requests\":[{\"url\":"
		"\"https://b.example\",\"form\":{\"t\":\"y\"},\"units\":2,\"headers\":{\"X\":\"1\"}}]},{\"name\":\"b\",\"seen\":\"t\",\"answer\":{"
		"\"status\":400},\"expect\":{\"fate\":\"sent\"}},{\"name\":\"c\",\"given\":{},\"expct\":{},\"requests\":[]}]", &failed);
	(void)state;

	assert_string_equal(good, "ok (made up) a: \nok b: \nok (made up) c: \n");
	assert_int_equal(failed, 3);
	assert_non_null(strstr(bad, "units: expected 2, got 1\n"));
	assert_non_null(strstr(bad, "url: expected https://b.example, got https://a.example/x\n"));
	assert_non_null(strstr(bad, "X: expected 1, got nothing\n"));
	assert_non_null(strstr(bad, "fields: expected {\"t\":\"y\"}, got t=x\n"));
	assert_non_null(strstr(bad, "fate: expected sent, got failed\n"));
	assert_non_null(strstr(bad, "expct means nothing here\n"));
	assert_non_null(strstr(bad, "say seen: where, or made_up: true"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_people_write_stays_a_value_in_json),
		cmocka_unit_test(what_people_write_stays_a_value_in_forms_and_addresses),
		cmocka_unit_test(what_people_write_stays_a_value_in_xml),
		cmocka_unit_test(what_people_write_ends_no_line_of_a_header),
		cmocka_unit_test(values_have_many_spellings),
		cmocka_unit_test(conditions_choose_and_leave_out),
		cmocka_unit_test(mistakes_are_told_with_their_place),
		cmocka_unit_test(a_value_that_would_be_another_path_is_refused_before_it_is_sent),
		cmocka_unit_test(long_texts_go_out_as_the_channel_says),
		cmocka_unit_test(what_no_request_is_for_is_refused),
		cmocka_unit_test(our_number_is_the_one_written_to_or_the_channels),
		cmocka_unit_test(answers_get_their_verdicts),
		cmocka_unit_test(plain_answers_are_read_by_patterns),
		cmocka_unit_test(samples_say_what_was_expected_and_what_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

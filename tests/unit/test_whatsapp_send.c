/* test_whatsapp_send.c - what goes to WhatsApp, what its answers mean, files, and the channel's condition */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "errors.h"
#include "plan.h"
#include "utf8.h"
#include "whatsapp_fixture.h"

extern const struct hg_adapter hg_adapter_v1;

#define KEY "pUXw1m2uYVbCwFzjQyGd4e0bTn7Rr3kLsA9xH5iJ6oK"
#define HEAD "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"447700900123\","
#define HOUR INT64_C(3600000)

/* ---- plan() ---- */

struct planned {
	struct hg_plan plan;		/* first */
	GPtrArray *bodies, *texts;
	GArray *files;			/* of int */
	struct hg_err err;
};

static void add_part(struct hg_plan *plan, const struct hg_part *part)
{
	struct planned *p = (struct planned *)plan;
	int file = part->file;

	assert_int_equal(part->size, sizeof(*part));
	g_ptr_array_add(p->bodies, g_strndup(part->body, part->len));
	g_ptr_array_add(p->texts, g_strdup(part->text ? part->text : ""));
	g_array_append_val(p->files, file);
}

static void planned_clear(struct planned *p)
{
	g_ptr_array_free(p->bodies, TRUE);
	g_ptr_array_free(p->texts, TRUE);
	g_array_free(p->files, TRUE);
}

static struct hg_out text_out(const char *text)
{
	return (struct hg_out){
		.size = sizeof(struct hg_out), .ticket = 7, .key = KEY, .kind = HG_TEXT,
		.to = "tel:+447700900123", .from = "whatsapp:" WA_NUMBER, .text = text,
		.file_size = sizeof(struct hg_file), .now_ms = WA_NOW, .last_in_ms = WA_NOW - HOUR,
	};
}

static int plan(struct wa_host *host, const struct hg_out *out, struct planned *p)
{
	*p = (struct planned){ .plan = { sizeof(p->plan), add_part } };
	p->bodies = g_ptr_array_new_with_free_func(g_free);
	p->texts = g_ptr_array_new_with_free_func(g_free);
	p->files = g_array_new(FALSE, FALSE, sizeof(int));
	return hg_adapter_v1.plan(&host->conf, out, &p->plan, &p->err);
}

/* The one part it becomes. */
static void assert_planned(struct wa_host *host, const struct hg_out *out, const char *body)
{
	struct planned p;

	if (plan(host, out, &p))
		fail_msg("refused: %s", p.err.text);
	assert_int_equal(p.bodies->len, 1);
	assert_string_equal(p.bodies->pdata[0], body);
	planned_clear(&p);
}

static void assert_refused(struct wa_host *host, const struct hg_out *out, int kind, const char *words)
{
	struct planned p;

	assert_int_not_equal(plan(host, out, &p), 0);
	assert_int_equal(p.err.kind, kind);
	if (!strstr(p.err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", p.err.text, words);
	assert_int_equal(p.bodies->len, 0);
	planned_clear(&p);
}

static void a_text_becomes_one_call(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	static const char *const refs[] = { "wamid.A", "wamid.B", NULL };
	struct hg_out out = text_out("See https://acme.example/4711 \"now\"\n\xf0\x9f\x91\x8d");

	(void)state;
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"text\",\"text\":{"
		       "\"preview_url\":true,\"body\":\"See https://acme.example/4711 \\\"now\\\"\\n\xf0\x9f\x91\x8d\"}}");
	out = text_out("Yes");
	out.refs = refs;
	assert_planned(host, &out, HEAD "\"context\":{\"message_id\":\"wamid.A\"},\"biz_opaque_callback_data\":\"" KEY
		       "\",\"type\":\"text\",\"text\":{\"body\":\"Yes\"}}");
	out = text_out("Yes");
	out.to = "whatsapp:GB.73501284466";
	assert_planned(host, &out, "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\","
		       "\"recipient\":\"GB.73501284466\",\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"text\","
		       "\"text\":{\"body\":\"Yes\"}}");
}

static void what_cannot_be_sent_is_refused_with_the_reason(void **state)
{
	static const char *const addresses[] = { NULL, "", "tel:", "tel:+", "tel:447700900123", "tel:+4477009001x3",
		"tel:+123456", "tel:+1234567890123456", "mailto:a@b.example", "whatsapp:", "whatsapp:US.ENT.5",
		"whatsapp:5" };
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
		out = text_out("x");
		out.to = addresses[i];
		assert_refused(host, &out, HG_ERR_INPUT, "no address of WhatsApp");
	}
	out = text_out("");
	assert_refused(host, &out, HG_ERR_INPUT, "nothing to send");
	out = text_out(" \n\t ");
	assert_refused(host, &out, HG_ERR_INPUT, "nothing to send");
	out = text_out("\xff\xfe");
	assert_refused(host, &out, HG_ERR_INPUT, "UTF-8");
	out = text_out("x");
	out.kind = HG_EDIT;
	assert_refused(host, &out, HG_ERR_UNSUPPORTED, "cannot change");
	out.kind = HG_REVOKE;
	assert_refused(host, &out, HG_ERR_UNSUPPORTED, "cannot take back");
	out = text_out("x");
	out.from = "whatsapp:5";
	assert_refused(host, &out, HG_ERR_UNSUPPORTED, "phone_number_id");
}

static void long_texts_are_split_where_a_reader_would(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autoptr(GString) text = g_string_new(NULL), again = g_string_new(NULL);
	struct hg_out out;
	struct planned p;

	(void)state;
	for (int i = 0; i < 1000; i++)
		g_string_append(text, i % 50 == 49 ? "Grüße aus Köln.\n\n" : "Straße Nummer 5. ");
	out = text_out(text->str);
	assert_int_equal(plan(host, &out, &p), 0);
	assert_int_equal(p.bodies->len, 5);
	for (guint i = 0; i < p.texts->len; i++) {
		const char *part = p.texts->pdata[i];

		assert_true(g_utf8_strlen(part, -1) <= WA_TEXT_MAX);
		assert_true(i + 1 == p.texts->len || g_str_has_suffix(part, "\n\n"));
		assert_non_null(strstr(p.bodies->pdata[i], KEY));
		g_string_append(again, part);
	}
	assert_string_equal(again->str, text->str);
	planned_clear(&p);
}

static void an_early_stop_makes_no_short_part(void **state)
{
	g_autofree char *long_word = g_strnfill(WA_TEXT_MAX + 100, 'x');
	g_autofree char *text = g_strconcat("Hi. ", long_word, NULL);

	(void)state;
	assert_int_equal(wa_utf8_split(text, WA_TEXT_MAX), WA_TEXT_MAX);
	assert_int_equal(wa_utf8_split("one two three", 9), 8);
	assert_int_equal(wa_utf8_split("one two three", 13), 13);
}

static void characters_are_counted_not_bytes(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out;
	struct planned p;

	(void)state;
	for (int i = 0; i < WA_TEXT_MAX; i++)
		g_string_append(text, "\xf0\x9f\x91\x8d");
	out = text_out(text->str);
	assert_int_equal(plan(host, &out, &p), 0);
	assert_int_equal(p.bodies->len, 1);
	planned_clear(&p);
	g_string_append(text, "\xf0\x9f\x91\x8d");
	out = text_out(text->str);
	assert_int_equal(plan(host, &out, &p), 0);
	assert_int_equal(p.bodies->len, 2);
	planned_clear(&p);
}

static void what_is_drawn_as_one_is_not_torn(void **state)
{
	/* thumb and its colour; family joined of three; e and its accent; flag of keycap */
	static const struct { const char *text; gsize n, bytes; } cases[] = {
		{ "a\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd" "b", 2, 1 }, { "a\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd" "b", 3, 9 },
		{ "ab\xe2\x80\x8d" "cd", 3, 1 }, { "xe\xcc\x81y", 2, 1 }, { "xe\xcc\x81y", 3, 4 },
		{ "abc", 5, 3 }, { "", 5, 0 }, { "\xcc\x81\xcc\x81\xcc\x81", 2, 4 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(wa_utf8_head(cases[i].text, cases[i].n), cases[i].bytes);
	assert_true(wa_utf8_ok("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x91\x8d"));
	assert_false(wa_utf8_ok("\xc0\x80"));
	assert_false(wa_utf8_ok("\xed\xa0\x80"));
	assert_false(wa_utf8_ok("\xf4\x90\x80\x80"));
	assert_false(wa_utf8_ok("a\xe2\x82"));
}

static struct hg_file file(int kind, const char *type, gint64 bytes, const char *name)
{
	return (struct hg_file){ .size = sizeof(struct hg_file), .kind = kind, .type = type, .bytes = bytes,
				 .name = name, .path = "/var/lib/headgate/a1" };
}

#define UPLOAD(i, kind, content) "{\"upload\":{\"file\":" #i ",\"kind\":\"" kind "\"},\"message\":" HEAD \
	"\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"" kind "\",\"" kind "\":" content "}}"

static void files_are_uploaded_with_the_text_as_caption(void **state)
{
	struct hg_file files[] = {
		file(HG_IMAGE, "image/jpeg", 100000, "a.jpg"), file(HG_IMAGE, "image/jpeg", 6000000, "big.jpg"),
		file(HG_IMAGE, "image/gif", 100, NULL), file(HG_AUDIO, "audio/ogg; codecs=opus", 5000, "v.ogg"),
		file(HG_VIDEO, "video/mp4", 5000, "v.mp4"), file(HG_STICKER, "image/webp", 5000, "s.webp"),
	};
	static const char *const want[] = {
		UPLOAD(0, "image", "{\"caption\":\"The plan\"}"), UPLOAD(1, "document", "{\"filename\":\"big.jpg\"}"),
		UPLOAD(2, "document", "{\"filename\":\"file\"}"), UPLOAD(3, "audio", "{\"voice\":true}"),
		UPLOAD(4, "video", "{}"), UPLOAD(5, "sticker", "{}"),
	};
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out = text_out("The plan");
	struct planned p;

	(void)state;
	files[3].voice = true;
	out.files = files;
	out.n_files = G_N_ELEMENTS(files);
	assert_int_equal(plan(host, &out, &p), 0);
	assert_int_equal(p.bodies->len, G_N_ELEMENTS(want));
	for (guint i = 0; i < p.bodies->len; i++) {
		assert_string_equal(p.bodies->pdata[i], want[i]);
		assert_int_equal(g_array_index(p.files, int, i), i);
	}
	assert_string_equal(p.texts->pdata[0], "The plan");
	planned_clear(&p);
}

static void text_that_fits_no_caption_goes_before_the_file(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *longer = g_strnfill(WA_CAPTION_MAX + 1, 'x');
	struct hg_file voice = file(HG_AUDIO, "audio/mpeg", 5000, NULL), pdf = file(HG_FILE, "application/pdf", 5, "p");
	const struct { const struct hg_file *file; const char *text; } cases[] = { { &voice, "hear" }, { &pdf, longer } };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_out out = text_out(cases[i].text);
		static const char *const refs[] = { "wamid.A", NULL };
		struct planned p;

		out.files = cases[i].file;
		out.n_files = 1;
		out.refs = refs;
		assert_int_equal(plan(host, &out, &p), 0);
		assert_int_equal(p.bodies->len, 2);
		assert_int_equal(g_array_index(p.files, int, 0), -1);
		assert_int_equal(g_array_index(p.files, int, 1), 0);
		/* Only the first says what it answers. */
		assert_non_null(strstr(p.bodies->pdata[0], "\"context\""));
		assert_null(strstr(p.bodies->pdata[1], "\"context\""));
		planned_clear(&p);
	}
}

static void a_file_of_more_than_100_mb_is_refused(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_file big = file(HG_FILE, "application/zip", WA_FILE_MAX + 1, "all.zip");
	struct hg_out out = text_out("here");

	(void)state;
	out.files = &big;
	out.n_files = 1;
	assert_refused(host, &out, HG_ERR_LIMIT, "\"all.zip\" has 104857601 bytes");
}

static void free_text_needs_the_window(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_file pdf = file(HG_FILE, "application/pdf", 5, "p");
	struct hg_out out = text_out("late");

	(void)state;
	out.last_in_ms = 0;
	assert_refused(host, &out, HG_ERR_WINDOW, "has not written on this channel");
	out.last_in_ms = WA_NOW - 24 * HOUR;
	assert_refused(host, &out, HG_ERR_WINDOW,
		       "last wrote at 2026-11-19 10:02 UTC and WhatsApp took free text until 2026-11-20 10:02 UTC");
	out.last_in_ms++;
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"text\",\"text\":{\"body\":"
		       "\"late\"}}");
	out.last_in_ms--;
	host->conf.template_name = (char *)"news";
	host->conf.template_language = (char *)"en_GB";
	out.text = " Your\n\n order\t4711   is   there ";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"template\",\"template\":{"
		       "\"name\":\"news\",\"language\":{\"code\":\"en_GB\"},\"components\":[{\"type\":\"body\","
		       "\"parameters\":[{\"type\":\"text\",\"text\":\"Your order 4711 is there\"}]}]}}");
	/* A template carries no file, no buttons, no reaction. */
	out.files = &pdf;
	out.n_files = 1;
	assert_refused(host, &out, HG_ERR_WINDOW, "free text until");
	out = text_out("\xf0\x9f\x91\x8d");
	out.kind = HG_REACTION;
	out.target = "wamid.A";
	out.last_in_ms = 0;
	assert_refused(host, &out, HG_ERR_WINDOW, "only an approved template");
}

static void a_long_answer_in_a_template_is_cut_visibly(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *text = g_strnfill(2000, 'x');
	struct hg_out out = text_out(text);
	struct planned p;

	(void)state;
	out.last_in_ms = 0;
	host->conf.template_name = (char *)"news";
	host->conf.template_language = (char *)"en";
	assert_int_equal(plan(host, &out, &p), 0);
	assert_int_equal(g_utf8_strlen(p.texts->pdata[0], -1), WA_PARAM_MAX);
	assert_true(g_str_has_suffix(p.texts->pdata[0], "x\xe2\x80\xa6"));
	planned_clear(&p);
}

static void templates_pass_at_any_time(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out = text_out("Your parcel is on its way");

	(void)state;
	out.last_in_ms = 0;
	out.template_json = "{\"name\":\"parcel\",\"language\":\"en\",\"components\":[]}";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"template\",\"template\":{"
		       "\"name\":\"parcel\",\"language\":{\"code\":\"en\"},\"components\":[]}}");
	out.template_json = "{\"name\":\"parcel\",\"language\":{\"code\":\"en\"}}";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"template\",\"template\":{"
		       "\"name\":\"parcel\",\"language\":{\"code\":\"en\"}}}");
	out.template_json = "{\"name\":\"parcel\"}";
	assert_refused(host, &out, HG_ERR_INPUT, "a template needs a name and a language");
	out.template_json = "no json";
	assert_refused(host, &out, HG_ERR_INPUT, "a template needs a name and a language");
}

static void payloads_go_as_they_are(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out = text_out("Which day?");

	(void)state;
	out.payload = "{\"type\":\"button\",\"action\":{\"buttons\":[]}}";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"interactive\",\"interactive\":{"
		       "\"type\":\"button\",\"action\":{\"buttons\":[]},\"body\":{\"text\":\"Which day?\"}}}");
	out.payload = "{\"location\":{\"latitude\":51.5,\"longitude\":-0.12}}";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"location\",\"location\":{"
		       "\"latitude\":51.5,\"longitude\":-0.12}}");
	out.payload = "[]";
	assert_refused(host, &out, HG_ERR_INPUT, "the payload must be an object of WhatsApp's");
}

static void reactions_and_signs_of_life(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out = text_out("\xf0\x9f\x91\x8d");

	(void)state;
	out.kind = HG_REACTION;
	assert_refused(host, &out, HG_ERR_INPUT, "needs the message");
	out.target = "wamid.A";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"reaction\",\"reaction\":{"
		       "\"message_id\":\"wamid.A\",\"emoji\":\"\xf0\x9f\x91\x8d\"}}");
	out.text = "";
	assert_planned(host, &out, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"reaction\",\"reaction\":{"
		       "\"message_id\":\"wamid.A\",\"emoji\":\"\"}}");
	out.kind = HG_READ;
	out.last_in_ms = 0;
	assert_planned(host, &out, "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.A\"}");
	out.kind = HG_TYPING;
	assert_planned(host, &out, "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.A\","
		       "\"typing_indicator\":{\"type\":\"text\"}}");
}

/* ---- send() ---- */

#define BODY HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"text\",\"text\":{\"body\":\"hi\"}}"
#define TAKEN "{\"messaging_product\":\"whatsapp\",\"contacts\":[{\"input\":\"447700900123\",\"wa_id\":\"447700900123\"}]," \
	"\"messages\":[{\"id\":\"wamid.NEW\",\"message_status\":\"accepted\"}]}"

static void send_body(struct wa_host *host, const char *body, const char *from)
{
	struct hg_out out = text_out("hi");

	out.body = body;
	out.len = strlen(body);
	out.from = from;
	hg_adapter_v1.send(host->state, &out);
}

static void the_committed_bytes_are_posted(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_body(host, BODY, "whatsapp:" WA_OTHER);
	assert_string_equal(wa_host_call(host)->method, "POST");
	assert_string_equal(wa_host_call(host)->url, "https://graph.facebook.com/v23.0/" WA_OTHER "/messages");
	assert_string_equal(wa_host_call(host)->headers,
			    "Authorization: Bearer EAAG-token\nContent-Type: application/json\n");
	assert_string_equal(wa_host_call(host)->body, BODY);
	assert_int_equal(host->sents, 0);
	wa_host_answer(host, 200, TAKEN, NULL);
	assert_int_equal(host->sents, 1);
	assert_int_equal(host->sent_ticket, 7);
	assert_int_equal(host->sent.fate, HG_SENT);
	assert_string_equal(host->sent.id, "wamid.NEW");
	assert_null(host->sent.text);
	assert_string_equal(wa_host_take(host), "");
}

static void our_key_is_in_every_message(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct json_object *root;

	(void)state;
	send_body(host, HEAD "\"type\":\"text\",\"text\":{\"body\":\"hi\"}}", NULL);
	root = json_tokener_parse(wa_host_call(host)->body);
	assert_string_equal(json_object_get_string(json_object_object_get(root, "biz_opaque_callback_data")), KEY);
	json_object_put(root);
	wa_host_answer(host, 200, TAKEN, NULL);
	send_body(host, HEAD "\"biz_opaque_callback_data\":\"another\",\"type\":\"text\",\"text\":{\"body\":\"" KEY "\"}}", NULL);
	assert_null(strstr(wa_host_call(host)->body, "another"));
	wa_host_answer(host, 200, TAKEN, NULL);
}

static void carriers_are_reached_by_config(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	host->conf.base_url = (char *)"https://waba-v2.360dialog.io/";
	host->conf.urls = (char *)"flat";
	host->conf.auth_header = (char *)"D360-API-KEY";
	send_body(host, BODY, NULL);
	assert_string_equal(wa_host_call(host)->url, "https://waba-v2.360dialog.io/messages");
	assert_string_equal(wa_host_call(host)->headers, "D360-API-KEY: EAAG-token\nContent-Type: application/json\n");
	wa_host_answer(host, 401, "{\"meta\":{\"success\":false,\"http_code\":401,\"developer_message\":\"Invalid key\"}}", NULL);
	assert_int_equal(host->sent.fate, HG_FAILED);
	assert_int_equal(host->sent.reach, HG_REACH_ACCOUNT);
	assert_string_equal(host->sent.text, "HTTP 401: Invalid key");
	assert_int_equal(host->condition, HG_DOWN);
	hg_adapter_v1.fetch(host->state, 3, WA_NUMBER "/55");
	assert_string_equal(wa_host_call(host)->url, "https://waba-v2.360dialog.io/55");
}

/* Every code of the error table, whatever status it comes with. */
static void every_error_code_has_its_consequence(void **state)
{
	static const struct { int from, to, fate, reach, retry_ms; } cases[] = {
		{ 4, 4, HG_RETRY, HG_REACH_CHANNEL, 0 }, { 80007, 80007, HG_RETRY, HG_REACH_CHANNEL, 0 },
		{ 130429, 130429, HG_RETRY, HG_REACH_CHANNEL, 0 },
		{ 131056, 131056, HG_RETRY, HG_REACH_CONTACT, 6000 },
		{ 131048, 131048, HG_RETRY, HG_REACH_CHANNEL, 3600000 },
		{ 131064, 131064, HG_RETRY, HG_REACH_CHANNEL, 3600000 },
		{ 133016, 133016, HG_RETRY, HG_REACH_CHANNEL, 3600000 },
		{ 1, 2, HG_RETRY, HG_REACH_MESSAGE, 0 }, { 131000, 131000, HG_RETRY, HG_REACH_MESSAGE, 0 },
		{ 131016, 131016, HG_RETRY, HG_REACH_MESSAGE, 0 }, { 131053, 131053, HG_RETRY, HG_REACH_MESSAGE, 0 },
		{ 131057, 131057, HG_RETRY, HG_REACH_CHANNEL, 0 },
		{ 131047, 131047, HG_FAILED, HG_REACH_MESSAGE, 0 }, { 131026, 131026, HG_FAILED, HG_REACH_CONTACT, 0 },
		{ 131021, 131021, HG_FAILED, HG_REACH_CONTACT, 0 }, { 131030, 131030, HG_FAILED, HG_REACH_CONTACT, 0 },
		{ 131051, 131051, HG_FAILED, HG_REACH_MESSAGE, 0 }, { 131062, 131062, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 131049, 131050, HG_FAILED, HG_REACH_MESSAGE, 0 }, { 130472, 130472, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 137000, 137000, HG_FAILED, HG_REACH_CONTACT, 0 }, { 100, 100, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 131008, 131009, HG_FAILED, HG_REACH_MESSAGE, 0 }, { 132000, 132012, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 131063, 131063, HG_FAILED, HG_REACH_MESSAGE, 0 }, { 132015, 132016, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 132068, 132069, HG_FAILED, HG_REACH_MESSAGE, 0 },
		{ 0, 0, HG_FAILED, HG_REACH_ACCOUNT, 0 }, { 3, 3, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 10, 10, HG_FAILED, HG_REACH_ACCOUNT, 0 }, { 190, 190, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 200, 299, HG_FAILED, HG_REACH_ACCOUNT, 0 }, { 368, 368, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 131005, 131005, HG_FAILED, HG_REACH_ACCOUNT, 0 }, { 131031, 131031, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 131037, 131037, HG_FAILED, HG_REACH_CHANNEL, 0 }, { 131042, 131042, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 131044, 131044, HG_FAILED, HG_REACH_ACCOUNT, 0 }, { 131045, 131045, HG_FAILED, HG_REACH_CHANNEL, 0 },
		{ 130497, 130497, HG_FAILED, HG_REACH_ACCOUNT, 0 },
		{ 777777, 777777, HG_FAILED, HG_REACH_MESSAGE, 0 },
	};
	static const int statuses[] = { 400, 403, 429 };

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		for (int code = cases[i].from; code <= cases[i].to; code++)
			for (gsize k = 0; k < (code == 777777 ? 1 : G_N_ELEMENTS(statuses)); k++) {
				g_autoptr(wa_host) host = wa_host_new();
				g_autofree char *body = g_strdup_printf("{\"error\":{\"message\":\"(#%d) Words\",\"type\":"
					"\"OAuthException\",\"code\":%d,\"error_data\":{\"messaging_product\":\"whatsapp\","
					"\"details\":\"More words\"},\"fbtrace_id\":\"Az8or2\"}}", code, code);
				const struct hg_result *got = &host->sent;

				send_body(host, BODY, NULL);
				wa_host_answer(host, statuses[k], body, NULL);
				if (got->fate != cases[i].fate || got->reach != cases[i].reach ||
				    got->retry_ms != cases[i].retry_ms || got->code != code)
					fail_msg("code %d: fate %d reach %d retry %d", code, got->fate, got->reach,
						 (int)got->retry_ms);
				assert_non_null(strstr(got->text, "More words"));
				assert_non_null(got->advice);
				/* What stops the line is known as the channel's condition too. */
				assert_int_equal(host->condition == HG_DOWN,
						 got->fate == HG_FAILED && got->reach >= HG_REACH_CHANNEL);
			}
}

static void where_the_code_says_nothing_the_status_does(void **state)
{
	static const struct { int status; const char *body; int fate, reach; } cases[] = {
		{ 400, "{}", HG_FAILED, HG_REACH_MESSAGE }, { 413, "too big", HG_FAILED, HG_REACH_MESSAGE },
		{ 400, "{\"error\":{\"code\":100,\"error_subcode\":33,\"message\":\"x\"}}", HG_FAILED, HG_REACH_CHANNEL },
		{ 400, "{\"error\":5}", HG_FAILED, HG_REACH_MESSAGE }, { 400, "{\"error\":{\"code\":{}}}", HG_FAILED, HG_REACH_MESSAGE },
		{ 401, "", HG_FAILED, HG_REACH_ACCOUNT }, { 403, "<html>", HG_FAILED, HG_REACH_ACCOUNT },
		{ 404, "", HG_FAILED, HG_REACH_CHANNEL }, { 302, "", HG_FAILED, HG_REACH_CHANNEL },
		{ 429, "", HG_RETRY, HG_REACH_CHANNEL }, { 408, "", HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 500, "", HG_AMBIGUOUS, HG_REACH_MESSAGE }, { 502, "<html>", HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 503, "{\"error\":{\"code\":777777}}", HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 500, "{\"error\":{\"code\":131016,\"message\":\"overloaded\"}}", HG_RETRY, HG_REACH_MESSAGE },
		{ 200, "", HG_AMBIGUOUS, HG_REACH_MESSAGE }, { 200, "{}", HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 200, "{\"messages\":[{}]}", HG_AMBIGUOUS, HG_REACH_MESSAGE },
		{ 200, "{\"messages\":[{\"id\":\"wamid.1\"}]}", HG_SENT, HG_REACH_MESSAGE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wa_host) host = wa_host_new();

		send_body(host, BODY, NULL);
		wa_host_answer(host, cases[i].status, cases[i].body, NULL);
		if (host->sent.fate != cases[i].fate || host->sent.reach != cases[i].reach)
			fail_msg("%d %s: fate %d reach %d", cases[i].status, cases[i].body, host->sent.fate, host->sent.reach);
	}
}

static void an_answer_that_did_not_come_is_ambiguous_only_when_bytes_left(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_body(host, BODY, NULL);
	wa_host_no_answer(host, TRUE, "timeout after 30 s");
	assert_int_equal(host->sent.fate, HG_AMBIGUOUS);
	assert_string_equal(host->sent.text, "timeout after 30 s");
	assert_non_null(host->sent.advice);
	assert_int_equal(host->condition, 0);
	send_body(host, BODY, NULL);
	wa_host_no_answer(host, FALSE, "connection refused");
	assert_int_equal(host->sent.fate, HG_RETRY);
	assert_int_equal(host->sent.reach, HG_REACH_CHANNEL);
	assert_int_equal(host->condition, HG_DEGRADED);
}

static void retry_after_is_honoured_within_bounds(void **state)
{
	static const struct { const char *header; gint64 ms; } cases[] = {
		{ NULL, 0 }, { "7", 7000 }, { "0", 1000 }, { "-5", 1000 }, { "999999999999999999999", 86400000 },
		{ "86401", 86400000 }, { "Fri, 20 Nov 2026 10:03:11 GMT", 60000 }, { "Fri, 20 Nov 2026 10:02:10 GMT", 1000 },
		{ "Fri, 20 Nov 2030 10:02:10 GMT", 86400000 }, { "soon", 0 }, { "", 0 }, { "7 s", 0 },
		{ "Fri, 20 Nov 2026 10:03:11 CET", 0 }, { "Fri, 20 Foo 2026 10:03:11 GMT", 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wa_host) host = wa_host_new();

		send_body(host, BODY, NULL);
		wa_host_answer(host, 429, "{\"error\":{\"code\":130429,\"message\":\"x\"}}", cases[i].header);
		if (host->sent.retry_ms != cases[i].ms)
			fail_msg("\"%s\": %d", cases[i].header, (int)host->sent.retry_ms);
	}
}

static void who_the_receiver_is_is_learned_once(void **state)
{
	static const char answer[] = "{\"contacts\":[{\"input\":\"447700900123\",\"wa_id\":\"447700900124\","
		"\"user_id\":\"GB.73501284466\"}],\"messages\":[{\"id\":\"wamid.NEW\"}]}";
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_body(host, BODY, NULL);
	wa_host_answer(host, 200, answer, NULL);
	assert_string_equal(wa_host_take(host), "identity\n"
		"  dedupe: learned:tel:+447700900123:tel:+447700900124:whatsapp:GB.73501284466\n"
		"  to: whatsapp:" WA_NUMBER "\n  from: tel:+447700900123 (proven)\n  from: tel:+447700900124 (proven)\n"
		"  from: whatsapp:GB.73501284466 (proven)\n  note: named in the answer to a message\n"
		"  sent: 2026-11-20T10:02:11.000Z\n");
	send_body(host, BODY, NULL);
	wa_host_answer(host, 200, answer, NULL);
	assert_string_equal(wa_host_take(host), "");
}

static void who_opted_out_is_told_to_the_gateway(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_body(host, BODY, NULL);
	wa_host_answer(host, 400, "{\"error\":{\"code\":131050,\"message\":\"stopped\"}}", NULL);
	assert_int_equal(host->sent.fate, HG_FAILED);
	assert_string_equal(wa_host_take(host), "consent\n  dedupe: opt_out:" KEY "\n  to: whatsapp:" WA_NUMBER "\n"
		"  from: tel:+447700900123 (proven)\n  text: stop\n  note: stopped\n  code: 131050\n"
		"  sent: 2026-11-20T10:02:11.000Z\n");
}

static void signs_of_life_want_no_answer(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_out out = text_out(NULL);

	(void)state;
	out.ticket = 0;
	out.kind = HG_TYPING;
	out.target = "wamid.A";
	hg_adapter_v1.send(host->state, &out);
	assert_string_equal(wa_host_call(host)->body, "{\"messaging_product\":\"whatsapp\",\"status\":\"read\","
			    "\"message_id\":\"wamid.A\",\"typing_indicator\":{\"type\":\"text\"}}");
	wa_host_answer(host, 200, "{\"success\":true}", NULL);
	assert_int_equal(host->sents, 0);
	out.target = NULL;
	hg_adapter_v1.send(host->state, &out);
	assert_int_equal(host->calls->len, 1);
}

/* ---- files out ---- */

static void send_file(struct wa_host *host, const char *body, struct hg_file *files, gsize n)
{
	struct hg_out out = text_out("hi");

	out.body = body;
	out.len = strlen(body);
	out.files = files;
	out.n_files = n;
	hg_adapter_v1.send(host->state, &out);
}

static void a_file_goes_up_first_and_its_id_goes_into_the_message(void **state)
{
	struct hg_file files[] = { file(HG_IMAGE, "image/png", 5, "a.png"), file(HG_FILE, "application/pdf", 5, "b.pdf") };
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	files[1].path = "/var/lib/headgate/b2";
	send_file(host, UPLOAD(1, "document", "{\"filename\":\"b.pdf\"}"), files, 2);
	assert_string_equal(wa_host_call(host)->url, "https://graph.facebook.com/v23.0/" WA_NUMBER "/media");
	assert_string_equal(wa_host_call(host)->parts, "messaging_product=whatsapp\ntype=application/pdf\n"
			    "file=@/var/lib/headgate/b2;b.pdf;application/pdf\n");
	wa_host_answer(host, 200, "{\"id\":\"4490709327384033\"}", NULL);
	assert_int_equal(host->sent.fate, HG_STEP);
	assert_string_equal(host->sent.body, HEAD "\"biz_opaque_callback_data\":\"" KEY "\",\"type\":\"document\","
			    "\"document\":{\"filename\":\"b.pdf\",\"id\":\"4490709327384033\"}}");
	/* The host commits it and sends it: exactly these bytes. */
	send_body(host, host->sent.body, NULL);
	assert_string_equal(wa_host_call(host)->body, host->sent.body);
	wa_host_answer(host, 200, TAKEN, NULL);
	assert_int_equal(host->sent.fate, HG_SENT);
	/* Also when the host hands over only the file of this part. */
	send_file(host, UPLOAD(1, "document", "{\"filename\":\"b.pdf\"}"), files + 1, 1);
	assert_non_null(strstr(wa_host_call(host)->parts, "@/var/lib/headgate/b2"));
}

static void an_upload_may_be_repeated_so_nothing_of_it_is_ambiguous(void **state)
{
	struct hg_file png = file(HG_IMAGE, "image/png", 5, "a.png");
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_file(host, UPLOAD(0, "image", "{}"), &png, 1);
	wa_host_no_answer(host, TRUE, "timeout");
	assert_int_equal(host->sent.fate, HG_RETRY);
	send_file(host, UPLOAD(0, "image", "{}"), &png, 1);
	wa_host_answer(host, 503, "", NULL);
	assert_int_equal(host->sent.fate, HG_RETRY);
	send_file(host, UPLOAD(0, "image", "{}"), &png, 1);
	wa_host_answer(host, 200, "{}", NULL);
	assert_int_equal(host->sent.fate, HG_RETRY);
	send_file(host, UPLOAD(0, "image", "{}"), &png, 1);
	wa_host_answer(host, 400, "{\"error\":{\"code\":100,\"message\":\"Param file must be a file\"}}", NULL);
	assert_int_equal(host->sent.fate, HG_FAILED);
	send_file(host, UPLOAD(0, "image", "{}"), NULL, 0);
	assert_int_equal(host->sent.fate, HG_FAILED);
	assert_string_equal(host->sent.text, "the file of this part is missing");
}

/* ---- files in ---- */

static const char *fetch(struct wa_host *host, int status, const char *body)
{
	hg_adapter_v1.fetch(host->state, 3, WA_NUMBER "/1013859600285441");
	wa_host_answer(host, status, body, NULL);
	return wa_host_take(host);
}

static void a_file_is_asked_for_by_its_id_on_each_attempt(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	assert_string_equal(fetch(host, 200, "{\"url\":\"https:\\/\\/lookaside.fbsbx.com\\/a?mid=1&hash=x\",\"mime_type\":\"image/jpeg\"}"),
		"fetch 3: GET https://lookaside.fbsbx.com/a?mid=1&hash=x (stranger)\n  Authorization: Bearer EAAG-token\n"
		"  host lookaside.fbsbx.com\n  host graph.facebook.com\n");
	assert_string_equal(wa_host_call(host)->url, "https://graph.facebook.com/v23.0/1013859600285441?phone_number_id=" WA_NUMBER);
	assert_string_equal(wa_host_call(host)->headers, "Authorization: Bearer EAAG-token\n");
}

static void the_token_goes_nowhere_else(void **state)
{
	static const char *const urls[] = { "http://lookaside.fbsbx.com/a", "ftp://lookaside.fbsbx.com/a", "/a", "",
		"https://lookaside.fbsbx.com@evil.example/a", "https://lookaside.fbsbx.com\\\\@evil.example/a",
		"https:///a", "https://evil.example /a", "https://e%76il.example/a" };
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autofree char *body = g_strdup_printf("{\"url\":\"%s\"}", urls[i]);
		const char *got = fetch(host, 200, body);

		if (strstr(got, "EAAG") || strstr(got, "GET"))
			fail_msg("%s: %s", urls[i], got);
	}
	/* Any other host is the gateway's to refuse: the call names those that are allowed. */
	assert_non_null(strstr(fetch(host, 200, "{\"url\":\"https://169.254.169.254/latest\"}"), "(stranger)"));
	assert_non_null(strstr(fetch(host, 200, "{\"url\":\"https://graph.facebook.com:8443/a\"}"), "(stranger)"));
}

static void places_the_admin_named_are_no_strangers(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	host->conf.base_url = (char *)"http://127.0.0.1:4010";
	assert_true(g_str_has_prefix(fetch(host, 200, "{\"url\":\"http://127.0.0.1:4010/media/1\"}"),
				     "fetch 3: GET http://127.0.0.1:4010/media/1\n"));
	assert_non_null(strstr(fetch(host, 200, "{\"url\":\"http://127.0.0.1:22/\"}"), "not https"));
	host->conf.media_host = (char *)"waba-v2.360dialog.io";
	assert_true(g_str_has_prefix(fetch(host, 200, "{\"url\":\"https://lookaside.fbsbx.com/a?mid=1\"}"),
				     "fetch 3: GET https://waba-v2.360dialog.io/a?mid=1\n"));
}

static void why_a_file_cannot_be_had(void **state)
{
	static const struct { int status; const char *body; int kind; } cases[] = {
		{ 404, "", HG_ERR_GONE }, { 400, "{\"error\":{\"code\":100,\"error_subcode\":33}}", HG_ERR_GONE },
		{ 400, "{\"error\":{\"code\":100}}", HG_ERR_BUSY }, { 500, "", HG_ERR_BUSY }, { 429, "", HG_ERR_BUSY },
		{ 401, "{\"error\":{\"code\":190}}", HG_ERR_DENIED }, { 200, "{}", HG_ERR_BROKEN }, { 200, "", HG_ERR_BROKEN },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wa_host) host = wa_host_new();
		g_autofree char *want = g_strdup_printf("fetch 3: kind %d: ", cases[i].kind);
		const char *got = fetch(host, cases[i].status, cases[i].body);

		if (!g_str_has_prefix(got, want))
			fail_msg("%d %s: %s", cases[i].status, cases[i].body, got);
	}
}

static void references_that_are_none_are_gone(void **state)
{
	static const char *const refs[] = { "", "5", "5/", "5/../6", "5/a?b" };
	g_autoptr(wa_host) host = wa_host_new();
	g_autofree char *want = g_strdup_printf("fetch 3: kind %d: ", HG_ERR_GONE);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(refs); i++) {
		hg_adapter_v1.fetch(host->state, 3, refs[i]);
		assert_true(g_str_has_prefix(wa_host_take(host), want));
	}
	assert_int_equal(host->calls->len, 0);
}

/* ---- condition ---- */

static void a_revoked_token_shows_without_a_message_and_so_does_its_end(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_err err = { 0 };

	(void)state;
	hg_adapter_v1.start(host->state);
	assert_string_equal(wa_host_call(host)->url, "https://graph.facebook.com/v23.0/" WA_NUMBER "?fields=id");
	wa_host_answer(host, 200, "{\"id\":\"" WA_NUMBER "\"}", NULL);
	assert_string_equal(wa_host_call(host)->url, "https://graph.facebook.com/v23.0/" WA_OTHER "?fields=id");
	wa_host_answer(host, 200, "{\"id\":\"" WA_OTHER "\"}", NULL);
	assert_int_equal(host->condition, HG_UP);
	assert_int_equal(host->timer_ms, 600000);
	host->timer(host->state);
	wa_host_answer(host, 401, "{\"error\":{\"code\":190,\"message\":\"Error validating access token\"}}", NULL);
	assert_int_equal(host->condition, HG_DOWN);
	assert_non_null(strstr(host->condition_text, "make a new one"));
	hg_adapter_v1.health(host->state, &err);
	assert_int_equal(err.kind, HG_ERR_DENIED);
	for (gint64 ms = 120000; ms < 4000000; ms *= 2) {
		assert_int_equal(host->timer_ms, MIN(ms, 1800000));
		host->timer(host->state);
		wa_host_answer(host, 401, "{\"error\":{\"code\":190,\"message\":\"Error validating access token\"}}", NULL);
	}
	host->timer(host->state);
	wa_host_answer(host, 200, "{}", NULL);
	wa_host_answer(host, 200, "{}", NULL);
	assert_int_equal(host->condition, HG_UP);
	assert_int_equal(host->conditions, 3);
	hg_adapter_v1.health(host->state, &err);
	assert_int_equal(err.kind, 0);
}

/* The answer to a question asked before the token was revoked says nothing of the token. */
static void an_answer_from_before_the_trouble_does_not_end_it(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	hg_adapter_v1.start(host->state);
	send_body(host, BODY, NULL);
	wa_host_answer(host, 401, "{\"error\":{\"code\":190,\"message\":\"revoked\"}}", NULL);
	assert_int_equal(host->condition, HG_DOWN);
	g_ptr_array_remove_index(host->calls, host->calls->len - 1);
	wa_host_answer(host, 200, "{\"id\":\"" WA_NUMBER "\"}", NULL);
	wa_host_answer(host, 200, "{\"id\":\"" WA_OTHER "\"}", NULL);
	assert_int_equal(host->condition, HG_DOWN);
	assert_non_null(host->timer);
	host->timer(host->state);
	wa_host_answer(host, 200, "{}", NULL);
	wa_host_answer(host, 200, "{}", NULL);
	assert_int_equal(host->condition, HG_UP);
}

static void an_api_that_does_not_answer_degrades_the_channel(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	hg_adapter_v1.start(host->state);
	wa_host_no_answer(host, FALSE, "no such host");
	assert_int_equal(host->condition, HG_DEGRADED);
	host->timer(host->state);
	wa_host_answer(host, 200, "{}", NULL);
	wa_host_answer(host, 200, "{}", NULL);
	assert_int_equal(host->condition, HG_UP);
	hg_adapter_v1.stop(host->state);
	assert_null(host->timer);
}

static void a_message_that_passes_ends_the_trouble(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();

	(void)state;
	send_body(host, BODY, NULL);
	wa_host_answer(host, 400, "{\"error\":{\"code\":131042,\"message\":\"x\"}}", NULL);
	assert_int_equal(host->condition, HG_DOWN);
	send_body(host, BODY, NULL);
	wa_host_answer(host, 400, "{\"error\":{\"code\":131048,\"message\":\"x\"}}", NULL);
	assert_int_equal(host->condition, HG_DEGRADED);
	send_body(host, BODY, NULL);
	wa_host_answer(host, 200, TAKEN, NULL);
	assert_int_equal(host->condition, HG_UP);
	assert_int_equal(host->conditions, 3);
}

/* ---- options ---- */

static void settings_that_make_no_sense_are_explained(void **state)
{
	static char *no_numbers[] = { NULL }, *plus[] = { (char *)"+447700900123", NULL };
	static char *twice[] = { (char *)"5", (char *)"5", NULL }, *empty[] = { (char *)"", NULL };
	const struct { size_t offset; void *value; const char *words; } cases[] = {
		{ offsetof(struct wa_conf, phone_number_id), no_numbers, "missing" },
		{ offsetof(struct wa_conf, phone_number_id), plus, "digits without +" },
		{ offsetof(struct wa_conf, phone_number_id), twice, "twice" },
		{ offsetof(struct wa_conf, app_secret), NULL, "app_secret is missing" },
		{ offsetof(struct wa_conf, app_secret), no_numbers, "app_secret is missing" },
		{ offsetof(struct wa_conf, app_secret), empty, "app_secret is empty" },
		{ offsetof(struct wa_conf, signature), (void *)"off", "needs a url_token" },
		{ offsetof(struct wa_conf, url_token), (void *)"short", "at least 16" },
		{ offsetof(struct wa_conf, base_url), (void *)"http://graph.example", "in the clear" },
		{ offsetof(struct wa_conf, base_url), (void *)"https://u:p@graph.example", "no plain https URL" },
		{ offsetof(struct wa_conf, version), (void *)"../v1", "version" },
		{ offsetof(struct wa_conf, auth_header), (void *)"X\r\nY", "auth_header" },
		{ offsetof(struct wa_conf, media_host), (void *)"a/b", "media_host" },
		{ offsetof(struct wa_conf, token), (void *)"a\nb", "line break" },
		{ offsetof(struct wa_conf, template_name), (void *)"t", "both name and language" },
		{ offsetof(struct wa_conf, urls), (void *)"flat", "a channel for each" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(wa_host) host = wa_host_new();
		struct hg_err err = { 0 };

		assert_int_equal(hg_adapter_v1.check(&host->conf, &err), 0);
		memcpy((char *)&host->conf + cases[i].offset, &cases[i].value, sizeof(void *));
		assert_int_not_equal(hg_adapter_v1.check(&host->conf, &err), 0);
		assert_int_equal(err.kind, HG_ERR_CONFIG);
		if (!strstr(err.text, cases[i].words))
			fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].words);
	}
}

static void the_limits_are_whatsapps(void **state)
{
	g_autoptr(wa_host) host = wa_host_new();
	struct hg_limits limits = { .size = sizeof(limits) };

	(void)state;
	host->conf.rate = 20;
	hg_adapter_v1.limits(&host->conf, &limits);
	assert_int_equal(limits.max_text, 4096);
	assert_int_equal(limits.window_ms, 24 * HOUR);
	assert_int_equal(limits.rate, 20);
	assert_int_equal(limits.contact_gap_ms, 6000);
	assert_int_equal(limits.contact_burst, 45);
	assert_int_equal(limits.max_file, 100 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_becomes_one_call),
		cmocka_unit_test(what_cannot_be_sent_is_refused_with_the_reason),
		cmocka_unit_test(long_texts_are_split_where_a_reader_would),
		cmocka_unit_test(an_early_stop_makes_no_short_part),
		cmocka_unit_test(characters_are_counted_not_bytes),
		cmocka_unit_test(what_is_drawn_as_one_is_not_torn),
		cmocka_unit_test(files_are_uploaded_with_the_text_as_caption),
		cmocka_unit_test(text_that_fits_no_caption_goes_before_the_file),
		cmocka_unit_test(a_file_of_more_than_100_mb_is_refused),
		cmocka_unit_test(free_text_needs_the_window),
		cmocka_unit_test(a_long_answer_in_a_template_is_cut_visibly),
		cmocka_unit_test(templates_pass_at_any_time),
		cmocka_unit_test(payloads_go_as_they_are),
		cmocka_unit_test(reactions_and_signs_of_life),
		cmocka_unit_test(the_committed_bytes_are_posted),
		cmocka_unit_test(our_key_is_in_every_message),
		cmocka_unit_test(carriers_are_reached_by_config),
		cmocka_unit_test(every_error_code_has_its_consequence),
		cmocka_unit_test(where_the_code_says_nothing_the_status_does),
		cmocka_unit_test(an_answer_that_did_not_come_is_ambiguous_only_when_bytes_left),
		cmocka_unit_test(retry_after_is_honoured_within_bounds),
		cmocka_unit_test(who_the_receiver_is_is_learned_once),
		cmocka_unit_test(who_opted_out_is_told_to_the_gateway),
		cmocka_unit_test(signs_of_life_want_no_answer),
		cmocka_unit_test(a_file_goes_up_first_and_its_id_goes_into_the_message),
		cmocka_unit_test(an_upload_may_be_repeated_so_nothing_of_it_is_ambiguous),
		cmocka_unit_test(a_file_is_asked_for_by_its_id_on_each_attempt),
		cmocka_unit_test(the_token_goes_nowhere_else),
		cmocka_unit_test(places_the_admin_named_are_no_strangers),
		cmocka_unit_test(why_a_file_cannot_be_had),
		cmocka_unit_test(references_that_are_none_are_gone),
		cmocka_unit_test(a_revoked_token_shows_without_a_message_and_so_does_its_end),
		cmocka_unit_test(an_answer_from_before_the_trouble_does_not_end_it),
		cmocka_unit_test(an_api_that_does_not_answer_degrades_the_channel),
		cmocka_unit_test(a_message_that_passes_ends_the_trouble),
		cmocka_unit_test(settings_that_make_no_sense_are_explained),
		cmocka_unit_test(the_limits_are_whatsapps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_http_send.c - requests on their way: how many at once, with which token, where files are got */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "http_fetch.h"
#include "http_send.h"
#include "json.h"

/* Options are read into memory of their own. */
#define T(text) ((char *)(text))

static char *secrets[] = { T("id"), T("me"), T("key"), T("k&y"), NULL };
static char *values[] = { T("base"), T("http://127.0.0.1:7"), T("from"), T("tel:+15550100"), NULL };
static struct ht_conf conf = { .secrets = secrets, .values = values, .text = T("exact"), .long_text = T("concat") };

/* ---- a gateway that writes down what it is asked ---- */

struct called {
	char *url, *auth, *body;
	gboolean stranger;
	char **hosts;
	hg_http_done_fn *done;
	void *arg;
};

static GArray *calls;
static GString *told;		/* sent(), fetched(), emit(), line by line */

static void take_call(const struct hg_http_call *call, hg_http_done_fn *done, void *arg)
{
	struct called one = { .url = g_strdup(call->url), .body = g_strndup(call->body ? call->body : "", call->len),
			      .stranger = call->stranger, .hosts = g_strdupv((char **)call->hosts), .done = done, .arg = arg };

	for (gsize i = 0; call->headers && call->headers[i]; i++)
		if (g_str_has_prefix(call->headers[i], "Authorization: "))
			one.auth = g_strdup(call->headers[i] + strlen("Authorization: "));
	g_array_append_val(calls, one);
}

static void http(struct hg_channel *ch, const struct hg_http_call *call, hg_http_done_fn *done, void *arg)
{
	(void)ch;
	take_call(call, done, arg);
}

static void fetched(struct hg_channel *ch, uint64_t ticket, const struct hg_http_call *get, const struct hg_err *err)
{
	(void)ch;
	if (get)
		take_call(get, NULL, NULL);
	else
		g_string_append_printf(told, "fetched %d: %d\n", (int)ticket, err->kind);
}

static void sent(struct hg_channel *ch, uint64_t ticket, const struct hg_result *result)
{
	(void)ch;
	g_string_append_printf(told, "sent %d: %d %d %s\n", (int)ticket, result->fate, result->reach, result->id ? result->id : "-");
}

static void emit(struct hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg)
{
	(void)ch;
	(void)ack;
	(void)arg;
	g_string_append_printf(told, "emit %d %s %s to %s, %d\n", batch->in->kind, batch->in->text, batch->in->from->uri, batch->in->to,
			       batch->in->code);
}

static int64_t now_ms(struct hg_channel *ch)
{
	(void)ch;
	return 1700000000000;
}

static void quiet(struct hg_channel *ch, int level, const char *event, const char *fmt, ...)
{
	(void)ch;
	(void)level;
	(void)event;
	(void)fmt;
}

static void count(struct hg_channel *ch, const char *what)
{
	(void)ch;
	(void)what;
}

static void condition(struct hg_channel *ch, int is, const struct hg_err *err)
{
	(void)ch;
	g_string_append_printf(told, "condition %d %d\n", is, err ? err->kind : 0);
}

static uint64_t timer(struct hg_channel *ch, int64_t ms, void (*fn)(void *state))
{
	(void)ch;
	(void)ms;
	(void)fn;
	return 1;
}

static void untimer(struct hg_channel *ch, uint64_t id)
{
	(void)ch;
	(void)id;
}

static struct json_object *parse(const void *bytes, size_t len, struct hg_err *err)
{
	(void)err;
	return hg_json_parse(bytes, len, NULL, NULL);
}

static const struct hg_host host = { .size = sizeof(host), .log = quiet, .now_ms = now_ms, .json = parse, .count = count,
				     .condition = condition, .emit = emit, .sent = sent, .fetched = fetched, .timer = timer,
				     .untimer = untimer, .http = http };

static const char *no_header(const struct hg_http_answer *answer, const char *name)
{
	(void)answer;
	(void)name;
	return NULL;
}

static struct called *call_at(guint i)
{
	if (i >= calls->len)
		fail_msg("call %u of %u; told: %s", i, calls->len, told->str);
	return &g_array_index(calls, struct called, i);
}

/* status 0: none came. */
static void answer(guint i, int status, const char *body)
{
	struct hg_http_answer a = { .size = sizeof(a), .status = status, .sent = true, .header = no_header, .body = body,
				    .len = strlen(body), .error = status ? NULL : "gone" };

	call_at(i)->done(call_at(i)->arg, &a);
}

static void clear_call(gpointer data)
{
	struct called *call = data;

	g_free(call->url);
	g_free(call->auth);
	g_free(call->body);
	g_strfreev(call->hosts);
}

/* ---- a channel ---- */

struct channel {
	ht_desc *desc;
	struct hg_health health;
	ht_sender sender;
};

static struct channel *open_with(const char *more)
{
	struct channel *c = g_new0(struct channel, 1);
	g_autofree char *json = g_strdup_printf("{\"name\":\"T\",\"codes\":{\"21610\":{\"class\":\"opted_out\"}},\"send\":{\"url\":\"https://a.example/"
		"m\",\"json\":{\"t\":\"${text}\"},\"answer\":{\"id\":\"id\",\"code\":\"code\"}%s", more);
	struct ht_look look = { .knows = TRUE, .secrets = conf.secrets, .values = conf.values };

	calls = g_array_new(FALSE, TRUE, sizeof(struct called));
	g_array_set_clear_func(calls, clear_call);
	told = g_string_new(NULL);
	c->desc = ht_desc_new(json, &look);
	if (!c->desc)
		fail_msg("%s: %s", look.first.at, look.first.text);
	hg_health_init(&c->health, &host, NULL, NULL);
	ht_sender_init(&c->sender, &host, NULL, c->desc, &conf, &c->health);
	return c;
}

static void close_all(struct channel *c)
{
	ht_sender_done(&c->sender);
	ht_desc_free(c->desc);
	g_free(c);
	g_array_unref(calls);
	g_string_free(told, TRUE);
}

static void send_one(struct channel *c, guint64 ticket)
{
	struct hg_out out = { .size = sizeof(out), .ticket = ticket, .kind = HG_TEXT, .to = "tel:+447700900123",
			      .from = "tel:+15550100", .key = "KEY", .text = "hello" };

	ht_sender_send(&c->sender, &out);
}

/* ---- sending ---- */

static void so_many_at_once_and_no_more(void **state)
{
	struct channel *c = open_with(",\"rate\":{\"at_once\":2}}}");
	(void)state;

	for (guint64 i = 1; i <= 4; i++)
		send_one(c, i);
	assert_int_equal(calls->len, 2);
	answer(0, 200, "{\"id\":\"a\"}");
	assert_int_equal(calls->len, 3);
	answer(1, 500, "");
	answer(2, 200, "{\"id\":\"c\"}");
	assert_int_equal(calls->len, 4);
	ht_sender_stop(&c->sender);
	answer(3, 0, "");
	assert_non_null(strstr(told->str, "sent 1: 0 0 a\n"));
	assert_non_null(strstr(told->str, "sent 2: 3 0 -\n"));
	assert_non_null(strstr(told->str, "sent 4: 3 0 -\n"));
	close_all(c);
}

static void what_waits_when_the_channel_closes_was_not_sent(void **state)
{
	struct channel *c = open_with(",\"rate\":{\"at_once\":1}}}");
	(void)state;

	send_one(c, 1);
	send_one(c, 2);
	ht_sender_stop(&c->sender);
	assert_string_equal(told->str, "sent 2: 1 2 -\n");
	answer(0, 200, "{\"id\":\"a\"}");
	assert_non_null(strstr(told->str, "sent 1: 0 0 a\n"));
	close_all(c);
}

static void who_opted_out_at_the_provider_is_told_to_the_gateway(void **state)
{
	struct channel *c = open_with("}}");
	(void)state;

	send_one(c, 1);
	answer(0, 400, "{\"code\":21610}");
	assert_non_null(strstr(told->str, "emit 65 stop tel:+447700900123 to tel:+15550100, 21610\n"));
	assert_non_null(strstr(told->str, "sent 1: 2 1 -\n"));
	close_all(c);
}

/* ---- tokens ---- */

#define OAUTH ",\"bearer\":\"${token}\",\"oauth2\":{\"url\":\"https://t.example/token\",\"client_id\":\"${secret:id}\",\"client_secret\":" \
	      "\"${secret:key}\",\"scope\":\"sms send\"%s}}}"

static struct channel *open_oauth(const char *more)
{
	g_autofree char *text = g_strdup_printf(OAUTH, more);

	return open_with(text);
}

static void one_token_serves_all_and_is_asked_for_once(void **state)
{
	struct channel *c = open_oauth("");
	(void)state;

	for (guint64 i = 1; i <= 3; i++)
		send_one(c, i);
	assert_int_equal(calls->len, 1);
	assert_string_equal(call_at(0)->url, "https://t.example/token");
	assert_string_equal(call_at(0)->body, "grant_type=client_credentials&client_id=me&client_secret=k%26y&scope=sms%20send");
	answer(0, 200, "{\"access_token\":\"T1\",\"expires_in\":3600,\"token_type\":\"Bearer\"}");
	assert_int_equal(calls->len, 4);
	for (guint i = 1; i <= 3; i++)
		assert_string_equal(call_at(i)->auth, "Bearer T1");
	send_one(c, 4);
	assert_string_equal(call_at(4)->auth, "Bearer T1");
	for (guint i = 1; i <= 4; i++)
		answer(i, 200, "{\"id\":\"x\"}");
	close_all(c);
}

static void a_token_that_is_refused_is_renewed_once(void **state)
{
	struct channel *c = open_oauth(",\"basic\":true");
	(void)state;

	send_one(c, 1);
	assert_string_equal(call_at(0)->auth, "Basic bWU6ayUyNnk=");		/* me:k%26y, encoded as RFC 6749 says */
	assert_string_equal(call_at(0)->body, "grant_type=client_credentials&scope=sms%20send");
	answer(0, 200, "{\"access_token\":\"T1\"}");
	answer(1, 401, "");
	assert_string_equal(told->str, "");
	assert_string_equal(call_at(2)->url, "https://t.example/token");
	answer(2, 200, "{\"access_token\":\"T2\"}");
	assert_string_equal(call_at(3)->auth, "Bearer T2");
	answer(3, 401, "");			/* then it is not the token */
	assert_int_equal(calls->len, 4);
	assert_non_null(strstr(told->str, "sent 1: 2 3 -\n"));
	close_all(c);
}

static void without_a_token_nothing_is_sent(void **state)
{
	struct channel *c = open_oauth("");
	(void)state;

	send_one(c, 1);
	answer(0, 400, "{\"error\":\"invalid_client\"}");
	assert_non_null(strstr(told->str, "condition 3 3\n"));		/* down, denied */
	assert_non_null(strstr(told->str, "sent 1: 2 3 -\n"));
	assert_int_equal(calls->len, 1);
	send_one(c, 2);				/* not asked for again at once */
	assert_int_equal(calls->len, 1);
	close_all(c);
}

static void a_token_endpoint_that_is_away_loses_nothing(void **state)
{
	struct channel *c = open_oauth("");
	(void)state;

	send_one(c, 1);
	answer(0, 0, "");
	assert_string_equal(told->str, "sent 1: 1 2 -\n");
	close_all(c);
}

/* ---- files ---- */

static void fetch(struct channel *c, const char *ref)
{
	ht_fetch_file(c->desc->fetch, &c->sender, 5, ref);
}

static void files_are_got_with_credentials_where_the_description_says(void **state)
{
	struct channel *c = open_with("},\"fetch\":{\"hosts\":[\".a.example\"],\"basic\":{\"user\":\"u\",\"password\":\"${secret:id}\"}}}");
	(void)state;

	fetch(c, "https://media.a.example/1");
	assert_string_equal(call_at(0)->url, "https://media.a.example/1");
	assert_string_equal(call_at(0)->auth, "Basic dTptZQ==");
	assert_true(call_at(0)->stranger);
	assert_string_equal(call_at(0)->hosts[0], ".a.example");	/* the gateway refuses any other */
	fetch(c, "http://127.0.0.1:7/x");		/* what the channel itself names may be private */
	assert_false(call_at(1)->stranger);
	fetch(c, "http://127.0.0.1:70/x");
	fetch(c, "file:///etc/passwd");
	fetch(c, "https://u:p@media.a.example/");
	assert_int_equal(calls->len, 2);
	assert_string_equal(told->str, "fetched 5: 4\nfetched 5: 4\nfetched 5: 4\n");
	close_all(c);
}

static void a_file_may_be_asked_for_first(void **state)
{
	struct channel *c = open_with("},\"fetch\":{\"ask\":{\"url\":\"https://a.example/b${secret:id}/getFile\",\"json\":{\"file_id\":\"${file.ref}\"},"
		"\"pick\":\"result.file_path\"},\"url\":\"https://a.example/f/b${secret:id}/${file.path}\"}}");
	(void)state;

	fetch(c, "ID\"1");
	assert_string_equal(call_at(0)->url, "https://a.example/bme/getFile");
	assert_string_equal(call_at(0)->body, "{\"file_id\":\"ID\\\"1\"}");
	answer(0, 200, "{\"ok\":true,\"result\":{\"file_path\":\"photos/a b?.jpg\"}}");
	assert_string_equal(call_at(1)->url, "https://a.example/f/bme/photos/a%20b%3F.jpg");
	fetch(c, "ID2");
	answer(2, 200, "{\"ok\":true,\"result\":{\"file_path\":\"../../bme/deleteWebhook\"}}");
	fetch(c, "ID3");
	answer(3, 404, "{}");
	fetch(c, "ID4");
	answer(4, 500, "");
	assert_int_equal(calls->len, 5);
	assert_string_equal(told->str, "fetched 5: 4\nfetched 5: 4\nfetched 5: 5\n");
	close_all(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(so_many_at_once_and_no_more),
		cmocka_unit_test(what_waits_when_the_channel_closes_was_not_sent),
		cmocka_unit_test(who_opted_out_at_the_provider_is_told_to_the_gateway),
		cmocka_unit_test(one_token_serves_all_and_is_asked_for_once),
		cmocka_unit_test(a_token_that_is_refused_is_renewed_once),
		cmocka_unit_test(without_a_token_nothing_is_sent),
		cmocka_unit_test(a_token_endpoint_that_is_away_loses_nothing),
		cmocka_unit_test(files_are_got_with_credentials_where_the_description_says),
		cmocka_unit_test(a_file_may_be_asked_for_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

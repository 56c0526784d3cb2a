/* test_desk_poll.c - a poll of several steps: what it finds is one list, and knows what it was asked for */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "desk.h"
#include "desk_run.h"
#include "json.h"

#define HEAD "{\"name\":\"Example\",\"proof\":{\"state\":\"documented\",\"date\":\"2026-11-22\",\"sources\":[\"https://a.example\"]}," \
	"\"settings\":{\"url\":\"where\",\"credentials\":{\"token\":\"key\"}},\"once\":{\"by\":\"none\"}," \
	"\"statuses\":{\"from\":{\"*\":\"open\"}},\"poll\":{\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"id\",\"text\":\"id\"}}]},"
#define CREATE "\"create\":[{\"url\":\"${url}/t\",\"json\":{},\"take\":{\"ticket.id\":\"id\"}}]"
#define POLL "\"fetch_changes\":[{\"url\":\"${url}/tickets\",\"take\":{\"tickets\":\"items\"}}," \
	"{\"foreach\":\"tickets\",\"url\":\"${url}/said/${item.id}\",\"take\":{\"said\":\"items\"}}," \
	"{\"foreach\":\"said\",\"url\":\"${url}/parts/${item.id}\",\"take\":{\"changes\":\"$root\"}}]"

/* A helpdesk that has an answer for each address. */
struct script {
	const char *const *answers;	/* address and body by turns, NULL-ended */
	guint calls;
	char *changes;			/* of the end */
};

static void tell(void *arg, const struct hg_err *err)
{
	(void)arg;
	fail_msg("%s: %s", err->at, err->text);
}

static void call(void *ctx, const struct hg_client_call *asked, hg_desk_answered *done, void *arg)
{
	struct script *script = ctx;
	const char *const *at = script->answers;

	script->calls++;
	while (*at && strcmp(at[0], asked->url) != 0)
		at += 2;
	if (!*at)
		fail_msg("nobody was to ask for %s", asked->url);
	done(arg, &(struct hg_desk_answer){ .status = 200, .code = HG_CLIENT_OK, .sent = TRUE, .body = at[1],
					    .len = strlen(at[1]), .retry_ms = -1 });
}

static gint64 now_ms(void *ctx)
{
	(void)ctx;
	return 1795339000000;
}

static void on_end(void *arg, const struct hg_desk_ended *ended)
{
	struct script *script = arg;
	struct json_object *changes = NULL;

	assert_int_equal(ended->word, HG_DESK_DONE);
	json_object_object_get_ex(ended->taken, "changes", &changes);
	script->changes = g_strdup(json_object_to_json_string_ext(changes, JSON_C_TO_STRING_PLAIN));
}

static void poll(struct script *script)
{
	static const struct hg_desk_given given = { .url = "https://desk.example", .token = "k", .poll_ms = -1, .max_file = -1 };
	struct ht_look look = { .tell = tell };
	g_autoptr(hg_desk) desk = hg_desk_new(HEAD "\"operations\":{" CREATE "," POLL "}}", &given, &look);
	const struct hg_desk_transport transport = { .call = call, .now_ms = now_ms, .ctx = script };
	g_autoptr(json_object) situation = json_object_new_object();
	const struct hg_desk_task task = { .desk = desk, .op = HG_DESK_FETCH_CHANGES, .situation = situation, .transport = &transport };

	assert_null(hg_desk_run_start(&task, on_end, script));
}

static void a_list_that_each_answer_gave_is_gone_through_as_one(void **state)
{
	static const char *const answers[] = {
		"https://desk.example/tickets", "{\"items\":[{\"id\":1},{\"id\":2},{\"id\":3}]}",
		"https://desk.example/said/1", "{\"items\":[{\"id\":11},{\"id\":12}]}",
		"https://desk.example/said/2", "{\"items\":[]}",
		"https://desk.example/said/3", "{\"items\":[{\"id\":31}]}",
		"https://desk.example/parts/11", "{\"id\":111}", "https://desk.example/parts/12", "{\"id\":112}",
		"https://desk.example/parts/31", "{\"id\":131}", NULL };
	struct script script = { .answers = answers };

	(void)state;
	poll(&script);
	assert_int_equal(script.calls, 7);
	assert_string_equal(script.changes, "[{\"id\":111,\"item\":{\"id\":11}},{\"id\":112,\"item\":{\"id\":12}},"
					    "{\"id\":131,\"item\":{\"id\":31}}]");
	g_free(script.changes);
}

static void what_a_helpdesk_calls_item_itself_stays(void **state)
{
	static const char *const answers[] = {
		"https://desk.example/tickets", "{\"items\":[{\"id\":1}]}",
		"https://desk.example/said/1", "{\"items\":[{\"id\":11}]}",
		"https://desk.example/parts/11", "{\"id\":111,\"item\":\"a chair\"}", NULL };
	struct script script = { .answers = answers };

	(void)state;
	poll(&script);
	assert_string_equal(script.changes, "[{\"id\":111,\"item\":\"a chair\"}]");
	g_free(script.changes);
}

static void on_saved(void *arg, const struct hg_desk_ended *ended)
{
	gsize *saved = arg;

	assert_int_equal(ended->word, HG_DESK_DONE);
	*saved = ended->saved;
}

static void call_saves(void *ctx, const struct hg_client_call *asked, hg_desk_answered *done, void *arg)
{
	g_autofree char *body = g_strdup("");

	(void)ctx;
	assert_int_equal(asked->save_fd, 5);
	done(arg, &(struct hg_desk_answer){ .status = 200, .code = HG_CLIENT_OK, .sent = TRUE, .body = body, .len = 100000,
					    .retry_ms = -1 });
}

/* The bytes of a file are on the disk: len is theirs, and nothing lies behind body. */
static void a_file_that_was_saved_is_not_read_as_a_body(void **state)
{
	static const struct hg_desk_given given = { .url = "https://desk.example", .token = "k", .poll_ms = -1, .max_file = -1 };
	struct ht_look look = { .tell = tell };
	g_autoptr(hg_desk) desk = hg_desk_new(HEAD "\"operations\":{" CREATE "," POLL ",\"fetch_attachment\":[{\"url\":"
					      "\"${url}/f\"}]}}", &given, &look);
	const struct hg_desk_transport transport = { .call = call_saves, .now_ms = now_ms };
	g_autoptr(json_object) situation = json_object_new_object();
	const struct hg_desk_task task = { .desk = desk, .op = HG_DESK_FETCH_ATTACHMENT, .situation = situation,
					   .transport = &transport, .save_fd = 5 };
	gsize saved = 0;

	(void)state;
	assert_null(hg_desk_run_start(&task, on_saved, &saved));
	assert_int_equal(saved, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_that_each_answer_gave_is_gone_through_as_one),
		cmocka_unit_test(what_a_helpdesk_calls_item_itself_stays),
		cmocka_unit_test(a_file_that_was_saved_is_not_read_as_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

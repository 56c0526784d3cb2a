/* test_visitor_live.c - what visitors hear while they listen, and when they come back */
#include "live_fixture.h"

#include <string.h>
#include <unistd.h>

#include "json.h"
#include "visitor_hub.h"
#include "visitor_json.h"

static void say(struct hub *hub, const char *uri, const char *id, const char *text)
{
	struct hg_in in = lab_text(uri, text);
	g_autofree char *whole = g_strdup_printf("%s:%s", uri + strlen("widget:"), id);

	in.id = whole;
	lab_in(hub->lab, "wa", &in, 1);
	hub_said(hub, uri);
}

/* The one conversation of that address. */
static char *thread_of(struct hub *hub, const char *uri)
{
	return lab_value(hub->lab, "SELECT thread.id FROM thread JOIN visit ON visit.thread_n = thread.n "
			 "WHERE visit.uri = '%s' ORDER BY thread.n DESC LIMIT 1", uri);
}

/* Answers are told of when they are with the provider, as a widget's are at once. */
static void send_all(struct hub *hub)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(hub->lab, HG_TO_CHANNEL)))
		lab_sent(hub->lab, dispatch, &(struct hg_result){ .size = sizeof(struct hg_result), .fate = HG_SENT,
			.id = dispatch->out.key });
}

static void answer(struct hub *hub, const char *uri, const char *text)
{
	g_autofree char *thread = thread_of(hub, uri);

	lab_reply(hub->lab, thread, text);
	send_all(hub);
}

static void expect(struct ear *ear, const char *type)
{
	assert_string_equal(ear_next(ear), type);
}

static void expect_text(struct ear *ear, const char *text)
{
	expect(ear, "message");
	assert_string_equal(ear_word(ear, "message.text"), text);
}

static void a_conversation_is_heard_as_it_goes(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ear = ear_open(hub, ANA, NULL);
	g_autofree char *thread = NULL, *key = NULL;

	assert_int_equal(ear->status, 200);
	say(hub, ANA, "c1", "my order is late");
	expect_text(ear, "my order is late");
	thread = thread_of(hub, ANA);
	assert_string_equal(ear_word(ear, "message.client_id"), "c1");
	assert_string_equal(ear_word(ear, "message.author.kind"), "visitor");
	assert_string_equal(ear_word(ear, "message.author.me"), "true");
	assert_string_equal(ear_word(ear, "message.thread_id"), thread);
	assert_string_equal(ear_word(ear, "thread.id"), thread);
	assert_string_equal(ear_word(ear, "thread.state"), "open");
	assert_string_equal(ear_word(ear, "thread.unread"), "0");
	answer(hub, ANA, "On its way!");
	expect_text(ear, "On its way!");
	assert_string_equal(ear_word(ear, "message.author.kind"), "agent");
	assert_string_equal(ear_word(ear, "message.author.me"), "false");
	assert_string_equal(ear_word(ear, "thread.unread"), "1");
	assert_string_equal(ear_word(ear, "thread.last.text"), "On its way!");
	assert_string_equal(ear_word(ear, "message.state"), "sent");
	key = lab_value(hub->lab, "SELECT external_id FROM message WHERE direction = 2");
	lab_receipt(hub->lab, "wa", HG_R_READ, key, NULL);
	expect(ear, "message.state");
	assert_string_equal(ear_word(ear, "state"), "read");
	assert_string_equal(ear_word(ear, "thread_id"), thread);
}

static void a_message_says_by_what_it_came_not_by_whom(void **state)
{
	static const struct { const char *adapter, *address, *word; } ways[] = {
		{ "widget", ANA, "widget" }, { "email", "mailto:ana@example.com", "email" },
		{ "twilio", "tel:+447700900123", "sms" }, { "twilio", "whatsapp:GB.134", "whatsapp" },
		{ "whatsapp", "tel:+447700900123", "whatsapp" }, { NULL, "tel:+447700900123", "sms" },
		{ "http", "telegram:42", "http" }, { NULL, "telegram:42", "other" }, { NULL, NULL, "other" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++)
		assert_string_equal(hg_visitor_medium(ways[i].adapter, ways[i].address), ways[i].word);
}

static void nobody_hears_what_is_another_s(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ana = ear_open(hub, ANA, NULL), ben = ear_open(hub, BEN, NULL);

	say(hub, ANA, "a1", "I am Ana");
	say(hub, BEN, "b1", "I am Ben");
	answer(hub, ANA, "hello Ana");
	answer(hub, BEN, "hello Ben");
	expect_text(ben, "I am Ben");
	expect_text(ben, "hello Ben");
	expect_text(ana, "I am Ana");
	expect_text(ana, "hello Ana");
}

static void note(struct hub *hub, const char *thread, const char *text)
{
	hg_command *command = lab_command(hub->lab, HG_CMD_NOTE, thread);

	command->text = hg_arena_str(command->arena, text);
	lab_do(hub->lab, command);
}

static void notes_are_for_agents(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ear = ear_open(hub, ANA, NULL);
	g_autofree char *thread = NULL;

	say(hub, ANA, "c1", "where is it?");
	expect_text(ear, "where is it?");
	thread = thread_of(hub, ANA);
	note(hub, thread, "a difficult customer");
	answer(hub, ANA, "here");
	expect_text(ear, "here");
	assert_string_equal(ear_word(ear, "thread.last.text"), "here");
	note(hub, thread, "a very difficult customer");
	say(hub, ANA, "c2", "thanks");
	expect_text(ear, "thanks");
}

static void who_comes_back_gets_what_he_missed(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) first = ear_open(hub, ANA, NULL), again = NULL, third = NULL;
	g_autofree char *place = NULL;

	say(hub, ANA, "c1", "one");
	expect_text(first, "one");
	place = g_strdup(first->id);
	g_clear_pointer(&first, ear_close);
	answer(hub, ANA, "two");
	answer(hub, ANA, "three");
	say(hub, BEN, "b1", "not his");
	again = ear_open(hub, ANA, place);
	expect_text(again, "two");
	third = ear_open(hub, ANA, again->id);
	expect_text(again, "three");
	answer(hub, ANA, "four");
	expect_text(again, "four");
	expect_text(third, "three");
	expect_text(third, "four");
	assert_string_equal(third->id, again->id);
}

/* There it is two events, message.received and ticket.message, and lines break between any two. */
static void a_message_on_a_ticket_is_heard_once_wherever_the_line_breaks(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) first = NULL, again = NULL;
	g_autofree char *thread = NULL;

	say(hub, ANA, "c1", "my order is late");
	thread = thread_of(hub, ANA);
	lab_do(hub->lab, lab_command(hub->lab, HG_CMD_CONVERT, thread));
	first = ear_open(hub, ANA, NULL);
	say(hub, ANA, "c2", "and now?");
	lab_counts(hub->lab, 1, "SELECT count(*) FROM event WHERE type = 'ticket.message'");
	expect_text(first, "and now?");
	again = ear_open(hub, ANA, first->id);
	answer(hub, ANA, "it is on its way");
	expect_text(again, "it is on its way");
}

static void what_changed_meanwhile_is_heard_once_as_it_is(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = hub_place(hub), *target = NULL;
	g_autoptr(hub_ear) ear = NULL;
	struct hg_in edit = lab_text(ANA, "my order 4711 is late");

	say(hub, ANA, "c1", "my order is late");
	target = g_strdup_printf("%s:c1", &ANA[strlen("widget:")]);
	edit.kind = HG_EDIT;
	edit.target = target;
	lab_in(hub->lab, "wa", &edit, 1);
	answer(hub, ANA, "I look");
	ear = ear_open(hub, ANA, place);
	expect_text(ear, "my order 4711 is late");
	expect_text(ear, "I look");
	edit.id = NULL;
	edit.text = "forget it";
	lab_in(hub->lab, "wa", &edit, 1);
	expect(ear, "message.changed");
	assert_string_equal(ear_word(ear, "message.text"), "forget it");
	assert_non_null(ear_word(ear, "message.edited_at"));
}

static void what_is_not_on_disk_is_not_told(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = hub_place(hub);
	g_autoptr(json_object) none = NULL, some = NULL;
	g_autofree char *types = NULL, *after = NULL;

	hub->deaf = TRUE;	/* committed, and its sync is not done */
	say(hub, ANA, "c1", "may be lost");
	none = poll_once(hub, ANA, place, 0, NULL);
	types = poll_types(none);
	assert_string_equal(types, "");
	hub->deaf = FALSE;
	answer(hub, ANA, "now it is");
	some = poll_once(hub, ANA, json_word(none, "cursor"), 0, NULL);
	after = poll_types(some);
	assert_string_equal(after, "message,message");
}

static void a_poll_waits_for_news(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = NULL, *types = NULL, *more = NULL, *none = NULL;
	g_autoptr(json_object) first = NULL, second = NULL, third = NULL;
	int status;

	say(hub, ANA, "c1", "one");
	place = hub_place(hub);
	first = poll_once(hub, ANA, place, 0, &status);
	assert_int_equal(status, 200);
	none = poll_types(first);
	assert_string_equal(none, "");
	answer(hub, ANA, "two");
	second = poll_once(hub, ANA, json_word(first, "cursor"), 25, &status);
	types = poll_types(second);
	assert_string_equal(types, "message");
	assert_string_equal(json_word(second, "events.0.data.message.text"), "two");
	assert_string_equal(json_word(second, "events.0.cursor"), json_word(second, "cursor"));
	third = poll_once(hub, ANA, json_word(second, "cursor"), 0, NULL);
	more = poll_types(third);
	assert_string_equal(more, "");
}

/* Not by a client that waits, but by one that hears while it does. */
static gpointer poll_thread(gpointer arg)
{
	struct hub *hub = arg;

	return poll_once(hub, ANA, NULL, 25, NULL);
}

static void count_polls(void *arg)
{
	struct hub *hub = ((void **)arg)[0];
	struct hg_visitor_live_stats stats;

	hg_visitor_live_stats(hub->live, &stats);
	*(guint64 *)((void **)arg)[1] = stats.polls;
}

static void a_poll_that_waits_is_answered_at_once(void **state)
{
	struct hub *hub = *state;
	GThread *thread = g_thread_new("poll", poll_thread, hub);
	g_autoptr(json_object) answered = NULL;
	g_autofree char *types = NULL;
	guint64 polls = 0;

	while (!polls)
		hub_call(hub, count_polls, (void *[]){ hub, &polls });
	say(hub, ANA, "c1", "hello?");
	answered = g_thread_join(thread);
	types = poll_types(answered);
	assert_string_equal(types, "message");
}

static void a_place_nobody_gave_is_none(void **state)
{
	struct hub *hub = *state;
	static const char *const places[] = { "c1.AAAAAAAAAAAAAAAAAAAAAA", "42", "c1.", "c2.AAAAAAAAAAAAAAAAAAAAAA", "" };

	say(hub, ANA, "c1", "one");
	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autoptr(hub_ear) ear = ear_open(hub, ANA, places[i]);

		expect(ear, "reset");
		answer(hub, ANA, "after it");
		expect_text(ear, "after it");
	}
}

static void a_place_of_last_week_is_too_old(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = NULL, *quiet = NULL;
	g_autoptr(hub_ear) ear = NULL, in_time = NULL, still = NULL;

	say(hub, ANA, "c1", "one");
	place = hub_place(hub);
	answer(hub, ANA, "two");
	quiet = hub_place(hub);
	test_now_ms += 7 * DAY_MS - 1000;
	in_time = ear_open(hub, ANA, place);
	expect_text(in_time, "two");
	test_now_ms += 2000;
	ear = ear_open(hub, ANA, place);
	expect(ear, "reset");
	/* Nothing happened since then: nothing was missed. */
	still = ear_open(hub, ANA, quiet);
	answer(hub, ANA, "three");
	expect_text(still, "three");
	expect_text(ear, "three");
}

static void much_that_was_missed_comes_in_order(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = NULL;
	g_autoptr(hub_ear) ear = NULL;

	say(hub, ANA, "c", "begin");
	place = hub_place(hub);
	for (int i = 0; i < 300; i++) {
		g_autofree char *text = g_strdup_printf("answer %d", i);

		answer(hub, ANA, text);
	}
	ear = ear_open(hub, ANA, place);
	for (int i = 0; i < 300; i++) {
		g_autofree char *text = g_strdup_printf("answer %d", i);

		expect_text(ear, text);
	}
}

static void too_much_that_was_missed_is_fetched_anew(void **state)
{
	struct hub *hub = *state;
	g_autofree char *place = NULL;
	g_autoptr(hub_ear) ear = NULL;

	say(hub, ANA, "c", "begin");
	place = hub_place(hub);
	for (int i = 0; i < 1001; i++)
		answer(hub, ANA, "x");
	ear = ear_open(hub, ANA, place);
	expect(ear, "reset");
	answer(hub, ANA, "y");
	expect_text(ear, "y");
}

static void waiting_bytes(void *arg)
{
	struct hub *hub = ((void **)arg)[0];
	struct hg_visitor_live_stats stats;

	hg_visitor_live_stats(hub->live, &stats);
	*(guint64 *)((void **)arg)[1] = stats.reads;
}

/* He reads nothing while 20 MB are said: what waits for him is a page, and the rest is read when he goes on. */
static void a_slow_reader_costs_a_page_and_loses_nothing(void **state)
{
	enum { MESSAGES = 400, SIZE = 50000 };
	struct hub *hub = *state;
	g_autofree char *big = g_strnfill(SIZE, 'x');
	g_autoptr(hub_ear) slow = NULL;
	guint64 before = 0, after = 0;

	say(hub, ANA, "c", "begin");
	slow = ear_open_small(hub, ANA, NULL);
	hub_settle(hub);
	for (int i = 0; i < MESSAGES; i++) {
		g_autofree char *text = g_strdup_printf("%d %s", i, big);

		answer(hub, ANA, text);
		hub_settle(hub);
	}
	hub_call(hub, waiting_bytes, (void *[]){ hub, &before });
	answer(hub, ANA, "the last");
	hub_settle(hub);
	hub_call(hub, waiting_bytes, (void *[]){ hub, &after });
	assert_int_equal(before, after);	/* nothing is read for who does not read */
	for (int i = 0; i < MESSAGES; i++) {
		g_autofree char *text = g_strdup_printf("%d ", i);

		expect(slow, "message");
		assert_true(g_str_has_prefix(ear_word(slow, "message.text"), text));
	}
	expect_text(slow, "the last");
}

static guint64 stats_of(struct hub *hub, gsize offset)
{
	struct hg_visitor_live_stats stats;

	hg_visitor_live_stats(hub->live, &stats);
	return G_STRUCT_MEMBER(guint64, &stats, offset);
}

static void who_logged_out_hears_no_more(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ana = ear_open(hub, ANA, NULL), ben = ear_open(hub, BEN, NULL);

	say(hub, ANA, "c1", "one");
	expect_text(ana, "one");
	hub_end(hub, &(struct hg_visitor_live_ended){ .uri = ANA, .until_ms = test_now_ms - 1, .reason = "logout" });
	answer(hub, ANA, "two");
	expect_text(ana, "two");	/* of a later token */
	hub_end(hub, &(struct hg_visitor_live_ended){ .uri = ANA, .until_ms = test_now_ms, .reason = "logout" });
	expect(ana, "bye");
	assert_string_equal(ear_word(ana, "reason"), "logout");
	expect(ana, "");
	say(hub, BEN, "b1", "still here");
	expect_text(ben, "still here");
	hub_end(hub, &(struct hg_visitor_live_ended){ .channel = "other" });
	hub_end(hub, &(struct hg_visitor_live_ended){ .channel = "wa" });
	expect(ben, "");
	assert_int_equal(stats_of(hub, offsetof(struct hg_visitor_live_stats, streams)), 0);
}

static void a_token_ends_and_its_stream_with_it(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ear = NULL;

	hub->expires_ms = test_now_ms + 1;
	ear = ear_open(hub, ANA, NULL);
	hub_settle(hub);
	test_now_ms += 2;
	expect(ear, "bye");
	assert_string_equal(ear_word(ear, "reason"), "expired");
	expect(ear, "");
}

static void signs_reach_whom_they_are_for(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ana = ear_open(hub, ANA, NULL), ben = ear_open(hub, BEN, NULL);
	g_autofree char *hers = g_strdup_printf("%s:c1", &ANA[strlen("widget:")]), *thread = NULL;

	say(hub, ANA, "c1", "one");
	expect_text(ana, "one");
	thread = thread_of(hub, ANA);
	hub_say(hub, HG_TYPING, BEN, hers);	/* somebody else's conversation */
	hub_say(hub, HG_TYPING, ANA, hers);
	expect(ana, "typing");
	assert_string_equal(ear_word(ana, "thread_id"), thread);
	assert_string_equal(ear_word(ana, "name"), "Mia");
	assert_string_equal(ear_word(ana, "on"), "true");
	hub_say(hub, HG_READ, ANA, hers);
	expect(ana, "read");
	assert_non_null(ear_word(ana, "message_id"));
	say(hub, BEN, "b1", "nothing else came");
	expect_text(ben, "nothing else came");
}

static void there_is_room_for_so_many(void **state)
{
	struct hub *hub = hub_with(", max_streams: 3, max_streams_per_address: 2");
	g_autoptr(hub_ear) one = NULL, two = NULL, third = NULL, mine = NULL, again = NULL;
	void *own = hub;

	(void)state;
	hub->most = 1;
	one = ear_open(hub, ANA, NULL);
	mine = ear_open(hub, ANA, NULL);
	assert_int_equal(mine->status, 429);
	two = ear_open(hub, BEN, NULL);
	third = ear_open(hub, "widget:CCCCCCCCCCCCCCCCCCCCCC", NULL);
	assert_int_equal(third->status, 429);
	assert_int_equal(stats_of(hub, offsetof(struct hg_visitor_live_stats, refused)), 2);
	/* Room that becomes free is free. */
	hub_end(hub, &(struct hg_visitor_live_ended){ .uri = ANA });
	expect(one, "");
	again = ear_open(hub, ANA, NULL);
	assert_int_equal(again->status, 200);
	hub_free(&own);
}

static void all_together_are_so_many(void **state)
{
	struct hub *hub = hub_with(", max_streams: 1");
	g_autoptr(hub_ear) one = NULL, two = NULL;
	void *own = hub;

	(void)state;
	one = ear_open(hub, ANA, NULL);
	assert_int_equal(one->status, 200);
	two = ear_open(hub, BEN, NULL);
	assert_int_equal(two->status, 503);
	hub_free(&own);
}

/* The comment behind the first id, or the next one. */
static char *comment(struct ear *ear)
{
	char *end, *block;

	while (!(end = strstr(ear->bytes->str, ":\n\n"))) {
		char bytes[64];
		gssize n = read(ear->fd, bytes, sizeof(bytes));

		assert_true(n > 0);
		g_string_append_len(ear->bytes, bytes, n);
	}
	block = g_strndup(ear->bytes->str, (gsize)(end - ear->bytes->str));
	g_string_erase(ear->bytes, 0, end - ear->bytes->str + 3);
	return block;
}

static void descriptors_are_left_for_others(void **state)
{
	static const struct { gint64 wanted, connections, descriptors, fit; } cases[] = {
		{ 10000, 1024, 65536, 10000 }, { 10000, 1024, 20000, 10000 }, { 25000, 1024, 20000, 18720 },
		{ 10000, 1024, 4096, 2816 }, { 10000, 1024, 1024, 512 }, { 100, 1024, 1024, 100 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(hg_follow_fits(cases[i].wanted, cases[i].connections, cases[i].descriptors), cases[i].fit);
}

static void beats_come_while_nothing_happens(void **state)
{
	struct hub *hub = *state;
	/* Slots take turns, a second each: the second to come is the first to hear one. */
	g_autoptr(hub_ear) first = ear_open(hub, ANA, NULL), second = ear_open(hub, ANA, NULL);
	g_autofree char *begin = comment(second), *beat = comment(second);

	assert_int_equal(first->status, 200);
	assert_true(g_str_has_prefix(begin, "id: c1."));
	assert_string_equal(beat, "");
}

static void a_new_stream_says_where_it_begins(void **state)
{
	struct hub *hub = *state;
	g_autoptr(hub_ear) ear = ear_open(hub, ANA, NULL), later = NULL;
	g_autofree char *begin = comment(ear), *place = NULL;

	assert_true(g_str_has_prefix(begin, "id: c1."));
	place = g_strndup(begin + 4, strcspn(begin + 4, "\n"));
	say(hub, ANA, "c1", "one");
	later = ear_open(hub, ANA, place);
	expect_text(later, "one");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, hub_new, hub_free)
		TEST(a_conversation_is_heard_as_it_goes),
		TEST(nobody_hears_what_is_another_s),
		cmocka_unit_test(a_message_says_by_what_it_came_not_by_whom),
		TEST(notes_are_for_agents),
		TEST(who_comes_back_gets_what_he_missed),
		TEST(a_message_on_a_ticket_is_heard_once_wherever_the_line_breaks),
		TEST(what_changed_meanwhile_is_heard_once_as_it_is),
		TEST(what_is_not_on_disk_is_not_told),
		TEST(a_poll_waits_for_news),
		TEST(a_poll_that_waits_is_answered_at_once),
		TEST(a_place_nobody_gave_is_none),
		TEST(a_place_of_last_week_is_too_old),
		TEST(much_that_was_missed_comes_in_order),
		TEST(too_much_that_was_missed_is_fetched_anew),
		TEST(a_slow_reader_costs_a_page_and_loses_nothing),
		TEST(who_logged_out_hears_no_more),
		TEST(a_token_ends_and_its_stream_with_it),
		TEST(signs_reach_whom_they_are_for),
		TEST(a_new_stream_says_where_it_begins),
		TEST(beats_come_while_nothing_happens),
		cmocka_unit_test(there_is_room_for_so_many),
		cmocka_unit_test(all_together_are_so_many),
		cmocka_unit_test(descriptors_are_left_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

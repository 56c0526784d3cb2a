/* test_engine_inbound.c - from a provider's delivery to thread, decision, ticket and event */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define BEN "tel:+447700900456"
#define NOISE "rules:\n  - name: thanks\n    when: { text: { matches: '^(hi|thanks)$' } }\n    do: { ignore: noise }\n"
#define HELP  "rules:\n  - name: help\n    when: { text: { matches: 'help' } }\n    do: { convert: { priority: high } }\n"

static void a_question_settles_into_a_ticket_and_is_forwarded(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	assert_int_equal(lab->stored, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_wait(lab, 19 * 1000);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_wait(lab, 2 * 1000);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_is(lab, "TK-1000", "SELECT number FROM ticket");
	lab_counts(lab, HG_THREAD_CONVERTED, "SELECT state FROM thread");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(dispatch);
	assert_string_equal(dispatch->event.type, "ticket.requested");
	assert_non_null(strstr(dispatch->event.data, "my invoice is wrong"));
	assert_non_null(strstr(dispatch->event.data, "idempotency_key"));
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE target = 2");
	lab_audit(lab);
}

static void fifty_first_messages_make_one_thread_and_one_ticket(void **state)
{
	(void)state;
	for (int batches = 0; batches < 2; batches++) {
		g_autoptr(hg_lab) lab = lab_new(HELP);
		struct hg_in items[50];

		for (gsize i = 0; i < G_N_ELEMENTS(items); i++)
			items[i] = lab_text(ANA, "please help");
		if (!batches)
			lab_in(lab, "wa", items, G_N_ELEMENTS(items));
		for (gsize i = 0; batches && i < G_N_ELEMENTS(items); i++)
			lab_queue(lab, "wa", &items[i], 1);
		lab_run(lab);
		lab_counts(lab, 1, "SELECT count(*) FROM contact");
		lab_counts(lab, 1, "SELECT count(*) FROM thread");
		lab_counts(lab, 1, "SELECT count(*) FROM ticket");
		lab_counts(lab, 50, "SELECT count(*) FROM message WHERE direction = 1");
		/* The request, then one message for each of the others. */
		assert_int_equal(lab_told(lab, "ticket.requested"), 1);
		assert_int_equal(lab_told(lab, "ticket.message"), 49);
		lab_audit(lab);
	}
}

static void the_same_delivery_again_writes_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "hello");
	struct hg_engine_stats stats;
	gint64 events;
	(void)state;

	in.id = "wamid.x";
	lab_in(lab, "wa", &in, 1);
	events = lab_count(lab, "SELECT count(*) FROM event");
	for (int i = 0; i < 3; i++)
		lab_queue(lab, "wa", &in, 1);
	lab_wait(lab, 6 * DAY_MS);
	lab_in(lab, "wa", &in, 1);
	assert_int_equal(lab->stored, 5);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1");
	lab_counts(lab, 1, "SELECT count(*) FROM raw");
	assert_true(lab_count(lab, "SELECT count(*) FROM event WHERE type = 'message.received'") == 1 && events > 0);
	hg_engine_get_stats(lab->engine, &stats);
	assert_int_equal(stats.duplicates, 4);
	/* Another text with another id is another message, though it says the same. */
	in.id = "wamid.y";
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
}

static void a_wide_key_counts_across_the_channels_of_an_adapter(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "hello");
	(void)state;

	in.id = "one";
	lab_in(lab, "wa", &in, 1);
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
	in.id = "two";
	in.wide = true;
	lab_in(lab, "wa", &in, 1);
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 3, "SELECT count(*) FROM message WHERE direction = 1");
}

/* What WhatsApp still calls +521... is +52... to the carriers; and the same with Brazil's ninth digit. */
static void one_line_of_two_spellings_is_one_contact(void **state)
{
	static const struct { const char *before, *now; } cases[] = {
		{ "tel:+5215512345678", "tel:+525512345678" }, { "tel:+551181234567", "tel:+5511981234567" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		struct hg_in in = lab_text(cases[i].now, "and by the other way");
		struct hg_address claimed = { .uri = cases[i].now, .proof = HG_CLAIMED };

		lab_say(lab, cases[i].before, "hello");
		lab_in(lab, "sms", &in, 1);
		lab_counts(lab, 1, "SELECT count(*) FROM contact");
		lab_counts(lab, 2, "SELECT count(*) FROM address WHERE proof = 2");
		lab_is(lab, cases[i].now, "SELECT reply_to FROM thread");
		/* Who only says so is nobody's twin. */
		in = lab_text(cases[i].before, "I am him");
		in.from = &claimed;
		lab_in(lab, "other", &in, 1);
		lab_counts(lab, 2, "SELECT count(*) FROM contact");
		lab_audit(lab);
	}
}

static void the_join_window_ends_to_the_millisecond(void **state)
{
	(void)state;
	for (gint64 off = -1; off <= 1; off++) {
		g_autoptr(hg_lab) lab = lab_new(HELP "ticket: { confirm: \"\" }\n");
		gint64 want = off <= 0 ? 1 : 2;

		lab_say(lab, ANA, "help");
		lab_desk(lab);
		lab_wait(lab, 7 * DAY_MS + off);
		lab_say(lab, ANA, "it is me again");
		lab_counts(lab, want, "SELECT count(*) FROM thread");
		assert_string_equal(lab_desk(lab), off <= 0 ? "ticket.message" : "");
	}
}

static void a_ticket_is_joined_from_another_channel_of_its_scope_only(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP);
	struct hg_in in = lab_text(ANA, "more of it");
	(void)state;

	lab_say(lab, ANA, "help");
	lab_in(lab, "sms", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_is(lab, "sms", "SELECT channel FROM thread");
	lab_in(lab, "other", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM contact");
}

static void close_it(hg_lab *lab, int resolution)
{
	hg_command *command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));

	command->resolution = resolution;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

static void the_reopen_window_ends_to_the_millisecond(void **state)
{
	(void)state;
	for (gint64 off = 0; off <= 1; off++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);

		lab_say(lab, ANA, "hello");
		close_it(lab, HG_RES_RESOLVED);
		lab_wait(lab, 3 * DAY_MS + off);
		lab_say(lab, ANA, "it is broken again");
		lab_counts(lab, 1 + off, "SELECT count(*) FROM thread");
		lab_counts(lab, 1 - off, "SELECT reopened FROM thread ORDER BY n DESC LIMIT 1");
		assert_int_equal(lab_told(lab, "thread.reopened"), 1 - off);
	}
}

static void noise_opens_no_ticket_and_closes_as_resolved(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NOISE);
	(void)state;

	lab_say(lab, ANA, "hi");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_counts(lab, HG_THREAD_OPEN, "SELECT state FROM thread");
	lab_is(lab, "ignore", "SELECT action FROM decision");
	lab_is(lab, "thanks", "SELECT rule FROM decision");
	lab_wait(lab, DAY_MS);
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, HG_RES_RESOLVED, "SELECT resolution FROM thread");
	lab_wait(lab, DAY_MS);
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void noise_is_added_to_what_is_closed_and_reopens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NOISE);
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	close_it(lab, HG_RES_RESOLVED);
	lab_say(lab, ANA, "thanks");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, 2, "SELECT messages FROM thread");
	/* A real message within the window still finds its conversation. */
	lab_say(lab, ANA, "no, it is wrong again");
	lab_counts(lab, HG_THREAD_OPEN, "SELECT state FROM thread");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
}

static void agents_see_noise_in_a_ticket(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP "  - name: thanks\n    when: { text: { matches: '^thanks$' } }\n"
				     "    do: { ignore: noise }\n");
	(void)state;

	lab_say(lab, ANA, "help");
	assert_string_equal(lab_desk(lab), "ticket.requested");
	lab_say(lab, ANA, "thanks");
	assert_string_equal(lab_desk(lab), "ticket.message");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

/* R0.9: a question and its answer make no ticket, however it ends; an answer that never arrived is none. */
static void an_agent_who_answers_in_time_needs_no_ticket(void **state)
{
	(void)state;
	for (int fate = HG_SENT; fate <= HG_FAILED; fate += HG_FAILED) {
		struct hg_result result = { .size = sizeof(result), .fate = fate, .id = "out.1" };
		g_autoptr(hg_lab) lab = lab_new(NULL);

		lab_say(lab, ANA, "are you open?");
		lab_reply(lab, lab_thread(lab), "yes");
		lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &result);
		lab_wait(lab, MINUTE_MS);
		lab_counts(lab, 0, "SELECT count(*) FROM ticket");
		lab_wait(lab, DAY_MS + MINUTE_MS);
		lab_counts(lab, fate ? HG_RES_UNRESOLVED : HG_RES_RESOLVED, "SELECT resolution FROM thread");
		lab_counts(lab, fate != HG_SENT, "SELECT count(*) FROM ticket");
	}
}

static void bot_says(hg_lab *lab, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));

	command->reply.text = hg_arena_str(command->arena, text);
	command->reply.bot = TRUE;
	lab_do(lab, command);
}

/* A bot's word is no proof that anything is solved. */
static void a_thread_that_ends_with_a_bots_word_is_unresolved_and_judged(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("first_response: 2d\nrules:\n  - name: bot first\n    do: { hold: true }\n"
					"  - name: closed\n    on: thread.closed\n    do: { convert: { category: left } }\n");
	(void)state;

	lab_say(lab, ANA, "where is my parcel");
	bot_says(lab, "I do not know.");
	lab_wait(lab, DAY_MS + MINUTE_MS);
	lab_counts(lab, HG_RES_UNRESOLVED, "SELECT resolution FROM thread");
	lab_is(lab, "rule closed", "SELECT reason FROM ticket");
}

#define HOLD "default: hold\n"
static void a_held_thread_is_a_ticket_when_nobody_answers_in_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	lab_wait(lab, 21 * 1000);
	lab_counts(lab, 1, "SELECT held FROM thread");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_is(lab, "first_response", "SELECT reason FROM ticket");
}

/* hold ... then: its own time, from the message that waits, and its own end. */
static void a_rule_says_how_long_it_holds_and_what_comes_then(void **state)
{
	static const char *const ends[] = { "convert", "ignore" };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autofree char *yaml = g_strdup_printf("rules:\n  - name: wait\n    do: { hold: { for: 30m, then: %s } }\n",
							ends[i]);
		g_autoptr(hg_lab) lab = lab_new(yaml);

		lab_say(lab, ANA, "my invoice is wrong");
		lab_wait(lab, 29 * MINUTE_MS);
		lab_say(lab, ANA, "number 4711");
		lab_counts(lab, 1, "SELECT held FROM thread");
		lab_wait(lab, MINUTE_MS - 1);
		lab_counts(lab, 0, "SELECT count(*) FROM decision WHERE on_event = 'first_response'");
		lab_wait(lab, 1);
		lab_is(lab, ends[i], "SELECT action FROM decision WHERE on_event = 'first_response'");
		lab_counts(lab, i == 0, "SELECT count(*) FROM ticket");
		lab_counts(lab, 0, "SELECT held FROM thread");
		lab_wait(lab, 60 * MINUTE_MS);
		lab_counts(lab, 1, "SELECT count(*) FROM decision WHERE on_event = 'first_response'");
	}
}

static void a_bot_answers_a_held_thread_and_the_time_runs_from_the_next_question(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HOLD);
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	lab_wait(lab, 21 * 1000);
	bot_says(lab, "which one?");
	lab_wait(lab, 4 * MINUTE_MS);
	lab_say(lab, ANA, "4711");
	lab_wait(lab, 2 * MINUTE_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_wait(lab, 3 * MINUTE_MS + 1);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
}

static void timers_survive_a_restart_and_act_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	lab_say(lab, ANA, "my invoice is wrong");
	lab_restart(lab);
	lab_wait(lab, 21 * 1000);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_restart(lab);
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	assert_int_equal(lab_told(lab, "ticket.requested"), 1);
}

#define LEAN                                                                                          \
	"word_lists: { en: { thanks: [thanks, thank you] } }\n"                                       \
	"hours: { desk: { zone: UTC, open: { mon-sun: 00:00-24:00 } } }\n"                             \
	"rules:\n"                                                                                    \
	"  - name: pictures\n"                                                                        \
	"    when: { attachments: { at_least: 2 }, attachment_kind: image, hours: { open: desk } }\n"  \
	"    do: { tag: pictures }\n"                                                                 \
	"  - name: polite\n"                                                                          \
	"    when: { words: { only: thanks }, not: { hours: { closed: desk } } }\n"                    \
	"    do: { ignore: thanks }\n"

static void rules_lean_on_word_lists_hours_and_files(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(LEAN);
	const struct hg_file files[] = {
		{ .size = sizeof(files[0]), .kind = HG_IMAGE, .bytes = -1, .ref = "a" },
		{ .size = sizeof(files[0]), .kind = HG_IMAGE, .bytes = -1, .ref = "b" },
	};
	struct hg_in album = lab_text("tel:+447700900999", "broken");
	(void)state;

	lab_say(lab, ANA, "Thank you!");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
	lab_counts(lab, 1, "SELECT count(*) FROM decision WHERE rule = 'polite'");
	album.files = files;
	album.n_files = 2;
	album.file_size = sizeof(files[0]);
	lab_in(lab, "wa", &album, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE tags = '[\"pictures\"]'");
	/* The lists are kept with the rules: the decision can be explained when the file has changed. */
	lab_counts(lab, 1, "SELECT count(*) FROM config WHERE text LIKE '%%thank you%%' AND text LIKE '%%00:00-24:00%%'");
}

static void an_album_of_five_images_is_one_ticket_with_five_files(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_file files[5];
	struct hg_in items[5];
	char refs[5][8];
	(void)state;

	for (gsize i = 0; i < 5; i++) {
		g_snprintf(refs[i], sizeof(refs[i]), "m%zu", i);
		files[i] = (struct hg_file){ .size = sizeof(files[i]), .kind = HG_IMAGE, .type = "image/jpeg",
					     .bytes = -1, .ref = refs[i], .expires_ms = test_now_ms + 7 * DAY_MS };
		items[i] = lab_text(ANA, "");
		items[i].kind = HG_IMAGE;
		items[i].files = &files[i];
		items[i].n_files = 1;
		items[i].file_size = sizeof(files[i]);
		lab_queue(lab, "wa", &items[i], 1);
	}
	lab_run(lab);
	lab_wait(lab, 21 * 1000);
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	lab_counts(lab, 5, "SELECT count(*) FROM attachment WHERE state = 1");
	assert_string_equal(lab_desk(lab), "ticket.requested");
	for (int i = 0; i < 4; i++) {
		hg_dispatch *dispatch = lab_take(lab, HG_TO_FETCH);

		assert_non_null(dispatch);
		assert_string_equal(dispatch->channel, "wa");
		lab_fetched(lab, dispatch, &(struct hg_fetch_result){ .fate = HG_SENT, .bytes = 3, .type = "image/jpeg",
			.sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" });
	}
	lab_fetched(lab, lab_take(lab, HG_TO_FETCH), &(struct hg_fetch_result){ .fate = HG_FAILED, .text = "gone" });
	lab_counts(lab, 4, "SELECT count(*) FROM attachment WHERE state = 2");
	lab_counts(lab, 1, "SELECT count(*) FROM attachment WHERE state = 3 AND error = 'gone'");
	/* The helpdesk hears what became of each. */
	assert_string_equal(lab_desk(lab), "message.edited message.edited message.edited message.edited message.edited");
}

static void a_download_is_tried_until_the_provider_forgets_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .bytes = -1, .ref = "m",
				.expires_ms = test_now_ms + 10 * MINUTE_MS };
	struct hg_in in = lab_text(ANA, "look");
	int tries = 0;
	(void)state;

	in.files = &file;
	in.n_files = 1;
	in.file_size = sizeof(file);
	lab_in(lab, "wa", &in, 1);
	for (int i = 0; i < 30; i++) {
		hg_dispatch *dispatch = lab_take(lab, HG_TO_FETCH);

		if (dispatch) {
			tries++;
			lab_fetched(lab, dispatch, &(struct hg_fetch_result){ .fate = HG_RETRY, .text = "503" });
		}
		lab_wait(lab, MINUTE_MS / 2);
	}
	assert_in_range(tries, 4, 6);
	lab_counts(lab, HG_FILE_FAILED, "SELECT state FROM attachment");
	lab_counts(lab, HG_JOB_DEAD, "SELECT state FROM outbox WHERE target = 3");
}

/* ---- people ---- */

static hg_alias *alias_of(hg_lab *lab, const char *uri)
{
	hg_alias *alias;

	must(hg_store_alias_find(lab->w->store, lab->w->arena, uri, &alias, e));
	return alias;
}

static struct hg_in from_two(const struct hg_address addresses[2], const char *text)
{
	struct hg_in in = lab_text("x:y", text);

	in.from = addresses;
	in.n_from = 2;
	return in;
}

static void phone_then_both_then_the_new_id_alone_is_one_person(void **state)
{
	static const struct hg_address both[] = { { ANA, HG_PROVEN }, { "whatsapp:GB.1", HG_PROVEN } };
	g_autoptr(hg_lab) lab = lab_new(HELP);
	struct hg_in in;
	(void)state;

	lab_say(lab, ANA, "help");
	in = from_two(both, "it is me");
	lab_in(lab, "wa", &in, 1);
	lab_say(lab, "whatsapp:GB.1", "still me");
	lab_counts(lab, 1, "SELECT count(*) FROM contact");
	lab_counts(lab, 1, "SELECT count(*) FROM ticket");
	assert_non_null(alias_of(lab, ANA));
	assert_non_null(alias_of(lab, "whatsapp:GB.1"));
	lab_is(lab, "whatsapp:GB.1", "SELECT reply_to FROM thread");
}

static void addresses_of_two_people_flag_both_and_merge_nobody(void **state)
{
	static const struct hg_address both[] = { { BEN, HG_PROVEN }, { ANA, HG_PROVEN } };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = from_two(both, "who am I?");
	(void)state;

	lab_say(lab, ANA, "one");
	lab_say(lab, BEN, "two");
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM contact WHERE conflicted = 1");
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	/* It went to the first address's contact. */
	lab_counts(lab, 2, "SELECT messages FROM thread ORDER BY n DESC LIMIT 1");
	lab_counts(lab, 0, "SELECT count(*) FROM contact WHERE merged_into IS NOT NULL");
}

static void a_claimed_address_does_not_find_the_one_who_proved_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	static const struct hg_address claimed[] = { { "mailto:ana@example.com", HG_CLAIMED } };
	struct hg_in in = lab_text("mailto:ana@example.com", "I am Ana");
	(void)state;

	lab_in(lab, "wa", &in, 1);
	in.from = claimed;
	in.text = "me too";
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM contact");
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_in(lab, "wa", &in, 1);
	/* The same claim again is the same claimed person, and may be another: it joins nothing. */
	lab_counts(lab, 2, "SELECT count(*) FROM contact");
	lab_counts(lab, 3, "SELECT count(*) FROM thread");
}

static void a_changed_id_keeps_ticket_and_reply_window(void **state)
{
	static const struct hg_address changed[] = { { "whatsapp:GB.2", HG_PROVEN }, { "whatsapp:GB.1", HG_FORMER } };
	g_autoptr(hg_lab) lab = lab_new(HELP);
	struct hg_in in = from_two(changed, "");
	hg_dispatch *dispatch;
	(void)state;

	lab->window_ms = DAY_MS;
	lab_say(lab, "whatsapp:GB.1", "help");
	in.kind = HG_IDENTITY;
	lab_in(lab, "wa", &in, 1);
	lab_reply(lab, lab_thread(lab), "hello");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->out.to, "whatsapp:GB.2");
	lab_drop(dispatch);
	lab_say(lab, "whatsapp:GB.2", "me again");
	lab_counts(lab, 1, "SELECT count(*) FROM contact");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	/* The number may be somebody else's by now. */
	lab_say(lab, "whatsapp:GB.1", "I am new here");
	lab_counts(lab, 2, "SELECT count(*) FROM contact");
}

/* ---- about messages ---- */

static void about(hg_lab *lab, int kind, const char *uri, const char *target, const char *text)
{
	struct hg_in in = lab_text(uri, text);

	in.kind = kind;
	in.target = target;
	lab_in(lab, "wa", &in, 1);
}

static void edits_revocations_and_reactions_act_on_their_target(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP);
	g_autofree char *id = NULL;
	(void)state;

	id = g_strdup(lab_say(lab, ANA, "help"));
	lab_desk(lab);
	about(lab, HG_EDIT, ANA, id, "help me");
	about(lab, HG_REACTION, ANA, id, "\xf0\x9f\x91\x8d");
	lab_is(lab, "{\"" ANA "\":\"\xf0\x9f\x91\x8d\"}", "SELECT reactions FROM message WHERE n = 1");
	about(lab, HG_REACTION, ANA, id, "");
	about(lab, HG_REVOKE, ANA, id, "");
	lab_is(lab, "help me", "SELECT text FROM message WHERE n = 1");
	lab_is(lab, "none", "SELECT coalesce(reactions, 'none') FROM message WHERE n = 1");
	assert_true(lab_count(lab, "SELECT revoked_ms FROM message WHERE n = 1") > 0);
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	assert_string_equal(lab_desk(lab), "message.edited message.reacted message.reacted message.deleted");
	/* Nobody else can. */
	lab_say(lab, BEN, "hello");
	about(lab, HG_EDIT, BEN, id, "owned");
	about(lab, HG_REVOKE, BEN, id, "");
	lab_is(lab, "help me", "SELECT text FROM message WHERE n = 1");
}

static void what_is_about_nothing_known_opens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	about(lab, HG_REACTION, ANA, "wamid.none", "x");
	about(lab, HG_REVOKE, ANA, "wamid.none", "");
	about(lab, HG_EDIT, ANA, "wamid.none", "what I meant");
	lab_counts(lab, 0, "SELECT count(*) FROM thread");
	lab_counts(lab, 3, "SELECT count(*) FROM raw");
	lab_say(lab, ANA, "hello");
	about(lab, HG_EDIT, ANA, "wamid.none", "what I meant");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE kind = 14 AND text = 'what I meant'");
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
}

static gint64 last_in(hg_lab *lab, const char *uri)
{
	gint64 ms;

	must(hg_store_reach_get(lab->w->store, "wa", uri, &ms, e));
	return ms;
}

static void an_echo_shows_in_the_thread_and_opens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "we called you");
	gint64 reach;
	(void)state;

	in.echo = true;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM thread");
	lab_counts(lab, 0, "SELECT count(*) FROM contact");
	lab_counts(lab, 1, "SELECT count(*) FROM raw");
	lab_say(lab, ANA, "my invoice is wrong");
	reach = last_in(lab, ANA);
	test_now_ms += 5000;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 2 AND author = 5 AND echo = 1");
	assert_int_equal(last_in(lab, ANA), reach);
	assert_int_equal(lab_told(lab, "message.sent"), 1);
	/* Somebody has answered: no ticket. */
	lab_wait(lab, MINUTE_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void a_late_replay_keeps_its_time_and_reopens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "from last week");
	gint64 said;
	(void)state;

	lab_say(lab, ANA, "hello");
	in.sent_ms = said = test_now_ms + 1000;
	test_now_ms += 5000;
	close_it(lab, HG_RES_RESOLVED);
	lab_wait(lab, 2 * DAY_MS);
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, said, "SELECT sent_ms FROM message WHERE text = 'from last week'");
	lab_wait(lab, 4 * DAY_MS);
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void a_machine_is_attached_and_reopens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "I am out of office");
	(void)state;

	lab_say(lab, ANA, "hello");
	close_it(lab, HG_RES_RESOLVED);
	in.automatic = true;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread");
	lab_counts(lab, 2, "SELECT messages FROM thread");
	lab_wait(lab, HOUR_MS);
	lab_counts(lab, 0, "SELECT count(*) FROM ticket");
}

static void a_reference_leads_to_its_own_thread_of_the_same_person_only(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP "window: { join: 1d }\n");
	g_autofree char *id = NULL;
	const char *refs[2] = { NULL, NULL };
	struct hg_in in = lab_text(ANA, "about that");
	(void)state;

	refs[0] = id = g_strdup(lab_say(lab, ANA, "help"));
	lab_wait(lab, 3 * DAY_MS);
	in.refs = refs;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	lab_say(lab, BEN, "hello");
	in = lab_text(BEN, "about that");
	in.refs = refs;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_counts(lab, 2, "SELECT messages FROM thread ORDER BY n DESC LIMIT 1");
}

static void a_group_has_a_thread_of_its_own(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "in the group");
	(void)state;

	lab_say(lab, ANA, "alone");
	in.group = "G1";
	lab_in(lab, "wa", &in, 1);
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_say(lab, ANA, "alone again");
	lab_counts(lab, 2, "SELECT messages FROM thread WHERE key = ''");
}

/* ---- bad input ---- */

static void one_bad_item_never_stops_a_batch(void **state)
{
	(void)state;
	for (gsize bad = 0; bad < 5; bad++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		struct hg_in items[5];
		struct hg_engine_stats stats;
		char uris[5][32];

		for (gsize i = 0; i < 5; i++) {
			g_snprintf(uris[i], sizeof(uris[i]), "tel:+4477009%zu", i);
			items[i] = lab_text(uris[i], "hello");
		}
		items[bad].from = NULL;
		items[bad].n_from = 0;
		lab_in(lab, "wa", items, 5);
		assert_int_equal(lab->stored, 1);
		lab_counts(lab, 4, "SELECT count(*) FROM message WHERE direction = 1");
		lab_counts(lab, 1, "SELECT count(*) FROM raw");
		hg_engine_get_stats(lab->engine, &stats);
		assert_int_equal(stats.refused, 1);
	}
}

static void an_item_the_engine_cannot_take_is_kept_as_unsupported(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in items[2] = { lab_text(ANA, "what?"), lab_text(BEN, "hello") };
	struct hg_engine_stats stats;
	(void)state;

	/* The store refuses this one message for a reason of its own. */
	world_plant(lab->w, "CREATE TRIGGER poison BEFORE INSERT ON message WHEN new.text = 'what?' AND new.kind = 1 "
			    "BEGIN SELECT raise(ABORT, 'poison'); END");
	lab_in(lab, "wa", items, 2);
	assert_int_equal(lab->stored, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM message");
	hg_engine_get_stats(lab->engine, &stats);
	assert_int_equal(stats.inbound, 2);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE kind = 14 AND text = 'what?' AND note LIKE '%%poison%%'");
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_audit(lab);
}

static void what_cannot_even_be_shown_is_kept_raw_and_comes_once(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in items[2] = { lab_text(ANA, "what?"), lab_text(BEN, "hello") };
	(void)state;

	world_plant(lab->w, "CREATE TRIGGER poison BEFORE INSERT ON message WHEN new.text = 'what?' "
			    "BEGIN SELECT raise(ABORT, 'poison'); END");
	items[0].id = "wamid.poison";
	lab_in(lab, "wa", items, 2);
	lab_in(lab, "wa", items, 1);
	assert_int_equal(lab->stored, 2);
	assert_int_equal(lab->refused, 0);
	lab_counts(lab, 1, "SELECT count(*) FROM message");
	lab_counts(lab, 1, "SELECT count(*) FROM raw");
	/* Nothing of it but the raw delivery: no empty thread, no contact without a word. */
	lab_counts(lab, 1, "SELECT count(*) FROM thread");
	items[0].id = "wamid.nobody";
	items[0].kind = 80;
	items[0].from = NULL;
	items[0].n_from = 0;
	lab_in(lab, "wa", items, 1);
	assert_int_equal(lab->stored, 3);
	lab_audit(lab);
}

static void a_kind_of_the_future_is_shown_as_unsupported(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "a hologram");
	(void)state;

	in.kind = 29;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE kind = 14 AND text = 'a hologram'");
}

static void a_store_that_fails_acknowledges_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "hello");
	gboolean ok;
	(void)state;

	world_plant(lab->w, "CREATE TRIGGER poison BEFORE INSERT ON contact BEGIN SELECT raise(ROLLBACK, 'gone'); END");
	in.id = "wamid.x";
	lab_queue(lab, "wa", &in, 1);
	lab_queue(lab, "wa", &in, 1);
	hg_engine_step(lab->engine, &ok);
	assert_false(ok);
	assert_int_equal(lab->stored, 0);
	assert_int_equal(lab->refused, 2);
	assert_false(hg_engine_broken(lab->engine));
	world_plant(lab->w, "DROP TRIGGER poison");
	lab_in(lab, "wa", &in, 1);
	assert_int_equal(lab->stored, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message");
}

static void consent_is_kept_and_opens_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = lab_text(ANA, "stop");
	(void)state;

	in.kind = HG_CONSENT;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 0, "SELECT count(*) FROM thread");
	lab_counts(lab, HG_WISH_STOP, "SELECT state FROM consent WHERE uri = '" ANA "' AND channel = 'wa'");
	in.text = "start";
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, HG_WISH_START, "SELECT state FROM consent");
}

static void rules_reply_tag_and_set(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("rules:\n  - name: hours\n    when: { text: { matches: 'open' } }\n"
				     "    do: { reply: We open at nine., tag: hours, set: { topic: opening } }\n");
	struct hg_in in = lab_text(ANA, "we are not open now");
	hg_dispatch *dispatch;
	(void)state;

	lab_say(lab, ANA, "when do you open?");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_non_null(dispatch);
	assert_string_equal(dispatch->out.text, "We open at nine.");
	lab_drop(dispatch);
	lab_is(lab, "[\"hours\"]", "SELECT tags FROM thread");
	lab_is(lab, "{\"topic\":\"opening\"}", "SELECT fields FROM thread");
	/* What a machine says is answered by no rule. */
	in.automatic = true;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE author = 4");
	/* Two machines do not talk to each other for ever. */
	for (int i = 0; i < 20; i++)
		lab_say(lab, ANA, "when do you open?");
	lab_counts(lab, 5, "SELECT count(*) FROM message WHERE author = 4");
}

static void every_open_thread_has_an_end(void **state)
{
	static const char *const rules[] = {
		"ignore: noise", "hold: true", "join: true", "reply: We open at nine.", "ignore: noise, reply: Hello.",
		"hold: true, reply: Wait.", "tag: seen",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(rules); i++) {
		g_autofree char *yaml = g_strdup_printf("default: ignore\nrules:\n  - name: all\n    on: message\n"
							"    do: { %s }\n", rules[i]);
		g_autoptr(hg_lab) lab = lab_new(yaml);

		lab_say(lab, ANA, "hello");
		lab_wait(lab, MINUTE_MS);
		lab_wait(lab, 6 * MINUTE_MS);
		lab_wait(lab, DAY_MS);
		if (lab_count(lab, "SELECT state FROM thread") == HG_THREAD_OPEN)
			fail_msg("do: { %s }: still open", rules[i]);
	}
}

static void closed_unresolved_without_a_ticket_is_a_drop(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	(void)state;

	lab_say(lab, ANA, "hello");
	close_it(lab, HG_RES_UNRESOLVED);
	lab_wait(lab, 5 * MINUTE_MS - 1);
	assert_int_equal(lab_told(lab, "drop.detected"), 0);
	lab_wait(lab, 1);
	assert_int_equal(lab_told(lab, "drop.detected"), 1);
}

/* R4.3: closed and unresolved becomes a ticket, also where no rule says so; resolved does not (R4.1). */
static void closed_unresolved_is_a_ticket_when_no_rule_decides_and_the_default_converts(void **state)
{
	static const struct { const char *yaml; int resolution; int tickets; } cases[] = {
		{ NULL, HG_RES_UNRESOLVED, 1 }, { NULL, HG_RES_RESOLVED, 0 }, { NULL, HG_RES_UNKNOWN, 0 },
		{ "default: hold\n", HG_RES_UNRESOLVED, 0 }, { "default: ignore\n", HG_RES_UNRESOLVED, 0 },
		{ "rules:\n  - name: no\n    on: thread.closed\n    do: { ignore: known }\n", HG_RES_UNRESOLVED, 0 },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(cases[i].yaml);

		lab_say(lab, ANA, "my invoice is wrong");
		close_it(lab, cases[i].resolution);
		lab_counts(lab, cases[i].tickets, "SELECT count(*) FROM ticket");
		if (cases[i].tickets)
			lab_is(lab, "default", "SELECT reason FROM ticket");
		lab_counts(lab, cases[i].tickets, "SELECT count(*) FROM decision WHERE on_event = 'thread.closed' "
			   "AND action = 'convert'");
	}
}

static void closed_unresolved_is_judged_and_a_ticket_the_desk_has_is_no_drop(void **state)
{
	(void)state;
	for (int desk = 0; desk < 2; desk++) {
		g_autoptr(hg_lab) lab = lab_new("rules:\n  - name: closed\n    on: thread.closed\n"
			"    when: { thread: { resolution: unresolved } }\n    do: { convert: {} }\n");

		lab_say(lab, ANA, "hello");
		close_it(lab, HG_RES_UNRESOLVED);
		lab_counts(lab, 1, "SELECT count(*) FROM ticket");
		lab_is(lab, "rule closed", "SELECT reason FROM ticket");
		if (desk)
			assert_string_equal(lab_desk(lab), "ticket.requested");
		lab_wait(lab, 6 * MINUTE_MS);
		assert_int_equal(lab_told(lab, "drop.detected"), !desk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_settles_into_a_ticket_and_is_forwarded),
		cmocka_unit_test(fifty_first_messages_make_one_thread_and_one_ticket),
		cmocka_unit_test(the_same_delivery_again_writes_nothing),
		cmocka_unit_test(a_wide_key_counts_across_the_channels_of_an_adapter),
		cmocka_unit_test(one_line_of_two_spellings_is_one_contact),
		cmocka_unit_test(the_join_window_ends_to_the_millisecond),
		cmocka_unit_test(a_ticket_is_joined_from_another_channel_of_its_scope_only),
		cmocka_unit_test(the_reopen_window_ends_to_the_millisecond),
		cmocka_unit_test(noise_opens_no_ticket_and_closes_as_resolved),
		cmocka_unit_test(noise_is_added_to_what_is_closed_and_reopens_nothing),
		cmocka_unit_test(agents_see_noise_in_a_ticket),
		cmocka_unit_test(an_agent_who_answers_in_time_needs_no_ticket),
		cmocka_unit_test(a_thread_that_ends_with_a_bots_word_is_unresolved_and_judged),
		cmocka_unit_test(a_held_thread_is_a_ticket_when_nobody_answers_in_time),
		cmocka_unit_test(a_rule_says_how_long_it_holds_and_what_comes_then),
		cmocka_unit_test(a_bot_answers_a_held_thread_and_the_time_runs_from_the_next_question),
		cmocka_unit_test(timers_survive_a_restart_and_act_once),
		cmocka_unit_test(rules_lean_on_word_lists_hours_and_files),
		cmocka_unit_test(an_album_of_five_images_is_one_ticket_with_five_files),
		cmocka_unit_test(a_download_is_tried_until_the_provider_forgets_it),
		cmocka_unit_test(phone_then_both_then_the_new_id_alone_is_one_person),
		cmocka_unit_test(addresses_of_two_people_flag_both_and_merge_nobody),
		cmocka_unit_test(a_claimed_address_does_not_find_the_one_who_proved_it),
		cmocka_unit_test(a_changed_id_keeps_ticket_and_reply_window),
		cmocka_unit_test(edits_revocations_and_reactions_act_on_their_target),
		cmocka_unit_test(what_is_about_nothing_known_opens_nothing),
		cmocka_unit_test(an_echo_shows_in_the_thread_and_opens_nothing),
		cmocka_unit_test(a_late_replay_keeps_its_time_and_reopens_nothing),
		cmocka_unit_test(a_machine_is_attached_and_reopens_nothing),
		cmocka_unit_test(a_reference_leads_to_its_own_thread_of_the_same_person_only),
		cmocka_unit_test(a_group_has_a_thread_of_its_own),
		cmocka_unit_test(one_bad_item_never_stops_a_batch),
		cmocka_unit_test(an_item_the_engine_cannot_take_is_kept_as_unsupported),
		cmocka_unit_test(what_cannot_even_be_shown_is_kept_raw_and_comes_once),
		cmocka_unit_test(a_kind_of_the_future_is_shown_as_unsupported),
		cmocka_unit_test(a_store_that_fails_acknowledges_nothing),
		cmocka_unit_test(consent_is_kept_and_opens_nothing),
		cmocka_unit_test(rules_reply_tag_and_set),
		cmocka_unit_test(every_open_thread_has_an_end),
		cmocka_unit_test(closed_unresolved_without_a_ticket_is_a_drop),
		cmocka_unit_test(closed_unresolved_is_a_ticket_when_no_rule_decides_and_the_default_converts),
		cmocka_unit_test(closed_unresolved_is_judged_and_a_ticket_the_desk_has_is_no_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

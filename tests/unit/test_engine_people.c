/* test_engine_people.c - what is done with contacts as a whole: joined by hand, kept out */
#include "engine_fixture.h"

#include <string.h>

#include "people.h"
#include "state.h"

#define ANN "tel:+447700900101"
#define BEN "tel:+447700900102"
#define CEM "mailto:cem@example.com"

static void has(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in: %s", part, text ?: "(nothing)");
}

static hg_command *about(hg_lab *lab, int kind, const char *id)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->text = hg_arena_str(command->arena, id);
	command->agent = "Mia";
	return command;
}

/* As lab_reply(), which expects that it goes out. */
static void answer(hg_lab *lab, const char *thread, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, thread);

	command->reply.text = hg_arena_str(command->arena, text);
	command->reply.agent = "Mia";
	lab_do(lab, command);
}

/* The channel took all that went out. */
static void all_sent(hg_lab *lab)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
		g_autofree char *key = g_strdup(dispatch->out.key);

		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = key });
	}
}

static char *contact_of(hg_lab *lab, const char *uri)
{
	return lab_value(lab, "SELECT c.id FROM contact AS c JOIN address AS a ON a.contact_n = c.n WHERE a.uri = '%s'", uri);
}

/* ---- merging ---- */

static void merge(hg_lab *lab, const char *from, const char *into)
{
	hg_command *command = about(lab, HG_CMD_MERGE, from);

	command->into = hg_arena_str(command->arena, into);
	lab_do(lab, command);
}

static void two_become_one_by_hand_and_two_again(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autofree char *ann = NULL, *ben = NULL, *before = NULL;
	(void)state;

	lab_say(lab, ANN, "my parcel");
	lab_say(lab, BEN, "the same parcel");
	ann = contact_of(lab, ANN);
	ben = contact_of(lab, BEN);
	before = lab_value(lab, "SELECT group_concat(contact_n || key || state || reply_to) FROM thread");
	merge(lab, ben, ann);
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"threads\":1");
	assert_int_equal(lab_told(lab, "contact.merged"), 1);
	lab_counts(lab, 1, "SELECT COUNT(DISTINCT contact_n) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM merging WHERE why = 'merged by Mia' AND undone_ms = 0");
	/* What he writes from either is one person's, and answers go where he wrote. */
	lab_wait(lab, 1000);
	lab_say(lab, BEN, "hello?");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread");
	lab_is(lab, BEN, "SELECT reply_to FROM thread ORDER BY last_ms DESC LIMIT 1");
	lab_audit(lab);
	merge(lab, ben, ann);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	has(lab->error_text, ann);
	lab_do(lab, about(lab, HG_CMD_UNMERGE, ben));
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 2, "SELECT COUNT(DISTINCT contact_n) FROM thread");
	lab_audit(lab);
}

/* ---- answers after an address went to somebody else ---- */

static void say_on(hg_lab *lab, const char *channel, const char *uri, const char *text)
{
	struct hg_in in = lab_text(uri, text);

	lab_in(lab, channel, &in, 1);
}

/* ANN is his no more, says the provider of "wa"; these are. */
static void moves(hg_lab *lab, int kind, const char *to, const char *also)
{
	const struct hg_address from[] = { { to, HG_PROVEN }, { ANN, HG_FORMER }, { also, HG_PROVEN } };
	struct hg_in in = lab_text(ANN, "my new number");

	in.kind = kind;
	in.from = from;
	in.n_from = also ? 3 : 2;
	lab_in(lab, "wa", &in, 1);
}

static void wants_nothing(hg_lab *lab, const char *channel, const char *uri)
{
	struct hg_in in = lab_text(uri, "stop");

	in.kind = HG_CONSENT;
	lab_in(lab, channel, &in, 1);
}

/* The newest conversation is over, and nothing goes on with it. */
static void ends(hg_lab *lab)
{
	lab_do(lab, lab_command(lab, HG_CMD_CLOSE, lab_thread(lab)));
	lab_wait(lab, 30 * DAY_MS);
}

/* A conversation on each of two channels that know nothing of each other, one of them over. */
static hg_lab *two_conversations(void)
{
	hg_lab *lab = lab_new("default: hold\n");

	say_on(lab, "wa", ANN, "my parcel");
	say_on(lab, "other", ANN, "my invoice");
	ends(lab);
	say_on(lab, "other", ANN, "another one");
	wants_nothing(lab, "wa", ANN);
	wants_nothing(lab, "other", ANN);
	return lab;
}

#define ANSWERED "SELECT group_concat(coalesce(reply_to, 'nowhere')) FROM (SELECT reply_to FROM thread ORDER BY n) AS t"

static void no_conversation_is_answered_at_a_number_he_gave_up(void **state)
{
	static const int kinds[] = { HG_IDENTITY, HG_TEXT };
	(void)state;

	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autoptr(hg_lab) lab = two_conversations();

		moves(lab, kinds[i], BEN, NULL);
		lab_is(lab, BEN "," BEN "," BEN, ANSWERED);
		/* What he wished there, and when he was there last, go along on each channel. */
		lab_counts(lab, 2, "SELECT count(*) FROM consent WHERE uri = '" BEN "' AND state = %d", HG_WISH_STOP);
		lab_counts(lab, 2, "SELECT count(*) FROM address WHERE uri = '" BEN "' AND channel <> '' AND last_in_ms > 0");
		say_on(lab, "wa", ANN, "I have this number now");
		lab_counts(lab, 1, "SELECT count(*) FROM thread WHERE reply_to = '" ANN "'");
		lab_audit(lab);
	}
}

static void what_reaches_him_on_no_other_channel_is_used_on_none(void **state)
{
	g_autoptr(hg_lab) lab = two_conversations();
	(void)state;

	moves(lab, HG_IDENTITY, "whatsapp:GB.1", NULL);
	lab_is(lab, "whatsapp:GB.1,nowhere,nowhere", ANSWERED);
	answer(lab, lab_thread(lab), "hello?");
	assert_int_equal(lab->error, HG_ERROR_STATE);
	has(lab->error_text, "it is not known where the customer");
	say_on(lab, "other", "whatsapp:GB.1", "here I am");
	lab_is(lab, "whatsapp:GB.1,nowhere,whatsapp:GB.1", ANSWERED);
	lab_audit(lab);
}

/* Of what he has now a number takes the place of a number, unless it is somebody else's too. */
static void what_takes_its_place_is_like_it_and_his(void **state)
{
	static const struct hg_address both[] = { { ANN, HG_PROVEN }, { "whatsapp:GB.1", HG_PROVEN } };
	(void)state;

	for (gboolean taken = FALSE; taken <= TRUE; taken++) {
		g_autoptr(hg_lab) lab = lab_new("default: hold\n");
		struct hg_in in = lab_text(ANN, "my parcel");

		in.from = both;
		in.n_from = G_N_ELEMENTS(both);
		lab_in(lab, "wa", &in, 1);
		if (taken)
			say_on(lab, "wa", BEN, "I am Ben");
		moves(lab, HG_IDENTITY, "whatsapp:GB.1", BEN);
		lab_is(lab, taken ? "whatsapp:GB.1" : BEN, "SELECT reply_to FROM thread WHERE n = 1");
		lab_audit(lab);
	}
}

static void taken_apart_nobody_is_answered_where_the_other_is(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autofree char *ann = NULL, *ben = NULL;
	(void)state;

	lab_say(lab, ANN, "my parcel");
	lab_say(lab, BEN, "the same parcel");
	ann = contact_of(lab, ANN);
	ben = contact_of(lab, BEN);
	merge(lab, ben, ann);
	/* One conversation that both spoke in, and one that begins with him who is another one again. */
	say_on(lab, "other", ANN, "my invoice");
	say_on(lab, "other", BEN, "mine as well");
	lab_counts(lab, 3, "SELECT count(*) FROM thread");
	lab_do(lab, about(lab, HG_CMD_UNMERGE, ben));
	lab_is(lab, ANN "," BEN "," ANN, ANSWERED);
	lab_audit(lab);
	merge(lab, ben, ann);
	ends(lab);
	say_on(lab, "other", BEN, "once more");
	lab_counts(lab, 4, "SELECT count(*) FROM thread");
	/* And whose number another one has by now. */
	moves(lab, HG_IDENTITY, "whatsapp:GB.1", NULL);
	lab_do(lab, about(lab, HG_CMD_UNMERGE, ben));
	lab_is(lab, "whatsapp:GB.1," BEN ",nowhere,nowhere", ANSWERED);
	lab_audit(lab);
}

/* What he gave up while he was thought to be the other is not his when he is himself again, whoever has it. */
static void taken_apart_nobody_gets_back_what_he_gave_up(void **state)
{
	(void)state;
	for (gboolean taken = FALSE; taken <= TRUE; taken++) {
		g_autoptr(hg_lab) lab = lab_new("default: hold\n");
		g_autofree char *ann = NULL, *ben = NULL;

		lab_say(lab, ANN, "my parcel");
		lab_say(lab, BEN, "the same parcel");
		ann = contact_of(lab, ANN);
		ben = contact_of(lab, BEN);
		merge(lab, ann, ben);
		moves(lab, HG_IDENTITY, "whatsapp:GB.1", NULL);
		if (taken)
			lab_say(lab, ANN, "I have this number now");
		lab_do(lab, about(lab, HG_CMD_UNMERGE, ann));
		assert_int_equal(lab->error, 0);
		lab_is(lab, taken ? "nowhere," BEN "," ANN : "nowhere," BEN, ANSWERED);
		lab_audit(lab);
	}
}

static void who_cannot_be_merged_is_told_why(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autofree char *ann = NULL;
	(void)state;

	lab_say(lab, ANN, "hello");
	ann = contact_of(lab, ANN);
	merge(lab, ann, ann);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	merge(lab, ann, "con_nobody");
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	merge(lab, "nonsense", ann);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM merging");
}

/* Who it is is found along so many merges, and no more of them may lead to one. */
static void merges_stand_one_on_the_other_only_so_far(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autofree char *before = NULL;
	guint done = 0;
	(void)state;

	for (guint i = 0; i < 12; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+4477009002%02u", i), *id = NULL;

		lab_say(lab, uri, "hello");
		id = contact_of(lab, uri);
		if (before) {
			merge(lab, before, id);
			done += lab->error == 0;
			if (lab->error)
				break;
		}
		g_free(before);
		before = g_steal_pointer(&id);
	}
	assert_int_equal(lab->error, HG_ERROR_LIMIT);
	assert_int_equal(done, 7);
	lab_say(lab, "tel:+447700900200", "the first one, who is the last one by now");
	lab_counts(lab, 8, "SELECT COUNT(*) FROM thread WHERE contact_n = (SELECT n FROM contact WHERE id = '%s')", before);
	lab_audit(lab);
}

static void what_was_in_doubt_is_settled_by_a_merge(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	const struct hg_address both[] = { { ANN, HG_PROVEN }, { BEN, HG_PROVEN } };
	struct hg_in in = lab_text(ANN, "I have two numbers");
	g_autofree char *ann = NULL, *ben = NULL;
	(void)state;

	lab_say(lab, ANN, "one");
	lab_say(lab, BEN, "two");
	in.from = both;
	in.n_from = 2;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM contact WHERE conflicted = 1");
	ann = contact_of(lab, ANN);
	ben = contact_of(lab, BEN);
	merge(lab, ben, ann);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM contact WHERE conflicted = 1");
	lab_audit(lab);
}

/* ---- keeping out ---- */

static void block(hg_lab *lab, const char *id, const char *why, gint64 for_ms)
{
	hg_command *command = about(lab, HG_CMD_BLOCK, id);

	command->subject = why;
	command->retry_ms = for_ms;
	lab_do(lab, command);
}

static void unblock(hg_lab *lab, const char *id)
{
	hg_command *command = about(lab, HG_CMD_BLOCK, id);

	command->remove = TRUE;
	lab_do(lab, command);
}

#define AT_ONCE "rules:\n  - name: all\n    when: { }\n    do: { convert: { }, reply: \"hello ${contact.name}\" }\n"

/* No ticket, no answer, no deadline; but nothing is lost. */
static void who_is_blocked_is_heard_by_nobody(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(AT_ONCE "settle: 20s\n");
	g_autofree char *ann = NULL, *thread = NULL;
	(void)state;

	lab_say(lab, ANN, "buy my pills");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	lab_desk(lab);
	all_sent(lab);
	ann = contact_of(lab, ANN);
	block(lab, ann, "spam", 0);
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"reason\":\"spam\"");
	assert_int_equal(lab_told(lab, "contact.blocked"), 1);
	lab_say(lab, ANN, "buy more of them");
	lab_wait(lab, 40 * 24 * HOUR_MS);
	lab_say(lab, ANN, "still here");
	lab_wait(lab, 40 * 24 * HOUR_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	lab_counts(lab, 3, "SELECT COUNT(*) FROM message WHERE direction = 1");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM decision WHERE action = 'ignore' AND rule IS NULL");
	assert_int_equal(lab_told(lab, "ticket.message"), 0);
	lab_desk(lab);
	/* His last conversation may have been another one. */
	thread = lab_value(lab, "SELECT id FROM thread WHERE n = 1");
	answer(lab, thread, "who are you?");
	assert_int_equal(lab->error, HG_ERROR_STATE);
	has(lab->error_text, "blocked: spam");
	lab_audit(lab);
	unblock(lab, ann);
	assert_int_equal(lab->error, 0);
	assert_int_equal(lab_told(lab, "contact.unblocked"), 1);
	lab_say(lab, ANN, "now with good reason");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM ticket");
	all_sent(lab);
	unblock(lab, ann);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	lab_desk(lab);
	all_sent(lab);
	lab_audit(lab);
}

static void what_is_open_ends_with_the_block(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: convert\nsettle: 20s\n");
	g_autofree char *ann = NULL;
	(void)state;

	lab_say(lab, ANN, "undecided yet");
	ann = contact_of(lab, ANN);
	block(lab, ann, NULL, 0);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM thread WHERE state = 1");
	assert_int_equal(lab_told(lab, "thread.closed"), 1);
	lab_wait(lab, 24 * HOUR_MS);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM ticket");
	lab_say(lab, BEN, "somebody else");
	lab_wait(lab, MINUTE_MS);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	lab_audit(lab);
}

static void a_block_ends_by_itself(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(AT_ONCE);
	g_autofree char *ann = NULL;
	(void)state;

	lab_say(lab, ANN, "one");
	ann = contact_of(lab, ANN);
	block(lab, ann, "rude", HOUR_MS);
	lab_wait(lab, HOUR_MS - MINUTE_MS);
	lab_say(lab, ANN, "two");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM ticket");
	lab_wait(lab, 2 * MINUTE_MS);
	unblock(lab, ann);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	lab_reply(lab, lab_thread(lab), "welcome back");
	assert_int_equal(lab->error, 0);
	block(lab, "con_nobody", NULL, 0);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

/* It is the law, and it costs nothing. */
static void the_stop_of_who_is_blocked_is_heard(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\nchannels:\n  wa: { adapter: fake, consent: { words: yes } }\n");
	g_autofree char *ann = NULL;
	(void)state;

	lab_say(lab, ANN, "hello");
	ann = contact_of(lab, ANN);
	block(lab, ann, NULL, 0);
	lab_say(lab, ANN, "STOP");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM consent WHERE state = 2");
	lab_counts(lab, 1, "SELECT opted_out FROM contact");
	lab_audit(lab);
}

static void a_block_goes_along_with_a_merge(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(AT_ONCE);
	g_autofree char *ann = NULL, *ben = NULL;
	(void)state;

	lab_say(lab, ANN, "one");
	lab_say(lab, BEN, "two");
	ann = contact_of(lab, ANN);
	ben = contact_of(lab, BEN);
	block(lab, ann, "spam", 0);
	merge(lab, ann, ben);
	lab_say(lab, BEN, "three");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM decision WHERE facts LIKE '%%\"on\":\"blocked\"%%'");
	block(lab, ann, NULL, 0);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	all_sent(lab);
	lab_desk(lab);
	lab_audit(lab);
}

/* ---- finding ---- */

static char *found(hg_lab *lab, struct hg_contact_query query)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) contacts = g_ptr_array_new();
	g_autoptr(GString) names = g_string_new(NULL);
	gint64 next;

	query.limit = query.limit ? query.limit : 10;
	must(hg_store_contact_list(lab->w->store, arena, &query, contacts, &next, e));
	for (guint i = 0; i < contacts->len; i++)
		g_string_append_printf(names, "%s ", ((const hg_contact *)g_ptr_array_index(contacts, i))->name);
	if (next)
		g_string_append(names, "...");
	return g_strdup(names->str);
}

static void say_as(hg_lab *lab, const char *uri, const char *name)
{
	struct hg_in in = lab_text(uri, "hello");

	in.name = name;
	lab_in(lab, "wa", &in, 1);
}

static void people_are_found_by_words_of_their_names(void **state)
{
	static const struct { const char *words, *found; } cases[] = {
		{ NULL, "Zoë Smith José Müller Ann Smith " }, { "smith", "Zoë Smith Ann Smith " }, { "MULLER", "José Müller " },
		{ "jose mül", "José Müller " }, { "mith ann", "Ann Smith " }, { "zoe ann", "" }, { "  ", "Zoë Smith José Müller Ann Smith " },
		{ "%", "" }, { "_", "" },
	};
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autofree char *ann = NULL, *ben = NULL;
	(void)state;

	say_as(lab, ANN, "Ann Smith");
	say_as(lab, BEN, "José Müller");
	say_as(lab, CEM, "Zoë Smith");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *names = found(lab, (struct hg_contact_query){ .words = cases[i].words });

		assert_string_equal(names, cases[i].found);
	}
	{
		g_autofree char *first = found(lab, (struct hg_contact_query){ .words = "smith", .limit = 1 });
		g_autofree char *second = found(lab, (struct hg_contact_query){ .words = "smith", .limit = 1, .before_n = 3 });

		assert_string_equal(first, "Zoë Smith ...");
		assert_string_equal(second, "Ann Smith ...");
	}
	ann = contact_of(lab, ANN);
	ben = contact_of(lab, BEN);
	merge(lab, ben, ann);
	g_free(ben);
	ben = found(lab, (struct hg_contact_query){ .words = "jose" });
	assert_string_equal(ben, "");
}

static void addresses_are_found_by_how_they_begin(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: hold\n");
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) schemes = g_ptr_array_new(), rows = g_ptr_array_new();
	(void)state;

	lab_say(lab, ANN, "one");
	lab_say(lab, BEN, "two");
	lab_say(lab, CEM, "three");
	must(hg_store_alias_schemes(lab->w->store, arena, schemes, e));
	assert_int_equal(schemes->len, 2);
	assert_string_equal(schemes->pdata[0], "mailto:");
	assert_string_equal(schemes->pdata[1], "tel:");
	must(hg_store_alias_begin(lab->w->store, arena, "tel:+4477009001", NULL, 10, rows, e));
	assert_int_equal(rows->len, 2);
	g_ptr_array_set_size(rows, 0);
	must(hg_store_alias_begin(lab->w->store, arena, "tel:+4477009001", ANN, 10, rows, e));
	assert_int_equal(rows->len, 1);
	assert_string_equal(((const hg_alias *)rows->pdata[0])->uri, BEN);
	must(hg_store_alias_begin(lab->w->store, arena, "tel:+4477009002", NULL, 10, rows, e));
	assert_int_equal(rows->len, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_become_one_by_hand_and_two_again),
		cmocka_unit_test(no_conversation_is_answered_at_a_number_he_gave_up),
		cmocka_unit_test(what_reaches_him_on_no_other_channel_is_used_on_none),
		cmocka_unit_test(what_takes_its_place_is_like_it_and_his),
		cmocka_unit_test(taken_apart_nobody_is_answered_where_the_other_is),
		cmocka_unit_test(taken_apart_nobody_gets_back_what_he_gave_up),
		cmocka_unit_test(who_cannot_be_merged_is_told_why),
		cmocka_unit_test(merges_stand_one_on_the_other_only_so_far),
		cmocka_unit_test(what_was_in_doubt_is_settled_by_a_merge),
		cmocka_unit_test(who_is_blocked_is_heard_by_nobody),
		cmocka_unit_test(what_is_open_ends_with_the_block),
		cmocka_unit_test(a_block_ends_by_itself),
		cmocka_unit_test(the_stop_of_who_is_blocked_is_heard),
		cmocka_unit_test(a_block_goes_along_with_a_merge),
		cmocka_unit_test(people_are_found_by_words_of_their_names),
		cmocka_unit_test(addresses_are_found_by_how_they_begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

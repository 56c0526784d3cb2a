/* test_engine_pieces.c - messages that the network cut into pieces, and what may happen to those */
#include "engine_fixture.h"

#include <string.h>

#define ANA  "tel:+447700900123"
#define BEN  "tel:+447700900456"
#define OURS "tel:+4930000"

/* id NULL: the fixture gives it one.  Lent strings. */
static struct hg_in piece(const char *id, const char *ref, int part, int parts, const char *text)
{
	struct hg_in in = lab_text(ANA, text);

	in.id = id;
	in.to = OURS;
	in.part_ref = ref;
	in.part = part;
	in.parts = parts;
	return in;
}

static void say_piece(hg_lab *lab, const char *id, const char *ref, int part, int parts, const char *text)
{
	struct hg_in in = piece(id, ref, part, parts, text);

	lab_in(lab, "sms", &in, 1);
}

static void nothing_is_left(hg_lab *lab)
{
	lab_counts(lab, 0, "SELECT (SELECT count(*) FROM joining) + (SELECT count(*) FROM piece)");
	lab_counts(lab, 0, "SELECT count(*) FROM timer WHERE kind LIKE 'pieces:%%'");
	lab_audit(lab);
}

#define said(lab, n) "SELECT text FROM message WHERE direction = 1 ORDER BY n LIMIT 1 OFFSET " #n

static void pieces_in_any_order_become_one_message(void **state)
{
	static const int orders[][3] = { { 1, 2, 3 }, { 3, 1, 2 }, { 2, 3, 1 } };
	static const char *const texts[] = { "", "my invoice ", "is wrong, ", "please help" };
	static const char *const ids[] = { "", "p1", "p2", "p3" };
	(void)state;

	for (guint o = 0; o < G_N_ELEMENTS(orders); o++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);

		for (guint i = 0; i < 3; i++) {
			int part = orders[o][i];

			lab_counts(lab, 0, "SELECT count(*) FROM message");
			lab_audit(lab);
			say_piece(lab, ids[part], "7", part, 3, texts[part]);
			assert_int_equal(lab->stored, i + 1);
		}
		lab_is(lab, "my invoice is wrong, please help", said(lab, 0));
		lab_is(lab, "p1", "SELECT external_id FROM message");
		lab_counts(lab, HG_TEXT, "SELECT kind FROM message");
		lab_counts(lab, 1, "SELECT note IS NULL FROM message");
		lab_counts(lab, 1, "SELECT count(*) FROM message");
		assert_int_equal(lab_told(lab, "message.received"), 1);
		nothing_is_left(lab);
	}
}

static void what_comes_after_it_in_the_same_delivery_stands_behind_it(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in items[] = { lab_text(ANA, "before"), piece("p2", "7", 2, 2, "two"), piece("p1", "7", 1, 2, "one, "),
				 lab_text(ANA, "after") };
	(void)state;

	lab_in(lab, "sms", items, G_N_ELEMENTS(items));
	lab_is(lab, "before", said(lab, 0));
	lab_is(lab, "one, two", said(lab, 1));
	lab_is(lab, "after", said(lab, 2));
	nothing_is_left(lab);
}

static void the_whole_is_named_by_any_piece(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in reaction = lab_text(ANA, "👍");
	(void)state;

	say_piece(lab, "p1", "7", 1, 2, "one, ");
	say_piece(lab, "p2", "7", 2, 2, "two");
	reaction.kind = HG_REACTION;
	reaction.target = "p2";
	lab_in(lab, "sms", &reaction, 1);
	lab_counts(lab, 1, "SELECT reactions IS NOT NULL FROM message");
}

static void a_piece_twice_is_one_piece(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_engine_stats stats;
	(void)state;

	say_piece(lab, "p1", "7", 1, 2, "one, ");
	say_piece(lab, "p1", "7", 1, 2, "one, ");
	say_piece(lab, "other id", "7", 1, 2, "one, ");	/* whoever brings it again may give it another */
	lab_counts(lab, 1, "SELECT count(*) FROM piece");
	lab_counts(lab, 0, "SELECT count(*) FROM message");
	say_piece(lab, "p2", "7", 2, 2, "two");
	say_piece(lab, "p2", "7", 2, 2, "two");
	say_piece(lab, "p1", "7", 1, 2, "one, ");
	lab_wait(lab, 10 * MINUTE_MS);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1");
	lab_is(lab, "one, two", said(lab, 0));
	hg_engine_get_stats(lab->engine, &stats);
	assert_int_equal(stats.inbound, 6);
	assert_int_equal(stats.duplicates, 4);
	nothing_is_left(lab);
}

static void what_does_not_come_in_time_is_told_of_with_a_gap(void **state)
{
	static const struct { gint64 said_ms, wait_ms; } waits[] = { { 0, 5 * MINUTE_MS }, { 30 * 1000, 30 * 1000 }, { 1, 1000 } };
	(void)state;

	for (guint i = 0; i < G_N_ELEMENTS(waits); i++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		struct hg_in in = piece("p2", "7", 2, 3, "in the middle");

		in.part_wait_ms = waits[i].said_ms;
		lab_in(lab, "sms", &in, 1);
		lab_wait(lab, waits[i].wait_ms - 1);
		lab_counts(lab, 0, "SELECT count(*) FROM message");
		lab_wait(lab, 1);
		lab_is(lab, "[...]in the middle[...]", said(lab, 0));
		lab_is(lab, "2 of the 3 pieces of this message did not come, the first of them piece 1", "SELECT note FROM message");
		assert_int_equal(lab_told(lab, "message.received"), 1);
		lab_audit(lab);
		lab_wait(lab, HOUR_MS);
		nothing_is_left(lab);
	}
}

/* Agents see the message become whole; they have read what there was of it. */
static void what_comes_late_completes_what_was_told(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	say_piece(lab, "p1", "7", 1, 3, "one, ");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_is(lab, "one, [...][...]", said(lab, 0));
	say_piece(lab, "p3", "7", 3, 3, "three");
	lab_is(lab, "one, [...]three", said(lab, 0));
	lab_is(lab, "piece 2 of 3 of this message did not come", "SELECT note FROM message WHERE direction = 1");
	lab_audit(lab);
	say_piece(lab, "p3", "7", 3, 3, "three");
	lab_wait(lab, 50 * MINUTE_MS);
	say_piece(lab, "p2", "7", 2, 3, "two, ");
	lab_is(lab, "one, two, three", said(lab, 0));
	lab_counts(lab, 1, "SELECT note IS NULL AND edited_ms > 0 FROM message WHERE direction = 1");
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE direction = 1");
	assert_int_equal(lab_told(lab, "message.edited"), 2);
	nothing_is_left(lab);
	say_piece(lab, "p2", "7", 2, 3, "two, ");
	nothing_is_left(lab);
}

static void what_comes_too_late_is_a_message_of_its_own(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	say_piece(lab, "p1", "7", 1, 2, "one, ");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_wait(lab, HOUR_MS);
	nothing_is_left(lab);
	say_piece(lab, "p2", "7", 2, 2, "two");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_is(lab, "one, [...]", said(lab, 0));
	lab_is(lab, "[...]two", said(lab, 1));
	assert_int_equal(lab_told(lab, "message.edited"), 0);
	lab_audit(lab);
}

/* References have eight bits: what stands at a place already is of another message than what comes. */
static void a_reference_used_again_begins_a_new_message(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	say_piece(lab, "a1", "7", 1, 2, "old, ");
	say_piece(lab, "b1", "7", 1, 2, "new, ");
	/* The old one will not be whole any more: nobody waits for its time. */
	lab_is(lab, "old, [...]", said(lab, 0));
	lab_audit(lab);
	say_piece(lab, "b2", "7", 2, 2, "too");
	lab_is(lab, "new, too", said(lab, 1));
	nothing_is_left(lab);
	/* Within the hour, after one that was whole. */
	say_piece(lab, "c2", "7", 2, 2, "third");
	say_piece(lab, "c1", "7", 1, 2, "and a ");
	lab_is(lab, "and a third", said(lab, 2));
	nothing_is_left(lab);
	/* After one that was told of with a gap, whose gap stays. */
	say_piece(lab, "d1", "7", 1, 2, "lost, ");
	lab_wait(lab, 5 * MINUTE_MS);
	say_piece(lab, "e1", "7", 1, 2, "again, ");
	say_piece(lab, "e2", "7", 2, 2, "found");
	lab_is(lab, "lost, [...]", said(lab, 3));
	lab_is(lab, "again, found", said(lab, 4));
	nothing_is_left(lab);
}

static void pieces_join_only_from_the_same_sender_to_the_same_address(void **state)
{
	static const struct { const char *channel, *from, *to; int parts; bool echo; } others[] = {
		{ "sms", BEN, OURS, 2, false }, { "sms", ANA, "tel:+4940000", 2, false }, { "sms", ANA, NULL, 2, false },
		{ "wa", ANA, OURS, 2, false }, { "sms", ANA, OURS, 3, false }, { "sms", ANA, OURS, 2, true },
	};
	(void)state;

	for (guint i = 0; i < G_N_ELEMENTS(others); i++) {
		g_autoptr(hg_lab) lab = lab_new(NULL);
		struct hg_in other = piece("o2", "7", 2, others[i].parts, "not hers"), from = lab_text(others[i].from, "");

		other.from = from.from;
		other.to = others[i].to;
		other.echo = others[i].echo;
		say_piece(lab, "p1", "7", 1, 2, "one, ");
		lab_in(lab, others[i].channel, &other, 1);
		lab_counts(lab, 0, "SELECT count(*) FROM message");
		say_piece(lab, "p2", "7", 2, 2, "two");
		lab_is(lab, "one, two", said(lab, 0));
		lab_counts(lab, 1, "SELECT count(*) FROM piece");
		lab_audit(lab);
	}
}

static void a_restart_in_between_changes_nothing(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	say_piece(lab, "a1", "7", 1, 2, "one, ");
	say_piece(lab, "b1", "8", 1, 2, "lonely, ");
	lab_restart(lab);
	lab_audit(lab);
	say_piece(lab, "a2", "7", 2, 2, "two");
	lab_is(lab, "one, two", said(lab, 0));
	lab_wait(lab, 4 * MINUTE_MS);
	lab_restart(lab);
	lab_wait(lab, MINUTE_MS);
	lab_is(lab, "lonely, [...]", said(lab, 1));
	lab_restart(lab);
	say_piece(lab, "b2", "8", 2, 2, "no more");
	lab_is(lab, "lonely, no more", said(lab, 1));
	nothing_is_left(lab);
}

/* U+1F600 cut between its two UTF-16 units, as in a UCS-2 message; and the escape of GSM 03.38 before "e": the euro. */
static void characters_that_were_cut_in_two_are_joined(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	say_piece(lab, "a1", "7", 1, 2, "smile \xed\xa0\xbd");
	say_piece(lab, "a2", "7", 2, 2, "\xed\xb8\x80!");
	lab_is(lab, "smile 😀!", said(lab, 0));
	say_piece(lab, "b1", "8", 1, 2, "5 \x1b");
	say_piece(lab, "b2", "8", 2, 2, "e only");
	lab_is(lab, "5 € only", said(lab, 1));
	say_piece(lab, "c1", "9", 1, 2, "half \xed\xa0\xbd");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_is(lab, "half �[...]", said(lab, 2));
	/* What is no text at all is cleaned as everywhere. */
	say_piece(lab, "d1", "10", 1, 2, "a\xff\xc3");
	say_piece(lab, "d2", "10", 2, 2, "b");
	lab_is(lab, "a��b", said(lab, 3));
	lab_audit(lab);
}

static void a_place_that_cannot_be_is_a_message_of_its_own(void **state)
{
	static const struct { int part, parts; } places[] = { { 0, 2 }, { 3, 2 }, { -1, 2 }, { 1, 1 }, { 1, 256 }, { 1, 0 } };
	g_autofree char *much = g_strnfill(5000, 'x');
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		say_piece(lab, NULL, "7", places[i].part, places[i].parts, "whole");
		lab_counts(lab, i + 1, "SELECT count(*) FROM message WHERE direction = 1 AND text = 'whole'");
	}
	/* Nor is what no network would call a piece: nothing of it is cut. */
	say_piece(lab, NULL, "7", 1, 2, much);
	lab_counts(lab, 1, "SELECT count(*) FROM message WHERE length(text) = 5000");
	nothing_is_left(lab);
}

static void a_sender_has_so_many_at_a_time(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	(void)state;

	for (guint i = 0; i < 34; i++) {
		g_autofree char *ref = g_strdup_printf("%u", i);

		say_piece(lab, NULL, ref, 1, 2, ref);
		lab_counts(lab, MIN(i + 1, 32), "SELECT count(*) FROM joining WHERE state = 1");
	}
	lab_is(lab, "0[...]", said(lab, 0));
	lab_is(lab, "1[...]", said(lab, 1));
	lab_counts(lab, 2, "SELECT count(*) FROM message WHERE direction = 1");
	lab_audit(lab);
}

static void the_largest_message_is_255_pieces(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(NULL);
	g_autoptr(GString) want = g_string_new(NULL);
	struct hg_in in = piece(NULL, "7", 1, 255, "");
	(void)state;

	for (int part = 255; part >= 1; part--) {
		g_autofree char *id = g_strdup_printf("p%d", part), *text = g_strdup_printf("%03d ", part);

		in = piece(id, "7", part, 255, text);
		lab_queue(lab, "sms", &in, 1);
		g_string_prepend(want, text);
		if (part % 50 == 1)
			lab_run(lab);
	}
	lab_is(lab, want->str, said(lab, 0));
	nothing_is_left(lab);
}

/* A file in one of them, and one that its adapter could not read. */
static void all_that_the_pieces_hold_is_in_the_message(void **state)
{
	static const struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .name = "a.jpg", .type = "image/jpeg",
					     .ref = "m1", .bytes = 9 };
	g_autoptr(hg_lab) lab = lab_new(NULL);
	struct hg_in in = piece("p2", "7", 2, 2, "see");
	(void)state;

	in.files = &file;
	in.n_files = 1;
	in.file_size = sizeof(file);
	lab_in(lab, "sms", &in, 1);
	in = piece("p1", "7", 1, 2, "");
	in.kind = HG_UNSUPPORTED;
	in.raw = "bytes";
	in.raw_len = 5;
	lab_in(lab, "sms", &in, 1);
	lab_is(lab, "see", said(lab, 0));
	lab_counts(lab, HG_UNSUPPORTED, "SELECT kind FROM message");
	lab_counts(lab, 1, "SELECT count(*) FROM attachment WHERE name = 'a.jpg'");
	nothing_is_left(lab);
}

/* Nobody is asked about half a sentence; what is told of with a gap waits like any other, and so does its end. */
static void hooks_are_asked_about_the_whole(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("hooks:\n  crm: { url: \"https://crm.example/\", secrets: \"env:LAB_SECRET\", "
					"deadline: 2s }\nrules: []\n");
	hg_dispatch *asked;
	(void)state;

	say_piece(lab, "a1", "7", 1, 2, "my order ");
	lab_counts(lab, 0, "SELECT count(*) FROM question");
	say_piece(lab, "a2", "7", 2, 2, "is late");
	asked = lab_take(lab, HG_TO_HOOK);
	assert_non_null(asked);
	assert_non_null(g_strstr_len(asked->job.body, (gssize)asked->job.len, "my order is late"));
	lab_drop(asked);
	lab_counts(lab, 0, "SELECT count(*) FROM message");
	lab_wait(lab, 2000);
	lab_is(lab, "my order is late", said(lab, 0));
	say_piece(lab, "b1", "8", 1, 2, "and ");
	lab_wait(lab, 5 * MINUTE_MS);
	lab_wait(lab, 2000);
	lab_is(lab, "and [...]", said(lab, 1));
	say_piece(lab, "b2", "8", 2, 2, "wrong");
	lab_is(lab, "and wrong", said(lab, 1));
	nothing_is_left(lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_in_any_order_become_one_message),
		cmocka_unit_test(what_comes_after_it_in_the_same_delivery_stands_behind_it),
		cmocka_unit_test(the_whole_is_named_by_any_piece),
		cmocka_unit_test(a_piece_twice_is_one_piece),
		cmocka_unit_test(what_does_not_come_in_time_is_told_of_with_a_gap),
		cmocka_unit_test(what_comes_late_completes_what_was_told),
		cmocka_unit_test(what_comes_too_late_is_a_message_of_its_own),
		cmocka_unit_test(a_reference_used_again_begins_a_new_message),
		cmocka_unit_test(pieces_join_only_from_the_same_sender_to_the_same_address),
		cmocka_unit_test(a_restart_in_between_changes_nothing),
		cmocka_unit_test(characters_that_were_cut_in_two_are_joined),
		cmocka_unit_test(a_place_that_cannot_be_is_a_message_of_its_own),
		cmocka_unit_test(a_sender_has_so_many_at_a_time),
		cmocka_unit_test(the_largest_message_is_255_pieces),
		cmocka_unit_test(all_that_the_pieces_hold_is_in_the_message),
		cmocka_unit_test(hooks_are_asked_about_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

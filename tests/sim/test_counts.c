/* test_counts.c - the engine under what comes in great numbers: first messages at once, copies, one bad item in a
 * delivery, one bad conversation among many
 *
 * Promises 2, 3 and 4.  Alone a tenth of the numbers, as the unit stage plays them with sanitizers; --all: the numbers that are
 * promised; HEADGATE_FULL=1: those of a night. */
#include "engine_fixture.h"

#include <string.h>

#include "record.h"

#define PLAIN "ticket: { confirm: \"\" }\nrules:\n  - { name: all, do: { convert: {} } }\n"

static gboolean all_of_them;	/* --all */

static guint many(guint usual, guint full)
{
	if (g_strcmp0(g_getenv("HEADGATE_FULL"), "1") == 0)
		return full;
	return all_of_them ? usual : usual / 10;
}

/* The same numbers in each run. */
static guint32 next(guint32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void shuffle(guint *list, guint n, guint32 *state)
{
	for (guint i = n; i > 1; i--) {
		guint other = next(state) % i, kept = list[i - 1];

		list[i - 1] = list[other];
		list[other] = kept;
	}
}

/* One message of a number, on one of two connections; nothing runs before all of a handful wait. */
static void deliver(hg_lab *lab, guint contact, guint message)
{
	g_autofree char *uri = g_strdup_printf("tel:+44%09u", contact), *id = g_strdup_printf("m.%u", message);
	struct hg_in in = lab_text(uri, "first of all");

	in.id = id;
	in.wide = TRUE;
	lab_queue(lab, message & 1 ? "wa" : "sms", &in, 1);
}

/* 50 first messages of each, all mixed, as many in a transaction as come. */
static void first_messages_at_once_make_one_conversation(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(PLAIN);
	guint contacts = many(1000, 10000), n = contacts * 50;
	g_autofree guint *order = g_new(guint, n);
	guint32 dice = 1;
	(void)state;

	for (guint i = 0; i < n; i++)
		order[i] = i;
	shuffle(order, n, &dice);
	for (guint i = 0; i < n; i++) {
		deliver(lab, order[i] % contacts, order[i]);
		if (i % 500 == 499)
			lab_run(lab);
	}
	lab_run(lab);
	lab_counts(lab, contacts, "SELECT count(*) FROM thread");
	lab_counts(lab, contacts, "SELECT count(*) FROM ticket");
	lab_counts(lab, n, "SELECT count(*) FROM message WHERE direction = 1");
	record("dedupe.race", n, 0, NULL);
}

/* 2 to 10 copies of each id, shuffled over two connections and as many transactions as it takes. */
static void copies_of_a_message_are_one(void **state)
{
	g_autoptr(hg_lab) lab = lab_new("default: ignore\n");
	guint ids = many(10000, 100000), n = 0;
	g_autofree guint *order = g_new(guint, ids * 10);
	guint32 dice = 2;
	(void)state;

	for (guint i = 0; i < ids; i++)
		for (guint k = 2 + next(&dice) % 9; k; k--)
			order[n++] = i;
	shuffle(order, n, &dice);
	for (guint i = 0; i < n; i++) {
		deliver(lab, order[i] % 97, order[i]);
		if (next(&dice) % 100 == 0)
			lab_run(lab);
	}
	lab_run(lab);
	lab_counts(lab, ids, "SELECT count(*) FROM message WHERE direction = 1");
	lab_counts(lab, ids, "SELECT count(DISTINCT external_id) FROM message WHERE direction = 1");
	assert_int_equal(lab->refused, 0);
	assert_int_equal(lab->stored, n);
	record("dedupe.copies", n, 0, NULL);
}

/* ---- one bad item in a delivery of a hundred ---- */


static void no_sender(struct hg_in *in, struct hg_address *from) { in->n_from = 0; (void)from; }
static void null_sender(struct hg_in *in, struct hg_address *from) { from->uri = NULL; (void)in; }
static void empty_sender(struct hg_in *in, struct hg_address *from) { from->uri = ""; (void)in; }
static void no_scheme(struct hg_in *in, struct hg_address *from) { from->uri = "447700900123"; (void)in; }
static void odd_proof(struct hg_in *in, struct hg_address *from) { from->proof = 99; (void)in; }
static void odd_kind(struct hg_in *in, struct hg_address *from) { in->kind = 9999; (void)from; }
static void kind_below(struct hg_in *in, struct hg_address *from) { in->kind = -3; (void)from; }
static void kind_none(struct hg_in *in, struct hg_address *from) { in->kind = 0; (void)from; }
static void no_id(struct hg_in *in, struct hg_address *from) { in->id = ""; (void)from; }
static void no_text(struct hg_in *in, struct hg_address *from) { in->text = NULL; (void)from; }
static void bad_utf8(struct hg_in *in, struct hg_address *from) { in->text = "\xff\xfe\x80"; (void)from; }
static void bad_name(struct hg_in *in, struct hg_address *from) { in->name = "\xc0\xaf"; (void)from; }
static void bad_payload(struct hg_in *in, struct hg_address *from) { in->payload = "{\"broken\":"; (void)from; }
static void far_future(struct hg_in *in, struct hg_address *from) { in->sent_ms = G_MAXINT64; (void)from; }
static void far_past(struct hg_in *in, struct hg_address *from) { in->sent_ms = G_MININT64; (void)from; }
static void reaction_to_nothing(struct hg_in *in, struct hg_address *from) { in->kind = HG_REACTION; (void)from; }
static void edit_of_nothing(struct hg_in *in, struct hg_address *from) { in->kind = HG_EDIT; in->target = "gone"; (void)from; }
static void revoke_of_nothing(struct hg_in *in, struct hg_address *from) { in->kind = HG_REVOKE; in->target = ""; (void)from; }
static void consent_to_nothing(struct hg_in *in, struct hg_address *from) { in->kind = HG_CONSENT; in->text = "perhaps"; (void)from; }
static void identity_of_nobody(struct hg_in *in, struct hg_address *from) { in->kind = HG_IDENTITY; in->n_from = 0; (void)from; }
static void echo_to_nobody(struct hg_in *in, struct hg_address *from) { in->echo = TRUE; (void)from; }
static void note_alone(struct hg_in *in, struct hg_address *from) { in->kind = HG_UNSUPPORTED; in->note = "of a new kind"; (void)from; }
static void empty_group(struct hg_in *in, struct hg_address *from) { in->group = ""; (void)from; }
static void control_letters(struct hg_in *in, struct hg_address *from) { in->text = "\x01\x02\x1b[31m\x7f"; (void)from; }
static void sql_in_it(struct hg_in *in, struct hg_address *from) { in->text = in->subject = "'); DROP TABLE message; --"; (void)from; }

typedef void breaks(struct hg_in *in, struct hg_address *from);

static void every_other_item_is_kept(hg_lab *lab, breaks *breaks_it, guint round, guint at)
{
	struct hg_address from[100];
	g_autofree struct hg_in *in = g_new0(struct hg_in, 100);
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

	for (guint i = 0; i < 100; i++) {
		g_ptr_array_add(texts, g_strdup_printf("tel:+44%09u", i));
		from[i] = (struct hg_address){ texts->pdata[texts->len - 1], HG_PROVEN };
		g_ptr_array_add(texts, g_strdup_printf("p.%u.%u", round, i));
		in[i] = (struct hg_in){ .size = sizeof(*in), .kind = HG_TEXT, .id = texts->pdata[texts->len - 1],
					.from = &from[i], .n_from = 1, .to = "tel:+4930000", .text = "one of a hundred" };
	}
	breaks_it(&in[at], &from[at]);
	lab_in(lab, "wa", in, 100);
	lab_counts(lab, 99, "SELECT count(*) FROM message WHERE text = 'one of a hundred' AND external_id LIKE 'p.%u.%%' "
		   "AND external_id <> 'p.%u.%u'", round, round, at);
}

static void one_bad_item_takes_no_other_along(void **state)
{
	static breaks *const all[] = { no_sender, null_sender, empty_sender, no_scheme, odd_proof, odd_kind, kind_below,
		kind_none, no_id, no_text, bad_utf8, bad_name, bad_payload, far_future, far_past, reaction_to_nothing,
		edit_of_nothing, revoke_of_nothing, consent_to_nothing, identity_of_nobody, echo_to_nobody, note_alone,
		empty_group, control_letters, sql_in_it };
	guint rounds = MAX(many(100, 100 * G_N_ELEMENTS(all)), 100);
	g_autoptr(hg_lab) lab = lab_new("default: ignore\n");
	(void)state;

	/* Each position once, with the breakages in turn; at night each with each. */
	for (guint i = 0; i < rounds; i++)
		every_other_item_is_kept(lab, all[i % G_N_ELEMENTS(all)], i, i / (rounds / 100) % 100);
	assert_int_equal(lab->refused, 0);
	record("batch.poison", (gint64)rounds * 99, 0, NULL);
}

/* ---- one bad conversation among many ---- */

/* Its events are refused for ever; all others are through within their own time. */
static void one_bad_conversation_holds_up_no_other(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(PLAIN);
	guint threads = many(1000, 10000), heard = 0;
	g_autofree char *bad = NULL;
	hg_dispatch *dispatch;
	(void)state;

	for (guint i = 0; i < threads; i++) {
		deliver(lab, i, i);
		if (i % 100 == 99)
			lab_run(lab);
	}
	bad = lab_value(lab, "SELECT id FROM thread ORDER BY n LIMIT 1");
	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		gboolean fine = strcmp(dispatch->job.lane, bad) != 0;

		heard += fine;
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = fine ? HG_SENT : HG_RETRY,
			      .status = fine ? 200 : 500, .text = "no" });
	}
	assert_int_equal(heard, threads - 1);
	lab_counts(lab, 1, "SELECT count(*) FROM outbox WHERE target = 2");
	record("forward.hol", threads, 0, NULL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_messages_at_once_make_one_conversation),
		cmocka_unit_test(copies_of_a_message_are_one),
		cmocka_unit_test(one_bad_item_takes_no_other_along),
		cmocka_unit_test(one_bad_conversation_holds_up_no_other),
	};

	all_of_them = argc == 2 && strcmp(argv[1], "--all") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

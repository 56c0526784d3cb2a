/* test_engine_window.c - R4.5: which conversation a message belongs to, by age, by channel, by reference */
#include "engine_fixture.h"

#include <string.h>

#define ANA "tel:+447700900123"
#define HELP "rules:\n  - { name: help, when: { text: { matches: 'help' } }, do: { convert: { } } }\n" \
	     "ticket: { confirm: \"\" }\n"
#define AGES "window: { reopen: [ { within: 1d, do: reopen }, { within: 7d, do: join } ] }\n"
#define CHANNELS "channels:\n  sms: { adapter: fake }\n  other: { adapter: fake, scope: brand }\n" \
		 "  asks: { adapter: asking }\n  again: { adapter: fake, on_ambiguous: resend }\n"

static void close_it(hg_lab *lab)
{
	hg_command *command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));

	command->resolution = HG_RES_RESOLVED;
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
}

/* A ticket that its helpdesk has solved: the thread is closed with it. */
static void solve_it(hg_lab *lab)
{
	hg_command *command = lab_command(lab, HG_CMD_STATUS, NULL);
	g_autofree char *number = lab_value(lab, "SELECT number FROM ticket ORDER BY n DESC LIMIT 1");

	command->ticket_ref = hg_arena_str(command->arena, number);
	command->text = "solved";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, HG_THREAD_CLOSED, "SELECT state FROM thread ORDER BY n DESC LIMIT 1");
}

static char *reason_of_last(hg_lab *lab)
{
	return lab_value(lab, "SELECT json_extract(facts, '$.proposal_reason') FROM decision WHERE on_event = 'message' "
			 "ORDER BY n DESC LIMIT 1");
}

/* By age of what is closed, to the millisecond: reopened, joined, new.  R4.5 */
static void the_age_decides_between_reopening_joining_and_a_new_one(void **state)
{
	static const struct { gint64 age_ms; const char *told; int thread_state; int threads; const char *reason; } cases[] = {
		{ DAY_MS, "ticket.reopened ticket.message", HG_THREAD_CONVERTED, 1,
		  "closed 1d ago; window.reopen: reopen within 1d" },
		{ DAY_MS + 1, "ticket.message", HG_THREAD_CLOSED, 1, "closed 1d ago; window.reopen: join within 7d" },
		{ 7 * DAY_MS, "ticket.message", HG_THREAD_CLOSED, 1, "closed 7d ago; window.reopen: join within 7d" },
		{ 7 * DAY_MS + 1, "", HG_THREAD_OPEN, 2, "the last one was closed 7d ago; window.reopen: 7d" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(HELP AGES);
		g_autofree char *reason = NULL;

		lab_say(lab, ANA, "help");
		solve_it(lab);
		lab_desk(lab);
		lab_wait(lab, cases[i].age_ms);
		lab_say(lab, ANA, "and another thing");
		assert_string_equal(lab_desk(lab), cases[i].told);
		lab_counts(lab, cases[i].threads, "SELECT count(*) FROM thread");
		lab_counts(lab, cases[i].thread_state, "SELECT state FROM thread ORDER BY n DESC LIMIT 1");
		lab_counts(lab, cases[i].thread_state != HG_THREAD_CONVERTED, "SELECT state = 4 FROM ticket");
		reason = reason_of_last(lab);
		assert_string_equal(reason, cases[i].reason);
		lab_audit(lab);
	}
}

/* Joining prolongs nothing: the age runs from the closing.  What is joined is the ticket's newest word. */
static void what_joins_leaves_the_ticket_closed_and_its_age_as_it_is(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP AGES);
	(void)state;

	lab_say(lab, ANA, "help");
	solve_it(lab);
	for (int i = 0; i < 3; i++) {
		lab_wait(lab, 2 * DAY_MS);
		lab_say(lab, ANA, "help me, it is still broken");
	}
	lab_counts(lab, 4, "SELECT inbound FROM thread");
	lab_counts(lab, 0, "SELECT reopened FROM thread");
	lab_is(lab, "ticket.message", "SELECT type FROM event ORDER BY n DESC LIMIT 1");
	lab_wait(lab, 2 * DAY_MS);
	lab_say(lab, ANA, "help again");
	lab_counts(lab, 2, "SELECT count(*) FROM ticket");
	lab_desk(lab);
	lab_audit(lab);
}

/* Nobody would see what is added to a closed conversation that no helpdesk knows. */
static void a_closed_conversation_without_a_ticket_is_reopened_where_others_are_joined(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP AGES);
	g_autofree char *reason = NULL;
	(void)state;

	lab_say(lab, ANA, "hello");
	close_it(lab);
	lab_wait(lab, 3 * DAY_MS);
	lab_say(lab, ANA, "me again");
	lab_counts(lab, 1, "SELECT reopened FROM thread");
	reason = reason_of_last(lab);
	assert_string_equal(reason, "closed 3d ago; window.reopen: join within 7d, reopened for it has no ticket");
}

/* The window of the channel the new message came on counts, in both directions.  R4.5 */
static void a_channel_may_have_windows_of_its_own(void **state)
{
	(void)state;
	for (int own = 0; own < 2; own++) {
		g_autoptr(hg_lab) lab = lab_new(HELP CHANNELS "  wa: { adapter: fake, window: { join: 1h, reopen: 10d } }\n");
		struct hg_in in = lab_text(ANA, "again");
		g_autofree char *joined = NULL, *reopened = NULL;

		lab_say(lab, ANA, "help");
		lab_wait(lab, 2 * HOUR_MS);
		lab_in(lab, own ? "wa" : "sms", &in, 1);
		lab_counts(lab, 1 + own, "SELECT count(*) FROM thread");
		joined = reason_of_last(lab);
		assert_string_equal(joined, own ? "the open ticket was last active 2h ago; channel wa: window.join: 1h"
						: "open ticket, last active 2h ago; window.join: 7d");
		close_it(lab);
		lab_wait(lab, 9 * DAY_MS);
		in.text = "and again";
		lab_in(lab, own ? "wa" : "sms", &in, 1);
		/* Neither the open ticket nor the closed thread is near enough for sms. */
		lab_counts(lab, 2, "SELECT count(*) FROM thread");
		reopened = reason_of_last(lab);
		assert_string_equal(reopened, own ? "closed 9d ago; channel wa: window.reopen: reopen within 10d"
						  : "the open ticket was last active 9d ago; window.join: 7d");
	}
}

static void of_two_closed_ones_the_last_to_close_is_meant(void **state)
{
	g_autoptr(hg_lab) lab = lab_new(HELP "window: { reopen: 9d }\n");
	g_autofree char *first = NULL, *id = NULL;
	const char *refs[2] = { NULL, NULL };
	struct hg_in in = lab_text(ANA, "about the first");
	(void)state;

	refs[0] = id = g_strdup(lab_say(lab, ANA, "help"));
	first = g_strdup(lab_thread(lab));
	solve_it(lab);
	lab_wait(lab, 10 * DAY_MS);
	lab_say(lab, ANA, "help");
	solve_it(lab);
	lab_wait(lab, HOUR_MS);
	in.refs = refs;
	lab_in(lab, "wa", &in, 1);
	lab_counts(lab, 2, "SELECT count(*) FROM thread");
	lab_do(lab, lab_command(lab, HG_CMD_CLOSE, first));
	lab_wait(lab, HOUR_MS);
	lab_say(lab, ANA, "and this?");
	lab_is(lab, first, "SELECT id FROM thread WHERE last_ms = (SELECT max(last_ms) FROM thread)");
}

/* However long ago it was closed: he says himself what he means.  R4.5 */
static void a_reference_beats_every_window(void **state)
{
	static const struct { const char *yaml; int days; int threads; } cases[] = {
		{ HELP "window: { reopen: 0s }\n", 20, 1 },
		{ HELP AGES, 3, 1 },		/* without the reference it would be joined only */
		/* Provider ids are kept for 30 days, or as long as the longest window. */
		{ HELP "window: { reopen: 0s }\n", 45, 2 },
		{ HELP "window: { reopen: 0s, join: 60d }\n", 45, 1 },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(hg_lab) lab = lab_new(cases[i].yaml);
		g_autofree char *id = NULL, *reason = NULL;
		const char *refs[2] = { NULL, NULL };
		struct hg_in in = lab_text(ANA, "about that");

		refs[0] = id = g_strdup(lab_say(lab, ANA, "help"));
		solve_it(lab);
		for (int day = 0; day < cases[i].days; day++) {
			lab_wait(lab, DAY_MS);
			while (hg_store_tend(lab->w->store, HG_LOAD_NONE) == 0)
				;
		}
		in.refs = refs;
		lab_in(lab, "wa", &in, 1);
		lab_counts(lab, cases[i].threads, "SELECT count(*) FROM thread");
		if (cases[i].threads == 1)
			lab_counts(lab, HG_THREAD_CONVERTED, "SELECT state FROM thread");
		reason = reason_of_last(lab);
		assert_int_equal(g_str_has_prefix(reason, "answers msg_"), cases[i].threads == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_age_decides_between_reopening_joining_and_a_new_one),
		cmocka_unit_test(what_joins_leaves_the_ticket_closed_and_its_age_as_it_is),
		cmocka_unit_test(a_closed_conversation_without_a_ticket_is_reopened_where_others_are_joined),
		cmocka_unit_test(a_channel_may_have_windows_of_its_own),
		cmocka_unit_test(of_two_closed_ones_the_last_to_close_is_meant),
		cmocka_unit_test(a_reference_beats_every_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

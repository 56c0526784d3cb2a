/* test_adapter_unpack.c - raw bytes that are given to an adapter, which does with them what it should not */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"

#define ONE "  one: { adapter: naughty }\n"
#define ONE_OF(mode) "  one: { adapter: naughty, mode: " mode " }\n"

static void what_was_read_comes_back_as_a_command(void **state)
{
	struct hub hub;
	const hg_command *command;

	(void)state;
	hub_new(&hub, ONE);
	command = hub_unpacked(&hub, "fine", NULL, HG_CMD_UNPACKED);
	assert_int_equal(command->fate, HG_SENT);
	assert_int_equal(command->job_n, 700);
	assert_string_equal(command->channel, "one");
	assert_string_equal(command->space, "naughty");
	assert_int_equal(command->batch.n_in, 1);
	assert_string_equal(command->batch.in[0].text, "read");
	assert_string_equal(hub.seen->note, "0 0 -");
	assert_int_equal(hub_status(&hub, "one").counts.unpacks, 1);
	assert_int_equal(hub_status(&hub, "one").counts.unread, 0);
	hub_free(&hub);
}

static void what_cannot_be_read_says_why(void **state)
{
	static const struct { const char *bytes, *why; int fate; gsize n_in; } cases[] = {
		{ "fails", "no mail", HG_FAILED, 0 }, { "busy", "no mail", HG_RETRY, 0 },
		{ "half", "no mail", HG_FAILED, 1 }, { "nothing", "gave no reason", HG_FAILED, 0 },
		{ "crooked", "does not hold", HG_FAILED, 0 },
	};
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const hg_command *command = hub_unpacked(&hub, cases[i].bytes, NULL, HG_CMD_UNPACKED);

		assert_int_equal(command->fate, cases[i].fate);
		assert_int_equal(command->batch.n_in, cases[i].n_in);
		assert_non_null(strstr(command->text, cases[i].why));
	}
	assert_int_equal(hub_status(&hub, "one").counts.unread, G_N_ELEMENTS(cases));
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	hub_free(&hub);
}

static void it_may_ask_once_what_we_said(void **state)
{
	struct hub hub;
	const hg_command *command;

	(void)state;
	hub_new(&hub, ONE);
	command = hub_unpacked(&hub, "recall", NULL, HG_CMD_RECALL);
	assert_string_equal(command->refs[0], "one");
	assert_string_equal(command->refs[1], "two");
	assert_null(command->refs[2]);
	assert_int_equal(hub_count(&hub, HG_CMD_UNPACKED), 0);
	hub_unpacked(&hub, "fine", "we said", HG_CMD_UNPACKED);
	assert_string_equal(hub.seen->note, "0 1 we said");
	command = hub_unpacked(&hub, "recall", "we said", HG_CMD_UNPACKED);
	assert_int_equal(command->fate, HG_FAILED);
	assert_non_null(strstr(command->text, "the same again"));
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	hub_free(&hub);
}

static void one_answer_counts_and_it_comes_from_the_right_call(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	assert_int_equal(hub_unpacked(&hub, "twice", NULL, HG_CMD_UNPACKED)->fate, HG_SENT);
	hub_settle(&hub);
	assert_int_equal(hub_count(&hub, HG_CMD_UNPACKED), 1);
	assert_int_equal(hub_status(&hub, "one").counts.late, 1);
	hub_unpack(&hub, 9, "settled", NULL);
	HUB_WAIT(&hub, hub_status(&hub, "one").counts.late == 2);
	assert_int_equal(hub_count(&hub, HG_CMD_SETTLED), 0);
	hub_free(&hub);
}

static void who_does_not_answer_in_time_has_not_read_it(void **state)
{
	const hg_command *command;
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hg_channels_stop(hub.channels, 0, NULL, NULL);
	HUB_WAIT(&hub, strcmp(hub_status(&hub, "one").state, "down") == 0);
	hub_settle(&hub);
	hg_channels_free(hub.channels);
	hub.env.answer_ms = 20;
	hub.channels = hg_channels_new(&hub.env, hub.conf);
	hg_channels_start(hub.channels);
	command = hub_unpacked(&hub, "never", NULL, HG_CMD_UNPACKED);
	assert_int_equal(command->fate, HG_FAILED);
	assert_non_null(strstr(command->text, "in time"));
	assert_int_equal(hub_settled(&hub, "never")->fate, HG_RETRY);
	assert_int_equal(hub_status(&hub, "one").counts.faults, 2);
	hg_server_free(g_steal_pointer(&hub.server));
	hub_free(&hub);
}

static void the_far_end_is_told_once_and_says_how_it_went(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	assert_int_equal(hub_settled(&hub, "fine")->fate, HG_SENT);
	assert_int_equal(hub_settled(&hub, "gone")->fate, HG_FAILED);
	assert_int_equal(hub_settled(&hub, "busy")->fate, HG_RETRY);
	assert_string_equal(hub_command(&hub, HG_CMD_SETTLED, 2)->text, "no such mail");
	assert_int_equal(hub_status(&hub, "one").counts.settles, 3);
	assert_int_equal(hub_status(&hub, "one").counts.late, 1);
	hub_free(&hub);
}

static void a_channel_that_closes_has_not_tried(void **state)
{
	const hg_command *command;
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	hub_unpack(&hub, 1, "never", NULL);
	HUB_WAIT(&hub, hub.seen->unpacks == 1);
	assert_int_equal(hub_status(&hub, "one").pending_out, 1);
	hub_stop(&hub);
	command = hub_command(&hub, HG_CMD_UNPACKED, 0);
	assert_int_equal(command->fate, HG_RETRY);
	assert_non_null(strstr(command->text, "closed"));
	hub_free(&hub);
}

static void what_is_read_in_close_is_heard(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("close_reads"));
	hub_unpack(&hub, 1, "held", NULL);
	HUB_WAIT(&hub, hub.seen->unpacks == 1);
	hub_stop(&hub);
	assert_int_equal(hub_command(&hub, HG_CMD_UNPACKED, 0)->fate, HG_SENT);
	assert_null(hub_command(&hub, HG_CMD_UNPACKED, 1));
	hub_free(&hub);
}

static void a_channel_that_does_not_run_has_not_tried(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE_OF("open_fails"));
	assert_int_equal(hub_unpacked(&hub, "fine", NULL, HG_CMD_UNPACKED)->fate, HG_RETRY);
	assert_int_equal(hub_settled(&hub, "fine")->fate, HG_RETRY);
	assert_int_equal(hub.seen->unpacks + hub.seen->settles, 0);
	hub_free(&hub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_comes_back_as_a_command),
		cmocka_unit_test(what_cannot_be_read_says_why),
		cmocka_unit_test(it_may_ask_once_what_we_said),
		cmocka_unit_test(one_answer_counts_and_it_comes_from_the_right_call),
		cmocka_unit_test(who_does_not_answer_in_time_has_not_read_it),
		cmocka_unit_test(the_far_end_is_told_once_and_says_how_it_went),
		cmocka_unit_test(a_channel_that_closes_has_not_tried),
		cmocka_unit_test(what_is_read_in_close_is_heard),
		cmocka_unit_test(a_channel_that_does_not_run_has_not_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

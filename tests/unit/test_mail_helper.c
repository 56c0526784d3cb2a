/* test_mail_helper.c - helpers that read mail: right answers in order, mails that end them, helpers that lie */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>

#include "fail.h"
#include "mail_frame.h"
#include "mail_helper.h"
#include "sanitized.h"

#define REAL	 "./headgate-mail"
#define STAND_IN "./tests/tools/mail_stand_in"
#define PATIENCE 60000		/* ms */

/* "abc" as a file: the stand-in's lies are about it. */
#define WITH_FILE \
	"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: image/png; " \
	"name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--x--\r\n"

struct world {
	struct event_base *base;
	hg_mail_helper *helper;
	guint left, answered;
	struct answer { hg_mail *mail; int code; char *text; guint nth; } answers[64];
};

static int set_up(void **state)
{
	struct world *world = g_new0(struct world, 1);

	signal(SIGPIPE, SIG_IGN);
	world->base = event_base_new();
	*state = world;
	return 0;
}

static void forget(struct world *world)
{
	for (guint i = 0; i < G_N_ELEMENTS(world->answers); i++) {
		g_clear_pointer(&world->answers[i].mail, hg_mail_free);
		g_clear_pointer(&world->answers[i].text, g_free);
	}
	memset(world->answers, 0, sizeof(world->answers));
	world->answered = 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	hg_mail_helper_free(world->helper);
	forget(world);
	event_base_free(world->base);
	g_free(world);
	return 0;
}

static void start(struct world *world, const char *program, guint processes, gint64 timeout_ms, gint64 cpu_ms)
{
	const struct hg_mail_helper_conf conf = { .program = program, .processes = processes, .timeout_ms = timeout_ms,
		.cpu_ms = cpu_ms, .memory = 256 * 1024 * 1024 };
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&world->helper, hg_mail_helper_free);
	world->helper = hg_mail_helper_new(world->base, &conf, &error);
	if (!world->helper)
		fail_msg("%s", error->message);
}

static struct world *running;

static void done(void *arg, hg_mail *mail, const GError *error)
{
	struct world *world = running;
	struct answer *answer = arg;

	assert_null(answer->mail);
	assert_int_equal(answer->code, 0);
	assert_true((mail != NULL) != (error != NULL));
	*answer = (struct answer){ .mail = mail, .code = error ? error->code : 0, .text = error ? g_strdup(error->message) : NULL,
		.nth = ++world->answered };
	if (--world->left == 0)
		event_base_loopbreak(world->base);
}

static void ask(struct world *world, guint i, const char *raw)
{
	static const char *const known[] = { "Hello, your order was handed to the carrier this morning.", NULL };
	const struct hg_mail_ask ask = { .known = known };

	running = world;
	world->left++;
	hg_mail_helper_parse(world->helper, raw, strlen(raw), &ask, done, &world->answers[i]);
	assert_int_equal(world->answers[i].nth, 0);	/* never before it returns */
}

static void on_impatience(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	fail_msg("no answer in %d s", PATIENCE / 1000);
}

static void wait_all(struct world *world)
{
	const struct timeval patience = { .tv_sec = PATIENCE / 1000 };
	struct event *timer = evtimer_new(world->base, on_impatience, NULL);

	evtimer_add(timer, &patience);
	event_base_dispatch(world->base);
	event_free(timer);
	assert_int_equal(world->left, 0);
}

/* ---- right ones ---- */

static void a_mail_comes_back_with_its_files(void **state)
{
	struct world *world = *state;
	const hg_mail *mail;

	start(world, REAL, 1, PATIENCE, PATIENCE);
	ask(world, 0, "From: Ana <ana@a.example>\r\nSubject: =?utf-8?Q?gr=C3=BCn?=\r\n" WITH_FILE);
	wait_all(world);
	mail = world->answers[0].mail;
	if (!mail)
		fail_msg("%s", world->answers[0].text);
	assert_string_equal(mail->from.of[0].address, "ana@a.example");
	assert_string_equal(mail->subject, "grün");
	assert_string_equal(mail->text, "text");
	assert_int_equal(mail->n_files, 1);
	assert_int_equal(mail->files[0].size, 3);
	assert_memory_equal(mail->files[0].data, "abc", 3);
}

static void what_was_sent_goes_along_and_is_found(void **state)
{
	struct world *world = *state;

	start(world, REAL, 1, PATIENCE, PATIENCE);
	ask(world, 0, "From: a@a.example\r\n\r\nYes.\r\n\r\nHello, your order was handed\r\nto the carrier this morning.\r\n");
	wait_all(world);
	assert_non_null(world->answers[0].mail);
	assert_string_equal(world->answers[0].mail->reply_text, "Yes.");
}

/* More mails than one process reads before it is replaced, and several processes. */
static void many_mails_are_read_in_order(void **state)
{
	struct world *world = *state;

	start(world, REAL, 1, PATIENCE, PATIENCE);
	for (guint round = 0; round < 17; round++) {
		forget(world);
		for (guint i = 0; i < 64; i++)
			ask(world, i, "Subject: x\r\n\r\ny");
		wait_all(world);
		for (guint i = 0; i < 64; i++) {
			assert_non_null(world->answers[i].mail);
			assert_int_equal(world->answers[i].nth, i + 1);
		}
	}
}

/* ---- mails that end a helper ---- */

static void check_end(struct world *world, const char *raw, const char *why)
{
	forget(world);
	ask(world, 0, "Subject: before\r\n\r\na");
	ask(world, 1, raw);
	ask(world, 2, "Subject: behind\r\n\r\nb");
	wait_all(world);
	if (world->answers[1].code != HG_ERROR_INPUT || !strstr(world->answers[1].text, why))
		fail_msg("\"%s\": %d, %s", raw, world->answers[1].code, world->answers[1].text);
	/* The others wait for a new one, in order. */
	for (guint i = 0; i < 3; i++)
		assert_int_equal(world->answers[i].nth, i + 1);
	assert_string_equal(world->answers[0].mail->subject, "before");
	assert_string_equal(world->answers[2].mail->subject, "behind");
}

static void a_mail_that_ends_its_helper_ends_nothing_else(void **state)
{
	static const char *const mails[] = { "Overflow: g:\r\n\r\n", "Socket: \r\n\r\n", "Fork: \r\n\r\n", "Exec: \r\n\r\n", "Kill: \r\n\r\n" };
	struct world *world = *state;

	start(world, STAND_IN, 1, PATIENCE, PATIENCE);
	for (gsize i = 0; i < G_N_ELEMENTS(mails); i++)
		check_end(world, mails[i], "the mail ends who reads it");
	check_end(world, "Exit: \r\n\r\n", "exit code 0");
}

static void memory_and_files_are_out_of_reach(void **state)
{
	struct world *world = *state;

#ifdef HG_SANITIZED
	print_message("not with sanitizers, which need both\n");
	skip();
#endif
	start(world, STAND_IN, 1, PATIENCE, PATIENCE);
	check_end(world, "Eat: \r\n\r\n", "by signal");
	check_end(world, "Open: \r\n\r\n", "by signal 31");
}

static void time_is_limited_by_both_clocks(void **state)
{
	struct world *world = *state;

	start(world, STAND_IN, 1, PATIENCE, 300);
	forget(world);
	ask(world, 0, "Spin: \r\n\r\n");
	wait_all(world);
	assert_int_equal(world->answers[0].code, HG_ERROR_INPUT);
	assert_non_null(strstr(world->answers[0].text, "CPU time"));

	start(world, STAND_IN, 1, 100, PATIENCE);
	forget(world);
	ask(world, 0, "Hang: \r\n\r\n");
	wait_all(world);
	assert_int_equal(world->answers[0].code, HG_ERROR_INPUT);
	assert_non_null(strstr(world->answers[0].text, "takes longer"));
}

static void others_go_on_while_one_hangs(void **state)
{
	struct world *world = *state;

	start(world, STAND_IN, 2, 3000, PATIENCE);
	ask(world, 0, "Hang: \r\n\r\n");
	ask(world, 1, "Subject: a\r\n\r\n");
	ask(world, 2, "Subject: b\r\n\r\n");
	wait_all(world);
	assert_int_equal(world->answers[0].nth, 3);
	assert_non_null(world->answers[1].mail);
	assert_non_null(world->answers[2].mail);
}

/* ---- helpers that lie ---- */

static void what_a_taken_over_helper_says_is_refused(void **state)
{
	static const char *const lies[] = { "head", "long", "data", "wrap", "json", "other", "more", "twice", "size", "hash", "bytes",
		"surplus", "half" };
	struct world *world = *state;

	start(world, STAND_IN, 1, PATIENCE, PATIENCE);
	for (gsize i = 0; i < G_N_ELEMENTS(lies); i++) {
		g_autofree char *raw = g_strdup_printf("Lie: %s\r\n" WITH_FILE, lies[i]);

		forget(world);
		ask(world, 0, raw);
		ask(world, 1, "Subject: next\r\n\r\n");
		wait_all(world);
		if (world->answers[0].code != HG_ERROR_INPUT || !world->answers[1].mail)
			fail_msg("%s: %d, %s", lies[i], world->answers[0].code, world->answers[0].text);
	}
	/* The same without a lie is taken: it is them that are refused. */
	forget(world);
	ask(world, 0, "Lie: right\r\n" WITH_FILE);
	wait_all(world);
	assert_non_null(world->answers[0].mail);
}

static void a_second_answer_is_not_taken_for_the_next_mail(void **state)
{
	struct world *world = *state;

	start(world, STAND_IN, 1, PATIENCE, PATIENCE);
	ask(world, 0, "Talk: x\r\nSubject: first\r\n" WITH_FILE);
	ask(world, 1, "Subject: second\r\n\r\n");
	wait_all(world);
	assert_non_null(world->answers[0].mail);
	/* It is ended by then, or when it says that; the mail behind is not to blame. */
	if (world->answers[1].mail)
		assert_string_equal(world->answers[1].mail->subject, "second");
	else
		assert_int_equal(world->answers[1].code, HG_ERROR_BROKEN);
	forget(world);
	ask(world, 0, "Stale: x\r\n" WITH_FILE);
	wait_all(world);
	assert_int_equal(world->answers[0].code, HG_ERROR_BROKEN);
}

/* ---- no helper at all ---- */

static void a_program_that_is_none_is_told(void **state)
{
	const struct hg_mail_helper_conf conf = { .program = "./no-such-program", .processes = 1, .timeout_ms = 1000, .cpu_ms = 1000 };
	struct world *world = *state;
	g_autoptr(GError) error = NULL;

	assert_null(hg_mail_helper_new(world->base, &conf, &error));
	assert_int_equal(error->code, HG_ERROR_CONFIG);
	start(world, "/bin/true", 2, PATIENCE, 1000);
	ask(world, 0, "x");
	ask(world, 1, "y");
	wait_all(world);
	assert_int_equal(world->answers[0].code, HG_ERROR_CONFIG);
	assert_int_equal(world->answers[1].code, HG_ERROR_CONFIG);
	assert_non_null(strstr(world->answers[0].text, "before it was ready"));
}

static void what_waits_is_answered_when_it_ends(void **state)
{
	struct world *world = *state;

	start(world, STAND_IN, 1, PATIENCE, PATIENCE);
	ask(world, 0, "Hang: \r\n\r\n");
	ask(world, 1, "Subject: x\r\n\r\n");
	for (guint i = 0; i < 3; i++)
		event_base_loop(world->base, EVLOOP_ONCE);
	g_clear_pointer(&world->helper, hg_mail_helper_free);
	assert_int_equal(world->left, 0);
	assert_int_equal(world->answers[0].code, HG_ERROR_BUSY);
	assert_int_equal(world->answers[1].code, HG_ERROR_BUSY);
}

/* ---- frames ---- */

static void a_question_comes_through_as_it_was(void **state)
{
	static const char *const ids[] = { "mx.example", NULL }, *const ours[] = { "a@b", "c@\"d", NULL }, *const known[] = { "x\ny", NULL };
	const struct hg_mail_ask ask = { .authserv_ids = ids, .ours = ours, .known = known, .instance = "i", .received_ms = 5 };
	g_autoptr(GString) json = hg_frame_ask_write(&ask);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_mail_ask got;
	(void)state;

	assert_true(hg_frame_ask_read(json->str, json->len, arena, &got, NULL));
	assert_string_equal(got.authserv_ids[0], "mx.example");
	assert_string_equal(got.ours[1], "c@\"d");
	assert_null(got.ours[2]);
	assert_null(got.arc_forwarders);
	assert_string_equal(got.known[0], "x\ny");
	assert_string_equal(got.instance, "i");
	assert_int_equal(got.received_ms, 5);
	assert_false(hg_frame_ask_read("[", 1, arena, &got, NULL));
}

/* However much was sent, the newest of it gets through. */
static void texts_that_do_not_fit_are_left_out(void **state)
{
	g_autofree char *big = g_strnfill(3 * 1024 * 1024 / 8, 'x');
	const char *const known[] = { "newest", big, big, big, big, big, NULL };
	const struct hg_mail_ask ask = { .known = known };
	g_autoptr(GString) json = hg_frame_ask_write(&ask);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_mail_ask got;
	(void)state;

	assert_in_range(json->len, 1, HG_FRAME_ASK_MAX);
	assert_true(hg_frame_ask_read(json->str, json->len, arena, &got, NULL));
	assert_string_equal(got.known[0], "newest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_mail_comes_back_with_its_files, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_sent_goes_along_and_is_found, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_mails_are_read_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_mail_that_ends_its_helper_ends_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(memory_and_files_are_out_of_reach, set_up, tear_down),
		cmocka_unit_test_setup_teardown(time_is_limited_by_both_clocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_go_on_while_one_hangs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_a_taken_over_helper_says_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_answer_is_not_taken_for_the_next_mail, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_program_that_is_none_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_waits_is_answered_when_it_ends, set_up, tear_down),
		cmocka_unit_test(a_question_comes_through_as_it_was),
		cmocka_unit_test(texts_that_do_not_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

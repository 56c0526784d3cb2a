/* test_log.c - lines of the log: their shape, their escapes, and that they stay whole */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"
#include "hide.h"
#include "log.h"
#include "text.h"

static GString *caught;		/* the last line, without what changes with time */
static int lines;

static void catch(void *arg, enum hg_level level, const char *event, const char *line)
{
	const char *rest = strstr(line, "level");

	(void)arg;
	(void)level;
	(void)event;
	assert_non_null(rest);
	g_string_assign(caught, rest);
	lines++;
}

static int catch_start(void **state)
{
	(void)state;
	caught = g_string_new(NULL);
	lines = 0;
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_INFO);
	hg_log_set_sink(catch, NULL);
	return 0;
}

static int catch_stop(void **state)
{
	(void)state;
	hg_log_set_sink(NULL, NULL);
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_INFO);
	g_string_free(caught, TRUE);
	return 0;
}

static void a_line_has_event_context_and_text(void **state)
{
	struct hg_ctx channel = HG_CTX(NULL, "channel", "mail");
	struct hg_ctx msg = HG_CTX(&channel, "msg", "msg_01j9z1");
	(void)state;

	hg_warn(&msg, "inbound.refused", "subject has %d bytes, at most %d fit", 4091, 998);
	assert_string_equal(caught->str, "level=warn event=inbound.refused channel=mail "
			    "msg=msg_01j9z1 text=\"subject has 4091 bytes, at most 998 fit\"");
	hg_info(NULL, "daemon.ready", "%s", "");
	assert_string_equal(caught->str, "level=info event=daemon.ready");
}

static void what_could_forge_or_steer_is_escaped(void **state)
{
	static const struct { const char *value, *want; } cases[] = {
		{ "plain-1.2:3/x", "plain-1.2:3/x" },
		{ "", "\"\"" },
		{ NULL, "\"\"" },
		{ "two words", "\"two words\"" },
		{ "a=b", "\"a=b\"" },
		{ "quo\"te", "\"quo\\\"te\"" },
		{ "back\\slash", "\"back\\\\slash\"" },
		{ "x\nlevel=error", "\"x\\nlevel=error\"" },
		{ "x\r\ty", "\"x\\r\\ty\"" },
		{ "\x1b[31mred", "\"\\u001b[31mred\"" },
		{ "del\x7f", "\"del\\u007f\"" },
		{ "\xc2\x9b", "\"\\u009b\"" },			/* a C1 control */
		{ "\xe2\x80\xa8", "\"\\u2028\"" },		/* line separator */
		{ "\xe2\x80\xae" "evil", "\"\\u202eevil\"" },	/* right-to-left override */
		{ "J\xc3\xbcrgen", "\"J\xc3\xbcrgen\"" },
		{ "bad\xff", "\"bad\xef\xbf\xbd\"" },
	};
	(void)state;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_ctx ctx = HG_CTX(NULL, "k", cases[i].value);
		g_autofree char *want = g_strdup_printf("level=info event=e k=%s", cases[i].want);

		hg_info(&ctx, "e", "%s", "");
		assert_string_equal(caught->str, want);
	}
}

static void json_lines_are_strict_json(void **state)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", "a\"b\n\xff");
	g_autoptr(json_object) tree = NULL;
	g_autofree char *line = NULL;
	(void)state;

	hg_log_init(HG_LOG_JSON, HG_LOG_INFO);
	hg_err(&ctx, "store.failed", "disk %s", "\"full\"");
	line = g_strdup_printf("{\"%s", caught->str);
	tree = hg_json_parse(line, strlen(line), NULL, NULL);
	assert_non_null(tree);
	assert_string_equal(hg_json_str(tree, "level"), "error");
	assert_string_equal(hg_json_str(tree, "event"), "store.failed");
	assert_string_equal(hg_json_str(tree, "channel"), "a\"b\n\xef\xbf\xbd");
	assert_string_equal(hg_json_str(tree, "text"), "disk \"full\"");
}

static void lines_below_the_level_are_left_out(void **state)
{
	(void)state;

	hg_debug(NULL, "quiet", "%s", "");
	assert_int_equal(lines, 0);
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_DEBUG);
	hg_debug(NULL, "loud", "%s", "");
	assert_int_equal(lines, 1);
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_ERROR);
	hg_warn(NULL, "quiet", "%s", "");
	assert_int_equal(lines, 1);
}

static void a_line_has_a_largest_size(void **state)
{
	g_autofree char *long_text = g_strnfill(1000000, 'x');
	struct hg_ctx ctx = HG_CTX(NULL, "k", long_text);
	(void)state;

	hg_info(&ctx, "e", "%s", long_text);
	assert_true(caught->len < 10000);
}

static void errno_is_as_before(void **state)
{
	(void)state;

	hg_log_set_sink(NULL, NULL);
	errno = ENOENT;
	hg_debug(NULL, "quiet", "%s", "");
	assert_int_equal(errno, ENOENT);
}

/* ---- stderr ---- */
/* Whatever a peer says back to us. */
static void secrets_are_hidden_by_their_value(void **state)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "token EAAG-0123456789 is bad", "token [secret] is bad" }, { "EAAG-0123456789EAAG-0123456789", "[secret][secret]" },
		{ "EAAG-012345678", "[secret]" }, { "cut off at EAAG-012", "cut off at [secret]" }, { "cut off at EAAG-01", "cut off at EAAG-01" },
		{ "[secret] EAAG-0123456789", "[secret] [secret]" }, { "EAAG-0123456780", "EAAG-0123456780" }, { "short1", "short1" }, { "", "" },
	};
	(void)state;

	hg_hide_add("EAAG-0123456789");
	hg_hide_add("[secret]");
	hg_hide_add("short1");
	hg_hide_add(NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_hide_copy(cases[i].text);

		assert_string_equal(got, cases[i].want);
	}
	assert_null(hg_hide_copy(NULL));
}

#define WRITERS 4
#define LINES_EACH 200

static gpointer write_lines(gpointer name)
{
	struct hg_ctx ctx = HG_CTX(NULL, "thread", name);

	for (int i = 0; i < LINES_EACH; i++)
		hg_info(&ctx, "test.line", "line %d of many, long enough to be torn apart", i);
	return NULL;
}

/* On a datagram socket each write() arrives as a packet of its own. */
static void every_line_is_one_write_whatever_thread_it_comes_from(void **state)
{
	static const char *const names[WRITERS] = { "a", "b", "c", "d" };
	GThread *threads[WRITERS];
	int ends[2], real, got = 0;
	char line[1024], ts[32], name;
	ssize_t len;
	int n;
	(void)state;

	hg_log_set_sink(NULL, NULL);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	real = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(real >= 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	for (int i = 0; i < WRITERS; i++)
		threads[i] = g_thread_new("writer", write_lines, (gpointer)names[i]);
	while (got < WRITERS * LINES_EACH) {
		len = recv(ends[0], line, sizeof(line) - 1, 0);
		if (len <= 0)
			break;
		line[len] = '\0';
		if (sscanf(line, "ts=%31s level=info event=test.line thread=%c text=\"line %d of many,"
			   " long enough to be torn apart\"\n", ts, &name, &n) != 3 ||
		    line[len - 1] != '\n' || hg_time_parse(ts) < 0)
			break;
		got++;
	}
	for (int i = 0; i < WRITERS; i++)
		g_thread_join(threads[i]);
	dup2(real, STDERR_FILENO);
	close(real);
	close(ends[0]);
	assert_int_equal(got, WRITERS * LINES_EACH);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_event_context_and_text,
						catch_start, catch_stop),
		cmocka_unit_test_setup_teardown(what_could_forge_or_steer_is_escaped,
						catch_start, catch_stop),
		cmocka_unit_test_setup_teardown(json_lines_are_strict_json, catch_start, catch_stop),
		cmocka_unit_test_setup_teardown(lines_below_the_level_are_left_out,
						catch_start, catch_stop),
		cmocka_unit_test_setup_teardown(a_line_has_a_largest_size, catch_start, catch_stop),
		cmocka_unit_test(secrets_are_hidden_by_their_value),
		cmocka_unit_test_setup_teardown(errno_is_as_before, catch_start, catch_stop),
		cmocka_unit_test_setup_teardown(every_line_is_one_write_whatever_thread_it_comes_from,
						catch_start, catch_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

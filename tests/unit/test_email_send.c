/* test_email_send.c - a message through the e-mail adapter to a mail server, and what the gateway hears of it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mail_token.h"
#include "support/adapter_fixture.h"
#include "support/smtp_sink.h"

#define SECRET "a secret of the tests, 32 letters"
#define KEY    "c2VuZC10aHJfMDFqOXoxLW1zZ18wMWo5ejItMC1tYWls"
#define NOW    G_GINT64_CONSTANT(1793527200000)	/* 2026-11-01T10:00:00Z */

struct world {
	struct hub hub;
	struct smtp_sink *sink;
	hg_arena *arena;
	GArray *parts;			/* of the last plan */
	struct hg_err err;
	char token[HG_MAIL_TOKEN_LEN + 1];
};

/* more: options of the channel, in braces' notation, each with a comma before it.  Nobody listens for IMAP. */
static void begin(struct world *w, const char *more)
{
	g_autofree char *channel = NULL;

	*w = (struct world){ .sink = smtp_sink_start(), .arena = hg_arena_new(), .parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part)) };
	channel = g_strdup_printf("  support: { adapter: email, address: support@acme.example, aliases: [help@acme.example], password: env:MAIL_PASSWORD, "
				  "token_secret: env:MAIL_SECRET, imap: { host: 127.0.0.1, port: 9, tls: none }, "
				  "smtp: { host: 127.0.0.1, port: %u, tls: none, login: false%s }\n", smtp_sink_port(w->sink), more);
	g_setenv("MAIL_PASSWORD", "correct-horse-battery", TRUE);
	g_setenv("MAIL_SECRET", SECRET, TRUE);
	hg_mail_token(KEY, SECRET, strlen(SECRET), w->token);
	hub_new(&w->hub, channel);
}

static void end(struct world *w)
{
	hub_free(&w->hub);
	smtp_sink_stop(w->sink);
	g_array_unref(w->parts);
	hg_arena_free(w->arena);
}

static gboolean plan(struct world *w, const struct hg_out *out)
{
	g_array_set_size(w->parts, 0);
	return hg_conf_plan(w->hub.conf, "support", w->arena, out, w->parts, &w->err);
}

static const hg_command *send_it(struct world *w, struct hg_out out)
{
	const struct hg_part *part;

	if (!plan(w, &out))
		fail_msg("%s", w->err.text);
	assert_int_equal(w->parts->len, 1);
	part = &g_array_index(w->parts, struct hg_part, 0);
	out.body = part->body;
	out.len = part->len;
	out.key = KEY;
	return hub_send_out(&w->hub, "support", &out);
}

static const struct hg_out simple = { .size = sizeof(simple), .kind = HG_TEXT, .to = "mailto:ana@example.com", .text = "Hello",
				      .subject = "My order", .name = "Bea", .number = "HG-7", .now_ms = NOW };

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static void an_answer_goes_out_with_its_tokens(void **state)
{
	static const char *const refs[] = { "c1@mail.example", "first@mail.example", NULL };
	struct world w;
	struct hg_out out = simple;
	const hg_command *sent;
	g_autofree char *mail = NULL, *id = NULL;

	(void)state;
	begin(&w, " }");
	out.refs = refs;
	sent = send_it(&w, out);
	assert_int_equal(sent->sent.fate, HG_SENT);
	id = g_strdup_printf("hg.%s@acme.example", w.token);
	assert_string_equal(sent->sent.id, id);
	mail = smtp_sink_mail(w.sink, 0);
	assert_has(mail, "MAIL FROM:<support@acme.example>\r\nRCPT TO:<ana@example.com>\r\n");
	assert_has(mail, "From: Bea <support@acme.example>\r\n");
	assert_has(mail, "Subject: Re: My order [HG-7]\r\n");
	assert_has(mail, "In-Reply-To: <c1@mail.example>\r\n");
	assert_has(mail, id);
	assert_has(mail, "Reply-To: Bea <support+t.");
	assert_has(mail, w.token);
	assert_has(mail, "\r\n\r\nHello\r\n");
	assert_lacks(mail, "Auto-Submitted");
	assert_lacks(mail, SECRET);
	end(&w);
}

/* Never with the stranger's text in it, never answered by a machine. */
static void an_automatic_mail_says_so_and_repeats_nothing(void **state)
{
	static const struct hg_past past = { .size = sizeof(past), .name = "Mallory", .text = "buy at evil.example", .at_ms = NOW };
	struct world w;
	struct hg_out out = simple;
	g_autofree char *mail = NULL;

	(void)state;
	begin(&w, " }, quote: all, name: '${name|Acme}'");
	out.automatic = TRUE;
	out.subject = "buy at evil.example";
	out.past = &past;
	out.n_past = 1;
	out.past_size = sizeof(past);
	assert_int_equal(send_it(&w, out)->sent.fate, HG_SENT);
	mail = smtp_sink_mail(w.sink, 0);
	assert_has(mail, "MAIL FROM:<>\r\n");
	assert_has(mail, "Auto-Submitted: auto-replied\r\n");
	assert_has(mail, "Subject: Your message [HG-7]\r\n");
	assert_has(mail, "From: Acme <support@acme.example>\r\n");
	assert_lacks(mail, "evil");
	assert_lacks(mail, "Mallory");
	end(&w);
}

static void quotes_and_templates_by_option(void **state)
{
	static const struct hg_past past[] = {
		{ .size = sizeof(*past), .name = "Bea", .text = "we look", .at_ms = NOW, .ours = TRUE },
		{ .size = sizeof(*past), .name = "Ana", .text = "where is it?", .at_ms = NOW - 3600000 },
	};
	struct world w;
	struct hg_out out = simple;
	g_autofree char *mail = NULL;

	(void)state;
	begin(&w, " }, quote: last, template: { text: \"Hi,\\n${text}\\n${name}, ${number}\\n\" }");
	out.past = past;
	out.n_past = 2;
	out.past_size = sizeof(*past);
	assert_int_equal(send_it(&w, out)->sent.fate, HG_SENT);
	mail = smtp_sink_mail(w.sink, 0);
	assert_has(mail, "\r\n\r\nHi,\r\nHello\r\nBea, HG-7\r\n\r\nOn 2026-11-01 09:00 UTC, Ana wrote:\r\n> where is it?\r\n");
	assert_lacks(mail, "we look");
	end(&w);
}

static void answers_leave_from_the_address_that_was_written_to(void **state)
{
	struct world w;
	struct hg_out out = simple;
	g_autofree char *one = NULL, *two = NULL;

	(void)state;
	begin(&w, ", return_path: token }, reply_domain: reply.acme.example");
	out.from = "mailto:help@acme.example";
	assert_int_equal(send_it(&w, out)->sent.fate, HG_SENT);
	one = smtp_sink_mail(w.sink, 0);
	assert_has(one, "From: Bea <help@acme.example>\r\n");
	assert_has(one, "MAIL FROM:<help+t.");
	assert_has(one, "@reply.acme.example>\r\n");
	out.from = "mailto:other@acme.example";
	assert_int_equal(send_it(&w, out)->sent.fate, HG_SENT);
	two = smtp_sink_mail(w.sink, 1);
	assert_has(two, "From: Bea <support@acme.example>\r\n");
	end(&w);
}

static void every_attempt_is_the_same_mail(void **state)
{
	struct world w;
	const hg_command *sent;
	g_autofree char *one = NULL, *two = NULL, *first = NULL;

	(void)state;
	begin(&w, " }");
	smtp_sink_answer(w.sink, ".", "");
	sent = send_it(&w, simple);
	assert_int_equal(sent->sent.fate, HG_AMBIGUOUS);
	first = g_strdup(sent->sent.id);
	smtp_sink_answer(w.sink, ".", NULL);
	sent = send_it(&w, simple);
	assert_int_equal(sent->sent.fate, HG_SENT);
	assert_string_equal(sent->sent.id, first);
	assert_int_equal(send_it(&w, simple)->sent.fate, HG_SENT);
	one = smtp_sink_mail(w.sink, 0);
	two = smtp_sink_mail(w.sink, 1);
	assert_string_equal(one, two);
	end(&w);
}

static void refusals_reach_as_far_as_they_do(void **state)
{
	static const struct { const char *verb, *answer; int fate, reach, code; const char *words; } cases[] = {
		{ "RCPT", "550 5.1.1 no such user\r\n", HG_FAILED, HG_REACH_CONTACT, 550, "550 5.1.1 no such user" },
		{ "RCPT", "450 4.2.0 greylisted\r\n", HG_RETRY, HG_REACH_CONTACT, 450, "450 4.2.0 greylisted" },
		{ "MAIL", "550 5.7.60 not as this\r\n", HG_FAILED, HG_REACH_CHANNEL, 550, "550 5.7.60 not as this" },
		{ ".", "554 5.6.0 spam\r\n", HG_FAILED, HG_REACH_MESSAGE, 554, "554 5.6.0 spam" },
		{ "DATA", "", HG_RETRY, HG_REACH_MESSAGE, 0, "closed" },
	};
	struct world w;

	(void)state;
	begin(&w, " }");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const hg_command *sent;

		smtp_sink_answer(w.sink, cases[i].verb, cases[i].answer);
		sent = send_it(&w, simple);
		assert_int_equal(sent->sent.fate, cases[i].fate);
		assert_int_equal(sent->sent.reach, cases[i].reach);
		assert_int_equal(sent->sent.code, cases[i].code);
		assert_has(sent->sent.text, cases[i].words);
		assert_true((sent->sent.advice != NULL) == (cases[i].fate == HG_FAILED));
	}
	assert_int_equal(smtp_sink_count(w.sink), 0);
	end(&w);
}

static void what_cannot_be_a_mail_is_refused_before(void **state)
{
	static const struct hg_file big = { .size = sizeof(big), .bytes = 100000, .path = "/none" };
	static const struct { struct hg_out out; int kind; const char *why; } cases[] = {
		{ { .kind = HG_TEXT, .to = "mailto:ana@example.com" }, HG_ERR_INPUT, "nothing" },
		{ { .kind = HG_TEXT, .to = "tel:+447700900123", .text = "x" }, HG_ERR_INPUT, "no address" },
		{ { .kind = HG_TEXT, .to = "mailto:ana@example.com>\r\nBcc: <eve@evil.example", .text = "x" }, HG_ERR_INPUT, "no address" },
		{ { .kind = HG_EDIT, .to = "mailto:ana@example.com", .text = "x" }, HG_ERR_UNSUPPORTED, "changed" },
		{ { .kind = HG_REVOKE, .to = "mailto:ana@example.com" }, HG_ERR_UNSUPPORTED, "taken back" },
		{ { .kind = HG_REACTION, .to = "mailto:ana@example.com", .text = "x" }, HG_ERR_UNSUPPORTED, "no such" },
		{ { .kind = HG_TEXT, .to = "mailto:ana@example.com", .template_json = "{}" }, HG_ERR_UNSUPPORTED, "templates" },
		{ { .kind = HG_TEXT, .to = "mailto:ana@example.com", .text = "x", .files = &big, .n_files = 1, .file_size = sizeof(big) },
		  HG_ERR_LIMIT, "max_size" },
	};
	struct world w;

	(void)state;
	begin(&w, ", max_size: 64KiB }");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_false(plan(&w, &cases[i].out));
		if (w.err.kind != cases[i].kind)
			fail_msg("case %zu: kind %d, \"%s\"", i, w.err.kind, w.err.text);
		assert_has(w.err.text, cases[i].why);
	}
	end(&w);
}

static void files_go_with_it_and_one_that_is_gone_fails(void **state)
{
	struct world w;
	struct hg_out out = simple;
	g_autofree char *path = NULL, *mail = NULL;
	struct hg_file file = { .size = sizeof(file), .name = "gr\xc3\xb6\xc3\x9f" "e.txt", .type = "text/plain", .bytes = 5 };
	const hg_command *sent;

	(void)state;
	begin(&w, " }");
	path = g_build_filename(w.hub.dir, "a", NULL);
	g_assert_true(g_file_set_contents(path, "bytes", 5, NULL));
	file.path = path;
	out.files = &file;
	out.n_files = 1;
	out.file_size = sizeof(file);
	assert_int_equal(send_it(&w, out)->sent.fate, HG_SENT);
	mail = smtp_sink_mail(w.sink, 0);
	assert_has(mail, "filename*=UTF-8''gr%C3%B6%C3%9Fe.txt");
	assert_has(mail, "\r\nYnl0ZXM=\r\n");
	file.path = "/none/such";
	sent = send_it(&w, out);
	assert_int_equal(sent->sent.fate, HG_FAILED);
	assert_int_equal(sent->sent.reach, HG_REACH_MESSAGE);
	assert_has(sent->sent.text, "file");
	end(&w);
}

static void a_body_that_is_none_of_ours_fails(void **state)
{
	struct world w;
	struct hg_out out = simple;

	(void)state;
	begin(&w, " }");
	for (gsize i = 0; i < 3; i++) {
		static const char *const bodies[] = { "", "{}", "{\"from\":\"x\",\"to\":\"y\",\"subject\":\"\",\"text\":\"\"}" };

		out.key = KEY;
		out.body = bodies[i];
		out.len = strlen(bodies[i]);
		assert_int_equal(hub_send_out(&w.hub, "support", &out)->sent.fate, HG_FAILED);
	}
	end(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_goes_out_with_its_tokens),
		cmocka_unit_test(an_automatic_mail_says_so_and_repeats_nothing),
		cmocka_unit_test(quotes_and_templates_by_option),
		cmocka_unit_test(answers_leave_from_the_address_that_was_written_to),
		cmocka_unit_test(every_attempt_is_the_same_mail),
		cmocka_unit_test(refusals_reach_as_far_as_they_do),
		cmocka_unit_test(what_cannot_be_a_mail_is_refused_before),
		cmocka_unit_test(files_go_with_it_and_one_that_is_gone_fails),
		cmocka_unit_test(a_body_that_is_none_of_ours_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

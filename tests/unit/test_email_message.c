/* test_email_message.c - what a parsed mail proves and says, as the gateway hears it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <glib.h>
#include <cmocka.h>

#include "mail_token.h"
#include "message.h"

#define SECRET "a secret of the tests, 32 letters"
#define OLD    "the secret of before, 32 letters."

struct case_ {
	hg_arena *arena;
	struct email_conf conf;
	hg_mail mail;
	struct stamp stamp;
	struct message out;
	char token[HG_MAIL_TOKEN_LEN + 1], forged[HG_MAIL_TOKEN_LEN + 1];
};

static struct hg_mail_people people(struct case_ *c, const char *name, const char *address)
{
	struct hg_mail_person *of = hg_arena_alloc(c->arena, sizeof(*of));

	*of = (struct hg_mail_person){ name, address };
	return (struct hg_mail_people){ of, 1 };
}

static struct hg_mail_ids ids(struct case_ *c, const char *id)
{
	const char **of = hg_arena_alloc(c->arena, sizeof(*of));

	*of = hg_arena_str(c->arena, id);
	return (struct hg_mail_ids){ of, 1 };
}

static void begin(struct case_ *c)
{
	static char *aliases[] = { (char *)"Help@acme.example", NULL };
	static char *secrets[] = { (char *)SECRET, (char *)OLD, NULL };

	*c = (struct case_){ .arena = hg_arena_new(), .stamp = { .received_ms = 5000 } };
	c->conf.address = (char *)"support@acme.example";
	c->conf.aliases = aliases;
	c->conf.token_secret = secrets;
	c->mail = (hg_mail){ .subject = "s", .text = "t", .reply_text = "t", .message_id = "m@example.com", .date_ms = 4000 };
	g_strlcpy(c->mail.content_hash, "00ff", sizeof(c->mail.content_hash));
	c->mail.from = people(c, "Ana", "Ana@example.com");
	c->mail.to = people(c, NULL, "support@acme.example");
	hg_mail_token("key of a mail of ours", OLD, strlen(OLD), c->token);
	hg_mail_token("key of a mail of ours", "not our secret", 14, c->forged);
}

static void read_it(struct case_ *c)
{
	message_read(c->arena, &c->conf, &c->mail, &c->stamp, &c->out);
}

static void end(struct case_ *c)
{
	hg_arena_free(c->arena);
}

static void a_mail_becomes_a_message(void **state)
{
	struct case_ c;

	(void)state;
	begin(&c);
	c.mail.verdict = HG_SENDER_PASS;
	c.mail.in_reply_to = ids(&c, "theirs@example.com");
	read_it(&c);
	assert_int_equal(c.out.in.kind, HG_TEXT);
	assert_string_equal(c.out.in.from[0].uri, "mailto:ana@example.com");
	assert_int_equal(c.out.in.from[0].proof, HG_CLAIMED);
	assert_int_equal(c.out.in.sender, HG_SENDER_PASS);
	assert_string_equal(c.out.in.name, "Ana");
	assert_string_equal(c.out.in.to, "mailto:support@acme.example");
	assert_string_equal(c.out.in.id, "m@example.com");
	assert_string_equal(c.out.in.dedupe, "m@example.com 00ff");
	assert_true(c.out.in.wide);
	assert_int_equal(c.out.in.sent_ms, 4000);
	assert_string_equal(c.out.in.refs[0], "theirs@example.com");
	assert_null(c.out.in.refs[1]);
	assert_int_equal(c.out.in.vouched, 0);
	end(&c);
}

/* Failure 13: what nobody but a receiver of ours can know counts, wherever it stands; what looks like it does not. */
static void failure_13_only_a_true_token_vouches(void **state)
{
	struct case_ c;

	(void)state;
	for (int place = 0; place < 8; place++) {
		gboolean true_one = place % 2 == 0;

		begin(&c);
		g_autofree char *address = g_strdup_printf("support+t.%s@acme.example", true_one ? c.token : c.forged);
		g_autofree char *id = g_strdup_printf("hg.%s@acme.example", true_one ? c.token : c.forged);
		if (place / 2 == 0)
			c.mail.to = people(&c, NULL, address);
		else if (place / 2 == 1)
			c.mail.delivered = people(&c, NULL, address);
		else if (place / 2 == 2)
			c.mail.in_reply_to = ids(&c, id);
		else
			c.mail.references = ids(&c, id);
		read_it(&c);
		assert_int_equal(c.out.in.vouched, true_one);
		if (true_one)
			assert_string_equal(c.out.in.refs[0], c.token);
		if (place < 4)
			assert_non_null(c.out.in.to);
		end(&c);
	}
}

/* Failure 13, the other half: who forwards begins something new, unless he sends it to the token itself. */
static void failure_13_a_forward_answers_nothing(void **state)
{
	struct case_ c;

	(void)state;
	begin(&c);
	g_autofree char *id = g_strdup_printf("hg.%s@acme.example", c.token);
	c.mail.forwarded = TRUE;
	c.mail.references = ids(&c, id);
	c.mail.in_reply_to = ids(&c, "theirs@example.com");
	read_it(&c);
	assert_null(c.out.in.refs);
	assert_int_equal(c.out.in.vouched, 0);
	assert_true(c.out.in.forwarded);
	end(&c);
}

static void many_references_are_cut_nearest_first(void **state)
{
	struct case_ c;
	const char *of[5000];

	(void)state;
	begin(&c);
	for (int i = 0; i < 5000; i++) {
		g_autofree char *id = g_strdup_printf("r%d@example.com", i);

		of[i] = hg_arena_str(c.arena, id);
	}
	c.mail.references = (struct hg_mail_ids){ of, 5000 };
	read_it(&c);
	assert_string_equal(c.out.in.refs[0], "r4999@example.com");
	assert_int_equal(g_strv_length((char **)c.out.in.refs), 60);
	end(&c);
}

/* Failure 17: a web form writes in our own name, and the customer is in Reply-To. */
static void failure_17_a_form_that_writes_in_our_name_is_its_customers(void **state)
{
	struct case_ c;

	(void)state;
	begin(&c);
	c.mail.from = people(&c, "Form", "help@acme.example");
	c.mail.reply_to = people(&c, "Bo", "bo@example.net");
	c.mail.verdict = HG_SENDER_PASS;	/* for us, not for him */
	c.mail.automatic = HG_AUTO_OURS;
	read_it(&c);
	assert_string_equal(c.out.in.from[0].uri, "mailto:bo@example.net");
	assert_int_equal(c.out.in.sender, HG_SENDER_NONE);
	assert_int_equal(c.out.in.kind, HG_TEXT);
	assert_false(c.out.in.automatic);
	end(&c);
}

/* Failures 10 and 20: our own mail that comes back says nothing. */
static void failure_10_a_mail_of_our_own_is_ignored(void **state)
{
	static const int why[] = { HG_AUTO_OURS, HG_AUTO_LOOP };
	struct case_ c;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(why); i++) {
		begin(&c);
		c.mail.from = people(&c, NULL, "support@acme.example");
		c.mail.automatic = why[i];
		read_it(&c);
		assert_int_equal(c.out.in.kind, HG_IGNORED);
		end(&c);
	}
}

/* Failure 11: a report counts by our token alone; without it, it is a machine's mail like others. */
static void failure_11_a_bounce_is_believed_by_its_token(void **state)
{
	struct case_ c;

	(void)state;
	for (int place = 0; place < 4; place++) {
		struct hg_mail_report report = { .action = "failed", .recipient = "ana@example.com", .status = "5.1.1",
						 .diagnostic = "no such user" };

		begin(&c);
		g_autofree char *id = g_strdup_printf("hg.%s@acme.example", place == 3 ? c.forged : c.token);
		g_autofree char *verp = g_strdup_printf("bounce+t.%s@acme.example", c.token);
		if (place == 0)
			report.envelope_id = id;
		else if (place == 1)
			c.mail.to = people(&c, NULL, verp);
		else
			report.message_id = id;
		c.mail.report = &report;
		c.mail.automatic = HG_AUTO_BOUNCE;
		read_it(&c);
		assert_int_equal(c.out.batch.n_receipts, place != 3);
		if (place != 3) {
			assert_string_equal(c.out.receipt.id, c.token);
			assert_int_equal(c.out.receipt.state, HG_R_FAILED);
			assert_string_equal(c.out.receipt.text, "5.1.1 no such user");
		}
		assert_int_equal(c.out.in.kind, place == 3 ? HG_TEXT : HG_IGNORED);
		assert_true(c.out.in.automatic);
		end(&c);
	}
}

static void a_delay_is_no_failure(void **state)
{
	struct hg_mail_report report = { .action = "delayed", .status = "4.4.1" };
	struct case_ c;

	(void)state;
	begin(&c);
	g_autofree char *id = g_strdup_printf("hg.%s@acme.example", c.token);
	report.message_id = id;
	c.mail.report = &report;
	c.mail.automatic = HG_AUTO_BOUNCE;
	read_it(&c);
	assert_int_equal(c.out.batch.n_receipts, 0);
	assert_int_equal(c.out.in.kind, HG_TEXT);
	end(&c);
}

static void a_stamp_tells_of_the_mail_below_it(void **state)
{
	struct stamp in = { .received_ms = 1793527200000, .whole = 40000000 }, out;
	GBytes *parts[] = { g_bytes_new_static("X-Headgate-Received: 1 1\r\nA: b\r\n\r\n", 34), NULL };
	g_autoptr(GBytes) raw = stamp_put(&in, parts, 2);
	gsize len, line;
	const char *bytes = g_bytes_get_data(raw, &len);

	(void)state;
	line = stamp_read(bytes, len, &out);
	assert_int_equal(out.received_ms, in.received_ms);
	assert_int_equal(out.whole, in.whole);
	assert_memory_equal(bytes + line, g_bytes_get_data(parts[0], NULL), 34);
	assert_int_equal(len - line, 34);
	g_bytes_unref(parts[0]);
	assert_int_equal(stamp_read("A: b\r\n\r\n", 8, &out), 0);
	assert_int_equal(stamp_read("", 0, &out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_becomes_a_message),
		cmocka_unit_test(failure_13_only_a_true_token_vouches),
		cmocka_unit_test(failure_13_a_forward_answers_nothing),
		cmocka_unit_test(many_references_are_cut_nearest_first),
		cmocka_unit_test(failure_17_a_form_that_writes_in_our_name_is_its_customers),
		cmocka_unit_test(failure_10_a_mail_of_our_own_is_ignored),
		cmocka_unit_test(failure_11_a_bounce_is_believed_by_its_token),
		cmocka_unit_test(a_delay_is_no_failure),
		cmocka_unit_test(a_stamp_tells_of_the_mail_below_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_imap_read.c - what a server says is understood, whole or cut anywhere, and nothing in a mail passes for it */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <glib.h>
#include <cmocka.h>

#include "imap_answer.h"
#include "imap_read.h"

#define UTC_10 G_GINT64_CONSTANT(1793527200000)	/* 2026-11-01T10:00:00Z */

/* One line for each response: what was understood of it. */
static void show(void *arg, const struct hg_imap_response *response)
{
	static const char *const kinds[] = { "other", "+", "done", "status", "capability", "exists", "expunge", "fetch" };
	GString *out = arg;
	struct hg_imap_answer a;

	hg_imap_answer(response, &a);
	g_string_append(out, kinds[a.kind]);
	if (a.kind == HG_IMAP_DONE)
		g_string_append_printf(out, " %s", a.tag);
	if (a.kind == HG_IMAP_DONE || a.kind == HG_IMAP_STATUS)
		g_string_append_printf(out, " %d [%s] %u", a.status, a.code, a.number);
	if (a.kind == HG_IMAP_EXISTS || a.kind == HG_IMAP_EXPUNGE)
		g_string_append_printf(out, " %u", a.number);
	if (a.kind == HG_IMAP_CAPABILITY)
		g_string_append_printf(out, " %s", a.words);
	if (a.kind == HG_IMAP_FETCH)
		g_string_append_printf(out, " uid=%u size=%" G_GINT64_FORMAT " at=%" G_GINT64_FORMAT " body=%zd header=%zd text=%zd",
				       a.mail.uid, a.mail.size, a.mail.received_ms,
				       a.mail.body ? (gssize)g_bytes_get_size(a.mail.body) : -1,
				       a.mail.header ? (gssize)g_bytes_get_size(a.mail.header) : -1,
				       a.mail.text ? (gssize)g_bytes_get_size(a.mail.text) : -1);
	g_string_append_c(out, '\n');
	hg_imap_answer_clear(&a);
}

/* What is understood of bytes fed in pieces of this size; "!" and the error when they are refused. */
static char *heard(const char *bytes, gsize len, gsize piece)
{
	GString *out = g_string_new(NULL);
	g_autoptr(hg_imap_reader) reader = hg_imap_reader_new(show, out);
	g_autoptr(GError) error = NULL;

	for (gsize at = 0; at < len && !error; at += piece)
		hg_imap_reader_feed(reader, bytes + at, MIN(piece, len - at), &error);
	if (error)
		g_string_append_printf(out, "!%s\n", error->message);
	return g_string_free(out, FALSE);
}

static void assert_heard(const char *bytes, gsize len, const char *want)
{
	for (gsize piece = 1; piece <= len; piece += piece < 8 ? 1 : piece) {
		g_autofree char *got = heard(bytes, len, piece);

		if (strcmp(got, want) != 0)
			fail_msg("\"%s\" in pieces of %zu: got\n%s, want\n%s", bytes, piece, got, want);
	}
}

static void responses_are_understood(void **state)
{
	static const struct { const char *said, *want; } cases[] = {
		{ "* OK [CAPABILITY IMAP4rev1] hello\r\n", "status 1 [CAPABILITY] 0\n" },
		{ "* CAPABILITY IMAP4rev1 IDLE\r\n", "capability IMAP4rev1 IDLE\n" },
		{ "* 23 EXISTS\r\n* 1 RECENT\r\n* 4 EXPUNGE\r\n", "exists 23\nother\nexpunge 4\n" },
		{ "* OK [UIDVALIDITY 4294967295] x\r\n* ok [uidnext 5] y\r\n",
		  "status 1 [UIDVALIDITY] 4294967295\nstatus 1 [UIDNEXT] 5\n" },
		{ "* OK [UIDNEXT 99999999999] x\r\n", "status 1 [UIDNEXT] 0\n" },
		{ "h1 OK [READ-WRITE] done\r\nh2 NO [TRYCREATE] no\r\nh3 BAD what\r\n",
		  "done h1 1 [READ-WRITE] 0\ndone h2 2 [TRYCREATE] 0\ndone h3 3 [] 0\n" },
		{ "* BYE AccessTokenExpired\r\n", "status 4 [] 0\n" },
		{ "+ idling\r\n+\r\n", "+\n+\n" },
		{ "* 1 FETCH (UID 5 RFC822.SIZE 120 INTERNALDATE \" 1-Nov-2026 11:00:00 +0100\")\r\n",
		  "fetch uid=5 size=120 at=1793527200000 body=-1 header=-1 text=-1\n" },
		{ "* 1 FETCH (UID 5 BODY[] {5}\r\nhe\r\no FLAGS (\\Seen))\r\n",
		  "fetch uid=5 size=-1 at=0 body=5 header=-1 text=-1\n" },
		{ "* 1 FETCH (BODY[HEADER] {3}\r\nabc BODY[TEXT]<0> {2}\r\nde UID 6)\r\n",
		  "fetch uid=6 size=-1 at=0 body=-1 header=3 text=2\n" },
		{ "* 1 FETCH (UID 5 BODY[] {0}\r\n)\r\n", "fetch uid=5 size=-1 at=0 body=0 header=-1 text=-1\n" },
		{ "* 1 FETCH (UID 5 BODY[] NIL)\r\n", "fetch uid=5 size=-1 at=0 body=-1 header=-1 text=-1\n" },
		{ "* 1 FETCH (UID 5 BODY[] \"a \\\"b\\\"\")\r\n", "fetch uid=5 size=-1 at=0 body=5 header=-1 text=-1\n" },
		/* unknown items are skipped, with the literals in them */
		{ "* 1 FETCH (ENVELOPE (NIL {4}\r\n(((( \")\" NIL) X-NEW[A (B)] 7 UID 9)\r\n",
		  "fetch uid=9 size=-1 at=0 body=-1 header=-1 text=-1\n" },
		{ "* 1 FETCH (UID\r\n* 1 FETCH (UID 5\r\n", "fetch uid=0 size=-1 at=0 body=-1 header=-1 text=-1\n"
		  "fetch uid=5 size=-1 at=0 body=-1 header=-1 text=-1\n" },
		/* servers that leave out the CR */
		{ "* 3 EXISTS\nh1 OK x\n", "exists 3\ndone h1 1 [] 0\n" },
		/* "{7}" at the end of words for people is no literal */
		{ "* OK see rule {7}\r\nh1 NO no {7}\r\n* 1 EXISTS\r\n", "status 1 [] 0\ndone h1 2 [] 0\nexists 1\n" },
		{ "\r\n*\r\n* \r\nx\r\n", "other\nother\nother\nother\n" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_heard(cases[i].said, strlen(cases[i].said), cases[i].want);
}

/* What libcurl's own IMAP takes for answers of the server when they stand in a mail. */
static void a_mail_is_never_taken_for_the_server(void **state)
{
	static const char mail[] = "Subject: x\r\n\r\nA001 OK done\r\nh1 OK done\r\n* 999 FETCH (UID 4242 BODY[] {2}\r\n"
				   "* SEARCH 666\r\n* BYE\r\n+ idling\r\n)\r\n";
	g_autofree char *said = g_strdup_printf("* 1 FETCH (UID 5 BODY[] {%zu}\r\n%s)\r\nh1 OK x\r\n", strlen(mail), mail);

	(void)state;
	g_autofree char *want = g_strdup_printf("fetch uid=5 size=-1 at=0 body=%zu header=-1 text=-1\ndone h1 1 [] 0\n",
						strlen(mail));
	assert_heard(said, strlen(said), want);
}

static void nonsense_and_floods_end_the_connection(void **state)
{
	g_autofree char *line = g_strnfill(HG_IMAP_LINE_MAX + 1, 'x');
	g_autofree char *lists = g_strnfill(60000, '(');
	g_autofree char *deep = g_strdup_printf("* 1 FETCH (X %s\r\n", lists);
	g_autoptr(GString) many = g_string_new("* 1 FETCH (");
	const struct { const char *said; gsize len; const char *want; } cases[] = {
		{ line, strlen(line), "!the server sends a line of more than 65536 bytes\n" },
		{ "* 1 \0EXISTS\r\n", 13, "!the server sends a NUL in a line\n" },
		{ "* 1 FETCH (BODY[] {2147483648}\r\n", 32,
		  "!the server sends a literal of 2147483648 bytes, at most 1048576 were asked for\n" },
		{ "* 1 FETCH (BODY[] {99999999999999999999}\r\n", 42, "!the server sends a literal without end\n" },
		{ "* 1 FETCH (BODY[] {9223372036854775807}\r\n", 41,
		  "!the server sends a literal of 9223372036854775807 bytes, at most 1048576 were asked for\n" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = heard(cases[i].said, cases[i].len, 1000);

		assert_string_equal(got, cases[i].want);
	}
	g_free(heard(deep, strlen(deep), 1000));
	for (int i = 0; i <= HG_IMAP_LITERALS_MAX; i++)
		g_string_append(many, "X {0}\r\n ");
	g_autofree char *got = heard(many->str, many->len, 1000);
	assert_string_equal(got, "!the server sends more than 16 literals in one response\n");
}

static void take(void *arg, const struct hg_imap_response *response)
{
	GBytes **ret = arg;

	if (response->n_literals)
		*ret = g_bytes_ref(response->literals[0].bytes);
}

/* Failure 19: a large mail lies in a file while it arrives, and what comes out is what went in. */
static void failure_19_a_large_mail_is_spooled_whole(void **state)
{
	const gsize size = 3 * HG_IMAP_SPOOL_FROM + 7;
	g_autofree char *mail = g_malloc(size);
	g_autofree char *head = g_strdup_printf("* 1 FETCH (UID 1 BODY[] {%zu}\r\n", size);
	GBytes *got = NULL;
	g_autoptr(hg_imap_reader) reader = hg_imap_reader_new(take, &got);

	(void)state;
	for (gsize i = 0; i < size; i++)
		mail[i] = (char)(i * 31 / 7);
	assert_true(hg_imap_reader_feed(reader, head, strlen(head), NULL));
	for (gsize at = 0; at < size; at += 10000)
		assert_true(hg_imap_reader_feed(reader, mail + at, MIN(10000, size - at), NULL));
	assert_true(hg_imap_reader_feed(reader, ")\r\n", 3, NULL));
	assert_non_null(got);
	assert_int_equal(g_bytes_get_size(got), size);
	assert_memory_equal(g_bytes_get_data(got, NULL), mail, size);
	g_bytes_unref(got);
}

static void dates_of_all_zones_are_read(void **state)
{
	static const struct { const char *text; gint64 want; } cases[] = {
		{ " 1-Nov-2026 10:00:00 +0000", UTC_10 },
		{ "01-nov-2026 15:30:00 +0530", UTC_10 },
		{ "31-Oct-2026 22:00:00 -1200", UTC_10 },
		{ " 1-Nov-2026 10:00:60 +0000", UTC_10 + 59000 },	/* a leap second */
		{ "", 0 }, { "1-Nov-2026 10:00:00 +0000", 0 }, { "32-Nov-2026 10:00:00 +0000", 0 },
		{ "01-Foo-2026 10:00:00 +0000", 0 }, { "01-Nov-2026 25:00:00 +0000", 0 },
		{ "01-Nov-2026 10:00:00 *0000", 0 }, { "01-Nov-20x6 10:00:00 +0000", 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(hg_imap_date(cases[i].text), cases[i].want);
}

static void folder_names_are_written_as_servers_read_them(void **state)
{
	/* RFC 3501 section 5.1.3 */
	static const struct { const char *name, *want; } cases[] = {
		{ "INBOX", "\"INBOX\"" }, { "a \"b\" \\", "\"a \\\"b\\\" \\\\\"" }, { "R&D", "\"R&-D\"" },
		{ "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
		  "\"~peter/mail/&U,BTFw-/&ZeVnLIqe-\"" },
		{ "Entw\xc3\xbcrfe", "\"Entw&APw-rfe\"" }, { "a\r\nb", NULL }, { "\xff", NULL },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_imap_folder(cases[i].name, NULL);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s, want %s", cases[i].name, got, cases[i].want);
	}
}

static void capabilities_are_whole_words(void **state)
{
	(void)state;
	assert_true(hg_imap_can("IMAP4rev1 idle MOVE", "IDLE"));
	assert_true(hg_imap_can("IMAP4rev1 idle MOVE", "MOVE"));
	assert_false(hg_imap_can("IMAP4rev1 XIDLE MOVED", "IDLE"));
	assert_false(hg_imap_can("IMAP4rev1 XIDLE MOVED", "MOVE"));
	assert_false(hg_imap_can("", "IDLE"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(responses_are_understood),
		cmocka_unit_test(a_mail_is_never_taken_for_the_server),
		cmocka_unit_test(nonsense_and_floods_end_the_connection),
		cmocka_unit_test(failure_19_a_large_mail_is_spooled_whole),
		cmocka_unit_test(dates_of_all_zones_are_read),
		cmocka_unit_test(folder_names_are_written_as_servers_read_them),
		cmocka_unit_test(capabilities_are_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

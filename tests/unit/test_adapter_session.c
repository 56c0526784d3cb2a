/* test_adapter_session.c - connections of a channel that ought to be up */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "support/adapter_fixture.h"
#include "support/line_fixture.h"

#define ONE "  one: { adapter: naughty }\n"
#define ONE_OF(mode) "  one: { adapter: naughty, mode: " mode " }\n"

static void tell(struct hub *hub, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
static void tell(struct hub *hub, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hub_send(hub, "one", text);
}

/* ---- up, down, and up again ---- */

static void a_session_comes_up_is_fed_whole_and_comes_again(void **state)
{
	struct hub hub;
	struct line *line;

	(void)state;
	hub_new(&hub, ONE);
	line = line_new(hg_loop_base(hub.loop), NULL, NULL);
	tell(&hub, "session 127.0.0.1 %u", line_port(line));
	HUB_WAIT(&hub, g_str_has_prefix(line_heard(line), "hello\n"));
	assert_int_equal(hub.seen->ups, 1);
	/* Half a line comes again, longer; two at once are two calls. */
	line_say(line, "on");
	HUB_WAIT(&hub, hub.seen->fed == 2);
	assert_string_equal(hub.seen->data, "");
	line_say(line, "e\ntwo\nthr");
	HUB_WAIT(&hub, strcmp(hub.seen->data, "one\ntwo\n") == 0);
	HUB_WAIT(&hub, strstr(line_heard(line), "ping\nping\n") != NULL);
	assert_true(hub.seen->idles >= 2);
	line_hang_up(line);
	HUB_WAIT(&hub, hub.seen->downs == 1);
	assert_non_null(strstr(hub.seen->error, "closed the connection"));
	HUB_WAIT(&hub, hub.seen->ups == 2 && line_accepted(line) == 2);
	line_free(line);
	hub_free(&hub);
}

static void what_goes_wrong_in_a_session_ends_it(void **state)
{
	static const struct { const char *say, *words; } cases[] = {
		{ "more!\n", "mistake in the adapter" },
		{ "drop\nleft\n", "told to" },
	};
	struct hub hub;
	struct line *line;

	(void)state;
	hub_new(&hub, ONE);
	line = line_new(hg_loop_base(hub.loop), NULL, NULL);
	tell(&hub, "session 127.0.0.1 %u", line_port(line));
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		HUB_WAIT(&hub, hub.seen->ups == i + 1 && line_is_up(line));
		line_say(line, cases[i].say);
		HUB_WAIT(&hub, hub.seen->downs == i + 1);
		assert_non_null(strstr(hub.seen->error, cases[i].words));
	}
	/* What came behind the drop was not read. */
	assert_null(strstr(hub.seen->data, "left"));
	assert_int_equal(hub_status(&hub, "one").counts.faults, 1);
	line_free(line);
	hub_free(&hub);
}

static void a_peer_that_does_not_read_or_never_ends_is_dropped(void **state)
{
	g_autofree char *endless = g_strnfill((1 << 20) + 65536, 'x');
	struct hub hub;
	struct line *line;

	(void)state;
	hub_new(&hub, ONE);
	line = line_new(hg_loop_base(hub.loop), NULL, NULL);
	tell(&hub, "session 127.0.0.1 %u", line_port(line));
	HUB_WAIT(&hub, hub.seen->ups == 1 && line_is_up(line));
	line_deaf(line);
	line_say(line, "flood\n");
	HUB_WAIT(&hub, hub.seen->downs == 1);
	assert_non_null(strstr(hub.seen->error, "does not read"));
	HUB_WAIT(&hub, hub.seen->ups == 2 && line_is_up(line));
	line_say(line, endless);
	HUB_WAIT(&hub, hub.seen->downs == 2);
	assert_non_null(strstr(hub.seen->error, "larger than 1 MiB"));
	assert_true(hub.seen->fed <= (1 << 20) + 65536);
	line_free(line);
	hub_free(&hub);
}

static void an_attempt_that_fails_is_told_and_tried_again(void **state)
{
	struct hub hub;

	(void)state;
	hub_new(&hub, ONE);
	tell(&hub, "session 127.0.0.1 1");
	HUB_WAIT(&hub, hub.seen->downs == 2);
	assert_int_equal(hub.seen->ups, 0);
	assert_non_null(strstr(hub.seen->error, "127.0.0.1:1: "));
	tell(&hub, "session 127.0.0.1 70000");
	assert_non_null(strstr(hub.seen->error, "1..65535"));
	hub_free(&hub);
}

/* ---- TLS ---- */

/* system: what OpenSSL takes for the system's certificates. */
static void try_tls(const char *host, const char *certificate, gboolean system, const char *words)
{
	struct hub hub;
	struct line *line;
	g_autofree char *pem = NULL, *path = NULL;

	hub_new(&hub, ONE);
	line = line_new(hg_loop_base(hub.loop), certificate, &pem);
	path = g_build_filename(hub.dir, "ca.pem", NULL);
	assert_true(g_file_set_contents(path, system ? pem : "", -1, NULL));
	g_setenv("SSL_CERT_FILE", path, TRUE);
	g_setenv("SSL_CERT_DIR", hub.dir, TRUE);
	tell(&hub, "tls %s %u", host, line_port(line));
	if (words) {
		/* localhost may be ::1 at first, where nobody listens. */
		HUB_WAIT(&hub, hub.seen->downs && line_accepted(line));
		HUB_WAIT(&hub, !strstr(hub.seen->error, "refused") || strstr(hub.seen->error, "certificate"));
		assert_int_equal(hub.seen->ups, 0);
		if (!strstr(hub.seen->error, words))
			fail_msg("\"%s\" does not say \"%s\"", hub.seen->error, words);
	} else {
		HUB_WAIT(&hub, g_str_has_prefix(line_heard(line), "hello\n"));
		line_say(line, "secret\n");
		HUB_WAIT(&hub, strcmp(hub.seen->data, "secret\n") == 0);
	}
	g_unsetenv("SSL_CERT_FILE");
	g_unsetenv("SSL_CERT_DIR");
	line_free(line);
	hub_free(&hub);
}

static void tls_needs_a_trusted_certificate_for_that_very_host(void **state)
{
	(void)state;
	try_tls("127.0.0.1", "127.0.0.1", TRUE, NULL);
	try_tls("127.0.0.1", "127.0.0.1", FALSE, "certificate is refused");
	try_tls("127.0.0.1", "127.0.0.2", TRUE, "certificate is refused");
	try_tls("127.0.0.1", "other.example", TRUE, "certificate is refused");
	try_tls("localhost", "localhost", TRUE, NULL);
	try_tls("localhost", "other.example", TRUE, "certificate is refused");
}

/* ---- files of our own ---- */

static char *write_pem(struct hub *hub, const char *name, const char *pem)
{
	char *path = g_build_filename(hub->dir, name, NULL);

	assert_true(g_file_set_contents(path, pem, -1, NULL));
	return path;
}

/* What a peer has whose certificate no authority of the system knows, and who wants to see ours. */
struct pair { struct line *line; char *ca, *cert, *key, *other; };

static void pair_new(struct pair *pair, struct hub *hub)
{
	g_autofree char *theirs = NULL, *ours = NULL, *our_key = NULL, *more = NULL, *other_key = NULL;

	pair->line = line_new(hg_loop_base(hub->loop), "127.0.0.1", &theirs);
	line_certificate("client", &ours, &our_key);
	line_certificate("stranger", &more, &other_key);
	line_wants(pair->line, ours);
	pair->ca = write_pem(hub, "ca.pem", theirs);
	pair->cert = write_pem(hub, "cert.pem", ours);
	pair->key = write_pem(hub, "key.pem", our_key);
	pair->other = write_pem(hub, "other.pem", other_key);
}

static void pair_clear(struct pair *pair)
{
	line_free(pair->line);
	g_free(pair->ca);
	g_free(pair->cert);
	g_free(pair->key);
	g_free(pair->other);
}

static void a_session_believes_its_own_authority_and_shows_its_certificate(void **state)
{
	struct hub hub;
	struct pair pair;

	(void)state;
	hub_new(&hub, ONE);
	pair_new(&pair, &hub);
	tell(&hub, "tls 127.0.0.1 %u %s %s %s", line_port(pair.line), pair.ca, pair.cert, pair.key);
	HUB_WAIT(&hub, g_str_has_prefix(line_heard(pair.line), "hello\n"));
	line_say(pair.line, "secret\n");
	HUB_WAIT(&hub, strcmp(hub.seen->data, "secret\n") == 0);
	assert_int_equal(hub.seen->downs, 0);
	pair_clear(&pair);
	hub_free(&hub);
}

static void who_shows_nothing_or_believes_another_is_not_let_in(void **state)
{
	static const struct { const char *files, *words; } cases[] = {
		{ "%s - -", "" },	/* the peer hangs up */
		{ "%s/cert.pem - -", "certificate is refused" },
		{ "- %s/cert.pem %s/key.pem", "certificate is refused" },
	};

	(void)state;
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hub hub;
		struct pair pair;
		g_autofree char *files = NULL;
		g_auto(GStrv) parts = NULL;

		hub_new(&hub, ONE);
		pair_new(&pair, &hub);
		parts = g_strsplit(cases[i].files, "%s", -1);
		files = g_strjoinv(i ? hub.dir : pair.ca, parts);
		tell(&hub, "tls 127.0.0.1 %u %s", line_port(pair.line), files);
		HUB_WAIT(&hub, hub.seen->downs);
		assert_string_equal(hub.seen->data, "");
		assert_int_equal(line_heard_bytes(pair.line), 0);
		if (!strstr(hub.seen->error, cases[i].words))
			fail_msg("%s: \"%s\" does not say \"%s\"", files, hub.seen->error, cases[i].words);
		pair_clear(&pair);
		hub_free(&hub);
	}
}

static void files_that_cannot_be_used_are_named_with_the_reason(void **state)
{
	static const struct { const char *files, *words; } cases[] = {
		{ "/nowhere/ca.pem - -", "certificates /nowhere/ca.pem: No such file" },
		{ "- /nowhere/c.pem /nowhere/k.pem", "certificate /nowhere/c.pem: No such file" },
		{ "- %s/cert.pem /nowhere/k.pem", "private key (PEM, without a passphrase) /nowhere/k.pem: No such file" },
		{ "- %s/cert.pem %s/other.pem", "other.pem: key values mismatch" },
		{ "- %s/cert.pem -", "private key (PEM, without a passphrase) /" },	/* it holds none */
		{ "%s/key.pem - -", "key.pem: " },
		{ "- - %s/key.pem", "a key without its certificate" },
	};
	struct hub hub;
	struct pair pair;

	(void)state;
	hub_new(&hub, ONE);
	pair_new(&pair, &hub);
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) parts = g_strsplit(cases[i].files, "%s", -1);
		g_autofree char *files = g_strjoinv(hub.dir, parts);

		tell(&hub, "tls 127.0.0.1 %u %s", line_port(pair.line), files);
		if (!strstr(hub.seen->error, cases[i].words))
			fail_msg("%s: \"%s\" does not say \"%s\"", files, hub.seen->error, cases[i].words);
	}
	assert_int_equal(line_accepted(pair.line), 0);
	pair_clear(&pair);
	hub_free(&hub);
}

/* Between two attempts the certificate was renewed. */
static void files_are_read_again_for_each_attempt(void **state)
{
	g_autofree char *wrong = NULL, *right = NULL;
	struct hub hub;
	struct pair pair;

	(void)state;
	hub_new(&hub, ONE);
	pair_new(&pair, &hub);
	assert_true(g_file_get_contents(pair.ca, &right, NULL, NULL));
	assert_true(g_file_get_contents(pair.cert, &wrong, NULL, NULL));
	assert_true(g_file_set_contents(pair.ca, wrong, -1, NULL));
	tell(&hub, "tls 127.0.0.1 %u %s %s %s", line_port(pair.line), pair.ca, pair.cert, pair.key);
	HUB_WAIT(&hub, hub.seen->downs);
	assert_non_null(strstr(hub.seen->error, "certificate is refused"));
	assert_true(g_file_set_contents(pair.ca, right, -1, NULL));
	HUB_WAIT(&hub, g_str_has_prefix(line_heard(pair.line), "hello\n"));
	pair_clear(&pair);
	hub_free(&hub);
}

/* ---- rests ---- */

/* Without, the first attempt after a failure comes within a second. */
static void try_rest(const char *channel, gboolean hangs_up, const char *words)
{
	struct hub hub;
	struct line *line;

	hub_new(&hub, channel);
	line = line_new(hg_loop_base(hub.loop), NULL, NULL);
	tell(&hub, "session 127.0.0.1 %u", line_port(line));
	HUB_WAIT(&hub, hub.seen->ups == 1 && line_is_up(line));
	if (hangs_up)
		line_hang_up(line);
	else
		line_say(line, "rest\n");
	HUB_WAIT(&hub, hub.seen->downs == 1);
	assert_non_null(strstr(hub.seen->error, words));
	HUB_WAIT(&hub, hub.seen->ups == 2);
	if (hub.seen->up_ms - hub.seen->down_ms < 1150)
		fail_msg("up again after %d ms", (int)(hub.seen->up_ms - hub.seen->down_ms));
	line_free(line);
	hub_free(&hub);
}

static void a_session_that_is_told_to_rest_does(void **state)
{
	(void)state;
	try_rest(ONE, FALSE, "told to rest");
	try_rest(ONE_OF("rests"), TRUE, "closed the connection");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_comes_up_is_fed_whole_and_comes_again),
		cmocka_unit_test(what_goes_wrong_in_a_session_ends_it),
		cmocka_unit_test(a_peer_that_does_not_read_or_never_ends_is_dropped),
		cmocka_unit_test(an_attempt_that_fails_is_told_and_tried_again),
		cmocka_unit_test(tls_needs_a_trusted_certificate_for_that_very_host),
		cmocka_unit_test(a_session_believes_its_own_authority_and_shows_its_certificate),
		cmocka_unit_test(who_shows_nothing_or_believes_another_is_not_let_in),
		cmocka_unit_test(files_that_cannot_be_used_are_named_with_the_reason),
		cmocka_unit_test(files_are_read_again_for_each_attempt),
		cmocka_unit_test(a_session_that_is_told_to_rest_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

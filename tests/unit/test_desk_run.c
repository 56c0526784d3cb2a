/* test_desk_run.c - operations of a preset against a scripted peer; what is said; how long texts are parted */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "desk_run.h"
#include "desk_say.h"
#include "json.h"

#define HEAD "{\"name\":\"Example\",\"proof\":{\"state\":\"documented\",\"date\":\"2026-11-22\",\"sources\":[\"https://a.example\"]}," \
	"\"settings\":{\"url\":\"where\",\"credentials\":{\"token\":\"key\"}},\"once\":{\"by\":\"none\"}," \
	"\"statuses\":{\"to\":{\"open\":\"open\",\"solved\":\"done\"},\"from\":{\"*\":\"open\"}},\"operations\":{"
#define CREATE "\"create\":[{\"url\":\"${url}/t\",\"json\":{\"t\":\"${text}\"},\"take\":{\"ticket.id\":\"id\"}}]"
#define FIND ",\"find\":[{\"method\":\"GET\",\"url\":\"${url}/t\",\"query\":{\"x\":\"${external_id}\"},\"take\":{\"ticket.id\":\"items[0].id\"}}]"
#define LOGIN ",\"login\":[{\"url\":\"${url}/in\",\"json\":{\"k\":\"${secret:token}\"},\"take\":{\"token\":\"s\"}}]"
#define FILES ",\"attach\":[{\"foreach\":\"files\",\"url\":\"${url}/up\",\"raw\":{\"$file\":true},\"take\":{\"upload\":\"id\"}}," \
	"{\"url\":\"${url}/t/${ticket.id}\",\"json\":{\"up\":{\"$value\":\"upload\"}}}]"
#define FETCH ",\"fetch_attachment\":[{\"method\":\"GET\",\"headers\":{\"X-Key\":\"${secret:token}\"}}]"

/* ---- the peer: answers in the order they are written ---- */

struct step {
	int status;
	const char *body, *location;
	enum hg_client_code code;
	gboolean sent;
	gint64 retry_ms;
};
#define A(status_, ...) { .status = (status_), .body = (__VA_ARGS__) }

struct hg_peer {
	hg_desk *desk;
	hg_desk_session *session;
	const struct step *steps;
	guint n, made, calls;
	GString *seen;			/* "POST https://... BODY\n" */
	gboolean holds;			/* the answer comes when the test says so */
	hg_desk_answered *done;
	void *arg;
	struct hg_desk_transport transport;
	/* how the run ended */
	int word;
	gboolean over, more, doubt, ours;
	gint64 retry_ms;
	char *text, *taken, *progress, *left;
};

static void tell(void *arg, const struct hg_err *err)
{
	(void)arg;
	fail_msg("%s: %s", err->at, err->text);
}

static const char *header(const void *from, const char *name)
{
	const struct step *step = from;

	return g_ascii_strcasecmp(name, "Location") == 0 ? step->location : NULL;
}

static void answer(struct hg_peer *peer, hg_desk_answered *done, void *arg)
{
	const struct step *step = &peer->steps[peer->made++];
	const char *body = step->body ? step->body : "";
	struct hg_desk_answer said = { .status = step->status, .code = step->code, .sent = step->sent || step->status,
		.error = "the line broke", .body = body, .len = strlen(body), .header = header, .from = step,
		.retry_ms = step->retry_ms ? step->retry_ms : -1 };

	done(arg, &said);
}

static void call(void *ctx, const struct hg_client_call *call, hg_desk_answered *done, void *arg)
{
	struct hg_peer *peer = ctx;

	assert_true(peer->made < peer->n);
	peer->calls++;
	g_string_append_printf(peer->seen, "%s %s", call->method, call->url);
	for (const char *const *line = call->headers; *line; line++)
		if (g_str_has_prefix(*line, "X-"))
			g_string_append_printf(peer->seen, " [%s]", *line);
	for (gsize i = 0; i < call->n_pieces; i++)
		g_string_append_printf(peer->seen, " %s", call->pieces[i].path ? call->pieces[i].path : (const char *)call->pieces[i].data);
	g_string_append_printf(peer->seen, "%s\n", call->private_ok ? "" : " public");
	if (!peer->holds) {
		answer(peer, done, arg);
		return;
	}
	peer->done = done;
	peer->arg = arg;
}

static void cancel(void *ctx, void *arg)
{
	struct hg_peer *peer = ctx;

	if (peer->arg == arg)
		peer->done = NULL;
}

static gint64 now(void *ctx)
{
	(void)ctx;
	return 1700000000000;
}

static struct hg_peer *peer_new(const char *ops)
{
	struct hg_peer *peer = g_new0(struct hg_peer, 1);
	struct ht_look look = { .tell = tell };
	const struct hg_desk_given given = { .preset = "example", .url = "https://desk.example", .token = "key", .poll_ms = -1,
					     .max_file = -1 };
	g_autofree char *json = g_strconcat(HEAD CREATE, ops, "}}", NULL);

	peer->desk = hg_desk_new(json, &given, &look);
	assert_non_null(peer->desk);
	peer->session = hg_desk_session_new();
	peer->seen = g_string_new(NULL);
	peer->transport = (struct hg_desk_transport){ .call = call, .cancel = cancel, .now_ms = now, .ctx = peer };
	return peer;
}

static void forget(struct hg_peer *peer)
{
	g_clear_pointer(&peer->text, g_free);
	g_clear_pointer(&peer->taken, g_free);
	g_clear_pointer(&peer->progress, g_free);
	g_clear_pointer(&peer->left, g_free);
	peer->over = FALSE;
}

static void peer_free(struct hg_peer *peer)
{
	forget(peer);
	g_string_free(peer->seen, TRUE);
	hg_desk_session_free(peer->session);
	hg_desk_free(peer->desk);
	g_free(peer);
}
typedef struct hg_peer hg_peer;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_peer, peer_free)

static void ended(void *arg, const struct hg_desk_ended *how)
{
	struct hg_peer *peer = arg;

	assert_false(peer->over);
	peer->over = TRUE;
	peer->word = how->word;
	peer->more = how->more;
	peer->doubt = how->doubt;
	peer->ours = how->ours;
	peer->retry_ms = how->retry_ms;
	peer->text = g_strdup(how->text);
	peer->taken = g_strdup(json_object_to_json_string_ext(how->taken, JSON_C_TO_STRING_PLAIN));
	peer->left = how->left ? hg_errand_left(how->left) : NULL;
	peer->progress = how->progress ? g_strdup(json_object_to_json_string_ext(how->progress, JSON_C_TO_STRING_PLAIN)) : NULL;
}

/* Runs op; progress: of an earlier run, or NULL. */
static hg_desk_run *start(struct hg_peer *peer, int op, const char *situation, const char *progress, gboolean stops)
{
	g_autoptr(json_object) said = hg_json_parse(situation, strlen(situation), NULL, NULL);
	g_autoptr(json_object) before = progress ? hg_json_parse(progress, strlen(progress), NULL, NULL) : NULL;
	struct hg_desk_task task = { .desk = peer->desk, .op = op, .situation = said, .transport = &peer->transport,
		.session = peer->session, .progress = before, .stops = stops, .private_ok = TRUE };

	forget(peer);
	return hg_desk_run_start(&task, ended, peer);
}

#define SCRIPT(peer, ...) \
	static const struct step script[] = { __VA_ARGS__ }; \
	(peer)->steps = script; (peer)->n = G_N_ELEMENTS(script)

static void expect(struct hg_peer *peer, int word, const char *text, const char *taken)
{
	assert_true(peer->over);
	if (peer->word != word || (text && (!peer->text || !strstr(peer->text, text))))
		fail_msg("%s: %s", hg_desk_outcome_word(peer->word), peer->text);
	if (taken)
		assert_string_equal(peer->taken, taken);
}

/* ---- ends ---- */

static void a_ticket_is_what_its_answer_names(void **state)
{
	g_autoptr(hg_peer) peer = peer_new("");
	SCRIPT(peer, A(201, "{\"id\":7}"), A(200, "{}"), A(204, NULL));
	(void)state;

	assert_null(start(peer, HG_DESK_CREATE, "{\"text\":\"hi\"}", NULL, TRUE));
	expect(peer, HG_DESK_DONE, NULL, "{\"ticket.id\":\"7\"}");
	assert_string_equal(peer->seen->str, "POST https://desk.example/t {\"t\":\"hi\"}\n");
	for (int i = 0; i < 2; i++) {
		start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
		expect(peer, HG_DESK_REFUSED, "named no ticket", NULL);
		assert_true(peer->ours);
	}
}

static void what_may_have_arrived_leaves_a_doubt(void **state)
{
	static const struct { struct step step; gboolean doubt; } cases[] = {
		{ { 0, NULL, NULL, HG_CLIENT_CONNECT, FALSE, 0 }, FALSE },	/* refused: nothing left */
		{ { 0, NULL, NULL, HG_CLIENT_TIMEOUT, TRUE, 0 }, TRUE },
		{ { 201, NULL, NULL, HG_CLIENT_CLOSED, TRUE, 0 }, TRUE },	/* half an answer */
		{ { 503, NULL, NULL, HG_CLIENT_OK, TRUE, 0 }, TRUE },
		{ { 408, NULL, NULL, HG_CLIENT_OK, TRUE, 0 }, TRUE },
		{ { 429, NULL, NULL, HG_CLIENT_OK, TRUE, 9000 }, FALSE },
	};
	g_autoptr(hg_peer) peer = peer_new(FIND);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		const struct step twice[] = { cases[i].step, cases[i].step };

		peer->steps = twice;
		peer->n = 2;
		peer->made = 0;
		start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
		expect(peer, HG_DESK_RETRY, NULL, NULL);
		if (peer->doubt != cases[i].doubt)
			fail_msg("case %zu", i);
		assert_int_equal(peer->retry_ms, cases[i].step.retry_ms);
		start(peer, HG_DESK_FIND, "{}", NULL, TRUE);	/* a question never does */
		assert_false(peer->doubt);
	}
}

static void what_is_not_there_is_none(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(FIND);
	SCRIPT(peer, A(200, "{\"items\":[]}"), A(404, NULL), A(200, "{\"items\":[{\"id\":\"a\"}]}"));
	(void)state;

	start(peer, HG_DESK_FIND, "{\"external_id\":\"tkt_1\"}", NULL, TRUE);
	expect(peer, HG_DESK_NONE, NULL, "{}");
	start(peer, HG_DESK_FIND, "{\"external_id\":\"tkt_1\"}", NULL, TRUE);
	expect(peer, HG_DESK_NONE, NULL, NULL);
	start(peer, HG_DESK_FIND, "{\"external_id\":\"tkt_1\"}", NULL, TRUE);
	expect(peer, HG_DESK_DONE, NULL, "{\"ticket.id\":\"a\"}");
	assert_true(g_str_has_prefix(peer->seen->str, "GET https://desk.example/t?x=tkt_1\n"));
}

static void helpdesks_say_in_many_places_what_is_wrong(void **state)
{
	static const char *const bodies[] = {
		"{\"message\":\"bad queue\"}", "{\"error\":{\"message\":\"bad queue\"}}", "{\"errors\":[\"bad queue\"]}",
		"[\"bad queue\"]", "{\"errors\":[{\"detail\":\"bad queue\"}]}",
	};
	g_autoptr(hg_peer) peer = peer_new("");
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(bodies); i++) {
		const struct step step = A(422, bodies[i]);

		peer->steps = &step;
		peer->n = 1;
		peer->made = 0;
		start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
		expect(peer, HG_DESK_REFUSED, "answered 422: bad queue", NULL);
		assert_false(peer->ours);
	}
}

/* ---- steps ---- */

#define TWO_FILES "{\"ticket\":{\"id\":\"7\"},\"files\":[{\"name\":\"a\",\"path\":\"/a\"},{\"name\":\"b\",\"path\":\"/b\"}]}"

static void each_file_is_a_step_of_its_own_that_is_not_done_twice(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(FILES);
	g_autofree char *first = NULL, *second = NULL;
	SCRIPT(peer, A(201, "{\"id\":\"u1\"}"), A(201, "{\"id\":\"u2\"}"), A(200, "{}"));
	(void)state;

	start(peer, HG_DESK_ATTACH, TWO_FILES, NULL, TRUE);
	expect(peer, HG_DESK_DONE, NULL, NULL);
	assert_true(peer->more);
	first = g_strdup(peer->progress);
	start(peer, HG_DESK_ATTACH, TWO_FILES, first, TRUE);
	assert_true(peer->more);
	second = g_strdup(peer->progress);
	start(peer, HG_DESK_ATTACH, TWO_FILES, second, TRUE);
	expect(peer, HG_DESK_DONE, NULL, "{\"upload\":[\"u1\",\"u2\"]}");
	assert_false(peer->more);
	assert_string_equal(peer->seen->str, "POST https://desk.example/up /a\nPOST https://desk.example/up /b\n"
			    "POST https://desk.example/t/7 {\"up\":[\"u1\",\"u2\"]}\n");
}

#define TAKES_SOME ",\"attach\":[{\"foreach\":\"files\",\"url\":\"${url}/up\",\"raw\":{\"$file\":true},\"outcomes\":[{\"status\":400,\"is\":\"none\"}]}]"

static void a_file_that_is_not_taken_is_told_with_the_reason(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(TAKES_SOME);
	SCRIPT(peer, A(400, "{\"error\":\"no virus\"}"), A(201, "{}"), A(201, "{}"), A(400, NULL));
	(void)state;

	start(peer, HG_DESK_ATTACH, TWO_FILES, NULL, FALSE);
	expect(peer, HG_DESK_DONE, NULL, "{}");
	assert_string_equal(peer->left, "The helpdesk did not take:\n[a, answered 400: no virus]");
	start(peer, HG_DESK_ATTACH, TWO_FILES, NULL, FALSE);
	expect(peer, HG_DESK_DONE, NULL, "{}");
	assert_string_equal(peer->left, "The helpdesk did not take:\n[b, answered 400]");
}

static void a_note_names_so_many_files_and_counts_the_rest(void **state)
{
	g_autoptr(json_object) left = json_object_new_array();
	g_autofree char *text = NULL;
	(void)state;

	for (int i = 0; i < 22; i++) {
		struct json_object *file = json_object_new_object();

		json_object_object_add(file, "name", json_object_new_string("f"));
		json_object_array_add(left, file);
	}
	text = hg_errand_left(left);
	assert_true(g_str_has_suffix(text, "\n[f]\n[f]\n... and 2 more"));
	assert_int_equal(strlen(text), strlen("The helpdesk did not take:") + 20 * strlen("\n[f]") + strlen("\n... and 2 more"));
}

static void without_stops_it_runs_to_its_end(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(FILES);
	SCRIPT(peer, A(201, "{\"id\":\"u1\"}"), A(201, "{\"id\":\"u2\"}"), A(200, "{}"));
	(void)state;

	start(peer, HG_DESK_ATTACH, TWO_FILES, NULL, FALSE);
	expect(peer, HG_DESK_DONE, NULL, "{\"upload\":[\"u1\",\"u2\"]}");
	assert_false(peer->more);
}

static void a_file_without_its_bytes_is_not_sent(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(FILES);
	SCRIPT(peer, A(0, NULL));
	(void)state;

	start(peer, HG_DESK_ATTACH, "{\"files\":[{\"name\":\"a\"}]}", NULL, TRUE);
	expect(peer, HG_DESK_REFUSED, "not there any more", NULL);
	assert_int_equal(peer->calls, 0);
}

/* ---- sessions ---- */

static void all_wait_for_one_login(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(LOGIN), other = peer_new(LOGIN);
	SCRIPT(peer, A(200, "{\"s\":\"x\"}"), A(201, "{\"id\":1}"));
	static const struct step only[] = { A(201, "{\"id\":2}") };
	hg_desk_session *own = other->session;
	(void)state;

	other->steps = only;
	other->n = 1;
	other->session = peer->session;
	peer->holds = TRUE;
	assert_non_null(start(peer, HG_DESK_CREATE, "{}", NULL, TRUE));
	assert_non_null(start(other, HG_DESK_CREATE, "{}", NULL, TRUE));
	assert_int_equal(peer->calls + other->calls, 1);
	peer->holds = FALSE;
	answer(peer, peer->done, peer->arg);
	expect(peer, HG_DESK_DONE, NULL, "{\"ticket.id\":\"1\"}");
	expect(other, HG_DESK_DONE, NULL, "{\"ticket.id\":\"2\"}");
	assert_int_equal(peer->calls, 2);
	other->session = own;
}

static void a_session_that_ends_is_begun_once_more_and_no_more(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(LOGIN);
	SCRIPT(peer, A(200, "{\"s\":\"x\"}"), A(401, NULL), A(200, "{\"s\":\"y\"}"), A(401, "{\"error\":\"locked\"}"));
	(void)state;

	start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
	expect(peer, HG_DESK_ACCOUNT, "logged in, and refused all the same: answered 401: locked", NULL);
}

static void a_login_that_fails_is_told(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(LOGIN);
	SCRIPT(peer, A(403, "{\"error\":\"who?\"}"), A(503, NULL));
	(void)state;

	start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
	expect(peer, HG_DESK_ACCOUNT, "login: answered 403: who?", NULL);
	start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
	expect(peer, HG_DESK_RETRY, "login: answered 503", NULL);
	assert_false(peer->doubt);
}

static void who_gives_up_lets_the_next_log_in(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(LOGIN), other = peer_new(LOGIN);
	SCRIPT(peer, A(200, "{\"s\":\"x\"}"));
	static const struct step both[] = { A(200, "{\"s\":\"y\"}"), A(201, "{\"id\":2}") };
	hg_desk_session *own = other->session;
	hg_desk_run *run;
	(void)state;

	other->steps = both;
	other->n = 2;
	other->session = peer->session;
	peer->holds = TRUE;
	run = start(peer, HG_DESK_CREATE, "{}", NULL, TRUE);
	start(other, HG_DESK_CREATE, "{}", NULL, TRUE);
	hg_desk_run_cancel(run);
	assert_false(peer->over);
	expect(other, HG_DESK_DONE, NULL, "{\"ticket.id\":\"2\"}");
	other->session = own;
}

/* ---- files of theirs ---- */

static void a_file_elsewhere_gets_no_credentials(void **state)
{
	g_autoptr(hg_peer) peer = peer_new(FETCH);
	SCRIPT(peer, { 302, NULL, "https://store.example/x?sig=1", HG_CLIENT_REDIRECT, TRUE, 0 }, A(200, "bytes"), A(200, "bytes"));
	(void)state;

	start(peer, HG_DESK_FETCH_ATTACHMENT, "{\"file\":{\"url\":\"/files/1\"}}", NULL, FALSE);
	expect(peer, HG_DESK_DONE, NULL, NULL);
	assert_string_equal(peer->seen->str, "GET https://desk.example/files/1 [X-Key: key]\nGET https://store.example/x?sig=1 public\n");
	g_string_truncate(peer->seen, 0);
	start(peer, HG_DESK_FETCH_ATTACHMENT, "{\"file\":{\"url\":\"https://desk.example.evil/1\"}}", NULL, FALSE);
	assert_string_equal(peer->seen->str, "GET https://desk.example.evil/1 public\n");
}

static void an_address_that_is_none_is_not_called(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd", "https://key@desk.example/", "", "gopher://a/" };
	g_autoptr(hg_peer) peer = peer_new(FETCH);
	SCRIPT(peer, A(200, "x"));
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(urls); i++) {
		g_autofree char *situation = g_strdup_printf("{\"file\":{\"url\":\"%s\"}}", urls[i]);

		if (!*urls[i])
			continue;	/* the base itself */
		start(peer, HG_DESK_FETCH_ATTACHMENT, situation, NULL, FALSE);
		expect(peer, HG_DESK_REFUSED, "no address", NULL);
	}
	assert_int_equal(peer->calls, 0);
}

/* ---- texts in pieces ---- */

static void pieces_say_all_of_a_text(void **state)
{
	static const char *const texts[] = {
		"", "short", "one two three four five", "line one\nline two\nline three", "nowherethatwordsend",
		"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4\xc3\xb6\xc3\xbc", "<<<<>>>>&&&&", "\n\n\n\n\n\n",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		for (gint64 max = 0; max < 20; max++)
			for (int html = 0; html < 2; html++) {
				g_auto(GStrv) pieces = hg_desk_split(texts[i], max, html);
				g_autofree char *all = g_strjoinv("", pieces);

				assert_string_equal(all, texts[i]);
				for (char **piece = pieces; *piece; piece++) {
					g_autofree char *coded = html ? hg_desk_html(*piece) : g_strdup(*piece);
					glong len = g_utf8_strlen(coded, -1);

					assert_true(g_utf8_validate(*piece, -1, NULL));
					if (max && len > max && g_utf8_strlen(*piece, -1) > 1)
						fail_msg("'%s' has %ld of %d", coded, len, (int)max);
				}
			}
}

static void a_text_is_parted_where_words_end(void **state)
{
	g_auto(GStrv) pieces = hg_desk_split("one two three\nfour five", 10, FALSE);
	g_autofree char *all = g_strjoinv("|", pieces);
	(void)state;

	assert_string_equal(all, "one two |three\n|four five");
}

/* ---- what events are ---- */

static int errand_of(hg_desk *desk, const char *type, const char *data, char **ret_text)
{
	g_autoptr(json_object) parsed = hg_json_parse(data, strlen(data), NULL, NULL);
	hg_dispatch dispatch = { .job.name = "desk", .folder = "/nowhere", .event = { .type = type, .data = data } };
	struct hg_errand errand;
	int kind;

	assert_non_null(parsed);
	hg_errand_read(&dispatch, parsed, desk, &errand);
	kind = errand.kind;
	*ret_text = g_strdup(errand.text ? errand.text : "");
	hg_errand_clear(&errand);
	return kind;
}

#define ALL ",\"append\":[{\"url\":\"${url}/a\",\"json\":{\"t\":\"${text}\"}}],\"note\":[{\"url\":\"${url}/n\",\"json\":{\"t\":\"${text}\"}}]," \
	"\"set_status\":[{\"url\":\"${url}/s\",\"json\":{\"s\":\"${status}\"}}]"

static void each_event_is_what_agents_have_of_it(void **state)
{
	static const struct { const char *type, *data; int kind; const char *text; } cases[] = {
		{ "ticket.requested", "{\"transcript_text\":\"[10:02] Ana: hi\"}", HG_ERRAND_CREATE, "[10:02] Ana: hi" },
		{ "ticket.message", "{\"message\":{\"text\":\"hi\"}}", HG_ERRAND_APPEND, "hi" },
		{ "ticket.message", "{\"message\":{\"text\":\"> old\\nnew\",\"reply_text\":\"new\"}}", HG_ERRAND_APPEND, "new" },
		{ "ticket.message", "{\"message\":{\"text\":\"\",\"kind\":\"image\"}}", HG_ERRAND_APPEND, "(image)" },
		{ "ticket.message", "{\"message\":{\"text\":\"look\",\"attachments\":[{\"state\":\"stored\",\"sha256\":\"x\",\"name\":\"a.png\","
		  "\"size\":2000,\"url\":\"https://h/1\"},{\"state\":\"pending\",\"name\":\"b\"}]}}", HG_ERRAND_APPEND,
		  "look\n[a.png, 2.0\xc2\xa0kB: https://h/1]" },
		{ "ticket.reopened", "{}", HG_ERRAND_STATUS, "" },
		{ "ticket.status", "{\"ticket\":{\"state\":\"solved\"}}", HG_ERRAND_STATUS, "" },
		{ "ticket.status", "{\"ticket\":{\"state\":\"closed\"}}", HG_ERRAND_NONE, "" },	/* it has no word for it */
		{ "message.sent", "{\"channel\":\"wa\",\"message\":{\"author\":\"agent\",\"author_name\":\"Ben\",\"text\":\"done\"}}",
		  HG_ERRAND_NOTE, "Ben answered on wa:\n\ndone" },
		{ "message.sent", "{\"message\":{\"author\":\"bot\",\"channel\":\"sms\",\"text\":\"hm\"}}", HG_ERRAND_NOTE,
		  "The bot answered on sms:\n\nhm" },
		{ "message.sent", "{\"message\":{\"author\":\"agent\",\"text\":\"done\",\"origin\":\"desk\"}}", HG_ERRAND_NONE, "" },
		{ "message.sent", "{\"message\":{\"author\":\"agent\",\"text\":\"x\",\"channel\":\"wa\",\"origin\":\"other\"}}", HG_ERRAND_NOTE,
		  "An agent answered on wa:\n\nx" },
		{ "message.status", "{\"state\":\"delivered\",\"agent_note\":null,\"message\":{}}", HG_ERRAND_NONE, "" },
		{ "message.status", "{\"agent_note\":\"It did not arrive.\",\"message\":{}}", HG_ERRAND_NOTE, "It did not arrive." },
		{ "message.edited", "{\"message\":{\"channel\":\"wa\",\"text\":\"sorry: 5\"}}", HG_ERRAND_NOTE,
		  "A message on wa was changed by its author. It says now:\n\nsorry: 5" },
		{ "message.edited", "{\"attachment_id\":\"att_1\",\"message\":{\"attachments\":[{\"id\":\"att_1\",\"state\":\"failed\"}]}}",
		  HG_ERRAND_NONE, "" },
		{ "message.deleted", "{\"channel\":\"wa\",\"message\":{\"at\":\"2026-11-20\"}}", HG_ERRAND_NOTE,
		  "A message on wa of 2026-11-20 was taken back by its author." },
		{ "message.reacted", "{\"message\":{\"channel\":\"wa\",\"text\":\"done\",\"reactions\":{\"tel:+44\":\"\xf0\x9f\x91\x8d\"}}}",
		  HG_ERRAND_NOTE, "Reactions on wa to \"done\": \xf0\x9f\x91\x8d (tel:+44)" },
		{ "csat.received", "{\"csat\":{\"score\":4,\"scale\":\"5\",\"comment\":\"fine\"}}", HG_ERRAND_NOTE,
		  "The customer rates the conversation: 4 of 5.\n\nfine" },
		{ "csat.received", "{\"csat\":{\"score\":0,\"scale\":\"thumbs\"}}", HG_ERRAND_NOTE,
		  "The customer rates the conversation: thumbs down." },
		{ "csat.received", "{\"csat\":null}", HG_ERRAND_NONE, "" },
		{ "contact.consent", "{\"consent\":{\"address\":\"tel:+44\",\"state\":\"stop\",\"words\":\"STOP\"}}", HG_ERRAND_NOTE,
		  "tel:+44 wants no more messages (\"STOP\")." },
		{ "contact.unreachable_reply", "{\"unread\":{\"count\":2,\"since\":\"10:02\"}}", HG_ERRAND_NOTE,
		  "2 answers have not been seen by the customer since 10:02." },
		{ "thread.notice", "{\"notice\":{\"text\":\"look here\"}}", HG_ERRAND_NOTE, "look here" },
		{ "ticket.linked", "{}", HG_ERRAND_NONE, "" }, { "thread.closed", "{}", HG_ERRAND_NONE, "" },
	};
	g_autoptr(hg_peer) peer = peer_new(ALL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = NULL;
		int kind = errand_of(peer->desk, cases[i].type, cases[i].data, &text);

		if (kind != cases[i].kind || strcmp(text, cases[i].text))
			fail_msg("%s %s: %d '%s'", cases[i].type, cases[i].data, kind, text);
	}
}

static void where_nothing_can_be_said_it_is_a_note_or_nothing(void **state)
{
	g_autoptr(hg_peer) notes = peer_new(",\"note\":[{\"url\":\"${url}/n\",\"json\":{\"t\":\"${text}\"}}]"), bare = peer_new("");
	g_autofree char *first = NULL, *second = NULL, *third = NULL;
	(void)state;

	assert_int_equal(errand_of(notes->desk, "ticket.message", "{\"channel\":\"wa\",\"contact\":{\"name\":\"Ana\"},\"message\":{\"text\":\"hi\"}}",
				   &first), HG_ERRAND_NOTE);
	assert_string_equal(first, "Ana wrote on wa:\n\nhi");
	assert_int_equal(errand_of(bare->desk, "message.deleted", "{\"message\":{}}", &second), HG_ERRAND_NONE);
	assert_int_equal(errand_of(bare->desk, "ticket.reopened", "{}", &third), HG_ERRAND_NONE);
}

static void the_situation_has_what_templates_name(void **state)
{
	static const char data[] = "{\"thread\":{\"id\":\"thr_1\",\"url\":\"https://h/thr_1\",\"state\":\"open\"},\"subject\":\"Late\","
		"\"channel\":\"wa\",\"tags\":[\"vip\"],\"contact\":{\"id\":\"con_1\",\"name\":\"Ana de la Cruz\",\"email\":null,\"phone\":\"+44\"},"
		"\"ticket\":{\"id\":\"tkt_1\",\"number\":\"TK-1\",\"state\":\"solved\",\"priority\":\"high\"},"
		"\"message\":{\"id\":\"msg_1\",\"author\":\"customer\",\"author_name\":null,\"at\":\"2026\"}}";
	g_autoptr(hg_peer) peer = peer_new(ALL);
	g_autoptr(json_object) parsed = hg_json_parse(data, strlen(data), NULL, NULL), files = json_object_new_array(), said = NULL;
	const hg_link link = { .external_id = "77", .url = "https://d/77" };
	hg_dispatch dispatch = { .job.name = "desk", .link = &link, .event = { .id = "evt_1", .data = data } };
	(void)state;

	said = hg_desk_say_event(&dispatch, parsed, peer->desk, 1700000000000);
	hg_desk_say_part(said, &(struct hg_desk_part){ .op = HG_DESK_APPEND, .piece = 1, .key = "k", .external_id = "msg_1",
						       .text = "a<b\nc", .files = files });
	assert_string_equal(json_object_to_json_string_ext(said, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		"{\"now\":{\"s\":1700000000,\"epoch\":1700000000,\"ms\":1700000000000,\"iso\":\"2023-11-14T22:13:20.000Z\"},"
		"\"channel\":\"wa\",\"subject\":\"Late\",\"thread\":{\"id\":\"thr_1\",\"url\":\"https://h/thr_1\"},"
		"\"contact\":{\"id\":\"con_1\",\"name\":\"Ana de la Cruz\",\"phone\":\"+44\"},"
		"\"ticket\":{\"priority\":\"high\",\"ref\":\"TK-1\",\"key\":\"tkt_1\",\"status\":\"solved\",\"subject\":\"Late\",\"tags\":[\"vip\"],"
		"\"id\":\"77\",\"number\":\"77\",\"url\":\"https://d/77\"},"
		"\"requester\":{\"name\":\"Ana de la Cruz\",\"phone\":\"+44\",\"first_name\":\"Ana de la\",\"last_name\":\"Cruz\"},"
		"\"message\":{\"id\":\"msg_1\",\"author\":\"customer\",\"at\":\"2026\"},\"status\":\"done\","
		"\"op\":\"append\",\"key\":\"k.2\",\"external_id\":\"msg_1.2\",\"first\":false,\"files\":[],"
		"\"text\":\"a<b\\nc\",\"html\":\"a&lt;b<br>c\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ticket_is_what_its_answer_names),
		cmocka_unit_test(what_may_have_arrived_leaves_a_doubt),
		cmocka_unit_test(what_is_not_there_is_none),
		cmocka_unit_test(helpdesks_say_in_many_places_what_is_wrong),
		cmocka_unit_test(each_file_is_a_step_of_its_own_that_is_not_done_twice),
		cmocka_unit_test(a_file_that_is_not_taken_is_told_with_the_reason),
		cmocka_unit_test(a_note_names_so_many_files_and_counts_the_rest),
		cmocka_unit_test(without_stops_it_runs_to_its_end),
		cmocka_unit_test(a_file_without_its_bytes_is_not_sent),
		cmocka_unit_test(all_wait_for_one_login),
		cmocka_unit_test(a_session_that_ends_is_begun_once_more_and_no_more),
		cmocka_unit_test(a_login_that_fails_is_told),
		cmocka_unit_test(who_gives_up_lets_the_next_log_in),
		cmocka_unit_test(a_file_elsewhere_gets_no_credentials),
		cmocka_unit_test(an_address_that_is_none_is_not_called),
		cmocka_unit_test(pieces_say_all_of_a_text),
		cmocka_unit_test(a_text_is_parted_where_words_end),
		cmocka_unit_test(each_event_is_what_agents_have_of_it),
		cmocka_unit_test(where_nothing_can_be_said_it_is_a_note_or_nothing),
		cmocka_unit_test(the_situation_has_what_templates_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_engine_visitor.c - visitors: who they turn out to be, what they have seen, what reaches them by mail */
#include "engine_fixture.h"

#include <string.h>

#include "state.h"

#define ANON   "widget:AAAAAAAAAAAAAAAAAAAAAA"
#define ANON_2 "widget:BBBBBBBBBBBBBBBBBBBBBB"
#define ANA    "widget:u0000000000000000000000000000000000000000001"
#define BEN    "widget:u0000000000000000000000000000000000000000002"
#define USER   "user:default:42"
#define MAIL   "mailto:ana@example.com"
#define TOKEN  "t1aaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SITE(more) "channels:\n  web: { adapter: fake" more " }\n  mail: { adapter: mail }\n  wa: { adapter: fake }\n" \
	"  brand: { adapter: fake, scope: brand }\n"
#define UNSEEN ", unseen: { mail: mail, after: 2m, gap: 10m, push: 15s }"
#define QUIET  "default: hold\n"

static hg_lab *site(const char *more)
{
	g_autofree char *yaml = g_strconcat(QUIET, more ?: SITE(UNSEEN), NULL);

	return lab_new(yaml);
}

/* ---- what visitors do ---- */

static void write_as(hg_lab *lab, const char *channel, const char *uri, const char *text, const char *profile)
{
	struct hg_in in = lab_text(uri, text);

	in.name = NULL;
	in.profile = profile;
	lab_wait(lab, 1000);
	lab_in(lab, channel, &in, 1);
}

static void say(hg_lab *lab, const char *uri, const char *text)
{
	write_as(lab, "web", uri, text, NULL);
}

static hg_command *asked(hg_lab *lab, int kind, const char *thread, const char *uri)
{
	hg_command *command = lab_command(lab, kind, thread);

	command->channel = "web";
	command->visiting.uri = uri;
	return command;
}

struct who {
	const char *former, *uri, *email, *name, *jti, *browser;
	int proof;			/* of email; 0: PROVEN */
};

static void identify(hg_lab *lab, const struct who *who)
{
	hg_command *command = asked(lab, HG_CMD_IDENTIFY, NULL, who->former);
	const struct hg_address from[] = { { who->uri, HG_PROVEN }, { USER, HG_PROVEN }, { who->email, who->proof ?: HG_PROVEN } };
	const struct hg_in in = { .size = sizeof(in), .kind = HG_IDENTITY, .from = from, .n_from = who->email ? 3 : 2,
				  .name = who->name };

	command->visiting.jti = who->jti;
	command->visiting.browser = who->browser;
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in) }, e));
	lab_do(lab, command);
}

static char *newest(hg_lab *lab, int direction)
{
	return lab_value(lab, "SELECT id FROM message WHERE direction = %d AND channel = 'web' ORDER BY n DESC LIMIT 1", direction);
}

static void seen(hg_lab *lab, const char *uri, int state)
{
	g_autofree char *thread = lab_value(lab, "SELECT id FROM thread ORDER BY n LIMIT 1");
	g_autofree char *message = newest(lab, HG_OUTBOUND);
	hg_command *command = asked(lab, HG_CMD_SEEN, thread, uri);

	command->visiting.state = state;
	command->visiting.message_id = hg_arena_str(command->arena, message);
	lab_do(lab, command);
}

/* An answer that the channel took. */
static void answer(hg_lab *lab, const char *text)
{
	hg_dispatch *dispatch;

	lab_reply(lab, lab_thread(lab), text);
	while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
		g_autofree char *key = g_strdup(dispatch->out.key);

		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = key });
	}
}

/* The text of the mail that goes out next, sent under a token; NULL: none does.  Yours. */
static char *mailed(hg_lab *lab)
{
	hg_dispatch *dispatch = lab_take(lab, HG_TO_CHANNEL);
	char *text = dispatch ? g_strdup(dispatch->out.text) : NULL;

	for (; dispatch; dispatch = lab_take(lab, HG_TO_CHANNEL)) {
		static const char *const also[] = { TOKEN, NULL };
		hg_command *sent = lab_command(lab, HG_CMD_SENT, NULL);

		assert_string_equal(dispatch->job.name, "mail");
		assert_null(dispatch->out.payload);
		sent->job_n = dispatch->job.n;
		sent->fence = dispatch->fence;
		sent->channel = "mail";
		sent->sent = (struct hg_result){ .size = sizeof(sent->sent), .fate = HG_SENT, .id = "<copy@acme.example>",
						 .also = also };
		lab_drop(dispatch);
		lab_do(lab, sent);
	}
	return text;
}

/* All that helpdesks wait for is done, and the store holds together. */
static void audit(hg_lab *lab)
{
	lab_desk(lab);
	lab_audit(lab);
}

#define has(text, part) do {								\
	if (!strstr((text) ?: "", (part)))						\
		fail_msg("\"%s\" is not in: %s", (part), (text) ?: "(nothing)");		\
} while (0)

/* ---- where they were ---- */

static void each_conversation_knows_its_visitors(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "hello");
	say(lab, ANON, "are you there?");
	lab_say(lab, "tel:+447700900123", "no visitor");
	answer(lab, "not for him");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visit");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visit WHERE uri = '" ANON "' AND thread_n = 1 AND read_n = 0");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor");	/* whoever only writes costs no row */
	audit(lab);
}

static void what_he_says_of_himself_is_claimed(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	write_as(lab, "web", ANON, "hello", "{\"name\":\" Ana \",\"email\":\"ana@example.com\",\"phone\":\"123\",\"locale\":\"de\"}");
	lab_is(lab, "Ana", "SELECT name FROM contact");
	lab_is(lab, "{\"claimed_email\":\"ana@example.com\",\"claimed_phone\":\"123\"}", "SELECT fields FROM contact");
	lab_is(lab, "de", "SELECT locale FROM contact");
	lab_is(lab, MAIL, "SELECT email FROM visitor WHERE vouched = 0");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM address WHERE channel = ''");	/* nobody is found by it */
	write_as(lab, "web", ANON, "and", "{\"phone\":\"456\"}");
	lab_is(lab, "{\"name\":\"Ana\",\"email\":\"ana@example.com\",\"phone\":\"456\"}", "SELECT profile FROM visitor");
}

static void nonsense_of_himself_is_not_kept(void **state)
{
	static const char *const nonsense[] = {
		"", "[]", "{", "{\"email\":\"ana\"}", "{\"email\":\"a@example.com, b@example.com\"}", "{\"name\":\"a\\u0007\"}",
		"{\"name\":7}", "{\"email\":{\"a\":{\"b\":[]}}}", "{\"name\":\"  \"}", "{\"name\":\"a\\nb\"}",
		"{\"email\":\"write to ana@example.com please now\"}",
	};
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(nonsense); i++)
		write_as(lab, "web", ANON, "hello", nonsense[i]);
	lab_counts(lab, (gint64)G_N_ELEMENTS(nonsense), "SELECT COUNT(*) FROM message WHERE direction = 1");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact WHERE name IS NULL AND fields IS NULL");
}

static void a_profile_comes_without_a_message_too(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	hg_command *command = asked(lab, HG_CMD_PROFILE, NULL, ANON);
	(void)state;

	command->visiting.profile = "{\"name\":\"Ana\"}";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	say(lab, ANON, "hello");
	command = asked(lab, HG_CMD_PROFILE, NULL, ANON);
	command->visiting.profile = "{\"name\":\"Ana\",\"email\":\"ana@example.com\"}";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "Ana", "SELECT name FROM contact");
	lab_is(lab, MAIL, "SELECT email FROM visitor");
}

/* ---- who they turn out to be ---- */

static void his_conversations_come_along_once(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "where is my order?");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL, .name = "Ana Adams" });
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"threads\":1");
	has(lab->answer, "\"visitor\":\"" ANA "\"");
	assert_int_equal(lab_told(lab, "contact.merged"), 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread AS t JOIN contact AS c ON c.n = t.contact_n WHERE c.name = 'Ana Adams' "
		   "AND c.merged_into IS NULL AND t.reply_to = '" ANA "'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact WHERE merged_into IS NOT NULL");
	lab_counts(lab, 4, "SELECT COUNT(*) FROM address AS a JOIN contact AS c ON c.n = a.contact_n WHERE c.name = 'Ana Adams'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor WHERE uri = '" ANON "' AND browser = '' AND ended_ms = %" G_GINT64_FORMAT
		   " AND into_uri = '" ANA "'", test_now_ms);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor WHERE uri = '" ANA "' AND email = '" MAIL "' AND vouched = 1 AND "
		   "visitor.user = '" USER "'");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL, .name = "Ana Adams" });
	identify(lab, &(struct who){ .former = ANA, .uri = ANA, .email = MAIL, .name = "Ana Adams" });
	assert_int_equal(lab_told(lab, "contact.merged"), 1);
	say(lab, ANA, "it came");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM visit WHERE thread_n = 1");
	audit(lab);
}

static void the_event_says_whom_it_is_about(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *data = NULL;
	(void)state;

	say(lab, ANON, "hello");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .name = "Ana Adams" });
	data = lab_value(lab, "SELECT data FROM event WHERE type = 'contact.merged' AND thread_n = 1");
	has(data, "\"contact\":{\"id\":\"con_");
	has(data, "\"name\":\"Ana Adams\"");
	has(data, "\"reason\":\"the site's server says who this visitor is\"");
	has(data, "\"other\":{\"id\":\"con_");
}

static void who_never_wrote_costs_no_contact(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	identify(lab, &(struct who){ .uri = ANA, .email = MAIL, .jti = "j1", .browser = "b1" });
	has(lab->answer, "\"contact\":null,\"merged\":null,\"threads\":0");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL, .browser = "b1" });
	lab_counts(lab, 0, "SELECT COUNT(*) FROM contact");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor WHERE browser = ''");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor WHERE browser = 'b1' AND uri = '" ANON "' AND ended_ms > 0");
}

/* His first message brings what the site's server vouched for. */
static void an_identified_first_message_brings_his_addresses(void **state)
{
	const struct hg_address from[] = { { ANA, HG_PROVEN }, { USER, HG_PROVEN }, { MAIL, HG_PROVEN } };
	struct hg_in in = lab_text(ANA, "hello");
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	in.from = from;
	in.n_from = 3;
	lab_in(lab, "web", &in, 1);
	lab_counts(lab, 3, "SELECT COUNT(*) FROM address WHERE channel = '' AND proof = 2");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor WHERE uri = '" ANA "' AND email = '" MAIL "' AND vouched = 1");
	lab_in(lab, "web", &in, 1);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor");
}

static void a_second_open_conversation_keeps_a_key_of_its_own(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "on the sofa");
	say(lab, ANA, "at work");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .name = "Ana" });
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread WHERE state = 1");
	lab_counts(lab, 1, "SELECT COUNT(DISTINCT contact_n) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE key = id");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE key = ''");
	say(lab, ANA, "and again");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread");
	audit(lab);
}

/* A proven address beside the browser's is somebody: nobody merges him because a site says so. */
static void who_is_more_than_a_browser_stays(void **state)
{
	const struct hg_address from[] = { { ANON, HG_PROVEN }, { "tel:+447700900123", HG_PROVEN } };
	struct hg_in in = lab_text(ANON, "hello");
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	in.from = from;
	in.n_from = 2;
	lab_in(lab, "web", &in, 1);
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL });
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"merged\":null,\"threads\":0");
	assert_int_equal(lab_told(lab, "contact.merged"), 0);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread AS t JOIN address AS a ON a.contact_n = t.contact_n WHERE a.uri = '" ANON "'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visitor WHERE uri = '" ANON "' AND ended_ms > 0");
	audit(lab);
}

/* One identified visitor never becomes another: he logs out before. */
static void an_identified_one_becomes_nobody_else(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANA, "hello");
	identify(lab, &(struct who){ .former = ANA, .uri = BEN });
	has(lab->answer, "\"merged\":null");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM contact WHERE merged_into IS NOT NULL");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor WHERE ended_ms > 0");
}

static void a_token_counts_for_one_browser(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "hello");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .jti = "j1", .browser = "b1" });
	assert_int_equal(lab->error, 0);
	say(lab, ANON_2, "I have stolen it");
	identify(lab, &(struct who){ .former = ANON_2, .uri = ANA, .jti = "j1", .browser = "b2" });
	assert_int_equal(lab->error, HG_ERROR_DENIED);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor WHERE uri = '" ANON_2 "'");
	identify(lab, &(struct who){ .former = ANA, .uri = ANA, .jti = "j1", .browser = "b1" });
	assert_int_equal(lab->error, 0);
	identify(lab, &(struct who){ .former = ANON_2, .uri = ANA, .jti = "j2", .browser = "b2" });
	assert_int_equal(lab->error, 0);
	audit(lab);
}

static void what_says_not_who_it_is_is_refused(void **state)
{
	static const char *const uris[] = { ANON, "tel:+447700900123", USER };
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(uris); i++) {
		identify(lab, &(struct who){ .former = ANON, .uri = uris[i] });
		assert_int_equal(lab->error, HG_ERROR_INPUT);
	}
	lab_do(lab, asked(lab, HG_CMD_IDENTIFY, NULL, ANON));
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visitor");
}

static void unmerge(hg_lab *lab, const char *id)
{
	hg_command *command = lab_command(lab, HG_CMD_UNMERGE, NULL);

	command->text = hg_arena_str(command->arena, id);
	command->agent = "Mia";
	lab_do(lab, command);
}

static void what_was_joined_can_be_taken_apart(void **state)
{
	g_autofree char *former = NULL, *before = NULL;
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "on a shared computer");
	former = lab_value(lab, "SELECT id FROM contact");
	before = lab_value(lab, "SELECT contact_n || key || state || channel || reply_to FROM thread WHERE n = 1");
	say(lab, ANA, "at work");
	unmerge(lab, former);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	identify(lab, &(struct who){ .former = ANON, .uri = ANA });
	unmerge(lab, former);
	assert_int_equal(lab->error, 0);
	has(lab->answer, "\"threads\":1");
	assert_int_equal(lab_told(lab, "contact.unmerged"), 1);
	lab_is(lab, before, "SELECT contact_n || key || state || channel || reply_to FROM thread WHERE n = 1");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM contact WHERE merged_into IS NOT NULL");
	lab_counts(lab, 2, "SELECT COUNT(DISTINCT contact_n) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM merging WHERE undone_ms = %" G_GINT64_FORMAT, test_now_ms);
	audit(lab);
	unmerge(lab, former);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	unmerge(lab, "con_nobody");
	assert_int_equal(lab->error, HG_ERROR_MISSING);
}

/* What was closed and begun again by the key that is his now goes by a key of its own, there too. */
static void taken_apart_nothing_is_open_twice(void **state)
{
	g_autofree char *former = NULL;
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "one");
	former = lab_value(lab, "SELECT id FROM contact");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA });
	say(lab, ANA, "two");
	unmerge(lab, former);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE reply_to = '" ANON "'");
	say(lab, ANA, "three");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread WHERE state = 1 AND key = ''");
	identify(lab, &(struct who){ .former = ANON, .uri = ANA });
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread WHERE state = 1 AND key = ''");
	assert_int_equal(lab_told(lab, "contact.merged"), 2);
	unmerge(lab, former);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM thread WHERE state = 1 AND key = ''");
	audit(lab);
}

/* ---- the end of a session ---- */

static gint64 ended(hg_lab *lab, const char *uri, const char *browser)
{
	gint64 ms;

	must(hg_store_visitor_ended(lab->w->store, uri, browser, &ms, e));
	return ms;
}

static void logging_out_ends_one_browser_or_all(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *huge = g_strnfill(HG_BROWSER_MAX + 1, 'b');
	hg_command *command = asked(lab, HG_CMD_LOGOUT, NULL, ANA);
	gint64 first = test_now_ms;
	(void)state;

	command->visiting.browser = "b1";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	assert_true(ended(lab, ANA, "b1") == first);
	assert_true(ended(lab, ANA, "b2") == 0 && ended(lab, ANA, NULL) == 0 && ended(lab, BEN, "b1") == 0);
	lab_wait(lab, 1000);
	lab_do(lab, asked(lab, HG_CMD_LOGOUT, NULL, ANA));
	assert_true(ended(lab, ANA, "b1") == first + 1000 && ended(lab, ANA, "b2") == first + 1000);
	command = asked(lab, HG_CMD_LOGOUT, NULL, ANA);
	command->visiting.browser = huge;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_LIMIT);
	lab_do(lab, asked(lab, HG_CMD_LOGOUT, NULL, "tel:+447700900123"));
	assert_int_equal(lab->error, HG_ERROR_INPUT);
}

/* ---- what they see ---- */

static hg_thread *thread_at(hg_lab *lab, hg_arena *arena, gint64 n)
{
	hg_thread *thread;

	must(hg_store_thread_get(lab->w->store, arena, n, &thread, e));
	return thread;
}

static gboolean sees(hg_lab *lab, const char *uri, const char *scope, gint64 thread_n)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	gboolean his, listed = FALSE;
	struct hg_view view;

	must(hg_store_view(lab->w->store, arena, uri, scope, &view, e));
	must(hg_store_viewed(lab->w->store, arena, &view, thread_at(lab, arena, thread_n), &his, e));
	must(hg_store_viewed_list(lab->w->store, arena, &view, HG_VIEW_MAX, all, e));
	for (guint i = 0; i < all->len; i++)
		listed |= ((const hg_thread *)g_ptr_array_index(all, i))->n == thread_n;
	assert_int_equal(his, listed);
	return his;
}

static void nobody_sees_what_is_not_his(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "one");
	say(lab, ANON_2, "two");
	say(lab, ANA, "three");
	write_as(lab, "brand", ANON, "of another brand", NULL);
	assert_true(sees(lab, ANON, "default", 1) && !sees(lab, ANON, "default", 2) && !sees(lab, ANON, "default", 3));
	assert_true(!sees(lab, ANON, "default", 4) && sees(lab, ANON, "brand", 4) && !sees(lab, ANON, "brand", 1));
	assert_true(sees(lab, ANA, "default", 3) && !sees(lab, ANA, "default", 1));
	assert_true(!sees(lab, BEN, "default", 1) && !sees(lab, BEN, "default", 3));
	identify(lab, &(struct who){ .former = ANON, .uri = ANA });
	assert_true(sees(lab, ANA, "default", 1) && sees(lab, ANA, "default", 3) && !sees(lab, ANA, "default", 2));
	assert_true(sees(lab, ANA, "brand", 4) && !sees(lab, BEN, "brand", 4));
}

static void another_ones_conversation_is_unknown(void **state)
{
	static const int kinds[] = { HG_CMD_SEEN, HG_CMD_RATE, HG_CMD_TRANSCRIPT };
	g_autofree char *thread = NULL, *message = NULL;
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "yes?");
	thread = g_strdup(lab_thread(lab));
	message = newest(lab, HG_OUTBOUND);
	say(lab, ANON_2, "two");
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		const char *const uris[] = { ANON_2, ANA };

		for (gsize j = 0; j < G_N_ELEMENTS(uris); j++) {
			hg_command *command = asked(lab, kinds[i], thread, uris[j]);

			command->visiting.state = HG_R_READ;
			command->visiting.message_id = hg_arena_str(command->arena, message);
			command->visiting.score = 5;
			lab_do(lab, command);
			assert_int_equal(lab->error, HG_ERROR_MISSING);
			has(lab->error_text, "there is no thread thr_");
		}
	}
	lab_counts(lab, 0, "SELECT COUNT(*) FROM receipt");
	lab_counts(lab, 0, "SELECT COUNT(*) FROM visit WHERE read_n > 0");
}

static guint unread_of(hg_lab *lab, const char *uri)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_view view;
	gint64 read_n;
	guint n;

	must(hg_store_view(lab->w->store, arena, uri, "default", &view, e));
	must(hg_store_unread(lab->w->store, arena, &view, thread_at(lab, arena, 1), &n, &read_n, e));
	return n;
}

static void what_was_read_is_told_once(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	guint told;
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "a");
	answer(lab, "b");
	assert_int_equal(unread_of(lab, ANON), 2);
	seen(lab, ANON, HG_R_DELIVERED);
	assert_int_equal(lab->error, 0);
	lab_counts(lab, 2, "SELECT COUNT(*) FROM message WHERE delivery = %d", HG_DLV_DELIVERED);
	assert_int_equal(unread_of(lab, ANON), 2);
	answer(lab, "c");
	seen(lab, ANON, HG_R_READ);
	lab_counts(lab, 3, "SELECT COUNT(*) FROM message WHERE delivery = %d", HG_DLV_READ);
	lab_counts(lab, 1, "SELECT COUNT(*) FROM visit AS v JOIN message AS m ON m.n = v.read_n WHERE m.text = 'c'");
	assert_int_equal(unread_of(lab, ANON), 0);
	told = lab_told(lab, "message.status");
	assert_int_equal(told, 5);
	seen(lab, ANON, HG_R_READ);
	seen(lab, ANON, HG_R_DELIVERED);
	assert_int_equal(lab_told(lab, "message.status"), told);
	audit(lab);
}

/* Before the channel's own answer that it has it. */
static void a_read_mark_may_come_before_the_channels_answer(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	hg_dispatch *dispatch;
	(void)state;

	say(lab, ANON, "one");
	lab_reply(lab, lab_thread(lab), "fast");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	seen(lab, ANON, HG_R_READ);
	assert_int_equal(lab->error, 0);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "k" });
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE delivery = %d", HG_DLV_READ);
	lab_counts(lab, 0, "SELECT COUNT(*) FROM outbox WHERE target = 1");
	audit(lab);
}

static void a_receipt_of_the_channel_marks_it_read_too(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *id = NULL;
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "a");
	id = lab_value(lab, "SELECT external_id FROM message WHERE text = 'a'");
	lab_receipt(lab, "web", HG_R_READ, id, NULL);
	assert_int_equal(unread_of(lab, ANON), 0);
}

static void marks_of_what_is_not_there_are_refused(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	hg_command *command;
	(void)state;

	say(lab, ANON, "one");
	command = asked(lab, HG_CMD_SEEN, lab_thread(lab), ANON);
	command->visiting.state = HG_R_READ;
	command->visiting.message_id = "msg_nothing";
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_MISSING);
	command = asked(lab, HG_CMD_SEEN, lab_thread(lab), ANON);
	command->visiting.state = HG_R_FAILED;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
}

/* ---- what they think ---- */

static void an_opinion_is_taken_when_it_is_asked_for(void **state)
{
	g_autoptr(hg_lab) lab = site("rating: { ask: true, delay: 0s }\n" SITE(UNSEEN));
	hg_command *command;
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "a");
	command = asked(lab, HG_CMD_RATE, lab_thread(lab), ANON);
	command->visiting.score = 5;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_STATE);
	command = lab_command(lab, HG_CMD_CLOSE, lab_thread(lab));
	command->resolution = HG_RES_RESOLVED;
	lab_do(lab, command);
	lab_wait(lab, 1000);
	lab_is(lab, "rating", "SELECT asked FROM thread");
	command = asked(lab, HG_CMD_RATE, lab_thread(lab), ANON);
	command->visiting.score = 6;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_INPUT);
	command = asked(lab, HG_CMD_RATE, lab_thread(lab), ANON);
	command->visiting.score = 4;
	command->text = " quick ";
	lab_do(lab, command);
	assert_int_equal(lab->error, 0);
	lab_is(lab, "4quick", "SELECT score || comment FROM csat WHERE resolver = 'human'");
	assert_int_equal(lab_told(lab, "csat.received"), 1);
	command = asked(lab, HG_CMD_RATE, lab_thread(lab), ANON);
	command->visiting.score = 1;
	lab_do(lab, command);
	assert_int_equal(lab->error, HG_ERROR_STATE);
}

/* ---- answers nobody saw ---- */

static void backends_hear_of_an_answer_that_reached_nobody(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *data = NULL;
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "a");
	lab_wait(lab, 5000);
	answer(lab, "b");
	lab_wait(lab, 9999);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 0);
	lab_wait(lab, 1);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 1);
	data = lab_value(lab, "SELECT data FROM event WHERE type = 'contact.unreachable_reply'");
	has(data, "\"count\":2");
	has(data, "\"author\":\"Mia\",\"preview\":null");
	has(data, "\"visitor\":\"" ANON "\"");
	lab_wait(lab, HOUR_MS);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 1);
	answer(lab, "c");
	lab_wait(lab, 15000);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 2);
	g_free(data);
	data = lab_value(lab, "SELECT data FROM event WHERE type = 'contact.unreachable_reply' ORDER BY n DESC LIMIT 1");
	has(data, "\"count\":1");
	has(lab_desk(lab), "contact.unreachable_reply");
	audit(lab);
}

static void who_has_it_is_not_pushed(void **state)
{
	g_autoptr(hg_lab) lab = site(SITE(", unseen: { push: 15s, preview: true }"));
	g_autofree char *data = NULL;
	(void)state;

	say(lab, ANON, "one");
	answer(lab, "a");
	seen(lab, ANON, HG_R_DELIVERED);
	lab_wait(lab, HOUR_MS);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 0);
	answer(lab, "b");
	lab_wait(lab, 15000);
	data = lab_value(lab, "SELECT data FROM event WHERE type = 'contact.unreachable_reply'");
	has(data, "\"count\":1");
	has(data, "\"preview\":\"b\"");
}

static void what_is_off_stays_off(void **state)
{
	g_autoptr(hg_lab) lab = site(SITE(", unseen: { push: 0s }"));
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	lab_say(lab, "tel:+447700900123", "no visitor");
	answer(lab, "b");
	lab_wait(lab, HOUR_MS);
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 0);
	assert_null(lab_take(lab, HG_TO_CHANNEL));
	lab_counts(lab, 0, "SELECT COUNT(*) FROM timer WHERE kind IN ('push', 'unseen')");
}

static void unread_answers_go_in_one_mail(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL, *again = NULL, *payload = NULL;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "your order left today");
	lab_wait(lab, 30000);
	answer(lab, "here is the number: 4711");
	lab_wait(lab, 2 * MINUTE_MS - 30001);
	assert_null(mailed(lab));
	lab_wait(lab, 1);
	text = mailed(lab);
	has(text, "You did not see our answer in the chat");
	has(text, "your order left today\n");
	has(text, "here is the number: 4711\n");
	has(text, "Answer this mail");
	payload = lab_value(lab, "SELECT payload FROM message WHERE channel = 'mail'");
	has(payload, HG_COPY_UNSEEN ",\"of\":[\"msg_");
	lab_is(lab, MAIL, "SELECT address FROM message WHERE channel = 'mail'");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = 4 AND text LIKE '2 answers were not seen%%ana@example.com.'");
	lab_wait(lab, HOUR_MS);
	assert_null(mailed(lab));
	/* The next one waits until so long after the last mail. */
	answer(lab, "it is at your door");
	lab_wait(lab, 2 * MINUTE_MS);
	again = mailed(lab);
	has(again, "it is at your door");
	assert_null(strstr(again, "4711"));
	answer(lab, "bye");
	lab_wait(lab, 2 * MINUTE_MS);
	assert_null(mailed(lab));
	lab_wait(lab, 8 * MINUTE_MS);
	g_free(again);
	again = mailed(lab);
	has(again, "bye");
	audit(lab);
}

static void what_was_read_is_not_mailed(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	seen(lab, ANON, HG_R_DELIVERED);
	lab_wait(lab, MINUTE_MS);
	seen(lab, ANON, HG_R_READ);
	lab_wait(lab, HOUR_MS);
	assert_null(mailed(lab));
	lab_counts(lab, 0, "SELECT COUNT(*) FROM message WHERE channel = 'mail'");
}

/* What helpdesks hear of a copy is its fate, not its words again. */
static void a_copy_is_no_answer_again(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	guint sent;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	sent = lab_told(lab, "message.sent");
	lab_wait(lab, 2 * MINUTE_MS);
	text = mailed(lab);
	assert_non_null(text);
	assert_int_equal(lab_told(lab, "message.sent"), sent);
	assert_int_equal(unread_of(lab, ANON), 1);
	lab_counts(lab, 1, "SELECT ep_human FROM thread");
}

static void mail_in(hg_lab *lab, const char *uri, const char *text)
{
	const struct hg_address from = { uri, HG_CLAIMED };
	static const char *const refs[] = { TOKEN, NULL };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .from = &from, .n_from = 1, .to = "mailto:we@acme.example",
			    .text = text, .refs = refs, .vouched = 1 };

	lab->space = "mail";
	lab_in(lab, "mail", &in, 1);
	lab->space = NULL;
}

static void the_mails_answer_comes_to_the_same_conversation(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	hg_dispatch *dispatch;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	lab_wait(lab, 2 * MINUTE_MS);
	text = mailed(lab);
	mail_in(lab, "mailto:eve@example.net", "somebody has the token");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = %d AND channel = 'mail'", HG_NOTE);
	mail_in(lab, "mailto:Ana@example.com", "thank you, one more thing");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM thread");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = 1 AND channel = 'mail' AND thread_n = 1");
	lab_counts(lab, 1, "SELECT COUNT(*) FROM contact");
	/* He is where he wrote last. */
	lab_reply(lab, lab_thread(lab), "yes?");
	dispatch = lab_take(lab, HG_TO_CHANNEL);
	assert_string_equal(dispatch->job.name, "mail");
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "<x@acme.example>" });
	say(lab, ANON, "back in the chat");
	lab_is(lab, ANON, "SELECT reply_to FROM thread");
	audit(lab);
}

/* The same address may be somebody's whom we know: he gets the mail, and is not taken for the visitor. */
static void an_owner_of_the_address_keeps_it(void **state)
{
	const struct hg_address from = { MAIL, HG_CLAIMED };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .from = &from, .n_from = 1, .text = "hello",
			    .sender = HG_SENDER_PASS };
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	(void)state;

	lab->space = "mail";
	lab_in(lab, "mail", &in, 1);
	lab->space = NULL;
	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	lab_wait(lab, 2 * MINUTE_MS);
	text = mailed(lab);
	has(text, "a\n");
	mail_in(lab, MAIL, "who is this?");
	lab_counts(lab, 2, "SELECT COUNT(*) FROM contact");
	audit(lab);
}

/* By whichever of his addresses: what went by mail before he was known does not go again, nor to nowhere. */
static void nothing_is_mailed_again_to_who_is_identified(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "first");
	lab_wait(lab, 2 * MINUTE_MS);
	text = mailed(lab);
	has(text, "first");
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 1);
	identify(lab, &(struct who){ .former = ANON, .uri = ANA });
	answer(lab, "second");
	lab_wait(lab, 15 * MINUTE_MS);
	g_free(text);
	text = mailed(lab);
	has(text, "second");
	assert_null(strstr(text, "first"));
	assert_int_equal(lab_told(lab, "contact.unreachable_reply"), 2);
	audit(lab);
}

static void robots_write_to_no_stranger(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	hg_command *command;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.bot = TRUE;
	command->reply.text = "I am a bot";
	lab_do(lab, command);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = "k" });
	lab_wait(lab, HOUR_MS);
	assert_null(mailed(lab));
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL });
	say(lab, ANA, "two");
	command = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	command->reply.bot = TRUE;
	command->reply.text = "still a bot";
	lab_do(lab, command);
	lab_sent(lab, lab_take(lab, HG_TO_CHANNEL), &(struct hg_result){ .fate = HG_SENT, .id = "l" });
	lab_wait(lab, HOUR_MS);
	text = mailed(lab);
	has(text, "still a bot");
}

/* Whoever types another's address into the form cannot have us flood him. */
static void a_strangers_mailbox_is_not_filled(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	guint mails = 0;
	(void)state;

	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	for (guint i = 0; i < 30; i++) {
		g_autofree char *text = NULL;

		answer(lab, "a");
		lab_wait(lab, 11 * MINUTE_MS);
		text = mailed(lab);
		mails += text != NULL;
	}
	assert_int_equal(mails, 10);
}

static void who_opted_out_gets_no_mail(void **state)
{
	g_autoptr(hg_lab) lab = site(SITE(UNSEEN) "  more: { adapter: fake }\n");
	hg_command *command = lab_command(lab, HG_CMD_CONSENT, NULL);
	(void)state;

	command->channel = "mail";
	command->text = MAIL;
	command->status = "stop";
	lab->caps = HG_CAP_WORDS;
	lab_do(lab, command);
	write_as(lab, "web", ANON, "one", "{\"email\":\"ana@example.com\"}");
	answer(lab, "a");
	lab_wait(lab, HOUR_MS);
	assert_null(mailed(lab));
	lab_counts(lab, 1, "SELECT COUNT(*) FROM message WHERE direction = 4 AND text LIKE 'What was not seen in the chat could not%%'");
}

/* ---- the conversation by mail ---- */

static void transcript(hg_lab *lab, const char *uri)
{
	g_autofree char *thread = lab_value(lab, "SELECT id FROM thread ORDER BY n LIMIT 1");

	lab_do(lab, asked(lab, HG_CMD_TRANSCRIPT, thread, uri));
}

static void a_transcript_goes_to_a_confirmed_address(void **state)
{
	g_autoptr(hg_lab) lab = site(NULL);
	g_autofree char *text = NULL;
	hg_command *note;
	(void)state;

	write_as(lab, "web", ANON, "where is it?", "{\"email\":\"ana@example.com\"}");
	answer(lab, "at your door");
	note = lab_command(lab, HG_CMD_NOTE, lab_thread(lab));
	note->text = "he is difficult";
	lab_do(lab, note);
	transcript(lab, ANON);
	assert_int_equal(lab->error, HG_ERROR_DENIED);
	identify(lab, &(struct who){ .former = ANON, .uri = ANA, .email = MAIL, .name = "Ana" });
	transcript(lab, ANA);
	assert_int_equal(lab->error, 0);
	text = mailed(lab);
	has(text, "Here is what was said");
	has(text, "] Ana: where is it?");
	has(text, "] Mia: at your door");
	assert_null(strstr(text, "difficult"));
	transcript(lab, ANA);
	assert_int_equal(lab->error, HG_ERROR_LIMIT);
	lab_wait(lab, 10 * MINUTE_MS);
	g_free(text);
	text = mailed(lab);	/* what he did not read meanwhile */
	has(text, "You did not see");
	transcript(lab, ANA);
	assert_int_equal(lab->error, 0);
	g_free(text);
	text = mailed(lab);
	assert_null(strstr(text, "You did not see"));
	audit(lab);
}

static void without_a_mail_channel_there_is_no_transcript(void **state)
{
	g_autoptr(hg_lab) lab = site(SITE(""));
	(void)state;

	say(lab, ANA, "one");
	transcript(lab, ANA);
	assert_int_equal(lab->error, HG_ERROR_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_conversation_knows_its_visitors),
		cmocka_unit_test(what_he_says_of_himself_is_claimed),
		cmocka_unit_test(nonsense_of_himself_is_not_kept),
		cmocka_unit_test(a_profile_comes_without_a_message_too),
		cmocka_unit_test(his_conversations_come_along_once),
		cmocka_unit_test(the_event_says_whom_it_is_about),
		cmocka_unit_test(who_never_wrote_costs_no_contact),
		cmocka_unit_test(an_identified_first_message_brings_his_addresses),
		cmocka_unit_test(a_second_open_conversation_keeps_a_key_of_its_own),
		cmocka_unit_test(who_is_more_than_a_browser_stays),
		cmocka_unit_test(an_identified_one_becomes_nobody_else),
		cmocka_unit_test(a_token_counts_for_one_browser),
		cmocka_unit_test(what_says_not_who_it_is_is_refused),
		cmocka_unit_test(what_was_joined_can_be_taken_apart),
		cmocka_unit_test(taken_apart_nothing_is_open_twice),
		cmocka_unit_test(logging_out_ends_one_browser_or_all),
		cmocka_unit_test(nobody_sees_what_is_not_his),
		cmocka_unit_test(another_ones_conversation_is_unknown),
		cmocka_unit_test(what_was_read_is_told_once),
		cmocka_unit_test(a_read_mark_may_come_before_the_channels_answer),
		cmocka_unit_test(a_receipt_of_the_channel_marks_it_read_too),
		cmocka_unit_test(marks_of_what_is_not_there_are_refused),
		cmocka_unit_test(an_opinion_is_taken_when_it_is_asked_for),
		cmocka_unit_test(backends_hear_of_an_answer_that_reached_nobody),
		cmocka_unit_test(who_has_it_is_not_pushed),
		cmocka_unit_test(what_is_off_stays_off),
		cmocka_unit_test(unread_answers_go_in_one_mail),
		cmocka_unit_test(what_was_read_is_not_mailed),
		cmocka_unit_test(a_copy_is_no_answer_again),
		cmocka_unit_test(the_mails_answer_comes_to_the_same_conversation),
		cmocka_unit_test(an_owner_of_the_address_keeps_it),
		cmocka_unit_test(nothing_is_mailed_again_to_who_is_identified),
		cmocka_unit_test(robots_write_to_no_stranger),
		cmocka_unit_test(a_strangers_mailbox_is_not_filled),
		cmocka_unit_test(who_opted_out_gets_no_mail),
		cmocka_unit_test(a_transcript_goes_to_a_confirmed_address),
		cmocka_unit_test(without_a_mail_channel_there_is_no_transcript),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* power_script.c - what happens on the day: random histories, and after them whatever those leave out */
#include "power_day.h"
#include "turn.h"

#include <string.h>

#include "sim.h"

#define HISTORIES 10

/* ---- what random histories leave out ---- */

/* And nobody answers our hooks. */
static void say(hg_lab *lab, const char *uri, const char *text)
{
	lab_say(lab, uri, text);
	lab_wait(lab, 10000);
}

/* A number is given up, and somebody else gets it. */
static void number_changes_hands(hg_lab *lab)
{
	struct hg_address moved[] = { { "tel:+447700900998", HG_PROVEN }, { "tel:+447700900999", HG_FORMER } };
	struct hg_in in = lab_text("tel:+447700900999", "it is me");

	lab_in(lab, "wa", &in, 1);
	in.text = "my new number";
	in.from = moved;
	in.n_from = 2;
	lab_in(lab, "wa", &in, 1);
	say(lab, "tel:+447700900999", "I have this number now");
}

/* Of what goes out, the provider takes everything up to this text; that dispatch is yours.  NULL: all. */
static hg_dispatch *provider_takes(hg_lab *lab, const char *text)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(lab, HG_TO_CHANNEL))) {
		g_autofree char *id = g_strdup_printf("out.script.%" G_GINT64_FORMAT, dispatch->job.n);

		if (text && g_strcmp0(dispatch->out.text, text) == 0)
			return dispatch;
		lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = id });
	}
	return NULL;
}

/* The provider says what became of a message before it has answered the call. */
static void receipt_overtakes_its_answer(hg_lab *lab)
{
	hg_dispatch *dispatch;

	say(lab, "tel:+447700900100", "are you there?");
	lab_reply(lab, lab_thread(lab), "we are");
	dispatch = provider_takes(lab, "we are");
	assert_non_null(dispatch);
	lab_receipt(lab, "wa", HG_R_DELIVERED, "out.early", NULL);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = "out.early" });
}

/* The call's answer is lost, and a receipt tells of it. */
static void receipt_settles_what_is_unknown(hg_lab *lab)
{
	g_autofree char *key = NULL;
	hg_dispatch *dispatch;

	say(lab, "tel:+447700900107", "is it open today?");
	lab_reply(lab, lab_thread(lab), "until six");
	dispatch = provider_takes(lab, "until six");
	assert_non_null(dispatch);
	key = g_strdup(dispatch->out.key);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_AMBIGUOUS });
	lab_receipt(lab, "wa", HG_R_SENT, "out.late", key);
}

/* Nobody ever tells. */
static void it_stays_unknown_what_became_of_it(hg_lab *lab)
{
	hg_dispatch *dispatch;

	say(lab, "tel:+447700900110", "is it open tomorrow?");
	lab_reply(lab, lab_thread(lab), "from nine");
	dispatch = provider_takes(lab, "from nine");
	assert_non_null(dispatch);
	lab_sent(lab, dispatch, &(struct hg_result){ .fate = HG_AMBIGUOUS });
	lab_wait(lab, HOUR_MS);
}

static void answer_comes_after_a_stop(hg_lab *lab)
{
	struct hg_in in = lab_text("tel:+447700900111", "stop");
	hg_command *reply;

	say(lab, "tel:+447700900111", "do you write to me?");
	in.kind = HG_CONSENT;
	lab_in(lab, "wa", &in, 1);
	reply = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	reply->reply.text = "We do.";
	reply->idem_key = "too late";
	lab_do(lab, reply);
}

/* Its key is written down before it is known that it cannot be done: it is undone alone, and its group done again. */
static void call_is_undone(hg_lab *lab)
{
	hg_command *reopen;

	say(lab, "tel:+447700900112", "are you there?");
	reopen = lab_command(lab, HG_CMD_REOPEN, lab_thread(lab));
	reopen->idem_key = "not closed";
	lab_do(lab, reopen);
}

static void dead_letter_is_sent_again(hg_lab *lab)
{
	hg_dispatch *dispatch;
	hg_command *again, *status;
	g_autofree char *ticket = NULL;

	say(lab, "tel:+447700900108", "help");
	dispatch = lab_take(lab, HG_TO_BACKEND);
	assert_non_null(dispatch);
	status = lab_command(lab, HG_CMD_STATUS, NULL);
	status->backend = "law";
	status->text = "pending";
	again = lab_command(lab, HG_CMD_RETRY_DEAD, NULL);
	again->job_n = dispatch->job.n;
	lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_FAILED, .status = 422, .text = "no" });
	/* It takes its place back from what came after it and waits for another attempt. */
	ticket = lab_value(lab, "SELECT k.id FROM ticket AS k JOIN outbox AS o ON o.thread_n = k.thread_n WHERE o.n = %"
			   G_GINT64_FORMAT, again->job_n);
	status->ticket_ref = hg_arena_str(status->arena, ticket);
	lab_do(lab, status);
	while ((dispatch = lab_take(lab, HG_TO_BACKEND)))
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_RETRY, .status = 503 });
	lab_do(lab, again);
	lab_wait(lab, MINUTE_MS);
}

/* A channel is paused and goes on; a dead letter is changed, and another forgotten. */
static void operators_step_in(hg_lab *lab)
{
	hg_command *pause = lab_command(lab, HG_CMD_PAUSE, NULL), *resume = lab_command(lab, HG_CMD_PAUSE, NULL);
	hg_dispatch *dispatch;

	pause->channel = resume->channel = "sms";
	pause->text = "a port";
	resume->remove = TRUE;
	lab_do(lab, pause);
	say(lab, "tel:+447700900113", "help");
	lab_do(lab, resume);
	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		hg_command *edit = lab_command(lab, HG_CMD_EDIT_DEAD, NULL), *end = lab_command(lab, HG_CMD_DISCARD, NULL);

		edit->job_n = end->job_n = dispatch->job.n;
		edit->type = "backend";
		edit->text = "{}";
		end->text = "made by hand";
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_FAILED, .status = 422, .text = "no" });
		lab_do(lab, edit);
		lab_do(lab, end);
	}
}

static void link_ticket(hg_lab *lab, const char *ticket, const char *url)
{
	hg_command *command = lab_command(lab, HG_CMD_LINK, NULL);

	command->ticket_ref = hg_arena_str(command->arena, ticket);
	command->backend = "desk";
	command->external_id = "ext-1";
	command->url = url;
	lab_do(lab, command);
}

static void helpdesk_moves_a_ticket(hg_lab *lab)
{
	g_autofree char *ticket = NULL;

	say(lab, "tel:+447700900101", "help");
	ticket = lab_value(lab, "SELECT id FROM ticket ORDER BY n DESC LIMIT 1");
	link_ticket(lab, ticket, "https://desk.example/1");
	link_ticket(lab, ticket, "https://desk.example/moved/1");
}

static void tell(hg_lab *lab, const hg_change *change)
{
	lab_changes(lab, change, 1, "{\"hook\":1}", "cursor");
	lab_apply(lab);
}

/* And it answers (a part is missing), says how its ticket stands, merges it, and speaks of one nobody knows. */
static void helpdesk_tells(hg_lab *lab)
{
	hg_change said = { .kind = HG_CHANGE_REPLY, .id = "a1", .ticket = "ext-1", .text = "we see to it", .missing = "a.pdf: gone" };

	tell(lab, &said);	/* may be an echo of what is under way there */
	lab_desk(lab);
	lab_wait(lab, MINUTE_MS);
	lab_apply(lab);
	tell(lab, &(hg_change){ .kind = HG_CHANGE_STATUS, .id = "s1", .ticket = "ext-1", .status = "pending", .order = 7 });
	tell(lab, &(hg_change){ .kind = HG_CHANGE_MERGE, .id = "m1", .ticket = "ext-1", .into = "4712" });
	said.id = "a2";
	said.ticket = "9000";
	said.external = "TK-9000";
	tell(lab, &said);
	said.id = "a3";
	said.external = NULL;
	tell(lab, &said);
	provider_takes(lab, NULL);
}

static void customer_says_how_it_was(hg_lab *lab)
{
	const char *thread;
	hg_command *close;

	say(lab, "tel:+447700900102", "where is it?");
	thread = lab_thread(lab);
	lab_reply(lab, thread, "at your door");
	close = lab_command(lab, HG_CMD_CLOSE, thread);
	close->agent = "Mia";
	close->resolution = HG_RES_RESOLVED;
	lab_do(lab, close);
	lab_wait(lab, HOUR_MS);
	provider_takes(lab, NULL);
	say(lab, "tel:+447700900102", "👍");
}

static void bot_is_alone_with_somebody(hg_lab *lab, hg_conf *const confs[2])
{
	hg_command *reply;

	say(lab, "tel:+447700900103", "what do you cost?");
	reply = lab_command(lab, HG_CMD_REPLY, lab_thread(lab));
	reply->reply.text = "That depends.";
	reply->reply.bot = TRUE;
	reply->idem_key = "the bot's";
	lab_do(lab, reply);
	say(lab, "tel:+447700900103", "on what?");
	for (int i = 1; i >= 0; i--) {
		lab_reload_with(lab, confs[i]);
		lab_run(lab);
	}
}

/* One delivery of a channel that is polled, big enough to be written in many pieces. */
static void poll_brings_much(hg_lab *lab)
{
	g_autofree char *text = g_strnfill(300000, 'x');
	struct hg_in in = lab_text("tel:+447700900104", "all at once");
	hg_command *command = hg_command_new(HG_CMD_INBOUND);

	in.id = "polled.1";
	in.raw = text;
	in.raw_len = strlen(text);
	command->channel = "sms";
	command->space = "fake";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in), .cursor = "uid.17" }, e));
	must(hg_engine_submit(lab->engine, command, e));
	lab_run(lab);
}

/* A mail is read and settled; in the next nobody can read anything. */
static void mails_are_read_later(hg_lab *lab)
{
	struct hg_in in = lab_text("tel:+447700900109", "in a mail");

	in.dedupe = "the mail's hash";
	lab_raw(lab, "sms", "INBOX", "INBOX/7/1", "From: somebody");
	lab_raw(lab, "sms", "INBOX", "INBOX/7/2", "poison");
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_SENT, &in, NULL);
	lab_settled(lab, lab_take(lab, HG_TO_SETTLE), HG_SENT);
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_FAILED, NULL, "no parser gets through");
	lab_wait(lab, MINUTE_MS);
	lab_unpacked(lab, lab_take(lab, HG_TO_UNPACK), HG_FAILED, NULL, "no parser gets through");
	lab_settled(lab, lab_take(lab, HG_TO_SETTLE), HG_RETRY);
}

/* Many at once are one commit, or a few, each written while the disk keeps the one before. */
static void everybody_writes_at_once(hg_lab *lab, guint group_max)
{
	lab->engine->group_max = group_max;
	for (int i = 0; i < 40; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+44770090%04d", 2000 + i % 30);
		struct hg_in in = lab_text(uri, i % 3 ? "my invoice" : "help");

		lab_queue(lab, i % 2 ? "wa" : "other", &in, 1);
	}
	lab_run(lab);
	lab_run(lab);
	lab->engine->group_max = G_MAXUINT;
}

/* Somebody reads for long: the log cannot be begun anew. */
static void log_is_long(hg_lab *lab)
{
	sqlite3 *reader = NULL;

	assert_int_equal(sqlite3_open_v2(lab->w->options.path, &reader, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM thread", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 6; i++) {
		say(lab, "tel:+447700900105", "still waiting");
		lab_run(lab);
	}
	sqlite3_close(reader);
	lab_run(lab);
}

static hg_command *visitor_asks(hg_lab *lab, int kind, const char *uri)
{
	hg_command *command = lab_command(lab, kind, lab_thread(lab));

	command->channel = "wa";
	command->visiting.uri = uri;
	return command;
}

/* A browser turns out to be somebody's, who is taken apart again, logs out, and does not read what is answered. */
static void visitor_comes_and_goes(hg_lab *lab, const char *anonymous, const char *known)
{
	const struct hg_address from[] = { { known, HG_PROVEN }, { "mailto:ana@example.com", HG_PROVEN } };
	const struct hg_in in = { .size = sizeof(in), .kind = HG_IDENTITY, .from = from, .n_from = 2 };
	g_autofree char *merged = NULL, *message = NULL;
	hg_command *command;

	say(lab, anonymous, "where is it?");
	command = visitor_asks(lab, HG_CMD_IDENTIFY, anonymous);
	command->visiting.jti = known;
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in) }, e));
	lab_do(lab, command);
	lab_reply(lab, lab_thread(lab), "at your door");
	provider_takes(lab, NULL);
	lab_wait(lab, 5 * MINUTE_MS);
	provider_takes(lab, NULL);
	message = lab_value(lab, "SELECT id FROM message WHERE text = 'at your door' ORDER BY n DESC LIMIT 1");
	command = visitor_asks(lab, HG_CMD_SEEN, known);
	command->visiting.state = HG_R_READ;
	command->visiting.message_id = hg_arena_str(command->arena, message);
	lab_do(lab, command);
	merged = lab_value(lab, "SELECT id FROM contact WHERE merged_into IS NOT NULL ORDER BY n DESC LIMIT 1");
	command = visitor_asks(lab, HG_CMD_UNMERGE, NULL);
	command->text = hg_arena_str(command->arena, merged);
	lab_do(lab, command);
	command = visitor_asks(lab, HG_CMD_LOGOUT, known);
	command->visiting.browser = "b1";
	lab_do(lab, command);
}

/* In steps, and what is not in the database goes when those are on disk. */
static void somebody_is_forgotten(hg_lab *lab)
{
	g_autofree char *id = NULL;
	hg_command *command;

	say(lab, "tel:+447700900107", "forget me");
	id = lab_value(lab, "SELECT c.id FROM contact AS c JOIN address AS a ON a.contact_n = c.n "
		       "WHERE a.uri = 'tel:+447700900107'");
	command = lab_command(lab, HG_CMD_ERASE, NULL);
	command->text = command->subject = hg_arena_str(command->arena, id);
	lab_do(lab, command);
	for (int i = 0; i < 20; i++)
		lab_wait(lab, 1000);
}

static void tags_come_and_go(hg_lab *lab)
{
	static const char *const tags[] = { "vip", NULL };

	for (guint i = 0; i < 2; i++) {
		hg_command *command = lab_command(lab, HG_CMD_PATCH, lab_thread(lab));

		command->add_tags = i ? NULL : tags;
		command->remove_tags = i ? tags : NULL;
		lab_do(lab, command);
	}
}

static void token(hg_lab *lab, int kind, const char *name, const char *id)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->text = id;
	command->wish.kind = HG_TOKEN_API;
	command->wish.name = name;
	command->wish.scopes = "read";
	command->audit.action = kind == HG_CMD_TOKEN_USED ? NULL : "token.change";
	memcpy(command->wish.hash, name, strlen(name));
	lab_do(lab, command);
}

/* Programs get tokens; one is used, and taken away again. */
static void tokens_are_given_and_taken(hg_lab *lab)
{
	g_autofree char *id = NULL;

	token(lab, HG_CMD_TOKEN, "crm", NULL);
	token(lab, HG_CMD_TOKEN, "old", NULL);
	id = lab_value(lab, "SELECT id FROM token WHERE name = 'old' AND revoked_ms = 0");
	token(lab, HG_CMD_TOKEN_USED, "", id);
	token(lab, HG_CMD_TOKEN_REVOKE, "", id);
}

static void console(hg_lab *lab, int kind, int of, const char *hash, const char *id)
{
	hg_command *command = lab_command(lab, kind, NULL);

	command->principal = "local:0";
	command->text = id;
	command->remove = TRUE;
	command->wish = (struct hg_token_wish){ .kind = of, .name = "ann", .scopes = "read" };
	memcpy(command->wish.hash, hash, strlen(hash));
	memcpy(command->wish.link, "link", 4);
	lab_do(lab, command);
}

/* Somebody signs in to the console, and out again. */
static void a_session_begins_and_ends(hg_lab *lab)
{
	g_autofree char *id = NULL;

	console(lab, HG_CMD_TOKEN, HG_TOKEN_LINK, "link", NULL);
	console(lab, HG_CMD_TOKEN, HG_TOKEN_SESSION, "session", NULL);
	id = lab_value(lab, "SELECT id FROM token WHERE kind = 3");
	console(lab, HG_CMD_TOKEN_USED, HG_TOKEN_SESSION, "", id);
	console(lab, HG_CMD_TOKEN_REVOKE, HG_TOKEN_SESSION, "", id);
}

static void history_comes_from_elsewhere(hg_lab *lab)
{
	struct hg_in in = lab_text("tel:+447700900110", "from long ago");
	hg_command *command = lab_command(lab, HG_CMD_IMPORT, NULL);

	in.id = "elsewhere.1";
	in.group = "the lamp";
	in.sent_ms = test_now_ms - 100 * DAY_MS;
	command->channel = "wa";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in) }, e));
	lab_do(lab, command);
}

/* Ids, answers, facts, receipts nobody claimed and the journal are forgotten when it is time. */
static void time_goes_by(hg_lab *lab)
{
	for (int i = 0; i < 50; i++)
		lab_wait(lab, DAY_MS);
	lab_restart(lab);
	say(lab, "tel:+447700900106", "anybody there?");
	lab_run(lab);
}

/* ---- the day ---- */

void power_script(hg_conf *const confs[2], guint32 seed, void (*begin)(void *arg, hg_lab *lab), void *arg)
{
	hg_sim *world = sim_new((struct sim_conf){ .confs = { confs[0], confs[1] }, .mild = TRUE });
	struct history history;
	guint step;

	begin(arg, world->lab);
	for (guint i = 0; i < HISTORIES; i++) {
		history_make(&history, seed * 1000 + i);
		if (!history_play(world, &history, &step))
			fail_msg("seed %u: %s", history.seed, world->why);
		sim_run(world);	/* nothing to do: the log is copied back */
	}
	world->lab->by_hand = FALSE;
	lab_reload_with(world->lab, confs[0]);
	lab_condition(world->lab, HG_TO_CHANNEL, "wa", HG_UP);
	lab_run(world->lab);
	number_changes_hands(world->lab);
	receipt_overtakes_its_answer(world->lab);
	receipt_settles_what_is_unknown(world->lab);
	it_stays_unknown_what_became_of_it(world->lab);
	answer_comes_after_a_stop(world->lab);
	call_is_undone(world->lab);
	dead_letter_is_sent_again(world->lab);
	operators_step_in(world->lab);
	helpdesk_moves_a_ticket(world->lab);
	helpdesk_tells(world->lab);
	customer_says_how_it_was(world->lab);
	bot_is_alone_with_somebody(world->lab, confs);
	poll_brings_much(world->lab);
	mails_are_read_later(world->lab);
	everybody_writes_at_once(world->lab, G_MAXUINT);
	everybody_writes_at_once(world->lab, 7);
	visitor_comes_and_goes(world->lab, "widget:AAAAAAAAAAAAAAAAAAAAAA", "widget:u0000000000000000000000000000000000000000001");
	tags_come_and_go(world->lab);
	tokens_are_given_and_taken(world->lab);
	a_session_begins_and_ends(world->lab);
	history_comes_from_elsewhere(world->lab);
	log_is_long(world->lab);
	time_goes_by(world->lab);
	somebody_is_forgotten(world->lab);
	sim_free(world);
}

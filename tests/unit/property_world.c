/* property_world.c - what can happen in a random history, and what must hold whatever does */
#include "property_world.h"

#include <string.h>

#define PEOPLE 3	/* of one history */

/* ---- random numbers of the world, the same in each ---- */

static guint64 world_random;

static void numbers(struct hg_env *env, void *ret, gsize size)
{
	guint8 *out = ret;
	(void)env;

	for (gsize i = 0; i < size; i++) {
		world_random ^= world_random << 13;
		world_random ^= world_random >> 7;
		world_random ^= world_random << 17;
		out[i] = (guint8)(world_random >> 24);
	}
}

/* ---- looking past the store ---- */

static sqlite3_stmt *stmt_of(struct property_world *world, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = g_hash_table_lookup(world->stmts, sql);

	if (!stmt) {
		if (sqlite3_prepare_v2(world->db, sql, -1, &stmt, NULL) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(world->db));
		g_hash_table_insert(world->stmts, (gpointer)sql, stmt);
	}
	sqlite3_bind_int64(stmt, 1, x);
	sqlite3_bind_int64(stmt, 2, y);
	return stmt;
}

gint64 property_number(struct property_world *world, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = stmt_of(world, sql, x, y);
	gint64 number = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;

	sqlite3_reset(stmt);
	return number;
}

char *property_text(struct property_world *world, const char *sql, gint64 x, gint64 y)
{
	sqlite3_stmt *stmt = stmt_of(world, sql, x, y);
	char *text = sqlite3_step(stmt) == SQLITE_ROW ? g_strdup((const char *)sqlite3_column_text(stmt, 0)) : NULL;

	sqlite3_reset(stmt);
	return text;
}

static void stmt_end(gpointer stmt)
{
	sqlite3_finalize(stmt);
}

static void look_begin(struct property_world *world)
{
	world->stmts = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, stmt_end);
	assert_int_equal(sqlite3_open_v2(world->lab->w->options.path, &world->db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
}

static void look_end(struct property_world *world)
{
	g_hash_table_destroy(world->stmts);
	sqlite3_close(world->db);
}

struct property_world *property_world_new(hg_conf *const confs[2])
{
	struct property_world *world = g_new0(struct property_world, 1);

	world_random = 88172645463325252u;
	test_env.random = numbers;
	test_env.id_high = test_env.id_low = 0;
	memcpy(world->confs, confs, sizeof(world->confs));
	world->lab = lab_new_with(confs[0]);
	world->lab->caps = HG_CAP_ECHO;
	world->arrived = g_ptr_array_new_with_free_func(g_free);
	look_begin(world);
	return world;
}

void property_world_free(struct property_world *world)
{
	look_end(world);
	lab_free(world->lab);
	g_ptr_array_unref(world->arrived);
	g_free(world->why);
	g_free(world);
}

/* ---- picking one of what there is ---- */

static char *a_thread_of(struct property_world *world, guint32 dice)
{
	gint64 n = property_number(world, "SELECT count(*) FROM thread WHERE n > ?1", world->thread_n, 0);

	return n ? property_text(world, "SELECT id FROM thread WHERE n = ?1", world->thread_n + 1 + dice % n, 0) : NULL;
}

static char *a_ticket_of(struct property_world *world, guint32 dice)
{
	gint64 n = property_number(world, "SELECT count(*) FROM ticket WHERE thread_n > ?1", world->thread_n, 0);

	return n ? property_text(world, "SELECT id FROM ticket WHERE thread_n > ?1 ORDER BY n LIMIT 1 OFFSET ?2",
				 world->thread_n, dice % n) : NULL;
}

/* ---- customers ---- */

static const char *const texts[] = {
	"hi", "Hola!", "merci beaucoup", "ok danke", "grazie mille", "thanks, that worked!", "bedankt", "obrigado", "👍",
	"my invoice is wrong", "Meine Bestellung ist nicht angekommen", "¿dónde está mi pedido?", "je veux annuler",
	"help", "talk to a human", "ich will einen Mitarbeiter sprechen", "what is my ticket number?", "I will sue you",
	"and another thing", "please hold", "later", "", "yes", "5",
};

static const char *const channels[] = { "wa", "wa", "wa", "sms", "other", "asks", "again" };

static char *message_id(const struct property_world *world, guint n)
{
	return g_strdup_printf("in.%u.%u", world->seed, n);
}

struct saying {
	char *id, *uris[2], *ref, *group;
	struct hg_address from[2];
	const char *refs[2];
	struct hg_file file;
	struct hg_in in;
};

static void saying_done(struct saying *said)
{
	g_free(said->id);
	g_free(said->uris[0]);
	g_free(said->uris[1]);
	g_free(said->ref);
	g_free(said->group);
}

/* n: which message of the history; the same one is the same again. */
static void saying_make(const struct property_world *world, const struct step *step, guint n, struct saying *said)
{
	guint who = step->a % PEOPLE;
	struct hg_in *in = &said->in;

	memset(said, 0, sizeof(*said));
	said->id = message_id(world, n);
	said->uris[0] = g_strdup_printf("tel:+44%07u%u", world->seed, who);
	said->uris[1] = g_strdup_printf("whatsapp:GB.%u.%u", world->seed, who);
	said->from[0] = (struct hg_address){ said->uris[step->a >> 4 & 1], step->a >> 5 & 7 ? HG_PROVEN : HG_CLAIMED };
	said->from[1] = (struct hg_address){ said->uris[~step->a >> 4 & 1], step->a >> 8 & 15 ? HG_PROVEN : HG_FORMER };
	*in = (struct hg_in){ .size = sizeof(*in), .kind = HG_TEXT, .id = said->id, .from = said->from,
			      .n_from = 1 + (step->a >> 12 & 1), .name = step->a >> 13 & 1 ? "Ana" : NULL,
			      .to = "tel:+4930000", .text = texts[step->b % G_N_ELEMENTS(texts)],
			      .automatic = step->b >> 8 % 16 == 0, .wide = step->b >> 12 & 1 };
	if ((step->b >> 13) % 8 == 0)
		in->sent_ms = test_now_ms - (gint64)(step->c % 5000) * 1000;
	if ((step->b >> 16) % 8 == 0 && n) {
		said->ref = message_id(world, step->c % n);
		said->refs[0] = said->ref;
		in->refs = said->refs;
	}
	if ((step->b >> 20) % 16 == 0)
		in->group = said->group = g_strdup_printf("group.%u.%u", world->seed, who % 2);
	if ((step->b >> 24) % 8 == 0) {
		said->file = (struct hg_file){ .size = sizeof(said->file), .kind = HG_IMAGE, .name = "a.jpg", .bytes = 9,
					       .type = "image/jpeg", .ref = "media.1" };
		in->kind = HG_IMAGE;
		in->files = &said->file;
		in->n_files = 1;
		in->file_size = sizeof(said->file);
	}
	if ((step->b >> 27) % 8 == 0) {
		in->raw = "{\"one\":1}";
		in->raw_len = 9;
	}
}

static void say(struct property_world *world, const struct step *step)
{
	struct saying said;

	saying_make(world, step, world->messages++, &said);
	lab_in(world->lab, channels[step->c % G_N_ELEMENTS(channels)], &said.in, 1);
	saying_done(&said);
}

static void say_again(struct property_world *world, const struct step *step)
{
	struct saying said;

	if (!world->messages)
		return;
	saying_make(world, step, step->c % world->messages, &said);
	lab_in(world->lab, channels[step->c % G_N_ELEMENTS(channels)], &said.in, 1);
	saying_done(&said);
}

/* One delivery of two, one of them perhaps a duplicate, in one round with another delivery. */
static void say_much(struct property_world *world, const struct step *step)
{
	struct step other = { step->op, step->a * 7 + 1, step->b * 5 + 3, step->c * 3 + 1 };
	struct saying one, two;
	struct hg_in both[2];

	saying_make(world, step, world->messages++, &one);
	saying_make(world, &other, step->c % 3 ? world->messages++ : step->c % world->messages, &two);
	both[0] = two.in;
	both[1] = one.in;
	lab_queue(world->lab, "wa", both, 2);
	lab_in(world->lab, "sms", &two.in, 1);
	saying_done(&one);
	saying_done(&two);
}

static void say_about(struct property_world *world, const struct step *step)
{
	static const int kinds[] = { HG_REACTION, HG_EDIT, HG_REVOKE, HG_CONSENT, HG_IDENTITY, HG_ACCOUNT };
	g_autofree char *target = NULL;
	struct saying said;

	if (!world->messages)
		return;
	saying_make(world, step, world->messages++, &said);
	target = message_id(world, step->c % world->messages);
	said.in.kind = kinds[(step->b >> 4) % G_N_ELEMENTS(kinds)];
	said.in.target = said.in.kind <= HG_REVOKE ? target : NULL;
	said.in.n_files = 0;
	if (said.in.kind == HG_CONSENT)
		said.in.text = step->b & 1 ? "stop" : "start";
	lab_in(world->lab, "wa", &said.in, 1);
	saying_done(&said);
}

/* ---- agents ---- */

static void agent(struct property_world *world, const struct step *step)
{
	static const int kinds[] = { HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_NOTE, HG_CMD_CLOSE, HG_CMD_CONVERT,
				     HG_CMD_CONVERT, HG_CMD_REOPEN };
	g_autofree char *thread = a_thread_of(world, step->a);
	int kind = kinds[step->b % G_N_ELEMENTS(kinds)];
	hg_command *command;

	if (!thread)
		return;
	command = lab_command(world->lab, kind, thread);
	command->agent = command->reply.agent = "Mia";
	command->reply.bot = step->b >> 4 & 1;
	command->reply.text = step->b >> 5 & 1 ? "one" : "one\n\ntwo";
	command->text = kind == HG_CMD_NOTE ? NOTE_CANARY : "because";
	command->resolution = (int)(step->c % 3);
	command->ask = kind == HG_CMD_CLOSE && (step->c >> 4) % 4 == 0;
	command->idem_key = step->b >> 6 & 3 ? NULL : "the same key";
	lab_do(world->lab, command);
}

static void agent_sorts(struct property_world *world, const struct step *step)
{
	static const char *const tags[] = { "vip", NULL }, *const fields[] = { "topic", "other", NULL };
	g_autofree char *thread = a_thread_of(world, step->a);
	hg_command *command;

	if (!thread)
		return;
	command = lab_command(world->lab, step->b & 4 ? HG_CMD_RESTORE : HG_CMD_PATCH, thread);
	command->agent = "Mia";
	if (step->b & 1)
		command->add_tags = tags;
	else
		command->remove_tags = tags;
	command->set_fields = step->b & 2 ? fields : NULL;
	lab_do(world->lab, command);
}

static void helpdesk_says(struct property_world *world, const struct step *step)
{
	static const char *const words[] = { "open", "pending", "solved", "closed", "whatever" };
	g_autofree char *ticket = a_ticket_of(world, step->a);
	hg_command *command;

	if (!ticket)
		return;
	command = lab_command(world->lab, step->b & 1 ? HG_CMD_LINK : HG_CMD_STATUS, NULL);
	command->ticket_ref = hg_arena_str(command->arena, ticket);
	command->backend = "desk";
	command->external_id = hg_arena_str(command->arena, ticket + strlen(ticket) - 8);
	command->text = words[step->c % G_N_ELEMENTS(words)];
	lab_do(world->lab, command);
}

static void operator_acts(struct property_world *world, const struct step *step)
{
	gint64 n = property_number(world, "SELECT n FROM outbox WHERE state IN (4, 6) ORDER BY n LIMIT 1 OFFSET ?1",
				   step->a % 4, 0);
	gboolean unknown = property_number(world, "SELECT state = 4 FROM outbox WHERE n = ?1", n, 0) != 0;
	hg_command *command;

	if (!n)
		return;
	command = lab_command(world->lab, unknown ? HG_CMD_SETTLE_SEND : HG_CMD_RETRY_DEAD, NULL);
	command->job_n = n;
	command->text = step->b & 1 ? "arrived" : "resend";
	lab_do(world->lab, command);
}

/* ---- the world outside ---- */

static void provider(struct property_world *world, const struct step *step, hg_dispatch *dispatch, guint i)
{
	static const int fates[] = { HG_SENT, HG_SENT, HG_SENT, HG_RETRY, HG_FAILED, HG_AMBIGUOUS, HG_AMBIGUOUS };
	guint dice = step->b >> i % 16;
	struct hg_result result = { .fate = fates[dice % G_N_ELEMENTS(fates)], .text = "so it is", .code = 7,
				    .reach = (int)(dice >> 3) % 16 == 0 ? HG_REACH_CHANNEL : HG_REACH_MESSAGE };
	g_autofree char *id = g_strdup_printf("out.%" G_GINT64_FORMAT, dispatch->job.n);

	if (result.fate == HG_SENT)
		result.id = id;
	if (result.fate == HG_SENT || result.fate == HG_AMBIGUOUS)
		g_ptr_array_add(world->arrived, g_strdup_printf("%s\n%s\n%s", dispatch->job.name, id, dispatch->out.key));
	lab_sent(world->lab, dispatch, &result);
}

static void desk(struct property_world *world, const struct step *step, hg_dispatch *dispatch, guint i)
{
	guint dice = step->c >> i % 16;
	g_autofree char *id = g_strdup_printf("ext%" G_GINT64_FORMAT, dispatch->event.thread_n);
	struct hg_forward_result result = { .fate = HG_SENT, .status = 200 };

	if (dice % 6 == 0)
		result = (struct hg_forward_result){ .fate = HG_RETRY, .status = 503, .text = "busy" };
	else if (dice % 7 == 0)
		result = (struct hg_forward_result){ .fate = HG_FAILED, .status = 422, .objects = TRUE, .text = "no" };
	else if (dice % 3 == 0)
		result.external_id = id;
	lab_forwarded(world->lab, dispatch, &result);
}

static void hook(struct property_world *world, const struct step *step, hg_dispatch *dispatch)
{
	static const char *const bodies[] = { "{\"contact\":{\"tier\":\"gold\"},\"message\":{\"mood\":\"angry\"}}",
					      "{\"message\":{\"mood\":\"calm\"}}", "no JSON", NULL };
	hg_command *command = lab_command(world->lab, HG_CMD_FACTS, NULL);

	command->principal = NULL;
	command->job_n = dispatch->job.n;
	command->facts.body = bodies[step->b % G_N_ELEMENTS(bodies)];
	command->facts.len = command->facts.body ? strlen(command->facts.body) : 0;
	command->facts.text = command->facts.body ? NULL : "503";
	hg_dispatch_free(dispatch);
	lab_do(world->lab, command);
}

static void outside(struct property_world *world, const struct step *step)
{
	hg_dispatch *dispatch;

	for (guint i = 0; i < 1 + step->a % 6; i++) {
		if ((dispatch = lab_take(world->lab, HG_TO_CHANNEL)))
			provider(world, step, dispatch, i);
		if ((dispatch = lab_take(world->lab, HG_TO_BACKEND)))
			desk(world, step, dispatch, i);
		if ((dispatch = lab_take(world->lab, HG_TO_HOOK)))
			hook(world, step, dispatch);
		if ((dispatch = lab_take(world->lab, HG_TO_FETCH)))
			lab_fetched(world->lab, dispatch, &(struct hg_fetch_result){
				.fate = step->b >> i & 1 ? HG_SENT : HG_FAILED, .bytes = 9, .text = "gone",
				.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });
	}
}

static void receipt(struct property_world *world, const struct step *step)
{
	g_auto(GStrv) parts = NULL;

	if (!world->arrived->len)
		return;
	parts = g_strsplit(world->arrived->pdata[step->a % world->arrived->len], "\n", 3);
	lab_receipt(world->lab, parts[0], HG_R_SENT + (int)(step->b % 5), parts[1], step->c & 1 ? parts[2] : NULL);
}

static void condition(struct property_world *world, const struct step *step)
{
	gboolean backend = step->a & 1;

	lab_condition(world->lab, backend ? HG_TO_BACKEND : HG_TO_CHANNEL, backend ? "desk" : "wa",
		      step->b % 3 ? HG_UP : HG_DOWN);
}

/* ---- time, configuration, power ---- */

static void seconds(struct property_world *world, const struct step *step)
{
	lab_wait(world->lab, (gint64)(step->a % 400) * 1000);
}

static void hours(struct property_world *world, const struct step *step)
{
	lab_wait(world->lab, (gint64)(step->a % 30) * HOUR_MS);
}

static void days(struct property_world *world, const struct step *step)
{
	lab_wait(world->lab, (gint64)(step->a % 9) * DAY_MS);
}

static void reload(struct property_world *world, const struct step *step)
{
	(void)step;
	world->conf ^= 1;
	lab_reload_with(world->lab, world->confs[world->conf]);
	lab_run(world->lab);
}

static void crash(struct property_world *world, const struct step *step)
{
	(void)step;
	look_end(world);
	lab_restart(world->lab);
	look_begin(world);
	lab_run(world->lab);
}

static const struct { const char *name; void (*act)(struct property_world *, const struct step *); guint weight; } ops[] = {
	{ "say", say, 30 }, { "say again", say_again, 5 }, { "say much", say_much, 5 }, { "say about", say_about, 6 },
	{ "agent", agent, 18 }, { "agent sorts", agent_sorts, 4 }, { "helpdesk", helpdesk_says, 6 }, { "operator", operator_acts, 3 },
	{ "outside", outside, 14 }, { "receipt", receipt, 5 }, { "condition", condition, 2 },
	{ "seconds", seconds, 8 }, { "hours", hours, 5 }, { "days", days, 4 },
	{ "reload", reload, 1 }, { "restart", crash, 1 },
};

/* ---- what must hold ---- */

static gboolean wrong(struct property_world *world, const char *what, char *where)
{
	if (where) {
		g_free(world->why);
		world->why = g_strdup_printf("%s: %s", what, where);
	}
	g_free(where);
	return world->why != NULL;
}

gboolean property_holds(struct property_world *world)
{
	/* Which window was in force when a thread was opened is not known here: the shorter one holds in both. */
	gint64 join_ms = MIN(world->confs[0]->window.join_ms, world->confs[1]->window.join_ms);

	/* A matter has one ticket: while one is open, and something was said about it within the window, the
	 * next message is about it.  Groups and references have threads of their own (key), and a reference may
	 * wake an old one beside a new one: then it was not said before the new one was opened. */
	if (wrong(world, "two open tickets within the join window", property_text(world,
		  "SELECT k.id FROM ticket AS k JOIN thread AS t ON t.n = k.thread_n "
		  "JOIN thread AS u ON u.contact_n = t.contact_n AND u.scope = t.scope AND u.n <> t.n AND u.key = '' "
		  "JOIN ticket AS j ON j.n = u.ticket_n AND j.state < 4 AND j.n < k.n "
		  "WHERE k.n > ?1 AND k.state < 4 AND t.key = '' AND t.opened_ms > j.created_ms "
		  "AND t.opened_ms < u.last_ms + ?2 AND u.last_ms < t.opened_ms", world->ticket_n, join_ms)) ||
	    wrong(world, "an agent's note in an event", property_text(world,
		  "SELECT id FROM event WHERE n > ?1 AND instr(data, '" NOTE_CANARY "')", world->event_n, 0)) ||
	    wrong(world, "an agent's note in the outbox", property_text(world,
		  "SELECT n FROM outbox WHERE n > ?1 AND instr(body, '" NOTE_CANARY "')", world->job_n, 0)) ||
	    wrong(world, "a ticket that was requested twice or never", property_text(world,
		  "SELECT k.id FROM ticket AS k WHERE k.thread_n > ?1 AND k.shadow = 0 AND (SELECT count(*) FROM event AS e "
		  "WHERE e.n > ?2 AND e.thread_n = k.thread_n AND e.type = 'ticket.requested' AND instr(e.data, k.id)) <> 1",
		  world->thread_n, world->first_event_n)) ||
	    wrong(world, "a thread with two open tickets", property_text(world,
		  "SELECT max(id) FROM ticket WHERE thread_n > ?1 AND state < 4 GROUP BY thread_n HAVING count(*) > 1",
		  world->thread_n, 0)) ||
	    wrong(world, "a timer that is late", property_text(world,
		  "SELECT thread_n || ' ' || kind FROM timer WHERE due_ms <= ?1", test_now_ms, 0)) ||
	    wrong(world, "a timer that acted twice", property_text(world,
		  "SELECT max(thread_n || ' ' || on_event) FROM decision WHERE n > ?1 AND on_event IN "
		  "('settle', 'first_response', 'thread.idle') GROUP BY thread_n, on_event, at_ms HAVING count(*) > 1",
		  world->decision_n, 0)))
		return FALSE;
	return TRUE;
}

/* ---- histories ---- */

static guint32 next(guint32 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static guint8 an_op(guint32 dice)
{
	guint all = 0, at = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(ops); i++)
		all += ops[i].weight;
	for (dice %= all; dice >= ops[at].weight; at++)
		dice -= ops[at].weight;
	return (guint8)at;
}

void history_make(struct history *history, guint32 seed)
{
	guint32 state = seed * 2654435761u + 1;

	for (int i = 0; i < 8; i++)
		next(&state);
	*history = (struct history){ .seed = seed, .n = 4 + next(&state) % 12 };
	if (next(&state) % 8 == 0)
		history->n = STEPS_MAX;
	for (guint i = 0; i < history->n; i++) {
		struct step *step = &history->steps[i];

		step->op = i ? an_op(next(&state)) : 0;
		step->a = next(&state);
		step->b = next(&state);
		step->c = next(&state);
	}
}

gboolean history_play(struct property_world *world, const struct history *history, guint *ret_step)
{
	if (world->conf)
		reload(world, NULL);
	world->seed = history->seed;
	world->messages = 0;
	g_ptr_array_set_size(world->arrived, 0);
	world->thread_n = property_number(world, "SELECT max(n) FROM thread", 0, 0);
	world->first_event_n = property_number(world, "SELECT max(n) FROM event", 0, 0);
	world->decision_n = property_number(world, "SELECT max(n) FROM decision", 0, 0);
	for (guint i = 0; i < history->n; i++) {
		world->event_n = property_number(world, "SELECT max(n) FROM event", 0, 0);
		world->ticket_n = property_number(world, "SELECT max(n) FROM ticket", 0, 0);
		world->job_n = property_number(world, "SELECT max(n) FROM outbox", 0, 0);
		test_now_ms++;
		ops[history->steps[i].op].act(world, &history->steps[i]);
		*ret_step = i;
		if (!property_holds(world))
			return FALSE;
	}
	return TRUE;
}

void history_print(const struct history *history)
{
	print_message("seed %u, %u steps:\n", history->seed, history->n);
	for (guint i = 0; i < history->n; i++)
		print_message("  %-11s %08x %08x %08x\n", ops[history->steps[i].op].name, history->steps[i].a,
			      history->steps[i].b, history->steps[i].c);
}

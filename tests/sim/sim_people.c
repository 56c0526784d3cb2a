/* sim_people.c - what customers, agents and helpdesks do */
#include "sim.h"

#include <string.h>

#include "sim_ops.h"

#define PEOPLE	  3	/* of one history */
#define ASK_MS	  (HOUR_MS)	/* how long an agent's program repeats a call */
#define ABOUT	  1	/* step.op bit in a wire: see sim_saying() */

const char *const sim_channels[] = { "wa", "sms", "other", "asks", "again", NULL };

/* ---- picking one of what there is ---- */

static char *a_thread_of(hg_sim *sim, guint32 dice)
{
	gint64 n = sim_number(sim, "SELECT count(*) FROM thread WHERE n > ?1", sim->thread_n, 0);

	return n ? sim_text(sim, "SELECT id FROM thread WHERE n = ?1", sim->thread_n + 1 + dice % n, 0) : NULL;
}

static char *a_ticket_of(hg_sim *sim, guint32 dice)
{
	gint64 n = sim_number(sim, "SELECT count(*) FROM ticket WHERE thread_n > ?1", sim->thread_n, 0);

	return n ? sim_text(sim, "SELECT id FROM ticket WHERE thread_n > ?1 ORDER BY n LIMIT 1 OFFSET ?2", sim->thread_n,
			    dice % n) : NULL;
}

/* ---- customers ---- */

static const char *const texts[] = {
	"hi", "Hola!", "merci beaucoup", "ok danke", "grazie mille", "thanks, that worked!", "bedankt", "obrigado", "👍",
	"my invoice is wrong", "Meine Bestellung ist nicht angekommen", "¿dónde está mi pedido?", "je veux annuler",
	"help", "talk to a human", "ich will einen Mitarbeiter sprechen", "what is my ticket number?", "I will sue you",
	"and another thing", "please hold", "later", "", "yes", "5",
};

const char *const sim_often[SIM_OFTEN] = { "wa", "wa", "wa", "sms", "other", "asks", "again" };

static char *message_id(const hg_sim *sim, guint n)
{
	return g_strdup_printf("in.%u.%u", sim->seed, n);
}

void sim_saying_done(struct saying *said)
{
	g_free(said->id);
	g_free(said->uris[0]);
	g_free(said->uris[1]);
	g_free(said->ref);
	g_free(said->group);
	g_free(said->text);
}

static void add_file(struct saying *said)
{
	said->file = (struct hg_file){ .size = sizeof(said->file), .kind = HG_IMAGE, .name = "a.jpg", .bytes = 9,
				       .type = "image/jpeg", .ref = "media.1" };
	said->in.kind = HG_IMAGE;
	said->in.files = &said->file;
	said->in.n_files = 1;
	said->in.file_size = sizeof(said->file);
}

/* One of these people in a browser; known to the site's server or not.  Yours. */
static char *browser_of(const hg_sim *sim, guint who, gboolean known)
{
	return known ? g_strdup_printf("widget:u%042u%u", sim->seed, who) : g_strdup_printf("widget:%021u%u", sim->seed, who);
}

static void as_visitor(const hg_sim *sim, const struct step *step, struct saying *said)
{
	g_free(said->uris[0]);
	said->uris[0] = browser_of(sim, step->a % PEOPLE, (step->a >> 17) % 4 == 0);
	said->from[0] = (struct hg_address){ said->uris[0], HG_PROVEN };
	said->in.n_from = 1;
	said->in.profile = step->a >> 19 & 1 ? "{\"name\":\"Ana\",\"email\":\"ana@example.com\"}" : NULL;
}

/* What the reference model does not know. */
static void add_more(const hg_sim *sim, const struct step *step, struct saying *said)
{
	static const char *const words[] = { "STOP", "stop", "ARRET", "START", "unstop", "YES", "HELP" };
	struct hg_in *in = &said->in;

	said->from[0].proof = step->a >> 5 & 7 ? HG_PROVEN : HG_CLAIMED;
	said->from[1].proof = step->a >> 8 & 15 ? HG_PROVEN : HG_FORMER;
	in->n_from = 1 + (step->a >> 12 & 1);
	if ((step->a >> 14) % 4 == 0)
		as_visitor(sim, step, said);
	if ((step->b >> 20) % 16 == 0)
		in->group = said->group = g_strdup_printf("group.%u.%u", sim->seed, step->a % PEOPLE % 2);
	if ((step->b >> 24) % 8 == 0)
		add_file(said);
	else if (step->c % 8 == 0) {
		in->text = words[(step->c >> 3) % G_N_ELEMENTS(words)];
		in->answered = step->c >> 6 & 1;
	}
	in->to = step->c >> 7 & 3 ? in->to : step->c >> 9 & 1 ? "tel:+4930001" : NULL;
	if ((step->b >> 27) % 8 == 0) {
		in->raw = "{\"one\":1}";
		in->raw_len = 9;
	}
}

/* A reaction, an edit, a word about the person: of the message that step.c names. */
static void make_about(const hg_sim *sim, const struct step *step, guint n, struct saying *said)
{
	static const int kinds[] = { HG_REACTION, HG_EDIT, HG_REVOKE, HG_CONSENT, HG_IDENTITY, HG_ACCOUNT };
	struct hg_in *in = &said->in;

	g_free(said->id);
	in->id = said->id = g_strdup_printf("about.%u.%u", sim->seed, n);
	in->kind = kinds[(step->b >> 4) % G_N_ELEMENTS(kinds)];
	in->n_files = 0;
	if (in->kind == HG_CONSENT) {
		in->text = step->b & 1 ? "stop" : "start";
		in->code = step->b >> 8 & 1 ? 21610 : 0;
		in->reply_text = (step->b >> 9) % 8 == 0 ? "enough of this" : NULL;
	}
	if (in->kind > HG_REVOKE)
		return;
	g_free(said->ref);
	in->target = said->ref = message_id(sim, step->c % (n + 1));
	in->refs = NULL;
}

/* Which piece of how many step.c says; few references, so that they come again. */
static void make_piece(const hg_sim *sim, const struct step *step, guint n, struct saying *said)
{
	struct hg_in *in = &said->in;

	in->part = (int)(step->c % 256);
	in->parts = (int)(step->c / 256 % 256);
	g_free(said->id);
	in->id = said->id = g_strdup_printf("pc.%u.%u.%d", sim->seed, n, in->part);
	in->text = said->text = g_strdup_printf("[%s]", said->id);
	in->part_ref = n % 2 ? "7" : "8";
	in->refs = NULL;
}

void sim_saying(const hg_sim *sim, const struct step *step, guint n, gint64 at_ms, struct saying *said)
{
	guint who = step->a % PEOPLE, first = sim->with.plain ? 0 : step->a >> 4 & 1;
	struct hg_in *in = &said->in;

	memset(said, 0, sizeof(*said));
	said->id = message_id(sim, n);
	said->uris[0] = g_strdup_printf("tel:+44%07u%u", sim->seed, who);
	said->uris[1] = g_strdup_printf("whatsapp:GB.%u.%u", sim->seed, who);
	said->from[0] = (struct hg_address){ said->uris[first], HG_PROVEN };
	said->from[1] = (struct hg_address){ said->uris[!first], HG_PROVEN };
	*in = (struct hg_in){ .size = sizeof(*in), .kind = HG_TEXT, .id = said->id, .from = said->from, .n_from = 1,
			      .name = step->a >> 13 & 1 ? "Ana" : NULL, .to = "tel:+4930000",
			      .text = texts[step->b % G_N_ELEMENTS(texts)], .automatic = (step->b >> 8) % 16 == 0,
			      .wide = (sim->seed * 31 + n) * 2654435761u >> 31 };
	if ((step->b >> 13) % 8 == 0)
		in->sent_ms = at_ms - (gint64)(step->c % 5000) * 1000;
	if ((step->b >> 16) % 8 == 0 && n) {
		said->refs[0] = said->ref = message_id(sim, step->c % n);
		in->refs = said->refs;
	}
	if (!sim->with.plain)
		add_more(sim, step, said);
	if (step->op == OP_ABOUT)
		make_about(sim, step, n, said);
	if (step->op == OP_PIECES)
		make_piece(sim, step, n, said);
}

/* Told to the provider's wire; most are brought at once. */
static void on_wire(hg_sim *sim, const char *channel, const struct step *steps, const guint *numbers, guint n)
{
	struct wire *wire = sim_wire_says(sim, channel, steps, numbers, n);

	if (sim_dice(sim, 1) % 8)
		sim_wire_bring(sim, wire);
}

void sim_say(hg_sim *sim, const struct step *step)
{
	guint n = sim->messages++;

	on_wire(sim, sim_often[step->c % SIM_OFTEN], step, &n, 1);
}

/* The same number, on whatever channel: the id may be known there or not. */
void sim_say_again(hg_sim *sim, const struct step *step)
{
	guint n = sim->messages ? step->c % sim->messages : 0;

	if (sim->messages)
		on_wire(sim, sim_often[step->c % SIM_OFTEN], step, &n, 1);
}

/* One delivery of two, one of them perhaps a duplicate, and another delivery of it elsewhere. */
void sim_say_much(hg_sim *sim, const struct step *step)
{
	struct step both[2] = { { step->op, step->a * 7 + 1, step->b * 5 + 3, step->c * 3 + 1 }, *step };
	guint numbers[2];

	numbers[1] = sim->messages++;
	numbers[0] = step->c % 3 ? sim->messages++ : step->c % sim->messages;
	on_wire(sim, "wa", both, numbers, 2);
	on_wire(sim, "sms", both, numbers, 1);
}

void sim_say_about(hg_sim *sim, const struct step *step)
{
	guint n = sim->messages;

	if (!n)
		return;
	sim->messages++;
	on_wire(sim, "wa", step, &n, 1);
}

/* Two or three of one message, each a delivery of its own, in any order; one may be on its way for long. */
void sim_say_pieces(hg_sim *sim, const struct step *step)
{
	guint n = sim->messages++, parts = 2 + step->b % 2;
	struct step one = *step;

	for (guint i = 0; i < parts; i++) {
		one.c = (step->a / 16 + i) % parts + 1 + parts * 256;
		on_wire(sim, "sms", &one, &n, 1);
		if ((step->c >> 3 * i) % 8 == 0)
			sim_pass(sim, (gint64)(step->c >> 8) % 100 * MINUTE_MS);
	}
}

/* ---- agents: programs that repeat a call until they are answered ---- */

struct ask {
	hg_sim *sim;
	int kind, resolution;
	char *thread, *ticket, *text, *key;
	gboolean bot, asks, back, busy;
	gint64 since_ms;
};

void sim_ask_free(void *data)
{
	struct ask *ask = data;

	g_free(ask->thread);
	g_free(ask->ticket);
	g_free(ask->text);
	g_free(ask->key);
	g_free(ask);
}

static void answered(void *arg, const hg_command *command, const char *answer G_GNUC_UNUSED, const GError *error)
{
	struct ask *ask = arg;
	hg_sim *sim = ask->sim;

	if (!error)
		sim_trace_command(sim, command);
	if (sim->dead)
		return;
	ask->busy = FALSE;
	if (error && (error->code == HG_ERROR_STORE || error->code == HG_ERROR_BUSY))
		return;
	if (!error && ask->kind == HG_CMD_REPLY)
		g_ptr_array_add(sim->accepted, g_strdup(ask->text));
	g_ptr_array_remove_fast(sim->asks, ask);
}

static void ask_now(hg_sim *sim, struct ask *ask)
{
	hg_command *command = lab_command(sim->lab, ask->kind, ask->thread);

	command->agent = command->reply.agent = "Mia";
	command->reply.bot = ask->bot;
	command->text = command->reply.text = hg_arena_str(command->arena, ask->text);
	command->ticket_ref = hg_arena_str(command->arena, ask->ticket);
	command->backend = ask->ticket ? "desk" : NULL;
	command->resolution = ask->resolution;
	command->ask = ask->asks;
	command->remove = ask->back;
	command->idem_key = hg_arena_str(command->arena, ask->key);
	command->done = answered;
	command->done_arg = ask;
	if (ask->kind == HG_CMD_LINK)
		command->external_id = hg_arena_str(command->arena, ask->ticket + strlen(ask->ticket) - 8);
	ask->busy = TRUE;
	must(hg_engine_submit(sim->lab->engine, command, e));
}

static struct ask *ask_new(hg_sim *sim, int kind)
{
	struct ask *ask = g_new0(struct ask, 1);

	ask->sim = sim;
	ask->kind = kind;
	ask->since_ms = test_now_ms;
	ask->key = g_strdup_printf("key.%u.%u", sim->seed, ++sim->replies);
	g_ptr_array_add(sim->asks, ask);
	return ask;
}

void sim_agents_forgotten(hg_sim *sim)
{
	for (guint i = 0; i < sim->asks->len; i++)
		((struct ask *)sim->asks->pdata[i])->busy = FALSE;
}

void sim_agents_again(hg_sim *sim)
{
	for (guint i = sim->asks->len; i; i--) {
		struct ask *ask = sim->asks->pdata[i - 1];

		if (ask->busy)
			continue;
		if (test_now_ms - ask->since_ms > ASK_MS)
			g_ptr_array_remove_index_fast(sim->asks, i - 1);
		else
			ask_now(sim, ask);
	}
}

/* He says of something the customer said that it is noise, or that it is not. */
static void mark(hg_sim *sim, const struct step *step, const char *thread)
{
	g_autofree char *message = sim_text(sim, "SELECT m.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE m.direction = 1 AND "
					    "t.n > ?1 ORDER BY m.n DESC LIMIT 1 OFFSET ?2", sim->thread_n, (step->c >> 11) % 8);
	struct ask *ask;

	if (!message)
		return;
	ask = ask_new(sim, HG_CMD_NOISE);
	ask->thread = g_strdup(thread);
	ask->text = g_steal_pointer(&message);
	ask->back = step->c >> 14 & 1;
	ask_now(sim, ask);
}

void sim_agent(hg_sim *sim, const struct step *step)
{
	static const int kinds[] = { HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_NOTE, HG_CMD_CLOSE, HG_CMD_CONVERT,
				     HG_CMD_CONVERT, HG_CMD_REOPEN };
	g_autofree char *thread = a_thread_of(sim, step->a);
	struct ask *ask;

	if (!thread)
		return;
	if (!sim->with.plain && (step->c >> 8) % 8 == 0) {
		mark(sim, step, thread);
		return;
	}
	ask = ask_new(sim, kinds[step->b % G_N_ELEMENTS(kinds)]);
	ask->thread = g_steal_pointer(&thread);
	ask->bot = step->b >> 4 & 1;
	ask->text = ask->kind == HG_CMD_NOTE ? g_strdup(NOTE_CANARY) :
		    ask->kind != HG_CMD_REPLY ? g_strdup("because") :
		    g_strdup_printf(sim->with.plain || step->b >> 5 & 1 ? "answer %u" : "answer %u\n\nand more", sim->replies);
	ask->resolution = (int)(step->c % 3);
	ask->asks = !sim->with.plain && ask->kind == HG_CMD_CLOSE && (step->c >> 4) % 4 == 0;
	ask_now(sim, ask);
}

/* Somebody said on the phone that he wants none, or some again. */
static void note_consent(hg_sim *sim, const struct step *step)
{
	hg_command *command = lab_command(sim->lab, HG_CMD_CONSENT, NULL);
	g_autofree char *uri = g_strdup_printf("tel:+44%07u%u", sim->seed, step->a % PEOPLE);

	command->channel = sim_often[step->c % SIM_OFTEN];
	command->text = hg_arena_str(command->arena, uri);
	command->number = step->c >> 4 & 1 ? "tel:+4930000" : NULL;
	command->status = step->c >> 5 & 1 ? "stop" : "start";
	command->agent = "Mia";
	lab_do(sim->lab, command);
}

/* ---- visitors: what browsers say beside messages ---- */

static void identify(hg_sim *sim, const struct step *step, hg_command *command)
{
	guint who = step->a % PEOPLE;
	g_autofree char *uri = browser_of(sim, who, TRUE), *email = g_strdup_printf("mailto:v%u.%u@example.com", sim->seed, who);
	const struct hg_address from[] = { { uri, HG_PROVEN }, { email, step->c >> 8 & 1 ? HG_PROVEN : HG_CLAIMED } };
	const struct hg_in in = { .size = sizeof(in), .kind = HG_IDENTITY, .from = from, .n_from = 2, .name = "Ana Adams" };

	command->visiting.jti = step->c >> 9 & 1 ? "j" : NULL;
	command->visiting.browser = step->c >> 10 & 1 ? "b1" : "b2";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in) }, e));
}

static void take_apart(hg_sim *sim, hg_command *command)
{
	g_autofree char *id = sim_text(sim, "SELECT id FROM contact WHERE merged_into IS NOT NULL ORDER BY n DESC LIMIT 1", 0, 0);

	command->text = hg_arena_str(command->arena, id);
}

static void has_seen(hg_sim *sim, const struct step *step, hg_command *command)
{
	gint64 n = sim_number(sim, "SELECT n FROM message WHERE thread_n > ?1 AND direction = 2 ORDER BY n LIMIT 1 OFFSET ?2",
			      sim->thread_n, step->c >> 8 & 7);
	g_autofree char *thread = sim_text(sim, "SELECT t.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE m.n = ?1",
					   n, 0);
	g_autofree char *message = sim_text(sim, "SELECT id FROM message WHERE n = ?1", n, 0);
	g_autofree char *uri = sim_text(sim, "SELECT v.uri FROM visit AS v JOIN message AS m ON m.thread_n = v.thread_n "
					"WHERE m.n = ?1 LIMIT 1", n, 0);

	command->thread_id = hg_arena_str(command->arena, thread);
	command->visiting.message_id = hg_arena_str(command->arena, message);
	command->visiting.uri = hg_arena_str(command->arena, uri);
	command->visiting.state = step->c >> 11 & 1 ? HG_R_READ : HG_R_DELIVERED;
	command->visiting.score = step->c >> 8 & 1;
}

void sim_visitor(hg_sim *sim, const struct step *step)
{
	static const int kinds[] = { HG_CMD_IDENTIFY, HG_CMD_IDENTIFY, HG_CMD_IDENTIFY, HG_CMD_SEEN, HG_CMD_RATE,
				     HG_CMD_TRANSCRIPT, HG_CMD_LOGOUT, HG_CMD_UNMERGE };
	g_autofree char *uri = browser_of(sim, step->a % PEOPLE, FALSE);
	hg_command *command = lab_command(sim->lab, kinds[(step->c >> 5) % G_N_ELEMENTS(kinds)], NULL);

	command->channel = "wa";
	command->visiting.uri = hg_arena_str(command->arena, uri);
	if (command->kind == HG_CMD_IDENTIFY)
		identify(sim, step, command);
	else if (command->kind == HG_CMD_UNMERGE)
		take_apart(sim, command);
	else if (command->kind != HG_CMD_LOGOUT)
		has_seen(sim, step, command);
	lab_do(sim->lab, command);
}

void sim_agent_sorts(hg_sim *sim, const struct step *step)
{
	static const char *const tags[] = { "vip", NULL }, *const fields[] = { "topic", "other", NULL };
	g_autofree char *thread = a_thread_of(sim, step->a);
	hg_command *command;

	if (!thread)
		return;
	if (!sim->with.plain && (step->b >> 4) % 4 == 0) {
		note_consent(sim, step);
		return;
	}
	command = lab_command(sim->lab, step->b & 4 ? HG_CMD_RESTORE : HG_CMD_PATCH, thread);
	command->agent = "Mia";
	if (step->b & 1)
		command->add_tags = tags;
	else
		command->remove_tags = tags;
	command->set_fields = step->b & 2 ? fields : NULL;
	lab_do(sim->lab, command);
}

void sim_helpdesk(hg_sim *sim, const struct step *step)
{
	static const char *const words[] = { "open", "pending", "solved", "closed", "whatever" };
	g_autofree char *ticket = a_ticket_of(sim, step->a);
	struct ask *ask;

	if (!ticket)
		return;
	ask = ask_new(sim, step->b & 1 ? HG_CMD_LINK : HG_CMD_STATUS);
	ask->ticket = g_steal_pointer(&ticket);
	ask->text = g_strdup(words[step->c % G_N_ELEMENTS(words)]);
	ask_now(sim, ask);
}

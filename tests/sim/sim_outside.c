/* sim_outside.c - providers, helpdesks and hooks with moods and books of their own
 *
 * The books say what they took, whatever headgate believes of it.  A call has three moments: it leaves (a dispatch
 * of the lab), it arrives (books and answer), and the answer comes back; a crash may lie between any two. */
#include "sim_ops.h"

#include <string.h>

#define PATIENCE_MS 60000

enum mood {
	MOOD_FINE,
	MOOD_REFUSES,		/* too much, come again: nothing was taken */
	MOOD_LOSES,		/* took it, and the answer is lost */
	MOOD_DEAF,		/* the line breaks before it is taken, and nobody can tell */
	MOOD_REJECTS,
	MOOD_SILENT,		/* took it, and never answers */
	MOOD_DOWN,
	MOOD_MIXED,
	N_MOODS
};

struct sent { guint taken; gboolean told; /* a receipt with our key was acknowledged */ gint64 message_n; char *id, *channel; };
struct lane { gint64 last_n; };
struct call { hg_dispatch *dispatch; int fate; int reach; char *id; gint64 retry_ms; gboolean objects, gone, silent; gint64 left_ms; };

struct wire {
	char *channel;
	gint64 born_ms;
	gboolean busy, keep;	/* keep: its next acknowledgement gets lost */
	guint tries;
	guint n;		/* messages in it; 0: a receipt */
	struct step steps[2];
	guint numbers[2];
	int state;
	char *id, *key;
	gint64 at_ms;
	hg_sim *sim;
};

static void call_free(void *data)
{
	struct call *call = data;

	hg_dispatch_free(call->dispatch);
	g_free(call->id);
	g_free(call);
}

static void wire_free(void *data)
{
	struct wire *wire = data;

	g_free(wire->channel);
	g_free(wire->id);
	g_free(wire->key);
	g_free(wire);
}

static void sent_free(void *data)
{
	struct sent *sent = data;

	g_free(sent->id);
	g_free(sent->channel);
	g_free(sent);
}

void sim_outside_new(hg_sim *sim)
{
	sim->wires = g_ptr_array_new_with_free_func(wire_free);
	sim->calls = g_ptr_array_new_with_free_func(call_free);
	sim->sent = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, sent_free);
	sim->heard = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	sim->lanes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	sim->allowed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void sim_outside_forget(hg_sim *sim)
{
	g_hash_table_remove_all(sim->sent);
	g_hash_table_remove_all(sim->heard);
	g_hash_table_remove_all(sim->lanes);
	g_hash_table_remove_all(sim->allowed);
	memset(sim->moods, 0, sizeof(sim->moods));
}

void sim_outside_free(hg_sim *sim)
{
	g_ptr_array_unref(sim->wires);
	g_ptr_array_unref(sim->calls);
	g_hash_table_destroy(sim->sent);
	g_hash_table_destroy(sim->heard);
	g_hash_table_destroy(sim->lanes);
	g_hash_table_destroy(sim->allowed);
}

/* ---- moods ---- */

static guint peer_of(const hg_dispatch *dispatch)
{
	if (dispatch->job.target == HG_TO_BACKEND || dispatch->job.target == HG_FROM_BACKEND)
		return strcmp(dispatch->job.name, "desk") == 0 ? 5 : 6;
	if (dispatch->job.target != HG_TO_CHANNEL)
		return 7;
	for (guint i = 0; sim_channels[i]; i++)
		if (strcmp(sim_channels[i], dispatch->job.name) == 0)
			return i;
	return 0;
}

void sim_mood(hg_sim *sim, guint32 peer, guint32 mood)
{
	sim->moods[peer % G_N_ELEMENTS(sim->moods)] = (guint8)(mood % N_MOODS);
}

static enum mood mood_of(hg_sim *sim, const hg_dispatch *dispatch)
{
	enum mood mood = sim->moods[peer_of(dispatch)];
	guint32 dice = sim_dice(sim, (guint32)dispatch->job.n);

	if (sim->calm)
		return MOOD_FINE;
	if (mood == MOOD_MIXED)
		return dice % MOOD_DOWN;
	/* No mood is pure. */
	return dice % 8 == 0 ? (dice >> 8) % MOOD_DOWN : mood;
}

/* ---- a provider ---- */

static gboolean is_keyed(const char *channel)
{
	return strcmp(channel, "sms") == 0;
}

static gboolean is_allowed(hg_sim *sim, gint64 job_n)
{
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, job_n);

	return g_hash_table_contains(sim->allowed, name);
}

/* A person or the configuration said so, or the provider drops the second one. */
static gboolean may_repeat(hg_sim *sim, const hg_dispatch *dispatch)
{
	const struct hg_channel_conf *conf = hg_conf_channel(sim->with.confs[sim->conf], dispatch->job.name);

	return (conf && g_strcmp0(conf->on_ambiguous, "resend") == 0) || is_keyed(dispatch->job.name) ||
	       is_allowed(sim, dispatch->job.n);
}

/* Said before he wanted none, and sent after that. */
static void said_too_late(hg_sim *sim, const hg_dispatch *dispatch)
{
	const struct hg_channel_conf *conf = hg_conf_channel(sim->with.confs[sim->conf], dispatch->job.name);
	gboolean people = conf && g_strcmp0(conf->consent.words, "yes") == 0 &&
			  g_strcmp0(conf->consent.written_again, "refuse") == 0;

	if (!dispatch->ask && (people || dispatch->out.automatic) &&
	    sim_number(sim, "SELECT count(*) FROM consent AS c JOIN message AS m ON m.n = ?1 WHERE c.uri = m.address AND "
		       "c.channel = m.channel AND c.state = 2 AND c.ours IN ('', m.our_address) AND c.heard_ms > m.at_ms AND "
		       "c.heard_ms < ?2 AND NOT EXISTS (SELECT 1 FROM consent AS s WHERE s.uri = c.uri AND s.channel = c.channel "
		       "AND s.state = 1 AND s.said_ms > c.said_ms)", dispatch->job.message_n, dispatch->job.changed_ms))
		sim_wrong(sim, "job %" G_GINT64_FORMAT " went out to who had opted out", dispatch->job.n);
}

static void said_too_much(hg_sim *sim, const hg_dispatch *dispatch)
{
	if (dispatch->job.target == HG_TO_CHANNEL)
		said_too_late(sim, dispatch);
	if (strstr(dispatch->out.text ?: "", NOTE_CANARY) ||
	    (dispatch->job.body && g_strstr_len(dispatch->job.body, (gssize)dispatch->job.len, NOTE_CANARY)))
		sim_wrong(sim, "an agent's note reached a customer: job %" G_GINT64_FORMAT, dispatch->job.n);
}

static struct sent *book(hg_sim *sim, const hg_dispatch *dispatch)
{
	struct sent *sent = g_hash_table_lookup(sim->sent, dispatch->out.key);

	if (!sent) {
		sent = g_new0(struct sent, 1);
		sent->id = g_strdup_printf("out.%" G_GINT64_FORMAT, dispatch->job.n);
		sent->channel = g_strdup(dispatch->job.name);
		sent->message_n = dispatch->job.message_n;
		g_hash_table_insert(sim->sent, g_strdup(dispatch->out.key), sent);
	}
	return sent;
}

/* What it says later of what it took; in any order. */
static void promise_receipts(hg_sim *sim, const struct sent *sent, const char *key)
{
	guint32 dice = sim_dice(sim, 77);
	gboolean echo = strcmp(sent->channel, "asks") != 0;

	for (int state = HG_R_SENT; state <= HG_R_READ; state++)
		if (dice >> state & 3)
			sim_wire_receipt(sim, sent->channel, state, sent->id, echo ? key : NULL);
	if (dice >> 24 < 16)
		sim_wire_receipt(sim, sent->channel, HG_R_FAILED, sent->id, echo ? key : NULL);
}

static void take(hg_sim *sim, const hg_dispatch *dispatch)
{
	struct sent *sent = book(sim, dispatch);

	said_too_much(sim, dispatch);
	if (sent->taken && is_keyed(sent->channel)) {
		sim->counts.repeated++;
		return;
	}
	if (sent->taken && !may_repeat(sim, dispatch))
		sim_wrong(sim, "sent twice and nobody wanted it: job %" G_GINT64_FORMAT " on %s", dispatch->job.n,
			  dispatch->job.name);
	sent->taken++;
	promise_receipts(sim, sent, dispatch->out.key);
}

static void ask_provider(hg_sim *sim, struct call *call, enum mood mood)
{
	const struct sent *sent = g_hash_table_lookup(sim->sent, call->dispatch->out.key);

	call->fate = sent && sent->taken ? HG_SENT : HG_RETRY;
	if (mood != MOOD_FINE && mood != MOOD_REJECTS)
		call->fate = HG_AMBIGUOUS;
	if (call->fate == HG_SENT)
		call->id = g_strdup(sent->id);
}

static void at_provider(hg_sim *sim, struct call *call, enum mood mood)
{
	static const int fates[] = { HG_SENT, HG_RETRY, HG_AMBIGUOUS, HG_AMBIGUOUS, HG_FAILED, HG_AMBIGUOUS, HG_RETRY };
	hg_dispatch *dispatch = call->dispatch;

	if (dispatch->ask) {
		ask_provider(sim, call, mood);
		return;
	}
	call->fate = fates[mood];
	call->silent = mood == MOOD_SILENT;
	call->retry_ms = mood == MOOD_REFUSES ? sim_dice(sim, 3) % 600000 : 0;
	if (mood == MOOD_REJECTS && sim_dice(sim, 4) % 8 == 0)
		call->reach = HG_REACH_CHANNEL;
	if (mood != MOOD_FINE && mood != MOOD_LOSES && mood != MOOD_SILENT)
		return;
	take(sim, dispatch);
	if (mood == MOOD_FINE)
		call->id = g_strdup(((struct sent *)g_hash_table_lookup(sim->sent, dispatch->out.key))->id);
}

/* ---- a helpdesk ---- */

/* Given up ones do not count, nor what a person has sent again since. */
static gboolean earlier_waits(hg_sim *sim, gint64 job_n)
{
	gint64 n = 0;

	do
		n = sim_number(sim, "SELECT o.n FROM outbox AS o JOIN outbox AS mine ON mine.n = ?1 WHERE o.n > ?2 AND "
			       "o.target = mine.target AND o.name = mine.name AND o.lane = mine.lane AND o.n < mine.n "
			       "AND o.state <> 6 ORDER BY o.n LIMIT 1", job_n, n);
	while (n && is_allowed(sim, n));
	return n != 0;
}

/* In order, without a gap, and the same again under the same id. */
static void hear(hg_sim *sim, const hg_dispatch *dispatch)
{
	const hg_event *event = &dispatch->event;
	g_autofree char *name = g_strconcat(dispatch->job.name, " ", event->id, NULL);
	g_autofree char *lane_name = g_strconcat(dispatch->job.name, " ", dispatch->job.lane, NULL);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_MD5, event->data, -1);
	const char *before = g_hash_table_lookup(sim->heard, name);
	struct lane *lane = g_hash_table_lookup(sim->lanes, lane_name);

	if (!sim_operator_edited(sim, dispatch) && before && strcmp(before, sum) != 0 && !sim->mended)
		sim_wrong(sim, "%s heard %s twice, and not the same", dispatch->job.name, event->id);
	if (before)
		sim->counts.repeated++;
	if (strstr(event->data, NOTE_CANARY))
		sim_wrong(sim, "an agent's note in event %s", event->id);
	if (!lane) {
		lane = g_new0(struct lane, 1);
		g_hash_table_insert(sim->lanes, g_steal_pointer(&lane_name), lane);
	}
	/* Those given up were, by six refusals; a person may send one again behind others. */
	if (event->n < lane->last_n && !g_hash_table_contains(sim->allowed, name))
		sim_wrong(sim, "%s heard %s behind a later one of its thread", dispatch->job.name, event->id);
	if (!before && earlier_waits(sim, dispatch->job.n))
		sim_wrong(sim, "%s heard %s before an earlier one of its thread", dispatch->job.name, event->id);
	lane->last_n = MAX(lane->last_n, event->n);
	if (!before)
		g_hash_table_insert(sim->heard, g_steal_pointer(&name), g_steal_pointer(&sum));
}

static void at_desk(hg_sim *sim, struct call *call, enum mood mood)
{
	guint32 dice = sim_dice(sim, 5);

	call->fate = mood == MOOD_FINE ? HG_SENT : HG_RETRY;
	call->silent = mood == MOOD_SILENT;
	if (mood == MOOD_FINE || mood == MOOD_LOSES || mood == MOOD_SILENT)
		hear(sim, call->dispatch);
	if (mood == MOOD_REFUSES)
		call->retry_ms = dice % 3600000;
	/* As the forwarder does: a broken deployment says 400 too, so it takes six of them. */
	if (mood == MOOD_REJECTS) {
		call->objects = TRUE;
		call->gone = dice % 16 == 0;
		call->fate = call->dispatch->job.steps >= 5 ? HG_FAILED : HG_RETRY;
	}
	if (call->fate == HG_SENT && dice % 3 == 0)
		call->id = g_strdup_printf("ext%" G_GINT64_FORMAT, call->dispatch->event.thread_n);
}

/* ---- calls ---- */

static void arrive(hg_sim *sim, hg_dispatch *dispatch)
{
	struct call *call = g_new0(struct call, 1);
	enum mood mood = mood_of(sim, dispatch);

	sim->counts.calls++;
	sim_operator_lets(sim, dispatch);
	call->dispatch = dispatch;
	call->left_ms = test_now_ms;
	if (dispatch->job.target == HG_TO_CHANNEL)
		at_provider(sim, call, mood);
	else if (dispatch->job.target == HG_TO_BACKEND)
		at_desk(sim, call, mood);
	else
		call->fate = mood == MOOD_FINE ? HG_SENT : mood == MOOD_REJECTS ? HG_FAILED : HG_RETRY;
	g_ptr_array_add(sim->calls, call);
}

static void hook_answers(hg_sim *sim, struct call *call)
{
	static const char *const bodies[] = { "{\"contact\":{\"tier\":\"gold\"},\"message\":{\"mood\":\"angry\"}}",
					      "{\"message\":{\"mood\":\"calm\"}}", "no JSON", NULL };
	hg_command *command = lab_command(sim->lab, HG_CMD_FACTS, NULL);
	guint32 dice = sim_dice(sim, 6);

	command->principal = NULL;
	command->job_n = call->dispatch->job.n;
	command->fence = call->dispatch->fence;
	command->facts.body = call->fate == HG_SENT ? bodies[dice % 3] : NULL;
	command->facts.len = command->facts.body ? strlen(command->facts.body) : 0;
	command->facts.text = command->facts.body ? NULL : "503";
	hg_dispatch_free(g_steal_pointer(&call->dispatch));
	lab_do(sim->lab, command);
}

static void answer(hg_sim *sim, struct call *call)
{
	hg_dispatch *dispatch = call->dispatch;

	if (dispatch->job.target == HG_TO_HOOK) {
		hook_answers(sim, call);
		return;
	}
	call->dispatch = NULL;
	if (dispatch->job.target == HG_FROM_BACKEND) {
		sim_desk_looked_at(sim, dispatch, call->fate);
		return;
	}
	if (dispatch->job.target == HG_TO_CHANNEL)
		lab_sent(sim->lab, dispatch, &(struct hg_result){ .fate = call->fate, .reach = call->reach ?: HG_REACH_MESSAGE,
			 .id = call->id, .retry_ms = call->retry_ms, .text = "so it is", .code = 7 });
	else if (dispatch->job.target == HG_TO_BACKEND)
		lab_forwarded(sim->lab, dispatch, &(struct hg_forward_result){ .fate = call->fate,
			.status = call->fate == HG_SENT ? 200 : call->gone ? 410 : call->objects ? 422 : 503,
			.retry_ms = call->retry_ms, .objects = call->objects, .gone = call->gone, .text = "no",
			.external_id = call->id });
	else
		lab_fetched(sim->lab, dispatch, &(struct hg_fetch_result){ .fate = call->fate, .bytes = 9, .text = "gone",
			.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" });
}

/* The caller's patience ends. */
static gboolean can_come(const hg_sim *sim, const struct call *call)
{
	return !call->silent || sim->calm || test_now_ms - call->left_ms > PATIENCE_MS;
}

static struct call *answer_of(hg_sim *sim, guint32 dice)
{
	for (guint i = 0; i < sim->calls->len; i++) {
		guint at = (dice + i) % sim->calls->len;
		struct call *call = sim->calls->pdata[at];

		if (can_come(sim, call))
			return g_ptr_array_steal_index(sim->calls, at);
	}
	return NULL;
}

void sim_peer_acts(hg_sim *sim, guint32 dice)
{
	GPtrArray *out = sim->lab->out;
	struct call *call;

	if (out->len && (dice & 1 || !sim->calls->len || (sim->calm && out->len))) {
		arrive(sim, g_ptr_array_steal_index(out, (dice >> 1) % out->len));
		return;
	}
	call = answer_of(sim, dice >> 1);
	if (!call)
		return;
	answer(sim, call);
	call_free(call);
}

gboolean sim_outside_idle(hg_sim *sim)
{
	if (sim->lab->out->len)
		return FALSE;
	for (guint i = 0; i < sim->calls->len; i++)
		if (can_come(sim, sim->calls->pdata[i]))
			return FALSE;
	return TRUE;
}

/* What had left may have arrived; no answer comes back. */
void sim_outside_crash(hg_sim *sim)
{
	GPtrArray *out = sim->lab->out;

	while (out->len) {
		hg_dispatch *dispatch = g_ptr_array_steal_index(out, 0);
		/* After a crash that came before the commit nothing had left. */
		if (sim_dice(sim, 8) & 1)
			arrive(sim, dispatch);
		else
			hg_dispatch_free(dispatch);
	}
	sim->counts.lost_answers += sim->calls->len;
	g_ptr_array_set_size(sim->calls, 0);
	for (guint i = 0; i < sim->wires->len; i++)
		((struct wire *)sim->wires->pdata[i])->busy = FALSE;
	sim_agents_forgotten(sim);
}

void sim_allow(hg_sim *sim, gint64 job_n)
{
	g_autofree char *event = sim_text(sim, "SELECT o.name || ' ' || e.id FROM outbox AS o JOIN event AS e ON e.n = o.event_n "
					  "WHERE o.n = ?1", job_n, 0);

	g_hash_table_add(sim->allowed, g_strdup_printf("%" G_GINT64_FORMAT, job_n));
	g_hash_table_add(sim->allowed, g_strdup_printf("message %" G_GINT64_FORMAT, sim_number(sim,
			 "SELECT message_n FROM outbox WHERE n = ?1", job_n, 0)));
	if (event)
		g_hash_table_add(sim->allowed, g_steal_pointer(&event));
}

/* ---- deliveries ---- */

static struct wire *wire_new(hg_sim *sim, const char *channel)
{
	struct wire *wire = g_new0(struct wire, 1);

	wire->sim = sim;
	wire->channel = g_strdup(channel);
	wire->born_ms = test_now_ms;
	wire->keep = !sim->calm && sim_dice(sim, 9) % 8 == 0;
	g_ptr_array_add(sim->wires, wire);
	return wire;
}

struct wire *sim_wire_says(hg_sim *sim, const char *channel, const struct step *steps, const guint *numbers, guint n)
{
	struct wire *wire = wire_new(sim, channel);

	wire->n = n;
	memcpy(wire->steps, steps, n * sizeof(*steps));
	memcpy(wire->numbers, numbers, n * sizeof(*numbers));
	return wire;
}

void sim_wire_receipt(hg_sim *sim, const char *channel, int state, const char *id, const char *key)
{
	struct wire *wire = wire_new(sim, channel);

	wire->state = state;
	wire->id = g_strdup(id);
	wire->key = g_strdup(key);
	wire->at_ms = test_now_ms + state;
}

static void note_acked(hg_sim *sim, const struct wire *wire, const hg_command *command)
{
	struct sent *sent = wire->key ? g_hash_table_lookup(sim->sent, wire->key) : NULL;

	for (guint i = 0; i < wire->n; i++)
		if (wire->steps[i].op != OP_ABOUT)
			g_hash_table_add(sim->acked, g_strdup(command->batch.in[i].id));
	if (sent)
		sent->told = TRUE;
}

/* A provider forgets what was acknowledged, when it hears of that. */
static void delivered(void *arg, const hg_command *command, const char *answer G_GNUC_UNUSED, const GError *error)
{
	struct wire *wire = arg;
	hg_sim *sim = wire->sim;

	if (!error)
		sim_trace_command(sim, command);
	if (sim->dead)
		return;
	wire->busy = FALSE;
	if (error)
		return;
	note_acked(sim, wire, command);
	if (wire->keep)
		wire->keep = FALSE;
	else
		g_ptr_array_remove_fast(sim->wires, wire);
}

static void fill(hg_sim *sim, const struct wire *wire, hg_command *command)
{
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = wire->state, .id = wire->id, .key = wire->key,
				      .at_ms = wire->at_ms, .code = wire->state == HG_R_FAILED ? 131026 : 0,
				      .text = wire->state == HG_R_FAILED ? "undeliverable" : NULL };
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(struct hg_in), .receipts = &receipt,
				  .n_receipts = !wire->n, .receipt_size = sizeof(receipt), .raw = "{\"raw\":1}", .raw_len = 9 };
	struct saying said[2];
	struct hg_in in[2];

	for (guint i = 0; i < wire->n; i++) {
		sim_saying(sim, &wire->steps[i], wire->numbers[i], wire->born_ms, &said[i]);
		in[i] = said[i].in;
	}
	batch.in = in;
	batch.n_in = wire->n;
	must(hg_command_set_batch(command, &batch, e));
	for (guint i = 0; i < wire->n; i++)
		sim_saying_done(&said[i]);
}

void sim_wire_bring(hg_sim *sim, struct wire *wire)
{
	hg_command *command;

	if (wire->busy)
		return;
	if (test_now_ms - wire->born_ms > 7 * DAY_MS) {
		g_ptr_array_remove_fast(sim->wires, wire);	/* the provider gives up */
		return;
	}
	command = hg_command_new(HG_CMD_INBOUND);
	command->channel = hg_arena_str(command->arena, wire->channel);
	command->space = "fake";
	command->done = delivered;
	command->done_arg = wire;
	fill(sim, wire, command);
	wire->busy = TRUE;
	sim->counts.deliveries++;
	sim->counts.redelivered += wire->tries++ > 0;
	must(hg_engine_submit(sim->lab->engine, command, e));
}

void sim_wire_any(hg_sim *sim, guint32 dice)
{
	if (sim->wires->len)
		sim_wire_bring(sim, sim->wires->pdata[dice % sim->wires->len]);
}

/* ---- the books ---- */

static guint taken_of(hg_sim *sim, gint64 message_n, gboolean *ret_told)
{
	GHashTableIter iter;
	gpointer value;
	guint n = 0;

	*ret_told = FALSE;
	g_hash_table_iter_init(&iter, sim->sent);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct sent *sent = value;

		if (sent->message_n != message_n || !sent->taken)
			continue;
		n++;
		*ret_told |= sent->told;
	}
	return n;
}

/* One that a person has said arrived, or is to be sent again, is what that person said. */
static gboolean is_settled_by_hand(hg_sim *sim, gint64 message_n)
{
	g_autofree char *name = g_strdup_printf("message %" G_GINT64_FORMAT, message_n);

	return g_hash_table_contains(sim->allowed, name);
}

static void compare_message(hg_sim *sim, gint64 n, guint parts, guint parts_sent, int delivery)
{
	gboolean told;
	guint taken = taken_of(sim, n, &told);

	if (is_settled_by_hand(sim, n))
		return;
	if (parts_sent > taken)
		sim_wrong(sim, "message %" G_GINT64_FORMAT " is shown as sent in %u parts, and the provider has %u", n,
			  parts_sent, taken);
	if (taken == parts && parts == 1 && told && delivery == HG_DLV_UNKNOWN)
		sim_wrong(sim, "message %" G_GINT64_FORMAT " is shown as unknown, though a receipt told of it", n);
	if (delivery <= HG_DLV_SENDING)
		sim_wrong(sim, "liveness: message %" G_GINT64_FORMAT " is neither sent nor given up", n);
}

/* What is shown was taken, and what was said of it is known. */
gboolean sim_books_agree(hg_sim *sim)
{
	sqlite3_stmt *stmt = NULL;

	assert_int_equal(sqlite3_prepare_v2(sim->db, "SELECT m.n, m.parts, m.parts_sent, m.delivery FROM message AS m "
					    "JOIN thread AS t ON t.n = m.thread_n WHERE m.n > ?1 AND m.direction = 2 "
					    "AND m.echo = 0 AND t.shadow = 0", -1, &stmt, NULL), SQLITE_OK);
	sqlite3_bind_int64(stmt, 1, sim->message_n);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		compare_message(sim, sqlite3_column_int64(stmt, 0), (guint)sqlite3_column_int64(stmt, 1),
				(guint)sqlite3_column_int64(stmt, 2), sqlite3_column_int(stmt, 3));
	sqlite3_finalize(stmt);
	return !sim->why;
}

/* hook_ask.c - before the rules: which hooks are asked about a message, and whether it has to wait for them
 *
 * No I/O: a question is a job of the outbox.  The message is kept and its delivery acknowledged; the answer is a
 * command, the deadline a time of the store's, and what the contact says next stands behind it. */
#include "turn.h"

#include "command_pack.h"
#include "json.h"
#include "payload_parts.h"
#include "text.h"

#include <string.h>

#define TEXT_SENT_MAX (64 * 1024)	/* bytes of a message's text that a hook gets to see */

/* ---- what is asked ---- */

static void write_file(const struct hg_file *file, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "kind", hg_kind_word(file->kind));
	hg_json_add_str(out, "name", file->name);
	hg_json_add_str(out, "type", file->type);
	hg_json_key(out, "bytes");
	if (file->bytes >= 0)
		hg_json_put_int(out, file->bytes);
	else
		hg_json_put_raw(out, NULL);
	hg_json_close(out, '}');
}

static void write_message(const hg_turn *turn, const struct hg_in *in, GString *out)
{
	gboolean quotes = in->reply_text && *in->reply_text;
	g_autofree char *text = hg_text_valid(quotes ? in->reply_text : in->text, -1, TEXT_SENT_MAX);

	hg_json_key(out, "message");
	hg_json_open(out, '{');
	hg_json_add_str(out, "external_id", in->id);
	hg_json_add_str(out, "kind", hg_kind_word(in->kind));
	hg_json_add_str(out, "subject", in->subject);
	hg_json_add_str(out, "text", text);
	hg_json_add_str(out, "address", in->from[0].uri);
	hg_json_add_str(out, "our_address", in->to);
	hg_json_add_time(out, "sent_at", in->sent_ms);
	hg_json_add_time(out, "received_at", turn->now_ms);
	hg_json_add_bool(out, "automatic", in->automatic);
	hg_json_add_bool(out, "forwarded", in->forwarded);
	hg_json_key(out, "files");
	hg_json_open(out, '[');
	for (gsize i = 0; i < in->n_files; i++)
		write_file(&in->files[i], out);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

static void write_channel(const hg_turn *turn, GString *out)
{
	const struct hg_channel_conf *channel = hg_conf_channel(turn->conf, turn->command->channel);

	hg_json_key(out, "channel");
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", turn->command->channel);
	hg_json_add_str(out, "adapter", channel ? channel->adapter : NULL);
	hg_json_add_str(out, "scope", hg_inbound_scope(turn));
	hg_json_close(out, '}');
}

static gboolean write_thread(hg_turn *turn, const hg_case *kase, const struct hg_in *in, GString *out, GError **error)
{
	struct hg_payload payload = { .store = turn->store, .conf = turn->conf, .arena = turn->arena };
	struct hg_proposed proposed;
	struct hg_claim heard;

	if (!hg_sender_weigh(turn, in, hg_inbound_scope(turn), &heard, error) ||
	    !hg_threading_propose(turn, kase, in, hg_inbound_scope(turn), &heard, &proposed, error))
		return FALSE;
	payload.thread = proposed.thread;
	if (proposed.thread)
		hg_thread_add_ref(&payload, out);
	else
		hg_json_add_raw(out, "thread", NULL);
	return TRUE;
}

/* The same for all hooks, so it is written once.  NULL: the store failed. */
static const char *question(hg_turn *turn, const hg_case *kase, const struct hg_in *in, gsize *ret_len, GError **error)
{
	struct hg_payload payload = { .store = turn->store, .conf = turn->conf, .arena = turn->arena,
				      .contact = kase->contact };
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "facts.wanted");
	hg_json_add_time(out, "timestamp", turn->now_ms);
	hg_json_key(out, "data");
	hg_json_open(out, '{');
	write_channel(turn, out);
	if (!hg_contact_add(&payload, "contact", kase->contact, out, error))
		return NULL;
	hg_json_add_bool(out, "known", !kase->contact_new);
	write_message(turn, in, out);
	if (!write_thread(turn, kase, in, out, error))
		return NULL;
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	*ret_len = out->len;
	return hg_arena_mem(turn->arena, out->str, out->len);
}

/* ---- who is asked ---- */

static gboolean concerns(const struct hg_hook_conf *hook, const char *channel, const hg_case *kase)
{
	if (hook->channels && !g_strv_contains((const char *const *)hook->channels, channel))
		return FALSE;
	return g_strcmp0(hook->ask, "new") != 0 || kase->contact_new;
}

static gboolean decided(hg_question *ask, int state, const char *note)
{
	ask->state = state;
	ask->note = note;
	return TRUE;
}

/* Is it asked, or is there a reason not to? */
static gboolean decide(hg_turn *turn, const struct hg_hook_conf *hook, gboolean ahead, hg_question *ask, GError **error)
{
	hg_hook *fares = NULL;
	gint64 said_ms = 0;
	gboolean open = FALSE, many = FALSE;

	if (hook->cache_ms &&
	    (!hg_store_facts_get(turn->store, turn->arena, ask->contact_n, hook->name, &ask->answer, &said_ms, error) ||
	     (ahead && !hg_store_question_is_open(turn->store, ask->contact_n, hook->name, &open, error))))
		return FALSE;
	if (ask->answer && turn->now_ms - said_ms < hook->cache_ms)
		return decided(ask, HG_QUESTION_CACHED, NULL);
	ask->answer = NULL;
	if (open)
		return decided(ask, HG_QUESTION_SHARED, NULL);
	if (!hg_store_hook_get(turn->store, turn->arena, hook->name, &fares, error) ||
	    (ahead && !hg_store_waiting_more(turn->store, ask->contact_n, HG_WAITING_MAX - 1, &many, error)))
		return FALSE;
	if (fares && fares->until_ms > turn->now_ms) {
		hg_hooks_down(turn->engine, hook->name, fares->until_ms);
		return decided(ask, HG_QUESTION_SKIPPED, "it did not answer several times in a row: left alone for a while");
	}
	if (many)
		return decided(ask, HG_QUESTION_SKIPPED, "too many messages of this contact wait already");
	return decided(ask, HG_QUESTION_OPEN, NULL);
}

static gboolean plan(hg_turn *turn, const hg_case *kase, gboolean ahead, GPtrArray *asks, GError **error)
{
	for (guint i = 0; i < turn->conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(turn->conf->hooks, i);
		hg_question *ask;

		if (!concerns(hook, turn->command->channel, kase))
			continue;
		ask = hg_arena_alloc(turn->arena, sizeof(*ask));
		*ask = (hg_question){ .contact_n = kase->contact->n, .hook = hook->name, .asked_ms = turn->now_ms,
				 .deadline_ms = turn->now_ms + hook->deadline_ms, .ms = -1 };
		hg_id_new(turn->engine->env, "ask", ask->id);
		if (!decide(turn, hook, ahead, ask, error))
			return FALSE;
		g_ptr_array_add(asks, ask);
	}
	return TRUE;
}

/* ---- kept until then ---- */

static gint64 ready_at(const hg_turn *turn, const GPtrArray *asks)
{
	gint64 ready_ms = turn->now_ms;

	for (guint i = 0; i < asks->len; i++) {
		const hg_question *ask = g_ptr_array_index(asks, i);

		if (ask->state == HG_QUESTION_OPEN)
			ready_ms = MAX(ready_ms, ask->deadline_ms);
	}
	return ready_ms;
}

static gboolean keep(hg_turn *turn, const hg_case *kase, const struct hg_in *in, gint64 raw_n, gint64 ready_ms,
		     hg_waiting *waiting, GError **error)
{
	g_autoptr(GString) packed = g_string_sized_new(512);
	struct hg_in item = *in;

	item.raw = NULL;	/* is in raw_n */
	item.raw_len = 0;
	hg_in_pack(&item, HG_PACK_ALL, packed);
	*waiting = (hg_waiting){
		.contact_n = kase->contact->n, .channel = turn->command->channel, .space = turn->command->space,
		.item = hg_arena_mem(turn->arena, packed->str, packed->len), .len = packed->len, .raw_n = raw_n,
		.own_raw = hg_inbound_own_raw(turn, in, raw_n) != 0, .newcomer = kase->contact_new,
		.at_ms = turn->now_ms, .ready_ms = ready_ms,
	};
	turn->engine->waiting_due_ms = MIN(turn->engine->waiting_due_ms, ready_ms);
	return hg_store_waiting_add(turn->store, waiting, error);
}

static gboolean ask_one(hg_turn *turn, hg_question *ask, const char *body, gsize len, GError **error)
{
	hg_job job = { .target = HG_TO_HOOK, .name = ask->hook, .lane = ask->id, .due_ms = turn->now_ms, .file = -1,
		       .key = ask->id, .body = body, .len = len };

	if (!hg_outbox_add(turn, &job, error))
		return FALSE;
	ask->job_n = job.n;
	return TRUE;
}

static gboolean ask_all(hg_turn *turn, const hg_case *kase, const struct hg_in *in, gint64 waiting_n,
			const GPtrArray *asks, GError **error)
{
	const char *body = NULL;
	gsize len = 0;

	for (guint i = 0; i < asks->len; i++) {
		hg_question *ask = g_ptr_array_index(asks, i);

		ask->waiting_n = waiting_n;
		if (ask->state == HG_QUESTION_OPEN && !body && !(body = question(turn, kase, in, &len, error)))
			return FALSE;
		if ((ask->state == HG_QUESTION_OPEN && !ask_one(turn, ask, body, len, error)) ||
		    !hg_store_question_add(turn->store, ask, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean has_open(const GPtrArray *asks)
{
	for (guint i = 0; i < asks->len; i++)
		if (((const hg_question *)g_ptr_array_index(asks, i))->state == HG_QUESTION_OPEN)
			return TRUE;
	return FALSE;
}

/* What has to be in the order it was said: consent counts at once, and is about nothing that was said. */
static gboolean is_in_order(const struct hg_in *in)
{
	return in->n_from && in->kind != HG_CONSENT && in->kind != HG_ACCOUNT && in->kind != HG_IGNORED;
}

gboolean hg_asking_gate(hg_turn *turn, const struct hg_in *in, gint64 raw_n, gboolean *ret_waits, GError **error)
{
	gboolean said = in->kind <= HG_UNSUPPORTED && !in->echo;
	g_autoptr(GPtrArray) asks = g_ptr_array_new();
	struct hg_in as = hg_sender_as(turn, in);
	hg_waiting waiting;
	hg_case kase = { 0 };
	gboolean ahead;

	*ret_waits = FALSE;
	if (!turn->conf->hooks->len && turn->engine->waiting_due_ms == G_MAXINT64)
		return TRUE;
	if (!is_in_order(in))
		return TRUE;
	if (!hg_contact_resolve(turn, &as, said, &kase, error))
		return FALSE;
	if (!kase.contact || hg_contact_is_blocked(kase.contact, turn->now_ms))
		return TRUE;
	turn->newcomer = kase.contact_new ? kase.contact->n : 0;
	if (!hg_store_waiting_more(turn->store, kase.contact->n, 0, &ahead, error) ||
	    (said && !plan(turn, &kase, ahead, asks, error)))
		return FALSE;
	if (!ahead && !has_open(asks)) {
		hg_hooks_judged(turn, asks);
		return TRUE;
	}
	*ret_waits = TRUE;
	return keep(turn, &kase, in, raw_n, ready_at(turn, asks), &waiting, error) &&
	       ask_all(turn, &kase, in, waiting.n, asks, error) && hg_case_save(turn, &kase, error);
}

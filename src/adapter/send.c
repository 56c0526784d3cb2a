/* send.c - what goes out: handed to the adapter, answered by one SENT command each */
#include "services.h"

#include <string.h>

#include "failpoint.h"
#include "hide.h"
#include "text.h"

#define WORDS_MAX 2000		/* bytes of a provider's words that are kept */
#define BODY_MAX  (1 << 20)	/* bytes of the body an HG_STEP leaves */

struct send {
	guint64 ticket;			/* ours for this attempt: a late answer to an earlier one has another */
	struct hg_flight flight;
	hg_channel *ch;
	guint64 timer;			/* the deadline */
};

static const char *words(hg_arena *arena, const char *text)
{
	g_autofree char *shown = hg_hide_copy(text), *valid = hg_text_valid(shown, -1, WORDS_MAX);

	return hg_arena_str(arena, valid);
}

static void submit(const struct hg_channels_env *env, const char *channel, struct hg_flight flight,
		   const struct hg_result *result)
{
	hg_command *command = hg_ch_command(channel, HG_CMD_SENT);

	hg_flight_ends(flight, command);
	command->sent = *result;
	command->sent.id = words(command->arena, result->id);
	command->sent.text = words(command->arena, result->text);
	command->sent.advice = words(command->arena, result->advice);
	command->sent.also = hg_command_words(command, result->also);
	command->sent.body = result->body ? hg_arena_mem(command->arena, result->body, result->len) : NULL;
	hg_ch_submit(env, command);
}

static void count(hg_channel *ch, const struct hg_result *result)
{
	if (result->fate == HG_SENT || result->fate == HG_STEP) {
		ch->last_out_ms = hg_ch_wall(ch);
		ch->counts.sent += result->fate == HG_SENT;
	} else if (result->fate == HG_RETRY) {
		ch->counts.retried++;
	} else if (result->fate == HG_FAILED) {
		ch->counts.failed++;
	} else {
		ch->counts.ambiguous++;
	}
}

/* The one place where a send ends. */
static void finish(struct send *s, const struct hg_result *result)
{
	hg_channel *ch = s->ch;

	hg_loop_untimer(ch->loop, s->timer);
	count(ch, result);
	(void)HG_FAILPOINT(SEND_ANSWERED);
	submit(ch->env, ch->name, s->flight, result);
	g_hash_table_remove(ch->sends, &s->ticket);
	hg_ch_progress(ch);
}

static void on_deadline(void *arg)
{
	struct send *s = arg;
	struct hg_result result = { .size = sizeof(result), .fate = HG_AMBIGUOUS,
		.text = "the adapter did not say in time whether it was sent" };

	s->timer = 0;
	hg_ch_fault(s->ch, "send() or ask() got no sent() in time");
	finish(s, &result);
}

/* ---- handing over ---- */

static void cannot(const struct hg_channels_env *env, const char *channel, struct hg_flight flight, int fate,
		   int reach, const char *text)
{
	struct hg_result result = { .size = sizeof(result), .fate = fate, .reach = reach, .text = text };

	if (flight.job_n)
		submit(env, channel, flight, &result);
}

/* Of what nobody waits for there is none. */
static struct hg_flight flight_of(const hg_dispatch *dispatch)
{
	return dispatch->out.ticket ? hg_flight_of(dispatch) : (struct hg_flight){ 0 };
}

void hg_channel_decline(const struct hg_channels_env *env, hg_dispatch *dispatch, const char *why)
{
	if (dispatch->job.target == HG_TO_UNPACK || dispatch->job.target == HG_TO_SETTLE) {
		hg_unpack_decline(env, dispatch, why);
	} else if (dispatch->job.target == HG_TO_FETCH) {
		hg_command *command = hg_ch_command(dispatch->channel, HG_CMD_FETCHED);

		hg_flight_ends(hg_flight_of(dispatch), command);
		command->fetched.fate = HG_RETRY;
		command->fetched.text = hg_arena_str(command->arena, why);
		hg_ch_submit(env, command);
	} else {
		/* An ask that could not be asked leaves the message as unknown as it was. */
		cannot(env, dispatch->job.name, flight_of(dispatch),
		       dispatch->ask ? HG_AMBIGUOUS : HG_RETRY, HG_REACH_CHANNEL, why);
	}
	hg_dispatch_free(dispatch);
}

static struct send *send_new(hg_channel *ch, struct hg_flight flight)
{
	struct send *s = g_new0(struct send, 1);

	s->ticket = ++ch->last_ticket;
	s->flight = flight;
	s->ch = ch;
	s->timer = hg_loop_timer(ch->loop, hg_ch_answer_ms(ch), on_deadline, s);
	g_hash_table_insert(ch->sends, &s->ticket, s);
	return s;
}

void hg_send_begin(hg_channel *ch, hg_dispatch *dispatch)
{
	void (*verb)(void *, const struct hg_out *) = dispatch->ask ? ch->desc->ask : ch->desc->send;
	struct hg_out out = dispatch->out;

	ch->counts.sends++;
	if (!verb) {
		cannot(ch->env, ch->name, flight_of(dispatch),
		       dispatch->ask ? HG_AMBIGUOUS : HG_FAILED, HG_REACH_MESSAGE,
		       dispatch->ask ? "this channel's provider cannot be asked whether it was sent"
				     : "this channel cannot send");
	} else {
		out.size = sizeof(out);
		out.file_size = sizeof(struct hg_file);
		/* READ and TYPING (ticket 0) are told, and nobody waits for what becomes of them. */
		if (out.ticket)
			out.ticket = send_new(ch, hg_flight_of(dispatch))->ticket;
		(void)HG_FAILPOINT(SEND_BEGIN);
		verb(ch->state, &out);
	}
	hg_dispatch_free(dispatch);
}

/* ---- the answer ---- */

static const char *result_wrong(struct hg_result *ours, const struct hg_result *theirs)
{
	if (!hg_take_struct(ours, sizeof(*ours), theirs))
		return "its size is wrong";
	if (ours->fate < HG_SENT || ours->fate > HG_STEP)
		return "its fate is none";
	if (ours->reach < HG_REACH_MESSAGE || ours->reach > HG_REACH_ACCOUNT)
		return "its reach is none";
	if (ours->len && !ours->body)
		return "it has a length and no body";
	if (ours->fate == HG_STEP && (!ours->body || ours->len > BODY_MAX))
		return "a step has no body, or one of more than 1 MiB";
	return NULL;
}

void hg_send_answer(hg_channel *ch, uint64_t ticket, const struct hg_result *theirs)
{
	struct send *s;
	struct hg_result result;
	const char *wrong;
	guint64 key = ticket;

	/* Also in close(): the last chance to say what is known. */
	if (!ch->in_close && !hg_ch_may(ch, "sent"))
		return;
	if (!ticket)
		return;
	s = g_hash_table_lookup(ch->sends, &key);
	if (!s) {
		ch->counts.late++;
		hg_warn(&ch->ctx, "send.late", "sent() names ticket %" G_GUINT64_FORMAT ", which is unknown or "
			"was answered already; nothing was changed", key);
		return;
	}
	wrong = result_wrong(&result, theirs);
	if (wrong) {
		hg_ch_fault(ch, "sent(): the result does not hold: %s", wrong);
		result = (struct hg_result){ .size = sizeof(result), .fate = HG_AMBIGUOUS,
			.text = "the adapter's answer could not be read" };
	}
	if (result.fate != HG_STEP)
		result.body = NULL, result.len = 0;
	finish(s, &result);
}

void hg_send_end(hg_channel *ch)
{
	static const struct hg_result unknown = { .size = sizeof(unknown), .fate = HG_AMBIGUOUS,
		.text = "the channel closed before its adapter said whether it was sent" };
	GHashTableIter iter;
	void *value;

	for (;;) {
		g_hash_table_iter_init(&iter, ch->sends);
		if (!g_hash_table_iter_next(&iter, NULL, &value))
			return;
		finish(value, &unknown);
	}
}

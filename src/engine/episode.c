/* episode.c - what a conversation comes to: counted while it goes on, one row when it ends
 *
 * The thread's ep_* fields count the newest episode, also behind its end: a ticket is answered later.
 * The row is written once, at the end, and again when something happens to the matter after it. */
#include "turn.h"

static hg_episode *begin_row(hg_turn *turn, const hg_thread *thread)
{
	hg_episode *row = hg_arena_alloc(turn->arena, sizeof(*row));

	*row = (hg_episode){
		.thread_n = thread->n, .number = thread->episode, .channel = thread->channel, .scope = hg_scope_shown(thread->scope),
		.shadow = thread->shadow, .opened_ms = thread->ep_opened_ms, .customer_ms = thread->ep_customer_ms,
		.ended_ms = turn->now_ms,
	};
	return row;
}

static void count(const hg_thread *thread, hg_episode *row)
{
	row->bot_ms = thread->ep_bot_ms;
	row->human_ms = thread->ep_human_ms;
	row->confirmed_ms = thread->ep_confirmed_ms;
	row->inbound = thread->ep_inbound;
	row->real = thread->ep_real;
	row->bot = thread->ep_bot;
	row->human = thread->ep_human;
}

gboolean hg_episode_last(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->episode || !kase->thread->episode_n)
		return TRUE;
	return hg_store_episode_get(turn->store, turn->arena, kase->thread->episode_n, &kase->episode, error);
}

void hg_episode_begin(hg_turn *turn, hg_case *kase)
{
	hg_thread *thread = kase->thread;

	thread->episode++;
	thread->ep_opened_ms = turn->now_ms;
	thread->ep_customer_ms = thread->ep_bot_ms = thread->ep_human_ms = thread->ep_confirmed_ms = 0;
	thread->ep_inbound = thread->ep_real = thread->ep_bot = thread->ep_human = 0;
	kase->thread_changed = TRUE;
}

/* Its row is added with the rest of the case: what the same turn still brings is in it. */
static void end(hg_turn *turn, hg_case *kase, int how)
{
	kase->episode = begin_row(turn, kase->thread);
	kase->episode->how = how;
	count(kase->thread, kase->episode);
	kase->thread->ep_opened_ms = 0;
	kase->thread_changed = kase->episode_changed = TRUE;
	hg_tally_note(turn, kase, how == HG_END_CLOSED ? HG_TALLY_CLOSED : HG_TALLY_CONVERTED, 0);
}

gboolean hg_episode_closed(hg_turn *turn, hg_case *kase, GError **error)
{
	hg_thread *thread = kase->thread;

	if (thread->ep_opened_ms)
		end(turn, kase, HG_END_CLOSED);
	else if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode)
		return TRUE;
	count(thread, kase->episode);
	kase->episode->closed_ms = turn->now_ms;
	kase->episode->resolution = thread->resolution;
	kase->episode_changed = TRUE;
	if (kase->episode->customer_ms && thread->resolution != HG_RES_UNRESOLVED)
		hg_tally_note(turn, kase, HG_TALLY_RESOLUTION, turn->now_ms - kase->episode->customer_ms);
	return TRUE;
}

gboolean hg_episode_converted(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->thread->ep_opened_ms)
		end(turn, kase, HG_END_CONVERTED);
	else if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode)
		return TRUE;
	kase->episode->ticket_n = kase->ticket->n;
	kase->episode->acked_ms = kase->ticket->acked_ms;
	kase->episode_changed = TRUE;
	return TRUE;
}

gboolean hg_episode_acked(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode || kase->episode->ticket_n != kase->ticket->n || kase->episode->acked_ms)
		return TRUE;
	kase->episode->acked_ms = turn->now_ms;
	kase->episode_changed = TRUE;
	hg_tally_note(turn, kase, HG_TALLY_TICKET, 0);
	return hg_episode_goes_on(turn, kase, error);
}

/* ---- what is said ---- */

void hg_episode_heard(hg_turn *turn, hg_case *kase, gboolean automatic, gboolean noise)
{
	hg_thread *thread = kase->thread;

	/* Machines are no customers, and what is closed does not go on because of noise. */
	if (automatic || thread->state == HG_THREAD_CLOSED)
		return;
	thread->ep_inbound++;
	thread->ep_real += !noise;
	if (!thread->ep_customer_ms)
		thread->ep_customer_ms = hg_inbound_had_ms(turn);
	kase->thread_changed = TRUE;
}

gboolean hg_episode_marked(hg_turn *turn, hg_case *kase, gint64 at_ms, gboolean noise, GError **error)
{
	hg_thread *thread = kase->thread;
	gint64 since_ms = thread->ep_opened_ms;

	if (!since_ms && !hg_episode_last(turn, kase, error))
		return FALSE;
	if (!since_ms && !kase->episode)
		return TRUE;
	/* Those before the newest are over, and what they came to stays. */
	if (at_ms < (since_ms ?: kase->episode->opened_ms))
		return TRUE;
	thread->ep_real = CLAMP(thread->ep_real + (noise ? -1 : 1), 0, thread->ep_inbound);
	kase->thread_changed = TRUE;
	if (since_ms)
		return TRUE;
	count(thread, kase->episode);
	kase->episode_changed = TRUE;
	return TRUE;
}

static gboolean is_answer(const hg_message *message, gboolean *ret_human)
{
	*ret_human = message->author == HG_BY_AGENT || message->author == HG_BY_OUTSIDE;
	return (*ret_human || message->author == HG_BY_BOT) && message->direction == HG_OUTBOUND &&
	       message->kind < HG_REACTION;
}

/* first_ms, n: of such answers, in the thread or in the row. */
static void note_answer(hg_turn *turn, const hg_case *kase, gboolean human, gint64 customer_ms, gint64 *first_ms,
			gint64 *n)
{
	*n += 1;
	/* Who has said nothing yet is not answered: we wrote first. */
	if (*first_ms || (!customer_ms && !kase->thread->inbound))
		return;
	*first_ms = turn->now_ms;
	if (customer_ms)
		hg_tally_note(turn, kase, human ? HG_TALLY_FIRST_HUMAN : HG_TALLY_FIRST_BOT, turn->now_ms - customer_ms);
}

/* Said in the episode before this one, and only now on its way: it answers that one. */
static gboolean answered_before(hg_turn *turn, hg_case *kase, gboolean human, GError **error)
{
	hg_episode *row;

	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	row = kase->episode;
	if (!row)
		return TRUE;
	note_answer(turn, kase, human, row->customer_ms, human ? &row->human_ms : &row->bot_ms,
		    human ? &row->human : &row->bot);
	kase->episode_changed = TRUE;
	return TRUE;
}

gboolean hg_episode_answered(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error)
{
	hg_thread *thread = kase->thread;
	gboolean human;

	if (!is_answer(message, &human))
		return TRUE;
	if (thread->ep_opened_ms && message->at_ms < thread->ep_opened_ms)
		return answered_before(turn, kase, human, error);
	note_answer(turn, kase, human, thread->ep_customer_ms, human ? &thread->ep_human_ms : &thread->ep_bot_ms,
		    human ? &thread->ep_human : &thread->ep_bot);
	kase->thread_changed = TRUE;
	if (thread->ep_opened_ms)
		return TRUE;
	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode)
		return TRUE;
	count(thread, kase->episode);
	kase->episode_changed = TRUE;
	return TRUE;
}

gboolean hg_episode_confirmed(hg_turn *turn, hg_case *kase, GError **error)
{
	hg_thread *thread = kase->thread;

	thread->ep_confirmed_ms = turn->now_ms;
	kase->thread_changed = TRUE;
	if (thread->ep_opened_ms)
		return TRUE;
	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode)
		return TRUE;
	kase->episode->confirmed_ms = turn->now_ms;
	kase->episode_changed = TRUE;
	return TRUE;
}

/* ---- what comes after ---- */

gboolean hg_episode_came_back(hg_turn *turn, hg_case *kase, GError **error)
{
	hg_episode *row;
	gint64 gap_ms;

	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	row = kase->episode;
	if (!row || !row->closed_ms)
		return TRUE;
	gap_ms = MAX(0, turn->now_ms - row->closed_ms);
	if (!row->reopened_ms && gap_ms <= turn->conf->report.reopened_within_ms)
		hg_tally_note(turn, kase, HG_TALLY_REOPENED, 0);
	row->reopen_gap_ms = row->reopened_ms ? MIN(row->reopen_gap_ms, gap_ms) : gap_ms;
	row->reopened_ms = turn->now_ms;
	kase->episode_changed = TRUE;
	return TRUE;
}

gboolean hg_episode_goes_on(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!hg_episode_last(turn, kase, error))
		return FALSE;
	if (!kase->episode || !kase->episode->dropped_ms || kase->episode->restored_ms)
		return TRUE;
	kase->episode->restored_ms = turn->now_ms;
	kase->episode_changed = TRUE;
	hg_tally_note(turn, kase, HG_TALLY_RESTORED, 0);
	return TRUE;
}

/* threading.c - which conversation a message belongs to: a proposal with its reason, no more
 *
 * Reads only.  What becomes of the proposal is the rules' decision. */
#include "turn.h"

#include "text.h"

#include <string.h>

#define LOOK_BACK 16			/* threads of a contact that are looked at */
/* A message that took no longer than this to reach us crossed the closing: it is no late one. */
#define LATE_MS (15 * 60 * 1000)

static const char *say(hg_turn *turn, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

static const char *say(hg_turn *turn, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	return hg_arena_str(turn->arena, text);
}

static const char *thread_key(hg_turn *turn, const struct hg_in *in)
{
	if (!in->group || !*in->group)
		return "";
	return say(turn, "group:%s:%s", turn->command->channel, in->group);
}

static gboolean is_late(const hg_turn *turn, const hg_thread *thread, const struct hg_in *in)
{
	return in->sent_ms && thread->closed_ms && in->sent_ms < thread->closed_ms &&
	       turn->now_ms - in->sent_ms > LATE_MS;
}

static void propose_with(struct hg_proposed *ret, int proposal, hg_thread *thread, const char *reason)
{
	ret->proposal = proposal;
	ret->thread = thread;
	ret->reason = reason;
}

/* A thread with a ticket that is open, or that a helpdesk may open again.  named: the message
 * answers something of it, which counts for more than the window. */
static gboolean propose_ticket(hg_turn *turn, hg_thread *thread, gboolean named, struct hg_proposed *ret,
			       GError **error)
{
	gint64 age = turn->now_ms - thread->last_ms;
	char span[HG_SPAN_SIZE];
	hg_ticket *ticket = NULL;

	/* CONVERTED: its ticket is open.  Closed by hand, the ticket may be open all the same. */
	if (thread->state != HG_THREAD_CONVERTED) {
		if (!hg_store_ticket_get(turn->store, turn->arena, thread->ticket_n, &ticket, error))
			return FALSE;
		if (!hg_ticket_is_open(ticket))
			return TRUE;
	}
	if (named || age <= turn->conf->window.join_ms)
		propose_with(ret, HG_PROPOSE_JOIN, thread,
			     say(turn, "open ticket, last active %s ago", hg_span(age, span)));
	return TRUE;
}

static void propose_late(hg_turn *turn, hg_thread *thread, struct hg_proposed *ret)
{
	char span[HG_SPAN_SIZE];

	propose_with(ret, HG_PROPOSE_JOIN, thread, say(turn, "said before the thread was closed, %s ago",
						       hg_span(turn->now_ms - thread->closed_ms, span)));
	ret->late = TRUE;
}

static void propose_closed(hg_turn *turn, hg_thread *thread, struct hg_proposed *ret)
{
	gint64 age = turn->now_ms - thread->closed_ms;
	char span[HG_SPAN_SIZE];

	if (age <= turn->conf->window.reopen_ms)
		propose_with(ret, HG_PROPOSE_REOPEN, thread, say(turn, "closed %s ago", hg_span(age, span)));
}

static gboolean propose_thread(hg_turn *turn, hg_thread *thread, const struct hg_in *in, gboolean named,
			       struct hg_proposed *ret, GError **error)
{
	if (thread->state == HG_THREAD_OPEN) {
		propose_with(ret, HG_PROPOSE_JOIN, thread, "open thread");
		return TRUE;
	}
	if (thread->state == HG_THREAD_CLOSED && is_late(turn, thread, in)) {
		propose_late(turn, thread, ret);
		return TRUE;
	}
	if (thread->ticket_n && !propose_ticket(turn, thread, named, ret, error))
		return FALSE;
	if (!ret->thread && thread->state == HG_THREAD_CLOSED)
		propose_closed(turn, thread, ret);
	return TRUE;
}

/* Of references only those count that lead to the same person: an id can be guessed or passed on. */
static gboolean propose_by_refs(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
				struct hg_proposed *ret, GError **error)
{
	for (const char *const *ref = in->refs; ref && *ref && !ret->thread; ref++) {
		hg_message *message;
		hg_thread *thread;

		if (!hg_inbound_find(turn, *ref, &message, error))
			return FALSE;
		if (!message)
			continue;
		if (!hg_store_thread_get(turn->store, turn->arena, message->thread_n, &thread, error))
			return FALSE;
		if (!thread || thread->contact_n != kase->contact->n || strcmp(thread->scope, scope) != 0)
			continue;
		if (!propose_thread(turn, thread, in, TRUE, ret, error))
			return FALSE;
		if (ret->thread)
			ret->reason = say(turn, "answers %s (%s)", message->id, ret->reason);
	}
	return TRUE;
}

static int weight(const hg_thread *thread)
{
	return thread->state == HG_THREAD_OPEN ? 0 : thread->state == HG_THREAD_CONVERTED ? 1 : 2;
}

gboolean hg_threading_propose(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
			      struct hg_proposed *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = NULL;

	*ret = (struct hg_proposed){ .proposal = HG_PROPOSE_NEW, .key = thread_key(turn, in), .reason = "first message" };
	if (kase->contact_new)
		return TRUE;
	if (!propose_by_refs(turn, kase, in, scope, ret, error) || ret->thread)
		return ret->thread != NULL;
	threads = g_ptr_array_new();
	/* A thread reopened beside another has a key of its own: it counts as the default one. */
	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, *ret->key ? ret->key : NULL,
				LOOK_BACK, threads, error))
		return FALSE;
	for (int round = 0; round < 3 && !ret->thread; round++)
		for (guint i = 0; i < threads->len && !ret->thread; i++) {
			hg_thread *thread = g_ptr_array_index(threads, i);

			if (weight(thread) == round && (*ret->key || !g_str_has_prefix(thread->key, "group:")) &&
			    !propose_thread(turn, thread, in, FALSE, ret, error))
				return FALSE;
		}
	if (!ret->thread && threads->len)
		ret->reason = "nothing open, and what was is too long ago";
	return TRUE;
}

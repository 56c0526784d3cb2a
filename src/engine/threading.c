/* threading.c - which conversation a message belongs to: a proposal with its reason, no more
 *
 * Reads only.  What becomes of the proposal is the rules' decision. */
#include "turn.h"

#include "subject.h"
#include "text.h"

#include <string.h>

#define LOOK_BACK 16			/* threads of a contact that are looked at */
#define GOES_ON_MS (7 * 24 * G_GINT64_CONSTANT(3600000))	/* since when it was last active */
#define MARKS_MAX 4			/* numbers in brackets, of a subject, that may be a ticket's */
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

/* Of the channel the new message came on. */
static const struct hg_window_conf *window_of(const hg_turn *turn)
{
	const struct hg_channel_conf *channel = hg_conf_channel(turn->conf, turn->command->channel);

	return channel ? &channel->window : &turn->conf->window;
}

/* Whose window it was, for people. */
static const char *whose(hg_turn *turn, gboolean own, const char *name)
{
	return own ? say(turn, "channel %s: window.%s", turn->command->channel, name) : say(turn, "window.%s", name);
}

/* Why it is no thread that was looked at: of the first one, which is the likeliest. */
static void miss(struct hg_proposed *ret, const char *reason)
{
	if (!ret->reason)
		ret->reason = reason;
}

/* A thread with a ticket that is open, or that a helpdesk may open again.  named: the message
 * answers something of it, which counts for more than the window. */
static gboolean propose_ticket(hg_turn *turn, hg_thread *thread, gboolean named, struct hg_proposed *ret,
			       GError **error)
{
	const struct hg_window_conf *window = window_of(turn);
	gint64 age = turn->now_ms - thread->last_ms;
	char span[HG_SPAN_SIZE], limit[HG_SPAN_SIZE];
	hg_ticket *ticket = NULL;

	/* CONVERTED: its ticket is open.  Closed by hand, the ticket may be open all the same. */
	if (thread->state != HG_THREAD_CONVERTED) {
		if (!hg_store_ticket_get(turn->store, turn->arena, thread->ticket_n, &ticket, error))
			return FALSE;
		if (!hg_ticket_is_open(ticket))
			return TRUE;
	}
	hg_span(age, span);
	if (named)
		propose_with(ret, HG_PROPOSE_JOIN, thread, say(turn, "open ticket, last active %s ago", span));
	else if (age <= window->join_ms)
		propose_with(ret, HG_PROPOSE_JOIN, thread,
			     say(turn, "open ticket, last active %s ago; %s: %s", span,
				 whose(turn, window->own_join, "join"), hg_span(window->join_ms, limit)));
	else
		miss(ret, say(turn, "the open ticket was last active %s ago; %s: %s", span,
			      whose(turn, window->own_join, "join"), hg_span(window->join_ms, limit)));
	return TRUE;
}

static void propose_late(hg_turn *turn, hg_thread *thread, struct hg_proposed *ret)
{
	char span[HG_SPAN_SIZE];

	propose_with(ret, HG_PROPOSE_JOIN, thread, say(turn, "said before the thread was closed, %s ago",
						       hg_span(turn->now_ms - thread->closed_ms, span)));
	ret->late = TRUE;
}

static const struct hg_age *age_of(const struct hg_window_conf *window, gint64 age_ms)
{
	for (guint i = 0; i < window->n_ages; i++)
		if (age_ms <= window->ages[i].within_ms)
			return &window->ages[i];
	return NULL;
}

/* What is joined without being reopened is seen on its ticket; where there is none nobody would see it. */
static void propose_closed(hg_turn *turn, hg_thread *thread, gboolean named, struct hg_proposed *ret)
{
	const struct hg_window_conf *window = window_of(turn);
	gint64 closed_ms = turn->now_ms - thread->closed_ms;
	const struct hg_age *age = age_of(window, closed_ms);
	gboolean joins = age && age->what == HG_CLOSED_JOIN && thread->ticket_n;
	char span[HG_SPAN_SIZE], limit[HG_SPAN_SIZE];

	hg_span(closed_ms, span);
	hg_span(age ? age->within_ms : window->reopen_ms, limit);
	if (named) {
		propose_with(ret, HG_PROPOSE_REOPEN, thread, say(turn, "closed %s ago", span));
	} else if (!age) {
		miss(ret, say(turn, "the last one was closed %s ago; %s: %s", span,
			      whose(turn, window->own_reopen, "reopen"), limit));
	} else {
		propose_with(ret, joins ? HG_PROPOSE_JOIN : HG_PROPOSE_REOPEN, thread,
			     say(turn, "closed %s ago; %s: %s within %s%s", span,
				 whose(turn, window->own_reopen, "reopen"),
				 age->what == HG_CLOSED_JOIN ? "join" : "reopen", limit,
				 joins || age->what != HG_CLOSED_JOIN ? "" : ", reopened for it has no ticket"));
		ret->stays = joins;
	}
}

static gboolean propose_thread(hg_turn *turn, hg_thread *thread, const struct hg_in *in, gboolean named,
			       struct hg_proposed *ret, GError **error)
{
	if (!hg_join_follow(turn, thread, &thread, error))
		return FALSE;
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
		propose_closed(turn, thread, named, ret);
	return TRUE;
}

/* What the message names (how: "answers", what: its id) led to this thread, NULL: to none.  It counts only when it is the
 * same person's. */
static gboolean propose_named(hg_turn *turn, const hg_case *kase, hg_thread *thread, const struct hg_in *in, const char *scope,
			      const char *how, const char *what, struct hg_proposed *ret, GError **error)
{
	if (!thread || thread->contact_n != kase->contact->n || strcmp(thread->scope, scope) != 0)
		return TRUE;
	if (!propose_thread(turn, thread, in, TRUE, ret, error))
		return FALSE;
	if (ret->thread)
		ret->reason = say(turn, "%s %s (%s)", how, what, ret->reason);
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
		if (!propose_named(turn, kase, thread, in, scope, "answers", message->id, ret, error))
			return FALSE;
	}
	return TRUE;
}

static int weight(const hg_thread *thread)
{
	return thread->state == HG_THREAD_OPEN ? 0 : thread->state == HG_THREAD_CONVERTED ? 1 : 2;
}

/* What goes on before what is over; of these, what was active, or closed, last. */
static gint by_likelihood(gconstpointer a, gconstpointer b)
{
	const hg_thread *one = *(hg_thread *const *)a, *two = *(hg_thread *const *)b;
	gint64 one_ms = one->state == HG_THREAD_CLOSED ? one->closed_ms : one->last_ms;
	gint64 two_ms = two->state == HG_THREAD_CLOSED ? two->closed_ms : two->last_ms;

	if (weight(one) != weight(two))
		return weight(one) - weight(two);
	if (one_ms != two_ms)
		return one_ms > two_ms ? -1 : 1;
	return one->n > two->n ? -1 : one->n < two->n;
}

/* ---- where anybody may say that he is anybody ---- */

static void own_thread(hg_turn *turn, struct hg_proposed *ret, const char *reason)
{
	char id[HG_ID_SIZE];

	hg_id_new(turn->engine->env, "thr", id);
	ret->key = say(turn, "apart:%s", id);
	ret->reason = reason;
}

static const char *why_apart(const struct hg_in *in, const struct hg_claim *heard)
{
	if (heard->forwarded)
		return "somebody hands it on: a matter of its own";
	if (in->sender == HG_SENDER_FAIL)
		return "the receiving server says that it is not from this address: it joins nothing";
	return "nobody vouches for its sender, and it brings no token of ours: it joins nothing";
}

/* A ticket's number in the subject counts from its own customer. */
static gboolean propose_by_mark(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
				struct hg_proposed *ret, GError **error)
{
	const char *at = in->subject ?: "";

	for (guint i = 0; i < MARKS_MAX && !ret->thread; i++) {
		g_autofree char *mark = hg_subject_mark(&at);
		hg_ticket *ticket = NULL;
		hg_thread *thread = NULL;

		if (!mark)
			break;
		if (!hg_store_ticket_by_number(turn->store, turn->arena, mark, &ticket, error) ||
		    (ticket && !hg_store_thread_get(turn->store, turn->arena, ticket->thread_n, &thread, error)))
			return FALSE;
		if (!propose_named(turn, kase, thread, in, scope, "names ticket", ticket ? ticket->number : NULL, ret, error))
			return FALSE;
	}
	return TRUE;
}

/* *ret_done: there is nothing more to look for. */
static gboolean propose_claimed(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
				const struct hg_claim *heard, struct hg_proposed *ret, gboolean *ret_done, GError **error)
{
	*ret_done = TRUE;
	if (heard->thread) {
		if (!propose_thread(turn, heard->thread, in, TRUE, ret, error))
			return FALSE;
		ret->reason = say(turn, "answers %s (%s)", heard->thread->id, ret->reason ?: "it is over");
		return TRUE;
	}
	if (!heard->window) {
		own_thread(turn, ret, why_apart(in, heard));
		return TRUE;
	}
	if (!kase->contact_new && !propose_by_mark(turn, kase, in, scope, ret, error))
		return FALSE;
	*ret_done = ret->thread != NULL;
	return TRUE;
}

/* Whoever writes a new mail about something else wants something else; in a chat nobody names a subject. */
static gboolean same_matter(const hg_turn *turn, const hg_thread *thread, const struct hg_in *in,
			    const struct hg_claim *heard)
{
	g_autofree char *theirs = NULL, *ours = NULL;

	if (!heard->claimed || window_of(turn)->any_subject || !thread->subject)
		return TRUE;
	theirs = hg_subject_plain(in->subject);
	ours = hg_subject_plain(thread->subject);
	return *theirs && strcmp(theirs, ours) == 0;
}

/* While a newcomer's message waited for hooks, a word of consent may have gone before it. */
static gboolean is_first(hg_turn *turn, const hg_case *kase, const char *scope, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = NULL;

	*ret = kase->contact_new;
	if (!kase->contact_new || !turn->had_ms)
		return TRUE;
	threads = g_ptr_array_new();
	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, NULL, 1, threads, error))
		return FALSE;
	*ret = !threads->len;
	return TRUE;
}

/* ---- what we begin, and what comes of it ---- */

/* We wrote to him here, and he has not said anything yet: what he says now is his answer. */
static gboolean awaits_him(const hg_turn *turn, const hg_thread *thread)
{
	return thread->state != HG_THREAD_CLOSED && !thread->inbound && thread->outbound &&
	       g_strcmp0(thread->channel, turn->command->channel) == 0;
}

static void awaited_first(const hg_turn *turn, GPtrArray *threads)
{
	for (guint i = 1; i < threads->len; i++)
		if (awaits_him(turn, g_ptr_array_index(threads, i))) {
			g_ptr_array_insert(threads, 0, g_ptr_array_steal_index(threads, i));
			return;
		}
}

static gboolean goes_on(hg_turn *turn, hg_thread *thread, struct hg_proposed *ret, GError **error)
{
	gint64 age_ms = turn->now_ms - thread->last_ms;
	char span[HG_SPAN_SIZE];
	hg_ticket *ticket = NULL;

	if (g_strcmp0(thread->channel, turn->command->channel) != 0 || age_ms > GOES_ON_MS || g_str_has_prefix(thread->key, "group:"))
		return TRUE;
	if (thread->ticket_n && !hg_store_ticket_get(turn->store, turn->arena, thread->ticket_n, &ticket, error))
		return FALSE;
	if (thread->state == HG_THREAD_OPEN || hg_ticket_is_open(ticket))
		propose_with(ret, HG_PROPOSE_JOIN, thread, say(turn, "open %s, last active %s ago", ticket ? "ticket" : "thread",
							       hg_span(age_ms, span)));
	return TRUE;
}

/* One thread of a key is open at a time. */
static gboolean is_taken(hg_turn *turn, gint64 contact_n, const char *scope, const char *key, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_thread_of(turn->store, turn->arena, contact_n, scope, key, LOOK_BACK, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++)
		*ret |= ((const hg_thread *)g_ptr_array_index(threads, i))->state == HG_THREAD_OPEN;
	return TRUE;
}

gboolean hg_threading_goes_on(hg_turn *turn, const hg_contact *contact, const char *scope, struct hg_proposed *ret,
			      GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	gboolean taken;

	*ret = (struct hg_proposed){ .proposal = HG_PROPOSE_NEW, .key = "" };
	if (!contact)
		return TRUE;
	if (!hg_store_thread_of(turn->store, turn->arena, contact->n, scope, NULL, LOOK_BACK, threads, error))
		return FALSE;
	g_ptr_array_sort(threads, by_likelihood);
	for (guint i = 0; i < threads->len && !ret->thread; i++)
		if (!goes_on(turn, g_ptr_array_index(threads, i), ret, error))
			return FALSE;
	if (ret->thread)
		return TRUE;
	if (!is_taken(turn, contact->n, scope, ret->key, &taken, error))
		return FALSE;
	ret->key = taken ? NULL : "";
	return TRUE;
}

/* ---- the proposal ---- */

gboolean hg_threading_propose(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
			      const struct hg_claim *heard, struct hg_proposed *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = NULL;
	gboolean done = FALSE, other = FALSE;

	*ret = (struct hg_proposed){ .proposal = HG_PROPOSE_NEW, .key = thread_key(turn, in) };
	if (heard->claimed && !propose_claimed(turn, kase, in, scope, heard, ret, &done, error))
		return FALSE;
	if (done)
		return TRUE;
	if (!is_first(turn, kase, scope, &done, error))
		return FALSE;
	if (done) {
		ret->reason = "first message";
		return TRUE;
	}
	if ((!heard->claimed && !propose_by_refs(turn, kase, in, scope, ret, error)) || ret->thread)
		return ret->thread != NULL;
	threads = g_ptr_array_new();
	/* A thread reopened beside another has a key of its own: it counts as the default one. */
	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, *ret->key ? ret->key : NULL,
				LOOK_BACK, threads, error))
		return FALSE;
	g_ptr_array_sort(threads, by_likelihood);
	awaited_first(turn, threads);
	for (guint i = 0; i < threads->len && !ret->thread; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if (!*ret->key && (g_str_has_prefix(thread->key, "group:") || g_str_has_prefix(thread->key, "apart:")))
			continue;
		if (!same_matter(turn, thread, in, heard)) {
			other = TRUE;
			continue;
		}
		if (!propose_thread(turn, thread, in, FALSE, ret, error))
			return FALSE;
	}
	if (!ret->thread && other)
		own_thread(turn, ret, "about something else than what is open");
	if (!ret->thread)
		miss(ret, threads->len ? "nothing is open, and nothing can be reopened" : "first message");
	return TRUE;
}

/* said.c - what a person says: into which thread, with which decision, told to whom */
#include "turn.h"

#include <string.h>

/* An answer may come to another mailbox of ours than the message went out from. */
const char *hg_ids_space(hg_turn *turn, const char *channel)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, channel);
	g_autofree char *space = NULL;

	if (!hg_past_is_wanted(turn->engine, channel))
		return channel;
	space = g_strconcat("adapter:", conf->adapter, NULL);
	return hg_arena_str(turn->arena, space);
}

gboolean hg_remember_id(hg_turn *turn, const char *channel, const char *id, const hg_message *message, GError **error)
{
	const char *space = hg_ids_space(turn, channel);
	gint64 first_n = 0;

	if (!id || !*id)
		return TRUE;
	/* Who only says who he is may say that his mail has the name of another's: that one keeps it. */
	if (message->sender && !hg_store_seen_find(turn->store, space, id, turn->now_ms, &first_n, error))
		return FALSE;
	return first_n || hg_store_seen_set(turn->store, space, id, turn->now_ms, message->n, error);
}

gboolean hg_remember_also(hg_turn *turn, const char *channel, const char *const *ids, const hg_message *message,
			  GError **error)
{
	for (; ids && *ids; ids++)
		if (!hg_remember_id(turn, channel, *ids, message, error))
			return FALSE;
	return TRUE;
}

/* Later reactions, edits and references name the message by its id, whatever its dedupe key was. */
gboolean hg_said_remember(hg_turn *turn, const struct hg_in *in, const hg_message *message, GError **error)
{
	const char *key = in->dedupe ?: in->id;

	if (key && *key && !hg_store_seen_set(turn->store, hg_inbound_space(turn, in), key, turn->now_ms, message->n, error))
		return FALSE;
	if (in->id != key && !hg_remember_id(turn, turn->command->channel, in->id, message, error))
		return FALSE;
	return hg_remember_also(turn, turn->command->channel, in->also, message, error);
}

/* ---- a message said by a person ---- */

static hg_message *make_message(hg_turn *turn, const struct hg_in *in, gint64 raw_n)
{
	hg_message *message = hg_arena_alloc(turn->arena, sizeof(*message));

	*message = (hg_message){
		.direction = in->echo ? HG_OUTBOUND : HG_INBOUND,
		.author = in->echo ? HG_BY_OUTSIDE : HG_BY_CUSTOMER,
		.kind = in->kind, .channel = turn->command->channel, .external_id = in->id,
		.address = in->n_from ? in->from[0].uri : NULL, .our_address = in->to,
		.subject = in->subject, .text = in->text, .reply_text = in->reply_text, .payload = in->payload,
		.answers = in->refs ? in->refs[0] : NULL, .sent_ms = in->sent_ms,
		.raw_n = in->kind == HG_UNSUPPORTED ? hg_inbound_own_raw(turn, in, raw_n) : raw_n,
		.delivery = in->echo ? HG_DLV_SENT : HG_DLV_NONE, .note = in->note,
		.automatic = in->automatic, .forwarded = in->forwarded, .echo = in->echo, .sender = hg_sender_kept(in),
		.at_ms = hg_inbound_had_ms(turn),
	};
	if (in->echo)
		message->parts = message->parts_sent = 1;
	return message;
}

static gboolean put_in_thread(hg_turn *turn, hg_case *kase, const struct hg_in *in, hg_message *message,
			      GError **error)
{
	return hg_case_say(turn, kase, message, error) && hg_said_remember(turn, in, message, error) &&
	       hg_inbound_files(turn, kase, message, in, error);
}

/* Where answers go from now on: to the address and channel of what the customer wrote last.  What was
 * written before an address was given up may come later: answers go to the one that took its place,
 * for the old one may be a stranger's by now. */
static gboolean note_customer(hg_turn *turn, hg_case *kase, const struct hg_in *in, const hg_message *message,
			      gboolean late, GError **error)
{
	hg_thread *thread = kase->thread;
	gint64 had_ms = hg_inbound_had_ms(turn), said = in->sent_ms && in->sent_ms < had_ms ? in->sent_ms : had_ms;
	const char *to;

	if (!hg_contact_present(turn, kase->contact, message->address, &to, error))
		return FALSE;
	if (!thread->first_message_ms)
		thread->first_message_ms = had_ms;
	if (to && (!thread->reply_to || (!late && !in->automatic))) {
		thread->channel = message->channel;
		thread->reply_to = to;
		thread->reply_from = message->our_address;
		thread->last_in_n = message->n;
	}
	if (!late && !in->automatic)
		thread->last_customer_ms = had_ms;
	if (!thread->subject && in->subject)
		thread->subject = in->subject;
	turn->count.messages++;
	return hg_store_reach_in(turn->store, message->channel, message->address, said, error);
}

static gboolean tell_message(hg_turn *turn, hg_case *kase, const hg_message *message,
			     const struct hg_judged *judged, gboolean quietly, gboolean opened, GError **error)
{
	struct hg_payload news = { .type = "thread.opened", .message = message };

	if (opened && !hg_event_tell(turn, kase, &news, error))
		return FALSE;
	news.type = "message.received";
	news.decision = &judged->decision;
	news.ignored = judged->verdict.action == HG_ACT_IGNORE ? judged->verdict.word : NULL;
	if (!hg_event_tell(turn, kase, &news, error))
		return FALSE;
	/* A bare rating would have the helpdesk open its ticket again; csat.received tells of it, contact.consent of a STOP. */
	if (!kase->thread->ticket_n || hg_requester_waits(kase->thread) || quietly)
		return TRUE;
	news.type = "ticket.message";
	turn->count.joined++;
	return hg_event_tell(turn, kase, &news, error);
}

/* What no rule decided waits for settle, unless it waits already or nobody has to look at it. */
static gboolean undecided(hg_turn *turn, hg_case *kase, const struct hg_in *in, GError **error)
{
	const hg_thread *thread = kase->thread;
	hg_timer *timer = NULL;

	if (in->automatic)
		return TRUE;
	if (thread->held)
		return hg_thread_hold(turn, kase, NULL, error);
	if (thread->messages > 1 &&
	    !hg_store_timer_get(turn->store, turn->arena, thread->n, "settle", &timer, error))
		return FALSE;
	return timer || hg_timer_set(turn, thread->n, "settle",
				     hg_inbound_had_ms(turn) + turn->conf->engine.settle_ms, NULL, error);
}

static gboolean act_on(hg_turn *turn, hg_case *kase, const struct hg_in *in, const struct hg_judged *judged,
		       const struct hg_proposed *proposed, gboolean quiet, GError **error)
{
	/* A ticket is one already; a closed thread that was not reopened becomes none by this. */
	if (kase->thread->ticket_n || kase->thread->state == HG_THREAD_CLOSED)
		return TRUE;
	switch (judged->verdict.action) {
	case HG_ACT_CONVERT:
		return hg_convert_by_verdict(turn, kase, judged, error);
	case HG_ACT_HOLD:
		return hg_store_timer_clear(turn->store, kase->thread->n, "settle", error) &&
		       hg_thread_hold(turn, kase, &judged->verdict, error) &&
		       hg_thread_watch(turn, kase, error);
	case HG_ACT_IGNORE:
	case HG_ACT_JOIN:
		break;
	default:
		if (!quiet)
			return undecided(turn, kase, in, error);
	}
	/* Not decided by this, and nothing else to come: the first message starts the watch. */
	return proposed->thread || hg_thread_watch(turn, kase, error);
}

static const char *action_word(const struct hg_proposed *proposed, const struct hg_judged *judged)
{
	if (proposed->late)
		return "join";
	switch (judged->verdict.action) {
	case HG_ACT_CONVERT:
		return "convert";
	case HG_ACT_IGNORE:
		return "ignore";
	case HG_ACT_JOIN:
		return "join";
	case HG_ACT_HOLD:
		return "hold";
	default:
		return proposed->thread && proposed->thread->ticket_n ? "join" : "wait";
	}
}

/* Noise and machines never reopen: what they say is added to the thread as it is, closed or not,
 * so that the next real message still finds it within its window. */
static gboolean enter_thread(hg_turn *turn, hg_case *kase, const struct hg_proposed *proposed, const char *scope,
			     gboolean quiet, GError **error)
{
	kase->thread = proposed->thread;
	if (!kase->thread)
		return hg_thread_open(turn, kase, scope, proposed->key, error);
	if (quiet || kase->thread->state != HG_THREAD_CLOSED)
		return TRUE;
	return hg_episode_came_back(turn, kase, error) &&
	       (proposed->stays || hg_thread_reopen(turn, kase, proposed->reason, error));
}

/* The decision says so: whoever wonders why it is this contact's thread finds it there. */
static void conflict_note(hg_turn *turn, const hg_case *kase, struct hg_proposed *proposed)
{
	g_autofree char *reason = NULL;

	if (!kase->contact->conflicted)
		return;
	reason = g_strconcat(proposed->reason, "; an address of the sender is proven to be another contact's too",
			     NULL);
	proposed->reason = hg_arena_str(turn->arena, reason);
}

/* Does he wait for an answer now, or is he content? */
static gboolean note_mood(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, gboolean quiet,
			  gboolean says_nothing, GError **error)
{
	if (!quiet)
		return hg_solved_not(turn, kase, error) && hg_wait_customer(turn, kase, error);
	return says_nothing || g_strcmp0(judged->verdict.word, HG_IGNORE_SOLVED) != 0 || hg_solved(turn, kase, error);
}

static gboolean is_blocked(const hg_turn *turn, const hg_case *kase)
{
	return hg_contact_is_blocked(kase->contact, turn->now_ms);
}

/* What the message did to its thread, for rules that are on that. */
static gboolean listen(hg_turn *turn, hg_case *kase, const struct hg_in *in, const struct hg_proposed *proposed,
		       gboolean was_closed, const hg_message *message, GError **error)
{
	struct hg_asked asked = { .event = HG_ON_OPENED, .in = in, .proposed = proposed };

	if (is_blocked(turn, kase))
		return TRUE;
	if (proposed->thread) {
		if (!was_closed || kase->thread->state == HG_THREAD_CLOSED)
			return TRUE;
		asked.event = HG_ON_REOPENED;
	}
	return hg_listen(turn, kase, &asked, message, error);
}

/* Of a message that belongs to a conversation by right the customer is who it is from. */
static gboolean resolve(hg_turn *turn, const struct hg_in *in, const struct hg_claim *heard, hg_case *kase, GError **error)
{
	struct hg_in as;

	if (heard->thread) {
		if (!hg_case_load(turn, heard->thread->n, kase, error))
			return FALSE;
		kase->thread = NULL;
		return TRUE;
	}
	as = hg_sender_as(turn, in);
	return hg_contact_resolve(turn, &as, TRUE, kase, error);
}

/* "5" from somebody who may be anybody is nobody's opinion. */
static gboolean match_answer(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
			     const struct hg_claim *heard, struct hg_proposed *proposed, struct hg_answered *ret,
			     GError **error)
{
	return is_blocked(turn, kase) || (heard->claimed && !heard->thread && !heard->window) ||
	       hg_ask_match(turn, kase, in, scope, proposed, ret, error);
}

/* Who begins one conversation after the other may be a machine that answers ours: from now on it is one. */
static gboolean hush(hg_turn *turn, const struct hg_claim *heard, const struct hg_proposed *proposed,
		     const struct hg_in **in, GError **error)
{
	gboolean silent = FALSE;
	struct hg_in *quiet;

	if (!heard->claimed || proposed->thread)
		return TRUE;
	if (!hg_sender_begins(turn, *in, &silent, error))
		return FALSE;
	if (!silent)
		return TRUE;
	quiet = hg_arena_mem(turn->arena, *in, sizeof(**in));
	quiet->automatic = true;
	*in = quiet;
	return TRUE;
}

static gboolean makes_tickets(const hg_turn *turn)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, turn->command->channel);

	return conf && conf->automatic_tickets;
}

/* Whoever knows it better than the rules: an answer to a question of ours, a word of consent, people who keep him out. */
static gboolean judge(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const struct hg_proposed *proposed,
		      const struct hg_keyword *word, const struct hg_answered *answered, struct hg_judged *ret,
		      GError **error)
{
	gboolean blocked = !word && is_blocked(turn, kase);

	if (!word && !blocked && !answered->quiet)
		return hg_judge(turn, kase, &(struct hg_asked){ .event = HG_ON_MESSAGE, .in = in, .proposed = proposed }, ret,
				error);
	if (!hg_judge_unasked(turn, kase, word ? "consent" : blocked ? "blocked" : "answer", in, proposed, ret, error))
		return FALSE;
	if (word || blocked) {
		ret->verdict.action = HG_ACT_IGNORE;
		ret->verdict.word = word ? word->name : "blocked";
	}
	return TRUE;
}

/* What comes of it behind the thread it is in: rules' words, a ticket, an answer to a question, consent. */
static gboolean follow(hg_turn *turn, hg_case *kase, const struct hg_in *in, struct hg_judged *judged,
		       const struct hg_proposed *proposed, const struct hg_answered *answered, gboolean quiet, GError **error)
{
	/* A machine gets no machine's answer, and what is over is not answered by rules. */
	if (in->automatic || proposed->late)
		judged->verdict.replies = NULL;
	return hg_judge_apply(turn, kase, judged, error) && act_on(turn, kase, in, judged, proposed, quiet, error) &&
	       hg_ask_take(turn, kase, answered, quiet, error);
}

static gboolean is_told_quietly(const hg_turn *turn, const hg_case *kase, const struct hg_keyword *word,
				const struct hg_answered *answered)
{
	gboolean closed = kase->thread->state == HG_THREAD_CLOSED;

	if (!word && is_blocked(turn, kase))
		return TRUE;
	return word ? closed || strcmp(word->name, "help") != 0 : answered->quiet && closed;
}

/* What a hook said of the conversation. */
static void take_outside(hg_turn *turn, hg_case *kase)
{
	const char *were = kase->thread->tags;

	kase->thread_changed |= hg_outside_thread(turn->outside->thread, turn->arena, kase->thread);
	if (kase->thread->tags == were || kase->tags_changed)
		return;
	kase->tags_were = were;
	kase->tags_changed = TRUE;
}

static gboolean take(hg_turn *turn, const struct hg_in *in, const struct hg_keyword *word, gint64 raw_n, GError **error)
{
	const char *scope = hg_inbound_scope(turn);
	struct hg_proposed proposed;
	struct hg_judged judged;
	struct hg_answered answered = { 0 };
	struct hg_claim heard;
	hg_message *message;
	gboolean quiet, was_closed;
	hg_case kase = { 0 };

	if (!hg_sender_weigh(turn, in, scope, &heard, error))
		return FALSE;
	if (heard.note)
		return hg_sender_note(turn, in, raw_n, &heard, error);
	if (!resolve(turn, in, &heard, &kase, error) ||
	    !hg_threading_propose(turn, &kase, in, scope, &heard, &proposed, error) ||
	    (!word && !match_answer(turn, &kase, in, scope, &heard, &proposed, &answered, error)) ||
	    !hush(turn, &heard, &proposed, &in, error))
		return FALSE;
	conflict_note(turn, &kase, &proposed);
	if (turn->outside)
		kase.contact_changed |= hg_outside_contact(turn->outside->known, turn->arena, kase.contact);
	if (!hg_profile_vouched(turn, in, error) ||
	    (in->profile && in->n_from && !hg_profile_take(turn, &kase, in->from[0].uri, in->profile, error)))
		return FALSE;
	if (!judge(turn, &kase, in, &proposed, word, &answered, &judged, error))
		return FALSE;
	if (heard.claimed && in->automatic && judged.verdict.action == HG_ACT_CONVERT && !makes_tickets(turn))
		judged.verdict.action = HG_ACT_NONE;
	was_closed = proposed.thread && proposed.thread->state == HG_THREAD_CLOSED;
	quiet = answered.quiet || proposed.late || in->automatic || judged.verdict.action == HG_ACT_IGNORE;
	turn->count.ignored += !word && judged.verdict.action == HG_ACT_IGNORE;
	turn->said = message = make_message(turn, in, raw_n);
	if (!enter_thread(turn, &kase, &proposed, scope, quiet, error))
		return FALSE;
	if (!proposed.thread && heard.related) {
		kase.thread->related = heard.related->id;
		kase.thread_changed = TRUE;
	}
	if (turn->outside)
		take_outside(turn, &kase);
	hg_episode_heard(turn, &kase, in->automatic, answered.quiet || judged.verdict.action == HG_ACT_IGNORE);
	if (!put_in_thread(turn, &kase, in, message, error) ||
	    !note_customer(turn, &kase, in, message, proposed.late, error) ||
	    !note_mood(turn, &kase, &judged, quiet, proposed.late || in->automatic, error) ||
	    !hg_judge_keep(turn, &kase, &judged, word ? "ignore" : answered.quiet ? "none" : action_word(&proposed, &judged),
			   message, error))
		return FALSE;
	hg_judge_route(&kase, &judged);
	return tell_message(turn, &kase, message, &judged, is_told_quietly(turn, &kase, word, &answered), !proposed.thread, error) &&
	       follow(turn, &kase, in, &judged, &proposed, &answered, quiet, error) &&
	       (word ? hg_consent_heard(turn, &kase, word, message, proposed.late, error) :
		       (is_blocked(turn, &kase) ||
			hg_consent_written_again(turn, &kase, message, !proposed.thread, error)) &&
		       listen(turn, &kase, in, &proposed, was_closed, message, error)) &&
	       hg_case_save(turn, &kase, error);
}

gboolean hg_said_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	return take(turn, in, NULL, raw_n, error);
}

gboolean hg_said_word(hg_turn *turn, const struct hg_keyword *said, gint64 raw_n, GError **error)
{
	return take(turn, said->in, said, raw_n, error);
}

/* ---- what staff said outside of headgate ---- */

/* The newest thread that goes on; an echo opens and joins nothing else. */
static gboolean echo_thread(hg_turn *turn, hg_case *kase, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, hg_inbound_scope(turn), NULL, 8, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if (thread->state == HG_THREAD_CLOSED)
			continue;
		if (!kase->thread || thread->state == HG_THREAD_OPEN)
			kase->thread = thread;
		if (thread->state == HG_THREAD_OPEN)
			break;
	}
	return TRUE;
}

gboolean hg_echo_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", turn->command->channel);
	hg_message *message;
	hg_case kase = { 0 };

	if (!hg_contact_resolve(turn, in, FALSE, &kase, error) ||
	    (kase.contact && !echo_thread(turn, &kase, error)))
		return FALSE;
	if (!kase.thread) {
		hg_info(&ctx, "inbound.echo", "said outside of headgate to someone without an open thread: kept raw");
		return !kase.contact || hg_case_save(turn, &kase, error);
	}
	message = make_message(turn, in, raw_n);
	if (!put_in_thread(turn, &kase, in, message, error))
		return FALSE;
	if (!kase.thread->first_response_ms && kase.thread->inbound)
		kase.thread->first_response_ms = turn->now_ms;
	return hg_episode_answered(turn, &kase, message, error) && hg_wait_person(turn, &kase, error) &&
	       hg_event_tell(turn, &kase, &(struct hg_payload){ .type = "message.sent", .message = message }, error) &&
	       hg_listen_sent(turn, &kase, message, error) && hg_case_save(turn, &kase, error);
}

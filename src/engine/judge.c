/* judge.c - facts gathered for the rules, their verdict kept, its harmless parts applied */
#include "turn.h"

#include "json.h"

#include <string.h>

#define REPLIES_MAX 5		/* automatic ones to one thread within PACE_MS: then it is a loop */
#define NOTICES_MAX 10		/* and of notices */
#define PACE_MS (10 * 60 * 1000)
#define PACE_SEEN 200		/* messages looked through for them */

/* ---- facts ---- */

static gboolean last_speaker(hg_turn *turn, const hg_thread *thread, struct hg_facts *facts, GError **error)
{
	hg_message *last;

	if (!thread->last_message_n || !hg_rules_count(turn->engine->rules))
		return TRUE;
	if (thread->last_message_n == thread->last_in_n) {	/* need not be read */
		facts->last_speaker = hg_author_word(HG_BY_CUSTOMER);
		return TRUE;
	}
	if (!hg_store_message_get(turn->store, turn->arena, thread->last_message_n, &last, error))
		return FALSE;
	if (last && last->direction != HG_NOTE)
		facts->last_speaker = hg_author_word(last->author);
	return TRUE;
}

static gint64 since(const hg_turn *turn, gint64 then_ms)
{
	return then_ms ? MAX(0, turn->now_ms - then_ms) : -1;
}

/* counted: 1 when a message is judged that is not in the thread yet. */
static gboolean thread_facts(hg_turn *turn, const hg_thread *thread, int counted, struct hg_facts *facts,
			     GError **error)
{
	facts->messages = facts->inbound = counted;
	facts->age_ms = facts->idle_ms = facts->since_ticket_ms = facts->waiting_ms = -1;
	if (!thread)
		return TRUE;
	facts->thread_state = hg_thread_state_word(thread->state);
	facts->thread_resolution = hg_resolution_word(thread->resolution);
	facts->has_ticket = thread->ticket_n != 0;
	facts->reopened = thread->reopened;
	facts->held = thread->held;
	facts->messages += thread->messages;
	facts->inbound += thread->inbound;
	facts->outbound = thread->outbound;
	facts->age_ms = since(turn, thread->opened_ms);
	facts->idle_ms = since(turn, thread->last_ms);
	facts->since_ticket_ms = since(turn, thread->converted_ms);
	facts->waiting_ms = since(turn, thread->waiting_ms);
	facts->confirmed = thread->ep_confirmed_ms != 0;
	facts->queue = thread->queue;
	facts->assignee = thread->assignee;
	facts->tags = hg_marks_list(turn, thread->tags);
	facts->thread_fields = thread->fields;
	return last_speaker(turn, thread, facts, error);
}

static void contact_facts(hg_turn *turn, const hg_case *kase, struct hg_facts *facts)
{
	const hg_contact *contact = kase->contact;

	facts->contact_new = kase->contact_new;
	facts->opted_out = contact->opted_out;
	facts->contact_name = contact->name;
	facts->contact_tier = contact->tier;
	facts->contact_locale = contact->locale;
	facts->contact_fields = contact->fields;
	facts->contact_tags = hg_marks_list(turn, contact->tags);
	facts->contact_since_ticket_ms = since(turn, contact->last_ticket_ms);
}

static void channel_facts(const hg_turn *turn, const char *channel, struct hg_facts *facts)
{
	const struct hg_channel_conf *conf = channel ? hg_conf_channel(turn->conf, channel) : NULL;

	facts->channel = channel;
	if (conf) {
		facts->adapter = conf->adapter;
		facts->scope = conf->scope;
	}
}

/* The kinds of the files, each once. */
static const char *const *file_kinds(hg_turn *turn, const struct hg_in *in)
{
	const char **words = in->n_files ? hg_arena_alloc(turn->arena, (in->n_files + 1) * sizeof(*words)) : NULL;
	guint n = 0;

	for (gsize i = 0; i < in->n_files; i++) {
		int kind = in->files[i].kind;

		if (kind >= HG_IMAGE && kind <= HG_STICKER && !g_strv_contains(words, hg_kind_word(kind)))
			words[n++] = hg_kind_word(kind);
	}
	return words;
}

/* Read only where a rule asks: they can be had from the message at any time. */
static const char *headers_of(hg_turn *turn, const char *payload)
{
	return hg_rules_ask_headers(turn->engine->rules) ? hg_facts_headers(payload, turn->arena) : NULL;
}

static void message_facts(hg_turn *turn, const struct hg_in *in, struct hg_facts *facts)
{
	facts->text = in->reply_text && *in->reply_text ? in->reply_text : in->text;	/* not what it quotes */
	facts->headers = headers_of(turn, in->payload);
	facts->kind = hg_kind_word(in->kind);
	facts->address = in->n_from ? in->from[0].uri : NULL;
	facts->automatic = in->automatic;
	facts->forwarded = in->forwarded;
	facts->echo = in->echo;
	facts->has_attachment = in->n_files > 0;
	facts->files = (gint64)in->n_files;
	facts->file_kinds = file_kinds(turn, in);
}

/* Of what nobody got. */
static void failure_facts(hg_turn *turn, const hg_message *failed, struct hg_facts *facts)
{
	g_autofree char *code = failed->error_code ? g_strdup_printf("%d", failed->error_code) : NULL;

	facts->failure_code = hg_arena_str(turn->arena, code);
	facts->failure_author = hg_author_word(failed->author);
}

static void facts_of_ours(hg_turn *turn, const struct hg_asked *asked, struct hg_facts *facts)
{
	facts->text = asked->ours->text;
	facts->headers = headers_of(turn, asked->ours->payload);
	facts->kind = hg_kind_word(asked->ours->kind);
	facts->address = asked->ours->address;
	facts->author = hg_author_word(asked->ours->author);
	if (asked->event == HG_ON_RECEIPT_FAILED)
		failure_facts(turn, asked->ours, facts);
}

static gboolean ticket_facts(hg_turn *turn, const hg_thread *thread, const hg_ticket *known, struct hg_facts *facts,
			     GError **error)
{
	hg_ticket *ticket = NULL;

	if (!thread || !thread->ticket_n || !hg_rules_count(turn->engine->rules))
		return TRUE;
	if (!known && !hg_store_ticket_get(turn->store, turn->arena, thread->ticket_n, &ticket, error))
		return FALSE;
	known = known ?: ticket;
	facts->ticket_status = known ? known->external_status : NULL;
	facts->ticket_state = known ? hg_ticket_state_word(known->state) : NULL;
	return TRUE;
}

/* Of those that hear of the conversation the one that has not answered for longest. */
static gboolean helpdesk_facts(hg_turn *turn, const hg_thread *thread, struct hg_facts *facts, GError **error)
{
	facts->helpdesk_down_ms = -1;
	if (!hg_rules_ask_helpdesk(turn->engine->rules) || (thread && thread->shadow))
		return TRUE;
	for (guint i = 0; i < turn->conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(turn->conf->backends, i);
		gint64 since_ms;

		if (thread && thread->backend && strcmp(thread->backend, backend->name) != 0)
			continue;
		if (!hg_store_outage_get(turn->store, backend->name, &since_ms, error))
			return FALSE;
		facts->helpdesk_down |= since_ms != 0;
		facts->helpdesk_down_ms = MAX(facts->helpdesk_down_ms, since(turn, since_ms));
	}
	return TRUE;
}

static const char *channel_of(const hg_turn *turn, const struct hg_asked *asked, const hg_thread *thread)
{
	if (asked->in)
		return turn->command->channel;
	if (asked->ours)
		return asked->ours->channel;
	return thread ? thread->channel : NULL;
}

static gboolean gather(hg_turn *turn, const hg_case *kase, const struct hg_asked *asked, struct hg_facts *facts,
		       GError **error)
{
	/* A message is judged before it is in a thread; what it leads to, after. */
	gboolean before = asked->event == HG_ON_MESSAGE;
	const hg_thread *thread = before ? asked->proposed->thread : kase->thread;

	*facts = (struct hg_facts){ .on = hg_rule_event_word(asked->event), .after_ms = asked->after_ms,
				    .hold_then = asked->hold_then, .now_ms = turn->now_ms };
	channel_facts(turn, channel_of(turn, asked, thread), facts);
	if (asked->in)
		message_facts(turn, asked->in, facts);
	if (asked->ours)
		facts_of_ours(turn, asked, facts);
	facts->changed_tags = asked->tags;
	facts->changed_fields = asked->fields;
	if (asked->proposed) {
		facts->proposal = asked->proposed->proposal;
		facts->proposal_reason = asked->proposed->reason;
	}
	contact_facts(turn, kase, facts);
	return thread_facts(turn, thread, before, facts, error) && helpdesk_facts(turn, thread, facts, error) &&
	       ticket_facts(turn, thread, before ? NULL : kase->ticket, facts, error);
}

/* ---- verdict ---- */

/* A pattern that gave up counts as no match: somebody has to know that it did. */
static void say_gave_up(const struct hg_verdict *verdict)
{
	for (guint i = 0; verdict->gave_up && i < verdict->gave_up->len; i++) {
		struct hg_ctx ctx = HG_CTX(NULL, "rule", g_ptr_array_index(verdict->gave_up, i));

		hg_warn(&ctx, "rule.gave_up", "a pattern of this rule hit a limit, which counts as no match; "
			"headgatectl check names such patterns");
	}
}

/* The text is in the message; a trace can be made from the rest at any time. */
static void keep_facts(hg_turn *turn, const struct hg_facts *facts, struct hg_judged *ret)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_facts_write(facts, FALSE, out);
	ret->decision.facts = hg_arena_mem(turn->arena, out->str, out->len);
	ret->decision.on = facts->on;
	ret->decision.at_ms = turn->now_ms;
	ret->decision.config_hash = turn->conf->hash ?: "";
}

gboolean hg_judge_unasked(hg_turn *turn, const hg_case *kase, const char *on, const struct hg_in *in,
			  const struct hg_proposed *proposed, struct hg_judged *ret, GError **error)
{
	memset(ret, 0, sizeof(*ret));
	ret->verdict.index = -1;
	if (!gather(turn, kase, &(struct hg_asked){ .event = HG_ON_MESSAGE, .in = in, .proposed = proposed },
		    &ret->facts, error))
		return FALSE;
	ret->facts.on = on;
	keep_facts(turn, &ret->facts, ret);
	return TRUE;
}

gboolean hg_judge(hg_turn *turn, const hg_case *kase, const struct hg_asked *asked, struct hg_judged *ret,
		  GError **error)
{
	const struct hg_facts *facts = &ret->facts;

	memset(ret, 0, sizeof(*ret));
	ret->verdict.index = -1;
	if (!gather(turn, kase, asked, &ret->facts, error))
		return FALSE;
	if (asked->in && turn->outside)
		hg_outside_see(turn->outside, turn->arena, &ret->facts);
	if (turn->engine->rules)
		hg_rules_judge(turn->engine->rules, facts, turn->arena, &ret->verdict, NULL);
	say_gave_up(&ret->verdict);
	ret->facts.intent = ret->verdict.intent;
	keep_facts(turn, facts, ret);
	ret->decision.rule = ret->verdict.rule;
	ret->decision.file = ret->verdict.file;
	ret->decision.line = ret->verdict.line;
	return TRUE;
}

int hg_judge_default(const hg_turn *turn)
{
	return hg_action_of(turn->conf->engine.fallback ?: "convert");
}

gboolean hg_judge_keep(hg_turn *turn, hg_case *kase, struct hg_judged *judged, const char *action,
		       const hg_message *message, GError **error)
{
	judged->decision.thread_n = kase->thread->n;
	judged->decision.message_n = message ? message->n : 0;
	judged->decision.action = action;
	judged->decision.prev_n = kase->thread->last_decision_n;
	if (!hg_store_decision_add(turn->store, &judged->decision, error))
		return FALSE;
	kase->thread->last_decision_n = judged->decision.n;
	kase->thread_changed = TRUE;
	return TRUE;
}

/* ---- fields ---- */

static struct hg_filling filling_of(const struct hg_judged *judged, const char *rule)
{
	return (struct hg_filling){ .facts = &judged->facts, .rule = rule };
}

/* One after the other: a later one may name a field that an earlier one has set. */
static gboolean set_field(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, const struct hg_set *set,
			  GError **error)
{
	const struct hg_filling with = filling_of(judged, judged->verdict.rule);
	g_autoptr(GArray) one = g_array_new(FALSE, FALSE, sizeof(struct hg_set));
	struct hg_set filled = { .name = set->name };

	if (!hg_fill_line(turn, kase, &with, set->value, &filled.value, error))
		return FALSE;
	filled.value = filled.value ?: "";
	g_array_append_val(one, filled);
	hg_marks_set(turn, kase, one, NULL);
	return TRUE;
}

static gboolean set_fields(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const GArray *sets = judged->verdict.sets;

	for (guint i = 0; sets && i < sets->len; i++)
		if (!set_field(turn, kase, judged, &g_array_index(sets, struct hg_set, i), error))
			return FALSE;
	return TRUE;
}

/* ---- what rules say ---- */

/* Two machines that answer each other: nothing marks the other one, so the pace has to. */
static gboolean too_many(hg_turn *turn, const hg_case *kase, int direction, guint most, gboolean *ret,
			 GError **error)
{
	g_autoptr(GPtrArray) newest = g_ptr_array_new();
	guint n = 0;

	if (!hg_store_message_list(turn->store, turn->arena, kase->thread->last_message_n, PACE_SEEN, newest, error))
		return FALSE;
	for (guint i = 0; i < newest->len; i++) {
		const hg_message *message = g_ptr_array_index(newest, i);

		n += message->author == HG_BY_RULE && message->direction == direction &&
		     turn->now_ms - message->at_ms < PACE_MS;
	}
	*ret = n >= most;
	return TRUE;
}

static gboolean reply(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const struct hg_filling with = filling_of(judged, judged->verdict.rule);
	const GPtrArray *replies = judged->verdict.replies;
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	gboolean stop;

	if (!too_many(turn, kase, HG_OUTBOUND, REPLIES_MAX, &stop, error))
		return FALSE;
	if (stop) {
		hg_warn(&ctx, "reply.loop", "%d automatic replies within 10 minutes: no more of them now; is the "
			"other side a machine?", REPLIES_MAX);
		return TRUE;
	}
	for (guint i = 0; i < replies->len; i++) {
		const char *text;

		if (!hg_fill(turn, kase, &with, g_ptr_array_index(replies, i), HG_SAID_MAX, &text, error) ||
		    !hg_reply_automatic(turn, kase, HG_BY_RULE, judged->verdict.rule, text, error))
			return FALSE;
	}
	return TRUE;
}

/* A note in the thread, and an event that tells the helpdesks. */
static gboolean notify(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, const struct hg_notice *notice,
		       GError **error)
{
	const struct hg_filling with = filling_of(judged, notice->rule);
	struct hg_notice said = *notice;
	hg_message note = { .direction = HG_NOTE, .author = HG_BY_RULE, .author_name = notice->rule, .kind = HG_TEXT };

	if (!hg_fill(turn, kase, &with, notice->text, HG_SAID_MAX, &said.text, error))
		return FALSE;
	note.text = said.text;
	return hg_case_say(turn, kase, &note, error) && hg_event_note(turn, kase, &note, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.notice", .notice = &said }, error);
}

static gboolean notify_all(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const GPtrArray *notices = judged->verdict.notices;
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);

	for (guint i = 0; notices && i < notices->len; i++) {
		gboolean stop;

		if (!too_many(turn, kase, HG_NOTE, NOTICES_MAX, &stop, error))
			return FALSE;
		if (stop) {
			hg_warn(&ctx, "notice.loop", "%d notices within 10 minutes: no more of them now", NOTICES_MAX);
			return TRUE;
		}
		if (!notify(turn, kase, judged, g_ptr_array_index(notices, i), error))
			return FALSE;
	}
	return TRUE;
}

/* ---- where it goes ---- */

static gboolean is_news(const char *word, const char *old)
{
	return word && g_strcmp0(word, old) != 0;
}

/* Once a ticket is requested, the helpdesk it went to says who has it; another one does not know it. */
void hg_judge_route(hg_case *kase, const struct hg_judged *judged)
{
	const struct hg_verdict *verdict = &judged->verdict;
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	hg_thread *thread = kase->thread;

	if (!is_news(verdict->backend, thread->backend) && !is_news(verdict->queue, thread->queue) &&
	    !is_news(verdict->skill, thread->skill))
		return;
	if (thread->ticket_n) {
		hg_info(&ctx, "route.late", "a rule routes a conversation whose ticket was requested already: it stays "
			"where it is");
		return;
	}
	thread->backend = verdict->backend ?: thread->backend;
	thread->queue = verdict->queue ?: thread->queue;
	thread->skill = verdict->skill ?: thread->skill;
	kase->thread_changed = TRUE;
}

gboolean hg_judge_apply(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error)
{
	const struct hg_verdict *verdict = &judged->verdict;

	hg_judge_route(kase, judged);
	if (verdict->tags)
		hg_marks_tag(turn, kase, (const char *const *)verdict->tags->pdata, verdict->tags->len, NULL, NULL, NULL);
	if (!set_fields(turn, kase, judged, error))
		return FALSE;
	if (verdict->replies && verdict->replies->len && !reply(turn, kase, judged, error))
		return FALSE;
	return notify_all(turn, kase, judged, error);
}

/* trial_look.c - what a test can see of its store after a step */
#include "trial_lab.h"

#include <string.h>

#include "intent_conf.h"
#include "json.h"
#include "rules_intent.h"

#define PAGE 500

static GPtrArray *words_new(void)
{
	return g_ptr_array_new();
}

void hg_trial_seen_clear(struct hg_trial_seen *seen)
{
	g_clear_pointer(&seen->rules, g_ptr_array_unref);
	g_clear_pointer(&seen->replies, g_ptr_array_unref);
	g_clear_pointer(&seen->events, g_ptr_array_unref);
	g_clear_pointer(&seen->tags, g_ptr_array_unref);
}

/* ---- decisions ---- */

/* What it is about by the bar of the configuration; NULL: nothing reached that, or nobody asked. */
static const char *intent_of(const hg_lab *lab, hg_arena *arena, const hg_decision *decision)
{
	g_autoptr(json_object) facts = decision->facts ? hg_json_parse(decision->facts, strlen(decision->facts), NULL, NULL)
						       : NULL;
	struct json_object *intent = hg_json_obj(facts, "intent");
	const hg_intent_conf *bar = lab->trials->conf->model;
	struct hg_heard heard;

	if (!intent || !bar)
		return NULL;
	hg_heard_read(json_object_to_json_string_ext(intent, JSON_C_TO_STRING_PLAIN), arena, &heard);
	return heard.confidence >= bar->min_confidence && heard.known >= bar->min_known ? heard.label : NULL;
}

/* Events that need no decision: that none came of one is no news. */
static gboolean is_heard_only(const char *on)
{
	static const char *const questions[] = { "message", "settle", "first_response", "thread.closed", "thread.idle",
						 NULL };

	return !g_strv_contains(questions, on);
}

static gboolean look_at_decision(hg_lab *lab, struct hg_trial_result *result, const hg_decision *decision,
				 GHashTable *threads, struct hg_trial_seen *seen, GError **error)
{
	struct hg_trial_decision entry = { .decision = decision };
	hg_message *message = NULL;

	if (decision->message_n) {
		if (!hg_store_message_get(lab->store, result->arena, decision->message_n, &message, error))
			return FALSE;
		entry.text = message ? message->text : NULL;
		seen->intent = intent_of(lab, result->arena, decision);
		/* The first one of a thread has opened it. */
		seen->joins += strcmp(decision->on, "message") == 0 &&
			       !g_hash_table_add(threads, GSIZE_TO_POINTER((gsize)decision->thread_n));
	}
	g_array_append_val(result->decisions, entry);
	if (decision->rule)
		g_ptr_array_add(seen->rules, (char *)decision->rule);
	else if (is_heard_only(decision->on))
		return TRUE;
	seen->rule = decision->rule;
	seen->action = decision->action;
	return TRUE;
}

static gboolean look_at_decisions(hg_lab *lab, struct hg_trial_result *result, struct hg_trial_seen *seen,
				  GError **error)
{
	g_autoptr(GHashTable) threads = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) page = g_ptr_array_new();
	gint64 after_n = 0;

	g_array_set_size(result->decisions, 0);
	do {
		g_ptr_array_set_size(page, 0);
		if (!hg_store_decision_after(lab->store, result->arena, after_n, PAGE, page, error))
			return FALSE;
		for (guint i = 0; i < page->len; i++) {
			const hg_decision *decision = g_ptr_array_index(page, i);

			after_n = decision->n;
			if (!look_at_decision(lab, result, decision, threads, seen, error))
				return FALSE;
		}
	} while (page->len == PAGE);
	return TRUE;
}

/* ---- events, and what was said by itself ---- */

/* Said to the customer by itself, or kept unsent because its channel is on trial. */
static gboolean tells_reply(const hg_event *event, const hg_message *message)
{
	return message && message->direction == HG_OUTBOUND &&
	       (message->author == HG_BY_RULE || message->author == HG_BY_GATEWAY) &&
	       (strcmp(event->type, "message.sent") == 0 ||
		(strcmp(event->type, "message.status") == 0 && message->delivery == HG_DLV_NONE));
}

static gboolean look_at_event(hg_lab *lab, hg_arena *arena, const hg_event *event, struct hg_trial_seen *seen,
			      GError **error)
{
	hg_message *message = NULL;

	g_ptr_array_add(seen->events, (char *)event->type);
	if (!event->message_n)
		return TRUE;
	if (!hg_store_message_get(lab->store, arena, event->message_n, &message, error))
		return FALSE;
	if (tells_reply(event, message))
		g_ptr_array_add(seen->replies, (char *)message->text);
	return TRUE;
}

static gboolean look_at_events(hg_lab *lab, hg_arena *arena, struct hg_trial_seen *seen, GError **error)
{
	g_autoptr(GPtrArray) page = g_ptr_array_new();
	gint64 after_n = 0;

	do {
		g_ptr_array_set_size(page, 0);
		if (!hg_store_event_after(lab->store, arena, after_n, PAGE, page, error))
			return FALSE;
		for (guint i = 0; i < page->len; i++) {
			const hg_event *event = g_ptr_array_index(page, i);

			after_n = event->n;
			if (!look_at_event(lab, arena, event, seen, error))
				return FALSE;
		}
	} while (page->len == PAGE);
	return TRUE;
}

/* ---- thread and ticket ---- */

static void look_at_tags(const char *json, hg_arena *arena, struct hg_trial_seen *seen)
{
	g_autoptr(json_object) list = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		g_ptr_array_add(seen->tags,
				hg_arena_str(arena, json_object_get_string(json_object_array_get_idx(list, i))));
}

static gboolean look_at_thread(hg_lab *lab, hg_arena *arena, struct hg_trial_seen *seen, GError **error)
{
	hg_ticket *ticket = NULL;
	hg_csat *csat = NULL;
	hg_thread *thread;

	if (!hg_lab_thread(lab, arena, &thread, error))
		return FALSE;
	if (!thread)
		return TRUE;
	seen->state = hg_thread_state_word(thread->state);
	seen->resolution = hg_resolution_word(thread->resolution);
	seen->held = thread->held ? "true" : "false";
	seen->reopened = thread->reopened ? "true" : "false";
	seen->fields = thread->fields;
	seen->messages = thread->messages;
	seen->asked = thread->asked;
	seen->confirmed = thread->ep_confirmed_ms ? "true" : "false";
	look_at_tags(thread->tags, arena, seen);
	if (!hg_store_csat_of(lab->store, arena, thread->n, &csat, error))
		return FALSE;
	if (csat) {
		g_autofree char *score = g_strdup_printf("%" G_GINT64_FORMAT, csat->score);

		seen->csat = hg_arena_str(arena, score);
	}
	if (thread->ticket_n && !hg_store_ticket_get(lab->store, arena, thread->ticket_n, &ticket, error))
		return FALSE;
	if (!ticket)
		return TRUE;
	seen->priority = ticket->priority;
	seen->queue = ticket->queue;
	seen->skill = ticket->skill;
	seen->assignee = ticket->assignee;
	seen->category = ticket->category;
	seen->type = ticket->type;
	seen->subject = ticket->subject;
	seen->reason = ticket->reason;
	seen->requester = ticket->requester ? ticket->requester + strlen("mailto:") : NULL;
	seen->status = hg_ticket_state_word(ticket->state);
	return TRUE;
}

gboolean hg_trial_look(hg_lab *lab, struct hg_trial_result *result, struct hg_trial_seen *ret, GError **error)
{
	struct hg_engine_stats engine;
	struct hg_store_stats store;

	*ret = (struct hg_trial_seen){ .rules = words_new(), .replies = words_new(), .events = words_new(),
				       .tags = words_new() };
	hg_engine_get_stats(lab->engine, &engine);
	ret->duplicates = engine.duplicates;
	if (!hg_store_stats(lab->store, &store, error))
		return FALSE;
	ret->tickets = store.tickets;
	ret->threads = store.threads;
	return look_at_decisions(lab, result, ret, error) && look_at_events(lab, result->arena, ret, error) &&
	       look_at_thread(lab, result->arena, ret, error);
}

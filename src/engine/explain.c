/* explain.c - why headgate decided what it did: kept facts judged again by kept rules */
#include "explain.h"

#include <string.h>

#include "explain_text.h"
#include "json.h"
#include "rules.h"
#include "text.h"

#define LOOK_BACK 2000		/* decisions of its thread gone through for those of a message */
#define SHOWN_MAX 200		/* bytes of a message's text */

struct explanation {
	hg_store *store;
	hg_arena *arena;
	GString *out, *text;
	GHashTable *rules;		/* config hash -> hg_rules *, ours; NULL: cannot be made */
};

/* ---- rules of then ---- */

static void rules_free(gpointer rules)
{
	hg_rules_free(rules);
}

/* *ret NULL: its text was not kept, or does not compile any more. */
static gboolean rules_of(struct explanation *e, const char *hash, const hg_rules **ret, GError **error)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	const char *kept = NULL;
	gpointer found;
	hg_rules *rules;

	if (g_hash_table_lookup_extended(e->rules, hash, NULL, &found)) {
		*ret = found;
		return TRUE;
	}
	if (!hg_store_config_get(e->store, e->arena, hash, &kept, error))
		return FALSE;
	rules = kept ? hg_rules_again(kept, diag) : NULL;
	g_hash_table_insert(e->rules, hg_arena_str(e->arena, hash), rules);
	*ret = rules;
	return TRUE;
}

/* ---- one decision ---- */

/* The trace, or why there is none; both in the arena. */
struct again {
	const char *trace, *note;
	const char *message_id;
};

static gboolean add_text(struct explanation *e, const hg_decision *decision, struct hg_facts *facts,
			 struct again *again, GError **error)
{
	hg_message *message = NULL;

	if (!decision->message_n)
		return TRUE;
	if (!hg_store_message_get(e->store, e->arena, decision->message_n, &message, error))
		return FALSE;
	if (!message)
		return TRUE;
	again->message_id = message->id;
	facts->text = message->text;
	facts->headers = hg_facts_headers(message->payload, e->arena);
	if (message->edited_ms || message->revoked_ms)
		again->note = "the message was changed after this decision: its text may have been another then";
	return TRUE;
}

static void compare(struct explanation *e, const hg_decision *decision, const struct hg_verdict *verdict,
		    struct again *again)
{
	g_autofree char *note = NULL;

	if (again->note || g_strcmp0(decision->rule, verdict->rule) == 0)
		return;
	note = g_strdup_printf("judged again, %s%s%s decides: patterns may have hit a limit then",
			       verdict->rule ? "rule '" : "no rule", verdict->rule ? verdict->rule : "",
			       verdict->rule ? "'" : "");
	again->note = hg_arena_str(e->arena, note);
}

static gboolean judge_again(struct explanation *e, const hg_decision *decision, struct again *again,
			    GError **error)
{
	g_autoptr(GString) trace = g_string_new(NULL);
	const hg_rules *rules;
	struct hg_verdict verdict;
	struct hg_facts facts;

	if (!rules_of(e, decision->config_hash, &rules, error))
		return FALSE;
	if (!decision->facts || !hg_facts_read(decision->facts, e->arena, &facts, NULL)) {
		again->note = "its facts were not kept, so only what came of it is known";
		return TRUE;
	}
	if (!add_text(e, decision, &facts, again, error))
		return FALSE;
	if (!rules) {
		again->note = "the rules of its configuration were not kept, so only what came of it is known";
		return TRUE;
	}
	hg_rules_judge(rules, &facts, e->arena, &verdict, trace);
	again->trace = hg_arena_mem(e->arena, trace->str, trace->len);
	compare(e, decision, &verdict, again);
	return TRUE;
}

static void write_decision(struct explanation *e, const hg_decision *decision, const struct again *again,
			   struct json_object *facts)
{
	GString *out = e->out;

	hg_json_open(out, '{');
	hg_json_add_time(out, "at", decision->at_ms);
	hg_json_add_str(out, "on", decision->on);
	hg_json_add_str(out, "action", decision->action);
	hg_json_add_str(out, "rule", decision->rule);
	hg_json_add_str(out, "file", decision->file);
	hg_json_key(out, "line");
	if (decision->line)
		hg_json_put_int(out, decision->line);
	else
		hg_json_put_raw(out, NULL);
	hg_json_add_str(out, "config_hash", decision->config_hash);
	hg_json_add_str(out, "proposal", hg_json_str(facts, "proposal"));
	hg_json_add_str(out, "proposal_reason", hg_json_str(facts, "proposal_reason"));
	hg_json_add_str(out, "message_id", again->message_id);
	hg_json_add_raw(out, "facts", facts ? decision->facts : NULL);
	hg_json_add_raw(out, "trace", again->trace);
	hg_json_add_str(out, "note", again->note);
	hg_json_close(out, '}');
}

static struct json_object *parse(const char *json)
{
	return json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;
}

static gboolean explain_one(struct explanation *e, const hg_decision *decision, GError **error)
{
	struct again again = { .trace = NULL };
	g_autoptr(json_object) facts = parse(decision->facts), trace = NULL;

	if (!judge_again(e, decision, &again, error))
		return FALSE;
	trace = parse(again.trace);
	write_decision(e, decision, &again, facts);
	hg_explain_show(e->text, decision, facts, trace, again.note);
	return TRUE;
}

/* ---- which decisions ---- */

/* Where to begin, and go on towards the newest: of a message with what first came of it. */
static guint begin_of(const GPtrArray *newest, gint64 message_n)
{
	guint n = message_n ? 0 : newest->len;

	for (guint i = 0; message_n && i < newest->len; i++)
		if (((const hg_decision *)g_ptr_array_index(newest, i))->message_n == message_n)
			n = i + 1;
	return n;
}

/* Whom its ticket was given to is no rule's decision, but people ask for it here. */
static gboolean show_route(struct explanation *e, const hg_thread *thread, GError **error)
{
	hg_ticket *ticket = NULL;

	if (!thread->ticket_n)
		return TRUE;
	if (!hg_store_ticket_get(e->store, e->arena, thread->ticket_n, &ticket, error))
		return FALSE;
	if (ticket && (ticket->queue || ticket->assignee))
		hg_explain_route(e->text, ticket);
	return TRUE;
}

/* Of what the customer said it is what followed, up to his next message; of what we said, what is about it. */
static gboolean explain_all(struct explanation *e, const hg_thread *thread, const hg_message *message,
			    GError **error)
{
	g_autoptr(GPtrArray) newest = g_ptr_array_new();
	gboolean ours = message && message->direction != HG_INBOUND;
	gint64 message_n = message ? message->n : 0;
	guint n = 0, left;

	if (!hg_store_decision_list(e->store, e->arena, thread->last_decision_n, message_n ? LOOK_BACK : HG_EXPLAIN_MAX,
				    newest, error))
		return FALSE;
	for (left = begin_of(newest, message_n); left && n < HG_EXPLAIN_MAX; left--) {
		const hg_decision *decision = g_ptr_array_index(newest, left - 1);

		if (ours && decision->message_n != message_n)
			continue;
		if (message_n && decision->message_n && decision->message_n != message_n &&
		    strcmp(decision->on, hg_rule_event_word(HG_ON_MESSAGE)) == 0)
			break;
		if (!explain_one(e, decision, error))
			return FALSE;
		n++;
	}
	if (!show_route(e, thread, error))
		return FALSE;
	if (!n)
		g_string_append(e->text, "  no decision: rules are asked about what customers write, and about "
					 "threads that wait or end\n");
	else if (n == HG_EXPLAIN_MAX)
		g_string_append(e->text, message_n ? "  (only the first ones are shown)\n" : "  (only the newest ones are shown)\n");
	return TRUE;
}

/* ---- the answer ---- */

static gboolean explain(hg_store *store, hg_arena *arena, const hg_thread *thread, const hg_message *message,
			GString *out, GString *text, GError **error)
{
	struct explanation e = { .store = store, .arena = arena, .out = out, .text = text };
	gboolean fine;

	e.rules = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, rules_free);
	hg_json_key(out, "decisions");
	hg_json_open(out, '[');
	fine = explain_all(&e, thread, message, error);
	hg_json_close(out, ']');
	g_hash_table_unref(e.rules);
	hg_json_add_str(out, "text", text->str);
	return fine;
}

/* "2026-11-20T10:02:11.004Z" becomes "2026-11-20 10:02:11". */
static void put_second(GString *out, gint64 at_ms)
{
	char text[HG_TIME_SIZE];

	hg_time(at_ms, text);
	g_string_append_printf(out, "%.10s %.8s", text, text + 11);
}

static void show_message(GString *text, const hg_message *message)
{
	g_autofree char *cut = hg_text_valid(message->text ? message->text : "", -1, SHOWN_MAX);

	g_strdelimit(cut, "\r\n\t\x1b", ' ');
	g_string_append_printf(text, "message  %s  %s  ", message->id, message->channel ? message->channel : "-");
	put_second(text, message->at_ms);
	g_string_append_printf(text, "  \"%s%s\"\n", cut,
			       message->text && strlen(message->text) > strlen(cut) ? "..." : "");
}

static void add_shadow(const hg_thread *thread, GString *out)
{
	if (thread->shadow)
		hg_json_add_bool(out, "shadow", TRUE);
}

static void show_shadow(const hg_thread *thread, GString *text)
{
	if (thread->shadow)
		g_string_append(text, "  on trial: the channel was in shadow mode, so no helpdesk hears of it and the customer "
				"gets no automatic answer\n");
}

gboolean hg_explain_thread(hg_store *store, hg_arena *arena, const hg_thread *thread, GString *out,
			   GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "subject");
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "thread");
	hg_json_add_str(out, "id", thread->id);
	hg_json_add_str(out, "state", hg_thread_state_word(thread->state));
	hg_json_add_time(out, "at", thread->opened_ms);
	add_shadow(thread, out);
	hg_json_close(out, '}');
	g_string_append_printf(text, "thread  %s  %s  ", thread->id, hg_thread_state_word(thread->state));
	put_second(text, thread->opened_ms);
	g_string_append_c(text, '\n');
	show_shadow(thread, text);
	if (!explain(store, arena, thread, NULL, out, text, error))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}

gboolean hg_explain_message(hg_store *store, hg_arena *arena, const hg_message *message, GString *out,
			    GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	hg_thread *thread = NULL;

	if (!hg_store_thread_get(store, arena, message->thread_n, &thread, error))
		return FALSE;
	if (!thread)
		return hg_fail(error, HG_ERROR_MISSING, "the thread of %s is gone", message->id);
	hg_json_open(out, '{');
	hg_json_key(out, "subject");
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "message");
	hg_json_add_str(out, "id", message->id);
	hg_json_add_str(out, "thread_id", thread->id);
	hg_json_add_str(out, "channel", message->channel);
	hg_json_add_time(out, "at", message->at_ms);
	add_shadow(thread, out);
	hg_json_close(out, '}');
	show_message(text, message);
	show_shadow(thread, text);
	if (!explain(store, arena, thread, message, out, text, error))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}

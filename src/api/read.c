/* read.c - reading calls: each runs on a reader thread with a connection of its own */
#include <string.h>
#include "call.h"
#include "payload.h"

#define PAGE 50
#define PAGE_MAX 500

/* How many of a page are wanted.  One more is asked of the store: it tells whether there is a next
 * page, which begins behind the last one shown. */
static guint page_limit(struct call *call)
{
	return (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE);
}

gboolean hg_call_payload(struct call *call, hg_store *store, const hg_thread *thread, struct hg_payload *ret)
{
	hg_contact *contact = NULL;
	hg_ticket *ticket = NULL;

	if (!hg_store_contact_get(store, call->arena, thread->contact_n, &contact, &call->error) ||
	    (thread->ticket_n && !hg_store_ticket_get(store, call->arena, thread->ticket_n, &ticket, &call->error)))
		return FALSE;
	*ret = (struct hg_payload){ .store = store, .conf = call->conf, .arena = call->arena,
		.thread = thread, .contact = contact, .ticket = ticket };
	return TRUE;
}

gboolean hg_call_add_about(struct call *call, hg_store *store, gint64 thread_n, gint64 message_n,
			   hg_message **ret_message)
{
	hg_thread *thread = NULL;
	hg_message *message = NULL;

	if ((thread_n && !hg_store_thread_get(store, call->arena, thread_n, &thread, &call->error)) ||
	    (message_n && !hg_store_message_get(store, call->arena, message_n, &message, &call->error)))
		return FALSE;
	hg_json_opt_str(call->out, "thread_id", thread ? thread->id : NULL);
	hg_json_opt_str(call->out, "message_id", message ? message->id : NULL);
	if (ret_message)
		*ret_message = message;
	return TRUE;
}

static hg_thread *thread_of_param(struct call *call, hg_store *store)
{
	hg_thread *thread = NULL;

	if (hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error) && !thread)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no thread \"%.40s\"", call->param[0]);
	return thread;
}

gboolean hg_call_shadow(struct call *call, gboolean *ret)
{
	const char *word = hg_request_query(call->req, "shadow");

	*ret = g_strcmp0(word, "true") == 0;
	return !word || *ret || strcmp(word, "false") == 0 ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "shadow=%.20s: true or false is wanted", word);
}

void hg_read_thread(struct call *call, hg_store *store)
{
	const hg_thread *thread = thread_of_param(call, store);
	struct hg_payload payload;

	if (!thread || !hg_call_payload(call, store, thread, &payload))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "thread");
	if (!hg_payload_thread(&payload, call->out, &call->error))
		return;
	hg_json_close(call->out, '}');
}

/* Where a page of the chain begins: behind the message named by before, or at the newest. */
static gboolean newest_message(struct call *call, hg_store *store, const hg_thread *thread, gint64 *ret_n)
{
	const char *before = hg_request_query(call->req, "before");
	hg_message *message = NULL;

	*ret_n = thread->last_message_n;
	if (!before)
		return TRUE;
	if (!hg_store_message_by_id(store, call->arena, before, &message, &call->error))
		return FALSE;
	if (!message || message->thread_n != thread->n)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: this thread has no such message", before);
	*ret_n = message->prev_n;
	return TRUE;
}

void hg_read_messages(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	const hg_thread *thread = thread_of_param(call, store);
	guint limit = page_limit(call);
	struct hg_payload payload;
	gint64 newest;

	if (call->error || !thread || !hg_call_payload(call, store, thread, &payload) ||
	    !newest_message(call, store, thread, &newest) ||
	    (newest && !hg_store_message_list(store, call->arena, newest, limit, messages, &call->error)))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "messages");
	hg_json_open(call->out, '[');
	for (guint i = messages->len; i > 0; i--)	/* oldest of the page first */
		if (!hg_payload_message(&payload, g_ptr_array_index(messages, i - 1), TRUE, call->out, &call->error))
			return;
	hg_json_close(call->out, ']');
	if (messages->len == limit) {
		const hg_message *oldest = g_ptr_array_index(messages, limit - 1);

		if (oldest->prev_n)
			hg_json_add_str(call->out, "next", oldest->id);
	}
	hg_json_close(call->out, '}');
}

void hg_read_message(struct call *call, hg_store *store)
{
	hg_message *message = NULL;
	hg_thread *thread = NULL;
	struct hg_payload payload;

	if (!hg_store_message_by_id(store, call->arena, call->param[0], &message, &call->error))
		return;
	if (!message) {
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no message \"%.40s\"", call->param[0]);
		return;
	}
	if (!hg_store_thread_get(store, call->arena, message->thread_n, &thread, &call->error) ||
	    !hg_call_payload(call, store, thread, &payload))
		return;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "thread_id", thread->id);
	hg_json_key(call->out, "message");
	if (hg_payload_message(&payload, message, TRUE, call->out, &call->error))
		hg_json_close(call->out, '}');
}

void hg_event_write(GString *out, const hg_event *event)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", event->id);
	hg_json_add_str(out, "type", event->type);
	hg_json_add_time(out, "timestamp", event->at_ms);
	hg_json_add_int(out, "sequence", event->seq);
	hg_json_add_raw(out, "data", event->data);
	hg_json_close(out, '}');
}

/* The first so many; next: where the next page begins, or NULL. */
static void write_events(struct call *call, const GPtrArray *events, guint shown, const char *next)
{
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "events");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < shown; i++)
		hg_event_write(call->out, g_ptr_array_index(events, i));
	hg_json_close(call->out, ']');
	hg_json_opt_str(call->out, "next", next);
	hg_json_close(call->out, '}');
}

/* Where a page of the log begins: behind the event named by before, or at the newest. */
static gboolean newest_event(struct call *call, hg_store *store, const hg_thread *thread, gint64 *ret_n)
{
	const char *before = hg_request_query(call->req, "before");
	hg_event *event = NULL;

	*ret_n = thread->last_event_n;
	if (!before)
		return TRUE;
	if (!hg_store_event_by_id(store, call->arena, before, &event, &call->error))
		return FALSE;
	if (!event || event->thread_n != thread->n)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: this thread has no such event", before);
	*ret_n = event->prev_n;
	return TRUE;
}

static void reverse(GPtrArray *things)
{
	for (guint i = 0; i < things->len / 2; i++) {
		gpointer *a = &things->pdata[i], *b = &things->pdata[things->len - 1 - i], kept = *a;

		*a = *b;
		*b = kept;
	}
}

void hg_read_thread_events(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	guint limit = page_limit(call);
	const hg_thread *thread = call->error ? NULL : thread_of_param(call, store);
	const hg_event *oldest;
	gint64 newest;

	if (!thread || !newest_event(call, store, thread, &newest) ||
	    (newest && !hg_store_event_list(store, call->arena, newest, limit, events, &call->error)))
		return;
	reverse(events);
	oldest = events->len ? g_ptr_array_index(events, 0) : NULL;
	write_events(call, events, events->len, oldest && oldest->prev_n ? oldest->id : NULL);
}

struct event_query { gint64 after_n; gboolean shadow; guint limit; };

static gboolean fetch_events(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct event_query *query = arg;

	if (!hg_store_event_log(store, call->arena, query->after_n, query->shadow, query->limit, rows, &call->error))
		return FALSE;
	if (rows->len)
		query->after_n = ((const hg_event *)g_ptr_array_index(rows, rows->len - 1))->n;
	return TRUE;
}

static gboolean sees_event(struct call *call, hg_store *store, gconstpointer row)
{
	return hg_may_thread(call, store, ((const hg_event *)row)->thread_n);
}

static gboolean event_query(struct call *call, hg_store *store, struct event_query *ret)
{
	const char *after = hg_request_query(call->req, "after");
	hg_event *event = NULL;

	*ret = (struct event_query){ .limit = page_limit(call) + 1 };
	if (call->error || !hg_call_shadow(call, &ret->shadow) ||
	    (after && !hg_store_event_by_id(store, call->arena, after, &event, &call->error)))
		return FALSE;
	ret->after_n = event ? event->n : 0;
	return !after || event || hg_fail(&call->error, HG_ERROR_MISSING, "after=%.40s: there is no such event", after);
}

void hg_read_events(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	struct event_query query;
	struct hg_page page = { .fetch = fetch_events, .sees = sees_event, .query = &query };
	const hg_event *last = NULL;
	gconstpointer cut;
	guint shown;

	if (!event_query(call, store, &query))
		return;
	page.want = query.limit;
	if (!hg_page_fill(call, store, &page, events, &cut))
		return;
	shown = MIN(events->len, page.want - 1);
	if (events->len > shown)
		last = g_ptr_array_index(events, shown - 1);
	last = cut ? cut : last;
	write_events(call, events, shown, last ? last->id : NULL);
}

hg_ticket *hg_call_ticket(struct call *call, hg_store *store, const char *backend)
{
	hg_ticket *ticket = NULL;

	if (!hg_store_ticket_by_id(store, call->arena, call->param[0], &ticket, &call->error) ||
	    (!ticket && !hg_store_ticket_by_number(store, call->arena, call->param[0], &ticket, &call->error)) ||
	    (!ticket && !hg_store_ticket_by_link(store, call->arena, backend, call->param[0], &ticket, &call->error)))
		return NULL;
	if (!ticket)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no ticket \"%.40s\"", call->param[0]);
	return ticket;
}

/* read.c - reading calls: each runs on a reader thread with a connection of its own */
#include <string.h>
#include "call.h"
#include "payload.h"

#define PAGE 50
#define PAGE_MAX 500

/* What the payload writer needs to show a thread. */
static gboolean payload_of(struct call *call, hg_store *store, const hg_thread *thread, struct hg_payload *ret)
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

static hg_thread *thread_of_param(struct call *call, hg_store *store)
{
	hg_thread *thread = NULL;

	if (hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error) && !thread)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no thread \"%.40s\"", call->param[0]);
	return thread;
}

static int state_of_word(const char *word)
{
	for (int state = HG_THREAD_OPEN; state <= HG_THREAD_CONVERTED; state++)
		if (strcmp(word, hg_thread_state_word(state)) == 0)
			return state;
	return 0;
}

static gboolean thread_query(struct call *call, hg_store *store, struct hg_thread_query *ret)
{
	const char *state = hg_request_query(call->req, "state");
	const char *before = hg_request_query(call->req, "before");
	hg_thread *last = NULL;

	*ret = (struct hg_thread_query){ .contact_id = hg_request_query(call->req, "contact"),
		.channel = hg_request_query(call->req, "channel"),
		.limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE) };
	if (call->error)
		return FALSE;
	if (state && !(ret->state = state_of_word(state)))
		return hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: open, closed or converted is wanted", state);
	if (!before)
		return TRUE;
	if (!hg_store_thread_by_id(store, call->arena, before, &last, &call->error))
		return FALSE;
	if (!last)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such thread", before);
	ret->before_n = last->n;
	return TRUE;
}

void hg_read_threads(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	struct hg_thread_query query;
	const hg_thread *last = NULL;

	if (!thread_query(call, store, &query) ||
	    !hg_store_thread_list(store, call->arena, &query, threads, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "threads");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < threads->len; i++) {
		struct hg_payload payload;

		last = g_ptr_array_index(threads, i);
		if (!payload_of(call, store, last, &payload) || !hg_payload_thread(&payload, call->out, &call->error))
			return;
	}
	hg_json_close(call->out, ']');
	if (last && threads->len == query.limit)
		hg_json_add_str(call->out, "next", last->id);	/* ?before= of the next page */
	hg_json_close(call->out, '}');
}

void hg_read_thread(struct call *call, hg_store *store)
{
	const hg_thread *thread = thread_of_param(call, store);
	struct hg_payload payload;

	if (!thread || !payload_of(call, store, thread, &payload))
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
	guint limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE);
	struct hg_payload payload;
	gint64 newest;

	if (call->error || !thread || !payload_of(call, store, thread, &payload) ||
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
	    !payload_of(call, store, thread, &payload))
		return;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "thread_id", thread->id);
	hg_json_key(call->out, "message");
	if (hg_payload_message(&payload, message, TRUE, call->out, &call->error))
		hg_json_close(call->out, '}');
}

static void write_event(GString *out, const hg_event *event)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", event->id);
	hg_json_add_str(out, "type", event->type);
	hg_json_add_time(out, "timestamp", event->at_ms);
	hg_json_add_int(out, "sequence", event->seq);
	hg_json_add_raw(out, "data", event->data);
	hg_json_close(out, '}');
}

/* events: oldest first when backwards is FALSE, else newest first. */
static void write_events(struct call *call, const GPtrArray *events, gboolean backwards)
{
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "events");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < events->len; i++)
		write_event(call->out, g_ptr_array_index(events, backwards ? events->len - 1 - i : i));
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

void hg_read_thread_events(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	const hg_thread *thread = thread_of_param(call, store);
	guint limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE);
	const char *before = hg_request_query(call->req, "before");
	gint64 newest = thread ? thread->last_event_n : 0;
	hg_event *event = NULL;

	if (call->error || !thread)
		return;
	if (before) {
		if (!hg_store_event_by_id(store, call->arena, before, &event, &call->error))
			return;
		if (!event || event->thread_n != thread->n) {
			hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: this thread has no such event", before);
			return;
		}
		newest = event->prev_n;
	}
	if (!newest || hg_store_event_list(store, call->arena, newest, limit, events, &call->error))
		write_events(call, events, TRUE);
}

void hg_read_events(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	guint limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE);
	const char *after = hg_request_query(call->req, "after");
	hg_event *event = NULL;

	if (call->error)
		return;
	if (after) {
		if (!hg_store_event_by_id(store, call->arena, after, &event, &call->error))
			return;
		if (!event) {
			hg_fail(&call->error, HG_ERROR_MISSING, "after=%.40s: there is no such event", after);
			return;
		}
	}
	if (hg_store_event_after(store, call->arena, event ? event->n : 0, limit, events, &call->error))
		write_events(call, events, FALSE);
}

/* By id, by our number, or by the helpdesk's id is the engine's business; reading takes the first two. */
static hg_ticket *ticket_of_param(struct call *call, hg_store *store)
{
	hg_ticket *ticket = NULL;

	if (!hg_store_ticket_by_id(store, call->arena, call->param[0], &ticket, &call->error) ||
	    (!ticket && !hg_store_ticket_by_number(store, call->arena, call->param[0], &ticket, &call->error)))
		return NULL;
	if (!ticket)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no ticket \"%.40s\"", call->param[0]);
	return ticket;
}

void hg_read_ticket(struct call *call, hg_store *store)
{
	const hg_ticket *ticket = ticket_of_param(call, store);
	hg_thread *thread = NULL;
	struct hg_payload payload;

	if (!ticket || !hg_store_thread_get(store, call->arena, ticket->thread_n, &thread, &call->error) ||
	    !payload_of(call, store, thread, &payload))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "thread");	/* carries the ticket with its links */
	if (hg_payload_thread(&payload, call->out, &call->error))
		hg_json_close(call->out, '}');
}

static void write_job(GString *out, const hg_job *job)
{
	hg_json_open(out, '{');
	hg_json_add_int(out, "number", job->n);
	hg_json_add_str(out, "target", hg_target_word(job->target));
	hg_json_add_str(out, "name", job->name);
	hg_json_add_str(out, "state", hg_job_state_word(job->state));
	hg_json_add_int(out, "attempts", job->attempts);
	hg_json_add_time(out, "created", job->created_ms);
	hg_json_add_time(out, "due", job->due_ms);
	hg_json_opt_str(out, "error", job->error);
	hg_json_close(out, '}');
}

void hg_read_dead(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();
	const char *word = hg_request_query(call->req, "state");
	struct hg_job_query query = { .limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE),
		.after_n = hg_call_number(call, "after", 0, G_MAXINT64, 0), .state = HG_JOB_DEAD };

	if (call->error)
		return;
	for (query.state = HG_JOB_QUEUED; word && query.state <= HG_JOB_DEAD; query.state++)
		if (strcmp(word, hg_job_state_word(query.state)) == 0)
			break;
	if (!word)
		query.state = HG_JOB_DEAD;
	if (query.state > HG_JOB_DEAD) {
		hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: queued, due, sending, unknown, parked or dead "
			"is wanted", word);
		return;
	}
	if (!hg_store_job_list(store, call->arena, &query, jobs, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "jobs");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < jobs->len; i++)
		write_job(call->out, g_ptr_array_index(jobs, i));
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

static void report_breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	struct call *call = arg;

	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "invariant", invariant);
	hg_json_add_str(call->out, "id", id);
	hg_json_add_str(call->out, "remedy", remedy);
	hg_json_close(call->out, '}');
}

void hg_read_fsck(struct call *call, hg_store *store)
{
	guint breaches = 0;

	hg_json_open(call->out, '{');
	hg_json_key(call->out, "breaches");
	hg_json_open(call->out, '[');
	if (!hg_store_fsck(store, call->api->attachments, report_breach, call, &breaches, &call->error))
		return;
	hg_json_close(call->out, ']');
	hg_json_add_int(call->out, "count", breaches);
	hg_json_close(call->out, '}');
}

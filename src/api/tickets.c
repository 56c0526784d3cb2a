/* tickets.c - tickets: listed, shown with what is on its way to helpdesks, and put right by a person */
#include <string.h>
#include "call.h"
#include "payload_parts.h"

#define PAGE	   50
#define PAGE_MAX   500
#define JOBS_MAX   100			/* of one ticket at one helpdesk, oldest first */
#define WORD_MAX   200
#define ID_MAX	   255
#define URL_MAX	   2048
#define REASON_MAX 500

/* ---- what is on its way ---- */

typedef gboolean each_job(struct call *call, hg_store *store, const hg_job *job, void *arg);

/* Every job of its conversation at every helpdesk. */
static gboolean for_jobs(struct call *call, hg_store *store, const hg_thread *thread, each_job *each, void *arg)
{
	const GPtrArray *backends = call->conf->backends;

	for (guint i = 0; i < backends->len; i++) {
		const struct hg_job_query query = { .target = HG_TO_BACKEND, .lane = thread->id, .limit = JOBS_MAX,
			.name = ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name };
		g_autoptr(GPtrArray) jobs = g_ptr_array_new();

		if (!hg_store_job_list(store, call->arena, &query, jobs, &call->error))
			return FALSE;
		for (guint j = 0; j < jobs->len; j++)
			if (!each(call, store, g_ptr_array_index(jobs, j), arg))
				return FALSE;
	}
	return TRUE;
}

struct work { gint64 waiting, failed; const char *error; };

static gboolean count_job(struct call *call G_GNUC_UNUSED, hg_store *store G_GNUC_UNUSED, const hg_job *job, void *arg)
{
	struct work *work = arg;

	*(job->state == HG_JOB_DEAD ? &work->failed : &work->waiting) += 1;
	work->error = job->error ?: work->error;
	return TRUE;
}

static gboolean write_job(struct call *call, hg_store *store, const hg_job *job, void *arg G_GNUC_UNUSED)
{
	hg_event *event = NULL;

	if (job->event_n && !hg_store_event_get(store, call->arena, job->event_n, &event, &call->error))
		return FALSE;
	hg_json_open(call->out, '{');
	hg_json_add_int(call->out, "number", job->n);
	hg_json_add_str(call->out, "backend", job->name);
	hg_json_add_str(call->out, "event_type", event ? event->type : NULL);
	hg_json_add_str(call->out, "state", hg_job_state_word(job->state));
	hg_json_add_int(call->out, "attempts", job->attempts);
	hg_json_add_time(call->out, "created", job->created_ms);
	hg_json_add_time(call->out, "due", job->state == HG_JOB_DUE ? job->due_ms : 0);
	hg_json_add_str(call->out, "error", job->error);
	if (job->error_code)
		hg_json_add_int(call->out, "error_code", job->error_code);
	hg_json_close(call->out, '}');
	return TRUE;
}

/* ---- one ---- */

void hg_read_ticket(struct call *call, hg_store *store)
{
	const hg_ticket *ticket = hg_call_ticket(call, store, NULL);
	hg_thread *thread = NULL;
	struct hg_payload payload;

	if (!ticket || !hg_store_thread_get(store, call->arena, ticket->thread_n, &thread, &call->error) ||
	    !hg_call_payload(call, store, thread, &payload))
		return;
	hg_json_open(call->out, '{');
	if (!hg_ticket_add(&payload, ticket, call->out, &call->error))
		return;
	hg_json_key(call->out, "thread");	/* as GET /v1/threads/ID has it */
	if (!hg_payload_thread(&payload, call->out, &call->error))
		return;
	hg_json_key(call->out, "jobs");
	hg_json_open(call->out, '[');
	if (!for_jobs(call, store, thread, write_job, NULL))
		return;
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

/* ---- the list ---- */

static gboolean write_ticket(struct call *call, hg_store *store, const hg_ticket *ticket)
{
	struct work work = { 0 };
	struct hg_payload payload;
	hg_thread *thread = NULL;

	if (!hg_store_thread_get(store, call->arena, ticket->thread_n, &thread, &call->error) ||
	    !hg_call_payload(call, store, thread, &payload) || !for_jobs(call, store, thread, count_job, &work))
		return FALSE;
	hg_json_open(call->out, '{');
	if (!hg_ticket_add(&payload, ticket, call->out, &call->error))
		return FALSE;
	hg_json_add_str(call->out, "thread_id", thread->id);
	hg_json_add_str(call->out, "channel", thread->channel);
	hg_json_add_str(call->out, "contact_name", payload.contact ? payload.contact->name : NULL);
	hg_json_add_int(call->out, "waiting", work.waiting);
	hg_json_add_int(call->out, "failed", work.failed);
	hg_json_add_str(call->out, "error", work.error);
	hg_json_close(call->out, '}');
	return TRUE;
}

static gboolean fetch(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct hg_ticket_query *query = arg;

	if (!hg_store_ticket_list(store, call->arena, query, rows, &call->error))
		return FALSE;
	if (rows->len)
		query->before_n = ((const hg_ticket *)g_ptr_array_index(rows, rows->len - 1))->n;
	return TRUE;
}

static gboolean sees(struct call *call, hg_store *store, gconstpointer row)
{
	return hg_may_thread(call, store, ((const hg_ticket *)row)->thread_n);
}

static gboolean read_words(struct call *call, struct hg_ticket_query *query)
{
	const char *state = hg_request_query(call->req, "state"), *work = hg_request_query(call->req, "work");

	query->backend = hg_request_query(call->req, "backend");
	query->channel = hg_request_query(call->req, "channel");
	query->state = state ? hg_ticket_state_of(state) : 0;
	query->work = !work ? 0 : strcmp(work, "waiting") == 0 ? HG_WORK_WAITING : strcmp(work, "failed") == 0 ? HG_WORK_FAILED : -1;
	if (state && !query->state)
		return hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: requested, open, pending, solved or closed is wanted", state);
	if (query->work < 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "work=%.20s: waiting or failed is wanted", work);
	return hg_call_time(call, "since", &query->since_ms) && hg_call_time(call, "until", &query->until_ms) &&
	       hg_call_shadow(call, &query->shadow);
}

static gboolean read_before(struct call *call, hg_store *store, struct hg_ticket_query *query)
{
	const char *before = hg_request_query(call->req, "before");
	hg_ticket *last = NULL;

	if (!before)
		return TRUE;
	if (!hg_store_ticket_by_id(store, call->arena, before, &last, &call->error))
		return FALSE;
	if (!last)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such ticket", before);
	query->before_n = last->n;
	return TRUE;
}

void hg_read_tickets(struct call *call, hg_store *store)
{
	struct hg_ticket_query query = { .limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE) + 1 };
	const struct hg_page page = { .want = query.limit, .fetch = fetch, .sees = sees, .query = &query };
	g_autoptr(GPtrArray) tickets = g_ptr_array_new();
	const hg_ticket *last;
	gconstpointer cut;
	guint shown;

	if (call->error || !read_words(call, &query) || !read_before(call, store, &query) ||
	    !hg_page_fill(call, store, &page, tickets, &cut))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "tickets");
	hg_json_open(call->out, '[');
	shown = MIN(tickets->len, page.want - 1);
	for (guint i = 0; i < shown; i++)
		if (!write_ticket(call, store, g_ptr_array_index(tickets, i)))
			return;
	hg_json_close(call->out, ']');
	last = tickets->len > shown ? g_ptr_array_index(tickets, shown - 1) : cut;
	hg_json_opt_str(call->out, "next", last ? last->id : NULL);
	hg_json_close(call->out, '}');
}

/* ---- put right ---- */

gboolean hg_write_ticket_retry(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "backend", CALL_TEXT, WORD_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *backend;

	if (!body)
		return FALSE;
	backend = hg_json_str(body, "backend");
	if (backend && !hg_conf_backend(call->conf, backend))
		return hg_fail(&call->error, HG_ERROR_INPUT, "there is no backend \"%.40s\"", backend);
	command->backend = hg_arena_str(command->arena, backend);
	command->ticket_ref = hg_arena_str(command->arena, call->param[0]);
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	return TRUE;
}

gboolean hg_write_relink(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "backend", CALL_TEXT, WORD_MAX }, { "id", CALL_TEXT, ID_MAX },
		{ "number", CALL_TEXT, ID_MAX }, { "url", CALL_TEXT, URL_MAX }, { "reason", CALL_TEXT, REASON_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !hg_call_link(call, body, command))
		return FALSE;
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	command->text = hg_arena_str(command->arena, hg_json_str(body, "reason"));
	return (command->text && *command->text) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"reason\" is missing: why it is another ticket now is for who looks into the "
		       "conversation later");
}

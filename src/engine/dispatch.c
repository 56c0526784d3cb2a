/* dispatch.c - a job with all that is needed to do it, in an arena that leaves with it */
#include "standing.h"
#include "turn.h"

#include "json.h"

#include <string.h>

void hg_dispatch_free(hg_dispatch *dispatch)
{
	if (dispatch)
		hg_arena_free(dispatch->arena);
}

static void copy_job(hg_dispatch *dispatch, const hg_job *job)
{
	hg_arena *arena = dispatch->arena;
	hg_job *copy = &dispatch->job;

	*copy = *job;
	copy->name = hg_arena_str(arena, job->name);
	copy->lane = hg_arena_str(arena, job->lane);
	copy->key = hg_arena_str(arena, job->key);
	copy->external_id = hg_arena_str(arena, job->external_id);
	copy->error = hg_arena_str(arena, job->error);
	copy->body = job->body ? hg_arena_mem(arena, job->body, job->len) : NULL;
}

static gboolean add_files(hg_engine *engine, hg_dispatch *dispatch, const hg_message *message, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct hg_file *files;

	if (!hg_store_attachment_list(engine->store, dispatch->arena, message->n, rows, error))
		return FALSE;
	files = hg_arena_alloc(dispatch->arena, (rows->len + 1) * sizeof(*files));
	for (guint i = 0; i < rows->len; i++) {
		const hg_attachment *row = g_ptr_array_index(rows, i);
		g_autofree char *path = row->sha256 ?
			hg_attachment_path(hg_store_attachments(engine->store), row->sha256) : NULL;

		files[i] = (struct hg_file){
			.size = sizeof(files[i]), .kind = row->kind, .name = row->name, .type = row->type,
			.sha256 = row->sha256, .bytes = row->bytes, .path = hg_arena_str(dispatch->arena, path),
		};
	}
	dispatch->out.files = files;
	dispatch->out.n_files = rows->len;
	dispatch->out.file_size = sizeof(*files);
	return TRUE;
}

/* A template is kept in the message's payload, under a name no provider's content has. */
static void add_payload(hg_dispatch *dispatch, const hg_message *message)
{
	g_autoptr(json_object) all = NULL;
	struct json_object *template;

	dispatch->out.payload = hg_message_is_copy(message) ? NULL : message->payload;
	if (!message->payload || !strstr(message->payload, "\"headgate.template\""))
		return;
	all = hg_json_parse(message->payload, strlen(message->payload), NULL, NULL);
	template = hg_json_obj(all, "headgate.template");
	if (!template)
		return;
	dispatch->out.template_json = hg_arena_str(dispatch->arena,
						   json_object_to_json_string_ext(template, JSON_C_TO_STRING_PLAIN));
	dispatch->out.payload = NULL;
}

static void add_refs(hg_dispatch *dispatch, const hg_message *message)
{
	const char **refs;

	if (!message->answers)
		return;
	if (message->kind >= HG_REACTION) {
		dispatch->out.target = message->answers;
		return;
	}
	refs = hg_arena_alloc(dispatch->arena, 2 * sizeof(*refs));
	refs[0] = message->answers;
	dispatch->out.refs = refs;
}

static gboolean add_past(hg_engine *engine, hg_dispatch *dispatch, const hg_message *message, GError **error)
{
	hg_thread *thread;

	if (!hg_past_is_wanted(engine, message->channel))
		return TRUE;
	if (!hg_store_thread_get(engine->store, dispatch->arena, message->thread_n, &thread, error))
		return FALSE;
	return !thread || hg_past_fill(engine, dispatch->arena, thread, message->prev_n, message->channel, message->answers,
				       &dispatch->out, error);
}

/* What is said after a STOP was looked at when it was said; what was said before it must not go out behind it. */
static gboolean look_for_stop(hg_engine *engine, hg_dispatch *dispatch, const hg_message *message, gint64 last_in_ms,
			      GError **error)
{
	const hg_job *job = &dispatch->job;
	const hg_consent *said;

	if (!hg_consent_find(engine->store, dispatch->arena, job->name, message->address, message->our_address, &said, error))
		return FALSE;
	if (!said || said->heard_ms <= message->at_ms ||
	    !hg_consent_bars(engine, said, message->automatic, last_in_ms))
		return TRUE;
	dispatch->stopped = hg_consent_why(dispatch->arena, said);
	dispatch->advice = hg_consent_advice(said);
	return TRUE;
}

static gboolean fill_out(hg_engine *engine, hg_dispatch *dispatch, gint64 now_ms, gboolean *ret_gone, GError **error)
{
	const hg_job *job = &dispatch->job;
	gint64 last_in_ms = 0;
	hg_message *message;

	if (!hg_store_message_get(engine->store, dispatch->arena, job->message_n, &message, error))
		return FALSE;
	*ret_gone = !message;
	if (!message)
		return TRUE;
	if (message->address && (!hg_store_reach_get(engine->store, job->name, message->address, &last_in_ms, error) ||
				 !look_for_stop(engine, dispatch, message, last_in_ms, error)))
		return FALSE;
	dispatch->out = (struct hg_out){
		.size = sizeof(dispatch->out), .ticket = (uint64_t)job->n, .key = job->key,
		.kind = message->kind, .to = message->address, .from = message->our_address,
		.subject = message->subject, .text = message->text, .html = message->html,
		.now_ms = now_ms, .last_in_ms = last_in_ms, .body = job->body, .len = job->len,
		.name = message->author == HG_BY_AGENT ? message->author_name : NULL, .automatic = message->automatic,
	};
	add_payload(dispatch, message);
	add_refs(dispatch, message);
	return add_past(engine, dispatch, message, error) && add_files(engine, dispatch, message, error);
}

/* The event says what was known when it was written: the ticket may have been made since. */
static gboolean fill_link(hg_engine *engine, hg_dispatch *dispatch, GError **error)
{
	const hg_job *job = &dispatch->job;
	const struct hg_backend_conf *backend = hg_conf_backend(engine->conf, job->name);
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	hg_thread *thread = NULL;

	/* Webhooks name no ticket of theirs. */
	if (!job->thread_n || !backend || g_strcmp0(backend->preset, "webhook") == 0)
		return TRUE;
	if (!hg_store_thread_get(engine->store, dispatch->arena, job->thread_n, &thread, error))
		return FALSE;
	if (!thread || !thread->ticket_n)
		return TRUE;
	if (!hg_store_link_list(engine->store, dispatch->arena, thread->ticket_n, links, error))
		return FALSE;
	for (guint i = 0; i < links->len; i++) {
		const hg_link *link = g_ptr_array_index(links, i);

		if (strcmp(link->backend, job->name) == 0)
			dispatch->link = link;
	}
	return TRUE;
}

static gboolean fill_event(hg_engine *engine, hg_dispatch *dispatch, gboolean *ret_gone, GError **error)
{
	const char *edited;
	hg_event *event;

	if (!hg_store_event_get(engine->store, dispatch->arena, dispatch->job.event_n, &event, error))
		return FALSE;
	*ret_gone = !event;
	if (!event)
		return TRUE;
	dispatch->event = *event;
	if (!hg_dead_edited(engine->store, dispatch->arena, &dispatch->job, &edited, error))
		return FALSE;
	dispatch->event.data = edited ?: event->data;
	dispatch->folder = hg_arena_str(dispatch->arena, hg_store_attachments(engine->store));
	return fill_link(engine, dispatch, error);
}

static gboolean fill_attachment(hg_engine *engine, hg_dispatch *dispatch, gboolean *ret_gone, GError **error)
{
	hg_attachment *attachment;

	if (!hg_store_attachment_get(engine->store, dispatch->arena, dispatch->job.attachment_n, &attachment, error))
		return FALSE;
	*ret_gone = !attachment;
	if (attachment)
		dispatch->attachment = *attachment;
	dispatch->channel = dispatch->job.name;
	return TRUE;
}

/* All that is sent is in the job; nobody is asked when nobody waits. */
static gboolean fill_question(hg_engine *engine, hg_dispatch *dispatch, gboolean *ret_gone, GError **error)
{
	hg_question *ask;

	if (!hg_store_question_by_job(engine->store, dispatch->arena, dispatch->job.n, &ask, error))
		return FALSE;
	*ret_gone = !ask;
	return TRUE;
}

/* Bytes that were erased are read as none: whoever reads them says what they are then. */
static gboolean fill_raw(hg_engine *engine, hg_dispatch *dispatch, GError **error)
{
	const hg_job *job = &dispatch->job;
	const void *bytes = NULL;
	gsize len = 0;

	if (job->target == HG_TO_UNPACK &&
	    !hg_store_raw_get(engine->store, dispatch->arena, job->raw_n, &bytes, &len, error))
		return FALSE;
	dispatch->raw = (struct hg_raw){
		.size = sizeof(dispatch->raw), .ticket = (uint64_t)job->n, .id = job->key,
		.group = job->target == HG_TO_UNPACK && *job->lane ? job->lane : NULL, .bytes = bytes ?: "", .len = len,
		.attempts = job->attempts,
	};
	return TRUE;
}

/* What cannot be read, or is about no ticket that is known yet, the engine deals with itself. */
static gboolean fill_change(hg_engine *engine, hg_dispatch *dispatch, GError **error)
{
	const hg_job *job = &dispatch->job;
	hg_ticket *ticket = NULL;

	if (hg_change_read(dispatch->arena, job->body, job->len, &dispatch->change, NULL) &&
	    !hg_change_ticket(engine->store, dispatch->arena, job->name, &dispatch->change, &ticket, error))
		return FALSE;
	dispatch->stopped = ticket ? NULL : "no ticket of ours is known by this name";
	return TRUE;
}

gboolean hg_dispatch_make(hg_engine *engine, const hg_job *job, gint64 now_ms, hg_dispatch **ret, GError **error)
{
	hg_arena *arena = hg_arena_new();
	hg_dispatch *dispatch = hg_arena_alloc(arena, sizeof(*dispatch));
	gboolean gone = FALSE, ok;

	*ret = NULL;
	dispatch->arena = arena;
	copy_job(dispatch, job);
	if (job->target == HG_TO_CHANNEL)
		ok = fill_out(engine, dispatch, now_ms, &gone, error);
	else if (job->target == HG_TO_BACKEND)
		ok = fill_event(engine, dispatch, &gone, error);
	else if (job->target == HG_TO_UNPACK || job->target == HG_TO_SETTLE)
		ok = fill_raw(engine, dispatch, error);
	else if (job->target == HG_FROM_BACKEND)
		ok = fill_change(engine, dispatch, error);
	else if (job->target == HG_TO_HOOK)
		ok = fill_question(engine, dispatch, &gone, error);
	else
		ok = fill_attachment(engine, dispatch, &gone, error);
	if (!ok || gone)
		hg_dispatch_free(dispatch);
	else
		*ret = dispatch;
	return ok;
}

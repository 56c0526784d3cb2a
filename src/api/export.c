/* export.c - everything about somebody, one JSON line each, as it is read: no more of it is in memory than one piece */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "call.h"
#include "file_answer.h"
#include "payload.h"
#include "people.h"
#include "text.h"

#define PIECE_BYTES (64 * 1024)		/* read from the store before they are sent */
#define FILE_BYTES  (48 * 1024)		/* of a file on one line, before base64 */
#define HIGH_WATER  (16 * 1024 * 1024)	/* one line may be long */
#define EXPORTS_MAX 4

enum at { AT_CONTACT, AT_THREADS, AT_MESSAGES, AT_EVENTS, AT_DECISIONS, AT_END };

struct export {
	struct call *call;		/* ours: arena, parameters; its request went with the stream */
	hg_stream *stream;		/* NULL: nobody listens any more */
	gboolean working, files, over;	/* over: the last line is in piece */
	GString *piece;
	gint64 contact_n, thread_n, next_n;
	enum at at;
	GPtrArray *waiting;		/* of attachment ids whose bytes are to follow; ours */
	int fd;				/* of the first of them, or -1 */
	gint64 offset;
	gint64 n_messages, n_events, n_decisions, n_files, n_threads;
};

static gint exports;			/* atomic: under way */

static void export_free(struct export *e)
{
	if (e->fd >= 0)
		close(e->fd);
	g_ptr_array_unref(e->waiting);
	g_string_free(e->piece, TRUE);
	g_atomic_int_add(&exports, -1);
	hg_call_finish(e->call);
	g_free(e);
}

/* ---- lines: on a reader thread ---- */

static void begin_line(struct export *e, const char *type)
{
	hg_json_open(e->piece, '{');
	hg_json_add_str(e->piece, "type", type);
}

static void end_line(struct export *e)
{
	hg_json_close(e->piece, '}');
	g_string_append_c(e->piece, '\n');
}

static gboolean put_contact(struct export *e, hg_store *store)
{
	struct call *call = e->call;
	hg_contact *contact = NULL;

	if (!hg_store_contact_get(store, call->arena, e->contact_n, &contact, &call->error))
		return FALSE;
	g_string_truncate(call->out, 0);
	if (!hg_contact_write_all(call, store, contact))
		return FALSE;
	begin_line(e, "contact");
	hg_json_add_raw(e->piece, "contact", call->out->str);
	end_line(e);
	e->at = AT_THREADS;
	return TRUE;
}

static gboolean payload_of(struct export *e, hg_store *store, hg_arena *arena, struct hg_payload *ret, hg_thread **ret_thread)
{
	hg_contact *contact = NULL;
	hg_ticket *ticket = NULL;
	GError **error = &e->call->error;

	if (!hg_store_thread_get(store, arena, e->thread_n, ret_thread, error) ||
	    !hg_store_contact_get(store, arena, e->contact_n, &contact, error) ||
	    ((*ret_thread)->ticket_n && !hg_store_ticket_get(store, arena, (*ret_thread)->ticket_n, &ticket, error)))
		return FALSE;
	*ret = (struct hg_payload){ .store = store, .conf = e->call->conf, .arena = arena, .thread = *ret_thread,
				    .contact = contact, .ticket = ticket };
	return TRUE;
}

static gboolean put_thread(struct export *e, hg_store *store)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_payload payload;
	hg_thread *thread;

	if (!hg_store_thread_behind(store, e->contact_n, e->thread_n, &e->thread_n, &e->call->error))
		return FALSE;
	if (!e->thread_n) {
		e->at = AT_END;
		return TRUE;
	}
	if (!payload_of(e, store, arena, &payload, &thread))
		return FALSE;
	begin_line(e, "thread");
	hg_json_key(e->piece, "thread");
	if (!hg_payload_thread(&payload, e->piece, &e->call->error))
		return FALSE;
	end_line(e);
	e->n_threads++;
	e->at = AT_MESSAGES;
	e->next_n = thread->last_message_n;
	return TRUE;
}

static gboolean note_files(struct export *e, hg_store *store, hg_arena *arena, gint64 message_n)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();

	if (!hg_store_attachment_list(store, arena, message_n, files, &e->call->error))
		return FALSE;
	for (guint i = 0; i < files->len; i++) {
		const hg_attachment *file = g_ptr_array_index(files, i);

		if (file->state == HG_FILE_STORED)
			g_ptr_array_add(e->waiting, g_strdup(file->id));
	}
	return TRUE;
}

static gboolean put_message(struct export *e, hg_store *store)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_payload payload;
	hg_message *message;
	hg_thread *thread;

	if (!payload_of(e, store, arena, &payload, &thread))
		return FALSE;
	if (!e->next_n) {
		e->at = AT_EVENTS;
		e->next_n = thread->last_event_n;
		return TRUE;
	}
	if (!hg_store_message_get(store, arena, e->next_n, &message, &e->call->error))
		return FALSE;
	begin_line(e, "message");
	hg_json_add_str(e->piece, "thread_id", thread->id);
	hg_json_key(e->piece, "message");
	if (!hg_payload_message(&payload, message, TRUE, e->piece, &e->call->error))
		return FALSE;
	end_line(e);
	e->n_messages++;
	e->next_n = message->prev_n;
	return !e->files || note_files(e, store, arena, message->n);
}

static gboolean put_event(struct export *e, hg_store *store)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_thread *thread;
	hg_event *event;

	if (!e->next_n) {
		if (!hg_store_thread_get(store, arena, e->thread_n, &thread, &e->call->error))
			return FALSE;
		e->at = AT_DECISIONS;
		e->next_n = thread->last_decision_n;
		return TRUE;
	}
	if (!hg_store_event_get(store, arena, e->next_n, &event, &e->call->error))
		return FALSE;
	begin_line(e, "event");
	hg_json_key(e->piece, "event");
	hg_event_write(e->piece, event);
	end_line(e);
	e->n_events++;
	e->next_n = event->prev_n;
	return TRUE;
}

static gboolean put_decision(struct export *e, hg_store *store)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_decision *decision;

	if (!e->next_n) {
		e->at = AT_THREADS;
		return TRUE;
	}
	if (!hg_store_decision_get(store, arena, e->next_n, &decision, &e->call->error))
		return FALSE;
	begin_line(e, "decision");
	hg_json_key(e->piece, "decision");
	hg_json_open(e->piece, '{');
	hg_json_add_time(e->piece, "at", decision->at_ms);
	hg_json_add_str(e->piece, "on", decision->on);
	hg_json_add_str(e->piece, "action", decision->action);
	hg_json_add_str(e->piece, "rule", decision->rule);
	hg_json_add_raw(e->piece, "facts", decision->facts);
	hg_json_close(e->piece, '}');
	end_line(e);
	e->n_decisions++;
	e->next_n = decision->prev_n;
	return TRUE;
}

/* ---- files: their bytes in pieces, behind the message that has them ---- */

static void end_file(struct export *e)
{
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	e->offset = 0;
	g_ptr_array_remove_index(e->waiting, 0);
}

/* One that cannot be read is said to be so, and the rest goes on. */
static gboolean open_file(struct export *e, hg_store *store)
{
	g_autoptr(GError) why = NULL;
	g_autoptr(hg_arena) arena = hg_arena_new();
	const char *id = g_ptr_array_index(e->waiting, 0);
	hg_attachment *file = NULL;
	gint64 size;

	if (!hg_store_attachment_by_id(store, arena, id, &file, &e->call->error))
		return FALSE;
	e->fd = file ? hg_file_open(e->call->api->attachments, file, &size, &why) : -1;
	if (e->fd >= 0) {
		e->n_files++;
		return TRUE;
	}
	begin_line(e, "file");
	hg_json_add_str(e->piece, "id", id);
	hg_json_add_str(e->piece, "error", why ? why->message : "it is gone");
	end_line(e);
	end_file(e);
	return TRUE;
}

static gboolean put_file(struct export *e, hg_store *store)
{
	g_autofree guint8 *bytes = NULL;
	g_autofree char *coded = NULL;
	ssize_t got;

	if (e->fd < 0)
		return open_file(e, store);
	bytes = g_malloc(FILE_BYTES);
	got = pread(e->fd, bytes, FILE_BYTES, e->offset);
	coded = g_base64_encode(bytes, got > 0 ? (gsize)got : 0);
	begin_line(e, "file");
	hg_json_add_str(e->piece, "id", g_ptr_array_index(e->waiting, 0));
	hg_json_add_int(e->piece, "offset", e->offset);
	hg_json_add_str(e->piece, "base64", coded);
	if (got < 0)
		hg_json_add_str(e->piece, "error", g_strerror(errno));
	hg_json_add_bool(e->piece, "last", got < FILE_BYTES);
	end_line(e);
	e->offset += MAX(got, 0);
	if (got < FILE_BYTES)
		end_file(e);
	return TRUE;
}

static gboolean put_next(struct export *e, hg_store *store)
{
	if (e->waiting->len)
		return put_file(e, store);
	switch (e->at) {
	case AT_CONTACT:
		return put_contact(e, store);
	case AT_THREADS:
		return put_thread(e, store);
	case AT_MESSAGES:
		return put_message(e, store);
	case AT_EVENTS:
		return put_event(e, store);
	default:
		return put_decision(e, store);
	}
}

static void put_result(struct export *e)
{
	const struct { const char *key; gint64 n; } counts[] = {
		{ "threads", e->n_threads }, { "messages", e->n_messages }, { "events", e->n_events },
		{ "decisions", e->n_decisions }, { "files", e->n_files },
	};

	e->over = TRUE;
	hg_json_open(e->piece, '{');
	hg_json_key(e->piece, "result");
	hg_json_open(e->piece, '{');
	if (e->call->error)
		hg_json_add_str(e->piece, "error", e->call->error->message);
	for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
		hg_json_add_int(e->piece, counts[i].key, counts[i].n);
	hg_json_close(e->piece, '}');
	end_line(e);
}

/* Half a line is taken back: what stands in the stream is whole. */
static void work(hg_store *store, void *arg)
{
	struct export *e = arg;
	gsize whole = 0;

	g_string_truncate(e->piece, 0);
	while (!e->call->error && e->at != AT_END && e->piece->len < PIECE_BYTES) {
		whole = e->piece->len;
		put_next(e, store);
	}
	if (e->call->error)
		g_string_truncate(e->piece, whole);
	if (e->call->error || (e->at == AT_END && e->piece->len < PIECE_BYTES)) {
		e->at = AT_END;
		put_result(e);
	}
}

/* ---- the stream: on the loop ---- */

static void closed(void *arg, enum hg_stream_end why)
{
	struct export *e = arg;

	(void)why;
	e->stream = NULL;
	if (!e->working)
		export_free(e);
}

static void go_on(struct export *e);

static void worked(void *arg)
{
	struct export *e = arg;
	gboolean over = e->over;

	e->working = FALSE;
	if (!e->stream) {
		export_free(e);
		return;
	}
	if (!hg_stream_write(e->stream, e->piece->str, e->piece->len))
		return;		/* closed() follows */
	if (over) {
		hg_stream_finish(g_steal_pointer(&e->stream));
		export_free(e);
	} else if (!hg_stream_pending(e->stream)) {
		go_on(e);
	}
}

static void go_on(struct export *e)
{
	e->working = TRUE;
	if (hg_readers_run(e->call->api->readers, work, worked, e, &e->call->error))
		return;
	g_string_truncate(e->piece, 0);
	e->at = AT_END;
	put_result(e);
	worked(e);
}

static void drained(void *arg)
{
	struct export *e = arg;

	if (!e->working)
		go_on(e);
}

static void begin(struct call *call, gint64 contact_n)
{
	struct export *e = g_new0(struct export, 1);
	g_autofree char *name = g_strdup_printf("Content-Disposition: attachment; filename=\"%s.jsonl\"", call->param[0]);
	const char *const headers[] = { "X-Accel-Buffering: no", name, NULL };

	e->call = call;
	e->contact_n = contact_n;
	e->fd = -1;
	e->files = g_strcmp0(hg_request_query(call->req, "files"), "true") == 0;
	e->piece = g_string_sized_new(PIECE_BYTES);
	e->waiting = g_ptr_array_new_with_free_func(g_free);
	e->stream = hg_request_stream(g_steal_pointer(&call->req), &(struct hg_stream_head){ .status = 200,
		.type = "application/x-ndjson", .headers = headers, .high_water = HIGH_WATER, .closed = closed,
		.drained = drained, .arg = e });
	go_on(e);
}

static void find_work(hg_store *store, void *arg)
{
	struct call *call = arg;

	call->extra = hg_call_contact(call, store);	/* the arena's */
}

static void begin_counted(struct call *call)
{
	const hg_contact *contact = call->extra;

	if (g_atomic_int_add(&exports, 1) >= EXPORTS_MAX) {
		g_atomic_int_add(&exports, -1);
		hg_fail(&call->error, HG_ERROR_BUSY, "%d exports are under way already", EXPORTS_MAX);
	}
	if (call->error)
		hg_call_finish(call);
	else
		begin(call, contact->n);
}

/* The row first: nothing leaves that is not told of. */
static void find_done(void *arg)
{
	struct call *call = arg;

	if (call->error)
		hg_call_finish(call);
	else
		hg_audit_begin(call, begin_counted);
}

void hg_contact_export(struct call *call)
{
	const char *files = hg_request_query(call->req, "files");

	if (files && strcmp(files, "true") != 0 && strcmp(files, "false") != 0)
		hg_fail(&call->error, HG_ERROR_INPUT, "files=%.20s: true or false is wanted", files);
	if (call->error || !hg_readers_run(call->api->readers, find_work, find_done, call, &call->error))
		hg_call_finish(call);
}

/* visitor_thread.c - a visitor's conversations and what was said in them */
#include <string.h>

#include "visitor_call.h"

#define THREADS_MAX HG_VIEW_MAX
#define MESSAGES_MAX 100
#define MESSAGES 50
#define PAGE 100			/* rows that are read at a time */
#define LOOKED_AT_MAX 2000		/* rows of one call: much of a thread may be for agents only */

/* ---- conversations ---- */

void hg_threads_begin(struct visitor_call *call)
{
	call->limit = (guint)hg_asked_number(call->req, "limit", 1, THREADS_MAX, THREADS_MAX, &call->error);
}

void hg_threads_read(struct visitor_call *call, hg_store *store)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_viewed_list(store, call->arena, &call->eyes.view, call->limit, threads, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "threads");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < threads->len; i++)
		if (!hg_visitor_thread_write(&call->eyes, g_ptr_array_index(threads, i), call->out, &call->error))
			return;
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

gboolean hg_visitor_find_thread(struct visitor_call *call, hg_thread **ret)
{
	if (!hg_eyes_thread(&call->eyes, call->param[0], ret, &call->error))
		return FALSE;
	return *ret || hg_fail(&call->error, HG_ERROR_MISSING, "you have no conversation \"%.40s\"", call->param[0]);
}

void hg_thread_read(struct visitor_call *call, hg_store *store)
{
	hg_thread *thread;

	(void)store;
	if (!hg_visitor_find_thread(call, &thread))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "thread");
	if (!hg_visitor_thread_write(&call->eyes, thread, call->out, &call->error))
		return;
	hg_json_close(call->out, '}');
}

/* ---- messages ---- */

void hg_messages_begin(struct visitor_call *call)
{
	call->limit = (guint)hg_asked_number(call->req, "limit", 1, MESSAGES_MAX, MESSAGES, &call->error);
	call->before = hg_arena_str(call->arena, hg_request_query(call->req, "before"));
}

/* Where the page begins: behind the message named, which must be of that thread. */
static gboolean find_start(struct visitor_call *call, hg_store *store, const hg_thread *thread, gint64 *ret_n)
{
	hg_message *message = NULL;

	*ret_n = thread->last_message_n;
	if (!call->before)
		return TRUE;
	if (hg_id_is(call->before, "msg") &&
	    !hg_store_message_by_id(store, call->arena, call->before, &message, &call->error))
		return FALSE;
	if (!message || message->thread_n != thread->n)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such message here", call->before);
	*ret_n = message->prev_n;
	return TRUE;
}

/* Newest first, one more than asked for where there is one. */
static gboolean collect(struct visitor_call *call, hg_store *store, gint64 from_n, GPtrArray *ret)
{
	for (guint looked = 0; from_n && ret->len <= call->limit && looked < LOOKED_AT_MAX; looked += PAGE) {
		g_autoptr(GPtrArray) page = g_ptr_array_new();

		if (!hg_store_message_list(store, call->arena, from_n, PAGE, page, &call->error))
			return FALSE;
		from_n = 0;
		for (guint i = 0; i < page->len; i++) {
			hg_message *message = g_ptr_array_index(page, i);

			from_n = message->prev_n;
			if (ret->len <= call->limit && hg_message_is_for_visitor(message))
				g_ptr_array_add(ret, message);
		}
	}
	return TRUE;
}

void hg_messages_read(struct visitor_call *call, hg_store *store)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	hg_thread *thread;
	gint64 from_n;

	if (!hg_visitor_find_thread(call, &thread) || !find_start(call, store, thread, &from_n) ||
	    !collect(call, store, from_n, messages))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "messages");
	hg_json_open(call->out, '[');
	for (guint i = MIN(messages->len, call->limit); i-- > 0;)
		if (!hg_visitor_message_write(&call->eyes, thread, g_ptr_array_index(messages, i), call->out, &call->error))
			return;
	hg_json_close(call->out, ']');
	hg_json_add_bool(call->out, "more", messages->len > call->limit);
	hg_json_close(call->out, '}');
}

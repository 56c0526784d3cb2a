/* object.c - what a principal that sees some channels only may see, decided in one place
 *
 * A conversation is of the channel where its customer wrote last, and whatever is about it goes with it.  What is of
 * another channel is answered as what is not there: by the same words, before the route's own function looks. */
#include <string.h>
#include "call.h"

#define SCAN_MAX 20000			/* rows of a list that are passed over for one page */

gboolean hg_may_channel(const struct call *call, const char *channel)
{
	return hg_principal_sees(call->who, channel);
}

/* ---- threads: a page is often about the same few ---- */

static gboolean thread_seen(struct call *call, hg_store *store, gint64 thread_n)
{
	hg_thread *thread = NULL;

	return thread_n && hg_store_thread_get(store, call->arena, thread_n, &thread, &call->error) && thread &&
	       hg_may_channel(call, thread->channel);
}

gboolean hg_may_thread(struct call *call, hg_store *store, gint64 thread_n)
{
	gpointer known;

	if (!call->who->channels)
		return TRUE;
	if (!call->seen)
		call->seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	if (!g_hash_table_lookup_extended(call->seen, &thread_n, NULL, &known)) {
		known = GINT_TO_POINTER(thread_seen(call, store, thread_n));
		g_hash_table_insert(call->seen, g_memdup2(&thread_n, sizeof(thread_n)), known);
	}
	return GPOINTER_TO_INT(known);
}

gboolean hg_may_contact(struct call *call, hg_store *store, gint64 contact_n)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	struct hg_thread_query query = { .limit = SCAN_MAX };
	hg_contact *contact = NULL;

	if (!call->who->channels)
		return TRUE;
	if (!hg_store_contact_get(store, call->arena, contact_n, &contact, &call->error) || !contact)
		return FALSE;
	query.contact_id = contact->id;
	for (int shadow = FALSE; shadow <= TRUE; shadow++) {
		query.shadow = shadow;
		if (!hg_store_thread_list(store, call->arena, &query, threads, &call->error))
			return FALSE;
	}
	for (guint i = 0; i < threads->len; i++)
		if (hg_may_channel(call, ((const hg_thread *)g_ptr_array_index(threads, i))->channel))
			return TRUE;
	return contact->merged_into && hg_may_contact(call, store, contact->merged_into);
}

gboolean hg_may_job(struct call *call, hg_store *store, const hg_job *job)
{
	hg_message *message = NULL;

	if (!call->who->channels)
		return TRUE;
	if (job->thread_n)
		return hg_may_thread(call, store, job->thread_n);
	if (job->message_n)
		return hg_store_message_get(store, call->arena, job->message_n, &message, &call->error) && message &&
		       hg_may_thread(call, store, message->thread_n);
	/* Of a helpdesk or a hook it says nothing about a channel: it is nobody's who sees some only. */
	return (job->target == HG_TO_CHANNEL || job->target == HG_TO_FETCH || job->target == HG_TO_UNPACK ||
		job->target == HG_TO_SETTLE) && hg_may_channel(call, job->name);
}

/* ---- the object of a path ---- */

static gboolean may_thread_id(struct call *call, hg_store *store)
{
	hg_thread *thread = NULL;

	return hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error) && thread &&
	       hg_may_channel(call, thread->channel);
}

static gboolean may_message_id(struct call *call, hg_store *store)
{
	hg_message *message = NULL;

	return hg_store_message_by_id(store, call->arena, call->param[0], &message, &call->error) && message &&
	       hg_may_thread(call, store, message->thread_n);
}

static gboolean may_attachment_id(struct call *call, hg_store *store)
{
	hg_attachment *attachment = NULL;
	hg_message *message = NULL;

	return hg_store_attachment_by_id(store, call->arena, call->param[0], &attachment, &call->error) && attachment &&
	       hg_store_message_get(store, call->arena, attachment->message_n, &message, &call->error) && message &&
	       hg_may_thread(call, store, message->thread_n);
}

static gboolean may_ticket_ref(struct call *call, hg_store *store)
{
	hg_command *command = call->command;
	const hg_ticket *ticket = hg_call_ticket(call, store, command ? command->backend : NULL);

	/* The engine shall mean the same: a helpdesk's id may be another ticket's in another helpdesk. */
	if (command && ticket)
		command->ticket_ref = hg_arena_str(command->arena, ticket->id);
	return ticket && hg_may_thread(call, store, ticket->thread_n);
}

static gboolean may_contact_id(struct call *call, hg_store *store)
{
	hg_contact *contact = NULL;

	return hg_store_contact_by_id(store, call->arena, call->param[0], &contact, &call->error) && contact &&
	       hg_may_contact(call, store, contact->n);
}

static gboolean may_job_n(struct call *call, hg_store *store)
{
	hg_job *job = NULL;
	gint64 n;

	return g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &n, NULL) &&
	       hg_store_job_get(store, call->arena, n, &job, &call->error) && job && hg_may_job(call, store, job);
}

static gboolean may_channel_name(struct call *call, hg_store *store G_GNUC_UNUSED)
{
	return hg_may_channel(call, call->param[0]);
}

static const struct { const char *what; gboolean (*may)(struct call *call, hg_store *store); } objects[] = {
	[HG_OBJ_THREAD] = { "thread", may_thread_id },
	[HG_OBJ_MESSAGE] = { "message", may_message_id },
	[HG_OBJ_TICKET] = { "ticket", may_ticket_ref },
	[HG_OBJ_ATTACHMENT] = { "attachment", may_attachment_id },
	[HG_OBJ_CONTACT] = { "contact", may_contact_id },
	[HG_OBJ_CHANNEL] = { "channel", may_channel_name },
	[HG_OBJ_JOB] = { "job", may_job_n },
};

gboolean hg_object_is_one(int object)
{
	return object >= 0 && object < (int)G_N_ELEMENTS(objects) && objects[object].may;
}

gboolean hg_object_check(struct call *call, hg_store *store)
{
	int object = call->route->object;

	if (!call->who->channels || !hg_object_is_one(object) || objects[object].may(call, store))
		return TRUE;
	call->hidden = !call->error;
	/* The one that a look-up set says that there is none, or that the store failed. */
	return call->error ? FALSE : hg_fail(&call->error, HG_ERROR_MISSING, "there is no %s \"%.40s\"",
					     objects[object].what, call->param[0]);
}

/* ---- lists ---- */

gboolean hg_page_fill(struct call *call, hg_store *store, const struct hg_page *page, GPtrArray *ret, gconstpointer *ret_last)
{
	guint scanned = 0, n = page->want;

	*ret_last = NULL;
	while (n == page->want && ret->len < page->want) {
		g_autoptr(GPtrArray) rows = g_ptr_array_new();

		if (!page->fetch(call, store, page->query, rows))
			return FALSE;
		n = rows->len;
		scanned += n;
		for (guint i = 0; i < n && ret->len < page->want; i++)
			if (!call->who->channels || page->sees(call, store, g_ptr_array_index(rows, i)))
				g_ptr_array_add(ret, g_ptr_array_index(rows, i));
			else if (call->error)
				return FALSE;
		if (n == page->want && ret->len < page->want && scanned >= SCAN_MAX) {
			*ret_last = g_ptr_array_index(rows, n - 1);
			return TRUE;
		}
	}
	return TRUE;
}

/* search_docs.c - what of messages and conversations can be found: their words, and what they are called by */
#include "search_made.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define TEXT_MAX (64 * 1024)

gboolean hg_doc_says_all(const char *event_type)
{
	static const char *const types[] = { "message.edited", "message.deleted", NULL };

	return g_strv_contains(types, event_type);
}

/* Marks of a snippet are these two signs: no text has them. */
static const char *plain(hg_arena *arena, const char *text)
{
	char *copy = text ? hg_arena_mem(arena, text, MIN(strlen(text), TEXT_MAX)) : NULL;

	for (char *at = copy; at && *at; at++)
		if ((guchar)*at < 0x20 && *at != '\n')
			*at = ' ';
	return copy;
}

/* Somebody who is being erased is found no more, however far that has got. */
static gboolean is_erased(hg_store *store, hg_arena *arena, const hg_thread *thread, gboolean *ret, GError **error)
{
	hg_contact *contact = NULL;

	if (!hg_store_contact_get(store, arena, thread->contact_n, &contact, error))
		return FALSE;
	*ret = contact && contact->erased_ms;
	return TRUE;
}

gboolean hg_doc_of_message(hg_store *store, hg_arena *arena, gint64 message_n, struct hg_doc *ret_doc, gboolean *ret, GError **error)
{
	hg_message *message = NULL;
	hg_thread *thread = NULL;
	gboolean erased = FALSE;

	*ret = FALSE;
	if (!hg_store_message_get(store, arena, message_n, &message, error) ||
	    (message && !hg_store_thread_get(store, arena, message->thread_n, &thread, error)) ||
	    (thread && !is_erased(store, arena, thread, &erased, error)))
		return FALSE;
	if (!message || erased || message->erased_ms || message->revoked_ms || message->direction == HG_SYSTEM_LINE || hg_message_is_copy(message))
		return TRUE;
	*ret_doc = (struct hg_doc){ .n = 2 * message->n, .thread_n = message->thread_n,
		.text = plain(arena, message->reply_text ?: message->text), .subject = plain(arena, message->subject) };
	*ret = (ret_doc->text && *ret_doc->text) || (ret_doc->subject && *ret_doc->subject);
	return TRUE;
}

/* "tel:+447700900123": nobody looks for the "tel:". */
static void add_addresses(GString *out, const GPtrArray *aliases)
{
	for (guint i = 0; i < aliases->len; i++) {
		const char *uri = ((const hg_alias *)g_ptr_array_index(aliases, i))->uri, *colon = strchr(uri, ':');

		if (!hg_visitor_is(uri))
			g_string_append_printf(out, " %s", colon ? colon + 1 : uri);
	}
}

static gboolean name_of(hg_store *store, hg_arena *arena, const hg_thread *thread, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();
	g_autoptr(GString) name = g_string_new(NULL);
	hg_contact *contact = NULL;

	if (!hg_store_contact_get(store, arena, thread->contact_n, &contact, error) ||
	    !hg_store_alias_list(store, arena, thread->contact_n, aliases, error))
		return FALSE;
	if (contact)
		g_string_append_printf(name, "%s %s", contact->name ?: "", contact->username ?: "");
	add_addresses(name, aliases);
	*ret = plain(arena, g_strstrip(name->str));
	return TRUE;
}

static gboolean number_of(hg_store *store, hg_arena *arena, const hg_thread *thread, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	g_autoptr(GString) number = g_string_new(NULL);
	hg_ticket *ticket = NULL;

	*ret = NULL;
	if (!thread->ticket_n)
		return TRUE;
	if (!hg_store_ticket_get(store, arena, thread->ticket_n, &ticket, error) ||
	    !hg_store_link_list(store, arena, thread->ticket_n, links, error))
		return FALSE;
	g_string_append(number, ticket ? ticket->number : "");
	for (guint i = 0; i < links->len; i++) {
		const hg_link *link = g_ptr_array_index(links, i);

		if (link->number)
			g_string_append_printf(number, " %s", link->number);
		g_string_append_printf(number, " %s", link->external_id);
	}
	*ret = plain(arena, number->str);
	return TRUE;
}

static const char *tags_of(hg_arena *arena, const hg_thread *thread)
{
	g_autoptr(json_object) list = thread->tags ? hg_json_parse(thread->tags, strlen(thread->tags), NULL, NULL) : NULL;
	g_autoptr(GString) tags = g_string_new(NULL);

	for (gsize i = 0; list && json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++)
		g_string_append_printf(tags, "%s ", json_object_get_string(json_object_array_get_idx(list, i)) ?: "");
	return plain(arena, g_strchomp(tags->str));
}

gboolean hg_doc_of_thread(hg_store *store, hg_arena *arena, gint64 thread_n, struct hg_doc *ret_doc, gboolean *ret, GError **error)
{
	hg_thread *thread = NULL;
	gboolean erased = FALSE;

	*ret = FALSE;
	if (!hg_store_thread_get(store, arena, thread_n, &thread, error) ||
	    (thread && !is_erased(store, arena, thread, &erased, error)))
		return FALSE;
	if (!thread || erased)
		return TRUE;
	*ret_doc = (struct hg_doc){ .thread_n = thread_n, .subject = plain(arena, thread->subject), .tags = tags_of(arena, thread) };
	*ret = TRUE;
	return name_of(store, arena, thread, &ret_doc->name, error) && number_of(store, arena, thread, &ret_doc->number, error);
}

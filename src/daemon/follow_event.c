/* follow_event.c - what live views filter events by: not in the row, but in those it names */
#include "follow.h"

#include <string.h>

#include "json.h"

/* An event that names people in its data alone. */
static gboolean find_contact(struct hg_follower_page *page, struct json_object *data, const char *key, gint64 *ret_n, GError **error)
{
	const char *id = hg_json_str(hg_json_obj(data, key), "id");
	hg_contact *contact = NULL;

	if (id && !hg_store_contact_by_id(page->store, page->arena, id, &contact, error))
		return FALSE;
	*ret_n = contact ? contact->n : 0;
	return TRUE;
}

static gboolean fill_from_data(struct hg_follower_page *page, hg_event *event, GError **error)
{
	g_autoptr(json_object) data = hg_json_parse(event->data, strlen(event->data),
		&(struct hg_json_limits){ .max_bytes = 1024 * 1024, .max_depth = 64 }, NULL);
	const char *channel = hg_json_str(data, "channel");

	if (!event->thread_n && channel)
		event->channel = hg_arena_str(page->arena, channel);
	if (!event->thread_n && !find_contact(page, data, "contact", &event->contact_n, error))
		return FALSE;
	return find_contact(page, data, "other", &event->from_contact_n, error);
}

static gboolean find_thread(struct hg_follower_page *page, gint64 n, GError **error)
{
	return (page->thread && page->thread->n == n) ||
	       hg_store_thread_get(page->store, page->arena, n, &page->thread, error);
}

gboolean hg_follower_fill(struct hg_follower_page *page, hg_event *event, GError **error)
{
	hg_decision *decision = NULL;

	if (event->thread_n && !find_thread(page, event->thread_n, error))
		return FALSE;
	if (event->thread_n && page->thread) {
		event->shadow = page->thread->shadow;
		event->channel = page->thread->channel;
		event->contact_n = page->thread->contact_n;
	}
	if (event->decision_n && !hg_store_decision_get(page->store, page->arena, event->decision_n, &decision, error))
		return FALSE;
	event->rule = decision ? decision->rule : NULL;
	if (event->thread_n && strcmp(event->type, "contact.merged") != 0 && strcmp(event->type, "contact.unmerged") != 0)
		return TRUE;
	return fill_from_data(page, event, error);
}

/* ---- who wrote ---- */

struct writers {
	hg_gateway *gateway;
	GPtrArray *uris;		/* ours */
};

static void writers_on_loop(void *arg)
{
	struct writers *writers = arg;

	for (guint i = 0; i < writers->uris->len; i++)
		hg_visitors_heard(writers->gateway->visitors, g_ptr_array_index(writers->uris, i));
	g_ptr_array_unref(writers->uris);
	g_free(writers);
}

gboolean hg_follower_heard_of(const struct hg_follower_page *page, hg_gateway *gateway, const GPtrArray *events, GError **error)
{
	g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
	struct writers *writers;

	for (guint i = 0; i < events->len && hg_visitors_followed(gateway->visitors); i++) {
		const hg_event *event = g_ptr_array_index(events, i);
		hg_message *message = NULL;

		if (!event->message_n || strcmp(event->type, "message.received") != 0)
			continue;
		if (!hg_store_message_get(page->store, page->arena, event->message_n, &message, error))
			return FALSE;
		if (message && message->address && g_str_has_prefix(message->address, HG_VISITOR_SCHEME))
			g_ptr_array_add(uris, g_strdup(message->address));
	}
	if (!uris->len)
		return TRUE;
	writers = g_new0(struct writers, 1);
	*writers = (struct writers){ gateway, g_steal_pointer(&uris) };
	hg_loop_post(gateway->loop, writers_on_loop, writers);
	return TRUE;
}

/* search_follow.c - what gets into the index, and out of it: behind the log, backwards from the newest, and now and then all over
 *
 * All of it in a transaction of the index, on the search's own thread. */
#include "search_made.h"

#include <string.h>

#include "json.h"
#include "people.h"

#define EVENTS 200		/* of one transaction of the index */
#define THREADS_MAX 1000	/* conversations of one contact whose names are written again */
#define MESSAGES 200

static gboolean put_message(hg_search *search, hg_arena *arena, gint64 message_n, gint64 *ret_thread_n, GError **error)
{
	struct hg_doc doc;
	gboolean there;

	*ret_thread_n = 0;
	if (!hg_doc_of_message(search->store, arena, message_n, &doc, &there, error))
		return FALSE;
	if (!there)
		return hg_index_drop(search->index, 2 * message_n, NULL, error);
	*ret_thread_n = doc.thread_n;
	return hg_index_put(search->index, &doc, error);
}

/* A conversation's own words lie where its first message that was found lies; nothing can be found of one that has none. */
static gboolean put_thread(hg_search *search, hg_arena *arena, gint64 thread_n, gint64 message_n, gboolean again, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gint64));
	struct hg_doc doc;
	gboolean there;

	if (!hg_index_places(search->index, thread_n, TRUE, places, error))
		return FALSE;
	if ((!places->len && !message_n) || (places->len && !again))
		return TRUE;
	if (!hg_doc_of_thread(search->store, arena, thread_n, &doc, &there, error))
		return FALSE;
	doc.n = places->len ? g_array_index(places, gint64, 0) : 2 * message_n + 1;
	return there ? hg_index_put(search->index, &doc, error) : hg_index_drop(search->index, doc.n, NULL, error);
}

static gboolean put_both(hg_search *search, hg_arena *arena, gint64 message_n, GError **error)
{
	gint64 thread_n;

	return put_message(search, arena, message_n, &thread_n, error) &&
	       (!thread_n || put_thread(search, arena, thread_n, message_n, FALSE, error));
}

/* His name, or whose the conversations are, is another. */
static gboolean put_contact(hg_search *search, hg_arena *arena, const hg_event *event, GError **error)
{
	g_autoptr(json_object) data = hg_json_parse(event->data, strlen(event->data),
		&(struct hg_json_limits){ .max_bytes = 1 << 20, .max_depth = 64 }, NULL);
	const char *id = hg_json_str(hg_json_obj(data, "contact"), "id");

	for (int shadow = 0; id && shadow < 2; shadow++) {
		struct hg_thread_query query = { .contact_id = id, .shadow = shadow, .limit = THREADS_MAX };
		g_autoptr(GPtrArray) threads = g_ptr_array_new();

		if (!hg_store_thread_list(search->store, arena, &query, threads, error))
			return FALSE;
		for (guint i = 0; i < threads->len; i++)
			if (!put_thread(search, arena, ((const hg_thread *)threads->pdata[i])->n, 0, TRUE, error))
				return FALSE;
	}
	return TRUE;
}

gboolean hg_search_drop_thread(hg_search *search, gint64 thread_n, gint64 *ret_removed, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (!hg_index_places(search->index, thread_n, FALSE, places, error))
		return FALSE;
	for (guint i = 0; i < places->len; i++)
		if (!hg_index_drop(search->index, g_array_index(places, gint64, i), ret_removed, error))
			return FALSE;
	return TRUE;
}

/* All that was said with him and with whom he became; what is not in the index yet does not get in (search_docs.c). */
static gboolean drop_person(hg_search *search, gint64 contact_n, GError **error)
{
	g_autoptr(GArray) family = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (!hg_store_family(search->store, contact_n, family, error))
		return FALSE;
	for (guint i = 0; i < family->len; i++) {
		gint64 thread_n = 0;

		do {
			if (!hg_store_thread_behind(search->store, g_array_index(family, gint64, i), thread_n, &thread_n, error) ||
			    (thread_n && !hg_search_drop_thread(search, thread_n, NULL, error)))
				return FALSE;
		} while (thread_n);
	}
	search->dropped = TRUE;
	return TRUE;
}

static gboolean take_erased(hg_search *search, hg_arena *arena, const hg_event *event, GError **error)
{
	g_autoptr(json_object) data = hg_json_parse(event->data, strlen(event->data),
		&(struct hg_json_limits){ .max_bytes = 1 << 20, .max_depth = 64 }, NULL);
	const char *id = hg_json_str(hg_json_obj(data, "contact"), "id");
	hg_contact *contact = NULL;

	if (id && !hg_store_contact_by_id(search->store, arena, id, &contact, error))
		return FALSE;
	return !contact || drop_person(search, contact->n, error);
}

/* What was removed without an event of its own (what is kept only so long): document by document, now and then. */
gboolean hg_search_sweep(hg_search *search, hg_arena *arena, gboolean *ret_more, GError **error)
{
	g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (*ret_more)
		return TRUE;
	if (search->sweep < 0 && hg_mono(search->env) - search->swept_ms < SWEEP_MS)
		return TRUE;
	if (!hg_index_behind(search->index, MAX(0, search->sweep), MESSAGES, places, error))
		return FALSE;
	for (guint i = 0; i < places->len; i++) {
		gint64 n = search->sweep = g_array_index(places, gint64, i);
		gboolean there = TRUE;
		struct hg_doc doc;

		if (n % 2 == 0 && !hg_doc_of_message(search->store, arena, n / 2, &doc, &there, error))
			return FALSE;
		if (!there && !hg_index_drop(search->index, n, NULL, error))
			return FALSE;
		search->dropped |= !there;
	}
	*ret_more = places->len == MESSAGES;
	if (!*ret_more) {
		search->sweep = -1;
		search->swept_ms = hg_mono(search->env);
	}
	return TRUE;
}

static gboolean take_event(hg_search *search, hg_arena *arena, const hg_event *event, GHashTable *threads, GError **error)
{
	gboolean there = FALSE;

	if (strcmp(event->type, "contact.erased") == 0)
		return take_erased(search, arena, event, error);
	if (g_str_has_prefix(event->type, "contact."))
		return put_contact(search, arena, event, error);
	if (event->thread_n && (g_str_has_prefix(event->type, "thread.") || g_str_has_prefix(event->type, "ticket.")))
		g_hash_table_add(threads, g_memdup2(&event->thread_n, sizeof event->thread_n));
	if (!event->message_n)
		return TRUE;
	if (!hg_doc_says_all(event->type) && !hg_index_has(search->index, 2 * event->message_n, &there, error))
		return FALSE;
	return there || put_both(search, arena, event->message_n, error);
}

static gboolean put_threads(hg_search *search, hg_arena *arena, GHashTable *threads, GError **error)
{
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, threads);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		if (!put_thread(search, arena, *(gint64 *)key, 0, TRUE, error))
			return FALSE;
	return TRUE;
}

/* *ret_more: there is more to be read.  In a transaction of the index. */
gboolean hg_search_follow_events(hg_search *search, hg_arena *arena, struct hg_index_state *state, gboolean *ret_more, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	g_autoptr(GHashTable) threads = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	gint64 upto_n = __atomic_load_n(&search->published_n, __ATOMIC_SEQ_CST);
	gboolean ok;

	if (state->event_n >= upto_n)
		return TRUE;
	if (!hg_store_event_after(search->store, arena, state->event_n, EVENTS, events, error))
		return FALSE;
	ok = hg_store_follow_begin(search->store, events, error);
	for (guint i = 0; ok && i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);

		if (event->n > upto_n)
			break;
		ok = take_event(search, arena, event, threads, error);
		if (!ok)
			break;
		state->event_n = event->n;
		state->event_id = event->id;
	}
	*ret_more = state->event_n < upto_n && events->len == EVENTS;
	ok = ok && put_threads(search, arena, threads, error);
	hg_store_follow_end(search->store);
	return ok;
}

gboolean hg_search_go_back(hg_search *search, hg_arena *arena, struct hg_index_state *state, gboolean *ret_more, GError **error)
{
	gint64 last = MAX(1, state->low_n - MESSAGES);

	if (*ret_more || state->low_n <= 1)
		return TRUE;
	for (gint64 n = state->low_n - 1; n >= last; n--)
		if (!put_both(search, arena, n, error))
			return FALSE;
	state->low_n = last;
	*ret_more = last > 1;
	return TRUE;
}

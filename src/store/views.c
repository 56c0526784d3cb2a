/* views.c - what visitors may see of conversations, and what of it they have not read */
#include "sql.h"

#include <string.h>

#define MERGES_MAX 8		/* contacts merged into merged ones */
#define LOOK_BACK  200		/* messages looked through for what is unread */

static gboolean owner_of(hg_store *store, hg_arena *arena, const char *uri, gint64 *ret_n, GError **error)
{
	hg_contact *contact = NULL;
	hg_alias *alias;

	*ret_n = 0;
	if (!hg_store_alias_find(store, arena, uri, &alias, error))
		return FALSE;
	if (!alias || alias->proof != HG_PROVEN)
		return TRUE;
	*ret_n = alias->contact_n;
	for (int i = 0; i < MERGES_MAX; i++) {
		if (!hg_store_contact_get(store, arena, *ret_n, &contact, error))
			return FALSE;
		if (!contact || !contact->merged_into)
			return TRUE;
		*ret_n = contact->merged_into;
	}
	return TRUE;
}

/* -1: an identified one who never wrote, and who is nobody's contact. */
gboolean hg_store_view(hg_store *store, hg_arena *arena, const char *uri, const char *scope, struct hg_view *ret,
		       GError **error)
{
	*ret = (struct hg_view){ .uri = uri, .scope = scope };
	if (hg_visitor_is_anonymous(uri))
		return TRUE;
	if (!owner_of(store, arena, uri, &ret->contact_n, error))
		return FALSE;
	ret->contact_n = ret->contact_n ?: -1;
	return TRUE;
}

gboolean hg_store_viewed(hg_store *store, hg_arena *arena, const struct hg_view *view, const hg_thread *thread,
			 gboolean *ret, GError **error)
{
	hg_visit *visit = NULL;

	*ret = FALSE;
	if (g_strcmp0(thread->scope, view->scope) != 0)
		return TRUE;
	if (view->contact_n) {
		*ret = thread->contact_n == view->contact_n;
		return TRUE;
	}
	if (!hg_store_visit_get(store, arena, view->uri, thread->n, &visit, error))
		return FALSE;
	*ret = visit != NULL;
	return TRUE;
}

static gboolean own_read(hg_store *store, hg_arena *arena, const char *uri, gint64 thread_n, gint64 *ret_n, GError **error)
{
	hg_visit *visit;

	if (!hg_store_visit_get(store, arena, uri, thread_n, &visit, error))
		return FALSE;
	*ret_n = visit ? visit->read_n : 0;
	return TRUE;
}

/* One person, whichever of his browsers he read it in. */
static gboolean newest_read(hg_store *store, hg_arena *arena, gint64 thread_n, gint64 *ret_n, GError **error)
{
	g_autoptr(GPtrArray) visits = g_ptr_array_new();

	*ret_n = 0;
	if (!hg_store_visit_list(store, arena, thread_n, visits, error))
		return FALSE;
	for (guint i = 0; i < visits->len; i++)
		*ret_n = MAX(*ret_n, ((const hg_visit *)g_ptr_array_index(visits, i))->read_n);
	return TRUE;
}

gboolean hg_store_unread(hg_store *store, hg_arena *arena, const struct hg_view *view, const hg_thread *thread,
			 guint *ret_unread, gint64 *ret_read_n, GError **error)
{
	g_autoptr(GPtrArray) page = g_ptr_array_new();
	gint64 next_n = thread->last_message_n;
	guint looked = 0;

	*ret_unread = 0;
	if (!(view->contact_n ? newest_read(store, arena, thread->n, ret_read_n, error) :
				own_read(store, arena, view->uri, thread->n, ret_read_n, error)))
		return FALSE;
	/* One at a time: most of what is asked for has been read to its end. */
	for (; next_n > *ret_read_n && looked < LOOK_BACK && *ret_unread < HG_UNREAD_MAX; looked++) {
		const hg_message *message;

		g_ptr_array_set_size(page, 0);
		if (!hg_store_message_list(store, arena, next_n, 1, page, error))
			return FALSE;
		if (!page->len)
			break;
		message = g_ptr_array_index(page, 0);
		*ret_unread += hg_message_is_answer(message) && !message->revoked_ms;
		next_n = message->prev_n;
	}
	return TRUE;
}

/* queue_wait.c - how long whoever comes next has to wait */
#include "queue_wait.h"

#define MEASURED_MS    (7 * G_GINT64_CONSTANT(86400000))
#define MEASURED_MAX   101
#define MEASURED_LEAST 20	/* fewer say nothing */

static gint by_time(gconstpointer a, gconstpointer b)
{
	gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

gboolean hg_queue_expect(hg_store *store, const struct hg_queue_conf *queue, guint present, gint64 now_ms,
			 gint64 *ret_waiting, gint64 *ret_wait_ms, GError **error)
{
	g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (!hg_store_ticket_waiting(store, queue->name, ret_waiting, error) ||
	    !hg_store_ticket_answered(store, queue->name, now_ms - MEASURED_MS, MEASURED_MAX, waits, error))
		return FALSE;
	*ret_wait_ms = (*ret_waiting + 1) * queue->per_conversation_ms / MAX(present, 1);
	if (waits->len < MEASURED_LEAST)
		return TRUE;
	g_array_sort(waits, by_time);
	*ret_wait_ms = g_array_index(waits, gint64, waits->len / 2);
	return TRUE;
}

/* queue_wait.h - how long whoever comes next has to wait in a queue */
#pragma once
#include <glib.h>
#include "queues.h"
#include "store.h"

/* Tickets that nobody has, and how long a further one may wait while so many agents are there: the median
 * of the last seven days when there are twenty answers, else it and those before it, shared by the agents. */
gboolean hg_queue_expect(hg_store *store, const struct hg_queue_conf *queue, guint present, gint64 now_ms,
			 gint64 *ret_waiting, gint64 *ret_wait_ms, GError **error);

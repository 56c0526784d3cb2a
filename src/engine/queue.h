/* queue.h - commands on their way to the engine: many threads put, one takes
 *
 * Bounded for what can be refused (INBOUND, API calls); results and conditions always fit: the
 * work they answer was admitted before, so their number is bounded by it. */
#pragma once
#include <glib.h>
#include "command.h"

#define HG_QUEUE_INBOUND_MAX 4096		/* batches, all channels together */
#define HG_QUEUE_BYTES_MAX   (32 << 20)		/* of their arenas */
#define HG_QUEUE_API_MAX     1024

typedef struct hg_queue hg_queue;

hg_queue *hg_queue_new(void);
void hg_queue_free(hg_queue *queue);		/* and what is in it; done is not called */
/* Any thread.  Takes the command; now_ms (monotonic) is remembered as its time of arrival.  BUSY:
 * no room, or this channel has more than its share waiting; the command is still the caller's. */
gboolean hg_queue_put(hg_queue *queue, hg_command *command, gint64 now_ms, GError **error);
/* Up to most commands in the order they are to be done: results first, then API calls, then one
 * batch of each channel in turn.  Linked by next. */
hg_command *hg_queue_take(hg_queue *queue, guint most);
/* Results that could not be done now are the first to be taken again. */
void hg_queue_unget(hg_queue *queue, hg_command *list);
/* Until something is there, somebody wakes, or ms went by. */
void hg_queue_wait(hg_queue *queue, gint64 ms);
void hg_queue_wake(hg_queue *queue);
guint hg_queue_length(hg_queue *queue, gint64 *ret_oldest_ms);	/* 0 when it is empty; monotonic */
gboolean hg_command_is_refusable(const hg_command *command);

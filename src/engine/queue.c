/* queue.c - the engine's queue: a mutex, a list a channel, and room that results never lack */
#include "queue.h"

#include "fail.h"

#include <string.h>

/* A channel that floods keeps others out no further than this: what is admitted for it ends at
 * its share of the room, of which one more channel's is always left. */
#define SHARE_LEAST 64

struct entry {
	hg_command *command;
	gint64 put_ms;
	gsize bytes;
};

struct waiting {		/* batches of one channel */
	char *channel;
	GQueue entries;		/* of struct entry */
};

struct hg_queue {
	GMutex lock;
	GCond some;
	gboolean woken;
	GQueue results, api;	/* of struct entry */
	GPtrArray *channels;	/* of struct waiting; few, and kept: channels come back */
	guint next_channel;	/* whose turn it is */
	guint inbound;
	gsize bytes;
};

static void waiting_free(void *data)
{
	struct waiting *waiting = data;

	g_free(waiting->channel);
	g_free(waiting);
}

hg_queue *hg_queue_new(void)
{
	hg_queue *queue = g_new0(hg_queue, 1);

	g_mutex_init(&queue->lock);
	g_cond_init(&queue->some);
	queue->channels = g_ptr_array_new_with_free_func(waiting_free);
	return queue;
}

void hg_queue_free(hg_queue *queue)
{
	hg_command *command, *next;

	if (!queue)
		return;
	for (command = hg_queue_take(queue, G_MAXUINT); command; command = next) {
		next = command->next;
		hg_command_free(command);
	}
	g_ptr_array_unref(queue->channels);
	g_mutex_clear(&queue->lock);
	g_cond_clear(&queue->some);
	g_free(queue);
}

gboolean hg_command_is_refusable(const hg_command *command)
{
	switch (command->kind) {
	case HG_CMD_SENT:
	case HG_CMD_FORWARDED:
	case HG_CMD_FETCHED:
	case HG_CMD_FACTS:
	case HG_CMD_UNPACKED:
	case HG_CMD_RECALL:
	case HG_CMD_SETTLED:
	case HG_CMD_CONDITION:
		return FALSE;
	default:
		return TRUE;
	}
}

static struct waiting *waiting_of(hg_queue *queue, const char *channel)
{
	struct waiting *waiting;

	for (guint i = 0; i < queue->channels->len; i++) {
		waiting = g_ptr_array_index(queue->channels, i);
		if (strcmp(waiting->channel, channel) == 0)
			return waiting;
	}
	waiting = g_new0(struct waiting, 1);
	waiting->channel = g_strdup(channel);
	g_queue_init(&waiting->entries);
	g_ptr_array_add(queue->channels, waiting);
	return waiting;
}

static guint share(const hg_queue *queue)
{
	guint busy = 0;

	for (guint i = 0; i < queue->channels->len; i++) {
		struct waiting *waiting = g_ptr_array_index(queue->channels, i);

		busy += !g_queue_is_empty(&waiting->entries);
	}
	return MAX(SHARE_LEAST, HG_QUEUE_INBOUND_MAX / (busy + 1));
}

/* The first batch of a channel always fits, however big it is: it was bounded when it was made. */
static gboolean admit(hg_queue *queue, const struct waiting *waiting, gsize bytes, GError **error)
{
	guint len = g_queue_get_length((GQueue *)&waiting->entries);

	if (queue->inbound >= HG_QUEUE_INBOUND_MAX)
		return hg_fail(error, HG_ERROR_BUSY, "%u batches wait already; come again", queue->inbound);
	if (len && queue->bytes + bytes > HG_QUEUE_BYTES_MAX)
		return hg_fail(error, HG_ERROR_BUSY, "%zu bytes wait already; come again", queue->bytes);
	if (len >= share(queue))
		return hg_fail(error, HG_ERROR_BUSY, "%u batches of channel %s wait already, which is its share; "
			       "come again", len, waiting->channel);
	return TRUE;
}

static GQueue *admit_to(hg_queue *queue, const hg_command *command, gsize bytes, GError **error)
{
	struct waiting *waiting;

	if (!hg_command_is_refusable(command))
		return &queue->results;
	if (command->kind != HG_CMD_INBOUND) {
		if (g_queue_get_length(&queue->api) < HG_QUEUE_API_MAX)
			return &queue->api;
		hg_fail(error, HG_ERROR_BUSY, "%d calls wait already; come again", HG_QUEUE_API_MAX);
		return NULL;
	}
	waiting = waiting_of(queue, command->channel ?: "");
	if (!admit(queue, waiting, bytes, error))
		return NULL;
	queue->inbound++;
	queue->bytes += bytes;
	return &waiting->entries;
}

gboolean hg_queue_put(hg_queue *queue, hg_command *command, gint64 now_ms, GError **error)
{
	struct entry *entry = g_new(struct entry, 1);
	GQueue *to;

	*entry = (struct entry){ command, now_ms, hg_arena_size(command->arena) };
	g_mutex_lock(&queue->lock);
	to = admit_to(queue, command, entry->bytes, error);
	if (to) {
		g_queue_push_tail(to, entry);
		g_cond_signal(&queue->some);
	}
	g_mutex_unlock(&queue->lock);
	if (!to)
		g_free(entry);
	return to != NULL;
}

struct chain {
	hg_command *first, **end;
	guint room;
};

static gboolean chain_take(struct chain *chain, GQueue *from)
{
	struct entry *entry = chain->room ? g_queue_pop_head(from) : NULL;

	if (!entry)
		return FALSE;
	*chain->end = entry->command;
	entry->command->next = NULL;
	chain->end = &entry->command->next;
	chain->room--;
	g_free(entry);
	return TRUE;
}

static void take_inbound(hg_queue *queue, struct chain *chain)
{
	guint idle = 0, n = queue->channels->len;

	while (chain->room && idle < n) {
		struct waiting *waiting = g_ptr_array_index(queue->channels, queue->next_channel % n);
		struct entry *head = g_queue_peek_head(&waiting->entries);
		gsize bytes = head ? head->bytes : 0;

		queue->next_channel = (queue->next_channel + 1) % n;
		if (!chain_take(chain, &waiting->entries)) {
			idle++;
			continue;
		}
		idle = 0;
		queue->inbound--;
		queue->bytes -= bytes;
	}
}

hg_command *hg_queue_take(hg_queue *queue, guint most)
{
	struct chain chain = { NULL, &chain.first, most };

	g_mutex_lock(&queue->lock);
	while (chain_take(&chain, &queue->results))
		;
	while (chain_take(&chain, &queue->api))
		;
	take_inbound(queue, &chain);
	g_mutex_unlock(&queue->lock);
	return chain.first;
}

void hg_queue_unget(hg_queue *queue, hg_command *list)
{
	GQueue back = G_QUEUE_INIT;
	struct entry *entry;

	for (; list; list = list->next) {
		entry = g_new0(struct entry, 1);
		entry->command = list;
		g_queue_push_tail(&back, entry);
	}
	g_mutex_lock(&queue->lock);
	while ((entry = g_queue_pop_tail(&back)))
		g_queue_push_head(&queue->results, entry);
	g_mutex_unlock(&queue->lock);
}

static gboolean is_empty(const hg_queue *queue)
{
	return !queue->inbound && !queue->results.length && !queue->api.length;
}

void hg_queue_wait(hg_queue *queue, gint64 ms)
{
	gint64 until = g_get_monotonic_time() + CLAMP(ms, 0, 60 * 1000) * 1000;

	g_mutex_lock(&queue->lock);
	while (!queue->woken && is_empty(queue))
		if (!g_cond_wait_until(&queue->some, &queue->lock, until))
			break;
	queue->woken = FALSE;
	g_mutex_unlock(&queue->lock);
}

void hg_queue_wake(hg_queue *queue)
{
	g_mutex_lock(&queue->lock);
	queue->woken = TRUE;
	g_cond_signal(&queue->some);
	g_mutex_unlock(&queue->lock);
}

static void older(GQueue *entries, gint64 *oldest_ms)
{
	const struct entry *head = g_queue_peek_head(entries);

	if (head && head->put_ms && (!*oldest_ms || head->put_ms < *oldest_ms))
		*oldest_ms = head->put_ms;
}

guint hg_queue_length(hg_queue *queue, gint64 *ret_oldest_ms)
{
	guint n;

	*ret_oldest_ms = 0;
	g_mutex_lock(&queue->lock);
	n = queue->inbound + queue->results.length + queue->api.length;
	older(&queue->results, ret_oldest_ms);
	older(&queue->api, ret_oldest_ms);
	for (guint i = 0; i < queue->channels->len; i++)
		older(&((struct waiting *)g_ptr_array_index(queue->channels, i))->entries, ret_oldest_ms);
	g_mutex_unlock(&queue->lock);
	return n;
}

/* visitor_news.c - along the chains of his conversations, from the newest event back to where he was */
#include "visitor_news.h"

#include <string.h>

#include "json.h"

struct head {				/* of an event: the rest of it is for helpdesks */
	gint64 n, message_n;
	hg_thread *thread;
	int kind;			/* enum visitor_news_kind */
};

struct reading {
	const struct visitor_eyes *eyes;
	struct visitor_news *news;
	GArray *heads;			/* of struct head */
	GHashTable *told;		/* of numbers: four times a row's, and what of it */
};
enum told { TOLD_MESSAGE, TOLD_THREAD, TOLD_STATE };

int hg_news_kind(const char *type)
{
	static const struct { const char *type; int kind; } kinds[] = {
		/* ticket.message is for helpdesks: whatever was said was told of as message.received before it. */
		{ "message.received", NEWS_MESSAGE }, { "message.sent", NEWS_MESSAGE },
		{ "message.edited", NEWS_CHANGED }, { "message.deleted", NEWS_CHANGED },
		{ "message.reacted", NEWS_CHANGED }, { "message.status", NEWS_STATE },
		/* One that is opened begins with a message, which tells of it. */
		{ "thread.closed", NEWS_THREAD }, { "thread.reopened", NEWS_THREAD },
		{ "ticket.requested", NEWS_THREAD }, { "ticket.linked", NEWS_THREAD },
		{ "ticket.reopened", NEWS_THREAD }, { "ticket.status", NEWS_THREAD }, { "csat.received", NEWS_THREAD },
		{ "contact.merged", NEWS_MERGED }, { "contact.unmerged", NEWS_MERGED },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(type, kinds[i].type) == 0)
			return kinds[i].kind;
	return NEWS_NONE;
}

void hg_news_init(struct visitor_news *news)
{
	news->pieces = g_array_new(FALSE, FALSE, sizeof(struct visitor_piece));
	news->text = g_string_new(NULL);
}

void hg_news_done(struct visitor_news *news)
{
	g_clear_pointer(&news->pieces, g_array_unref);
	if (news->text)
		g_string_free(g_steal_pointer(&news->text), TRUE);
}

/* ---- finding ---- */

/* What came behind the place is the oldest he missed. */
static gboolean check_age(struct reading *reading, GError **error)
{
	const struct visitor_eyes *eyes = reading->eyes;
	g_autoptr(GPtrArray) next = g_ptr_array_new();

	if (!hg_store_event_after(eyes->store, eyes->arena, reading->news->after_n, 1, next, error))
		return FALSE;
	if (next->len && ((const hg_event *)g_ptr_array_index(next, 0))->at_ms < eyes->now_ms - HG_NEWS_KEPT_MS)
		reading->news->reset = TRUE;
	return TRUE;
}

/* Events for helpdesks may hold whole transcripts: of each only the head is kept. */
static gboolean read_head(struct reading *reading, hg_thread *thread, gint64 *n, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct head head = { .n = *n, .thread = thread };
	hg_event *event;

	if (!hg_store_event_get(reading->eyes->store, arena, *n, &event, error))
		return FALSE;
	*n = event ? event->prev_n : 0;
	if (!event || event->n > reading->news->upto_n)
		return TRUE;
	head.kind = hg_news_kind(event->type);
	head.message_n = event->message_n;
	if (head.kind && head.kind != NEWS_MERGED)
		g_array_append_val(reading->heads, head);
	return TRUE;
}

static gboolean walk(struct reading *reading, hg_thread *thread, guint *looked, GError **error)
{
	for (gint64 n = thread->last_event_n; n > reading->news->after_n;) {
		if (++*looked > HG_NEWS_REPLAY_MAX) {
			reading->news->reset = TRUE;
			return TRUE;
		}
		if (!read_head(reading, thread, &n, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean add_thread(const struct visitor_eyes *eyes, gint64 n, GPtrArray *threads, GError **error)
{
	gboolean his = FALSE;
	hg_thread *thread;

	if (!hg_store_thread_get(eyes->store, eyes->arena, n, &thread, error) ||
	    (thread && !hg_store_viewed(eyes->store, eyes->arena, &eyes->view, thread, &his, error)))
		return FALSE;
	if (his)
		g_ptr_array_add(threads, thread);
	return TRUE;
}

static gboolean list_threads(const struct reading *reading, GPtrArray *threads, GError **error)
{
	const struct visitor_eyes *eyes = reading->eyes;
	const struct visitor_news *news = reading->news;

	if (!news->n_threads)
		return hg_store_viewed_list(eyes->store, eyes->arena, &eyes->view, HG_VIEW_MAX, threads, error);
	for (guint i = 0; i < news->n_threads; i++)
		if (!add_thread(eyes, news->threads[i], threads, error))
			return FALSE;
	return TRUE;
}

static int by_n(gconstpointer a, gconstpointer b)
{
	const struct head *one = a, *two = b;

	return one->n < two->n ? -1 : one->n > two->n;
}

static gboolean find(struct reading *reading, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	guint looked = 0;

	if (reading->news->late && !check_age(reading, error))
		return FALSE;
	if (reading->news->reset)
		return TRUE;
	if (!list_threads(reading, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len && !reading->news->reset; i++)
		if (!walk(reading, g_ptr_array_index(threads, i), &looked, error))
			return FALSE;
	g_array_sort(reading->heads, by_n);
	return TRUE;
}

/* ---- telling ---- */

static gpointer told_key(gint64 n, enum told what)
{
	return GSIZE_TO_POINTER(((gsize)n << 2) | what);
}

/* FALSE when it was told already. */
static gboolean is_new(struct reading *reading, gint64 n, enum told what)
{
	return g_hash_table_add(reading->told, told_key(n, what));
}

static void begin_piece(struct reading *reading, const struct head *head, const char *type)
{
	struct visitor_piece piece = { .n = head->n, .type = type };

	hg_json_open(reading->news->text, '{');
	piece.from = reading->news->text->len - 1;	/* without the comma there may be before it */
	g_array_append_val(reading->news->pieces, piece);
}

static void end_piece(struct reading *reading)
{
	GArray *pieces = reading->news->pieces;
	struct visitor_piece *piece = &g_array_index(pieces, struct visitor_piece, pieces->len - 1);

	hg_json_close(reading->news->text, '}');
	piece->len = reading->news->text->len - piece->from;
}

static gboolean tell_thread(struct reading *reading, const struct head *head, GError **error)
{
	if (!is_new(reading, head->thread->n, TOLD_THREAD))
		return TRUE;
	begin_piece(reading, head, "thread");
	hg_json_key(reading->news->text, "thread");
	if (!hg_visitor_thread_write(reading->eyes, head->thread, reading->news->text, error))
		return FALSE;
	end_piece(reading);
	return TRUE;
}

/* The question itself is a message; this says that an answer by a click is welcome. */
static void tell_rating(struct reading *reading, const struct head *head, const hg_message *message)
{
	GString *out = reading->news->text;

	if (message->author != HG_BY_GATEWAY || g_strcmp0(head->thread->asked, "rating") != 0 ||
	    message->at_ms != head->thread->asked_ms)
		return;
	begin_piece(reading, head, "rating");
	hg_json_add_str(out, "thread_id", head->thread->id);
	hg_json_add_str(out, "scale", reading->eyes->conf->rating.scale ?: "5");
	end_piece(reading);
}

static gboolean tell_message(struct reading *reading, const struct head *head, const hg_message *message, GError **error)
{
	GString *out = reading->news->text;

	if (!is_new(reading, message->n, TOLD_MESSAGE))
		return TRUE;
	is_new(reading, head->thread->n, TOLD_THREAD);
	begin_piece(reading, head, "message");
	hg_json_key(out, "thread");
	if (!hg_visitor_thread_write(reading->eyes, head->thread, out, error))
		return FALSE;
	hg_json_key(out, "message");
	if (!hg_visitor_message_write(reading->eyes, head->thread, message, out, error))
		return FALSE;
	end_piece(reading);
	tell_rating(reading, head, message);
	return TRUE;
}

static gboolean tell_changed(struct reading *reading, const struct head *head, const hg_message *message, GError **error)
{
	GString *out = reading->news->text;

	if (!is_new(reading, message->n, TOLD_MESSAGE))
		return TRUE;
	begin_piece(reading, head, "message.changed");
	hg_json_add_str(out, "thread_id", head->thread->id);
	hg_json_key(out, "message");
	if (!hg_visitor_message_write(reading->eyes, head->thread, message, out, error))
		return FALSE;
	end_piece(reading);
	return TRUE;
}

static void tell_state(struct reading *reading, const struct head *head, const hg_message *message)
{
	const char *state = hg_visitor_message_state(message);
	GString *out = reading->news->text;

	if (!state || g_hash_table_contains(reading->told, told_key(message->n, TOLD_MESSAGE)) ||
	    !is_new(reading, message->n, TOLD_STATE))
		return;
	begin_piece(reading, head, "message.state");
	hg_json_add_str(out, "thread_id", head->thread->id);
	hg_json_add_str(out, "message_id", message->id);
	hg_json_add_str(out, "state", state);
	end_piece(reading);
}

static gboolean tell(struct reading *reading, const struct head *head, GError **error)
{
	hg_message *message = NULL;

	if (head->kind == NEWS_THREAD)
		return tell_thread(reading, head, error);
	if (head->message_n &&
	    !hg_store_message_get(reading->eyes->store, reading->eyes->arena, head->message_n, &message, error))
		return FALSE;
	if (!message || message->thread_n != head->thread->n || !hg_message_is_for_visitor(message))
		return TRUE;
	if (head->kind == NEWS_MESSAGE)
		return tell_message(reading, head, message, error);
	if (head->kind == NEWS_CHANGED)
		return tell_changed(reading, head, message, error);
	tell_state(reading, head, message);
	return TRUE;
}

static gboolean tell_page(struct reading *reading, GError **error)
{
	struct visitor_news *news = reading->news;

	for (guint i = 0; i < reading->heads->len; i++) {
		const struct head *head = &g_array_index(reading->heads, struct head, i);

		if (i >= HG_NEWS_PAGE_MAX || news->text->len >= HG_NEWS_PAGE_BYTES) {
			news->reached_n = g_array_index(reading->heads, struct head, i - 1).n;
			return TRUE;
		}
		if (!tell(reading, head, error))
			return FALSE;
	}
	return TRUE;
}

gboolean hg_news_read(const struct visitor_eyes *eyes, struct visitor_news *news, GError **error)
{
	struct reading reading = { .eyes = eyes, .news = news };
	gboolean ok;

	news->reached_n = MAX(news->upto_n, news->after_n);
	reading.heads = g_array_new(FALSE, FALSE, sizeof(struct head));
	reading.told = g_hash_table_new(NULL, NULL);
	ok = find(&reading, error) && (news->reset || tell_page(&reading, error));
	g_hash_table_unref(reading.told);
	g_array_unref(reading.heads);
	return ok;
}

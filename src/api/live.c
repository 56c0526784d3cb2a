/* live.c - events as they are committed, one JSON line each, to those who follow */
#include <string.h>
#include "call.h"
#include "env.h"

#define FOLLOWERS_MAX 64
#define HIGH_WATER (1024 * 1024)	/* a follower that is further behind is cut */
#define EVERYBODY (-1)
#define BEAT_MS (15 * 1000)		/* an empty line: proxies keep the connection, dead peers show */

struct hg_live {
	hg_loop *loop;
	GPtrArray *followers;
	gint n_followers;		/* atomic: the engine's thread looks before it copies */
	guint64 beat;			/* timer, 0 while nobody follows */
};

struct follower {
	struct hg_live *live;
	hg_stream *stream;
	gint64 thread_n;		/* only this thread's; 0: all */
	gboolean shadow;		/* of all: those on trial, or the others */
};

struct line {
	gint64 thread_n;		/* 0: of no thread */
	gboolean shadow;
	GString *text;			/* ours */
};

struct news {
	struct hg_live *live;
	GArray *lines;			/* of struct line */
};

struct hg_live *hg_live_new(hg_loop *loop)
{
	struct hg_live *live = g_new0(struct hg_live, 1);

	live->loop = loop;
	live->followers = g_ptr_array_new();
	return live;
}

void hg_live_free(struct hg_live *live)
{
	if (!live)
		return;
	hg_loop_untimer(live->loop, live->beat);
	g_ptr_array_unref(live->followers);
	g_free(live);
}

/* ---- following ---- */

static void follower_closed(void *arg, enum hg_stream_end why)
{
	struct follower *follower = arg;

	(void)why;
	g_ptr_array_remove_fast(follower->live->followers, follower);
	g_atomic_int_add(&follower->live->n_followers, -1);
	g_free(follower);
}

/* hg_stream_write() never calls closed from within, so the list stays as it is here. */
void hg_live_tell(const struct hg_live *live, gint64 thread_n, gboolean shadow, const char *text, gsize len)
{
	for (guint i = 0; i < live->followers->len; i++) {
		const struct follower *follower = g_ptr_array_index(live->followers, i);

		if (thread_n == EVERYBODY ||
		    (follower->thread_n ? follower->thread_n == thread_n : follower->shadow == shadow))
			hg_stream_write(follower->stream, text, len);
	}
}

static void beat(void *arg)
{
	struct hg_live *live = arg;

	hg_live_tell(live, EVERYBODY, FALSE, "\n", 1);
	live->beat = live->followers->len ? hg_loop_timer(live->loop, BEAT_MS, beat, live) : 0;
}

static void add_follower(struct call *call, gint64 thread_n, gboolean shadow)
{
	static const char *const headers[] = { "X-Accel-Buffering: no", NULL };
	struct hg_live *live = call->api->live;
	struct follower *follower = g_new0(struct follower, 1);

	follower->live = live;
	follower->thread_n = thread_n;
	follower->shadow = shadow;
	g_ptr_array_add(live->followers, follower);
	g_atomic_int_inc(&live->n_followers);
	follower->stream = hg_request_stream(g_steal_pointer(&call->req), &(struct hg_stream_head){
		.status = 200, .type = "application/x-ndjson", .headers = headers,
		.high_water = HIGH_WATER, .closed = follower_closed, .arg = follower });
	hg_stream_write(follower->stream, "\n", 1);	/* the head leaves at once */
	if (!live->beat)
		live->beat = hg_loop_timer(live->loop, BEAT_MS, beat, live);
}

static void begin(struct call *call, gint64 thread_n)
{
	gboolean shadow;

	if (!hg_call_shadow(call, &shadow))
		;
	else if (call->api->live->followers->len < FOLLOWERS_MAX)
		add_follower(call, thread_n, shadow);
	else
		hg_fail(&call->error, HG_ERROR_BUSY, "%d streams are followed already", FOLLOWERS_MAX);
	hg_call_finish(call);
}

static void find_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	const char *id = hg_request_query(call->req, "thread");
	hg_thread *thread = NULL;

	if (!hg_store_thread_by_id(store, call->arena, id, &thread, &call->error))
		return;
	if (thread)
		call->extra = thread;	/* the arena's */
	else
		hg_fail(&call->error, HG_ERROR_MISSING, "thread=%.40s: there is no such thread", id);
}

static void find_done(void *arg)
{
	struct call *call = arg;
	const hg_thread *thread = call->extra;

	if (call->error)
		hg_call_finish(call);
	else
		begin(call, thread->n);
}

void hg_live_follow(struct call *call)
{
	if (!hg_request_query(call->req, "thread"))
		begin(call, 0);
	else if (!hg_readers_run(call->api->readers, find_work, find_done, call, &call->error))
		hg_call_finish(call);
}

/* ---- news from the engine ---- */

static GString *line_of(const hg_event *event)
{
	GString *line = g_string_sized_new(strlen(event->data) + 160);

	hg_event_write(line, event);
	return g_string_append_c(line, '\n');
}

static void news_tell(void *arg)
{
	struct news *news = arg;

	for (guint i = 0; i < news->lines->len; i++) {
		const struct line *line = &g_array_index(news->lines, struct line, i);

		hg_live_tell(news->live, line->thread_n, line->shadow, line->text->str, line->text->len);
		g_string_free(line->text, TRUE);
	}
	g_array_unref(news->lines);
	g_free(news);
}

void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n)
{
	struct news *news;

	if (!g_atomic_int_get(&live->n_followers) || !n)
		return;
	news = g_new0(struct news, 1);
	news->live = live;
	news->lines = g_array_sized_new(FALSE, FALSE, sizeof(struct line), n);
	for (guint i = 0; i < n; i++) {
		struct line line = { events[i]->thread_n, events[i]->shadow, line_of(events[i]) };

		g_array_append_val(news->lines, line);
	}
	hg_loop_post(live->loop, news_tell, news);
}

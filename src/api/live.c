/* live.c - events as they are committed, one JSON line each, to those who follow */
#include <string.h>
#include "call.h"
#include "env.h"

#define FOLLOWERS_MAX 64
#define HIGH_WATER (1024 * 1024)	/* a follower that is further behind is cut */

struct hg_live {
	hg_loop *loop;
	GPtrArray *followers;
	gint n_followers;		/* atomic: the engine's thread looks before it copies */
};

struct follower {
	struct hg_live *live;
	hg_stream *stream;
	char *mark;			/* only lines that have it; or NULL */
};

struct news {
	struct hg_live *live;
	GPtrArray *lines;
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
	g_ptr_array_unref(live->followers);
	g_free(live);
}

static void follower_closed(void *arg, enum hg_stream_end why)
{
	struct follower *follower = arg;

	(void)why;
	g_ptr_array_remove_fast(follower->live->followers, follower);
	g_atomic_int_dec_and_test(&follower->live->n_followers);
	g_free(follower->mark);
	g_free(follower);
}

void hg_live_follow(struct call *call)
{
	static const char *const headers[] = { "Cache-Control: no-store", "X-Accel-Buffering: no", NULL };
	struct hg_live *live = call->api->live;
	const char *thread = hg_request_query(call->req, "thread");
	struct follower *follower;

	if (thread && !hg_id_is(thread, "thr")) {
		hg_fail(&call->error, HG_ERROR_INPUT, "thread=%.40s is no thread id", thread);
		hg_call_finish(call);
		return;
	}
	if (live->followers->len >= FOLLOWERS_MAX) {
		hg_fail(&call->error, HG_ERROR_BUSY, "%d streams are followed already", FOLLOWERS_MAX);
		hg_call_finish(call);
		return;
	}
	follower = g_new0(struct follower, 1);
	follower->live = live;
	if (thread)
		follower->mark = g_strdup_printf("\"thread\":{\"id\":\"%s\"", thread);
	g_ptr_array_add(live->followers, follower);
	g_atomic_int_inc(&live->n_followers);
	follower->stream = hg_request_stream(g_steal_pointer(&call->req), &(struct hg_stream_head){
		.status = 200, .type = "application/x-ndjson", .headers = headers,
		.high_water = HIGH_WATER, .closed = follower_closed, .arg = follower });
	hg_stream_write(follower->stream, "\n", 1);	/* the head leaves at once */
	hg_call_finish(call);
}

/* ---- news from the engine ---- */

static char *line_of(const hg_event *event)
{
	GString *line = g_string_sized_new(strlen(event->data) + 128);

	hg_json_open(line, '{');
	hg_json_add_str(line, "id", event->id);
	hg_json_add_str(line, "type", event->type);
	hg_json_add_time(line, "timestamp", event->at_ms);
	hg_json_add_int(line, "sequence", event->seq);
	hg_json_add_raw(line, "data", event->data);
	hg_json_close(line, '}');
	g_string_append_c(line, '\n');
	return g_string_free(line, FALSE);
}

/* mark: "thread":{"id":"..." as the payload writer writes it; a quote inside a text is escaped, so
 * that no message can look like it. */
static gboolean is_of(const char *line, const char *mark)
{
	return !mark || strstr(line, mark) != NULL;
}

static void news_tell(void *arg)
{
	struct news *news = arg;

	for (guint i = 0; i < news->lines->len; i++) {
		const char *line = g_ptr_array_index(news->lines, i);

		for (guint j = 0; j < news->live->followers->len; j++) {
			struct follower *follower = g_ptr_array_index(news->live->followers, j);

			if (is_of(line, follower->mark))
				hg_stream_write(follower->stream, line, strlen(line));
		}
	}
	g_ptr_array_unref(news->lines);
	g_free(news);
}

void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n)
{
	struct news *news;

	if (!g_atomic_int_get(&live->n_followers) || !n)
		return;
	news = g_new0(struct news, 1);
	news->live = live;
	news->lines = g_ptr_array_new_full(n, g_free);
	for (guint i = 0; i < n; i++)
		g_ptr_array_add(news->lines, line_of(events[i]));
	hg_loop_post(live->loop, news_tell, news);
}

/* live.c - events as they are committed, to those who follow: the hub between engine and streams */
#include <string.h>
#include "env.h"
#include "live.h"

#define TICK_MS 500			/* this often it is looked whose token has expired */
#define BEAT_MS (15 * 1000)		/* an empty line: proxies keep the connection, dead peers show */

struct news_line {			/* its strings are ours */
	gint64 n;			/* 0: of no place, never stored */
	struct live_about about;
	char *id;
	GString *text;			/* JSON */
};

struct news {
	struct hg_live *live;
	GArray *lines;			/* of struct news_line */
};

struct hg_live *hg_live_new(hg_loop *loop, hg_readers *readers, gint64 last_event_n)
{
	struct hg_live *live = g_new0(struct hg_live, 1);

	live->loop = loop;
	live->readers = readers;
	live->published_n = live->seen_n = last_event_n;
	live->followers = g_ptr_array_new();
	return live;
}

void hg_live_free(struct hg_live *live)
{
	if (!live)
		return;
	hg_loop_untimer(live->loop, live->tick);
	g_ptr_array_unref(live->followers);
	g_free(live);
}

gint64 hg_live_newest(const struct hg_live *live)
{
	return __atomic_load_n(&live->published_n, __ATOMIC_SEQ_CST);
}

/* ---- who hears what ---- */

/* A merge moves him on to whom he became part of. */
static gboolean is_of_contact(struct live_filter *filter, const struct live_about *about)
{
	if (about->from_contact_n == filter->contact_n && about->contact_n) {
		filter->contact_n = about->contact_n;
		return TRUE;
	}
	return about->contact_n == filter->contact_n;
}

gboolean hg_live_wants(struct live_filter *filter, const struct hg_principal *who, const struct live_about *about)
{
	if (filter->thread_n ? filter->thread_n != about->thread_n : filter->shadow != about->shadow)
		return FALSE;
	if (filter->channel && g_strcmp0(filter->channel, about->channel) != 0)
		return FALSE;
	if (filter->rule && g_strcmp0(filter->rule, about->rule) != 0)
		return FALSE;
	return (!filter->contact_n || is_of_contact(filter, about)) && hg_principal_sees(who, about->thread_n ? about->channel : NULL);
}

/* WHATWG HTML, section 9.2.6: a block of fields that an empty line ends.  JSON is one line. */
void hg_live_put(GString *out, gboolean sse, const char *id, const char *type, const char *json, gsize len)
{
	if (!sse) {
		g_string_append_len(out, json, (gssize)len);
		g_string_append_c(out, '\n');
		return;
	}
	if (id)
		g_string_append_printf(out, "id: %s\n", id);
	if (type)
		g_string_append_printf(out, "event: %s\n", type);
	g_string_append(out, "data: ");
	g_string_append_len(out, json, (gssize)len);
	g_string_append(out, "\n\n");
}

/* ---- coming and going ---- */

static void follower_free(struct follower *follower)
{
	hg_principal_unref(follower->who);
	g_free((char *)follower->filter.contact_id);
	g_free((char *)follower->filter.channel);
	g_free((char *)follower->filter.rule);
	g_free(follower);
}

void hg_live_leave(struct follower *follower)
{
	struct hg_live *live = follower->live;

	if (g_ptr_array_remove_fast(live->followers, follower))
		__atomic_sub_fetch(&live->n_followers, 1, __ATOMIC_SEQ_CST);
	follower->stream = NULL;
	if (!follower->reading && !follower->waiting)
		follower_free(follower);
}

static void follower_closed(void *arg, enum hg_stream_end why)
{
	(void)why;
	hg_live_leave(arg);
}

static void follower_drained(void *arg)
{
	hg_live_catch_up(arg);
}

void hg_live_check(struct hg_live *live)
{
	gint64 now_ms = hg_now(hg_loop_env(live->loop));

	for (guint i = live->followers->len; i > 0; i--) {
		struct follower *follower = g_ptr_array_index(live->followers, i - 1);

		if (hg_principal_holds(follower->who, now_ms))
			continue;
		hg_stream_finish(follower->stream);
		hg_live_leave(follower);
	}
}

static void beat(const struct hg_live *live)
{
	for (guint i = 0; i < live->followers->len; i++) {
		const struct follower *follower = g_ptr_array_index(live->followers, i);

		hg_stream_write(follower->stream, follower->sse ? ":\n\n" : "\n", follower->sse ? 3 : 1);
	}
}

static void tick(void *arg)
{
	struct hg_live *live = arg;

	hg_live_check(live);
	if (hg_loop_now(live->loop) - live->beat_ms >= BEAT_MS) {
		live->beat_ms = hg_loop_now(live->loop);
		beat(live);
	}
	live->tick = live->followers->len ? hg_loop_timer(live->loop, TICK_MS, tick, live) : 0;
}

/* Publishers note the place first and then look whether anybody follows; here it is the other way round. */
static void begin_looking(struct hg_live *live)
{
	if (__atomic_fetch_add(&live->n_followers, 1, __ATOMIC_SEQ_CST) == 0)
		live->seen_n = MAX(live->seen_n, hg_live_newest(live));
}

struct follower *hg_live_enter(struct hg_live *live, hg_request *req, const struct follower *like)
{
	static const char *const headers[] = { "X-Accel-Buffering: no", NULL };
	struct follower *follower = g_new(struct follower, 1);

	*follower = *like;
	follower->live = live;
	g_ptr_array_add(live->followers, follower);
	begin_looking(live);
	follower->stream = hg_request_stream(req, &(struct hg_stream_head){ .status = 200,
		.type = like->sse ? "text/event-stream" : "application/x-ndjson", .headers = headers,
		.high_water = LIVE_HIGH_WATER, .closed = follower_closed, .drained = follower_drained, .arg = follower });
	if (live->tick)
		return follower;
	live->beat_ms = hg_loop_now(live->loop);
	live->tick = hg_loop_timer(live->loop, TICK_MS, tick, live);
	return follower;
}

/* ---- news from the engine ---- */

static void write_line(const struct follower *follower, const struct news_line *line, GString *sse)
{
	if (!follower->sse) {
		g_string_append_c(line->text, '\n');
		hg_stream_write(follower->stream, line->text->str, line->text->len);
		g_string_truncate(line->text, line->text->len - 1);
		return;
	}
	if (!sse->len)
		hg_live_put(sse, TRUE, line->id, NULL, line->text->str, line->text->len);
	hg_stream_write(follower->stream, sse->str, sse->len);
}

/* hg_stream_write() never calls closed from within, so the list stays as it is here. */
static void tell_all(struct hg_live *live, const struct news_line *line)
{
	g_autoptr(GString) sse = g_string_new(NULL);

	if (line->n && line->n <= live->seen_n)
		return;
	for (guint i = 0; i < live->followers->len; i++) {
		struct follower *follower = g_ptr_array_index(live->followers, i);

		/* Who is behind is told from the store; who was told of it from there is not told again. */
		if (follower->place < live->seen_n || (line->n && line->n <= follower->place))
			continue;
		if (line->n)
			follower->place = line->n;
		if (hg_live_wants(&follower->filter, follower->who, &line->about))
			write_line(follower, line, sse);
	}
	live->seen_n = MAX(live->seen_n, line->n);
}

void hg_live_tell(struct hg_live *live, const struct hg_news_of *of, const char *text, gsize len)
{
	struct news_line line = { .about = { .thread_n = of->thread_n, .channel = of->channel, .shadow = of->shadow } };

	line.text = g_string_new_len(text, (gssize)(len && text[len - 1] == '\n' ? len - 1 : len));
	tell_all(live, &line);
	g_string_free(line.text, TRUE);
}

static void line_clear(gpointer arg)
{
	struct news_line *line = arg;

	g_free((char *)line->about.channel);
	g_free((char *)line->about.rule);
	g_free(line->id);
	g_string_free(line->text, TRUE);
}

static struct news_line line_of(const hg_event *event)
{
	struct news_line line = { .n = event->n, .id = g_strdup(event->id), .about = { .thread_n = event->thread_n,
		.contact_n = event->contact_n, .from_contact_n = event->from_contact_n, .shadow = event->shadow,
		.channel = g_strdup(event->channel), .rule = g_strdup(event->rule) } };

	line.text = g_string_sized_new(strlen(event->data) + 160);
	hg_event_write(line.text, event);
	return line;
}

static void news_tell(void *arg)
{
	struct news *news = arg;

	for (guint i = 0; i < news->lines->len; i++)
		tell_all(news->live, &g_array_index(news->lines, struct news_line, i));
	g_array_unref(news->lines);
	g_free(news);
}

void hg_live_publish(struct hg_live *live, const hg_event *const *events, guint n)
{
	struct news *news;
	gint64 last_n = 0;

	for (guint i = 0; i < n; i++)
		last_n = MAX(last_n, events[i]->n);
	if (!last_n)
		return;
	__atomic_store_n(&live->published_n, last_n, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&live->n_followers, __ATOMIC_SEQ_CST))
		return;
	news = g_new0(struct news, 1);
	news->live = live;
	news->lines = g_array_sized_new(FALSE, FALSE, sizeof(struct news_line), n);
	g_array_set_clear_func(news->lines, line_clear);
	for (guint i = 0; i < n; i++) {
		struct news_line line = line_of(events[i]);

		g_array_append_val(news->lines, line);
	}
	hg_loop_post(live->loop, news_tell, news);
}

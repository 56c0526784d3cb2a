/* visitor_follow.c - those who follow: how they come, what they are sent, how they leave */
#include "visitor_hub.h"

#include <string.h>
#include <sys/resource.h>

#include "env.h"
#include "fail.h"
#include "json.h"

#define BEAT_MS 1000			/* of one slot */
#define EVENT_STREAM "text/event-stream"
#define OTHER_FILES 256			/* descriptors that are for store, channels and helpdesks */
/* A page is written only when nothing waits, and in one piece: more than a page never does. */
#define HIGH_WATER (4 << 20)

/* ---- leaving ---- */

static void untie(struct follower *follower)
{
	struct audience *audience = follower->audience;
	hg_visitor_live *live = audience->live;

	g_queue_unlink(&audience->followers, &follower->in_audience);
	if (follower->stream) {
		g_queue_unlink(&live->beats[follower->slot], &follower->in_beat);
		live->stats.streams--;
	} else {
		live->stats.polls--;
	}
	hg_loop_untimer(live->loop, follower->timer);
	hg_peers_leave(live->peers, follower->peer);
	__atomic_sub_fetch(&live->n_followers, 1, __ATOMIC_SEQ_CST);
	g_strfreev(follower->headers);
	g_free(follower->browser);
	g_free(follower);
	hg_audience_leave(audience);
}

static void on_closed(void *arg, enum hg_stream_end why)
{
	struct follower *follower = arg;

	if (why == HG_STREAM_SLOW)
		follower->audience->live->stats.slow++;
	untie(follower);
}

/* ---- answers of those who wait ---- */

static GString *begin_events(void)
{
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "events");
	hg_json_open(out, '[');
	return out;
}

static void add_event(GString *out, const char *type, const char *json, gsize len, const char *place)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", type);
	hg_json_key(out, "data");
	g_string_append_len(out, json, (gssize)len);
	hg_json_add_str(out, "cursor", place);
	hg_json_close(out, '}');
}

/* Takes out; the follower is gone. */
static void answer(struct follower *follower, GString *out)
{
	char place[HG_PLACE_SIZE];

	hg_json_close(out, ']');
	hg_place_write(&follower->audience->live->key, follower->place, place);
	hg_json_add_str(out, "cursor", place);
	hg_json_close(out, '}');
	hg_request_answer(g_steal_pointer(&follower->req), &(struct hg_answer){ .status = 200, .type = "application/json",
		.headers = (const char *const *)follower->headers, .body = out->str, .len = out->len });
	g_string_free(out, TRUE);
	untie(follower);
}

static void answer_one(struct follower *follower, const char *type, const char *json, gsize len)
{
	GString *out = begin_events();
	char place[HG_PLACE_SIZE];

	hg_place_write(&follower->audience->live->key, follower->place, place);
	add_event(out, type, json, len, place);
	answer(follower, out);
}

static void wait_is_over(void *arg)
{
	struct follower *follower = arg;

	follower->timer = 0;
	if (follower->place < follower->audience->goal_n)
		follower->over = TRUE;
	else
		answer(follower, begin_events());
}

static GString *events_of(const hg_visitor_live *live, const struct visitor_news *news)
{
	GString *out = begin_events();

	for (guint i = 0; i < news->pieces->len; i++) {
		const struct visitor_piece *piece = &g_array_index(news->pieces, struct visitor_piece, i);
		char place[HG_PLACE_SIZE];

		hg_place_write(&live->key, piece->n, place);
		add_event(out, piece->type, news->text->str + piece->from, piece->len, place);
	}
	return out;
}

/* ---- streams (WHATWG HTML, section 9.2.6: event stream format) ---- */

static void put_event(GString *out, const char *place, const char *type, const char *json, gsize len)
{
	if (place)
		g_string_append_printf(out, "id: %s\n", place);
	g_string_append_printf(out, "event: %s\ndata: ", type);
	g_string_append_len(out, json, (gssize)len);	/* one line: JSON has no line ends but in strings, where they are escaped */
	g_string_append(out, "\n\n");
}

static void put_news(GString *out, const hg_visitor_live *live, const struct visitor_news *news)
{
	for (guint i = 0; i < news->pieces->len; i++) {
		const struct visitor_piece *piece = &g_array_index(news->pieces, struct visitor_piece, i);
		char place[HG_PLACE_SIZE];

		hg_place_write(&live->key, piece->n, place);
		put_event(out, place, piece->type, news->text->str + piece->from, piece->len);
	}
}

static void write_out(struct follower *follower, const char *bytes, gsize len)
{
	hg_stream_write(follower->stream, bytes, len);
	follower->full = hg_stream_pending(follower->stream) > 0;
}

static void on_drained(void *arg)
{
	struct follower *follower = arg;

	if (!follower->full)
		return;
	follower->full = FALSE;
	hg_audience_wait(follower->audience);
}

/* ---- what others tell ---- */

/* Moves those at the place on; a list of them first, for whoever waits leaves with his answer. */
static GPtrArray *at_place(struct audience *audience, gint64 place)
{
	GPtrArray *list = g_ptr_array_new();

	for (GList *at = audience->followers.head; at; at = at->next) {
		struct follower *follower = at->data;

		if (follower->place == place && !follower->full)
			g_ptr_array_add(list, follower);
	}
	return list;
}

static void reset(struct follower *follower, gint64 place)
{
	hg_visitor_live *live = follower->audience->live;
	g_autoptr(GString) out = NULL;
	char text[HG_PLACE_SIZE];

	live->stats.resets++;
	follower->place = place;
	follower->late = FALSE;
	if (follower->req) {
		answer_one(follower, "reset", "{}", 2);
		return;
	}
	out = g_string_new(NULL);
	hg_place_write(&live->key, place, text);
	put_event(out, text, "reset", "{}", 2);
	write_out(follower, out->str, out->len);
}

void hg_follow_reset(struct audience *audience, gint64 place)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (GList *at = audience->followers.head; at; at = at->next)
		g_ptr_array_add(list, at->data);
	for (guint i = 0; i < list->len; i++)
		reset(g_ptr_array_index(list, i), place);
}

static void move_on(struct follower *follower, const struct visitor_news *news, const GString *text)
{
	hg_visitor_live *live = follower->audience->live;

	if (news->reset) {
		reset(follower, news->upto_n);
		return;
	}
	live->stats.replays += follower->late && news->pieces->len;
	live->stats.events += news->pieces->len;
	follower->late = FALSE;
	follower->place = news->reached_n;
	if (follower->req && (news->pieces->len || follower->over))
		answer(follower, events_of(live, news));
	else if (news->pieces->len)
		write_out(follower, text->str, text->len);
}

void hg_follow_deliver(struct audience *audience, gint64 place, const struct visitor_news *news)
{
	g_autoptr(GPtrArray) list = at_place(audience, place);
	g_autoptr(GString) text = g_string_sized_new(news->text->len + 128);

	put_news(text, audience->live, news);
	for (guint i = 0; i < list->len; i++)
		move_on(g_ptr_array_index(list, i), news, text);
}

void hg_follow_tell(struct audience *audience, const char *type, const char *json, gsize len)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);

	put_event(text, NULL, type, json, len);
	for (GList *at = audience->followers.head; at; at = at->next)
		g_ptr_array_add(list, at->data);
	audience->live->stats.events += list->len;
	for (guint i = 0; i < list->len; i++) {
		struct follower *follower = g_ptr_array_index(list, i);

		if (follower->req)
			answer_one(follower, type, json, len);
		else if (!follower->full)	/* who does not read misses it: it is of no use later */
			write_out(follower, text->str, text->len);
	}
}

void hg_follow_bye(struct follower *follower, const char *reason)
{
	g_autoptr(GString) json = g_string_new(NULL), text = g_string_new(NULL);
	char place[HG_PLACE_SIZE];

	hg_json_open(json, '{');
	hg_json_add_str(json, "reason", reason);
	hg_json_close(json, '}');
	if (follower->req && reason) {
		answer_one(follower, "bye", json->str, json->len);
	} else if (follower->req) {
		answer(follower, begin_events());
	} else {
		/* With his place, which moved on while there was nothing for him. */
		hg_place_write(&follower->audience->live->key, follower->place, place);
		put_event(text, place, "bye", json->str, json->len);
		if (reason)
			hg_stream_write(follower->stream, text->str, text->len);
		hg_stream_finish(follower->stream);
		untie(follower);
	}
}

/* ---- beats: a comment shows that the line is alive, to proxies and to whoever listens ---- */

static void serve_slot(hg_visitor_live *live, GQueue *slot)
{
	gint64 now_ms = hg_now(hg_loop_env(live->loop));
	GList *next;

	for (GList *at = slot->head; at; at = next) {
		struct follower *follower = at->data;

		next = at->next;
		if (follower->expires_ms <= now_ms)
			hg_follow_bye(follower, "expired");
		else if (!follower->full)
			write_out(follower, ":\n\n", 3);
	}
}

static void beat(void *arg)
{
	hg_visitor_live *live = arg;

	live->slot = (live->slot + 1) % BEAT_SLOTS;
	serve_slot(live, &live->beats[live->slot]);
	live->beat = live->stats.streams && !live->stopped ? hg_loop_timer(live->loop, BEAT_MS, beat, live) : 0;
}

/* ---- coming ---- */

gint64 hg_follow_fits(gint64 wanted, gint64 connections, gint64 descriptors)
{
	/* Where the limit is as low as that, half of it: few are better than none. */
	return MIN(wanted, MAX(descriptors - connections - OTHER_FILES, descriptors / 2));
}

static gint64 streams_max(const hg_visitor_live *live)
{
	const struct hg_gateway_conf *set = &live->conf->gateway;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur > G_MAXINT)
		return set->max_streams;
	return hg_follow_fits(set->max_streams, set->max_connections, (gint64)limit.rlim_cur);
}

static gboolean has_room(const hg_visitor_live *live, const struct audience *audience, guint most, GError **error)
{
	gint64 all = streams_max(live);

	if (live->stopped)
		return hg_fail(error, HG_ERROR_BUSY, "the gateway is stopping");
	if ((gint64)(live->stats.streams + live->stats.polls) >= all)
		return hg_fail(error, HG_ERROR_BUSY, "%" G_GINT64_FORMAT " visitors are followed already; try again in a minute", all);
	if (audience && audience->followers.length >= most)
		return hg_fail(error, HG_ERROR_LIMIT, "%u streams of this visitor are open already", audience->followers.length);
	return TRUE;
}

/* NULL with error set: there is no room. */
static struct hg_peer *admit(hg_visitor_live *live, const hg_request *req, const struct hg_visitor_follower *who, GError **error)
{
	gint64 most = live->conf->gateway.max_streams_per_address;
	struct hg_peer *peer = NULL;

	if (has_room(live, hg_audience_of(live, who->uri), who->most, error)) {
		peer = hg_peers_enter(live->peers, hg_request_peer(req), (guint)most);
		if (!peer)
			hg_fail(error, HG_ERROR_LIMIT, "%" G_GINT64_FORMAT " streams of your address are open already", most);
	}
	live->stats.refused += !peer;
	return peer;
}

static struct follower *enter(hg_visitor_live *live, struct hg_peer *peer, const struct hg_visitor_follower *who)
{
	struct follower *follower = g_new0(struct follower, 1);

	follower->audience = hg_audience_enter(live, who->uri);
	follower->peer = peer;
	follower->channel = g_intern_string(who->channel);	/* a name of the configuration: there are few */
	follower->browser = g_strdup(who->browser);
	follower->issued_ms = who->issued_ms;
	follower->expires_ms = who->expires_ms;
	follower->in_audience.data = follower->in_beat.data = follower;
	g_queue_push_tail_link(&follower->audience->followers, &follower->in_audience);
	return follower;
}

static void begin_stream(hg_visitor_live *live, struct follower *follower, hg_request *req,
			 const struct hg_visitor_follower *who)
{
	g_autoptr(GPtrArray) headers = g_ptr_array_new();
	char place[HG_PLACE_SIZE];
	g_autofree char *hello = NULL;

	for (const char *const *at = who->headers; at && *at; at++)
		g_ptr_array_add(headers, (gpointer)*at);
	g_ptr_array_add(headers, (gpointer)"X-Accel-Buffering: no");	/* nginx hands on what there is */
	g_ptr_array_add(headers, NULL);
	follower->slot = (guint8)(live->next_slot++ % BEAT_SLOTS);
	g_queue_push_tail_link(&live->beats[follower->slot], &follower->in_beat);
	live->stats.streams++;
	follower->stream = hg_request_stream(req, &(struct hg_stream_head){ .status = 200, .type = EVENT_STREAM,
		.headers = (const char *const *)headers->pdata, .high_water = HIGH_WATER, .closed = on_closed,
		.drained = on_drained, .arg = follower, .apart = TRUE });
	hg_place_write(&live->key, follower->place, place);
	hello = g_strdup_printf("id: %s\n:\n\n", place);
	write_out(follower, hello, strlen(hello));
	if (!live->beat)
		live->beat = hg_loop_timer(live->loop, BEAT_MS, beat, live);
}

static void begin_wait(hg_visitor_live *live, struct follower *follower, hg_request *req, const struct hg_visitor_follower *who)
{
	follower->req = req;
	follower->headers = g_strdupv((char **)who->headers);
	follower->timer = hg_loop_timer(live->loop, who->wait_ms, wait_is_over, follower);
	live->stats.polls++;
}

/* FALSE: nobody can go on from there. */
static gboolean find_place(const hg_visitor_live *live, const struct hg_visitor_follower *who, struct follower *follower)
{
	follower->place = hg_live_published(live);
	if (!who->cursor)
		return TRUE;
	if (!hg_place_read(&live->key, who->cursor, &follower->place) || follower->place > MAX(hg_live_published(live), who->newest_n))
		return FALSE;
	follower->late = follower->place < live->seen_n;
	return TRUE;
}

/* Where nobody followed nobody looked either: there is nothing left to be looked at. */
static void begin_looking(hg_visitor_live *live)
{
	if (__atomic_fetch_add(&live->n_followers, 1, __ATOMIC_SEQ_CST) == 0)
		live->seen_n = MAX(live->seen_n, hg_live_published(live));
}

gboolean hg_visitor_live_follow(hg_visitor_live *live, hg_request *req, const struct hg_visitor_follower *who, GError **error)
{
	struct hg_peer *peer = admit(live, req, who, error);
	struct follower *follower;
	gboolean known;

	if (!peer)
		return FALSE;
	begin_looking(live);
	follower = enter(live, peer, who);
	known = find_place(live, who, follower);
	if (who->wait_ms < 0)
		begin_stream(live, follower, req, who);
	else
		begin_wait(live, follower, req, who);
	if (!known && who->wait_ms >= 0) {
		reset(follower, hg_live_published(live));	/* which was its answer */
		return TRUE;
	}
	if (!known)
		reset(follower, hg_live_published(live));
	hg_audience_look(follower->audience);
	return TRUE;
}

/* ---- sent away ---- */

static gboolean is_meant(const struct follower *follower, const struct hg_visitor_live_ended *which)
{
	if (which->channel && g_strcmp0(follower->channel, which->channel) != 0)
		return FALSE;
	if (which->browser && g_strcmp0(follower->browser, which->browser) != 0)
		return FALSE;
	return !which->until_ms || follower->issued_ms <= which->until_ms;
}

static void end_some(struct audience *audience, const struct hg_visitor_live_ended *which)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	for (GList *at = audience->followers.head; at; at = at->next)
		if (is_meant(at->data, which))
			g_ptr_array_add(list, at->data);
	for (guint i = 0; i < list->len; i++)
		hg_follow_bye(g_ptr_array_index(list, i), which->reason);
}

void hg_visitor_live_end(hg_visitor_live *live, const struct hg_visitor_live_ended *which)
{
	g_autoptr(GPtrArray) all = NULL;
	struct audience *one = which->uri ? hg_audience_of(live, which->uri) : NULL;

	if (one)
		end_some(one, which);
	if (which->uri)
		return;
	all = hg_audience_all(live);
	for (guint i = 0; i < all->len; i++)
		end_some(g_ptr_array_index(all, i), which);
}

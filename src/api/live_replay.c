/* live_replay.c - what a follower missed: read from the store page by page, until he is at the place of now */
#include <string.h>
#include "live.h"
#include "log.h"

#define AGAIN_MS 200			/* the readers had no room */

struct replay {				/* the loop's, then a reader's, then the loop's again */
	struct follower *follower;	/* the loop's alone, but for what it never changes */
	const struct hg_principal *who;	/* ours: a reference */
	struct live_filter filter;	/* its strings are the follower's, which stays while this runs */
	gint64 place, upto_n;
	GString *out;
	GError *error;
};

/* A page's events are of few conversations. */
struct known {
	hg_arena *arena;
	hg_store *store;
	hg_thread *thread;		/* the last one asked for */
};

static gboolean about_nobody(const struct replay *replay, const hg_event *event, struct live_about *ret)
{
	g_autoptr(json_object) data = hg_json_parse(event->data, strlen(event->data),
		&(struct hg_json_limits){ .max_bytes = 1024 * 1024, .max_depth = 64 }, NULL);
	const char *contact = hg_json_str(hg_json_obj(data, "contact"), "id");

	ret->channel = g_intern_string(hg_json_str(data, "channel") ?: "");
	if (!*ret->channel)
		ret->channel = NULL;
	ret->contact_n = contact && g_strcmp0(contact, replay->filter.contact_id) == 0 ? replay->filter.contact_n : 0;
	return TRUE;
}

/* What the engine said of it when it was new, from the rows. */
static gboolean about_of(const struct replay *replay, struct known *known, const hg_event *event, struct live_about *ret,
			 GError **error)
{
	hg_decision *decision = NULL;

	*ret = (struct live_about){ .thread_n = event->thread_n };
	if (!event->thread_n)
		return about_nobody(replay, event, ret);
	if ((!known->thread || known->thread->n != event->thread_n) &&
	    !hg_store_thread_get(known->store, known->arena, event->thread_n, &known->thread, error))
		return FALSE;
	if (replay->filter.rule && event->decision_n &&
	    !hg_store_decision_get(known->store, known->arena, event->decision_n, &decision, error))
		return FALSE;
	ret->rule = decision ? decision->rule : NULL;
	if (!known->thread)
		return TRUE;
	ret->channel = known->thread->channel;
	ret->contact_n = known->thread->contact_n;
	ret->shadow = known->thread->shadow;
	return TRUE;
}

static void put_event(struct replay *replay, GString *line, const hg_event *event)
{
	g_string_truncate(line, 0);
	hg_event_write(line, event);
	hg_live_put(replay->out, replay->follower->sse, event->id, NULL, line->str, line->len);
}

static gboolean read_page(struct replay *replay, hg_store *store, hg_arena *arena, GError **error)
{
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	g_autoptr(GString) line = g_string_new(NULL);
	struct known known = { .arena = arena, .store = store };

	if (!hg_store_event_after(store, arena, replay->place, LIVE_PAGE, events, error))
		return FALSE;
	for (guint i = 0; i < events->len; i++) {
		const hg_event *event = g_ptr_array_index(events, i);
		struct live_about about;

		/* What is behind it is not safe on the disk yet: it is told live. */
		if (event->n > replay->upto_n) {
			replay->place = replay->upto_n;
			return TRUE;
		}
		if (replay->out->len >= LIVE_PAGE_BYTES)
			return TRUE;
		if (!about_of(replay, &known, event, &about, error))
			return FALSE;
		if (hg_live_wants(&replay->filter, replay->who, &about))
			put_event(replay, line, event);
		replay->place = event->n;
	}
	if (events->len < LIVE_PAGE)
		replay->place = replay->upto_n;
	return TRUE;
}

static gboolean put_reset(struct replay *replay, hg_store *store, hg_arena *arena, GError **error)
{
	static const char data[] = "{\"reason\":\"too-old\"}";
	hg_event *event = NULL;

	replay->place = replay->upto_n;
	if (!hg_store_event_get(store, arena, replay->upto_n, &event, error))
		return FALSE;
	hg_live_put_reset(replay->out, replay->follower->sse, event ? event->id : NULL, data);
	return TRUE;
}

static void replay_work(hg_store *store, void *arg)
{
	struct replay *replay = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();

	if (replay->upto_n - replay->place > LIVE_REPLAY_MAX)
		put_reset(replay, store, arena, &replay->error);
	else
		read_page(replay, store, arena, &replay->error);
}

static void replay_free(struct replay *replay)
{
	hg_principal_unref(replay->who);
	g_clear_error(&replay->error);
	g_string_free(replay->out, TRUE);
	g_free(replay);
}

static void replay_done(void *arg)
{
	struct replay *replay = arg;
	struct follower *follower = replay->follower;

	follower->reading = FALSE;
	if (!follower->stream) {
		hg_live_leave(follower);
	} else if (replay->error) {
		/* He comes again, from where he is: nothing is passed over. */
		hg_warn(NULL, "api.stream_failed", "%s", replay->error->message);
		hg_stream_finish(follower->stream);
		hg_live_leave(follower);
	} else {
		follower->place = replay->place;
		follower->filter.contact_n = replay->filter.contact_n;
		if (replay->out->len)
			hg_stream_write(follower->stream, replay->out->str, replay->out->len);
		hg_live_catch_up(follower);
	}
	replay_free(replay);
}

static void again(void *arg)
{
	struct follower *follower = arg;

	follower->waiting = FALSE;
	if (follower->stream)
		hg_live_catch_up(follower);
	else
		hg_live_leave(follower);
}

void hg_live_catch_up(struct follower *follower)
{
	struct hg_live *live = follower->live;
	struct replay *replay;

	/* What he has not taken yet is a page at most. */
	if (follower->reading || follower->waiting || follower->place >= live->seen_n ||
	    hg_stream_pending(follower->stream))
		return;
	replay = g_new0(struct replay, 1);
	*replay = (struct replay){ .follower = follower, .who = hg_principal_ref(follower->who), .filter = follower->filter,
		.place = follower->place, .upto_n = hg_live_newest(live), .out = g_string_new(NULL) };
	follower->reading = hg_readers_run(live->readers, replay_work, replay_done, replay, NULL);
	if (follower->reading)
		return;
	replay_free(replay);
	follower->waiting = TRUE;
	hg_loop_timer(live->loop, AGAIN_MS, again, follower);
}

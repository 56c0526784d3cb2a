/* live_begin.c - GET /v1/events/stream: from a request to a follower, and where he goes on */
#include <string.h>
#include "live.h"

struct beginning {
	struct follower like;		/* its strings are ours until a follower has them */
	gint64 now_n;			/* the place of now when it was read */
	char now_id[HG_ID_SIZE];	/* of that event; "": there is none yet */
	const char *reset;		/* why he cannot go on from where he was; NULL: he can */
};

static void beginning_free(void *arg)
{
	struct beginning *begin = arg;

	hg_principal_unref(begin->like.who);
	g_free((char *)begin->like.filter.contact_id);
	g_free((char *)begin->like.filter.channel);
	g_free((char *)begin->like.filter.rule);
	g_free(begin);
}

/* ---- what is asked: on a reader thread ---- */

static gboolean find_thread(struct call *call, hg_store *store, struct live_filter *filter)
{
	const char *id = hg_request_query(call->req, "thread");
	hg_thread *thread = NULL;

	if (!id)
		return TRUE;
	if (!hg_store_thread_by_id(store, call->arena, id, &thread, &call->error))
		return FALSE;
	if (!thread || !hg_may_channel(call, thread->channel))
		return hg_fail(&call->error, HG_ERROR_MISSING, "thread=%.40s: there is no such thread", id);
	filter->thread_n = thread->n;
	return TRUE;
}

/* Who became part of somebody is he. */
static gboolean find_contact(struct call *call, hg_store *store, struct live_filter *filter)
{
	const char *id = hg_request_query(call->req, "contact");
	hg_contact *contact = NULL;

	if (!id)
		return TRUE;
	if (!hg_store_contact_by_id(store, call->arena, id, &contact, &call->error))
		return FALSE;
	while (contact && contact->merged_into)
		if (!hg_store_contact_get(store, call->arena, contact->merged_into, &contact, &call->error))
			return FALSE;
	if (!contact)
		return hg_fail(&call->error, HG_ERROR_MISSING, "contact=%.40s: there is no such contact", id);
	filter->contact_n = contact->n;
	filter->contact_id = g_strdup(contact->id);
	return TRUE;
}

/* Since then, as far as it is not too much. */
static gboolean find_since(struct call *call, hg_store *store, struct beginning *begin, const char *since)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	gint64 since_ms;

	if (!hg_call_moment(call, "since", since, utc, &since_ms) ||
	    !hg_store_event_since(store, since_ms, &begin->like.place, &call->error))
		return FALSE;
	begin->like.place = MIN(begin->like.place, begin->now_n);
	return begin->now_n - begin->like.place <= LIVE_REPLAY_MAX ||
	       hg_fail(&call->error, HG_ERROR_LIMIT, "since=%.40s: that is more than %d events; read them from GET /v1/events, "
		       "or begin later", since, LIVE_REPLAY_MAX);
}

/* What a stream that broke had got last knows better than the address it was opened with (HTML, section 9.2). */
static gboolean find_place(struct call *call, hg_store *store, struct beginning *begin)
{
	const char *last = hg_request_header(call->req, "Last-Event-ID"), *since = hg_request_query(call->req, "since");
	const char *after = last && *last ? last : hg_request_query(call->req, "after");
	hg_event *event = NULL;

	begin->like.place = begin->now_n;
	if (!after)
		return !since || find_since(call, store, begin, since);
	if (!hg_store_event_by_id(store, call->arena, after, &event, &call->error))
		return FALSE;
	if (!event)
		begin->reset = "unknown";
	else if (begin->now_n - event->n > LIVE_REPLAY_MAX)
		begin->reset = "too-old";
	else
		begin->like.place = event->n;
	return TRUE;
}

static void begin_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	struct beginning *begin = call->extra;
	hg_event *now = NULL;

	begin->now_n = hg_live_newest(call->api->live);
	if (!hg_store_event_get(store, call->arena, begin->now_n, &now, &call->error))
		return;
	g_strlcpy(begin->now_id, now ? now->id : "", sizeof begin->now_id);
	if (find_thread(call, store, &begin->like.filter) && find_contact(call, store, &begin->like.filter))
		find_place(call, store, begin);
}

/* ---- on the loop ---- */

void hg_live_put_reset(GString *out, gboolean sse, const char *id, const char *data)
{
	g_autoptr(GString) line = g_string_new(NULL);

	if (sse) {
		hg_live_put(out, TRUE, id, "reset", data, strlen(data));
		return;
	}
	hg_json_open(line, '{');
	hg_json_opt_str(line, "id", id);
	hg_json_add_str(line, "type", "reset");
	hg_json_add_raw(line, "data", data);
	hg_json_close(line, '}');
	hg_live_put(out, FALSE, NULL, NULL, line->str, line->len);
}

static gboolean has_room(struct call *call)
{
	const struct hg_live *live = call->api->live;
	guint his = 0;

	if (live->followers->len >= LIVE_FOLLOWERS_MAX)
		return hg_fail(&call->error, HG_ERROR_BUSY, "%d streams are followed already", LIVE_FOLLOWERS_MAX);
	for (guint i = 0; i < live->followers->len; i++)
		his += g_strcmp0(((const struct follower *)g_ptr_array_index(live->followers, i))->who->name, call->principal) == 0;
	if (his < LIVE_OF_ONE_MAX)
		return TRUE;
	call->status = 429;
	call->problem = "too-many";
	return hg_fail(&call->error, HG_ERROR_BUSY, "%s follows %d streams already; end one of them", call->principal,
		       LIVE_OF_ONE_MAX);
}

/* An event stream begins with an id, so that whoever loses it before the first event misses nothing either. */
static void say_hello(const struct follower *follower, const struct beginning *begin)
{
	g_autoptr(GString) out = g_string_new(follower->sse ? "retry: 2000\n" : "\n");

	if (follower->sse && *begin->now_id && !begin->reset && follower->place == begin->now_n)
		g_string_append_printf(out, "id: %s\n", begin->now_id);
	if (follower->sse)
		g_string_append(out, ":\n\n");
	if (begin->reset) {
		g_autofree char *data = g_strdup_printf("{\"reason\":\"%s\"}", begin->reset);

		hg_live_put_reset(out, follower->sse, *begin->now_id ? begin->now_id : NULL, data);
	}
	hg_stream_write(follower->stream, out->str, out->len);
}

static void begin_done(void *arg)
{
	struct call *call = arg;
	struct beginning *begin = call->extra;
	struct follower *follower;

	if (!call->error && has_room(call)) {
		follower = hg_live_enter(call->api->live, g_steal_pointer(&call->req), &begin->like);
		begin->like = (struct follower){ .place = begin->like.place };	/* its strings are the follower's now */
		say_hello(follower, begin);
		hg_live_catch_up(follower);
	}
	hg_call_finish(call);
}

void hg_live_follow(struct call *call)
{
	struct beginning *begin = g_new0(struct beginning, 1);
	const char *accept = hg_request_header(call->req, "Accept");

	begin->like.who = hg_principal_ref(call->who);
	begin->like.sse = accept && strstr(accept, "text/event-stream");
	begin->like.filter.channel = g_strdup(hg_request_query(call->req, "channel"));
	begin->like.filter.rule = g_strdup(hg_request_query(call->req, "rule"));
	call->extra = begin;
	call->extra_free = beginning_free;
	if (!hg_call_shadow(call, &begin->like.filter.shadow) ||
	    !hg_readers_run(call->api->readers, begin_work, begin_done, call, &call->error))
		hg_call_finish(call);
}

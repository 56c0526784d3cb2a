/* channel.c - channels: how they are, paused and let go on, and looked at */
#include <string.h>
#include "call.h"
#include "standing.h"

#define REASON_MAX 500

/* ---- how they are: what the parts say, then what the store knows ---- */

struct shown {
	const char *name;
	GString *parts;			/* ours: members, as the running parts said them */
};

static void shown_free(void *arg)
{
	struct shown *shown = arg;

	g_string_free(shown->parts, TRUE);
	g_free(shown);
}

static void shown_list_free(void *arg)
{
	g_ptr_array_unref(arg);
}

/* All targets of a channel together; what waits is what goes out to its people. */
struct queue { gint64 waiting, sending, unknown, parked, dead, oldest_ms; };

static gboolean is_of_channel(int target)
{
	return target == HG_TO_CHANNEL || target == HG_TO_FETCH || target == HG_TO_UNPACK || target == HG_TO_SETTLE;
}

static struct queue queue_of(const GPtrArray *counts, const char *name)
{
	struct queue queue = { 0 };

	for (guint i = 0; i < counts->len; i++) {
		const struct hg_job_count *count = g_ptr_array_index(counts, i);

		if (!is_of_channel(count->target) || strcmp(count->name, name) != 0)
			continue;
		queue.dead += count->dead;
		if (count->target != HG_TO_CHANNEL)
			continue;
		queue.waiting = count->waiting;
		queue.sending = count->sending;
		queue.unknown = count->unknown;
		queue.parked = count->parked;
		queue.oldest_ms = count->oldest_ms;
	}
	return queue;
}

static void write_queue(GString *out, const struct queue *queue)
{
	hg_json_key(out, "queue");
	hg_json_open(out, '{');
	hg_json_add_int(out, "waiting", queue->waiting);
	hg_json_add_int(out, "sending", queue->sending);
	hg_json_add_int(out, "unknown", queue->unknown);
	hg_json_add_int(out, "parked", queue->parked);
	hg_json_add_time(out, "oldest", queue->oldest_ms);
	hg_json_close(out, '}');
	hg_json_add_int(out, "dead_letters", queue->dead);
}

static gboolean write_channel(struct call *call, hg_store *store, const struct shown *shown, const GPtrArray *counts)
{
	struct queue queue = queue_of(counts, shown->name);
	hg_standing *pause;

	if (!hg_store_standing_get(store, call->arena, HG_STANDING_PAUSE, shown->name, &pause, &call->error))
		return FALSE;
	hg_json_open(call->out, '{');
	g_string_append(call->out, shown->parts->str);
	hg_json_key(call->out, "paused");
	hg_pause_write(pause, call->out);
	write_queue(call->out, &queue);
	hg_json_close(call->out, '}');
	return TRUE;
}

static void show_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	const GPtrArray *list = call->extra;
	g_autoptr(GPtrArray) counts = g_ptr_array_new();
	gboolean all = !call->param[0];

	if (!hg_store_job_counts(store, call->arena, counts, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, all ? "channels" : "channel");
	if (all)
		hg_json_open(call->out, '[');
	for (guint i = 0; i < list->len; i++)
		if (!write_channel(call, store, g_ptr_array_index(list, i), counts))
			return;
	if (all)
		hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

static gboolean add_shown(struct call *call, GPtrArray *list, const char *name)
{
	struct shown *shown = g_new0(struct shown, 1);

	shown->name = hg_arena_str(call->arena, name);
	shown->parts = g_string_new(NULL);
	if (!call->api->ports.channel(call->api->ports.ctx, name, shown->parts)) {
		shown_free(shown);
		return FALSE;
	}
	g_ptr_array_add(list, shown);
	return TRUE;
}

static GPtrArray *begin_list(struct call *call)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(shown_free);

	call->extra = list;
	call->extra_free = shown_list_free;
	return list;
}

static void read_on(struct call *call)
{
	if (call->error || !hg_readers_run(call->api->readers, show_work, hg_call_finish, call, &call->error))
		hg_call_finish(call);
}

void hg_channel_list(struct call *call)
{
	GPtrArray *list = begin_list(call);

	for (guint i = 0; i < call->conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(call->conf->channels, i);

		if (hg_may_channel(call, channel->name))
			add_shown(call, list, channel->name);
	}
	read_on(call);
}

void hg_channel_show(struct call *call)
{
	if (!add_shown(call, begin_list(call), call->param[0]))
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", call->param[0]);
	read_on(call);
}

/* ---- paused, and on again ---- */

static gboolean take_pause(struct call *call, hg_command *command, gboolean end)
{
	static const struct call_member known[] = { { "reason", CALL_TEXT, REASON_MAX }, { "agent", CALL_TEXT, 200 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	command->channel = hg_arena_str(command->arena, call->param[0]);
	command->text = hg_arena_str(command->arena, hg_json_str(body, "reason"));
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	command->remove = end;
	return TRUE;
}

gboolean hg_write_pause(struct call *call, hg_command *command)
{
	return take_pause(call, command, FALSE);
}

gboolean hg_write_resume(struct call *call, hg_command *command)
{
	return take_pause(call, command, TRUE);
}

void hg_channel_held(struct call *call)
{
	call->api->ports.hold(call->api->ports.ctx);
}

/* ---- probed ---- */

void hg_channel_probe_call(struct call *call)
{
	static const struct call_member known[] = { { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (body && call->api->ports.probe(call->api->ports.ctx, call->param[0], call->out, hg_call_finish, call, &call->error))
		return;
	hg_call_finish(call);
}

/* ---- what would have left ---- */

void hg_captured_list(struct call *call)
{
	guint limit = (guint)hg_call_number(call, "limit", 1, 1000, 100);

	if (!call->error)
		call->api->ports.captured(call->api->ports.ctx, 0, limit, call->out);
	hg_call_finish(call);
}

void hg_captured_show(struct call *call)
{
	gint64 n = 0;

	if (!g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &n, NULL) ||
	    !call->api->ports.captured(call->api->ports.ctx, n, 0, call->out))
		hg_fail(&call->error, HG_ERROR_MISSING, "nothing is kept under \"%.20s\": GET /v1/captured lists the newest",
			call->param[0]);
	hg_call_finish(call);
}

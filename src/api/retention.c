/* retention.c - GET /v1/retention: how long what is kept, and what is due */
#include "call.h"
#include "people.h"
#include "text.h"

static void write_spans(const struct hg_retention_conf *conf, GString *out)
{
	char span[HG_SPAN_SIZE];

	hg_json_open(out, '{');
	for (int i = 0; i < HG_RETAINED_N; i++)
		hg_json_add_str(out, hg_retained_word(i), hg_retained_ms(conf, i) ? hg_span(hg_retained_ms(conf, i), span) : NULL);
	hg_json_close(out, '}');
}

static gboolean write_due(struct call *call, hg_store *store, const struct hg_channel_conf *channel)
{
	gint64 now_ms = hg_now(hg_loop_env(call->api->loop)), threads, messages;

	hg_json_key(call->out, "due");
	hg_json_open(call->out, '{');
	for (int i = 0; i < HG_RETAINED_N; i++) {
		gint64 keep_ms = hg_retained_ms(&channel->retention, i);

		if (!keep_ms)
			continue;
		if (!hg_store_retain_count(store, channel->name, now_ms - keep_ms, 1 << i, &threads, &messages, &call->error))
			return FALSE;
		hg_json_key(call->out, hg_retained_word(i));
		hg_json_open(call->out, '{');
		hg_json_add_int(call->out, "threads", threads);
		hg_json_add_int(call->out, "messages", messages);
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, '}');
	return TRUE;
}

static gboolean write_channel(struct call *call, hg_store *store, const struct hg_channel_conf *channel, gboolean due)
{
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "channel", channel->name);
	hg_json_key(call->out, "keep");
	write_spans(&channel->retention, call->out);
	if (due && !write_due(call, store, channel))
		return FALSE;
	hg_json_close(call->out, '}');
	return TRUE;
}

void hg_read_retention(struct call *call, hg_store *store)
{
	gboolean due = g_strcmp0(hg_request_query(call->req, "due"), "true") == 0;
	hg_timer *timer = NULL;
	gint64 at = 0;

	if (!hg_store_timer_get(store, call->arena, 0, "retention", &timer, &call->error) ||
	    !hg_store_counter_get(store, "retention:thread", 0, &at, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "keep");
	write_spans(&call->conf->retention, call->out);
	hg_json_add_bool(call->out, "under_way", at != 0);
	hg_json_add_time(call->out, "next_at", timer ? timer->due_ms : 0);
	hg_json_key(call->out, "channels");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < call->conf->channels->len; i++)
		if (!write_channel(call, store, g_ptr_array_index(call->conf->channels, i), due))
			return;
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

gboolean hg_write_retain(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, 200 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	return TRUE;
}

/* channel_ask.c - POST /v1/channels/NAME/ask: has a channel look for messages that did not come by themselves */
#include "call.h"

static gboolean read_since(struct call *call, struct json_object *body, gint64 *ret_ms)
{
	const char *since = hg_json_str(body, "since");
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

	*ret_ms = 0;
	return !since || hg_call_moment(call, "since", since, utc, ret_ms);
}

static void write_answer(struct call *call, gint64 since_ms)
{
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "channel", call->param[0]);
	hg_json_add_time(call->out, "since", since_ms);
	hg_json_close(call->out, '}');
}

void hg_channel_ask_call(struct call *call)
{
	static const struct call_member known[] = { { "since", CALL_TEXT, 40 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	gint64 since_ms;

	if (body && read_since(call, body, &since_ms) &&
	    call->api->ports.ask(call->api->ports.ctx, call->param[0], since_ms, &call->error))
		write_answer(call, since_ms);
	hg_call_finish(call);
}

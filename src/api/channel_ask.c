/* channel_ask.c - POST /v1/channels/NAME/ask: has a channel look for messages that did not come by themselves; /take: is
 * given one by hand, as its provider would have brought it */
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

/* ---- taken ---- */

static void on_taken(void *arg, int stored)
{
	struct call *call = arg;

	if (stored != HG_STORED) {
		hg_fail(&call->error, HG_ERROR_BUSY, "it could not be stored now: try again");
	} else {
		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "channel", call->param[0]);
		hg_json_add_bool(call->out, "stored", TRUE);
		hg_json_close(call->out, '}');
	}
	hg_call_finish(call);
}

void hg_channel_take_call(struct call *call)
{
	gsize len = 0;
	const char *bytes = hg_request_body(call->req, &len);

	if (!len)
		hg_fail(&call->error, HG_ERROR_INPUT, "the body is empty: send the mail's (the PDU's) bytes");
	else if (call->api->ports.take(call->api->ports.ctx, call->param[0], bytes, len, on_taken, call, &call->error))
		return;
	hg_call_finish(call);
}

/* console_link.c - POST /v1/console/links: a link that signs somebody in to the web console, once */
#include "call.h"

void hg_console_link_call(struct call *call)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, 100 }, { "role", CALL_TEXT, 20 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const struct hg_api_ports *ports = &call->api->ports;

	if (body) {
		hg_json_open(call->out, '{');
		if (ports->console(ports->ctx, hg_json_str(body, "name"), hg_json_str(body, "role"), call->out, &call->error))
			hg_json_close(call->out, '}');
	}
	hg_call_finish(call);
}

/* console_link.c - POST /v1/console/links: a link that signs somebody in to the web console, once */
#include "call.h"

static const char *facts_of(hg_arena *arena, struct json_object *body)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_opt_str(out, "name", hg_json_str(body, "name"));
	hg_json_opt_str(out, "role", hg_json_str(body, "role"));
	hg_json_close(out, '}');
	return hg_arena_mem(arena, out->str, out->len);
}

void hg_console_link_call(struct call *call)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, 100 }, { "role", CALL_TEXT, 20 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const struct hg_api_ports *ports = &call->api->ports;

	if (body) {
		call->facts = facts_of(call->arena, body);
		hg_json_open(call->out, '{');
		if (ports->console(ports->ctx, hg_json_str(body, "name"), hg_json_str(body, "role"), call->out, &call->error))
			hg_json_close(call->out, '}');
	}
	hg_call_finish(call);
}

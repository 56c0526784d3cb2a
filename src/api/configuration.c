/* configuration.c - what is in force (GET /v1/config), and reading it again (POST /v1/reload) */
#include "call.h"
#include "fail.h"

void hg_config_show(struct call *call)
{
	const char *defaults;

	if (hg_call_query(call)) {
		defaults = hg_request_query(call->req, "defaults");
		hg_json_open(call->out, '{');
		call->api->ports.config(call->api->ports.ctx, g_strcmp0(defaults, "true") == 0, call->out);
		hg_json_close(call->out, '}');
	}
	hg_call_finish(call);
}

static void reload_now(void *arg)
{
	struct call *call = arg;
	g_autoptr(GString) members = g_string_new("{");

	if (call->api->ports.reload(call->api->ports.ctx, members)) {
		g_autofree char *facts = g_strdup_printf("{\"config\":\"%s\"}", call->api->conf->hash);

		g_string_append_printf(call->out, "%s}", members->str);
		call->facts = hg_arena_str(call->arena, facts);
	} else {
		hg_fail(&call->error, HG_ERROR_CONFIG, "the configuration has errors; the old one stays in force");
		call->status = 409;
		call->problem = "configuration";
		call->more = members->len > 1 ? g_strdup(members->str + 1) : NULL;
	}
	hg_call_finish(call);
}

/* Not within the server's own call: it is one of the parts that take the new configuration over. */
void hg_config_reload(struct call *call)
{
	static const struct call_member known[] = { { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (body)
		hg_loop_post(call->api->loop, reload_now, call);
	else
		hg_call_finish(call);
}

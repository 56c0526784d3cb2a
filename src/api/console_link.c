/* console_link.c - POST /v1/console/links: a link that signs somebody in to the web console, once */
#include "call.h"

#include <string.h>

#include "text.h"

#define NAME_MAX_BYTES 64

static gboolean is_name(const char *name)
{
	gsize len = strlen(name);

	return len && len <= NAME_MAX_BYTES && hg_text_printable(name) && !strchr(name, ' ');
}

static const char *words_of(hg_arena *arena, guint32 scopes)
{
	g_autoptr(GString) words = g_string_new(NULL);

	for (guint i = 0; i < HG_SCOPES; i++)
		if (scopes & (1U << i))
			g_string_append_printf(words, "%s%s", words->len ? " " : "", hg_scope_word(1U << i));
	return hg_arena_str(arena, words->str);
}

gboolean hg_write_console_link(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, 100 }, { "role", CALL_TEXT, 20 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const struct hg_api_ports *ports = &call->api->ports;
	const char *name = body ? hg_json_str(body, "name") : NULL;
	g_autofree char *url = NULL;
	guint32 scopes;

	if (!body)
		return FALSE;
	scopes = hg_role_scopes(hg_json_str(body, "role") ?: "admin");
	if (!scopes)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"role\" is viewer, operator or admin");
	if (!name || !is_name(name))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"name\" says who it is for: up to %d bytes without blanks", NAME_MAX_BYTES);
	url = ports->console_url(ports->ctx, &call->error);
	if (!url)
		return FALSE;
	command->wish = (struct hg_token_wish){ .kind = HG_TOKEN_LINK, .name = hg_arena_str(command->arena, name),
						.scopes = words_of(command->arena, scopes) };
	command->idem_key = NULL;	/* the same answer again would be one without the secret */
	call->extra = hg_token_secret(call->api, "", command->wish.hash);
	call->extra_free = g_free;
	return TRUE;
}

/* The secret stands behind the '#', so that no server and no log sees it. */
void hg_console_link_made(struct call *call)
{
	const struct hg_api_ports *ports = &call->api->ports;
	const hg_token *made = call->made;
	g_auto(GStrv) words = g_strsplit(made->scopes, " ", -1);
	g_autofree char *base = ports->console_url(ports->ctx, NULL), *principal = g_strconcat("console:", made->name, NULL);
	g_autofree char *url = g_strdup_printf("%s/#login=%s", base ?: "", (const char *)call->extra);

	g_string_truncate(call->out, 0);
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "url", url);
	hg_json_add_str(call->out, "principal", principal);
	hg_json_add_str(call->out, "role", hg_role_of(hg_scopes_of_words((const char *const *)words)));
	hg_json_add_time(call->out, "expires_at", made->expires_ms);
	hg_json_close(call->out, '}');
}

/* write.c - bodies of writing calls into engine commands */
#include <string.h>
#include "call.h"
#include "text.h"

#define TEXT_MAX (64 * 1024)
#define FILES_MAX 10

static const char *copy(hg_command *command, struct json_object *body, const char *key)
{
	return hg_arena_str(command->arena, hg_json_str(body, key));
}

/* A member that must be text when it is there, and not longer than most bytes. */
static gboolean check_text(struct call *call, struct json_object *body, const char *key, gsize most)
{
	struct json_object *value;
	gsize len;

	if (!json_object_object_get_ex(body, key, &value) || !value)
		return TRUE;
	if (!json_object_is_type(value, json_type_string))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"%s\" must be text", key);
	len = (gsize)json_object_get_string_len(value);
	if (len > most)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "\"%s\" has %zu bytes, at most %zu fit", key, len, most);
	return TRUE;
}

static gboolean check_texts(struct call *call, struct json_object *body, const char *const *keys)
{
	for (; *keys; keys++)
		if (!check_text(call, body, *keys, TEXT_MAX))
			return FALSE;
	return TRUE;
}

/* An object member as its JSON text, or NULL. */
static const char *copy_json(hg_command *command, struct json_object *body, const char *key)
{
	struct json_object *value = hg_json_obj(body, key);

	return value ? hg_arena_str(command->arena, json_object_to_json_string_ext(value,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) : NULL;
}

static int file_kind(const char *type)
{
	if (type && g_str_has_prefix(type, "image/"))
		return strcmp(type, "image/webp") == 0 ? HG_STICKER : HG_IMAGE;
	if (type && g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return type && g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}

static gboolean read_file(struct call *call, struct json_object *entry, hg_command *command, struct hg_file *ret)
{
	const char *sha256 = hg_json_str(entry, "sha256");
	g_autofree char *path = sha256 ? hg_attachment_path(call->api->attachments, sha256) : NULL;

	if (!path || !g_file_test(path, G_FILE_TEST_IS_REGULAR))
		return hg_fail(&call->error, HG_ERROR_INPUT, "attachments: no uploaded file has the sha256 "
			       "\"%.64s\"; upload it with POST /v1/attachments first", sha256 ? sha256 : "");
	if (!check_text(call, entry, "name", 255) || !check_text(call, entry, "type", 127))
		return FALSE;
	*ret = (struct hg_file){
		.size = sizeof *ret, .sha256 = hg_arena_str(command->arena, sha256),
		.path = hg_arena_str(command->arena, path), .name = copy(command, entry, "name"),
		.type = copy(command, entry, "type"), .bytes = hg_json_int(entry, "bytes", -1),
	};
	ret->kind = file_kind(ret->type);
	return TRUE;
}

static gboolean read_files(struct call *call, struct json_object *body, hg_command *command)
{
	struct json_object *list = hg_json_arr(body, "attachments");
	gsize n = list ? json_object_array_length(list) : 0;
	struct hg_file *files;

	if (n > FILES_MAX)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "%zu attachments, at most %d fit", n, FILES_MAX);
	files = hg_arena_alloc(command->arena, (n + 1) * sizeof *files);
	for (gsize i = 0; i < n; i++)
		if (!read_file(call, json_object_array_get_idx(list, i), command, &files[i]))
			return FALSE;
	command->reply.files = files;
	command->reply.n_files = n;
	return TRUE;
}

static gboolean read_kind(struct call *call, struct json_object *body, int *ret_kind)
{
	static const struct { const char *word; int kind; } kinds[] = {
		{ "text", HG_TEXT }, { "reaction", HG_REACTION }, { "edit", HG_EDIT }, { "revoke", HG_REVOKE } };
	const char *word = hg_json_str(body, "kind");

	*ret_kind = HG_TEXT;
	for (guint i = 0; word && i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(word, kinds[i].word) == 0) {
			*ret_kind = kinds[i].kind;
			return TRUE;
		}
	return !word || hg_fail(&call->error, HG_ERROR_INPUT, "\"kind\" is text, reaction, edit or revoke");
}

gboolean hg_write_reply(struct call *call, hg_command *command)
{
	static const char *const known[] = { "text", "html", "template", "payload", "attachments", "channel",
		"to", "agent", "bot", "answers", "kind", NULL };
	static const char *const texts[] = { "text", "html", "channel", "to", "agent", "answers", "kind", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct hg_reply *reply = &command->reply;

	if (!body || !check_texts(call, body, texts) || !read_kind(call, body, &reply->kind) ||
	    !read_files(call, body, command))
		return FALSE;
	reply->thread_id = command->thread_id = hg_arena_str(command->arena, call->param[0]);
	reply->text = copy(command, body, "text");
	reply->html = copy(command, body, "html");
	reply->template_json = copy_json(command, body, "template");
	reply->payload = copy_json(command, body, "payload");
	reply->channel = copy(command, body, "channel");
	reply->to = copy(command, body, "to");
	reply->agent = copy(command, body, "agent");
	reply->answers_id = copy(command, body, "answers");
	reply->bot = hg_json_bool(body, "bot", FALSE);
	if (reply->kind == HG_TEXT && !(reply->text && *reply->text) && !reply->template_json &&
	    !reply->payload && !reply->n_files)
		return hg_fail(&call->error, HG_ERROR_INPUT, "the reply is empty: give \"text\", "
			       "\"attachments\", \"template\" or \"payload\"");
	return TRUE;
}

gboolean hg_write_note(struct call *call, hg_command *command)
{
	static const char *const known[] = { "text", "agent", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !check_texts(call, body, known))
		return FALSE;
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->text = copy(command, body, "text");
	command->agent = copy(command, body, "agent");
	if (!command->text || !*command->text)
		return hg_fail(&call->error, HG_ERROR_INPUT, "the note is empty: give \"text\"");
	return TRUE;
}

gboolean hg_write_convert(struct call *call, hg_command *command)
{
	static const char *const known[] = { "agent", "priority", "category", "subject", "reason", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !check_texts(call, body, known))
		return FALSE;
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->agent = copy(command, body, "agent");
	command->priority = copy(command, body, "priority");
	command->category = copy(command, body, "category");
	command->subject = copy(command, body, "subject");
	command->text = copy(command, body, "reason");
	return TRUE;
}

gboolean hg_write_close(struct call *call, hg_command *command)
{
	static const char *const known[] = { "resolution", "agent", "reason", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *word;

	if (!body || !check_texts(call, body, known))
		return FALSE;
	word = hg_json_str(body, "resolution");
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->agent = copy(command, body, "agent");
	command->text = copy(command, body, "reason");
	command->resolution = HG_RES_UNKNOWN;
	for (int res = HG_RES_UNKNOWN; word && res <= HG_RES_UNRESOLVED; res++)
		if (strcmp(word, hg_resolution_word(res)) == 0) {
			command->resolution = res;
			return TRUE;
		}
	return !word || hg_fail(&call->error, HG_ERROR_INPUT, "\"resolution\" is resolved, unresolved or unknown");
}

gboolean hg_write_reopen(struct call *call, hg_command *command)
{
	static const char *const known[] = { "agent", "reason", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !check_texts(call, body, known))
		return FALSE;
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->agent = copy(command, body, "agent");
	command->text = copy(command, body, "reason");
	return TRUE;
}

/* The backend a link or status is of: named, or the only one there is. */
static gboolean take_backend(struct call *call, struct json_object *body, hg_command *command)
{
	const GPtrArray *backends = call->conf->backends;
	const char *name = hg_json_str(body, "backend");

	if (!name && backends->len == 1)
		name = ((const struct hg_backend_conf *)g_ptr_array_index(backends, 0))->name;
	if (!name)
		return hg_fail(&call->error, HG_ERROR_INPUT, "there are %u backends: say which with \"backend\"",
			       backends->len);
	if (!hg_conf_backend(call->conf, name))
		return hg_fail(&call->error, HG_ERROR_INPUT, "there is no backend \"%.40s\"", name);
	command->backend = hg_arena_str(command->arena, name);
	return TRUE;
}

gboolean hg_write_link(struct call *call, hg_command *command)
{
	static const char *const known[] = { "backend", "id", "number", "url", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !check_texts(call, body, known) || !take_backend(call, body, command))
		return FALSE;
	command->ticket_ref = hg_arena_str(command->arena, call->param[0]);
	command->external_id = copy(command, body, "id");
	command->number = copy(command, body, "number");
	command->url = copy(command, body, "url");
	if (!command->external_id || !*command->external_id)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"id\" is missing: the ticket's id in the helpdesk");
	if (command->url && !g_str_has_prefix(command->url, "https://") && !g_str_has_prefix(command->url, "http://"))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"url\" must begin with https:// or http://");
	return TRUE;
}

gboolean hg_write_status(struct call *call, hg_command *command)
{
	static const char *const known[] = { "backend", "status", "agent", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !check_texts(call, body, known) || !take_backend(call, body, command))
		return FALSE;
	command->ticket_ref = hg_arena_str(command->arena, call->param[0]);
	command->text = copy(command, body, "status");
	command->agent = copy(command, body, "agent");
	if (!command->text || !*command->text)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"status\" is missing: new, open, pending, solved or closed");
	return TRUE;
}

static gboolean take_job(struct call *call, hg_command *command)
{
	return g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &command->job_n, NULL) ||
	       hg_fail(&call->error, HG_ERROR_MISSING, "\"%.20s\" is no outbox number; GET /v1/outbox lists them",
		       call->param[0]);
}

gboolean hg_write_retry(struct call *call, hg_command *command)
{
	return take_job(call, command);
}

gboolean hg_write_settle(struct call *call, hg_command *command)
{
	static const char *const known[] = { "how", "agent", NULL };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *how;

	if (!body || !check_texts(call, body, known) || !take_job(call, command))
		return FALSE;
	how = hg_json_str(body, "how");
	if (!how || (strcmp(how, "arrived") != 0 && strcmp(how, "resend") != 0))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"how\" is arrived or resend");
	command->text = hg_arena_str(command->arena, how);
	command->agent = copy(command, body, "agent");
	return TRUE;
}

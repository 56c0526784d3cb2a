/* write.c - bodies of writing calls into engine commands */
#include <string.h>
#include "call.h"
#include "file_answer.h"

#define TEXT_MAX (64 * 1024)
#define WORD_MAX 200			/* names of people, channels, categories */
#define ID_MAX 255
#define EMAIL_MAX 254			/* RFC 5321, section 4.5.3.1.3 */
#define URL_MAX 2048
#define SUBJECT_MAX 1000
#define FILES_MAX 10

static const char *copy(hg_command *command, struct json_object *body, const char *key)
{
	return hg_arena_str(command->arena, hg_json_str(body, key));
}

/* An object member as its JSON text, or NULL. */
static const char *copy_json(hg_command *command, struct json_object *body, const char *key)
{
	struct json_object *value = hg_json_obj(body, key);

	return value ? hg_arena_str(command->arena, json_object_to_json_string_ext(value,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) : NULL;
}

static void take_thread(struct call *call, hg_command *command, struct json_object *body)
{
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->agent = copy(command, body, "agent");
}

/* ---- replies ---- */

static gboolean read_file(struct call *call, struct json_object *entry, const char *key, guint number, hg_command *command,
			  struct hg_file *ret)
{
	static const struct call_member known[] = { { "sha256", CALL_TEXT, 64 }, { "name", CALL_TEXT, ID_MAX },
		{ "type", CALL_TEXT, 127 }, { "bytes", CALL_NUMBER, 0 }, { 0 } };
	g_autofree char *where = g_strdup_printf("%s[%u]", key, number), *path = NULL;
	const char *sha256;

	if (!hg_call_check(call, entry, where, known))
		return FALSE;
	sha256 = hg_json_str(entry, "sha256");
	path = sha256 ? hg_attachment_path(call->api->attachments, sha256) : NULL;
	if (!path)
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"sha256\" is missing or no hash: POST "
			       "/v1/attachments answers it", where);
	*ret = (struct hg_file){
		.size = sizeof *ret, .sha256 = hg_arena_str(command->arena, sha256),
		.path = hg_arena_str(command->arena, path), .name = copy(command, entry, "name"),
		.type = copy(command, entry, "type"),
	};
	/* What WhatsApp sends as a sticker. */
	ret->kind = g_strcmp0(ret->type, "image/webp") == 0 ? HG_STICKER : hg_file_kind(ret->type);
	return TRUE;
}

/* key: of the list in the body. */
static gboolean read_files(struct call *call, struct json_object *body, const char *key, hg_command *command)
{
	struct json_object *list = hg_json_arr(body, key);
	gsize n = list ? json_object_array_length(list) : 0;
	struct hg_file *files;

	if (n > FILES_MAX)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "%zu %s, at most %d fit", n, key, FILES_MAX);
	files = hg_arena_alloc(command->arena, (n + 1) * sizeof *files);
	for (gsize i = 0; i < n; i++)
		if (!read_file(call, json_object_array_get_idx(list, i), key, (guint)i, command, &files[i]))
			return FALSE;
	command->reply.files = files;
	command->reply.n_files = n;
	return TRUE;
}

void hg_write_find_files(struct call *call)
{
	const struct hg_reply *reply = &call->command->reply;
	struct hg_file *files = (struct hg_file *)reply->files;

	for (gsize i = 0; i < reply->n_files; i++) {
		if (!hg_attachment_size(call->api->attachments, files[i].sha256, &files[i].bytes, &call->error))
			return;
		if (files[i].bytes < 0) {
			hg_fail(&call->error, HG_ERROR_INPUT, "file %zu: no file with the sha256 %s was "
				"uploaded; POST /v1/attachments first", i + 1, files[i].sha256);
			return;
		}
	}
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

static void take_content(hg_command *command, struct json_object *body)
{
	struct hg_reply *reply = &command->reply;

	reply->thread_id = command->thread_id;
	reply->agent = command->agent;
	reply->text = copy(command, body, "text");
	reply->html = copy(command, body, "html");
	reply->template_json = copy_json(command, body, "template");
	reply->payload = copy_json(command, body, "payload");
	reply->channel = copy(command, body, "channel");
	reply->to = copy(command, body, "to");
	reply->answers_id = copy(command, body, "answers");
	reply->bot = hg_json_bool(body, "bot", FALSE);
}

static gboolean says_something(struct call *call, const struct hg_reply *reply, const char *what, const char *files)
{
	return (reply->text && *reply->text) || reply->template_json || reply->payload || reply->n_files ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "the %s is empty: give \"text\", \"%s\", \"template\" or \"payload\"", what,
		       files);
}

gboolean hg_write_reply(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "text", CALL_TEXT, TEXT_MAX }, { "html", CALL_TEXT, TEXT_MAX },
		{ "template", CALL_OBJECT, 0 }, { "payload", CALL_OBJECT, 0 }, { "attachments", CALL_LIST, 0 },
		{ "channel", CALL_TEXT, WORD_MAX }, { "to", CALL_TEXT, ID_MAX }, { "agent", CALL_TEXT, WORD_MAX },
		{ "bot", CALL_BOOL, 0 }, { "answers", CALL_TEXT, ID_MAX }, { "kind", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct hg_reply *reply = &command->reply;

	if (!body || !read_kind(call, body, &reply->kind) || !read_files(call, body, "attachments", command))
		return FALSE;
	take_thread(call, command, body);
	take_content(command, body);
	return reply->kind != HG_TEXT || says_something(call, reply, "reply", "attachments");
}

/* Nothing is done that might be done twice: a key is of no use, and is not kept. */
gboolean hg_write_preview(struct call *call, hg_command *command)
{
	command->idem_key = NULL;
	return hg_write_reply(call, command);
}

/* ---- a conversation that we begin ---- */

gboolean hg_write_start(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "channel", CALL_TEXT, WORD_MAX }, { "to", CALL_TEXT, ID_MAX },
		{ "contact", CALL_TEXT, ID_MAX }, { "text", CALL_TEXT, TEXT_MAX }, { "html", CALL_TEXT, TEXT_MAX },
		{ "subject", CALL_TEXT, SUBJECT_MAX }, { "template", CALL_OBJECT, 0 }, { "payload", CALL_OBJECT, 0 },
		{ "files", CALL_LIST, 0 }, { "ticket", CALL_BOOL, 0 }, { "tags", CALL_LIST, 0 },
		{ "agent", CALL_TEXT, WORD_MAX }, { "bot", CALL_BOOL, 0 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct hg_reply *reply = &command->reply;

	if (!body || !read_files(call, body, "files", command) || !hg_write_tags(call, command, body, "tags", &command->add_tags))
		return FALSE;
	command->agent = copy(command, body, "agent");
	take_content(command, body);
	reply->kind = HG_TEXT;
	command->channel = reply->channel;
	command->text = copy(command, body, "contact");
	command->subject = copy(command, body, "subject");
	command->ticket = hg_json_bool(body, "ticket", FALSE);
	if (!command->channel || !reply->to)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"channel\" and \"to\" say where it goes: a channel of GET /v1/channels, "
			       "and a number with its country, a mail address, or an address as a thread shows it");
	return says_something(call, reply, "message", "files");
}

gboolean hg_write_start_preview(struct call *call, hg_command *command)
{
	command->idem_key = NULL;
	return hg_write_start(call, command);
}

void hg_write_started(struct call *call)
{
	g_autoptr(json_object) answer = hg_json_parse(call->out->str, call->out->len, NULL, NULL);
	const char *id = hg_json_str(answer, "thread_id");
	g_autofree char *header = id ? g_strconcat("Location: /v1/threads/", id, NULL) : NULL;

	call->header = hg_arena_str(call->arena, header);
	if (hg_json_bool(answer, "joined", FALSE))
		call->status = 200;
}

/* ---- notes, conversion, closing ---- */

gboolean hg_write_note(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "text", CALL_TEXT, TEXT_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_thread(call, command, body);
	command->text = copy(command, body, "text");
	return (command->text && *command->text) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "the note is empty: give \"text\"");
}

gboolean hg_write_convert(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX },
		{ "priority", CALL_TEXT, WORD_MAX }, { "category", CALL_TEXT, WORD_MAX },
		{ "type", CALL_TEXT, WORD_MAX }, { "queue", CALL_TEXT, WORD_MAX }, { "status", CALL_TEXT, WORD_MAX },
		{ "assignee", CALL_TEXT, WORD_MAX }, { "skill", CALL_TEXT, WORD_MAX },
		{ "subject", CALL_TEXT, SUBJECT_MAX }, { "requester", CALL_TEXT, EMAIL_MAX },
		{ "reason", CALL_TEXT, SUBJECT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_thread(call, command, body);
	command->type = copy(command, body, "type");
	command->queue = copy(command, body, "queue");
	command->skill = copy(command, body, "skill");
	command->status = copy(command, body, "status");
	command->assignee = copy(command, body, "assignee");
	command->priority = copy(command, body, "priority");
	command->category = copy(command, body, "category");
	command->subject = copy(command, body, "subject");
	command->text = copy(command, body, "reason");
	command->external_id = copy(command, body, "requester");	/* as the agent knows it; the engine reads it */
	return TRUE;
}

static gboolean read_resolution(struct call *call, struct json_object *body, int *ret)
{
	const char *word = hg_json_str(body, "resolution");

	*ret = HG_RES_UNKNOWN;
	for (int res = HG_RES_UNKNOWN; word && res <= HG_RES_UNRESOLVED; res++)
		if (strcmp(word, hg_resolution_word(res)) == 0) {
			*ret = res;
			return TRUE;
		}
	return !word || hg_fail(&call->error, HG_ERROR_INPUT, "\"resolution\" is resolved, unresolved or unknown");
}

gboolean hg_write_close(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "resolution", CALL_TEXT, WORD_MAX }, { "ask", CALL_BOOL, 0 },
		{ "agent", CALL_TEXT, WORD_MAX }, { "reason", CALL_TEXT, SUBJECT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !read_resolution(call, body, &command->resolution))
		return FALSE;
	take_thread(call, command, body);
	command->text = copy(command, body, "reason");
	command->ask = hg_json_bool(body, "ask", FALSE);
	return !command->ask || command->resolution != HG_RES_UNRESOLVED ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"ask\" asks whether it is resolved: leave \"resolution\" out");
}

gboolean hg_write_join(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "into", CALL_TEXT, WORD_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_thread(call, command, body);
	command->into = copy(command, body, "into");
	return command->into || hg_fail(&call->error, HG_ERROR_INPUT, "\"into\" is missing: the id of the conversation whose ticket "
					"takes it");
}

gboolean hg_write_reopen(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX },
		{ "reason", CALL_TEXT, SUBJECT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_thread(call, command, body);
	command->text = copy(command, body, "reason");
	return TRUE;
}

gboolean hg_write_restore(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (body)
		take_thread(call, command, body);
	return body != NULL;
}

/* ---- what is noise ---- */

gboolean hg_write_noise(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	command->text = hg_arena_str(command->arena, call->param[0]);
	command->agent = copy(command, body, "agent");
	return TRUE;
}

gboolean hg_write_no_noise(struct call *call, hg_command *command)
{
	command->remove = TRUE;
	return hg_write_noise(call, command);
}

/* ---- the helpdesk's side of a ticket ---- */

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
	command->ticket_ref = hg_arena_str(command->arena, call->param[0]);
	return TRUE;
}

static gboolean is_web_url(const char *url)
{
	return g_ascii_strncasecmp(url, "https://", 8) == 0 || g_ascii_strncasecmp(url, "http://", 7) == 0;
}

gboolean hg_call_link(struct call *call, struct json_object *body, hg_command *command)
{
	if (!take_backend(call, body, command))
		return FALSE;
	command->external_id = copy(command, body, "id");
	command->number = copy(command, body, "number");
	command->url = copy(command, body, "url");
	if (!command->external_id || !*command->external_id)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"id\" is missing: the ticket's id in the helpdesk");
	return !command->url || is_web_url(command->url) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"url\" must begin with https:// or http://");
}

gboolean hg_write_link(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "backend", CALL_TEXT, WORD_MAX }, { "id", CALL_TEXT, ID_MAX },
		{ "number", CALL_TEXT, ID_MAX }, { "url", CALL_TEXT, URL_MAX }, { "instead_of", CALL_TEXT, ID_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !hg_call_link(call, body, command))
		return FALSE;
	command->text = copy(command, body, "instead_of");
	return TRUE;
}

gboolean hg_write_status(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "backend", CALL_TEXT, WORD_MAX },
		{ "status", CALL_TEXT, WORD_MAX }, { "assignee", CALL_TEXT, WORD_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !take_backend(call, body, command))
		return FALSE;
	command->text = copy(command, body, "status");
	command->assignee = copy(command, body, "assignee");
	command->agent = copy(command, body, "agent");
	return (command->text ? *command->text != '\0' : command->assignee != NULL) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"status\" is missing: new, open, pending, solved or closed; or "
		       "an \"assignee\"");
}

/* ---- the outbox ---- */

static gboolean take_job(struct call *call, hg_command *command)
{
	return g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &command->job_n, NULL) ||
	       hg_fail(&call->error, HG_ERROR_MISSING, "\"%.20s\" is no outbox number; GET /v1/outbox lists them",
		       call->param[0]);
}

gboolean hg_write_retry(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	return body && take_job(call, command);
}

gboolean hg_write_settle(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "how", CALL_TEXT, WORD_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *how;

	if (!body || !take_job(call, command))
		return FALSE;
	how = hg_json_str(body, "how");
	if (!how || (strcmp(how, "arrived") != 0 && strcmp(how, "resend") != 0))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"how\" is arrived or resend");
	command->text = hg_arena_str(command->arena, how);
	command->agent = copy(command, body, "agent");
	return TRUE;
}

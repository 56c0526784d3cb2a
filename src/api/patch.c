/* patch.c - PATCH /v1/threads/ID: what a conversation is about, checked word by word */
#include <string.h>
#include "call.h"
#include "text.h"

#define WORD_MAX    200			/* of a queue, an agent's name */
#define SUBJECT_MAX 1000
#define TAG_MAX	    64			/* as in rules */
#define VALUE_MAX   1024
#define MANY	    100			/* tags or fields in one call */
#define ADDRESS_MAX 512

static gboolean check_tag(struct call *call, const char *where, struct json_object *value)
{
	const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;

	return (text && *text && strlen(text) <= TAG_MAX && hg_text_printable(text)) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"%s\": a tag is text of 1 to %d bytes without control characters",
		       where, TAG_MAX);
}

gboolean hg_write_tags(struct call *call, hg_command *command, struct json_object *body, const char *key,
		       const char *const **ret)
{
	struct json_object *list = hg_json_arr(body, key);
	gsize n = list ? json_object_array_length(list) : 0;
	const char **tags = hg_arena_alloc(command->arena, (n + 1) * sizeof(*tags));

	if (n > MANY)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "\"%s\": %zu tags, at most %d fit", key, n, MANY);
	for (gsize i = 0; i < n; i++) {
		struct json_object *value = json_object_array_get_idx(list, i);

		if (!check_tag(call, key, value))
			return FALSE;
		tags[i] = hg_arena_str(command->arena, json_object_get_string(value));
	}
	*ret = n ? tags : NULL;
	return TRUE;
}

static gboolean check_field(struct call *call, const char *name, struct json_object *value)
{
	enum json_type is = json_object_get_type(value);
	gsize len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-.");

	if (!len || len > TAG_MAX || name[len])
		return hg_fail(&call->error, HG_ERROR_INPUT, "fields: \"%.80s\" is no name of a field: small letters, "
			       "digits, '_', '-' and '.'", name);
	if (is == json_type_array || is == json_type_object)
		return hg_fail(&call->error, HG_ERROR_INPUT, "fields: \"%s\" must be text, a number, true or false, or null "
			       "to take it away", name);
	return !value || strlen(json_object_get_string(value)) <= VALUE_MAX ||
	       hg_fail(&call->error, HG_ERROR_LIMIT, "fields: \"%s\" has more than %d bytes", name, VALUE_MAX);
}

/* Names with their values one after the other, and names of those that go. */
static gboolean read_fields(struct call *call, hg_command *command, struct json_object *body)
{
	struct json_object *fields = hg_json_obj(body, "fields");
	gsize n = fields ? (gsize)json_object_object_length(fields) : 0, sets = 0, unsets = 0;
	const char **set = hg_arena_alloc(command->arena, (2 * n + 1) * sizeof(*set));
	const char **unset = hg_arena_alloc(command->arena, (n + 1) * sizeof(*unset));

	if (n > MANY)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "\"fields\": %zu fields, at most %d fit", n, MANY);
	if (!n)
		return TRUE;
	json_object_object_foreach(fields, name, value) {
		if (!check_field(call, name, value))
			return FALSE;
		if (!value) {
			unset[unsets++] = hg_arena_str(command->arena, name);
			continue;
		}
		set[sets++] = hg_arena_str(command->arena, name);
		set[sets++] = hg_arena_str(command->arena, json_object_get_string(value));
	}
	command->set_fields = sets ? set : NULL;
	command->unset_fields = unsets ? unset : NULL;
	return TRUE;
}

static gboolean says_something(const hg_command *command)
{
	return command->add_tags || command->remove_tags || command->set_fields || command->unset_fields ||
	       command->subject || command->queue || command->skill || command->assignee;
}

gboolean hg_write_patch(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "tags_add", CALL_LIST, 0 }, { "tags_remove", CALL_LIST, 0 },
		{ "fields", CALL_OBJECT, 0 }, { "subject", CALL_TEXT, SUBJECT_MAX }, { "queue", CALL_TEXT, WORD_MAX },
		{ "skill", CALL_TEXT, WORD_MAX }, { "assignee", CALL_TEXT, WORD_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	const struct { const char *key; const char **into; } texts[] = { { "subject", &command->subject },
		{ "queue", &command->queue }, { "skill", &command->skill }, { "assignee", &command->assignee },
		{ "agent", &command->agent } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !hg_write_tags(call, command, body, "tags_add", &command->add_tags) ||
	    !hg_write_tags(call, command, body, "tags_remove", &command->remove_tags) || !read_fields(call, command, body))
		return FALSE;
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i].into = hg_arena_str(command->arena, hg_json_str(body, texts[i].key));
	return says_something(command) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "nothing is to be changed: give \"tags_add\", \"tags_remove\", "
		       "\"fields\", \"subject\", \"queue\", \"skill\" or \"assignee\"");
}

/* ---- participants ---- */

/* "bo@example.com" is a mail's; anything else says what it is: "tel:+49...". */
static gboolean take_address(struct call *call, hg_command *command, const char *said)
{
	g_autofree char *uri = said && strchr(said, '@') && !strchr(said, ':') ? g_strconcat("mailto:", said, NULL) :
										g_strdup(said);

	if (!uri || !strchr(uri, ':') || strlen(uri) > ADDRESS_MAX || !hg_text_printable(uri) || strpbrk(uri, " \t"))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"address\" is bo@example.com, or a URI: mailto:bo@example.com");
	command->text = hg_arena_str(command->arena, uri);
	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	return TRUE;
}

gboolean hg_write_participant(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "address", CALL_TEXT, ADDRESS_MAX },
		{ "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !take_address(call, command, hg_json_str(body, "address")))
		return FALSE;
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	return TRUE;
}

gboolean hg_write_no_participant(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body || !take_address(call, command, call->param[1]))
		return FALSE;
	command->remove = TRUE;
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	return TRUE;
}

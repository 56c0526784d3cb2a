/* import_call.c - POST /v1/import: messages of other days and programs, as history */
#include <string.h>
#include "call.h"
#include "text.h"

#define MESSAGES_MAX 100
#define ID_MAX	     2000
#define WORD_MAX     200
#define ADDRESS_MAX  512
#define SUBJECT_MAX  1000

static const struct call_member item_members[] = {
	{ "id", CALL_TEXT, ID_MAX }, { "key", CALL_TEXT, ID_MAX }, { "at", CALL_TEXT, WORD_MAX }, { "direction", CALL_TEXT, WORD_MAX },
	{ "address", CALL_TEXT, ADDRESS_MAX }, { "our_address", CALL_TEXT, ADDRESS_MAX }, { "name", CALL_TEXT, WORD_MAX },
	{ "agent", CALL_TEXT, WORD_MAX }, { "subject", CALL_TEXT, SUBJECT_MAX }, { "text", CALL_TEXT, HG_TEXT_MAX },
	{ "thread", CALL_TEXT, ID_MAX }, { "sender", CALL_TEXT, WORD_MAX }, { "note", CALL_TEXT, WORD_MAX }, { 0 } };

/* "proven" (the default), "pass", "fail" or "none" of mail. */
static gboolean read_sender(struct call *call, const char *word, const char *where, struct hg_in *in, struct hg_address *from)
{
	static const struct { const char *word; int proof, sender; } words[] = {
		{ "proven", HG_PROVEN, HG_SENDER_NONE }, { "pass", HG_CLAIMED, HG_SENDER_PASS }, { "fail", HG_CLAIMED, HG_SENDER_FAIL },
		{ "none", HG_CLAIMED, HG_SENDER_NONE } };

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (!word || strcmp(word, words[i].word) == 0) {
			from->proof = words[i].proof;
			in->sender = words[i].sender;
			return TRUE;
		}
	return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"sender\" is proven, pass, fail or none", where);
}

/* Lends its texts from the body. */
static gboolean read_item(struct call *call, struct json_object *item, const char *where, struct hg_in *in, struct hg_address *from)
{
	const char *direction = hg_json_str(item, "direction") ?: "in", *at = hg_json_str(item, "at");

	*in = (struct hg_in){ .size = sizeof(*in), .kind = HG_TEXT, .id = hg_json_str(item, "id"), .dedupe = hg_json_str(item, "key"),
		.echo = strcmp(direction, "out") == 0, .to = hg_json_str(item, "our_address"), .from = from, .n_from = 1,
		.username = hg_json_str(item, "agent"), .name = hg_json_str(item, "name"), .subject = hg_json_str(item, "subject"),
		.text = hg_json_str(item, "text"), .group = hg_json_str(item, "thread"), .note = hg_json_str(item, "note"),
		.sent_ms = at ? hg_time_parse(at) : 0 };
	from->uri = hg_json_str(item, "address");
	if (!from->uri || !strchr(from->uri, ':') || from->uri[0] == ':')
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"address\" is a URI as in a thread: mailto:ana@example.com", where);
	if (in->sent_ms <= 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"at\" is a time such as 2026-11-20T10:02:11Z", where);
	if (!in->echo && strcmp(direction, "in") != 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"direction\" is in or out", where);
	if (!in->text)
		return hg_fail(&call->error, HG_ERROR_INPUT, "%s: \"text\" is missing", where);
	return read_sender(call, hg_json_str(item, "sender"), where, in, from);
}

static gboolean read_items(struct call *call, hg_command *command, struct json_object *list)
{
	gsize n = json_object_array_length(list);
	g_autofree struct hg_in *in = g_new0(struct hg_in, n + 1);
	g_autofree struct hg_address *from = g_new0(struct hg_address, n + 1);

	for (gsize i = 0; i < n; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);
		g_autofree char *where = g_strdup_printf("messages[%zu]", i);

		if (!hg_call_check(call, item, where, item_members) || !read_item(call, item, where, &in[i], &from[i]))
			return FALSE;
	}
	return hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = in, .n_in = n,
		.in_size = sizeof(*in) }, &call->error);
}

gboolean hg_write_import(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "channel", CALL_TEXT, WORD_MAX }, { "dry_run", CALL_BOOL, 0 },
		{ "messages", CALL_LIST, 0 }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct json_object *list = hg_json_arr(body, "messages");

	if (!body)
		return FALSE;
	command->channel = hg_arena_str(command->arena, hg_json_str(body, "channel"));
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
	command->ask = hg_json_bool(body, "dry_run", FALSE);
	if (!command->channel || !hg_conf_channel(call->conf, command->channel))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"channel\" names no channel of the configuration");
	if (!list || !json_object_array_length(list) || json_object_array_length(list) > MESSAGES_MAX)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"messages\" is a list of 1 to %d", MESSAGES_MAX);
	return read_items(call, command, list);
}

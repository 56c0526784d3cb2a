/* deadletter_write.c - bodies of calls about dead letters into commands: again, changed, no more */
#include <string.h>
#include "call.h"

#define TEXT_MAX   (64 * 1024)
#define WORD_MAX   64
#define REASON_MAX 500

static gboolean take_number(struct call *call, hg_command *command)
{
	return g_ascii_string_to_signed(call->param[0], 10, 1, G_MAXINT64, &command->job_n, NULL) ||
	       hg_fail(&call->error, HG_ERROR_MISSING, "\"%.20s\" is not among the dead letters; GET /v1/dead-letters lists "
		       "them", call->param[0]);
}

gboolean hg_write_retry_all(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "target", CALL_TEXT, WORD_MAX }, { "name", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *target;

	if (!body)
		return FALSE;
	target = hg_json_str(body, "target");
	if (target && !hg_target_of(target))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"target\" is channel, backend, fetch, hook, unpack, settle or "
			       "change");
	command->type = hg_arena_str(command->arena, target);
	command->text = hg_arena_str(command->arena, hg_json_str(body, "name"));
	return TRUE;
}

/* An event's data, an answer's text: which of them it has to be, the letter says. */
gboolean hg_write_edit(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "data", CALL_OBJECT, 0 }, { "text", CALL_TEXT, TEXT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct json_object *data;
	const char *text;

	if (!body || !take_number(call, command))
		return FALSE;
	data = hg_json_obj(body, "data");
	text = hg_json_str(body, "text");
	if (!data == !text || (text && !*text))
		return hg_fail(&call->error, HG_ERROR_INPUT, "say either \"data\" (of an event for a helpdesk) or \"text\" (of an "
			       "answer to a customer)");
	command->text = hg_arena_str(command->arena, data ? json_object_to_json_string_ext(data,
				JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE) : text);
	command->type = data ? "backend" : "channel";
	return TRUE;
}

gboolean hg_write_discard(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "reason", CALL_TEXT, REASON_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *reason;

	if (!body || !take_number(call, command))
		return FALSE;
	reason = hg_json_str(body, "reason");
	if (!reason || !*reason)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"reason\" is missing: why it will not be sent is for who looks "
			       "into the audit later");
	command->text = hg_arena_str(command->arena, reason);
	return TRUE;
}

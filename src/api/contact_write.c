/* contact_write.c - what is done with a contact as a whole: joined, taken apart, kept out */
#include <string.h>
#include "call.h"
#include "text.h"

#define WORD_MAX   200
#define REASON_MAX 1000

static void take_contact(struct call *call, hg_command *command, struct json_object *body)
{
	command->text = hg_arena_str(command->arena, call->param[0]);
	command->agent = hg_arena_str(command->arena, hg_json_str(body, "agent"));
}

gboolean hg_write_unmerge(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_contact(call, command, body);
	return TRUE;
}

gboolean hg_write_merge(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "into", CALL_TEXT, WORD_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_contact(call, command, body);
	command->into = hg_arena_str(command->arena, hg_json_str(body, "into"));
	return command->into || hg_fail(&call->error, HG_ERROR_INPUT, "\"into\" is missing: the id of the contact that it becomes "
					"part of");
}

/* "for" a span from when it is done, or "until" a time; neither: for ever. */
static gboolean take_until(struct call *call, hg_command *command, struct json_object *body)
{
	const char *span = hg_json_str(body, "for"), *until = hg_json_str(body, "until");

	if (span && until)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"for\" a span or \"until\" a time: one of the two");
	if (span && (command->retry_ms = hg_span_parse(span)) <= 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"for\" is a span such as 12h or 30d");
	if (until && (command->until_ms = hg_time_parse(until)) <= 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"until\" is a time such as 2026-11-20T10:02:11Z");
	return TRUE;
}

gboolean hg_write_block(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "reason", CALL_TEXT, REASON_MAX }, { "for", CALL_TEXT, WORD_MAX },
		{ "until", CALL_TEXT, WORD_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_contact(call, command, body);
	command->subject = hg_arena_str(command->arena, hg_json_str(body, "reason"));
	return take_until(call, command, body);
}

gboolean hg_write_unblock(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_contact(call, command, body);
	command->remove = TRUE;
	return TRUE;
}

gboolean hg_write_erase(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "confirm", CALL_TEXT, WORD_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	take_contact(call, command, body);
	command->subject = hg_arena_str(command->arena, hg_json_str(body, "confirm"));
	return TRUE;
}

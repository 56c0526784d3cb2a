/* alarm.c - alarms that stand, and one to see whether they reach anybody */
#include "call.h"
#include "standing.h"

gboolean hg_call_add_alarms(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) alarms = g_ptr_array_new();

	if (!hg_store_standing_list(store, call->arena, HG_STANDING_ALARM, alarms, &call->error))
		return FALSE;
	hg_json_key(call->out, "alarms");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < alarms->len; i++) {
		const hg_standing *alarm = g_ptr_array_index(alarms, i);

		if (hg_alarm_is_over(alarm))
			continue;
		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "name", alarm->name);
		hg_json_add_str(call->out, "text", alarm->text);
		hg_json_add_time(call->out, "since", alarm->since_ms);
		hg_json_add_time(call->out, "told", alarm->told_ms);
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, ']');
	return TRUE;
}

void hg_read_alarms(struct call *call, hg_store *store)
{
	hg_json_open(call->out, '{');
	if (hg_call_add_alarms(call, store))
		hg_json_close(call->out, '}');
}

gboolean hg_write_alarm_test(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	command->subject = "test";
	command->status = "raised";
	command->text = "this is a test: somebody wants to know whether alarms arrive";
	return body != NULL;
}

/* alarm.c - alarms over restarts: raised once, told of, and taken back; who judges what is one stands outside */
#include "standing.h"
#include "turn.h"

#define CLEARED "cleared"	/* who of an alarm that is over, until everybody who heard of it was told so */

gboolean hg_alarm_is_over(const hg_standing *alarm)
{
	return g_strcmp0(alarm->who, CLEARED) == 0;
}

static gboolean tell(hg_turn *turn, const char *type, GError **error)
{
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = type, .name = turn->command->subject,
							       .reason = turn->command->text }, error);
}

static gboolean set(hg_turn *turn, const hg_standing *alarm, GError **error)
{
	hg_standing now = *alarm;

	now.kind = HG_STANDING_ALARM;
	now.name = turn->command->subject;
	return hg_store_standing_set(turn->store, &now, error);
}

static gboolean end(hg_turn *turn, GError **error)
{
	return hg_store_standing_end(turn->store, HG_STANDING_ALARM, turn->command->subject, error);
}

/* What comes back before everybody was told that it is over is the same alarm. */
static gboolean raise_it(hg_turn *turn, const hg_standing *before, GError **error)
{
	const char *text = turn->command->text;

	if (before && !hg_alarm_is_over(before))
		return TRUE;
	if (before)
		return set(turn, &(hg_standing){ .since_ms = before->since_ms, .told_ms = turn->now_ms, .text = text }, error);
	return set(turn, &(hg_standing){ .since_ms = turn->now_ms, .text = text }, error) && tell(turn, "alarm.raised", error);
}

static gboolean told(hg_turn *turn, const hg_standing *before, GError **error)
{
	return !before || hg_alarm_is_over(before) ||
	       set(turn, &(hg_standing){ .since_ms = before->since_ms, .told_ms = turn->now_ms, .text = turn->command->text },
		   error);
}

static gboolean clear(hg_turn *turn, const hg_standing *before, GError **error)
{
	if (!before || hg_alarm_is_over(before))
		return TRUE;
	if (!tell(turn, "alarm.cleared", error))
		return FALSE;
	return before->told_ms ? set(turn, &(hg_standing){ .since_ms = before->since_ms, .told_ms = before->told_ms,
							   .who = CLEARED, .text = before->text }, error) :
				 end(turn, error);
}

gboolean hg_alarm(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_standing *before;

	if (!hg_store_standing_get(turn->store, turn->arena, HG_STANDING_ALARM, command->subject, &before, error))
		return FALSE;
	if (g_strcmp0(command->status, "raised") == 0)
		return raise_it(turn, before, error);
	if (g_strcmp0(command->status, "told") == 0)
		return told(turn, before, error);
	if (g_strcmp0(command->status, "cleared") == 0)
		return clear(turn, before, error);
	return !before || !hg_alarm_is_over(before) || end(turn, error);
}

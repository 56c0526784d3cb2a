/* pause.c - a channel that a person has put on hold, over restarts: what is to go out waits, what comes in is taken */
#include "standing.h"
#include "turn.h"

#include "json.h"

static void answer(hg_turn *turn, const hg_standing *pause)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "channel", turn->command->channel);
	hg_json_key(out, "paused");
	hg_pause_write(pause, out);
	hg_json_close(out, '}');
	turn->answer = hg_arena_str(turn->arena, out->str);
}

void hg_pause_write(const hg_standing *pause, GString *out)
{
	if (!pause) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_time(out, "since", pause->since_ms);
	hg_json_add_str(out, "by", pause->who);
	hg_json_add_str(out, "reason", pause->text);
	hg_json_close(out, '}');
}

static gboolean begin(hg_turn *turn, const hg_standing *before, GError **error)
{
	const hg_command *command = turn->command;
	hg_standing pause = {
		.kind = HG_STANDING_PAUSE, .name = command->channel, .since_ms = before ? before->since_ms : turn->now_ms,
		.who = command->agent ?: command->principal, .text = command->text,
	};
	struct hg_ctx ctx = HG_CTX(NULL, "channel", command->channel);

	answer(turn, &pause);
	if (!hg_store_standing_set(turn->store, &pause, error))
		return FALSE;
	if (before)
		return TRUE;
	hg_info(&ctx, "channel.paused", "by %s; what is to be sent waits", pause.who ?: "nobody who said so");
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "channel.paused", .name = command->channel,
							       .reason = command->text }, error);
}

static gboolean end(hg_turn *turn, const hg_standing *before, GError **error)
{
	const char *channel = turn->command->channel;
	struct hg_ctx ctx = HG_CTX(NULL, "channel", channel);

	answer(turn, NULL);
	if (!before)
		return TRUE;
	hg_info(&ctx, "channel.resumed", "what waited is sent now");
	return hg_store_standing_end(turn->store, HG_STANDING_PAUSE, channel, error) &&
	       hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "channel.resumed", .name = channel,
							       .reason = turn->command->text }, error);
}

gboolean hg_pause(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_standing *before;

	if (!hg_conf_channel(turn->conf, command->channel))
		return hg_fail(error, HG_ERROR_MISSING, "there is no channel \"%.64s\"", command->channel);
	if (!hg_store_standing_get(turn->store, turn->arena, HG_STANDING_PAUSE, command->channel, &before, error) ||
	    !(command->remove ? end(turn, before, error) : begin(turn, before, error)))
		return FALSE;
	hg_targets_look(turn->engine->targets);
	return TRUE;
}

/* replay_json.c - what a replay found, as JSON */
#include "json.h"
#include "replay.h"

static void add_channels(GString *out, const struct hg_replay_result *result)
{
	hg_json_key(out, "channels");
	hg_json_open(out, '[');
	for (guint i = 0; i < result->channels->len; i++) {
		const struct hg_replay_channel *c = &g_array_index(result->channels, struct hg_replay_channel, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "channel", c->name);
		hg_json_add_int(out, "conversations", c->conversations);
		hg_json_add_int(out, "tickets_before", c->before);
		hg_json_add_int(out, "tickets_after", c->after);
		hg_json_add_str(out, "band_before", hg_replay_band(c->before, c->conversations));
		hg_json_add_str(out, "band_after", hg_replay_band(c->after, c->conversations));
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_steps(GString *out, const struct hg_replay_result *result)
{
	hg_json_key(out, "steps");
	hg_json_open(out, '[');
	for (guint i = 0; i < result->steps->len; i++) {
		const struct hg_replay_step *step = &g_array_index(result->steps, struct hg_replay_step, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "from", step->from);
		hg_json_add_str(out, "to", step->to);
		hg_json_add_int(out, "decisions", step->n);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_changes(GString *out, const struct hg_replay_result *result, guint most)
{
	hg_json_key(out, "changes");
	hg_json_open(out, '[');
	for (guint i = 0; i < MIN(result->changes->len, most); i++) {
		const struct hg_replay_change *change = &g_array_index(result->changes, struct hg_replay_change, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "thread_id", change->thread_id);
		hg_json_add_time(out, "at", change->at_ms);
		hg_json_add_str(out, "on", change->on);
		hg_json_add_str(out, "from", change->from);
		hg_json_add_str(out, "to", change->to);
		hg_json_add_str(out, "rule", change->rule);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

void hg_replay_write(const struct hg_replay_result *result, guint most, GString *out)
{
	hg_json_add_int(out, "decisions", result->decisions);
	hg_json_add_int(out, "added", result->added);
	hg_json_add_int(out, "changed", result->changed);
	hg_json_add_int(out, "other_rule", result->other_rule);
	hg_json_add_int(out, "not_judged", result->unreadable);
	hg_json_add_int(out, "gave_up", result->gave_up);
	hg_json_add_int(out, "conversations", result->threads);
	hg_json_add_int(out, "changed_conversations", result->changed_threads);
	add_steps(out, result);
	add_channels(out, result);
	if (most)
		add_changes(out, result, most);
}

/* preview.c - a reply as it would go out: its parts, and what each costs where the channel says so */
#include "turn.h"

#include "json.h"

static gint64 units_of(const GArray *parts)
{
	gint64 units = 0;

	for (guint i = 0; i < parts->len; i++) {
		const struct hg_part *part = &g_array_index(parts, struct hg_part, i);

		if (part->units <= 0)
			return 0;	/* of a sum nobody knows a part of, nobody knows anything */
		units += part->units;
	}
	return units;
}

static void write_part(GString *json, const struct hg_part *part)
{
	hg_json_open(json, '{');
	hg_json_opt_str(json, "text", part->text);
	if (part->file >= 0)
		hg_json_add_int(json, "attachment", part->file);
	hg_json_opt_str(json, "coding", part->coding);
	if (part->units > 0) {
		hg_json_add_int(json, "units", part->units);
		hg_json_add_int(json, "left", MAX(part->left, 0));
	}
	hg_json_close(json, '}');
}

void hg_preview_answer(hg_turn *turn, const char *channel, const char *to, const char *from, const GArray *parts)
{
	GString *json = turn->engine->scratch;
	gint64 units = units_of(parts);

	g_string_truncate(json, 0);
	hg_json_open(json, '{');
	hg_json_key(json, "preview");
	hg_json_open(json, '{');
	hg_json_add_str(json, "channel", channel);
	hg_json_add_str(json, "to", to);
	hg_json_opt_str(json, "from", from);
	if (units)
		hg_json_add_int(json, "units", units);
	hg_json_key(json, "parts");
	hg_json_open(json, '[');
	for (guint i = 0; i < parts->len; i++)
		write_part(json, &g_array_index(parts, struct hg_part, i));
	hg_json_close(json, ']');
	hg_json_close(json, '}');
	hg_json_close(json, '}');
	turn->answer = hg_arena_mem(turn->arena, json->str, json->len);
}

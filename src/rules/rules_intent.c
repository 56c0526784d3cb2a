/* rules_intent.c - what a message is about: asked of a model once, kept, and shown the same for ever */
#include "rules_intent.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define NOTHING "there is no word in it"

void hg_heard_ask(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena, struct hg_heard *ret)
{
	g_autoptr(GString) why = g_string_new(NULL);
	struct hg_intent_guess guess;

	hg_intent_guess(model, said, arena, &guess);
	hg_intent_reasons_show(&guess, why);
	*ret = (struct hg_heard){ .label = guess.label, .confidence = guess.confidence, .known = guess.known };
	ret->why = guess.label ? hg_arena_str(arena, why->str) : NOTHING;
}

const char *hg_heard_write(const struct hg_heard *heard, hg_arena *arena)
{
	g_autoptr(GString) out = g_string_new(NULL);
	char text[HG_SHARE_SIZE];

	hg_json_open(out, '{');
	if (heard->label) {
		hg_json_add_str(out, "label", heard->label);
		hg_json_add_str(out, "confidence", hg_share(heard->confidence, text));
		hg_json_add_str(out, "known", hg_share(heard->known, text));
	}
	hg_json_add_str(out, "why", heard->why);
	hg_json_close(out, '}');
	return hg_arena_mem(arena, out->str, out->len);
}

void hg_heard_read(const char *json, hg_arena *arena, struct hg_heard *ret)
{
	g_autoptr(json_object) object = hg_json_parse(json, strlen(json), NULL, NULL);
	const char *label = hg_json_str(object, "label"), *why = hg_json_str(object, "why");
	int confidence = hg_share_parse(hg_json_str(object, "confidence")), known = hg_share_parse(hg_json_str(object, "known"));

	*ret = (struct hg_heard){ .why = hg_arena_str(arena, why ? why : "") };
	if (!label || confidence < 0 || known < 0)
		return;
	ret->label = hg_arena_str(arena, label);
	ret->confidence = (guint)confidence;
	ret->known = (guint)known;
}

void hg_heard_show(const struct hg_heard *heard, GString *out)
{
	char confidence[HG_SHARE_SIZE], known[HG_SHARE_SIZE];

	if (heard->label)
		g_string_append_printf(out, "%s %s known %s%s", heard->label, hg_share(heard->confidence, confidence),
				       hg_share(heard->known, known), heard->why && *heard->why ? ": " : "");
	g_string_append(out, heard->why ? heard->why : "");
}

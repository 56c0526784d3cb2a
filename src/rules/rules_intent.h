/* rules_intent.h - what a message is about, as a fact that is kept with the decision */
#pragma once
#include <glib.h>
#include "arena.h"
#include "intent.h"

struct hg_heard {
	const char *label;		/* NULL: none was heard, why says it */
	guint confidence, known;	/* hundredths */
	const char *why;		/* '"money" +2.1, "back" +1.4' */
};

/* As JSON for hg_facts.intent, and back.  All in the arena. */
const char *hg_heard_write(const struct hg_heard *heard, hg_arena *arena);
void hg_heard_read(const char *json, hg_arena *arena, struct hg_heard *ret);
void hg_heard_ask(const hg_intent *model, const struct hg_spoken *said, hg_arena *arena, struct hg_heard *ret);
/* 'refund 0.93 known 1.00: "money" +2.1, "back" +1.4' */
void hg_heard_show(const struct hg_heard *heard, GString *out);

/* answer.h - what a customer's answer to a question of the gateway's says; pure */
#pragma once
#include <glib.h>
#include "arena.h"
#include "rules_words.h"

enum hg_scale { HG_SCALE_5 = 1, HG_SCALE_THUMBS };

struct hg_answer {
	int score;		/* 1 to 5; of thumbs and of yes and no 0 or 1 */
	gboolean pure;		/* it says nothing else: thanks and smileys aside */
	const char *comment;	/* in the arena: what stands behind the score; NULL: nothing */
};

/* "4", "4/5", "four stars", "****" as emoji, "great, thanks!", "4, but it took long".  FALSE: this is no
 * rating ("2 parcels are missing"). */
gboolean hg_answer_rating(const char *text, int scale, hg_arena *arena, struct hg_answer *ret);
/* "yes, it works now", "nope".  more: further lists that mean yes ("resolved", "confirm"), or NULL. */
gboolean hg_answer_yes_no(const char *text, const hg_words *more, hg_arena *arena, struct hg_answer *ret);
/* The one e-mail address in text, in small letters behind its @; NULL: none, or more than one. */
const char *hg_answer_email(const char *text, hg_arena *arena, gboolean *ret_pure);

extern const char hg_answer_lists[];	/* the built-in word lists, as YAML */

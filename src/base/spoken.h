/* spoken.h - what somebody wrote, as words that can be compared: word lists and intents read it alike */
#pragma once
#include <glib.h>
#include "arena.h"

#define HG_SPOKEN_BYTES_MAX 16384	/* what is longer is read up to here */
#define HG_SPOKEN_WORDS_MAX 2000

enum hg_spoken_form { HG_SPOKEN_BARE, HG_SPOKEN_ACCENTS, HG_SPOKEN_FORMS };	/* danke schon, danke schön */

struct hg_spoken_word {
	const char *form[HG_SPOKEN_FORMS];
	guint id[HG_SPOKEN_FORMS];	/* 0: for whoever numbers words, see hg_words_number() */
	gboolean emoji;
};

struct hg_spoken {
	struct hg_spoken_word *words;
	guint n;
	gboolean cut;			/* there was more */
};

/* Words of text in the order they stand: NFKC, case folded, apostrophes within words left out; emoji
 * and smileys are words of their own, other signs are none.  Everything lives in the arena. */
void hg_spoken_read(const char *text, hg_arena *arena, struct hg_spoken *ret);

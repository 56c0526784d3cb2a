/* rules_words.h - word lists: entries in some languages, looked for in what people write */
#pragma once
#include <glib.h>
#include "arena.h"
#include "diag.h"
#include "node.h"
#include "spoken.h"

typedef struct hg_words hg_words;	/* all lists of a configuration; never changed once made */

#define HG_WORDS_LANGS_MAX   32
#define HG_WORDS_LISTS_MAX   64
#define HG_WORDS_ENTRIES_MAX 50000	/* in all lists */
#define HG_WORDS_ENTRY_MAX   120	/* bytes of one */
#define HG_WORDS_LONG_MAX    8		/* words in one */
#define HG_WORDS_EVERY	     "mul"	/* words that all languages know: ok, ciao, a smiley */

/* lists: { LANGUAGE: { LIST: [entry, ...] } }, or NULL: there are none.  NULL: diag says why. */
hg_words *hg_words_read(const hg_node *lists, hg_diag *diag);
void hg_words_free(hg_words *words);			/* NULL is fine */
const char *const *hg_words_lists(const hg_words *words);	/* names by bit, NULL-ended */
const char *const *hg_words_langs(const hg_words *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_words, hg_words_free)

/* Gives each word its number in these lists, 0 when it stands in none; "thaaanks" has that of thanks. */
void hg_words_number(const hg_words *words, struct hg_spoken *said);

/* ---- looking ---- */

enum hg_words_how {
	HG_WORDS_ONLY = 1,	/* nothing but entries of one language, at least one; emoji and fillers aside */
	HG_WORDS_ANY,		/* an entry somewhere */
	HG_WORDS_BEGINS,	/* an entry at the beginning; emoji and fillers before it aside */
};

struct hg_words_ask {
	enum hg_words_how how;
	enum hg_spoken_form form;
	guint64 lists, fillers;		/* bits of hg_words_lists() */
	guint32 langs;			/* bits of hg_words_langs() */
};

/* got: NULL, or what was found, or what was in the way, is appended: "thanks (en), unknown: 'invoice'". */
gboolean hg_words_find(const hg_words *words, const struct hg_spoken *said, const struct hg_words_ask *ask,
		       GString *got);
/* The language most of the words are of, "de", or NULL when none is ahead of the others. */
const char *hg_words_language(const hg_words *words, const struct hg_spoken *said);
gboolean hg_words_tell_languages(const hg_words *words);	/* FALSE: the one above never does */

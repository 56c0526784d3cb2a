/* reply_words.h - the languages' words of reply_words.txt, found where they stand; for reply_*.c */
#pragma once
#include <glib.h>

typedef struct hg_reply_words hg_reply_words;

enum reply_word {
	REPLY_ON, REPLY_WROTE, REPLY_QUOTING, REPLY_FROM, REPLY_SENT, REPLY_TO, REPLY_CC, REPLY_SUBJECT, REPLY_ORIGINAL,
	REPLY_FORWARDED, REPLY_DEVICE, REPLY_LEGAL, REPLY_WORDS,
};

/* All texts are as reply_fold() makes them.  The longest phrase of this kind that begins at p: its length, or 0. */
gsize reply_word_at(const hg_reply_words *words, enum reply_word word, const char *p);
/* Is there one anywhere that stands alone?  *ret_end: behind the last. */
gboolean reply_word_in(const hg_reply_words *words, enum reply_word word, const char *text, const char **ret_end);
/* Of how many words that stand alone one is (REPLY_LEGAL). */
guint reply_word_count(const hg_reply_words *words, enum reply_word word, const char *text);
/* Is text as one of the patterns with "*" (REPLY_DEVICE)? */
gboolean reply_device(const hg_reply_words *words, const char *text);

/* Lower case, one space for any, none at the ends, marks of reading direction left out, wide signs made narrow. */
void reply_fold(const char *text, gsize len, GString *out);

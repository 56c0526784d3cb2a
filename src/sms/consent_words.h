/* consent_words.h - the words by which people stop and start messages, in the languages carriers require */
#pragma once
#include <glib.h>

enum hg_consent_word {
	HG_WORD_NONE = 0,
	HG_WORD_STOP,		/* STOP, UNSUBSCRIBE, CANCEL ... */
	HG_WORD_START,		/* START, UNSTOP: says nothing else */
	HG_WORD_HELP,		/* HELP, INFO */
	HG_WORD_YES,		/* YES, OUI: a START from who has said STOP, and an answer like any other from others */
};

/* The whole text, without blanks and punctuation around it, whatever its case; linear, texts of more than 40
 * characters are none.  ret_language: of the word ("en"), static; or NULL. */
int hg_consent_word(const char *text, const char **ret_language);

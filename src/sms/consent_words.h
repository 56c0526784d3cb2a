/* consent_words.h - the words by which people stop and start messages, in the languages carriers require */
#pragma once
#include <glib.h>

enum hg_consent_word { HG_WORD_NONE = 0, HG_WORD_STOP, HG_WORD_START, HG_WORD_HELP };

/* The whole text, without blanks and punctuation around it, whatever its case; linear, texts of more than 40
 * characters are none.  ret_language: of the word ("en"), static; or NULL. */
int hg_consent_word(const char *text, const char **ret_language);

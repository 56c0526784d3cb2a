/* reply_text.h - what is new in a mail: without quotes, signature and disclaimer; linear time */
#pragma once
#include <glib.h>
#include "html_text.h"
#include "mail.h"

/* Languages' words of attributions, header blocks, signatures (src/mail/words/); read once, before the
 * helper gives up its rights.  NULL with error set: the file is broken. */
typedef struct hg_reply_words hg_reply_words;
hg_reply_words *hg_reply_words_new(GError **error);
void hg_reply_words_free(hg_reply_words *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_reply_words, hg_reply_words_free)

/* text: UTF-8, lines end with LF.  known: what we sent before, newest first, NULL-ended or NULL.  hints: of
 * the HTML the text was made of, or NULL.  Never empty where text has a visible character; yours. */
char *hg_reply_text(const hg_reply_words *words, const char *text, const char *const *known,
		    const struct hg_html_hints *hints, int *ret_confidence);

/* mail_auto.h - is it a machine's, is it spam, was it forwarded: by headers and by the words of subjects */
#pragma once
#include "mail_parse.h"
#include "mail_split.h"

/* Sets automatic, loop, spam and forwarded; people and subject must be there. */
void hg_auto_read(hg_mail *mail, const struct hg_mail_parts *parts, const struct hg_mail_ask *ask);

/* mail_auto_words.c: beginnings of subjects, lower case, NULL-ended. */
extern const char *const hg_auto_absent[];	/* "automatic reply:": somebody is away */
extern const char *const hg_auto_forward[];	/* "fwd:": somebody passes a mail on */
extern const char *const hg_auto_bounce[];	/* "undelivered mail": it did not arrive */

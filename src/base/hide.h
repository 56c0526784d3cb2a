/* hide.h - secrets by their value: what peers say back to us is shown and kept without them */
#pragma once
#include <glib.h>

#define HG_HIDDEN   "[secret]"
#define HG_HIDE_MIN 8		/* bytes: what is shorter would be found in any text */
#define HG_HIDE_MAX 1024	/* secrets of one process, with those of earlier configurations */

/* Any thread.  From now on this text is hidden; it is kept until the process ends. */
void hg_hide_add(const char *secret);
/* Puts HG_HIDDEN in the place of every secret, and of the beginning of one at the end; for texts from outside before they are kept, and for the log. */
void hg_hide(GString *text);
char *hg_hide_copy(const char *text);		/* yours; NULL gives NULL */

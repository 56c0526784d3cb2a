/* mask.h - shows a source line without the secrets in it
 *
 * Two layers: spans that are known to be secret (the option tables say so), and a guess by the
 * words of the text itself for what no table has read: lines with syntax errors, misspelt keys. */
#pragma once
#include <glib.h>

typedef struct hg_mask hg_mask;

hg_mask *hg_mask_new(void);
void hg_mask_free(hg_mask *mask);
void hg_mask_add(hg_mask *mask, int from, int to);	/* columns from 1; to is not included */
/* Adds what stands behind words such as token or password, unless it is a reference. */
void hg_mask_guess(hg_mask *mask, char *const *lines, guint at);
/* The line with *** for what is hidden, tabs as spaces, cut when long; caret moves with its text. */
char *hg_mask_line(const hg_mask *mask, const char *line, int *caret);
/* Does a key of this name sound as if it held a secret? */
gboolean hg_mask_sounds_secret(const char *key);
/* env:NAME, file:PATH or credential:NAME of plain characters, which may be shown. */
gboolean hg_mask_is_reference(const char *text, gsize len);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_mask, hg_mask_free)

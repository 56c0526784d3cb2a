/* diag.h - what is wrong with a config, all of it at once, each with its place */
#pragma once
#include <glib.h>

typedef struct hg_diag hg_diag;

enum hg_severity { HG_SEV_ERROR, HG_SEV_WARNING };

struct hg_place {			/* lent by the document the text was read from */
	const char *file;
	int line, column;		/* from 1; 0: none */
};

#define HG_DIAG_MAX 500			/* more are counted, not kept */

hg_diag *hg_diag_new(void);
void hg_diag_free(hg_diag *diag);
/* text: what is wrong and what to do, one line; hint ("did you mean ...") may be NULL.
 * The same text at the same place is kept once: a node that an alias repeats is told of once. */
void hg_diag_add(hg_diag *diag, enum hg_severity severity, const struct hg_place *place,
		 const char *hint, const char *fmt, ...) G_GNUC_PRINTF(5, 6);
guint hg_diag_count(const hg_diag *diag, enum hg_severity severity);
/* file:line:column: error: text, the source line, a caret, the hint; sorted by place.  colour: ANSI. */
char *hg_diag_render(const hg_diag *diag, gboolean colour);
char *hg_diag_json(const hg_diag *diag);	/* an array of {severity,file,line,column,text,hint} */

/* Lines of this file are shown with what is wrong in them.  text is copied. */
void hg_diag_source(hg_diag *diag, const char *file, const char *text);
/* Never shows the text from there to line end_line, column end_column (that one not included): it
 * is or may be a secret.  Beside that, what stands behind a key that sounds like one is hidden. */
void hg_diag_hide(hg_diag *diag, const struct hg_place *from, int end_line, int end_column);
/* Lines from there to end_line are not searched for words that sound like secrets. */
void hg_diag_show(hg_diag *diag, const struct hg_place *from, int end_line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_diag, hg_diag_free)

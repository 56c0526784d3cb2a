/* diag.h - what is wrong with a config, all of it at once, each with its place */
#pragma once
#include <glib.h>

typedef struct hg_diag hg_diag;

enum hg_severity { HG_SEV_ERROR, HG_SEV_WARNING };

struct hg_place {			/* lent by the document the text was read from */
	const char *file;
	int line, column;		/* from 1; 0: none */
};

hg_diag *hg_diag_new(void);
void hg_diag_free(hg_diag *diag);
/* text: what is wrong and what to do, one line; hint ("did you mean ...") may be NULL. */
void hg_diag_add(hg_diag *diag, enum hg_severity severity, const struct hg_place *place,
		 const char *hint, const char *fmt, ...) G_GNUC_PRINTF(5, 6);
guint hg_diag_count(const hg_diag *diag, enum hg_severity severity);
/* file:line:column: error: text, the source line, a caret, the hint; sorted by place.  colour: ANSI. */
char *hg_diag_render(const hg_diag *diag, gboolean colour);
char *hg_diag_json(const hg_diag *diag);	/* an array of {severity,file,line,column,text,hint} */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_diag, hg_diag_free)

/* secret.h - reads what a secret reference names */
#pragma once
#include <glib.h>
#include "diag.h"

#define HG_SECRET_MAX (64 * 1024)	/* bytes of one secret */
#define HG_SECRET_FORMS "env:NAME, file:PATH or credential:NAME"

/* ref: env:NAME (environment), file:PATH (relative to the file of place; place may be NULL) or
 * credential:NAME (a file in $CREDENTIALS_DIRECTORY, which systemd sets).  One newline at the end
 * is cut off.  Returns the secret, for hg_secret_free(), or NULL with an error whose text never
 * contains the secret, nor ref when that may be a literal. */
char *hg_secret_read(const char *ref, const struct hg_place *place, GError **error);
void hg_secret_free(char *secret);		/* wipes it first; NULL is fine */
/* Is it of one of the forms, so that it may be shown? */
gboolean hg_secret_is_ref(const char *text);

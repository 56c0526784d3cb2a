/* fail.h - errors: the code says how far the damage goes, the text says it to a person */
#pragma once
#include <glib.h>

#define HG_ERROR (hg_error_quark())
GQuark hg_error_quark(void);

/* What the caller does about it.  Nothing in headgate switches on an error's text. */
enum hg_error_code {
	HG_ERROR_INPUT = 1,	/* the peer sent nonsense: refuse it */
	HG_ERROR_CONFIG,	/* an admin must change something */
	HG_ERROR_DENIED,	/* credentials or rights */
	HG_ERROR_MISSING,	/* no such thing (any more) */
	HG_ERROR_STATE,		/* the thing is not in a state that allows this */
	HG_ERROR_CONFLICT,	/* a unique index says no: somebody was first */
	HG_ERROR_BUSY,		/* try again later */
	HG_ERROR_WINDOW,	/* the channel's reply window is closed */
	HG_ERROR_OPTED_OUT,	/* the customer wants no messages there */
	HG_ERROR_LIMIT,		/* too big, too deep, too many */
	HG_ERROR_STORE,		/* the store failed: nothing of this transaction holds */
	HG_ERROR_BROKEN,	/* anything else */
};

/* Sets *error (when error is not NULL) and returns FALSE, so that callers can return it. */
gboolean hg_fail(GError **error, enum hg_error_code code, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* mail_params.h - "type; name=value; ..." of Content-Type and Content-Disposition, as mailers write it
 *
 * GMime's reader puts a character set's name of any length on the stack and loses what follows a broken value; what
 * is wrong here costs the one parameter. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "mail_scan.h"

struct hg_param {
	const char *name;		/* lower case, without RFC 2231's stars */
	int section;			/* of a value in several pieces; -1: whole */
	gboolean extended;		/* percent-encoded, the first one with its character set before it */
	const char *value;		/* unquoted */
};

struct hg_params {
	const char *first;		/* what stands before the first semicolon, lower case; "" */
	const struct hg_param *of;
	gsize n;
	const char *hint;		/* character set of raw bytes, or NULL */
};

/* field NULL: empty. */
void hg_params_read(hg_arena *arena, const struct hg_field *field, const char *hint, struct hg_params *ret);
/* The value as it is written (a boundary, a character set); NULL: there is none. */
const char *hg_params_get(const struct hg_params *params, const char *name);
/* The value as text: RFC 2231's pieces joined and decoded, RFC 2047's words too, which mailers use instead.  Yours;
 * NULL: there is none. */
char *hg_params_text(const struct hg_params *params, const char *name);

/* template.h - texts with ${names} in them: checked where they are written, filled where they are used
 *
 * ${name} stands for a value, ${name|words} for these words where the value is not known or empty, $${ for
 * the characters ${.  Values are never looked at for further names: what a customer wrote stays what he wrote. */
#pragma once
#include <glib.h>

#define HG_TEMPLATE_VALUE_MAX 1024	/* bytes of one value; what is more is cut between two characters */

/* A piece of a text: what stands there, then the name of the value that follows (NULL: none follows).  Lent by the
 * text. */
struct hg_template_piece {
	const char *literal, *name, *words;	/* words: NULL without '|' */
	gsize literal_len, name_len, words_len;
};
/* The piece at *at, which is moved behind it; FALSE: there is none left.  "$${" comes as a piece that ends in its first
 * "$" and one that begins with "{"; what is no ${name} is literal.  more: characters
 * that a name may have besides letters, digits and _-. */
gboolean hg_template_next(const char **at, const char *more, struct hg_template_piece *ret);

/* names: NULL-ended; one that ends in '.' ("field.") stands for all that begin with it.  Otherwise
 * FALSE, CONFIG: the text says which name is wrong, *ret_hint (yours to free, or NULL) what was meant. */
gboolean hg_template_check(const char *text, const char *const *names, char **ret_hint, GError **error);

/* The value of a name, lent until the next call; NULL: not known, it is left out. */
typedef const char *hg_template_value(void *ctx, const char *name);
/* Appends text, filled, to out: max bytes at most, valid UTF-8.  What hg_template_check() would refuse
 * is appended as it stands. */
void hg_template_fill(const char *text, hg_template_value *value, void *ctx, gsize max, GString *out);

/* params.h - application/x-www-form-urlencoded and the query of a URL, as ordered pairs */
#pragma once
#include <glib.h>

#define HG_PARAMS_MAX 1000

/* All of it is lent by the hg_params. */
struct hg_param {
	const char *name, *value;	/* decoded, valid UTF-8 (charset decoded), NUL as U+FFFD */
	/* What the percent signs stood for and nothing else changed, with a NUL behind: what signatures are over. */
	const char *name_bytes, *value_bytes;
	gsize name_len, value_len;
};
typedef struct hg_params hg_params;

/* In the order they came, pieces without "=" with the value "", empty pieces left out (WHATWG URL, section 5.1);
 * a "%" that is no escape stays one.  NULL when there are more than HG_PARAMS_MAX.  charset: NULL for UTF-8. */
hg_params *hg_params_parse(const char *bytes, gsize len, const char *charset);
hg_params *hg_params_query(const char *target);		/* behind the first '?' of a request's target; NULL: none */
void hg_params_free(hg_params *params);			/* NULL is fine */
gsize hg_params_len(const hg_params *params);
const struct hg_param *hg_params_at(const hg_params *params, gsize i);
const char *hg_params_get(const hg_params *params, const char *name);	/* the first; NULL: not there */
/* Appended, "name=value" percent-encoded as forms are (RFC 3986 unreserved stay, blank is %20), behind a "&" when
 * out is not empty and does not end with "?". */
void hg_params_add(GString *out, const char *name, const char *value);

/* Text in another character set (a name iconv knows; Latin-1 is read as windows-1252, as browsers do: WHATWG
 * Encoding, section 4.2) as UTF-8; what does not fit becomes U+FFFD, an unknown charset is read as UTF-8.  NULL: UTF-8.
 * NUL becomes U+FFFD.  Yours. */
char *hg_text_in_charset(const char *bytes, gsize len, const char *charset);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_params, hg_params_free)

/* params.h - application/x-www-form-urlencoded and the query of a URL, as ordered pairs */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#define HG_PARAMS_MAX 1000

struct hg_param { char *name, *value; };	/* decoded, valid UTF-8 (charset decoded), NUL as U+FFFD */
typedef struct hg_params hg_params;

/* NULL when there are more than HG_PARAMS_MAX.  charset: NULL for UTF-8. */
hg_params *hg_params_parse(const char *bytes, gsize len, const char *charset);
hg_params *hg_params_query(const char *target);		/* behind the first '?' of a request's target */
void hg_params_free(hg_params *params);			/* NULL is fine */
gsize hg_params_len(const hg_params *params);
const struct hg_param *hg_params_at(const hg_params *params, gsize i);
const char *hg_params_get(const hg_params *params, const char *name);	/* the first; NULL: not there */
/* Appended, "name=value" percent-encoded as forms are (RFC 3986 unreserved stay, blank is %20). */
void hg_params_add(GString *out, const char *name, const char *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_params, hg_params_free)

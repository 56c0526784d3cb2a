/* http_call_body.h - the body of an outgoing request: bytes, files, or a form of both; read once */
#pragma once
#include <glib.h>

struct hg_client_call;
struct hg_env;
typedef struct hg_body hg_body;

/* Copies the call's bytes and opens its files.  NULL with error set (INPUT): a file that cannot be
 * read, a name that would break the form. */
hg_body *hg_body_new(const struct hg_client_call *call, struct hg_env *env, GError **error);
void hg_body_free(hg_body *body);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_body, hg_body_free)

guint64 hg_body_size(const hg_body *body);
const char *hg_body_type(const hg_body *body);	/* "Content-Type: multipart/..." for a form, else NULL */
const char *hg_body_bytes(const hg_body *body);	/* all of them; NULL where they come in pieces or from files */
/* Up to size bytes; 0 at the end; -1 when a file has become shorter. */
gssize hg_body_read(hg_body *body, char *out, gsize size);

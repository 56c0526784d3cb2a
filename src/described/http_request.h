/* http_request.h - one kind of request that sends something: how it is described, and what it is for a message
 *
 *	when: { file.kind: image }      # conditions on the part; one without file is for parts without, one without
 *	                                # kind for what is said (not reactions and the like)
 *	method: POST                    # default: POST with a body, GET without
 *	url: https://api.example.com/v1/${value:account}/messages
 *	query: { to: "${to}" }          # appended to the url
 *	headers: { X-Request-Id: "${key}" }
 *	basic: { user: "${value:account}", password: "${secret:token}" }     # or
 *	bearer: "${secret:token}"                                          # RFC 6750
 *	json: ...   form: ...   parts: ...   xml: "..."   raw: "..."         # one of them: the body
 *	raw: { $file: true }            # the bytes of the file, of its own type where there is no type:
 *	type: application/json          # Content-Type, where it is not the usual one of the body; a template
 *	charset: iso-8859-1             # of query, form, xml and raw; else UTF-8
 */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "described.h"
#include "fill.h"

typedef struct ht_request ht_request;

/* look->names: what its templates may name.  map: has these keys; keys of others in it are not looked at.  NULL: told. */
ht_request *ht_request_new(struct ht_look *look, struct json_object *map, gboolean need_url);
void ht_request_free(ht_request *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_request, ht_request_free)
extern const char *const ht_request_keys[];

const char *ht_request_method(const ht_request *request);	/* lent */
const ht_when *ht_request_when(const ht_request *request);	/* lent; or NULL */
/* Does it say this anywhere ("key", "token")? */
gboolean ht_request_has(const ht_request *request, const char *name);
gboolean ht_request_takes_files(const ht_request *request);
gboolean ht_request_takes_kinds(const ht_request *request);

struct ht_made {			/* a request, ready to go out; hg_http_call's pointers lead into it */
	const char *method;		/* lent by the request */
	GString *url, *body;
	GPtrArray *headers;		/* "Name: value", NULL-ended */
	GArray *fields;			/* struct ht_field of multipart; or NULL */
	GArray *pieces;			/* struct ht_piece of body; empty or NULL: there are none */
};
/* NULL, or why it cannot be made (static); either way ret is for ht_made_clear(). */
const char *ht_request_make(const ht_request *request, const struct ht_voice *voice, struct ht_made *ret);
void ht_made_clear(struct ht_made *made);
typedef struct ht_made ht_made;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ht_made, ht_made_clear)

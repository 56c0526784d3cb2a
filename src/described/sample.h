/* sample.h - what samples of descriptions say of requests and answers, and how what came is compared with what was
 * expected; shared by channels and helpdesks */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

struct hg_params;

/* A member as text, a number as it is written; lent.  NULL: not there. */
const char *ht_sample_text(struct json_object *map, const char *key);
/* Of a map of headers, a name in any case; lent. */
const char *ht_sample_header(struct json_object *headers, const char *name);
/* ... and what Content-Type is without one there: of a body that is said as `json` or `form`; static, or NULL. */
const char *ht_sample_type(struct json_object *said);
/* The bytes that `base64`, `json`, `form` or `body` of a map stand for, a NUL behind them; yours. */
char *ht_sample_body(struct json_object *said, gsize *ret_len);

/* A request as a provider would have sent it: method [POST], path, query, peer, headers and a body. */
struct ht_sample_request {
	struct hg_http_req pub;		/* first: header() gets a pointer to it */
	struct json_object *said;	/* lent */
	struct hg_params *query;
	char *body, *target, *path;
};
/* said: lent, and may be NULL.  prefix: of its target; fallback: its path, where none is said. */
void ht_sample_request_make(struct json_object *said, const char *prefix, const char *fallback, struct ht_sample_request *ret);
void ht_sample_request_clear(struct ht_sample_request *request);
typedef struct ht_sample_request ht_sample_request;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ht_sample_request, ht_sample_request_clear)

/* Appends a line for each thing in want that got is not: members that are named, all items of lists; at: "messages[0]". */
void ht_compare(struct json_object *want, struct json_object *got, const char *at, GString *wrong);

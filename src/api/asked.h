/* asked.h - what a request asks for: paths, bodies and query parameters, every name and type checked
 * before anything is used; and what a refusal looks like */
#pragma once
#include <glib.h>
#include <json-c/json.h>
#include "http_server.h"

/* TRUE when path has the pattern's shape ("/v1/threads/{}"); starts[] and lengths[] (params of them) say what
 * stood for each {}. */
gboolean hg_asked_fits(const char *pattern, const char *path, guint params, const char *starts[], gsize lengths[]);

enum call_type { CALL_TEXT = 1, CALL_BOOL, CALL_NUMBER, CALL_OBJECT, CALL_LIST };
struct call_member {
	const char *name;
	enum call_type type;
	gsize most;			/* CALL_TEXT: bytes */
};
/* The body as an object that has members of these names and types only (null: not there); an empty
 * body is an empty object.  NULL with error set: INPUT, LIMIT. */
struct json_object *hg_asked_body(const hg_request *req, const struct call_member *known, GError **error);
/* The same for an object inside the body; where ("attachments[2]") names it in the error. */
gboolean hg_asked_check(struct json_object *object, const char *where, const struct call_member *known, GError **error);
/* Only parameters of these names, with spaces between (NULL: none); values are for whoever uses them. */
gboolean hg_asked_query(const hg_request *req, const char *names, GError **error);
/* Of a query parameter, or fallback when it is not there; the first error stays. */
gint64 hg_asked_number(const hg_request *req, const char *name, gint64 least, gint64 most, gint64 fallback,
		       GError **error);

/* ---- problems (RFC 9457) ---- */

/* A word behind it is a problem type: "urn:headgate:problem:not-found". */
#define HG_PROBLEM_TYPE "urn:headgate:problem:"
/* What an error comes to. */
void hg_asked_problem(const GError *error, int *ret_status, const char **ret_word);
/* The body; more: further members as JSON ("\"bits\":12"), or NULL. */
void hg_asked_refuse(GString *body, int status, const char *word, const char *detail, const char *more);

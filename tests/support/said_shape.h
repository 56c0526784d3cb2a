/* said_shape.h - is a request the same request, whatever people wrote? */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "http_request.h"

/* Names that descriptions of tests may use, those of them that people write, and their secrets and values. */
extern const char *const shape_names[], *const shape_people[];
extern char *shape_secrets[], *shape_values[];	/* name, value ..., NULL */
/* ht_fill_value: a name is a path into the situation, which ctx is. */
gboolean shape_value(void *ctx, const char *name, GString *out);
/* A voice that says situation; lent. */
struct ht_voice shape_voice(struct json_object *situation);

/* One request made of two situations that differ in texts only.  NULL, or where it became another one (yours): a header,
 * a part of the path, a parameter, a member, a field, a tag is there or not, or a fixed one is another.  What cannot be
 * said of the hostile one is fine.  html: texts of its body are HTML, whose tags are counted. */
char *shape_differs(const ht_request *request, struct json_object *harmless, struct json_object *hostile,
		    gboolean html);

/* Requests as presets make them, every way a value can stand; NULL-ended JSON with ' for ". */
struct shape_request { const char *json; gboolean html; };
extern const struct shape_request shape_requests[];
/* A situation whose texts that people write are these, in the order of shape_people and then a second file's name and a
 * tag; what is missing is harmless.  A reference of yours. */
struct json_object *shape_situation(char *const *texts);
#define SHAPE_TEXTS 9
/* JSON with ' for "; a reference of yours, NULL: it is none. */
struct json_object *shape_json(const char *text);

/* described_fixture.h - requests made of a situation, for those who test what descriptions can say */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "http_request.h"

/* JSON with ' for ", which C reads better; a reference of yours.  Fails the test when it is none. */
struct json_object *desk_json(const char *text);
/* Made of situation; NULL with *ret_err: the description is wrong, or (kind 0) the request cannot be made, with its text. */
struct ht_made *desk_make(const char *request, struct json_object *situation, struct hg_err *ret_err);
void desk_made_free(struct ht_made *made);		/* NULL is fine */
/* As desk_make(); fails the test when it cannot be made. */
struct ht_made *desk_must_make(const char *request, struct json_object *situation);
/* What desk_look() knows as names, people's words, secrets and values. */
struct ht_look desk_look(struct hg_err *ret_err);

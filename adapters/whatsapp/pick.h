/* pick.h - members of JSON that somebody else wrote: of the type that was asked for, or not there */
#pragma once
#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

/* All take NULL, or something that is no object, for "has no such member".  What comes back is
 * lent by the tree. */
struct json_object *wa_get(struct json_object *obj, const char *key);	/* any type but null */
struct json_object *wa_obj(struct json_object *obj, const char *key);
struct json_object *wa_arr(struct json_object *obj, const char *key);
struct json_object *wa_first(struct json_object *obj, const char *key);	/* object at the head of an array */
const char *wa_str(struct json_object *obj, const char *key);		/* string, may be "" */
const char *wa_text(struct json_object *obj, const char *key);		/* string that is not "" */
/* A string that is not "", or an integer: carriers turn ids into numbers now and then. */
const char *wa_id(struct json_object *obj, const char *key);
int64_t wa_int(struct json_object *obj, const char *key, int64_t fallback);	/* integer, or its digits */
bool wa_flag(struct json_object *obj, const char *key);
/* Seconds (or milliseconds, told by their size) since 1970 as UTC ms; 0 when it is none. */
int64_t wa_time(struct json_object *obj, const char *key);
size_t wa_len(struct json_object *arr);			/* 0 for NULL and for what is no array */
struct json_object *wa_at(struct json_object *arr, size_t i);	/* NULL for null */

/* Is the member there, but of none of the types it may have?  null counts as not there. */
bool wa_odd(struct json_object *obj, const char *key, enum json_type type);

/* Text of a value, in the pool. */
const char *wa_json(struct wa_pool *pool, struct json_object *value);

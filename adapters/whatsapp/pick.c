/* pick.c - members of JSON that somebody else wrote */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pick.h"

/* Beyond the year 5000 in seconds, 1973 in milliseconds. */
#define MS_FROM INT64_C(100000000000)
#define MS_MAX  INT64_C(253402300799999)	/* the end of year 9999 */

struct json_object *wa_get(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;

	if (!obj || !json_object_is_type(obj, json_type_object))
		return NULL;
	json_object_object_get_ex(obj, key, &value);
	return value;
}

static struct json_object *get_type(struct json_object *obj, const char *key, enum json_type type)
{
	struct json_object *value = wa_get(obj, key);

	return value && json_object_is_type(value, type) ? value : NULL;
}

struct json_object *wa_obj(struct json_object *obj, const char *key)
{
	return get_type(obj, key, json_type_object);
}

struct json_object *wa_arr(struct json_object *obj, const char *key)
{
	return get_type(obj, key, json_type_array);
}

struct json_object *wa_first(struct json_object *obj, const char *key)
{
	struct json_object *head = wa_at(wa_arr(obj, key), 0);

	return head && json_object_is_type(head, json_type_object) ? head : NULL;
}

const char *wa_str(struct json_object *obj, const char *key)
{
	struct json_object *value = get_type(obj, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

const char *wa_text(struct json_object *obj, const char *key)
{
	const char *text = wa_str(obj, key);

	return text && *text ? text : NULL;
}

const char *wa_id(struct json_object *obj, const char *key)
{
	struct json_object *value = get_type(obj, key, json_type_int);

	return value ? json_object_get_string(value) : wa_text(obj, key);
}

int64_t wa_int(struct json_object *obj, const char *key, int64_t fallback)
{
	const char *text = wa_id(obj, key);
	long long number;
	char *end;

	if (!text)
		return fallback;
	errno = 0;
	number = strtoll(text, &end, 10);
	return errno || *end || end == text ? fallback : number;
}

bool wa_flag(struct json_object *obj, const char *key)
{
	struct json_object *value = get_type(obj, key, json_type_boolean);

	return value && json_object_get_boolean(value);
}

int64_t wa_time(struct json_object *obj, const char *key)
{
	int64_t at = wa_int(obj, key, 0);

	if (at > 0 && at < MS_FROM)
		at *= 1000;
	return at > 0 && at <= MS_MAX ? at : 0;
}

size_t wa_len(struct json_object *arr)
{
	return arr && json_object_is_type(arr, json_type_array) ? json_object_array_length(arr) : 0;
}

struct json_object *wa_at(struct json_object *arr, size_t i)
{
	return i < wa_len(arr) ? json_object_array_get_idx(arr, i) : NULL;
}

bool wa_odd(struct json_object *obj, const char *key, enum json_type type)
{
	struct json_object *value = wa_get(obj, key);

	return value && !json_object_is_type(value, type);
}

const char *wa_json(struct wa_pool *pool, struct json_object *value)
{
	size_t len;
	const char *text = json_object_to_json_string_length(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);

	return text ? wa_dupn(pool, text, len) : "null";
}

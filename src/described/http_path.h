/* http_path.h - where a value stands in what came in: "payload.from.phone_number", "to[0]", "$header:X-Id"
 *
 * Keys are parted by dots; ["a.b"] is a key with anything in it, [0] the first of a list, [-1] the last.  A value that
 * is no list is its own [0] and [-1], so that XML with one element reads as with two.  Names that begin with a dollar
 * are not of the tree:
 *   $header:NAME  $query:NAME  $secret:NAME  $value:NAME   a header, a parameter of the URL, what the channel gives
 *   $body $method $url $path $peer $status $now            of the request or the answer; $now in ms
 *   $root.a.b                                              from the top, where paths start from an item of each:
 *   $up.a.b                                                from the item around this one
 *   $given.a.b                                             from what the request was made of that this is the answer to
 * and behind a dot they read a text as a tree: "Message.$json.id", "xml.$xml.sms", "data.$form.from".
 * "results[]" and "entry[].messages[]" are for each: only: all of a list. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#define HT_PATH_STEPS 16	/* of one path */

typedef struct ht_path ht_path;

/* What was made of texts on the way ($json and the like), so that it is made once per request. */
typedef struct ht_memo ht_memo;
ht_memo *ht_memo_new(void);
void ht_memo_free(ht_memo *memo);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_memo, ht_memo_free)

/* What paths look into; all of it lent, any of it NULL. */
struct ht_scope {
	ht_memo *memo;					/* of root, which lives longer; NULL: made again each time */
	struct json_object *root, *item, *up;		/* item NULL: root */
	struct json_object *given;			/* $given; NULL: there is none */
	const char *(*header)(const void *from, const char *name);
	const char *(*query)(const void *from, const char *name);
	const void *from;				/* of both */
	const char *body;				/* UTF-8, len bytes */
	gsize len;
	const char *method, *url, *path, *peer;
	int status;
	gint64 now_ms;
	char *const *secrets, *const *values;		/* name, value ..., NULL: as HG_OPT_MAP has them */
};

/* NULL with *ret_why (yours: "wants a key behind the dot at character 9"; or NULL: nobody asks).  each: "[]" may stand in it. */
ht_path *ht_path_new(const char *text, gboolean each, char **ret_why);
void ht_path_free(ht_path *path);			/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_path, ht_path_free)
/* Which secret or value it names ("$secret:token" with kind "secret"); NULL: none. */
const char *ht_path_names(const ht_path *path, const char *kind);

/* Of secrets or values; NULL: there is none of that name. */
const char *ht_given_value(char *const *map, const char *name);

/* A reference of yours (json_object_put()); NULL: not there, or null. */
struct json_object *ht_path_get(const ht_path *path, const struct ht_scope *scope);
/* A text, a number as it was written, true, false as text; NULL of a list, a map, null.  Yours. */
char *ht_json_text(struct json_object *value);
/* As text: texts, whole numbers, numbers as they were written, true, false; NULL: not there, or a list or map.  Yours. */
char *ht_path_text(const ht_path *path, const struct ht_scope *scope);
/* Calls one for each value of a path with "[]" in it (without: for what is there), with scope's item and up set; at
 * most max times.  FALSE: there were more. */
gboolean ht_path_each(const ht_path *path, const struct ht_scope *scope, gsize max,
		      void (*one)(void *arg, const struct ht_scope *scope), void *arg);

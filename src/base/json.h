/* json.h - strict JSON over json-c: what strangers send is refused unless RFC 8259 allows it
 *
 * json-c alone lets single-quoted strings, NaN, numbers beyond 64 bits (clamped) and duplicate
 * keys through, even in strict mode; a scan before the parse refuses them. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

struct hg_json_limits {
	gsize max_bytes;	/* 0: 4 MiB */
	guint max_depth;	/* 0: 32 */
	gsize max_memory;	/* bytes that the tree may take, about; 0: 64 MiB, three times what
				 * the longest sensible batch of 4 MiB takes */
	gboolean duplicates;	/* let a duplicate key pass (last one wins) instead of refusing it */
};

/* limits NULL: the defaults above.  Refuses invalid UTF-8, lone surrogates, \u0000 in strings and
 * keys, integers beyond 64 bits, numbers beyond a double, text after the value.  Returns an object
 * for json_object_put(), or NULL with error set: INPUT (with the offset) or LIMIT. */
struct json_object *hg_json_parse(const void *bytes, gsize len, const struct hg_json_limits *limits,
				  GError **error);

/* Lent, or NULL when the member is missing or has another type; obj may be NULL or no object. */
const char *hg_json_str(struct json_object *obj, const char *key);
struct json_object *hg_json_obj(struct json_object *obj, const char *key);
struct json_object *hg_json_arr(struct json_object *obj, const char *key);
/* Integer member, or fallback when missing or not an integer. */
gint64 hg_json_int(struct json_object *obj, const char *key, gint64 fallback);
gboolean hg_json_bool(struct json_object *obj, const char *key, gboolean fallback);

/* Writing without a tree: appends to out.  Keys are written as they are given (they are ours);
 * NULL values are left out by the _opt forms.  Commas are put where they belong. */
void hg_json_open(GString *out, char bracket);			/* '{' or '[' as a value */
void hg_json_close(GString *out, char bracket);			/* '}' or ']' */
void hg_json_key(GString *out, const char *key);		/* then one value */
void hg_json_put_str(GString *out, const char *text);		/* a value; NULL: null */
void hg_json_put_strn(GString *out, const char *text, gsize len);
void hg_json_put_int(GString *out, gint64 value);
void hg_json_put_bool(GString *out, gboolean value);
void hg_json_put_time(GString *out, gint64 utc_ms);		/* "2026-11-20T10:02:11.004Z"; 0: null */
void hg_json_put_raw(GString *out, const char *json);		/* a value that is JSON already */
void hg_json_add_str(GString *out, const char *key, const char *text);	/* key and value */
/* Of JSON that is written: what hg_text_unseen() says becomes \u escapes, for those who look at it as it stands.
 * The same values to who reads it; line breaks between values stay. */
void hg_json_spell_out(GString *json);
void hg_json_opt_str(GString *out, const char *key, const char *text);	/* nothing when NULL */
void hg_json_add_int(GString *out, const char *key, gint64 value);
void hg_json_add_bool(GString *out, const char *key, gboolean value);
void hg_json_add_time(GString *out, const char *key, gint64 utc_ms);	/* 0: null */
void hg_json_opt_time(GString *out, const char *key, gint64 utc_ms);	/* nothing when 0 */
void hg_json_add_raw(GString *out, const char *key, const char *json);	/* NULL: null */

G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_object, json_object_put)

/* http_body.h - a body as a tree of templates: JSON, the fields of a form, the parts of multipart
 *
 * Texts are templates (fill.h); numbers, truths and null are themselves.  Where a value may stand, a map with one of these
 * keys stands for another:
 *   { $when: { coding: ucs2 }, $then: unicode, $else: text }   by conditions on the part; without $else nothing at all:
 *                                                             the member, the item, the field is not there
 *   { $number: "${to.digits}" }   a number, not a text of digits
 *   { $true: { coding: ucs2 } }   true or false
 *   { $json: ... }  { $xml: "<m>${text}</m>" }                a text that is a document of its own
 *   { $file: true }               in parts: the bytes of the file */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "described.h"
#include "fill.h"

#define HT_BODY_DEPTH 16
#define HT_BODY_BYTES (1 << 20)		/* of what is said, coded */

typedef struct ht_body ht_body;

enum ht_body_kind { HT_BODY_JSON = 1, HT_BODY_FORM, HT_BODY_PARTS };
/* Of a member that is there.  NULL: told. */
ht_body *ht_body_new(struct ht_look *look, struct json_object *map, const char *key, int kind);
void ht_body_free(ht_body *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_body, ht_body_free)
/* Does a template in it name this (see ht_fill_has())? */
gboolean ht_body_has(const ht_body *body, const char *name);

/* Appends it.  A form: "a=b&c=d", charset NULL for UTF-8.  NULL, or why it cannot be said (static). */
const char *ht_body_json(const ht_body *body, const struct ht_voice *voice, GString *out);
const char *ht_body_form(const ht_body *body, const struct ht_voice *voice, const char *charset, GString *out);
/* Of parts: struct ht_field each, names lent by body, values yours (freed with the array). */
struct ht_field {
	const char *name;
	char *value;			/* NULL: the file */
};
const char *ht_body_parts(const ht_body *body, const struct ht_voice *voice, GArray *ret);
GArray *ht_fields_new(void);

/* http_body.h - a body as a tree of templates: JSON, the fields of a form, the parts of multipart
 *
 * Texts are templates (fill.h); numbers, truths and null are themselves.  Where a value may stand, a map with one of these
 * keys stands for another:
 *   { $when: { coding: ucs2 }, $then: unicode, $else: text }   by conditions on the part; without $else nothing at all:
 *                                                             the member, the item, the field is not there
 *   { $number: "${to.digits}" }   a number, not a text of digits
 *   { $true: { coding: ucs2 } }   true or false
 *   { $json: ... }  { $xml: "<m>${text}</m>" }                a text that is a document of its own; in parts with its
 *                                 $type: application/json
 *   { $html: "<b>${contact.name}</b><br>${text}" }            the same: values are escaped, their line ends become <br>
 *   { $file: true }               in parts: the bytes of the file
 *   { $text: "${ticket.subject|none}", $max: 255, $do: [trim] }   a text cut to characters, after what a pick's do: does;
 *                                 nothing at all when it is not what $do reads
 *   { $value: ticket.tags }       what stands at a path, of its own type: number, truth, list, map; nothing: not there
 *   { $map: { of: "${ticket.priority}", high: 3, "*": 2 } }   one of these by the word of, in any case; "*": any
 *                                 other; else not there
 *   { $each: files, $as: { name: "${file.name}" } }           a list, $as for each at a path: names ${item} (a text),
 *                                 ${item.a.b}, of files ${file.a} too, in conditions and $value as well.  In a list:
 *                                 several of its items; in a form or parts: several fields of one name
 * Keys are templates too; beside others of its map only with names of the config (value:, secret:) in it, else it
 * stands alone: nobody's words take another's place.
 * ${file.base64} and ${file.dataurl} (of $each: ${item.base64} too) may be the last of a text of JSON: their bytes are
 * not in what is made, they are put there as it is sent (struct ht_piece). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "described.h"
#include "fill.h"

#define HT_BODY_DEPTH 16
#define HT_BODY_BYTES (1 << 20)		/* of what is said, coded */
#define HT_BODY_EACH  256		/* items of one $each */

typedef struct ht_body ht_body;

enum ht_body_kind { HT_BODY_JSON = 1, HT_BODY_FORM, HT_BODY_PARTS, HT_BODY_QUERY };
/* Of a member that is there.  NULL: told. */
ht_body *ht_body_new(struct ht_look *look, struct json_object *map, const char *key, int kind);
void ht_body_free(ht_body *body);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_body, ht_body_free)
/* Does a template in it name this (see ht_fill_has())?  "file.": or has it a file's bytes in it? */
gboolean ht_body_has(const ht_body *body, const char *name);

/* A file that stands in a body: its bytes are put there by who sends it. */
struct ht_piece {
	gsize at;			/* before this byte of what is made */
	struct json_object *file;	/* its map ("name", "type", ...); a reference of yours, freed with the array */
	gboolean base64;		/* RFC 4648 section 4, with padding; FALSE: as they are */
};
GArray *ht_pieces_new(void);
/* The map of a file the voice speaks of: name "file", or "item" within a list.  Lent; NULL: there is none. */
struct json_object *ht_voice_file(const struct ht_voice *voice, const char *name);

/* Appends it.  A form: "a=b&c=d", charset NULL for UTF-8.  NULL, or why it cannot be said (static).  pieces: of
 * struct ht_piece, in their order; NULL: none can be taken, and there must be none. */
const char *ht_body_json(const ht_body *body, const struct ht_voice *voice, GString *out, GArray *pieces);
const char *ht_body_form(const ht_body *body, const struct ht_voice *voice, const char *charset, GString *out);
/* Of parts: struct ht_field each, all yours but type (freed with the array). */
struct ht_field {
	char *name, *value;		/* value NULL: the file */
	const char *type;		/* lent by body: of a value, or NULL; a file says its own */
	struct json_object *file;	/* with value NULL: its map; a reference */
};
const char *ht_body_parts(const ht_body *body, const struct ht_voice *voice, GArray *ret);
GArray *ht_fields_new(void);

/* http_tree.h - bytes of a request or an answer as one json-c tree, whatever they are written in
 *
 * JSON as it is.  A form and a query (of a request's target): an object of texts, a name that comes twice is a list.  XML: { ROOT: ... }, an
 * element with attributes or children is an object ("@name" an attribute, "#text" its own text, children by their
 * names without a namespace's prefix, repeated ones a list), any other a text; no entities but the five, no DTD.
 * Multipart: an object of its fields that are no files.  Text: one text. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#define HT_TREE_BYTES (1 << 20)		/* of a body */
#define HT_TREE_DEPTH 32
#define HT_TREE_NODES 20000

enum ht_shape { HT_JSON = 1, HT_FORM, HT_XML, HT_QUERY, HT_MULTIPART, HT_TEXT };
int ht_shape_word(const char *word);			/* "json"; 0: none */
/* Of a Content-Type: 0 when it says nothing that is known here. */
int ht_shape_of(const char *content_type);
/* The charset parameter of a Content-Type: yours, or NULL. */
char *ht_charset_of(const char *content_type);
gboolean ht_charset_known(const char *charset);

/* charset: NULL for UTF-8 (XML: what its declaration says).  content_type: of a multipart body, for its boundary, or
 * NULL.  What is no UTF-8 becomes U+FFFD.  An object for json_object_put(), or NULL with err set: INPUT, LIMIT. */
struct json_object *ht_tree(int shape, const char *charset, const char *content_type, const void *bytes, gsize len,
			    struct hg_err *err);
/* The bytes as UTF-8 text; yours. */
char *ht_utf8(const char *charset, const void *bytes, gsize len, gsize *ret_len);

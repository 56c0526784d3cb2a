/* http_forms.h - XML and multipart bodies as trees; for http_tree.c */
#pragma once
#include "http_tree.h"

#define HT_CHARSET_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:+"

/* charset NULL: what the declaration says, else UTF-8. */
struct json_object *ht_xml_tree(const char *charset, const char *bytes, gsize len, struct hg_err *err);
struct json_object *ht_multipart_tree(const char *charset, const char *content_type, const char *bytes, gsize len,
				      struct hg_err *err);
/* A parameter of a Content-Type or Content-Disposition, without its quotes: yours, or NULL. */
char *ht_type_param(const char *content_type, const char *name);
/* Takes value over; a name that is there already becomes a list. */
void ht_add(struct json_object *map, const char *name, struct json_object *value);
struct json_object *ht_refuse(struct hg_err *err, int kind, const char *text);	/* NULL */

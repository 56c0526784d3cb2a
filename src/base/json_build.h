/* json_build.h - json-c's tree of what hg_json_scan() has passed; for json.c only */
#pragma once
#include <glib.h>
#include <json-c/json.h>

/* Yours; NULL is json-c's null.  The bytes must be what hg_json_scan() said TRUE to. */
struct json_object *hg_json_build(const void *bytes, gsize len);

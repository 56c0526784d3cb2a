/* http_files.h - `files:` of something said: lists of them, or numbered fields (MediaUrl0, MediaUrl1, ...) */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "arena.h"
#include "described.h"

#define HT_FILES_MAX  32	/* of one message */

typedef struct ht_files ht_files;
/* `files:` of map: one, or a list of at most 8.  An array of ht_files, empty when it is not there; yours. */
GPtrArray *ht_files_read(struct ht_look *look, struct json_object *map);
/* Appends what they lead to to all (of struct hg_file, ref is the url), HT_FILES_MAX in it at most; texts in arena. */
void ht_files_find(const GPtrArray *files, const struct ht_scope *scope, hg_arena *arena, GArray *all);
/* HG_IMAGE, HG_AUDIO, HG_VIDEO by a media type; NULL and all others: HG_FILE. */
int ht_file_kind(const char *type);

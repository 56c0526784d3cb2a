/* desk_stage.h - a network that is none: calls of a sample compared with what was expected, answered as it says; for
 * desk_samples.c only */
#pragma once
#include "desk_run.h"

struct hg_desk_stage {
	struct hg_desk_transport transport;	/* of this stage; ctx is the stage */
	struct json_object *calls;	/* the sample's list; lent, or NULL */
	struct json_object *files;	/* path -> base64 of its bytes; lent, or NULL */
	gsize made;			/* calls so far */
	gint64 now_ms;
	GString *wrong;			/* line by line; lent */
};

void hg_desk_stage_init(struct hg_desk_stage *stage, struct json_object *calls, struct json_object *files, gint64 now_ms,
			GString *wrong);
/* All that was to be called was. */
void hg_desk_stage_end(struct hg_desk_stage *stage);
/* Appends a line. */
void hg_desk_stage_wrong(GString *wrong, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* A line for each key of map that is none of these. */
void hg_desk_stage_keys(struct json_object *map, const char *const *keys, GString *wrong);

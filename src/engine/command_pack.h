/* command_pack.h - commands as bytes: to be kept, and to be given to an engine again */
#pragma once
#include <glib.h>
#include "command.h"
#include "pack_shape.h"

/* Appends.  WITHOUT_RAW: the bytes of the delivery and its items as they came stay out, their lengths
 * do not: who has them elsewhere puts them back (raw, where raw_len is not 0).  What is not packed:
 * at_ms, done.  Batches have the strides of hg_command_set_batch(). */
enum hg_pack_flag { HG_PACK_ALL = 0, HG_PACK_WITHOUT_RAW = HG_ROW_RAW };
void hg_command_pack(const hg_command *command, unsigned flags, GString *out);
/* Safe on any bytes.  INPUT: these are none, or a newer headgate's; LIMIT: more than a command holds. */
gboolean hg_command_unpack(const void *bytes, gsize len, hg_command **ret, GError **error);

/* One item of a batch, for when it has to wait alone. */
void hg_in_pack(const struct hg_in *in, unsigned flags, GString *out);
gboolean hg_in_unpack(const void *bytes, gsize len, hg_arena *arena, struct hg_in *ret, GError **error);

/* The tables, and all of them: for what else packs these, and for tests. */
extern const struct hg_shape hg_shape_command, hg_shape_in;
extern const struct hg_shape *const hg_command_shapes[];	/* NULL-ended */

/* power_image.h - what is on the disk after the power went at some point of a trace
 *
 * What was synced is there.  Of what was not, the loss decides: nothing of it, each file's first writes
 * up to some point, or any of them, whole or in sectors of 512 bytes.  Files made, deleted and not yet
 * known to the directory on disk come and go in the same way, in their order. */
#pragma once
#include "power_disk.h"

enum power_loss { POWER_ALL_LOST, POWER_PREFIX, POWER_TORN, POWER_LOSSES };
extern const char *const power_loss_names[POWER_LOSSES];

typedef struct power_image power_image;

power_image *power_image_new(const struct power_trace *trace);	/* before its first operation; trace is lent */
void power_image_free(power_image *image);
/* Goes forward: the first op operations are done, and that one is under way. */
void power_image_go(power_image *image, guint op);
/* The files as they are found afterwards, in the trace's order: GByteArray, NULL where there is none; yours. */
GPtrArray *power_image_files(const power_image *image, enum power_loss loss, guint32 seed);
/* One number for all their bytes: the same disk is the same number. */
guint64 power_files_sum(const GPtrArray *files);
/* Writes them into dir, which has none of them. */
void power_files_put(const GPtrArray *files, const struct power_trace *trace, const char *dir);

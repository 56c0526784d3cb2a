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
/* Writes the files as they are found afterwards into dir, which has none of them. */
void power_image_write(const power_image *image, enum power_loss loss, guint32 seed, const char *dir);

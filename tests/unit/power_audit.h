/* power_audit.h - is everything there that somebody heard of, and nothing half? */
#pragma once
#include "power_day.h"

struct power_auditor {
	const struct power_day *day;
	char *dir;			/* of the images; ours */
	gboolean *redelivered;		/* ours: states in which all was sent again already */
	GHashTable *known;		/* ours: sum of a disk on which nothing was wrong -> hash of its rows */
	guint redeliveries;		/* commands that were sent again */
};

/* dir: an empty directory for the images; taken. */
struct power_auditor *power_auditor_new(const struct power_day *day, char *dir);
void power_auditor_free(struct power_auditor *auditor);

/* Opens the store on the disk of files (power_image_files()) as the daemon does at its start, after the power went during
 * operation cut, and audits it; what was looked at before is only asked whether it is new enough.  What is wrong (yours);
 * NULL: nothing. */
char *power_audit(struct power_auditor *auditor, const GPtrArray *files, guint cut);

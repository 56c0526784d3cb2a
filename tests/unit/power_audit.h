/* power_audit.h - is everything there that somebody heard of, and nothing half? */
#pragma once
#include "power_day.h"

struct power_auditor {
	const struct power_day *day;
	char *dir;			/* of the images; ours */
	gboolean *redelivered;		/* ours: states in which all was sent again already */
	guint redeliveries;		/* commands that were sent again */
};

/* dir: an empty directory for the images; taken. */
struct power_auditor *power_auditor_new(const struct power_day *day, char *dir);
void power_auditor_free(struct power_auditor *auditor);

/* Opens the store that lies in the auditor's directory as the daemon does at its start, after the power
 * went during operation cut, and audits it.  What is wrong (yours); NULL: nothing.  The directory is
 * empty afterwards. */
char *power_audit(struct power_auditor *auditor, guint cut);

/* stamp.h - what the server told of a mail, kept with its bytes as one header line above them
 *
 *	X-Headgate-Received: 1763752800000 40000000
 *
 * INTERNALDATE in UTC milliseconds, and where only a part was fetched the size of the whole mail.  What stands
 * in quarantine or in a backup is therefore still a mail, and one that claims such a line itself has it below ours. */
#pragma once
#include <glib.h>

struct stamp {
	gint64 received_ms;		/* 0: not known */
	gint64 whole;			/* bytes of a mail of which only a part was fetched; 0: all of it is here */
};

/* parts: of the mail, in order; lent.  Yours. */
GBytes *stamp_put(const struct stamp *stamp, GBytes *const *parts, guint n);
/* Returns how many bytes the line takes; 0: there is none. */
gsize stamp_read(const void *bytes, gsize len, struct stamp *ret);

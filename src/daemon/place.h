/* place.h - of several nodes: is whoever was this node before certainly dead?
 *
 * A file beside store.path is locked for as long as this process lives, and says as which node it was started, and when the
 * database says it was.  Whoever gets the lock in the same boot of the machine knows that the process the file tells of has ended:
 * nothing of it goes out any more, and what it held need not be waited for.  Without that proof others wait for its leases. */
#pragma once
#include <glib.h>

typedef struct hg_place hg_place;

/* *ret_before_ms: hg_member.since_ms of a process that was this node and is dead; 0: nothing is known of one.  NULL: the file
 * cannot be had (the log says why), and a start after this one has to wait. */
hg_place *hg_place_take(const char *store_path, const char *node, gint64 *ret_before_ms);
void hg_place_keep(hg_place *place, gint64 since_ms);	/* we are that node since then; any thread; place may be NULL */
void hg_place_free(hg_place *place);			/* when nothing of us goes out any more; NULL is fine */

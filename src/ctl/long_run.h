/* long_run.h - verbs that take long: progress as they go on, and an end that can be taken up again */
#pragma once
#include "ctl.h"

struct ctl_long {
	struct ctl *ctl;
	gint64 began_ms, told_ms;	/* monotonic */
	gint64 done, of;		/* as told last */
	const char *unit;		/* what done counts: "conversations"; NULL: bytes */
	char stage[32];
	gboolean bar;			/* a terminal is on stderr */
	gboolean stopped;		/* by Ctrl-C, or SIGTERM */
};

/* Progress alone: Ctrl-C ends the program as ever. */
void ctl_long_show(struct ctl_long *run, struct ctl *ctl);
/* The same, and from here on Ctrl-C stops the work instead of the program. */
void ctl_long_begin(struct ctl_long *run, struct ctl *ctl);
/* of 0: nobody knows how much there is.  As often as one likes: on a terminal one line on stderr, elsewhere one every ten seconds, with --json lines of
 * {"progress": ...} there: stdout has results alone.  FALSE: stop. */
gboolean ctl_long_tell(struct ctl_long *run, const char *stage, gint64 done, gint64 of);
/* Wipes the line.  Stopped: says where, and how to go on ("headgatectl backup DIR"). */
void ctl_long_end(struct ctl_long *run, const char *go_on);
/* "41.2 MB"; yours. */
char *ctl_bytes(gint64 bytes);

/* Where the store is, by the configuration's words for it; whatever else is wrong with the rest, for a backup is wanted
 * most when something is. */
struct ctl_place {
	hg_doc *doc;
	struct hg_store_conf store;
	char *attachments;
	struct hg_store_options options;	/* strings lent by the others */
};
/* FALSE: it was said what is wrong; return CTL_CONFIG. */
gboolean ctl_place_read(struct ctl *ctl, struct ctl_place *ret);
void ctl_place_clear(struct ctl_place *place);
/* What an error of the store's means for the shell. */
int ctl_exit_of(const GError *error);

/* failpoint.h - places where tests may kill the process, make a step fail or hold it up */
#pragma once
#include <config.h>	/* HG_TEST_HOOKS */
#include <glib.h>

/* HG_FAILPOINT(NAME), NAME of failpoints.h, is FALSE and costs nothing without --enable-test-hooks.
 * With it the environment is read once:
 *
 *   HEADGATE_FAIL = "name=action,..."; an action is crash (SIGKILL), error (the expression is TRUE)
 *   or delay:MS or hold:FILE (for as long as there is such a file), at the first passing.  "@3": at the third; "@3+": from the third on; "@p0.01" or
 *   "@p0.01:SEED": by chance at each passing, the same ones for the same seed.
 *   HEADGATE_FAIL_TRACE = a file (made when it is not there) that counts how often each point was
 *   passed and names the last one of each thread.  It is mapped, so it survives SIGKILL and may be
 *   shared by processes; struct hg_failpoint_trace is what it holds. */
#ifdef HG_TEST_HOOKS
#include "failpoints.h"

enum hg_failpoint {
#define HG_FAILPOINT_ID(id, name, may, before) HG_FP_##id,
	HG_FAILPOINTS(HG_FAILPOINT_ID)
#undef HG_FAILPOINT_ID
	HG_FAILPOINT_COUNT
};

#define HG_FAILPOINT_MOST  128		/* rows the file has room for */
#define HG_FAILPOINT_LANES 32		/* threads with a name of their own */

struct hg_failpoint_trace {
	gint64 points;			/* HG_FAILPOINT_COUNT of who writes it */
	gint64 passed[HG_FAILPOINT_MOST];
	struct {
		char thread[16];	/* its name; empty: nobody's */
		gint64 last;		/* 1 + enum hg_failpoint; 0: none */
		gint64 passings;	/* of any point */
	} lanes[HG_FAILPOINT_LANES];
};

gboolean hg_failpoint(enum hg_failpoint point);
#define HG_FAILPOINT(id) hg_failpoint(HG_FP_##id)
#else
#define HG_FAILPOINT(id) FALSE
#endif

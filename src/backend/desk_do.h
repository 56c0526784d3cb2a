/* desk_do.h - what one attempt of an event does at a helpdesk: looks first where that is wise, then does the next thing
 *
 * An event may be several things: the ticket, the rest of a text that is too long, files that are attached alone.  Each that
 * must not be done twice ends the attempt, so that it is on disk before the next is begun (HG_STEP, with progress as JSON).
 *
 * An earlier attempt may have arrived (job.doubt_ms is not this one's): then the ladder decides.  By key: the same key
 * again while the helpdesk knows it.  By find: what there is is looked up, by our id; when nothing is found once more after
 * the search's lag (and half a minute, for it may still be at work), then it is done.  Else on_ambiguous: hold is a dead letter that says what to look for, resend does it
 * again.  Messages and notes are looked up by find_message where there is one, else sent again; files that are attached alone
 * as well where the preset has them carry our id, else they are held: there twice, nobody could tell them from two. */
#pragma once
#include "command.h"
#include "conf.h"
#include "desk_line.h"
#include "ports.h"

typedef struct hg_desk_do hg_desk_do;

enum hg_desk_reached { HG_DESK_UNASKED = 0, HG_DESK_REACHED, HG_DESK_FAILED };	/* nothing was asked of it; it answered; it did not,
						 * or not as one that works */
/* result: as of HG_CMD_FORWARDED; strings lent.  reached: what this says of the helpdesk. */
typedef void hg_desk_do_fn(void *arg, const struct hg_forward_result *result, int reached);

/* One attempt, over line, for backend's desk; dispatch and backend are lent until done.  done is called once: later on the
 * loop, or before this returns. */
void hg_desk_do_begin(hg_desk_line *line, const struct hg_backend_conf *backend, const hg_dispatch *dispatch,
		      gint64 now_ms, hg_desk_do_fn *done, void *arg);

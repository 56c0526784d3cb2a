/* desk_line.h - the line to one helpdesk: how much may be said on it, and as whom
 *
 * Everything that is asked of a backend with a preset goes over its line: events, polls, fetches, probes.  It keeps the
 * backend's rate (calls a minute), waits as long as Retry-After says, has so many calls under way as the preset allows, and
 * holds the one session.  A call that must wait is queued; polls give way to events. */
#pragma once
#include <glib.h>

#include "conf.h"
#include "desk_mail.h"
#include "desk_run.h"
#include "loop.h"

typedef struct hg_desk_line hg_desk_line;

hg_desk_line *hg_desk_line_new(hg_loop *loop, hg_client *client);
/* After the client; runs under way have ended. */
void hg_desk_line_free(hg_desk_line *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_desk_line, hg_desk_line_free)
/* Another configuration: whose limits count from now on; a session of old credentials is over.  conf is kept; backend is of it, or
 * NULL: it is gone, and runs are refused. */
void hg_desk_line_use(hg_desk_line *line, hg_conf *conf, const struct hg_backend_conf *backend);
/* Who carries calls that are mails; lent, NULL: nobody does. */
void hg_desk_line_mail(hg_desk_line *line, hg_desk_mail *mail);
/* Nothing more is sent: what waits ends (RETRY), now and from now on. */
void hg_desk_line_stop(hg_desk_line *line);

struct hg_desk_ask {
	int op;					/* enum hg_desk_op */
	struct json_object *situation;		/* lent until done */
	struct json_object *progress;		/* or NULL; lent until done */
	gboolean stops;				/* see hg_desk_task */
	gboolean patient;			/* others go first: a poll */
	gsize max_reply;			/* 0: 1 MiB */
	int save_fd;				/* see hg_desk_task */
};
/* On the loop.  done once: later, or before this returns. */
void hg_desk_line_ask(hg_desk_line *line, const struct hg_desk_ask *ask, hg_desk_ended_fn *done, void *arg);

/* Nothing is sent for so long: the helpdesk asks for it. */
void hg_desk_line_hold(hg_desk_line *line, gint64 ms);
gint64 hg_desk_line_wait(hg_desk_line *line);		/* ms until rate and Retry-After let a call be made; 0: now */
/* How far the helpdesk's clock is behind ours by the Date of its last answer, ms (up to a second and the answer's time more than it
 * is); 0: it is not, or nobody knows. */
gint64 hg_desk_line_behind(const hg_desk_line *line);
guint hg_desk_line_busy(const hg_desk_line *line);	/* calls under way */

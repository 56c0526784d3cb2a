/* box.h - one folder of the mailbox, and the connection that reads it
 *
 *	off -> (token) -> connecting -> opening: CAPABILITY, ID, SELECT -> ready -> off, and again after a while
 *
 * While it is ready, box_go_on() picks what comes next, one command at a time: settle, fetch what was
 * found, look for more, IDLE (or a NOOP now and then).  Everything that happens ends in box_go_on(). */
#pragma once
#include "email_timer.h"
#include "imap_answer.h"
#include "place.h"

struct batch;
struct email;
typedef struct hg_imap_conn hg_imap_conn;
struct box;

#define STEADY_MS 60000	/* up so long: it is well, and the next failure is a first one */

enum box_phase { BOX_OFF, BOX_TOKEN, BOX_CONNECTING, BOX_OPENING, BOX_READY };
enum box_idle { IDLE_NO, IDLE_ASKED, IDLE_ON, IDLE_ENDING };

struct found {				/* a mail that is there and not yet here */
	guint32 uid;
	guint missing;			/* how often it was asked for and did not come */
	gint64 size, received_ms;
};

struct settle {				/* its mail is on disk: flag, move or delete it */
	guint64 ticket;
	guint32 validity, uid;
	gint64 until;			/* monotonic ms: told to come again after that */
};

typedef void box_done_fn(struct box *box, const struct hg_imap_answer *answer);
typedef void box_mail_fn(struct box *box, struct hg_imap_mail *mail);

struct box {
	struct email *e;		/* lent */
	char *folder;			/* ours: as configured ... */
	char *quoted;			/* ... and as the server reads it */
	int phase;			/* enum box_phase */
	struct email_timer again;	/* the next attempt to connect */
	guint attempt;			/* since it was last well for a while */
	gint64 up_ms, success_ms;	/* monotonic: came up; something was answered in order */
	gboolean silent;		/* told to be, see alarm.c */
	gboolean renewed;		/* the token was renewed for a refused login */
	char *why;			/* ours: of the last failure, or NULL */

	/* box.c: the connection and the command under way */
	hg_imap_conn *conn;
	hg_imap_reader *reader;
	gboolean feeding;		/* the reader calls us: the connection may not be closed */
	char *failed;			/* ours: why it is to be closed then */
	char prefix[9];			/* of tags: random, so that no mail can guess one */
	guint tags;
	char tag[24];			/* of the command under way; "" none */
	box_done_fn *done;
	box_mail_fn *mail;		/* takes what FETCH answers; or NULL */
	gsize heard, most;		/* bytes since the command, and how many it may be answered with */
	gint64 heard_ms;
	struct email_timer silence;	/* the command is not answered */

	/* what the server said of the folder */
	gboolean can_idle, can_move, can_uidplus, can_id;
	guint32 exists, validity, next_uid;
	gboolean grown;			/* more mails than before: look */

	/* box_look.c */
	struct place place;		/* behind the last mail that was handed over */
	guint32 next;			/* UIDs from here on were not looked at */
	guint32 window, window_end;	/* how many UIDs at once; the last one asked for, 0: to the end */
	gboolean more;			/* there is more than was looked at */
	GArray *found;			/* struct found, ascending */
	guint empty_looks;		/* in a row */
	gint64 looked_ms;

	/* box_fetch.c */
	struct batch *batch;		/* what came of the command under way */
	guint asked;			/* so many of found */
	guint with_host;		/* batches that are not on disk yet */
	guint32 careful_to;		/* up to this UID: one at a time */
	guint32 trouble_uid;		/* cannot be fetched ... */
	guint trouble;			/* ... so many times */
	gint64 trouble_ms;		/* since (monotonic) */

	/* box_idle.c */
	int idle;			/* enum box_idle */
	gboolean no_idle;		/* it cannot, or does not do it right */
	gboolean noop;			/* it is time for one */
	gint64 idle_ms;
	guint quick;			/* IDLEs that ended at once, in a row */
	struct email_timer idle_timer, pause;

	/* box_settle.c */
	GQueue settles;			/* struct settle, ours, waiting */
	GArray *settling;		/* struct settle: of the command under way */
	guint step;
	gboolean created;		/* move_to was created for this one */
	gboolean turn;			/* settle before anything else */
	struct email_timer settle_timer, soon;
};

struct box *box_new(struct email *e, const char *folder, GError **error);
void box_free(struct box *box);
void box_start(struct box *box);	/* connects, and again and again */
void box_stop(struct box *box);
void box_stored(struct box *box);	/* a batch of it is on disk */
void box_settle(struct box *box, guint64 ticket, guint32 validity, guint32 uid);

/* ---- between its files ---- */

/* One line; its end is added.  done hears the tagged answer unless the connection ends before. */
void box_command(struct box *box, box_done_fn *done, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
void box_write(struct box *box, const char *line);	/* without a tag */
void box_silence(struct box *box, gint64 ms);	/* the server is given up when it says nothing so long */
/* The connection is of no more use; everything of it ends, and another is made after a while. */
void box_fail(struct box *box, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* The answer is no OK: logged, and the connection is given up. */
gboolean box_refused(struct box *box, const struct hg_imap_answer *answer, const char *what);
void box_go_on(struct box *box);
void box_connect(struct box *box);
/* Connected and logged in; box_opened() when the folder is open. */
void box_open(struct box *box);
void box_opened(struct box *box);
gboolean box_login_failed(struct box *box, const char *said);	/* FALSE: not refused for who we are */

gboolean box_wants_look(const struct box *box);
void box_look(struct box *box);
void box_look_from(struct box *box, const struct place *place);
void box_look_lost(struct box *box);	/* the connection went */
void box_passed(struct box *box);	/* found is empty: keep the place when there is a reason */

gboolean box_wants_fetch(const struct box *box);
void box_fetch(struct box *box);
void box_fetch_lost(struct box *box, gboolean nonsense);	/* nonsense: by what the server said */

void box_rest(struct box *box);		/* IDLE, or wait for the next NOOP */
void box_wake(struct box *box);		/* ends IDLE when there is something to do */
void box_idling(struct box *box);	/* "+" came */
void box_idle_lost(struct box *box);

gboolean box_wants_settle(const struct box *box);
void box_settle_some(struct box *box);
void box_settle_lost(struct box *box);	/* tells all that they come again */

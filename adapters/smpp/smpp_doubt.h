/* smpp_doubt.h - is this deliver_sm one that we had already?
 *
 * SMPP gives no id to what comes in.  An operator sends a message again when our answer did not reach it: then it is
 * the same, and must become nothing new; when our answer did reach it, the same words are said a second time.  So each
 * message is remembered until something proves that its answer has arrived (an answer to what we sent after it: one
 * connection keeps the order); what is left when a connection breaks is in doubt for a time.  The list is kept with the
 * messages, as the channel's cursor, so that a crash between commit and answer is such a break too. */
#pragma once
#include <glib.h>

#define SMPP_DOUBTS_KEPT 100		/* in the cursor, which has 2 KiB: the newest */
#define SMPP_KEY_SIZE	 32

enum smpp_doubt_state { SMPP_UNSTORED, SMPP_ANSWERED, SMPP_DOUBTFUL };

struct smpp_doubt {
	guint64 hash;			/* of what it says, from whom, to whom */
	gint64 first_ms;		/* UTC: with the hash its key */
	int state;			/* enum smpp_doubt_state */
	guint bind, generation;		/* on which connection it came */
	guint32 sequence;		/* its number there */
	gint64 since_ms;		/* monotonic: when it came */
	guint32 mark;			/* ANSWERED: our last request before the answer */
};

struct smpp_doubts {
	GArray *all;			/* of struct smpp_doubt, oldest first */
	gint64 last_ms;			/* first_ms of the newest: no two are the same */
	gboolean dirty;			/* the cursor names what is proven meanwhile */
};

void smpp_doubts_init(struct smpp_doubts *doubts);
void smpp_doubts_done(struct smpp_doubts *doubts);

/* Which message this is: its key is written to ret_key.  now_ms: UTC, mono_ms: monotonic. */
void smpp_doubt_begin(struct smpp_doubts *doubts, const struct smpp_doubt *seen, gint64 now_ms, char ret_key[SMPP_KEY_SIZE]);
/* On disk and answered behind our request mark; or not stored: forgotten. */
void smpp_doubt_answered(struct smpp_doubts *doubts, guint bind, guint generation, guint32 sequence, guint32 mark);
void smpp_doubt_refused(struct smpp_doubts *doubts, guint bind, guint generation, guint32 sequence);
/* Our request number was answered: what was said before it has arrived.  How many are still open there. */
guint smpp_doubt_proven(struct smpp_doubts *doubts, guint bind, guint generation, guint32 number);
guint smpp_doubt_open(const struct smpp_doubts *doubts, guint bind, guint generation);
/* The connection is gone. */
void smpp_doubt_broken(struct smpp_doubts *doubts, guint bind, guint generation);
/* Forgets what is older; UTC. */
void smpp_doubt_expire(struct smpp_doubts *doubts, gint64 before_ms);

char *smpp_doubts_cursor(const struct smpp_doubts *doubts);		/* yours */
void smpp_doubts_read(struct smpp_doubts *doubts, const char *cursor);	/* nonsense is skipped */

/* flow.h - what was read is handed over with the place behind it, one batch at a time */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "place.h"

struct box;
struct email;

struct batch {
	struct box *box;		/* NULL: the cursor alone, for the refresh token's sake */
	char *folder;			/* ours */
	struct place place;		/* behind the last mail */
	GPtrArray *mails;		/* struct mail, ours, in UID order */
};

struct mail {
	guint32 uid;
	gint64 received_ms;
	char *news;			/* ours: not a mail but why there is none, for the operator; or NULL */
	GBytes *raw;			/* ours: stamped; NULL with news */
};

struct batch *flow_batch_new(struct box *box, const char *folder);
void flow_batch_add(struct batch *batch, guint32 uid, gint64 received_ms, GBytes *raw, const char *news);	/* takes raw */
void flow_batch_free(struct batch *batch);

/* Takes batch.  Its box hears box_stored() when it is on disk. */
void flow_push(struct email *e, struct batch *batch);
void flow_keep_cursor(struct email *e);
gboolean flow_idle(const struct email *e);	/* nothing is with the host */
void flow_stop(struct email *e);		/* what is not with the host is dropped: it is read again */
void flow_done(struct email *e);

/* inside.h, hg_take_fn: a mail that no mailbox brought. */
int email_take(void *state, const void *bytes, size_t len, hg_ack_fn *ack, void *arg, struct hg_err *err);
gboolean email_was_taken(const char *id);		/* by its dedupe key */

/* smpp_bind.h - one bind: a connection that is logged in, kept alive, and made again */
#pragma once
#include "smpp.h"

/* NULL with err: the host lends no session.  number is from 1 on. */
struct smpp_bind *smpp_bind_new(struct smpp *s, guint32 kind, guint number, struct hg_err *err);
void smpp_bind_free(void *bind);
gboolean smpp_bind_sends(const struct smpp_bind *bind);		/* by its kind */
gboolean smpp_bind_can_send(const struct smpp_bind *bind);	/* now, as far as the bind is concerned */

/* Writes a request of ours under the next number, which is returned; 0: the connection is gone. */
guint32 smpp_bind_request(struct smpp_bind *bind, struct smpp_pdu *pdu);
guint32 smpp_bind_next(struct smpp_bind *bind);			/* takes the next number */
/* TRUE: handed to the connection. */
gboolean smpp_bind_answer(struct smpp_bind *bind, guint32 command, guint32 status, guint32 sequence);
void smpp_bind_drop(struct smpp_bind *bind, const char *why);
void smpp_bind_probe(struct smpp_bind *bind);			/* answers were written: ask soon whether they arrived */
void smpp_bind_unbind(struct smpp_bind *bind);

/* Deadlines that have passed; the next one of those that are not, G_MAXINT64: none. */
gint64 smpp_bind_tick(struct smpp_bind *bind, gint64 now);

/* smpp_state.c: tells the gateway what the channel is like, when that has changed. */
void smpp_state_look(struct smpp *s);
gint64 smpp_state_due(const struct smpp *s);

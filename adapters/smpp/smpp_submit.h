/* smpp_submit.h - what goes out: a queue, a window for each bind, and what the answers mean */
#pragma once
#include "smpp.h"

void smpp_send(void *smpp, const struct hg_out *out);
/* Writes what the windows have room for. */
void smpp_submit_run(struct smpp *s);
void smpp_submit_answered(struct smpp_bind *bind, const struct smpp_pdu *pdu);
/* The connection is gone: what was written on it may have arrived. */
void smpp_submit_lost(struct smpp_bind *bind);
/* Deadlines that have passed; when the next one is due, G_MAXINT64: none. */
gint64 smpp_submit_tick(struct smpp *s, gint64 now);
/* All that waits for its turn goes back to the gateway. */
void smpp_submit_flush(struct smpp *s, const char *why);
gboolean smpp_submit_busy(const struct smpp *s);	/* something is written and not answered */
void smpp_submit_free_all(struct smpp *s);

/* The next step of ending, when the channel is to stop: answers, unbind, drained. */
void smpp_stop_step(struct smpp *s);

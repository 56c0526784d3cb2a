/* smpp.h - what the files of this adapter share: a channel, its binds, its queue */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "arena.h"
#include "smpp_doubt.h"
#include "smpp_pdu.h"

struct smpp_conf {
	char *host, *system_id, *password, *system_type, *bind, *version, *address_range;
	char *ca_file, *cert_file, *key_file;
	char *from, *country, *alphabet, *text, *long_text, *concat, *language, *service_type, *receipts, *response_id, *receipt_id, *utc_offset;
	char **ton_npi, **errors;
	bool tls, plus;
	int64_t port, binds, submit_window, rate, max_parts, priority, id_tag;
	int64_t enquire_link, response_timeout, bind_timeout, validity, redelivery, part_wait;
};

/* The host has 60 s for a send: so long it may wait for its turn, and so long after send() its answer may come. */
#define SMPP_HOLD_MS	30000
#define SMPP_ANSWER_MS	55000
#define SMPP_INBOUND_MAX 1000		/* deliver_sm that wait for the store; more are put off */

enum smpp_bind_state { SMPP_DOWN, SMPP_BINDING, SMPP_BOUND, SMPP_CLOSING };

struct smpp_bind {
	struct smpp *smpp;
	struct hg_session *session;
	guint number;			/* of the bind, from 1 */
	guint32 kind;			/* SMPP_bind_transceiver, _transmitter, _receiver */
	int state;			/* enum smpp_bind_state */
	guint generation;		/* of the connection: an answer to an earlier one is not sent */
	guint32 sequence;		/* of our last request */
	GHashTable *waiting;		/* sequence -> struct smpp_submit: written and not answered */
	guint flying;			/* of those, without the late ones */
	gint64 due_ms;			/* BINDING, CLOSING: no longer than this */
	const char *closing;		/* why it is dropped then; static, or NULL */
	guint32 enquire;		/* sequence of an enquire_link that is not answered, 0 none */
	gint64 enquire_due_ms;		/* ... and until when it has to be */
	gint64 probe_ms;		/* when to ask whether our answers have arrived, 0 never */
	gint64 pause_ms, resume_ms;	/* throttled: how long it waits, and until when ... */
	guint room;			/* ... and how many may be unanswered: one at first, then more */
	gboolean failed;		/* it has been down since it was up last */
};

struct smpp {
	const struct hg_host *host;
	struct hg_channel *ch;
	const struct smpp_conf *conf;
	GPtrArray *binds;		/* of struct smpp_bind */
	GQueue queue;			/* of struct smpp_submit: not written yet, in order */
	guint64 order;			/* of the last send() */
	struct smpp_intake *intake;	/* what one read brought; NULL between reads */
	guint unstored;			/* deliver_sm handed in and not on disk */
	struct smpp_doubts doubts;
	guint64 timer;			/* of the host */
	gint64 timer_ms;
	gint64 down_ms;			/* since when no bind can send, 0: one can */
	int told;			/* condition, 0: none yet */
	struct hg_err told_err, last_err;
	gboolean stopping, drained;
};

gint64 smpp_now(void);			/* monotonic */
/* Looks again at everything that is due no later than then (monotonic). */
void smpp_due(struct smpp *s, gint64 ms);
void smpp_tick(void *smpp);

/* Hears of batches that nobody waits for: without them a doubt stays one for longer. */
void smpp_told(void *arg, int stored);

G_GNUC_PRINTF(3, 4)
int smpp_fail(struct hg_err *err, int kind, const char *fmt, ...);	/* -1 */

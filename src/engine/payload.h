/* payload.h - the data member of events: what backends, live views and the API show, one schema each */
#pragma once
#include <glib.h>
#include "arena.h"
#include "conf.h"
#include "model.h"
#include "rules.h"
#include "store.h"

/* What a visitor did not see. */
struct hg_payload_unread {
	const char *visitor;		/* "widget:..." */
	guint count;			/* answers */
	gint64 since_ms;		/* when the oldest of them was said */
	const char *message_id, *author;	/* of the newest; author: a name, or NULL */
	const char *preview;		/* the beginning of its text; NULL: the channel does not show it */
};

/* What an event is about.  Everything lent; NULL where the event has no such thing.  What is not
 * given and needed (attachments, links, the transcript) is read from the store. */
struct hg_payload {
	hg_store *store;
	const hg_conf *conf;
	hg_arena *arena;
	const char *type;		/* "message.received": decides what is written */
	gint64 at_ms;
	gint64 seq;			/* of the event in its thread; 0: thread->last_seq + 1 */
	const hg_thread *thread;
	const hg_contact *contact;
	const GPtrArray *addresses;	/* of hg_alias *, all of contact's */
	const hg_message *message;
	const hg_ticket *ticket;
	const hg_decision *decision;	/* of ticket.requested: rule{id,file,line,reason,config_hash} */
	const hg_receipt_row *receipt;	/* of message.status */
	const hg_csat *csat;		/* of csat.received */
	const hg_contact *other;	/* of contact.merged/unmerged */
	const struct hg_payload_unread *unread;	/* of contact.unreachable_reply */
	gboolean for_visitor;		/* of the transcript: only what he may see */
	const hg_attachment *file;	/* of message.edited: the one that is here now, or cannot be had; NULL: it is about the text */
	const char *ignored;		/* of message.received, ticket.message: word of the rule that took it for noise */
	const char *reason;		/* words: why closed, reopened, merged, dropped, down */
	const char *name;		/* of channel.down/up/paused/resumed; what an alarm is about */
	const struct hg_notice *notice;	/* of thread.notice; its text is filled */
	const hg_consent *consent;	/* of contact.consent */
	const char *changes;		/* of thread.changed: JSON object of what was added, removed and set */
	const char *tickets;		/* of contact.erased: JSON list of {thread_id, number, links} */
	const char *language;		/* of ticket.requested: the customer's, "de"; or NULL */
	const char *idempotency_key;	/* of ticket.requested: same on every attempt */
};

/* All types of events there are, NULL-ended. */
const char *const *hg_payload_types(void);

/* Appends a JSON object to out, "thread" first.  Notes never get in: an event about one is refused
 * (STATE).  Field names are those of doc/events.md.  FALSE: out holds a part, the store failed. */
gboolean hg_payload_write(const struct hg_payload *payload, GString *out, GError **error);

/* As a JSON object (since, until, reason), or null: he is not blocked. */
void hg_block_write(const hg_contact *contact, GString *out);
typedef struct hg_erasure hg_erasure;
/* As a JSON object: how far it has got, and the claim with its hash; the claim alone, of which the hash is made. */
void hg_erasure_write(const hg_erasure *row, const char *contact_id, GString *out);
void hg_erasure_write_claim(const hg_erasure *row, const char *contact_id, GString *out);
/* As a JSON object. */
void hg_consent_write(const hg_consent *consent, GString *out);
void hg_token_write(const hg_token *token, GString *out);	/* never its hash */
/* Of a STOP: since when nobody gets messages, and what an agent can do, each for a sentence. */
const char *hg_consent_why(hg_arena *arena, const hg_consent *consent);
const char *hg_consent_advice(const hg_consent *consent);	/* lent for ever */

/* The pieces, for the API: a thread with its contact and ticket, one message with attachments. */
gboolean hg_payload_thread(const struct hg_payload *payload, GString *out, GError **error);
gboolean hg_payload_message(const struct hg_payload *payload, const hg_message *message, gboolean notes_too,
			    GString *out, GError **error);
/* Who of us answered in the thread last, looked for in its newest messages; *ret is left alone: nobody. */
gboolean hg_payload_agent(const struct hg_payload *payload, const hg_thread *thread, const char **ret,
			  GError **error);
/* The contact's ticket before this thread (or NULL), and who answered him last then (or NULL). */
gboolean hg_payload_previous(const struct hg_payload *payload, const hg_ticket **ret_ticket,
			     const char **ret_agent, GError **error);
/* Lines of "[2026-11-20 10:02] Ana: hello" (UTC) as plain text - notes left out; of the newest 500 messages,
 * and when that is more than 256 KiB the oldest lines go first. */
gboolean hg_payload_transcript(const struct hg_payload *payload, GString *out, GError **error);

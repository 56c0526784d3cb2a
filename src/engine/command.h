/* command.h - what the engine is asked to do; each is one savepoint of a group's transaction */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "arena.h"
#include "change.h"
#include "fail.h"
#include "model.h"

enum hg_command_kind {
	HG_CMD_INBOUND = 1,	/* a batch of an adapter */
	HG_CMD_REPLY, HG_CMD_NOTE, HG_CMD_CONVERT, HG_CMD_CLOSE, HG_CMD_REOPEN,
	HG_CMD_LINK,		/* the helpdesk has the ticket: id, number, url */
	HG_CMD_STATUS,		/* the helpdesk's status of a ticket */
	HG_CMD_SETTLE_SEND,	/* a person settles an UNKNOWN send: "arrived" or "resend" */
	HG_CMD_RETRY_DEAD,	/* a dead job again */
	HG_CMD_SENT,		/* outcome of a dispatched channel job */
	HG_CMD_FORWARDED,	/* outcome of a dispatched backend job */
	HG_CMD_FETCHED,		/* outcome of a download */
	HG_CMD_FACTS,		/* outcome of a question to a hook */
	HG_CMD_CONDITION,	/* a channel or backend went up or down; UP: its parked jobs, and those
				 * that wait for a later attempt, become due now */
	HG_CMD_BARRIER,		/* nothing: its done says that all submitted before it is done */
	HG_CMD_RESTORE,		/* a drop: converted again, or its request sent again */
	HG_CMD_PATCH,		/* tags, fields, subject, queue, skill, assignee of a thread */
	HG_CMD_UNPACKED,	/* outcome of unpack(): what raw bytes hold, or why nobody knows */
	HG_CMD_RECALL,		/* what did we say where these refs lead? */
	HG_CMD_SETTLED,		/* outcome of settle() */
	HG_CMD_DROP_DEAD,	/* a job in quarantine is forgotten */
	HG_CMD_PARTICIPANT,	/* somebody may speak in a thread, or (remove) may no more: text is his address */
	HG_CMD_CONSENT,		/* messages to text (an address) from number (ours, or NULL) on channel: status is "stop"
				 * or "start", subject why; or NULL */
	HG_CMD_PREVIEW,		/* what a reply would be sent as; writes nothing */
	/* Of a visitor; all but UNMERGE need channel and visiting.uri.  A thread that is not his is MISSING. */
	HG_CMD_IDENTIFY,	/* the site's server says who he is: see hg_visiting */
	HG_CMD_LOGOUT,		/* tokens issued until now are refused: of visiting.browser, NULL: of all his browsers */
	HG_CMD_SEEN,		/* visiting.state: he has (or has read) all of thread_id up to visiting.message_id */
	HG_CMD_RATE,		/* his opinion of thread_id: visiting.score, text is his comment or NULL.  STATE: he was
				 * not asked, or has answered; INPUT: no score of the scale */
	HG_CMD_TRANSCRIPT,	/* thread_id by mail, to the address the site's server vouched for.  DENIED: there is none;
				 * CONFIG: the channel names no mail channel; LIMIT: he had one a moment ago */
	HG_CMD_PROFILE,		/* what he says of himself: visiting.profile.  MISSING: he never wrote */
	HG_CMD_UNMERGE,		/* text: id of a contact that was merged; it gets back what was its own */
	/* Of a helpdesk, see change.h: what its hook or our poll has found.  backend, changes, batch.raw and batch.cursor.
	 * Those not heard of before become jobs HG_FROM_BACKEND, once this is on disk.  Answer: {"new":3,"known":1}.
	 * MISSING: there is no such backend; INPUT: a change nobody can keep (none of them is kept then) */
	HG_CMD_CHANGES,
	HG_CMD_CHANGED,		/* outcome of such a job: backend, job_n, fate SENT (changes: what it turned out to be, complete;
				 * of a LOOK any number), RETRY or FAILED (dead letter) with text why not, retry_ms */
	/* What operators do: */
	HG_CMD_PAUSE,		/* channel: nothing is sent, fetched or looked for there until it goes on (remove); text why */
	HG_CMD_RETRY_ALL,	/* dead letters of type (word of a target; NULL: any) and text (a name; NULL: any), so many as one
				 * transaction should hold.  Answer: {"retried":3,"more":false} */
	HG_CMD_EDIT_DEAD,	/* of job_n: text goes out instead: an event's data (JSON; type is "backend"), an answer's text ("channel") */
	HG_CMD_DISCARD,		/* job_n will not be tried again; text why */
	/* Of a contact, whose id is text.  MISSING: there is none; STATE: it is part of another one. */
	HG_CMD_MERGE,		/* it becomes part of the contact into.  Answer: {"contact":into,"merged":id,"threads":how many} */
	HG_CMD_BLOCK,		/* what it writes is noise, until until_ms, or for retry_ms (both 0: for ever); subject why, or NULL.  remove: no more */
	HG_CMD_ERASE,		/* it is forgotten, for ever; subject is its id once more.  Again: what has become of it */
	HG_CMD_RETAIN,		/* what was kept for long enough is looked for now */
	HG_CMD_ALARM,		/* subject: what it is about; text in words; status: "raised", "told" (somebody), "cleared" (it is over),
				 * "ended" (and all who were told of it know that).  What makes no sense by now does nothing */
	/* Of the API's tokens.  Answers: {"token":{...}} without the secret, which no command knows; made.n is its row. */
	HG_CMD_TOKEN,		/* one is made: wish.  CONFLICT: the name is taken; LIMIT: there are too many; DENIED: a session's link
				 * is good no more */
	HG_CMD_TOKEN_REVOKE,	/* text: id; wish.kind SESSION: of one (remove: and all of its name end with it).  MISSING; STATE: it
				 * is revoked already */
	HG_CMD_TOKEN_USED,	/* text: id.  It was used in this hour */
	/* Somebody is written to who need not have written: reply to its "to" on channel, subject, add_tags, ticket; text: id
	 * of the contact it has to be, or NULL.  What goes on with him there takes it.  Answer: {"joined":...,"thread_id":...,
	 * "thread":...,"message":...}.  STATE: nobody can be written to first there, the channel is paused or on trial, he is
	 * blocked; OPTED_OUT, WINDOW and what else a reply is refused for */
	HG_CMD_START,
	HG_CMD_START_PREVIEW,	/* what it would be sent as; writes nothing */
	/* Of ticket_ref, on its way to helpdesks. */
	HG_CMD_TICKET_RETRY,	/* what was given up, or waits for a later try, at backend (NULL: any) is tried now.  STATE: there is
				 * nothing.  Answer: {"ticket":id,"retried":3} */
	HG_CMD_RELINK,		/* another ticket of backend takes the place of the one it is there: external_id, number, url; text why.
				 * STATE: it is none there, or that one.  Answer: what it was, see ticket_hand.c */
	HG_CMD_JOIN,		/* thread_id, which is no ticket, becomes part of the ticket of the conversation into.  Answer: that one.
				 * STATE: it is one, or is over; they are of two contacts or scopes; into has no open ticket */
	HG_CMD_IMPORT,		/* batch: messages of channel from elsewhere, as history.  Of an item group is the conversation it is of,
				 * username the agent of an echo.  ask: only looks.  Answer: {"new":3,"known":1} */
	HG_CMD_AUDIT,		/* nothing but the row of it: of what is no command, or was refused before it was one */
	HG_CMD_DRAIN,		/* the node text gives what it alone may do to others; remove: may have some again.  MISSING: there is none of
				 * that name; STATE: it is gone, or nobody shares the store.  Answer: {"node":{...}} */
	HG_CMD_NOISE,		/* the customer's message text (its id) is noise; remove: it is none.  Again: nothing.  Answer: {"thread_id":...,
				 * "message":...,"already_forwarded":...}.  MISSING; INPUT: no customer said it; STATE: it is history */
};

/* TOKEN. */
struct hg_token_wish {
	int kind;			/* enum hg_token_kind */
	const char *name, *scopes, *channels;	/* as in hg_token */
	guint8 hash[32];		/* SHA-256 of the secret */
	gint64 expires_ms;		/* 0: never; of links and sessions the engine says it */
	guint8 link[32];		/* SESSION: SHA-256 of the secret of the link that opens it, which has name and scopes */
};

/* Of every command that the API gives: what is told of it, see hg_audit. */
struct hg_auditing {
	const char *action;		/* "thread.reply"; NULL: it is not audited */
	const char *capacity;
	const char *object;
	const char *request, *source;
	const char *outcome;		/* AUDIT: what came of it; else NULL: that it was done, the engine says */
	const char *facts;		/* AUDIT: JSON object, or NULL */
};

struct hg_reply {
	const char *thread_id;
	const char *agent;		/* name shown, or NULL */
	gboolean bot;			/* said by a bot, not a person */
	const char *text, *html, *template_json, *payload;
	const struct hg_file *files;	/* uploaded before: sha256, name, type, kind, bytes are set */
	gsize n_files;
	const char *channel, *to;	/* or NULL: where the customer wrote last */
	const char *answers_id;		/* our message id it answers, or NULL */
	int kind;			/* HG_TEXT, HG_REACTION, HG_EDIT, HG_REVOKE; target is answers_id */
};

struct hg_forward_result {
	int fate;			/* HG_SENT, HG_RETRY, HG_FAILED (dead letter) */
	int status;			/* HTTP, 0 none */
	gint64 retry_ms;		/* Retry-After, 0 none */
	gboolean gone;			/* 410: the backend is not to be called any more */
	gboolean objects;		/* to the event itself: counted in the job's steps */
	const char *text;		/* for the log and the dead letter */
	/* a 2xx body named the ticket: */
	const char *external_id, *number, *url;	/* or NULL */
	/* of a helpdesk that is spoken to by a preset: */
	gboolean doubt;			/* with RETRY: what was tried may have arrived */
	const void *body;		/* with HG_STEP: what is done so far, JSON; committed before the next step.  With RETRY:
					 * the same, or NULL: as it was */
	gsize len;
	const char *const *made;	/* ids under which the helpdesk will tell of what was just made, NULL-ended; or NULL: such
					 * a reply, note or status is an echo */
	gboolean account;		/* with RETRY: our credentials are refused; nothing is at fault but them */
	gboolean lost;			/* the ticket is not there any more; external_id names what took its place, if anything did */
};

struct hg_fetch_result {
	int fate;			/* HG_SENT: stored; HG_RETRY; HG_FAILED: for ever */
	gint64 retry_ms;
	const char *sha256;		/* of the stored bytes */
	gint64 bytes;
	const char *type;		/* as the download said, or NULL */
	const char *text;
};

struct hg_facts_result {
	const void *body;		/* of a 2xx answer, not read yet; NULL: there is none ... */
	gsize len;
	const char *text;		/* ... and why */
};

/* IDENTIFY: batch holds one hg_in of kind HG_IDENTITY: from[0] is the identified visitor's "widget:u...", then "user:SCOPE:ID",
 * both PROVEN, then "mailto:..." (PROVEN: vouched for; CLAIMED: not), "tel:..."; name, profile.  DENIED: the site's token was
 * used by another browser.  Answer: {"visitor":uri,"contact":id,"merged":id of the contact that was merged into it, or null,
 * "threads":how many moved}. */
struct hg_visiting {
	const char *uri;		/* whose session asks: "widget:..."; IDENTIFY: NULL where there was none */
	const char *browser;		/* what all tokens of one browser have in common, HG_BROWSER_MAX bytes at most; or NULL */
	const char *jti;		/* IDENTIFY: id of the site's token, which counts for one browser only; or NULL */
	const char *message_id;		/* SEEN */
	int state;			/* SEEN: HG_R_DELIVERED or HG_R_READ */
	gint64 score;			/* RATE: of rating.scale: 1 to 5, best last; of thumbs 0 or 1 */
	const char *profile;		/* PROFILE: JSON object, as hg_in.profile */
};

typedef struct hg_command hg_command;

/* What came of it.  answer is JSON for the API (or NULL); error is NULL when it was done. */
typedef void hg_command_done(void *arg, const hg_command *command, const char *answer, const GError *error);

struct hg_command {
	int kind;			/* enum hg_command_kind */
	hg_arena *arena;		/* ours: the command itself and all it points to */
	gint64 at_ms;			/* filled in when it is taken, by the engine's clock */
	gboolean again;			/* INBOUND, for done: all that is in it was there before */
	const char *channel;		/* INBOUND, SENT, FETCHED, CONDITION: name; or NULL */
	const char *space;		/* INBOUND, UNPACKED, RECALL: adapter name, for keys that count across channels */
	const char *backend;		/* LINK, STATUS, FORWARDED, CHANGES, CHANGED, CONDITION */
	const char *principal;		/* who asks: "token:desk", "cli:0", "rule:NAME" */
	const char *idem_key;		/* API calls: or NULL ... */
	guint8 idem_print[32];		/* ... with the fingerprint of the request */
	const char *thread_id, *ticket_ref;	/* id, number or external id of a ticket */
	const char *text, *agent;	/* NOTE, CLOSE (reason), STATUS (word), LINK (the external id that is replaced), UNPACKED and
					 * SETTLED (why not) */
	int resolution;			/* CLOSE: enum hg_resolution */
	gboolean remove;		/* PARTICIPANT, BLOCK */
	const char *into;		/* MERGE */
	gint64 until_ms;		/* BLOCK */
	gboolean ticket;		/* START: a ticket is made of it */
	gboolean ask;			/* CLOSE: as resolved, when the customer says so or nothing */
	const char *priority, *category, *type, *subject;	/* CONVERT; or NULL */
	const char *queue, *status, *assignee;	/* CONVERT; assignee of STATUS too ("": nobody); or NULL */
	const char *skill;		/* PATCH, as subject, queue and assignee: "" takes it away, NULL leaves it */
	const char *const *add_tags, *const *remove_tags;	/* PATCH: NULL-ended; or NULL, as the next */
	const char *const *set_fields, *const *unset_fields;	/* name, value, name, value ...; names */
	const char *external_id, *number, *url;	/* LINK */
	const hg_change *changes;	/* CHANGES, CHANGED: by hg_command_set_changes() */
	gsize n_changes;
	gint64 retry_ms;		/* CHANGED: with RETRY, 0 for the usual backoff; BLOCK */
	gint64 job_n;			/* SENT, FORWARDED, FETCHED, FACTS, SETTLE_SEND, RETRY_DEAD, CHANGED and the four behind PATCH */
	gint64 fence;			/* of what came of a job: as its dispatch said, and the next */
	gboolean asked;			/* SENT: it answers a question (hg_dispatch.ask), not a send */
	int fate;			/* UNPACKED: SENT: read, FAILED: not, RETRY: not tried; SETTLED: as its FAILED: it is gone */
	const char *const *refs;	/* RECALL: NULL-ended */
	int condition;			/* CONDITION: enum hg_condition */
	struct hg_batch batch;		/* INBOUND, UNPACKED; deep copy with our own strides */
	struct hg_reply reply;
	struct hg_result sent;
	struct hg_forward_result forwarded;
	struct hg_fetch_result fetched;
	struct hg_facts_result facts;
	struct hg_visiting visiting;
	struct hg_token_wish wish;
	struct hg_auditing audit;
	hg_token *made;			/* for done: the token as it is now, in our arena; or NULL */
	const char *refused;		/* for done: it was not done, and that is kept: why; or NULL */
	hg_command_done *done;		/* once, after the commit, on the engine's thread; or NULL */
	void *done_arg;
	struct hg_command *next;	/* the queue's */
};

#define HG_TEXT_MAX (256 * 1024)	/* bytes of a message's text: longer is cut; the raw delivery has all of it */

hg_command *hg_command_new(int kind);		/* with its arena */
void hg_command_free(hg_command *command);	/* NULL is fine; does not call done */
/* Deep copies into the command's arena; sizes and strides become ours.  Text is made valid UTF-8,
 * numbers of items, addresses, files and bytes are bounded (HG_ERROR_LIMIT). */
gboolean hg_command_set_batch(hg_command *command, const struct hg_batch *batch, GError **error);
/* Deep copies too; more than HG_CHANGES_MAX are LIMIT, one that hg_change_check() refuses is INPUT and names it.
 * raw: the hook's bytes, kept beside them, or NULL; cursor: where the next poll begins, or NULL: stays. */
gboolean hg_command_set_changes(hg_command *command, const hg_change *changes, gsize n, const void *raw, gsize raw_len,
				const char *cursor, GError **error);
/* A copy in its arena of ids, NULL-ended (or NULL); what is too many is left out. */
const char *const *hg_command_words(hg_command *command, const char *const *words);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_command, hg_command_free)

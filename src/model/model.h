/* model.h - what headgate keeps: values, no I/O
 *
 * `n` is a row's own number inside the store (never shown); `id` is the TypeID people and programs
 * see.  Strings of a value read from the store live in the arena that was given to the read. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "env.h"

/* ---- contact: a person ---- */
typedef struct hg_contact {
	gint64 n;
	char id[HG_ID_SIZE];
	const char *name, *username;	/* or NULL; attributes, never keys */
	const char *tier, *locale;	/* or NULL */
	const char *fields;		/* JSON object of further attributes, or NULL */
	gboolean opted_out, conflicted;	/* conflicted: addresses proven to belong to somebody else too */
	gint64 created_ms;
	gint64 merged_into;		/* n of the contact this one was merged into, 0: none */
	const char *tags;		/* JSON array of strings, or NULL */
	gint64 last_ticket_ms;		/* when a conversation of his last became a ticket, 0: never */
	gint64 blocked_ms;		/* since when he is kept out, 0: he is not ... */
	gint64 blocked_until_ms;	/* ... until then, 0: for ever */
	const char *blocked_why;	/* in words, or NULL */
	gint64 erased_ms;		/* when he was forgotten, 0: not */
} hg_contact;
gboolean hg_contact_is_blocked(const hg_contact *contact, gint64 now_ms);

typedef struct hg_alias {		/* one form of an address, and whose it is */
	const char *uri;
	gint64 contact_n;
	int proof;			/* enum hg_proof */
	gint64 since_ms;
} hg_alias;

/* ---- consent: what was said of messages from us to an address ---- */
enum hg_wish { HG_WISH_NONE = 0, HG_WISH_START, HG_WISH_STOP };

typedef struct hg_consent {
	const char *uri, *channel;
	const char *ours;		/* our address it is about; "": the whole channel */
	int state;			/* enum hg_wish */
	const char *source;		/* "word", "provider", "send", "agent"; NULL with NONE */
	const char *words;		/* the customer's, the provider's, or why an agent set it; or NULL */
	const char *who;		/* set it: an agent's name, or the token's; or NULL */
	int code;			/* provider's number, 0: none */
	int blocked;			/* the provider itself lets nothing through any more */
	gint64 said_ms, heard_ms;	/* when it was said, when we had it; 0: nobody knows */
	gint64 again_ms;		/* when people were told last that he wrote all the same */
	gint64 told_ms, told_n;		/* texts of ours about it: so many since then */
} hg_consent;

/* ---- visitor: a person's browser or app; his address is "widget:" and his id ---- */
#define HG_VISITOR_SCHEME "widget:"
#define HG_VISITOR_ANONYMOUS 22		/* characters of the id of one nobody vouches for: base64url of 16 random bytes */
#define HG_VISITOR_IDENTIFIED 44	/* of one the site's server does: "u" and base64url of a hash of 32 bytes */
#define HG_BROWSER_MAX 64		/* bytes of hg_visitor.browser */
gboolean hg_visitor_is(const char *uri);		/* NULL is fine: it is not */
gboolean hg_visitor_is_anonymous(const char *uri);

typedef struct hg_visitor {		/* only of those who logged out, were identified or said something of themselves */
	const char *uri;
	const char *browser;		/* "": the row counts for all of them; else what this browser's tokens have in common */
	const char *channel;
	gint64 since_ms;
	gint64 ended_ms;		/* tokens issued then or before are refused; 0: none are */
	const char *into;		/* address of the identified one he turned out to be; or NULL */
	const char *user;		/* "user:SCOPE:ID" of an identified one; or NULL */
	const char *email;		/* "mailto:...", where answers he did not see go; or NULL */
	gboolean vouched;		/* the site's server says that it is his */
	const char *profile;		/* JSON object: what he says of himself ("name", "email", "phone"); or NULL */
} hg_visitor;

typedef struct hg_visit {		/* a visitor's address in a thread: written with the first message from or to it */
	const char *uri;
	gint64 thread_n;
	gint64 read_n;			/* newest message he has read; 0: none */
	gint64 mailed_n, mailed_ms;	/* newest that went to him by mail because he had not, and when; 0: none did */
	gint64 pushed_n;		/* newest that contact.unreachable_reply told of; 0: none */
} hg_visit;

typedef struct hg_merge {		/* a contact became part of another: enough to undo it */
	gint64 n;
	gint64 from_n, into_n;		/* contacts */
	gint64 at_ms;
	const char *why;		/* in words: "the site's server says who widget:... is" */
	const char *moved;		/* JSON: {"addresses":[uri ...],"threads":[{"id","key","channel","reply_to","reply_from"}
					 * as they were ...]} */
	gint64 undone_ms;		/* 0: it holds */
} hg_merge;

/* ---- thread: the conversation with one contact ---- */
/* Before the scope of a conversation on trial: no look-up by scope leads from it to a real one, or back. */
#define HG_SHADOW_SCOPE "shadow:"
const char *hg_scope_shown(const char *scope);	/* without it; NULL is fine */

enum hg_thread_state { HG_THREAD_OPEN = 1, HG_THREAD_CLOSED, HG_THREAD_CONVERTED };
enum hg_resolution { HG_RES_UNKNOWN = 0, HG_RES_RESOLVED, HG_RES_UNRESOLVED };

typedef struct hg_thread {
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 contact_n;
	const char *scope, *key;	/* key "": the default thread; else of a group or reference */
	const char *subject;		/* or NULL */
	int state, resolution;
	gint64 version;			/* counted up by every change: compare and set */
	gint64 opened_ms, last_ms;	/* last_ms: any activity, by our clock */
	gint64 first_message_ms, last_customer_ms;
	gint64 first_response_ms, first_bot_ms, closed_ms, converted_ms;	/* 0: not yet */
	gint64 messages, inbound, outbound;	/* counts */
	gint64 last_seq;		/* number of its newest event */
	gint64 last_event_n, last_message_n;	/* heads of the two chains */
	const char *channel;		/* where the customer wrote last ... */
	const char *reply_to, *reply_from;	/* ... from where, to which of our addresses */
	gint64 last_decision_n;		/* head of a third chain */
	gint64 last_in_n;		/* message the customer wrote last */
	const char *tags;		/* JSON array of strings, or NULL */
	const char *fields;		/* JSON object: what rules and the API set, or NULL */
	gint64 ticket_n;		/* 0: none */
	gboolean held, reopened;
	/* An episode runs from the opening (or reopening) to the closing or conversion. */
	gint64 episode;			/* which one it is, from 1 */
	gint64 episode_n;		/* row of the last that ended, 0: none did */
	gint64 ep_opened_ms;		/* when the one under way began; 0: none is under way */
	gint64 ep_customer_ms, ep_bot_ms, ep_human_ms;	/* of the newest, whether it has ended or not: first of
					 * each; 0: not in it */
	gint64 ep_confirmed_ms;		/* when the customer said that it is solved */
	gint64 ep_inbound, ep_bot, ep_human;	/* its messages: customer's, bot's, people's */
	gint64 ep_real;			/* of ep_inbound: those that were not noise */
	gint64 waiting_ms;		/* since when the customer waits for a person's answer; 0: he does not */
	gint64 alone_ms;		/* since when a bot has been alone with him; 0: none is, -1: none will be
					 * in this episode, for a person has answered */
	gint64 was_waiting_ms, was_alone_ms;	/* as the store has them: its own */
	const char *queue, *skill, *assignee;	/* where it is routed to; or NULL */
	const char *backend;		/* the only one that hears of it; NULL: all */
	gboolean shadow;		/* of a channel on trial: nothing leaves headgate because of it */
	const char *asked;		/* what the customer was asked: "solved", "rating", "email"; or NULL ... */
	gint64 asked_ms;		/* ... and when */
	gint64 asked_episode;		/* the last one that ended with the question for a rating, 0: none */
	const char *participants;	/* JSON list of addresses that may speak in it, as notes; or NULL */
	const char *related;		/* id of the thread it would have joined, had its sender been known; or NULL */
	int forgotten;			/* what of it is kept no longer: bits 1 << enum hg_retained */
	int noise;			/* messages of it that people took for noise */
} hg_thread;

/* ---- episode: a conversation from its opening, or reopening, to its closing or conversion ---- */
enum hg_ending { HG_END_CLOSED = 1, HG_END_CONVERTED };
enum hg_layer { HG_LAYER_NONE = 0, HG_LAYER_BOT, HG_LAYER_CONVERSATION, HG_LAYER_TICKET };

typedef struct hg_episode {		/* one that has ended; what comes later of its matter is added to it */
	gint64 n, thread_n;
	gint64 number;			/* of the thread's, from 1 */
	const char *channel;		/* where the customer wrote last; or NULL */
	const char *scope;
	gboolean shadow;
	gint64 opened_ms;
	gint64 customer_ms, bot_ms, human_ms;	/* first of each, 0: none; answers count when they were sent */
	gint64 ended_ms;
	int how;			/* enum hg_ending */
	gint64 confirmed_ms;		/* the customer said that it is solved, 0: not */
	gint64 inbound, real, bot, human;	/* messages; real: of inbound, those that were not noise */
	gint64 ticket_n;		/* 0: none was made of it */
	gint64 acked_ms;		/* a helpdesk has that ticket, 0: not (yet) */
	gint64 closed_ms;		/* the matter was closed: with the episode, or its ticket later; 0: not */
	int resolution;			/* as of closed_ms */
	gint64 reopened_ms;		/* the customer came back after a closing: last time; 0: never ... */
	gint64 reopen_gap_ms;		/* ... and how soon after it, the shortest */
	gint64 dropped_ms;		/* closed unresolved, and no helpdesk had it by then; 0: no drop */
	gint64 restored_ms;		/* ... and when somebody had it after all, 0: not (yet) */
} hg_episode;

/* How far it had to go: answered by a bot alone, by people, or as a ticket. */
int hg_layer_of(gint64 ticket_n, gint64 bot, gint64 human);	/* enum hg_layer */

/* ---- message: one thing said ---- */
enum hg_direction { HG_INBOUND = 1, HG_OUTBOUND, HG_NOTE, HG_SYSTEM_LINE };
enum hg_author { HG_BY_CUSTOMER = 1, HG_BY_AGENT, HG_BY_BOT, HG_BY_RULE, HG_BY_OUTSIDE, HG_BY_GATEWAY };
/* Of an outbound message: folded from its parts and receipts, only forwards. */
enum hg_delivery { HG_DLV_NONE = 0, HG_DLV_QUEUED, HG_DLV_SENDING, HG_DLV_UNKNOWN, HG_DLV_SENT,
	HG_DLV_DELIVERED, HG_DLV_READ, HG_DLV_PLAYED, HG_DLV_PARTLY, HG_DLV_FAILED };

/* What a person says of the customer's message; what rules made of it is in the decision. */
enum hg_noise { HG_NOISE_NOT = 0, HG_NOISE_MARKED,
	HG_NOISE_TOLD,		/* marked, and its ticket's helpdesk had it already */
};

typedef struct hg_message {
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 thread_n, prev_n;	/* prev_n: the one before it in its thread */
	int direction, author, kind;	/* kind: enum hg_kind */
	const char *author_name;	/* agent's name, rule's name; or NULL */
	const char *channel;		/* or NULL for notes and system lines */
	const char *external_id;	/* provider's id; or NULL */
	const char *address;		/* the other side's */
	const char *our_address;	/* or NULL */
	const char *subject, *text, *html, *payload;	/* text: never NULL when read */
	const char *reply_text;		/* what is new in text: without quotes and signature; or NULL: nobody told */
	const char *answers;		/* provider id it answers, or NULL */
	gint64 at_ms;			/* when we had it */
	gint64 sent_ms;			/* by the provider's clock, 0: not said */
	gint64 edited_ms, revoked_ms;	/* 0: not */
	gint64 raw_n;			/* raw event it came with, 0: none */
	int delivery;			/* enum hg_delivery; outbound only */
	gboolean conflict;		/* receipts contradict each other */
	int parts, parts_sent;
	int resent;			/* how often it was sent again though it may have arrived */
	const char *error, *advice;	/* why it failed, what to do; or NULL */
	int error_code;
	const char *note;		/* unsupported: why; or NULL */
	gboolean automatic, forwarded, echo;
	int sender;			/* where he only claims his address: 1 + enum hg_sender; else 0 */
	const char *reactions;		/* JSON object address -> emoji, or NULL */
	const char *origin;		/* backend whose agent said it over there: it has it already; or NULL */
	gint64 erased_ms;		/* when what it said was forgotten, 0: not */
	int noise;			/* enum hg_noise */
} hg_message;

/* A mail of the gateway that says what stands in the conversation already: answers nobody saw, a transcript.  Its payload is
 * {"copy":"unseen"|"transcript","of":[message ids]}. */
#define HG_COPY_UNSEEN	   "{\"copy\":\"unseen\""
#define HG_COPY_TRANSCRIPT "{\"copy\":\"transcript\""
gboolean hg_message_is_copy(const hg_message *message);
/* What a visitor may see of his conversations, and nothing else is shown to him: what he and others said to each other.  No
 * notes, lines for agents, copies, nothing that was kept and not sent, or that could not be. */
gboolean hg_message_is_for_visitor(const hg_message *message);
/* The same, said by us: it counts as unread until he has read it. */
gboolean hg_message_is_answer(const hg_message *message);

enum hg_file_state { HG_FILE_PENDING = 1, HG_FILE_STORED, HG_FILE_FAILED };

typedef struct hg_attachment {
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 message_n;
	int kind, state;
	const char *name, *type;	/* or NULL */
	gint64 bytes;			/* -1: not known yet */
	const char *sha256;		/* hex; of the stored bytes, or as promised */
	const char *ref;		/* what the adapter fetches it by; or NULL */
	gint64 expires_ms;		/* 0: not said */
	const char *error;		/* or NULL */
	const char *content_id;		/* by which the text shows it; or NULL */
} hg_attachment;

/* ---- ticket: the formal record ---- */
enum hg_ticket_state { HG_TICKET_REQUESTED = 1, HG_TICKET_OPEN, HG_TICKET_PENDING, HG_TICKET_SOLVED,
	HG_TICKET_CLOSED };

typedef struct hg_ticket {
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 thread_n;
	const char *number;		/* ours: TK-1042 */
	int state;
	const char *subject, *priority, *category, *type;	/* or NULL but for subject */
	const char *reason;		/* "rule" name, "agent" name, "default", "first_response" */
	const char *agent;		/* who converted it by hand, or NULL */
	const char *external_status;	/* the helpdesk's own word, or NULL */
	gint64 created_ms, changed_ms;
	gint64 acked_ms;		/* when a helpdesk first said that it has it, 0: not yet */
	gboolean confirmed;		/* the customer was told the number */
	const char *queue, *skill, *assignee;	/* where it was routed to; or NULL */
	const char *routed;		/* who was chosen and why, in words; NULL: nobody was looked for */
	const char *status;		/* the helpdesk is to give it this status: "in_progress"; or NULL */
	const char *requester;		/* address the helpdesk is to know the requester by; or NULL */
	gboolean shadow;		/* made on trial: no helpdesk hears of it */
} hg_ticket;

typedef struct hg_link {		/* the ticket in one helpdesk */
	gint64 ticket_n;
	const char *backend, *external_id, *number, *url;
	gint64 at_ms;
	gint64 status_order;		/* of the newest status applied that came from there (hg_change.order); 0: none */
	gint64 moved_ms;		/* when that helpdesk merged its ticket into the one it is since; 0: never */
} hg_link;

typedef struct hg_csat {		/* what the customer thinks: one opinion for an episode of a thread */
	gint64 n, thread_n, episode;
	gint64 ticket_n;		/* 0: none */
	const char *channel;		/* he was asked on */
	const char *resolver;		/* who answered him in the episode: "human" (a bot may have helped), "bot", "none" */
	gint64 score;			/* 1 to 5, best last; of thumbs 0 or 1 */
	const char *scale;		/* "5" or "thumbs" */
	const char *comment;		/* or NULL */
	gint64 at_ms;
} hg_csat;

/* ---- event: an entry of a thread's log ---- */
typedef struct hg_event {
	gint64 n;			/* order over all threads */
	char id[HG_ID_SIZE];
	gint64 thread_n, seq, prev_n;	/* seq: 1, 2, ... within the thread; thread_n 0: of no thread */
	const char *type;		/* "message.received" */
	gint64 at_ms;
	gint64 message_n, decision_n;	/* 0: none */
	const char *data;		/* JSON object: the data member of what a backend gets */
	/* Not stored, set while it is written, so that live views know whom it is about: */
	gboolean shadow;		/* of a thread on trial */
	const char *channel;		/* where its customer wrote last, or that it is about; NULL: none */
	const char *rule;		/* that decided it; or NULL */
	gint64 contact_n;		/* the thread's contact, as it is by now; 0: none */
	gint64 from_contact_n;		/* contact.merged: the one that was merged; .unmerged: that it was part of; else 0 */
} hg_event;

typedef struct hg_decision {		/* facts are kept: the trace is made again from them */
	gint64 n, thread_n, message_n, at_ms;
	gint64 prev_n;			/* the one before it of its thread */
	const char *config_hash;
	const char *on;			/* event that was judged: "message", "settle", "thread.closed" ... */
	const char *action;		/* "convert", "ignore", "join", "hold", "wait", "none" */
	const char *rule, *file;	/* or NULL: the default decided */
	int line;
	const char *facts;		/* JSON */
} hg_decision;

/* ---- tokens: who may use the API, beside api.tokens of the configuration ---- */
enum hg_token_kind {
	HG_TOKEN_API = 1,	/* a bearer token */
	HG_TOKEN_LINK,		/* opens one session of the console, which is revoked_ms */
	HG_TOKEN_SESSION,	/* of the console: a cookie */
	HG_TOKEN_KINDS		/* one more than the last */
};

#define HG_LINK_MS	   (10 * 60 * 1000)
#define HG_LINK_GONE	   "this link was used already, or is older than 10 minutes; headgatectl console makes another"
#define HG_LINKS_MAX	   100			/* that wait to be used */
#define HG_SESSION_IDLE_MS (12 * G_GINT64_CONSTANT(3600000))	/* counted from its first use in an hour */
#define HG_SESSION_LIFE_MS (7 * G_GINT64_CONSTANT(86400000))	/* however busy it is */
#define HG_SESSIONS_MAX	   1000			/* one more ends the one that was idle longest */

typedef struct hg_token {
	gint64 n;
	char id[HG_ID_SIZE];
	const char *name;		/* of the program, or of who sits at the console */
	int kind;			/* enum hg_token_kind */
	const void *hash;		/* SHA-256 of the secret, which nobody has but who was told it */
	gsize hash_len;
	const char *scopes;		/* words, a space between */
	const char *channels;		/* the same, of those it may see; NULL: all */
	const char *made_by;		/* principal */
	gint64 made_ms, expires_ms;	/* expires_ms 0: never */
	gint64 revoked_ms;		/* 0: not */
	gint64 used_ms;			/* last, to the hour; 0: never */
	gint64 rev;			/* of its last change, which the store counts */
} hg_token;

/* ---- who did what ---- */
typedef struct hg_audit {
	gint64 n;			/* 1, 2, 3 ... */
	char id[HG_ID_SIZE];
	gint64 at_ms;
	const char *principal;		/* "token:desk", "console:ann", "local:1000", "signal:SIGHUP" */
	const char *capacity;		/* the token's id, or the role in the console; or NULL */
	const char *action;		/* "thread.reply" */
	const char *kind, *object;	/* "thread" and its id; object or NULL */
	const char *outcome;		/* "ok", "begun", or the word of the problem */
	const char *request;		/* id that the caller gave it; or NULL */
	const char *source;		/* network address; or NULL */
	const char *facts;		/* JSON object; or NULL */
	const void *hash;		/* over the row before it and this one */
	gsize hash_len;
} hg_audit;

/* ---- outbox: durable work that leaves the daemon ---- */
enum hg_target {
	HG_TO_CHANNEL = 1, HG_TO_BACKEND, HG_TO_FETCH, HG_TO_HOOK,
	HG_TO_UNPACK,		/* raw bytes of a channel, to its adapter; dead: in quarantine */
	HG_TO_SETTLE,		/* what they held is on disk: the far end is told */
	HG_FROM_BACKEND,	/* a change in a helpdesk: what is missing of it is fetched, then it is applied */
	HG_TARGETS		/* one more than the last */
};
enum hg_job_state {
	HG_JOB_QUEUED = 1,	/* waits behind an earlier one of its lane */
	HG_JOB_DUE,		/* head of its lane: to be done from due_ms on */
	HG_JOB_SENDING,		/* committed before the call leaves; found after a restart: ambiguous */
	HG_JOB_UNKNOWN,		/* left, no answer came: a receipt or on_ambiguous decides */
	HG_JOB_PARKED,		/* its channel can do nothing until someone acts */
	HG_JOB_DEAD,		/* given up; kept with its error */
};				/* done: the row is deleted */

typedef struct hg_job {
	gint64 n;
	int target;			/* enum hg_target */
	const char *name;		/* of the channel or backend */
	const char *lane;		/* jobs of one (target, name, lane) are done in order, one at a time */
	int state;
	gint64 due_ms, created_ms, changed_ms;
	gint64 doubt_ms;		/* a channel's, a backend's: when the first attempt was made that may have arrived; 0: none */
	int attempts;
	int steps;			/* harmless ones of a channel's; objections of a backend */
	const char *key;		/* idempotency key, the same on every attempt */
	gint64 thread_n, message_n, event_n, attachment_n, raw_n;	/* 0: none */
	int part;			/* from 0; of a backend's: 1: what goes out is HG_STANDING_EDIT */
	int file;			/* index of the attachment this part carries, -1 none */
	const void *body;		/* bytes to send, or NULL */
	gsize len;
	const char *external_id;	/* once known; UNPACK: our id of the placeholder that stands for it */
	const char *error;		/* of the last attempt, or NULL */
	int error_code;
} hg_job;

/* ---- what stands until somebody or something takes it back ---- */
#define HG_STANDING_PAUSE "pause"	/* name: a channel; text: why, or NULL */
#define HG_STANDING_ALARM "alarm"	/* name: what it is about; text: what to say of it */
#define HG_STANDING_EDIT  "edit"	/* name: number of a job; text: what goes out instead */

typedef struct hg_standing {
	const char *kind, *name;
	gint64 since_ms, told_ms;	/* told: when somebody was told of it last, 0: nobody was */
	const char *who;		/* principal, or NULL */
	const char *text;
} hg_standing;

typedef struct hg_receipt_row {
	gint64 n, message_n;		/* 0: parked until its message is known */
	const char *channel, *external_id, *key;	/* one of the last two may be NULL */
	int state;			/* enum hg_receipt_state */
	gint64 at_ms, got_ms;
	int code, reach;
	const char *text, *advice, *detail;
} hg_receipt_row;

typedef struct hg_timer {		/* one of a kind for a thread */
	gint64 thread_n;
	const char *kind;		/* "settle", "first_response", "idle", "confirm", "drop", ... */
	gint64 due_ms;
	const char *data;		/* or NULL */
} hg_timer;

typedef struct hg_journal {		/* a turn of the engine, so that it can be done again */
	gint64 n, at_ms;
	int kind;			/* the engine's: what body is */
	const void *seed;		/* of the turn's random numbers; or NULL */
	gsize seed_len;
	const void *body;
	gsize len;
} hg_journal;

/* ---- messages in pieces ---- */
enum hg_joining_state {
	HG_JOINING_OPEN = 1,	/* pieces are awaited */
	HG_JOINING_REUSED,	/* its reference was used again: it is told of as it is */
	HG_JOINING_TOLD,	/* it was told of with gaps; what comes late still completes it */
};

typedef struct hg_joining {		/* a message that came in pieces and is not whole yet */
	gint64 n;
	const char *channel, *space;	/* it came on; as in the command */
	const char *sender, *ours;	/* "echo:" before what we said; ours: "" when it is not said */
	const char *ref;
	int parts;
	int state;			/* enum hg_joining_state */
	gint64 since_ms;		/* when the first piece came */
} hg_joining;

typedef struct hg_piece {
	gint64 joining_n;
	int part;			/* from 1 on */
	const void *item;		/* packed, without its raw bytes */
	gsize len;
	gint64 raw_n;
	int own_raw;			/* nothing but this item is in the raw bytes */
	gint64 at_ms;
} hg_piece;

/* ---- waiting: what is asked outside before the rules ---- */
typedef struct hg_waiting {		/* an item that was acknowledged and is not judged yet */
	gint64 n, contact_n;
	const char *channel, *space;	/* it came on; as in the command */
	const void *item;		/* packed, without its raw bytes */
	gsize len;
	gint64 raw_n;
	int own_raw;			/* nothing but this item is in the raw bytes */
	int newcomer;			/* the contact was made for it */
	gint64 at_ms;			/* when we had it */
	gint64 ready_ms;		/* when its own questions are over at the latest */
	gint64 due_ms;			/* the same, of the first of a contact's; 0: it stands behind another */
} hg_waiting;

enum hg_question_state {
	HG_QUESTION_OPEN = 1,	/* asked; its answer or its deadline ends it */
	HG_QUESTION_ANSWERED,
	HG_QUESTION_CACHED,		/* not asked: what was said a while ago counts */
	HG_QUESTION_SHARED,		/* not asked: a question about an earlier message of the contact is open */
	HG_QUESTION_LATE,		/* its deadline went by; the default counts, as in what follows */
	HG_QUESTION_FAILED,
	HG_QUESTION_SKIPPED,		/* not asked: the hook is left alone for a while */
};

typedef struct hg_question {			/* a question to a hook about an item */
	gint64 n;
	char id[HG_ID_SIZE];
	gint64 waiting_n;		/* 0: its item is judged already */
	gint64 contact_n;
	const char *hook;
	gint64 job_n;			/* that carries it, 0: none */
	int state;			/* enum hg_question_state */
	gint64 asked_ms, deadline_ms;
	gint64 ms;			/* it took until the answer, -1: none came */
	const char *answer;		/* JSON as hg_hook_answer_read() makes it, or NULL */
	const char *note;		/* what went wrong, or NULL */
} hg_question;

typedef struct hg_hook {		/* how a hook fares */
	const char *name;
	gint64 failures;		/* in a row */
	gint64 until_ms;		/* it is not asked before */
} hg_hook;

/* Words of the enums, as written in config, API, events and the store's dumps. */
const char *hg_kind_word(int kind);
const char *hg_thread_state_word(int state);
const char *hg_resolution_word(int resolution);
const char *hg_ending_word(int how);
const char *hg_layer_word(int layer);
const char *hg_direction_word(int direction);
const char *hg_author_word(int author);
const char *hg_delivery_word(int delivery);
const char *hg_ticket_state_word(int state);
int hg_ticket_state_of(const char *word);		/* 0: no such */
const char *hg_job_state_word(int state);
const char *hg_target_word(int target);
int hg_target_of(const char *word);	/* 0: it is none, or NULL */
const char *hg_question_word(int state);
const char *hg_receipt_word(int state);
const char *hg_file_state_word(int state);
const char *hg_proof_word(int proof);
const char *hg_sender_word(int sender);
const char *hg_wish_word(int wish);		/* "start", "stop"; NONE: "none" */

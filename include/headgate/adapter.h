/* headgate/adapter.h - what a channel adapter and the gateway know of each other: version 1.0
 *
 * An adapter includes this header and no other of ours.  It turns one provider's wire format
 * into messages and receipts, and messages back into it; it never learns what a thread, a
 * ticket or a database is.
 *
 * All callbacks of one channel run on one loop, one at a time, and may not block; plan(),
 * limits() and check() are pure functions of their arguments and may run on any thread.
 * What has to block goes into host->job().  No host function calls back into the adapter
 * before it returns.
 *
 * What is promised: an adapter built with this header, or with any later one whose table has the
 * same symbol, is loaded and works for ever after.  So nothing here is taken away, moved or given
 * another meaning; it grows:
 *
 * - Structs grow at their end.  Each begins with its size as its writer knew it, and an array of them
 *   comes with the size of one element.  Read what was added after 1.0 only through HG_HAS(), and
 *   elements behind the first only through HG_AT().  What one side does not know of the other's
 *   struct it does not read: hg_host.minor says what this gateway knows.
 * - Those without a size (hg_err, hg_address, hg_option, hg_route, hg_http_part) never change.
 * - Enums grow.  plan() refuses a kind it does not know as HG_ERR_UNSUPPORTED; of what the gateway
 *   is told it does not know either, an error counts as HG_ERR_BROKEN, a fate as HG_AMBIGUOUS, a kind
 *   of message as HG_UNSUPPORTED.  In fields that are added, zero says nothing. */
#ifndef HEADGATE_ADAPTER_H
#define HEADGATE_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HG_ADAPTER_MAJOR  1	/* what old adapters would not survive gets a new one, and so a new symbol */
#define HG_ADAPTER_MINOR  0	/* grows with the header */
#define HG_ADAPTER_SYMBOL "hg_adapter_v1"
#define HG_EXPORT __attribute__((visibility("default")))

struct hg_channel;	/* one channel of the config file; the gateway's */
struct hg_session;	/* a kept-up connection; the gateway reconnects it */
struct hg_request;	/* an HTTP request that waits for its answer */
struct json_object;	/* json-c's; include <json-c/json.h> to look inside */

enum hg_err_kind {		/* what the caller does about it */
	HG_ERR_INPUT = 1,	/* the peer sent nonsense: refuse it */
	HG_ERR_CONFIG,		/* an admin must change something */
	HG_ERR_DENIED,		/* credentials or rights */
	HG_ERR_GONE,		/* no such thing any more */
	HG_ERR_BUSY,		/* try again later */
	HG_ERR_WINDOW,		/* the reply window is closed */
	HG_ERR_LIMIT,		/* too long, too big, too many */
	HG_ERR_UNSUPPORTED,	/* the channel cannot carry this */
	HG_ERR_BROKEN,		/* anything else */
};

struct hg_err {
	int  kind;		/* enum hg_err_kind; 0: no error (told by check_all(): a warning) */
	int  code;		/* errno or a provider's number, 0 when neither fits */
	char text[240];		/* one line for a person, no trailing dot or newline */
	char at[120];		/* check(): which part of which option: "description/send/url"; or "" */
};

/* ---- options: the one table behind parsing, checking, docs and the CLI ---- */

enum hg_opt_type {
	HG_OPT_STRING = 1, HG_OPT_SECRET, HG_OPT_URL, HG_OPT_PATH, HG_OPT_ENUM,	/* char * */
	HG_OPT_BOOL,								/* bool */
	HG_OPT_INT, HG_OPT_MSECS, HG_OPT_BYTES,					/* int64_t */
	HG_OPT_STRINGS, HG_OPT_SECRETS,		/* char **, ends with NULL; one value or a list */
	HG_OPT_MAP,		/* char **: name, value, name, value ..., NULL; one value alone has the name "" */
	HG_OPT_TREE,		/* char *: JSON of the mapping or list that stands there, or in the YAML file it names */
	HG_OPT_SECRET_MAP,	/* char **, as MAP: each value is a secret */
};

enum hg_opt_flag {
	HG_OPT_REQUIRED   = 1 << 0,
	HG_OPT_RELOAD     = 1 << 1,	/* a reload applies it; without: restart the channel */
	HG_OPT_DEPRECATED = 1 << 2,
};

struct hg_option {
	const char *name;	/* as written in the config file; "imap.host" is host inside imap: */
	int         type;	/* enum hg_opt_type */
	unsigned    flags;	/* enum hg_opt_flag */
	size_t      offset;	/* of the field in the adapter's conf struct */
	const char *fallback;	/* default, written as in a config file; or NULL */
	const char *range;	/* "1..65535", "1s..1h", "1KiB..16MiB", "plain|tls"; or NULL */
	const char *help;	/* one sentence: man page, sample config, CLI */
};

/* HG_OPTION(struct x_conf, port, INT, ...) stops the build when the field's C type is not the one
 * the option type stores.  HG_OPTION_AT() is the same with a name that differs from the field's. */
#define HG_OPT_CTYPE_(f) _Generic((f), char *: 1, bool: 2, int64_t: 3, char **: 4, default: 0)
#define HG_OPT_WANTS_(t) ((t) <= HG_OPT_ENUM || (t) == HG_OPT_TREE ? 1 : (t) == HG_OPT_BOOL ? 2 : (t) <= HG_OPT_BYTES ? 3 : 4)
#ifdef __cplusplus	/* has no _Generic: the type is for you to get right */
#define HG_OPT_FITS_(conf, field, kind) 0
#else
#define HG_OPT_FITS_(conf, field, kind) \
	(0 * sizeof(char[HG_OPT_CTYPE_(((conf *)0)->field) == HG_OPT_WANTS_(HG_OPT_##kind) ? 1 : -1]))
#endif
#define HG_OPTION_AT(conf, field, name_, kind, flag, dflt, rng, text) {		\
	.name = (name_), .type = HG_OPT_##kind, .flags = (flag),			\
	.offset = offsetof(conf, field) + HG_OPT_FITS_(conf, field, kind),	\
	.fallback = (dflt), .range = (rng), .help = (text) }
#define HG_OPTION(conf, field, kind, flag, dflt, rng, text) \
	HG_OPTION_AT(conf, field, #field, kind, flag, dflt, rng, text)
#define HG_OPTION_END { .name = NULL }

/* ---- what comes in ---- */

enum hg_kind {
	/* said by a person: becomes a message */
	HG_TEXT = 1, HG_IMAGE, HG_AUDIO, HG_VIDEO, HG_FILE, HG_STICKER, HG_LOCATION,
	HG_CONTACTS, HG_BUTTON, HG_FORM, HG_ORDER, HG_CALL, HG_SYSTEM,
	HG_UNSUPPORTED,		/* kept and shown as such, with its raw payload */
	/* about an earlier message, which target names */
	HG_REACTION = 32,	/* text: the emoji, "" when taken back */
	HG_EDIT,		/* text, files: the new content */
	HG_REVOKE,
	/* about a person or about us: becomes no message */
	HG_IDENTITY = 64,	/* addresses joined or replaced: see from[] */
	/* text: "stop", "start" or (with reply_text) "help".  reply_text: what he wrote, when he said so by a message
	 * that is none of the carriers' words; it is kept in his conversation.  code, note: the provider refused a
	 * message of ours because of it, by which number and in which words.  to: our address that he means */
	HG_CONSENT,
	HG_ACCOUNT,		/* news for the operator: text says what, code which */
	HG_IGNORED,		/* known and of no use: kept raw and counted, nothing more */
	/* bytes to be read once they are safe (a mail): kept raw, then given to unpack() in the order
	 * they came in, per group.  dedupe names them; a message comes of it by unpacked() */
	HG_RAW,
	/* to the provider only; never stored: an agent has read all up to target; an agent is writing, which is good for
	 * some seconds and ends with a message */
	HG_READ = 96, HG_TYPING,
};

enum hg_proof {			/* how we know that an address is the sender's */
	HG_CLAIMED = 1,		/* he says so */
	HG_PROVEN,		/* the provider vouches for it */
	HG_FORMER,		/* the provider says it was his and is no more */
};

struct hg_address {
	const char *uri;	/* "tel:+447700900123", "mailto:a@b.example", "whatsapp:GB.1349..." */
	int         proof;	/* enum hg_proof */
};

enum hg_sender {		/* what the receiving side found out about from[0], where anybody can write anything */
	HG_SENDER_NONE = 0,	/* nothing */
	HG_SENDER_PASS,		/* it is him */
	HG_SENDER_FAIL,		/* it is not: joins nothing, inherits nothing */
};

struct hg_file {
	size_t      size;
	int         kind;		/* HG_IMAGE ... HG_STICKER */
	const char *name;		/* file name or NULL */
	const char *type;		/* media type as the provider says it, or NULL */
	const char *sha256;		/* hex, as the provider says it, or NULL */
	int64_t     bytes;		/* -1 when not said */
	const void *data;		/* inbound: the bytes, or NULL ... */
	const char *ref;		/* ... and what fetch() will be asked for */
	const char *path;		/* outbound: where the bytes lie */
	int64_t     expires_ms;		/* ref is good until then (UTC), 0 when not said */
	bool        voice;		/* a voice note */
	const char *content_id;		/* by which the text shows it (an inline image), or NULL */
};

struct hg_in {
	size_t      size;
	int         kind;		/* enum hg_kind; what you cannot read: HG_UNSUPPORTED */
	const char *id;			/* provider's message id */
	const char *dedupe;		/* key when id is not it; or NULL */
	bool        wide;		/* the key counts across all channels of this adapter */
	bool        echo;		/* said by us outside of headgate: staff in a phone app */
	bool        automatic;		/* made by a machine: out of office, bot, standby owner */
	bool        forwarded;
	const char *to;			/* which of our addresses it was sent to (echo: from), or NULL */
	const struct hg_address *from;	/* all the sender's (echo: receiver's) addresses; answers go to [0] */
	size_t      n_from;
	const char *name;		/* profile name or NULL: never a key */
	const char *username;		/* or NULL */
	const char *group;		/* id of a group chat: a thread of its own; or NULL */
	const char *subject;		/* or NULL */
	const char *text;		/* UTF-8; "" when there is none */
	const char *payload;		/* JSON: what text cannot hold (button id, location, referral); or NULL */
	const struct hg_file *files;
	size_t      n_files;
	size_t      file_size;		/* sizeof(struct hg_file) of the writer */
	const char *const *refs;	/* provider ids this answers, nearest first, NULL-ended; or NULL */
	const char *target;		/* provider id a reaction, edit or revoke is about */
	const char *note;		/* why it is unsupported, what the news is; or NULL */
	int         code;		/* provider's number, 0 when there is none */
	int64_t     sent_ms;		/* provider's clock, 0 when it says nothing */
	const void *raw;		/* this item as it came; must be there when UNSUPPORTED or RAW */
	size_t      raw_len;
	const char *reply_text;		/* what is new in text: without quotes and signature; or NULL */
	int         sender;		/* enum hg_sender; counts where from[0] is CLAIMED */
	size_t      vouched;		/* so many first refs hold a secret that only receivers of ours know */
	const char *const *also;	/* more ids by which answers may name it, NULL-ended; or NULL */
	/* One of several pieces the network cut a message into, with an id of its own: the host puts them together, from
	 * the same from[0] to the same address, and after part_wait_ms tells of it with "[...]" for what is missing;
	 * later pieces complete it.  text may then hold halves of a surrogate pair (as three bytes each) and end with
	 * the escape of GSM 03.38 (U+001B). */
	const char *part_ref;		/* what they have in common; may be used again for another message; or NULL */
	int         part, parts;	/* 1 .. parts; at most 255 */
	int64_t     part_wait_ms;	/* 0: 5 minutes */
	bool        answered;		/* CONSENT, or text that is a word of consent: the provider has answered it itself */
	const char *profile;		/* JSON object: what he says of himself ("name", "email", "phone", "locale" and
					 * what else there is): shown, kept with his contact as claimed, never a key; or NULL */
};

enum hg_receipt_state { HG_R_SENT = 1, HG_R_DELIVERED, HG_R_READ, HG_R_PLAYED, HG_R_FAILED };

enum hg_reach {			/* how far a failure reaches */
	HG_REACH_MESSAGE = 0,	/* this message */
	HG_REACH_CONTACT,	/* anything to this address */
	HG_REACH_CHANNEL,	/* anything on this channel */
	HG_REACH_ACCOUNT,	/* anything on channels that share this account */
};

struct hg_receipt {
	size_t      size;
	int         state;		/* enum hg_receipt_state */
	const char *id;			/* provider's id from hg_result, or NULL ... */
	const char *key;		/* ... and our key, when the provider echoes it */
	const char *to;			/* receiver's address, or NULL */
	int64_t     at_ms;
	int         code;		/* with FAILED: provider's number, enum hg_reach, words, advice */
	int         reach;
	const char *text;
	const char *advice;		/* what the agent can do, or NULL */
	const char *detail;		/* JSON (pricing, conversation, errors), or NULL */
};

/* Bytes of an HG_RAW item, committed before; lent for the call. */
struct hg_raw {
	size_t      size;
	uint64_t    ticket;		/* quote it in unpacked(), recall() and settled() */
	const char *id;			/* the item's dedupe key */
	const char *group;		/* or NULL */
	const void *bytes;
	size_t      len;
	int         attempts;		/* how often it was begun before: a crash counts */
	bool        recalled;		/* known is the answer to recall() */
	const char *const *known;	/* texts we said before in the conversation, newest first, NULL-ended; or NULL */
};

struct hg_batch {			/* one delivery of the provider: committed together */
	size_t                   size;
	const struct hg_in      *in;
	size_t                   n_in, in_size;
	const struct hg_receipt *receipts;
	size_t                   n_receipts, receipt_size;
	const char              *cursor;	/* where to go on after this, or NULL */
	const void              *raw;		/* the whole delivery as it came; kept once */
	size_t                   raw_len;
};

enum hg_stored {		/* what became of a batch */
	HG_STORED = 0,		/* on disk; some or all of it may have been duplicates */
	HG_BUSY,		/* no room or no disk now: let the provider send it again */
	HG_CLOSING,		/* the channel goes down: not known to be stored, as with BUSY */
};
/* Exactly once for each emit(), on the home loop, before close(). */
typedef void hg_ack_fn(void *arg, int stored);

/* ---- what goes out ---- */

enum hg_fate {
	HG_SENT = 0,		/* the provider took it */
	HG_RETRY,		/* not sent for sure: again after retry_ms or the usual backoff; reach
				 * says who else has to wait (CONTACT, CHANNEL) */
	HG_FAILED,		/* never; with reach CHANNEL or ACCOUNT the message is kept and waits
				 * until someone has acted */
	HG_AMBIGUOUS,		/* bytes left us and no answer came: may have been sent */
	HG_STEP,		/* a harmless first step is done (an upload): the host commits body
				 * and calls send() again with it */
};

/* Parts of hg_out and hg_part are lent for the length of the call they are passed to. */
struct hg_out {
	size_t      size;
	uint64_t    ticket;		/* names this attempt; quote it in sent(); 0: no answer wanted */
	const char *key;		/* same for every attempt: the idempotency key, 43 characters */
	int         kind;		/* HG_TEXT, HG_REACTION, HG_EDIT, HG_REVOKE, HG_READ, HG_TYPING */
	const char *to;			/* address */
	const char *from;		/* which of our addresses the customer wrote to, or NULL */
	const char *subject, *text;
	const char *html;		/* or NULL */
	const char *template_json;	/* provider's template and its values, or NULL */
	const char *payload;		/* JSON: interactive content in the provider's words, or NULL */
	const struct hg_file *files;
	size_t      n_files, file_size;
	const char *const *refs;	/* provider id of the message answered, NULL-ended; with HG_CAP_PAST then of
					 * those before it in the conversation, nearest first; or NULL */
	const char *target;		/* provider id for reaction, edit, revoke, read */
	int64_t     now_ms;		/* UTC */
	int64_t     last_in_ms;		/* when this address last wrote on this channel, 0 never */
	/* for send(): the part to be sent, as plan() or an HG_STEP left it */
	const void *body;
	size_t      len;
	const char *name;		/* of the agent who says it, or NULL */
	const char *number;		/* with HG_CAP_PAST, as past: of the ticket, for people ("HG-1042"); or NULL */
	bool        automatic;		/* said by the gateway itself: a confirmation, a question */
	const struct hg_past *past;	/* what was said before, newest first, to be quoted */
	size_t      n_past, past_size;
	const char *group;		/* plan(): the group chat that is answered, as hg_in.group named it; or NULL */
};

struct hg_past {
	size_t      size;
	const char *name;		/* who said it; or NULL */
	const char *text;
	bool        ours;
	int64_t     at_ms;
};

/* One irreversible call.  Its body is committed before send() gets it. */
struct hg_part {
	size_t      size;
	const void *body;		/* opaque to the host; the provider's JSON, say */
	size_t      len;
	int         file;		/* index of the file it carries, -1 none */
	int         units;		/* what it is billed as: SMS segments; 0: not said */
	int         left;		/* so many units of the coding more, and it would still be billed as that */
	const char *text;		/* what of the text it carries, for the agent's view; or NULL */
	const char *coding;		/* "gsm7", "ucs2"; or NULL */
};

struct hg_plan {
	size_t size;
	void (*add)(struct hg_plan *, const struct hg_part *);	/* copies; keeps the order */
};

struct hg_result {
	size_t      size;
	int         fate;		/* enum hg_fate */
	int         reach;		/* enum hg_reach */
	const char *id;			/* provider's id; later receipts name it */
	int64_t     retry_ms;		/* with HG_RETRY, 0 for the gateway's own backoff */
	int         code;
	const char *text;		/* provider's words, for the log and the agent */
	const char *advice;		/* what the agent can do, or NULL */
	const void *body;		/* with HG_STEP */
	size_t      len;
	const char *const *also;	/* more ids by which receipts and answers may name it, NULL-ended; or NULL */
};

struct hg_limits {
	size_t  size;
	int64_t max_text;		/* characters in one message, 0 without limit (plan() splits) */
	int64_t window_ms;		/* free-form replies allowed this long after last_in_ms, 0 always */
	int64_t rate;			/* calls a second on the channel, 0 without limit */
	int64_t contact_gap_ms;		/* one message per contact in this time, on average ... */
	int64_t contact_burst;		/* ... after so many at once */
	int64_t max_file;		/* bytes of the largest file of any kind, 0 without limit */
	int64_t key_life_ms;		/* with HG_CAP_KEY: how long the provider knows a key; 0: it does not
					 * say, and an hour is counted on */
	unsigned lacks;			/* enum hg_cap: of what the adapter can, what this channel cannot */
	int64_t poll_ms;		/* how often poll() comes where the config does not say; 0: 30 s */
	int64_t burst;			/* with rate: so many calls at once, after a quiet time; 0: as many as rate */
};

/* ---- HTTP, both ways ---- */

struct hg_http_req {
	size_t      size;
	const char *method, *path;	/* path below the channel's mount point, no leading slash */
	const char *peer;		/* address of the client */
	const void *body;		/* the bytes that arrived: check signatures on these */
	size_t      len;
	const char *(*header)(const struct hg_http_req *, const char *name);	/* NULL: not there */
	const char *(*query)(const struct hg_http_req *, const char *name);	/* decoded */
	const char *target;		/* path and query as they came, not decoded: "/channel/x/sms?a=b" */
};

/* What one outcome of emit() is answered with; copied. */
struct hg_http_outcome {
	size_t      size;
	int         status;		/* 200..599 */
	const char *type;		/* of body; or NULL */
	const void *body;
	size_t      len;
	int64_t     after_s;		/* Retry-After, 0: none */
};

struct hg_http_rep {
	size_t      size;
	int         status;		/* 0: by the ack of what was emitted: 200, or 503 with Retry-After */
	const char *type;		/* of body; or NULL.  All of this is copied */
	const void *body;		/* with status 0: what goes with the 200 */
	size_t      len;
	const char *const *headers;	/* "Name: value", NULL-ended; or NULL; also of the three below */
	/* With status 0, instead of what is said there.  again does not come where a receipt was in it: those are
	 * no duplicates. */
	const struct hg_http_outcome *stored;	/* on disk; or NULL */
	const struct hg_http_outcome *again;	/* all of it was there before; NULL: as stored */
	const struct hg_http_outcome *busy;	/* no room now: what makes this provider come again; NULL: 503 */
};

struct hg_route {
	const char *method;		/* "GET", "POST" */
	const char *path;		/* "webhook": mounted at /channel/<name>/webhook; "in/" and a star: all below it */
	size_t      max_body;
	/* rep is zeroed but for size.  With rep->status left at 0, emit() must have been called
	 * in this call with ack NULL; the host answers when the batch is on disk. */
	void (*handle)(void *state, const struct hg_http_req *, struct hg_http_rep *);
};

struct hg_http_part {			/* of a multipart/form-data body */
	const char *name;
	const char *value;		/* or NULL and ... */
	const char *path;		/* ... a file, with its name and type */
	const char *file_name, *type;
};

struct hg_http_call {			/* copied */
	size_t      size;
	const char *method, *url;
	const char *const *headers;	/* "Name: value", NULL-ended; or NULL */
	const void *body;
	size_t      len;
	const struct hg_http_part *parts;	/* instead of body; or NULL */
	size_t      n_parts;
	int64_t     timeout_ms;		/* of the whole call; 0: 30 s */
	int64_t     max_reply;		/* bytes; 0: 1 MiB */
	bool        stranger;		/* the URL came from outside: no private addresses, hosts[] only */
	const char *const *hosts;	/* with stranger: allowed hosts, NULL-ended; ".example" matches below;
					 * NULL: any public one */
};

struct hg_http_answer {
	size_t      size;
	int         status;		/* 0: no answer */
	bool        sent;		/* bytes of the request may have left */
	const char *(*header)(const struct hg_http_answer *, const char *name);
	const void *body;
	size_t      len;
	const char *error;		/* with status 0: what went wrong */
};
/* Exactly once for each http(), on the home loop, before close(). */
typedef void hg_http_done_fn(void *arg, const struct hg_http_answer *);

/* ---- sessions: connections that ought to be up ---- */

struct hg_session_conf {
	size_t      size;
	const char *host;
	int         port;
	bool        tls;
	int64_t     idle_ms;		/* idle() after so long without a byte in; 0 never */
	const char *ca_file;		/* with tls, PEM: who may vouch for the peer; NULL: the system's */
	const char *cert_file, *key_file;	/* with tls, PEM: what we show, with its chain, or NULL; key NULL: in
						 * cert_file.  All are read again for each attempt */
};

struct hg_session_ops {
	size_t   size;
	void   (*up)(void *state, struct hg_session *);		/* say hello, bind, log in */
	/* Returns how many bytes were used: the rest comes again at once, or longer when 0. */
	size_t (*data)(void *state, struct hg_session *, const void *, size_t);
	void   (*idle)(void *state, struct hg_session *);	/* send a keepalive */
	/* Also for an attempt to connect that failed. */
	void   (*down)(void *state, struct hg_session *, const struct hg_err *);
};

/* ---- what the gateway lends ---- */

enum hg_condition { HG_UP = 1, HG_DEGRADED, HG_DOWN };

struct hg_host {
	size_t size;
	int minor;			/* HG_ADAPTER_MINOR of the gateway's header */
	/* level: 0 debug, 1 info, 2 warning, 3 error.  No secrets, no message text. */
	void (*log)(struct hg_channel *, int level, const char *event, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
	int64_t (*now_ms)(struct hg_channel *);			/* UTC */
	/* Strict JSON (duplicate keys let pass); for json_object_put(), or NULL with err set.
	 * May be called on any thread.  The object is one of libjson-c.so.5: in a gateway that is built with
	 * a later one this is NULL.  Who wants to be independent of it brings a parser of his own. */
	struct json_object *(*json)(const void *, size_t, struct hg_err *);
	void (*count)(struct hg_channel *, const char *what);	/* a metric: "signature_refused" */
	/* What the channel is like now; a change is an event and an alarm. */
	void (*condition)(struct hg_channel *, int condition, const struct hg_err *);

	/* Copies the batch.  ack may be NULL in a route handler, see hg_route. */
	void (*emit)(struct hg_channel *, const struct hg_batch *, hg_ack_fn *ack, void *arg);
	const char *(*cursor)(struct hg_channel *);	/* last committed, or "" */
	/* Within 60 s, or it counts as AMBIGUOUS.  This and fetched() also work in close(). */
	void (*sent)(struct hg_channel *, uint64_t ticket, const struct hg_result *);
	/* What to download for a ref, or why not: kind GONE is for ever, any other comes again. */
	void (*fetched)(struct hg_channel *, uint64_t ticket, const struct hg_http_call *get,
			const struct hg_err *);
	void (*polled)(struct hg_channel *, bool more);
	void (*drained)(struct hg_channel *);

	/* Timers, calls, sessions and jobs die with the channel: none of their callbacks runs
	 * after close().  They and emit() work from start() on, not in open() or close(). */
	uint64_t (*timer)(struct hg_channel *, int64_t ms, void (*)(void *state));
	void (*untimer)(struct hg_channel *, uint64_t);
	void (*http)(struct hg_channel *, const struct hg_http_call *, hg_http_done_fn *, void *arg);
	struct hg_session *(*session)(struct hg_channel *, const struct hg_session_conf *,
				      const struct hg_session_ops *, struct hg_err *);
	int  (*write)(struct hg_session *, const void *, size_t);	/* copies; -1: it is down */
	void (*drop)(struct hg_session *, const char *why);	/* reconnects with backoff */
	/* work runs on a thread of its own, sees only arg and ends soon after stop_fd becomes
	 * readable; done runs on the channel's loop.  A few run at a time, others wait; when the
	 * channel closes first, done runs without work. */
	void (*job)(struct hg_channel *, void (*work)(void *arg, int stop_fd),
		    void (*done)(void *arg), void *arg);

	/* What the bytes hold, once for each unpack(), unless recall() comes first; the batch is copied.
	 * NULL with err: not read; it comes again, and after two attempts a placeholder stands in
	 * the thread, the bytes are in quarantine, and the next ones have their turn. */
	void (*unpacked)(struct hg_channel *, uint64_t ticket, const struct hg_batch *, const struct hg_err *);
	/* What did we say in the conversation these ids (NULL-ended) lead to?  unpack() comes again. */
	void (*recall)(struct hg_channel *, uint64_t ticket, const char *const *refs);
	/* settle() is done; err: it comes again later, HG_ERR_GONE: it never will. */
	void (*settled)(struct hg_channel *, uint64_t ticket, const struct hg_err *);

	/* For adapters of headgate's own tree (src/adapter/inside.h), outside of all promises here.
	 * NULL: this gateway has no such thing. */
	void *(*inside)(struct hg_channel *, const char *what);
	/* As drop(), but it is not made again before ms (a day at most): the password is wrong, the peer asks for
	 * quiet.  In down(), or between two attempts, it puts the next one off. */
	void (*rest)(struct hg_session *, int64_t ms, const char *why);
};

/* ---- the adapter ---- */

enum hg_cap {
	HG_CAP_MEDIA = 1 << 0, HG_CAP_HTML = 1 << 1, HG_CAP_RECEIPTS = 1 << 2,
	HG_CAP_TEMPLATES = 1 << 3, HG_CAP_TYPING = 1 << 4,
	HG_CAP_KEY = 1 << 5,	/* the provider drops a second send with the same key */
	HG_CAP_ECHO = 1 << 6,	/* receipts carry our key: an ambiguous send is settled by them */
	HG_CAP_FIRST = 1 << 7,	/* may write to someone who never wrote */
	HG_CAP_SINGLE = 1 << 8,	/* one node at a time: mailboxes, bound sessions */
	HG_CAP_REACTION = 1 << 9,
	HG_CAP_ASK = 1 << 10,	/* has ask(); said by that, and only ever named in hg_limits.lacks */
	HG_CAP_PAST = 1 << 11,	/* its messages show what was said before (mail): gets all refs, also where nobody
				 * named what is answered, and past, number, the subject of the conversation */
	HG_CAP_WORDS = 1 << 12,	/* a text that is one of the carriers' words (STOP, START, HELP) is about consent */
};

struct hg_sample {
	size_t      size;
	const char *name;
	bool        passed, made_up;	/* made_up: nobody has seen the provider send it */
	const char *text;		/* failed: what was expected and what came, line by line */
};

struct hg_adapter {
	size_t      size;		/* sizeof(struct hg_adapter) of this header */
	const char *name;		/* word in "adapter: ..."; also the file's name */
	const char *version;
	const char *summary;		/* one line for headgatectl adapters */
	unsigned    caps;		/* enum hg_cap */
	size_t      conf_size;		/* the gateway allocates and fills it from options */
	const struct hg_option *options;
	const struct hg_route  *routes;	/* ends with a NULL path; or NULL */

	/* Do the options make sense together?  No I/O: headgatectl check calls it. */
	int  (*check)(const void *conf, struct hg_err *);
	void (*limits)(const void *conf, struct hg_limits *);	/* zeroed but for size */
	/* Pure.  Splits out into the calls it needs, or refuses it: WINDOW, LIMIT, UNSUPPORTED,
	 * INPUT.  NULL: one part without body. */
	int  (*plan)(const void *conf, const struct hg_out *, struct hg_plan *, struct hg_err *);

	/* conf stays valid and unchanged until close(), or until reconf() returns 0. */
	int  (*open)(const struct hg_host *, struct hg_channel *, const void *conf,
		     void **state, struct hg_err *);
	void (*start)(void *state);	/* begin: sessions, timers */
	void (*stop)(void *state);	/* take no more in, finish, then host->drained(); NULL: drained */
	void (*close)(void *state);	/* free; also after a failed or missing start() */
	/* Take over changed RELOAD options; NULL or -1: stop, close, open, start instead. */
	int  (*reconf)(void *state, const void *conf, struct hg_err *);

	/* Look for messages since then (UTC; 0: since the cursor), then host->polled().  At the start, every poll_ms, and
	 * with a time when somebody asks for it.  After polled(more) it comes again with the same time, for the next
	 * page of that look: where that begins is for you to remember.  A look since a time moves no cursor back. */
	void (*poll)(void *state, int64_t since_ms);
	void (*send)(void *state, const struct hg_out *);	/* then host->sent(), once */
	/* Was this ambiguous attempt sent?  Then host->sent(): SENT, RETRY (it was not), AMBIGUOUS. */
	void (*ask)(void *state, const struct hg_out *);
	void (*fetch)(void *state, uint64_t ticket, const char *ref);	/* then fetched(), once */
	void (*health)(void *state, struct hg_err *);	/* kind 0 when well */
	/* Read an HG_RAW, then unpacked() or recall(), once.  Needed by who emits HG_RAW. */
	void (*unpack)(void *state, const struct hg_raw *);
	/* What it held is on disk: flag, move or delete it over there, then settled(), once.  May come
	 * twice for one.  NULL: there is nothing to do. */
	void (*settle)(void *state, uint64_t ticket, const char *id);
	/* Pure: runs the samples that conf holds and tells of each one; returns how many failed, -1 with err when they
	 * cannot be run.  headgatectl adapter test calls it. */
	int  (*samples)(const void *conf, void (*tell)(void *arg, const struct hg_sample *), void *arg, struct hg_err *);
	/* As check(), which is not called then, for those whose options hold much: tells of all that is wrong, and warns
	 * (kind 0) of what is not but will be regretted. */
	void (*check_all)(const void *conf, void (*tell)(void *arg, const struct hg_err *), void *arg);
};

/* Is this field there, in a struct that may come from an older header? */
#define HG_HAS(p, field) \
	((p)->size >= offsetof(__typeof__(*(p)), field) + sizeof((p)->field) && (p)->field)

/* Element i of an array whose elements may be larger or smaller than this header's:
 * HG_AT(out->files, out->file_size, i)->name. */
#define HG_AT(array, stride, i) \
	((__typeof__(&(array)[0]))(const void *)((const char *)(array) + (stride) * (size_t)(i)))

#ifdef __cplusplus
}
#endif
#endif

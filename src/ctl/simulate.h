/* simulate.h - what customers say, as their providers would deliver it */
#pragma once
#include "ctl.h"

struct sim_said {
	const char *text, *from, *name, *subject, *id;	/* id NULL: a new one is made */
	const char *const *files;	/* paths, NULL-ended */
	const char *key;		/* file of a private key, where the configuration has none to sign with; or NULL */
	gint64 at_ms;			/* when the provider got it, UTC */
	gboolean forged;		/* signed with another secret */
	gboolean broken;		/* only half of the body, signed as it is */
};

/* A state of a message of ours. */
struct sim_receipt {
	const char *id;			/* the provider's */
	const char *to, *state;		/* sent, delivered, read, failed */
	const char *key;
	gint64 at_ms;
};

/* One request of a provider. */
typedef struct sim_call {
	const char *method;		/* static */
	char *path;			/* "/channel/NAME/webhook?token=..." */
	GPtrArray *headers;		/* "Name: value", ours; NULL-ended by sim_send() */
	GString *body;
	char *id;			/* by which the provider knows the message */
	gboolean later;			/* it is read after it was stored: wait for that */
	gboolean by_words;		/* the daemon knows it by another id */
	gboolean api;			/* it goes to the API, over the socket */
	int good, again;		/* statuses of success; again: of what was known, or 0 */
} sim_call;

void sim_call_clear(sim_call *call);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sim_call, sim_call_clear)
void sim_header(sim_call *call, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

struct sim {
	struct ctl *ctl;
	const hg_conf *conf;
	const char *url;		/* of the listener; NULL: the daemon's socket */
	GHashTable *visitors;		/* "CHANNEL FROM" -> token, ours; NULL: none yet */
};

/* How a kind of channel is spoken for.  say, receipt: CTL_DONE with a call, or another exit code after saying why not. */
struct sim_adapter {
	const char *name, *from;	/* who speaks, where nobody is named */
	gboolean files;
	int (*say)(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret);
	int (*receipt)(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret);
};
extern const struct sim_adapter sim_adapters[];		/* ends with a NULL name */
const struct sim_adapter *sim_adapter_of(const struct hg_channel_conf *channel);	/* NULL: there is none */
/* By a channel's name, or that of an adapter (its first one); NULL: there is none. */
const struct hg_channel_conf *sim_channel_named(const struct sim *sim, const char *name);
/* The same; NULL after saying so: MISSING. */
const struct hg_channel_conf *sim_channel(struct sim *sim, const char *name);

/* ---- options of channels ---- */
const char *sim_option(const struct hg_channel_conf *channel, const char *name);	/* a text, or the first of a list; or NULL */
/* The same of a secret, or one that is not it. */
const char *sim_secret(const struct hg_channel_conf *channel, const char *name, gboolean forged);
char **sim_options(const struct hg_channel_conf *channel, const char *name);		/* a list or map; or NULL */
const char *sim_ours(const struct hg_channel_conf *channel, const char *fallback);	/* our first number */
int sim_cannot_sign(struct sim *sim, const struct hg_channel_conf *channel, const char *what);
/* A message's id in the provider's style: prefix and so many characters of hex.  Yours. */
char *sim_id(const char *prefix, guint hex);
const char *sim_media_type(const char *path);	/* by its name; static */
const char *sim_digits(const char *number);		/* without its "+" */

/* ---- simulate_texts.c, simulate_json.c: one for each adapter ---- */
int sim_say_whatsapp(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_whatsapp(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);
int sim_say_twilio(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_twilio(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);
int sim_say_vonage(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_vonage(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);
/* Of Vonage's Messages API: what ret->path and ret->id are is said. */
int sim_say_messages(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_messages(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);
int sim_say_telnyx(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_telnyx(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);
int sim_say_infobip(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_receipt_infobip(struct sim *, const struct hg_channel_conf *, const struct sim_receipt *, sim_call *);

/* ---- simulate_described.c ---- */
int sim_say_described(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);

/* ---- simulate_raw.c, simulate_visitor.c ---- */
int sim_say_email(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_say_smpp(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);
int sim_say_visitor(struct sim *, const struct hg_channel_conf *, const struct sim_said *, sim_call *);

/* ---- simulate_outcome.c ---- */

struct sim_outcome {
	int status;			/* 0: nobody answered */
	char *message, *thread, *state;	/* ids, and the thread's state; NULL: nothing new came of it */
	char *proposal, *action, *rule;	/* the decision: join, reopen or new; hold, convert ...; or NULL */
	char *ticket;			/* its number, or NULL */
	gboolean joined;		/* the ticket is older than the message */
};
typedef struct sim_outcome sim_outcome;
void sim_outcome_clear(sim_outcome *outcome);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sim_outcome, sim_outcome_clear)

/* The API over the socket, without a word about what is wrong: NULL. */
struct json_object *sim_ask(struct sim *sim, const char *path);
gint64 sim_newest(struct sim *sim);		/* number of the newest decision; 0: none, -1: nobody can be asked */
/* Sends the call; ret->status. */
void sim_send(struct sim *sim, sim_call *call, sim_outcome *ret);
/* Looks for what came of it since that decision, for patience_ms at most where it is not there at once. */
void sim_look(struct sim *sim, const struct hg_channel_conf *channel, const sim_call *call, const char *text, gint64 since,
	      gint64 patience_ms, sim_outcome *ret);
/* Reads thread and ticket of what was found again. */
void sim_look_again(struct sim *sim, sim_outcome *outcome);
void sim_outcome_json(const sim_call *call, const sim_outcome *outcome, GString *out);
/* The exit code, after saying on stderr what was refused. */
int sim_outcome_code(struct sim *sim, const sim_call *call, const sim_outcome *outcome);

/* conf.h - the whole configuration, checked and typed: one generation, never changed once made */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "node.h"

struct hg_gateway_conf {
	char *name;			/* "Acme support" */
	char *language;			/* "en": where a customer's is not known */
	char *listen;			/* "127.0.0.1:8420", "[::1]:0" */
	char *public_url;		/* without a slash at its end; or NULL */
	char *tls_cert, *tls_key;	/* both or none */
	char **trusted_proxies;
	char *socket;			/* of headgatectl */
	char *adapter_dir;
	char *backup_dir;		/* below it the daemon makes backups of itself; or NULL */
	char *log_format, *log_level;	/* logfmt|json, debug|info|warn|error */
	bool capture;			/* nothing leaves */
	gint64 max_connections, max_per_address;
	gint64 max_streams, max_streams_per_address;
	gint64 head_timeout_ms, body_timeout_ms, idle_timeout_ms;
};

struct hg_store_conf {
	char *driver;			/* sqlite, postgresql */
	char *path;
	char *url, *password, *node;	/* postgresql; password is a secret; or NULL */
	char *attachments;		/* directory; NULL: beside the database */
	char *attachments_in;		/* "directory", or "database": that holds copies then */
	gint64 journal_ms;		/* how long what was done is kept; 0: not at all */
	gint64 audit_ms;		/* how long who did what is kept; 0: for ever */
	gint64 min_free;		/* bytes of disk below which intake answers 503 */
	gint64 ballast;			/* bytes of the file that gives way on a full disk; 0: none */
	bool search;			/* there is an index of what was said, beside it */
};

/* The database keeps attachments, and the directory is this node's own. */
static inline gboolean hg_conf_files_in_database(const struct hg_store_conf *store)
{
	return g_strcmp0(store->driver, "postgresql") == 0 && g_strcmp0(store->attachments_in, "database") == 0;
}

/* What becomes of a message when the conversation it could belong to is closed.  Joined: it is added to the
 * closed one, whose ticket stays closed. */
enum hg_closed { HG_CLOSED_JOIN = 1, HG_CLOSED_REOPEN };
#define HG_AGES_MAX 8
struct hg_age {
	gint64 within_ms;		/* since the closing */
	int what;			/* enum hg_closed */
};

/* How long what is kept, from the last activity of a conversation that is closed; 0: for ever. */
struct hg_retention_conf {
	gint64 messages_ms, notes_ms, attachments_ms, raw_ms, decisions_ms, events_ms;
};
enum hg_retained { HG_RETAINED_MESSAGES = 0, HG_RETAINED_NOTES, HG_RETAINED_ATTACHMENTS, HG_RETAINED_RAW, HG_RETAINED_DECISIONS,
	HG_RETAINED_EVENTS, HG_RETAINED_N };
const char *hg_retained_word(int what);
gint64 hg_retained_ms(const struct hg_retention_conf *conf, int what);

struct hg_window_conf {
	gint64 dedupe_ms;		/* of the gateway only */
	gint64 join_ms;			/* since an open ticket was active */
	gint64 reopen_ms;		/* the last of ages: older is a new conversation */
	struct hg_age ages[HG_AGES_MAX];	/* growing */
	guint n_ages;			/* from 1 */
	gboolean own_join, own_reopen;	/* said by the channel itself */
	bool any_subject;		/* of a channel: mails with another subject join too */
	bool join_unproven;		/* of a channel: so do those whose sender nobody vouches for */
};

struct hg_ticket_conf {
	char *number;			/* pattern: "TK-%d" */
	gint64 first_number;
	char **confirm;			/* texts to the customer by language, "" none; NULL: built-in */
	gint64 confirm_wait_ms;		/* how long the helpdesk has to name its number */
	char **expected;		/* spans by priority or queue: when an answer may be expected; NULL: not said */
	char *expected_hours;		/* business hours they count in; NULL: all */
	char *status_by_agent;		/* of a ticket that an agent made; "" none */
};

/* What a channel's tickets are when neither rule nor agent says so; each NULL when not set. */
struct hg_ticket_defaults {
	char *priority, *category, *type, *queue, *status, *assignee;
	char **custom;			/* fields: name, value, ..., NULL */
};

struct hg_rating_conf {			/* how customers are asked what they think */
	bool ask;
	char **channels;		/* on these only; NULL: on all */
	char **after;			/* closed, solved, converted */
	char **text, **thanks;		/* by language; NULL: built-in, none */
	char *scale;			/* 5|thumbs */
	gint64 delay_ms, wait_ms;	/* before it is asked; for the answer */
};

struct hg_prompt_conf {			/* "does that solve it?" */
	char **text;			/* by language; NULL: built-in */
	gint64 wait_ms;
};

struct hg_report_conf {
	gint64 resolved_after_ms;	/* a closing holds when the customer is silent for so long */
	gint64 reopened_within_ms;	/* who comes back later brings another matter */
};

struct hg_files_conf {
	char **link_secrets;		/* the first signs links to files; or NULL */
};

struct hg_console_conf {
	bool enabled;
	char *listen;			/* "127.0.0.1:8422" */
	char *public_url;		/* under which people reach it; NULL: where it listens */
};

struct hg_alarms_conf {			/* what operators are told of, and how */
	char **to;			/* mail addresses; NULL: nobody is written to ... */
	char *mail;			/* ... by this channel */
	char *url;			/* POSTed to as well, by Standard Webhooks; or NULL */
	char **secrets;			/* whsec_...; one or two */
	bool allow_private;
	gint64 repeat_ms;		/* an alarm that stands is told again so often */
	gint64 quiet_ms;		/* what is well again for so long is over; sooner it is the same alarm */
	/* How long something has to be so; 0: that is no alarm. */
	gint64 channel_down_ms, channel_degraded_ms, channel_silent_ms, backend_down_ms, backlog_ms, clock_ms, search_ms;
	gint64 drops, dead_letters;	/* that many are one; 0: never */
	gint64 free;			/* bytes of disk, fewer are one; 0: never */
};

struct hg_engine_conf {
	char *fallback;			/* "default:" convert|hold|ignore */
	gint64 settle_ms, first_response_ms;
	gint64 idle_close_ms;		/* threads without traffic close as unresolved */
	gint64 quiet_close_ms;		/* those whose customer said that it is solved, as resolved */
};

struct hg_channel_conf {
	char *name, *adapter, *scope;	/* scope: "default" */
	char *on_ambiguous;		/* hold|resend */
	gint64 ambiguous_wait_ms;	/* how long a receipt may settle it */
	gint64 media_max;		/* bytes of one file */
	char **media_types;		/* not used when NULL */
	gint64 poll_ms;			/* between two polls, of adapters that poll; 0: as the adapter says */
	struct hg_ticket_defaults ticket;
	char **confirm;			/* as the ticket's; NULL: that one */
	struct { char *name, *language, **values; } confirm_template;	/* outside of the reply window; NULL: none */
	struct { char *name, *language; } closed_template;	/* what reaches the customer there instead of an answer; NULL: none */
	char *requester;		/* real|ask|synthetic|none */
	char *requester_address;	/* of synthetic: ${contact.id}@chat.acme.invalid */
	char **ask_text;		/* of ask, by language; NULL: built-in */
	gint64 ask_wait_ms;		/* how long the ticket's request waits for the answer */
	struct {			/* customers who want no messages */
		char *words;		/* auto|yes|no: STOP and so on are about that */
		char *stops;		/* auto|all|automatic */
		char *written_again;	/* refuse|answer */
		char **stop_text, **start_text, **help_text;	/* by language, "" none; NULL: built-in */
	} consent;
	struct {			/* answers a visitor did not see (channels whose people have a "widget:" address) */
		char *mail;		/* channel they go out on by mail; NULL: they do not */
		gint64 after_ms;	/* so long after the first unread one ... */
		gint64 gap_ms;		/* ... and so long after the last mail */
		gint64 push_ms;		/* contact.unreachable_reply so long after one that was not delivered; 0: never */
		bool preview;		/* with the beginning of its text */
	} unseen;
	bool shadow;			/* on trial: nothing leaves headgate because of what comes on it */
	struct hg_window_conf window;	/* with the gateway's where it has none of its own */
	struct hg_retention_conf retention;	/* the same */
	bool automatic_tickets;		/* rules may make tickets of what machines send where senders are not proven */
	gint64 index;			/* its place among the channels, from 0 */
	struct hg_place place;
	const struct hg_adapter *desc;	/* lent by whoever finds adapters */
	void *options;			/* the adapter's conf struct, by desc->options */
};

struct hg_desk;				/* a compiled preset, see src/backend */

struct hg_backend_conf {
	char *name, *preset;		/* preset: "webhook", a preset's name, or the path of its file */
	char *url;			/* of webhook where events go, else the base of the helpdesk's addresses; or NULL */
	char **secrets;			/* of webhook: whsec_...; one or two */
	char *token, *webhook_secret;	/* of presets: secrets they ask for; or NULL */
	char **credentials, **values;	/* ... further ones, and what is no secret: name, value ..., NULL; or NULL */
	gint64 rate;			/* calls a minute; 0: the preset's */
	gint64 poll_ms, max_file;	/* -1: the preset's; poll 0: never */
	char *on_ambiguous;		/* hold|resend */
	char **events;			/* patterns: "ticket.*"; NULL: all that concern tickets */
	gint64 timeout_ms, give_up_ms;	/* of one attempt, of all */
	gint64 concurrency;		/* attempts in flight */
	bool allow_private;		/* URL is the admin's: may be on a private network */
	struct hg_place place;
	const hg_node *node;		/* all of it */
	struct hg_desk *desk;		/* see hg_desks_compile(); NULL: webhook */
	void (*desk_free)(struct hg_desk *desk);
};

#define HG_HOOKS_MAX 8			/* in a configuration: each is asked about each message */

struct hg_hook_conf {			/* asked for facts before the rules */
	char *name, *url;
	char **secrets;			/* as of backends */
	char **channels;		/* only messages of these; NULL: of all */
	char *ask;			/* always|new */
	gint64 deadline_ms, cache_ms;
	gint64 concurrency;
	bool allow_private;
	const hg_node *fallback;	/* `default:`, what counts without an answer; or NULL */
	struct hg_place place;
};

struct hg_token_conf {
	char *name;
	char *token;			/* secret */
	char **scopes;			/* read, reply ...: words of enum hg_scope */
	char **channels;		/* it sees these only; NULL: all */
};

typedef struct hg_conf {
	gint refs;
	char *path, *hash;		/* SHA-256 of all files read, hex */
	hg_doc *doc;
	gint64 config_version;
	struct hg_gateway_conf gateway;
	struct hg_store_conf store;
	struct hg_window_conf window;
	struct hg_retention_conf retention;
	struct hg_ticket_conf ticket;
	struct hg_rating_conf rating;
	struct hg_prompt_conf close_prompt;
	struct hg_engine_conf engine;
	struct hg_report_conf report;
	struct hg_console_conf console;
	struct hg_files_conf files;
	struct hg_alarms_conf alarms;
	GPtrArray *channels;		/* of struct hg_channel_conf, in the file's order */
	GPtrArray *backends;		/* of struct hg_backend_conf */
	GPtrArray *hooks;		/* of struct hg_hook_conf, in the file's order */
	GPtrArray *tokens;		/* of struct hg_token_conf */
	const hg_node *rules, *tests;	/* or NULL; the engine reads rules */
	const hg_node *words, *hours, *queues;	/* `word_lists:`, `hours:`, `queues:`, or NULL; the same */
	const hg_node *intent;		/* `intent:`, or NULL */
	struct hg_intent_conf *model;	/* what was made of it: see hg_conf_lean_on(); or NULL */
	GDestroyNotify model_free;
} hg_conf;

/* Finds an adapter by name; NULL when there is none.  names: all there are, for "did you mean". */
struct hg_adapter_finder {
	const struct hg_adapter *(*find)(void *ctx, const char *name, GError **error);
	const char *const *(*names)(void *ctx);
	void *ctx;
	/* Called before both when gateway.adapter_dir is set; or NULL. */
	void (*look_in)(void *ctx, const char *dir);
};

/* HEADGATE_ADAPTER_DIR of the environment, or NULL: goes before gateway.adapter_dir and the
 * directory of the installation. */
const char *hg_conf_adapter_dir(void);

/* NULL when diag has errors.  The caller adds what only it can check (rules compile). */
hg_conf *hg_conf_read(const char *path, const struct hg_adapter_finder *finder, hg_diag *diag);
/* Takes what `intent:` names over, before others see the configuration.  What it says decides as well: the
 * hash depends on its checksum, unless that is NULL. */
void hg_conf_lean_on(hg_conf *conf, struct hg_intent_conf *model, GDestroyNotify model_free, const char *checksum);
/* What text says decides as well: the hash depends on it. */
void hg_conf_depend_on(hg_conf *conf, const char *text);
hg_conf *hg_conf_ref(hg_conf *conf);
void hg_conf_unref(hg_conf *conf);
gint64 hg_window_longest(const hg_conf *conf);	/* of all windows of gateway and channels, ms */
const struct hg_channel_conf *hg_conf_channel(const hg_conf *conf, const char *name);
const struct hg_backend_conf *hg_conf_backend(const hg_conf *conf, const char *name);
const struct hg_hook_conf *hg_conf_hook(const hg_conf *conf, const char *name);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_conf, hg_conf_unref)

struct hg_section_map {
	const char *name, *help;
	const char *schema;		/* JSON */
	const char *sample;		/* YAML, on one line */
};

/* All sections with their tables, for schema, sample and man page. */
struct hg_section {
	const char *name;		/* "gateway"; "" for the top level */
	const char *help;
	const struct hg_option *options;
	gboolean many;			/* a map of names (channels, backends, api.tokens) */
	const struct hg_section_map *map;	/* a key whose map no table describes; or NULL */
};
extern const struct hg_section hg_conf_sections[];	/* ends with a NULL name */

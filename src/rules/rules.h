/* rules.h - pure: facts in, decision out; live traffic, replay and config tests call the same function */
#pragma once
#include <glib.h>
#include "arena.h"
#include "diag.h"
#include "env.h"
#include "intent_conf.h"
#include "node.h"

typedef struct hg_rules hg_rules;

/* The rules of a configuration with what they lean on. */
struct hg_rules_source {
	const hg_node *rules;		/* the list, or NULL: no rules */
	const hg_node *words;		/* `word_lists:`, or NULL */
	const hg_node *hours;		/* `hours:`, or NULL */
	const hg_node *queues;		/* `queues:`, or NULL */
	hg_intent_conf *intent;		/* `intent:`, lent; or NULL */
	const char *fallback;		/* `default:` */
	const char *const *channels, *const *backends;	/* NULL-ended; NULL: not checked */
	gboolean no_hooks;		/* none is configured, so there are never facts */
};

/* Everything is checked and reported at once: unknown conditions and actions, regexes that do not
 * compile, names of channels and backends that do not exist.  NULL when there were errors. */
hg_rules *hg_rules_make(const struct hg_rules_source *source, hg_diag *diag);
/* Those of a configuration that was read (rules: conf->rules), or others that lean on the same lists, hours, queues, channels
 * and model; compiled anew.  NULL: diag says why. */
hg_rules *hg_rules_of_conf(const hg_conf *conf, const hg_node *rules, hg_diag *diag);
/* What hg_store_config_keep() is given: the rules as JSON with the place of each, so that a decision
 * can be made again when the file has changed.  Yours to free. */
char *hg_rules_keep_all(const struct hg_rules_source *source);
/* Compiles what hg_rules_keep_all() made; names of channels are not checked.  NULL: diag says why. */
hg_rules *hg_rules_again(const char *kept, hg_diag *diag);
/* They have kept what their model said; from here on they ask this one, NULL: none.  The bars stay. */
void hg_rules_ask(hg_rules *rules, hg_intent_conf *intent);
hg_intent_conf *hg_rules_intent(const hg_rules *rules);	/* lent; or NULL */
void hg_rules_free(hg_rules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_rules, hg_rules_free)
struct hg_words;
const struct hg_words *hg_rules_words(const hg_rules *rules);	/* the configured lists; never NULL */
guint hg_rules_count(const hg_rules *rules);
const struct hg_hours *hg_rules_hours(const hg_rules *rules);	/* never NULL, as the next */
const struct hg_queues *hg_rules_queues(const hg_rules *rules);
int hg_rules_fallback(const hg_rules *rules);	/* enum hg_action: what `default:` says; NONE: unknown */
/* What becomes of a thread without a ticket that was closed with this resolution (its word): a ticket when
 * a rule's action says so, or when no rule decided, it is unresolved and `default:` is convert. */
gboolean hg_rules_end_converts(int action, int fallback, const char *resolution);
const char *hg_action_word(int action);		/* "convert", "none", ... */
int hg_action_of(const char *word);		/* "convert", ...; NONE for any other word */
/* What the nth rule says to the customer, for who knows what channels carry.  FALSE: nothing. */
struct hg_rules_reply {
	const char *rule, *text;
	struct hg_place place;
	guint on;			/* a bit for each enum hg_rule_event */
	gint64 after_ms;		/* with unanswered and bot */
};
gboolean hg_rules_reply_of(const hg_rules *rules, guint n, struct hg_rules_reply *ret);
/* FALSE: its conditions rule this channel out for certain. */
gboolean hg_rules_may_be_on(const hg_rules *rules, guint n, const char *channel, const char *adapter,
			    const char *scope);
/* Runs each pattern, under the limits of live traffic, on texts made to measure for it, and warns of those that
 * give up: 20 ms for a pattern, 2 s for all.  How many were left out for want of time.  Not for the daemon. */
guint hg_rules_probe(const hg_rules *rules, struct hg_env *env, hg_diag *diag);
char *hg_rules_schema(void);	/* JSON Schema of the list of rules; yours to free */

enum hg_proposal { HG_PROPOSE_NEW = 1, HG_PROPOSE_JOIN, HG_PROPOSE_REOPEN };

/* What rules can be asked about, in the order of their words. */
enum hg_rule_event { HG_ON_MESSAGE, HG_ON_SETTLE, HG_ON_FIRST_RESPONSE, HG_ON_OPENED, HG_ON_REOPENED, HG_ON_CLOSED,
	HG_ON_IDLE, HG_ON_CHANGED, HG_ON_SENT, HG_ON_RECEIPT_FAILED, HG_ON_TICKET_STATUS,
	HG_ON_UNANSWERED, HG_ON_BOT };	/* these two after a time that rules name */
const char *hg_rule_event_word(int event);	/* "thread.opened", ... */
gboolean hg_rules_ask_headers(const hg_rules *rules);	/* is there a condition on headers? */
gboolean hg_rules_ask_helpdesk(const hg_rules *rules);	/* ... on how the helpdesk fares? */
gboolean hg_rules_listen(const hg_rules *rules, int event);	/* is there a rule on it?  Cheap. */
/* The shortest time above after_ms that a rule on UNANSWERED or BOT names; -1: there is none. */
gint64 hg_rules_next_span(const hg_rules *rules, int event, gint64 after_ms);

/* What rules can know.  Lent for the call; times are spans in ms, -1: not known. */
struct hg_facts {
	const char *on;			/* "message", "settle", "thread.closed", "thread.idle", ... */
	gint64 after_ms;		/* on "unanswered", "bot": the time it is asked after; else 0 */
	const char *hold_then;		/* on "first_response": what a rule's hold ends in; or NULL */
	gint64 now_ms;
	/* the message, if there is one */
	const char *channel, *adapter, *scope, *text, *kind, *address;
	gboolean automatic, forwarded, echo, has_attachment;
	gint64 files;			/* how many */
	const char *const *file_kinds;	/* "image", ..., each once; NULL-ended, or NULL */
	/* a message of ours, just said or failed */
	const char *author;		/* "agent", "bot", ...; or NULL */
	const char *failure_code, *failure_author;	/* or NULL */
	const char *const *changed_tags, *const *changed_fields;	/* just set; NULL-ended, or NULL */
	/* threading's proposal */
	int proposal;			/* enum hg_proposal; 0 when no message is judged */
	const char *proposal_reason;	/* "open ticket 3d old", "reply to msg_..." */
	/* thread */
	const char *thread_state, *thread_resolution;	/* words */
	gboolean has_ticket, reopened, held;
	gint64 messages, inbound, outbound, age_ms, idle_ms, since_ticket_ms, waiting_ms;
	gboolean confirmed;		/* the customer said that it is solved */
	const char *queue, *assignee;	/* where it is routed to, who has it; or NULL */
	const char *last_speaker;	/* "customer", "agent", "bot", ... or NULL */
	const char *const *tags;	/* thread's; NULL-ended, or NULL */
	const char *ticket_status, *ticket_state;	/* the helpdesk's word and ours; NULL: no ticket */
	/* contact */
	gboolean contact_new, opted_out;
	const char *contact_name, *contact_tier, *contact_locale;
	const char *contact_fields, *thread_fields;	/* JSON objects or NULL */
	const char *headers;		/* JSON object by names in small letters, or NULL; in the message, as its text */
	const char *const *contact_tags;	/* NULL-ended, or NULL */
	gint64 contact_since_ticket_ms;	/* since a conversation of his last became one */
	/* a helpdesk that hears of it; asked for only where a rule does */
	gboolean helpdesk_down;
	gint64 helpdesk_down_ms;	/* for how long */
	/* what the text is about, as a model said: hg_verdict.intent; NULL: none was asked.  Rules that have a
	 * model ask it and do not look here. */
	const char *intent;
	/* from outside, asked for before the rules */
	const char *outside;		/* what hooks said, by name: JSON object or NULL */
	const char *hooks;		/* how each of them answered: JSON object or NULL */
};

/* The word of `ignore` that means more: the customer says that it is solved. */
#define HG_IGNORE_SOLVED "solved"

enum hg_action { HG_ACT_NONE = 0, HG_ACT_CONVERT, HG_ACT_IGNORE, HG_ACT_JOIN, HG_ACT_HOLD };

#define HG_FIELD_VALUE_MAX 1024	/* bytes of a field of a thread, and of a subject */
#define HG_SAID_MAX	   4096	/* of what a rule says, to the customer or to people; channels split it */

struct hg_set { const char *name, *value; };		/* of a ticket or thread field; value: a template */
struct hg_notice {			/* something people are to know */
	const char *text, *rule;	/* text: a template */
	const char *const *to;		/* backends, NULL-ended; NULL: all of them */
};
/* What templates in rules may name, NULL-ended (template.h). */
extern const char *const hg_rule_values[];

struct hg_verdict {			/* everything in the arena given: read the arrays, never add or unref */
	int action;			/* enum hg_action; NONE: no rule decided */
	const char *word;		/* "noise" of ignore: noise; what a hold ends in: "convert", "ignore"; or NULL */
	gint64 hold_ms;			/* of hold: how long; 0: first_response says it */
	const char *rule, *file;	/* the deciding one; NULL: none did */
	int line, index;		/* index from 0, -1 none */
	const char *priority, *category, *type, *assignee, *status;	/* of convert; or NULL */
	const char *subject;		/* the same; a template */
	const char *intent;		/* what the model said, for hg_facts; NULL: no rule wanted to know */
	/* From every rule that matched, up to and with the deciding one: */
	GPtrArray *tags;		/* of const char *, each once; or NULL */
	GArray *sets;			/* of struct hg_set, a name once with its last value; or NULL */
	GPtrArray *replies;		/* of const char *, templates of texts to the customer; or NULL */
	GPtrArray *notices;		/* of const struct hg_notice *; or NULL */
	const char *queue, *skill, *backend;	/* the last one's; or NULL */
	GPtrArray *matched;		/* names of all rules that matched; or NULL */
	GPtrArray *gave_up;		/* names of rules whose pattern hit a limit, which counts as no
					 * match: log and count them; or NULL */
};

/* Pure.  Rules are looked at in order; the first that matches and has a deciding action (convert,
 * ignore, hold, join) ends it, what follows is not looked at.  trace NULL: no trace is made (live traffic: it can be made again from the facts).  Else a
 * JSON array is appended to it: one object a rule, in order: {rule,file,line,matched,why:[...]},
 * why being what was compared: {cond,want,got,ok} or {cond,ok,of:[...]} for all, any and not, with a
 * note where a word is needed (gave up, not looked at). */
void hg_rules_judge(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena,
		    struct hg_verdict *ret, GString *trace);

/* The headers of an e-mail in a message's payload, as struct hg_facts has them; NULL: there are none. */
const char *hg_facts_headers(const char *payload, hg_arena *arena);

/* Facts as JSON and back: what a decision keeps, so that it can be made again.  The text is left
 * out when text_too is FALSE (it is in the message). */
void hg_facts_write(const struct hg_facts *facts, gboolean text_too, GString *out);
gboolean hg_facts_read(const char *json, hg_arena *arena, struct hg_facts *ret, GError **error);
struct json_object;
gboolean hg_facts_take(struct json_object *root, hg_arena *arena, struct hg_facts *ret, GError **error);

/* engine_fixture.h - an engine on a real store, with a channel and a helpdesk that are fakes */
#pragma once
#include "store_fixture.h"

#include "check.h"
#include "conf.h"
#include "engine.h"
#include "rules.h"

typedef struct hg_lab {
	struct world *w;		/* store, clock, directory */
	hg_conf *conf;
	hg_engine *engine;
	GPtrArray *out;			/* of hg_dispatch: what went out and was not taken yet */
	GHashTable *held;		/* where several engines share a store: posts it was told to hold -> gint64 until when */
	gint64 joined_ms;		/* ... and since when it is the node */
	GPtrArray *published;		/* types of events, in order; ours */
	gint64 kept_n;			/* all events up to it are on disk: said before anybody is answered */
	guint stored, refused;		/* answers to batches */
	char *answer;			/* to the last API command ... */
	int error;			/* ... its code, 0 none ... */
	char *error_text;		/* ... and words */
	guint ids;			/* provider ids given out */
	const char *space;		/* the adapter that batches come from; NULL: fake */
	/* Somebody outside hears of something: of an answer to a command (error as there), or (NULL) of an
	 * event or a job that goes out; or nobody has to (NULL). */
	void (*told)(void *arg, const hg_command *command, const char *answer, const GError *error);
	void *told_arg;
	/* The events themselves; or NULL. */
	void (*heard)(void *arg, const hg_event *const *events, guint n);
	void *heard_arg;

	/* what the channel is like */
	struct hg_limits limits;
	unsigned caps;
	gboolean billed;		/* plan says what parts cost: a unit for each character, ten at least */
	gint64 window_ms;		/* plan refuses when the customer wrote longer ago; 0: never */
	gboolean gone;			/* no such channel */
	unsigned (*caps_of)(const char *channel);	/* instead of caps; or NULL */
	gboolean by_hand;		/* what is submitted waits: somebody else steps the engine */
} hg_lab;

/* yaml: rules and settings; channels wa (adapter fake) and sms, backend desk are there already when
 * it does not bring its own.  NULL: nothing more. */
hg_lab *lab_new(const char *yaml);
/* With a configuration of its own, read before by lab_conf(); referenced. */
hg_lab *lab_new_with(hg_conf *conf);
/* On a store that is open; the world becomes the lab's. */
hg_lab *lab_new_on(hg_conf *conf, struct world *w);
/* The same, and the world is only lent; NULL: the engine could not recover.  lab_end() frees it. */
hg_lab *lab_new_tried(hg_conf *conf, struct world *w);
void lab_end(hg_lab *lab);
hg_conf *lab_conf(const char *path);
/* As if it stood in a file of that directory, which it does only while it is read. */
hg_conf *lab_conf_of(const char *dir, const char *yaml);
/* A directory of one's own, in memory where there is such a place: a disk that needs no waiting.  Yours. */
char *lab_dir(void);
hg_rules *lab_rules(const hg_conf *conf);	/* yours */
void lab_reload_with(hg_lab *lab, hg_conf *conf);
/* What the channel is asked, for an engine beside the lab's. */
struct hg_ports lab_ports(hg_lab *lab);
void lab_free(hg_lab *lab);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_lab, lab_free)

/* The process dies and comes back: what was not committed is gone, what was under way is unknown. */
void lab_restart(hg_lab *lab);
/* Another configuration, as lab_new() takes it; in effect from the next round on. */
void lab_reload(hg_lab *lab, const char *yaml);

/* Rounds until nothing is left to do at this moment. */
void lab_run(hg_lab *lab);
/* The clock goes on, in steps no longer than a minute when small is set. */
void lab_wait(hg_lab *lab, gint64 ms);

/* ---- coming in; items get the next id when they have none ---- */
void lab_in(hg_lab *lab, const char *channel, const struct hg_in *in, gsize n);	/* one batch, run */
void lab_queue(hg_lab *lab, const char *channel, const struct hg_in *in, gsize n);	/* not run yet */
struct hg_in lab_text(const char *uri, const char *text);	/* proven address; lent strings */
/* One message of uri on channel wa, run.  Returns its provider id, lent until the next. */
const char *lab_say(hg_lab *lab, const char *uri, const char *text);
void lab_receipt(hg_lab *lab, const char *channel, int state, const char *id, const char *key);
void lab_receipt_at(hg_lab *lab, const char *channel, const struct hg_receipt *receipt);

/* Bytes to be read later, under this key; of the mailbox group. */
void lab_raw(hg_lab *lab, const char *channel, const char *group, const char *key, const char *bytes);

/* ---- API ---- */
hg_command *lab_command(hg_lab *lab, int kind, const char *thread_id);
void lab_do(hg_lab *lab, hg_command *command);	/* submits and runs */
void lab_reply(hg_lab *lab, const char *thread_id, const char *text);

/* ---- going out ---- */
/* The oldest dispatch of that target that was not taken; NULL: none.  lab_drop() frees it. */
hg_dispatch *lab_take(hg_lab *lab, int target);
#define lab_drop(dispatch) hg_dispatch_free(dispatch)
void lab_sent(hg_lab *lab, hg_dispatch *dispatch, const struct hg_result *result);	/* frees it */
void lab_forwarded(hg_lab *lab, hg_dispatch *dispatch, const struct hg_forward_result *result);
void lab_fetched(hg_lab *lab, hg_dispatch *dispatch, const struct hg_fetch_result *result);
/* What an adapter read in raw bytes (why NULL), or why it could not; in NULL: nothing.  fate: enum hg_fate. */
void lab_unpacked(hg_lab *lab, hg_dispatch *dispatch, int fate, const struct hg_in *in, const char *why);
void lab_recall(hg_lab *lab, hg_dispatch *dispatch, const char *const *refs);
void lab_settled(hg_lab *lab, hg_dispatch *dispatch, int fate);
/* A helpdesk (desk) tells: one command, run; its answer is in lab->answer, lab->error.  raw, cursor: or NULL. */
void lab_changes(hg_lab *lab, const hg_change *changes, gsize n, const char *raw, const char *cursor);
/* What a change turned out to be; changes NULL: what it was. */
void lab_changed(hg_lab *lab, hg_dispatch *dispatch, int fate, const hg_change *changes, gsize n, const char *why);
/* Everything that was told and is not applied yet is, as it was told. */
void lab_apply(hg_lab *lab);
void lab_condition(hg_lab *lab, int target, const char *name, int condition);
/* Takes everything the backend gets and says yes; returns the types, space between; lent. */
const char *lab_desk(hg_lab *lab);

/* ---- looking ---- */
gint64 lab_count(hg_lab *lab, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
char *lab_value(hg_lab *lab, const char *fmt, ...) G_GNUC_PRINTF(2, 3);	/* text; yours */
/* The newest thread's id; lent until the next call. */
const char *lab_thread(hg_lab *lab);
guint lab_told(hg_lab *lab, const char *type);	/* how often that event was published */
void lab_audit(hg_lab *lab);	/* the store's own invariants hold */

#define HOUR_MS G_GINT64_CONSTANT(3600000)
#define MINUTE_MS G_GINT64_CONSTANT(60000)
#define lab_is(lab, want, ...) do {							\
	g_autofree char *got_ = lab_value((lab), __VA_ARGS__);				\
	assert_string_equal(got_ ?: "(null)", (want));					\
} while (0)
#define lab_counts(lab, want, ...) assert_int_equal(lab_count((lab), __VA_ARGS__), (want))

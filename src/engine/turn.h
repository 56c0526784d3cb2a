/* turn.h - the inside of the engine: one command being carried out, and what its files share
 *
 * A turn is one savepoint: a command, an item of an inbound batch, a timer.  What it wrote to the
 * store, what it counted and which events it made hold together: all of it or nothing. */
#pragma once
#include <glib.h>
#include "answer.h"
#include "engine.h"
#include "log.h"
#include "outside.h"
#include "payload.h"
#include "queue.h"
#include "rules.h"
#include "seeded.h"
#include "state.h"
#include "text.h"

#define HG_KEY_SIZE 44		/* idempotency key: 43 characters and NUL */

typedef struct hg_targets hg_targets;
typedef struct hg_posts hg_posts;
struct hg_post;

struct hg_engine {
	hg_conf *conf;			/* ours: a reference */
	hg_rules *rules;		/* ours */
	gint64 adopted_ms;		/* when conf came by a reload; 0: at the start */
	hg_store *store;		/* lent */
	struct hg_env *world;		/* lent: the real clock and random numbers */
	hg_seeded *seeded;		/* ours: the same, but in a turn those of its seed ... */
	struct hg_env *env;		/* ... as what turns see */
	struct hg_ports ports;
	hg_queue *queue;		/* ours, as the rest */
	hg_posts *posts;		/* what only we may do just now, where there are several nodes */
	hg_targets *targets;		/* what may be under way for each channel and backend */
	GString *scratch;		/* JSON is written here, then copied */
	hg_hmac *keyed;			/* with the instance key */

	/* the turn under way, for the journal */
	guint8 seed[HG_SEED_SIZE];
	gint64 changes;			/* rows the store had written when it began */
	const hg_journal *fed;		/* it was done before, and this is its row; or NULL */
	GArray *claims;			/* of gint64: jobs that go out in this round; negative: dropped */
	GString *packed;		/* a row's body is written here */
	gboolean adopting;		/* a new configuration is not in the journal yet */
	GHashTable *rekeyed;		/* names of its tokens whose secret was another before */

	gint64 timer_due_ms;		/* no timer is due before; G_MININT64: ask the store */
	guint timers_left;		/* so many were due and another node's */
	gint64 waiting_due_ms;		/* the same of what waits for hooks; G_MAXINT64: nothing does */
	hg_arena *round;		/* of what the round itself reads: timers, jobs */
	gint64 tend_ms;			/* monotonic: when the store wants to be tended */
	gint64 disk_ms;			/* monotonic: when free space is looked at again */
	guint group;			/* commands of the last round */
	struct hg_round *written;	/* ours: committed, and not yet on disk; or NULL */
	guint group_max;		/* commands of one commit */
	guint careful;			/* rounds yet to come in which savepoints are real */
	guint failures;			/* rounds in a row that the store failed */
	int imports;			/* something was imported once: 1; 0: nobody has looked; -1: nothing was */

	GThread *thread;
	gint stop, broken, disk_low;	/* atomic */
	gint others;			/* atomic: another node has written since the last round */
	gint64 others_ms;		/* monotonic: a round for that reason alone not before */
	GMutex lock;			/* guards what follows */
	struct hg_engine_stats stats;
	GHashTable *hooks;		/* name -> struct hg_hook_stats, ours */
	GHashTable *tallies;		/* channel -> struct hg_tally */
	hg_conf *next_conf;
	hg_rules *next_rules;
};

typedef struct hg_turn {
	hg_engine *engine;
	hg_store *store;		/* engine's, as conf */
	const hg_conf *conf;
	hg_arena *arena;		/* lives until after the commit */
	gint64 now_ms;
	const hg_command *command;	/* NULL: a timer's turn */
	const char *origin;		/* backend that said so: it is not told again; or NULL */
	const char *answer;		/* JSON for the API; or NULL */
	const char *object, *message_id;	/* for the audit: what it was about, if not what was asked for; what was said; or NULL */
	hg_token *made;			/* for who asked: the token it is about; or NULL */
	const char *refused;		/* what was asked for was not done, and that is kept: why; or NULL */
	const hg_consent *consent;	/* what hg_consent_take() kept last; or NULL */
	GPtrArray *events;		/* of const hg_event *, written by this turn */
	GPtrArray *questions;		/* of hg_job *: UNKNOWN ones whose provider is to be asked */
	const GPtrArray *addresses;	/* of hg_alias *, of contact addresses_of: every event names them */
	gint64 addresses_of;		/* 0: to be read again */
	gint64 *raw;			/* a batch's: rows of raw [0] of the delivery, [1 + i] of item i; 0: none */
	gboolean gone;			/* a batch's: the store undid the whole transaction */
	const hg_message *said;		/* what hg_said_take() added last; NULL: nothing */
	gboolean deaf;			/* rules act on an event: what they do is no event for rules again */
	const hg_outside *outside;	/* what hooks said of the item; or NULL */
	gint64 newcomer;		/* contact that was made for the item, 0: none */
	gint64 had_ms;			/* since when we have the item, when it had to wait; 0: it is new */
	const struct hg_noted *noted;	/* what happened, the newest first; counted as count is */
	struct hg_engine_stats count;	/* added to the engine's when the turn holds */
} hg_turn;

/* A conversation as one turn sees it: rows are read once and written back once. */
typedef struct hg_case {
	hg_contact *contact;
	hg_thread *thread;
	hg_ticket *ticket;		/* read when hg_case_ticket() is asked for it */
	hg_episode *episode;		/* the last that ended; read when hg_episode_last() is asked for it */
	gboolean contact_new, contact_changed, thread_changed, ticket_changed, episode_changed;
	gboolean tags_changed;
	const char *tags_were;		/* with tags_changed: the thread's tags as the store has them */
} hg_case;

struct hg_keyword;

/* ---- audit.c: who did what ---- */
gboolean hg_audit_write(hg_turn *turn, GError **error);	/* of a command that is done */

/* ---- act.c: what kind of command it is ---- */
gboolean hg_act(hg_turn *turn, GError **error);

/* ---- inbound.c, said.c, about.c, files.c ---- */
/* Makes its own savepoints, one an item: called outside of one.  FALSE: the batch is not stored. */
gboolean hg_inbound_batch(hg_turn *turn, GError **error);
gboolean hg_said_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
/* The same of a word of consent: it is kept, and nothing is reopened, judged or converted because of it. */
gboolean hg_said_word(hg_turn *turn, const struct hg_keyword *said, gint64 raw_n, GError **error);
/* An id, or more of them (NULL-ended, or NULL), by which the provider may name it on this channel; of mail on any
 * of the adapter's. */
const char *hg_ids_space(hg_turn *turn, const char *channel);
gboolean hg_remember_id(hg_turn *turn, const char *channel, const char *id, const hg_message *message, GError **error);
gboolean hg_remember_also(hg_turn *turn, const char *channel, const char *const *ids, const hg_message *message,
			  GError **error);
/* Later reactions, edits and references name the message by what the item is called. */
gboolean hg_said_remember(hg_turn *turn, const struct hg_in *in, const hg_message *message, GError **error);
gboolean hg_echo_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
/* Reactions, edits, revokes; identity, consent and news of the account. */
gboolean hg_about_message(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
gboolean hg_about_person(hg_turn *turn, const struct hg_in *in, GError **error);
/* The message a provider's id stands for; *ret NULL: unknown. */
gboolean hg_inbound_find(hg_turn *turn, const char *id, hg_message **ret, GError **error);
const char *hg_inbound_space(hg_turn *turn, const struct hg_in *in);	/* that its key counts in */
/* Of the channel it came on.  One on trial has a scope of its own: what is looked up by scope never
 * leads from a conversation on trial to a real one, or back. */
const char *hg_inbound_scope(const hg_turn *turn);
/* The raw bytes a message may show: an item's own, the whole delivery's (raw_n) only where nobody else
 * is in it; 0: none. */
gint64 hg_inbound_own_raw(const hg_turn *turn, const struct hg_in *in, gint64 raw_n);
/* Rows and download jobs of an item's files. */
gboolean hg_inbound_files(hg_turn *turn, const hg_case *kase, const hg_message *message, const struct hg_in *in,
			  GError **error);

/* An item whose questions are over, as hg_inbound_batch() would have taken it. */
gboolean hg_inbound_waited(hg_turn *turn, const hg_waiting *waiting, const struct hg_in *in, GError **error);
gint64 hg_inbound_had_ms(const hg_turn *turn);	/* since when we have the item */

/* An item that is new and kept raw, as what it is. */
/* A file that came along: sha256 and bytes are those of the stored ones, *ret_why NULL; or why it is not stored. */
gboolean hg_inbound_store(hg_turn *turn, struct hg_file *file, const char **ret_why, GError **error);
gboolean hg_inbound_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
/* Makes its own savepoints: the message of joining as it is (in NULL: none, it was told of), and hg_pieces_told(). */
gboolean hg_inbound_pieces(hg_turn *turn, const hg_joining *joining, const struct hg_in *in, gint64 raw_n, GError **error);

/* ---- pieces.c: messages that come in pieces ---- */
gboolean hg_piece_is(const struct hg_in *in);
gboolean hg_piece_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
const char *hg_piece_text(hg_turn *turn, const struct hg_in *piece);	/* of one alone */
gboolean hg_pieces_is(const char *timer_kind);
/* Makes its own savepoints. */
gboolean hg_pieces_due(hg_turn *turn, const hg_timer *timer, GError **error);
gboolean hg_pieces_told(hg_turn *turn, const hg_joining *joining, GError **error);

/* ---- hook_ask.c, hook_wait.c, hook_stats.c: facts from outside ---- */
#define HG_WAITING_MAX 200	/* of a contact: what comes on top waits too, but nobody is asked about it */
/* *ret_waits: the item is kept and will be judged later; else at once, with turn->outside. */
gboolean hg_asking_gate(hg_turn *turn, const struct hg_in *in, gint64 raw_n, gboolean *ret_waits, GError **error);
gboolean hg_result_facts(hg_turn *turn, GError **error);
/* Makes its own savepoints.  FALSE: it waits on. */
gboolean hg_waiting_act(hg_turn *turn, const hg_waiting *waiting, GError **error);
/* Inside of one: its questions are over; what they brought is in turn->outside. */
gboolean hg_waiting_ask(hg_turn *turn, const hg_waiting *waiting, GError **error);
void hg_hooks_judged(hg_turn *turn, const GPtrArray *asks);	/* of hg_question *: fills turn->outside, counts */
/* In a transaction: hooks that went hold nobody up, and those left alone are asked again. */
gboolean hg_waiting_adopt(hg_engine *engine, gint64 now_ms, GError **error);
gboolean hg_waiting_recover(hg_turn *turn, hg_job *job, GError **error);
void hg_hooks_count(hg_engine *engine, const hg_question *ask);
void hg_hooks_down(hg_engine *engine, const char *name, gint64 until_ms);

/* What an adapter has read in raw bytes, or that it cannot.  As hg_inbound_batch(). */
gboolean hg_inbound_unpacked(hg_turn *turn, GError **error);

/* ---- raw.c: bytes that are read once they are safe ---- */
gboolean hg_raw_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error);
gboolean hg_raw_read(hg_turn *turn, hg_job *job, GError **error);	/* what they hold is written */
/* They could not be read: for good; not now; a placeholder, if any, is in the job. */
gboolean hg_raw_is_hopeless(const hg_turn *turn, const hg_job *job);
gboolean hg_raw_quarantine(hg_turn *turn, hg_job *job, GError **error);
gboolean hg_raw_again(hg_turn *turn, hg_job *job, GError **error);
/* Found in SENDING: whoever was at it is gone. */
gboolean hg_raw_recover(hg_turn *turn, hg_job *job, const char *why, gint64 wait_ms, GError **error);
gboolean hg_raw_recall(hg_turn *turn, GError **error);
gboolean hg_raw_settled(hg_turn *turn, GError **error);
gboolean hg_raw_drop(hg_turn *turn, GError **error);

/* ---- consent.c: who wants no messages ---- */
struct hg_wishing {			/* where it counts */
	const char *channel, *ours;	/* ours: our address that is meant, "": the whole channel */
	const char *const *uris;	/* all that are known to be his */
	gsize n_uris;
};
struct hg_wished {			/* what was said */
	int state;			/* enum hg_wish */
	const char *source, *words, *who;	/* as in hg_consent */
	int code;
	gboolean blocked;
	gint64 said_ms;
};
/* What counts for a message to uri from ours (NULL: nobody knows which of our addresses); *ret NULL: nothing. */
gboolean hg_consent_find(hg_store *store, hg_arena *arena, const char *channel, const char *uri, const char *ours,
			 const hg_consent **ret, GError **error);
/* The carriers' words are about consent on this channel. */
gboolean hg_consent_hears(const hg_engine *engine, const char *channel);
/* Does it keep a message of ours back?  automatic: no person says it; last_in_ms: when he wrote last. */
gboolean hg_consent_bars(const hg_engine *engine, const hg_consent *said, gboolean automatic, gint64 last_in_ms);
/* Keeps it, has the contact's flag follow, and tells helpdesks when it is news; the row is in turn->consent then, which is
 * NULL when something newer is known.  kase->contact, kase->thread: or NULL; message: that said it, or NULL. */
gboolean hg_consent_take(hg_turn *turn, hg_case *kase, const struct hg_wishing *to, const struct hg_wished *wished,
			 const hg_message *message, gboolean *ret_news, GError **error);
/* The same of what nobody said in a conversation; saves the case. */
gboolean hg_consent_feedback(hg_turn *turn, hg_case *kase, const struct hg_wishing *to, const struct hg_wished *wished,
			     const char *scope, GError **error);
/* contact.opted_out of the rules: there is an address of his that wants none. */
gboolean hg_consent_fold(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_consent_move(hg_turn *turn, const char *channel, const char *from, const char *to, GError **error);
gboolean hg_consent_command(hg_turn *turn, GError **error);

/* ---- consent_said.c: STOP, START, HELP ---- */
struct hg_keyword {
	int word;			/* enum hg_consent_word; 0: it is a message like any other */
	const char *name;		/* "stop", "start", "help" */
	const char *language;		/* of the word; or NULL */
	const struct hg_in *in;		/* the message */
};
gboolean hg_keyword_in(hg_turn *turn, const struct hg_in *in, struct hg_keyword *ret, GError **error);
/* It is in its thread: what it does, and what it is answered with. */
gboolean hg_consent_heard(hg_turn *turn, hg_case *kase, const struct hg_keyword *said, const hg_message *message,
			  gboolean late, GError **error);
gboolean hg_consent_item(hg_turn *turn, const struct hg_in *in, GError **error);	/* an HG_CONSENT */
/* The customer wrote something else: people hear that they cannot answer. */
gboolean hg_consent_written_again(hg_turn *turn, hg_case *kase, const hg_message *message, gboolean begun, GError **error);
gboolean hg_consent_tell(hg_turn *turn, hg_case *kase, const char *text, GError **error);

/* ---- contact.c ---- */
/* The person behind an item's addresses.  make FALSE: kase->contact stays NULL when nobody knows
 * them.  Proven addresses are joined to whoever is found; nobody is ever merged. */
gboolean hg_contact_resolve(hg_turn *turn, const struct hg_in *in, gboolean make, hg_case *kase, GError **error);
gboolean hg_contact_find(hg_turn *turn, const struct hg_in *in, hg_case *kase, GError **error);	/* the same; nothing is written */
/* The contact's address that took the place of uri: uri itself while it is not given up, else the newest
 * of the same scheme; *ret NULL: none did. */
gboolean hg_contact_present(hg_turn *turn, const hg_contact *contact, const char *uri, const char **ret,
			    GError **error);
/* The alias under which an address is kept: claimed ones have a space of their own. */
const char *hg_contact_alias_uri(hg_arena *arena, const struct hg_address *address);

/* ---- moved.c ---- */
/* in says which addresses are the contact's no more, and which are: no conversation of his is answered at the former from now
 * on.  For hg_contact_resolve(). */
gboolean hg_moved(hg_turn *turn, const hg_contact *contact, const struct hg_in *in, GError **error);
/* The thread, which is the contact's, is answered at an address of his: else where he himself wrote last in it, or nowhere.  It
 * is not saved. */
gboolean hg_moved_check(hg_turn *turn, const hg_contact *contact, hg_thread *thread, GError **error);
/* Those addresses (hg_alias) were taken from the contact: the same for all conversations of his that are answered there; saves them. */
gboolean hg_moved_apart(hg_turn *turn, const hg_contact *contact, const GPtrArray *aliases, GError **error);

/* ---- profile.c: what people say of themselves ---- */
/* Keeps it with kase->contact, and with the visitor whose address uri is.  What cannot be read is not kept. */
gboolean hg_profile_take(hg_turn *turn, hg_case *kase, const char *uri, const char *profile, GError **error);
/* From an identified visitor: what the site's server vouches for is kept with him. */
gboolean hg_profile_vouched(hg_turn *turn, const struct hg_in *in, GError **error);
/* A JSON object of fields (or NULL) with one more set, in the turn's arena. */
const char *hg_profile_field(hg_turn *turn, const char *fields, const char *name, const char *value);
/* The row of all of a visitor's browsers, or one that is not in the store yet. */
gboolean hg_visitor_row(hg_turn *turn, const char *uri, hg_visitor **ret, GError **error);

/* ---- visitor.c, identify.c, merge.c: commands of visitors ---- */
gboolean hg_visitor_seen(hg_turn *turn, GError **error);
gboolean hg_visitor_rate(hg_turn *turn, GError **error);
gboolean hg_visitor_profile(hg_turn *turn, GError **error);
gboolean hg_visitor_logout(hg_turn *turn, GError **error);
gboolean hg_visitor_transcript(hg_turn *turn, GError **error);
/* He has read the thread up to that message; only forwards. */
gboolean hg_visit_read(hg_turn *turn, const char *uri, gint64 thread_n, gint64 message_n, GError **error);
gboolean hg_identify(hg_turn *turn, GError **error);
/* former becomes part of kase->contact, when it has nothing but anonymous visitors' addresses: *ret_merged is it then,
 * else left alone; uri: where answers in its conversations go now.  Saves the case. */
gboolean hg_merge_visitor(hg_turn *turn, hg_case *kase, hg_contact *former, const char *uri, hg_contact **ret_merged,
			  guint *ret_threads, GError **error);
gboolean hg_merge_command(hg_turn *turn, GError **error);
gboolean hg_unmerge(hg_turn *turn, GError **error);

/* ---- block.c: who is kept out ---- */
gboolean hg_block_command(hg_turn *turn, GError **error);
/* By its id, also one that is part of another; MISSING: there is none. */
gboolean hg_contact_by_id(hg_turn *turn, const char *id, hg_contact **ret, GError **error);
/* By his id; MISSING: there is none, STATE: he is part of another one. */
gboolean hg_contact_load(hg_turn *turn, const char *id, hg_contact **ret, GError **error);
/* May he be answered?  STATE: he is kept out, or was erased. */
gboolean hg_block_check(const hg_turn *turn, const hg_contact *contact, GError **error);
void hg_block_copy(const hg_contact *from, hg_contact *to);	/* who becomes part of the other brings it along */

/* ---- erase.c: who is forgotten ---- */
gboolean hg_erase_command(hg_turn *turn, GError **error);
gboolean hg_erase_is(const char *timer_kind);
gboolean hg_erase_due(hg_turn *turn, const hg_timer *timer, GError **error);
/* ---- token.c: of command->made ---- */
gboolean hg_token_make(hg_turn *turn, GError **error);
gboolean hg_token_revoke(hg_turn *turn, GError **error);
gboolean hg_token_used(hg_turn *turn, GError **error);
gboolean hg_token_is_good(const hg_token *token, gint64 now_ms);
/* In a transaction: links and sessions end whose maker the configuration does not know any more, or lets do less. */
gboolean hg_token_adopt(hg_engine *engine, gint64 now_ms, GError **error);
/* conf takes the place of the engine's: which tokens have another secret in it is remembered until hg_token_adopt(). */
void hg_token_compare(hg_engine *engine, const hg_conf *conf);
gboolean hg_token_answer(hg_turn *turn, hg_token *token);	/* what the command says of it; TRUE */
#define HG_TOKEN_HOUR_MS G_GINT64_CONSTANT(3600000)	/* uses are noted so often */
/* ---- session.c ---- */
gboolean hg_token_session_begin(hg_turn *turn, GError **error);
gboolean hg_token_session_end(hg_turn *turn, GError **error);
void hg_token_session_go_on(hg_token *session, gint64 now_ms);	/* it is used */

/* ---- retain.c: what was kept for long enough ---- */
gboolean hg_retain_is(const char *timer_kind);
gboolean hg_retain_due(hg_turn *turn, GError **error);
gboolean hg_retain_command(hg_turn *turn, GError **error);
gboolean hg_retain_adopt(hg_engine *engine, gint64 now_ms, GError **error);	/* in a transaction: has the timer run */

/* ---- import.c: history from elsewhere ---- */
gboolean hg_import(hg_turn *turn, GError **error);
gboolean hg_import_knows(hg_turn *turn, const char *space, const char *key, gboolean *ret, GError **error);
gboolean hg_import_is_history(const hg_thread *thread);	/* it can only be read */

/* ---- unseen.c: answers a visitor did not see ---- */
gboolean hg_unseen_watch(hg_turn *turn, const hg_case *kase, const hg_message *message, GError **error);
gboolean hg_unseen_is(const char *timer_kind);
gboolean hg_unseen_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);

/* ---- sender.c: who may speak where anybody may say that he is anybody ---- */
struct hg_claim {
	gboolean claimed;		/* its sender only says who he is: the rest counts */
	hg_thread *thread;		/* it is a message of this one */
	hg_thread *note;		/* or a note on this one */
	hg_thread *related;		/* it names this one, and has no right to it; each NULL: none */
	gboolean window;		/* what the contact has open may take it */
	gboolean forwarded;		/* it is handed on: a matter of its own */
};
gboolean hg_sender_is_claimed(const struct hg_in *in);
int hg_sender_kept(const struct hg_in *in);	/* for hg_message.sender */
gboolean hg_sender_weigh(hg_turn *turn, const struct hg_in *in, const char *scope, struct hg_claim *ret, GError **error);
/* As contacts are to see it: with proof, or apart from all others. */
struct hg_in hg_sender_as(hg_turn *turn, const struct hg_in *in);
gboolean hg_sender_note(hg_turn *turn, const struct hg_in *in, gint64 raw_n, const struct hg_claim *heard, GError **error);
gboolean hg_sender_is_participant(const hg_thread *thread, const char *uri);
/* The address begins a conversation.  *ret_silent: it began too many; counted, and told at the first. */
gboolean hg_sender_begins(hg_turn *turn, const struct hg_in *in, gboolean *ret_silent, GError **error);
/* May it get something automatic?  Counted when it may. */
gboolean hg_sender_may_be_told(hg_turn *turn, const hg_case *kase, const char *channel, const char *to, gboolean *ret,
			       GError **error);
gboolean hg_sender_participants(hg_turn *turn, hg_case *kase, GError **error);

/* ---- threading.c ---- */
struct hg_proposed {
	int proposal;			/* enum hg_proposal */
	hg_thread *thread;		/* NULL with NEW */
	const char *key;		/* of the thread to make; NULL: its id */
	const char *reason;
	gboolean late;			/* said before the thread was closed: is added, opens nothing */
	gboolean stays;			/* too old to be reopened: is added, and the thread stays closed */
};
gboolean hg_threading_propose(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
			      const struct hg_claim *heard, struct hg_proposed *ret, GError **error);
/* What goes on with the contact (NULL: nobody yet) on the command's channel, and takes what we say of our own accord. */
gboolean hg_threading_goes_on(hg_turn *turn, const hg_contact *contact, const char *scope, struct hg_proposed *ret,
			      GError **error);

/* ---- start.c: we write first ---- */
gboolean hg_start_command(hg_turn *turn, GError **error);
gboolean hg_start_preview(hg_turn *turn, GError **error);

/* ---- judge.c ---- */
struct hg_judged {
	struct hg_facts facts;		/* lent by the turn */
	struct hg_verdict verdict;
	hg_decision decision;		/* n is 0 until it is kept */
};
/* What rules are asked about. */
struct hg_asked {
	int event;			/* enum hg_rule_event */
	gint64 after_ms;		/* of UNANSWERED and BOT; else 0 */
	const struct hg_in *in;		/* the customer's message that did it; or NULL */
	const struct hg_proposed *proposed;	/* with in; or NULL */
	const char *hold_then;		/* of FIRST_RESPONSE: what the rule's hold ends in; or NULL */
	const hg_message *ours;		/* of SENT and RECEIPT_FAILED; else NULL */
	const char *const *tags, *const *fields;	/* of CHANGED: added tags, names of fields; NULL-ended, or NULL */
};
gboolean hg_judge(hg_turn *turn, const hg_case *kase, const struct hg_asked *asked, struct hg_judged *ret,
		  GError **error);
/* Of an answer to a question of ours ("answer"), or a word of consent ("consent"): rules are not asked, the facts are
 * kept. */
gboolean hg_judge_unasked(hg_turn *turn, const hg_case *kase, const char *on, const struct hg_in *in,
			  const struct hg_proposed *proposed, struct hg_judged *ret, GError **error);
/* Writes the decision's row; action is what was really done. */
gboolean hg_judge_keep(hg_turn *turn, hg_case *kase, struct hg_judged *judged, const char *action,
		       const hg_message *message, GError **error);
/* Where the thread is routed to, by all rules that matched: done before it is told of; twice does no harm. */
void hg_judge_route(hg_case *kase, const struct hg_judged *judged);
/* The same, and tags, fields, replies and notices. */
gboolean hg_judge_apply(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error);
/* What `default:` says, enum hg_action. */
int hg_judge_default(const hg_turn *turn);

/* ---- listen.c: events beside the messages themselves ---- */
/* Has the rules judge what has just happened, if one of them is on it; message: the one it is about, or NULL.
 * "convert" makes a ticket where there is none; other decisions are kept and change nothing. */
gboolean hg_listen(hg_turn *turn, hg_case *kase, const struct hg_asked *asked, const hg_message *message,
		   GError **error);
/* The same whether or not a rule is on it: the decision is kept in any case. */
gboolean hg_listen_always(hg_turn *turn, hg_case *kase, const struct hg_asked *asked, const hg_message *message,
			  GError **error);
/* An agent, a bot or staff in a phone app answered. */
gboolean hg_listen_sent(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error);
/* A message of ours cannot be delivered, for good; before: what its delivery was. */
gboolean hg_listen_failed(hg_turn *turn, hg_case *kase, const hg_message *message, int before, GError **error);

/* ---- solved.c ---- */
/* The customer says that it is solved; he says something else after that; a quiet time has gone by. */
gboolean hg_solved(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_solved_not(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_solved_due(hg_turn *turn, hg_case *kase, GError **error);

/* ---- wait.c: events that are a time gone by ---- */
/* The customer said something that wants an answer; a bot said something; a person did. */
gboolean hg_wait_customer(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_wait_bot(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_wait_person(hg_turn *turn, hg_case *kase, GError **error);
/* The customer wants no more answer. */
gboolean hg_wait_content(hg_turn *turn, hg_case *kase, GError **error);
/* He has waited since then, as it turns out; 0: he does not. */
gboolean hg_wait_since(hg_turn *turn, hg_case *kase, gint64 since_ms, GError **error);
/* Nobody waits any more: it is over. */
gboolean hg_wait_over(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_wait_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);
gboolean hg_wait_is(const char *timer_kind);
/* Other rules: whoever waits is looked at anew.  Inside a transaction. */
gboolean hg_wait_adopt(hg_engine *engine, gint64 now_ms, GError **error);

/* ---- fill.c ---- */
struct hg_filling {
	const struct hg_facts *facts;	/* of what is judged; or NULL, as the rest */
	const char *rule;
	const struct hg_set *own;	/* values beside hg_rule_values; ends with a NULL name */
};
/* text with values in the place of ${names}, max bytes at most, in the turn's arena.  NULL stays NULL. */
gboolean hg_fill(hg_turn *turn, hg_case *kase, const struct hg_filling *with, const char *text, gsize max,
		 const char **ret, GError **error);
/* The same for a field: HG_FIELD_VALUE_MAX bytes on one line. */
gboolean hg_fill_line(hg_turn *turn, hg_case *kase, const struct hg_filling *with, const char *text,
		      const char **ret, GError **error);
/* A member of a JSON object (or of NULL), in the turn's arena; NULL: there is none, or it is no scalar. */
const char *hg_fill_field(hg_turn *turn, const char *json, const char *name);

/* ---- assign.c ---- */
struct hg_assigned {
	const struct hg_queue_conf *queue;	/* NULL: the ticket is in no queue of ours */
	const struct hg_agent *agent;	/* NULL: nobody */
	const char *why;		/* in words: "least busy: mia 2/5, tom 3/3 full"; NULL without queue */
	gint64 wait_ms;			/* all are busy: how long it may take; 0: they are not */
	gboolean closed;		/* nobody of them is in hours ... */
	gint64 opens_ms;		/* ... until then (-1: not known) ... */
	int opens_hours;		/* ... by the clock of these hours */
};
/* Whom a ticket that is being made belongs to; a function of store, configuration and clock.  owner: who
 * has it already (then nobody is looked for), or NULL. */
gboolean hg_assign(hg_turn *turn, hg_case *kase, const char *owner, struct hg_assigned *ret, GError **error);
/* The id somebody is counted by, when he is an agent of that queue of ours (NULL: of any); else who itself. */
const char *hg_assign_name(hg_turn *turn, const char *queue, const char *who);
/* Says so in the thread, and to the customer when he has to wait. */
gboolean hg_assign_tell(hg_turn *turn, hg_case *kase, const struct hg_assigned *assigned, GError **error);

/* ---- marks.c: tags and fields of a conversation ---- */
/* A JSON array of texts as words, NULL-ended; NULL: there are none. */
const char *const *hg_marks_list(hg_turn *turn, const char *json);
/* remove: NULL-ended, or NULL.  What was not so before is added to ret_added and ret_gone; or both NULL.
 * Returns how many did not fit any more. */
guint hg_marks_tag(hg_turn *turn, hg_case *kase, const char *const *add, guint n_add, const char *const *remove,
		   GPtrArray *ret_added, GPtrArray *ret_gone);
/* sets: of struct hg_set; without a value the field goes away.  ret_changed gets the names; or NULL.  As above. */
guint hg_marks_set(hg_turn *turn, hg_case *kase, const GArray *sets, GPtrArray *ret_changed);

/* ---- patch.c: what an agent or the API says of a conversation ---- */
gboolean hg_patch(hg_turn *turn, hg_case *kase, GError **error);

/* ---- case.c ---- */
gboolean hg_case_load(hg_turn *turn, gint64 thread_n, hg_case *ret, GError **error);
gboolean hg_case_by_id(hg_turn *turn, const char *thread_id, hg_case *ret, GError **error);
/* ref: our id or number of a ticket, or the helpdesk's id of it. */
gboolean hg_case_by_ticket(hg_turn *turn, const char *ref, const char *backend, hg_case *ret, GError **error);
gboolean hg_case_contact(hg_turn *turn, gint64 n, hg_contact **ret, GError **error);	/* who it is by now, merged */
gboolean hg_case_ticket(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_case_save(hg_turn *turn, hg_case *kase, GError **error);
/* Adds a message to the thread: ids, chain and counts are filled in here. */
gboolean hg_case_say(hg_turn *turn, hg_case *kase, hg_message *message, GError **error);
gboolean hg_case_line(hg_turn *turn, hg_case *kase, const char *text, GError **error);	/* system line */
/* Since when the customer waits for somebody (human: a bot is not enough) to answer; 0: he does not. */
gboolean hg_case_waiting(hg_turn *turn, const hg_case *kase, gboolean human, gint64 *ret_since_ms, GError **error);
gboolean hg_ticket_is_open(const hg_ticket *ticket);

/* ---- tally_note.c ---- */
/* On the case's channel; nothing of a thread on trial. */
void hg_tally_note(hg_turn *turn, const hg_case *kase, enum hg_tally_what what, gint64 value);
void hg_tally_note_csat(hg_turn *turn, const hg_csat *csat);
void hg_tally_note_channel(hg_turn *turn, const char *channel, enum hg_tally_what what);	/* of no thread */

/* ---- episode.c: what a conversation comes to ---- */
gboolean hg_episode_last(hg_turn *turn, hg_case *kase, GError **error);
/* The thread was opened, or reopened as a chat. */
void hg_episode_begin(hg_turn *turn, hg_case *kase);
/* The thread was closed, or made a ticket: ends the episode under way, or is added to the last one. */
gboolean hg_episode_closed(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_episode_converted(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_episode_acked(hg_turn *turn, hg_case *kase, GError **error);	/* a helpdesk has the ticket */
/* The customer said something; noise: a rule ignored it. */
void hg_episode_heard(hg_turn *turn, hg_case *kase, gboolean automatic, gboolean noise);
/* What was told of at at_ms, and no rule ignored, is noise, says a person; or (noise FALSE) it is not after all. */
gboolean hg_episode_marked(hg_turn *turn, hg_case *kase, gint64 at_ms, gboolean noise, GError **error);
/* An answer was sent: the first of its parts, or something said outside of headgate. */
gboolean hg_episode_answered(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error);
gboolean hg_episode_confirmed(hg_turn *turn, hg_case *kase, GError **error);	/* by the customer: solved */
/* The customer's message, no noise, comes to what was closed. */
gboolean hg_episode_came_back(hg_turn *turn, hg_case *kase, GError **error);
/* What was dropped is a chat again. */
gboolean hg_episode_goes_on(hg_turn *turn, hg_case *kase, GError **error);

/* ---- drop.c ---- */
gboolean hg_drop_watch(hg_turn *turn, const hg_case *kase, GError **error);	/* it was just closed */
gboolean hg_drop_due(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_drop_restore(hg_turn *turn, GError **error);	/* by hand: answers what was done */

/* ---- thread.c ---- */
/* Has an open thread closed when it is idle. */
gboolean hg_thread_watch(hg_turn *turn, const hg_case *kase, GError **error);
/* key NULL: one of its own.  The row only: it is told of when its first message is in it, and watched when that is decided. */
gboolean hg_thread_open(hg_turn *turn, hg_case *kase, const char *scope, const char *key, GError **error);
/* Where the contact has another open thread by its key, it goes by a key of its own. */
gboolean hg_thread_make_room(hg_turn *turn, hg_case *kase, GError **error);
gboolean hg_thread_reopen(hg_turn *turn, hg_case *kase, const char *reason, GError **error);
/* The same end without anybody being asked about it, neither rules nor the customer. */
gboolean hg_thread_end(hg_turn *turn, hg_case *kase, const char *reason, GError **error);

/* ---- join.c: a conversation that became part of another one's ticket ---- */
#define HG_JOINED_KEY "joined:"		/* and the other's id: the key of one that was joined */
gboolean hg_thread_is_joined(const hg_thread *thread);
/* The one it is part of; itself where it is none's. */
gboolean hg_join_follow(hg_turn *turn, hg_thread *thread, hg_thread **ret, GError **error);
gboolean hg_join_refuse(const hg_thread *thread, GError **error);	/* STATE: it was joined */
/* The command.  ret is the conversation that took it, to be saved. */
gboolean hg_join(hg_turn *turn, hg_case *ret, GError **error);
/* Closes and has it judged (rules on thread.closed). */
gboolean hg_thread_close(hg_turn *turn, hg_case *kase, int resolution, const char *reason, GError **error);

/* ---- convert.c ---- */
struct hg_conversion {
	const char *reason;		/* "rule NAME", "agent NAME", "default" ... */
	const char *agent;		/* or NULL, as the next */
	/* What is not said the thread says (its fields, where rules routed it to), else the channel's defaults. */
	const char *priority, *category, *type, *subject;
	const char *queue, *skill, *status, *assignee;
	const hg_decision *decision;
};
/* Has the helpdesks asked for the case's ticket; again with the same key. */
gboolean hg_convert_request(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error);
/* The thread's ticket, made if it has none. */
gboolean hg_convert(hg_turn *turn, hg_case *kase, const struct hg_conversion *how, GError **error);
gboolean hg_convert_by_verdict(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, GError **error);
/* As the rule that converts says; where none does, for the reason of otherwise. */
gboolean hg_convert_judged(hg_turn *turn, hg_case *kase, const struct hg_judged *judged, const char *otherwise,
			   GError **error);

/* ---- requester.c ---- */
/* By which address the helpdesk is to know the customer: mailto:..., or NULL. */
gboolean hg_requester_find(hg_turn *turn, hg_case *kase, const char **ret, GError **error);
/* Asks for it where the channel wants that; *ret_asked: the request waits for the answer. */
gboolean hg_requester_ask(hg_turn *turn, hg_case *kase, const hg_decision *decision, gboolean *ret_asked,
			  GError **error);
gboolean hg_requester_send(hg_turn *turn, hg_case *kase, const hg_decision *decision, GError **error);
/* It waits: what helpdesks are not told until then, the request tells. */
gboolean hg_requester_waits(const hg_thread *thread);
gboolean hg_requester_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);
/* It waits no longer: the request goes out, with the address he named (or NULL). */
gboolean hg_requester_now(hg_turn *turn, hg_case *kase, const char *email, GError **error);

/* ---- confirm.c ---- */
gboolean hg_confirm_plan(hg_turn *turn, const hg_case *kase, GError **error);
/* Tells the customer, once; number: the helpdesk's, or NULL. */
gboolean hg_confirm(hg_turn *turn, hg_case *kase, const char *number, GError **error);
gint64 hg_confirm_expected(const hg_turn *turn, const hg_ticket *ticket);	/* ms until an answer; 0: not said */
gboolean hg_confirm_due(hg_turn *turn, hg_case *kase, GError **error);

/* ---- ticket.c ---- */
gboolean hg_ticket_link(hg_turn *turn, hg_case *kase, const hg_link *link, GError **error);
/* *ret: the backend has it under another id, which stays; the log tells. */
gboolean hg_ticket_is_other(hg_turn *turn, const hg_ticket *ticket, const char *backend, const char *external_id,
			    gboolean *ret, GError **error);
/* Is not there any more under the id it had (if it had one), and link names what took its place; by: who says so, and why;
 * or NULL. */
gboolean hg_ticket_moved(hg_turn *turn, hg_case *kase, const hg_link *link, const char *by, GError **error);
/* ... and nothing could: those who read the conversation here are told that nobody reads it there. */
gboolean hg_ticket_lost(hg_turn *turn, hg_case *kase, const char *backend, GError **error);
gboolean hg_ticket_acked(hg_turn *turn, hg_case *kase, GError **error);	/* a helpdesk has it */
/* Somebody gave it to who ("": to nobody, NULL: as before), who is counted from now on.  TRUE: that is news. */
gboolean hg_ticket_assign(hg_turn *turn, hg_case *kase, const char *who);
/* said: a status, NULL: as before.  assignee: who has it now, "": nobody, NULL: as before. */
gboolean hg_ticket_status(hg_turn *turn, hg_case *kase, const char *said, const char *assignee, GError **error);
/* The same of a status that is told already (to: enum hg_ticket_state) from the helpdesk's word for it, which is kept. */
gboolean hg_ticket_becomes(hg_turn *turn, hg_case *kase, int to, const char *said, const char *assignee, GError **error);

/* ---- changes.c, change_apply.c: what happens in helpdesks ---- */
gboolean hg_changes_heard(hg_turn *turn, GError **error);	/* HG_CMD_CHANGES */
gboolean hg_changes_done(hg_turn *turn, GError **error);	/* HG_CMD_CHANGED */
/* The backend will tell of these ids: they are what we did there ourselves. */
gboolean hg_changes_ours(hg_turn *turn, const char *backend, const char *const *made, GError **error);
/* The ticket a change is about; *ret NULL: none of ours, as far as is known. */
gboolean hg_change_ticket(hg_store *store, hg_arena *arena, const char *backend, const hg_change *change, hg_ticket **ret,
			  GError **error);
/* Found in SENDING, or what became of it could not be written: as hg_raw_recover(). */
gboolean hg_change_recover(hg_turn *turn, hg_job *job, const char *why, gint64 wait_ms, GError **error);
gboolean hg_change_apply(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, GError **error);

/* ---- mail_answer.c ---- */
/* *ret_taken: it is a mail of a helpdesk's that is written to by this channel, and everything about it is done. */
gboolean hg_mail_answer(hg_turn *turn, const struct hg_in *in, gboolean *ret_taken, GError **error);

/* ---- event.c ---- */
/* Reads all addresses of a contact into turn->addresses, unless they are there: a message makes two or three events that name
 * them.  Whoever changes one sets addresses_of to 0. */
gboolean hg_turn_addresses(hg_turn *turn, gint64 contact_n, GError **error);
/* Writes an event of the case's thread (kase NULL: of none) and what carries it to the backends.
 * news says type and what it is about; the rest of it is filled in here. */
gboolean hg_event_tell(hg_turn *turn, hg_case *kase, const struct hg_payload *news, GError **error);
/* A note was written: told without its text, to no backend. */
gboolean hg_event_note(hg_turn *turn, hg_case *kase, const hg_message *note, GError **error);
/* A mark was put on the message, or taken away: told to no backend.  forwarded: its ticket's helpdesk has the message. */
#define HG_EVENT_MARKED "message.marked"
gboolean hg_event_marked(hg_turn *turn, hg_case *kase, const hg_message *message, gboolean forwarded, const char *by, GError **error);
/* The same bytes for the same words, on every node: b64url(HMAC(instance key, words)). */
void hg_event_key(hg_turn *turn, const char *const *words, char ret_key[HG_KEY_SIZE]);

/* ---- journal.c: what is done is kept, to be done again ---- */
/* Between the two, engine->env has the turn's clock, and random numbers that follow from its seed. */
void hg_work_begin(hg_engine *engine, gint64 now_ms);
void hg_work_end(hg_engine *engine, gboolean holds);	/* FALSE: it was undone */
/* A row each, where anything was written. */
gboolean hg_journal_command(hg_turn *turn, GError **error);
gboolean hg_journal_timer(hg_turn *turn, const hg_timer *timer, GError **error);
gboolean hg_journal_waited(hg_turn *turn, gint64 waiting_n, GError **error);
void hg_journal_note_claim(hg_engine *engine, gint64 job_n, gboolean dropped);
void hg_journal_forget_claim(hg_engine *engine, gint64 job_n);	/* the one noted last */
gboolean hg_journal_claims(hg_engine *engine, gint64 now_ms, GError **error);	/* one row of all noted */
gboolean hg_journal_take(hg_engine *engine, const char *post, gint64 now_ms, GError **error);
gboolean hg_journal_conf(hg_engine *engine, int kind, gint64 now_ms, GError **error);

/* ---- outbox.c ---- */
gboolean hg_outbox_add(hg_turn *turn, hg_job *job, GError **error);
/* Ends a job: done or dead; its lane goes on. */
gboolean hg_outbox_end(hg_turn *turn, hg_job *job, gboolean dead, GError **error);
/* Not sent: due again after retry_ms, or by the usual schedule when that is 0. */
gboolean hg_outbox_again(hg_turn *turn, hg_job *job, gint64 retry_ms, GError **error);
/* The head of a lane, where it waits for a later attempt, is tried now: what it waits for is there. */
gboolean hg_outbox_hurry(hg_turn *turn, int target, const char *name, const char *lane, GError **error);
gint64 hg_outbox_backoff(struct hg_env *env, const hg_job *job, gint64 now_ms);

/* ---- pause.c ---- */
gboolean hg_pause(hg_turn *turn, GError **error);	/* HG_CMD_PAUSE */

/* ---- ticket_hand.c ---- */
gboolean hg_ticket_retry(hg_turn *turn, GError **error);	/* HG_CMD_TICKET_RETRY */
gboolean hg_ticket_relink(hg_turn *turn, GError **error);	/* HG_CMD_RELINK */

/* ---- alarm.c ---- */
gboolean hg_alarm(hg_turn *turn, GError **error);	/* HG_CMD_ALARM */

/* ---- deadletter.c ---- */
gboolean hg_dead_retry(hg_turn *turn, GError **error);
/* A letter is at work again. */
gboolean hg_dead_again(hg_turn *turn, hg_job *job, GError **error);
gboolean hg_dead_retry_all(hg_turn *turn, GError **error);
gboolean hg_dead_edit(hg_turn *turn, GError **error);
gboolean hg_dead_discard(hg_turn *turn, GError **error);
gboolean hg_dead_edit_ends(hg_turn *turn, const hg_job *job, GError **error);	/* the job is done, with what was changed */

/* ---- outage.c ---- */
gboolean hg_result_condition(hg_turn *turn, GError **error);
/* Told when that is news, with since when it is so. */
gboolean hg_outage_begun(hg_turn *turn, int target, const char *name, const char *why, GError **error);
/* A backend's answer: was it down when headgate stopped, it is up again. */
gboolean hg_outage_answered(hg_turn *turn, const hg_job *job, GError **error);

/* ---- result.c, unknown.c: outcomes of what was dispatched ---- */
gboolean hg_result_sent(hg_turn *turn, GError **error);
gboolean hg_result_forwarded(hg_turn *turn, GError **error);
gboolean hg_result_fetched(hg_turn *turn, GError **error);
/* The job the command is about, when it is still under way; else *ret NULL. */
gboolean hg_result_job(hg_turn *turn, int target, hg_job **ret, GError **error);
/* A part arrived at the provider (id NULL: nobody knows under which id). */
gboolean hg_result_arrived(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, const char *id,
			   GError **error);
/* A part never will. */
gboolean hg_result_refused(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, int code,
			   const char *text, const char *advice, GError **error);
const char *hg_unknown_timer(hg_turn *turn, const hg_job *job);	/* its kind ... */
gint64 hg_unknown_is(const char *timer_kind);	/* ... and whose job it is; 0: it is another kind */
gboolean hg_unknown_begin(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error);
/* The adapter asked and could not find out. */
gboolean hg_unknown_answered(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, GError **error);
/* It asked, and the provider does not have it.  *ret_sure FALSE: that may be too early to say, and it is asked again. */
gboolean hg_unknown_denied(hg_turn *turn, hg_case *kase, hg_message *message, hg_job *job, gboolean *ret_sure,
			   GError **error);
/* It was to be sent again by a key that the provider may have forgotten by now. */
gboolean hg_unknown_is_stale(const hg_job *job, const struct hg_limits *limits, gint64 now_ms);
gboolean hg_unknown_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);
gboolean hg_unknown_settle(hg_turn *turn, GError **error);
/* Found in SENDING, and why nobody knows what became of it: it may have left or not. */
gboolean hg_unknown_recover(hg_turn *turn, hg_job *job, const char *why, GError **error);

/* ---- receipt.c ---- */
gboolean hg_receipt_take(hg_turn *turn, const struct hg_receipt *receipt, GError **error);
/* Receipts that came before their message was known. */
gboolean hg_receipt_adopt(hg_turn *turn, hg_case *kase, hg_message *message, const char *id, const char *key,
			  GError **error);
/* What the receipts with this key say: 0 nothing, 1 it arrived, -1 it failed. */
gboolean hg_receipt_verdict(hg_turn *turn, const hg_message *message, const char *key, int *ret, GError **error);

/* ---- reply.c, reply_own.c ---- */
/* Of one part of a message of ours: the same for every attempt, and what its receipts carry. */
void hg_outgoing_key(hg_turn *turn, const hg_thread *thread, const hg_message *message, int part, char ret_key[HG_KEY_SIZE]);
gboolean hg_reply_command(hg_turn *turn, GError **error);
gboolean hg_reply_preview(hg_turn *turn, GError **error);
/* preview.c: the answer of that; parts are struct hg_part */
void hg_preview_answer(hg_turn *turn, const char *channel, const char *to, const char *from, const GArray *parts);
gboolean hg_reply_note(hg_turn *turn, GError **error);
/* Automatic: a rule's reply, a confirmation.  What the channel refuses is kept as a failed message; on
 * trial everything is kept and nothing sent. */
gboolean hg_reply_automatic(hg_turn *turn, hg_case *kase, int author, const char *name, const char *text,
			    GError **error);

/* What a word of consent is answered with: also to who has just said STOP. */
gboolean hg_reply_consent(hg_turn *turn, hg_case *kase, const char *text, GError **error);
/* As hg_reply_automatic(), of the gateway's; where the reply window is closed by a template (JSON, or NULL: by none). */
gboolean hg_reply_or_template(hg_turn *turn, hg_case *kase, const char *text, const char *template_json, GError **error);
/* By another channel, what stands in the conversation already: see hg_message_is_copy(). */
struct hg_copy {
	const char *channel, *to;
	const char *text, *payload;
	const char *name;		/* who said it, or NULL */
	gint64 past_n;			/* newest message that it may quote, 0: none */
	const struct hg_file *files;	/* as of struct hg_reply */
	gsize n_files;
};
gboolean hg_reply_copy(hg_turn *turn, hg_case *kase, const struct hg_copy *copy, hg_message **ret, GError **error);
/* A question of the gateway's own.  FALSE: it cannot be asked, and nothing was done. */
gboolean hg_reply_question(hg_turn *turn, hg_case *kase, const char *text, GError **error);

/* The customer's language, "de": the contact's own, else that of what he wrote; *ret NULL: nobody knows. */
gboolean hg_speak_language(hg_turn *turn, const hg_case *kase, const char **ret, GError **error);
/* Of texts by language (pairs, as an option's map; "" is for all) the one for the customer. */
gboolean hg_speak_pick(hg_turn *turn, const hg_case *kase, char *const *texts, const char **ret, GError **error);
/* ---- speak.c ---- */
/* texts: by language, as configured, filled with name, number and url; NULL: the built-in phrase (enum hg_phrase).
 * number NULL: the ticket's own.  *ret in the turn's arena; "": nothing is to be said. */
gboolean hg_speak(hg_turn *turn, hg_case *kase, char *const *texts, int phrase, const char *number, const char **ret,
		  GError **error);
/* The same in that language; NULL: in his. */
gboolean hg_speak_in(hg_turn *turn, hg_case *kase, const char *language, char *const *texts, int phrase, const char **ret,
		     GError **error);

/* ---- ask.c ---- */
/* A message that may answer a question of ours. */
struct hg_answered {
	hg_thread *thread;		/* that waits for an answer; NULL: none does */
	const char *what;		/* it was asked: "rating", "solved", "email" */
	const char *email;		/* his answer to the last of these */
	const char *resolver;		/* who served him in the episode that he is asked about */
	struct hg_answer answer;
	gboolean found;			/* it does answer ... */
	gboolean quiet;			/* ... and says nothing else: rules are not asked */
};
/* Changes the proposal where the answer is all there is. */
gboolean hg_ask_match(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
		      struct hg_proposed *proposed, struct hg_answered *ret, GError **error);
/* The message is in its thread: what the answer does.  quiet: the message is noise, or a machine's. */
gboolean hg_ask_take(hg_turn *turn, hg_case *kase, const struct hg_answered *answered, gboolean quiet, GError **error);
/* After "closed", "solved" or "converted": asks how it was, when that is configured. */
gboolean hg_ask_rating(hg_turn *turn, const hg_case *kase, const char *after, GError **error);
/* Asks whether it is solved, and closes when he says so or says nothing. */
gboolean hg_ask_solved(hg_turn *turn, hg_case *kase, const char *reason, GError **error);
/* Asks now; *ret_asked FALSE: it cannot be asked. */
gboolean hg_ask_now(hg_turn *turn, hg_case *kase, const char *what, char *const *texts, int phrase,
		    gboolean *ret_asked, GError **error);
/* His opinion, not said in a message.  STATE: he is not asked for one; INPUT: no score of the scale. */
gboolean hg_ask_rated(hg_turn *turn, hg_case *kase, gint64 score, const char *comment, GError **error);
gboolean hg_ask_cancel(hg_turn *turn, hg_case *kase, GError **error);	/* the thread's state changes */
gboolean hg_ask_is(const char *timer_kind);
gboolean hg_ask_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);

/* ---- hold.c ---- */
/* by: the rule that holds it; NULL: no rule, or one that has held it before. */
gboolean hg_thread_hold(hg_turn *turn, hg_case *kase, const struct hg_verdict *by, GError **error);
gboolean hg_hold_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error);

/* ---- noise.c ---- */
gboolean hg_noise_command(hg_turn *turn, GError **error);	/* HG_CMD_NOISE */
/* Was everything the customer said noise, by rules or by people?  Then there is nothing to resolve. */
gboolean hg_noise_only(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error);

/* ---- idle.c ---- */
gboolean hg_idle_due(hg_turn *turn, hg_case *kase, GError **error);

/* ---- timer.c ---- */
gboolean hg_timer_set(hg_turn *turn, gint64 thread_n, const char *kind, gint64 due_ms, const char *data,
		      GError **error);
gboolean hg_timer_act(hg_turn *turn, const hg_timer *timer, GError **error);

/* ---- targets.c: what is under way; in memory, on the engine's thread but for the slots ---- */
hg_targets *hg_targets_new(hg_engine *engine);
void hg_targets_free(hg_targets *targets);
void hg_targets_load(hg_targets *targets);	/* the configuration is another one */
void hg_targets_look(hg_targets *targets);	/* channels were paused, or go on: the store says which */
void hg_targets_slots(hg_targets *targets, int target, const char *name, guint slots);	/* any thread */
/* It may have something due at that time. */
void hg_targets_wake(hg_targets *targets, int target, const char *name, gint64 due_ms);
/* Nothing goes to it before until_ms; G_MAXINT64: until it is up, 0: now. */
void hg_targets_pause(hg_targets *targets, int target, const char *name, gint64 until_ms);
/* TRUE when that is news: it was not known to be down, or up. */
gboolean hg_targets_mark(hg_targets *targets, int target, const char *name, gboolean down);
/* At the start: it was down when headgate stopped, as was told.  ... was, and nobody has said since how it fares. */
void hg_targets_remember(hg_targets *targets, int target, const char *name, gboolean down);
gboolean hg_targets_was_down(hg_targets *targets, int target, const char *name);
void hg_targets_marks_hold(hg_targets *targets);	/* those of this round; hg_targets_leave() does it too */
void hg_targets_contact_wait(hg_targets *targets, const char *channel, const char *to, gint64 until_ms);
void hg_targets_landed(hg_targets *targets, gint64 job_n);	/* its result came */
/* Of the targets of a post: it is ours from here on; or is not, and what is under way is nobody's any more. */
void hg_targets_gained(hg_targets *targets, const struct hg_post *post);
void hg_targets_lost(hg_targets *targets, const struct hg_post *post);
void hg_targets_forget(hg_targets *targets);	/* others wrote: what is due, and who is paused, the store knows */
/* Inside the round's transaction: moves what is due to SENDING, and makes the dispatches. */
gboolean hg_targets_claim(hg_targets *targets, hg_arena *arena, gint64 now_ms, GError **error);
/* In the turn that makes the job, and before it is written: it may go out in this round. */
gboolean hg_targets_claim_new(hg_targets *targets, hg_job *job, gint64 now_ms, gboolean *ret_claimed, GError **error);
guint hg_targets_claimed(hg_targets *targets);	/* how many of this round so far ... */
void hg_targets_recall(hg_targets *targets, guint claimed);	/* ... the turn behind these was undone */
/* A job goes out: counted and SENDING. */
gboolean hg_targets_take(hg_engine *engine, hg_job *job, gint64 now_ms, GError **error);
gboolean hg_targets_ask(hg_targets *targets, const hg_job *job, gint64 now_ms, GError **error);
/* The same attempt at unpack() goes on, with texts of ours (of const char *). */
gboolean hg_targets_unpack(hg_targets *targets, const hg_job *job, const GPtrArray *known, gint64 now_ms, GError **error);
/* After the commit: what was claimed in it, yours; goes out, or stays when the disk did not keep the commit. */
GPtrArray *hg_targets_leave(hg_targets *targets);
void hg_targets_fly(hg_targets *targets, GPtrArray *left);	/* takes it, as the next */
void hg_targets_ground(hg_targets *targets, GPtrArray *left);
void hg_targets_stay(hg_targets *targets);	/* instead of one: it was not claimed, and nobody was told of marks */
gboolean hg_targets_has_work(hg_targets *targets, gint64 now_ms);
/* When there may be work that is not there now; G_MAXINT64: no such time is known. */
gint64 hg_targets_next(hg_targets *targets, gint64 now_ms);

/* ---- past.c ---- */
/* For channels that want it: refs, past, number, subject, of what was said up to newest_n (0: nothing was).
 * answers: the provider's id of what is answered, or NULL. */
gboolean hg_past_is_wanted(const hg_engine *engine, const char *channel);
gboolean hg_past_fill(hg_engine *engine, hg_arena *arena, const hg_thread *thread, gint64 newest_n, const char *channel,
		      const char *answers, struct hg_out *out, GError **error);

/* ---- dispatch.c ---- */
/* Everything a job needs to go out, in an arena of its own.  *ret NULL: what it was about is gone. */
gboolean hg_dispatch_make(hg_engine *engine, const hg_job *job, gint64 now_ms, hg_dispatch **ret, GError **error);

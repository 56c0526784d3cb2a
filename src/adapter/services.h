/* services.h - the inside of a channel, shared by the services that make up struct hg_host
 *
 * Each service keeps what it has under way in its own list, and ends it in its *_end() function:
 * that is how "exactly once, before close()" is kept in one place per service. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "channel.h"
#include "log.h"

/* What one channel may have under way; beyond it the adapter gets its refusal, not our memory. */
#define HG_CH_TIMERS_MAX   1024
#define HG_CH_CALLS_MAX	   256
#define HG_CH_SESSIONS_MAX 32
#define HG_CH_JOBS_MAX	   256	/* waiting ones included ... */
#define HG_CH_THREADS_MAX  8	/* ... of which so many run */
#define HG_CH_COUNTERS_MAX 64
#define HG_CH_BATCHES_MAX  4096	/* handed in and not yet on disk */
#define HG_CH_LATE_MAX	   1000	/* things an adapter may begin while it ends */

#define HG_CH_ANSWER_MS 60000	/* send() to sent(), then it is AMBIGUOUS; fetch() to fetched() */
#define HG_CH_RETRY_AFTER "5"	/* seconds, told to a provider that is to come again */

enum hg_phase { HG_PH_CLOSED, HG_PH_OPENING, HG_PH_RUNNING, HG_PH_DRAINING, HG_PH_ENDING };

struct hg_route_call;

struct hg_poll_state {
	guint64 timer;			/* of the next poll, or of the deadline of this one */
	gboolean under_way, more;	/* more: the next one goes on with the same look */
	gint64 done_ms;			/* UTC: when the last one ended; 0: none did */
	gint64 since_ms;		/* of that look */
	gboolean asked;			/* somebody asked for a look ... */
	gint64 ask_ms;			/* ... since then, which comes next */
};

struct hg_channel {
	const struct hg_channels_env *env;	/* lent */
	hg_loop *loop;			/* env's */
	hg_conf *conf;			/* ours: the generation of set */
	const struct hg_channel_conf *set;	/* newest settings */
	hg_conf *open_conf;		/* ours: the generation whose options the adapter holds */
	const struct hg_adapter *desc;	/* the loader's; the process' */
	char *name;			/* ours, as the rest */
	struct hg_ctx ctx, ctx_adapter;
	int phase;			/* enum hg_phase */
	void *state;			/* the adapter's */
	gboolean opened;		/* close() is due */
	gboolean in_close;		/* close() runs: only sent() and fetched() are heard */
	gboolean drained;
	hg_loop_fn *shut_done;
	void *shut_arg;
	guint64 shut_timer;
	gboolean end_posted;
	guint late_begun;

	GQueue batches;			/* struct batch: not yet answered */
	struct hg_route_call *handling;	/* the request whose handle() runs now */
	GHashTable *timers;		/* id -> struct timer */
	GQueue calls, sessions;
	GQueue jobs;			/* struct job, waiting and running */
	guint threads;
	GHashTable *sends;		/* ticket -> struct send */
	GHashTable *fetches;		/* ticket -> struct fetch: fetched() is due */
	GHashTable *unpacks;		/* ticket -> struct unpack: unpacked() or settled() is due */
	GQueue downloads;
	guint64 last_ticket;
	struct hg_poll_state poll;
	guint64 health_timer;
	gboolean by_health;		/* DEGRADED because health() said so */
	gboolean held;			/* a person has paused it */
	gboolean away;			/* another node does what only one may */
	hg_take_fn *take;		/* what is handed in goes here; or NULL */
	void (*look)(void *state);	/* asks its provider something harmless; or NULL */
	struct hg_probe *probing;	/* for which the calls are that begin now; or NULL */

	char *cursor;
	int condition;			/* enum hg_condition; 0: none yet */
	gint64 condition_ms;
	char *error;			/* of condition, or NULL */
	gint64 last_in_ms, last_out_ms;
	struct hg_channel_counts counts;
	GHashTable *counters;		/* word -> guint64, both ours */
};

extern const struct hg_host hg_host_table;

/* ---- shared ---- */

/* May the adapter begin something now?  FALSE (and a fault, when it is its own doing) in close(),
 * after it, and on a wrong thread. */
gboolean hg_ch_may(hg_channel *ch, const char *what);
/* The same for what comes back later: not in open() either, which may still fail. */
gboolean hg_ch_may_begin(hg_channel *ch, const char *what);
/* TRUE when the channel ends and its adapter has begun more than can be waited for: nothing of it is
 * done, and no callback comes. */
gboolean hg_ch_too_late(hg_channel *ch, const char *what);
/* The adapter broke a rule of adapter.h: counted and logged, never fatal. */
void hg_ch_fault(hg_channel *ch, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* Something was answered: when the channel drains or ends, that may have been the last. */
void hg_ch_progress(hg_channel *ch);
gint64 hg_ch_wall(hg_channel *ch);
gint64 hg_ch_answer_ms(const hg_channel *ch);
/* For struct hg_err from outside: text cut, valid and never NULL. */
void hg_err_set(struct hg_err *err, int kind, int code, const char *fmt, ...) G_GNUC_PRINTF(4, 5);
void hg_err_from(struct hg_err *err, const GError *error);
char *hg_err_text(const struct hg_err *err, const char *fallback);	/* yours */
/* A copy of an adapter's struct in our size: zero where it has none.  FALSE: its size is nonsense. */
gboolean hg_take_struct(void *ours, gsize our_size, const void *theirs);
/* A command of the channel, with its name set. */
hg_command *hg_ch_command(const char *channel, int kind);
/* A job under way, as what comes of it names it. */
struct hg_flight { gint64 job_n, fence; gboolean asked; };
static inline struct hg_flight hg_flight_of(const hg_dispatch *dispatch)
{
	return (struct hg_flight){ dispatch->job.n, dispatch->fence, dispatch->ask };
}
static inline void hg_flight_ends(struct hg_flight flight, hg_command *command)
{
	command->job_n = flight.job_n;
	command->fence = flight.fence;
	command->asked = flight.asked;
}
/* For results, which the engine never refuses: takes command; logs when it is refused all the same. */
void hg_ch_submit(const struct hg_channels_env *env, hg_command *command);

/* ---- services ---- */

void hg_emit(hg_channel *ch, const struct hg_batch *batch, hg_ack_fn *ack, void *arg);
void hg_emit_end(hg_channel *ch);		/* CLOSING to all that wait */
/* A copy in our size; NULL, or what does not fit together in it. */
const char *hg_batch_wrong(struct hg_batch *ours, const struct hg_batch *theirs);
/* A batch of this request was answered (enum hg_stored); again: there was nothing new in it. */
void hg_route_stored(struct hg_route_call *call, int stored, gboolean again);

uint64_t hg_timer_start(hg_channel *ch, int64_t ms, void (*fn)(void *state));
void hg_timer_stop(hg_channel *ch, uint64_t id);
void hg_timer_end(hg_channel *ch);

void hg_http_begin(hg_channel *ch, const struct hg_http_call *call, hg_http_done_fn *done, void *arg);
void hg_http_end(hg_channel *ch);
/* ---- probe.c: what the provider says of the credentials ---- */
struct hg_probe *hg_probe_take(hg_channel *ch);		/* that a call which begins now is for: one answer of it is due; or NULL */
/* What it was answered by the host of url (or NULL). */
void hg_probe_answered(struct hg_probe *probe, const char *host, const struct hg_http_answer *answer);
/* Our call as the client wants it.  hosts is filled with what call->hosts allows for this URL and
 * must outlive the client's call.  FALSE with error set: the URL may not be called. */
gboolean hg_http_convert(const struct hg_http_call *call, struct hg_client_call *ret, GPtrArray *hosts,
			 GError **error);

struct hg_session *hg_session_begin(hg_channel *ch, const struct hg_session_conf *conf,
				    const struct hg_session_ops *ops, struct hg_err *err);
int hg_session_write(struct hg_session *session, const void *bytes, size_t len);
void hg_session_drop(struct hg_session *session, const char *why);
void hg_session_rest(struct hg_session *session, int64_t ms, const char *why);
void hg_session_end(hg_channel *ch);		/* down() for those that are up */
void hg_session_free_all(hg_channel *ch);	/* after close(), which may still name them */

void hg_job_begin(hg_channel *ch, void (*work)(void *, int), void (*done)(void *), void *arg);
void hg_job_end(hg_channel *ch);		/* asks all to stop; they come back by themselves */

void hg_poll_start(hg_channel *ch);
void hg_poll_done(hg_channel *ch, bool more);
void hg_poll_ask(hg_channel *ch, gint64 since_ms);	/* of an adapter with poll(): now, or after the one under way */
void hg_poll_end(hg_channel *ch);

void hg_send_begin(hg_channel *ch, hg_dispatch *dispatch);
void hg_send_answer(hg_channel *ch, uint64_t ticket, const struct hg_result *result);
void hg_send_end(hg_channel *ch);		/* after close(): what was never answered is AMBIGUOUS */

void hg_fetch_begin(hg_channel *ch, hg_dispatch *dispatch);
void hg_fetch_answer(hg_channel *ch, uint64_t ticket, const struct hg_http_call *get,
		     const struct hg_err *err);
void hg_fetch_cancel(hg_channel *ch);		/* downloads; they come back by themselves */
void hg_fetch_end(hg_channel *ch);		/* after close(): what was never answered comes again */

void hg_unpack_begin(hg_channel *ch, hg_dispatch *dispatch);	/* of HG_TO_UNPACK and HG_TO_SETTLE */
void hg_unpack_decline(const struct hg_channels_env *env, const hg_dispatch *dispatch, const char *why);
void hg_unpack_answer(hg_channel *ch, uint64_t ticket, const struct hg_batch *batch, const struct hg_err *err);
void hg_unpack_recall(hg_channel *ch, uint64_t ticket, const char *const *refs);
void hg_settle_answer(hg_channel *ch, uint64_t ticket, const struct hg_err *err);
void hg_unpack_end(hg_channel *ch);		/* after close(): what was never answered comes again */

void hg_condition_set(hg_channel *ch, int condition, const struct hg_err *err);
void hg_condition_start(hg_channel *ch);	/* begins to ask health() */
void hg_condition_end(hg_channel *ch);

void hg_count_add(hg_channel *ch, const char *word);

/* desk_line.c - the line to one helpdesk: how much may be said on it, and as whom */
#include "desk_line.h"

#include <string.h>

#include "env.h"
#include "json.h"

#define HOLD_MAX_MS ((gint64)60 * 60 * 1000)	/* whatever Retry-After says */
#define MINUTE_MS   (60 * 1000.0)
#define STOPPED "not tried: headgate was stopped"
#define GONE "this backend is not configured any more"

struct waiting {			/* for its turn */
	void (*go)(void *arg);
	void *arg;
};

struct flight {				/* a call under way */
	hg_desk_line *line;
	hg_desk_answered *done;
	void *arg;			/* NULL: nobody wants it any more */
	gboolean own;			/* to the helpdesk itself, not to where a file of it lies */
};

struct gate {				/* ctx of a transport */
	hg_desk_line *line;
	GQueue waiting;			/* of struct waiting */
	struct hg_desk_transport transport;
};

struct asking {				/* a run */
	hg_desk_line *line;
	hg_conf *conf;			/* whose desk it is; a reference */
	hg_desk_ended_fn *done;
	void *arg;
	hg_desk_run *run;
};

struct hg_desk_line {
	hg_loop *loop;
	hg_client *client;
	hg_desk_mail *mail;		/* lent; or NULL */
	hg_conf *conf;			/* a reference; or NULL */
	const struct hg_backend_conf *backend;	/* of conf; or NULL, as desk */
	const hg_desk *desk;
	hg_desk_session *session;
	gboolean stopped;
	struct gate gates[2];		/* events; those who give way */
	guint flying;			/* calls */
	double tokens;			/* calls that the rate lets go now ... */
	gint64 tokens_ms;		/* ... as of then, monotonic */
	gint64 hold_ms;			/* nothing goes before, monotonic */
	gint64 behind_ms;		/* its clock */
	guint64 timer;
	GPtrArray *asking;		/* of struct asking, lent */
	GPtrArray *flights;		/* of struct flight, lent */
};

static void pump(hg_desk_line *line);

/* ---- how much ---- */

static double bucket(const hg_desk_line *line)
{
	return MAX(1.0, line->desk->limits.per_minute / 10.0);
}

/* What may go at once is taken off what comes by the minute, so that no minute has more than the rate. */
static double per_ms(const hg_desk_line *line)
{
	double rate = line->desk->limits.per_minute;

	return (rate >= 10 ? rate - bucket(line) : rate) / MINUTE_MS;
}

static void refill(hg_desk_line *line, gint64 now)
{
	line->tokens = MIN(bucket(line), line->tokens + (double)(now - line->tokens_ms) * per_ms(line));
	line->tokens_ms = now;
}

gint64 hg_desk_line_wait(hg_desk_line *line)
{
	gint64 now = hg_loop_now(line->loop), wait = MAX(line->hold_ms - now, 0);

	if (!line->desk || !line->desk->limits.per_minute)
		return wait;
	refill(line, now);
	if (line->tokens < 1)
		wait = MAX(wait, (gint64)((1 - line->tokens) / per_ms(line)) + 1);
	return wait;
}

void hg_desk_line_hold(hg_desk_line *line, gint64 ms)
{
	line->hold_ms = MAX(line->hold_ms, hg_loop_now(line->loop) + CLAMP(ms, 0, HOLD_MAX_MS));
}

guint hg_desk_line_busy(const hg_desk_line *line)
{
	return line->flying;
}

/* ---- turns ---- */

/* One call goes: TRUE, and it is counted. */
static gboolean may_go(hg_desk_line *line)
{
	if (line->desk && (line->flying >= MAX(line->desk->limits.at_once, 1) || hg_desk_line_wait(line)))
		return FALSE;
	line->tokens -= 1;
	return TRUE;
}

static void timer_rang(void *arg)
{
	hg_desk_line *line = arg;

	line->timer = 0;
	pump(line);
}

static struct waiting *next(hg_desk_line *line)
{
	struct waiting *first = g_queue_peek_head(&line->gates[0].waiting);

	return first ? first : g_queue_peek_head(&line->gates[1].waiting);
}

static void pump(hg_desk_line *line)
{
	while (next(line) && may_go(line)) {
		struct gate *gate = &line->gates[g_queue_is_empty(&line->gates[0].waiting) ? 1 : 0];
		g_autofree struct waiting *waiting = g_queue_pop_head(&gate->waiting);

		waiting->go(waiting->arg);
	}
	if (!next(line) || line->timer || !hg_desk_line_wait(line))
		return;
	line->timer = hg_loop_timer(line->loop, hg_desk_line_wait(line), timer_rang, line);
}

static gboolean turn(void *ctx, void (*go)(void *arg), void *arg)
{
	struct gate *gate = ctx;
	struct waiting *waiting;

	if (gate->line->stopped || (!next(gate->line) && may_go(gate->line)))
		return TRUE;
	waiting = g_new(struct waiting, 1);
	*waiting = (struct waiting){ go, arg };
	g_queue_push_tail(&gate->waiting, waiting);
	pump(gate->line);
	return FALSE;
}

/* ---- calls ---- */

static const char *header(const void *from, const char *name)
{
	return hg_client_header(from, name);
}

static void hold_as_told(hg_desk_line *line, const struct hg_desk_answer *answer)
{
	if ((answer->status == 429 || answer->status == 503) && answer->retry_ms > 0)
		hg_desk_line_hold(line, answer->retry_ms);
}

static void answered(void *arg, const struct hg_desk_answer *answer)
{
	struct flight *flight = arg;
	hg_desk_line *line = flight->line;

	line->flying--;
	g_ptr_array_remove_fast(line->flights, flight);
	hold_as_told(line, answer);
	if (flight->arg)
		flight->done(flight->arg, answer);
	g_free(flight);
	pump(line);
}

gint64 hg_desk_line_behind(const hg_desk_line *line)
{
	return line->behind_ms;
}

/* An error may be another server's on the way. */
static void note_clock(const struct flight *flight, const struct hg_client_answer *from)
{
	gint64 theirs = flight->own && from->status / 100 == 2 ? hg_client_date(from) : -1;

	if (theirs >= 0)
		flight->line->behind_ms = MAX(hg_now(hg_loop_env(flight->line->loop)) - theirs, 0);
}

static gboolean is_own(const hg_desk_line *line, const char *url)
{
	const char *base = line->desk ? line->desk->url : NULL;

	return base && g_str_has_prefix(url, base) && strchr("/?", url[strlen(base)]);	/* NUL, too */
}

static void landed(void *arg, const struct hg_client_answer *from)
{
	struct flight *flight = arg;

	note_clock(flight, from);
	answered(flight, &(struct hg_desk_answer){
		.status = from->status, .code = from->code, .sent = from->sent, .error = from->error, .body = from->body,
		.len = from->len, .header = header, .from = from,
		.retry_ms = hg_client_retry_after(from, hg_now(hg_loop_env(flight->line->loop))),
	});
}

static gint64 now_ms(void *ctx)
{
	return hg_now(hg_loop_env(((struct gate *)ctx)->line->loop));
}

static void fly(void *ctx, const struct hg_client_call *call, hg_desk_answered *done, void *arg)
{
	hg_desk_line *line = ((struct gate *)ctx)->line;
	struct flight *flight;

	if (line->stopped) {
		done(arg, &(struct hg_desk_answer){ .code = HG_CLIENT_CANCELLED, .error = STOPPED, .body = "", .retry_ms = -1 });
		return;
	}
	flight = g_new(struct flight, 1);
	*flight = (struct flight){ line, done, arg, is_own(line, call->url) };
	g_ptr_array_add(line->flights, flight);
	line->flying++;
	if (line->mail && hg_desk_mail_is(call))
		hg_desk_mail_call(line->mail, ht_given_value(line->desk ? line->desk->values : NULL, "channel"), now_ms(ctx), call,
				  answered, flight);
	else
		hg_client_call(line->client, call, landed, flight);
}

/* What is under way may do something over there: it lands, and nobody is told. */
static void forget(void *ctx, void *arg)
{
	struct gate *gate = ctx;

	for (guint i = 0; i < gate->line->flights->len; i++) {
		struct flight *flight = g_ptr_array_index(gate->line->flights, i);

		if (flight->arg == arg)
			flight->arg = NULL;
	}
	for (GList *at = gate->waiting.head; at; at = at->next) {
		struct waiting *waiting = at->data;

		if (waiting->arg != arg)
			continue;
		g_queue_delete_link(&gate->waiting, at);
		g_free(waiting);
		return;
	}
}

/* ---- runs ---- */

static void ended(void *arg, const struct hg_desk_ended *how)
{
	struct asking *asking = arg;
	hg_desk_line *line = asking->line;

	if (how->word == HG_DESK_RETRY && how->retry_ms > 0)
		hg_desk_line_hold(line, how->retry_ms);
	g_ptr_array_remove_fast(line->asking, asking);
	asking->done(asking->arg, how);
	hg_conf_unref(asking->conf);
	g_free(asking);
}

static void not_tried(const char *why, hg_desk_ended_fn *done, void *arg)
{
	g_autoptr(json_object) nothing = json_object_new_object();

	done(arg, &(struct hg_desk_ended){ .word = HG_DESK_RETRY, .text = why, .unsent = TRUE, .taken = nothing });
}

void hg_desk_line_ask(hg_desk_line *line, const struct hg_desk_ask *ask, hg_desk_ended_fn *done, void *arg)
{
	struct gate *gate = &line->gates[ask->patient ? 1 : 0];
	struct hg_desk_task task = {
		.desk = line->desk, .op = ask->op, .situation = ask->situation, .transport = &gate->transport,
		.session = line->session, .progress = ask->progress, .stops = ask->stops, .max_reply = ask->max_reply,
		.save_fd = ask->save_fd,
	};
	struct asking *asking;
	hg_desk_run *run;

	if (line->stopped || !line->desk) {
		not_tried(line->stopped ? STOPPED : GONE, done, arg);
		return;
	}
	task.timeout_ms = line->backend->timeout_ms;
	task.private_ok = line->backend->allow_private;
	asking = g_new(struct asking, 1);
	*asking = (struct asking){ line, hg_conf_ref(line->conf), done, arg, NULL };
	g_ptr_array_add(line->asking, asking);
	run = hg_desk_run_start(&task, ended, asking);
	if (run)	/* else it is over, and so is asking */
		asking->run = run;
}

/* ---- making and ending ---- */

hg_desk_line *hg_desk_line_new(hg_loop *loop, hg_client *client)
{
	hg_desk_line *line = g_new0(hg_desk_line, 1);

	line->loop = loop;
	line->client = client;
	line->session = hg_desk_session_new();
	line->asking = g_ptr_array_new();
	line->flights = g_ptr_array_new();
	line->tokens_ms = hg_loop_now(loop);
	line->tokens = 1;
	for (guint i = 0; i < G_N_ELEMENTS(line->gates); i++) {
		struct gate *gate = &line->gates[i];

		gate->line = line;
		g_queue_init(&gate->waiting);
		gate->transport = (struct hg_desk_transport){ turn, fly, forget, now_ms, gate };
	}
	return line;
}

void hg_desk_line_mail(hg_desk_line *line, hg_desk_mail *mail)
{
	line->mail = mail;
}

void hg_desk_line_use(hg_desk_line *line, hg_conf *conf, const struct hg_backend_conf *backend)
{
	hg_conf *old = line->conf;

	line->conf = hg_conf_ref(conf);
	line->backend = backend;
	line->desk = backend ? backend->desk : NULL;
	line->hold_ms = 0;		/* somebody has acted */
	if (line->desk)
		line->tokens = bucket(line);
	hg_desk_session_end(line->session);
	if (old)
		hg_conf_unref(old);
	pump(line);
}

/* Those that wait for their turn get it, and are told that nothing is sent any more. */
void hg_desk_line_stop(hg_desk_line *line)
{
	line->stopped = TRUE;
	for (guint i = 0; i < G_N_ELEMENTS(line->gates); i++) {
		struct waiting *waiting;

		while ((waiting = g_queue_pop_head(&line->gates[i].waiting))) {
			waiting->go(waiting->arg);
			g_free(waiting);
		}
	}
}

void hg_desk_line_free(hg_desk_line *line)
{
	if (!line)
		return;
	hg_desk_line_stop(line);
	g_assert(!line->asking->len && !line->flights->len);
	hg_loop_untimer(line->loop, line->timer);
	hg_desk_session_free(line->session);
	g_ptr_array_unref(line->asking);
	g_ptr_array_unref(line->flights);
	if (line->conf)
		hg_conf_unref(line->conf);
	g_free(line);
}

/* mail_helper.c - a few helper processes, and the mails that wait for them */
#include "mail_helper.h"

#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "mail_frame.h"
#include "mail_worker.h"

#define PROCESSES_MAX 64
#define AGAIN_MS      1000	/* until a process is started again that did not get ready */
#define TRIES	      3		/* of that kind, until those who wait are told */

struct job {
	const void *raw;	/* lent */
	gsize len;
	hg_arena *arena;	/* ours: ask */
	struct hg_mail_ask ask;
	hg_mail_helper_done *done;
	void *arg;
};

struct seat {
	hg_mail_helper *helper;
	hg_mail_worker *worker;	/* ours, or NULL */
	struct job *job;	/* ours: what it reads */
};

struct hg_mail_helper {
	struct event_base *base;
	char *program;
	struct hg_mail_helper_conf conf;
	struct seat seats[PROCESSES_MAX];
	GQueue waiting;		/* of struct job, ours */
	struct event *kick;	/* look who can do something */
	guint failed;		/* starts in a row that came to nothing */
	GError *failure;	/* why */
};

/* ---- jobs ---- */

static const char *const *copy_list(hg_arena *arena, const char *const *list)
{
	guint n = 0;
	const char **copy;

	if (!list)
		return NULL;
	while (list[n])
		n++;
	copy = hg_arena_alloc(arena, (n + 1) * sizeof(*copy));
	for (guint i = 0; i < n; i++)
		copy[i] = hg_arena_str(arena, list[i]);
	return copy;
}

static struct job *job_new(const void *raw, gsize len, const struct hg_mail_ask *ask, hg_mail_helper_done *done, void *arg)
{
	hg_arena *arena = hg_arena_new();
	struct job *job = hg_arena_alloc(arena, sizeof(*job));

	*job = (struct job){ .raw = raw, .len = len, .arena = arena, .done = done, .arg = arg };
	job->ask = (struct hg_mail_ask){
		.authserv_ids = copy_list(arena, ask->authserv_ids), .ours = copy_list(arena, ask->ours),
		.arc_forwarders = copy_list(arena, ask->arc_forwarders), .known = copy_list(arena, ask->known),
		.instance = hg_arena_str(arena, ask->instance), .received_ms = ask->received_ms,
	};
	return job;
}

static void job_end(struct job *job, hg_mail *mail, const GError *error)
{
	job->done(job->arg, mail, error);
	hg_arena_free(job->arena);
}

static void fail_waiting(hg_mail_helper *helper, const GError *error)
{
	GQueue jobs = helper->waiting;

	g_queue_init(&helper->waiting);
	for (struct job *job; (job = g_queue_pop_head(&jobs));)
		job_end(job, NULL, error);
}

/* ---- the pool ---- */

static void kick(hg_mail_helper *helper, gint64 ms)
{
	const struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(helper->kick, &wait);
}

static void note_failure(hg_mail_helper *helper, const GError *error)
{
	helper->failed++;
	g_clear_error(&helper->failure);
	helper->failure = g_error_copy(error);
	kick(helper, helper->failed < TRIES ? 0 : AGAIN_MS);
}

static void on_worker(void *arg, hg_mail_worker *worker, enum hg_mail_worker_end end, hg_mail *mail, const GError *error)
{
	struct seat *seat = arg;
	hg_mail_helper *helper = seat->helper;
	struct job *job = g_steal_pointer(&seat->job);
	gboolean gone = end == HG_WORKER_DIED;

	if (end == HG_WORKER_ANSWERED)
		helper->failed = 0;
	else if (gone && !job && (error->code == HG_ERROR_CONFIG || hg_mail_worker_unused(worker)))
		note_failure(helper, error);
	if (gone || hg_mail_worker_spent(worker)) {
		seat->worker = NULL;
		/* job's raw is no longer lent to it when done is called. */
		hg_mail_worker_free(worker);
	}
	if (helper->failed < TRIES)
		kick(helper, 0);
	if (job)
		job_end(job, mail, error);
}

static void fill_seat(hg_mail_helper *helper, struct seat *seat)
{
	g_autoptr(GError) error = NULL;

	seat->worker = hg_mail_worker_new(helper->base, helper->program, &helper->conf, on_worker, seat, &error);
	if (!seat->worker)
		note_failure(helper, error);
}

static void give_job(hg_mail_helper *helper, struct seat *seat)
{
	seat->job = g_queue_pop_head(&helper->waiting);
	if (seat->job)
		hg_mail_worker_give(seat->worker, seat->job->raw, seat->job->len, &seat->job->ask);
}

static void on_kick(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED, void *arg)
{
	hg_mail_helper *helper = arg;

	if (helper->failed >= TRIES && !g_queue_is_empty(&helper->waiting)) {
		GError *error = g_error_copy(helper->failure);

		/* From now on one try is enough, until one succeeds. */
		helper->failed = TRIES - 1;
		fail_waiting(helper, error);
		g_error_free(error);
	}
	for (guint i = 0; i < helper->conf.processes; i++) {
		struct seat *seat = &helper->seats[i];

		if (!seat->worker && helper->failed < TRIES)
			fill_seat(helper, seat);
		else if (seat->worker && hg_mail_worker_idle(seat->worker))
			give_job(helper, seat);
	}
}

/* ---- for those who have mail ---- */

static char *find_program(const struct hg_mail_helper_conf *conf)
{
	const char *named = g_getenv("HEADGATE_MAIL_HELPER");

	return g_strdup(conf->program ? conf->program : named && *named ? named : HG_MAIL_HELPER);
}

hg_mail_helper *hg_mail_helper_new(struct event_base *base, const struct hg_mail_helper_conf *conf, GError **error)
{
	g_autoptr(hg_mail_helper) helper = g_new0(hg_mail_helper, 1);

	helper->base = base;
	helper->program = find_program(conf);
	helper->conf = *conf;
	helper->conf.processes = CLAMP(conf->processes, 1, PROCESSES_MAX);
	g_queue_init(&helper->waiting);
	helper->kick = evtimer_new(base, on_kick, helper);
	for (guint i = 0; i < PROCESSES_MAX; i++)
		helper->seats[i].helper = helper;
	if (access(helper->program, X_OK) != 0) {
		hg_fail(error, HG_ERROR_CONFIG, "%s, which reads mail, is not there or cannot be run", helper->program);
		return NULL;
	}
	kick(helper, 0);
	return g_steal_pointer(&helper);
}

void hg_mail_helper_free(hg_mail_helper *helper)
{
	g_autoptr(GError) error = NULL;

	if (!helper)
		return;
	hg_fail(&error, HG_ERROR_BUSY, "the helpers that read mail are being stopped");
	for (guint i = 0; i < PROCESSES_MAX; i++) {
		struct seat *seat = &helper->seats[i];

		g_clear_pointer(&seat->worker, hg_mail_worker_free);
		if (seat->job)
			job_end(g_steal_pointer(&seat->job), NULL, error);
	}
	fail_waiting(helper, error);
	event_free(helper->kick);
	g_clear_error(&helper->failure);
	g_free(helper->program);
	g_free(helper);
}

/* What cannot even wait is told by the loop, as all else. */
struct refusal {
	hg_mail_helper_done *done;
	void *arg;
	GError *error;
};

static void on_refusal(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED, void *arg)
{
	struct refusal *refusal = arg;

	refusal->done(refusal->arg, NULL, refusal->error);
	g_error_free(refusal->error);
	g_free(refusal);
}

static void refuse(hg_mail_helper *helper, hg_mail_helper_done *done, void *arg, GError *error)
{
	struct refusal *refusal = g_new0(struct refusal, 1);
	const struct timeval now = { .tv_sec = 0 };

	*refusal = (struct refusal){ .done = done, .arg = arg, .error = error };
	event_base_once(helper->base, -1, EV_TIMEOUT, on_refusal, refusal, &now);
}

void hg_mail_helper_parse(hg_mail_helper *helper, const void *raw, gsize len, const struct hg_mail_ask *ask,
			  hg_mail_helper_done *done, void *arg)
{
	GError *error = NULL;

	if (len > HG_FRAME_RAW_MAX)
		hg_fail(&error, HG_ERROR_INPUT, "the mail has %zu MiB; up to %d are read", len >> 20, HG_FRAME_RAW_MAX >> 20);
	else if (helper->waiting.length >= HG_MAIL_WAITING_MAX)
		hg_fail(&error, HG_ERROR_BUSY, "%d mails wait to be read", HG_MAIL_WAITING_MAX);
	if (error) {
		refuse(helper, done, arg, error);
		return;
	}
	g_queue_push_tail(&helper->waiting, job_new(raw, len, ask, done, arg));
	if (helper->failed < TRIES)
		kick(helper, 0);
}

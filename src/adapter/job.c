/* job.c - work that blocks: a thread of its own, a way to stop it, and its end back on the loop */
#include "services.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
	GList link;			/* in ch->jobs */
	hg_channel *ch;
	GThread *thread;		/* NULL: it waits for its turn, or never had one */
	int stop_fd;			/* eventfd; -1: none yet */
	gboolean skipped;		/* it will not run; job_back is on its way */
	void (*work)(void *arg, int stop_fd);
	void (*done)(void *arg);
	void *arg;
};

static void run_next(hg_channel *ch);

/* On the loop. */
static void job_back(void *arg)
{
	struct job *j = arg;
	hg_channel *ch = j->ch;
	void (*done)(void *arg) = j->done;
	void *done_arg = j->arg;

	if (j->thread) {
		/* Posting this was its last act: nothing to wait for. */
		g_thread_join(j->thread);
		ch->threads--;
	}
	if (j->stop_fd >= 0)
		close(j->stop_fd);
	g_queue_unlink(&ch->jobs, &j->link);
	g_free(j);
	if (done)
		done(done_arg);
	run_next(ch);
	hg_ch_progress(ch);
}

static void *job_main(void *arg)
{
	struct job *j = arg;

	j->work(j->arg, j->stop_fd);
	hg_loop_post(j->ch->loop, job_back, j);
	return NULL;
}

static void skip(struct job *j)
{
	j->skipped = TRUE;
	hg_loop_post(j->ch->loop, job_back, j);
}

static void run(struct job *j)
{
	g_autoptr(GError) error = NULL;

	j->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (j->stop_fd >= 0)
		j->thread = g_thread_try_new("job", job_main, j, &error);
	if (j->thread) {
		j->ch->threads++;
		return;
	}
	hg_err(&j->ch->ctx, "job.failed", "a job cannot run, the system has no room for it: %s",
	       error ? error->message : g_strerror(errno));
	skip(j);
}

static void run_next(hg_channel *ch)
{
	if (ch->phase == HG_PH_ENDING)
		return;
	for (GList *link = ch->jobs.head; link && ch->threads < HG_CH_THREADS_MAX; link = link->next) {
		struct job *j = link->data;

		if (!j->thread && !j->skipped)
			run(j);
	}
}

void hg_job_begin(hg_channel *ch, void (*work)(void *, int), void (*done)(void *), void *arg)
{
	struct job *j;

	if (!hg_ch_may_begin(ch, "job") || hg_ch_too_late(ch, "job"))
		return;
	j = g_new0(struct job, 1);
	j->ch = ch;
	j->stop_fd = -1;
	j->work = work;
	j->done = done;
	j->arg = arg;
	j->link.data = j;
	g_queue_push_tail_link(&ch->jobs, &j->link);
	if (!work || ch->jobs.length > HG_CH_JOBS_MAX) {
		hg_ch_fault(ch, "job(): no work, or more than %d at a time; done() without work()",
			    HG_CH_JOBS_MAX);
		skip(j);
	} else if (ch->phase == HG_PH_ENDING) {
		skip(j);
	} else {
		run_next(ch);
	}
}

void hg_job_end(hg_channel *ch)
{
	guint64 one = 1;

	for (GList *link = ch->jobs.head; link; link = link->next) {
		struct job *j = link->data;

		if (!j->thread && !j->skipped)
			skip(j);
		else if (j->thread && write(j->stop_fd, &one, sizeof(one)) < 0)
			hg_err(&ch->ctx, "job.failed", "cannot stop a job: %s", g_strerror(errno));
	}
}

/* loop.c - one libevent loop on one thread, and the ways in from other threads */
#include <config.h>

#include "loop.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "env.h"
#include "fail.h"

struct post {
	hg_loop_fn *fn;
	void *arg;
};

/* In builds with test hooks the clock can be set forward: long timers look at it now and then. */
#ifdef HG_TEST_HOOKS
#define LOOK_MS 50
#else
#define LOOK_MS G_MAXINT64
#endif

struct timer {
	hg_loop *loop;
	struct event *event;
	guint64 id;
	gint64 due_ms;			/* by the loop's clock */
	gint64 left_ms;			/* by libevent's, beyond the slice that is running */
	hg_loop_fn *fn;
	void *arg;
};

struct hg_loop {
	struct hg_env *env;		/* lent */
	char name[16];			/* what pthread_setname_np() takes */
	struct event_base *base;
	struct event *wake;		/* wake_fd became readable */
	int wake_fd;			/* eventfd */
	GMutex lock;
	GArray *posts;			/* under lock; the wake_fd is written when the first comes */
	GArray *running;		/* the loop's: swapped with posts at each wake-up */
	GHashTable *timers;		/* id -> struct timer, ours */
	guint64 last_timer;
	pthread_t thread;
	gboolean started;		/* thread is to be joined */
	gint busy;			/* atomic: a thread runs the loop */
};

static __thread hg_loop *current;	/* the loop this thread runs */

static void init_process(void)
{
	static gsize done;

	if (g_once_init_enter(&done)) {
		evthread_use_pthreads();
		/* A peer that has gone is an error of write(), not the end of the process. */
		signal(SIGPIPE, SIG_IGN);
		g_once_init_leave(&done, 1);
	}
}

static void swap_posts(hg_loop *loop)
{
	GArray *posts;

	g_mutex_lock(&loop->lock);
	posts = loop->posts;
	loop->posts = loop->running;
	loop->running = posts;
	g_mutex_unlock(&loop->lock);
}

/* One batch: what these post themselves waits for the next wake-up, so that sockets get their turn. */
static void run_posts(hg_loop *loop)
{
	swap_posts(loop);
	for (guint i = 0; i < loop->running->len; i++) {
		struct post *post = &g_array_index(loop->running, struct post, i);

		post->fn(post->arg);
	}
	g_array_set_size(loop->running, 0);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	guint64 count;

	(void)what;
	if (read(fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
		run_posts(arg);
}

void hg_loop_post(hg_loop *loop, hg_loop_fn *fn, void *arg)
{
	struct post post = { fn, arg };
	guint64 one = 1;
	gboolean first;

	g_mutex_lock(&loop->lock);
	first = loop->posts->len == 0;
	g_array_append_val(loop->posts, post);
	g_mutex_unlock(&loop->lock);
	/* The counter cannot be full: it is written at most once per wake-up. */
	if (first && write(loop->wake_fd, &one, sizeof(one)) < 0)
		g_assert_not_reached();
}

static void timer_free(void *data)
{
	struct timer *timer = data;

	event_free(timer->event);
	g_free(timer);
}

static void timer_arm(struct timer *timer)
{
	gint64 ms = MIN(timer->left_ms, LOOK_MS);
	struct timeval span = { ms / 1000, ms % 1000 * 1000 };

	timer->left_ms -= ms;
	event_add(timer->event, &span);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;
	hg_loop_fn *fn = timer->fn;
	void *fn_arg = timer->arg;

	(void)fd;
	(void)what;
	if (timer->left_ms && hg_loop_now(timer->loop) < timer->due_ms) {
		timer_arm(timer);
		return;
	}
	g_hash_table_remove(timer->loop->timers, &timer->id);
	fn(fn_arg);
}

guint64 hg_loop_timer(hg_loop *loop, gint64 ms, hg_loop_fn *fn, void *arg)
{
	struct timer *timer = g_new0(struct timer, 1);

	g_assert(hg_loop_here(loop));
	timer->loop = loop;
	timer->id = ++loop->last_timer;
	timer->fn = fn;
	timer->arg = arg;
	timer->left_ms = CLAMP(ms, 0, G_MAXINT64 / 2);
	timer->due_ms = hg_loop_now(loop) + timer->left_ms;
	timer->event = event_new(loop->base, -1, 0, on_timer, timer);
	g_assert(timer->event);
	g_hash_table_insert(loop->timers, &timer->id, timer);
	timer_arm(timer);
	return timer->id;
}

void hg_loop_untimer(hg_loop *loop, guint64 id)
{
	g_assert(hg_loop_here(loop));
	g_hash_table_remove(loop->timers, &id);
}

static struct event_base *new_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (!config)
		return NULL;
	/* Timers of a few milliseconds are used by deadlines and by tests. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

hg_loop *hg_loop_new(struct hg_env *env, const char *name, GError **error)
{
	g_autoptr(hg_loop) loop = NULL;

	init_process();
	loop = g_new0(hg_loop, 1);
	loop->env = env;
	g_strlcpy(loop->name, name, sizeof(loop->name));
	g_mutex_init(&loop->lock);
	loop->posts = g_array_new(FALSE, FALSE, sizeof(struct post));
	loop->running = g_array_new(FALSE, FALSE, sizeof(struct post));
	loop->timers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, timer_free);
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop->base = loop->wake_fd < 0 ? NULL : new_base();
	if (loop->base)
		loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	if (!loop->wake || event_add(loop->wake, NULL)) {
		hg_fail(error, HG_ERROR_BROKEN, "cannot make event loop %s: %s; is the limit of open "
			"files (ulimit -n) too low?", name, g_strerror(errno));
		return NULL;
	}
	return g_steal_pointer(&loop);
}

void hg_loop_run(hg_loop *loop)
{
	current = loop;
	g_atomic_int_set(&loop->busy, 1);
	event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	g_atomic_int_set(&loop->busy, 0);
	current = NULL;
}

static void *thread_main(void *arg)
{
	hg_loop *loop = arg;

	pthread_setname_np(pthread_self(), loop->name);
	hg_loop_run(loop);
	return NULL;
}

gboolean hg_loop_start(hg_loop *loop, GError **error)
{
	sigset_t all, before;
	int err;

	g_assert(!loop->started);
	/* Signals are for the main thread, which waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	/* Before the thread runs, so that hg_loop_here() is right from now on. */
	g_atomic_int_set(&loop->busy, 1);
	err = pthread_create(&loop->thread, NULL, thread_main, loop);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		g_atomic_int_set(&loop->busy, 0);
		return hg_fail(error, HG_ERROR_BROKEN, "cannot start thread %s: %s", loop->name,
			       g_strerror(err));
	}
	loop->started = TRUE;
	return TRUE;
}

static void stop_here(void *arg)
{
	hg_loop *loop = arg;

	event_base_loopbreak(loop->base);
}

void hg_loop_stop(hg_loop *loop)
{
	hg_loop_post(loop, stop_here, loop);
}

void hg_loop_join(hg_loop *loop)
{
	if (!loop->started)
		return;
	pthread_join(loop->thread, NULL);
	loop->started = FALSE;
}

void hg_loop_free(hg_loop *loop)
{
	if (!loop)
		return;
	if (loop->started) {
		hg_loop_stop(loop);
		hg_loop_join(loop);
	}
	do
		run_posts(loop);
	while (loop->posts->len);
	g_hash_table_destroy(loop->timers);
	g_array_free(loop->posts, TRUE);
	g_array_free(loop->running, TRUE);
	if (loop->wake)
		event_free(loop->wake);
	if (loop->base)
		event_base_free(loop->base);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	g_mutex_clear(&loop->lock);
	g_free(loop);
}

gboolean hg_loop_here(hg_loop *loop)
{
	return current == loop || !g_atomic_int_get(&loop->busy);
}

gint64 hg_loop_now(hg_loop *loop)
{
	return hg_mono(loop->env);
}

struct hg_env *hg_loop_env(hg_loop *loop)
{
	return loop->env;
}

struct event_base *hg_loop_base(hg_loop *loop)
{
	return loop->base;
}

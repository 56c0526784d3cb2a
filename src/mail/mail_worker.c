/* mail_worker.c - one helper process: its start, its questions and answers, its end */
#include "mail_worker.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "mail_frame.h"

#define MAILS_MAX  5000		/* that one process reads, so that what it leaks stays small */
#define READ_BYTES 65536
#define START_MS   20000		/* until a process has to be ready, on the slowest machine */

struct hg_mail_worker {
	pid_t pid;
	int fd;				/* ours */
	struct event *readable, *writable, *late;
	struct evbuffer *in, *out;
	hg_mail_worker_fn *fn;
	void *arg;
	gint64 timeout_ms;
	gboolean ready, busy, headed;	/* its answer's head has come */
	guint mails;
	gsize asked;			/* bytes of the mail it has */
	struct hg_frame_head head;
};

/* ---- the process ---- */

/* Nothing of ours is handed on; what tests need to see into it goes along in their builds alone. */
static char **environment(void)
{
	GPtrArray *kept = g_ptr_array_new();
#if defined(HG_TEST_HOOKS)
	static const char *const names[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LLVM_PROFILE_FILE" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = g_getenv(names[i]);

		if (value)
			g_ptr_array_add(kept, g_strdup_printf("%s=%s", names[i], value));
	}
#endif
	g_ptr_array_add(kept, g_strdup("LC_ALL=C.UTF-8"));
	g_ptr_array_add(kept, NULL);
	return (char **)g_ptr_array_free(kept, FALSE);
}

static int set_actions(posix_spawn_file_actions_t *actions, int fd)
{
	int result = posix_spawn_file_actions_adddup2(actions, fd, STDIN_FILENO);

	result = result ? result : posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	return result ? result : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* In a group of its own: what a terminal sends to the daemon is not for it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static gboolean spawn(const char *program, const struct hg_mail_helper_conf *conf, int fd, pid_t *ret_pid, GError **error)
{
	g_autofree char *cpu_ms = g_strdup_printf("%" G_GINT64_FORMAT, conf->cpu_ms);
	g_autofree char *memory = g_strdup_printf("%" G_GINT64_FORMAT, conf->memory), *path = g_strdup(program);
	char *argv[] = { path, cpu_ms, memory, NULL };
	g_auto(GStrv) env = environment();
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int result;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	result = set_actions(&actions, fd);
	result = result ? result : set_attributes(&attributes);
	result = result ? result : posix_spawn(ret_pid, path, &actions, &attributes, argv, env);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return result == 0 || hg_fail(error, HG_ERROR_CONFIG, "%s cannot be started: %s", program, g_strerror(result));
}

/* It has been told to go, or is gone: the wait is short. */
static int reap(hg_mail_worker *worker)
{
	int status = 0;

	if (worker->pid <= 0)
		return 0;
	kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	worker->pid = 0;
	return status;
}

/* ---- its end ---- */

static void end(hg_mail_worker *worker, const GError *why)
{
	hg_mail_worker_fn *fn = worker->fn;

	if (!fn)
		return;
	worker->fn = NULL;
	fn(worker->arg, worker, HG_WORKER_DIED, NULL, why);
}

/* A taken-over helper is ended with what it did, whoever sent the mail. */
static void end_with(hg_mail_worker *worker, GError *error)
{
	reap(worker);
	end(worker, error);
	g_error_free(error);
}

static void end_dead(hg_mail_worker *worker)
{
	int status = 0;
	GError *error = NULL;

	/* Its socket is closed, or the next call kills it: by itself it has ended already. */
	while (worker->pid > 0 && waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
		;
	worker->pid = 0;
	if (!worker->ready)
		hg_fail(&error, HG_ERROR_CONFIG, "headgate-mail ended before it was ready (%s %d)",
			WIFSIGNALED(status) ? "signal" : "exit code", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		hg_fail(&error, HG_ERROR_INPUT, "the mail takes more CPU time to read than a mail may");
	else if (WIFSIGNALED(status))
		hg_fail(&error, HG_ERROR_INPUT, "the mail ends who reads it, by signal %d", WTERMSIG(status));
	else
		hg_fail(&error, HG_ERROR_INPUT, "the mail ends who reads it, with exit code %d", WEXITSTATUS(status));
	end(worker, error);
	g_error_free(error);
}

static void on_late(evutil_socket_t fd G_GNUC_UNUSED, short what G_GNUC_UNUSED, void *arg)
{
	hg_mail_worker *worker = arg;
	GError *error = NULL;

	if (worker->ready)
		hg_fail(&error, HG_ERROR_INPUT, "the mail takes longer to read than a mail may");
	else
		hg_fail(&error, HG_ERROR_CONFIG, "headgate-mail was not ready in %d s", START_MS / 1000);
	end_with(worker, error);
}

static void set_late(hg_mail_worker *worker, gint64 ms)
{
	const struct timeval timeout = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(worker->late, &timeout);
}

/* ---- answers ---- */

static void take_ready(hg_mail_worker *worker)
{
	char said[HG_FRAME_READY_LEN];

	evbuffer_remove(worker->in, said, sizeof(said));
	if (memcmp(said, HG_FRAME_READY, sizeof(said)) != 0) {
		GError *error = NULL;

		hg_fail(&error, HG_ERROR_CONFIG, "headgate-mail is not of this headgate's version");
		end_with(worker, error);
		return;
	}
	evtimer_del(worker->late);
	worker->ready = TRUE;
	worker->fn(worker->arg, worker, HG_WORKER_READY, NULL, NULL);
}

static void take_answer(hg_mail_worker *worker)
{
	gsize json = worker->head.json, data = (gsize)worker->head.data;
	const char *bytes = (const char *)evbuffer_pullup(worker->in, (ev_ssize_t)(json + data));
	GError *error = NULL;
	hg_mail *mail = hg_frame_answer_read(bytes ? bytes : "", json, bytes ? bytes + json : "", data, &error);

	if (!mail) {
		g_prefix_error(&error, "headgate-mail's answer: ");
		error->code = HG_ERROR_INPUT;
		end_with(worker, error);
		return;
	}
	evbuffer_drain(worker->in, json + data);
	evtimer_del(worker->late);
	worker->busy = worker->headed = FALSE;
	worker->fn(worker->arg, worker, HG_WORKER_ANSWERED, mail, NULL);
}

/* Returns FALSE when what came is no answer: the worker is ended. */
static gboolean take_head(hg_mail_worker *worker)
{
	const struct hg_frame_head most = hg_frame_answer_max(worker->asked);
	guint8 bytes[HG_FRAME_HEAD];
	GError *error = NULL;

	evbuffer_remove(worker->in, bytes, sizeof(bytes));
	if (!hg_frame_head_read(bytes, &most, &worker->head, &error)) {
		end_with(worker, error);
		return FALSE;
	}
	worker->headed = worker->head.number == worker->mails;
	if (!worker->headed) {
		/* That was another mail's doing. */
		hg_fail(&error, HG_ERROR_BROKEN, "headgate-mail answered before it was asked");
		end_with(worker, error);
		return FALSE;
	}
	return TRUE;
}

static void take(hg_mail_worker *worker)
{
	gsize len = evbuffer_get_length(worker->in);

	if (!worker->ready) {
		if (len >= HG_FRAME_READY_LEN)
			take_ready(worker);
		return;
	}
	if (!worker->busy) {
		GError *error = NULL;

		hg_fail(&error, HG_ERROR_INPUT, "headgate-mail talks without being asked");
		end_with(worker, error);
		return;
	}
	if (!worker->headed && (len < HG_FRAME_HEAD || !take_head(worker)))
		return;
	if (evbuffer_get_length(worker->in) >= worker->head.json + worker->head.data)
		take_answer(worker);
}

static void on_readable(evutil_socket_t fd, short what G_GNUC_UNUSED, void *arg)
{
	hg_mail_worker *worker = arg;
	struct evbuffer_iovec room;
	ssize_t n;

	/* evbuffer_read() takes 4 KiB a time, however much there is. */
	evbuffer_reserve_space(worker->in, READ_BYTES, &room, 1);
	n = read(fd, room.iov_base, room.iov_len);
	room.iov_len = (size_t)MAX(n, 0);
	evbuffer_commit_space(worker->in, &room, 1);
	if (n > 0)
		take(worker);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end_dead(worker);
}

static void on_writable(evutil_socket_t fd, short what G_GNUC_UNUSED, void *arg)
{
	hg_mail_worker *worker = arg;
	int n = evbuffer_write(worker->out, fd);

	/* What it could not take it says by ending; that is read. */
	if (n >= 0 ? evbuffer_get_length(worker->out) > 0 : errno == EAGAIN || errno == EINTR)
		event_add(worker->writable, NULL);
}

/* ---- for the pool ---- */

hg_mail_worker *hg_mail_worker_new(struct event_base *base, const char *program, const struct hg_mail_helper_conf *conf,
				   hg_mail_worker_fn *fn, void *arg, GError **error)
{
	g_autoptr(hg_mail_worker) worker = g_new0(hg_mail_worker, 1);
	int ends[2];
	gboolean fine;

	worker->fd = -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		hg_fail(error, HG_ERROR_BROKEN, "socketpair: %s", g_strerror(errno));
		return NULL;
	}
	worker->fd = ends[0];
	fine = spawn(program, conf, ends[1], &worker->pid, error);
	close(ends[1]);
	if (!fine)
		return NULL;
	evutil_make_socket_nonblocking(worker->fd);
	worker->fn = fn;
	worker->arg = arg;
	worker->timeout_ms = conf->timeout_ms;
	worker->in = evbuffer_new();
	worker->out = evbuffer_new();
	worker->readable = event_new(base, worker->fd, EV_READ | EV_PERSIST, on_readable, worker);
	worker->writable = event_new(base, worker->fd, EV_WRITE, on_writable, worker);
	worker->late = evtimer_new(base, on_late, worker);
	event_add(worker->readable, NULL);
	set_late(worker, START_MS);
	return g_steal_pointer(&worker);
}

void hg_mail_worker_free(hg_mail_worker *worker)
{
	if (!worker)
		return;
	reap(worker);
	g_clear_pointer(&worker->readable, event_free);
	g_clear_pointer(&worker->writable, event_free);
	g_clear_pointer(&worker->late, event_free);
	g_clear_pointer(&worker->in, evbuffer_free);
	g_clear_pointer(&worker->out, evbuffer_free);
	if (worker->fd >= 0)
		close(worker->fd);
	g_free(worker);
}

gboolean hg_mail_worker_idle(const hg_mail_worker *worker)
{
	return worker->ready && !worker->busy;
}

gboolean hg_mail_worker_unused(const hg_mail_worker *worker)
{
	return worker->mails == 0;
}

gboolean hg_mail_worker_spent(const hg_mail_worker *worker)
{
	/* What it says without being asked would be the next mail's answer. */
	return worker->mails >= MAILS_MAX || evbuffer_get_length(worker->in) > 0;
}

void hg_mail_worker_give(hg_mail_worker *worker, const void *raw, gsize len, const struct hg_mail_ask *ask)
{
	g_autoptr(GString) json = hg_frame_ask_write(ask);
	const struct hg_frame_head head = { .json = (guint32)json->len, .number = ++worker->mails, .data = len };
	guint8 bytes[HG_FRAME_HEAD];

	hg_frame_head_write(&head, bytes);
	evbuffer_add(worker->out, bytes, sizeof(bytes));
	evbuffer_add(worker->out, json->str, json->len);
	evbuffer_add_reference(worker->out, raw, len, NULL, NULL);
	worker->busy = TRUE;
	worker->asked = len;
	set_late(worker, worker->timeout_ms);
	/* It waits for it, so there is room: most mails leave with this call. */
	on_writable(worker->fd, EV_WRITE, worker);
}

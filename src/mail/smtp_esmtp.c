/* smtp_esmtp.c - libesmtp as a transport: its blocking sessions on a thread, one at a time in the whole process
 *
 * The library has data races of its own, so that one thread serves all channels.  It is there while there is
 * something to do.  A session that does not come to an end is given up (its connect() has no timeout): the mail is
 * answered by what is known, and give() lets no further byte of it out. */
#include <config.h>

#include <event2/event.h>
#include <string.h>

#include "smtp_esmtp_made.h"

struct relay {				/* the transport of one hg_smtp */
	hg_smtp *smtp;			/* lent */
	struct event *wake;		/* some session is over */
	GQueue begun;			/* of struct begun */
};

struct begun {				/* at_work of a job */
	struct relay *relay;
	struct hg_smtp_job *job;
	struct hg_esmtp_session *session;	/* a reference */
	struct event *deadline;
};

static GMutex queue_lock;		/* of all below */
static GQueue queue = G_QUEUE_INIT;	/* of hg_esmtp_session: references */
static gboolean running;		/* the thread looks into the queue once more */
static gboolean talking;		/* it is in a session */
static GThread *thread;			/* to be joined; or NULL */
static guint relays;

/* ---- sessions ---- */

static void conf_free(struct hg_smtp_conf *conf)
{
	g_free((char *)conf->host);
	g_free((char *)conf->user);
	g_free((char *)conf->password);
	g_free((char *)conf->ca_file);
	g_free((char *)conf->hello);
	g_free(conf);
}

static const struct hg_smtp_conf *conf_copy(const struct hg_smtp_conf *conf)
{
	struct hg_smtp_conf *copy = g_memdup2(conf, sizeof(*conf));

	copy->host = g_strdup(conf->host);
	copy->user = g_strdup(conf->user);
	copy->password = g_strdup(conf->password);
	copy->ca_file = g_strdup(conf->ca_file);
	copy->hello = g_strdup(conf->hello);
	return copy;
}

static void session_unref(struct hg_esmtp_session *session)
{
	if (!g_atomic_int_dec_and_test(&session->refs))
		return;
	conf_free((struct hg_smtp_conf *)session->conf);
	g_free(session->from);
	g_strfreev(session->to);
	g_free(session->envelope_id);
	hg_smtp_dialog_done(&session->dialog);
	g_free(session->words);
	g_mutex_clear(&session->lock);
	g_free(session);
}

static struct hg_esmtp_session *session_new(const struct relay *relay, const struct hg_smtp_job *job)
{
	struct hg_esmtp_session *session = g_new0(struct hg_esmtp_session, 1);

	session->refs = 1;
	session->conf = conf_copy(hg_smtp_conf_of(relay->smtp));
	session->from = g_strdup(job->from);
	session->to = g_strdupv(job->to);
	session->envelope_id = g_strdup(job->envelope_id);
	session->bytes = job->bytes;
	session->len = job->len;
	session->wake = relay->wake;
	g_mutex_init(&session->lock);
	hg_smtp_dialog_init(&session->dialog);
	return session;
}

/* ---- the thread ---- */

static gboolean is_abandoned(struct hg_esmtp_session *session)
{
	gboolean abandoned;

	g_mutex_lock(&session->lock);
	abandoned = session->abandoned;
	g_mutex_unlock(&session->lock);
	return abandoned;
}

static void end(struct hg_esmtp_session *session)
{
	g_mutex_lock(&session->lock);
	session->over = TRUE;
	/* Under the lock: a loop that has abandoned it may be gone, with its event. */
	if (!session->abandoned)
		event_active(session->wake, EV_READ, 0);
	g_mutex_unlock(&session->lock);
}

/* NULL: nothing to do, and the thread is counted as gone. */
static struct hg_esmtp_session *next_session(void)
{
	struct hg_esmtp_session *session;

	g_mutex_lock(&queue_lock);
	session = g_queue_pop_head(&queue);
	running = talking = session != NULL;
	g_mutex_unlock(&queue_lock);
	return session;
}

static void stop_talking(void)
{
	g_mutex_lock(&queue_lock);
	talking = FALSE;
	g_mutex_unlock(&queue_lock);
}

static gpointer thread_main(gpointer arg)
{
	struct hg_esmtp_session *session;

	(void)arg;
	while ((session = next_session())) {
		if (!is_abandoned(session))
			hg_esmtp_run(session);
		stop_talking();
		end(session);
		session_unref(session);
	}
	return NULL;
}

/* Under the lock, when no thread runs: the last one is about to return at most. */
static gboolean start_thread(void)
{
	if (thread)
		g_thread_join(g_steal_pointer(&thread));
	thread = g_thread_try_new("esmtp", thread_main, NULL, NULL);
	running = thread != NULL;
	return running;
}

/* FALSE: the system has no room for a thread. */
static gboolean enqueue(struct hg_esmtp_session *session)
{
	gboolean ok;

	g_atomic_int_inc(&session->refs);
	g_mutex_lock(&queue_lock);
	g_queue_push_tail(&queue, session);
	ok = running || start_thread();
	if (!ok)
		g_queue_pop_tail(&queue);
	g_mutex_unlock(&queue_lock);
	if (!ok)
		session_unref(session);
	return ok;
}

/* The thread goes with the last relay, unless it is stuck in a session that was given up: that one ends with the
 * process. */
static void relay_gone(void)
{
	GThread *last = NULL;

	g_mutex_lock(&queue_lock);
	if (!--relays && !talking)
		last = g_steal_pointer(&thread);
	g_mutex_unlock(&queue_lock);
	if (last)
		g_thread_join(last);
}

/* ---- the loop's side ---- */

/* What is known so far goes to the job. */
static void take_over(struct begun *begun, enum hg_smtp_trouble *ret_trouble, char **ret_words)
{
	struct hg_esmtp_session *session = begun->session;
	struct hg_smtp_dialog *known = &begun->job->dialog, empty = *known;

	g_mutex_lock(&session->lock);
	*known = session->dialog;
	session->dialog = empty;
	session->abandoned = TRUE;
	session->bytes = NULL;
	*ret_trouble = session->trouble;
	*ret_words = g_steal_pointer(&session->words);
	g_mutex_unlock(&session->lock);
}

static void begun_free(struct begun *begun)
{
	g_queue_remove(&begun->relay->begun, begun);
	event_free(begun->deadline);
	session_unref(begun->session);
	begun->job->at_work = NULL;
	g_free(begun);
}

static void finish(struct begun *begun, const char *why)
{
	struct hg_smtp_job *job = begun->job;
	enum hg_smtp_trouble trouble;
	g_autofree char *words = NULL;

	take_over(begun, &trouble, &words);
	begun_free(begun);
	hg_smtp_finish(job, trouble, why ? why : words);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	finish(arg, "the server did not answer in time");
}

static gboolean is_over(struct hg_esmtp_session *session)
{
	gboolean over;

	g_mutex_lock(&session->lock);
	over = session->over;
	g_mutex_unlock(&session->lock);
	return over;
}

/* One at a time, from the beginning: what is told may begin others, and end the relay's other sessions. */
static void on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct relay *relay = arg;

	(void)fd;
	(void)what;
	for (GList *link = relay->begun.head; link; link = link->next) {
		struct begun *begun = link->data;

		if (is_over(begun->session)) {
			event_active(relay->wake, EV_READ, 0);	/* look again */
			finish(begun, NULL);
			return;
		}
	}
}

static void *relay_open(hg_smtp *smtp, GError **error)
{
	struct relay *relay = g_new0(struct relay, 1);

	(void)error;
	relay->smtp = smtp;
	relay->wake = event_new(hg_smtp_base(smtp), -1, 0, on_wake, relay);
	if (!relay->wake) {
		g_free(relay);
		return NULL;
	}
	g_mutex_lock(&queue_lock);
	relays++;
	g_mutex_unlock(&queue_lock);
	return relay;
}

static void relay_close(void *transport)
{
	struct relay *relay = transport;

	event_free(relay->wake);
	g_free(relay);
	relay_gone();
}

static void relay_begin(void *transport, struct hg_smtp_job *job)
{
	struct relay *relay = transport;
	struct begun *begun = g_new0(struct begun, 1);

	begun->relay = relay;
	begun->job = job;
	begun->session = session_new(relay, job);
	job->at_work = begun;
	g_queue_push_tail(&relay->begun, begun);
	/* What finds no room has not left: it comes again. */
	begun->deadline = hg_smtp_deadline(relay->smtp, !enqueue(begun->session), on_deadline, begun);
}

static void relay_cancel(void *transport, struct hg_smtp_job *job)
{
	enum hg_smtp_trouble trouble;
	g_autofree char *words = NULL;

	(void)transport;
	take_over(job->at_work, &trouble, &words);
	begun_free(job->at_work);
}

const struct hg_smtp_transport hg_smtp_by_esmtp = { relay_open, relay_close, relay_begin, relay_cancel };

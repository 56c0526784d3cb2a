/* curl_base.c - curl's multi interface on an event base */
#include <config.h>

#include "curl_base.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fail.h"

/* A connection is watched until it is closed, not from one request to the next: what comes while curl
 * wants nothing of it is its end, and ends the watch. */
struct watch {
	hg_curl *curl;
	struct event *event;
	short flags;			/* what it waits for, 0: nothing */
	gboolean wanted;		/* by curl */
	gboolean lasting;		/* we hear of its closing: close_socket() */
};

struct hg_curl {
	struct event_base *base;	/* lent */
	CURLM *multi;
	struct event *timer;		/* when curl wants to be called */
	GHashTable *watches;		/* socket -> struct watch */
	hg_curl_done *done;
	void *arg;
	guint inside;			/* > 0 while curl works: its callbacks must not come back here */
};

static void take_results(hg_curl *curl)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(curl->multi, &left))) {
		if (message->msg == CURLMSG_DONE)
			curl->done(curl->arg, message->easy_handle, message->data.result);
	}
}

static void work(hg_curl *curl, curl_socket_t fd, int what)
{
	int running;

	curl->inside++;
	curl_multi_socket_action(curl->multi, fd, what, &running);
	curl->inside--;
	take_results(curl);
}

static void unwatch(struct watch *watch)
{
	if (watch->flags)
		event_del(watch->event);
	watch->flags = 0;
}

static void watch_free(void *data)
{
	struct watch *watch = data;

	event_free(watch->event);
	g_free(watch);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;

	if (watch->wanted)
		work(watch->curl, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
	else
		unwatch(watch);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	work(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* curl's own pairs for its resolver's threads are closed without a word. */
static gboolean is_connection(curl_socket_t fd)
{
	struct sockaddr_storage name;
	socklen_t len = sizeof(name);

	return !getsockname(fd, (struct sockaddr *)&name, &len) && name.ss_family != AF_UNIX;
}

static struct watch *watch_of(hg_curl *curl, curl_socket_t fd)
{
	struct watch *watch = g_hash_table_lookup(curl->watches, GINT_TO_POINTER(fd));

	if (watch)
		return watch;
	watch = g_new0(struct watch, 1);
	watch->curl = curl;
	watch->lasting = is_connection(fd);
	watch->event = event_new(curl->base, fd, 0, on_socket, watch);
	g_assert(watch->event);
	g_hash_table_insert(curl->watches, GINT_TO_POINTER(fd), watch);
	return watch;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	hg_curl *curl = arg;
	struct watch *watch = watch_of(curl, fd);
	short flags = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	(void)socket_arg;
	watch->wanted = what != CURL_POLL_REMOVE;
	if (!watch->wanted) {
		if (!watch->lasting)
			g_hash_table_remove(curl->watches, GINT_TO_POINTER(fd));
		else if (watch->flags & EV_WRITE)	/* always possible */
			unwatch(watch);
	} else if (watch->flags != flags) {
		unwatch(watch);
		event_assign(watch->event, curl->base, fd, flags, on_socket, watch);
		event_add(watch->event, NULL);
		watch->flags = flags;
	}
	return 0;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	hg_curl *curl = arg;

	g_hash_table_remove(curl->watches, GINT_TO_POINTER(fd));
	return close(fd);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	hg_curl *curl = arg;
	struct timeval span = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		event_del(curl->timer);
	else
		event_add(curl->timer, &span);
	return 0;
}

/* ---- what callers use ---- */

void hg_curl_init(void)
{
	static gsize done;

	if (g_once_init_enter(&done)) {
		curl_global_init(CURL_GLOBAL_DEFAULT);
		g_once_init_leave(&done, 1);
	}
}

hg_curl *hg_curl_new(struct event_base *base, hg_curl_done *done, void *arg, GError **error)
{
	g_autoptr(hg_curl) curl = g_new0(hg_curl, 1);

	hg_curl_init();
	curl->base = base;
	curl->done = done;
	curl->arg = arg;
	curl->watches = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, watch_free);
	curl->timer = event_new(base, -1, 0, on_timer, curl);
	curl->multi = curl_multi_init();
	if (!curl->timer || !curl->multi) {
		hg_fail(error, HG_ERROR_BROKEN, "cannot set up libcurl on an event loop: out of memory or descriptors");
		return NULL;
	}
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
	return g_steal_pointer(&curl);
}

void hg_curl_free(hg_curl *curl)
{
	if (!curl)
		return;
	curl_multi_cleanup(curl->multi);	/* closes what it kept */
	g_hash_table_destroy(curl->watches);
	if (curl->timer)
		event_free(curl->timer);
	g_free(curl);
}

CURLM *hg_curl_multi(hg_curl *curl)
{
	return curl->multi;
}

gboolean hg_curl_inside(const hg_curl *curl)
{
	return curl->inside > 0;
}

void hg_curl_adopt(hg_curl *curl, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, curl);
}

void hg_curl_add(hg_curl *curl, CURL *easy)
{
	g_assert(!curl->inside);
	curl_multi_add_handle(curl->multi, easy);
}

void hg_curl_remove(hg_curl *curl, CURL *easy)
{
	g_assert(!curl->inside);
	curl_multi_remove_handle(curl->multi, easy);
}

/* http_client.c - calls on a loop: curl's multi interface told by libevent when to work */
#include <config.h>

#include "http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "env.h"
#include "failpoint.h"
#include "fail.h"
#include "http_call.h"
#include "loop.h"

struct entry {
	hg_client *client;
	guint64 id;
	hg_call *call;			/* ours */
	guint64 early;			/* timer of a call that never started, else 0 */
};

/* A connection is watched until it is closed, not from one request to the next: what comes while curl
 * wants nothing of it is its end, and ends the watch. */
struct watch {
	hg_client *client;
	struct event *event;
	short flags;			/* what it waits for, 0: nothing */
	gboolean wanted;		/* by curl */
	gboolean lasting;		/* we hear of its closing: close_socket() */
};

struct hg_client {
	hg_loop *loop;			/* lent */
	CURLM *multi;
	struct event *timer;		/* when curl wants to be called */
	GHashTable *watches;		/* socket -> struct watch */
	GQueue rested;			/* of hg_call: over, and good for another of their kind; newest first */
	GHashTable *entries;		/* id -> struct entry */
	guint64 last_id;
	guint inside;			/* > 0 while curl works: its callbacks must not come back here */
	char *agent, *ca_file;
};

#define RESTED_MAX 64		/* some 10 KiB each */

/* ---- a call's end ---- */

static void rest(hg_client *client, hg_call *call)
{
	if (!hg_call_is_reusable(call) || client->rested.length >= RESTED_MAX) {
		hg_call_free(call);
		return;
	}
	hg_call_rest(call);
	g_queue_push_head(&client->rested, call);
}

/* Takes the entry out first, so that done may start and cancel calls. */
static void finish(struct entry *entry)
{
	hg_client *client = entry->client;
	hg_call *call = entry->call;

	g_hash_table_remove(client->entries, &entry->id);
	hg_call_done(call);
	rest(client, call);
}

static void cancel(struct entry *entry)
{
	hg_client *client = entry->client;

	hg_call_cancelled(entry->call);
	hg_loop_untimer(client->loop, entry->early);
	if (hg_call_easy(entry->call))
		curl_multi_remove_handle(client->multi, hg_call_easy(entry->call));
	finish(entry);
}

static void on_early(void *arg)
{
	finish(arg);
}

static void take_results(hg_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left))) {
		CURL *easy = message->easy_handle;
		CURLcode result = message->data.result;
		hg_call *call = NULL;
		struct entry *entry;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
		entry = hg_call_owner(call);
		curl_multi_remove_handle(client->multi, easy);
		if (hg_call_again(call, result))
			curl_multi_add_handle(client->multi, easy);
		else
			finish(entry);
	}
}

/* ---- curl and libevent ---- */

static void work(hg_client *client, curl_socket_t fd, int what)
{
	int running;

	client->inside++;
	curl_multi_socket_action(client->multi, fd, what, &running);
	client->inside--;
	take_results(client);
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
		work(watch->client, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
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

static struct watch *watch_of(hg_client *client, curl_socket_t fd)
{
	struct watch *watch = g_hash_table_lookup(client->watches, GINT_TO_POINTER(fd));

	if (watch)
		return watch;
	watch = g_new0(struct watch, 1);
	watch->client = client;
	watch->lasting = is_connection(fd);
	watch->event = event_new(hg_loop_base(client->loop), fd, 0, on_socket, watch);
	g_assert(watch->event);
	g_hash_table_insert(client->watches, GINT_TO_POINTER(fd), watch);
	return watch;
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	hg_client *client = arg;
	struct watch *watch = watch_of(client, fd);
	short flags = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	(void)socket_arg;
	watch->wanted = what != CURL_POLL_REMOVE;
	if (!watch->wanted) {
		if (!watch->lasting)
			g_hash_table_remove(client->watches, GINT_TO_POINTER(fd));
		else if (watch->flags & EV_WRITE)	/* always possible */
			unwatch(watch);
	} else if (watch->flags != flags) {
		unwatch(watch);
		event_assign(watch->event, hg_loop_base(client->loop), fd, flags, on_socket, watch);
		event_add(watch->event, NULL);
		watch->flags = flags;
	}
	return 0;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	hg_client *client = arg;

	g_hash_table_remove(client->watches, GINT_TO_POINTER(fd));
	return close(fd);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	hg_client *client = arg;
	struct timeval span = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		event_del(client->timer);
	else
		event_add(client->timer, &span);
	return 0;
}

/* ---- what callers use ---- */

static hg_call *new_call(hg_client *client, const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	const struct hg_call_defaults defaults = { client->agent, client->ca_file };
	hg_call *call = hg_call_new(from, &defaults, hg_loop_env(client->loop), done, arg);

	if (hg_call_easy(call)) {
		curl_easy_setopt(hg_call_easy(call), CURLOPT_CLOSESOCKETFUNCTION, close_socket);
		curl_easy_setopt(hg_call_easy(call), CURLOPT_CLOSESOCKETDATA, client);
	}
	return call;
}

static hg_call *call_for(hg_client *client, const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	for (GList *link = client->rested.head; link; link = link->next) {
		hg_call *call = link->data;

		if (hg_call_fits(call, from)) {
			g_queue_delete_link(&client->rested, link);
			hg_call_renew(call, from, done, arg);
			return call;
		}
	}
	return new_call(client, from, done, arg);
}

guint64 hg_client_call(hg_client *client, const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	struct entry *entry = g_new0(struct entry, 1);

	g_assert(hg_loop_here(client->loop) && !client->inside);
	entry->client = client;
	entry->id = ++client->last_id;
	entry->call = call_for(client, from, done, arg);
	hg_call_set_owner(entry->call, entry);
	g_hash_table_insert(client->entries, &entry->id, entry);
	(void)HG_FAILPOINT(CLIENT_BEGIN);
	if (hg_call_easy(entry->call))
		curl_multi_add_handle(client->multi, hg_call_easy(entry->call));
	else
		entry->early = hg_loop_timer(client->loop, 0, on_early, entry);
	return entry->id;
}

void hg_client_cancel(hg_client *client, guint64 id)
{
	struct entry *entry = g_hash_table_lookup(client->entries, &id);

	g_assert(hg_loop_here(client->loop) && !client->inside);
	if (entry)
		cancel(entry);
}

guint hg_client_busy(const hg_client *client)
{
	return g_hash_table_size(client->entries);
}

static void set_up_multi(hg_client *client, const struct hg_client_conf *conf)
{
	long all = conf->max_connections ? conf->max_connections : 256;
	long per_host = conf->max_per_host ? conf->max_per_host : 16;

	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, all);
	curl_multi_setopt(client->multi, CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
	curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, all);
}

hg_client *hg_client_new(hg_loop *loop, const struct hg_client_conf *conf, GError **error)
{
	static const struct hg_client_conf plain;
	g_autoptr(hg_client) client = g_new0(hg_client, 1);

	conf = conf ? conf : &plain;
	hg_call_init_curl();
	client->loop = loop;
	client->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	client->watches = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, watch_free);
	client->agent = g_strdup(conf->agent ? conf->agent : "headgate");
	client->ca_file = g_strdup(conf->ca_file);
	client->timer = event_new(hg_loop_base(loop), -1, 0, on_timer, client);
	client->multi = curl_multi_init();
	if (!client->timer || !client->multi) {
		hg_fail(error, HG_ERROR_BROKEN, "cannot start the HTTP client");
		return NULL;
	}
	set_up_multi(client, conf);
	return g_steal_pointer(&client);
}

static struct entry *any_entry(hg_client *client)
{
	GHashTableIter iter;
	void *entry = NULL;

	g_hash_table_iter_init(&iter, client->entries);
	g_hash_table_iter_next(&iter, NULL, &entry);
	return entry;
}

void hg_client_free(hg_client *client)
{
	struct entry *entry;

	if (!client)
		return;
	while ((entry = any_entry(client)))
		cancel(entry);
	g_queue_clear_full(&client->rested, (GDestroyNotify)hg_call_free);
	curl_multi_cleanup(client->multi);	/* closes what it kept */
	g_hash_table_destroy(client->watches);
	if (client->timer)
		event_free(client->timer);
	g_hash_table_destroy(client->entries);
	g_free(client->agent);
	g_free(client->ca_file);
	g_free(client);
}

void hg_client_sync(const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	static const struct hg_call_defaults defaults = { "headgate", NULL };
	hg_call *call = hg_call_new(from, &defaults, hg_env_system(), done, arg);
	CURL *easy = hg_call_easy(call);

	while (easy && hg_call_again(call, curl_easy_perform(easy)))
		;
	hg_call_done(call);
	hg_call_free(call);
}

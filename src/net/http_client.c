/* http_client.c - HTTP calls on a loop */
#include <config.h>

#include "http_client.h"

#include "curl_base.h"
#include "env.h"
#include "failpoint.h"
#include "http_call.h"
#include "loop.h"

struct entry {
	hg_client *client;
	guint64 id;
	hg_call *call;			/* ours */
	guint64 early;			/* timer of a call that never started, else 0 */
};

struct hg_client {
	hg_loop *loop;			/* lent */
	hg_curl *curl;			/* NULL in hg_client_new() only */
	GQueue rested;			/* of hg_call: over, and good for another of their kind; newest first */
	GHashTable *entries;		/* id -> struct entry */
	guint64 last_id;
	char *agent, *ca_file;
	gboolean captive;
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
		hg_curl_remove(client->curl, hg_call_easy(entry->call));
	finish(entry);
}

static void on_early(void *arg)
{
	finish(arg);
}

static void on_transfer(void *arg, CURL *easy, CURLcode result)
{
	hg_client *client = arg;
	hg_call *call = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &call);
	hg_curl_remove(client->curl, easy);
	if (hg_call_again(call, result))
		hg_curl_add(client->curl, easy);
	else
		finish(hg_call_owner(call));
}

/* ---- what callers use ---- */

static hg_call *new_call(hg_client *client, const struct hg_client_call *from, hg_client_done_fn *done, void *arg)
{
	const struct hg_call_defaults defaults = { client->agent, client->ca_file };
	hg_call *call = hg_call_new(from, &defaults, hg_loop_env(client->loop), done, arg);

	if (hg_call_easy(call))
		hg_curl_adopt(client->curl, hg_call_easy(call));
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

/* No host is allowed: that is found out before a name is looked up. */
static struct hg_client_call nowhere(const struct hg_client_call *from)
{
	static const char *const nobody[] = { NULL };
	struct hg_client_call call = *from;

	call.hosts = nobody;
	call.unix_path = NULL;
	return call;
}

guint64 hg_client_call(hg_client *client, const struct hg_client_call *wanted, hg_client_done_fn *done, void *arg)
{
	const struct hg_client_call captive = nowhere(wanted), *from = client->captive ? &captive : wanted;
	struct entry *entry = g_new0(struct entry, 1);

	g_assert(hg_loop_here(client->loop) && !hg_curl_inside(client->curl));
	entry->client = client;
	entry->id = ++client->last_id;
	entry->call = call_for(client, from, done, arg);
	hg_call_set_owner(entry->call, entry);
	g_hash_table_insert(client->entries, &entry->id, entry);
	(void)HG_FAILPOINT(CLIENT_BEGIN);
	if (hg_call_easy(entry->call))
		hg_curl_add(client->curl, hg_call_easy(entry->call));
	else
		entry->early = hg_loop_timer(client->loop, 0, on_early, entry);
	return entry->id;
}

void hg_client_cancel(hg_client *client, guint64 id)
{
	struct entry *entry = g_hash_table_lookup(client->entries, &id);

	g_assert(hg_loop_here(client->loop) && !hg_curl_inside(client->curl));
	if (entry)
		cancel(entry);
}

guint hg_client_busy(const hg_client *client)
{
	return g_hash_table_size(client->entries);
}

static void set_limits(hg_client *client, const struct hg_client_conf *conf)
{
	long all = conf->max_connections ? conf->max_connections : 256;
	long per_host = conf->max_per_host ? conf->max_per_host : 16;
	CURLM *multi = hg_curl_multi(client->curl);

	curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, all);
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, per_host);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, all);
}

hg_client *hg_client_new(hg_loop *loop, const struct hg_client_conf *conf, GError **error)
{
	static const struct hg_client_conf plain;
	g_autoptr(hg_client) client = g_new0(hg_client, 1);

	conf = conf ? conf : &plain;
	client->loop = loop;
	client->entries = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	client->agent = g_strdup(conf->agent ? conf->agent : "headgate");
	client->ca_file = g_strdup(conf->ca_file);
	client->captive = conf->captive;
	client->curl = hg_curl_new(hg_loop_base(loop), on_transfer, client, error);
	if (!client->curl) {
		g_prefix_error(error, "HTTP client: ");
		return NULL;
	}
	set_limits(client, conf);
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
	hg_curl_free(client->curl);
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

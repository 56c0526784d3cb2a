/* http_server.c - an HTTP server's life, its caps and its figures */
#include <config.h>

#include "http_conn.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "env.h"
#include "fail.h"
#include "loop.h"

#define REFUSING_MAX 128	/* connections over a cap that are still told so */

struct client {
	struct hg_address address;	/* key */
	guint connections;
};

void hg_server_conf_init(struct hg_server_conf *conf)
{
	*conf = (struct hg_server_conf){
		.max_head = 16 << 10, .max_target = 2 << 10, .max_headers = HG_HTTP_HEADERS_MAX,
		.max_body = 1 << 20, .max_bodies = 64 << 20, .max_connections = 1024,
		.max_per_address = 64, .head_ms = 10 * 1000, .body_ms = 30 * 1000,
		.idle_ms = 60 * 1000, .write_ms = 30 * 1000, .linger_ms = 2 * 1000,
	};
}

/* ---- caps ---- */

gboolean hg_server_is_proxy(const hg_server *server, const struct hg_address *address)
{
	for (guint i = 0; i < server->n_proxies; i++)
		if (hg_network_has(&server->proxies[i], address))
			return TRUE;
	return FALSE;
}

void hg_server_count(hg_server *server, enum hg_http_rule rule)
{
	HG_COUNT(server->by_rule[rule], 1);
	HG_COUNT(server->stats.refused, 1);
}

static gboolean is_exempt(const struct hg_conn *conn)
{
	return conn->local || conn->proxy;
}

static struct client *client_of(hg_server *server, const struct hg_conn *conn, gboolean make)
{
	struct hg_address address = hg_address_client(&conn->address);
	struct client *client = g_hash_table_lookup(server->clients, &address);

	if (client || !make)
		return client;
	client = g_new0(struct client, 1);
	client->address = address;
	g_hash_table_insert(server->clients, &client->address, client);
	return client;
}

static void count_client(hg_server *server, struct hg_conn *conn)
{
	server->n_counted++;
	if (!is_exempt(conn))
		client_of(server, conn, TRUE)->connections++;
}

static void uncount_client(hg_server *server, struct hg_conn *conn)
{
	struct client *client;

	server->n_counted--;
	if (is_exempt(conn))
		return;
	client = client_of(server, conn, FALSE);
	if (!--client->connections)
		g_hash_table_remove(server->clients, &client->address);
}

static enum hg_http_rule admit_client(hg_server *server, struct hg_conn *conn)
{
	const struct client *client = is_exempt(conn) ? NULL : client_of(server, conn, FALSE);

	/* The unix socket is the way in for who has to end a flood: it is never full of strangers. */
	if (!conn->local && server->n_counted >= server->conf.max_connections)
		return HG_RULE_CAP_CONNECTIONS;
	if (client && client->connections >= server->conf.max_per_address)
		return HG_RULE_CAP_ADDRESS;
	count_client(server, conn);
	conn->counted = TRUE;
	HG_COUNT(server->stats.connections, 1);
	return HG_RULE_NONE;
}

void hg_server_conn_apart(hg_server *server, struct hg_conn *conn, gboolean apart)
{
	if (conn->apart == apart)
		return;
	conn->apart = apart;
	if (apart)
		uncount_client(server, conn);
	else
		count_client(server, conn);
}

static void on_drained(void *arg)
{
	hg_server *server = arg;

	server->drained_timer = 0;
	server->drained(server->drained_arg);
}

static void check_drained(hg_server *server)
{
	if (!server->drained || server->drained_timer || !hg_link_alone(&server->conns))
		return;
	server->drained_timer = hg_loop_timer(server->loop, 0, on_drained, server);
}

void hg_server_conn_gone(hg_server *server, struct hg_conn *conn)
{
	if (conn->counted) {
		hg_server_conn_apart(server, conn, FALSE);
		uncount_client(server, conn);
		HG_COUNT(server->stats.connections, -1);
	} else {
		server->n_refusing--;
	}
	check_drained(server);
}

/* ---- accepting ---- */

/* Takes fd. */
void hg_server_take(hg_server *server, int fd, const struct sockaddr *from, gboolean local, gboolean tls)
{
	struct hg_address address;
	struct hg_conn *conn;
	enum hg_http_rule rule;

	HG_COUNT(server->stats.accepted, 1);
	hg_address_from_socket(from, &address);
	if ((server->n_refusing >= REFUSING_MAX && !local) ||
	    !(conn = hg_conn_new(server, fd, &address, local, tls))) {
		hg_server_count(server, HG_RULE_CAP_CONNECTIONS);
		close(fd);
		return;
	}
	conn->proxy = !conn->local && hg_server_is_proxy(server, &address);
	rule = admit_client(server, conn);
	if (!rule) {
		hg_conn_start(conn);
		return;
	}
	server->n_refusing++;
	hg_conn_refuse(conn, rule);
}

/* ---- TLS ---- */

static gboolean fail_tls(GError **error, const char *what)
{
	char text[200];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return hg_fail(error, HG_ERROR_CONFIG, "%s: %s", what, text);
}

static gboolean init_tls(hg_server *server, GError **error)
{
	const struct hg_server_conf *conf = &server->conf;

	if (!conf->tls_cert || !conf->tls_key)
		return TRUE;
	server->tls = SSL_CTX_new(TLS_server_method());
	if (!server->tls)
		return fail_tls(error, "cannot start TLS");
	SSL_CTX_set_min_proto_version(server->tls, TLS1_2_VERSION);
	/* 14 kB instead of 47 kB per idle session. */
	SSL_CTX_set_mode(server->tls, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(server->tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	if (SSL_CTX_use_certificate_chain_file(server->tls, conf->tls_cert) != 1)
		return fail_tls(error, conf->tls_cert);
	if (SSL_CTX_use_PrivateKey_file(server->tls, conf->tls_key, SSL_FILETYPE_PEM) != 1)
		return fail_tls(error, conf->tls_key);
	if (SSL_CTX_check_private_key(server->tls) != 1)
		return fail_tls(error, "key and certificate do not belong together");
	return TRUE;
}

/* ---- birth, drain, death ---- */

static gboolean init_proxies(hg_server *server, GError **error)
{
	const char *const *list = server->conf.trusted_proxies;
	guint n = list ? g_strv_length((char **)list) : 0;

	server->proxies = g_new0(struct hg_network, n + 1);
	for (; server->n_proxies < n; server->n_proxies++)
		if (!hg_network_parse(list[server->n_proxies], &server->proxies[server->n_proxies]))
			return hg_fail(error, HG_ERROR_CONFIG, "trusted proxy \"%s\" is no network such as "
				       "10.0.0.0/8 or ::1", list[server->n_proxies]);
	return TRUE;
}

static void init_buckets(hg_server *server)
{
	struct hg_env *env = hg_loop_env(server->loop);
	guint64 seed;

	if (server->conf.rate <= 0)
		return;
	env->random(env, &seed, sizeof(seed));
	server->buckets = hg_buckets_new(server->conf.rate, server->conf.burst, seed);
}

hg_server *hg_server_new(hg_loop *loop, const struct hg_server_conf *conf, GError **error)
{
	g_autoptr(hg_server) server = g_new0(hg_server, 1);

	g_assert(conf->route && conf->handle);
	server->loop = loop;
	server->conf = *conf;
	server->limits = (struct hg_http_limits){ conf->max_head, conf->max_target, conf->max_headers };
	server->listeners = g_ptr_array_new_with_free_func(hg_listener_free);
	server->conns.prev = server->conns.next = &server->conns;
	server->handed.prev = server->handed.next = &server->handed;
	server->clients = g_hash_table_new_full(hg_address_hash, hg_address_equal, NULL, g_free);
	server->out = g_string_sized_new(512);
	if (!init_proxies(server, error) || !init_tls(server, error))
		return NULL;
	/* Lent for the length of this call only. */
	server->conf.trusted_proxies = NULL;
	server->conf.tls_cert = server->conf.tls_key = NULL;
	init_buckets(server);
	return g_steal_pointer(&server);
}

#define SWAP(a, b) do { void *kept_ = (a); (a) = (b); (b) = kept_; } while (0)

static void take_limits(struct hg_server_conf *ours, const struct hg_server_conf *conf)
{
	ours->max_connections = conf->max_connections;
	ours->max_per_address = conf->max_per_address;
	ours->head_ms = conf->head_ms;
	ours->body_ms = conf->body_ms;
	ours->idle_ms = conf->idle_ms;
}

gboolean hg_server_reload(hg_server *server, const struct hg_server_conf *conf, GError **error)
{
	hg_server fresh = { .conf = *conf };
	gboolean ok;

	if (!server->tls)		/* TLS comes and goes with a restart only */
		fresh.conf.tls_cert = NULL;
	ok = init_proxies(&fresh, error) && init_tls(&fresh, error);
	if (ok) {
		take_limits(&server->conf, conf);
		SWAP(server->proxies, fresh.proxies);
		server->n_proxies = fresh.n_proxies;
		if (fresh.tls)		/* sessions under way have references of their own */
			SWAP(server->tls, fresh.tls);
	}
	g_free(fresh.proxies);
	SSL_CTX_free(fresh.tls);
	return ok;
}

/* Closing one may close others (a callback ends its stream), so each search starts anew. */
static struct hg_conn *find_conn(hg_server *server, gboolean all)
{
	for (struct hg_link *at = server->conns.next; at != &server->conns; at = at->next) {
		struct hg_conn *conn = (struct hg_conn *)at;

		if (all || (!conn->busy && (conn->phase == HG_CONN_IDLE || conn->phase == HG_CONN_HEAD ||
					    conn->phase == HG_CONN_STREAM)))
			return conn;
	}
	return NULL;
}

/* Bodies that are coming in may still come, but not for as long as they usually may. */
static void hurry_bodies(hg_server *server)
{
	gint64 least = hg_loop_now(server->loop) + server->conf.linger_ms;

	for (struct hg_link *at = server->conns.next; at != &server->conns; at = at->next) {
		struct hg_conn *conn = (struct hg_conn *)at;

		if (conn->phase != HG_CONN_BODY)
			continue;
		conn->deadline = MIN(conn->deadline, least);
		hg_conn_look(conn);
	}
}

void hg_server_drain(hg_server *server, void (*done)(void *arg), void *arg)
{
	struct hg_conn *conn;

	server->draining = TRUE;
	server->drained = done;
	server->drained_arg = arg;
	g_ptr_array_set_size(server->listeners, 0);
	while ((conn = find_conn(server, FALSE)))
		hg_conn_close(conn, HG_STREAM_STOP);
	hurry_bodies(server);
	check_drained(server);
}

static void orphan_requests(hg_server *server)
{
	while (!hg_link_alone(&server->handed)) {
		hg_request *req = (hg_request *)server->handed.next;

		hg_link_remove(&req->link);
		req->server = NULL;
	}
}

void hg_server_free(hg_server *server)
{
	struct hg_conn *conn;

	if (!server)
		return;
	server->drained = NULL;
	g_ptr_array_free(server->listeners, TRUE);
	while ((conn = find_conn(server, TRUE)))
		hg_conn_close(conn, HG_STREAM_STOP);
	orphan_requests(server);
	hg_loop_untimer(server->loop, server->drained_timer);
	while (server->n_pool)
		hg_request_destroy(server->pool[--server->n_pool]);
	g_hash_table_destroy(server->clients);
	hg_buckets_free(server->buckets);
	SSL_CTX_free(server->tls);
	g_string_free(server->out, TRUE);
	g_free(server->proxies);
	g_free(server);
}

/* ---- figures ---- */

void hg_server_stats(const hg_server *server, struct hg_server_stats *ret)
{
	const struct hg_server_stats *now = &server->stats;

#define HG_READ(field) (ret->field = __atomic_load_n(&now->field, __ATOMIC_RELAXED))
	HG_READ(accepted);
	HG_READ(requests);
	HG_READ(refused);
	HG_READ(slow_streams);
	HG_READ(bodies);
	HG_READ(connections);
	HG_READ(streams);
#undef HG_READ
}

gboolean hg_server_refused(const hg_server *server, guint n, const char **ret_word, guint64 *ret_count)
{
	if (n + 1 >= HG_RULES)
		return FALSE;
	*ret_word = hg_http_rule_text(n + 1)->word;
	*ret_count = __atomic_load_n(&server->by_rule[n + 1], __ATOMIC_RELAXED);
	return TRUE;
}

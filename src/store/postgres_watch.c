/* postgres_watch.c - LISTEN and NOTIFY: a connection of its own that hears what others hint at
 *
 * A notification is a hint and no more: the server forgets those of a connection that broke, so whoever hears that the
 * watch was away looks by itself. */
#include "postgres_db.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "log.h"

#define AGAIN_MS 500		/* between tries to come back */
#define SOUND_MS 10000		/* a connection that says nothing for so long is asked whether it is there */

struct hg_pg_watch {
	hg_store_hint_fn *hint;
	void *arg;
	char *url, *password;		/* ours; password may be NULL */
	struct hg_env *env;		/* lent */
	int stop_fd;
	GThread *thread;
};

static PGconn *listen_to(const struct hg_pg_watch *watch)
{
	PGconn *conn = hg_pg_connect(watch->url, watch->password, "headgate watch");
	PGresult *result = PQstatus(conn) == CONNECTION_OK ? PQexec(conn, "LISTEN headgate") : NULL;
	gboolean good = result && PQresultStatus(result) == PGRES_COMMAND_OK;

	PQclear(result);
	if (good)
		return conn;
	PQfinish(conn);
	return NULL;
}

/* FALSE: it is to end. */
static gboolean wait_for(const struct hg_pg_watch *watch, int fd, int ms)
{
	struct pollfd look[] = { { .fd = watch->stop_fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	while (poll(look, fd < 0 ? 1 : 2, ms) < 0 && errno == EINTR)
		;
	return !(look[0].revents & POLLIN);
}

static void tell(const struct hg_pg_watch *watch, PGconn *conn)
{
	PGnotify *note;

	while ((note = PQnotifies(conn))) {
		watch->hint(watch->arg, note->extra);
		PQfreemem(note);
	}
}

static gboolean is_there(PGconn *conn)
{
	PGresult *result = PQexec(conn, "");
	gboolean there = PQresultStatus(result) == PGRES_EMPTY_QUERY;

	PQclear(result);
	return there;
}

static gboolean hear(const struct hg_pg_watch *watch, PGconn *conn)
{
	gint64 asked_ms = hg_mono(watch->env);

	for (;;) {
		if (!wait_for(watch, PQsocket(conn), SOUND_MS))
			return FALSE;
		if (!PQconsumeInput(conn))
			return TRUE;
		tell(watch, conn);
		if (hg_mono(watch->env) - asked_ms < SOUND_MS)
			continue;
		if (!is_there(conn))
			return TRUE;
		asked_ms = hg_mono(watch->env);
	}
}

static gpointer watch_main(gpointer arg)
{
	const struct hg_pg_watch *watch = arg;
	gboolean going = TRUE;

	while (going) {
		PGconn *conn = listen_to(watch);

		if (conn) {
			watch->hint(watch->arg, NULL);	/* what came before nobody has heard */
			going = hear(watch, conn);
			PQfinish(conn);
		}
		going = going && wait_for(watch, -1, AGAIN_MS);
	}
	return NULL;
}

struct hg_pg_watch *hg_pg_watch_new(const struct hg_store_options *options, hg_store_hint_fn *hint, void *arg, GError **error)
{
	struct hg_pg_watch *watch = g_new0(struct hg_pg_watch, 1);

	*watch = (struct hg_pg_watch){ .hint = hint, .arg = arg, .url = g_strdup(options->url),
				       .password = g_strdup(options->password), .env = options->env, .stop_fd = eventfd(0, EFD_CLOEXEC) };
	if (watch->stop_fd >= 0)
		watch->thread = g_thread_try_new("watch", watch_main, watch, error);
	else
		hg_fail(error, HG_ERROR_STORE, "eventfd: %s", g_strerror(errno));
	if (watch->thread)
		return watch;
	hg_pg_watch_free(watch);
	return NULL;
}

void hg_pg_watch_free(struct hg_pg_watch *watch)
{
	guint64 one = 1;

	if (watch->thread) {
		if (write(watch->stop_fd, &one, sizeof(one)) < 0)
			hg_warn(NULL, "store.watch", "eventfd: %s", g_strerror(errno));
		g_thread_join(watch->thread);
	}
	if (watch->stop_fd >= 0)
		close(watch->stop_fd);
	if (watch->password)
		memset(watch->password, 0, strlen(watch->password));
	g_free(watch->password);
	g_free(watch->url);
	g_free(watch);
}

gboolean hg_pg_hint(hg_store *store, const char *payload, GError **error)
{
	struct hg_pg *pg = store->pg;
	g_autofree char *all = NULL;
	char *text;

	if (!store->in_txn && !hg_pg_ensure(store, error))
		return FALSE;
	text = PQescapeLiteral(pg->conn, payload, strlen(payload));
	if (!text)
		return hg_fail(error, HG_ERROR_STORE, "a hint cannot be sent: %s", PQerrorMessage(pg->conn));
	all = g_strdup_printf("%sSELECT pg_notify('headgate', %s); ", store->in_txn && pg->hints ? pg->hints : "", text);
	PQfreemem(text);
	if (!store->in_txn)
		return hg_pg_do(store, all, "pg_notify", error);
	g_free(pg->hints);
	pg->hints = g_steal_pointer(&all);
	return TRUE;
}

/* console.h - the web console: a listener of its own with login, pages and the API for who is signed in
 *
 * Who may reach the unix socket gets a link with a secret that opens one session (10 minutes).  The secret stands behind
 * the link's '#', so no server and no log sees it, and the page exchanges it by a POST that a person starts: a prefetch
 * uses nothing up.  A session is a cookie (HttpOnly, SameSite=Strict) for HG_SESSION_IDLE_MS of silence.  Links and sessions are
 * rows of the store, by their SHA-256: they outlive a restart, and hold in every process of that store.
 *
 * What a session may do to the API, its principal says ("console:ann").  Against other sites' pages: the cookie is not sent
 * with what they begin; beside that Origin and Sec-Fetch-Site have to be ours (Fetch Metadata), and what changes something
 * carries X-Headgate-Console, which no page of another origin can add without being asked (Fetch standard, 3.2.2). */
#pragma once
#include <glib.h>

#include "api.h"
#include "conf.h"
#include "fail.h"
#include "http_server.h"
#include "loop.h"

typedef struct hg_console hg_console;

#ifdef HG_CONSOLE
/* Listens, when the configuration wants it; where it cannot, the log says why and all else goes on: see
 * hg_console_port().  `like` has caps and deadlines for the server.  All but conf is lent. */
hg_console *hg_console_new(hg_loop *loop, hg_api *api, hg_conf *conf, const struct hg_server_conf *like);
/* FALSE: refused, and nothing has changed.  Address and `enabled` change with a restart. */
gboolean hg_console_reload(hg_console *console, hg_conf *conf, const struct hg_server_conf *like, GError **error);
/* As hg_server_drain(); done runs at once where nothing listens. */
void hg_console_drain(hg_console *console, void (*done)(void *arg), void *arg);
void hg_console_free(hg_console *console);	/* before the API; NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_console, hg_console_free)
guint hg_console_port(const hg_console *console);	/* 0: nothing listens */

/* Where a browser finds it, without the last slash; yours.  NULL: STATE, nothing listens. */
char *hg_console_url(const hg_console *console, GError **error);

#else	/* configure --disable-console */

static inline hg_console *hg_console_new(hg_loop *loop, hg_api *api, hg_conf *conf, const struct hg_server_conf *like)
{
	(void)loop, (void)api, (void)conf, (void)like;
	return NULL;
}

static inline gboolean hg_console_reload(hg_console *console, hg_conf *conf, const struct hg_server_conf *like, GError **error)
{
	(void)console, (void)conf, (void)like, (void)error;
	return TRUE;
}

static inline void hg_console_drain(hg_console *console, void (*done)(void *arg), void *arg)
{
	(void)console;
	done(arg);
}

static inline void hg_console_free(hg_console *console)
{
	(void)console;
}

static inline guint hg_console_port(const hg_console *console)
{
	(void)console;
	return 0;
}

static inline char *hg_console_url(const hg_console *console, GError **error)
{
	(void)console;
	hg_fail(error, HG_ERROR_STATE, "headgated was built without the console (configure --disable-console)");
	return NULL;
}

#endif

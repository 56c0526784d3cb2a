/* sessions.h - who is signed in to the console: links that wait to be used, and sessions; in memory, on the loop */
#pragma once
#include <glib.h>

#include "env.h"
#include "principal.h"

#define HG_SESSION_LINK_MS (10 * 60 * 1000)
#define HG_SESSION_IDLE_MS (12 * G_GINT64_CONSTANT(3600000))
#define HG_SESSION_LIFE_MS (7 * G_GINT64_CONSTANT(86400000))	/* however busy it is */
#define HG_SESSION_LINKS_MAX 100
#define HG_SESSIONS_MAX 1000		/* one more ends the one that was idle longest */
#define HG_SESSION_SECRET_MAX 64	/* bytes of a secret, with its end */

typedef struct hg_sessions hg_sessions;

hg_sessions *hg_sessions_new(struct hg_env *env);	/* env is lent */
void hg_sessions_free(hg_sessions *sessions);		/* whatever goes on for them ends */

/* The scopes of viewer, operator or admin; 0: there is no such role. */
guint32 hg_role_scopes(const char *role);
const char *hg_role_of(guint32 scopes);

/* A secret (yours) that hg_sessions_open() takes once.  name is of whom it is for.  LIMIT: so many wait already. */
char *hg_sessions_invite(hg_sessions *sessions, const char *name, guint32 scopes, GError **error);
/* The link is used up and a session begins: its secret, yours, with *ret_who lent; NULL (DENIED): not known, used, too
 * old. */
char *hg_sessions_open(hg_sessions *sessions, const char *secret, const struct hg_principal **ret_who, GError **error);
/* Whose session it is, or NULL; lent until the loop goes on.  It counts as used now. */
const struct hg_principal *hg_sessions_find(hg_sessions *sessions, const char *secret);
/* *ret: when it ends if nobody uses it. */
gboolean hg_sessions_ends(const hg_sessions *sessions, const char *secret, gint64 *ret_ms);
/* That session, or all of its name: how many ended. */
guint hg_sessions_end(hg_sessions *sessions, const char *secret, gboolean everywhere);

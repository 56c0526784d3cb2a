/* sessions.c - links and sessions of the console */
#include "sessions.h"

#include <string.h>

#include "fail.h"
#include "text.h"

#define SECRET_BYTES 32
#define HASH_SIZE 32

#define VIEWER (HG_SCOPE_READ | HG_SCOPE_REPORT)
#define OPERATOR (VIEWER | HG_SCOPE_REPLY | HG_SCOPE_START | HG_SCOPE_CONVERT | HG_SCOPE_LINK | HG_SCOPE_CONTACTS | \
		  HG_SCOPE_OPERATE | HG_SCOPE_AUDIT)

static const struct role {
	const char *name;
	guint32 scopes;
} roles[] = { { "viewer", VIEWER }, { "operator", OPERATOR }, { "admin", HG_SCOPE_ALL } };

struct entry {
	guint8 hash[HASH_SIZE];		/* of the secret */
	const struct hg_principal *who;	/* ours */
	gint64 made_ms, used_ms;	/* monotonic: a clock that jumps signs nobody in or out */
};

struct hg_sessions {
	struct hg_env *env;
	GPtrArray *links, *open;	/* of struct entry */
};

/* Ends what goes on for it: streams notice. */
static void entry_free(gpointer p)
{
	struct entry *entry = p;

	hg_principal_end(entry->who);
	hg_principal_unref(entry->who);
	g_free(entry);
}

hg_sessions *hg_sessions_new(struct hg_env *env)
{
	hg_sessions *sessions = g_new0(hg_sessions, 1);

	sessions->env = env;
	sessions->links = g_ptr_array_new_with_free_func(entry_free);
	sessions->open = g_ptr_array_new_with_free_func(entry_free);
	return sessions;
}

void hg_sessions_free(hg_sessions *sessions)
{
	if (!sessions)
		return;
	g_ptr_array_unref(sessions->links);
	g_ptr_array_unref(sessions->open);
	g_free(sessions);
}

/* ---- roles ---- */

guint32 hg_role_scopes(const char *role)
{
	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
		if (strcmp(role, roles[i].name) == 0)
			return roles[i].scopes;
	return 0;
}

const char *hg_role_of(guint32 scopes)
{
	for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
		if (scopes == roles[i].scopes)
			return roles[i].name;
	return "";
}

/* ---- entries ---- */

static gboolean is_over(const hg_sessions *sessions, const struct entry *entry, gboolean link)
{
	gint64 now_ms = hg_mono(sessions->env);

	return link ? now_ms - entry->made_ms >= HG_SESSION_LINK_MS
		    : now_ms - entry->used_ms >= HG_SESSION_IDLE_MS || now_ms - entry->made_ms >= HG_SESSION_LIFE_MS;
}

static void sweep(hg_sessions *sessions, GPtrArray *list)
{
	for (guint i = list->len; i > 0; i--)
		if (is_over(sessions, g_ptr_array_index(list, i - 1), list == sessions->links))
			g_ptr_array_remove_index(list, i - 1);
}

/* All are compared whichever fits, and their hashes, so that time tells nothing.  Their number, or -1. */
static gint find(const GPtrArray *list, const char *secret)
{
	guint8 hash[HASH_SIZE];
	gint found = -1;

	hg_sha256(secret, strlen(secret), hash);
	for (guint i = 0; i < list->len; i++) {
		const struct entry *entry = g_ptr_array_index(list, i);

		if (hg_equal_secret(entry->hash, sizeof(entry->hash), hash, sizeof(hash)))
			found = (gint)i;
	}
	return found;
}

/* The secret, yours.  Takes who. */
static char *add(hg_sessions *sessions, GPtrArray *list, const struct hg_principal *who)
{
	struct entry *entry = g_new0(struct entry, 1);
	guint8 bytes[SECRET_BYTES];
	char *secret;

	sessions->env->random(sessions->env, bytes, sizeof(bytes));
	secret = hg_base64(bytes, sizeof(bytes), TRUE);
	hg_sha256(secret, strlen(secret), entry->hash);
	entry->who = who;
	entry->made_ms = entry->used_ms = hg_mono(sessions->env);
	g_ptr_array_add(list, entry);
	return secret;
}

static const struct hg_principal *principal_as(const char *name, guint32 scopes)
{
	struct hg_principal *who = hg_principal_new(name, scopes, NULL);

	who->capacity = g_strdup(hg_role_of(scopes));
	return who;
}

/* ---- links ---- */

char *hg_sessions_invite(hg_sessions *sessions, const char *name, guint32 scopes, GError **error)
{
	g_autofree char *principal = g_strconcat("console:", name, NULL);

	sweep(sessions, sessions->links);
	if (sessions->links->len >= HG_SESSION_LINKS_MAX) {
		hg_fail(error, HG_ERROR_LIMIT, "%d links wait to be used already; they end after %d minutes",
			HG_SESSION_LINKS_MAX, HG_SESSION_LINK_MS / 60000);
		return NULL;
	}
	return add(sessions, sessions->links, principal_as(principal, scopes));
}

static void make_room(hg_sessions *sessions)
{
	guint oldest = 0;

	sweep(sessions, sessions->open);
	if (sessions->open->len < HG_SESSIONS_MAX)
		return;
	for (guint i = 1; i < sessions->open->len; i++) {
		const struct entry *a = g_ptr_array_index(sessions->open, oldest), *b = g_ptr_array_index(sessions->open, i);

		if (b->used_ms < a->used_ms)
			oldest = i;
	}
	g_ptr_array_remove_index(sessions->open, oldest);
}

char *hg_sessions_open(hg_sessions *sessions, const char *secret, const struct hg_principal **ret_who, GError **error)
{
	const struct hg_principal *of;
	gint at;

	sweep(sessions, sessions->links);
	at = find(sessions->links, secret);
	if (at < 0) {
		hg_fail(error, HG_ERROR_DENIED, "this link was used already, or is older than %d minutes; headgatectl console "
			"makes another", HG_SESSION_LINK_MS / 60000);
		return NULL;
	}
	make_room(sessions);
	of = ((const struct entry *)g_ptr_array_index(sessions->links, (guint)at))->who;
	*ret_who = principal_as(of->name, of->scopes);	/* the link's own ends with the link */
	g_ptr_array_remove_index(sessions->links, (guint)at);
	return add(sessions, sessions->open, *ret_who);
}

/* ---- sessions ---- */

static struct entry *session(const hg_sessions *sessions, const char *secret)
{
	gint at = find(sessions->open, secret);
	struct entry *entry = at < 0 ? NULL : g_ptr_array_index(sessions->open, (guint)at);

	return entry && !is_over(sessions, entry, FALSE) ? entry : NULL;
}

const struct hg_principal *hg_sessions_find(hg_sessions *sessions, const char *secret)
{
	struct entry *entry = session(sessions, secret);

	if (!entry)
		return NULL;
	entry->used_ms = hg_mono(sessions->env);
	return entry->who;
}

gboolean hg_sessions_ends(const hg_sessions *sessions, const char *secret, gint64 *ret_ms)
{
	const struct entry *entry = session(sessions, secret);

	if (entry)
		*ret_ms = hg_now(sessions->env) - hg_mono(sessions->env) +
			  MIN(entry->used_ms + HG_SESSION_IDLE_MS, entry->made_ms + HG_SESSION_LIFE_MS);
	return entry != NULL;
}

guint hg_sessions_end(hg_sessions *sessions, const char *secret, gboolean everywhere)
{
	gint at = find(sessions->open, secret);
	g_autofree char *name = NULL;
	guint ended = 0;

	if (at < 0)
		return 0;
	if (!everywhere) {
		g_ptr_array_remove_index(sessions->open, (guint)at);
		return 1;
	}
	name = g_strdup(((const struct entry *)g_ptr_array_index(sessions->open, (guint)at))->who->name);
	for (guint i = sessions->open->len; i > 0; i--) {
		const struct entry *entry = g_ptr_array_index(sessions->open, i - 1);

		if (strcmp(entry->who->name, name) == 0) {
			g_ptr_array_remove_index(sessions->open, i - 1);
			ended++;
		}
	}
	return ended;
}

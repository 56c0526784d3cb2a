/* principal.c - what somebody may do, and whether he still may */
#include "principal.h"

#include <string.h>

static const char *const words[HG_SCOPES] = {
	"read", "report", "reply", "start", "convert", "link", "contacts", "erase", "operate", "audit", "backup", "admin"
};

const char *hg_scope_word(guint32 scope)
{
	for (guint i = 0; i < HG_SCOPES; i++)
		if (scope == 1U << i)
			return words[i];
	return "none";
}

guint32 hg_scope_of_word(const char *word)
{
	for (guint i = 0; i < HG_SCOPES; i++)
		if (strcmp(words[i], word) == 0)
			return 1U << i;
	return 0;
}

guint32 hg_scopes_of_words(const char *const *list)
{
	guint32 scopes = 0;

	for (; list && *list; list++)
		scopes |= hg_scope_of_word(*list);
	return scopes;
}

#define VIEWER (HG_SCOPE_READ | HG_SCOPE_REPORT)
#define OPERATOR (VIEWER | HG_SCOPE_REPLY | HG_SCOPE_START | HG_SCOPE_CONVERT | HG_SCOPE_LINK | HG_SCOPE_CONTACTS | \
		  HG_SCOPE_OPERATE | HG_SCOPE_AUDIT)

static const struct role {
	const char *name;
	guint32 scopes;
} roles[] = { { "viewer", VIEWER }, { "operator", OPERATOR }, { "admin", HG_SCOPE_ALL } };

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

gboolean hg_scope_allows(guint32 has, guint32 wanted)
{
	if (has & HG_SCOPE_ADMIN)
		return TRUE;
	if (has & HG_SCOPE_READ)
		has |= HG_SCOPE_REPORT;
	return wanted && (has & wanted) == wanted;
}

struct hg_principal *hg_principal_new(const char *name, guint32 scopes, const char *const *channels)
{
	struct hg_principal *principal = g_new0(struct hg_principal, 1);

	principal->name = g_strdup(name);
	principal->scopes = scopes;
	principal->channels = g_strdupv((char **)channels);
	g_atomic_ref_count_init(&principal->refs);
	return principal;
}

const struct hg_principal *hg_principal_ref(const struct hg_principal *principal)
{
	g_atomic_ref_count_inc(&((struct hg_principal *)principal)->refs);
	return principal;
}

void hg_principal_unref(const struct hg_principal *principal)
{
	struct hg_principal *last = (struct hg_principal *)principal;

	if (!last || !g_atomic_ref_count_dec(&last->refs))
		return;
	g_free(last->name);
	g_free(last->capacity);
	g_strfreev(last->channels);
	g_free(last);
}

void hg_principal_put_off(const struct hg_principal *principal, gint64 expires_ms)
{
	__atomic_store_n(&((struct hg_principal *)principal)->expires_ms, expires_ms, __ATOMIC_RELAXED);
}

void hg_principal_end(const struct hg_principal *principal)
{
	g_atomic_int_set(&((struct hg_principal *)principal)->over, TRUE);
}

gboolean hg_principal_holds(const struct hg_principal *principal, gint64 now_ms)
{
	gint64 expires_ms = __atomic_load_n(&principal->expires_ms, __ATOMIC_RELAXED);

	return !g_atomic_int_get(&principal->over) && (!expires_ms || now_ms < expires_ms);
}

gboolean hg_principal_sees(const struct hg_principal *principal, const char *channel)
{
	const char *const *channels = (const char *const *)principal->channels;

	return !channels || (channel && g_strv_contains(channels, channel));
}

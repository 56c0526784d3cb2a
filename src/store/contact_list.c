/* contact_list.c - finding people: by what their addresses begin with, or by words of their names
 *
 * An index of names would be paid for with every message; going through a hundred thousand contacts is a matter of some
 * tens of milliseconds, and a caller who wants more asks for the next page. */
#include "late.h"
#include "people.h"
#include "text.h"

#include <string.h>

#define WORDS_MAX 8

struct looking {
	const struct hg_contact_query *query;
	char *words[WORDS_MAX + 1];	/* folded; ours */
};

static void looking_init(struct looking *looking, const struct hg_contact_query *query)
{
	g_autofree char *folded = query->words ? hg_text_folded(query->words) : NULL;
	g_auto(GStrv) words = folded ? g_strsplit_set(folded, " \t\r\n", -1) : NULL;
	guint n = 0;

	*looking = (struct looking){ .query = query };
	for (char **word = words; word && *word && n < WORDS_MAX; word++)
		if (**word)
			looking->words[n++] = g_strdup(*word);
}

static void looking_done(struct looking *looking)
{
	for (char **word = looking->words; *word; word++)
		g_free(*word);
}

/* Of a name, a user name or the fields: the last as JSON, which is what an external id stands in. */
static gboolean has(const char *folded, const char *word)
{
	return folded && strstr(folded, word) != NULL;
}

static char *folded_column(hg_stmt *stmt, int column)
{
	gsize len;
	const char *text = hg_stmt_text(stmt, column, &len);

	return text ? hg_text_folded(text) : NULL;
}

enum { N, NAME, USERNAME, EXTERNAL_ID };

static gboolean suits(const struct looking *looking, hg_stmt *stmt)
{
	g_autofree char *name = NULL, *username = NULL, *external = NULL;

	if (!looking->words[0])
		return TRUE;
	name = folded_column(stmt, NAME);
	username = folded_column(stmt, USERNAME);
	external = folded_column(stmt, EXTERNAL_ID);
	for (char *const *word = looking->words; *word; word++)
		if (!has(name, *word) && !has(username, *word) && !has(external, *word))
			return FALSE;
	return TRUE;
}

/* Numbers only: what is read of each depends on what is in the rows that were written in this turn, too. */
static gboolean find(hg_store *store, const struct looking *looking, GArray *found, gint64 *ret_next_n, GError **error)
{
	static const struct hg_sql list = { HG_SQL_CONTACT_LIST,
		"SELECT n, name, username, CASE WHEN fields LIKE '%external_id%' THEN json_extract(fields, '$.external_id') END "
		"FROM contact WHERE n < $1 AND merged_into IS NULL AND erased_ms = 0 AND ($2 = 0 OR conflicted = 1) ORDER BY n DESC", 0, NULL };
	const struct hg_contact_query *query = looking->query;
	hg_stmt *stmt = hg_stmt_open(store, &list, HG_BIND(HG_I(query->before_n ? query->before_n : G_MAXINT64),
							   HG_I(query->conflicted)), error);
	guint looked = 0;
	int more = -1;

	*ret_next_n = 0;
	while (stmt && (more = hg_stmt_next(stmt, error)) > 0) {
		gint64 n = hg_stmt_int(stmt, N);

		if (suits(looking, stmt))
			g_array_append_val(found, n);
		if (++looked < HG_CONTACTS_LOOKED && found->len < query->limit)
			continue;
		*ret_next_n = n;
		hg_stmt_end(stmt);
		return TRUE;
	}
	return more == 0;
}

gboolean hg_store_contact_list(hg_store *store, hg_arena *arena, const struct hg_contact_query *query, GPtrArray *ret,
			       gint64 *ret_next_n, GError **error)
{
	g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(gint64));
	struct looking looking;
	gboolean ok;

	looking_init(&looking, query);
	ok = find(store, &looking, found, ret_next_n, error);
	looking_done(&looking);
	for (guint i = 0; ok && i < found->len; i++) {
		hg_contact *contact = NULL;

		ok = hg_store_contact_get(store, arena, g_array_index(found, gint64, i), &contact, error);
		if (ok && contact)
			g_ptr_array_add(ret, contact);
	}
	return ok;
}

/* ---- addresses ---- */

/* What a scheme is, with what tells that it is only claimed: "tel:", "claimed:mailto:". */
static gsize scheme_len(const char *uri)
{
	static const char *const marks[] = { "claimed:", "failed:" };
	gsize len = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		if (g_str_has_prefix(uri + len, marks[i]))
			len += strlen(marks[i]);
	return len + strcspn(uri + len, ":") + 1;
}

gboolean hg_store_alias_schemes(hg_store *store, hg_arena *arena, GPtrArray *ret, GError **error)
{
	static const struct hg_sql next = { HG_SQL_ALIAS_NEXT, "SELECT uri FROM address WHERE uri >= $1 ORDER BY uri LIMIT 1",
					    0, NULL };
	const char *from = "", *uri;

	while (ret->len < HG_SCHEMES_MAX) {
		char *scheme;

		if (!hg_sql_text(store, &next, HG_BIND(HG_T(from)), arena, &uri, error))
			return FALSE;
		if (!uri)
			return TRUE;
		scheme = hg_arena_mem(arena, uri, MIN(scheme_len(uri), strlen(uri)));
		g_ptr_array_add(ret, scheme);
		/* The first that comes behind all that begin with it. */
		scheme = hg_arena_str(arena, scheme);
		scheme[strlen(scheme) - 1]++;
		from = scheme;
	}
	return TRUE;
}

gboolean hg_store_alias_begin(hg_store *store, hg_arena *arena, const char *prefix, const char *after, guint limit,
			      GPtrArray *ret, GError **error)
{
	static const struct hg_sql begin = { HG_SQL_ALIAS_BEGIN, "SELECT uri FROM address WHERE uri >= $1 AND uri < $2 AND "
					     "uri > $3 AND channel = '' ORDER BY uri LIMIT $4", 0, NULL };
	g_autofree char *end = g_strconcat(prefix, "\xf4\x8f\xbf\xbf", NULL);	/* the last character there is */
	g_autoptr(GPtrArray) uris = g_ptr_array_new_with_free_func(g_free);
	hg_stmt *stmt = hg_stmt_open(store, &begin, HG_BIND(HG_T(prefix), HG_T(end), HG_T(after ?: ""), HG_I(limit)), error);
	int more = -1;
	gsize len;

	while (stmt && (more = hg_stmt_next(stmt, error)) > 0)
		g_ptr_array_add(uris, g_strdup(hg_stmt_text(stmt, 0, &len)));
	for (guint i = 0; more == 0 && i < uris->len; i++) {
		hg_alias *alias = NULL;

		if (!hg_store_alias_find(store, arena, uris->pdata[i], &alias, error))
			return FALSE;
		if (alias)
			g_ptr_array_add(ret, alias);
	}
	return more == 0;
}

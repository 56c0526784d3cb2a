/* http_like.c - plain answers, read by a pattern: "ERR: {code}, {text}" */
#include "described.h"

#include <string.h>

/* At a brace: the name in it; *at is moved behind. */
static char *read_name(const char **at)
{
	const char *end = strchr(*at, '}');
	char *name = g_strndup(*at + 1, (gsize)(end - *at - 1));

	*at = end + 1;
	return name;
}

/* The literal at *at, which is moved to the next brace or the end. */
static char *read_literal(const char **at)
{
	gsize len = strcspn(*at, "{");
	char *literal = g_strndup(*at, len);

	*at += len;
	return literal;
}

/* One {name}, up to where the next literal stands first; at the end of the pattern the rest.  NULL: it stands nowhere. */
static const char *take(const char **pattern, const char *text, GHashTable *ret)
{
	char *name = read_name(pattern);
	g_autofree char *literal = read_literal(pattern);
	const char *end = *literal ? (**pattern ? strstr(text, literal) : g_strrstr(text, literal)) : text + strlen(text);
	gsize len = strlen(literal);

	/* What the pattern ends with, the text must end with. */
	if (end && !**pattern && end[len])
		end = NULL;
	if (end && ret && *name)
		g_hash_table_replace(ret, g_steal_pointer(&name), g_strstrip(g_strndup(text, (gsize)(end - text))));
	g_free(name);
	return end ? end + len : NULL;
}

gboolean ht_like(const char *pattern, const char *text, GHashTable *ret)
{
	g_autofree char *stripped = g_strstrip(g_strdup(text)), *literal = read_literal(&pattern);
	const char *at = stripped;

	if (!g_str_has_prefix(at, literal))
		return FALSE;
	at += strlen(literal);
	while (at && *pattern)
		at = take(&pattern, at, ret);
	return at && !*at;
}

char *ht_like_name(const char *pattern, const char **ret_why)
{
	g_autofree char *found = NULL;

	*ret_why = NULL;
	for (const char *at = strchr(pattern, '{'); at && !*ret_why; at = strchr(at, '{')) {
		gsize len = strcspn(at + 1, "{}");
		g_autofree char *name = g_strndup(at + 1, len);

		if (at[1 + len] != '}')
			*ret_why = "has a { without its }";
		else if (at[len + 2] == '{')
			*ret_why = "has two of its names with nothing between them";
		else if (*name && found)
			*ret_why = "has two names, and one value is wanted here: {} is anything";
		else if (*name)
			found = g_steal_pointer(&name);
		at += len + 1;
	}
	if (!*ret_why && !found)
		*ret_why = "has no name for what is wanted: {id}";
	return *ret_why ? NULL : g_steal_pointer(&found);
}

/* search_words.c - what is asked, as the index understands it: words, "phrases", pre*, -not */
#include "search_made.h"

#include <string.h>

struct words {
	GString *wanted, *unwanted;
	guint terms;
};

/* A term that has nothing to look for (only signs) says nothing. */
static gboolean has_letters(const char *text, gsize len)
{
	for (const char *at = text; at < text + len; at = g_utf8_next_char(at)) {
		gunichar c = g_utf8_get_char(at);

		if (g_unichar_isalnum(c) || g_unichar_ismark(c) || g_unichar_type(c) == G_UNICODE_PRIVATE_USE)
			return TRUE;
	}
	return FALSE;
}

/* In quotes nothing has a meaning but quotes, and there are none left in it. */
static void add_term(struct words *words, const char *text, gsize len, gboolean prefix, gboolean unwanted)
{
	GString *out = unwanted ? words->unwanted : words->wanted;

	if (!has_letters(text, len))
		return;
	words->terms++;
	if (out->len)
		g_string_append(out, unwanted ? " OR " : " AND ");
	g_string_append_c(out, '"');
	g_string_append_len(out, text, (gssize)len);
	g_string_append(out, prefix ? "\" *" : "\"");
}

/* One term from at on; where it ends. */
static const char *take_term(struct words *words, const char *at)
{
	gboolean unwanted = *at == '-', quoted;
	const char *end;
	gsize len;

	at += unwanted;
	quoted = *at == '"';
	at += quoted;
	len = strcspn(at, quoted ? "\"" : " \t\r\n\"");
	end = at + len;
	if (quoted) {
		gboolean star = *end && end[1] == '*';

		add_term(words, at, len, star, unwanted);
		return *end ? end + 1 + star : end;
	}
	add_term(words, at, len, len && at[len - 1] == '*', unwanted);
	return end;
}

gboolean hg_search_words(const char *q, GString *ret, GError **error)
{
	g_autoptr(GString) wanted = g_string_new(NULL), unwanted = g_string_new(NULL);
	struct words words = { wanted, unwanted, 0 };

	if (strlen(q) > HG_SEARCH_QUERY_MAX || !g_utf8_validate(q, -1, NULL))
		return hg_fail(error, HG_ERROR_INPUT, "q has more than %d bytes, or is not UTF-8", HG_SEARCH_QUERY_MAX);
	for (const char *at = q + strspn(q, " \t\r\n"); *at; at += strspn(at, " \t\r\n"))
		at = take_term(&words, at);
	if (words.terms > HG_SEARCH_TERMS_MAX)
		return hg_fail(error, HG_ERROR_INPUT, "q has %u words, at most %d are looked for", words.terms, HG_SEARCH_TERMS_MAX);
	if (!wanted->len)
		return hg_fail(error, HG_ERROR_INPUT, "q names no word that could be looked for%s",
			       unwanted->len ? ", only such as must not be there" : "");
	g_string_printf(ret, "(%s)", wanted->str);
	if (unwanted->len)
		g_string_append_printf(ret, " NOT (%s)", unwanted->str);
	return TRUE;
}

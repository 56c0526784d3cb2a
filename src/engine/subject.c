/* subject.c - prefixes, marks and the words between them; one pass over the text, whatever is in it */
#include "subject.h"

#include <string.h>

#define PREFIX_MAX 10		/* bytes of a prefix, without its colon */
#define MARK_MAX   40		/* bytes of a mark */

/* As mail programs write them; small letters.  Several languages share one. */
static const char *const answers[] = {
	"re", "aw", "antw", "sv", "vs", "ref", "res", "rif", "r", "odp", "ynt", "vá", "atb", "bls", "ha", "\xce\x91\xcf\x80",
	"\xd0\xbe\xd1\x82\xd0\xb2", "\xe5\x9b\x9e\xe5\xa4\x8d", "\xe5\x9b\x9e\xe8\xa6\x86", "\xeb\x8b\xb5\xec\x9e\xa5", NULL
};
static const char *const forwards[] = {
	"fwd", "fw", "wg", "tr", "rv", "enc", "vb", "vl", "vid", "doorst", "pd", "i", "fs", "iletme", "\xd0\xbf\xd0\xb5\xd1\x80",
	"\xe8\xbd\xac\xe5\x8f\x91", "\xe8\xbd\x89\xe5\xaf\x84", "\xec\xa0\x84\xeb\x8b\xac", NULL
};

static const char *skip_blank(const char *at)
{
	while (*at && g_unichar_isspace(g_utf8_get_char(at)))
		at = g_utf8_next_char(at);
	return at;
}

/* "[2]", "(2)", "^2" of "Re[2]:". */
static const char *skip_count(const char *at)
{
	const char *from = at;
	char end = *at == '[' ? ']' : *at == '(' ? ')' : 0;

	if (!end && *at != '^')
		return at;
	at += 1 + strspn(at + 1, "0123456789");
	if (at == from + 1)
		return from;
	return !end ? at : *at == end ? at + 1 : from;
}

/* Behind the colon; NULL: it does not begin with one of these. */
static const char *skip_prefix(const char *at, const char *const *words)
{
	static const char wide_colon[] = "\xef\xbc\x9a";
	g_autofree char *word = NULL, *small = NULL;
	gsize len = strcspn(at, ":[(^ \xef");

	if (!len || len > PREFIX_MAX)
		return NULL;
	word = g_strndup(at, len);
	small = g_utf8_strdown(word, -1);
	if (!g_strv_contains(words, small))
		return NULL;
	at = skip_count(at + len);
	at += strspn(at, " ");
	if (*at == ':')
		return at + 1;
	return g_str_has_prefix(at, wide_colon) ? at + strlen(wide_colon) : NULL;
}

static gboolean is_mark(const char *at, gsize *ret_len)
{
	gsize len = *at == '[' ? strcspn(at + 1, "[]") : 0;

	*ret_len = len + 2;
	return len && len <= MARK_MAX && at[1 + len] == ']' && strcspn(at + 1, "0123456789") < len;
}

char *hg_subject_mark(const char **at)
{
	gsize len;

	for (; (*at = strchr(*at, '[')); (*at)++)
		if (is_mark(*at, &len)) {
			const char *mark = *at + 1;

			*at += len;
			return g_strndup(mark, len - 2);
		}
	return NULL;
}

static const char *skip_head(const char *at)
{
	const char *next;
	gsize len;

	for (;;) {
		at = skip_blank(at);
		next = skip_prefix(at, answers);
		if (!next)
			next = skip_prefix(at, forwards);
		if (!next && is_mark(at, &len))
			next = at + len;
		if (!next)
			return at;
		at = next;
	}
}

char *hg_subject_plain(const char *subject)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *folded = NULL;
	gsize len;

	for (const char *at = skip_head(subject ? subject : ""); *at;) {
		const char *next = skip_blank(at);

		if (next != at && *next && out->len && out->str[out->len - 1] != ' ')
			g_string_append_c(out, ' ');
		at = next;
		if (is_mark(at, &len)) {
			at += len;
		} else if (*at) {
			next = g_utf8_next_char(at);
			g_string_append_len(out, at, next - at);
			at = next;
		}
	}
	folded = g_utf8_casefold(g_strstrip(out->str), -1);
	return g_utf8_normalize(folded, -1, G_NORMALIZE_NFKC) ?: g_strdup(folded);
}

gboolean hg_subject_is_forward(const char *subject)
{
	const char *at = skip_blank(subject ? subject : "");
	gsize len;

	while (is_mark(at, &len))
		at = skip_blank(at + len);
	return skip_prefix(at, forwards) != NULL;
}

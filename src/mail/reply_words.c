/* reply_words.c - reply_words.txt as tables: each kind's phrases by their first letter */
#include "reply_words.h"

#include <string.h>

#include "fail.h"
#include "reply_text.h"
#include "reply_words_made.h"	/* static const char reply_words_txt[] */

static const char *const names[REPLY_WORDS] = { "on", "wrote", "quoting", "from", "sent", "to", "cc", "subject", "original",
	"forwarded", "device", "legal" };

struct phrase {
	char *text;		/* ours */
	gsize len;
	gboolean anywhere;	/* its script has no spaces: no word's end is asked for */
};

struct hg_reply_words {
	GHashTable *by[REPLY_WORDS];	/* ours: first letter -> GPtrArray of struct phrase, the longest first */
	GHashTable *patterns;		/* ours: first letter, or '*' -> GPtrArray of GStrv, what stands between "*" */
};

void reply_fold(const char *text, gsize len, GString *out)
{
	const char *end = text + len;
	gboolean owed = FALSE, any = FALSE;

	for (const char *p = text; p < end; p = g_utf8_next_char(p)) {
		gunichar c;

		if (*p > ' ' && *p < 0x7f) {	/* most of most mails */
			if (owed)
				g_string_append_c(out, ' ');
			g_string_append_c(out, g_ascii_tolower(*p));
			owed = FALSE;
			any = TRUE;
			continue;
		}
		c = g_utf8_get_char(p);
		if (c == ' ' || c == '\t' || c == 0xa0 || c == 0x202f || c == 0x3000 || (c >= 0x2000 && c <= 0x200a)) {
			owed = any;
			continue;
		}
		if (c < 32 || c == 0xad || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
		    (c >= 0x2060 && c <= 0x2069) || c == 0xfeff)
			continue;
		if (c >= 0xff01 && c <= 0xff5e)
			c -= 0xfee0;
		else if (c == 0x2019)
			c = '\'';
		if (owed)
			g_string_append_c(out, ' ');
		if (c < 128)
			g_string_append_c(out, g_ascii_tolower((char)c));
		else
			g_string_append_unichar(out, g_unichar_tolower(c));
		owed = FALSE;
		any = TRUE;
	}
}

static gboolean is_letter(gunichar c)
{
	return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

/* Thai, Chinese, Japanese, and Korean, which hangs its endings on words. */
static gboolean no_spaces(gunichar c)
{
	return (c >= 0xe00 && c < 0xe80) || (c >= 0x2e80 && c < 0xffe0);
}

gsize reply_word_at(const hg_reply_words *words, enum reply_word word, const char *p)
{
	gunichar c = g_utf8_get_char(p);
	GPtrArray *found = c ? g_hash_table_lookup(words->by[word], GUINT_TO_POINTER(c)) : NULL;

	for (guint i = 0; found && i < found->len; i++) {
		const struct phrase *phrase = found->pdata[i];

		if ((phrase->len < 2 || p[1] == phrase->text[1]) && strncmp(p, phrase->text, phrase->len) == 0 &&
		    (phrase->anywhere || !is_letter(g_utf8_get_char(p + phrase->len))))
			return phrase->len;
	}
	return 0;
}

static guint look(const hg_reply_words *words, enum reply_word word, const char *text, const char **ret_end)
{
	gboolean inside = FALSE;
	guint n = 0;

	for (const char *p = text; *p;) {
		gunichar c = g_utf8_get_char(p);
		gsize len = !inside || no_spaces(c) ? reply_word_at(words, word, p) : 0;

		inside = is_letter(c);
		if (!len) {
			p = g_utf8_next_char(p);
			continue;
		}
		n++;
		p += len;
		inside = FALSE;
		if (ret_end)
			*ret_end = p;
	}
	return n;
}

gboolean reply_word_in(const hg_reply_words *words, enum reply_word word, const char *text, const char **ret_end)
{
	return look(words, word, text, ret_end) > 0;
}

guint reply_word_count(const hg_reply_words *words, enum reply_word word, const char *text)
{
	return look(words, word, text, NULL);
}

/* parts: what stands between the "*" of a pattern; empty ones at its ends let anything stand there. */
static gboolean fits(char *const *parts, const char *text)
{
	gsize len = strlen(text);
	const char *p = text, *last;

	if (strncmp(p, parts[0], strlen(parts[0])) != 0)
		return FALSE;
	p += strlen(parts[0]);
	for (guint i = 1; parts[i]; i++) {
		if (!parts[i + 1]) {
			last = text + len - MIN(len, strlen(parts[i]));
			return last >= p && strcmp(last, parts[i]) == 0;
		}
		p = strstr(p, parts[i]);
		if (!p)
			return FALSE;
		p += strlen(parts[i]);
	}
	return *p == '\0';
}

static gboolean fits_any(const hg_reply_words *words, gunichar first, const char *text)
{
	const GPtrArray *found = g_hash_table_lookup(words->patterns, GUINT_TO_POINTER(first));

	for (guint i = 0; found && i < found->len; i++) {
		if (fits(found->pdata[i], text))
			return TRUE;
	}
	return FALSE;
}

gboolean reply_device(const hg_reply_words *words, const char *text)
{
	return fits_any(words, g_utf8_get_char(text), text) || fits_any(words, '*', text);
}

/* ---- reading the file ---- */

static void phrase_free(gpointer data)
{
	struct phrase *phrase = data;

	g_free(phrase->text);
	g_free(phrase);
}

static void free_strv(gpointer data)
{
	g_strfreev(data);
}

static int longest_first(gconstpointer a, gconstpointer b)
{
	const struct phrase *x = *(struct phrase *const *)a, *y = *(struct phrase *const *)b;

	return x->len < y->len ? 1 : x->len > y->len ? -1 : strcmp(x->text, y->text);
}

static GPtrArray *list_of(GHashTable *table, gunichar first, GDestroyNotify free_it)
{
	GPtrArray *list = g_hash_table_lookup(table, GUINT_TO_POINTER(first));

	if (!list) {
		list = g_ptr_array_new_with_free_func(free_it);
		g_hash_table_insert(table, GUINT_TO_POINTER(first), list);
	}
	return list;
}

static void add_phrase(hg_reply_words *words, enum reply_word word, const char *text)
{
	struct phrase *phrase = g_new0(struct phrase, 1);
	gunichar last;

	phrase->text = g_strdup(text);
	phrase->len = strlen(text);
	last = g_utf8_get_char(g_utf8_prev_char(text + phrase->len));
	phrase->anywhere = no_spaces(last) || !is_letter(last);
	g_ptr_array_add(list_of(words->by[word], g_utf8_get_char(text), phrase_free), phrase);
}

static void add_alternatives(hg_reply_words *words, enum reply_word word, const char *list)
{
	g_auto(GStrv) alternatives = g_strsplit(list, "|", -1);

	for (guint i = 0; alternatives[i]; i++) {
		g_autoptr(GString) folded = g_string_new(NULL);

		reply_fold(alternatives[i], strlen(alternatives[i]), folded);
		if (folded->len && word == REPLY_DEVICE)
			g_ptr_array_add(list_of(words->patterns, g_utf8_get_char(folded->str), free_strv),
					g_strsplit(folded->str, "*", -1));
		else if (folded->len)
			add_phrase(words, word, folded->str);
	}
}

static gboolean add_line(hg_reply_words *words, const char *line, GError **error)
{
	const char *equals = strchr(line, '=');
	g_autofree char *name = NULL;

	if (!*line || *line == '#' || *line == '[')
		return TRUE;
	if (!equals)
		return hg_fail(error, HG_ERROR_CONFIG, "\"%s\" has no \"=\"", line);
	name = g_strstrip(g_strndup(line, (gsize)(equals - line)));
	for (guint i = 0; i < REPLY_WORDS; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		add_alternatives(words, (enum reply_word)i, equals + 1);
		return TRUE;
	}
	return hg_fail(error, HG_ERROR_CONFIG, "no kind of word is called \"%s\"", name);
}

static void sort_all(hg_reply_words *words)
{
	for (guint i = 0; i < REPLY_WORDS; i++) {
		GHashTableIter iter;
		gpointer list;

		g_hash_table_iter_init(&iter, words->by[i]);
		while (g_hash_table_iter_next(&iter, NULL, &list))
			g_ptr_array_sort(list, longest_first);
	}
}

hg_reply_words *hg_reply_words_new(GError **error)
{
	g_autoptr(hg_reply_words) words = g_new0(hg_reply_words, 1);
	g_auto(GStrv) lines = g_strsplit(reply_words_txt, "\n", -1);

	for (guint i = 0; i < REPLY_WORDS; i++)
		words->by[i] = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	words->patterns = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
	for (guint i = 0; lines[i]; i++) {
		if (!add_line(words, lines[i], error)) {
			g_prefix_error(error, "reply_words.txt:%u: ", i + 1);
			return NULL;
		}
	}
	sort_all(words);
	return g_steal_pointer(&words);
}

void hg_reply_words_free(hg_reply_words *words)
{
	if (!words)
		return;
	for (guint i = 0; i < REPLY_WORDS; i++)
		g_clear_pointer(&words->by[i], g_hash_table_unref);
	g_clear_pointer(&words->patterns, g_hash_table_unref);
	g_free(words);
}

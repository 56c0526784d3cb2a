/* spoken.c - what somebody wrote, as words that can be compared */
#include "spoken.h"
#include "text.h"

#include <string.h>

/* What people type for a face, as the emoji that lists can name. */
static const struct { const char *typed, *emoji; } smileys[] = {
	{ ":'(", "\xf0\x9f\x98\xa2" },	/* crying */
	{ ":-)", "\xf0\x9f\x99\x82" }, { ":)", "\xf0\x9f\x99\x82" }, { "=)", "\xf0\x9f\x99\x82" },
	{ "(:", "\xf0\x9f\x99\x82" }, { "^^", "\xf0\x9f\x99\x82" }, { "^_^", "\xf0\x9f\x99\x82" },
	{ ";-)", "\xf0\x9f\x98\x89" }, { ";)", "\xf0\x9f\x98\x89" },	/* a wink */
	{ ":-d", "\xf0\x9f\x98\x80" }, { ":d", "\xf0\x9f\x98\x80" },	/* a grin */
	{ ":-p", "\xf0\x9f\x98\x9b" }, { ":p", "\xf0\x9f\x98\x9b" },	/* a tongue */
	{ ":-*", "\xf0\x9f\x98\x98" }, { ":*", "\xf0\x9f\x98\x98" },	/* a kiss */
	{ "<3", "\xe2\x9d\xa4" },					/* a heart */
	{ ":-(", "\xf0\x9f\x99\x81" }, { ":(", "\xf0\x9f\x99\x81" },	/* a frown */
};

struct reading {
	hg_arena *arena;
	GArray *said;		/* of struct hg_spoken_word */
	GString *word;		/* the one that is being read */
	gboolean cut;
};

static gboolean is_apostrophe(gunichar c)
{
	return c == '\'' || c == '`' || c == 0xb4 || c == 0x2bc || c == 0x2018 || c == 0x2019 || c == 0xff07;
}

/* The acute accent alone becomes a blank under NFKC: apostrophes are made one before. */
static char *even_apostrophes(const char *text)
{
	GString *out = g_string_sized_new(strlen(text));

	for (; *text; text = g_utf8_next_char(text)) {
		gunichar c = g_utf8_get_char(text);

		g_string_append_unichar(out, is_apostrophe(c) ? '\'' : c);
	}
	return g_string_free(out, FALSE);
}

/* NFKC and case folding, twice: folding can undo the first. */
static char *folded(const char *text)
{
	g_autofree char *even = NULL, *first = NULL, *low = NULL;

	if (g_str_is_ascii(text)) {
		low = g_ascii_strdown(text, -1);
		g_strdelimit(low, "`", '\'');
		return g_steal_pointer(&low);
	}
	even = even_apostrophes(text);
	first = hg_text_normal(even, G_NORMALIZE_ALL_COMPOSE);
	low = g_utf8_casefold(first, -1);
	return hg_text_normal(low, G_NORMALIZE_ALL_COMPOSE);
}

/* Without accents: the letters of NFKD.  The same text when it has none. */
static const char *bare(hg_arena *arena, const char *word)
{
	g_autofree char *apart = NULL;
	g_autoptr(GString) out = NULL;

	if (g_str_is_ascii(word))
		return word;
	apart = hg_text_normal(word, G_NORMALIZE_ALL);
	out = g_string_new(NULL);
	for (const char *at = apart; *at; at = g_utf8_next_char(at))
		if (!g_unichar_ismark(g_utf8_get_char(at)))
			g_string_append_unichar(out, g_utf8_get_char(at));
	return hg_arena_str(arena, out->len ? out->str : word);
}

static void add_word(struct reading *r, const char *word, gboolean emoji)
{
	struct hg_spoken_word one = { .emoji = emoji };

	if (r->said->len >= HG_SPOKEN_WORDS_MAX) {
		r->cut = TRUE;
		return;
	}
	one.form[HG_SPOKEN_ACCENTS] = hg_arena_str(r->arena, word);
	one.form[HG_SPOKEN_BARE] = bare(r->arena, one.form[HG_SPOKEN_ACCENTS]);
	g_array_append_val(r->said, one);
}

static void end_word(struct reading *r)
{
	if (r->word->len)
		add_word(r, r->word->str, FALSE);
	g_string_truncate(r->word, 0);
}

static gboolean is_emoji(gunichar c)
{
	return c >= 0x2190 && c != 0xfffd && (g_unichar_type(c) == G_UNICODE_OTHER_SYMBOL || (c >= 0x1f000 && c <= 0x1faff)) &&
	       !(c >= 0x1f3fb && c <= 0x1f3ff);	/* skin colours belong to the sign before them */
}

/* How many bytes a smiley at this place takes; 0: there is none. */
static gsize smiley(struct reading *r, const char *at)
{
	if (!strchr(":=(^;<", *at))
		return 0;
	for (gsize i = 0; i < G_N_ELEMENTS(smileys); i++) {
		gsize len = strlen(smileys[i].typed);

		if (strncmp(at, smileys[i].typed, len) != 0 ||
		    (g_ascii_isalnum(at[len - 1]) && g_unichar_isalnum(g_utf8_get_char(at + len))))
			continue;
		end_word(r);
		add_word(r, smileys[i].emoji, TRUE);
		return len;
	}
	return 0;
}

static void add_emoji(struct reading *r, gunichar c)
{
	char text[8] = "";

	text[g_unichar_to_utf8(c, text)] = '\0';
	end_word(r);
	add_word(r, text, TRUE);
}

static void read_char(struct reading *r, gunichar c, const char *next)
{
	if (g_unichar_isalnum(c) || (g_unichar_ismark(c) && r->word->len))
		g_string_append_unichar(r->word, c);
	else if (is_emoji(c))
		add_emoji(r, c);
	else if (g_unichar_type(c) == G_UNICODE_FORMAT || (c == '\'' && r->word->len && g_unichar_isalnum(g_utf8_get_char(next))))
		return;		/* joiners and apostrophes do not part a word */
	else
		end_word(r);
}

/* A run of what most words are made of; how long it is. */
static gsize plain(struct reading *r, const char *at)
{
	gsize len = 0;

	while (g_ascii_isalnum(at[len]))
		len++;
	g_string_append_len(r->word, at, (gssize)len);
	return len;
}

static char *begin_of(const char *text, gboolean *ret_cut)
{
	gsize len = strlen(text);
	const char *end;

	*ret_cut = len > HG_SPOKEN_BYTES_MAX;
	if (!*ret_cut)
		return g_strdup(text);
	end = g_utf8_find_prev_char(text, text + HG_SPOKEN_BYTES_MAX + 1);
	return g_strndup(text, end ? (gsize)(end - text) : 0);
}

void hg_spoken_read(const char *text, hg_arena *arena, struct hg_spoken *ret)
{
	struct reading r = { .arena = arena };
	g_autoptr(GArray) said = g_array_new(FALSE, TRUE, sizeof(struct hg_spoken_word));
	g_autoptr(GString) word = g_string_new(NULL);
	g_autofree char *begin = begin_of(text, &r.cut), *even = folded(begin);

	r.said = said;
	r.word = word;
	for (const char *at = even + plain(&r, even); *at && !(r.cut && said->len >= HG_SPOKEN_WORDS_MAX);
	     at += plain(&r, at)) {
		gsize len = smiley(&r, at);
		const char *next = len ? at + len : g_utf8_next_char(at);

		if (!len)
			read_char(&r, g_utf8_get_char(at), next);
		at = next;
	}
	end_word(&r);
	ret->n = said->len;
	ret->words = hg_arena_mem(arena, said->data, said->len * sizeof(struct hg_spoken_word));
	ret->cut = r.cut;
}

/* answer.c - reads numbers, stars, words and addresses out of what somebody answered
 *
 * In doubt it is no answer: what was asked is asked about once, a request taken for a rating is lost. */
#include "answer.h"

#include <string.h>

#include "text.h"

#define COMMENT_MAX 1000	/* bytes that are kept of one */
#define EMAIL_MAX   254		/* RFC 5321: a path is 256 with its brackets */
#define LOCAL_MAX   64

/* ---- word lists ---- */

static hg_words *built_in(void)
{
	static hg_words *words;
	static gsize made;

	if (g_once_init_enter(&made)) {
		g_autoptr(hg_diag) diag = hg_diag_new();
		g_autoptr(hg_doc) doc = hg_doc_parse("answer_words.c", hg_answer_lists, diag);

		words = doc ? hg_words_read(hg_doc_root(doc), diag) : NULL;
		g_assert(words);
		g_once_init_leave(&made, 1);
	}
	return words;
}

/* 0: there is no such list. */
static guint64 list_bit(const hg_words *words, const char *name)
{
	const char *const *lists = hg_words_lists(words);

	for (guint i = 0; lists[i]; i++)
		if (strcmp(lists[i], name) == 0)
			return G_GUINT64_CONSTANT(1) << i;
	return 0;
}

/* Nothing but entries of these lists and polite words. */
static gboolean only(const hg_words *words, struct hg_spoken *said, guint64 lists)
{
	const struct hg_words_ask ask = {
		.how = HG_WORDS_ONLY, .lists = lists, .fillers = list_bit(words, "polite") | list_bit(words, "thanks") |
		list_bit(words, "greeting"), .langs = G_MAXUINT32,
	};

	if (!lists || said->cut)
		return FALSE;
	hg_words_number(words, said);
	return hg_words_find(words, said, &ask, NULL);
}

static gboolean only_polite(const char *text, hg_arena *arena)
{
	struct hg_spoken said;

	hg_spoken_read(text, arena, &said);
	return only(built_in(), &said, list_bit(built_in(), "polite"));
}

/* ---- ratings ---- */

static gboolean by_words(const char *text, int scale, hg_arena *arena, struct hg_answer *ret)
{
	static const char *const lists[] = { "s1", "s2", "s3", "s4", "s5" };
	hg_words *words = built_in();
	struct hg_spoken said;

	hg_spoken_read(text, arena, &said);
	for (int i = G_N_ELEMENTS(lists) - 1; i >= 0; i--) {
		if ((scale == HG_SCALE_THUMBS && i == 2) || !only(words, &said, list_bit(words, lists[i])))
			continue;
		*ret = (struct hg_answer){ .score = scale == HG_SCALE_5 ? i + 1 : i > 2, .pure = TRUE };
		return TRUE;
	}
	return scale == HG_SCALE_THUMBS && hg_answer_yes_no(text, NULL, arena, ret);
}

static const char *skip_blanks(const char *at)
{
	while (g_unichar_isspace(g_utf8_get_char(at)))
		at = g_utf8_next_char(at);
	return at;
}

static gboolean is_star(gunichar c)
{
	return c == 0x2b50 || c == 0x1f31f || c == 0x2605 || c == '*';
}

/* A sign that only colours the one before it. */
static gboolean is_mark(gunichar c)
{
	return c == 0xfe0f || c == 0x20e3;
}

/* How many stars stand at the beginning; *ret_end is behind them. */
static int stars(const char *text, const char **ret_end)
{
	int n = 0;

	for (; is_star(g_utf8_get_char(text)) || (n && is_mark(g_utf8_get_char(text))); text = g_utf8_next_char(text))
		n += is_star(g_utf8_get_char(text));
	*ret_end = text;
	return n;
}

/* "out of 5", "von 5", "/5": *of is 5.  at stays where there is none. */
static const char *skip_scale(const char *at, int *ret_of)
{
	static const char *const of[] = { "/", "out of", "of", "von", "aus", "de", "sur", "su", "van", "em" };
	const char *from = skip_blanks(at), *end;

	for (gsize i = 0; i < G_N_ELEMENTS(of); i++) {
		if (g_ascii_strncasecmp(from, of[i], strlen(of[i])) != 0)
			continue;
		end = skip_blanks(from + strlen(of[i]));
		if (strncmp(end, "10", 2) == 0)
			*ret_of = 10;
		else if (*end == '5')
			*ret_of = 5;
		else
			continue;
		end += *ret_of == 10 ? 2 : 1;
		return g_ascii_isdigit(*end) ? at : end;
	}
	return at;
}

/* "stars" and what it is called elsewhere; at stays where there is none. */
static const char *skip_unit(const char *at)
{
	static const char *const units[] = { "stars", "star", "sterne", "stern", "estrellas", "estrella", "étoiles",
		"étoile", "etoiles", "etoile", "estrelas", "estrela", "stelle", "stella", "sterren", "ster", "points",
		"punkte", "puntos", "pontos", "punti", "punten", "⭐", "🌟", "★", "*" };
	const char *from = skip_blanks(at);

	for (gsize i = 0; i < G_N_ELEMENTS(units); i++) {
		gsize len = strlen(units[i]);

		if (g_ascii_strncasecmp(from, units[i], len) == 0 && !g_unichar_isalpha(g_utf8_get_char(from + len)))
			return from + len;
	}
	return at;
}

/* A number from 1 to 5 (to 10 when it says so); 0: none.  *ret_end is behind all that belongs to it. */
static int number(const char *text, const char **ret_end)
{
	int n = g_ascii_isdigit(*text) ? *text++ - '0' : 0, of = 5;

	if (n == 1 && *text == '0') {
		n = 10;
		text++;
	}
	if (g_ascii_isdigit(*text) || ((*text == '.' || *text == ',') && g_ascii_isdigit(text[1])))
		return 0;	/* 12, 4.5: some other number */
	while (is_mark(g_utf8_get_char(text)))
		text = g_utf8_next_char(text);
	*ret_end = skip_unit(skip_scale(text, &of));
	if (n < 1 || n > of)
		return 0;
	return of == 10 ? (n + 1) / 2 : n;
}

/* What stands behind the score says something of its own only when a sign or a line parts them: "2 parcels
 * are missing" is no 2. */
static gboolean read_rest(const char *rest, hg_arena *arena, struct hg_answer *ret)
{
	const char *at = skip_blanks(rest);
	gboolean parted = memchr(rest, '\n', (gsize)(at - rest)) != NULL;
	g_autofree char *comment = NULL;

	for (; *at && (strchr(",.;:!-()", *at) || g_unichar_type(g_utf8_get_char(at)) == G_UNICODE_DASH_PUNCTUATION);
	     at = skip_blanks(g_utf8_next_char(at)))
		parted = TRUE;
	ret->pure = !*at || only_polite(at, arena);
	if (ret->pure)
		return TRUE;
	comment = hg_text_valid(at, -1, COMMENT_MAX);
	ret->comment = hg_arena_str(arena, g_strchomp(comment));
	return parted;
}

gboolean hg_answer_rating(const char *text, int scale, hg_arena *arena, struct hg_answer *ret)
{
	const char *at = skip_blanks(text), *end = at;

	*ret = (struct hg_answer){ 0 };
	if (!*at)
		return FALSE;
	if (scale == HG_SCALE_5) {
		ret->score = stars(at, &end);
		ret->score = ret->score > 5 ? 0 : ret->score;
		if (!ret->score)
			ret->score = number(at, &end);
		if (ret->score && read_rest(end, arena, ret))
			return TRUE;
		*ret = (struct hg_answer){ 0 };
	}
	return by_words(text, scale, arena, ret);
}

/* ---- yes and no ---- */

gboolean hg_answer_yes_no(const char *text, const hg_words *more, hg_arena *arena, struct hg_answer *ret)
{
	static const char *const lists[] = { "no", "yes" };
	hg_words *words = built_in();
	struct hg_spoken said;

	*ret = (struct hg_answer){ .pure = TRUE };
	hg_spoken_read(text, arena, &said);
	for (int i = G_N_ELEMENTS(lists) - 1; i >= 0; i--)
		if (only(words, &said, list_bit(words, lists[i]))) {
			ret->score = i;
			return TRUE;
		}
	ret->score = 1;
	return more && only(more, &said, list_bit(more, "resolved") | list_bit(more, "confirm"));
}

/* ---- e-mail addresses ---- */

static gboolean is_domain(const char *text)
{
	g_auto(GStrv) labels = g_strsplit(text, ".", -1);
	guint n = g_strv_length(labels);

	for (guint i = 0; i < n; i++) {
		gsize len = strlen(labels[i]);

		if (!len || len > 63 || labels[i][0] == '-' || labels[i][len - 1] == '-' ||
		    strspn(labels[i], "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
			return FALSE;
	}
	/* The last one is a word: 10.0.0.1 is no domain. */
	return n >= 2 && strlen(labels[n - 1]) >= 2 && !g_ascii_isdigit(labels[n - 1][0]);
}

/* One address as people write them: nothing quoted, no comments, no address literals. */
static char *email_of(const char *word)
{
	static const char local[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~-.";
	const char *at = strchr(word, '@');
	gsize len = at ? (gsize)(at - word) : 0;
	g_autofree char *domain = at ? g_ascii_strdown(at + 1, -1) : NULL;

	if (!len || len > LOCAL_MAX || strlen(word) > EMAIL_MAX || strspn(word, local) != len || word[0] == '.' ||
	    word[len - 1] == '.' || g_strstr_len(word, (gssize)len, "..") || !is_domain(domain))
		return NULL;
	return g_strdup_printf("%.*s@%s", (int)len, word, domain);
}

const char *hg_answer_email(const char *text, hg_arena *arena, gboolean *ret_pure)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t\r\n<>()[],;:\"", -1);
	g_autoptr(GString) rest = g_string_new(NULL);
	const char *found = NULL;

	*ret_pure = FALSE;
	for (char **word = words; *word; word++) {
		g_autofree char *bare = g_strdup(*word), *email = NULL;

		while (*bare && strchr(".!?'", bare[strlen(bare) - 1]))
			bare[strlen(bare) - 1] = '\0';
		email = email_of(bare);
		if (email && found && strcmp(found, email) != 0)
			return NULL;	/* which of them? */
		if (email)
			found = hg_arena_str(arena, email);
		else if (strcmp(*word, "mailto") != 0)
			g_string_append_printf(rest, "%s ", *word);
	}
	*ret_pure = found && (!*skip_blanks(rest->str) || only_polite(rest->str, arena));
	return found;
}

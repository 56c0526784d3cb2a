/* rules_words_find.c - looks for entries of word lists in what somebody said
 *
 * At each word the longest entry counts; it is found by walking the tree, HG_WORDS_LONG_MAX steps at
 * most.  So the cost of a question is words times languages, whatever a stranger writes. */
#include "rules_words_made.h"

#define SHOWN_MAX 8		/* entries that a trace names */

struct search {
	const hg_words *words;
	const struct hg_spoken *said;
	const struct hg_words_ask *ask;
	GString *got;			/* or NULL */
	guint shown;
};

struct hit {
	const struct hg_words_mark *mark;	/* NULL: there is none */
	guint n;				/* words */
};

/* ---- numbers of words ---- */

/* Runs of at least three of a letter as so many of it: "heyyyy" as "hey", "gooood" as "good". */
static guint id_of_drawl(const hg_words *words, enum hg_spoken_form form, const char *word, guint keep)
{
	g_autoptr(GString) out = g_string_new(NULL);
	gboolean drawl = FALSE;

	for (const char *at = word; *at;) {
		gunichar c = g_utf8_get_char(at);
		guint run = 0;

		for (; *at && g_utf8_get_char(at) == c; at = g_utf8_next_char(at))
			run++;
		drawl |= run > 2;
		for (guint i = run > 2 ? keep : run; i; i--)
			g_string_append_unichar(out, c);
	}
	return drawl ? hg_words_id(words, form, out->str) : 0;
}

static guint id_of(const hg_words *words, enum hg_spoken_form form, const char *word)
{
	guint id = hg_words_id(words, form, word);

	if (!id)
		id = id_of_drawl(words, form, word, 1);
	return id ? id : id_of_drawl(words, form, word, 2);
}

void hg_words_number(const hg_words *words, struct hg_spoken *said)
{
	for (guint i = 0; i < said->n; i++)
		for (guint form = 0; form < HG_SPOKEN_FORMS; form++)
			said->words[i].id[form] = id_of(words, form, said->words[i].form[form]);
}

/* ---- entries ---- */

static const struct hg_words_mark *mark_of(const struct hg_words_mark *mark, guint64 lists, guint32 langs)
{
	while (mark && !((mark->lists & lists) && (mark->lang & langs)))
		mark = mark->next;
	return mark;
}

/* The longest entry of these lists that begins at this word. */
static struct hit longest(const struct search *s, guint at, guint64 lists, guint32 langs)
{
	const struct hg_words_tree *tree = &s->words->trees[s->ask->form];
	struct hit best = { .mark = NULL };
	guint node = 0;

	for (guint i = at; i < s->said->n; i++) {
		const struct hg_words_mark *mark;

		node = hg_words_step(tree, node, s->said->words[i].id[s->ask->form]);
		if (!node)
			break;
		mark = mark_of(g_ptr_array_index(tree->marks, node), lists, langs);
		if (mark)
			best = (struct hit){ .mark = mark, .n = i - at + 1 };
	}
	return best;
}

static const char *lang_name(const struct search *s, guint32 bit)
{
	guint at = 0;

	while (!(bit & (1U << at)))
		at++;
	return g_ptr_array_index(s->words->langs, at);
}

static void show(struct search *s, const struct hg_words_mark *mark)
{
	if (!s->got || s->shown >= SHOWN_MAX)
		return;
	g_string_append_printf(s->got, "%s%s (%s)", s->shown ? ", " : "", mark->entry, lang_name(s, mark->lang));
	if (++s->shown == SHOWN_MAX)
		g_string_append(s->got, ", ...");
}

/* ---- only ---- */

/* The first word that no entry of this language begins with; n: none, they all belong to entries. */
static guint first_strange(const struct search *s, guint32 langs, guint *ret_entries)
{
	guint at = 0;

	*ret_entries = 0;
	while (at < s->said->n) {
		struct hit hit = longest(s, at, s->ask->lists | s->ask->fillers, langs);

		if (!hit.mark && !s->said->words[at].emoji)
			break;
		*ret_entries += hit.mark && (hit.mark->lists & s->ask->lists);
		at += MAX(hit.n, 1);
	}
	return at;
}

static void show_all(struct search *s, guint32 langs)
{
	for (guint at = 0; at < s->said->n;) {
		struct hit hit = longest(s, at, s->ask->lists | s->ask->fillers, langs);

		if (hit.mark)
			show(s, hit.mark);
		at += MAX(hit.n, 1);
	}
}

static void show_strange(const struct search *s, guint furthest)
{
	if (!s->got)
		return;
	if (furthest < s->said->n)
		g_string_append_printf(s->got, "unknown: '%s'", s->said->words[furthest].form[HG_SPOKEN_ACCENTS]);
	else
		g_string_append(s->got, s->said->cut ? "too long" : "no entry");
}

/* One language at a time: a word that is small talk in one may be the matter in another. */
static gboolean only(struct search *s)
{
	guint furthest = 0;

	for (guint i = 0; s->words->langs->pdata[i]; i++) {
		guint32 lang = 1U << i;
		guint entries, strange;

		if (!(s->ask->langs & lang))
			continue;
		strange = first_strange(s, lang | s->words->every, &entries);
		if (strange == s->said->n && entries && !s->said->cut) {
			show_all(s, lang | s->words->every);
			return TRUE;
		}
		furthest = MAX(furthest, strange);
	}
	show_strange(s, furthest);
	return FALSE;
}

/* ---- any, begins ---- */

static gboolean any(struct search *s)
{
	gboolean found = FALSE;

	for (guint at = 0; at < s->said->n && (!found || s->got);) {
		struct hit hit = longest(s, at, s->ask->lists, s->ask->langs | s->words->every);

		if (hit.mark)
			show(s, hit.mark);
		found |= hit.mark != NULL;
		at += MAX(hit.n, 1);
	}
	if (!found && s->got)
		g_string_append(s->got, "no entry");
	return found;
}

static gboolean begins(struct search *s)
{
	guint32 langs = s->ask->langs | s->words->every;
	guint at = 0;

	while (at < s->said->n) {
		struct hit hit = longest(s, at, s->ask->lists, langs);
		struct hit filler;

		if (hit.mark) {
			show(s, hit.mark);
			return TRUE;
		}
		filler = longest(s, at, s->ask->fillers, langs);
		if (!filler.mark && !s->said->words[at].emoji)
			break;
		at += MAX(filler.n, 1);
	}
	show_strange(s, at);
	return FALSE;
}

gboolean hg_words_find(const hg_words *words, const struct hg_spoken *said, const struct hg_words_ask *ask,
		       GString *got)
{
	struct search s = { .words = words, .said = said, .ask = ask, .got = got };

	switch (ask->how) {
	case HG_WORDS_ANY:
		return any(&s);
	case HG_WORDS_BEGINS:
		return begins(&s);
	case HG_WORDS_ONLY:
	default:
		return only(&s);
	}
}

/* ---- the language ---- */

gboolean hg_words_tell_languages(const hg_words *words)
{
	for (guint i = 0; words->langs->pdata[i]; i++)
		if (words->every != 1U << i)
			return TRUE;
	return FALSE;
}

const char *hg_words_language(const hg_words *words, const struct hg_spoken *said)
{
	const struct hg_words_ask ask = { .form = HG_SPOKEN_ACCENTS };
	const struct search s = { .words = words, .said = said, .ask = &ask };
	const char *best = NULL;
	guint most = 0;

	for (guint i = 0; words->langs->pdata[i]; i++) {
		guint covered = 0;

		if (words->every == 1U << i)
			continue;
		for (guint at = 0; at < said->n;) {
			guint n = longest(&s, at, G_MAXUINT64, 1U << i).n;

			covered += n;
			at += MAX(n, 1);
		}
		if (covered == most)
			best = NULL;
		if (covered > most)
			best = words->langs->pdata[i];
		most = MAX(most, covered);
	}
	return best;
}

/* speak.c - the gateway's own words: in the customer's language, with the values of his conversation */
#include "turn.h"

#include <string.h>

#include "options.h"
#include "phrases.h"
#include "rules_words.h"
#include "spoken.h"

#define LOOK_BACK     20	/* messages looked through for the customer's language */
#define LANGUAGE_TEXT 2000	/* bytes of them that are read */
#define TEXT_MAX      4096	/* bytes of what we say */

/* ---- the language ---- */

/* "de" of "de-AT" and "de_AT". */
static const char *primary(hg_arena *arena, const char *locale)
{
	g_autofree char *word = g_ascii_strdown(locale, (gssize)strcspn(locale, "-_"));

	return hg_arena_str(arena, word);
}

static gboolean spoken_language(hg_turn *turn, const hg_case *kase, const char **ret, GError **error)
{
	const hg_words *words = turn->engine->rules ? hg_rules_words(turn->engine->rules) : NULL;
	g_autoptr(GPtrArray) newest = g_ptr_array_new();
	g_autoptr(GString) text = g_string_new(NULL);
	struct hg_spoken said;

	if (!words || !hg_words_tell_languages(words) || !kase->thread->last_message_n)
		return TRUE;
	if (!hg_store_message_list(turn->store, turn->arena, kase->thread->last_message_n, LOOK_BACK, newest, error))
		return FALSE;
	for (guint i = 0; i < newest->len && text->len < LANGUAGE_TEXT; i++) {
		const hg_message *message = g_ptr_array_index(newest, i);

		if (message->direction == HG_INBOUND && !message->automatic && !message->revoked_ms)
			g_string_append_printf(text, "%s\n", message->text);
	}
	hg_spoken_read(text->str, turn->arena, &said);
	hg_words_number(words, &said);
	*ret = hg_words_language(words, &said);
	return TRUE;
}

gboolean hg_speak_language(hg_turn *turn, const hg_case *kase, const char **ret, GError **error)
{
	const char *locale = kase->contact->locale;

	*ret = NULL;
	if (!locale || !*locale)
		return spoken_language(turn, kase, ret, error);
	*ret = primary(turn->arena, locale);
	return TRUE;
}

/* Else the house's; *ret is never NULL. */
static gboolean language_of(hg_turn *turn, const hg_case *kase, const char **ret, GError **error)
{
	if (!hg_speak_language(turn, kase, ret, error))
		return FALSE;
	if (!*ret)
		*ret = turn->conf->gateway.language ?: "en";
	return TRUE;
}

/* ---- the text ---- */

static const char *pick(const hg_turn *turn, char *const *texts, const char *lang)
{
	const char *const names[] = { lang, "default", "", turn->conf->gateway.language ?: "en" };
	const char *text = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names) && !text; i++)
		text = hg_map_value(texts, names[i]);
	return text ?: texts[1];
}

gboolean hg_speak_pick(hg_turn *turn, const hg_case *kase, char *const *texts, const char **ret, GError **error)
{
	const char *lang;

	if (!language_of(turn, kase, &lang, error))
		return FALSE;
	*ret = pick(turn, texts, lang);
	return TRUE;
}

/* The ticket's page in the first helpdesk that named one. */
static gboolean find_url(hg_turn *turn, const hg_case *kase, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();

	if (kase->ticket && !hg_store_link_list(turn->store, turn->arena, kase->ticket->n, links, error))
		return FALSE;
	for (guint i = 0; i < links->len && !*ret; i++)
		*ret = ((const hg_link *)g_ptr_array_index(links, i))->url;
	return TRUE;
}

gboolean hg_speak_in(hg_turn *turn, hg_case *kase, const char *language, char *const *texts, int phrase, const char **ret,
		     GError **error)
{
	const struct hg_set own[] = { { "name", kase->contact->name }, { "company", turn->conf->gateway.name }, { NULL, NULL } };

	if (!language && !language_of(turn, kase, &language, error))
		return FALSE;
	return hg_fill(turn, kase, &(struct hg_filling){ .own = own },
		       texts && *texts ? pick(turn, texts, language) : hg_phrase(phrase, language), TEXT_MAX, ret, error);
}

gboolean hg_speak(hg_turn *turn, hg_case *kase, char *const *texts, int phrase, const char *number, const char **ret,
		  GError **error)
{
	struct hg_set own[] = { { "name", kase->contact->name }, { "url", NULL }, { "expected", NULL },
				{ number ? "number" : NULL, number }, { NULL, NULL } };
	g_autofree char *expected = NULL;
	const char *lang;
	gint64 ms;

	if (!hg_case_ticket(turn, kase, error) || !language_of(turn, kase, &lang, error) ||
	    !find_url(turn, kase, &own[1].value, error))
		return FALSE;
	ms = kase->ticket ? hg_confirm_expected(turn, kase->ticket) : 0;
	own[2].value = expected = ms ? hg_phrase_span(ms, lang) : NULL;
	return hg_fill(turn, kase, &(struct hg_filling){ .own = own },
		       texts && *texts ? pick(turn, texts, lang) : hg_phrase(phrase, lang), TEXT_MAX, ret, error);
}

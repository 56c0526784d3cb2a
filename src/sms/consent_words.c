/* consent_words.c - the lists, each word with who acts on it
 *
 * Only words that a carrier, a regulator or a provider really takes so: a customer of a helpdesk who writes "no more"
 * wants an answer.  In small letters. */
#include "consent_words.h"

#include "text.h"

#include <string.h>

#define CHARACTERS_MAX 40

static const struct word {
	const char *text, *language;
	int word;		/* enum hg_consent_word */
} words[] = {
	/* FCC, 47 CFR 64.1200(a)(10), in force since 11 April 2025: these and no other words are revocation by
	 * themselves.  Twilio, "Support for opt-out keywords": all of them but "opt out", and "stopall"; Telnyx: "stop all".
	 * "stop" is the word of the CTIA's Short Code Monitoring Handbook, and in the rules of France (36xxx numbers),
	 * Germany, the Netherlands, Belgium, Italy and most others too. */
	{ "stop", "en", HG_WORD_STOP }, { "quit", "en", HG_WORD_STOP }, { "end", "en", HG_WORD_STOP },
	{ "revoke", "en", HG_WORD_STOP }, { "opt out", "en", HG_WORD_STOP }, { "cancel", "en", HG_WORD_STOP },
	{ "unsubscribe", "en", HG_WORD_STOP }, { "stopall", "en", HG_WORD_STOP }, { "stop all", "en", HG_WORD_STOP },
	{ "optout", "en", HG_WORD_STOP },
	/* AWS End User Messaging SMS, "Required opt-out keywords" ("td" is on it too) */
	{ "opt-out", "en", HG_WORD_STOP }, { "remove", "en", HG_WORD_STOP }, { "td", "en", HG_WORD_STOP },
	/* Twilio, "Mandatory keyword responses required in Canada" */
	{ "unsub", "en", HG_WORD_STOP },
	{ "start", "en", HG_WORD_START }, { "unstop", "en", HG_WORD_START },	/* Twilio, Telnyx, AWS */
	{ "yes", "en", HG_WORD_YES },						/* Twilio */
	{ "help", "en", HG_WORD_HELP }, { "info", "en", HG_WORD_HELP },		/* CTIA, Twilio, AWS */

	/* French.  CWTA, Canadian Common Short Code Application Guidelines 3.9: "arret" and "aide" are mandatory, whatever
	 * the programme's language, and "oui" is a confirmation beside "yes".  Twilio, "Proxy opt-out keywords":
	 * "arrete", "arrett".  Bird, "Opt-in and opt-out compliance": "nonarret". */
	{ "arret", "fr", HG_WORD_STOP }, { "arrêt", "fr", HG_WORD_STOP }, { "arrete", "fr", HG_WORD_STOP },
	{ "arrête", "fr", HG_WORD_STOP }, { "arrêté", "fr", HG_WORD_STOP }, { "arrett", "fr", HG_WORD_STOP },
	{ "nonarret", "fr", HG_WORD_START }, { "nonarrêt", "fr", HG_WORD_START },
	{ "oui", "fr", HG_WORD_YES }, { "aide", "fr", HG_WORD_HELP },

	/* Spanish.  "alto" and "ayuda": Twilio, "Requirements for a Spanish-language short code" (carriers of the USA).
	 * "baja": Spain's code of conduct for services by message, BOE-A-2009-12439.  "detener": Bird. */
	{ "alto", "es", HG_WORD_STOP }, { "baja", "es", HG_WORD_STOP }, { "detener", "es", HG_WORD_STOP },
	{ "ayuda", "es", HG_WORD_HELP },

	/* Portuguese.  "sair": the operators of Brazil (Claro, Oi, TIM, Vivo).  "parar", "ajuda": Bird. */
	{ "sair", "pt", HG_WORD_STOP }, { "parar", "pt", HG_WORD_STOP }, { "ajuda", "pt", HG_WORD_HELP },

	/* German, Italian, Dutch, Polish, Russian: Bird's list, as above. */
	{ "halt", "de", HG_WORD_STOP }, { "hilfe", "de", HG_WORD_HELP },
	{ "ferma", "it", HG_WORD_STOP }, { "aiuto", "it", HG_WORD_HELP },
	{ "hulp", "nl", HG_WORD_HELP },
	{ "zatrzymaj", "pl", HG_WORD_STOP }, { "pomocy", "pl", HG_WORD_HELP },
	{ "остановить", "ru", HG_WORD_STOP }, { "помощь", "ru", HG_WORD_HELP },

	/* Norwegian, and Swedish with the same word: Strex's code of conduct, the Swedish trade's (MORGAN). */
	{ "stopp", "no", HG_WORD_STOP },
};

/* Blanks, quotes, full stops and the like around it say nothing. */
static gboolean around(gunichar c)
{
	return g_unichar_isspace(c) || g_unichar_ispunct(c) || hg_text_unseen(c);
}

/* The letters of text in the form the list has them, or NULL when there are too many. */
static char *core(const char *text)
{
	const char *end, *last;
	g_autofree char *folded = NULL;

	while (*text && around(g_utf8_get_char(text)))
		text = g_utf8_next_char(text);
	end = last = text;
	for (guint n = 0; *last; n++) {
		if (n > CHARACTERS_MAX)
			return NULL;
		if (!around(g_utf8_get_char(last)))
			end = g_utf8_next_char(last);
		last = g_utf8_next_char(last);
	}
	folded = g_utf8_casefold(text, end - text);
	return hg_text_normal(folded, G_NORMALIZE_NFKC);
}

int hg_consent_word(const char *text, const char **ret_language)
{
	g_autofree char *bare = NULL;

	if (ret_language)
		*ret_language = NULL;
	if (strlen(text) > CHARACTERS_MAX * 6)	/* bytes, and one pass less over long mails */
		return HG_WORD_NONE;
	bare = core(text);
	for (gsize i = 0; bare && i < G_N_ELEMENTS(words); i++) {
		if (strcmp(bare, words[i].text) != 0)
			continue;
		if (ret_language)
			*ret_language = words[i].language;
		return words[i].word;
	}
	return HG_WORD_NONE;
}

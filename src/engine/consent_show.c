/* consent_show.c - what was said of messages, as JSON and in words */
#include "payload.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define WORDS_SHOWN 100			/* bytes of what was said, in a sentence */

void hg_consent_write(const hg_consent *consent, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "address", consent->uri);
	hg_json_add_str(out, "channel", consent->channel);
	hg_json_add_str(out, "our_address", *consent->ours ? consent->ours : NULL);
	hg_json_add_str(out, "state", hg_wish_word(consent->state));
	hg_json_add_time(out, "since", consent->said_ms);
	hg_json_add_time(out, "heard_at", consent->heard_ms);
	hg_json_add_str(out, "source", consent->source);
	hg_json_add_str(out, "words", consent->words);
	hg_json_add_str(out, "by", consent->who);
	hg_json_key(out, "code");
	if (consent->code)
		hg_json_put_int(out, consent->code);
	else
		hg_json_put_raw(out, NULL);
	hg_json_add_bool(out, "provider_blocks", consent->blocked);
	hg_json_close(out, '}');
}

static char *since(gint64 ms)
{
	g_autoptr(GDateTime) then = ms ? g_date_time_new_from_unix_utc(ms / 1000) : NULL;

	return then ? g_date_time_format(then, " on %Y-%m-%d at %H:%M UTC") : g_strdup("");
}

/* In parentheses, with a blank before it; "" when nothing was said. */
static char *words_of(const hg_consent *consent)
{
	g_autofree char *words = hg_text_valid(consent->words ? consent->words : "", -1, WORDS_SHOWN);

	if (consent->code)
		return g_strdup_printf(" (%d%s%s)", consent->code, *words ? ": " : "", words);
	return *words ? g_strdup_printf(" (%s)", words) : g_strdup("");
}

const char *hg_consent_why(hg_arena *arena, const hg_consent *consent)
{
	const char *source = consent->source ? consent->source : "";
	g_autofree char *when = since(consent->said_ms), *words = words_of(consent), *why = NULL;
	g_autofree char *where = *consent->ours ? g_strconcat("from ", consent->ours, NULL) :
						  g_strconcat("on channel ", consent->channel, NULL);
	const char *who = consent->who ? consent->who : "somebody";

	if (strcmp(source, "word") == 0)
		why = g_strdup_printf("the customer opted out%s%s and gets no messages %s", when, words, where);
	else if (strcmp(source, "agent") == 0)
		why = g_strdup_printf("%s noted%s that the customer wants no messages %s%s", who, when, where, words);
	else if (strcmp(source, "send") == 0)
		why = g_strdup_printf("the provider refused a message%s because the customer opted out%s: he gets none %s",
				      when, words, where);
	else
		why = g_strdup_printf("the customer told the provider%s that he wants no messages %s%s", when, where, words);
	return hg_arena_str(arena, why);
}

const char *hg_consent_advice(const hg_consent *consent)
{
	return consent->blocked ? "The provider lets nothing through until he writes START; reach him on another channel." :
				  "He takes it back by writing START; until then reach him on another channel.";
}

/* consent_said.c - STOP, START and HELP said by people: neither noise nor a matter for a ticket */
#include "turn.h"

#include "consent_words.h"
#include "phrases.h"

#include <string.h>

#define TEXTS_DAY_MS (24 * 60 * 60 * G_GINT64_CONSTANT(1000))
#define TEXTS_MOST   4		/* of ours to one address in that time: two machines, or somebody who makes us pay */

static const char *const names[] = { [HG_WORD_STOP] = "stop", [HG_WORD_START] = "start", [HG_WORD_HELP] = "help" };

/* ---- is it one? ---- */

static int word_of(const char *name)
{
	for (int word = HG_WORD_STOP; word <= HG_WORD_HELP; word++)
		if (g_strcmp0(names[word], name) == 0)
			return word;
	return HG_WORD_NONE;
}

/* Who only says that he is somebody does not speak for him. */
static gboolean is_proven(const struct hg_in *in)
{
	return in->n_from && (in->from[0].proof == HG_PROVEN ||
			      (in->from[0].proof == HG_CLAIMED && in->sender == HG_SENDER_PASS));
}

static gboolean is_plain(const struct hg_in *in)
{
	return in->kind == HG_TEXT && !in->echo && !in->automatic && !in->n_files && is_proven(in);
}

/* "Yes" is a START from who has said STOP, and an answer like any other from everybody else. */
static gboolean is_start(hg_turn *turn, const struct hg_in *in, gboolean *ret, GError **error)
{
	const hg_consent *known;

	if (!hg_consent_find(turn->store, turn->arena, turn->command->channel, in->from[0].uri, in->to, &known, error))
		return FALSE;
	*ret = known && known->state == HG_WISH_STOP;
	return TRUE;
}

/* The provider knows words of its own: what he wrote is a message. */
static void by_provider(hg_turn *turn, const struct hg_in *in, struct hg_keyword *ret)
{
	struct hg_in *said = hg_arena_mem(turn->arena, in, sizeof(*in));

	said->kind = HG_TEXT;
	said->text = in->reply_text;
	said->reply_text = NULL;
	*ret = (struct hg_keyword){ .word = word_of(in->text), .name = in->text, .in = said };
}

gboolean hg_keyword_in(hg_turn *turn, const struct hg_in *in, struct hg_keyword *ret, GError **error)
{
	gboolean start = TRUE;

	*ret = (struct hg_keyword){ .in = in };
	if (in->kind == HG_CONSENT && in->reply_text && *in->reply_text && word_of(in->text)) {
		by_provider(turn, in, ret);
		return TRUE;
	}
	if (!is_plain(in))
		return TRUE;
	if (hg_consent_hears(turn->engine, turn->command->channel))
		ret->word = hg_consent_word(in->text, &ret->language);
	if (!ret->word)
		return TRUE;
	if (ret->word == HG_WORD_YES) {
		if (!is_start(turn, in, &start, error))
			return FALSE;
		ret->word = start ? HG_WORD_START : HG_WORD_NONE;
	}
	ret->name = names[ret->word];
	return TRUE;
}

/* ---- what it is answered with ---- */

static gboolean may_tell(hg_turn *turn, const struct hg_in *in, gboolean *ret, GError **error)
{
	const char *channel = turn->command->channel, *ours = in->to ?: "";
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	hg_consent none = { .uri = in->from[0].uri, .channel = channel, .ours = ours }, *row = &none;

	if (!hg_store_consent_of(turn->store, turn->arena, in->from[0].uri, channel, rows, error))
		return FALSE;
	for (guint i = 0; i < rows->len; i++)
		if (strcmp(((hg_consent *)g_ptr_array_index(rows, i))->ours, ours) == 0)
			row = g_ptr_array_index(rows, i);
	if (turn->now_ms - row->told_ms >= TEXTS_DAY_MS) {
		row->told_ms = turn->now_ms;
		row->told_n = 0;
	}
	*ret = row->told_n < TEXTS_MOST;
	row->told_n++;
	return !*ret || hg_store_consent_set(turn->store, row, error);
}

/* In the language of the word, where it is one that says which: STOP is said everywhere. */
static gboolean answer(hg_turn *turn, hg_case *kase, const struct hg_keyword *said, GError **error)
{
	static const int phrases[] = { [HG_WORD_STOP] = HG_SAY_STOPPED, [HG_WORD_START] = HG_SAY_STARTED,
				       [HG_WORD_HELP] = HG_SAY_HELP };
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, turn->command->channel);
	char *const *texts = !conf ? NULL : said->word == HG_WORD_STOP ? conf->consent.stop_text :
			     said->word == HG_WORD_START ? conf->consent.start_text : conf->consent.help_text;
	const char *language = g_strcmp0(said->language, "en") != 0 ? said->language : NULL, *text;
	gboolean may = FALSE;

	if (!hg_speak_in(turn, kase, language, texts, phrases[said->word], &text, error) ||
	    (*text && !may_tell(turn, said->in, &may, error)))
		return FALSE;
	return !may || hg_reply_consent(turn, kase, text, error);
}

/* ---- what it does ---- */

static struct hg_wished wished_by(hg_turn *turn, const struct hg_keyword *said)
{
	const struct hg_in *in = said->in;
	gint64 had_ms = hg_inbound_had_ms(turn);

	return (struct hg_wished){
		.state = said->word == HG_WORD_STOP ? HG_WISH_STOP : HG_WISH_START, .source = "word", .words = in->text,
		.blocked = in->answered, .said_ms = in->sent_ms && in->sent_ms < had_ms ? in->sent_ms : had_ms,
	};
}

/* All addresses that are his: an answer may go to another one than this came from. */
static struct hg_wishing all_of(hg_turn *turn, const struct hg_in *in)
{
	const char **uris = hg_arena_alloc(turn->arena, (in->n_from + 1) * sizeof(*uris));
	struct hg_wishing to = { .channel = turn->command->channel, .ours = in->to ?: "", .uris = uris };

	for (gsize i = 0; i < in->n_from; i++)
		if (in->from[i].proof == HG_PROVEN || (i == 0 && is_proven(in)))
			uris[to.n_uris++] = in->from[i].uri;
	return to;
}

gboolean hg_consent_heard(hg_turn *turn, hg_case *kase, const struct hg_keyword *said, const hg_message *message,
			  gboolean late, GError **error)
{
	const struct hg_wishing to = all_of(turn, said->in);
	const struct hg_wished wished = wished_by(turn, said);
	gboolean news = said->word == HG_WORD_HELP;

	if (news)
		hg_tally_note_channel(turn, turn->command->channel, HG_TALLY_HELP);
	else if (!hg_consent_take(turn, kase, &to, &wished, message, &news, error))
		return FALSE;
	/* Where answers go, a later message has said already. */
	return !news || late || said->in->answered || answer(turn, kase, said, error);
}

/* ---- told by the provider ---- */

gboolean hg_consent_item(hg_turn *turn, const struct hg_in *in, GError **error)
{
	const struct hg_wishing to = all_of(turn, in);
	struct hg_wished wished = {
		.state = word_of(in->text) == HG_WORD_STOP ? HG_WISH_STOP : HG_WISH_START,
		.source = in->code ? "send" : "provider", .words = in->note, .code = in->code, .blocked = TRUE,
		.said_ms = hg_inbound_had_ms(turn),
	};
	hg_case kase = { 0 };

	if (in->sent_ms && in->sent_ms < wished.said_ms)
		wished.said_ms = in->sent_ms;
	if (word_of(in->text) == HG_WORD_HELP)
		return TRUE;
	if (!word_of(in->text))
		return hg_fail(error, HG_ERROR_INPUT, "consent is \"stop\" or \"start\", not \"%.20s\"", in->text);
	return hg_contact_resolve(turn, in, TRUE, &kase, error) &&
	       hg_consent_feedback(turn, &kase, &to, &wished, hg_inbound_scope(turn), error);
}

/* ---- and he writes again ---- */

static gboolean keep_told(hg_turn *turn, const hg_consent *known, GError **error)
{
	hg_consent row = *known;

	row.again_ms = turn->now_ms;
	return hg_store_consent_set(turn->store, &row, error);
}

/* Said once for each conversation, and after each STOP. */
gboolean hg_consent_written_again(hg_turn *turn, hg_case *kase, const hg_message *message, gboolean begun, GError **error)
{
	const hg_consent *known;
	g_autofree char *text = NULL;
	gint64 last_in_ms;

	if (!kase->contact->opted_out || message->automatic || !message->address)
		return TRUE;
	if (!hg_consent_find(turn->store, turn->arena, message->channel, message->address, message->our_address, &known,
			     error))
		return FALSE;
	if (!known || (!begun && known->again_ms > known->heard_ms))
		return TRUE;
	if (!hg_store_reach_get(turn->store, message->channel, message->address, &last_in_ms, error))
		return FALSE;
	if (!hg_consent_bars(turn->engine, known, FALSE, last_in_ms))
		return TRUE;
	text = g_strdup_printf("The customer writes again, and an answer here will be refused: %s. %s",
			       hg_consent_why(turn->arena, known), hg_consent_advice(known));
	return keep_told(turn, known, error) && hg_consent_tell(turn, kase, hg_arena_str(turn->arena, text), error);
}

/* A note for people, and an event that tells the helpdesks; not the same twice in a row. */
gboolean hg_consent_tell(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	hg_message note = { .direction = HG_NOTE, .author = HG_BY_GATEWAY, .kind = HG_TEXT, .text = text }, *last = NULL;
	const struct hg_notice notice = { .text = text };

	if (kase->thread->last_message_n &&
	    !hg_store_message_get(turn->store, turn->arena, kase->thread->last_message_n, &last, error))
		return FALSE;
	if (last && last->direction == HG_NOTE && last->author == HG_BY_GATEWAY && strcmp(last->text, text) == 0)
		return TRUE;
	return hg_case_say(turn, kase, &note, error) && hg_event_note(turn, kase, &note, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.notice", .notice = &notice }, error);
}

/* visitor.c - what visitors ask for: read marks, ratings, transcripts, to be forgotten by a browser
 *
 * Who asks was proven by whoever submits the command; which conversations are his is looked at here once more. */
#include "turn.h"

#include <string.h>

#include "phrases.h"

#define SEEN_MOST	  200		/* messages one read mark tells of; what is older was read long ago */
#define COMMENT_MAX	  2000		/* bytes of what he says beside a score */
#define TRANSCRIPT_GAP_MS (10 * 60 * G_GINT64_CONSTANT(1000))

/* ---- his conversations ---- */

static gboolean check_uri(const hg_turn *turn, GError **error)
{
	const char *uri = turn->command->visiting.uri;

	if (!hg_visitor_is(uri))
		return hg_fail(error, HG_ERROR_INPUT, "%.60s is no visitor's address", uri ?: "nothing");
	return hg_conf_channel(turn->conf, turn->command->channel) != NULL ||
	       hg_fail(error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", turn->command->channel ?: "");
}

/* One that is another's is as unknown as one that is nobody's. */
static gboolean load_his(hg_turn *turn, hg_case *kase, GError **error)
{
	const char *id = turn->command->thread_id;
	struct hg_view view;
	gboolean his;

	if (!check_uri(turn, error) || !hg_case_by_id(turn, id, kase, error) ||
	    !hg_store_view(turn->store, turn->arena, turn->command->visiting.uri, hg_inbound_scope(turn), &view, error) ||
	    !hg_store_viewed(turn->store, turn->arena, &view, kase->thread, &his, error))
		return FALSE;
	return his || hg_fail(error, HG_ERROR_MISSING, "there is no thread %.60s", id);
}

/* ---- what he has seen ---- */

gboolean hg_visit_read(hg_turn *turn, const char *uri, gint64 thread_n, gint64 message_n, GError **error)
{
	hg_visit *visit;

	if (!hg_store_visit_get(turn->store, turn->arena, uri, thread_n, &visit, error))
		return FALSE;
	if (visit && visit->read_n >= message_n)
		return TRUE;
	if (!visit)
		visit = hg_arena_alloc(turn->arena, sizeof(*visit));
	visit->uri = uri;
	visit->thread_n = thread_n;
	visit->read_n = message_n;
	return hg_store_visit_set(turn->store, visit, error);
}

static gboolean find_message(hg_turn *turn, const hg_thread *thread, hg_message **ret, GError **error)
{
	const char *id = turn->command->visiting.message_id;

	*ret = NULL;
	if (id && hg_id_is(id, "msg") && !hg_store_message_by_id(turn->store, turn->arena, id, ret, error))
		return FALSE;
	if (*ret && (*ret)->thread_n == thread->n && hg_message_is_for_visitor(*ret))
		return TRUE;
	return hg_fail(error, HG_ERROR_MISSING, "there is no message %.60s in this thread", id ?: "without an id");
}

/* What came to him by mail or another app is not told to those as read, though he has read it. */
static gboolean counts_here(const hg_turn *turn, const hg_message *message)
{
	return hg_message_is_answer(message) && hg_visitor_is(message->address) &&
	       g_strcmp0(message->channel, turn->command->channel) == 0;
}

static int folded(int delivery, int state)
{
	gboolean conflict = FALSE;

	return hg_delivery_fold(delivery, state, &conflict);
}

static gboolean tell_receipts(hg_turn *turn, const hg_thread *thread, const hg_message *message, GError **error)
{
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = turn->command->visiting.state, .at_ms = turn->now_ms };

	for (int part = 0; part < MAX(message->parts, 1); part++) {
		char key[HG_KEY_SIZE];

		hg_outgoing_key(turn, thread, message, part, key);
		receipt.key = hg_arena_str(turn->arena, key);
		if (!hg_receipt_take(turn, &receipt, error))
			return FALSE;
	}
	return TRUE;
}

/* From the message back to what was seen before. */
static gboolean tell_all(hg_turn *turn, const hg_thread *thread, const hg_message *newest, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	int state = turn->command->visiting.state;

	if (!hg_store_message_list(turn->store, turn->arena, newest->n, SEEN_MOST, messages, error))
		return FALSE;
	for (guint i = 0; i < messages->len; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (!counts_here(turn, message))
			continue;
		if (folded(message->delivery, state) == message->delivery)
			break;
		if (!tell_receipts(turn, thread, message, error))
			return FALSE;
	}
	return TRUE;
}

gboolean hg_visitor_seen(hg_turn *turn, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	hg_message *message;
	hg_case kase;

	if (visiting->state != HG_R_DELIVERED && visiting->state != HG_R_READ)
		return hg_fail(error, HG_ERROR_INPUT, "a visitor has a message, or has read it: state %d is neither",
			       visiting->state);
	if (!load_his(turn, &kase, error) || !find_message(turn, kase.thread, &message, error))
		return FALSE;
	return (visiting->state != HG_R_READ || hg_visit_read(turn, visiting->uri, kase.thread->n, message->n, error)) &&
	       tell_all(turn, kase.thread, message, error);
}

/* ---- what he thinks ---- */

gboolean hg_visitor_rate(hg_turn *turn, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	g_autofree char *comment = turn->command->text ? hg_text_valid(turn->command->text, -1, COMMENT_MAX) : NULL;
	hg_case kase;

	if (comment)
		g_strstrip(comment);
	return load_his(turn, &kase, error) &&
	       hg_ask_rated(turn, &kase, visiting->score, comment && *comment ? hg_arena_str(turn->arena, comment) : NULL,
			    error) &&
	       hg_case_save(turn, &kase, error);
}

/* ---- what he says of himself ---- */

gboolean hg_visitor_profile(hg_turn *turn, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	hg_case kase = { 0 };
	hg_alias *alias;

	if (!check_uri(turn, error) || !hg_store_alias_find(turn->store, turn->arena, visiting->uri, &alias, error))
		return FALSE;
	if (!alias)
		return hg_fail(error, HG_ERROR_MISSING, "this visitor has not written yet: what he says of himself comes with "
			       "his first message");
	return hg_case_contact(turn, alias->contact_n, &kase.contact, error) &&
	       hg_profile_take(turn, &kase, visiting->uri, visiting->profile, error) && hg_case_save(turn, &kase, error);
}

/* ---- the end of a session ---- */

gboolean hg_visitor_logout(hg_turn *turn, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	hg_visitor *row;

	if (!check_uri(turn, error))
		return FALSE;
	if (strlen(visiting->browser ?: "") > HG_BROWSER_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "the name of a browser has at most %d bytes", HG_BROWSER_MAX);
	if (!visiting->browser || !*visiting->browser) {
		if (!hg_visitor_row(turn, visiting->uri, &row, error))
			return FALSE;
		row->ended_ms = turn->now_ms;
		return hg_store_visitor_set(turn->store, row, error);
	}
	return hg_store_visitor_set(turn->store, &(hg_visitor){
		.uri = visiting->uri, .browser = visiting->browser, .channel = turn->command->channel,
		.since_ms = turn->now_ms, .ended_ms = turn->now_ms }, error);
}

/* ---- the conversation by mail ---- */

static const char *mail_channel(const hg_turn *turn)
{
	return hg_conf_channel(turn->conf, turn->command->channel)->unseen.mail;
}

/* One in a while: whoever has his session must not fill his mailbox. */
static gboolean may_have_another(hg_turn *turn, const char *channel, GError **error)
{
	g_autofree char *uri = g_strconcat("transcript:", turn->command->visiting.uri, NULL);
	struct hg_pace pace;

	if (!hg_store_pace_get(turn->store, channel, uri, &pace, error))
		return FALSE;
	if (pace.auto_ms && turn->now_ms - pace.auto_ms < TRANSCRIPT_GAP_MS)
		return hg_fail(error, HG_ERROR_LIMIT, "a transcript was sent a moment ago: one comes every 10 minutes");
	pace.auto_ms = turn->now_ms;
	return hg_store_pace_set(turn->store, channel, uri, &pace, error);
}

static gboolean transcript_of(hg_turn *turn, hg_case *kase, const char **ret, GError **error)
{
	const struct hg_payload payload = { .store = turn->store, .conf = turn->conf, .arena = turn->arena,
					    .thread = kase->thread, .contact = kase->contact, .for_visitor = TRUE };
	g_autoptr(GString) text = g_string_new(NULL);
	const char *intro;

	if (!hg_speak(turn, kase, NULL, HG_SAY_TRANSCRIPT, NULL, &intro, error))
		return FALSE;
	g_string_append_printf(text, "%s\n\n", intro);
	if (!hg_payload_transcript(&payload, text, error))
		return FALSE;
	*ret = hg_arena_mem(turn->arena, text->str, text->len);
	return TRUE;
}

gboolean hg_visitor_transcript(hg_turn *turn, GError **error)
{
	struct hg_copy copy = { .payload = HG_COPY_TRANSCRIPT "}" };
	hg_visitor *visitor;
	hg_message *sent;
	hg_case kase;

	if (!load_his(turn, &kase, error) ||
	    !hg_store_visitor_get(turn->store, turn->arena, turn->command->visiting.uri, "", &visitor, error))
		return FALSE;
	copy.channel = mail_channel(turn);
	if (!copy.channel)
		return hg_fail(error, HG_ERROR_CONFIG, "channel %s names no mail channel: set unseen.mail",
			       turn->command->channel);
	if (!visitor || !visitor->vouched || !visitor->email)
		return hg_fail(error, HG_ERROR_DENIED, "nobody has confirmed this visitor's address: a transcript goes only "
			       "to one that the site's server vouched for");
	copy.to = visitor->email;
	return may_have_another(turn, copy.channel, error) && transcript_of(turn, &kase, &copy.text, error) &&
	       hg_reply_copy(turn, &kase, &copy, &sent, error) && hg_case_save(turn, &kase, error);
}

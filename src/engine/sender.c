/* sender.c - who may speak where anybody may say that he is anybody
 *
 * Of a mail nothing proves who wrote it but what the receiving server found out (HG_SENDER_PASS), and a token that
 * only receivers of ours know.  With one of both, and from the conversation's own address, it is a message of that
 * conversation.  From somebody else a token makes it a note, which no customer ever sees, and so does the proven
 * address of a participant, whom only an agent can name.  Everything else begins a conversation of its own: an id
 * can be guessed, read off a forwarded mail or made up, and a sender's name is only typing. */
#include "turn.h"

#include "json.h"
#include "subject.h"

#include <string.h>

#define FRESH_SPAN_MS (60 * 60 * G_GINT64_CONSTANT(1000))
#define FRESH_MOST    5			/* conversations one address begins in that time ... */
#define AUTO_GAP_MS   (24 * FRESH_SPAN_MS)	/* ... and between two automatic messages to it */
#define PEOPLE_MAX    50		/* participants of one conversation */

int hg_sender_kept(const struct hg_in *in)
{
	return hg_sender_is_claimed(in) ? 1 + in->sender : 0;
}

gboolean hg_sender_is_claimed(const struct hg_in *in)
{
	return in->n_from && in->from[0].proof == HG_CLAIMED;
}

/* ---- whose conversation it is ---- */

static gboolean is_customer(hg_turn *turn, const hg_thread *thread, const char *uri, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	*ret = thread->reply_to && g_ascii_strcasecmp(thread->reply_to, uri) == 0;
	if (*ret)
		return TRUE;
	if (!hg_store_alias_list(turn->store, turn->arena, thread->contact_n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len && !*ret; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		/* What he once only said is his, or what is his no more, opens nothing. */
		*ret = alias->proof == HG_PROVEN && g_ascii_strcasecmp(alias->uri, uri) == 0;
	}
	return TRUE;
}

gboolean hg_sender_is_participant(const hg_thread *thread, const char *uri)
{
	const char *json = thread->participants;
	g_autoptr(json_object) all = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	for (gsize i = 0; all && i < json_object_array_length(all); i++)
		if (g_ascii_strcasecmp(json_object_get_string(json_object_array_get_idx(all, i)), uri) == 0)
			return TRUE;
	return FALSE;
}

/* ---- what it may do ---- */

/* What he answers was sent to this very address: he need not be known by it. */
static gboolean was_sent_to(const hg_message *message, const char *uri)
{
	return message->direction == HG_OUTBOUND && message->address && g_ascii_strcasecmp(message->address, uri) == 0;
}

static gboolean weigh_thread(hg_turn *turn, const struct hg_in *in, gboolean vouched, const hg_message *message,
			     hg_thread *thread, struct hg_claim *heard, GError **error)
{
	const char *uri = in->from[0].uri;
	gboolean pass = in->sender == HG_SENDER_PASS, own;

	if (!is_customer(turn, thread, uri, &own, error))
		return FALSE;
	own |= was_sent_to(message, uri);
	if (own && (pass || vouched))
		heard->thread = thread;
	else if (vouched || (pass && hg_sender_is_participant(thread, uri)))
		heard->note = thread;
	else if (!heard->related)
		heard->related = thread;
	return TRUE;
}

static gboolean find_thread(hg_turn *turn, const char *ref, const char *scope, hg_message **ret_message, hg_thread **ret,
			    GError **error)
{
	*ret = NULL;
	if (!hg_inbound_find(turn, ref, ret_message, error) ||
	    (*ret_message && !hg_store_thread_get(turn->store, turn->arena, (*ret_message)->thread_n, ret, error)))
		return FALSE;
	if (*ret && strcmp((*ret)->scope, scope) != 0)
		*ret = NULL;
	return TRUE;
}

static gboolean weigh_refs(hg_turn *turn, const struct hg_in *in, const char *scope, struct hg_claim *heard, GError **error)
{
	gsize n = 0;

	for (const char *const *ref = in->refs; ref && *ref && !heard->thread && !heard->note; ref++, n++) {
		hg_message *message;
		hg_thread *thread;

		if (!find_thread(turn, *ref, scope, &message, &thread, error))
			return FALSE;
		if (thread && !weigh_thread(turn, in, n < in->vouched, message, thread, heard, error))
			return FALSE;
	}
	return TRUE;
}

/* Somebody hands it on: that is a matter of its own, and its references are another's. */
static gboolean is_forwarded(const struct hg_in *in)
{
	return in->refs && in->refs[0] && (in->forwarded || hg_subject_is_forward(in->subject));
}

gboolean hg_sender_weigh(hg_turn *turn, const struct hg_in *in, const char *scope, struct hg_claim *ret, GError **error)
{
	const struct hg_channel_conf *conf;

	*ret = (struct hg_claim){ .claimed = hg_sender_is_claimed(in), .window = TRUE };
	if (!ret->claimed)
		return TRUE;
	/* It is known not to be him: there is nothing of his that it may touch. */
	if (in->sender == HG_SENDER_FAIL) {
		ret->window = FALSE;
		return TRUE;
	}
	ret->forwarded = is_forwarded(in);
	conf = hg_conf_channel(turn->conf, turn->command->channel);
	ret->window = !ret->forwarded && (in->sender == HG_SENDER_PASS || (conf && conf->window.join_unproven));
	return ret->forwarded || weigh_refs(turn, in, scope, ret, error);
}

/* ---- under which address he is kept ---- */

/* Vouched for by the receiving server it is his; known not to be his it is in a space where nobody else is. */
struct hg_in hg_sender_as(hg_turn *turn, const struct hg_in *in)
{
	struct hg_address *from;
	g_autofree char *failed = NULL;
	struct hg_in as = *in;

	if (!hg_sender_is_claimed(in) || in->sender == HG_SENDER_NONE)
		return as;
	from = hg_arena_mem(turn->arena, in->from, in->n_from * sizeof(*from));
	failed = g_strconcat("failed:", in->from[0].uri, NULL);
	if (in->sender == HG_SENDER_PASS)
		from[0].proof = HG_PROVEN;
	else
		from[0].uri = hg_arena_str(turn->arena, failed);
	as.from = from;
	return as;
}

/* ---- a note ---- */

/* For people who work in the helpdesk: they alone hear of it. */
static gboolean tell_note(hg_turn *turn, hg_case *kase, const struct hg_in *in, const hg_message *note, GError **error)
{
	g_autofree char *text = g_strdup_printf("%s, who is not the customer, wrote by mail (kept as a note):\n\n%.4000s",
						in->from[0].uri, note->reply_text && *note->reply_text ? note->reply_text :
						note->text);
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	const struct hg_notice notice = { .text = hg_arena_str(turn->arena, valid) };

	return hg_event_note(turn, kase, note, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.notice", .notice = &notice }, error);
}

gboolean hg_sender_note(hg_turn *turn, const struct hg_in *in, gint64 raw_n, const struct hg_claim *heard, GError **error)
{
	hg_message *note = hg_arena_alloc(turn->arena, sizeof(*note));
	hg_case kase;

	if (!hg_case_load(turn, heard->note->n, &kase, error))
		return FALSE;
	*note = (hg_message){
		.direction = HG_NOTE, .author = HG_BY_OUTSIDE, .author_name = in->name ?: in->from[0].uri,
		.kind = in->kind, .channel = turn->command->channel, .external_id = in->id,
		.address = in->from[0].uri, .our_address = in->to, .subject = in->subject, .text = in->text,
		.reply_text = in->reply_text, .sent_ms = in->sent_ms, .at_ms = hg_inbound_had_ms(turn), .raw_n = raw_n,
		.automatic = in->automatic, .forwarded = in->forwarded, .sender = hg_sender_kept(in),
	};
	turn->said = note;
	turn->count.messages++;
	return hg_case_say(turn, &kase, note, error) && hg_said_remember(turn, in, note, error) &&
	       hg_inbound_files(turn, &kase, note, in, error) && tell_note(turn, &kase, in, note, error) &&
	       hg_case_save(turn, &kase, error);
}

/* ---- how much of one address ---- */

static const char *pace_uri(hg_turn *turn, const struct hg_in *in)
{
	static const char *const spaces[] = { [HG_SENDER_NONE] = "claimed:", [HG_SENDER_PASS] = "", [HG_SENDER_FAIL] = "failed:" };
	g_autofree char *uri = g_strconcat(spaces[CLAMP(in->sender, HG_SENDER_NONE, HG_SENDER_FAIL)], in->from[0].uri, NULL);

	return hg_arena_str(turn->arena, uri);
}

static gboolean tell_loop(hg_turn *turn, const struct hg_in *in, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", turn->command->channel);
	g_autofree char *reason = g_strdup_printf("%s began %d conversations within an hour: what comes now is kept, and "
						  "makes no ticket and gets no answer", in->from[0].uri, FRESH_MOST);

	hg_err(&ctx, "loop.suspected", "an address began %d conversations within an hour: a machine that answers ours, "
	       "perhaps; what comes now makes no ticket and gets no answer", FRESH_MOST);
	return hg_event_tell(turn, NULL, &(struct hg_payload){ .type = "loop.suspected", .name = turn->command->channel,
							       .reason = hg_arena_str(turn->arena, reason) }, error);
}

gboolean hg_sender_begins(hg_turn *turn, const struct hg_in *in, gboolean *ret_silent, GError **error)
{
	const char *uri = pace_uri(turn, in);
	struct hg_pace pace;

	if (!hg_store_pace_get(turn->store, turn->command->channel, uri, &pace, error))
		return FALSE;
	if (turn->now_ms - pace.fresh_ms >= FRESH_SPAN_MS) {
		pace.fresh_ms = turn->now_ms;
		pace.fresh_n = 0;
	}
	pace.fresh_n++;
	*ret_silent = pace.fresh_n > FRESH_MOST;
	return hg_store_pace_set(turn->store, turn->command->channel, uri, &pace, error) &&
	       (pace.fresh_n != FRESH_MOST + 1 || tell_loop(turn, in, error));
}

/* Of whom nobody can be sure that he is no machine. */
static gboolean is_paced(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error)
{
	hg_message *last = NULL;

	*ret = FALSE;
	if (!kase->thread->last_in_n)
		return TRUE;
	if (!hg_store_message_get(turn->store, turn->arena, kase->thread->last_in_n, &last, error))
		return FALSE;
	*ret = last && last->sender;
	return TRUE;
}

gboolean hg_sender_may_be_told(hg_turn *turn, const hg_case *kase, const char *channel, const char *to, gboolean *ret,
			       GError **error)
{
	struct hg_pace pace;
	gboolean paced;

	*ret = TRUE;
	if (!channel || !to)
		return TRUE;
	if (!is_paced(turn, kase, &paced, error))
		return FALSE;
	if (!paced)
		return TRUE;
	if (!hg_store_pace_get(turn->store, channel, to, &pace, error))
		return FALSE;
	*ret = !pace.auto_ms || turn->now_ms - pace.auto_ms >= AUTO_GAP_MS;
	if (!*ret)
		return TRUE;
	pace.auto_ms = turn->now_ms;
	return hg_store_pace_set(turn->store, channel, to, &pace, error);
}

/* ---- participants ---- */

static struct json_object *people_of(const hg_thread *thread)
{
	const char *json = thread->participants;
	struct json_object *all = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	return all ? all : json_object_new_array();
}

static gboolean add_person(hg_case *kase, struct json_object *all, const char *uri, GError **error)
{
	if (hg_sender_is_participant(kase->thread, uri))
		return TRUE;
	if (json_object_array_length(all) >= PEOPLE_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "a conversation has at most %d participants", PEOPLE_MAX);
	json_object_array_add(all, json_object_new_string(uri));
	return TRUE;
}

static gboolean remove_person(struct json_object *all, const char *uri, GError **error)
{
	for (gsize i = 0; i < json_object_array_length(all); i++)
		if (g_ascii_strcasecmp(json_object_get_string(json_object_array_get_idx(all, i)), uri) == 0) {
			json_object_array_del_idx(all, i, 1);
			return TRUE;
		}
	return hg_fail(error, HG_ERROR_MISSING, "%.200s is no participant of this conversation", uri);
}

gboolean hg_sender_participants(hg_turn *turn, hg_case *kase, GError **error)
{
	const hg_command *command = turn->command;
	g_autoptr(json_object) all = people_of(kase->thread);
	g_autofree char *reason = g_strconcat("changed by ", command->agent ?: command->principal ?: "the API", NULL);
	const char *before = kase->thread->participants;

	if (!(command->remove ? remove_person(all, command->text, error) : add_person(kase, all, command->text, error)))
		return FALSE;
	kase->thread->participants = !json_object_array_length(all) ? NULL :
		hg_arena_str(turn->arena, json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	if (g_strcmp0(before, kase->thread->participants) == 0)
		return TRUE;
	kase->thread_changed = TRUE;
	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.changed",
			     .reason = hg_arena_str(turn->arena, reason),
			     .changes = "{\"tags_added\":[],\"tags_removed\":[],\"fields\":[\"participants\"]}" }, error);
}

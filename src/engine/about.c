/* about.c - items about an earlier message, a person or the account: they open nothing */
#include "turn.h"

#include "json.h"

#include <string.h>

#define REACTIONS_MAX 200	/* people who react to one message of a group */

/* ---- about an earlier message ---- */

static gboolean tell_about(hg_turn *turn, hg_case *kase, const hg_message *message, const char *type,
			   GError **error)
{
	return hg_store_message_update(turn->store, message, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = type, .message = message }, error) &&
	       hg_case_save(turn, kase, error);
}

static gboolean edit(hg_turn *turn, hg_case *kase, hg_message *message, const struct hg_in *in, GError **error)
{
	/* What it said before stays in the raw delivery and in the event that told of it. */
	message->text = in->text;
	message->reply_text = in->reply_text;
	if (in->payload)
		message->payload = in->payload;
	/* Pieces that came late, and how many are still missing. */
	if (in->parts)
		message->note = in->note;
	message->edited_ms = turn->now_ms;
	return hg_inbound_files(turn, kase, message, in, error) &&
	       tell_about(turn, kase, message, "message.edited", error);
}

static gboolean take_back(hg_turn *turn, hg_case *kase, hg_message *message, GError **error)
{
	if (message->revoked_ms)
		return TRUE;
	message->revoked_ms = turn->now_ms;
	return tell_about(turn, kase, message, "message.deleted", error);
}

static gboolean react(hg_turn *turn, hg_case *kase, hg_message *message, const struct hg_in *in, GError **error)
{
	const char *old = message->reactions, *who = in->from[0].uri;
	g_autoptr(json_object) all = old ? hg_json_parse(old, strlen(old), NULL, NULL) : NULL;

	if (!all || !json_object_is_type(all, json_type_object)) {
		g_clear_pointer(&all, json_object_put);
		all = json_object_new_object();
	}
	json_object_object_del(all, who);
	if (*in->text && json_object_object_length(all) < REACTIONS_MAX)
		json_object_object_add(all, who, json_object_new_string(in->text));
	message->reactions = !json_object_object_length(all) ? NULL :
		hg_arena_str(turn->arena, json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN));
	return tell_about(turn, kase, message, "message.reacted", error);
}

/* The content of an edit may be all we ever get of a message: people of an open thread see it.  A
 * reaction or a revocation of something unknown says nothing to anybody; the raw item is kept. */
static gboolean homeless(hg_turn *turn, hg_case *who, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct hg_ctx channel = HG_CTX(NULL, "channel", turn->command->channel);
	struct hg_ctx ctx = HG_CTX(&channel, "target", in->target ?: "(none)");
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	struct hg_payload news;
	hg_message message;

	hg_info(&ctx, "inbound.unknown_target", "%s of a message that is not known here", hg_kind_word(in->kind));
	if (in->kind != HG_EDIT || !who->contact)
		return TRUE;
	if (!hg_store_thread_of(turn->store, turn->arena, who->contact->n,
				hg_inbound_scope(turn), NULL, 1, threads, error))
		return FALSE;
	if (!threads->len || ((hg_thread *)g_ptr_array_index(threads, 0))->state == HG_THREAD_CLOSED)
		return TRUE;
	who->thread = g_ptr_array_index(threads, 0);
	message = (hg_message){
		.direction = HG_INBOUND, .author = HG_BY_CUSTOMER, .kind = HG_UNSUPPORTED,
		.raw_n = hg_inbound_own_raw(turn, in, raw_n),
		.channel = turn->command->channel, .address = in->from[0].uri, .our_address = in->to,
		.external_id = in->id, .text = in->text, .sent_ms = in->sent_ms, .automatic = TRUE,
		.note = "the edit of a message that is not known here",
	};
	news = (struct hg_payload){ .type = "message.received", .message = &message };
	if (!hg_case_say(turn, who, &message, error) || !hg_event_tell(turn, who, &news, error))
		return FALSE;
	news.type = "ticket.message";
	return (!who->thread->ticket_n || hg_event_tell(turn, who, &news, error)) && hg_case_save(turn, who, error);
}

/* Nobody touches what is in another person's thread, whatever id he names. */
static gboolean allowed(const hg_case *who, const hg_case *kase, const hg_message *message, const struct hg_in *in)
{
	if (!who->contact || who->contact->n != kase->contact->n)
		return FALSE;
	if (in->kind == HG_REACTION)
		return TRUE;
	return in->echo ? message->direction == HG_OUTBOUND : message->direction == HG_INBOUND;
}

gboolean hg_about_message(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	hg_case who = { 0 }, kase = { 0 };
	hg_message *message;

	if (!hg_contact_resolve(turn, in, FALSE, &who, error) || !hg_inbound_find(turn, in->target, &message, error))
		return FALSE;
	if (message && !hg_case_load(turn, message->thread_n, &kase, error))
		return FALSE;
	if (!message || !allowed(&who, &kase, message, in))
		return homeless(turn, &who, in, raw_n, error);
	switch (in->kind) {
	case HG_EDIT:
		return edit(turn, &kase, message, in, error);
	case HG_REVOKE:
		return take_back(turn, &kase, message, error);
	default:
		return react(turn, &kase, message, in, error);
	}
}

/* ---- about a person ---- */

static gboolean identity(hg_turn *turn, const struct hg_in *in, GError **error)
{
	hg_case kase = { 0 };

	if (!hg_contact_resolve(turn, in, FALSE, &kase, error))
		return FALSE;
	/* Nobody we know: there is nothing to join. */
	return !kase.contact || hg_case_save(turn, &kase, error);
}

static void news(const hg_turn *turn, const struct hg_in *in)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", turn->command->channel);

	if (in->kind == HG_ACCOUNT)
		hg_warn(&ctx, "channel.news", "%.200s%s%.200s (code %d)", in->text, in->note ? ": " : "",
			in->note ?: "", in->code);
	else
		hg_debug(&ctx, "inbound.ignored", "%.200s", in->note ?: "known and of no use");
}

gboolean hg_about_person(hg_turn *turn, const struct hg_in *in, GError **error)
{
	if (in->kind == HG_IDENTITY)
		return identity(turn, in, error);
	if (in->kind == HG_CONSENT)
		return hg_consent_item(turn, in, error);
	news(turn, in);
	return TRUE;
}

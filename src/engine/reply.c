/* reply.c - answers to the customer: where they go, what parts they are sent in; notes
 *
 * An answer goes to the address the customer wrote from last, on the channel he wrote on, unless
 * the agent names another one that is his.  Never to one a merge brought along. */
#include "outgoing.h"

#include "json.h"
#include "text.h"

#include <string.h>

#define PARTS_MAX 100

/* ---- where to ---- */

static gboolean belongs(hg_turn *turn, const hg_case *kase, const char *channel, const char *to, gboolean *ret,
			GError **error)
{
	gint64 last_in_ms;
	hg_alias *alias;

	*ret = FALSE;
	if (!hg_store_alias_find(turn->store, turn->arena, to, &alias, error))
		return FALSE;
	if (alias && alias->contact_n == kase->contact->n && alias->proof == HG_PROVEN) {
		*ret = TRUE;
		return TRUE;
	}
	/* Who only claims an address can be answered where he wrote from. */
	if (g_strcmp0(kase->thread->channel, channel) != 0 || g_strcmp0(kase->thread->reply_to, to) != 0)
		return TRUE;
	if (!hg_store_reach_get(turn->store, channel, to, &last_in_ms, error))
		return FALSE;
	*ret = last_in_ms != 0;
	return TRUE;
}

/* The contact's address that wrote last on a channel the agent named. */
static gboolean newest_on(hg_turn *turn, const hg_case *kase, const char *channel, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();
	gint64 newest_ms = 0;

	*ret = NULL;
	if (!hg_store_alias_list(turn->store, turn->arena, kase->contact->n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);
		gint64 last_in_ms;

		if (!hg_store_reach_get(turn->store, channel, alias->uri, &last_in_ms, error))
			return FALSE;
		if (alias->proof == HG_PROVEN && last_in_ms > newest_ms) {
			newest_ms = last_in_ms;
			*ret = alias->uri;
		}
	}
	return *ret || hg_fail(error, HG_ERROR_INPUT, "the contact never wrote on channel %s: name an address with "
			       "\"to\"", channel);
}

static gboolean address_named(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, GError **error)
{
	const struct hg_reply *reply = out->reply;
	gboolean his;

	out->channel = reply->channel ?: kase->thread->channel;
	out->to = reply->to;
	if (!out->channel || !hg_conf_channel(turn->conf, out->channel))
		return hg_fail(error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", out->channel ?: "");
	if (!out->to)
		return newest_on(turn, kase, out->channel, &out->to, error);
	if (!belongs(turn, kase, out->channel, out->to, &his, error))
		return FALSE;
	return his || hg_fail(error, HG_ERROR_DENIED, "that address is not known to be this contact's; only proven "
			      "ones can be written to");
}

/* Whoever has it copied, or begins with it, has looked whose address it is. */
static gboolean given_address(hg_turn *turn, struct hg_outgoing *out, GError **error)
{
	if (!hg_conf_channel(turn->conf, out->channel))
		return hg_fail(error, HG_ERROR_CONFIG, "there is no channel \"%.60s\"", out->channel);
	return hg_store_reach_get(turn->store, out->channel, out->to, &out->last_in_ms, error) &&
	       hg_consent_find(turn->store, turn->arena, out->channel, out->to, out->from, &out->said, error);
}

static gboolean address(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, GError **error)
{
	const hg_thread *thread = kase->thread;
	gboolean same;

	if (out->copy || out->given)
		return given_address(turn, out, error);
	same = (!out->reply->channel || g_strcmp0(out->reply->channel, thread->channel) == 0) &&
	       (!out->reply->to || g_strcmp0(out->reply->to, thread->reply_to) == 0);
	if (same) {
		out->channel = thread->channel;
		out->to = thread->reply_to;
		out->from = thread->reply_from;
	} else if (!address_named(turn, kase, out, error)) {
		return FALSE;
	}
	if (!out->channel || !out->to)
		return hg_fail(error, HG_ERROR_STATE, "it is not known where the customer is answered in this thread, for he has not "
			       "written in it, or gave up the address he wrote from: say \"channel\" and \"to\"");
	return hg_store_reach_get(turn->store, out->channel, out->to, &out->last_in_ms, error) &&
	       hg_consent_find(turn->store, turn->arena, out->channel, out->to, out->from, &out->said, error);
}

/* ---- what it is about ---- */

static gboolean find_answered(hg_turn *turn, const hg_case *kase, struct hg_outgoing *out, GError **error)
{
	const char *id = out->reply->answers_id;
	hg_message *message = NULL;

	if (!id || !*id)
		return out->reply->kind < HG_REACTION ||
		       hg_fail(error, HG_ERROR_INPUT, "say with \"answers\" which message the %s is about",
			       hg_kind_word(out->reply->kind));
	if (hg_id_is(id, "msg") && !hg_store_message_by_id(turn->store, turn->arena, id, &message, error))
		return FALSE;
	if (!message || message->thread_n != kase->thread->n)
		return hg_fail(error, HG_ERROR_MISSING, "there is no message %.60s in this thread", id);
	if (!message->external_id && out->reply->kind >= HG_REACTION)
		return hg_fail(error, HG_ERROR_STATE, "message %s is not known to the provider (yet)", id);
	out->answers = message->external_id;
	return TRUE;
}

/* ---- splitting it ---- */

static int code_of(int kind)
{
	switch (kind) {
	case HG_ERR_WINDOW:
		return HG_ERROR_WINDOW;
	case HG_ERR_LIMIT:
		return HG_ERROR_LIMIT;
	case HG_ERR_DENIED:
		return HG_ERROR_DENIED;
	case HG_ERR_GONE:
		return HG_ERROR_MISSING;
	case HG_ERR_BUSY:
		return HG_ERROR_BUSY;
	case HG_ERR_CONFIG:
		return HG_ERROR_CONFIG;
	case HG_ERR_BROKEN:
		return HG_ERROR_BROKEN;
	default:
		return HG_ERROR_INPUT;
	}
}

static const struct hg_file *out_files(hg_turn *turn, const struct hg_reply *reply)
{
	struct hg_file *files = hg_arena_alloc(turn->arena, (reply->n_files + 1) * sizeof(*files));

	for (gsize i = 0; i < reply->n_files; i++) {
		g_autofree char *path = reply->files[i].sha256 ?
			hg_attachment_path(hg_store_attachments(turn->store), reply->files[i].sha256) : NULL;

		files[i] = reply->files[i];
		files[i].size = sizeof(files[i]);
		files[i].path = hg_arena_str(turn->arena, path);
	}
	return files;
}

static gboolean check_files(const struct hg_reply *reply, GError **error)
{
	for (gsize i = 0; i < reply->n_files; i++)
		if (!reply->files[i].sha256 || strlen(reply->files[i].sha256) != 64)
			return hg_fail(error, HG_ERROR_INPUT, "attachment %zu was not uploaded", i + 1);
	return TRUE;
}

/* The group chat on this channel whose thread it is: see thread_key() in threading.c; or NULL. */
static const char *group_of(hg_turn *turn, const hg_thread *thread, const char *channel)
{
	g_autofree char *head = g_strdup_printf("group:%s:", channel);

	return g_str_has_prefix(thread->key, head) ? hg_arena_str(turn->arena, thread->key + strlen(head)) : NULL;
}

static gboolean plan(hg_turn *turn, const hg_case *kase, struct hg_outgoing *out, GError **error)
{
	const struct hg_ports *ports = &turn->engine->ports;
	const struct hg_reply *reply = out->reply;
	const char *refs[2] = { out->answers, NULL };
	gboolean about = reply->kind >= HG_REACTION;
	/* What a copy says stands in the conversation: that is nothing to be quoted. */
	gint64 past_n = out->copy ? out->past_n : kase->thread->last_message_n;
	struct hg_out whole = {
		.size = sizeof(whole), .kind = reply->kind ? reply->kind : HG_TEXT, .to = out->to, .from = out->from,
		.text = reply->text ?: "", .html = reply->html, .template_json = reply->template_json,
		.payload = out->copy ? NULL : reply->payload, .files = out_files(turn, reply), .n_files = reply->n_files,
		.file_size = sizeof(struct hg_file), .refs = out->answers && !about ? refs : NULL,
		.target = about ? out->answers : NULL, .now_ms = turn->now_ms, .last_in_ms = out->last_in_ms,
		.name = out->author == HG_BY_AGENT || out->copy ? out->author_name : NULL, .automatic = out->automatic,
		.group = group_of(turn, kase->thread, out->channel),
	};
	struct hg_err err = { 0 };

	if (!check_files(reply, error) ||
	    !hg_past_fill(turn->engine, turn->arena, kase->thread, past_n, out->channel, out->answers, &whole, error))
		return FALSE;
	if (!ports->plan(ports->ctx, out->channel, turn->arena, &whole, out->parts, &err))
		return hg_fail(error, code_of(err.kind), "%s", *err.text ? err.text : "the channel cannot carry this");
	if (!out->parts->len || out->parts->len > PARTS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "it would be sent in %u parts, at most %d are", out->parts->len,
			       PARTS_MAX);
	return TRUE;
}

/* ---- keeping it ---- */

static const char *payload_of(hg_turn *turn, const struct hg_reply *reply)
{
	g_autofree char *text = NULL;

	if (!reply->template_json)
		return reply->payload;
	text = g_strdup_printf("{\"headgate.template\":%s}", reply->template_json);
	return hg_arena_str(turn->arena, text);
}

hg_message *hg_outgoing_message(hg_turn *turn, const struct hg_outgoing *out)
{
	const struct hg_reply *reply = out->reply;
	hg_message *message = hg_arena_alloc(turn->arena, sizeof(*message));

	*message = (hg_message){
		.direction = HG_OUTBOUND, .author = out->author, .author_name = out->author_name,
		.kind = reply->kind ? reply->kind : HG_TEXT, .channel = out->channel, .address = out->to,
		.our_address = out->from, .text = reply->text ?: "", .html = reply->html,
		.payload = payload_of(turn, reply), .answers = out->answers, .delivery = HG_DLV_QUEUED,
		.parts = (int)out->parts->len, .automatic = out->automatic, .origin = out->origin,
	};
	return message;
}

gboolean hg_outgoing_files(hg_turn *turn, const hg_message *message, const struct hg_reply *reply, GError **error)
{
	for (gsize i = 0; i < reply->n_files; i++) {
		const struct hg_file *file = &reply->files[i];
		hg_attachment row = {
			.message_n = message->n, .kind = file->kind ? file->kind : HG_FILE, .state = HG_FILE_STORED,
			.name = file->name, .type = file->type, .bytes = file->bytes, .sha256 = file->sha256,
		};

		hg_id_new(turn->engine->env, "att", row.id);
		if (!hg_store_attachment_add(turn->store, &row, error))
			return FALSE;
	}
	return TRUE;
}

void hg_outgoing_key(hg_turn *turn, const hg_thread *thread, const hg_message *message, int part, char ret_key[HG_KEY_SIZE])
{
	g_autofree char *number = g_strdup_printf("%d", part);

	hg_event_key(turn, (const char *const[]){ "send", thread->id, message->id, number, message->channel, NULL }, ret_key);
}

/* One irreversible call each, in order, with a key that every attempt repeats. */
static gboolean add_parts(hg_turn *turn, const hg_case *kase, const hg_message *message, const GArray *parts,
			  GError **error)
{
	for (guint i = 0; i < parts->len; i++) {
		const struct hg_part *part = &g_array_index(parts, struct hg_part, i);
		g_autofree char *seen = NULL;
		char key[HG_KEY_SIZE];
		hg_job job = {
			.target = HG_TO_CHANNEL, .name = message->channel, .lane = kase->thread->id,
			.due_ms = turn->now_ms, .key = key, .thread_n = kase->thread->n, .message_n = message->n,
			.part = (int)i, .file = part->file, .body = part->body, .len = part->len,
		};

		hg_outgoing_key(turn, kase->thread, message, (int)i, key);
		/* Receipts that carry the key find the message by it, long after the job is gone. */
		seen = g_strconcat("key:", key, NULL);
		if (!hg_outbox_add(turn, &job, error) ||
		    !hg_store_seen_set(turn->store, message->channel, seen, turn->now_ms, message->n, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean note_answer(hg_turn *turn, hg_case *kase, const struct hg_outgoing *out, GError **error)
{
	hg_thread *thread = kase->thread;

	/* Who has said nothing yet is not answered. */
	if (out->author == HG_BY_AGENT && !thread->first_response_ms && thread->inbound)
		thread->first_response_ms = turn->now_ms;
	if (out->author == HG_BY_BOT && !thread->first_bot_ms && thread->inbound)
		thread->first_bot_ms = turn->now_ms;
	if (out->author == HG_BY_BOT)
		return hg_wait_bot(turn, kase, error);
	return out->author != HG_BY_AGENT || hg_wait_person(turn, kase, error);
}

gboolean hg_outgoing_queue(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, hg_message **ret, GError **error)
{
	hg_message *message = hg_outgoing_message(turn, out);

	if (!hg_case_say(turn, kase, message, error) || !hg_outgoing_files(turn, message, out->reply, error) ||
	    !add_parts(turn, kase, message, out->parts, error) || !hg_unseen_watch(turn, kase, message, error))
		return FALSE;
	*ret = message;
	return note_answer(turn, kase, out, error);
}

/* What was said before can be taken back. */
static gboolean wanted(hg_turn *turn, const struct hg_outgoing *out, GError **error)
{
	if (out->about_consent || out->reply->kind == HG_REVOKE ||
	    !hg_consent_bars(turn->engine, out->said, out->automatic, out->last_in_ms))
		return TRUE;
	return hg_fail(error, HG_ERROR_OPTED_OUT, "%s. %s", hg_consent_why(turn->arena, out->said),
		       hg_consent_advice(out->said));
}

gboolean hg_outgoing_prepare(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, GError **error)
{
	return hg_block_check(turn, kase->contact, error) && address(turn, kase, out, error) && wanted(turn, out, error) &&
	       find_answered(turn, kase, out, error) && plan(turn, kase, out, error);
}

/* ---- the API's reply ---- */

static gboolean answer_message(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error)
{
	struct hg_payload payload = {
		.store = turn->store, .conf = turn->conf, .arena = turn->arena, .at_ms = turn->now_ms,
		.thread = kase->thread, .contact = kase->contact, .ticket = kase->ticket,
	};
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_key(out, "message");
	if (!hg_payload_message(&payload, message, TRUE, out, error))
		return FALSE;
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	turn->message_id = hg_arena_str(turn->arena, message->id);
	return TRUE;
}

/* Whoever wrote it hears so at once; where others look at the conversation they see it too. */
static gboolean bar(hg_turn *turn, hg_case *kase, const struct hg_outgoing *out, const char *why, GError **error)
{
	g_autofree char *text = g_strdup_printf("An answer by %s was not sent: %s", out->author_name ?:
						out->author == HG_BY_BOT ? "a bot" : "an agent", why);

	turn->refused = hg_arena_str(turn->arena, why);
	hg_tally_note_channel(turn, out->channel, HG_TALLY_BARRED);
	return hg_consent_tell(turn, kase, hg_arena_str(turn->arena, text), error) && hg_case_save(turn, kase, error);
}

gboolean hg_reply_command(hg_turn *turn, GError **error)
{
	const struct hg_reply *reply = &turn->command->reply;
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_outgoing out = {
		.reply = reply, .author = reply->bot ? HG_BY_BOT : HG_BY_AGENT, .author_name = reply->agent,
		.parts = parts,
	};
	g_autoptr(GError) why = NULL;
	hg_message *message;
	hg_case kase;

	if (!hg_case_by_id(turn, reply->thread_id ?: turn->command->thread_id, &kase, error))
		return FALSE;
	if (!hg_outgoing_prepare(turn, &kase, &out, &why)) {
		if (why->code == HG_ERROR_OPTED_OUT)
			return bar(turn, &kase, &out, why->message, error);
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return hg_outgoing_queue(turn, &kase, &out, &message, error) &&
	       (reply->kind >= HG_REACTION || hg_listen_sent(turn, &kase, message, error)) &&
	       hg_case_save(turn, &kase, error) && answer_message(turn, &kase, message, error);
}

gboolean hg_reply_note(hg_turn *turn, GError **error)
{
	hg_message note = {
		.direction = HG_NOTE, .author = HG_BY_AGENT, .author_name = turn->command->agent, .kind = HG_TEXT,
		.text = turn->command->text,
	};
	hg_case kase;

	return hg_case_by_id(turn, turn->command->thread_id, &kase, error) &&
	       hg_case_say(turn, &kase, &note, error) && hg_event_note(turn, &kase, &note, error) &&
	       hg_case_save(turn, &kase, error) && answer_message(turn, &kase, &note, error);
}

/* ---- what it would be sent as ---- */

/* All that a reply goes through until something is written: what refuses it refuses this too. */
gboolean hg_reply_preview(hg_turn *turn, GError **error)
{
	const struct hg_reply *reply = &turn->command->reply;
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_outgoing out = {
		.reply = reply, .author = reply->bot ? HG_BY_BOT : HG_BY_AGENT, .author_name = reply->agent,
		.parts = parts,
	};
	hg_case kase;

	if (!hg_case_by_id(turn, reply->thread_id ?: turn->command->thread_id, &kase, error) ||
	    !hg_outgoing_prepare(turn, &kase, &out, error))
		return FALSE;
	hg_preview_answer(turn, out.channel, out.to, out.from, parts);
	return TRUE;
}

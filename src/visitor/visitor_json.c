/* visitor_json.c - threads, messages and files as visitors see them */
#include "visitor_json.h"

#include <string.h>

#include "json.h"
#include "text.h"

#define LOOK_BACK   50		/* messages looked through for the newest that is his to see */
#define CHOICES_MAX 20
#define CHOICE_MAX  200		/* bytes of a choice's id and title */
#define FACES_MAX   32		/* different reactions to a message */

/* ---- whose eyes ---- */

gboolean hg_eyes_open(struct visitor_eyes *eyes, const char *uri, const struct hg_channel_conf *channel, GError **error)
{
	const char *scope = channel->scope ?: "default";
	g_autofree char *trial = channel->shadow ? g_strconcat(HG_SHADOW_SCOPE, scope, NULL) : NULL;

	return hg_store_view(eyes->store, eyes->arena, uri, trial ? hg_arena_str(eyes->arena, trial) : scope, &eyes->view,
			     error);
}

gboolean hg_eyes_thread(const struct visitor_eyes *eyes, const char *id, hg_thread **ret, GError **error)
{
	gboolean his = FALSE;

	*ret = NULL;
	if (!hg_id_is(id, "thr"))
		return TRUE;
	if (!hg_store_thread_by_id(eyes->store, eyes->arena, id, ret, error) ||
	    (*ret && !hg_store_viewed(eyes->store, eyes->arena, &eyes->view, *ret, &his, error)))
		return FALSE;
	if (!his)
		*ret = NULL;
	return TRUE;
}

gboolean hg_eyes_unread(const struct visitor_eyes *eyes, guint *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	*ret = 0;
	if (!hg_store_viewed_list(eyes->store, eyes->arena, &eyes->view, HG_VIEW_MAX, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len && *ret < HG_UNREAD_MAX; i++) {
		gint64 read_n;
		guint some;

		if (!hg_store_unread(eyes->store, eyes->arena, &eyes->view, g_ptr_array_index(threads, i), &some, &read_n,
				     error))
			return FALSE;
		*ret = MIN(*ret + some, HG_UNREAD_MAX);
	}
	return TRUE;
}

const char *hg_visitor_client_id(const char *id)
{
	const char *colon = id ? strchr(id, ':') : NULL;

	return colon && colon[1] ? colon + 1 : NULL;
}

/* ---- files ---- */

static const char *file_kind(int kind)
{
	switch (kind) {
	case HG_IMAGE:
	case HG_STICKER:
		return "image";
	case HG_AUDIO:
		return "audio";
	case HG_VIDEO:
		return "video";
	default:
		return "file";
	}
}

void hg_visitor_file_write(const struct visitor_eyes *eyes, const hg_attachment *file, GString *out)
{
	g_autofree char *name = file->name ? hg_file_name(file->name) : NULL;
	g_autoptr(GString) url = g_string_new(NULL);
	gboolean shown = file->state == HG_FILE_STORED && hg_visitor_file_link(eyes, file, url);

	hg_json_open(out, '{');
	hg_json_add_str(out, "id", file->id);
	hg_json_add_str(out, "name", name ?: file_kind(file->kind));
	hg_json_add_str(out, "type", file->type ?: "application/octet-stream");
	hg_json_add_int(out, "bytes", MAX(file->bytes, 0));
	hg_json_add_str(out, "state", hg_file_state_word(file->state));
	hg_json_add_str(out, "kind", file_kind(file->kind));
	hg_json_add_str(out, "url", url->len ? url->str : NULL);
	hg_json_add_bool(out, "inline", shown);
	hg_json_close(out, '}');
}

static gboolean write_files(const struct visitor_eyes *eyes, const hg_message *message, GString *out, GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();

	if (!message->revoked_ms && !hg_store_attachment_list(eyes->store, eyes->arena, message->n, files, error))
		return FALSE;
	hg_json_key(out, "files");
	hg_json_open(out, '[');
	for (guint i = 0; i < files->len; i++)
		hg_visitor_file_write(eyes, g_ptr_array_index(files, i), out);
	hg_json_close(out, ']');
	return TRUE;
}

/* ---- a message ---- */

/* Names of rules are nobody's business; what the gateway says it says in the company's name. */
static void write_author(const hg_message *message, GString *out)
{
	static const char *const kinds[] = {
		[HG_BY_CUSTOMER] = "visitor", [HG_BY_AGENT] = "agent", [HG_BY_BOT] = "bot", [HG_BY_RULE] = "bot",
		[HG_BY_OUTSIDE] = "agent", [HG_BY_GATEWAY] = "system",
	};
	gboolean me = message->direction == HG_INBOUND;
	int author = me ? HG_BY_CUSTOMER : message->author;
	gboolean named = author == HG_BY_AGENT || author == HG_BY_OUTSIDE || author == HG_BY_BOT;

	hg_json_key(out, "author");
	hg_json_open(out, '{');
	hg_json_add_str(out, "kind", author > 0 && author < (int)G_N_ELEMENTS(kinds) ? kinds[author] : "system");
	hg_json_add_str(out, "name", named ? message->author_name : NULL);
	hg_json_add_bool(out, "me", me);
	hg_json_close(out, '}');
}

/* Of a mail what is new in it: the rest stands above. */
static const char *words_of(const hg_message *message)
{
	if (message->revoked_ms)
		return "";
	if (message->direction == HG_INBOUND && message->reply_text && *message->reply_text)
		return message->reply_text;
	return message->text ?: "";
}

static void write_text(const hg_message *message, GString *out)
{
	const char *text = words_of(message);
	g_autofree char *cut = strlen(text) > HG_VISITOR_TEXT_MAX ? hg_text_valid(text, -1, HG_VISITOR_TEXT_MAX) : NULL;

	hg_json_add_str(out, "text", cut ?: text);
}

const char *hg_visitor_message_state(const hg_message *message)
{
	if (message->direction == HG_INBOUND)
		return "sent";
	switch (message->delivery) {
	case HG_DLV_SENT:
	case HG_DLV_PARTLY:
		return "sent";
	case HG_DLV_DELIVERED:
		return "delivered";
	case HG_DLV_READ:
	case HG_DLV_PLAYED:
		return "read";
	case HG_DLV_FAILED:
		return "failed";
	default:
		return NULL;
	}
}

const char *hg_visitor_medium(const char *adapter, const char *address)
{
	static const struct { const char *scheme, *word; } media[] = {
		{ HG_VISITOR_SCHEME, "widget" }, { "mailto:", "email" }, { "whatsapp:", "whatsapp" }, { "tel:", "sms" } };

	/* Its people have numbers as well. */
	if (g_strcmp0(adapter, "whatsapp") == 0)
		return adapter;
	for (gsize i = 0; address && i < G_N_ELEMENTS(media); i++)
		if (g_str_has_prefix(address, media[i].scheme))
			return media[i].word;
	return adapter ?: "other";
}

static const char *medium_of(const hg_conf *conf, const hg_message *message)
{
	const struct hg_channel_conf *set = message->channel ? hg_conf_channel(conf, message->channel) : NULL;

	return hg_visitor_medium(set ? set->adapter : NULL, message->address);
}

static void write_choice(struct json_object *choice, GString *out)
{
	const char *id = hg_json_str(choice, "id"), *title = hg_json_str(choice, "title");

	if (!title || strlen(title) > CHOICE_MAX || (id && strlen(id) > CHOICE_MAX))
		return;
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", id ?: title);
	hg_json_add_str(out, "title", title);
	hg_json_close(out, '}');
}

/* What an answer offers to be clicked: {"choices":[{"id":"yes","title":"Yes"}]}; payloads of other channels have none. */
static void write_choices(const hg_message *message, GString *out)
{
	gboolean ours = message->direction == HG_OUTBOUND && !message->revoked_ms && message->payload &&
			strstr(message->payload, "\"choices\"");
	g_autoptr(json_object) payload = ours ? hg_json_parse(message->payload, strlen(message->payload), NULL, NULL) : NULL;
	struct json_object *choices = hg_json_arr(payload, "choices");
	gsize n = choices ? MIN(json_object_array_length(choices), CHOICES_MAX) : 0;

	hg_json_key(out, "choices");
	hg_json_open(out, '[');
	for (gsize i = 0; i < n; i++)
		write_choice(json_object_array_get_idx(choices, i), out);
	hg_json_close(out, ']');
}

/* Kept by address, which is nobody else's business: shown as how often each was chosen. */
static void write_reactions(const hg_message *message, GString *out)
{
	g_autoptr(json_object) given = message->reactions && !message->revoked_ms
		? hg_json_parse(message->reactions, strlen(message->reactions), NULL, NULL) : NULL;
	g_autoptr(json_object) counts = json_object_new_object();

	if (given && json_object_is_type(given, json_type_object)) {
		json_object_object_foreach(given, address, face) {
			const char *word = json_object_get_string(face);
			struct json_object *so_far;

			(void)address;
			if (!word || !*word)
				continue;
			if (json_object_object_get_ex(counts, word, &so_far))
				json_object_set_int(so_far, json_object_get_int(so_far) + 1);
			else if (json_object_object_length(counts) < FACES_MAX)
				json_object_object_add(counts, word, json_object_new_int(1));
		}
	}
	hg_json_add_raw(out, "reactions", json_object_to_json_string_ext(counts, JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* What the visitor writes names the newest message of its conversation, which answers nothing in particular. */
static gboolean write_reply_to(const struct visitor_eyes *eyes, const hg_message *message, GString *out, GError **error)
{
	hg_message *answered = NULL;
	gint64 n = 0;

	if (message->direction == HG_OUTBOUND && message->answers && message->channel &&
	    (!hg_store_seen_find(eyes->store, message->channel, message->answers, eyes->now_ms, &n, error) ||
	     (n && !hg_store_message_get(eyes->store, eyes->arena, n, &answered, error))))
		return FALSE;
	hg_json_add_str(out, "reply_to", answered && answered->thread_n == message->thread_n ? answered->id : NULL);
	return TRUE;
}

gboolean hg_visitor_message_write(const struct visitor_eyes *eyes, const hg_thread *thread, const hg_message *message,
				  GString *out, GError **error)
{
	gboolean own = message->direction == HG_INBOUND && hg_visitor_is(message->address);

	hg_json_open(out, '{');
	hg_json_add_str(out, "id", message->id);
	hg_json_add_str(out, "client_id", own ? hg_visitor_client_id(message->external_id) : NULL);
	hg_json_add_str(out, "thread_id", thread->id);
	write_author(message, out);
	hg_json_add_str(out, "kind", hg_kind_word(message->kind));
	write_text(message, out);
	if (!write_files(eyes, message, out, error))
		return FALSE;
	hg_json_add_time(out, "at", message->at_ms);
	hg_json_add_time(out, "edited_at", message->edited_ms);
	hg_json_add_bool(out, "deleted", message->revoked_ms != 0);
	hg_json_add_str(out, "state", hg_visitor_message_state(message));
	hg_json_add_str(out, "channel", medium_of(eyes->conf, message));
	if (!write_reply_to(eyes, message, out, error))
		return FALSE;
	write_choices(message, out);
	write_reactions(message, out);
	hg_json_close(out, '}');
	return TRUE;
}

/* ---- a thread ---- */

static gboolean write_last(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out, GError **error)
{
	hg_message *message = NULL;
	gint64 n = thread->last_message_n;

	hg_json_key(out, "last");
	for (guint i = 0; n && i < LOOK_BACK; i++, n = message->prev_n) {
		if (!hg_store_message_get(eyes->store, eyes->arena, n, &message, error))
			return FALSE;
		if (!message)
			break;
		if (hg_message_is_for_visitor(message))
			return hg_visitor_message_write(eyes, thread, message, out, error);
	}
	hg_json_put_raw(out, NULL);
	return TRUE;
}

static gboolean write_unread(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out, GError **error)
{
	hg_message *message = NULL;
	gint64 read_n = 0;
	guint unread = 0;

	if (!hg_store_unread(eyes->store, eyes->arena, &eyes->view, thread, &unread, &read_n, error) ||
	    (read_n && !hg_store_message_get(eyes->store, eyes->arena, read_n, &message, error)))
		return FALSE;
	hg_json_add_int(out, "unread", unread);
	hg_json_add_str(out, "read_up_to", message ? message->id : NULL);
	return TRUE;
}

static void write_ticket(const hg_ticket *ticket, GString *out)
{
	hg_json_key(out, "ticket");
	if (!ticket) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "number", ticket->number);
	hg_json_add_str(out, "state", hg_ticket_state_word(ticket->state));
	hg_json_close(out, '}');
}

/* One that became a ticket goes on as long as that does. */
static gboolean is_open(const hg_thread *thread, const hg_ticket *ticket)
{
	if (thread->state == HG_THREAD_CONVERTED)
		return !ticket || ticket->state < HG_TICKET_SOLVED;
	return thread->state == HG_THREAD_OPEN;
}

static void write_rating(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out)
{
	const struct hg_rating_conf *rating = &eyes->conf->rating;

	hg_json_key(out, "rating");
	if (g_strcmp0(thread->asked, "rating") != 0 ||
	    (rating->wait_ms && thread->asked_ms + rating->wait_ms < eyes->now_ms)) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "scale", rating->scale ?: "5");
	hg_json_close(out, '}');
}

gboolean hg_visitor_thread_write(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out, GError **error)
{
	hg_ticket *ticket = NULL;

	if (thread->ticket_n && !hg_store_ticket_get(eyes->store, eyes->arena, thread->ticket_n, &ticket, error))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", thread->id);
	hg_json_add_str(out, "state", is_open(thread, ticket) ? "open" : "closed");
	hg_json_add_time(out, "opened_at", thread->opened_ms);
	hg_json_add_time(out, "last_at", thread->last_ms);
	if (!write_unread(eyes, thread, out, error))
		return FALSE;
	write_ticket(ticket, out);
	if (!write_last(eyes, thread, out, error))
		return FALSE;
	write_rating(eyes, thread, out);
	hg_json_close(out, '}');
	return TRUE;
}

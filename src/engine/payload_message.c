/* payload_message.c - a message as JSON, and a conversation as messages and as a transcript */
#include <string.h>

#include "json.h"
#include "payload_parts.h"
#include "text.h"

#define FOREIGN_DEPTH 20	/* what wraps it still has to fit into what receivers parse */
#define QUOTE_MAX     80	/* bytes of a message that a note for the agent repeats */

void hg_json_add_foreign(GString *out, const char *key, const char *bytes, gsize len)
{
	const struct hg_json_limits limits = { .max_depth = FOREIGN_DEPTH };
	g_autoptr(json_object) parsed = NULL;
	g_autofree char *json = NULL;

	hg_json_key(out, key);
	if (len <= HG_RAW_MAX)
		parsed = hg_json_parse(bytes, len, &limits, NULL);
	if (parsed) {
		json = g_strndup(bytes, len);
		hg_json_put_raw(out, g_strstrip(json));
	} else {
		json = hg_text_valid(bytes, (gssize)len, HG_RAW_MAX);
		hg_json_put_str(out, json);
	}
}

static void add_foreign(GString *out, const char *key, const char *json)
{
	if (json)
		hg_json_add_foreign(out, key, json, strlen(json));
}

/* ---- files ---- */

void hg_file_write(const struct hg_payload *payload, const hg_attachment *file, const char *message_id,
		   GString *out)
{
	gboolean stored = file->state == HG_FILE_STORED;

	hg_json_open(out, '{');
	hg_json_add_str(out, "id", file->id);
	hg_json_opt_str(out, "message_id", message_id);
	hg_json_add_str(out, "kind", hg_kind_word(file->kind));
	hg_json_add_str(out, "name", file->name);
	hg_json_add_str(out, "type", file->type);
	hg_json_key(out, "size");
	if (file->bytes >= 0)
		hg_json_put_int(out, file->bytes);
	else
		hg_json_put_raw(out, NULL);
	hg_json_add_str(out, "sha256", file->sha256);
	hg_json_add_str(out, "state", hg_file_state_word(file->state));
	if (stored)
		hg_url_add(payload, "url", "v1/attachments", file->id, out);
	else
		hg_json_add_raw(out, "url", NULL);
	hg_json_opt_str(out, "error", file->error);
	hg_json_opt_str(out, "content_id", file->content_id);
	if (file->content_id)
		hg_json_add_bool(out, "inline", TRUE);
	hg_json_close(out, '}');
}

gboolean hg_said_read(const struct hg_payload *payload, const hg_message *message, hg_said *ret,
		      GError **error)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new();

	if (!hg_store_attachment_list(payload->store, payload->arena, message->n, files, error))
		return FALSE;
	*ret = (hg_said){ .message = message, .files = g_steal_pointer(&files) };
	return TRUE;
}

void hg_said_done(hg_said *said)
{
	g_clear_pointer(&said->files, g_ptr_array_unref);
}

/* ---- a message ---- */

void hg_error_write(const hg_message *message, GString *out)
{
	if (!message->error) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_int(out, "code", message->error_code);
	hg_json_add_str(out, "text", message->error);
	hg_json_add_str(out, "advice", message->advice);
	hg_json_close(out, '}');
}

static void write_delivery(const hg_message *message, GString *out)
{
	if (message->direction != HG_OUTBOUND)
		return;
	hg_json_add_str(out, "delivery", hg_delivery_word(message->delivery));
	hg_json_add_int(out, "parts", message->parts);
	hg_json_add_int(out, "parts_sent", message->parts_sent);
	hg_json_key(out, "error");
	hg_error_write(message, out);
	if (message->conflict)
		hg_json_add_bool(out, "receipts_conflict", TRUE);
	if (message->resent)
		hg_json_add_int(out, "resent", message->resent);
}

/* What was taken back is not handed on again. */
static void write_content(const hg_message *message, GString *out)
{
	gboolean gone = message->revoked_ms != 0;

	hg_json_opt_str(out, "subject", gone ? NULL : message->subject);
	hg_json_add_str(out, "text", gone || !message->text ? "" : message->text);
	if (gone)
		return;
	hg_json_opt_str(out, "reply_text", message->reply_text);
	hg_json_opt_str(out, "html", message->html);
	add_foreign(out, "payload", message->payload);
	add_foreign(out, "reactions", message->reactions);
}

static void write_flag(GString *out, const char *key, gboolean flag)
{
	if (flag)
		hg_json_add_bool(out, key, TRUE);
}

static void write_head(const hg_message *message, GString *out)
{
	hg_json_add_str(out, "id", message->id);
	hg_json_add_str(out, "direction", hg_direction_word(message->direction));
	hg_json_add_str(out, "author", hg_author_word(message->author));
	hg_json_add_str(out, "author_name", message->author_name);
	hg_json_add_str(out, "kind", hg_kind_word(message->kind));
	hg_json_add_str(out, "channel", message->channel);
	hg_json_add_str(out, "address", message->address);
	hg_json_opt_str(out, "our_address", message->our_address);
	hg_json_opt_str(out, "external_id", message->external_id);
	hg_json_opt_str(out, "answers", message->answers);
	hg_json_add_time(out, "at", message->at_ms);
	hg_json_opt_time(out, "sent_at", message->sent_ms);
	hg_json_opt_time(out, "edited_at", message->edited_ms);
	hg_json_opt_time(out, "deleted_at", message->revoked_ms);
	write_flag(out, "automatic", message->automatic);
	write_flag(out, "forwarded", message->forwarded);
	write_flag(out, "echo", message->echo);
	write_flag(out, "noise", message->noise != HG_NOISE_NOT);
	hg_json_opt_str(out, "origin", message->origin);
	if (message->sender)
		hg_json_add_str(out, "sender_verified", hg_sender_word(message->sender - 1));
	write_flag(out, "unproven", message->sender && message->sender != 1 + HG_SENDER_PASS);
}

/* Never dropped: what nobody understood goes on as it came. */
static gboolean write_raw(const struct hg_payload *payload, const hg_message *message, GString *out,
			  GError **error)
{
	const void *bytes = NULL;
	gsize len = 0;

	hg_json_opt_str(out, "note", message->note);
	if (message->kind != HG_UNSUPPORTED || !message->raw_n || message->revoked_ms)
		return TRUE;
	if (!hg_store_raw_get(payload->store, payload->arena, message->raw_n, &bytes, &len, error))
		return FALSE;
	if (bytes)
		hg_json_add_foreign(out, "raw", bytes, len);
	write_flag(out, "raw_cut", len > HG_RAW_MAX);
	return TRUE;
}

gboolean hg_said_write(const struct hg_payload *payload, const hg_said *said, GString *out, GError **error)
{
	const hg_message *message = said->message;

	hg_json_open(out, '{');
	write_head(message, out);
	write_content(message, out);
	hg_json_key(out, "attachments");
	hg_json_open(out, '[');
	for (guint i = 0; i < said->files->len && !message->revoked_ms; i++)
		hg_file_write(payload, g_ptr_array_index(said->files, i), NULL, out);
	hg_json_close(out, ']');
	write_delivery(message, out);
	if (!write_raw(payload, message, out, error))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}

gboolean hg_payload_message(const struct hg_payload *payload, const hg_message *message, gboolean notes_too,
			    GString *out, GError **error)
{
	g_auto(hg_said) said = { .message = NULL };

	if (message->direction == HG_NOTE && !notes_too)
		return hg_fail(error, HG_ERROR_STATE, "%s is a note, which only agents may read", message->id);
	return hg_said_read(payload, message, &said, error) && hg_said_write(payload, &said, out, error);
}

/* ---- a conversation ---- */

static gsize weight(const hg_message *message)
{
	const char *const texts[] = { message->text, message->html, message->payload };
	gsize sum = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		sum += texts[i] ? strlen(texts[i]) : 0;
	return sum + (message->kind == HG_UNSUPPORTED ? HG_RAW_MAX : 0);
}

/* How many of the newest fit; the newest one always does. */
static guint fitting(const GPtrArray *messages)
{
	gsize bytes = 0;
	guint n = 0;

	for (; n < messages->len; n++) {
		bytes += weight(g_ptr_array_index(messages, n));
		if (n && bytes > HG_TALK_BYTES_MAX)
			break;
	}
	return n;
}

static void said_clear(gpointer said)
{
	hg_said_done(said);
}

gboolean hg_talk_read(const struct hg_payload *payload, hg_talk *ret, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(hg_said));
	gint64 newest = payload->thread->last_message_n;
	guint n;

	g_array_set_clear_func(all, said_clear);
	if (newest && !hg_store_message_list(payload->store, payload->arena, newest, HG_TALK_MAX, messages, error))
		return FALSE;
	n = fitting(messages);
	for (guint i = n; i > 0; i--) {
		const hg_message *message = g_ptr_array_index(messages, i - 1);
		hg_said said;

		if (message->direction == HG_NOTE || (payload->for_visitor ? !hg_message_is_for_visitor(message) : message->noise != HG_NOISE_NOT))
			continue;
		if (!hg_said_read(payload, message, &said, error))
			return FALSE;
		g_array_append_val(all, said);
	}
	ret->cut = n && ((const hg_message *)g_ptr_array_index(messages, n - 1))->prev_n != 0;
	ret->said = g_steal_pointer(&all);
	return TRUE;
}

void hg_talk_done(hg_talk *talk)
{
	g_clear_pointer(&talk->said, g_array_unref);
}

/* ---- transcript ---- */

static const char *speaker(const struct hg_payload *payload, const hg_message *message)
{
	if (message->author == HG_BY_CUSTOMER && payload->contact && payload->contact->name)
		return payload->contact->name;
	if (message->author != HG_BY_CUSTOMER && message->author_name)
		return message->author_name;
	switch (message->author) {
	case HG_BY_CUSTOMER:
		return "Customer";
	case HG_BY_AGENT:
	case HG_BY_OUTSIDE:
		return "Agent";
	case HG_BY_BOT:
		return "Bot";
	default:
		return payload->conf && payload->conf->gateway.name ? payload->conf->gateway.name : "headgate";
	}
}

/* "2026-11-20T10:02:11.004Z" becomes "2026-11-20 10:02". */
static void put_minute(GString *out, gint64 at_ms)
{
	char text[HG_TIME_SIZE];

	hg_time(at_ms, text);
	g_string_append_len(out, text, 10);
	g_string_append_c(out, ' ');
	g_string_append_len(out, text + 11, 5);
}

/* Each line of a text is its own: none can pretend to be somebody else's. */
static void put_indented(GString *out, const char *text)
{
	for (; *text; text++) {
		g_string_append_c(out, *text);
		if (*text == '\n')
			g_string_append(out, "    ");
	}
}

static void put_said(const struct hg_payload *payload, const hg_said *said, GString *out)
{
	const hg_message *message = said->message;

	g_string_append_c(out, '[');
	put_minute(out, message->at_ms);
	g_string_append(out, "] ");
	put_indented(out, speaker(payload, message));
	g_string_append(out, message->direction == HG_SYSTEM_LINE ? " --" : ":");
	if (message->revoked_ms) {
		g_string_append(out, " (deleted)\n");
		return;
	}
	if (message->text && *message->text) {
		g_string_append_c(out, ' ');
		/* What it quotes was said above. */
		put_indented(out, message->reply_text && *message->reply_text ? message->reply_text : message->text);
	} else if (message->kind != HG_TEXT) {
		g_string_append_printf(out, " (%s)", hg_kind_word(message->kind));
	}
	for (guint i = 0; i < said->files->len; i++) {
		const hg_attachment *file = g_ptr_array_index(said->files, i);

		g_string_append_printf(out, " [%s%s", hg_kind_word(file->kind), file->name ? ": " : "");
		put_indented(out, file->name ? file->name : "");
		g_string_append_c(out, ']');
	}
	g_string_append_c(out, '\n');
}

void hg_transcript_write(const struct hg_payload *payload, const hg_talk *talk, GString *out)
{
	static const char earlier[] = "(earlier messages are left out)\n";
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
	gsize bytes = sizeof(earlier);
	guint from = talk->said->len;

	g_ptr_array_set_size(lines, (gint)talk->said->len);
	while (from) {
		GString *line = g_string_new(NULL);
		gsize len;

		put_said(payload, &g_array_index(talk->said, hg_said, from - 1), line);
		len = line->len;
		lines->pdata[from - 1] = g_string_free(line, FALSE);
		if (bytes + len > HG_TRANSCRIPT_MAX)
			break;
		bytes += len;
		from--;
	}
	if (from || talk->cut)
		g_string_append(out, earlier);
	for (; from < lines->len; from++)
		g_string_append(out, g_ptr_array_index(lines, from));
}

gboolean hg_payload_transcript(const struct hg_payload *payload, GString *out, GError **error)
{
	g_auto(hg_talk) talk = { .said = NULL };

	if (!hg_talk_read(payload, &talk, error))
		return FALSE;
	hg_transcript_write(payload, &talk, out);
	return TRUE;
}

/* ---- what the agent is told ---- */

static void put_quote(GString *out, const char *text)
{
	g_autofree char *cut = hg_text_valid(text ? text : "", -1, QUOTE_MAX);

	if (!*cut)
		return;
	g_strdelimit(cut, "\r\n\t", ' ');
	g_string_append_printf(out, " (\"%s%s\")", cut, strlen(text) > strlen(cut) ? "..." : "");	/* analyser: NULL has no cut */
}

static void put_channel(GString *out, const hg_message *message)
{
	if (message->channel)
		g_string_append_printf(out, " on %s", message->channel);
}

static void put_why(GString *out, const hg_message *message)
{
	if (message->error)
		g_string_append_printf(out, ": %s", message->error);
	g_string_append_c(out, '.');
	if (message->advice)
		g_string_append_printf(out, " %s%s", message->advice,
				       g_str_has_suffix(message->advice, ".") ? "" : ".");
}

char *hg_said_note(const hg_message *message)
{
	g_autoptr(GString) note = g_string_new("The answer of ");

	put_minute(note, message->at_ms);
	g_string_append(note, " UTC");
	put_quote(note, message->text);
	switch (message->delivery) {
	case HG_DLV_FAILED:
		g_string_append(note, " did not reach the customer");
		put_channel(note, message);
		put_why(note, message);
		break;
	case HG_DLV_PARTLY:
		g_string_append(note, " reached the customer");
		put_channel(note, message);
		g_string_append_printf(note, " only in part (%d of %d messages)", message->parts_sent, message->parts);
		put_why(note, message);
		break;
	case HG_DLV_UNKNOWN:
		g_string_append(note, " may not have reached the customer");
		put_channel(note, message);
		put_why(note, message);
		g_string_append(note, " It is not sent again by itself, so that nobody gets it twice: ask the "
				      "customer, or settle it in headgate as arrived or to be sent again.");
		break;
	default:
		return NULL;
	}
	return g_strdup(note->str);
}

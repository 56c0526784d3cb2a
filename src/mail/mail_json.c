/* mail_json.c - a mail as JSON and back; the way back believes nothing */
#include "mail.h"

#include <string.h>

#include "fail.h"
#include "json.h"
#include "text.h"

#define TEXT_MAX (16 * 1024 * 1024)	/* bytes of one text; a few times what the parser keeps */
#define WORD_MAX 65536			/* of one line */
#define LIST_MAX 2000

static const char *const confidences[] = { "low", "medium", "high", NULL };
static const char *const autos[] = { "none", "replied", "generated", "bounce", "list", "bulk", "out_of_office", "no_reply", "loop",
				     "ours", "receipt", NULL };
static const char *const verdicts[] = { "none", "pass", "fail", NULL };

void hg_mail_free(hg_mail *mail)
{
	if (mail)
		hg_arena_free(mail->arena);
}

/* ---- to JSON ---- */

static void add_people(GString *out, const char *key, const struct hg_mail_people *people)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (gsize i = 0; i < people->n; i++) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "name", people->of[i].name);
		hg_json_add_str(out, "address", people->of[i].address);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_texts(GString *out, const char *key, const char *const *of, gsize n)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (gsize i = 0; i < n; i++)
		hg_json_put_str(out, of[i]);
	hg_json_close(out, ']');
}

static void add_files(GString *out, const hg_mail *mail)
{
	hg_json_key(out, "attachments");
	hg_json_open(out, '[');
	for (gsize i = 0; i < mail->n_files; i++) {
		const struct hg_mail_file *file = &mail->files[i];

		hg_json_open(out, '{');
		hg_json_add_str(out, "filename", file->filename);
		hg_json_add_str(out, "content_type", file->content_type);
		hg_json_add_int(out, "size", (gint64)file->size);
		hg_json_add_bool(out, "inline", file->is_inline);
		hg_json_add_str(out, "content_id", file->content_id);
		hg_json_add_str(out, "sha256", file->sha256);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
}

static void add_report(GString *out, const struct hg_mail_report *report)
{
	hg_json_key(out, "report");
	if (!report) {
		hg_json_put_str(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "action", report->action);
	hg_json_add_str(out, "recipient", report->recipient);
	hg_json_add_str(out, "status", report->status);
	hg_json_add_str(out, "diagnostic", report->diagnostic);
	hg_json_add_str(out, "envelope_id", report->envelope_id);
	hg_json_add_str(out, "message_id", report->message_id);
	hg_json_close(out, '}');
}

static void add_date(GString *out, gint64 ms)
{
	char date[HG_TIME_SIZE];

	hg_json_add_str(out, "date", ms ? hg_time(ms, date) : NULL);
}

void hg_mail_write(const hg_mail *mail, GString *out)
{
	hg_json_open(out, '{');
	add_people(out, "from", &mail->from);
	add_people(out, "to", &mail->to);
	add_people(out, "cc", &mail->cc);
	add_people(out, "reply_to", &mail->reply_to);
	hg_json_add_str(out, "subject", mail->subject);
	hg_json_add_str(out, "message_id", mail->message_id);
	add_texts(out, "in_reply_to", mail->in_reply_to.of, mail->in_reply_to.n);
	add_texts(out, "references", mail->references.of, mail->references.n);
	add_date(out, mail->date_ms);
	hg_json_add_str(out, "text", mail->text);
	hg_json_add_str(out, "reply_text", mail->reply_text);
	hg_json_add_str(out, "reply_confidence", confidences[mail->confidence]);
	hg_json_add_str(out, "auto", mail->automatic ? autos[mail->automatic] : NULL);
	add_files(out, mail);
	add_texts(out, "warnings", mail->warnings, mail->n_warnings);
	hg_json_add_str(out, "html", mail->html);
	add_people(out, "delivered_to", &mail->delivered);
	hg_json_add_str(out, "return_path", mail->sender);
	hg_json_add_str(out, "loop", mail->loop);
	add_report(out, mail->report);
	hg_json_add_str(out, "sender_verified", verdicts[mail->verdict]);
	hg_json_add_bool(out, "spam", mail->spam);
	hg_json_add_bool(out, "forwarded", mail->forwarded);
	hg_json_add_str(out, "content_hash", mail->content_hash);
	hg_json_close(out, '}');
}

struct json_object *hg_mail_to_json(const hg_mail *mail)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct hg_json_limits limits = { .max_depth = 8 };

	hg_mail_write(mail, out);
	limits.max_bytes = out->len;
	limits.max_memory = out->len * 40 + 1024 * 1024;
	return hg_json_parse(out->str, out->len, &limits, NULL);
}

/* ---- and back ---- */

enum kind { TEXT, OPTIONAL_TEXT };

struct reader {
	hg_arena *arena;
	struct json_object *object;
	int taken;			/* members that were read: there may be no others */
	GError **error;
};

static gboolean wrong(struct reader *r, const char *key, const char *what)
{
	return hg_fail(r->error, HG_ERROR_INPUT, "the helper's answer: \"%s\" %s", key, what);
}

static gboolean member(struct reader *r, const char *key, struct json_object **ret)
{
	if (!json_object_object_get_ex(r->object, key, ret))
		return wrong(r, key, "is missing");
	r->taken++;
	return TRUE;
}

static gboolean nothing_else(struct reader *r)
{
	return json_object_object_length(r->object) == r->taken || wrong(r, "mail", "has members nobody knows");
}

static gboolean valid_text(struct reader *r, const char *key, struct json_object *value, gsize most, const char **ret)
{
	gsize len;

	if (!json_object_is_type(value, json_type_string))
		return wrong(r, key, "is no text");
	len = (gsize)json_object_get_string_len(value);
	if (len > most || strlen(json_object_get_string(value)) != len ||
	    !g_utf8_validate_len(json_object_get_string(value), len, NULL))
		return wrong(r, key, "is too long, or none that a mail can have");
	*ret = hg_arena_mem(r->arena, json_object_get_string(value), len);
	return TRUE;
}

static gboolean take_text(struct reader *r, const char *key, enum kind kind, gsize most, const char **ret)
{
	struct json_object *value;

	if (!member(r, key, &value))
		return FALSE;
	if (!value && kind == OPTIONAL_TEXT) {
		*ret = NULL;
		return TRUE;
	}
	return valid_text(r, key, value, most, ret);
}

static gboolean take_bool(struct reader *r, const char *key, gboolean *ret)
{
	struct json_object *value;

	if (!member(r, key, &value))
		return FALSE;
	if (!json_object_is_type(value, json_type_boolean))
		return wrong(r, key, "is neither true nor false");
	*ret = json_object_get_boolean(value);
	return TRUE;
}

/* words: NULL-ended; the place of the one that stands there. */
static gboolean take_word(struct reader *r, const char *key, const char *const *words, gboolean optional, int *ret)
{
	const char *text;

	if (!take_text(r, key, optional ? OPTIONAL_TEXT : TEXT, WORD_MAX, &text))
		return FALSE;
	for (*ret = 0; text && words[*ret]; ++*ret)
		if (!strcmp(words[*ret], text))
			return TRUE;
	return !text || wrong(r, key, "is a word nobody knows");
}

static gboolean take_list(struct reader *r, const char *key, struct json_object **ret, gsize *ret_n)
{
	if (!member(r, key, ret))
		return FALSE;
	if (!json_object_is_type(*ret, json_type_array) || json_object_array_length(*ret) > LIST_MAX)
		return wrong(r, key, "is no list, or too long a one");
	*ret_n = json_object_array_length(*ret);
	return TRUE;
}

static gboolean take_texts(struct reader *r, const char *key, const char ***ret, gsize *ret_n)
{
	struct json_object *list;

	if (!take_list(r, key, &list, ret_n))
		return FALSE;
	*ret = hg_arena_alloc(r->arena, *ret_n * sizeof(char *) + 1);
	for (gsize i = 0; i < *ret_n; i++)
		if (!valid_text(r, key, json_object_array_get_idx(list, i), WORD_MAX, &(*ret)[i]))
			return FALSE;
	return TRUE;
}

/* A reader of one object inside. */
static gboolean inside(struct reader *r, const char *key, struct json_object *object, struct reader *ret)
{
	*ret = (struct reader){ .arena = r->arena, .object = object, .error = r->error };
	return json_object_is_type(object, json_type_object) || wrong(r, key, "is no object");
}

static gboolean take_people(struct reader *r, const char *key, struct hg_mail_people *ret)
{
	struct json_object *list;

	if (!take_list(r, key, &list, &ret->n))
		return FALSE;
	ret->of = hg_arena_alloc(r->arena, ret->n * sizeof(struct hg_mail_person) + 1);
	for (gsize i = 0; i < ret->n; i++) {
		struct hg_mail_person *person = (struct hg_mail_person *)&ret->of[i];
		struct reader one;

		if (!inside(r, key, json_object_array_get_idx(list, i), &one) ||
		    !take_text(&one, "name", OPTIONAL_TEXT, WORD_MAX, &person->name) ||
		    !take_text(&one, "address", TEXT, WORD_MAX, &person->address) || !nothing_else(&one))
			return FALSE;
	}
	return TRUE;
}

static gboolean take_hex(struct reader *r, const char *key, char ret[65])
{
	const char *text;

	if (!take_text(r, key, TEXT, 64, &text))
		return FALSE;
	if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		return wrong(r, key, "is no SHA-256");
	g_strlcpy(ret, text, 65);
	return TRUE;
}

static gboolean take_size(struct reader *r, gsize *ret)
{
	struct json_object *value;

	if (!member(r, "size", &value))
		return FALSE;
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return wrong(r, "size", "is no size");
	*ret = (gsize)json_object_get_int64(value);
	return TRUE;
}

/* A name is checked again: it becomes one on somebody's disk. */
static gboolean is_safe(const char *filename)
{
	g_autofree char *safe = filename ? hg_file_name(filename) : NULL;

	return !filename || !g_strcmp0(safe, filename);
}

static gboolean take_file(struct reader *r, struct json_object *object, struct hg_mail_file *file)
{
	struct reader one;

	return inside(r, "attachments", object, &one) &&
	       take_text(&one, "filename", OPTIONAL_TEXT, WORD_MAX, &file->filename) &&
	       (is_safe(file->filename) || wrong(r, "filename", "is no safe name")) &&
	       take_text(&one, "content_type", TEXT, WORD_MAX, &file->content_type) && take_size(&one, &file->size) &&
	       take_bool(&one, "inline", &file->is_inline) &&
	       take_text(&one, "content_id", OPTIONAL_TEXT, WORD_MAX, &file->content_id) &&
	       take_hex(&one, "sha256", file->sha256) && nothing_else(&one);
}

static gboolean take_files(struct reader *r, hg_mail *mail)
{
	struct json_object *list;

	if (!take_list(r, "attachments", &list, &mail->n_files))
		return FALSE;
	mail->files = hg_arena_alloc(r->arena, mail->n_files * sizeof(struct hg_mail_file) + 1);
	for (gsize i = 0; i < mail->n_files; i++)
		if (!take_file(r, json_object_array_get_idx(list, i), &mail->files[i]))
			return FALSE;
	return TRUE;
}

static gboolean take_report(struct reader *r, struct hg_mail_report **ret)
{
	struct json_object *object;
	struct hg_mail_report *report = hg_arena_alloc(r->arena, sizeof(*report));
	struct reader one;

	*ret = NULL;
	if (!member(r, "report", &object))
		return FALSE;
	if (!object)
		return TRUE;
	*ret = report;
	return inside(r, "report", object, &one) && take_text(&one, "action", TEXT, WORD_MAX, &report->action) &&
	       take_text(&one, "recipient", OPTIONAL_TEXT, WORD_MAX, &report->recipient) &&
	       take_text(&one, "status", OPTIONAL_TEXT, WORD_MAX, &report->status) &&
	       take_text(&one, "diagnostic", OPTIONAL_TEXT, WORD_MAX, &report->diagnostic) &&
	       take_text(&one, "envelope_id", OPTIONAL_TEXT, WORD_MAX, &report->envelope_id) &&
	       take_text(&one, "message_id", OPTIONAL_TEXT, WORD_MAX, &report->message_id) && nothing_else(&one);
}

static gboolean take_date(struct reader *r, gint64 *ret)
{
	g_autoptr(GDateTime) date = NULL;
	const char *text;

	*ret = 0;
	if (!take_text(r, "date", OPTIONAL_TEXT, HG_TIME_SIZE, &text))
		return FALSE;
	if (!text)
		return TRUE;
	/* hg_time_parse() knows no years before 1970; people whose clocks stand there write mail too. */
	date = g_str_has_suffix(text, "Z") ? g_date_time_new_from_iso8601(text, NULL) : NULL;
	if (!date)
		return wrong(r, "date", "is no date");
	*ret = g_date_time_to_unix(date) * 1000 + g_date_time_get_microsecond(date) / 1000;
	return TRUE;
}

static gboolean take_mail(struct reader *r, hg_mail *mail)
{
	return take_people(r, "from", &mail->from) && take_people(r, "to", &mail->to) && take_people(r, "cc", &mail->cc) &&
	       take_people(r, "reply_to", &mail->reply_to) && take_people(r, "delivered_to", &mail->delivered) &&
	       take_text(r, "subject", TEXT, WORD_MAX, &mail->subject) &&
	       take_text(r, "message_id", OPTIONAL_TEXT, WORD_MAX, &mail->message_id) &&
	       take_texts(r, "in_reply_to", &mail->in_reply_to.of, &mail->in_reply_to.n) &&
	       take_texts(r, "references", &mail->references.of, &mail->references.n) && take_date(r, &mail->date_ms) &&
	       take_text(r, "text", TEXT, TEXT_MAX, &mail->text) && take_text(r, "reply_text", TEXT, TEXT_MAX, &mail->reply_text) &&
	       take_word(r, "reply_confidence", confidences, FALSE, &mail->confidence) &&
	       take_word(r, "auto", autos, TRUE, &mail->automatic) && take_files(r, mail) &&
	       take_texts(r, "warnings", &mail->warnings, &mail->n_warnings) &&
	       take_text(r, "html", OPTIONAL_TEXT, TEXT_MAX, &mail->html) &&
	       take_text(r, "return_path", OPTIONAL_TEXT, WORD_MAX, &mail->sender) &&
	       take_text(r, "loop", OPTIONAL_TEXT, WORD_MAX, &mail->loop) && take_report(r, &mail->report) &&
	       take_word(r, "sender_verified", verdicts, FALSE, &mail->verdict) && take_bool(r, "spam", &mail->spam) &&
	       take_bool(r, "forwarded", &mail->forwarded) && take_hex(r, "content_hash", mail->content_hash) && nothing_else(r);
}

hg_mail *hg_mail_from_json(struct json_object *json, GError **error)
{
	hg_arena *arena = hg_arena_new();
	g_autoptr(hg_mail) mail = hg_arena_alloc(arena, sizeof(*mail));
	struct reader r = { .arena = arena, .object = json, .error = error };

	mail->arena = arena;
	if (!json_object_is_type(json, json_type_object)) {
		hg_fail(error, HG_ERROR_INPUT, "the helper's answer is no object");
		return NULL;
	}
	return take_mail(&r, mail) ? g_steal_pointer(&mail) : NULL;
}

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

static struct json_object *text_of(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static struct json_object *people_json(const struct hg_mail_people *people)
{
	struct json_object *list = json_object_new_array();

	for (gsize i = 0; i < people->n; i++) {
		struct json_object *person = json_object_new_object();

		add(person, "name", text_of(people->of[i].name));
		add(person, "address", text_of(people->of[i].address));
		json_object_array_add(list, person);
	}
	return list;
}

static struct json_object *texts_json(const char *const *of, gsize n)
{
	struct json_object *list = json_object_new_array();

	for (gsize i = 0; i < n; i++)
		json_object_array_add(list, text_of(of[i]));
	return list;
}

static struct json_object *file_json(const struct hg_mail_file *file)
{
	struct json_object *object = json_object_new_object();

	add(object, "filename", text_of(file->filename));
	add(object, "content_type", text_of(file->content_type));
	add(object, "size", json_object_new_int64((gint64)file->size));
	add(object, "inline", json_object_new_boolean(file->is_inline));
	add(object, "content_id", text_of(file->content_id));
	add(object, "sha256", text_of(file->sha256));
	return object;
}

static struct json_object *report_json(const struct hg_mail_report *report)
{
	struct json_object *object;

	if (!report)
		return NULL;
	object = json_object_new_object();
	add(object, "action", text_of(report->action));
	add(object, "recipient", text_of(report->recipient));
	add(object, "status", text_of(report->status));
	add(object, "diagnostic", text_of(report->diagnostic));
	add(object, "envelope_id", text_of(report->envelope_id));
	add(object, "message_id", text_of(report->message_id));
	return object;
}

static struct json_object *date_json(gint64 ms)
{
	char date[HG_TIME_SIZE];

	return ms ? text_of(hg_time(ms, date)) : NULL;
}

struct json_object *hg_mail_to_json(const hg_mail *mail)
{
	struct json_object *object = json_object_new_object(), *files = json_object_new_array();

	add(object, "from", people_json(&mail->from));
	add(object, "to", people_json(&mail->to));
	add(object, "cc", people_json(&mail->cc));
	add(object, "reply_to", people_json(&mail->reply_to));
	add(object, "subject", text_of(mail->subject));
	add(object, "message_id", text_of(mail->message_id));
	add(object, "in_reply_to", texts_json(mail->in_reply_to.of, mail->in_reply_to.n));
	add(object, "references", texts_json(mail->references.of, mail->references.n));
	add(object, "date", date_json(mail->date_ms));
	add(object, "text", text_of(mail->text));
	add(object, "reply_text", text_of(mail->reply_text));
	add(object, "reply_confidence", text_of(confidences[mail->confidence]));
	add(object, "auto", mail->automatic ? text_of(autos[mail->automatic]) : NULL);
	for (gsize i = 0; i < mail->n_files; i++)
		json_object_array_add(files, file_json(&mail->files[i]));
	add(object, "attachments", files);
	add(object, "warnings", texts_json(mail->warnings, mail->n_warnings));
	add(object, "html", text_of(mail->html));
	add(object, "delivered_to", people_json(&mail->delivered));
	add(object, "return_path", text_of(mail->sender));
	add(object, "loop", text_of(mail->loop));
	add(object, "report", report_json(mail->report));
	add(object, "sender_verified", text_of(verdicts[mail->verdict]));
	add(object, "spam", json_object_new_boolean(mail->spam));
	add(object, "forwarded", json_object_new_boolean(mail->forwarded));
	add(object, "content_hash", text_of(mail->content_hash));
	return object;
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

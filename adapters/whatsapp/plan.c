/* plan.c - what goes out, split into the calls it needs */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "identity.h"
#include "pick.h"
#include "plan.h"
#include "utf8.h"

#define FILES_MAX    30		/* in one message */
#define EMOJI_MAX    64		/* bytes of a reaction */
#define KEY_MAX      512	/* bytes of biz_opaque_callback_data */
#define IMAGE_MAX    (5 * 1024 * 1024)
#define AV_MAX       (16 * 1024 * 1024)
#define STICKER_MAX  (500 * 1024)

struct planning {
	const struct wa_conf *conf;
	const struct hg_out *out;
	struct hg_plan *plan;
	struct hg_err *err;
	struct wa_pool *pool;
	bool answered;			/* the first part carries what it answers */
};

__attribute__((format(printf, 3, 4)))
static int refuse(struct planning *p, int kind, const char *fmt, ...)
{
	va_list ap;

	p->err->kind = kind;
	va_start(ap, fmt);
	vsnprintf(p->err->text, sizeof(p->err->text), fmt, ap);
	va_end(ap);
	return -1;
}

static bool is_set(const char *text)
{
	return text && *text;
}

static void add(struct json_object *obj, const char *key, const char *text)
{
	if (text)
		json_object_object_add(obj, key, json_object_new_string(text));
}

/* ---- parts ---- */

/* What every message begins with.  tel:+N goes into "to", whatsapp:ID into "recipient". */
static struct json_object *begin(struct planning *p, const char *type)
{
	struct json_object *m = json_object_new_object(), *context;
	const struct hg_out *out = p->out;

	add(m, "messaging_product", "whatsapp");
	add(m, "recipient_type", "individual");
	if (!strncmp(out->to, "tel:+", 5))
		add(m, "to", out->to + 5);
	else
		add(m, "recipient", out->to + strlen("whatsapp:"));
	if (!p->answered && out->refs && out->refs[0] && out->kind == HG_TEXT) {
		context = json_object_new_object();
		add(context, "message_id", out->refs[0]);
		json_object_object_add(m, "context", context);
		p->answered = true;
	}
	add(m, "biz_opaque_callback_data", out->key);
	add(m, "type", type);
	return m;
}

/* Takes body over. */
static int put(struct planning *p, struct json_object *body, int file, const char *text)
{
	const char *bytes = wa_json(p->pool, body);
	struct hg_part part = {
		.size = sizeof(part), .body = bytes, .len = strlen(bytes), .file = file, .text = text,
	};

	json_object_put(body);
	p->plan->add(p->plan, &part);
	return 0;
}

/* Takes content over. */
static int put_typed(struct planning *p, const char *type, struct json_object *content, const char *text)
{
	struct json_object *m = begin(p, type);

	json_object_object_add(m, type, content);
	return put(p, m, -1, text);
}

static int put_text(struct planning *p, const char *text)
{
	struct json_object *content = json_object_new_object();

	if (strstr(text, "https://") || strstr(text, "http://"))
		json_object_object_add(content, "preview_url", json_object_new_boolean(1));
	add(content, "body", text);
	return put_typed(p, "text", content, text);
}

static bool is_blank(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

static int put_texts(struct planning *p, const char *text)
{
	while (text && *text) {
		size_t len = wa_utf8_split(text, WA_TEXT_MAX);
		const char *piece = wa_dupn(p->pool, text, len);

		if (!is_blank(piece) && put_text(p, piece))
			return -1;
		text += len;
	}
	return 0;
}

/* ---- files ---- */

static bool type_is(const struct hg_file *file, const char *const *types)
{
	for (; file->type && *types; types++)
		if (!strncmp(file->type, *types, strlen(*types)))
			return true;
	return false;
}

/* What WhatsApp takes a file as: anything it has no player for, or that is too big for it, goes as a
 * document, which may be any file of up to 100 MB. */
static const char *file_type(const struct hg_file *file)
{
	static const char *const images[] = { "image/jpeg", "image/png", NULL };
	static const char *const audios[] = { "audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", NULL };
	static const char *const videos[] = { "video/mp4", "video/3gp", NULL };
	static const char *const stickers[] = { "image/webp", NULL };

	if (file->kind == HG_STICKER && file->bytes <= STICKER_MAX && type_is(file, stickers))
		return "sticker";
	if (file->bytes <= IMAGE_MAX && type_is(file, images))
		return "image";
	if (file->bytes <= AV_MAX && type_is(file, audios))
		return "audio";
	if (file->bytes <= AV_MAX && type_is(file, videos))
		return "video";
	return "document";
}

static const struct hg_file *file_at(const struct hg_out *out, size_t i)
{
	size_t step = out->file_size ? out->file_size : sizeof(struct hg_file);

	return (const void *)((const char *)out->files + i * step);
}

static bool takes_caption(const char *type)
{
	return strcmp(type, "audio") && strcmp(type, "sticker");
}

static int put_file(struct planning *p, size_t i, const char *caption)
{
	const struct hg_file *file = file_at(p->out, i);
	const char *type = file_type(file);
	struct json_object *body = json_object_new_object(), *upload = json_object_new_object();
	struct json_object *m = begin(p, type), *content = json_object_new_object();

	add(content, "caption", caption);
	if (!strcmp(type, "document"))
		add(content, "filename", is_set(file->name) ? file->name : "file");
	if (!strcmp(type, "audio") && file->voice)
		json_object_object_add(content, "voice", json_object_new_boolean(1));
	json_object_object_add(m, type, content);
	json_object_object_add(upload, "file", json_object_new_int64((int64_t)i));
	add(upload, "kind", type);
	json_object_object_add(body, "upload", upload);
	json_object_object_add(body, "message", m);
	return put(p, body, (int)i, caption);
}

/* The text goes as caption of the first file where it fits, else before the files. */
static int put_files(struct planning *p, const char *text)
{
	const struct hg_out *out = p->out;
	const char *caption = NULL;

	for (size_t i = 0; i < out->n_files; i++)
		if (file_at(out, i)->bytes > WA_FILE_MAX)
			return refuse(p, HG_ERR_LIMIT, "\"%.60s\" has %lld bytes; WhatsApp carries files of up to "
				      "100 MB: send a link", is_set(file_at(out, i)->name) ?
				      file_at(out, i)->name : "the file", (long long)file_at(out, i)->bytes);
	if (is_set(text) && !is_blank(text)) {
		if (wa_utf8_len(text) <= WA_CAPTION_MAX && takes_caption(file_type(file_at(out, 0))))
			caption = text;
		else if (put_texts(p, text))
			return -1;
	}
	for (size_t i = 0; i < out->n_files; i++)
		if (put_file(p, i, i ? NULL : caption))
			return -1;
	return 0;
}

/* ---- templates ---- */

static struct json_object *language(const char *code)
{
	struct json_object *obj = json_object_new_object();

	add(obj, "code", code);
	return obj;
}

/* {"name":..., "language":"en" or {"code":"en"}, "components":[...]} */
static int put_template(struct planning *p)
{
	struct json_object *t = json_tokener_parse(p->out->template_json);

	if (!wa_text(t, "name") || (!wa_text(t, "language") && !wa_text(wa_obj(t, "language"), "code"))) {
		json_object_put(t);
		return refuse(p, HG_ERR_INPUT, "a template needs a name and a language: {\"name\":\"...\","
			      "\"language\":{\"code\":\"en\"},\"components\":[...]}");
	}
	if (wa_text(t, "language")) {
		struct json_object *code = language(wa_text(t, "language"));

		json_object_object_add(t, "language", code);
	}
	return put_typed(p, "template", t, is_set(p->out->text) ? p->out->text : NULL);
}

/* A template's parameter is one line: breaks and runs of spaces become one space.  What is longer is
 * cut, visibly: the customer's answer opens the window again. */
static char *one_line(struct wa_pool *pool, const char *text)
{
	char *line = wa_new(pool, strlen(text) + 4);
	size_t n = 0, head;

	for (; *text; text++) {
		bool space = strchr(" \t\r\n", *text) != NULL;

		if (!space)
			line[n++] = *text;
		else if (n && line[n - 1] != ' ')
			line[n++] = ' ';
	}
	while (n && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	head = wa_utf8_head(line, WA_PARAM_MAX);
	if (line[head])
		memcpy(line + wa_utf8_head(line, WA_PARAM_MAX - 1), "\xe2\x80\xa6", 4);
	return line;
}

static int put_fallback(struct planning *p)
{
	struct json_object *t = json_object_new_object(), *body = json_object_new_object();
	struct json_object *parameter = json_object_new_object(), *list;
	const char *line = one_line(p->pool, p->out->text);

	add(parameter, "type", "text");
	add(parameter, "text", line);
	list = json_object_new_array();
	json_object_array_add(list, parameter);
	add(body, "type", "body");
	json_object_object_add(body, "parameters", list);
	list = json_object_new_array();
	json_object_array_add(list, body);
	add(t, "name", p->conf->template_name);
	json_object_object_add(t, "language", language(p->conf->template_language));
	json_object_object_add(t, "components", list);
	return put_typed(p, "template", t, line);
}

/* ---- the window ---- */

static bool window_open(const struct hg_out *out)
{
	return out->last_in_ms > 0 && out->now_ms - out->last_in_ms < WA_WINDOW_MS;
}

static int refuse_window(struct planning *p)
{
	time_t seconds = (time_t)(p->out->last_in_ms / 1000), end = seconds + (time_t)(WA_WINDOW_MS / 1000);
	char since[40], until[40];
	struct tm tm;

	if (p->out->last_in_ms <= 0)
		return refuse(p, HG_ERR_WINDOW, "this customer has not written on this channel, so WhatsApp takes "
			      "only an approved template: send one, or use another channel");
	strftime(since, sizeof(since), "%Y-%m-%d %H:%M UTC", gmtime_r(&seconds, &tm));
	strftime(until, sizeof(until), "%Y-%m-%d %H:%M UTC", gmtime_r(&end, &tm));
	return refuse(p, HG_ERR_WINDOW, "the customer last wrote at %s and WhatsApp took free text until %s: "
		      "send an approved template, or wait until the customer writes again", since, until);
}

static int plan_closed(struct planning *p)
{
	const struct hg_out *out = p->out;
	bool plain = out->kind == HG_TEXT && is_set(out->text) && !is_blank(out->text) &&
		     !out->n_files && !is_set(out->payload);

	if (!is_set(p->conf->template_name) || !plain)
		return refuse_window(p);
	return put_fallback(p);
}

/* ---- what kind of thing it is ---- */

/* The provider's words.  An interactive object, or one wrapped in its type: location, contacts. */
static int put_payload(struct planning *p)
{
	static const char *const types[] = { "interactive", "location", "contacts" };
	struct json_object *payload = json_tokener_parse(p->out->payload), *body;
	const char *text = is_set(p->out->text) ? p->out->text : NULL;

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (wa_get(payload, types[i])) {
			struct json_object *inner = json_object_get(wa_get(payload, types[i]));

			json_object_put(payload);
			return put_typed(p, types[i], inner, text);
		}
	if (!wa_text(payload, "type")) {
		json_object_put(payload);
		return refuse(p, HG_ERR_INPUT, "the payload must be an object of WhatsApp's: interactive content "
			      "with its type, location or contacts");
	}
	if (text && !wa_get(payload, "body") && wa_utf8_len(text) <= WA_CAPTION_MAX) {
		body = json_object_new_object();
		add(body, "text", text);
		json_object_object_add(payload, "body", body);
	}
	return put_typed(p, "interactive", payload, text);
}

static int plan_reaction(struct planning *p)
{
	const struct hg_out *out = p->out;
	struct json_object *content;

	if (!is_set(out->target))
		return refuse(p, HG_ERR_INPUT, "a reaction needs the message it is about");
	if (out->text && strlen(out->text) > EMOJI_MAX)
		return refuse(p, HG_ERR_INPUT, "a reaction is one emoji");
	if (!window_open(out))
		return refuse_window(p);
	content = json_object_new_object();
	add(content, "message_id", out->target);
	add(content, "emoji", out->text ? out->text : "");
	return put_typed(p, "reaction", content, out->text);
}

/* Tells the customer that we have read, and with TYPING that somebody writes. */
static int plan_fleeting(struct planning *p)
{
	const struct hg_out *out = p->out;
	const char *id = is_set(out->target) ? out->target : out->refs ? out->refs[0] : NULL;
	struct json_object *m, *typing;

	if (!is_set(id))
		return refuse(p, HG_ERR_INPUT, "WhatsApp needs the id of the message that was read");
	m = json_object_new_object();
	add(m, "messaging_product", "whatsapp");
	add(m, "status", "read");
	add(m, "message_id", id);
	if (out->kind == HG_TYPING) {
		typing = json_object_new_object();
		add(typing, "type", "text");
		json_object_object_add(m, "typing_indicator", typing);
	}
	return put(p, m, -1, NULL);
}

static int plan_message(struct planning *p)
{
	const struct hg_out *out = p->out;

	if (is_set(out->template_json)) {
		if (out->n_files && !window_open(out))
			return refuse_window(p);	/* the template would pass, its files would not */
		return put_template(p) || (out->n_files && put_files(p, NULL)) ? -1 : 0;
	}
	if ((!out->text || is_blank(out->text)) && !out->n_files && !is_set(out->payload))
		return refuse(p, HG_ERR_INPUT, "there is nothing to send");
	if (!window_open(out))
		return plan_closed(p);
	if (is_set(out->payload) && put_payload(p))
		return -1;
	if (out->n_files)
		return put_files(p, is_set(out->payload) ? NULL : out->text);
	return is_set(out->payload) ? 0 : put_texts(p, out->text);
}

/* ---- may it be sent at all? ---- */

bool wa_plan_is_fleeting(int kind)
{
	return kind == HG_READ || kind == HG_TYPING;
}

const char *wa_plan_number(const struct wa_conf *conf, const struct hg_out *out)
{
	char **id = conf->phone_number_id;

	if (!is_set(out->from) || strncmp(out->from, "whatsapp:", 9))
		return id[0];
	for (; *id; id++)
		if (!strcmp(*id, out->from + 9))
			return *id;
	return NULL;
}

static bool address_ok(const char *to)
{
	const char *digits;

	if (!to)
		return false;
	if (!strncmp(to, "whatsapp:", 9))
		return wa_is_bsuid(to + 9);
	if (strncmp(to, "tel:+", 5))
		return false;
	digits = to + 5;
	return strspn(digits, "0123456789") == strlen(digits) && strlen(digits) >= 7 && strlen(digits) <= 15;
}

static int check(struct planning *p)
{
	const struct hg_out *out = p->out;

	if (out->kind == HG_EDIT || out->kind == HG_REVOKE)
		return refuse(p, HG_ERR_UNSUPPORTED, "WhatsApp's API cannot %s a message that was sent: send "
			      "another that puts it right", out->kind == HG_EDIT ? "change" : "take back");
	if (!wa_plan_number(p->conf, out))
		return refuse(p, HG_ERR_UNSUPPORTED, "the customer wrote to the number with id %.40s, which this "
			      "channel does not list (any more) under phone_number_id", out->from + 9);
	if (wa_plan_is_fleeting(out->kind))
		return 0;
	if (!address_ok(out->to))
		return refuse(p, HG_ERR_INPUT, "%.60s is no address of WhatsApp: tel:+ and digits, or whatsapp: "
			      "and a user id", out->to ? out->to : "(none)");
	if (out->kind != HG_TEXT && out->kind != HG_REACTION)
		return refuse(p, HG_ERR_UNSUPPORTED, "WhatsApp carries no such thing");
	if (out->text && !wa_utf8_ok(out->text))
		return refuse(p, HG_ERR_INPUT, "the text is no valid UTF-8");
	if (out->n_files > FILES_MAX)
		return refuse(p, HG_ERR_LIMIT, "%zu files in one message, at most %d are sent", out->n_files,
			      FILES_MAX);
	if (out->key && strlen(out->key) > KEY_MAX)
		return refuse(p, HG_ERR_INPUT, "the key has more than %d bytes", KEY_MAX);
	return 0;
}

int wa_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	struct planning p = { .conf = conf, .out = out, .plan = plan, .err = err };
	int rc = check(&p);

	if (rc)
		return rc;
	p.pool = wa_pool_new();
	if (wa_plan_is_fleeting(out->kind))
		rc = plan_fleeting(&p);
	else if (out->kind == HG_REACTION)
		rc = plan_reaction(&p);
	else
		rc = plan_message(&p);
	wa_pool_free(p.pool);
	return rc;
}

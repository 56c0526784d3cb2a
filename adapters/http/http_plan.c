/* http_plan.c - a message as the parts that a description's requests send */
#include "http_out.h"

#include <string.h>

#include "conf_wrong.h"
#include "json.h"
#include "sms_text.h"

#define FILES_MAX 10

struct planning {
	const ht_out *out;
	const struct ht_conf *conf;
	const struct hg_out *message;
	struct hg_plan *plan;
	struct hg_err *err;
};

/* ---- what a part is made of ---- */

static const char *kind_word(int kind)
{
	static const struct { int kind; const char *word; } words[] = {
		{ HG_TEXT, "text" }, { HG_REACTION, "reaction" }, { HG_EDIT, "edit" }, { HG_REVOKE, "revoke" },
		{ HG_READ, "read" }, { HG_TYPING, "typing" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i].kind == kind)
			return words[i].word;
	return NULL;
}

static const char *file_word(int kind)
{
	return kind == HG_IMAGE ? "image" : kind == HG_AUDIO ? "audio" : kind == HG_VIDEO ? "video" :
	       kind == HG_STICKER ? "sticker" : "file";
}

static const struct hg_file *file_at(const struct hg_out *message, gsize i)
{
	gsize step = message->file_size ? message->file_size : sizeof(struct hg_file);

	return (const void *)((const char *)message->files + i * step);
}

static const char *conf_from(const struct ht_conf *conf)
{
	for (char **pair = conf->values; pair && pair[0] && pair[1]; pair += 2)
		if (strcmp(pair[0], "from") == 0)
			return pair[1];
	return NULL;
}

static void put_file(GString *body, const struct hg_out *message, int i)
{
	const struct hg_file *file = file_at(message, (gsize)i);

	hg_json_key(body, "file");
	hg_json_open(body, '{');
	hg_json_add_int(body, "index", i);
	hg_json_add_str(body, "kind", file_word(file->kind));
	hg_json_add_str(body, "name", file->name && *file->name ? file->name : "file");
	hg_json_add_str(body, "type", file->type && *file->type ? file->type : "application/octet-stream");
	hg_json_add_bool(body, "voice", file->voice);
	hg_json_close(body, '}');
}

/* text NULL: none; file -1: none; sms: or NULL. */
static GString *make_part(const struct ht_conf *conf, const struct hg_out *message, const char *text, int file,
			  const struct hg_sms_message *sms)
{
	GString *body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_opt_str(body, "kind", kind_word(message->kind));
	hg_json_opt_str(body, "to", message->to);
	hg_json_opt_str(body, "from", message->from ? message->from : conf_from(conf));
	hg_json_opt_str(body, "text", text);
	if (sms) {
		hg_json_add_str(body, "coding", hg_sms_coding_word(sms->coding));
		hg_json_add_int(body, "units", sms->units);
	}
	hg_json_opt_str(body, "ref", message->refs ? message->refs[0] : NULL);
	hg_json_opt_str(body, "target", message->target);
	hg_json_opt_str(body, "subject", message->subject);
	hg_json_opt_str(body, "agent", message->name);
	if (file >= 0)
		put_file(body, message, file);
	hg_json_close(body, '}');
	return body;
}

/* The address the provider reports to, with our key in its query. */
static void add_receipt_url(struct json_object *part, const struct ht_conf *conf, const char *key)
{
	g_autoptr(GString) url = NULL;

	if (!conf->status_url || !*conf->status_url || !key)
		return;
	url = g_string_new(conf->status_url);
	g_string_append_printf(url, "%ckey=", strchr(conf->status_url, '?') ? '&' : '?');
	ht_percent(url, key, strlen(key), NULL);
	json_object_object_add(part, "receipt_url", json_object_new_string(url->str));
}

struct json_object *ht_part_read(const struct ht_conf *conf, const struct hg_out *message)
{
	g_autoptr(GString) made = message->body && message->len ? NULL : make_part(conf, message, message->text, -1, NULL);
	struct json_object *part = made ? hg_json_parse(made->str, made->len, NULL, NULL)
					: hg_json_parse(message->body, message->len, NULL, NULL);

	if (!json_object_is_type(part, json_type_object)) {
		json_object_put(part);
		return NULL;
	}
	if (message->key)
		json_object_object_add(part, "key", json_object_new_string(message->key));
	add_receipt_url(part, conf, message->key);
	return part;
}

/* ---- parts ---- */

/* Is there a request for it, and can it be made?  As send() will do it, but for the token. */
static int check_part(struct planning *p, const char *body, gsize len)
{
	struct hg_out message = *p->message;
	g_autoptr(json_object) part = NULL;
	struct ht_say say = { .token = "", .conf = p->conf, .now_ms = message.now_ms };
	g_auto(ht_made) made = { 0 };
	const ht_request *request;
	const char *why;

	message.body = body;
	message.len = len;
	say.part = part = ht_part_read(p->conf, &message);
	request = part ? ht_out_request(p->out, &say) : NULL;
	if (!request)
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "this channel's provider takes no such thing (%s%s)",
				 kind_word(message.kind) ? kind_word(message.kind) : "?",
				 hg_json_obj(part, "file") ? " with a file" : "");
	why = ht_say_make(request, &say, &made);
	return why ? hg_refuse(p->err, HG_ERR_INPUT, "%s", why) : 0;
}

static int add_part(struct planning *p, const char *text, int file, const struct hg_sms_message *sms)
{
	g_autoptr(GString) body = make_part(p->conf, p->message, text, file, sms);
	struct hg_part part = { .size = sizeof(part), .body = body->str, .len = body->len, .file = file, .text = text };

	if (check_part(p, body->str, body->len))
		return -1;
	if (sms) {
		part.units = (int)sms->units;
		part.coding = hg_sms_coding_word(sms->coding);
		part.left = (int)sms->left;
	}
	p->plan->add(p->plan, &part);
	return 0;
}

static int add_texts(struct planning *p, const char *text)
{
	struct hg_sms_policy policy = { .text = p->conf->text, .long_text = p->conf->long_text, .wide_ref = p->out->wide_ref,
					.max_units = p->out->max_segments, .max_chars = p->out->max_chars,
					.coding = p->out->coding };
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) messages = NULL;
	int rc = 0;

	/* Without segments there is nothing to save: as it is, in as few messages as it fits into. */
	if (!p->out->sms) {
		policy.text = "exact";
		policy.long_text = "concat";
		policy.coding = HG_SMS_UCS2;
	}
	messages = hg_sms_plan(text, &policy, &error);
	if (!messages)
		return hg_refuse(p->err, error->code == HG_ERROR_LIMIT ? HG_ERR_LIMIT : HG_ERR_INPUT, "%s", error->message);
	for (guint i = 0; !rc && i < messages->len; i++) {
		const struct hg_sms_message *one = &g_array_index(messages, struct hg_sms_message, i);

		rc = add_part(p, one->text, -1, p->out->sms ? one : NULL);
	}
	return rc;
}

/* The text goes beside the first file where the provider takes it there, else before. */
static int add_files(struct planning *p)
{
	const struct hg_out *message = p->message;
	const char *caption = hg_sms_blank(message->text) ? NULL : message->text;
	int rc = 0;

	if (message->n_files > FILES_MAX)
		return hg_refuse(p->err, HG_ERR_LIMIT,
				 "%zu files in one message, at most %d are sent", message->n_files, FILES_MAX);
	if (caption && g_utf8_strlen(caption, -1) > p->out->max_caption) {
		rc = add_texts(p, caption);
		caption = NULL;
	}
	for (gsize i = 0; !rc && i < message->n_files; i++) {
		const struct hg_file *file = file_at(message, i);

		if (p->out->max_file && file->bytes > p->out->max_file)
			return hg_refuse(p->err, HG_ERR_LIMIT,
					 "\"%.60s\" has %lld bytes; this provider carries files of up to %lld: "
					 "send a link", file->name ? file->name : "the file", (long long)file->bytes,
					 (long long)p->out->max_file);
		rc = add_part(p, i ? NULL : caption, (int)i, NULL);
	}
	return rc;
}

/* ---- the whole ---- */

static gboolean can_reach(const ht_out *out, const char *to)
{
	const char *colon = to ? strchr(to, ':') : NULL;

	for (char **scheme = out->to; colon && colon[1] && *scheme; scheme++)
		if (strlen(*scheme) == (gsize)(colon - to) && strncmp(*scheme, to, (gsize)(colon - to)) == 0)
			return TRUE;
	return FALSE;
}

static int check(struct planning *p)
{
	const struct hg_out *message = p->message;
	g_autofree char *known = NULL;

	if (!kind_word(message->kind))
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "this channel carries no such thing");
	if (!can_reach(p->out, message->to)) {
		known = g_strjoinv(", ", p->out->to);
		return hg_refuse(p->err, HG_ERR_INPUT, "%.60s is no address of this channel's provider (%s)",
				 message->to ? message->to : "(none)", known);
	}
	if (message->text && !g_utf8_validate(message->text, -1, NULL))
		return hg_refuse(p->err, HG_ERR_INPUT, "the text is no valid UTF-8");
	if (message->template_json || message->payload)
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED,
				 "this channel carries no templates and no provider's own content: send "
				 "a text");
	return 0;
}

int ht_out_plan(const ht_out *out, const struct ht_conf *conf, const struct hg_out *message, struct hg_plan *plan,
		struct hg_err *err)
{
	struct planning p = { .out = out, .conf = conf, .message = message, .plan = plan, .err = err };

	if (!out)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "this channel only receives: its description has no send");
	if (check(&p))
		return -1;
	if (message->kind != HG_TEXT)
		return add_part(&p, message->text, -1, NULL);
	if (message->n_files)
		return add_files(&p);
	if (hg_sms_blank(message->text))
		return hg_refuse(err, HG_ERR_INPUT, "there is nothing to send");
	return add_texts(&p, message->text);
}

/* ---- limits ---- */

static gboolean takes_kind(const ht_out *out, const struct ht_conf *conf, int kind)
{
	const char *refs[] = { "x", NULL };
	struct hg_out message = { .size = sizeof(message), .kind = kind, .to = "x:x", .text = "x", .target = "x", .refs = refs };
	g_autoptr(json_object) part = ht_part_read(conf, &message);
	struct ht_say say = { .part = part, .conf = conf };

	return ht_out_request(out, &say) != NULL;
}

gboolean ht_out_tells_key(const ht_out *out, const struct ht_conf *conf)
{
	gboolean url = conf->status_url && *conf->status_url;

	for (guint i = 0; out && i < out->requests->len; i++)
		if (ht_request_has(out->requests->pdata[i], "key") || (url && ht_request_has(out->requests->pdata[i], "receipt_url")))
			return TRUE;
	return FALSE;
}

void ht_out_limits(const ht_out *out, struct hg_limits *ret)
{
	static const struct ht_conf none;
	gboolean files = FALSE;

	if (!out) {
		ret->lacks |= HG_CAP_MEDIA | HG_CAP_FIRST | HG_CAP_TYPING | HG_CAP_REACTION;
		return;
	}
	for (guint i = 0; i < out->requests->len; i++)
		files = files || ht_request_takes_files(out->requests->pdata[i]);
	ret->lacks |= files ? 0 : HG_CAP_MEDIA;
	ret->lacks |= takes_kind(out, &none, HG_TYPING) ? 0 : HG_CAP_TYPING;
	ret->lacks |= takes_kind(out, &none, HG_REACTION) ? 0 : HG_CAP_REACTION;
	ret->rate = out->per_second;
	ret->burst = out->burst;
	ret->contact_gap_ms = out->contact_gap;
	ret->contact_burst = out->contact_burst;
	ret->max_file = out->max_file;
}

/* twilio_plan.c - what goes out, as the forms it is sent with
 *
 * Source: Twilio, "Message resource", "Create a Message"; "WhatsApp" for templates and the window.  A part's body is the
 * form but for what names the attempt: StatusCallback, and the URL of the file that the first line of the body names. */
#include "twilio_plan.h"

#include <json-c/json.h>
#include <string.h>

#include "arena.h"
#include "conf_wrong.h"
#include "json.h"
#include "number.h"
#include "params.h"
#include "sms_text.h"
#include "twilio.h"
#include "twilio_read.h"

struct planning {
	const struct twilio_conf *conf;
	const struct hg_out *out;
	struct hg_plan *plan;
	struct hg_err *err;
	hg_arena *arena;
	const char *to, *from;		/* as the provider writes them; from NULL: the messaging service chooses */
	gboolean whatsapp;
};

static gboolean is_set(const char *text)
{
	return text && *text;
}

/* ---- who to whom ---- */

/* One of ours, as it is configured; or NULL. */
static const char *listed(const struct planning *p, const char *uri)
{
	for (char **from = p->conf->from; uri && from && *from; from++)
		if (!g_strcmp0(twilio_address(p->conf, *from, TRUE, p->arena), uri))
			return *from;
	return NULL;
}

static const char *first_of(const struct planning *p, gboolean whatsapp)
{
	for (char **from = p->conf->from; from && *from; from++)
		if (twilio_is_whatsapp(*from) == whatsapp)
			return *from;
	return NULL;
}

/* From the number that was written to, where it is ours; else from the first one of the right kind.  A messaging service
 * chooses by itself, and keeps to the number it chose for a customer before. */
static int choose_sender(struct planning *p)
{
	const struct hg_out *out = p->out;
	gboolean bsuid = out->to && twilio_is_whatsapp(out->to);

	p->from = listed(p, out->from);
	p->whatsapp = p->from ? twilio_is_whatsapp(p->from) : (out->from && twilio_is_whatsapp(out->from)) || bsuid ||
		(!first_of(p, FALSE) && !is_set(p->conf->messaging_service));
	if (bsuid && !p->whatsapp)
		p->from = NULL, p->whatsapp = TRUE;
	if (!p->from && !is_set(p->conf->messaging_service))
		p->from = first_of(p, p->whatsapp);
	if (!p->from && !is_set(p->conf->messaging_service))
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "this channel lists no sender for %s under `from`",
				 p->whatsapp ? "WhatsApp" : "SMS");
	return 0;
}

static int choose_receiver(struct planning *p)
{
	const char *to = p->out->to;
	g_autofree char *dial = NULL;

	if (is_set(to) && twilio_is_whatsapp(to)) {
		p->to = to;
		return 0;
	}
	dial = is_set(to) ? hg_number_dial(to, g_str_has_prefix(to, "tel:")) : NULL;
	if (!dial)
		return hg_refuse(p->err, HG_ERR_INPUT,
				 "%.60s is no address that %s reaches", is_set(to) ? to : "(none)",
				 p->whatsapp ? "WhatsApp" : "SMS");
	p->to = hg_arena_str(p->arena, dial);
	if (p->whatsapp) {
		g_autofree char *address = g_strconcat(TWILIO_WHATSAPP, p->to, NULL);

		p->to = hg_arena_str(p->arena, address);
	}
	return 0;
}

/* ---- parts ---- */

static GString *begin(const struct planning *p)
{
	GString *form = g_string_new(NULL);

	hg_params_add(form, "To", p->to);
	if (is_set(p->conf->messaging_service))
		hg_params_add(form, "MessagingServiceSid", p->conf->messaging_service);
	if (p->from)
		hg_params_add(form, "From", p->from);
	if (p->conf->validity > 0) {
		g_autofree char *seconds = g_strdup_printf("%lld", (long long)p->conf->validity / 1000);

		hg_params_add(form, "ValidityPeriod", seconds);
	}
	return form;
}

/* Takes form over. */
static void put(struct planning *p, GString *form, int file, const char *text, const struct hg_sms_message *sms)
{
	g_autofree char *line = file < 0 ? NULL : g_strdup_printf(TWILIO_FILE_LINE "%d\n", file);
	struct hg_part part = { .size = sizeof(part), .file = file, .text = text };

	if (line)
		g_string_prepend(form, line);
	part.body = form->str;
	part.len = form->len;
	if (sms) {
		part.units = (int)sms->units;
		part.left = (int)sms->left;
		part.coding = hg_sms_coding_word(sms->coding);
	}
	p->plan->add(p->plan, &part);
	g_string_free(form, TRUE);
}

static GArray *messages_of(struct planning *p, const char *text)
{
	struct hg_sms_policy policy = { .text = p->whatsapp ? "exact" : p->conf->text,
					.long_text = p->whatsapp ? "concat" : p->conf->long_text, .max_chars = TWILIO_BODY_MAX };
	g_autoptr(GError) error = NULL;
	GArray *messages = hg_sms_plan(text, &policy, &error);

	if (!messages)
		hg_refuse(p->err, error->code == HG_ERROR_LIMIT ? HG_ERR_LIMIT : HG_ERR_INPUT, "%s", error->message);
	return messages;
}

static int put_texts(struct planning *p, const char *text)
{
	g_autoptr(GArray) messages = messages_of(p, text);

	for (guint i = 0; messages && i < messages->len; i++) {
		const struct hg_sms_message *one = &g_array_index(messages, struct hg_sms_message, i);
		GString *form = begin(p);

		hg_params_add(form, "Body", one->text);
		put(p, form, -1, one->text, p->whatsapp ? NULL : one);
	}
	return messages ? 0 : -1;
}

/* ---- files ---- */

static const struct hg_file *file_at(const struct hg_out *out, gsize i)
{
	return (const void *)((const char *)out->files + i * (out->file_size ? out->file_size : sizeof(struct hg_file)));
}

static int check_files(struct planning *p)
{
	gint64 most = p->whatsapp ? TWILIO_WA_MAX : TWILIO_MMS_MAX;

	for (gsize i = 0; i < p->out->n_files; i++) {
		const struct hg_file *file = file_at(p->out, i);

		if (file->bytes > most)
			return hg_refuse(p->err, HG_ERR_LIMIT,
					 "\"%.60s\" has %lld bytes; %s carries files of up to %lld MB: send a link",
					 is_set(file->name) ? file->name : "the file", (long long)file->bytes,
					 p->whatsapp ? "WhatsApp" : "MMS", (long long)(most >> 20));
	}
	return 0;
}

/* A call for each file, the text with the first one: WhatsApp takes no more, and MMS of several files often miss one. */
static int put_files(struct planning *p, const char *text)
{
	gboolean with_first = !hg_sms_blank(text) && g_utf8_strlen(text, -1) <= TWILIO_BODY_MAX / 2;

	if (check_files(p) || (!with_first && !hg_sms_blank(text) && put_texts(p, text)))
		return -1;
	for (gsize i = 0; i < p->out->n_files; i++) {
		GString *form = begin(p);

		if (!i && with_first)
			hg_params_add(form, "Body", text);
		put(p, form, (int)i, !i && with_first ? text : NULL, NULL);
	}
	return 0;
}

/* ---- templates ---- */

static int put_content(struct planning *p, const char *sid, const char *variables, const char *text)
{
	GString *form = begin(p);

	hg_params_add(form, "ContentSid", sid);
	if (is_set(variables))
		hg_params_add(form, "ContentVariables", variables);
	put(p, form, -1, is_set(text) ? text : NULL, NULL);
	return 0;
}

/* {"content_sid":"HX...","variables":{"1":"Ana"}} */
static int put_template(struct planning *p)
{
	g_autoptr(json_object) template = hg_json_parse(p->out->template_json, strlen(p->out->template_json), NULL, NULL);
	const char *sid = hg_json_str(template, "content_sid");
	struct json_object *variables = hg_json_obj(template, "variables");

	if (!is_set(sid) || strncmp(sid, "HX", 2))
		return hg_refuse(p->err, HG_ERR_INPUT,
				 "a template of Twilio needs its ContentSid: {\"content_sid\":\"HX...\","
				 "\"variables\":{\"1\":\"...\"}}");
	return put_content(p, sid, variables ? json_object_to_json_string_ext(variables, JSON_C_TO_STRING_PLAIN) : NULL,
			   p->out->text);
}

static int put_fallback(struct planning *p)
{
	g_autoptr(GString) variables = g_string_new(NULL);
	g_autofree char *line = g_strdup(p->out->text);

	hg_json_open(variables, '{');
	hg_json_add_str(variables, "1", g_strdelimit(line, "\r\n\t", ' '));
	hg_json_close(variables, '}');
	return put_content(p, p->conf->template_sid, variables->str, line);
}

/* ---- what kind of thing it is ---- */

static gboolean window_open(const struct hg_out *out)
{
	return out->last_in_ms > 0 && out->now_ms - out->last_in_ms < TWILIO_WINDOW_MS;
}

static int plan_closed(struct planning *p)
{
	if (is_set(p->conf->template_sid) && !hg_sms_blank(p->out->text) && !p->out->n_files)
		return put_fallback(p);
	return hg_refuse(p->err, HG_ERR_WINDOW,
			 "%s: send an approved template, or wait until the customer writes", p->out->last_in_ms > 0 ?
			 "more than 24 hours have passed since the customer last wrote, and WhatsApp takes free text no longer" :
			 "this customer has not written on this channel, so WhatsApp takes only an approved template");
}

static int plan_message(struct planning *p)
{
	const struct hg_out *out = p->out;

	if (is_set(out->template_json))
		return put_template(p);
	if (hg_sms_blank(out->text) && !out->n_files)
		return hg_refuse(p->err, HG_ERR_INPUT, "there is nothing to send");
	if (p->whatsapp && !window_open(out))
		return plan_closed(p);
	return out->n_files ? put_files(p, out->text) : put_texts(p, out->text);
}

static int check(struct planning *p)
{
	const struct hg_out *out = p->out;

	if (out->kind == HG_EDIT || out->kind == HG_REVOKE || out->kind == HG_REACTION)
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "Twilio cannot %s a message that was sent: send another",
				 out->kind == HG_EDIT ? "change" : out->kind == HG_REVOKE ? "take back" : "react to");
	if (out->kind != HG_TEXT)
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "this channel carries no such thing");
	if (is_set(out->payload))
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED,
				 "this channel carries text, files and templates; for buttons use a "
				 "template of the Content Template Builder");
	if (out->text && !g_utf8_validate(out->text, -1, NULL))
		return hg_refuse(p->err, HG_ERR_INPUT, "the text is no valid UTF-8");
	if (out->n_files > TWILIO_MEDIA_COUNT)
		return hg_refuse(p->err, HG_ERR_LIMIT,
				 "%zu files in one message, at most %d are sent", out->n_files, TWILIO_MEDIA_COUNT);
	return 0;
}

int twilio_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct planning p = { .conf = conf, .out = out, .plan = plan, .err = err, .arena = arena };

	if (check(&p) || choose_sender(&p) || choose_receiver(&p))
		return -1;
	return plan_message(&p);
}

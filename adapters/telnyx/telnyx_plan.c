/* telnyx_plan.c - what goes out, as the JSON it is sent with
 *
 * Source: Telnyx, "Send a message" (API v2).  A part's body lacks what names the attempt: webhook_url, media_urls. */
#include "telnyx_plan.h"

#include <json-c/json.h>
#include <string.h>

#include "arena.h"
#include "conf_wrong.h"
#include "json.h"
#include "number.h"
#include "sms_text.h"
#include "telnyx.h"
#include "telnyx_read.h"

struct planning {
	const struct telnyx_conf *conf;
	const struct hg_out *out;
	struct hg_plan *plan;
	struct hg_err *err;
	hg_arena *arena;
	char *to, *from;		/* ours, as the provider writes them; from NULL: of the profile's pool */
	char **group;			/* ours: the receivers, when it goes to all of a group; or NULL */
};

static gboolean is_set(const char *text)
{
	return text && *text;
}

/* ---- who to whom ---- */

/* From the number that was written to, where it is ours; else the first one; else of the profile's pool. */
static void choose_sender(struct planning *p)
{
	if (telnyx_is_ours(p->conf, p->out->from))
		p->from = hg_number_sender(p->out->from, TRUE);
	else if (p->conf->from && *p->conf->from) {
		const char *uri = telnyx_address(p->conf, *p->conf->from, p->arena);

		p->from = uri ? hg_number_sender(uri, TRUE) : NULL;
	}
}

/* "+14155550100,+14155550123", as telnyx_read.c named the group. */
static int choose_group(struct planning *p)
{
	p->group = g_strsplit(p->out->group, ",", 0);
	if (g_strv_length(p->group) > TELNYX_GROUP_MAX)
		return hg_refuse(p->err, HG_ERR_LIMIT,
				 "%u people are in this group, and Telnyx writes to at most %d", g_strv_length(p->group),
				 TELNYX_GROUP_MAX);
	for (char **one = p->group; *one; one++)
		if (**one != '+')
			return hg_refuse(p->err, HG_ERR_UNSUPPORTED,
					 "%.20s is in this group, and no number a group message reaches", *one);
	if (!p->from || *p->from != '+')
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED,
				 "a group is answered from a number, and `from` lists none");
	return 0;
}

static int choose_people(struct planning *p)
{
	const char *to = p->out->to;

	choose_sender(p);
	if (HG_HAS(p->out, group) && !strcmp(p->conf->group_replies, "all"))
		return choose_group(p);
	p->to = is_set(to) ? hg_number_dial(to, TRUE) : NULL;
	if (!p->to)
		return hg_refuse(p->err, HG_ERR_INPUT,
				 "%.60s is no address that an SMS reaches", is_set(to) ? to : "(none)");
	return 0;
}

/* ---- parts ---- */

static GString *begin(const struct planning *p, const char *text)
{
	GString *json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_opt_str(json, "from", p->from);
	if (p->group) {
		hg_json_key(json, "to");
		hg_json_open(json, '[');
		for (char **one = p->group; *one; one++)
			hg_json_put_str(json, *one);
		hg_json_close(json, ']');
	} else {
		hg_json_opt_str(json, "messaging_profile_id", is_set(p->conf->profile) ? p->conf->profile : NULL);
		hg_json_add_str(json, "to", p->to);
	}
	hg_json_opt_str(json, "text", text);
	return json;
}

/* Takes json over. */
static void put(struct planning *p, GString *json, int file, const char *text, const struct hg_sms_message *sms)
{
	struct hg_part part = { .size = sizeof(part), .file = file, .text = text };

	hg_json_close(json, '}');
	part.body = json->str;
	part.len = json->len;
	if (sms) {
		part.units = (int)sms->units;
		part.coding = hg_sms_coding_word(sms->coding);
		part.left = (int)sms->left;
	}
	p->plan->add(p->plan, &part);
	g_string_free(json, TRUE);
}

static int put_texts(struct planning *p, const char *text)
{
	struct hg_sms_policy policy = { .text = p->conf->text, .long_text = p->conf->long_text, .max_units = TELNYX_SEGMENTS_MAX };
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) messages = hg_sms_plan(text, &policy, &error);

	if (!messages)
		return hg_refuse(p->err, error->code == HG_ERROR_LIMIT ? HG_ERR_LIMIT : HG_ERR_INPUT, "%s", error->message);
	for (guint i = 0; i < messages->len; i++) {
		const struct hg_sms_message *one = &g_array_index(messages, struct hg_sms_message, i);

		put(p, begin(p, one->text), -1, one->text, one);
	}
	return 0;
}

/* A call for each file, the text with the first: what one carrier drops of several, it drops of them all. */
static int put_files(struct planning *p, const char *text)
{
	const struct hg_out *out = p->out;
	gsize step = out->file_size ? out->file_size : sizeof(struct hg_file);

	for (gsize i = 0; i < out->n_files; i++) {
		const struct hg_file *file = (const void *)((const char *)out->files + i * step);

		if (file->bytes > TELNYX_MMS_MAX)
			return hg_refuse(p->err, HG_ERR_LIMIT,
					 "\"%.60s\" has %lld bytes; MMS carries files of up to 1 MB: send a link",
					 is_set(file->name) ? file->name : "the file", (long long)file->bytes);
	}
	for (gsize i = 0; i < out->n_files; i++) {
		const char *words = !i && !hg_sms_blank(text) ? text : NULL;
		GString *json = begin(p, words);

		if (!p->group)
			hg_json_add_str(json, "type", "MMS");
		hg_json_add_int(json, TELNYX_FILE, (gint64)i);
		put(p, json, (int)i, words, NULL);
	}
	return 0;
}

/* ---- what kind of thing it is ---- */

static int check(struct planning *p)
{
	const struct hg_out *out = p->out;

	if (out->kind == HG_EDIT || out->kind == HG_REVOKE || out->kind == HG_REACTION)
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED, "an SMS that was sent cannot be %s: send another",
				 out->kind == HG_EDIT ? "changed" : out->kind == HG_REVOKE ? "taken back" : "reacted to");
	if (out->kind != HG_TEXT || is_set(out->payload) || is_set(out->template_json))
		return hg_refuse(p->err, HG_ERR_UNSUPPORTED,
				 "this channel carries text and files, no templates or buttons");
	if (out->text && !g_utf8_validate(out->text, -1, NULL))
		return hg_refuse(p->err, HG_ERR_INPUT, "the text is no valid UTF-8");
	if (hg_sms_blank(out->text) && !out->n_files)
		return hg_refuse(p->err, HG_ERR_INPUT, "there is nothing to send");
	if (out->n_files > TELNYX_FILES_MAX)
		return hg_refuse(p->err, HG_ERR_LIMIT,
				 "%zu files in one message, at most %d are sent", out->n_files, TELNYX_FILES_MAX);
	return 0;
}

int telnyx_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct planning p = { .conf = conf, .out = out, .plan = plan, .err = err, .arena = arena };
	int rc = check(&p) || choose_people(&p) ? -1 : 0;

	if (!rc && out->n_files)
		rc = put_files(&p, out->text);
	else if (!rc && p.group)
		put(&p, begin(&p, out->text), -1, out->text, NULL);	/* an MMS: nothing is cut */
	else if (!rc)
		rc = put_texts(&p, out->text);
	g_strfreev(p.group);
	g_free(p.to);
	g_free(p.from);
	return rc;
}

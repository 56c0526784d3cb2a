/* infobip_plan.c - what goes out, as the messages it needs: pure
 *
 * A part's body is {"sender", "to", "text"}; send() puts it where the API wants it, beside our id. */
#include <string.h>

#include "infobip.h"
#include "conf_wrong.h"
#include "json.h"
#include "number.h"
#include "sms_text.h"

static char *sender(const struct infobip_conf *conf, const struct hg_out *out)
{
	struct hg_number number;

	if (!out->from && (!conf->from || !*conf->from || !hg_number_parse(*conf->from, NULL, TRUE, &number)))
		return NULL;
	return hg_number_sender(out->from ? out->from : number.uri, FALSE);
}

static void add_part(struct hg_plan *plan, const char *from, const char *to, const struct hg_sms_message *message)
{
	g_autoptr(GString) body = g_string_new(NULL);
	struct hg_part part = {
		.size = sizeof(part), .file = -1, .text = message->text, .units = (int)message->units,
		.left = (int)message->left, .coding = hg_sms_coding_word(message->coding),
	};

	hg_json_open(body, '{');
	hg_json_add_str(body, "sender", from);
	hg_json_add_str(body, "to", to);
	hg_json_add_str(body, "text", message->text);
	hg_json_close(body, '}');
	part.body = body->str;
	part.len = body->len;
	plan->add(plan, &part);
}

static int plan_text(const struct infobip_conf *conf, const struct hg_out *out, const char *from, const char *to,
		     struct hg_plan *plan, struct hg_err *err)
{
	struct hg_sms_policy policy = { .text = conf->text, .long_text = conf->long_text, .max_units = INFOBIP_SEGMENTS };
	g_autoptr(GError) error = NULL;
	g_autoptr(GArray) messages = hg_sms_plan(out->text, &policy, &error);

	if (!messages)
		return hg_refuse(err, HG_ERR_LIMIT, "%s", error->message);
	for (guint i = 0; i < messages->len; i++)
		add_part(plan, from, to, &g_array_index(messages, struct hg_sms_message, i));
	return 0;
}

int infobip_plan(const void *arg, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct infobip_conf *conf = arg;
	g_autofree char *to = out->to ? hg_number_dial(out->to, FALSE) : NULL, *from = sender(conf, out);

	if (out->kind != HG_TEXT || out->template_json || (out->payload && *out->payload))
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "a text message cannot do that");
	if (!to)
		return hg_refuse(err, HG_ERR_INPUT,
				 "the customer wrote from a name, not from a number: nobody can be answered "
				 "there");
	if (!from)
		return hg_refuse(err, HG_ERR_CONFIG, "no sender is known: list a number or name under from");
	if (out->n_files)
		return hg_refuse(err, HG_ERR_UNSUPPORTED,
				 "a text message carries no files: put a link into the text");
	if (hg_sms_blank(out->text))
		return hg_refuse(err, HG_ERR_INPUT, "there is nothing to send");
	return plan_text(conf, out, from, to, plan, err);
}

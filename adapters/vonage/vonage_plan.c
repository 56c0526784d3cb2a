/* vonage_plan.c - what goes out, as the calls it needs: pure
 *
 * A part's body is what the API gets but for credentials and our reference, which send() adds: a form for the SMS
 * API, JSON for the Messages API. */
#include <string.h>

#include "json.h"
#include "conf_wrong.h"
#include "number.h"
#include "params.h"
#include "sms_text.h"
#include "vonage.h"

/* ---- from where, to where ---- */

typedef struct vonage_way {
	const char *channel;		/* "sms", "whatsapp" ... */
	guint chars;			/* UTF-16 units of one text */
	char *from, *to;		/* ours: as the API wants them */
} vonage_way;

static const struct { const char *channel, *scheme; guint chars; } channels[] = {
	{ "sms", "tel", VONAGE_SMS_MESSAGES }, { "mms", "tel", VONAGE_SMS_MESSAGES }, { "rcs", "rcs", 3072 },
	{ "whatsapp", "whatsapp", 4096 }, { "viber_service", "viber", 1000 }, { "messenger", "messenger", 640 },
};

static void way_clear(vonage_way *way)
{
	g_free(way->from);
	g_free(way->to);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(vonage_way, way_clear)

static gboolean has_scheme(const char *uri, const char *scheme)
{
	gsize len = strlen(scheme);

	return strncmp(uri, scheme, len) == 0 && uri[len] == ':';
}

/* The channel of the address that was written to; send_as where nobody wrote. */
static void choose_channel(const struct vonage_conf *conf, const struct hg_out *out, vonage_way *way)
{
	gsize found = 0;

	for (gsize i = 0; vonage_is_messages(conf) && i < G_N_ELEMENTS(channels); i++)
		if (out->from ? has_scheme(out->from, channels[i].scheme) : strcmp(conf->send_as, channels[i].channel) == 0)
			found = i;
	if (found == 1 && out->from)
		found = 0;	/* numbers: a text is an SMS, whether a picture came before or not */
	way->channel = channels[found].channel;
	way->chars = vonage_is_messages(conf) ? channels[found].chars : VONAGE_SMS_CHARS;
}

/* Digits of a number, the name of a name, what stands behind the colon of an id. */
static char *bare(const char *uri)
{
	const char *colon = strchr(uri, ':');
	char *digits = hg_number_dial(uri, FALSE);

	if (digits || !colon)
		return digits ? digits : g_strdup(uri);
	return g_strdup(colon + 1 + (colon[1] == '+'));
}

static char *sender(const struct vonage_conf *conf, const struct hg_out *out)
{
	struct hg_number number;
	char *name;

	if (!out->from && (!conf->from || !*conf->from || !hg_number_parse(*conf->from, NULL, TRUE, &number)))
		return NULL;
	name = hg_number_sender(out->from ? out->from : number.uri, FALSE);
	return name ? name : bare(out->from ? out->from : number.uri);
}

static int find_way(const struct vonage_conf *conf, const struct hg_out *out, vonage_way *way, struct hg_err *err)
{
	gboolean number;

	choose_channel(conf, out, way);
	number = strcmp(way->channel, "sms") == 0 || strcmp(way->channel, "mms") == 0;
	if (!out->to || has_scheme(out->to, "name") || has_scheme(out->to, "raw"))
		return hg_refuse(err, HG_ERR_INPUT,
				 "the customer wrote from a name, not from a number: nobody can be answered "
				 "there");
	if (number && !has_scheme(out->to, "tel") && !has_scheme(out->to, "short"))
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "%.80s is no number that a text could be sent to", out->to);
	way->to = bare(out->to);
	way->from = sender(conf, out);
	return way->from ? 0 : hg_refuse(err, HG_ERR_CONFIG, "no sender is known: list a number or name under from");
}

/* ---- bodies ---- */

static char *form_of(const struct vonage_conf *conf, const vonage_way *way, const struct hg_sms_message *message)
{
	GString *form = g_string_new(NULL);
	g_autofree char *ttl = g_strdup_printf("%" G_GINT64_FORMAT, conf->ttl);

	hg_params_add(form, "from", way->from);
	hg_params_add(form, "to", way->to);
	hg_params_add(form, "text", message->text);
	hg_params_add(form, "type", message->coding == HG_SMS_GSM7 ? "text" : "unicode");
	if (conf->status_url)
		hg_params_add(form, "callback", conf->status_url);
	if (conf->ttl)
		hg_params_add(form, "ttl", ttl);
	return g_string_free(form, FALSE);
}

static GString *json_begin(const struct vonage_conf *conf, const vonage_way *way, const char *type)
{
	GString *json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_add_str(json, "channel", way->channel);
	hg_json_add_str(json, "from", way->from);
	hg_json_add_str(json, "to", way->to);
	hg_json_add_str(json, "message_type", type);
	hg_json_opt_str(json, "webhook_url", conf->status_url);
	if (conf->ttl && strcmp(way->channel, "sms") == 0)
		hg_json_add_int(json, "ttl", conf->ttl / 1000);
	return json;
}

static char *json_end(GString *json)
{
	hg_json_close(json, '}');
	return g_string_free(json, FALSE);
}

static void add_context(GString *json, const char *id)
{
	hg_json_key(json, "context");
	hg_json_open(json, '{');
	hg_json_add_str(json, "message_uuid", id);
	hg_json_close(json, '}');
}

static char *json_of(const struct vonage_conf *conf, const struct hg_out *out, const vonage_way *way,
		     const struct hg_sms_message *message)
{
	GString *json = json_begin(conf, way, "text");

	hg_json_add_str(json, "text", message->text);
	if (strcmp(way->channel, "sms") == 0) {
		hg_json_key(json, "sms");
		hg_json_open(json, '{');
		hg_json_add_str(json, "encoding_type", message->coding == HG_SMS_GSM7 ? "text" : "unicode");
		hg_json_close(json, '}');
	} else if (strcmp(way->channel, "whatsapp") == 0 && out->refs && out->refs[0]) {
		add_context(json, out->refs[0]);
	}
	return json_end(json);
}

static void add_part(struct hg_plan *plan, const char *body, const struct hg_sms_message *message, gboolean billed)
{
	struct hg_part part = { .size = sizeof(part), .body = body, .len = strlen(body), .file = -1 };

	if (message) {
		part.text = message->text;
		part.units = billed ? (int)message->units : 0;
		part.left = billed ? (int)message->left : 0;
		part.coding = billed ? hg_sms_coding_word(message->coding) : NULL;
	}
	plan->add(plan, &part);
}

/* ---- kinds ---- */

static GArray *cut(const struct vonage_conf *conf, const struct hg_out *out, const vonage_way *way, gboolean sms,
		   struct hg_err *err)
{
	struct hg_sms_policy policy = {
		.text = sms ? conf->text : "exact", .long_text = sms ? conf->long_text : "concat", .max_chars = way->chars,
	};
	g_autoptr(GError) error = NULL;
	GArray *messages = hg_sms_plan(out->text ? out->text : "", &policy, &error);

	if (!messages)
		hg_refuse(err, HG_ERR_LIMIT, "%s", error->message);
	return messages;
}

static int plan_text(const struct vonage_conf *conf, const struct hg_out *out, const vonage_way *way,
		     struct hg_plan *plan, struct hg_err *err)
{
	gboolean sms = strcmp(way->channel, "sms") == 0;
	g_autoptr(GArray) messages = NULL;

	if (hg_sms_blank(out->text))
		return hg_refuse(err, HG_ERR_INPUT, "there is nothing to send");
	if (strcmp(way->channel, "whatsapp") == 0 && (!out->last_in_ms || out->now_ms - out->last_in_ms > VONAGE_WINDOW_MS))
		return hg_refuse(err, HG_ERR_WINDOW,
				 "WhatsApp takes a free answer for 24 hours after the customer's last message: "
				 "send a template, or wait until the customer writes again");
	messages = cut(conf, out, way, sms, err);
	for (guint i = 0; messages && i < messages->len; i++) {
		const struct hg_sms_message *message = &g_array_index(messages, struct hg_sms_message, i);
		g_autofree char *body = vonage_is_messages(conf) ? json_of(conf, out, way, message)
								 : form_of(conf, way, message);

		add_part(plan, body, message, sms);
	}
	return messages ? 0 : -1;
}

static int plan_reaction(const struct vonage_conf *conf, const struct hg_out *out, const vonage_way *way,
			 struct hg_plan *plan, struct hg_err *err)
{
	gboolean off = !out->text || !*out->text;
	g_autofree char *body = NULL;
	GString *json;

	if (strcmp(way->channel, "whatsapp") != 0 || !out->target)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "only WhatsApp carries reactions");
	json = json_begin(conf, way, "reaction");
	hg_json_key(json, "reaction");
	hg_json_open(json, '{');
	hg_json_add_str(json, "action", off ? "unreact" : "react");
	if (!off)
		hg_json_add_str(json, "emoji", out->text);
	hg_json_close(json, '}');
	add_context(json, out->target);
	body = json_end(json);
	add_part(plan, body, NULL, FALSE);
	return 0;
}

/* {"name", "parameters": [...], "language"} as the API has it; the last of them is its whatsapp.locale. */
static int plan_template(const struct vonage_conf *conf, const struct hg_out *out, const vonage_way *way,
			 struct hg_plan *plan, struct hg_err *err)
{
	g_autoptr(json_object) given = hg_json_parse(out->template_json, strlen(out->template_json), NULL, NULL);
	g_autoptr(json_object) parameters = json_object_get(hg_json_arr(given, "parameters"));
	const char *name = hg_json_str(given, "name"), *language = hg_json_str(given, "language");
	g_autofree char *body = NULL;
	GString *json;

	if (strcmp(way->channel, "whatsapp") != 0)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "only WhatsApp has templates");
	if (!name || !language)
		return hg_refuse(err, HG_ERR_INPUT, "a template needs name and language");
	json = json_begin(conf, way, "template");
	hg_json_key(json, "template");
	hg_json_open(json, '{');
	hg_json_add_str(json, "name", name);
	if (parameters)
		hg_json_add_raw(json, "parameters", json_object_to_json_string_ext(parameters, JSON_C_TO_STRING_PLAIN));
	hg_json_close(json, '}');
	hg_json_key(json, "whatsapp");
	hg_json_open(json, '{');
	hg_json_add_str(json, "policy", "deterministic");
	hg_json_add_str(json, "locale", language);
	hg_json_close(json, '}');
	body = json_end(json);
	add_part(plan, body, NULL, FALSE);
	return 0;
}

int vonage_plan(const void *arg, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct vonage_conf *conf = arg;
	g_auto(vonage_way) way = { 0 };

	if (find_way(conf, out, &way, err))
		return -1;
	if (out->n_files)
		return hg_refuse(err, HG_ERR_UNSUPPORTED,
				 "Vonage takes files only as public links, which this gateway does not "
				 "make: put a link into the text");
	if (out->payload && *out->payload)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "this channel carries text and templates, no buttons");
	if (out->kind == HG_REACTION)
		return plan_reaction(conf, out, &way, plan, err);
	if (out->kind != HG_TEXT)
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "a message that was sent cannot be changed or taken back");
	return out->template_json ? plan_template(conf, out, &way, plan, err) : plan_text(conf, out, &way, plan, err);
}

/* simulate_json.c - JSON: WhatsApp, Vonage's Messages API, Telnyx, Infobip */
#include <string.h>

#include "env.h"
#include "params.h"
#include "proof.h"
#include "proof_make.h"
#include "simulate.h"
#include "text.h"

static void spoil(sim_call *call, gboolean broken)
{
	if (broken)
		g_string_truncate(call->body, call->body->len / 2);
}

static void begin_json(sim_call *call)
{
	sim_header(call, "Content-Type: application/json");
	hg_json_open(call->body, '{');
}

static void open_member(GString *out, const char *key, char bracket)
{
	hg_json_key(out, key);
	hg_json_open(out, bracket);
}

static void to_webhook(const struct hg_channel_conf *channel, sim_call *call)
{
	call->path = g_strdup_printf("/channel/%s/webhook", channel->name);
}

/* ---- WhatsApp: Cloud API, webhooks of the field "messages" ---- */

static int whatsapp_sign(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, sim_call *ret)
{
	const char *secret = sim_secret(channel, "app_secret", forged);
	g_autofree char *hex = NULL;
	guint8 mac[32];

	if (!secret)
		return sim_cannot_sign(sim, channel, "app_secret");
	hg_hmac_sha256(secret, strlen(secret), ret->body->str, ret->body->len, mac);
	hex = hg_hex(mac, sizeof mac);
	sim_header(ret, "X-Hub-Signature-256: sha256=%s", hex);
	to_webhook(channel, ret);
	return CTL_DONE;
}

static void whatsapp_begin(const struct hg_channel_conf *channel, sim_call *ret)
{
	const char *number = sim_option(channel, "phone_number_id");

	begin_json(ret);
	hg_json_add_str(ret->body, "object", "whatsapp_business_account");
	open_member(ret->body, "entry", '[');
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "id", "102290129340398");
	open_member(ret->body, "changes", '[');
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "field", "messages");
	open_member(ret->body, "value", '{');
	hg_json_add_str(ret->body, "messaging_product", "whatsapp");
	open_member(ret->body, "metadata", '{');
	hg_json_add_str(ret->body, "display_phone_number", "15550783881");
	hg_json_add_str(ret->body, "phone_number_id", number ? number : "");
	hg_json_close(ret->body, '}');
}

static void whatsapp_end(sim_call *ret)
{
	for (const char *bracket = "]}}]}]}"; *bracket; bracket++)
		hg_json_close(ret->body, *bracket);
}

static void add_stamp(GString *out, const char *key, gint64 at_ms)
{
	g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT, at_ms / 1000);

	hg_json_add_str(out, key, stamp);
}

int sim_say_whatsapp(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	const char *digits = sim_digits(said->from);
	char made[HG_ID_SIZE];

	hg_id_new(hg_env_system(), "wamid", made);
	ret->id = g_strdup(said->id ? said->id : made);
	whatsapp_begin(channel, ret);
	open_member(ret->body, "contacts", '[');
	hg_json_open(ret->body, '{');
	open_member(ret->body, "profile", '{');
	hg_json_add_str(ret->body, "name", said->name ? said->name : "Ana Example");
	hg_json_close(ret->body, '}');
	hg_json_add_str(ret->body, "wa_id", digits);
	hg_json_close(ret->body, '}');
	hg_json_close(ret->body, ']');
	open_member(ret->body, "messages", '[');
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "type", "text");
	hg_json_add_str(ret->body, "from", digits);
	hg_json_add_str(ret->body, "id", ret->id);
	add_stamp(ret->body, "timestamp", said->at_ms);
	open_member(ret->body, "text", '{');
	hg_json_add_str(ret->body, "body", said->text);
	hg_json_close(ret->body, '}');
	hg_json_close(ret->body, '}');
	whatsapp_end(ret);
	spoil(ret, said->broken);
	return whatsapp_sign(sim, channel, said->forged, ret);
}

int sim_receipt_whatsapp(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	ret->id = g_strdup(receipt->id);
	whatsapp_begin(channel, ret);
	open_member(ret->body, "statuses", '[');
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "id", receipt->id);
	hg_json_add_str(ret->body, "status", receipt->state);
	add_stamp(ret->body, "timestamp", receipt->at_ms);
	hg_json_add_str(ret->body, "recipient_id", sim_digits(receipt->to));
	if (strcmp(receipt->state, "failed") == 0)
		hg_json_add_raw(ret->body, "errors", "[{\"code\":131026,\"title\":\"Message undeliverable\"}]");
	hg_json_close(ret->body, '}');
	whatsapp_end(ret);
	return whatsapp_sign(sim, channel, FALSE, ret);
}

/* ---- Vonage, Messages API: "Signed webhooks" ---- */

static int messages_sign(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, sim_call *ret)
{
	const char *method = sim_option(channel, "signature"), *secret = sim_secret(channel, "signature_secret", forged);
	const char *account = sim_option(channel, "api_key"), *application = sim_option(channel, "application_id");
	g_autoptr(GBytes) sum = hg_digest(HG_SHA256, ret->body->str, ret->body->len);
	g_autofree char *hex = hg_hex(g_bytes_get_data(sum, NULL), g_bytes_get_size(sum)), *token = NULL;
	g_autoptr(json_object) claims = json_object_new_object();

	if (method && strcmp(method, "off") == 0)
		return CTL_DONE;
	if (!secret)
		return sim_cannot_sign(sim, channel, "signature_secret");
	json_object_object_add(claims, "iat", json_object_new_int64(hg_now(hg_env_system()) / 1000));
	json_object_object_add(claims, "jti", json_object_new_string(ret->id));
	json_object_object_add(claims, "iss", json_object_new_string("Vonage"));
	json_object_object_add(claims, "payload_hash", json_object_new_string(hex));
	if (account)
		json_object_object_add(claims, "api_key", json_object_new_string(account));
	if (application && *application)
		json_object_object_add(claims, "application_id", json_object_new_string(application));
	token = hg_jwt_make(claims, "HS256", secret, strlen(secret));
	sim_header(ret, "Authorization: Bearer %s", token ? token : "");
	return CTL_DONE;
}

static const char *messages_channel(const struct hg_channel_conf *channel)
{
	const char *as = sim_option(channel, "send_as");

	return as ? as : "sms";
}

int sim_say_messages(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	begin_json(ret);
	hg_json_add_str(ret->body, "channel", messages_channel(channel));
	hg_json_add_str(ret->body, "message_uuid", ret->id);
	hg_json_add_str(ret->body, "to", sim_digits(sim_ours(channel, "+15550100100")));
	hg_json_add_str(ret->body, "from", sim_digits(said->from));
	hg_json_add_time(ret->body, "timestamp", said->at_ms);
	if (said->name) {
		open_member(ret->body, "profile", '{');
		hg_json_add_str(ret->body, "name", said->name);
		hg_json_close(ret->body, '}');
	}
	hg_json_add_str(ret->body, "message_type", "text");
	hg_json_add_str(ret->body, "text", said->text);
	hg_json_close(ret->body, '}');
	spoil(ret, said->broken);
	return messages_sign(sim, channel, said->forged, ret);
}

int sim_receipt_messages(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	gboolean failed = strcmp(receipt->state, "failed") == 0;

	begin_json(ret);
	hg_json_add_str(ret->body, "message_uuid", receipt->id);
	hg_json_add_str(ret->body, "to", sim_digits(receipt->to));
	hg_json_add_str(ret->body, "from", sim_digits(sim_ours(channel, "+15550100100")));
	hg_json_add_time(ret->body, "timestamp", receipt->at_ms);
	hg_json_add_str(ret->body, "status", failed ? "rejected" : strcmp(receipt->state, "sent") == 0 ? "submitted" : receipt->state);
	hg_json_add_str(ret->body, "channel", messages_channel(channel));
	if (failed)
		hg_json_add_raw(ret->body, "error", "{\"title\":\"1000\",\"detail\":\"simulated\"}");
	hg_json_close(ret->body, '}');
	return messages_sign(sim, channel, FALSE, ret);
}

/* ---- Telnyx ---- */

/* Only Telnyx has the private key of its account: for a trial a pair of one's own is added to public_key. */
static int telnyx_sign(struct sim *sim, const struct hg_channel_conf *channel, const char *file, gboolean forged, sim_call *ret)
{
	g_autofree char *pem = NULL, *public = NULL, *sign = NULL;
	g_autoptr(GString) data = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	gint64 now_s = hg_now(hg_env_system()) / 1000;

	if (forged) {
		public = hg_ed25519_new(&pem);
	} else if (!file) {
		ctl_say_error(sim->ctl, "channel %s: what Telnyx signs only Telnyx can sign: make a key of your own (openssl genpkey "
			      "-algorithm ed25519), add its public half to public_key of a configuration for trials, and give --key FILE",
			      channel->name);
		return CTL_CONFIG;
	} else if (!g_file_get_contents(file, &pem, NULL, &error)) {
		ctl_say_error(sim->ctl, "%s", error->message);
		return CTL_CONFIG;
	}
	g_string_printf(data, "%" G_GINT64_FORMAT "|", now_s);
	g_string_append_len(data, ret->body->str, (gssize)ret->body->len);
	sign = hg_ed25519_sign(pem, strlen(pem), data->str, data->len);
	if (!sign) {
		ctl_say_error(sim->ctl, "%s: a private key in PEM is wanted there, of Ed25519 (openssl genpkey -algorithm ed25519)", file);
		return CTL_CONFIG;
	}
	sim_header(ret, "telnyx-timestamp: %" G_GINT64_FORMAT, now_s);
	sim_header(ret, "telnyx-signature-ed25519: %s", sign);
	to_webhook(channel, ret);
	return CTL_DONE;
}

static void telnyx_number(GString *out, const char *number, const char *status)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "phone_number", number);
	hg_json_opt_str(out, "status", status);
	hg_json_close(out, '}');
}

static void telnyx_event(const char *type, const char *direction, const char *from, const char *to, const char *status, gint64 at_ms,
			 sim_call *ret)
{
	g_autofree char *event = g_uuid_string_random();

	begin_json(ret);
	open_member(ret->body, "data", '{');
	hg_json_add_str(ret->body, "record_type", "event");
	hg_json_add_str(ret->body, "event_type", type);
	hg_json_add_str(ret->body, "id", event);
	hg_json_add_time(ret->body, "occurred_at", at_ms);
	open_member(ret->body, "payload", '{');
	hg_json_add_str(ret->body, "record_type", "message");
	hg_json_add_str(ret->body, "direction", direction);
	hg_json_add_str(ret->body, "id", ret->id);
	hg_json_add_str(ret->body, "type", "SMS");
	hg_json_key(ret->body, "from");
	telnyx_number(ret->body, from, NULL);
	open_member(ret->body, "to", '[');
	telnyx_number(ret->body, to, status);
	hg_json_close(ret->body, ']');
	hg_json_add_time(ret->body, "received_at", at_ms);
}

int sim_say_telnyx(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	ret->id = said->id ? g_strdup(said->id) : g_uuid_string_random();
	telnyx_event("message.received", "inbound", said->from, sim_ours(channel, "+15550100100"), NULL, said->at_ms, ret);
	hg_json_add_str(ret->body, "text", said->text);
	hg_json_add_raw(ret->body, "media", "[]");
	for (const char *bracket = "}}}"; *bracket; bracket++)
		hg_json_close(ret->body, *bracket);
	spoil(ret, said->broken);
	return telnyx_sign(sim, channel, said->key, said->forged, ret);
}

int sim_receipt_telnyx(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	gboolean failed = strcmp(receipt->state, "failed") == 0, sent = strcmp(receipt->state, "sent") == 0;

	ret->id = g_strdup(receipt->id);
	telnyx_event(sent ? "message.sent" : "message.finalized", "outbound", sim_ours(channel, "+15550100100"), receipt->to,
		     failed ? "delivery_failed" : receipt->state, receipt->at_ms, ret);
	if (failed)
		hg_json_add_raw(ret->body, "errors", "[{\"code\":\"40008\",\"title\":\"Undeliverable\"}]");
	for (const char *bracket = "}}}"; *bracket; bracket++)
		hg_json_close(ret->body, *bracket);
	return telnyx_sign(sim, channel, receipt->key, FALSE, ret);
}

/* ---- Infobip: by what hook.auth says ---- */

static char *mac_text(const struct hg_channel_conf *channel, const char *secret, const GString *body)
{
	const char *digest = sim_option(channel, "hook.digest");
	g_autoptr(GBytes) mac = hg_mac(hg_digest_of(digest ? digest : "sha256"), secret, strlen(secret), body->str, body->len);

	return hg_hex(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac));
}

static int infobip_show(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, sim_call *ret)
{
	const char *auth = sim_option(channel, "hook.auth"), *secret = sim_secret(channel, "hook.secret", forged);
	const char *user = sim_option(channel, "hook.user"), *password = sim_secret(channel, "hook.password", forged);
	const char *header = sim_option(channel, "hook.header");
	g_autofree char *made = NULL;

	if (strcmp(auth, "url") == 0)
		return CTL_DONE;
	if (strcmp(auth, "basic") == 0 && user && password) {
		made = hg_basic_make(user, password);
		sim_header(ret, "Authorization: %s", made);
	} else if (strcmp(auth, "oauth") == 0 && secret) {
		sim_header(ret, "Authorization: Bearer %s", secret);
	} else if (strcmp(auth, "hmac") == 0 && secret && header) {
		made = mac_text(channel, secret, ret->body);
		sim_header(ret, "%s: %s", header, made);
	} else if (strcmp(auth, "header") == 0 && secret && header) {
		sim_header(ret, "%s: %s", header, secret);
	} else {
		return sim_cannot_sign(sim, channel, strcmp(auth, "basic") == 0 ? "hook.password" : "hook.secret");
	}
	return CTL_DONE;
}

static int infobip_end(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, gboolean broken, sim_call *ret)
{
	const char *token = sim_option(channel, "url_token") ? sim_secret(channel, "url_token", forged) : NULL;
	g_autoptr(GString) query = g_string_new(token ? "?" : "");

	hg_json_close(ret->body, '}');
	hg_json_close(ret->body, ']');
	hg_json_add_int(ret->body, "messageCount", 1);
	hg_json_add_int(ret->body, "pendingMessageCount", 0);
	hg_json_close(ret->body, '}');
	spoil(ret, broken);
	if (token)
		hg_params_add(query, "token", token);
	ret->path = g_strdup_printf("/channel/%s/webhook%s", channel->name, query->str);
	return infobip_show(sim, channel, forged, ret);
}

static void infobip_begin(sim_call *ret)
{
	begin_json(ret);
	open_member(ret->body, "results", '[');
	hg_json_open(ret->body, '{');
	hg_json_add_str(ret->body, "messageId", ret->id);
}

int sim_say_infobip(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	ret->id = said->id ? g_strdup(said->id) : sim_id("", 20);
	infobip_begin(ret);
	hg_json_add_str(ret->body, "from", sim_digits(said->from));
	hg_json_add_str(ret->body, "to", sim_digits(sim_ours(channel, "+15550100100")));
	hg_json_add_str(ret->body, "text", said->text);
	hg_json_add_str(ret->body, "cleanText", said->text);
	hg_json_add_time(ret->body, "receivedAt", said->at_ms);
	hg_json_add_int(ret->body, "smsCount", 1);
	return infobip_end(sim, channel, said->forged, said->broken, ret);
}

int sim_receipt_infobip(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	const char *state = receipt->state;

	ret->id = g_strdup(receipt->id);
	infobip_begin(ret);
	hg_json_add_str(ret->body, "to", sim_digits(receipt->to));
	hg_json_add_time(ret->body, "doneAt", receipt->at_ms);
	if (strcmp(state, "sent") == 0)
		hg_json_add_raw(ret->body, "status", "{\"groupId\":1,\"groupName\":\"PENDING\",\"id\":7,\"name\":\"PENDING_ENROUTE\"}");
	else if (strcmp(state, "failed") == 0)
		hg_json_add_raw(ret->body, "status", "{\"groupId\":2,\"groupName\":\"UNDELIVERABLE\",\"id\":9,"
				"\"name\":\"UNDELIVERABLE_NOT_DELIVERED\"}");
	else
		hg_json_add_raw(ret->body, "status", "{\"groupId\":3,\"groupName\":\"DELIVERED\",\"id\":5,\"name\":\"DELIVERED_TO_HANDSET\"}");
	return infobip_end(sim, channel, FALSE, FALSE, ret);
}

/* simulate_texts.c - forms: Twilio's and Vonage's SMS API */
#include <string.h>

#include "env.h"
#include "outside_url.h"
#include "params.h"
#include "proof_make.h"
#include "simulate.h"

/* As in the body: signed is what is sent, whole or not. */
static GArray *pairs_of(const hg_params *params)
{
	GArray *pairs = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));

	for (gsize i = 0; i < hg_params_len(params); i++) {
		struct hg_pair pair = { hg_params_at(params, i)->name_bytes, hg_params_at(params, i)->value_bytes };

		g_array_append_val(pairs, pair);
	}
	return pairs;
}

static void add_all(GString *body, const struct hg_pair *pairs, gsize n)
{
	for (gsize i = 0; i < n; i++)
		hg_params_add(body, pairs[i].name, pairs[i].value);
}

/* ---- Twilio ---- */

static int twilio_sign(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, const char *query, sim_call *ret)
{
	const char *hook = sim_option(channel, "webhook_url");
	const char *own = sim_option(channel, "signing_key");
	const char *secret = sim_secret(channel, own && *own ? "signing_key" : "auth_token", forged);
	g_autofree char *bare = NULL, *url = NULL, *sign = NULL;
	g_autoptr(hg_params) params = hg_params_parse(ret->body->str, ret->body->len, NULL);
	g_autoptr(GArray) pairs = pairs_of(params);

	if (!hook || !secret)
		return sim_cannot_sign(sim, channel, "auth_token or webhook_url");
	bare = g_strndup(hook, strcspn(hook, "?#"));
	url = g_strconcat(bare, query, NULL);
	sign = hg_url_sign(url, (const struct hg_pair *)(void *)pairs->data, pairs->len, secret);
	sim_header(ret, "Content-Type: application/x-www-form-urlencoded; charset=UTF-8");
	sim_header(ret, "X-Twilio-Signature: %s", sign);
	ret->path = g_strdup_printf("/channel/%s/webhook%s", channel->name, query);
	return CTL_DONE;
}

int sim_say_twilio(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	gboolean whatsapp = g_str_has_prefix(said->from, "whatsapp:");
	const char *ours = sim_ours(channel, whatsapp ? "whatsapp:+15550100100" : "+15550100100");
	const char *account = sim_option(channel, "account_sid");

	ret->id = said->id ? g_strdup(said->id) : sim_id("SM", 32);
	add_all(ret->body, (const struct hg_pair[]){ { "MessageSid", ret->id }, { "SmsSid", ret->id }, { "SmsMessageSid", ret->id },
		{ "AccountSid", account ? account : "" }, { "From", said->from }, { "To", ours }, { "Body", said->text },
		{ "NumMedia", "0" }, { "NumSegments", "1" }, { "SmsStatus", "received" }, { "ApiVersion", "2010-04-01" } }, 11);
	if (whatsapp && said->name)
		hg_params_add(ret->body, "ProfileName", said->name);
	if (said->broken)
		g_string_truncate(ret->body, ret->body->len / 2);
	return twilio_sign(sim, channel, said->forged, "", ret);
}

int sim_receipt_twilio(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	const char *account = sim_option(channel, "account_sid");

	ret->id = g_strdup(receipt->id);
	add_all(ret->body, (const struct hg_pair[]){ { "MessageSid", receipt->id }, { "SmsSid", receipt->id },
		{ "AccountSid", account ? account : "" }, { "From", sim_ours(channel, "+15550100100") }, { "To", receipt->to },
		{ "MessageStatus", receipt->state }, { "SmsStatus", receipt->state }, { "ApiVersion", "2010-04-01" } }, 8);
	if (strcmp(receipt->state, "failed") == 0)
		hg_params_add(ret->body, "ErrorCode", "30003");
	return twilio_sign(sim, channel, FALSE, "", ret);
}

/* ---- Vonage, SMS API ---- */

static void vonage_where(const struct hg_channel_conf *channel, gboolean forged, sim_call *ret)
{
	const char *token = sim_option(channel, "url_token") ? sim_secret(channel, "url_token", forged) : NULL;
	g_autoptr(GString) query = g_string_new(token ? "?" : "");

	if (token)
		hg_params_add(query, "token", token);
	ret->path = g_strdup_printf("/channel/%s/webhook%s", channel->name, query->str);
}

static int vonage_form(struct sim *sim, const struct hg_channel_conf *channel, gboolean forged, gboolean broken, gint64 at_ms,
		       sim_call *ret)
{
	const char *method = sim_option(channel, "signature"), *secret = sim_secret(channel, "signature_secret", forged);
	gboolean off = method && strcmp(method, "off") == 0;
	const char *account = sim_option(channel, "api_key");
	g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT, at_ms / 1000);
	g_autoptr(hg_params) params = NULL;
	g_autoptr(GArray) pairs = NULL;
	g_autofree char *text = NULL, *sig = NULL;

	vonage_where(channel, forged, ret);
	sim_header(ret, "Content-Type: application/x-www-form-urlencoded");
	if (broken)
		g_string_truncate(ret->body, ret->body->len / 2);
	if (off)
		return CTL_DONE;
	if (!secret)
		return sim_cannot_sign(sim, channel, "signature_secret");
	add_all(ret->body, (const struct hg_pair[]){ { "api-key", account ? account : "" }, { "timestamp", stamp },
		{ "nonce", ret->id } }, 3);
	params = hg_params_parse(ret->body->str, ret->body->len, NULL);
	pairs = pairs_of(params);
	text = hg_pairs_text((const struct hg_pair *)(void *)pairs->data, pairs->len);
	sig = text ? hg_pairs_sign(method ? method : "sha256", secret, text) : NULL;
	hg_params_add(ret->body, "sig", sig ? sig : "");
	return CTL_DONE;
}

static char *day_and_time(gint64 utc_ms)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(utc_ms / 1000);

	return g_date_time_format(when, "%Y-%m-%d %H:%M:%S");
}

static int say_sms(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	g_autofree char *at = day_and_time(said->at_ms);

	add_all(ret->body, (const struct hg_pair[]){ { "msisdn", sim_digits(said->from) },
		{ "to", sim_digits(sim_ours(channel, "+15550100100")) }, { "messageId", ret->id }, { "text", said->text },
		{ "type", "text" }, { "message-timestamp", at } }, 6);
	return vonage_form(sim, channel, said->forged, said->broken, hg_now(hg_env_system()), ret);
}

static int receipt_sms(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	g_autofree char *at = day_and_time(receipt->at_ms);
	gboolean failed = strcmp(receipt->state, "failed") == 0;

	add_all(ret->body, (const struct hg_pair[]){ { "msisdn", sim_digits(receipt->to) },
		{ "to", sim_digits(sim_ours(channel, "+15550100100")) }, { "messageId", receipt->id },
		{ "status", strcmp(receipt->state, "sent") == 0 ? "accepted" : receipt->state }, { "err-code", failed ? "1" : "0" },
		{ "message-timestamp", at } }, 6);
	return vonage_form(sim, channel, FALSE, FALSE, hg_now(hg_env_system()), ret);
}

/* ---- Vonage, either API ---- */

static gboolean is_messages(const struct hg_channel_conf *channel)
{
	return g_strcmp0(sim_option(channel, "api"), "messages") == 0;
}

int sim_say_vonage(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	ret->id = said->id ? g_strdup(said->id) : is_messages(channel) ? g_uuid_string_random() : sim_id("", 16);
	if (!is_messages(channel))
		return say_sms(sim, channel, said, ret);
	vonage_where(channel, said->forged, ret);
	return sim_say_messages(sim, channel, said, ret);
}

int sim_receipt_vonage(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_receipt *receipt, sim_call *ret)
{
	ret->id = g_strdup(receipt->id);
	if (!is_messages(channel))
		return receipt_sms(sim, channel, receipt, ret);
	vonage_where(channel, FALSE, ret);
	return sim_receipt_messages(sim, channel, receipt, ret);
}

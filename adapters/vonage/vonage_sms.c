/* vonage_sms.c - webhooks of the SMS API: messages, parts of messages, delivery receipts
 *
 * Source: Vonage, SMS API, guides "Inbound SMS" and "Delivery receipts". */
#include <string.h>

#include "json.h"
#include "text.h"
#include "udh.h"
#include "vonage_codes.h"
#include "vonage_read.h"

#define PART_WAIT_MS 0		/* the gateway's own: 5 minutes */
#define UDH_MAX 140

static gint64 time_of(const struct vonage_fields *fields)
{
	return hg_time_of(vonage_field(fields, "message-timestamp"));
}

/* YYMMDDHHMM of the carrier's clock, taken for UTC. */
static gint64 scts_of(const char *text)
{
	g_autofree char *iso = NULL;

	if (!text || strlen(text) < 10 || hg_number_of(text, -1) < 0)
		return 0;
	iso = g_strdup_printf("20%.2s-%.2s-%.2sT%.2s:%.2s:00Z", text, text + 2, text + 4, text + 6, text + 8);
	return hg_time_of(iso);
}

/* ---- messages ---- */

/* What the parts have in common is only good together with how many there are. */
static void be_part(struct hg_gather *gather, struct hg_in *in, const char *ref, gint64 part, gint64 parts)
{
	if (part < 1 || part > parts || parts < 2 || parts > 255)
		return;
	in->part_ref = hg_gather_fmt(gather, "%s/%d", ref, (int)parts);
	in->part = (int)part;
	in->parts = (int)parts;
	in->part_wait_ms = PART_WAIT_MS;
}

/* The header of the user data, where Vonage did not take it apart itself. */
static gboolean read_udh(const char *hex, struct hg_udh *ret)
{
	guint8 bytes[UDH_MAX];
	gsize len = hex ? strlen(hex) : 0;

	return len && len % 2 == 0 && len / 2 <= sizeof(bytes) && hg_unhex(hex, bytes, len / 2) &&
	       hg_udh_parse(bytes, len / 2, ret);
}

static void look_for_parts(struct hg_gather *gather, struct hg_in *in, const struct vonage_fields *fields)
{
	const char *ref = vonage_field(fields, "concat-ref"), *concat = vonage_field(fields, "concat");
	struct hg_udh udh;

	if (concat && ref && strcmp(concat, "false") != 0) {
		be_part(gather, in, ref, hg_number_of(vonage_field(fields, "concat-part"), 0),
			hg_number_of(vonage_field(fields, "concat-total"), 0));
	} else if (read_udh(vonage_field(fields, "udh"), &udh) && udh.concat) {
		be_part(gather, in, hg_gather_fmt(gather, "%s%u", udh.wide ? "w" : "", udh.ref), udh.part, udh.parts);
	}
}

/* Bytes for an application: nobody can read them, so they are shown as what they are. */
static void be_binary(struct hg_gather *gather, struct hg_in *in, const struct vonage_fields *fields)
{
	const char *data = vonage_field(fields, "data"), *udh = vonage_field(fields, "udh");
	g_autoptr(json_object) payload = json_object_new_object();

	if (data)
		json_object_object_add(payload, "data", json_object_new_string(data));
	if (udh)
		json_object_object_add(payload, "udh", json_object_new_string(udh));
	in->kind = HG_UNSUPPORTED;
	in->payload = hg_gather_json(gather, payload);
	in->note = hg_gather_fmt(gather, "a binary message of %zu bytes", data ? strlen(data) / 2 : 0);
	in->raw = fields->raw;
	in->raw_len = fields->len;
}

static void read_message(struct vonage *v, struct hg_gather *gather, const struct vonage_fields *fields)
{
	const char *text = vonage_field(fields, "text"), *type = vonage_field(fields, "type");
	const char *id = vonage_field(fields, "messageId"), *said = vonage_field(fields, "msisdn");
	struct hg_in *in;

	if (!id || !hg_gather_number(gather, said, v->conf->country)) {
		hg_gather_unread(gather, fields->raw, fields->len, "a message without messageId or msisdn");
		return;
	}
	in = hg_gather_in(gather, HG_TEXT);
	hg_gather_from(gather, in, said, "vonage", v->conf->country);
	in->id = hg_gather_str(gather, id);
	in->to = hg_gather_number(gather, vonage_field(fields, "to"), v->conf->country);
	in->sent_ms = time_of(fields);
	in->text = text ? hg_gather_str(gather, text) : "";
	if (type && strcmp(type, "binary") == 0)
		be_binary(gather, in, fields);
	else
		look_for_parts(gather, in, fields);
}

/* ---- receipts ---- */

static int state_of(const char *status)
{
	static const struct { const char *word; int state; } states[] = {
		{ "accepted", HG_R_SENT }, { "buffered", HG_R_SENT }, { "delivered", HG_R_DELIVERED },
		{ "expired", HG_R_FAILED }, { "failed", HG_R_FAILED }, { "rejected", HG_R_FAILED },
		{ "deleted", HG_R_FAILED },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i].word, status) == 0)
			return states[i].state;
	return 0;
}

static const char *detail_of(struct hg_gather *gather, const struct vonage_fields *fields)
{
	static const char *const names[] = { "status", "err-code", "network-code", "price", "scts" };
	g_autoptr(json_object) detail = json_object_new_object();

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = vonage_field(fields, names[i]);

		if (value)
			json_object_object_add(detail, names[i], json_object_new_string(value));
	}
	return hg_gather_json(gather, detail);
}

static void say_why(struct vonage *v, struct hg_gather *gather, struct hg_receipt *receipt,
		    const struct vonage_fields *fields)
{
	int code = (int)CLAMP(hg_number_of(vonage_field(fields, "err-code"), 0), 0, 9999);
	const struct hg_verdict *row = hg_verdict_find(vonage_sms_errors, code);

	receipt->code = code;
	receipt->text = hg_gather_fmt(gather, "%s, err-code %d", vonage_field(fields, "status"), code);
	receipt->advice = row ? row->advice : "The message did not arrive: send it again later, or use another channel.";
	receipt->reach = row ? row->reach : HG_REACH_MESSAGE;
	if (row && row->consent)
		hg_gather_stopped(gather, receipt->to, hg_gather_number(gather, vonage_field(fields, "to"), v->conf->country),
				    receipt->id, code, receipt->text);
}

static void read_receipt(struct vonage *v, struct hg_gather *gather, const struct vonage_fields *fields)
{
	int state = state_of(vonage_field(fields, "status"));
	struct hg_receipt *receipt;

	if (!state) {		/* "unknown", and words of another day */
		hg_gather_ignored(gather, fields->raw, fields->len, "a delivery receipt that says nothing");
		return;
	}
	receipt = hg_gather_receipt(gather, state);
	receipt->id = hg_gather_str(gather, vonage_field(fields, "messageId"));
	receipt->key = hg_gather_str(gather, vonage_field(fields, "client-ref"));
	receipt->to = hg_gather_number(gather, vonage_field(fields, "msisdn"), v->conf->country);
	receipt->at_ms = time_of(fields);
	if (!receipt->at_ms)
		receipt->at_ms = scts_of(vonage_field(fields, "scts"));
	receipt->detail = detail_of(gather, fields);
	if (state == HG_R_FAILED)
		say_why(v, gather, receipt, fields);
}

void vonage_read_sms(struct vonage *v, struct hg_gather *gather, const struct vonage_fields *fields)
{
	if (vonage_field(fields, "status") && vonage_field(fields, "messageId"))
		read_receipt(v, gather, fields);
	else
		read_message(v, gather, fields);
}

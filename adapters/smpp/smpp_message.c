/* smpp_message.c - a deliver_sm as the gateway takes it: a message, a piece of one, or a receipt */
#include "smpp_message.h"

#include <string.h>

#include "json.h"
#include "number.h"
#include "smpp_coding.h"
#include "smpp_conf.h"
#include "smpp_receipt.h"
#include "text.h"

#define ESM_UDHI	0x40	/* esm_class: the text begins with a user data header (section 5.2.12) */
#define TON_NATIONAL	2
#define TON_NAME	5
#define RECEIPT_AHEAD_MS (15 * 60 * 1000)	/* a clock that is further ahead is wrong */

/* ---- addresses ---- */

static const char *take(hg_arena *arena, char *text)
{
	const char *copy = hg_arena_str(arena, text);

	g_free(text);
	return copy;
}

/* As one address; ret_other: the operator's spelling, where the digits alone do not tell it. */
static const char *address(const struct smpp_conf *conf, guint ton, const struct smpp_value *value, hg_arena *arena,
			   const char **ret_other)
{
	g_autofree char *raw = smpp_value_text(value);
	g_autofree char *dial = NULL;
	struct hg_number number;

	*ret_other = NULL;
	if (!*raw)
		return NULL;
	/* Type 5 is a name even when it looks like a number. */
	if (ton == TON_NAME && strspn(raw, "+0123456789 ") != strlen(raw))
		return take(arena, g_strconcat("name:", raw, NULL));
	if (!hg_number_parse(raw, conf->country, ton != TON_NATIONAL, &number))
		return take(arena, g_strconcat("smpp:", raw, NULL));
	dial = hg_number_dial(number.uri, FALSE);
	if (g_strcmp0(dial, raw[0] == '+' ? raw + 1 : raw) != 0)
		*ret_other = take(arena, g_strconcat("smpp:", raw, NULL));
	return hg_arena_str(arena, number.uri);
}

static void set_addresses(const struct smpp_conf *conf, const struct smpp_pdu *pdu, hg_arena *arena, struct hg_in *ret)
{
	struct hg_address *from = hg_arena_alloc(arena, 2 * sizeof(*from));
	const char *other;

	from[0].uri = address(conf, SMPP_GET(pdu, source_addr_ton), &pdu->field[SMPP_F_source_addr], arena, &from[1].uri);
	from[0].proof = from[1].proof = HG_PROVEN;
	ret->from = from;
	ret->n_from = !from[0].uri ? 0 : from[1].uri ? 2 : 1;
	ret->to = address(conf, SMPP_GET(pdu, dest_addr_ton), &pdu->field[SMPP_F_destination_addr], arena, &other);
}

/* ---- text ---- */

static const struct smpp_value *content_of(const struct smpp_pdu *pdu)
{
	const struct smpp_value *payload = &pdu->tlv[SMPP_T_message_payload];

	return payload->there && payload->len ? payload : &pdu->field[SMPP_F_short_message];
}

static void set_piece(const struct smpp_conf *conf, struct hg_in *ret, hg_arena *arena, const char *form, guint ref,
		      guint part, guint parts)
{
	ret->part_ref = take(arena, g_strdup_printf("%s%u", form, ref));
	ret->part = (int)part;
	ret->parts = (int)parts;
	ret->part_wait_ms = conf->part_wait;
}

/* Pieces by the header before the text, or by TLVs (sections 5.3.2.22 to 24); a count of one is no piece. */
static void find_piece(const struct smpp_conf *conf, const struct smpp_pdu *pdu, const struct hg_udh *udh, hg_arena *arena,
		       struct hg_in *ret)
{
	const struct smpp_value *ref = &pdu->tlv[SMPP_T_sar_msg_ref_num], *part = &pdu->tlv[SMPP_T_sar_segment_seqnum];
	const struct smpp_value *parts = &pdu->tlv[SMPP_T_sar_total_segments];

	if (udh->concat && udh->parts > 1)
		set_piece(conf, ret, arena, udh->wide ? "w" : "u", udh->ref, udh->part, udh->parts);
	else if (!udh->concat && ref->there && part->there && parts->there && parts->number > 1 && part->number >= 1 &&
		 part->number <= parts->number)
		set_piece(conf, ret, arena, "s", ref->number, part->number, parts->number);
}

static void unsupported(struct hg_in *ret, const char *note)
{
	ret->kind = HG_UNSUPPORTED;
	ret->text = "";
	ret->note = note;
	ret->part_ref = NULL;
}

static void set_text(const struct smpp_conf *conf, const struct smpp_pdu *pdu, hg_arena *arena, struct hg_in *ret)
{
	const struct smpp_value *content = content_of(pdu);
	struct hg_udh udh = { .port = -1 };
	gboolean fits = !(SMPP_GET(pdu, esm_class) & ESM_UDHI) || hg_udh_parse(content->at, content->len, &udh);
	guint head = fits ? udh.len : 0;
	g_autofree char *text = NULL;

	if (!fits) {
		unsupported(ret, "its header is longer than itself");
		return;
	}
	find_piece(conf, pdu, &udh, arena, ret);
	if (udh.port >= 0 || pdu->tlv[SMPP_T_destination_port].there) {
		unsupported(ret, "it is for a program in the phone, not for people");
		return;
	}
	if (content->len > head || content->there)
		text = smpp_decode(smpp_alphabet_of(conf->alphabet), SMPP_GET(pdu, data_coding), &udh, ret->part_ref != NULL,
				   content->at + head, content->len - head);
	else
		text = g_strdup("");
	if (!text)
		unsupported(ret, "it holds data, no text");
	else
		ret->text = hg_arena_str(arena, text);
}

static void set_id(const struct smpp_conf *conf, const struct smpp_pdu *pdu, hg_arena *arena, struct hg_in *ret)
{
	struct smpp_value value;
	const char *id;

	if (!conf->id_tag || !smpp_pdu_tlv(pdu, (guint)conf->id_tag, &value))
		return;
	id = take(arena, smpp_value_text(&value));
	if (*id && strlen(id) <= SMPP_ID_MAX)
		ret->id = id;
}

static void read_message(const struct smpp_conf *conf, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len, hg_arena *arena,
			 struct hg_in *ret)
{
	*ret = (struct hg_in){ .size = sizeof(*ret), .kind = HG_TEXT, .text = "", .raw = bytes, .raw_len = len };
	set_addresses(conf, pdu, arena, ret);
	set_id(conf, pdu, arena, ret);
	set_text(conf, pdu, arena, ret);
}

/* ---- receipts ---- */

static const char *detail_of(const struct smpp_receipt *read, hg_arena *arena)
{
	g_autoptr(GString) json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_opt_str(json, "stat", read->stat);
	hg_json_opt_str(json, "err", read->err);
	hg_json_close(json, '}');
	return hg_arena_str(arena, json->str);
}

/* The operator's clock where it makes sense, else ours. */
static gint64 time_of(const struct smpp_conf *conf, const struct smpp_receipt *read, gint64 now_ms)
{
	gint64 offset = 0, at;

	smpp_offset(conf->utc_offset, &offset);
	at = read->done_ms - offset;
	return read->done_ms && at <= now_ms + RECEIPT_AHEAD_MS ? at : now_ms;
}

static gboolean read_receipt(const struct smpp_conf *conf, const struct smpp_pdu *pdu, gint64 now_ms, hg_arena *arena,
			     struct hg_receipt *ret)
{
	struct smpp_receipt read;
	gboolean whole = smpp_receipt_read(pdu, &read) && read.id && read.state;
	g_autofree char *id = read.id ? smpp_id_normal(read.id, smpp_id_form_of(conf->receipt_id)) : NULL;

	*ret = (struct hg_receipt){
		.size = sizeof(*ret), .state = read.state, .id = hg_arena_str(arena, id), .at_ms = time_of(conf, &read, now_ms),
		.code = read.code, .text = read.why, .detail = detail_of(&read, arena),
		.advice = read.state == HG_R_FAILED ? "Ask the customer on another channel, or send it again later." : NULL,
	};
	smpp_receipt_clear(&read);
	return whole;
}

gboolean smpp_message_read(const struct smpp_conf *conf, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len,
			   gint64 now_ms, hg_arena *arena, struct hg_in *ret_in, struct hg_receipt *ret_receipt)
{
	if (!smpp_is_receipt(pdu)) {
		read_message(conf, pdu, bytes, len, arena, ret_in);
		return TRUE;
	}
	if (read_receipt(conf, pdu, now_ms, arena, ret_receipt))
		return FALSE;
	*ret_in = (struct hg_in){ .size = sizeof(*ret_in), .kind = HG_IGNORED, .text = "", .raw = bytes, .raw_len = len,
				  .note = "a receipt that does not say of what, or what became of it" };
	return TRUE;
}

/* ---- sameness ---- */

static void add(GByteArray *all, const struct smpp_value *value)
{
	guint8 len[] = { value->there, (guint8)(value->len >> 8), (guint8)value->len };

	g_byte_array_append(all, len, sizeof(len));
	if (value->at && value->len)
		g_byte_array_append(all, value->at, value->len);
}

guint64 smpp_message_hash(const struct smpp_pdu *pdu)
{
	static const guint8 fields[] = { SMPP_F_source_addr, SMPP_F_destination_addr, SMPP_F_esm_class, SMPP_F_data_coding,
					 SMPP_F_short_message };
	static const guint8 tlvs[] = { SMPP_T_message_payload, SMPP_T_sar_msg_ref_num, SMPP_T_sar_segment_seqnum,
				       SMPP_T_sar_total_segments };
	g_autoptr(GByteArray) all = g_byte_array_sized_new(256);
	guint8 hash[32];
	guint64 first;

	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++)
		add(all, &pdu->field[fields[i]]);
	for (gsize i = 0; i < G_N_ELEMENTS(tlvs); i++)
		add(all, &pdu->tlv[tlvs[i]]);
	hg_sha256(all->data, all->len, hash);
	memcpy(&first, hash, sizeof(first));
	return first;
}

/* smpp_plan.c - a message as submit_sm PDUs; pure functions of configuration and message
 *
 * What is committed is the PDU itself, but for its sequence number: send() adds nothing to what was planned. */
#include "smpp_plan.h"

#include <string.h>

#include "gsm.h"
#include "number.h"
#include "sms_text.h"
#include "smpp_cut.h"
#include "smpp_conf.h"
#include "text.h"

#define ESM_UDHI     0x40
#define RECEIPT_ALL  1		/* registered_delivery, section 5.2.17 */
#define RECEIPT_FAIL 2

/* ---- addresses ---- */

static const char *kind_of(int kind)
{
	return kind == HG_NUMBER_E164 ? "international" : kind == HG_NUMBER_SHORT ? "short" :
	       kind == HG_NUMBER_NAME ? "alphanumeric" : "unknown";
}

struct party { char *address; struct smpp_ton ton; };

/* A word of an address' kind ("tel", "short", "name", "raw", "smpp") and what comes behind it. */
static gboolean party_of(const struct smpp_conf *conf, const char *uri, struct party *ret)
{
	struct hg_number number = { .kind = HG_NUMBER_OPAQUE };
	const char *colon = uri ? strchr(uri, ':') : NULL;

	ret->address = NULL;
	if (!colon || !colon[1])
		return FALSE;
	if (g_str_has_prefix(uri, "tel:")) {
		number.kind = HG_NUMBER_E164;
		ret->address = hg_number_dial(uri, conf->plus);
	} else if (g_str_has_prefix(uri, "short:") || g_str_has_prefix(uri, "name:")) {
		number.kind = uri[0] == 's' ? HG_NUMBER_SHORT : HG_NUMBER_NAME;
	} else if (!g_str_has_prefix(uri, "raw:") && !g_str_has_prefix(uri, "smpp:")) {
		return FALSE;
	}
	if (!ret->address)
		ret->address = g_strdup(colon + 1);
	ret->ton = smpp_ton_of(conf, kind_of(number.kind));
	return strlen(ret->address) <= 20 && g_str_is_ascii(ret->address);
}

/* From the address the customer wrote to, else what the channel says; neither: the operator knows. */
static gboolean sender_of(const struct smpp_conf *conf, const struct hg_out *out, struct party *ret)
{
	struct hg_number number;

	*ret = (struct party){ .ton = { 0, 0 } };
	if (out->from && party_of(conf, out->from, ret))
		return TRUE;
	g_clear_pointer(&ret->address, g_free);
	if (!conf->from || !*conf->from)
		return TRUE;
	return hg_number_parse(conf->from, conf->country, TRUE, &number) && party_of(conf, number.uri, ret);
}

/* ---- the PDU ---- */

/* A time from now on: YYMMDDhhmmsst00R (section 7.1.1). */
static char *validity_of(gint64 ms)
{
	gint64 s = ms / 1000, days = s / 86400;

	if (ms <= 0)
		return g_strdup("");
	return g_strdup_printf("%02d%02d%02d%02d%02d%02d000R", (int)(days / 360), (int)(days % 360 / 30), (int)(days % 30),
			       (int)(s / 3600 % 24), (int)(s / 60 % 60), (int)(s % 60));
}

static guint receipts_of(const struct smpp_conf *conf)
{
	return strcmp(conf->receipts, "none") == 0 ? 0 : strcmp(conf->receipts, "failures") == 0 ? RECEIPT_FAIL : RECEIPT_ALL;
}

struct letter {			/* what all parts of a message have in common */
	const struct smpp_conf *conf;
	struct party to, from;
	char *validity;
	guint ref;		/* of the pieces of a long text */
};

static void letter_done(struct letter *letter)
{
	g_free(letter->to.address);
	g_free(letter->from.address);
	g_free(letter->validity);
}

static void fill(struct smpp_pdu *pdu, const struct letter *letter)
{
	const struct smpp_conf *conf = letter->conf;

	*pdu = (struct smpp_pdu){ .command = SMPP_submit_sm };
	SMPP_TEXT(pdu, service_type, conf->service_type);
	SMPP_NUMBER(pdu, source_addr_ton, letter->from.ton.ton);
	SMPP_NUMBER(pdu, source_addr_npi, letter->from.ton.npi);
	SMPP_TEXT(pdu, source_addr, letter->from.address);
	SMPP_NUMBER(pdu, dest_addr_ton, letter->to.ton.ton);
	SMPP_NUMBER(pdu, dest_addr_npi, letter->to.ton.npi);
	SMPP_TEXT(pdu, destination_addr, letter->to.address);
	SMPP_NUMBER(pdu, priority_flag, (guint32)conf->priority);
	SMPP_TEXT(pdu, validity_period, letter->validity);
	SMPP_NUMBER(pdu, registered_delivery, receipts_of(conf));
}

static void set_pieces(struct smpp_pdu *pdu, const struct letter *letter, const struct smpp_piece *piece)
{
	if (piece->sar) {
		smpp_set_number(SMPP_TLV(pdu, sar_msg_ref_num), letter->ref & 0xffff);
		smpp_set_number(SMPP_TLV(pdu, sar_total_segments), piece->parts);
		smpp_set_number(SMPP_TLV(pdu, sar_segment_seqnum), piece->part);
	}
	if (piece->head)
		SMPP_NUMBER(pdu, esm_class, ESM_UDHI);
}

static gboolean add_part(const struct letter *letter, const struct smpp_piece *piece, struct hg_plan *plan)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	struct hg_part part = { .size = sizeof(part), .file = -1, .text = piece->text, .units = (int)piece->units,
				.coding = hg_sms_coding_word(piece->coding), .left = (int)piece->left };
	struct smpp_pdu pdu;

	fill(&pdu, letter);
	SMPP_NUMBER(&pdu, data_coding, piece->data_coding);
	set_pieces(&pdu, letter, piece);
	if (piece->payload)
		smpp_set_bytes(SMPP_TLV(&pdu, message_payload), piece->bytes->data, piece->bytes->len);
	else
		smpp_set_bytes(&pdu.field[SMPP_F_short_message], piece->bytes->data, piece->bytes->len);
	if (!smpp_pdu_write(&pdu, bytes))
		return FALSE;
	part.body = bytes->data;
	part.len = bytes->len;
	plan->add(plan, &part);
	return TRUE;
}

/* ---- may it be sent? ---- */

static int check(const struct smpp_conf *conf, const struct hg_out *out, struct hg_err *err)
{
	if (strcmp(conf->bind, "receiver") == 0)
		return smpp_fail(err, HG_ERR_CONFIG, "this channel only receives (bind: receiver)");
	if (out->kind != HG_TEXT)
		return smpp_fail(err, HG_ERR_UNSUPPORTED, "a short message cannot be changed or taken back, and carries no reactions");
	if (out->n_files)
		return smpp_fail(err, HG_ERR_UNSUPPORTED, "a short message carries no files: send a link");
	if ((out->template_json && *out->template_json) || (out->payload && *out->payload))
		return smpp_fail(err, HG_ERR_UNSUPPORTED, "a short message carries text, no templates or buttons");
	if (hg_sms_blank(out->text))
		return smpp_fail(err, HG_ERR_INPUT, "there is nothing to send");
	if (out->to && g_str_has_prefix(out->to, "name:"))
		return smpp_fail(err, HG_ERR_UNSUPPORTED, "%.40s is a sender's name: nobody can be answered there", out->to + 5);
	return 0;
}

/* Pieces of two messages to one phone must not have the same number while it waits for the rest of the first. */
static guint ref_of(const struct smpp_conf *conf, gint64 now_ms)
{
	return strcmp(conf->concat, "udh8") == 0 ? (guint)(now_ms / 500 & 0xff) : (guint)(now_ms / 100 & 0xffff);
}

static int add_all(const struct letter *letter, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) pieces = smpp_cut(letter->conf, out->text, letter->ref, &error);

	if (!pieces)
		return smpp_fail(err, error->code == HG_ERROR_LIMIT ? HG_ERR_LIMIT : HG_ERR_INPUT, "%s", error->message);
	for (guint i = 0; i < pieces->len; i++)
		if (!add_part(letter, pieces->pdata[i], plan))
			return smpp_fail(err, HG_ERR_LIMIT, "it does not fit into a PDU");
	return 0;
}

int smpp_plan(const void *options, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct smpp_conf *conf = options;
	struct letter letter = { .conf = conf, .ref = ref_of(conf, out->now_ms) };
	int rc = check(conf, out, err);

	if (rc)
		return rc;
	letter.validity = validity_of(conf->validity);
	if (!party_of(conf, out->to, &letter.to))
		rc = smpp_fail(err, HG_ERR_INPUT, "%.80s is no address a short message can be sent to", out->to ? out->to : "(none)");
	else if (!sender_of(conf, out, &letter.from))
		rc = smpp_fail(err, HG_ERR_CONFIG, "from is no address to send from");
	else
		rc = add_all(&letter, out, plan, err);
	letter_done(&letter);
	return rc;
}

void smpp_limits(const void *options, struct hg_limits *limits)
{
	const struct smpp_conf *conf = options;

	limits->rate = conf->rate;
	limits->max_file = 0;
	if (strcmp(conf->receipts, "none") == 0)
		limits->lacks |= HG_CAP_RECEIPTS;
}

/* fuzz_pdu.c - hostile bytes as what an operator sends: framed, read, understood; what can be written reads the same
 *
 * The first byte chooses the alphabet of data_coding 0. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>

#include "smpp_message.h"
#include "smpp_pdu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean same(const struct smpp_value *a, const struct smpp_value *b)
{
	return a->there == b->there && a->len == b->len && (!a->len || memcmp(a->at, b->at, a->len) == 0);
}

/* Written and read again it must say the same, in the fields that the command has. */
static void check_round(const struct smpp_pdu *pdu)
{
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct smpp_pdu back;

	if (!smpp_pdu_write(pdu, out))
		return;
	if (smpp_pdu_frame(out->data, out->len) != (gssize)out->len || smpp_pdu_read(out->data, out->len, &back) != SMPP_READ)
		abort();
	for (gsize i = 0; i < SMPP_F_COUNT; i++)
		if (pdu->field[i].there && !same(&pdu->field[i], &back.field[i]))
			abort();
	for (gsize i = 0; i < SMPP_T_COUNT; i++)
		if (!same(&pdu->tlv[i], &back.tlv[i]))
			abort();
}

static void check_message(const struct smpp_pdu *pdu, const uint8_t *bytes, size_t len, const char *alphabet)
{
	struct smpp_conf conf = { .alphabet = (char *)alphabet, .utc_offset = (char *)"+01:00", .receipt_id = (char *)"hex",
				  .country = (char *)"GB",
				  .id_tag = 0x1400, .part_wait = 1000 };
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_receipt receipt;
	struct hg_in in;

	smpp_message_hash(pdu);
	if (!smpp_message_read(&conf, pdu, bytes, len, 1795168931000, arena, &in, &receipt)) {
		if (!receipt.id || !receipt.state || !g_utf8_validate(receipt.id, -1, NULL))
			abort();
		return;
	}
	for (size_t i = 0; i < in.n_from; i++)
		if (!strchr(in.from[i].uri, ':'))
			abort();
	if (in.part_ref && (in.part < 1 || in.part > in.parts || in.parts > 255))
		abort();
	/* Halves of letters stay in pieces alone. */
	if (!in.part_ref && !g_utf8_validate(in.text, -1, NULL))
		abort();
	if (in.kind != HG_TEXT && (!in.raw || !in.note))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const alphabets[] = { "gsm", "latin1", "ascii" };
	const char *alphabet = size ? alphabets[data[0] % 3] : NULL;
	struct smpp_pdu pdu;
	gssize len;

	for (data++, size -= size ? 1 : 0; (len = smpp_pdu_frame(data, size)) > 0; data += len, size -= (size_t)len) {
		/* On a heap of its own, so that a byte too far is seen. */
		g_autofree uint8_t *copy = g_memdup2(data, (gsize)len);

		if (smpp_pdu_read(copy, (gsize)len, &pdu) != SMPP_READ)
			continue;
		check_round(&pdu);
		if (pdu.command == SMPP_deliver_sm || pdu.command == SMPP_data_sm)
			check_message(&pdu, copy, (size_t)len, alphabet);
	}
	return 0;
}

/* test_smpp_codec.c - PDUs of SMPP from and to bytes, octets to text, receipts in all their spellings */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <headgate/adapter.h>

#include "smpp_coding.h"
#include "smpp_pdu.h"
#include "smpp_receipt.h"

/* "00 00 00 10" to bytes; other characters are skipped. */
static GByteArray *unhex(const char *hex)
{
	GByteArray *out = g_byte_array_new();
	int high = -1;

	for (; *hex; hex++) {
		int digit = g_ascii_xdigit_value(*hex);

		if (digit < 0)
			continue;
		if (high < 0) {
			high = digit;
			continue;
		}
		g_byte_array_append(out, (const guint8[]){ (guint8)(high << 4 | digit) }, 1);
		high = -1;
	}
	return out;
}

/* ---- PDUs ---- */

/* The sample PDU of the specification, octet by octet. */
#define BIND_TRANSMITTER "00 00 00 2F 00 00 00 02 00 00 00 00 00 00 00 01 53 4D 50 50 33 54 45 53 54 00 " \
			 "73 65 63 72 65 74 30 38 00 53 55 42 4D 49 54 31 00 00 01 01 00"

static void the_books_example_is_written_and_read(void **state)
{
	g_autoptr(GByteArray) want = unhex(BIND_TRANSMITTER);
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct smpp_pdu pdu = { .command = SMPP_bind_transmitter, .sequence = 1 }, back;

	(void)state;
	SMPP_TEXT(&pdu, system_id, "SMPP3TEST");
	SMPP_TEXT(&pdu, password, "secret08");
	SMPP_TEXT(&pdu, system_type, "SUBMIT1");
	SMPP_NUMBER(&pdu, addr_ton, 1);
	SMPP_NUMBER(&pdu, addr_npi, 1);
	assert_true(smpp_pdu_write(&pdu, out));
	assert_int_equal(out->len, want->len);
	assert_memory_equal(out->data, want->data, want->len);
	assert_int_equal(smpp_pdu_frame(out->data, out->len), out->len);
	assert_int_equal(smpp_pdu_read(out->data, out->len, &back), SMPP_READ);
	assert_int_equal(back.command, SMPP_bind_transmitter);
	assert_int_equal(back.field[SMPP_F_system_type].len, 7);
	assert_memory_equal(back.field[SMPP_F_system_type].at, "SUBMIT1", 7);
	assert_int_equal(SMPP_GET(&back, addr_npi), 1);
}

static void every_command_comes_back_as_it_was(void **state)
{
	static const guint32 commands[] = {
#define ROW(id, name, list) id,
		SMPP_COMMANDS(ROW)
#undef ROW
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++) {
		struct smpp_pdu pdu = { .command = commands[i], .status = 7, .sequence = 0x01020304 }, back;
		g_autoptr(GByteArray) out = g_byte_array_new(), again = g_byte_array_new();

		for (gsize f = 0; f < SMPP_F_COUNT; f++)
			if (f == SMPP_F_short_message || f == SMPP_F_message_id || f == SMPP_F_system_id)
				smpp_set_text(&pdu.field[f], "abc");
			else
				smpp_set_number(&pdu.field[f], 5);
		for (gsize f = 0; f < SMPP_F_COUNT; f++)
			if (!pdu.field[f].at)
				pdu.field[f].at = (const guint8 *)"";
		smpp_set_number(SMPP_TLV(&pdu, sar_msg_ref_num), 0x1234);
		assert_true(smpp_pdu_write(&pdu, out));
		assert_int_equal(smpp_pdu_read(out->data, out->len, &back), SMPP_READ);
		assert_int_equal(back.status, 7);
		assert_int_equal(back.sequence, 0x01020304);
		assert_int_equal(SMPP_TLV(&back, sar_msg_ref_num)->number, 0x1234);
		assert_false(back.odd);
		assert_true(smpp_pdu_write(&back, again));
		assert_int_equal(again->len, out->len);
		assert_memory_equal(again->data, out->data, out->len);
	}
}

static void a_length_is_believed_only_within_bounds(void **state)
{
	static const struct { const char *bytes; gssize want; } cases[] = {
		{ "", 0 }, { "00 00 00", 0 },
		{ "00 00 00 10", 0 },						/* the rest is on its way */
		{ "00 00 00 0F 80 00 00 15 00 00 00 00 00 00 00", -1 },		/* shorter than its header */
		{ "00 00 00 00", -1 }, { "00 01 00 01", -1 }, { "FF FF FF FF", -1 },
		{ "00 01 00 00", 0 },						/* 64 KiB are allowed */
		{ "00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 01 00", 16 },	/* and the next one begins */
		{ "GET / HTTP", 0 }, { "47 45 54 20", -1 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = unhex(cases[i].bytes);

		assert_int_equal(smpp_pdu_frame(bytes->data, bytes->len), cases[i].want);
	}
}

#define HEAD(command) "00 00 00 00 " command " 00 00 00 00 00 00 00 09 "
#define SM_HEAD	      "00 01 01 34 34 00 01 01 34 35 00 00 00 00 00 00 01 00 00 00 "

static void what_is_short_or_strange_is_told_apart(void **state)
{
	static const struct { const char *bytes; int want; gboolean odd; } cases[] = {
		{ HEAD("00 00 00 05") SM_HEAD "02 68 69", SMPP_READ, FALSE },
		{ HEAD("00 00 00 05") SM_HEAD "00", SMPP_READ, FALSE },
		{ HEAD("00 00 00 05") SM_HEAD "03 68 69", SMPP_BROKEN, FALSE },	/* sm_length says more than is there */
		{ HEAD("00 00 00 05") SM_HEAD, SMPP_BROKEN, FALSE },
		{ HEAD("00 00 00 05") "00 01 01 34 34", SMPP_BROKEN, FALSE },		/* an address that does not end */
		{ HEAD("00 00 00 05"), SMPP_BROKEN, FALSE },
		{ HEAD("00 00 00 05") SM_HEAD "00 04 24 00", SMPP_READ, TRUE },	/* half a TLV */
		{ HEAD("00 00 00 05") SM_HEAD "00 04 24 00 09 61", SMPP_READ, TRUE },	/* a TLV longer than the PDU */
		{ HEAD("00 00 00 05") SM_HEAD "00 14 00 00 02 61 62", SMPP_READ, FALSE },	/* nobody knows 0x1400 */
		{ HEAD("00 00 00 05") SM_HEAD "00 02 0E 00 02 61 62", SMPP_READ, TRUE },	/* a count of two octets */
		{ HEAD("80 00 00 04"), SMPP_READ, FALSE },				/* an answer without a body */
		{ HEAD("80 00 00 04") "34 32", SMPP_READ, TRUE },			/* ... with half a one */
		{ HEAD("80 00 00 04") "34 32 00", SMPP_READ, FALSE },
		{ HEAD("00 00 01 00") "61 62", SMPP_UNKNOWN, FALSE },
		{ HEAD("00 00 00 15"), SMPP_READ, FALSE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = unhex(cases[i].bytes);
		struct smpp_pdu pdu;

		if (smpp_pdu_read(bytes->data, bytes->len, &pdu) != cases[i].want || pdu.odd != cases[i].odd)
			fail_msg("%s: got %d, odd %d", cases[i].bytes, smpp_pdu_read(bytes->data, bytes->len, &pdu), pdu.odd);
		assert_int_equal(pdu.sequence, 9);
	}
}

static void what_does_not_fit_is_not_written(void **state)
{
	g_autofree char *long_text = g_strnfill(255, 'x'), *payload = g_strnfill(65530, 'y');
	g_autoptr(GByteArray) out = g_byte_array_new();
	struct smpp_pdu pdu = { .command = SMPP_submit_sm };

	(void)state;
	g_byte_array_append(out, (const guint8 *)"before", 6);
	smpp_set_bytes(&pdu.field[SMPP_F_short_message], long_text, 255);
	assert_false(smpp_pdu_write(&pdu, out));
	smpp_set_bytes(&pdu.field[SMPP_F_short_message], long_text, 254);
	assert_true(smpp_pdu_write(&pdu, out));
	g_byte_array_set_size(out, 6);
	SMPP_TEXT(&pdu, validity_period, "12345678901234567");
	assert_false(smpp_pdu_write(&pdu, out));
	SMPP_TEXT(&pdu, validity_period, "");
	smpp_set_bytes(SMPP_TLV(&pdu, message_payload), payload, 65530);
	assert_false(smpp_pdu_write(&pdu, out));
	pdu.command = 0x999;
	assert_false(smpp_pdu_write(&pdu, out));
	assert_int_equal(out->len, 6);
}

static void a_tlv_of_any_tag_can_be_found(void **state)
{
	g_autoptr(GByteArray) bytes = unhex(HEAD("00 00 00 05") SM_HEAD "00 14 00 00 02 61 62 02 0E 00 01 03 14 00 00 01 63");
	struct smpp_pdu pdu;
	struct smpp_value value;

	(void)state;
	assert_int_equal(smpp_pdu_read(bytes->data, bytes->len, &pdu), SMPP_READ);
	assert_true(smpp_pdu_tlv(&pdu, 0x1400, &value));
	assert_int_equal(value.len, 2);
	assert_memory_equal(value.at, "ab", 2);
	assert_false(smpp_pdu_tlv(&pdu, 0x1401, &value));
	assert_int_equal(SMPP_TLV(&pdu, sar_total_segments)->number, 3);
}

/* ---- text ---- */

static void octets_become_text_by_their_coding(void **state)
{
	static const struct { int alphabet; guint coding; const char *bytes, *want; } cases[] = {
		{ SMPP_GSM, 0, "48 69 00 1B 65 7B", "Hi@€ä" },
		{ SMPP_LATIN1, 0, "48 69 40 E4 A4", "Hi@ä¤" },
		{ SMPP_ASCII, 0, "48 69 E4", "Hi\xef\xbf\xbd" },
		{ SMPP_LATIN1, 1, "48 40", "H@" },
		{ SMPP_GSM, 3, "E4 F6", "äö" },
		{ SMPP_GSM, 5, "82 B1", "こ" },
		{ SMPP_GSM, 6, "BF E0", "Пр" },
		{ SMPP_GSM, 7, "F9 EC", "של" },
		{ SMPP_GSM, 8, "D8 3D DE 00 00 41", "😀A" },
		{ SMPP_GSM, 8, "D8 3D", "\xef\xbf\xbd" },			/* half, and nothing follows */
		{ SMPP_GSM, 8, "00 41 00", "A\xef\xbf\xbd" },
		{ SMPP_GSM, 14, "B0 A1", "가" },
		{ SMPP_LATIN1, 0x10, "00", "@" },				/* flash, default alphabet: GSM, whatever 0 means */
		{ SMPP_LATIN1, 0x18, "00 41", "A" },
		{ SMPP_LATIN1, 0xf1, "00", "@" },
		{ SMPP_GSM, 0xe0, "00 41", "A" },
		{ SMPP_GSM, 4, "01 02", NULL }, { SMPP_GSM, 2, "01", NULL }, { SMPP_GSM, 0xf5, "01", NULL }, { SMPP_GSM, 0x14, "01", NULL },
		{ SMPP_GSM, 8, "", "" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GByteArray) bytes = unhex(cases[i].bytes);
		struct hg_udh udh = { .port = -1 };
		g_autofree char *text = smpp_decode(cases[i].alphabet, cases[i].coding, &udh, FALSE, bytes->data, bytes->len);

		if (g_strcmp0(text, cases[i].want) != 0)
			fail_msg("%u %s: got %s", cases[i].coding, cases[i].bytes, text);
	}
}

static void a_piece_keeps_what_is_half(void **state)
{
	struct hg_udh udh = { .port = -1 };
	g_autofree char *high = smpp_decode(SMPP_GSM, 8, &udh, TRUE, (const guint8 *)"\0A\xd8\x3d", 4);
	g_autofree char *low = smpp_decode(SMPP_GSM, 8, &udh, TRUE, (const guint8 *)"\xde\x00", 2);
	g_autofree char *escape = smpp_decode(SMPP_GSM, 0, &udh, TRUE, (const guint8 *)"A\x1b", 2);

	(void)state;
	assert_string_equal(high, "A\xed\xa0\xbd");
	assert_string_equal(low, "\xed\xb8\x80");
	assert_string_equal(escape, "A\x1b");
}

/* ---- receipts ---- */

/* Spellings of operators and of aggregators' papers; the first is the book's (Appendix B). */
static void receipts_are_read_in_all_spellings(void **state)
{
	static const struct { const char *text, *id; int state, code; gint64 done_ms; } cases[] = {
		{ "id:0123456789 sub:001 dlvrd:001 submit date:2611200959 done date:2611201002 stat:DELIVRD err:000 text:Hello",
		  "0123456789", HG_R_DELIVERED, 0, 1795168920000 },
		{ "id:c44c8ad9-4c1a sub:001 dlvrd:000 submit date:261120100000 done date:261120100211 stat:UNDELIV err:045 Text:",
		  "c44c8ad9-4c1a", HG_R_FAILED, 45, 1795168931000 },
		{ "stat:EXPIRED err:027 id:77 done date:20261120100211", "77", HG_R_FAILED, 27, 1795168931000 },
		{ "ID:77 STAT:Delivrd", "77", HG_R_DELIVERED, 0, 0 },
		{ "id: 77 stat: REJECTD err: 8", "77", HG_R_FAILED, 8, 0 },
		{ "id=77 stat=ACCEPTD", "77", HG_R_SENT, 0, 0 },
		{ "id:77\tsub:001\r\nstat:ENROUTE", "77", HG_R_SENT, 0, 0 },
		{ "id:77 stat:UNKNOWN", "77", HG_R_FAILED, 0, 0 },
		{ "id:77 stat:DELETED", "77", HG_R_FAILED, 0, 0 },
		{ "id:77 stat:BUFFRED", "77", HG_R_SENT, 0, 0 },
		{ "id:77 stat:BUFFERD", "77", HG_R_SENT, 0, 0 },
		{ "id:77 stat:ACKED", "77", HG_R_SENT, 0, 0 },
		{ "id:77 stat:SKIPPED", "77", HG_R_FAILED, 0, 0 },
		{ "id:77 stat:NEWWORD", "77", HG_R_SENT, 0, 0 },
		{ "id:77 submit date:2611200959 stat:DELIVRD", "77", HG_R_DELIVERED, 0, 0 },	/* the other date is none */
		{ "id:77 donedate:2611201002 status:DELIVERED", "77", HG_R_DELIVERED, 0, 1795168920000 },
		{ "id:77 done date:9999999999 stat:DELIVRD", "77", HG_R_DELIVERED, 0, 0 },
		{ "id: sub:001 stat:DELIVRD", NULL, HG_R_DELIVERED, 0, 0 },
		{ "id:77 err:0x1F stat:UNDELIV", "77", HG_R_FAILED, 0, 0 },
		/* What the customer's phone was sent does not speak for the operator. */
		{ "id:77 stat:DELIVRD text:id:99 stat:UNDELIV", "77", HG_R_DELIVERED, 0, 0 },
		{ "id:77 stat:DELIVRD id:99 stat:UNDELIV", "77", HG_R_DELIVERED, 0, 0 },
		{ "text:id:99 stat:UNDELIV", NULL, 0, 0, 0 },
		{ "hello", NULL, 0, 0, 0 }, { "", NULL, 0, 0, 0 }, { ":::", NULL, 0, 0, 0 }, { "id", NULL, 0, 0, 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct smpp_receipt got;
		gboolean is = smpp_receipt_text(cases[i].text, strlen(cases[i].text), &got);

		if (is != (cases[i].id || cases[i].state) || g_strcmp0(got.id, cases[i].id) != 0 || got.state != cases[i].state ||
		    got.code != cases[i].code || got.done_ms != cases[i].done_ms)
			fail_msg("%s: id %s, state %d, code %d, done %" G_GINT64_FORMAT, cases[i].text, got.id, got.state, got.code,
				 got.done_ms);
		if ((got.state == HG_R_FAILED) != (got.why != NULL))
			fail_msg("%s: why is %s", cases[i].text, got.why);
		smpp_receipt_clear(&got);
	}
}

static struct smpp_pdu receipt_pdu(guint esm_class, const char *text)
{
	struct smpp_pdu pdu = { .command = SMPP_deliver_sm };

	SMPP_NUMBER(&pdu, esm_class, esm_class);
	smpp_set_text(&pdu.field[SMPP_F_short_message], text);
	return pdu;
}

static void tlvs_say_more_than_the_text(void **state)
{
	struct smpp_pdu pdu = receipt_pdu(4, "id:1 stat:DELIVRD err:000");
	struct smpp_receipt got;

	(void)state;
	smpp_set_text(SMPP_TLV(&pdu, receipted_message_id), "A1B2");
	smpp_set_number(SMPP_TLV(&pdu, message_state), 5);
	smpp_set_number(SMPP_TLV(&pdu, network_error_code), 0x030021);
	assert_true(smpp_receipt_read(&pdu, &got));
	assert_string_equal(got.id, "A1B2");
	assert_int_equal(got.state, HG_R_FAILED);
	assert_int_equal(got.code, 0x21);
	smpp_receipt_clear(&got);
	/* What they do not say, the text does. */
	pdu.tlv[SMPP_T_message_state].there = FALSE;
	assert_true(smpp_receipt_read(&pdu, &got));
	assert_string_equal(got.id, "A1B2");
	assert_int_equal(got.state, HG_R_DELIVERED);
	smpp_receipt_clear(&got);
	/* The text in message_payload. */
	pdu = receipt_pdu(4, "");
	smpp_set_text(SMPP_TLV(&pdu, message_payload), "id:9 stat:DELIVRD");
	assert_true(smpp_receipt_read(&pdu, &got));
	assert_string_equal(got.id, "9");
	smpp_receipt_clear(&got);
}

/* A customer who writes like a receipt has written a message. */
static void only_the_operator_makes_receipts(void **state)
{
	static const struct { guint esm_class; gboolean want; } cases[] = {
		{ 0x00, FALSE }, { 0x04, TRUE }, { 0x08, TRUE }, { 0x20, TRUE }, { 0x40, FALSE }, { 0x44, TRUE }, { 0x10, FALSE }, { 0x03, FALSE },
	};
	struct smpp_pdu pdu;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		pdu = receipt_pdu(cases[i].esm_class, "id:77 stat:DELIVRD");
		assert_int_equal(smpp_is_receipt(&pdu), cases[i].want);
	}
	pdu = receipt_pdu(0, "");
	smpp_set_text(SMPP_TLV(&pdu, receipted_message_id), "77");
	assert_false(smpp_is_receipt(&pdu));
	smpp_set_number(SMPP_TLV(&pdu, message_state), 2);
	assert_true(smpp_is_receipt(&pdu));
}

static void ids_of_two_forms_are_the_same(void **state)
{
	static const struct { const char *id; int form; const char *want; } cases[] = {
		{ "00001A", SMPP_ID_HEX, "26" }, { "1a", SMPP_ID_HEX, "26" }, { "0x1A", SMPP_ID_HEX, "26" },
		{ "26", SMPP_ID_DECIMAL, "26" }, { "0000000026", SMPP_ID_DECIMAL, "26" },
		{ "00001A", SMPP_ID_TEXT, "00001A" }, { "26", SMPP_ID_HEX, "38" },
		{ "c44c8ad9-4c1a", SMPP_ID_HEX, "c44c8ad9-4c1a" },			/* no number: as it is */
		{ "ffffffffffffffffff", SMPP_ID_HEX, "ffffffffffffffffff" }, { "", SMPP_ID_DECIMAL, "" }, { "-5", SMPP_ID_DECIMAL, "-5" },
		{ "18446744073709551615", SMPP_ID_DECIMAL, "18446744073709551615" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = smpp_id_normal(cases[i].id, cases[i].form);

		assert_string_equal(got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_books_example_is_written_and_read),
		cmocka_unit_test(every_command_comes_back_as_it_was),
		cmocka_unit_test(a_length_is_believed_only_within_bounds),
		cmocka_unit_test(what_is_short_or_strange_is_told_apart),
		cmocka_unit_test(what_does_not_fit_is_not_written),
		cmocka_unit_test(a_tlv_of_any_tag_can_be_found),
		cmocka_unit_test(octets_become_text_by_their_coding),
		cmocka_unit_test(a_piece_keeps_what_is_half),
		cmocka_unit_test(receipts_are_read_in_all_spellings),
		cmocka_unit_test(tlvs_say_more_than_the_text),
		cmocka_unit_test(only_the_operator_makes_receipts),
		cmocka_unit_test(ids_of_two_forms_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

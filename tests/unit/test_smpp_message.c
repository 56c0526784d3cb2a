/* test_smpp_message.c - messages as submit_sm and from deliver_sm, what is known already, what statuses mean */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <headgate/adapter.h>

#include "smpp_coding.h"
#include "smpp_conf.h"
#include "smpp_doubt.h"
#include "smpp_message.h"
#include "smpp_plan.h"

#define W   (char *)			/* options are no constants */
#define NOW INT64_C(1795168931000)	/* 2026-11-20 10:02:11 UTC */

static struct smpp_conf plain(void)
{
	return (struct smpp_conf){
		.host = W "smsc.example", .system_id = W "acme", .bind = W "transceiver", .version = W "3.4", .from = W "447700900001",
		.alphabet = W "gsm", .text = W "smart", .long_text = W "concat", .concat = W "udh8", .language = W "none", .receipts = W "all",
		.response_id = W "text", .receipt_id = W "text", .utc_offset = W "+00:00", .port = 2775, .binds = 1, .submit_window = 10,
		.rate = 10, .max_parts = 10, .redelivery = 3600000, .part_wait = 300000,
	};
}

/* ---- out ---- */

typedef struct planned { struct hg_plan plan; GPtrArray *bodies; GString *texts; int units, left; } planned;

static void keep(struct hg_plan *plan, const struct hg_part *part)
{
	struct planned *p = (struct planned *)plan;

	g_ptr_array_add(p->bodies, g_bytes_new(part->body, part->len));
	g_string_append_printf(p->texts, "[%s]%s", part->coding, part->text);
	p->units += part->units;
	p->left = part->left;
}

static struct planned *begin(void)
{
	struct planned *p = g_new0(struct planned, 1);

	p->plan = (struct hg_plan){ sizeof(p->plan), keep };
	p->bodies = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	p->texts = g_string_new(NULL);
	return p;
}

static void planned_free(struct planned *p)
{
	g_ptr_array_unref(p->bodies);
	g_string_free(p->texts, TRUE);
	g_free(p);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(planned, planned_free)

static planned *plan(const struct smpp_conf *conf, const char *to, const char *text, struct hg_err *err)
{
	struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .to = to, .text = text, .now_ms = NOW };
	planned *p = begin();

	*err = (struct hg_err){ 0 };
	if (smpp_plan(conf, &out, &p->plan, err) == 0)
		return p;
	planned_free(p);
	return NULL;
}

/* The nth PDU, read again; it points into p. */
static struct smpp_pdu pdu_at(const planned *p, guint n)
{
	struct smpp_pdu pdu;
	gsize len;
	const guint8 *bytes = g_bytes_get_data(p->bodies->pdata[n], &len);

	assert_int_equal(smpp_pdu_frame(bytes, len), len);
	assert_int_equal(smpp_pdu_read(bytes, len, &pdu), SMPP_READ);
	assert_int_equal(pdu.command, SMPP_submit_sm);
	return pdu;
}

static void assert_text(const struct smpp_value *value, const char *want)
{
	g_autofree char *text = smpp_value_text(value);

	assert_string_equal(text, want);
}

static void a_text_is_one_submit_sm(void **state)
{
	struct smpp_conf conf = plain();
	struct hg_err err;
	g_autoptr(planned) p = plan(&conf, "tel:+447700900123", "Hello @ \xe2\x82\xac", &err);
	struct smpp_pdu pdu;

	(void)state;
	assert_int_equal(p->bodies->len, 1);
	pdu = pdu_at(p, 0);
	assert_text(&pdu.field[SMPP_F_destination_addr], "447700900123");
	assert_int_equal(SMPP_GET(&pdu, dest_addr_ton), 1);
	assert_int_equal(SMPP_GET(&pdu, dest_addr_npi), 1);
	assert_text(&pdu.field[SMPP_F_source_addr], "447700900001");
	assert_int_equal(SMPP_GET(&pdu, registered_delivery), 1);
	assert_int_equal(SMPP_GET(&pdu, data_coding), 0);
	assert_int_equal(SMPP_GET(&pdu, esm_class), 0);
	assert_int_equal(pdu.field[SMPP_F_short_message].len, 10);
	assert_memory_equal(pdu.field[SMPP_F_short_message].at, "Hello \0 \x1b\x65", 10);
	assert_string_equal(p->texts->str, "[gsm7]Hello @ \xe2\x82\xac");
	assert_int_equal(p->units, 1);
}

static void addresses_have_the_type_of_their_kind(void **state)
{
	static const struct { const char *from, *own, *want; guint ton, npi; } cases[] = {
		{ "447700900001", NULL, "447700900001", 1, 1 },
		{ "+447700900001", NULL, "447700900001", 1, 1 },
		{ "12345", NULL, "12345", 3, 0 },
		{ "ACME", NULL, "ACME", 5, 0 },
		{ NULL, NULL, "", 0, 0 },
		{ "ACME", "short:54321", "54321", 3, 0 },	/* the number the customer has written to */
		{ "ACME", "tel:+447700900002", "447700900002", 1, 1 },
		{ "ACME", "mailto:a@b.example", "ACME", 5, 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct smpp_conf conf = plain();
		struct hg_out out = { .size = sizeof(out), .kind = HG_TEXT, .to = "short:777", .from = cases[i].own, .text = "x",
				      .now_ms = NOW };
		g_autoptr(planned) p = begin();
		struct hg_err err = { 0 };
		struct smpp_pdu pdu;

		conf.from = W cases[i].from;
		assert_int_equal(smpp_plan(&conf, &out, &p->plan, &err), 0);
		pdu = pdu_at(p, 0);
		assert_text(&pdu.field[SMPP_F_source_addr], cases[i].want);
		assert_int_equal(SMPP_GET(&pdu, source_addr_ton), cases[i].ton);
		assert_int_equal(SMPP_GET(&pdu, source_addr_npi), cases[i].npi);
		assert_int_equal(SMPP_GET(&pdu, dest_addr_ton), 3);
	}
}

static void the_channels_own_types_validity_and_spelling_count(void **state)
{
	struct smpp_conf conf = plain();
	char *tons[] = { W "short", W "0/1", W "international", W "1/8", NULL };
	struct hg_err err;
	struct smpp_pdu pdu;

	(void)state;
	conf.ton_npi = tons;
	conf.plus = true;
	conf.validity = INT64_C(36) * 3600 * 1000 + 61000;
	conf.priority = 2;
	conf.service_type = W "WAP";
	conf.receipts = W "failures";
	g_autoptr(planned) p = plan(&conf, "tel:+447700900123", "x", &err);

	pdu = pdu_at(p, 0);
	assert_text(&pdu.field[SMPP_F_destination_addr], "+447700900123");
	assert_int_equal(SMPP_GET(&pdu, dest_addr_npi), 8);
	assert_text(&pdu.field[SMPP_F_validity_period], "000001120101000R");
	assert_int_equal(SMPP_GET(&pdu, priority_flag), 2);
	assert_text(&pdu.field[SMPP_F_service_type], "WAP");
	assert_int_equal(SMPP_GET(&pdu, registered_delivery), 2);
}

/* What is put together again must be what was said, and no piece larger than a short message. */
static void assert_whole(const planned *p, const char *text, int alphabet, gsize most)
{
	g_autoptr(GString) all = g_string_new(NULL);

	for (guint i = 0; i < p->bodies->len; i++) {
		struct smpp_pdu pdu = pdu_at(p, i);
		const struct smpp_value *value = &pdu.field[SMPP_F_short_message];
		struct hg_udh udh = { .port = -1 };
		g_autofree char *one = NULL;

		if (SMPP_GET(&pdu, esm_class) & 0x40)
			assert_true(hg_udh_parse(value->at, value->len, &udh));
		if (p->bodies->len > 1 && !SMPP_TLV(&pdu, sar_msg_ref_num)->there) {
			assert_true(udh.concat);
			assert_int_equal(udh.part, i + 1);
			assert_int_equal(udh.parts, p->bodies->len);
		}
		assert_true(value->len <= most);
		one = smpp_decode(alphabet, SMPP_GET(&pdu, data_coding), &udh, TRUE, value->at + udh.len, value->len - udh.len);
		g_string_append(all, one);
	}
	assert_string_equal(all->str, text);
}

static void a_long_text_is_cut_as_the_operator_wants_it(void **state)
{
	g_autofree char *gsm = g_strnfill(400, 'a'), *ucs = NULL;
	g_autoptr(GString) wide = g_string_new(NULL);
	struct smpp_conf conf = plain();
	struct smpp_pdu pdu;
	struct hg_err err;

	(void)state;
	for (int i = 0; i < 100; i++)
		g_string_append(wide, "\xd0\x96");
	ucs = g_string_free(g_steal_pointer(&wide), FALSE);
	{
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", gsm, &err);
		g_autoptr(planned) q = plan(&conf, "tel:+447700900123", ucs, &err);

		assert_int_equal(p->bodies->len, 3);	/* 153 septets each */
		assert_whole(p, gsm, SMPP_GSM, 6 + 153);
		assert_int_equal(q->bodies->len, 2);	/* 67 units each */
		assert_whole(q, ucs, SMPP_GSM, 140);
		assert_int_equal(p->units, 3);
	}
	conf.concat = W "udh16";
	{
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", gsm, &err);

		assert_whole(p, gsm, SMPP_GSM, 7 + 152);
		pdu = pdu_at(p, 0);
		assert_memory_equal(pdu.field[SMPP_F_short_message].at, "\x06\x08\x04", 3);
	}
	conf.concat = W "sar";
	{
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", gsm, &err);

		assert_whole(p, gsm, SMPP_GSM, 160);
		pdu = pdu_at(p, 1);
		assert_int_equal(SMPP_TLV(&pdu, sar_segment_seqnum)->number, 2);
		assert_int_equal(SMPP_TLV(&pdu, sar_total_segments)->number, 3);
		assert_int_equal(SMPP_GET(&pdu, esm_class), 0);
	}
	conf.concat = W "payload";
	{
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", gsm, &err);

		assert_int_equal(p->bodies->len, 1);
		assert_int_equal(p->units, 3);
		pdu = pdu_at(p, 0);
		assert_int_equal(SMPP_TLV(&pdu, message_payload)->len, 400);
		assert_int_equal(pdu.field[SMPP_F_short_message].len, 0);
	}
	conf.long_text = W "refuse";
	assert_null(plan(&conf, "tel:+447700900123", gsm, &err));
	assert_int_equal(err.kind, HG_ERR_LIMIT);
}

/* Data coding 0 cannot carry what the operator's alphabet lacks. */
static void another_alphabet_falls_back_to_ucs2(void **state)
{
	static const struct { const char *alphabet, *text; guint coding; const char *bytes; gsize len; } cases[] = {
		{ "latin1", "\xc3\xa4@", 0, "\xe4\x40", 2 },
		{ "latin1", "\xe2\x82\xac", 8, "\x20\xac", 2 },
		{ "latin1", "\xce\xa9", 8, "\x03\xa9", 2 },
		{ "ascii", "\xc3\xa4", 8, "\x00\xe4", 2 },
		{ "ascii", "a@", 0, "a@", 2 },
		{ "gsm", "\xc3\xa4", 0, "\x7b", 1 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct smpp_conf conf = plain();
		struct hg_err err;
		struct smpp_pdu pdu;

		conf.alphabet = W cases[i].alphabet;
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", cases[i].text, &err);
		pdu = pdu_at(p, 0);
		assert_int_equal(SMPP_GET(&pdu, data_coding), cases[i].coding);
		assert_int_equal(pdu.field[SMPP_F_short_message].len, cases[i].len);
		assert_memory_equal(pdu.field[SMPP_F_short_message].at, cases[i].bytes, cases[i].len);
	}
}

/* Letters of one language by its table, where that is cheaper than UCS-2. */
static void national_letters_cost_less_by_their_table(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct smpp_conf conf = plain();
	struct smpp_pdu pdu;
	struct hg_err err;

	(void)state;
	for (int i = 0; i < 50; i++)
		g_string_append(text, "\xc5\x9f\xc4\x9f a");	/* s and g as in Turkish */
	conf.language = W "turkish";
	{
		g_autoptr(planned) one = plan(&conf, "tel:+447700900123", "\xc5\x9f", &err);
		g_autoptr(planned) p = plan(&conf, "tel:+447700900123", text->str, &err);
		g_autoptr(planned) other = plan(&conf, "tel:+447700900123", "\xd0\x96", &err);

		pdu = pdu_at(one, 0);
		assert_int_equal(SMPP_GET(&pdu, data_coding), 0);
		assert_int_equal(SMPP_GET(&pdu, esm_class), 0x40);
		assert_whole(one, "\xc5\x9f", SMPP_GSM, 160);
		assert_int_equal(one->left, 136 * 8 / 7 - 2);	/* behind a header of four octets; an escape and a letter */
		assert_int_equal(p->bodies->len, 2);
		assert_whole(p, text->str, SMPP_GSM, 160);
		assert_int_equal(p->left, 2 * (128 * 8 / 7) - 200);	/* both tables: 12 octets, each letter alone */
		pdu = pdu_at(other, 0);
		assert_int_equal(SMPP_GET(&pdu, data_coding), 8);
	}
	conf.language = W "none";
	g_autoptr(planned) dear = plan(&conf, "tel:+447700900123", text->str, &err);
	assert_true(dear->bodies->len > 2);
}

static void what_sms_cannot_carry_is_refused(void **state)
{
	static const struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .path = "/x" };
	static const struct { struct hg_out out; int kind; } cases[] = {
		{ { .kind = HG_TEXT, .to = "tel:+447700900123", .text = "" }, HG_ERR_INPUT },
		{ { .kind = HG_TEXT, .to = "tel:+447700900123", .text = "x", .files = &file, .n_files = 1 }, HG_ERR_UNSUPPORTED },
		{ { .kind = HG_REACTION, .to = "tel:+447700900123", .text = "x" }, HG_ERR_UNSUPPORTED },
		{ { .kind = HG_TEXT, .to = "tel:+447700900123", .text = "x", .template_json = "{}" }, HG_ERR_UNSUPPORTED },
		{ { .kind = HG_TEXT, .to = "name:INFO", .text = "x" }, HG_ERR_UNSUPPORTED },
		{ { .kind = HG_TEXT, .to = "mailto:a@b.example", .text = "x" }, HG_ERR_INPUT },
		{ { .kind = HG_TEXT, .to = NULL, .text = "x" }, HG_ERR_INPUT },
	};
	struct smpp_conf conf = plain();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_err err = { 0 };
		g_autoptr(planned) p = begin();

		assert_int_equal(smpp_plan(&conf, &cases[i].out, &p->plan, &err), -1);
		assert_int_equal(err.kind, cases[i].kind);
		assert_true(*err.text);
	}
	conf.bind = W "receiver";
	{
		struct hg_err err;

		assert_null(plan(&conf, "tel:+447700900123", "x", &err));
		assert_int_equal(err.kind, HG_ERR_CONFIG);
	}
}

/* ---- in ---- */

struct got { hg_arena *arena; struct hg_in in; struct hg_receipt receipt; gboolean is_in; };

static struct smpp_pdu deliver(const char *from, guint ton, guint esm_class, guint coding, const char *bytes, gsize len)
{
	struct smpp_pdu pdu = { .command = SMPP_deliver_sm, .sequence = 1 };

	SMPP_TEXT(&pdu, source_addr, from);
	SMPP_NUMBER(&pdu, source_addr_ton, ton);
	SMPP_TEXT(&pdu, destination_addr, "447700900001");
	SMPP_NUMBER(&pdu, dest_addr_ton, 1);
	SMPP_NUMBER(&pdu, esm_class, esm_class);
	SMPP_NUMBER(&pdu, data_coding, coding);
	smpp_set_bytes(&pdu.field[SMPP_F_short_message], bytes, len);
	return pdu;
}

static struct got take(const struct smpp_conf *conf, const struct smpp_pdu *pdu)
{
	struct got got = { .arena = hg_arena_new() };

	got.is_in = smpp_message_read(conf, pdu, (const guint8 *)"raw", 3, NOW, got.arena, &got.in, &got.receipt);
	return got;
}

static void senders_are_known_in_one_spelling(void **state)
{
	static const struct { const char *from; guint ton; const char *country, *want, *other; } cases[] = {
		{ "447700900123", 1, NULL, "tel:+447700900123", NULL },
		{ "+447700900123", 1, NULL, "tel:+447700900123", NULL },
		{ "447700900123", 0, NULL, "tel:+447700900123", NULL },
		{ "07700900123", 2, "GB", "tel:+447700900123", "smpp:07700900123" },
		{ "12345", 3, NULL, "short:12345", NULL },
		{ "INFO", 5, NULL, "name:INFO", NULL },
		{ "", 0, NULL, NULL, NULL },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct smpp_conf conf = plain();
		struct smpp_pdu pdu = deliver(cases[i].from, cases[i].ton, 0, 0, "hi", 2);
		struct got got;

		conf.country = W cases[i].country;
		got = take(&conf, &pdu);
		assert_true(got.is_in);
		assert_int_equal(got.in.n_from, !cases[i].want ? 0 : cases[i].other ? 2 : 1);
		if (cases[i].want)
			assert_string_equal(got.in.from[0].uri, cases[i].want);
		if (cases[i].other)
			assert_string_equal(got.in.from[1].uri, cases[i].other);
		assert_string_equal(got.in.to, "tel:+447700900001");
		hg_arena_free(got.arena);
	}
}

static void pieces_are_told_by_header_or_tlv(void **state)
{
	struct smpp_conf conf = plain();
	struct smpp_pdu pdu = deliver("447700900123", 1, 0x40, 0, "\x05\x00\x03\x2a\x03\x02hi", 8);
	struct got got = take(&conf, &pdu);

	(void)state;
	assert_string_equal(got.in.part_ref, "u42");
	assert_int_equal(got.in.part, 2);
	assert_int_equal(got.in.parts, 3);
	assert_string_equal(got.in.text, "hi");
	hg_arena_free(got.arena);

	pdu = deliver("447700900123", 1, 0x40, 8, "\x06\x08\x04\x01\x00\x02\x01\x00h\xd8\x3d", 11);
	got = take(&conf, &pdu);
	assert_string_equal(got.in.part_ref, "w256");
	assert_string_equal(got.in.text, "h\xed\xa0\xbd");
	hg_arena_free(got.arena);

	pdu = deliver("447700900123", 1, 0, 0, "hi", 2);
	smpp_set_number(SMPP_TLV(&pdu, sar_msg_ref_num), 7);
	smpp_set_number(SMPP_TLV(&pdu, sar_total_segments), 2);
	smpp_set_number(SMPP_TLV(&pdu, sar_segment_seqnum), 2);
	got = take(&conf, &pdu);
	assert_string_equal(got.in.part_ref, "s7");
	assert_int_equal(got.in.part, 2);
	hg_arena_free(got.arena);

	/* A number beyond its count is no piece: it is shown by itself. */
	smpp_set_number(SMPP_TLV(&pdu, sar_segment_seqnum), 3);
	got = take(&conf, &pdu);
	assert_null(got.in.part_ref);
	assert_int_equal(got.in.kind, HG_TEXT);
	hg_arena_free(got.arena);
}

static void what_is_no_text_is_kept_as_it_came(void **state)
{
	static const struct { guint esm_class, coding; const char *bytes; gsize len; } cases[] = {
		{ 0, 4, "\x01\x02", 2 },
		{ 0x40, 4, "\x06\x05\x04\x0b\x84\x23\xf0\x01", 8 },	/* WAP push: for a port */
		{ 0x40, 0, "\x20hi", 3 },				/* a header longer than the message */
	};
	struct smpp_conf conf = plain();

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct smpp_pdu pdu = deliver("447700900123", 1, cases[i].esm_class, cases[i].coding, cases[i].bytes, cases[i].len);
		struct got got = take(&conf, &pdu);

		assert_int_equal(got.in.kind, HG_UNSUPPORTED);
		assert_int_equal(got.in.raw_len, 3);
		assert_non_null(got.in.note);
		hg_arena_free(got.arena);
	}
}

static void text_may_come_as_a_payload_and_ids_by_a_tag(void **state)
{
	struct smpp_conf conf = plain();
	struct smpp_pdu pdu = deliver("447700900123", 1, 0, 0, "", 0);
	struct got got;

	(void)state;
	smpp_set_text(SMPP_TLV(&pdu, message_payload), "a long text");
	pdu.tail = (const guint8 *)"\x14\x01\x00\x03" "m77";
	pdu.tail_len = 7;
	conf.id_tag = 0x1401;
	got = take(&conf, &pdu);
	assert_string_equal(got.in.text, "a long text");
	assert_string_equal(got.in.id, "m77");
	hg_arena_free(got.arena);
}

static void a_receipt_has_the_operators_time_and_id(void **state)
{
	static const char text[] = "id:0000001A stat:UNDELIV err:021 done date:2611201202";
	struct smpp_conf conf = plain();
	struct smpp_pdu pdu = deliver("447700900123", 1, 4, 0, text, strlen(text));
	struct got got;

	(void)state;
	conf.receipt_id = W "hex";
	conf.utc_offset = W "+02:00";
	got = take(&conf, &pdu);
	assert_false(got.is_in);
	assert_string_equal(got.receipt.id, "26");
	assert_int_equal(got.receipt.state, HG_R_FAILED);
	assert_int_equal(got.receipt.code, 21);
	assert_int_equal(got.receipt.at_ms, NOW - 11000);
	assert_non_null(got.receipt.text);
	assert_string_equal(got.receipt.detail, "{\"stat\":\"UNDELIV\",\"err\":\"021\"}");
	hg_arena_free(got.arena);

	/* A clock from the future is not believed. */
	conf.utc_offset = W "+00:00";
	got = take(&conf, &pdu);
	assert_int_equal(got.receipt.at_ms, NOW);
	hg_arena_free(got.arena);

	pdu = deliver("447700900123", 1, 4, 0, "what is this", 12);
	got = take(&conf, &pdu);
	assert_true(got.is_in);
	assert_int_equal(got.in.kind, HG_IGNORED);
	hg_arena_free(got.arena);
}

/* ---- statuses ---- */

static void statuses_say_how_far_they_reach(void **state)
{
	char *own[] = { W "0x45", W "contact", W "1025", W "throttle", NULL };
	struct smpp_conf conf = plain();

	(void)state;
	assert_int_equal(smpp_verdict_of(&conf, 0x58).act, SMPP_ACT_throttle);
	assert_int_equal(smpp_verdict_of(&conf, 0x14).act, SMPP_ACT_throttle);
	assert_int_equal(smpp_verdict_of(&conf, 0x64).act, SMPP_ACT_retry);
	assert_int_equal(smpp_verdict_of(&conf, 0x08).act, SMPP_ACT_retry);
	assert_int_equal(smpp_verdict_of(&conf, 0x0b).act, SMPP_ACT_contact);
	assert_int_equal(smpp_verdict_of(&conf, 0x0a).act, SMPP_ACT_channel);
	assert_int_equal(smpp_verdict_of(&conf, 0x45).act, SMPP_ACT_message);
	assert_int_equal(smpp_verdict_of(&conf, 0x401).act, SMPP_ACT_message);
	assert_string_equal(smpp_verdict_of(&conf, 0x58).name, "ESME_RTHROTTLED");
	conf.errors = own;
	assert_int_equal(smpp_verdict_of(&conf, 0x45).act, SMPP_ACT_contact);
	assert_int_equal(smpp_verdict_of(&conf, 0x401).act, SMPP_ACT_throttle);
}

static void options_that_do_not_fit_are_named(void **state)
{
	static char *bad_errors[] = { W "0x45", W "explode", NULL }, *bad_status[] = { W "x", W "retry", NULL };
	static char *bad_kind[] = { W "phone", W "1/1", NULL }, *bad_ton[] = { W "short", W "9/1", NULL };
	struct smpp_conf cases[11];
	struct hg_err err;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		cases[i] = plain();
	assert_int_equal(smpp_check(&cases[0], &err), 0);
	cases[0].ca_file = W "/x";
	cases[1].tls = true, cases[1].cert_file = W "/x";
	cases[2].system_id = W "more than fifteen characters";
	cases[3].errors = bad_errors;
	cases[4].errors = bad_status;
	cases[5].ton_npi = bad_kind;
	cases[6].ton_npi = bad_ton;
	cases[7].utc_offset = W "2";
	cases[8].country = W "Britain";
	cases[9].language = W "turkish", cases[9].alphabet = W "latin1";
	cases[10].from = W "no number, and too long for a name";
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		err = (struct hg_err){ 0 };
		if (smpp_check(&cases[i], &err) != -1 || err.kind != HG_ERR_CONFIG || !*err.text)
			fail_msg("case %zu was taken", i);
	}
}

/* ---- what is known already ---- */

static const char *came(struct smpp_doubts *doubts, guint64 hash, guint generation, guint32 sequence, gint64 mono_ms,
			gint64 now_ms)
{
	static char key[SMPP_KEY_SIZE];
	struct smpp_doubt seen = { .hash = hash, .bind = 1, .generation = generation, .sequence = sequence, .since_ms = mono_ms };

	smpp_doubt_begin(doubts, &seen, now_ms, key);
	return key;
}

static void the_same_words_are_new_once_the_answer_arrived(void **state)
{
	g_autofree char *first = NULL;
	struct smpp_doubts doubts = { 0 };

	(void)state;
	smpp_doubts_init(&doubts);
	first = g_strdup(came(&doubts, 7, 1, 1, 0, NOW));
	/* At the same time, on one connection: the customer said it twice. */
	assert_string_not_equal(came(&doubts, 7, 1, 2, 100, NOW), first);
	/* The same PDU again, or one that has waited for long: the operator repeats itself. */
	assert_string_equal(came(&doubts, 7, 1, 1, 200, NOW), first);
	assert_string_equal(came(&doubts, 7, 1, 3, 20000, NOW), first);
	smpp_doubt_answered(&doubts, 1, 1, 2, 10);
	smpp_doubt_answered(&doubts, 1, 1, 3, 10);
	assert_int_equal(smpp_doubt_proven(&doubts, 1, 1, 10), 2);	/* asked before the answer */
	assert_int_equal(smpp_doubt_proven(&doubts, 1, 1, 11), 0);
	assert_int_equal(doubts.all->len, 0);
	assert_string_not_equal(came(&doubts, 7, 1, 4, 30000, NOW), first);
	smpp_doubts_done(&doubts);
}

static void a_broken_connection_leaves_doubts_that_a_crash_does_not_end(void **state)
{
	g_autofree char *answered = NULL, *waiting = NULL, *proven = NULL, *refused = NULL, *cursor = NULL;
	struct smpp_doubts doubts = { 0 }, after = { 0 };

	(void)state;
	smpp_doubts_init(&doubts);
	smpp_doubts_init(&after);
	proven = g_strdup(came(&doubts, 1, 1, 1, 0, NOW));
	answered = g_strdup(came(&doubts, 2, 1, 2, 0, NOW));
	waiting = g_strdup(came(&doubts, 3, 1, 3, 0, NOW));
	refused = g_strdup(came(&doubts, 4, 1, 4, 0, NOW));
	smpp_doubt_answered(&doubts, 1, 1, 1, 5);
	smpp_doubt_proven(&doubts, 1, 1, 6);
	smpp_doubt_answered(&doubts, 1, 1, 2, 6);
	cursor = smpp_doubts_cursor(&doubts);
	smpp_doubt_broken(&doubts, 1, 1);
	smpp_doubt_refused(&doubts, 1, 1, 4);
	assert_string_equal(came(&doubts, 2, 2, 1, 0, NOW + 60000), answered);
	assert_string_equal(came(&doubts, 3, 2, 2, 0, NOW + 60000), waiting);
	assert_string_not_equal(came(&doubts, 4, 2, 3, 0, NOW + 60000), refused);
	assert_string_not_equal(came(&doubts, 1, 2, 4, 0, NOW + 60000), proven);

	/* The daemon died with that cursor on disk. */
	smpp_doubts_read(&after, cursor);
	assert_string_equal(came(&after, 2, 1, 1, 0, NOW + 60000), answered);
	assert_string_equal(came(&after, 3, 1, 2, 0, NOW + 60000), waiting);
	smpp_doubt_broken(&after, 1, 1);
	smpp_doubt_expire(&after, NOW + 3600000);
	assert_int_equal(after.all->len, 0);
	smpp_doubts_done(&doubts);
	smpp_doubts_done(&after);
}

static void the_cursor_stays_small_and_nonsense_in_it_is_skipped(void **state)
{
	static const char *const nonsense[] = { "", "-", "-x", "{\"uid\":7}", "-!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!" };
	g_autofree char *cursor = NULL;
	struct smpp_doubts doubts = { 0 };

	(void)state;
	smpp_doubts_init(&doubts);
	for (guint i = 0; i < 3000; i++)
		came(&doubts, i, 1, i, 0, NOW);
	assert_true(doubts.all->len <= 2000);
	cursor = smpp_doubts_cursor(&doubts);
	assert_true(strlen(cursor) < 2048);
	g_array_set_size(doubts.all, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(nonsense); i++) {
		smpp_doubts_read(&doubts, nonsense[i]);
		assert_int_equal(doubts.all->len, 0);
	}
	smpp_doubts_done(&doubts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_one_submit_sm),
		cmocka_unit_test(addresses_have_the_type_of_their_kind),
		cmocka_unit_test(the_channels_own_types_validity_and_spelling_count),
		cmocka_unit_test(a_long_text_is_cut_as_the_operator_wants_it),
		cmocka_unit_test(another_alphabet_falls_back_to_ucs2),
		cmocka_unit_test(national_letters_cost_less_by_their_table),
		cmocka_unit_test(what_sms_cannot_carry_is_refused),
		cmocka_unit_test(senders_are_known_in_one_spelling),
		cmocka_unit_test(pieces_are_told_by_header_or_tlv),
		cmocka_unit_test(what_is_no_text_is_kept_as_it_came),
		cmocka_unit_test(text_may_come_as_a_payload_and_ids_by_a_tag),
		cmocka_unit_test(a_receipt_has_the_operators_time_and_id),
		cmocka_unit_test(statuses_say_how_far_they_reach),
		cmocka_unit_test(options_that_do_not_fit_are_named),
		cmocka_unit_test(the_same_words_are_new_once_the_answer_arrived),
		cmocka_unit_test(a_broken_connection_leaves_doubts_that_a_crash_does_not_end),
		cmocka_unit_test(the_cursor_stays_small_and_nonsense_in_it_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

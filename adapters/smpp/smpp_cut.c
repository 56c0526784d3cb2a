/* smpp_cut.c - a text as the pieces it is sent in, each with its octets and the header before them */
#include "smpp_cut.h"

#include <string.h>

#include "gsm.h"
#include "smpp_coding.h"
#include "udh.h"

#define DC_DEFAULT 0
#define DC_UCS2	   8
#define OCTETS	   140		/* in one short message: 160 septets */

static void piece_free(void *data)
{
	struct smpp_piece *piece = data;

	g_byte_array_unref(piece->bytes);
	g_free(piece->text);
	g_free(piece);
}

static struct smpp_piece *piece_new(GPtrArray *pieces, const char *text, int coding, guint units)
{
	struct smpp_piece *piece = g_new0(struct smpp_piece, 1);

	*piece = (struct smpp_piece){ .text = g_strdup(text), .bytes = g_byte_array_new(), .coding = coding, .units = units,
				      .data_coding = coding == HG_SMS_UCS2 ? DC_UCS2 : DC_DEFAULT, .part = 1, .parts = 1 };
	g_ptr_array_add(pieces, piece);
	return piece;
}

/* ---- octets ---- */

static void put_ucs2(GByteArray *out, const char *text)
{
	glong n = 0;
	g_autofree gunichar2 *units = g_utf8_to_utf16(text, -1, NULL, &n, NULL);

	for (glong i = 0; i < n; i++)
		g_byte_array_append(out, (const guint8[]){ (guint8)(units[i] >> 8), (guint8)units[i] }, 2);
}

static gboolean fits_octets(const char *text, gunichar most)
{
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		if (g_utf8_get_char(p) > most)
			return FALSE;
	return TRUE;
}

static void put_octets(GByteArray *out, const char *text)
{
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		g_byte_array_append(out, (const guint8[]){ (guint8)g_utf8_get_char(p) }, 1);
}

static void put_text(struct smpp_piece *piece, int alphabet, int single, int locking)
{
	if (piece->coding == HG_SMS_UCS2)
		put_ucs2(piece->bytes, piece->text);
	else if (alphabet == SMPP_GSM)
		hg_gsm_encode(piece->text, single, locking, piece->bytes);
	else
		put_octets(piece->bytes, piece->text);
}

/* ---- letters of one country's own: 3GPP TS 23.038 section 6.2.1.2.4 ---- */

struct national { int single, locking; };

static int table_of(const struct smpp_conf *conf)
{
	static const char *const words[] = { [HG_GSM_TURKISH] = "turkish", [HG_GSM_SPANISH] = "spanish",
					     [HG_GSM_PORTUGUESE] = "portuguese" };

	for (guint i = HG_GSM_TURKISH; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i], conf->language) == 0)
			return (int)i;
	return HG_GSM_DEFAULT;
}

/* Septets of it all, 0: it has other letters. */
static guint septets_of(const char *text, struct national n)
{
	guint sum = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		int width = hg_gsm_width(g_utf8_get_char(p), n.single, n.locking);

		if (!width)
			return 0;
		sum += (guint)width;
	}
	return sum;
}

/* The tables that make it shortest, and worth their header; FALSE: none makes it GSM-7. */
static gboolean choose_tables(const struct smpp_conf *conf, const char *text, struct national *ret)
{
	int table = table_of(conf);
	const struct national ways[] = { { table, HG_GSM_DEFAULT }, { table, table } };
	guint best = 0;

	if (!table || hg_sms_coding_of(text) == HG_SMS_GSM7)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
		guint n = septets_of(text, ways[i]);

		/* A second table in the header is three octets more. */
		n += n && i ? 4 : 0;
		if (n && (!best || n < best)) {
			best = n;
			*ret = ways[i];
		}
	}
	return best > 0;
}

/* The end of the longest beginning of so many septets; never within a letter and what stands on it. */
static const char *fill_septets(const char *text, struct national n, guint room)
{
	const char *end = text, *p = text;
	guint used = 0;

	while (*p) {
		used += (guint)hg_gsm_width(g_utf8_get_char(p), n.single, n.locking);
		if (used > room)
			return end;
		p = g_utf8_next_char(p);
		end = p;
	}
	return end;
}

static guint room_behind(const struct hg_udh *udh)
{
	g_autoptr(GByteArray) head = g_byte_array_new();

	hg_udh_build(udh, head);
	return (OCTETS - head->len) * 8 / 7;
}

/* Texts of the pieces; more than most: NULL. */
static GPtrArray *cut_national(const char *text, struct national n, guint room, guint most)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);

	while (*text) {
		const char *end = fill_septets(text, n, room);

		if (texts->len >= most || end == text)
			return NULL;
		g_ptr_array_add(texts, g_strndup(text, (gsize)(end - text)));
		text = end;
	}
	return g_steal_pointer(&texts);
}

static void add_national(GPtrArray *pieces, const GPtrArray *texts, struct hg_udh udh)
{
	for (guint i = 0; i < texts->len; i++) {
		struct smpp_piece *piece = piece_new(pieces, texts->pdata[i], HG_SMS_GSM7, 1);

		udh.part = piece->part = i + 1;
		udh.parts = piece->parts = texts->len;
		piece->head = TRUE;
		if (i + 1 == texts->len)
			piece->left = room_behind(&udh) -
				      septets_of(piece->text, (struct national){ udh.single_shift, udh.locking_shift });
		hg_udh_build(&udh, piece->bytes);
		put_text(piece, SMPP_GSM, udh.single_shift, udh.locking_shift);
	}
}

/* FALSE: as UCS-2, it is not shorter so. */
static gboolean try_national(const struct smpp_conf *conf, const char *text, guint ref, GPtrArray *pieces)
{
	gboolean wide = strcmp(conf->concat, "udh16") == 0;
	struct hg_udh udh = { .wide = wide, .ref = ref, .port = -1 };
	guint most = strcmp(conf->long_text, "concat") == 0 ? (guint)conf->max_parts : 1;
	g_autoptr(GPtrArray) texts = NULL;
	struct national n;

	if (!choose_tables(conf, text, &n))
		return FALSE;
	udh.single_shift = n.single;
	udh.locking_shift = n.locking;
	texts = cut_national(text, n, room_behind(&udh), 1);
	if (!texts) {
		udh.concat = TRUE;
		udh.part = udh.parts = 1;
		texts = cut_national(text, n, room_behind(&udh), most);
	}
	if (!texts || texts->len > hg_sms_count(text, HG_SMS_UCS2, wide))
		return FALSE;
	add_national(pieces, texts, udh);
	return TRUE;
}

/* ---- one message of one or several pieces ---- */

static void add_concat(const struct smpp_conf *conf, GPtrArray *pieces, char **texts, const struct hg_sms_message *message,
		       guint ref)
{
	guint parts = g_strv_length(texts);
	gboolean sar = strcmp(conf->concat, "sar") == 0;

	for (guint i = 0; i < parts; i++) {
		struct smpp_piece *piece = piece_new(pieces, texts[i], message->coding, 1);
		struct hg_udh udh = { .concat = TRUE, .wide = strcmp(conf->concat, "udh16") == 0, .ref = ref, .part = i + 1,
				      .parts = parts, .port = -1 };

		piece->part = i + 1;
		piece->parts = parts;
		piece->left = i + 1 == parts ? message->left : 0;
		piece->sar = sar;
		piece->head = !sar;
		if (!sar)
			hg_udh_build(&udh, piece->bytes);
		put_text(piece, smpp_alphabet_of(conf->alphabet), 0, 0);
	}
}

static void add_message(const struct smpp_conf *conf, GPtrArray *pieces, const struct hg_sms_message *message, guint ref)
{
	gboolean wide = strcmp(conf->concat, "udh8") != 0;
	gboolean whole = message->units == 1 || strcmp(conf->concat, "payload") == 0;
	g_auto(GStrv) texts = whole ? NULL : hg_sms_split(message->text, message->coding, wide, 255);
	struct smpp_piece *piece;

	if (texts) {
		add_concat(conf, pieces, texts, message, ref);
		return;
	}
	piece = piece_new(pieces, message->text, message->coding, message->units);
	piece->left = message->left;
	piece->payload = message->units > 1;
	put_text(piece, smpp_alphabet_of(conf->alphabet), 0, 0);
}

/* Latin-1 and ASCII lack letters that GSM-7 has: those go as UCS-2. */
static gboolean is_carried(const struct smpp_conf *conf, const char *text)
{
	int alphabet = smpp_alphabet_of(conf->alphabet);

	return alphabet == SMPP_GSM || fits_octets(text, alphabet == SMPP_LATIN1 ? 0xff : 0x7f);
}

static GArray *plan(const struct smpp_conf *conf, const char *text, GError **error)
{
	struct hg_sms_policy policy = { .text = conf->text, .long_text = conf->long_text,
					.wide_ref = strcmp(conf->concat, "udh8") != 0, .max_units = (guint)conf->max_parts };
	GArray *messages = hg_sms_plan(text, &policy, error);

	for (guint i = 0; messages && i < messages->len; i++) {
		const struct hg_sms_message *message = &g_array_index(messages, struct hg_sms_message, i);

		if (message->coding != HG_SMS_GSM7 || is_carried(conf, message->text))
			continue;
		g_array_unref(messages);
		policy.coding = HG_SMS_UCS2;
		return hg_sms_plan(text, &policy, error);
	}
	return messages;
}

GPtrArray *smpp_cut(const struct smpp_conf *conf, const char *text, guint ref, GError **error)
{
	g_autoptr(GPtrArray) pieces = g_ptr_array_new_with_free_func(piece_free);
	g_autoptr(GArray) messages = NULL;

	if (try_national(conf, text, ref, pieces))
		return g_steal_pointer(&pieces);
	messages = plan(conf, text, error);
	if (!messages)
		return NULL;
	for (guint i = 0; i < messages->len; i++)
		add_message(conf, pieces, &g_array_index(messages, struct hg_sms_message, i), ref + i);
	return g_steal_pointer(&pieces);
}

/* gsm.c - the tables of 3GPP TS 23.038 (release 17: section 6.2.1 and annex A), and the packing of septets */
#include "gsm.h"

#include <assert.h>
#include <uchar.h>

#define SEPTETS 128
#define REPLACEMENT 0xfffd

/* Sixteen septets a line.  The escape stands for itself. */
static const char16_t basic[] =
	u"@£$¥èéùìòÇ\nØø\rÅå"
	u"Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
	u" !\"#¤%&'()*+,-./"
	u"0123456789:;<=>?"
	u"¡ABCDEFGHIJKLMNO"
	u"PQRSTUVWXYZÄÖÑÜ§"
	u"¿abcdefghijklmno"
	u"pqrstuvwxyzäöñüà";

static const char16_t turkish[] =		/* A.3.1 */
	u"@£$¥€éùıòÇ\nĞğ\rÅå"
	u"Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
	u" !\"#¤%&'()*+,-./"
	u"0123456789:;<=>?"
	u"İABCDEFGHIJKLMNO"
	u"PQRSTUVWXYZÄÖÑÜ§"
	u"çabcdefghijklmno"
	u"pqrstuvwxyzäöñüà";

static const char16_t portuguese[] =		/* A.3.3 */
	u"@£$¥êéúíóç\nÔô\rÁá"
	u"Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
	u" !\"#º%&'()*+,-./"
	u"0123456789:;<=>?"
	u"ÍABCDEFGHIJKLMNO"
	u"PQRSTUVWXYZÃÕÚÜ§"
	u"~abcdefghijklmno"
	u"pqrstuvwxyzãõ`üà";

static_assert(sizeof(basic) == (SEPTETS + 1) * sizeof(char16_t), "128 septets");
static_assert(sizeof(turkish) == sizeof(basic) && sizeof(portuguese) == sizeof(basic), "128 septets");

/* What a septet means behind an escape. */
struct shifted {
	guint8   septet;
	char16_t c;
};

#define IN_ALL_TABLES \
	{ 0x0a, u'\f' }, { 0x14, u'^' }, { 0x28, u'{' }, { 0x29, u'}' }, { 0x2f, u'\\' }, { 0x3c, u'[' }, \
	{ 0x3d, u'~' }, { 0x3e, u']' }, { 0x40, u'|' }, { 0x65, u'€' }

static const struct shifted basic_more[] = { IN_ALL_TABLES };		/* 6.2.1.1 */
static const struct shifted turkish_more[] = {				/* A.2.1 */
	IN_ALL_TABLES, { 0x47, u'Ğ' }, { 0x49, u'İ' }, { 0x53, u'Ş' }, { 0x63, u'ç' }, { 0x67, u'ğ' }, { 0x69, u'ı' },
	{ 0x73, u'ş' },
};
static const struct shifted spanish_more[] = {				/* A.2.2 */
	IN_ALL_TABLES, { 0x09, u'ç' }, { 0x41, u'Á' }, { 0x49, u'Í' }, { 0x4f, u'Ó' }, { 0x55, u'Ú' }, { 0x61, u'á' },
	{ 0x69, u'í' }, { 0x6f, u'ó' }, { 0x75, u'ú' },
};
static const struct shifted portuguese_more[] = {			/* A.2.3 */
	IN_ALL_TABLES, { 0x05, u'ê' }, { 0x09, u'ç' }, { 0x0b, u'Ô' }, { 0x0c, u'ô' }, { 0x0e, u'Á' }, { 0x0f, u'á' },
	{ 0x12, u'Φ' }, { 0x13, u'Γ' }, { 0x15, u'Ω' }, { 0x16, u'Π' }, { 0x17, u'Ψ' }, { 0x18, u'Σ' }, { 0x19, u'Θ' },
	{ 0x1f, u'Ê' }, { 0x41, u'À' }, { 0x49, u'Í' }, { 0x4f, u'Ó' }, { 0x55, u'Ú' }, { 0x5b, u'Ã' }, { 0x5c, u'Õ' },
	{ 0x61, u'Â' }, { 0x69, u'í' }, { 0x6f, u'ó' }, { 0x75, u'ú' }, { 0x7b, u'ã' }, { 0x7c, u'õ' }, { 0x7f, u'â' },
};

static const char16_t *locking(int table)
{
	switch (table) {
	case HG_GSM_TURKISH:
		return turkish;
	case HG_GSM_PORTUGUESE:
		return portuguese;
	default:	/* Spanish has no locking shift table (A.3.2) */
		return basic;
	}
}

static const struct shifted *single(int table, gsize *ret_n)
{
	switch (table) {
	case HG_GSM_TURKISH:
		*ret_n = G_N_ELEMENTS(turkish_more);
		return turkish_more;
	case HG_GSM_SPANISH:
		*ret_n = G_N_ELEMENTS(spanish_more);
		return spanish_more;
	case HG_GSM_PORTUGUESE:
		*ret_n = G_N_ELEMENTS(portuguese_more);
		return portuguese_more;
	default:
		*ret_n = G_N_ELEMENTS(basic_more);
		return basic_more;
	}
}

/* -1: not in the table. */
static int septet_of(gunichar c, const char16_t *table)
{
	if (c == HG_GSM_ESC || !c || c > 0xffff)
		return -1;
	if (c < SEPTETS && table[c] == c)	/* most of what people write */
		return (int)c;
	for (int i = 0; i < SEPTETS; i++)
		if (table[i] == c)
			return i;
	return -1;
}

static int shifted_of(gunichar c, int table)
{
	gsize n;
	const struct shifted *more = single(table, &n);

	for (gsize i = 0; i < n; i++)
		if (more[i].c == c)
			return more[i].septet;
	return -1;
}

int hg_gsm_width(gunichar c, int single_shift, int locking_shift)
{
	if (septet_of(c, locking(locking_shift)) >= 0)
		return 1;
	return shifted_of(c, single_shift) >= 0 ? 2 : 0;
}

static gboolean encode_one(gunichar c, int single_shift, const char16_t *table, GByteArray *out)
{
	int septet = septet_of(c, table);
	guint8 bytes[2] = { HG_GSM_ESC, (guint8)septet };

	if (septet < 0) {
		septet = shifted_of(c, single_shift);
		if (septet < 0)
			return FALSE;
		bytes[1] = (guint8)septet;
		g_byte_array_append(out, bytes, 2);
		return TRUE;
	}
	g_byte_array_append(out, bytes + 1, 1);
	return TRUE;
}

gboolean hg_gsm_encode(const char *text, int single_shift, int locking_shift, GByteArray *out)
{
	const char16_t *table = locking(locking_shift);
	guint before = out->len;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		if (!encode_one(g_utf8_get_char(p), single_shift, table, out)) {
			g_byte_array_set_size(out, before);
			return FALSE;
		}
	}
	return TRUE;
}

/* 6.2.1.1: what the extension has no sign for is shown as the main table has it, and an escape behind an escape,
 * kept for a table nobody has defined yet, as a space. */
static gunichar after_escape(guint8 septet, int single_shift, const char16_t *table)
{
	gsize n;
	const struct shifted *more = single(single_shift, &n);

	for (gsize i = 0; i < n; i++)
		if (more[i].septet == septet)
			return more[i].c;
	return septet == HG_GSM_ESC ? ' ' : septet < SEPTETS ? table[septet] : REPLACEMENT;
}

char *hg_gsm_decode(const guint8 *septets, gsize len, int single_shift, int locking_shift)
{
	const char16_t *table = locking(locking_shift);
	GString *out = g_string_sized_new(len + 1);

	for (gsize i = 0; i < len; i++) {
		gunichar c = septets[i] < SEPTETS ? table[septets[i]] : REPLACEMENT;

		if (c == HG_GSM_ESC && i + 1 < len)
			c = after_escape(septets[++i], single_shift, table);
		g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

gunichar hg_gsm_escaped(gunichar c)
{
	int septet = septet_of(c, basic);

	return septet < 0 ? c : after_escape((guint8)septet, HG_GSM_DEFAULT, basic);
}

/* ---- seven bits in eight ---- */

void hg_gsm_pack(const guint8 *septets, gsize len, guint fill, GByteArray *out)
{
	guint bits = fill, held = 0;	/* held: the low bits bits of the next octet */

	for (gsize i = 0; i < len; i++) {
		guint8 octet;

		held |= (guint)(septets[i] & 0x7f) << bits;
		bits += 7;
		if (bits < 8)
			continue;
		octet = (guint8)held;
		g_byte_array_append(out, &octet, 1);
		held >>= 8;
		bits -= 8;
	}
	if (bits && len) {
		guint8 octet = (guint8)held;

		g_byte_array_append(out, &octet, 1);
	}
}

gboolean hg_gsm_unpack(const guint8 *bytes, gsize n_bytes, guint fill, gsize len, GByteArray *out)
{
	if (len > (G_MAXSIZE - fill) / 7 || (len * 7 + fill + 7) / 8 > n_bytes)
		return FALSE;
	for (gsize i = 0; i < len; i++) {
		gsize bit = fill + i * 7, at = bit / 8, shift = bit % 8;
		guint both = bytes[at] | (shift > 1 ? (guint)bytes[at + 1] << 8 : 0);
		guint8 septet = both >> shift & 0x7f;

		g_byte_array_append(out, &septet, 1);
	}
	return TRUE;
}

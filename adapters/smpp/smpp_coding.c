/* smpp_coding.c - data_coding: from the octets of a short message to text
 *
 * Sources: SMPP 3.4 section 5.2.19 (0 to 14), 3GPP TS 23.038 section 4 for the rest: many operators pass the network's
 * octet on as it is. */
#include "smpp_coding.h"

#include <string.h>

#include "gsm.h"
#include "sms_text.h"
#include "text.h"

/* data_coding, what iconv calls it.  NULL: octets without letters. */
#define SMPP_CODINGS(X)			\
	X(0x01, "US-ASCII")		\
	X(0x02, NULL)			\
	X(0x03, "ISO-8859-1")		\
	X(0x04, NULL)			\
	X(0x05, "SHIFT_JIS")		\
	X(0x06, "ISO-8859-5")		\
	X(0x07, "ISO-8859-8")		\
	X(0x08, "UCS-2")		\
	X(0x09, NULL)			\
	X(0x0a, "ISO-2022-JP")		\
	X(0x0d, "EUC-JP")		\
	X(0x0e, "EUC-KR")

enum how { DATA, DEFAULT, GSM, UCS2, CHARSET };

int smpp_alphabet_of(const char *word)
{
	return strcmp(word, "latin1") == 0 ? SMPP_LATIN1 : strcmp(word, "ascii") == 0 ? SMPP_ASCII : SMPP_GSM;
}

/* Bits 3 and 2 of the groups of 3GPP TS 23.038 section 4 that have them. */
static enum how by_class(guint data_coding)
{
	static const enum how hows[] = { GSM, DATA, UCS2, GSM };

	return hows[data_coding >> 2 & 3];
}

static enum how how_of(guint data_coding, const char **ret_charset)
{
	static const struct { guint8 coding; const char *charset; } codings[] = {
#define SMPP_ROW(coding, charset) { coding, charset },
		SMPP_CODINGS(SMPP_ROW)
#undef SMPP_ROW
	};

	*ret_charset = NULL;
	if (data_coding == 0)
		return DEFAULT;
	for (gsize i = 0; i < G_N_ELEMENTS(codings); i++) {
		if (codings[i].coding != data_coding)
			continue;
		*ret_charset = codings[i].charset;
		return !codings[i].charset ? DATA : data_coding == 0x08 ? UCS2 : CHARSET;
	}
	if (data_coding < 0x10)
		return DEFAULT;			/* reserved: what a default is for */
	if (data_coding < 0x80)
		return data_coding & 0x20 ? DATA : by_class(data_coding);	/* compressed: nobody sends it */
	if (data_coding >= 0xf0)
		return data_coding & 4 ? DATA : GSM;
	return data_coding >= 0xe0 ? UCS2 : data_coding >= 0xc0 ? GSM : DATA;
}

/* ---- UTF-16 ---- */

static gboolean is_high(guint c)
{
	return c >= 0xd800 && c < 0xdc00;
}

static gboolean is_low(guint c)
{
	return c >= 0xdc00 && c < 0xe000;
}

/* Three bytes, as UTF-8 would have them if it had surrogates. */
static void put_half(GString *out, guint c)
{
	const char bytes[] = { (char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)) };

	g_string_append_len(out, bytes, sizeof(bytes));
}

static void put_char(GString *out, guint c)
{
	if (is_high(c) || is_low(c))
		put_half(out, c);
	else
		g_string_append_unichar(out, c ? c : 0xfffd);
}

static char *from_ucs2(const guint8 *bytes, gsize len)
{
	GString *out = g_string_sized_new(len + len / 2 + 1);
	guint high = 0;

	for (gsize i = 0; i + 1 < len; i += 2) {
		guint c = (guint)bytes[i] << 8 | bytes[i + 1];

		if (high && is_low(c)) {
			g_string_append_unichar(out, 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00));
			high = 0;
			continue;
		}
		if (high)
			put_half(out, high);
		high = is_high(c) ? c : 0;
		if (!high)
			put_char(out, c);
	}
	if (high)
		put_half(out, high);
	if (len % 2)
		g_string_append_unichar(out, 0xfffd);
	return g_string_free(out, FALSE);
}

/* ---- the others ---- */

static char *from_octets(const guint8 *bytes, gsize len, guint most)
{
	GString *out = g_string_sized_new(len + 1);

	for (gsize i = 0; i < len; i++)
		g_string_append_unichar(out, bytes[i] && bytes[i] <= most ? bytes[i] : 0xfffd);
	return g_string_free(out, FALSE);
}

static char *from_charset(const guint8 *bytes, gsize len, const char *charset)
{
	gsize got = 0;
	g_autofree char *text = g_convert_with_fallback((const char *)bytes, (gssize)len, "UTF-8", charset, "\xef\xbf\xbd",
							NULL, &got, NULL);

	/* Not in its own coding: what can be read of it without one. */
	return text ? hg_text_valid(text, (gssize)got, 0) : from_octets(bytes, len, 0x7f);
}

static char *decode(enum how how, const char *charset, int alphabet, const struct hg_udh *udh, const guint8 *bytes,
		    gsize len)
{
	if (how == DEFAULT && alphabet != SMPP_GSM)
		return from_octets(bytes, len, alphabet == SMPP_LATIN1 ? 0xff : 0x7f);
	if (how == CHARSET)
		return from_charset(bytes, len, charset);
	return how == UCS2 ? from_ucs2(bytes, len) : hg_gsm_decode(bytes, len, udh->single_shift, udh->locking_shift);
}

char *smpp_decode(int alphabet, guint data_coding, const struct hg_udh *udh, gboolean piece, const guint8 *bytes,
		  gsize len)
{
	const char *charset;
	enum how how = how_of(data_coding, &charset);
	g_autofree char *text = NULL;

	if (how == DATA)
		return NULL;
	text = decode(how, charset, alphabet, udh, bytes, len);
	return piece ? g_steal_pointer(&text) : hg_sms_join((const char *const[]){ text }, 1);
}

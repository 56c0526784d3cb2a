/* mail_charset.c - bytes in whatever character set to UTF-8 */
#include "mail_charset.h"

#include <errno.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"
#define DAMAGE_PER 50	/* one byte in so many may be wrong, and one more, before the declaration is not believed */

/* What is converted by our own hands, in place of a name of iconv's. */
#define OWN_UTF8 "utf-8"
#define OWN_1252 "windows-1252"

/* Names as mails write them, without what is neither letter nor digit; the codec that reads the most of what is sent
 * under that name (a superset, where senders do not keep to it: WHATWG Encoding, section 4.2). */
static struct codec {
	const char *name, *codec;
	GIConv open;			/* NULL: not yet; -1: there is none */
} codecs[] = {
	{ "utf8", OWN_UTF8, NULL }, { "utf8mb4", OWN_UTF8, NULL }, { "unicode11utf8", OWN_UTF8, NULL },
	{ "iso88591", OWN_1252, NULL }, { "latin1", OWN_1252, NULL }, { "isolatin1", OWN_1252, NULL }, { "l1", OWN_1252, NULL },
	{ "windows1252", OWN_1252, NULL }, { "cp1252", OWN_1252, NULL }, { "win1252", OWN_1252, NULL }, { "ansi", OWN_1252, NULL },
	{ "iso885915", "ISO-8859-15", NULL }, { "latin9", "ISO-8859-15", NULL },
	{ "iso88592", "ISO-8859-2", NULL }, { "latin2", "ISO-8859-2", NULL }, { "iso88593", "ISO-8859-3", NULL },
	{ "iso88594", "ISO-8859-4", NULL }, { "iso88595", "ISO-8859-5", NULL }, { "iso88596", "ISO-8859-6", NULL },
	{ "iso88597", "ISO-8859-7", NULL }, { "iso88598", "ISO-8859-8", NULL }, { "iso88598i", "ISO-8859-8", NULL },
	{ "iso88598e", "ISO-8859-8", NULL }, { "iso88599", "CP1254", NULL }, { "latin5", "CP1254", NULL },
	{ "iso885910", "ISO-8859-10", NULL }, { "iso885911", "CP874", NULL }, { "iso885913", "ISO-8859-13", NULL },
	{ "iso885914", "ISO-8859-14", NULL }, { "iso885916", "ISO-8859-16", NULL },
	{ "tis620", "CP874", NULL }, { "windows874", "CP874", NULL }, { "cp874", "CP874", NULL },
	{ "windows1250", "CP1250", NULL }, { "cp1250", "CP1250", NULL }, { "windows1251", "CP1251", NULL },
	{ "cp1251", "CP1251", NULL }, { "win1251", "CP1251", NULL }, { "windows1253", "CP1253", NULL }, { "cp1253", "CP1253", NULL },
	{ "windows1254", "CP1254", NULL }, { "cp1254", "CP1254", NULL }, { "windows1255", "CP1255", NULL },
	{ "cp1255", "CP1255", NULL }, { "windows1256", "CP1256", NULL }, { "cp1256", "CP1256", NULL },
	{ "windows1257", "CP1257", NULL }, { "cp1257", "CP1257", NULL }, { "windows1258", "CP1258", NULL },
	{ "cp1258", "CP1258", NULL }, { "koi8r", "KOI8-R", NULL }, { "koi8", "KOI8-R", NULL }, { "koi8u", "KOI8-U", NULL },
	{ "koi8ru", "KOI8-U", NULL }, { "ibm437", "CP437", NULL }, { "cp437", "CP437", NULL }, { "ibm850", "CP850", NULL },
	{ "cp850", "CP850", NULL }, { "ibm852", "CP852", NULL }, { "cp852", "CP852", NULL }, { "ibm866", "CP866", NULL },
	{ "cp866", "CP866", NULL }, { "macintosh", "MACINTOSH", NULL }, { "macroman", "MACINTOSH", NULL },
	{ "mac", "MACINTOSH", NULL }, { "maccyrillic", "MAC-CYRILLIC", NULL }, { "gb2312", "GB18030", NULL },
	{ "gb231280", "GB18030", NULL }, { "euccn", "GB18030", NULL }, { "gbk", "GB18030", NULL }, { "cp936", "GB18030", NULL },
	{ "gb18030", "GB18030", NULL }, { "big5", "BIG5-HKSCS", NULL }, { "cnbig5", "BIG5-HKSCS", NULL }, { "big5hkscs", "BIG5-HKSCS", NULL },
	{ "cp950", "CP950", NULL }, { "euctw", "EUC-TW", NULL }, { "shiftjis", "CP932", NULL }, { "sjis", "CP932", NULL },
	{ "mskanji", "CP932", NULL }, { "windows31j", "CP932", NULL }, { "cp932", "CP932", NULL }, { "eucjp", "EUC-JP-MS", NULL },
	{ "iso2022jp", "ISO-2022-JP-2", NULL }, { "iso2022jp1", "ISO-2022-JP-2", NULL }, { "iso2022jp2", "ISO-2022-JP-2", NULL },
	{ "iso2022jp3", "ISO-2022-JP-3", NULL }, { "iso2022jpms", "ISO-2022-JP-2", NULL }, { "cp50220", "ISO-2022-JP-2", NULL },
	{ "cp50221", "ISO-2022-JP-2", NULL }, { "euckr", "UHC", NULL }, { "ksc5601", "UHC", NULL }, { "ksc56011987", "UHC", NULL },
	{ "ksx1001", "UHC", NULL }, { "windows949", "UHC", NULL }, { "cp949", "UHC", NULL }, { "iso2022kr", "ISO-2022-KR", NULL },
	{ "iso2022cn", "ISO-2022-CN", NULL }, { "johab", "JOHAB", NULL }, { "viscii", "VISCII", NULL }, { "tcvn", "TCVN5712-1", NULL },
	{ "armscii8", "ARMSCII-8", NULL }, { "utf7", "UTF-7", NULL }, { "unicode11utf7", "UTF-7", NULL }, { "utf16", "UTF-16BE", NULL },
	{ "utf16be", "UTF-16BE", NULL }, { "utf16le", "UTF-16LE", NULL }, { "ucs2", "UTF-16BE", NULL },
	{ "utf32", "UTF-32BE", NULL }, { "utf32be", "UTF-32BE", NULL }, { "utf32le", "UTF-32LE", NULL },
};

/* Says nothing about bytes beyond 127: what they are is guessed, and no word is lost about it. */
static gboolean says_nothing(const char *name)
{
	static const char *const names[] = { "", "usascii", "ascii", "ansix341968", "iso646us", "unknown", "unknown8bit",
					     "8bit", "7bit", "binary", "none", "default", "cp20127", "iso646irv1991" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (!strcmp(name, names[i]))
			return TRUE;
	return FALSE;
}

static void plain_name(const char *label, char ret_name[32])
{
	gsize n = 0;

	if (label && (!g_ascii_strncasecmp(label, "x-", 2) || !g_ascii_strncasecmp(label, "cs", 2)))
		label += 2;
	for (; label && *label && n < 31; label++)
		if (g_ascii_isalnum(*label))
			ret_name[n++] = g_ascii_tolower(*label);
	ret_name[n] = '\0';
}

static struct codec *find_codec(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(codecs); i++)
		if (!strcmp(codecs[i].name, name))
			return &codecs[i];
	return NULL;
}

static gboolean is_own(const struct codec *codec)
{
	return !strcmp(codec->codec, OWN_UTF8) || !strcmp(codec->codec, OWN_1252);
}

static GIConv opened(struct codec *codec)
{
	if (!codec->open)	/* analyser: names that stand in this file are in its table */
		codec->open = g_iconv_open("UTF-8", codec->codec);
	return codec->open;
}

void hg_charset_prepare(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(codecs); i++)
		if (!is_own(&codecs[i]))
			(void)opened(&codecs[i]);
}

gboolean hg_charset_known(const char *label)
{
	char name[32];

	plain_name(label, name);
	return find_codec(name) != NULL;
}

/* Unicode of the bytes 0x80 to 0x9f; what windows-1252 leaves free is a replacement. */
static const guint16 high_1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
	0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178,
};

static void put_1252(GString *out, guint8 byte)
{
	if (byte < 0x80 && byte)
		g_string_append_c(out, (char)byte);
	else if (!byte)
		g_string_append(out, REPLACEMENT);
	else
		g_string_append_unichar(out, byte < 0xa0 ? high_1252[byte - 0x80] : byte);
}

static void from_1252(const char *bytes, gsize len, GString *out)
{
	for (gsize i = 0; i < len; i++)
		put_1252(out, (guint8)bytes[i]);
}

/* Appends valid UTF-8; each byte that is none becomes U+FFFD and is counted.  *ret_wide: characters beyond ASCII. */
static gsize from_utf8(const char *bytes, gsize len, GString *out, gsize *ret_wide)
{
	const char *end = bytes + len;
	gsize bad = 0;

	*ret_wide = 0;
	while (bytes < end) {
		const char *stop;

		g_utf8_validate_len(bytes, (gsize)(end - bytes), &stop);
		for (const char *c = bytes; c < stop; c++)
			*ret_wide += (guint8)*c >= 0xc0;
		g_string_append_len(out, bytes, stop - bytes);
		bytes = stop;
		if (bytes < end) {
			g_string_append(out, REPLACEMENT);
			bad++;
			bytes++;
		}
	}
	return bad;
}

/* A zero ends texts: it becomes a space. */
static void put_converted(GString *out, char *bytes, gsize len)
{
	for (char *zero = bytes; (zero = memchr(zero, 0, len - (gsize)(zero - bytes))) != NULL;)
		*zero = ' ';
	g_string_append_len(out, bytes, (gssize)len);
}

/* Appends what iconv makes of it; bytes it refuses become U+FFFD and are counted, and the rest is left when there are
 * more than limit of them. */
static gsize by_iconv(GIConv codec, const char *bytes, gsize len, gsize limit, GString *out)
{
	char *in = (char *)bytes, room[4096], *to;
	gsize left = len, bad = 0, space;

	g_iconv(codec, NULL, NULL, NULL, NULL);
	while (left && bad <= limit) {
		gsize done;

		to = room;
		space = sizeof(room);
		done = g_iconv(codec, &in, &left, &to, &space);

		put_converted(out, room, (gsize)(to - room));
		if (done == (gsize)-1 && errno != E2BIG) {
			g_string_append(out, REPLACEMENT);
			bad++;
			in++;
			left--;
		}
	}
	to = room;
	space = sizeof(room);
	g_iconv(codec, NULL, NULL, &to, &space);	/* some hold a character back, for a mark may follow */
	put_converted(out, room, (gsize)(to - room));
	return bad;
}

/* ISO-2022-JP as it is sent holds characters of Microsoft's (circled digits) that the standard's codec refuses: its
 * pairs as Shift_JIS, which CP932 reads with all of them.  JIS X 0208 to Shift_JIS: JIS X 0208:1997, appendix 1. */
static void jis_pair(GString *out, guint8 row, guint8 cell)
{
	guint8 lead = (guint8)((row + 1) / 2 + (row < 0x5f ? 0x70 : 0xb0));
	guint8 trail = (guint8)(row & 1 ? cell + (cell > 0x5f ? 0x20 : 0x1f) : cell + 0x7e);

	g_string_append_c(out, (char)lead);
	g_string_append_c(out, (char)trail);
}

static GString *jis_to_sjis(const char *bytes, gsize len)
{
	enum { LATIN, KANA, PAIRS } mode = LATIN;
	GString *out = g_string_sized_new(len);

	for (gsize i = 0; i < len; i++) {
		guint8 c = (guint8)bytes[i], d = i + 1 < len ? (guint8)bytes[i + 1] : 0;

		if (c == 0x1b && i + 2 < len) {
			mode = d == '$' ? PAIRS : d == '(' && bytes[i + 2] == 'I' ? KANA : LATIN;
			i += d == '$' && bytes[i + 2] == '(' ? 3 : 2;
		} else if (c == '\n') {
			mode = LATIN;
			g_string_append_c(out, '\n');
		} else if (mode == PAIRS && c > 0x20 && c < 0x7f && d > 0x20 && d < 0x7f) {
			jis_pair(out, c, d);
			i++;
		} else if (mode == KANA && c > 0x20 && c < 0x60) {
			g_string_append_c(out, (char)(c | 0x80));
		} else {
			g_string_append_c(out, (char)c);
		}
	}
	return out;
}

static gsize by_jis(const char *bytes, gsize len, gsize limit, GString *out)
{
	g_autoptr(GString) sjis = jis_to_sjis(bytes, len);
	struct codec *codec = find_codec("cp932");

	return opened(codec) == (GIConv)-1 ? limit + 1 : by_iconv(opened(codec), sjis->str, sjis->len, limit, out);
}

/* The order of bytes that a mark tells, or that zeros do; the mark is taken off. */
static struct codec *wide_codec(struct codec *codec, const char **bytes, gsize *len)
{
	const guint8 *b = (const guint8 *)*bytes;
	gsize even = 0, odd = 0;

	if (strcmp(codec->name, "utf16") && strcmp(codec->name, "ucs2"))
		return codec;
	if (*len >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff))) {
		*bytes += 2;
		*len -= 2;
		return find_codec(b[0] == 0xff ? "utf16le" : "utf16be");
	}
	for (gsize i = 0; i < MIN(*len, 512); i++)
		*(i & 1 ? &odd : &even) += !b[i];
	return find_codec(odd > even ? "utf16le" : "utf16be");
}

static gboolean is_ascii(const char *bytes, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if ((guint8)bytes[i] >= 0x80 || !bytes[i] || bytes[i] == 0x1b)
			return FALSE;
	return TRUE;
}

/* Codecs in which bytes below 128 may mean something else. */
static gboolean is_shifting(const struct codec *codec)
{
	return codec && (!strncmp(codec->codec, "UTF-7", 5) || !strncmp(codec->codec, "UTF-16", 6) ||
			 !strncmp(codec->codec, "UTF-32", 6) || !strncmp(codec->codec, "ISO-2022", 8));
}

/* By the declared one, if it fits but for single bytes. */
static gboolean as_declared(struct codec *codec, const char *bytes, gsize len, GString *out, enum hg_charset_how *how)
{
	gsize limit = 1 + len / DAMAGE_PER, bad;

	codec = wide_codec(codec, &bytes, &len);
	if (opened(codec) == (GIConv)-1)
		return FALSE;
	bad = by_iconv(opened(codec), bytes, len, limit, out);
	if (bad && g_str_has_prefix(codec->codec, "ISO-2022-JP")) {
		g_string_truncate(out, 0);
		bad = by_jis(bytes, len, limit, out);
	}
	if (bad > limit || (bad && !is_shifting(codec) && g_utf8_validate_len(bytes, len, NULL))) {
		g_string_truncate(out, 0);
		return FALSE;
	}
	*how = bad ? HG_CHARSET_DAMAGED : HG_CHARSET_DECLARED;
	return TRUE;
}

/* UTF-8 or windows-1252, whichever it can be.  Where both are wrong, what is more often right. */
static void by_guess(const char *bytes, gsize len, gboolean declared_utf8, GString *out, enum hg_charset_how *how)
{
	gsize wide, bad = from_utf8(bytes, len, out, &wide);

	if (declared_utf8)
		*how = bad ? HG_CHARSET_GUESSED : HG_CHARSET_DECLARED;
	if (!bad)
		return;
	if (declared_utf8 ? wide >= bad : wide > 4 * bad) {
		*how = HG_CHARSET_DAMAGED;
		return;
	}
	g_string_truncate(out, 0);
	from_1252(bytes, len, out);
}

char *hg_charset_text(const char *bytes, gsize len, const char *label, gsize *ret_len, enum hg_charset_how *ret_how)
{
	char name[32];
	struct codec *codec;
	enum hg_charset_how how = HG_CHARSET_GUESSED;
	GString *out = g_string_sized_new(len + len / 8 + 1);

	plain_name(label, name);
	codec = find_codec(name);
	if (!is_shifting(codec) && is_ascii(bytes, len)) {
		g_string_append_len(out, bytes, (gssize)len);
		how = HG_CHARSET_ASCII;
	} else if (codec && !strcmp(codec->codec, OWN_1252)) {
		/* No text in it is valid UTF-8 by chance: whoever says so lies. */
		how = g_utf8_validate_len(bytes, len, NULL) ? HG_CHARSET_GUESSED : HG_CHARSET_DECLARED;
		by_guess(bytes, len, FALSE, out, &how);
	} else if (!codec || is_own(codec)) {
		/* Nobody says what it is, but escapes do (RFC 1468). */
		if (!codec && memmem(bytes, len, "\x1b$", 2) && as_declared(find_codec("iso2022jp"), bytes, len, out, &how))
			how = HG_CHARSET_GUESSED;
		else
			by_guess(bytes, len, codec != NULL, out, &how);
		if (!codec && !says_nothing(name))
			how = HG_CHARSET_UNKNOWN;
	} else if (!as_declared(codec, bytes, len, out, &how)) {
		by_guess(bytes, len, FALSE, out, &how);
	}
	if (ret_len)
		*ret_len = out->len;
	if (ret_how)
		*ret_how = how;
	return g_string_free(out, FALSE);
}

/* sms_plain.c - other letters for those that make a message twice as dear
 *
 * One typographic quote, pasted from somewhere, turns 160 characters a segment into 70.  What is put in its place says the
 * same; where it would not help, because something else is in the text that GSM-7 lacks, the text stays as it is. */
#include "sms_text.h"

#include "gsm.h"
#include "text.h"

#include <string.h>

struct swap {
	gunichar from, to;	/* a range */
	const char *text;
};

/* In order.  What only looks otherwise: nobody would read another word. */
static const struct swap typographic[] = {
	{ 0x0009, 0x0009, " " },	/* tab */
	{ 0x0060, 0x0060, "'" },	/* ` */
	{ 0x00a0, 0x00a0, " " },	/* no-break space */
	{ 0x00ab, 0x00ab, "\"" },	/* « */
	{ 0x00ad, 0x00ad, "" },		/* soft hyphen */
	{ 0x00b4, 0x00b4, "'" },	/* ´ */
	{ 0x00b7, 0x00b7, "." },	/* · */
	{ 0x00bb, 0x00bb, "\"" },	/* » */
	{ 0x02b9, 0x02b9, "'" }, { 0x02bb, 0x02bd, "'" },	/* modifier letters */
	{ 0x02c6, 0x02c6, "^" }, { 0x02c8, 0x02c8, "'" }, { 0x02dc, 0x02dc, "~" },
	{ 0x2000, 0x200a, " " },	/* spaces of many widths */
	{ 0x200b, 0x200f, "" },		/* zero width, joiners, marks of direction */
	{ 0x2010, 0x2015, "-" },	/* hyphens and dashes */
	{ 0x2018, 0x2019, "'" }, { 0x201a, 0x201a, "," }, { 0x201b, 0x201b, "'" },
	{ 0x201c, 0x201f, "\"" },
	{ 0x2022, 0x2023, "-" },	/* bullets */
	{ 0x2024, 0x2024, "." }, { 0x2025, 0x2025, ".." }, { 0x2026, 0x2026, "..." },
	{ 0x2028, 0x2029, "\n" },
	{ 0x202a, 0x202e, "" },		/* directions */
	{ 0x202f, 0x202f, " " },
	{ 0x2032, 0x2032, "'" }, { 0x2033, 0x2033, "\"" }, { 0x2035, 0x2035, "'" }, { 0x2036, 0x2036, "\"" },
	{ 0x2039, 0x2039, "<" }, { 0x203a, 0x203a, ">" },
	{ 0x2043, 0x2043, "-" }, { 0x2044, 0x2044, "/" },
	{ 0x205f, 0x205f, " " }, { 0x2060, 0x2064, "" }, { 0x2066, 0x2069, "" },
	{ 0x2212, 0x2212, "-" }, { 0x2215, 0x2215, "/" }, { 0x2217, 0x2217, "*" }, { 0x2219, 0x2219, "-" },
	{ 0x2223, 0x2223, "|" }, { 0x2236, 0x2236, ":" },
	{ 0x25aa, 0x25aa, "-" }, { 0x25cf, 0x25cf, "-" },
	{ 0x275b, 0x275c, "'" }, { 0x275d, 0x275e, "\"" },
	{ 0x3000, 0x3000, " " },
	{ 0xfe0e, 0xfe0f, "" },		/* variation selectors */
	{ 0xfeff, 0xfeff, "" },		/* byte order mark */
};

/* What takes something away: only where the channel says so. */
static const struct swap letters[] = {
	{ 0x00a6, 0x00a6, "|" }, { 0x00a9, 0x00a9, "(c)" }, { 0x00ae, 0x00ae, "(R)" },
	{ 0x00d0, 0x00d0, "D" }, { 0x00de, 0x00de, "Th" }, { 0x00f0, 0x00f0, "d" }, { 0x00fe, 0x00fe, "th" },
	{ 0x0110, 0x0110, "D" }, { 0x0111, 0x0111, "d" }, { 0x0126, 0x0126, "H" }, { 0x0127, 0x0127, "h" },
	{ 0x0131, 0x0131, "i" }, { 0x0132, 0x0132, "IJ" }, { 0x0133, 0x0133, "ij" },
	{ 0x0141, 0x0141, "L" }, { 0x0142, 0x0142, "l" }, { 0x014a, 0x014a, "N" }, { 0x014b, 0x014b, "n" },
	{ 0x0152, 0x0152, "OE" }, { 0x0153, 0x0153, "oe" }, { 0x0166, 0x0166, "T" }, { 0x0167, 0x0167, "t" },
	{ 0x017f, 0x017f, "s" }, { 0x1e9e, 0x1e9e, "SS" }, { 0x2116, 0x2116, "No" }, { 0x2122, 0x2122, "TM" },
	{ 0xfb00, 0xfb00, "ff" }, { 0xfb01, 0xfb01, "fi" }, { 0xfb02, 0xfb02, "fl" }, { 0xfb03, 0xfb03, "ffi" },
	{ 0xfb04, 0xfb04, "ffl" }, { 0xfb05, 0xfb06, "st" },
};

/* Greek capitals: the alphabet has those that look like no Latin letter, so Greeks write messages in capitals. */
static const char *const greek[] = {		/* U+0391 ... U+03A9 */
	"A", "B", "Γ", "Δ", "E", "Z", "H", "Θ", "I", "K", "Λ", "M", "N", "Ξ", "O", "Π", "P", NULL, "Σ", "T", "Y", "Φ",
	"X", "Ψ", "Ω",
};

static const char *swapped(gunichar c, const struct swap *swaps, gsize n)
{
	gsize low = 0, high = n;

	while (low < high) {
		gsize mid = (low + high) / 2;

		if (c > swaps[mid].to)
			low = mid + 1;
		else if (c < swaps[mid].from)
			high = mid;
		else
			return swaps[mid].text;
	}
	return NULL;
}

static gboolean has(gunichar c)
{
	return hg_gsm_width(c, HG_GSM_DEFAULT, HG_GSM_DEFAULT) > 0;
}

/* Without its accents, one by one, until the alphabet has what is left: ǟ becomes ä, not a. */
static gunichar without_marks(gunichar c)
{
	gunichar base, mark;

	while (!has(c) && g_unichar_decompose(c, &base, &mark) && (!mark || g_unichar_ismark(mark)))
		c = base;
	return c;
}

static gboolean put_greek(gunichar c, GString *out)
{
	gunichar capital = c >= 0x0370 ? g_unichar_toupper(c) : 0;	/* the micro sign is no letter of theirs */

	if (capital < 0x0391 || capital > 0x03a9 || !greek[capital - 0x0391])
		return FALSE;
	g_string_append(out, greek[capital - 0x0391]);
	return TRUE;
}

/* FALSE: nothing else says the same. */
static gboolean put(gunichar c, gboolean transliterate, GString *out)
{
	const char *text;

	if (c >= 0xff01 && c <= 0xff5e)		/* fullwidth forms of ASCII, typed between Chinese or Japanese */
		c -= 0xfee0;
	text = has(c) ? NULL : swapped(c, typographic, G_N_ELEMENTS(typographic));
	if (!text && !has(c) && transliterate) {
		c = without_marks(c);
		if (g_unichar_ismark(c) || (!has(c) && put_greek(c, out)))
			return TRUE;
		text = has(c) ? NULL : swapped(c, letters, G_N_ELEMENTS(letters));
	}
	if (text)
		g_string_append(out, text);
	else if (has(c))
		g_string_append_unichar(out, c);
	else
		return FALSE;
	return TRUE;
}

char *hg_sms_plain(const char *text, gboolean transliterate)
{
	/* An e and an accent behind it are the é that the alphabet has. */
	g_autofree char *composed = hg_text_normal(text, G_NORMALIZE_NFC);
	g_autoptr(GString) out = g_string_sized_new(strlen(text) + 1);

	for (const char *p = composed; *p; p = g_utf8_next_char(p)) {
		if (p[0] == '\r' && p[1] == '\n')
			continue;	/* one character less says the same */
		if (!put(g_utf8_get_char(p), transliterate, out))
			return g_strdup(text);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

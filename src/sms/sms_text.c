/* sms_text.c - text in segments: what it costs, where it is cut, how it is put together again
 *
 * Every walk is linear: what is seen as one character is looked at as a whole up to CLUSTER_MAX code points only. */
#include "sms_text.h"

#include "gsm.h"
#include "sms_inside.h"
#include "text.h"

#include <string.h>

#define CLUSTER_MAX 32
#define ZERO_WIDTH_JOINER 0x200d
#define GAP "[...]"
#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */

const char *hg_sms_coding_word(int coding)
{
	static const char *const words[] = { [HG_SMS_GSM7] = "gsm7", [HG_SMS_UCS2] = "ucs2", [HG_SMS_LATIN1] = "latin1",
					     [HG_SMS_ASCII] = "ascii" };

	return coding > 0 && coding < (int)G_N_ELEMENTS(words) ? words[coding] : NULL;
}

/* 140 octets, less a header of 6 or 7: its length, then an element of 5 or 6. */
struct hg_sms_room hg_sms_room(int coding, gboolean wide_ref)
{
	guint head = wide_ref ? 7 : 6;

	switch (coding) {
	case HG_SMS_GSM7:
		return (struct hg_sms_room){ 140 * 8 / 7, (140 - head) * 8 / 7 };
	case HG_SMS_UCS2:
		return (struct hg_sms_room){ 140 / 2, (140 - head) / 2 };
	default:
		return (struct hg_sms_room){ 140, 140 - head };
	}
}

int hg_sms_coding_of(const char *text)
{
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		if (!hg_gsm_width(g_utf8_get_char(p), HG_GSM_DEFAULT, HG_GSM_DEFAULT))
			return HG_SMS_UCS2;
	return HG_SMS_GSM7;
}

/* In units of the coding; 0: not in it. */
static guint width(gunichar c, int coding)
{
	switch (coding) {
	case HG_SMS_GSM7:
		return (guint)hg_gsm_width(c, HG_GSM_DEFAULT, HG_GSM_DEFAULT);
	case HG_SMS_UCS2:
		return c > 0xffff ? 2 : 1;
	case HG_SMS_LATIN1:
		return c < 0x100 ? 1 : 0;
	default:
		return c < 0x80 ? 1 : 0;
	}
}

gboolean hg_sms_blank(const char *text)
{
	return !text || !text[strspn(text, " \t\r\n")];
}

/* ---- what people see as one character: Unicode Standard Annex 29, as far as messages go ---- */

static gboolean regional(gunichar c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

/* Marks, variation selectors, skin tones, tags (flags of regions), vowels and finals of Korean syllables. */
static gboolean extends(gunichar c)
{
	GUnicodeBreakType jamo;

	if (c < 0x300)
		return FALSE;
	if (g_unichar_ismark(c) || c == ZERO_WIDTH_JOINER || c == 0x200c || (c >= 0x1f3fb && c <= 0x1f3ff) ||
	    (c >= 0xe0020 && c <= 0xe007f))
		return TRUE;
	jamo = g_unichar_break_type(c);
	return jamo == G_UNICODE_BREAK_HANGUL_V_JAMO || jamo == G_UNICODE_BREAK_HANGUL_T_JAMO;
}

static const char *cluster_end(const char *p)
{
	gunichar before = g_utf8_get_char(p);
	const char *end = g_utf8_next_char(p);
	gboolean pairs = regional(before);

	if (before == '\r' && *end == '\n')
		return end + 1;
	for (guint n = 1; *end && n < CLUSTER_MAX; n++) {
		gunichar c = g_utf8_get_char(end);

		/* What a joiner joins is a picture, whatever else it may be: letters are not cut before it anyway. */
		if (!extends(c) && before != ZERO_WIDTH_JOINER && !(pairs && regional(c)))
			break;
		pairs = FALSE;
		before = c;
		end = g_utf8_next_char(end);
	}
	return end;
}

/* ---- segments ---- */

/* FALSE: not in the coding. */
static gboolean measure(const char *from, const char *to, int coding, gsize *ret_units)
{
	*ret_units = 0;
	for (const char *p = from; p < to; p = g_utf8_next_char(p)) {
		guint units = width(g_utf8_get_char(p), coding);

		if (!units)
			return FALSE;
		*ret_units += units;
	}
	return TRUE;
}

/* For what is seen as one character and has no room in a whole segment. */
static const char *fill_torn(const char *text, int coding, guint room, guint *ret_used)
{
	const char *at = text;

	*ret_used = 0;
	while (*at) {
		guint units = width(g_utf8_get_char(at), coding);

		if (*ret_used + units > room)
			break;
		*ret_used += units;
		at = g_utf8_next_char(at);
	}
	return at;
}

const char *hg_sms_fill(const char *text, int coding, guint room, guint *ret_used)
{
	const char *at = text;
	gsize used = 0, units;

	while (*at) {
		const char *end = cluster_end(at);

		measure(at, end, coding, &units);
		if (used + units > room)
			break;
		used += units;
		at = end;
	}
	if (at == text)
		return fill_torn(text, coding, room, ret_used);
	*ret_used = (guint)used;
	return at;
}

struct hg_sms_cost hg_sms_cost(const char *text, int coding, gboolean wide_ref)
{
	struct hg_sms_room room = hg_sms_room(coding, wide_ref);
	struct hg_sms_cost cost = { 0 };
	gsize units;
	guint used;

	if (!measure(text, text + strlen(text), coding, &units))
		return cost;
	if (units <= room.alone)
		return (struct hg_sms_cost){ 1, room.alone - (guint)units };
	while (*text) {
		text = hg_sms_fill(text, coding, room.part, &used);
		cost.segments++;
		cost.left = room.part - used;
	}
	return cost;
}

guint hg_sms_count(const char *text, int coding, gboolean wide_ref)
{
	return hg_sms_cost(text, coding, wide_ref).segments;
}

char **hg_sms_split(const char *text, int coding, gboolean wide_ref, guint max)
{
	guint n = hg_sms_count(text, coding, wide_ref), used;
	char **pieces;

	if (!n || n > max)
		return NULL;
	pieces = g_new0(char *, n + 1);
	if (n == 1) {
		pieces[0] = g_strdup(text);
		return pieces;
	}
	for (guint i = 0; i < n; i++) {
		const char *end = hg_sms_fill(text, coding, hg_sms_room(coding, wide_ref).part, &used);

		pieces[i] = g_strndup(text, (gsize)(end - text));
		text = end;
	}
	return pieces;
}

/* ---- and back ---- */

/* Half a surrogate pair as three bytes: the half, or 0. */
static guint half(const char *p)
{
	const guint8 *u = (const guint8 *)p;

	if (u[0] != 0xed || u[1] < 0xa0 || u[1] > 0xbf || (u[2] & 0xc0) != 0x80)
		return 0;
	return 0xd000 | (guint)(u[1] & 0x3f) << 6 | (u[2] & 0x3f);
}

/* Pairs become the character they stand for, a half that is alone U+FFFD. */
static char *without_halves(const char *text)
{
	g_autoptr(GString) out = g_string_sized_new(strlen(text) + 1);

	while (*text) {
		guint first = half(text), second = first && first < 0xdc00 ? half(text + 3) : 0;

		if (second >= 0xdc00) {
			g_string_append_unichar(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
			text += 6;
		} else if (first) {
			g_string_append(out, REPLACEMENT);
			text += 3;
		} else {
			g_string_append_c(out, *text++);
		}
	}
	return hg_text_valid(out->str, (gssize)out->len, 0);
}

/* The septet behind an escape came as the first letter of the next piece. */
static const char *join_escape(GString *out, const char *piece)
{
	gunichar c;

	if (!out->len || out->str[out->len - 1] != HG_GSM_ESC)
		return piece;
	g_string_truncate(out, out->len - 1);
	c = piece && *piece ? g_utf8_get_char_validated(piece, -1) : 0;
	if (!c || c > 0x10ffff) {
		g_string_append(out, REPLACEMENT);
		return piece;
	}
	g_string_append_unichar(out, hg_gsm_escaped(c));
	return g_utf8_next_char(piece);
}

char *hg_sms_join(const char *const *pieces, gsize n)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (gsize i = 0; i < n; i++)
		g_string_append(out, join_escape(out, pieces[i]) ?: GAP);
	join_escape(out, NULL);
	return without_halves(out->str);
}

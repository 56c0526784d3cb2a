/* smpp_receipt.c - delivery receipts: their text in all its spellings, their TLVs, and how ids are compared */
#include "smpp_receipt.h"

#include <headgate/adapter.h>
#include <string.h>

#include "text.h"

#define WORD_MAX 64		/* bytes of stat and err that are kept */

/* esm_class, bits 5 to 2 (section 5.2.12). */
#define TYPE_MASK	  0x3c
#define TYPE_RECEIPT	  0x04
#define TYPE_PHONE_ACK	  0x08
#define TYPE_INTERMEDIATE 0x20

static const struct state { int tlv; const char *word; int state; const char *why; } states[] = {
#define SMPP_ROW(tlv, word, state, why) { tlv, word, state, why },
	SMPP_STATES(SMPP_ROW)
#undef SMPP_ROW
};

void smpp_receipt_clear(struct smpp_receipt *receipt)
{
	g_free(receipt->id);
	g_free(receipt->stat);
	g_free(receipt->err);
	memset(receipt, 0, sizeof(*receipt));
}

gboolean smpp_is_receipt(const struct smpp_pdu *pdu)
{
	guint type = SMPP_GET(pdu, esm_class) & TYPE_MASK;

	return type == TYPE_RECEIPT || type == TYPE_PHONE_ACK || type == TYPE_INTERMEDIATE ||
	       (pdu->tlv[SMPP_T_receipted_message_id].there && pdu->tlv[SMPP_T_message_state].there);
}

static void set_state(struct smpp_receipt *ret, const struct state *state)
{
	ret->state = state->state;
	ret->why = state->why;
}

/* ---- text ---- */

struct scan { const char *at, *end; };

static gboolean is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static gboolean is_mark(char c)
{
	return c == ':' || c == '=';
}

static gboolean is_letter(char c)
{
	return g_ascii_isalpha(c) || c == '_' || c == '-';
}

static void skip_blanks(struct scan *scan)
{
	while (scan->at < scan->end && is_blank(*scan->at))
		scan->at++;
}

/* "Submit date:" is the word "date" behind the word "submit". */
enum key { OTHER, ID, STAT, ERR, DONE, REST };

static enum key key_of(const char *word, gsize len, const char *before, gsize before_len)
{
	static const struct { const char *word; enum key key; } keys[] = {
		{ "id", ID }, { "stat", STAT }, { "status", STAT }, { "state", STAT }, { "err", ERR }, { "error", ERR },
		{ "text", REST }, { "done_date", DONE }, { "donedate", DONE }, { "message_id", ID }, { "msgid", ID },
	};

	if (len == 4 && !g_ascii_strncasecmp(word, "date", 4))
		return before_len == 4 && !g_ascii_strncasecmp(before, "done", 4) ? DONE : OTHER;
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strlen(keys[i].word) == len && !g_ascii_strncasecmp(keys[i].word, word, len))
			return keys[i].key;
	return OTHER;
}

/* Does a word begin here that a mark ends?  Then what was looked for has no value. */
static gboolean key_begins(struct scan scan)
{
	const char *begin = scan.at;

	while (scan.at < scan.end && is_letter(*scan.at))
		scan.at++;
	return scan.at > begin && scan.at < scan.end && is_mark(*scan.at);
}

static char *take_value(struct scan *scan, gsize most)
{
	const char *begin;

	skip_blanks(scan);
	if (key_begins(*scan))
		return NULL;
	begin = scan->at;
	while (scan->at < scan->end && !is_blank(*scan->at))
		scan->at++;
	return scan->at > begin ? hg_text_valid(begin, MIN(scan->at - begin, (gssize)most), 0) : NULL;
}

static int two(const char *digits)
{
	return (digits[0] - '0') * 10 + digits[1] - '0';
}

/* YYMMDDhhmm, with seconds or not, with the century or not. */
static gint64 time_of(const char *text)
{
	gsize n = strspn(text, "0123456789"), year = n == 14 ? 4 : 2;
	g_autoptr(GDateTime) time = NULL;

	if (n != 10 && n != 12 && n != 14)
		return 0;
	time = g_date_time_new_utc(year == 4 ? two(text) * 100 + two(text + 2) : 2000 + two(text), two(text + year),
				   two(text + year + 2), two(text + year + 4), two(text + year + 6),
				   n >= 12 ? two(text + year + 8) : 0);
	return time ? g_date_time_to_unix(time) * 1000 : 0;
}

static void take_state(struct smpp_receipt *ret, const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (!g_ascii_strcasecmp(states[i].word, word)) {
			set_state(ret, &states[i]);
			return;
		}
	/* A word nobody knows says that there is news, and not which. */
	ret->state = HG_R_SENT;
}

static void take_done(struct smpp_receipt *ret, struct scan *scan)
{
	g_autofree char *text = take_value(scan, WORD_MAX);

	if (text && !ret->done_ms)
		ret->done_ms = time_of(text);
}

/* The first of a kind counts: what follows may be the customer's. */
static void take_word(struct scan *scan, char **ret, gsize most)
{
	g_autofree char *word = take_value(scan, most);

	if (!*ret)
		*ret = g_steal_pointer(&word);
}

static gboolean take_key(struct scan *scan, enum key key, struct smpp_receipt *ret)
{
	switch (key) {
	case ID:
		take_word(scan, &ret->id, SMPP_ID_MAX);
		return TRUE;
	case STAT:
		take_word(scan, &ret->stat, WORD_MAX);
		return TRUE;
	case ERR:
		take_word(scan, &ret->err, WORD_MAX);
		return TRUE;
	case DONE:
		take_done(ret, scan);
		return TRUE;
	default:
		return key != REST;
	}
}

static void finish(struct smpp_receipt *ret)
{
	if (ret->stat && !ret->state)
		take_state(ret, ret->stat);
	if (ret->err && !ret->code)
		ret->code = (int)MIN(g_ascii_strtoull(ret->err, NULL, 10), (guint64)G_MAXINT);
}

static void read_text(const char *text, gsize len, struct smpp_receipt *ret)
{
	struct scan scan = { text, text + len };
	const char *word = text, *before = text;
	gsize word_len = 0, before_len = 0;
	gboolean more = TRUE;

	while (more && scan.at < scan.end) {
		if (is_letter(*scan.at)) {
			before = word;
			before_len = word_len;
			word = scan.at;
			while (scan.at < scan.end && is_letter(*scan.at))
				scan.at++;
			word_len = (gsize)(scan.at - word);
		} else if (is_mark(*scan.at++)) {
			more = take_key(&scan, key_of(word, word_len, before, before_len), ret);
			word_len = before_len = 0;
		} else if (!is_blank(scan.at[-1])) {
			word_len = before_len = 0;
		}
	}
}

gboolean smpp_receipt_text(const char *text, gsize len, struct smpp_receipt *ret)
{
	memset(ret, 0, sizeof(*ret));
	read_text(text, len, ret);
	finish(ret);
	return ret->id || ret->state;
}

/* ---- TLVs ---- */

static void read_tlvs(const struct smpp_pdu *pdu, struct smpp_receipt *ret)
{
	const struct smpp_value *id = &pdu->tlv[SMPP_T_receipted_message_id];
	const struct smpp_value *state = &pdu->tlv[SMPP_T_message_state];
	const struct smpp_value *error = &pdu->tlv[SMPP_T_network_error_code];

	if (id->there)
		ret->id = smpp_value_text(id);
	if (ret->id && !*ret->id)
		g_clear_pointer(&ret->id, g_free);
	for (gsize i = 0; state->there && !ret->state && i < G_N_ELEMENTS(states); i++)
		if (states[i].tlv == (int)state->number)
			set_state(ret, &states[i]);
	/* An octet for the kind of network, two for its error (section 5.3.2.31). */
	if (error->there)
		ret->code = (int)(error->number & 0xffff);
}

static const struct smpp_value *text_of(const struct smpp_pdu *pdu)
{
	const struct smpp_value *payload = &pdu->tlv[SMPP_T_message_payload];

	return payload->there && payload->len ? payload : &pdu->field[SMPP_F_short_message];
}

gboolean smpp_receipt_read(const struct smpp_pdu *pdu, struct smpp_receipt *ret)
{
	const struct smpp_value *text = text_of(pdu);

	memset(ret, 0, sizeof(*ret));
	read_tlvs(pdu, ret);
	if (text->there)
		read_text((const char *)text->at, text->len, ret);
	finish(ret);
	return ret->id || ret->state;
}

/* ---- ids ---- */

int smpp_id_form_of(const char *word)
{
	return strcmp(word, "decimal") == 0 ? SMPP_ID_DECIMAL : strcmp(word, "hex") == 0 ? SMPP_ID_HEX : SMPP_ID_TEXT;
}

char *smpp_id_normal(const char *id, int form)
{
	const char *digits = id;
	guint64 number;

	if (form == SMPP_ID_HEX && digits[0] == '0' && (digits[1] | 0x20) == 'x')
		digits += 2;
	if (form == SMPP_ID_TEXT || !g_ascii_string_to_unsigned(digits, form == SMPP_ID_HEX ? 16 : 10, 0, G_MAXUINT64,
								&number, NULL))
		return g_strdup(id);
	return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

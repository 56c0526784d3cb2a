/* smpp_pdu.c - PDUs of SMPP from and to bytes, by tables */
#include "smpp_pdu.h"

#include <string.h>

#include "text.h"

enum kind { BYTE, TEXT, COUNTED };

static const struct { guint8 kind; guint16 most; } fields[] = {
#define SMPP_ROW(name, kind, most) { kind, most },
	SMPP_FIELDS(SMPP_ROW)
#undef SMPP_ROW
};

static const struct { guint16 tag; guint16 least, most; } tlvs[] = {
#define SMPP_ROW(tag, name, least, most) { tag, least, most },
	SMPP_TLVS(SMPP_ROW)
#undef SMPP_ROW
};

#define SMPP_NAME_FIELD(name) SMPP_F_##name,
#define SMPP_ROW(id, name, list) static const guint8 of_##name[] = { list(SMPP_NAME_FIELD) SMPP_F_COUNT };
SMPP_COMMANDS(SMPP_ROW)
#undef SMPP_ROW
#undef SMPP_NAME_FIELD

static const struct command { guint32 id; const char *name; const guint8 *fields; } commands[] = {
#define SMPP_ROW(id, name, list) { id, #name, of_##name },
	SMPP_COMMANDS(SMPP_ROW)
#undef SMPP_ROW
};

static const struct command *command_of(guint32 id)
{
	for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
		if (commands[i].id == id)
			return &commands[i];
	return NULL;
}

const char *smpp_command_name(guint32 id)
{
	const struct command *command = command_of(id);

	return command ? command->name : "unknown";
}

gboolean smpp_is_resp(guint32 command)
{
	return (command & SMPP_RESP) != 0;
}

/* ---- reading ---- */

struct cursor { const guint8 *at; gsize left; };

static guint32 number_at(const guint8 *at, gsize octets)
{
	guint32 n = 0;

	for (gsize i = 0; i < octets; i++)
		n = n << 8 | at[i];
	return n;
}

gssize smpp_pdu_frame(const guint8 *bytes, gsize len)
{
	guint32 whole;

	if (len < 4)
		return 0;
	whole = number_at(bytes, 4);
	if (whole < SMPP_HEADER || whole > SMPP_PDU_MAX)
		return -1;
	return len < whole ? 0 : (gssize)whole;
}

static void take(struct cursor *in, gsize n)
{
	in->at += n;
	in->left -= n;
}

static gboolean read_text(struct cursor *in, struct smpp_value *ret)
{
	const guint8 *end = memchr(in->at, 0, in->left);

	if (!end)
		return FALSE;
	*ret = (struct smpp_value){ .at = in->at, .len = (guint)(end - in->at), .there = TRUE };
	take(in, ret->len + 1);
	return TRUE;
}

static gboolean read_counted(struct cursor *in, struct smpp_value *ret)
{
	gsize len = in->at[0];

	if (len >= in->left)
		return FALSE;
	*ret = (struct smpp_value){ .at = in->at + 1, .len = (guint)len, .there = TRUE };
	take(in, len + 1);
	return TRUE;
}

static gboolean read_field(struct cursor *in, int kind, struct smpp_value *ret)
{
	if (!in->left)
		return FALSE;
	if (kind == TEXT)
		return read_text(in, ret);
	if (kind == COUNTED)
		return read_counted(in, ret);
	*ret = (struct smpp_value){ .at = in->at, .len = 1, .number = in->at[0], .there = TRUE };
	take(in, 1);
	return TRUE;
}

/* The next TLV; FALSE: there is none, or it is longer than what is left. */
static gboolean next_tlv(struct cursor *in, guint *ret_tag, struct smpp_value *ret)
{
	gsize len;

	if (in->left < 4)
		return FALSE;
	*ret_tag = number_at(in->at, 2);
	len = number_at(in->at + 2, 2);
	if (len > in->left - 4)
		return FALSE;
	*ret = (struct smpp_value){ .at = in->at + 4, .len = (guint)len, .there = TRUE };
	if (len <= 4)
		ret->number = number_at(ret->at, len);
	take(in, len + 4);
	return TRUE;
}

static void keep_tlv(struct smpp_pdu *pdu, guint tag, const struct smpp_value *value)
{
	for (gsize i = 0; i < G_N_ELEMENTS(tlvs); i++) {
		if (tlvs[i].tag != tag)
			continue;
		if (value->len < tlvs[i].least || value->len > tlvs[i].most)
			pdu->odd = TRUE;
		else if (!pdu->tlv[i].there)
			pdu->tlv[i] = *value;
		return;
	}
}

/* A TLV that does not fit ends them: what came before it is good, and refusing a message for it would make the
 * operator send it for ever. */
static void read_tlvs(struct cursor *in, struct smpp_pdu *pdu)
{
	struct smpp_value value;
	guint tag;

	pdu->tail = in->at;
	pdu->tail_len = in->left;
	while (next_tlv(in, &tag, &value))
		keep_tlv(pdu, tag, &value);
	if (in->left)
		pdu->odd = TRUE;
}

int smpp_pdu_read(const guint8 *bytes, gsize len, struct smpp_pdu *ret)
{
	struct cursor in = { bytes + SMPP_HEADER, len - SMPP_HEADER };
	const struct command *command;

	memset(ret, 0, sizeof(*ret));
	ret->command = number_at(bytes + 4, 4);
	ret->status = number_at(bytes + 8, 4);
	ret->sequence = number_at(bytes + 12, 4);
	command = command_of(ret->command);
	if (!command)
		return SMPP_UNKNOWN;
	for (const guint8 *field = command->fields; *field != SMPP_F_COUNT; field++)
		if (!read_field(&in, fields[*field].kind, &ret->field[*field])) {
			/* Many send a refusal, and some a success, without a body. */
			ret->odd = smpp_is_resp(ret->command) && in.left > 0;
			return smpp_is_resp(ret->command) ? SMPP_READ : SMPP_BROKEN;
		}
	read_tlvs(&in, ret);
	return SMPP_READ;
}

gboolean smpp_pdu_tlv(const struct smpp_pdu *pdu, guint tag, struct smpp_value *ret)
{
	struct cursor in = { pdu->tail, pdu->tail_len };
	guint is;

	while (next_tlv(&in, &is, ret))
		if (is == tag)
			return TRUE;
	return FALSE;
}

char *smpp_value_text(const struct smpp_value *value)
{
	gsize len = value->there && value->at ? strnlen((const char *)value->at, value->len) : 0;
	char *text = hg_text_valid(len ? (const char *)value->at : "", (gssize)len, 0);

	return g_strstrip(text);
}

/* ---- writing ---- */

void smpp_set_text(struct smpp_value *value, const char *text)
{
	smpp_set_bytes(value, text ? text : "", text ? strlen(text) : 0);
}

void smpp_set_bytes(struct smpp_value *value, const void *bytes, gsize len)
{
	*value = (struct smpp_value){ .at = bytes ? bytes : "", .len = (guint)MIN(len, G_MAXUINT), .there = TRUE };
}

void smpp_set_number(struct smpp_value *value, guint32 number)
{
	*value = (struct smpp_value){ .number = number, .there = TRUE };
}

static void put_number(GByteArray *out, guint32 number, gsize octets)
{
	guint8 bytes[4];

	for (gsize i = 0; i < octets; i++)
		bytes[i] = (guint8)(number >> 8 * (octets - 1 - i));
	g_byte_array_append(out, bytes, (guint)octets);
}

static void put_bytes(GByteArray *out, const struct smpp_value *value)
{
	if (value->len)
		g_byte_array_append(out, value->at, value->len);
}

static gboolean put_field(GByteArray *out, int kind, guint most, const struct smpp_value *value)
{
	if (kind == BYTE) {
		put_number(out, value->number, 1);
		return value->number <= 0xff;
	}
	if (kind == COUNTED)
		put_number(out, value->len, 1);
	put_bytes(out, value);
	if (kind == COUNTED)
		return value->len <= most;
	put_number(out, 0, 1);
	return value->len < most && (!value->len || !memchr(value->at, 0, value->len));
}

static gboolean put_tlv(GByteArray *out, gsize i, const struct smpp_value *value)
{
	gsize len = value->at ? value->len : tlvs[i].most;

	if (len < tlvs[i].least || len > tlvs[i].most)
		return FALSE;
	put_number(out, tlvs[i].tag, 2);
	put_number(out, (guint32)len, 2);
	if (value->at)
		put_bytes(out, value);
	else
		put_number(out, value->number, MIN(len, 4));
	return TRUE;
}

static gboolean put_body(const struct smpp_pdu *pdu, GByteArray *out)
{
	const struct command *command = command_of(pdu->command);

	if (!command)
		return FALSE;
	for (const guint8 *field = command->fields; *field != SMPP_F_COUNT; field++)
		if (!put_field(out, fields[*field].kind, fields[*field].most, &pdu->field[*field]))
			return FALSE;
	for (gsize i = 0; i < SMPP_T_COUNT; i++)
		if (pdu->tlv[i].there && !put_tlv(out, i, &pdu->tlv[i]))
			return FALSE;
	return TRUE;
}

gboolean smpp_pdu_write(const struct smpp_pdu *pdu, GByteArray *out)
{
	guint begin = out->len, whole;

	put_number(out, 0, 4);
	put_number(out, pdu->command, 4);
	put_number(out, pdu->status, 4);
	put_number(out, pdu->sequence, 4);
	if (!put_body(pdu, out) || out->len - begin > SMPP_PDU_MAX) {
		g_byte_array_set_size(out, begin);
		return FALSE;
	}
	whole = out->len - begin;
	for (guint i = 0; i < 4; i++)
		out->data[begin + i] = (guint8)(whole >> (24 - 8 * i));
	return TRUE;
}

/* smpp_pdu.h - PDUs of SMPP from and to bytes, by tables; no state, no I/O
 *
 * What was read points into the bytes it was read from. */
#pragma once
#include <glib.h>

#include "smpp_tables.h"

#define SMPP_HEADER  16
#define SMPP_PDU_MAX 65536		/* octets: what a peer may send as one PDU */
#define SMPP_RESP    0x80000000u	/* in command_id: an answer */

enum smpp_command {
#define SMPP_ENUM(id, name, fields) SMPP_##name = (id),
	SMPP_COMMANDS(SMPP_ENUM)
#undef SMPP_ENUM
};

enum smpp_field {
#define SMPP_ENUM(name, kind, most) SMPP_F_##name,
	SMPP_FIELDS(SMPP_ENUM)
#undef SMPP_ENUM
	SMPP_F_COUNT,
};

enum smpp_tlv {
#define SMPP_ENUM(tag, name, least, most) SMPP_T_##name,
	SMPP_TLVS(SMPP_ENUM)
#undef SMPP_ENUM
	SMPP_T_COUNT,
};

enum smpp_status {
	SMPP_ROK = 0,
#define SMPP_ENUM(status, name, act, text) SMPP_##name = (status),
	SMPP_STATUSES(SMPP_ENUM)
#undef SMPP_ENUM
};

struct smpp_value {
	const guint8 *at;	/* lent; NULL: not there, or a number that is to be written */
	guint   len;		/* of a text without its NUL */
	guint32 number;		/* of one to four octets */
	gboolean there;
};

struct smpp_pdu {
	guint32 command, status, sequence;
	struct smpp_value field[SMPP_F_COUNT], tlv[SMPP_T_COUNT];
	const guint8 *tail;	/* all TLVs, as they came */
	gsize tail_len;
	gboolean odd;		/* something of it was passed over: a TLV of another length, bytes behind the end */
};

/* The length of the PDU that begins here; 0: more bytes are needed to tell, or to have it whole; -1: no PDU has such
 * a length, and where the next one begins nobody knows. */
gssize smpp_pdu_frame(const guint8 *bytes, gsize len);

enum smpp_read {
	SMPP_READ = 0,
	SMPP_UNKNOWN,		/* no such command; the header is read */
	SMPP_BROKEN,		/* a mandatory field does not end, or is not there; the header is read */
};
/* One whole PDU (smpp_pdu_frame() has said its length).  An answer may end before any field: what is not there counts
 * as empty. */
int smpp_pdu_read(const guint8 *bytes, gsize len, struct smpp_pdu *ret);
/* The first TLV of a tag, whether it is in the table or not. */
gboolean smpp_pdu_tlv(const struct smpp_pdu *pdu, guint tag, struct smpp_value *ret);

/* Appended.  FALSE: a value is longer than its field, or the whole than SMPP_PDU_MAX; nothing is appended then. */
gboolean smpp_pdu_write(const struct smpp_pdu *pdu, GByteArray *out);
void smpp_set_text(struct smpp_value *value, const char *text);		/* lent; NULL is "" */
void smpp_set_bytes(struct smpp_value *value, const void *bytes, gsize len);
void smpp_set_number(struct smpp_value *value, guint32 number);
#define SMPP_TEXT(pdu, name, text)	smpp_set_text(&(pdu)->field[SMPP_F_##name], (text))
#define SMPP_NUMBER(pdu, name, number)	smpp_set_number(&(pdu)->field[SMPP_F_##name], (number))
#define SMPP_GET(pdu, name)		((pdu)->field[SMPP_F_##name].number)
#define SMPP_TLV(pdu, name)		(&(pdu)->tlv[SMPP_T_##name])

/* A copy as valid UTF-8 without blanks at its ends, cut at its first NUL; "" when it is not there.  Yours. */
char *smpp_value_text(const struct smpp_value *value);

const char *smpp_command_name(guint32 command);		/* "deliver_sm"; "unknown" */
gboolean smpp_is_resp(guint32 command);

/* smpp_receipt.h - delivery receipts: their text in all its spellings, their TLVs, and how ids are compared */
#pragma once
#include <glib.h>

#include "smpp_pdu.h"

#define SMPP_ID_MAX 255			/* bytes of a message id that is kept */

struct smpp_receipt {
	char *id;			/* as it is written there; NULL: none.  Ours, as the next two */
	char *stat, *err;		/* words; or NULL */
	int   state;			/* enum hg_receipt_state, 0: none is said */
	const char *why;		/* FAILED: for people; static */
	int   code;			/* of the network error, 0: none */
	gint64 done_ms;			/* the operator's clock read as UTC, 0: not said */
};
void smpp_receipt_clear(struct smpp_receipt *receipt);

/* Is it one?  By esm_class (section 5.2.12: receipt, acknowledgement of the phone, intermediate notification), or by
 * both TLVs that nothing else has. */
gboolean smpp_is_receipt(const struct smpp_pdu *pdu);

/* "id:... stat:..." of Appendix B, whatever its order, case, blanks, missing and other members.  ret is zeroed first.
 * FALSE: it names no id and no state. */
gboolean smpp_receipt_text(const char *text, gsize len, struct smpp_receipt *ret);
/* The same of a PDU: its TLVs first, its text for what they do not say. */
gboolean smpp_receipt_read(const struct smpp_pdu *pdu, struct smpp_receipt *ret);

/* How an operator writes an id: in submit_sm_resp and in receipts it may differ. */
enum smpp_id_form { SMPP_ID_TEXT = 1, SMPP_ID_DECIMAL, SMPP_ID_HEX };
int smpp_id_form_of(const char *word);		/* "text", "decimal", "hex" */
/* An id as it is compared: decimal and hex become the same number without leading zeros; what is no number of 64 bits
 * stays as it is.  Yours. */
char *smpp_id_normal(const char *id, int form);

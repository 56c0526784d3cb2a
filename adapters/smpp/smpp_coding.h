/* smpp_coding.h - data_coding: from the octets of a short message to text */
#pragma once
#include <glib.h>

#include "udh.h"

enum smpp_alphabet {		/* what data_coding 0 ("SMSC default") stands for at this operator */
	SMPP_GSM = 1,		/* GSM 03.38, one septet in an octet */
	SMPP_LATIN1, SMPP_ASCII,
};
int smpp_alphabet_of(const char *word);		/* "gsm", "latin1", "ascii" */

/* Octets behind the user data header to text.  piece: one of several, which may begin or end with half of a surrogate
 * pair (kept, as three bytes) or end with an escape (kept, U+001B); else what is half becomes U+FFFD.  NULL: data, not
 * text.  Yours. */
char *smpp_decode(int alphabet, guint data_coding, const struct hg_udh *udh, gboolean piece, const guint8 *bytes,
		  gsize len);

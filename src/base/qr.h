/* qr.h - a text as a QR code: ISO/IEC 18004, byte mode, level M (15 % may be damaged), versions 1 to 10 */
#pragma once
#include <glib.h>

#define HG_QR_MOST 213			/* bytes of a text */

typedef struct hg_qr {
	int size;			/* modules of a side, without the quiet zone: 21 to 57 */
	guint8 dark[57][57];		/* row, column: 1 is dark */
} hg_qr;

/* FALSE: the text is longer than HG_QR_MOST, or empty. */
gboolean hg_qr_make(const char *text, hg_qr *ret);

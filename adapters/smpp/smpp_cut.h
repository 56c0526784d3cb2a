/* smpp_cut.h - a text as the pieces it is sent in, each with its octets and the header before them */
#pragma once
#include "smpp.h"
#include "sms_text.h"

struct smpp_piece {
	char *text;		/* what it says; ours */
	GByteArray *bytes;	/* header and text */
	int coding;		/* enum hg_sms_coding: what it is counted in */
	guint data_coding, units;
	guint left;		/* of the last piece: so many more units would need no further one */
	guint part, parts;	/* 1, 1: it is whole */
	gboolean head;		/* bytes begin with a user data header */
	gboolean sar, payload;	/* pieces named by TLVs; bytes for message_payload */
};

/* struct smpp_piece *, freed with the array (yours); NULL with error of kind INPUT or LIMIT. */
GPtrArray *smpp_cut(const struct smpp_conf *conf, const char *text, guint ref, GError **error);

/* smpp_message.h - a deliver_sm as the gateway takes it: a message, a piece of one, or a receipt; pure */
#pragma once
#include "smpp.h"

/* Fills one of the two (strings: of arena, or of the PDU's bytes); TRUE: it is ret_in.  now_ms: UTC. */
gboolean smpp_message_read(const struct smpp_conf *conf, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len,
			   gint64 now_ms, hg_arena *arena, struct hg_in *ret_in, struct hg_receipt *ret_receipt);
/* What it says, from whom, to whom: two that are the same have the same. */
guint64 smpp_message_hash(const struct smpp_pdu *pdu);

/* smpp_deliver.h - what comes in: messages, pieces of them, receipts; answered when they are on disk */
#pragma once
#include "smpp.h"

/* One deliver_sm or data_sm: joins what this read has brought.  bytes: the whole PDU. */
void smpp_deliver_take(struct smpp_bind *bind, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len);
/* One whose fields cannot be read: kept as it came. */
void smpp_deliver_broken(struct smpp_bind *bind, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len);
/* Hands over what was taken since the last time. */
void smpp_deliver_flush(struct smpp_bind *bind);
/* Nothing is in doubt any more: the cursor says so, or a crash much later would bring old doubts back. */
void smpp_deliver_settle(struct smpp *s);
/* inside.h, hg_take_fn: one deliver_sm that no operator sent. */
int smpp_deliver_given(void *state, const void *bytes, size_t len, hg_ack_fn *ack, void *arg, struct hg_err *err);

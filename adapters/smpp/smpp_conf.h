/* smpp_conf.h - what the options say, read where it is needed */
#pragma once
#include "smpp.h"

int smpp_check(const void *conf, struct hg_err *err);

enum smpp_act {
	SMPP_ACT_none = 0,
#define SMPP_ENUM(act, text) SMPP_ACT_##act,
	SMPP_ACTS(SMPP_ENUM)
#undef SMPP_ENUM
};
struct smpp_verdict { int act; const char *name, *text; };
/* What a submit_sm that was answered so means: by the channel's own table, else by the book; a status nobody knows
 * fails the message. */
struct smpp_verdict smpp_verdict_of(const struct smpp_conf *conf, guint32 status);

/* "international", "short", "alphanumeric", "unknown": type and plan of an address, with the channel's own. */
struct smpp_ton { guint ton, npi; };
struct smpp_ton smpp_ton_of(const struct smpp_conf *conf, const char *kind);

/* utc_offset in milliseconds; FALSE: it is none. */
gboolean smpp_offset(const char *text, gint64 *ret_ms);

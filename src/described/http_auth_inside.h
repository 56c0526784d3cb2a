/* http_auth_inside.h - demands as they were read; for http_auth.c and http_auth_read.c */
#pragma once
#include "http_auth.h"
#include "http_sns.h"

enum ht_demand_kind { D_TOKEN, D_BASIC, D_ADDRESSES, D_HMAC, D_DIGEST, D_ED25519, D_JWT, D_SNS, D_WITHIN,
		   D_STANDARD };
struct ht_net {			/* "192.0.2.0/24" */
	int family;
	guint bits;
	guint8 bytes[16];
};

struct ht_claim {
	char *name;
	ht_fill *is;
};

struct ht_demand {
	int kind;
	ht_pick *at;			/* where the token, signature, time stands */
	ht_pick *time;			/* of STANDARD: when it was signed */
	char **secrets;			/* names; ours */
	char *user;			/* of Basic; or NULL */
	int digest, coding;		/* enum hg_digest; of the key: enum ht_coding */
	ht_fill *over;
	char *key, *algorithm;		/* of Ed25519, JWT */
	gint64 leeway_ms;
	gboolean need_exp;
	GArray *claims, *nets;		/* of struct ht_claim, struct ht_net */
	ht_sns *sns;
};

enum ht_coding { C_RAW, C_HEX, C_BASE64, C_WHSEC };

struct ht_auth {
	GArray *demands;
};

extern const char *const ht_demand_kinds[];	/* "token", ..., NULL, by enum ht_demand_kind */
/* "192.0.2.7", "2001:db8::/32"; FALSE: it is none. */
gboolean ht_net_read(const char *text, struct ht_net *ret);
/* The bytes of a secret as the demand says that it is written; yours.  NULL: it is not written so. */
guint8 *ht_demand_key(const struct ht_demand *d, const char *secret, gsize *ret_len);

/* identity.h - the addresses one WhatsApp account is known by */
#pragma once
#include "read.h"

#define WA_ADDRESSES_MAX 16

struct wa_people {			/* addresses being gathered; the first is answered to */
	struct wa_pool *pool;
	struct hg_address list[WA_ADDRESSES_MAX];
	size_t n;
};

/* A phone ("447700900123", with or without +, spaces and dashes) with its other spellings, or a
 * business-scoped id ("GB.1349..."): whichever it is.  Nothing when it is neither; FALSE then. */
bool wa_people_add(struct wa_people *p, const char *id, int proof);
void wa_people_give(const struct wa_people *p, struct hg_in *in);	/* copies into the pool */

/* The element of contacts[] with this wa_id or user_id, or NULL: never by its place. */
struct json_object *wa_contact_of(struct json_object *contacts, const char *phone, const char *user_id);

/* "tel:+..." or "whatsapp:..." of one id, or NULL. */
const char *wa_address(struct wa_pool *pool, const char *id);
bool wa_is_bsuid(const char *id);		/* "US.1349": one dot; a parent's has two */
/* Our own address: "whatsapp:" and the phone_number_id. */
const char *wa_our_address(struct wa_pool *pool, const char *number);

/* mail_address.h - people in address fields, as mailers write them; never recursive, linear */
#pragma once
#include "mail.h"
#include "mail_scan.h"

#define HG_PEOPLE_MAX 1000	/* of one field of a mail */

/* All people of a field, groups dissolved (RFC 5322 section 3.4).  One without an address that can be read has the
 * name and the address "".  hint: character set of raw bytes, or NULL. */
void hg_people_read(hg_arena *arena, const struct hg_field *field, const char *hint, struct hg_mail_people *ret);
/* The same of every field of that name, at most HG_PEOPLE_MAX. */
void hg_people_all(hg_arena *arena, const struct hg_head *head, const char *name, const char *hint,
		   struct hg_mail_people *ret);
/* An address alone ("<a@b>", "rfc822; a@b", "a@b"), made canonical; NULL: there is none. */
const char *hg_address_clean(hg_arena *arena, const char *bytes, gsize len);

/* number.h - what providers call "from" and "to", as one address
 *
 * Kinds and the words before the colon: "tel:+447700900123" (E.164), "short:12345" (3 to 8 digits, a country's own),
 * "name:INFO" (an alphanumeric sender: nobody can be answered there).  A short code or a name never becomes +1... */
#pragma once
#include <glib.h>

enum hg_number_kind { HG_NUMBER_E164 = 1, HG_NUMBER_SHORT, HG_NUMBER_NAME, HG_NUMBER_OPAQUE };

struct hg_number {
	int  kind;
	char uri[80];		/* with OPAQUE: "raw:..." */
	gboolean odd;		/* E.164 by its look, but no country has such a number */
};

/* text as a provider writes it: "+44 7700 900123", "447700900123", "tel:...", "whatsapp:+44...", "00447700900123",
 * "07700 900123" with country "GB" (ISO 3166; NULL: national forms are not guessed at: OPAQUE).  e164: digits
 * without plus are international (Meta, Vonage, Infobip), as far as they can be.  FALSE: empty, too long (64), or
 * with control characters. */
gboolean hg_number_parse(const char *text, const char *country, gboolean e164, struct hg_number *ret);
/* The digits (with plus or without; short codes have none) to send to; NULL when uri has none.  Yours. */
char *hg_number_dial(const char *uri, gboolean plus);
/* The same of an address of ours, where a name does as well: what to write as sender. */
char *hg_number_sender(const char *uri, gboolean plus);
/* Another spelling of the same line, by the numbering plan: the engine finds a contact by it, nothing is sent there.
 * Or NULL; yours. */
char *hg_number_twin(const char *uri);
/* "GB" of a tel: uri, lent; or NULL.  Of countries that share a code the biggest, but for +1 and +7. */
const char *hg_number_country(const char *uri);

/* mail_wire.h - addresses as they are written in headers and on the wire; what could break out of either is refused */
#pragma once
#include <glib.h>

#define HG_MAIL_LOCAL_MAX  64		/* bytes: RFC 5321 section 4.5.3.1 */
#define HG_MAIL_DOMAIN_MAX 255
#define HG_MAIL_ID_MAX	   900		/* bytes of a msg-id: a header line has 998 at most */

/* local@domain as RFC 5321 section 4.1.2 wants it, the local part in quotes where it needs them ("a..b"@x).
 * NULL: it is none, or one that no relay is sure to take: not ASCII, with controls, spaces, <, > or a comma.  Yours. */
char *hg_mail_wire_address(const char *address);
/* May it stand between < and > in Message-ID, In-Reply-To and References? */
gboolean hg_mail_id_ok(const char *id);
/* A copy for a header: valid UTF-8 in one line, without controls, what turns the reading direction and what looks like an
 * encoded word, spaces folded, at most max_bytes.  "" when nothing is left; yours. */
char *hg_mail_line(const char *text, gsize max_bytes);

/* mail_bounce.h - delivery reports (RFC 3464), and what older servers say in words of their own */
#pragma once
#include "mail_body.h"

/* For a mail whose automatic is HG_AUTO_BOUNCE; NULL when nothing can be told from it.  In the arena. */
struct hg_mail_report *hg_bounce_read(const hg_mail *mail, const struct hg_mail_parts *parts);

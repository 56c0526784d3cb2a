/* mail_files.h - the parts of a mail that are files */
#pragma once
#include "mail_body.h"

#define HG_MAIL_NAME_MAX 200	/* bytes of a file's name */

/* What body did not use becomes mail->files.  raw must live as long as mail. */
void hg_files_read(hg_mail *mail, const struct hg_mail_parts *parts, const struct hg_body *body);

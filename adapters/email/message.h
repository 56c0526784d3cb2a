/* message.h - a parsed mail as the gateway takes it: one message, or a report on one of ours */
#pragma once
#include "arena.h"
#include "email.h"
#include "mail.h"
#include "stamp.h"

struct message {			/* all in the arena, or the mail's */
	struct hg_batch batch;		/* points to the rest */
	struct hg_in in;
	struct hg_receipt receipt;
};

void message_read(hg_arena *arena, const struct email_conf *conf, const hg_mail *mail, const struct stamp *stamp,
		  struct message *ret);
/* All our addresses, in lower case; NULL-ended. */
const char *const *message_ours(hg_arena *arena, const struct email_conf *conf);
/* What X-Headgate-Loop says in our mails: the same for all who share the secret, and nothing of it.  Yours. */
char *email_instance(const struct email_conf *conf);

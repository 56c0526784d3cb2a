/* email_send.h - mails on their way out */
#pragma once
#include "email.h"

struct email_sender;

/* NULL with error set: the settings make no sense; *error unset: there is no smtp.host. */
struct email_sender *email_sender_new(struct email *e, GError **error);
/* Answers all that is under way.  NULL is fine. */
void email_sender_free(struct email_sender *sender);
gboolean email_sender_busy(const struct email_sender *sender);
void email_send(void *state, const struct hg_out *out);
/* Do the options of sending make sense together? */
int email_check_sending(const struct email_conf *conf, struct hg_err *err);

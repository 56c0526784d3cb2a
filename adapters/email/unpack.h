/* unpack.h - raw mails on disk become messages: parsed by the helper process, given back with what their headers prove */
#pragma once
#include <headgate/adapter.h>

struct email;

void email_unpack(void *state, const struct hg_raw *raw);
void email_unpack_done(struct email *e);	/* nothing comes back any more */
guint email_unpack_busy(const struct email *e);

/* senders.h - the numbers and names a channel may send from */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* 0; or -1 with what is wrong with the option `from` (NULL-ended, or NULL). */
int hg_senders_check(char *const *from, struct hg_err *err);

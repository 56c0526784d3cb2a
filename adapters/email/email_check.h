/* email_check.h - do the options make sense together? */
#pragma once
#include "email.h"

int email_check(const void *conf, struct hg_err *err);
/* One option is wrong: err says so as CONFIG.  Always -1. */
int email_wrong(struct hg_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

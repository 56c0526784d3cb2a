/* email_check.h - do the options make sense together? */
#pragma once
#include "email.h"

int email_check(const void *conf, struct hg_err *err);

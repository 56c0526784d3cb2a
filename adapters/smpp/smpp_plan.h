/* smpp_plan.h - a message as submit_sm PDUs; pure functions of configuration and message */
#pragma once
#include "smpp.h"

int smpp_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);
void smpp_limits(const void *conf, struct hg_limits *limits);

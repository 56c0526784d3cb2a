/* telnyx_plan.h - what goes out, as the JSON it is sent with */
#pragma once
#include <headgate/adapter.h>

#define TELNYX_FILE "headgate_file"	/* member of a body that goes with a file: its index; taken out before it is sent */

int telnyx_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);

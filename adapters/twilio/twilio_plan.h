/* twilio_plan.h - what goes out, as the forms it is sent with */
#pragma once
#include <headgate/adapter.h>

#define TWILIO_FILE_LINE "file "		/* what a body that goes with a file begins with; its index and a line's end follow */

int twilio_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);

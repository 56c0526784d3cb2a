/* twilio_send.h - one planned part goes to the provider */
#pragma once
#include <headgate/adapter.h>

void twilio_send(void *state, const struct hg_out *out);

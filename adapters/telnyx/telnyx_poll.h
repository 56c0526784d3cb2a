/* telnyx_poll.h - asking back: what was sent to us while we could not be reached */
#pragma once
#include <headgate/adapter.h>

void telnyx_poll(void *state, int64_t since_ms);

/* twilio_media.h - files that come: which call downloads them */
#pragma once
#include <headgate/adapter.h>

void twilio_fetch(void *state, uint64_t ticket, const char *ref);

/* twilio_errors.h - what Twilio's error codes mean for us and for the agent */
#pragma once
#include "verdict.h"

extern const struct hg_verdict twilio_errors[];

/* telnyx_errors.h - what Telnyx's error codes mean for us and for the agent */
#pragma once
#include "verdict.h"

extern const struct hg_verdict telnyx_errors[];

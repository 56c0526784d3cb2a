/* plan.h - what goes out, split into the calls it needs */
#pragma once
#include "wire.h"

/* Pure.  A part's body is the JSON for /messages; a file's part wraps it:
 *	{"upload":{"file":INDEX,"kind":"image"},"message":{...}}
 * until send() has uploaded the file and knows its id. */
int wa_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);

/* The number out is sent from: the one that was written to, else the first; NULL when this channel
 * does not serve it (any more). */
const char *wa_plan_number(const struct wa_conf *conf, const struct hg_out *out);
/* Is out of a kind that is sent without being planned: READ, TYPING? */
bool wa_plan_is_fleeting(int kind);

/* explain_text.h - a decision as lines for people; for explain.c and headgatectl rules try */
#pragma once
#include <glib.h>
#include "json.h"
#include "model.h"

/* trace: the parsed array, or NULL.  note: or NULL. */
void hg_explain_show(GString *out, const hg_decision *decision, struct json_object *facts,
		     struct json_object *trace, const char *note);
/* Where a ticket was routed to, and why. */
void hg_explain_route(GString *out, const hg_ticket *ticket);

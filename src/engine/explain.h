/* explain.h - why headgate decided what it did: kept facts judged again by kept rules */
#pragma once
#include <glib.h>
#include "arena.h"
#include "model.h"
#include "store.h"

#define HG_EXPLAIN_MAX 100	/* decisions of one answer: of a thread its newest, of a message the first that followed */

/* Append a JSON object: {"subject":{...},"decisions":[...],"text":"..."}.  A decision has at, on,
 * action, rule, file, line, config_hash, proposal, proposal_reason, message_id, facts, trace (null
 * when it cannot be made again) and note (why not, or what is odd).  text is the same for people.
 *
 * For any connection, a reader's too.  A thread: all its decisions.  A message: the one about it
 * and those that followed (settle, first_response, ...) until the next message's. */
gboolean hg_explain_thread(hg_store *store, hg_arena *arena, const hg_thread *thread, GString *out,
			   GError **error);
gboolean hg_explain_message(hg_store *store, hg_arena *arena, const hg_message *message, GString *out,
			    GError **error);

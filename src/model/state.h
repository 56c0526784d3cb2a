/* state.h - the state machines as tables: the only places that say which step is possible */
#pragma once
#include <glib.h>
#include "model.h"

struct hg_step { int from, to; const char *why; };	/* tables end with from 0 */
extern const struct hg_step hg_thread_steps[], hg_ticket_steps[], hg_job_steps[];

/* Moves *state, or fails with HG_ERROR_STATE naming both words.  Nothing else writes a state. */
gboolean hg_thread_move(hg_thread *thread, int to, GError **error);
gboolean hg_ticket_move(hg_ticket *ticket, int to, GError **error);
gboolean hg_job_move(hg_job *job, int to, GError **error);

/* Display state of an outbound message after one more receipt: forward only, FAILED only over
 * QUEUED..SENT; a contradiction (failed after delivered, or the reverse) sets *ret_conflict. */
int hg_delivery_fold(int now, int receipt_state, gboolean *ret_conflict);

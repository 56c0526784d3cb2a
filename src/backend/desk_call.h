/* desk_call.h - one call of a step: made of its templates, sent, its answer judged; for desk_run.c only */
#pragma once
#include "desk_run.h"

typedef struct hg_desk_call hg_desk_call;

/* judged: word (AGAIN too), doubt, status, retry_ms, text, ours, saved, type.  answer: what captures look into; NULL: there is
 * none.  Both lent.  The call is over, and frees itself. */
typedef void hg_desk_call_fn(void *arg, const struct hg_desk_ended *judged, const struct ht_scope *answer);

/* task, step: lent; root: the situation with all that was taken, a reference is taken. */
hg_desk_call *hg_desk_call_new(const struct hg_desk_task *task, const struct hg_desk_step *step, struct json_object *root,
			       hg_desk_call_fn *fn, void *arg);
void hg_desk_call_go(hg_desk_call *call);		/* fn is called once, perhaps before this returns */
void hg_desk_call_cancel(hg_desk_call *call);		/* it is not; NULL is fine */

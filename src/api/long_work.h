/* long_work.h - calls that take long: on a thread of their own, told of in lines as they go on; private to src/api
 *
 * The answer is application/x-ndjson: {"progress":{"stage","done","of","rate","eta_s"}} a few times a second, and a last
 * line: {"result": ...} or {"error": a problem (RFC 9457)}.  Who hangs up ends the work, and so
 * does the end of the token it was asked for with. */
#pragma once
#include "call.h"

typedef struct hg_long hg_long;
/* On its thread: does it, and puts a JSON value into result, or sets error. */
typedef void hg_long_fn(hg_long *work, void *arg, GString *result, GError **error);

/* Takes the call and arg (freed by free_arg, on the loop).  FALSE: too many are under way, the call has its error and is to
 * be finished; arg is freed. */
gboolean hg_long_begin(struct call *call, hg_long_fn *fn, void *arg, GDestroyNotify free_arg);
/* On its thread, as often as it likes: rate and the rest are reckoned here.  FALSE: end soon, nobody wants it any more. */
gboolean hg_long_tell(hg_long *work, const char *stage, gint64 done, gint64 of);
/* On its thread: a connection of its own, interrupted when the daemon stops; for hg_long_close(). */
hg_store *hg_long_open(hg_long *work, GError **error);
void hg_long_close(hg_long *work, hg_store *store);	/* NULL is fine */

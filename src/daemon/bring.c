/* bring.c - the files that a call takes along are brought from the database before it is made
 *
 * On a thread of its own, one after the other: neither the engine nor the loop waits for them.  What cannot be brought now is not
 * called now, and says so as what is late does; what has been erased goes its way without. */
#include "log.h"
#include "parts.h"

#include <string.h>

#include "store.h"

#define SHA256 "\"sha256\":\""
#define SHA256_LEN 64

struct hg_bringer {
	hg_gateway *gateway;
	hg_bring_done *done;
	GAsyncQueue *queue;		/* of hg_dispatch; the bringer itself: the end */
	GThread *thread;
	gint under_way;			/* atomic */
	gint ending;			/* atomic */
};

/* ---- which files ---- */

/* FALSE: it is enough. */
typedef gboolean each_file(void *arg, const char *sha256);

/* As the engine writes its payloads: what people say has no bare quotes in it. */
static gboolean each_of_event(const char *data, each_file *fn, void *arg)
{
	char sha256[SHA256_LEN + 1];

	for (const char *at = data; at && (at = strstr(at, SHA256));) {
		at += strlen(SHA256);
		g_strlcpy(sha256, at, sizeof(sha256));
		if (strlen(sha256) == SHA256_LEN && !fn(arg, sha256))
			return FALSE;
	}
	return TRUE;
}

static gboolean each_of(const hg_dispatch *dispatch, each_file *fn, void *arg)
{
	if (dispatch->job.target == HG_TO_BACKEND)
		return each_of_event(dispatch->event.data, fn, arg);
	if (dispatch->job.target != HG_TO_CHANNEL || dispatch->ask)
		return TRUE;
	for (gsize i = 0; i < dispatch->out.n_files; i++)
		if (dispatch->out.files[i].sha256 && !fn(arg, dispatch->out.files[i].sha256))
			return FALSE;
	return TRUE;
}

static gboolean is_near(void *arg, const char *sha256)
{
	return hg_attachment_is_near(((struct hg_bringer *)arg)->gateway->attachments, sha256);
}

/* ---- the thread ---- */

static gboolean bring(void *arg, const char *sha256)
{
	struct hg_bringer *bringer = arg;
	g_autoptr(GError) error = NULL;

	if (g_atomic_int_get(&bringer->ending))
		return FALSE;
	if (hg_attachment_bring(bringer->gateway->attachments, sha256, &error) || g_error_matches(error, HG_ERROR, HG_ERROR_MISSING))
		return TRUE;
	hg_warn(NULL, "files.bring", "%s", error->message);
	return FALSE;
}

static void all_brought(void *arg)
{
	hg_gateway_try_to_stop(arg);
}

static void *bring_main(void *arg)
{
	struct hg_bringer *bringer = arg;
	hg_dispatch *dispatch;

	while ((dispatch = g_async_queue_pop(bringer->queue)) != (void *)bringer) {
		if (!each_of(dispatch, bring, bringer))
			dispatch->held_up = "its files could not be had from the database just now";
		bringer->done(bringer->gateway, dispatch);
		if (g_atomic_int_dec_and_test(&bringer->under_way) && g_atomic_int_get(&bringer->ending))
			hg_loop_post(bringer->gateway->loop, all_brought, bringer->gateway);
	}
	return NULL;
}

/* ---- from outside ---- */

struct hg_bringer *hg_bringer_new(hg_gateway *gateway, hg_bring_done *done)
{
	struct hg_bringer *bringer = g_new0(struct hg_bringer, 1);

	*bringer = (struct hg_bringer){ .gateway = gateway, .done = done, .queue = g_async_queue_new() };
	bringer->thread = g_thread_new("bring", bring_main, bringer);
	return bringer;
}

void hg_bringer_free(struct hg_bringer *bringer)
{
	if (!bringer)
		return;
	hg_bringer_end(bringer);
	g_async_queue_push(bringer->queue, bringer);
	g_thread_join(bringer->thread);
	g_async_queue_unref(bringer->queue);
	g_free(bringer);
}

void hg_bringer_end(struct hg_bringer *bringer)
{
	if (bringer)
		g_atomic_int_set(&bringer->ending, TRUE);
}

gboolean hg_bringer_is_idle(struct hg_bringer *bringer)
{
	return !bringer || !g_atomic_int_get(&bringer->under_way);
}

gboolean hg_bring(struct hg_bringer *bringer, hg_dispatch *dispatch)
{
	if (!bringer || dispatch->brought)
		return FALSE;
	dispatch->brought = TRUE;
	if (each_of(dispatch, is_near, bringer))
		return FALSE;
	g_atomic_int_inc(&bringer->under_way);
	g_async_queue_push(bringer->queue, dispatch);
	return TRUE;
}

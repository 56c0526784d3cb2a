/* visitor_upload_sweep.c - what was sent up and is named by no message goes after a while */
#include <string.h>

#include "visitor_call.h"
#include "visitor_upload.h"

#define SWEEP_MS (10 * 60 * 1000)
#define KEEP_MS (24 * 60 * 60 * 1000)	/* of a channel that is no more */

struct sweep {				/* one round */
	hg_visitors *visitors;
	GPtrArray *old;			/* lent structs: ours while they are writing */
};

static gint64 keep_of(void *ctx, const char *channel)
{
	const struct hg_channel_conf *conf = hg_conf_channel(ctx, channel);
	const struct hg_visitor_conf *set = conf && strcmp(conf->adapter, "widget") == 0 ? conf->options : NULL;

	return set ? set->uploads.keep_ms : KEEP_MS;
}

static void sweep_work(hg_store *store, void *arg)
{
	const struct sweep *sweep = arg;

	(void)store;
	for (guint i = 0; i < sweep->old->len; i++) {
		const struct visitor_upload *upload = sweep->old->pdata[i];

		hg_upload_disk_delete(hg_visitor_uploads_dir(sweep->visitors->uploads), upload->id);
	}
}

static void sweep_done(void *arg)
{
	struct sweep *sweep = arg;

	for (guint i = 0; i < sweep->old->len; i++)
		hg_visitor_upload_forget(sweep->visitors->uploads, sweep->old->pdata[i]);
	g_ptr_array_unref(sweep->old);
	g_free(sweep);
}

/* Not deleted now: the next round finds them again. */
static void put_back(struct sweep *sweep)
{
	for (guint i = 0; i < sweep->old->len; i++)
		((struct visitor_upload *)sweep->old->pdata[i])->writing = FALSE;
	g_ptr_array_set_size(sweep->old, 0);
	sweep_done(sweep);
}

static void turn(void *arg)
{
	hg_visitors *visitors = arg;
	struct sweep *sweep = g_new0(struct sweep, 1);

	sweep->visitors = visitors;
	sweep->old = hg_visitor_uploads_expire(visitors->uploads, keep_of, visitors->conf,
					       hg_now(hg_loop_env(visitors->env.loop)));
	if (!sweep->old->len || !hg_readers_run(visitors->env.readers, sweep_work, sweep_done, sweep, NULL))
		put_back(sweep);
	hg_upload_sweep_start(visitors);
}

void hg_upload_sweep_start(hg_visitors *visitors)
{
	visitors->sweep = hg_loop_timer(visitors->env.loop, SWEEP_MS, turn, visitors);
}

void hg_upload_sweep_stop(hg_visitors *visitors)
{
	hg_loop_untimer(visitors->env.loop, visitors->sweep);
}

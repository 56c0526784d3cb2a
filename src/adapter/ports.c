/* ports.c - what the engine asks of a channel's adapter: pure functions of its configuration
 *
 * They run on the engine's thread and see nothing but a configuration generation, which they hold
 * while they run: a reload on the loop can neither free nor change it. */
#include <string.h>

#include "channels_inside.h"
#include "services.h"

#define PARTS_MAX 64			/* calls that one message may be split into */
#define PART_MAX  (1024 * 1024)		/* bytes of one call's body */

void hg_generation_init(struct hg_generation *gen, hg_conf *conf)
{
	g_mutex_init(&gen->lock);
	gen->conf = hg_conf_ref(conf);
}

void hg_generation_set(struct hg_generation *gen, hg_conf *conf)
{
	hg_conf *old;

	g_mutex_lock(&gen->lock);
	old = gen->conf;
	gen->conf = hg_conf_ref(conf);
	g_mutex_unlock(&gen->lock);
	hg_conf_unref(old);
}

void hg_generation_clear(struct hg_generation *gen)
{
	hg_conf_unref(g_steal_pointer(&gen->conf));
	g_mutex_clear(&gen->lock);
}

hg_conf *hg_generation_get(struct hg_generation *gen)
{
	hg_conf *conf;

	g_mutex_lock(&gen->lock);
	conf = hg_conf_ref(gen->conf);
	g_mutex_unlock(&gen->lock);
	return conf;
}

/* ---- plan ---- */

struct plan {
	struct hg_plan pub;		/* first: what the adapter sees */
	hg_arena *arena;
	GArray *parts;
	gsize n_files;			/* of the message */
	const char *wrong;		/* what the adapter got wrong, or NULL */
};

static const char *part_wrong(const struct plan *plan, struct hg_part *ours, const struct hg_part *theirs)
{
	if (!hg_take_struct(ours, sizeof(*ours), theirs))
		return "a part's size is wrong";
	if (plan->parts->len >= PARTS_MAX)
		return "the message would need more than 64 calls";
	if (ours->len > PART_MAX || (ours->len && !ours->body))
		return "a part has more than 1 MiB, or a length and no body";
	if (ours->file < -1 || ours->file >= (int)plan->n_files)
		return "a part carries a file that the message does not have";
	return NULL;
}

static void plan_add(struct hg_plan *pub, const struct hg_part *theirs)
{
	struct plan *plan = (struct plan *)pub;
	struct hg_part part;
	const char *wrong = part_wrong(plan, &part, theirs);

	if (wrong) {
		plan->wrong = wrong;
		return;
	}
	part.body = part.body ? hg_arena_mem(plan->arena, part.body, part.len) : NULL;
	part.text = hg_arena_str(plan->arena, part.text);
	part.coding = hg_arena_str(plan->arena, part.coding);
	g_array_append_val(plan->parts, part);
}

static gboolean plan_with(const struct hg_channel_conf *set, struct plan *plan, const struct hg_out *out,
			  struct hg_err *err)
{
	struct hg_part whole = { .size = sizeof(whole), .file = -1, .text = out->text };

	if (!set->desc->plan) {
		plan_add(&plan->pub, &whole);
		return TRUE;
	}
	if (set->desc->plan(set->options, out, &plan->pub, err) != 0) {
		if (!err->kind)
			hg_err_set(err, HG_ERR_BROKEN, 0, "the adapter refused it without a reason");
		return FALSE;
	}
	if (!plan->wrong && !plan->parts->len)
		plan->wrong = "there is nothing in it that this channel can send";
	if (plan->wrong)
		hg_err_set(err, HG_ERR_UNSUPPORTED, 0, "%s", plan->wrong);
	return !plan->wrong;
}

gboolean hg_conf_plan(const hg_conf *conf, const char *channel, hg_arena *arena, const struct hg_out *out,
		      GArray *parts, struct hg_err *err)
{
	const struct hg_channel_conf *set = hg_conf_channel(conf, channel);
	struct plan plan = { .pub = { .size = sizeof(plan.pub), .add = plan_add }, .arena = arena,
			     .parts = parts, .n_files = out->n_files };
	struct hg_out ours = *out;
	struct hg_err unread = { 0 };

	err = err ? err : &unread;
	memset(err, 0, sizeof(*err));
	if (!set) {
		hg_err_set(err, HG_ERR_CONFIG, 0, "there is no channel %s (any more)", channel);
		return FALSE;
	}
	ours.size = sizeof(ours);
	ours.file_size = sizeof(struct hg_file);
	if (plan_with(set, &plan, &ours, err))
		return TRUE;
	g_array_set_size(parts, 0);
	return FALSE;
}

gboolean hg_conf_limits(const hg_conf *conf, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	const struct hg_channel_conf *set = hg_conf_channel(conf, channel);

	*ret = (struct hg_limits){ .size = sizeof(*ret) };
	if (!set)
		return FALSE;
	if (set->desc->limits)
		set->desc->limits(set->options, ret);
	if (ret_caps)
		*ret_caps = (set->desc->caps | (HG_HAS(set->desc, ask) ? HG_CAP_ASK : 0)) & ~ret->lacks;
	return TRUE;
}

gboolean hg_channels_plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out,
			  GArray *parts, struct hg_err *err)
{
	g_autoptr(hg_conf) conf = hg_generation_get(&((hg_channels *)ctx)->gen);

	return hg_conf_plan(conf, channel, arena, out, parts, err);
}

gboolean hg_channels_limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	g_autoptr(hg_conf) conf = hg_generation_get(&((hg_channels *)ctx)->gen);

	return hg_conf_limits(conf, channel, ret, ret_caps);
}

/* ---- dispatch ---- */

struct handover {
	hg_channels *channels;
	hg_dispatch *dispatch;		/* ours */
};

static void handed_over(void *arg)
{
	g_autofree struct handover *h = arg;
	gboolean fetch = h->dispatch->job.target == HG_TO_FETCH;	/* of the others the job names it */
	hg_channel *ch = hg_channels_find(h->channels, fetch ? h->dispatch->channel : h->dispatch->job.name);

	if (ch)
		hg_channel_dispatch(ch, h->dispatch);
	else
		hg_channel_decline(&h->channels->env, h->dispatch, "there is no such channel (any more)");
}

void hg_channels_dispatch(void *ctx, hg_dispatch *dispatch)
{
	struct handover *h = g_new0(struct handover, 1);

	h->channels = ctx;
	h->dispatch = dispatch;
	hg_loop_post(h->channels->env.loop, handed_over, h);
}

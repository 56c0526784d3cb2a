/* host.c - the table of functions an adapter is lent, with the guard before each */
#include "services.h"

#include <stdarg.h>
#include <string.h>

#include "env.h"
#include "hide.h"
#include "inside.h"
#include "json.h"
#include "text.h"

G_GNUC_PRINTF(4, 5)
static void host_log(struct hg_channel *ch, int level, const char *event, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	hg_log((enum hg_level)CLAMP(level, 0, 3), &ch->ctx_adapter, event && *event ? event : "adapter",
	       "%s", text);
}

static int64_t host_now(struct hg_channel *ch)
{
	return hg_ch_wall(ch);
}

/* Providers send duplicate keys now and then, and mean the last one. */
static struct json_object *host_json(const void *bytes, size_t len, struct hg_err *err)
{
	static const struct hg_json_limits limits = { .duplicates = TRUE };
	g_autoptr(GError) error = NULL;
	struct json_object *json = hg_json_parse(bytes, len, &limits, &error);

	if (!json && err)
		hg_err_from(err, error);
	return json;
}

static void host_count(struct hg_channel *ch, const char *what)
{
	if (hg_ch_may(ch, "count"))
		hg_count_add(ch, what);
}

static void host_condition(struct hg_channel *ch, int condition, const struct hg_err *err)
{
	if (!hg_ch_may(ch, "condition"))
		return;
	if (condition < HG_UP || condition > HG_DOWN) {
		hg_ch_fault(ch, "condition(): %d is no condition", condition);
		return;
	}
	ch->by_health = FALSE;
	hg_condition_set(ch, condition, err);
}

static const char *host_cursor(struct hg_channel *ch)
{
	return ch->cursor ? ch->cursor : "";
}

static void host_polled(struct hg_channel *ch, bool more)
{
	if (hg_ch_may(ch, "polled"))
		hg_poll_done(ch, more);
}

static void host_drained(struct hg_channel *ch)
{
	if (!hg_ch_may(ch, "drained"))
		return;
	if (ch->phase == HG_PH_RUNNING)
		hg_ch_fault(ch, "drained() without stop()");
	ch->drained = ch->phase != HG_PH_RUNNING;
	hg_ch_progress(ch);
}

static bool take_offline(struct hg_channel *ch)
{
	return ch->env->captive;
}

static void take_serve(struct hg_channel *ch, hg_take_fn *take)
{
	if (hg_ch_may(ch, "serve"))
		ch->take = take;
}

static const struct hg_inside_take inside_take = { take_offline, take_serve };

static void look_serve(struct hg_channel *ch, void (*look)(void *state))
{
	if (hg_ch_may(ch, "serve"))
		ch->look = look;
}

static const struct hg_inside_look inside_look = { look_serve };

static void *host_inside(hg_channel *ch, const char *what)
{
	if (strcmp(what, HG_INSIDE_LOOK) == 0)
		return (void *)&inside_look;
	if (strcmp(what, HG_INSIDE_TAKE) == 0)
		return (void *)&inside_take;
	if (strcmp(what, HG_INSIDE_EVENT_BASE) == 0)
		return hg_loop_base(ch->loop);
	return strcmp(what, HG_INSIDE_VISITOR) == 0 ? (void *)ch->env->visitor : NULL;
}

const struct hg_host hg_host_table = {
	.size = sizeof(struct hg_host),
	.minor = HG_ADAPTER_MINOR,
	.log = host_log,
	.now_ms = host_now,
	.json = host_json,
	.count = host_count,
	.condition = host_condition,
	.emit = hg_emit,
	.cursor = host_cursor,
	.sent = hg_send_answer,
	.fetched = hg_fetch_answer,
	.polled = host_polled,
	.drained = host_drained,
	.timer = hg_timer_start,
	.untimer = hg_timer_stop,
	.http = hg_http_begin,
	.session = hg_session_begin,
	.write = hg_session_write,
	.drop = hg_session_drop,
	.job = hg_job_begin,
	.unpacked = hg_unpack_answer,
	.recall = hg_unpack_recall,
	.settled = hg_settle_answer,
	.inside = host_inside,
	.rest = hg_session_rest,
};

/* ---- what the services share ---- */

gboolean hg_ch_may(hg_channel *ch, const char *what)
{
	if (!hg_loop_here(ch->loop)) {
		/* Not counted: counters belong to the loop, and this is not it. */
		hg_err(&ch->ctx_adapter, "adapter.fault", "%s() was called on a thread that is not the "
		       "channel's; nothing was done. Call it from a job's done()", what);
		return FALSE;
	}
	if (ch->opened && !ch->in_close)
		return TRUE;
	hg_ch_fault(ch, "%s() was called in or after close(); nothing was done", what);
	return FALSE;
}

gboolean hg_ch_may_begin(hg_channel *ch, const char *what)
{
	if (!hg_ch_may(ch, what))
		return FALSE;
	if (ch->phase != HG_PH_OPENING)
		return TRUE;
	hg_ch_fault(ch, "%s() was called in open(); nothing was done. Call it from start() on", what);
	return FALSE;
}

gboolean hg_ch_too_late(hg_channel *ch, const char *what)
{
	if (ch->phase != HG_PH_ENDING || ++ch->late_begun <= HG_CH_LATE_MAX)
		return FALSE;
	if (ch->late_begun == HG_CH_LATE_MAX + 1)
		hg_ch_fault(ch, "%s(): the channel closes, and the adapter goes on beginning things; "
			    "no callback comes any more", what);
	return TRUE;
}

void hg_ch_fault(hg_channel *ch, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	ch->counts.faults++;
	hg_err(&ch->ctx_adapter, "adapter.fault", "%s; this is a mistake in the adapter", text);
}

gint64 hg_ch_wall(hg_channel *ch)
{
	return hg_now(hg_loop_env(ch->loop));
}

gint64 hg_ch_answer_ms(const hg_channel *ch)
{
	return ch->env->answer_ms > 0 ? ch->env->answer_ms : HG_CH_ANSWER_MS;
}

void hg_err_set(struct hg_err *err, int kind, int code, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	err->code = code;
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
}

void hg_err_from(struct hg_err *err, const GError *error)
{
	static const int kinds[] = {
		[HG_ERROR_INPUT] = HG_ERR_INPUT,   [HG_ERROR_CONFIG] = HG_ERR_CONFIG,
		[HG_ERROR_DENIED] = HG_ERR_DENIED, [HG_ERROR_MISSING] = HG_ERR_GONE,
		[HG_ERROR_BUSY] = HG_ERR_BUSY,	   [HG_ERROR_WINDOW] = HG_ERR_WINDOW,
		[HG_ERROR_LIMIT] = HG_ERR_LIMIT,
	};
	int kind = 0;

	if (error->domain == HG_ERROR && error->code > 0 && error->code < (int)G_N_ELEMENTS(kinds))
		kind = kinds[error->code];
	hg_err_set(err, kind ? kind : HG_ERR_BROKEN, 0, "%s", error->message);
}

char *hg_err_text(const struct hg_err *err, const char *fallback)
{
	g_autofree char *text = NULL;

	if (!err || !err->text[0])
		return g_strdup(fallback);
	text = hg_text_valid(err->text, (gssize)strnlen(err->text, sizeof(err->text)), 0);
	return hg_hide_copy(text);
}

gboolean hg_take_struct(void *ours, gsize our_size, const void *theirs)
{
	gsize size;

	memset(ours, 0, our_size);
	if (!theirs)
		return FALSE;
	memcpy(&size, theirs, sizeof(size));
	/* A size that no header ever had is a struct that was not filled in. */
	if (size < sizeof(size) || size > 65536)
		return FALSE;
	memcpy(ours, theirs, MIN(size, our_size));
	memcpy(ours, &our_size, sizeof(our_size));
	return TRUE;
}

hg_command *hg_ch_command(const char *channel, int kind)
{
	hg_command *command = hg_command_new(kind);

	command->channel = hg_arena_str(command->arena, channel);
	return command;
}

void hg_ch_submit(const struct hg_channels_env *env, hg_command *command)
{
	g_autoptr(GError) error = NULL;

	if (env->submit(env->ctx, command, &error))
		return;
	hg_err(NULL, "channel.lost", "channel %s: the engine does not take a result: %s",
	       command->channel, error ? error->message : "no reason given");
	hg_command_free(command);
}

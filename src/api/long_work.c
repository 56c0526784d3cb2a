/* long_work.c - calls that take long: a thread, and lines of progress */
#include "long_work.h"

#include <string.h>

#define TELL_MS 250		/* between two lines */
#define RATE_MS 1000		/* before that a rate says nothing */

struct hg_long {
	hg_loop *loop;
	hg_readers *readers;
	hg_long_fn *fn;
	void *arg;
	GDestroyNotify free_arg;
	hg_stream *stream;		/* on the loop; NULL: it is closed */
	const struct hg_principal *who;	/* ours: a reference */
	gint unwanted;			/* atomic */
	GString *result;
	GError *error;
	/* its thread's own */
	gint64 told_ms, began_ms, began_at;
	char *stage;
};

/* ---- on the loop ---- */

struct line { hg_long *work; char *text; };

static void write_line(hg_long *work, const char *text)
{
	if (work->stream) {
		hg_stream_write(work->stream, text, strlen(text));
		hg_stream_write(work->stream, "\n", 1);
	}
}

static void line_posted(void *arg)
{
	struct line *line = arg;

	write_line(line->work, line->text);
	g_free(line->text);
	g_free(line);
}

static void work_free(hg_long *work)
{
	if (work->free_arg)
		work->free_arg(work->arg);
	hg_principal_unref(work->who);
	g_string_free(work->result, TRUE);
	g_clear_error(&work->error);
	g_free(work->stage);
	g_free(work);
}

static void write_problem(GString *out, const GError *error)
{
	g_autoptr(GString) problem = g_string_new(NULL);
	const char *word;
	int status;

	hg_asked_problem(error, &status, &word);
	hg_asked_refuse(problem, status, word, error->message, NULL);
	hg_json_add_raw(out, "error", problem->str);
}

static void work_over(void *arg)
{
	hg_long *work = arg;
	g_autoptr(GString) last = g_string_new(NULL);

	hg_json_open(last, '{');
	if (work->error)
		write_problem(last, work->error);
	else
		hg_json_add_raw(last, "result", work->result->len ? work->result->str : "{}");
	hg_json_close(last, '}');
	write_line(work, last->str);
	if (work->stream)
		hg_stream_finish(work->stream);
	work_free(work);
}

static void stream_closed(void *arg, enum hg_stream_end why)
{
	hg_long *work = arg;
	(void)why;

	work->stream = NULL;
	g_atomic_int_set(&work->unwanted, 1);
}

/* ---- on its thread ---- */

static void run(void *arg)
{
	hg_long *work = arg;

	work->fn(work, work->arg, work->result, &work->error);
}

static void begin_stage(hg_long *work, const char *stage, gint64 done, gint64 now_ms)
{
	g_free(work->stage);
	work->stage = g_strdup(stage);
	work->began_ms = now_ms;
	work->began_at = done;
}

static char *progress_line(const hg_long *work, gint64 done, gint64 of, gint64 now_ms)
{
	gint64 took_ms = now_ms - work->began_ms, rate = took_ms >= RATE_MS ? (done - work->began_at) * 1000 / took_ms : 0;
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "progress");
	hg_json_open(out, '{');
	hg_json_add_str(out, "stage", work->stage);
	hg_json_add_int(out, "done", done);
	hg_json_add_int(out, "of", of);
	if (rate > 0) {
		hg_json_add_int(out, "rate", rate);
		hg_json_add_int(out, "eta_s", MAX(of - done, 0) / rate);
	}
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}

gboolean hg_long_tell(hg_long *work, const char *stage, gint64 done, gint64 of)
{
	gint64 now_ms = hg_mono(hg_env_system());
	gboolean other = g_strcmp0(stage, work->stage) != 0;
	struct line *line;

	if (g_atomic_int_get(&work->unwanted) || hg_readers_ending(work->readers) ||
	    !hg_principal_holds(work->who, hg_now(hg_env_system())))
		return FALSE;
	if (!other && now_ms - work->told_ms < TELL_MS)
		return TRUE;
	if (other)
		begin_stage(work, stage, done, now_ms);
	work->told_ms = now_ms;
	line = g_new0(struct line, 1);
	line->work = work;
	line->text = progress_line(work, done, of, now_ms);
	hg_loop_post(work->loop, line_posted, line);
	return TRUE;
}

hg_store *hg_long_open(hg_long *work, GError **error)
{
	return hg_readers_open_slow(work->readers, error);
}

void hg_long_close(hg_long *work, hg_store *store)
{
	if (store)
		hg_readers_close_slow(work->readers, store);
}

/* ---- beginning ---- */

gboolean hg_long_begin(struct call *call, hg_long_fn *fn, void *arg, GDestroyNotify free_arg)
{
	static const char *const headers[] = { "X-Accel-Buffering: no", NULL };
	hg_long *work = g_new0(hg_long, 1);

	work->loop = call->api->loop;
	work->readers = call->api->readers;
	work->fn = fn;
	work->arg = arg;
	work->free_arg = free_arg;
	work->who = hg_principal_ref(call->who);
	work->result = g_string_new(NULL);
	if (!hg_readers_run_apart(work->readers, run, work_over, work, &call->error)) {
		work_free(work);
		return FALSE;
	}
	/* Its posts come to this loop, so none is here yet. */
	work->stream = hg_request_stream(g_steal_pointer(&call->req), &(struct hg_stream_head){
		.status = 200, .type = "application/x-ndjson", .headers = headers, .closed = stream_closed, .arg = work });
	hg_stream_write(work->stream, "\n", 1);		/* the head leaves at once */
	hg_call_finish(call);
	return TRUE;
}

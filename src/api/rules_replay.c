/* rules_replay.c - POST /v1/rules/replay: what was decided, judged again by the rules in force or by others, without effect
 *
 * On a thread of its own with a connection of its own, some decisions at a time, up to a number and a time. */
#include "long_work.h"
#include "replay.h"
#include "rules_call.h"

#include <string.h>

#include "env.h"

#define SINCE	     "7d"
#define PAGE	     200
#define DECISIONS_MAX 200000
#define TIME_MAX_MS  (60 * 1000)
#define SHOWN	     100
#define SHOWN_MAX    1000

struct work {
	hg_conf *conf;			/* ours: a reference */
	const struct hg_principal *who;	/* the same */
	char *text;			/* the rules that were given; or NULL */
	struct hg_asked_rules asked;	/* ours */
	gint64 since_ms, now_ms;
	guint shown;
};

static void work_free(void *arg)
{
	struct work *work = arg;

	hg_asked_rules_clear(&work->asked);
	hg_principal_unref(work->who);
	hg_conf_unref(work->conf);
	g_free(work->text);
	g_free(work);
}

/* ---- on its thread ---- */

struct replaying {
	const struct work *work;
	hg_long *run;
	hg_store *store;
	hg_replay *replay;
	hg_arena *arena;		/* of a page */
	gint64 after_n, last_n;		/* numbers of decisions: behind which it goes on; the newest there was */
	gint64 first_n, seen, until_ms;
	gint64 stop_ms;			/* by the monotonic clock */
};

static gboolean add_text(struct replaying *r, const hg_decision *decision, struct hg_facts *facts, GError **error)
{
	hg_message *message = NULL;

	if (!decision->message_n)
		return TRUE;
	if (!hg_store_message_get(r->store, r->arena, decision->message_n, &message, error))
		return FALSE;
	facts->text = message ? message->text : NULL;
	facts->headers = message ? hg_facts_headers(message->payload, r->arena) : NULL;
	return TRUE;
}

static gboolean take(struct replaying *r, const hg_decision *decision, GError **error)
{
	struct hg_replay_entry entry = { .action = decision->action, .rule = decision->rule, .at_ms = decision->at_ms };
	hg_thread *thread = NULL;
	struct hg_facts facts;

	if (!hg_store_thread_get(r->store, r->arena, decision->thread_n, &thread, error))
		return FALSE;
	if (!thread || !hg_principal_sees(r->work->who, thread->channel))
		return TRUE;
	entry.thread_id = thread->id;
	if (decision->facts && hg_facts_read(decision->facts, r->arena, &facts, NULL)) {
		if (!add_text(r, decision, &facts, error))
			return FALSE;
		entry.facts = &facts;
	}
	hg_replay_take(r->replay, &entry);
	return TRUE;
}

static gboolean wanted(struct replaying *r)
{
	return hg_mono(hg_env_system()) < r->stop_ms && r->seen < DECISIONS_MAX;
}

/* *ret_more: there may be another page.  FALSE with no error: nobody wants it any more. */
static gboolean take_page(struct replaying *r, gboolean *ret_more, GError **error)
{
	g_autoptr(GPtrArray) page = g_ptr_array_new();

	if (!hg_store_decision_after(r->store, r->arena, r->after_n, PAGE, page, error))
		return FALSE;
	*ret_more = page->len == PAGE;
	for (guint i = 0; i < page->len; i++) {
		const hg_decision *decision = g_ptr_array_index(page, i);

		if (!wanted(r)) {
			*ret_more = TRUE;
			return TRUE;
		}
		if (decision->thread_n && !take(r, decision, error))
			return FALSE;
		r->after_n = decision->n;
		r->until_ms = decision->at_ms;
		r->seen++;
	}
	return hg_long_tell(r->run, "decisions", r->after_n - r->first_n, MAX(r->last_n, r->after_n) - r->first_n);
}

static gboolean take_all(struct replaying *r, gboolean *ret_complete, GError **error)
{
	gboolean more = TRUE, fine = TRUE;

	while (more && fine && wanted(r)) {
		r->arena = hg_arena_new();
		fine = take_page(r, &more, error);
		hg_arena_free(r->arena);
	}
	*ret_complete = !more;
	return fine || (error && *error) || hg_fail(error, HG_ERROR_STATE, "ended before it was done");
}

static gboolean begin_at(struct replaying *r, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) newest = g_ptr_array_new();

	if (!hg_store_decision_since(r->store, r->work->since_ms, &r->first_n, error) ||
	    !hg_store_decision_before(r->store, arena, 0, 1, newest, error))
		return FALSE;
	r->after_n = r->first_n;
	r->last_n = newest->len ? ((const hg_decision *)g_ptr_array_index(newest, 0))->n : r->first_n;
	return TRUE;
}

static void write_result(const struct replaying *r, gboolean complete, GString *out)
{
	struct hg_replay_result result;

	hg_replay_end(r->replay, complete ? r->work->now_ms : r->until_ms);
	hg_replay_get(r->replay, &result);
	hg_json_open(out, '{');
	hg_json_add_time(out, "since", r->work->since_ms);
	hg_json_add_time(out, "until", complete ? r->work->now_ms : r->until_ms);
	hg_json_add_bool(out, "complete", complete);
	hg_replay_write(&result, r->work->shown, out);
	hg_json_close(out, '}');
}

static void replay(hg_long *run, void *arg, GString *result, GError **error)
{
	const struct work *work = arg;
	g_autoptr(hg_replay) made = hg_replay_new(work->conf, work->asked.rules);
	struct replaying r = { .work = work, .run = run, .replay = made, .stop_ms = hg_mono(hg_env_system()) + TIME_MAX_MS };
	gboolean complete;

	r.store = hg_long_open(run, error);
	if (r.store && begin_at(&r, error) && take_all(&r, &complete, error) && !*error)
		write_result(&r, complete, result);
	hg_long_close(run, r.store);
}

/* ---- before it ---- */

/* On a reader: whether the rules are rules is said before anything is begun. */
static void compile(hg_store *store, void *arg)
{
	struct call *call = arg;
	struct work *work = call->extra;
	(void)store;

	hg_call_rules(call, work->text, &work->asked);
}

static void compiled(void *arg)
{
	struct call *call = arg;

	if (call->error) {
		hg_call_finish(call);
		return;
	}
	call->extra_free = NULL;	/* the long work frees it */
	if (!hg_long_begin(call, replay, g_steal_pointer(&call->extra), work_free))
		hg_call_finish(call);
}

static gboolean read_asked(struct call *call, struct work *work)
{
	static const struct call_member known[] = { { "since", CALL_TEXT, 40 }, { "rules", CALL_TEXT, HG_RULES_TEXT_MAX },
		{ "limit", CALL_NUMBER, 0 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	const char *since = hg_json_str(body, "since");
	gint64 limit = hg_json_int(body, "limit", SHOWN);

	if (!body || !hg_call_moment(call, "since", since ? since : SINCE, utc, &work->since_ms))
		return FALSE;
	if (limit < 1 || limit > SHOWN_MAX)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"limit\" is 1 to %d", SHOWN_MAX);
	work->shown = (guint)limit;
	work->text = g_strdup(hg_json_str(body, "rules"));
	return TRUE;
}

void hg_rules_replay_call(struct call *call)
{
	struct work *work = g_new0(struct work, 1);

	work->conf = hg_conf_ref(call->conf);
	work->who = hg_principal_ref(call->who);
	work->now_ms = hg_api_now(call->api);
	call->extra = work;
	call->extra_free = work_free;
	if (!read_asked(call, work) || !hg_readers_run(call->api->readers, compile, compiled, call, &call->error))
		hg_call_finish(call);
}

/* threads.c - GET /v1/threads: lists of conversations, by what they are and by what was said in them */
#include <string.h>
#include "call.h"
#include "payload.h"

#define PAGE	 50
#define PAGE_MAX 500

static int state_of_word(const char *word)
{
	for (int state = HG_THREAD_OPEN; state <= HG_THREAD_CONVERTED; state++)
		if (strcmp(word, hg_thread_state_word(state)) == 0)
			return state;
	return 0;
}

/* 1: true, -1: false, 0: it is not there. */
static gboolean read_yes_no(struct call *call, const char *key, int *ret)
{
	const char *word = hg_request_query(call->req, key);

	*ret = !word ? 0 : strcmp(word, "true") == 0 ? 1 : strcmp(word, "false") == 0 ? -1 : 2;
	return *ret != 2 || hg_fail(&call->error, HG_ERROR_INPUT, "%s=%.20s: true or false is wanted", key, word);
}

gboolean hg_call_time(struct call *call, const char *key, gint64 *ret)
{
	const char *text = hg_request_query(call->req, key);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

	return !text || hg_call_moment(call, key, text, utc, ret);
}

gboolean hg_call_thread_query(struct call *call, struct hg_thread_query *ret)
{
	const struct { const char *key, **into; } texts[] = { { "contact", &ret->contact_id }, { "channel", &ret->channel },
		{ "tag", &ret->tag }, { "queue", &ret->queue }, { "assignee", &ret->assignee }, { "category", &ret->category },
		{ "priority", &ret->priority } };
	const char *state = hg_request_query(call->req, "state");
	int waiting;

	*ret = (struct hg_thread_query){ .channels = (const char *const *)call->who->channels };
	ret->limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE) + 1;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i].into = hg_request_query(call->req, texts[i].key);
	if (call->error || !hg_call_shadow(call, &ret->shadow) || !read_yes_no(call, "has_ticket", &ret->has_ticket) ||
	    !read_yes_no(call, "waiting", &waiting) || !hg_call_time(call, "since", &ret->since_ms) ||
	    !hg_call_time(call, "until", &ret->until_ms))
		return FALSE;
	ret->waiting = waiting > 0;
	return !state || (ret->state = state_of_word(state)) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: open, closed or converted is wanted", state);
}

static gboolean read_before(struct call *call, hg_store *store, struct hg_thread_query *query)
{
	const char *before = hg_request_query(call->req, "before");
	hg_thread *last = NULL;

	if (!before)
		return TRUE;
	if (!hg_store_thread_by_id(store, call->arena, before, &last, &call->error))
		return FALSE;
	/* The place of a page may be one of another channel's: it only says where to go on. */
	if (!last)
		return hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such thread", before);
	query->before_n = last->n;
	return TRUE;
}

static gboolean write_thread(struct call *call, hg_store *store, const hg_thread *thread)
{
	struct hg_payload payload;

	return hg_call_payload(call, store, thread, &payload) && hg_payload_thread(&payload, call->out, &call->error);
}

/* Where the next page begins: behind the last shown, or behind the last looked at. */
static gboolean write_next(struct call *call, hg_store *store, const hg_thread *last, gint64 looked_n)
{
	hg_thread *looked = NULL;

	if (looked_n && !hg_store_thread_get(store, call->arena, looked_n, &looked, &call->error))
		return FALSE;
	hg_json_opt_str(call->out, "next", looked ? looked->id : last ? last->id : NULL);
	return TRUE;
}

void hg_read_threads(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	struct hg_thread_query query;
	gint64 looked_n;
	guint shown;

	if (hg_request_query(call->req, "q")) {
		hg_read_search_as(call, store, hg_request_query(call->req, "q"), TRUE);
		return;
	}
	if (!hg_call_thread_query(call, &query) || !read_before(call, store, &query) ||
	    !hg_store_thread_find(store, call->arena, &query, threads, &looked_n, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "threads");
	hg_json_open(call->out, '[');
	shown = MIN(threads->len, query.limit - 1);
	for (guint i = 0; i < shown; i++)
		if (!write_thread(call, store, g_ptr_array_index(threads, i)))
			return;
	hg_json_close(call->out, ']');
	if (write_next(call, store, threads->len > shown ? g_ptr_array_index(threads, shown - 1) : NULL, looked_n))
		hg_json_close(call->out, '}');
}

/* explain.c - why headgate decided what it did, and all it decided on, for judging it again */
#include <string.h>
#include "call.h"
#include "explain.h"
#include "rules.h"
#include "text.h"

#define PAGE 50
#define PAGE_MAX 500

void hg_read_explain_thread(struct call *call, hg_store *store)
{
	hg_thread *thread = NULL;

	if (!hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error))
		return;
	if (thread)
		hg_explain_thread(store, call->arena, thread, call->out, &call->error);
	else
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no thread \"%.40s\"", call->param[0]);
}

void hg_read_explain_message(struct call *call, hg_store *store)
{
	hg_message *message = NULL;

	if (!hg_store_message_by_id(store, call->arena, call->param[0], &message, &call->error))
		return;
	if (message)
		hg_explain_message(store, call->arena, message, call->out, &call->error);
	else
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no message \"%.40s\"", call->param[0]);
}

/* ---- all decisions, with what they were made on ---- */

static gboolean write_decision(struct call *call, hg_store *store, const hg_decision *decision)
{
	hg_message *message = NULL;
	GString *out = call->out;
	const char *headers;

	hg_json_open(out, '{');
	hg_json_add_int(out, "number", decision->n);	/* ?after= of those that follow */
	hg_json_add_time(out, "at", decision->at_ms);
	hg_json_add_str(out, "on", decision->on);
	hg_json_add_str(out, "action", decision->action);
	hg_json_add_str(out, "rule", decision->rule);
	hg_json_add_str(out, "config_hash", decision->config_hash);
	if (!hg_call_add_about(call, store, decision->thread_n, decision->message_n, &message))
		return FALSE;
	hg_json_opt_str(out, "text", message ? message->text : NULL);
	headers = message ? hg_facts_headers(message->payload, call->arena) : NULL;
	if (headers)
		hg_json_add_raw(out, "headers", headers);
	hg_json_add_raw(out, "facts", decision->facts);
	hg_json_close(out, '}');
	return TRUE;
}

/* after is next of the page before; since counts while there is none. */
static gboolean page_begin(struct call *call, hg_store *store, gint64 *ret_after_n)
{
	const char *since = hg_request_query(call->req, "since");
	gint64 since_ms = since ? hg_time_parse(since) : 0;

	*ret_after_n = hg_call_number(call, "after", 0, G_MAXINT64, 0);
	if (call->error)
		return FALSE;
	if (since_ms < 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "since=%.40s: a time such as 2026-11-20T10:02:11Z is wanted",
			       since);
	return *ret_after_n || !since || hg_store_decision_since(store, since_ms, ret_after_n, &call->error);
}

struct decision_query { gint64 n; guint limit; gboolean newest; };	/* n: after or, of the newest first, before it */

static gboolean query_begin(struct call *call, hg_store *store, struct decision_query *query)
{
	const char *order = hg_request_query(call->req, "order");

	query->newest = g_strcmp0(order, "newest") == 0;
	if (order && !query->newest && strcmp(order, "oldest") != 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "order=%.20s: oldest or newest is wanted", order);
	if (!query->newest && hg_request_query(call->req, "before"))
		return hg_fail(&call->error, HG_ERROR_INPUT, "before= goes with order=newest");
	if (!query->newest)
		return page_begin(call, store, &query->n);
	query->n = hg_call_number(call, "before", 1, G_MAXINT64, 0);
	return !call->error;
}

static gboolean fetch(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct decision_query *query = arg;

	if (!(query->newest ? hg_store_decision_before : hg_store_decision_after)(store, call->arena, query->n, query->limit,
										  rows, &call->error))
		return FALSE;
	if (rows->len)
		query->n = ((const hg_decision *)g_ptr_array_index(rows, rows->len - 1))->n;
	return TRUE;
}

static gboolean sees(struct call *call, hg_store *store, gconstpointer row)
{
	return hg_may_thread(call, store, ((const hg_decision *)row)->thread_n);
}

void hg_read_decisions(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) decisions = g_ptr_array_new();
	guint limit = (guint)hg_call_number(call, "limit", 1, PAGE_MAX, PAGE), shown;
	struct decision_query query = { .limit = limit + 1 };
	const struct hg_page page = { .want = limit + 1, .fetch = fetch, .sees = sees, .query = &query };
	const hg_decision *last;
	gconstpointer cut;

	if (call->error || !query_begin(call, store, &query) || !hg_page_fill(call, store, &page, decisions, &cut))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "decisions");
	hg_json_open(call->out, '[');
	shown = MIN(decisions->len, limit);
	for (guint i = 0; i < shown; i++)
		if (!write_decision(call, store, g_ptr_array_index(decisions, i)))
			return;
	hg_json_close(call->out, ']');
	last = decisions->len > shown ? g_ptr_array_index(decisions, shown - 1) : cut;
	if (last) {
		g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, last->n);

		hg_json_add_str(call->out, "next", next);
	}
	hg_json_close(call->out, '}');
}

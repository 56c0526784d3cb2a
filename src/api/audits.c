/* audits.c - GET /v1/audit: who did what, newest first; GET /v1/audit/verify: that nobody has changed it since */
#include <string.h>
#include "call.h"
#include "text.h"

#define ROWS	  100
#define ROWS_MOST 500

/* ---- the list ---- */

static gboolean read_moment(struct call *call, const char *key, gint64 *ret)
{
	const char *text = hg_request_query(call->req, key);
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();

	*ret = 0;
	return !text || hg_call_moment(call, key, text, utc, ret);
}

static gboolean list_query(struct call *call, hg_store *store, struct hg_audit_query *ret)
{
	const char *before = hg_request_query(call->req, "before");
	hg_audit *last = NULL;

	*ret = (struct hg_audit_query){ .limit = (guint)hg_call_number(call, "limit", 1, ROWS_MOST, ROWS) + 1,
		.principal = hg_request_query(call->req, "principal"), .action = hg_request_query(call->req, "action"),
		.object = hg_request_query(call->req, "object") };
	if (call->error || !read_moment(call, "since", &ret->since_ms) || !read_moment(call, "until", &ret->until_ms))
		return FALSE;
	if (before && !hg_store_audit_by_id(store, call->arena, before, &last, &call->error))
		return FALSE;
	ret->before_n = last ? last->n : 0;
	return !before || last || hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such row (any more)", before);
}

static void write_row(GString *out, const hg_audit *audit)
{
	g_autofree char *hash = hg_hex(audit->hash, audit->hash_len);

	hg_json_open(out, '{');
	hg_json_add_str(out, "id", audit->id);
	hg_json_add_int(out, "number", audit->n);
	hg_json_add_time(out, "at", audit->at_ms);
	hg_json_add_str(out, "principal", audit->principal);
	hg_json_add_str(out, "capacity", audit->capacity);
	hg_json_add_str(out, "action", audit->action);
	hg_json_key(out, "object");
	hg_json_open(out, '{');
	hg_json_add_str(out, "kind", audit->kind);
	hg_json_add_str(out, "id", audit->object);
	hg_json_close(out, '}');
	hg_json_add_str(out, "outcome", audit->outcome);
	hg_json_add_str(out, "request", audit->request);
	hg_json_add_str(out, "source", audit->source);
	hg_json_add_raw(out, "facts", audit->facts);
	hg_json_add_str(out, "hash", hash);
	hg_json_close(out, '}');
}

void hg_read_audits(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct hg_audit_query query;
	guint shown;

	if (!list_query(call, store, &query) || !hg_store_audit_list(store, call->arena, &query, rows, &call->error))
		return;
	shown = MIN(rows->len, query.limit - 1);
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "audits");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < shown; i++)
		write_row(call->out, g_ptr_array_index(rows, i));
	hg_json_close(call->out, ']');
	if (rows->len > shown)
		hg_json_add_str(call->out, "next", ((const hg_audit *)g_ptr_array_index(rows, shown - 1))->id);
	hg_json_close(call->out, '}');
}

/* ---- the chain: on a connection of its own, for it may take longer than a read may; one at a time ---- */

static void write_check(GString *out, const struct hg_audit_check *check)
{
	g_autofree char *text = hg_audit_break_text(check);

	hg_json_open(out, '{');
	hg_json_add_bool(out, "whole", !check->broken);
	hg_json_add_int(out, "rows", check->rows);
	hg_json_add_int(out, "expired", check->expired);
	hg_json_add_time(out, "since", check->first_ms);
	hg_json_add_int(out, "last", check->last_n);
	hg_json_add_str(out, "head", check->head);
	hg_json_key(out, "break");
	if (!check->broken) {
		hg_json_put_raw(out, NULL);
	} else {
		hg_json_open(out, '{');
		hg_json_add_int(out, "number", check->broken_n);
		hg_json_add_str(out, "id", *check->broken_id ? check->broken_id : NULL);
		hg_json_add_str(out, "what", text);
		hg_json_close(out, '}');
	}
	hg_json_close(out, '}');
}

void hg_read_audit_verify(struct call *call, hg_store *store)
{
	struct hg_audit_check check;
	hg_store *own;

	(void)store;
	if (!g_atomic_int_compare_and_exchange(&call->api->auditing, 0, 1)) {
		hg_fail(&call->error, HG_ERROR_BUSY, "an audit is under way already");
		return;
	}
	own = hg_readers_open_slow(call->api->readers, &call->error);
	if (own && hg_store_audit_verify(own, &check, &call->error))
		write_check(call->out, &check);
	hg_readers_close_slow(call->api->readers, own);
	g_atomic_int_set(&call->api->auditing, 0);
}

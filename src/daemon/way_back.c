/* way_back.c - what the ways back of helpdesks say of themselves, in status and metrics */
#include "parts.h"

#include "json.h"
#include "metrics_text.h"

static const struct { const char *word; gsize offset; } counts[] = {
	{ "requests", offsetof(struct hg_backs_state, requests) },
	{ "forged", offsetof(struct hg_backs_state, forged) },
	{ "unreadable", offsetof(struct hg_backs_state, unreadable) },
	{ "busy", offsetof(struct hg_backs_state, busy) },
	{ "items", offsetof(struct hg_backs_state, items) },
	{ "own", offsetof(struct hg_backs_state, own) },
	{ "ignored", offsetof(struct hg_backs_state, ignored) },
	{ "unmatched", offsetof(struct hg_backs_state, unmatched) },
	{ "odd", offsetof(struct hg_backs_state, odd) },
	{ "new", offsetof(struct hg_backs_state, heard) },
	{ "known", offsetof(struct hg_backs_state, known) },
	{ "polls", offsetof(struct hg_backs_state, polls) },
	{ "polls_failed", offsetof(struct hg_backs_state, polls_failed) },
	{ "found_by_poll", offsetof(struct hg_backs_state, found_by_poll) },
	{ "files", offsetof(struct hg_backs_state, files) },
	{ "files_missing", offsetof(struct hg_backs_state, files_missing) },
};

void hg_gateway_back_status(hg_gateway *gateway, guint n, GString *out)
{
	struct hg_backs_state state;

	if (!hg_backs_state(gateway->backs, n, &state) || (!state.hook && !state.poll && !state.requests))
		return;
	hg_json_key(out, "back");
	hg_json_open(out, '{');
	hg_json_add_bool(out, "hook", state.hook);
	hg_json_add_bool(out, "poll", state.poll);
	hg_json_add_time(out, "last_heard", state.last_heard_ms);
	hg_json_add_time(out, "last_poll", state.last_poll_ms);
	hg_json_opt_str(out, "poll_error", state.poll_error);
	hg_json_opt_str(out, "odd_why", state.odd_why);
	hg_json_key(out, "counted");
	hg_json_open(out, '{');
	for (gsize i = 0; i < G_N_ELEMENTS(counts); i++)
		if (G_STRUCT_MEMBER(guint64, &state, counts[i].offset))
			hg_json_add_int(out, counts[i].word, (gint64)G_STRUCT_MEMBER(guint64, &state, counts[i].offset));
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

void hg_gateway_back_metrics(hg_gateway *gateway, GString *out)
{
	struct hg_backs_state state;

	hg_metric_head(out, "headgate_backend_heard_total", "counter", "What hooks and polls of helpdesks told, by what became of it.");
	for (guint n = 0; hg_backs_state(gateway->backs, n, &state); n++)
		for (gsize i = 0; (state.hook || state.poll) && i < G_N_ELEMENTS(counts); i++)
			hg_metric_int(out, "headgate_backend_heard_total",
				      (const char *const[]){ "backend", state.backend, "what", counts[i].word, NULL },
				      (gint64)G_STRUCT_MEMBER(guint64, &state, counts[i].offset));
	hg_metric_head(out, "headgate_backend_poll_failing", "gauge", "Did the last poll of the helpdesk fail?");
	for (guint n = 0; hg_backs_state(gateway->backs, n, &state); n++)
		if (state.poll)
			hg_metric_int(out, "headgate_backend_poll_failing", (const char *const[]){ "backend", state.backend, NULL },
				      state.poll_error != NULL);
}

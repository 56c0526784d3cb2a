/* consent.c - who wants no messages: looked at, and noted for somebody who said so elsewhere */
#include <string.h>

#include "call.h"
#include "payload.h"
#include "text.h"

#define SHOWN	    100
#define SHOWN_MOST  500
#define ADDRESS_MAX 512
#define WORD_MAX    200
#define REASON_MAX  1000

/* ---- looking ---- */

#define AFTER_PARTS 3

/* Three texts, each escaped, slashes between. */
static const char *after(struct call *call, const hg_consent *last)
{
	const char *const parts[AFTER_PARTS] = { last->uri, last->channel, last->ours };
	g_autoptr(GString) key = g_string_new(NULL);

	for (gsize i = 0; i < AFTER_PARTS; i++) {
		g_autofree char *part = g_uri_escape_string(parts[i], NULL, FALSE);

		g_string_append_printf(key, "%s%s", i ? "/" : "", part);
	}
	return hg_arena_str(call->arena, key->str);
}

static gboolean read_after(struct call *call, struct hg_consent_query *query)
{
	const char *text = hg_request_query(call->req, "after");
	const char **into[AFTER_PARTS] = { &query->after_uri, &query->after_channel, &query->after_ours };
	g_auto(GStrv) parts = text ? g_strsplit(text, "/", AFTER_PARTS + 1) : NULL;
	gboolean fine = parts && g_strv_length(parts) == AFTER_PARTS;

	for (gsize i = 0; fine && i < AFTER_PARTS; i++) {
		g_autofree char *part = g_uri_unescape_string(parts[i], NULL);

		fine = part && g_utf8_validate(part, -1, NULL);
		*into[i] = fine ? hg_arena_str(call->arena, part) : NULL;
	}
	return !text || fine ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"after\" is what \"next\" of the page before says");
}

static gboolean read_query(struct call *call, struct hg_consent_query *ret)
{
	const char *state = hg_request_query(call->req, "state");

	*ret = (struct hg_consent_query){ .channel = hg_request_query(call->req, "channel"),
					  .limit = (guint)hg_call_number(call, "limit", 1, SHOWN_MOST, SHOWN) + 1 };
	for (int wish = HG_WISH_START; state && wish <= HG_WISH_STOP; wish++)
		if (strcmp(state, hg_wish_word(wish)) == 0)
			ret->state = wish;
	if (state && !ret->state)
		return hg_fail(&call->error, HG_ERROR_INPUT, "state=%.20s: stop or start is wanted", state);
	return !call->error && read_after(call, ret);
}

static gboolean suits(const hg_consent *consent, const struct hg_consent_query *query)
{
	return consent->state && (!query->state || consent->state == query->state);
}

static gboolean sees(struct call *call, hg_store *store G_GNUC_UNUSED, gconstpointer row)
{
	return hg_may_channel(call, ((const hg_consent *)row)->channel);
}

static gboolean fetch(struct call *call, hg_store *store, void *arg, GPtrArray *rows)
{
	struct hg_consent_query *query = arg;
	const hg_consent *last;

	if (!hg_store_consent_list(store, call->arena, query, rows, &call->error))
		return FALSE;
	if (!rows->len)
		return TRUE;
	last = g_ptr_array_index(rows, rows->len - 1);
	query->after_uri = last->uri;
	query->after_channel = last->channel;
	query->after_ours = last->ours;
	return TRUE;
}

/* Of one address all, else a page of everybody's. */
static gboolean read_rows(struct call *call, hg_store *store, struct hg_consent_query *query, GPtrArray *rows,
			  gconstpointer *ret_cut)
{
	const struct hg_page page = { .want = query->limit, .fetch = fetch, .sees = sees, .query = query };
	const char *address = hg_request_query(call->req, "address");

	*ret_cut = NULL;
	if (!address)
		return hg_page_fill(call, store, &page, rows, ret_cut);
	if (!hg_store_consent_of(store, call->arena, address, query->channel, rows, &call->error))
		return FALSE;
	for (guint i = rows->len; i > 0; i--)
		if (!suits(g_ptr_array_index(rows, i - 1), query) || !sees(call, store, g_ptr_array_index(rows, i - 1)))
			g_ptr_array_remove_index(rows, i - 1);
	return TRUE;
}

void hg_read_consent(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	struct hg_consent_query query;
	const hg_consent *last;
	gconstpointer cut;
	guint shown;

	if (!read_query(call, &query) || !read_rows(call, store, &query, rows, &cut))
		return;
	shown = MIN(rows->len, query.limit - 1);
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "consents");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < shown; i++)
		hg_consent_write(g_ptr_array_index(rows, i), call->out);
	hg_json_close(call->out, ']');
	last = rows->len > shown ? g_ptr_array_index(rows, shown - 1) : cut;
	if (last)
		hg_json_add_str(call->out, "next", after(call, last));
	hg_json_close(call->out, '}');
}

/* ---- noting ---- */

static gboolean is_address(const char *uri)
{
	return uri && strchr(uri, ':') && strlen(uri) <= ADDRESS_MAX && hg_text_printable(uri) && !strpbrk(uri, " \t");
}

gboolean hg_write_consent(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "address", CALL_TEXT, ADDRESS_MAX }, { "channel", CALL_TEXT, WORD_MAX },
		{ "our_address", CALL_TEXT, ADDRESS_MAX }, { "state", CALL_TEXT, WORD_MAX },
		{ "reason", CALL_TEXT, REASON_MAX }, { "agent", CALL_TEXT, WORD_MAX }, { 0 } };
	const struct { const char *key; const char **into; } texts[] = { { "address", &command->text },
		{ "channel", &command->channel }, { "our_address", &command->number }, { "state", &command->status },
		{ "reason", &command->subject }, { "agent", &command->agent } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	if (!body)
		return FALSE;
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		*texts[i].into = hg_arena_str(command->arena, hg_json_str(body, texts[i].key));
	if (!is_address(command->text) || (command->number && !is_address(command->number)))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"address\" (and \"our_address\", where it is about one of ours "
			       "alone) is a URI as in a thread: tel:+447700900123");
	if (!command->channel || !hg_conf_channel(call->conf, command->channel))
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"channel\" names no channel of the configuration");
	return g_strcmp0(command->status, "stop") == 0 || g_strcmp0(command->status, "start") == 0 ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"state\" is stop or start");
}

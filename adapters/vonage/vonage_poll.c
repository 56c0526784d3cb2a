/* vonage_poll.c - asking the Reports API for messages that did not arrive
 *
 * Source: Vonage, Reports API v2, "Load records synchronously" and "How to handle pagination": a window of at most 24
 * hours, a page of 1000 records, cursor and iv for the next.  Records appear some minutes late, so each look begins
 * before the end of the last one; what is known already is dropped by its id. */
#include <string.h>

#include "api_url.h"
#include "json.h"
#include "params.h"
#include "text.h"
#include "vonage_read.h"

#define DAY_MS	   G_GINT64_CONSTANT(86400000)
#define OVERLAP_MS G_GINT64_CONSTANT(1800000)
#define BACK_MS	   (30 * DAY_MS)	/* nothing older is asked for */
#define PAGES_MAX  1000			/* of one window */
#define REPLY_MAX  (16 * 1024 * 1024)

struct page {			/* one answer being stored */
	struct vonage *v;
	struct hg_gather gather;
	char *next;			/* ours: the query of the page behind it; or NULL */
};

void vonage_poll_end(struct vonage *v)
{
	g_clear_pointer(&v->look.page, g_free);
	v->look.under_way = false;
}

static void done(struct vonage *v, gboolean more)
{
	if (!more)
		vonage_poll_end(v);
	v->host->polled(v->ch, more);
}

/* ---- where a look goes ---- */

static gint64 cursor_of(const struct vonage *v)
{
	return hg_number_of(v->host->cursor(v->ch), 0);
}

static void begin(struct vonage *v, gint64 since_ms)
{
	gint64 now_ms = v->host->now_ms(v->ch), from_ms = since_ms;

	if (!since_ms)
		from_ms = (cursor_of(v) ? cursor_of(v) : now_ms) - OVERLAP_MS;
	v->look.under_way = true;
	v->look.moves = !since_ms;
	v->look.end_ms = now_ms;
	v->look.from_ms = CLAMP(from_ms, now_ms - BACK_MS, now_ms);
	v->look.to_ms = MIN(v->look.from_ms + DAY_MS, now_ms);
	v->look.pages = 0;
}

/* The next page, the next day, or the end. */
static gboolean advance(struct vonage *v, char **next)
{
	g_clear_pointer(&v->look.page, g_free);
	v->look.page = g_steal_pointer(next);
	if (v->look.page && ++v->look.pages < PAGES_MAX)
		return TRUE;
	g_clear_pointer(&v->look.page, g_free);
	v->look.pages = 0;
	v->look.from_ms = v->look.to_ms;
	v->look.to_ms = MIN(v->look.from_ms + DAY_MS, v->look.end_ms);
	return v->look.from_ms < v->look.end_ms;
}

/* ---- what is in it ---- */

static void read_record(struct vonage *v, struct hg_gather *gather, struct json_object *record)
{
	const char *id = hg_json_word(record, "message_id"), *from = hg_json_word(record, "from");
	const char *channel = hg_json_word(record, "channel"), *text = hg_json_word(record, "message_body");
	struct hg_in *in;

	if (!channel)
		channel = hg_json_word(record, "provider");
	if (!id || !text || !hg_gather_number(gather, from, v->conf->country))
		return;		/* nothing that could be shown, or told from what is known */
	in = hg_gather_in(gather, HG_TEXT);
	in->id = hg_gather_str(gather, id);
	hg_gather_from(gather, in, from, "vonage", v->conf->country);
	in->to = vonage_our_address(gather, vonage_is_messages(v->conf) ? channel : NULL, hg_json_word(record, "to"),
				    v->conf->country);
	in->text = hg_gather_str(gather, text);
	in->sent_ms = hg_time_of(hg_json_word(record, "date_received"));
}

static char *next_of(struct json_object *root)
{
	const char *status = hg_json_word(root, "request_status");
	const char *cursor = hg_json_word(root, "cursor"), *iv = hg_json_word(root, "iv");
	GString *query;

	if (!status || strcmp(status, "TRUNCATED") != 0 || !cursor || !iv)
		return NULL;
	query = g_string_new(NULL);
	hg_params_add(query, "cursor", cursor);
	hg_params_add(query, "iv", iv);
	return g_string_free(query, FALSE);
}

static void stored(void *arg, int stored)
{
	struct page *page = arg;
	struct vonage *v = page->v;
	gboolean more = stored == HG_STORED && advance(v, &page->next);

	if (stored != HG_STORED)
		v->host->log(v->ch, 2, "poll.later", "the store has no room for what Vonage has; it is asked again");
	hg_gather_done(&page->gather);
	g_free(page->next);
	g_free(page);
	done(v, more);
}

static void take(struct vonage *v, struct json_object *root)
{
	struct json_object *records = hg_json_arr(root, "records");
	struct page *page = g_new0(struct page, 1);
	g_autofree char *cursor = NULL;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(struct hg_in) };

	page->v = v;
	page->next = next_of(root);
	hg_gather_init(&page->gather, v->host, v->ch);
	for (gsize i = 0; records && i < MIN(json_object_array_length(records), 1000); i++)
		read_record(v, &page->gather, json_object_array_get_idx(records, i));
	batch.n_in = page->gather.in->len;
	batch.in = (const struct hg_in *)(void *)page->gather.in->data;
	if (v->look.moves && !page->next) {	/* the window is done: never again before its end */
		cursor = g_strdup_printf("%" G_GINT64_FORMAT, v->look.to_ms);
		batch.cursor = cursor;
	}
	v->host->emit(v->ch, &batch, stored, page);
}

/* ---- asking ---- */

static void failed(struct vonage *v, const struct hg_http_answer *answer)
{
	gboolean denied = answer->status == 401 || answer->status == 403;

	if (!denied || !v->look.denied)
		v->host->log(v->ch, 2, "poll.failed", "Vonage's Reports API answered %d%s%s%s", answer->status,
			     answer->error ? ": " : "", answer->error ? answer->error : "",
			     denied ? ": the account may not use it; say ask_back: off, or ask Vonage's support" : "");
	v->look.denied = denied;
	done(v, FALSE);
}

static void answered(void *arg, const struct hg_http_answer *answer)
{
	struct vonage *v = arg;
	struct hg_err err = { 0 };
	struct json_object *root = answer->status == 200 ? v->host->json(answer->len ? answer->body : "", answer->len, &err)
							 : NULL;

	if (root) {
		v->look.denied = false;
		take(v, root);
	} else {
		failed(v, answer);
	}
	json_object_put(root);
}

static void add_time(GString *url, const char *name, gint64 at_ms)
{
	char text[HG_TIME_SIZE];

	hg_params_add(url, name, hg_time(at_ms, text));
}

static char *url_of(const struct vonage *v)
{
	g_autofree char *base = hg_api_url(v->conf->api_url, "v2/reports/records?");
	GString *url = g_string_new(base);

	hg_params_add(url, "account_id", v->conf->api_key);
	hg_params_add(url, "product", vonage_is_messages(v->conf) ? "MESSAGES" : "SMS");
	hg_params_add(url, "direction", "inbound");
	hg_params_add(url, "include_message", "true");
	add_time(url, "date_start", v->look.from_ms);
	add_time(url, "date_end", v->look.to_ms);
	if (v->look.page)
		g_string_append_printf(url, "&%s", v->look.page);
	return g_string_free(url, FALSE);
}

void vonage_poll(void *state, int64_t since_ms)
{
	struct vonage *v = state;
	g_autofree char *auth = vonage_basic(v->conf), *url = NULL;
	const char *headers[] = { "Accept: application/json", auth, NULL };
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .headers = headers, .timeout_ms = v->conf->timeout, .max_reply = REPLY_MAX,
	};

	if (strcmp(v->conf->ask_back, "on") != 0 || !auth) {
		v->host->polled(v->ch, false);
		return;
	}
	if (!v->look.under_way)
		begin(v, since_ms);
	url = url_of(v);
	get.url = url;
	v->host->http(v->ch, &get, answered, v);
}

/* telnyx_poll.c - asking back: what was sent to us while we could not be reached
 *
 * Sources: Telnyx, "Detail records" (newest first, in pages, without the text), "Retrieve a message" (of the last ten
 * days).  A poll takes a page of records, each further one a message of it; the cursor moves when the round is over. */
#include "telnyx_poll.h"

#include <string.h>

#include "arena.h"
#include "json.h"
#include "telnyx.h"
#include "telnyx_read.h"
#include "telnyx_send.h"
#include "text.h"

#define PAGE_SIZE  50
#define PAGES_MAX  200			/* of a round */
#define OVERLAP_MS (30 * 60 * 1000)	/* records lag behind, and clocks differ */
#define KNOWN_MS   INT64_C(518400000)	/* six days: ids are known for seven */

static gint64 cursor_ms(struct telnyx *t)
{
	const char *text = t->host->cursor(t->ch);
	g_autoptr(json_object) cursor = *text ? hg_json_parse(text, strlen(text), NULL, NULL) : NULL;

	return hg_json_int(cursor, "since", 0);
}

/* Since when?  The overlap is left out where what lies in it may be forgotten already.  A channel that is new asks for
 * nothing: what came before is not headgate's. */
static void begin(struct telnyx *t, gint64 since_ms)
{
	gint64 now = t->host->now_ms(t->ch), cursor = cursor_ms(t);

	g_ptr_array_set_size(t->wanted, 0);
	t->since_ms = since_ms;
	t->page = 1;
	t->last = FALSE;
	t->newest_ms = cursor > 0 ? cursor : now;
	if (since_ms > 0)
		t->until_ms = MAX(since_ms, now - KNOWN_MS);
	else if (cursor > 0)
		t->until_ms = cursor - (now - cursor < KNOWN_MS ? OVERLAP_MS : 0);
	else
		t->until_ms = now;
}

static void give_up(struct telnyx *t)
{
	t->page = 0;
	g_ptr_array_set_size(t->wanted, 0);
	t->host->polled(t->ch, false);
}

static void ask(struct telnyx *t, const char *path, hg_http_done_fn *done)
{
	g_autofree char *auth = telnyx_auth(t->conf), *url = telnyx_url(t->conf, path);
	const char *headers[] = { auth, "Accept: application/json", NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = url, .headers = headers,
				    .timeout_ms = t->conf->timeout, .max_reply = 4 << 20 };

	t->host->http(t->ch, &get, done, t);
}

/* ---- a page of records ---- */

static gboolean is_wanted(struct telnyx *t, struct json_object *record)
{
	const char *direction = hg_json_str(record, "direction"), *to = hg_json_str(record, "cld");
	const char *profile = hg_json_str(record, "profile_id");
	g_autoptr(hg_arena) arena = hg_arena_new();

	if (!hg_json_str(record, "uuid") || !direction || strcmp(direction, "inbound") != 0)
		return FALSE;
	return (profile && t->conf->profile && !strcmp(profile, t->conf->profile)) ||
	       telnyx_is_ours(t->conf, telnyx_address(t->conf, to, arena));
}

static gboolean is_id(const char *text)
{
	return *text && strlen(text) <= 64 && !text[strspn(text, "0123456789abcdefABCDEF-")];
}

static void read_records(struct telnyx *t, struct json_object *list)
{
	gsize n = MIN(json_object_array_length(list), 4 * PAGE_SIZE);

	t->last = n < PAGE_SIZE || t->page >= PAGES_MAX;
	for (gsize i = 0; i < n; i++) {
		struct json_object *record = json_object_array_get_idx(list, i);
		const char *text = hg_json_str(record, "created_at"), *id = hg_json_str(record, "uuid");
		gint64 ms = text ? hg_time_parse(text) : -1;

		if (ms > 0 && ms < t->until_ms) {
			t->last = TRUE;
			continue;
		}
		t->newest_ms = MAX(t->newest_ms, MIN(ms, t->host->now_ms(t->ch)));
		if (is_wanted(t, record) && is_id(id))
			g_ptr_array_add(t->wanted, g_strdup(id));
	}
}

static void cursor_stored(void *arg, int outcome)
{
	struct telnyx *t = arg;

	(void)outcome;			/* not stored: the next round begins where this one did */
	give_up(t);
}

static void next_step(struct telnyx *t)
{
	g_autofree char *cursor = NULL;
	struct hg_batch batch = { .size = sizeof(batch), .in_size = sizeof(struct hg_in) };

	if (t->wanted->len || !t->last) {
		t->page += !t->wanted->len;
		t->host->polled(t->ch, true);
		return;
	}
	batch.cursor = cursor = g_strdup_printf("{\"since\":%lld}", (long long)t->newest_ms);
	t->host->emit(t->ch, &batch, cursor_stored, t);
}

static void failed(struct telnyx *t, const struct hg_http_answer *answer, struct json_object *root)
{
	struct hg_result result = { .size = sizeof(result) };

	telnyx_verdict(answer, root, &result);
	hg_health_result(&t->health, answer, &result);
	t->host->log(t->ch, 2, "telnyx.not_listed", "what was missed cannot be asked for: %s (HTTP %d); it is tried again",
		     result.text ? result.text : "no reason given", answer->status);
	t->host->count(t->ch, "list_failed");
	give_up(t);
}

static void records_came(void *arg, const struct hg_http_answer *answer)
{
	struct telnyx *t = arg;
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
	struct json_object *list = answer->status == 200 ? hg_json_arr(root, "data") : NULL;

	if (!list) {
		failed(t, answer, root);
		return;
	}
	hg_health_works(&t->health);
	read_records(t, list);
	next_step(t);
}

static void ask_records(struct telnyx *t)
{
	g_autofree char *path = g_strdup_printf("/v2/detail_records?filter%%5Brecord_type%%5D=messaging&filter%%5Bdirection%%5D=inbound"
						"&sort=-created_at&page%%5Bnumber%%5D=%u&page%%5Bsize%%5D=%d", t->page, PAGE_SIZE);

	ask(t, path, records_came);
}

/* ---- a message ---- */

static void message_stored(void *arg, int outcome)
{
	struct telnyx *t = arg;

	if (outcome == HG_STORED)
		next_step(t);
	else
		give_up(t);
}

static void message_came(void *arg, const struct hg_http_answer *answer)
{
	struct telnyx *t = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
	struct hg_in in;
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };
	gboolean gone = answer->status == 404 || (answer->status == 200 && !hg_json_obj(root, "data"));

	if (answer->status != 200 && !gone) {
		failed(t, answer, root);
		return;
	}
	g_ptr_array_set_size(t->wanted, (int)t->wanted->len - 1);
	if (!gone && telnyx_read_message(t->conf, hg_json_obj(root, "data"), arena, &in))
		t->host->emit(t->ch, &batch, message_stored, t);
	else
		next_step(t);
}

static void ask_message(struct telnyx *t)
{
	g_autofree char *path = g_strconcat("/v2/messages/", t->wanted->pdata[t->wanted->len - 1], NULL);

	ask(t, path, message_came);
}

void telnyx_poll(void *state, int64_t since_ms)
{
	struct telnyx *t = state;

	if (!t->page || since_ms != t->since_ms)
		begin(t, since_ms);
	if (t->wanted->len)
		ask_message(t);
	else
		ask_records(t);
}

/* twilio_poll.c - asking back: what was sent to us while we could not be reached
 *
 * Source: Twilio, "Message resource", "Retrieve multiple messages": newest first, in pages, filtered by day.  So the
 * cursor moves only with the last page of a round: a round that breaks off begins anew, and what was seen is known by its
 * id. */
#include "twilio_poll.h"

#include <string.h>

#include "arena.h"
#include "json.h"
#include "twilio.h"
#include "twilio_api.h"
#include "twilio_read.h"

#define PAGE_SIZE  "100"
#define PAGE_MAX   200			/* messages that are taken of one page */
#define PAGES_MAX  500			/* of a round */
#define OVERLAP_MS (30 * 60 * 1000)	/* lists lag behind, and clocks differ */
#define KNOWN_MS   INT64_C(518400000)	/* six days: ids are known for seven */


static gint64 cursor_ms(struct twilio *t)
{
	const char *text = t->host->cursor(t->ch);
	g_autoptr(json_object) cursor = *text ? hg_json_parse(text, strlen(text), NULL, NULL) : NULL;

	return hg_json_int(cursor, "since", 0);
}

/* Since when?  The overlap is left out where what lies in it may be forgotten already.  A channel that is new asks for
 * nothing: what came before is not headgate's. */
static void begin(struct twilio *t, gint64 since_ms)
{
	gint64 now = t->host->now_ms(t->ch), cursor = cursor_ms(t);

	t->newest_ms = cursor;
	t->since_ms = since_ms;
	t->pages = 0;
	if (since_ms > 0)
		t->until_ms = MAX(since_ms, now - KNOWN_MS);
	else if (cursor > 0)
		t->until_ms = cursor - (now - cursor < KNOWN_MS ? OVERLAP_MS : 0);
	else
		t->until_ms = now;
	t->newest_ms = MAX(t->newest_ms, cursor > 0 ? 0 : now);
}

static void end(struct twilio *t, gboolean more)
{
	if (!more)
		g_clear_pointer(&t->page, g_free);
	t->host->polled(t->ch, more);
}

/* ---- one page ---- */

/* What a page holds; FALSE when it reaches back far enough. */
static gboolean read_page(struct twilio *t, struct json_object *root, hg_arena *arena, struct hg_in *in, gsize *ret_n)
{
	struct json_object *list = hg_json_arr(root, "messages");
	gsize n = list ? MIN(json_object_array_length(list), PAGE_MAX) : 0;
	gboolean more = n > 0;

	for (gsize i = 0; i < n; i++) {
		gint64 ms = 0;

		if (twilio_read_listed(t->conf, json_object_array_get_idx(list, i), t->until_ms, arena, &in[*ret_n], &ms))
			++*ret_n;
		t->newest_ms = MAX(t->newest_ms, MIN(ms, t->host->now_ms(t->ch)));
		/* Those still on their way have no time yet. */
		more &= !ms || ms >= t->until_ms;
	}
	return more;
}

static void page_stored(void *arg, int stored)
{
	struct twilio *t = arg;

	if (stored != HG_STORED)
		g_clear_pointer(&t->page, g_free);
	end(t, t->page != NULL);
}

static void take_page(struct twilio *t, struct json_object *root)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_in *in = hg_arena_alloc(arena, PAGE_MAX * sizeof(*in));
	g_autofree char *cursor = NULL;
	struct hg_batch batch = { .size = sizeof(batch), .in = in, .in_size = sizeof(*in) };
	const char *next = hg_json_str(root, "next_page_uri");
	gboolean more = read_page(t, root, arena, in, &batch.n_in) && next && *next && ++t->pages < PAGES_MAX;

	g_free(t->page);
	t->page = more ? g_strdup(next) : NULL;
	if (!more)
		batch.cursor = cursor = g_strdup_printf("{\"since\":%lld}", (long long)t->newest_ms);
	t->host->emit(t->ch, &batch, page_stored, t);
}

static void came(void *arg, const struct hg_http_answer *answer)
{
	struct twilio *t = arg;
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
	struct hg_result result = { .size = sizeof(result) };

	if (answer->status == 200 && hg_json_arr(root, "messages")) {
		hg_health_works(&t->health);
		take_page(t, root);
		return;
	}
	twilio_api_verdict(answer, root, &result);
	if (answer->status != 404)	/* a clone without such a list is well all the same */
		hg_health_result(&t->health, answer, &result);
	t->host->log(t->ch, 2, "twilio.not_listed", "what was missed cannot be asked for: %s (HTTP %d); it is tried again",
		     result.text ? result.text : "no reason given", answer->status);
	t->host->count(t->ch, "list_failed");
	end(t, FALSE);
}

/* ---- asking ---- */

/* Of the day of until_ms and later. */
static char *first_page(struct twilio *t)
{
	g_autoptr(GDateTime) day = g_date_time_new_from_unix_utc(t->until_ms / 1000);
	g_autofree char *date = g_date_time_format(day, "%Y-%m-%d");

	return g_strconcat("/Messages.json?DateSent%3E=", date, "&PageSize=" PAGE_SIZE, NULL);
}

void twilio_poll(void *state, int64_t since_ms)
{
	struct twilio *t = state;
	g_autofree char *auth = twilio_api_auth(t->conf), *path = NULL, *url = NULL;
	const char *headers[] = { auth, "Accept: application/json", NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .headers = headers,
				    .timeout_ms = t->conf->timeout, .max_reply = 4 << 20 };

	if (t->page && since_ms == t->since_ms) {
		url = twilio_api_named(t->conf, t->page);
	} else {
		begin(t, since_ms);
		path = first_page(t);
		url = twilio_api_url(t->conf, path);
	}
	if (!url) {
		t->host->log(t->ch, 2, "twilio.not_listed", "the next page lies at a place that is not this account's");
		end(t, FALSE);
		return;
	}
	get.url = url;
	t->host->http(t->ch, &get, came, t);
}

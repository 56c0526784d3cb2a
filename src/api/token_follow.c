/* token_follow.c - what is changed of tokens and sessions, by whomever: the store is asked for it twice a second
 *
 * Our own changes are in force when they are committed; those of another process that writes to this store within
 * LOOK_MS and the time of one read, which has a thread and a connection of its own, so that no other read holds it up.  When
 * nothing could be read so many times (10 seconds), what the store said last is believed no longer: times and not a clock, for
 * a machine that wakes up has looked lately. */
#include "call.h"
#include "log.h"

#define LOOK_MS	 500
#define LATE_MS	 250			/* that a look of another node may take */
#define PAGE	 500			/* rows of one look */
#define DOUBT	 20			/* looks in vain */

struct look {
	hg_api *api;
	struct hg_token_place after;
	hg_arena *arena;
	GPtrArray *rows;		/* of hg_token, in arena */
	GError *error;
};

static void begin_look(hg_api *api);

static void look_free(struct look *look)
{
	g_ptr_array_unref(look->rows);
	hg_arena_free(look->arena);
	g_clear_error(&look->error);
	g_free(look);
}

static void look_work(hg_store *store, void *arg)
{
	struct look *look = arg;

	hg_store_token_changed(store, look->arena, &look->after, PAGE, look->rows, &look->error);
}

static void take_rows(hg_api *api, const struct look *look)
{
	const hg_token *last = look->rows->len ? g_ptr_array_index(look->rows, look->rows->len - 1) : NULL;

	for (guint i = 0; i < look->rows->len; i++)
		hg_keys_put(api->keys, g_ptr_array_index(look->rows, i));
	api->follow.in_vain = 0;
	hg_keys_doubt(api->keys, FALSE);
	if (!last)
		return;
	api->follow.seen = (struct hg_token_place){ .rev = last->rev, .n = last->n };
	hg_live_check(api->live);
}

static void look_done(void *arg)
{
	struct look *look = arg;
	hg_api *api = look->api;
	gboolean more = api->follow.again || look->rows->len == PAGE;

	api->follow.looks = FALSE;
	if (look->error && !api->follow.away)		/* once: a database that is away for an hour is not worth 7,200 lines */
		hg_warn(NULL, "keys.not_read", "what other processes changed of tokens and sessions is not known: %s", look->error->message);
	if (!look->error && !api->follow.again)	/* else something of ours was committed meanwhile, and these rows may be older */
		take_rows(api, look);
	api->follow.away = look->error != NULL;
	if (more && !look->error)
		begin_look(api);
	look_free(look);
}

static void begin_look(hg_api *api)
{
	struct look *look;

	api->follow.again = api->follow.looks;
	if (api->follow.looks || !api->follow.readers)
		return;
	look = g_new0(struct look, 1);
	*look = (struct look){ .api = api, .after = api->follow.seen, .arena = hg_arena_new(), .rows = g_ptr_array_new() };
	api->follow.looks = hg_readers_run(api->follow.readers, look_work, look_done, look, NULL);
	if (!api->follow.looks)
		look_free(look);
}

static void tick(void *arg)
{
	hg_api *api = arg;

	if (++api->follow.in_vain > DOUBT)
		hg_keys_doubt(api->keys, TRUE);
	if (!api->follow.looks)
		begin_look(api);
	api->follow.timer = hg_loop_timer(api->loop, LOOK_MS, tick, api);
}

void hg_api_follow(hg_api *api, hg_readers *readers)
{
	api->follow.readers = readers;
	api->follow.timer = hg_loop_timer(api->loop, LOOK_MS, tick, api);
}

void hg_api_follow_end(hg_api *api)
{
	hg_loop_untimer(api->loop, api->follow.timer);
	api->follow.timer = 0;
	api->follow.readers = NULL;
}

gint64 hg_api_told_ms(const hg_api *api)
{
	return api->follow.shared ? LOOK_MS + LATE_MS : 0;
}

void hg_api_token_changed(hg_api *api, const hg_token *token)
{
	if (token->rev > api->follow.seen.rev) {	/* else it was read already, or what came after it */
		hg_keys_put(api->keys, token);
		hg_live_check(api->live);
	}
	begin_look(api);			/* others may have ended with it */
}

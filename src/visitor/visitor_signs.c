/* visitor_signs.c - what is said and not kept: somebody types, somebody has read */
#include "visitor_hub.h"

#include <string.h>

#include "env.h"
#include "json.h"

#define SIGNS_MAX 64		/* under way; more are dropped, for the next one comes in some seconds */

struct sign {
	hg_visitor_live *live;
	hg_conf *conf;			/* ours */
	char *uri, *channel, *target, *name;	/* ours */
	int kind;			/* HG_READ, HG_TYPING */
	GString *json;			/* ours; empty: it is none of his */
};

static void sign_free(struct sign *sign)
{
	hg_conf_unref(sign->conf);
	g_free(sign->uri);
	g_free(sign->channel);
	g_free(sign->target);
	g_free(sign->name);
	g_string_free(sign->json, TRUE);
	g_free(sign);
}

static void write_sign(const struct sign *sign, const hg_thread *thread, const hg_message *message)
{
	hg_json_open(sign->json, '{');
	hg_json_add_str(sign->json, "thread_id", thread->id);
	if (sign->kind == HG_TYPING) {
		hg_json_add_str(sign->json, "name", sign->name);
		hg_json_add_bool(sign->json, "on", TRUE);
	} else {
		hg_json_add_str(sign->json, "message_id", message->id);
	}
	hg_json_close(sign->json, '}');
}

static gboolean find(struct visitor_eyes *eyes, const struct sign *sign, GError **error)
{
	const struct hg_channel_conf *channel = hg_conf_channel(sign->conf, sign->channel);
	hg_message *message = NULL;
	hg_thread *thread = NULL;
	gboolean his = FALSE;
	gint64 n = 0;

	if (!channel)
		return TRUE;
	if (!hg_eyes_open(eyes, sign->uri, channel, error) ||
	    !hg_store_seen_find(eyes->store, sign->channel, sign->target, eyes->now_ms, &n, error) ||
	    (n && !hg_store_message_get(eyes->store, eyes->arena, n, &message, error)) ||
	    (message && !hg_store_thread_get(eyes->store, eyes->arena, message->thread_n, &thread, error)) ||
	    (thread && !hg_store_viewed(eyes->store, eyes->arena, &eyes->view, thread, &his, error)))
		return FALSE;
	if (his)
		write_sign(sign, thread, message);
	return TRUE;
}

static void find_work(hg_store *store, void *arg)
{
	struct sign *sign = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_eyes eyes = { .store = store, .arena = arena, .conf = sign->conf,
		.now_ms = hg_now(hg_loop_env(sign->live->loop)) };

	find(&eyes, sign, NULL);
}

static void find_done(void *arg)
{
	struct sign *sign = arg;
	struct audience *audience = hg_audience_of(sign->live, sign->uri);

	sign->live->signs--;
	if (audience && sign->json->len)
		hg_follow_tell(audience, sign->kind == HG_TYPING ? "typing" : "read", sign->json->str, sign->json->len);
	sign_free(sign);
}

void hg_visitor_live_say(hg_visitor_live *live, const char *channel, const struct hg_out *out)
{
	struct sign *sign;

	if ((out->kind != HG_READ && out->kind != HG_TYPING) || !out->to || !out->target || live->stopped ||
	    live->signs >= SIGNS_MAX || !hg_audience_of(live, out->to))
		return;
	sign = g_new0(struct sign, 1);
	*sign = (struct sign){ .live = live, .conf = hg_conf_ref(live->conf), .uri = g_strdup(out->to),
		.channel = g_strdup(channel), .target = g_strdup(out->target), .name = g_strdup(out->name),
		.kind = out->kind, .json = g_string_new(NULL) };
	if (hg_readers_run(live->readers, find_work, find_done, sign, NULL))
		live->signs++;
	else
		sign_free(sign);
}

void hg_visitor_live_tell(hg_visitor_live *live, const char *uri, const char *type, const char *json)
{
	struct audience *audience = hg_audience_of(live, uri);

	if (audience)
		hg_follow_tell(audience, type, json, strlen(json));
}

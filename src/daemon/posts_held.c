/* posts_held.c - of what only one of several nodes may do, what this one does: channels and polls follow it */
#include "parts.h"

#include <string.h>

#include "log.h"
#include "nodes.h"

/* ---- who this node is ---- */

static gint64 lease_ms(void)
{
#ifdef HG_TEST_HOOKS
	/* Where one node is tested alone, its clock set forward by hours is no pause in which others take all it held. */
	const char *text = g_getenv("HEADGATE_TEST_LEASE_MS");

	if (text)
		return g_ascii_strtoll(text, NULL, 10);
#endif
	return HG_LEASE_MS;
}

void hg_gateway_be_node(hg_gateway *gateway, const char *name)
{
	gint64 before_ms = 0;

	if (hg_store_is_shared(gateway->store))
		gateway->place = hg_place_take(gateway->setup->conf->store.path, name, &before_ms);
	hg_engine_set_node(gateway->engine, name, lease_ms(), before_ms);
}

void hg_gateway_joined(void *ctx, gint64 since_ms)
{
	hg_place_keep(((hg_gateway *)ctx)->place, since_ms);
}

/* ---- what it does ---- */

gboolean hg_gateway_owns(hg_gateway *gateway, const char *kind, const char *name)
{
	g_autofree char *post = g_strconcat(kind, name, NULL);

	return !gateway->own || g_hash_table_contains(gateway->own, post);
}

struct post_news { hg_gateway *gateway; char *name; gboolean held; gint64 until_ms; };

static void tell_parts(hg_gateway *gateway, const char *name, gboolean held, const char *why)
{
	const char *colon = strchr(name, ':');

	if (g_str_has_prefix(name, "channel:"))
		hg_channels_own(gateway->channels, colon + 1, held);
	else if (g_str_has_prefix(name, "backend:"))
		hg_backs_own(gateway->backs, colon + 1, held);
	hg_alarms_recall(gateway->alarms);
	hg_info(&HG_CTX(NULL, "post", name), held ? "node.post_gained" : "node.post_ended", "%s", why);
}

/* The engine says so as well, but not while it waits for a database that does not answer. */
void hg_gateway_end_posts(hg_gateway *gateway)
{
	GHashTableIter iter;
	void *key, *until;

	if (!gateway->own)
		return;
	g_hash_table_iter_init(&iter, gateway->own);
	while (g_hash_table_iter_next(&iter, &key, &until)) {
		g_autofree char *name = NULL;

		if (*(gint64 *)until > hg_mono(gateway->env))
			continue;
		name = g_strdup(key);
		g_hash_table_iter_remove(&iter);
		tell_parts(gateway, name, FALSE, "the database was not reached in time: another node may do it by now");
	}
}

static void post_on_loop(void *arg)
{
	struct post_news *news = arg;
	hg_gateway *gateway = news->gateway;
	gboolean held = g_hash_table_contains(gateway->own, news->name);

	if (news->held)
		g_hash_table_replace(gateway->own, g_strdup(news->name), g_memdup2(&news->until_ms, sizeof(news->until_ms)));
	else
		g_hash_table_remove(gateway->own, news->name);
	if (news->held != held)
		tell_parts(gateway, news->name, news->held,
			   held ? "another node does" : "this node does from here on what only one may do");
	g_free(news->name);
	g_free(news);
}

void hg_gateway_posted(void *ctx, const char *post, gboolean held, gint64 fence, gint64 until_mono_ms)
{
	struct post_news *news = g_new(struct post_news, 1);

	(void)fence;
	*news = (struct post_news){ ctx, g_strdup(post), held, until_mono_ms };
	hg_loop_post(((hg_gateway *)ctx)->loop, post_on_loop, news);
}

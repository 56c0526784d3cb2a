/* posts_held.c - of what only one of several nodes may do, what this one does: channels and polls follow it */
#include "parts.h"

#include <string.h>

#include "log.h"

gboolean hg_gateway_owns(hg_gateway *gateway, const char *kind, const char *name)
{
	g_autofree char *post = g_strconcat(kind, name, NULL);

	return !gateway->own || g_hash_table_contains(gateway->own, post);
}

struct post_news { hg_gateway *gateway; char *name; gboolean held; };

static void post_on_loop(void *arg)
{
	struct post_news *news = arg;
	hg_gateway *gateway = news->gateway;
	g_autofree char *name = news->name;
	const char *colon = strchr(name, ':');

	if (news->held == g_hash_table_contains(gateway->own, name)) {
		g_free(news);
		return;
	}
	if (news->held)
		g_hash_table_add(gateway->own, g_strdup(name));
	else
		g_hash_table_remove(gateway->own, name);
	if (g_str_has_prefix(name, "channel:"))
		hg_channels_own(gateway->channels, colon + 1, news->held);
	else if (g_str_has_prefix(name, "backend:"))
		hg_backs_own(gateway->backs, colon + 1, news->held);
	hg_alarms_recall(gateway->alarms);
	hg_info(&HG_CTX(NULL, "post", name), news->held ? "node.post_gained" : "node.post_ended", "%s",
		news->held ? "this node does from here on what only one may do" : "another node does");
	g_free(news);
}

void hg_gateway_posted(void *ctx, const char *post, gboolean held, gint64 fence, gint64 until_mono_ms)
{
	struct post_news *news = g_new(struct post_news, 1);

	(void)fence;
	(void)until_mono_ms;
	*news = (struct post_news){ ctx, g_strdup(post), held };
	hg_loop_post(((hg_gateway *)ctx)->loop, post_on_loop, news);
}

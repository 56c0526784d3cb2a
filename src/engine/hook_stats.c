/* hook_stats.c - what became of the questions to hooks: for status and metrics, in memory
 *
 * Counted when a message is judged; a group the store undoes later is counted again. */
#include "turn.h"

#include <string.h>

static struct hg_hook_stats *stats_of(hg_engine *engine, const char *name)
{
	struct hg_hook_stats *stats = g_hash_table_lookup(engine->hooks, name);

	if (stats)
		return stats;
	stats = g_new0(struct hg_hook_stats, 1);
	g_hash_table_insert(engine->hooks, g_strdup(name), stats);
	return stats;
}

void hg_hooks_count(hg_engine *engine, const hg_question *ask)
{
	struct hg_hook_stats *stats;

	g_mutex_lock(&engine->lock);
	stats = stats_of(engine, ask->hook);
	stats->answered += ask->state == HG_QUESTION_ANSWERED;
	stats->cached += ask->state == HG_QUESTION_CACHED;
	stats->late += ask->state == HG_QUESTION_LATE;
	stats->failed += ask->state == HG_QUESTION_FAILED;
	stats->skipped += ask->state == HG_QUESTION_SKIPPED;
	if (ask->state == HG_QUESTION_ANSWERED)
		stats->answered_ms += ask->ms;
	if (ask->state == HG_QUESTION_LATE || ask->state == HG_QUESTION_FAILED)
		g_strlcpy(stats->error, ask->note ? ask->note : "", sizeof(stats->error));
	g_mutex_unlock(&engine->lock);
}

void hg_hooks_down(hg_engine *engine, const char *name, gint64 until_ms)
{
	g_mutex_lock(&engine->lock);
	stats_of(engine, name)->down_until_ms = until_ms;
	g_mutex_unlock(&engine->lock);
}

void hg_engine_get_hook_stats(hg_engine *engine, const char *name, struct hg_hook_stats *ret)
{
	const struct hg_hook_stats *stats;

	g_mutex_lock(&engine->lock);
	stats = g_hash_table_lookup(engine->hooks, name);
	*ret = stats ? *stats : (struct hg_hook_stats){ 0 };
	g_mutex_unlock(&engine->lock);
}

/* tally_note.c - what happened is noted in the turn, and counted when its transaction holds */
#include "turn.h"

#include <string.h>

#include "round.h"

static void add(hg_turn *turn, const struct hg_noted *what)
{
	struct hg_noted *noted = hg_arena_alloc(turn->arena, sizeof(*noted));

	*noted = *what;
	noted->next = turn->noted;
	turn->noted = noted;
}

void hg_tally_note(hg_turn *turn, const hg_case *kase, enum hg_tally_what what, gint64 value)
{
	const hg_thread *thread = kase->thread;
	const char *channel = kase->episode && !thread->ep_opened_ms ? kase->episode->channel : thread->channel;

	if (channel && !thread->shadow)
		add(turn, &(struct hg_noted){ .what = what, .channel = channel, .value = value });
}

void hg_tally_note_csat(hg_turn *turn, const hg_csat *csat)
{
	add(turn, &(struct hg_noted){
		.what = strcmp(csat->scale, "thumbs") == 0 ? HG_TALLY_THUMB : HG_TALLY_SCORE,
		.channel = csat->channel, .value = csat->score,
		.resolver = strcmp(csat->resolver, "human") == 0 ? HG_TALLY_HUMAN :
			    strcmp(csat->resolver, "bot") == 0 ? HG_TALLY_BOT : HG_TALLY_NONE });
}

void hg_tally_note_channel(hg_turn *turn, const char *channel, enum hg_tally_what what)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, channel);

	if (!conf || !conf->shadow)
		add(turn, &(struct hg_noted){ .what = what, .channel = channel });
}

void hg_round_note(struct hg_round *round, const struct hg_noted *noted)
{
	for (; noted; noted = noted->next)
		g_array_append_vals(round->noted, noted, 1);
}

static struct hg_tally *tally_of(hg_engine *engine, const char *channel)
{
	struct hg_tally *tally = g_hash_table_lookup(engine->tallies, channel);

	if (!tally) {
		tally = g_new0(struct hg_tally, 1);
		g_hash_table_insert(engine->tallies, g_strdup(channel), tally);
	}
	return tally;
}

/* Under the engine's lock. */
void hg_round_tally(struct hg_round *round)
{
	for (guint i = 0; i < round->noted->len; i++) {
		const struct hg_noted *noted = &g_array_index(round->noted, struct hg_noted, i);

		hg_tally_add(tally_of(round->engine, noted->channel), noted);
	}
}

void hg_engine_get_tally(hg_engine *engine, const char *channel, struct hg_tally *ret)
{
	const struct hg_tally *tally;

	g_mutex_lock(&engine->lock);
	tally = g_hash_table_lookup(engine->tallies, channel);
	*ret = tally ? *tally : (struct hg_tally){ 0 };
	g_mutex_unlock(&engine->lock);
}

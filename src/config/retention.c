/* retention.c - how long what is kept: of all, and of a channel where it says so itself */
#include "check.h"
#include "conf.h"
#include "text.h"

#include <string.h>

static const struct { const char *word; gsize offset; } kinds[HG_RETAINED_N] = {
	[HG_RETAINED_MESSAGES] = { "messages", offsetof(struct hg_retention_conf, messages_ms) },
	[HG_RETAINED_NOTES] = { "notes", offsetof(struct hg_retention_conf, notes_ms) },
	[HG_RETAINED_ATTACHMENTS] = { "attachments", offsetof(struct hg_retention_conf, attachments_ms) },
	[HG_RETAINED_RAW] = { "raw", offsetof(struct hg_retention_conf, raw_ms) },
	[HG_RETAINED_DECISIONS] = { "decisions", offsetof(struct hg_retention_conf, decisions_ms) },
	[HG_RETAINED_EVENTS] = { "events", offsetof(struct hg_retention_conf, events_ms) },
};

const char *hg_retained_word(int what)
{
	return kinds[what].word;
}

gint64 hg_retained_ms(const struct hg_retention_conf *conf, int what)
{
	return G_STRUCT_MEMBER(const gint64, conf, kinds[what].offset);
}

void hg_retention_inherit(const hg_node *map, const struct hg_retention_conf *all, struct hg_retention_conf *own)
{
	for (int i = 0; i < HG_RETAINED_N; i++)
		if (!map || !hg_node_get(map, kinds[i].word))
			G_STRUCT_MEMBER(gint64, own, kinds[i].offset) = hg_retained_ms(all, i);
}

/* The journal has a copy of all that was said, until it expires. */
static void check_one(const struct hg_retention_conf *retention, const hg_node *map, const char *what, gint64 journal_ms,
		      hg_diag *diag)
{
	for (int i = 0; map && i < HG_RETAINED_N; i++) {
		const hg_node *node = hg_node_get(map, kinds[i].word);
		gint64 ms = hg_retained_ms(retention, i);
		char span[HG_SPAN_SIZE];

		if (node && ms && ms < journal_ms && i != HG_RETAINED_RAW && i != HG_RETAINED_ATTACHMENTS)
			hg_diag_add(diag, HG_SEV_WARNING, hg_node_place(node), "make store.journal as short",
				    "%s: '%s': the journal keeps what was said for %s all the same", what, kinds[i].word,
				    hg_span(journal_ms, span));
	}
}

void hg_check_retention(const hg_conf *conf, const hg_node *root, hg_diag *diag)
{
	const hg_node *channels = hg_node_get(root, "channels");

	check_one(&conf->retention, hg_node_get(root, "retention"), "retention", conf->store.journal_ms, diag);
	for (guint i = 0; channels && i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);
		const hg_node *map = hg_node_get(channels, channel->name);
		g_autofree char *what = g_strdup_printf("channel %s: retention", channel->name);

		check_one(&channel->retention, map ? hg_node_get(map, "retention") : NULL, what, conf->store.journal_ms, diag);
	}
}

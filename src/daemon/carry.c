/* carry.c - what the configuration has us say, and channels that cannot carry it, or no more by then */
#include "setup.h"

#include <string.h>

#include "text.h"

/* One text on its way to one channel. */
struct said {
	const char *what;		/* "ticket: 'confirm'" */
	const char *text;
	const struct hg_place *place;
	gint64 after_ms;		/* the customer has been silent for so long by then */
	const char *after;		/* what that time is, for people */
};

static struct hg_limits limits_of(const struct hg_channel_conf *channel)
{
	struct hg_limits limits = { .size = sizeof(limits) };

	if (HG_HAS(channel->desc, limits))
		channel->desc->limits(channel->options, &limits);
	return limits;
}

static void check_one(const struct said *said, const struct hg_channel_conf *channel, hg_diag *diag)
{
	struct hg_limits limits = limits_of(channel);
	gint64 length = (gint64)g_utf8_strlen(said->text, -1);
	char span[HG_SPAN_SIZE], window[HG_SPAN_SIZE];

	if (!HG_HAS(channel->desc, send))
		hg_diag_add(diag, HG_SEV_WARNING, said->place, NULL, "%s: channel %s cannot say this: %s sends nothing",
			    said->what, channel->name, channel->adapter);
	else if (limits.max_text > 0 && length > limits.max_text)
		hg_diag_add(diag, HG_SEV_WARNING, said->place, NULL,
			    "%s: this has %" G_GINT64_FORMAT " characters, and channel %s takes %" G_GINT64_FORMAT
			    " in one message: it goes out in %" G_GINT64_FORMAT, said->what, length, channel->name,
			    (gint64)limits.max_text, (length + limits.max_text - 1) / limits.max_text);
	if (limits.window_ms > 0 && said->after_ms >= limits.window_ms)
		hg_diag_add(diag, HG_SEV_WARNING, said->place, NULL,
			    "%s: %s (%s) is not before the end of the time in which channel %s may answer (%s): this is "
			    "said to nobody who was silent since", said->what, said->after, hg_span(said->after_ms, span),
			    channel->name, hg_span(limits.window_ms, window));
}

static void check_everywhere(const struct said *said, const hg_conf *conf, char *const *channels, hg_diag *diag)
{
	for (guint i = 0; said->text && *said->text && i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		if (!channels || g_strv_contains((const char *const *)channels, channel->name))
			check_one(said, channel, diag);
	}
}

/* ---- rules ---- */

/* The soonest of its events decides: what is in time on one of them is not told. */
static void set_time(const hg_conf *conf, const struct hg_rules_reply *reply, struct said *said)
{
	const struct { int event; gint64 ms; const char *word; } times[] = {
		{ HG_ON_IDLE, conf->engine.idle_close_ms, "idle_close" },
		{ HG_ON_FIRST_RESPONSE, conf->engine.first_response_ms, "first_response" },
		{ HG_ON_UNANSWERED, reply->after_ms, "unanswered" },
	};
	guint rest = reply->on;

	said->after_ms = G_MAXINT64;
	for (gsize i = 0; i < G_N_ELEMENTS(times); i++) {
		guint bit = 1U << times[i].event;

		if ((reply->on & bit) && times[i].ms < said->after_ms) {
			said->after_ms = times[i].ms;
			said->after = times[i].word;
		}
		rest &= ~bit;
	}
	if (rest)
		said->after_ms = 0;
}

static void check_rule(const hg_conf *conf, const hg_rules *rules, guint n, const struct hg_rules_reply *reply,
		       hg_diag *diag)
{
	g_autofree char *what = g_strdup_printf("rule '%s'", reply->rule);
	struct said said = { .what = what, .text = reply->text, .place = &reply->place };

	set_time(conf, reply, &said);
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		if (hg_rules_may_be_on(rules, n, channel->name, channel->adapter, channel->scope))
			check_one(&said, channel, diag);
	}
}

/* ---- what headgate says by itself ---- */

static const struct hg_place *place_of(const hg_conf *conf, const char *section, const char *option)
{
	const hg_node *map = hg_node_get(hg_doc_root(conf->doc), section), *node = hg_node_get(map, option);

	return node ? hg_node_place(node) : map ? hg_node_place(map) : NULL;
}

static void check_text(const hg_conf *conf, const char *section, const char *option, const char *text,
		       char *const *channels, gint64 after_ms, const char *after, hg_diag *diag)
{
	g_autofree char *what = g_strdup_printf("%s: '%s'", section, option);

	check_everywhere(&(struct said){ .what = what, .text = text, .place = place_of(conf, section, option),
					 .after_ms = after_ms, .after = after }, conf, channels, diag);
}

/* texts: language, text, ..., NULL. */
static void check_texts(const hg_conf *conf, const char *section, const char *option, char *const *texts,
			char *const *channels, gint64 after_ms, const char *after, hg_diag *diag)
{
	for (guint i = 0; texts && texts[i]; i += 2)
		check_text(conf, section, option, texts[i + 1], channels, after_ms, after, diag);
}

void hg_setup_check_carry(const hg_conf *conf, const hg_rules *rules, hg_diag *diag)
{
	const struct hg_rating_conf *rating = &conf->rating;
	struct hg_rules_reply reply;

	for (guint i = 0; i < hg_rules_count(rules); i++)
		if (hg_rules_reply_of(rules, i, &reply))
			check_rule(conf, rules, i, &reply, diag);
	check_texts(conf, "ticket", "confirm", conf->ticket.confirm, NULL, conf->ticket.confirm_wait_ms, "confirm_wait", diag);
	if (rating->ask) {
		/* Without a text of his own it is one of ours, which is short. */
		if (!rating->text)
			check_text(conf, "rating", "delay", "?", rating->channels, rating->delay_ms, "delay", diag);
		check_texts(conf, "rating", "text", rating->text, rating->channels, rating->delay_ms, "delay", diag);
		check_texts(conf, "rating", "thanks", rating->thanks, rating->channels, 0, NULL, diag);
	}
	check_texts(conf, "close_prompt", "text", conf->close_prompt.text, NULL, 0, NULL, diag);
}

/* check_texts.c - what customers are told: languages, values in texts, spans that texts name */
#include "check.h"

#include <string.h>

#include "options.h"
#include "tables.h"
#include "text.h"

/* What stands in texts to customers; NULL-ended. */
static const char *const asked[] = { "name", "number", "url", NULL };
static const char *const confirmed[] = { "name", "number", "url", "expected", NULL };
static const char *const consented[] = { "name", "company", NULL };
static const char *const requester[] = { "contact.id", "phone", NULL };

struct texts {
	const hg_node *map;		/* the section, or NULL */
	const char *section;		/* "rating", "channel wa-main" */
	const char *option;
	char *const *texts;		/* by language, or NULL */
	const char *const *known;
};

static const struct hg_place *place_of(const hg_node *map, const char *key)
{
	const hg_node *node = hg_node_get(map, key);

	return node ? hg_node_place(node) : map ? hg_node_place(map) : NULL;
}

/* en, gsw, default */
static gboolean is_language(const char *text)
{
	gsize letters = strspn(text, "abcdefghijklmnopqrstuvwxyz");

	return letters == 2 || letters == 3 ? !text[letters] : strcmp(text, "default") == 0;
}

/* The names are languages, and what the texts have in ${} is known. */
static void check_texts(const struct texts *t, hg_diag *diag)
{
	const hg_node *node = hg_node_get(t->map, t->option);
	g_autofree char *what = g_strdup_printf("%s: '%s'", t->section, t->option);

	for (guint i = 0; t->texts && t->texts[2 * i]; i++) {
		gboolean alone = !*t->texts[2 * i];
		const struct hg_place *place = alone ? place_of(t->map, t->option) : hg_node_place(hg_node_value(node, i));

		if (!alone && !is_language(t->texts[2 * i]))
			hg_diag_add(diag, HG_SEV_ERROR, hg_node_key_place(node, i), "en, de, es, ... or default",
				    "%s: '%.40s' is no language", what, t->texts[2 * i]);
		hg_node_check_template(place, what, t->texts[2 * i + 1], t->known, diag);
	}
}

/* ---- the ticket ---- */

#define EXPECTED_MOST (G_GINT64_CONSTANT(365) * 86400000)

static void check_expected(const hg_conf *conf, const hg_node *ticket, hg_diag *diag)
{
	const hg_node *node = hg_node_get(ticket, "expected");

	for (guint i = 0; conf->ticket.expected && conf->ticket.expected[2 * i]; i++) {
		const char *text = conf->ticket.expected[2 * i + 1];
		gint64 ms = hg_span_parse(text);
		g_autofree char *quoted = hg_node_quote(text);

		if (ms < 60000 || ms > EXPECTED_MOST)
			hg_diag_add(diag, HG_SEV_ERROR, hg_node_type(node) == HG_NODE_MAP ?
				    hg_node_place(hg_node_value(node, i)) : hg_node_place(node), NULL,
				    "ticket: 'expected' must be a time from 1m to 365d, such as 4h or 2d, not %s", quoted);
	}
}

/* what: "ticket: 'expected_hours'", the option that names them; NULL: it is not set. */
static void check_hours(const char *name, const hg_node *root, const struct hg_place *place, const char *what, hg_diag *diag)
{
	const hg_node *hours = hg_node_get(root, "hours");
	g_autofree char *quoted = name ? hg_node_quote(name) : NULL;

	if (!name)
		return;
	if (!hours || hg_node_type(hours) != HG_NODE_MAP)
		hg_diag_add(diag, HG_SEV_ERROR, place, NULL, "%s names business hours, and there are none: write hours:", what);
	else if (!hg_node_get(hours, name))
		hg_diag_add(diag, HG_SEV_ERROR, place, "names stand below hours:", "%s: there are no business hours %s", what, quoted);
}

/* ---- channels ---- */

/* What is no contact's own leads to somebody else's mailbox, or to one mailbox for all. */
static void check_address(const struct hg_channel_conf *channel, const hg_node *map, const char *what, hg_diag *diag)
{
	const char *text = channel->requester_address, *at = text ? strchr(text, '@') : NULL;
	g_autofree char *said = g_strdup_printf("%s: 'requester_address'", what);

	if (!text || !hg_node_check_template(place_of(map, "requester_address"), said, text, requester, diag))
		return;
	if (!at || !strchr(at, '.') || strstr(at, "${") || strchr(at + 1, '@') || strpbrk(text, " \t\n<>\","))
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "requester_address"),
			    "${contact.id}@chat.acme.example, in a domain of yours",
			    "%s must be an e-mail address whose domain is written out", said);
	else if (!strstr(text, "${contact.id}") && !strstr(text, "${phone"))
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "requester_address"), NULL,
			    "%s must have ${contact.id} in it: two customers would be one requester", said);
}

/* An adapter's option "hours" names some of ours: the adapter cannot see them. */
static void check_adapter_hours(const struct hg_channel_conf *channel, const hg_node *map, const hg_node *root, hg_diag *diag)
{
	const struct hg_option *opt = channel->desc ? channel->desc->options : NULL;
	g_autofree char *what = g_strdup_printf("channel %s: 'hours'", channel->name);

	while (opt && opt->name && (strcmp(opt->name, "hours") != 0 || opt->type != HG_OPT_STRING))
		opt++;
	if (opt && opt->name && channel->options)
		check_hours(*(char *const *)((const char *)channel->options + opt->offset), root, place_of(map, "hours"), what, diag);
}

static void check_channel(const struct hg_channel_conf *channel, const hg_node *map, hg_diag *diag)
{
	g_autofree char *what = g_strdup_printf("channel %s", channel->name);
	const hg_node *template = hg_node_get(map, "confirm_template"), *consent = hg_node_get(map, "consent");
	g_autofree char *inside = g_strdup_printf("%s: consent", what);

	check_texts(&(struct texts){ map, what, "confirm", channel->confirm, confirmed }, diag);
	check_texts(&(struct texts){ map, what, "ask_text", channel->ask_text, asked }, diag);
	check_texts(&(struct texts){ consent, inside, "stop_text", channel->consent.stop_text, consented }, diag);
	check_texts(&(struct texts){ consent, inside, "start_text", channel->consent.start_text, consented }, diag);
	check_texts(&(struct texts){ consent, inside, "help_text", channel->consent.help_text, consented }, diag);
	check_address(channel, map, what, diag);
	if (!channel->confirm_template.name != !channel->confirm_template.language)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "confirm_template"), NULL,
			    "%s: 'confirm_template' needs both name and language", what);
	if (!channel->closed_template.name != !channel->closed_template.language)
		hg_diag_add(diag, HG_SEV_ERROR, place_of(map, "closed_template"), NULL,
			    "%s: 'closed_template' needs both name and language", what);
	for (char **value = channel->confirm_template.values; value && *value; value++)
		hg_node_check_template(place_of(template, "values"), "confirm_template: 'values'", *value, confirmed, diag);
}

void hg_check_texts(const hg_conf *conf, const hg_node *root, hg_diag *diag)
{
	const hg_node *ticket = hg_node_get(root, "ticket"), *rating = hg_node_get(root, "rating");
	const hg_node *prompt = hg_node_get(root, "close_prompt"), *channels = hg_node_get(root, "channels");

	check_texts(&(struct texts){ ticket, "ticket", "confirm", conf->ticket.confirm, confirmed }, diag);
	check_expected(conf, ticket, diag);
	check_hours(conf->ticket.expected_hours, root, place_of(ticket, "expected_hours"), "ticket: 'expected_hours'", diag);
	check_texts(&(struct texts){ rating, "rating", "text", conf->rating.text, asked }, diag);
	check_texts(&(struct texts){ rating, "rating", "thanks", conf->rating.thanks, asked }, diag);
	check_texts(&(struct texts){ prompt, "close_prompt", "text", conf->close_prompt.text, asked }, diag);
	for (char **name = conf->rating.channels; name && *name; name++) {
		g_autofree char *quoted = hg_node_quote(*name);

		if (!hg_conf_channel(conf, *name))
			hg_diag_add(diag, HG_SEV_ERROR, place_of(rating, "channels"), NULL,
				    "rating: 'channels': there is no channel %s", quoted);
	}
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		check_channel(channel, hg_node_get(channels, channel->name), diag);
		hg_check_unseen(channel, conf, hg_node_get(channels, channel->name), diag);
		check_adapter_hours(channel, hg_node_get(channels, channel->name), root, diag);
	}
}

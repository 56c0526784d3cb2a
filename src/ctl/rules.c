/* rules.c - rules try: one text, judged as if somebody unknown had said it */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "explain_text.h"
#include "setup.h"
#include "try.h"

struct args {
	const char *text, *channel, *from;
	struct json_object *outside;	/* what --fact says, as hooks would have; lent */
};

/* ---- for people ---- */

static void print_more(const char *word, const char *text)
{
	g_autofree char *safe = text ? ctl_safe(text, FALSE) : NULL;

	if (safe)
		printf("    %-15s %s\n", word, safe);
}

static void print_extras(const struct hg_verdict *verdict)
{
	print_more("priority", verdict->priority);
	print_more("category", verdict->category);
	print_more("type", verdict->type);
	print_more("subject", verdict->subject);
	print_more("queue", verdict->queue);
	print_more("skill", verdict->skill);
	print_more("assignee", verdict->assignee);
	print_more("status", verdict->status);
	print_more("backend", verdict->backend);
	print_more("word", verdict->word);
	for (guint i = 0; verdict->tags && i < verdict->tags->len; i++)
		print_more("tag", g_ptr_array_index(verdict->tags, i));
	for (guint i = 0; verdict->sets && i < verdict->sets->len; i++) {
		const struct hg_set *set = &g_array_index(verdict->sets, struct hg_set, i);
		g_autofree char *text = g_strdup_printf("%s: %s", set->name, set->value ? set->value : "");

		print_more("set", text);
	}
	for (guint i = 0; verdict->replies && i < verdict->replies->len; i++)
		print_more("reply", g_ptr_array_index(verdict->replies, i));
	for (guint i = 0; verdict->notices && i < verdict->notices->len; i++)
		print_more("notify", ((const struct hg_notice *)g_ptr_array_index(verdict->notices, i))->text);
}

static struct json_object *parse(const char *json)
{
	return hg_json_parse(json, strlen(json), NULL, NULL);
}

static void print_text(const struct hg_tried *tried, const char *fallback)
{
	g_autoptr(json_object) facts = parse(tried->facts), trace = parse(tried->trace);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *note = g_strdup_printf("when nothing else comes, default: %s decides after settle", fallback);
	g_autofree char *safe = NULL;

	hg_explain_show(out, &tried->decision, facts, trace, tried->verdict.action == HG_ACT_NONE ? note : NULL);
	safe = ctl_safe(out->str, TRUE);
	fputs(safe, stdout);
	print_extras(&tried->verdict);
}

/* ---- try ---- */

static void judge(const struct ctl *ctl, const hg_setup *setup, const struct hg_try *said)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) out = g_string_new(NULL);
	struct hg_tried tried;

	hg_try_judge(said, setup->rules, setup->conf->hash, arena, &tried);
	if (!ctl->json) {
		print_text(&tried, setup->conf->engine.fallback);
		return;
	}
	hg_try_write(&tried, out);
	ctl_put_json(out->str);
}

static const struct hg_channel_conf *channel_of(struct ctl *ctl, const hg_conf *conf, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	const struct hg_channel_conf *channel = name ? hg_conf_channel(conf, name) : NULL;

	if (!name && conf->channels->len)
		return g_ptr_array_index(conf->channels, 0);
	if (channel)
		return channel;
	for (guint i = 0; i < conf->channels->len; i++)
		g_ptr_array_add(names, ((struct hg_channel_conf *)g_ptr_array_index(conf->channels, i))->name);
	g_ptr_array_add(names, NULL);
	if (name)
		ctl_unknown(ctl, "channel", name, (const char *const *)names->pdata);
	else
		ctl_say_error(ctl, "the configuration has no channel");
	return NULL;
}

static int try_text(struct ctl *ctl, const struct args *args)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_try said = { .text = args->text, .now_ms = hg_now(hg_env_system()) };

	if (!setup)
		return CTL_CONFIG;
	said.channel = channel_of(ctl, setup->conf, args->channel);
	if (!said.channel)
		return args->channel ? CTL_USAGE : CTL_CONFIG;
	said.from = hg_trial_address(arena, args->from);
	if (!said.from)
		return ctl_usage(ctl, "--from %s: an address is wanted, +447700900123 or ana@example.com", args->from);
	if (json_object_object_length(args->outside))
		said.outside = json_object_to_json_string_ext(args->outside, JSON_C_TO_STRING_PLAIN);
	judge(ctl, setup, &said);
	return CTL_DONE;
}

/* NAME=VALUE; a number, true and false are what they are, all else is a text. */
static gboolean add_fact(struct json_object *outside, const char *said)
{
	gsize len = strcspn(said, "=");
	g_autofree char *name = g_strndup(said, len);
	struct json_object *value;

	if (!len || !said[len])
		return FALSE;
	value = hg_json_parse(said + len + 1, strlen(said + len + 1), NULL, NULL);
	if (value && (json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array)))
		g_clear_pointer(&value, json_object_put);
	json_object_object_add(outside, name, value ? value : json_object_new_string(said + len + 1));
	return TRUE;
}

static int try_it(struct ctl *ctl)
{
	g_autoptr(json_object) outside = json_object_new_object();
	const char *from = ctl_value(ctl, "from");
	struct args args = { .text = ctl_value(ctl, "TEXT"), .channel = ctl_value(ctl, "channel"),
			     .from = from ? from : "+15550100", .outside = outside };

	for (const char *const *fact = ctl_values(ctl, "fact"); *fact; fact++)
		if (!add_fact(outside, *fact))
			return ctl_usage(ctl, "--fact %s: a name and a value are wanted, sentiment=angry", *fact);
	return try_text(ctl, &args);
}

static const struct ctl_verb try_verb = {
	.name = "try", .help = "judge one text by the rules of the configuration", .run = try_it,
	.args = CTL_PARAMS({ "TEXT", .help = "the first message of somebody unknown" }),
	.options = CTL_PARAMS({ "channel", CTL_CHANNEL, NULL, "where it comes in [the first of the configuration]" },
			      { "from", CTL_TEXT, "ADDRESS", "who says it [+15550100]" },
			      { "fact", CTL_TEXT, "NAME=VALUE", "what a hook would have said", .flags = CTL_MANY }),
	.more = "Says why each rule matched or did not.",
	.example = "rules try \"where is my parcel?\" --fact sentiment=angry",
};

const struct ctl_verb ctl_verb_rules = {
	.name = "rules", .help = "judge a text, or all that was decided, by other rules",
	.subs = CTL_SUBS(&try_verb, &ctl_rules_replay),
};

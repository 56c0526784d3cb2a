/* rules.c - rules try: one text, judged as if somebody unknown had said it */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "explain_text.h"
#include "setup.h"

struct args {
	const char *text, *channel, *from;
	struct json_object *outside;	/* what --fact says, as hooks would have; lent */
};

/* What the engine would know of somebody's first message. */
static struct hg_facts facts_of(const struct args *args, const struct hg_channel_conf *channel)
{
	return (struct hg_facts){ .on = "message", .now_ms = hg_now(hg_env_system()), .channel = channel->name,
		.adapter = channel->adapter, .scope = channel->scope ? channel->scope : "default", .text = args->text,
		.kind = "text", .address = args->from, .proposal = HG_PROPOSE_NEW,
		.proposal_reason = "nobody has written from this address", .messages = 1, .inbound = 1,
		.age_ms = -1, .idle_ms = -1, .since_ticket_ms = -1, .helpdesk_down_ms = -1, .contact_new = TRUE,
		.outside = !json_object_object_length(args->outside) ? NULL :
			   json_object_to_json_string_ext(args->outside, JSON_C_TO_STRING_PLAIN) };
}

static const char *outcome(const struct hg_verdict *verdict)
{
	return verdict->action == HG_ACT_NONE ? "wait" : hg_action_word(verdict->action);
}

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

static void print_text(const struct hg_verdict *verdict, const hg_decision *decision, const char *facts,
		       const char *trace, const char *fallback)
{
	g_autoptr(json_object) facts_json = parse(facts), trace_json = parse(trace);
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *note = g_strdup_printf("when nothing else comes, default: %s decides after settle", fallback);
	g_autofree char *safe = NULL;

	hg_explain_show(out, decision, facts_json, trace_json, verdict->action == HG_ACT_NONE ? note : NULL);
	safe = ctl_safe(out->str, TRUE);
	fputs(safe, stdout);
	print_extras(verdict);
}

/* ---- as JSON ---- */

static void print_json(const hg_decision *decision, const struct hg_verdict *verdict, const char *facts,
		       const char *trace)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "action", decision->action);
	hg_json_add_str(out, "rule", decision->rule);
	hg_json_add_str(out, "file", decision->file);
	hg_json_add_int(out, "line", decision->line);
	hg_json_opt_str(out, "priority", verdict->priority);
	hg_json_opt_str(out, "category", verdict->category);
	hg_json_opt_str(out, "queue", verdict->queue);
	hg_json_opt_str(out, "skill", verdict->skill);
	hg_json_opt_str(out, "assignee", verdict->assignee);
	hg_json_opt_str(out, "backend", verdict->backend);
	hg_json_key(out, "tags");
	hg_json_open(out, '[');
	for (guint i = 0; verdict->tags && i < verdict->tags->len; i++)
		hg_json_put_str(out, g_ptr_array_index(verdict->tags, i));
	hg_json_close(out, ']');
	hg_json_key(out, "replies");
	hg_json_open(out, '[');
	for (guint i = 0; verdict->replies && i < verdict->replies->len; i++)
		hg_json_put_str(out, g_ptr_array_index(verdict->replies, i));
	hg_json_close(out, ']');
	hg_json_add_raw(out, "facts", facts);
	hg_json_add_raw(out, "trace", trace);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* ---- try ---- */

static void judge(const struct ctl *ctl, const hg_setup *setup, const struct hg_facts *facts)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) trace = g_string_new(NULL), written = g_string_new(NULL);
	struct hg_facts asked = *facts;
	struct hg_verdict verdict;
	hg_decision decision;

	hg_rules_judge(setup->rules, facts, arena, &verdict, trace);
	asked.intent = verdict.intent;
	hg_facts_write(&asked, TRUE, written);
	decision = (hg_decision){ .at_ms = facts->now_ms, .on = facts->on, .config_hash = setup->conf->hash,
		.action = outcome(&verdict), .rule = verdict.rule, .file = verdict.file, .line = verdict.line };
	if (ctl->json)
		print_json(&decision, &verdict, written->str, trace->str);
	else
		print_text(&verdict, &decision, written->str, trace->str, setup->conf->engine.fallback);
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
	const struct hg_channel_conf *channel;
	struct hg_facts facts;

	if (!setup)
		return CTL_CONFIG;
	channel = channel_of(ctl, setup->conf, args->channel);
	if (!channel)
		return args->channel ? CTL_USAGE : CTL_CONFIG;
	facts = facts_of(args, channel);
	facts.address = hg_trial_address(arena, args->from);
	if (!facts.address)
		return ctl_usage(ctl, "--from %s: an address is wanted, +447700900123 or ana@example.com", args->from);
	judge(ctl, setup, &facts);
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

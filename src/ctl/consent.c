/* consent.c - who wants no messages: looked at, and noted for somebody who said so elsewhere */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

/* ---- list ---- */

static void print_one(const struct ctl *ctl, struct json_object *one)
{
	g_autofree char *address = ctl_text(one, "address", ""), *channel = ctl_text(one, "channel", "");
	g_autofree char *ours = ctl_text(one, "our_address", "(all)"), *state = ctl_text(one, "state", "");
	g_autofree char *source = ctl_text(one, "source", "-"), *words = ctl_text(one, "words", "");
	const char *since = hg_json_str(one, "since");
	gboolean stop = strcmp(state, "stop") == 0;

	printf("%s", ctl_look(ctl, stop ? CTL_RED : CTL_GREEN));
	ctl_cell(state, 6);
	printf("%s", ctl_look(ctl, CTL_PLAIN));
	ctl_cell(address, 24);
	ctl_cell(channel, 12);
	ctl_cell(ours, 20);
	printf("%-10.10s %-5.5s  ", since ? since : "-", since && strlen(since) > 11 ? since + 11 : "");
	ctl_cell(source, 9);
	printf("%s\n", words);
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-6s%-24s%-12s%-20s%-18s%-9s%s%s\n", ctl_look(ctl, CTL_BOLD), "STATE", "ADDRESS", "CHANNEL", "FOR", "SINCE (UTC)",
	       "SOURCE", "WORDS", ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	g_autofree char *path = ctl_query(ctl, "/v1/consent", "address channel state");

	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "consents", .cursor = "after", .usual = CTL_ALL,
						       .title = print_title, .row = print_one });
}

/* ---- stop, start ---- */

static int note(struct ctl *ctl, const char *state)
{
	g_autofree char *rest = ctl_body(ctl, "address=ADDRESS channel our_address=our-address reason agent");
	g_autofree char *body = g_strdup_printf("{\"state\":\"%s\",%s", state, rest + 1);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", "/v1/consent", body, NULL, &reply);

	if (code != CTL_DONE || ctl->quiet)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_one(ctl, hg_json_obj(reply.json, "consent"));
	return CTL_DONE;
}

static int stop(struct ctl *ctl)
{
	return note(ctl, "stop");
}

static int start(struct ctl *ctl)
{
	return note(ctl, "start");
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "who wants no messages, and who wants them again", .usual = TRUE, .run = list,
	.options = CTL_PARAMS({ "address", CTL_TEXT, "ADDRESS", "of one customer" },
			      { "channel", CTL_CHANNEL, NULL, "on one channel" },
			      { "state", CTL_WORD, NULL, "only those that are so", "stop|start" }),
	.more = "--json is one a line.",
};

#define NOTED CTL_PARAMS({ "channel", CTL_CHANNEL, NULL, "on which channel", .flags = CTL_NEEDED }, \
			 { "our-address", CTL_TEXT, "ADDRESS", "messages from this one [all of the channel]" }, \
			 { "reason", CTL_TEXT, NULL, "where he said it" }, CTL_OPT_AGENT)
#define ADDRESS CTL_PARAMS({ "ADDRESS", .help = "of the customer" })

static const struct ctl_verb stop_verb = {
	.name = "stop", .help = "note that a customer wants no messages", .run = stop, .args = ADDRESS, .options = NOTED,
	.more = "Helpdesks are told as contact.consent, with the reason and who noted it.",
};

static const struct ctl_verb start_verb = {
	.name = "start", .help = "note that he wants them again", .run = start, .args = ADDRESS, .options = NOTED,
};

const struct ctl_verb ctl_verb_consent = {
	.name = "consent", .help = "who wants no messages, and note that for somebody",
	.subs = CTL_SUBS(&list_verb, &stop_verb, &start_verb),
};

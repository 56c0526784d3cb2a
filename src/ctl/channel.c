/* channel.c - has a channel ask its provider for messages that did not come by themselves */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static int ask(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "NAME");
	g_autofree char *path = ctl_path("/v1/channels/%s/ask", name), *from = NULL, *body = ctl_body(ctl, "since");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	from = ctl_text(reply.json, "since", "where it got to last");
	if (!ctl->quiet)
		printf("%s is asking its provider for what was sent since %s; what is new comes in as always\n", name, from);
	return CTL_DONE;
}

static const struct ctl_verb ask_verb = {
	.name = "ask", .help = "have it look for messages that did not come", .run = ask,
	.args = CTL_PARAMS({ "NAME", CTL_CHANNEL, .help = "of a channel" }),
	.options = CTL_PARAMS({ "since", CTL_TIME, NULL, "from when: 2h, 2026-11-20 [where it got to last]" }),
	.more = "For channels whose provider can be asked for what it has received. What is known already is not taken twice, so "
		"asking for too much does no harm. It is done at the start and from time to time anyway.",
};

const struct ctl_verb ctl_verb_channel = {
	.name = "channel", .help = "the ways in and out",
	.subs = CTL_SUBS(&ctl_channel_list, &ctl_channel_show, &ctl_channel_probe, &ctl_channel_pause, &ctl_channel_resume,
			 &ask_verb, &ctl_channel_setup),
};

/* file.c - the verb "file": links to attachments */
#include <stdio.h>
#include "ctl.h"

static int make_link(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/attachments/%s/link", ctl_value(ctl, "ID")), *query = ctl_query(ctl, path, "ttl");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", query, NULL, NULL, &reply);
	g_autofree char *url = NULL, *ends = NULL;

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	url = ctl_text(reply.json, "url", "?");
	ends = ctl_text(reply.json, "expires_at", "?");
	puts(url);
	if (!ctl->quiet)
		fprintf(stderr, "whoever has it can open the file, until %s\n", ends);
	return CTL_DONE;
}

static const struct ctl_verb link_verb = {
	.name = "link", .help = "a link to a file that needs no token, for a time", .run = make_link,
	.args = CTL_PARAMS({ "ID", .help = "of the attachment: att_..." }),
	.options = CTL_PARAMS({ "ttl", CTL_SPAN, NULL, "for how long, 7d at most [1h]" }),
	.more = "It ends early when the file is erased, and all links end when files.link_secrets gets another key alone.",
	.example = "file link att_01m7zvs4v0f0qvdxeg183g31se --ttl 2d",
};

const struct ctl_verb ctl_verb_file = {
	.name = "file", .help = "attachments of messages", .subs = CTL_SUBS(&link_verb),
};

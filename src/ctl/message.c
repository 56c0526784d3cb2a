/* message.c - the verb "message": what one of the customer's messages is to people */
#include <stdio.h>
#include "ctl.h"

static void print_outcome(const ctl_reply *reply)
{
	struct json_object *message = hg_json_obj(reply->json, "message");
	gboolean noise = hg_json_bool(message, "noise", FALSE), forwarded = hg_json_bool(reply->json, "already_forwarded", FALSE);
	g_autofree char *id = ctl_text(message, "id", "?");

	printf("%s %s%s\n", id, noise ? "noise" : "no noise", !forwarded ? "" : noise ? ", but the helpdesk of its ticket has it and keeps it" :
	       ", and the helpdesk of its ticket has it");
}

static int mark_noise(struct ctl *ctl)
{
	const char *headers[] = { "Content-Type: application/json", NULL };
	g_autofree char *path = ctl_path("/v1/messages/%s/noise", ctl_value(ctl, "ID")), *body = ctl_body(ctl, "agent");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, ctl_given(ctl, "undo") ? "DELETE" : "POST", path, body, headers, &reply);

	if (code == CTL_DONE && ctl->json)
		ctl_print_json(&reply);
	else if (code == CTL_DONE && !ctl->quiet)
		print_outcome(&reply);
	return code;
}

static const struct ctl_verb noise_verb = {
	.name = "noise", .help = "say that something the customer said is no matter for anybody", .run = mark_noise,
	.args = CTL_PARAMS({ "ID", .help = "of the message: msg_..." }),
	.options = CTL_PARAMS({ "undo", CTL_FLAG, NULL, "it is a matter after all" }, CTL_OPT_AGENT),
	.more = "A ticket that is made of the conversation leaves it out, nobody waits for an answer to it, and reports count it as noise.  "
		"Where nothing else was said the conversation becomes no ticket by itself, and closes as resolved.  What the helpdesk "
		"of a ticket has already it keeps; what was left out of a ticket goes there when the mark is taken back.\n\n"
		"\"headgatectl --json thread show ID\" has the ids of messages.",
	.example = "message noise msg_01m7zvs4v0f0qvdxeg183g31se --agent Mia",
};

const struct ctl_verb ctl_verb_message = {
	.name = "message", .help = "single messages of conversations", .subs = CTL_SUBS(&noise_verb),
};

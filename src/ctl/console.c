/* console.c - a link that signs in to the web console */
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"

/* Who asks on this machine is meant, unless another is named. */
static char *body_of(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "name"), *role = ctl_value(ctl, "role");
	GString *body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_add_str(body, "name", name ? name : g_get_user_name());
	hg_json_opt_str(body, "role", role);
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

static int invite(struct ctl *ctl)
{
	g_autofree char *body = body_of(ctl);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", "/v1/console/links", body, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	puts(hg_json_str(reply.json, "url"));
	if (!ctl->quiet)
		fprintf(stderr, "signs %s in as %s, once, within 10 minutes; whoever has it first is in\n",
			hg_json_str(reply.json, "principal"), hg_json_str(reply.json, "role"));
	return CTL_DONE;
}

const struct ctl_verb ctl_verb_console = {
	.name = "console", .help = "print a link that signs in to the web console", .run = invite,
	.options = CTL_PARAMS({ "role", CTL_WORD, NULL, "what it may do [admin]", "viewer|operator|admin" },
			      { "name", CTL_TEXT, "NAME", "whom the audit will name [who runs this]" }),
	.more = "The link is for one person and one use within 10 minutes; the session ends after 12 hours of silence. A viewer "
		"looks; an operator also answers, makes tickets and mends; an admin may do everything, tokens and erasing included.\n\n"
		"The console listens on 127.0.0.1 only: from elsewhere it is reached by \"ssh -L 8422:127.0.0.1:8422 HOST\", or "
		"through a proxy that speaks TLS (console.public_url).",
	.example = "console\nconsole --role operator --name ann",
};

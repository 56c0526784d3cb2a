/* channel.c - has a channel ask its provider for messages that did not come by themselves */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static int ask(struct ctl *ctl, const char *name, const char *since)
{
	g_autofree char *path = ctl_path("/v1/channels/%s/ask", name), *from = NULL;
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	hg_json_open(body, '{');
	if (since)
		hg_json_add_str(body, "since", since);
	hg_json_close(body, '}');
	code = ctl_call(ctl, "POST", path, body->str, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	from = ctl_text(reply.json, "since", "where it got to last");
	if (!ctl->quiet)
		printf("%s is asking its provider for what was sent since %s; what is new comes in as always\n", name, from);
	return CTL_DONE;
}

int ctl_channel(struct ctl *ctl, int argc, char **argv)
{
	static const struct option own[] = { { "since", required_argument, NULL, CTL_OWN }, { 0 } };
	static const char *const what[] = { "ask", NULL };
	const char *since = NULL;
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == '?')
			return ctl->exit;
		since = optarg;
	}
	argc -= optind;
	argv += optind;
	if (argc && !g_strv_contains(what, argv[0]))
		return ctl_unknown(ctl, "command of channel", argv[0], what);
	if (argc == 2)
		return ask(ctl, argv[1], since);
	return ctl_usage(ctl, "channel %s", ctl->verb->usage);
}

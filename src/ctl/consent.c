/* consent.c - who wants no messages: looked at, and noted for somebody who said so elsewhere */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

struct asked {
	const char *address, *channel, *ours, *state, *reason, *agent;
};

enum { ADDRESS = CTL_OWN, CHANNEL, OURS, STATE, REASON, AGENT };

static const struct option own[] = {
	{ "address", required_argument, NULL, ADDRESS }, { "channel", required_argument, NULL, CHANNEL },
	{ "our-address", required_argument, NULL, OURS }, { "state", required_argument, NULL, STATE },
	{ "reason", required_argument, NULL, REASON }, { "agent", required_argument, NULL, AGENT }, { 0 },
};

static gboolean read_options(struct ctl *ctl, int argc, char **argv, struct asked *asked)
{
	const struct { int val; const char **into; } texts[] = {
		{ ADDRESS, &asked->address }, { CHANNEL, &asked->channel }, { OURS, &asked->ours },
		{ STATE, &asked->state }, { REASON, &asked->reason }, { AGENT, &asked->agent },
	};
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == '?')
			return FALSE;
		for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
			if (texts[i].val == c)
				*texts[i].into = optarg;
	}
	return TRUE;
}

/* ---- list ---- */

static void print_one(struct ctl *ctl, struct json_object *one)
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

static char *list_path(const struct asked *asked, const char *after)
{
	const struct { const char *name, *value; } parts[] = {
		{ "address", asked->address }, { "channel", asked->channel }, { "state", asked->state }, { "after", after },
	};
	GString *path = g_string_new("/v1/consent?limit=500");

	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *more = parts[i].value ? ctl_path("%s", parts[i].value) : NULL;

		if (more)
			g_string_append_printf(path, "&%s=%s", parts[i].name, more);
	}
	return g_string_free(path, FALSE);
}

static int list(struct ctl *ctl, const struct asked *asked)
{
	g_autofree char *after = NULL;
	gboolean first = TRUE;

	do {
		g_autofree char *path = list_path(asked, after);
		g_auto(ctl_reply) reply = { 0 };
		int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
		struct json_object *all = hg_json_arr(reply.json, "consents");

		if (code != CTL_DONE)
			return code;
		if (first && !ctl->json)
			printf("%s%-6s%-24s%-12s%-20s%-18s%-9s%s%s\n", ctl_look(ctl, CTL_BOLD), "STATE", "ADDRESS", "CHANNEL",
			       "FOR", "SINCE (UTC)", "SOURCE", "WORDS", ctl_look(ctl, CTL_PLAIN));
		first = FALSE;
		if (ctl->json)
			ctl_print_json(&reply);
		for (gsize i = 0; !ctl->json && all && i < json_object_array_length(all); i++)
			print_one(ctl, json_object_array_get_idx(all, i));
		g_free(after);
		after = g_strdup(hg_json_str(reply.json, "next"));
	} while (after);
	return CTL_DONE;
}

/* ---- stop, start ---- */

static int note(struct ctl *ctl, const struct asked *asked, const char *state, const char *address)
{
	const struct { const char *name, *value; } parts[] = {
		{ "address", address }, { "state", state }, { "channel", asked->channel }, { "our_address", asked->ours },
		{ "reason", asked->reason }, { "agent", asked->agent },
	};
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!asked->channel)
		return ctl_usage(ctl, "--channel says on which channel");
	hg_json_open(body, '{');
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i].value)
			hg_json_add_str(body, parts[i].name, parts[i].value);
	hg_json_close(body, '}');
	code = ctl_call(ctl, "POST", "/v1/consent", body->str, NULL, &reply);
	if (code != CTL_DONE || ctl->quiet)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_one(ctl, hg_json_obj(reply.json, "consent"));
	return CTL_DONE;
}

int ctl_consent(struct ctl *ctl, int argc, char **argv)
{
	static const char *const what[] = { "list", "stop", "start", NULL };
	struct asked asked = { 0 };

	if (!read_options(ctl, argc, argv, &asked))
		return ctl->exit;
	argc -= optind;
	argv += optind;
	if (argc && !g_strv_contains(what, argv[0]))
		return ctl_unknown(ctl, "command of consent", argv[0], what);
	if (!argc || (strcmp(argv[0], "list") == 0 && argc == 1))
		return list(ctl, &asked);
	if (strcmp(argv[0], "list") != 0 && argc == 2)
		return note(ctl, &asked, argv[0], argv[1]);
	return ctl_usage(ctl, "consent %s", ctl->verb->usage);
}

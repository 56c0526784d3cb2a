/* outbox.c - what waits to leave, what was given up, what hangs in doubt */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static void print_job(struct json_object *job)
{
	g_autofree char *age = ctl_ago(hg_json_str(job, "created")), *error = ctl_text(job, "error", "-");
	g_autofree char *target = ctl_text(job, "target", ""), *name = ctl_text(job, "name", "");
	const char *about = hg_json_str(job, "message_id") ? "message_id" : "event_id";
	g_autofree char *id = ctl_text(job, about, "-"), *state = ctl_text(job, "state", "");

	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(job, "number", 0));
	ctl_cell(target, 8);
	ctl_cell(name, 12);
	ctl_cell(state, 8);
	printf("%5" G_GINT64_FORMAT " %7s  %-30s  %s\n", hg_json_int(job, "attempts", 0), age, id, error);
}

static int list(struct ctl *ctl, const char *state)
{
	g_autofree char *path = ctl_path("/v1/outbox?limit=500&state=%s", state);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *jobs = hg_json_arr(reply.json, "jobs");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	printf("%s%-8s %-8s %-12s %-8s %5s %7s  %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "TARGET", "NAME",
	       "STATE", "TRIES", "AGE", "ABOUT", "ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; jobs && i < json_object_array_length(jobs); i++)
		print_job(json_object_array_get_idx(jobs, i));
	if (hg_json_int(reply.json, "next", 0) && !ctl->quiet)
		fprintf(stderr, "headgatectl: there are more than 500\n");
	return CTL_DONE;
}

static int post(struct ctl *ctl, const char *number, const char *what, const char *body)
{
	g_autofree char *path = ctl_path("/v1/outbox/%s/%s", number, what);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, NULL, &reply);

	return code == CTL_DONE && ctl->json ? ctl_print_json(&reply) : code;
}

static int settle(struct ctl *ctl, const char *number, const char *how)
{
	static const char *const ways[] = { "arrived", "resend", NULL };
	g_autofree char *body = NULL;

	if (!g_strv_contains(ways, how))
		return ctl_unknown(ctl, "way to settle a send", how, ways);
	body = g_strdup_printf("{\"how\":\"%s\"}", how);
	return post(ctl, number, "settle", body);
}

int ctl_outbox(struct ctl *ctl, int argc, char **argv)
{
	static const struct option own[] = { { "state", required_argument, NULL, CTL_OWN }, { 0 } };
	static const char *const what[] = { "retry", "settle", NULL };
	const char *state = "dead";
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == '?')
			return ctl->exit;
		state = optarg;
	}
	argc -= optind;
	argv += optind;
	if (!argc)
		return list(ctl, state);
	if (!g_strv_contains(what, argv[0]))
		return ctl_unknown(ctl, "command of outbox", argv[0], what);
	if (strcmp(argv[0], "retry") == 0 && argc == 2)
		return post(ctl, argv[1], "retry", NULL);
	if (strcmp(argv[0], "settle") == 0 && argc == 3)
		return settle(ctl, argv[1], argv[2]);
	return ctl_usage(ctl, "outbox %s", ctl->verb->usage);
}

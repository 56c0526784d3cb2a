/* reload.c - has the daemon read its configuration again, and waits for what comes of it */
#include <stdio.h>
#include "ctl.h"

#define CHANGES_MAX 20			/* that are named */

static gsize size_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

static void print_finding(struct json_object *finding)
{
	g_autofree char *file = ctl_text(finding, "file", ""), *text = ctl_text(finding, "text", "");
	g_autofree char *severity = ctl_text(finding, "severity", "error"), *hint = ctl_text(finding, "hint", "");

	if (*file)
		fprintf(stderr, "%s:%" G_GINT64_FORMAT ":%" G_GINT64_FORMAT ": ", file, hg_json_int(finding, "line", 0),
			hg_json_int(finding, "column", 0));
	fprintf(stderr, "%s: %s%s%s\n", severity, text, *hint ? "; " : "", hint);
}

static void print_findings(struct json_object *list)
{
	for (gsize i = 0; i < size_of(list); i++)
		print_finding(json_object_array_get_idx(list, i));
}

static void print_keys(const char *before, struct json_object *list)
{
	for (gsize i = 0; i < MIN(size_of(list), CHANGES_MAX); i++) {
		g_autofree char *key = ctl_safe(json_object_get_string(json_object_array_get_idx(list, i)), FALSE);

		printf("  %s%s\n", before, key);
	}
	if (size_of(list) > CHANGES_MAX)
		printf("  ... and %zu more\n", size_of(list) - CHANGES_MAX);
}

static void print_done(struct json_object *done)
{
	struct json_object *changed = hg_json_arr(done, "changed"), *restart = hg_json_arr(done, "restart_needed");
	g_autofree char *file = ctl_text(done, "file", "");

	printf("%s: taken over, %zu key%s changed\n", file, size_of(changed), size_of(changed) == 1 ? "" : "s");
	print_keys("", changed);
	print_keys("changes with a restart only: ", restart);
}

static int reload(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", "/v1/reload", "{}", NULL, &reply);
	struct json_object *findings = hg_json_arr(reply.json, "findings");

	if (ctl->json && reply.json)
		ctl_print_json(&reply);
	else
		print_findings(findings);
	if (code != CTL_DONE)
		return findings ? CTL_CONFIG : code;
	if (!ctl->json && !ctl->quiet)
		print_done(reply.json);
	return CTL_DONE;
}

const struct ctl_verb ctl_verb_reload = {
	.name = "reload", .help = "have the daemon read its configuration again, and say what came of it", .run = reload,
	.more = "All or nothing: with an error in the file the old configuration stays in force, and each error is named with its file, line "
		"and column.  Channels that did not change go on undisturbed.  A SIGHUP does the same without an answer.",
	.exits = "0 taken over, 78 refused: the file has errors",
	.example = "config diff\nreload",
};

/* outbox.c - what waits to leave, what was given up, what hangs in doubt */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL 500			/* entries without --limit */

static void print_job(const struct ctl *ctl, struct json_object *job)
{
	g_autofree char *age = ctl_ago(hg_json_str(job, "created")), *error = ctl_text(job, "error", "-");
	g_autofree char *target = ctl_text(job, "target", ""), *name = ctl_text(job, "name", "");
	const char *about = hg_json_str(job, "message_id") ? "message_id" : "event_id";
	g_autofree char *id = ctl_text(job, about, "-"), *state = ctl_text(job, "state", "");

	(void)ctl;
	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(job, "number", 0));
	ctl_cell(target, 8);
	ctl_cell(name, 12);
	ctl_cell(state, 8);
	printf("%5" G_GINT64_FORMAT " %7s  %-30s  %s\n", hg_json_int(job, "attempts", 0), age, id, error);
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-8s %-8s %-12s %-8s %5s %7s  %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "TARGET", "NAME", "STATE", "TRIES",
	       "AGE", "ABOUT", "ERROR", ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	g_autofree char *path = ctl_query(ctl, ctl_given(ctl, "state") ? "/v1/outbox" : "/v1/outbox?state=dead", "state");

	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "jobs", .cursor = "after", .usual = USUAL,
						       .title = print_title, .row = print_job });
}

static int post(struct ctl *ctl, const char *what)
{
	g_autofree char *path = ctl_path("/v1/outbox/%s/%s", ctl_value(ctl, "N"), what), *body = NULL;
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (strcmp(what, "settle") == 0)
		body = ctl_body(ctl, "how=HOW");
	code = ctl_call(ctl, "POST", path, body, NULL, &reply);
	return code == CTL_DONE && ctl->json ? ctl_print_json(&reply) : code;
}

static int retry(struct ctl *ctl)
{
	return post(ctl, "retry");
}

static int settle(struct ctl *ctl)
{
	return post(ctl, "settle");
}

#define NUMBER { "N", CTL_NUMBER, .help = "as the list numbers it" }

static const struct ctl_verb list_verb = {
	.name = "list", .help = "what waits to leave, or was given up", .usual = TRUE, .run = list,
	.options = CTL_PARAMS({ "state", CTL_WORD, NULL, "queued, due, sending, unknown, parked or dead [dead]",
				"queued|due|sending|unknown|parked|dead" }, CTL_OPTS_LIST("after", "500")),
	.more = "--json is one a line.",
};

static const struct ctl_verb retry_verb = {
	.name = "retry", .help = "try a dead letter again", .args = CTL_PARAMS(NUMBER), .run = retry,
};

static const struct ctl_verb settle_verb = {
	.name = "settle", .help = "say how a send ended whose fate is unknown", .run = settle,
	.args = CTL_PARAMS(NUMBER, { "HOW", CTL_WORD, .help = "it arrived, or is to be sent again", .words = "arrived|resend" }),
};

const struct ctl_verb ctl_verb_outbox = {
	.name = "outbox", .help = "what waits, failed or hangs in doubt", .subs = CTL_SUBS(&list_verb, &retry_verb, &settle_verb),
};

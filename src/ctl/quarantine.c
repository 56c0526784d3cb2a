/* quarantine.c - what came in and could not be read: looked at, read again, or forgotten */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL 500			/* entries without --limit */

static void print_entry(const struct ctl *ctl, struct json_object *entry)
{
	g_autofree char *age = ctl_ago(hg_json_str(entry, "received")), *error = ctl_text(entry, "error", "-");
	g_autofree char *channel = ctl_text(entry, "channel", ""), *id = ctl_text(entry, "message_id", "-");

	(void)ctl;
	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(entry, "number", 0));
	ctl_cell(channel, 12);
	printf("%7s  %-30s  %s\n", age, id, error);
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-8s %-12s %7s  %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "CHANNEL", "AGE", "PLACEHOLDER", "ERROR",
	       ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	return ctl_print_list(ctl, &(struct ctl_list){ .path = "/v1/quarantine", .list = "entries", .cursor = "after", .usual = USUAL,
						       .title = print_title, .row = print_entry });
}

static int show(struct ctl *ctl)
{
	static const char *const rows[] = { "channel", "key", "received", "given_up", "error", "thread_id", "message_id" };
	g_autofree char *path = ctl_path("/v1/quarantine/%s", ctl_value(ctl, "N")), *raw = NULL;
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(reply.json, rows[i], NULL);

		if (text)
			printf("%-12s %s\n", rows[i], text);
	}
	printf("%-12s %" G_GINT64_FORMAT "\n\n", "bytes", hg_json_int(reply.json, "bytes", 0));
	raw = ctl_safe(hg_json_str(reply.json, "raw") ?: "", TRUE);
	printf("%s\n%s", raw, hg_json_bool(reply.json, "raw_cut", FALSE) ? "(cut here)\n" : "");
	return CTL_DONE;
}

static int post(struct ctl *ctl, const char *what)
{
	g_autofree char *path = ctl_path("/v1/quarantine/%s/%s", ctl_value(ctl, "N"), what);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, NULL, NULL, &reply);

	return code == CTL_DONE && ctl->json ? ctl_print_json(&reply) : code;
}

static int retry(struct ctl *ctl)
{
	return post(ctl, "retry");
}

static int drop(struct ctl *ctl)
{
	return post(ctl, "drop");
}

#define NUMBER { "N", CTL_NUMBER, .help = "as the list numbers it" }

static const struct ctl_verb list_verb = {
	.name = "list", .help = "what came in and could not be read, not even at the second attempt", .usual = TRUE, .run = list,
	.options = CTL_PARAMS(CTL_OPTS_LIST("after", "500")),
	.more = "--json is one a line.",
};

static const struct ctl_verb show_verb = {
	.name = "show", .help = "what is known of one, and the beginning of its bytes", .args = CTL_PARAMS(NUMBER), .run = show,
};

static const struct ctl_verb retry_verb = {
	.name = "retry", .help = "have it read again: after an upgrade, say", .args = CTL_PARAMS(NUMBER), .run = retry,
};

static const struct ctl_verb drop_verb = {
	.name = "drop", .help = "take it out of the list", .args = CTL_PARAMS(NUMBER), .run = drop,
	.more = "Its bytes stay in the store, as those of every delivery do.",
};

const struct ctl_verb ctl_verb_quarantine = {
	.name = "quarantine", .help = "what came in and could not be read",
	.more = "A mail that its adapter could not read twice is kept here with its bytes, and those behind it went on.",
	.subs = CTL_SUBS(&list_verb, &show_verb, &retry_verb, &drop_verb),
};

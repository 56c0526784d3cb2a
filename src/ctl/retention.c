/* retention.c - for how long what is kept, and a pass by hand */
#include <stdio.h>
#include "ctl.h"
#include "verb.h"

static const char *const kinds[] = { "messages", "notes", "attachments", "raw", "decisions", "events" };

static void print_keep(struct ctl *ctl, const char *name, struct json_object *keep)
{
	ctl_cell(name, 16);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *span = ctl_text(keep, kinds[i], "for ever");

		ctl_cell(span, 13);
	}
	printf("\n");
	(void)ctl;
}

static void print_table(struct ctl *ctl, struct json_object *json)
{
	struct json_object *channels = hg_json_arr(json, "channels");
	const char *next = hg_json_str(json, "next_at");

	printf("%s", ctl_look(ctl, CTL_BOLD));
	ctl_cell("CHANNEL", 16);
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		ctl_cell(kinds[i], 13);
	printf("%s\n", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; channels && i < json_object_array_length(channels); i++) {
		struct json_object *one = json_object_array_get_idx(channels, i);
		g_autofree char *name = ctl_text(one, "channel", "");

		print_keep(ctl, name, hg_json_obj(one, "keep"));
	}
	if (hg_json_bool(json, "under_way", FALSE))
		printf("a pass is under way\n");
	else if (next)
		printf("next pass: %.10s %.5s UTC\n", next, next + 11);
	else
		printf("nothing is removed: retention is not configured\n");
}

static int show(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/retention", NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_table(ctl, reply.json);
	return CTL_DONE;
}

static int dry_run(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/retention?due=true", NULL, NULL, &reply);
	struct json_object *channels = hg_json_arr(reply.json, "channels");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	for (gsize i = 0; channels && i < json_object_array_length(channels); i++) {
		struct json_object *one = json_object_array_get_idx(channels, i), *due = hg_json_obj(one, "due");
		g_autofree char *name = ctl_text(one, "channel", "");

		for (gsize k = 0; k < G_N_ELEMENTS(kinds); k++) {
			struct json_object *of = hg_json_obj(due, kinds[k]);

			if (of)
				printf("%s: %s of %" G_GINT64_FORMAT " conversations (%" G_GINT64_FORMAT " messages) would go\n", name,
				       kinds[k], hg_json_int(of, "threads", 0), hg_json_int(of, "messages", 0));
		}
	}
	return CTL_DONE;
}

static int run(struct ctl *ctl)
{
	g_autofree char *body = NULL;
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (ctl_given(ctl, "dry-run"))
		return dry_run(ctl);
	if (!ctl_may(ctl, "What was kept for long enough goes now, for ever."))
		return ctl->exit;
	body = ctl_body(ctl, "agent");
	code = ctl_call(ctl, "POST", "/v1/retention/run", body, NULL, &reply);
	if (code == CTL_DONE && ctl->json)
		return ctl_print_json(&reply);
	if (code == CTL_DONE && !ctl->quiet)
		printf("a pass has begun; it goes on beside the daily work\n");
	return code;
}

static const struct ctl_verb show_verb = {
	.name = "show", .help = "for how long what is kept, by channel", .run = show, .usual = TRUE,
};

static const struct ctl_verb run_verb = {
	.name = "run", .help = "begin a pass now, instead of within the hour", .run = run, .asks = TRUE,
	.options = CTL_PARAMS({ "dry-run", CTL_FLAG, NULL, "only say what would go" }, CTL_OPT_AGENT),
	.more = "Of closed conversations only, counted from when they were active last. Rows stay with numbers and times.",
};

const struct ctl_verb ctl_verb_retention = {
	.name = "retention", .help = "how long what customers said is kept",
	.subs = CTL_SUBS(&show_verb, &run_verb),
};

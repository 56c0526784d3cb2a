/* capture.c - in capture mode: what would have left the gateway */
#include <stdio.h>
#include "ctl.h"

static void print_row(struct json_object *one)
{
	g_autofree char *target = ctl_text(one, "target", ""), *name = ctl_text(one, "name", "");
	g_autofree char *ago = ctl_ago(hg_json_str(one, "at"));
	g_autofree char *to = ctl_text(one, hg_json_str(one, "to") ? "to" : "event_type", "-");

	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(one, "number", 0));
	ctl_cell(target, 8);
	ctl_cell(name, 14);
	printf("%7s  %s\n", ago, to);
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/captured?limit=1000", NULL, NULL, &reply);
	struct json_object *all = hg_json_arr(reply.json, "captured");
	gsize n = all ? json_object_array_length(all) : 0;
	gboolean on;

	if (code != CTL_DONE)
		return code;
	on = hg_json_bool(reply.json, "on", FALSE);
	if (ctl->json) {
		ctl_print_json(&reply);
		return on ? CTL_DONE : CTL_NO;
	}
	if (!on) {
		ctl_say_error(ctl, "this gateway does not capture: what goes out goes out (gateway.capture)");
		return CTL_NO;
	}
	printf("%s%-8s %-8s %-14s %7s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "TARGET", "NAME", "AGO", "TO", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = n; i > 0; i--)
		print_row(json_object_array_get_idx(all, i - 1));
	return CTL_DONE;
}

static int show(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/captured/%s", ctl_value(ctl, "NUMBER")), *text = NULL;
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

	if (code != CTL_DONE || ctl->json)
		return code == CTL_DONE ? ctl_print_json(&reply) : code;
	text = ctl_safe(json_object_to_json_string_ext(hg_json_obj(reply.json, "captured"), JSON_C_TO_STRING_PRETTY |
						       JSON_C_TO_STRING_NOSLASHESCAPE), TRUE);
	puts(text);
	return CTL_DONE;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "what would have left, oldest first", .usual = TRUE, .run = list,
	.exits = "1 this gateway does not capture",
};

static const struct ctl_verb show_verb = {
	.name = "show", .help = "one of it, as it would have left", .run = show,
	.args = CTL_PARAMS({ "NUMBER", CTL_NUMBER, .help = "as list says" }),
};

const struct ctl_verb ctl_verb_capture = {
	.name = "capture", .help = "in capture mode: what would have left the gateway",
	.subs = CTL_SUBS(&list_verb, &show_verb),
	.more = "With gateway.capture: true nothing leaves: a configuration can be tried with real traffic coming in.",
};

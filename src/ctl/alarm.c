/* alarm.c - alarms that stand, and one to see whether they reach anybody */
#include <stdio.h>
#include "ctl.h"

static void print_row(struct json_object *alarm)
{
	g_autofree char *name = ctl_text(alarm, "name", ""), *text = ctl_text(alarm, "text", "-");
	g_autofree char *since = ctl_ago(hg_json_str(alarm, "since")), *told = ctl_ago(hg_json_str(alarm, "told"));

	ctl_cell(name, 32);
	printf("%8s %8s  %s\n", since, told, text);
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/alarms", NULL, NULL, &reply);
	struct json_object *alarms = hg_json_arr(reply.json, "alarms");
	gsize n = alarms ? json_object_array_length(alarms) : 0;

	if (code != CTL_DONE)
		return code;
	if (ctl->json) {
		ctl_print_json(&reply);
		return n ? CTL_NO : CTL_DONE;
	}
	if (n)
		printf("%s%-32s %8s %8s  %s%s\n", ctl_look(ctl, CTL_BOLD), "ALARM", "SINCE", "TOLD", "WHAT", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; i < n; i++)
		print_row(json_object_array_get_idx(alarms, i));
	return n ? CTL_NO : CTL_DONE;
}

static int test(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", "/v1/alarms/test", NULL, NULL, &reply);

	if (code != CTL_DONE || ctl->json)
		return code == CTL_DONE ? ctl_print_json(&reply) : code;
	if (!ctl->quiet)
		puts("raised; it is told within seconds, and ends by itself after alarms.quiet");
	return CTL_DONE;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "what is wrong, since when, and when somebody was told last", .usual = TRUE, .run = list,
	.exits = "1 there are alarms",
};

static const struct ctl_verb test_verb = {
	.name = "test", .help = "raise one, to see whether it reaches anybody", .run = test,
};

const struct ctl_verb ctl_verb_alarm = {
	.name = "alarm", .help = "what the people who operate this gateway are called for", .subs = CTL_SUBS(&list_verb, &test_verb),
};

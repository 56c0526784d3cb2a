/* queue.c - who has how many tickets, and how many nobody has */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "text.h"

static void print_agent(const struct ctl *ctl, struct json_object *agent)
{
	g_autofree char *id = ctl_text(agent, "id", ""), *name = ctl_text(agent, "name", "");
	gint64 open = hg_json_int(agent, "open", 0), capacity = hg_json_int(agent, "capacity", 0);
	gboolean there = hg_json_bool(agent, "in_hours", FALSE), full = capacity && open >= capacity;
	g_autofree char *load = capacity ? g_strdup_printf("%" G_GINT64_FORMAT "/%" G_GINT64_FORMAT, open, capacity) :
		g_strdup_printf("%" G_GINT64_FORMAT, open);
	struct json_object *skills = hg_json_arr(agent, "skills");

	printf("  ");
	ctl_cell(id, 18);
	printf("%7s  %s%-9s%s ", load, ctl_look(ctl, !there ? CTL_DIM : full ? CTL_YELLOW : CTL_GREEN),
	       !there ? "off duty" : full ? "full" : "free", ctl_look(ctl, CTL_PLAIN));
	for (size_t i = 0; skills && i < json_object_array_length(skills); i++) {
		g_autofree char *skill = ctl_safe(json_object_get_string(json_object_array_get_idx(skills, i)), FALSE);

		printf("%s%s", i ? ", " : "", skill);
	}
	printf("%s%s%s\n", *name ? " (" : "", name, *name ? ")" : "");
}

static void print_queue(const struct ctl *ctl, struct json_object *queue)
{
	struct json_object *agents = hg_json_arr(queue, "agents");
	g_autofree char *name = ctl_text(queue, "name", ""), *assign = ctl_text(queue, "assign", "");
	gint64 waiting = hg_json_int(queue, "waiting", 0);
	char wait[HG_SPAN_SIZE];

	ctl_cell(name, 20);
	printf("%7" G_GINT64_FORMAT "  %-9s %s", waiting, hg_json_bool(queue, "in_hours", FALSE) ? "open" : "closed", assign);
	if (waiting && hg_json_int(queue, "wait_ms", 0))
		printf(", the next waits about %s", hg_span(hg_json_int(queue, "wait_ms", 0), wait));
	putchar('\n');
	for (size_t i = 0; agents && i < json_object_array_length(agents); i++)
		print_agent(ctl, json_object_array_get_idx(agents, i));
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/queues", NULL, NULL, &reply);
	struct json_object *queues = hg_json_arr(reply.json, "queues");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	if (!queues || !json_object_array_length(queues)) {
		if (!ctl->quiet)
			puts("the configuration has no queues");
		return CTL_DONE;
	}
	printf("%s%-20s%7s  %-9s %s%s\n", ctl_look(ctl, CTL_BOLD), "QUEUE, AGENT", "TICKETS", "STATE", "HOW, SKILLS",
	       ctl_look(ctl, CTL_PLAIN));
	for (size_t i = 0; i < json_object_array_length(queues); i++)
		print_queue(ctl, json_object_array_get_idx(queues, i));
	return CTL_DONE;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "the queues of the configuration with their agents", .usual = TRUE, .run = list,
	.more = "TICKETS counts what is open: of a queue what nobody has yet, of an agent what he has in all queues, behind the / "
		"what he takes.",
};

const struct ctl_verb ctl_verb_queue = {
	.name = "queue", .help = "who has how many tickets, and how many nobody has", .subs = CTL_SUBS(&list_verb),
};

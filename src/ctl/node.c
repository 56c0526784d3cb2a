/* node.c - the nodes that share a store: which there are, what each does, and one that is to do nothing alone any more */
#include <stdio.h>
#include "ctl.h"

static void print_row(struct json_object *node)
{
	g_autofree char *name = ctl_text(node, "name", ""), *state = ctl_text(node, "state", "-"), *version = ctl_text(node, "version", "-");
	g_autofree char *seen = ctl_ago(hg_json_str(node, "seen")), *since = ctl_ago(hg_json_str(node, "since"));
	gboolean silent = !hg_json_bool(node, "alive", FALSE) && g_strcmp0(state, "gone") != 0;
	struct json_object *posts = hg_json_arr(node, "posts");
	gsize n = posts ? json_object_array_length(posts) : 0;

	ctl_cell(name, 20);
	ctl_cell(silent ? "silent" : state, 9);
	ctl_cell(version, 10);
	printf("%7s %7s %5" G_GSIZE_FORMAT " ", since, seen, n);
	for (gsize i = 0; i < n; i++) {
		g_autofree char *post = ctl_safe(json_object_get_string(json_object_array_get_idx(posts, i)), FALSE);

		printf(" %s", post);
	}
	putchar('\n');
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/nodes", NULL, NULL, &reply);
	struct json_object *nodes = hg_json_arr(reply.json, "nodes");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	if (!hg_json_bool(reply.json, "shared", FALSE)) {
		puts("one node: nobody shares its store, and it does everything");
		return CTL_DONE;
	}
	printf("%s%-20s %-9s %-10s %7s %7s %5s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NODE", "STATE", "VERSION", "SINCE", "SEEN", "POSTS", "",
	       ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; nodes && i < json_object_array_length(nodes); i++)
		print_row(json_object_array_get_idx(nodes, i));
	return CTL_DONE;
}

static int drain(struct ctl *ctl)
{
	gboolean undo = ctl_given(ctl, "undo");
	g_autofree char *path = ctl_path("/v1/nodes/%s/%s", ctl_value(ctl, "NODE"), undo ? "resume" : "drain");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, NULL, NULL, &reply);

	if (code != CTL_DONE || ctl->json)
		return code == CTL_DONE ? ctl_print_json(&reply) : code;
	if (!ctl->quiet)
		puts(undo ? "it takes its share again within seconds" :
			    "it begins nothing any more that only one may do, and gives it to others when what is under way has ended; see node list");
	return CTL_DONE;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "which nodes there are, and what each of them does alone", .usual = TRUE, .run = list,
};

static const struct ctl_verb drain_verb = {
	.name = "drain", .help = "have a node give away what only one may do, before it is stopped", .run = drain,
	.args = CTL_PARAMS({ "NODE", CTL_TEXT, .help = "as the list names it" }),
	.options = CTL_PARAMS({ "undo", CTL_FLAG, NULL, "it may have some again; a start of it does the same" }),
};

const struct ctl_verb ctl_verb_node = {
	.name = "node", .help = "the nodes that share the store", .subs = CTL_SUBS(&list_verb, &drain_verb),
};

/* quarantine.c - what came in and could not be read: looked at, read again, or forgotten */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static void print_entry(struct json_object *entry)
{
	g_autofree char *age = ctl_ago(hg_json_str(entry, "received")), *error = ctl_text(entry, "error", "-");
	g_autofree char *channel = ctl_text(entry, "channel", ""), *id = ctl_text(entry, "message_id", "-");

	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(entry, "number", 0));
	ctl_cell(channel, 12);
	printf("%7s  %-30s  %s\n", age, id, error);
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/quarantine?limit=500", NULL, NULL, &reply);
	struct json_object *entries = hg_json_arr(reply.json, "entries");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	printf("%s%-8s %-12s %7s  %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "CHANNEL", "AGE", "PLACEHOLDER",
	       "ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; entries && i < json_object_array_length(entries); i++)
		print_entry(json_object_array_get_idx(entries, i));
	if (hg_json_int(reply.json, "next", 0) && !ctl->quiet)
		fprintf(stderr, "headgatectl: there are more than 500\n");
	return CTL_DONE;
}

static int show(struct ctl *ctl, const char *number)
{
	static const char *const rows[] = { "channel", "key", "received", "given_up", "error", "thread_id", "message_id" };
	g_autofree char *path = ctl_path("/v1/quarantine/%s", number), *raw = NULL;
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

static int post(struct ctl *ctl, const char *number, const char *what)
{
	g_autofree char *path = ctl_path("/v1/quarantine/%s/%s", number, what);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, NULL, NULL, &reply);

	return code == CTL_DONE && ctl->json ? ctl_print_json(&reply) : code;
}

int ctl_quarantine(struct ctl *ctl, int argc, char **argv)
{
	static const struct option own[] = { { 0 } };
	static const char *const what[] = { "list", "show", "retry", "drop", NULL };

	if (ctl_next(ctl, argc, argv, own) != -1)
		return ctl->exit;
	argc -= optind;
	argv += optind;
	if (argc && !g_strv_contains(what, argv[0]))
		return ctl_unknown(ctl, "command of quarantine", argv[0], what);
	if (!argc || (strcmp(argv[0], "list") == 0 && argc == 1))
		return list(ctl);
	if (argc == 2 && strcmp(argv[0], "show") == 0)
		return show(ctl, argv[1]);
	if (argc == 2 && strcmp(argv[0], "list") != 0)
		return post(ctl, argv[1], argv[0]);
	return ctl_usage(ctl, "quarantine %s", ctl->verb->usage);
}

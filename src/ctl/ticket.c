/* ticket.c - tickets: how they stand in helpdesks, and what is to be done where one does not get there */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL 20			/* entries without --limit */

/* ---- list ---- */

static void print_title(const struct ctl *ctl)
{
	printf("%s%-12s %-10s %-24s %7s  %-20s %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "TICKET", "STATE", "IN HELPDESKS", "AGE",
	       "ON ITS WAY", "THREAD", "CONTACT", ctl_look(ctl, CTL_PLAIN));
}

/* "zammad #4711, desk 12"; yours. */
static char *links_of(struct json_object *ticket)
{
	struct json_object *links = hg_json_arr(ticket, "links");
	GString *text = g_string_new(NULL);

	for (gsize i = 0; links && i < json_object_array_length(links); i++) {
		struct json_object *link = json_object_array_get_idx(links, i);
		g_autofree char *backend = ctl_text(link, "backend", "?"), *number = ctl_text(link, "number", hg_json_str(link, "id"));

		g_string_append_printf(text, "%s%s %s", i ? ", " : "", backend, number);
	}
	return g_string_free(text->len ? text : g_string_append_c(text, '-'), FALSE);
}

static void print_work(const struct ctl *ctl, struct json_object *entry)
{
	gint64 waiting = hg_json_int(entry, "waiting", 0), failed = hg_json_int(entry, "failed", 0);
	g_autofree char *text = failed ? g_strdup_printf("%" G_GINT64_FORMAT " failed, %" G_GINT64_FORMAT " wait", failed, waiting) :
				waiting ? g_strdup_printf("%" G_GINT64_FORMAT " wait", waiting) : g_strdup("-");

	printf("%s", failed ? ctl_look(ctl, CTL_RED) : "");
	ctl_cell(text, 20);
	printf("%s", failed ? ctl_look(ctl, CTL_PLAIN) : "");
}

static void print_ticket(const struct ctl *ctl, struct json_object *entry)
{
	struct json_object *ticket = hg_json_obj(entry, "ticket");
	g_autofree char *number = ctl_text(ticket, "number", "?"), *state = ctl_text(ticket, "state", "?"), *links = links_of(ticket);
	g_autofree char *age = ctl_ago(hg_json_str(ticket, "created_at")), *thread = ctl_text(entry, "thread_id", "-");
	g_autofree char *name = ctl_text(entry, "contact_name", "-"), *error = ctl_text(entry, "error", "");

	printf("%s", ctl_look(ctl, CTL_CYAN));
	ctl_cell(number, 12);
	printf("%s ", ctl_look(ctl, CTL_PLAIN));
	ctl_cell(state, 10);
	ctl_cell(links, 24);
	printf("%7s  ", age);
	print_work(ctl, entry);
	printf("%s  %s%s\n", thread, name, hg_json_bool(ticket, "shadow", FALSE) ? "  (on trial)" : "");
	if (*error)
		printf("             %s\n", error);
}

static int list(struct ctl *ctl)
{
	const char *work = ctl_given(ctl, "failed") ? "failed" : ctl_given(ctl, "waiting") ? "waiting" : NULL;
	g_autofree char *first = g_strconcat("/v1/tickets", work ? "?work=" : "", work, NULL);
	g_autofree char *path = ctl_query(ctl, first, "state backend channel since until shadow");

	if (ctl_given(ctl, "failed") && ctl_given(ctl, "waiting"))
		return ctl_usage(ctl, "--failed and --waiting: one of them");
	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "tickets", .cursor = "before", .usual = USUAL,
						       .title = print_title, .row = print_ticket });
}

/* ---- show ---- */

static void print_links(struct json_object *ticket)
{
	struct json_object *links = hg_json_arr(ticket, "links");

	for (gsize i = 0; links && i < json_object_array_length(links); i++) {
		struct json_object *link = json_object_array_get_idx(links, i);
		g_autofree char *backend = ctl_text(link, "backend", "?"), *id = ctl_text(link, "id", "?");
		g_autofree char *number = ctl_text(link, "number", ""), *url = ctl_text(link, "url", "");

		printf("%-16s %s: id %s%s%s%s%s\n", "in", backend, id, *number ? ", number " : "", number, *url ? ", " : "", url);
	}
}

static void print_job(const struct ctl *ctl, struct json_object *job)
{
	g_autofree char *backend = ctl_text(job, "backend", "?"), *type = ctl_text(job, "event_type", "-");
	g_autofree char *state = ctl_text(job, "state", "?"), *age = ctl_ago(hg_json_str(job, "created"));
	g_autofree char *error = ctl_text(job, "error", "");
	gint64 attempts = hg_json_int(job, "attempts", 0);

	printf("%-16s %s, %s: %s%s%s for %s, tried %" G_GINT64_FORMAT " time%s%s%s (job %" G_GINT64_FORMAT ")\n", "on its way", type,
	       backend, ctl_look(ctl, strcmp(state, "dead") == 0 ? CTL_RED : CTL_YELLOW), state, ctl_look(ctl, CTL_PLAIN), age,
	       attempts, attempts == 1 ? "" : "s", *error ? ": " : "", error, hg_json_int(job, "number", 0));
}

static void print_one(const struct ctl *ctl, struct json_object *reply)
{
	static const char *const rows[] = { "number", "id", "state", "external_status", "subject", "priority", "category", "queue",
					    "assignee", "reason", "agent", "created_at", "acknowledged_at" };
	struct json_object *ticket = hg_json_obj(reply, "ticket"), *jobs = hg_json_arr(reply, "jobs");
	g_autofree char *thread = ctl_text(hg_json_obj(reply, "thread"), "id", "-");

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(ticket, rows[i], "");

		if (*text)
			printf("%-16s %s\n", rows[i], text);
	}
	printf("%-16s %s\n", "thread", thread);
	print_links(ticket);
	for (gsize i = 0; jobs && i < json_object_array_length(jobs); i++)
		print_job(ctl, json_object_array_get_idx(jobs, i));
}

static int show(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/tickets/%s", ctl_value(ctl, "TICKET"));
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_one(ctl, reply.json);
	return CTL_DONE;
}

/* ---- retry ---- */

static int retry_one(struct ctl *ctl, const char *ticket)
{
	g_autofree char *path = ctl_path("/v1/tickets/%s/retry", ticket), *body = ctl_body(ctl, "backend agent");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	if (!ctl->quiet)
		printf("%s: %" G_GINT64_FORMAT " tried again\n", ticket, hg_json_int(reply.json, "retried", 0));
	return CTL_DONE;
}

static int retry(struct ctl *ctl)
{
	const char *const *tickets = ctl_values(ctl, "TICKET");
	guint failed = 0, n = 0;
	int first = CTL_DONE;

	for (; tickets[n]; n++) {
		int code = retry_one(ctl, tickets[n]);

		failed += code != CTL_DONE;
		first = first == CTL_DONE ? code : first;
	}
	return failed && failed < n ? CTL_PARTLY : first;
}

/* ---- relink ---- */

/* The way back, as a shell reads it. */
static void say_undo(const struct ctl *ctl, struct json_object *reply)
{
	static const char *const options[] = { "number", "url" };
	struct json_object *was = hg_json_obj(reply, "was");
	g_autoptr(GString) line = g_string_new("headgatectl ticket relink");
	g_autofree char *number = g_shell_quote(hg_json_str(reply, "number") ?: ""), *id = g_shell_quote(hg_json_str(was, "id") ?: "");
	g_autofree char *backend = g_shell_quote(hg_json_str(reply, "backend") ?: ""), *safe = NULL;

	g_string_append_printf(line, " %s %s --backend %s", number, id, backend);
	for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
		g_autofree char *value = hg_json_str(was, options[i]) ? g_shell_quote(hg_json_str(was, options[i])) : NULL;

		if (value)
			g_string_append_printf(line, " --%s %s", options[i], value);
	}
	g_string_append(line, " --reason undone");
	safe = ctl_safe(line->str, FALSE);
	if (!ctl->quiet)
		printf("back: %s\n", safe);
}

static void print_relinked(const struct ctl *ctl, struct json_object *reply)
{
	g_autofree char *number = ctl_text(reply, "number", "?"), *backend = ctl_text(reply, "backend", "?");
	g_autofree char *id = ctl_text(reply, "id", "?"), *was = ctl_text(hg_json_obj(reply, "was"), "id", "?");
	g_autofree char *shared = ctl_text(reply, "shared_with", "");

	if (!ctl->quiet)
		printf("%s is %s in %s now, not %s\n", number, id, backend, was);
	if (*shared)
		ctl_say_error(ctl, "%s is that ticket too: what agents answer there goes to the customer of one of them only", shared);
	say_undo(ctl, reply);
}

static int relink(struct ctl *ctl)
{
	const char *ticket = ctl_value(ctl, "TICKET"), *id = ctl_value(ctl, "EXTERNAL-ID");
	g_autofree char *path = ctl_path("/v1/tickets/%s/relink", ticket);
	g_autofree char *body = ctl_body(ctl, "id=EXTERNAL-ID backend number url reason agent");
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!ctl_may(ctl, "What is said in the conversation of %s goes to ticket %s of the helpdesk from now on.", ticket, id))
		return ctl->exit;
	code = ctl_call(ctl, "POST", path, body, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_relinked(ctl, reply.json);
	return CTL_DONE;
}

/* ---- the table ---- */

#define REF "our number or id, or the helpdesk's id"
#define BACKEND { "backend", CTL_BACKEND, NULL, "in which helpdesk [the only one there is]" }

static const struct ctl_verb list_verb = {
	.name = "list", .help = "tickets, the newest first", .usual = TRUE, .run = list,
	.options = CTL_PARAMS({ "state", CTL_WORD, NULL, "only those that are so", "requested|open|pending|solved|closed" },
			      { "backend", CTL_BACKEND, NULL, "only those of one helpdesk, or on their way there" },
			      { "failed", CTL_FLAG, NULL, "only those of which something was given up" },
			      { "waiting", CTL_FLAG, NULL, "only those of which something is still on its way" },
			      { "channel", CTL_CHANNEL, NULL, "only those of one channel" },
			      { "since", CTL_TIME, NULL, "that were made since then" },
			      { "until", CTL_TIME, NULL, "that were made before then" },
			      { "shadow", CTL_FLAG, NULL, "those of channels on trial, and no others" },
			      CTL_OPTS_LIST("before", "20")),
	.more = "--json is one ticket a line.",
	.example = "ticket list --failed\nticket list --state requested --since 1d",
};
static const struct ctl_verb show_verb = {
	.name = "show", .help = "one: where helpdesks have it, and what is on its way there", .run = show,
	.args = CTL_PARAMS({ "TICKET", .help = REF }),
};
static const struct ctl_verb retry_verb = {
	.name = "retry", .help = "have what was given up, or waits for a later try, tried now", .run = retry,
	.args = CTL_PARAMS({ "TICKET", .help = REF, .flags = CTL_MANY }),
	.options = CTL_PARAMS({ "backend", CTL_BACKEND, NULL, "at one helpdesk only" }, CTL_OPT_AGENT),
	.more = "It goes with the same ids, so that a helpdesk that has it already knows it again.",
	.exits = "5 nothing was given up or waits, 6 some could not be",
	.example = "ticket retry TK-1042 TK-1043 --backend zammad",
};
static const struct ctl_verb relink_verb = {
	.name = "relink", .help = "point it at another ticket of the helpdesk", .run = relink, .asks = TRUE,
	.args = CTL_PARAMS({ "TICKET", .help = REF }, { "EXTERNAL-ID", .help = "the other ticket's id in the helpdesk" }),
	.options = CTL_PARAMS(BACKEND, { "reason", CTL_TEXT, "TEXT", "why, for the conversation and the audit", .flags = CTL_NEEDED },
			      { "number", CTL_TEXT, NULL, "the other ticket's number, where it is not its id" },
			      { "url", CTL_TEXT, "URL", "where the other ticket is to be seen" }, CTL_OPT_AGENT),
	.more = "For tickets that somebody merged or moved over there without headgate hearing of it.  What is said from now on goes to the "
		"other ticket, and what agents answer there goes to the customer; what was said before stays where it is.  The "
		"conversation notes it, and the way back is printed.",
	.example = "ticket relink TK-1042 7788 --reason \"merged over there\"",
};

const struct ctl_verb ctl_verb_ticket = {
	.name = "ticket", .help = "tickets, and how they get to helpdesks",
	.subs = CTL_SUBS(&list_verb, &show_verb, &retry_verb, &relink_verb),
};

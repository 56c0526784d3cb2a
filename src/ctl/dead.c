/* dead.c - dead letters: what was given up on, looked at, tried again, changed, discarded */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL 500			/* entries without --limit */

/* ---- list ---- */

static void print_row(const struct ctl *ctl, struct json_object *letter)
{
	static const char *const subjects[] = { "message_id", "event_type", "thread_id" };
	g_autofree char *target = ctl_text(letter, "target", ""), *name = ctl_text(letter, "name", "");
	g_autofree char *ago = ctl_ago(hg_json_str(letter, "given_up")), *error = ctl_text(letter, "error", "-");
	g_autofree char *about = NULL;

	for (gsize i = 0; !about && i < G_N_ELEMENTS(subjects); i++)
		if (hg_json_str(letter, subjects[i]))
			about = ctl_text(letter, subjects[i], "-");
	(void)ctl;
	printf("%-8" G_GINT64_FORMAT " ", hg_json_int(letter, "number", 0));
	ctl_cell(target, 8);
	ctl_cell(name, 12);
	printf("%5" G_GINT64_FORMAT " %8s  %-30s  %s\n", hg_json_int(letter, "attempts", 0), ago, about ?: "-", error);
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-8s %-8s %-12s %5s %8s  %-30s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "TARGET", "NAME", "TRIES", "GIVEN UP",
	       "ABOUT", "LAST ANSWER", ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	g_autofree char *path = ctl_query(ctl, "/v1/dead-letters", "target name");

	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "dead_letters", .cursor = "after", .usual = USUAL,
						       .title = print_title, .row = print_row });
}

/* ---- show ---- */

static int show(struct ctl *ctl)
{
	static const char *const rows[] = { "target", "name", "created", "given_up", "error", "thread_id", "message_id",
					    "event_id", "event_type" };
	g_autofree char *path = ctl_path("/v1/dead-letters/%s", ctl_value(ctl, "NUMBER"));
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *letter = hg_json_obj(reply.json, "dead_letter"), *payload = hg_json_obj(letter, "payload");
	g_autofree char *shown = NULL;

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(letter, rows[i], "");

		if (*text)
			printf("%-12s %s\n", rows[i], text);
	}
	printf("%-12s %" G_GINT64_FORMAT "\n", "attempts", hg_json_int(letter, "attempts", 0));
	if (hg_json_bool(letter, "edited", FALSE))
		printf("%-12s yes\n", "changed");
	shown = ctl_safe(payload ? json_object_to_json_string_ext(payload, JSON_C_TO_STRING_PRETTY |
				   JSON_C_TO_STRING_NOSLASHESCAPE) : "null", TRUE);
	printf("\n%s\n", shown);
	return CTL_DONE;
}

/* ---- again ---- */

static int post(struct ctl *ctl, const char *number, const char *what, const char *body)
{
	g_autofree char *path = ctl_path("/v1/dead-letters/%s/%s", number, what);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, NULL, &reply);

	return code == CTL_DONE && ctl->json ? ctl_print_json(&reply) : code;
}

/* Some go on where others do not: as many as can be are done. */
static int each(struct ctl *ctl, const char *what, const char *body)
{
	const char *const *numbers = ctl_values(ctl, "NUMBER");
	int first = CTL_DONE;
	guint failed = 0, n = 0;

	for (; numbers[n]; n++) {
		int code = post(ctl, numbers[n], what, body);

		failed += code != CTL_DONE;
		first = first == CTL_DONE ? code : first;
	}
	return failed && failed < n ? CTL_PARTLY : first;
}

static int retry_all(struct ctl *ctl)
{
	g_autofree char *body = ctl_body(ctl, "target name");
	gboolean more = TRUE;
	gint64 n = 0;

	while (more) {
		g_auto(ctl_reply) reply = { 0 };
		int code = ctl_call(ctl, "POST", "/v1/dead-letters/retry", body, NULL, &reply);

		if (code != CTL_DONE)
			return n ? CTL_PARTLY : code;
		n += hg_json_int(reply.json, "retried", 0);
		more = hg_json_bool(reply.json, "more", FALSE) && hg_json_int(reply.json, "retried", 0) > 0;
	}
	if (ctl->json)
		printf("{\"retried\":%" G_GINT64_FORMAT "}\n", n);
	else if (!ctl->quiet)
		printf("%" G_GINT64_FORMAT " tried again\n", n);
	return CTL_DONE;
}

static int retry(struct ctl *ctl)
{
	gboolean all = ctl_given(ctl, "all"), some = ctl_values(ctl, "NUMBER")[0] != NULL;

	if (all == some)
		return ctl_usage(ctl, "say which: numbers, or --all");
	if (some && (ctl_given(ctl, "target") || ctl_given(ctl, "name")))
		return ctl_usage(ctl, "--target and --name go with --all");
	return all ? retry_all(ctl) : each(ctl, "retry", NULL);
}

/* ---- changed ---- */

/* FALSE: said why. */
static gboolean read_data(struct ctl *ctl, const char *path, GString *out)
{
	g_autoptr(json_object) data = NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &error) || !(data = hg_json_parse(text, len, NULL, &error))) {
		ctl_say_error(ctl, "%s: %s", path, error->message);
		return FALSE;
	}
	g_string_append(out, "{\"data\":");
	g_string_append(out, text);
	g_string_append_c(out, '}');
	return TRUE;
}

static int edit(struct ctl *ctl)
{
	const char *file = ctl_value(ctl, "data"), *number = ctl_value(ctl, "NUMBER");
	g_autofree char *path = ctl_path("/v1/dead-letters/%s", number), *text = ctl_body(ctl, "text");
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!file == !ctl_given(ctl, "text"))
		return ctl_usage(ctl, "say what goes out instead: --data FILE or --text TEXT");
	if (file && !read_data(ctl, file, body))
		return CTL_USAGE;
	code = ctl_call(ctl, "PATCH", path, file ? body->str : text, NULL, &reply);
	if (code != CTL_DONE || (ctl->json && !ctl_given(ctl, "retry")))
		return code == CTL_DONE ? ctl_print_json(&reply) : code;
	if (ctl_given(ctl, "retry"))
		return post(ctl, number, "retry", NULL);
	if (!ctl->quiet)
		printf("changed; send it: headgatectl dead retry %s\n", number);
	return CTL_DONE;
}

/* ---- no more ---- */

static int discard(struct ctl *ctl)
{
	g_autofree char *body = ctl_body(ctl, "reason");

	if (!ctl_may(ctl, "This will not be sent any more, and cannot be brought back."))
		return ctl->exit;
	return each(ctl, "discard", body);
}

/* ---- the table ---- */

#define TARGETS "channel|backend|fetch|hook|unpack|settle|change"
#define OF_WHICH { "target", CTL_WORD, NULL, "what kind", .words = TARGETS }, \
		 { "name", CTL_TEXT, "NAME", "of which channel or helpdesk" }
#define NUMBERS CTL_PARAMS({ "NUMBER", CTL_NUMBER, .help = "as list says", .flags = CTL_MANY })

static const struct ctl_verb list_verb = {
	.name = "list", .help = "what was given up on", .run = list, .options = CTL_PARAMS(OF_WHICH, CTL_OPTS_LIST("after", "500")), .usual = TRUE,
	.more = "--json is one a line.",
};
static const struct ctl_verb show_verb = {
	.name = "show", .help = "one of them, as it would be sent", .run = show,
	.args = CTL_PARAMS({ "NUMBER", CTL_NUMBER, .help = "as list says" }),
};
static const struct ctl_verb retry_verb = {
	.name = "retry", .help = "try them again, with the same ids", .run = retry,
	.args = CTL_PARAMS({ "NUMBER", CTL_NUMBER, .help = "as list says", .flags = CTL_MANY | CTL_MAYBE }),
	.options = CTL_PARAMS({ "all", CTL_FLAG, NULL, "all of them, or of a kind" }, OF_WHICH),
	.exits = "6 some could not be",
};
static const struct ctl_verb edit_verb = {
	.name = "edit", .help = "have something else sent instead", .run = edit,
	.args = CTL_PARAMS({ "NUMBER", CTL_NUMBER, .help = "as list says" }),
	.options = CTL_PARAMS({ "data", CTL_FILE, NULL, "JSON: of an event for a helpdesk" },
			      { "text", CTL_TEXT, "TEXT", "of an answer to a customer" },
			      { "retry", CTL_FLAG, NULL, "and try it again at once" }),
	.more = "The event log keeps what the event said; the audit keeps hashes of both.",
};
static const struct ctl_verb discard_verb = {
	.name = "discard", .help = "take them out of the list for good", .run = discard, .args = NUMBERS, .asks = TRUE,
	.options = CTL_PARAMS({ "reason", CTL_TEXT, "TEXT", "why, for the audit", .flags = CTL_NEEDED }),
	.exits = "6 some could not be",
};

const struct ctl_verb ctl_verb_dead = {
	.name = "dead", .help = "dead letters: what was given up on, of every kind",
	.subs = CTL_SUBS(&list_verb, &show_verb, &retry_verb, &edit_verb, &discard_verb),
};

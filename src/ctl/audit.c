/* audit.c - who did what, and whether it is still told as it was written */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL 100			/* entries without --limit */

/* ---- list ---- */

/* "agent=Mia message=msg_..." of an object, safe for a terminal; what is no text as JSON.  Yours. */
static char *facts_of(struct json_object *facts)
{
	g_autoptr(GString) text = g_string_new(NULL);

	if (!facts)
		return g_strdup("");
	json_object_object_foreach(facts, key, value)
		g_string_append_printf(text, "%s%s=%s", text->len ? " " : "", key, json_object_is_type(value, json_type_string) ?
				       json_object_get_string(value) : json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	return ctl_safe(text->str, FALSE);
}

static void print_one(const struct ctl *ctl, struct json_object *one)
{
	g_autofree char *principal = ctl_text(one, "principal", ""), *action = ctl_text(one, "action", "");
	g_autofree char *outcome = ctl_text(one, "outcome", ""), *source = ctl_text(one, "source", "-");
	g_autofree char *object = ctl_text(hg_json_obj(one, "object"), "id", "-"), *facts = facts_of(hg_json_obj(one, "facts"));
	const char *at = hg_json_str(one, "at");
	gboolean good = strcmp(outcome, "ok") == 0 || strcmp(outcome, "begun") == 0;

	printf("%-10.10s %-8.8s  ", at ? at : "-", at && strlen(at) > 11 ? at + 11 : "");
	ctl_cell(principal, 22);
	ctl_cell(action, 24);
	printf("%s", good ? "" : ctl_look(ctl, CTL_RED));
	ctl_cell(outcome, 16);
	printf("%s", good ? "" : ctl_look(ctl, CTL_PLAIN));
	ctl_cell(object, 32);
	ctl_cell(source, 18);
	printf("%s\n", facts);
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-21s%-22s%-24s%-16s%-32s%-18s%s%s\n", ctl_look(ctl, CTL_BOLD), "AT (UTC)", "WHO", "DID", "OUTCOME", "TO", "FROM",
	       "MORE", ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	g_autofree char *path = ctl_query(ctl, "/v1/audit", "since until principal action object");

	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "audits", .cursor = "before", .usual = USUAL,
						       .title = print_title, .row = print_one });
}

/* ---- verify ---- */

static int verify(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/audit/verify", NULL, NULL, &reply);
	gboolean whole = hg_json_bool(reply.json, "whole", FALSE);
	g_autofree char *rows = NULL, *expired = NULL, *head = NULL, *what = NULL, *id = NULL;

	if (code != CTL_DONE)
		return code;
	if (ctl->json) {
		ctl_print_json(&reply);
		return whole ? CTL_DONE : CTL_NO;
	}
	rows = ctl_text(reply.json, "rows", "0");
	expired = ctl_text(reply.json, "expired", "0");
	head = ctl_text(reply.json, "head", "-");
	what = ctl_text(hg_json_obj(reply.json, "break"), "what", "");
	id = ctl_text(hg_json_obj(reply.json, "break"), "id", "-");
	if (!whole)
		printf("%sbroken%s: %s (shows at %s)\n%s rows before it are as they were written\n", ctl_look(ctl, CTL_RED),
		       ctl_look(ctl, CTL_PLAIN), what, id, rows);
	else if (!ctl->quiet)
		printf("whole: %s rows are as they were written; %s before them have expired\nlast hash: %s\n", rows, expired, head);
	return whole ? CTL_DONE : CTL_NO;
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "who did what, newest first", .usual = TRUE, .run = list,
	.options = CTL_PARAMS({ "since", CTL_TIME, NULL, "from then on" }, { "until", CTL_TIME, NULL, "before then" },
			      { "principal", CTL_TEXT, "NAME", "of one: token:crm, console:ann, local:0, signal:SIGHUP" },
			      { "action", CTL_TEXT, "WORD", "of one kind: thread.reply, token.create" },
			      { "object", CTL_TEXT, "ID", "to one conversation, contact, channel" },
			      CTL_OPTS_LIST("before", "100")),
	.more = "Every write over the API is told of with who asked for it, and so is what somebody who is known was refused: that once an hour, "
		"with a count. No row has a secret, an address or a word of what was said. With --json each row is a line.",
	.example = "audit list --since 1d --principal token:crm\naudit list --object thr_01j...",
};

static const struct ctl_verb verify_verb = {
	.name = "verify", .help = "see whether rows were changed or taken away", .run = verify,
	.more = "Each row is sealed by a hash over itself and the row before it. Who can write to the database can make all of them anew: "
		"note the last hash somewhere else from time to time, and look whether it is still that of its row.",
	.exits = "1 the chain is broken",
};

const struct ctl_verb ctl_verb_audit = {
	.name = "audit", .help = "who did what over the API", .subs = CTL_SUBS(&list_verb, &verify_verb),
};

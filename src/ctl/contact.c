/* contact.c - people: who is known, and what is known of one; joined, taken apart, kept out */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "verb.h"

#define USUAL 50			/* entries without --limit */

/* ---- list, search ---- */

static char *first_address(struct json_object *contact)
{
	struct json_object *all = hg_json_arr(contact, "addresses");

	return all && json_object_array_length(all) ? ctl_text(json_object_array_get_idx(all, 0), "uri", "-") : g_strdup("-");
}

static const char *state_of(struct json_object *contact)
{
	return hg_json_obj(contact, "blocked") ? "blocked" : hg_json_bool(contact, "opted_out", FALSE) ? "opted out" :
	       hg_json_bool(contact, "conflicted", FALSE) ? "conflicted" : "";
}

static void print_row(const struct ctl *ctl, struct json_object *contact)
{
	g_autofree char *id = ctl_text(contact, "id", ""), *name = ctl_text(contact, "name", "-");
	g_autofree char *address = first_address(contact);
	const char *since = hg_json_str(contact, "created_at");

	printf("%-30s  ", id);
	ctl_cell(name, 22);
	ctl_cell(address, 34);
	printf("  %.10s  %s%s%s\n", since ? since : "-", ctl_look(ctl, CTL_YELLOW), state_of(contact), ctl_look(ctl, CTL_PLAIN));
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-30s  %-22s%-34s  %-10s  %s%s\n", ctl_look(ctl, CTL_BOLD), "CONTACT", "NAME", "ADDRESS", "SINCE", "STATE",
	       ctl_look(ctl, CTL_PLAIN));
}

static int list_of(struct ctl *ctl, const char *path)
{
	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "contacts", .cursor = "after", .usual = USUAL,
						       .title = print_title, .row = print_row });
}

static int list(struct ctl *ctl)
{
	return list_of(ctl, ctl_given(ctl, "conflicted") ? "/v1/contacts?conflicted=true" : "/v1/contacts");
}

static int search(struct ctl *ctl)
{
	g_autofree char *words = g_strjoinv(" ", (char **)(gpointer)ctl_values(ctl, "WORDS")), *q = ctl_path("%s", words);
	g_autofree char *path = g_strconcat("/v1/contacts?q=", q, NULL);

	return list_of(ctl, path);
}

/* ---- show ---- */

static void print_line(struct ctl *ctl, const char *what, const char *text)
{
	printf("%s%-12s%s %s\n", ctl_look(ctl, CTL_DIM), what, ctl_look(ctl, CTL_PLAIN), text);
}

static void print_texts(struct ctl *ctl, struct json_object *contact)
{
	static const struct { const char *key, *shown; } rows[] = {
		{ "id", "contact" }, { "name", "name" }, { "username", "user name" }, { "external_id", "external id" },
		{ "tier", "tier" }, { "locale", "locale" }, { "merged_into", "is part of" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(contact, rows[i].key, NULL);

		if (text)
			print_line(ctl, rows[i].shown, text);
	}
}

static void print_addresses(struct ctl *ctl, struct json_object *contact)
{
	struct json_object *all = hg_json_arr(contact, "addresses");

	for (gsize i = 0; all && i < json_object_array_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		g_autofree char *uri = ctl_text(one, "uri", ""), *proof = ctl_text(one, "proof", "");
		g_autofree char *line = g_strdup_printf("%s (%s)", uri, proof);

		print_line(ctl, i ? "" : "addresses", line);
	}
}

static void print_consents(struct ctl *ctl, struct json_object *contact)
{
	struct json_object *all = hg_json_arr(contact, "consents");

	for (gsize i = 0; all && i < json_object_array_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		g_autofree char *state = ctl_text(one, "state", ""), *channel = ctl_text(one, "channel", "");
		g_autofree char *line = g_strdup_printf("%s on %s since %.10s", state, channel, hg_json_str(one, "since") ?: "?");

		print_line(ctl, i ? "" : "consent", line);
	}
}

static void print_merges(struct ctl *ctl, struct json_object *contact)
{
	struct json_object *all = hg_json_arr(contact, "merges");

	for (gsize i = 0; all && i < json_object_array_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		g_autofree char *from = ctl_text(one, "contact", ""), *into = ctl_text(one, "into", "");
		g_autofree char *why = ctl_text(one, "why", "");
		g_autofree char *line = g_strdup_printf("%.10s  %s into %s%s: %s", hg_json_str(one, "at") ?: "?", from, into,
							hg_json_str(one, "undone_at") ? " (undone)" : "", why);

		print_line(ctl, i ? "" : "merges", line);
	}
}

static void print_threads(struct ctl *ctl, struct json_object *contact)
{
	struct json_object *all = hg_json_arr(contact, "threads");

	if (!all || !json_object_array_length(all))
		return;
	printf("\n%s%-30s  %-9s  %-12s %5s  %-10s  %-12s%s%s\n", ctl_look(ctl, CTL_BOLD), "THREAD", "STATE", "CHANNEL", "MSGS",
	       "LAST", "TICKET", "SUBJECT", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; i < json_object_array_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);
		g_autofree char *id = ctl_text(one, "id", ""), *state = ctl_text(one, "state", "");
		g_autofree char *channel = ctl_text(one, "channel", "-"), *ticket = ctl_text(one, "ticket", "-");
		g_autofree char *subject = ctl_text(one, "subject", "");

		printf("%-30s  %-9s  ", id, state);
		ctl_cell(channel, 12);
		printf(" %5" G_GINT64_FORMAT "  %.10s  ", hg_json_int(one, "messages", 0),
		       hg_json_str(one, "last_activity_at") ?: "-");
		ctl_cell(ticket, 12);
		printf("%s\n", subject);
	}
	if (hg_json_str(contact, "threads_next"))
		printf("(older ones: headgatectl thread list --contact %s --before %s)\n", hg_json_str(contact, "id"),
		       hg_json_str(contact, "threads_next"));
}

static int show(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/contacts/%s", ctl_value(ctl, "ID"));
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *contact = hg_json_obj(reply.json, "contact");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_texts(ctl, contact);
	print_addresses(ctl, contact);
	print_consents(ctl, contact);
	print_merges(ctl, contact);
	print_threads(ctl, contact);
	return CTL_DONE;
}

/* ---- joined, taken apart, kept out ---- */

static int post(struct ctl *ctl, const char *what, const char *members, ctl_reply *reply)
{
	g_autofree char *id = ctl_path("%s", ctl_value(ctl, "ID"));
	g_autofree char *path = g_strdup_printf("/v1/contacts/%s/%s", id, what), *body = ctl_body(ctl, members);
	int code = ctl_call(ctl, "POST", path, body, NULL, reply);

	return code == CTL_DONE && ctl->json ? ctl_print_json(reply) : code;
}

static gboolean is_said(const struct ctl *ctl, int code)
{
	return code != CTL_DONE || ctl->json || ctl->quiet;
}

static int merge(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!ctl_may(ctl, "%s becomes part of %s.", ctl_value(ctl, "ID"), ctl_value(ctl, "INTO")))
		return ctl->exit;
	code = post(ctl, "merge", "into=INTO agent", &reply);
	if (!is_said(ctl, code))
		printf("%s is part of %s, with %" G_GINT64_FORMAT " conversations\nundo: headgatectl contact unmerge %s\n",
		       ctl_value(ctl, "ID"), ctl_value(ctl, "INTO"), hg_json_int(reply.json, "threads", 0), ctl_value(ctl, "ID"));
	return code;
}

static int unmerge(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = post(ctl, "unmerge", "agent", &reply);

	if (!is_said(ctl, code))
		printf("%s is no part of %s any more, and has %" G_GINT64_FORMAT " conversations back\n", ctl_value(ctl, "ID"),
		       hg_json_str(reply.json, "from") ?: "another", hg_json_int(reply.json, "threads", 0));
	return code;
}

static int block(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!ctl_may(ctl, "What %s writes is noise from now on, and nobody answers.", ctl_value(ctl, "ID")))
		return ctl->exit;
	code = post(ctl, "block", "reason for until agent", &reply);
	if (!is_said(ctl, code)) {
		const char *until = hg_json_str(hg_json_obj(reply.json, "blocked"), "until");

		printf("%s is blocked%s%.16s\nundo: headgatectl contact unblock %s\n", ctl_value(ctl, "ID"), until ? " until " : "",
		       until ?: "", ctl_value(ctl, "ID"));
	}
	return code;
}

static int unblock(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = post(ctl, "unblock", "agent", &reply);

	if (!is_said(ctl, code))
		printf("%s is not blocked any more\n", ctl_value(ctl, "ID"));
	return code;
}

/* ---- the table ---- */

#define ID { "ID", .help = "of the contact: con_..." }
#define LISTED CTL_OPTS_LIST("after", "50")

static const struct ctl_verb list_verb = {
	.name = "list", .help = "those known last", .run = list, .usual = TRUE,
	.options = CTL_PARAMS({ "conflicted", CTL_FLAG, NULL, "those with an address that is somebody else's too" }, LISTED),
	.more = "--json is one a line.",
};

static const struct ctl_verb search_verb = {
	.name = "search", .help = "find people by name, external id, address or number", .run = search,
	.args = CTL_PARAMS({ "WORDS", .help = "words of the name, all of which it has; or how an address begins", .flags = CTL_MANY }),
	.options = CTL_PARAMS(LISTED),
	.example = "contact search smith\ncontact search +44770090\ncontact search ann@example.org",
};

static const struct ctl_verb show_verb = {
	.name = "show", .help = "one of them: addresses, consent, merges, conversations", .run = show,
	.args = CTL_PARAMS(ID),
};

static const struct ctl_verb merge_verb = {
	.name = "merge", .help = "make two one: ID becomes part of INTO", .run = merge, .asks = TRUE,
	.args = CTL_PARAMS(ID, { "INTO", .help = "the contact that stays" }), .options = CTL_PARAMS(CTL_OPT_AGENT),
};

static const struct ctl_verb unmerge_verb = {
	.name = "unmerge", .help = "take apart what was merged", .run = unmerge,
	.args = CTL_PARAMS(ID), .options = CTL_PARAMS(CTL_OPT_AGENT),
};

static const struct ctl_verb block_verb = {
	.name = "block", .help = "keep somebody out: what he writes is noise, nobody answers", .run = block, .asks = TRUE,
	.args = CTL_PARAMS(ID),
	.options = CTL_PARAMS({ "reason", CTL_TEXT, "TEXT", "why, for whoever wonders" },
			      { "for", CTL_SPAN, NULL, "lets him in again by itself after that [never]" },
			      { "until", CTL_TEXT, "TIME", "the same, at a time: 2026-11-20T10:02:11Z" }, CTL_OPT_AGENT),
	.more = "His open conversations end, what he writes is kept as noise and becomes no ticket, answers are refused. "
		"His STOP is still heard.",
	.example = "contact block con_01k... --reason spam --for 30d",
};

static const struct ctl_verb unblock_verb = {
	.name = "unblock", .help = "let him in again", .run = unblock,
	.args = CTL_PARAMS(ID), .options = CTL_PARAMS(CTL_OPT_AGENT),
};

const struct ctl_verb ctl_verb_contact = {
	.name = "contact", .help = "people and what is known of them",
	.subs = CTL_SUBS(&list_verb, &search_verb, &show_verb, &merge_verb, &unmerge_verb, &block_verb, &unblock_verb,
			 &ctl_contact_export, &ctl_contact_erase),
};

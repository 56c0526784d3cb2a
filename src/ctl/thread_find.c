/* thread_find.c - conversations: listed by what they are, and found by what was said */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define USUAL	20			/* entries without --limit */

struct found {
	struct ctl *ctl;
	gint64 n;			/* lines for people, the head among them */
};

/* has_ticket=true, or false. */
static char *path_of(struct ctl *ctl, const char *first)
{
	g_autofree char *path = ctl_query(ctl, first, "state channel contact tag queue assignee category priority since until "
					  "waiting shadow");
	const char *ticket = ctl_value(ctl, "ticket");

	if (!ticket)
		return g_steal_pointer(&path);
	return g_strdup_printf("%s%chas_ticket=%s", path, strchr(path, '?') ? '&' : '?', strcmp(ticket, "yes") == 0 ? "true" : "false");
}

/* ---- list ---- */

void ctl_thread_row(const struct ctl *ctl, struct json_object *thread)
{
	struct json_object *contact = hg_json_obj(thread, "contact"), *ticket = hg_json_obj(thread, "ticket");
	g_autofree char *id = ctl_text(thread, "id", "?"), *state = ctl_text(thread, "state", "?");
	g_autofree char *channel = ctl_text(thread, "channel", "-"), *number = ctl_text(ticket, "number", "-");
	g_autofree char *age = ctl_ago(hg_json_str(thread, "last_activity_at"));
	g_autofree char *name = ctl_text(contact, "name", "-");

	printf("%s%s%s  ", ctl_look(ctl, CTL_CYAN), id, ctl_look(ctl, CTL_PLAIN));
	ctl_cell(state, 9);
	ctl_cell(channel, 12);
	ctl_cell(number, 10);
	printf("%7s  %s%s\n", age, name, hg_json_bool(thread, "shadow", FALSE) ? "  (on trial)" : "");
}

static void print_title(const struct ctl *ctl)
{
	printf("%s%-30s  %-9s %-12s %-10s %7s  %s%s\n", ctl_look(ctl, CTL_BOLD), "THREAD", "STATE", "CHANNEL", "TICKET", "LAST",
	       "CONTACT", ctl_look(ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl)
{
	g_autofree char *path = path_of(ctl, "/v1/threads");

	return ctl_print_list(ctl, &(struct ctl_list){ .path = path, .list = "threads", .cursor = "before", .usual = USUAL,
						       .title = print_title, .row = ctl_thread_row });
}

/* ---- search ---- */

/* From one code point of the text to another, made safe. */
static void print_part(const char *text, gint64 from, gint64 to)
{
	gint64 n = g_utf8_strlen(text, -1), begin = CLAMP(from, 0, n), end = CLAMP(to, begin, n);
	g_autofree char *part = g_utf8_substring(text, (glong)begin, (glong)end), *safe = ctl_safe(part, FALSE);

	fputs(safe, stdout);
}

/* What was found stands out. */
static void print_snippet(const struct ctl *ctl, struct json_object *snippet)
{
	const char *text = hg_json_str(snippet, "text");
	struct json_object *marks = hg_json_arr(snippet, "marks");
	gint64 at = 0;

	for (gsize i = 0; text && marks && i < json_object_array_length(marks); i++) {
		struct json_object *mark = json_object_array_get_idx(marks, i);
		gint64 from = json_object_get_int64(json_object_array_get_idx(mark, 0));
		gint64 to = from + json_object_get_int64(json_object_array_get_idx(mark, 1));

		print_part(text, at, from);
		fputs(ctl_look(ctl, CTL_YELLOW), stdout);
		print_part(text, from, to);
		fputs(ctl_look(ctl, CTL_PLAIN), stdout);
		at = to;
	}
	print_part(text ?: "", at, G_MAXINT32);
	putchar('\n');
}

static void print_hit(struct found *found, struct json_object *hit)
{
	const struct ctl *ctl = found->ctl;
	g_autofree char *id = ctl_text(hit, "thread_id", "?"), *state = ctl_text(hit, "state", "?");
	g_autofree char *channel = ctl_text(hit, "channel", "-"), *name = ctl_text(hit, "contact_name", "-");
	g_autofree char *what = ctl_text(hit, "direction", "name"), *age = ctl_ago(hg_json_str(hit, "at"));

	if (!found->n++)
		printf("%s%-30s  %-9s %-12s %-8s %7s  %-16s %s%s\n", ctl_look(ctl, CTL_BOLD), "THREAD", "STATE", "CHANNEL", "IN",
		       "SAID", "CONTACT", "WHERE", ctl_look(ctl, CTL_PLAIN));
	printf("%s%s%s  ", ctl_look(ctl, CTL_CYAN), id, ctl_look(ctl, CTL_PLAIN));
	ctl_cell(state, 9);
	ctl_cell(channel, 12);
	ctl_cell(what, 8);
	printf("%7s  ", age);
	ctl_cell(name, 16);
	print_snippet(ctl, hg_json_obj(hit, "snippet"));
}

static void search_one(void *arg, struct json_object *hit)
{
	struct found *found = arg;

	if (found->ctl->json)
		ctl_put_object(hit);
	else
		print_hit(found, hit);
}

static int say_found(const struct ctl *ctl, const struct ctl_pages *pages)
{
	if (pages->partly)
		ctl_say_error(ctl, "the search index is not complete, or switched off (store.search): older messages were not looked "
			      "at; headgatectl status says how far it is");
	else if (!pages->shown && !ctl->json && !ctl->quiet)
		puts("nothing was found");
	return pages->partly ? CTL_PARTLY : pages->shown ? CTL_DONE : CTL_NO;
}

static int search(struct ctl *ctl)
{
	g_autofree char *words = g_strjoinv(" ", (char **)(gpointer)ctl_values(ctl, "WORDS")), *q = ctl_path("%s", words);
	g_autofree char *first = g_strconcat("/v1/search?q=", q, NULL), *path = path_of(ctl, first);
	struct found found = { .ctl = ctl };
	struct ctl_pages pages = { .path = path, .list = "results", .cursor = "before", .each = search_one, .arg = &found };
	int code;

	if (!ctl_pages_given(ctl, &pages, USUAL))
		return ctl->exit;
	code = ctl_pages(ctl, &pages);
	if (code == CTL_DONE)
		code = say_found(ctl, &pages);
	ctl_pages_end(ctl, &pages);
	return code;
}

/* ---- the verbs ---- */

#define NARROW { "state", CTL_WORD, NULL, "only those that are so", "open|closed|converted" }, \
	       { "channel", CTL_CHANNEL, NULL, "only those of one channel" }, \
	       { "contact", CTL_TEXT, "ID", "only those of one person" }, \
	       { "tag", CTL_TEXT, "WORD", "only those that have it" }, \
	       { "queue", CTL_TEXT, "NAME", "only those that wait there" }, \
	       { "assignee", CTL_TEXT, "NAME", "only those of one agent, \"\" of nobody" }, \
	       { "category", CTL_TEXT, "WORD", "whose ticket is of it" }, \
	       { "priority", CTL_TEXT, "WORD", "whose ticket has it" }, \
	       { "ticket", CTL_WORD, NULL, "only those with a ticket, or without", "yes|no" }, \
	       { "waiting", CTL_FLAG, NULL, "only those whose customer waits for a person's answer" }, \
	       { "since", CTL_TIME, NULL, "that were opened since then" }, \
	       { "until", CTL_TIME, NULL, "that were opened before then" }, \
	       { "shadow", CTL_FLAG, NULL, "those of channels on trial, and no others" }, \
	       CTL_OPTS_LIST("before", "20")

const struct ctl_verb ctl_thread_list = {
	.name = "list", .help = "conversations, the newest first", .run = list, .options = CTL_PARAMS(NARROW),
	.more = "What is given narrows it together.  --json is one conversation a line.",
	.example = "thread list --waiting --queue billing\nthread list --ticket yes --since 7d --all --json | jq -r .ticket.number",
};

const struct ctl_verb ctl_thread_search = {
	.name = "search", .help = "conversations in which words were said, or that are called so", .run = search,
	.args = CTL_PARAMS({ "WORDS", .help = "all of them, in any order; begin*, -without, \"in this order\"", .flags = CTL_MANY }),
	.options = CTL_PARAMS(NARROW),
	.more = "Looks through messages, notes and subjects, and through names, addresses, tags and ticket numbers, the newest first.  "
		"Case and accents do not matter.",
	.exits = "0 something was found, 1 nothing was, 6 the index is not complete and older messages were left out",
	.example = "thread search red printer\nthread search --channel wa-main -- refund -paid",
};

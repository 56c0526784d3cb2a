/* drops.c - conversations that nobody took over, and their repair */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

#define PAGE "500"

struct asked { const char *since, *agent; gboolean all, yes; };

static char *first_page(const struct asked *asked, gboolean open_only)
{
	const char *state = open_only ? "open" : "all";

	return asked->since ? ctl_path("/v1/drops?limit=" PAGE "&state=%s&since=%s", state, asked->since) :
	       ctl_path("/v1/drops?limit=" PAGE "&state=%s", state);
}

static gsize size_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* Calls each for every drop of every page; what they return is summed up by themselves. */
static int for_each(struct ctl *ctl, const struct asked *asked, gboolean open_only,
		    void (*each)(void *arg, struct json_object *drop), void *arg)
{
	g_autofree char *first = first_page(asked, open_only), *path = g_strdup(first);

	while (path) {
		g_auto(ctl_reply) reply = { 0 };
		int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
		struct json_object *list = hg_json_arr(reply.json, "drops");
		const char *next;

		if (code != CTL_DONE)
			return code;
		for (gsize i = 0; i < size_of(list); i++)
			each(arg, json_object_array_get_idx(list, i));
		next = hg_json_str(reply.json, "next");
		g_free(path);
		path = next ? g_strconcat(first, "&before=", next, NULL) : NULL;
	}
	return CTL_DONE;
}

/* ---- list ---- */

struct listing { const struct ctl *ctl; gint64 n, open; };

static void print_drop(void *arg, struct json_object *drop)
{
	struct listing *listing = arg;
	const char *when = hg_json_str(drop, "closed_at"), *restored = hg_json_str(drop, "restored_at");
	g_autofree char *channel = ctl_text(drop, "channel", "-"), *contact = ctl_text(drop, "contact", "-");
	g_autofree char *why = ctl_text(drop, "why", ""), *id = ctl_text(drop, "thread_id", "-");

	if (listing->ctl->json) {
		ctl_put_json(json_object_to_json_string_ext(drop, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return;
	}
	if (!listing->n++)
		printf("%s%-30s %-16s %-12s %-16s %-24s %s%s\n", ctl_look(listing->ctl, CTL_BOLD), "THREAD", "CLOSED (UTC)",
		       "CHANNEL", "CONTACT", "WHY", "RESTORED", ctl_look(listing->ctl, CTL_PLAIN));
	listing->open += !restored;
	printf("%-30s %.10s %.5s ", id, when ? when : "-", when ? when + 11 : "");
	ctl_cell(channel, 12);
	ctl_cell(contact, 16);
	ctl_cell(why, 24);
	printf("%s%s%.10s %.5s%s\n", ctl_look(listing->ctl, restored ? CTL_GREEN : CTL_RED), restored ? "" : "no",
	       restored ? restored : "", restored ? restored + 11 : "", ctl_look(listing->ctl, CTL_PLAIN));
}

static int list(struct ctl *ctl, const struct asked *asked)
{
	struct listing listing = { .ctl = ctl };
	int code = for_each(ctl, asked, !asked->all, print_drop, &listing);

	if (code != CTL_DONE || ctl->json || ctl->quiet)
		return code;
	if (!listing.n)
		puts(asked->all ? "nothing was dropped" : "no drop is open");
	else if (listing.open)
		printf("%" G_GINT64_FORMAT " open; headgatectl drops restore THREAD, or --all, makes tickets of them\n",
		       listing.open);
	return CTL_DONE;
}

/* ---- restore ---- */

struct repair { struct ctl *ctl; const struct asked *asked; gint64 done, failed; int code; };

static void restore_one(struct repair *repair, const char *id)
{
	g_autofree char *path = ctl_path("/v1/drops/%s/restore", id), *text = NULL, *ticket = NULL;
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	hg_json_open(body, '{');
	if (repair->asked->agent)
		hg_json_add_str(body, "agent", repair->asked->agent);
	hg_json_close(body, '}');
	code = ctl_call(repair->ctl, "POST", path, body->str, NULL, &reply);
	if (code != CTL_DONE) {
		repair->failed++;
		repair->code = code;
		return;
	}
	repair->done++;
	if (repair->ctl->json) {
		ctl_print_json(&reply);
	} else if (!repair->ctl->quiet) {
		text = ctl_text(reply.json, "text", "");
		ticket = ctl_text(reply.json, "ticket", "-");
		printf("%s  %s  %s\n", id, ticket, text);
	}
}

static void add_id(void *arg, struct json_object *drop)
{
	const char *id = hg_json_str(drop, "thread_id");

	if (id)
		g_ptr_array_add(arg, g_strdup(id));
}

static gboolean may(const struct asked *asked, guint n)
{
	char answer[8] = "";

	if (asked->yes)
		return TRUE;
	fprintf(stderr, "%u conversation%s will become tickets, which only the helpdesk can undo. Go on? [y/N] ", n,
		n == 1 ? "" : "s");
	return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int restore_all(struct repair *repair, const GPtrArray *ids)
{
	if (!ids->len) {
		if (!repair->ctl->quiet && !repair->ctl->json)
			puts("no drop is open");
		return CTL_DONE;
	}
	if (!may(repair->asked, ids->len))
		return CTL_NO;
	for (guint i = 0; i < ids->len; i++)
		restore_one(repair, g_ptr_array_index(ids, i));
	return repair->failed && repair->done ? CTL_PARTLY : repair->code;
}

static int restore(struct ctl *ctl, const struct asked *asked, char **argv)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	struct repair repair = { .ctl = ctl, .asked = asked, .code = CTL_DONE };
	int code;

	if (asked->all == (*argv != NULL))
		return ctl_usage(ctl, "drops restore: name threads, or say --all");
	if (!asked->yes && !isatty(STDIN_FILENO))
		return ctl_usage(ctl, "drops restore makes tickets: say --yes where nobody can be asked");
	for (; *argv; argv++)
		g_ptr_array_add(ids, g_strdup(*argv));
	if (asked->all) {
		code = for_each(ctl, asked, TRUE, add_id, ids);
		if (code != CTL_DONE)
			return code;
	}
	return restore_all(&repair, ids);
}

/* ---- the verb ---- */

enum { SINCE = CTL_OWN, ALL, AGENT, YES };

int ctl_drops(struct ctl *ctl, int argc, char **argv)
{
	static const struct option own[] = { { "since", required_argument, NULL, SINCE },
		{ "all", no_argument, NULL, ALL }, { "agent", required_argument, NULL, AGENT },
		{ "yes", no_argument, NULL, YES }, { 0 } };
	static const char *const what[] = { "list", "restore", NULL };
	struct asked asked = { 0 };
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == '?')
			return ctl->exit;
		if (c == SINCE)
			asked.since = optarg;
		else if (c == AGENT)
			asked.agent = optarg;
		else
			*(c == ALL ? &asked.all : &asked.yes) = TRUE;
	}
	argv += optind;
	if (!*argv || (strcmp(*argv, "list") == 0 && !argv[1]))
		return list(ctl, &asked);
	if (strcmp(*argv, "restore") == 0)
		return restore(ctl, &asked, argv + 1);
	if (strcmp(*argv, "list") == 0)
		return ctl_usage(ctl, "unexpected \"%s\"", argv[1]);
	return ctl_unknown(ctl, "command of drops", *argv, what);
}

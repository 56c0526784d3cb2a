/* drops.c - conversations that nobody took over, and their repair */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"

/* Calls each for every drop of every page; what they return is summed up by themselves. */
static int for_each(struct ctl *ctl, gboolean open_only,
		    void (*each)(void *arg, struct json_object *drop), void *arg)
{
	g_autofree char *path = ctl_query(ctl, open_only ? "/v1/drops?state=open" : "/v1/drops?state=all", "since");

	return ctl_pages(ctl, &(struct ctl_pages){ .path = path, .list = "drops", .cursor = "before", .most = CTL_ALL,
						   .each = each, .arg = arg });
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
		ctl_put_object(drop);
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

static int list(struct ctl *ctl)
{
	gboolean all = ctl_given(ctl, "all");
	struct listing listing = { .ctl = ctl };
	int code = for_each(ctl, !all, print_drop, &listing);

	if (code != CTL_DONE || ctl->json || ctl->quiet)
		return code;
	if (!listing.n)
		puts(all ? "nothing was dropped" : "no drop is open");
	else if (listing.open)
		printf("%" G_GINT64_FORMAT " open; headgatectl drops restore THREAD, or --all, makes tickets of them\n",
		       listing.open);
	return CTL_DONE;
}

/* ---- show ---- */

static void print_one(const struct ctl *ctl, struct json_object *drop)
{
	static const struct { const char *key, *shown; } rows[] = { { "thread_id", "thread" }, { "channel", "channel" },
		{ "contact", "contact" }, { "closed_at", "closed" }, { "dropped_at", "dropped" }, { "why", "why" },
		{ "ticket", "ticket" }, { "restored_at", "restored" } };

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(drop, rows[i].key, i == G_N_ELEMENTS(rows) - 1 ? "no" : "-");

		printf("%s%-10s%s %s\n", ctl_look(ctl, CTL_DIM), rows[i].shown, ctl_look(ctl, CTL_PLAIN), text);
	}
	putchar('\n');
}

/* A conversation that was reopened may have been dropped again. */
static int show(struct ctl *ctl)
{
	const char *id = ctl_value(ctl, "THREAD");
	g_autofree char *path = ctl_path("/v1/drops?state=all&limit=500&thread=%s", id);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *drops = hg_json_arr(reply.json, "drops");
	gsize n = drops ? json_object_array_length(drops) : 0;

	if (code != CTL_DONE)
		return code;
	if (!n) {
		ctl_say_error(ctl, "there is no drop %s; headgatectl drops --all has all", id);
		return CTL_MISSING;
	}
	json_object_object_del(reply.json, "open");	/* of all conversations */
	for (gsize i = 0; i < n && !ctl->json; i++)
		print_one(ctl, json_object_array_get_idx(drops, i));
	code = ctl_thread_messages(ctl, id, ctl->json ? reply.json : NULL);
	if (code == CTL_DONE && ctl->json)
		ctl_put_object(reply.json);
	else if (code == CTL_DONE && !hg_json_str(json_object_array_get_idx(drops, 0), "restored_at"))
		printf("\nwhy: headgatectl explain %s\nmend it: headgatectl drops restore %s\n", id, id);
	return code;
}

/* ---- restore ---- */

struct repair { struct ctl *ctl; gint64 done, failed; int code; };

static void restore_one(struct repair *repair, const char *id)
{
	g_autofree char *path = ctl_path("/v1/drops/%s/restore", id), *text = NULL, *ticket = NULL;
	g_autofree char *body = ctl_body(repair->ctl, "agent");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(repair->ctl, "POST", path, body, NULL, &reply);

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

static int restore_all(struct repair *repair, const GPtrArray *ids)
{
	if (!ids->len) {
		if (!repair->ctl->quiet && !repair->ctl->json)
			puts("no drop is open");
		return CTL_DONE;
	}
	if (!ctl_may(repair->ctl, "%u conversation%s will become tickets, which only the helpdesk can undo.", ids->len,
		     ids->len == 1 ? "" : "s"))
		return repair->ctl->exit;
	for (guint i = 0; i < ids->len; i++)
		restore_one(repair, g_ptr_array_index(ids, i));
	return repair->failed && repair->done ? CTL_PARTLY : repair->code;
}

static int restore(struct ctl *ctl)
{
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);
	const char *const *named = ctl_values(ctl, "THREAD");
	struct repair repair = { .ctl = ctl, .code = CTL_DONE };
	int code;

	if (ctl_given(ctl, "all") == (*named != NULL))
		return ctl_usage(ctl, "drops restore: name threads, or say --all");
	for (; *named; named++)
		g_ptr_array_add(ids, g_strdup(*named));
	if (ctl_given(ctl, "all")) {
		code = for_each(ctl, TRUE, add_id, ids);
		if (code != CTL_DONE)
			return code;
	}
	return restore_all(&repair, ids);
}

/* ---- the verb ---- */

#define SINCE { "since", CTL_TIME, NULL, "that were closed since then" }
#define LISTED CTL_PARAMS({ "all", CTL_FLAG, NULL, "also those that were restored" }, SINCE)
#define LISTED_MORE "Conversations that were closed unresolved and that no helpdesk took over within 5 minutes."

static const struct ctl_verb list_verb = {
	.name = "list", .help = "those that are open", .usual = TRUE, .run = list, .options = LISTED, .more = LISTED_MORE,
};

const struct ctl_verb ctl_report_drops = {
	.name = "drops", .help = "the same as headgatectl drops", .run = list, .options = LISTED, .more = LISTED_MORE,
};

static const struct ctl_verb show_verb = {
	.name = "show", .help = "one of them: when and why, and what was said", .run = show,
	.args = CTL_PARAMS({ "THREAD", .help = "the conversation: thr_..." }),
	.exits = "4 it was not dropped",
};

static const struct ctl_verb restore_verb = {
	.name = "restore", .help = "make tickets of them", .asks = TRUE, .run = restore,
	.args = CTL_PARAMS({ "THREAD", .help = "conversations", .flags = CTL_MANY | CTL_MAYBE }),
	.options = CTL_PARAMS({ "all", CTL_FLAG, NULL, "all that are open" }, SINCE, CTL_OPT_AGENT),
	.more = "Where there is a ticket that the helpdesk has not acknowledged, it is asked for it again now.  Done twice it is "
		"done once.",
	.exits = "0 done, 1 you said no, 6 some could not be restored",
};

const struct ctl_verb ctl_verb_drops = {
	.name = "drops", .help = "conversations that nobody took over, and their repair",
	.subs = CTL_SUBS(&list_verb, &show_verb, &restore_verb),
};

/* channel_look.c - channels: how they are, one of them in full, paused and resumed, looked at now */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

#define NAME_WIDTH 14

static gsize count_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* What a person has done goes before what the channel says of itself. */
static const char *state_of(struct json_object *channel)
{
	if (hg_json_obj(channel, "paused"))
		return "paused";
	return g_strcmp0(hg_json_str(channel, "state"), "away") == 0 ? "away" : hg_json_str(channel, "condition") ?: "unknown";
}

static const char *look_of(const struct ctl *ctl, const char *state)
{
	return ctl_look(ctl, strcmp(state, "up") == 0 ? CTL_GREEN : strcmp(state, "down") == 0 ? CTL_RED : CTL_YELLOW);
}

/* ---- list ---- */

static void print_row(const struct ctl *ctl, struct json_object *channel)
{
	struct json_object *queue = hg_json_obj(channel, "queue");
	g_autofree char *name = ctl_text(channel, "name", ""), *adapter = ctl_text(channel, "adapter", "");
	g_autofree char *in = ctl_ago(hg_json_str(channel, "last_in")), *out = ctl_ago(hg_json_str(channel, "last_out"));
	g_autofree char *oldest = ctl_ago(hg_json_str(queue, "oldest")), *error = ctl_text(channel, "error", "-");
	const char *state = state_of(channel);

	ctl_cell(name, NAME_WIDTH);
	ctl_cell(adapter, 10);
	printf("%s%-9s%s %7s %8s %6" G_GINT64_FORMAT " %7s %5" G_GINT64_FORMAT "  %s\n", look_of(ctl, state), state,
	       ctl_look(ctl, CTL_PLAIN), in, out, hg_json_int(queue, "waiting", 0) + hg_json_int(queue, "parked", 0), oldest,
	       hg_json_int(channel, "dead_letters", 0), error);
}

static int list(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", "/v1/channels", NULL, NULL, &reply);
	struct json_object *channels = hg_json_arr(reply.json, "channels");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	printf("%s%-14s %-10s %-9s %7s %8s %6s %7s %5s  %s%s\n", ctl_look(ctl, CTL_BOLD), "CHANNEL", "ADAPTER", "STATE",
	       "LAST IN", "LAST OUT", "QUEUE", "OLDEST", "DEAD", "LAST ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; i < count_of(channels); i++)
		print_row(ctl, json_object_array_get_idx(channels, i));
	return CTL_DONE;
}

/* ---- show ---- */

static void print_words(struct json_object *channel, const char *key, const char *title)
{
	struct json_object *list = hg_json_arr(channel, key);
	g_autoptr(GString) all = g_string_new(NULL);

	for (gsize i = 0; i < count_of(list); i++) {
		g_autofree char *word = ctl_safe(json_object_get_string(json_object_array_get_idx(list, i)), FALSE);

		g_string_append_printf(all, "%s%s", all->len ? " " : "", word);
	}
	printf("%-14s %s\n", title, all->len ? all->str : "-");
}

static void print_pause(struct json_object *pause)
{
	g_autofree char *by = ctl_text(pause, "by", "somebody"), *reason = ctl_text(pause, "reason", "no reason given");
	g_autofree char *since = ctl_text(pause, "since", "-");

	if (pause)
		printf("%-14s since %s by %s: %s\n", "paused", since, by, reason);
}

static void print_one(const struct ctl *ctl, struct json_object *channel)
{
	static const char *const rows[] = { "adapter", "version", "since", "error", "last_in", "last_out" };
	g_autofree char *name = ctl_text(channel, "name", "");
	struct json_object *queue = hg_json_obj(channel, "queue");
	const char *state = state_of(channel);

	printf("%s%s%s  %s%s%s\n", ctl_look(ctl, CTL_BOLD), name, ctl_look(ctl, CTL_PLAIN), look_of(ctl, state), state,
	       ctl_look(ctl, CTL_PLAIN));
	print_pause(hg_json_obj(channel, "paused"));
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = ctl_text(channel, rows[i], "-");

		printf("%-14s %s\n", rows[i], text);
	}
	print_words(channel, "webhooks", "webhooks");
	print_words(channel, "capabilities", "can");
	printf("%-14s waiting %" G_GINT64_FORMAT ", sending %" G_GINT64_FORMAT ", in doubt %" G_GINT64_FORMAT ", parked %"
	       G_GINT64_FORMAT ", dead %" G_GINT64_FORMAT "\n", "queue", hg_json_int(queue, "waiting", 0),
	       hg_json_int(queue, "sending", 0), hg_json_int(queue, "unknown", 0), hg_json_int(queue, "parked", 0),
	       hg_json_int(channel, "dead_letters", 0));
	printf("%-14s messages %" G_GINT64_FORMAT ", receipts %" G_GINT64_FORMAT ", sent %" G_GINT64_FORMAT ", failed %"
	       G_GINT64_FORMAT ", refused %" G_GINT64_FORMAT "\n", "since start", hg_json_int(channel, "messages", 0),
	       hg_json_int(channel, "receipts", 0), hg_json_int(channel, "sent", 0), hg_json_int(channel, "failed", 0),
	       hg_json_int(channel, "refused", 0));
}

static int show(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/channels/%s", ctl_value(ctl, "NAME"));
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	print_one(ctl, hg_json_obj(reply.json, "channel"));
	return CTL_DONE;
}

/* ---- pause, resume ---- */

static int post(struct ctl *ctl, const char *what, const char *body, struct ctl_reply *ret)
{
	g_autofree char *path = ctl_path("/v1/channels/%s/%s", ctl_value(ctl, "NAME"), what);

	return ctl_call(ctl, "POST", path, body, NULL, ret);
}

static int hold(struct ctl *ctl, const char *what, const char *next)
{
	g_autofree char *body = ctl_body(ctl, "reason agent"), *name = ctl_safe(ctl_value(ctl, "NAME"), FALSE);
	g_auto(ctl_reply) reply = { 0 };
	int code = post(ctl, what, body, &reply);

	if (code != CTL_DONE || ctl->json)
		return code == CTL_DONE ? ctl_print_json(&reply) : code;
	if (!ctl->quiet)
		printf("%s %sd%s%s%s\n", name, what, *next ? "; undo: headgatectl channel " : "", next, *next ? name : "");
	return CTL_DONE;
}

static int pause_it(struct ctl *ctl)
{
	return hold(ctl, "pause", "resume ");
}

static int resume(struct ctl *ctl)
{
	return hold(ctl, "resume", "");
}

/* ---- probe ---- */

static void print_check(const struct ctl *ctl, struct json_object *check)
{
	gboolean ok = hg_json_bool(check, "ok", FALSE);
	g_autofree char *what = ctl_text(check, "check", ""), *said = ctl_text(check, "said", "");

	printf("  %s%-4s%s %-10s %s\n", ctl_look(ctl, ok ? CTL_GREEN : CTL_RED), ok ? "ok" : "no", ctl_look(ctl, CTL_PLAIN),
	       what, said);
}

static int probe(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = post(ctl, "probe", NULL, &reply);
	struct json_object *checks = hg_json_arr(reply.json, "checks");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		ctl_print_json(&reply);
	for (gsize i = 0; !ctl->json && i < count_of(checks); i++)
		print_check(ctl, json_object_array_get_idx(checks, i));
	return hg_json_bool(reply.json, "ok", FALSE) ? CTL_DONE : CTL_NO;
}

/* ---- the table ---- */

#define NAME CTL_PARAMS({ "NAME", CTL_CHANNEL, .help = "of the configuration" })

const struct ctl_verb ctl_channel_list = {
	.name = "list", .help = "all channels: how they are, what waits, what was given up", .run = list,
};
const struct ctl_verb ctl_channel_show = {
	.name = "show", .help = "one of them: where its provider calls, what it can, what waits", .run = show, .args = NAME,
};
const struct ctl_verb ctl_channel_pause = {
	.name = "pause", .help = "send, fetch and look for nothing there until it is resumed", .run = pause_it, .args = NAME,
	.options = CTL_PARAMS({ "reason", CTL_TEXT, "TEXT", "why, for who looks at it later" }, CTL_OPT_AGENT),
	.more = "What is to be sent waits, in order, over restarts. What the provider delivers by itself is taken in all the "
		"same; mailboxes and SMPP binds are closed, and what comes waits over there.",
};
const struct ctl_verb ctl_channel_resume = {
	.name = "resume", .help = "let a paused channel go on: what waited is sent", .run = resume, .args = NAME,
	.options = CTL_PARAMS({ "reason", CTL_TEXT, "TEXT", "why, for who looks at it later" }, CTL_OPT_AGENT),
};
const struct ctl_verb ctl_channel_probe = {
	.name = "probe", .help = "look now whether it is well, and ask its provider", .run = probe, .args = NAME,
	.more = "The daemon asks the provider something harmless with the channel's own credentials, and says whether they are right, refused "
		"(and what to do), or the provider cannot be reached. Mailboxes and SMPP binds show it by the connection they keep.",
	.exits = "1 something is not well",
};

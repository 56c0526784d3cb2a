/* look.c - status, explain, fsck: what the daemon says, for people or as JSON */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "http_client.h"
#include "text.h"

#define NAME_WIDTH 12
#define QUOTE_MAX 80			/* bytes of what /readyz says */
#define READY_CALL_MS 5000
#define READY_LOOK_US 100000		/* between two looks */

static gsize count_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* ---- status ---- */

static const char *look_of(const struct ctl *ctl, const char *condition)
{
	return ctl_look(ctl, strcmp(condition, "up") == 0 ? CTL_GREEN :
			strcmp(condition, "degraded") == 0 ? CTL_YELLOW : CTL_RED);
}

/* The outbox counts of one channel or backend, or NULL. */
struct json_object *ctl_status_counts(struct json_object *status, const char *target, const char *name)
{
	struct json_object *list = hg_json_arr(status, "outbox");

	for (gsize i = 0; i < count_of(list); i++) {
		struct json_object *count = json_object_array_get_idx(list, i);

		if (g_strcmp0(hg_json_str(count, "name"), name) == 0 && g_strcmp0(hg_json_str(count, "target"), target) == 0)
			return count;
	}
	return NULL;
}

static void print_number(struct json_object *part, const char *key)
{
	printf("%6" G_GINT64_FORMAT " ", hg_json_int(part, key, 0));
}

static void print_part(const struct ctl *ctl, struct json_object *status, struct json_object *part,
		       const char *target, const char *kind)
{
	g_autofree char *name = ctl_text(part, "name", ""), *state = ctl_text(part, "state", "");
	g_autofree char *condition = g_strcmp0(state, "away") == 0 ? g_strdup("away") : ctl_text(part, "condition", "unknown");
	struct json_object *counts = ctl_status_counts(status, target, hg_json_str(part, "name"));
	g_autofree char *oldest = ctl_ago(hg_json_str(counts, "oldest")), *error = ctl_text(part, "error", "-");

	ctl_cell(name, NAME_WIDTH);
	ctl_cell(kind, 9);
	printf("%s%-8s%s ", look_of(ctl, condition), condition, ctl_look(ctl, CTL_PLAIN));
	print_number(part, "messages");
	print_number(part, "sent");
	print_number(counts, "waiting");
	print_number(counts, "unknown");
	print_number(counts, "dead");
	printf("%7s  %s\n", oldest, error);
}

/* Hooks have no outbox to wait in: how their questions ended. */
static void print_hook(const struct ctl *ctl, struct json_object *hook)
{
	g_autofree char *name = ctl_text(hook, "name", "-"), *error = ctl_text(hook, "error", "");
	gboolean up = g_strcmp0(hg_json_str(hook, "condition"), "up") == 0;
	gint64 answered = hg_json_int(hook, "answered", 0);

	printf("%-12s %-9s %s%-8s%s  answered %" G_GINT64_FORMAT, name, "hook", ctl_look(ctl, up ? CTL_GREEN : CTL_RED),
	       up ? "up" : "down", ctl_look(ctl, CTL_PLAIN), answered);
	if (answered)
		printf(" (%" G_GINT64_FORMAT " ms on average)", hg_json_int(hook, "answered_ms", 0) / answered);
	printf("  cached %" G_GINT64_FORMAT "  late %" G_GINT64_FORMAT "  failed %" G_GINT64_FORMAT
	       "  skipped %" G_GINT64_FORMAT "  %s\n", hg_json_int(hook, "cached", 0), hg_json_int(hook, "late", 0),
	       hg_json_int(hook, "failed", 0), hg_json_int(hook, "skipped", 0), error);
}

static void print_parts(const struct ctl *ctl, struct json_object *status)
{
	struct json_object *channels = hg_json_arr(status, "channels"), *backends = hg_json_arr(status, "backends");
	struct json_object *hooks = hg_json_arr(status, "hooks");

	printf("%s%-12s %-9s %-8s %6s %6s %6s %6s %6s %7s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NAME", "KIND", "STATE",
	       "IN", "OUT", "QUEUE", "DOUBT", "DEAD", "OLDEST", "LAST ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; i < count_of(channels); i++) {
		struct json_object *channel = json_object_array_get_idx(channels, i);
		g_autofree char *adapter = ctl_text(channel, "adapter", "");

		print_part(ctl, status, channel, "channel",
			   hg_json_bool(channel, "shadow", FALSE) ? "on trial" : adapter);
	}
	for (gsize i = 0; i < count_of(backends); i++)
		print_part(ctl, status, json_object_array_get_idx(backends, i), "backend", "backend");
	for (gsize i = 0; i < count_of(hooks); i++)
		print_hook(ctl, json_object_array_get_idx(hooks, i));
}

static gboolean all_up(struct json_object *list)
{
	for (gsize i = 0; i < count_of(list); i++)
		if (g_strcmp0(hg_json_str(json_object_array_get_idx(list, i), "condition"), "up") != 0)
			return FALSE;
	return TRUE;
}

static gboolean is_right(struct json_object *clock)
{
	return g_strcmp0(hg_json_str(clock, "condition"), "up") == 0;
}

static void print_clock(const struct ctl *ctl, struct json_object *clock)
{
	gint64 off_ms = hg_json_int(clock, "off_ms", 0);
	g_autofree char *now = ctl_text(clock, "now", "-");
	char span[HG_SPAN_SIZE];

	if (!is_right(clock))
		printf("%sclock: %s, the system's is %s %s (headgated.8)%s\n", ctl_look(ctl, CTL_RED), now,
		       hg_span(ABS(off_ms) / 1000 * 1000, span), off_ms < 0 ? "behind" : "ahead", ctl_look(ctl, CTL_PLAIN));
}

/* What waits is not lost: who looks is to know since when, and how much. */
static void print_outages(const struct ctl *ctl, struct json_object *list)
{
	for (gsize i = 0; i < count_of(list); i++) {
		struct json_object *outage = json_object_array_get_idx(list, i);
		g_autofree char *name = ctl_text(outage, "backend", ""), *ago = ctl_ago(hg_json_str(outage, "since"));
		g_autofree char *since = ctl_text(outage, "since", "-");
		gint64 waiting = hg_json_int(outage, "waiting", 0);

		printf("%shelpdesk %s has not answered for %s (since %s): %" G_GINT64_FORMAT " event%s wait%s for it%s\n",
		       ctl_look(ctl, CTL_RED), name, ago, since, waiting, waiting == 1 ? "" : "s", waiting == 1 ? "s" : "",
		       ctl_look(ctl, CTL_PLAIN));
	}
}

static void print_node(struct json_object *node)
{
	g_autofree char *name = ctl_text(node, "name", "-");
	struct json_object *posts = hg_json_arr(node, "posts");

	if (node)
		printf("node %s  holds %" G_GSIZE_FORMAT " posts; headgatectl node list has all\n", name,
		       posts ? json_object_array_length(posts) : 0);
}

static void print_status(const struct ctl *ctl, struct json_object *status)
{
	struct json_object *store = hg_json_obj(status, "store"), *engine = hg_json_obj(status, "engine");
	g_autofree char *reloaded = ctl_ago(hg_json_str(status, "reloaded"));
	char up[HG_SPAN_SIZE];

	printf("headgated %s  up %s  config read %s ago  store %s %" G_GINT64_FORMAT " KiB\n",
	       hg_json_str(status, "version"), hg_span(hg_json_int(status, "uptime_ms", 0) / 1000 * 1000, up), reloaded,
	       hg_json_str(status, "store_driver"),
	       (hg_json_int(store, "bytes", 0) + hg_json_int(store, "wal_bytes", 0)) / 1024);
	printf("threads %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT " open)  messages %" G_GINT64_FORMAT
	       "  tickets %" G_GINT64_FORMAT "  duplicates dropped %" G_GINT64_FORMAT " since the start\n",
	       hg_json_int(store, "threads", 0), hg_json_int(store, "open_threads", 0),
	       hg_json_int(store, "messages", 0), hg_json_int(store, "tickets", 0),
	       hg_json_int(engine, "duplicates", 0));
	print_node(hg_json_obj(status, "node"));
	print_clock(ctl, hg_json_obj(status, "clock"));
	print_outages(ctl, hg_json_arr(status, "outages"));
	print_parts(ctl, status);
}

/* ---- ready, for scripts ---- */

static void heard(void *arg, const struct hg_client_answer *answer)
{
	char **said = arg;

	if (answer->code == HG_CLIENT_OK && answer->status == 200)
		return;
	*said = answer->code == HG_CLIENT_OK ? g_strchomp(g_strndup(answer->body, MIN(answer->len, QUOTE_MAX))) :
					       g_strdup("no headgated answers there");
}

/* What is in the way; NULL: nothing.  Yours. */
static char *obstacle(const char *socket, gboolean channels)
{
	const char *url = channels ? "http://headgate/readyz?channels=1" : "http://headgate/readyz";
	char *said = NULL;

	hg_client_sync(&(struct hg_client_call){ .method = "GET", .url = url, .unix_path = socket, .private_ok = TRUE,
		.timeout_ms = READY_CALL_MS }, heard, &said);
	return said;
}

char *ctl_wait_ready(const char *socket, gboolean channels, gint64 wait_ms)
{
	gint64 end = hg_mono(hg_env_system()) + wait_ms;
	char *why = obstacle(socket, channels);

	for (; why && hg_mono(hg_env_system()) < end; why = obstacle(socket, channels)) {
		g_free(why);
		g_usleep(READY_LOOK_US);
	}
	return why;
}

static int tell_ready(struct ctl *ctl)
{
	gint64 wait_ms = ctl_span(ctl, "wait", 0);
	const char *socket = ctl_socket(ctl);
	g_autofree char *why = ctl_wait_ready(socket, ctl_given(ctl, "channels"), wait_ms);

	if (ctl->json)
		ctl_put_json(why ? "{\"ready\":false}" : "{\"ready\":true}");
	else if (!why && !ctl->quiet)
		puts("ready");
	if (!why)
		return CTL_DONE;
	ctl_say_error(ctl, "not ready: %s (%s)", why, socket);
	return wait_ms ? CTL_AGAIN : CTL_NO;
}

/* ---- all of it ---- */

static int status(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (ctl_given(ctl, "ready"))
		return tell_ready(ctl);
	if (ctl_given(ctl, "wait") || ctl_given(ctl, "channels"))
		return ctl_usage(ctl, "--wait and --channels belong to --ready");
	code = ctl_call(ctl, "GET", "/v1/status", NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		ctl_print_json(&reply);
	else if (!ctl->quiet)
		print_status(ctl, reply.json);
	return all_up(hg_json_arr(reply.json, "channels")) && all_up(hg_json_arr(reply.json, "backends")) &&
	       all_up(hg_json_arr(reply.json, "hooks")) && is_right(hg_json_obj(reply.json, "clock")) ? CTL_DONE : CTL_NO;
}

const struct ctl_verb ctl_verb_status = {
	.name = "status", .help = "what runs, and how it is", .run = status,
	.options = CTL_PARAMS({ "ready", CTL_FLAG, NULL, "only whether what comes in can be stored, for scripts" },
			      { "channels", CTL_FLAG, NULL, "and whether no channel is down" },
			      { "wait", CTL_SPAN, NULL, "until it is so, for so long [not at all]" }),
	.more = "Channels, backends and hooks: IN and OUT count messages since the start, QUEUE is what waits, DOUBT what hangs in "
		"doubt, DEAD what was given up.\n\n"
		"--ready asks what /readyz answers.  A channel that was paused by hand is not down.",
	.exits = "0 all is well, 1 something is not up, or with --ready: not ready, 75 not ready within the time of --wait",
	.example = "status --ready --channels --wait 30s",
};

/* ---- fsck ---- */

static void print_breach(struct json_object *breach)
{
	g_autofree char *invariant = ctl_text(breach, "invariant", ""), *id = ctl_text(breach, "id", "");
	g_autofree char *remedy = ctl_text(breach, "remedy", "");

	printf("%s  %s  %s\n", invariant, id, remedy);
}

static int fsck(struct ctl *ctl)
{
	g_auto(ctl_reply) reply = { 0 };
	struct json_object *list;
	int code = ctl_call(ctl, "GET", "/v1/fsck", NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	list = hg_json_arr(reply.json, "breaches");
	if (ctl->json)
		ctl_print_json(&reply);
	for (gsize i = 0; !ctl->json && i < count_of(list); i++)
		print_breach(json_object_array_get_idx(list, i));
	if (!ctl->json && !ctl->quiet)
		printf("%zu breach%s\n", count_of(list), count_of(list) == 1 ? "" : "es");
	return count_of(list) ? CTL_NO : CTL_DONE;
}

const struct ctl_verb ctl_verb_fsck = {
	.name = "fsck", .help = "audit the store of the running daemon", .run = fsck,
	.more = "Says for each breach what to do.",
	.exits = "0 sound, 1 breaches found",
};

/* ---- explain ---- */

static int explain(struct ctl *ctl)
{
	const char *id = ctl_value(ctl, "ID");
	g_auto(ctl_reply) reply = { 0 };
	g_autofree char *path = NULL, *text = NULL;
	int code;

	path = g_str_has_prefix(id, "msg_") ? ctl_path("/v1/messages/%s/explain", id) :
	       ctl_path("/v1/threads/%s/explain", id);
	code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	text = ctl_safe(hg_json_str(reply.json, "text"), TRUE);
	fputs(text, stdout);
	return CTL_DONE;
}

const struct ctl_verb ctl_verb_explain = {
	.name = "explain", .help = "why headgate decided what it did", .run = explain,
	.args = CTL_PARAMS({ "ID", .help = "a message or a conversation" }),
	.more = "Says which rule decided what, on which facts, and why the others did not match.",
	.example = "explain msg_01m7z855jne6m880d45tb8szs0",
};

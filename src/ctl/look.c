/* look.c - status, tail, explain, fsck, outbox: what the daemon says, for people or as JSON */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "text.h"

/* Prints the reply as it came: --json of every verb. */
static int print_json(const ctl_reply *reply)
{
	puts(reply->body && *reply->body ? reply->body : "{}");
	return CTL_DONE;
}

static const char *look_of(const struct ctl *ctl, const char *condition)
{
	return ctl_look(ctl, strcmp(condition, "up") == 0 ? CTL_GREEN :
			strcmp(condition, "degraded") == 0 ? CTL_YELLOW : CTL_RED);
}

/* The outbox counts of one channel or backend, or NULL. */
static struct json_object *counts_of(struct json_object *status, const char *target, const char *name)
{
	struct json_object *list = hg_json_arr(status, "outbox");

	for (gsize i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *count = json_object_array_get_idx(list, i);

		if (g_strcmp0(hg_json_str(count, "name"), name) == 0 && g_strcmp0(hg_json_str(count, "target"), target) == 0)
			return count;
	}
	return NULL;
}

/* One line of the table; returns whether it is up. */
static gboolean print_part(const struct ctl *ctl, struct json_object *status, struct json_object *part,
			   const char *target, const char *kind)
{
	const char *name = hg_json_str(part, "name"), *condition = hg_json_str(part, "condition");
	struct json_object *counts = counts_of(status, target, name);
	g_autofree char *oldest = ctl_ago(counts ? hg_json_str(counts, "oldest") : NULL);
	g_autofree char *error = ctl_safe(hg_json_str(part, "error"));

	printf("%-12s %-9s %s%-9s%s %6" G_GINT64_FORMAT " %6" G_GINT64_FORMAT " %6" G_GINT64_FORMAT " %8s  %s\n",
	       name, kind, look_of(ctl, condition), condition, ctl_look(ctl, CTL_PLAIN),
	       hg_json_int(counts, "waiting", 0), hg_json_int(counts, "unknown", 0), hg_json_int(counts, "dead", 0),
	       oldest, *error ? error : "-");
	return strcmp(condition, "up") == 0;
}

static gboolean print_parts(const struct ctl *ctl, struct json_object *status)
{
	struct json_object *channels = hg_json_arr(status, "channels"), *backends = hg_json_arr(status, "backends");
	gboolean well = TRUE;

	printf("%s%-12s %-9s %-9s %6s %6s %6s %8s  %s%s\n", ctl_look(ctl, CTL_BOLD), "NAME", "KIND", "STATE", "QUEUE",
	       "DOUBT", "DEAD", "OLDEST", "LAST ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; channels && i < json_object_array_length(channels); i++) {
		struct json_object *channel = json_object_array_get_idx(channels, i);

		well &= print_part(ctl, status, channel, "channel", hg_json_str(channel, "adapter"));
	}
	for (gsize i = 0; backends && i < json_object_array_length(backends); i++)
		well &= print_part(ctl, status, json_object_array_get_idx(backends, i), "backend", "backend");
	return well;
}

static gboolean all_up(struct json_object *list)
{
	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		if (g_strcmp0(hg_json_str(json_object_array_get_idx(list, i), "condition"), "up") != 0)
			return FALSE;
	return TRUE;
}

int ctl_status(struct ctl *ctl, int argc, char **argv)
{
	g_auto(ctl_reply) reply = { 0 };
	struct json_object *store, *engine;
	char up[HG_SPAN_SIZE];
	gboolean well;
	int code;

	if (argc > 1)
		return ctl_usage(ctl, argv[0], "unexpected \"%s\"", argv[1]);
	code = ctl_call(ctl, "GET", "/v1/status", NULL, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	well = all_up(hg_json_arr(reply.json, "channels")) && all_up(hg_json_arr(reply.json, "backends"));
	if (ctl->json) {
		print_json(&reply);
		return well ? CTL_DONE : CTL_NO;
	}
	store = hg_json_obj(reply.json, "store");
	engine = hg_json_obj(reply.json, "engine");
	printf("headgated %s  up %s  store %s %" G_GINT64_FORMAT " KiB\n", hg_json_str(reply.json, "version"),
	       hg_span(hg_json_int(reply.json, "uptime_ms", 0), up), hg_json_str(reply.json, "store_driver"),
	       hg_json_int(store, "bytes", 0) / 1024);
	printf("threads %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT " open)  messages %" G_GINT64_FORMAT
	       "  tickets %" G_GINT64_FORMAT "  duplicates dropped %" G_GINT64_FORMAT " since the start\n",
	       hg_json_int(store, "threads", 0), hg_json_int(store, "open_threads", 0),
	       hg_json_int(store, "messages", 0), hg_json_int(store, "tickets", 0),
	       hg_json_int(engine, "duplicates", 0));
	print_parts(ctl, reply.json);
	return well ? CTL_DONE : CTL_NO;
}

/* ---- tail ---- */

/* What an event is about, in a few words. */
static char *event_text(struct json_object *data)
{
	struct json_object *message = hg_json_obj(data, "message"), *ticket = hg_json_obj(data, "ticket");
	const char *text = hg_json_str(message, "text");
	const char *number = hg_json_str(ticket, "number"), *reason = hg_json_str(data, "reason");
	GString *out = g_string_new(NULL);
	g_autofree char *safe = text && *text ? ctl_safe(text) : NULL;

	if (safe)
		g_string_append_printf(out, "\"%.60s\" ", safe);
	if (number)
		g_string_append_printf(out, "%s ", number);
	if (hg_json_str(message, "delivery"))
		g_string_append_printf(out, "%s ", hg_json_str(message, "delivery"));
	if (reason)
		g_string_append(out, reason);
	return g_string_free(out, FALSE);
}

static gboolean tail_line(void *arg, const char *line)
{
	const struct ctl *ctl = arg;
	g_autoptr(json_object) event = NULL;
	g_autofree char *clock = NULL, *text = NULL;
	struct json_object *data;
	const char *channel;

	if (ctl->json) {
		puts(line);
		fflush(stdout);
		return TRUE;
	}
	event = hg_json_parse(line, strlen(line), &(struct hg_json_limits){ .max_bytes = 16 << 20, .max_depth = 64 }, NULL);
	data = hg_json_obj(event, "data");
	clock = ctl_clock(hg_json_str(event, "timestamp"));
	text = event_text(data);
	channel = hg_json_str(data, "channel");
	printf("%s%s%s  %-10s %s%-18s%s %s\n", ctl_look(ctl, CTL_DIM), clock, ctl_look(ctl, CTL_PLAIN),
	       channel ? channel : "-", ctl_look(ctl, CTL_CYAN), hg_json_str(event, "type"), ctl_look(ctl, CTL_PLAIN), text);
	fflush(stdout);
	return TRUE;
}

int ctl_tail(struct ctl *ctl, int argc, char **argv)
{
	static const struct option names[] = { { "thread", required_argument, NULL, 't' }, { 0 } };
	g_autofree char *path = g_strdup("/v1/events/stream");
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c != 't')
			return CTL_USAGE;
		g_free(path);
		path = ctl_path("/v1/events/stream?thread=%s", optarg);
	}
	return ctl_stream(ctl, path, tail_line, ctl);
}

/* ---- fsck, outbox ---- */

int ctl_fsck(struct ctl *ctl, int argc, char **argv)
{
	g_auto(ctl_reply) reply = { 0 };
	struct json_object *list;
	gsize n;
	int code;

	if (argc > 1)
		return ctl_usage(ctl, argv[0], "unexpected \"%s\"", argv[1]);
	code = ctl_call(ctl, "GET", "/v1/fsck", NULL, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	list = hg_json_arr(reply.json, "breaches");
	n = list ? json_object_array_length(list) : 0;
	if (ctl->json)
		print_json(&reply);
	for (gsize i = 0; !ctl->json && i < n; i++) {
		struct json_object *breach = json_object_array_get_idx(list, i);

		printf("%s  %s  %s\n", hg_json_str(breach, "invariant"), hg_json_str(breach, "id"), hg_json_str(breach, "remedy"));
	}
	if (!ctl->json && !ctl->quiet)
		printf("%zu breaches\n", n);
	return n ? CTL_NO : CTL_DONE;
}

static int outbox_list(struct ctl *ctl, const char *state)
{
	g_autofree char *path = ctl_path("/v1/outbox?state=%s", state);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *jobs = hg_json_arr(reply.json, "jobs");

	if (code != CTL_DONE || ctl->json)
		return code == CTL_DONE ? print_json(&reply) : code;
	printf("%s%-8s %-8s %-12s %-8s %-8s %s%s\n", ctl_look(ctl, CTL_BOLD), "NUMBER", "TARGET", "NAME", "TRIES", "AGE",
	       "ERROR", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; jobs && i < json_object_array_length(jobs); i++) {
		struct json_object *job = json_object_array_get_idx(jobs, i);
		g_autofree char *age = ctl_ago(hg_json_str(job, "created"));
		g_autofree char *error = ctl_safe(hg_json_str(job, "error"));

		printf("%-8" G_GINT64_FORMAT " %-8s %-12s %-8" G_GINT64_FORMAT " %-8s %s\n", hg_json_int(job, "number", 0),
		       hg_json_str(job, "target"), hg_json_str(job, "name"), hg_json_int(job, "attempts", 0), age, error);
	}
	return CTL_DONE;
}

int ctl_outbox(struct ctl *ctl, int argc, char **argv)
{
	static const struct option names[] = { { "state", required_argument, NULL, 's' }, { 0 } };
	g_auto(ctl_reply) reply = { 0 };
	g_autofree char *path = NULL, *body = NULL;
	const char *state = "dead";
	int c, code;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c != 's')
			return CTL_USAGE;
		state = optarg;
	}
	if (optind == argc)
		return outbox_list(ctl, state);
	if (strcmp(argv[optind], "retry") == 0 && argc == optind + 2) {
		path = ctl_path("/v1/outbox/%s/retry", argv[optind + 1]);
	} else if (strcmp(argv[optind], "settle") == 0 && argc == optind + 3) {
		path = ctl_path("/v1/outbox/%s/settle", argv[optind + 1]);
		body = g_strdup_printf("{\"how\":\"%s\"}", strcmp(argv[optind + 2], "arrived") == 0 ? "arrived" :
				       strcmp(argv[optind + 2], "resend") == 0 ? "resend" : "");
	} else {
		return ctl_usage(ctl, argv[0], "wrong arguments");
	}
	code = ctl_call(ctl, "POST", path, body, NULL, &reply);
	if (code == CTL_DONE && ctl->json)
		print_json(&reply);
	return code;
}

/* ---- explain ---- */

int ctl_explain(struct ctl *ctl, int argc, char **argv)
{
	g_auto(ctl_reply) reply = { 0 };
	g_autofree char *path = NULL;
	const char *text;
	int code;

	if (argc != 2)
		return ctl_usage(ctl, argv[0], "a message or thread id is wanted");
	path = g_str_has_prefix(argv[1], "msg_") ? ctl_path("/v1/messages/%s/explain", argv[1]) :
	       ctl_path("/v1/threads/%s/explain", argv[1]);
	code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	if (code != CTL_DONE)
		return code;
	text = hg_json_str(reply.json, "text");
	if (ctl->json || !text)
		return print_json(&reply);
	fputs(text, stdout);
	return CTL_DONE;
}

/* thread.c - the verb "thread": read and steer conversations */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"

struct args {
	const char *id, *text;
	const char *agent, *to, *channel, *key, *priority, *category, *subject, *state, *limit, *resolution;
};

static const struct option names[] = {
	{ "agent", required_argument, NULL, 'a' }, { "to", required_argument, NULL, 't' },
	{ "channel", required_argument, NULL, 'c' }, { "key", required_argument, NULL, 'k' },
	{ "priority", required_argument, NULL, 'p' }, { "category", required_argument, NULL, 'g' },
	{ "subject", required_argument, NULL, 's' }, { "state", required_argument, NULL, 'S' },
	{ "limit", required_argument, NULL, 'l' }, { "resolved", no_argument, NULL, 'r' },
	{ "unresolved", no_argument, NULL, 'u' }, { 0 } };

static gboolean read_args(int argc, char **argv, struct args *ret)
{
	int c;

	memset(ret, 0, sizeof *ret);
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'a': ret->agent = optarg; break;
		case 't': ret->to = optarg; break;
		case 'c': ret->channel = optarg; break;
		case 'k': ret->key = optarg; break;
		case 'p': ret->priority = optarg; break;
		case 'g': ret->category = optarg; break;
		case 's': ret->subject = optarg; break;
		case 'S': ret->state = optarg; break;
		case 'l': ret->limit = optarg; break;
		case 'r': ret->resolution = "resolved"; break;
		case 'u': ret->resolution = "unresolved"; break;
		default: return FALSE;
		}
	}
	ret->id = optind < argc ? argv[optind] : NULL;
	ret->text = optind + 1 < argc ? argv[optind + 1] : NULL;
	return optind + 2 >= argc;
}

/* ---- reading ---- */

static void print_row(const struct ctl *ctl, struct json_object *thread)
{
	struct json_object *contact = hg_json_obj(thread, "contact"), *ticket = hg_json_obj(thread, "ticket");
	g_autofree char *name = ctl_safe(hg_json_str(contact, "name"));
	g_autofree char *age = ctl_ago(hg_json_str(thread, "last_activity_at"));
	const char *number = hg_json_str(ticket, "number");

	printf("%s%s%s  %-9s %-10s %-8s %-7s %s\n", ctl_look(ctl, CTL_CYAN), hg_json_str(thread, "id"),
	       ctl_look(ctl, CTL_PLAIN), hg_json_str(thread, "state"),
	       hg_json_str(thread, "channel") ? hg_json_str(thread, "channel") : "-", number ? number : "-", age, name);
}

static int list(struct ctl *ctl, const struct args *args)
{
	g_auto(ctl_reply) reply = { 0 };
	g_autofree char *path = args->state ? ctl_path("/v1/threads?limit=%s&state=%s", args->limit ? args->limit : "20", args->state) :
		ctl_path("/v1/threads?limit=%s", args->limit ? args->limit : "20");
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *threads = hg_json_arr(reply.json, "threads");

	if (code != CTL_DONE)
		return code;
	if (ctl->json) {
		puts(reply.body);
		return CTL_DONE;
	}
	printf("%s%-30s  %-9s %-10s %-8s %-7s %s%s\n", ctl_look(ctl, CTL_BOLD), "THREAD", "STATE", "CHANNEL", "TICKET", "LAST",
	       "CONTACT", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; threads && i < json_object_array_length(threads); i++)
		print_row(ctl, json_object_array_get_idx(threads, i));
	return CTL_DONE;
}

static void print_message(const struct ctl *ctl, struct json_object *message)
{
	const char *direction = hg_json_str(message, "direction"), *delivery = hg_json_str(message, "delivery");
	g_autofree char *clock = ctl_clock(hg_json_str(message, "at")), *text = ctl_safe(hg_json_str(message, "text"));
	g_autofree char *author = ctl_safe(hg_json_str(message, "author"));
	gboolean out = g_strcmp0(direction, "outbound") == 0;
	struct json_object *error = hg_json_obj(message, "error");
	g_autofree char *why = error ? ctl_safe(hg_json_str(error, "text")) : NULL;

	printf("  %s%s%s  %s%-9s%s %-10s %s%s%s%s%s%s\n", ctl_look(ctl, CTL_DIM), clock, ctl_look(ctl, CTL_PLAIN),
	       ctl_look(ctl, out ? CTL_GREEN : CTL_CYAN), direction, ctl_look(ctl, CTL_PLAIN), author, text,
	       delivery ? "  [" : "", delivery ? delivery : "", why ? ": " : "", why ? why : "", delivery ? "]" : "");
}

static int show(struct ctl *ctl, const struct args *args)
{
	g_auto(ctl_reply) thread = { 0 }, messages = { 0 };
	g_autofree char *path = ctl_path("/v1/threads/%s", args->id), *list_path = ctl_path("/v1/threads/%s/messages?limit=500", args->id);
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &thread);
	struct json_object *entries;

	if (code == CTL_DONE)
		code = ctl_call(ctl, "GET", list_path, NULL, NULL, &messages);
	if (code != CTL_DONE)
		return code;
	entries = hg_json_arr(messages.json, "messages");
	if (ctl->json) {
		struct json_object *one = hg_json_obj(thread.json, "thread");

		json_object_object_add(one, "messages", json_object_get(entries));
		puts(json_object_to_json_string_ext(thread.json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return CTL_DONE;
	}
	print_row(ctl, hg_json_obj(thread.json, "thread"));
	for (gsize i = 0; entries && i < json_object_array_length(entries); i++)
		print_message(ctl, json_object_array_get_idx(entries, i));
	return CTL_DONE;
}

/* ---- steering ---- */

static char *body_of(const struct args *args)
{
	GString *body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_opt_str(body, "text", args->text);
	hg_json_opt_str(body, "agent", args->agent);
	hg_json_opt_str(body, "to", args->to);
	hg_json_opt_str(body, "channel", args->channel);
	hg_json_opt_str(body, "priority", args->priority);
	hg_json_opt_str(body, "category", args->category);
	hg_json_opt_str(body, "subject", args->subject);
	hg_json_opt_str(body, "resolution", args->resolution);
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

static int steer(struct ctl *ctl, const struct args *args, const char *what)
{
	char key[HG_ID_SIZE];
	g_autofree char *header = NULL;
	const char *headers[] = { "Content-Type: application/json", NULL, NULL };
	g_autofree char *path = ctl_path("/v1/threads/%s/%s", args->id, what), *body = body_of(args);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	hg_id_new(hg_env_system(), "key", key);
	header = g_strdup_printf("Idempotency-Key: \"%s\"", args->key ? args->key : key);
	headers[1] = header;
	code = ctl_call(ctl, "POST", path, body, headers, &reply);
	if (code == CTL_DONE && ctl->json)
		puts(reply.body);
	return code;
}

int ctl_thread(struct ctl *ctl, int argc, char **argv)
{
	static const struct { const char *word, *path; gboolean text; } verbs[] = {
		{ "reply", "replies", TRUE }, { "note", "notes", TRUE }, { "convert", "convert", FALSE },
		{ "close", "close", FALSE }, { "reopen", "reopen", FALSE } };
	const char *what = argc > 1 ? argv[1] : "";
	struct args args;

	if (!read_args(argc - 1, argv + 1, &args))
		return ctl_usage(ctl, argv[0], "wrong arguments");
	if (strcmp(what, "list") == 0)
		return args.id ? ctl_usage(ctl, argv[0], "list takes no id") : list(ctl, &args);
	if (strcmp(what, "show") == 0 && args.id)
		return show(ctl, &args);
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(what, verbs[i].word) != 0)
			continue;
		if (!args.id || verbs[i].text != (args.text != NULL))
			return ctl_usage(ctl, argv[0], "%s wants a thread id%s", what, verbs[i].text ? " and a text" : "");
		return steer(ctl, &args, verbs[i].path);
	}
	return ctl_usage(ctl, argv[0], "list, show, reply, note, convert, close or reopen is wanted");
}

/* thread.c - the verb "thread": read and steer conversations */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

struct args {
	const char *id, *text;
	const char *agent, *to, *channel, *key, *priority, *category, *subject, *state, *limit, *resolution, *shadow, *ask;
};

/* Which options a command takes: letters of the table below. */
static const struct command {
	const char *word, *path, *options;
	gboolean text;
} commands[] = {
	{ "list", NULL, "Slch", FALSE }, { "show", NULL, "", FALSE }, { "reply", "replies", "atck", TRUE },
	{ "preview", NULL, "atc", TRUE },
	{ "note", "notes", "ak", TRUE }, { "convert", "convert", "apgsk", FALSE }, { "close", "close", "aruqk", FALSE },
	{ "reopen", "reopen", "ak", FALSE }, { "set", NULL, "", FALSE }, { 0 } };

static const struct { struct option option; char letter; gsize offset; const char *value; } options[] = {
#define TEXT(name_, letter_, field_) { { name_, required_argument, NULL, CTL_OWN }, letter_, \
				       G_STRUCT_OFFSET(struct args, field_), NULL }
	TEXT("agent", 'a', agent), TEXT("to", 't', to), TEXT("channel", 'c', channel), TEXT("key", 'k', key),
	TEXT("priority", 'p', priority), TEXT("category", 'g', category), TEXT("subject", 's', subject),
	TEXT("state", 'S', state), TEXT("limit", 'l', limit),
	{ { "shadow", no_argument, NULL, CTL_OWN }, 'h', G_STRUCT_OFFSET(struct args, shadow), "true" },
	{ { "resolved", no_argument, NULL, CTL_OWN }, 'r', G_STRUCT_OFFSET(struct args, resolution), "resolved" },
	{ { "unresolved", no_argument, NULL, CTL_OWN }, 'u', G_STRUCT_OFFSET(struct args, resolution), "unresolved" },
	{ { "ask", no_argument, NULL, CTL_OWN }, 'q', G_STRUCT_OFFSET(struct args, ask), "yes" },
#undef TEXT
};

/* argv[0] is the command.  FALSE: return ctl->exit. */
static gboolean read_args(struct ctl *ctl, const struct command *command, int argc, char **argv, struct args *ret)
{
	struct option own[G_N_ELEMENTS(options) + 1] = { 0 };
	guint n = 0;
	int c;

	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if (strchr(command->options, options[i].letter)) {
			own[n] = options[i].option;
			own[n++].val = CTL_OWN + (int)i;
		}
	memset(ret, 0, sizeof *ret);
	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == '?')
			return FALSE;
		G_STRUCT_MEMBER(const char *, ret, options[c - CTL_OWN].offset) =
			options[c - CTL_OWN].value ? options[c - CTL_OWN].value : optarg;
	}
	ret->id = optind < argc ? argv[optind] : NULL;
	ret->text = optind + 1 < argc ? argv[optind + 1] : NULL;
	ctl->exit = optind + 2 < argc ? ctl_usage(ctl, "unexpected \"%s\"; put a text of several words in quotes",
						  argv[optind + 2]) : -1;
	return ctl->exit == -1;
}

/* ---- reading ---- */

static void print_row(const struct ctl *ctl, struct json_object *thread)
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

static char *list_path(const struct args *args)
{
	g_autofree char *limit = ctl_path("/v1/threads?limit=%s", args->limit ? args->limit : "20");
	g_autofree char *state = args->state ? ctl_path("&state=%s", args->state) : NULL;
	g_autofree char *channel = args->channel ? ctl_path("&channel=%s", args->channel) : NULL;

	return g_strconcat(limit, args->shadow ? "&shadow=true" : "", state ? state : "", channel ? channel : "", NULL);
}

static int list(struct ctl *ctl, const struct args *args)
{
	g_auto(ctl_reply) reply = { 0 };
	g_autofree char *path = list_path(args);
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *threads = hg_json_arr(reply.json, "threads");

	if (code != CTL_DONE)
		return code;
	if (ctl->json)
		return ctl_print_json(&reply);
	printf("%s%-30s  %-9s %-12s %-10s %7s  %s%s\n", ctl_look(ctl, CTL_BOLD), "THREAD", "STATE", "CHANNEL", "TICKET",
	       "LAST", "CONTACT", ctl_look(ctl, CTL_PLAIN));
	for (gsize i = 0; threads && i < json_object_array_length(threads); i++)
		print_row(ctl, json_object_array_get_idx(threads, i));
	return CTL_DONE;
}

static char *delivery_of(struct json_object *message)
{
	struct json_object *error = hg_json_obj(message, "error");
	g_autofree char *delivery = ctl_text(message, "delivery", "");
	g_autofree char *why = ctl_text(error, "text", hg_json_str(message, "note") ? hg_json_str(message, "note") : "");

	if (!*delivery)
		return g_strdup("");
	return g_strdup_printf("  [%s%s%s]", delivery, *why ? ": " : "", why);
}

static void print_message(const struct ctl *ctl, struct json_object *message)
{
	g_autofree char *direction = ctl_text(message, "direction", "?"), *text = ctl_text(message, "text", "");
	g_autofree char *author = ctl_text(message, "author_name", ""), *role = ctl_text(message, "author", "?");
	g_autofree char *clock = ctl_clock(hg_json_str(message, "at")), *delivery = delivery_of(message);
	struct json_object *files = hg_json_arr(message, "attachments");

	printf("  %s%s%s  %s%-8s%s ", ctl_look(ctl, CTL_DIM), clock, ctl_look(ctl, CTL_PLAIN),
	       ctl_look(ctl, strcmp(direction, "outbound") == 0 ? CTL_GREEN : CTL_CYAN), direction,
	       ctl_look(ctl, CTL_PLAIN));
	ctl_cell(*author ? author : role, 10);
	printf("%s", text);
	for (gsize i = 0; files && i < json_object_array_length(files); i++) {
		struct json_object *file = json_object_array_get_idx(files, i);
		g_autofree char *name = ctl_text(file, "name", hg_json_str(file, "kind"));

		printf("  <%s>", name);
	}
	printf("%s\n", delivery);
}

/* Where the ticket is to be seen. */
static void print_links(struct json_object *thread)
{
	struct json_object *links = hg_json_arr(hg_json_obj(thread, "ticket"), "links");

	for (gsize i = 0; links && i < json_object_array_length(links); i++) {
		struct json_object *link = json_object_array_get_idx(links, i);
		g_autofree char *backend = ctl_text(link, "backend", "?"), *url = ctl_text(link, "url", "");
		g_autofree char *number = ctl_text(link, "number", hg_json_str(link, "id"));

		printf("  ticket %s in %s%s%s\n", number, backend, *url ? ": " : "", url);
	}
}

/* How the conversation went, or goes: the numbers a report makes of it. */
static void print_episode(const struct ctl *ctl, struct json_object *episode)
{
	const char *ended = hg_json_str(episode, "ended"), *dropped = hg_json_str(episode, "dropped_at");
	const char *asked = hg_json_str(episode, "first_message_at"), *answered = hg_json_str(episode, "first_response_at");
	char span[HG_SPAN_SIZE];

	if (!episode)
		return;
	printf("  %sconversation %" G_GINT64_FORMAT ", %s; answered by a bot %" G_GINT64_FORMAT " times, by people %"
	       G_GINT64_FORMAT, ctl_look(ctl, CTL_DIM), hg_json_int(episode, "number", 0), ended ? ended : "under way",
	       hg_json_int(episode, "bot_answers", 0), hg_json_int(episode, "human_answers", 0));
	if (asked && answered)
		printf(", first after %s", hg_span(MAX(0, hg_time_parse(answered) - hg_time_parse(asked)) / 1000 * 1000, span));
	if (dropped)
		fputs(hg_json_str(episode, "restored_at") ? "; dropped, and restored" : "; DROPPED", stdout);
	puts(ctl_look(ctl, CTL_PLAIN));
}

static int show(struct ctl *ctl, const struct args *args)
{
	g_auto(ctl_reply) thread = { 0 }, messages = { 0 };
	g_autofree char *path = ctl_path("/v1/threads/%s", args->id);
	g_autofree char *list_of = ctl_path("/v1/threads/%s/messages?limit=500", args->id);
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &thread);
	struct json_object *entries, *one = hg_json_obj(thread.json, "thread");

	if (code == CTL_DONE)
		code = ctl_call(ctl, "GET", list_of, NULL, NULL, &messages);
	if (code != CTL_DONE)
		return code;
	entries = hg_json_arr(messages.json, "messages");
	if (ctl->json) {
		json_object_object_add(thread.json, "messages", json_object_get(entries));
		ctl_put_json(json_object_to_json_string_ext(thread.json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		return CTL_DONE;
	}
	print_row(ctl, one);
	print_links(one);
	if (hg_json_str(messages.json, "next"))
		puts("  ... (earlier ones are left out)");
	for (gsize i = 0; entries && i < json_object_array_length(entries); i++)
		print_message(ctl, json_object_array_get_idx(entries, i));
	print_episode(ctl, hg_json_obj(one, "episode"));
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
	if (args->ask)
		hg_json_add_bool(body, "ask", TRUE);
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

/* What came of it, in a line: the message, or how the thread stands now. */
static void print_outcome(const ctl_reply *reply)
{
	struct json_object *message = hg_json_obj(reply->json, "message"), *thread = hg_json_obj(reply->json, "thread");
	struct json_object *what = message ? message : thread;
	g_autofree char *id = ctl_text(what, "id", ""), *number = ctl_text(hg_json_obj(thread, "ticket"), "number", "");
	g_autofree char *state = ctl_text(what, message ? "delivery" : "state", "");

	printf("%s%s%s%s%s\n", id, *state ? " " : "", state, *number ? " " : "", number);
}

int ctl_thread_send(struct ctl *ctl, const char *method, const char *path, const char *body, const char *key)
{
	char own[HG_ID_SIZE];
	g_autofree char *header = NULL;
	const char *headers[] = { "Content-Type: application/json", NULL, NULL };
	g_auto(ctl_reply) reply = { 0 };
	int code;

	hg_id_new(hg_env_system(), "key", own);
	header = g_strdup_printf("Idempotency-Key: \"%s\"", key ? key : own);
	headers[1] = header;
	code = ctl_call(ctl, method, path, body, headers, &reply);
	if (code == CTL_DONE && ctl->json)
		ctl_print_json(&reply);
	else if (code == CTL_DONE && !ctl->quiet)
		print_outcome(&reply);
	return code;
}

static int steer(struct ctl *ctl, const struct args *args, const char *path_end)
{
	g_autofree char *path = ctl_path("/v1/threads/%s/%s", args->id, path_end), *body = body_of(args);

	return ctl_thread_send(ctl, "POST", path, body, args->key);
}

/* ---- what a reply would be sent as ---- */

static void print_part(const struct ctl *ctl, struct json_object *part, gsize number)
{
	g_autofree char *text = ctl_text(part, "text", ""), *coding = ctl_text(part, "coding", "");
	gint64 units = hg_json_int(part, "units", 0);

	printf("%s%3zu%s  ", ctl_look(ctl, CTL_DIM), number, ctl_look(ctl, CTL_PLAIN));
	if (units)
		printf("%" G_GINT64_FORMAT " %s, %" G_GINT64_FORMAT " left  ", units, coding, hg_json_int(part, "left", 0));
	printf("%s%s\n", text, hg_json_int(part, "attachment", -1) >= 0 ? " <attachment>" : "");
}

static void print_preview(const struct ctl *ctl, struct json_object *preview)
{
	g_autofree char *channel = ctl_text(preview, "channel", "?"), *to = ctl_text(preview, "to", "?");
	struct json_object *parts = hg_json_arr(preview, "parts");
	gsize n = parts ? json_object_array_length(parts) : 0;
	gint64 units = hg_json_int(preview, "units", 0);

	printf("%s on %s: %zu message%s", to, channel, n, n == 1 ? "" : "s");
	if (units)
		printf(", %" G_GINT64_FORMAT " segment%s", units, units == 1 ? "" : "s");
	puts("");
	for (gsize i = 0; i < n; i++)
		print_part(ctl, json_object_array_get_idx(parts, i), i + 1);
}

static int show_preview(struct ctl *ctl, const struct args *args)
{
	const char *headers[] = { "Content-Type: application/json", NULL };
	g_autofree char *path = ctl_path("/v1/threads/%s/replies/preview", args->id), *body = body_of(args);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, headers, &reply);

	if (code == CTL_DONE && ctl->json)
		ctl_print_json(&reply);
	else if (code == CTL_DONE)
		print_preview(ctl, hg_json_obj(reply.json, "preview"));
	return code;
}

/* ---- which command ---- */

static const struct command *find_command(const char *word)
{
	const struct command *command = commands;

	while (command->word && strcmp(command->word, word) != 0)
		command++;
	return command->word ? command : NULL;
}

static int unknown_command(const struct ctl *ctl, const char *word)
{
	const char *words[G_N_ELEMENTS(commands)];

	for (guint i = 0; i < G_N_ELEMENTS(commands); i++)
		words[i] = commands[i].word;
	return ctl_unknown(ctl, "command of thread", word, words);
}

int ctl_thread(struct ctl *ctl, int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;
	struct args args;

	if (!command && argc > 1 && argv[1][0] != '-')
		return unknown_command(ctl, argv[1]);
	if (!command)			/* --help, or a wrong option */
		return ctl_arguments(ctl, argc, argv, 1, 1) ? ctl_usage(ctl, "thread %s: the command comes first",
									ctl->verb->usage) : ctl->exit;
	if (strcmp(command->word, "set") == 0)
		return ctl_thread_set(ctl, argc - 1, argv + 1);
	if (!read_args(ctl, command, argc - 1, argv + 1, &args))
		return ctl->exit;
	if (strcmp(command->word, "list") == 0)
		return args.id ? ctl_usage(ctl, "unexpected \"%s\"", args.id) : list(ctl, &args);
	if (!args.id || command->text != (args.text != NULL))
		return ctl_usage(ctl, "thread %s wants a thread id%s", command->word, command->text ? " and a text" :
				 " and nothing else");
	if (strcmp(command->word, "preview") == 0)
		return show_preview(ctl, &args);
	return command->path ? steer(ctl, &args, command->path) : show(ctl, &args);
}

/* thread.c - the verb "thread": read and steer conversations */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

/* ---- reading ---- */

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
	const char *noise = hg_json_bool(message, "noise", FALSE) ? "  [noise]" : "";
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
	printf("%s%s\n", delivery, noise);
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

int ctl_thread_messages(struct ctl *ctl, const char *id, struct json_object *json)
{
	g_autofree char *path = ctl_path("/v1/threads/%s/messages?limit=500", id);
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
	struct json_object *entries = hg_json_arr(reply.json, "messages");

	if (code != CTL_DONE)
		return code;
	if (json) {
		json_object_object_add(json, "messages", json_object_get(entries));
		return CTL_DONE;
	}
	if (hg_json_str(reply.json, "next"))
		puts("  ... (earlier ones are left out)");
	for (gsize i = 0; entries && i < json_object_array_length(entries); i++)
		print_message(ctl, json_object_array_get_idx(entries, i));
	return CTL_DONE;
}

static int show(struct ctl *ctl)
{
	g_auto(ctl_reply) thread = { 0 };
	const char *id = ctl_value(ctl, "ID");
	g_autofree char *path = ctl_path("/v1/threads/%s", id);
	int code = ctl_call(ctl, "GET", path, NULL, NULL, &thread);
	struct json_object *one = hg_json_obj(thread.json, "thread");

	if (code != CTL_DONE)
		return code;
	if (ctl->json) {
		code = ctl_thread_messages(ctl, id, thread.json);
		if (code == CTL_DONE)
			ctl_put_object(thread.json);
		return code;
	}
	ctl_thread_row(ctl, one);
	print_links(one);
	code = ctl_thread_messages(ctl, id, NULL);
	if (code != CTL_DONE)
		return code;
	print_episode(ctl, hg_json_obj(one, "episode"));
	return CTL_DONE;
}

/* ---- steering ---- */

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

static int steer(struct ctl *ctl, const char *path_end, const char *members)
{
	g_autofree char *path = ctl_path("/v1/threads/%s/%s", ctl_value(ctl, "ID"), path_end), *body = ctl_body(ctl, members);

	return ctl_thread_send(ctl, "POST", path, body, ctl_value(ctl, "key"));
}

static int send_reply(struct ctl *ctl)
{
	return steer(ctl, "replies", "text=TEXT agent to channel");
}

static int note(struct ctl *ctl)
{
	return steer(ctl, "notes", "text=TEXT agent");
}

static int convert(struct ctl *ctl)
{
	return steer(ctl, "convert", "agent priority category subject");
}

static int reopen(struct ctl *ctl)
{
	return steer(ctl, "reopen", "agent");
}

static int join(struct ctl *ctl)
{
	return steer(ctl, "join", "into=INTO agent");
}

static int close_thread(struct ctl *ctl)
{
	const char *how = ctl_given(ctl, "resolved") ? "resolved" : ctl_given(ctl, "unresolved") ? "unresolved" : NULL;
	g_autofree char *path = ctl_path("/v1/threads/%s/close", ctl_value(ctl, "ID"));
	g_autoptr(GString) body = g_string_new(NULL);

	if (ctl_given(ctl, "resolved") + ctl_given(ctl, "unresolved") + ctl_given(ctl, "ask") > 1)
		return ctl_usage(ctl, "--resolved, --unresolved and --ask: one of them");
	hg_json_open(body, '{');
	hg_json_opt_str(body, "agent", ctl_value(ctl, "agent"));
	hg_json_opt_str(body, "resolution", how);
	if (ctl_given(ctl, "ask"))
		hg_json_add_bool(body, "ask", TRUE);
	hg_json_close(body, '}');
	return ctl_thread_send(ctl, "POST", path, body->str, ctl_value(ctl, "key"));
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

static int show_preview(struct ctl *ctl)
{
	const char *headers[] = { "Content-Type: application/json", NULL };
	g_autofree char *path = ctl_path("/v1/threads/%s/replies/preview", ctl_value(ctl, "ID"));
	g_autofree char *body = ctl_body(ctl, "text=TEXT agent to channel");
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(ctl, "POST", path, body, headers, &reply);

	if (code == CTL_DONE && ctl->json)
		ctl_print_json(&reply);
	else if (code == CTL_DONE)
		print_preview(ctl, hg_json_obj(reply.json, "preview"));
	return code;
}

/* ---- the verb ---- */

#define ID { "ID", .help = "a conversation" }
#define TO { "to", CTL_TEXT, "ADDRESS", "another address of the customer [the one that was written from]" }
#define CHANNEL { "channel", CTL_CHANNEL, NULL, "another channel" }

static const struct ctl_verb show_verb = {
	.name = "show", .help = "one with its messages", .run = show, .args = CTL_PARAMS(ID),
};

static const struct ctl_verb reply_verb = {
	.name = "reply", .help = "answer the customer", .run = send_reply,
	.args = CTL_PARAMS(ID, { "TEXT", .help = "what he reads" }),
	.options = CTL_PARAMS(CTL_OPT_AGENT, TO, CHANNEL, CTL_OPT_KEY),
};

static const struct ctl_verb preview_verb = {
	.name = "preview", .help = "what a reply would be sent as, and cost; sends nothing", .run = show_preview,
	.args = CTL_PARAMS(ID, { "TEXT", .help = "what he would read" }),
	.options = CTL_PARAMS(CTL_OPT_AGENT, TO, CHANNEL),
	.more = "Each message as it would go out and, on channels that are billed so, the segments it costs, their coding, and how "
		"many more units of that coding would cost no more.",
};

static const struct ctl_verb note_verb = {
	.name = "note", .help = "write an internal note", .run = note,
	.args = CTL_PARAMS(ID, { "TEXT", .help = "what agents read" }), .options = CTL_PARAMS(CTL_OPT_AGENT, CTL_OPT_KEY),
};

static const struct ctl_verb convert_verb = {
	.name = "convert", .help = "make it a ticket", .run = convert, .args = CTL_PARAMS(ID),
	.options = CTL_PARAMS(CTL_OPT_AGENT, { "priority", CTL_TEXT, "WORD", "of the ticket" },
			      { "category", CTL_TEXT, "WORD", "of the ticket" }, { "subject", CTL_TEXT, NULL, "of the ticket" },
			      CTL_OPT_KEY),
};

static const struct ctl_verb close_verb = {
	.name = "close", .help = "close it", .run = close_thread, .args = CTL_PARAMS(ID),
	.options = CTL_PARAMS({ "resolved", CTL_FLAG, NULL, "the customer's matter is done" },
			      { "unresolved", CTL_FLAG, NULL, "it is not, and nobody goes on with it" },
			      { "ask", CTL_FLAG, NULL, "asks the customer, and closes as resolved when he says so or does not answer" },
			      CTL_OPT_AGENT, CTL_OPT_KEY),
	.more = "\"headgatectl thread reopen ID\" opens it again.",
};

static const struct ctl_verb join_verb = {
	.name = "join", .help = "make it part of another conversation's ticket", .run = join,
	.args = CTL_PARAMS(ID, { "INTO", .help = "the conversation that has the ticket" }),
	.options = CTL_PARAMS(CTL_OPT_AGENT, CTL_OPT_KEY),
	.more = "Both are of one contact (\"headgatectl contact merge\" makes one of two), and ID is open and has no ticket.  The helpdesk "
		"gets what was said, in order; ID ends, and what its customer says next goes to the ticket.",
};

static const struct ctl_verb reopen_verb = {
	.name = "reopen", .help = "open it again", .run = reopen, .args = CTL_PARAMS(ID),
	.options = CTL_PARAMS(CTL_OPT_AGENT, CTL_OPT_KEY),
};

const struct ctl_verb ctl_verb_thread = {
	.name = "thread", .help = "read and steer conversations",
	.subs = CTL_SUBS(&ctl_thread_list, &ctl_thread_search, &show_verb, &reply_verb, &preview_verb, &note_verb, &convert_verb,
			 &close_verb, &reopen_verb, &join_verb, &ctl_thread_set, &ctl_thread_start),
};

/* thread_start.c - the command "thread start": somebody is written to who need not have written */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "slurp.h"
#include "sniff.h"

#define FILE_MAX (25 * 1024 * 1024)	/* as the API takes them */

/* ---- files ---- */

static gboolean read_whole(struct ctl *ctl, const char *path, GString *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	g_autoptr(GError) error = NULL;
	gboolean fine;

	if (fd < 0) {
		ctl_say_error(ctl, "%s: %s", path, g_strerror(errno));
		return FALSE;
	}
	fine = hg_slurp(fd, FILE_MAX, "", bytes, &error);
	close(fd);
	if (!fine)
		ctl_say_error(ctl, "%s: %s", path, error->message);
	return fine;
}

/* Uploads it and appends what a message names it by.  FALSE: return ctl->exit. */
static gboolean add_file(struct ctl *ctl, GString *body, const char *path)
{
	g_autofree char *name = g_path_get_basename(path), *header = NULL;
	g_autofree char *where = ctl_path("/v1/attachments?name=%s", name);
	const char *headers[] = { NULL, NULL }, *type;
	g_autoptr(GString) bytes = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };

	ctl->exit = CTL_NO;
	if (!read_whole(ctl, path, bytes))
		return FALSE;
	type = hg_sniff((const guint8 *)bytes->str, bytes->len);
	headers[0] = header = g_strconcat("Content-Type: ", type ? type : "application/octet-stream", NULL);
	ctl->exit = ctl_call_bytes(ctl, "POST", where, bytes->str, bytes->len, headers, &reply);
	if (ctl->exit != CTL_DONE)
		return FALSE;
	hg_json_put_raw(body, json_object_to_json_string_ext(hg_json_obj(reply.json, "attachment"), JSON_C_TO_STRING_PLAIN));
	return TRUE;
}

static gboolean add_files(struct ctl *ctl, GString *body)
{
	if (!ctl_given(ctl, "file"))
		return TRUE;
	hg_json_key(body, "files");
	hg_json_open(body, '[');
	for (const char *const *path = ctl_values(ctl, "file"); *path; path++)
		if (!add_file(ctl, body, *path))
			return FALSE;
	hg_json_close(body, ']');
	return TRUE;
}

/* ---- templates ---- */

static void add_values(GString *body, const char *const *values)
{
	hg_json_key(body, "components");
	hg_json_open(body, '[');
	hg_json_open(body, '{');
	hg_json_add_str(body, "type", "body");
	hg_json_key(body, "parameters");
	hg_json_open(body, '[');
	for (; *values; values++) {
		hg_json_open(body, '{');
		hg_json_add_str(body, "type", "text");
		hg_json_add_str(body, "text", *values);
		hg_json_close(body, '}');
	}
	hg_json_close(body, ']');
	hg_json_close(body, '}');
	hg_json_close(body, ']');
}

static void add_template(struct ctl *ctl, GString *body)
{
	const char *name = ctl_value(ctl, "template"), *language = ctl_value(ctl, "language");

	if (!name)
		return;
	hg_json_key(body, "template");
	hg_json_open(body, '{');
	hg_json_add_str(body, "name", name);
	hg_json_add_str(body, "language", language ? language : "en");
	if (ctl_given(ctl, "value"))
		add_values(body, ctl_values(ctl, "value"));
	hg_json_close(body, '}');
}

/* ---- doing it ---- */

static gboolean make_body(struct ctl *ctl, GString *body)
{
	g_autofree char *plain = ctl_body(ctl, "channel=CHANNEL to=TO text contact subject tags=tag ticket agent");

	g_string_append_len(body, plain, (gssize)strlen(plain) - 1);
	add_template(ctl, body);
	if (!add_files(ctl, body))
		return FALSE;
	hg_json_close(body, '}');
	return TRUE;
}

static void print_started(struct json_object *json)
{
	g_autofree char *thread = ctl_text(json, "thread_id", "?"), *number = NULL;

	number = ctl_text(hg_json_obj(hg_json_obj(json, "thread"), "ticket"), "number", "");
	printf("%s %s%s%s\n", thread, hg_json_bool(json, "joined", FALSE) ? "joined" : "started", *number ? " " : "", number);
}

static int start(struct ctl *ctl)
{
	const char *channel = ctl_value(ctl, "CHANNEL"), *to = ctl_value(ctl, "TO"), *key = ctl_value(ctl, "key");
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *header = NULL;
	const char *headers[] = { "Content-Type: application/json", NULL, NULL };
	g_auto(ctl_reply) reply = { 0 };
	char own[HG_ID_SIZE];

	if (!ctl_given(ctl, "text") && !ctl_given(ctl, "template") && !ctl_given(ctl, "file"))
		return ctl_usage(ctl, "thread start: say what is sent: --text, --template or --file");
	if (!ctl_may(ctl, "%s is written to on %s, and it cannot be taken back.", to, channel) || !make_body(ctl, body))
		return ctl->exit;
	hg_id_new(hg_env_system(), "key", own);
	header = g_strdup_printf("Idempotency-Key: \"%s\"", key ? key : own);
	headers[1] = header;
	ctl->exit = ctl_call(ctl, "POST", "/v1/threads", body->str, headers, &reply);
	if (ctl->exit == CTL_DONE && ctl->json)
		return ctl_print_json(&reply);
	if (ctl->exit == CTL_DONE && !ctl->quiet)
		print_started(reply.json);
	return ctl->exit;
}

const struct ctl_verb ctl_thread_start = {
	.name = "start", .help = "write to somebody who has not written", .run = start, .asks = TRUE,
	.args = CTL_PARAMS({ "CHANNEL", CTL_CHANNEL, .help = "where he is written to" },
			   { "TO", .help = "his number with its country, mail address, or address as a thread shows it" }),
	.options = CTL_PARAMS({ "text", CTL_TEXT, NULL, "what he reads" },
			      { "subject", CTL_TEXT, NULL, "of a mail" },
			      { "template", CTL_TEXT, "NAME", "an approved template, where the channel wants one" },
			      { "language", CTL_TEXT, "CODE", "of the template [en]" },
			      { "value", CTL_TEXT, NULL, "for the next variable of the template", .flags = CTL_MANY },
			      { "file", CTL_FILE, NULL, "goes with it", .flags = CTL_MANY },
			      { "contact", CTL_TEXT, "ID", "whom the address has to be of" },
			      { "tag", CTL_TEXT, "WORD", "of the conversation", .flags = CTL_MANY },
			      { "ticket", CTL_FLAG, NULL, "makes a ticket of it" }, CTL_OPT_AGENT, CTL_OPT_KEY),
	.more = "What is open with him on that channel, and was active in the past 7 days, takes the message; else a conversation "
		"is begun, and his answer joins it.",
	.example = "thread start sms +447700900123 --text \"Your parcel is here.\"\n"
		   "thread start wa-main +447700900123 --template parcel_here --language en_GB --value Ann",
};

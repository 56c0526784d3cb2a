/* contact_data.c - all there is about somebody: written out, or forgotten for ever */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "verb.h"

#define LOOK_AGAIN_US (200 * 1000)
#define LOOKS_MOST    (5 * 60 * 5)	/* of an erasure that may take minutes beside daily work: five of them */

/* ---- export ---- */

struct writing {
	struct ctl *ctl;
	FILE *to;
	gint64 lines;
	gboolean bar, failed;
	char *result;			/* the last line; ours */
};

static gboolean take_line(void *arg, const char *line)
{
	struct writing *w = arg;

	if (g_str_has_prefix(line, "{\"result\":")) {
		w->result = g_strdup(line);
		return FALSE;
	}
	w->failed |= fprintf(w->to, "%s\n", line) < 0;
	if (w->bar && ++w->lines % 100 == 0)
		ctl_bar(0, "%" G_GINT64_FORMAT " lines", w->lines);
	return !w->failed;
}

/* A file that only we can read, and that was not there. */
static FILE *open_new(struct ctl *ctl, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		ctl_say_error(ctl, "%s: %s%s", name, g_strerror(errno), errno == EEXIST ? ": choose another name" : "");
	return fd < 0 ? NULL : fdopen(fd, "w");
}

static int tell_result(struct ctl *ctl, const struct writing *w, const char *to)
{
	g_autoptr(json_object) json = w->result ? hg_json_parse(w->result, strlen(w->result), NULL, NULL) : NULL;
	struct json_object *result = hg_json_obj(json, "result");
	const char *error = hg_json_str(result, "error");

	if (w->failed) {
		ctl_say_error(ctl, "%s cannot be written: %s", to ? to : "stdout", g_strerror(errno));
		return CTL_PARTLY;
	}
	if (error || !result) {
		ctl_say_error(ctl, "the export is not whole: %s", error ? error : "the stream ended early; try again");
		return CTL_PARTLY;
	}
	if (to && ctl->json)
		ctl_put_json(w->result);
	else if (to && !ctl->quiet)
		printf("%s: %" G_GINT64_FORMAT " conversations, %" G_GINT64_FORMAT " messages, %" G_GINT64_FORMAT " files\n", to,
		       hg_json_int(result, "threads", 0), hg_json_int(result, "messages", 0), hg_json_int(result, "files", 0));
	return CTL_DONE;
}

static int export(struct ctl *ctl)
{
	g_autofree char *id = ctl_path("%s", ctl_value(ctl, "ID"));
	g_autofree char *path = g_strdup_printf("/v1/contacts/%s/export?files=%s", id, ctl_given(ctl, "files") ? "true" : "false");
	const char *to = ctl_value(ctl, "to");
	struct writing w = { .ctl = ctl, .to = to ? open_new(ctl, to) : stdout, .bar = to && isatty(STDERR_FILENO) };
	int code;

	if (!w.to)
		return CTL_NO;
	code = ctl_stream(ctl, path, NULL, take_line, &w, NULL);
	if (w.bar)
		ctl_bar_end();
	if (to)
		w.failed |= fclose(w.to) != 0;
	if (code == CTL_DONE)
		code = tell_result(ctl, &w, to);
	if (code != CTL_DONE && code != CTL_PARTLY && to)
		unlink(to);
	g_free(w.result);
	return code;
}

/* ---- erase ---- */

static void print_proof(struct ctl *ctl, struct json_object *json)
{
	struct json_object *erasure = hg_json_obj(json, "erasure"), *claim = hg_json_obj(erasure, "claim");
	struct json_object *removed = hg_json_obj(claim, "removed");

	printf("%s%s is forgotten%s\n", ctl_look(ctl, CTL_BOLD), hg_json_str(claim, "contact"), ctl_look(ctl, CTL_PLAIN));
	json_object_object_foreach(removed, what, n)
		if (json_object_get_int64(n))
			printf("  %-16s %" G_GINT64_FORMAT "\n", what, (gint64)json_object_get_int64(n));
	printf("erasure %s, %.19s\nsha256  %s\n", hg_json_str(erasure, "id"), hg_json_str(claim, "done_at") ?: "",
	       hg_json_str(erasure, "sha256"));
	printf("not reached: backups, helpdesks, providers, what was exported or downloaded\n");
}

/* Until nothing is left; what takes longer goes on without us. */
static int wait_for(struct ctl *ctl, const char *id)
{
	g_autofree char *path = ctl_path("/v1/erasures/%s", id);

	for (guint i = 0; i < LOOKS_MOST; i++) {
		g_auto(ctl_reply) reply = { 0 };
		int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);
		struct json_object *erasure = hg_json_obj(reply.json, "erasure");

		if (code != CTL_DONE)
			return code;
		if (g_strcmp0(hg_json_str(erasure, "state"), "done") == 0 && !hg_json_int(reply.json, "left", 1)) {
			if (ctl->json)
				return ctl_print_json(&reply);
			if (!ctl->quiet)
				print_proof(ctl, reply.json);
			return CTL_DONE;
		}
		g_usleep(LOOK_AGAIN_US);
	}
	ctl_say_error(ctl, "it is under way and goes on; the same call again says how far it has got");
	return CTL_AGAIN;
}

static int erase(struct ctl *ctl)
{
	const char *id = ctl_value(ctl, "ID");
	g_autofree char *path = ctl_path("/v1/contacts/%s/erase", id);
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	if (!ctl_may(ctl, "All that %s has said and all that is known of it goes, for ever: this cannot be undone. "
		     "\"headgatectl contact export %s --files --to FILE\" keeps a copy.", id, id))
		return ctl->exit;
	hg_json_open(body, '{');
	hg_json_add_str(body, "confirm", id);
	if (ctl_value(ctl, "agent"))
		hg_json_add_str(body, "agent", ctl_value(ctl, "agent"));
	hg_json_close(body, '}');
	code = ctl_call(ctl, "POST", path, body->str, NULL, &reply);
	return code == CTL_DONE ? wait_for(ctl, hg_json_str(hg_json_obj(reply.json, "erasure"), "id")) : code;
}

/* ---- the table ---- */

#define ID { "ID", .help = "of the contact: con_..." }

const struct ctl_verb ctl_contact_export = {
	.name = "export", .help = "everything about somebody, as lines of JSON", .run = export,
	.args = CTL_PARAMS(ID),
	.options = CTL_PARAMS({ "files", CTL_FLAG, NULL, "with the bytes of files, in base64" },
			      { "to", CTL_FILE, NULL, "into a new file [stdout]" }),
	.exits = "6 not all of it came",
	.example = "contact export con_01k... --files --to ann.jsonl",
};

const struct ctl_verb ctl_contact_erase = {
	.name = "erase", .help = "forget somebody, for ever, and print the proof", .run = erase, .asks = TRUE,
	.args = CTL_PARAMS(ID), .options = CTL_PARAMS(CTL_OPT_AGENT),
	.more = "Takes texts, names, addresses, files and raw deliveries out of the store; rows stay with numbers and times, so that "
		"reports add up. Helpdesks are told. Backups are not reached. The same call again prints the proof again.",
	.exits = "75 it is under way and goes on",
};

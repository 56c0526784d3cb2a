/* import.c - import: mbox, maildir or JSON lines become history of a channel, in batches over the API */
#include "import.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "simulate.h"

#define BATCH_MAX   100			/* messages: as many as the API takes */
#define BATCH_BYTES (1024 * 1024)
#define LINE_MAX_BYTES (1024 * 1024)

/* ---- batches ---- */

static void say_place(const struct importer *im, const struct import_place *place, const char *why)
{
	ctl_say_error(im->ctl, "%s:%" G_GUINT64_FORMAT " (byte %" G_GUINT64_FORMAT "): %s", place->file, place->line, place->offset, why);
}

/* The API names the message by its number in the batch. */
#define NAMED "messages["

static void say_refusal(const struct importer *im, const struct ctl_reply *reply)
{
	const char *detail = hg_json_str(reply->json, "detail");
	guint64 at = detail && g_str_has_prefix(detail, NAMED) ? g_ascii_strtoull(detail + strlen(NAMED), NULL, 10) : G_MAXUINT64;

	if (at < im->places->len)
		say_place(im, &g_array_index(im->places, struct import_place, at), "this is the one");
	ctl_say_error(im->ctl, "the daemon has answered for %" G_GINT64_FORMAT " messages; --skip %" G_GINT64_FORMAT " goes on behind them",
		      im->sent, im->sent);
}

static gboolean flush(struct importer *im)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };

	if (!im->places->len || im->code != CTL_DONE)
		return im->code == CTL_DONE;
	hg_json_open(body, '{');
	hg_json_add_str(body, "channel", im->channel->name);
	hg_json_add_bool(body, "dry_run", ctl_given(im->ctl, "dry-run"));
	hg_json_key(body, "messages");
	g_string_append_printf(body, "[%s]}", im->batch->str);
	im->code = ctl_call(im->ctl, "POST", "/v1/import", body->str, NULL, &reply);
	if (im->code != CTL_DONE) {
		say_refusal(im, &reply);
		return FALSE;
	}
	im->fresh += hg_json_int(reply.json, "new", 0);
	im->known += hg_json_int(reply.json, "known", 0);
	im->sent = im->met;
	g_string_truncate(im->batch, 0);
	g_array_set_size(im->places, 0);
	if (!ctl_long_tell(&im->run, "import", (gint64)im->done, (gint64)im->bytes))
		im->code = CTL_PARTLY;
	return im->code == CTL_DONE;
}

gboolean import_wants(struct importer *im)
{
	return im->code == CTL_DONE && im->met++ >= im->skip;
}

gboolean import_add(struct importer *im, const struct import_place *place, const char *json)
{
	gint64 met = im->met;

	if (im->places->len == BATCH_MAX || (im->places->len && im->batch->len + strlen(json) > BATCH_BYTES)) {
		im->met = met - 1;	/* this one is in the next batch */
		if (!flush(im))
			return FALSE;
		im->met = met;
	}
	if (im->places->len)
		g_string_append_c(im->batch, ',');
	g_string_append(im->batch, json);
	g_array_append_val(im->places, *place);
	return TRUE;
}

void import_refuse(struct importer *im, const struct import_place *place, const char *fmt, ...)
{
	g_autofree char *why = NULL;
	va_list ap;

	va_start(ap, fmt);
	why = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	im->refused++;
	say_place(im, place, why);
}

/* ---- JSON lines ---- */

static void take_line(struct importer *im, const struct import_place *place, const char *line, gsize len)
{
	const struct hg_json_limits limits = { .max_bytes = LINE_MAX_BYTES, .max_depth = 8 };
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) object = NULL;

	if (!import_wants(im))
		return;
	object = hg_json_parse(line, len, &limits, &error);
	if (!object)
		import_refuse(im, place, "%s", error->message);
	else if (!json_object_is_type(object, json_type_object))
		import_refuse(im, place, "a line is a JSON object");
	else if (!hg_json_str(object, "id") && !hg_json_str(object, "key"))
		import_refuse(im, place, "\"id\" is missing: the message would be there twice");
	else
		import_add(im, place, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void read_lines(struct importer *im, const char *path, const char *bytes, gsize len)
{
	struct import_place place = { path, 1, 0 };

	while (place.offset < len && im->code == CTL_DONE) {
		const char *line = bytes + place.offset, *end = memchr(line, '\n', len - place.offset);
		gsize n = end ? (gsize)(end - line) : len - place.offset;

		if (n && !(n == 1 && *line == '\r'))
			take_line(im, &place, line, n);
		place.offset += n + 1;
		place.line++;
		im->done += n + 1;
	}
}

/* ---- files ---- */

static void read_file(struct importer *im, const char *form, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GMappedFile) file = NULL;

	if (strcmp(form, "maildir") == 0) {
		import_maildir(im, path);
		return;
	}
	file = g_mapped_file_new(path, FALSE, &error);
	if (!file) {
		ctl_say_error(im->ctl, "%s", error->message);
		im->code = CTL_MISSING;
	} else if (strcmp(form, "mbox") == 0) {
		import_mbox(im, path, g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
	} else {
		read_lines(im, path, g_mapped_file_get_contents(file), g_mapped_file_get_length(file));
	}
}

static guint64 size_of(const char *path)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);

	return file ? g_mapped_file_get_length(file) : 0;
}

static int tell(struct importer *im)
{
	gboolean dry = ctl_given(im->ctl, "dry-run");
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *go_on = g_strdup_printf("the same with --skip %" G_GINT64_FORMAT, im->sent);

	ctl_long_end(&im->run, go_on);
	hg_json_open(out, '{');
	hg_json_add_int(out, "new", im->fresh);
	hg_json_add_int(out, "known", im->known);
	hg_json_add_int(out, "refused", im->refused);
	hg_json_add_bool(out, "dry_run", dry);
	hg_json_close(out, '}');
	if (im->ctl->json)
		ctl_put_json(out->str);
	else if (!im->ctl->quiet)
		printf("%" G_GINT64_FORMAT " new, %" G_GINT64_FORMAT " known, %" G_GINT64_FORMAT " refused%s\n", im->fresh, im->known, im->refused,
		       dry ? "; nothing was written" : "");
	return im->code != CTL_DONE ? im->code : im->refused ? CTL_PARTLY : CTL_DONE;
}

static int read_all(struct importer *im)
{
	const char *const *files = ctl_values(im->ctl, "FILE");

	for (const char *const *path = files; *path; path++)
		im->bytes += size_of(*path);
	for (; *files && im->code == CTL_DONE; files++) {
		read_file(im, ctl_value(im->ctl, "FORM"), *files);
		flush(im);	/* its places lend the file's name */
	}
	return tell(im);
}

static int run(struct ctl *ctl)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	struct importer im = { .ctl = ctl, .skip = ctl_number(ctl, "skip", 0) };
	int code;

	if (!setup)
		return CTL_CONFIG;
	im.channel = hg_conf_channel(setup->conf, ctl_value(ctl, "channel"));
	if (!im.channel) {
		ctl_say_error(ctl, "there is no channel \"%s\" in %s", ctl_value(ctl, "channel"), ctl_config(ctl));
		return CTL_MISSING;
	}
	im.sent = im.skip;
	ctl_long_begin(&im.run, ctl);
	im.batch = g_string_new(NULL);
	im.places = g_array_new(FALSE, FALSE, sizeof(struct import_place));
	code = read_all(&im);
	import_mail_end(&im);
	g_string_free(im.batch, TRUE);
	g_array_free(im.places, TRUE);
	return code;
}

const struct ctl_verb ctl_verb_import = {
	.name = "import", .help = "history from elsewhere: closed conversations that can only be read", .run = run,
	.args = CTL_PARAMS({ "FORM", CTL_WORD, .words = "mbox|maildir|jsonl" },
			   { "FILE", CTL_FILE, .help = "what to read; of a maildir its folder", .flags = CTL_MANY }),
	.options = CTL_PARAMS({ "channel", CTL_CHANNEL, NULL, "whose history it is", .flags = CTL_NEEDED },
			      { "dry-run", CTL_FLAG, NULL, "only tells what would come of it" },
			      { "skip", CTL_NUMBER, NULL, "passes over the first so many messages, to go on where it ended" },
			      { "ours", CTL_TEXT, "ADDRESS", "of mail: what comes from it we have said [those of the channel]", .flags = CTL_MANY },
			      { "trust", CTL_FLAG, NULL, "of mail: its senders are who they say they are" }),
	.more = "No rule is asked, no ticket made, nothing sent, and nobody told. What is known already, by headgate itself or by an earlier "
		"import, is not taken twice: it can be broken off and run again, and a mailbox that is read later adds nothing. Files of mails stay "
		"behind.\n\nA line of jsonl is a message as POST /v1/import takes it: id, at, address, text, and direction (in, out), name, agent, "
		"subject, thread.",
	.exits = "0 all of it is there, 6 stopped, or some messages could not be read, which are named by file, line and byte",
	.example = "import mbox --channel support --dry-run archive.mbox",
};

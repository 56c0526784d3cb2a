/* export.c - all conversations into a file, page by page, which may be interrupted and gone on with */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "env.h"
#include "long_run.h"
#include "text.h"

#define BATCH 50			/* conversations between two notes of how far it is */
#define PART  ".part"

struct export {
	struct ctl *ctl;
	struct ctl_long run;
	const char *file, *folder;	/* folder: of the files, or NULL */
	char *place;			/* file that says how far it is */
	char *path;			/* of the list of conversations, with its filters */
	char *before;			/* behind that one it goes on; NULL: from the newest */
	FILE *to;
	gint64 bytes;			/* of whole conversations in the file */
	gint64 threads, messages, files, missing, all;
	GPtrArray *said;		/* messages of the conversation that is written */
	int code;			/* of the call that failed */
};

static void clear(struct export *e)
{
	if (e->to)
		fclose(e->to);
	g_clear_pointer(&e->said, g_ptr_array_unref);
	g_free(e->place);
	g_free(e->path);
	g_free(e->before);
}

/* ---- how far it is ---- */

static gboolean save_place(struct export *e)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	hg_json_open(out, '{');
	hg_json_add_str(out, "path", e->path);
	hg_json_add_str(out, "files_to", e->folder);
	hg_json_add_str(out, "before", e->before);
	hg_json_add_int(out, "bytes", e->bytes);
	hg_json_add_int(out, "threads", e->threads);
	hg_json_add_int(out, "messages", e->messages);
	hg_json_add_int(out, "files", e->files);
	hg_json_add_int(out, "missing", e->missing);
	hg_json_close(out, '}');
	if (fflush(e->to) == 0 && g_file_set_contents_full(e->place, out->str, (gssize)out->len, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
		return TRUE;
	ctl_say_error(e->ctl, "%s: %s", error ? e->place : e->file, error ? error->message : g_strerror(errno));
	return FALSE;
}

static int read_place(struct export *e)
{
	g_autoptr(json_object) place = NULL;
	g_autofree char *text = NULL;
	gsize len = 0;

	if (!g_file_get_contents(e->place, &text, &len, NULL) || !(place = hg_json_parse(text, len, NULL, NULL)) || !hg_json_str(place, "path")) {
		ctl_say_error(e->ctl, "%s says nothing of an export that was interrupted; begin one without --resume", e->place);
		return CTL_MISSING;
	}
	e->path = g_strdup(hg_json_str(place, "path"));
	e->folder = g_intern_string(hg_json_str(place, "files_to"));
	e->before = g_strdup(hg_json_str(place, "before"));
	e->bytes = hg_json_int(place, "bytes", 0);
	e->threads = hg_json_int(place, "threads", 0);
	e->messages = hg_json_int(place, "messages", 0);
	e->files = hg_json_int(place, "files", 0);
	e->missing = hg_json_int(place, "missing", 0);
	return CTL_DONE;
}

/* What a day or a span says must mean the same moment when it goes on. */
static char *first_path(struct ctl *ctl)
{
	const char *since = ctl_value(ctl, "since");
	g_autofree char *path = ctl_query(ctl, "/v1/threads", "channel"), *at = NULL;
	gint64 span = since ? hg_span_parse(since) : -1;
	char time[HG_TIME_SIZE];

	if (!since)
		return g_steal_pointer(&path);
	at = ctl_path("%s", span >= 0 ? hg_time(hg_now(hg_env_system()) - span, time) : since);
	return g_strdup_printf("%s%csince=%s", path, strchr(path, '?') ? '&' : '?', at);
}

/* ---- files ---- */

static gboolean is_whole(const char *path, const char *sha256)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	FILE *file = fopen(path, "re");
	guchar bytes[8192];
	gsize n;

	while (file && (n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		g_checksum_update(sum, bytes, (gssize)n);
	if (!file || fclose(file) != 0)
		return FALSE;
	return strcmp(g_checksum_get_string(sum), sha256) == 0;
}

/* FALSE: it could not be had, and it was said why. */
static gboolean fetch_file(struct export *e, const char *id, const char *sha256)
{
	g_autofree char *path = g_build_filename(e->folder, sha256, NULL), *part = g_strconcat(path, PART, NULL);
	g_autofree char *from = ctl_path("/v1/attachments/%s", id);
	gboolean ok;
	int fd;

	if (is_whole(path, sha256))
		return TRUE;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ok = fd >= 0 && ctl_save(e->ctl, from, fd) == CTL_DONE;
	if (fd >= 0)
		ok &= close(fd) == 0;
	if (ok && is_whole(part, sha256) && g_rename(part, path) == 0)
		return TRUE;
	ctl_say_error(e->ctl, "file %s of %s could not be had", sha256, id);
	g_unlink(part);
	return FALSE;
}

/* A hash is a name in the folder: nothing else may be. */
static gboolean is_hash(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void fetch_files(struct export *e, struct json_object *message)
{
	struct json_object *files = hg_json_arr(message, "attachments");

	for (gsize i = 0; e->folder && files && i < json_object_array_length(files); i++) {
		struct json_object *file = json_object_array_get_idx(files, i);
		const char *id = hg_json_str(file, "id"), *sha256 = hg_json_str(file, "sha256");

		if (id && is_hash(sha256) && fetch_file(e, id, sha256))
			e->files++;
		else
			e->missing++;
	}
}

/* ---- conversations ---- */

static void put(struct export *e, const char *type, const char *thread, struct json_object *object)
{
	fprintf(e->to, "{\"type\":\"%s\",", type);
	if (thread)
		fprintf(e->to, "\"thread_id\":\"%s\",", thread);
	fprintf(e->to, "\"%s\":%s}\n", type, json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void keep_message(void *arg, struct json_object *message)
{
	struct export *e = arg;

	g_ptr_array_add(e->said, json_object_get(message));
}

/* Pages come newest first, and each of them begins with its oldest: all but the last are full. */
static void put_messages(struct export *e, const char *thread)
{
	guint n = e->said->len;

	for (guint page = (n + CTL_PAGE - 1) / CTL_PAGE; page > 0; page--)
		for (guint i = (page - 1) * CTL_PAGE; i < MIN(n, page * CTL_PAGE); i++) {
			struct json_object *message = g_ptr_array_index(e->said, i);

			put(e, "message", thread, message);
			fetch_files(e, message);
		}
	e->messages += n;
}

static void put_thread(void *arg, struct json_object *thread)
{
	struct export *e = arg;
	const char *id = hg_json_str(thread, "id");
	g_autofree char *path = ctl_path("/v1/threads/%s/messages", id ?: "");

	if (e->run.stopped || e->code != CTL_DONE || !id)
		return;
	g_ptr_array_set_size(e->said, 0);
	e->code = ctl_pages(e->ctl, &(struct ctl_pages){ .path = path, .list = "messages", .cursor = "before", .most = CTL_ALL,
							  .each = keep_message, .arg = e });
	if (e->code != CTL_DONE)
		return;
	put(e, "thread", NULL, thread);
	put_messages(e, id);
	e->threads++;
	e->bytes = ftello(e->to);
	g_free(e->before);
	e->before = g_strdup(id);
	ctl_long_tell(&e->run, "exported", e->threads, MAX(e->all, 0));
}

/* Returns an exit code: DONE, all of them were written; else it was interrupted, or a call failed. */
static int go_on(struct export *e)
{
	gboolean more = TRUE;

	while (more) {
		struct ctl_pages pages = { .path = e->path, .list = "threads", .cursor = "before", .from = e->before, .most = BATCH,
					   .each = put_thread, .arg = e };
		int code = ctl_pages(e->ctl, &pages);

		e->code = e->code == CTL_DONE ? code : e->code;
		more = pages.next != NULL && !e->run.stopped && e->code == CTL_DONE;
		if (more) {
			g_free(e->before);
			e->before = g_steal_pointer(&pages.next);
		}
		g_free(pages.next);
		if (more && !save_place(e))
			return CTL_NO;
	}
	return e->run.stopped ? CTL_PARTLY : e->code;
}

/* ---- begin and end ---- */

static int open_file(struct export *e, gboolean resume)
{
	int fd = open(e->file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (resume ? 0 : O_CREAT | O_EXCL), 0600);

	if (fd < 0) {
		gboolean there = errno == EEXIST;

		ctl_say_error(e->ctl, "%s: %s%s", e->file, g_strerror(errno), there ? ": choose another name, or go on with it: --resume" : "");
		return there ? CTL_REFUSED : CTL_NO;
	}
	/* What was written of a conversation that was not finished is written again. */
	if (ftruncate(fd, e->bytes) != 0 || lseek(fd, 0, SEEK_END) != e->bytes || (e->folder && g_mkdir_with_parents(e->folder, 0700) != 0)) {
		ctl_say_error(e->ctl, "%s is not what was exported: %s", e->file, g_strerror(errno));
		close(fd);
		return CTL_NO;
	}
	e->to = fdopen(fd, "w");
	return CTL_DONE;
}

/* How many there may be, for the progress: nobody is the worse for not knowing. */
static gint64 count_all(struct export *e)
{
	g_auto(ctl_reply) reply = { 0 };

	if (strchr(e->path, '?') || ctl_call(e->ctl, "GET", "/v1/status", NULL, NULL, &reply) != CTL_DONE)
		return 0;
	return hg_json_int(hg_json_obj(reply.json, "store"), "threads", 0);
}

static void say_done(const struct export *e)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!e->ctl->json && !e->ctl->quiet)
		printf("%s: %" G_GINT64_FORMAT " conversations, %" G_GINT64_FORMAT " messages, %" G_GINT64_FORMAT " files\n", e->file,
		       e->threads, e->messages, e->files);
	if (!e->ctl->json)
		return;
	hg_json_open(out, '{');
	hg_json_add_str(out, "file", e->file);
	hg_json_add_int(out, "threads", e->threads);
	hg_json_add_int(out, "messages", e->messages);
	hg_json_add_int(out, "files", e->files);
	hg_json_add_int(out, "missing", e->missing);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int end(struct export *e, int code)
{
	g_autofree char *again = g_strdup_printf("headgatectl export %s --resume", e->file);

	ctl_long_end(&e->run, again);
	if (code == CTL_DONE && (fflush(e->to) != 0 || fsync(fileno(e->to)) != 0)) {
		ctl_say_error(e->ctl, "%s: %s", e->file, g_strerror(errno));
		code = CTL_NO;
	}
	if (code == CTL_DONE) {
		g_unlink(e->place);
		say_done(e);
		if (e->missing)
			ctl_say_error(e->ctl, "%" G_GINT64_FORMAT " files could not be had: they were not fetched, or are kept no longer", e->missing);
		return e->missing ? CTL_PARTLY : CTL_DONE;
	}
	if (!e->threads && !e->run.stopped) {		/* nothing has begun */
		g_unlink(e->file);
		return code;
	}
	if (!save_place(e))
		return code;
	if (!e->run.stopped)
		ctl_say_error(e->ctl, "not all was exported; go on with: %s", again);
	return CTL_PARTLY;
}

static int run(struct export *e, gboolean resume)
{
	int code = resume ? read_place(e) : CTL_DONE;

	if (code != CTL_DONE)
		return code;
	if (!resume)
		e->path = first_path(e->ctl);
	code = open_file(e, resume);
	if (code != CTL_DONE)
		return code;
	e->all = count_all(e);
	ctl_long_begin(&e->run, e->ctl);
	e->run.unit = "conversations";
	return end(e, go_on(e));
}

static int export(struct ctl *ctl)
{
	struct export e = { .ctl = ctl, .file = ctl_value(ctl, "FILE"), .folder = ctl_value(ctl, "files") };
	gboolean resume = ctl_given(ctl, "resume");
	int code;

	if (resume && (ctl_given(ctl, "since") || ctl_given(ctl, "channel") || ctl_given(ctl, "files")))
		return ctl_usage(ctl, "--resume goes on as it was begun: without --since, --channel and --files");
	e.place = g_strconcat(e.file, ".resume", NULL);
	e.said = g_ptr_array_new_with_free_func((GDestroyNotify)(void (*)(void))json_object_put);
	code = run(&e, resume);
	clear(&e);
	return code;
}

const struct ctl_verb ctl_verb_export = {
	.name = "export", .help = "write all conversations with their messages into a file", .run = export,
	.args = CTL_PARAMS({ "FILE", CTL_FILE, .help = "that is not there yet; lines of JSON" }),
	.options = CTL_PARAMS({ "since", CTL_TIME, NULL, "only those that were opened since then" },
			      { "channel", CTL_CHANNEL, NULL, "only those of one channel" },
			      { "files", CTL_DIR, NULL, "writes what was attached there, each file under its SHA-256 [not at all]" },
			      { "resume", CTL_FLAG, NULL, "goes on with one that was interrupted" }),
	.more = "Of each conversation, the newest first, a line {\"type\":\"thread\"} as the API shows it, then one for each of its messages "
		"({\"type\":\"message\"}), the oldest first, notes included.  Ctrl-C interrupts it: FILE.resume says how far it is until all is "
		"there.  What happens meanwhile to conversations that are written already is not in it.",
	.exits = "0 all is there, 4 nothing was interrupted, 5 the file is there already, 6 not all is there: interrupted, or files are missing",
	.example = "export /backup/threads.ndjson --files /backup/files\nexport /backup/threads.ndjson --resume",
};

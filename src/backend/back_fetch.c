/* back_fetch.c - what a change lacks: its files, or, where a hook only pointed somewhere, what happened there
 *
 * Files are asked for one after the other, over the backend's line, and written to a file without a name on the way; a thread
 * of their own puts them among the attachments.  A file that cannot be had is named in words: the answer goes out without it. */
#include "backs_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "desk_say.h"
#include "hide.h"
#include "http_files.h"
#include "json.h"
#include "sniff.h"
#include "store.h"
#include "text.h"

#define FILE_MAX ((gint64)64 * 1024 * 1024)	/* bytes, where neither preset nor configuration says less */
#define TRIES	 5				/* of a job; a file that cannot be had then is left out */
#define PIECE	 65536
#define PAGE_BYTES (8 * 1024 * 1024)

struct fetch {
	struct hg_way *way;
	hg_dispatch *dispatch;			/* ours */
	struct hg_change change;		/* as it gets complete; strings are the dispatch's */
	guint at;				/* of the files that came */
	guint kept;				/* of change.files */
	GString *missing;			/* words; or NULL */
	struct json_object *asked;		/* ours, while it is asked; or NULL */
	int fd;					/* where the file goes; -1: none */
	/* of the file that is being saved */
	GThread *thread;
	char *type, *error;
	char sha256[65];
	gint64 bytes;
};

static void next_file(struct fetch *f);

/* ---- ends ---- */

static void fetch_free(struct fetch *f)
{
	if (f->fd >= 0)
		close(f->fd);
	json_object_put(f->asked);
	if (f->missing)
		g_string_free(f->missing, TRUE);
	g_free(f->type);
	g_free(f->error);
	hg_dispatch_free(f->dispatch);
	g_free(f);
}

static void submit(hg_backs *backs, hg_command *command)
{
	g_autoptr(GError) error = NULL;

	if (backs->env.submit(backs->env.ctx, command, &error))
		return;
	hg_err(NULL, "back.result_lost", "%s", error->message);
	hg_command_free(command);
}

static hg_command *changed(const hg_dispatch *dispatch, int fate, const char *text, gint64 retry_ms)
{
	hg_command *command = hg_command_new(HG_CMD_CHANGED);
	g_autofree char *shown = hg_hide_copy(text), *valid = hg_text_valid(shown, -1, 500);

	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->backend = hg_arena_str(command->arena, dispatch->job.name);
	command->fate = fate;
	command->text = hg_arena_str(command->arena, valid);
	command->retry_ms = retry_ms;
	return command;
}

static void give_back(hg_backs *backs, hg_dispatch *dispatch, const char *why)
{
	submit(backs, changed(dispatch, HG_RETRY, why, 0));
	hg_dispatch_free(dispatch);
}

static void end_with(struct fetch *f, int fate, const char *text, gint64 retry_ms)
{
	submit(f->way->backs, changed(f->dispatch, fate, text, retry_ms));
	fetch_free(f);
}

static void end_sent(struct fetch *f, const struct hg_change *changes, gsize n)
{
	hg_command *command = changed(f->dispatch, HG_SENT, NULL, 0);
	g_autoptr(GError) error = NULL;

	if (!hg_command_set_changes(command, changes, n, NULL, 0, NULL, &error)) {
		hg_command_free(command);
		end_with(f, HG_FAILED, error->message, 0);
		return;
	}
	submit(f->way->backs, command);
	fetch_free(f);
}

static void end_complete(struct fetch *f)
{
	f->change.n_files = f->kept;
	f->change.missing = f->missing ? f->missing->str : f->change.missing;
	end_sent(f, &f->change, 1);
}

/* ---- a file ---- */

static struct hg_file *file_of(struct fetch *f)
{
	return &f->change.files[f->at];
}

static void leave_out(struct fetch *f, const char *why)
{
	const struct hg_file *file = file_of(f);

	f->way->count.files_missing++;
	if (!f->missing)
		f->missing = g_string_new(f->change.missing);
	g_string_append_printf(f->missing, "%s%s: %s", f->missing->len ? "; " : "", file->name ? file->name : "a file", why);
	f->at++;
}

static void keep_file(struct fetch *f)
{
	struct hg_file file = *file_of(f);

	file.sha256 = hg_arena_str(f->dispatch->arena, f->sha256);
	file.bytes = f->bytes;
	file.type = hg_arena_str(f->dispatch->arena, f->type);
	file.kind = ht_file_kind(file.type);
	f->way->count.files++;
	/* Those before it may have been left out. */
	f->change.files[f->kept++] = file;
	f->at++;
}

static void saved(void *arg)
{
	struct fetch *f = arg;

	if (g_ptr_array_remove_fast(f->way->backs->saving, f))
		g_thread_join(f->thread);
	if (f->error) {
		end_with(f, HG_RETRY, f->error, 0);
		return;
	}
	keep_file(f);
	g_clear_pointer(&f->type, g_free);
	next_file(f);
}

/* What its first bytes say goes before what it is called. */
static void name_type(struct fetch *f, const char *claimed, const void *first, gsize len)
{
	char *type = hg_sniff_type(claimed, first, len);

	if (!type)
		type = g_strdup(hg_sniff(first, len));
	g_free(f->type);
	f->type = type;
}

/* Moves the bytes from the nameless file among the attachments. */
static gboolean copy(struct fetch *f, hg_upload *upload, GError **error)
{
	g_autofree char *piece = g_malloc(PIECE), *claimed = g_strdup(f->type);
	gboolean first = TRUE;
	gssize len;

	if (lseek(f->fd, 0, SEEK_SET) < 0)
		return hg_fail(error, HG_ERROR_STORE, "%s", g_strerror(errno));
	while ((len = read(f->fd, piece, PIECE)) > 0 || (len < 0 && errno == EINTR)) {
		if (len < 0)
			continue;
		if (first)
			name_type(f, claimed, piece, MIN((gsize)len, HG_SNIFF_BYTES));
		first = FALSE;
		if (!hg_upload_write(upload, piece, (gsize)len, error))
			return FALSE;
	}
	return len == 0 || hg_fail(error, HG_ERROR_STORE, "%s", g_strerror(errno));
}

static void *save_main(void *arg)
{
	struct fetch *f = arg;
	g_autoptr(GError) error = NULL;
	hg_upload *upload = hg_upload_new(f->way->backs->env.attachments, &error);
	gboolean good = upload && copy(f, upload, &error);

	if (upload && !good)
		hg_upload_cancel(upload);
	if (!good || !hg_upload_finish(upload, f->sha256, &f->bytes, &error))
		f->error = g_strdup_printf("a file cannot be kept: %s", error->message);
	hg_loop_post(f->way->backs->env.loop, saved, f);
	return NULL;
}

/* What the helpdesk said of the file when it told of it counts, else what its answer says. */
static void save(struct fetch *f, const char *answered_type)
{
	const struct hg_file *file = file_of(f);

	f->type = g_strdup(file->type && *file->type ? file->type : answered_type);
	f->thread = g_thread_new("file", save_main, f);
	g_ptr_array_add(f->way->backs->saving, f);
}

static void on_file(void *arg, const struct hg_desk_ended *ended)
{
	struct fetch *f = arg;
	const char *why = ended->text ? ended->text : "it is not there";
	gboolean later = ended->word == HG_DESK_RETRY || ended->word == HG_DESK_ACCOUNT;

	g_clear_pointer(&f->asked, json_object_put);
	if (ended->word == HG_DESK_DONE || ended->word == HG_DESK_ADOPT) {
		save(f, ended->type);
	} else if (later && (f->dispatch->job.attempts < TRIES || f->way->backs->stopped)) {
		end_with(f, HG_RETRY, why, ended->retry_ms);
	} else {
		leave_out(f, why);
		next_file(f);
	}
}

/* ---- asking ---- */

static struct json_object *situation(const struct fetch *f, const char *op)
{
	g_autofree char *key = g_strdup_printf("%s-%" G_GINT64_FORMAT "-%u", op, f->dispatch->job.n, f->at);
	struct json_object *s = hg_desk_say(op, key, hg_way_now(f->way)), *ticket = json_object_new_object();
	g_autoptr(GString) json = g_string_new(NULL);
	struct json_object *change;

	hg_change_write(&f->dispatch->change, json);
	change = hg_json_parse(json->str, json->len, NULL, NULL);
	if (change)
		json_object_object_add(s, "change", change);
	if (f->change.ticket)
		json_object_object_add(ticket, "id", json_object_new_string(f->change.ticket));
	json_object_object_add(s, "ticket", ticket);
	return s;
}

static void add_text(struct json_object *map, const char *name, const char *text)
{
	if (text)
		json_object_object_add(map, name, json_object_new_string(text));
}

/* What the preset took as its url is known by both names: some helpdesks have addresses, others ids. */
static struct json_object *file_situation(struct fetch *f)
{
	const struct hg_file *file = file_of(f);
	struct json_object *s = situation(f, "fetch_attachment"), *about = json_object_new_object();

	add_text(about, "id", file->ref);
	add_text(about, "url", file->ref);
	add_text(about, "name", file->name);
	add_text(about, "type", file->type);
	if (file->bytes >= 0)
		json_object_object_add(about, "size", json_object_new_int64(file->bytes));
	json_object_object_add(s, "file", about);
	return s;
}

static gint64 most_bytes(const hg_desk *desk)
{
	return desk->limits.max_file > 0 ? MIN(desk->limits.max_file, FILE_MAX) : FILE_MAX;
}

/* It has no name: whatever happens, nothing is left of it.  -1: the disk says no. */
static int open_nameless(const char *attachments)
{
	g_autofree char *path = g_build_filename(attachments, "fetch-XXXXXX", NULL);
	int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		unlink(path);
	return fd;
}

static void ask_file(struct fetch *f, hg_desk_line *line, gint64 most)
{
	struct hg_desk_ask ask = { .op = HG_DESK_FETCH_ATTACHMENT, .max_reply = (gsize)most };

	if (f->fd >= 0)
		close(f->fd);
	f->fd = open_nameless(f->way->backs->env.attachments);
	if (f->fd < 0) {
		end_with(f, HG_RETRY, "there is no room on the disk for a file", 0);
		return;
	}
	ask.situation = f->asked = file_situation(f);
	ask.save_fd = f->fd;
	hg_desk_line_ask(line, &ask, on_file, f);
}

/* Why it need not even be asked for; or NULL. */
static char *hopeless(const struct fetch *f, const hg_desk *desk)
{
	const struct hg_file *file = &f->change.files[f->at];

	if (!desk->ops[HG_DESK_FETCH_ATTACHMENT] || !file->ref)
		return g_strdup("its preset cannot fetch files");
	if (file->bytes > most_bytes(desk))
		return g_strdup_printf("it has %" G_GINT64_FORMAT " bytes, and %" G_GINT64_FORMAT " at most are taken (max_file)",
				       file->bytes, most_bytes(desk));
	return NULL;
}

static void next_file(struct fetch *f)
{
	const struct hg_backend_conf *backend = hg_way_backend(f->way);
	hg_desk_line *line = f->way->backs->env.line(f->way->backs->env.ctx, f->way->name);

	if (!backend || !line || f->way->backs->stopped) {
		end_with(f, HG_RETRY, "not tried: headgate was stopped, or this backend is not configured any more", 0);
		return;
	}
	for (; f->at < f->dispatch->change.n_files;) {
		g_autofree char *why = hopeless(f, backend->desk);

		if (!why) {
			ask_file(f, line, most_bytes(backend->desk));
			return;
		}
		leave_out(f, why);
	}
	end_complete(f);
}

/* ---- "look there" ---- */

static void take_looked(struct fetch *f, const struct hg_backend_conf *backend, struct json_object *taken)
{
	g_auto(hg_back_heard) heard = { 0 };
	struct hg_back_given given;
	struct json_object *changes = NULL;

	json_object_object_get_ex(taken, "changes", &changes);
	hg_way_given(f->way, backend, &given);
	hg_back_sort(&given, changes, FALSE, &heard);
	hg_way_count(f->way, &heard);
	end_sent(f, hg_way_changes(&heard), heard.changes->len);
}

static void on_looked(void *arg, const struct hg_desk_ended *ended)
{
	struct fetch *f = arg;
	const struct hg_backend_conf *backend = hg_way_backend(f->way);

	g_clear_pointer(&f->asked, json_object_put);
	switch (backend ? ended->word : HG_DESK_RETRY) {
	case HG_DESK_DONE:
	case HG_DESK_ADOPT:
		take_looked(f, backend, ended->taken);
		return;
	case HG_DESK_NONE:
	case HG_DESK_GONE:		/* whatever it was, it is not there any more */
		end_sent(f, NULL, 0);
		return;
	case HG_DESK_REFUSED:
		end_with(f, HG_FAILED, ended->text, 0);
		return;
	default:
		end_with(f, HG_RETRY, ended->text, ended->retry_ms);
	}
}

static void look(struct fetch *f, hg_desk_line *line)
{
	struct hg_desk_ask ask = { .op = HG_DESK_FETCH_CHANGE, .max_reply = PAGE_BYTES };

	ask.situation = f->asked = situation(f, "fetch_change");
	hg_desk_line_ask(line, &ask, on_looked, f);
}

/* ---- the beginning and the end ---- */

void hg_backs_send(hg_backs *backs, hg_dispatch *dispatch)
{
	struct hg_way *way = hg_way_of(backs, dispatch->job.name);
	const struct hg_backend_conf *backend = hg_way_backend(way);
	hg_desk_line *line = backend ? backs->env.line(backs->env.ctx, way->name) : NULL;
	struct fetch *f;

	if (!line || backs->stopped) {
		give_back(backs, dispatch, backs->stopped ? "not tried: headgate was stopped" :
							    "this backend is not configured any more, or its preset has no way back");
		return;
	}
	f = g_new0(struct fetch, 1);
	*f = (struct fetch){ .way = way, .dispatch = dispatch, .change = dispatch->change, .fd = -1 };
	/* The files of the dispatch stay as they are: they are asked for by what they say. */
	if (f->change.n_files)
		f->change.files = hg_arena_mem(dispatch->arena, dispatch->change.files,
					       dispatch->change.n_files * sizeof(struct hg_file));
	if (f->change.kind == HG_CHANGE_LOOK && backend->desk->ops[HG_DESK_FETCH_CHANGE])
		look(f, line);
	else if (f->change.kind == HG_CHANGE_LOOK)
		end_with(f, HG_FAILED, "its preset says no fetch_change: nobody can look there", 0);
	else
		next_file(f);
}

void hg_backs_settle(hg_backs *backs)
{
	while (backs->saving->len) {
		struct fetch *f = g_ptr_array_steal_index_fast(backs->saving, 0);

		g_thread_join(f->thread);
	}
}

/* visitor_upload.c - the table of files on their way up, and how a message gets hold of them */
#include "visitor_upload.h"

#include <string.h>

#include "fail.h"
#include "file_answer.h"
#include "log.h"
#include "store.h"
#include "text.h"

struct hg_visitor_uploads {
	char *dir;
	GHashTable *all;		/* id -> struct visitor_upload, ours */
	gint64 bytes;			/* announced, of all */
	gboolean shared;		/* other nodes write to it too */
};

#define FOREIGN_MS (60 * 60 * 1000)	/* a message at the other node may have it in its hands just when it expires */

static void row_free(gpointer p)
{
	hg_visitor_upload_free(p);
}

static void insert(hg_visitor_uploads *uploads, struct visitor_upload *upload)
{
	uploads->bytes += upload->bytes;
	g_hash_table_insert(uploads->all, upload->id, upload);
}

/* "ID.json" or "ID"; what is neither is none of ours, but for the temporary files of a run that was killed. */
static gboolean read_name(const char *name, char ret_id[HG_UPLOAD_ID_LEN + 1])
{
	gsize len = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

	g_strlcpy(ret_id, name, HG_UPLOAD_ID_LEN + 1);
	return len == HG_UPLOAD_ID_LEN;
}

/* Announced at another node. */
static struct visitor_upload *adopt(hg_visitor_uploads *uploads, const char *name)
{
	struct visitor_upload *upload = hg_upload_disk_look(uploads->dir, name);

	if (!upload)
		return NULL;
	upload->foreign = TRUE;
	insert(uploads, upload);
	return upload;
}

static void read_dir(hg_visitor_uploads *uploads)
{
	g_autoptr(GDir) dir = g_dir_open(uploads->dir, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		char id[HG_UPLOAD_ID_LEN + 1];
		struct visitor_upload *upload;

		if (!read_name(name, id) || g_hash_table_contains(uploads->all, id))
			continue;
		upload = uploads->shared ? adopt(uploads, id) : hg_upload_disk_read(uploads->dir, id);
		if (upload && !uploads->shared)
			insert(uploads, upload);
	}
}

hg_visitor_uploads *hg_visitor_uploads_new(const char *attachments, gboolean shared)
{
	hg_visitor_uploads *uploads = g_new0(hg_visitor_uploads, 1);

	uploads->dir = g_build_filename(attachments, HG_STORE_UPLOADS, NULL);
	uploads->all = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, row_free);
	if (g_mkdir_with_parents(uploads->dir, 0700) < 0)
		hg_warn(NULL, "uploads.broken", "cannot create %s: visitors can send no files", uploads->dir);
	uploads->shared = shared;
	if (!shared)
		read_dir(uploads);
	return uploads;
}

void hg_visitor_uploads_free(hg_visitor_uploads *uploads)
{
	if (!uploads)
		return;
	g_hash_table_unref(uploads->all);
	g_free(uploads->dir);
	g_free(uploads);
}

const char *hg_visitor_uploads_dir(const hg_visitor_uploads *uploads)
{
	return uploads->dir;
}

/* ---- one of them ---- */

static guint unsaid_of(const hg_visitor_uploads *uploads, const char *uri)
{
	GHashTableIter iter;
	gpointer value;
	guint n = 0;

	g_hash_table_iter_init(&iter, uploads->all);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct visitor_upload *upload = value;

		n += !upload->said && strcmp(upload->uri, uri) == 0;
	}
	return n;
}

static void new_id(struct hg_env *env, char ret[HG_UPLOAD_ID_LEN + 1])
{
	g_autofree char *text = NULL;
	guint8 bytes[16];

	env->random(env, bytes, sizeof bytes);
	text = hg_base64(bytes, sizeof bytes, TRUE);
	g_strlcpy(ret, text, HG_UPLOAD_ID_LEN + 1);
}

struct visitor_upload *hg_visitor_upload_add(hg_visitor_uploads *uploads, struct hg_env *env, const char *uri,
					     const char *channel, const char *name, const char *type, gint64 bytes,
					     guint most, GError **error)
{
	struct visitor_upload *upload;

	if (g_hash_table_size(uploads->all) >= HG_UPLOADS_MAX || uploads->bytes > HG_UPLOADS_BYTES - bytes) {
		hg_fail(error, HG_ERROR_BUSY, "there is no room for more files now; try again later");
		return NULL;
	}
	if (unsaid_of(uploads, uri) >= most) {
		hg_fail(error, HG_ERROR_LIMIT, "%u files wait to be sent with a message; send or delete them first", most);
		return NULL;
	}
	upload = g_new0(struct visitor_upload, 1);
	new_id(env, upload->id);
	upload->uri = g_strdup(uri);
	upload->channel = g_strdup(channel);
	upload->name = hg_file_name(name);
	if (!upload->name)
		upload->name = g_strdup("file");
	upload->type = g_strdup(type ?: "");
	upload->bytes = bytes;
	upload->at_ms = hg_now(env);
	upload->writing = TRUE;
	insert(uploads, upload);
	return upload;
}

/* Pieces of it went to another node. */
static void catch_up(const hg_visitor_uploads *uploads, struct visitor_upload *upload)
{
	struct visitor_upload *now = hg_upload_disk_look(uploads->dir, upload->id);

	if (now && (*now->sha256 || now->offset > upload->offset)) {
		upload->offset = now->offset;
		memcpy(upload->sha256, now->sha256, sizeof upload->sha256);
		g_free(upload->type);
		upload->type = g_steal_pointer(&now->type);
	}
	hg_visitor_upload_free(now);
}

static struct visitor_upload *look_up(hg_visitor_uploads *uploads, const char *id)
{
	struct visitor_upload *upload = g_hash_table_lookup(uploads->all, id);
	char name[HG_UPLOAD_ID_LEN + 1];

	if (!uploads->shared)
		return upload;
	if (!upload)
		return read_name(id, name) && strcmp(id, name) == 0 ? adopt(uploads, name) : NULL;
	if (!upload->writing && !upload->held && !*upload->sha256)
		catch_up(uploads, upload);
	return upload;
}

struct visitor_upload *hg_visitor_upload_find(hg_visitor_uploads *uploads, const char *uri, const char *channel,
					      const char *id)
{
	struct visitor_upload *upload = look_up(uploads, id);

	return upload && strcmp(upload->uri, uri) == 0 && strcmp(upload->channel, channel) == 0 ? upload : NULL;
}

void hg_visitor_upload_forget(hg_visitor_uploads *uploads, struct visitor_upload *upload)
{
	uploads->bytes -= upload->bytes;
	g_hash_table_remove(uploads->all, upload->id);
}

GPtrArray *hg_visitor_uploads_expire(hg_visitor_uploads *uploads, hg_visitor_upload_keep *keep, void *ctx, gint64 now_ms)
{
	GPtrArray *old = g_ptr_array_new();
	GHashTableIter iter;
	gpointer value;

	if (uploads->shared)
		read_dir(uploads);
	g_hash_table_iter_init(&iter, uploads->all);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct visitor_upload *upload = value;
		gint64 kept_ms = keep(ctx, upload->channel) + (upload->foreign ? FOREIGN_MS : 0);

		if (upload->writing || upload->held || now_ms - upload->at_ms < kept_ms)
			continue;
		upload->writing = TRUE;
		g_ptr_array_add(old, upload);
	}
	return old;
}

/* ---- those of a message ---- */

static gboolean claim(hg_visitor_uploads *uploads, struct visitor_upload *upload, const char *id, hg_arena *arena,
		      struct hg_file *ret, GError **error)
{
	g_autofree char *path = NULL;

	if (!upload || upload->writing || !*upload->sha256)
		return hg_fail(error, HG_ERROR_MISSING, "there is no file \"%.40s\" of yours that is all there: it has "
			       "expired, or is still on its way", id);
	path = g_build_filename(uploads->dir, upload->id, NULL);
	upload->held++;
	*ret = (struct hg_file){
		.size = sizeof *ret, .kind = hg_file_kind(upload->type), .bytes = upload->bytes,
		.name = hg_arena_str(arena, upload->name), .type = hg_arena_str(arena, upload->type),
		.sha256 = hg_arena_str(arena, upload->sha256), .path = hg_arena_str(arena, path),
	};
	return TRUE;
}

static gboolean is_twice(const char *const *ids, gsize i)
{
	for (gsize k = 0; k < i; k++)
		if (strcmp(ids[k], ids[i]) == 0)
			return TRUE;
	return FALSE;
}

gboolean hg_visitor_uploads_claim(hg_visitor_uploads *uploads, const char *uri, const char *channel,
				  const char *const *ids, gsize n, gsize most, hg_arena *arena, struct hg_file *ret_files,
				  GError **error)
{
	if (n > most)
		return hg_fail(error, HG_ERROR_LIMIT, "a message takes at most %zu files", most);
	for (gsize i = 0; i < n; i++) {
		struct visitor_upload *upload = hg_visitor_upload_find(uploads, uri, channel, ids[i]);
		gboolean fine = is_twice(ids, i) ? hg_fail(error, HG_ERROR_INPUT, "a file is named twice")
				: claim(uploads, upload, ids[i], arena, &ret_files[i], error);

		if (!fine) {
			hg_visitor_uploads_release(uploads, ret_files, i, FALSE);
			return FALSE;
		}
	}
	return TRUE;
}

void hg_visitor_uploads_release(hg_visitor_uploads *uploads, const struct hg_file *files, gsize n, gboolean said)
{
	for (gsize i = 0; i < n; i++) {
		const char *id = strrchr(files[i].path, '/') + 1;
		struct visitor_upload *upload = g_hash_table_lookup(uploads->all, id);

		if (!upload)
			continue;
		upload->held--;
		upload->said |= said;
	}
}

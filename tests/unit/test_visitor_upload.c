/* test_visitor_upload.c - files of visitors on their way up: pieces, liars, restarts, and who may name them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fail.h"
#include "store.h"
#include "text.h"
#include "visitor_upload.h"

#define ANA "widget:ana"
#define BEN "widget:ben"
static const char png[] = "\x89PNG\r\n\x1a\n and the rest of a picture";
#define PNG_LEN ((gint64)sizeof png - 1)

struct world {
	char *attachments, *dir;
	hg_visitor_uploads *uploads;
	char *pictures[2];
};

static int set_up(void **state)
{
	struct world *w = g_new0(struct world, 1);

	w->attachments = g_dir_make_tmp("hg-upload-XXXXXX", NULL);
	w->uploads = hg_visitor_uploads_new(w->attachments, FALSE);
	w->dir = g_strdup(hg_visitor_uploads_dir(w->uploads));
	w->pictures[0] = (char *)"image/*";
	*state = w;
	return 0;
}

static int clean_up(void **state)
{
	struct world *w = *state;
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", w->attachments);

	hg_visitor_uploads_free(w->uploads);
	(void)!g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL);
	g_free(w->attachments);
	g_free(w->dir);
	g_free(w);
	return 0;
}

static void restart(struct world *w)
{
	hg_visitor_uploads_free(w->uploads);
	w->uploads = hg_visitor_uploads_new(w->attachments, FALSE);
}

static guint files_in(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	guint n = 0;

	while (dir && g_dir_read_name(dir))
		n++;
	return n;
}

static struct visitor_upload *announce(struct world *w, const char *uri, const char *name, const char *type, gint64 bytes)
{
	struct visitor_upload *upload = hg_visitor_upload_add(w->uploads, hg_env_system(), uri, "web", name, type, bytes, 4,
							      NULL);

	assert_non_null(upload);
	assert_true(hg_upload_disk_begin(w->dir, upload, NULL));
	upload->writing = FALSE;
	return upload;
}

static enum upload_end send(struct world *w, struct visitor_upload *upload, const void *bytes, gsize len)
{
	g_autoptr(GError) error = NULL;
	enum upload_end end = hg_upload_disk_add(w->dir, upload, bytes, len, w->pictures, &error);

	if (error)
		fail_msg("%s", error->message);
	return end;
}

static gboolean claim(struct world *w, const char *uri, const char *id, struct hg_file *ret, int *ret_code)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GError) error = NULL;
	struct hg_file file = { 0 };
	gboolean fine = hg_visitor_uploads_claim(w->uploads, uri, "web", &id, 1, 10, arena, &file, &error);

	*ret_code = error ? error->code : 0;
	if (fine && ret) {
		*ret = file;
		ret->path = g_intern_string(file.path);
		ret->sha256 = g_intern_string(file.sha256);
		ret->type = g_intern_string(file.type);
		ret->name = g_intern_string(file.name);
	}
	return fine;
}

static void a_file_comes_in_pieces_and_a_message_takes_it(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "cat.png", "image/png", PNG_LEN);
	g_autofree char *moved = NULL;
	guint8 hash[32];
	g_autofree char *hex = NULL, *id = g_strdup(upload->id);
	struct hg_file file;
	int code;

	assert_int_equal(send(w, upload, png, 5), HG_UPLOAD_MORE);
	assert_int_equal(upload->offset, 5);
	assert_false(claim(w, ANA, upload->id, NULL, &code));
	assert_int_equal(code, HG_ERROR_MISSING);
	assert_int_equal(send(w, upload, png + 5, sizeof png - 1 - 5), HG_UPLOAD_DONE);
	hg_sha256(png, sizeof png - 1, hash);
	hex = hg_hex(hash, 32);
	assert_string_equal(upload->sha256, hex);

	assert_true(claim(w, ANA, upload->id, &file, &code));
	assert_string_equal(file.sha256, hex);
	assert_string_equal(file.name, "cat.png");
	assert_string_equal(file.type, "image/png");
	assert_int_equal(file.kind, HG_IMAGE);
	assert_int_equal(file.bytes, PNG_LEN);
	/* as the engine does it, in its transaction */
	assert_true(hg_attachment_move(w->attachments, file.path, file.sha256, NULL));
	moved = hg_attachment_path(w->attachments, hex);
	assert_true(g_file_test(moved, G_FILE_TEST_IS_REGULAR));
	/* and once more, when it does the turn again */
	assert_true(hg_attachment_move(w->attachments, file.path, file.sha256, NULL));
	hg_visitor_uploads_release(w->uploads, &file, 1, TRUE);
	assert_true(upload->said);
	assert_int_equal(upload->held, 0);

	/* The message is sent again, its answer got lost, over a restart too. */
	restart(w);
	assert_true(claim(w, ANA, id, &file, &code));
	assert_string_equal(file.sha256, hex);
}

static void who_lies_about_a_file_leaves_nothing(void **state)
{
	static const struct { const char *type, *bytes; gsize first; } cases[] = {
		{ "image/png", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 10 },
		{ "image/png", "<!doctype html><script>alert(1)</script>", 40 },
		{ "", "<!doctype html><script>alert(1)</script>", 3 },
		{ "", "just a text, where pictures are taken", 37 },
		{ "image/jpeg", "\x89PNG\r\n\x1a\n not what he says", 12 },
	};
	struct world *w = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gsize len = strlen(cases[i].bytes);
		struct visitor_upload *upload = announce(w, ANA, "x", cases[i].type, (gint64)len);
		enum upload_end end = send(w, upload, cases[i].bytes, cases[i].first);

		if (end == HG_UPLOAD_MORE)
			end = send(w, upload, cases[i].bytes + cases[i].first, len - cases[i].first);
		if (end != HG_UPLOAD_LIES || files_in(w->dir) != 0)
			fail_msg("%zu: end %d, %u files left", i, end, files_in(w->dir));
		hg_visitor_upload_forget(w->uploads, upload);
	}
}

/* Told as soon as the first 512 bytes are there, not after 25 MB. */
static void a_long_lie_is_told_early(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "x", "image/png", 10 << 20);
	g_autofree char *lie = g_strnfill(600, 'x');

	assert_int_equal(send(w, upload, lie, 600), HG_UPLOAD_LIES);
	assert_int_equal(files_in(w->dir), 0);
}

static void a_restart_forgets_nothing_a_visitor_was_told_of(void **state)
{
	struct world *w = *state;
	gint64 bytes = 3 * HG_UPLOAD_PIECE_MAX;
	g_autofree char *piece = g_malloc0(HG_UPLOAD_PIECE_MAX);
	struct visitor_upload *upload = announce(w, ANA, "../../cat.png", "image/png", bytes);
	g_autofree char *id = g_strdup(upload->id);

	memcpy(piece, png, sizeof png - 1);
	assert_int_equal(send(w, upload, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_MORE);
	assert_int_equal(send(w, upload, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_MORE);
	restart(w);
	upload = hg_visitor_upload_find(w->uploads, ANA, "web", id);
	assert_non_null(upload);
	assert_string_equal(upload->name, "_.._cat.png");	/* no path */
	assert_string_equal(upload->type, "image/png");
	assert_int_equal(upload->bytes, bytes);
	/* The last piece may be what a power loss left of it. */
	assert_int_equal(upload->offset, HG_UPLOAD_PIECE_MAX);
	assert_int_equal(send(w, upload, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_MORE);
	assert_int_equal(send(w, upload, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_DONE);
	restart(w);
	upload = hg_visitor_upload_find(w->uploads, ANA, "web", id);
	assert_non_null(upload);
	assert_int_equal(upload->offset, bytes);
	assert_string_not_equal(upload->sha256, "");
}

static void what_is_broken_on_the_disk_is_deleted(void **state)
{
	static const char *const known[] = {
		"", "{", "[]", "{\"visitor\":\"widget:ana\"}",
		"{\"visitor\":\"widget:ana\",\"channel\":\"web\",\"name\":\"x\",\"type\":\"\",\"bytes\":-1,\"at\":0,\"sha256\":\"\"}",
		"{\"visitor\":\"widget:ana\",\"channel\":\"web\",\"name\":\"x\",\"type\":\"\",\"bytes\":2,\"at\":0,\"sha256\":\"\"}",
	};
	struct world *w = *state;

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
		g_autofree char *bytes = g_build_filename(w->dir, "abcdefghijklmnopqrstuv", NULL);
		g_autofree char *json = g_strconcat(bytes, ".json", NULL);

		assert_true(g_file_set_contents(bytes, "three", 5, NULL));
		assert_true(g_file_set_contents(json, known[i], -1, NULL));
		restart(w);
		assert_null(hg_visitor_upload_find(w->uploads, ANA, "web", "abcdefghijklmnopqrstuv"));
		if (files_in(w->dir))
			fail_msg("%zu: files are left", i);
	}
}

/* A link in the place of the bytes is not followed. */
static void links_are_not_followed(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "x", "image/png", PNG_LEN);
	g_autofree char *path = g_build_filename(w->dir, upload->id, NULL), *id = g_strdup(upload->id);
	g_autofree char *other = g_build_filename(w->attachments, "other", NULL);
	g_autoptr(GError) error = NULL;

	assert_true(g_file_set_contents(other, "precious", 8, NULL));
	assert_int_equal(g_unlink(path), 0);
	assert_int_equal(symlink(other, path), 0);
	assert_int_equal(hg_upload_disk_add(w->dir, upload, png, sizeof png - 1, NULL, &error), HG_UPLOAD_MORE);
	assert_non_null(error);
	assert_int_equal(upload->offset, 0);
	restart(w);
	assert_null(hg_visitor_upload_find(w->uploads, ANA, "web", id));
	assert_true(g_file_test(other, G_FILE_TEST_IS_REGULAR));
}

static void nobody_touches_what_is_not_his(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "x", "image/png", PNG_LEN);
	const char *const twice[] = { upload->id, upload->id };
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_file files[2];
	g_autoptr(GError) error = NULL;
	int code;

	send(w, upload, png, sizeof png - 1);
	assert_null(hg_visitor_upload_find(w->uploads, BEN, "web", upload->id));
	assert_null(hg_visitor_upload_find(w->uploads, ANA, "shop", upload->id));
	assert_false(claim(w, BEN, upload->id, NULL, &code));
	assert_int_equal(code, HG_ERROR_MISSING);
	assert_false(claim(w, ANA, "../../../etc/passwd", NULL, &code));
	assert_int_equal(code, HG_ERROR_MISSING);
	assert_false(hg_visitor_uploads_claim(w->uploads, ANA, "web", twice, 2, 10, arena, files, &error));
	assert_int_equal(error->code, HG_ERROR_INPUT);
	assert_int_equal(upload->held, 0);	/* what was held of the first is free again */
	g_clear_error(&error);
	assert_false(hg_visitor_uploads_claim(w->uploads, ANA, "web", twice, 2, 1, arena, files, &error));
	assert_int_equal(error->code, HG_ERROR_LIMIT);
}

static void each_visitor_has_a_few_that_wait(void **state)
{
	struct world *w = *state;
	g_autoptr(GError) error = NULL;
	struct visitor_upload *first = announce(w, ANA, "x", "", 1);

	for (guint i = 1; i < 4; i++)
		announce(w, ANA, "x", "", 1);
	assert_null(hg_visitor_upload_add(w->uploads, hg_env_system(), ANA, "web", "x", "", 1, 4, &error));
	assert_int_equal(error->code, HG_ERROR_LIMIT);
	announce(w, BEN, "x", "", 1);
	first->said = TRUE;
	announce(w, ANA, "x", "", 1);
	g_clear_error(&error);
	assert_null(hg_visitor_upload_add(w->uploads, hg_env_system(), BEN, "web", "x", "", HG_UPLOADS_BYTES, 4, &error));
	assert_int_equal(error->code, HG_ERROR_BUSY);
}

static gint64 keep_a_minute(void *ctx, const char *channel)
{
	(void)ctx;
	assert_string_equal(channel, "web");
	return 60 * 1000;
}

/* Another table on the same directory is another node. */
static void pieces_may_go_to_one_node_and_the_message_to_another(void **state)
{
	struct world *w = *state;
	hg_visitor_uploads *other;
	g_autofree char *piece = g_malloc0(HG_UPLOAD_PIECE_MAX);
	struct visitor_upload *here, *there;
	struct hg_file file;
	int code;

	hg_visitor_uploads_free(w->uploads);
	w->uploads = hg_visitor_uploads_new(w->attachments, TRUE);
	here = announce(w, ANA, "cat.png", "image/png", 2 * HG_UPLOAD_PIECE_MAX);
	memcpy(piece, png, sizeof png - 1);
	assert_int_equal(send(w, here, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_MORE);
	other = hg_visitor_uploads_new(w->attachments, TRUE);	/* which starts meanwhile */
	there = hg_visitor_upload_find(other, ANA, "web", here->id);
	assert_non_null(there);
	assert_int_equal(there->offset, 0);		/* the last piece may be under way just now: it is sent again */
	assert_null(hg_visitor_upload_find(other, BEN, "web", here->id));
	assert_null(hg_visitor_upload_find(other, ANA, "web", "../uploads/abcdefghijklmno"));
	assert_int_equal(send(w, there, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_MORE);
	assert_int_equal(send(w, there, piece, HG_UPLOAD_PIECE_MAX), HG_UPLOAD_DONE);
	assert_false(*here->sha256);
	assert_true(claim(w, ANA, here->id, &file, &code));
	assert_string_equal(file.sha256, there->sha256);
	hg_visitor_uploads_free(other);
}

static void what_nobody_asked_for_again_expires_at_any_node(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "x", "image/png", PNG_LEN);
	gint64 at_ms = upload->at_ms;
	g_autoptr(GPtrArray) early = NULL, late = NULL;

	hg_visitor_uploads_free(w->uploads);
	w->uploads = hg_visitor_uploads_new(w->attachments, TRUE);
	early = hg_visitor_uploads_expire(w->uploads, keep_a_minute, NULL, at_ms + 3600000);
	assert_int_equal(early->len, 0);		/* the node it was announced at may be busy with it */
	late = hg_visitor_uploads_expire(w->uploads, keep_a_minute, NULL, at_ms + 3600000 + 60000);
	assert_int_equal(late->len, 1);
}

static void what_nobody_names_expires(void **state)
{
	struct world *w = *state;
	struct visitor_upload *old = announce(w, ANA, "old", "", 1), *held = announce(w, ANA, "held", "", 1);
	struct visitor_upload *busy = announce(w, ANA, "busy", "", 1), *young = announce(w, ANA, "young", "", 1);
	g_autoptr(GPtrArray) expired = NULL;
	gint64 now_ms = young->at_ms + 1000;

	old->at_ms = held->at_ms = busy->at_ms = now_ms - 61 * 1000;
	held->held = 1;
	busy->writing = TRUE;
	expired = hg_visitor_uploads_expire(w->uploads, keep_a_minute, NULL, now_ms);
	assert_int_equal(expired->len, 1);
	assert_ptr_equal(expired->pdata[0], old);
	assert_true(old->writing);
	hg_upload_disk_delete(w->dir, old->id);
	hg_visitor_upload_forget(w->uploads, old);
	assert_int_equal(files_in(w->dir), 6);
	g_ptr_array_unref(g_steal_pointer(&expired));
	expired = hg_visitor_uploads_expire(w->uploads, keep_a_minute, NULL, now_ms);
	assert_int_equal(expired->len, 0);
}

/* As on a full disk: part of the piece can be written.  It never came, and can come again. */
static void a_piece_that_cannot_be_kept_comes_again(void **state)
{
	struct world *w = *state;
	struct visitor_upload *upload = announce(w, ANA, "x", "image/png", PNG_LEN);
	g_autofree char *path = g_build_filename(w->dir, upload->id, NULL), *got = NULL;
	g_autoptr(GError) error = NULL;
	struct rlimit before, small;
	gsize len;

	assert_int_equal(send(w, upload, png, 10), HG_UPLOAD_MORE);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){ 16, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(hg_upload_disk_add(w->dir, upload, png + 10, sizeof png - 1 - 10, NULL, &error), HG_UPLOAD_MORE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_non_null(error);
	assert_int_equal(upload->offset, 10);
	assert_true(g_file_get_contents(path, &got, &len, NULL));
	assert_int_equal(len, 10);
	assert_int_equal(send(w, upload, png + 10, sizeof png - 1 - 10), HG_UPLOAD_DONE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, clean_up)
	static const struct CMUnitTest tests[] = {
		CASE(a_file_comes_in_pieces_and_a_message_takes_it),
		CASE(who_lies_about_a_file_leaves_nothing),
		CASE(a_long_lie_is_told_early),
		CASE(a_restart_forgets_nothing_a_visitor_was_told_of),
		CASE(what_is_broken_on_the_disk_is_deleted),
		CASE(links_are_not_followed),
		CASE(nobody_touches_what_is_not_his),
		CASE(each_visitor_has_a_few_that_wait),
		CASE(pieces_may_go_to_one_node_and_the_message_to_another),
		CASE(what_nobody_asked_for_again_expires_at_any_node),
		CASE(what_nobody_names_expires),
		CASE(a_piece_that_cannot_be_kept_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

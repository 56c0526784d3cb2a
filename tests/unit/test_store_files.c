/* test_store_files.c - attachment files: named by their hash, whole or not there */
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <utime.h>

/* SHA-256 of "abc", FIPS 180-2 appendix B.1. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static guint left_over(struct world *w)
{
	g_autofree char *tmp = g_build_filename(w->options.attachments, "tmp", NULL);
	g_autoptr(GDir) dir = g_dir_open(tmp, 0, NULL);
	guint many = 0;

	while (dir && g_dir_read_name(dir))
		many++;
	return many;
}

static void a_file_is_named_by_its_hash(void **state)
{
	struct world *w = *state;
	g_autofree char *path = hg_attachment_path(w->options.attachments, ABC);
	g_autofree char *got = NULL;
	hg_upload *upload;
	char sha256[65];
	struct stat st;
	gint64 bytes;

	for (int round = 0; round < 2; round++) {	/* the same again is fine */
		must((upload = hg_upload_new(w->options.attachments, e)));
		must(hg_upload_write(upload, "a", 1, e));
		must(hg_upload_write(upload, "", 0, e));
		must(hg_upload_write(upload, "bc", 2, e));
		must(hg_upload_finish(upload, sha256, &bytes, e));
		assert_string_equal(sha256, ABC);
		assert_int_equal(bytes, 3);
	}
	assert_true(g_str_has_suffix(path, "/ba/" ABC));
	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, "abc");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(left_over(w), 0);
}

/* What a visitor sent lies in a file already: it is moved, and a turn that is done again finds it moved. */
static void a_file_is_moved_to_its_name(void **state)
{
	struct world *w = *state;
	g_autofree char *dir = g_build_filename(w->options.attachments, HG_STORE_UPLOADS, NULL);
	g_autofree char *from = g_build_filename(dir, "sent", NULL), *got = NULL;
	g_autofree char *path = hg_attachment_path(w->options.attachments, ABC);
	g_autoptr(GError) error = NULL;

	assert_int_equal(g_mkdir_with_parents(dir, 0700), 0);
	assert_true(g_file_set_contents(from, "abc", 3, NULL));
	must(hg_attachment_move(w->options.attachments, from, ABC, e));
	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, "abc");
	assert_int_equal(g_access(from, 0), -1);
	must(hg_attachment_move(w->options.attachments, from, ABC, e));
	assert_int_equal(g_access(path, 0), 0);
	assert_false(hg_attachment_move(w->options.attachments, from, "../../etc/passwd", &error));
	assert_int_equal(error->code, HG_ERROR_INPUT);
}

static void an_empty_file_is_a_file(void **state)
{
	struct world *w = *state;
	char sha256[65];
	hg_upload *upload;
	gint64 bytes;

	must((upload = hg_upload_new(w->options.attachments, e)));
	must(hg_upload_finish(upload, sha256, &bytes, e));
	assert_string_equal(sha256, EMPTY);
	assert_int_equal(bytes, 0);
}

static void a_cancelled_upload_leaves_nothing(void **state)
{
	struct world *w = *state;
	g_autofree char *path = hg_attachment_path(w->options.attachments, ABC);
	hg_upload *upload;

	must((upload = hg_upload_new(w->options.attachments, e)));
	must(hg_upload_write(upload, "abc", 3, e));
	assert_int_equal(left_over(w), 1);
	hg_upload_cancel(upload);
	hg_upload_cancel(NULL);
	assert_int_equal(left_over(w), 0);
	assert_int_equal(g_access(path, 0), -1);
}

static void a_crash_leaves_what_the_next_start_removes(void **state)
{
	struct world *w = *state;
	g_autofree char *old = g_build_filename(w->options.attachments, "tmp", "upload-aaaaaa", NULL);

	assert_true(g_file_set_contents(old, "half", 4, NULL));
	assert_int_equal(g_utime(old, &(struct utimbuf){ 1, 1 }), 0);	/* what is young may be another node's */
	world_reopen(w);
	assert_int_equal(left_over(w), 0);
}

static void a_damaged_file_is_mended_by_the_same_upload(void **state)
{
	struct world *w = *state;
	g_autofree char *path = hg_attachment_path(w->options.attachments, ABC);
	g_autofree char *shard = g_path_get_dirname(path), *got = NULL;
	hg_upload *upload;
	char sha256[65];
	gint64 bytes;

	assert_int_equal(g_mkdir(shard, 0700), 0);
	assert_true(g_file_set_contents(path, "ab", 2, NULL));
	must((upload = hg_upload_new(w->options.attachments, e)));
	must(hg_upload_write(upload, "abc", 3, e));
	must(hg_upload_finish(upload, sha256, &bytes, e));
	assert_true(g_file_get_contents(path, &got, NULL, NULL));
	assert_string_equal(got, "abc");
}

static void only_a_hash_has_a_path(void **state)
{
	static const char *const bad[] = {
		"", "ba", "../../etc/passwd", ABC "0",
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
		"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"/a7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		if (hg_attachment_path("/x", bad[i]))
			fail_msg("%s", bad[i]);
	assert_null(hg_attachment_path("/x", NULL));
}

/* ---- what was synced: the linker gives us fsync() ---- */
static GPtrArray *synced;

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
	g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);

	if (synced)
		g_ptr_array_add(synced, g_file_read_link(link, NULL));
	return __real_fsync(fd);
}

static void a_new_directory_is_on_disk_with_all_above_it(void **state)
{
	struct world *w = *state;
	g_autofree char *one = g_build_filename(w->dir, "one", NULL), *two = g_build_filename(one, "two", NULL);
	g_autofree char *path = g_build_filename(two, "headgate.db", NULL), *files = g_build_filename(two, "files", NULL);
	struct hg_store_options options = w->options;
	g_autoptr(hg_store) store = NULL;

	options.path = path;
	options.node = "two";
	options.attachments = files;
	synced = g_ptr_array_new_with_free_func(g_free);
	must((store = hg_store_open(&options, e)));
	assert_true(g_ptr_array_find_with_equal_func(synced, w->dir, g_str_equal, NULL));
	assert_true(g_ptr_array_find_with_equal_func(synced, one, g_str_equal, NULL));
	assert_true(g_ptr_array_find_with_equal_func(synced, two, g_str_equal, NULL));
	assert_true(g_ptr_array_find_with_equal_func(synced, files, g_str_equal, NULL));
	g_clear_pointer(&synced, g_ptr_array_unref);
}

static void a_directory_that_cannot_be_is_told(void **state)
{
	struct world *w = *state;
	g_autofree char *below_a_file = g_build_filename(w->dir, "file", "x", NULL);
	g_autofree char *file = g_path_get_dirname(below_a_file);
	hg_upload *upload;

	assert_true(g_file_set_contents(file, "", 0, NULL));
	must_fail(HG_ERROR_STORE, (upload = hg_upload_new(below_a_file, e)));
	(void)upload;
}

/* ---- several at once ---- */
#define THREADS 4
#define EACH 25

static gpointer upload_some(gpointer arg)
{
	struct world *w = ((gpointer *)arg)[0];
	int number = GPOINTER_TO_INT(((gpointer *)arg)[1]);

	for (int i = 0; i < EACH; i++) {
		/* Half of them the same for all threads. */
		g_autofree char *text = g_strdup_printf("%d-%d", i % 2 ? number : 0, i);
		hg_upload *upload = hg_upload_new(w->options.attachments, NULL);
		char sha256[65];
		gint64 bytes;

		if (!upload || !hg_upload_write(upload, text, strlen(text), NULL) ||
		    !hg_upload_finish(upload, sha256, &bytes, NULL))
			return GINT_TO_POINTER(1);
	}
	return NULL;
}

static void threads_upload_at_once(void **state)
{
	struct world *w = *state;
	gpointer args[THREADS][2];
	GThread *threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		args[i][0] = w;
		args[i][1] = GINT_TO_POINTER(i + 1);
		threads[i] = g_thread_new("upload", upload_some, args[i]);
	}
	for (int i = 0; i < THREADS; i++)
		assert_null(g_thread_join(threads[i]));
	assert_int_equal(left_over(w), 0);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_file_is_named_by_its_hash),
		store_test(a_file_is_moved_to_its_name),
		store_test(an_empty_file_is_a_file),
		store_test(a_cancelled_upload_leaves_nothing),
		store_test(a_crash_leaves_what_the_next_start_removes),
		store_test(a_damaged_file_is_mended_by_the_same_upload),
		cmocka_unit_test(only_a_hash_has_a_path),
		store_test(a_new_directory_is_on_disk_with_all_above_it),
		store_test(a_directory_that_cannot_be_is_told),
		store_test(threads_upload_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

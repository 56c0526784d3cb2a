/* golden_fixture.c - see golden_fixture.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>

#include "golden_fixture.h"

static gboolean writing;

gboolean golden_enter(int argc, char **argv, const char *folder)
{
	const char *top = g_getenv("srcdir");
	g_autofree char *dir = g_build_filename(top ? top : ".", folder, NULL);

	writing = argc > 1 && strcmp(argv[1], "--write") == 0;
	if (g_chdir(dir) == 0)
		return TRUE;
	g_printerr("%s is not there: set srcdir to the top of the source\n", dir);
	return FALSE;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *golden_files(void)
{
	GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(".", 0, NULL);
	const char *name;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".yaml") && !g_str_has_prefix(name, "part-"))
			g_ptr_array_add(files, g_strdup(name));
	g_dir_close(dir);
	g_ptr_array_sort(files, by_name);
	return files;
}

static gboolean as_recorded(const char *file, const char *got)
{
	g_autofree char *out = g_strdup_printf("%.*s.out", (int)(strlen(file) - strlen(".yaml")), file);
	g_autofree char *want = NULL;

	if (writing) {
		assert_true(g_file_set_contents(out, got, -1, NULL));
		return TRUE;
	}
	if (g_file_get_contents(out, &want, NULL, NULL) && strcmp(want, got) == 0)
		return TRUE;
	print_error("%s: got\n%s\nbut %s has\n%s\n", file, got, out, want ? want : "nothing");
	return FALSE;
}

void golden_check(char *(*run)(const char *file), guint least)
{
	g_autoptr(GPtrArray) files = golden_files();
	guint wrong = 0;

	for (guint i = 0; i < files->len; i++) {
		g_autofree char *got = run(g_ptr_array_index(files, i));

		wrong += !as_recorded(g_ptr_array_index(files, i), got);
	}
	assert_true(files->len >= least);
	if (wrong)
		fail_msg("%u cases differ; when that is right: make golden, and read the diff", wrong);
}

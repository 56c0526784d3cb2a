/* test_config_golden.c - one file for each kind of mistake, and the full text it gives
 *
 * With --write it writes the .out files again (make golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "config_fixture.h"

#define LEAST_CASES 40

static gboolean writing;

/* *.yaml of the directory we stand in; part-*.yaml are what others include. */
static GPtrArray *cases(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GDir *dir = g_dir_open(".", 0, NULL);
	const char *name;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".yaml") && !g_str_has_prefix(name, "part-"))
			g_ptr_array_add(names, g_strdup(name));
	g_dir_close(dir);
	return names;
}

static char *out_name(const char *name)
{
	return g_strdup_printf("%.*s.out", (int)(strlen(name) - strlen(".yaml")), name);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void every_mistake_is_explained_as_recorded(void **state)
{
	g_autoptr(GPtrArray) names = cases();
	guint wrong = 0;

	(void)state;
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		g_autofree char *out = out_name(name), *want = NULL, *got = config_fixture_run(name);

		if (writing) {
			assert_true(g_file_set_contents(out, got, -1, NULL));
			continue;
		}
		if (g_file_get_contents(out, &want, NULL, NULL) && strcmp(want, got) == 0)
			continue;
		wrong++;
		print_error("%s: got\n%s\nbut %s has\n%s\n", name, got, out, want ? want : "nothing");
	}
	assert_true(names->len >= LEAST_CASES);
	if (wrong)
		fail_msg("%u cases differ; when that is right: make golden, and read the diff", wrong);
}

/* All secrets of the cases have SeCrEt in them, as text or in base64; hunter2 is a literal. */
static void no_secret_is_ever_shown(void **state)
{
	static const char *const secrets[] = { "SeCrEt", "U2VDckV0", "hunter2" };
	g_autoptr(GPtrArray) names = cases();

	(void)state;
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *got = config_fixture_run(g_ptr_array_index(names, i));

		for (gsize s = 0; s < G_N_ELEMENTS(secrets); s++)
			if (strstr(got, secrets[s]))
				fail_msg("%s shows a secret:\n%s",
					 (char *)g_ptr_array_index(names, i), got);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_is_explained_as_recorded),
		cmocka_unit_test(no_secret_is_ever_shown),
	};
	const char *top = g_getenv("srcdir");
	g_autofree char *dir = g_build_filename(top ? top : ".", "tests/data/golden/config", NULL);
	int failed;

	writing = argc > 1 && strcmp(argv[1], "--write") == 0;
	if (g_chdir(dir) != 0) {
		g_printerr("%s is not there: set srcdir to the top of the source\n", dir);
		return 1;
	}
	config_fixture_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	config_fixture_done();
	return failed;
}

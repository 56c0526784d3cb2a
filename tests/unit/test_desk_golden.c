/* test_desk_golden.c - one preset, or one configuration with presets, for each kind of mistake, and the full text it gives
 *
 * With --write it writes the .out files again (make golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "check.h"
#include "config_fixture.h"
#include "desk.h"
#include "golden_fixture.h"

#define LEAST_CASES 30

static char *summary(const hg_desk *desk)
{
	GString *out = g_string_new(NULL);

	g_string_append_printf(out, "%s: %s\n", desk->preset, desk->name);
	for (int op = 0; op < HG_DESK_OPS; op++)
		if (desk->ops[op])
			g_string_append_printf(out, "%s: %u\n", hg_desk_op_name(op), desk->ops[op]->len);
	return g_string_free(out, FALSE);
}

static char *run_preset(const char *file, hg_diag *diag)
{
	g_autoptr(hg_desk) desk = hg_desk_read(file, diag);

	assert_int_equal(desk == NULL, hg_diag_count(diag, HG_SEV_ERROR) > 0);
	return desk ? summary(desk) : g_strdup("");
}

static char *run_conf(const char *file, hg_diag *diag)
{
	g_autoptr(hg_conf) conf = hg_conf_read(file, &probe_finder, diag);
	const struct hg_backend_conf *backend;

	if (!conf)
		return g_strdup("");
	hg_desks_compile(conf, diag);
	backend = hg_conf_backend(conf, "desk");
	assert_int_equal(backend->desk == NULL, hg_diag_count(diag, HG_SEV_ERROR) > 0);
	return backend->desk ? summary(backend->desk) : g_strdup("");
}

/* conf-*.yaml are configurations. */
static char *run(const char *file)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *read = g_str_has_prefix(file, "conf-") ? run_conf(file, diag) : run_preset(file, diag);
	g_autofree char *said = hg_diag_render(diag, FALSE);

	return g_strconcat(said, read, NULL);
}

static void every_mistake_in_a_preset_is_explained_as_recorded(void **state)
{
	(void)state;
	golden_check(run, LEAST_CASES);
}

/* What the fixture's variables and credentials hold has SeCrEt in it; hunter2 is a literal. */
static void no_secret_of_a_backend_is_ever_shown(void **state)
{
	static const char *const secrets[] = { "SeCrEt", "U2VDckV0", "hunter2" };
	g_autoptr(GPtrArray) names = golden_files();

	(void)state;
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *got = run(g_ptr_array_index(names, i));

		for (gsize s = 0; s < G_N_ELEMENTS(secrets); s++)
			if (strstr(got, secrets[s]))
				fail_msg("%s shows a secret:\n%s", (char *)g_ptr_array_index(names, i), got);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mistake_in_a_preset_is_explained_as_recorded),
		cmocka_unit_test(no_secret_of_a_backend_is_ever_shown),
	};
	int failed;

	if (!golden_enter(argc, argv, "tests/data/golden/presets"))
		return 1;
	g_setenv("HEADGATE_PRESET_DIR", "part-dir", TRUE);
	config_fixture_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	config_fixture_done();
	return failed;
}

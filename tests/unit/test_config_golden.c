/* test_config_golden.c - one file for each kind of mistake, and the full text it gives
 *
 * With --write it writes the .out files again (make golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "config_fixture.h"
#include "golden_fixture.h"

#define LEAST_CASES 40

static void every_mistake_is_explained_as_recorded(void **state)
{
	(void)state;
	golden_check(config_fixture_run, LEAST_CASES);
}

/* All secrets of the cases have SeCrEt in them, as text or in base64; hunter2 is a literal. */
static void no_secret_is_ever_shown(void **state)
{
	static const char *const secrets[] = { "SeCrEt", "U2VDckV0", "hunter2" };
	g_autoptr(GPtrArray) names = golden_files();

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
	int failed;

	if (!golden_enter(argc, argv, "tests/data/golden/config"))
		return 1;
	config_fixture_init();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	config_fixture_done();
	return failed;
}

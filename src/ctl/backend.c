/* backend.c - presets of helpdesks: which there are, what they want, and whether they are right */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "backend_verbs.h"
#include "desk_samples.h"
#include "text.h"

/* ---- one preset ---- */

static int no_such(const struct ctl *ctl, const char *name)
{
	g_auto(GStrv) names = hg_desk_names();

	ctl_unknown(ctl, "preset", name, (const char *const *)names);
	return CTL_MISSING;
}

hg_desk *ctl_backend_read(const struct ctl *ctl, const char *name, int *ret_code)
{
	g_autofree char *path = ctl_is_file(name) ? g_strdup(name) : hg_desk_path(name, NULL);
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_desk *desk;
	g_autofree char *wrong = NULL;

	*ret_code = CTL_DONE;
	if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
		*ret_code = no_such(ctl, name);
		return NULL;
	}
	desk = hg_desk_read(path, diag);
	wrong = hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));
	fputs(wrong, stderr);
	if (!desk)
		*ret_code = CTL_CONFIG;
	return desk;
}

static int show(const struct ctl *ctl, const char *name)
{
	int code;
	g_autoptr(hg_desk) desk = ctl_backend_read(ctl, name, &code);

	return desk ? ctl_backend_show(ctl, desk) : code;
}

/* ---- samples ---- */

static int test_one(struct ctl_samples *t, const char *name)
{
	int code;
	g_autoptr(hg_desk) desk = ctl_backend_read(t->ctl, name, &code);

	if (!desk)
		return code;
	ctl_samples_begin(t, name);
	hg_desk_samples(desk, ctl_samples_tell, t);
	ctl_samples_end(t);
	return CTL_DONE;
}

static int test(struct ctl *ctl, char **named)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) all = hg_desk_names();
	struct ctl_samples t = { .ctl = ctl };
	int worst = CTL_DONE;

	ctl_samples_open(&t, out);
	for (char **name = *named ? named : all; *name; name++) {
		int code = test_one(&t, *name);

		worst = MAX(worst, code);
	}
	if (!worst)
		worst = ctl_samples_result(&t);
	ctl_samples_close(&t, out);
	return worst;
}

/* ---- the verb ---- */

static const char *const known[] = { "list", "show", "test", "probe", NULL };

static int dispatch(struct ctl *ctl, int argc, char **argv, gboolean ticket, gint64 wait_ms)
{
	gboolean probe = argc && strcmp(argv[0], "probe") == 0;

	if ((ticket || wait_ms) && !probe)
		return ctl_usage(ctl, "--ticket and --wait are for backend probe");
	if (!argc || (strcmp(argv[0], "list") == 0 && argc == 1))
		return ctl_backend_list(ctl);
	if (strcmp(argv[0], "show") == 0 && argc == 2)
		return show(ctl, argv[1]);
	if (strcmp(argv[0], "test") == 0)
		return test(ctl, argv + 1);
	if (probe && argc == 2)
		return ctl_backend_probe(ctl, argv[1], ticket, wait_ms);
	if (!g_strv_contains(known, argv[0]))
		return ctl_unknown(ctl, "verb of backend", argv[0], known);
	return ctl_usage(ctl, "backend %s", ctl->verb->usage);
}

int ctl_backend(struct ctl *ctl, int argc, char **argv)
{
	static const struct option own[] = { { "ticket", no_argument, NULL, CTL_OWN }, { "wait", required_argument, NULL, CTL_OWN + 1 },
					     { 0 } };
	gboolean ticket = FALSE;
	gint64 wait_ms = 0;
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		if (c == CTL_OWN)
			ticket = TRUE;
		else if (c == CTL_OWN + 1)
			wait_ms = hg_span_parse(optarg);
		else
			return ctl->exit;
		if (wait_ms < 0)
			return ctl_usage(ctl, "--wait takes a time such as 30s or 5m, not \"%s\"", optarg);
	}
	return dispatch(ctl, argc - optind, argv + optind, ticket, wait_ms);
}

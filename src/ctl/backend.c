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

static int show(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "NAME|FILE");
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

static int test(struct ctl *ctl)
{
	const char *const *named = ctl_values(ctl, "NAME|FILE"), *const *name;
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) all = hg_desk_names();
	struct ctl_samples t = { .ctl = ctl };
	int worst = CTL_DONE;

	ctl_samples_open(&t, out);
	for (name = *named ? named : (const char *const *)all; *name; name++) {
		int code = test_one(&t, *name);

		worst = MAX(worst, code);
	}
	if (!worst)
		worst = ctl_samples_result(&t);
	ctl_samples_close(&t, out);
	return worst;
}

/* ---- the verb ---- */

static int list(struct ctl *ctl)
{
	return ctl_backend_list(ctl);
}

static int probe(struct ctl *ctl)
{
	return ctl_backend_probe(ctl, ctl_value(ctl, "NAME"), ctl_given(ctl, "ticket"), ctl_span(ctl, "wait", 0));
}

static const struct ctl_verb list_verb = {
	.name = "list", .help = "presets that are installed, and how each was proven", .usual = TRUE, .run = list,
	.more = "Whether each was proven on the real thing, of which version, or written from documentation, of which day.",
};

static const struct ctl_verb show_verb = {
	.name = "show", .help = "what a preset wants in the configuration, and can do", .run = show,
	.args = CTL_PARAMS({ "NAME|FILE", CTL_PRESET, .help = "a preset" }),
	.more = "And where that is from.", .exits = "0 done, 4 no such preset, 78 errors in a preset",
};

static const struct ctl_verb test_verb = {
	.name = "test", .help = "play the samples of presets", .run = test,
	.args = CTL_PARAMS({ "NAME|FILE", CTL_PRESET, .help = "a preset [all of them]", .flags = CTL_MANY | CTL_MAYBE }),
	.more = "What is called for a ticket or a message, what comes of each answer, and what a webhook or a poll says.  No daemon "
		"and no network is needed.",
	.exits = "0 all passed, 1 a sample failed, 4 no such preset, 78 errors in a preset",
};

static const struct ctl_verb probe_verb = {
	.name = "probe", .help = "ask the helpdesk of a backend of the configuration itself", .run = probe,
	.args = CTL_PARAMS({ "NAME", CTL_BACKEND, .help = "of the backend" }),
	.options = CTL_PARAMS({ "ticket", CTL_FLAG, NULL, "makes a ticket there, writes to it, gives it a note and solves it" },
			      { "wait", CTL_SPAN, NULL, "watches the daemon for so long: somebody does something in the helpdesk, and its "
				"webhook has to come, with a signature that holds" }),
	.more = "Credentials, rights and fields, whether a ticket can be looked for by our id, whether it can be asked what agents "
		"did, and whether the address of its webhooks leads to the daemon and refuses what is not signed.  Nothing is "
		"changed there without --ticket.  The daemon need not run for anything but --wait.",
	.exits = "0 all is well, 1 a check failed, 4 no such backend",
};

const struct ctl_verb ctl_verb_backend = {
	.name = "backend", .help = "presets of helpdesks: which there are, what they want, whether they are right",
	.subs = CTL_SUBS(&list_verb, &show_verb, &test_verb, &probe_verb),
};

/* check.c - check and docs: what needs no daemon */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "api.h"
#include "conf.h"
#include "ctl.h"
#include "docs.h"
#include "docs_verb.h"
#include "doctor.h"
#include "load.h"
#include "rules.h"
#include "setup.h"
#include "visitor.h"

static void add_list(GString *out, const char *name, const GString *members)
{
	if (!members)
		return;
	hg_json_key(out, name);
	g_string_append_printf(out, "[%s]", members->str);
}

/* results: of the tests; probes: of providers and helpdesks.  Lists without their brackets; NULL: not asked for. */
static void print_json(const char *path, const hg_diag *diag, guint errors, guint warnings, const GString *results, const GString *probes)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *list = hg_diag_json(diag);

	hg_json_open(out, '{');
	hg_json_add_str(out, "file", path);
	hg_json_add_int(out, "errors", errors);
	hg_json_add_int(out, "warnings", warnings);
	hg_json_add_raw(out, "findings", list);
	add_list(out, "results", results);
	add_list(out, "probes", probes);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static void print_count(guint n, const char *word, const char *behind)
{
	printf("%u %s%s%s", n, word, n == 1 ? "" : "s", behind);
}

static void print_summary(const char *path, const hg_setup *setup, guint errors, guint warnings)
{
	if (setup) {
		printf("%s: ", path);
		print_count(setup->conf->channels->len, "channel", ", ");
		print_count(hg_rules_count(setup->rules), "rule", ", ");
		print_count(setup->conf->backends->len, "backend", "\n");
	}
	print_count(errors, "error", ", ");
	print_count(warnings, "warning", "\n");
}

hg_setup *ctl_setup(const struct ctl *ctl, const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_setup *setup = hg_setup_read(path, diag);
	g_autofree char *text = setup ? NULL : hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));

	if (text)
		fputs(text, stderr);
	return setup;
}

static void print_text(const struct ctl *ctl, const char *path, const hg_setup *setup, const hg_diag *diag,
		       guint errors, guint warnings)
{
	g_autofree char *text = hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));

	fputs(text, stderr);
	if (!ctl->quiet)
		print_summary(path, setup, errors, warnings);
}

/* How many problems there were.  What doctor asks, without the rest of it. */
static guint probe(struct ctl *ctl, hg_setup *setup, GString *json)
{
	struct doctor doctor = { .ctl = ctl, .setup = setup, .json = json };
	g_auto(ctl_reply) reply = { 0 };

	doctor_ask_daemon(&doctor, &reply);
	doctor_probe(&doctor);
	return doctor.problems;
}

static int check(struct ctl *ctl)
{
	const char *path = ctl_given(ctl, "FILE") ? ctl_value(ctl, "FILE") : ctl_config(ctl);
	gboolean strict = ctl_given(ctl, "strict");
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_setup) setup = hg_setup_read(path, diag);
	g_autoptr(GString) results = ctl->json && strict && setup ? g_string_new(NULL) : NULL;
	g_autoptr(GString) probes = setup && ctl_given(ctl, "probe") ? g_string_new(NULL) : NULL;
	guint left = setup ? hg_rules_probe(setup->rules, hg_env_system(), diag) : 0;
	guint errors = hg_diag_count(diag, HG_SEV_ERROR), warnings = hg_diag_count(diag, HG_SEV_WARNING), failed = 0, problems = 0;

	if (left && !ctl->quiet)
		fprintf(stderr, "%u patterns were not tried on hostile texts: 2 seconds are up\n", left);
	if (!ctl->json)
		print_text(ctl, path, setup, diag, errors, warnings);
	if (strict && setup)
		ctl_run_trials(ctl, setup->trials, NULL, results, &failed);
	if (probes)
		problems = probe(ctl, setup, probes);
	if (ctl->json)
		print_json(path, diag, errors, warnings, results, probes);
	if (!setup)
		return CTL_CONFIG;
	return problems || (strict && (failed || warnings)) ? CTL_NO : CTL_DONE;
}

const struct ctl_verb ctl_verb_check = {
	.name = "check", .help = "check a configuration, everything at once", .run = check,
	.args = CTL_PARAMS({ "FILE", CTL_FILE, .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "strict", CTL_FLAG, NULL, "plays its tests as well, and takes warnings for errors" },
			      { "probe", CTL_FLAG, NULL, "has providers and helpdesks asked whether they take the credentials" }),
	.more = "Runs the daemon's own start-up code without starting it.\n\n"
		"With --probe the running daemon asks its providers, and headgatectl the helpdesks, as \"doctor\" does, which looks at the rest "
		"as well.",
	.exits = "0 good, 1 with --strict: warnings or failed tests; with --probe: somebody objects or cannot be asked, 78 errors found",
};

/* ---- docs ---- */

static char *docs_api(const struct hg_adapter *const *adapters)
{
	GString *out = g_string_new(NULL);
	const char *method, *pattern, *scope, *query;

	(void)adapters;
	for (guint i = 0; hg_api_route_at(i, &method, &pattern, &scope, &query); i++) {
		g_autofree char *names = query ? g_strdelimit(g_strdup(query), " ", ',') : NULL;

		g_string_append_printf(out, "%s %s %s%s%s\n", method, pattern, scope, names ? " " : "", names ?: "");
	}
	return g_string_free(out, FALSE);
}

static char *docs_client_api(const struct hg_adapter *const *adapters)
{
	GString *out = g_string_new(NULL);
	const char *method, *pattern;

	(void)adapters;
	for (guint i = 0; hg_visitors_route_at(i, &method, &pattern); i++)
		g_string_append_printf(out, "%s %s\n", method, pattern);
	return g_string_free(out, FALSE);
}

static char *docs_ctl_man(const struct hg_adapter *const *adapters)
{
	(void)adapters;
	return ctl_manual();
}

static char *docs_verbs(const struct hg_adapter *const *adapters)
{
	(void)adapters;
	return ctl_verbs_json(NULL, NULL);
}

static int print_doc(char *(*make)(const struct hg_adapter *const *adapters))
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	g_autoptr(GPtrArray) adapters = g_ptr_array_new();
	g_autofree char *text = NULL, *rules = hg_rules_schema(), *tests = hg_trials_schema();

	for (const char *const *name = hg_loader_names(loader); *name; name++) {
		const struct hg_adapter *adapter = hg_loader_get(loader, *name, NULL);

		if (adapter)
			g_ptr_array_add(adapters, (gpointer)adapter);
	}
	g_ptr_array_add(adapters, NULL);
	hg_docs_rules_schema = rules;
	hg_docs_tests_schema = tests;
	text = make((const struct hg_adapter *const *)adapters->pdata);
	fputs(text, stdout);
	return CTL_DONE;
}

int ctl_print_schema(void)
{
	return print_doc(hg_docs_schema);
}

static int docs(struct ctl *ctl)
{
	static const struct { const char *word; char *(*make)(const struct hg_adapter *const *adapters); } all[] = {
		{ "schema", hg_docs_schema }, { "sample", hg_docs_sample }, { "man", hg_docs_man }, { "api", docs_api },
		{ "client-api", docs_client_api }, { "ctl-man", docs_ctl_man }, { "verbs", docs_verbs } };
	const char *word = ctl_value(ctl, "WHAT");

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		if (strcmp(word, all[i].word) == 0)
			return print_doc(all[i].make);
	return CTL_USAGE;
}

const struct ctl_verb ctl_verb_docs = {
	.name = "docs", .help = "what documents are made of: schemas, samples, manual pages, lists of calls", .run = docs,
	.args = CTL_PARAMS({ "WHAT", CTL_WORD, .words = "schema|sample|man|api|client-api|ctl-man|verbs" }),
	.more = "Of headgate.yaml the JSON Schema, a commented sample and the manual page; of the daemon the calls of its API "
		"and of the client API; of headgatectl its manual page, and all verbs as JSON.",
};

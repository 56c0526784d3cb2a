/* check.c - check, adapters, docs: everything that needs no daemon */
#include <stdio.h>
#include <string.h>
#include "conf.h"
#include "ctl.h"
#include "docs.h"
#include "load.h"
#include "rules.h"
#include "setup.h"

int ctl_check(struct ctl *ctl, int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : ctl->config ? ctl->config : HG_CONF_DEFAULT;
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_setup) setup = NULL;
	g_autofree char *text = NULL;
	guint errors, warnings;

	if (argc > 2)
		return ctl_usage(ctl, argv[0], "unexpected \"%s\"", argv[2]);
	setup = hg_setup_read(path, diag);
	errors = hg_diag_count(diag, HG_SEV_ERROR);
	warnings = hg_diag_count(diag, HG_SEV_WARNING);
	if (ctl->json) {
		g_autofree char *list = hg_diag_json(diag);

		printf("{\"file\":\"%s\",\"errors\":%u,\"warnings\":%u,\"findings\":%s}\n", path, errors, warnings, list);
		return errors ? CTL_CONFIG : CTL_DONE;
	}
	text = hg_diag_render(diag, ctl->colour_err);
	fputs(text, stderr);
	if (setup && !ctl->quiet)
		printf("%s: %u channel%s, %u rule%s, %u backend%s\n", path, setup->conf->channels->len,
		       setup->conf->channels->len == 1 ? "" : "s", hg_rules_count(setup->rules),
		       hg_rules_count(setup->rules) == 1 ? "" : "s", setup->conf->backends->len,
		       setup->conf->backends->len == 1 ? "" : "s");
	if (!ctl->quiet)
		printf("%u error%s, %u warning%s\n", errors, errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	return setup ? CTL_DONE : CTL_CONFIG;
}

/* ---- adapters ---- */

static void print_option(const struct hg_option *option)
{
	printf("  %-24s %s%s%s%s%s\n", option->name, option->help, option->flags & HG_OPT_REQUIRED ? " (required)" : "",
	       option->fallback ? " [" : "", option->fallback ? option->fallback : "", option->fallback ? "]" : "");
}

static void option_json(GString *out, const struct hg_option *option)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", option->name);
	hg_json_add_bool(out, "required", (option->flags & HG_OPT_REQUIRED) != 0);
	hg_json_opt_str(out, "default", option->fallback);
	hg_json_opt_str(out, "range", option->range);
	hg_json_add_str(out, "help", option->help);
	hg_json_close(out, '}');
}

static void adapter_json(GString *out, const struct hg_adapter *adapter)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", adapter->name);
	hg_json_add_str(out, "version", adapter->version);
	hg_json_add_str(out, "summary", adapter->summary);
	hg_json_key(out, "options");
	hg_json_open(out, '[');
	for (const struct hg_option *option = adapter->options; option && option->name; option++)
		option_json(out, option);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

static int show_adapter(struct ctl *ctl, hg_loader *loader, const char *name)
{
	g_autoptr(GError) error = NULL;
	const struct hg_adapter *adapter = hg_loader_get(loader, name, &error);

	if (!adapter) {
		ctl_say_error(ctl, "%s", error->message);
		return g_error_matches(error, HG_ERROR, HG_ERROR_MISSING) ? CTL_MISSING : CTL_REFUSED;
	}
	if (ctl->json) {
		g_autoptr(GString) out = g_string_new(NULL);

		adapter_json(out, adapter);
		puts(out->str);
		return CTL_DONE;
	}
	printf("%s %s: %s\n", adapter->name, adapter->version, adapter->summary);
	for (const struct hg_option *option = adapter->options; option && option->name; option++)
		print_option(option);
	return CTL_DONE;
}

int ctl_adapters(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	g_autoptr(GString) out = g_string_new(NULL);
	int code = CTL_DONE;

	if (argc > 2)
		return ctl_usage(ctl, argv[0], "unexpected \"%s\"", argv[2]);
	if (argc == 2)
		return show_adapter(ctl, loader, argv[1]);
	hg_json_open(out, '[');
	for (const char *const *name = hg_loader_names(loader); *name; name++) {
		g_autoptr(GError) error = NULL;
		const struct hg_adapter *adapter = hg_loader_get(loader, *name, &error);

		if (!adapter) {
			ctl_say_error(ctl, "%s", error->message);
			code = CTL_PARTLY;
		} else if (ctl->json) {
			adapter_json(out, adapter);
		} else {
			printf("%-12s %-8s %s\n", adapter->name, adapter->version, adapter->summary);
		}
	}
	hg_json_close(out, ']');
	if (ctl->json)
		puts(out->str);
	return code;
}

/* ---- docs ---- */

int ctl_docs(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	g_autoptr(GPtrArray) adapters = g_ptr_array_new();
	const char *what = argc == 2 ? argv[1] : "";
	g_autofree char *text = NULL, *rules = hg_rules_schema();

	for (const char *const *name = hg_loader_names(loader); *name; name++) {
		const struct hg_adapter *adapter = hg_loader_get(loader, *name, NULL);

		if (adapter)
			g_ptr_array_add(adapters, (gpointer)adapter);
	}
	g_ptr_array_add(adapters, NULL);
	hg_docs_rules_schema = rules;
	if (strcmp(what, "schema") == 0)
		text = hg_docs_schema((const struct hg_adapter *const *)adapters->pdata);
	else if (strcmp(what, "sample") == 0)
		text = hg_docs_sample((const struct hg_adapter *const *)adapters->pdata);
	else if (strcmp(what, "man") == 0)
		text = hg_docs_man((const struct hg_adapter *const *)adapters->pdata);
	else
		return ctl_usage(ctl, argv[0], "schema, sample or man is wanted");
	fputs(text, stdout);
	return CTL_DONE;
}

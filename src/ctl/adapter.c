/* adapter.c - adapters that are installed: which there are, and the options of one */
#include <stdio.h>
#include "ctl.h"
#include "fail.h"
#include "load.h"

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
		ctl_put_json(out->str);
		return CTL_DONE;
	}
	printf("%s %s: %s\n", adapter->name, adapter->version, adapter->summary);
	for (const struct hg_option *option = adapter->options; option && option->name; option++)
		print_option(option);
	return CTL_DONE;
}

static int list_adapters(struct ctl *ctl, hg_loader *loader)
{
	g_autoptr(GString) out = g_string_new(NULL);
	int code = CTL_DONE;

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
		ctl_put_json(out->str);
	return code;
}

/* ---- the verbs ---- */

static int list(struct ctl *ctl)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());

	return list_adapters(ctl, loader);
}

static int info(struct ctl *ctl)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());

	return show_adapter(ctl, loader, ctl_value(ctl, "NAME"));
}

static int adapters(struct ctl *ctl)
{
	return ctl_given(ctl, "NAME") ? info(ctl) : list(ctl);
}

#define LOADED "Loads the files as the daemon would: a mistake in the table of one is told, with its row."
#define LOADED_EXITS "4 there is no such adapter, 5 its table has a mistake, 6 some cannot be loaded"

static const struct ctl_verb list_verb = {
	.name = "list", .help = "those that are installed", .usual = TRUE, .run = list, .more = LOADED, .exits = LOADED_EXITS,
};

static const struct ctl_verb info_verb = {
	.name = "info", .help = "one of them, with its options", .run = info, .args = CTL_PARAMS({ "NAME", CTL_ADAPTER }),
	.more = LOADED, .exits = LOADED_EXITS,
};

const struct ctl_verb ctl_verb_adapter = {
	.name = "adapter", .help = "adapters: which there are, what they can be told, and how one is begun",
	.subs = CTL_SUBS(&list_verb, &info_verb, &ctl_adapter_new, &ctl_adapter_test),
};

const struct ctl_verb ctl_verb_adapters = {
	.name = "adapters", .help = "the same as headgatectl adapter list, and adapter info", .run = adapters,
	.args = CTL_PARAMS({ "NAME", CTL_ADAPTER, .help = "the options of one", .flags = CTL_MAYBE }),
	.exits = LOADED_EXITS,
};

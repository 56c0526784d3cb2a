/* completion.c - the verb "completion": scripts for three shells, and the names that they ask for */
#include <stdio.h>
#include "completion.h"
#include "desk_samples.h"
#include "load.h"

static void print_keys(const hg_node *root, const char *section)
{
	const hg_node *map = root && hg_node_type(root) == HG_NODE_MAP ? hg_node_get(root, section) : NULL;

	for (guint i = 0; map && hg_node_type(map) == HG_NODE_MAP && i < hg_node_size(map); i++) {
		g_autofree char *name = ctl_safe(hg_node_key(map, i), FALSE);

		puts(name);
	}
}

/* A configuration that cannot be read has no names; that is no news to who presses a key. */
static int names_of_config(const struct ctl *ctl, const char *section)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_doc) doc = hg_doc_read(ctl_config(ctl), diag);

	print_keys(doc ? hg_doc_root(doc) : NULL, section);
	return CTL_DONE;
}

static int channels(struct ctl *ctl)
{
	return names_of_config(ctl, "channels");
}

static int backends(struct ctl *ctl)
{
	return names_of_config(ctl, "backends");
}

static int adapters(struct ctl *ctl)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());

	(void)ctl;
	for (const char *const *name = hg_loader_names(loader); *name; name++)
		puts(*name);
	return CTL_DONE;
}

static int presets(struct ctl *ctl)
{
	g_auto(GStrv) all = hg_desk_names();

	(void)ctl;
	for (char **name = all; *name; name++)
		puts(*name);
	return CTL_DONE;
}

static int verbs(struct ctl *ctl)
{
	(void)ctl;
	for (const struct ctl_entry *entry = ctl_entries; entry->verb || entry->group; entry++)
		if (entry->verb)
			puts(entry->verb->name);
	return CTL_DONE;
}

static int names(struct ctl *ctl)
{
	static const struct { const char *word; int (*print)(struct ctl *ctl); } all[] = { { "channel", channels },
		{ "backend", backends }, { "adapter", adapters }, { "preset", presets }, { "verb", verbs } };
	const char *what = ctl_value(ctl, "WHAT");

	for (guint i = 0; i < G_N_ELEMENTS(all); i++)
		if (g_str_equal(what, all[i].word))
			return all[i].print(ctl);
	return CTL_USAGE;
}

static int print_script(char *(*make)(void))
{
	g_autofree char *script = make();

	fputs(script, stdout);
	return CTL_DONE;
}

static int bash(struct ctl *ctl)
{
	(void)ctl;
	return print_script(ctl_completion_bash);
}

static int zsh(struct ctl *ctl)
{
	(void)ctl;
	return print_script(ctl_completion_zsh);
}

static int fish(struct ctl *ctl)
{
	(void)ctl;
	return print_script(ctl_completion_fish);
}

static const struct ctl_verb bash_verb = {
	.name = "bash", .help = "the script of bash", .run = bash,
	.more = "For one shell:\n\n  . <(headgatectl completion bash)\n\nFor all of the machine:\n\n"
		"  headgatectl completion bash >/usr/share/bash-completion/completions/headgatectl",
};

static const struct ctl_verb zsh_verb = {
	.name = "zsh", .help = "the script of zsh", .run = zsh,
	.more = "Into a directory of $fpath, named _headgatectl:\n\n"
		"  headgatectl completion zsh >/usr/share/zsh/vendor-completions/_headgatectl",
};

static const struct ctl_verb fish_verb = {
	.name = "fish", .help = "the script of fish", .run = fish,
	.more = "For one user:\n\n  headgatectl completion fish >~/.config/fish/completions/headgatectl.fish",
};

static const struct ctl_verb names_verb = {
	.name = "names", .help = "what the scripts ask for: names of the configuration, and of what is installed", .run = names,
	.args = CTL_PARAMS({ "WHAT", CTL_WORD, .words = "channel|backend|adapter|preset|verb" }),
};

const struct ctl_verb ctl_verb_completion = {
	.name = "completion", .help = "what a shell completes behind headgatectl",
	.subs = CTL_SUBS(&bash_verb, &zsh_verb, &fish_verb, &names_verb),
};

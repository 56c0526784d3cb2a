/* docs_json.c - the table of verbs for programs */
#include "ctl.h"
#include "docs_verb.h"

static const char *kind_of(const struct ctl_param *param)
{
	static const char *const words[CTL_N_KINDS] = { [CTL_TEXT] = "text", [CTL_FLAG] = "flag", [CTL_WORD] = "word",
		[CTL_NUMBER] = "number", [CTL_SHARE] = "share", [CTL_SPAN] = "span", [CTL_TIME] = "time", [CTL_FILE] = "file",
		[CTL_DIR] = "dir", [CTL_CHANNEL] = "channel", [CTL_BACKEND] = "backend", [CTL_ADAPTER] = "adapter",
		[CTL_PRESET] = "preset", [CTL_KEY] = "key", [CTL_VERB_NAME] = "verb" };

	return words[param->kind];
}

static void put_param(GString *out, const struct ctl_param *param, gboolean needed)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", param->name);
	hg_json_add_str(out, "kind", kind_of(param));
	hg_json_opt_str(out, "words", param->words);
	hg_json_add_bool(out, "needed", needed);
	hg_json_add_bool(out, "many", (param->flags & CTL_MANY) != 0);
	hg_json_opt_str(out, "help", param->help);
	hg_json_close(out, '}');
}

static void put_params(GString *out, const char *key, const struct ctl_param *params, gboolean args, gboolean asks)
{
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (; params && params->name; params++)
		if (!(params->flags & CTL_HIDDEN))
			put_param(out, params, args ? !(params->flags & CTL_MAYBE) : (params->flags & CTL_NEEDED) != 0);
	if (asks)
		put_param(out, &ctl_yes, FALSE);
	hg_json_close(out, ']');
}

static void put_verb(GString *out, const struct ctl_verb *verb, const char *path)
{
	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++) {
		g_autofree char *longer = g_strdup_printf("%s %s", path, (*sub)->name);

		put_verb(out, *sub, longer);
	}
	if (verb->subs)
		return;
	hg_json_open(out, '{');
	hg_json_add_str(out, "verb", path);
	hg_json_add_str(out, "help", verb->help);
	put_params(out, "arguments", verb->args, TRUE, FALSE);
	put_params(out, "options", verb->options, FALSE, verb->asks);
	hg_json_close(out, '}');
}

char *ctl_verbs_json(const struct ctl_verb *verb, const char *path)
{
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "verbs");
	hg_json_open(out, '[');
	if (verb)
		put_verb(out, verb, path);
	for (const struct ctl_entry *entry = ctl_entries; !verb && (entry->group || entry->verb); entry++)
		if (entry->verb)
			put_verb(out, entry->verb, entry->verb->name);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	g_string_append_c(out, '\n');
	return g_string_free(out, FALSE);
}

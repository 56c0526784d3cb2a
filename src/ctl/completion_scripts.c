/* completion_scripts.c - scripts for bash, zsh and fish: the table as data of each, and a little code that walks it */
#include <string.h>
#include "completion.h"

/* ---- what all three say of a value ---- */

/* "@channel": the script asks for names; "open|closed"; "-": nothing is known of it.  Yours. */
static char *values_of(const struct ctl_param *param)
{
	static const char *const names[CTL_N_KINDS] = { [CTL_FILE] = "@file", [CTL_DIR] = "@dir", [CTL_CHANNEL] = "@channel",
		[CTL_BACKEND] = "@backend", [CTL_ADAPTER] = "@adapter", [CTL_PRESET] = "@preset", [CTL_VERB_NAME] = "@verb" };

	if (param->kind == CTL_WORD)
		return g_strdup(param->words);
	return g_strdup(names[param->kind] ? names[param->kind] : "-");
}

static void put_quoted(GString *out, const char *text)
{
	g_autofree char *quoted = g_shell_quote(text);

	g_string_append(out, quoted);
}

struct walk {
	GString *out;
	void (*verb)(struct walk *walk, const struct ctl_verb *verb, const char *path);
};

static void walk_verb(struct walk *walk, const struct ctl_verb *verb, const char *path)
{
	walk->verb(walk, verb, path);
	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++) {
		g_autofree char *longer = g_strdup_printf("%s %s", path, (*sub)->name);

		walk_verb(walk, *sub, longer);
	}
}

static void walk_all(struct walk *walk)
{
	for (const struct ctl_entry *entry = ctl_entries; entry->verb || entry->group; entry++)
		if (entry->verb)
			walk_verb(walk, entry->verb, entry->verb->name);
}

/* Calls each for what may stand behind the verb: of a verb with commands what its usual one takes. */
static void for_options(const struct ctl_verb *verb, void (*each)(GString *out, const struct ctl_param *option), GString *out)
{
	const struct ctl_verb *from = verb->subs ? ctl_usual(verb) : verb;

	for (const struct ctl_param *option = from ? from->options : NULL; option && option->name; option++)
		if (!(option->flags & CTL_HIDDEN))
			each(out, option);
	if (from && from->asks)
		each(out, &ctl_yes);
}

/* Options with values that stand in front of a verb: "--config|-c|...", so that the value is taken for no verb. */
static void put_valued(GString *out, const char *between)
{
	gboolean first = TRUE;

	for (const struct ctl_param *param = ctl_common; param->name; param++) {
		if (param->kind == CTL_FLAG)
			continue;
		g_string_append_printf(out, "%s--%s", first ? "" : between, param->name);
		if (param->letter)
			g_string_append_printf(out, "%s-%c", between, param->letter);
		first = FALSE;
	}
}

/* ---- bash ---- */

static const char bash_walk[] =
	"_headgatectl_values() {\n"
	"\tlocal IFS=$'\\n' names\n"
	"\tcase \"$1\" in\n"
	"\t-) ;;\n"
	"\t@file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
	"\t@dir) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"
	"\t@*) names=$(\"${COMP_WORDS[0]}\" \"${before[@]}\" completion names \"${1#@}\" 2>/dev/null)\n"
	"\t\tCOMPREPLY=($(compgen -W \"$names\" -- \"$cur\")) ;;\n"
	"\t*) COMPREPLY=($(compgen -W \"${1//|/$'\\n'}\" -- \"$cur\")) ;;\n"
	"\tesac\n"
	"}\n\n"
	"_headgatectl() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} path='' subs='' options='' args='' word option i n=0\n"
	"\tlocal -a before=() list=()\n"
	"\tCOMPREPLY=()\n"
	"\t_headgatectl_table ''\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $word == -* ]]; then\n"
	"\t\t\tfor option in $options $_headgatectl_common; do\n"
	"\t\t\t\t[[ ${option%%=*} == \"$word\" && $option == *=* ]] || continue\n"
	"\t\t\t\tif ((i + 1 == COMP_CWORD)); then _headgatectl_values \"${option#*=}\"; return; fi\n"
	"\t\t\t\tcase $word in -c | --config | -s | --socket) before+=(\"$word\" \"${COMP_WORDS[i + 1]}\") ;; esac\n"
	"\t\t\t\t((i++))\n"
	"\t\t\t\tbreak\n"
	"\t\t\tdone\n"
	"\t\telif [[ \" $subs \" == *\" $word \"* ]]; then\n"
	"\t\t\tpath=${path:+$path }$word subs='' options='' args='' n=0\n"
	"\t\t\t_headgatectl_table \"$path\"\n"
	"\t\telse\n"
	"\t\t\t((n++))\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tfor option in $options $_headgatectl_common; do list+=(\"${option%%=*}\"); done\n"
	"\t\tCOMPREPLY=($(compgen -W \"${list[*]}\" -- \"$cur\"))\n"
	"\telif [[ -n $subs ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$subs\" -- \"$cur\"))\n"
	"\telse\n"
	"\t\tlist=($args)\n"
	"\t\tif ((n >= ${#list[@]} && ${#list[@]})) && [[ ${list[-1]} == *+ ]]; then n=$((${#list[@]} - 1)); fi\n"
	"\t\t[[ -n ${list[n]} ]] && _headgatectl_values \"${list[n]%+}\"\n"
	"\tfi\n"
	"\treturn 0\n"
	"}\n\ncomplete -F _headgatectl headgatectl\n";

static void bash_option(GString *out, const struct ctl_param *option)
{
	g_autofree char *values = values_of(option);
	const char *equal = option->kind == CTL_FLAG ? "" : "=";

	if (option->kind == CTL_FLAG)
		*values = '\0';
	g_string_append_printf(out, " --%s%s%s", option->name, equal, values);
	if (option->letter)
		g_string_append_printf(out, " -%c%s%s", option->letter, equal, values);
}

static void bash_verb(struct walk *walk, const struct ctl_verb *verb, const char *path)
{
	GString *out = walk->out;

	g_string_append_printf(out, "\t'%s')", path);
	if (verb->subs) {
		g_string_append(out, " subs='");
		for (const struct ctl_verb *const *sub = verb->subs; *sub; sub++)
			g_string_append_printf(out, "%s%s", sub == verb->subs ? "" : " ", (*sub)->name);
		g_string_append_c(out, '\'');
	}
	g_string_append(out, " options='");
	for_options(verb, bash_option, out);
	g_string_append(out, "' args='");
	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++) {
		g_autofree char *values = values_of(arg);

		g_string_append_printf(out, " %s%s", values, arg->flags & CTL_MANY ? "+" : "");
	}
	g_string_append(out, "' ;;\n");
}

static void put_verb_names(GString *out)
{
	for (const struct ctl_entry *entry = ctl_entries; entry->verb || entry->group; entry++)
		if (entry->verb)
			g_string_append_printf(out, "%s ", entry->verb->name);
}

char *ctl_completion_bash(void)
{
	GString *out = g_string_new("# bash completion of headgatectl, made by \"headgatectl completion bash\"\n\n_headgatectl_common='");
	struct walk walk = { out, bash_verb };

	for (const struct ctl_param *param = ctl_common; param->name; param++)
		bash_option(out, param);
	g_string_append(out, "'\n\n_headgatectl_table() {\n\tcase \"$1\" in\n\t'') subs='");
	put_verb_names(out);
	g_string_append(out, "' ;;\n");
	walk_all(&walk);
	g_string_append(out, "\tesac\n}\n\n");
	g_string_append(out, bash_walk);
	return g_string_free(out, FALSE);
}

/* ---- zsh ---- */

static const char zsh_walk[] =
	"_headgatectl_names() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(headgatectl $before completion names $1 2>/dev/null)\"})\n"
	"\tcompadd -a names\n"
	"}\n\n"
	"_headgatectl() {\n"
	"\tlocal verb_path='' word\n"
	"\tlocal -a subs options args before names\n"
	"\tlocal -i at=2 start=2\n"
	"\t_headgatectl_table ''\n"
	"\twhile (( at < CURRENT )); do\n"
	"\t\tword=$words[at]\n"
	"\t\tcase $word in\n"
	"\t\tVALUED) before+=($word $words[at+1]); (( at += 2 )); continue ;;\n"
	"\t\t-*) (( at++ )); continue ;;\n"
	"\t\tesac\n"
	"\t\tnames=(${subs%%:*})\n"
	"\t\t(( $names[(Ie)$word] )) || break\n"
	"\t\tverb_path=${verb_path:+$verb_path }$word\n"
	"\t\tsubs=() options=() args=()\n"
	"\t\t_headgatectl_table $verb_path\n"
	"\t\t(( at++ ))\n"
	"\t\tstart=at\n"
	"\tdone\n"
	"\tif (( $#subs )) && [[ $words[CURRENT] != -* && $words[CURRENT-1] != (VALUED) ]]; then\n"
	"\t\t_describe command subs\n"
	"\t\treturn\n"
	"\tfi\n"
	"\twords=(headgatectl ${words[start,-1]})\n"
	"\t(( CURRENT -= start - 2 ))\n"
	"\t_arguments -s $options $_headgatectl_common $args\n"
	"}\n\n"
	"_headgatectl \"$@\"\n";

/* In front of brackets and colons stands a backslash. */
static char *zsh_text(const char *text)
{
	GString *out = g_string_new(NULL);

	for (; *text; text++) {
		if (strchr("[]:\\", *text))
			g_string_append_c(out, '\\');
		g_string_append_c(out, *text);
	}
	return g_string_free(out, FALSE);
}

static char *zsh_action(const struct ctl_param *param)
{
	g_autofree char *values = values_of(param);

	if (param->kind == CTL_WORD)
		return g_strdup_printf("(%s)", g_strdelimit(values, "|", ' '));
	if (strcmp(values, "@file") == 0)
		return g_strdup("_files");
	if (strcmp(values, "@dir") == 0)
		return g_strdup("_files -/");
	return values[0] == '@' ? g_strdup_printf("{_headgatectl_names %s}", values + 1) : g_strdup(" ");
}

static void zsh_spelling(GString *out, const struct ctl_param *option, const char *dashes, const char *name)
{
	const char *word = ctl_value_word(option);
	g_autofree char *help = zsh_text(option->help), *action = zsh_action(option);
	g_autofree char *spec = g_strdup_printf("%s%s%s[%s]%s%s%s%s", option->flags & CTL_MANY ? "*" : "", dashes, name, help,
						word ? ":" : "", word ? word : "", word ? ":" : "", word ? action : "");

	g_string_append_c(out, ' ');
	put_quoted(out, spec);
}

static void zsh_option(GString *out, const struct ctl_param *option)
{
	const char letter[2] = { option->letter, '\0' };

	zsh_spelling(out, option, "--", option->name);
	if (option->letter)
		zsh_spelling(out, option, "-", letter);
}

static void zsh_subs(GString *out, const char *name, const char *help)
{
	g_autofree char *text = zsh_text(help), *both = g_strdup_printf("%s:%s", name, text);

	g_string_append_c(out, ' ');
	put_quoted(out, both);
}

static void zsh_verb(struct walk *walk, const struct ctl_verb *verb, const char *path)
{
	GString *out = walk->out;

	g_string_append_printf(out, "\t'%s')\n\t\tsubs=(", path);
	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++)
		zsh_subs(out, (*sub)->name, (*sub)->help);
	g_string_append(out, " )\n\t\toptions=(");
	for_options(verb, zsh_option, out);
	g_string_append(out, " )\n\t\targs=(");
	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++) {
		g_autofree char *action = zsh_action(arg);
		g_autofree char *spec = g_strdup_printf("%s:%s:%s", arg->flags & CTL_MANY ? "*" : "", arg->name, action);

		g_string_append_c(out, ' ');
		put_quoted(out, spec);
	}
	g_string_append(out, " )\n\t\t;;\n");
}

char *ctl_completion_zsh(void)
{
	GString *out = g_string_new("#compdef headgatectl\n# made by \"headgatectl completion zsh\"\n\n_headgatectl_common=(");
	struct walk walk = { out, zsh_verb };
	g_autoptr(GString) valued = g_string_new(NULL), code = g_string_new(zsh_walk);

	for (const struct ctl_param *param = ctl_common; param->name; param++)
		zsh_option(out, param);
	g_string_append(out, " )\n\n_headgatectl_table() {\n\tcase $1 in\n\t'')\n\t\tsubs=(");
	for (const struct ctl_entry *entry = ctl_entries; entry->verb || entry->group; entry++)
		if (entry->verb)
			zsh_subs(out, entry->verb->name, entry->verb->help);
	g_string_append(out, " )\n\t\t;;\n");
	walk_all(&walk);
	g_string_append(out, "\tesac\n}\n\n");
	put_valued(valued, "|");
	g_string_replace(code, "VALUED", valued->str, 0);
	g_string_append(out, code->str);
	return g_string_free(out, FALSE);
}

/* ---- fish ---- */

static const char fish_walk[] =
	"# The words in front of the cursor that are no options and no values of those that stand in front of a verb.\n"
	"function __headgatectl_words\n"
	"\tset -l skip 0\n"
	"\tfor word in (commandline -opc)[2..]\n"
	"\t\tif test $skip = 1\n\t\t\tset skip 0\n\t\t\tcontinue\n\t\tend\n"
	"\t\tswitch $word\n\t\t\tcase VALUED\n\t\t\t\tset skip 1\n\t\t\tcase '-*'\n\t\t\tcase '*'\n\t\t\t\techo $word\n\t\tend\n"
	"\tend\n"
	"end\n\n"
	"function __headgatectl_at\n"
	"\ttest \"$argv\" = (string join ' ' -- (__headgatectl_words))\"\"\n"
	"end\n\n"
	"function __headgatectl_in\n"
	"\tset -l words (__headgatectl_words)\n"
	"\ttest (count $words) -ge (count $argv); and test \"$argv\" = \"$words[1..(count $argv)]\"\n"
	"end\n\n"
	"function __headgatectl_config\n"
	"\tset -l words (commandline -opc)\n"
	"\tfor i in (seq 2 (count $words))\n"
	"\t\tcontains -- $words[$i] -c --config; and test $i -lt (count $words); and printf '%s\\n' -c $words[(math $i + 1)]\n"
	"\tend\n"
	"end\n\n"
	"complete -c headgatectl -f\n";

/* What completes the value, behind -a or as an option of complete. */
static void fish_values(GString *out, const struct ctl_param *param)
{
	g_autofree char *values = values_of(param), *call = NULL;

	if (strcmp(values, "@file") == 0) {
		g_string_append(out, " -F");
	} else if (strcmp(values, "@dir") == 0) {
		g_string_append(out, " -a '(__fish_complete_directories)'");
	} else if (values[0] == '@') {
		call = g_strdup_printf("(headgatectl (__headgatectl_config) completion names %s 2>/dev/null)", values + 1);
		g_string_append(out, " -a ");
		put_quoted(out, call);
	} else if (param->kind == CTL_WORD) {
		g_string_append_printf(out, " -a '%s'", g_strdelimit(values, "|", ' '));
	}
}

static void fish_option(GString *out, const struct ctl_param *option)
{
	g_string_append_printf(out, " -l %s", option->name);
	if (option->letter)
		g_string_append_printf(out, " -s %c", option->letter);
	if (option->kind != CTL_FLAG) {
		g_string_append(out, option->kind == CTL_FILE ? " -r" : " -x");
		fish_values(out, option);
	}
	g_string_append(out, " -d ");
	put_quoted(out, option->help);
	g_string_append_c(out, '\n');
}

static void fish_sub(GString *out, const char *path, const struct ctl_verb *verb)
{
	g_string_append_printf(out, "complete -c headgatectl -n '__headgatectl_at%s%s' -a %s -d ", *path ? " " : "", path, verb->name);
	put_quoted(out, verb->help);
	g_string_append_c(out, '\n');
}

static void fish_verb(struct walk *walk, const struct ctl_verb *verb, const char *path)
{
	const struct ctl_verb *from = verb->subs ? ctl_usual(verb) : verb;
	g_autofree char *start = g_strdup_printf("complete -c headgatectl -n '__headgatectl_%s %s'", verb->subs ? "at" : "in", path);

	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++)
		fish_sub(walk->out, path, *sub);
	for (const struct ctl_param *option = from ? from->options : NULL; option && option->name; option++)
		if (!(option->flags & CTL_HIDDEN)) {
			g_string_append(walk->out, start);
			fish_option(walk->out, option);
		}
	if (from && from->asks) {
		g_string_append(walk->out, start);
		fish_option(walk->out, &ctl_yes);
	}
	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++) {
		gsize before = walk->out->len;

		g_string_append(walk->out, start);
		fish_values(walk->out, arg);
		if (walk->out->len == before + strlen(start))	/* nothing is known of it */
			g_string_truncate(walk->out, before);
		else
			g_string_append_c(walk->out, '\n');
	}
}

char *ctl_completion_fish(void)
{
	GString *out = g_string_new("# fish completion of headgatectl, made by \"headgatectl completion fish\"\n\n");
	struct walk walk = { out, fish_verb };
	g_autoptr(GString) valued = g_string_new(NULL), code = g_string_new(fish_walk);

	put_valued(valued, " ");
	g_string_replace(code, "VALUED", valued->str, 0);
	g_string_append(out, code->str);
	for (const struct ctl_param *param = ctl_common; param->name; param++) {
		g_string_append(out, "complete -c headgatectl");
		fish_option(out, param);
	}
	for (const struct ctl_entry *entry = ctl_entries; entry->verb || entry->group; entry++)
		if (entry->verb)
			fish_sub(out, "", entry->verb);
	walk_all(&walk);
	return g_string_free(out, FALSE);
}

/* help.c - what the table says of a verb, for people */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "docs_verb.h"

#define WIDTH_MAX 100
#define WIDTH_USUAL 80			/* where there is no terminal */
#define NAMES_MAX 30			/* columns of options; what is longer has a line of its own */

const struct ctl_verb *ctl_usual(const struct ctl_verb *verb)
{
	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++)
		if ((*sub)->usual)
			return *sub;
	return NULL;
}

/* ---- one line: what stands behind a verb ---- */

const char *ctl_value_word(const struct ctl_param *param)
{
	static const char *const words[CTL_N_KINDS] = { [CTL_TEXT] = "TEXT", [CTL_WORD] = "WORD", [CTL_NUMBER] = "N",
		[CTL_SHARE] = "SHARE", [CTL_SPAN] = "SPAN", [CTL_TIME] = "TIME", [CTL_FILE] = "FILE", [CTL_DIR] = "DIR",
		[CTL_CHANNEL] = "NAME", [CTL_BACKEND] = "NAME", [CTL_ADAPTER] = "NAME", [CTL_PRESET] = "NAME",
		[CTL_KEY] = "KEY", [CTL_VERB_NAME] = "VERB" };

	return param->value ? param->value : words[param->kind];
}

static void add_option(GString *out, const struct ctl_param *option)
{
	const char *word = ctl_value_word(option), *open = option->flags & CTL_NEEDED ? "" : "[";

	g_string_append_printf(out, " %s--%s%s%s%s%s", open, option->name, word ? " " : "", word ? word : "",
			       *open ? "]" : "", option->flags & CTL_MANY ? "..." : "");
}

static void add_arg(GString *out, const struct ctl_param *arg)
{
	const char *open = arg->flags & CTL_MAYBE ? "[" : "";
	const char *name = arg->kind == CTL_WORD ? arg->words : arg->name;

	g_string_append_printf(out, " %s%s%s%s", open, name, *open ? "]" : "", arg->flags & CTL_MANY ? "..." : "");
}

static void add_commands(GString *out, const struct ctl_verb *verb)
{
	gboolean usual = ctl_usual(verb) != NULL;

	g_string_append(out, usual ? " [" : " ");
	for (const struct ctl_verb *const *sub = verb->subs; *sub; sub++)
		g_string_append_printf(out, "%s%s", sub == verb->subs ? "" : "|", (*sub)->name);
	g_string_append(out, usual ? "] ..." : " ...");
}

/* all: what may be given, too; rest: that there is more is said. */
static char *synopsis_of(const struct ctl_verb *verb, gboolean all, gboolean rest)
{
	GString *out = g_string_new(NULL);
	gboolean more = verb->asks;

	if (verb->subs)
		add_commands(out, verb);
	for (const struct ctl_param *option = verb->options; option && option->name; option++) {
		if (option->flags & CTL_HIDDEN)
			continue;
		if (all || option->flags & CTL_NEEDED)
			add_option(out, option);
		else
			more = TRUE;
	}
	if (all && verb->asks)
		add_option(out, &ctl_yes);
	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++)
		add_arg(out, arg);
	if (rest && more)
		g_string_append(out, " [OPTION]...");
	if (out->len)
		g_string_erase(out, 0, 1);
	return g_string_free(out, FALSE);
}

char *ctl_synopsis(const struct ctl_verb *verb, gboolean brief)
{
	return synopsis_of(verb, !brief, brief);
}

/* ---- paragraphs ---- */

static int width(void)
{
	int columns = ctl_columns();

	return columns > 40 ? MIN(columns, WIDTH_MAX) : WIDTH_USUAL;
}

/* The words of one line's text; *at is the column where it goes on. */
static void fill(const char *text, int indent, int most, int *at)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);

	for (char **word = words; *word; word++) {
		int len = (int)g_utf8_strlen(*word, -1);

		if (!len)
			continue;
		if (*at > indent && *at + 1 + len > most) {
			printf("\n%*s", indent, "");
			*at = indent;
		}
		*at += printf("%s%s", *at > indent ? " " : "", *word);
	}
}

void ctl_print_filled(const char *text, int indent, int most)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line; line++) {
		int at = indent;

		if (**line)
			printf("%*s", indent, "");
		if (**line == ' ')
			fputs(*line, stdout);
		else
			fill(*line, indent, most, &at);
		putchar('\n');
	}
}

/* ---- options and arguments ---- */

static gboolean any_letter(const struct ctl_param *params)
{
	for (; params && params->name; params++)
		if (params->letter)
			return TRUE;
	return FALSE;
}

/* letters: some beside it have one. */
static char *name_of(const struct ctl_param *param, gboolean letters)
{
	const char *word = ctl_value_word(param);
	g_autofree char *letter = param->letter ? g_strdup_printf("-%c, ", param->letter) : g_strdup(letters ? "    " : "");

	if (g_ascii_isupper(param->name[0]))
		return g_strdup(param->name);
	return g_strdup_printf("%s--%s%s%s", letter, param->name, word ? " " : "", word ? word : "");
}

static void print_row(const char *name, const char *help, int column)
{
	int at = 2 + printf("  %s", name) - 2;

	if (at + 2 > column) {
		printf("\n%*s", column, "");
		at = column;
	} else {
		printf("%*s", column - at, "");
	}
	at = column;
	fill(help, column, width(), &at);
	putchar('\n');
}

static char *help_of(const struct ctl_param *param)
{
	const char *again = param->flags & CTL_MANY && !g_ascii_isupper(param->name[0]) ? "; may be given again" : "";
	const char *brackets = param->help ? strrchr(param->help, '[') : NULL;
	g_autofree char *front = NULL;

	if (!brackets || brackets == param->help || !*again)
		return g_strconcat(param->help ? param->help : "", again, NULL);
	front = g_strndup(param->help, (gsize)(brackets - param->help - 1));
	return g_strconcat(front, again, " ", brackets, NULL);
}

static int column_of(const struct ctl_verb *verb)
{
	const struct ctl_param asks[] = { ctl_yes, { NULL } }, *lists[] = { verb->args, verb->options, verb->asks ? asks : NULL };
	int column = 0;

	for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
		for (const struct ctl_param *param = lists[i]; param && param->name; param++) {
			g_autofree char *name = name_of(param, any_letter(lists[i]));

			if (strlen(name) + 4 <= NAMES_MAX && (param->help || i))
				column = MAX(column, (int)strlen(name) + 4);
		}
	return MAX(column, 12);
}

static void print_params(const struct ctl_param *params, int column)
{
	gboolean letters = any_letter(params);

	for (const struct ctl_param *param = params; param && param->name; param++) {
		g_autofree char *name = name_of(param, letters), *help = help_of(param);

		if (*help && !(param->flags & CTL_HIDDEN))
			print_row(name, help, column);
	}
}

static gboolean has_rows(const struct ctl_verb *verb)
{
	gboolean any = verb->asks || verb->options;

	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++)
		any |= arg->help != NULL;
	return any;
}

/* ---- a verb ---- */

static void print_commands(const struct ctl_verb *verb, const char *path)
{
	putchar('\n');
	for (const struct ctl_verb *const *sub = verb->subs; *sub; sub++) {
		g_autofree char *synopsis = synopsis_of(*sub, FALSE, FALSE);
		g_autofree char *line = g_strdup_printf("%s%s%s", (*sub)->name, *synopsis ? " " : "", synopsis);
		g_autofree char *help = g_strdup_printf("%s%s", (*sub)->help, (*sub)->usual ? "; the usual one" : "");

		print_row(line, help, 30);
	}
	printf("\n\"headgatectl help %s COMMAND\" says more\n", path);
}

static void print_examples(const char *examples)
{
	g_auto(GStrv) lines = g_strsplit(examples, "\n", -1);

	puts("\nexamples:");
	for (char **line = lines; *line; line++)
		printf("  headgatectl %s\n", *line);
}

static void print_verb(const struct ctl_verb *verb, const char *path)
{
	g_autofree char *synopsis = ctl_synopsis(verb, TRUE);

	printf("usage: headgatectl %s%s%s\n\n%s\n", path, *synopsis ? " " : "", synopsis, verb->help);
	if (has_rows(verb)) {
		int column = column_of(verb);

		putchar('\n');
		print_params(verb->args, column);
		print_params(verb->options, column);
		if (verb->asks)
			print_params((const struct ctl_param[]){ ctl_yes, { NULL } }, column);
	}
	if (verb->more) {
		putchar('\n');
		ctl_print_filled(verb->more, 0, width());
	}
	if (verb->exits) {
		g_autofree char *line = g_strdup_printf("exit codes: %s", verb->exits);

		putchar('\n');
		ctl_print_filled(line, 0, width());
	}
	if (verb->example)
		print_examples(verb->example);
	if (verb->subs)
		print_commands(verb, path);
}

/* ---- all ---- */

static void print_all(void)
{
	puts("headgatectl - looks at and steers a running headgated\n\n"
	     "usage: headgatectl [OPTION]... VERB [ARGUMENT]...");
	for (const struct ctl_entry *entry = ctl_entries; entry->group || entry->verb; entry++) {
		if (entry->group)
			printf("\n%s\n", entry->group);
		else
			print_row(entry->verb->name, entry->verb->help, 15);
	}
	puts("\nOptions");
	print_params(ctl_common, 23);
	puts("\nexit codes: 0 done, 1 the answer is no, 2 usage, 3 daemon not reachable, 4 not found,\n"
	     "5 refused, 6 partly done, 75 try again, 78 wrong configuration");
}

void ctl_print_help(const struct ctl_verb *verb, const char *path)
{
	if (verb)
		print_verb(verb, path);
	else
		print_all();
}

/* ---- the verb ---- */

static int help(struct ctl *ctl)
{
	g_autofree char *json = NULL;

	if (!ctl_find(ctl, ctl_values(ctl, "VERB")))
		return ctl->exit;
	if (!ctl->json) {
		ctl_print_help(ctl->verb, ctl->path->str);
		return CTL_DONE;
	}
	json = ctl_verbs_json(ctl->verb, ctl->path->str);
	fputs(json, stdout);
	return CTL_DONE;
}

const struct ctl_verb ctl_verb_help = {
	.name = "help", .help = "a summary, or that of a verb", .run = help,
	.args = CTL_PARAMS({ "VERB", CTL_VERB_NAME, .help = "of which verb, and which of its commands", .flags = CTL_MANY | CTL_MAYBE }),
	.more = "The same as --help behind it.  --json has options and arguments for programs.",
	.example = "help thread list",
};

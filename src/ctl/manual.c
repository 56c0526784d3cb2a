/* manual.c - doc/headgatectl.1 (mdoc(7)), made of the table, so that it cannot lag behind it */
#include <string.h>
#include "ctl.h"
#include "docs_verb.h"

#define DATE "November 22, 2026"
#define FILL 78				/* columns of the page's source */

static const char front[] =
	".\\\" Made by \"headgatectl docs ctl-man\" of the table of verbs.\n"
	".Dd " DATE "\n.Dt HEADGATECTL 1\n.Os\n.Sh NAME\n.Nm headgatectl\n.Nd look at and steer a running headgated\n"
	".Sh SYNOPSIS\n.Nm\n.Op Ar option ...\n.Ar verb\n.Op Ar argument ...\n"
	".Sh DESCRIPTION\n.Nm\ntalks to\n.Xr headgated 8\nover its unix socket.\n"
	"What looks at a configuration, at adapters and presets or at files\nneeds no daemon.\n"
	"Results go to standard output, everything else to standard error.\n"
	"What came from outside is printed so that it cannot steer the terminal.\n"
	"What cannot be undone easily asks first on a terminal, and wants\n.Fl \\-yes\nelsewhere.\n.Pp\n"
	"These options stand before or behind the verb;\na text that begins with a dash stands behind\n.Fl \\- :\n"
	".Bl -tag -width Ds\n";

static const char back[] =
	".Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
	".It Ev NO_COLOR\nWhen it is not empty, and unless\n.Fl \\-color Cm always\nis given, there are no colours.\n"
	".It Ev HEADGATE_ADAPTER_DIR\nWhere adapters are loaded from, instead of\n.Va gateway.adapter_dir .\n"
	".It Ev HEADGATE_EXAMPLE_DIR\nWhere\n.Cm adapter new\nfinds the example that adapters begin as.\n"
	".It Ev HEADGATE_PRESET_DIR\nWhere presets of helpdesks are looked for by name, instead of\n.Pa /etc/headgate/backends .\n"
	".El\n.Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n"
	".It 0\ndone\n.It 1\nthe answer is no: something is not up, breaches were found, a test failed\n"
	".It 2\nwrong usage, or a value the daemon does not take\n.It 3\nno daemon is reached, or it has ended\n"
	".It 4\nthere is no such thing\n.It 5\nrefused: rights, or the state of the thing\n.It 6\npartly done\n"
	".It 75\ntry again later\n.It 78\nthe configuration is wrong\n.El\n"
	".Sh EXAMPLES\nWhy did this message become no ticket?\n.Pp\n"
	".Dl $ headgatectl explain msg_01m7z855jne6m880d45tb8szs0\n.Pp\nWhat came in today, for a program:\n.Pp\n"
	".Dl $ headgatectl tail \\-\\-json | jq \\-r .type\n.Pp\nCompletion of all this in a shell:\n.Pp\n"
	".Dl $ . <(headgatectl completion bash)\n"
	".Sh SEE ALSO\n.Xr headgate.yaml 5 ,\n.Xr headgated 8\n";

/* ---- text ---- */

/* A backslash and a dash are themselves; a dot or quote in front of a line is no macro.  Lines are cut between words
 * when they are long, where fill says so. */
static void put_escaped(GString *out, const char *text, gsize len, gboolean fill)
{
	gsize start = out->len;

	for (gsize i = 0; i < len; i++) {
		if (fill && text[i] == ' ' && out->len - start + strcspn(text + i + 1, " ") >= FILL) {
			g_string_append_c(out, '\n');
			start = out->len;
			continue;
		}
		if (out->len == start && (text[i] == '.' || text[i] == '\''))
			g_string_append(out, "\\&");
		if (text[i] == '\\')
			g_string_append(out, "\\e");
		else if (text[i] == '-' && (!i || text[i - 1] == ' ' || text[i - 1] == '-'))
			g_string_append(out, "\\-");
		else
			g_string_append_c(out, text[i]);
	}
}

static gboolean ends_sentence(const char *text, gsize i)
{
	return strchr(".?", text[i]) && text[i + 1] == ' ' && (i < 2 || text[i - 2] != '.');
}

/* One line of text: each sentence on a line of its own, as mdoc wants it. */
static void put_sentences(GString *out, const char *text)
{
	const char *from = text;

	for (gsize i = 0; text[i]; i++) {
		if (!ends_sentence(text, i))
			continue;
		put_escaped(out, from, (gsize)(text + i + 1 - from), TRUE);
		g_string_append_c(out, '\n');
		from = text + i + 1 + strspn(text + i + 1, " ");
	}
	put_escaped(out, from, strlen(from), TRUE);
	if (*from)
		g_string_append_c(out, '\n');
}

/* "a line, a small letter first" as a sentence. */
static char *sentence_of(const char *help)
{
	char *text = g_strconcat(help, g_str_has_suffix(help, ".") || g_str_has_suffix(help, "?") ? "" : ".", NULL);

	text[0] = g_ascii_toupper(text[0]);
	return text;
}

static void put_literal(GString *out, char ***line)
{
	g_string_append(out, ".Bd -literal -offset indent -compact\n");
	for (; **line && ***line == ' '; (*line)++) {
		put_escaped(out, **line, strlen(**line), FALSE);
		g_string_append_c(out, '\n');
	}
	g_string_append(out, ".Ed\n");
}

static void put_paragraphs(GString *out, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	char **line = lines;

	while (*line) {
		if (**line == ' ') {
			put_literal(out, &line);
			continue;
		}
		if (**line)
			put_sentences(out, *line);
		else
			g_string_append(out, ".Pp\n");
		line++;
	}
}

/* ---- synopsis ---- */

static void put_option(GString *out, const struct ctl_param *option)
{
	const char *word = ctl_value_word(option);
	gboolean may = !(option->flags & CTL_NEEDED);

	g_string_append_printf(out, " %sFl \\-%s%s%s%s%s", may ? "Oo " : "", option->name, word ? " Ar " : "", word ? word : "",
			       may ? " Oc" : "", option->flags & CTL_MANY ? " Ns ..." : "");
}

static void put_arg(GString *out, const struct ctl_param *arg)
{
	gboolean may = arg->flags & CTL_MAYBE;
	g_auto(GStrv) words = g_strsplit(arg->kind == CTL_WORD ? arg->words : arg->name, "|", -1);
	g_autofree char *all = g_strjoinv(" | ", words);

	g_string_append_printf(out, " %s%s %s%s%s", may ? "Oo " : "", arg->kind == CTL_WORD ? "Cm" : "Ar", all, may ? " Oc" : "",
			       arg->flags & CTL_MANY ? " Ns ..." : "");
}

static void put_synopsis(GString *out, const struct ctl_verb *verb, const char *path)
{
	g_string_append_printf(out, ".It Cm %s", path);
	for (const struct ctl_param *option = verb->options; option && option->name; option++)
		if (!(option->flags & CTL_HIDDEN))
			put_option(out, option);
	if (verb->asks)
		put_option(out, &ctl_yes);
	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++)
		put_arg(out, arg);
	g_string_append_c(out, '\n');
}

/* ---- options ---- */

static void put_param(GString *out, const struct ctl_param *param)
{
	const char *word = ctl_value_word(param);
	g_autofree char *text = param->help ? sentence_of(param->help) : NULL;

	if (!text || param->flags & CTL_HIDDEN)
		return;
	g_string_append(out, ".It ");
	if (g_ascii_isupper(param->name[0]))
		g_string_append_printf(out, "Ar %s", param->name);
	else if (param->letter)
		g_string_append_printf(out, "Fl %c , \\-%s", param->letter, param->name);
	else
		g_string_append_printf(out, "Fl \\-%s", param->name);
	if (word && !g_ascii_isupper(param->name[0]))
		g_string_append_printf(out, " Ar %s", word);
	g_string_append_c(out, '\n');
	put_sentences(out, text);
	if (param->flags & CTL_MANY && !g_ascii_isupper(param->name[0]))
		g_string_append(out, "May be given again.\n");
}

static void put_params(GString *out, const struct ctl_verb *verb)
{
	g_autoptr(GString) rows = g_string_new(NULL);

	for (const struct ctl_param *arg = verb->args; arg && arg->name; arg++)
		put_param(rows, arg);
	for (const struct ctl_param *option = verb->options; option && option->name; option++)
		put_param(rows, option);
	if (rows->len)
		g_string_append_printf(out, ".Bl -tag -width Ds -compact\n%s.El\n", rows->str);
}

/* ---- verbs ---- */

static void put_exits(GString *out, const char *exits)
{
	g_autofree char *line = g_strdup_printf("Ends with %s.", exits);

	put_sentences(out, line);
}

static void put_examples(GString *out, const char *examples)
{
	g_auto(GStrv) lines = g_strsplit(examples, "\n", -1);

	for (char **line = lines; *line; line++) {
		g_string_append(out, ".Dl $ headgatectl ");
		put_escaped(out, *line, strlen(*line), FALSE);
		g_string_append_c(out, '\n');
	}
}

static void put_verb(GString *out, const struct ctl_verb *verb, const char *path)
{
	g_autofree char *text = sentence_of(verb->help);

	put_synopsis(out, verb, path);
	put_sentences(out, text);
	if (verb->usual)
		g_string_append(out, "This is what is done when no command is named.\n");
	if (verb->more)
		put_paragraphs(out, verb->more);
	put_params(out, verb);
	if (verb->exits)
		put_exits(out, verb->exits);
	if (verb->example)
		put_examples(out, verb->example);
	for (const struct ctl_verb *const *sub = verb->subs; sub && *sub; sub++) {
		g_autofree char *longer = g_strdup_printf("%s %s", path, (*sub)->name);

		put_verb(out, *sub, longer);
	}
}

char *ctl_manual(void)
{
	GString *out = g_string_new(front);
	gboolean open = FALSE;

	for (const struct ctl_param *param = ctl_common; param->name; param++)
		put_param(out, param);
	g_string_append(out, ".El\n.Sh VERBS\n");
	for (const struct ctl_entry *entry = ctl_entries; entry->group || entry->verb; entry++) {
		if (entry->verb) {
			put_verb(out, entry->verb, entry->verb->name);
			continue;
		}
		g_string_append_printf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", open ? ".El\n" : "", entry->group);
		open = TRUE;
	}
	g_string_append(out, ".El\n");
	g_string_append(out, back);
	return g_string_free(out, FALSE);
}

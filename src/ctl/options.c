/* options.c - from the words of the command line to a verb and what it was given, and what is said about wrong ones */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "text.h"

const struct ctl_param ctl_common[] = {
	{ "config", CTL_FILE, NULL, "the configuration [" HG_CONF_DEFAULT "]", NULL, 'c' },
	{ "socket", CTL_FILE, "PATH", "the daemon's socket [gateway.socket of the configuration]", NULL, 's' },
	{ "json", CTL_FLAG, NULL, "one JSON object, or one a line from verbs that go on" },
	{ "color", CTL_WORD, "WHEN", "auto, always or never [auto; NO_COLOR is honoured]", "auto|always|never" },
	{ "ascii", CTL_FLAG, NULL, "nothing but ASCII, whatever the locale can show" },
	{ "quiet", CTL_FLAG, NULL, "nothing but errors", NULL, 'q' },
	{ "verbose", CTL_FLAG, NULL, "says which calls are made, and how long they took", NULL, 'v' },
	{ "version", CTL_FLAG, NULL, "prints the version", NULL, 'V' },
	{ "help", CTL_FLAG, NULL, "prints a summary, or that of the verb it stands behind", NULL, 'h' },
	{ NULL } };

const struct ctl_param ctl_yes = { "yes", CTL_FLAG, NULL, "asks no question" };

#define CHAR_NEXT 256			/* options without a letter are numbered from here */

const char *ctl_config(const struct ctl *ctl)
{
	return ctl->config ? ctl->config : HG_CONF_DEFAULT;
}

/* ---- what is wrong ---- */

int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	ctl_say_error(ctl, "%s; see headgatectl help%s%s", text, ctl->path->len ? " " : "", ctl->path->str);
	return CTL_USAGE;
}

int ctl_unknown(const struct ctl *ctl, const char *what, const char *word, const char *const *known)
{
	const char *near = hg_nearest(word, known);

	return ctl_usage(ctl, "there is no %s \"%s\"%s%s%s", what, word, near ? "; did you mean \"" : "",
			 near ? near : "", near ? "\"?" : "");
}

static gboolean refuse(struct ctl *ctl, int code)
{
	ctl->exit = code;
	return FALSE;
}

/* ---- the options that stand at one place ---- */

struct options {
	GPtrArray *params;		/* of const struct ctl_param; those of the verb first, so that they win */
	GArray *table;			/* of struct option, for getopt */
	GString *letters;
};

static void add_param(struct options *options, const struct ctl_param *param)
{
	gboolean flag = param->kind == CTL_FLAG;
	struct option row = { param->name, flag ? no_argument : required_argument, NULL, CHAR_NEXT + (int)options->params->len };

	g_ptr_array_add(options->params, (gpointer)param);
	g_array_append_val(options->table, row);
	if (param->letter && !strchr(options->letters->str, param->letter))
		g_string_append_printf(options->letters, "%c%s", param->letter, flag ? "" : ":");
}

static void options_clear(struct options *options)
{
	g_ptr_array_free(options->params, TRUE);
	g_array_free(options->table, TRUE);
	g_string_free(options->letters, TRUE);
}

/* first: only those in front of the first word. */
static void options_init(struct options *options, const struct ctl_verb *verb, gboolean first)
{
	options->params = g_ptr_array_new();
	options->table = g_array_new(TRUE, TRUE, sizeof(struct option));
	options->letters = g_string_new(first ? "+:" : ":");
	for (const struct ctl_param *param = verb ? verb->options : NULL; param && param->name; param++)
		add_param(options, param);
	if (verb && verb->asks)
		add_param(options, &ctl_yes);
	for (const struct ctl_param *param = ctl_common; param->name; param++)
		add_param(options, param);
}

static const struct ctl_param *param_of(const struct options *options, int c)
{
	if (c >= CHAR_NEXT)
		return options->params->pdata[c - CHAR_NEXT];
	for (guint i = 0; i < options->params->len; i++) {
		const struct ctl_param *param = options->params->pdata[i];

		if (param->letter == c)
			return param;
	}
	return NULL;
}

/* Of letters written together getopt stays within the word: the letter is in optopt. */
static int unknown_option(const struct ctl *ctl, const char *given, const struct options *options)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *word = !g_str_has_prefix(given, "--") && optopt > 0 && optopt < 0x80 ?
		g_strdup_printf("-%c", optopt) : g_strndup(given, strcspn(given, "="));

	for (guint i = 0; i < options->params->len; i++) {
		const struct ctl_param *param = options->params->pdata[i];

		if (!(param->flags & CTL_HIDDEN))
			g_ptr_array_add(names, g_strconcat("--", param->name, NULL));
	}
	g_ptr_array_add(names, NULL);
	return ctl_unknown(ctl, "option", word, (const char *const *)names->pdata);
}

/* ---- values ---- */

static gboolean check_word(struct ctl *ctl, const struct ctl_param *param, const char *called, const char *value)
{
	g_auto(GStrv) words = g_strsplit(param->words, "|", -1);
	g_autofree char *all = NULL;
	const char *near;

	if (g_strv_contains((const char *const *)words, value))
		return TRUE;
	all = g_strjoinv(", ", words);
	near = hg_nearest(value, (const char *const *)words);
	return refuse(ctl, ctl_usage(ctl, "%s: there is no \"%s\"%s%s%s (%s)", called, value, near ? "; did you mean \"" : "",
				     near ? near : "", near ? "\"?" : "", all));
}

static gboolean check_value(struct ctl *ctl, const struct ctl_param *param, const char *value)
{
	g_autofree char *called = g_ascii_isupper(param->name[0]) ? g_strdup(param->name) : g_strconcat("--", param->name, NULL);
	gint64 number;

	switch (param->kind) {
	case CTL_WORD:
		return check_word(ctl, param, called, value);
	case CTL_NUMBER:
		return g_ascii_string_to_signed(value, 10, 0, G_MAXINT64, &number, NULL) ||
		       refuse(ctl, ctl_usage(ctl, "%s: a whole number is wanted, not \"%s\"", called, value));
	case CTL_SHARE:
		return hg_share_parse(value) >= 0 || refuse(ctl, ctl_usage(ctl, "%s %s: a share is wanted, 0.7", called, value));
	case CTL_SPAN:
		return hg_span_parse(value) > 0 ||
		       refuse(ctl, ctl_usage(ctl, "%s %s: a time such as 30s, 12h or 30d is wanted", called, value));
	default:
		return TRUE;
	}
}

static gboolean keep(struct ctl *ctl, const struct ctl_param *param, const char *value)
{
	GPtrArray *values = g_hash_table_lookup(ctl->given, param->name);

	if (!check_value(ctl, param, value))
		return FALSE;
	if (!values) {
		values = g_ptr_array_new();
		g_hash_table_insert(ctl->given, (gpointer)param->name, values);
	}
	g_ptr_array_add(values, (gpointer)value);
	return TRUE;
}

static gboolean say_and_end(struct ctl *ctl, const struct ctl_param *param)
{
	if (strcmp(param->name, "version") == 0)
		puts("headgatectl " PACKAGE_VERSION);
	else
		ctl_print_help(ctl->verb, ctl->path->str);
	return refuse(ctl, CTL_DONE);
}

static gboolean take_common(struct ctl *ctl, const struct ctl_param *param, const char *value)
{
	const struct { const char *name; gboolean *flag; const char **text; } places[] = {
		{ "config", NULL, &ctl->config }, { "socket", NULL, &ctl->socket }, { "color", NULL, &ctl->colour },
		{ "json", &ctl->json, NULL }, { "quiet", &ctl->quiet, NULL }, { "verbose", &ctl->verbose, NULL },
		{ "ascii", &ctl_ascii, NULL } };

	if (!check_value(ctl, param, value))
		return FALSE;
	for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
		if (strcmp(places[i].name, param->name) != 0)
			continue;
		if (places[i].flag)
			*places[i].flag = TRUE;
		else
			*places[i].text = value;
		return TRUE;
	}
	return say_and_end(ctl, param);
}

static gboolean is_common(const struct ctl_param *param)
{
	for (guint i = 0; i < G_N_ELEMENTS(ctl_common); i++)
		if (param == &ctl_common[i])
			return TRUE;
	return FALSE;
}

/* optind is then at the first word that is no option. */
static gboolean read_options(struct ctl *ctl, const struct ctl_verb *verb, int argc, char **argv, gboolean first)
{
	struct options options;
	gboolean fine = TRUE;
	int c;

	options_init(&options, verb, first);
	opterr = 0;
	optind = 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
	while (fine && (c = getopt_long(argc, argv, options.letters->str, (const struct option *)(const void *)options.table->data,
					NULL)) != -1) {
		const struct ctl_param *param = c == ':' || c == '?' ? NULL : param_of(&options, c);

		if (c == ':')
			fine = refuse(ctl, ctl_usage(ctl, "%s wants a value", argv[optind - 1]));
		else if (!param)
			fine = refuse(ctl, unknown_option(ctl, argv[optind - 1], &options));
		else
			fine = is_common(param) ? take_common(ctl, param, optarg) : keep(ctl, param, optarg ? optarg : "yes");
	}
	options_clear(&options);
	return fine;
}

/* ---- arguments ---- */

static gboolean missing(struct ctl *ctl, const char *what)
{
	g_autofree char *synopsis = ctl_synopsis(ctl->verb, TRUE);

	return refuse(ctl, ctl_usage(ctl, "%s is wanted: %s%s%s", what, ctl->path->str, *synopsis ? " " : "", synopsis));
}

static gboolean keep_arguments(struct ctl *ctl, char **words)
{
	const struct ctl_param *arg = ctl->verb->args;
	gboolean text = FALSE;

	for (; arg && arg->name; arg++) {
		if (!*words && !(arg->flags & CTL_MAYBE))
			return missing(ctl, arg->name);
		if (*words && !keep(ctl, arg, *words))
			return FALSE;
		words += *words != NULL;
		while (*words && arg->flags & CTL_MANY)
			if (!keep(ctl, arg, *words++))
				return FALSE;
		text = arg->kind == CTL_TEXT;
	}
	return !*words || refuse(ctl, ctl_usage(ctl, "unexpected \"%s\"%s", *words,
						text ? "; put a text of several words in quotes" : ""));
}

static gboolean needed_are_there(struct ctl *ctl)
{
	for (const struct ctl_param *option = ctl->verb->options; option && option->name; option++)
		if (option->flags & CTL_NEEDED && !g_hash_table_contains(ctl->given, option->name)) {
			const char *word = ctl_value_word(option);
			g_autofree char *what = g_strdup_printf("--%s%s%s", option->name, word ? " " : "", word ? word : "");

			return missing(ctl, what);
		}
	return TRUE;
}

/* ---- commands ---- */

static void enter(struct ctl *ctl, const struct ctl_verb *verb)
{
	ctl->verb = verb;
	g_string_append_printf(ctl->path, "%s%s", ctl->path->len ? " " : "", verb->name);
}

/* The verb of a word: of those of in, NULL: of all.  NULL: said. */
static const struct ctl_verb *find(const struct ctl *ctl, const struct ctl_verb *in, const char *word)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();
	g_autofree char *what = in ? g_strdup_printf("command of %s", ctl->path->str) : g_strdup("verb");

	for (const struct ctl_entry *entry = ctl_entries; !in && (entry->verb || entry->group); entry++) {
		if (entry->verb && strcmp(entry->verb->name, word) == 0)
			return entry->verb;
		if (entry->verb)
			g_ptr_array_add(names, (gpointer)entry->verb->name);
	}
	for (const struct ctl_verb *const *sub = in ? in->subs : NULL; sub && *sub; sub++) {
		if (strcmp((*sub)->name, word) == 0)
			return *sub;
		g_ptr_array_add(names, (gpointer)(*sub)->name);
	}
	g_ptr_array_add(names, NULL);
	ctl_unknown(ctl, what, word, (const char *const *)names->pdata);
	return NULL;
}

static gboolean find_and_enter(struct ctl *ctl, const char *word)
{
	const struct ctl_verb *verb = find(ctl, ctl->verb, word);

	if (!verb)
		return refuse(ctl, CTL_USAGE);
	enter(ctl, verb);
	return TRUE;
}

static gboolean no_command(struct ctl *ctl)
{
	g_autofree char *synopsis = ctl_synopsis(ctl->verb, TRUE);

	return refuse(ctl, ctl_usage(ctl, "a command is wanted: %s %s", ctl->path->str, synopsis));
}

/* argv[0] is the word of ctl->verb, which has commands. */
static gboolean read_command(struct ctl *ctl, int *argc, char ***argv)
{
	const struct ctl_verb *usual = ctl_usual(ctl->verb);

	if (!read_options(ctl, usual, *argc, *argv, TRUE))
		return FALSE;
	*argc -= optind;
	*argv += optind;
	if (!*argc && usual)
		enter(ctl, usual);
	else if (!*argc)
		return no_command(ctl);
	else if (!find_and_enter(ctl, **argv))
		return FALSE;
	if (ctl->verb != usual && g_hash_table_size(ctl->given))
		return refuse(ctl, ctl_usage(ctl, "options of %s stand behind it", ctl->path->str));
	return TRUE;
}

gboolean ctl_find(struct ctl *ctl, const char *const *words)
{
	ctl->verb = NULL;
	g_string_truncate(ctl->path, 0);
	for (; *words; words++) {
		if (ctl->verb && !ctl->verb->subs)
			return refuse(ctl, ctl_usage(ctl, "%s has no commands", ctl->path->str));
		if (!find_and_enter(ctl, *words))
			return FALSE;
	}
	return TRUE;
}

gboolean ctl_read(struct ctl *ctl, int argc, char **argv)
{
	if (!read_options(ctl, NULL, argc, argv, TRUE))
		return FALSE;
	argc -= optind;
	argv += optind;
	if (!argc)
		return refuse(ctl, ctl_usage(ctl, "a verb is wanted"));
	if (!find_and_enter(ctl, argv[0]))
		return FALSE;
	while (ctl->verb->subs)
		if (!read_command(ctl, &argc, &argv))
			return FALSE;
	/* What no command was named for has no words behind it. */
	if (argc && !read_options(ctl, ctl->verb, argc, argv, FALSE))
		return FALSE;
	return keep_arguments(ctl, argc ? argv + optind : argv) && needed_are_there(ctl);
}

/* options.c - the options of every verb, and what is said about wrong ones */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "setup.h"
#include "text.h"

static const struct option common[] = {
	{ "config", required_argument, NULL, 'c' }, { "socket", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, 'j' }, { "color", required_argument, NULL, 'C' },
	{ "quiet", no_argument, NULL, 'q' }, { "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' } };

const char *ctl_config(const struct ctl *ctl)
{
	return ctl->config ? ctl->config : HG_CONF_DEFAULT;
}

int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	ctl_say_error(ctl, "%s; see headgatectl help%s%s", text, ctl->verb ? " " : "", ctl->verb ? ctl->verb->name : "");
	return CTL_USAGE;
}

int ctl_unknown(const struct ctl *ctl, const char *what, const char *word, const char *const *known)
{
	const char *near = hg_nearest(word, known);

	return ctl_usage(ctl, "there is no %s \"%s\"%s%s%s", what, word, near ? "; did you mean \"" : "",
			 near ? near : "", near ? "\"?" : "");
}

/* Of letters written together getopt stays within the word: the letter is in optopt. */
static int unknown_option(const struct ctl *ctl, const char *given, const struct option *options)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *word = !g_str_has_prefix(given, "--") && optopt > 0 && optopt < 0x80 ?
		g_strdup_printf("-%c", optopt) : g_strndup(given, strcspn(given, "="));

	for (; options->name; options++)
		g_ptr_array_add(names, g_strconcat("--", options->name, NULL));
	g_ptr_array_add(names, NULL);
	return ctl_unknown(ctl, "option", word, (const char *const *)names->pdata);
}

static int read_colour(struct ctl *ctl, const char *when)
{
	ctl->colour = when;
	if (strcmp(when, "auto") == 0 || strcmp(when, "always") == 0 || strcmp(when, "never") == 0)
		return 0;
	ctl->exit = ctl_usage(ctl, "--color is auto, always or never");
	return '?';
}

static int say_and_end(struct ctl *ctl)
{
	ctl->exit = CTL_DONE;
	return '?';
}

/* 0: go on with the next option. */
static int take_common(struct ctl *ctl, int c)
{
	switch (c) {
	case 'c':
		ctl->config = optarg;
		return 0;
	case 's':
		ctl->socket = optarg;
		return 0;
	case 'j':
		ctl->json = TRUE;
		return 0;
	case 'q':
		ctl->quiet = TRUE;
		return 0;
	case 'C':
		return read_colour(ctl, optarg);
	case 'V':
		puts("headgatectl " PACKAGE_VERSION);
		return say_and_end(ctl);
	case 'h':
		ctl_print_help(ctl->verb);
		return say_and_end(ctl);
	default:
		return c;
	}
}

int ctl_next(struct ctl *ctl, int argc, char **argv, const struct option *own)
{
	g_autoptr(GArray) all = g_array_new(TRUE, TRUE, sizeof(struct option));
	g_autoptr(GString) letters = g_string_new(ctl->verb ? ":c:s:qVh" : "+:c:s:qVh");
	const struct option *options;
	int c;

	for (; own && own->name; own++) {
		g_array_append_vals(all, own, 1);
		if (own->val < CTL_OWN)		/* it has a letter, too */
			g_string_append_printf(letters, "%c%s", own->val, own->has_arg ? ":" : "");
	}
	g_array_append_vals(all, common, G_N_ELEMENTS(common));
	options = (const struct option *)(const void *)all->data;
	opterr = 0;
	do
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet */
		c = take_common(ctl, getopt_long(argc, argv, letters->str, options, NULL));
	while (!c);
	if (c == ':')
		ctl->exit = ctl_usage(ctl, "%s wants a value", argv[optind - 1]);
	else if (c == '?' && ctl->exit < 0)
		ctl->exit = unknown_option(ctl, argv[optind - 1], options);
	return c == ':' ? '?' : c;
}

gboolean ctl_arguments(struct ctl *ctl, int argc, char **argv, int least, int most)
{
	if (ctl_next(ctl, argc, argv, NULL) != -1)
		return FALSE;
	if (argc - optind > most)
		ctl->exit = ctl_usage(ctl, "unexpected \"%s\"", argv[optind + most]);
	else if (argc - optind < least)
		ctl->exit = ctl_usage(ctl, "%s %s", ctl->verb->name, ctl->verb->usage);
	else
		return TRUE;
	return FALSE;
}

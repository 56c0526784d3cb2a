/* channel_setup_ask.c - what a new channel's options are to be: from --set, or asked for on a terminal */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "channel_setup.h"
#include "secret.h"

#define ANSWER_MAX 4096

gboolean setup_is_secret(const struct hg_option *option)
{
	return option->type == HG_OPT_SECRET || option->type == HG_OPT_SECRETS;
}

static const struct hg_option *option_of(const struct setup *setup, const char *name)
{
	for (const struct hg_option *option = setup->adapter->options; option && option->name; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

/* Maps and trees are more than a line. */
static gboolean fits_a_line(const struct hg_option *option)
{
	return option->type != HG_OPT_MAP && option->type != HG_OPT_TREE && option->type != HG_OPT_SECRET_MAP;
}

/* Where a secret is kept when nothing else is said: "env:WA_MAIN_TOKEN".  Yours. */
static char *reference_for(const struct setup *setup, const char *option)
{
	g_autofree char *both = g_strdup_printf("%s_%s", setup->name, option), *upper = g_ascii_strup(both, -1);

	return g_strdup_printf("env:%s", g_strcanon(upper, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", '_'));
}

/* A secret that was typed in itself is not repeated. */
static const char *objection(const struct hg_option *option, const char *value)
{
	g_auto(GStrv) all = g_strsplit(value, ",", -1);

	if (!g_utf8_validate(value, -1, NULL) || strpbrk(value, "\r\n"))
		return "is a line of text";
	for (char **one = all; setup_is_secret(option) && *one; one++)
		if (!hg_secret_is_ref(g_strstrip(*one)))
			return "is a secret: say where it is kept, not what it is (" HG_SECRET_FORMS ")";
	return NULL;
}

/* ---- --set ---- */

static gboolean no_such_option(struct setup *setup, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (const struct hg_option *option = setup->adapter->options; option && option->name; option++)
		g_ptr_array_add(names, (gpointer)option->name);
	g_ptr_array_add(names, NULL);
	setup->ctl->exit = ctl_unknown(setup->ctl, "option", name, (const char *const *)names->pdata);
	return FALSE;
}

static gboolean take(struct setup *setup, const char *word)
{
	const char *equal = strchr(word, '=');
	g_autofree char *name = equal ? g_strndup(word, (gsize)(equal - word)) : NULL;
	const struct hg_option *option = name ? option_of(setup, name) : NULL;
	const char *why;

	if (!equal) {
		setup->ctl->exit = ctl_usage(setup->ctl, "--set wants OPTION=VALUE");	/* not repeated: it may be a secret */
		return FALSE;
	}
	if (!option)
		return no_such_option(setup, name);
	why = fits_a_line(option) ? objection(option, equal + 1) : "is a map: write it into the section by hand";
	if (*(equal + 1) && why) {
		setup->ctl->exit = ctl_usage(setup->ctl, "%s %s", name, why);
		return FALSE;
	}
	g_hash_table_insert(setup->answers, g_strdup(option->name), g_strdup(equal + 1));
	return TRUE;
}

/* ---- questions ---- */

/* What a channel can be without, and hardly any is. */
static gboolean is_asked(const struct hg_option *option)
{
	return option->flags & HG_OPT_REQUIRED || strcmp(option->name, "app_secret") == 0 ||
	       strcmp(option->name, SETUP_VERIFY_TOKEN) == 0;
}

/* FALSE: the end of what is typed. */
static gboolean read_line(char **ret)
{
	char line[ANSWER_MAX];

	if (!fgets(line, sizeof(line), stdin))
		return FALSE;
	*ret = g_strdup(g_strstrip(line));
	return TRUE;
}

/* What Enter stands for; or NULL.  Yours. */
static char *usual(const struct setup *setup, const struct hg_option *option)
{
	if (setup_is_secret(option))
		return reference_for(setup, option->name);
	return g_strdup(strcmp(option->name, "webhook_url") == 0 ? setup->url : option->fallback);
}

static gboolean ask(struct setup *setup, const struct hg_option *option)
{
	g_autofree char *fallback = usual(setup, option);
	gboolean needed = option->flags & HG_OPT_REQUIRED;
	g_autofree char *help = ctl_safe(option->help, FALSE);

	fprintf(stderr, "\n%s: %s\n", option->name, help);
	if (setup_is_secret(option))
		fprintf(stderr, "Where is it kept? " HG_SECRET_FORMS "%s\n", needed ? "" : "; - for none");
	for (;;) {
		g_autofree char *said = NULL;
		const char *value, *why;

		fprintf(stderr, "%s%s%s%s: ", option->name, fallback ? " [" : "", fallback ? fallback : "", fallback ? "]" : "");
		if (!read_line(&said))
			return FALSE;
		value = *said ? said : fallback ? fallback : "";
		if (!needed && strcmp(value, "-") == 0)
			value = "";
		why = *value ? objection(option, value) : needed ? "is needed" : NULL;
		if (!why) {
			g_hash_table_insert(setup->answers, g_strdup(option->name), g_strdup(value));
			return TRUE;
		}
		fprintf(stderr, "%s %s\n", option->name, why);
	}
}

static gboolean ask_all(struct setup *setup)
{
	fprintf(stderr, "%s: %s\n", setup->adapter->name, setup->adapter->summary);
	for (const struct hg_option *option = setup->adapter->options; option && option->name; option++) {
		if (!is_asked(option) || !fits_a_line(option) || g_hash_table_contains(setup->answers, option->name))
			continue;
		if (!ask(setup, option)) {
			fputc('\n', stderr);
			setup->ctl->exit = ctl_usage(setup->ctl, "%s is not answered", option->name);
			return FALSE;
		}
	}
	return TRUE;
}

/* ---- all of them ---- */

static gboolean is_missing(const struct setup *setup, const struct hg_option *option)
{
	const char *value = g_hash_table_lookup(setup->answers, option->name);

	return option->flags & HG_OPT_REQUIRED && !option->fallback && !(value && *value);
}

static gboolean has_all(struct setup *setup)
{
	g_autoptr(GString) missing = g_string_new(NULL);

	for (const struct hg_option *option = setup->adapter->options; option && option->name; option++)
		if (is_missing(setup, option))
			g_string_append_printf(missing, "%s%s", missing->len ? ", " : "", option->name);
	if (!missing->len)
		return TRUE;
	setup->ctl->exit = ctl_usage(setup->ctl, "%s needs more: %s (--set OPTION=VALUE for each; headgatectl adapters %s describes them)",
				     setup->adapter->name, missing->str, setup->adapter->name);
	return FALSE;
}

gboolean setup_ask(struct setup *setup)
{
	for (const char *const *word = ctl_values(setup->ctl, "set"); *word; word++)
		if (!take(setup, *word))
			return FALSE;
	if (isatty(STDIN_FILENO) && !ask_all(setup))
		return FALSE;
	if (option_of(setup, SETUP_VERIFY_TOKEN) && !g_hash_table_contains(setup->answers, SETUP_VERIFY_TOKEN))
		g_hash_table_insert(setup->answers, g_strdup(SETUP_VERIFY_TOKEN), reference_for(setup, SETUP_VERIFY_TOKEN));
	return has_all(setup);
}

/* values.c - what a command was given, and calls made of it */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "text.h"

static const struct ctl_param *find_in(const struct ctl_param *params, const char *name)
{
	for (; params && params->name; params++)
		if (strcmp(params->name, name) == 0)
			return params;
	return NULL;
}

static const struct ctl_param *param_of(const struct ctl *ctl, const char *name)
{
	const struct ctl_param *param = find_in(ctl->verb->options, name);

	if (!param)
		param = find_in(ctl->verb->args, name);
	if (!param && ctl->verb->asks && strcmp(name, ctl_yes.name) == 0)
		param = &ctl_yes;
	if (!param)
		g_error("%s has no \"%s\"", ctl->path->str, name);
	return param;
}

const char *const *ctl_values(const struct ctl *ctl, const char *name)
{
	static const char *const none[] = { NULL };
	const struct ctl_param *param = param_of(ctl, name);
	GPtrArray *values = g_hash_table_lookup(ctl->given, param->name);

	if (!values)
		return none;
	if (!values->len || values->pdata[values->len - 1]) 	/* the NULL behind the last */
		g_ptr_array_add(values, NULL);
	return (const char *const *)values->pdata;
}

const char *ctl_value(const struct ctl *ctl, const char *name)
{
	const char *const *values = ctl_values(ctl, name), *last = NULL;

	for (; *values; values++)
		last = *values;
	return last;
}

gboolean ctl_given(const struct ctl *ctl, const char *name)
{
	return ctl_value(ctl, name) != NULL;
}

gint64 ctl_number(const struct ctl *ctl, const char *name, gint64 fallback)
{
	const char *value = ctl_value(ctl, name);
	gint64 number;

	return value && g_ascii_string_to_signed(value, 10, 0, G_MAXINT64, &number, NULL) ? number : fallback;
}

gint64 ctl_span(const struct ctl *ctl, const char *name, gint64 fallback_ms)
{
	const char *value = ctl_value(ctl, name);

	return value ? hg_span_parse(value) : fallback_ms;
}

/* ---- members ---- */

/* "text=TEXT": the member, and the name of what was given.  Yours; *ret_name points into it. */
static char *split(const char *word, const char **ret_name)
{
	char *member = g_strdup(word), *equal = strchr(member, '=');

	*ret_name = equal ? equal + 1 : member;
	if (equal)
		*equal = '\0';
	return member;
}

static void add_list(GString *body, const char *const *values)
{
	hg_json_open(body, '[');
	for (; *values; values++)
		hg_json_put_str(body, *values);
	hg_json_close(body, ']');
}

static void add_member(const struct ctl *ctl, GString *body, const char *member, const char *name)
{
	const struct ctl_param *param = param_of(ctl, name);

	if (!ctl_given(ctl, name))
		return;
	if (param->flags & CTL_MANY) {
		hg_json_key(body, member);
		add_list(body, ctl_values(ctl, name));
	} else if (param->kind == CTL_FLAG) {
		hg_json_add_bool(body, member, TRUE);
	} else if (param->kind == CTL_NUMBER) {
		hg_json_add_int(body, member, ctl_number(ctl, name, 0));
	} else {
		hg_json_add_str(body, member, ctl_value(ctl, name));
	}
}

char *ctl_body(const struct ctl *ctl, const char *members)
{
	g_auto(GStrv) words = g_strsplit(members, " ", -1);
	GString *body = g_string_new(NULL);

	hg_json_open(body, '{');
	for (char **word = words; *word; word++) {
		const char *name;
		g_autofree char *member = split(*word, &name);

		if (*name)
			add_member(ctl, body, member, name);
	}
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

char *ctl_query(const struct ctl *ctl, const char *path, const char *members)
{
	g_auto(GStrv) words = g_strsplit(members, " ", -1);
	GString *query = g_string_new(path);
	gboolean more = strchr(path, '?') != NULL;

	for (char **word = words; *word; word++) {
		const char *name;
		g_autofree char *member = split(*word, &name), *joined = NULL;

		if (!*name || !ctl_given(ctl, name))
			continue;
		joined = param_of(ctl, name)->kind == CTL_FLAG ? g_strdup("true") :
			 g_strjoinv(",", (char **)(gpointer)ctl_values(ctl, name));
		g_string_append_printf(query, "%c%s=", more ? '&' : '?', member);
		g_string_append_uri_escaped(query, joined, NULL, FALSE);
		more = TRUE;
	}
	return g_string_free(query, FALSE);
}

/* ---- asking first ---- */

gboolean ctl_may(struct ctl *ctl, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	char answer[8] = "";
	va_list ap;

	if (ctl_given(ctl, "yes"))
		return TRUE;
	if (!isatty(STDIN_FILENO)) {
		ctl->exit = ctl_usage(ctl, "%s asks before it does this: say --yes where nobody can be asked", ctl->path->str);
		return FALSE;
	}
	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s Go on? [y/N] ", text);
	if (fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return TRUE;
	ctl->exit = CTL_NO;
	return FALSE;
}

/* metrics.c - what Prometheus reads, for people without it */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

/* The name of a line's metric: behind "# HELP " and "# TYPE ", or in front of its labels. */
static gboolean is_wanted(const char *line, const char *prefix)
{
	if (g_str_has_prefix(line, "# HELP ") || g_str_has_prefix(line, "# TYPE "))
		line += strlen("# HELP ");
	return !prefix || g_str_has_prefix(line, prefix) ||
	       (g_str_has_prefix(line, "headgate_") && g_str_has_prefix(line + strlen("headgate_"), prefix));
}

/* name{label="value",...} number: text exposition format 0.0.4 of Prometheus.  A value has backslashes before quotes. */
static void put_labels(GString *out, const char *from, const char *end)
{
	hg_json_key(out, "labels");
	hg_json_open(out, '{');
	while (from < end) {
		const char *equal = memchr(from, '=', (gsize)(end - from));
		g_autofree char *name = equal ? g_strndup(from, (gsize)(equal - from)) : NULL;
		g_autoptr(GString) value = g_string_new(NULL);

		if (!equal)
			break;
		for (from = equal + 2; from < end && *from != '"'; from++) {
			if (*from == '\\' && from + 1 < end)
				from++;
			g_string_append_c(value, *from);
		}
		from += 1 + (from + 1 < end && from[1] == ',');
		hg_json_add_str(out, name, value->str);
	}
	hg_json_close(out, '}');
}

static void put_json(const char *line)
{
	const char *blank = strrchr(line, ' '), *open = strchr(line, '{'), *close = strrchr(line, '}');
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *name = NULL;

	if (*line == '#' || !blank)
		return;
	name = g_strndup(line, strcspn(line, "{ "));
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", name);
	if (open && close)
		put_labels(out, open + 1, close);
	hg_json_add_str(out, "value", blank + 1);	/* +Inf and NaN are no JSON */
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int metrics(struct ctl *ctl)
{
	const char *prefix = ctl_value(ctl, "PREFIX");
	g_auto(ctl_reply) reply = { 0 };
	g_auto(GStrv) lines = NULL;
	guint n = 0;
	int code = ctl_call(ctl, "GET", "/metrics", NULL, NULL, &reply);

	if (code != CTL_DONE)
		return code;
	lines = g_strsplit(reply.body, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_autofree char *safe = ctl_safe(*line, FALSE);

		if (!**line || !is_wanted(*line, prefix))
			continue;
		n++;
		if (ctl->json)
			put_json(*line);
		else
			puts(safe);
	}
	if (n)
		return CTL_DONE;
	ctl_say_error(ctl, "there is no metric whose name begins with \"%s\"", prefix);
	return CTL_MISSING;
}

const struct ctl_verb ctl_verb_metrics = {
	.name = "metrics", .help = "the numbers that Prometheus reads", .run = metrics,
	.args = CTL_PARAMS({ "PREFIX", .help = "only metrics whose name begins so, with headgate_ or without", .flags = CTL_MAYBE }),
	.more = "With --json a line for each value; values are texts, for some are +Inf.",
	.exits = "0 printed, 4 none begins so",
	.example = "metrics outbox",
};

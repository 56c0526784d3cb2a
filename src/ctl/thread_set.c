/* thread_set.c - the command "thread set": tags, fields and where a conversation belongs */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

/* "plan=pro", or the name alone of one that goes.  FALSE: return ctl->exit. */
static gboolean add_field(struct ctl *ctl, GString *fields, const char *text, gboolean unset)
{
	const char *equal = strchr(text, '=');
	g_autofree char *name = equal && !unset ? g_strndup(text, (gsize)(equal - text)) : g_strdup(text);

	if (!unset && (!equal || equal == text)) {
		ctl->exit = ctl_usage(ctl, "--field %s: write NAME=VALUE", text);
		return FALSE;
	}
	if (unset) {
		hg_json_key(fields, name);
		hg_json_put_raw(fields, "null");
	} else {
		hg_json_add_str(fields, name, equal + 1);
	}
	return TRUE;
}

/* Members of a JSON object; FALSE: return ctl->exit. */
static gboolean add_fields(struct ctl *ctl, GString *fields)
{
	for (const char *const *text = ctl_values(ctl, "field"); *text; text++)
		if (!add_field(ctl, fields, *text, FALSE))
			return FALSE;
	for (const char *const *text = ctl_values(ctl, "unset"); *text; text++)
		if (!add_field(ctl, fields, *text, TRUE))
			return FALSE;
	return TRUE;
}

static gboolean changes(const struct ctl *ctl)
{
	static const char *const names[] = { "tag", "untag", "field", "unset", "subject", "queue", "skill", "assignee" };

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (ctl_given(ctl, names[i]))
			return TRUE;
	return FALSE;
}

static int set(struct ctl *ctl)
{
	g_autofree char *path = ctl_path("/v1/threads/%s", ctl_value(ctl, "ID"));
	g_autofree char *rest = ctl_body(ctl, "tags_add=tag tags_remove=untag subject queue skill assignee agent");
	g_autoptr(GString) body = g_string_new(NULL);

	if (!changes(ctl))
		return ctl_usage(ctl, "thread set: say what to change: --tag, --untag, --field, ...");
	hg_json_open(body, '{');
	hg_json_key(body, "fields");
	hg_json_open(body, '{');
	if (!add_fields(ctl, body))
		return ctl->exit;
	hg_json_close(body, '}');
	hg_json_close(body, '}');
	if (strcmp(rest, "{}") != 0) {		/* both are one object */
		g_string_truncate(body, body->len - 1);
		g_string_append_printf(body, ",%s", rest + 1);
	}
	return ctl_thread_send(ctl, "PATCH", path, body->str, ctl_value(ctl, "key"));
}

const struct ctl_verb ctl_thread_set = {
	.name = "set", .help = "tags, fields, and where it belongs", .run = set,
	.args = CTL_PARAMS({ "ID", .help = "a conversation" }),
	.options = CTL_PARAMS({ "tag", CTL_TEXT, "TAG", "puts it on", .flags = CTL_MANY },
			      { "untag", CTL_TEXT, "TAG", "takes it away", .flags = CTL_MANY },
			      { "field", CTL_TEXT, "NAME=VALUE", "sets a field", .flags = CTL_MANY },
			      { "unset", CTL_TEXT, "NAME", "takes a field away", .flags = CTL_MANY },
			      { "subject", CTL_TEXT, NULL, "what it is about" }, { "queue", CTL_TEXT, "NAME", "where it waits" },
			      { "skill", CTL_TEXT, "NAME", "what an agent has to know" },
			      { "assignee", CTL_TEXT, "NAME", "whose it is" }, CTL_OPT_AGENT, CTL_OPT_KEY),
	.more = "An empty text takes subject, queue, skill or assignee away.  Rules on thread.changed are asked.",
};

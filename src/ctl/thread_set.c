/* thread_set.c - the command "thread set": tags, fields and where a conversation belongs */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

enum { TAG = CTL_OWN, UNTAG, FIELD, UNSET, KEY, TEXTS };

static const char *const texts[] = { "subject", "queue", "skill", "assignee", "agent" };

struct change {
	GString *add, *remove, *fields;		/* items of JSON lists, members of an object */
	const char *texts[G_N_ELEMENTS(texts)];
	const char *key;
	gboolean any;
};

/* "plan=pro", or the name alone of one that goes.  FALSE: return ctl->exit. */
static gboolean add_field(struct ctl *ctl, struct change *change, const char *text, gboolean unset)
{
	const char *equal = strchr(text, '=');
	g_autofree char *name = equal && !unset ? g_strndup(text, (gsize)(equal - text)) : g_strdup(text);

	if (!unset && (!equal || equal == text)) {
		ctl->exit = ctl_usage(ctl, "--field %s: write NAME=VALUE", text);
		return FALSE;
	}
	if (unset) {
		hg_json_key(change->fields, name);
		hg_json_put_raw(change->fields, "null");
	} else {
		hg_json_add_str(change->fields, name, equal + 1);
	}
	return TRUE;
}

static gboolean take_option(struct ctl *ctl, struct change *change, int c)
{
	change->any |= c != KEY && c != TEXTS + (int)G_N_ELEMENTS(texts) - 1;
	switch (c) {
	case TAG:
		hg_json_put_str(change->add, optarg);
		return TRUE;
	case UNTAG:
		hg_json_put_str(change->remove, optarg);
		return TRUE;
	case FIELD:
	case UNSET:
		return add_field(ctl, change, optarg, c == UNSET);
	case KEY:
		change->key = optarg;
		return TRUE;
	default:
		change->texts[c - TEXTS] = optarg;
		return TRUE;
	}
}

static gboolean read_options(struct ctl *ctl, int argc, char **argv, struct change *change)
{
	static const struct option own[] = {
		{ "tag", required_argument, NULL, TAG }, { "untag", required_argument, NULL, UNTAG },
		{ "field", required_argument, NULL, FIELD }, { "unset", required_argument, NULL, UNSET },
		{ "subject", required_argument, NULL, TEXTS }, { "queue", required_argument, NULL, TEXTS + 1 },
		{ "skill", required_argument, NULL, TEXTS + 2 }, { "assignee", required_argument, NULL, TEXTS + 3 },
		{ "agent", required_argument, NULL, TEXTS + 4 }, { "key", required_argument, NULL, KEY }, { 0 } };
	int c;

	while ((c = ctl_next(ctl, argc, argv, own)) != -1)
		if (c == '?' || !take_option(ctl, change, c))
			return FALSE;
	if (optind != argc - 1)
		ctl->exit = ctl_usage(ctl, "thread set wants a thread id and nothing else");
	else if (!change->any)
		ctl->exit = ctl_usage(ctl, "thread set: say what to change: --tag, --untag, --field, ...");
	else
		return TRUE;
	return FALSE;
}

static char *body_of(const struct change *change)
{
	GString *body = g_string_new(NULL);
	g_autofree char *add = g_strdup_printf("[%s]", change->add->str);
	g_autofree char *remove = g_strdup_printf("[%s]", change->remove->str);
	g_autofree char *fields = g_strdup_printf("{%s}", change->fields->str);

	hg_json_open(body, '{');
	hg_json_add_raw(body, "tags_add", add);
	hg_json_add_raw(body, "tags_remove", remove);
	hg_json_add_raw(body, "fields", fields);
	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		hg_json_opt_str(body, texts[i], change->texts[i]);
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

int ctl_thread_set(struct ctl *ctl, int argc, char **argv)
{
	g_autoptr(GString) add = g_string_new(NULL), remove = g_string_new(NULL), fields = g_string_new(NULL);
	struct change change = { .add = add, .remove = remove, .fields = fields };
	g_autofree char *path = NULL, *body = NULL;

	if (!read_options(ctl, argc, argv, &change))
		return ctl->exit;
	path = ctl_path("/v1/threads/%s", argv[optind]);
	body = body_of(&change);
	return ctl_thread_send(ctl, "PATCH", path, body, change.key);
}

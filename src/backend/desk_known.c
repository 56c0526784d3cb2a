/* desk_known.c - what the templates and conditions of a preset may name: the situation, and what steps captured */
#include "desk_read.h"

#include <string.h>

static const char *const always[] = {
	"url", "key", "external_id", "op", "text", "html", "subject", "now", "now.s", "now.epoch", "now.ms", "now.iso",
	"ticket.id", "ticket.id.path", "ticket.number", "ticket.url", "ticket.ref", "ticket.key", "ticket.subject",
	"ticket.priority", "ticket.category", "ticket.type", "ticket.status", "ticket.queue", "ticket.skill", "ticket.tags",
	"ticket.assignee", "ticket.assignee_name", "ticket.assignee_email", "ticket.reason", "thread.id", "thread.url",
	"contact.id", "contact.name", "contact.email", "contact.phone", "contact.locale", "contact.external_id", "contact.tier",
	"requester.email", "requester.name", "requester.first_name", "requester.last_name", "requester.phone",
	"requester.proven", "requester.policy", "sequence", "channel", "scope", "language", "origin", "transcript",
	"message.id", "message.author", "message.agent", "message.at", "message.channel", "message.kind", "status", "files",
	"first", "secret:", "value:",
	/* The bytes of a file, which http_body.h lets stand only where there is one. */
	"file.base64", "file.dataurl", NULL
};
static const char *const of_file[] = {
	"file.name", "file.type", "file.size", "file.sha256", "file.url", "file.base64", "file.dataurl", "file.id", "file.kind", NULL
};
static const char *const of_changes[] = { "cursor", "since", "since.s", "since.epoch", "since.ms", "since.iso", "more", NULL };
/* The change that a hook told, as hg_change_write() has it. */
static const char *const of_change[] = { "change.", NULL };

const char *const hg_desk_people[] = {
	"text", "html", "subject", "transcript", "ticket.subject", "contact.name", "contact.email", "contact.phone",
	"requester.email", "requester.name", "requester.first_name", "requester.last_name", "requester.phone",
	"message.author", "message.agent", "file.name", "file.type", NULL
};

static const char *const *extra(int op)
{
	static const char *const none[] = { NULL };

	switch (op) {
	case HG_DESK_FETCH_CHANGES:
		return of_changes;
	case HG_DESK_FETCH_CHANGE:
	case HG_DESK_FETCH_ATTACHMENT:
		return of_change;
	default:
		return none;
	}
}

gboolean hg_desk_known_own(int op, const char *name)
{
	/* What a ticket or a message is over there is for steps to find out. */
	static const char *const theirs[] = { "ticket.id", "ticket.id.path", "ticket.number", "ticket.url", "message.id", "cursor", "more", NULL };

	if (g_strv_contains(theirs, name))
		return FALSE;
	return g_strv_contains(always, name) || g_strv_contains(extra(op), name) || g_strv_contains(of_file, name) ||
	       strcmp(name, "file") == 0 || strcmp(name, "item") == 0 || g_str_has_prefix(name, "session.");
}

struct hg_desk_known {
	GPtrArray *all;			/* ours; ends in NULL at all times */
};

static void add(hg_desk_known *known, char *name)
{
	g_ptr_array_insert(known->all, (int)known->all->len - 1, name);
}

static void add_all(hg_desk_known *known, const char *const *more)
{
	for (; *more; more++)
		add(known, g_strdup(*more));
}

hg_desk_known *hg_desk_known_new(int op, const GPtrArray *session)
{
	hg_desk_known *known = g_new0(hg_desk_known, 1);

	known->all = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(known->all, NULL);
	add_all(known, always);
	add_all(known, extra(op));
	if (op == HG_DESK_FETCH_ATTACHMENT)
		add_all(known, of_file);
	for (guint i = 0; session && i < session->len; i++)
		hg_desk_known_add(known, "session.", session->pdata[i]);
	return known;
}

void hg_desk_known_free(hg_desk_known *known)
{
	if (!known)
		return;
	g_ptr_array_unref(known->all);
	g_free(known);
}

const char *const *hg_desk_known_all(const hg_desk_known *known)
{
	return (const char *const *)known->all->pdata;
}

/* A map may have been taken, and a text of it be a path of several steps ("ticket.id.path"). */
void hg_desk_known_add(hg_desk_known *known, const char *prefix, const char *name)
{
	add(known, g_strconcat(prefix, name, NULL));
	add(known, g_strconcat(prefix, name, ".", NULL));
}

guint hg_desk_known_each(hg_desk_known *known, int each)
{
	static const char *const of_item[] = { "item", "item.", NULL };
	guint mark = known->all->len;

	if (each == HG_DESK_FILES)
		add_all(known, of_file);
	else if (each == HG_DESK_LIST)
		add_all(known, of_item);
	return mark;
}

void hg_desk_known_cut(hg_desk_known *known, guint mark)
{
	g_ptr_array_set_size(known->all, (int)mark - 1);
	g_ptr_array_add(known->all, NULL);
}

gboolean hg_desk_known_has(const hg_desk_known *known, const char *path)
{
	gsize len = strcspn(path, "[");

	if (*path == '$')
		return TRUE;
	for (guint i = 0; i + 1 < known->all->len; i++) {
		const char *name = known->all->pdata[i];
		gsize length = strlen(name);

		/* "item.", and all below it; else "ticket.id", and "ticket" because of it. */
		if (name[length - 1] == '.' && len > length && strncmp(path, name, length) == 0)
			return TRUE;
		if (length >= len && strncmp(path, name, len) == 0 && (!name[len] || name[len] == '.'))
			return TRUE;
	}
	return FALSE;
}

/* desk_errand.c - what an event is to a helpdesk: a ticket, a message on it, a note for agents, a status, or nothing */
#include "desk_say.h"

#include <string.h>
#include <unistd.h>

#include "json.h"
#include "store.h"
#include "text.h"

#define LEFT_MAX 20		/* files that a note names */

void hg_errand_clear(struct hg_errand *errand)
{
	g_clear_pointer(&errand->text, g_free);
	g_clear_pointer(&errand->files, json_object_put);
}

gboolean hg_desk_op_takes_files(const hg_desk *desk, int op)
{
	const GPtrArray *steps = desk->ops[op];

	for (guint i = 0; steps && i < steps->len; i++) {
		const struct hg_desk_step *step = g_ptr_array_index(steps, i);

		if (step->each == HG_DESK_FILES || ht_request_has(step->request, "file.") ||
		    (step->each == HG_DESK_ONCE && ht_request_has(step->request, "item.")))
			return TRUE;
	}
	return FALSE;
}

/* ---- files ---- */

static gboolean is_here(struct json_object *file)
{
	return g_strcmp0(hg_json_str(file, "state"), "stored") == 0 && hg_json_str(file, "sha256");
}

static void name_file(GString *text, struct json_object *file, const char *why)
{
	const char *name = hg_json_str(file, "name"), *url = hg_json_str(file, "url");
	gint64 size = hg_json_int(file, "size", -1);
	g_autofree char *bytes = size >= 0 ? g_format_size((guint64)size) : NULL;

	g_string_append_printf(text, "%s[%s%s%s%s%s%s%s]", text->len ? "\n" : "", name ? name : hg_json_str(file, "kind"),
			       bytes ? ", " : "", bytes ? bytes : "", why ? ", " : "", why ? why : "", url ? ": " : "",
			       url ? url : "");
}

char *hg_errand_left(struct json_object *left)
{
	gsize n = json_object_array_length(left);
	GString *text = g_string_new("The helpdesk did not take:");

	for (gsize i = 0; i < MIN(n, LEFT_MAX); i++) {
		struct json_object *file = json_object_array_get_idx(left, i);

		name_file(text, file, hg_json_str(file, "why"));
	}
	if (n > LEFT_MAX)
		g_string_append_printf(text, "\n... and %zu more", n - LEFT_MAX);
	return g_string_free(text, FALSE);
}

/* A copy with its path; NULL: its bytes were erased. */
static struct json_object *with_path(const hg_dispatch *dispatch, struct json_object *file)
{
	static const char *const members[] = { "id", "name", "type", "size", "sha256", "url", "kind", NULL };
	g_autofree char *path = hg_attachment_path(dispatch->folder, hg_json_str(file, "sha256"));
	struct json_object *copy;

	if (!path || access(path, R_OK) != 0)
		return NULL;
	copy = json_object_new_object();
	for (const char *const *member = members; *member; member++) {
		struct json_object *value = NULL;

		if (json_object_object_get_ex(file, *member, &value) && value)
			json_object_object_add(copy, *member, json_object_get(value));
	}
	if (!hg_json_str(copy, "name"))
		json_object_object_add(copy, "name", json_object_new_string("file"));
	if (!hg_json_str(copy, "type"))
		json_object_object_add(copy, "type", json_object_new_string("application/octet-stream"));
	json_object_object_add(copy, "path", json_object_new_string(path));
	return copy;
}

/* Into the errand's files, or a line of its text that says where it lies. */
static void add_file(const hg_dispatch *dispatch, const hg_desk *desk, gboolean taken, struct json_object *file,
		     struct hg_errand *ret, GString *lines)
{
	struct json_object *copy;

	if (!is_here(file))
		return;
	if (!taken || !desk->limits.max_file || hg_json_int(file, "size", 0) > desk->limits.max_file) {
		name_file(lines, file, taken && desk->limits.max_file ? "too big for the helpdesk" : NULL);
		return;
	}
	copy = with_path(dispatch, file);
	if (copy)
		json_object_array_add(ret->files, copy);
	else
		name_file(lines, file, "erased");
}

static void add_files(const hg_dispatch *dispatch, const hg_desk *desk, int op, struct json_object *list, const char *only,
		      struct hg_errand *ret)
{
	gboolean taken = hg_desk_op_takes_files(desk, op) || hg_desk_op_takes_files(desk, HG_DESK_ATTACH);
	g_autoptr(GString) text = g_string_new(ret->text);

	for (gsize i = 0; json_object_is_type(list, json_type_array) && i < json_object_array_length(list); i++) {
		struct json_object *file = json_object_array_get_idx(list, i);

		if (!only || g_strcmp0(hg_json_str(file, "id"), only) == 0)
			add_file(dispatch, desk, taken, file, ret, text);
	}
	g_free(ret->text);
	ret->text = text->len ? g_strdup(text->str) : NULL;
}

/* ---- words ---- */

static const char *said(struct json_object *message)
{
	const char *text = hg_json_str(message, "reply_text");

	return text && *text ? text : hg_json_str(message, "text");
}

/* What has no words says what it is: helpdesks refuse empty texts. */
static char *text_of(struct json_object *message)
{
	const char *text = said(message), *kind = hg_json_str(message, "kind");

	if (text && *text)
		return g_strdup(text);
	return g_strdup_printf("(%s)", kind ? kind : "message");
}

static const char *channel_of(struct json_object *data, struct json_object *message)
{
	const char *channel = hg_json_str(message, "channel");

	if (!channel)
		channel = hg_json_str(data, "channel");
	return channel ? channel : "a channel";
}

static char *answer_text(struct json_object *data, struct json_object *message)
{
	const char *name = hg_json_str(message, "author_name"), *author = hg_json_str(message, "author");
	g_autofree char *text = text_of(message);

	if (!name)
		name = g_strcmp0(author, "bot") == 0 ? "The bot" : g_strcmp0(author, "agent") == 0 ? "An agent" : "headgate";
	return g_strdup_printf("%s answered on %s:\n\n%s", name, channel_of(data, message), text);
}

static char *change_text(struct json_object *data, struct json_object *message)
{
	g_autofree char *text = text_of(message);

	return g_strdup_printf("A message on %s was changed by its author. It says now:\n\n%s", channel_of(data, message), text);
}

static char *deleted_text(struct json_object *data, struct json_object *message)
{
	const char *at = hg_json_str(message, "at");

	return g_strdup_printf("A message on %s of %s was taken back by its author.", channel_of(data, message), at ? at : "before");
}

static char *reaction_text(struct json_object *data, struct json_object *message)
{
	struct json_object *reactions = hg_json_obj(message, "reactions");
	g_autoptr(GString) all = g_string_new(NULL);
	g_autofree char *text = text_of(message), *cut = hg_text_valid(text, -1, 200);

	if (reactions) {
		json_object_object_foreach(reactions, who, what)
			g_string_append_printf(all, "%s%s (%s)", all->len ? ", " : "", json_object_get_string(what), who);
	}
	return g_strdup_printf("Reactions on %s to \"%s\": %s", channel_of(data, message), cut, all->len ? all->str : "none any more");
}

static char *csat_text(struct json_object *data)
{
	struct json_object *csat = hg_json_obj(data, "csat");
	const char *scale = hg_json_str(csat, "scale"), *comment = hg_json_str(csat, "comment");
	gint64 score = hg_json_int(csat, "score", 0);
	g_autofree char *words = g_strcmp0(scale, "thumbs") == 0 ? g_strdup(score ? "thumbs up" : "thumbs down") :
				 g_strdup_printf("%" G_GINT64_FORMAT " of %s", score, scale ? scale : "5");

	return csat ? g_strdup_printf("The customer rates the conversation: %s.%s%s", words, comment ? "\n\n" : "",
				      comment ? comment : "") : NULL;
}

static char *consent_text(struct json_object *data)
{
	struct json_object *consent = hg_json_obj(data, "consent");
	const char *address = hg_json_str(consent, "address"), *words = hg_json_str(consent, "words");
	gboolean stop = g_strcmp0(hg_json_str(consent, "state"), "stop") == 0;

	return consent ? g_strdup_printf("%s wants %s messages%s%s%s", address ? address : "The customer", stop ? "no more" :
					 "to get", words ? " (\"" : "", words ? words : "", words ? "\")." : ".") : NULL;
}

static char *unread_text(struct json_object *data)
{
	struct json_object *unread = hg_json_obj(data, "unread");
	gint64 count = hg_json_int(unread, "count", 1);
	const char *since = hg_json_str(unread, "since");

	return unread ? g_strdup_printf("%" G_GINT64_FORMAT " %s not been seen by the customer since %s.", count,
					count == 1 ? "answer has" : "answers have", since ? since : "it was said") : NULL;
}

/* ---- what it is ---- */

static void note(struct hg_errand *ret, char *text)
{
	ret->kind = text ? HG_ERRAND_NOTE : HG_ERRAND_NONE;
	ret->text = text;
}

/* A file that came later, or other words. */
static void edited(const hg_dispatch *dispatch, struct json_object *data, struct json_object *message, const hg_desk *desk,
		   struct hg_errand *ret)
{
	const char *file = hg_json_str(data, "attachment_id");
	struct json_object *list = hg_json_arr(message, "attachments");
	gboolean attach = desk->ops[HG_DESK_ATTACH] != NULL;

	if (!file) {
		note(ret, change_text(data, message));
		return;
	}
	add_files(dispatch, desk, attach ? HG_DESK_ATTACH : HG_DESK_NOTE, list, file, ret);
	if (json_object_array_length(ret->files) && attach)
		ret->kind = HG_ERRAND_ATTACH;
	else if (json_object_array_length(ret->files) || ret->text)
		ret->kind = HG_ERRAND_NOTE;
	if (ret->kind == HG_ERRAND_NOTE && !ret->text)
		ret->text = g_strdup("A file of the customer's:");
}

static void sent(const hg_dispatch *dispatch, struct json_object *data, struct json_object *message, const hg_desk *desk,
		 struct hg_errand *ret)
{
	if (g_strcmp0(hg_json_str(message, "origin"), dispatch->job.name) == 0)
		return;		/* it was said there */
	note(ret, answer_text(data, message));
	add_files(dispatch, desk, HG_DESK_NOTE, hg_json_arr(message, "attachments"), NULL, ret);
}

static void read_kind(const hg_dispatch *dispatch, struct json_object *data, const hg_desk *desk, struct hg_errand *ret)
{
	const char *type = dispatch->event.type;
	struct json_object *message = hg_json_obj(data, "message");

	if (strcmp(type, "ticket.requested") == 0) {
		ret->kind = HG_ERRAND_CREATE;
		ret->text = g_strdup(hg_json_str(data, "transcript_text"));
		add_files(dispatch, desk, HG_DESK_CREATE, hg_json_arr(data, "attachments"), NULL, ret);
	} else if (strcmp(type, "ticket.message") == 0 && message) {
		ret->kind = HG_ERRAND_APPEND;
		ret->text = text_of(message);
		add_files(dispatch, desk, HG_DESK_APPEND, hg_json_arr(message, "attachments"), NULL, ret);
	} else if (strcmp(type, "ticket.reopened") == 0) {
		ret->kind = HG_ERRAND_STATUS;
		ret->status = "open";
	} else if (strcmp(type, "ticket.status") == 0) {
		ret->kind = HG_ERRAND_STATUS;
		ret->status = hg_json_str(hg_json_obj(data, "ticket"), "state");
	} else if (strcmp(type, "message.sent") == 0 && message) {
		sent(dispatch, data, message, desk, ret);
	} else if (strcmp(type, "message.edited") == 0 && message) {
		edited(dispatch, data, message, desk, ret);
	} else if (strcmp(type, "message.status") == 0) {
		note(ret, g_strdup(hg_json_str(data, "agent_note")));
	} else if (strcmp(type, "message.deleted") == 0 && message) {
		note(ret, deleted_text(data, message));
	} else if (strcmp(type, "message.reacted") == 0 && message) {
		note(ret, reaction_text(data, message));
	} else if (strcmp(type, "csat.received") == 0) {
		note(ret, csat_text(data));
	} else if (strcmp(type, "contact.consent") == 0) {
		note(ret, consent_text(data));
	} else if (strcmp(type, "contact.unreachable_reply") == 0) {
		note(ret, unread_text(data));
	} else if (strcmp(type, "thread.notice") == 0) {
		note(ret, g_strdup(hg_json_str(hg_json_obj(data, "notice"), "text")));
	}
}

static void becomes_note(struct json_object *data, struct hg_errand *ret)
{
	const char *name = hg_json_str(hg_json_obj(data, "contact"), "name");
	g_autofree char *text = ret->text;

	ret->kind = HG_ERRAND_NOTE;
	ret->text = g_strdup_printf("%s wrote on %s:\n\n%s", name ? name : "The customer",
				    channel_of(data, hg_json_obj(data, "message")), text);
}

void hg_errand_read(const hg_dispatch *dispatch, struct json_object *data, const hg_desk *desk, struct hg_errand *ret)
{
	*ret = (struct hg_errand){ .kind = HG_ERRAND_NONE, .files = json_object_new_array() };
	read_kind(dispatch, data, desk, ret);
	if (ret->kind == HG_ERRAND_CREATE && !desk->ops[HG_DESK_CREATE])
		ret->kind = HG_ERRAND_NONE;
	/* Where nothing can be said in the customer's name, agents read it in a note. */
	if (ret->kind == HG_ERRAND_APPEND && !desk->ops[HG_DESK_APPEND] && desk->ops[HG_DESK_NOTE])
		becomes_note(data, ret);
	/* Notes are for agents: where there are none nobody hears of it. */
	if (ret->kind == HG_ERRAND_NOTE && !desk->ops[HG_DESK_NOTE])
		ret->kind = HG_ERRAND_NONE;
	if (ret->kind == HG_ERRAND_STATUS && (!desk->ops[HG_DESK_SET_STATUS] || !ret->status ||
					      !hg_desk_status_to(desk, ret->status)))
		ret->kind = HG_ERRAND_NONE;
}

/* desk_say.c - the situation: everything an operation at a helpdesk may say, as one JSON object */
#include "desk_say.h"

#include <string.h>

#include "json.h"
#include "text.h"

static void put(struct json_object *map, const char *key, const char *text)
{
	if (text)
		json_object_object_add(map, key, json_object_new_string(text));
}

/* A member of from as it is, where it is there and not null. */
static void take_as(struct json_object *map, const char *key, struct json_object *from, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(from, json_type_object) && json_object_object_get_ex(from, name, &value) && value)
		json_object_object_add(map, key, json_object_get(value));
}

static void take(struct json_object *map, struct json_object *from, const char *const *names)
{
	for (; *names; names++)
		take_as(map, *names, from, *names);
}

void hg_desk_say_time(struct json_object *situation, const char *name, gint64 utc_ms)
{
	struct json_object *time = json_object_new_object();
	char iso[HG_TIME_SIZE];

	json_object_object_add(time, "s", json_object_new_int64(utc_ms / 1000));
	json_object_object_add(time, "epoch", json_object_new_int64(utc_ms / 1000));
	json_object_object_add(time, "ms", json_object_new_int64(utc_ms));
	put(time, "iso", hg_time(utc_ms, iso));
	json_object_object_add(situation, name, time);
}

struct json_object *hg_desk_say(const char *op, const char *key, gint64 now_ms)
{
	struct json_object *situation = json_object_new_object();

	put(situation, "op", op);
	put(situation, "key", key);
	hg_desk_say_time(situation, "now", now_ms);
	return situation;
}

/* ---- of an event ---- */

/* What it is called there goes before what the event knew of it. */
static struct json_object *ticket(const hg_dispatch *dispatch, struct json_object *data)
{
	static const char *const ours[] = { "priority", "category", "type", "queue", "skill", "assignee", "reason", NULL };
	static const char *const begun[] = { "priority", "category", "type", "queue", "skill", "assignee", "assignee_name",
					     "assignee_email", NULL };
	struct json_object *map = json_object_new_object(), *from = hg_json_obj(data, "ticket");

	take(map, from, ours);
	take(map, data, begun);
	take_as(map, "ref", from, "number");
	take_as(map, "key", from, "id");
	take_as(map, "status", from, "state");
	take_as(map, "status", from, "status");
	take_as(map, "subject", data, "subject");
	take_as(map, "tags", data, "tags");
	if (!json_object_object_get_ex(map, "tags", NULL))
		json_object_object_add(map, "tags", json_object_new_array());
	if (dispatch->link) {
		put(map, "id", dispatch->link->external_id);
		put(map, "number", dispatch->link->number ? dispatch->link->number : dispatch->link->external_id);
		put(map, "url", dispatch->link->url);
	}
	return map;
}

/* Some helpdesks want two names of everybody: the last word is the last name, and who has one word has it twice. */
static void put_names(struct json_object *map, const char *name)
{
	const char *last = name ? strrchr(name, ' ') : NULL;
	g_autofree char *first = NULL;

	if (!name || !*name)
		return;
	first = last && last > name ? g_strndup(name, (gsize)(last - name)) : g_strdup(name);
	put(map, "first_name", first);
	put(map, "last_name", last && last[1] ? last + 1 : name);
}

/* After the request for the ticket its own address is told with it: the one the helpdesk knows, proven or not. */
static struct json_object *requester(struct json_object *data, struct json_object *contact)
{
	static const char *const names[] = { "email", "name", "phone", "proven", "policy", NULL };
	struct json_object *map = json_object_new_object(), *from = hg_json_obj(data, "requester");
	const char *proven = hg_json_str(contact, "email"), *asked = hg_json_str(hg_json_obj(data, "ticket"), "requester");

	take(map, contact, names);	/* email and phone of a contact are proven ones */
	if (!from && asked)
		put(map, "email", asked);
	if (!from && (proven || asked))
		json_object_object_add(map, "proven", json_object_new_boolean(!asked || g_strcmp0(asked, proven) == 0));
	take(map, from, names);
	put_names(map, hg_json_str(map, "name"));
	return map;
}

static struct json_object *message(struct json_object *data)
{
	static const char *const names[] = { "id", "author", "at", "channel", "kind", NULL };
	struct json_object *map = json_object_new_object(), *from = hg_json_obj(data, "message");

	take(map, from, names);
	take_as(map, "agent", from, "author_name");
	return map;
}

struct json_object *hg_desk_say_event(const hg_dispatch *dispatch, struct json_object *data, const hg_desk *desk,
				      gint64 now_ms)
{
	static const char *const whole[] = { "sequence", "channel", "scope", "language", "origin", "subject", NULL };
	static const char *const of_thread[] = { "id", "url", NULL };
	static const char *const of_contact[] = { "id", "name", "email", "phone", "locale", "external_id", "tier", NULL };
	struct json_object *situation = json_object_new_object(), *thread = json_object_new_object();
	struct json_object *contact = json_object_new_object(), *from = hg_json_obj(data, "contact");

	hg_desk_say_time(situation, "now", now_ms);
	take(situation, data, whole);
	take_as(situation, "transcript", data, "transcript_text");
	take(thread, hg_json_obj(data, "thread"), of_thread);
	json_object_object_add(situation, "thread", thread);
	take(contact, from, of_contact);
	json_object_object_add(situation, "contact", contact);
	json_object_object_add(situation, "ticket", ticket(dispatch, data));
	json_object_object_add(situation, "requester", requester(data, from));
	json_object_object_add(situation, "message", message(data));
	put(situation, "status", hg_desk_status_to(desk, hg_json_str(hg_json_obj(situation, "ticket"), "status") ?: "open"));
	return situation;
}

/* ---- of one thing that is done ---- */

void hg_desk_say_part(struct json_object *situation, const struct hg_desk_part *part)
{
	g_autofree char *html = part->text ? hg_desk_html(part->text) : NULL;
	g_autofree char *tail = part->piece ? g_strdup_printf(".%u", part->piece + 1) :
				part->tail ? g_strconcat(".", part->tail, NULL) : g_strdup("");
	g_autofree char *key = g_strconcat(part->key, tail, NULL), *id = g_strconcat(part->external_id, tail, NULL);

	put(situation, "op", hg_desk_op_name(part->op));
	put(situation, "key", key);
	put(situation, "external_id", id);
	json_object_object_add(situation, "first", json_object_new_boolean(part->piece == 0));
	json_object_object_add(situation, "files", part->files ? json_object_get(part->files) : json_object_new_array());
	json_object_object_del(situation, "text");
	json_object_object_del(situation, "html");
	put(situation, "text", part->text);
	put(situation, "html", html);
}

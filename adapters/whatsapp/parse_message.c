/* parse_message.c - what all message types have in common: who, when, to whom, in answer to what */
#include <string.h>

#include "identity.h"
#include "read.h"

void wa_put(struct wa_item *it, const char *key, struct json_object *value)
{
	if (!value)
		return;
	if (!it->payload)
		it->payload = json_object_new_object();
	json_object_object_add(it->payload, key, json_object_get(value));
}

/* A decoration of another type than it should have: the message is shown all the same, but its raw
 * form is kept beside it. */
static void check_type(struct wa_item *it, const char *key, enum json_type type)
{
	it->odd |= wa_odd(it->m, key, type);
}

/* Who it is from (echo: to), by all addresses and names that are known here. */
static void read_person(struct wa_item *it)
{
	const char *phone_key = it->c->echo ? "to" : "from";
	const char *user_key = it->c->echo ? "to_user_id" : "from_user_id";
	const char *parent_key = it->c->echo ? "to_parent_user_id" : "from_parent_user_id";
	const char *phone = wa_id(it->m, phone_key), *user = wa_id(it->m, user_key);
	struct json_object *contact = wa_contact_of(it->c->contacts, phone, user ? user : phone);
	struct wa_people people = { .pool = it->c->r->pool };

	wa_people_add(&people, phone, HG_PROVEN);
	wa_people_add(&people, wa_id(contact, "wa_id"), HG_PROVEN);
	wa_people_add(&people, user, HG_PROVEN);
	wa_people_add(&people, wa_id(contact, "user_id"), HG_PROVEN);
	wa_people_give(&people, &it->in);
	it->in.name = wa_text(wa_obj(contact, "profile"), "name");
	it->in.username = wa_text(wa_obj(contact, "profile"), "username");
	/* A parent's id joins people of several portfolios; it is no address. */
	wa_put(it, "parent_user_id", wa_text(it->m, parent_key) ? wa_get(it->m, parent_key)
		: wa_text(contact, "parent_user_id") ? wa_get(contact, "parent_user_id") : NULL);
	wa_put(it, "identity_key_hash", wa_text(contact, "identity_key_hash")
		? wa_get(contact, "identity_key_hash") : NULL);
}

static void read_context(struct wa_item *it)
{
	struct json_object *context = wa_obj(it->m, "context");
	const char *id = wa_id(context, "id");

	it->in.forwarded = wa_flag(context, "forwarded") || wa_flag(context, "frequently_forwarded");
	if (id) {
		const char **refs = wa_new(it->c->r->pool, 2 * sizeof(*refs));

		refs[0] = id;
		it->in.refs = refs;
	}
	wa_put(it, "referred_product", wa_obj(context, "referred_product"));
	wa_put(it, "referral", wa_obj(it->m, "referral"));
	check_type(it, "context", json_type_object);
	check_type(it, "referral", json_type_object);
}

static void read_common(struct wa_item *it)
{
	struct wa_pool *pool = it->c->r->pool;

	it->in.text = "";
	it->in.id = wa_id(it->m, "id");
	it->in.wide = true;		/* wamids are unique in the world */
	it->in.echo = it->c->echo;
	it->in.automatic = it->c->standby;
	it->in.to = wa_our_address(pool, it->c->number);
	it->in.group = wa_id(it->m, "group_id");
	it->in.sent_ms = wa_time(it->m, "timestamp");
	read_person(it);
	read_context(it);
}

/* errors[0] of a message says why WhatsApp itself could not hand it over. */
static const char *error_note(struct wa_item *it)
{
	struct json_object *error = wa_first(it->m, "errors");
	const char *title = wa_text(error, "title");
	const char *details = wa_text(wa_obj(error, "error_data"), "details");

	if (!error)
		return NULL;
	it->in.code = (int)wa_int(error, "code", 0);
	if (!title)
		title = wa_text(error, "message");
	return wa_fmt(it->c->r->pool, "WhatsApp could not pass this message on: %s%s%s (%d)",
		      title ? title : "no reason given", details ? "; " : "", details ? details : "",
		      it->in.code);
}

/* Signs of life of the phone's screen, from older versions. */
static bool is_useless(const char *type)
{
	return !strcmp(type, "request_welcome") || !strcmp(type, "ephemeral");
}

static void finish(struct wa_item *it, const char *why)
{
	struct wa_read *r = it->c->r;

	if (it->payload)
		it->in.payload = wa_json(r->pool, it->payload);
	json_object_put(it->payload);
	if (why) {
		wa_add_unsupported(r, &it->in, it->m, why);
		return;
	}
	if (it->odd) {
		it->in.raw = wa_json(r->pool, it->m);
		it->in.raw_len = strlen(it->in.raw);
		wa_count(r, "odd_member");
	}
	wa_add(r, &it->in);
}

/* Echoes of standby wrap what was said in "message", beside id and timestamp. */
static struct json_object *unwrap(struct wa_change *c, struct json_object *m)
{
	struct json_object *inner = c->echo && !wa_get(m, "type") ? wa_obj(m, "message") : NULL;
	struct json_object *flat;

	if (!inner)
		return json_object_get(m);
	flat = json_object_new_object();
	json_object_object_foreach(m, outer_key, outer)
		if (strcmp(outer_key, "message"))
			json_object_object_add(flat, outer_key, json_object_get(outer));
	json_object_object_foreach(inner, key, value)
		json_object_object_add(flat, key, json_object_get(value));
	return flat;
}

static void read_message(struct wa_change *c, struct json_object *m)
{
	struct wa_item it = { .c = c, .m = m };
	const char *type, *why;

	if (!m || !json_object_is_type(m, json_type_object)) {
		wa_add_unsupported(c->r, NULL, m, "a message that is no object");
		return;
	}
	type = wa_text(m, "type");
	if (type && is_useless(type)) {
		wa_add_ignored(c, m, wa_fmt(c->r->pool, "message of type %s", type));
		return;
	}
	read_common(&it);
	if (!type)
		why = "a message without type";
	else if (!it.in.id)
		why = "a message without id";
	else
		why = wa_read_content(&it, type, m);
	if (!why && !it.in.n_from)
		why = "a message that does not say who it is from";
	if (why && error_note(&it))
		why = error_note(&it);
	finish(&it, why);
}

void wa_read_messages(struct wa_change *c, struct json_object *messages)
{
	for (size_t i = 0; i < wa_len(messages); i++) {
		struct json_object *m = unwrap(c, wa_at(messages, i));

		read_message(c, m);
		json_object_put(m);
	}
}

/* parse_interactive.c - answers to buttons, lists, forms and requests */
#include <string.h>

#include "read.h"

static const char *read_reply(struct wa_item *it, struct json_object *reply)
{
	const char *title = wa_text(reply, "title"), *id = wa_id(reply, "id");

	it->in.kind = HG_BUTTON;
	if (!title && !id)
		return "an answer to a button or list, without title and id";
	it->in.text = title ? title : id;
	return NULL;
}

/* What the customer filled in comes as JSON inside of a string, now and then cut off. */
static const char *read_form(struct wa_item *it, struct json_object *reply)
{
	struct wa_read *r = it->c->r;
	const char *body = wa_text(reply, "body"), *answer = wa_text(reply, "response_json");
	struct json_object *fields = NULL;
	struct hg_err err = { 0 };

	it->in.kind = HG_FORM;
	it->in.text = body ? body : "";
	if (!answer)
		return "a form without answers";
	fields = r->wa->host->json(answer, strlen(answer), &err);
	if (fields) {
		wa_put(it, "form", fields);
		json_object_put(fields);
		return NULL;
	}
	it->in.note = wa_fmt(r->pool, "the form's answers are no JSON: %s", err.text);
	it->odd = true;
	wa_count(r, "unreadable_form");
	return NULL;
}

static const char *read_permission(struct wa_item *it, struct json_object *reply)
{
	const char *response = wa_text(reply, "response");

	it->in.kind = HG_BUTTON;
	if (!response)
		return "an answer to a call request, without the answer";
	it->in.text = !strcmp(response, "accept") ? "You may call me"
		: !strcmp(response, "reject") ? "Please do not call me" : response;
	return NULL;
}

const char *wa_read_interactive(struct wa_item *it, struct json_object *m)
{
	static const struct {
		const char *type;
		const char *(*read)(struct wa_item *it, struct json_object *reply);
	} types[] = {
		{ "button_reply", read_reply }, { "list_reply", read_reply },
		{ "nfm_reply", read_form }, { "call_permission_reply", read_permission },
	};
	struct json_object *inter = wa_obj(m, "interactive");
	const char *type = wa_text(inter, "type");

	it->in.kind = HG_BUTTON;
	if (!type)
		return "an interactive message with nothing in it";
	wa_put(it, "interactive", inter);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i].type)) {
			struct json_object *reply = wa_obj(inter, type);

			return reply ? types[i].read(it, reply) : "an interactive answer with nothing in it";
		}
	wa_count(it->c->r, "unknown_type");
	return wa_fmt(it->c->r->pool, "an interactive message of type %.40s, which headgate does not know",
		      type);
}

/* parse_system.c - system messages: the customer's number or id is another one now */
#include <string.h>

#include "identity.h"
#include "read.h"

/* The new addresses are his, the old ones were: by the provider's word. */
static const char *replace(struct wa_item *it, const char *const now[2], const char *const former[2])
{
	struct wa_people people = { .pool = it->c->r->pool };
	size_t n;

	for (int i = 0; i < 2; i++)
		wa_people_add(&people, now[i], HG_PROVEN);
	n = people.n;
	for (int i = 0; i < 2; i++)
		wa_people_add(&people, former[i], HG_FORMER);
	if (!n || people.n == n)
		return "a change of number or id that does not name both";
	wa_people_give(&people, &it->in);
	it->in.kind = HG_IDENTITY;
	return NULL;
}

/* from is the old number; the new one is wa_id (new_wa_id in older webhooks). */
static const char *read_number(struct wa_item *it, struct json_object *sys)
{
	const char *now = wa_id(sys, "wa_id") ? wa_id(sys, "wa_id") : wa_id(sys, "new_wa_id");

	return replace(it, (const char *const[]){ now, wa_id(sys, "user_id") },
		       (const char *const[]){ wa_id(it->m, "from"), wa_id(it->m, "from_user_id") });
}

static const char *read_user_id(struct wa_item *it, struct json_object *sys)
{
	return replace(it, (const char *const[]){ wa_id(sys, "user_id"), wa_id(sys, "wa_id") },
		       (const char *const[]){ wa_id(sys, "previous_user_id"), NULL });
}

/* Another phone or a new installation: the same number, another security code. */
static const char *read_security_code(struct wa_item *it, struct json_object *sys)
{
	(void)sys;
	it->in.kind = HG_IDENTITY;
	wa_put(it, "identity", wa_obj(it->m, "identity"));
	return it->in.n_from ? NULL : "a new security code, without saying whose";
}

const char *wa_read_system(struct wa_item *it, struct json_object *m)
{
	static const struct {
		const char *type;
		const char *(*read)(struct wa_item *it, struct json_object *sys);
	} types[] = {
		{ "user_changed_number", read_number }, { "customer_changed_number", read_number },
		{ "user_changed_user_id", read_user_id },
		{ "customer_identity_changed", read_security_code },
		{ "user_identity_changed", read_security_code },
	};
	struct json_object *sys = wa_obj(m, "system");
	const char *type = wa_text(sys, "type");

	it->in.note = wa_text(sys, "body");
	wa_put(it, "system", sys);
	for (size_t i = 0; type && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i].type))
			return types[i].read(it, sys);
	wa_count(it->c->r, "unknown_type");
	return wa_fmt(it->c->r->pool, "a system message of type %.40s, which headgate does not know",
		      type ? type : "(none)");
}

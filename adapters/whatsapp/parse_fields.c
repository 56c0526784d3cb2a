/* parse_fields.c - webhook fields other than messages: consent, identity, handover, calls, news */
#include <string.h>

#include "errors.h"
#include "identity.h"
#include "read.h"

/* ---- value.errors[]: trouble of the account, of no one message ---- */

void wa_read_errors(struct wa_change *c, struct json_object *errors)
{
	for (size_t i = 0; i < wa_len(errors); i++) {
		struct wa_failure failure;

		wa_error_read(c->r->pool, wa_at(errors, i), &failure);
		wa_add_news(c, wa_at(errors, i), failure.code > 0 ? failure.code : 0, failure.text);
	}
}

/* ---- calls: headgate takes none, but a missed call wants an answer ---- */

static const char *call_text(struct wa_pool *pool, struct json_object *call, bool echo)
{
	const char *status = wa_text(call, "status");
	int64_t seconds = wa_int(call, "duration", 0);

	if (seconds > 0)
		return wa_fmt(pool, "%s, %lld:%02lld minutes", echo ? "Called" : "Phone call",
			      (long long)seconds / 60, (long long)seconds % 60);
	return status && !strcmp(status, "COMPLETED") ? (echo ? "Called" : "Phone call")
		: echo ? "Called, no answer" : "Missed call";
}

static void add_call(struct wa_change *c, struct json_object *call, const char *id)
{
	const char *direction = wa_text(call, "direction");
	bool ours = direction && !strcmp(direction, "BUSINESS_INITIATED");
	const char *phone = wa_id(call, ours ? "to" : "from");
	const char *user = wa_id(call, ours ? "to_user_id" : "from_user_id");
	struct json_object *contact = wa_contact_of(c->contacts, phone, user);
	struct wa_people people = { .pool = c->r->pool };
	struct hg_in in = {
		.kind = HG_CALL, .id = id, .wide = true, .echo = ours,
		.dedupe = wa_fmt(c->r->pool, "%s:terminate", id),
		.to = wa_our_address(c->r->pool, c->number),
		.name = wa_text(wa_obj(contact, "profile"), "name"),
		.username = wa_text(wa_obj(contact, "profile"), "username"),
		.text = call_text(c->r->pool, call, ours),
		.payload = wa_fmt(c->r->pool, "{\"call\":%s}", wa_json(c->r->pool, call)),
		.sent_ms = wa_time(call, "timestamp"),
	};

	wa_people_add(&people, phone, HG_PROVEN);
	wa_people_add(&people, wa_id(contact, "wa_id"), HG_PROVEN);
	wa_people_add(&people, user, HG_PROVEN);
	wa_people_add(&people, wa_id(contact, "user_id"), HG_PROVEN);
	wa_people_give(&people, &in);
	if (in.n_from)
		wa_add(c->r, &in);
	else
		wa_add_unsupported(c->r, &in, call, "a call that does not say who it is from");
}

void wa_read_calls(struct wa_change *c, struct json_object *calls)
{
	for (size_t i = 0; i < wa_len(calls); i++) {
		struct json_object *call = wa_at(calls, i);
		const char *id = wa_id(call, "id"), *event = wa_text(call, "event");

		if (!id || !event)
			wa_add_unsupported(c->r, NULL, call, "a call without id or event");
		else if (!strcmp(event, "terminate"))
			add_call(c, call, id);
		else	/* connect: it rings; how it ended comes with terminate */
			wa_add_ignored(c, call, wa_fmt(c->r->pool, "call event %.40s", event));
	}
}

/* ---- fields with a list of their own name ---- */

/* What an element of the list says, into in; NULL, or why it cannot be read. */
typedef const char *read_element(struct wa_change *c, struct json_object *e, struct hg_in *in);

static const char *read_preference(struct wa_change *c, struct json_object *e, struct hg_in *in)
{
	struct wa_people people = { .pool = c->r->pool };
	const char *value = wa_text(e, "value");

	in->kind = HG_CONSENT;
	if (!value || (strcmp(value, "stop") && strcmp(value, "resume")))
		return "a preference that is neither stop nor resume";
	in->text = !strcmp(value, "stop") ? "stop" : "start";
	in->note = wa_text(e, "detail");
	wa_people_add(&people, wa_id(e, "wa_id"), HG_PROVEN);
	wa_people_add(&people, wa_id(e, "user_id"), HG_PROVEN);
	wa_people_give(&people, in);
	return in->n_from ? NULL : "a preference of nobody";
}

static const char *read_user_id(struct wa_change *c, struct json_object *e, struct hg_in *in)
{
	struct json_object *user = wa_obj(e, "user_id");
	struct wa_people people = { .pool = c->r->pool };
	bool now, former;

	in->kind = HG_IDENTITY;
	in->note = wa_text(e, "detail");
	now = wa_people_add(&people, wa_id(user, "current"), HG_PROVEN);
	wa_people_add(&people, wa_id(e, "wa_id"), HG_PROVEN);
	former = wa_people_add(&people, wa_id(user, "previous"), HG_FORMER);
	wa_people_give(&people, in);
	return now && former ? NULL : "a change of id that does not name both";
}

static const char *read_group(struct wa_change *c, struct json_object *e, struct hg_in *in)
{
	const char *type = wa_text(e, "type"), *subject = wa_text(e, "subject");
	struct wa_failure failure;

	in->kind = HG_ACCOUNT;
	in->group = wa_id(e, "group_id");
	if (!type && !in->group)
		return "news of no group";
	in->text = wa_fmt(c->r->pool, "WhatsApp group %s: %s", subject ? subject : in->group ? in->group : "",
			  type ? type : c->field);
	if (wa_first(e, "errors")) {
		wa_error_read(c->r->pool, wa_first(e, "errors"), &failure);
		in->code = failure.code > 0 ? failure.code : 0;
		in->text = wa_fmt(c->r->pool, "%s failed: %s", in->text, failure.text);
	}
	return NULL;
}

static void read_list(struct wa_change *c, const char *key, read_element *read)
{
	struct json_object *list = wa_arr(c->value, key);

	if (!list)
		wa_add_unsupported(c->r, NULL, c->change, wa_fmt(c->r->pool, "%s without a list", c->field));
	for (size_t i = 0; i < wa_len(list); i++) {
		struct json_object *e = wa_at(list, i);
		struct hg_in in = {
			.text = "", .to = wa_our_address(c->r->pool, c->number),
			.sent_ms = wa_time(e, "timestamp"),
			.dedupe = wa_hash_key(c->r->pool, c->field, e),
		};
		const char *why = read(c, e, &in);

		if (why)
			wa_add_unsupported(c->r, &in, e, why);
		else
			wa_add(c->r, &in);
	}
}

/* ---- who leads the conversation: we, or Meta's Business Agent ---- */

static void read_handover(struct wa_change *c)
{
	struct wa_pool *pool = c->r->pool;
	struct json_object *passed = wa_obj(c->value, "control_passed"), *sender = wa_obj(c->value, "sender");
	struct wa_people people = { .pool = pool };
	const char *from = wa_text(passed, "previous_owner_role"), *to = wa_text(passed, "new_owner_role");
	struct hg_in in = {
		.kind = HG_ACCOUNT, .note = c->field, .to = wa_our_address(pool, c->number),
		.sent_ms = wa_time(c->value, "timestamp"), .dedupe = wa_hash_key(pool, c->field, c->change),
		.payload = wa_fmt(pool, "{\"handover\":%s}", wa_json(pool, c->value)),
	};

	if (!from)
		from = wa_text(passed, "previous_owner_app_role");
	in.text = wa_fmt(pool, "conversation handed over%s%s%s%s", from ? " by " : "", from ? from : "",
			 to ? " to " : "", to ? to : "");
	wa_people_add(&people, wa_id(sender, "phone_number"), HG_PROVEN);
	wa_people_add(&people, wa_id(sender, "wa_id"), HG_PROVEN);
	wa_people_add(&people, wa_id(sender, "user_id"), HG_PROVEN);
	wa_people_give(&people, &in);
	wa_add(c->r, &in);
}

/* ---- account, numbers, templates ---- */

/* The members that say what happened, as far as they are there: they differ from field to field. */
static void read_account(struct wa_change *c)
{
	static const char *const keys[] = {
		"event", "decision", "display_phone_number", "message_template_name",
		"message_template_language", "previous_category", "new_category",
		"previous_quality_score", "new_quality_score", "old_limit", "current_limit",
		"max_daily_conversations_per_business", "requested_verified_name", "reason",
		"rejection_reason", "username", "status",
	};
	struct json_object *alert = wa_obj(c->value, "alert_info");
	const char *text = c->field;
	bool any = false;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = wa_id(c->value, keys[i]);

		if (!value)
			continue;
		text = wa_fmt(c->r->pool, "%s%s %s %.200s", text, any ? "," : ":", keys[i], value);
		any = true;
	}
	if (wa_text(alert, "alert_description"))
		text = wa_fmt(c->r->pool, "%s: %.400s", text, wa_text(alert, "alert_description"));
	wa_add_news(c, c->change, 0, text);
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

void wa_read_field(struct wa_change *c)
{
	static const struct { const char *field, *key; read_element *read; } lists[] = {
		{ "user_preferences", "user_preferences", read_preference },
		{ "user_id_update", "user_id_update", read_user_id },
		{ "group_lifecycle_update", "groups", read_group },
		{ "group_participants_update", "groups", read_group },
		{ "group_settings_update", "groups", read_group },
		{ "group_status_update", "groups", read_group },
	};
	static const char *const account[] = {
		"account_update", "account_alerts", "account_review_update", "account_settings_update",
		"business_capability_update", "business_status_update", "business_username_update",
		"message_template_components_update", "message_template_quality_update",
		"message_template_status_update", "phone_number_name_update",
		"phone_number_quality_update", "security", "template_category_update",
		"template_correct_category_detection", NULL,
	};
	static const char *const useless[] = {	/* months of old chats, the app's contact book, money */
		"history", "smb_app_state_sync", "flows", "payment_configuration_update",
		"automatic_events", "tracking_events", "partner_solutions", NULL,
	};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (!strcmp(c->field, lists[i].field)) {
			read_list(c, lists[i].key, lists[i].read);
			return;
		}
	if (!strcmp(c->field, "messaging_handovers"))
		read_handover(c);
	else if (is_one_of(c->field, account))
		read_account(c);
	else if (is_one_of(c->field, useless))
		wa_add_ignored(c, c->change, c->field);
	else {
		wa_count(c->r, "unknown_field");
		wa_add_ignored(c, c->change, wa_fmt(c->r->pool, "field %.60s, which headgate does not know",
						    c->field));
	}
}

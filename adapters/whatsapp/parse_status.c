/* parse_status.c - what became of the messages we sent */
#include <string.h>

#include "condition.h"
#include "errors.h"
#include "identity.h"
#include "read.h"

/* What a status tells of the account is news for so long; replays come up to 7 days late. */
#define FRESH_MS INT64_C(900000)

static int state_of(const char *word)
{
	static const struct { const char *word; int state; } states[] = {
		{ "sent", HG_R_SENT }, { "delivered", HG_R_DELIVERED }, { "read", HG_R_READ },
		{ "played", HG_R_PLAYED }, { "failed", HG_R_FAILED },
	};

	for (size_t i = 0; word && i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(word, states[i].word))
			return states[i].state;
	return 0;
}

static const char *read_receiver(struct wa_pool *pool, struct json_object *s)
{
	static const char *const keys[] = {
		"recipient_participant_id", "recipient_participant_user_id",
		"recipient_id", "recipient_user_id",
	};
	const char *type = wa_text(s, "recipient_type");
	bool group = type && !strcmp(type, "group");

	for (size_t i = group ? 0 : 2; i < (group ? 2 : 4); i++) {
		const char *address = wa_address(pool, wa_id(s, keys[i]));

		if (address)
			return address;
	}
	return NULL;
}

static const char *read_detail(struct wa_pool *pool, struct json_object *s)
{
	static const char *const keys[] = { "pricing", "conversation", "errors", "recipient_type" };
	struct json_object *detail = json_object_new_object();
	const char *text = NULL;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (wa_get(s, keys[i]))
			json_object_object_add(detail, keys[i], json_object_get(wa_get(s, keys[i])));
	if (json_object_object_length(detail))
		text = wa_json(pool, detail);
	json_object_put(detail);
	return text;
}

/* Why it failed: the provider's words, and what the table makes of the code. */
static void read_failure(struct wa_change *c, struct json_object *s, struct hg_receipt *receipt)
{
	const struct wa_error *error;
	struct wa_failure failure;

	wa_error_read(c->r->pool, wa_first(s, "errors"), &failure);
	error = wa_error_of(failure.code, failure.subcode);
	receipt->code = failure.code > 0 ? failure.code : 0;
	receipt->text = failure.text;
	receipt->reach = error->reach;
	receipt->advice = error->advice;
	if (c->r->now_ms - receipt->at_ms < FRESH_MS)
		wa_condition_failed(c->r->wa, error, &failure);
}

/* 131050: he told WhatsApp that he wants no marketing of ours. */
static void add_opt_out(struct wa_change *c, struct json_object *s, const struct hg_receipt *receipt)
{
	struct wa_people people = { .pool = c->r->pool };
	struct hg_in in = {
		.kind = HG_CONSENT, .text = "stop", .code = receipt->code, .note = receipt->text,
		.to = wa_our_address(c->r->pool, c->number), .sent_ms = receipt->at_ms,
		.dedupe = wa_fmt(c->r->pool, "opt_out:%s", receipt->id),
	};

	wa_people_add(&people, wa_id(s, "recipient_id"), HG_PROVEN);
	wa_people_add(&people, wa_id(s, "recipient_user_id"), HG_PROVEN);
	wa_people_give(&people, &in);
	if (in.n_from)
		wa_add(c->r, &in);
}

static void read_status(struct wa_change *c, struct json_object *s)
{
	struct wa_pool *pool = c->r->pool;
	const char *type = wa_text(s, "type");
	struct hg_receipt receipt = {
		.state = state_of(wa_text(s, "status")), .id = wa_id(s, "id"),
		.key = wa_text(s, "biz_opaque_callback_data"), .at_ms = wa_time(s, "timestamp"),
		.to = read_receiver(pool, s), .reach = HG_REACH_MESSAGE,
	};

	if (!receipt.id || !wa_text(s, "status")) {
		wa_add_unsupported(c->r, NULL, s, "a status without id or state");
		return;
	}
	if (!receipt.state || (type && !strcmp(type, "call"))) {
		/* deleted and warning: of older versions, about what the customer's phone did */
		wa_add_ignored(c, s, wa_fmt(pool, "status %.40s", wa_text(s, "status")));
		return;
	}
	receipt.detail = read_detail(pool, s);
	if (receipt.state == HG_R_FAILED)
		read_failure(c, s, &receipt);
	wa_add_receipt(c->r, &receipt);
	if (receipt.code == WA_OPTED_OUT)
		add_opt_out(c, s, &receipt);
}

void wa_read_statuses(struct wa_change *c, struct json_object *statuses)
{
	for (size_t i = 0; i < wa_len(statuses); i++)
		read_status(c, wa_at(statuses, i));
}

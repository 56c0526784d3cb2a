/* learn.c - what the answer to a send says of the receiver */
#include <string.h>

#include "identity.h"
#include "learn.h"

static void no_ack(void *arg, int stored)
{
	(void)arg;	/* what was not stored is said again with the next message */
	(void)stored;
}

static void emit(struct whatsapp *wa, struct wa_people *people, const char *number, struct hg_in *in)
{
	struct hg_batch batch = { .size = sizeof(batch), .in = in, .n_in = 1, .in_size = sizeof(*in) };

	in->size = sizeof(*in);
	in->to = wa_our_address(people->pool, number);
	in->sent_ms = wa->host->now_ms(wa->ch);
	wa_people_give(people, in);
	wa->host->emit(wa->ch, &batch, no_ack, NULL);
}

/* FNV-1a over the addresses: told already?  A forgotten one is told again, which is harmless. */
static bool told_before(struct whatsapp *wa, const struct wa_people *people)
{
	uint64_t hash = UINT64_C(14695981039346656037), *slot;

	for (size_t i = 0; i < people->n; i++)
		for (const char *c = people->list[i].uri; *c; c++)
			hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
	slot = &wa->learned[hash % WA_LEARNED];
	if (*slot == hash)
		return true;
	*slot = hash;
	return false;
}

void wa_learn(struct whatsapp *wa, const char *number, const char *to, struct json_object *contact)
{
	struct wa_people people = { .pool = wa_pool_new() };
	struct hg_in in = { .kind = HG_IDENTITY, .text = "", .note = "named in the answer to a message" };
	size_t known;

	wa_people_add(&people, strchr(to, ':') + 1, HG_PROVEN);
	known = people.n;
	wa_people_add(&people, wa_id(contact, "wa_id"), HG_PROVEN);
	wa_people_add(&people, wa_id(contact, "user_id"), HG_PROVEN);
	if (known && people.n > known && !told_before(wa, &people)) {
		const char *key = "learned";

		for (size_t i = 0; i < people.n; i++)
			key = wa_fmt(people.pool, "%s:%s", key, people.list[i].uri);
		in.dedupe = key;
		emit(wa, &people, number, &in);
	}
	wa_pool_free(people.pool);
}

void wa_learn_opt_out(struct whatsapp *wa, const char *number, const char *to, const char *key,
		      const char *words)
{
	struct wa_people people = { .pool = wa_pool_new() };
	struct hg_in in = {
		.kind = HG_CONSENT, .text = "stop", .code = WA_OPTED_OUT, .note = words,
		.dedupe = wa_fmt(people.pool, "opt_out:%s", key ? key : to),
	};

	if (wa_people_add(&people, strchr(to, ':') + 1, HG_PROVEN))
		emit(wa, &people, number, &in);
	wa_pool_free(people.pool);
}

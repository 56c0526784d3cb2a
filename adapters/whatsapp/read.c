/* read.c - the batch that a webhook becomes: its items, and what is kept of the unreadable */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "read.h"

void wa_read_init(struct wa_read *r, struct whatsapp *wa)
{
	*r = (struct wa_read){ .wa = wa, .pool = wa_pool_new(), .now_ms = wa->host->now_ms(wa->ch) };
}

void wa_read_done(struct wa_read *r)
{
	free(r->in);
	free(r->receipts);
	json_object_put(r->root);
	wa_pool_free(r->pool);
}

void wa_count(struct wa_read *r, const char *what)
{
	r->wa->host->count(r->wa->ch, what);
}

/* One more element of size bytes in a growing array. */
static void *grow(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 8;
	array = realloc(array, *room * size);
	if (!array)
		abort();
	return array;
}

void wa_add(struct wa_read *r, const struct hg_in *in)
{
	if (r->n_in >= WA_ITEMS_MAX) {
		r->left_over++;
		return;
	}
	r->in = grow(r->in, r->n_in, &r->room_in, sizeof(*r->in));
	r->in[r->n_in] = *in;	/* analyser: grow() frees nothing, or moves it */
	r->in[r->n_in++].size = sizeof(*in);
}

void wa_add_receipt(struct wa_read *r, const struct hg_receipt *receipt)
{
	if (r->n_receipts >= WA_ITEMS_MAX) {
		r->left_over++;
		return;
	}
	r->receipts = grow(r->receipts, r->n_receipts, &r->room_receipts, sizeof(*r->receipts));
	r->receipts[r->n_receipts] = *receipt;
	r->receipts[r->n_receipts++].size = sizeof(*receipt);
}

const char *wa_hash_key(struct wa_pool *pool, const char *prefix, struct json_object *value)
{
	const char *text = wa_json(pool, value);
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char hex[33];

	if (!EVP_Digest(text, strlen(text), hash, &len, EVP_sha256(), NULL) || len < 16)
		abort();
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return wa_fmt(pool, "%s:%s", prefix, hex);
}

static void keep_raw(struct wa_read *r, struct hg_in *in, struct json_object *raw)
{
	const char *text = wa_json(r->pool, raw);

	in->raw = text;
	in->raw_len = strlen(text);
}

void wa_add_unsupported(struct wa_read *r, const struct hg_in *about, struct json_object *raw,
			const char *note)
{
	struct hg_in in = { .kind = HG_UNSUPPORTED, .text = "", .note = note };

	if (about) {
		in.id = about->id;
		in.wide = about->wide;
		in.echo = about->echo;
		in.automatic = about->automatic;
		in.to = about->to;
		in.from = about->from;
		in.n_from = about->n_from;
		in.name = about->name;
		in.username = about->username;
		in.group = about->group;
		in.refs = about->refs;
		in.payload = about->payload;
		in.code = about->code;
		in.sent_ms = about->sent_ms;
	}
	if (!in.id) {
		in.dedupe = wa_hash_key(r->pool, "unread", raw);
		in.wide = false;
	}
	keep_raw(r, &in, raw);
	wa_count(r, "unsupported");
	wa_add(r, &in);
}

/* Two equal pieces of news at two times are two. */
static const char *news_key(struct wa_change *c, struct json_object *raw)
{
	const char *key = wa_hash_key(c->r->pool, c->field, raw);

	return c->time_ms ? wa_fmt(c->r->pool, "%s:%lld", key, (long long)c->time_ms) : key;
}

void wa_add_ignored(struct wa_change *c, struct json_object *raw, const char *note)
{
	struct hg_in in = {
		.kind = HG_IGNORED, .text = "", .note = note,
		.to = wa_our_address(c->r->pool, c->number),
		.dedupe = news_key(c, raw), .sent_ms = c->time_ms,
	};

	keep_raw(c->r, &in, raw);
	wa_count(c->r, "ignored");
	wa_add(c->r, &in);
}

void wa_add_news(struct wa_change *c, struct json_object *raw, int code, const char *text)
{
	struct hg_in in = {
		.kind = HG_ACCOUNT, .text = text, .code = code, .note = c->field,
		.to = wa_our_address(c->r->pool, c->number),
		.dedupe = news_key(c, raw), .sent_ms = c->time_ms,
	};

	keep_raw(c->r, &in, raw);
	wa_count(c->r, "account_news");
	wa_add(c->r, &in);
}

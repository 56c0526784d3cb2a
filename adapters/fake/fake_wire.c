/* fake_wire.c - what the made-up provider's JSON means */
#include "fake_wire.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *str(struct json_object *obj, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, key, &value) && json_object_is_type(value, json_type_string)
		? json_object_get_string(value) : NULL;
}

static int64_t num(struct json_object *obj, const char *key, int64_t fallback)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, key, &value) && json_object_is_type(value, json_type_int)
		? json_object_get_int64(value) : fallback;
}

static bool truth(struct json_object *obj, const char *key)
{
	return json_object_get_boolean(json_object_object_get(obj, key));
}

const char *const *list(struct json_object *obj, const char *key, const char *words[WORDS_MAX + 1])
{
	struct json_object *all = json_object_object_get(obj, key);
	size_t n = 0;

	if (!json_object_is_type(all, json_type_array))
		return NULL;
	for (; n < WORDS_MAX && n < json_object_array_length(all); n++)
		words[n] = json_object_get_string(json_object_array_get_idx(all, n));
	words[n] = NULL;
	return words;
}

static bool read_file(struct hg_file *file, struct json_object *obj)
{
	struct json_object *media = NULL;

	json_object_object_get_ex(obj, "media", &media);
	*file = (struct hg_file){ .size = sizeof(*file), .kind = HG_FILE, .ref = str(media, "ref"),
				  .name = str(media, "name"), .type = str(media, "type"),
				  .sha256 = str(media, "sha256"), .bytes = num(media, "bytes", -1) };
	return file->ref != NULL;
}

/* Bytes that are to be read when they are safe: fake_unpack() gets them back. */
static void read_raw(struct delivery *d, struct json_object *obj, const char *raw)
{
	d->in[d->batch.n_in++] = (struct hg_in){ .size = sizeof(struct hg_in), .kind = HG_RAW, .text = "",
						 .dedupe = str(obj, "key"), .group = str(obj, "mailbox"),
						 .raw = raw, .raw_len = strlen(raw) };
}

/* What is said where anybody can say that he is anybody. */
static void read_claims(struct delivery *d, size_t n, struct json_object *obj)
{
	const char *sender = str(obj, "sender");
	struct hg_in *in = &d->in[n];

	in->subject = str(obj, "subject");
	in->answered = truth(obj, "answered");
	in->reply_text = str(obj, "reply_text");
	in->automatic = truth(obj, "automatic");
	in->forwarded = truth(obj, "forwarded");
	in->refs = list(obj, "refs", d->refs[n]);
	in->also = list(obj, "also", d->also[n]);
	in->vouched = (size_t)num(obj, "vouched", 0);
	if (!truth(obj, "claimed"))
		return;
	d->from[n].proof = HG_CLAIMED;
	in->sender = !sender ? HG_SENDER_NONE : strcmp(sender, "pass") == 0 ? HG_SENDER_PASS : HG_SENDER_FAIL;
}

/* A long message comes in pieces, each with an id of its own; headgate puts them together. */
static void read_part(struct hg_in *in, struct json_object *obj)
{
	in->part_ref = str(obj, "part_ref");
	in->part = (int)num(obj, "part", 0);
	in->parts = (int)num(obj, "parts", 0);
	in->part_wait_ms = num(obj, "part_wait", 0);
}

static void read_message(struct delivery *d, struct json_object *obj)
{
	size_t n = d->batch.n_in++;
	struct hg_in *in = &d->in[n];
	bool file = read_file(&d->file[n], obj);
	const char *text = str(obj, "text");

	d->from[n] = (struct hg_address){ str(obj, "from"), HG_PROVEN };
	*in = (struct hg_in){ .size = sizeof(*in), .kind = file ? HG_FILE : HG_TEXT, .id = str(obj, "id"),
			      .to = str(obj, "to"), .from = &d->from[n], .n_from = d->from[n].uri ? 1 : 0,
			      .name = str(obj, "name"), .text = text ? text : "", .sent_ms = num(obj, "at", 0),
			      .files = &d->file[n], .n_files = file, .file_size = sizeof(d->file[n]) };
	read_claims(d, n, obj);
	read_part(in, obj);
	if (in->id && in->n_from && (text || file))
		return;
	/* It was signed, so it is meant for us: kept as it came, never dropped. */
	in->kind = HG_UNSUPPORTED;
	in->note = "needs id, from, and text or media.ref, all of them strings";
	in->raw = json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN);
	in->raw_len = strlen(in->raw);
}

/* What somebody wants of us, told by the provider. */
static void read_consent(struct delivery *d, struct json_object *obj, const char *word)
{
	struct hg_in *in = &d->in[d->batch.n_in];

	read_message(d, obj);
	if (!in->id || !in->n_from)	/* of nobody, or not to be known again: kept as unsupported */
		return;
	in->kind = HG_CONSENT;
	in->text = word;
	in->code = (int)num(obj, "code", 0);
	in->note = str(obj, "note");
}

static void read_receipt(struct delivery *d, struct json_object *obj, const char *word)
{
	static const char *const words[] = { "sent", "delivered", "read", "played", "failed" };
	struct hg_receipt *r = &d->receipt[d->batch.n_receipts];

	*r = (struct hg_receipt){ .size = sizeof(*r), .id = str(obj, "id"), .key = str(obj, "key"),
				  .at_ms = num(obj, "at", 0), .code = (int)num(obj, "code", 0),
				  .text = str(obj, "text") };
	for (int i = 0; i < 5; i++)
		if (strcmp(word, words[i]) == 0)
			r->state = HG_R_SENT + i;
	if (r->state && (r->id || r->key))
		d->batch.n_receipts++;
	else
		read_message(d, obj);		/* which it is not either: kept as unsupported */
}

struct delivery *read_delivery(struct json_object *json)
{
	bool many = json_object_is_type(json, json_type_array);
	size_t n = many ? json_object_array_length(json) : 1;
	struct delivery *d = n <= ITEMS_MAX ? calloc(1, sizeof(*d)) : NULL;

	if (!d)
		return NULL;
	d->batch = (struct hg_batch){ .size = sizeof(d->batch), .in = d->in, .in_size = sizeof(d->in[0]),
				      .receipts = d->receipt, .receipt_size = sizeof(d->receipt[0]) };
	for (size_t i = 0; i < n; i++) {
		struct json_object *obj = many ? json_object_array_get_idx(json, i) : json;
		const char *receipt = str(obj, "receipt"), *raw = str(obj, "raw"), *consent = str(obj, "consent");

		if (raw)
			read_raw(d, obj, raw);
		else if (consent)
			read_consent(d, obj, consent);
		else if (receipt)
			read_receipt(d, obj, receipt);
		else
			read_message(d, obj);
	}
	return d;
}

bool signature_ok(const char *secret, const void *bytes, size_t len, const char *hex)
{
	unsigned char mac[32];
	char ours[65];

	if (!hex || strlen(hex) != 64 ||
	    !HMAC(EVP_sha256(), secret, (int)strlen(secret), bytes, len, mac, NULL))
		return false;
	for (int i = 0; i < 32; i++)
		snprintf(ours + 2 * i, 3, "%02x", mac[i]);
	/* In constant time: how far a guess was right must not show. */
	return CRYPTO_memcmp(ours, hex, 64) == 0;
}

static int fate(const struct hg_http_answer *a, const char *id, bool ask)
{
	if (a->status == 200)
		return id ? HG_SENT : HG_AMBIGUOUS;
	if (ask)
		return a->status == 404 ? HG_RETRY : HG_AMBIGUOUS;	/* 404: it never came */
	if (!a->status)
		return a->sent ? HG_AMBIGUOUS : HG_RETRY;
	/* 409: it has the key, and is still at work.  5xx: it may have taken the message before it broke. */
	if (a->status == 409 || a->status >= 500)
		return HG_AMBIGUOUS;
	return a->status == 429 ? HG_RETRY : HG_FAILED;
}

struct hg_result judge(const struct hg_http_answer *a, struct json_object *body, bool ask)
{
	const char *wait = a->header(a, "Retry-After");
	struct hg_result r = { .size = sizeof(r), .id = str(body, "id"), .code = a->status };

	r.fate = fate(a, r.id, ask);
	r.reach = a->status == 401 || a->status == 403 ? HG_REACH_CHANNEL : HG_REACH_MESSAGE;
	r.retry_ms = wait ? strtoll(wait, NULL, 10) * 1000 : 0;
	r.text = a->error ? a->error : str(body, "error");
	return r;
}

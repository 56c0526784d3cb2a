/* read.h - a webhook becomes a batch: what the parse_*.c files share */
#pragma once
#include <json-c/json.h>

#include "pick.h"
#include "pool.h"
#include "wire.h"

/* One delivery being read.  Everything put into in[] and receipts[] lives as long as pool and root. */
struct wa_read {
	struct whatsapp *wa;		/* lent: for conf, host->json, host->count */
	struct wa_pool *pool;
	struct json_object *root;
	int64_t now_ms;
	struct hg_in *in;
	size_t n_in, room_in;
	struct hg_receipt *receipts;
	size_t n_receipts, room_receipts;
	size_t left_over;		/* items beyond WA_ITEMS_MAX */
};

/* One element of entry[].changes[]. */
struct wa_change {
	struct wa_read *r;
	struct json_object *change, *value;
	const char *field;		/* "messages" ... */
	int64_t time_ms;		/* of the entry: when the webhook was made; 0: not said */
	const char *number;		/* our phone_number_id it is about; NULL when it names none */
	struct json_object *contacts;	/* array or NULL: who the people in it are */
	bool echo;			/* these were said by us, outside of headgate */
	bool standby;			/* another handler has the conversation */
};

/* One message on its way into an hg_in. */
struct wa_item {
	struct wa_change *c;
	struct json_object *m;		/* the message */
	struct json_object *payload;	/* ours: what text cannot hold; NULL while there is nothing */
	struct hg_in in;
	bool odd;			/* some decoration had a wrong type: keep the raw form too */
};

/* The whole delivery; always at least one item.  wa_read_done() frees what it made. */
void wa_read_init(struct wa_read *r, struct whatsapp *wa);
void wa_read_body(struct wa_read *r, const void *body, size_t len);
void wa_read_done(struct wa_read *r);

/* Items, in the order they came.  add_* copy the struct, not what it points to. */
void wa_add(struct wa_read *r, const struct hg_in *in);
void wa_add_receipt(struct wa_read *r, const struct hg_receipt *receipt);
/* What cannot be read, kept with its own JSON.  about may be NULL, or lends id, from and time. */
void wa_add_unsupported(struct wa_read *r, const struct hg_in *about, struct json_object *raw,
			const char *note);
/* Known and of no use (or of no known use: then count names a metric). */
void wa_add_ignored(struct wa_change *c, struct json_object *raw, const char *note);
/* News for the operator. */
void wa_add_news(struct wa_change *c, struct json_object *raw, int code, const char *text);
/* A dedupe key for what carries no id of its own: a hash over its JSON. */
const char *wa_hash_key(struct wa_pool *pool, const char *prefix, struct json_object *value);
void wa_count(struct wa_read *r, const char *what);

/* The parts of a change; each element on its own, none can hurt another. */
void wa_read_messages(struct wa_change *c, struct json_object *messages);
void wa_read_statuses(struct wa_change *c, struct json_object *statuses);
void wa_read_errors(struct wa_change *c, struct json_object *errors);
void wa_read_calls(struct wa_change *c, struct json_object *calls);
void wa_read_field(struct wa_change *c);	/* any field but "messages" and its likes */

/* Content of one message by its type, into it->in and it->payload.  Returns NULL, or why it cannot
 * be read. */
const char *wa_read_content(struct wa_item *it, const char *type, struct json_object *m);
const char *wa_read_interactive(struct wa_item *it, struct json_object *m);
const char *wa_read_system(struct wa_item *it, struct json_object *m);
void wa_put(struct wa_item *it, const char *key, struct json_object *value);	/* value is shared */

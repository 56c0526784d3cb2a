/* gather.h - what a provider delivered, on its way to becoming a batch */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "arena.h"

struct hg_gather {
	const struct hg_host *host;	/* lent, as is ch */
	struct hg_channel *ch;
	hg_arena *arena;		/* ours: all texts of the items */
	GArray *in, *receipts;		/* ours; of struct hg_in, struct hg_receipt */
};

void hg_gather_init(struct hg_gather *gather, const struct hg_host *host, struct hg_channel *ch);
void hg_gather_done(struct hg_gather *gather);

/* One more, with its size, and text ""; lent until the next. */
struct hg_in *hg_gather_in(struct hg_gather *gather, int kind);
struct hg_receipt *hg_gather_receipt(struct hg_gather *gather, int state);
/* What cannot be read, or is of no use here, as it came; note is copied. */
void hg_gather_unread(struct hg_gather *gather, const void *bytes, gsize len, const char *note);
void hg_gather_ignored(struct hg_gather *gather, const void *bytes, gsize len, const char *note);

/* The provider refused a message because its receiver wants no more: customer, ours are addresses in the arena (NULL
 * customer: nothing is told), id names the message, code and words are the provider's. */
void hg_gather_stopped(struct hg_gather *gather, const char *customer, const char *ours, const char *id, int code,
		       const char *words);

/* All of it goes out, as many batches as it takes; raw is the whole delivery.  For route handlers whose answer
 * depends on nothing but the disk; when there is nothing, the reply is 200 at once. */
void hg_gather_emit(struct hg_gather *gather, const void *raw, gsize len, struct hg_http_rep *rep);

/* The same outside of a handler, for news that come again by themselves when the store has no room for them now. */
void hg_gather_tell(struct hg_gather *gather);

/* In the arena. */
const char *hg_gather_fmt(struct hg_gather *gather, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
const char *hg_gather_str(struct hg_gather *gather, const char *text);		/* NULL gives NULL */
const char *hg_gather_json(struct hg_gather *gather, struct json_object *value);
const char *hg_gather_hash(struct hg_gather *gather, const void *bytes, gsize len);	/* 32 hex digits */
/* The address of a number as the provider writes it, digits without plus being international; NULL: it is none. */
const char *hg_gather_number(struct hg_gather *gather, const char *said, const char *country);
/* The sender: that address, and "adapter:said" beside it where the spelling is another.  FALSE: it is none. */
gboolean hg_gather_from(struct hg_gather *gather, struct hg_in *in, const char *said, const char *adapter,
			const char *country);
/* The sender has one more proven address, before all others when first. */
void hg_gather_also_from(struct hg_gather *gather, struct hg_in *in, const char *uri, gboolean first);

/* A string that is not "", or a number or truth value as its text: providers change their minds about types.  Lent. */
const char *hg_json_word(struct json_object *obj, const char *key);
gint64 hg_json_number(struct json_object *obj, const char *key, gint64 fallback);	/* integer, or its digits */
gint64 hg_number_of(const char *text, gint64 fallback);	/* all of it decimal digits, at most 18 */
/* "2026-11-20 10:02:11", "2026-11-20T10:02:11.220+0000", "...+01:00", "...Z" as UTC ms, UTC where no zone is
 * said; 0: it is none. */
gint64 hg_time_of(const char *text);

/* http_samples.h - `samples:` of a description: requests with what must come of them, played without a network
 *
 *	samples:
 *	  given: { secrets: { ... }, values: { ... }, public_url: ..., country: GB, status_url: ..., now: 2026-11-20T10:00:00Z,
 *	           certificates: { URL: PEM } }
 *	  in:
 *	    - { name: ..., seen: where, or made_up: true,
 *	        request: { method: POST, path: "sms?a=b", peer: 192.0.2.1, headers: { ... }, body: "..." or json: ... or form: ... },
 *	        expect: { reply: 200 or { status:, type:, body: }, messages: [ ... ], receipts: [ ... ], consent: [ ... ],
 *	                  kept: [ ... ], calls: [ URL ] } }
 *	  out: ...		# http_out.h
 *
 * The channel is called "sample".  What is not expected must not come; of what comes, the fields that are named are
 * compared. */
#pragma once
#include "description.h"
#include "sample.h"

/* As samples() of adapter.h. */
int ht_samples(const void *conf, void (*tell)(void *arg, const struct hg_sample *), void *arg, struct hg_err *err);

/* http_shown.c: what an adapter hands over, as JSON that can be compared; for json_object_put(). */
struct json_object *ht_shown_message(const struct hg_in *in);
struct json_object *ht_shown_receipt(const struct hg_receipt *receipt);
/* "messages", "consent" or "kept": the list an item belongs to. */
const char *ht_shown_list(const struct hg_in *in);

/* description.h - a provider described in the config: read once, every error of it told with its place
 *
 * The description as a whole (YAML; README.md is its reference):
 *
 *	name: Plivo                     # for people
 *	country: US                     # of numbers without a country; the channel's own goes before
 *	codes:                          # the provider's error codes, of receipts and answers
 *	  "200": { class: opted_out, advice: ... }    # retry, throttle, permanent, contact, opted_out, account
 *	in:                             # one, or a list: the first whose match fits takes the request
 *	  - path: sms                   # below /channel/NAME/; "*" any
 *	    method: POST                # or a list
 *	    type: form                  # form, json, xml, query, multipart, text; else by Content-Type
 *	    charset: iso-8859-1         # or a path: $query:charset; else by Content-Type
 *	    auth: [ { token: ... }, { basic: ... }, { addresses: ... }, { hmac: ... }, { ed25519: ... }, { jwt: ... },
 *	            { sns: ... }, { within: ... } ]   # all must hold; "none" said as a word
 *	    each: results[]             # one item each; else the whole body is one
 *	    cases:                      # the first that fits; or one of the five words directly, without when
 *	      - when: { type: mo_text }
 *	        message: { id: ..., from: ..., to: ..., text: ..., files: [ ... ], parts: { ... }, sent: ... }
 *	      - when: { type: [ dlr, report ] }
 *	        status: { id: ..., key: ..., state: ..., map: { DELIVRD: delivered }, code: ... }
 *	      - when: { type: optout }
 *	        consent: { from: ..., to: ..., word: ... }
 *	      - when: { type: url_verification }
 *	        verify: { token: ..., echo: challenge }
 *	      - ignore: true
 *	    reply: { accepted: { status: 200, type: text/xml, body: <ok/> }, duplicate:, ignored:, bad_signature:,
 *	             bad_payload:, busy: }
 *	send: { ... }                   # http_out_new()
 *	fetch: { basic: ..., headers: ..., hosts: [ ... ] }    # how files of messages are fetched
 *	probe: { url: ..., basic: ..., headers: ... }    # what is asked to see whether the credentials are good
 *	samples:
 *	  given: { secrets: { auth_token: made-up }, values: { ... }, public_url: https://..., now: 2026-11-20T10:00:00Z }
 *	  in: [ { name: ..., made_up: true, request: { method:, target:, headers:, body: }, expect: { ... } } ]
 *	  out: [ ... ]                  # http_out_samples()
 *
 * Picks, paths and templates: described.h. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "described.h"

struct ht_conf {			/* the channel's options */
	char  *description;		/* JSON of HG_OPT_TREE */
	char **secrets, **values;	/* name, value ..., NULL */
	char  *public_url;		/* hg_outside_url()'s base; or NULL */
	char  *country;
	char  *status_url;		/* where the provider reports to, for ${receipt_url}; or NULL */
	char  *text, *long_text;	/* of HG_SMS_TEXT_RANGE, HG_SMS_LONG_RANGE; NULL: "exact", "concat" */
	int64_t timeout;		/* ms: of one call; 0: 30 s */
};

/* ---- the whole ---- */

enum ht_class { HT_RETRY = 1, HT_THROTTLE, HT_PERMANENT, HT_CONTACT, HT_OPTED_OUT, HT_ACCOUNT };
struct ht_code {			/* a row of `codes:` */
	char *code;
	int class;			/* enum ht_class */
	gint64 retry_ms;		/* of RETRY and THROTTLE; 0: the gateway's own */
	char *advice;			/* or NULL */
};

typedef struct ht_desc {
	struct json_object *tree;	/* all of it */
	char *name, *country;
	GPtrArray *in;			/* of struct ht_in (ways_in.h) */
	GArray *codes;			/* of struct ht_code */
	struct ht_out *out;		/* http_out.h: NULL without send: */
	struct ht_fetch *fetch;		/* how files are fetched; NULL: nothing said */
	struct ht_request *probe;	/* asked to see whether the credentials are good; NULL: nothing said */
} ht_desc;
/* look: at may be NULL, names and people are filled in.  NULL when anything was told. */
ht_desc *ht_desc_new(const char *json, struct ht_look *look);
void ht_desc_free(ht_desc *desc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_desc, ht_desc_free)
/* The row of a code as the provider writes it; NULL: none, or code is NULL. */
const struct ht_code *ht_desc_code(const ht_desc *desc, const char *code);

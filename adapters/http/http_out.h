/* http_out.h - `send:` of a description: what goes out, as which requests, and what is done about the answers
 *
 *	send:
 *	  method: POST ...              # one request, as http_request.h says; or
 *	  requests: [ ... ]             # several: the first that fits a part is the one
 *	  to: [ tel, short ]            # kinds of address that can be written to, by what stands before their colon
 *	  sms: { max_segments: 10, max_chars: 1600, wide_ref: false, coding: ucs2 }     # priced in segments; or
 *	  max_chars: 4096               # no SMS: only so long
 *	  max_caption: 1024             # characters beside a file; longer text goes before it; 0: no text beside it
 *	  max_file: 50MiB
 *	  rate: { per_second: 30, burst: 30, at_once: 4, contact_gap: 1s, contact_burst: 3 }
 *	  oauth2: { url: ..., client_id: ..., client_secret: ..., scope: ..., basic: true }    # gives ${token}
 *	  answer: { ... }               # http_answer.h
 *
 * What a part is made of is there for conditions (`when`) and templates by name: kind ("text", "reaction", "edit",
 * "revoke", "read", "typing"), to, from, text, coding ("gsm7", "ucs2"), units, ref (provider's id of what is answered), target,
 * subject, agent, file.kind ("image", "audio", "video", "file", "sticker"), file.name, file.type, receipt_url (status_url
 * of the channel with our key in its query), key. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "description.h"
#include "http_answer.h"
#include "say.h"

typedef struct ht_out {
	GPtrArray *requests;		/* of ht_request */
	ht_answer *answer;
	char **to;			/* "tel", NULL-ended */
	gboolean sms, wide_ref;
	guint max_segments, max_chars;	/* 0: no such limit */
	int coding;			/* enum hg_sms_coding that everything goes out in; 0: by the text */
	gint64 max_caption, max_file;	/* 0: none, no limit */
	gint64 per_second, burst, at_once, contact_gap, contact_burst;	/* 0: no limit */
	char *token_url;		/* OAuth 2.0; or NULL, as are the next */
	ht_fill *client_id, *client_secret;
	char *scope;
	gboolean basic;
} ht_out;

/* desc: lent, may still be without codes.  NULL: told. */
ht_out *ht_out_new(struct ht_look *look, struct json_object *send, const ht_desc *desc);
void ht_out_free(ht_out *out);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_out, ht_out_free)

/* Pure, as plan() of adapter.h.  A part's body is JSON of what it is made of; the request is made of it by send(), for
 * secrets are not to be written to disk. */
int ht_out_plan(const ht_out *out, const struct ht_conf *conf, const struct hg_out *message, struct hg_plan *plan,
		struct hg_err *err);
void ht_out_limits(const ht_out *out, struct hg_limits *ret);
/* Is our key said to the provider, so that his receipts can? */
gboolean ht_out_tells_key(const ht_out *out, const struct ht_conf *conf);
/* The request for a part; NULL: the description has none.  say->part: see ht_part_read(). */
const ht_request *ht_out_request(const ht_out *out, struct ht_say *say);

/* http_plan.c: a part's body, with what only send() knows added; for json_object_put().  body NULL: of the message itself
 * (what is not planned: READ, TYPING).  NULL: it is none. */
struct json_object *ht_part_read(const struct ht_conf *conf, const struct hg_out *message);

/* http_out_samples.c: runs `samples: out:` of a description, with conf made of its `given`; returns how many failed.  What
 * is given and what must come of it:
 *	- { name: ..., seen: where, or made_up: true,
 *	    given: { to:, text:, from:, ref:, key:, kind:, target:, subject:, agent:, file: { kind:, name:, type: } },
 *	    requests: [ { method: POST, url:, headers: { ... }, units:, coding:,
 *	                  body: "bytes", or json: ..., form: { ... }, parts: { ... } } ],
 *	    or refused: words of why }
 *	- { name: ..., answer: { status: 200, headers: { ... }, body: "...", or json: ... },
 *	    expect: { fate: sent, retry, failed or ambiguous; id:, also:, code:, reach: message, contact, channel or account;
 *	              retry: 2s, opted_out: true } } */
guint ht_out_samples(const ht_desc *desc, struct json_object *samples, const struct ht_conf *conf, gint64 now_ms,
		     void (*tell)(void *arg, const struct hg_sample *), void *arg);

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
 *	samples:
 *	  given: { secrets: { auth_token: made-up }, values: { ... }, public_url: https://..., now: 2026-11-20T10:00:00Z }
 *	  in: [ { name: ..., made_up: true, request: { method:, target:, headers:, body: }, expect: { ... } } ]
 *	  out: [ ... ]                  # http_out_samples()
 *
 * A pick says where a value stands: a path (http_path.h), a list of them (the first that is there and not empty), or
 * { path: ..., default: ..., do: [ { strip: "whatsapp:" }, digits ], map: { from: to } }; { value: words } is always the
 * same.
 * Secrets are never written into a description: it names them ($secret:NAME), the channel's `secrets:` has them;
 * `values:` of the channel does the same for what is no secret ($value:NAME). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "http_path.h"

struct ht_conf {			/* the channel's options */
	char  *description;		/* JSON of HG_OPT_TREE */
	char **secrets, **values;	/* name, value ..., NULL */
	char  *public_url;		/* hg_outside_url()'s base; or NULL */
	char  *country;
	char  *status_url;		/* where the provider reports to, for ${receipt_url}; or NULL */
	char  *text, *long_text;	/* of HG_SMS_TEXT_RANGE, HG_SMS_LONG_RANGE; NULL: "exact", "concat" */
	int64_t timeout;		/* ms: of one call; 0: 30 s */
};

/* ---- reading a description: where we are in it, and whom to tell what is wrong ---- */

struct ht_look {
	GString *at;			/* "description/send/headers" */
	void (*tell)(void *arg, const struct hg_err *err);	/* or NULL: only the first is kept */
	void *arg;
	struct hg_err first;		/* kind 0: none so far */
	guint errors;
	const struct ht_conf *conf;	/* whose secrets and values there are; NULL: any name will do (a file alone) */
};

#define HT_LIST_MAX 256		/* items of one list */

/* key NULL: of the place itself.  Never quotes a secret. */
void ht_wrong(struct ht_look *look, const char *key, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* The same of another place: "secrets", an option of the channel. */
void ht_wrong_at(struct ht_look *look, const char *at, const char *text);
/* Goes into a member (or "[3]" by number); leave with what it returned. */
gsize ht_enter(struct ht_look *look, const char *key);
gsize ht_enter_at(struct ht_look *look, gsize i);
void ht_leave(struct ht_look *look, gsize was);
/* FALSE and told when map is no map, or has keys other than these (NULL-ended): with the nearest of them. */
gboolean ht_keys(struct ht_look *look, struct json_object *map, const char *const *keys);
/* Members, lent; NULL (or fallback) when they are not there, told when they have another type or need is TRUE.  A
 * number or a truth counts as text where text is wanted: YAML has no say in what a code is. */
struct json_object *ht_member(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
char *ht_text(struct ht_look *look, struct json_object *map, const char *key, gboolean need);	/* yours */
gint64 ht_int(struct ht_look *look, struct json_object *map, const char *key, gint64 least, gint64 most, gint64 fallback);
gint64 ht_span(struct ht_look *look, struct json_object *map, const char *key, gint64 fallback_ms);	/* "20s" */
gboolean ht_bool(struct ht_look *look, struct json_object *map, const char *key, gboolean fallback);
int ht_index(const char *const *words, const char *word);	/* -1: it is none of them */
/* Index of the member's word in words (NULL-ended); told and -1 when it is none, fallback when it is not there. */
int ht_word(struct ht_look *look, struct json_object *map, const char *key, const char *const *words, int fallback);
/* One text or a list of texts; NULL when it is not there.  NULL-ended, yours. */
char **ht_texts(struct ht_look *look, struct json_object *map, const char *key);
ht_path *ht_read_path(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
ht_path *ht_take_path(struct ht_look *look, const char *key, const char *text, gboolean each);
/* Is there such a secret (kind "secret") or value?  Told when not, of the channel's
 * `secrets:` or `values:`. */
gboolean ht_given(struct ht_look *look, const char *key, const char *kind, const char *name);

/* ---- picks: paths, defaults, transforms ---- */

typedef struct ht_pick ht_pick;
/* Of a member that is a pick; NULL: not there (told when need) or wrong (told). */
ht_pick *ht_pick_new(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
void ht_pick_free(ht_pick *pick);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_pick, ht_pick_free)
/* Valid UTF-8, yours; NULL: nothing is there.  pick may be NULL. */
char *ht_pick_text(const ht_pick *pick, const struct ht_scope *scope);

/* As UTC ms, as the pick's time: and zone: say; 0: nothing, or no time. */
gint64 ht_pick_time(const ht_pick *pick, const struct ht_scope *scope);
/* The value of the first path that leads to one, of any type; a reference of yours, or NULL. */
struct json_object *ht_pick_json(const ht_pick *pick, const struct ht_scope *scope);
const char *ht_pick_scheme(const ht_pick *pick);	/* its as: "telegram"; or NULL */
/* The member's keys and values by turns, NULL-ended, yours; NULL: not there, or wrong. */
char **ht_read_map(struct ht_look *look, struct json_object *map, const char *key);
/* A pick's or map's JSON with n for each "{n}" in its texts; a reference of yours. */
struct json_object *ht_numbered(struct json_object *value, guint n);
/* "GB" */
gboolean ht_country_known(const char *country);

/* `when`: { path: text, path: [ texts ], path: { exists: true }, { not: ... }, { begins: ... } }, all of which hold. */
typedef struct ht_when ht_when;
ht_when *ht_when_new(struct ht_look *look, struct json_object *map, const char *key);	/* NULL: not there, or wrong */
void ht_when_free(ht_when *when);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_when, ht_when_free)
gboolean ht_when_fits(const ht_when *when, const struct ht_scope *scope);		/* NULL fits */

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
} ht_desc;
/* look->conf is kept, and must outlive it.  NULL when anything was told. */
ht_desc *ht_desc_new(const char *json, struct ht_look *look);
void ht_desc_free(ht_desc *desc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_desc, ht_desc_free)
/* The row of a code as the provider writes it; NULL: none, or code is NULL. */
const struct ht_code *ht_desc_code(const ht_desc *desc, const char *code);

/* ---- what sending adds (http_out.h, fill.h) ----
 *
 * struct ht_out *ht_out_new(struct ht_look *look, struct json_object *send, const ht_desc *desc);
 * void ht_out_free(struct ht_out *out);
 * guint ht_out_samples(const ht_desc *desc, struct json_object *out, ..., tell, arg);  // `samples: out:`
 *
 * Templates ("${to}", "${secret:token}", "${value:account}", "${sha256(body)}") are one thing for both ways, with
 * escaping by position where they make a body, and none where they make a string to be signed:
 * ht_fill *ht_fill_new(struct ht_look *look, const char *key, const char *text, int escape, const char *const *names);
 * void ht_fill_run(const ht_fill *fill, ht_fill_value *value, void *ctx, GString *out); */

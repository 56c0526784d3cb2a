/* ways_in.h - `in:` of a description: which requests are taken, what they hold, how they are answered */
#pragma once
#include "description.h"
#include "http_auth.h"
#include "http_files.h"
#include "http_replies.h"

#define HT_ITEMS_MAX  900	/* of one request; a batch takes 1000 messages and 1000 receipts */
#define HT_CASES_MAX  32
#define HT_IN_MAX     32

/* ---- http_case.c: what an item is ---- */

enum ht_kind { HT_MESSAGE = 1, HT_STATUS, HT_CONSENT, HT_VERIFY, HT_IGNORE };

struct ht_hash {			/* `id: { hash: [ ... ], within: 1h }` */
	GPtrArray *picks;		/* of ht_pick */
	gint64 within_ms;
};

struct ht_message {
	int kind;			/* HG_TEXT, HG_EDIT, HG_REVOKE, HG_REACTION */
	ht_pick *id, *from, *to, *name, *username, *group, *subject, *text, *payload, *answers, *target, *sent, *consent;
	struct ht_hash *hash;		/* instead of id; or NULL */
	GPtrArray *also;		/* of ht_pick: more addresses of the sender */
	GPtrArray *files;		/* of struct ht_files */
	ht_pick *part_ref, *part, *parts, *udh;
	gint64 wait_ms;
};

struct ht_status {
	ht_pick *id, *key, *state, *code, *text, *to, *from, *at;
};

struct ht_consent {
	ht_pick *id, *from, *to, *word, *text;
};

struct ht_verify {
	ht_pick *token, *echo, *confirm;
	char **secrets, **hosts;
	ht_reply *reply;
};

struct ht_case {
	ht_when *when;			/* NULL: any */
	ht_path *each;			/* or NULL: a batch within the item */
	int kind;			/* enum ht_kind */
	struct ht_message *message;	/* the one of its kind */
	struct ht_status *status;
	struct ht_consent *consent;
	struct ht_verify *verify;
};

extern const char *const ht_states[];		/* "ignore", "sent", ..., NULL */
/* FALSE and told: none of the words, or wrong. */
gboolean ht_case_read(struct ht_look *look, struct json_object *map, struct ht_case *ret);
void ht_case_clear(gpointer data);

/* ---- ways_in.c ---- */

struct ht_in {
	char **path;			/* its segments; the last may be "*" */
	char **methods;
	int shape;			/* enum ht_shape; 0: by Content-Type */
	char *charset;			/* or NULL */
	ht_path *charset_path;		/* or NULL */
	char *content_type;		/* only these; or NULL */
	ht_auth *auth;
	gboolean proven;		/* nobody else can have called */
	ht_path *each;			/* or NULL */
	GArray *cases;			/* of struct ht_case */
	ht_reply *replies[HT_OUTCOMES];
};

/* `in:` of a map: one, or a list.  NULL: not there, or wrong (told). */
GPtrArray *ht_ways_new(struct ht_look *look, struct json_object *map);
/* The first that takes the request, or NULL with the status that says why not: 404, 405, 415. */
const struct ht_in *ht_ways_find(const ht_desc *desc, const struct ht_conf *conf, const struct hg_http_req *req, int *ret_status);

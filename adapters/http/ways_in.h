/* ways_in.h - `in:` of a description: which requests are taken, what they hold, how they are answered */
#pragma once
#include "description.h"
#include "http_auth.h"

#define HT_ITEMS_MAX  900	/* of one request; a batch takes 1000 messages and 1000 receipts */
#define HT_FILES_MAX  32	/* of one message */
#define HT_CASES_MAX  32
#define HT_IN_MAX     32

/* ---- http_reply.c ---- */

enum ht_outcome { HT_ACCEPTED, HT_DUPLICATE, HT_IGNORED, HT_BAD_SIGNATURE, HT_BAD_PAYLOAD, HT_BUSY, HT_OUTCOMES };
extern const char *const ht_outcomes[];		/* "accepted", ..., NULL */

typedef struct ht_reply ht_reply;
/* The inside of one outcome: { status:, type:, body:, retry_after: } */
ht_reply *ht_reply_new(struct ht_look *look, struct json_object *map, int status);
void ht_reply_free(ht_reply *reply);
/* reply NULL: only a status.  body is yours. */
void ht_reply_make(const ht_reply *reply, int status, const struct ht_scope *scope, struct hg_http_outcome *ret,
		   GString *body);

/* ---- http_case.c: what an item is ---- */

enum ht_kind { HT_MESSAGE = 1, HT_STATUS, HT_CONSENT, HT_VERIFY, HT_IGNORE };

struct ht_files {
	ht_when *when;
	ht_path *each;			/* or NULL */
	ht_pick *count;			/* of numbered ones; or NULL */
	int kind;			/* enum hg_kind; 0: by the type */
	gboolean voice;
	GPtrArray *picks;		/* of struct ht_file_picks: one, or one for each number */
	gboolean numbered;
};

struct ht_file_picks {
	ht_pick *url, *type, *name, *size, *sha256;
};

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
struct ht_files *ht_files_new(struct ht_look *look, struct json_object *map);
void ht_files_free(gpointer files);

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

/* back_made.h - the inside of a way back; for back_*.c that read and sort */
#pragma once
#include "back.h"

#include "http_auth.h"
#include "http_files.h"
#include "http_replies.h"
#include "reply_text.h"

struct hg_back_case {
	ht_when *when;			/* NULL: any */
	ht_path *each;			/* or NULL */
	gboolean also;
	int kind;			/* enum hg_change_kind; 0: ignore */
	gboolean skip;			/* `none: skip` */
	GPtrArray *id;			/* of ht_pick: all of them, put together */
	ht_pick *ticket, *external, *number, *url, *order, *at;
	ht_pick *text, *html, *agent;	/* REPLY, NOTE */
	gboolean cut;			/* quoted history */
	GPtrArray *files;		/* of ht_files; or NULL */
	ht_pick *status;		/* STATUS */
	ht_pick *assignee;		/* ASSIGN */
	ht_pick *into;			/* MERGE */
};

struct hg_back_side {			/* what is to be made of items: of the hook, or of the poll */
	gboolean there;
	ht_path *each;			/* or NULL */
	GPtrArray *own;			/* of ht_when; NULL: not said */
	GArray *cases;			/* of struct hg_back_case; NULL: not said */
};

struct hg_back {
	struct hg_back_side hook, poll;
	ht_auth *auth;			/* of the hook, as the rest */
	int shape;			/* enum ht_shape; 0: by Content-Type */
	char *charset;			/* or NULL */
	ht_reply *replies[HT_OUTCOMES];
	struct {			/* a handshake by GET; echo NULL: there is none */
		ht_pick *token, *echo;
		char **secrets;
	} verify;
	hg_reply_words *words;		/* where something is cut; or NULL */
};

/* What stands where: those of the poll that are not said are the hook's. */
const GArray *hg_back_cases(const hg_back *back, gboolean poll);
const GPtrArray *hg_back_own(const hg_back *back, gboolean poll);
void hg_back_case_clear(gpointer data);

/* ---- back_sort.c ---- */

void hg_back_heard_init(struct hg_back_heard *heard);
/* scope: root is what lies there, taken apart by each (or NULL); poll: whose cases. */
void hg_back_sort_root(const struct hg_back_given *given, const struct ht_scope *scope, gboolean poll, const ht_path *each,
		       struct hg_back_heard *ret);

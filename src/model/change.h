/* change.h - what happened to a ticket over there, in a helpdesk, as its hook or our poll told of it
 *
 * A change is found in a hook's bytes or in a poll's answer, kept as a job (HG_FROM_BACKEND) with its JSON, completed
 * outside (files fetched, "look there" looked at), and applied by the engine. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "arena.h"

enum hg_change_kind {
	HG_CHANGE_REPLY = 1,	/* an agent answers the customer: text or html, agent, files */
	HG_CHANGE_NOTE,		/* an agent says something to others: the same */
	HG_CHANGE_STATUS,	/* status, said, order */
	HG_CHANGE_ASSIGN,	/* assignee; "": nobody has it */
	HG_CHANGE_MERGE,	/* the ticket is part of another: into is that one's id */
	HG_CHANGE_DELETE,	/* the ticket is no more */
	HG_CHANGE_LOOK,		/* nothing but "look there": fetch_change finds what happened */
	HG_CHANGES		/* one more than the last */
};

#define HG_CHANGE_TEXT_MAX  (256 * 1024)	/* bytes of text, and of html */
#define HG_CHANGE_WORD_MAX  2048		/* bytes of every other string */
#define HG_CHANGE_FILES_MAX 64
#define HG_CHANGES_MAX	    1000		/* in one command: a page of a poll, a hook's items */

struct hg_change {
	int kind;			/* enum hg_change_kind */
	const char *id;			/* of the change, unique among those of its kind in the backend and the same however
					 * we hear of it: by hook, by poll, twice.  It is applied once */
	const char *ticket;		/* the helpdesk's id of the ticket ... */
	const char *external;		/* ... or ours, that it keeps: tkt_..., thr_... or TK-...; one of both is there */
	const char *number, *url;	/* of the ticket, for people; or NULL */
	const char *text;		/* plain, or NULL when there is html only, as long as nobody has read that */
	const char *html;		/* as it was written; or NULL */
	const char *agent;		/* who says so, a name for people; or NULL */
	const char *status;		/* one of the few we know: "open", "pending", "solved", "closed"; NULL: the helpdesk has
					 * one that means nothing here, which is shown and moves nothing ... */
	const char *said;		/* ... and its own word for it; or NULL */
	const char *assignee;		/* name or address; or NULL */
	const char *into;
	const char *missing;		/* what of it could not be had, in words for the agent ("report.pdf: 30 MB, at most 20 MB
					 * are taken"); or NULL */
	gint64 order;			/* STATUS: the helpdesk's own sequence, rising within a ticket; 0: it has none, at_ms is */
	gint64 at_ms;			/* when it happened by the helpdesk's clock, UTC; 0: not said */
	struct hg_file *files;		/* before: name, type, bytes (-1: not said), ref (what fetches it), content_id; once it is
					 * complete: sha256, kind, bytes and type are of the stored bytes */
	gsize n_files;
};
typedef struct hg_change hg_change;

const char *hg_change_word(int kind);		/* "reply", "note", "status" ...; "?" */
int hg_change_of(const char *word);		/* 0: no such */
/* Is this ("open" ...) one a change may bring? */
gboolean hg_change_status_ok(const char *status);

/* What it is deduped by, in the arena: "KIND ID".  Nothing else may make such keys in the space of a backend. */
const char *hg_change_key(hg_arena *arena, int kind, const char *id);
#define HG_CHANGE_SPACE "backend:"		/* and the backend's name: space of such keys, name of its cursor, principal
						 * of what its agents say */
const char *hg_change_space(hg_arena *arena, const char *backend);
/* What its job is queued behind, in the order of arrival: the ticket as the helpdesk calls it, else as we do. */
const char *hg_change_lane(const hg_change *change);

/* All of it, bounded, from arena.  Text is made valid UTF-8; what is longer than its maximum is cut (texts) ... */
void hg_change_copy(hg_arena *arena, const hg_change *from, hg_change *ret);
/* ... but a change without kind, id or ticket, of an unknown status, or with an id or more files than there
 * may be is refused: INPUT, LIMIT. */
gboolean hg_change_check(const hg_change *change, GError **error);

/* A ticket in a helpdesk that is written to by mail has no id of its own: it is known by what its token (mail_token.h) is
 * hashed to, so that who reads the id cannot answer in an agent's name.  Yours. */
char *hg_change_mail_ticket(const char *token);

/* JSON object of what is there; appended.  data and path of files are left out. */
void hg_change_write(const hg_change *change, GString *out);
/* Strict: unknown members, other types and what hg_change_check() refuses are INPUT, what is too much LIMIT.  Strings lie
 * in arena. */
gboolean hg_change_read(hg_arena *arena, const void *bytes, gsize len, hg_change *ret, GError **error);

/* back.h - what helpdesks tell us: `back:` and `poll:` of a preset, read; and what they say, as changes.  No I/O.
 *
 *	back:
 *	  hook:                                 # POST /backend/NAME/hook
 *	    auth: { hmac: ... }                 # who may call; as of channels: http_auth.h
 *	    type: json                          # json, form, xml, multipart, text; default by Content-Type
 *	    each: events[]                      # items of a request; default the whole body is one
 *	    verify: { token: PICK, secret: NAME, echo: PICK }     # a handshake by GET; or challenge: below
 *	    reply: { accepted: 200, ... }       # as of channels: http_reply.h
 *	  own: { author.id: "$value:account" }  # conditions: said by our own account, an echo.  Or a list of such: any of them
 *	  cases: [ CASE, ... ]                  # of an item the first that fits
 *	poll:
 *	  every: 1m   overlap: 5m               # desk.h
 *	  each: journals[]                      # within an item that fetch_changes took; default the item itself
 *	  own: ...   cases: ...                 # default: those of back
 *
 *	CASE:
 *	  when: { type: Correspond }
 *	  each: changes[]                       # takes the item apart once more; $up is the item
 *	  also: true                            # the cases behind it are looked at as well: one item is several changes
 *	  reply:  { WHICH, text: PICK or html: PICK, quotes: cut|keep, agent: PICK, files: [ { each:, where:, url:, name:, type:, size:, when: } ] }
 *	  note:   the same
 *	  status: { WHICH, status: PICK }       # the helpdesk's word, which statuses.from of the preset maps
 *	  assign: { WHICH, assignee: PICK }     # "" or nothing there: nobody
 *	  merge:  { WHICH, into: PICK }
 *	  delete: { WHICH }
 *	  look:   { WHICH }                     # nothing but "look there": fetch_change says the rest
 *	  ignore: true
 *	WHICH is
 *	  id: PICK                              # unique within the backend, and the same from hook and poll.  A list of picks is
 *	                                        # put together with "-" between: [ { value: txn }, id ] is "txn-58"; all of them must
 *	                                        # be there.  (Where the first of several counts: { path: [ a, b ] }.)
 *	  ticket: PICK  external: PICK          # the helpdesk's id of the ticket; ours (tkt_..., TK-1042): one of them
 *	  number: PICK  url: PICK               # what people there call it
 *	  order: PICK                           # a number that grows, or a time: which of two is newer
 *	  at: PICK                              # a time
 *	  none: skip                            # where an id or ticket is not there: no change of ours (else told as unreadable)
 *
 * Paths begin at the item.  A pick that leads to nothing leaves its member out; where id, ticket and external, or a reply's
 * text and files, are not there the item is unreadable: counted and kept, never a reason to refuse the rest.
 * Quoted history below an answer is cut off (quotes: cut, the default for html; text is kept as it is). */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "arena.h"
#include "change.h"
#include "described.h"

#define HG_BACK_CHANGES_MAX 900		/* of one request: what is more is left over */
#define HG_BACK_PAGE_MAX    50000	/* ... of what one fetch_changes took */
#define HG_BACK_FILES_MAX   32		/* of one change */
#define HG_BACK_CASES_MAX   32
#define HG_BACK_BODY_MAX    (1 << 20)	/* bytes of a request */
#define HG_BACK_ID_MAX      200		/* bytes of an id; a longer one is taken by its hash */

typedef struct hg_back hg_back;
struct hg_desk;

/* `back` and `poll` of preset (its root map; look->at names it).  NULL: neither is there, or wrong (told).  secrets and values it
 * names are asked for by ht_given(). */
hg_back *hg_back_new(struct ht_look *look, struct json_object *preset);
void hg_back_free(hg_back *back);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_back, hg_back_free)

gboolean hg_back_has_hook(const hg_back *back);		/* NULL: FALSE, as the next */
gboolean hg_back_has_poll(const hg_back *back);
gboolean hg_back_wants_url(const hg_back *back);	/* its signature covers the address: gateway.public_url is needed */
gboolean hg_back_proves(const hg_back *back);		/* FALSE: auth is none, anybody may call */

struct hg_back_given {
	const struct hg_desk *desk;	/* desk.h: whose `back` it is, with secrets, values and statuses; lent */
	const char *public_url;		/* what stands before /backend/ in the address the helpdesk has; or NULL */
	gint64 now_ms;
};

enum hg_back_verdict {
	HG_BACK_TAKEN = 1,	/* changes[] are to be stored before it is answered; none: there was nothing for us in it */
	HG_BACK_SHAKEN,		/* a handshake: answered as answer says */
	HG_BACK_FORGED,		/* auth does not hold: why says what */
	HG_BACK_UNREADABLE,	/* it is proven, and cannot be read: why says how.  Its bytes are to be kept */
	HG_BACK_METHOD,		/* neither POST nor a handshake */
};

struct hg_back_heard {
	int verdict;		/* enum hg_back_verdict; of hg_back_sort() always TAKEN */
	const char *why;	/* FORGED, UNREADABLE; in arena */
	hg_arena *arena;	/* holds all that changes point to */
	GArray *changes;	/* of struct hg_change, each of which hg_change_check() takes */
	guint items, own, ignored, unmatched, odd;	/* own: echoes; odd: of a case that fits, and unreadable */
	const char *odd_why;	/* of the first; or NULL */
	gboolean left_over;	/* there were more than fit */
	struct hg_http_outcome answer;	/* what the request is answered once that is stored; body in arena */
	struct hg_http_outcome busy;	/* ... when it cannot be: status 503 unless the preset says else */
};
void hg_back_heard_clear(struct hg_back_heard *heard);
typedef struct hg_back_heard hg_back_heard;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(hg_back_heard, hg_back_heard_clear)

/* One request: judged over its bytes, read, sorted.  ret needs no init, and is to be cleared.  Pure: samples call it too. */
void hg_back_hear(const struct hg_back_given *given, const struct hg_http_req *req, struct hg_back_heard *ret);
/* What fetch_changes took as `changes` (a list, or one item), or (poll FALSE) what fetch_change took: items as the hook's `each`
 * makes them, for its cases. */
void hg_back_sort(const struct hg_back_given *given, struct json_object *items, gboolean poll, struct hg_back_heard *ret);

/* desk_say.h - the situation: everything an operation at a helpdesk may say, as one JSON object
 *
 * Its members are the names that templates (${ticket.id}) and paths of conditions (ticket.id) of presets have:
 *
 *	key             the same on every attempt of the same thing; differs between the pieces of a split text
 *	external_id     ours: of create and find the ticket's (tkt_...), of the others the message's (msg_...; event's where there
 *	                is no message); of the second and later pieces of a split text with ".2", ".3" behind it
 *	op              "create"
 *	text html subject        html: of text, escaped, line ends as <br>
 *	now             a time: { s, epoch, ms, iso }; ${now} is its seconds since 1970 (as epoch), ${now.iso}
 *	ticket          { id, number, url: in the helpdesk; ref: TK-1042, key: tkt_..., subject, priority, category, type, status, queue,
 *	                skill, tags: [], assignee, assignee_name, assignee_email, reason }
 *	thread          { id, url }
 *	contact         { id, name, email, phone, locale, external_id, tier }     email and phone only where they are proven
 *	requester       { email, name, first_name, last_name, phone, proven, policy }     of create; else of the contact
 *	channel scope language origin transcript
 *	sequence        of the event in its thread: grows
 *	message         { id, author, agent, at, channel, kind }
 *	status          the helpdesk's word for it, by statuses.to
 *	file files      { id, name, type, size, sha256, url, kind }; file: of a `foreach: files`
 *	first           true on the first piece of a split text, and where it is not split
 *	cursor since    of fetch_changes: since is a time: cursor's less overlap
 *	change          of fetch_change and fetch_attachment: what the hook said
 *
 * and beside it, by name only: url, secret:NAME, value:NAME, session.NAME, what steps took, item, file.base64, file.dataurl.
 * What is not known is not there.  Notes of agents never get in. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "conf.h"
#include "desk.h"
#include "ports.h"

/* What an event is to a helpdesk. */
enum hg_errand_kind {
	HG_ERRAND_NONE = 1,		/* nothing: done at once */
	HG_ERRAND_CREATE, HG_ERRAND_APPEND, HG_ERRAND_NOTE, HG_ERRAND_STATUS, HG_ERRAND_ATTACH,
};

struct hg_errand {
	int kind;			/* enum hg_errand_kind */
	char *text;			/* what is said; NULL: nothing */
	struct json_object *files;	/* list of what the desk takes, with "path": where their bytes lie; never NULL */
	const char *status;		/* STATUS: ours ("open"); lent by data */
};
void hg_errand_clear(struct hg_errand *errand);

/* What dispatch's event (data: parsed) is for this desk: NONE where it was said there, or the desk has no words for it.  Files
 * that are too big, or that nobody there takes, stand in the text with their address. */
void hg_errand_read(const hg_dispatch *dispatch, struct json_object *data, const hg_desk *desk, struct hg_errand *ret);
/* What a note says of files that the helpdesk left out (hg_desk_ended.left), with their addresses.  Yours. */
char *hg_errand_left(struct json_object *left);
/* Does this operation send files? */
gboolean hg_desk_op_takes_files(const hg_desk *desk, int op);

/* The situation of an event, but for key, external_id, op, text, html, first and files, which differ from one thing that is
 * done to the next: hg_desk_say_part().  For json_object_put(). */
struct json_object *hg_desk_say_event(const hg_dispatch *dispatch, struct json_object *data, const hg_desk *desk,
				      gint64 now_ms);
/* Of what no event is behind (polls, fetches, probe): key, op, now. */
struct json_object *hg_desk_say(const char *op, const char *key, gint64 now_ms);
/* Adds a time: { s, epoch, ms, iso }. */
void hg_desk_say_time(struct json_object *situation, const char *name, gint64 utc_ms);

struct hg_desk_part {			/* one thing that is done */
	int op;				/* enum hg_desk_op */
	guint piece;			/* of a split text, from 0 */
	const char *tail;		/* what tells it from other things of the same event ("files"); or NULL */
	const char *key, *external_id;	/* of the whole */
	const char *text;		/* or NULL */
	struct json_object *files;	/* or NULL: none */
};
void hg_desk_say_part(struct json_object *situation, const struct hg_desk_part *part);

/* text in pieces of at most max characters (0: one piece), which say all of it; parted where lines or words end, when there
 * is such a place.  html: as it counts when it is written as HTML.  NULL-ended, yours. */
char **hg_desk_split(const char *text, gint64 max, gboolean html);
/* Text as HTML: escaped, line ends as <br>.  Yours. */
char *hg_desk_html(const char *text);

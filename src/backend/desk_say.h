/* desk_say.h - the situation: everything an operation at a helpdesk may say, as one JSON object
 *
 * Its members are the names that templates (${ticket.id}) and paths of conditions (ticket.id) of presets have:
 *
 *	key             the same on every attempt of the same thing; differs between the pieces of a split text
 *	external_id     ours: of create and find the ticket's (tkt_...), of the others the message's (msg_...; event's where there
 *	                is no message); of the second and later pieces of a split text with ".2", ".3" behind it
 *	op              "create"
 *	text html subject        html: of text, escaped, line ends as <br>
 *	now             { s, ms, iso }: ${now} is seconds since 1970, ${now.iso}
 *	ticket          { id, number, url: in the helpdesk; ref: TK-1042, key: tkt_..., subject, priority, category, type, status, queue,
 *	                skill, tags: [], assignee, assignee_name, assignee_email, reason }
 *	thread          { id, url }
 *	contact         { id, name, email, phone, locale, external_id, tier }     email and phone only where they are proven
 *	requester       { email, name, first_name, last_name, phone, proven, policy }     of create; else of the contact
 *	channel scope language origin transcript
 *	message         { id, author, agent, at, channel, kind }
 *	status          the helpdesk's word for it, by statuses.to
 *	file files      { id, name, type, size, sha256, url, kind }; file: of a `foreach: files`
 *	first           true on the first piece of a split text, and where it is not split
 *	cursor since    of fetch_changes: since { s, ms, iso } is cursor's time less overlap
 *	change          of fetch_change and fetch_attachment: what the hook said
 *
 * and beside it, by name only: url, secret:NAME, value:NAME, session.NAME, what steps took, item, file.base64, file.dataurl.
 * What is not known is not there.  Notes of agents never get in. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "conf.h"
#include "desk_run.h"
#include "ports.h"

/* What an event is for a helpdesk. */
enum hg_desk_errand_kind {
	HG_ERRAND_NONE = 1,		/* it is nothing to a helpdesk: done at once */
	HG_ERRAND_CREATE, HG_ERRAND_APPEND, HG_ERRAND_NOTE, HG_ERRAND_STATUS, HG_ERRAND_ATTACH,
};

/* Which of them, by the event's type and data (of hg_dispatch.event), and who said it. */
int hg_desk_errand(const hg_dispatch *dispatch, struct json_object *data);

/* The situation of a dispatched event: dispatch's event, link, files.  For json_object_put().  backend: the dispatch's. */
struct json_object *hg_desk_say_event(const hg_dispatch *dispatch, struct json_object *data, int errand,
				      const struct hg_backend_conf *backend, gint64 now_ms);
/* Of what no event is behind (polls, fetches, probe): key, now. */
struct json_object *hg_desk_say(const char *op, const char *key, gint64 now_ms);
/* Adds a time: { s, ms, iso }. */
void hg_desk_say_time(struct json_object *situation, const char *name, gint64 utc_ms);

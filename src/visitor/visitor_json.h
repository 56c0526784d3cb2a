/* visitor_json.h - threads, messages and files as doc/client-api.md shows them to visitors
 *
 * Who sees which of them is the store's to say (struct hg_view).  Runs on a reader thread.  FALSE: the store failed; out
 * holds a part then. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "conf.h"
#include "model.h"
#include "store.h"

#define HG_VISITOR_TEXT_MAX (64 << 10)	/* bytes of a text that are shown; a mail may have more */

struct visitor_eyes {			/* whose they are; all lent */
	hg_store *store;
	hg_arena *arena;
	const hg_conf *conf;
	struct hg_view view;
	gint64 now_ms;
};

/* Fills view: of the visitor of that address in a session on that channel.  scope goes to the arena. */
gboolean hg_eyes_open(struct visitor_eyes *eyes, const char *uri, const struct hg_channel_conf *channel, GError **error);
/* The thread of that id; *ret NULL also where it is somebody else's, for nobody is to learn of it. */
gboolean hg_eyes_thread(const struct visitor_eyes *eyes, const char *id, hg_thread **ret, GError **error);
/* What he has not read of all his conversations, HG_UNREAD_MAX at most. */
gboolean hg_eyes_unread(const struct visitor_eyes *eyes, guint *ret, GError **error);

/* One JSON object each. */
gboolean hg_visitor_thread_write(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out, GError **error);
gboolean hg_visitor_message_write(const struct visitor_eyes *eyes, const hg_thread *thread, const hg_message *message,
				  GString *out, GError **error);
void hg_visitor_file_write(const struct visitor_eyes *eyes, const hg_attachment *file, GString *out);
/* How far a message got, as a word; NULL: nothing is to be said of it. */
const char *hg_visitor_message_state(const hg_message *message);
/* What people call the way a message took, whichever provider carried it: "widget", "email", "whatsapp", "sms"; else the
 * adapter's name, "other" without one.  adapter, address: the other side's; either may be NULL.  Lent. */
const char *hg_visitor_medium(const char *adapter, const char *address);
/* The client's own id in the one a message came in with: "VISITOR:ID"; NULL: it is none of ours.  Lent by id. */
const char *hg_visitor_client_id(const char *id);

/* visitor_file.c: the signed link of a stored file, appended as it stands in JSON without quotes.  TRUE: a browser may
 * show it in a page. */
gboolean hg_visitor_file_link(const struct visitor_eyes *eyes, const hg_attachment *file, GString *ret_url);

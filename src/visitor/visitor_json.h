/* visitor_json.h - who sees which conversation, and what of it: threads, messages and files as doc/client-api.md
 * shows them to visitors
 *
 * Runs on a reader thread.  FALSE: the store failed; out holds a part then. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "conf.h"
#include "model.h"
#include "store.h"

#define HG_VISITOR_UNREAD_MAX 100	/* what is unread is counted so far; more is "as many" */
#define HG_VISITOR_TEXT_MAX (64 << 10)	/* bytes of a text that are shown; a mail may have more */

struct visitor_eyes {			/* whose they are; all lent but what hg_eyes_open() fills */
	hg_store *store;
	hg_arena *arena;
	const hg_conf *conf;
	const char *uri;		/* "widget:..." */
	const struct hg_channel_conf *channel;	/* his session's */
	gboolean identified;		/* the site's server vouched for him */
	gint64 now_ms;
	const char *scope;		/* of the channel, as the store has it */
	gint64 contact_n;		/* 0: he has said nothing yet */
};

/* Fills scope and contact_n. */
gboolean hg_eyes_open(struct visitor_eyes *eyes, GError **error);
/* May he see it?  An anonymous visitor sees what he spoke in himself; one whom the site's server vouched for all of his
 * contact in the channel's scope, wherever it was said. */
gboolean hg_eyes_see(const struct visitor_eyes *eyes, const hg_thread *thread, gboolean *ret, GError **error);
/* His conversations, newest activity first; of hg_thread. */
gboolean hg_eyes_threads(const struct visitor_eyes *eyes, guint limit, GPtrArray *ret, GError **error);
/* The one of that id; *ret NULL also where it is somebody else's, for nobody is to learn of it. */
gboolean hg_eyes_thread(const struct visitor_eyes *eyes, const char *id, hg_thread **ret, GError **error);
/* Is it for a customer?  No notes, no lines for agents. */
gboolean hg_eyes_show(const hg_message *message);

/* One JSON object each. */
gboolean hg_visitor_thread_write(const struct visitor_eyes *eyes, const hg_thread *thread, GString *out, GError **error);
gboolean hg_visitor_message_write(const struct visitor_eyes *eyes, const hg_thread *thread, const hg_message *message,
				  GString *out, GError **error);
void hg_visitor_file_write(const struct visitor_eyes *eyes, const hg_attachment *file, GString *out);
/* What of ours in the thread he has not read, HG_VISITOR_UNREAD_MAX at most. */
gboolean hg_visitor_unread(const struct visitor_eyes *eyes, const hg_thread *thread, guint *ret, GError **error);
/* The same over all his conversations. */
gboolean hg_visitor_unread_all(const struct visitor_eyes *eyes, guint *ret, GError **error);
/* The client's own id in the one a message came in with: "VISITOR:ID"; NULL: it is none of ours.  Lent by id. */
const char *hg_visitor_client_id(const char *id);

/* visitor_file.c: the signed link of a stored file, appended as it stands in JSON without quotes.  TRUE: a browser may
 * show it in a page. */
gboolean hg_visitor_file_link(const struct visitor_eyes *eyes, const hg_attachment *file, GString *ret_url);

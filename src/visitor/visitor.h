/* visitor.h - what a company's visitors reach: the client API /client/v1 of widget and apps, the
 * widget's files, the hosted page
 *
 * A visitor is a person's browser or app.  Lives on the loop of the server that calls it.  Reads run
 * on the reader pool, what is said becomes a batch of the visitor's channel; each request is answered
 * once, from the loop, after its work is done or on disk. */
#pragma once
#include <glib.h>
#include "api.h"
#include "command.h"
#include "conf.h"
#include "http_server.h"
#include "loop.h"
#include "model.h"
#include "readers.h"

typedef struct hg_visitors hg_visitors;
struct hg_inside_visitor;

struct hg_visitors_env {		/* all lent until hg_visitors_free() */
	hg_loop *loop;
	hg_readers *readers;
	const char *attachments;	/* directory */
	const guint8 *key;		/* 32 bytes, the instance's: tokens and ids come of it */
	gint64 last_event_n;		/* of the newest event there is; 0: none */
	gboolean shared;		/* other nodes use store and attachments too */
	/* hg_engine_submit(): takes the command, or FALSE (BUSY). */
	gboolean (*submit)(void *ctx, hg_command *command, GError **error);
	/* On the loop: one line of JSON, with its newline, for agents who follow the thread live; never stored. */
	void (*tell)(void *ctx, const struct hg_news_of *of, const char *line, gsize len);
	/* On the loop, or NULL: to the other nodes, as it is to come to hg_visitors_hear() there.  TRUE: this node hears of it
	 * in that way too, and is told nothing directly. */
	gboolean (*spread)(void *ctx, char kind, const char *text);
	void *ctx;
};

/* env is copied, conf referenced. */
hg_visitors *hg_visitors_new(const struct hg_visitors_env *env, hg_conf *conf);
/* Before the readers end: live events read no more. */
void hg_visitors_stop(hg_visitors *visitors);
/* After channels and server: nothing is served and streams are closed. */
void hg_visitors_free(hg_visitors *visitors);	/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_visitors, hg_visitors_free)
void hg_visitors_reload(hg_visitors *visitors, hg_conf *conf);
/* What channels of ours get by host->inside(); lent. */
const struct hg_inside_visitor *hg_visitors_inside(hg_visitors *visitors);

gboolean hg_visitors_own(const char *path);	/* such a path is answered here */
void hg_visitors_route(hg_visitors *visitors, const hg_request *req, struct hg_server_route *route);
void hg_visitors_handle(hg_visitors *visitors, hg_request *req);	/* takes req */

/* Any thread: events just committed. */
void hg_visitors_publish(hg_visitors *visitors, const hg_event *const *events, guint n);
/* On the loop: all streams end without a word; who listens goes on from his place with a call that is looked at. */
void hg_visitors_come_again(hg_visitors *visitors);
/* Any thread: does anybody follow?  FALSE: whoever begins to sees all that was committed before. */
gboolean hg_visitors_followed(const hg_visitors *visitors);
/* On the loop: another node's spread(); what is none is ignored. */
void hg_visitors_hear(hg_visitors *visitors, char kind, const char *text);
/* On the loop: the visitor of that address wrote, maybe at another node, and was published: he may be somebody since. */
void hg_visitors_heard(hg_visitors *visitors, const char *uri);
/* On the loop: as Prometheus reads them. */
void hg_visitors_metrics(hg_visitors *visitors, GString *out);

/* One line a route, for documentation and its test: method, pattern; FALSE past the last. */
gboolean hg_visitors_route_at(guint n, const char **ret_method, const char **ret_pattern);

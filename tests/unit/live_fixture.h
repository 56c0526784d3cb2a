/* live_fixture.h - the hub of live events between an engine and real sockets, and ears that listen at it
 *
 * Engine and ears are the test's own thread, loop and readers have theirs: events reach the hub from another thread,
 * as in the daemon. */
#pragma once
#include "engine_fixture.h"

#include "visitor_live.h"

#define ANA  "widget:AAAAAAAAAAAAAAAAAAAAAA"
#define BEN  "widget:BBBBBBBBBBBBBBBBBBBBBB"

struct hub {
	hg_lab *lab;
	hg_loop *loop;
	struct hg_env env;		/* the lab's wall clock, the system's monotonic one */
	hg_server *server;
	hg_readers *readers;
	hg_visitor_live *live;
	gboolean deaf;			/* what is committed is not published */
	guint most;			/* followers of one visitor */
	gint64 expires_ms;		/* of tokens; 0: never */
};

/* cmocka's set-up and tear-down: *state is a struct hub. */
int hub_new(void **state);
int hub_free(void **state);
/* The same with a line more for `gateway:`. */
struct hub *hub_with(const char *gateway);
/* Runs fn(arg) on the loop and waits for its end. */
void hub_call(struct hub *hub, hg_loop_fn *fn, void *arg);
/* Until no read is under way. */
void hub_settle(struct hub *hub);
char *hub_place(struct hub *hub);		/* the place of now; yours */
void hub_end(struct hub *hub, const struct hg_visitor_live_ended *which);
void hub_said(struct hub *hub, const char *uri);	/* as a POST does when it is stored */
void hub_say(struct hub *hub, int kind, const char *uri, const char *target);

typedef struct ear {				/* who follows as an SSE client, by HTTP/1.0: bare bytes until the end */
	int fd;
	int status;
	GString *bytes;			/* come and not read yet */
	char *id;			/* of the last event */
	char *type;
	struct json_object *data;
} hub_ear;
/* cursor: NULL or a place. */
struct ear *ear_open(struct hub *hub, const char *uri, const char *cursor);
struct ear *ear_open_small(struct hub *hub, const char *uri, const char *cursor);	/* takes little at a time */
/* Waits for the next event and tells its type; "" at the end of the stream. */
const char *ear_next(struct ear *ear);
void ear_close(struct ear *ear);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hub_ear, ear_close)

/* data.a.b ... as text, lent; NULL: not there.  path has dots. */
const char *ear_word(const struct ear *ear, const char *path);

/* One long poll; the answer as JSON, for json_object_put(). */
struct json_object *poll_once(struct hub *hub, const char *uri, const char *cursor, int wait_s, int *ret_status);
/* "message,thread" */
char *poll_types(struct json_object *answer);
const char *json_word(struct json_object *at, const char *path);

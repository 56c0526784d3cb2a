/* ctl.h - what the verbs of headgatectl share */
#pragma once
#include <glib.h>
#include "conf.h"
#include "json.h"

/* Exit codes of every verb. */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_NO = 1,		/* the answer is no: errors found, a test failed, unhealthy */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3,	/* no daemon behind the socket */
	CTL_MISSING = 4,
	CTL_REFUSED = 5,	/* permission or state */
	CTL_PARTLY = 6,
	CTL_AGAIN = 75,
	CTL_CONFIG = 78,
};

struct ctl {
	const char *config, *socket;	/* from the command line, or NULL */
	gboolean json, quiet, colour;	/* colour: stdout is a terminal that wants it */
	gboolean colour_err;
};

struct ctl_verb {
	const char *name;		/* "thread" */
	const char *usage;		/* behind the name */
	const char *help;		/* one line */
	const char *more;		/* options and examples for `help VERB`; or NULL */
	int (*run)(struct ctl *ctl, int argc, char **argv);	/* argv[0] is the verb */
};
extern const struct ctl_verb ctl_verbs[];	/* ends with a NULL name */

int ctl_check(struct ctl *ctl, int argc, char **argv);
int ctl_status(struct ctl *ctl, int argc, char **argv);
int ctl_tail(struct ctl *ctl, int argc, char **argv);
int ctl_thread(struct ctl *ctl, int argc, char **argv);
int ctl_explain(struct ctl *ctl, int argc, char **argv);
int ctl_simulate(struct ctl *ctl, int argc, char **argv);
int ctl_listen(struct ctl *ctl, int argc, char **argv);
int ctl_adapters(struct ctl *ctl, int argc, char **argv);
int ctl_outbox(struct ctl *ctl, int argc, char **argv);
int ctl_fsck(struct ctl *ctl, int argc, char **argv);
int ctl_docs(struct ctl *ctl, int argc, char **argv);

/* ---- saying things ---- */

/* "headgatectl: TEXT" on stderr. */
void ctl_say_error(const struct ctl *ctl, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* A usage error of a verb: says it and where help is; returns CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *verb, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* Terminal codes, or "" when output has no colour. */
enum ctl_look { CTL_PLAIN, CTL_BOLD, CTL_DIM, CTL_GREEN, CTL_YELLOW, CTL_RED, CTL_CYAN };
const char *ctl_look(const struct ctl *ctl, enum ctl_look look);
/* Text from outside for a terminal: control characters shown as escapes; yours. */
char *ctl_safe(const char *text);
/* "10:02:11" in local time from RFC 3339; yours. */
char *ctl_clock(const char *rfc3339);
char *ctl_ago(const char *rfc3339);		/* "3m2s", "-" when NULL */

/* ---- talking to the daemon ---- */

typedef struct ctl_reply {
	int status;			/* 0: unreachable */
	char *body;
	struct json_object *json;	/* or NULL */
} ctl_reply;
void ctl_reply_clear(ctl_reply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ctl_reply, ctl_reply_clear)

/* One call over the unix socket.  headers may be NULL.  Returns CTL_DONE for 2xx; else the exit
 * code, after saying what went wrong on stderr. */
int ctl_call(struct ctl *ctl, const char *method, const char *path, const char *body,
	     const char *const *headers, struct ctl_reply *ret);
/* Streams the body of a GET until the daemon or the user ends it. */
int ctl_stream(struct ctl *ctl, const char *path, gboolean (*line)(void *arg, const char *line), void *arg);
char *ctl_path(const char *fmt, ...) G_GNUC_PRINTF(1, 2);	/* arguments are percent-encoded strings */
const char *ctl_socket(struct ctl *ctl);	/* by option, by the config, else the default */

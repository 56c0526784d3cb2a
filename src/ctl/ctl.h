/* ctl.h - what the verbs of headgatectl share */
#pragma once
#include <glib.h>
#include "conf.h"
#include "json.h"
#include "setup.h"
#include "verb.h"

/* Exit codes of every verb. */
enum ctl_exit {
	CTL_DONE = 0,
	CTL_NO = 1,		/* the answer is no: errors found, something is not up, breaches */
	CTL_USAGE = 2,
	CTL_UNREACHABLE = 3,	/* no daemon behind the socket */
	CTL_MISSING = 4,
	CTL_REFUSED = 5,	/* permission or state */
	CTL_PARTLY = 6,
	CTL_AGAIN = 75,
	CTL_CONFIG = 78,
};

struct ctl {
	const struct ctl_verb *verb;	/* the command that runs; NULL while the options before it are read */
	GString *path;			/* its words: "thread reply" */
	GHashTable *given;		/* name of an option or argument -> GPtrArray of what was given */
	const char *config;		/* or NULL: the default */
	const char *socket;		/* or NULL: by the config */
	const char *colour;		/* "auto", "always", "never" */
	gboolean json, quiet, verbose;
	int exit;			/* what to return when a helper said FALSE */
};

/* ---- options.c ---- */

/* Reads all options and arguments and finds the command: TRUE, ctl->verb is to run.  FALSE: ctl->exit is what to
 * return, all is said. */
gboolean ctl_read(struct ctl *ctl, int argc, char **argv);
/* Has ctl->verb and ctl->path be those of these words instead, NULL: of none.  FALSE: return ctl->exit. */
gboolean ctl_find(struct ctl *ctl, const char *const *words);
/* A usage error of the verb: says it and where help is; returns CTL_USAGE. */
int ctl_usage(const struct ctl *ctl, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* "there is no WHAT "WORD"; did you mean ..."; returns CTL_USAGE. */
int ctl_unknown(const struct ctl *ctl, const char *what, const char *word, const char *const *known);
const char *ctl_config(const struct ctl *ctl);
extern const struct ctl_param ctl_common[];	/* the options every verb has; end with a NULL name */
extern const struct ctl_param ctl_yes;		/* that of every verb that .asks */

/* ---- help.c ---- */

/* Of the verb whose words are path, NULL: of all. */
void ctl_print_help(const struct ctl_verb *verb, const char *path);
/* "ID TEXT [--agent NAME]..."; brief: what must be given, and [OPTION]... for the rest.  Yours. */
char *ctl_synopsis(const struct ctl_verb *verb, gboolean brief);
const char *ctl_value_word(const struct ctl_param *param);	/* "NAME", what its value is called; NULL for a flag */
const struct ctl_verb *ctl_usual(const struct ctl_verb *verb);	/* the command that needs no name, or NULL */
/* Prints text filled to lines of width columns, each behind indent blanks; lines with a blank in front stay as they are. */
void ctl_print_filled(const char *text, int indent, int width);

/* ---- samples.c ---- */

struct ctl_samples {			/* of descriptions, while they are played */
	struct ctl *ctl;
	GString *json;			/* results; NULL: told as they come */
	guint played, failed, made_up;
};
void ctl_samples_open(struct ctl_samples *samples, GString *out);
void ctl_samples_begin(struct ctl_samples *samples, const char *what);	/* those of one description */
void ctl_samples_tell(void *samples, const struct hg_sample *sample);
void ctl_samples_end(struct ctl_samples *samples);
int ctl_samples_result(const struct ctl_samples *samples);	/* says how many there were: CTL_DONE or CTL_NO */
void ctl_samples_close(struct ctl_samples *samples, GString *out);	/* prints out, for --json */
gboolean ctl_is_file(const char *name);		/* not the name of something: a path, or a file that is there */

/* ---- trial.c ---- */

/* Plays the tests that have only (or NULL) in their name: tells of them on stdout, or appends them to
 * json.  Returns how many. */
int ctl_run_trials(struct ctl *ctl, const hg_trials *trials, const char *only, GString *json, guint *ret_failed);

/* ---- thread.c, thread_set.c, thread_start.c ---- */

extern const struct ctl_verb ctl_thread_set, ctl_thread_start;
/* channel_look.c */
extern const struct ctl_verb ctl_channel_setup;	/* channel_setup.c */
extern const struct ctl_verb ctl_channel_list, ctl_channel_show, ctl_channel_probe, ctl_channel_pause, ctl_channel_resume;
/* What was said in one, the last 500: printed, or as "messages" of json. */
int ctl_thread_messages(struct ctl *ctl, const char *id, struct json_object *json);
/* A writing call about a thread; key NULL: a new one.  Prints what came of it. */
int ctl_thread_send(struct ctl *ctl, const char *method, const char *path, const char *body, const char *key);

/* ---- look.c ---- */

/* The outbox counts of one channel or backend in the daemon's status, or NULL. */
struct json_object *ctl_status_counts(struct json_object *status, const char *target, const char *name);

/* Waits until the daemon behind the socket takes what comes in: NULL, or what is in the way of it when wait_ms are over;
 * yours.  channels: and none of them is down. */
char *ctl_wait_ready(const char *socket, gboolean channels, gint64 wait_ms);

/* ---- adapter_new.c, adapter_test.c ---- */

extern const struct ctl_verb ctl_adapter_new, ctl_adapter_test;

/* ---- check.c ---- */

/* The configuration, or NULL after all that is wrong was printed; yours. */
hg_setup *ctl_setup(const struct ctl *ctl, const char *path);

/* ---- thread_find.c ---- */

extern const struct ctl_verb ctl_thread_list, ctl_thread_search;
/* A conversation in a line. */
void ctl_thread_row(const struct ctl *ctl, struct json_object *thread);

/* ---- drops.c, replay.c ---- */
extern const struct ctl_verb ctl_report_drops;
extern const struct ctl_verb ctl_contact_export, ctl_contact_erase;
extern const struct ctl_verb ctl_rules_replay;

/* ---- say.c ---- */

/* "headgatectl: TEXT" on stderr. */
void ctl_say_error(const struct ctl *ctl, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
/* Terminal codes, or "" when output (stdout) has no colour. */
enum ctl_look { CTL_PLAIN, CTL_BOLD, CTL_DIM, CTL_GREEN, CTL_YELLOW, CTL_RED, CTL_CYAN };
const char *ctl_look(const struct ctl *ctl, enum ctl_look look);
gboolean ctl_colours(const struct ctl *ctl, int fd);
extern gboolean ctl_ascii;	/* --ascii */
gboolean ctl_unicode(void);	/* the locale shows all of it, and --ascii is not given */
/* A line of JSON; on a terminal with escapes for what could steer it, which is the same JSON. */
void ctl_put_json(const char *json);
/* Text from outside for a terminal: what could steer it, and what the locale cannot show, as
 * escapes; yours.  lines: line breaks stay. */
char *ctl_safe(const char *text, gboolean lines);
/* A text member made safe, fallback when there is none; yours. */
char *ctl_text(struct json_object *object, const char *key, const char *fallback);
/* "10:02:11" in local time from RFC 3339; yours. */
char *ctl_clock(const char *rfc3339);
char *ctl_ago(const char *rfc3339);		/* "3m2s", "-" when NULL */
/* Progress on stderr, a terminal: done from 0 to 1, and a word about it. */
void ctl_bar(double done, const char *fmt, ...) G_GNUC_PRINTF(2, 3);
void ctl_bar_end(void);		/* wipes it away */
/* Prints text padded on the right to width columns, as a terminal counts them. */
void ctl_cell(const char *text, int width);
int ctl_columns(void);		/* of the terminal on stdout; 0: it is none */

/* ---- call.c: talking to the daemon ---- */

typedef struct ctl_reply {
	int status;			/* 0: unreachable */
	char *body;
	struct json_object *json;	/* or NULL */
} ctl_reply;
void ctl_reply_clear(ctl_reply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ctl_reply, ctl_reply_clear)

/* One call over the unix socket.  body and headers may be NULL.  Returns CTL_DONE for 2xx; else the
 * exit code, after saying what went wrong on stderr. */
int ctl_call(struct ctl *ctl, const char *method, const char *path, const char *body,
	     const char *const *headers, struct ctl_reply *ret);
/* The same with a body of bytes. */
int ctl_call_bytes(struct ctl *ctl, const char *method, const char *path, const char *body, gsize len,
		   const char *const *headers, struct ctl_reply *ret);
/* A GET, the bytes of whose answer go to fd, which stays yours. */
int ctl_save(struct ctl *ctl, const char *path, int fd);
/* Streams the lines of a GET until the daemon ends it, or line says FALSE.  opened NULL: an end is said on stderr.  Else
 * whether it had begun, and then, or where *ret_opened was set before, neither its end nor that nobody answers is said. */
int ctl_stream(struct ctl *ctl, const char *path, const char *const *headers, gboolean (*line)(void *arg, const char *line),
	       void *arg, gboolean *ret_opened);
/* A POST, whose end is said. */
int ctl_stream_post(struct ctl *ctl, const char *path, const char *body, gboolean (*line)(void *arg, const char *line), void *arg);
char *ctl_path(const char *fmt, ...) G_GNUC_PRINTF(1, 2);	/* arguments are percent-encoded strings */
const char *ctl_socket(struct ctl *ctl);	/* by option, by the config, else the default */
/* Prints the reply as it came: --json of most verbs.  Returns CTL_DONE. */
int ctl_print_json(const ctl_reply *reply);

/* ---- pages.c: lists that come page by page ---- */

#define CTL_ALL (-1)
#define CTL_PAGE 500			/* as many as the API gives at once */

struct ctl_pages {
	const char *path;		/* with its filters, without limit and place */
	const char *list;		/* the member that holds the entries */
	const char *cursor;		/* the parameter that goes on: "before", "after" */
	const char *from;		/* or NULL: where it begins */
	gint64 most;			/* how many entries; CTL_ALL */
	void (*each)(void *arg, struct json_object *entry);
	void *arg;
	gint64 shown;			/* how many there were */
	gboolean partly;		/* the daemon said that it has not looked through all */
	char *next;			/* or NULL: there are no more; yours */
};
/* Calls each for every entry of every page.  Returns CTL_DONE, or the exit code of the call that failed. */
int ctl_pages(struct ctl *ctl, struct ctl_pages *pages);
/* Says how to go on, where there is more. */
void ctl_pages_end(const struct ctl *ctl, struct ctl_pages *pages);
/* Takes --limit, --all and that of the cursor's name.  FALSE: return ctl->exit. */
gboolean ctl_pages_given(struct ctl *ctl, struct ctl_pages *pages, gint64 usual);
/* A list that is printed: a title and a line an entry, with --json an object a line.  It takes --limit, --all and that of
 * the cursor's name (CTL_OPTS_LIST). */
struct ctl_list {
	const char *path, *list, *cursor;	/* as above */
	gint64 usual;			/* entries without --limit; CTL_ALL: none of these options is looked at */
	void (*title)(const struct ctl *ctl);
	void (*row)(const struct ctl *ctl, struct json_object *entry);
};
int ctl_print_list(struct ctl *ctl, const struct ctl_list *list);
/* One entry on a line of its own: --json of lists. */
void ctl_put_object(struct json_object *object);

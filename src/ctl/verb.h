/* verb.h - what a verb of headgatectl is: a table.  Parsing, help, what is said about wrong usage, the completions of
 * three shells and the manual page are made of it; nothing about a verb is told twice.
 *
 * How one is added (a verb "token" with the commands "create" and "list"):
 *
 *	static int create(struct ctl *ctl)
 *	{
 *		g_autofree char *body = ctl_body(ctl, "name=NAME scopes=scope channels=channel expires");
 *		g_auto(ctl_reply) reply = { 0 };
 *		int code = ctl_call(ctl, "POST", "/v1/tokens", body, NULL, &reply);
 *		...
 *	}
 *
 *	static const struct ctl_verb create_verb = {
 *		.name = "create", .help = "make a token and show its secret, once", .run = create,
 *		.args = CTL_PARAMS({ "NAME", .help = "what it is called in the audit" }),
 *		.options = CTL_PARAMS({ "scope", CTL_TEXT, "WORD", "what it may do", .flags = CTL_MANY | CTL_NEEDED },
 *				      { "channel", CTL_CHANNEL, NULL, "only there", .flags = CTL_MANY },
 *				      { "expires", CTL_SPAN, NULL, "when it ends by itself [never]" }),
 *		.more = "The secret cannot be shown again: only its hash is kept.",
 *	};
 *
 *	const struct ctl_verb ctl_verb_token = {
 *		.name = "token", .help = "keys of programs and people",
 *		.subs = CTL_SUBS(&list_verb, &create_verb, &revoke_verb),
 *	};
 *
 * then VERB(token) in CTL_VERBS below, a row for each of its commands in tests/functional/ctl_rows.py (a verb without
 * one fails), and `make golden-ctl`, which writes doc/headgatectl.1.  A command that belongs to another file's verb
 * (channel pause) is no static, and declared in ctl.h.
 */
#pragma once
#include <glib.h>

struct ctl;

/* What a value is: how it is completed, and what is checked before the verb runs. */
enum ctl_kind {
	CTL_TEXT,		/* anything */
	CTL_FLAG,		/* an option without a value */
	CTL_WORD,		/* one of .words */
	CTL_NUMBER,		/* a whole number, 0 and above */
	CTL_SHARE,		/* 0.7 */
	CTL_SPAN,		/* 30s, 5m, 30d; ctl_span() has it in milliseconds */
	CTL_TIME,		/* a span before now, a day or a time; the daemon reads it */
	CTL_FILE, CTL_DIR,
	CTL_CHANNEL, CTL_BACKEND,	/* names of the configuration */
	CTL_ADAPTER, CTL_PRESET,	/* names of what is installed */
	CTL_KEY,		/* a key of the configuration: "gateway.listen" */
	CTL_VERB_NAME,		/* a verb of this table */
	CTL_N_KINDS
};

enum ctl_flag {
	CTL_MANY = 1 << 0,	/* may be given again; an argument: the last one, any number of it */
	CTL_NEEDED = 1 << 1,	/* an option that has to be given */
	CTL_MAYBE = 1 << 2,	/* an argument that may be left out */
	CTL_HIDDEN = 1 << 3,	/* works, but is not told of: an old spelling */
};

/* An option or an argument.  Names of options are those behind the two dashes; names of arguments are in capitals. */
struct ctl_param {
	const char *name;	/* "agent"; "ID" */
	enum ctl_kind kind;
	const char *value;	/* of an option: what its value is called; NULL: as its kind is usually called */
	const char *help;	/* a line, a small letter first and no full stop; its default in brackets at the end */
	const char *words;	/* CTL_WORD: "open|closed|converted" */
	char letter;		/* 'k' for -k, or 0 */
	guint flags;
};

struct ctl_verb {
	const char *name;
	const char *help;	/* a line, a small letter first and no full stop */
	const char *more;	/* or NULL: paragraphs with "\n\n" between; lines are filled, those with a blank in front stay */
	const char *exits;	/* or NULL: what exit codes mean here, "1 a test failed, 78 errors in the configuration" */
	const char *example;	/* or NULL: one command a line, without headgatectl */
	const struct ctl_param *args, *options;		/* or NULL; end with a NULL name */
	const struct ctl_verb *const *subs;		/* or NULL: has commands, NULL at the end, and no .run */
	gboolean usual;		/* of a verb's commands the one that runs when none is named; takes no arguments */
	gboolean asks;		/* cannot be undone easily: has --yes, and calls ctl_may() */
	int (*run)(struct ctl *ctl);	/* returns an enum ctl_exit */
};

#define CTL_PARAMS(...) (const struct ctl_param[]){ __VA_ARGS__, { NULL } }
#define CTL_SUBS(...) (const struct ctl_verb *const[]){ __VA_ARGS__, NULL }

/* Options that mean the same everywhere. */
#define CTL_OPT_AGENT { "agent", CTL_TEXT, "NAME", "who did it, for the history" }
/* Of lists that come in pages; usual: how many without --limit, a text. */
#define CTL_OPTS_LIST(cursor, usual) { "limit", CTL_NUMBER, NULL, "how many at most [" usual "]" }, \
				     { "all", CTL_FLAG, NULL, "all of them" }, \
				     { cursor, CTL_TEXT, "PLACE", "goes on where an earlier list ended, as that said" }
#define CTL_OPT_KEY { "key", CTL_TEXT, "KEY", "the same key again does nothing twice [a new one for each call]" }

/* All verbs, by what they are for, as help shows them. */
#define CTL_VERBS(GROUP, VERB) \
	GROUP("Configuration") VERB(check) VERB(config) VERB(reload) VERB(test) VERB(rules) VERB(intent) VERB(mail_parse) \
	GROUP("Look") VERB(status) VERB(node) VERB(alarm) VERB(top) VERB(tail) VERB(explain) VERB(report) VERB(metrics) VERB(fsck) VERB(doctor) VERB(console) \
	GROUP("Channels and helpdesks") VERB(channel) VERB(adapters) VERB(adapter) VERB(backend) VERB(webhook) VERB(qr) \
	GROUP("Work") VERB(thread) VERB(message) VERB(ticket) VERB(queue) VERB(drops) VERB(dead) VERB(outbox) VERB(quarantine) VERB(consent) VERB(contact) VERB(file) \
	GROUP("Data") VERB(export) VERB(backup) VERB(restore) VERB(db) VERB(retention) VERB(import) VERB(rebuild) \
	GROUP("People and keys") VERB(token) VERB(audit) \
	GROUP("Try") VERB(demo) VERB(simulate) VERB(capture) VERB(listen) \
	GROUP("Shell") VERB(completion) VERB(docs) VERB(help) VERB(version)

#define CTL_NO_GROUP(title)
#define CTL_DECLARE(id) extern const struct ctl_verb ctl_verb_##id;
CTL_VERBS(CTL_NO_GROUP, CTL_DECLARE)
#undef CTL_DECLARE

struct ctl_entry { const char *group; const struct ctl_verb *verb; };	/* one of the two */
extern const struct ctl_entry ctl_entries[];	/* ends with neither */

/* ---- what was given ----
 * name is that of an option or argument of the running command; one that it does not have ends the program, because
 * only a mistake in the code asks for it. */

const char *ctl_value(const struct ctl *ctl, const char *name);	/* the last one given, or NULL */
gboolean ctl_given(const struct ctl *ctl, const char *name);
const char *const *ctl_values(const struct ctl *ctl, const char *name);	/* all in their order; may be empty, never NULL */
gint64 ctl_number(const struct ctl *ctl, const char *name, gint64 fallback);
gint64 ctl_span(const struct ctl *ctl, const char *name, gint64 fallback_ms);
/* A JSON object of what was given: names with blanks between, "text=TEXT" when the member is called otherwise.  A flag
 * is true, a CTL_NUMBER a number, what may be given again a list; the rest are texts.  Yours. */
char *ctl_body(const struct ctl *ctl, const char *members);
/* The same behind a path: "/v1/threads?state=open&limit=20".  What may be given again comes with commas between. */
char *ctl_query(const struct ctl *ctl, const char *path, const char *members);
/* For a verb that .asks: on a terminal the question "FMT Go on? [y/N]", elsewhere --yes is wanted.  FALSE: return
 * ctl->exit, nothing is to be done. */
gboolean ctl_may(struct ctl *ctl, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

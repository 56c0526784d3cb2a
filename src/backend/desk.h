/* desk.h - a helpdesk's API as its preset describes it: read once, compiled for one backend of the configuration
 *
 *	name: Example Desk 5
 *	about: Tickets over its REST API, answers by webhook and poll
 *	proof: { state: documented, version: "5.2", date: 2026-11-22, how: ..., sources: [ https://... ] }
 *	settings:                       # what a configuration has to say; used as ${url}, $secret:NAME, $value:NAME
 *	  url: { help: Where agents log in, default: https://api.example.com }    # or the help alone
 *	  credentials: { token: help, webhook: { help: ..., need: false } }       # token and webhook are the options `token`
 *	                                                                          # and `webhook_secret`, others `credentials`
 *	  values: { queue: { help: ..., default: General }, pipeline: help, brand: { help: ..., need: false } }
 *	limits: { at_once: 4, per_minute: 300, max_file: 25MB, max_text: 60000 }
 *	once: { by: find, life: 2h, lag: 5s }
 *	statuses: { to: { solved: resolved }, from: { resolved: solved, "*": open } }
 *	operations: { create: [ STEP, ... ], append: [ ... ], ... }
 *	poll: { every: 1m, overlap: 5m, ... }   back: { ... }                     # back.h
 *	samples: { ... }                                                          # desk_samples.h
 *
 *	STEP: name, when, foreach, safe, outcomes, take; the rest is a request (http_request.h)
 *
 * All of a desk is fixed once it is made, and may be read by several threads. */
#pragma once
#include <glib.h>
#include <json-c/json.h>

#include "conf.h"
#include "described.h"
#include "http_request.h"

typedef struct hg_desk hg_desk;

/* ---- operations ---- */

enum hg_desk_op {
	HG_DESK_LOGIN = 0,		/* its captures are session.NAME */
	HG_DESK_CREATE, HG_DESK_APPEND, HG_DESK_NOTE, HG_DESK_SET_STATUS, HG_DESK_ATTACH,
	HG_DESK_FIND, HG_DESK_FIND_MESSAGE,
	HG_DESK_FETCH_CHANGES, HG_DESK_FETCH_ATTACHMENT, HG_DESK_FETCH_CHANGE,
	HG_DESK_PROBE,
	HG_DESK_OPS
};
const char *hg_desk_op_name(int op);		/* "create" */
int hg_desk_op_of(const char *name);		/* -1: there is none of that name */

#define HG_DESK_STEPS 6			/* of one operation */
#define HG_DESK_TAKES 32		/* captures of one step */
#define HG_DESK_EACH 1000		/* times that one step with foreach is made, at most */
#define HG_DESK_RULES 32		/* rows of one step's outcomes */
#define HG_DESK_SETTINGS 64		/* secrets, or values, that one preset asks for */

/* What an answer means; the words of `outcomes: is:`. */
enum hg_desk_outcome {
	HG_DESK_DONE = 1,	/* done */
	HG_DESK_ADOPT,		/* adopt: it is there already; captures are taken as from done */
	HG_DESK_NONE,		/* none: nothing there; in an operation that does not look for anything the same as done */
	HG_DESK_RETRY,		/* retry */
	HG_DESK_REFUSED,	/* refused: this one never; 400, 409, 412, 413, 415 and 422 are believed after six tries */
	HG_DESK_GONE,		/* gone: the ticket is not there any more */
	HG_DESK_ACCOUNT,	/* account: nothing will work until somebody has acted */
	HG_DESK_AGAIN,		/* login: the session is over; log in, once, then again */
};
const char *hg_desk_outcome_word(int outcome);	/* "done", "login" of AGAIN */

struct hg_desk_rule {			/* a row of `outcomes:` */
	GArray *statuses;		/* of struct hg_desk_range; NULL: any */
	ht_when *when;			/* paths into the answer; or NULL */
	int is;				/* enum hg_desk_outcome */
	ht_pick *text;			/* what to tell people; or NULL */
	ht_pick *retry_after;		/* seconds, or a time; NULL: the header Retry-After */
};
struct hg_desk_range { int low, high; };

struct hg_desk_take {
	char *name;			/* "ticket.id": as templates of later steps and who ran the operation know it */
	ht_pick *pick;			/* of the answer */
};

enum hg_desk_each { HG_DESK_ONCE = 0, HG_DESK_FILES, HG_DESK_LIST };

struct hg_desk_step {
	char *name;			/* or NULL; captures are known as NAME.capture too */
	const ht_when *when;		/* paths into the situation; NULL: always.  The request's own */
	int each;			/* enum hg_desk_each: FILES: situation.files that are uploaded, each as `file` */
	ht_path *list;			/* of LIST: into the situation, each value as `item` */
	gboolean safe;			/* may be made twice without harm */
	gboolean own_url;		/* without `url`: the situation's file.url is called (fetch_attachment only), with
					 * headers and credentials only when that is on the host of desk->url */
	ht_request *request;
	GPtrArray *rules;		/* of struct hg_desk_rule, in order; never NULL */
	GPtrArray *takes;		/* of struct hg_desk_take; never NULL */
};

/* ---- the whole ---- */

enum hg_desk_once { HG_DESK_BY_NONE = 0, HG_DESK_BY_KEY, HG_DESK_BY_FIND };
enum hg_desk_proof { HG_DESK_DOCUMENTED = 1, HG_DESK_PROVEN };

struct hg_desk_setting {		/* what a preset asks a configuration for */
	char *name, *help;
	char *fallback;			/* or NULL */
	gboolean need;			/* without fallback: it must be given */
};

struct hg_desk {
	char *file;			/* path it was read from; NULL: none */
	char *preset;			/* "zammad": its file's name without .yaml */
	char *name, *about;
	struct {
		int state;		/* enum hg_desk_proof */
		char *version, *date, *how;	/* version: of the helpdesk; or NULL */
		char **sources;		/* URLs; NULL-ended, never NULL */
	} proof;

	/* What it asks for, and what this backend was given.  Of a file alone: what samples: given: says. */
	struct hg_desk_setting site;	/* of url: name "url"; need FALSE without `settings: url`: it has one of its own */
	GArray *asked_secrets, *asked_values;	/* of struct hg_desk_setting */
	char *url;			/* base, without a slash at its end; or NULL */
	char **secrets, **values;	/* name, value ..., NULL, as ht_scope wants them: only what is there and not empty,
					 * defaults filled in */

	/* With what the configuration says instead. */
	struct {
		guint at_once;		/* calls at the same time; from 1 */
		guint per_minute;	/* 0: no limit */
		gint64 max_file;	/* bytes; 0: the helpdesk takes no files */
		gint64 max_text;	/* characters of one text; 0: no limit */
	} limits;
	struct {
		int by;			/* enum hg_desk_once */
		gint64 life_ms;		/* of a key; 0: for ever */
		gint64 lag_ms;		/* how late a search is */
	} once;
	struct { gint64 every_ms, overlap_ms; } poll;	/* every_ms 0: never */
	char **status_to, **status_from;	/* from, to ..., NULL; or NULL: there are none */

	GPtrArray *ops[HG_DESK_OPS];	/* of struct hg_desk_step; NULL: not there */
	struct hg_back *back;		/* back.h; NULL: neither `back:` nor `poll: cases:` */
	gboolean no_hook;		/* its hook's auth names a secret that may be left out, and was: nobody may call */
	struct json_object *tree;	/* all of it, for samples */
};

/* What a backend gives; all lent, any of it NULL. */
struct hg_desk_given {
	const char *preset, *file;
	const char *url;
	const char *token, *webhook;	/* the options `token`, `webhook_secret` */
	char *const *credentials, *const *values;	/* name, value ..., NULL */
	gint64 rate, poll_ms, max_file;	/* -1: the preset's */
	gint64 at_once;			/* 0: the preset's; else what it says at most */
	gboolean sample;		/* a file alone: what samples: given: says counts, and any name will do without one */
};

/* json: the preset as a tree (hg_node_json()).  look: tell and arg are set; places are "preset/operations/create/0/url"
 * in the preset; "url", "token", "webhook_secret", "credentials/NAME", "values/NAME" in the backend that was to give them,
 * "" the backend itself.  NULL when anything was told. */
hg_desk *hg_desk_new(const char *json, const struct hg_desk_given *given, struct ht_look *look);
void hg_desk_free(hg_desk *desk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_desk, hg_desk_free)

/* What this answer means (scope: tree, status, headers of it): the step's first rule that fits, else
 *	2xx done; 401 login where there is one, else account; 403 account; 404 gone for append, note, set_status and
 *	attach, none for find and find_message, else refused; 408 425 429 5xx retry; other 4xx refused; 3xx account.
 * ret_rule (may be NULL): the rule, lent; NULL: the default. */
int hg_desk_judge(const hg_desk *desk, int op, const struct hg_desk_step *step, const struct ht_scope *answer,
		  const struct hg_desk_rule **ret_rule);
/* The helpdesk's word for one of ours (open, pending, solved, closed); NULL: it has none, nothing is to be set. */
const char *hg_desk_status_to(const hg_desk *desk, const char *ours);
/* Ours for the helpdesk's word: its row, else that of "*", else NULL: as it is, not known here. */
const char *hg_desk_status_from(const hg_desk *desk, const char *theirs);

/* ---- desk_conf.c ---- */

/* Compiles the preset of every backend that has one other than webhook and email into its conf->desk; to be called
 * before others see the configuration, as hg_intent_conf_join() is.  What is in presets decides too: the configuration's
 * hash depends on them.  diag: everything that is wrong, in presets and in what they are given. */
void hg_desks_compile(hg_conf *conf, hg_diag *diag);
/* Where presets are looked for by name: HEADGATE_PRESET_DIR of the environment, else the installed ones. */
const char *hg_desk_dir(void);
/* Path of a preset named as a configuration in the file of place names it ("zammad", "./my-desk.yaml"); yours. */
char *hg_desk_path(const char *preset, const struct hg_place *place);
/* A preset alone, for `headgatectl backend test FILE`: NULL, and diag says why. */
hg_desk *hg_desk_read(const char *path, hg_diag *diag);
/* All that are installed, sorted; NULL-ended, yours. */
char **hg_desk_names(void);

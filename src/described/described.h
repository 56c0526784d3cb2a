/* described.h - what somebody's HTTP looks like, said in YAML: read once, every error of it told with its place
 *
 * Shared by channels (adapters/http) and helpdesks (src/backend).
 *
 * A pick says where a value stands: a path (http_path.h), a list of them (the first that is there and not empty), or
 * { path: ..., default: ..., do: [ { strip: "whatsapp:" }, digits ], map: { from: to } }; { value: words } is always the
 * same.  Instead of path alone:
 *   { first: items, where: { key: x, id: { same: $given.external_id } }, path: value }   of the first item of a list
 *                                  that fits; where's paths and path start from the item (without path: the item)
 *   { all: items, where: {...}, path: value }   of every item that fits: a list, for what takes lists
 *   { like: "Ticket {id} made", of: PATH }   what stands at the pattern's one {name}; a list of patterns: the first that
 *                                  fits.  {} is anything; of: $body without it
 * Secrets are never written into a description: it names them ($secret:NAME); `values:` does the same for what is no
 * secret ($value:NAME).
 *
 * Templates ("${to}", "${secret:token}", "${value:account}") are one thing for all ways, with escaping by position
 * where they make a body, and none where they make a string to be signed: fill.h. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include <json-c/json.h>

#include "http_path.h"

/* ---- reading a description: where we are in it, and whom to tell what is wrong ---- */

struct ht_look {
	GString *at;			/* "description/send/headers" */
	void (*tell)(void *arg, const struct hg_err *err);	/* or NULL: only the first is kept */
	void *arg;
	struct hg_err first;		/* kind 0: none so far */
	guint errors;
	gboolean knows;			/* which secrets and values there are; FALSE: any name will do (a file alone) */
	gboolean has_url;		/* ... and the URL others know us by */
	gboolean asks;			/* secrets and values are what the description itself asks for, under `settings`: a name
					 * that is not among them is its own mistake, told where it stands */
	char *const *secrets, *const *values;	/* name, value ..., NULL; lent, or NULL */
	const char *const *names, *const *people;	/* what templates of requests may name; of these, what people write */
};

#define HT_LIST_MAX 256		/* items of one list */

/* key NULL: of the place itself.  Never quotes a secret. */
void ht_wrong(struct ht_look *look, const char *key, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* The same of another place: "secrets", an option of the channel. */
void ht_wrong_at(struct ht_look *look, const char *at, const char *text);
/* Goes into a member (or "[3]" by number); leave with what it returned. */
gsize ht_enter(struct ht_look *look, const char *key);
gsize ht_enter_at(struct ht_look *look, gsize i);
void ht_leave(struct ht_look *look, gsize was);
/* FALSE and told when map is no map, or has keys other than these (NULL-ended): with the nearest of them. */
gboolean ht_keys(struct ht_look *look, struct json_object *map, const char *const *keys);
/* Members, lent; NULL (or fallback) when they are not there, told when they have another type or need is TRUE.  A
 * number or a truth counts as text where text is wanted: YAML has no say in what a code is. */
struct json_object *ht_member(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
char *ht_text(struct ht_look *look, struct json_object *map, const char *key, gboolean need);	/* yours */
gint64 ht_int(struct ht_look *look, struct json_object *map, const char *key, gint64 least, gint64 most, gint64 fallback);
gint64 ht_span(struct ht_look *look, struct json_object *map, const char *key, gint64 fallback_ms);	/* "20s" */
gboolean ht_bool(struct ht_look *look, struct json_object *map, const char *key, gboolean fallback);
int ht_index(const char *const *words, const char *word);	/* -1: it is none of them */
/* Index of the member's word in words (NULL-ended); told and -1 when it is none, fallback when it is not there. */
int ht_word(struct ht_look *look, struct json_object *map, const char *key, const char *const *words, int fallback);
/* One text or a list of texts; NULL when it is not there.  NULL-ended, yours. */
char **ht_texts(struct ht_look *look, struct json_object *map, const char *key);
ht_path *ht_read_path(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
ht_path *ht_take_path(struct ht_look *look, const char *key, const char *text, gboolean each);
/* Of a list, for ht_path_each(): "a.items" is what "a.items[]" is. */
ht_path *ht_take_list(struct ht_look *look, const char *key, const char *text);
/* Is there such a secret (kind "secret") or value?  Told when not, of the channel's (backend's)
 * `secrets:` or `values:`. */
gboolean ht_given(struct ht_look *look, const char *key, const char *kind, const char *name);

/* ---- picks: paths, defaults, transforms ---- */

typedef struct ht_pick ht_pick;
/* Of a member that is a pick; NULL: not there (told when need) or wrong (told). */
ht_pick *ht_pick_new(struct ht_look *look, struct json_object *map, const char *key, gboolean need);
void ht_pick_free(ht_pick *pick);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_pick, ht_pick_free)
/* One pick, or a list of them, that is not the first of several but all: an array of ht_pick, empty when it is not there; yours. */
GPtrArray *ht_picks_new(struct ht_look *look, struct json_object *map, const char *key, guint most);
/* Valid UTF-8, yours; NULL: nothing is there.  pick may be NULL. */
char *ht_pick_text(const ht_pick *pick, const struct ht_scope *scope);

/* As UTC ms, as the pick's time: and zone: say; 0: nothing, or no time. */
gint64 ht_pick_time(const ht_pick *pick, const struct ht_scope *scope);
/* The value of the first path that leads to one, of any type; a reference of yours, or NULL. */
struct json_object *ht_pick_json(const ht_pick *pick, const struct ht_scope *scope);
const char *ht_pick_scheme(const ht_pick *pick);	/* its as: "telegram"; or NULL */
/* The member's keys and values by turns, NULL-ended, yours; NULL: not there, or wrong. */
char **ht_read_map(struct ht_look *look, struct json_object *map, const char *key);
/* A pick's or map's JSON with n for each "{n}" in its texts; a reference of yours. */
struct json_object *ht_numbered(struct json_object *value, guint n);
/* "GB" */
gboolean ht_country_known(const char *country);

/* `when`: { path: text, path: [ texts ], path: { exists: true }, { not: ... }, { begins: ... }, { contains: ... },
 * { same: PATH }, { other: PATH } }, all of which hold.  A path with "[]" in it: of one of the list at least.  same: the text
 * at another path, which must be there; other: not that text. */
typedef struct ht_when ht_when;
ht_when *ht_when_new(struct ht_look *look, struct json_object *map, const char *key);	/* NULL: not there, or wrong */
void ht_when_free(ht_when *when);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ht_when, ht_when_free)
gboolean ht_when_fits(const ht_when *when, const struct ht_scope *scope);		/* NULL fits */

/* Is text, without blanks around it, like a pattern ("ID: {id}", {} is anything)?  Its {names} are put into ret (names
 * and values, may be NULL).  Linear. */
gboolean ht_like(const char *pattern, const char *text, GHashTable *ret);
/* The one {name} of a pattern, yours; NULL with why (static): it has none, or two, or cannot be read. */
char *ht_like_name(const char *pattern, const char **ret_why);

/* desk_read.h - inside of desks, for the files that read presets */
#pragma once
#include "desk.h"

extern const char *const hg_desk_op_words[];		/* by enum hg_desk_op */
extern const char *const hg_desk_outcome_words[];	/* by enum hg_desk_outcome, from DONE */

/* ---- desk_read.c ---- */

/* FALSE and told: it is no map.  Keys that are none of these are told of as well, and what else is wrong can be. */
gboolean hg_desk_is_map(struct ht_look *look, struct json_object *map, const char *const *keys);

/* ---- desk_settings.c ---- */

/* `settings:`: what it asks for. */
void hg_desk_read_settings(hg_desk *desk, struct ht_look *look);
/* What it was given: url, secrets, values; told when something is missing, or was not asked for. */
void hg_desk_take_given(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look);
void hg_desk_clear_settings(hg_desk *desk);

/* ---- desk_steps.c ---- */

/* `operations:` */
void hg_desk_read_operations(hg_desk *desk, struct ht_look *look);
/* Does some step of the operation capture this?  FALSE without the operation. */
gboolean hg_desk_captures(const hg_desk *desk, int op, const char *name);

/* ---- desk_known.c: what templates may name ---- */

typedef struct hg_desk_known hg_desk_known;
/* Of an operation before its first step.  session: captures of login, or NULL. */
hg_desk_known *hg_desk_known_new(int op, const GPtrArray *session);
void hg_desk_known_free(hg_desk_known *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_desk_known, hg_desk_known_free)
/* NULL-ended, lent until the next change: for ht_look. */
const char *const *hg_desk_known_all(const hg_desk_known *known);
void hg_desk_known_add(hg_desk_known *known, const char *prefix, const char *name);
/* What a step that is made for each of something knows besides, until hg_desk_known_cut() with what this returned. */
guint hg_desk_known_each(hg_desk_known *known, int each);
void hg_desk_known_cut(hg_desk_known *known, guint mark);
/* May a condition look there: "ticket.id", "ticket", "files[0].name"? */
gboolean hg_desk_known_has(const hg_desk_known *known, const char *path);
/* Is it the situation's own, which a capture would hide? */
gboolean hg_desk_known_own(int op, const char *name);
extern const char *const hg_desk_people[];	/* what people write */

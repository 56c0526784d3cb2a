/* rules_conds.h - conditions being read; of rules_when.c and rules_tests*.c only */
#pragma once
#include "rules_made.h"

/* Conditions while their number is not known yet. */
struct hg_conds {
	struct hg_rules_making *making;
	const char *path;		/* of the group they stand in: "thread.", or "" */
	GPtrArray *conds;		/* of struct hg_cond *, in the arena */
	guint depth;
};

/* Reports an error at node; always FALSE. */
gboolean hg_conds_wrong(struct hg_rules_making *making, const hg_node *node, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
/* One more in list; key: of NAME: { KEY: ... }, or NULL.  NULL: there are too many, reported. */
struct hg_cond *hg_conds_add(struct hg_conds *list, const hg_node *node, enum hg_test test,
			     const char *name, const char *key);
/* "a or b", in the arena. */
const char *hg_conds_joined(hg_arena *arena, const char *const *words);
/* The bits of names among known are added to *ret.  FALSE: reported. */
gboolean hg_conds_bits(struct hg_rules_making *making, const hg_node *node, const char *what,
		       const char *const *known, guint64 *ret);

/* ---- readers: what node asks of fact is added to list; FALSE: reported ---- */

/* Whatever the fact's type. */
gboolean hg_conds_fact(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node);
/* true or false; key: of NAME: { KEY: true }, or NULL. */
gboolean hg_conds_truth(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node,
			enum hg_test test, const char *key);
gboolean hg_conds_text(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node);
/* One key of such a text: matches, equals, contains or empty. */
gboolean hg_conds_text_key(struct hg_conds *list, const struct hg_fact *fact, const char *key, const hg_node *value);
gboolean hg_conds_lists(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node);
gboolean hg_conds_intent(struct hg_conds *list, const struct hg_fact *fact, const hg_node *node);

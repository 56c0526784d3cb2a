/* desk_plan.h - of what things an errand consists at a helpdesk, in their order; for desk_do.c only */
#pragma once
#include "desk_say.h"

/* The errand itself, a further piece of its text, its files, a note about those of them that were not taken. */
enum hg_desk_thing_kind { HG_THING_WHOLE = 1, HG_THING_REST, HG_THING_FILES, HG_THING_LEFT };

struct hg_desk_thing {
	int kind, op;			/* op: enum hg_desk_op */
	guint piece;
};

struct hg_desk_plan {
	char **pieces;			/* of the errand's text; never NULL */
	GArray *things;			/* of struct hg_desk_thing; none: the helpdesk has no words for it */
};

/* The same errand at the same desk has the same plan: attempts that go on count by it.  ret is to be cleared. */
void hg_desk_plan_make(const hg_desk *desk, const struct hg_errand *errand, struct hg_desk_plan *ret);
/* Behind all else, once: that the helpdesk did not take some of the files. */
void hg_desk_plan_left(const hg_desk *desk, struct hg_desk_plan *plan);
void hg_desk_plan_clear(struct hg_desk_plan *plan);

/* trial_lab.h - inside of the laboratory a test is played in; private to src/trial */
#pragma once
#include "engine.h"
#include "trial_made.h"

struct hg_lab {
	struct hg_env env;		/* first: the clock's functions find the rest by it */
	gint64 now_ms;
	guint64 random;			/* state of xorshift64: the same numbers in each run */
	const hg_trials *trials;	/* lent */
	char *dir;
	hg_store *store;
	hg_engine *engine;
	GQueue out;			/* of hg_dispatch *: went out and is not answered yet */
	guint ids;			/* provider ids given out */
	const char *const *from;	/* who was named last; lent by a step */
	const hg_node *facts;		/* what hooks say in this step, by their names; or NULL */
	char *refused;			/* why the last command was, or NULL */
};

/* The newest thread of who was named last; *ret NULL: there is none. */
gboolean hg_lab_thread(hg_lab *lab, hg_arena *arena, hg_thread **ret, GError **error);

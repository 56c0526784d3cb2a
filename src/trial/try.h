/* try.h - one text judged by rules as if somebody unknown had said it */
#pragma once
#include "conf.h"
#include "model.h"
#include "rules.h"

struct hg_try {				/* all lent */
	const char *text;
	const struct hg_channel_conf *channel;
	const char *from;		/* an address, with its scheme: hg_trial_address() */
	const char *outside;		/* what hooks would have said, a JSON object; or NULL */
	gint64 now_ms;			/* by the wall clock, UTC */
};

struct hg_tried {			/* strings are the arena's, and the rules' */
	struct hg_verdict verdict;
	hg_decision decision;		/* as it would be kept, but for rows it is about */
	const char *facts, *trace;	/* JSON */
};

/* Nothing is written anywhere.  config_hash may be NULL. */
void hg_try_judge(const struct hg_try *said, const hg_rules *rules, const char *config_hash, hg_arena *arena,
		  struct hg_tried *ret);
/* Appends it as a JSON object. */
void hg_try_write(const struct hg_tried *tried, GString *out);

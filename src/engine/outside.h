/* outside.h - the answers of all hooks about one message, put together */
#pragma once
#include <glib.h>
#include "arena.h"
#include "conf.h"
#include "model.h"

struct hg_facts;

/* JSON, in the arena; NULL where nothing was said. */
typedef struct hg_outside {
	const char *facts;	/* name to value: what conditions on facts see */
	const char *hooks;	/* hook to {outcome, ms, note}: what explain shows */
	const char *known;	/* contact, as hooks say now: is kept */
	const char *assumed;	/* contact, by the defaults of hooks that did not answer: counts where nothing is
				 * known, and is not kept */
	const char *thread;	/* tags and fields of the conversation */
} hg_outside;

/* Of all hooks in the order of the configuration; a later one's word goes before an earlier one's.  asks: of
 * const hg_question *, decided ones. */
void hg_outside_fold(const hg_conf *conf, const GPtrArray *asks, hg_arena *arena, hg_outside *ret);
/* Lays it over what the store knows: facts for rules. */
void hg_outside_see(const hg_outside *outside, hg_arena *arena, struct hg_facts *facts);
/* What is kept; TRUE: something changed.  answer NULL or without that part: nothing does. */
gboolean hg_outside_contact(const char *known, hg_arena *arena, hg_contact *contact);
gboolean hg_outside_thread(const char *said, hg_arena *arena, hg_thread *thread);

/* rules_call.h - rules that a request asks about; private to src/api */
#pragma once
#include "call.h"
#include "rules.h"

/* The bytes of rules that somebody wants tried: as many as a body may have. */
#define HG_RULES_TEXT_MAX (256 * 1024)

struct hg_asked_rules {
	hg_rules *rules;
	hg_doc *doc;			/* what they stand in; NULL: the configuration's */
};

/* Those in force, or (text) others in their place: a list of rules in YAML, or a map that has `rules:` alone.  On any thread
 * but the loop, for it takes a while.  FALSE: the call's error has what is wrong with each. */
gboolean hg_call_rules(struct call *call, const char *text, struct hg_asked_rules *ret);
void hg_asked_rules_clear(struct hg_asked_rules *asked);

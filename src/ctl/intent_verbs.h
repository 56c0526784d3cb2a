/* intent_verbs.h - what the verbs of headgatectl intent share */
#pragma once
#include "ctl.h"
#include "intent_conf.h"

struct intent_args {
	const char *model;		/* NULL: that of the configuration */
	int min_confidence, min_known, min_accuracy;	/* hundredths; -1: not given */
};

/* Prints what diag has; TRUE when there is no error. */
gboolean intent_fine(const struct ctl *ctl, const hg_diag *diag);
/* The model that was named, else the configuration's; the bar that was given, else the configuration's or the
 * usual one.  NULL: said, *ret_code is what to return. */
hg_intent_conf *intent_open(const struct ctl *ctl, const struct intent_args *args, int *ret_code);
extern const struct ctl_verb ctl_intent_label;
int intent_eval(struct ctl *ctl, const struct intent_args *args, const char *const *files);

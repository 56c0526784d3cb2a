/* intent_verbs.h - what the verbs of headgatectl intent share */
#pragma once
#include "ctl.h"
#include "intent.h"

struct intent_args {
	const char *out, *model;
	int min_confidence, min_known, min_accuracy;	/* hundredths; -1: not given */
};

/* Prints what diag has; TRUE when there is no error. */
gboolean intent_fine(const struct ctl *ctl, const hg_diag *diag);
/* NULL: said, *ret_code is what to return. */
hg_intent *intent_model(const struct ctl *ctl, const char *path, int *ret_code);
int intent_eval(struct ctl *ctl, const struct intent_args *args, char **files);

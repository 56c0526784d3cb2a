/* widget.h - what the files of the widget's adapter share */
#pragma once
#include <headgate/adapter.h>
#include "visitor_conf.h"

#define WIDGET_CHOICES_MAX 10
#define WIDGET_CHOICE_ID   200		/* bytes */
#define WIDGET_CHOICE	   80		/* characters of a choice's title */

/* widget_check.c */
void widget_check_all(const void *conf, void (*tell)(void *arg, const struct hg_err *), void *arg);
/* widget_plan.c */
int widget_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);

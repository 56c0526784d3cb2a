/* conf_wrong.h - what check() of an adapter says of its options, and plan() of what cannot be sent */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* An admin must change something: at is the option (or NULL), the text what is wrong and what to write.  Returns -1. */
G_GNUC_PRINTF(3, 4)
int hg_conf_wrong(struct hg_err *err, const char *at, const char *fmt, ...);

/* kind: enum hg_err_kind; the text is for the agent: what is wrong and what to do.  Returns -1. */
G_GNUC_PRINTF(3, 4)
int hg_refuse(struct hg_err *err, int kind, const char *fmt, ...);

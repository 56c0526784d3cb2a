/* backend_verbs.h - inside of the verb backend */
#pragma once
#include "ctl.h"
#include "desk.h"

/* A preset by its name or file; NULL after it was said what is wrong, *ret_code says how the verb ends. */
hg_desk *ctl_backend_read(const struct ctl *ctl, const char *name, int *ret_code);

/* ---- backend_probe.c ---- */

/* ticket: makes one there as well.  wait_ms: how long to wait for a webhook of the helpdesk; 0: not at all. */
int ctl_backend_probe(struct ctl *ctl, const char *name, gboolean ticket, gint64 wait_ms);

/* Only whether the account is good; appends the checks to an open JSON list. */
void ctl_backend_account(struct ctl *ctl, const hg_setup *setup, const struct hg_backend_conf *backend, GString *checks);

/* ---- backend_show.c ---- */

int ctl_backend_list(const struct ctl *ctl);
int ctl_backend_show(const struct ctl *ctl, const hg_desk *desk);

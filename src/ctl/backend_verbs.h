/* backend_verbs.h - inside of the verb backend */
#pragma once
#include "ctl.h"
#include "desk.h"

/* A preset by its name or file; NULL after it was said what is wrong, *ret_code says how the verb ends. */
hg_desk *ctl_backend_read(const struct ctl *ctl, const char *name, int *ret_code);

/* ---- backend_show.c ---- */

int ctl_backend_list(const struct ctl *ctl);
int ctl_backend_show(const struct ctl *ctl, const hg_desk *desk);

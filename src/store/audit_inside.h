/* audit_inside.h - inside src/store: the chain of audits, for fsck */
#pragma once
#include "sql.h"

/* As hg_store_audit_verify(), in a transaction that is there. */
gboolean hg_audit_walk(hg_store *store, struct hg_audit_check *ret, GError **error);

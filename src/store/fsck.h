/* fsck.h - inside src/store: an audit under way */
#pragma once
#include "sql.h"

struct hg_fsck {
	hg_store *store;
	const char *attachments;	/* lent; NULL: not looked at */
	hg_fsck_report *report;
	void *arg;
	guint breaches;
};

void hg_fsck_breach(struct hg_fsck *fsck, const char *invariant, const char *id, const char *remedy);
gboolean hg_fsck_files(struct hg_fsck *fsck, GError **error);	/* I13 */

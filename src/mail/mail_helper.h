/* mail_helper.h - the daemon's side of the helper processes that parse mail
 *
 * A few processes without network, files or rights, with limits on CPU, memory and time; a mail may kill
 * one, the next mail gets a new one.  One mail at a time each; others wait here, in order. */
#pragma once
#include "mail_parse.h"

struct event_base;
typedef struct hg_mail_helper hg_mail_helper;

struct hg_mail_helper_conf {
	const char *program;		/* path of headgate-mail; NULL: where it was installed, or HEADGATE_MAIL_HELPER */
	guint processes;		/* started ahead */
	gint64 timeout_ms;		/* of one mail, wall clock */
	gint64 cpu_ms, memory;		/* of one mail; bytes of a process */
};

/* mail NULL: error says why (HG_ERROR_INPUT: this mail ends helpers; any other: not its fault).
 * Exactly once for each hg_mail_helper_parse(), never before that returns. */
typedef void hg_mail_helper_done(void *arg, hg_mail *mail, const GError *error);	/* mail becomes yours */

hg_mail_helper *hg_mail_helper_new(struct event_base *base, const struct hg_mail_helper_conf *conf, GError **error);
/* Ends the processes; what waits is answered before, with an error. */
void hg_mail_helper_free(hg_mail_helper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_mail_helper, hg_mail_helper_free)

/* Copies ask; raw is lent until done. */
void hg_mail_helper_parse(hg_mail_helper *helper, const void *raw, gsize len, const struct hg_mail_ask *ask,
			  hg_mail_helper_done *done, void *arg);

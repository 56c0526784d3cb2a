/* mail_helper.h - the daemon's side of the helper processes that parse mail
 *
 * A few processes without network, files or rights, with limits on CPU, memory and time; a mail may kill
 * one, the next mail gets a new one.  One mail at a time each; others wait here, in order. */
#pragma once
#include "mail_parse.h"

/* What is usual. */
#define HG_MAIL_TIMEOUT_MS  60000
#define HG_MAIL_CPU_MS	    20000
#define HG_MAIL_MEMORY	    ((gint64)2 << 30)	/* of addresses; a mail of 25 MB takes a fifth of it */
#define HG_MAIL_WAITING_MAX 10000	/* mails that may wait here; more get HG_ERROR_BUSY */

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

/* NULL: the program is not there.  That it does not work is told to each mail, as HG_ERROR_CONFIG. */
hg_mail_helper *hg_mail_helper_new(struct event_base *base, const struct hg_mail_helper_conf *conf, GError **error);
/* Ends the processes; what waits is answered before, with an error. */
void hg_mail_helper_free(hg_mail_helper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_mail_helper, hg_mail_helper_free)

/* Copies ask; raw is lent until done. */
void hg_mail_helper_parse(hg_mail_helper *helper, const void *raw, gsize len, const struct hg_mail_ask *ask,
			  hg_mail_helper_done *done, void *arg);

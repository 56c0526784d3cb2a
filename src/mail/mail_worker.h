/* mail_worker.h - one helper process and the mail it reads; for mail_helper.c */
#pragma once
#include "mail_helper.h"

typedef struct hg_mail_worker hg_mail_worker;

enum hg_mail_worker_end {
	HG_WORKER_ANSWERED,	/* mail is what it read; it can take the next one */
	HG_WORKER_READY,	/* it has started; mail NULL */
	HG_WORKER_DIED,		/* with error; it must be freed */
};
/* mail: yours.  The worker may be freed in here. */
typedef void hg_mail_worker_fn(void *arg, hg_mail_worker *worker, enum hg_mail_worker_end end, hg_mail *mail,
			       const GError *error);

/* Starts a process; fn is called when it is ready, and once for each mail it was given.  NULL: not even that. */
hg_mail_worker *hg_mail_worker_new(struct event_base *base, const char *program, const struct hg_mail_helper_conf *conf,
				   hg_mail_worker_fn *fn, void *arg, GError **error);
/* Ends the process, without a call of fn. */
void hg_mail_worker_free(hg_mail_worker *worker);
gboolean hg_mail_worker_idle(const hg_mail_worker *worker);	/* ready, and without a mail */
gboolean hg_mail_worker_unused(const hg_mail_worker *worker);	/* it was given no mail yet */
/* It has read so many mails, or has said so much, that another one should take its place. */
gboolean hg_mail_worker_spent(const hg_mail_worker *worker);
/* Of one that is idle.  raw is lent until fn was called or the worker is freed. */
void hg_mail_worker_give(hg_mail_worker *worker, const void *raw, gsize len, const struct hg_mail_ask *ask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_mail_worker, hg_mail_worker_free)

/* email_plan.h - what a message becomes as a mail, decided before anything is sent
 *
 * The recipe is the part's body, committed before the first attempt: address, subject and words as they will stand in
 * the mail, whatever the configuration says by then.  Files, token and Message-ID are the same on every attempt by
 * themselves.  JSON; its reader trusts it as the writer's own. */
#pragma once
#include "email.h"

struct email_recipe {
	const char *from, *to;		/* addresses; from NULL: the channel's own */
	const char *thread;		/* key of the mails of one conversation with a helpdesk, whose token the address for answers
					 * has, instead of the message's own; or NULL */
	const char *name;		/* beside from; or NULL */
	const char *subject, *text, *html;	/* html: or NULL */
	const char **refs;		/* nearest first, NULL-ended; ours, its strings lent */
	gint64 date_ms;
	gboolean automatic;
	gboolean asks;			/* with thread: nothing is sent, only its address for answers is wanted */
	struct json_object *json;	/* ours: all strings */
};

int email_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err);
void email_limits(const void *conf, struct hg_limits *limits);
/* FALSE: it is none of email_plan()'s. */
gboolean email_recipe_read(const void *body, gsize len, struct email_recipe *ret);
void email_recipe_done(struct email_recipe *recipe);
/* "support+t.TOKEN@acme.example", at the reply domain where there is one; yours. */
char *email_reply_address(const struct email_conf *conf, const char *from, const char *token);

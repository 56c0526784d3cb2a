/* mail_confine.h - a helper process gives up all rights but to think, and to talk to its daemon */
#pragma once
#include <glib.h>
#include "mail_parse.h"

struct hg_mail_limits {
	gint64 cpu_ms;		/* of one mail */
	gint64 memory;		/* bytes of the process; 0: any */
};

/* From now on: no new descriptors, no files, no network, no processes, no code but what is loaded.  What tries is
 * killed by the kernel.  Whatever has to be read from files was read before. */
gboolean hg_mail_confine(const struct hg_mail_limits *limits, GError **error);

/* Answers questions on fd (mail_frame.h) until it is closed; FALSE: what came was none.  Each mail has its own CPU
 * time, after which the kernel ends the process.  parse: hg_mail_parse(), or what a test has in its place. */
gboolean hg_mail_serve(int fd, const struct hg_mail_limits *limits,
		       hg_mail *(*parse)(const void *raw, gsize len, const struct hg_mail_ask *ask),
		       const struct hg_reply_words *words, GError **error);

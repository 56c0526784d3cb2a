/* hostile_mail.h - mails that want to kill who reads them, made at test time
 *
 * Each kind is one idea, in the size asked for.  However it looks, From is Ana <ana@example.com> and the subject
 * "still here" unless the kind says that they cannot be read. */
#pragma once
#include <glib.h>

struct hostile_mail {
	const char *name;
	GString *(*make)(gsize size);	/* about so many bytes; yours */
	const char *text;		/* what must stand in its text; NULL: nothing can be read */
	gboolean no_head;		/* From and Subject cannot be read */
};

extern const struct hostile_mail hostile_mails[];
extern const gsize hostile_mails_n;

/* import.h - inside of the verb import: messages of files, in batches, to the daemon */
#pragma once
#include "ctl.h"
#include "long_run.h"

struct import_place { const char *file; guint64 line, offset; };	/* where a message begins; line from 1; lent */

struct import_mail;

struct importer {
	struct ctl *ctl;
	const struct hg_channel_conf *channel;
	struct import_mail *mail;	/* import_mail.c's; or NULL */
	GString *batch;			/* messages as JSON, without brackets */
	GArray *places;			/* of struct import_place, of the batch */
	gint64 skip, met;		/* messages to be passed over; met until now */
	gint64 sent;			/* of met: what the daemon has answered for */
	gint64 fresh, known, refused;
	guint64 bytes, done;		/* of all files */
	int code;			/* enum ctl_exit: anything but DONE ends it */
	struct ctl_long run;
};

/* FALSE: it is passed over (--skip), or all has ended. */
gboolean import_wants(struct importer *im);
/* One message, as POST /v1/import takes it.  FALSE: im->code says how it ends. */
gboolean import_add(struct importer *im, const struct import_place *place, const char *json);
/* It cannot be read: said, counted, and the next one follows. */
void import_refuse(struct importer *im, const struct import_place *place, const char *fmt, ...) G_GNUC_PRINTF(3, 4);

/* ---- import_mail.c ---- */
gboolean import_mbox(struct importer *im, const char *path, const char *bytes, gsize len);
gboolean import_maildir(struct importer *im, const char *path);
void import_mail_end(struct importer *im);

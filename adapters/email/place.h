/* place.h - how far each folder was read, as the cursor keeps it */
#pragma once
#include <glib.h>

struct email;

struct place {
	guint32 validity;		/* UIDVALIDITY under which the rest counts */
	guint32 uid;			/* everything up to it is on disk or was passed over */
	gint64 since_ms;		/* while a folder is read again: older mails (INTERNALDATE) ... */
	guint32 to;			/* ... up to this UID are passed over; 0: it is not */
};

/* Reads host->cursor() into e->places and e->oauth. */
void email_places_read(struct email *e);
/* The cursor with this folder's place in it (folder NULL: as it is).  Yours. */
char *email_places_write(struct email *e, const char *folder, const struct place *place);

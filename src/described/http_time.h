/* http_time.h - times as providers write them */
#pragma once
#include <glib.h>

/* A time that is written as one of formats says (tried in order); NULL: as told by its look, see below.  "epoch",
 * "epoch_ms", "iso" and strptime's %Y %y %m %d %H %I %M %S %p %b %z %% beside %f, a fraction of a second: every other
 * character stands for itself.  zone: where the text names none.  UTC ms, or 0: it is none of them. */
gint64 ht_time_read(const char *text, char *const *formats, GTimeZone *zone);
/* What a format has wrong: yours, or NULL. */
char *ht_time_wrong(const char *format);

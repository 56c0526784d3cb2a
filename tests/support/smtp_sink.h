/* smtp_sink.h - a mail server on loopback that takes what it is given, or refuses it where it is told */
#pragma once
#include <glib.h>

struct smtp_sink;

struct smtp_sink *smtp_sink_start(void);
void smtp_sink_stop(struct smtp_sink *sink);
guint smtp_sink_port(const struct smtp_sink *sink);
/* From now on this verb ("RCPT", or "." for the end of a mail) is answered so; NULL: as usual; "": the connection is closed. */
void smtp_sink_answer(struct smtp_sink *sink, const char *verb, const char *answer);
guint smtp_sink_count(struct smtp_sink *sink);			/* mails that were taken */
char *smtp_sink_mail(struct smtp_sink *sink, guint n);		/* MAIL and RCPT lines, then the mail; yours */

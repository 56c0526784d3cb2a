/* line_fixture.h - a TCP or TLS peer on the test's own loop, one connection at a time */
#pragma once
#include <glib.h>

struct event_base;
struct line;

/* certificate NULL: plain TCP; else the name or IPv4 address that its self-signed certificate is
 * for.  ret_pem (or NULL) gets the certificate, yours to free. */
struct line *line_new(struct event_base *base, const char *certificate, char **ret_pem);
void line_free(struct line *line);
/* A self-signed certificate of that name and its key, as PEM; yours. */
void line_certificate(const char *name, char **ret_pem, char **ret_key);
/* Of a TLS peer: lets in only who shows this certificate. */
void line_wants(struct line *line, const char *pem);
guint line_port(const struct line *line);
guint line_accepted(const struct line *line);	/* connections so far */
gboolean line_is_up(const struct line *line);	/* one is there now */
void line_say(struct line *line, const char *text);
const char *line_heard(const struct line *line);	/* of the newest connection; lent */
gsize line_heard_bytes(const struct line *line);	/* of all of them */
void line_deaf(struct line *line);		/* reads no more on this connection */
void line_hang_up(struct line *line);

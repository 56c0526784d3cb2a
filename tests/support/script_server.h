/* script_server.h - a far end that does exactly what a script says, byte by byte
 *
 * It reads one whole request (head, and a body by Content-Length), notes it, and plays the next
 * step; steps are counted over all connections.  After the last step it goes on with the last. */
#pragma once
#include <glib.h>

enum script_then {
	SCRIPT_KEEP,		/* wait for the next request */
	SCRIPT_CLOSE,
	SCRIPT_RESET,
	SCRIPT_HANG,		/* say nothing more, until the client leaves */
	SCRIPT_REPEAT,		/* send more again and again until the client leaves */
};

struct script_step {
	const char *reply;		/* or NULL for none */
	gsize len;			/* 0: strlen() */
	enum script_then then;
	const char *more;		/* of SCRIPT_REPEAT */
};

struct script_server;

/* Copies steps. */
struct script_server *script_start(const struct script_step *steps, gsize n);
void script_stop(struct script_server *server);
guint script_port(const struct script_server *server);
guint script_connections(struct script_server *server);		/* accepted so far */
guint script_requests(struct script_server *server);		/* read so far */
char *script_request(struct script_server *server, guint n);	/* a copy of the nth, whole */
void script_wait_requests(struct script_server *server, guint want);

/* apart.h - a sweep's work in several processes at once */
#pragma once
#include <glib.h>

/* Calls work in jobs processes, each with its number and size bytes of its own that are shared with this one
 * (zero at first); returns all of them (an array; yours, by apart_free()).  A check that fails ends its process,
 * and died (here) is called with its bytes: it has to fail the test.  On a terminal, look is called now and
 * then, to tell how far they are; it may be NULL. */
struct apart {
	void (*work)(void *arg, guint number, void *mine);
	void (*died)(void *arg, const void *his, int status);
	void (*look)(void *arg, const void *all);
	void *arg;
	guint jobs;
	gsize size;
};
void *apart_run(const struct apart *apart);
void apart_free(const struct apart *apart, void *all);

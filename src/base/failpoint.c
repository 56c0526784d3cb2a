/* failpoint.c - what HEADGATE_FAIL asks for, in builds with test hooks */
#include <config.h>

#include "failpoint.h"

#ifdef HG_TEST_HOOKS
#include <signal.h>
#include <string.h>
#include <unistd.h>

struct point {
	char *name;
	gboolean crash;
	gint at;		/* the passing at which it happens, from 1 */
	gint passed;		/* atomic */
};

/* A fail point that is not understood would make its test pass for nothing: stop. */
static void point_parse(struct point *point, const char *item)
{
	g_auto(GStrv) parts = g_strsplit(item, "=", 2);
	g_auto(GStrv) action = NULL;
	guint64 at = 1;

	if (!parts[0] || !*parts[0] || !parts[1])
		g_error("HEADGATE_FAIL: \"%s\" is not name=crash or name=error", item);
	action = g_strsplit(parts[1], "@", 2);
	if (action[1] && !g_ascii_string_to_unsigned(action[1], 10, 1, G_MAXINT, &at, NULL))
		g_error("HEADGATE_FAIL: \"%s\": the number after @ counts from 1", item);
	if (strcmp(action[0], "crash") != 0 && strcmp(action[0], "error") != 0)
		g_error("HEADGATE_FAIL: \"%s\": only crash and error are known", item);
	*point = (struct point){ .name = g_strdup(parts[0]), .crash = action[0][0] == 'c',
				 .at = (gint)at };
}

static gpointer points_read(gpointer unused G_GNUC_UNUSED)
{
	GArray *points = g_array_new(FALSE, TRUE, sizeof(struct point));
	g_auto(GStrv) items = g_strsplit(g_getenv("HEADGATE_FAIL") ?: "", ",", -1);

	for (char **item = items; *item; item++) {
		struct point point;

		if (!**item)
			continue;
		point_parse(&point, *item);
		g_array_append_val(points, point);
	}
	return points;
}

gboolean hg_failpoint(const char *name)
{
	static GOnce once = G_ONCE_INIT;
	GArray *points = g_once(&once, points_read, NULL);

	for (guint i = 0; i < points->len; i++) {
		struct point *point = &g_array_index(points, struct point, i);

		if (strcmp(point->name, name) != 0 ||
		    g_atomic_int_add(&point->passed, 1) + 1 != point->at)
			continue;
		if (point->crash)
			kill(getpid(), SIGKILL);
		return TRUE;
	}
	return FALSE;
}
#endif

/* slurp.h - a file whole, up to a limit */
#pragma once
#include <glib.h>

/* Appends all there is to read.  More than most bytes (whole MiB) is an error of code LIMIT, whose sentence
 * ends with advice ("; split it", or ""); what was read by then is in out. */
gboolean hg_slurp(int fd, gsize most, const char *advice, GString *out, GError **error);

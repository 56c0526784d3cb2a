/* slurp.c - a file whole, up to a limit */
#include "slurp.h"

#include <errno.h>
#include <unistd.h>

#include "fail.h"

gboolean hg_slurp(int fd, gsize most, const char *advice, GString *out, GError **error)
{
	char buf[16384];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hg_fail(error, HG_ERROR_BROKEN, "%s", g_strerror(errno));
		g_string_append_len(out, buf, n);
		/* It may have grown since it was looked at. */
		if (out->len > most)
			return hg_fail(error, HG_ERROR_LIMIT, "it has more than %zu MiB%s", most >> 20, advice);
	}
	return TRUE;
}

/* record.c - one line for each attack; several programs append to the file at once */
#include "record.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void record(const char *name, gint64 count, gint64 found, const char *figures)
{
	const char *path = g_getenv("HEADGATE_RECORDS");
	g_autofree char *line = NULL;
	gssize written;
	int fd;

	if (!path || !*path)
		return;
	line = g_strdup_printf("{\"name\": \"%s\", \"count\": %" G_GINT64_FORMAT ", \"found\": %" G_GINT64_FORMAT
			       ", \"figures\": %s}\n", name, count, found, figures ?: "{}");
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	/* One write a line, so that lines of two programs do not mix. */
	written = fd < 0 ? -1 : write(fd, line, strlen(line));
	if (written != (gssize)strlen(line))
		g_error("%s: the record of %s was not written", path, name);
	close(fd);
}

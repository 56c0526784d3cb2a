/* place.c - of several nodes: is whoever was this node before certainly dead? */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "log.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define LINE_MAX_BYTES 256

struct hg_place {
	int fd;
	char *path, *node, *boot;	/* ours */
};

/* A disk that was copied to another machine, or came there with a container, proves nothing of who runs elsewhere: this is the
 * machine, until it starts again.  The unit's environment says it where /proc is hidden.  NULL: not known. */
static char *boot_name(void)
{
	char *text = g_strdup(g_getenv("HEADGATE_BOOT_ID"));

	if (!text && !g_file_get_contents(BOOT_FILE, &text, NULL, NULL))
		return NULL;
	g_strstrip(text);
	if (*text && strlen(text) <= 64 && !strchr(text, ' '))
		return text;
	g_free(text);
	return NULL;
}

static gboolean lock(hg_place *place)
{
	place->fd = open(place->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (place->fd >= 0 && flock(place->fd, LOCK_EX | LOCK_NB) == 0)
		return TRUE;
	hg_warn(NULL, "node.place", "%s: %s; when this process is killed and started again, what it did waits for 15 s", place->path,
		place->fd >= 0 && errno == EWOULDBLOCK ? "another headgated has it: give each node a store.path of its own" :
		g_strerror(errno));
	return FALSE;
}

/* "BOOT SINCE NODE\n"; whatever is not exactly that proves nothing. */
static gint64 read_before(const hg_place *place)
{
	char text[LINE_MAX_BYTES + 1];
	ssize_t len = pread(place->fd, text, LINE_MAX_BYTES, 0);
	g_auto(GStrv) words = NULL;

	text[MAX(len, 0)] = '\0';
	if (len < 1 || text[len - 1] != '\n')
		return 0;
	text[len - 1] = '\0';
	words = g_strsplit(text, " ", 3);
	if (g_strv_length(words) != 3 || strcmp(words[0], place->boot) != 0 || strcmp(words[2], place->node) != 0)
		return 0;
	return MAX(g_ascii_strtoll(words[1], NULL, 10), 0);
}

hg_place *hg_place_take(const char *store_path, const char *node, gint64 *ret_before_ms)
{
	hg_place *place = g_new0(hg_place, 1);

	*ret_before_ms = 0;
	place->path = g_strconcat(store_path, "-node", NULL);
	place->node = g_strdup(node);
	place->boot = boot_name();
	place->fd = -1;
	if (!place->boot || !lock(place)) {
		hg_place_free(place);
		return NULL;
	}
	*ret_before_ms = read_before(place);
	return place;
}

/* Never half of two: emptied first.  What the file does not say costs the next start its 15 s and nothing else. */
void hg_place_keep(hg_place *place, gint64 since_ms)
{
	g_autofree char *line = NULL;

	if (!place)
		return;
	line = g_strdup_printf("%s %" G_GINT64_FORMAT " %s\n", place->boot, since_ms, place->node);
	if (ftruncate(place->fd, 0) < 0 || pwrite(place->fd, line, strlen(line), 0) != (ssize_t)strlen(line))
		hg_warn(NULL, "node.place", "%s: %s", place->path, g_strerror(errno));
}

void hg_place_free(hg_place *place)
{
	if (!place)
		return;
	if (place->fd >= 0)
		close(place->fd);
	g_free(place->boot);
	g_free(place->node);
	g_free(place->path);
	g_free(place);
}

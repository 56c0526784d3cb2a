/* lent_files.c - files a provider fetches from us while it sends them */
#include "lent_files.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fail.h"
#include "proof.h"
#include "text.h"

struct file {
	char *name, *type;
	GBytes *bytes;
	gint64 until_ms;
};

struct hg_lent {
	GQueue files;			/* of struct file *, the oldest first */
	gsize bytes;
};

static void file_free(struct file *file)
{
	g_free(file->name);
	g_free(file->type);
	g_bytes_unref(file->bytes);
	g_free(file);
}

static void drop_oldest(hg_lent *lent)
{
	struct file *file = g_queue_pop_head(&lent->files);

	lent->bytes -= g_bytes_get_size(file->bytes);
	file_free(file);
}

static void drop_old(hg_lent *lent, gint64 now_ms)
{
	while (lent->files.head && (lent->bytes > HG_LENT_BYTES_MAX ||
				    ((struct file *)lent->files.head->data)->until_ms <= now_ms))
		drop_oldest(lent);
}

hg_lent *hg_lent_new(void)
{
	hg_lent *lent = g_new0(hg_lent, 1);

	g_queue_init(&lent->files);
	return lent;
}

void hg_lent_free(hg_lent *lent)
{
	while (lent && lent->files.head)
		drop_oldest(lent);
	g_free(lent);
}

static struct file *find(hg_lent *lent, const char *name)
{
	for (GList *link = lent->files.head; link; link = link->next)
		if (hg_secret_is(((struct file *)link->data)->name, name))
			return link->data;
	return NULL;
}

/* All of it, when it has no more than most bytes. */
static GBytes *read_file(const char *path, gsize most, GError **error)
{
	g_autofree char *bytes = g_malloc(most + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gsize len = 0;
	gssize n = fd < 0 ? -1 : 1;

	while (n > 0 && len <= most) {
		n = read(fd, bytes + len, most + 1 - len);
		len += n > 0 ? (gsize)n : 0;
	}
	if (fd >= 0)
		close(fd);
	if (n < 0)
		hg_fail(error, HG_ERROR_MISSING, "the file of this part cannot be read (any more)");
	else if (len > most)
		hg_fail(error, HG_ERROR_LIMIT, "the file has more than %" G_GSIZE_FORMAT " bytes", most);
	return n < 0 || len > most ? NULL : g_bytes_new(bytes, len);
}

static char *make_name(const char *secret, const char *key)
{
	g_autofree char *text = g_strdup_printf("lent file of %s", key);
	g_autoptr(GBytes) mac = hg_mac(HG_SHA256, secret, strlen(secret), text, strlen(text));

	return hg_base64(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac), TRUE);
}

char *hg_lent_add(hg_lent *lent, const char *path, const char *type, gsize most, const char *secret, const char *key,
		  gint64 now_ms, GError **error)
{
	g_autofree char *name = make_name(secret, key);
	GBytes *bytes = read_file(path, most, error);
	struct file *file;

	if (!bytes)
		return NULL;
	file = g_new0(struct file, 1);
	*file = (struct file){ .name = g_strdup(name), .type = g_strdup(type ? type : "application/octet-stream"),
			       .bytes = bytes, .until_ms = now_ms + HG_LENT_MS };
	lent->bytes += g_bytes_get_size(bytes);
	g_queue_push_tail(&lent->files, file);
	drop_old(lent, now_ms);
	return g_steal_pointer(&name);
}

GBytes *hg_lent_get(hg_lent *lent, const char *name, gint64 now_ms, const char **ret_type)
{
	struct file *file;

	drop_old(lent, now_ms);
	file = find(lent, name);
	if (!file)
		return NULL;
	*ret_type = file->type;
	return file->bytes;
}

/* file_sum.c - what a file's bytes come to */
#include "file_sum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "text.h"

gboolean hg_file_read(const char *path, hg_file_bytes *heard, void *arg)
{
	g_autofree guint8 *buffer = g_malloc(HG_FILE_CHUNK);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), why;
	ssize_t got = -1;

	if (fd < 0)
		return FALSE;
	do {
		got = read(fd, buffer, HG_FILE_CHUNK);
		why = got < 0 ? errno : 0;
		if (got > 0 && !heard(arg, buffer, (gsize)got))
			break;
	} while (got > 0 || why == EINTR);
	close(fd);
	errno = why;
	return got == 0;
}

struct sum { EVP_MD_CTX *hash; gint64 bytes; hg_file_bytes *heard; void *arg; };

static gboolean add(void *arg, const void *bytes, gsize len)
{
	struct sum *sum = arg;

	if (!EVP_DigestUpdate(sum->hash, bytes, len))
		g_error("OpenSSL: SHA-256 failed");
	sum->bytes += (gint64)len;
	return !sum->heard || sum->heard(sum->arg, bytes, len);
}

gboolean hg_file_sum(const char *path, hg_file_bytes *heard, void *arg, char ret_hex[65], gint64 *ret_bytes)
{
	struct sum sum = { EVP_MD_CTX_new(), 0, heard, arg };
	g_autofree char *hex = NULL;
	guint8 hash[32];
	gboolean done;
	int why;

	if (!sum.hash || !EVP_DigestInit_ex(sum.hash, EVP_sha256(), NULL))
		g_error("OpenSSL: SHA-256 failed");
	done = hg_file_read(path, add, &sum);
	why = errno;
	if (!EVP_DigestFinal_ex(sum.hash, hash, NULL))
		g_error("OpenSSL: SHA-256 failed");
	EVP_MD_CTX_free(sum.hash);
	hex = hg_hex(hash, sizeof(hash));
	g_strlcpy(ret_hex, hex, 65);
	*ret_bytes = sum.bytes;
	errno = why;
	return done;
}

/* tar.c - a tar archive written into memory */
#include "tar.h"

#include <string.h>

#define BLOCK 512

/* A field of size bytes: octal digits and a NUL. */
static void octal(char *field, gsize size, guint64 value)
{
	for (gsize i = size - 1; i > 0; i--, value /= 8)
		field[i - 1] = (char)('0' + value % 8);
}

void hg_tar_add(GString *tar, const char *name, const char *bytes, gsize len, gint64 at_ms)
{
	static const char zeros[BLOCK];
	char head[BLOCK] = "";
	guint64 sum = 0;

	g_assert(strlen(name) <= 100);
	memcpy(head, name, strlen(name));
	octal(head + 100, 8, 0600);
	octal(head + 108, 8, 0);
	octal(head + 116, 8, 0);
	octal(head + 124, 12, len);
	octal(head + 136, 12, (guint64)MAX(at_ms, 0) / 1000);
	memset(head + 148, ' ', 8);	/* the sum is reckoned with blanks in its own place */
	head[156] = '0';
	memcpy(head + 257, "ustar\00000", 8);
	for (gsize i = 0; i < BLOCK; i++)
		sum += (guint8)head[i];
	octal(head + 148, 7, sum);
	g_string_append_len(tar, head, BLOCK);
	g_string_append_len(tar, bytes, (gssize)len);
	g_string_append_len(tar, zeros, (gssize)((BLOCK - len % BLOCK) % BLOCK));
}

void hg_tar_end(GString *tar)
{
	static const char zeros[2 * BLOCK];

	g_string_append_len(tar, zeros, sizeof(zeros));
}

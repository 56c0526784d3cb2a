/* wire.h - just enough HTTP/1.1 between programs of this bench: not a reader for strangers
 *
 * Kept apart from src/net on purpose: a fault of the reader that is measured cannot hide in the
 * one that measures. */
#pragma once
#include <glib.h>
#include <string.h>

/* Bytes of the head with its empty line, 0 when it is not all there. */
static inline gsize wire_head(const char *bytes, gsize len)
{
	const char *end = memmem(bytes, len, "\r\n\r\n", 4);

	return end ? (gsize)(end - bytes) + 4 : 0;
}

/* What stands behind the colon of a header; NULL when it is not there.  name: "\r\nName:". */
static inline const char *wire_header(const char *head, gsize len, const char *name)
{
	gsize name_len = strlen(name);

	for (const char *at = head; (at = memchr(at, '\r', len - (gsize)(at - head))); at++) {
		if ((gsize)(at - head) + name_len >= len)
			break;
		if (g_ascii_strncasecmp(at, name, name_len) == 0) {
			at += name_len;
			return at + strspn(at, " ");
		}
	}
	return NULL;
}

static inline gsize wire_length(const char *head, gsize len)
{
	const char *value = wire_header(head, len, "\r\nContent-Length:");

	return value ? (gsize)g_ascii_strtoull(value, NULL, 10) : 0;
}

/* Of numbers in any order; sorts them. */
static inline int wire_compare(const void *a, const void *b)
{
	guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;

	return (x > y) - (x < y);
}

static inline double wire_percentile_ms(const GArray *sorted_us, double share)
{
	guint at = (guint)(share * (double)sorted_us->len);

	return sorted_us->len ? g_array_index(sorted_us, guint32, MIN(at, sorted_us->len - 1)) / 1e3 : 0;
}

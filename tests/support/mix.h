/* mix.h - one number for many bytes, quickly: to know the same again, not to keep anybody out */
#pragma once
#include <glib.h>
#include <string.h>

/* hash: what came before; 1 at first. */
static inline guint64 mix_bytes(guint64 hash, const void *bytes, gsize len)
{
	const guint8 *p = bytes;
	guint64 word;

	for (; len; p += MIN(len, 8), len -= MIN(len, 8)) {
		word = 0;
		memcpy(&word, p, MIN(len, 8));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return hash;
}

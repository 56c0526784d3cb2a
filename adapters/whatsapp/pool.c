/* pool.c - memory of one piece of work, freed at once */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "utf8.h"

#define BLOCK 4096

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(max_align_t) char bytes[];
};

struct wa_pool {
	struct block *blocks;
};

struct wa_pool *wa_pool_new(void)
{
	struct wa_pool *pool = calloc(1, sizeof(*pool));

	if (!pool)
		abort();
	return pool;
}

void wa_pool_free(struct wa_pool *pool)
{
	struct block *next;

	if (!pool)
		return;
	for (struct block *b = pool->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(pool);
}

static struct block *add_block(struct wa_pool *pool, size_t size)
{
	size_t room = size > BLOCK ? size : BLOCK;
	struct block *b = calloc(1, sizeof(*b) + room);

	if (!b)
		abort();
	b->size = room;
	b->next = pool->blocks;
	return pool->blocks = b;
}

void *wa_new(struct wa_pool *pool, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct block *b = pool->blocks;
	void *at;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + align - 1) / align * align;
	if (!b || b->size - b->used < size)
		b = add_block(pool, size);
	at = b->bytes + b->used;
	b->used += size;
	return at;
}

char *wa_dupn(struct wa_pool *pool, const char *text, size_t len)
{
	char *copy = wa_new(pool, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *wa_dup(struct wa_pool *pool, const char *text)
{
	return text ? wa_dupn(pool, text, strlen(text)) : NULL;
}

/* A precision as in %.40s counts bytes and may cut a character in two. */
static char *mended(struct wa_pool *pool, const char *text, size_t len)
{
	char *valid = wa_new(pool, 3 * len + 1);

	wa_utf8_mend(text, len, valid);
	return valid;
}

char *wa_vfmt(struct wa_pool *pool, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		abort();
	text = wa_new(pool, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	return wa_utf8_ok(text) ? text : mended(pool, text, (size_t)len);
}

char *wa_fmt(struct wa_pool *pool, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = wa_vfmt(pool, fmt, ap);
	va_end(ap);
	return text;
}

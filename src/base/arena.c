/* arena.c - memory of one piece of work, freed at once */
#include "arena.h"

#include "text.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define GAP 16		/* poisoned bytes between two allocations, so that overflows are seen */
#else
#define ASAN_POISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define GAP 0
#endif

#define ALIGN 16
#define CHUNK_MIN 4096
/* Chunks double up to this; a larger piece gets its own.  From 128 KiB on malloc() would have each of
 * them mapped and unmapped by the kernel. */
#define CHUNK_MAX (64 * 1024)

struct chunk {
	struct chunk *next;
	gsize size, used;		/* of room[] */
	_Alignas(ALIGN) guint8 room[];
};

struct hg_arena {
	struct chunk *chunks;		/* ours; the first one is being filled */
	gsize next_size;
	gsize taken;
};

hg_arena *hg_arena_new(void)
{
	hg_arena *arena = g_new0(hg_arena, 1);

	arena->next_size = CHUNK_MIN;
	return arena;
}

void hg_arena_free(hg_arena *arena)
{
	struct chunk *chunk, *next;

	if (!arena)
		return;
	for (chunk = arena->chunks; chunk; chunk = next) {
		next = chunk->next;
		ASAN_UNPOISON_MEMORY_REGION(chunk->room, chunk->size);
		g_free(chunk);
	}
	g_free(arena);
}

static struct chunk *chunk_new(gsize size)
{
	struct chunk *chunk = g_malloc(sizeof(*chunk) + size);

	chunk->next = NULL;
	chunk->size = size;
	chunk->used = 0;
	ASAN_POISON_MEMORY_REGION(chunk->room, size);
	return chunk;
}

static struct chunk *arena_grow(hg_arena *arena, gsize need)
{
	gsize size = arena->next_size - sizeof(struct chunk);
	struct chunk *chunk;

	/* A big piece goes behind the chunk being filled, whose rest stays of use. */
	if (need > size / 2) {
		chunk = chunk_new(need);
		if (arena->chunks) {
			chunk->next = arena->chunks->next;
			arena->chunks->next = chunk;
			return chunk;
		}
	} else {
		chunk = chunk_new(size);
		arena->next_size = MIN(arena->next_size * 2, CHUNK_MAX);
	}
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return chunk;
}

/* Not cleared: a chunk is mostly filled by copies, or not at all. */
static void *piece_new(hg_arena *arena, gsize size)
{
	struct chunk *chunk = arena->chunks;
	gsize need;
	void *piece;

	g_assert(size < G_MAXSIZE / 2);
	need = ((size + ALIGN - 1) & ~(gsize)(ALIGN - 1)) + GAP;
	if (!chunk || chunk->size - chunk->used < need)
		chunk = arena_grow(arena, need);
	piece = chunk->room + chunk->used;
	chunk->used += need;
	arena->taken += size;
	ASAN_UNPOISON_MEMORY_REGION(piece, size);
	return piece;
}

void *hg_arena_alloc(hg_arena *arena, gsize size)
{
	return memset(piece_new(arena, size), 0, size);
}

void *hg_arena_mem(hg_arena *arena, const void *bytes, gsize len)
{
	guint8 *copy = piece_new(arena, len + 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = 0;
	return copy;
}

char *hg_arena_str(hg_arena *arena, const char *text)
{
	return text ? hg_arena_mem(arena, text, strlen(text)) : NULL;
}

gsize hg_arena_size(const hg_arena *arena)
{
	return arena->taken;
}

/* Valid UTF-8 that is short enough is the rule and is copied once. */
char *hg_arena_text(hg_arena *arena, const char *text, gsize max)
{
	g_autofree char *valid = NULL;
	gsize len;

	if (!text)
		return NULL;
	len = strlen(text);
	if (len <= max && g_utf8_validate(text, (gssize)len, NULL))
		return hg_arena_mem(arena, text, len);
	valid = hg_text_valid(text, (gssize)len, max);
	return hg_arena_str(arena, valid);
}

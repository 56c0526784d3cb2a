/* arena.h - memory of one piece of work, freed at once */
#pragma once
#include <glib.h>

typedef struct hg_arena hg_arena;

hg_arena *hg_arena_new(void);
void hg_arena_free(hg_arena *arena);		/* NULL is fine */
/* Zeroed, aligned for any type, valid until the arena is freed. */
void *hg_arena_alloc(hg_arena *arena, gsize size);
char *hg_arena_str(hg_arena *arena, const char *text);	/* NULL gives NULL */
void *hg_arena_mem(hg_arena *arena, const void *bytes, gsize len);	/* NUL added behind */
/* As hg_text_valid() makes it: valid UTF-8 of at most max bytes; NULL gives NULL. */
char *hg_arena_text(hg_arena *arena, const char *text, gsize max);
gsize hg_arena_size(const hg_arena *arena);	/* bytes taken so far */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_arena, hg_arena_free)

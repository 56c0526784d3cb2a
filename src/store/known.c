/* known.c - rows this connection wrote lately, so that they need not be read again
 *
 * A helpdesk's answer comes a moment after the message it is about, and wants the thread, the ticket and
 * the contact that were written then.  Rows are kept as a read would give them, those of a few turns together, and
 * the oldest are forgotten first.  Only the one connection that writes keeps any (and a reader what it read ahead, for one
 * transaction), and all that writes rows with numbers comes by here; what is undone takes everything with it. */
#include "known.h"

#include <string.h>

/* Some hundred turns, as many as are under way with a helpdesk; more would only be memory that is in no cache. */
#define BYTES_MAX (1024 * 1024)
#define PIECE_BYTES (32 * 1024)		/* kept, and forgotten, together */

struct known_row {
	gint64 key;
	const void *row;
};

struct piece {
	hg_arena *arena;		/* ours: of the rows, and of what points to them */
	GPtrArray *rows;		/* of struct known_row */
};

struct hg_known {
	GHashTable *rows;		/* key -> struct known_row, the newest */
	GQueue pieces;			/* of struct piece, the oldest first */
	struct piece *piece;		/* under way; NULL: nothing was kept yet */
	gsize bytes;			/* of all pieces that are full */
};

static void piece_free(void *data)
{
	struct piece *piece = data;

	hg_arena_free(piece->arena);
	g_ptr_array_unref(piece->rows);
	g_free(piece);
}

struct hg_known *hg_known_new(void)
{
	struct hg_known *known = g_new0(struct hg_known, 1);

	known->rows = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_queue_init(&known->pieces);
	return known;
}

void hg_known_forget(struct hg_known *known)
{
	g_hash_table_remove_all(known->rows);
	g_queue_clear_full(&known->pieces, piece_free);
	g_clear_pointer(&known->piece, piece_free);
	known->bytes = 0;
}

void hg_known_free(struct hg_known *known)
{
	hg_known_forget(known);
	g_hash_table_unref(known->rows);
	g_free(known);
}

static struct piece *piece_of(struct hg_known *known)
{
	if (!known->piece) {
		known->piece = g_new(struct piece, 1);
		*known->piece = (struct piece){ hg_arena_new(), g_ptr_array_new() };
	}
	return known->piece;
}

hg_arena *hg_known_arena(struct hg_known *known)
{
	return piece_of(known)->arena;
}

/* A newer piece may have taken a row's place. */
static void piece_forget(struct hg_known *known, struct piece *piece)
{
	for (guint i = 0; i < piece->rows->len; i++) {
		const struct known_row *row = g_ptr_array_index(piece->rows, i);

		if (g_hash_table_lookup(known->rows, &row->key) == row)
			g_hash_table_remove(known->rows, &row->key);
	}
	known->bytes -= hg_arena_size(piece->arena);
	piece_free(piece);
}

void hg_known_turn_ends(struct hg_known *known)
{
	struct piece *piece = known->piece;

	if (!piece || hg_arena_size(piece->arena) < PIECE_BYTES)
		return;
	known->piece = NULL;
	known->bytes += hg_arena_size(piece->arena);
	g_queue_push_tail(&known->pieces, piece);
	while (known->bytes > BYTES_MAX)
		piece_forget(known, g_queue_pop_head(&known->pieces));
}

/* Jobs change in many ways that are no row's update. */
static gboolean is_kept(const struct hg_table *of)
{
	return hg_has_numbers(of) && of->numbers != HG_NUMBERS_OUTBOX;
}

static gint64 key_of(const struct hg_table *of, gint64 n)
{
	return n * HG_NUMBERS + of->numbers;
}

void hg_known_put(struct hg_known *known, const struct hg_table *of, const void *row)
{
	struct piece *piece = piece_of(known);
	struct known_row *one;

	if (!is_kept(of))
		return;
	one = hg_arena_alloc(piece->arena, sizeof(*one));
	*one = (struct known_row){ key_of(of, hg_row_n(of, row)), row };
	g_ptr_array_add(piece->rows, one);
	g_hash_table_replace(known->rows, &one->key, one);
}

const void *hg_known_find(struct hg_known *known, const struct hg_table *of, gint64 n)
{
	gint64 key = key_of(of, n);
	const struct known_row *one = is_kept(of) ? g_hash_table_lookup(known->rows, &key) : NULL;

	return one ? one->row : NULL;
}

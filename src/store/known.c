/* known.c - rows this connection wrote lately, so that they need not be read again
 *
 * A helpdesk's answer comes a moment after the message it is about, and wants the thread, the ticket and
 * the contact that were written then.  Rows are kept as a read would give them, turn by turn, and the oldest turns
 * are forgotten first.  Only the one connection that writes keeps any, and all that writes rows with numbers comes
 * by here; what is undone takes everything with it. */
#include "known.h"

#include <string.h>

#define TURNS_MAX 1024
#define BYTES_MAX (4 * 1024 * 1024)	/* of their rows */

struct known_row {
	gint64 key;
	const void *row;
};

struct turn {
	hg_arena *arena;		/* ours: of the rows, and of what points to them */
	GPtrArray *rows;		/* of struct known_row */
};

struct hg_known {
	GHashTable *rows;		/* key -> struct known_row, the newest */
	GQueue turns;			/* of struct turn, the oldest first */
	struct turn *turn;		/* under way; NULL: nothing was kept yet */
	gsize bytes;			/* of all turns that are over */
};

static void turn_free(void *data)
{
	struct turn *turn = data;

	hg_arena_free(turn->arena);
	g_ptr_array_unref(turn->rows);
	g_free(turn);
}

struct hg_known *hg_known_new(void)
{
	struct hg_known *known = g_new0(struct hg_known, 1);

	known->rows = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_queue_init(&known->turns);
	return known;
}

void hg_known_forget(struct hg_known *known)
{
	g_hash_table_remove_all(known->rows);
	g_queue_clear_full(&known->turns, turn_free);
	g_clear_pointer(&known->turn, turn_free);
	known->bytes = 0;
}

void hg_known_free(struct hg_known *known)
{
	hg_known_forget(known);
	g_hash_table_unref(known->rows);
	g_free(known);
}

static struct turn *turn_of(struct hg_known *known)
{
	if (!known->turn) {
		known->turn = g_new(struct turn, 1);
		*known->turn = (struct turn){ hg_arena_new(), g_ptr_array_new() };
	}
	return known->turn;
}

hg_arena *hg_known_arena(struct hg_known *known)
{
	return turn_of(known)->arena;
}

/* A newer turn may have taken a row's place. */
static void turn_forget(struct hg_known *known, struct turn *turn)
{
	for (guint i = 0; i < turn->rows->len; i++) {
		const struct known_row *row = g_ptr_array_index(turn->rows, i);

		if (g_hash_table_lookup(known->rows, &row->key) == row)
			g_hash_table_remove(known->rows, &row->key);
	}
	known->bytes -= hg_arena_size(turn->arena);
	turn_free(turn);
}

void hg_known_turn_ends(struct hg_known *known)
{
	struct turn *turn = g_steal_pointer(&known->turn);

	if (!turn)
		return;
	known->bytes += hg_arena_size(turn->arena);
	g_queue_push_tail(&known->turns, turn);
	while (known->turns.length > TURNS_MAX || known->bytes > BYTES_MAX)
		turn_forget(known, g_queue_pop_head(&known->turns));
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
	struct turn *turn = turn_of(known);
	struct known_row *one;

	if (!is_kept(of))
		return;
	one = hg_arena_alloc(turn->arena, sizeof(*one));
	*one = (struct known_row){ key_of(of, hg_row_n(of, row)), row };
	g_ptr_array_add(turn->rows, one);
	g_hash_table_replace(known->rows, &one->key, one);
}

const void *hg_known_find(struct hg_known *known, const struct hg_table *of, gint64 n)
{
	gint64 key = key_of(of, n);
	const struct known_row *one = is_kept(of) ? g_hash_table_lookup(known->rows, &key) : NULL;

	return one ? one->row : NULL;
}

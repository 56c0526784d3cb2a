/* pieces.c - a message that the network cut into pieces: kept as they come, told of when it is whole
 *
 * Each piece is on disk before it is acknowledged, and known by its own id from then on.  Who belongs together is said
 * by sender, receiver, reference and number of pieces.  References have eight or sixteen bits and come again, and a
 * piece may never come.  So:
 *
 *  - A second piece for a place that is taken by another text begins a new message; the old one is told of as it is.
 *  - When the time is over the message is told of with "[...]" for what is missing, and its note says so.
 *  - What comes within an hour after that completes it, as an edit: agents see one message become whole.  What comes
 *    later still is a message of its own, with "[...]" around it.  Nothing that was said is lost. */
#include "turn.h"

#include "command_pack.h"
#include "sms_text.h"

#include <string.h>

#define WAIT_MS	   (5 * 60 * 1000)	/* for what is missing, where the adapter does not say ... */
#define WAIT_LEAST 1000			/* ... and whatever it says */
#define WAIT_MOST  (24 * 60 * 60 * G_GINT64_CONSTANT(1000))
#define LATE_MS	   (60 * 60 * 1000)	/* what was told of with gaps can be completed for so long */
#define OPEN_MAX   32			/* messages of a sender that wait for pieces at a time */
#define IDS_MAX	   60			/* pieces' ids by which the message is known, besides its own */
#define FILES_MAX  64
#define TIMER	   "pieces:"

/* ---- timers ---- */

static gint64 number_of(const char *kind)
{
	gint64 n = 0;

	return g_ascii_string_to_signed(kind + strlen(TIMER), 10, 1, G_MAXINT64, &n, NULL) ? n : 0;
}

gboolean hg_pieces_is(const char *timer_kind)
{
	return g_str_has_prefix(timer_kind, TIMER);
}

static const char *timer_of(hg_turn *turn, gint64 joining_n)
{
	g_autofree char *kind = g_strdup_printf(TIMER "%" G_GINT64_FORMAT, joining_n);

	return hg_arena_str(turn->arena, kind);
}

static gboolean forget(hg_turn *turn, gint64 joining_n, GError **error)
{
	return hg_store_timer_clear(turn->store, 0, timer_of(turn, joining_n), error) &&
	       hg_store_joining_delete(turn->store, joining_n, error);
}

/* It is told of in this round, and takes no more pieces. */
static gboolean close_now(hg_turn *turn, const hg_joining *joining, GError **error)
{
	return hg_store_joining_state(turn->store, joining->n, HG_JOINING_REUSED, error) &&
	       hg_timer_set(turn, 0, timer_of(turn, joining->n), turn->now_ms, NULL, error);
}

/* ---- put together ---- */

typedef struct gathered {
	GPtrArray *rows;		/* of hg_piece *, by part; ours */
	struct hg_in *items;		/* as many; the turn's */
} gathered;

static gboolean gather(hg_turn *turn, const hg_joining *joining, gathered *ret, GError **error)
{
	ret->rows = g_ptr_array_new();
	if (!hg_store_piece_list(turn->store, turn->arena, joining->n, ret->rows, error))
		return FALSE;
	ret->items = hg_arena_alloc(turn->arena, (ret->rows->len + 1) * sizeof(*ret->items));
	for (guint i = 0; i < ret->rows->len; i++) {
		const hg_piece *row = g_ptr_array_index(ret->rows, i);

		if (!hg_in_unpack(row->item, row->len, turn->arena, &ret->items[i], error))
			return FALSE;
	}
	return TRUE;
}

static void gathered_clear(gathered *all)
{
	g_clear_pointer(&all->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(gathered, gathered_clear)

static const char *join_text(hg_turn *turn, const gathered *all, int parts)
{
	const char **texts = hg_arena_alloc(turn->arena, (gsize)parts * sizeof(*texts));
	g_autofree char *text = NULL, *valid = NULL;

	for (guint i = 0; i < all->rows->len; i++)
		texts[all->items[i].part - 1] = all->items[i].text;
	text = hg_sms_join(texts, (gsize)parts);
	valid = hg_text_valid(text, -1, HG_TEXT_MAX);
	return hg_arena_str(turn->arena, valid);
}

const char *hg_piece_text(hg_turn *turn, const struct hg_in *piece)
{
	g_autofree char *text = hg_sms_join(&piece->text, 1);

	return hg_arena_str(turn->arena, text);
}

/* By each of them it may be named later. */
static const char *const *join_ids(hg_turn *turn, const gathered *all)
{
	const char **ids = hg_arena_alloc(turn->arena, (IDS_MAX + 1) * sizeof(*ids));
	guint n = 0;

	for (guint i = 1; i < all->rows->len; i++) {
		const struct hg_in *in = &all->items[i];

		if (in->id && n < IDS_MAX)
			ids[n++] = in->id;
		if (in->dedupe && n < IDS_MAX)
			ids[n++] = in->dedupe;
	}
	return n ? ids : NULL;
}

static void join_files(hg_turn *turn, const gathered *all, struct hg_in *whole)
{
	struct hg_file *files = hg_arena_alloc(turn->arena, FILES_MAX * sizeof(*files));
	gsize n = 0;

	for (guint i = 0; i < all->rows->len; i++)
		for (gsize f = 0; f < all->items[i].n_files && n < FILES_MAX; f++)
			files[n++] = all->items[i].files[f];
	whole->files = files;
	whole->n_files = n;
	whole->file_size = sizeof(*files);
}

/* The first that is missing, and how many are; NULL: none. */
static const char *what_is_missing(hg_turn *turn, const gathered *all, int parts)
{
	int missing = parts - (int)all->rows->len, first = 1;
	g_autofree char *note = NULL;

	while (first <= (int)all->rows->len && all->items[first - 1].part == first)
		first++;
	if (missing <= 0)
		return NULL;
	note = missing == 1 ? g_strdup_printf("piece %d of %d of this message did not come", first, parts) :
			      g_strdup_printf("%d of the %d pieces of this message did not come, the first of them piece %d",
					      missing, parts, first);
	return hg_arena_str(turn->arena, note);
}

/* What the first piece says of sender, time and so on counts for the whole. */
static struct hg_in *join(hg_turn *turn, const hg_joining *joining, const gathered *all)
{
	struct hg_in *whole = hg_arena_mem(turn->arena, &all->items[0], sizeof(*whole));

	whole->part_ref = NULL;
	whole->part = whole->parts = 0;
	whole->part_wait_ms = 0;
	whole->reply_text = NULL;
	whole->text = join_text(turn, all, joining->parts);
	whole->note = what_is_missing(turn, all, joining->parts) ?: whole->note;
	whole->also = join_ids(turn, all);
	join_files(turn, all, whole);
	for (guint i = 0; i < all->rows->len; i++) {
		whole->answered |= all->items[i].answered;
		if (all->items[i].kind == HG_UNSUPPORTED)
			whole->kind = HG_UNSUPPORTED;
	}
	return whole;
}

/* ---- a piece comes ---- */

/* hg_command_set_batch() has looked whether its place can be one. */
gboolean hg_piece_is(const struct hg_in *in)
{
	return in->part_ref != NULL;
}

static gboolean begin(hg_turn *turn, const struct hg_in *in, hg_joining *joining, GError **error)
{
	gint64 wait_ms = in->part_wait_ms > 0 ? CLAMP(in->part_wait_ms, WAIT_LEAST, WAIT_MOST) : WAIT_MS;
	hg_joining *oldest = NULL;

	if (!hg_store_joining_oldest(turn->store, turn->arena, joining->channel, joining->sender, OPEN_MAX - 1, &oldest, error) ||
	    (oldest && !close_now(turn, oldest, error)))
		return FALSE;
	joining->state = HG_JOINING_OPEN;
	joining->since_ms = turn->now_ms;
	return hg_store_joining_add(turn->store, joining, error) &&
	       hg_timer_set(turn, 0, timer_of(turn, joining->n), turn->now_ms + wait_ms, NULL, error);
}

static gboolean add(hg_turn *turn, const hg_joining *joining, const struct hg_in *in, gint64 raw_n, GError **error)
{
	g_autoptr(GString) packed = g_string_sized_new(512);
	struct hg_in item = *in;
	hg_piece piece = { .joining_n = joining->n, .part = in->part, .raw_n = raw_n, .at_ms = turn->now_ms,
			   .own_raw = hg_inbound_own_raw(turn, in, raw_n) != 0 };

	item.raw = NULL;	/* is in raw_n */
	item.raw_len = 0;
	hg_in_pack(&item, HG_PACK_ALL, packed);
	piece.item = hg_arena_mem(turn->arena, packed->str, packed->len);
	piece.len = packed->len;
	return hg_store_piece_add(turn->store, &piece, error);
}

/* *ret NULL: the piece's place is free. */
static gboolean at_place(hg_turn *turn, const hg_joining *joining, int part, struct hg_in **ret, GError **error)
{
	hg_piece *row = NULL;

	*ret = NULL;
	if (!hg_store_piece_get(turn->store, turn->arena, joining->n, part, &row, error))
		return FALSE;
	if (!row)
		return TRUE;
	*ret = hg_arena_alloc(turn->arena, sizeof(**ret));
	return hg_in_unpack(row->item, row->len, turn->arena, *ret, error);
}

/* The one it belongs to, ready to take it.  *ret_again: it is there. */
static gboolean place(hg_turn *turn, const struct hg_in *in, hg_joining *like, hg_joining **ret, gboolean *ret_again,
		      GError **error)
{
	hg_joining *found = NULL;
	struct hg_in *there = NULL;

	if (!hg_store_joining_find(turn->store, turn->arena, like, &found, error) ||
	    (found && !at_place(turn, found, in->part, &there, error)))
		return FALSE;
	*ret_again = there && strcmp(there->text, in->text) == 0;
	*ret = found && (*ret_again || !there) ? found : like;
	if (*ret == found)
		return TRUE;
	if (found && !(found->state == HG_JOINING_TOLD ? forget(turn, found->n, error) : close_now(turn, found, error)))
		return FALSE;
	return begin(turn, in, like, error);
}

/* Told of with gaps: what it says now is an edit.  *ret_known FALSE: it is not known any more, and nothing was done. */
static gboolean complete(hg_turn *turn, const hg_joining *joining, const struct hg_in *late, const gathered *all,
			 gint64 raw_n, gboolean *ret_known, GError **error)
{
	struct hg_in *edit = join(turn, joining, all);
	hg_message *message = NULL;

	edit->kind = HG_EDIT;
	edit->id = late->id;
	edit->target = NULL;
	edit->parts = joining->parts;	/* its note is about these */
	edit->files = late->files;
	edit->n_files = late->n_files;
	for (guint i = 0; i < all->rows->len && !message; i++) {
		const struct hg_in *in = &all->items[i];

		edit->target = in->part == late->part ? NULL : in->dedupe ?: in->id;
		if (!hg_inbound_find(turn, edit->target, &message, error))
			return FALSE;
	}
	*ret_known = message != NULL;
	return !message || hg_inbound_take(turn, edit, raw_n, error);
}

/* A piece of a message that is not there: of one of its own. */
static gboolean anew(hg_turn *turn, const struct hg_in *in, gint64 raw_n, const hg_joining *old, GError **error)
{
	hg_joining joining = *old;

	return forget(turn, old->n, error) && begin(turn, in, &joining, error) && add(turn, &joining, in, raw_n, error);
}

static gboolean came_late(hg_turn *turn, const hg_joining *joining, const struct hg_in *in, const gathered *all,
			  gint64 raw_n, GError **error)
{
	gboolean known;

	if (!complete(turn, joining, in, all, raw_n, &known, error))
		return FALSE;
	if (!known)
		return anew(turn, in, raw_n, joining, error);
	return (int)all->rows->len < joining->parts || forget(turn, joining->n, error);
}

gboolean hg_piece_take(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	g_autofree char *echo = g_strconcat("echo:", in->from[0].uri, NULL);
	hg_joining like = { .channel = turn->command->channel, .space = turn->command->space,
			    .sender = in->echo ? hg_arena_str(turn->arena, echo) : in->from[0].uri,
			    .ours = in->to ?: "", .ref = in->part_ref, .parts = in->parts };
	g_auto(gathered) all = { 0 };
	hg_joining *joining = NULL;
	gboolean again;
	gint64 there = 0;

	if (!place(turn, in, &like, &joining, &again, error))
		return FALSE;
	turn->count.duplicates += again;
	if (again)
		return TRUE;
	if (!add(turn, joining, in, raw_n, error) || !hg_store_piece_count(turn->store, joining->n, &there, error))
		return FALSE;
	if (there < joining->parts && joining->state == HG_JOINING_OPEN)
		return TRUE;
	if (!gather(turn, joining, &all, error))
		return FALSE;
	if (joining->state == HG_JOINING_TOLD)
		return came_late(turn, joining, in, &all, raw_n, error);
	return forget(turn, joining->n, error) &&
	       hg_inbound_take(turn, join(turn, joining, &all), ((const hg_piece *)all.rows->pdata[0])->raw_n, error);
}

/* ---- the time is over ---- */

/* In the savepoint in which the message was told of. */
gboolean hg_pieces_told(hg_turn *turn, const hg_joining *joining, GError **error)
{
	if (joining->state != HG_JOINING_OPEN)
		return forget(turn, joining->n, error);
	return hg_store_joining_state(turn->store, joining->n, HG_JOINING_TOLD, error) &&
	       hg_timer_set(turn, 0, timer_of(turn, joining->n), turn->now_ms + LATE_MS, NULL, error);
}

/* What cannot be read any more must not stop the rest; its deliveries are kept raw. */
static gboolean unreadable(hg_turn *turn, const hg_joining *joining, const GError *why, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", joining->channel);

	hg_err(&ctx, "pieces.unreadable", "pieces of a message cannot be read: %s", why->message);
	return hg_inbound_pieces(turn, joining, NULL, 0, error);
}

static gboolean tell(hg_turn *turn, const hg_joining *joining, GError **error)
{
	g_auto(gathered) all = { 0 };
	g_autoptr(GError) why = NULL;
	hg_command command = { .kind = HG_CMD_INBOUND, .arena = turn->arena, .channel = joining->channel,
			       .space = joining->space };
	const hg_piece *first;

	turn->command = &command;
	if (!gather(turn, joining, &all, &why)) {
		if (why->code != HG_ERROR_STORE)
			return unreadable(turn, joining, why, error);
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	if (!all.rows->len)
		return hg_inbound_pieces(turn, joining, NULL, 0, error);
	first = all.rows->pdata[0];
	/* Whose raw bytes they are is what the number of items says. */
	command.batch = (struct hg_batch){ .size = sizeof(command.batch), .in = join(turn, joining, &all),
					   .n_in = first->own_raw ? 1 : 2 };
	return hg_inbound_pieces(turn, joining, command.batch.in, first->raw_n, error);
}

gboolean hg_pieces_due(hg_turn *turn, const hg_timer *timer, GError **error)
{
	gint64 n = number_of(timer->kind);
	hg_joining *joining = NULL;

	if (!hg_store_joining_get(turn->store, turn->arena, n, &joining, error))
		return FALSE;
	if (!joining)
		return hg_fail(error, HG_ERROR_BROKEN, "the timer \"%s\" is about nothing", timer->kind);
	if (joining->state == HG_JOINING_TOLD)
		return hg_inbound_pieces(turn, joining, NULL, 0, error);
	return tell(turn, joining, error);
}

/* command.c - commands own all they point to: deep copies with bounds and valid text */
#include "command.h"

#include "text.h"

#include <string.h>

/* What one batch may hold.  A provider's delivery is far below; the bounds are for a broken or
 * hostile one. */
#define ITEMS_MAX     1000	/* messages and receipts, each */
#define ADDRESSES_MAX 16	/* of one message */
#define FILES_MAX     64	/* of one message */
#define REFS_MAX      64
#define PIECE_MAX     (4 * 1024)	/* bytes of one piece of a message: ten times what a network's holds ... */
#define PIECES_MAX    255		/* ... and how many one may have */
#define WORD_MAX      2048	/* ids, addresses, names */
#define PROFILE_MAX   4096	/* what somebody says of himself; cut, it is no JSON any more, and is not kept */
#define BYTES_MAX     (48 << 20)	/* of one batch with its raw bytes and files */

hg_command *hg_command_new(int kind)
{
	hg_arena *arena = hg_arena_new();
	hg_command *command = hg_arena_alloc(arena, sizeof(*command));

	command->kind = kind;
	command->arena = arena;
	return command;
}

void hg_command_free(hg_command *command)
{
	if (command)
		hg_arena_free(command->arena);
}

static const char *copy_word(hg_arena *arena, const char *word)
{
	return hg_arena_text(arena, word, WORD_MAX);
}

static gboolean is_half(const char *p)
{
	const guint8 *u = (const guint8 *)p;

	return u[0] == 0xed && u[1] >= 0xa0 && u[1] <= 0xbf && u[2] >= 0x80 && u[2] <= 0xbf;
}

/* The same of a piece of a text, where halves of surrogate pairs stay what they are: the other half comes in the next
 * piece. */
static const char *copy_piece(hg_arena *arena, const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);
	const char *end, *stop = text + strlen(text);

	while (text < stop) {
		g_utf8_validate(text, (gssize)(stop - text), &end);
		g_string_append_len(out, text, (gssize)(end - text));
		text = end;
		if (text < stop && stop - text >= 3 && is_half(text)) {
			g_string_append_len(out, text, 3);
			text += 3;
		} else if (text < stop) {
			g_string_append(out, "\xef\xbf\xbd");
			text++;
		}
	}
	return hg_arena_mem(arena, out->str, out->len);
}

/* An array element of the writer's size as one of ours: what it does not know is zero. */
static void copy_struct(void *ours, gsize our_size, const void *theirs, gsize their_size)
{
	memset(ours, 0, our_size);
	memcpy(ours, theirs, MIN(our_size, their_size));
}

static gsize stride(gsize said, gsize own_size, gsize ours)
{
	return said ? said : own_size ? own_size : ours;
}

static gboolean copy_addresses(hg_arena *arena, struct hg_in *in, GError **error)
{
	struct hg_address *copies;

	if (in->n_from > ADDRESSES_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "a message has %zu addresses, at most %d fit", in->n_from,
			       ADDRESSES_MAX);
	if (!in->from)
		in->n_from = 0;
	copies = hg_arena_alloc(arena, (in->n_from + 1) * sizeof(*copies));
	for (gsize i = 0; i < in->n_from; i++)
		copies[i] = (struct hg_address){ copy_word(arena, in->from[i].uri), in->from[i].proof };
	in->from = copies;
	return TRUE;
}

static void copy_file(hg_arena *arena, struct hg_file *file)
{
	file->size = sizeof(*file);
	file->name = copy_word(arena, file->name);
	file->type = copy_word(arena, file->type);
	file->sha256 = copy_word(arena, file->sha256);
	file->ref = hg_arena_text(arena, file->ref, HG_TEXT_MAX);
	file->path = copy_word(arena, file->path);
	file->content_id = copy_word(arena, file->content_id);
	if (file->data && file->bytes >= 0)
		file->data = hg_arena_mem(arena, file->data, (gsize)file->bytes);
	else
		file->data = NULL;
}

static gboolean copy_files(hg_arena *arena, struct hg_in *in, GError **error)
{
	struct hg_file *copies;
	gsize step;

	if (in->n_files > FILES_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "a message has %zu files, at most %d fit", in->n_files,
			       FILES_MAX);
	if (!in->files)
		in->n_files = 0;
	copies = hg_arena_alloc(arena, (in->n_files + 1) * sizeof(*copies));
	step = in->n_files ? stride(in->file_size, in->files[0].size, sizeof(*copies)) : sizeof(*copies);
	for (gsize i = 0; i < in->n_files; i++) {
		const struct hg_file *theirs = (const void *)((const char *)in->files + i * step);

		if (theirs->data && theirs->bytes > BYTES_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "a file has %" G_GINT64_FORMAT " bytes, at most %d fit",
				       (gint64)theirs->bytes, BYTES_MAX);
		copy_struct(&copies[i], sizeof(copies[i]), theirs, step);
		copy_file(arena, &copies[i]);
	}
	in->files = copies;
	in->file_size = sizeof(*copies);
	return TRUE;
}

/* At most REFS_MAX of them; NULL stays NULL. */
static const char *const *copy_words(hg_arena *arena, const char *const *words)
{
	const char **copies;
	gsize n = 0;

	if (!words)
		return NULL;
	while (n < REFS_MAX && words[n])
		n++;
	copies = hg_arena_alloc(arena, (n + 1) * sizeof(*copies));
	for (gsize i = 0; i < n; i++)
		copies[i] = copy_word(arena, words[i]);
	return copies;
}

static gboolean copy_refs(hg_arena *arena, struct hg_in *in, GError **error)
{
	gsize n = 0;

	while (in->refs && n <= REFS_MAX && in->refs[n])
		n++;
	if (n > REFS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "a message answers more than %d others", REFS_MAX);
	in->refs = copy_words(arena, in->refs);
	in->also = copy_words(arena, in->also);
	in->vouched = MIN(in->vouched, n);
	return TRUE;
}

const char *const *hg_command_words(hg_command *command, const char *const *words)
{
	return copy_words(command->arena, words);
}

/* What says of its place what cannot be, or is too much for a piece, is a message of its own. */
static gboolean is_piece(const struct hg_in *in)
{
	return in->part_ref && in->kind >= HG_TEXT && in->kind <= HG_UNSUPPORTED && in->parts > 1 && in->parts <= PIECES_MAX &&
	       in->part >= 1 && in->part <= in->parts && strnlen(in->text ?: "", PIECE_MAX + 1) <= PIECE_MAX;
}

static gboolean copy_in(hg_arena *arena, struct hg_in *in, GError **error)
{
	in->size = sizeof(*in);
	in->id = copy_word(arena, in->id);
	in->dedupe = copy_word(arena, in->dedupe);
	in->to = copy_word(arena, in->to);
	in->name = copy_word(arena, in->name);
	in->username = copy_word(arena, in->username);
	in->group = copy_word(arena, in->group);
	in->subject = copy_word(arena, in->subject);
	in->part_ref = is_piece(in) ? copy_word(arena, in->part_ref) : NULL;
	in->text = in->part_ref ? copy_piece(arena, in->text ?: "") : hg_arena_text(arena, in->text ?: "", HG_TEXT_MAX);
	in->payload = hg_arena_text(arena, in->payload, HG_TEXT_MAX);
	in->reply_text = hg_arena_text(arena, in->reply_text, HG_TEXT_MAX);
	in->profile = hg_arena_text(arena, in->profile, PROFILE_MAX);
	in->target = copy_word(arena, in->target);
	in->note = copy_word(arena, in->note);
	in->raw = in->raw && in->raw_len ? hg_arena_mem(arena, in->raw, in->raw_len) : NULL;
	if (!in->raw)
		in->raw_len = 0;
	return copy_addresses(arena, in, error) && copy_files(arena, in, error) && copy_refs(arena, in, error);
}

static void copy_receipt(hg_arena *arena, struct hg_receipt *receipt)
{
	receipt->size = sizeof(*receipt);
	receipt->id = copy_word(arena, receipt->id);
	receipt->key = copy_word(arena, receipt->key);
	receipt->to = copy_word(arena, receipt->to);
	receipt->text = copy_word(arena, receipt->text);
	receipt->advice = copy_word(arena, receipt->advice);
	receipt->detail = hg_arena_text(arena, receipt->detail, HG_TEXT_MAX);
}

static gboolean copy_items(hg_command *command, const struct hg_batch *batch, GError **error)
{
	struct hg_in *items = hg_arena_alloc(command->arena, (batch->n_in + 1) * sizeof(*items));
	gsize step = batch->n_in ? stride(batch->in_size, batch->in[0].size, sizeof(*items)) : 0;

	for (gsize i = 0; i < batch->n_in; i++) {
		copy_struct(&items[i], sizeof(items[i]), (const char *)batch->in + i * step, step);
		if (items[i].raw_len > BYTES_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "item %zu has %zu raw bytes, at most %d fit", i,
				       items[i].raw_len, BYTES_MAX);
		if (!copy_in(command->arena, &items[i], error)) {
			g_prefix_error(error, "item %zu: ", i);
			return FALSE;
		}
		if (hg_arena_size(command->arena) > BYTES_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "the batch has more than %d bytes", BYTES_MAX);
	}
	command->batch.in = items;
	command->batch.n_in = batch->n_in;
	command->batch.in_size = sizeof(*items);
	return TRUE;
}

static void copy_receipts(hg_command *command, const struct hg_batch *batch)
{
	struct hg_receipt *copies = hg_arena_alloc(command->arena, (batch->n_receipts + 1) * sizeof(*copies));
	gsize step = batch->n_receipts ?
		stride(batch->receipt_size, batch->receipts[0].size, sizeof(*copies)) : 0;

	for (gsize i = 0; i < batch->n_receipts; i++) {
		copy_struct(&copies[i], sizeof(copies[i]), (const char *)batch->receipts + i * step, step);
		copy_receipt(command->arena, &copies[i]);
	}
	command->batch.receipts = copies;
	command->batch.n_receipts = batch->n_receipts;
	command->batch.receipt_size = sizeof(*copies);
}

/* ---- as it came ---- */

static gboolean delivery_ok(const void *raw, gsize len, GError **error)
{
	return !raw || len <= BYTES_MAX ||
	       hg_fail(error, HG_ERROR_LIMIT, "the delivery has %zu bytes, at most %d fit", len, BYTES_MAX);
}

static void copy_delivery(hg_command *command, const void *raw, gsize len, const char *cursor)
{
	command->batch = (struct hg_batch){ .size = sizeof(command->batch) };
	command->batch.cursor = copy_word(command->arena, cursor);
	if (raw && len) {
		command->batch.raw = hg_arena_mem(command->arena, raw, len);
		command->batch.raw_len = len;
	}
}

gboolean hg_command_set_batch(hg_command *command, const struct hg_batch *batch, GError **error)
{
	if ((batch->n_in && !batch->in) || (batch->n_receipts && !batch->receipts))
		return hg_fail(error, HG_ERROR_INPUT, "the batch counts items it does not have");
	if (batch->n_in > ITEMS_MAX || batch->n_receipts > ITEMS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "the batch has %zu messages and %zu receipts, at most %d of "
			       "each fit", batch->n_in, batch->n_receipts, ITEMS_MAX);
	if (!delivery_ok(batch->raw, batch->raw_len, error))
		return FALSE;
	copy_delivery(command, batch->raw, batch->raw_len, batch->cursor);
	copy_receipts(command, batch);
	return copy_items(command, batch, error);
}

/* ---- changes in a helpdesk ---- */

gboolean hg_command_set_changes(hg_command *command, const hg_change *changes, gsize n, const void *raw, gsize raw_len,
				const char *cursor, GError **error)
{
	hg_change *copies;

	if (n > HG_CHANGES_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "there are %zu changes, at most %d fit", n, HG_CHANGES_MAX);
	if (!delivery_ok(raw, raw_len, error))
		return FALSE;
	copy_delivery(command, raw, raw_len, cursor);
	copies = hg_arena_alloc(command->arena, (n + 1) * sizeof(*copies));
	for (gsize i = 0; i < n; i++) {
		if (!hg_change_check(&changes[i], error)) {
			g_prefix_error(error, "change %zu: ", i);
			return FALSE;
		}
		hg_change_copy(command->arena, &changes[i], &copies[i]);
		if (hg_arena_size(command->arena) > BYTES_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "the changes have more than %d bytes", BYTES_MAX);
	}
	command->changes = copies;
	command->n_changes = n;
	return TRUE;
}

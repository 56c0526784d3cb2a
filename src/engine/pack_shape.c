/* pack_shape.c - one walk over a table writes a struct, another reads it */
#include "pack_shape.h"

#include <stdbool.h>
#include <string.h>

/* ---- numbers and runs of bytes ---- */

static gsize number_put(guint8 ret[10], guint64 number)
{
	gsize n = 0;

	while (number >= 0x80) {
		ret[n++] = (guint8)(number | 0x80);
		number >>= 7;
	}
	ret[n++] = (guint8)number;
	return n;
}

void hg_pack_number(GString *out, guint64 number)
{
	guint8 bytes[10];

	g_string_append_len(out, (const char *)bytes, (gssize)number_put(bytes, number));
}

void hg_pack_bytes(GString *out, const void *bytes, gsize len)
{
	hg_pack_number(out, len);
	if (len)
		g_string_append_len(out, bytes, (gssize)len);
}

/* Only the shortest form: what is read and written again is the same. */
gboolean hg_unpack_number(struct hg_unpack *in, guint64 *ret)
{
	guint64 number = 0;

	for (unsigned shift = 0; shift < 64 && in->at < in->end; shift += 7) {
		guint8 byte = *in->at++;

		if (shift == 63 && byte > 1)
			return FALSE;
		number |= (guint64)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*ret = number;
		return byte || !shift;
	}
	return FALSE;
}

gboolean hg_unpack_bytes(struct hg_unpack *in, const void **ret, gsize *ret_len)
{
	guint64 len;

	if (!hg_unpack_number(in, &len) || len > (gsize)(in->end - in->at))
		return FALSE;
	*ret = in->at;
	*ret_len = (gsize)len;
	in->at += len;
	return TRUE;
}

/* What stands behind `from` gets its length before it. */
static void put_length(GString *out, gsize from)
{
	guint8 bytes[10];
	gsize n = number_put(bytes, out->len - from);

	g_string_insert_len(out, (gssize)from, (const char *)bytes, (gssize)n);
}

static guint64 zigzag(gint64 number)
{
	return (guint64)number << 1 ^ (guint64)(number >> 63);
}

static gint64 unzigzag(guint64 number)
{
	return (gint64)(number >> 1) ^ -(gint64)(number & 1);
}

/* ---- fields ---- */

static const void *field_of(const void *from, guint16 offset)
{
	return (const guint8 *)from + offset;
}

static void *slot_of(void *ret, guint16 offset)
{
	return (guint8 *)ret + offset;
}

static gsize length_of(const void *from, const struct hg_row *row)
{
	return *(const gsize *)field_of(from, row->length);
}

static const void *pointer_of(const void *from, const struct hg_row *row)
{
	return *(const void *const *)field_of(from, row->offset);
}

static gboolean is_number(int type)
{
	return type >= HG_ROW_INT && type <= HG_ROW_INT64;
}

static gint64 number_of(const void *from, const struct hg_row *row)
{
	const void *field = field_of(from, row->offset);

	switch (row->type) {
	case HG_ROW_FLAG:
		return *(const bool *)field;
	case HG_ROW_INT64:
		return *(const gint64 *)field;
	default:
		return *(const int *)field;
	}
}

/* ---- writing ---- */

static gboolean is_zero(const guint8 *bytes, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (bytes[i])
			return FALSE;
	return TRUE;
}

static gboolean is_left_out(const void *from, const struct hg_row *row, unsigned without)
{
	if (row->flags & without)
		return TRUE;
	switch (row->type) {
	case HG_ROW_PRINT:
		return is_zero(field_of(from, row->offset), row->most);
	case HG_ROW_STRUCT:
		return FALSE;	/* when it turns out to be empty */
	case HG_ROW_LIST:
		return !pointer_of(from, row) || !length_of(from, row);
	default:
		return is_number(row->type) ? !number_of(from, row) : !pointer_of(from, row);
	}
}

static void pack_list(const struct hg_row *row, const void *from, unsigned without, GString *out)
{
	const guint8 *items = pointer_of(from, row);

	/* Whoever reads has our sizes, and so must whoever writes. */
	g_assert(row->stride == HG_ROW_NOWHERE || *(const gsize *)field_of(from, row->stride) == row->of->size);
	for (gsize i = 0; i < length_of(from, row); i++) {
		gsize begin = out->len;

		hg_shape_pack(row->of, items + i * row->of->size, without, out);
		put_length(out, begin);
	}
}

static void pack_words(const char *const *words, GString *out)
{
	for (; *words; words++)
		hg_pack_bytes(out, *words, strlen(*words));
}

static void pack_value(const struct hg_row *row, const void *from, unsigned without, GString *out)
{
	const void *pointer;

	switch (row->type) {
	case HG_ROW_TEXT:
		pointer = pointer_of(from, row);
		g_string_append(out, pointer);
		break;
	case HG_ROW_BYTES:
		g_string_append_len(out, pointer_of(from, row), (gssize)length_of(from, row));
		break;
	case HG_ROW_PRINT:
		g_string_append_len(out, field_of(from, row->offset), row->most);
		break;
	case HG_ROW_WORDS:
		pack_words(pointer_of(from, row), out);
		break;
	case HG_ROW_STRUCT:
		hg_shape_pack(row->of, field_of(from, row->offset), without, out);
		break;
	default:
		pack_list(row, from, without, out);
	}
}

static void pack_row(const struct hg_row *row, const void *from, unsigned without, GString *out)
{
	gsize begin = out->len, value;

	hg_pack_number(out, (guint64)row->tag << 1 | !is_number(row->type));
	if (is_number(row->type)) {
		hg_pack_number(out, zigzag(number_of(from, row)));
		return;
	}
	value = out->len;
	pack_value(row, from, without, out);
	if (row->type == HG_ROW_STRUCT && out->len == value)
		g_string_truncate(out, begin);
	else
		put_length(out, value);
}

void hg_shape_pack(const struct hg_shape *shape, const void *from, unsigned without, GString *out)
{
	for (const struct hg_row *row = shape->rows; row->tag; row++)
		if (!is_left_out(from, row, without))
			pack_row(row, from, without, out);
}

/* ---- reading ---- */

static gboolean no_value(const struct hg_shape *shape, const struct hg_row *row, GError **error)
{
	return hg_fail(error, HG_ERROR_INPUT, "%s.%s: these bytes are no value of it", shape->name, row->name);
}

static gboolean too_much(const struct hg_shape *shape, const struct hg_row *row, GError **error)
{
	return hg_fail(error, HG_ERROR_LIMIT, "%s.%s: more than %u", shape->name, row->name, row->most);
}

static gboolean take_number(const struct hg_row *row, gint64 number, void *ret)
{
	void *slot = slot_of(ret, row->offset);

	switch (row->type) {
	case HG_ROW_FLAG:
		*(bool *)slot = number;
		return number == 1;
	case HG_ROW_INT64:
		*(gint64 *)slot = number;
		return number != 0;
	default:
		*(int *)slot = (int)number;
		return number && number >= G_MININT && number <= G_MAXINT;
	}
}

static gboolean take_text(hg_arena *arena, const void *bytes, gsize len, const char **ret)
{
	if (memchr(bytes, 0, len))
		return FALSE;
	*ret = hg_arena_mem(arena, bytes, len);
	return TRUE;
}

/* How many runs of bytes there are; FALSE: these are none. */
static gboolean count_runs(struct hg_unpack in, gsize *ret)
{
	const void *bytes;
	gsize len;

	for (*ret = 0; in.at < in.end; ++*ret)
		if (!hg_unpack_bytes(&in, &bytes, &len))
			return FALSE;
	return TRUE;
}

static gboolean take_words(const struct hg_shape *shape, const struct hg_row *row, struct hg_unpack in,
			   hg_arena *arena, void *ret, GError **error)
{
	const char **words;
	const void *bytes;
	gsize n, len;

	if (!count_runs(in, &n))
		return no_value(shape, row, error);
	if (n > row->most)
		return too_much(shape, row, error);
	words = hg_arena_alloc(arena, (n + 1) * sizeof(*words));
	for (gsize i = 0; i < n; i++)
		if (!hg_unpack_bytes(&in, &bytes, &len) || !take_text(arena, bytes, len, &words[i]))
			return no_value(shape, row, error);
	*(const char *const **)slot_of(ret, row->offset) = words;
	return TRUE;
}

static gboolean take_list(const struct hg_shape *shape, const struct hg_row *row, struct hg_unpack in,
			  hg_arena *arena, void *ret, GError **error)
{
	const void *bytes;
	guint8 *items;
	gsize n, len;

	if (!count_runs(in, &n) || !n)
		return no_value(shape, row, error);
	if (n > row->most)
		return too_much(shape, row, error);
	items = hg_arena_alloc(arena, n * row->of->size);
	for (gsize i = 0; i < n; i++)
		if (!hg_unpack_bytes(&in, &bytes, &len) ||
		    !hg_shape_unpack(row->of, bytes, len, arena, items + i * row->of->size, error))
			return FALSE;
	*(void **)slot_of(ret, row->offset) = items;
	*(gsize *)slot_of(ret, row->length) = n;
	return TRUE;
}

static gboolean take_bytes(const struct hg_shape *shape, const struct hg_row *row, struct hg_unpack in,
			   hg_arena *arena, void *ret, GError **error)
{
	gsize len = (gsize)(in.end - in.at);
	const char *text;

	switch (row->type) {
	case HG_ROW_TEXT:
		if (!take_text(arena, in.at, len, &text))
			return no_value(shape, row, error);
		*(const char **)slot_of(ret, row->offset) = text;
		return TRUE;
	case HG_ROW_BYTES:
		if (len != length_of(ret, row))
			return no_value(shape, row, error);
		*(void **)slot_of(ret, row->offset) = hg_arena_mem(arena, in.at, len);
		return TRUE;
	case HG_ROW_PRINT:
		if (len != row->most || is_zero(in.at, len))
			return no_value(shape, row, error);
		memcpy(slot_of(ret, row->offset), in.at, len);
		return TRUE;
	case HG_ROW_WORDS:
		return take_words(shape, row, in, arena, ret, error);
	case HG_ROW_STRUCT:
		return len ? hg_shape_unpack(row->of, in.at, len, arena, slot_of(ret, row->offset), error) :
			     no_value(shape, row, error);
	default:
		return take_list(shape, row, in, arena, ret, error);
	}
}

static gboolean take_row(const struct hg_shape *shape, const struct hg_row *row, struct hg_unpack *in,
			 hg_arena *arena, void *ret, GError **error)
{
	const void *bytes;
	guint64 number;
	gsize len;

	if (is_number(row->type)) {
		if (!hg_unpack_number(in, &number) || !take_number(row, unzigzag(number), ret))
			return no_value(shape, row, error);
		return TRUE;
	}
	if (!hg_unpack_bytes(in, &bytes, &len))
		return no_value(shape, row, error);
	return take_bytes(shape, row, (struct hg_unpack){ bytes, (const guint8 *)bytes + len }, arena, ret, error);
}

/* What a struct says of sizes is ours, whoever wrote it. */
static void say_sizes(const struct hg_shape *shape, void *ret)
{
	if (shape->size_at != HG_ROW_NOWHERE)
		*(gsize *)slot_of(ret, shape->size_at) = shape->size;
	for (const struct hg_row *row = shape->rows; row->tag; row++) {
		if (row->type == HG_ROW_LIST && row->stride != HG_ROW_NOWHERE)
			*(gsize *)slot_of(ret, row->stride) = row->of->size;
		if (row->type == HG_ROW_STRUCT)
			say_sizes(row->of, slot_of(ret, row->offset));
	}
}

/* Lengths whose bytes were left out are still lengths: they have to be ones. */
static gboolean lengths_fit(const struct hg_shape *shape, const void *ret, GError **error)
{
	for (const struct hg_row *row = shape->rows; row->tag; row++)
		if (row->type == HG_ROW_BYTES && (row->flags & HG_ROW_RAW) && length_of(ret, row) > row->most)
			return too_much(shape, row, error);
	return TRUE;
}

gboolean hg_shape_unpack(const struct hg_shape *shape, const void *bytes, gsize len, hg_arena *arena, void *ret,
			 GError **error)
{
	struct hg_unpack in = { bytes, (const guint8 *)bytes + len };
	const struct hg_row *row = shape->rows;
	guint64 key;

	memset(ret, 0, shape->size);
	say_sizes(shape, ret);
	while (in.at < in.end) {
		if (!hg_unpack_number(&in, &key))
			return hg_fail(error, HG_ERROR_INPUT, "%s: it ends within a field", shape->name);
		while (row->tag && row->tag < key >> 1)
			row++;
		if (row->tag != key >> 1 || !row->tag || (key & 1) != !is_number(row->type))
			return hg_fail(error, HG_ERROR_INPUT, "%s: field %" G_GUINT64_FORMAT " is not known here, or "
				       "is there twice: was it written by a newer headgate?", shape->name, key >> 1);
		if (!take_row(shape, row++, &in, arena, ret, error))
			return FALSE;
	}
	return lengths_fit(shape, ret, error);
}

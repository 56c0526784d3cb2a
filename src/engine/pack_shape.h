/* pack_shape.h - C structs as bytes, by table: one row for each field
 *
 * A struct is its fields in the order of their tags; a field that is 0 or NULL is left out.  Each is
 * a varint (tag << 1 | form), then its value: form 0 a zigzag varint, form 1 a length and as many
 * bytes.  So a field more is a row more, and old bytes are read as before.  A tag that is not in the
 * table was written by a newer headgate and is refused: what it meant would be lost. */
#pragma once
#include <glib.h>
#include "arena.h"
#include "fail.h"

enum hg_row_type {
	HG_ROW_INT = 1,		/* int */
	HG_ROW_FLAG,		/* bool */
	HG_ROW_TRUTH,		/* gboolean */
	HG_ROW_INT64,		/* gint64 */
	HG_ROW_TEXT,		/* const char *; "" is not NULL */
	HG_ROW_BYTES,		/* const void *, as long as the field at length says; its row comes before */
	HG_ROW_PRINT,		/* an array of bytes in the struct */
	HG_ROW_WORDS,		/* const char *const *, NULL-ended */
	HG_ROW_STRUCT,		/* a struct within */
	HG_ROW_LIST,		/* a pointer to structs, as many as the gsize at length says */
};

enum hg_row_flag {
	HG_ROW_RAW = 1 << 0,	/* bytes as they came, kept elsewhere: left out where that is asked for */
};

#define HG_ROW_NOWHERE G_MAXUINT16
struct hg_shape;
struct hg_row {
	guint8 tag;		/* never used again for something else; from 1 on, rising */
	guint8 type, flags;
	guint16 offset;
	guint16 length;		/* BYTES, LIST: where the number stands */
	guint16 stride;		/* LIST: where the size of one stands, or NOWHERE */
	guint32 most;		/* PRINT: bytes.  BYTES, WORDS, LIST: how many are taken */
	const struct hg_shape *of;	/* STRUCT, LIST */
	const char *name;
};

struct hg_shape {
	const char *name;
	const struct hg_row *rows;	/* ends with tag 0 */
	gsize size;
	guint16 size_at;	/* where the struct says its own size, or NOWHERE */
	const char *const *without;	/* fields that are not packed, NULL-ended; or NULL */
};

/* The build stops when the field's C type is not what the row's type reads and writes. */
#define HG_ROW_KIND_(f) _Generic((f), bool: 1, int: 2, gint64: 3, gsize: 3, const char *: 4, const void *: 5, default: 6)
#define HG_ROW_WANTS_INT    2
#define HG_ROW_WANTS_FLAG   1
#define HG_ROW_WANTS_TRUTH  2
#define HG_ROW_WANTS_INT64  3
#define HG_ROW_WANTS_TEXT   4
#define HG_ROW_WANTS_BYTES  5
#define HG_ROW_WANTS_PRINT  6
#define HG_ROW_WANTS_WORDS  6
#define HG_ROW_WANTS_STRUCT 6
#define HG_ROW_WANTS_LIST   6
#define HG_ROW_(T, tag_, field, type_)							\
	.tag = (tag_), .type = HG_ROW_##type_, .name = #field,				\
	.offset = offsetof(T, field)							\
		+ 0 * sizeof(char[HG_ROW_KIND_(((T *)0)->field) == HG_ROW_WANTS_##type_ ? 1 : -1])
#define HG_ROW(T, tag_, field, type_) { HG_ROW_(T, tag_, field, type_) }
#define HG_ROW_BYTES_OF(T, tag_, field, length_, most_, flags_)				\
	{ HG_ROW_(T, tag_, field, BYTES), .length = offsetof(T, length_), .most = (most_), .flags = (flags_) }
#define HG_ROW_PRINT_OF(T, tag_, field)							\
	{ HG_ROW_(T, tag_, field, PRINT), .most = sizeof(((T *)0)->field) }
#define HG_ROW_WORDS_OF(T, tag_, field, most_)						\
	{ HG_ROW_(T, tag_, field, WORDS), .most = (most_) }
#define HG_ROW_STRUCT_OF(T, tag_, field, of_)						\
	{ HG_ROW_(T, tag_, field, STRUCT), .of = (of_) }
#define HG_ROW_LIST_OF(T, tag_, field, length_, stride_, most_, of_)			\
	{ HG_ROW_(T, tag_, field, LIST), .length = offsetof(T, length_), .stride = (stride_),	\
	  .most = (most_), .of = (of_) }
#define HG_ROW_END { .tag = 0 }

/* Appends.  Rows flagged with any of without are left out. */
void hg_shape_pack(const struct hg_shape *shape, const void *from, unsigned without, GString *out);
/* Fills *ret, all of it, from arena.  INPUT: these are not the bytes of one; LIMIT: too much of
 * something. */
gboolean hg_shape_unpack(const struct hg_shape *shape, const void *bytes, gsize len, hg_arena *arena, void *ret,
			 GError **error);

/* What the bytes of other things are made of: a varint, and a run of bytes with its length before it. */
void hg_pack_number(GString *out, guint64 number);
void hg_pack_bytes(GString *out, const void *bytes, gsize len);
struct hg_unpack { const guint8 *at, *end; };
gboolean hg_unpack_number(struct hg_unpack *in, guint64 *ret);
gboolean hg_unpack_bytes(struct hg_unpack *in, const void **ret, gsize *ret_len);	/* lent */

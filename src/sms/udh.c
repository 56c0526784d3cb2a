/* udh.c - user data headers: a length octet, then elements of an identifier, a length and so many octets */
#include "udh.h"

enum {				/* 3GPP TS 23.040 section 9.2.3.24 */
	CONCAT = 0x00, PORTS = 0x04, WIDE_PORTS = 0x05, WIDE_CONCAT = 0x08, SINGLE_SHIFT = 0x24, LOCKING_SHIFT = 0x25,
};

/* 9.2.3.24.1: an element whose numbers make no sense is as if it were not there. */
static void take_concat(struct hg_udh *udh, const guint8 *data, gboolean wide)
{
	const guint8 *counts = data + (wide ? 2 : 1);

	if (!counts[0] || !counts[1] || counts[1] > counts[0])
		return;
	udh->concat = TRUE;
	udh->wide = wide;
	udh->ref = wide ? (guint)data[0] << 8 | data[1] : data[0];
	udh->parts = counts[0];
	udh->part = counts[1];
}

/* An element of a length that is not its own is skipped; of two alike the last one counts. */
static void take_element(struct hg_udh *udh, guint8 id, const guint8 *data, gsize len)
{
	if (id == CONCAT && len == 3)
		take_concat(udh, data, FALSE);
	else if (id == WIDE_CONCAT && len == 4)
		take_concat(udh, data, TRUE);
	else if (id == SINGLE_SHIFT && len == 1)
		udh->single_shift = data[0];
	else if (id == LOCKING_SHIFT && len == 1)
		udh->locking_shift = data[0];
	else if (id == PORTS && len == 2)
		udh->port = data[0];
	else if (id == WIDE_PORTS && len == 4)
		udh->port = data[0] << 8 | data[1];
}

gboolean hg_udh_parse(const guint8 *data, gsize len, struct hg_udh *ret)
{
	gsize at = 1, end;

	*ret = (struct hg_udh){ .port = -1 };
	if (!len || (end = (gsize)data[0] + 1) > len)
		return FALSE;
	ret->len = (guint)end;
	while (at < end) {
		gsize size;

		if (end - at < 2)
			return FALSE;
		size = data[at + 1];
		if (size > end - at - 2)
			return FALSE;
		take_element(ret, data[at], data + at + 2, size);
		at += 2 + size;
	}
	return TRUE;
}

static void add_element(GByteArray *out, guint8 id, const guint8 *data, guint8 len)
{
	const guint8 head[2] = { id, len };

	g_byte_array_append(out, head, 2);
	g_byte_array_append(out, data, len);
}

void hg_udh_build(const struct hg_udh *udh, GByteArray *out)
{
	const guint8 numbers[4] = { (guint8)(udh->ref >> 8), (guint8)udh->ref, (guint8)udh->parts, (guint8)udh->part };
	const guint8 single = (guint8)udh->single_shift, locking = (guint8)udh->locking_shift;
	guint at = out->len;

	g_byte_array_append(out, (const guint8 *)"", 1);
	if (udh->concat && udh->wide)
		add_element(out, WIDE_CONCAT, numbers, 4);
	else if (udh->concat)
		add_element(out, CONCAT, numbers + 1, 3);
	if (single)
		add_element(out, SINGLE_SHIFT, &single, 1);
	if (locking)
		add_element(out, LOCKING_SHIFT, &locking, 1);
	if (out->len == at + 1)
		g_byte_array_set_size(out, at);
	else
		out->data[at] = (guint8)(out->len - at - 1);
}

guint hg_udh_fill(guint len)
{
	return (7 - len * 8 % 7) % 7;
}

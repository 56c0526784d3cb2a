/* fuzz_udh.c - bytes as a user data header and as pieces: what is read is within bounds and written as it was read, pieces
 * put together are valid text, what is cut is the same when it is joined */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gsm.h"
#include "sms_text.h"
#include "text.h"
#include "udh.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PIECES_MAX 16

static void check_header(const uint8_t *data, size_t size)
{
	struct hg_udh udh, again;
	g_autoptr(GByteArray) out = g_byte_array_new();
	gboolean fine = hg_udh_parse(data, size, &udh);

	g_assert_true(udh.len <= size && (!fine || udh.len));
	g_assert_true(!udh.concat || (udh.part >= 1 && udh.part <= udh.parts && udh.parts <= 255));
	g_assert_true(udh.ref <= (udh.wide ? 0xffff : 0xff));
	hg_udh_build(&udh, out);
	if (!out->len)
		return;
	g_assert_true(hg_udh_parse(out->data, out->len, &again));
	g_assert_true(again.concat == udh.concat && again.ref == udh.ref && again.part == udh.part && again.parts == udh.parts);
	g_assert_true(again.single_shift == udh.single_shift && again.locking_shift == udh.locking_shift);
}

/* As packed septets, behind a header of so many octets. */
static void check_septets(const uint8_t *data, size_t size, guint head)
{
	g_autoptr(GByteArray) septets = g_byte_array_new(), packed = g_byte_array_new();
	gsize n = size * 8 > hg_udh_fill(head) ? (size * 8 - hg_udh_fill(head)) / 7 : 0;
	g_autofree char *text = NULL;

	g_assert_true(hg_gsm_unpack(data, size, hg_udh_fill(head), n, septets));
	g_assert_cmpuint(septets->len, ==, n);
	hg_gsm_pack(septets->data, septets->len, hg_udh_fill(head), packed);
	g_assert_cmpuint(packed->len, <=, size);
	text = hg_gsm_decode(septets->data, septets->len, data[0] & 3, data[0] >> 2 & 3);
	g_assert_true(g_utf8_validate(text, -1, NULL));
}

/* A NUL parts the pieces; one that begins with 0x01 is missing. */
static void check_join(const uint8_t *data, size_t size)
{
	char *pieces[PIECES_MAX] = { NULL };
	g_autofree char *joined = NULL;
	gsize n = 0;

	while (size && n < PIECES_MAX) {
		const uint8_t *end = memchr(data, 0, size);
		size_t len = end ? (size_t)(end - data) : size;

		pieces[n++] = len && data[0] == 1 ? NULL : g_strndup((const char *)data, len);
		data += len + (end != NULL);
		size -= len + (end != NULL);
	}
	joined = hg_sms_join((const char *const *)pieces, n);
	g_assert_true(g_utf8_validate(joined, -1, NULL));
	for (gsize i = 0; i < n; i++)
		g_free(pieces[i]);
}

static void check_cut(const char *text)
{
	int coding = hg_sms_coding_of(text);
	g_auto(GStrv) pieces = hg_sms_split(text, coding, FALSE, 255);
	g_autofree char *joined = pieces ? g_strjoinv("", pieces) : NULL;
	g_autofree char *plain = hg_sms_plain(text, TRUE);
	g_autoptr(GArray) messages = hg_sms_plan(text, &(struct hg_sms_policy){ .text = "smart", .long_text = "split" }, NULL);

	if (joined)
		g_assert_cmpstr(joined, ==, text);
	g_assert_true(strcmp(plain, text) == 0 || hg_sms_coding_of(plain) == HG_SMS_GSM7);
	for (guint i = 0; messages && i < messages->len; i++)
		g_assert_cmpuint(g_array_index(messages, struct hg_sms_message, i).units, ==, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = hg_text_valid((const char *)data, (gssize)size, 0);

	if (!size)
		return 0;
	check_header(data, size);
	check_septets(data, size, data[0] % 16);
	check_join(data, size);
	check_cut(text);
	return 0;
}

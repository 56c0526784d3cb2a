/* fuzz_address.c - any text as an address or a network, and as what of a URL or header decides where things go */
#include <arpa/inet.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "http_address.h"
#include "http_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By the numbers of RFC 6890 and the I4 of ::ffff:0:0/96, written another way. */
static gboolean must_be_private(const guint8 *b)
{
	static const guint8 zeros[12], mapped[12] = { [10] = 0xff, [11] = 0xff };
	const guint8 *v4 = b + 12;

	if (!memcmp(b, mapped, 12))
		return v4[0] == 0 || v4[0] == 10 || v4[0] == 127 || (v4[0] == 169 && v4[1] == 254) || v4[0] >= 224 ||
		       (v4[0] == 172 && (v4[1] & 0xf0) == 16) || (v4[0] == 192 && v4[1] == 168) ||
		       (v4[0] == 100 && (v4[1] & 0xc0) == 64) || (v4[0] == 198 && (v4[1] & 0xfe) == 18);
	return !memcmp(b, zeros, 12) || (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && b[1] >= 0x80) || b[0] == 0xff ||
	       (b[0] == 0x20 && b[1] == 0x02) || (b[0] == 0x20 && b[1] == 0x01 && !b[2] && !b[3]);
}

static void check_address(const char *text)
{
	struct hg_address address, again;
	char written[HG_ADDRESS_SIZE];
	struct hg_network network;

	if (hg_address_parse(text, strlen(text), &address)) {
		hg_address_text(&address, written);
		g_assert_true(hg_address_parse(written, strlen(written), &again));
		g_assert_cmpmem(&address, sizeof(address), &again, sizeof(again));
		g_assert_true(!must_be_private(address.bytes) || hg_address_is_private(&address));
	}
	if (hg_network_parse(text, &network)) {
		g_assert_cmpint(network.bits, <=, 128);
		g_assert_true(hg_network_has(&network, &network.base));
	}
}

static void check_bytes(const uint8_t *data, size_t size)
{
	struct hg_address address;

	if (size < sizeof(address.bytes))
		return;
	memcpy(address.bytes, data, sizeof(address.bytes));
	g_assert_true(!must_be_private(address.bytes) || hg_address_is_private(&address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size), *plain = g_malloc(size + 1);

	check_address(text);
	check_bytes(data, size);
	if (hg_http_unescape(text, strlen(text), size & 1, plain))
		g_assert_true(g_utf8_validate(plain, -1, NULL) && strlen(plain) <= strlen(text));
	g_assert_true(!hg_http_list_has(text, "close") || strcasestr(text, "close"));
	return 0;
}

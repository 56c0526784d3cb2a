/* test_http_address.c - addresses as text, networks bit by bit, what is private, what one client may take */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "http_address.h"

static struct hg_address address(const char *text)
{
	struct hg_address a;

	if (!hg_address_parse(text, strlen(text), &a))
		fail_msg("\"%s\" is no address", text);
	return a;
}

/* ---- text ---- */

static void an_address_is_read_and_written(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "127.0.0.1", "127.0.0.1" }, { "0.0.0.0", "0.0.0.0" }, { "255.255.255.255", "255.255.255.255" },
		{ "::1", "::1" }, { "::", "::" }, { "2001:DB8::A", "2001:db8::a" }, { "::ffff:192.0.2.7", "192.0.2.7" },
		{ "::fffe:192.0.2.7", "::fffe:c000:207" }, { "0:0:0:0:0:ffff:c000:0207", "192.0.2.7" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.254", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_address a = address(cases[i].in);
		char text[HG_ADDRESS_SIZE];

		assert_string_equal(hg_address_text(&a, text), cases[i].out);
	}
}

static void what_is_no_numeric_address_is_refused(void **state)
{
	static const char *const cases[] = {
		"", "localhost", "127.1", "0x7f.0.0.1", "2130706433", "127.0.0.1.", "127.0.0.1 ", " 127.0.0.1", "127.0.0.256",
		"127.0.0.01", "[::1]", "::1%lo", ":::1", "1:2:3:4:5:6:7", "1.2.3.4:80", "::ffff:1.2.3", "fe80::1/64",
		/* One more than the longest text, and much more. */
		"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555", "00000000000000000000000000000000000000000000000000000000::1",
	};
	struct hg_address a = { { 1, 2, 3 } }, before = a;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_address_parse(cases[i], strlen(cases[i]), &a))
			fail_msg("\"%s\" was taken", cases[i]);
	assert_memory_equal(&a, &before, sizeof(a));
	/* The length says where it ends. */
	assert_true(hg_address_parse("192.0.2.77", 9, &a));
	assert_int_equal(a.bytes[15], 7);
}

static void an_address_comes_from_a_socket(void **state)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(80) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(80), .sin6_flowinfo = 7 };
	struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/run/headgate/headgate.sock" };
	struct hg_address a, zero = { { 0 } }, want;

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &four.sin_addr);
	inet_pton(AF_INET6, "2001:db8::7", &six.sin6_addr);
	hg_address_from_socket((struct sockaddr *)&four, &a);
	want = address("192.0.2.7");
	assert_memory_equal(&a, &want, sizeof(a));
	hg_address_from_socket((struct sockaddr *)&six, &a);
	want = address("2001:db8::7");
	assert_memory_equal(&a, &want, sizeof(a));
	hg_address_from_socket((struct sockaddr *)&local, &a);
	assert_memory_equal(&a, &zero, sizeof(a));
}

/* ---- networks ---- */

static void a_network_is_an_address_and_how_many_bits(void **state)
{
	static const struct { const char *text; guint bits; } cases[] = {
		{ "10.0.0.0/8", 104 }, { "0.0.0.0/0", 96 }, { "192.0.2.7", 128 }, { "192.0.2.7/32", 128 },
		{ "::/0", 0 }, { "2001:db8::/32", 32 }, { "::1", 128 }, { "::1/128", 128 }, { "::ffff:10.0.0.0/104", 104 },
	};
	static const char *const refused[] = {
		"", "/8", "x/8", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/33", "::/129", "10.0.0.0/8x", "10.0.0.0/8 ", "10.0.0.0/ 8",
		"10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0//8", "10.0.0.0/8/8", "10.0.0/8",
		/* 2^32 + 8 and 2^64 + 8: a network by another name once bits are cut off */
		"10.0.0.0/4294967304", "10.0.0.0/18446744073709551624",
	};
	struct hg_network network;

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		assert_true(hg_network_parse(cases[i].text, &network));
		if (network.bits != cases[i].bits)
			fail_msg("%s: %u bits", cases[i].text, network.bits);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		if (hg_network_parse(refused[i], &network))
			fail_msg("\"%s\" was taken", refused[i]);
}

/* Of each size: the address itself, and with one bit changed, which is inside only behind the network's bits. */
static void a_network_has_what_begins_like_it(void **state)
{
	(void)state;
	for (guint bits = 0; bits <= 128; bits++) {
		g_autofree char *text = g_strdup_printf("2001:db8:a5a5:5a5a:1234:5678:9abc:def0/%u", bits);
		struct hg_network network;

		assert_true(hg_network_parse(text, &network));
		assert_true(hg_network_has(&network, &network.base));
		for (guint bit = 0; bit < 128; bit++) {
			struct hg_address other = network.base;

			other.bytes[bit / 8] ^= (guint8)(0x80 >> bit % 8);
			if (hg_network_has(&network, &other) != (bit >= bits))
				fail_msg("/%u: bit %u", bits, bit);
		}
	}
}

/* First and last of each private network, and the public ones beside them. */
static void what_a_stranger_must_not_reach_is_private(void **state)
{
	static const char *const private[] = {
		"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
		"127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.169.254", "169.254.255.255", "172.16.0.0",
		"172.31.255.255", "192.0.0.0", "192.0.0.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
		"224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "::ffff:127.0.0.1", "::", "::1", "::127.0.0.1",
		"::255.255.255.255", "64:ff9b::", "64:ff9b::7f00:1", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "2002::",
		"2002:7f00:1::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ff00::",
		"::ffff:0:0:0", "::ffff:0:7f00:1", "::ffff:0:ffff:ffff", "2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
		"ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};
	static const char *const public[] = {
		"1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::1:0:0", "::fffe:ffff:ffff:ffff",
		"::ffff:1:0:0", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:1::", "64:ff9a:ffff::",
		"64:ff9b::1:0:0", "64:ff9b:2::", "64:ff9b:0:ffff::", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::",
		"2001:db8::1", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe00::", "fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(private) + G_N_ELEMENTS(public); i++) {
		gboolean want = i < G_N_ELEMENTS(private);
		const char *text = want ? private[i] : public[i - G_N_ELEMENTS(private)];
		struct hg_address a = address(text);

		if (hg_address_is_private(&a) != want)
			fail_msg("%s is %s", text, want ? "let through" : "held back");
	}
}

/* ---- what one client may take ---- */

static gboolean take(hg_buckets *b, const char *text, gint64 now_ms)
{
	struct hg_address a = address(text);

	return hg_buckets_take(b, &a, now_ms);
}

static void a_client_saves_up_to_its_burst_and_gets_back_by_the_clock(void **state)
{
	hg_buckets *b = hg_buckets_new(2, 3, 4711);

	(void)state;
	for (int round = 0; round < 2; round++) {
		gint64 now = 1000000 + round * 60000;

		for (int i = 0; i < 3; i++)
			assert_true(take(b, "192.0.2.7", now));
		assert_false(take(b, "192.0.2.7", now));
		assert_false(take(b, "192.0.2.7", now + 499));		/* asking costs nothing */
		assert_true(take(b, "192.0.2.7", now + 500));
		assert_false(take(b, "192.0.2.7", now + 501));
		assert_false(take(b, "192.0.2.7", now + 999));
		assert_true(take(b, "192.0.2.7", now + 1000));
	}
	hg_buckets_free(b);
}

static void clients_do_not_use_up_each_others_share(void **state)
{
	struct hg_address six = address("2001:db8:0:1:ffff:ffff:ffff:ffff"), four = address("192.0.2.7");
	struct hg_address network = address("2001:db8:0:1::"), client;
	hg_buckets *b = hg_buckets_new(1, 1, 4711);

	(void)state;
	client = hg_address_client(&six);
	assert_memory_equal(&client, &network, sizeof(client));
	client = hg_address_client(&four);
	assert_memory_equal(&client, &four, sizeof(client));
	assert_true(take(b, "192.0.2.7", 1000));
	assert_false(take(b, "192.0.2.7", 1000));
	assert_true(take(b, "192.0.2.8", 1000));
	assert_true(take(b, "7.2.0.192", 1000));
	/* One network of 64 bits is one client, the next one another. */
	assert_true(take(b, "2001:db8:0:1::1", 1000));
	assert_false(take(b, "2001:db8:0:1:ffff:ffff:ffff:ffff", 1000));
	assert_true(take(b, "2001:db8:0:2::1", 1000));
	hg_buckets_free(b);
}

/* At time 0 and without getting anything back, the first request of an address is still its first. */
static void the_first_request_is_taken_whatever_the_clock_says(void **state)
{
	hg_buckets *b = hg_buckets_new(0, 0.5, 0);

	(void)state;
	assert_true(take(b, "192.0.2.7", 0));
	assert_false(take(b, "192.0.2.7", 0));
	assert_false(take(b, "192.0.2.7", 86400000));
	assert_true(take(b, "192.0.2.8", 0));
	hg_buckets_free(b);
}

/* With a seed nobody knows, nobody can choose addresses that share: most of a thousand get their own. */
static void addresses_are_spread_by_the_seed(void **state)
{
	guint taken[2] = { 0 }, same = 0;
	gboolean first[1000];

	(void)state;
	for (int seed = 0; seed < 2; seed++) {
		hg_buckets *b = hg_buckets_new(0.001, 1, seed ? 0x123456789abcdef1 : 0xfedcba9876543211);

		for (int i = 0; i < 1000; i++) {
			g_autofree char *text = g_strdup_printf("198.51.%d.%d", i / 250, i % 250);
			gboolean ok = take(b, text, 1000);

			taken[seed] += ok;
			if (!seed)
				first[i] = ok;
			else
				same += !ok && !first[i];
		}
		hg_buckets_free(b);
	}
	/* 1,000 thrown into 4,096: about 113 share, of which few share twice. */
	assert_in_range(taken[0], 830, 940);
	assert_in_range(taken[1], 830, 940);
	assert_in_range(same, 0, 50);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_read_and_written),
		cmocka_unit_test(what_is_no_numeric_address_is_refused),
		cmocka_unit_test(an_address_comes_from_a_socket),
		cmocka_unit_test(a_network_is_an_address_and_how_many_bits),
		cmocka_unit_test(a_network_has_what_begins_like_it),
		cmocka_unit_test(what_a_stranger_must_not_reach_is_private),
		cmocka_unit_test(a_client_saves_up_to_its_burst_and_gets_back_by_the_clock),
		cmocka_unit_test(clients_do_not_use_up_each_others_share),
		cmocka_unit_test(the_first_request_is_taken_whatever_the_clock_says),
		cmocka_unit_test(addresses_are_spread_by_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

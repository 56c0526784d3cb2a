/* http_address.c - peers' addresses, networks, and what one address may take */
#include "http_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };	/* ::ffff:0:0/96 */

static gboolean is_v4(const struct hg_address *a)
{
	return !memcmp(a->bytes, mapped, sizeof(mapped));
}

void hg_address_from_socket(const struct sockaddr *from, struct hg_address *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (from->sa_family == AF_INET) {
		memcpy(ret_address->bytes, mapped, sizeof(mapped));
		memcpy(ret_address->bytes + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		memcpy(ret_address->bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	}
}

gboolean hg_address_parse(const char *text, gsize len, struct hg_address *ret_address)
{
	char copy[HG_ADDRESS_SIZE];
	struct hg_address a;

	if (!len || len >= sizeof(copy))
		return FALSE;
	memcpy(copy, text, len);
	copy[len] = '\0';
	memcpy(a.bytes, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, copy, a.bytes + 12) != 1 && inet_pton(AF_INET6, copy, a.bytes) != 1)
		return FALSE;
	*ret_address = a;
	return TRUE;
}

const char *hg_address_text(const struct hg_address *a, char ret_text[HG_ADDRESS_SIZE])
{
	if (is_v4(a))
		inet_ntop(AF_INET, a->bytes + 12, ret_text, HG_ADDRESS_SIZE);
	else
		inet_ntop(AF_INET6, a->bytes, ret_text, HG_ADDRESS_SIZE);
	return ret_text;
}

guint hg_address_hash(gconstpointer key)
{
	const struct hg_address *a = key;
	guint h = 5381;

	for (gsize i = 0; i < sizeof(a->bytes); i++)
		h = h * 33 + a->bytes[i];
	return h;
}

gboolean hg_address_equal(gconstpointer a, gconstpointer b)
{
	return !memcmp(a, b, sizeof(struct hg_address));
}

gboolean hg_network_parse(const char *text, struct hg_network *ret_network)
{
	gsize len = strcspn(text, "/");
	gulong most, bits;
	char *end;

	if (!hg_address_parse(text, len, &ret_network->base))
		return FALSE;
	most = memchr(text, ':', len) ? 128 : 32;
	bits = most;
	if (text[len]) {
		if (!g_ascii_isdigit(text[len + 1]))
			return FALSE;
		bits = strtoul(text + len + 1, &end, 10);
		if (*end || bits > most)
			return FALSE;
	}
	ret_network->bits = (guint)(128 - most + bits);
	return TRUE;
}

gboolean hg_network_has(const struct hg_network *network, const struct hg_address *a)
{
	guint bytes = network->bits / 8, rest = network->bits % 8;	/* analyser: there are n_proxies of them */

	if (memcmp(network->base.bytes, a->bytes, bytes))
		return FALSE;
	return !rest || !((network->base.bytes[bytes] ^ a->bytes[bytes]) >> (8 - rest));
}

/* IANA's special-purpose registries (RFC 6890 and its successors), as far as something of ours
 * could answer there; the prefixes of 6to4, NAT64, SIIT and Teredo as a whole, since they carry an IPv4 address. */
static const char *const private_v4[] = {
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3",
};
static const char *const private_v6[] = {
	"::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fc00::/7",
	"fe80::/10", "fec0::/10", "ff00::/8",
};

static struct hg_network *parse_list(const char *const *list, gsize n)
{
	struct hg_network *nets = g_new(struct hg_network, n);

	for (gsize i = 0; i < n; i++)
		g_assert_true(hg_network_parse(list[i], &nets[i]));
	return nets;
}

gboolean hg_address_is_private(const struct hg_address *a)
{
	static struct hg_network *v4, *v6;
	static gsize done;
	gboolean four = is_v4(a);

	if (g_once_init_enter(&done)) {
		v4 = parse_list(private_v4, G_N_ELEMENTS(private_v4));
		v6 = parse_list(private_v6, G_N_ELEMENTS(private_v6));
		g_once_init_leave(&done, 1);
	}
	for (gsize i = 0; i < (four ? G_N_ELEMENTS(private_v4) : G_N_ELEMENTS(private_v6)); i++)
		if (hg_network_has(four ? &v4[i] : &v6[i], a))
			return TRUE;
	return FALSE;
}

struct hg_address hg_address_client(const struct hg_address *a)
{
	struct hg_address client = *a;

	/* Whoever has one IPv6 address has 2^64 of them. */
	if (!is_v4(a))
		memset(client.bytes + 8, 0, 8);
	return client;
}

/* ---- token buckets ---- */

#define BUCKETS 4096		/* a power of two; addresses beyond share */

struct bucket {
	guint64 key;
	double tokens;
	gint64 at_ms;
};

struct hg_buckets {
	double rate, burst;	/* per second; most that can be saved up */
	guint64 seed;
	struct bucket slots[BUCKETS];
};

hg_buckets *hg_buckets_new(double rate, double burst, guint64 seed)
{
	hg_buckets *b = g_new0(hg_buckets, 1);

	b->rate = rate;
	b->burst = MAX(burst, 1);
	b->seed = seed;
	return b;
}

void hg_buckets_free(hg_buckets *b)
{
	g_free(b);
}

static guint64 mix(guint64 seed, const struct hg_address *client)
{
	guint64 half[2], h = seed;

	memcpy(half, client->bytes, sizeof(half));
	for (int i = 0; i < 2; i++) {
		h ^= half[i];
		/* A product carries upwards only, and the last bytes of an IPv4 address are the upper bits. */
		h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;	/* 2^64 / golden ratio */
		h = (h ^ h >> 32) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 32;
	}
	return h;
}

gboolean hg_buckets_take(hg_buckets *b, const struct hg_address *address, gint64 now_ms)
{
	struct hg_address client = hg_address_client(address);
	guint64 key = mix(b->seed, &client);
	struct bucket *slot = &b->slots[(key >> 32) % BUCKETS];
	double saved = slot->tokens + (double)(now_ms - slot->at_ms) * b->rate / 1000;

	/* A slot whose owner has everything back may go to another address. */
	if (!slot->key || saved >= b->burst) {
		slot->key = key;
		saved = b->burst;
	}
	slot->tokens = saved;
	slot->at_ms = now_ms;
	if (slot->tokens < 1)
		return FALSE;
	slot->tokens -= 1;
	return TRUE;
}

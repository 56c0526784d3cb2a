/* http_address.h - peers' addresses, networks, and what one address may take */
#pragma once
#include <glib.h>

struct sockaddr;

/* IPv4 in its v6-mapped form, so that there is one form; all zero for a unix socket. */
struct hg_address {
	guint8 bytes[16];
};

struct hg_network {
	struct hg_address base;
	guint bits;		/* of 128 */
};

#define HG_ADDRESS_SIZE 46
void hg_address_from_socket(const struct sockaddr *from, struct hg_address *ret_address);
/* FALSE when text is no numeric address. */
gboolean hg_address_parse(const char *text, gsize len, struct hg_address *ret_address);
const char *hg_address_text(const struct hg_address *address, char ret_text[HG_ADDRESS_SIZE]);

/* For hash tables with addresses as keys. */
guint hg_address_hash(gconstpointer address);
gboolean hg_address_equal(gconstpointer a, gconstpointer b);

/* "10.0.0.0/8", "::1", "192.0.2.7". */
gboolean hg_network_parse(const char *text, struct hg_network *ret_network);
gboolean hg_network_has(const struct hg_network *network, const struct hg_address *address);

/* TRUE for what a stranger must not make us connect to: loopback, private, link-local, multicast,
 * unspecified, and the IPv6 ways of writing an IPv4 address of those. */
gboolean hg_address_is_private(const struct hg_address *address);

/* ---- token buckets, one per address (per /64 for IPv6) ---- */

typedef struct hg_buckets hg_buckets;
/* seed keeps strangers from choosing addresses that share a bucket. */
hg_buckets *hg_buckets_new(double rate, double burst, guint64 seed);
void hg_buckets_free(hg_buckets *buckets);
/* FALSE when the address has used up what it may take. */
gboolean hg_buckets_take(hg_buckets *buckets, const struct hg_address *address, gint64 now_ms);
/* What counts as one client: the address, or the /64 network it is in. */
struct hg_address hg_address_client(const struct hg_address *address);

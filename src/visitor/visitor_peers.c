/* visitor_peers.c - followers by address */
#include "visitor_peers.h"

#include <string.h>

#include "http_address.h"

struct hg_peer {
	struct hg_address address;	/* key */
	guint followers;
};

struct hg_peers {
	GHashTable *all;
};

hg_peers *hg_peers_new(void)
{
	hg_peers *peers = g_new0(hg_peers, 1);

	peers->all = g_hash_table_new_full(hg_address_hash, hg_address_equal, NULL, g_free);
	return peers;
}

void hg_peers_free(hg_peers *peers)
{
	g_hash_table_unref(peers->all);
	g_free(peers);
}

struct hg_peer *hg_peers_enter(hg_peers *peers, const char *text, guint most)
{
	struct hg_address address = { { 0 } };	/* of a unix socket, say */
	struct hg_peer *peer;

	if (!most)
		return NULL;
	if (hg_address_parse(text, strlen(text), &address))
		address = hg_address_client(&address);
	peer = g_hash_table_lookup(peers->all, &address);
	if (peer && peer->followers >= most)
		return NULL;
	if (!peer) {
		peer = g_new0(struct hg_peer, 1);
		peer->address = address;
		g_hash_table_insert(peers->all, &peer->address, peer);
	}
	peer->followers++;
	return peer;
}

void hg_peers_leave(hg_peers *peers, struct hg_peer *peer)
{
	if (!--peer->followers)
		g_hash_table_remove(peers->all, &peer->address);
}

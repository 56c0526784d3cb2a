/* visitor_peers.h - how many followers an address has; of IPv6 its /64 network counts */
#pragma once
#include <glib.h>

typedef struct hg_peers hg_peers;
struct hg_peer;

hg_peers *hg_peers_new(void);
void hg_peers_free(hg_peers *peers);
/* One more of that address ("203.0.113.9"; all that is none counts as one); NULL: it has as many as most. */
struct hg_peer *hg_peers_enter(hg_peers *peers, const char *address, guint most);
void hg_peers_leave(hg_peers *peers, struct hg_peer *peer);

/* http_harvest.h - what a request holds, as the items of a batch */
#pragma once
#include "arena.h"
#include "ways_in.h"

struct ht_harvest {
	const ht_desc *desc;
	const struct ht_conf *conf;
	const struct ht_in *way;
	hg_arena *arena;		/* holds all that in and receipts point to */
	GArray *in, *receipts;		/* of struct hg_in, struct hg_receipt */
	guint items, ignored, unmatched, odd;
	gboolean left_over;		/* there were more than HT_ITEMS_MAX */
	const struct ht_verify *verify;	/* a handshake; or NULL */
	struct json_object *verify_item;	/* ours */
};

struct ht_harvest *ht_harvest_new(const ht_desc *desc, const struct ht_conf *conf, const struct ht_in *way);
void ht_harvest_free(struct ht_harvest *h);
/* scope: with the tree at root. */
void ht_harvest_take(struct ht_harvest *h, const struct ht_scope *scope);
/* Something that cannot be read, kept with its bytes (copied); note is copied too. */
void ht_harvest_odd(struct ht_harvest *h, const void *raw, gsize len, const char *note);
/* What somebody is called, as addresses in the arena: the first is what answers go to.  NULL: it is no address. */
const struct hg_address *ht_addresses(struct ht_harvest *h, const ht_pick *pick, GPtrArray *also, const struct ht_scope *scope,
				      gsize *ret_n);

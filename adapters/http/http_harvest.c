/* http_harvest.c - goes through a request's items: which case each is, and what comes of it
 *
 * No item can hurt its neighbours: what cannot be read is kept as such, with its bytes. */
#include "http_harvest.h"

#include <string.h>

#include "http_item.h"
#include "text.h"

struct ht_harvest *ht_harvest_new(const ht_desc *desc, const struct ht_conf *conf, const struct ht_in *way)
{
	struct ht_harvest *h = g_new0(struct ht_harvest, 1);

	h->desc = desc;
	h->conf = conf;
	h->way = way;
	h->arena = hg_arena_new();
	h->in = g_array_new(FALSE, TRUE, sizeof(struct hg_in));
	h->receipts = g_array_new(FALSE, TRUE, sizeof(struct hg_receipt));
	return h;
}

void ht_harvest_free(struct ht_harvest *h)
{
	if (!h)
		return;
	g_array_unref(h->in);
	g_array_unref(h->receipts);
	hg_arena_free(h->arena);
	json_object_put(h->verify_item);
	g_free(h);
}

char *ht_hash_key(struct ht_harvest *h, const char *word, const void *bytes, gsize len)
{
	guint8 hash[32];
	g_autofree char *hex = NULL, *key = NULL;

	hg_sha256(bytes, len, hash);
	hex = hg_hex(hash, sizeof(hash));
	key = g_strconcat(word, ":", hex, NULL);
	return hg_arena_str(h->arena, key);
}

const char *ht_item_raw(struct ht_harvest *h, struct json_object *item, gsize *ret_len)
{
	size_t len = 0;
	const char *json = json_object_to_json_string_length(item, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							     &len);

	*ret_len = len;
	return hg_arena_mem(h->arena, json, len);
}

void ht_harvest_odd(struct ht_harvest *h, const void *raw, gsize len, const char *note)
{
	struct hg_in in = { .size = sizeof(in), .kind = HG_UNSUPPORTED, .text = "", .raw_len = len };

	in.raw = hg_arena_mem(h->arena, raw, len);
	in.note = hg_arena_str(h->arena, note);
	in.dedupe = ht_hash_key(h, "odd", raw, len);
	h->odd++;
	g_array_append_val(h->in, in);
}

/* ---- addresses ---- */

static void add(struct ht_harvest *h, GArray *all, const char *uri)
{
	struct hg_address address = { hg_arena_str(h->arena, uri), h->way->proven ? HG_PROVEN : HG_CLAIMED };

	for (guint i = 0; i < all->len; i++)
		if (strcmp(g_array_index(all, struct hg_address, i).uri, uri) == 0)
			return;
	g_array_append_val(all, address);
}

char *ht_address(struct ht_harvest *h, const ht_pick *pick, const struct ht_scope *scope, char **ret_raw)
{
	g_autofree char *text = ht_pick_text(pick, scope);
	const char *scheme = ht_pick_scheme(pick);
	const char *country = h->conf->country ? h->conf->country : h->desc->country;
	struct hg_number number;

	*ret_raw = NULL;
	if (!text || !*g_strstrip(text) || !hg_text_printable(text) || strlen(text) > 256)
		return NULL;
	if (scheme && strcmp(scheme, "tel") != 0)
		return g_strconcat(scheme, ":", text, NULL);
	if (!hg_number_parse(text, country, TRUE, &number))
		return NULL;
	/* Another spelling than with plus or without is an alias of its own: two may turn out to be one. */
	if (number.kind == HG_NUMBER_E164 && strcmp(text, number.uri + strlen("tel:")) != 0 &&
	    strcmp(text, number.uri + strlen("tel:+")) != 0)
		*ret_raw = g_strconcat("http:", text, NULL);
	return g_strdup(number.uri);
}

static void add_picked(struct ht_harvest *h, GArray *all, const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *raw = NULL, *uri = ht_address(h, pick, scope, &raw);

	if (uri)
		add(h, all, uri);
	if (raw)
		add(h, all, raw);
}

const struct hg_address *ht_addresses(struct ht_harvest *h, const ht_pick *pick, GPtrArray *also, const struct ht_scope *scope,
				      gsize *ret_n)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct hg_address));

	add_picked(h, all, pick, scope);
	for (guint i = 0; all->len && also && i < also->len; i++)
		add_picked(h, all, g_ptr_array_index(also, i), scope);
	*ret_n = all->len;
	return all->len ? hg_arena_mem(h->arena, all->data, all->len * sizeof(struct hg_address)) : NULL;
}

/* ---- which case ---- */

struct taking {
	struct ht_harvest *h;
	const struct ht_case *c;	/* of items within an item */
};

static void take(struct ht_harvest *h, const struct ht_case *c, const struct ht_scope *scope)
{
	struct json_object *item = scope->item ? scope->item : scope->root;

	if (h->items >= HT_ITEMS_MAX) {
		h->left_over = TRUE;
		return;
	}
	h->items++;
	if (c->kind == HT_MESSAGE)
		ht_item_message(h, c->message, scope, item);
	else if (c->kind == HT_STATUS)
		ht_item_status(h, c->status, scope, item);
	else if (c->kind == HT_CONSENT)
		ht_item_consent(h, c->consent, scope, item);
	else if (c->kind == HT_IGNORE)
		h->ignored++;
	else if (!h->verify) {
		h->verify = c->verify;
		h->verify_item = json_object_get(item);
	}
}

static void on_inner(void *arg, const struct ht_scope *scope)
{
	struct taking *taking = arg;

	take(taking->h, taking->c, scope);
}

/* Of a description that does not know it: kept, so that somebody can look, and no reason to refuse the rest. */
static void add_unmatched(struct ht_harvest *h, const struct ht_scope *scope)
{
	struct hg_in in = { .size = sizeof(in), .kind = HG_IGNORED, .text = "",
			    .note = "no case of the description fits" };

	if (h->items >= HT_ITEMS_MAX) {
		h->left_over = TRUE;
		return;
	}
	h->items++;
	h->unmatched++;
	in.raw = ht_item_raw(h, scope->item ? scope->item : scope->root, &in.raw_len);
	in.dedupe = ht_hash_key(h, "unmatched", in.raw, in.raw_len);
	g_array_append_val(h->in, in);
}

static void on_item(void *arg, const struct ht_scope *scope)
{
	struct ht_harvest *h = arg;

	for (guint i = 0; i < h->way->cases->len; i++) {
		const struct ht_case *c = &g_array_index(h->way->cases, struct ht_case, i);
		struct taking taking = { h, c };

		if (!ht_when_fits(c->when, scope))
			continue;
		if (!c->each)
			take(h, c, scope);
		else if (!ht_path_each(c->each, scope, HT_ITEMS_MAX, on_inner, &taking))
			h->left_over = TRUE;
		return;
	}
	add_unmatched(h, scope);
}

void ht_harvest_take(struct ht_harvest *h, const struct ht_scope *scope)
{
	struct ht_scope whole = *scope;

	whole.item = scope->root;
	if (!h->way->each)
		on_item(h, &whole);
	else if (!ht_path_each(h->way->each, &whole, HT_ITEMS_MAX, on_item, h))
		h->left_over = TRUE;
}

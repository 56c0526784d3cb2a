/* visitor_proof.c - challenges that sign themselves, and those that were used */
#include "visitor_proof.h"

#include <string.h>

#include "proof.h"
#include "text.h"

#define SPENT_MAX 65536			/* used challenges remembered of one span */
#define SALT 10				/* random bytes: two challenges are never the same */
#define BITS_MAX 40

/* As it is in base64url: what was asked, when, of whom, by us. */
struct challenge {
	guint8 bits;
	guint8 at_s[5];			/* big-endian seconds, UTC */
	guint8 salt[SALT];
	guint8 mac[16];			/* of all before it and the channel */
};

struct hg_visitor_proofs {
	guint8 key[32];
	/* Hashes of used ones, in two spans as long as a challenge lives: the older one is forgotten as a whole. */
	GHashTable *spent[2];
	gint64 since_ms;
};

hg_visitor_proofs *hg_visitor_proofs_new(const guint8 key[32])
{
	hg_visitor_proofs *proofs = g_new0(hg_visitor_proofs, 1);

	memcpy(proofs->key, key, sizeof proofs->key);
	for (int i = 0; i < 2; i++)
		proofs->spent[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return proofs;
}

void hg_visitor_proofs_free(hg_visitor_proofs *proofs)
{
	if (!proofs)
		return;
	g_hash_table_unref(proofs->spent[0]);
	g_hash_table_unref(proofs->spent[1]);
	g_free(proofs);
}

static void sign(const hg_visitor_proofs *proofs, const char *channel, struct challenge *c)
{
	g_autoptr(GByteArray) text = g_byte_array_new();
	guint8 mac[32];

	g_byte_array_append(text, (const guint8 *)c, offsetof(struct challenge, mac));
	g_byte_array_append(text, (const guint8 *)channel, (guint)strlen(channel));
	hg_hmac_sha256(proofs->key, sizeof proofs->key, text->data, text->len, mac);
	memcpy(c->mac, mac, sizeof c->mac);
}

static gint64 made_ms(const struct challenge *c)
{
	gint64 s = 0;

	for (gsize i = 0; i < sizeof c->at_s; i++)
		s = s << 8 | c->at_s[i];
	return s * 1000;
}

char *hg_visitor_proof_ask(hg_visitor_proofs *proofs, struct hg_env *env, const char *channel, guint bits)
{
	struct challenge c = { .bits = (guint8)MIN(bits, BITS_MAX) };
	gint64 s = hg_now(env) / 1000;

	for (gsize i = sizeof c.at_s; i-- > 0; s >>= 8)
		c.at_s[i] = (guint8)s;
	env->random(env, c.salt, sizeof c.salt);
	sign(proofs, channel, &c);
	return hg_base64(&c, sizeof c, TRUE);
}

static gboolean is_solved(const char *challenge, const char *nonce, guint bits)
{
	g_autofree char *text = g_strconcat(challenge, ".", nonce, NULL);
	guint8 hash[32];

	hg_sha256(text, strlen(text), hash);
	for (guint i = 0; i < bits; i++)
		if (hash[i / 8] >> (7 - i % 8) & 1)
			return FALSE;
	return TRUE;
}

static void forget(hg_visitor_proofs *proofs, gint64 now_ms)
{
	GHashTable *older = proofs->spent[1];

	if (now_ms - proofs->since_ms < HG_PROOF_LIFE_MS)
		return;
	proofs->spent[1] = proofs->spent[0];
	proofs->spent[0] = older;
	g_hash_table_remove_all(older);
	proofs->since_ms = now_ms;
}

/* FALSE: it was used, or there were so many that nobody could tell. */
static gboolean spend(hg_visitor_proofs *proofs, const char *challenge, gint64 now_ms)
{
	forget(proofs, now_ms);
	if (g_hash_table_contains(proofs->spent[0], challenge) || g_hash_table_contains(proofs->spent[1], challenge) ||
	    g_hash_table_size(proofs->spent[0]) >= SPENT_MAX)
		return FALSE;
	return g_hash_table_add(proofs->spent[0], g_strdup(challenge));
}

static gboolean is_ours(const hg_visitor_proofs *proofs, const char *channel, const char *text, struct challenge *ret)
{
	struct challenge again;
	gsize len = 0;
	g_autofree guint8 *bytes = hg_unbase64(text, &len);
	g_autofree char *spelled = NULL;

	if (!bytes || len != sizeof *ret)
		return FALSE;
	memcpy(ret, bytes, sizeof *ret);
	/* One spelling only: another one of the same bytes must not count as another challenge. */
	spelled = hg_base64(ret, sizeof *ret, TRUE);
	again = *ret;
	sign(proofs, channel, &again);
	return strcmp(spelled, text) == 0 && hg_equal_secret(again.mac, sizeof again.mac, ret->mac, sizeof ret->mac);
}

gboolean hg_visitor_proof_take(hg_visitor_proofs *proofs, const char *channel, const char *challenge, const char *nonce,
			       gint64 now_ms)
{
	struct challenge c;

	if (strlen(nonce) > HG_PROOF_NONCE_MAX || !is_ours(proofs, channel, challenge, &c))
		return FALSE;
	if (now_ms < made_ms(&c) || now_ms - made_ms(&c) > HG_PROOF_LIFE_MS)
		return FALSE;
	return is_solved(challenge, nonce, c.bits) && spend(proofs, challenge, now_ms);
}

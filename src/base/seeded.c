/* seeded.c - random numbers from a seed: AES-128 in counter mode, keyed with it */
#include "seeded.h"

#include <openssl/evp.h>
#include <string.h>

#define POOL 256	/* bytes made at once: what most turns need */

struct hg_seeded {
	struct hg_env env;		/* first: what is lent */
	struct hg_env *real;		/* lent */
	EVP_CIPHER_CTX *cipher;		/* ours */
	gboolean on;
	gint64 now_ms;
	guint64 id_high, id_low;	/* as they were when the work began */
	guint8 pool[POOL];
	gsize left;
};

static gint64 wall(struct hg_env *env)
{
	const hg_seeded *seeded = (const hg_seeded *)(void *)env;

	return seeded->on ? seeded->now_ms : hg_now(seeded->real);
}

static gint64 mono(struct hg_env *env)
{
	return hg_mono(((const hg_seeded *)(void *)env)->real);
}

static void fill(hg_seeded *seeded)
{
	static const guint8 zeros[POOL];
	int len;

	if (!EVP_EncryptUpdate(seeded->cipher, seeded->pool, &len, zeros, POOL) || len != POOL)
		g_error("OpenSSL: AES-128-CTR failed");
	seeded->left = POOL;
}

static void numbers(struct hg_env *env, void *ret, gsize size)
{
	hg_seeded *seeded = (hg_seeded *)(void *)env;
	guint8 *out = ret;

	if (!seeded->on) {
		seeded->real->random(seeded->real, ret, size);
		return;
	}
	while (size) {
		gsize some;

		if (!seeded->left)
			fill(seeded);
		some = MIN(size, seeded->left);
		memcpy(out, seeded->pool + POOL - seeded->left, some);
		seeded->left -= some;
		out += some;
		size -= some;
	}
}

hg_seeded *hg_seeded_new(struct hg_env *real)
{
	hg_seeded *seeded = g_new0(hg_seeded, 1);

	seeded->env = (struct hg_env){ .wall_ms = wall, .mono_ms = mono, .random = numbers };
	seeded->real = real;
	seeded->cipher = EVP_CIPHER_CTX_new();
	if (!seeded->cipher || !EVP_EncryptInit_ex(seeded->cipher, EVP_aes_128_ctr(), NULL, NULL, NULL))
		g_error("OpenSSL: AES-128-CTR is missing");
	return seeded;
}

void hg_seeded_free(hg_seeded *seeded)
{
	if (!seeded)
		return;
	EVP_CIPHER_CTX_free(seeded->cipher);
	g_free(seeded);
}

struct hg_env *hg_seeded_env(hg_seeded *seeded)
{
	return &seeded->env;
}

void hg_seeded_begin(hg_seeded *seeded, const guint8 seed[HG_SEED_SIZE], gint64 now_ms)
{
	static const guint8 counter[16];

	g_assert(!seeded->on);
	if (!EVP_EncryptInit_ex(seeded->cipher, NULL, NULL, seed, counter))
		g_error("OpenSSL: AES-128-CTR failed");
	seeded->on = TRUE;
	seeded->now_ms = now_ms;
	seeded->left = 0;
	seeded->id_high = seeded->env.id_high;
	seeded->id_low = seeded->env.id_low;
}

void hg_seeded_end(hg_seeded *seeded, gboolean happened)
{
	g_assert(seeded->on);
	seeded->on = FALSE;
	if (happened)
		return;
	seeded->env.id_high = seeded->id_high;
	seeded->env.id_low = seeded->id_low;
}

/* keys.c - a table from the hash of a secret to who has it */
#include "keys.h"

#include <string.h>

#include "text.h"

#define HASH_SIZE 32
#define HOUR_MS	  G_GINT64_CONSTANT(3600000)

struct key {
	guint8 hash[HASH_SIZE];		/* of the secret */
	int kind;			/* enum hg_token_kind */
	const struct hg_principal *who;	/* ours */
	gboolean stale;			/* while a configuration is read: not seen in it yet */
	char id[HG_ID_SIZE];		/* of its row; "" of the configuration */
	gint64 used_ms;			/* last, to the hour, as the store knows it */
};

struct hg_keys {
	GHashTable *by_hash;		/* hash -> struct key */
	GHashTable *by_row;		/* number of a row -> hash of its secret */
	gboolean doubt;			/* of all that is of the store */
};

/* Nobody can choose bytes of a SHA-256: the first ones are as good a spread as any, and what a comparison tells by its
 * time is of the hash alone. */
static guint hash_of(gconstpointer hash)
{
	guint start;

	memcpy(&start, hash, sizeof(start));
	return start;
}

static gboolean same_hash(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, HASH_SIZE) == 0;
}

static void key_free(gpointer p)
{
	struct key *key = p;

	hg_principal_end(key->who);
	hg_principal_unref(key->who);
	g_free(key);
}

hg_keys *hg_keys_new(void)
{
	hg_keys *keys = g_new0(hg_keys, 1);

	keys->by_hash = g_hash_table_new_full(hash_of, same_hash, NULL, key_free);
	keys->by_row = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return keys;
}

void hg_keys_free(hg_keys *keys)
{
	if (!keys)
		return;
	g_hash_table_destroy(keys->by_row);
	g_hash_table_destroy(keys->by_hash);
	g_free(keys);
}

static gboolean same_words(char *const *a, char *const *b)
{
	return a == b || (a && b && g_strv_equal((const char *const *)a, (const char *const *)b));
}

static gboolean same_principal(const struct hg_principal *a, const struct hg_principal *b)
{
	return a->scopes == b->scopes && a->token_n == b->token_n && strcmp(a->name, b->name) == 0 &&
	       same_words(a->channels, b->channels);
}

static gboolean goes_on(const struct key *key, int kind, const struct hg_principal *who)
{
	return key && key->kind == kind && same_principal(key->who, who) &&
	       (!who->expires_ms || (key->who->expires_ms && key->who->expires_ms <= who->expires_ms));
}

/* Takes who.  Where the same secret stands for the same already, what is under way goes on. */
static struct key *put(hg_keys *keys, const guint8 hash[HASH_SIZE], int kind, struct hg_principal *who)
{
	struct key *key = g_hash_table_lookup(keys->by_hash, hash);

	if (goes_on(key, kind, who)) {
		hg_principal_put_off(key->who, who->expires_ms);
		hg_principal_unref(who);
		key->stale = FALSE;
		return key;
	}
	key = g_new0(struct key, 1);
	memcpy(key->hash, hash, HASH_SIZE);
	key->kind = kind;
	key->who = who;
	g_hash_table_replace(keys->by_hash, key->hash, key);
	return key;
}

/* ---- the configuration's ---- */

static void put_conf(hg_keys *keys, const struct hg_token_conf *token)
{
	g_autofree char *name = g_strconcat("token:", token->name, NULL);
	guint8 hash[HASH_SIZE];

	hg_sha256(token->token, strlen(token->token), hash);
	put(keys, hash, HG_TOKEN_API, hg_principal_new(name, hg_scopes_of_words((const char *const *)token->scopes),
						       (const char *const *)token->channels));
}

static gboolean is_stale(gpointer hash G_GNUC_UNUSED, gpointer value, gpointer arg G_GNUC_UNUSED)
{
	return ((const struct key *)value)->stale;
}

void hg_keys_set_conf(hg_keys *keys, const hg_conf *conf)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, keys->by_hash);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		((struct key *)value)->stale = !((struct key *)value)->who->token_n;
	for (guint i = 0; i < conf->tokens->len; i++)
		put_conf(keys, g_ptr_array_index(conf->tokens, i));
	g_hash_table_foreach_remove(keys->by_hash, is_stale, NULL);
}

/* ---- the store's ---- */

static struct hg_principal *principal_of(const hg_token *token)
{
	gboolean session = token->kind == HG_TOKEN_SESSION;
	g_autofree char *name = g_strconcat(session ? "console:" : "token:", token->name, NULL);
	g_auto(GStrv) scopes = g_strsplit(token->scopes, " ", -1);
	g_auto(GStrv) channels = token->channels ? g_strsplit(token->channels, " ", -1) : NULL;
	struct hg_principal *who = hg_principal_new(name, hg_scopes_of_words((const char *const *)scopes),
						    (const char *const *)channels);

	who->expires_ms = token->expires_ms;
	who->token_n = token->n;
	who->capacity = g_strdup(session ? hg_role_of(who->scopes) : token->id);
	return who;
}

static void forget_row(hg_keys *keys, gint64 n)
{
	const guint8 *hash = g_hash_table_lookup(keys->by_row, &n);
	const struct key *key = hash ? g_hash_table_lookup(keys->by_hash, hash) : NULL;

	if (key && key->who->token_n == n)
		g_hash_table_remove(keys->by_hash, key->hash);
	g_hash_table_remove(keys->by_row, &n);
}

void hg_keys_put(hg_keys *keys, const hg_token *row)
{
	const struct key *there;
	struct key *key;

	if (row->kind == HG_TOKEN_LINK)
		return;
	if (row->revoked_ms || row->hash_len != HASH_SIZE) {
		forget_row(keys, row->n);
		return;
	}
	there = g_hash_table_lookup(keys->by_hash, row->hash);
	if (there && !there->who->token_n)	/* somebody wrote it into the configuration: that counts */
		return;
	key = put(keys, row->hash, row->kind, principal_of(row));
	g_strlcpy(key->id, row->id, sizeof(key->id));
	key->used_ms = row->used_ms;
	g_hash_table_replace(keys->by_row, g_memdup2(&row->n, sizeof(row->n)), g_memdup2(row->hash, HASH_SIZE));
}

const struct hg_principal *hg_keys_find(const hg_keys *keys, const char *secret, int kind)
{
	guint8 hash[HASH_SIZE];
	const struct key *key;

	hg_sha256(secret, strlen(secret), hash);
	key = g_hash_table_lookup(keys->by_hash, hash);
	return key && key->kind == kind ? hg_principal_ref(key->who) : NULL;
}

static struct key *key_of(const hg_keys *keys, const struct hg_principal *who)
{
	const guint8 *hash = who->token_n ? g_hash_table_lookup(keys->by_row, &who->token_n) : NULL;
	struct key *key = hash ? g_hash_table_lookup(keys->by_hash, hash) : NULL;

	return key && key->who->token_n == who->token_n ? key : NULL;
}

const char *hg_keys_id(const hg_keys *keys, const struct hg_principal *who)
{
	const struct key *key = key_of(keys, who);

	return key ? key->id : NULL;
}

void hg_keys_doubt(hg_keys *keys, gboolean doubt)
{
	keys->doubt = doubt;
}

gboolean hg_keys_doubted(const hg_keys *keys)
{
	return keys->doubt;
}

const char *hg_keys_touch(hg_keys *keys, const struct hg_principal *who, gint64 now_ms)
{
	gint64 hour_ms = now_ms / HOUR_MS * HOUR_MS;
	struct key *key = key_of(keys, who);

	if (!key || key->used_ms >= hour_ms)
		return NULL;
	key->used_ms = hour_ms;
	return key->id;
}
